//! Options of `telform adopt`.

use crate::cli::args::{LockArgs, parse_address};
use crate::model::resource::Address;
use clap::Args;
use std::path::PathBuf;

/// `telform adopt`.
#[derive(Debug, Args, Clone)]
pub struct AdoptArgs {
    /// Its address from now on; where the YAML declares it already, only the ledger is written
    #[arg(value_parser = parse_address, requires = "id", required_unless_present = "all", conflicts_with = "all")]
    pub address: Option<Address>,
    /// Its identity at the service: a number, a partner_sid, the slug of a bridge
    pub id: Option<String>,
    /// Every object that no address claims
    #[arg(long, requires = "out")]
    pub all: bool,
    /// Only this account, repeatable; `*` matches anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Only this kind: providers, bridges or partners
    #[arg(long, value_name = "KIND", value_parser = kind, requires = "all")]
    pub kind: Option<String>,
    /// Folder for the files; an existing file with other content is never overwritten
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

fn kind(text: &str) -> Result<String, String> {
    let kinds = crate::services::kind_names();
    if kinds.contains(&text) { Ok(text.to_owned()) } else { Err(format!("the kinds are {}", kinds.join(", "))) }
}
