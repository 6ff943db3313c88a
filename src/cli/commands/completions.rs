//! `telform completions`: the script with which a shell asks telform while a line is typed.

use clap::Args;

use crate::cli::args::OutArgs;
use crate::cli::complete;
use crate::cli::console::Console;
use crate::cli::formats::print_or_write;
use crate::output::Completions;
use crate::run::{Exit, RunError};

/// `telform completions`.
#[derive(Debug, Args, Clone)]
pub struct CompletionsArgs {
    /// Which shell
    pub shell: clap_complete::Shell,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
}

/// Prints the completion script of a shell.
pub(crate) fn run(out: &Console, args: &CompletionsArgs) -> Result<Exit, RunError> {
    let shell = args.shell.to_string();
    let script = complete::registration(&shell).ok_or_else(|| {
        RunError::other("telform::cli::usage", format!("there is no completion for {shell}"), "this is a bug in telform")
    })?;
    if out.global.json && args.to.out.is_none() {
        out.print_document(&Completions { shell, script });
    } else {
        print_or_write(out, &args.to, &script)?;
    }
    Ok(Exit::Done)
}
