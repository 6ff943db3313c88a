//! `telform journal show`: one run, or what was in force at a time.

use clap::Args;

use crate::cli::args::{FormatArgs, OutArgs, RunFormat};
use crate::cli::console::Console;
use crate::cli::formats::FormatSelection;
use crate::output::view::run_report::CommandEnd;
use crate::output::view::text::wrap_sentence;
use crate::output::view::{html, journal as view, json, markdown, set_values};
use crate::output::{self, InForce, RunShown};
use crate::run::{Exit, RunError};
use crate::state::journal::{self, RecordedRun};
use crate::text::escape;

/// `telform journal show`.
#[derive(Debug, Args, Clone)]
pub struct ShowRunArgs {
    /// Its id, the start of it, or `last` [default: the last run]
    pub run: Option<String>,
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<RunFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
    /// Show what was in force at this time instead
    ///
    /// RFC 3339; a date means its first second in UTC.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["run", "formats", "out"], value_parser = time)]
    pub at: Option<String>,
}

/// A time as the journal writes it.
fn time(text: &str) -> Result<String, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let time: jiff::Timestamp = whole
        .parse()
        .map_err(|_| "a time looks like 2026-11-25T14:00:00Z, or 2026-11-25 for its first second in UTC".to_owned())?;
    Ok(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

pub(super) fn show_run(out: &Console, args: &ShowRunArgs, runs: &[RecordedRun<'_>]) -> Result<Exit, RunError> {
    if let Some(at) = &args.at {
        return Ok(show_at(out, at, runs));
    }
    let asked = args.run.as_deref().unwrap_or_default();
    let fits: Vec<&RecordedRun<'_>> = match &args.run {
        None => runs.last().into_iter().collect(),
        Some(asked) if asked == "last" => runs.last().into_iter().collect(),
        Some(asked) => runs.iter().filter(|run| run.id.starts_with(asked.as_str())).collect(),
    };
    let [run] = fits.as_slice() else {
        let what = if fits.is_empty() { "no run" } else { "more than one run" };
        return Err(RunError::other(
            "telform::journal::run",
            format!("{what} has an id that starts with `{asked}`"),
            "`telform journal list` shows all of them",
        ));
    };
    let wanted = FormatSelection::new(out, &args.formats, args.to.out.as_deref(), RunFormat::Text, RunFormat::Json)?;
    let document = || RunShown { run: output::run(run, true) };
    let draw = |format| match format {
        RunFormat::Text => view::render_run(run, usize::MAX),
        RunFormat::Json => json::to_json_line(&output::with_header(&document())),
        RunFormat::Markdown => markdown::run_report_as_markdown(std::slice::from_ref(*run), &recorded_end(run)),
        RunFormat::Html => html::run_report_as_html(std::slice::from_ref(*run), &recorded_end(run)),
    };
    wanted.write(|format| Some(draw(format)))?;
    match wanted.printed() {
        None => {}
        Some(RunFormat::Json) => out.print_document(&document()),
        Some(RunFormat::Text) if out.global.quiet => {
            let writes = view::count_writes(run);
            out.print(&format!("{}: {}, writes: {writes}\n", escape(run.id), escape(run.result_text())));
        }
        Some(RunFormat::Text) => out.print(&view::render_run(run, out.table_width())),
        Some(format) => out.print_as_is(&draw(format)),
    }
    Ok(Exit::Done)
}

/// How the run ended, for its report.
fn recorded_end(run: &RecordedRun<'_>) -> CommandEnd {
    let (command, result) = (run.started.command.clone(), Some(run.result_text().to_owned()));
    CommandEnd { command, result, ..CommandEnd::default() }
}

fn show_at(out: &Console, at: &str, runs: &[RecordedRun<'_>]) -> Exit {
    let history = journal::recorded_changes(runs);
    let now = journal::in_force(&history, at);
    let last = runs.iter().rfind(|run| run.began_at <= at);
    if out.global.json {
        let values = now.values().map(|written| output::written(written)).collect();
        out.print_document(&InForce { at, run: last.map(|run| run.id), values });
        return Exit::Done;
    }
    match last {
        None => out.print(&format!("No run had begun at {at}.\n")),
        Some(run) => {
            let text = format!(
                "At {at} the last run was {} of {} ({}).",
                escape(run.id),
                escape(&run.started.actor.user),
                escape(run.result_text())
            );
            let columns = if out.global.quiet { usize::MAX } else { out.table_width() };
            out.print(&(wrap_sentence(&text, columns) + "\n"));
            if !now.is_empty() && !out.global.quiet {
                out.print("\n");
                out.print(&set_values::render_in_force(now.values(), out.table_width()));
            }
        }
    }
    Exit::Done
}
