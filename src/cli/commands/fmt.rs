//! `telform fmt`: the layout of the YAML. Only white space changes, and only where the new text says the same.

use std::path::PathBuf;

use clap::Args;

use crate::cli::console::Console;
use crate::config::desired;
use crate::config::format::{FormattedFile, FormattedFiles, format_files};
use crate::config::problem::{Severity, render_problems};
use crate::config::yaml;
use crate::disk;
use crate::output::Formatting;
use crate::output::view::formatting;
use crate::run::files::{self, FileReaders};
use crate::run::{Exit, RunError};

/// `telform fmt`.
#[derive(Debug, Args, Clone)]
pub struct FmtArgs {
    /// YAML file or folder, repeatable; - is stdin
    ///
    /// The formatted text of standard input goes to standard output [default: what every command reads].
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; exit with 1 if a file would change
    #[arg(long)]
    pub check: bool,
    /// Show the changes as a unified diff; write nothing
    #[arg(long)]
    pub diff: bool,
}

/// Formats the YAML.
pub(crate) fn run(out: &Console, args: &FmtArgs) -> Result<Exit, RunError> {
    let sources: Vec<PathBuf> = args.paths.iter().chain(&out.global.files).cloned().collect();
    let is_stdin = sources.iter().any(|source| desired::is_stdin(source));
    if is_stdin && sources.len() > 1 {
        return Err(RunError::other(
            "telform::cli::usage",
            "standard input cannot be formatted together with files",
            "give `-` alone, or only files and folders",
        ));
    }
    let done = format_files(&sources);
    let changed: Vec<&FormattedFile> = done.files.iter().filter(|file| file.differs()).collect();
    let is_written = !args.check && !args.diff && !is_stdin;
    if is_written {
        changed.iter().try_for_each(|file| write_formatted(file))?;
    }
    let is_failed = done.problems.iter().any(|problem| problem.severity == Severity::Error);
    if out.global.json {
        out.print_document(&formatting_document(args, &done, is_stdin, is_written));
    } else {
        print_text(out, args, &done, is_stdin, is_written);
    }
    Ok(if is_failed || args.check && !changed.is_empty() { Exit::Failed } else { Exit::Done })
}

/// Replaces a file, unless its text is no longer the one that was laid out.
fn write_formatted(file: &FormattedFile) -> Result<(), RunError> {
    let now = disk::open_itself(&file.path).and_then(|open| disk::bounded_text(open, yaml::MAX_BYTES as u64));
    if !now.is_ok_and(|now| now == file.before) {
        let name = file.name.clone();
        return Err(RunError::other(
            "telform::file::write",
            format!("{name} was changed while it was being formatted, so it was left as it is"),
            "run the command again",
        ));
    }
    files::write_file(&file.path, &file.after, FileReaders::Anybody)
}

fn print_text(out: &Console, args: &FmtArgs, done: &FormattedFiles, is_stdin: bool, is_written: bool) {
    let changed = || done.files.iter().filter(|file| file.differs());
    if args.diff {
        out.print_as_is(&formatting::changes_as_patch(changed()));
    } else if is_stdin && !args.check {
        done.files.iter().for_each(|file| out.print_as_is(&file.after));
    } else if !is_stdin && !out.global.quiet {
        out.print(&formatting::changed_as_text(changed(), is_written));
    }
    if !out.global.quiet {
        done.left_alone.iter().for_each(|left| out.print_stderr(&formatting::left_alone_as_text(left)));
    }
    if !done.problems.is_empty() {
        out.print_stderr(&render_problems(&done.problems, out.color_on_stderr(), out.width()));
    }
    if done.files.is_empty() || is_stdin && !args.check {
        return;
    }
    let summary = formatting::summary_as_text(changed().count(), done.files.len(), is_written);
    match args.diff {
        // Standard output is the patch.
        true => out.print_stderr(&summary),
        false => out.print(&summary),
    }
}

fn formatting_document(args: &FmtArgs, done: &FormattedFiles, is_stdin: bool, is_written: bool) -> Formatting {
    let names = |differ: bool| done.files.iter().filter(|file| file.differs() == differ).map(|file| file.name.clone()).collect();
    let text = done.files.first().filter(|_| is_stdin && !args.check && !args.diff);
    Formatting {
        changed: names(true),
        unchanged: names(false),
        left_alone: done.left_alone.clone(),
        problems: done.problems.to_reports(),
        written: is_written && done.files.iter().any(FormattedFile::differs),
        patch: args.diff.then(|| formatting::changes_as_patch(done.files.iter().filter(|file| file.differs()))),
        text: text.map(|file| file.after.clone()),
    }
}
