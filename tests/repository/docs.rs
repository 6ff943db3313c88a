//! The reference in `docs/` matches the tables, and the tables match the sources. `TELFORM_BLESS=1` rewrites
//! the pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use telform::cli;
use telform::model::codes;
use telform::output::reference::{errors, kinds};
use telform::services;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_committed_pages_are_fresh() {
    let mut pages = vec![
        ("docs/errors.md".to_owned(), errors::errors_as_markdown()),
        ("docs/reference/README.md".to_owned(), kinds::kind_index_as_markdown()),
    ];
    for kind in services::kind_names() {
        pages.push((format!("docs/reference/{kind}.md"), kinds::kind_as_markdown(kind)));
    }
    for (name, text) in &pages {
        let path = root().join(name);
        if std::env::var_os("TELFORM_BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == *text, "{name} is stale: TELFORM_BLESS=1 cargo test --test repository docs rewrites it");
    }
    let mut known: BTreeSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    // A story compares this one with what is printed.
    known.insert("docs/reference/machine-output.md");
    // Written by hand; `sandbox_faults` looks that no effect, body or edit is missing.
    known.insert("docs/reference/faults.md");
    for entry in fs::read_dir(root().join("docs/reference")).unwrap() {
        let name = format!("docs/reference/{}", entry.unwrap().file_name().to_string_lossy());
        assert!(known.contains(name.as_str()), "{name} is made from no table");
    }
}

/// Sources without comments and without their own tests, each with its path.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                let lines: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, lines.join("\n")));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("src"), &mut found);
    assert!(found.len() > 50, "the sources were found");
    found
}

/// Words of small letters that follow a text, over blanks and line ends.
fn words_after<'a>(code: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(before).filter_map(move |(at, _)| {
        let rest = code[at + before.len()..].trim_start().strip_prefix('"')?;
        let word = &rest[..rest.find('"')?];
        let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        (plain && !word.is_empty()).then_some(word)
    })
}

/// Every code that the sources name.
fn raised() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, code) in sources() {
        if path.starts_with("src/model/codes/") {
            continue;
        }
        for start in ["\"telform::", "[telform::", "\"guard::", "\"refusal::"] {
            for (at, _) in code.match_indices(start) {
                let rest = &code[at + 1..];
                let end = rest.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_' && c != ':');
                let word = &rest[..end.unwrap_or(rest.len())];
                // A code that is put together from parts is found by its parts below.
                if !word.ends_with("::") {
                    found.insert(word.to_owned());
                }
            }
        }
        let parts: &[&str] = match path.as_str() {
            "src/verify/rules.rs" => &["("],
            "src/verify/mod.rs" => &["violation(", "no(", "unread("],
            "src/verify/journal.rs" => &["self.no(", "reader.no(", "(", "Some(("],
            _ => &[],
        };
        let under = if path.ends_with("journal.rs") { "journal::" } else { "" };
        for before in parts {
            found.extend(words_after(&code, before).map(|word| format!("telform::verify::{under}{word}")));
        }
    }
    found.extend(notices());
    found
}

/// The variants of the enum of notices, as documents write them.
fn notices() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/plan/notice.rs")).unwrap();
    let (_, rest) = text.split_once("pub enum NoticeCode {").unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let variants = body.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.is_empty());
    variants
        .map(|line| {
            let mut word = String::from("notice::");
            for letter in line.trim_end_matches(',').chars() {
                if letter.is_uppercase() && !word.ends_with(':') {
                    word.push('_');
                }
                word.extend(letter.to_lowercase());
            }
            word
        })
        .collect()
}

#[test]
fn the_catalogue_is_complete() {
    let raised = raised();
    let known: BTreeSet<String> = codes::all_codes().map(|code| code.code.to_owned()).collect();
    let unknown: Vec<&String> = raised.difference(&known).collect();
    assert!(unknown.is_empty(), "the sources raise what src/model/codes/ does not have: {unknown:#?}");
    let dead: Vec<&String> = known.difference(&raised).collect();
    assert!(dead.is_empty(), "src/model/codes/ has what no source raises: {dead:#?}");
    assert!(raised.len() > 200, "{} codes were found", raised.len());
}

#[test]
fn every_code_says_what_it_means_and_what_to_do() {
    for group in codes::GROUPS {
        assert!(group.codes.is_sorted_by_key(|code| code.code), "{} is not in order", group.title);
        for code in group.codes {
            assert!(!errors::meaning(code).is_empty(), "{} means nothing", code.code);
            assert!(!errors::help(code).is_empty(), "{} has no way out", code.code);
            assert!(matches!(code.exit, None | Some(1 | 3 | 4)), "{}", code.code);
            let said = errors::errors_as_text(Some(code), 80);
            assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
        }
    }
    let all: Vec<&str> = codes::all_codes().map(|code| code.code).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "a code stands twice");
}

#[test]
fn pages_fit_a_terminal() {
    let mut pages = vec![errors::errors_as_text(None, 80)];
    pages.extend(services::kind_names().into_iter().map(|kind| kinds::kind_as_text(kind, 80)));
    for line in pages.iter().flat_map(|page| page.lines()) {
        assert!(line.chars().count() <= 80 && line.is_ascii(), "{line}");
    }
}

/// Every attribute of every table is on its page, with a sentence and the source of the fact.
#[test]
fn every_attribute_is_documented() {
    for service in services::tables() {
        for kind in service.kinds {
            let page = kinds::kind_as_markdown(kind.name);
            for field in kind.fields {
                assert!(page.contains(&format!("| `{}`", field.name)), "{}.{}", kind.name, field.name);
                let told = !field.doc.is_empty() && !field.source.is_empty();
                assert!(told, "{}.{} has no sentence or no source", kind.name, field.name);
            }
        }
    }
}

#[test]
fn every_command_shows_how_it_is_used() {
    fn walk(command: &mut clap::Command, path: &str, wrong: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        // A command that only holds others has theirs.
        if !command.has_subcommands() {
            let help = command.render_long_help().to_string();
            let shown = help.split_once("Examples:\n").map_or("", |(_, rest)| rest);
            if !shown.contains(&format!("  {}", path.trim_start())) {
                wrong.push(format!("`{path} --help` has no example of itself under \"Examples:\""));
            }
        }
        for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
            walk(below, &path, wrong);
        }
    }
    let mut wrong = Vec::new();
    walk(&mut cli::Cli::command(), "", &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The picture of the architecture shows every module, in order, and the figures of the worked example are right.
#[test]
fn the_page_for_contributors_is_true() {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rooms: Vec<&str> = map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let picture = page.split("```text\n").nth(2).unwrap().split("```").next().unwrap();
    let shown: Vec<&str> = picture.lines().filter_map(|line| line.get(12..)?.split(' ').next()).collect();
    assert_eq!(shown, rooms, "CONTRIBUTING.md shows other rooms than src/lib.rs, or another order");
    for file in ["tests/service/main.rs", "tests/service/links.rs", "tests/service/server.rs"] {
        let lines = fs::read_to_string(root().join(file)).unwrap().lines().count();
        assert!(page.contains(&format!("| `{file}` | {lines} |")), "{file} has {lines} lines");
    }
    for path in page
        .split('`')
        .filter(|word| word.starts_with("src/") && !word.contains("SERVICE") && !word.contains("NAME") && !word.contains("GROUP"))
    {
        assert!(root().join(path).exists(), "CONTRIBUTING.md names {path}");
    }
}
