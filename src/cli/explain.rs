//! `telform explain`: why something is changed, or is not. Nothing but GET.

use super::args::{Choice, ExplainArgs};
use super::exit::{Exit, Failure};
use super::out::Out;
use super::saved;
use super::session::{Purpose, Session};
use crate::backend;
use crate::explain::{Verdict, explain, known};
use crate::output;
use crate::plan::Inputs;
use crate::resource::{Address, Desired};
use crate::view;
use crate::view::json;

pub(super) async fn run(out: &Out, args: &ExplainArgs) -> Result<Exit, Failure> {
    let choice = Choice {
        targets: args.targets.clone(),
        excludes: args.excludes.clone(),
        accounts: args.accounts.clone(),
        sandbox: args.sandbox.clone(),
        ..Choice::default()
    };
    let purpose = if args.snapshot.is_some() { Purpose::Offline } else { Purpose::Plan };
    let session = Session::open(out, &choice, purpose).await?;
    let live = match &args.snapshot {
        Some(file) => saved::live(&session, file)?,
        None => session.read_whole().await?,
    };
    let plan = session.plan(&live)?;
    let inputs = Inputs {
        desired: &session.desired,
        live: &live,
        ledger: &session.ledger,
        key: &session.key,
        options: &session.options,
    };
    let (address, attribute) = divided(&inputs, &args.address);
    let (address, renamed) = renamed(&session.desired, address);
    if let Some(attribute) = &attribute {
        check_attribute(&session.desired, &address, attribute)?;
    }
    let Some(explained) = explain(&inputs, &plan, &address, attribute.as_deref()) else {
        return Err(unknown(&inputs, &args.address));
    };
    if out.global.json {
        out.print(&json::pretty(&output::document(&explained)));
        return Ok(Exit::Done);
    }
    if let Some(place) = renamed.filter(|_| !out.global.quiet && explained.verdict != Verdict::Unmanaged) {
        out.print(&format!("{} is called {address} since the rename at {place}.\n\n", args.address));
    }
    if out.global.quiet {
        let whole = view::explain::explanation(&explained, out.reading());
        out.print(whole.split_inclusive('\n').next().unwrap_or_default());
        return Ok(Exit::Done);
    }
    let detail = view::text::Detail { columns: out.width(), ..out.reading() };
    out.print(&view::explain::explanation(&explained, detail));
    Ok(Exit::Done)
}

/// Names may hold dots, so an address that is known whole is one; else what stands behind the last dot is an attribute, when
/// the rest is known.
fn divided(inputs: &Inputs<'_>, whole: &Address) -> (Address, Option<String>) {
    let known = |address: &Address| {
        known(inputs, address) || inputs.desired.moved.iter().any(|moved| moved.from == *address)
    };
    if !known(whole)
        && let Some((name, attribute)) = whole.name.rsplit_once('.')
        && known(&Address::new(&whole.kind, name))
    {
        return (Address::new(&whole.kind, name), Some(attribute.to_owned()));
    }
    (whole.clone(), None)
}

/// The address that an object has now, and where it was renamed.
fn renamed(desired: &Desired, address: Address) -> (Address, Option<String>) {
    match desired.moved.iter().find(|moved| moved.from == address) {
        Some(moved) => (moved.to.clone(), Some(moved.place.to_string())),
        None => (address, None),
    }
}

fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.min_by_key(|name| strsim::damerau_levenshtein(name, wanted))
}

fn check_attribute(desired: &Desired, address: &Address, attribute: &str) -> Result<(), Failure> {
    let shapes = backend::shapes(&address.kind);
    let mut names: Vec<&str> =
        shapes.iter().flat_map(|kind| kind.fields.iter().map(|field| field.name)).collect();
    names.sort_unstable();
    names.dedup();
    if names.contains(&attribute) && desired.objects.contains_key(address) {
        return Ok(());
    }
    if names.contains(&attribute) {
        return Err(Failure::other(
            "telform::explain::not_declared",
            format!("the YAML does not declare {address}, so nothing is compared attribute by attribute"),
            format!("`telform explain {address}` says what happens to it"),
        ));
    }
    let near = nearest(attribute, names.iter().copied()).unwrap_or_default();
    Err(Failure::other(
        "telform::explain::unknown_attribute",
        format!("{} have no attribute `{attribute}`", address.kind),
        format!("did you mean `{near}`? They have {}", names.join(", ")),
    ))
}

fn unknown(inputs: &Inputs<'_>, address: &Address) -> Failure {
    let addresses = inputs
        .desired
        .objects
        .keys()
        .chain(inputs.desired.removed.iter().map(|gone| &gone.address))
        .chain(inputs.ledger.objects.keys());
    let names: Vec<String> = addresses.map(ToString::to_string).collect();
    let near = nearest(&address.to_string(), names.iter().map(String::as_str));
    let help = near.map_or_else(
        || "nothing is declared and nothing is managed yet".to_owned(),
        |near| format!("did you mean {near}? `telform ledger list` shows what is managed"),
    );
    let help = if inputs.desired.kinds.contains(&address.kind) {
        help
    } else {
        format!("{help}; no file mentions {}, so their live objects were not looked at", address.kind)
    };
    Failure::other(
        "telform::explain::unknown_address",
        format!("neither the YAML nor the ledger knows {address}, and no live object is called so"),
        help,
    )
}
