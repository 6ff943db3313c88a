//! An apply from its first look to its proof.

use std::cell::LazyCell;
use std::path::PathBuf;
use std::time::Duration;

use super::carry_out::{Applied, CarryOut, StepOptions};
use super::ledger_run::enter;
use super::opened_ledger::is_begun;
use super::progress::RunEvent;
use super::secret_checks::check_supplied;
use super::session::open_store;
use super::signing::{PlanTrust, SigningIdentity, TrustDemand};
use super::{
    Context, Exit, PlanSelection, PolicyOptions, Run, RunError, RunJournal, RunPolicies, SavedPlan, SessionPurpose, UndoRequest,
    applicable_part, saved_plan, settle, undo_signed,
};
use crate::config::desired;
use crate::document::unbound_secrets;
use crate::model::resource::LiveState;
use crate::output::view::json;
use crate::plan::{ChangeLimit, Plan, needed_fields};
use crate::read::ObjectDetail;

/// How a plan is judged, confirmed and carried out.
#[derive(Debug, Clone, Default)]
pub struct ApplyOptions {
    /// Carries the plan out without a question.
    pub auto_approve: bool,
    /// Programs that judge the plan.
    pub policies: PolicyOptions,
    /// How the steps are carried out.
    pub steps: StepOptions,
    /// The longest time to wait for the ledger's lock.
    pub lock_wait: Duration,
}

/// What an apply is asked for.
#[derive(Debug)]
pub struct ApplyRequest {
    /// The command's name, for the journal.
    pub command: &'static str,
    /// A saved plan and its file: it is carried out only if nothing moved since.
    pub saved: Option<(PathBuf, SavedPlan)>,
    /// What the plan is about; a saved plan says that itself.
    pub choice: PlanSelection,
    /// Digest of the plan that was reviewed: no other plan is carried out.
    pub expect: Option<String>,
    /// After the first changes, applies the rest from a fresh plan, where `choice` limits the changes.
    pub then_rest: bool,
    /// What a saved plan must have behind it.
    pub trust: TrustDemand,
    /// How it is carried out.
    pub how: ApplyOptions,
    /// Goes on only after a run that was cut off, or a create that got no answer, and waits as long as this for the create.
    pub resume_patience: Option<Duration>,
}

/// How one plan of an apply ended.
#[derive(Debug)]
struct EndedPlan {
    exit: Exit,
    /// What `--limit` left out of a plan that is carried out and proven.
    left_out: Option<ChangeLimit>,
    /// Whether the user did not confirm it.
    declined: bool,
}

impl From<Exit> for EndedPlan {
    fn from(exit: Exit) -> Self {
        Self { exit, left_out: None, declined: false }
    }
}

/// The same as [`apply`]; `signer` opens the key that signs a receipt.
pub(crate) async fn apply_signed(
    context: &Context,
    mut request: ApplyRequest,
    signer: impl Fn() -> Result<Option<SigningIdentity>, RunError>,
) -> Result<Exit, RunError> {
    let progress = context.progress.clone();
    // The saved plan of an undo is made again from the journal, not from the YAML.
    if let Some(of) = request.saved.as_ref().and_then(|(_, saved)| saved.undoes()).map(str::to_owned) {
        let choice = request.saved.as_ref().map_or_else(|| request.choice.clone(), |(_, saved)| saved.choice(&request.choice));
        let undo = UndoRequest { of, saved: request.saved, choice, trust: request.trust, how: request.how };
        return undo_signed(context, &undo, signer()?).await;
    }
    let first = apply_plan(context, &request, &signer).await?;
    let Some(left_out) = first.left_out.filter(|_| request.then_rest) else { return Ok(first.exit) };
    progress.on_event(&RunEvent::RestFollows(left_out));
    context.wait_for_locks().await;
    request.choice.limit = None;
    // What is said of a plan that was not carried out is about the rest; the first changes are written.
    let rest = match apply_plan(context, &request, &signer).await {
        Ok(rest) if rest.declined => return Ok(Exit::Done),
        Ok(rest) => rest.exit,
        Err(error) => {
            progress.on_event(&RunEvent::RestFailed(&error));
            return Ok(Exit::Partial);
        }
    };
    match rest {
        Exit::Failed | Exit::Refused | Exit::Stale => {
            progress.on_event(&RunEvent::RestNotApplied);
            Ok(Exit::Partial)
        }
        exit => Ok(exit),
    }
}

/// Applies one plan, from the first look to the proof.
async fn apply_plan(
    context: &Context,
    request: &ApplyRequest,
    signer: &impl Fn() -> Result<Option<SigningIdentity>, RunError>,
) -> Result<EndedPlan, RunError> {
    let (command, resumes) = (request.command, request.resume_patience);
    let saved = request.saved.as_ref().map(|(path, saved)| (&**path, saved));
    let reviewed = saved.map(|(_, saved)| saved);
    let progress = context.progress.clone();
    let trust = PlanTrust::from_options(context, &request.trust, saved)?;
    let signer = signer()?;
    let choice = reviewed.map_or_else(|| request.choice.clone(), |reviewed| reviewed.choice(&request.choice));
    // An interrupted run is settled in its own accounts; after that all accounts are needed.
    let purpose = match resumes {
        Some(_) => SessionPurpose::Settle(request.how.lock_wait),
        None => SessionPurpose::Apply(request.how.lock_wait),
    };
    let loaded = desired::load_config(&context.options.files)?;
    if resumes.is_some() && !is_begun(&open_store(&context.options, &loaded.desired, &choice)?).await? {
        progress.on_event(&RunEvent::NothingToResume);
        return Ok(Exit::Done.into());
    }
    let mut run = Run::open_with(context, &choice, purpose, loaded).await?;
    run.options.owners = reviewed.map(SavedPlan::owners).unwrap_or_default();
    let policies = RunPolicies::new(context, &request.how.policies, &run.desired)?;
    let store = run.store.clone();
    if let Some(patience) = resumes {
        settle::wait(&run, patience).await?;
    }
    // A number that an earlier run left dark is connected by the plan that follows, as what an interrupted run left.
    let open = settle::is_open(&run) || !run.ledger.moves.is_empty();
    let journal = RunJournal::of_run(context, &store, &mut run).await?.with(trust, signer);
    if !settle::settle(&mut run, &journal).await? && resumes.is_some() && !open {
        progress.on_event(&RunEvent::NothingToResume);
        return Ok(Exit::Done.into());
    }
    if !run.skip_unreadable {
        run.need_tokens(|_| true)?;
    }
    let live = run.read_or_leave_out(ObjectDetail::Needed(needed_fields)).await?;
    let plan = run.plan(&live)?;
    if let Some(reviewed) = reviewed {
        reviewed.same_owners(&plan)?;
        let moved = reviewed.moved(&run, &plan);
        if !moved.is_empty() {
            let used = journal.applied_by(reviewed);
            progress.on_event(&RunEvent::Stale { saved: reviewed, moved: &moved, used: used.as_deref() });
            return Ok(Exit::Stale.into());
        }
    }
    let document = saved_plan::document(&run, &plan, &live);
    progress.on_event(&RunEvent::Planned { plan: &plan, document: &document });
    if let Some(expected) = request.expect.as_ref().filter(|expected| **expected != plan.digest) {
        let used = journal.digest_used_by(expected);
        progress.on_event(&RunEvent::OtherDigest { digest: &plan.digest, expected, used: used.as_deref() });
        return Ok(Exit::Stale.into());
    }
    if let Err(exit) = policies.ask_all(&LazyCell::new(|| json::render_document(&document)), &mut run) {
        progress.on_event(&RunEvent::PoliciesRefused);
        return Ok(exit.into());
    }
    let is_bound = reviewed.is_some() || request.expect.is_some();
    let (plan, document, refused) =
        match applicable_part::applicable_part(&mut run, &live, (plan, document), &policies, is_bound)? {
            Ok(part) => part,
            Err(exit) => return Ok(exit.into()),
        };
    if !plan.has_changes() {
        reviewed.map_or(Ok(()), |reviewed| reviewed.bound(&run))?;
        let from = reviewed.map(SavedPlan::checksum);
        enter(&mut run, command, from, &plan, &live, &journal, document).await?;
        run.close()?;
        progress.on_event(&RunEvent::OnlyRecorded(&plan));
        if plan.is_settled() {
            return Ok(Exit::of_whole(&plan).into());
        }
        progress.on_event(&RunEvent::NotTaken);
        return Ok(Exit::NotConverged.into());
    }
    check_supplied(&run, &plan)?;
    match reviewed {
        Some(reviewed) => {
            progress.on_event(&RunEvent::Unbound { why: reviewed.unbound_reason(), secrets: &reviewed.unbound() });
        }
        // A digest does not depend on the secrets, so a plan can be made without them.
        None if request.expect.is_some() => {
            let why = "a digest does not cover";
            progress.on_event(&RunEvent::Unbound { why, secrets: &unbound_secrets(&plan, None) });
        }
        None => {}
    }
    if let Some(saved) = reviewed
        && let Some(by) = journal.used_by(saved)
    {
        progress.on_event(&RunEvent::SavedPlanUsed { saved, by: &by });
        return Ok(Exit::Stale.into());
    }
    reviewed.map_or(Ok(()), |reviewed| reviewed.bound(&run))?;
    if !request.how.auto_approve && !progress.confirm(&plan)? {
        // Without the limit it is the plan of the rest.
        let rest = (request.then_rest && request.choice.limit.is_none()).then_some(&plan);
        progress.on_event(&rest.map_or(RunEvent::NotConfirmed, RunEvent::RestDeclined));
        return Ok(EndedPlan { exit: Exit::Failed, left_out: None, declined: true });
    }
    journal.trust.check_still_valid()?;
    // From here on an interrupt ends the run in an orderly way; until now it ended the process.
    run.lock.take_over_signals();
    let how = CarryOut {
        command,
        plan_file: reviewed.map(SavedPlan::checksum),
        of: None,
        steps: request.how.steps,
        stop: progress.stop_requests(),
        refused,
        leaves_dark: false,
    };
    let exit = run.carry_out(&how, &plan, &live, &journal, document).await?.exit;
    Ok(EndedPlan { exit, left_out: plan.limits.changes.filter(|_| exit == Exit::Done), declined: false })
}

impl Run {
    /// Settles the earlier runs that were cut off, by reading. Says whether there was one. A run that was opened to write does
    /// this before it reads for its plan.
    pub async fn settle(&mut self) -> Result<bool, RunError> {
        let (context, store) = (self.context.clone(), self.store.clone());
        let journal = RunJournal::of_run(&context, &store, self).await?;
        settle::settle(self, &journal).await
    }

    /// Carries a plan of this run out and proves it, without a question: the caller has shown it to the user. `None` where
    /// nothing has to be sent. A refused plan is an error, and so is a run that holds no lock.
    pub async fn apply(&mut self, plan: &Plan, live: &LiveState, steps: StepOptions) -> Result<Option<Applied>, RunError> {
        if let Some(refusal) = plan.refusals.first() {
            return Err(RunError::refused(refusal.code.as_str(), refusal.detail.clone(), refusal.help()));
        }
        if !self.lock.is_held() {
            let what = "this run was opened for reading, so it cannot apply a plan";
            return Err(RunError::other("telform::bug", what, "open it with `Purpose::Apply`"));
        }
        let (context, store) = (self.context.clone(), self.store.clone());
        let journal = RunJournal::of_run(&context, &store, self).await?;
        let document = saved_plan::document(self, plan, live);
        if !plan.has_changes() {
            enter(self, "apply", None, plan, live, &journal, document).await?;
            self.close()?;
            return Ok(None);
        }
        check_supplied(self, plan)?;
        self.lock.take_over_signals();
        let (command, stop) = ("apply", context.progress.stop_requests());
        let how = CarryOut { command, plan_file: None, of: None, steps, stop, refused: 0, leaves_dark: false };
        self.carry_out(&how, plan, live, &journal, document).await.map(Some)
    }
}

/// Settles what earlier runs left open, plans, asks, carries the plan out, and proves it. The receipt is not signed.
pub async fn apply(context: &Context, request: ApplyRequest) -> Result<Exit, RunError> {
    apply_signed(context, request, || Ok(None)).await
}
