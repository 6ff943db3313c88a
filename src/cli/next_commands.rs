//! Commands that telform suggests, each with the options of this run, so that it can be copied.

use std::borrow::Cow;
use std::sync::Arc;

use clap::{ArgMatches, Command, CommandFactory};

use super::args::Cli;
use crate::output::view::commands::CommandOptions;
use crate::text::shell_quote;

/// Options that a suggested command repeats when this run had them: where everything is, and how it is applied.
const REPEATED: [&str; 27] = [
    "file",
    "ledger",
    "sandbox",
    "account",
    "target",
    "exclude",
    "limit",
    "skip-unreadable",
    "destroy",
    "max-deletes",
    "max-delete-percent",
    "max-numbers-dark",
    "max-unreadable-bridges",
    "allow-similar",
    "allow-unseen-products",
    "rewrite-secret",
    "resend",
    "allow-commands",
    "secret-command-env",
    "secret-env",
    "secret-dir",
    "allow-host",
    "policy",
    "policy-env",
    "parallelism",
    "on-error",
    "undo",
];

/// Further options of the command itself, with which it is suggested again: what is read, and where the plan goes.
const KEPT: [&str; 7] = ["plan", "snapshot", "snapshot-out", "format", "out", "sign", "then"];

/// Those of them that permit what a plan does: only another command that makes a plan gets them.
const ALLOWING: std::ops::Range<usize> = 8..17;

/// Those of them that only commands which read secrets or judge plans need; only such a command has its own sandbox.
const SECRETS: [&str; 5] = ["allow-commands", "secret-command-env", "secret-env", "secret-dir", "allow-host"];

/// Commands that read neither configuration nor ledger, or write a first one: they take no option of another run.
const UPDATED_SEPARATELY: &[&str] =
    &["init", "show", "approve", "verify", "schema", "docs", "completions", "man", "sandbox", "help"];

/// Those of them that neither read nor write a file that the user names, so that the folder does not matter.
const WITHOUT_FILES: &[&str] = &["schema", "docs", "completions", "man", "help"];

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
        match arguments.first().filter(|_| saved) {
            Some(file) => own = vec![format!("telform plan --out {file}")],
            None => own.extend(arguments),
        }
        for argument in command.get_arguments() {
            let Some(long) = argument.get_long().filter(|long| REPEATED.contains(long) || KEPT.contains(long)) else { continue };
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
                true => own.extend(said),
                false => options.extend(said.into_iter().map(|option| (long.to_owned(), option))),
            }
        }
        // It is the same as `apply --destroy`.
        if command.get_name() == "destroy" && !options.iter().any(|(long, _)| long == "destroy") {
            options.push(("destroy".to_owned(), "--destroy".to_owned()));
        }
        options.sort_by_key(|(long, _)| REPEATED.iter().position(|known| known == long));
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
        self.complete_command(&format!("{command} {}", options.join(" ")))
    }

    /// A command with the options of this run that it accepts and does not already have.
    pub(crate) fn complete_command(&self, text: &str) -> String {
        let Some(whole) = self.known_commands.as_ref().filter(|_| !self.is_empty()) else { return text.to_owned() };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (mut command, mut depth) = (whole, 1);
        while let Some(known) = words.get(depth).and_then(|word| command.find_subcommand(word)) {
            (command, depth) = (known, depth + 1);
        }
        // Without a subcommand it is the program's name, not a command.
        if std::ptr::eq(command, whole) || words.get(1).is_some_and(|first| WITHOUT_FILES.contains(first)) {
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
            let at = REPEATED.iter().position(|known| *known == long);
            accepts(long)
                && !conflicts.iter().any(|other| other.get_long() == Some(long))
                && (at.is_none_or(|at| !ALLOWING.contains(&at)) || accepts("destroy") || self.plans_undo(&words))
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
mod tests {
    use super::*;
    use crate::document::v1;
    use crate::model::guards::Guards;
    use crate::run::next_commands::run_options;

    fn of(line: &str) -> RepeatedOptions {
        RepeatedOptions::from_matches(&Cli::command().try_get_matches_from(line.split_whitespace()).expect("a command line"))
    }

    #[test]
    fn each_option_that_a_plan_was_asked_with_is_said_and_taken_again() {
        let name = |text: &str| std::collections::BTreeSet::from([text.to_owned()]);
        let named = |text: &str| std::collections::BTreeSet::from([(text.to_owned(), Some("name".to_owned()))]);
        let options = v1::Options {
            accounts: name("west"),
            targets: name("partners.a"),
            excludes: name("partners.b"),
            allow_similar: name("partners.c"),
            resend: named("partners.d"),
            rewrite_secrets: named("partners.e"),
            allow_unseen_products: true,
            guards: Guards { max_deletes: Some(1), max_delete_percent: Some(2), max_numbers_dark: Some(3), ..Guards::default() },
            max_unreadable_bridges: Some(4),
            ..v1::Options::default()
        };
        let flags = run_options(&options);
        for said in ["--allow-similar partners.c", "--resend partners.d:name", "--allow-unseen-products"] {
            assert!(flags.contains(said), "{flags}");
        }
        for command in ["plan", "apply", "resume"] {
            let line = format!("telform {command}{flags}");
            let read = Cli::command().try_get_matches_from(line.split_whitespace());
            assert!(read.is_ok(), "{line}: {:?}", read.err());
        }
    }

    #[test]
    fn what_was_typed_is_repeated_where_it_is_accepted() {
        let again = of("telform plan -f a.yaml -f b.yaml --ledger l.json --sandbox w.yaml --allow-commands");
        let files = "-f a.yaml -f b.yaml --ledger l.json";
        for (hint, more) in [
            ("telform apply", "--sandbox w.yaml --allow-commands"),
            ("telform ledger rebuild --replace", "--sandbox w.yaml --allow-commands"),
            ("telform adopt --sandbox=x.yaml", "--allow-commands"),
            ("telform validate", ""),
        ] {
            let whole = format!("{hint} {files} {more}");
            assert_eq!(again.complete_command(hint), whole.trim_end(), "{hint}");
        }
        for alone in ["telform docs partners", "telform init --quickstart", "telform", "telform --help"] {
            assert_eq!(again.complete_command(alone), alone);
        }
        assert_eq!(of("telform plan").text("run `telform apply` now"), "run `telform apply` now");
        let again = of("telform apply --on-error continue --sandbox w.yaml");
        assert_eq!(
            again.text("`telform`, `telform undo\n  last` or `telform journal list`; `open telform "),
            "`telform`, `telform undo\n  last --sandbox w.yaml --on-error continue` or `telform journal list --sandbox w.yaml`; `open telform "
        );
        // Quoted for a shell, and only once.
        let again = of("telform plan --ledger=it's");
        let whole = again.text("`telform apply`").into_owned();
        assert_eq!(whole, "`telform apply --ledger 'it'\\''s'`");
        assert_eq!(again.text(&whole), whole);
    }

    #[test]
    fn a_folder_is_named_before_the_command() {
        let again = of("telform -C west -C ../east plan -f a.yaml");
        let whole = again.complete_command("telform apply");
        assert_eq!(whole, "telform -C west -C ../east apply -f a.yaml");
        assert_eq!(again.text(&format!("`{whole}`")), format!("`{whole}`"), "only once");
        assert_eq!(again.complete_command("telform show plan.json"), "telform -C west -C ../east show plan.json");
        assert_eq!(again.complete_command("telform docs errors"), "telform docs errors");
        assert_eq!(of("telform init -C west").complete_command("telform plan"), "telform -C west plan");
    }

    #[test]
    fn what_follows_an_init_finds_the_same_services_and_ledger() {
        let again = of("telform init --account a=unpod --sandbox w.yaml --ledger l.json");
        for (hint, whole) in [
            ("telform plan -f telform.yaml", "telform plan -f telform.yaml --ledger l.json --sandbox w.yaml"),
            ("telform validate", "telform validate --ledger l.json"),
            ("telform init --quickstart", "telform init --quickstart"),
        ] {
            assert_eq!(again.complete_command(hint), whole);
        }
    }

    #[test]
    fn a_destroy_is_suggested_as_one() {
        let again = of("telform destroy --account west");
        assert!(again.destroys());
        assert_eq!(again.complete_command("telform apply"), "telform apply --account west --destroy");
        assert_eq!(again.this_command(&["--max-deletes 2".to_owned()]), "telform destroy --max-deletes 2 --account west");
        let options = ["--max-deletes 2".to_owned()];
        assert_eq!(of("telform destroy --plan").this_command(&options), "telform destroy --plan --max-deletes 2");
        assert_eq!(
            of("telform plan --out p.json --format html=p.html --snapshot s.json --target partners.a").this_command(&options),
            "telform plan --format html=p.html --out p.json --snapshot s.json --max-deletes 2 --target partners.a"
        );
        assert_eq!(of("telform undo last --plan").this_command(&options), "telform undo last --plan --max-deletes 2");
        assert_eq!(of("telform rehearse --undo last").this_command(&options), "telform rehearse --max-deletes 2 --undo last");
    }

    #[test]
    fn limits_go_where_they_mean_the_same() {
        let again = of("telform plan --account west --target partners.a --max-deletes 1 --destroy");
        let whole = "--account west --target partners.a --destroy --max-deletes 1";
        assert_eq!(again.complete_command("telform apply"), format!("telform apply {whole}"));
        assert_eq!(again.complete_command("telform apply plan.json"), "telform apply plan.json");
        assert_eq!(again.complete_command("telform drift --accept"), "telform drift --accept --account west --target partners.a");
        assert_eq!(again.complete_command("telform undo last"), "telform undo last --account west --target partners.a");
        assert_eq!(again.complete_command("telform forget partners.a"), "telform forget partners.a");
        let said = format!("telform resume {whole}");
        assert_eq!(again.complete_command(&said), said);
    }

    /// Every command in a message, the help or a page exists and has only options that it accepts.
    #[test]
    fn each_command_that_is_named_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut whole = Cli::command();
        whole.build();
        let (mut seen, mut wrong) = (0, Vec::new());
        let own = |path: &std::path::PathBuf| path.ends_with(file!());
        let all = files(&root.join("src")).into_iter().chain(files(&root.join("docs")));
        for path in all.filter(|path| !own(path)) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for after in text.split("`telform ").skip(1) {
                let Some((named, _)) = after.split_once('`') else { continue };
                let mut command = &whole;
                let mut words = named.split_whitespace().filter(|word| !matches!(*word, "\\" | "\\n")).peekable();
                while let Some(known) = words.peek().and_then(|word| command.find_subcommand(word)) {
                    (command, _) = (known, words.next());
                }
                let top = std::ptr::eq(command, &whole);
                let flags = words.clone().filter_map(|word| word.strip_prefix("--"));
                let names = flags.map(|flag| flag.split(|it: char| it != '-' && !it.is_ascii_alphanumeric()).next());
                let unknown = names
                    .flatten()
                    .find(|name| !name.is_empty() && !command.get_arguments().any(|known| known.get_long() == Some(name)));
                let starts = words.peek().is_some_and(|word| word.starts_with(|it: char| it.is_ascii_lowercase()));
                seen += 1;
                if top && starts || unknown.is_some() {
                    wrong.push(format!("{}: telform {named}", path.display()));
                }
            }
        }
        assert!(seen > 100, "only {seen} were found");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        files.into_iter().chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
    }
}
