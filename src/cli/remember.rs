//! What the ledger learns without any request. What changes which objects are managed, or how they are protected, is a run of
//! its own in the journal, so that `undo last` takes it back and an audit finds it.

use super::exit::{Exit, Failure};
use super::journal::{Book, Receipt};
use super::session::{Session, now};
use crate::apply::settle_ledger;
use crate::document::Document;
use crate::drift;
use crate::plan::Plan;
use crate::resource::{Address, Live};

/// A run that sends nothing, from its first line on.
pub(super) struct LedgerRun<'a, 'b>(Option<&'a Book<'b>>);

impl<'a, 'b> LedgerRun<'a, 'b> {
    /// Begins it, where it is worth a run. A ledger that is behind its journal is up to date after one.
    pub(super) async fn begin(
        book: &'a Book<'b>,
        session: &Session,
        plan: &Plan,
        command: &str,
        plan_file: Option<&str>,
        document: Document,
    ) -> Result<Self, Failure> {
        if !plan.decides() && book.ended_after(&session.ledger) == 0 {
            return Ok(Self(None));
        }
        book.begin(command, document, plan_file, None).await?;
        Ok(Self(Some(book)))
    }

    /// Its receipt.
    pub(super) async fn end(self, session: &mut Session) -> Result<(), Failure> {
        let Some(book) = self.0 else { return Ok(()) };
        let receipt = Receipt { result: Exit::Done.word(), ..Receipt::default() };
        let store = session.store.clone();
        book.end(&store, &mut session.ledger, Exit::Done, receipt).await
    }
}

/// Enters what needs no request, when nothing else is to be done.
pub(super) async fn enter(
    session: &mut Session,
    command: &str,
    plan_file: Option<&str>,
    plan: &Plan,
    live: &Live,
    book: &Book<'_>,
    document: Document,
) -> Result<(), Failure> {
    let run = LedgerRun::begin(book, session, plan, command, plan_file, document).await?;
    remember(session, plan, live, true).await?;
    run.end(session).await
}

/// Enters what needs no request; `settled`: nothing is left to do, so live is what it shall be.
pub(super) async fn remember(
    session: &mut Session,
    plan: &Plan,
    live: &Live,
    settled: bool,
) -> Result<(), Failure> {
    let learnt = settle_ledger(&mut session.ledger, plan, &session.desired, live, &session.key, &now);
    let about = |address: &Address| session.options.is_about(address);
    let seen = settled && drift::remember(&mut session.ledger, &session.desired, live, about);
    if learnt || seen {
        session.store.save(&mut session.ledger).await?;
    }
    Ok(())
}
