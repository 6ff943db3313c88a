//! Changes of the ledger without any request. A change of which objects are managed, or how they are protected, is a separate
//! run in the journal, so that `undo last` undoes it and an audit finds it.

use super::journal::RunJournal;
use super::session::now_utc;
use super::{Run, RunError};
use crate::analysis::drift;
use crate::apply::settle_ledger;
use crate::document::Document;
use crate::model::resource::{Address, LiveState};
use crate::plan::Plan;

/// A run that sends nothing, from its first line on.
pub(crate) struct LedgerOnlyRun<'a, 'b>(Option<&'a RunJournal<'b>>);

impl<'a, 'b> LedgerOnlyRun<'a, 'b> {
    /// Starts it, where a run is needed. A ledger that is behind its journal is up to date afterwards.
    pub(crate) async fn begin_if_needed(
        book: &'a RunJournal<'b>,
        session: &Run,
        plan: &Plan,
        command: &str,
        plan_file: Option<&str>,
        document: Document,
    ) -> Result<Self, RunError> {
        if !plan.has_ledger_decisions() && !book.is_ahead_of(&session.ledger) && !book.has_lost_its_key() {
            return Ok(Self(None));
        }
        book.begin(command, document, plan_file, None).await?;
        Ok(Self(Some(book)))
    }

    /// Its receipt.
    pub(crate) async fn end(self, session: &mut Run) -> Result<(), RunError> {
        let Some(book) = self.0 else { return Ok(()) };
        let store = session.store.clone();
        book.end_without_writes(&store, &mut session.ledger).await
    }
}

/// Records what needs no request, when nothing else is to be done.
pub(crate) async fn enter(
    session: &mut Run,
    command: &str,
    plan_file: Option<&str>,
    plan: &Plan,
    live: &LiveState,
    book: &RunJournal<'_>,
    document: Document,
) -> Result<(), RunError> {
    let run = LedgerOnlyRun::begin_if_needed(book, session, plan, command, plan_file, document).await?;
    remember(session, plan, live, true).await?;
    run.end(session).await
}

/// Records what needs no request; `settled`: nothing is left to do, so the live state is as wanted.
pub(crate) async fn remember(session: &mut Run, plan: &Plan, live: &LiveState, settled: bool) -> Result<(), RunError> {
    if learn(session, plan, live, settled) {
        session.store.save(&mut session.ledger).await?;
    }
    Ok(())
}

/// The same without saving the ledger; says whether it changed.
pub(crate) fn learn(session: &mut Run, plan: &Plan, live: &LiveState, settled: bool) -> bool {
    let learnt = settle_ledger(&mut session.ledger, plan, &session.desired, live, &session.key, &now_utc);
    let about = |address: &Address| session.options.is_about(address);
    let seen =
        settled && drift::record_last_seen(&mut session.ledger, &session.desired, live, session.options.undo.is_some(), about);
    learnt || seen
}
