//! `telform forget`: an address is released, and its object is left as it is.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{LockArgs, parse_address};
use crate::cli::console::Console;
use crate::model::ledger::AbandonedObject;
use crate::model::resource::Address;
use crate::output::Forgotten;
use crate::run::maintenance::{ReleasedAddress, release_address};
use crate::run::{Exit, RunError};
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
    /// Use the ledger next to this world file
    ///
    /// Runs with --sandbox keep it there.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// Releases the address, and says what stays.
pub(crate) async fn run(out: &Console, args: &ForgetArgs) -> Result<Exit, RunError> {
    let done = release_address(&out.context(), &args.address, args.lock.timeout()).await?;
    if out.global.json {
        out.print_document(&Forgotten {
            address: args.address.to_string(),
            account: done.released.as_ref().map(|entry| entry.account.clone()),
            id: done.released.as_ref().map(|entry| entry.id.clone()),
            left: done.left,
        });
    } else {
        out.print(&format!("{}\n", out.plan_detail().wrap_sentence(&describe(&args.address, &done))));
    }
    Ok(Exit::Done)
}

fn describe(address: &Address, done: &ReleasedAddress) -> String {
    let create = done.watched.as_ref().map(|create| (escape(&create.describe_create()), escape(&create.account)));
    let late = create.as_ref().map(|(sent, account)| {
        format!(
            " Its create of {sent} got no answer and may have been carried out late, so its natural key stays watched: it is not sent again before `settle_after` of account {account} has passed since then."
        )
    });
    let late = late.unwrap_or_default();
    if let Some(entry) = &done.released {
        let (id, account) = (escape(&entry.id), escape(&entry.account));
        let mut text = format!("Released {address}: {id} in account {account} stays as it is, and telform no longer manages it.");
        for AbandonedObject { account, id } in &done.left {
            text.push_str(&format!(" So does {} in account {}, which it replaced.", escape(id), escape(account)));
        }
        if let Some(place) = &done.declared_at {
            let place = escape(place);
            let next = match done.hidden_until_verified {
                false => "or the next apply manages it again",
                true => {
                    "or the next apply manages it again if the service lists it, and creates another one if it waits to be verified, because no listing shows it then"
                }
            };
            text.push_str(&format!(" Its entry at {place} remains: remove it too, {next}."));
        }
        return text + &late;
    }
    if !done.created_nothing {
        return format!("Nothing to release: telform does not manage an object as {address}.{late}");
    }
    let noted = format!("Recorded: the interrupted create of {address} created nothing.");
    match &done.still_managed {
        Some(entry) => format!(
            "{noted} telform still manages {} of account {} as {address}; run the same command again to release it.",
            escape(&entry.id),
            escape(&entry.account)
        ),
        None => {
            let (sent, account) = create.unwrap_or_default();
            format!(
                "{noted} An apply creates it, but not before `settle_after` of account {account} has passed since {sent}: until then the first request may still be running."
            )
        }
    }
}
