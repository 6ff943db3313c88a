//! Messages of the core name things as the service that they are about names them: the words come from its tables.

use std::collections::{BTreeMap, BTreeSet};

use telform::services;

use super::literals::literals;

/// Words of services in texts of the core, by file: how often, and why. A file that has fewer must say so here.
const LEFT: &[(&str, usize, &str)] = &[
    ("src/analysis/adopt/yaml_file.rs", 1, "the key of a number in the YAML"),
    ("src/cli/commands/get.rs", 1, "an example of a condition"),
    ("src/cli/commands/init/page.rs", 1, "the key of a number in the YAML"),
    ("src/config/desired/numbers.rs", 1, "the key of a number in the YAML"),
];

/// Words of the core that are also words of a service: a telephone number is one everywhere.
const COMMON: &[&str] = &["number", "numbers", "phone number"];

/// Phrases in which `configuration` is one service's word for what serves numbers, and not the user's YAML.
const SERVING: &[&str] = &["configuration {", "configurations {", "configuration serves", "configuration served"];

/// What services call their objects: kinds, one of each, and the keys of links that are entries.
fn words() -> BTreeSet<&'static str> {
    let mut words = BTreeSet::new();
    for table in services::tables() {
        words.extend(table.kinds.iter().flat_map(|kind| [kind.name, kind.singular]));
        words.extend(table.link_entry().into_iter().flat_map(|it| [it.kind, it.singular, it.holder, it.target]));
    }
    words.retain(|word| !COMMON.contains(word));
    words
}

/// A text without its placeholders: `{bridge}` is the name of a variable. Doubled braces are braces of the text.
fn without_placeholders(text: &str) -> String {
    let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| format!("{whole}{{{}", part.split_once('}').map_or(part, |(_, rest)| rest)))
}

/// Whether a text is read by people: names and keys have no blank, and examples of commands need names.
fn is_message(text: &str) -> bool {
    text.contains(' ') && !text.starts_with("Examples:")
}

/// The words of services in a text, as whole words and in any letter case. Addresses and options are names.
fn found_in<'w>(text: &str, words: &BTreeSet<&'w str>) -> Vec<&'w str> {
    let text = without_placeholders(text).to_lowercase();
    let inside = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let at = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let (before, mut rest) = (text[..at].chars().next_back(), text[at + word.len()..].chars());
            let (after, next) = (rest.next(), rest.next());
            let named = before == Some('-') || after == Some('-') || (after == Some('.') && inside(next));
            !inside(before) && !inside(after) && !named
        })
    };
    words
        .iter()
        .copied()
        .filter(|word| at(word))
        .chain(SERVING.iter().filter(|it| text.contains(**it)).map(|_| "configuration"))
        .collect()
}

#[test]
fn messages_of_the_core_speak_no_services_words() {
    let words = words();
    assert!(words.len() > 5, "the tables say what services call things");
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (source, literals) in literals().iter().filter(|(source, _)| !matches!(source.module(), "services" | "sandbox")) {
        for literal in literals.iter().filter(|literal| is_message(&literal.text)) {
            for word in found_in(&literal.text, &words) {
                let text: String = literal.text.chars().take(60).collect();
                found.entry(source.path.clone()).or_default().push(format!("{}: {word}: {text}", literal.line));
            }
        }
    }
    let mut wrong = Vec::new();
    for (path, lines) in &found {
        let left = LEFT.iter().find(|(file, ..)| file == path).map_or(0, |(_, times, _)| *times);
        if lines.len() != left {
            wrong.push(format!("{path} has {} and {left} are stated here:\n  {}", lines.len(), lines.join("\n  ")));
        }
    }
    let gone = LEFT.iter().filter(|(file, ..)| !found.contains_key(*file));
    wrong.extend(gone.map(|(file, ..)| format!("{file} has none any more: take it off the list")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_word_of_a_service_is_found_and_a_variable_is_not() {
    let words = words();
    assert_eq!(found_in("the bridge cannot be read", &words), ["bridge"]);
    assert_eq!(found_in("Partners are hidden", &words), ["partners"]);
    assert_eq!(found_in("no configuration serves it", &words), ["configuration"]);
    assert_eq!(found_in("{{ provider: NAME }}", &words), ["provider"]);
    assert!(found_in("{number} on {bridge}", &words).is_empty());
    assert!(found_in("`partners.acme`, with --max-unreadable-bridges N", &words).is_empty());
    assert!(!is_message("provider") && !is_message("Examples:\\n  telform docs partners") && is_message("no partner"));
    assert!(found_in("abridged; what the configuration names", &words).is_empty());
}
