//! `telform man`: the manual pages, made from the arguments themselves.

use std::path::PathBuf;

use clap::Args;

use crate::cli::console::Console;
use crate::cli::help;
use crate::output::{ManPage, ManPages};
use crate::run::files::{self, FileReaders};
use crate::run::{Exit, RunError};

/// `telform man`.
#[derive(Debug, Args, Clone)]
pub struct ManArgs {
    /// Folder for the pages of all commands; created if missing
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Prints the page of the whole program, or writes those of all commands.
pub(crate) fn run(out: &Console, args: &ManArgs) -> Result<Exit, RunError> {
    let mut program = help::command_tree();
    // Names of subcommands are complete only now: `telform-ledger-list`.
    program.build();
    let Some(folder) = &args.out else {
        let page = page(program)?;
        if out.global.json {
            let pages = vec![ManPage { name: "telform".to_owned(), page }];
            out.print_document(&ManPages { pages, files: Vec::new() });
        } else {
            out.print(&page);
        }
        return Ok(Exit::Done);
    };
    let mut waiting = vec![program];
    let mut written = Vec::new();
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().filter(|command| command.get_name() != "help").cloned());
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let file = folder.join(format!("{name}.1"));
        files::write_file(&file, &page(command)?, FileReaders::Anybody)?;
        written.push(file.display().to_string());
    }
    if out.global.json {
        out.print_document(&ManPages { pages: Vec::new(), files: written });
        return Ok(Exit::Done);
    }
    out.print(&format!("wrote {} pages to {}\n", written.len(), folder.display()));
    Ok(Exit::Done)
}

fn page(command: clap::Command) -> Result<String, RunError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|error| {
        RunError::other("telform::cli::man", format!("the page cannot be made: {error}"), "this is a bug in telform")
    })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
