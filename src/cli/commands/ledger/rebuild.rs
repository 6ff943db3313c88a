//! `telform ledger rebuild`: a ledger from YAML and services alone, and what remains unknown.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use crate::apply::settle_ledger;
use crate::cli::args::LockArgs;
use crate::cli::console::Console;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{LiveState, ServedBy};
use crate::output::{NotKnown, Rebuilt};
use crate::plan::{NoticeCode, Plan};
use crate::run::session::{Run, SessionPurpose, follow_accounts, now_utc};
use crate::run::{Exit, PlanSelection, RunError, RunJournal, RunReceipt, saved_plan};
use crate::state::journal;
use crate::state::ledger::LedgerError;
use crate::text::escape;

/// `telform ledger rebuild`.
#[derive(Debug, Args, Clone)]
pub struct RebuildArgs {
    /// Put it in the place of the ledger that is there, which is kept beside it
    #[arg(long)]
    pub replace: bool,
    /// Only this account, repeatable; `*` matches anything. What the ledger that is there knows of the others is kept
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Creates it, and keeps the earlier one.
pub(crate) async fn run(out: &Console, args: &RebuildArgs) -> Result<Exit, RunError> {
    let choice = PlanSelection { sandbox: args.sandbox.clone(), accounts: args.accounts.clone(), ..PlanSelection::default() };
    let mut session = Run::open(&out.context(), &choice, SessionPurpose::Rebuild(args.lock.timeout())).await?;
    let place = session.store.display_name();
    let mut old = None;
    let there = match session.store.load().await {
        Ok(None) => None,
        Ok(Some(mut there)) => {
            // Setting it aside would hide it from its owner: --replace is for one's own ledger.
            follow_accounts(&session.store, &mut there, &session.desired, session.options.sandbox)?;
            old = Some(there);
            Some("and can be read".to_owned())
        }
        Err(error @ (LedgerError::Io { .. } | LedgerError::Remote { .. })) => return Err(error.into()),
        Err(error) => Some(format!("({error})")),
    };
    let there_is_one = there.is_some();
    if let Some(state) = there.filter(|_| !args.replace) {
        return Err(RunError::other(
            "telform::ledger::exists",
            format!("there is a ledger at {place} {state}; nothing was changed"),
            "--replace keeps it beside the new one; what only it knows (secrets written, objects waiting to be verified) is then forgotten",
        ));
    }
    let unreadable = there_is_one && old.is_none();
    if unreadable && !session.options.accounts.is_empty() {
        return Err(RunError::other(
            "telform::ledger::exists",
            format!(
                "the ledger at {place} cannot be read, so what it knows of the other accounts would be lost; nothing was changed"
            ),
            "rebuild it without --account",
        ));
    }
    // One that cannot be read is reported when it is read, and requirements that nothing meets are kept.
    if let Ok(journal) = journal::read_journal(session.store.state_store()).await {
        out.head_expectation.check(&session.store, &journal)?;
        // Its serial continues, or the journal would consider it an older one.
        let known = journal.last_ledger_save().map_or(0, |saved| saved.serial);
        let known = known.max(old.as_ref().map_or(0, |old| old.serial));
        session.ledger.serial = if known == 0 { 0 } else { known + 1 };
    }
    let live = session.read_whole().await?;
    if let Some(old) = &old {
        session.check_owners(old, &live)?;
    }
    let plan = session.plan(&live)?;
    settle_ledger(&mut session.ledger, &plan, &session.desired, &live, &session.key, &now_utc);
    let others = other_accounts(&session);
    if let Some(old) = old.filter(|_| !others.is_empty()) {
        keep_old_entries(&mut session.ledger, old, &others, &session.key);
    }
    let aside = session.store.set_aside(&format!("replaced-{}", now_utc().replace(':', ""))).await?;
    if let Some(aside) = aside.as_ref().filter(|_| !out.global.json && !out.global.quiet) {
        out.print_stderr(&format!("the old ledger is kept as {}\n", escape(aside)));
    }
    // A journal that differs from what was written does not prevent a rebuild; what to do about it is reported when it is read.
    let store = session.store.clone();
    match RunJournal::open(&out.context(), &store, &session.ledger, &session.chain).await {
        Ok(book) => {
            let nothing = Plan::from_ledger_updates(plan.accounts.clone(), Vec::new());
            let document = saved_plan::document(&session, &nothing, &live);
            book.begin("ledger rebuild", document, None, None).await?;
            session.store.save(&mut session.ledger).await?;
            let receipt = RunReceipt { result: Exit::Done.as_str(), ..RunReceipt::default() };
            book.end(&store, &mut session.ledger, Exit::Done, receipt).await?;
        }
        Err(_) => session.store.save(&mut session.ledger).await?,
    }
    session.close()?;
    let mut lost = lost_knowledge(&plan, &live);
    if !there_is_one {
        let left = others.iter().map(|name| ("what telform manages there: the account was left out", name.clone()));
        lost.extend(left);
    }
    if out.global.json {
        let unknown = lost.iter().map(|(what, about)| NotKnown { what: (*what).to_owned(), about: about.clone() });
        out.print_document(&Rebuilt { objects: session.ledger.objects.len(), kept: aside, unknown: unknown.collect() });
        return Ok(Exit::Done);
    }
    let found = session.ledger.objects.len();
    let objects = crate::output::view::plural_kind(found, "objects");
    out.print(&format!("Rebuilt {}: {found} {objects} found.\n", escape(&place)));
    if out.global.quiet {
        return Ok(Exit::Done);
    }
    if !lost.is_empty() {
        out.print("\nWhat could not be known:\n");
    }
    for (what, about) in &lost {
        out.print(&format!("  {}  {what}\n", escape(about)));
    }
    if plan.has_changes() || plan.is_refused() {
        out.print(&format!("\nA plan is not empty: {}. Review it before the next apply.\n", plan.summary()));
    }
    Ok(Exit::Done)
}

/// Accounts that the run was limited to exclude.
fn other_accounts(session: &Run) -> BTreeSet<String> {
    let limit = &session.options.accounts;
    let names = session.desired.accounts.keys().filter(|name| !limit.is_empty() && !limit.contains(*name));
    names.cloned().collect()
}

/// Takes over what the old ledger knows about these accounts. Fingerprints of another key are useless and are left out.
fn keep_old_entries(ledger: &mut Ledger, old: Ledger, accounts: &BTreeSet<String>, key: &FingerprintKey) {
    let sealed = old.readable_with(key);
    for (address, mut entry) in old.objects.into_iter().filter(|(_, entry)| accounts.contains(&entry.account)) {
        if !sealed {
            entry.secrets.clear();
        }
        ledger.objects.entry(address).or_insert(entry);
    }
    if sealed && ledger.key_check.is_none() {
        ledger.key_check = old.key_check;
    }
    ledger.attempts.extend(old.attempts.into_iter().filter(|(_, open)| accounts.contains(&open.account)));
    ledger.moves.extend(old.moves.into_iter().filter(|made| accounts.contains(&made.account)));
    ledger.connections.extend(old.connections.into_iter().filter(|made| accounts.contains(&made.account)));
    ledger.owners.extend(old.owners.into_iter().filter(|(name, _)| accounts.contains(name)));
    ledger.accounts.extend(old.accounts.into_iter().filter(|(name, _)| accounts.contains(name)));
}

/// What YAML and live state do not contain: the description, and the object of each.
fn lost_knowledge(plan: &Plan, live: &LiveState) -> BTreeSet<(&'static str, String)> {
    let mut lost = BTreeSet::new();
    for notice in &plan.notices {
        let what = match notice.code {
            NoticeCode::SecretUnknown | NoticeCode::SecretUnreadable | NoticeCode::SecretNotSupplied => {
                "whether the secret there is the configured one"
            }
            NoticeCode::MayBeHidden => {
                "whether it was made before and waits, invisible, to be verified: look before the next apply"
            }
            _ => continue,
        };
        let address = notice.address.as_ref().map(ToString::to_string).unwrap_or_default();
        lost.insert((what, format!("{address} {}", notice.attribute.as_deref().unwrap_or_default()).trim_end().to_owned()));
    }
    for (account, read) in &live.accounts {
        for connection in read.connections.iter().flatten() {
            if let ServedBy::OneOf(_) = connection.served_by {
                lost.insert((
                    "which configuration serves this number",
                    format!("{account} {} {}", connection.bridge, connection.number),
                ));
            }
        }
    }
    lost
}
