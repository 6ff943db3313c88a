//! Options of `telform plan` and `telform apply`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::address;
use super::format::{PlanFormat, Target};
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
    /// Delete everything that the configuration names
    #[arg(long)]
    pub destroy: bool,
    /// Allow this many deletes in each account for this run [default: 0, or guards.max_deletes]
    #[arg(long, value_name = "N")]
    pub max_deletes: Option<u64>,
    /// Allow deletes of this share of an account's objects of a kind for this run
    #[arg(long, value_name = "PERCENT")]
    pub max_delete_percent: Option<u64>,
    /// Allow this many numbers to lose their connection for this run [default: 0, or guards.max_numbers_dark]
    #[arg(long, value_name = "N")]
    pub max_numbers_dark: Option<u64>,
    /// Write a secret again although nobody knows whether it changed: ADDRESS or ADDRESS:ATTRIBUTE, repeatable
    #[arg(long = "rewrite-secret", value_name = "ADDRESS[:ATTRIBUTE]", value_parser = secret)]
    pub rewrite_secrets: Vec<(Address, Option<String>)>,
    /// Run against the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

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
    /// Exit with 2 when something is pending
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// `telform apply`.
#[derive(Debug, Args, Clone)]
pub struct ApplyArgs {
    /// What the plan is about.
    #[command(flatten)]
    pub choice: Choice,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// Run only if the plan has this digest, else exit with 4: what was reviewed is what runs
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// Most writes at the same time in each account, where fewer than the account allows are wanted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: Option<u16>,
    /// What happens to the rest when a step fails
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    pub on_error: WhenFailed,
}

/// What happens to the rest when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhenFailed {
    /// Start nothing new.
    Stop,
    /// Go on with what does not depend on it.
    Continue,
}

fn secret(text: &str) -> Result<(Address, Option<String>), String> {
    match text.split_once(':') {
        Some((left, attribute)) => Ok((address(left)?, Some(attribute.to_owned()))),
        None => Ok((address(text)?, None)),
    }
}
