//! Options of `telform adopt`, `drift` and `forget`.

use std::path::PathBuf;

use clap::Args;

use super::{LockArgs, address};
use crate::resource::Address;

/// `telform adopt`.
#[derive(Debug, Args, Clone)]
pub struct AdoptArgs {
    /// Its address from now on; where the YAML declares it already, only the ledger is written
    #[arg(value_parser = address, requires = "id", required_unless_present = "all", conflicts_with = "all")]
    pub address: Option<Address>,
    /// Its identity at the service: a number, a partner_sid, the slug of a bridge
    pub id: Option<String>,
    /// Every object that no address claims
    #[arg(long, requires = "out")]
    pub all: bool,
    /// Only this account, repeatable; `*` stands for anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Only this kind: providers, bridges or partners
    #[arg(long, value_name = "KIND", value_parser = kind, requires = "all")]
    pub kind: Option<String>,
    /// Folder for the files; a file that is there and says something else is never overwritten
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// `telform drift`.
#[derive(Debug, Args, Clone)]
pub struct DriftArgs {
    /// Only this address, repeatable
    #[arg(long = "target", value_name = "ADDRESS", value_parser = address)]
    pub targets: Vec<Address>,
    /// Only this account, repeatable; `*` stands for anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Write the values that are there into the YAML; comments and the order of the file stay
    #[arg(long)]
    pub accept: bool,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// `telform forget`.
#[derive(Debug, Args, Clone)]
pub struct ForgetArgs {
    /// What to release
    #[arg(value_parser = address)]
    pub address: Address,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// `telform forget`, which is `telform ledger forget` with the place of the ledger.
#[derive(Debug, Args, Clone)]
pub struct ReleaseArgs {
    /// What to release.
    #[command(flatten)]
    pub forget: ForgetArgs,
    /// The ledger that runs with --sandbox keep beside this world file
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

fn kind(text: &str) -> Result<String, String> {
    let kinds = crate::backend::kind_names();
    if kinds.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(format!("the kinds are {}", kinds.join(", ")))
    }
}
