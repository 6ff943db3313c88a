//! A ledger from YAML and services alone, and what remains unknown.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::apply::settle_ledger;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{LiveState, ServedBy};
use crate::plan::{NoticeCode, Plan};
use crate::run::progress::RunEvent;
use crate::run::recover::recover_unrecorded_creates;
use crate::run::session::{Run, SessionPurpose, follow_accounts, now_utc};
use crate::run::{Context, PlanSelection, RunError, RunJournal, saved_plan};
use crate::state::journal;
use crate::state::ledger::LedgerError;

/// A ledger that was rebuilt.
#[derive(Debug)]
pub struct RebuiltLedger {
    /// Where it is, as messages name it.
    pub place: String,
    /// Where the old one is kept; none where there was none.
    pub kept: Option<String>,
    /// How many objects were found.
    pub objects: usize,
    /// What YAML and live state do not contain: the description, and the object of each.
    pub unknown: BTreeSet<(&'static str, String)>,
    /// What an apply would do now.
    pub plan: Plan,
}

/// Creates a ledger from the YAML and the services; what the old one knows of accounts that are left out is kept. `replace` puts
/// it in the place of the old one, which is kept beside it. Waits for the lock at most so long.
pub async fn rebuild_ledger(
    context: &Context,
    choice: &PlanSelection,
    replace: bool,
    lock_wait: Duration,
) -> Result<RebuiltLedger, RunError> {
    let mut session = Run::open(context, choice, SessionPurpose::Rebuild(lock_wait)).await?;
    let place = session.store.display_name();
    let mut old = None;
    let there = match session.store.load().await {
        Ok(None) => None,
        Ok(Some(mut there)) => {
            // Setting it aside would hide it from its owner: --replace is for one's own ledger.
            follow_accounts(&session.store, &mut there, &session.desired, session.options.sandbox)?;
            old = Some(there);
            Some(", and it can be read".to_owned())
        }
        Err(error @ (LedgerError::Io { .. } | LedgerError::Remote { .. })) => return Err(error.into()),
        Err(error) => Some(format!(" ({error})")),
    };
    let there_is_one = there.is_some();
    if let Some(state) = there.filter(|_| !replace) {
        return Err(RunError::other(
            "telform::ledger::exists",
            format!("there is a ledger at {place}{state}; nothing was changed"),
            "--replace keeps it next to the new one; what only the old one records (written secrets, objects waiting to be verified) is then lost",
        ));
    }
    let unreadable = there_is_one && old.is_none();
    if unreadable && !session.options.accounts.is_empty() {
        return Err(RunError::other(
            "telform::ledger::exists",
            format!(
                "the ledger at {place} cannot be read, so its records of the other accounts would be lost; nothing was changed"
            ),
            "rebuild it without --account",
        ));
    }
    // One that cannot be read is reported when it is read, and requirements that nothing meets are kept.
    if let Ok(journal) = journal::read_journal(session.store.state_store()).await {
        context.heads.check(&session.store, &journal)?;
        // Its serial continues, or the journal would consider it an older one.
        let known = journal.last_ledger_save().map_or(0, |saved| saved.serial);
        let known = known.max(old.as_ref().map_or(0, |old| old.serial));
        session.ledger.serial = if known == 0 { 0 } else { known + 1 };
        recover_unrecorded_creates(&journal, &mut session.ledger);
        // What the YAML no longer declares was perhaps released since; a rebuild takes nothing under management that could be deleted.
        session.ledger.attempts.retain(|address, _| session.desired.objects.contains_key(address));
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
    if let Some(kept) = &aside {
        context.progress.on_event(&RunEvent::LedgerSetAside { kept });
    }
    // A journal that differs from what was written does not prevent a rebuild; what to do about it is reported when it is read.
    let store = session.store.clone();
    match RunJournal::open(context, &store, &session.ledger, &session.chain).await {
        Ok(book) => {
            let nothing = Plan::from_ledger_updates(plan.accounts.clone(), Vec::new());
            let document = saved_plan::document(&session, &nothing, &live);
            book.begin("ledger rebuild", document, None, None).await?;
            session.store.save(&mut session.ledger).await?;
            book.end_without_writes(&store, &mut session.ledger).await?;
        }
        Err(_) => session.store.save(&mut session.ledger).await?,
    }
    session.close()?;
    let mut lost = lost_knowledge(&plan, &live);
    if !there_is_one {
        let left = others.iter().map(|name| ("what telform manages there: the account was left out", name.clone()));
        lost.extend(left);
    }
    Ok(RebuiltLedger { place, kept: aside, objects: session.ledger.objects.len(), unknown: lost, plan })
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
                "whether the secret at the service is the configured one"
            }
            NoticeCode::MayBeHidden => {
                "whether it was created before and is hidden until it is verified: check before the next apply"
            }
            NoticeCode::Hidden => "whether it is hidden until it is verified, or was deleted",
            _ => continue,
        };
        let address = notice.address.as_ref().map(ToString::to_string).unwrap_or_default();
        lost.insert((what, format!("{address} {}", notice.attribute.as_deref().unwrap_or_default()).trim_end().to_owned()));
    }
    for (account, read) in &live.accounts {
        for connection in read.connections.iter().flatten() {
            if let ServedBy::OneOf(_) = connection.served_by {
                lost.insert(("what serves this number", format!("{account} {} {}", connection.bridge, connection.number)));
            }
        }
    }
    lost
}
