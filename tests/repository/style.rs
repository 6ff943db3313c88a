//! The house style of texts: no text that people read contains a phrase that `docs/style.md` replaces.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::literals::literals;

/// Phrases that are not standard English, or translated from another language, and what to write instead.
const PHRASES: &[(&str, &str)] = &[
    ("is no", "`is not a`, `does not exist`"),
    ("are no", "`are not`"),
    ("stand", "`be`"),
    ("stands", "`is`"),
    ("mend", "`fix`"),
    ("mends", "`fixes`"),
    ("mended", "`fixed`"),
    ("way out", "`help`"),
    ("for good", "`permanently`"),
    ("somebody", "a passive sentence"),
    ("someone", "a passive sentence"),
    ("nobody", "a passive sentence"),
    ("anybody", "`any user`"),
    ("everybody", "`all users`"),
    ("is not had", "`does not have`"),
    ("is had", "`has`"),
    ("of its own", "`separate`, `its own …`"),
    ("of their own", "`separate`, `their own …`"),
    ("one that is", "the noun"),
    ("beside", "`next to`, `in addition to`, `except`"),
    ("all the same", "`anyway`, `still`"),
    ("take the place of", "`replace`"),
    ("takes the place of", "`replaces`"),
    ("taking the place of", "`replacing`"),
    ("took the place of", "`replaced`"),
    ("go on", "`continue`"),
    ("goes on", "`continues`"),
    ("going on", "`continuing`"),
    ("went on", "`continued`"),
    ("at hand", "`available`"),
    ("is told", "`is shown`, `knows`"),
    ("are told", "`are shown`, `know`"),
    ("by itself", "`automatically`, `separately`"),
    ("by themselves", "`automatically`, `separately`"),
    ("anew", "`again`"),
    ("afresh", "`again`"),
    ("way on", "`next`"),
    ("take back", "`undo`"),
    ("takes back", "`undoes`"),
    ("taken back", "`undone`"),
    ("taking back", "`undoing`"),
    ("belong into", "`belong in`"),
    ("belongs into", "`belongs in`"),
];

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-')
}

/// Whether a phrase is good English where it is found, because of what is around it.
fn is_standard(phrase: &str, before: &str, after: &str) -> bool {
    let next = after.split(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    let last = before.split(|letter: char| !letter.is_alphanumeric()).rfind(|word| !word.is_empty()).unwrap_or_default();
    match phrase {
        // "no longer", and "there is no such path".
        "is no" | "are no" => matches!(next, "longer" | "more" | "fewer" | "other") || last.eq_ignore_ascii_case("there"),
        // What an abbreviation means.
        "stand" | "stands" => next == "for",
        // "its own document" is standard; "a document of its own" is not.
        "of its own" | "of their own" => {
            let noun = after.starts_with(' ') && after[1..].starts_with(|letter: char| letter.is_alphabetic());
            noun && !matches!(next, "and" | "or" | "in" | "on" | "with" | "by" | "for" | "that" | "which" | "is" | "are" | "to")
        }
        _ => false,
    }
}

/// Text without what stands between backticks: names are what they are.
fn without_code(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text.to_owned();
    }
    let spoken = parts.iter().enumerate().map(|(at, part)| if at.is_multiple_of(2) { *part } else { "…" });
    spoken.collect()
}

/// The phrases in a text, in any letter case and across line ends.
fn phrases_in(text: &str) -> Vec<&'static str> {
    let text = without_code(&text.replace("\\n", " ")).to_lowercase();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let has = |phrase: &str| {
        text.match_indices(phrase).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + phrase.len()..]);
            !before.ends_with(is_word) && !after.starts_with(is_word) && !is_standard(phrase, before, after)
        })
    };
    PHRASES.iter().map(|(phrase, _)| *phrase).filter(|phrase| has(phrase)).collect()
}

fn wrong_in(place: &str, text: &str, wrong: &mut Vec<String>) {
    for phrase in phrases_in(text) {
        let instead = PHRASES.iter().find(|(it, _)| *it == phrase).map_or("", |(_, instead)| instead);
        wrong.push(format!("{place}: \"{phrase}\"; write {instead}"));
    }
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All pages of the book and of the repository; of the changelog what is not released.
fn pages() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let mut found = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(|name| top().join(name)).to_vec();
    walk(&top().join("docs"), &mut found);
    let pages = found.into_iter().map(|path| {
        let name = path.strip_prefix(top()).unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let text = match name.as_str() {
            "CHANGELOG.md" => text.split("\n## ").take(2).collect::<Vec<_>>().join("\n## "),
            // Its tables hold the phrases.
            "docs/style.md" => text.lines().filter(|line| !line.starts_with('|')).collect::<Vec<_>>().join("\n"),
            _ => text,
        };
        (name, text)
    });
    pages.collect()
}

#[test]
fn messages_are_standard_english() {
    let mut wrong = Vec::new();
    for (source, literals) in literals() {
        for literal in literals.iter().filter(|literal| literal.text.contains(' ')) {
            wrong_in(&format!("{}:{}", source.path, literal.line), &literal.text, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn help_is_standard_english() {
    fn look(command: &mut clap::Command, seen: &mut usize, wrong: &mut Vec<String>) {
        let help = command.render_long_help().to_string();
        wrong_in(&format!("telform {} --help", command.get_name()), &help, wrong);
        *seen += 1;
        for below in command.get_subcommands_mut() {
            look(below, seen, wrong);
        }
    }
    let (mut seen, mut wrong) = (0, Vec::new());
    look(&mut telform::cli::Cli::command(), &mut seen, &mut wrong);
    assert!(seen > 30, "{seen} commands were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_are_standard_english() {
    let (pages, mut wrong) = (pages(), Vec::new());
    assert!(pages.len() > 30, "the pages were found");
    pages.iter().for_each(|(name, text)| wrong_in(name, text, &mut wrong));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each phrase is found, in the middle of a sentence and across lines, and the page on style shows each.
#[test]
fn each_phrase_is_found_and_explained() {
    let page = fs::read_to_string(top().join("docs/style.md")).unwrap();
    for (phrase, _) in PHRASES {
        let across = phrase.replacen(' ', "\\n   ", 1);
        assert_eq!(phrases_in(&format!("It {phrase}, and {across}.")), [*phrase], "{phrase}");
        assert!(phrases_in(&format!("x{phrase}y `{phrase}`")).is_empty(), "{phrase}");
        let root = phrase.trim_end_matches("ed").trim_end_matches('s');
        assert!(page.contains(phrase) || page.contains(root), "docs/style.md does not show \"{phrase}\"");
    }
    for good in ["there is no such path", "it is no longer managed", "its own file", "instead of its own document", "stands for"]
    {
        assert!(phrases_in(good).is_empty(), "{good}");
    }
}
