//! What the services answered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{FieldMap, Known, ServedBy, TokenOwner};
use crate::model::kind::Kind;
use crate::model::value::{CompactValue, Fingerprint};

/// What the services answered, complete or absent.
#[derive(Debug, Clone, Default)]
pub struct LiveState {
    /// By account name.
    pub accounts: BTreeMap<String, LiveAccount>,
    /// When reading began. A missing object may have been created since; where the time is not known, nothing is concluded
    /// from it.
    pub read_at: Option<Timestamp>,
}

impl LiveState {
    /// Every listed object by account, kind and identity: for callers that look up many.
    pub fn by_id(&self) -> BTreeMap<(&str, &str, &str), &LiveObject> {
        let all = self.accounts.iter().flat_map(|(account, read)| {
            let kinds = read.objects.iter();
            kinds.flat_map(move |(kind, objects)| objects.iter().map(move |object| (account, *kind, object)))
        });
        all.map(|(account, kind, object)| ((account.as_str(), kind, object.id.as_str()), object)).collect()
    }
}

/// What one account answered.
#[derive(Debug, Clone, Default)]
pub struct LiveAccount {
    /// Facts about the service behind it.
    pub facts: AccountFacts,
    /// Complete listings by kind name, without foreign objects. A kind that is not a key was not read: none of it was needed, or
    /// it is among the `unlisted`.
    pub objects: BTreeMap<&'static str, Vec<LiveObject>>,
    /// Objects that belong to another organization by their own statement, or to none: their identities by kind name, with
    /// the owner.
    pub foreign: BTreeMap<&'static str, BTreeMap<String, Option<String>>>,
    /// Connections, when bridges were read; `None` when they were not needed.
    pub connections: Option<Vec<Connection>>,
    /// Bridges that name a provider and show no number, with the configurations that may serve them.
    pub unseen_candidates: BTreeMap<String, BTreeSet<String>>,
    /// Numbers of the account as far as the service shows them: E.164 text to what is known.
    pub numbers: BTreeMap<String, LiveNumber>,
    /// Whether a listing of the account's numbers was read and has some.
    pub lists_numbers: bool,
    /// Numbers that the service spells differently from their compared form: by bridge (empty in the listing of the numbers)
    /// and number.
    pub spellings: NumberSpellings,
    /// Identities of pinned or remembered objects that the listing lacks and a direct GET did not find either.
    pub missing: BTreeSet<String>,
    /// Objects that exist and cannot be read, by kind and identity. Only what needs one of these is refused.
    pub unreadable: BTreeMap<&'static str, BTreeMap<String, UnreadableObject>>,
    /// Rows of a listing that do not name an object, by kind: what is wrong with each.
    pub malformed_rows: BTreeMap<&'static str, Vec<String>>,
    /// Kinds that could not be listed. Only what needs an object of one of these is refused.
    pub listing_failures: BTreeMap<&'static str, ListingFailure>,
    /// Why it is not known which configuration serves which number, where that was needed and could not be read.
    pub connections_failure: Option<ListingFailure>,
    /// Names of the fields that showed secrets of this run, within an object or outside all of them.
    pub echoed_names: BTreeSet<String>,
}

/// Why a listing could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingFailure {
    /// What was tried, what happened and what that means, without a full stop.
    pub why: String,
    /// What can be done.
    pub help: String,
    /// Whether the service answered that it has no such listing, or that this token may not read it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_denied: bool,
}

impl LiveAccount {
    /// Whether this object exists and cannot be read.
    pub fn is_unreadable(&self, kind: &str, id: &str) -> bool {
        self.unreadable.get(kind).is_some_and(|objects| objects.contains_key(id))
    }

    /// Whether all objects of a kind are known: it was listed, and none of them could not be read.
    pub fn is_whole(&self, kind: &str) -> bool {
        self.objects.contains_key(kind) && self.unreadable.get(kind).is_none_or(BTreeMap::is_empty)
    }

    /// Objects of a kind that cannot be read and may use others of the account.
    pub fn opaque_objects<'a>(&'a self, kind: &str) -> impl Iterator<Item = &'a str> {
        let objects = self.unreadable.get(kind).into_iter().flatten();
        objects.filter(|(_, it)| it.may_use).map(|(id, _)| id.as_str())
    }
}

/// Why an object cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableObject {
    /// What happened and what that means, without a full stop.
    pub why: String,
    /// What can be done.
    pub help: String,
    /// Whether it may use other objects of the account: what it holds is not known.
    pub may_use: bool,
}

/// How a service spells numbers, by bridge and number.
pub type NumberSpellings = BTreeMap<(String, String), String>;

impl LiveAccount {
    /// The owner of a foreign object, in words; empty for an object that is not known to be foreign.
    pub fn foreign_owner(&self, kind: &str, id: &str) -> Option<String> {
        self.foreign.get(kind)?.get(id).map(|owner| owned_by(owner.as_deref()))
    }
}

/// An owner in words.
pub fn owned_by(owner: Option<&str>) -> String {
    owner.map_or_else(|| "no organization".to_owned(), |handle| format!("organization {handle}"))
}

/// What was found out about the service behind an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFacts {
    /// Generation that answers; `None` where the service has only one, or when it could not be determined.
    pub generation: Option<u8>,
    /// The spelling of `{configurations}` in paths.
    pub configurations: Option<String>,
    /// Whether the organization was confirmed.
    pub organization: OrganizationCheck,
    /// The owner of the token.
    pub token_owner: TokenOwner,
    /// Providers by their ids: the catalogue, when it could be read, and those that a configuration itself names.
    pub catalogue: Vec<CatalogueEntry>,
    /// Whether the catalogue could be read, or the service has none. Without it, two names of one provider cannot be
    /// distinguished from two providers.
    pub catalogue_known: bool,
}

impl Default for AccountFacts {
    fn default() -> Self {
        Self {
            generation: None,
            configurations: None,
            organization: OrganizationCheck::Confirmed,
            token_owner: TokenOwner::NotAsked,
            catalogue: Vec::new(),
            catalogue_known: true,
        }
    }
}

/// Whether the account's organization was confirmed by the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OrganizationCheck {
    /// The service knows it, or has no organizations.
    #[default]
    Confirmed,
    /// Nothing that this token may read confirms it; the text says why.
    Unconfirmed(String),
}

/// One provider of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Its id.
    pub id: u64,
    /// Its slug (generation 2).
    pub slug: Option<String>,
    /// Its name; not unique.
    pub name: String,
}

/// One object as the service shows it. Fields that its table does not name are dropped when it is read.
#[derive(Debug, Clone, Default)]
pub struct LiveObject {
    /// Value of the kind's id field, as text.
    pub id: String,
    /// Plain attributes that the service showed. Absent key: not shown.
    pub attributes: FieldMap<CompactValue>,
    /// Plain attributes that the service showed in part only, as it showed them, such as `AC****1f`. None of them is among
    /// `attributes`: compare them with [`crate::text::fits_mask`] and treat a match as no difference (unpod.md U3).
    pub masked: FieldMap<CompactValue>,
    /// Secrets that the service returned, by fingerprint; `None` for one that is masked.
    pub secrets: FieldMap<Option<Fingerprint>>,
    /// Attributes whose value has a different shape from the documented one, with the actual shape. None of them is among
    /// `attributes`: they matter only where one is managed.
    pub unexpected_shapes: FieldMap<&'static str>,
    /// Names in its row that hold a value and that no table knows.
    pub unknown_names: Vec<SmolStr>,
    /// Attributes in which the service shows a secret of this run where none belongs. A mark replaces it, and the value is
    /// among `masked`: it is not compared.
    pub echoed_attributes: Vec<SmolStr>,
}

impl LiveObject {
    /// Whether the service showed anything of an attribute.
    pub fn has_attribute(&self, name: &str) -> bool {
        self.shown_value(name).is_some() || self.secrets.contains_key(name)
    }

    /// About how many bytes of memory it takes.
    pub fn memory_size(&self) -> usize {
        let plain = self.attributes.values().chain(self.masked.values()).map(CompactValue::memory_size).sum::<usize>();
        let names = self.attributes.len() + self.masked.len() + self.unexpected_shapes.len();
        let prints = self.secrets.len() * size_of::<Fingerprint>();
        size_of::<Self>() + self.id.len() + names * size_of::<&str>() + plain + prints
    }

    /// Whether a secret of this run appears in an attribute that should not hold one.
    pub fn echoes_secret_in(&self, name: &str) -> bool {
        self.echoed_attributes.iter().any(|echoed| echoed == name)
    }

    /// Whether it shows a secret, whole or in part, that is not empty.
    pub fn shows_secret(&self, name: &str) -> bool {
        self.secrets.get(name).is_some_and(|print| print.as_ref().is_none_or(|print| !print.is_nothing()))
    }

    /// Whether the service shows the value with which an object of its kind lets no call through.
    pub fn is_closed(&self, kind: &Kind) -> bool {
        kind.closing_value().is_some_and(|closed| self.shows(closed))
    }

    /// The state in which it is ended and stays listed, where it is.
    pub fn ended_state(&self, kind: &Kind) -> Option<&str> {
        let filter = kind.state_filter?;
        self.attributes.get(filter.attribute)?.as_str().filter(|state| filter.ended.contains(state))
    }

    /// Whether it is inherited from another account: it may be named, and is never changed, deleted or adopted.
    pub fn is_inherited(&self, kind: &Kind) -> bool {
        kind.inherited_when.is_some_and(|inherited| self.shows(inherited))
    }

    /// Whether telform could manage it: it is neither inherited nor ended.
    pub fn is_manageable(&self, kind: &Kind) -> bool {
        !self.is_inherited(kind) && self.ended_state(kind).is_none()
    }

    /// Whether it shows a switch in this position.
    pub fn shows(&self, (name, value): (&str, bool)) -> bool {
        self.attributes.get(name) == Some(&CompactValue::Bool(value))
    }

    /// A plain attribute as the service showed it, whole or in part.
    pub fn shown_value(&self, name: &str) -> Option<&CompactValue> {
        self.attributes.get(name).or(self.masked.get(name))
    }
}

/// A number as the service lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveNumber {
    /// The number's own id, where a call needs it (generation 1).
    pub id: Option<u64>,
    /// Slug of the bridge it is on, when the listing says so.
    pub bridge: Option<String>,
}

/// A number on a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Slug of the bridge.
    pub bridge: String,
    /// The compared form: E.164, for anything with as many digits.
    pub number: String,
    /// The number's own id, where a call needs it (generation 1).
    pub number_id: Option<u64>,
    /// Which configuration serves it.
    pub served_by: ServedBy,
    /// Beside a configuration that only the ledger names: the others that the service's answers allow. Empty otherwise.
    pub other_candidates: BTreeSet<String>,
}

impl Connection {
    /// Whether only telform's own ledger says which configuration serves it.
    pub fn is_recorded_only(&self) -> bool {
        matches!(self.served_by, ServedBy::By { known: Known::Recorded, .. })
    }
}
