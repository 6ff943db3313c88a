//! How the planner matches one address, for commands that explain it.

use serde::Serialize;

use super::diagnostics::RefusalCode;
use super::matching::{self, MatchOutcome};
use super::selection::Selection;
use super::{Inputs, rename};
use crate::model::kind::Kind;
use crate::model::ledger::ManagedObject;
use crate::model::resource::{Address, DesiredObject, DesiredValue, UnreadableObject};

/// What the planner knows about an address before it compares anything.
#[derive(Debug, Clone)]
pub struct AddressMatch {
    /// Shape in which its account answers; none when no file declares it.
    pub kind: Option<&'static Kind>,
    /// Its live object.
    pub found: MatchedBy,
    /// Its entry in the ledger, also one under the address from which it was renamed.
    pub entry: Option<ManagedObject>,
    /// Whether this run is about it.
    pub selected: bool,
}

/// Which live object an address refers to, and by what it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// The one that `id:` pins.
    Pinned(String),
    /// The object that the ledger knows.
    Ledger(String),
    /// The object with its natural key.
    NaturalKey(String),
    /// None.
    Nothing,
    /// It exists and is invisible until a person confirms it.
    Hidden,
    /// Something prevents a match; a refusal says what.
    Stuck,
    /// No file declares the address, so no match was attempted.
    NotLookedFor,
}

impl MatchedBy {
    /// Identity of the live object.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Pinned(id) | Self::Ledger(id) | Self::NaturalKey(id) => Some(id),
            Self::Nothing | Self::Hidden | Self::Stuck | Self::NotLookedFor => None,
        }
    }
}

/// Matches one address as the planner does.
pub fn match_address(inputs: &Inputs<'_>, address: &Address) -> AddressMatch {
    let (_, ledger) = rename::find_renames(inputs);
    let inputs = &Inputs { ledger: &ledger, ..*inputs };
    let entry = ledger.objects.get(address).cloned();
    let findings = matching::match_addresses(inputs);
    let selected = Selection::new(inputs).includes(address);
    let known = findings.by_address.get(address).or(findings.existing.get(address));
    let Some(matching::ObjectMatch { object, kind, outcome: finding, .. }) = known else {
        return AddressMatch { kind: None, found: MatchedBy::NotLookedFor, entry, selected };
    };
    let pinned = object.id.is_some();
    let found = match finding {
        MatchOutcome::Live(live) if pinned => MatchedBy::Pinned(live.id.clone()),
        MatchOutcome::Live(live) if entry.as_ref().is_some_and(|entry| entry.id == live.id) => MatchedBy::Ledger(live.id.clone()),
        MatchOutcome::Live(live) => MatchedBy::NaturalKey(live.id.clone()),
        MatchOutcome::New => MatchedBy::Nothing,
        MatchOutcome::Hidden => MatchedBy::Hidden,
        MatchOutcome::Blocked => MatchedBy::Stuck,
    };
    AddressMatch { kind: Some(kind), found, entry, selected }
}

impl RefusalCode {
    /// Whether it means that the live object of an address was not determined, so that nothing of it was compared.
    pub fn hides_object(self) -> bool {
        matches!(
            self,
            Self::WrongGeneration
                | Self::SeveralFit
                | Self::KeyTaken
                | Self::RenamedOnto
                | Self::ClaimedTwice
                | Self::UnsettledCreate
                | Self::HiddenElsewhere
                | Self::PinnedMissing
                | Self::Unreadable
                | Self::AccountChanged
                | Self::PinChanged
                | Self::ExistingMissing
                | Self::ExistingManaged
                | Self::Inherited
        )
    }
}

/// The object of an address that exists and cannot be read: pinned, known to the ledger, or named by its identity.
pub(super) fn unreadable_object<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    entry: Option<&'a ManagedObject>,
    kind: &Kind,
) -> Option<(String, &'a UnreadableObject)> {
    let objects = inputs.live.accounts.get(&object.account)?.unreadable.get(kind.name)?;
    let stated = match object.attributes.get(kind.id) {
        Some(DesiredValue::Value(value)) => value.text().map(|text| text.into_owned()),
        _ => None,
    };
    let known = object.id.clone().into_iter().chain(entry.map(|entry| entry.id.clone())).chain(stated);
    known.into_iter().find_map(|id| objects.get(&id).map(|it| (id, it)))
}
