//! Takes existing objects under management: YAML and ledger entries, proven by an empty plan before anything is written.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::ledger_run::LedgerOnlyRun;
use super::progress::RunEvent;
use super::session::now_utc;
use super::{Context, Exit, PlanSelection, Run, RunError, RunJournal, SessionPurpose, match_account_patterns, saved_plan};
use crate::analysis::adopt::{AdoptionCoverage, AdoptionSet, Factoring, WritingChoices, render_file, unlisted_reason};
use crate::analysis::drift;
use crate::apply::settle_ledger;
use crate::config::desired::{self, FileEdits};
use crate::model::resource::{Address, Desired, LiveState};
use crate::plan::{Inputs, LedgerUpdate, Plan, PlanOptions, PlanRefusal, RefusalCode};
use crate::services;

mod failures;
mod files;

use failures::{belongs_to_other, layered_over, missing_id};
pub use files::AdoptedFile;
use files::{file_for, file_of, file_stem, leave_out_problems};

/// What an adoption is asked for.
#[derive(Debug, Clone)]
pub struct AdoptRequest {
    /// Which objects.
    pub target: AdoptionTarget,
    /// The accounts that are read, and the sandbox that is read instead of the services.
    pub choice: PlanSelection,
    /// Folder for the files; none means beside the configuration.
    pub out: Option<PathBuf>,
    /// When alike objects become a table.
    pub factoring: Factoring,
    /// Whether tables have what only a create needs.
    pub with_create_attributes: bool,
    /// The longest time to wait for the ledger's lock.
    pub lock_wait: Duration,
}

/// Which objects are adopted.
#[derive(Debug, Clone)]
pub enum AdoptionTarget {
    /// One, by its identity at the service.
    One {
        /// Its address from now on.
        address: Address,
        /// Its identity.
        id: String,
    },
    /// Every object that is not managed.
    All {
        /// Only those of this kind.
        kind: Option<String>,
    },
}

/// What came of an adoption.
#[derive(Debug)]
pub enum AdoptionOutcome {
    /// The files are written, and the ledger knows their objects.
    Written {
        /// The files.
        files: Vec<AdoptedFile>,
        /// The plan over them, which is empty.
        plan: Plan,
        /// Where objects were looked for.
        coverage: AdoptionCoverage,
    },
    /// The YAML declares the object already; the ledger knows it now.
    Entered {
        /// What an apply would do with it.
        plan: Plan,
        /// The ledger knew it before.
        again: bool,
    },
    /// The YAML declares the object already, but its plan does not take it under management.
    NotEntered {
        /// That plan.
        plan: Plan,
    },
}

impl AdoptionOutcome {
    /// How the run ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Written { coverage, .. } if coverage.missed.iter().any(|missed| !missed.is_optional) => Exit::Failed,
            Self::Written { .. } | Self::Entered { .. } => Exit::Done,
            Self::NotEntered { .. } => Exit::Refused,
        }
    }
}

/// Takes objects under management.
pub async fn adopt(context: &Context, request: &AdoptRequest) -> Result<AdoptionOutcome, RunError> {
    match &request.target {
        AdoptionTarget::One { address, id } => adopt_one(context, request, address, id).await,
        AdoptionTarget::All { kind } => adopt_all(context, request, kind.as_deref()).await,
    }
}

async fn adopt_all(context: &Context, request: &AdoptRequest, kind: Option<&str>) -> Result<AdoptionOutcome, RunError> {
    let folder = request.out.clone().unwrap_or_default();
    let known = desired::load_config(&context.options.files);
    // Files of an earlier adoption are treated as missing, so that the result is the same again.
    let accounts = known.as_ref().map(|loaded| loaded.desired.accounts.clone()).unwrap_or_default();
    let mut edits = FileEdits::default();
    for account in accounts.values() {
        for kind in account.service.kinds {
            edits.0.insert(file_of(&folder, &account.name, kind.name), None);
        }
    }
    let mut loaded = match desired::load_edited(&context.options.files, &edits) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let layered = known.is_ok_and(|loaded| !loaded.overlays.is_empty());
            return Err(if layered { layered_over(&problems) } else { problems.into() });
        }
    };
    let kinds = requested_kinds(&loaded.desired, request, kind)?;
    loaded.desired.kinds.extend(kinds.iter().map(|kind| (*kind).into()));
    let (session, live) = read(context, request, loaded, None).await?;
    let inputs = inputs(&session, &session.desired, &live, &session.options);
    let adoption = AdoptionSet::from_unclaimed(&inputs, &kinds);
    let (factoring, with_create_attributes) = (request.factoring, request.with_create_attributes);
    let mut choices = WritingChoices { factoring, with_create_attributes, ..WritingChoices::default() };
    let (files, desired, plan) = loop {
        let files: Vec<AdoptedFile> = adoption
            .groups
            .iter()
            .filter_map(|group| {
                let first = group.first()?;
                let path = file_of(&folder, first.account, first.kind.name);
                let page = render_file(&inputs, &adoption, group, &choices, &file_stem(first.account, first.kind.name));
                Some(AdoptedFile::new(path, String::new(), page))
            })
            .collect();
        if let Some((desired, plan)) = prove_adoption(&session, &live, &edits, &files, &mut choices)? {
            break (files, desired, plan);
        }
    };
    let coverage = AdoptionCoverage::from_live(&inputs, &kinds, kind.is_some(), adoption.removed.clone());
    finish_adoption(session, &live, files, &desired, plan, coverage).await
}

async fn adopt_one(context: &Context, request: &AdoptRequest, address: &Address, id: &str) -> Result<AdoptionOutcome, RunError> {
    let mut loaded = desired::load_config(&context.options.files)?;
    loaded.desired.kinds.insert(address.kind.clone());
    if let Some(object) = loaded.desired.existing.get(address) {
        let what = format!("{address} is under `existing` at {}, so telform does not manage it", object.location);
        return Err(RunError::other("telform::adopt::existing", what, "remove it from `existing` first"));
    }
    if let Some(object) = loaded.desired.objects.get_mut(address) {
        if object.id.as_ref().is_some_and(|pinned| pinned != id) {
            let pinned = object.id.clone().unwrap_or_default();
            return Err(RunError::other(
                "telform::adopt::pinned",
                format!("{address} is pinned to {pinned} at {}", object.location),
                "correct `id:` there, or adopt that id",
            ));
        }
        let is_typed = object.id.replace(id.to_owned()).is_none();
        return adopt_declared(context, request, loaded, address, id, is_typed).await;
    }
    let account = account_for(&loaded.desired, request, address)?;
    let (path, before) = file_for(&context.options.files, request.out.as_deref(), address, &loaded.overlays)?;
    let (session, live) = read(context, request, loaded, Some(&account)).await?;
    let inputs = inputs(&session, &session.desired, &live, &session.options);
    if let Some(why) = live.accounts.get(&account).and_then(|live| unlisted_reason(live, &address.kind)) {
        let message = format!("the {} of account {account} cannot be adopted now: {}", address.kind, why.why);
        return Err(RunError::other("telform::adopt::missing", message, why.help.clone()));
    }
    let adoption =
        AdoptionSet::from_id(&inputs, &account, address, id).ok_or_else(|| missing_id(&live, &account, address, id))?;
    let key = (account.clone(), adoption.groups[0][0].kind.name, id.to_owned());
    if let Some(other) = adoption.known.get(&key) {
        let help = format!("to give it the name {address}, rename the entry of {other} and list both names under `moved`");
        return Err(belongs_to_other(id, other, address, help));
    }
    let mut choices = WritingChoices { factoring: Factoring::Never, ..WritingChoices::default() };
    let (files, desired, plan) = loop {
        let page = render_file(&inputs, &adoption, &adoption.groups[0], &choices, "");
        let files = vec![AdoptedFile::new(path.clone(), before.clone(), page)];
        if let Some((desired, plan)) = prove_adoption(&session, &live, &FileEdits::default(), &files, &mut choices)? {
            break (files, desired, plan);
        }
    };
    finish_adoption(session, &live, files, &desired, plan, AdoptionCoverage::default()).await
}

/// An object that the YAML declares: only its identity has to be recorded in the ledger. `is_typed`: no `id:` in the YAML says it.
async fn adopt_declared(
    context: &Context,
    request: &AdoptRequest,
    loaded: desired::LoadedConfig,
    address: &Address,
    id: &str,
    is_typed: bool,
) -> Result<AdoptionOutcome, RunError> {
    let account = loaded.desired.objects.get(address).map(|object| object.account.clone());
    let (mut session, live) = read(context, request, loaded, account.as_deref()).await?;
    let all = inputs(&session, &session.desired, &live, &session.options);
    let names = account.iter().flat_map(|account| all.names_of_same_account(account));
    let owner = names.into_iter().find_map(|name| session.ledger.address_of(name, &address.kind, id));
    if let Some(other) = owner.filter(|other| *other != address) {
        let help = format!(
            "to give it the name {address}, run `telform ledger move {other} {address}` and remove the entry of {other}; to keep {other}, remove the entry of {address}"
        );
        return Err(belongs_to_other(id, other, address, help));
    }
    let entry = session.ledger.objects.get(address).cloned();
    if let Some(entry) = entry.as_ref().filter(|entry| entry.id != id) {
        let there = (live.accounts.values().filter_map(|live| live.objects.get(address.kind.as_str())).flatten())
            .any(|live| live.id == entry.id);
        if there {
            return Err(RunError::other(
                "telform::adopt::known",
                format!("in the ledger {address} is {}, and that object still exists", entry.id),
                format!("to release it, run `telform forget {address}` first"),
            ));
        }
    }
    let options = PlanOptions { targets: BTreeSet::from([address.clone()]), ..session.options.clone() };
    let plan = session.plan_with(&live, &options)?;
    let is_missing = |refusal: &PlanRefusal| refusal.code == RefusalCode::PinnedMissing && refusal.addresses.contains(address);
    if is_typed && plan.refusals.iter().any(is_missing) {
        return Err(missing_id(&live, account.as_deref().unwrap_or_default(), address, id));
    }
    let learns = plan.ledger.iter().any(|effect| {
        matches!(effect, LedgerUpdate::Adopt { address: it, .. } | LedgerUpdate::AdoptHidden { address: it, .. } if it == address)
    });
    let managed = entry.is_some_and(|entry| entry.id == id);
    if !learns && !managed {
        return Ok(AdoptionOutcome::NotEntered { plan });
    }
    let store = session.store.clone();
    let book = RunJournal::open(&session.context, &store, &session.ledger, &session.chain).await?;
    let document = saved_plan::document(&session, &plan, &live);
    let run = LedgerOnlyRun::begin_if_needed(&book, &session, &plan, "adopt", None, document).await?;
    if settle_ledger(&mut session.ledger, &plan, &session.desired, &live, &session.key, &now_utc) {
        session.store.save(&mut session.ledger).await?;
    }
    run.end(&mut session).await?;
    session.close()?;
    Ok(AdoptionOutcome::Entered { plan, again: !learns })
}

/// Reads what may be adopted; for one object, only its account.
async fn read(
    context: &Context,
    request: &AdoptRequest,
    loaded: desired::LoadedConfig,
    account: Option<&str>,
) -> Result<(Run, LiveState), RunError> {
    let mut session = Run::open_with(context, &request.choice, SessionPurpose::Settle(request.lock_wait), loaded).await?;
    let needed = |name: &str| account.is_none_or(|account| account == name);
    session.asked.retain(|name| needed(name));
    session.need_tokens(needed)?;
    let live = session.read().await?;
    Ok((session, live))
}

fn inputs<'a>(session: &'a Run, desired: &'a Desired, live: &'a LiveState, options: &'a PlanOptions) -> Inputs<'a> {
    Inputs { desired, live, ledger: &session.ledger, key: &session.key, options }
}

/// The plan over the files as they would be, when it is empty. Otherwise the attributes that prevent this are left out
/// of the next try, or written after all; one with which neither helps is an error.
fn prove_adoption(
    session: &Run,
    live: &LiveState,
    edits: &FileEdits,
    files: &[AdoptedFile],
    choices: &mut WritingChoices,
) -> Result<Option<(Desired, Plan)>, RunError> {
    let before = (choices.refused.len(), choices.needed.len());
    let mut edits = edits.clone();
    edits.0.extend(files.iter().flat_map(AdoptedFile::texts).map(|(path, text)| (path, Some(text.into_owned()))));
    let loaded = match desired::load_edited(&session.context.options.files, &edits) {
        Ok(loaded) => loaded,
        Err(problems) => {
            leave_out_problems(files, &problems, choices);
            return if choices.refused.len() > before.0 { Ok(None) } else { Err(problems.into()) };
        }
    };
    let targets: BTreeSet<Address> = files.iter().flat_map(|file| file.page.addresses.clone()).collect();
    if targets.is_empty() {
        let plan = Plan::new(&inputs(session, &Desired::default(), &LiveState::default(), &session.options));
        return Ok(Some((loaded.desired, plan)));
    }
    let options = PlanOptions { targets: targets.clone(), ..session.options.clone() };
    let plan = Plan::new(&inputs(session, &loaded.desired, live, &options));
    if !plan.has_changes() && !plan.is_refused() {
        return Ok(Some((loaded.desired, plan)));
    }
    let differing = plan
        .changes
        .iter()
        .filter(|change| targets.contains(&change.address))
        .flat_map(|change| change.attributes.iter().map(|attribute| (change.address.clone(), attribute.name.clone())));
    let refused = plan.refusals.iter().filter_map(|refusal| {
        Some((refusal.addresses.first().filter(|address| targets.contains(*address))?.clone(), refusal.attribute.clone()?))
    });
    let unstated: BTreeSet<(&'static str, &'static str)> = files.iter().flat_map(AdoptedFile::for_creates_only).collect();
    for (address, attribute) in differing.chain(refused) {
        // A default of the user gives it another value.
        if let Some(pair) = unstated.iter().find(|(kind, name)| address.kind == *kind && attribute == *name) {
            choices.needed.insert(*pair);
            continue;
        }
        let why = "a plan would change it: the service does not show it in the form in which it must be written";
        choices.refused.entry((address, attribute)).or_insert_with(|| why.to_owned());
    }
    if (choices.refused.len(), choices.needed.len()) > before {
        return Ok(None);
    }
    session.context.progress.on_event(&RunEvent::NotProven(&plan));
    Err(RunError::other(
        "telform::adopt::not_proven",
        "nothing was written: a plan for the new files would not be empty, see above",
        "leave these objects out with --account or --kind, or write their YAML by hand",
    ))
}

async fn finish_adoption(
    mut session: Run,
    live: &LiveState,
    mut files: Vec<AdoptedFile>,
    desired: &Desired,
    plan: Plan,
    coverage: AdoptionCoverage,
) -> Result<AdoptionOutcome, RunError> {
    // Checked before anything is written, so that nothing is left incomplete.
    if let Some(path) = files.iter().find_map(AdoptedFile::foreign_file) {
        return Err(RunError::other(
            "telform::adopt::exists",
            format!("{} already exists with different content; nothing was written", path.display()),
            "move it away, or choose another folder with --out and name this one with -f, so that telform leaves out what it declares",
        ));
    }
    let store = session.store.clone();
    let book = RunJournal::open(&session.context, &store, &session.ledger, &session.chain).await?;
    let document = saved_plan::document(&session, &plan, live);
    let run = LedgerOnlyRun::begin_if_needed(&book, &session, &plan, "adopt", None, document).await?;
    files.iter_mut().try_for_each(AdoptedFile::write)?;
    if !files.is_empty() {
        let learnt = settle_ledger(&mut session.ledger, &plan, desired, live, &session.key, &now_utc);
        let adopted: BTreeSet<&Address> = files.iter().flat_map(|file| &file.page.addresses).collect();
        if drift::record_last_seen(&mut session.ledger, desired, live, false, |address| adopted.contains(address)) || learnt {
            session.store.save(&mut session.ledger).await?;
        }
    }
    run.end(&mut session).await?;
    session.close()?;
    Ok(AdoptionOutcome::Written { files, plan, coverage })
}

fn account_for(desired: &Desired, request: &AdoptRequest, address: &Address) -> Result<String, RunError> {
    let able: Vec<&str> = (desired.accounts.values())
        .filter(|account| account.service.kinds.iter().any(|kind| kind.name == address.kind))
        .map(|account| account.name.as_str())
        .collect();
    let chosen = match_account_patterns(desired, &request.choice.accounts)?;
    let fit: Vec<&str> = able.iter().copied().filter(|name| chosen.is_empty() || chosen.contains(*name)).collect();
    let help = match able.as_slice() {
        [] => format!("no account is of a service that has {}", address.kind),
        able => format!("accounts that can: {}; choose with --account", able.join(", ")),
    };
    match fit.as_slice() {
        [one] => Ok((*one).to_owned()),
        _ => Err(RunError::other("telform::adopt::account", format!("it is not clear which account holds {address}"), help)),
    }
}

fn requested_kinds(desired: &Desired, request: &AdoptRequest, kind: Option<&str>) -> Result<BTreeSet<&'static str>, RunError> {
    if desired.accounts.is_empty() {
        return Err(RunError::other(
            "telform::adopt::account",
            "the configuration does not define an account to read from",
            "`telform init` writes a file with accounts to fill in",
        ));
    }
    let chosen = match_account_patterns(desired, &request.choice.accounts)?;
    let kinds = desired
        .accounts
        .values()
        .filter(|account| chosen.is_empty() || chosen.contains(&account.name))
        .flat_map(|account| account.service.kinds.iter().map(|kind| kind.name))
        .filter(|name| kind.is_none_or(|kind| kind == *name));
    let kinds: BTreeSet<&'static str> = kinds.collect();
    if kinds.is_empty() {
        return Err(RunError::other(
            "telform::adopt::kind",
            format!("no account holds {}", kind.unwrap_or_default()),
            format!("the kinds are {}", services::kind_names().join(", ")),
        ));
    }
    Ok(kinds)
}
