//! The command line: one short function per command.

use std::borrow::Cow;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::FromArgMatches;
use futures_util::FutureExt;

mod apply_progress;
mod args;
mod commands;
mod complete;
mod confirm;
mod console;
mod exit;
mod finished;
mod formats;
mod help;
mod interrupt;
mod journal_head;
mod line_editor;
mod next_commands;
mod other_tools;
mod panic_report;
mod parent_folder;
mod process_privacy;
mod progress;
mod progress_meter;
mod refusals;
mod rest;
mod run_report;
mod run_trace;
mod signals;
mod signing;
mod stale;
mod stdout;
mod undo;
mod unfinished_run;

pub use args::Cli;

use crate::output::view::json;
use crate::output::view::text::fit_lines;
use crate::output::{self, Said};
use crate::run::{Exit, RunError};
use crate::text::{masked_for_display, neutralize_output};
use console::Console;
use next_commands::RepeatedOptions;

/// What is wrong with arguments, prepared for display: without secrets, and without a line that controls the
/// terminal or CI runner.
fn sanitize_usage_error(text: &str) -> Cow<'_, str> {
    match masked_for_display(text) {
        Cow::Owned(text) => Cow::Owned(neutralize_output(&text).into_owned()),
        Cow::Borrowed(text) => neutralize_output(text),
    }
}

/// Reads the arguments, runs the command, and answers with the exit code ([`Exit`](crate::run::Exit)).
pub fn main() -> ExitCode {
    process_privacy::forbid_process_inspection();
    panic_report::install_panic_hook();
    catch_unwind(parse_and_run).unwrap_or_else(|_| ExitCode::from(panic_report::bug_exit_code() as u8))
}

fn parse_and_run() -> ExitCode {
    complete::answer_shell();
    let program = help::command_tree_with_help();
    let line = match other_tools::translate(std::env::args_os().collect(), &program) {
        Ok(line) => line,
        Err(failure) => return end_before_run(&failure),
    };
    for note in &line.notes {
        let note = fit_lines(note, stderr_columns().unwrap_or(usize::MAX));
        let _ = writeln!(std::io::stderr(), "{}", sanitize_usage_error(&note));
    }
    let parsed = program.try_get_matches_from(&line.args).and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return end_without_command(exit::with_tip(error, &line.args)),
    };
    if let Err(failure) = enter_folders(&cli.global.directory) {
        return end_before_run(&failure);
    }
    let mut out = Console::new(&cli.global);
    out.tells_events = cli.command.tells_events();
    out.repeated_options = Arc::new(RepeatedOptions::from_matches(&matches));
    panic_report::clear_meter_on_panic(&out.meter);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.print_stderr(&format!("error[telform::cli::runtime]: {error}\n"));
            return ExitCode::from(Exit::Failed as u8);
        }
    };
    let command = matches.subcommand_name().unwrap_or_default();
    let ended = runtime.block_on(async {
        out.begin_trace(command);
        // The state after a panic is not used again: locks are freed as usual, and the process ends.
        let ended = AssertUnwindSafe(run_command(&out, &cli)).catch_unwind().await;
        out.wait_for_locks().await;
        let ended = ended.unwrap_or_else(|payload| Ok(panic_report::end_with_bug(&out, payload)));
        out.end_trace(ended.as_ref().map_or_else(RunError::exit, |exit| *exit)).await;
        ended
    });
    let exit = ended.unwrap_or_else(|failure| {
        let failure = parent_folder::point_to_parent(failure, &out.global.run_options().command_line);
        if out.global.json {
            out.print_document(&failure.document(&out.repeated_options));
        }
        // If the document was not delivered, its reason must not be lost with it.
        if !out.global.json || out.is_stdout_lost() {
            out.print_failure(&failure);
        }
        failure.exit()
    });
    let exit = journal_head::report_conclusion(&out, exit);
    if out.global.json && out.tells_events {
        let journal = journal_head::reached(&out);
        out.print_event(&Said::Ended { exit: exit as u8, result: exit.as_str(), journal });
    }
    ExitCode::from(out.final_exit(exit) as u8)
}

/// Help, the version, and invalid arguments.
fn end_without_command(error: clap::Error) -> ExitCode {
    let error = exit::quote_arguments(error);
    // Help and version are not errors; anything else is an error before any write.
    let printed = if error.use_stderr() && asks_for_json() {
        print_failure_document(&exit::usage_failure(&error))
    } else if let (true, Cow::Owned(text)) = (error.use_stderr(), sanitize_usage_error(&error.render().to_string())) {
        // Reported without colours, because an argument held text that is not shown unchanged.
        std::io::stderr().write_all(fit_lines(&text, stderr_columns().unwrap_or(usize::MAX)).as_bytes())
    } else if let (true, Some(columns)) = (error.use_stderr(), stderr_columns()) {
        anstream::stderr().write_all(fit_lines(&error.render().ansi().to_string(), columns).as_bytes())
    } else {
        error.print().and_then(|()| std::io::stdout().flush())
    };
    let lost = !error.use_stderr() && console::is_print_lost(printed);
    ExitCode::from(u8::from(error.use_stderr() || lost))
}

/// A failure before the output options are known.
fn end_before_run(failure: &RunError) -> ExitCode {
    let printed = if asks_for_json() {
        print_failure_document(failure)
    } else {
        // Other programs get whole sentences.
        let columns = stderr_columns().unwrap_or(usize::MAX);
        let text = fit_lines(&failure.text(false, 80, &RepeatedOptions::default()), columns);
        std::io::stderr().write_all(sanitize_usage_error(&text).as_bytes())
    };
    console::is_print_lost(printed);
    ExitCode::from(failure.exit() as u8)
}

/// Columns of the terminal that standard error is.
fn stderr_columns() -> Option<usize> {
    let (_, columns) = ::console::Term::stderr().size_checked()?;
    Some(usize::from(columns)).filter(|columns| *columns >= 40)
}

fn asks_for_json() -> bool {
    std::env::args_os().any(|word| word == "--json")
}

fn print_failure_document(failure: &RunError) -> std::io::Result<()> {
    console::print_unstyled(&json::to_json_line(&output::with_header(&failure.document(&RepeatedOptions::default()))))
}

/// Enters the folders of `-C`, each relative to the one before. Every path of the command line is relative to the last.
fn enter_folders(folders: &[PathBuf]) -> Result<(), RunError> {
    folders.iter().try_for_each(|folder| {
        std::env::set_current_dir(folder).map_err(|error| {
            RunError::other(
                "telform::cli::directory",
                format!("cannot run in {}: {error}", folder.display()),
                "`-C DIR` takes an existing folder; several are entered one after the other",
            )
        })
    })
}

async fn run_command(out: &Console, cli: &Cli) -> Result<Exit, RunError> {
    panic_report::fail_if_asked("at_start");
    commands::run(out, &cli.command).await
}
