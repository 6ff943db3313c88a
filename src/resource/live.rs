//! What the services answered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::Fields;
use crate::value::{Fingerprint, Packed};

/// What the services answered, complete or not there at all.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// By account name.
    pub accounts: BTreeMap<String, LiveAccount>,
    /// When reading began. What is not there may have been made since; where it is not known, nothing is concluded from time.
    pub read_at: Option<Timestamp>,
}

impl Live {
    /// Every listed object by account, kind and identity: for who looks for many.
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
    pub facts: Facts,
    /// Complete listings by kind name, without foreign objects. A kind that is not a key was not read: nothing of it was needed,
    /// or it is among the `unlisted`.
    pub objects: BTreeMap<&'static str, Vec<LiveObject>>,
    /// Objects that say that they belong to another organization, or to none: by kind name their identities, with the owner.
    pub foreign: BTreeMap<&'static str, BTreeMap<String, Option<String>>>,
    /// Connections, when bridges were read; `None` when they were not needed.
    pub connections: Option<Vec<Connection>>,
    /// Bridges that name a provider and show no number, with the configurations that may serve them.
    pub unseen: BTreeMap<String, BTreeSet<String>>,
    /// Numbers of the account as far as the service shows them: E.164 text to what is known.
    pub numbers: BTreeMap<String, LiveNumber>,
    /// Numbers that the service spells in another way than they are compared: by bridge (empty in the listing of the numbers)
    /// and number.
    pub spellings: Spellings,
    /// Identities of pinned or remembered objects that the listing lacks and a direct GET did not find either.
    pub missing: BTreeSet<String>,
    /// What is there and cannot be read, by kind and identity. Whoever needs one of these is refused, and nobody else.
    pub unreadable: BTreeMap<&'static str, BTreeMap<String, Unreadable>>,
    /// Rows of a listing that name no object, by kind: what is wrong with each.
    pub odd_rows: BTreeMap<&'static str, Vec<String>>,
    /// Kinds that could not be listed. Whoever needs an object of one of these is refused, and nobody else.
    pub unlisted: BTreeMap<&'static str, Unlisted>,
    /// Why it is not known which configuration serves which number, where that was needed and could not be read.
    pub unlinked: Option<Unlisted>,
}

/// Why a listing could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlisted {
    /// What was tried, what happened and what that means, without a full stop.
    pub why: String,
    /// What can be done.
    pub help: String,
}

impl LiveAccount {
    /// Whether this object is there and cannot be read.
    pub fn is_unreadable(&self, kind: &str, id: &str) -> bool {
        self.unreadable.get(kind).is_some_and(|objects| objects.contains_key(id))
    }

    /// Objects of a kind that cannot be read and may use others of the account.
    pub fn opaque<'a>(&'a self, kind: &str) -> impl Iterator<Item = &'a str> {
        let objects = self.unreadable.get(kind).into_iter().flatten();
        objects.filter(|(_, it)| it.may_use).map(|(id, _)| id.as_str())
    }
}

/// Why an object cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What happened and what that means, without a full stop.
    pub why: String,
    /// What can be done.
    pub help: String,
    /// Whether it may use other objects of the account: what it holds is not known.
    pub may_use: bool,
}

/// How a service spells numbers, by bridge and number.
pub type Spellings = BTreeMap<(String, String), String>;

impl LiveAccount {
    /// Whose a foreign object is, in words; nothing for an object that is not known to be foreign.
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
pub struct Facts {
    /// Generation that answers; `None` where the service has only one, or when it could not be told.
    pub generation: Option<u8>,
    /// The spelling that `{configurations}` stands for in paths.
    pub configurations: Option<String>,
    /// Whether the organization was confirmed.
    pub organization: Organization,
    /// Providers by their ids: the catalogue, when it could be read, and those that a configuration itself names.
    pub catalogue: Vec<CatalogueEntry>,
    /// Whether the catalogue could be read, or the service has none. Without it two words for one provider cannot be told
    /// from two providers.
    pub catalogue_known: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            generation: None,
            configurations: None,
            organization: Organization::Confirmed,
            catalogue: Vec::new(),
            catalogue_known: true,
        }
    }
}

/// Whether the account's organization was confirmed by the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Organization {
    /// The service knows it, or the service has none.
    #[default]
    Confirmed,
    /// Nothing that this token may read confirms it; says why.
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
    pub attributes: Fields<Packed>,
    /// Plain attributes that the service showed in part only, as it showed them, such as `AC****1f`. None of them is among
    /// `attributes`: compare them with [`crate::text::fits_mask`] and take a fit for no difference (unpod.md U3).
    pub masked: Fields<Packed>,
    /// Secrets that the service gave back, by fingerprint; `None` for one that is masked.
    pub secrets: Fields<Option<Fingerprint>>,
    /// Attributes whose value has another shape than the service documents, with the shape that they have. None of them is
    /// among `attributes`: only who manages one has to care.
    pub odd: Fields<&'static str>,
    /// Names that its row shows with something in them, and that no table knows.
    pub unknown: Vec<SmolStr>,
}

impl LiveObject {
    /// Whether the service showed anything of an attribute.
    pub fn has(&self, name: &str) -> bool {
        self.shown(name).is_some() || self.secrets.contains_key(name)
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        let plain = self.attributes.values().chain(self.masked.values()).map(Packed::weight).sum::<usize>();
        let names = self.attributes.len() + self.masked.len() + self.odd.len();
        let prints = self.secrets.len() * size_of::<Fingerprint>();
        size_of::<Self>() + self.id.len() + names * size_of::<&str>() + plain + prints
    }

    /// Whether it shows a secret, whole or in part, that is not empty.
    pub fn shows_secret(&self, name: &str) -> bool {
        self.secrets.get(name).is_some_and(|print| print.as_ref().is_none_or(|print| !print.is_nothing()))
    }

    /// A plain attribute as the service showed it, whole or in part.
    pub fn shown(&self, name: &str) -> Option<&Packed> {
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
    /// As it is compared: E.164, for whatever has as many digits.
    pub number: String,
    /// The number's own id, where a call needs it (generation 1).
    pub number_id: Option<u64>,
    /// Which configuration serves it.
    pub target: Target,
}

/// Which configuration serves a number (unpod.md 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An id in the row says so.
    Exact(String),
    /// The row's provider has just one configuration.
    Inferred(String),
    /// telform's own ledger says so, and the row's provider agrees.
    Recorded(String),
    /// One of these; it cannot be told which. None of them: something serves it that no configuration of the account
    /// accounts for.
    Ambiguous(BTreeSet<String>),
    /// The number is on the bridge and the service says that no configuration serves it.
    Unserved,
    /// A configuration of another organization, or of none (unpod.md 10.1). It is never changed.
    Foreign {
        /// Its id.
        id: String,
        /// Its organization.
        owner: Option<String>,
    },
}

impl Target {
    /// The configuration, when there is no doubt.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Exact(id) | Self::Inferred(id) | Self::Recorded(id) | Self::Foreign { id, .. } => Some(id),
            Self::Ambiguous(_) | Self::Unserved => None,
        }
    }

    /// Whether the configuration serves the number, or may do so.
    pub fn may_be(&self, id: &str) -> bool {
        match self {
            Self::Exact(other) | Self::Inferred(other) | Self::Recorded(other) => other == id,
            Self::Foreign { id: other, .. } => other == id,
            Self::Ambiguous(candidates) => candidates.contains(id),
            Self::Unserved => false,
        }
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Exact(_) => "exact",
            Self::Inferred(_) => "inferred",
            Self::Recorded(_) => "recorded",
            Self::Ambiguous(_) => "ambiguous",
            Self::Unserved => "unserved",
            Self::Foreign { .. } => "foreign",
        }
    }
}
