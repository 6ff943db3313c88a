//! `telform ledger rekey`: another fingerprint key. No service is asked.

use super::args::{Choice, RekeyArgs};
use super::book::loaded;
use super::embedded::made_up;
use super::exit::{Exit, Failure};
use super::lock;
use super::out::Out;
use super::session::{follow, place};
use crate::desired;
use crate::ledger::{CarriedOver, Key, LedgerError, Store, Supplied};
use crate::output::{self, Rekeyed, Subject};
use crate::plan::SANDBOX;
use crate::resource::{Address, Desired, Wanted};
use crate::secrets::{self, Resolved};
use crate::text::escape;
use crate::view::plural;

/// Where the key is.
const CURRENT: &str = "TELFORM_FINGERPRINT_KEY";
/// Where the new key is given.
const NEW: &str = "TELFORM_FINGERPRINT_KEY_NEW";

/// The new key, and what has to happen for the next command to find it.
struct New {
    key: Key,
    /// Text for the key file beside the ledger; none when the key is kept elsewhere.
    file: Option<String>,
}

pub(super) async fn run(out: &Out, args: &RekeyArgs) -> Result<Exit, Failure> {
    let mut desired = desired::load(&out.global.files)?.desired;
    let place = place(&out.global, &desired, &Choice::default());
    let store = Store::at(&place)?;
    loaded(&store).await?;
    let _lock = lock::take(out, &store, args.lock.wait()).await?;
    // Read again under the lock: another run may just have ended.
    let mut ledger = loaded(&store).await?;
    let sandbox = ledger.accounts.values().any(|account| account.base_url == SANDBOX);
    follow(&store, &mut ledger, &desired, sandbox)?;
    let given = variable(CURRENT);
    let old = match store.key(given.as_deref())? {
        Some(key) if given.is_some() => Some(key),
        Some(key) => Some(store.settled_key(&ledger, key, true)?),
        None => None,
    };
    let reads = old.as_ref().is_some_and(|old| ledger.readable_with(old));
    let (new, report) = if args.lost_key {
        if reads {
            return Err(Failure::other(
                "telform::ledger::rekey",
                "the key is not lost: it reads this ledger; nothing was changed",
                "leave --lost-key out, and what is supplied stays known",
            ));
        }
        // A key that was given reads nothing here, and is the one that is used from now on.
        let new = match given.as_deref().filter(|_| args.new_key_file.is_none() && variable(NEW).is_none()) {
            Some(text) => New { key: Key::from_text(text).map_err(LedgerError::from)?, file: None },
            None => new_key(&store, args, given.is_some())?,
        };
        let report = ledger.rekey_without(&new.key);
        (new, report)
    } else {
        let old = match old {
            Some(old) if reads => old,
            Some(_) => {
                return Err(no_key("the fingerprint key is not the one that this ledger was written with"));
            }
            None => return Err(no_key("there is no fingerprint key")),
        };
        let new = new_key(&store, args, given.is_some())?;
        if new.key.check() == old.check() {
            return Err(Failure::other(
                "telform::ledger::rekey",
                "the new key is the one that the ledger has",
                "give another one, such as the output of `openssl rand -hex 32`",
            ));
        }
        let env = |name: &str| variable(name);
        let resolved =
            secrets::resolve_without_tokens(&mut desired, &env, out.global.commands().as_ref(), &old)?;
        let supplied = |address: &Address, attribute: &str, key: &Key| {
            at_hand(&desired, &resolved, address, attribute, sandbox.then_some(key))
        };
        let report = ledger.rekey(&old, &new.key, &supplied);
        (new, report)
    };
    // A key for the ledger is on disk at every moment, see `ledger/rekey.rs`.
    if let Some(text) = &new.file {
        store.stage_key(text)?;
    }
    store.save(&mut ledger).await?;
    if new.file.is_some() {
        store.promote_key()?;
    } else if given.is_none() && store.key(None)?.is_some() {
        store.drop_key()?;
    }
    say(out, &store, &report, new.file.is_some(), given.is_none());
    Ok(Exit::Done)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn no_key(why: &str) -> Failure {
    Failure::other(
        "telform::ledger::rekey",
        format!("{why}, so nothing can be carried over; nothing was changed"),
        format!(
            "set {CURRENT} or restore the key file; where the old key is lost, `telform ledger rekey --lost-key` goes on with a new one"
        ),
    )
}

fn new_key(store: &Store, args: &RekeyArgs, from_environment: bool) -> Result<New, Failure> {
    if let Some(path) = &args.new_key_file {
        let (key, text) = store.key_from(path)?;
        return Ok(New { key, file: (!from_environment).then_some(text) });
    }
    if let Some(text) = variable(NEW) {
        return Ok(New { key: Key::from_text(&text).map_err(LedgerError::from)?, file: None });
    }
    if from_environment {
        return Err(Failure::other(
            "telform::ledger::rekey",
            format!("the key comes from {CURRENT}, which a new key file would not replace"),
            format!("give the new key in {NEW} or with --new-key-file, and set {CURRENT} to it afterwards"),
        ));
    }
    let text = Key::generate_text();
    Ok(New { key: Key::from_text(&text).map_err(LedgerError::from)?, file: Some(text) })
}

/// The secret of an entry of the ledger, under the address that the configuration has for it.
fn at_hand(
    desired: &Desired,
    resolved: &Resolved,
    address: &Address,
    attribute: &str,
    sandbox: Option<&Key>,
) -> Supplied {
    let renamed = desired.moved.iter().find(|rename| rename.from == *address).map(|rename| &rename.to);
    let address = renamed.unwrap_or(address);
    let declared = desired.objects.get(address).and_then(|object| object.attributes.get(attribute));
    let secret = resolved.vault.get(&(address.clone(), attribute.to_owned()));
    // The sandbox got what stands in for the secret.
    if let (Some(key), Some(Wanted::Secret(wanted))) = (sandbox, declared) {
        return Supplied::Secret(made_up(key, &address.kind, attribute, secret, &wanted.source));
    }
    if let Some(secret) = secret {
        return Supplied::Secret(secret.clone());
    }
    if matches!(declared, Some(Wanted::Secret(_))) { Supplied::Nothing } else { Supplied::NotDeclared }
}

fn say(out: &Out, store: &Store, report: &CarriedOver, in_file: bool, had_file: bool) {
    if out.global.json {
        let subject = |(address, attribute): &(Address, String)| Subject {
            address: address.to_string(),
            attribute: attribute.clone(),
        };
        let lost = report.lost.iter().map(|lost| output::CarriedOver {
            address: lost.address.to_string(),
            attribute: lost.attribute.clone(),
            because: lost.because.word().to_owned(),
        });
        return out.document(&Rekeyed {
            carried_over: report.carried.iter().map(subject).collect(),
            unknown: lost.collect(),
            key: if in_file { "file" } else { "environment" }.to_owned(),
        });
    }
    let count = report.carried.len();
    out.print(&format!("Carried over: {count} {}.\n", plural(count, "secrets")));
    if out.global.quiet {
        return;
    }
    if !report.lost.is_empty() {
        out.print(&format!("\nUnknown from now on ({}):\n", report.lost.len()));
    }
    for lost in &report.lost {
        let subject = escape(&format!("{} {}", lost.address, lost.attribute));
        out.print(&format!("  {subject}  {}\n", lost.because.text()));
    }
    let file = escape(&store.key_shown());
    out.print(&match (in_file, had_file) {
        (true, _) => format!("\nThe new key is in {file}; nothing is kept of the old one.\n"),
        (false, true) => format!(
            "\nSet {CURRENT} to the new key: without it the ledger cannot be compared. {file} held the old key and is removed.\n"
        ),
        (false, false) => format!("\nSet {CURRENT} to the new key: without it the ledger cannot be compared.\n"),
    });
}
