//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use super::commands::Command;
use crate::model::resource::{Address, AddressPattern};
use crate::process::parse_variable_name;
use crate::run::RunOptions;
use crate::services;
use crate::text::{escape, fits_pattern, is_e164, normalize_phone_number};

mod choice;
mod document;
mod format;
mod guards;
pub(crate) mod lock;
mod policy;
mod run;
mod signing;

pub(crate) use choice::{PlanSelectionArgs, SelectionArgs, choice_options};
pub(crate) use document::{FormatArgs, OutArgs, PlanOnlyArgs, PlanOutputArgs};
pub(crate) use format::{
    CheckFormat, ComparisonFormat, DriftFormat, FormatTarget, GraphFormat, InventoryFormat, ListsFindings, PlanFormat,
    ReportArgs, ReportFormat, RunFormat, format_names,
};
pub(crate) use guards::{GuardArgs, parse_count};
pub(crate) use lock::LockArgs;
pub(crate) use policy::PolicyArgs;
pub(crate) use run::{CarryOutArgs, RunArgs};
pub(crate) use signing::{SignArgs, SignersArgs, TrustArgs};

/// Plan and apply for telephony: Unpod, CarrierX and Telnyx.
#[derive(Debug, Parser)]
#[command(name = "telform", version, about, long_about = None, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "First run, no account needed:\n  telform init --quickstart\n  telform plan --sandbox world.yaml\n  telform apply --sandbox world.yaml\n\nExit codes: 0 done, 1 failed before any write, 2 changes pending (--detailed-exitcode), 3 refused, 4 stale, 5 applied in part, 6 applied but not converged, 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// Options of every command.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Options of every command")]
pub struct GlobalArgs {
    /// YAML file or folder, or - for standard input
    ///
    /// Repeatable [default: ./telform.yaml, else every YAML file under ./telform/].
    #[arg(short, long = "file", value_name = "PATH", global = true)]
    pub files: Vec<PathBuf>,
    /// Where the ledger is: a file, s3://, gs:// or az://
    ///
    /// [default: .telform/ledger.json, or `ledger:` in the YAML].
    #[arg(long, value_name = "PLACE", global = true, env = "TELFORM_LEDGER")]
    pub ledger: Option<String>,
    /// Run as if started in this folder
    ///
    /// Other paths are relative to it; repeatable, each relative to the one before.
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true, action = clap::ArgAction::Append)]
    pub directory: Vec<PathBuf>,
    /// Colour
    ///
    /// `auto` depends on the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: Color,
    /// Show more: every request and its reason
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Show only the result
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print JSON for programs
    ///
    /// One document, or one event per line while a plan is applied.
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask; a question is an error
    ///
    /// Implied without a terminal, or with CI=true.
    #[arg(long, global = true)]
    pub non_interactive: bool,
    /// Allow telform to run the programs that the YAML names
    ///
    /// Secrets from `{command: […]}`, and `policy`.
    #[arg(long, global = true)]
    pub allow_commands: bool,
    /// Pass this variable to programs that provide secrets
    ///
    /// In addition to PATH, HOME, TMPDIR and the language; repeatable.
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        env = "TELFORM_SECRET_COMMAND_ENV",
        value_delimiter = ',',
        value_parser = parse_variable_name
    )]
    pub secret_command_env: Vec<String>,
    /// Read secrets only from these variables, repeatable
    ///
    /// `*` and `?` match other characters.
    #[arg(long, value_name = "PATTERN", global = true, env = "TELFORM_SECRET_ENV", value_delimiter = ',')]
    pub secret_env: Vec<String>,
    /// Read secrets only from files below this folder, repeatable
    #[arg(long, value_name = "FOLDER", global = true, env = "TELFORM_SECRET_DIR", value_delimiter = ',')]
    pub secret_dir: Vec<String>,
    /// World whose ledger is meant.
    #[arg(skip)]
    pub world: Option<PathBuf>,
    /// Send tokens only to the services' hosts and this one
    ///
    /// In addition to the services' own hosts. Repeatable: `gateway.example`, `*.example`, `gateway.example:8443`.
    #[arg(long, value_name = "HOST", global = true, env = "TELFORM_ALLOW_HOST", value_delimiter = ',')]
    pub allow_host: Vec<String>,
    /// Refuse a journal without this line
    ///
    /// Such a journal is older or a different one. Each run prints the line at its end.
    #[arg(long, value_name = "SHA", global = true, env = "TELFORM_JOURNAL_HEAD", value_parser = crate::run::parse_head)]
    pub journal_head: Option<String>,
    /// Keep that line in this file
    ///
    /// It is read if it exists. A run that writes to the journal updates it.
    #[arg(long, value_name = "FILE", global = true, env = "TELFORM_JOURNAL_HEAD_FILE")]
    pub journal_head_file: Option<PathBuf>,
}

impl GlobalArgs {
    /// What a run is given of them.
    pub(crate) fn run_options(&self) -> RunOptions {
        RunOptions {
            files: self.files.clone(),
            ledger: self.ledger.clone(),
            world: self.world.clone(),
            allow_commands: self.allow_commands,
            secret_command_env: self.secret_command_env.clone(),
            secret_env: self.secret_env.clone(),
            secret_dir: self.secret_dir.clone(),
            allow_host: self.allow_host.clone(),
            journal_head: self.journal_head.clone(),
            journal_head_file: self.journal_head_file.clone(),
            command_line: std::env::args().collect(),
        }
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Where a terminal wants it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What an address looks like; that of a number has its kind before it.
fn address_example(text: &str) -> String {
    let entry = services::tables().iter().find_map(|service| service.link_entry());
    let number = entry.zip(Some(normalize_phone_number(text)).filter(|number| is_e164(number)));
    let number = number.map(|(entry, number)| format!(", that of a number's own entry like {}.{number}", entry.kind));
    format!("an address looks like providers.twilio-main{}", number.unwrap_or_default())
}

/// An address of a kind that there is, or a pattern of such addresses.
pub(crate) fn parse_pattern(text: &str) -> Result<AddressPattern, String> {
    let pattern = AddressPattern::parse(text);
    let pattern = pattern.ok_or_else(|| format!("{}, and a pattern like 'providers.twilio-*'", address_example(text)))?;
    let kinds = services::address_kinds();
    if kinds.iter().any(|kind| fits_pattern(pattern.kind(), kind)) {
        Ok(pattern)
    } else {
        Err(format!("`{}` is not a kind; the kinds are {}", escape(pattern.kind()), kinds.join(", ")))
    }
}

/// An address of a kind that there is.
pub(crate) fn parse_address(text: &str) -> Result<Address, String> {
    let address = Address::parse(text).ok_or_else(|| address_example(text))?;
    let kinds = services::address_kinds();
    if kinds.contains(&address.kind.as_str()) {
        Ok(address)
    } else {
        Err(format!("`{}` is not a kind; the kinds are {}", escape(&address.kind), kinds.join(", ")))
    }
}
