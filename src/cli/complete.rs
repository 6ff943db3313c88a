//! Completion in a shell: the shell calls telform itself while a line is typed, so that it also knows addresses, accounts, runs, files
//! and topics. They come from the files and the local ledger that the line means. Nothing is sent and nothing is written, and what
//! cannot be read has no candidates.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, Command, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::{CompleteEnv, Shells};

use super::args::format_names;
use super::help;
use crate::analysis::get::TableScope;
use crate::config::desired;
use crate::model::ledger::Ledger;
use crate::model::resource::Desired;
use crate::output::reference::topics::topic_names;
use crate::run::session::open_store;
use crate::run::{PlanSelection, RunOptions};
use crate::services;
use crate::state::journal::{collect_runs, read_journal};
use crate::state::ledger::LedgerStore;

/// The variable with which a shell asks.
const ASKED: &str = "TELFORM_COMPLETE";

/// Most candidates: a shell asks before it shows more than a screen.
const MOST: usize = 1_000;

/// How long a ledger may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers a shell and ends the process where one asks; does nothing otherwise.
pub(super) fn answer_shell() {
    CompleteEnv::with_factory(command_tree).var(ASKED).bin("telform").complete();
}

/// The script with which a shell learns to ask.
pub(super) fn registration(shell: &str) -> Option<String> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    shells.completer(shell)?.write_registration(ASKED, "telform", "telform", "telform", &mut script).ok()?;
    let script = String::from_utf8(script).ok()?;
    Some(if shell == "zsh" { completing_at_once(&script) } else { script })
}

/// zsh reads the script from a folder of functions when telform is first completed, and calls it as `_telform`: it has to complete
/// then, and not only make itself known.
fn completing_at_once(script: &str) -> String {
    let known = "compdef _clap_dynamic_completer_telform telform";
    let body = script.trim_end().strip_suffix(known).unwrap_or(script);
    format!(
        "{body}if [ \"$funcstack[1]\" = \"_telform\" ]; then\n    _clap_dynamic_completer_telform \"$@\"\nelse\n    {known}\nfi\n"
    )
}

/// What completes the values of `--format`.
pub(super) fn formats<F: ValueEnum>() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let typed = typed.to_string_lossy();
        if let Some((format, file)) = typed.split_once('=') {
            let files = PathCompleter::any().complete(OsStr::new(file));
            return files.into_iter().map(|it| it.add_prefix(format!("{format}="))).collect();
        }
        candidates(&typed, format_names::<F>())
    })
}

fn command_tree() -> Command {
    help::command_tree().mut_args(with_completer).mut_subcommands(with_completers)
}

fn with_completers(command: Command) -> Command {
    command.mut_args(with_completer).mut_subcommands(with_completers)
}

/// By the name of the value in the help, which is the same for the same thing in every command.
fn with_completer(arg: Arg) -> Arg {
    let value = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str().to_owned());
    let listed =
        |list: fn() -> Vec<String>| ArgValueCompleter::new(move |typed: &OsStr| candidates(&typed.to_string_lossy(), list()));
    let completer = match (value.as_deref(), arg.get_id().as_str()) {
        (Some("ADDRESS[.ATTRIBUTE]" | "ADDRESS[.ATTRIBUTE]|NUMBER|CODE"), _) => ArgValueCompleter::new(|typed: &OsStr| {
            let typed = typed.to_string_lossy();
            candidates(&typed, with_attributes(addresses(), &typed))
        }),
        (Some("KIND|ADDRESS"), _) => listed(|| tables().chain(addresses()).collect()),
        (Some("ADDRESS" | "WHAT"), _) => listed(addresses),
        (Some("NAME"), "accounts") => listed(accounts),
        (Some("RUN"), _) => listed(runs),
        (Some("TOPIC"), _) => listed(topic_names),
        (Some("WORLD.yaml"), _) => ArgValueCompleter::new(PathCompleter::file().filter(is_yaml)),
        (Some("DIR" | "FOLDER"), _) => ArgValueCompleter::new(PathCompleter::dir()),
        (Some("PLAN" | "FILE" | "PATH" | "KEY" | "N|FILE" | "YAML|FILE"), _) => ArgValueCompleter::new(PathCompleter::any()),
        _ => return arg,
    };
    arg.add(completer)
}

fn is_yaml(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|it| it == "yaml" || it == "yml")
}

fn candidates(typed: &str, all: Vec<String>) -> Vec<CompletionCandidate> {
    let fitting = all.into_iter().filter(|name| name.starts_with(typed) && !name.chars().any(char::is_control));
    fitting.take(MOST).map(CompletionCandidate::new).collect()
}

/// The kinds that an address begins with, the declared addresses, and those in the ledger.
fn addresses() -> Vec<String> {
    let line = TypedLine::read();
    let desired = line.desired();
    let (objects, referred) = (desired.objects.keys(), desired.existing.keys());
    let declared = objects.chain(desired.number_entries.keys()).chain(referred).map(ToString::to_string);
    let mut all: BTreeSet<String> = declared.collect();
    all.extend(
        line.ledger(&desired).into_iter().flat_map(|ledger| ledger.objects.keys().map(ToString::to_string).collect::<Vec<_>>()),
    );
    all.into_iter().collect()
}

/// What `get` lists: the kinds and the numbers that the accounts of the configuration may hold; without one, of every service.
fn tables() -> impl Iterator<Item = String> {
    let accounts = TypedLine::read().desired().accounts;
    let scopes = match accounts.is_empty() {
        true => TableScope::of_services(services::tables()),
        false => TableScope::of_accounts(accounts.values()),
    };
    scopes.into_iter().map(|scope| scope.name.to_owned())
}

/// The same, with the attributes of each address behind which a dot was typed.
fn with_attributes(mut addresses: Vec<String>, typed: &str) -> Vec<String> {
    let begun = |address: &&String| typed.strip_prefix(address.as_str()).is_some_and(|rest| rest.starts_with('.'));
    let attributes = |address: &String| {
        let kind = address.split('.').next().unwrap_or_default().to_owned();
        let names: BTreeSet<&str> =
            services::shapes_of_kind(&kind).iter().flat_map(|kind| kind.fields).map(|it| it.name).collect();
        names.into_iter().map(|name| format!("{address}.{name}")).collect::<Vec<_>>()
    };
    let more: Vec<String> = addresses.iter().filter(begun).flat_map(attributes).collect();
    addresses.extend(more);
    addresses
}

fn accounts() -> Vec<String> {
    TypedLine::read().desired().accounts.into_keys().collect()
}

/// `last`, and the ids of all runs, latest first.
fn runs() -> Vec<String> {
    let line = TypedLine::read();
    let store = line.store(&line.desired());
    let journal = store.and_then(|store| soon(async move { read_journal(store.state_store()).await.ok() }));
    let lines = journal.map(|journal| journal.lines).unwrap_or_default();
    let ids = collect_runs(&lines).iter().rev().map(|run| run.id.to_owned()).collect::<Vec<_>>();
    if ids.is_empty() { ids } else { std::iter::once("last".to_owned()).chain(ids).collect() }
}

/// What the options of a line that is not finished say about files and the ledger.
#[derive(Default)]
struct TypedLine {
    options: RunOptions,
    choice: PlanSelection,
}

impl TypedLine {
    /// The words after the `--` behind which the shell passes them. Folders are entered, because paths are relative to them.
    fn read() -> Self {
        let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(2).collect();
        let mut line = Self::default();
        line.options.ledger = std::env::var("TELFORM_LEDGER").ok().filter(|place| !place.is_empty());
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let word = word.to_string_lossy();
            let (name, joined) = word.split_once('=').map_or((&*word, None), |(name, value)| (name, Some(OsString::from(value))));
            let mut value = || joined.clone().or_else(|| words.next().cloned()).unwrap_or_default();
            match name {
                "-f" | "--file" => line.options.files.push(PathBuf::from(value())),
                "--ledger" => line.options.ledger = Some(value().to_string_lossy().into_owned()),
                "--sandbox" => line.choice.sandbox = Some(PathBuf::from(value())),
                // A folder that is not there has no files either.
                "-C" | "--directory" => drop(std::env::set_current_dir(value())),
                _ => {}
            }
        }
        line
    }

    fn desired(&self) -> Desired {
        desired::load_config(&self.options.files).map(|loaded| loaded.desired).unwrap_or_default()
    }

    /// The ledger's place. A shared one is not asked while a line is typed.
    fn store(&self, desired: &Desired) -> Option<LedgerStore> {
        open_store(&self.options, desired, &self.choice).ok().filter(|store| !store.is_shared())
    }

    fn ledger(&self, desired: &Desired) -> Option<Ledger> {
        let store = self.store(desired)?;
        soon(async move { store.load().await.ok().flatten() })
    }
}

/// The result of a reading that does not take long; nothing where it does.
fn soon<T>(reading: impl Future<Output = Option<T>>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async { tokio::time::timeout(PATIENCE, reading).await.ok().flatten() })
}
