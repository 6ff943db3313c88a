//! Options of `telform journal`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::LockArgs;

/// `telform journal`.
#[derive(Debug, Args)]
pub struct JournalArgs {
    /// The journal that runs with --sandbox keep beside this world file
    #[arg(long, value_name = "WORLD.yaml", global = true)]
    pub sandbox: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: JournalCommand,
}

/// What `telform journal` can do.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Every run: when, who, what, how it ended
    #[command(after_help = "Examples:\n  telform journal list\n  telform journal list --json")]
    List,
    /// One run step by step, or what was in force at a time
    #[command(
        after_help = "Examples:\n  telform journal show             # the last run\n  telform journal show 0198c0de    # the run whose id begins like this\n  telform journal show --at 2026-11-25T14:00:00Z    # what was in force then"
    )]
    Show(ShowRunArgs),
    /// Which run, plan and commit set a value, and what it was before
    #[command(
        after_help = "Examples:\n  telform journal blame partners.acme-west\n  telform journal blame partners.acme-west.zip"
    )]
    Blame(BlameArgs),
    /// Check every line, the order of every run, and the end that the ledger remembers
    #[command(
        after_help = "Examples:\n  telform journal verify\n  telform journal verify --json\n\nExit codes: 0 nothing was touched, 1 something was, or a run broke a rule. Keep the printed head somewhere else: who may write both the journal and the ledger could write both anew."
    )]
    Verify,
    /// Every step of every run for an audit: csv, html or json
    #[command(
        after_help = "Examples:\n  telform journal export --format html > journal.html\n  telform journal export --format csv > journal.csv"
    )]
    Export(ExportArgs),
    /// Begin a new journal where the old one is lost or is not what was written; what is there is kept aside
    #[command(
        after_help = "Examples:\n  telform journal restart\n\nA journal that is in order is left as it is. Runs before the new journal cannot be taken back or resumed: look at what they left open first."
    )]
    Restart(RestartArgs),
}

/// `telform journal restart`.
#[derive(Debug, Args, Clone)]
pub struct RestartArgs {
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// `telform journal show`.
#[derive(Debug, Args, Clone)]
pub struct ShowRunArgs {
    /// Its id or the beginning of it [default: the last run]
    pub run: Option<String>,
    /// Show what was in force at this time instead (RFC 3339; a date means its first second in UTC)
    #[arg(long, value_name = "TIME", conflicts_with = "run", value_parser = time)]
    pub at: Option<String>,
}

/// `telform journal blame`.
#[derive(Debug, Args, Clone)]
pub struct BlameArgs {
    /// What to look for
    #[arg(value_name = "ADDRESS[.ATTRIBUTE]")]
    pub value: String,
}

/// `telform journal export`.
#[derive(Debug, Args, Clone)]
pub struct ExportArgs {
    /// How
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub format: ExportFormat,
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One row for each step; safe to open in a spreadsheet.
    Csv,
    /// One file that needs nothing else.
    Html,
    /// One document.
    Json,
}

/// A time as the journal writes it.
fn time(text: &str) -> Result<String, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let time: jiff::Timestamp = whole.parse().map_err(|_| {
        "a time looks like 2026-11-25T14:00:00Z, or 2026-11-25 for its first second in UTC".to_owned()
    })?;
    Ok(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
