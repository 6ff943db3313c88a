//! The colours of the pages: text can be read by people who see little of it. Source: WCAG 2.2, success criterion 1.4.3
//! (contrast of at least 4.5 to 1), and the definitions of contrast ratio and relative luminance there.

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../src/output/view/html/page.css");

/// What text is written in, and on what everything is written.
const TEXTS: [&str; 8] = ["ink", "soft", "link", "create", "update", "replace", "delete", "read"];
const GROUNDS: [&str; 2] = ["bg", "card"];

/// Each badge and verdict, and what is written in a row that a link leads to.
const PAIRS: [(&str, &str); 8] = [
    ("create", "create-bg"),
    ("update", "update-bg"),
    ("replace", "replace-bg"),
    ("delete", "delete-bg"),
    ("read", "read-bg"),
    ("ink", "update-bg"),
    ("soft", "update-bg"),
    ("link", "update-bg"),
];

/// The variables of each `:root`: light, dark, print.
fn palettes() -> Vec<BTreeMap<String, [u8; 3]>> {
    let palette = |block: &str| {
        let rules = block.split(['{', '}']).nth(1).expect("a block").split(';');
        let colour = |rule: &str| {
            let (name, value) = rule.trim().strip_prefix("--")?.split_once(": #")?;
            let long: String =
                if value.len() == 3 { value.chars().flat_map(|digit| [digit, digit]).collect() } else { value.into() };
            let part = |at: usize| u8::from_str_radix(&long[at..at + 2], 16).expect("hexadecimal digits");
            Some((name.to_owned(), [part(0), part(2), part(4)]))
        };
        rules.filter_map(colour).collect()
    };
    STYLE.split(":root ").skip(1).map(palette).collect()
}

fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_text_of_the_pages_can_be_read() {
    let palettes = palettes();
    assert_eq!(palettes.len(), 3, "light, dark, print");
    let mut weak = Vec::new();
    for (palette, name) in palettes.iter().zip(["light", "dark", "print"]) {
        assert_eq!(palette.len(), 16, "{name}: {palette:?}");
        let plain = TEXTS.iter().flat_map(|text| GROUNDS.map(|ground| (*text, ground)));
        for (text, ground) in plain.chain(PAIRS) {
            let ratio = contrast(palette[text], palette[ground]);
            if ratio < 4.5 {
                weak.push(format!("{name}: {text} on {ground} is {ratio:.2}"));
            }
        }
    }
    assert!(weak.is_empty(), "{weak:#?}");
}

/// No colour is written anywhere else, so the test above sees all of them.
#[test]
fn a_colour_is_a_variable() {
    let outside: String = STYLE
        .split(":root ")
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { part.split_once('}').expect("a block ends").1 })
        .collect();
    let colour = |word: &&str| word.starts_with('#') && word[1..].chars().take(3).filter(char::is_ascii_hexdigit).count() == 3;
    let found: Vec<&str> = outside.split([' ', ':', ';', '{', '(']).filter(colour).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(!outside.contains("rgb(") && !outside.contains("hsl("));
}

#[test]
fn the_measure_is_the_one_of_the_standard() {
    assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 0.001);
    assert!((contrast([119, 119, 119], [255, 255, 255]) - 4.478).abs() < 0.001, "#777 on white is known to fail");
}
