//! What the services answered, as a file: a plan can be made from it on any machine, without network.
//!
//! It holds secrets that a service returned only as fingerprints under the key, each behind its own pad, so that equal
//! secrets do not look alike; without the key they are unknown, like masked ones.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::kind::ServiceTable;
use crate::model::ledger::{AccountEntry, FingerprintKey};
use crate::model::resource::{
    AccountFacts, CatalogueEntry, Connection, FieldMap, Known, ListingFailure, LiveAccount, LiveNumber, LiveObject, LiveState,
    OrganizationCheck, ServedBy, TokenOwner, UnreadableObject,
};
use crate::model::value::CompactValue;
use crate::services;
use crate::state::json_error::describe_json_error;

mod unread;

use unread::{SnapshotUnreadable, from_live};

/// The version that this telform writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

const FORMAT: &str = "telform-snapshot";

/// Largest snapshot that is read, in bytes.
pub const LIMIT: usize = 1024 * 1024 * 1024;

/// Why a file is not a usable snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is not a snapshot, or only a part of one.
    #[error("it is not a telform snapshot: {0}")]
    NoSnapshot(String),
    /// A newer telform wrote it.
    #[error("it has format version {0}; this telform reads versions up to {FORMAT_VERSION}")]
    Newer(u32),
    /// It shows a different account from the one that the configuration names.
    #[error("account {account}: the snapshot was taken of {was}, but the configuration names {is}")]
    Foreign {
        /// Name of the account.
        account: String,
        /// What the snapshot says.
        was: String,
        /// What the configuration says.
        is: String,
    },
    /// What is read depends on the configuration, so a snapshot is valid only for the configuration that it was taken for.
    #[error("it was taken for another {0}")]
    Other(&'static str),
}

impl SnapshotError {
    /// Code, such as `telform::snapshot::foreign`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSnapshot(_) => "telform::snapshot::no_snapshot",
            Self::Newer(_) => "telform::snapshot::newer",
            Self::Foreign { .. } => "telform::snapshot::foreign",
            Self::Other(_) => "telform::snapshot::other",
        }
    }

    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoSnapshot(_) => "`telform plan --snapshot-out FILE` writes one",
            Self::Newer(_) => "use the version of telform that wrote it, or a newer one",
            Self::Foreign { .. } => "use the snapshot that was taken of this account",
            Self::Other(_) => "take the snapshot with the same files and options that it is used with",
        }
    }
}

/// Enough to identify a file of any version.
#[derive(Deserialize)]
struct SnapshotHeader {
    format: String,
    format_version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotFile {
    format: String,
    format_version: u32,
    configuration: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    destroy: bool,
    key_check: String,
    /// When reading began, so that the plan is the same whenever it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    accounts: BTreeMap<String, SnapshotAccount>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotAccount {
    of: AccountEntry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configurations: Option<String>,
    /// Why the organization is not confirmed; absent when it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unconfirmed: Option<String>,
    /// The owner of the token.
    #[serde(default, skip_serializing_if = "TokenOwner::is_not_asked")]
    token_of: TokenOwner,
    catalogue: Vec<SnapshotProvider>,
    catalogue_known: bool,
    objects: BTreeMap<String, Vec<SnapshotObject>>,
    /// The owner by kind and identity: another organization, or none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    foreign: BTreeMap<String, BTreeMap<String, Option<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connections: Option<Vec<SnapshotConnection>>,
    unseen: BTreeMap<String, BTreeSet<String>>,
    numbers: BTreeMap<String, SnapshotNumber>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lists_numbers: bool,
    /// Bridge, number, and how the service spells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    spellings: Vec<(String, String, String)>,
    missing: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unreadable: BTreeMap<String, BTreeMap<String, SnapshotUnreadable>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    odd_rows: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    echoes: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unlisted: BTreeMap<String, ListingFailure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unlinked: Option<ListingFailure>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotProvider {
    id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotObject {
    id: String,
    attributes: BTreeMap<String, CompactValue>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    masked: BTreeMap<String, CompactValue>,
    /// Padded fingerprints; none for one that the service masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, Option<String>>,
    /// Attributes of an undocumented shape, with that shape.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    odd: BTreeMap<String, String>,
    /// Names that no table knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<smol_str::SmolStr>,
    /// Attributes in which a secret of the run was shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    echoed: Vec<smol_str::SmolStr>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotConnection {
    bridge: String,
    number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number_id: Option<u64>,
    by: SnapshotServing,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    other_candidates: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SnapshotServing {
    Exact(String),
    Inferred(String),
    Recorded(String),
    Ambiguous(BTreeSet<String>),
    Unserved,
    Foreign { id: String, owner: Option<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotNumber {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bridge: Option<String>,
}

/// What a snapshot was taken for; it is valid for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotPurpose {
    /// Digest of the YAML.
    pub configuration: String,
    /// `--destroy`: more is read then.
    pub destroy: bool,
    /// The identity of each account, by its name.
    pub accounts: BTreeMap<String, AccountEntry>,
}

/// The live state as text.
pub fn write_snapshot(live: &LiveState, taken_for: &SnapshotPurpose, key: &FingerprintKey) -> String {
    let accounts = live.accounts.iter().filter_map(|(name, account)| {
        let of = taken_for.accounts.get(name)?.clone();
        Some((name.clone(), SnapshotAccount::from_live(name, account, of, key)))
    });
    let file = SnapshotFile {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        configuration: taken_for.configuration.clone(),
        destroy: taken_for.destroy,
        key_check: key.key_check(),
        read_at: live.read_at,
        accounts: accounts.collect(),
    };
    serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
}

/// Reads a snapshot that was taken for exactly this. With another key, its secrets are unknown.
pub fn read_snapshot(text: &str, wanted: &SnapshotPurpose, key: &FingerprintKey) -> Result<LiveState, SnapshotError> {
    let damaged = |error: serde_json::Error| SnapshotError::NoSnapshot(describe_json_error(&error));
    let head: SnapshotHeader = serde_json::from_str(text).map_err(damaged)?;
    if head.format != FORMAT {
        return Err(SnapshotError::NoSnapshot(format!("it has no `\"format\": \"{FORMAT}\"`")));
    }
    if head.format_version > FORMAT_VERSION {
        return Err(SnapshotError::Newer(head.format_version));
    }
    let file: SnapshotFile = serde_json::from_str(text).map_err(damaged)?;
    for (name, account) in &file.accounts {
        let Some(is) = wanted.accounts.get(name) else { return Err(SnapshotError::Other("configuration")) };
        if account.of != *is {
            let (was, is) = (account.of.to_string(), is.to_string());
            return Err(SnapshotError::Foreign { account: name.clone(), was, is });
        }
    }
    if file.configuration != wanted.configuration {
        return Err(SnapshotError::Other("configuration"));
    }
    if file.destroy != wanted.destroy {
        return Err(SnapshotError::Other("--destroy"));
    }
    let key = (file.key_check == key.key_check()).then_some(key);
    let accounts = file.accounts.into_iter().map(|(name, account)| {
        let live = account.into_live(&name, key).map_err(SnapshotError::NoSnapshot)?;
        Ok((name, live))
    });
    Ok(LiveState { accounts: accounts.collect::<Result<_, SnapshotError>>()?, read_at: file.read_at })
}

impl SnapshotAccount {
    fn from_live(name: &str, live: &LiveAccount, of: AccountEntry, key: &FingerprintKey) -> Self {
        let objects = live.objects.iter().map(|(kind, objects)| {
            let objects = objects.iter().map(|object| SnapshotObject::from_live(name, kind, object, key));
            ((*kind).to_owned(), objects.collect())
        });
        Self {
            of,
            generation: live.facts.generation,
            configurations: live.facts.configurations.clone(),
            unconfirmed: match &live.facts.organization {
                OrganizationCheck::Confirmed => None,
                OrganizationCheck::Unconfirmed(why) => Some(why.clone()),
            },
            token_of: live.facts.token_owner.clone(),
            catalogue: live.facts.catalogue.iter().map(SnapshotProvider::from_live).collect(),
            catalogue_known: live.facts.catalogue_known,
            objects: objects.collect(),
            foreign: live.foreign.iter().map(|(kind, ids)| ((*kind).to_owned(), ids.clone())).collect(),
            connections: live.connections.as_ref().map(|all| all.iter().map(SnapshotConnection::from_live).collect()),
            unseen: live.unseen_candidates.clone(),
            numbers: live
                .numbers
                .iter()
                .map(|(number, row)| (number.clone(), SnapshotNumber { id: row.id, bridge: row.bridge.clone() }))
                .collect(),
            lists_numbers: live.lists_numbers,
            spellings: live
                .spellings
                .iter()
                .map(|((bridge, number), spelling)| (bridge.clone(), number.clone(), spelling.clone()))
                .collect(),
            missing: live.missing.clone(),
            unreadable: live
                .unreadable
                .iter()
                .map(|(kind, all)| ((*kind).to_owned(), all.iter().map(from_live).collect::<BTreeMap<_, _>>()))
                .collect(),
            echoes: live.echoed_names.clone(),
            odd_rows: live.malformed_rows.iter().map(|(kind, rows)| ((*kind).to_owned(), rows.clone())).collect(),
            unlisted: live.listing_failures.iter().map(|(kind, why)| ((*kind).to_owned(), why.clone())).collect(),
            unlinked: live.connections_failure.clone(),
        }
    }

    fn into_live(self, name: &str, key: Option<&FingerprintKey>) -> Result<LiveAccount, String> {
        let service = services::by_api(&self.of.api).ok_or_else(|| format!("no service `{}`", self.of.api))?;
        let mut objects = BTreeMap::new();
        for (kind, rows) in self.objects {
            let kind = table_word(service.kinds.iter().map(|kind| kind.name), &kind)?;
            let rows: Result<_, String> = rows.into_iter().map(|row| row.into_live(service, name, kind, key)).collect();
            objects.insert(kind, rows?);
        }
        let mut unreadable: BTreeMap<&'static str, BTreeMap<String, UnreadableObject>> = BTreeMap::new();
        for (kind, all) in self.unreadable {
            let kind = table_word(service.kinds.iter().map(|kind| kind.name), &kind)?;
            unreadable.insert(kind, all.into_iter().map(|(id, it)| (id, it.into_live())).collect());
        }
        let mut odd_rows = BTreeMap::new();
        for (kind, rows) in self.odd_rows {
            odd_rows.insert(table_word(service.kinds.iter().map(|kind| kind.name), &kind)?, rows);
        }
        let mut unlisted = BTreeMap::new();
        for (kind, why) in self.unlisted {
            unlisted.insert(table_word(service.kinds.iter().map(|kind| kind.name), &kind)?, why);
        }
        let mut foreign = BTreeMap::new();
        for (kind, ids) in self.foreign {
            foreign.insert(table_word(service.kinds.iter().map(|kind| kind.name), &kind)?, ids);
        }
        Ok(LiveAccount {
            facts: AccountFacts {
                generation: self.generation,
                configurations: self.configurations,
                organization: self.unconfirmed.map_or(OrganizationCheck::Confirmed, OrganizationCheck::Unconfirmed),
                token_owner: self.token_of,
                catalogue: self.catalogue.into_iter().map(SnapshotProvider::into_live).collect(),
                catalogue_known: self.catalogue_known,
            },
            objects,
            foreign,
            connections: self.connections.map(|all| all.into_iter().map(SnapshotConnection::into_live).collect()),
            unseen_candidates: self.unseen,
            numbers: self
                .numbers
                .into_iter()
                .map(|(number, row)| (number, LiveNumber { id: row.id, bridge: row.bridge }))
                .collect(),
            lists_numbers: self.lists_numbers,
            spellings: self.spellings.into_iter().map(|(bridge, number, it)| ((bridge, number), it)).collect(),
            missing: self.missing,
            unreadable,
            malformed_rows: odd_rows,
            echoed_names: self.echoes,
            listing_failures: unlisted,
            connections_failure: self.unlinked,
        })
    }
}

impl SnapshotObject {
    fn from_live(account: &str, kind: &str, live: &LiveObject, key: &FingerprintKey) -> Self {
        let text = |map: &FieldMap<CompactValue>| map.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let secrets = live.secrets.iter().map(|(field, print)| {
            let padded = print.as_ref().map(|print| key.pad_fingerprint(&[account, kind, &live.id, field], print));
            ((*field).to_owned(), padded)
        });
        Self {
            id: live.id.clone(),
            attributes: text(&live.attributes),
            masked: text(&live.masked),
            secrets: secrets.collect(),
            odd: live.unexpected_shapes.iter().map(|(name, shape)| ((*name).to_owned(), (*shape).to_owned())).collect(),
            unknown: live.unknown_names.clone(),
            echoed: live.echoed_attributes.clone(),
        }
    }

    fn into_live(
        self,
        service: &'static ServiceTable,
        account: &str,
        kind: &'static str,
        key: Option<&FingerprintKey>,
    ) -> Result<LiveObject, String> {
        let fields = || {
            let shapes = service.kinds.iter().filter(move |shape| shape.name == kind);
            shapes.flat_map(|shape| shape.fields.iter().map(|field| field.name))
        };
        let known = |map: BTreeMap<String, CompactValue>| -> Result<FieldMap<CompactValue>, String> {
            map.into_iter().map(|(name, value)| Ok((table_word(fields(), &name)?, value))).collect()
        };
        let mut secrets = FieldMap::new();
        for (field, padded) in self.secrets {
            let print = match (padded, key) {
                (Some(padded), Some(key)) => Some(
                    key.unpad_fingerprint(&[account, kind, &self.id, &field], &padded)
                        .ok_or_else(|| format!("a fingerprint of {kind} {} is damaged", self.id))?,
                ),
                _ => None,
            };
            secrets.insert(table_word(fields(), &field)?, print);
        }
        let odd =
            self.odd.into_iter().map(|(name, shape)| Ok((table_word(fields(), &name)?, table_word(SHAPES.into_iter(), &shape)?)));
        Ok(LiveObject {
            unexpected_shapes: odd.collect::<Result<_, String>>()?,
            attributes: known(self.attributes)?,
            masked: known(self.masked)?,
            secrets,
            id: self.id,
            unknown_names: self.unknown,
            echoed_attributes: self.echoed,
        })
    }
}

const SHAPES: [&str; 3] = ["a map", "a list", "a single value"];

/// A name as the tables spell it.
fn table_word(mut known: impl Iterator<Item = &'static str>, name: &str) -> Result<&'static str, String> {
    known.find(|known| *known == name).ok_or_else(|| format!("the tables know no `{name}`"))
}

impl SnapshotProvider {
    fn from_live(live: &CatalogueEntry) -> Self {
        Self { id: live.id, slug: live.slug.clone(), name: live.name.clone() }
    }

    fn into_live(self) -> CatalogueEntry {
        CatalogueEntry { id: self.id, slug: self.slug, name: self.name }
    }
}

impl SnapshotConnection {
    fn from_live(live: &Connection) -> Self {
        let by = match &live.served_by {
            ServedBy::By { id, known: Known::Exact } => SnapshotServing::Exact(id.clone()),
            ServedBy::By { id, known: Known::Inferred } => SnapshotServing::Inferred(id.clone()),
            ServedBy::By { id, known: Known::Recorded } => SnapshotServing::Recorded(id.clone()),
            ServedBy::OneOf(ids) => SnapshotServing::Ambiguous(ids.clone()),
            // No reading of an account leaves a number off its bridge, or the question open.
            ServedBy::Unserved | ServedBy::NotThere => SnapshotServing::Unserved,
            ServedBy::NotTold => SnapshotServing::Ambiguous(BTreeSet::new()),
            ServedBy::Foreign { id, owner } => SnapshotServing::Foreign { id: id.clone(), owner: owner.clone() },
        };
        let other_candidates = live.other_candidates.clone();
        Self { bridge: live.bridge.clone(), number: live.number.clone(), number_id: live.number_id, by, other_candidates }
    }

    fn into_live(self) -> Connection {
        let target = match self.by {
            SnapshotServing::Exact(id) => ServedBy::exact(id),
            SnapshotServing::Inferred(id) => ServedBy::inferred(id),
            SnapshotServing::Recorded(id) => ServedBy::recorded(id),
            SnapshotServing::Ambiguous(ids) => ServedBy::OneOf(ids),
            SnapshotServing::Unserved => ServedBy::Unserved,
            SnapshotServing::Foreign { id, owner } => ServedBy::Foreign { id, owner },
        };
        Connection {
            bridge: self.bridge,
            number: self.number,
            number_id: self.number_id,
            served_by: target,
            other_candidates: self.other_candidates,
        }
    }
}
