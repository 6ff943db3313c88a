//! A run taken back, as a plan like any other.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::carry_out::CarryOut;
use super::choice::UNKNOWN_ADDRESS;
use super::ledger_run::enter;
use super::opened_ledger::is_begun;
use super::progress::RunEvent;
use super::session::open_store;
use super::signing::{PlanTrust, SigningIdentity, TrustDemand};
use super::{
    ApplyOptions, Context, Exit, PlanSelection, Run, RunError, RunJournal, RunPolicies, SavedPlan, SessionPurpose,
    applicable_part, limits, next_commands, saved_plan, secret_checks, settle,
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
    /// Whether it was an undo itself: the state in the YAML is then likely to be restored.
    /// Whether the YAML may state what the run did: not where it was an undo or a destroy.
    yaml_differs: bool,
    /// What is there now.
    pub(crate) live: LiveState,
    /// The plan; none where nothing is to be undone.
    pub(crate) plan: Option<Plan>,
    /// What is not undone, and why.
    pub(crate) not_undone: Vec<NotUndone>,
    /// How the plan differs from the one that was saved with the run.
    pub(crate) moved: SavedUndoDifference,
}

impl PlannedUndo {
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
    let PlannedUndo { of, live, plan, not_undone, moved, yaml_differs, .. } =
        plan_undo(&mut session, &request.of, &request.choice).await?;
    progress.on_event(&RunEvent::UndoFound { run: &of, left: &not_undone });
    let is_whole = not_undone.is_empty();
    let plan = match (plan, reviewed) {
        (Some(plan), _) => plan,
        // A saved plan that did something is stale.
        (None, Some(_)) => Plan::from_ledger_updates(Vec::new(), Vec::new()),
        (None, None) => {
            progress.on_event(&RunEvent::NothingToTakeBack { is_whole });
            return Ok(Exit::Done);
        }
    };
    progress.on_event(&RunEvent::UndoMoved(&moved));
    if let Some(reviewed) = reviewed {
        reviewed.same_owners(&plan)?;
        let moved = reviewed.moved(&session, &plan);
        if !moved.is_empty() {
            progress.on_event(&RunEvent::Stale { undo: Some(&of), moved: &moved, used: used.as_deref() });
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
        }
        return Ok(Exit::Done);
    }
    secret_checks::check_supplied(&session, &plan)?;
    if let Some(reviewed) = reviewed {
        progress.on_event(&RunEvent::Unbound { why: reviewed.unbound_reason(), secrets: &reviewed.unbound() });
        if let Some(by) = book.used_by(reviewed) {
            progress.on_event(&RunEvent::SavedPlanUsed { by: &by });
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
    let how =
        CarryOut { command: "undo", plan_file, of: Some(&of), steps: request.how.steps, stop: progress.stop_requests(), refused };
    let ran = session.carry_out(&how, &plan, &live, &book, document).await?;
    progress.on_event(&RunEvent::TookBack { plan: &plan, left: &not_undone, yaml_differs });
    Ok(ran.exit)
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
    let (then, live, mut undo) = taken_back(session, run).await?;
    limit_undo(session, choice, &mut undo)?;
    let yaml = std::mem::replace(&mut session.desired, undo.desired.clone());
    session.options.undo = Some(run.id.to_owned());
    session.options.targets.clone_from(&undo.about);
    // An undo requests each value again.
    session.options.resend = undo.about.iter().map(|address| (address.clone(), None)).collect();
    let described = format!("{} of {}", run.started.command, run.began_at);
    let yaml_differs = run.started.of.is_none() && !run.started.origin.options.destroy;
    let (of, not_undone) = (run.id.to_owned(), undo.not_undone);
    if undo.about.is_empty() {
        return Ok(PlannedUndo {
            of,
            described,
            yaml_differs,
            live,
            plan: None,
            not_undone,
            moved: SavedUndoDifference::default(),
        });
    }
    // An object that is named only for this run does not become managed: the next apply would delete it as removed from the
    // YAML.
    let known = |address: &&Address| yaml.objects.contains_key(*address) || session.ledger.objects.contains_key(*address);
    let nameless = session.desired.objects.keys().filter(|address| !known(address));
    session.nameless = nameless.filter(|address| !undo.managed.contains(*address)).cloned().collect();
    let plan = session.plan(&live)?;
    let moved = undo::compare_with_saved(run, &then, &plan, &not_undone).unwrap_or_default();
    Ok(PlannedUndo { of, described, yaml_differs, live, plan: Some(plan), not_undone, moved })
}

/// The effects of open requests are unknown until a run that may write has settled them.
fn check_settled(run: &journal::RecordedRun<'_>) -> Result<(), RunError> {
    let open = run.open_steps().filter(|step| step.settled.is_none()).count();
    if open == 0 {
        return Ok(());
    }
    let (requests, them) = match open {
        1 => ("1 request is".to_owned(), "it"),
        several => (format!("{several} requests is"), "them"),
    };
    let command = match &run.started.of {
        // An undo that was interrupted is continued: to undo it would do again what it takes back.
        Some(_) => next_commands::continue_run(run),
        None => format!("telform undo {}", run.id),
    };
    Err(RunError::other(
        "telform::undo::open",
        format!(
            "run {} was interrupted, and the result of {requests} unknown, so it is not known what an undo has to do",
            run.id
        ),
        format!("`{command}` reads what became of {them}, shows its plan and asks before it writes"),
    ))
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

/// The journal, when it is intact.
async fn read_intact_journal(session: &Run) -> Result<journal::ParsedJournal, RunError> {
    let damaged = |error: journal::JournalError| RunError::other(error.code(), error.to_string(), error.help());
    let kept = journal::read_journal(session.store.state_store()).await.map_err(damaged)?;
    if let Some(head) = &session.ledger.journal {
        journal::check_kept_head(session.store.state_store(), &kept, head).map_err(damaged)?;
    }
    Ok(kept)
}

/// The plan of a run, the live state, and the desired state that undoes the run.
async fn taken_back(session: &mut Run, run: &journal::RecordedRun<'_>) -> Result<(Plan, LiveState, Undo), RunError> {
    let plan = undo::plan_of_run(run).map_err(|why| {
        RunError::other(
            "telform::undo::plan",
            format!("the plan of run {} cannot be read: {why}", run.id),
            "use the version of telform that wrote it, or a newer one",
        )
    })?;
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
    let inputs =
        Inputs { desired: &session.desired, live: &live, ledger: &session.ledger, key: &session.key, options: &session.options };
    let (renamed, existing) = (plan::renamed_addresses(&inputs), plan::existing_objects(&inputs));
    let today = UndoInputs {
        desired: &session.desired,
        live: &live,
        ledger: &session.ledger,
        renamed: &renamed,
        existing: &existing,
        hidden: session.key.hidden_values(),
    };
    let mut undo = undo::undo_run(run, &plan, today);
    undo.desired.kinds.extend(all.kinds);
    Ok((plan, live, undo))
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

/// No run was recorded here.
fn nothing_recorded() -> RunError {
    RunError::other(
        "telform::undo::run",
        "the journal has no run, so there is nothing to undo",
        "an apply writes the journal next to the ledger; name another ledger with --ledger",
    )
}

/// The named run. `last` is the last one that wrote something, to a service or only to the ledger.
fn choose_run<'r, 'a>(runs: &'r [journal::RecordedRun<'a>], of: &str) -> Result<&'r journal::RecordedRun<'a>, RunError> {
    let wrong = |why: String| RunError::other("telform::undo::run", why, "`telform journal list` shows the runs");
    if runs.is_empty() {
        return Err(nothing_recorded());
    }
    if of == "last" {
        let wrote =
            |run: &&journal::RecordedRun<'_>| run.steps.iter().any(|step| step.intent.is_some()) || changed_management(run);
        return runs.iter().rev().find(wrote).ok_or_else(|| wrong("no run in the journal wrote anything".to_owned()));
    }
    let fits: Vec<&journal::RecordedRun<'a>> = runs.iter().filter(|run| run.id.starts_with(of)).collect();
    match fits.as_slice() {
        [one] => Ok(one),
        [] => Err(wrong(format!("the journal has no run {of}"))),
        several => Err(wrong(format!("{} runs begin with {of}", several.len()))),
    }
}

/// Whether a run changed what telform manages, rather than only recording deleted objects.
fn changed_management(run: &journal::RecordedRun<'_>) -> bool {
    let words = run.started.plan.ledger.iter().flat_map(|effect| effect.0.keys());
    let known = ["adopt", "adopt_hidden", "rename", "release", "protect"];
    words.into_iter().any(|word| known.contains(&word.as_str()))
}
