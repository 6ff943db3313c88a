//! `telform ledger rekey`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::LockArgs;
use crate::cli::console::Console;
use crate::model::resource::Address;
use crate::output::view::plural_kind;
use crate::output::{CarriedOver, Rekeyed, Subject};
use crate::run::maintenance::{KEY_VARIABLE, rekey_ledger};
use crate::run::{Exit, RunError};
use crate::text::escape;

/// `telform ledger rekey`.
#[derive(Debug, Args, Clone)]
pub struct RekeyArgs {
    /// Read the new key from this file
    ///
    /// Only its owner may read it [default: the environment, otherwise a new random key].
    #[arg(long, value_name = "FILE")]
    pub new_key_file: Option<PathBuf>,
    /// The old key is lost: continue with a new one
    ///
    /// Every write-only secret is unknown until it is written again.
    #[arg(long)]
    pub lost_key: bool,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Changes the key, and says what is still known.
pub(crate) async fn run(out: &Console, args: &RekeyArgs) -> Result<Exit, RunError> {
    let rekeyed = rekey_ledger(&out.context(), args.new_key_file.as_deref(), args.lost_key, args.lock.timeout()).await?;
    let report = &rekeyed.fingerprints;
    if out.global.json {
        let subject =
            |(address, attribute): &(Address, String)| Subject { address: address.to_string(), attribute: attribute.clone() };
        let lost = report.lost.iter().map(|lost| CarriedOver {
            address: lost.address.to_string(),
            attribute: lost.attribute.clone(),
            because: lost.reason.as_str().to_owned(),
        });
        out.print_document(&Rekeyed {
            carried_over: report.carried.iter().map(subject).collect(),
            unknown: lost.collect(),
            key: if rekeyed.is_in_file { "file" } else { "environment" }.to_owned(),
        });
        return Ok(Exit::Done);
    }
    let count = report.carried.len();
    out.print(&format!("Carried over: {count} {}.\n", plural_kind(count, "secrets")));
    if out.global.quiet {
        return Ok(Exit::Done);
    }
    if !report.lost.is_empty() {
        out.print(&format!("\nUnknown from now on ({}):\n", report.lost.len()));
    }
    for lost in &report.lost {
        let subject = escape(&format!("{} {}", lost.address, lost.attribute));
        out.print(&format!("  {subject}  {}\n", lost.reason.text()));
    }
    let file = escape(&rekeyed.key_file);
    out.print(&if rekeyed.is_in_file {
        format!("\nThe new key is in {file}. The old key was not kept.\n")
    } else {
        let removed = if rekeyed.was_in_file { format!(" {file} contained the old key and was removed.") } else { String::new() };
        format!("\nSet {KEY_VARIABLE} to the new key: without it the ledger cannot be compared.{removed}\n")
    });
    Ok(Exit::Done)
}
