//! The things that a plan is computed from: addresses, what the YAML wants, what the services answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;
use url::Url;

mod host;
mod live;
mod pattern;
mod published;
mod served;
mod setting;
mod source;
mod token_owner;

pub use host::OtherHost;
pub use live::{
    AccountFacts, CatalogueEntry, Connection, ListingFailure, LiveAccount, LiveNumber, LiveObject, LiveState, NumberSpellings,
    OrganizationCheck, UnreadableObject, owned_by,
};
pub use pattern::AddressPattern;
pub use served::{Known, ServedBy};
pub use setting::{AccountSettings, SettingValue, required_generation};
pub use source::{SecretFile, SecretSource, normalize_lexically};
pub use token_owner::{TokenIdentity, TokenOwner};

use crate::model::guards::Guards;
use crate::model::kind::{Kind, ServiceTable};
use crate::model::value::{CompactValue, Fingerprint, Value, hidden};
use crate::process::policy::Policy;

/// A map from some fields of a kind to values, in the order of the fields. Many objects have a few fields each, so this
/// is one contiguous allocation, not a tree.
pub type FieldMap<V> = LiteMap<&'static str, V>;

/// `providers.twilio-main`: a kind and the user's own name for the object; it never changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Name of the kind: `providers`.
    pub kind: SmolStr,
    /// The user's name for it.
    pub name: SmolStr,
}

impl Address {
    /// Builds an address.
    pub fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }

    /// Reads `kind.name`; the name may hold further dots, and may be in double quotes.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('.')?;
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        (!kind.is_empty() && !name.is_empty()).then(|| Self::new(kind, name))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A number is in quotes, as in the YAML. Patterns are not: a shell takes quotes off.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'*' | b'?');
        match self.name.bytes().all(plain) {
            true => write!(f, "{}.{}", self.kind, self.name),
            false => write!(f, "{}.\"{}\"", self.kind, self.name),
        }
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
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an address (KIND.NAME)")))
    }
}

/// A position in one of the user's files, for messages. Lines and columns count from 1. Every attribute has one, so it
/// is small.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SourceLocation {
    /// Path as the user gave it.
    pub file: Arc<str>,
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
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
    pub service: &'static ServiceTable,
    /// Base URL without a slash at the end; https, or http on loopback.
    pub base_url: Url,
    /// Earlier base URL of the service, which the ledger may still have.
    pub previous_base_url: Option<Url>,
    /// Settings that only accounts of its service have.
    pub settings: AccountSettings,
    /// Where the token comes from.
    pub token: SecretSource,
    /// Position of the token in the YAML.
    pub token_location: SourceLocation,
    /// Rate limit that the user asks for.
    pub requests_per_minute: Option<u32>,
    /// Most concurrent requests that the user asks for.
    pub max_in_flight: Option<usize>,
    /// How long a create that got no answer may still be running at the service: until then its outcome is unknown.
    pub settle_after: Duration,
    /// Guards of this account; those of the whole run hold as well.
    pub guards: Guards,
    /// Its position.
    pub location: SourceLocation,
}

impl Account {
    /// Whether service, address and organization identify an account. Without organizations the token does.
    pub fn is_same_account(&self, other: &Self) -> bool {
        self.service.has_organizations() || self.token == other.token
    }

    /// How long a create may still be running, in words: `5m`.
    pub fn settle_after_shown(&self) -> String {
        let length = jiff::SignedDuration::try_from(self.settle_after);
        length.map_or_else(|_| format!("{}s", self.settle_after.as_secs()), |length| format!("{length:#}"))
    }

    /// The owner that a row names, where that is another organization than the account's, or no organization (the inner `None`).
    pub fn foreign_owner(&self, row: &Value) -> Option<Option<String>> {
        self.service.owner_in(row).filter(|owner| owner.as_deref() != self.organization())
    }
}

/// Everything that the YAML says, checked, without any secret.
#[derive(Debug, Clone, Default)]
pub struct Desired {
    /// Accounts by name, in the order of the files.
    pub accounts: IndexMap<String, Account>,
    /// Objects by address.
    pub objects: BTreeMap<Address, DesiredObject>,
    /// Numbers that are entries of their own.
    pub number_entries: BTreeMap<Address, NumberEntry>,
    /// Objects that are only referred to, with nothing but what identifies them: never changed, deleted or managed.
    pub existing: BTreeMap<Address, DesiredObject>,
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
    /// `ledger:` of the YAML.
    pub ledger: Option<LedgerSetting>,
    /// `policy:` of the YAML: the program that judges each plan, and its position.
    pub policy: Option<(Policy, SourceLocation)>,
}

/// Where the YAML keeps the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSetting {
    /// An address, or a path below the folder.
    pub place: String,
    /// The folder of the file that names it.
    pub folder: PathBuf,
}

/// A reference to the source of a secret in the configuration.
#[derive(Debug, Clone, Copy)]
pub struct SourceUse<'a> {
    /// The object; none for an account's token.
    pub address: Option<&'a Address>,
    /// The account.
    pub account: &'a str,
    /// The attribute, with its key where the value is inside a map: `callbacks.sms`.
    pub attribute: (&'a str, Option<&'a str>),
    /// Where the secret comes from.
    pub source: &'a SecretSource,
    /// Where the YAML says so.
    pub location: &'a SourceLocation,
}

impl SourceUse<'_> {
    /// The attribute and its key as one text.
    pub fn attribute_name(&self) -> String {
        let (attribute, part) = self.attribute;
        part.map_or_else(|| attribute.to_owned(), |part| format!("{attribute}.{part}"))
    }
}

impl fmt::Display for SourceUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "`{}` of `{address}`", self.attribute_name()),
            None => write!(f, "the token of the account `{}`", self.account),
        }
    }
}

impl Desired {
    /// Where the files mention an address: its entry, or what says that it goes.
    pub fn place_of(&self, address: &Address) -> Option<&SourceLocation> {
        let object = self.objects.get(address).or_else(|| self.existing.get(address)).map(|object| &object.location);
        let number = || self.number_entries.get(address).map(|entry| &entry.wanted.location);
        let gone = || self.removed.iter().find(|gone| gone.address == *address).map(|gone| &gone.location);
        object.or_else(number).or_else(gone)
    }

    /// Every place where it names the source of a secret: the tokens of accounts first.
    pub fn secret_sources(&self) -> impl Iterator<Item = SourceUse<'_>> {
        let tokens = self.accounts.values().map(|account| SourceUse {
            address: None,
            account: &account.name,
            attribute: ("token", None),
            source: &account.token,
            location: &account.token_location,
        });
        tokens.chain(self.objects.values().flat_map(DesiredObject::secret_sources))
    }
}

/// One object as the YAML wants it.
#[derive(Debug, Clone)]
pub struct DesiredObject {
    /// Its address.
    pub address: Address,
    /// Account that holds it.
    pub account: String,
    /// Shapes of its kind that its attributes fit: one, or those of both generations when the attributes do not decide.
    pub shapes: Vec<&'static Kind>,
    /// Pinned identity.
    pub id: Option<String>,
    /// Attributes that the YAML mentions; all others are left alone.
    pub attributes: FieldMap<DesiredValue>,
    /// Values inside its maps that come from secret sources.
    pub sourced_values: Vec<SourcedValue>,
    /// Bridges: the numbers, when mentioned. Number to the address of the configuration that serves it.
    pub numbers: Option<BTreeMap<String, DesiredNumber>>,
    /// Bridges: numbers that a create includes although no configuration serves them. No file asks for this; only
    /// recreating a bridge does.
    pub unserved_numbers: BTreeSet<String>,
    /// `update: put` instead of PATCH.
    pub use_put: bool,
    /// `lifecycle.prevent_delete`.
    pub prevent_delete: bool,
    /// `lifecycle.ignore`: used on create, never compared after.
    pub ignored_attributes: BTreeSet<String>,
    /// The position of its entry.
    pub location: SourceLocation,
    /// Position of each attribute.
    pub locations: FieldMap<SourceLocation>,
}

/// A value inside a map that comes from a secret source. The map holds its mark.
#[derive(Debug, Clone)]
pub struct SourcedValue {
    /// The attribute that is the map.
    pub attribute: &'static str,
    /// The key in it.
    pub part: SmolStr,
    /// Where the value comes from.
    pub source: SecretSource,
    /// Where the YAML says so.
    pub location: SourceLocation,
}

impl SourcedValue {
    /// Whether the source returned nothing; its mark in the map then says so.
    pub fn is_absent_in(&self, map: &CompactValue) -> bool {
        let CompactValue::Map(entries) = map else { return false };
        let mark = |(key, value): &(SmolStr, CompactValue)| *key == self.part && value.as_str().is_some_and(hidden::is_absent);
        entries.iter().any(mark)
    }
}

impl DesiredObject {
    /// Every place where it names the source of a secret.
    pub fn secret_sources(&self) -> impl Iterator<Item = SourceUse<'_>> {
        let found = |attribute, source, place| SourceUse {
            address: Some(&self.address),
            account: &self.account,
            attribute,
            source,
            location: place,
        };
        let secrets = self.attributes.iter().filter_map(move |(name, wanted)| {
            let DesiredValue::Secret(secret) = wanted else { return None };
            Some(found((*name, None), &secret.source, self.locations.get(name).unwrap_or(&self.location)))
        });
        let inside = self.sourced_values.iter();
        secrets.chain(inside.map(move |it| found((it.attribute, Some(it.part.as_str())), &it.source, &it.location)))
    }

    /// Puts the mark of a value into its map.
    pub fn put_mark(&mut self, attribute: &str, part: &str, mark: &str) {
        if let Some(DesiredValue::Value(CompactValue::Map(entries))) = self.attributes.get_mut(attribute) {
            for (_, value) in entries.iter_mut().filter(|(key, _)| key == part) {
                *value = CompactValue::from(mark);
            }
        }
    }
}

/// A number of a bridge as the YAML wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredNumber {
    /// Address of the configuration that serves it.
    pub provider: Address,
    /// The name is not E.164: it is a number only where the service shows it in this form.
    pub as_shown: bool,
    /// Its position.
    pub location: SourceLocation,
}

/// A number that is an entry of its own: it owns the connection of one number, and nothing else of the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberEntry {
    /// Its address.
    pub address: Address,
    /// Account of the bridge.
    pub account: String,
    /// The number in its compared form.
    pub number: String,
    /// Address of the bridge that the number is to be on.
    pub bridge: Address,
    /// What is to serve it there.
    pub wanted: DesiredNumber,
}

/// Wanted value of one attribute.
#[derive(Debug, Clone)]
pub enum DesiredValue {
    /// A plain value; null clears.
    Value(CompactValue),
    /// A secret, represented by its source and fingerprint only.
    Secret(Box<DesiredSecret>),
}

/// What the planner knows about a wanted secret.
#[derive(Debug, Clone)]
pub struct DesiredSecret {
    /// Where it comes from.
    pub source: SecretSource,
    /// `None` while nothing was supplied: the variable is empty, the file is missing.
    pub fingerprint: Option<Fingerprint>,
    /// Whether the sandbox made it up because nothing was supplied: a difference from it is a change that nothing asked for.
    pub made_up: bool,
}

/// A tombstone: an object that is to be deleted.
#[derive(Debug, Clone)]
pub struct Removal {
    /// The earlier address.
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
    pub key: BTreeMap<&'static str, CompactValue>,
    /// Its position.
    pub location: SourceLocation,
}

/// An object that gets another address, or that moves to another account. Without `account` it never changes anything at a
/// service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// The earlier address.
    pub from: Address,
    /// The new address, at the end of a chain of renames.
    pub to: Address,
    /// The account that it leaves: it is created in the account of its entry and deleted here.
    pub account: Option<String>,
    /// Its position.
    pub location: SourceLocation,
}

/// An account that gets another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRename {
    /// The earlier name.
    pub from: String,
    /// The new name, at the end of a chain of renames.
    pub to: String,
    /// Its position.
    pub location: SourceLocation,
}
