//! Finding and reading the ledger for the commands that look after it.

use std::path::Path;

use super::args::Choice;
use super::exit::Failure;
use super::out::Out;
use super::session::{follow, place};
use crate::desired;
use crate::ledger::{Ledger, Store, Watched};
use crate::plan::SANDBOX;
use crate::resource::Desired;
use crate::text::escape;

/// The ledger that a sandbox keeps beside its world is meant, unless `--ledger` names one.
pub(super) fn beside(out: &Out, world: Option<&Path>) -> Out {
    let mut out = out.clone();
    if let (Some(world), None) = (world, &out.global.ledger) {
        let choice = Choice { sandbox: Some(world.to_owned()), ..Choice::default() };
        out.global.ledger = Some(place(&out.global, &Desired::default(), &choice));
    }
    out
}

/// Whether a command of the ledger changes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// It only looks.
    Look,
    /// It writes the ledger.
    Change,
}

/// A ledger that is there, and what the configuration says about it.
pub(super) struct Book {
    /// Where it is kept.
    pub(super) store: Store,
    /// The same as messages name it.
    pub(super) place: String,
    /// None when the configuration cannot be read.
    desired: Option<Desired>,
}

impl Book {
    /// The ledger's place: the flag, else the YAML, else the default. A broken YAML must not keep anybody from looking; but it
    /// may name another ledger than the default one, so nothing is changed before it can be read.
    pub(super) fn find(out: &Out, intent: Intent) -> Result<Self, Failure> {
        let sources = &out.global.files;
        let asked = out.global.ledger.as_ref();
        let desired = match desired::load(sources) {
            Ok(loaded) => Some(loaded.desired),
            Err(problems)
                if asked.is_none() && intent == Intent::Change && !desired::places(sources).is_empty() =>
            {
                return Err(problems.into());
            }
            Err(_) => None,
        };
        let place = match (asked, &desired) {
            (Some(place), _) => place.clone(),
            (None, Some(desired)) => place(&out.global, desired, &Choice::default()),
            (None, None) => ".telform/ledger.json".to_owned(),
        };
        let store = Store::at(&place)?;
        Ok(Self { place: store.shown(), store, desired })
    }

    /// Reads it. That of another account is neither shown nor changed as if it were this one's.
    pub(super) async fn read(&self) -> Result<Ledger, Failure> {
        let mut ledger = loaded(&self.store).await?;
        if let Some(desired) = &self.desired {
            let sandbox = ledger.accounts.values().any(|account| account.base_url == SANDBOX);
            follow(&self.store, &mut ledger, desired, sandbox)?;
        }
        Ok(ledger)
    }
}

pub(super) async fn loaded(store: &Store) -> Result<Ledger, Failure> {
    store.load().await?.ok_or_else(|| {
        Failure::other(
            "telform::ledger::none",
            format!("there is no ledger at {}", store.shown()),
            "name it with --ledger; `telform ledger rebuild` makes one from the YAML and the services",
        )
    })
}

/// What letting go of an address does not end.
pub(super) fn still_watched(create: &Watched) -> String {
    format!(
        "Its create of {} got no answer and may have been carried out late, so its natural key stays watched: it is not sent again before `settle_after` of account {} has passed since then.",
        escape(&create.sent()),
        escape(&create.account)
    )
}
