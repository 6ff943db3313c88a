//! What other programs show of the command line: completions of a shell, manual pages. Both are made from the arguments
//! themselves.

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::exit::{Exit, Failure};
use super::files;
use super::out::Out;

/// Prints the script of a shell.
pub(super) fn completions(out: &Out, args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "telform", &mut script);
    out.print(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

/// Prints the page of the whole program, or writes those of all commands.
pub(super) fn man(out: &Out, args: &ManArgs) -> Result<Exit, Failure> {
    let mut program = Cli::command();
    // Names of commands below others are whole only now: `telform-ledger-list`.
    program.build();
    let Some(folder) = &args.out else {
        out.print(&page(program)?);
        return Ok(Exit::Done);
    };
    let mut waiting = vec![program];
    let mut written = 0;
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().filter(|command| command.get_name() != "help").cloned());
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        files::write(&folder.join(format!("{name}.1")), &page(command)?)?;
        written += 1;
    }
    out.print(&format!("wrote {written} pages to {}\n", folder.display()));
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
