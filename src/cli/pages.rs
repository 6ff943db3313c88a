//! What other programs show of the command line: completions of a shell, manual pages. Both are made from the arguments
//! themselves.

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::exit::{Exit, Failure};
use super::files::{self, Readers};
use super::out::Out;
use crate::output::{Completions, ManPage, ManPages};

/// Prints the script of a shell.
pub(super) fn completions(out: &Out, args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "telform", &mut script);
    let script = String::from_utf8_lossy(&script);
    if out.global.json {
        out.document(&Completions { shell: args.shell.to_string(), script: script.into_owned() });
    } else {
        out.print(&script);
    }
    Ok(Exit::Done)
}

/// Prints the page of the whole program, or writes those of all commands.
pub(super) fn man(out: &Out, args: &ManArgs) -> Result<Exit, Failure> {
    let mut program = Cli::command();
    // Names of commands below others are whole only now: `telform-ledger-list`.
    program.build();
    let Some(folder) = &args.out else {
        let page = page(program)?;
        if out.global.json {
            let pages = vec![ManPage { name: "telform".to_owned(), page }];
            out.document(&ManPages { pages, files: Vec::new() });
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
        files::write(&file, &page(command)?, Readers::Anybody)?;
        written.push(file.display().to_string());
    }
    if out.global.json {
        out.document(&ManPages { pages: Vec::new(), files: written });
        return Ok(Exit::Done);
    }
    out.print(&format!("wrote {} pages to {}\n", written.len(), folder.display()));
    Ok(Exit::Done)
}

fn page(command: clap::Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|error| {
        Failure::other(
            "telform::cli::man",
            format!("the page cannot be made: {error}"),
            "this is a bug of telform",
        )
    })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
