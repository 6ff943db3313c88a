//! Finds and reads the ledger for the commands that maintain it.

use std::time::Duration;

use super::choice::{PlanSelection, nearest_address};
use super::journal::journal_error;
use super::journal_key::{JournalKey, find_trouble, given_key};
use super::lock::{self, CommandLock};
use super::progress::Warning;
use super::session::{follow_accounts, open_store};
use super::{Context, Exit, RunError};
use crate::config::desired;
use crate::model::ledger::Ledger;
use crate::model::resource::{Address, Desired};
use crate::plan::SANDBOX;
use crate::state::journal;
use crate::state::ledger::LedgerStore;

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
    /// The ledger's location: the flag, else the YAML, else the default. A broken YAML does not prevent reading.
    pub(crate) fn find(context: &Context) -> Result<Self, RunError> {
        Self::find_for(context, false)
    }

    /// Finds it to change it: its lock is held, and it was read again under it, because another run may just have ended.
    pub(crate) async fn open_locked(context: &Context, wait: Duration) -> Result<(Self, Ledger, CommandLock), RunError> {
        let book = Self::find_for(context, true)?;
        book.read(context).await?;
        let lock = lock::take_lock(context, &book.store, wait, false).await?;
        let ledger = book.read(context).await?;
        Ok((book, ledger, lock))
    }

    /// A broken YAML may name a ledger other than the default one, so nothing is changed before it can be read.
    fn find_for(context: &Context, changes: bool) -> Result<Self, RunError> {
        let sources = &context.options.files;
        let asked = context.options.ledger.as_ref();
        let desired = match desired::load_config(sources) {
            Ok(loaded) => Some(loaded.desired),
            Err(problems) if asked.is_none() && changes && !desired::source_paths(sources).is_empty() => {
                return Err(problems.into());
            }
            Err(_) => None,
        };
        let nothing = Desired::default();
        let store = open_store(&context.options, desired.as_ref().unwrap_or(&nothing), &PlanSelection::default())?;
        Ok(Self { place: store.display_name(), store, desired })
    }

    /// Where the configuration declares an address; none where it does not, or cannot be read.
    pub(crate) fn place_of(&self, address: &Address) -> Option<String> {
        let desired = self.desired.as_ref()?;
        let declared = desired.objects.contains_key(address) || desired.number_entries.contains_key(address);
        desired.place_of(address).filter(|_| declared).map(ToString::to_string)
    }

    /// Reads it, and reports problems of the ledger or its journal.
    pub(crate) async fn look(&self, context: &Context) -> Result<(Ledger, Exit), RunError> {
        let ledger = self.read(context).await?;
        let chain = JournalKey::existing_key(&self.store, &ledger)?;
        let wrong = match journal::read_journal(self.store.state_store()).await {
            Ok(kept) => {
                let trouble = find_trouble(context, &chain, &self.store, &ledger, &kept);
                if let Some(failure) = trouble.as_ref().filter(|_| context.heads.tell()) {
                    context.progress.on_warning(&Warning::StateRefused(failure));
                }
                trouble.is_some()
            }
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

/// Whether a run has left anything here: a ledger or a journal. A command that continues or undoes runs asks this before it makes a
/// lock and a key.
pub(crate) async fn is_begun(store: &LedgerStore) -> Result<bool, RunError> {
    // A key that cannot be used is said first.
    store.fingerprint_key(given_key().as_deref())?;
    let (bytes, _) = journal::read_journal_bytes(store.state_store()).await.map_err(journal_error)?;
    Ok(!bytes.is_empty() || store.load().await?.is_some())
}

pub(crate) async fn loaded(store: &LedgerStore) -> Result<Ledger, RunError> {
    store.load().await?.ok_or_else(|| {
        RunError::other(
            "telform::ledger::none",
            format!("no ledger exists at {}", store.display_name()),
            "name it with --ledger, or create one from the YAML and the services with `telform ledger rebuild`",
        )
    })
}

/// An address that the ledger does not know.
pub(crate) fn unknown_address(ledger: &Ledger, address: &Address) -> RunError {
    let near = nearest_address(ledger.objects.keys(), address);
    RunError::other(
        "telform::ledger::unknown_address",
        format!("the ledger does not contain {address}"),
        near.map_or_else(|| "it is empty".to_owned(), |near| format!("did you mean {near}? `telform ledger list` shows all")),
    )
}
