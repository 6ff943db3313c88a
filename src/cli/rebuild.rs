//! `telform ledger rebuild`: a ledger from YAML and services alone, and what they do not tell.

use std::collections::BTreeSet;

use super::args::{Choice, RebuildArgs};
use super::exit::{Exit, Failure};
use super::journal::{Book, Receipt};
use super::out::Out;
use super::saved;
use super::session::{Purpose, Session, follow, now};
use crate::apply::settle_ledger;
use crate::ledger::{Key, Ledger, LedgerError};
use crate::output::{NotKnown, Rebuilt};
use crate::plan::{NoticeCode, Plan};
use crate::resource::{Live, Target};
use crate::text::escape;

/// Makes it, and keeps the one that was there.
pub(super) async fn run(out: &Out, args: &RebuildArgs) -> Result<Exit, Failure> {
    let choice =
        Choice { sandbox: args.sandbox.clone(), accounts: args.accounts.clone(), ..Choice::default() };
    let mut session = Session::open(out, &choice, Purpose::Rebuild(args.lock.wait())).await?;
    let place = session.store.shown();
    let mut old = None;
    let there = match session.store.load().await {
        Ok(None) => None,
        Ok(Some(mut there)) => {
            // Kept aside it would be out of its owner's way: --replace is for a ledger of one's own.
            follow(&session.store, &mut there, &session.desired, session.options.sandbox)?;
            old = Some(there);
            Some("and can be read".to_owned())
        }
        Err(error @ (LedgerError::Io { .. } | LedgerError::Remote { .. })) => return Err(error.into()),
        Err(error) => Some(format!("({error})")),
    };
    let there_is_one = there.is_some();
    if let Some(state) = there.filter(|_| !args.replace) {
        return Err(Failure::other(
            "telform::ledger::exists",
            format!("there is a ledger at {place} {state}; nothing was changed"),
            "--replace keeps it beside the new one; what only it knows (secrets written, objects waiting to be verified) is then forgotten",
        ));
    }
    let unreadable = there_is_one && old.is_none();
    if unreadable && !session.options.accounts.is_empty() {
        return Err(Failure::other(
            "telform::ledger::exists",
            format!(
                "the ledger at {place} cannot be read, so what it knows of the other accounts would be lost; nothing was changed"
            ),
            "rebuild it without --account",
        ));
    }
    let live = session.read_whole().await?;
    let plan = session.plan(&live)?;
    settle_ledger(&mut session.ledger, &plan, &session.desired, &live, &session.key, &now);
    let others = others(&session);
    if let Some(old) = old.filter(|_| !others.is_empty()) {
        keep(&mut session.ledger, old, &others, &session.key);
    }
    let aside = session.store.set_aside(&format!("replaced-{}", now().replace(':', ""))).await?;
    if let Some(aside) = aside.as_ref().filter(|_| !out.global.json && !out.global.quiet) {
        out.note(&format!("the old ledger is kept as {}\n", escape(aside)));
    }
    // A journal that is not what was written keeps nobody from having a ledger; what to do about it is said by whoever reads it.
    let store = session.store.clone();
    match Book::open(&store, &session.ledger).await {
        Ok(book) => {
            let nothing = Plan::of_ledger(plan.accounts.clone(), Vec::new());
            let document = saved::document(&session, &nothing, &live);
            book.begin("ledger rebuild", document, None, None).await?;
            session.store.save(&mut session.ledger).await?;
            let receipt = Receipt { result: Exit::Done.word(), ..Receipt::default() };
            book.end(&store, &mut session.ledger, Exit::Done, receipt).await?;
        }
        Err(_) => session.store.save(&mut session.ledger).await?,
    }
    session.close()?;
    let mut lost = lost(&plan, &live);
    if !there_is_one {
        let left =
            others.iter().map(|name| ("what telform manages there: the account was left out", name.clone()));
        lost.extend(left);
    }
    if out.global.json {
        let unknown =
            lost.iter().map(|(what, about)| NotKnown { what: (*what).to_owned(), about: about.clone() });
        out.document(&Rebuilt {
            objects: session.ledger.objects.len(),
            kept: aside,
            unknown: unknown.collect(),
        });
        return Ok(Exit::Done);
    }
    let found = session.ledger.objects.len();
    let objects = crate::view::plural(found, "objects");
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

/// Accounts that the run was limited away from.
fn others(session: &Session) -> BTreeSet<String> {
    let limit = &session.options.accounts;
    let names = session.desired.accounts.keys().filter(|name| !limit.is_empty() && !limit.contains(*name));
    names.cloned().collect()
}

/// Takes over what the old ledger knows of these accounts. Fingerprints of another key say nothing, so they stay behind.
fn keep(ledger: &mut Ledger, old: Ledger, accounts: &BTreeSet<String>, key: &Key) {
    let sealed = old.readable_with(key);
    for (address, mut entry) in old.objects.into_iter().filter(|(_, entry)| accounts.contains(&entry.account))
    {
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
    ledger.accounts.extend(old.accounts.into_iter().filter(|(name, _)| accounts.contains(name)));
}

/// What YAML and live do not tell: the words, and what each is about.
fn lost(plan: &Plan, live: &Live) -> BTreeSet<(&'static str, String)> {
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
        lost.insert((
            what,
            format!("{address} {}", notice.attribute.as_deref().unwrap_or_default()).trim_end().to_owned(),
        ));
    }
    for (account, read) in &live.accounts {
        for connection in read.connections.iter().flatten() {
            if let Target::Ambiguous(_) = connection.target {
                lost.insert((
                    "which configuration serves this number",
                    format!("{account} {} {}", connection.bridge, connection.number),
                ));
            }
        }
    }
    lost
}
