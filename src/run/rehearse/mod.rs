//! A plan is carried out in the simulators, on a copy of the live state. The services get nothing but GET.

use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Instant;

use super::journal::{applied_by, journal_error, used_by};
use super::progress::RunEvent;
use super::{
    CarryOut, Context, Exit, PlanSelection, PolicyOptions, Run, RunError, RunPolicies, SavedPlan, SessionPurpose, StepOptions,
    saved_plan, secret_checks, undo,
};
use crate::config::desired;
use crate::http::client::HttpObserver;
use crate::output::view::rehearsal::Rehearsal;
use crate::output::view::{json, report};
use crate::plan::Plan;
use crate::read::ObjectDetail;
use crate::sandbox::FaultRule;

mod forecast;
mod stage;

use forecast::AttemptTimer;
use stage::RehearsalStage;

/// What a rehearsal is asked for.
#[derive(Debug)]
pub struct RehearseRequest {
    /// A saved plan: rehearsed only if nothing moved since.
    pub saved: Option<SavedPlan>,
    /// What the plan is about; a saved plan says that itself.
    pub choice: PlanSelection,
    /// A run in the journal whose undo is rehearsed: its id, the start of its id, or `last`; none rehearses the configuration.
    pub undo: Option<String>,
    /// What goes wrong, in the simulator of each account.
    pub faults: Vec<FaultRule>,
    /// Programs that judge the plan.
    pub policies: PolicyOptions,
    /// How the steps are carried out.
    pub steps: StepOptions,
}

/// Rehearses. How the apply would end, and what the services would get; nothing where nothing would be sent.
pub async fn rehearse(context: &Context, request: RehearseRequest) -> Result<(Exit, Option<Rehearsal>), RunError> {
    let (progress, reviewed) = (&context.progress, request.saved.as_ref());
    let choice = reviewed.map_or_else(|| request.choice.clone(), |reviewed| reviewed.choice(&request.choice));
    let real = Arc::new(AttemptTimer::default());
    let watch: Arc<dyn HttpObserver> = real.clone();
    let loaded = desired::load_config(&context.options.files)?;
    let of = reviewed.and_then(SavedPlan::undoes).map(str::to_owned).or(request.undo);
    // An undo reads only the accounts of its run.
    let (opened, purpose) = match of {
        Some(_) => (undo::without_addresses(&choice), SessionPurpose::Look),
        None => (choice.clone(), SessionPurpose::Plan),
    };
    let mut session = Run::open_watched(context, &opened, purpose, loaded, Some(watch)).await?;
    // The apply would stop here too.
    if let Some(Err(error)) = &session.journal {
        return Err(journal_error(error));
    }
    session.options.owners = reviewed.map(SavedPlan::owners).unwrap_or_default();
    let policies = RunPolicies::new(context, &request.policies, &session.desired)?;
    let begun = Instant::now();
    let (live, plan, reading, of) = match of {
        None => {
            let live = session.read_or_leave_out(ObjectDetail::Writable).await?;
            let reading = begun.elapsed();
            let plan = session.plan(&live)?;
            (live, plan, reading, None)
        }
        Some(of) => {
            let undo = undo::plan_undo(&mut session, &of, &choice).await?;
            progress.on_event(&RunEvent::UndoFound { run: &undo.of, left: &undo.not_undone });
            let exit_of_nothing = undo.exit_of_nothing();
            let plan = match (undo.plan, reviewed) {
                (Some(plan), _) => plan,
                // A saved plan that did something is stale.
                (None, Some(_)) => Plan::from_ledger_updates(Vec::new(), Vec::new()),
                (None, None) => {
                    progress.on_event(&RunEvent::NothingToTakeBack { is_whole: undo.not_undone.is_empty() });
                    return Ok((exit_of_nothing, None));
                }
            };
            progress.on_event(&RunEvent::UndoMoved(&undo.moved));
            (undo.live, plan, begun.elapsed(), Some(undo.of))
        }
    };
    reviewed.map_or(Ok(()), |reviewed| reviewed.same_owners(&plan))?;
    if let Some(reviewed) = reviewed {
        let journal = session.journal.as_ref().and_then(|read| read.as_ref().ok());
        let lines = journal.map_or(&[][..], |journal| &journal.lines);
        let moved = reviewed.moved(&session, &plan);
        if !moved.is_empty() {
            let used = applied_by(lines, reviewed);
            progress.on_event(&RunEvent::Stale { saved: reviewed, moved: &moved, used: used.as_deref() });
            return Ok((Exit::Stale, None));
        }
        if let Some(by) = used_by(lines, reviewed) {
            progress.on_event(&RunEvent::SavedPlanUsed { saved: reviewed, by: &by });
            return Ok((Exit::Stale, None));
        }
        reviewed.bound(&session)?;
    }
    let document = saved_plan::document(&session, &plan, &live);
    progress.on_event(&RunEvent::Planned { plan: &plan, document: &document });
    if let Err(exit) = policies.ask_all(&LazyCell::new(|| json::render_document(&document)), &mut session) {
        return Ok((exit, None));
    }
    if plan.is_refused() {
        let part = session.despite(&plan)?.filter(|_| reviewed.is_none());
        progress.on_event(&RunEvent::WouldBeRefused { whole: &plan, part: part.as_ref() });
        return Ok((Exit::Refused, None));
    }
    if !plan.has_changes() {
        return Ok((Exit::of_whole(&plan), None));
    }
    secret_checks::check_supplied(&session, &plan)?;
    let mut stage = RehearsalStage::build(session, &live).await?;
    let before = stage.read().await?;
    let same = stage.session.plan(&before)?;
    if let Some(difference) = first_difference(&plan, &same) {
        return Err(RunError::other(
            "telform::rehearse::differs",
            format!(
                "the simulator does not match the services, so a rehearsal would prove nothing about the apply: {difference}"
            ),
            "please report a bug with this message; `telform plan` shows what the apply would send",
        ));
    }
    stage.start_faults(request.faults);
    let how = CarryOut {
        command: "rehearse",
        plan_file: None,
        of: of.as_deref(),
        steps: request.steps,
        stop: progress.stop_requests(),
        refused: 0,
        leaves_dark: false,
    };
    let (exit, shown) = stage.run_rehearsal(&how, &plan, reviewed.is_some(), &real, reading).await?;
    Ok((exit, Some(shown)))
}

/// Why the plan in the simulator differs; none when it sends the same.
fn first_difference(real: &Plan, played: &Plan) -> Option<String> {
    if let Some(refusal) = played.refusals.first() {
        return Some(format!("in the simulator the plan is refused: {}", refusal.detail));
    }
    let mut both = real.steps.iter().zip(&played.steps);
    if let Some((real, played)) = both.find(|(real, played)| real != played) {
        return Some(format!("{} is {} and not {}", real.id, report::step_subject(played), report::step_subject(real)));
    }
    let (real, played) = (real.steps.len(), played.steps.len());
    (real != played).then(|| format!("in the simulator it has {played} requests instead of {real}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;

    #[test]
    fn a_copy_that_is_planned_otherwise_is_told_by_its_first_difference() {
        let saved = include_str!("../../../tests/verify-plans/small.json");
        let saved: document::v1::Document = serde_json::from_str(saved).expect("a document");
        let real = saved.plan.to_plan().expect("a plan");
        assert_eq!(first_difference(&real, &real.clone()), None);
        let told = |change: fn(&mut Plan)| {
            let mut played = real.clone();
            change(&mut played);
            first_difference(&real, &played).expect("a difference")
        };
        assert_eq!(
            told(|plan| drop(plan.steps.pop())),
            format!("in the simulator it has {} requests instead of {}", real.steps.len() - 1, real.steps.len())
        );
        assert!(told(|plan| plan.steps[1].call.path.push('x')).starts_with("s2 is "));
        assert!(told(|plan| plan.steps.swap(2, 3)).starts_with("s3 is "));
        let refused = told(|plan| {
            plan.refusals.push(crate::plan::PlanRefusal {
                code: crate::plan::RefusalCode::MaxDeletes,
                account: "unpod".to_owned(),
                addresses: Default::default(),
                attribute: None,
                detail: "too many".to_owned(),
                place: None,
            });
        });
        assert_eq!(refused, "in the simulator the plan is refused: too many");
    }
}
