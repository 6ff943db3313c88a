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
            out.print_unwrapped(&page);
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
    let title = command.get_display_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(command).render(&mut page);
    written.map_err(|error| {
        RunError::other("telform::cli::man", format!("the page cannot be made: {error}"), "this is a bug in telform")
    })?;
    Ok(tidy_page(&String::from_utf8_lossy(&page), &title))
}

/// The date of the manual, which a release sets: the same telform makes the same page on any day.
const DATE: &str = "2026-11-30";

/// The longest line of a page: readers of manual pages fill the lines themselves.
const LINE: usize = 80;

/// The same page with a whole title line, and without what checkers of manual pages object to: blanks at line ends, breaks next to
/// an empty line, long lines.
fn tidy_page(page: &str, title: &str) -> String {
    let title = format!(".TH {title} 1 {DATE} \"telform {}\" \"telform manual\"", env!("CARGO_PKG_VERSION"));
    let whole = |line| if str::starts_with(line, ".TH ") { title.as_str() } else { line.trim_end() };
    let lines: Vec<&str> = page.lines().map(whole).collect();
    let is_space = |at: Option<usize>| at.and_then(|at| lines.get(at)).is_some_and(|line| line.is_empty() || *line == ".sp");
    let mut tidy = String::with_capacity(page.len());
    for (at, line) in lines.iter().enumerate() {
        if *line == ".br" && (is_space(at.checked_sub(1)) || is_space(Some(at + 1))) {
            continue;
        }
        // Requests are one line, and a line that begins with a blank is shown as it is.
        if line.starts_with(['.', '\'', ' ']) {
            tidy.push_str(line);
            tidy.push('\n');
            continue;
        }
        let mut columns = 0;
        for word in line.split(' ') {
            // At the beginning of a line, these begin a request.
            let may_begin = !word.starts_with(['.', '\'']) && !word.is_empty();
            if columns > 0 && columns + 1 + word.len() > LINE && may_begin {
                tidy.push('\n');
                columns = 0;
            } else if columns > 0 {
                tidy.push(' ');
                columns += 1;
            }
            tidy.push_str(word);
            columns += word.len();
        }
        tidy.push('\n');
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_tidy_and_say_the_same() {
        let word = "word ".repeat(20);
        let page = format!(".TH a 1  \"a \" \n{word}.dot {word}\n.br\n\n.br\n  telform  example\n");
        let tidy = tidy_page(&page, "TELFORM-A");
        let (first, tidy) = tidy.split_once('\n').expect("a title line");
        assert!(first.starts_with(".TH TELFORM-A 1 2026-11-30 \"telform "), "{first}");
        let (_, page) = page.split_once('\n').expect("a title line");
        assert!(tidy.lines().all(|line| line.len() <= LINE && line == line.trim_end()), "{tidy}");
        assert!(!tidy.contains(".br") && !tidy.contains("\n.dot") && tidy.contains("\n  telform  example\n"), "{tidy}");
        let words = |text: &str| text.split_whitespace().filter(|word| *word != ".br").map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(tidy), words(page));
    }
}
