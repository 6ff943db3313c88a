//! `telform apply`: plans, shows, asks, runs, and proves that it is finished by planning again.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::again;
use super::args::{ApplyArgs, RunArgs, WhenFailed};
use super::confirm::confirmed;
use super::exit::{Exit, Failure};
use super::interrupt::Stop;
use super::journal::{Book, Receipt, note_behind};
use super::out::Out;
use super::part;
use super::policy::{Policies, Tell};
use super::remember::{enter, remember};
use super::resume;
use super::saved::{self, Reviewed};
use super::session::{Purpose, Session, now};
use super::supplied::supplied;
use super::unfinished;
use super::unmet::unmet;
use super::watch::{Announcing, Ends, Progress};
use crate::apply::{AfterRun, Apply, OnError, Report, settle_values};
use crate::document::{Document, Moved, unbound};
use crate::output::Said;
use crate::plan::Plan;
use crate::resource::Live;
use crate::text::clean;
use crate::view::{json, not_whole, report, text};

/// Carries out what the YAML wants.
pub(crate) async fn run(out: &Out, args: &ApplyArgs) -> Result<Exit, Failure> {
    carry(out, args, "apply", None).await
}

/// The same as another command; with a time to wait for creates that got no answer, and only after one, or after a run that was
/// cut off.
pub(super) async fn carry(
    out: &Out,
    args: &ApplyArgs,
    command: &'static str,
    resumes: Option<Duration>,
) -> Result<Exit, Failure> {
    let reviewed = args.plan.as_deref().map(Reviewed::read).transpose()?;
    let choice =
        reviewed.as_ref().map_or_else(|| args.choice.clone(), |reviewed| reviewed.choice(&args.choice));
    // What was cut off is settled in the accounts that it is about; after that all are needed.
    let purpose = match resumes {
        Some(_) => Purpose::Settle(args.lock.wait()),
        None => Purpose::Apply(args.lock.wait()),
    };
    let mut session = Session::open(out, &choice, purpose).await?;
    let policies = Policies::of(out, &args.run.policies, &session.desired)?;
    let store = session.store.clone();
    if let Some(patience) = resumes {
        resume::wait(out, &session, patience).await?;
    }
    let open = resume::is_open(&session);
    let book = Book::open(&store, &session.ledger).await?;
    note_behind(out, book.ended_after(&session.ledger));
    if !resume::settle(out, &mut session, &book).await? && resumes.is_some() && !open {
        out.note("no run was cut off here: there is nothing to resume\n");
        return Ok(Exit::Done);
    }
    session.need_tokens(|_| true)?;
    let live = session.read_for_plan().await?;
    let plan = session.plan(&live)?;
    if let Some(moved) = reviewed.as_ref().map(|reviewed| reviewed.moved(&session, &plan))
        && !moved.is_empty()
    {
        return Ok(stale(out, &moved));
    }
    let document = saved::document(&session, &plan, &live);
    show(out, &plan, &document);
    if let Some(expected) = args.expect.as_ref().filter(|expected| **expected != plan.digest) {
        let review = if out.global.quiet { "Review it with `telform plan`" } else { "Review the plan above" };
        out.note(&format!(
            "stale: the plan is {}, not the expected {}; nothing was written. {review} and use its digest.\n",
            plan.digest,
            clean(expected)
        ));
        return Ok(Exit::Stale);
    }
    let tell = if out.global.json { Tell::Events } else { Tell::Text };
    if let Err(exit) =
        policies.judge(out, &LazyCell::new(|| json::document(&document)), tell, &mut session.lock)
    {
        out.note("nothing was written\n");
        return Ok(exit);
    }
    let bound = reviewed.is_some() || args.expect.is_some();
    let (plan, document, refused) =
        match part::of(out, &mut session, &live, (plan, document), &policies, bound)? {
            Ok(part) => part,
            Err(exit) => return Ok(exit),
        };
    if !plan.has_changes() {
        let from = reviewed.as_ref().map(Reviewed::checksum);
        enter(&mut session, command, from, &plan, &live, &book, document).await?;
        session.close()?;
        return Ok(if plan.is_settled() { Exit::Done } else { not_taken(out) });
    }
    supplied(&session, &plan)?;
    match &reviewed {
        Some(reviewed) => {
            let why =
                if reviewed.is_sealed() { "this plan was made without" } else { "this plan is not bound to" };
            saved::note_unbound(out, why, &reviewed.unbound());
        }
        // A digest is the same with any secrets, so that a plan can be made where there are none.
        None if args.expect.is_some() => {
            saved::note_unbound(out, "a digest does not cover", &unbound(&plan, None));
        }
        None => {}
    }
    if let Some(run) = reviewed.as_ref().and_then(|reviewed| book.used_by(reviewed)) {
        out.note(&format!("stale: this saved plan was used by {run}; nothing was written. Plan again.\n"));
        return Ok(Exit::Stale);
    }
    if !args.auto_approve && !confirmed(out, &plan)? {
        out.note("not confirmed; nothing was written\n");
        return Ok(Exit::Failed);
    }
    // From here on an interrupt ends the run in good order; until now it ended the process.
    session.lock.take_over_signals();
    let stop = Stop::on_signals(out);
    let how = How {
        command,
        plan_file: reviewed.as_ref().map(Reviewed::checksum),
        heading: "Applying",
        of: None,
        run: &args.run,
        stop,
        refused,
    };
    Ok(carry_through(out, &how, &mut session, &plan, &live, &book, document).await?.exit)
}

/// How a plan is carried out.
pub(super) struct How<'a> {
    /// The command's name, for the journal.
    pub(super) command: &'static str,
    /// Checksum of the saved plan, when there is one.
    pub(super) plan_file: Option<&'a str>,
    /// What stands above the steps.
    pub(super) heading: &'static str,
    /// The run that is taken back, when it is an undo.
    pub(super) of: Option<&'a str>,
    /// Options.
    pub(super) run: &'a RunArgs,
    /// Asks to stop.
    pub(super) stop: Stop,
    /// How many refusals keep the rest of the plan from being carried out.
    pub(super) refused: usize,
}

/// What came of it.
pub(super) struct Ran {
    pub(super) exit: Exit,
    pub(super) report: Report,
    /// When the first step was about to start.
    pub(super) began: Instant,
    /// When each step ended.
    pub(super) ends: Ends,
}

/// Carries a plan out that everybody agreed to: journal, steps, proof, receipt.
pub(super) async fn carry_through(
    out: &Out,
    how: &How<'_>,
    session: &mut Session,
    plan: &Plan,
    live: &Live,
    book: &Book<'_>,
    document: Document,
) -> Result<Ran, Failure> {
    out.goes_on()?;
    book.begin(how.command, document, how.plan_file, how.of).await?;
    remember(session, plan, live, false).await?;
    let began = Instant::now();
    let (report, ends) = carry_out(out, how, session, plan, live, book).await;
    let mut receipt = Receipt { writes: report.writes(plan), ..Receipt::default() };
    let mut exit = conclude(out, how, session, (plan, live), &report, book.run(), &mut receipt).await?;
    if let Err(failure) = session.close() {
        out.failure(&failure);
        out.note("the run ended as shown above, but the world of the sandbox could not be kept\n");
        exit = if exit == Exit::Done { Exit::NotConverged } else { exit };
    }
    receipt.result = exit.word();
    let store = session.store.clone();
    if let Err(failure) = book.end(&store, &mut session.ledger, exit, receipt).await {
        out.failure(&failure);
        out.note("the run ended as shown above, but its receipt could not be kept\n");
        exit = if exit == Exit::Done { Exit::NotConverged } else { exit };
    }
    // The run is over and on record: whoever stops the process now stops nothing.
    how.stop.says(|| {});
    Ok(Ran { exit, report, began, ends })
}

/// Nothing was written, because the plan of now is another one than the reviewed one.
pub(super) fn stale(out: &Out, moved: &[Moved]) -> Exit {
    if out.global.json {
        out.event(&Said::Stale { moved });
    } else {
        out.print(&report::moved(moved, out.reading()));
    }
    out.note("stale: this is no longer what was reviewed; nothing was written. Plan again.\n");
    Exit::Stale
}

/// The last line of a plan that is not carried out: of a long one its beginning, which says why, is out of sight.
pub(super) fn refused(out: &Out, plan: &Plan) {
    let above =
        if out.global.json || out.global.quiet { "" } else { "; REFUSED above says why, and the way out" };
    out.note(&format!("nothing was written: {} refused{above}\n", plan.refusals.len()));
}

/// Nothing is left to send, and what was sent before is not there.
pub(super) fn not_taken(out: &Out) -> Exit {
    let above = if out.global.json || out.global.quiet { "" } else { " above" };
    out.note(&format!("not converged: the service did not take the values{above}; nothing was sent again\n"));
    Exit::NotConverged
}

pub(super) fn show(out: &Out, plan: &Plan, document: &Document) {
    if out.global.json {
        out.event(&Said::Planned { document });
    } else if !out.global.quiet {
        out.print(&text::plan(plan, out.reading()));
    } else if plan.is_refused() || !plan.has_changes() {
        // Else how the run ends is the verdict.
        out.print(&format!("{}\n", plan.summary()));
    }
}

async fn carry_out(
    out: &Out,
    how: &How<'_>,
    session: &mut Session,
    plan: &Plan,
    live: &Live,
    book: &Book<'_>,
) -> (Report, Ends) {
    let progress = Progress::new(out, plan);
    if !out.global.json && !out.global.quiet {
        out.print(&format!("\n{}\n", how.heading));
    }
    let apply = Apply {
        plan,
        desired: &session.desired,
        live,
        api: &session.api,
        key: &session.key,
        store: &session.store,
        journal: &Announcing { journal: &book.stamped(), standing: progress.shared() },
        observer: &progress,
        stop: how.stop.asked.clone(),
        on_error: match how.run.on_error {
            WhenFailed::Stop => OnError::Stop,
            WhenFailed::Continue => OnError::Continue,
        },
        reconnect: !how.run.no_reconnect_on_failure,
        parallelism: how.run.parallelism.map(usize::from),
        run: book.run(),
        clock: &now,
        longest_pause: session.longest_pause,
    };
    let farewell = unfinished::Farewell {
        out: out.clone(),
        plan: plan.clone(),
        standing: progress.shared(),
        advice: again::settle(out, (how.command, how.of), session),
    };
    how.stop.says(move || farewell.say());
    let shown = out.meter.applying();
    let report = apply.run(&mut session.ledger).await;
    drop(shown);
    (report, progress.ends())
}

/// Says how it ended; a complete run is proven by reading everything again and planning again.
async fn conclude(
    out: &Out,
    how: &How<'_>,
    session: &mut Session,
    (plan, seen): (&Plan, &Live),
    report: &Report,
    run: &str,
    receipt: &mut Receipt,
) -> Result<Exit, Failure> {
    if report.ledger_error.is_some() || !report.is_complete() {
        let advice = again::advice(out, (how.command, how.of), session, plan, report);
        let exit = unfinished::incomplete(out, plan, report, &advice);
        if !report.interrupted {
            unfinished::twins(out, session, plan, report, seen, None).await;
        }
        return exit;
    }
    let options = session.options.for_proof();
    let mut kept = BTreeMap::new();
    let read = tokio::select! {
        biased;
        () = how.stop.asked.cancelled() => return Ok(unfinished::unproven(out, plan, report, &again::look(out, (how.command, how.of), session))),
        read = unfinished::read_again(session, plan, report) => read,
    };
    let read = read.and_then(|live| {
        let (desired, key) = (&session.desired, &session.key);
        let after = AfterRun { plan, desired, report, live: &live, key, run, clock: &now };
        kept = settle_values(&mut session.ledger, &after);
        Ok((session.plan_with(&live, &options)?, live))
    });
    let mut doubled = false;
    let again = match read {
        Ok((again, live)) => {
            doubled |= unfinished::twins(out, session, plan, report, seen, Some(&live)).await;
            if !again.has_changes()
                && !again.is_refused()
                && let Err(failure) = remember(session, &again, &live, true).await
            {
                out.failure(&failure);
                out.note("every step is done, but the ledger could not be saved\n");
                return Ok(Exit::NotConverged);
            }
            receipt.converged = Some(again.is_settled());
            receipt.second_plan = Some(again.summary());
            again
        }
        Err(failure) => {
            out.failure(&failure);
            out.note("every step is done, but reading and planning again failed, so it is not proven\n");
            unfinished::twins(out, session, plan, report, seen, None).await;
            return Ok(Exit::NotConverged);
        }
    };
    let writes = receipt.writes;
    let unmet = unmet(report, kept);
    if out.global.json {
        out.event(&Said::Finished {
            writes,
            converged: again.is_settled(),
            digest: &plan.digest,
            second_plan: again.summary(),
            unmet: &unmet,
        });
    }
    if how.refused > 0 && unmet.is_empty() {
        let word = if writes == 1 { "write" } else { "writes" };
        if !out.global.json {
            out.print(&format!(
                "\nApplied in part: {writes} {word}. The rest of the plan was refused and is not carried out ({} refused)\n",
                how.refused
            ));
        }
        return Ok(Exit::Partial);
    }
    if doubled && again.is_settled() && unmet.is_empty() {
        let word = if writes == 1 { "write" } else { "writes" };
        if !out.global.json {
            out.print(&format!(
                "\nApplied, {writes} {word}, and a fresh plan is empty; but there are twins, see above\n"
            ));
        }
        return Ok(Exit::NotConverged);
    }
    if !again.is_settled() || !unmet.is_empty() {
        if out.global.quiet && !out.global.json {
            let fresh = again.summary();
            out.print(&format!("Applied, but not converged: a fresh plan says {fresh}\n"));
        } else if !out.global.json {
            out.print(if again.has_changes() || again.is_refused() {
                "\nApplied, but not converged: a fresh plan is not empty\n"
            } else if !again.not_taken.is_empty() {
                "\nApplied, but not converged: the service did not take all that was sent\n"
            } else {
                "\nApplied, but the service shows another value than it was sent; it will not be sent again\n"
            });
            for note in &unmet {
                out.print(&format!("  {}\n", clean(note)));
            }
            if !again.is_settled() {
                out.print(&text::plan(&again, out.reading()));
            }
        }
        return Ok(Exit::NotConverged);
    }
    let word = if writes == 1 { "write" } else { "writes" };
    // A plan proves no more than what it looked at.
    let part = match how.command {
        "undo" => Some("only what was taken back".to_owned()),
        _ => not_whole(&again),
    };
    let part = part.map(|part| format!(" ({part})")).unwrap_or_default();
    let proof = format!("{writes} {word}, and a fresh plan is empty{part}.");
    if out.global.quiet && !out.global.json {
        let did = if how.command == "rehearse" { "Rehearsed" } else { "Done" };
        out.print(&format!("{}\n", clean(&format!("{did}: {proof}"))));
    } else if !out.global.json {
        let lines = out.reading().wrap(&clean(&format!("Done: {proof}")), 6);
        out.print(&format!("\n{}\n", lines.join("\n      ")));
        for notice in again.notices.iter().filter(|notice| notice.code.waits_for_somebody()) {
            let address = notice.address.as_ref().map(ToString::to_string).unwrap_or_default();
            let attribute = notice.attribute.as_deref().unwrap_or_default();
            let what = format!("{address} {attribute}");
            let text = clean(&format!("{} {}", what.trim_end(), notice.code.text()));
            let lines = out.reading().wrap(&text, 9).join("\n         ");
            out.print(&format!("Waiting: {lines}\n"));
        }
    }
    Ok(Exit::Done)
}
