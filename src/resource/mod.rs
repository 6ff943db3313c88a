//! The things that a plan is computed from: addresses, what the YAML wants, what the services answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;
use url::Url;

mod live;

pub use live::{
    CatalogueEntry, Connection, Facts, Live, LiveAccount, LiveNumber, LiveObject, Organization, Spellings,
    Target, Unlisted, Unreadable, owned_by,
};

use crate::kind::{Backend, Kind};
use crate::policy::Policy;
use crate::value::{Fingerprint, Packed, Value, hidden};

/// Something for each of some fields of a kind, by the field's name and in its order. There are many objects with a few
/// fields each, so this is one stretch of memory, not a tree.
pub type Fields<V> = LiteMap<&'static str, V>;

/// `providers.twilio-main`: a kind and the user's own name for the object; stable for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Name of the kind: `providers`.
    pub kind: SmolStr,
    /// The user's name for it.
    pub name: SmolStr,
}

impl Address {
    /// Puts an address together.
    pub fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }

    /// Reads `kind.name`; the name may hold further dots.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('.')?;
        (!kind.is_empty() && !name.is_empty()).then(|| Self::new(kind, name))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no address (KIND.NAME)")))
    }
}

/// Where something stands in a file of the user's, for messages. Lines and columns count from 1. There is one for each
/// attribute, so it is small.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Path as the user gave it.
    pub file: Arc<str>,
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Where a secret comes from; never the secret itself. Compare and look up by the source itself: what it prints as leaves
/// out the arguments of a command.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file; the path is already joined to the folder of the YAML file.
    File(std::path::PathBuf),
    /// A program and its arguments; its first line of output is the secret.
    Command(Vec<String>),
}

/// As `Display`: arguments of a command may hold what nobody should print.
impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Command(argv) => write!(f, "command {}", argv.first().map_or("", String::as_str)),
        }
    }
}

/// How long a create without an answer stays unknown where the account does not say. No service names a limit; 75 s were seen
/// (unpod.md 5.4).
pub const SETTLE_AFTER: Duration = Duration::from_secs(5 * 60);

/// One login on one service.
#[derive(Debug, Clone)]
pub struct Account {
    /// Name in the YAML.
    pub name: String,
    /// Its service.
    pub backend: &'static Backend,
    /// Base URL without a slash at the end; https, or http on loopback.
    pub base_url: Url,
    /// Base URL that the service had before, where the ledger may still know it by that one.
    pub was: Option<Url>,
    /// Unpod: the organization's handle.
    pub org_handle: Option<String>,
    /// Unpod: the products whose bridges are read. The first one goes with every other call, too.
    pub product_ids: Vec<String>,
    /// Unpod: the generation the user insists on; `None` means find out.
    pub generation: Option<u8>,
    /// Where the token comes from.
    pub token: SecretSource,
    /// Where the token is written in the YAML.
    pub token_place: Place,
    /// Politeness asked for by the user.
    pub requests_per_minute: Option<u32>,
    /// Most requests at the same time, asked for by the user.
    pub max_in_flight: Option<usize>,
    /// How long a create that got no answer may still be running at the service: until then its end is unknown.
    pub settle_after: Duration,
    /// Switches that allow what is off by default, by their key (`partner_delete`, `disconnect_works`).
    pub switches: BTreeSet<String>,
    /// Guards of this account; those of the whole run hold as well.
    pub guards: Guards,
    /// Where it stands.
    pub place: Place,
}

impl Account {
    /// Whether service, address and organization tell that this is the same account as another one with just these. Without
    /// organizations the token tells.
    pub fn is_told_by(&self, other: &Self) -> bool {
        self.backend.organization || self.token == other.token
    }

    /// How long a create may still be running, in words: `5m`.
    pub fn settle_after_shown(&self) -> String {
        let length = jiff::SignedDuration::try_from(self.settle_after);
        length.map_or_else(|_| format!("{}s", self.settle_after.as_secs()), |length| format!("{length:#}"))
    }

    /// The owner that a row names, where that is another organization than the account's, or none (the inner `None`).
    pub fn foreign_owner(&self, row: &Value) -> Option<Option<String>> {
        self.backend.owner_in(row).filter(|owner| *owner != self.org_handle)
    }
}

/// Limits that a plan must keep, in one account or in the whole run; `None` means not said, see [`Guards::or`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guards {
    /// Most deletes; 0 in each account when nobody says otherwise.
    pub max_deletes: Option<u64>,
    /// Most deletes in percent of the live objects of a kind; no limit when nobody says.
    pub max_delete_percent: Option<u64>,
    /// Most numbers that lose their connection without getting another; 0 in each account when nobody says otherwise.
    pub max_numbers_dark: Option<u64>,
}

impl Guards {
    /// These guards, and where they say nothing the others.
    pub fn or(self, other: Self) -> Self {
        Self {
            max_deletes: self.max_deletes.or(other.max_deletes),
            max_delete_percent: self.max_delete_percent.or(other.max_delete_percent),
            max_numbers_dark: self.max_numbers_dark.or(other.max_numbers_dark),
        }
    }
}

/// Everything that the YAML says, checked, without any secret.
#[derive(Debug, Clone, Default)]
pub struct Desired {
    /// Accounts by name, in the order of the files.
    pub accounts: IndexMap<String, Account>,
    /// Objects by address.
    pub objects: BTreeMap<Address, DesiredObject>,
    /// Tombstones.
    pub removed: Vec<Removal>,
    /// Renames, and moves to another account.
    pub moved: Vec<Rename>,
    /// Renames of accounts.
    pub moved_accounts: Vec<AccountRename>,
    /// Kinds that some file mentions, even as an empty map: only these are in scope for deletes.
    pub kinds: BTreeSet<SmolStr>,
    /// Guards of the whole plan.
    pub guards: Guards,
    /// `ledger:` of the YAML, and where it stands.
    pub ledger: Option<(String, Place)>,
    /// `policy:` of the YAML: the program that judges each plan, and where it stands.
    pub policy: Option<(Policy, Place)>,
}

/// One object as the YAML wants it.
#[derive(Debug, Clone)]
pub struct DesiredObject {
    /// Its address.
    pub address: Address,
    /// Account that holds it.
    pub account: String,
    /// Shapes of its kind that its attributes fit: one, or both generations' when the attributes do not tell.
    pub shapes: Vec<&'static Kind>,
    /// Pinned identity.
    pub id: Option<String>,
    /// Attributes that the YAML mentions; the rest is left alone.
    pub attributes: Fields<Wanted>,
    /// Values inside its maps that come from secret sources.
    pub sourced: Vec<SourcedValue>,
    /// Bridges: the numbers, when mentioned. Number to the address of the configuration that serves it.
    pub numbers: Option<BTreeMap<String, NumberWanted>>,
    /// Bridges: numbers that a create takes along though nobody serves them. No file says so; what is made again does.
    pub idle: BTreeSet<String>,
    /// `update: put` instead of PATCH.
    pub put: bool,
    /// `lifecycle.prevent_delete`.
    pub prevent_delete: bool,
    /// `lifecycle.ignore`: used on create, never compared after.
    pub ignore: BTreeSet<String>,
    /// Where its entry stands.
    pub place: Place,
    /// Where each attribute stands.
    pub places: Fields<Place>,
}

/// A value inside a map that comes from a secret source. In the map stands its mark.
#[derive(Debug, Clone)]
pub struct SourcedValue {
    /// The attribute that is the map.
    pub attribute: &'static str,
    /// The key in it.
    pub part: SmolStr,
    /// Where the value comes from.
    pub source: SecretSource,
    /// Where the YAML says so.
    pub place: Place,
}

impl SourcedValue {
    /// Whether the source gave nothing, so that its mark says so in the map.
    pub fn is_absent_in(&self, map: &Packed) -> bool {
        let Packed::Map(entries) = map else { return false };
        let mark = |(key, value): &(SmolStr, Packed)| {
            *key == self.part && value.as_str().is_some_and(hidden::is_absent)
        };
        entries.iter().any(mark)
    }
}

impl DesiredObject {
    /// Puts the mark of a value into its map.
    pub fn put_mark(&mut self, attribute: &str, part: &str, mark: &str) {
        if let Some(Wanted::Value(Packed::Map(entries))) = self.attributes.get_mut(attribute) {
            for (_, value) in entries.iter_mut().filter(|(key, _)| key == part) {
                *value = Packed::from(mark);
            }
        }
    }
}

/// A number of a bridge as the YAML wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberWanted {
    /// Address of the configuration that serves it.
    pub provider: Address,
    /// The name is not E.164: it is one only where the service shows the number so.
    pub as_shown: bool,
    /// Where it stands.
    pub place: Place,
}

/// Wanted value of one attribute.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// A plain value; null clears.
    Value(Packed),
    /// A secret, known here by its source and fingerprint only.
    Secret(Box<WantedSecret>),
}

/// What the planner knows about a wanted secret.
#[derive(Debug, Clone)]
pub struct WantedSecret {
    /// Where it comes from.
    pub source: SecretSource,
    /// `None` while nothing was supplied: the variable is empty, the file is missing.
    pub fingerprint: Option<Fingerprint>,
}

/// A tombstone: an object that shall go.
#[derive(Debug, Clone)]
pub struct Removal {
    /// The address it had.
    pub address: Address,
    /// Why, in the user's words.
    pub reason: Option<String>,
    /// Release it from the ledger and leave the object as it is, instead of deleting it.
    pub keep: bool,
    /// Account, when written.
    pub account: Option<String>,
    /// Identity, when written.
    pub id: Option<String>,
    /// Natural key fields, when written.
    pub key: BTreeMap<&'static str, Packed>,
    /// Where it stands.
    pub place: Place,
}

/// An object that is known by another address from now on, or that leaves its account for another one. Without `account` it is
/// never a change to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// The address that it had.
    pub from: Address,
    /// The address that it has, at the end of a chain of renames.
    pub to: Address,
    /// The account that it leaves: it is made in the account of its entry, and deleted here.
    pub account: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// An account that has another name from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRename {
    /// The name that it had.
    pub from: String,
    /// The name that it has, at the end of a chain of renames.
    pub to: String,
    /// Where it stands.
    pub place: Place,
}
