//! The picture of the order, as it is on the page: no line runs behind a box.

use telform::output::view::html;
use telform::plan::Plan;

use crate::formats::{made, page};

type Point = (f64, f64);

fn attribute<'a>(tag: &'a page::Tag, name: &str) -> Option<&'a str> {
    tag.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Left, top, right and bottom of each box.
fn boxes(page: &page::Page) -> Vec<[f64; 4]> {
    let read = |tag: &page::Tag| {
        let [x, y, width, height] =
            ["x", "y", "width", "height"].map(|name| attribute(tag, name).expect("a size").parse::<f64>().expect("a number"));
        [x, y, x + width, y + height]
    };
    page.tags.iter().filter(|tag| tag.name == "rect").map(read).collect()
}

/// Points along each line, close to each other: `M` begins, `C` is a cubic curve, `L` is straight.
fn lines(page: &page::Page) -> Vec<Vec<Point>> {
    let wait = |tag: &&page::Tag| tag.name == "path" && attribute(tag, "class") == Some("wait");
    page.tags.iter().filter(wait).map(|tag| points(attribute(tag, "d").expect("a path"))).collect()
}

fn points(path: &str) -> Vec<Point> {
    let (mut from, mut all) = ((0.0, 0.0), Vec::new());
    for piece in path.split(['M', 'C', 'L']).skip(1) {
        let numbers: Vec<f64> = piece.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        let pairs: Vec<Point> = numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        let [a, b, end] = match pairs.as_slice() {
            [a, b, end] => [*a, *b, *end],
            [end] if all.is_empty() => [*end; 3],
            [end] => [from, *end, *end],
            other => panic!("{other:?} in {path}"),
        };
        let begin = if all.is_empty() { end } else { from };
        for part in 0..=60 {
            let (along, back) = (f64::from(part) / 60.0, 1.0 - f64::from(part) / 60.0);
            let weigh = |p: f64, q: f64, r: f64, s: f64| {
                back.powi(3) * p + 3.0 * back * back * along * q + 3.0 * back * along * along * r + along.powi(3) * s
            };
            all.push((weigh(begin.0, a.0, b.0, end.0), weigh(begin.1, a.1, b.1, end.1)));
        }
        from = end;
    }
    all
}

/// How many lines there are; fails where one runs behind a box.
pub(crate) fn check(plan: &Plan) -> usize {
    let page = page::read(&html::plan_as_html(plan));
    let (boxes, lines) = (boxes(&page), lines(&page));
    for line in &lines {
        for (x, y) in line {
            for [left, top, right, bottom] in &boxes {
                let inside = *x > left + 0.1 && *x < right - 0.1 && *y > top + 0.1 && *y < bottom - 0.1;
                assert!(!inside, "a line runs behind the box at {left} {top}");
            }
        }
    }
    lines.len()
}

#[test]
fn no_line_runs_behind_a_box_of_plans_of_any_size() {
    let drawn: usize = (1..45).chain([60, 200, 1_000]).map(|changes| check(&made::large(changes))).sum();
    assert!(drawn > 100, "{drawn} lines were looked at");
    check(&made::hostile("x"));
}

#[test]
fn the_reader_of_lines_sees_one_that_does() {
    let curve = points("M 0 0 C 50 0 50 100 100 100 L 200 100");
    assert!(curve.iter().any(|(x, y)| (45.0..55.0).contains(x) && (45.0..55.0).contains(y)));
    assert!(curve.iter().any(|(x, y)| (140.0..160.0).contains(x) && (*y - 100.0).abs() < 0.01));
}
