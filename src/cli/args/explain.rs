//! Options of `telform explain`.

use std::path::PathBuf;

use clap::Args;

use super::address;
use crate::resource::Address;

/// `telform explain`.
#[derive(Debug, Args, Clone)]
pub struct ExplainArgs {
    /// Address of an object, or of one attribute of it
    #[arg(value_name = "ADDRESS[.ATTRIBUTE]", value_parser = address)]
    pub address: Address,
    /// As a plan with this target would have it, repeatable
    #[arg(long = "target", value_name = "ADDRESS", value_parser = address)]
    pub targets: Vec<Address>,
    /// As a plan without this address would have it, repeatable
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = address)]
    pub excludes: Vec<Address>,
    /// Only this account, repeatable; `*` stands for anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// From a kept snapshot instead of asking the services
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Against the embedded simulator, started from this world file
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}
