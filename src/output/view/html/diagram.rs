//! The order as a picture: a column for each phase, a box for each step or, where there are many, for each type of step, and
//! a line for each dependency. The list of steps below it says the same in words.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthChar;

use super::super::wording::{self, StepIndex};
use super::route::{HEIGHT, OrderDiagram, PathPiece, Slot, WIDTH};
use super::writer::HtmlWriter;
use crate::plan::{Plan, Prerequisite, Step, StepPhase};
use crate::text::escape_multiline;

/// Number of steps up to which each has its own box; also the width of the sets below.
const SINGLE: usize = 40;

/// Number of boxes up to which steps are distinguished by account and kind, and not only by operation.
const MOST_BOXES: usize = 30;

/// Columns of text that fit a box.
const COLUMNS: usize = 29;

/// What is written in a box.
struct StepBox {
    phase: StepPhase,
    title: String,
    about: String,
}

/// Boxes in the order of the plan, and lines between them with the number of dependencies that each represents.
type Picture = (Vec<StepBox>, BTreeMap<(usize, usize), usize>);

/// Draws the picture.
pub(super) fn draw_diagram(page: &mut HtmlWriter, plan: &Plan, steps: &StepIndex<'_>) {
    let (boxes, lines) = if plan.steps.len() <= SINGLE { one_box_per_step(plan, steps) } else { one_box_per_group(plan, steps) };
    let picture = OrderDiagram::new(&slots(&boxes), lines.keys().copied());
    let (width, height) = picture.size();
    page.raw("<figure>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Order as a picture\">");
    page.raw("\n<svg role=\"img\" aria-labelledby=\"picture-title picture-about\" viewBox=\"0 0 ");
    page.number(width).raw(" ").number(height).raw("\" width=\"").number(width).raw("\" height=\"");
    page.number(height).raw("\">\n<title id=\"picture-title\">Phases, and what waits for what</title>\n");
    page.raw("<desc id=\"picture-about\">").text(&wording::phase_ranges(plan).join(", then "));
    page.raw(". The list below names every step and what it waits for.</desc>\n<defs><marker id=\"tip\" ");
    page.raw("viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">");
    page.raw("<path d=\"M0 0.5 8 4 0 7.5z\"/></marker></defs>\n");
    for (line, waits) in &lines {
        draw_line(page, &picture, *line, *waits);
    }
    let mut last = None;
    for (block, (x, y)) in boxes.iter().zip(picture.corners()) {
        if last != Some(block.phase) {
            last = Some(block.phase);
            page.raw("<text class=\"phase\" x=\"").number(x).raw("\" y=\"18\">");
            page.raw(block.phase.as_str()).raw("</text>\n");
        }
        page.raw("<g class=\"box ").raw(phase_colour(block.phase)).raw("\"><title>").text(&block.title).raw(": ");
        page.text(&block.about).raw("</title><rect x=\"").number(x).raw("\" y=\"").number(y);
        page.raw("\" width=\"").number(WIDTH).raw("\" height=\"").number(HEIGHT).raw("\" rx=\"6\"/>");
        page.raw("<text x=\"").number(x + 9).raw("\" y=\"").number(y + 17).raw("\">");
        page.text(&fit_box(&block.title)).raw("</text><text class=\"soft\" x=\"").number(x + 9);
        page.raw("\" y=\"").number(y + 32).raw("\">").text(&fit_box(&block.about)).raw("</text></g>\n");
    }
    page.raw("</svg>\n</div>\n<figcaption>");
    page.raw(if plan.steps.len() <= SINGLE {
        "A line leads from a step to the one that waits for it; a wait that follows from others is not drawn."
    } else {
        "Each box represents all steps of one sort; a line leads to those that wait, and says how often."
    });
    page.raw("</figcaption>\n</figure>\n");
}

fn draw_line(page: &mut HtmlWriter, picture: &OrderDiagram, line: (usize, usize), waits: usize) {
    let route = picture.route(line);
    let point = |page: &mut HtmlWriter, (x, y): (usize, usize)| {
        page.raw(" ").number(x).raw(" ").number(y);
    };
    page.raw("<path class=\"wait\" marker-end=\"url(#tip)\" d=\"M");
    point(page, route.start);
    for piece in &route.pieces {
        match piece {
            PathPiece::Curve(points) => {
                page.raw(" C");
                points.iter().for_each(|it| point(page, *it));
            }
            PathPiece::Straight(end) => {
                page.raw(" L");
                point(page, *end);
            }
        }
    }
    page.raw("\"><title>").number(waits).raw(" ").raw(wording::plural_kind(waits, "waits")).raw("</title></path>\n");
    if waits > 1 {
        page.raw("<text class=\"soft count\" text-anchor=\"middle\" x=\"").number(route.label.0).raw("\" y=\"");
        page.number(route.label.1).raw("\">").number(waits).raw("</text>\n");
    }
}

fn phase_colour(phase: StepPhase) -> &'static str {
    match phase {
        StepPhase::Create => "create",
        StepPhase::Update | StepPhase::Close => "update",
        StepPhase::Rewire => "replace",
        StepPhase::ReadBack => "read",
        StepPhase::Delete => "delete",
        StepPhase::TakeOver => "replace",
    }
}

/// One box per step; a line is omitted where a longer path implies it.
fn one_box_per_step(plan: &Plan, steps: &StepIndex<'_>) -> Picture {
    let block = |step: &Step| {
        let number = wording::phone_number_of(step).map(|number| format!(" {number}")).unwrap_or_default();
        let title = format!("{} {}{number}", step.id, step.operation.as_str());
        StepBox { phase: step.phase, title, about: step_about(step) }
    };
    let waits: Vec<Vec<usize>> = plan.steps.iter().map(|step| positions_waited_for(step, steps)).collect();
    // Everything that comes before a step, as a set of bits. A plan lists steps after their dependencies.
    let mut before: Vec<u64> = Vec::with_capacity(waits.len());
    for (place, direct) in waits.iter().enumerate() {
        let earlier = direct.iter().filter(|other| **other < place);
        before.push(earlier.fold(0, |set, other| set | before[*other] | 1 << other));
    }
    let mut lines = BTreeMap::new();
    for (place, direct) in waits.iter().enumerate() {
        for from in direct {
            let other_way = |other: &usize| *other < place && before[*other] & (1 << from) != 0;
            if !direct.iter().any(other_way) {
                lines.insert((*from, place), 1);
            }
        }
    }
    (plan.steps.iter().map(block).collect(), lines)
}

/// Positions of the dependencies of a step.
fn positions_waited_for(step: &Step, steps: &StepIndex<'_>) -> Vec<usize> {
    let positions = step.waits_for.iter().flat_map(|it| match it {
        Prerequisite::Step(id) => steps.position(id).into_iter().collect(),
        Prerequisite::Phase(phase) => steps.places_of_phase(*phase).collect::<Vec<_>>(),
    });
    positions.collect()
}

/// The object of a step: its short description without the verb, and without the number, which is in the title.
fn step_about(step: &Step) -> String {
    let subject = wording::step_subject(step);
    let about = subject.strip_prefix(step.operation.as_str()).unwrap_or(&subject).trim_start();
    let number = wording::phone_number_of(step).unwrap_or_default();
    match about.strip_prefix(number).unwrap_or(about).trim_start() {
        // A number that is its own place: its address says which it is.
        "" => step.address.as_ref().map(ToString::to_string).unwrap_or_default(),
        about => about.to_owned(),
    }
}

/// What steps must have in common to share a box: phase, operation, account, kind.
type StepGroupKey<'a> = (StepPhase, &'static str, &'a str, &'a str);

fn group_key(step: &Step, fine: bool) -> StepGroupKey<'_> {
    let kind = step.address.as_ref().map_or("", |address| address.kind.as_str());
    let (account, kind) = if fine { (step.call.account.as_str(), kind) } else { ("", "") };
    (step.phase, step.operation.as_str(), account, kind)
}

/// Steps of one type share a box. Where the types are too many, accounts and kinds are not distinguished.
fn one_box_per_group(plan: &Plan, steps: &StepIndex<'_>) -> Picture {
    let sorted = |fine| -> BTreeMap<StepGroupKey<'_>, Vec<&Step>> {
        let mut sorts: BTreeMap<StepGroupKey<'_>, Vec<&Step>> = BTreeMap::new();
        for step in &plan.steps {
            sorts.entry(group_key(step, fine)).or_default().push(step);
        }
        sorts
    };
    let mut sorts = sorted(true);
    let fine = sorts.len() <= MOST_BOXES;
    if !fine {
        sorts = sorted(false);
    }
    let numbers: BTreeMap<StepGroupKey<'_>, usize> = sorts.keys().copied().zip(0..).collect();
    let mut lines: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for step in &plan.steps {
        let to = numbers[&group_key(step, fine)];
        let mut draw = |from: usize, waits: usize| {
            if from != to {
                *lines.entry((from, to)).or_default() += waits;
            }
        };
        for it in &step.waits_for {
            match it {
                Prerequisite::Step(id) => {
                    if let Some(place) = steps.position(id) {
                        draw(numbers[&group_key(&plan.steps[place], fine)], 1);
                    }
                }
                Prerequisite::Phase(phase) => {
                    sorts.iter().filter(|(key, _)| key.0 == *phase).for_each(|(key, of)| draw(numbers[key], of.len()));
                }
            }
        }
    }
    let blocks = sorts.into_iter().map(|((phase, operation, account, kind), steps)| {
        let range = match steps.as_slice() {
            [first, .., last] => format!("{}–{}", first.id, last.id),
            _ => steps.iter().map(|step| step.id.clone()).collect(),
        };
        let about = [range.as_str(), account, kind].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        StepBox { phase, title: format!("{} × {operation}", steps.len()), about: about.join(" ") }
    });
    (blocks.collect(), lines)
}

/// Where each box is: phases from left to right, their steps from top to bottom.
fn slots(boxes: &[StepBox]) -> Vec<Slot> {
    let (mut column, mut row, mut last) = (0, 0, None);
    let place = |block: &StepBox| {
        if last.is_some_and(|last| last != block.phase) {
            (column, row) = (column + 1, 0);
        }
        last = Some(block.phase);
        row += 1;
        Slot { column, row: row - 1 }
    };
    boxes.iter().map(place).collect()
}

/// As much of a text as fits a box.
fn fit_box(text: &str) -> String {
    let text = escape_multiline(text).replace('\n', " ");
    let mut columns = 0;
    for (at, character) in text.char_indices() {
        columns += character.width().unwrap_or(0);
        if columns > COLUMNS {
            return format!("{}…", text[..at].trim_end());
        }
    }
    text
}
