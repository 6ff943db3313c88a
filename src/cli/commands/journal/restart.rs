//! `telform journal restart`.

use clap::Args;

use crate::cli::args::LockArgs;
use crate::cli::console::Console;
use crate::output::JournalRestarted;
use crate::output::view::plural_kind;
use crate::run::maintenance::{RestartedJournal, restart_journal};
use crate::run::{Exit, RunError};
use crate::text::escape;

/// `telform journal restart`.
#[derive(Debug, Args, Clone)]
pub struct RestartArgs {
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Sets the old one aside and starts a new one.
pub(crate) async fn run(out: &Console, args: &RestartArgs) -> Result<Exit, RunError> {
    let RestartedJournal { kept, lines } = restart_journal(&out.context(), args.lock.timeout()).await?;
    if out.global.json {
        out.print_document(&JournalRestarted { kept, lines });
        return Ok(Exit::Done);
    }
    out.print(&match &kept {
        Some(kept) => format!(
            "Began a new journal. The old one is kept as {}; {lines} {} of it can be read.\n",
            escape(kept),
            plural_kind(lines, "lines")
        ),
        None => "Began a new journal; there was no old one.\n".to_owned(),
    });
    if !out.global.quiet {
        out.print("Runs before it can neither be resumed nor taken back.\n");
    }
    Ok(Exit::Done)
}
