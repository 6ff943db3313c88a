//! The command line: one short function a command.

use std::borrow::Cow;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use futures_util::FutureExt;

mod accounts;
mod adopt;
mod again;
mod apply;
mod args;
mod asked;
mod book;
mod bug;
mod clock;
mod closed;
mod confirm;
mod docs;
mod doctor;
mod drift;
mod embedded;
mod exit;
mod explain;
mod files;
mod forget;
mod formats;
mod git;
mod init;
mod interrupt;
mod journal;
mod ledger;
mod lock;
mod meter;
mod out;
mod pages;
mod part;
mod plan;
mod policy;
mod rebuild;
mod recall;
mod rehearse;
mod rekey;
mod remember;
mod restart;
mod resume;
mod saved;
mod session;
mod signals;
mod small;
mod stream;
mod supplied;
#[cfg(test)]
mod third_service;
mod tokens;
mod trail;
mod undo;
mod unfinished;
mod unmet;
mod verify;
mod watch;

pub use args::Cli;
pub use exit::Exit;

use crate::output::{self, Said};
use crate::text::unsecret;
use crate::view::json;
use again::Again;
use args::Command;
use exit::Failure;
use out::Out;

/// Reads the arguments, runs the command, and answers with the exit code of spec 3.1.
pub fn main() -> ExitCode {
    closed::close();
    bug::install();
    catch_unwind(parsed).unwrap_or_else(|_| ExitCode::from(bug::exit() as u8))
}

fn parsed() -> ExitCode {
    let parsed =
        Cli::command().try_get_matches().and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version are no errors; anything else is one before any write.
            let printed = if error.use_stderr() && std::env::args_os().any(|word| word == "--json") {
                out::print(&json::line(&output::document(&exit::usage(&error).document(&Again::default()))))
            } else if let Cow::Owned(text) = unsecret(&error.render().to_string()) {
                // Told without colours, since a secret stood in an argument.
                std::io::stderr().write_all(text.as_bytes())
            } else {
                error.print().and_then(|()| std::io::stdout().flush())
            };
            let lost = !error.use_stderr() && out::is_lost(printed);
            return ExitCode::from(u8::from(error.use_stderr() || lost));
        }
    };
    let mut out = Out::new(&cli.global);
    out.again = Arc::new(Again::of(&matches));
    bug::clears(&out.meter);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.note(&format!("error[telform::cli::runtime]: {error}\n"));
            return ExitCode::from(Exit::Failed as u8);
        }
    };
    let ended = runtime.block_on(async {
        // What a panic leaves behind is not looked at again: locks are freed as everywhere, and the process ends.
        let ended = AssertUnwindSafe(run(&out, &cli)).catch_unwind().await;
        out.settle().await;
        ended.unwrap_or_else(|payload| Ok(bug::ended(&out, payload)))
    });
    let exit = ended.unwrap_or_else(|failure| {
        if out.global.json {
            out.document(&failure.document(&out.again));
        }
        // Where nobody got the document, its reason must not be lost with it.
        if !out.global.json || out.is_lost() {
            out.failure(&failure);
        }
        Exit::Failed
    });
    if out.global.json && cli.command.tells_events() {
        out.event(&Said::Ended { exit: exit as u8, result: exit.word() });
    }
    ExitCode::from(out.ended(exit) as u8)
}

async fn run(out: &Out, cli: &Cli) -> Result<Exit, Failure> {
    bug::fail_if_asked("at_start");
    match &cli.command {
        Command::Init(args) => init::run(out, args).await,
        Command::Validate(args) => small::validate(out, args),
        Command::Plan(args) => plan::run(out, args).await,
        Command::Apply(args) => apply::run(out, args).await,
        Command::Resume(args) => resume::run(out, args).await,
        Command::Rehearse(args) => rehearse::run(out, args).await,
        Command::Undo(args) => undo::run(out, args).await,
        Command::Show(args) => saved::show(out, args),
        Command::Verify(args) => verify::run(out, args),
        Command::Adopt(args) => adopt::run(out, args).await,
        Command::Explain(args) => explain::run(out, args).await,
        Command::Drift(args) => drift::run(out, args).await,
        Command::Forget(args) => forget::run(&book::beside(out, args.sandbox.as_deref()), &args.forget).await,
        Command::Ledger(args) => {
            ledger::run(&book::beside(out, args.sandbox.as_deref()), &args.command).await
        }
        Command::Journal(args) => {
            trail::run(&book::beside(out, args.sandbox.as_deref()), &args.command).await
        }
        Command::Sandbox(args) => small::sandbox(out, args).await,
        Command::Schema(args) => small::schema(out, args),
        Command::Doctor(args) => doctor::run(out, args).await,
        Command::Docs(args) => docs::run(out, args),
        Command::Completions(args) => pages::completions(out, args),
        Command::Man(args) => pages::man(out, args),
    }
}
