//! The end of a run that did not go through, and what is looked at after one that did.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};
use super::out::Out;
use super::session::Session;
use super::watch::Standing;
use crate::api::ReadOnly;
use crate::apply::{Patience, Report, doubled, wait_until_shown};
use crate::output::{Dark, Said, StepEnd, StepMore};
use crate::plan::Plan;
use crate::resource::Live;
use crate::text::clean;
use crate::view::report::{self, Advice};
use crate::view::text::Detail;

/// Says what was done, what was not, and how to go on.
pub(super) fn incomplete(
    out: &Out,
    plan: &Plan,
    report: &Report,
    advice: &[Advice],
) -> Result<Exit, Failure> {
    let ledger = report.ledger_error.as_ref().map(ToString::to_string);
    if out.global.json {
        event(out, plan, report, advice, ledger.clone());
        if out.is_lost() {
            // Nobody got the event; what it says must not be lost with its reader.
            out.note(&report::unfinished(plan, report, advice, out.reading()));
        }
    } else if out.global.quiet {
        // Whoever gets no advice has rehearsed, and the journal of that is gone.
        out.print(&report::verdict(plan, report, !advice.is_empty()));
    } else {
        out.print(&report::unfinished(plan, report, advice, out.reading()));
    }
    if let Some(why) = ledger {
        // A lost lock quotes the note of whoever has it now.
        out.note(&format!("the ledger could not be saved, so nothing more was started: {}\n", clean(&why)));
        return Ok(if report.is_untouched(plan) { Exit::Failed } else { Exit::Partial });
    }
    if report.interrupted {
        return Ok(Exit::Interrupted);
    }
    if report.is_stale() {
        out.note("stale: live is not what the plan saw; nothing was written. Plan again.\n");
        return Ok(Exit::Stale);
    }
    if report.is_untouched(plan) {
        out.note("nothing was written\n");
        return Ok(Exit::Failed);
    }
    Ok(Exit::Partial)
}

/// Interrupted when every step was done: to read and plan again is left to somebody else.
pub(super) fn unproven(out: &Out, plan: &Plan, report: &Report, advice: &[Advice]) -> Exit {
    if out.global.json {
        event(out, plan, report, advice, None);
    } else {
        out.note("interrupted: every step is done, but nothing was read again, so it is not proven\n");
        if !out.global.quiet {
            out.print(&report::commands(advice));
        }
    }
    Exit::Interrupted
}

/// What is said of a run that is stopped at once.
pub(super) struct Farewell {
    pub(super) out: Out,
    pub(super) plan: Plan,
    /// How far it is.
    pub(super) standing: Arc<Mutex<Standing>>,
    /// How to go on.
    pub(super) advice: Vec<Advice>,
}

impl Farewell {
    /// Says it on standard error: standard output may be a pipe that nobody empties any more.
    pub(super) fn say(&self) {
        let report = self.standing.lock().unwrap_or_else(PoisonError::into_inner).stopped(&self.plan);
        let detail = Detail { columns: self.out.width(), ..self.out.reading() };
        self.out.note(&report::stopped(&self.plan, &report, &self.advice, detail));
        if self.out.global.json {
            event(&self.out, &self.plan, &report, &self.advice, None);
            let exit = Exit::Interrupted;
            self.out.event(&Said::Ended { exit: exit as u8, result: exit.word() });
        }
    }
}

/// The same for programs.
pub(super) fn event(
    out: &Out,
    plan: &Plan,
    report: &Report,
    advice: &[Advice],
    ledger_error: Option<String>,
) {
    let dark = report::dark_now(plan, report).into_iter().map(|(number, bridge, configuration)| Dark {
        number,
        bridge,
        configuration,
    });
    let steps = report.outcomes.iter().map(|(step, result)| StepEnd { step, result });
    let again = report.reconnected.iter().map(|(step, result)| StepMore { step, result });
    out.event(&Said::Unfinished {
        advice: if report.is_untouched(plan) { &[] } else { advice },
        dark: dark.collect(),
        steps: steps.collect(),
        reconnected: again.collect(),
        ledger_error,
    });
}

/// Looks for twins of what the run made, and names them. Says whether there are any.
pub(super) async fn twins(
    out: &Out,
    session: &Session,
    plan: &Plan,
    report: &Report,
    seen: &Live,
    read: Option<&Live>,
) -> bool {
    let api = ReadOnly::new(&session.api);
    let known = (&session.ledger, &session.key);
    let found = match doubled(&api, &session.desired, plan, report, seen, read, known).await {
        Ok(found) => found,
        Err(error) => {
            out.note(&format!(
                "whether what was made has a twin is not known: {}\n",
                clean(&error.to_string())
            ));
            return false;
        }
    };
    if found.is_empty() {
        return false;
    }
    if out.global.json {
        out.event(&Said::Twins { twins: &found });
    } else {
        // A plan, for it says which further guard has to be lifted before anything is deleted.
        let plan = out.again.command("telform plan --max-deletes 1");
        out.print(&report::twins(&found, &plan, out.reading()));
    }
    true
}

/// Reads everything again, once what this run wrote is shown.
pub(super) async fn read_again(session: &Session, plan: &Plan, report: &Report) -> Result<Live, Failure> {
    let mut patience = Patience::new(session.longest_pause, CancellationToken::new());
    let api = ReadOnly::new(&session.api);
    loop {
        let live = session.read_for_plan().await?;
        let (desired, key) = (&session.desired, &session.key);
        if !wait_until_shown(&api, desired, plan, report, &live, key, &mut patience).await {
            return Ok(live);
        }
    }
}
