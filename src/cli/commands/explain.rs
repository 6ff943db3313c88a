//! `telform explain`: why something is or is not changed. Sends only GET.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::docs;
use crate::analysis::explain::{ObjectDecision, explain_address, find_number, is_known_address};
use crate::analysis::get::TableScope;
use crate::cli::args::{parse_address, parse_pattern};
use crate::cli::console::Console;
use crate::model::codes::CodeEntry;
use crate::model::resource::{Address, AddressPattern, Desired, ServedBy};
use crate::output;
use crate::output::view;
use crate::output::view::json;
use crate::plan::{Inputs, Plan, claimed_objects, removed_objects, renamed_addresses};
use crate::run::{Exit, PlanSelection, Run, RunError, SessionPurpose, saved_plan};
use crate::services;
use crate::text::{escape, is_e164, normalize_phone_number};

/// `telform explain`.
#[derive(Debug, Args, Clone)]
pub struct ExplainArgs {
    /// Address of an object or of one attribute, a number, or a code
    #[arg(value_name = "ADDRESS[.ATTRIBUTE]|NUMBER|CODE", value_parser = subject)]
    pub subject: ExplainSubject,
    /// Explain a plan with this target, repeatable
    ///
    /// `*` matches anything.
    #[arg(long = "target", value_name = "ADDRESS", value_parser = parse_pattern)]
    pub targets: Vec<AddressPattern>,
    /// Explain a plan without this address, repeatable
    ///
    /// `*` matches anything.
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = parse_pattern)]
    pub excludes: Vec<AddressPattern>,
    /// Only this account, repeatable
    ///
    /// `*` matches anything. Other accounts are not read and need no token.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Read from a saved snapshot instead of the services
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Use the embedded simulator, started from this file
    ///
    /// The services of the accounts are not called.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// What is explained.
#[derive(Debug, Clone)]
pub enum ExplainSubject {
    /// An object, or one attribute of it.
    Address(Address),
    /// What a phone number is declared by, or connected to.
    Number(String),
    /// An error code.
    Code(&'static CodeEntry),
}

/// An address or a phone number; where the text can be neither, an error code in any spelling.
fn subject(text: &str) -> Result<ExplainSubject, String> {
    let number = normalize_phone_number(text);
    if is_e164(&number) {
        return Ok(ExplainSubject::Number(number));
    }
    // A number below what declares it: that is one map.
    let above = text.rsplit_once('.').filter(|(_, last)| is_e164(last)).and_then(|(above, _)| parse_address(above).ok());
    if let Some(address) = above {
        return Ok(ExplainSubject::Address(address));
    }
    match (parse_address(text), docs::code_named(text)) {
        (Ok(address), _) => Ok(ExplainSubject::Address(address)),
        (Err(_), Some(code)) => Ok(ExplainSubject::Code(code)),
        (Err(error), None) => Err(format!("{error}; `telform docs` lists the error codes")),
    }
}

pub(crate) async fn run(out: &Console, args: &ExplainArgs) -> Result<Exit, RunError> {
    if let ExplainSubject::Code(code) = &args.subject {
        docs::print_code(out, code);
        return Ok(Exit::Done);
    }
    let choice = PlanSelection {
        targets: args.targets.clone(),
        excludes: args.excludes.clone(),
        accounts: args.accounts.clone(),
        sandbox: args.sandbox.clone(),
        ..PlanSelection::default()
    };
    let purpose = if args.snapshot.is_some() { SessionPurpose::Offline } else { SessionPurpose::Plan };
    let mut session = Run::open(&out.context(), &choice, purpose).await?;
    let live = match &args.snapshot {
        Some(file) => saved_plan::live(&mut session, file)?,
        None => session.read_whole().await?,
    };
    let plan = session.plan(&live)?;
    let runs = session.recorded_runs().await;
    let inputs =
        Inputs { desired: &session.desired, live: &live, ledger: &session.ledger, key: &session.key, options: &session.options };
    let (asked, attribute) = match &args.subject {
        ExplainSubject::Address(address) => split_attribute(&inputs, address),
        ExplainSubject::Number(number) => find_number(&inputs, number).ok_or_else(|| unknown_number(inputs.desired, number))?,
        ExplainSubject::Code(_) => return Ok(Exit::Done),
    };
    let asked_for = asked.clone();
    let (asked, attribute) = if attribute.is_none() && !is_known_address(&inputs, &asked) {
        found_otherwise(&inputs, &plan, &asked).unwrap_or((asked, None))
    } else {
        (asked, attribute)
    };
    let (address, renamed) = follow_renames(&inputs, asked.clone());
    if let Some(attribute) = &attribute {
        check_attribute(&session.desired, &address, attribute)?;
    }
    let Some(explained) = explain_address((&inputs, &plan, &runs), &address, attribute.as_deref()) else {
        return Err(unknown_address(&inputs, &asked_for));
    };
    if out.global.json {
        out.print(&json::to_pretty_json(&output::with_header(&explained)));
        return Ok(Exit::Done);
    }
    if let Some(renamed) = renamed.filter(|_| !out.global.quiet && explained.verdict != ObjectDecision::Unmanaged) {
        out.print(&format!("{renamed}\n\n"));
    }
    if out.global.quiet {
        let whole = view::explain::render_explanation(&explained, out.plan_detail());
        out.print(whole.split_inclusive('\n').next().unwrap_or_default());
        return Ok(Exit::Done);
    }
    let detail = view::text::TextDetail { columns: out.width(), ..out.plan_detail() };
    let mut text = view::explain::render_explanation(&explained, detail);
    if let (ExplainSubject::Number(number), None) = (&args.subject, &attribute)
        && services::link_entry(&address.kind).is_none()
        && let Some(served) = describe_server(&inputs, number)
        && let Some((head, rest)) = text.split_once('\n')
    {
        text = format!("{head}\n{}\n{rest}", escape(&served));
    }
    out.print(&text);
    Ok(Exit::Done)
}

/// What serves a number that no file declares, in a sentence.
fn describe_server(inputs: &Inputs<'_>, number: &str) -> Option<String> {
    let (claims, removed) = (claimed_objects(inputs), removed_objects(inputs));
    inputs.live.accounts.iter().find_map(|(account, live)| {
        let connection = live.connections.iter().flatten().find(|connection| connection.number == number)?;
        let words = inputs.desired.accounts.get(account)?.service.link_words();
        let by = connection.served_by.id();
        let named = by
            .and_then(|id| claims.iter().chain(&removed).find(|((of, _, it), _)| of == account && *it == id))
            .map(|(_, address)| address);
        let by = match (&connection.served_by, named) {
            (ServedBy::Unserved | ServedBy::NotThere, _) => "nothing serves it".to_owned(),
            (ServedBy::NotTold, _) => "the service does not show what serves it".to_owned(),
            (_, Some(address)) => format!("it is served by {address}"),
            (other, None) => format!("it {}", other.describe(words.target)),
        };
        Some(format!("{number} is on {} {}; {by}.", words.holder, connection.bridge))
    })
}

/// Names may hold dots, so a text that is known as an address is one; otherwise the part after the last dot is an attribute,
/// when the rest is known.
fn split_attribute(inputs: &Inputs<'_>, whole: &Address) -> (Address, Option<String>) {
    let known =
        |address: &Address| is_known_address(inputs, address) || inputs.desired.moved.iter().any(|moved| moved.from == *address);
    let parts = if known(whole) { None } else { whole.split_attribute(known) };
    parts.map_or_else(|| (whole.clone(), None), |(address, attribute)| (address, Some(attribute)))
}

/// What an address that is not known may mean: a number in the map of what holds it, or an attribute of a live object that no
/// address claims, of which only the whole can be explained.
fn found_otherwise(inputs: &Inputs<'_>, plan: &Plan, asked: &Address) -> Option<(Address, Option<String>)> {
    let explained = |address: &Address| explain_address((inputs, plan, &[]), address, None).is_some();
    if explained(asked) {
        return None;
    }
    if services::link_entry(&asked.kind).is_some() {
        return find_number(inputs, &normalize_phone_number(&asked.name));
    }
    let names: Vec<&str> =
        services::shapes_of_kind(&asked.kind).iter().flat_map(|kind| kind.fields.iter().map(|field| field.name)).collect();
    let (object, _) = asked.split_attribute(explained).filter(|(_, attribute)| names.contains(&attribute.as_str()))?;
    Some((object, None))
}

/// The current address of an object, and a sentence about its rename.
fn follow_renames(inputs: &Inputs<'_>, address: Address) -> (Address, Option<String>) {
    if let Some(moved) = inputs.desired.moved.iter().find(|moved| moved.from == address) {
        let told = format!("{address} is called {} since the rename at {}.", moved.to, moved.location);
        return (moved.to.clone(), Some(told));
    }
    match renamed_addresses(inputs).remove(&address) {
        Some(to) => {
            let told = format!("The ledger has {address}; the YAML calls this object {to}, and the next apply renames it.");
            (to, Some(told))
        }
        None => (address, None),
    }
}

fn nearest_name<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.min_by_key(|name| strsim::damerau_levenshtein(name, wanted))
}

/// Whether two names differ so little that one may be a slip for the other.
fn is_near(wanted: &str, known: &str) -> bool {
    let (wanted, known) = (wanted.rsplit('.').next().unwrap_or(wanted), known.rsplit('.').next().unwrap_or(known));
    strsim::damerau_levenshtein(wanted, known) <= 1.max(wanted.chars().count() / 3)
}

fn check_attribute(desired: &Desired, address: &Address, attribute: &str) -> Result<(), RunError> {
    if let Some((_, words)) = services::link_entry(&address.kind) {
        let names = [words.holder, words.target];
        return if names.contains(&attribute) { Ok(()) } else { Err(unknown_attribute(address, attribute, &names)) };
    }
    let shapes = services::shapes_of_kind(&address.kind);
    let mut names: Vec<&str> = shapes.iter().flat_map(|kind| kind.fields.iter().map(|field| field.name)).collect();
    names.sort_unstable();
    names.dedup();
    if names.contains(&attribute) && desired.objects.contains_key(address) {
        return Ok(());
    }
    if names.contains(&attribute) {
        return Err(RunError::other(
            "telform::explain::not_declared",
            format!("the YAML does not declare {address}, so nothing is compared attribute by attribute"),
            format!("`telform explain {address}` says what happens to it"),
        ));
    }
    Err(unknown_attribute(address, attribute, &names))
}

fn unknown_attribute(address: &Address, attribute: &str, names: &[&str]) -> RunError {
    let near = nearest_name(attribute, names.iter().copied()).filter(|near| is_near(attribute, near));
    let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    RunError::other(
        "telform::explain::unknown_attribute",
        format!("{} have no attribute `{attribute}`", address.kind),
        format!("{near}{} have {}", if near.is_empty() { &address.kind } else { "They" }, names.join(", ")),
    )
}

fn unknown_number(desired: &Desired, number: &str) -> RunError {
    let listed = TableScope::of_accounts(desired.accounts.values());
    let listed = listed.into_iter().filter(|scope| scope.roles.is_some()).map(|scope| scope.name);
    // Where a member is its own holder, numbers are objects.
    let roles = desired.accounts.values().filter_map(|account| account.service.link_roles());
    let own = roles.filter(|roles| roles.entry.is_none()).map(|roles| roles.holder);
    let kinds: BTreeSet<&str> = listed.chain(own).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    RunError::other(
        "telform::explain::unknown_address",
        format!(
            "the YAML does not declare {number}, and nothing that was read shows it: no connection and no listing of numbers"
        ),
        format!(
            "`telform get {}` lists the numbers that the services show; those of kinds that no file declares are not read",
            kinds.join(" ")
        ),
    )
}

fn unknown_address(inputs: &Inputs<'_>, address: &Address) -> RunError {
    let addresses = inputs
        .desired
        .objects
        .keys()
        .chain(inputs.desired.existing.keys())
        .chain(inputs.desired.number_entries.keys())
        .chain(inputs.desired.removed.iter().map(|gone| &gone.address))
        .chain(inputs.ledger.objects.keys());
    let names: Vec<String> = addresses.map(ToString::to_string).collect();
    let wanted = address.to_string();
    let near = nearest_name(&wanted, names.iter().map(String::as_str)).filter(|near| is_near(&wanted, near));
    let help = match near {
        Some(near) => format!("did you mean {near}? `telform ledger list` shows what is managed"),
        None if names.is_empty() => "nothing is declared and nothing is managed yet".to_owned(),
        None => "`telform ledger list` shows what is managed".to_owned(),
    };
    let help = if inputs.desired.kinds.contains(&address.kind) {
        help
    } else {
        format!("{help}; no file declares {}, so their live objects were not read", address.kind)
    };
    RunError::other(
        "telform::explain::unknown_address",
        format!("neither the YAML nor the ledger contains {address}, and no live object has this name"),
        help,
    )
}
