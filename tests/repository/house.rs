//! Rules of the architecture that the compiler cannot check: which module may use which, where secrets are opened, how
//! long a file may be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that are longer than a file should be, and why that is so for now. A file that is short again must leave this list.
const LONG: &[(&str, &str)] = &[
    ("src/plan/link.rs", "all decisions about numbers; the moves of an earlier run could stand beside them"),
    ("src/state/snapshot.rs", "all that was read, as a file; the shapes of connections could stand beside it"),
];

/// Longest file, in lines.
const MOST_LINES: usize = 420;

/// Where a secret may be opened, and why.
const OPENERS: &[(&str, &str)] = &[
    ("src/http/", "the HTTP edge: sends secrets, and removes them from what services say"),
    ("src/model/ledger/fingerprint.rs", "hashes them with a key"),
    ("src/signature/key.rs", "signs with private keys, and opens those with a passphrase"),
    ("src/model/value/echo.rs", "looks for them in what services say"),
    ("src/model/value.rs", "the type itself: whether a secret is empty"),
    ("src/config/secrets.rs", "takes them into custody: a token must be one line of printable characters"),
];

pub(super) struct Source {
    /// Path from the top of the crate, with slashes.
    pub(super) path: String,
    /// Text without comments.
    pub(super) code: String,
    lines: usize,
}

impl Source {
    /// The module that a file belongs to: `plan` for `src/plan/find.rs`, `failpoints` for `src/failpoints.rs`.
    pub(super) fn module(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split(['/', '.']).next().unwrap_or_default()
    }

    /// How many `super::` lead from this file to the top of the crate.
    fn depth(&self) -> usize {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let parts = below.split('/').count();
        if below.ends_with("/mod.rs") { parts - 1 } else { parts }
    }
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).expect("a folder that can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a file that can be read");
                let name = path.strip_prefix(top()).expect("below the top").to_string_lossy().replace('\\', "/");
                found.push(Source { path: name, code: without_comments(&text), lines: text.lines().count() });
            }
        }
    }
    let mut found = Vec::new();
    walk(&top().join("src"), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 50, "the sources were found");
    found
}

/// Whole-line comments and those after a statement are cut; texts with `//` in them have no blank before it.
fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.trim_start().starts_with("//") {
                return "";
            }
            line.split_once(" // ").map_or(line, |(code, _)| code)
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Modules in the order of `src/lib.rs`.
fn rooms() -> Vec<String> {
    let text = fs::read_to_string(top().join("src/lib.rs")).expect("the map");
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// First parts of all paths that begin with `crate::`, also of `crate::{a, b}`.
fn uses(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].chars().next_back().is_some_and(|before| is_word(before) || before == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(rest.chars().take_while(|c| is_word(*c)).collect()),
            Some(group) => found.extend(heads(group)),
        }
    }
    found
}

/// First parts of the paths in a `use` group, up to its end.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut head, mut found) = (0_usize, String::new(), Vec::new());
    let mut open = true;
    for character in group.chars() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(std::mem::take(&mut head));
                open = true;
            }
            c if is_word(c) && open && depth == 0 => head.push(c),
            c if c.is_whitespace() => {}
            _ => open = false,
        }
    }
    found.push(head);
    found.retain(|head| !head.is_empty());
    found
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let code = "use crate::{api::{Api, text}, kind, plan::Plan};\nuse crate::value::Value; fn f(a: crate::call::Call) {}";
    assert_eq!(uses(code), ["api", "kind", "plan", "value", "call"]);
    assert_eq!(without_comments("a(); // crate::x\n/// [`crate::y`]\n\"http://z\"").trim(), "a();\n\n\"http://z\"");
}

#[test]
fn a_room_uses_only_rooms_above_it() {
    let rooms = rooms();
    let rank: BTreeMap<&str, usize> = rooms.iter().enumerate().map(|(rank, room)| (room.as_str(), rank)).collect();
    assert!(rank.len() > 10, "src/lib.rs lists the rooms");
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !matches!(source.module(), "lib" | "main")) {
        let Some(own) = rank.get(source.module()) else {
            wrong.push(format!("{} is in no room of src/lib.rs", source.path));
            continue;
        };
        for used in uses(&source.code) {
            match rank.get(used.as_str()) {
                Some(other) if other <= own => {}
                Some(_) => wrong.push(format!("{} uses {used}, which is declared below it", source.path)),
                None => wrong.push(format!("{} uses {used}, which is no room", source.path)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A path that climbs to the top of the crate would get round the rule above.
#[test]
fn nothing_climbs_out_of_its_room() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !matches!(source.module(), "lib" | "main")) {
        let climb = "super::".repeat(source.depth());
        let own_tests = source.code.matches("\nmod tests {").count();
        let climb = format!("{}{climb}", "super::".repeat(own_tests));
        if source.code.contains(&climb) {
            wrong.push(format!("{} climbs to the top of the crate", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The simulator must be able to disagree with the rest, so it shares nothing with it.
#[test]
fn the_sandbox_shares_nothing() {
    for source in sources().iter().filter(|source| source.module() == "sandbox") {
        let other: Vec<String> = uses(&source.code).into_iter().filter(|used| used != "sandbox").collect();
        assert!(other.is_empty(), "{} uses {}", source.path, other.join(", "));
    }
}

/// The checker must be able to disagree with the planner, so it shares nothing with it: no types, no tables, no hashing.
#[test]
fn the_checker_shares_nothing() {
    let known = ["crate", "super", "std", "litemap", "serde", "serde_json", "serde_json_canonicalizer", "sha2", "smol_str"];
    let mut lines = 0;
    for source in sources().iter().filter(|source| source.module() == "verify") {
        lines += source.lines;
        let rooms = uses(&source.code);
        let other: Vec<&String> = rooms.iter().filter(|used| !matches!(used.as_str(), "verify" | "text")).collect();
        assert!(other.is_empty(), "{} uses {other:?}", source.path);
        let own = ["context", "rules", "shape", "strict", "RuleScope"];
        for line in source.code.lines().filter_map(|line| line.strip_prefix("use ")) {
            let head: String = line.chars().take_while(|letter| is_word(*letter)).collect();
            assert!(known.contains(&head.as_str()) || own.contains(&head.as_str()), "{} uses {head}", source.path);
        }
    }
    assert!((400..3800).contains(&lines), "{lines} lines: it must be possible to read it in one sitting");
}

/// Planning is pure: no clock, environment, disk or network.
#[test]
fn planning_touches_nothing_outside() {
    let forbidden = [
        "std::env",
        "std::fs",
        "std::time",
        "std::net",
        "std::process",
        "std::thread",
        "tokio",
        "reqwest",
        "SystemTime",
        "Instant",
        "jiff",
        "uuid",
        "rand",
        "println!",
        "HashMap<",
    ];
    let mut wrong = Vec::new();
    for source in sources() {
        for word in forbidden {
            // A hash map may be used for lookups; its order must not appear in a plan.
            let allowed =
                word == "HashMap<" && ["src/plan/matching.rs", "src/plan/live_index.rs"].contains(&source.path.as_str());
            let found = source.code.match_indices(word).any(|(at, _)| {
                !source.code[..at].ends_with(is_word) && !source.code[at + word.len()..].starts_with(is_word)
                    || word.ends_with(['<', '!']) && !source.code[..at].ends_with(is_word)
            });
            if source.module() == "plan" && found && !allowed {
                wrong.push(format!("{} mentions {word}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The workflow is a library: what locks, settles, records or carries out is in `run`, which the command line calls.
#[test]
fn commands_only_parse_call_and_show() {
    let works = ["lock::take_lock", "RunJournal", "change_ledger", "settle_ledger", "carry_out(", "SessionPurpose::Apply"];
    let in_code = |module: &str, word: &str| {
        let found = sources().into_iter().find(|source| source.module() == module && source.code.contains(word));
        found.map(|source| source.path)
    };
    for word in works {
        assert!(in_code("run", word).is_some(), "nothing of `run` is called {word} any more");
        assert_eq!(in_code("cli", word), None, "the command line uses {word}");
    }
}

#[test]
fn secrets_are_opened_in_few_places() {
    for source in sources() {
        let allowed = OPENERS.iter().any(|(place, _)| source.path.starts_with(place));
        assert!(allowed || !source.code.contains("reveal("), "{} opens a secret", source.path);
        let is_type = source.path == "src/model/value.rs";
        assert!(is_type || !source.code.contains("expose_secret"), "{} goes round `Secret`", source.path);
    }
    for (place, why) in OPENERS {
        let used = sources().iter().any(|source| source.path.starts_with(place) && source.code.contains("reveal("));
        assert!(used, "{place} ({why}) opens no secret any more: take it off the list");
    }
}

#[test]
fn files_are_short() {
    for source in sources() {
        let excused = LONG.iter().any(|(path, _)| *path == source.path);
        let long = source.lines > MOST_LINES;
        assert!(!long || excused, "{} has {} lines; the most is {MOST_LINES}", source.path, source.lines);
        assert!(long || !excused, "{} is short now: take it off the list", source.path);
    }
}

/// Every silenced lint has a reason.
#[test]
fn silenced_lints_have_reasons() {
    for source in sources() {
        for (at, _) in source.code.match_indices("[allow(").chain(source.code.match_indices("[expect(")) {
            let rest = &source.code[at..];
            let attribute = &rest[..rest.find(")]").unwrap_or(rest.len())];
            assert!(attribute.contains("reason"), "{}: {attribute})] says no reason", source.path);
        }
    }
}

/// Whoever looks for a command finds it by its name.
#[test]
fn each_command_has_the_file_of_its_name() {
    use clap::CommandFactory;
    let program = telform::cli::Cli::command();
    let known: std::collections::BTreeSet<String> =
        program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let folder = top().join("src/cli/commands");
    let files = fs::read_dir(folder).expect("a folder that can be read").map(|entry| {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        name.trim_end_matches(".rs").to_owned()
    });
    let files: std::collections::BTreeSet<String> = files.filter(|name| name != "mod").collect();
    assert_eq!(files, known, "src/cli/commands has other files than telform has commands");
}
