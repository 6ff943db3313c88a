//! Options of `telform plan` and `telform apply`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::format::{PlanFormat, Target};
use super::lock::duration;
use super::{LockArgs, PolicyArgs, address};
use crate::resource::Address;

/// Options that choose what a plan is about.
#[derive(Debug, Args, Clone, Default)]
pub struct Choice {
    /// Only this address and what it needs, repeatable
    #[arg(long = "target", value_name = "ADDRESS", value_parser = address)]
    pub targets: Vec<Address>,
    /// Not this address, repeatable
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = address)]
    pub excludes: Vec<Address>,
    /// Only this account, repeatable; `*` stands for anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Delete everything that the configuration names
    #[arg(long)]
    pub destroy: bool,
    /// Allow this many deletes in this run, over all accounts [default: 0, or guards.max_deletes]
    #[arg(long, value_name = "N")]
    pub max_deletes: Option<u64>,
    /// Allow deletes of this share of a kind's objects in this run, in each account and over all
    #[arg(long, value_name = "PERCENT")]
    pub max_delete_percent: Option<u64>,
    /// Allow this many numbers to lose their connection in this run [default: 0, or guards.max_numbers_dark]
    #[arg(long, value_name = "N")]
    pub max_numbers_dark: Option<u64>,
    /// Allow deletes of configurations in this run while this many bridges of the account cannot be read [default: 0]
    #[arg(long, value_name = "N")]
    pub max_unreadable_bridges: Option<u64>,
    /// Write a secret again although nobody knows whether it changed: ADDRESS or ADDRESS.ATTRIBUTE, repeatable
    #[arg(long = "rewrite-secret", value_name = "ADDRESS[.ATTRIBUTE]", value_parser = secret)]
    pub rewrite_secrets: Vec<(Address, Option<String>)>,
    /// Send again what the service did not take when it was sent before: ADDRESS or ADDRESS.ATTRIBUTE, repeatable
    #[arg(long = "resend", value_name = "ADDRESS[.ATTRIBUTE]", value_parser = secret)]
    pub resend: Vec<(Address, Option<String>)>,
    /// Create this object although a live one has a login, slug or name that differs only in letter case, spaces or Unicode
    /// form, repeatable
    #[arg(long = "allow-similar", value_name = "ADDRESS", value_parser = address)]
    pub allow_similar: Vec<Address>,
    /// Delete configurations in this run although bridges of products that the account does not name were not looked at
    #[arg(long)]
    pub allow_unseen_products: bool,
    /// Run against the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// It comes from a saved plan, not from the command line.
    #[arg(skip)]
    pub saved: bool,
}

/// Options of [`Choice`] that a saved plan says itself; where it is applied is not one of them.
const CHOICE: [&str; 12] = [
    "targets",
    "excludes",
    "accounts",
    "destroy",
    "max_deletes",
    "max_delete_percent",
    "max_numbers_dark",
    "max_unreadable_bridges",
    "rewrite_secrets",
    "resend",
    "allow_similar",
    "allow_unseen_products",
];

/// `telform plan`.
#[derive(Debug, Args, Clone)]
pub struct PlanArgs {
    /// What the plan is about.
    #[command(flatten)]
    pub choice: Choice,
    /// How to print it, repeatable: text, json, markdown, html, terraform-json, github or gitlab; with =FILE into a file. At
    /// most one goes to standard output [default: text]
    #[arg(long = "format", value_name = "FORMAT[=FILE]")]
    pub formats: Vec<Target<PlanFormat>>,
    /// Offer the digest in a Markdown comment although this many addresses and numbers are not shown in it [default: 0]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub max_unshown: u64,
    /// Exit with 2 when something is pending
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Save the plan, for `telform apply FILE`, `show` and `verify`; it holds no secret
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Keep what the services answered, without secrets, so that --snapshot can plan from it again
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    pub snapshot_out: Option<PathBuf>,
    /// Plan from a kept snapshot instead of asking the services: no network, no tokens, the same bytes
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Programs that judge it.
    #[command(flatten)]
    pub policies: PolicyArgs,
}

/// `telform show`.
#[derive(Debug, Args, Clone)]
pub struct ShowPlanArgs {
    /// A plan that `telform plan --out` saved
    pub plan: PathBuf,
    /// How to print it, repeatable, as for `telform plan` [default: text]
    #[arg(long = "format", value_name = "FORMAT[=FILE]")]
    pub formats: Vec<Target<PlanFormat>>,
    /// Offer the digest in a Markdown comment although this many addresses and numbers are not shown in it [default: 0]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub max_unshown: u64,
}

/// `telform apply`.
#[derive(Debug, Args, Clone)]
pub struct ApplyArgs {
    /// A saved plan: plans again as it was planned, and runs only if nothing moved, else exits with 4
    #[arg(value_name = "PLAN", conflicts_with_all = CHOICE, conflicts_with = "expect")]
    pub plan: Option<PathBuf>,
    /// What the plan is about.
    #[command(flatten)]
    pub choice: Choice,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// Run only if the plan has this digest, else exit with 4: what was reviewed is what runs
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// How it is carried out.
    #[command(flatten)]
    pub run: RunArgs,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// How a plan is carried out.
#[derive(Debug, Args, Clone)]
pub struct RunArgs {
    /// Most writes at the same time in each account, where fewer than the account allows are wanted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: Option<u16>,
    /// What happens to the rest when a step fails
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    pub on_error: WhenFailed,
    /// When the run ends in part, connect numbers again that were cut for a step that did not happen, where their configuration
    /// is still there [default: on]
    #[arg(long, overrides_with = "no_reconnect_on_failure")]
    pub reconnect_on_failure: bool,
    /// Leave them cut off
    #[arg(long)]
    pub no_reconnect_on_failure: bool,
    /// Programs that judge the plan.
    #[command(flatten)]
    pub policies: PolicyArgs,
}

/// `telform resume`.
#[derive(Debug, Args, Clone)]
pub struct ResumeArgs {
    /// Wait this long for a create that got no answer to show up or to be over, such as 90s or 10m [default: 0, say until when it
    /// may still be running]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub settle_timeout: Option<Duration>,
    /// What the plan is about.
    #[command(flatten)]
    pub choice: Choice,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// How it is carried out.
    #[command(flatten)]
    pub run: RunArgs,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// `telform rehearse`.
#[derive(Debug, Args, Clone)]
pub struct RehearseArgs {
    /// A saved plan: rehearsed only if nothing moved since, as `telform apply PLAN` would run it
    #[arg(value_name = "PLAN", conflicts_with_all = CHOICE)]
    pub plan: Option<PathBuf>,
    /// What goes wrong, as the simulator's world files say it: YAML, or a file of it; repeatable. Each account has a simulator of
    /// its own, and each counts its own requests
    #[arg(long = "fault", value_name = "YAML|FILE")]
    pub faults: Vec<String>,
    /// What the plan is about.
    #[command(flatten)]
    pub choice: Choice,
    /// How it is carried out.
    #[command(flatten)]
    pub run: RunArgs,
}

/// `telform undo`.
#[derive(Debug, Args, Clone)]
pub struct UndoArgs {
    /// Which run of the journal: its id, the beginning of it, or `last`
    #[arg(value_name = "RUN")]
    pub of: String,
    /// Take back only what this address and what it needs got, repeatable
    #[arg(long = "target", value_name = "ADDRESS", value_parser = address)]
    pub targets: Vec<Address>,
    /// Leave this address as it is, repeatable
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = address)]
    pub excludes: Vec<Address>,
    /// Only this account, repeatable; `*` stands for anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Allow this many deletes in this run, over all accounts [default: 0, or guards.max_deletes]
    #[arg(long, value_name = "N")]
    pub max_deletes: Option<u64>,
    /// Allow deletes of this share of a kind's objects in this run, in each account and over all
    #[arg(long, value_name = "PERCENT")]
    pub max_delete_percent: Option<u64>,
    /// Allow this many numbers to lose their connection in this run [default: 0, or guards.max_numbers_dark]
    #[arg(long, value_name = "N")]
    pub max_numbers_dark: Option<u64>,
    /// Allow deletes of configurations in this run while this many bridges of the account cannot be read [default: 0]
    #[arg(long, value_name = "N")]
    pub max_unreadable_bridges: Option<u64>,
    /// Make this object again although a live one has a login, slug or name that differs only in letter case, spaces or Unicode
    /// form, repeatable
    #[arg(long = "allow-similar", value_name = "ADDRESS", value_parser = address)]
    pub allow_similar: Vec<Address>,
    /// Delete configurations in this run although bridges of products that the account does not name were not looked at
    #[arg(long)]
    pub allow_unseen_products: bool,
    /// Run against the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// How it is carried out.
    #[command(flatten)]
    pub run: RunArgs,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// What happens to the rest when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhenFailed {
    /// Start nothing new.
    Stop,
    /// Go on with what does not depend on it.
    Continue,
}

/// A name may have dots in it, so where an attribute begins is known when the configuration is; `ADDRESS:ATTRIBUTE` leaves
/// no doubt.
fn secret(text: &str) -> Result<(Address, Option<String>), String> {
    match text.split_once(':') {
        Some((left, attribute)) => Ok((address(left)?, Some(attribute.to_owned()))),
        None => Ok((address(text)?, None)),
    }
}
