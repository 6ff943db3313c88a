//! Options of `telform ledger`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ForgetArgs, LockArgs, address};
use crate::resource::Address;

/// `telform ledger`.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// The ledger that runs with --sandbox keep beside this world file
    #[arg(long, value_name = "WORLD.yaml", global = true)]
    pub sandbox: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: LedgerCommand,
}

/// What `telform ledger` can do.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Every managed object with its id
    #[command(after_help = "Examples:\n  telform ledger list\n  telform ledger list --json")]
    List,
    /// All that is remembered about one object
    #[command(after_help = "Examples:\n  telform ledger show providers.twilio-main")]
    Show(ShowArgs),
    /// Give an object another address, as `moved:` does
    #[command(after_help = "Examples:\n  telform ledger move providers.twilio providers.twilio-main")]
    Move(MoveArgs),
    /// Show who has the lock, or free one whose run is gone
    #[command(
        after_help = "Examples:\n  telform ledger unlock                 # who has it, and since when\n  telform ledger unlock --lock-id ID    # frees that lock and no other"
    )]
    Unlock(UnlockArgs),
    /// Release an address without deleting its object, as `telform forget` does
    #[command(after_help = "Examples:\n  telform ledger forget providers.old-plivo")]
    Forget(ForgetArgs),
    /// Make a ledger from the YAML and the services alone, and say what could not be known
    #[command(
        after_help = "Examples:\n  telform ledger rebuild\n  telform ledger rebuild --replace    # keeps the old one beside it"
    )]
    Rebuild(RebuildArgs),
    /// Change the fingerprint key; what is known about the secrets that are supplied now stays known
    #[command(
        after_help = "Examples:\n  telform ledger rekey    # a new key file beside the ledger\n  TELFORM_FINGERPRINT_KEY_NEW=… telform ledger rekey    # then set it as the key\n  telform ledger rekey --lost-key    # the old key is gone\n\nSupply every secret, as for an apply: a fingerprint cannot be turned into one of another key without its secret. What is not supplied, or is not what telform last wrote, is unknown afterwards and listed. No service is asked."
    )]
    Rekey(RekeyArgs),
}

/// `telform ledger show`.
#[derive(Debug, Args, Clone)]
pub struct ShowArgs {
    /// Which object
    #[arg(value_parser = address)]
    pub address: Address,
}

/// `telform ledger move`.
#[derive(Debug, Args, Clone)]
pub struct MoveArgs {
    /// The address that it has
    #[arg(value_parser = address)]
    pub from: Address,
    /// The address that it gets
    #[arg(value_parser = address)]
    pub to: Address,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// `telform ledger unlock`.
#[derive(Debug, Args, Clone)]
pub struct UnlockArgs {
    /// Free the lock that has this id
    #[arg(long, value_name = "ID")]
    pub lock_id: Option<String>,
}

/// `telform ledger rekey`.
#[derive(Debug, Args, Clone)]
pub struct RekeyArgs {
    /// Take the new key from this file, which only its owner may read [default: the environment, else a new random one]
    #[arg(long, value_name = "FILE")]
    pub new_key_file: Option<PathBuf>,
    /// The old key is lost: go on with a new one. Every write-only secret is unknown until it is written once more
    #[arg(long)]
    pub lost_key: bool,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// `telform ledger rebuild`.
#[derive(Debug, Args, Clone)]
pub struct RebuildArgs {
    /// Put it in the place of the ledger that is there, which is kept beside it
    #[arg(long)]
    pub replace: bool,
    /// Only this account, repeatable; `*` stands for anything. What the ledger that is there knows of the others is kept
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}
