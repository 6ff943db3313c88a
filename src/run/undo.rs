//! A run taken back, as a plan like any other.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::carry_out::CarryOut;
use super::choice::UNKNOWN_ADDRESS;
use super::ledger_run::enter;
use super::opened_ledger::is_begun;
use super::progress::{Progress, RunEvent};
use super::session::open_store;
use super::signing::{PlanTrust, SigningIdentity, TrustDemand};
use super::undone_run::{check_settled, choose_run, earlier_undos, nothing_recorded, plan_of, read_intact_journal};
use super::{
    ApplyOptions, Context, Exit, PlanSelection, Run, RunError, RunJournal, RunPolicies, SavedPlan, SessionPurpose,
    applicable_part, limits, saved_plan, secret_checks, settle,
};
use crate::analysis::undo::{self, NotUndone, SavedUndoDifference, Undo, UndoInputs};
use crate::config::desired;
use crate::model::kind::LinkRoles;
use crate::model::resource::{Address, AddressPattern, LiveState};
use crate::output::view::json;
use crate::plan::{self, Inputs, NoticeCode, Plan, PlanNotice, Step, StepOperation};
use crate::state::journal;

/// What an undo is asked for.
#[derive(Debug)]
pub struct UndoRequest {
    /// Run in the journal: its id, the start of its id, or `last`.
    pub of: String,
    /// A saved plan of this undo and its file: it is carried out only if nothing moved since.
    pub saved: Option<(PathBuf, SavedPlan)>,
    /// What of it is taken back, and what the run is given. Addresses are those of the undo.
    pub choice: PlanSelection,
    /// What a saved plan must have behind it.
    pub trust: TrustDemand,
    /// How it is carried out.
    pub how: ApplyOptions,
}

/// A run taken back, as far as reading says.
#[derive(Debug)]
pub(crate) struct PlannedUndo {
    /// Id of the run that is undone.
    pub(crate) of: String,
    /// What it was, for people: its command and its time.
    described: String,
    /// Whether the YAML may state what the run did: not where it was an undo or a destroy.
    yaml_differs: bool,
    /// What is there now.
    pub(crate) live: LiveState,
    /// The plan; none where nothing is to be undone.
    pub(crate) plan: Option<Plan>,
    /// What is not undone, and why.
    pub(crate) not_undone: Vec<NotUndone>,
    /// Numbers that telform disconnected, that nothing serves, and that this plan does not connect.
    pub(crate) dark: Vec<String>,
    /// How the plan differs from the one that was saved with the run.
    pub(crate) moved: SavedUndoDifference,
    /// Whether an earlier undo of the run is recorded.
    undone_before: bool,
}

impl PlannedUndo {
    /// How it ends where it changes nothing: in part, where no undo changed anything and something is not as it was before the run.
    /// That the ledger continues to manage what it manages loses nothing.
    pub(super) fn exit_of_nothing(&self) -> Exit {
        let is_whole = self.not_undone.iter().all(|left| left.what == undo::THE_LEDGER);
        if is_whole || self.undone_before { Exit::Done } else { Exit::Partial }
    }

    /// The plan for readers who see nothing else: its notices say what it undoes and what it leaves. A plan without requests
    /// where nothing is to be undone.
    pub(crate) fn take_plan_with_notices(&mut self) -> Plan {
        let mut plan = self.plan.take().unwrap_or_else(|| Plan::from_ledger_updates(Vec::new(), Vec::new()));
        let notice = |code, detail: String| {
            let (account, address, attribute) = (String::new(), None, None);
            PlanNotice { code, account, address, attribute, detail: Some(detail) }
        };
        plan.notices.push(notice(NoticeCode::Undoes, format!("run {} ({})", self.of, self.described)));
        let left = self.not_undone.iter().map(|left| notice(NoticeCode::NotUndone, format!("{}: {}", left.what, left.why)));
        plan.notices.extend(left);
        plan.notices.sort();
        plan
    }
}

/// Takes a run back: plans, asks, carries out, proves. The receipt is not signed.
pub async fn undo(context: &Context, request: &UndoRequest) -> Result<Exit, RunError> {
    undo_signed(context, request, None).await
}

/// The options that open a run for an undo: its addresses are known only when the journal is read.
pub(crate) fn without_addresses(choice: &PlanSelection) -> PlanSelection {
    let (targets, excludes, allow_similar) = Default::default();
    PlanSelection { targets, excludes, allow_similar, ..choice.clone() }
}

/// Takes a run back: plans, asks, carries out, proves. `signer` signs the receipt.
pub(crate) async fn undo_signed(
    context: &Context,
    request: &UndoRequest,
    signer: Option<SigningIdentity>,
) -> Result<Exit, RunError> {
    let progress = context.progress.clone();
    let saved = request.saved.as_ref().map(|(path, saved)| (&**path, saved));
    let reviewed = saved.map(|(_, saved)| saved);
    let trust = PlanTrust::from_options(context, &request.trust, saved)?;
    let purpose = SessionPurpose::Settle(request.how.lock_wait);
    let (choice, loaded) = (without_addresses(&request.choice), desired::load_config(&context.options.files)?);
    // Before a lock and a key are made for it.
    if !is_begun(&open_store(&context.options, &loaded.desired, &choice)?).await? {
        return Err(nothing_recorded());
    }
    let mut session = Run::open_with(context, &choice, purpose, loaded).await?;
    session.options.owners = reviewed.map(SavedPlan::owners).unwrap_or_default();
    let policies = RunPolicies::new(context, &request.how.policies, &session.desired)?;
    // The effects of an interrupted run are known when its open requests are settled.
    let store = session.store.clone();
    let book = RunJournal::of_run(context, &store, &mut session).await?;
    settle::settle(&mut session, &book).await?;
    let used = reviewed.and_then(|reviewed| book.applied_by(reviewed));
    drop(book);
    let undo = plan_undo(&mut session, &request.of, &request.choice).await?;
    let exit_of_nothing = undo.exit_of_nothing();
    let PlannedUndo { of, live, plan, not_undone, dark, moved, yaml_differs, .. } = undo;
    progress.on_event(&RunEvent::UndoFound { run: &of, left: &not_undone });
    let is_whole = not_undone.is_empty();
    let plan = match (plan, reviewed) {
        (Some(plan), _) => plan,
        // A saved plan that did something is stale.
        (None, Some(_)) => Plan::from_ledger_updates(Vec::new(), Vec::new()),
        (None, None) => {
            progress.on_event(&RunEvent::NothingToTakeBack { is_whole });
            return Ok(exit_with_dark(&*progress, &dark, exit_of_nothing));
        }
    };
    progress.on_event(&RunEvent::UndoMoved(&moved));
    if let Some(reviewed) = reviewed {
        reviewed.same_owners(&plan)?;
        let moved = reviewed.moved(&session, &plan);
        if !moved.is_empty() {
            progress.on_event(&RunEvent::Stale { saved: reviewed, moved: &moved, used: used.as_deref() });
            return Ok(Exit::Stale);
        }
    }
    let document = saved_plan::document(&session, &plan, &live);
    progress.on_event(&RunEvent::Planned { plan: &plan, document: &document });
    if let Err(exit) = policies.ask_all(&LazyCell::new(|| json::render_document(&document)), &mut session) {
        progress.on_event(&RunEvent::PoliciesRefused);
        return Ok(exit);
    }
    let is_bound = reviewed.is_some();
    let (plan, document, refused) =
        match applicable_part::applicable_part(&mut session, &live, (plan, document), &policies, is_bound)? {
            Ok(part) => part,
            Err(exit) => return Ok(exit),
        };
    let book = RunJournal::of_run(context, &store, &mut session).await?.with(trust, signer);
    let plan_file = reviewed.map(SavedPlan::checksum);
    if !plan.has_changes() {
        if plan.has_ledger_decisions() {
            reviewed.map_or(Ok(()), |reviewed| reviewed.bound(&session))?;
            enter(&mut session, "undo", plan_file, &plan, &live, &book, document).await?;
            session.close()?;
            progress.on_event(&RunEvent::OnlyLedgerChanged);
        } else {
            progress.on_event(&RunEvent::IsTakenBack { is_whole });
            return Ok(exit_with_dark(&*progress, &dark, exit_of_nothing));
        }
        return Ok(exit_with_dark(&*progress, &dark, Exit::Done));
    }
    secret_checks::check_supplied(&session, &plan)?;
    if let Some(reviewed) = reviewed {
        progress.on_event(&RunEvent::Unbound { why: reviewed.unbound_reason(), secrets: &reviewed.unbound() });
        if let Some(by) = book.used_by(reviewed) {
            progress.on_event(&RunEvent::SavedPlanUsed { saved: reviewed, by: &by });
            return Ok(Exit::Stale);
        }
        reviewed.bound(&session)?;
    }
    if !request.how.auto_approve && !progress.confirm(&plan)? {
        progress.on_event(&RunEvent::NotConfirmed);
        return Ok(Exit::Failed);
    }
    book.trust.check_still_valid()?;
    session.lock.take_over_signals();
    let how = CarryOut {
        command: "undo",
        plan_file,
        of: Some(&of),
        steps: request.how.steps,
        stop: progress.stop_requests(),
        refused,
        leaves_dark: !dark.is_empty(),
    };
    let ran = session.carry_out(&how, &plan, &live, &book, document).await?;
    let left = undo::with_steps_not_done(&not_undone, &plan, &ran.report);
    progress.on_event(&RunEvent::TookBack { plan: &plan, left: &left, yaml_differs });
    Ok(exit_with_dark(&*progress, &dark, ran.exit))
}

/// How an undo ends that leaves these numbers dark: never as if all were well.
fn exit_with_dark(progress: &dyn Progress, dark: &[String], exit: Exit) -> Exit {
    if dark.is_empty() {
        return exit;
    }
    progress.on_event(&RunEvent::StaysDark(dark));
    if exit == Exit::Done { Exit::Partial } else { exit }
}

/// Reads, and computes the plan that takes a run back. From then on the session is about this undo.
pub(crate) async fn plan_undo(session: &mut Run, of: &str, choice: &PlanSelection) -> Result<PlannedUndo, RunError> {
    let kept = read_intact_journal(session).await?;
    let runs = journal::collect_runs(&kept.lines);
    let run = choose_run(&runs, of)?;
    // A run that writes has settled the earlier ones, as far as that is possible.
    if !session.lock.is_held() {
        check_settled(run)?;
    }
    let earlier = earlier_undos(&runs, run)?;
    let (then, live, mut undo) = taken_back(session, run, &earlier).await?;
    limit_undo(session, choice, &mut undo)?;
    let yaml = std::mem::replace(&mut session.desired, undo.desired.clone());
    session.options.undo = Some(run.id.to_owned());
    // An object that is named only for this run does not become managed: the next apply would delete it as removed from the
    // YAML.
    let known = |address: &&Address| yaml.objects.contains_key(*address) || session.ledger.objects.contains_key(*address);
    let nameless = session.desired.objects.keys().filter(|address| !known(address));
    session.nameless = nameless.filter(|address| !undo.managed.contains(*address)).cloned().collect();
    let plan = plan_backwards(session, &live, &mut undo)?;
    let moved = plan.as_ref().and_then(|plan| undo::compare_with_saved(run, &then, &earlier, plan, &undo.not_undone));
    let connects = |number: &str| plan.iter().flat_map(|plan| &plan.steps).any(|step| step.connects(number));
    Ok(PlannedUndo {
        of: run.id.to_owned(),
        described: format!("{} of {}", run.started.command, run.began_at),
        yaml_differs: run.started.of.is_none() && !run.started.origin.options.destroy,
        dark: undo.dark.into_iter().filter(|(number, _)| !connects(number)).map(|(_, what)| what).collect(),
        live,
        moved: moved.unwrap_or_default(),
        not_undone: undo.not_undone,
        undone_before: !earlier.is_empty(),
        plan,
    })
}

/// The plan of an undo; none where it is about nothing. It deletes what the run created and nothing else: an address whose plan would
/// delete another object, because a replacement is unfinished, is left out.
fn plan_backwards(session: &mut Run, live: &LiveState, undo: &mut Undo) -> Result<Option<Plan>, RunError> {
    loop {
        if undo.about.is_empty() {
            return Ok(None);
        }
        session.options.targets.clone_from(&undo.about);
        // An undo requests each value again.
        session.options.resend = undo.about.iter().map(|address| (address.clone(), None)).collect();
        let plan = session.plan(live)?;
        let Some((address, id)) = undo.foreign_delete(&plan) else { return Ok(Some(plan)) };
        let why = format!("undoing it would delete {id}, which that run did not create");
        if !undo.leave_out(&address, &why) {
            let help = "`telform plan` shows what is unfinished; `telform undo` undoes the rest when that is settled";
            return Err(RunError::refused("telform::undo::plan", format!("{address}: {why}; nothing was written"), help));
        }
    }
}

/// Limits an undo to what was requested. An address outside the undo is a typing mistake.
fn limit_undo(session: &mut Run, choice: &PlanSelection, undo: &mut Undo) -> Result<(), RunError> {
    let similar: Vec<AddressPattern> = choice.allow_similar.iter().cloned().map(AddressPattern::from).collect();
    let mut named = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for (patterns, all) in [&choice.targets, &choice.excludes, &similar].into_iter().zip(&mut named) {
        for pattern in patterns {
            let mut matches = undo.about.iter().filter(|address| pattern.fits(address)).cloned().peekable();
            if matches.peek().is_none() {
                let about: Vec<String> = undo.about.iter().map(ToString::to_string).collect();
                return Err(RunError::other(
                    UNKNOWN_ADDRESS,
                    format!("this undo does not include {pattern}"),
                    if about.is_empty() { String::new() } else { format!("it includes {}", about.join(", ")) },
                ));
            }
            all.extend(matches);
        }
    }
    let options = &mut session.options;
    [options.limits.targets, options.limits.excludes, options.allow_similar] = named;
    options.limits.typed = limits::typed(choice);
    options.excludes.clone_from(&options.limits.excludes);
    let named = &options.limits;
    undo.about
        .retain(|address| (named.targets.is_empty() || named.targets.contains(address)) && !named.excludes.contains(address));
    Ok(())
}

/// The plan of a run, the live state, and the desired state that undoes the run.
async fn taken_back(
    session: &mut Run,
    run: &journal::RecordedRun<'_>,
    earlier: &[(journal::RecordedRun<'_>, Plan)],
) -> Result<(Plan, LiveState, Undo), RunError> {
    let plan = plan_of(run)?;
    // A problem of an account that it did not write to does not stop the undo.
    let touched = touched_accounts(session, &plan);
    session.asked.retain(|name| touched.as_ref().is_none_or(|touched| touched.contains(name)));
    session.need_tokens(|name| touched.as_ref().is_none_or(|touched| touched.contains(name)))?;
    // Everything that the run may have changed is read, whatever the YAML now mentions.
    let mut all = session.desired.clone();
    all.kinds.extend(plan.steps.iter().filter_map(|step| Some(step.address.as_ref()?.kind.clone())));
    let rewires = |step: &Step| matches!(step.operation, StepOperation::Connect { .. } | StepOperation::Disconnect { .. });
    all.kinds.extend(plan.ledger.iter().filter_map(|effect| Some(effect.address()?.kind.clone())));
    let of = |step: &Step| session.desired.accounts.get(&step.call.account)?.service.link_roles();
    all.kinds.extend(plan.steps.iter().filter(|step| rewires(step)).filter_map(of).flat_map(LinkRoles::ends).map(Into::into));
    let live = session.read_all(&all).await?;
    let mut undo = derive(session, run, &plan, earlier, &live);
    if !undo.reversed.is_empty() {
        for (address, (old, key)) in std::mem::take(&mut undo.reversed) {
            session.ledger.reverse_replacement(&address, &old, key);
        }
        undo = derive(session, run, &plan, earlier, &live);
    }
    undo.desired.kinds.extend(all.kinds);
    Ok((plan, live, undo))
}

/// What undoes a run, according to the ledger as it is in this session.
fn derive(
    session: &Run,
    run: &journal::RecordedRun<'_>,
    plan: &Plan,
    earlier: &[(journal::RecordedRun<'_>, Plan)],
    live: &LiveState,
) -> Undo {
    let inputs =
        Inputs { desired: &session.desired, live, ledger: &session.ledger, key: &session.key, options: &session.options };
    let (renamed, existing) = (plan::renamed_addresses(&inputs), plan::existing_objects(&inputs));
    let today = UndoInputs {
        desired: &session.desired,
        live,
        ledger: &session.ledger,
        renamed: &renamed,
        existing: &existing,
        hidden: session.key.hidden_values(),
    };
    undo::undo_run(run, plan, earlier, today)
}

/// The accounts of a run; none where they are not known, because an account may have been renamed.
fn touched_accounts(session: &Run, plan: &Plan) -> Option<BTreeSet<String>> {
    let (desired, ledger) = (&session.desired, &session.ledger);
    let mut touched: BTreeSet<String> = plan.steps.iter().map(|step| step.call.account.clone()).collect();
    // A run that changed only the ledger names its objects by address.
    for effect in plan.ledger.iter().filter(|_| !plan.has_changes()) {
        let address = effect.address()?;
        let today =
            [ledger.objects.get(address).map(|entry| &entry.account), desired.objects.get(address).map(|object| &object.account)];
        let before = touched.len();
        touched.extend(today.into_iter().flatten().cloned());
        if touched.len() == before && !today.iter().any(Option::is_some) {
            return None;
        }
    }
    let known = touched.iter().all(|name| desired.accounts.contains_key(name));
    (known && !touched.is_empty()).then_some(touched)
}
