//! No service is known outside its folder: neither its name nor the names of its kinds, attributes and account settings are in
//! the code of the core.

use std::collections::{BTreeMap, BTreeSet};

use telform::services;

use super::house::{Source, sources};

/// Names that are ordinary English, or words of YAML, JSON Schema and formats: they say nothing of a service.
const ORDINARY: &[&str] = &[
    "attributes",
    "base_url",
    "connection",
    "created_at",
    "description",
    "field",
    "login",
    "name",
    "password",
    "state",
    "status",
];

/// Names of settings that are also terms of the core.
const TERMS: &[&str] = &["generation"];

/// Names that are left, by file: how often, and why. A file that has fewer now must say so here.
const LEFT: &[(&str, usize, &str)] = &[
    ("src/cli/commands/adopt.rs", 1, "the plural of `number` in a message"),
    ("src/cli/commands/mod.rs", 1, "an example in the help of `init`"),
    ("src/run/drift/accept.rs", 3, "writes the numbers of a bridge into the YAML"),
    ("src/cli/commands/verify.rs", 1, "the plural of `number` in a message"),
    ("src/config/desired/numbers.rs", 1, "the key of a number in the YAML"),
    ("src/config/schema/object.rs", 3, "the key of a number in the YAML"),
    ("src/config/tables/template.rs", 1, "the name of a format"),
    ("src/document/v1/mod.rs", 1, "the key of an organization in the document"),
    ("src/http/text.rs", 4, "names of secrets, in whatever a service says"),
    ("src/model/ledger/accounts.rs", 1, "the key of an organization in the ledger"),
    ("src/output/reference/kinds.rs", 1, "the word for the type"),
    ("src/output/view/html/mod.rs", 1, "the plural of `number` in a message"),
    ("src/output/view/markdown/mod.rs", 1, "the plural of `number` in a message"),
    ("src/output/view/sarif.rs", 1, "a key of SARIF"),
    ("src/output/view/wording.rs", 1, "the plural of `number` in a message"),
    ("src/plan/mod.rs", 1, "the key of an organization in the plan"),
    ("src/state/ledger/state_store/profile.rs", 1, "a setting of a profile of AWS"),
    ("src/verify/requests.rs", 1, "the name of a secret, whoever has it"),
    ("src/verify/shape.rs", 1, "the key of an organization in the document"),
];

/// Names that only a service has, as its tables say.
fn names() -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for table in services::tables() {
        names.insert(table.api);
        for kind in table.kinds {
            names.insert(kind.name);
            names.extend(kind.fields.iter().map(|field| field.name));
        }
    }
    names.retain(|name| !ORDINARY.contains(name));
    names
}

/// Names of account settings. One that is also a term of the core is looked for only where a text names the setting.
fn settings() -> impl Iterator<Item = &'static str> {
    services::tables().iter().flat_map(|table| table.settings).map(|setting| setting.name)
}

/// How often a code has a setting's name as a whole word, or as the beginning of what a text puts between backticks.
fn times_setting(code: &str, name: &str) -> usize {
    let quoted = |at: usize| code[..at].ends_with('`') || code[..at].ends_with("}.");
    let inside = |found: Option<char>| found.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let found = code.match_indices(name).filter(|(at, _)| {
        let whole = !inside(code[..*at].chars().next_back()) && !inside(code[at + name.len()..].chars().next());
        whole && (!TERMS.contains(&name) || quoted(*at))
    });
    found.count()
}

/// The code of a file up to its own tests.
fn untested(source: &Source) -> &str {
    source.code.split("#[cfg(test)]\nmod ").next().unwrap_or_default()
}

#[test]
fn the_core_knows_no_service() {
    let names = names();
    assert!(names.len() > 40 && settings().count() > 5, "the tables name what they have");
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let inside = |source: &&Source| !matches!(source.module(), "services" | "sandbox");
    for source in sources().iter().filter(inside) {
        let code = untested(source);
        let texts = names.iter().map(|name| format!("\"{name}\""));
        let paths = services::tables()
            .iter()
            .flat_map(|table| [format!("services::{}", table.api), format!("services::{{self, {}", table.api)]);
        let counted = texts.chain(paths).map(|word| (code.matches(&word).count(), word));
        for (times, word) in counted.chain(settings().map(|name| (times_setting(code, name), name.to_owned()))) {
            found.entry(source.path.clone()).or_default().extend(std::iter::repeat_n(word, times));
        }
    }
    found.retain(|_, words| !words.is_empty());
    let mut wrong = Vec::new();
    for (path, words) in &found {
        let left = LEFT.iter().find(|(file, ..)| file == path).map_or(0, |(_, times, _)| *times);
        if words.len() != left {
            let times = words.len();
            wrong.push(format!("{path} has {times} names of services, and {left} are stated here: {}", words.join(" ")));
        }
    }
    wrong.extend(
        LEFT.iter()
            .filter(|(file, ..)| !found.contains_key(*file))
            .map(|(file, ..)| format!("{file} has none any more: take it off the list")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
