//! Words that users of other tools type. One that means exactly the same as a word of telform is carried out, and one line says
//! which word that is. Any other is refused with what to write instead: a similar word is not the same action.

use std::ffi::{OsStr, OsString};

use clap::Command;

use crate::run::RunError;
use crate::text::{masked_for_display, shell_quote};

/// A command line after its words are looked at.
#[derive(Debug)]
pub(super) struct Translation {
    /// The arguments with telform's words.
    pub(super) args: Vec<OsString>,
    /// What to tell the user about each word that was replaced.
    pub(super) notes: Vec<String>,
}

/// Commands of other tools that telform does not carry out: the word, what it would have to mean, and what to write.
const COMMANDS: [(&str, &str, &str); 15] = [
    (
        "taint",
        "telform does not recreate an object on request",
        "`telform apply --resend ADDRESS` sends its values again; to recreate it, remove its entry, apply, and write the entry again",
    ),
    ("untaint", "telform marks no object for recreation", "`telform plan` shows what would change"),
    (
        "workspace",
        "telform has no workspaces: each configuration has its own folder and ledger",
        "`telform -C FOLDER plan`, or `telform plan -f FILE --ledger PLACE`",
    ),
    (
        "force-unlock",
        "telform frees a lock by its id",
        "`telform ledger unlock` shows who holds the lock, `telform ledger unlock --lock-id ID` frees it",
    ),
    (
        "output",
        "telform has no outputs",
        "`telform get` shows what the services hold, `telform ledger list` what telform manages",
    ),
    ("console", "telform has no expressions", "`telform explain ADDRESS` shows the values of an object and where they come from"),
    ("preview", "telform has no command `preview`", "`telform plan` shows what would change"),
    ("sync", "telform has no command `sync`", "`telform plan` shows what would change, `telform apply` applies it"),
    ("push", "telform has no command `push`", "`telform plan` shows what would change, `telform apply` applies it"),
    ("deploy", "telform has no command `deploy`", "`telform plan` shows what would change, `telform apply` applies it"),
    (
        "dump",
        "telform has no command `dump`",
        "`telform get -o yaml` prints entries, `telform adopt --all --out DIR` writes them and starts managing their objects",
    ),
    ("ping", "telform has no command `ping`", "`telform doctor` checks the credentials of every account"),
    (
        "check",
        "telform has no command `check`",
        "`telform validate` checks the YAML offline, `telform doctor` checks everything else",
    ),
    (
        "rollback",
        "telform has no command `rollback`",
        "`telform undo last --plan` shows what an undo of the last run would do, `telform undo last` does it",
    ),
    (
        "status",
        "telform has no command `status`",
        "`telform plan` shows what would change, `telform drift` what was changed outside telform",
    ),
];

/// Options of other tools that telform does not have: the name without hyphens, and what to write.
const OPTIONS: [(&str, &str); 12] = [
    ("chdir", "`-C DIR` runs telform in another folder: `telform -C DIR plan`"),
    ("input", "`--non-interactive` never asks"),
    ("no-color", "`--color never` prints without colours"),
    ("lock", "telform locks every run that may write; `--lock-timeout 5m` waits for another run"),
    ("refresh", "telform reads the services for every plan; `telform plan --snapshot FILE` plans from a saved snapshot"),
    ("refresh-only", "`telform drift` compares and writes nothing"),
    ("replace", "telform does not recreate an object on request; `telform apply --resend ADDRESS` sends its values again"),
    ("state", "`--ledger PLACE` names the ledger"),
    ("state-out", "`--ledger PLACE` names the ledger"),
    ("backup", "telform keeps no copy of the ledger; `telform ledger rebuild` makes it again"),
    (
        "var",
        "telform has no variables: `defaults`, tables and `for_each` hold values that repeat, `{ env: NAME }` names a secret",
    ),
    ("var-file", "telform has no variables: `defaults`, tables and `for_each` hold values that repeat; `-f FILE` adds a file"),
];

/// Replaces words of other tools. `args` begins with the name of the program.
pub(super) fn translate(args: Vec<OsString>, program: &Command) -> Result<Translation, RunError> {
    refuse_foreign_options(&args, program)?;
    let mut line = Translation { args, notes: Vec::new() };
    if let Some(at) = position_of_command(&line.args, program) {
        translate_command(&mut line, at, program)?;
    }
    translate_yes(&mut line, program);
    Ok(line)
}

/// An argument as text; one that is not UTF-8 is none of the words here.
fn argument_text(argument: &OsStr) -> &str {
    argument.to_str().unwrap_or_default()
}

/// The first argument that is neither an option of the whole program nor the value of one.
fn position_of_command(args: &[OsString], program: &Command) -> Option<usize> {
    position_of_word(args, 1, &[program])
}

/// The first argument from a position on that is neither an option of these commands nor the value of one.
fn position_of_word(args: &[OsString], from: usize, commands: &[&Command]) -> Option<usize> {
    let mut at = from;
    loop {
        let word = argument_text(args.get(at)?);
        if !word.starts_with('-') || word == "-" {
            return Some(at);
        }
        let option = commands.iter().flat_map(|command| command.get_arguments()).find(|known| {
            let long = known.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long));
            let short = known.get_short().is_some_and(|short| word.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4])));
            long || short
        });
        at += if option.is_some_and(|known| known.get_action().takes_values()) { 2 } else { 1 };
    }
}

fn same_as(typed: &str, ours: &str) -> String {
    format!("note: `telform {typed}` is `telform {ours}`")
}

fn translate_command(line: &mut Translation, at: usize, program: &Command) -> Result<(), RunError> {
    let word = |at: usize| line.args.get(at).map(|word| argument_text(word).to_owned()).unwrap_or_default();
    let first = word(at);
    match first.as_str() {
        "import" => {
            line.args[at] = "adopt".into();
            line.notes.push(same_as("import", "adopt"));
        }
        "refresh" => {
            line.args[at] = "drift".into();
            line.notes.push(format!("{}: it compares, and writes nothing", same_as("refresh", "drift")));
        }
        "version" => {
            line.args[at] = "--version".into();
            line.notes.push(same_as("version", "--version"));
        }
        "state" => return translate_state(line, at, program),
        other => {
            if let Some((_, what, help)) = COMMANDS.iter().find(|(name, ..)| *name == other) {
                return Err(usage_error(*what, *help));
            }
        }
    }
    Ok(())
}

/// The state of other tools is the ledger.
fn translate_state(line: &mut Translation, at: usize, program: &Command) -> Result<(), RunError> {
    let command = line.args.get(at + 1).map(|word| argument_text(word).to_owned()).unwrap_or_default();
    let mut addresses = Vec::new();
    let mut from = at + 2;
    // `forget` knows which of its options have values.
    while let Some(next) = position_of_word(&line.args, from, &[program, program.find_subcommand("forget").unwrap_or(program)]) {
        addresses.push(shell_quote(argument_text(&line.args[next])));
        from = next + 1;
    }
    let said = match (command.as_str(), addresses.as_slice()) {
        ("list", _) => "ledger list",
        ("show", _) => "ledger show",
        ("rm" | "remove", [] | [_]) => "forget",
        ("rm" | "remove", several) => {
            let each: Vec<String> = several.iter().map(|address| format!("`telform forget {address}`")).collect();
            return Err(usage_error("telform releases one address at a time", format!("write {}", each.join(", then "))));
        }
        ("mv" | "move", [from, to]) => {
            return Err(usage_error(
                "a rename belongs in the YAML, so that every ledger follows it",
                format!(
                    "rename the entry and add `moved: [{{ from: {from}, to: {to} }}]` to the YAML; for this ledger alone, rename the entry and run `telform ledger move {from} {to}`"
                ),
            ));
        }
        ("mv" | "move", _) => {
            return Err(usage_error(
                "a rename belongs in the YAML, so that every ledger follows it",
                "rename the entry and add `moved: [{ from: OLD, to: NEW }]` to the YAML; for this ledger alone, rename the entry and run `telform ledger move OLD NEW`",
            ));
        }
        (other, _) => {
            let what = if other.is_empty() {
                "telform calls it the ledger".to_owned()
            } else {
                format!("telform has no `state {other}`: it calls the state the ledger")
            };
            return Err(usage_error(
                what,
                "`telform ledger list`, `telform ledger show ADDRESS`, `telform forget ADDRESS`; `telform ledger --help` lists the rest",
            ));
        }
    };
    line.notes.push(same_as(&format!("state {command}"), said));
    drop(line.args.splice(at..at + 2, said.split(' ').map(OsString::from)));
    Ok(())
}

/// `-y`, where the command has a question to answer.
fn translate_yes(line: &mut Translation, program: &Command) {
    if !has_option(command_of(&line.args, program), "auto-approve") {
        return;
    }
    let end = line.args.iter().position(|word| word == "--").unwrap_or(line.args.len());
    for word in line.args.iter_mut().take(end).filter(|word| *word == "-y" || *word == "--yes") {
        line.notes.push(format!("note: `{}` is `--auto-approve`", argument_text(word)));
        *word = "--auto-approve".into();
    }
}

/// Long options with one dash, and options that telform does not have. The whole command is shown with the right spelling.
fn refuse_foreign_options(args: &[OsString], program: &Command) -> Result<(), RunError> {
    let end = args.iter().position(|word| word == "--").unwrap_or(args.len());
    let command = command_of(args, program);
    for word in args.iter().take(end).skip(1) {
        let word = argument_text(word);
        let typed = word.split('=').next().unwrap_or_default();
        let name = typed.trim_start_matches('-');
        // A letter with its value, such as `-fa.yaml`, is not a name.
        if !word.starts_with('-') || name.len() < 3 {
            continue;
        }
        let accepted = has_option(command, name) || has_option(program, name);
        if let Some((_, help)) = OPTIONS.iter().find(|(known, _)| *known == name && !accepted) {
            return Err(usage_error(format!("telform has no option `{typed}`"), *help));
        }
        if has_one_dash(word, program) {
            // A suggestion is a command that parses.
            if !accepted && !matches!(name, "help" | "version") {
                let ours = command_words(args, program);
                return Err(usage_error(
                    format!("`{ours}` has no option `--{name}`"),
                    format!("`{ours} --help` lists its options"),
                ));
            }
            let fixed = args.iter().take(end).skip(1).map(|given| {
                let dash = if has_one_dash(argument_text(given), program) { "-" } else { "" };
                format!("{dash}{}", shell_quote(&given.to_string_lossy()))
            });
            let rest = args.iter().skip(end).map(|given| shell_quote(&given.to_string_lossy()));
            let fixed: Vec<String> = fixed.chain(rest).collect();
            return Err(usage_error(
                format!("`-{name}` has one dash; long options of telform have two"),
                format!("write `telform {}`", fixed.join(" ")),
            ));
        }
    }
    Ok(())
}

/// Whether it is a long option of telform with one dash. A letter with its value, such as `-fa.yaml`, is none.
fn has_one_dash(word: &str, program: &Command) -> bool {
    let name = word.strip_prefix('-').and_then(|rest| rest.split('=').next()).unwrap_or_default();
    name.len() > 2 && !name.starts_with('-') && is_option(program, name)
}

/// The command that is typed, as far as it is one of telform's.
fn command_of<'c>(args: &[OsString], program: &'c Command) -> &'c Command {
    let mut command = program;
    let from = position_of_command(args, program).unwrap_or(args.len());
    for word in &args[from..] {
        let Some(below) = command.find_subcommand(word) else { break };
        command = below;
    }
    command
}

/// The command that is typed, in words: `telform ledger rebuild`.
fn command_words(args: &[OsString], program: &Command) -> String {
    let mut words = vec!["telform"];
    let mut command = program;
    let from = position_of_command(args, program).unwrap_or(args.len());
    for word in &args[from..] {
        let Some(below) = command.find_subcommand(word) else { break };
        words.push(below.get_name());
        command = below;
    }
    words.join(" ")
}

fn has_option(command: &Command, name: &str) -> bool {
    command.get_arguments().any(|known| known.get_long() == Some(name))
}

/// Whether some command has this long option.
fn is_option(command: &Command, name: &str) -> bool {
    has_option(command, name)
        || matches!(name, "help" | "version")
        || command.get_subcommands().any(|below| is_option(below, name))
}

fn usage_error(what: impl Into<String>, help: impl Into<String>) -> RunError {
    let mask = |text: String| masked_for_display(&text).into_owned();
    RunError::other("telform::cli::usage", mask(what.into()), mask(help.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(line: &str) -> Result<(String, Vec<String>), String> {
        let args = line.split(' ').map(OsString::from).collect();
        match translate(args, &crate::cli::help::command_tree()) {
            Ok(line) => {
                let words: Vec<&str> = line.args.iter().map(|word| argument_text(word)).collect();
                Ok((words.join(" "), line.notes))
            }
            Err(error) => {
                let (code, message, help) = error.parts();
                assert_eq!(code, "telform::cli::usage");
                Err(format!("{message}: {help}"))
            }
        }
    }

    #[test]
    fn the_same_under_another_word_is_done() {
        for (line, ours) in [
            ("telform import partners.a 42", "telform adopt partners.a 42"),
            ("telform -f a.yaml --color never refresh --json", "telform -f a.yaml --color never drift --json"),
            ("telform version", "telform --version"),
            ("telform state list", "telform ledger list"),
            ("telform -C west state show partners.a", "telform -C west ledger show partners.a"),
            ("telform state rm partners.a --sandbox w.yaml", "telform forget partners.a --sandbox w.yaml"),
            ("telform apply -y", "telform apply --auto-approve"),
            ("telform undo last --yes", "telform undo last --auto-approve"),
        ] {
            let (said, notes) = on(line).expect("a translation");
            assert_eq!(said, ours, "{line}");
            assert_eq!(notes.len(), 1, "{line}: {notes:?}");
        }
        for same in [
            "telform",
            "telform plan",
            "telform plan -f import",
            "telform -f state validate",
            "telform explain providers.import",
            "telform plan -vv -fa.yaml -Cwest",
            "telform validate -y",
            "telform get -ojson",
            "telform adopt partners.a -- -auto-approve",
        ] {
            assert_eq!(on(same), Ok((same.to_owned(), Vec::new())), "{same}");
        }
    }

    #[test]
    fn what_is_not_the_same_is_refused_with_what_to_write() {
        for (line, help) in [
            ("telform state mv partners.a partners.b", "moved: [{ from: partners.a, to: partners.b }]"),
            ("telform state mv partners.a partners.b", "`telform ledger move partners.a partners.b`"),
            ("telform state rm partners.a partners.b", "`telform forget partners.a`, then `telform forget partners.b`"),
            ("telform state pull", "telform ledger list"),
            ("telform state", "telform ledger list"),
            ("telform apply -auto-approve", "`telform apply --auto-approve`"),
            ("telform plan -out=plan.json -target 'a b'", "`telform plan --out=plan.json"),
            ("telform plan -auto-approve", "`telform plan --help`"),
            ("telform ledger list -auto-approve", "`telform ledger list --help`"),
            ("telform plan -var x=1", "no variables"),
            ("telform plan --no-color", "--color never"),
            ("telform -chdir=west plan", "`telform -C DIR plan`"),
            ("telform apply -replace=partners.a", "--resend ADDRESS"),
            ("telform ledger rebuild -replace", "`telform ledger rebuild --replace`"),
            ("telform force-unlock 42", "telform ledger unlock --lock-id ID"),
            ("telform rollback", "telform undo last"),
        ] {
            let told = on(line).expect_err("a refusal");
            assert!(told.contains(help), "{line}: {told}");
        }
    }

    /// A word of another tool that becomes one of telform's must not be shadowed here.
    #[test]
    fn no_word_of_telform_is_refused() {
        let program = crate::cli::help::command_tree();
        for (name, ..) in COMMANDS {
            assert!(program.find_subcommand(name).is_none(), "{name}");
        }
        let apply = program.find_subcommand("apply").expect("a command");
        for (name, _) in OPTIONS {
            assert!(!has_option(&program, name) && !has_option(apply, name), "{name}");
        }
    }
}
