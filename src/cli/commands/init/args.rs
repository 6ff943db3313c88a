//! Options of `telform init`.

use clap::Args;
use std::path::PathBuf;

/// `telform init`.
#[derive(Debug, Args, Clone, Default)]
pub struct InitArgs {
    /// Write an example with its own simulated services
    #[arg(long, conflicts_with_all = ["accounts", "tokens", "settings", "adopt", "no_adopt", "no_check", "sandbox"])]
    pub quickstart: bool,
    /// An account and its service, repeatable
    ///
    /// Only the service if the account has the same name.
    #[arg(long = "account", value_name = "NAME=SERVICE")]
    pub accounts: Vec<String>,
    /// Source of an account's token [default: env:NAME_TOKEN]
    ///
    /// env:NAME, file:PATH or `command:PROGRAM ARGS`; never the token itself.
    #[arg(long = "token", value_name = "NAME=SOURCE", requires = "accounts")]
    pub tokens: Vec<String>,
    /// Another setting of an account
    ///
    /// Such as unpod.org_handle=acme.example.
    #[arg(long = "set", value_name = "NAME.KEY=VALUE", requires = "accounts")]
    pub settings: Vec<String>,
    /// Also adopt existing objects
    ///
    /// Writes their YAML below telform/.
    #[arg(long, conflicts_with = "no_adopt")]
    pub adopt: bool,
    /// Do not offer to adopt existing objects
    #[arg(long)]
    pub no_adopt: bool,
    /// Do not check the tokens at the services
    #[arg(long, conflicts_with = "adopt")]
    pub no_check: bool,
    /// Use the embedded simulator, started from this file
    ///
    /// The services of the accounts are not called.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}
