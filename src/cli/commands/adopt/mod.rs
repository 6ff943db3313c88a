//! `telform adopt`: YAML and ledger entries for existing objects, proven by an empty plan before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::adopt::{AdoptionSet, render_file, unlisted_reason};
use crate::analysis::drift;
use crate::apply::settle_ledger;
use crate::cli::console::Console;
use crate::config::desired::{self, FileEdits};
use crate::config::problem::Problems;
use crate::disk;
use crate::model::resource::{Address, Desired, LiveState};
use crate::output;
use crate::output::view::text;
use crate::plan::{Inputs, LedgerUpdate, Plan, PlanOptions};
use crate::run::ledger_run::LedgerOnlyRun;
use crate::run::session::now_utc;
use crate::run::{Exit, PlanSelection, Run, RunError, RunJournal, SessionPurpose, match_account_patterns, saved_plan};
use crate::services;
use crate::text::escape;

mod args;
mod coverage;
mod draft;

pub(crate) use args::AdoptArgs;
use coverage::{Looked, missing_id_help};
use draft::{Draft, file_for, file_of};

/// Attributes that must not be written as the service shows them, and why.
type OmittedAttributes = BTreeMap<(Address, String), String>;

/// Takes objects under management.
pub(crate) async fn run(out: &Console, args: &AdoptArgs) -> Result<Exit, RunError> {
    match (&args.address, &args.id) {
        (Some(address), Some(id)) => adopt_one(out, args, address, id).await,
        _ => all(out, args).await.map(|adopted| adopted.exit),
    }
}

/// The result of adopting everything.
pub(crate) struct AdoptAllResult {
    /// Objects that were adopted.
    pub(crate) objects: usize,
    exit: Exit,
}

/// Everything that is not managed.
pub(crate) async fn all(out: &Console, args: &AdoptArgs) -> Result<AdoptAllResult, RunError> {
    let folder = args.out.clone().unwrap_or_default();
    let known = desired::load_config(&out.global.files);
    // Files of an earlier adoption are treated as missing, so that the result is the same again.
    let accounts = known.as_ref().map(|loaded| loaded.desired.accounts.clone()).unwrap_or_default();
    let mut edits = FileEdits::default();
    for account in accounts.values() {
        for kind in account.service.kinds {
            edits.0.insert(file_of(&folder, &account.name, kind.name), None);
        }
    }
    let mut loaded = match desired::load_edited(&out.global.files, &edits) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let layered = known.is_ok_and(|loaded| !loaded.overlays.is_empty());
            return Err(if layered { layered_over(&problems) } else { problems.into() });
        }
    };
    let kinds = requested_kinds(&loaded.desired, args)?;
    loaded.desired.kinds.extend(kinds.iter().map(|kind| (*kind).into()));
    let (session, live) = read(out, args, loaded, None).await?;
    let inputs = inputs(&session, &session.desired, &live, &session.options);
    let adoption = AdoptionSet::from_unclaimed(&inputs, &kinds);
    let mut without = OmittedAttributes::new();
    let (drafts, desired, plan) = loop {
        let drafts: Vec<Draft> = adoption
            .groups
            .iter()
            .filter_map(|group| {
                let first = group.first()?;
                let path = file_of(&folder, first.account, first.kind.name);
                Some(Draft { path, before: String::new(), page: render_file(&inputs, &adoption, group, &without) })
            })
            .collect();
        if let Some((desired, plan)) = prove_adoption(out, &session, &live, &edits, &drafts, &mut without)? {
            break (drafts, desired, plan);
        }
    };
    let looked = Looked::from_live(&live, &kinds);
    let exit = finish_adoption(out, session, &live, &drafts, &desired, &plan, &looked).await?;
    Ok(AdoptAllResult { objects: drafts.iter().map(|draft| draft.page.addresses.len()).sum(), exit })
}

/// Without the files of an earlier adoption an overlay has nothing to override: its lines cannot be distinguished from
/// those of the files.
fn layered_over(problems: &Problems) -> RunError {
    let at = problems.iter().next().map(|problem| format!(" ({})", problem.location)).unwrap_or_default();
    RunError::other(
        "telform::adopt::layered",
        format!("an overlay overrides what an earlier adoption wrote{at}; nothing was written"),
        "name the earlier files with -f and another folder with --out to adopt what is new",
    )
}

async fn adopt_one(out: &Console, args: &AdoptArgs, address: &Address, id: &str) -> Result<Exit, RunError> {
    let mut loaded = desired::load_config(&out.global.files)?;
    loaded.desired.kinds.insert(address.kind.clone());
    if let Some(object) = loaded.desired.objects.get_mut(address) {
        if object.id.as_ref().is_some_and(|pinned| pinned != id) {
            let pinned = object.id.clone().unwrap_or_default();
            return Err(RunError::other(
                "telform::adopt::pinned",
                format!("{address} is pinned to {pinned} at {}", object.location),
                "correct `id:` there, or adopt that id",
            ));
        }
        object.id = Some(id.to_owned());
        return adopt_declared(out, args, loaded, address, id).await;
    }
    let account = account_for(&loaded.desired, args, address)?;
    let (path, before) = file_for(out, args, address, &loaded.overlays)?;
    let (session, live) = read(out, args, loaded, Some(&account)).await?;
    let inputs = inputs(&session, &session.desired, &live, &session.options);
    if let Some(why) = live.accounts.get(&account).and_then(|live| unlisted_reason(live, &address.kind)) {
        let message = format!("the {} of account {account} cannot be adopted now: {}", address.kind, why.why);
        return Err(RunError::other("telform::adopt::missing", message, why.help.clone()));
    }
    let adoption = AdoptionSet::from_id(&inputs, &account, address, id).ok_or_else(|| {
        RunError::other(
            "telform::adopt::missing",
            format!("account {account} shows no {} with the id {id}", address.kind),
            missing_id_help(&live, &account, address),
        )
    })?;
    let key = (account.clone(), adoption.groups[0][0].kind.name, id.to_owned());
    if let Some(other) = adoption.known.get(&key) {
        return Err(RunError::other(
            "telform::adopt::claimed",
            format!("{id} is {other} already"),
            "to give it another name, rename the entry and list both names under `moved`",
        ));
    }
    let mut without = OmittedAttributes::new();
    let (drafts, desired, plan) = loop {
        let page = render_file(&inputs, &adoption, &adoption.groups[0], &without);
        let drafts = [Draft { path: path.clone(), before: before.clone(), page }];
        if let Some((desired, plan)) = prove_adoption(out, &session, &live, &FileEdits::default(), &drafts, &mut without)? {
            break (drafts, desired, plan);
        }
    };
    finish_adoption(out, session, &live, &drafts, &desired, &plan, &Looked::default()).await
}

/// An object that the YAML declares: only its identity has to be recorded in the ledger.
async fn adopt_declared(
    out: &Console,
    args: &AdoptArgs,
    loaded: desired::LoadedConfig,
    address: &Address,
    id: &str,
) -> Result<Exit, RunError> {
    let account = loaded.desired.objects.get(address).map(|object| object.account.clone());
    let (mut session, live) = read(out, args, loaded, account.as_deref()).await?;
    let entry = session.ledger.objects.get(address).cloned();
    if let Some(entry) = entry.as_ref().filter(|entry| entry.id != id) {
        let there = (live.accounts.values().filter_map(|live| live.objects.get(address.kind.as_str())).flatten())
            .any(|live| live.id == entry.id);
        if there {
            return Err(RunError::other(
                "telform::adopt::known",
                format!("the ledger knows {address} as {}, and that object is there", entry.id),
                format!("to release it, run `telform forget {address}` first"),
            ));
        }
    }
    let options = PlanOptions { targets: BTreeSet::from([address.clone()]), ..session.options.clone() };
    let plan = session.plan_with(&live, &options)?;
    let learns = plan.ledger.iter().any(|effect| {
        matches!(effect, LedgerUpdate::Adopt { address: it, .. } | LedgerUpdate::AdoptHidden { address: it, .. } if it == address)
    });
    let managed = entry.is_some_and(|entry| entry.id == id);
    if !learns && !managed {
        out.print(&text::plan_as_text(&plan, out.plan_detail()));
        out.print_stderr("nothing was adopted\n");
        return Ok(Exit::Refused);
    }
    let store = session.store.clone();
    let book = RunJournal::open(&out.context(), &store, &session.ledger, &session.chain).await?;
    let document = saved_plan::document(&session, &plan, &live);
    let run = LedgerOnlyRun::begin_if_needed(&book, &session, &plan, "adopt", None, document).await?;
    if settle_ledger(&mut session.ledger, &plan, &session.desired, &live, &session.key, &now_utc) {
        session.store.save(&mut session.ledger).await?;
    }
    run.end(&mut session).await?;
    session.close()?;
    if out.global.json {
        out.print_document(&output::Adoption {
            files: Vec::new(),
            objects: vec![output::Adopted { address: address.to_string(), id: Some(id.to_owned()) }],
            secrets: Vec::new(),
            left_out: Vec::new(),
            pending: plan.has_changes() || plan.is_refused(),
            missed: Vec::new(),
        });
        return Ok(Exit::Done);
    }
    out.print(&format!("Adopted {address} as {}.\n", escape(id)));
    if (plan.has_changes() || plan.is_refused()) && !out.global.quiet {
        out.print(&format!("The YAML differs from it: {}. `telform plan` shows how.\n", plan.summary()));
    }
    Ok(Exit::Done)
}

/// Reads what may be adopted; for one object, only its account.
async fn read(
    out: &Console,
    args: &AdoptArgs,
    loaded: desired::LoadedConfig,
    account: Option<&str>,
) -> Result<(Run, LiveState), RunError> {
    let choice = PlanSelection { sandbox: args.sandbox.clone(), accounts: args.accounts.clone(), ..PlanSelection::default() };
    let mut session = Run::open_with(&out.context(), &choice, SessionPurpose::Settle(args.lock.timeout()), loaded).await?;
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
/// of the next try; one that cannot be left out is an error.
fn prove_adoption(
    out: &Console,
    session: &Run,
    live: &LiveState,
    edits: &FileEdits,
    drafts: &[Draft],
    without: &mut OmittedAttributes,
) -> Result<Option<(Desired, Plan)>, RunError> {
    let before = without.len();
    let mut edits = edits.clone();
    edits.0.extend(drafts.iter().map(|draft| (draft.path.clone(), Some(draft.text()))));
    let loaded = match desired::load_edited(&out.global.files, &edits) {
        Ok(loaded) => loaded,
        Err(problems) => {
            leave_out_problems(drafts, &problems, without);
            return if without.len() > before { Ok(None) } else { Err(problems.into()) };
        }
    };
    let targets: BTreeSet<Address> = drafts.iter().flat_map(|draft| draft.page.addresses.clone()).collect();
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
        Some((refusal.address.clone().filter(|address| targets.contains(address))?, refusal.attribute.clone()?))
    });
    for pair in differing.chain(refused) {
        let why = "a plan would change it: the service does not show it as it would have to be written";
        without.entry(pair).or_insert_with(|| why.to_owned());
    }
    if without.len() > before {
        return Ok(None);
    }
    out.print(&text::plan_as_text(&plan, out.plan_detail()));
    Err(RunError::other(
        "telform::adopt::not_proven",
        "nothing was written: a plan over the new files would not be empty, see above",
        "leave these objects out with --account or --kind, or write their YAML by hand",
    ))
}

/// Attributes whose lines the loader did not accept.
fn leave_out_problems(drafts: &[Draft], problems: &Problems, without: &mut OmittedAttributes) {
    for problem in problems.iter() {
        let file = drafts.iter().find(|draft| *draft.path.display().to_string() == *problem.location.file);
        let Some(draft) = file else { continue };
        let above = draft.before.bytes().filter(|byte| *byte == b'\n').count();
        let Some(line) = (problem.location.line as usize).checked_sub(above) else { continue };
        // A problem of an entry as a whole is not caused by the attribute above it.
        let head = draft.page.address_lines.range(..=line).next_back().map_or(0, |(head, _)| *head);
        if let Some((_, (address, attribute))) = draft.page.attribute_lines.range(head..=line).next_back() {
            without
                .entry((address.clone(), (*attribute).to_owned()))
                .or_insert_with(|| format!("not written: {}", problem.message));
        }
    }
}

async fn finish_adoption(
    out: &Console,
    mut session: Run,
    live: &LiveState,
    drafts: &[Draft],
    desired: &Desired,
    plan: &Plan,
    looked: &Looked,
) -> Result<Exit, RunError> {
    // Checked before anything is written, so that nothing is left incomplete.
    for draft in drafts.iter().filter(|draft| draft.before.is_empty()) {
        if disk::path_exists(&draft.path) && !draft.write_at_once() {
            return Err(RunError::other(
                "telform::adopt::exists",
                format!("{} exists with other content; nothing was written", draft.path.display()),
                "move it away, or give another folder with --out and name this one with -f, so that what it declares is left out",
            ));
        }
    }
    let store = session.store.clone();
    let book = RunJournal::open(&out.context(), &store, &session.ledger, &session.chain).await?;
    let document = saved_plan::document(&session, plan, live);
    let run = LedgerOnlyRun::begin_if_needed(&book, &session, plan, "adopt", None, document).await?;
    let unchanged: Vec<bool> = drafts.iter().map(Draft::write_at_once).collect();
    for (draft, _) in drafts.iter().zip(&unchanged).filter(|(_, unchanged)| !**unchanged) {
        draft.write()?;
    }
    if !drafts.is_empty() {
        let learnt = settle_ledger(&mut session.ledger, plan, desired, live, &session.key, &now_utc);
        let adopted: BTreeSet<&Address> = drafts.iter().flat_map(|draft| &draft.page.addresses).collect();
        if drift::record_last_seen(&mut session.ledger, desired, live, |address| adopted.contains(address)) || learnt {
            session.store.save(&mut session.ledger).await?;
        }
    }
    run.end(&mut session).await?;
    session.close()?;
    draft::print_drafts(out, drafts, &unchanged, plan, looked);
    Ok(if looked.missed.is_empty() { Exit::Done } else { Exit::Failed })
}

fn account_for(desired: &Desired, args: &AdoptArgs, address: &Address) -> Result<String, RunError> {
    let able: Vec<&str> = (desired.accounts.values())
        .filter(|account| account.service.kinds.iter().any(|kind| kind.name == address.kind))
        .map(|account| account.name.as_str())
        .collect();
    let chosen = match_account_patterns(desired, &args.accounts)?;
    let fit: Vec<&str> = able.iter().copied().filter(|name| chosen.is_empty() || chosen.contains(*name)).collect();
    match fit.as_slice() {
        [one] => Ok((*one).to_owned()),
        _ => Err(RunError::other(
            "telform::adopt::account",
            format!("it is not clear which account holds {address}"),
            format!("accounts that can: {}; choose with --account", join_names(&able)),
        )),
    }
}

fn requested_kinds(desired: &Desired, args: &AdoptArgs) -> Result<BTreeSet<&'static str>, RunError> {
    if desired.accounts.is_empty() {
        return Err(RunError::other(
            "telform::adopt::account",
            "the configuration names no account to read from",
            "`telform init` writes a file with accounts to fill in",
        ));
    }
    let chosen = match_account_patterns(desired, &args.accounts)?;
    let kinds = desired
        .accounts
        .values()
        .filter(|account| chosen.is_empty() || chosen.contains(&account.name))
        .flat_map(|account| account.service.kinds.iter().map(|kind| kind.name))
        .filter(|kind| args.kind.as_ref().is_none_or(|name| name == kind));
    let kinds: BTreeSet<&'static str> = kinds.collect();
    if kinds.is_empty() {
        return Err(RunError::other(
            "telform::adopt::kind",
            format!("no account holds {}", args.kind.as_deref().unwrap_or_default()),
            format!("the kinds are {}", services::kind_names().join(", ")),
        ));
    }
    Ok(kinds)
}

fn join_names(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
