//! `telform resume`: a run that was cut off is settled by reading, then everything goes on as in an apply.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::again;
use super::apply;
use super::args::{ApplyArgs, ResumeArgs};
use super::exit::{Exit, Failure};
use super::journal::{Book, cut_off};
use super::out::Out;
use super::session::{Session, now};
use crate::apply::{Apply, Found, OnError};
use crate::event::{Event, Observer};
use crate::journal::{Recorder, Run, Verdict};
use crate::output::Said;
use crate::plan::{Operation, Plan, RefusalCode};
use crate::resource::Live;
use crate::text::clean;
use crate::view::report;

pub(super) async fn run(out: &Out, args: &ResumeArgs) -> Result<Exit, Failure> {
    let patience = args.settle_timeout.unwrap_or_default();
    let args = ApplyArgs {
        plan: None,
        choice: args.choice.clone(),
        auto_approve: args.auto_approve,
        expect: None,
        run: args.run.clone(),
        lock: args.lock.clone(),
    };
    apply::carry(out, &args, "resume", Some(patience)).await
}

/// Nobody hears a settling: what it finds is told when it is there.
struct Silent;

impl Observer for Silent {
    fn hear(&self, _: &Event) {}
}

/// How often a create that may still be running is looked for.
const EVERY: Duration = Duration::from_secs(15);

/// Waits as long as this for creates that got no answer: until each is to be seen, or its time is over.
pub(super) async fn wait(out: &Out, session: &Session, patience: Duration) -> Result<(), Failure> {
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
        if !told && !out.global.json && !out.global.quiet {
            let text = format!(
                "waiting: the create of {} at {} got no answer and may still be running until {until}",
                create.address,
                create.sent()
            );
            out.note(&format!("{}\n", out.reading().wrap(&clean(&text), 0).join("\n")));
            told = true;
        }
        let over = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        tokio::time::sleep(left.min(over).min(EVERY)).await;
    }
}

/// Whether a create that got no answer is still without an object under its address.
pub(super) fn is_open(session: &Session) -> bool {
    session.ledger.watched.iter().any(|create| !session.ledger.objects.contains_key(&create.address))
}

/// Settles every run that was cut off. Says whether there was one.
pub(super) async fn settle(out: &Out, session: &mut Session, book: &Book<'_>) -> Result<bool, Failure> {
    let runs = book.runs();
    let cut: Vec<&Run<'_>> = runs.iter().filter(|run| run.finished.is_none()).collect();
    if cut.is_empty() {
        return Ok(false);
    }
    let cut = within(out, session, cut)?;
    if cut.is_empty() {
        return Ok(false);
    }
    let needed: Vec<_> = cut.iter().map(|run| open_accounts(run)).collect();
    let needed = needed.iter().flatten().map(|name| (*name).to_owned()).collect();
    let live = session.read_only(&needed).await?;
    for run in cut {
        if out.global.json {
            out.event(&Said::CutOff { run: run.id, command: &run.started.command });
        } else if !out.global.quiet {
            let with = again::flags(&run.started.origin.options);
            let with = if with.is_empty() { with } else { format!("; it was run with{}", clean(&with)) };
            out.note(&format!("{}{with}\n", cut_off(run)));
        }
        let plan = run.started.plan.planned().map_err(|error| {
            Failure::other(
                "telform::resume::plan",
                format!("the plan of run {}: {error}", run.id),
                error.help(),
            )
        })?;
        let found = look(session, book, &plan, &live, run).await?;
        tell(out, run, &plan, &found);
        if !found.iter().any(|found| found.waits) {
            book.close(run, writes(run, &plan, &found)).await?;
        }
    }
    session.ledger.journal = Some(book.stamped().head().await);
    session.store.save(&mut session.ledger).await?;
    Ok(true)
}

/// Accounts in which a run that was cut off has open requests.
fn open_accounts<'a>(run: &'a Run<'_>) -> BTreeSet<&'a str> {
    let open: BTreeSet<String> = run.open().into_iter().map(|open| open.step).collect();
    let steps = run.started.plan.steps.iter().filter(|step| open.contains(&step.id));
    steps.map(|step| step.call.account.as_str()).collect()
}

/// Of the runs that were cut off those that can be settled here. One that is open in other accounts alone stays for a run
/// that is about these.
fn within<'r, 'a>(out: &Out, session: &Session, cut: Vec<&'r Run<'a>>) -> Result<Vec<&'r Run<'a>>, Failure> {
    let mut here = Vec::new();
    for run in cut {
        let accounts = open_accounts(run);
        session.need_tokens(|name| accounts.contains(name))?;
        let there = |name: &&&str| session.desired.accounts.contains_key(**name);
        let others: Vec<&str> =
            accounts.iter().filter(there).filter(|name| !session.asked.contains(**name)).copied().collect();
        if others.is_empty() {
            here.push(run);
            continue;
        }
        let (is, others) = (cut_off(run), clean(&others.join(", ")));
        if accounts.iter().any(|name| session.asked.contains(*name)) {
            return Err(Failure::other(
                "telform::resume::limited",
                format!("{is}; it has open requests in account {others} too, which this run leaves out"),
                "resume without `--account`, `--target` and `--exclude`: that settles it as a whole",
            ));
        }
        if !out.global.json && !out.global.quiet {
            out.note(&format!("{is}; not settled here: its open requests are in account {others}\n"));
        }
    }
    Ok(here)
}

/// Writes of a run that are done, as its outcomes or a settling say.
fn writes(run: &Run<'_>, plan: &Plan, found: &[Found]) -> usize {
    let settled = |id: &str| found.iter().any(|found| found.step == id && found.verdict == Verdict::Done);
    let both = plan.steps.iter().zip(&run.steps);
    both.filter(|(step, record)| {
        let write = !matches!(step.operation, Operation::ReadBack { .. });
        write && (record.done_at().is_some() || settled(record.id))
    })
    .count()
}

async fn look(
    session: &mut Session,
    book: &Book<'_>,
    plan: &Plan,
    live: &Live,
    run: &Run<'_>,
) -> Result<Vec<Found>, Failure> {
    let journal = book.stamped();
    let apply = Apply {
        plan,
        desired: &session.desired,
        live,
        api: &session.api,
        key: &session.key,
        store: &session.store,
        journal: &journal,
        observer: &Silent,
        stop: CancellationToken::new(),
        on_error: OnError::Stop,
        parallelism: None,
        reconnect: false,
        run: run.id,
        clock: &now,
        longest_pause: session.longest_pause,
    };
    Ok(apply.settle_open(&mut session.ledger, run).await?)
}

fn tell(out: &Out, run: &Run<'_>, plan: &Plan, all: &[Found]) {
    for found in all {
        if out.global.json {
            out.event(&Said::Settled {
                run: run.id,
                step: &found.step,
                verdict: found.verdict,
                evidence: &found.evidence,
            });
            continue;
        }
        if out.global.quiet {
            continue;
        }
        let word = match found.verdict {
            Verdict::Done => "done",
            Verdict::NotDone => "not done",
            Verdict::Unknown => "UNKNOWN",
        };
        let step = plan.steps.iter().find(|step| step.id == found.step);
        let subject = step.map(report::subject).unwrap_or_default();
        out.note(&format!("  {:>4} {word:8} {subject}\n", found.step));
        for line in crate::view::text::wrap(&clean(&found.evidence), out.width() - 16) {
            out.note(&format!("                {line}\n"));
        }
    }
}
