//! `telform forget`: an address is let go, and its object stays as it is.

use super::args::ForgetArgs;
use super::book::{Book, Intent};
use super::exit::{Exit, Failure};
use super::journal::change_ledger;
use super::ledger::unknown;
use super::lock;
use super::out::Out;
use crate::backend;
use crate::ledger::{Attempt, Ledger, LeftBehind, Watched};
use crate::output::Forgotten;
use crate::plan::LedgerEffect;
use crate::text::escape;

/// Takes an address out of the ledger; its object stays as it is.
pub(super) async fn run(out: &Out, args: &ForgetArgs) -> Result<Exit, Failure> {
    let address = &args.address;
    let book = Book::find(out, Intent::Change)?;
    book.read().await?;
    let _lock = lock::take(out, &book.store, args.lock.wait()).await?;
    let mut ledger = book.read().await?;
    let (known, attempt) = (ledger.objects.get(address).cloned(), ledger.attempts.contains_key(address));
    let hides = backend::shapes(&address.kind).iter().any(|kind| kind.hidden_until_verified);
    // Of what moves and was cut off: the object that it leaves is not what is decided about.
    let stays = known.is_some() && attempt && hides;
    let known = known.filter(|_| !stays);
    if known.is_some() || attempt {
        let effects = vec![LedgerEffect::Release {
            address: address.clone(),
            account: known.as_ref().map(|entry| entry.account.clone()),
            id: known.as_ref().map(|entry| entry.id.clone()),
        }];
        let release = |ledger: &mut Ledger| {
            if let Some(Attempt { account, key, since }) = ledger.attempts.remove(address) {
                // Whatever is said about it now: what it may have made late is named when it shows up.
                let (run, step, seals) = Default::default();
                ledger.watch(Watched { address: address.clone(), account, key, since, run, step, seals });
            }
            if !stays {
                ledger.objects.remove(address);
            }
        };
        change_ledger(&book.store, &mut ledger, "forget", effects, release).await?;
    }
    let create = ledger.watched.iter().rev().find(|create| create.address == *address);
    let Some(entry) = known else {
        let Some(create) = create.filter(|_| !hides || attempt) else {
            return Err(unknown(&ledger, address));
        };
        if out.global.json {
            out.document(&Forgotten {
                address: address.to_string(),
                account: None,
                id: None,
                left: Vec::new(),
            });
            return Ok(Exit::Done);
        }
        let text = if let Some(entry) = ledger.objects.get(address) {
            let (id, account) = (escape(&entry.id), escape(&entry.account));
            format!(
                "Noted: the create of {address} that was cut off made nothing. telform still manages {id} of account {account} as {address}; the same command once more releases that."
            )
        } else if hides {
            format!(
                "Noted: the create of {address} that was cut off made nothing. The next apply creates it."
            )
        } else {
            format!(
                "Nothing to release: telform manages no object as {address}. {}",
                super::book::still_watched(create)
            )
        };
        out.print(&format!("{}\n", out.reading().wrap(&text, 0).join("\n")));
        return Ok(Exit::Done);
    };
    // What it took the place of, in runs that were cut off, is not managed any more either.
    let former = entry.former.iter().map(|id| LeftBehind { account: entry.account.clone(), id: id.clone() });
    let left: Vec<LeftBehind> = entry.left_behind.iter().cloned().chain(former).collect();
    if out.global.json {
        out.document(&Forgotten {
            address: address.to_string(),
            account: Some(entry.account.clone()),
            id: Some(entry.id.clone()),
            left,
        });
        return Ok(Exit::Done);
    }
    let mut text = format!(
        "Released {address}: {} in account {} stays as it is, and telform no longer manages it.",
        escape(&entry.id),
        escape(&entry.account)
    );
    for LeftBehind { account, id } in &left {
        text.push_str(&format!(
            " So does {} in account {}, whose place it took.",
            escape(id),
            escape(account)
        ));
    }
    let text = match create.filter(|_| !hides) {
        Some(create) => format!("{text} {}", super::book::still_watched(create)),
        None => text,
    };
    out.print(&format!("{}\n", out.reading().wrap(&text, 0).join("\n")));
    Ok(Exit::Done)
}
