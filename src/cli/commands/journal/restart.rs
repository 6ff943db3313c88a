//! `telform journal restart`.

use clap::Args;

use crate::cli::args::LockArgs;
use crate::cli::console::Console;
use crate::output::view::plural_kind;
use crate::run::maintenance::restart_journal;
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
    let restarted = restart_journal(&out.context(), args.lock.timeout()).await?;
    if out.global.json {
        out.print_document(&restarted);
        return Ok(Exit::Done);
    }
    out.print(&match &restarted.kept {
        Some(kept) => format!(
            "Started a new journal. The old one is kept as {}; {} {} of it can be read.\n",
            escape(kept),
            restarted.lines,
            plural_kind(restarted.lines, "lines")
        ),
        None => "Started a new journal. There was no old one.\n".to_owned(),
    });
    if !out.global.quiet {
        out.print("Runs before it can be neither resumed nor undone.\n");
    }
    Ok(Exit::Done)
}
