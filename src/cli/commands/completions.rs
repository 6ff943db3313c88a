//! `telform completions`: what a shell needs to complete commands and options, made from the arguments themselves.

use clap::{Args, CommandFactory};

use crate::cli::args::Cli;
use crate::cli::console::Console;
use crate::output::Completions;
use crate::run::{Exit, RunError};

/// `telform completions`.
#[derive(Debug, Args, Clone)]
pub struct CompletionsArgs {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// Prints the completion script of a shell.
pub(crate) fn run(out: &Console, args: &CompletionsArgs) -> Result<Exit, RunError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "telform", &mut script);
    let script = String::from_utf8_lossy(&script);
    if out.global.json {
        out.print_document(&Completions { shell: args.shell.to_string(), script: script.into_owned() });
    } else {
        out.print(&script);
    }
    Ok(Exit::Done)
}
