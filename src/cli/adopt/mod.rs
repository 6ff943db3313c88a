//! `telform adopt`: YAML and ledger entries for what is already there, proven by an empty plan before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::accounts;
use super::args::{AdoptArgs, Choice};
use super::exit::{Exit, Failure};
use super::journal::Book;
use super::out::Out;
use super::remember::LedgerRun;
use super::saved;
use super::session::{Purpose, Session, now};
use crate::adopt::{Adoption, not_listed, page};
use crate::apply::settle_ledger;
use crate::backend;
use crate::desired::{self, Edits};
use crate::drift;
use crate::output;
use crate::plan::{Inputs, LedgerEffect, Options, Plan};
use crate::problem::Problems;
use crate::resource::{Address, Desired, Live};
use crate::text::escape;
use crate::view::text;

mod draft;
mod looked;

use draft::{Draft, file_for, file_of};
use looked::{Looked, missing};

/// Attributes that must not be written as the service shows them, and why.
type Without = BTreeMap<(Address, String), String>;

/// Takes objects under management.
pub(crate) async fn run(out: &Out, args: &AdoptArgs) -> Result<Exit, Failure> {
    match (&args.address, &args.id) {
        (Some(address), Some(id)) => one(out, args, address, id).await,
        _ => all(out, args).await.map(|adopted| adopted.exit),
    }
}

/// What came of adopting everything.
pub(super) struct All {
    /// Objects that were adopted.
    pub(super) objects: usize,
    exit: Exit,
}

/// Everything that nobody manages.
pub(super) async fn all(out: &Out, args: &AdoptArgs) -> Result<All, Failure> {
    let folder = args.out.clone().unwrap_or_default();
    let known = desired::load(&out.global.files);
    // Files of an earlier adoption are read as if they were not there, so that they come out the same again.
    let accounts = known.as_ref().map(|loaded| loaded.desired.accounts.clone()).unwrap_or_default();
    let mut edits = Edits::default();
    for account in accounts.values() {
        for kind in account.backend.kinds {
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
    let kinds = kinds_asked(&loaded.desired, args)?;
    loaded.desired.kinds.extend(kinds.iter().map(|kind| (*kind).into()));
    let (session, live) = read(out, args, loaded, None).await?;
    let inputs = inputs(&session, &session.desired, &live, &session.options);
    let adoption = Adoption::of(&inputs, &kinds);
    let mut without = Without::new();
    let (drafts, desired, plan) = loop {
        let drafts: Vec<Draft> = adoption
            .groups
            .iter()
            .filter_map(|group| {
                let first = group.first()?;
                let path = file_of(&folder, first.account, first.kind.name);
                Some(Draft { path, before: String::new(), page: page(&inputs, &adoption, group, &without) })
            })
            .collect();
        if let Some((desired, plan)) = proven(out, &session, &live, &edits, &drafts, &mut without)? {
            break (drafts, desired, plan);
        }
    };
    let looked = Looked::of(&live, &kinds);
    let exit = finish(out, session, &live, &drafts, &desired, &plan, &looked).await?;
    Ok(All { objects: drafts.iter().map(|draft| draft.page.addresses.len()).sum(), exit })
}

/// Without the files of an earlier adoption an overlay has nothing to override: what it says about them cannot be told from
/// what they would say.
fn layered_over(problems: &Problems) -> Failure {
    let at = problems.iter().next().map(|problem| format!(" ({})", problem.place)).unwrap_or_default();
    Failure::other(
        "telform::adopt::layered",
        format!("an overlay overrides what an earlier adoption wrote{at}; nothing was written"),
        "name the earlier files with -f and another folder with --out to adopt what is new",
    )
}

async fn one(out: &Out, args: &AdoptArgs, address: &Address, id: &str) -> Result<Exit, Failure> {
    let mut loaded = desired::load(&out.global.files)?;
    loaded.desired.kinds.insert(address.kind.clone());
    if let Some(object) = loaded.desired.objects.get_mut(address) {
        if object.id.as_ref().is_some_and(|pinned| pinned != id) {
            let pinned = object.id.clone().unwrap_or_default();
            return Err(Failure::other(
                "telform::adopt::pinned",
                format!("{address} is pinned to {pinned} at {}", object.place),
                "correct `id:` there, or adopt that id",
            ));
        }
        object.id = Some(id.to_owned());
        return declared(out, args, loaded, address, id).await;
    }
    let account = account_for(&loaded.desired, args, address)?;
    let (path, before) = file_for(out, args, address, &loaded.overlays)?;
    let (session, live) = read(out, args, loaded, Some(&account)).await?;
    let inputs = inputs(&session, &session.desired, &live, &session.options);
    if let Some(why) = live.accounts.get(&account).and_then(|live| not_listed(live, &address.kind)) {
        let message = format!("the {} of account {account} cannot be adopted now: {}", address.kind, why.why);
        return Err(Failure::other("telform::adopt::missing", message, why.help.clone()));
    }
    let adoption = Adoption::one(&inputs, &account, address, id).ok_or_else(|| {
        Failure::other(
            "telform::adopt::missing",
            format!("account {account} shows no {} with the id {id}", address.kind),
            missing(&live, &account, address),
        )
    })?;
    let key = (account.clone(), adoption.groups[0][0].kind.name, id.to_owned());
    if let Some(other) = adoption.known.get(&key) {
        return Err(Failure::other(
            "telform::adopt::claimed",
            format!("{id} is {other} already"),
            "to give it another name, rename the entry and list both names under `moved`",
        ));
    }
    let mut without = Without::new();
    let (drafts, desired, plan) = loop {
        let page = page(&inputs, &adoption, &adoption.groups[0], &without);
        let drafts = [Draft { path: path.clone(), before: before.clone(), page }];
        if let Some((desired, plan)) = proven(out, &session, &live, &Edits::default(), &drafts, &mut without)?
        {
            break (drafts, desired, plan);
        }
    };
    finish(out, session, &live, &drafts, &desired, &plan, &Looked::default()).await
}

/// An object that the YAML declares: only the ledger has to learn which one it is.
async fn declared(
    out: &Out,
    args: &AdoptArgs,
    loaded: desired::Loaded,
    address: &Address,
    id: &str,
) -> Result<Exit, Failure> {
    let account = loaded.desired.objects.get(address).map(|object| object.account.clone());
    let (mut session, live) = read(out, args, loaded, account.as_deref()).await?;
    let entry = session.ledger.objects.get(address).cloned();
    if let Some(entry) = entry.as_ref().filter(|entry| entry.id != id) {
        let there =
            (live.accounts.values().filter_map(|live| live.objects.get(address.kind.as_str())).flatten())
                .any(|live| live.id == entry.id);
        if there {
            return Err(Failure::other(
                "telform::adopt::known",
                format!("the ledger knows {address} as {}, and that object is there", entry.id),
                format!("to let go of it, run `telform forget {address}` first"),
            ));
        }
    }
    let options = Options { targets: BTreeSet::from([address.clone()]), ..session.options.clone() };
    let plan = session.plan_with(&live, &options)?;
    let learns = plan.ledger.iter().any(|effect| {
        matches!(effect, LedgerEffect::Adopt { address: it, .. } | LedgerEffect::AdoptHidden { address: it, .. } if it == address)
    });
    let managed = entry.is_some_and(|entry| entry.id == id);
    if !learns && !managed {
        out.print(&text::plan(&plan, out.reading()));
        out.note("nothing was adopted\n");
        return Ok(Exit::Refused);
    }
    let store = session.store.clone();
    let book = Book::open(&store, &session.ledger).await?;
    let document = saved::document(&session, &plan, &live);
    let run = LedgerRun::begin(&book, &session, &plan, "adopt", None, document).await?;
    if settle_ledger(&mut session.ledger, &plan, &session.desired, &live, &session.key, &now) {
        session.store.save(&mut session.ledger).await?;
    }
    run.end(&mut session).await?;
    session.close()?;
    if out.global.json {
        out.document(&output::Adoption {
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

/// Reads what may be adopted; of one object its account alone.
async fn read(
    out: &Out,
    args: &AdoptArgs,
    loaded: desired::Loaded,
    account: Option<&str>,
) -> Result<(Session, Live), Failure> {
    let choice =
        Choice { sandbox: args.sandbox.clone(), accounts: args.accounts.clone(), ..Choice::default() };
    let mut session = Session::open_with(out, &choice, Purpose::Settle(args.lock.wait()), loaded).await?;
    let needed = |name: &str| account.is_none_or(|account| account == name);
    session.asked.retain(|name| needed(name));
    session.need_tokens(needed)?;
    let live = session.read().await?;
    Ok((session, live))
}

fn inputs<'a>(
    session: &'a Session,
    desired: &'a Desired,
    live: &'a Live,
    options: &'a Options,
) -> Inputs<'a> {
    Inputs { desired, live, ledger: &session.ledger, key: &session.key, options }
}

/// The plan over the files as they would be, when it is empty. Else what stands in the way is left out of the next try;
/// what cannot be left out is an error.
fn proven(
    out: &Out,
    session: &Session,
    live: &Live,
    edits: &Edits,
    drafts: &[Draft],
    without: &mut Without,
) -> Result<Option<(Desired, Plan)>, Failure> {
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
        let plan = Plan::new(&inputs(session, &Desired::default(), &Live::default(), &session.options));
        return Ok(Some((loaded.desired, plan)));
    }
    let options = Options { targets: targets.clone(), ..session.options.clone() };
    let plan = Plan::new(&inputs(session, &loaded.desired, live, &options));
    if !plan.has_changes() && !plan.is_refused() {
        return Ok(Some((loaded.desired, plan)));
    }
    let differing =
        plan.changes.iter().filter(|change| targets.contains(&change.address)).flat_map(|change| {
            change.attributes.iter().map(|attribute| (change.address.clone(), attribute.name.clone()))
        });
    let refused = plan.refusals.iter().filter_map(|refusal| {
        Some((
            refusal.address.clone().filter(|address| targets.contains(address))?,
            refusal.attribute.clone()?,
        ))
    });
    for pair in differing.chain(refused) {
        let why = "a plan would change it: the service does not show it as it would have to be written";
        without.entry(pair).or_insert_with(|| why.to_owned());
    }
    if without.len() > before {
        return Ok(None);
    }
    out.print(&text::plan(&plan, out.reading()));
    Err(Failure::other(
        "telform::adopt::not_proven",
        "nothing was written: a plan over the new files would not be empty, see above",
        "leave these objects out with --account or --kind, or write their YAML by hand",
    ))
}

/// Attributes whose lines the loader did not take.
fn leave_out_problems(drafts: &[Draft], problems: &Problems, without: &mut Without) {
    for problem in problems.iter() {
        let file = drafts.iter().find(|draft| *draft.path.display().to_string() == *problem.place.file);
        let Some(draft) = file else { continue };
        let above = draft.before.bytes().filter(|byte| *byte == b'\n').count();
        let Some(line) = (problem.place.line as usize).checked_sub(above) else { continue };
        // What is wrong with an entry as a whole is not the fault of the attribute above it.
        let head = draft.page.heads.range(..=line).next_back().map_or(0, |(head, _)| *head);
        if let Some((_, (address, attribute))) = draft.page.lines.range(head..=line).next_back() {
            without
                .entry((address.clone(), (*attribute).to_owned()))
                .or_insert_with(|| format!("not written: {}", problem.message));
        }
    }
}

async fn finish(
    out: &Out,
    mut session: Session,
    live: &Live,
    drafts: &[Draft],
    desired: &Desired,
    plan: &Plan,
    looked: &Looked,
) -> Result<Exit, Failure> {
    // Looked at before anything is written, so that nothing is half done.
    for draft in drafts.iter().filter(|draft| draft.before.is_empty()) {
        let there = fs::read_to_string(&draft.path);
        if there.is_ok_and(|there| there != draft.text()) {
            return Err(Failure::other(
                "telform::adopt::exists",
                format!("{} exists and says something else; nothing was written", draft.path.display()),
                "move it away, or give another folder with --out and name this one with -f, so that what it declares is left out",
            ));
        }
    }
    let store = session.store.clone();
    let book = Book::open(&store, &session.ledger).await?;
    let document = saved::document(&session, plan, live);
    let run = LedgerRun::begin(&book, &session, plan, "adopt", None, document).await?;
    let unchanged: Vec<bool> = drafts.iter().map(Draft::is_there).collect();
    for (draft, _) in drafts.iter().zip(&unchanged).filter(|(_, unchanged)| !**unchanged) {
        draft.write()?;
    }
    if !drafts.is_empty() {
        let learnt = settle_ledger(&mut session.ledger, plan, desired, live, &session.key, &now);
        let adopted: BTreeSet<&Address> = drafts.iter().flat_map(|draft| &draft.page.addresses).collect();
        if drift::remember(&mut session.ledger, desired, live, |address| adopted.contains(address)) || learnt
        {
            session.store.save(&mut session.ledger).await?;
        }
    }
    run.end(&mut session).await?;
    session.close()?;
    draft::say(out, drafts, &unchanged, plan, looked);
    Ok(if looked.missed.is_empty() { Exit::Done } else { Exit::Failed })
}

fn account_for(desired: &Desired, args: &AdoptArgs, address: &Address) -> Result<String, Failure> {
    let able: Vec<&str> = (desired.accounts.values())
        .filter(|account| account.backend.kinds.iter().any(|kind| kind.name == address.kind))
        .map(|account| account.name.as_str())
        .collect();
    let chosen = accounts::chosen(desired, &args.accounts)?;
    let fit: Vec<&str> =
        able.iter().copied().filter(|name| chosen.is_empty() || chosen.contains(*name)).collect();
    match fit.as_slice() {
        [one] => Ok((*one).to_owned()),
        _ => Err(Failure::other(
            "telform::adopt::account",
            format!("it cannot be told which account holds {address}"),
            format!("accounts that can: {}; choose with --account", listed(&able)),
        )),
    }
}

fn kinds_asked(desired: &Desired, args: &AdoptArgs) -> Result<BTreeSet<&'static str>, Failure> {
    if desired.accounts.is_empty() {
        return Err(Failure::other(
            "telform::adopt::account",
            "the configuration names no account to read from",
            "`telform init` writes a file with accounts to fill in",
        ));
    }
    let chosen = accounts::chosen(desired, &args.accounts)?;
    let kinds = desired
        .accounts
        .values()
        .filter(|account| chosen.is_empty() || chosen.contains(&account.name))
        .flat_map(|account| account.backend.kinds.iter().map(|kind| kind.name))
        .filter(|kind| args.kind.as_ref().is_none_or(|name| name == kind));
    let kinds: BTreeSet<&'static str> = kinds.collect();
    if kinds.is_empty() {
        return Err(Failure::other(
            "telform::adopt::kind",
            format!("no account holds {}", args.kind.as_deref().unwrap_or_default()),
            format!("the kinds are {}", backend::kind_names().join(", ")),
        ));
    }
    Ok(kinds)
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
