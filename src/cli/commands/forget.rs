//! `telform forget`: an address is released, and its object is left as it is.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{LockArgs, parse_address};
use crate::cli::commands::ledger::unknown;
use crate::cli::console::Console;
use crate::model::ledger::{AbandonedObject, Ledger, PendingCreate, UnansweredCreate};
use crate::model::resource::Address;
use crate::output::Forgotten;
use crate::plan::LedgerUpdate;
use crate::run::journal::change_ledger;
use crate::run::opened_ledger::{Access, OpenedLedger};
use crate::run::{Exit, RunError, lock};
use crate::services;
use crate::text::escape;

/// `telform forget`.
#[derive(Debug, Args, Clone)]
pub struct ForgetArgs {
    /// What to release
    #[arg(value_parser = parse_address)]
    pub address: Address,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// `telform forget`, which is `telform ledger forget` with the location of the ledger.
#[derive(Debug, Args, Clone)]
pub struct ForgetCommandArgs {
    /// What to release.
    #[command(flatten)]
    pub forget: ForgetArgs,
    /// The ledger that runs with --sandbox keep beside this world file
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// Removes an address from the ledger; its object is left as it is.
pub(crate) async fn run(out: &Console, args: &ForgetArgs) -> Result<Exit, RunError> {
    let address = &args.address;
    let book = OpenedLedger::find(&out.context(), Access::Write)?;
    book.read(&out.context()).await?;
    let _lock = lock::take_lock(&out.context(), &book.store, args.lock.timeout()).await?;
    let mut ledger = book.read(&out.context()).await?;
    let (known, attempt) = (ledger.objects.get(address).cloned(), ledger.attempts.contains_key(address));
    let hides = services::shapes_of_kind(&address.kind).iter().any(|kind| kind.hidden_until_verified);
    // For an interrupted move: this does not concern the object that is left behind.
    let stays = known.is_some() && attempt && hides;
    let known = known.filter(|_| !stays);
    if known.is_some() || attempt {
        let effects = vec![LedgerUpdate::Release {
            address: address.clone(),
            account: known.as_ref().map(|entry| entry.account.clone()),
            id: known.as_ref().map(|entry| entry.id.clone()),
        }];
        let release = |ledger: &mut Ledger| {
            if let Some(PendingCreate { account, key, since }) = ledger.attempts.remove(address) {
                // Whatever is decided about it now, an object that it may have created late is named when it appears.
                let (run, step, seals) = Default::default();
                ledger.watch_create(UnansweredCreate { address: address.clone(), account, key, since, run, step, seals });
            }
            if !stays {
                ledger.objects.remove(address);
            }
        };
        change_ledger(&out.context(), &book.store, &mut ledger, "forget", effects, release).await?;
    }
    let create = ledger.watched.iter().rev().find(|create| create.address == *address);
    let Some(entry) = known else {
        let Some(create) = create.filter(|_| !hides || attempt) else {
            return Err(unknown(&ledger, address));
        };
        if out.global.json {
            out.print_document(&Forgotten { address: address.to_string(), account: None, id: None, left: Vec::new() });
            return Ok(Exit::Done);
        }
        let text = if let Some(entry) = ledger.objects.get(address) {
            let (id, account) = (escape(&entry.id), escape(&entry.account));
            format!(
                "Noted: the create of {address} that was cut off made nothing. telform still manages {id} of account {account} as {address}; the same command once more releases that."
            )
        } else if hides {
            format!("Noted: the create of {address} that was cut off made nothing. The next apply creates it.")
        } else {
            format!(
                "Nothing to release: telform manages no object as {address}. {}",
                crate::run::opened_ledger::still_watched(create)
            )
        };
        out.print(&format!("{}\n", out.plan_detail().wrap_sentence(&text)));
        return Ok(Exit::Done);
    };
    // Objects that it replaced in interrupted runs are no longer managed, either.
    let former = entry.former.iter().map(|id| AbandonedObject { account: entry.account.clone(), id: id.clone() });
    let left: Vec<AbandonedObject> = entry.left_behind.iter().cloned().chain(former).collect();
    if out.global.json {
        out.print_document(&Forgotten {
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
    for AbandonedObject { account, id } in &left {
        text.push_str(&format!(" So does {} in account {}, whose place it took.", escape(id), escape(account)));
    }
    let text = match create.filter(|_| !hides) {
        Some(create) => format!("{text} {}", crate::run::opened_ledger::still_watched(create)),
        None => text,
    };
    out.print(&format!("{}\n", out.plan_detail().wrap_sentence(&text)));
    Ok(Exit::Done)
}
