//! `telform journal export`: every step of every run, for an audit.

use clap::{Args, ValueEnum};

use super::JournalFile;
use crate::cli::args::{FormatArgs, OutArgs};
use crate::cli::console::Console;
use crate::cli::formats::FormatSelection;
use crate::output::view::{html, journal as view, json};
use crate::output::{self, Export};
use crate::run::{Exit, RunError};
use crate::state::journal::RecordedRun;

/// `telform journal export`.
#[derive(Debug, Args, Clone)]
pub struct ExportArgs {
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<ExportFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
}

impl ExportArgs {
    /// Which outputs end where an altered journal does.
    pub(super) fn describe_files(&self) -> String {
        let named = self.formats.0.iter().filter_map(|target| target.file.as_ref()).chain(&self.to.out);
        let names: Vec<String> = named.map(|file| file.display().to_string()).collect();
        match names.as_slice() {
            [] => "the export ends".to_owned(),
            [one] => format!("{one} is written and ends"),
            all => format!("{} are written and end", all.join(", ")),
        }
    }
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One document.
    Json,
    /// One row for each step; safe to open in a spreadsheet.
    Csv,
    /// One file that needs nothing else.
    Html,
}

/// Writes the files and prints the rest.
pub(super) fn export_runs(
    out: &Console,
    args: &ExportArgs,
    trail: &JournalFile,
    runs: &[RecordedRun<'_>],
) -> Result<Exit, RunError> {
    let wanted = FormatSelection::new(out, &args.formats, args.to.out.as_deref(), ExportFormat::Json, ExportFormat::Json)?;
    let broken = trail.broken.as_ref().map(ToString::to_string);
    let document = || Export {
        head: trail.journal.head(),
        broken: broken.clone(),
        runs: runs.iter().map(|run| output::run(run, true)).collect(),
    };
    let draw = |format| match format {
        ExportFormat::Json => json::to_json_line(&output::with_header(&document())),
        ExportFormat::Csv => view::render_csv(runs),
        ExportFormat::Html => {
            let head = trail.journal.head();
            html::journal_as_html(runs, &format!("{} {}", head.seq, head.hash), broken.as_deref())
        }
    };
    wanted.write(|format| Some(draw(format)))?;
    // Where every format has its file, nothing is printed.
    let is_filed = !args.formats.0.is_empty() && args.formats.0.iter().all(|target| target.file.is_some());
    match wanted.printed() {
        Some(ExportFormat::Json) if is_filed && !out.global.json => {}
        Some(ExportFormat::Json) => out.print_document(&document()),
        Some(format) => out.print_unwrapped(&draw(format)),
        None => {}
    }
    Ok(Exit::Done)
}
