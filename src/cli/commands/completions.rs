//! `telform completions`: what a shell needs to complete commands and options, made from the arguments themselves.

use clap::Args;

use crate::cli::args::OutArgs;
use crate::cli::console::Console;
use crate::cli::formats::print_or_write;
use crate::cli::help;
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
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command_tree(), "telform", &mut script);
    let script = String::from_utf8_lossy(&script);
    if out.global.json && args.to.out.is_none() {
        out.print_document(&Completions { shell: args.shell.to_string(), script: script.into_owned() });
    } else {
        print_or_write(out, &args.to, &script)?;
    }
    Ok(Exit::Done)
}
