//! What the services answered, as a file: a plan can be made from it again, on any machine, without network.
//!
//! Secrets that a service gave back stand in it only as fingerprints under the key, each behind a pad of its own, so that
//! equal secrets do not look alike; without the key they are unknown, as masked ones are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backend;
use crate::kind::Backend;
use crate::ledger::{AccountEntry, Key};
use crate::resource::{
    CatalogueEntry, Connection, Facts, Fields, Live, LiveAccount, LiveNumber, LiveObject, Organization,
    Target, Unlisted, Unreadable,
};
use crate::value::Packed;

mod unread;

use unread::{Why, why};

/// The version that this telform writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

const FORMAT: &str = "telform-snapshot";

/// Largest snapshot that is read, in bytes.
pub const LIMIT: usize = 1024 * 1024 * 1024;

/// Why a file is no snapshot that can be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is something else, or only a part.
    #[error("it is no snapshot of telform: {0}")]
    NoSnapshot(String),
    /// A newer telform wrote it.
    #[error("it has format version {0}; this telform reads versions up to {FORMAT_VERSION}")]
    Newer(u32),
    /// It shows another account than the configuration names.
    #[error("account {account}: the snapshot was taken of {was}, and the configuration names {is}")]
    Foreign {
        /// Name of the account.
        account: String,
        /// What the snapshot says.
        was: String,
        /// What the configuration says.
        is: String,
    },
    /// What is read depends on what is wanted, so a snapshot serves the configuration that it was taken for.
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

    /// The way out.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoSnapshot(_) => "`telform plan --snapshot-out FILE` writes one",
            Self::Newer(_) => "use the telform version that wrote it, or a newer one",
            Self::Foreign { .. } => "use the snapshot that was taken of this account",
            Self::Other(_) => "take the snapshot with the same files and options that it is used with",
        }
    }
}

/// Enough to tell what a file is, of whatever version.
#[derive(Deserialize)]
struct Head {
    format: String,
    format_version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    format_version: u32,
    configuration: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    destroy: bool,
    key_check: String,
    /// When reading began, so that the plan is the same whenever it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    accounts: BTreeMap<String, Account>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    of: AccountEntry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configurations: Option<String>,
    /// Why the organization is not confirmed; absent when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unconfirmed: Option<String>,
    catalogue: Vec<Provider>,
    catalogue_known: bool,
    objects: BTreeMap<String, Vec<Object>>,
    /// By kind and identity the owner: another organization, or none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    foreign: BTreeMap<String, BTreeMap<String, Option<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connections: Option<Vec<Served>>,
    unseen: BTreeMap<String, BTreeSet<String>>,
    numbers: BTreeMap<String, Number>,
    /// Bridge, number, and how the service spells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    spellings: Vec<(String, String, String)>,
    missing: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unreadable: BTreeMap<String, BTreeMap<String, Why>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    odd_rows: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unlisted: BTreeMap<String, Unlisted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unlinked: Option<Unlisted>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    id: String,
    attributes: BTreeMap<String, Packed>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    masked: BTreeMap<String, Packed>,
    /// Padded fingerprints; none for one that the service masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, Option<String>>,
    /// Attributes of another shape than is documented, with that shape.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    odd: BTreeMap<String, String>,
    /// Names that no table knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<smol_str::SmolStr>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Served {
    bridge: String,
    number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number_id: Option<u64>,
    by: By,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Exact(String),
    Inferred(String),
    Recorded(String),
    Ambiguous(BTreeSet<String>),
    Unserved,
    Foreign { id: String, owner: Option<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bridge: Option<String>,
}

/// What a snapshot was taken for; it serves nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFor {
    /// Digest of the YAML.
    pub configuration: String,
    /// `--destroy`: more is read then.
    pub destroy: bool,
    /// What each account is, by its name.
    pub accounts: BTreeMap<String, AccountEntry>,
}

/// The live state as text.
pub fn write(live: &Live, taken_for: &TakenFor, key: &Key) -> String {
    let accounts = live.accounts.iter().filter_map(|(name, account)| {
        let of = taken_for.accounts.get(name)?.clone();
        Some((name.clone(), Account::of(name, account, of, key)))
    });
    let file = File {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        configuration: taken_for.configuration.clone(),
        destroy: taken_for.destroy,
        key_check: key.check(),
        read_at: live.read_at,
        accounts: accounts.collect(),
    };
    serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
}

/// Reads a snapshot that was taken for just this. With another key, secrets in it are unknown.
pub fn read(text: &str, wanted: &TakenFor, key: &Key) -> Result<Live, SnapshotError> {
    let damaged = |error: serde_json::Error| SnapshotError::NoSnapshot(error.to_string());
    let head: Head = serde_json::from_str(text).map_err(damaged)?;
    if head.format != FORMAT {
        return Err(SnapshotError::NoSnapshot(format!("it has no `\"format\": \"{FORMAT}\"`")));
    }
    if head.format_version > FORMAT_VERSION {
        return Err(SnapshotError::Newer(head.format_version));
    }
    let file: File = serde_json::from_str(text).map_err(damaged)?;
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
    let key = (file.key_check == key.check()).then_some(key);
    let accounts = file.accounts.into_iter().map(|(name, account)| {
        let live = account.live(&name, key).map_err(SnapshotError::NoSnapshot)?;
        Ok((name, live))
    });
    Ok(Live { accounts: accounts.collect::<Result<_, SnapshotError>>()?, read_at: file.read_at })
}

impl Account {
    fn of(name: &str, live: &LiveAccount, of: AccountEntry, key: &Key) -> Self {
        let objects = live.objects.iter().map(|(kind, objects)| {
            let objects = objects.iter().map(|object| Object::of(name, kind, object, key));
            ((*kind).to_owned(), objects.collect())
        });
        Self {
            of,
            generation: live.facts.generation,
            configurations: live.facts.configurations.clone(),
            unconfirmed: match &live.facts.organization {
                Organization::Confirmed => None,
                Organization::Unconfirmed(why) => Some(why.clone()),
            },
            catalogue: live.facts.catalogue.iter().map(Provider::of).collect(),
            catalogue_known: live.facts.catalogue_known,
            objects: objects.collect(),
            foreign: live.foreign.iter().map(|(kind, ids)| ((*kind).to_owned(), ids.clone())).collect(),
            connections: live.connections.as_ref().map(|all| all.iter().map(Served::of).collect()),
            unseen: live.unseen.clone(),
            numbers: live
                .numbers
                .iter()
                .map(|(number, row)| (number.clone(), Number { id: row.id, bridge: row.bridge.clone() }))
                .collect(),
            spellings: live
                .spellings
                .iter()
                .map(|((bridge, number), spelling)| (bridge.clone(), number.clone(), spelling.clone()))
                .collect(),
            missing: live.missing.clone(),
            unreadable: live
                .unreadable
                .iter()
                .map(|(kind, all)| ((*kind).to_owned(), all.iter().map(why).collect::<BTreeMap<_, _>>()))
                .collect(),
            odd_rows: live.odd_rows.iter().map(|(kind, rows)| ((*kind).to_owned(), rows.clone())).collect(),
            unlisted: live.unlisted.iter().map(|(kind, why)| ((*kind).to_owned(), why.clone())).collect(),
            unlinked: live.unlinked.clone(),
        }
    }

    fn live(self, name: &str, key: Option<&Key>) -> Result<LiveAccount, String> {
        let backend = backend::by_api(&self.of.api).ok_or_else(|| format!("no service `{}`", self.of.api))?;
        let mut objects = BTreeMap::new();
        for (kind, rows) in self.objects {
            let kind = word(backend.kinds.iter().map(|kind| kind.name), &kind)?;
            let rows: Result<_, String> =
                rows.into_iter().map(|row| row.live(backend, name, kind, key)).collect();
            objects.insert(kind, rows?);
        }
        let mut unreadable: BTreeMap<&'static str, BTreeMap<String, Unreadable>> = BTreeMap::new();
        for (kind, all) in self.unreadable {
            let kind = word(backend.kinds.iter().map(|kind| kind.name), &kind)?;
            unreadable.insert(kind, all.into_iter().map(|(id, it)| (id, it.live())).collect());
        }
        let mut odd_rows = BTreeMap::new();
        for (kind, rows) in self.odd_rows {
            odd_rows.insert(word(backend.kinds.iter().map(|kind| kind.name), &kind)?, rows);
        }
        let mut unlisted = BTreeMap::new();
        for (kind, why) in self.unlisted {
            unlisted.insert(word(backend.kinds.iter().map(|kind| kind.name), &kind)?, why);
        }
        let mut foreign = BTreeMap::new();
        for (kind, ids) in self.foreign {
            foreign.insert(word(backend.kinds.iter().map(|kind| kind.name), &kind)?, ids);
        }
        Ok(LiveAccount {
            facts: Facts {
                generation: self.generation,
                configurations: self.configurations,
                organization: self.unconfirmed.map_or(Organization::Confirmed, Organization::Unconfirmed),
                catalogue: self.catalogue.into_iter().map(Provider::live).collect(),
                catalogue_known: self.catalogue_known,
            },
            objects,
            foreign,
            connections: self.connections.map(|all| all.into_iter().map(Served::live).collect()),
            unseen: self.unseen,
            numbers: self
                .numbers
                .into_iter()
                .map(|(number, row)| (number, LiveNumber { id: row.id, bridge: row.bridge }))
                .collect(),
            spellings: self
                .spellings
                .into_iter()
                .map(|(bridge, number, it)| ((bridge, number), it))
                .collect(),
            missing: self.missing,
            unreadable,
            odd_rows,
            unlisted,
            unlinked: self.unlinked,
        })
    }
}

impl Object {
    fn of(account: &str, kind: &str, live: &LiveObject, key: &Key) -> Self {
        let text = |map: &Fields<Packed>| {
            map.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let secrets = live.secrets.iter().map(|(field, print)| {
            let padded = print.as_ref().map(|print| key.pad(&[account, kind, &live.id, field], print));
            ((*field).to_owned(), padded)
        });
        Self {
            id: live.id.clone(),
            attributes: text(&live.attributes),
            masked: text(&live.masked),
            secrets: secrets.collect(),
            odd: live.odd.iter().map(|(name, shape)| ((*name).to_owned(), (*shape).to_owned())).collect(),
            unknown: live.unknown.clone(),
        }
    }

    fn live(
        self,
        backend: &'static Backend,
        account: &str,
        kind: &'static str,
        key: Option<&Key>,
    ) -> Result<LiveObject, String> {
        let fields = || {
            let shapes = backend.kinds.iter().filter(move |shape| shape.name == kind);
            shapes.flat_map(|shape| shape.fields.iter().map(|field| field.name))
        };
        let known = |map: BTreeMap<String, Packed>| -> Result<Fields<Packed>, String> {
            map.into_iter().map(|(name, value)| Ok((word(fields(), &name)?, value))).collect()
        };
        let mut secrets = Fields::new();
        for (field, padded) in self.secrets {
            let print = match (padded, key) {
                (Some(padded), Some(key)) => Some(
                    key.unpad(&[account, kind, &self.id, &field], &padded)
                        .ok_or_else(|| format!("a fingerprint of {kind} {} is damaged", self.id))?,
                ),
                _ => None,
            };
            secrets.insert(word(fields(), &field)?, print);
        }
        let odd = self
            .odd
            .into_iter()
            .map(|(name, shape)| Ok((word(fields(), &name)?, word(SHAPES.into_iter(), &shape)?)));
        Ok(LiveObject {
            odd: odd.collect::<Result<_, String>>()?,
            attributes: known(self.attributes)?,
            masked: known(self.masked)?,
            secrets,
            id: self.id,
            unknown: self.unknown,
        })
    }
}

const SHAPES: [&str; 3] = ["a map", "a list", "a single value"];

/// A name as the tables have it.
fn word(mut known: impl Iterator<Item = &'static str>, name: &str) -> Result<&'static str, String> {
    known.find(|known| *known == name).ok_or_else(|| format!("the tables know no `{name}`"))
}

impl Provider {
    fn of(live: &CatalogueEntry) -> Self {
        Self { id: live.id, slug: live.slug.clone(), name: live.name.clone() }
    }

    fn live(self) -> CatalogueEntry {
        CatalogueEntry { id: self.id, slug: self.slug, name: self.name }
    }
}

impl Served {
    fn of(live: &Connection) -> Self {
        let by = match &live.target {
            Target::Exact(id) => By::Exact(id.clone()),
            Target::Inferred(id) => By::Inferred(id.clone()),
            Target::Recorded(id) => By::Recorded(id.clone()),
            Target::Ambiguous(ids) => By::Ambiguous(ids.clone()),
            Target::Unserved => By::Unserved,
            Target::Foreign { id, owner } => By::Foreign { id: id.clone(), owner: owner.clone() },
        };
        Self { bridge: live.bridge.clone(), number: live.number.clone(), number_id: live.number_id, by }
    }

    fn live(self) -> Connection {
        let target = match self.by {
            By::Exact(id) => Target::Exact(id),
            By::Inferred(id) => Target::Inferred(id),
            By::Recorded(id) => Target::Recorded(id),
            By::Ambiguous(ids) => Target::Ambiguous(ids),
            By::Unserved => Target::Unserved,
            By::Foreign { id, owner } => Target::Foreign { id, owner },
        };
        Connection { bridge: self.bridge, number: self.number, number_id: self.number_id, target }
    }
}
