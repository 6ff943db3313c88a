//! The journal of a run: begun before the first request, ended with a receipt.

use super::again;
use super::bug::Noted;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::saved::Reviewed;
use super::session::now;
use crate::document::{self, Document, Origin};
use crate::journal::{self, Actor, Journal, Log, Record, Recorder, Run, Stamped, Started};
use crate::ledger::{self, Ledger, Store};
use crate::plan::{AccountLine, LedgerEffect, Plan};
use crate::text::clean;

/// The journal of a run that is about to begin.
pub(super) struct Book<'a> {
    /// Where its lines go.
    log: Log<'a>,
    /// What stood there before.
    journal: Journal,
    /// Id of the run.
    run: String,
}

impl<'a> Book<'a> {
    /// Opens the journal beside the ledger, whose lock is held. A journal that is not what was written stops the run.
    pub(super) async fn open(store: &'a Store, ledger: &Ledger) -> Result<Self, Failure> {
        let run = uuid::Uuid::now_v7().to_string();
        let (journal, log) = Log::append(store.place(), &run).await.map_err(failure)?;
        if let Some(head) = &ledger.journal {
            journal::holds(store.place(), &journal, head).map_err(failure)?;
        }
        Ok(Self { log, journal, run })
    }

    /// Id of the run that is about to begin.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// The runs before this one.
    pub(super) fn runs(&self) -> Vec<Run<'_>> {
        journal::runs(&self.journal.lines)
    }

    /// The run that used a saved plan: a plan is used once.
    pub(super) fn used_by(&self, reviewed: &Reviewed) -> Option<String> {
        let runs = self.runs();
        let run = runs.iter().find(|run| run.started.plan_file.as_deref() == Some(reviewed.checksum()))?;
        Some(format!("run {} of {} at {}", run.id, run.started.actor.user, run.at))
    }

    /// How many runs ended after the ledger was saved last.
    pub(super) fn ended_after(&self, ledger: &Ledger) -> usize {
        self.journal.ended_after(ledger.journal.as_ref())
    }

    /// The receipt of a run that was cut off and is settled now.
    pub(super) async fn close(&self, cut: &Run<'_>, writes: usize) -> Result<(), Failure> {
        let exit = if writes > 0 { Exit::Partial } else { Exit::Failed };
        let record = Record::Finished {
            result: "cut off".to_owned(),
            exit: exit as u8,
            writes: writes as u64,
            converged: None,
            second_plan: None,
        };
        self.stamped().0.record_of(cut.id, &record).await.map_err(failure)
    }

    /// The first line: who, from what, and the plan.
    pub(super) async fn begin(
        &self,
        command: &str,
        document: Document,
        plan_file: Option<&str>,
        of: Option<&str>,
    ) -> Result<(), Failure> {
        let started = Started {
            format_version: journal::FORMAT_VERSION,
            command: command.to_owned(),
            actor: actor(),
            telform_version: document.telform_version,
            origin: document.origin,
            digest: document.digest,
            plan_file: plan_file.map(str::to_owned),
            of: of.map(str::to_owned),
            plan: document.plan,
            undo: document.undo,
        };
        self.stamped().record(Record::Started(Box::new(started))).await.map_err(failure)
    }

    /// The receipt, and its place in the ledger.
    pub(super) async fn end(
        &self,
        store: &Store,
        ledger: &mut Ledger,
        exit: Exit,
        receipt: Receipt,
    ) -> Result<(), Failure> {
        let record = Record::Finished {
            result: receipt.result.to_owned(),
            exit: exit as u8,
            writes: receipt.writes as u64,
            converged: receipt.converged,
            second_plan: receipt.second_plan,
        };
        self.stamped().record(record).await.map_err(failure)?;
        ledger.journal = Some(self.stamped().head().await);
        store.save(ledger).await?;
        Ok(())
    }

    /// The log with the clock of this machine.
    pub(super) fn stamped(&self) -> Noted<'_> {
        Noted(Stamped { log: &self.log, clock: &now })
    }
}

/// What the last line says.
#[derive(Debug, Default)]
pub(super) struct Receipt {
    /// `done`, `not converged`, `in part`, `interrupted`, `stale`, `nothing written`.
    pub result: &'static str,
    /// Writes that are done.
    pub writes: usize,
    /// Whether the second plan was empty.
    pub converged: Option<bool>,
    /// The second plan in one line.
    pub second_plan: Option<String>,
}

/// A change of the ledger alone as a run of its own, from its first line to its receipt. The ledger's lock must be held.
pub(super) async fn change_ledger(
    store: &Store,
    ledger: &mut Ledger,
    command: &str,
    effects: Vec<LedgerEffect>,
    change: impl FnOnce(&mut Ledger),
) -> Result<(), Failure> {
    let book = Book::open(store, ledger).await?;
    let lines = ledger.accounts.iter().map(|(name, known)| AccountLine {
        name: name.clone(),
        api: known.api.clone(),
        base_url: known.base_url.clone(),
        org_handle: known.org_handle.clone(),
        generation: None,
    });
    let plan = Plan::of_ledger(lines.collect(), effects);
    book.begin(command, document::of(&plan, Origin::default()), None, None).await?;
    change(ledger);
    store.save(ledger).await?;
    book.end(store, ledger, Exit::Done, Receipt { result: Exit::Done.word(), ..Receipt::default() }).await
}

/// The code of the warning about a ledger that is older than its journal.
pub(super) const BEHIND: &str = "telform::ledger::behind";

/// What is wrong with a ledger that so many runs of its journal are missing from, and what to do.
pub(super) fn behind(runs: usize) -> (String, &'static str) {
    let (count, they) = if runs == 1 { ("1 run".to_owned(), "it") } else { (format!("{runs} runs"), "they") };
    (
        format!(
            "the ledger is behind its journal: {count} ended after the ledger was saved, so it does not know what {they} made or deleted"
        ),
        "bring the newer ledger back; without it, `telform journal list` shows the runs and `telform ledger rebuild --replace` makes a ledger from the YAML and the services; the next apply goes on from this ledger",
    )
}

/// The same as a warning.
pub(super) fn note_behind(out: &Out, runs: usize) {
    if runs == 0 || out.global.json {
        return;
    }
    let (what, help) = behind(runs);
    for line in crate::view::text::wrap(&format!("warning[{BEHIND}]: {what}"), out.width()) {
        out.note(&format!("{line}\n"));
    }
    for (index, line) in crate::view::text::wrap(help, out.width() - 8).into_iter().enumerate() {
        out.note(&format!("{}{line}\n", if index == 0 { "  help: " } else { "        " }));
    }
}

pub(super) fn failure(error: journal::JournalError) -> Failure {
    Failure::other(error.code(), error.to_string(), error.help())
}

/// Says which runs were cut off, and which the ledger does not know, as the journal that was read has them.
pub(super) fn note_unfinished(
    out: &Out,
    journal: Option<&Result<Journal, journal::JournalError>>,
    ledger: &Ledger,
) {
    if out.global.json || out.global.quiet {
        return;
    }
    match journal {
        Some(Ok(journal)) => {
            note_behind(out, journal.ended_after(ledger.journal.as_ref()));
            for run in journal::runs(&journal.lines).iter().filter(|run| run.finished.is_none()) {
                // With the guards that its plan needs: without them the rest of it is refused.
                let options = &run.started.origin.options;
                let (command, does) = match &run.started.of {
                    Some(of) => {
                        (again::undo_again(of, options), "settles it and goes on taking that run back")
                    }
                    None => (
                        format!("telform resume{}", again::flags(options)),
                        "settles it, as the next apply does",
                    ),
                };
                out.note(&format!("{}: `{}` {does}\n", cut_off(run), clean(&command)));
            }
        }
        Some(Err(error)) => out.failure(&Failure::other(error.code(), error.to_string(), error.help())),
        None => {}
    }
}

/// A run that was cut off, in words.
pub(super) fn cut_off(run: &Run<'_>) -> String {
    let open = match run.open().len() {
        0 => "no step open".to_owned(),
        1 => "1 step open".to_owned(),
        count => format!("{count} steps open"),
    };
    let user = crate::text::escape(&run.started.actor.user);
    format!("run {} of {user} at {} was cut off with {open}", run.id, run.at)
}

/// Who runs this.
fn actor() -> Actor {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let ci = variable("CI_JOB_URL").or_else(|| {
        let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", variable("GITHUB_RUN_ID")?))
    });
    Actor {
        user: variable("GITHUB_ACTOR").or_else(|| variable("GITLAB_USER_LOGIN")).unwrap_or_else(ledger::user),
        host: ledger::host(),
        pid: std::process::id(),
        ci: ci.or_else(|| variable("BUILD_URL")),
    }
}
