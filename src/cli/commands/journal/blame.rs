//! `telform journal blame`: which run set a value.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use super::JournalFile;
use crate::cli::args::parse_address;
use crate::cli::console::Console;
use crate::model::resource::Address;
use crate::model::value::Value;
use crate::output::view::{plural_kind, set_values};
use crate::output::{self, Blame};
use crate::run::{Exit, RunError, nearest_address};
use crate::services;
use crate::state::journal::{self, RecordedChange, RecordedRun};
use crate::text::{escape, is_e164, normalize_phone_number};

/// `telform journal blame`.
#[derive(Debug, Args, Clone)]
pub struct BlameArgs {
    /// An address, one attribute of it, or a number
    #[arg(value_name = "ADDRESS[.ATTRIBUTE]|NUMBER", value_parser = subject)]
    pub value: BlameSubject,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub enum BlameSubject {
    /// An object, or one attribute of it.
    Address(Address),
    /// What served a phone number, wherever it was.
    Number(String),
}

/// A number, or an address of a kind that there is.
fn subject(text: &str) -> Result<BlameSubject, String> {
    let number = normalize_phone_number(text);
    if is_e164(&number) { Ok(BlameSubject::Number(number)) } else { parse_address(text).map(BlameSubject::Address) }
}

/// The last run that set each value; for one attribute or number every run that did, the last one first.
pub(super) fn blame(out: &Console, args: &BlameArgs, trail: &JournalFile, runs: &[RecordedRun<'_>]) -> Result<Exit, RunError> {
    let history = journal::recorded_changes(runs);
    let fits = match &args.value {
        BlameSubject::Number(number) => history.iter().rev().filter(|it| it.number() == Some(number)).collect(),
        BlameSubject::Address(asked) => changes_of(&history, asked),
    };
    if fits.is_empty() {
        return Err(nothing_set(&args.value, trail, runs));
    }
    if out.global.json {
        out.print_document(&Blame { values: fits.iter().map(|written| output::written(written)).collect() });
    } else if out.global.quiet {
        let last = fits.iter().max_by_key(|written| written.ended_at);
        let last = last.map(|it| format!(", the last time by run {} at {}", it.run.id, it.ended_at));
        out.print(&format!("set {} {}{}\n", fits.len(), plural_kind(fits.len(), "times"), escape(&last.unwrap_or_default())));
    } else {
        out.print(&set_values::render_blame(&fits));
    }
    Ok(Exit::Done)
}

/// The last change of each value of an address, or every change of one attribute.
fn changes_of<'h, 'a>(history: &'h [RecordedChange<'a>], asked: &Address) -> Vec<&'h RecordedChange<'a>> {
    // A name may contain dots, so the whole text is tried as an address first.
    let known = |address: &Address| history.iter().any(|it| it.address == address.to_string());
    if known(asked) {
        let of_it = history.iter().filter(|it| it.address == asked.to_string());
        return of_it.map(|it| (it.attribute.as_deref(), it)).collect::<BTreeMap<_, _>>().into_values().collect();
    }
    let Some((address, rest)) = asked.split_attribute(known) else { return Vec::new() };
    // `numbers` means each number: `numbers.+14155550101`; the keys of a number's entry are set together.
    let part = |name: &str| name.strip_prefix(rest.as_str()).is_some_and(|more| more.starts_with('.'));
    let entry = services::link_entry(&address.kind);
    let key = entry.is_some_and(|(_, words)| [words.holder, words.target].contains(&rest.as_str()));
    let fits = |it: &&RecordedChange<'_>| {
        it.address == address.to_string() && (key || it.attribute.as_deref().is_none_or(|name| name == rest || part(name)))
    };
    history.iter().rev().filter(fits).collect()
}

/// No recorded change fits: why, as far as the journal shows it.
fn nothing_set(asked: &BlameSubject, trail: &JournalFile, runs: &[RecordedRun<'_>]) -> RunError {
    let failure = |found: String, help: &str| RunError::other("telform::journal::blame", found, help);
    let before = "values that existed before telform, and adopted values, are not in a journal";
    let name = match asked {
        BlameSubject::Address(address) => address.to_string(),
        BlameSubject::Number(number) => number.clone(),
    };
    if trail.broken.is_some() {
        let lines = trail.journal.lines.len();
        return failure(
            format!("{name} is not in the {lines} {} that can be read", plural_kind(lines, "lines")),
            "the journal was altered, and what follows is not looked at; restore the original file",
        );
    }
    let BlameSubject::Address(address) = asked else {
        return failure(format!("no run in the journal connected or disconnected {name}"), before);
    };
    let named = named_addresses(runs);
    if named.contains(address) || address.split_attribute(|it| named.contains(it)).is_some() {
        return failure(format!("no run in the journal set {name}"), before);
    }
    let near = nearest_address(named.iter(), address).map(|near| format!("did you mean {near}? "));
    failure(format!("the journal does not name {name}"), &(near.unwrap_or_default() + before))
}

/// Every address that a plan in the journal has a change, a step or an effect on the ledger for.
fn named_addresses(runs: &[RecordedRun<'_>]) -> BTreeSet<Address> {
    let mut named = BTreeSet::new();
    for plan in runs.iter().map(|run| &run.started.plan) {
        let facts = plan.ledger.iter().flat_map(|effect| effect.0.values());
        let of_ledger = facts.flat_map(|facts| ["address", "from", "to"].map(|name| facts.get(name).and_then(Value::as_str)));
        let of_changes = plan.changes.iter().map(|change| Some(change.address.as_str()));
        let of_steps = plan.steps.iter().map(|step| step.address.as_deref());
        named.extend(of_ledger.chain(of_changes).chain(of_steps).flatten().filter_map(Address::parse));
    }
    named
}
