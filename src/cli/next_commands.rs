//! Commands that telform suggests, each with the options of this run, so that it can be copied.

use std::borrow::Cow;
use std::sync::Arc;

use clap::{ArgMatches, Command, CommandFactory};

use super::args::Cli;
use crate::model::guards::GUARDS;
use crate::output::view::commands::CommandOptions;
use crate::text::shell_quote;

/// Options that a suggested command repeats when this run had them: where everything is, and what is chosen of it.
const CHOOSING: [&str; 8] = ["file", "ledger", "sandbox", "account", "target", "exclude", "limit", "skip-unreadable"];

/// Those that permit what a plan does, after the guards: only another command that makes a plan gets them.
const ALLOWING: [&str; 5] = ["max-unreadable-bridges", "allow-similar", "allow-unseen-products", "rewrite-secret", "resend"];

/// Those that only commands which read secrets or judge plans need; only such a command has its own sandbox.
const SECRETS: [&str; 5] = ["allow-commands", "secret-command-env", "secret-env", "secret-dir", "allow-host"];

/// How a plan is applied.
const APPLYING: [&str; 5] = ["policy", "policy-env", "parallelism", "on-error", "undo"];

/// Further options of the command itself, with which it is suggested again: what is read, where the plan goes, and what may stop it.
const KEPT: [&str; 14] = [
    "plan",
    "snapshot",
    "snapshot-out",
    "format",
    "out",
    "sign",
    "then",
    "fault",
    "report",
    "reconnect-on-failure",
    "no-reconnect-on-failure",
    "lock-timeout",
    "journal-head",
    "journal-head-file",
];

/// Commands that read neither configuration nor ledger, or write a first one: they take no option of another run.
const UPDATED_SEPARATELY: &[&str] =
    &["init", "show", "approve", "verify", "schema", "docs", "completions", "man", "sandbox", "help"];

/// Those of them that neither read nor write a file that the user names, so that the folder does not matter.
const WITHOUT_FILES: &[&str] = &["schema", "docs", "completions", "man", "help"];

/// The options that permit what a plan does, in the order of the command line.
fn allowing() -> impl Iterator<Item = &'static str> {
    ["destroy"].into_iter().chain(GUARDS.iter().map(|guard| guard.option)).chain(ALLOWING)
}

/// The place of an option in a suggested command; none where it is not repeated.
fn place(long: &str) -> Option<usize> {
    CHOOSING.into_iter().chain(allowing()).chain(SECRETS).chain(APPLYING).position(|known| known == long)
}

/// The options of this run that every suggested command repeats, as on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct RepeatedOptions {
    /// Long name and the whole option; repeated for several values.
    pub(super) options: Vec<(String, String)>,
    /// What the commands accept.
    pub(super) known_commands: Option<Command>,
    /// The command of this run with its arguments: `telform undo last`.
    pub(super) command: String,
    /// The folders of `-C`, each as it is typed: `-C west `. Everything is relative to them.
    pub(super) directory: String,
}

impl RepeatedOptions {
    /// Those that were typed. Options from the environment also apply to the next command.
    pub(crate) fn from_matches(matches: &ArgMatches) -> Self {
        let mut whole = Cli::command();
        whole.build();
        let mut options = Vec::new();
        let (mut command, mut given) = (&whole, matches);
        let folders = given.get_raw("directory").into_iter().flatten();
        let directory: String = folders.map(|folder| format!("-C {} ", shell_quote(&folder.to_string_lossy()))).collect();
        // The first commands for a new configuration find the same services and the same ledger.
        let begins = given.subcommand_name() == Some("init");
        if !begins && given.subcommand_name().is_some_and(|name| UPDATED_SEPARATELY.contains(&name)) {
            return Self { directory, known_commands: Some(whole), ..Self::default() };
        }
        let mut own = vec!["telform".to_owned()];
        while let Some((name, below)) = given.subcommand() {
            let Some(known) = command.find_subcommand(name) else { break };
            own.push(name.to_owned());
            (command, given) = (known, below);
        }
        let arguments = command.get_positionals().filter_map(|it| given.get_raw(it.get_id().as_str())).flatten();
        let arguments: Vec<String> = arguments.map(|value| shell_quote(&value.to_string_lossy())).collect();
        // A saved plan keeps its limits: another one is saved in its place.
        let saved = own.last().is_some_and(|name| matches!(name.as_str(), "apply" | "rehearse"));
        let mut own_command = command;
        match arguments.first().filter(|_| saved) {
            Some(file) => {
                own = vec![format!("telform plan --out {file}")];
                own_command = whole.find_subcommand("plan").unwrap_or(command);
            }
            None => own.extend(arguments),
        }
        let is_own = |long: &str| own_command.get_arguments().any(|known| known.get_long() == Some(long));
        for argument in command.get_arguments() {
            let Some(long) = argument.get_long().filter(|long| place(long).is_some() || KEPT.contains(long)) else { continue };
            // There `--account` declares one.
            if begins && long == "account" {
                continue;
            }
            let id = argument.get_id().as_str();
            if given.value_source(id) != Some(clap::parser::ValueSource::CommandLine) {
                continue;
            }
            let flag = if long == "file" { "-f".to_owned() } else { format!("--{long}") };
            let said: Vec<String> = if argument.get_action().takes_values() {
                let values = given.get_raw(id).into_iter().flatten();
                values.map(|value| format!("{flag} {}", shell_quote(&value.to_string_lossy()))).collect()
            } else {
                vec![flag]
            };
            match KEPT.contains(&long) {
                true if is_own(long) => own.extend(said),
                true => {}
                false => options.extend(said.into_iter().map(|option| (long.to_owned(), option))),
            }
        }
        // It is the same as `apply --destroy`.
        if command.get_name() == "destroy" && !options.iter().any(|(long, _)| long == "destroy") {
            options.push(("destroy".to_owned(), "--destroy".to_owned()));
        }
        options.sort_by_key(|(long, _)| place(long));
        Self { options, known_commands: Some(whole), command: own.join(" "), directory }
    }

    /// The same for what the views draw: files, comments and pages.
    pub(crate) fn for_views(self: &Arc<Self>) -> CommandOptions {
        let options = Arc::clone(self);
        CommandOptions::new(move |text| options.text(text).into_owned())
    }

    /// Whether this run deletes everything that the configuration names.
    pub(crate) fn destroys(&self) -> bool {
        self.options.iter().any(|(long, _)| long == "destroy")
    }

    /// Whether this run undoes another, or plans that.
    pub(crate) fn undoes(&self) -> bool {
        self.command.starts_with("telform undo ")
    }

    /// Whether this run only plans the undo that a command carries out.
    fn plans_undo(&self, words: &[&str]) -> bool {
        let (undo, options) = self.command.split_once(" --").unwrap_or_default();
        self.undoes()
            && words.get(..3).is_some_and(|first| first.join(" ") == undo)
            && options.split(' ').any(|word| word.trim_start_matches('-') == "plan")
    }

    /// Whether this run rehearses something.
    pub(crate) fn rehearses(&self) -> bool {
        self.command.starts_with("telform rehearse")
    }

    /// Whether this run rehearses an undo.
    pub(crate) fn rehearses_undo(&self) -> bool {
        self.options.iter().any(|(long, _)| long == "undo")
    }

    /// The command of this run with these options in place of its own.
    pub(crate) fn this_command(&self, options: &[String]) -> String {
        let command = if self.command.is_empty() { "telform apply" } else { &self.command };
        let options: Vec<String> = options
            .iter()
            .map(|option| match option.split_once(' ') {
                Some((name, value)) => format!("{name} {}", shell_quote(value)),
                None => option.clone(),
            })
            .collect();
        self.completed(&format!("{command} {}", options.join(" ")), true)
    }

    /// A command with the options of this run that it accepts and does not already have.
    pub(crate) fn complete_command(&self, text: &str) -> String {
        self.completed(text, false)
    }

    /// The same. `is_own`: it is the command of this run, which keeps what it permits.
    fn completed(&self, text: &str, is_own: bool) -> String {
        let Some(whole) = self.known_commands.as_ref().filter(|_| !self.is_empty()) else { return text.to_owned() };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (mut command, mut depth) = (whole, 1);
        while let Some(known) = words.get(depth).and_then(|word| command.find_subcommand(word)) {
            (command, depth) = (known, depth + 1);
        }
        // Without a subcommand it is the program's name, not a command; help needs no option.
        if std::ptr::eq(command, whole)
            || words.contains(&"--help")
            || words.get(1).is_some_and(|first| WITHOUT_FILES.contains(first))
        {
            return text.to_owned();
        }
        let own_folder = words.iter().any(|word| *word == "-C" || *word == "--directory");
        let text = match text.strip_prefix("telform").filter(|_| !own_folder && !self.directory.is_empty()) {
            Some(rest) => format!("telform {}{}", self.directory, rest.trim_start()),
            None => text.to_owned(),
        };
        if words.get(1).is_some_and(|first| UPDATED_SEPARATELY.contains(first)) {
            return text;
        }
        let accepts = |long: &str| command.get_arguments().any(|known| known.get_long() == Some(long));
        let says = |long: &str| {
            let is = |word: &&str| word.strip_prefix("--").is_some_and(|word| word.split('=').next() == Some(long));
            let implied = long == "destroy" && command.get_name() == "destroy";
            words.iter().any(is) || implied || long == "file" && words.contains(&"-f")
        };
        // A saved plan already contains its selection.
        let named = words.get(depth).is_some_and(|word| !word.starts_with('-'));
        let positional = command.get_positionals().next().filter(|_| named);
        let conflicts = positional.map(|it| command.get_arg_conflicts_with(it)).unwrap_or_default();
        let belongs = |long: &str| {
            accepts(long)
                && !conflicts.iter().any(|other| other.get_long() == Some(long))
                && (is_own || accepts("destroy") || self.plans_undo(&words) || !allowing().any(|known| known == long))
        };
        let mut all = text.trim_end().to_owned();
        for (long, option) in self.options.iter().filter(|(long, _)| belongs(long) && !says(long)) {
            if SECRETS.contains(&long.as_str()) && !accepts("sandbox") {
                continue;
            }
            all.push_str(&format!(" {option}"));
        }
        all
    }

    /// Whether nothing is repeated.
    fn is_empty(&self) -> bool {
        self.options.is_empty() && self.directory.is_empty()
    }

    /// The same for every command that a text names in backticks, also where a line ends within them.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        const OPEN: &str = "`telform";
        if self.is_empty() || !text.contains(OPEN) {
            return Cow::Borrowed(text);
        }
        let mut all = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            all.push_str(before);
            match after.split_once('`').filter(|(command, _)| command.starts_with(char::is_whitespace)) {
                Some((command, behind)) => {
                    all.push_str(&format!("`{}`", self.complete_command(&format!("telform{command}"))));
                    rest = behind;
                }
                None => {
                    all.push_str(OPEN);
                    rest = after;
                }
            }
        }
        all.push_str(rest);
        Cow::Owned(all)
    }
}

#[cfg(test)]
mod tests;
