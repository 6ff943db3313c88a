//! How the plan meets one address, for those who ask about it.

use serde::Serialize;

use super::find::{self, Finding};
use super::select::Selection;
use super::{Inputs, rename};
use crate::kind::Kind;
use crate::ledger::Entry;
use crate::resource::{Address, DesiredObject, Unreadable, Wanted};

/// What the planner makes of an address before it compares anything.
#[derive(Debug, Clone)]
pub struct Met {
    /// Shape in which its account answers; none when no file declares it.
    pub kind: Option<&'static Kind>,
    /// Its live object.
    pub found: Found,
    /// Its entry in the ledger, also one that stands under an address it was renamed from.
    pub entry: Option<Entry>,
    /// Whether this run is about it.
    pub selected: bool,
}

/// Which live object an address means, and by what it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The one that `id:` pins.
    Pinned(String),
    /// The one that the ledger knows.
    Ledger(String),
    /// The one with its natural key.
    NaturalKey(String),
    /// None.
    Nothing,
    /// It exists and is invisible until somebody confirms it.
    Hidden,
    /// Something is in the way; a refusal says what.
    Stuck,
    /// No file declares the address, so nothing was looked for in this way.
    NotLookedFor,
}

impl Found {
    /// Identity of the live object.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Pinned(id) | Self::Ledger(id) | Self::NaturalKey(id) => Some(id),
            Self::Nothing | Self::Hidden | Self::Stuck | Self::NotLookedFor => None,
        }
    }
}

/// Looks at one address as the planner does.
pub fn met(inputs: &Inputs<'_>, address: &Address) -> Met {
    let (_, ledger) = rename::renames(inputs);
    let inputs = &Inputs { ledger: &ledger, ..*inputs };
    let entry = ledger.objects.get(address).cloned();
    let findings = find::find(inputs);
    let selected = Selection::new(inputs).holds(address);
    let Some(find::Match { object, kind, finding, .. }) = findings.by_address.get(address) else {
        return Met { kind: None, found: Found::NotLookedFor, entry, selected };
    };
    let pinned = object.id.is_some();
    let found = match finding {
        Finding::Live(live) if pinned => Found::Pinned(live.id.clone()),
        Finding::Live(live) if entry.as_ref().is_some_and(|entry| entry.id == live.id) => {
            Found::Ledger(live.id.clone())
        }
        Finding::Live(live) => Found::NaturalKey(live.id.clone()),
        Finding::New => Found::Nothing,
        Finding::Hidden => Found::Hidden,
        Finding::Stuck => Found::Stuck,
    };
    Met { kind: Some(kind), found, entry, selected }
}

/// What an address means when it is there and cannot be read: pinned, known to the ledger, or called by its identity.
pub(super) fn unreadable<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    entry: Option<&'a Entry>,
    kind: &Kind,
) -> Option<(String, &'a Unreadable)> {
    let objects = inputs.live.accounts.get(&object.account)?.unreadable.get(kind.name)?;
    let stated = match object.attributes.get(kind.id) {
        Some(Wanted::Value(value)) => value.text().map(|text| text.into_owned()),
        _ => None,
    };
    let known = object.id.clone().into_iter().chain(entry.map(|entry| entry.id.clone())).chain(stated);
    known.into_iter().find_map(|id| objects.get(&id).map(|it| (id, it)))
}
