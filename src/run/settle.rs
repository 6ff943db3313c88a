//! Settling: what a run did that was cut off is found out by reading.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::journal::{RunJournal, cut_off};
use super::progress::RunEvent;
use super::session::now_utc;
use super::{Run, RunError};
use crate::apply::event::{ApplyEvent, ApplyObserver};
use crate::apply::{Apply, OnError, SettledStep};
use crate::model::resource::LiveState;
use crate::plan::{Plan, RefusalCode, StepOperation};
use crate::state::journal::{self, JournalFinding, JournalRecorder};
use crate::text::escape;

/// Settling reports no progress: its findings are reported when it is done.
struct UnreportedSettlement;

impl ApplyObserver for UnreportedSettlement {
    fn on_event(&self, _: &ApplyEvent) {}
}

/// How often a create that may still be running is looked for.
const EVERY: Duration = Duration::from_secs(15);

/// Waits at most this long for creates that got no answer: until each object is visible, or its time has passed.
pub(crate) async fn wait(session: &Run, patience: Duration) -> Result<(), RunError> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        let now = Timestamp::now();
        let open = session.ledger.watched.iter();
        let open = open.filter_map(|create| {
            let account = session.desired.accounts.get(&create.account)?;
            Some((create.open_until(account.settle_after, Some(now))?, create))
        });
        let Some((until, create)) = open.max_by_key(|(until, _)| *until) else { return Ok(()) };
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        let plan = session.plan(&session.read_for_plan().await?)?;
        if !plan.refusals.iter().any(|refusal| refusal.code == RefusalCode::CreateMayRun) {
            return Ok(());
        }
        if !told {
            session.context.progress.on_event(&RunEvent::WaitsForCreate { create, until });
            told = true;
        }
        let over = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        tokio::time::sleep(left.min(over).min(EVERY)).await;
    }
}

/// Whether a create that got no answer is still without an object under its address.
pub(crate) fn is_open(session: &Run) -> bool {
    session.ledger.watched.iter().any(|create| !session.ledger.objects.contains_key(&create.address))
}

/// Settles every interrupted run. Returns whether there was one.
pub(crate) async fn settle(session: &mut Run, book: &RunJournal<'_>) -> Result<bool, RunError> {
    let runs = book.runs();
    let cut: Vec<&journal::RecordedRun<'_>> = runs.iter().filter(|run| run.finished.is_none()).collect();
    if cut.is_empty() {
        return Ok(false);
    }
    let cut = within(session, cut)?;
    if cut.is_empty() {
        return Ok(false);
    }
    let needed: Vec<_> = cut.iter().map(|run| open_accounts(run)).collect();
    let needed = needed.iter().flatten().map(|name| (*name).to_owned()).collect();
    let live = session.read_only(&needed).await?;
    for run in cut {
        session.context.progress.on_event(&RunEvent::CutOff(run));
        let plan = run.started.plan.to_plan().map_err(|error| {
            RunError::other("telform::resume::plan", format!("the plan of run {}: {error}", run.id), error.help())
        })?;
        let found = look(session, book, &plan, &live, run).await?;
        session.context.progress.on_event(&RunEvent::Settled { run, plan: &plan, found: &found });
        if !found.iter().any(|found| found.needs_decision) {
            book.close(run, writes(run, &plan, &found)).await?;
        }
    }
    session.ledger.journal = Some(book.stamped().head().await);
    session.store.save(&mut session.ledger).await?;
    Ok(true)
}

/// Accounts in which an interrupted run has open requests.
fn open_accounts<'a>(run: &'a journal::RecordedRun<'_>) -> BTreeSet<&'a str> {
    let open: BTreeSet<String> = run.open().into_iter().map(|open| open.step).collect();
    let steps = run.started.plan.steps.iter().filter(|step| open.contains(&step.id));
    steps.map(|step| step.call.account.as_str()).collect()
}

/// The interrupted runs that can be settled here. A run that is open only in other accounts is left for a run on those.
fn within<'r, 'a>(session: &Run, cut: Vec<&'r journal::RecordedRun<'a>>) -> Result<Vec<&'r journal::RecordedRun<'a>>, RunError> {
    let mut here = Vec::new();
    for run in cut {
        let accounts = open_accounts(run);
        session.need_tokens(|name| accounts.contains(name))?;
        let there = |name: &&&str| session.desired.accounts.contains_key(**name);
        let others: Vec<&str> = accounts.iter().filter(there).filter(|name| !session.asked.contains(**name)).copied().collect();
        if others.is_empty() {
            here.push(run);
            continue;
        }
        if accounts.iter().any(|name| session.asked.contains(*name)) {
            return Err(RunError::other(
                "telform::resume::limited",
                format!(
                    "{}; it also has open requests in account {}, which this run leaves out",
                    cut_off(run),
                    escape(&others.join(", "))
                ),
                "resume without `--account`, `--target` and `--exclude` to settle the whole run",
            ));
        }
        session.context.progress.on_event(&RunEvent::NotSettledHere { run, accounts: &others });
    }
    Ok(here)
}

/// Writes of a run that are done, according to its outcomes or a settling.
fn writes(run: &journal::RecordedRun<'_>, plan: &Plan, found: &[SettledStep]) -> usize {
    let settled = |id: &str| found.iter().any(|found| found.step == id && found.verdict == JournalFinding::Done);
    let both = plan.steps.iter().zip(&run.steps);
    both.filter(|(step, record)| {
        let write = !matches!(step.operation, StepOperation::ReadBack { .. });
        write && (record.done_at().is_some() || settled(record.id))
    })
    .count()
}

async fn look(
    session: &mut Run,
    book: &RunJournal<'_>,
    plan: &Plan,
    live: &LiveState,
    run: &journal::RecordedRun<'_>,
) -> Result<Vec<SettledStep>, RunError> {
    let journal = book.stamped();
    let apply = Apply {
        plan,
        desired: &session.desired,
        live,
        api: &session.api,
        key: &session.key,
        store: &session.store,
        journal: &journal,
        observer: &UnreportedSettlement,
        stop: CancellationToken::new(),
        on_error: OnError::Stop,
        opening: None,
        parallelism: None,
        reconnect: false,
        run: run.id,
        clock: &now_utc,
        longest_pause: session.longest_pause,
    };
    Ok(apply.settle_open(&mut session.ledger, run).await?)
}
