//! Options of `telform init`.

use clap::Args;
use std::path::PathBuf;

/// `telform init`.
#[derive(Debug, Args, Clone, Default)]
pub struct InitArgs {
    /// Write an example that runs against the sandbox, with its world
    #[arg(long, conflicts_with_all = ["accounts", "tokens", "settings", "adopt", "no_adopt", "no_check", "sandbox"])]
    pub quickstart: bool,
    /// An account and its service, repeatable; the service alone where the account is called the same
    #[arg(long = "account", value_name = "NAME=SERVICE")]
    pub accounts: Vec<String>,
    /// Where an account's token comes from: env:NAME, file:PATH or `command:PROGRAM ARGS`; never the token
    /// [default: env:NAME_TOKEN]
    #[arg(long = "token", value_name = "NAME=SOURCE", requires = "accounts")]
    pub tokens: Vec<String>,
    /// Another setting of an account, such as unpod.org_handle=acme.example
    #[arg(long = "set", value_name = "NAME.KEY=VALUE", requires = "accounts")]
    pub settings: Vec<String>,
    /// Take what exists under management: writes its YAML below telform/, too
    #[arg(long, conflicts_with = "no_adopt")]
    pub adopt: bool,
    /// Leave what exists alone, without asking
    #[arg(long)]
    pub no_adopt: bool,
    /// Do not ask the services whether they accept the tokens
    #[arg(long, conflicts_with = "adopt")]
    pub no_check: bool,
    /// Ask the embedded simulator, started from this world file, instead of the services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}
