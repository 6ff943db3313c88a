//! `telform ledger`: maintains the ledger. Nothing here writes to a service.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use litemap::LiteMap;

use super::forget::{self, ForgetArgs};
use crate::cli::console::Console;
use crate::model::ledger::{ManagedObject, ObjectOrigin};
use crate::model::resource::Address;
use crate::output::LedgerEntry;
use crate::run::{Exit, RunError};
use crate::services;

mod list;
mod r#move;
mod rebuild;
mod rekey;
mod show;
mod unlock;

use r#move::MoveArgs;
use rebuild::RebuildArgs;
use rekey::RekeyArgs;
use show::ShowObjectArgs;
use unlock::UnlockArgs;

/// `telform ledger`.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// Use the ledger next to this world file
    ///
    /// Runs with --sandbox keep it there.
    #[arg(long, value_name = "WORLD.yaml", global = true)]
    pub sandbox: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: LedgerCommand,
}

/// What `telform ledger` can do.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// List every managed object with its id
    #[command(after_help = "Examples:\n  telform ledger list\n  telform ledger list --json")]
    List,
    /// Show everything that is recorded about one object
    #[command(after_help = "Examples:\n  telform ledger show providers.twilio-main")]
    Show(ShowObjectArgs),
    /// Give an object another address, as `moved:` does
    #[command(after_help = "Examples:\n  telform ledger move providers.twilio providers.twilio-main")]
    Move(MoveArgs),
    /// Show who holds the lock, or free the lock of a dead run
    #[command(
        after_help = "Examples:\n  telform ledger unlock                 # who holds it, and since when\n  telform ledger unlock --lock-id ID    # frees only that lock"
    )]
    Unlock(UnlockArgs),
    /// Release an address without deleting its object, as `telform forget` does
    #[command(after_help = "Examples:\n  telform ledger forget providers.old-plivo")]
    Forget(ForgetArgs),
    /// Create a ledger from the YAML and the services, and report what could not be recovered
    #[command(
        after_help = "Examples:\n  telform ledger rebuild\n  telform ledger rebuild --replace    # keeps the old one next to it"
    )]
    Rebuild(RebuildArgs),
    /// Change the fingerprint key; supplied secrets stay known
    #[command(
        after_help = "Examples:\n  telform ledger rekey    # a new key file next to the ledger\n  TELFORM_FINGERPRINT_KEY_NEW=… telform ledger rekey    # then set it as the key\n  telform ledger rekey --lost-key    # the old key is lost\n\nSupply every secret, as for an apply: a fingerprint cannot be converted to another key without its secret. Secrets that are not supplied, or that differ from what telform last wrote, are listed and unknown afterwards. No service is read."
    )]
    Rekey(RekeyArgs),
}

pub(crate) async fn run(out: &Console, command: &LedgerCommand) -> Result<Exit, RunError> {
    match command {
        LedgerCommand::List => list::run(out).await,
        LedgerCommand::Show(args) => show::run(out, args).await,
        LedgerCommand::Move(args) => r#move::run(out, args).await,
        LedgerCommand::Unlock(args) => unlock::run(out, args).await,
        LedgerCommand::Forget(args) => forget::run(out, args).await,
        LedgerCommand::Rebuild(args) => rebuild::run(out, args).await,
        LedgerCommand::Rekey(args) => rekey::run(out, args).await,
    }
}

/// How an entry became managed, in a word; a number that is an entry existed before.
fn origin_word(address: &Address, entry: &ManagedObject) -> &'static str {
    match entry.origin {
        ObjectOrigin::Created if services::link_entry(&address.kind).is_some() => "connected",
        ObjectOrigin::Created => "created",
        ObjectOrigin::Adopted => "adopted",
    }
}

/// An entry for programs.
fn document<'a>(address: &Address, entry: &'a ManagedObject) -> LedgerEntry<'a> {
    fn names<V>(map: &LiteMap<String, V>) -> Vec<&str> {
        map.keys().map(String::as_str).collect()
    }
    LedgerEntry {
        address: address.to_string(),
        account: &entry.account,
        id: &entry.id,
        origin: entry.origin,
        since: &entry.since,
        key: &entry.key,
        secrets: names(&entry.secrets),
        prevent_delete: entry.prevent_delete,
        hidden_since: entry.hidden_since.as_deref(),
        submitted: names(&entry.submitted),
        reshaped: names(&entry.reshaped),
        not_taken: names(&entry.not_taken),
        former: &entry.former,
        replaced: &entry.replaced,
    }
}
