//! `telform rehearse`: applies the plan in the simulator, on a copy of the live state.

use std::cell::LazyCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use crate::cli::args::{PlanSelectionArgs, RunArgs, choice_options};
use crate::cli::console::Console;
use crate::config::desired;
use crate::disk;
use crate::http::client::HttpObserver;
use crate::output::Said;
use crate::output::view::rehearsal;
use crate::output::view::{json, report};
use crate::plan::Plan;
use crate::run::{
    CarryOut, Exit, Progress, Run, RunError, RunEvent, RunPolicies, SavedPlan, SessionPurpose, saved_plan, secret_checks,
};
use crate::sandbox::{FaultRule, World};

mod forecast;
mod stage;

use forecast::AttemptTimer;
use stage::RehearsalStage;

/// `telform rehearse`.
#[derive(Debug, Args, Clone)]
pub struct RehearseArgs {
    /// A saved plan: rehearsed only if nothing moved since, as `telform apply PLAN` would run it
    #[arg(value_name = "PLAN", conflicts_with_all = choice_options())]
    pub plan: Option<PathBuf>,
    /// What goes wrong, as the simulator's world files say it: YAML, or a file of it; repeatable. Each account has a simulator of
    /// its own, and each counts its own requests
    #[arg(long = "fault", value_name = "YAML|FILE")]
    pub faults: Vec<String>,
    /// What the plan is about.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
    /// How it is carried out.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Rehearses.
pub(crate) async fn run(out: &Console, args: &RehearseArgs) -> Result<Exit, RunError> {
    let faults = faults(&args.faults)?;
    let reviewed = args.plan.as_deref().map(SavedPlan::read).transpose()?;
    let choice = reviewed.as_ref().map_or_else(|| args.choice.choice(), |reviewed| reviewed.choice(&args.choice.choice()));
    let real = Arc::new(AttemptTimer::default());
    let watch: Arc<dyn HttpObserver> = real.clone();
    let loaded = desired::load_config(&out.global.files)?;
    let mut session = Run::open_watched(&out.context(), &choice, SessionPurpose::Plan, loaded, Some(watch)).await?;
    session.options.owners = reviewed.as_ref().map(SavedPlan::owners).unwrap_or_default();
    let policies = RunPolicies::new(&out.context(), &args.run.policies.given(), &session.desired)?;
    let begun = Instant::now();
    let live = session.read().await?;
    let reading = begun.elapsed();
    let plan = session.plan(&live)?;
    reviewed.as_ref().map_or(Ok(()), |reviewed| reviewed.same_owners(&plan))?;
    if let Some(moved) = reviewed.as_ref().map(|reviewed| reviewed.moved(&session, &plan))
        && !moved.is_empty()
    {
        out.on_event(&RunEvent::Stale { moved: &moved });
        return Ok(Exit::Stale);
    }
    if let Some(reviewed) = &reviewed {
        reviewed.bound(&session)?;
    }
    let document = saved_plan::document(&session, &plan, &live);
    out.on_event(&RunEvent::Planned { plan: &plan, document: &document });
    if let Err(exit) = policies.ask_all(&LazyCell::new(|| json::render_document(&document)), &mut session) {
        return Ok(exit);
    }
    if plan.is_refused() {
        let would = match session.despite(&plan)?.filter(|_| reviewed.is_none()) {
            Some(part) => format!("do only this, {}", part.summary()),
            None => "write nothing".to_owned(),
        };
        out.print_stderr(&format!("the apply would {would}: {} refused\n", plan.refusals.len()));
        return Ok(Exit::Refused);
    }
    if !plan.has_changes() {
        return Ok(Exit::Done);
    }
    secret_checks::check_supplied(&session, &plan)?;
    let mut stage = RehearsalStage::build(out, session, &live).await?;
    let before = stage.read().await?;
    let same = stage.session.plan(&before)?;
    if let Some(difference) = first_difference(&plan, &same) {
        return Err(RunError::other(
            "telform::rehearse::differs",
            format!(
                "the simulator does not show what the services show, so a rehearsal would say nothing about the apply: {difference}"
            ),
            "please report it with this message; `telform plan` shows what the apply would send",
        ));
    }
    stage.start_faults(faults);
    let how = CarryOut {
        command: "rehearse",
        plan_file: None,
        of: None,
        steps: args.run.steps(),
        stop: out.stop_requests(),
        refused: 0,
    };
    let (exit, shown) = stage.run_rehearsal(out, &how, &plan, reviewed.is_some(), &real, reading).await?;
    if out.global.json {
        out.print_event(&Said::Rehearsed { rehearsal: &shown });
    } else if !out.global.quiet {
        out.print(&rehearsal::rehearsal_as_text(&shown, out.global.verbose > 0));
    }
    Ok(exit)
}

/// Why the plan in the simulator differs; none when it sends the same.
fn first_difference(real: &Plan, played: &Plan) -> Option<String> {
    if let Some(refusal) = played.refusals.first() {
        return Some(format!("there the plan is refused: {}", refusal.detail));
    }
    let mut both = real.steps.iter().zip(&played.steps);
    if let Some((real, played)) = both.find(|(real, played)| real != played) {
        return Some(format!("{} is {} and not {}", real.id, report::step_subject(played), report::step_subject(real)));
    }
    let (real, played) = (real.steps.len(), played.steps.len());
    (real != played).then(|| format!("there it has {played} requests and not {real}"))
}

/// Faults in the simulator's format, from the command line or from files.
fn faults(given: &[String]) -> Result<Vec<FaultRule>, RunError> {
    let mut all = Vec::new();
    for text in given {
        let path = Path::new(text);
        let wrong = |why: String| {
            RunError::other(
                "telform::rehearse::fault",
                format!("`{text}` is not a fault: {why}"),
                "a fault looks like `{ match: { method: DELETE }, effect: { answer: { status: 500 } } }`; a file holds one or a list of them",
            )
        };
        let is_file = path.exists();
        let text = if is_file { disk::read_text(path).map_err(|error| wrong(error.to_string()))? } else { text.clone() };
        // The content of a file that was read by mistake is not quoted.
        if is_file && !text.contains("effect") {
            return Err(wrong("the file names no `effect`".to_owned()));
        }
        let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
        let lines = lines.join("\n");
        // A list or a single fault, under the key that a world has for them.
        let list = World::from_yaml(&format!("faults:\n{lines}\n"));
        let one = || World::from_yaml(&format!("faults:\n  -\n{lines}\n"));
        let world = list.or_else(|_| one()).map_err(|error| wrong(error.to_string()))?;
        all.extend(world.faults);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;

    #[test]
    fn a_copy_that_is_planned_otherwise_is_told_by_its_first_difference() {
        let saved = include_str!("../../../../tests/verify-plans/small.json");
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
            format!("there it has {} requests and not {}", real.steps.len() - 1, real.steps.len())
        );
        assert!(told(|plan| plan.steps[1].call.path.push('x')).starts_with("s2 is "));
        assert!(told(|plan| plan.steps.swap(2, 3)).starts_with("s3 is "));
        let refused = told(|plan| {
            plan.refusals.push(crate::plan::PlanRefusal {
                code: crate::plan::RefusalCode::MaxDeletes,
                account: "unpod".to_owned(),
                address: None,
                attribute: None,
                detail: "too many".to_owned(),
                place: None,
            });
        });
        assert_eq!(refused, "there the plan is refused: too many");
    }
}
