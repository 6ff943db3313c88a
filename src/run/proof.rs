//! The proof of a run: everything is read and planned again.

use tokio_util::sync::CancellationToken;

use super::progress::{RunEvent, Warning};
use super::{Exit, Run, RunError};
use crate::apply::{ApplyReport, PollBackoff, find_twins, wait_until_shown};
use crate::http::ReadOnly;
use crate::model::resource::LiveState;
use crate::plan::Plan;

/// What a second plan shows after every step of the first was done.
#[derive(Debug)]
pub struct Proof {
    /// The second plan.
    pub second_plan: Plan,
    /// What the services keep otherwise than it was sent, a sentence each.
    pub unmet: Vec<String>,
    /// Whether an object that was made has a twin.
    pub has_twins: bool,
    /// How many refusals kept the rest of the first plan from being carried out.
    pub refused: usize,
}

impl Proof {
    /// How the run ends.
    pub fn exit(&self) -> Exit {
        let unmet = !self.unmet.is_empty();
        if self.refused > 0 && !unmet {
            return Exit::Partial;
        }
        if self.has_twins || unmet || !self.second_plan.is_settled() {
            return Exit::NotConverged;
        }
        Exit::of_whole(&self.second_plan)
    }

    /// Whether the services show what the configuration wants.
    pub fn is_converged(&self) -> bool {
        matches!(self.exit(), Exit::Done | Exit::Partial) && self.refused == 0
    }
}

/// Looks for duplicates of what the run created, and reports them. Returns whether any exist.
pub(crate) async fn report_twins(
    run: &Run,
    plan: &Plan,
    report: &ApplyReport,
    seen: &LiveState,
    read: Option<&LiveState>,
) -> bool {
    let api = ReadOnly::new(&run.api);
    let known = (&run.ledger, &run.key);
    match find_twins(&api, &run.desired, plan, report, seen, read, known).await {
        Ok(found) => {
            if !found.is_empty() {
                run.context.progress.on_event(&RunEvent::Twins(&found));
            }
            !found.is_empty()
        }
        Err(error) => {
            run.context.progress.on_warning(&Warning::TwinsUnknown { why: error.to_string() });
            false
        }
    }
}

/// Reads everything again, once the services show what this run wrote.
pub(crate) async fn read_after_apply(session: &Run, plan: &Plan, report: &ApplyReport) -> Result<LiveState, RunError> {
    let mut patience = PollBackoff::new(session.longest_pause, CancellationToken::new());
    let api = ReadOnly::new(&session.api);
    loop {
        let live = session.read_for_plan().await?;
        let (desired, key) = (&session.desired, &session.key);
        if !wait_until_shown(&api, desired, plan, report, &live, key, &mut patience).await {
            return Ok(live);
        }
    }
}
