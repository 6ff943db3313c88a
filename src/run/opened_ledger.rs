//! Finds and reads the ledger for the commands that maintain it.

use super::choice::PlanSelection;
use super::journal::journal_error;
use super::journal_key::{JournalKey, note_trouble};
use super::progress::Warning;
use super::session::{follow_accounts, open_store};
use super::{Context, Exit, RunError};
use crate::config::desired;
use crate::model::ledger::{Ledger, UnansweredCreate};
use crate::model::resource::Desired;
use crate::plan::SANDBOX;
use crate::state::journal;
use crate::state::ledger::LedgerStore;
use crate::text::escape;

/// Whether a command of the ledger changes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It only reads.
    Read,
    /// It writes the ledger.
    Write,
}

/// An existing ledger, and what the configuration says about it.
pub(crate) struct OpenedLedger {
    /// Where it is kept.
    pub(crate) store: LedgerStore,
    /// The same as messages name it.
    pub(crate) place: String,
    /// None when the configuration cannot be read.
    desired: Option<Desired>,
}

impl OpenedLedger {
    /// The ledger's location: the flag, else the YAML, else the default. A broken YAML must not prevent reading; but it may
    /// name a ledger other than the default one, so nothing is changed before it can be read.
    pub(crate) fn find(context: &Context, access: Access) -> Result<Self, RunError> {
        let sources = &context.options.files;
        let asked = context.options.ledger.as_ref();
        let desired = match desired::load_config(sources) {
            Ok(loaded) => Some(loaded.desired),
            Err(problems) if asked.is_none() && access == Access::Write && !desired::source_paths(sources).is_empty() => {
                return Err(problems.into());
            }
            Err(_) => None,
        };
        let nothing = Desired::default();
        let store = open_store(&context.options, desired.as_ref().unwrap_or(&nothing), &PlanSelection::default())?;
        Ok(Self { place: store.display_name(), store, desired })
    }

    /// Reads it, and reports problems of the ledger or its journal.
    pub(crate) async fn look(&self, context: &Context) -> Result<(Ledger, Exit), RunError> {
        let ledger = self.read(context).await?;
        let chain = JournalKey::existing_key(&self.store, &ledger)?;
        let wrong = match journal::read_journal(self.store.state_store()).await {
            Ok(kept) => note_trouble(context, &chain, &self.store, &ledger, &kept),
            Err(error) => {
                context.progress.on_warning(&Warning::StateRefused(&journal_error(error)));
                true
            }
        };
        Ok((ledger, if wrong { Exit::Failed } else { Exit::Done }))
    }

    /// Reads it. The ledger of another account is neither shown nor changed as if it belonged to this one.
    pub(crate) async fn read(&self, context: &Context) -> Result<Ledger, RunError> {
        let mut ledger = loaded(&self.store).await?;
        if context.heads.demands()? {
            context.heads.check(&self.store, &journal::read_journal(self.store.state_store()).await.map_err(journal_error)?)?;
        }
        if let Some(desired) = &self.desired {
            let sandbox = ledger.accounts.values().any(|account| account.base_url == SANDBOX);
            follow_accounts(&self.store, &mut ledger, desired, sandbox)?;
        }
        Ok(ledger)
    }
}

pub(crate) async fn loaded(store: &LedgerStore) -> Result<Ledger, RunError> {
    store.load().await?.ok_or_else(|| {
        RunError::other(
            "telform::ledger::none",
            format!("there is no ledger at {}", store.display_name()),
            "name it with --ledger; `telform ledger rebuild` creates one from the YAML and the services",
        )
    })
}

/// What remains after an address is released.
pub(crate) fn still_watched(create: &UnansweredCreate) -> String {
    format!(
        "Its create of {} got no answer and may have been carried out late, so its natural key stays watched: it is not sent again before `settle_after` of account {} has passed since then.",
        escape(&create.describe_create()),
        escape(&create.account)
    )
}
