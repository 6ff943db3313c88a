//! Small reads around one step: is the object still what the plan saw, did the write arrive, who sits on this bridge.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{ApiError, Effect, ReadOnly, Verdict};
use crate::backend::unpod::rows;
use crate::call::Method;
use crate::kind::{Kind, Link, List, NumberWord, Type, text_of};
use crate::ledger::{Key, Ledger};
use crate::live::{self, LiveError};
use crate::resource::{Account, Connection, Desired, Facts, LiveObject, owned_by};
use crate::value::{Packed, Value};

/// Who serves a number on a bridge, as one read of the bridge shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seat {
    /// The number is not on the bridge.
    Empty,
    /// It is, and no configuration serves it.
    Unserved,
    /// This configuration serves it.
    By(String),
    /// It is, and the service does not say who serves it (generation 2).
    Unknown,
}

impl Seat {
    /// In words, for messages.
    pub fn words(&self) -> String {
        match self {
            Self::Empty => "is not on it".to_owned(),
            Self::Unserved => "is on it and nobody serves it".to_owned(),
            Self::By(id) => format!("is served by configuration {id}"),
            Self::Unknown => "is still on it".to_owned(),
        }
    }
}

/// Path of a kind's collection or of one object.
fn path(template: &str, facts: &Facts, id: &str) -> String {
    let spelling =
        facts.configurations.as_deref().unwrap_or(crate::backend::unpod::CONFIGURATION_SPELLINGS[0]);
    template.replace("{configurations}", spelling).replace("{id}", id)
}

/// The object in an answer to a read or a write of it.
pub fn object_in(kind: &'static Kind, key: &Key, body: &Value) -> Option<LiveObject> {
    let row = rows::object(body).ok()?;
    live::object(kind, Value::Object(row.clone()), key).ok()
}

/// What the service itself calls the row in an answer: the number beside a slug.
pub fn row_in(body: &Value) -> Option<String> {
    rows::object(body).ok()?.get("id").and_then(text_of)
}

/// The owner of the object in an answer, where that is another organization, or none.
fn foreign(account: &Account, body: &Value) -> Option<Option<String>> {
    account.foreign_owner(&Value::Object(rows::object(body).ok()?.clone()))
}

fn unreadable(account: &Account, target: &str, why: &str) -> ApiError {
    ApiError {
        account: account.name.clone(),
        method: Method::Get,
        target: target.to_owned(),
        status: None,
        verdict: Verdict::Unexpected,
        effect: Effect::None,
        text: why.to_owned(),
        request_id: None,
    }
}

/// Reads one object; `None` when it is gone.
pub async fn object(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    facts: &Facts,
    key: &Key,
    id: &str,
) -> Result<Option<LiveObject>, ApiError> {
    let path = path(kind.member, facts, id);
    match api.get(&account.name, &path, &[]).await {
        Ok(answer) => match object_in(kind, key, &answer.body) {
            Some(object) if object.id == id => match foreign(account, &answer.body) {
                None => Ok(Some(object)),
                Some(owner) => {
                    let why = format!("{} {id} belongs to {}", kind.singular, owned_by(owner.as_deref()));
                    Err(unreadable(account, &path, &why))
                }
            },
            Some(other) => Err(unreadable(account, &path, &format!("the answer is about {}", other.id))),
            None => Err(unreadable(account, &path, "the answer holds no object")),
        },
        Err(error) if error.verdict == Verdict::Gone => Ok(None),
        Err(error) => Err(error),
    }
}

/// Live objects that have a natural key, read afresh.
pub async fn with_key(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    facts: &Facts,
    key: &Key,
    natural: &BTreeMap<String, Value>,
) -> Result<Vec<LiveObject>, ApiError> {
    if let Some(Value::String(id)) = natural.get(kind.id) {
        return Ok(object(api, account, kind, facts, key, id).await?.into_iter().collect());
    }
    let path = path(kind.collection, facts, "");
    let query = match kind.list {
        List::Offset { size, order } => {
            let Some(filter) = filter(natural) else {
                return Err(unreadable(
                    account,
                    &path,
                    "a value of the natural key cannot stand in a filter",
                ));
            };
            vec![
                ("limit", size.to_string()),
                ("offset", "0".to_owned()),
                ("order", order.to_owned()),
                ("filter", filter),
            ]
        }
        List::Whole | List::Pages { .. } => Vec::new(),
    };
    let answer = match api.get(&account.name, &path, &query).await {
        Ok(answer) => answer,
        // A service without this filter: the listing that the plan was made from is the last look there is.
        Err(error) if error.verdict == Verdict::Refused && !query.is_empty() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let items = match answer.body.get("items") {
        Some(Value::Array(items)) => items.as_slice(),
        _ => rows::rows(&answer.body, true).map_err(|why| unreadable(account, &path, why))?,
    };
    Ok(items
        .iter()
        .filter(|row| account.foreign_owner(row).is_none())
        .filter_map(|row| live::object(kind, row.clone(), key).ok())
        .filter(|object| natural.iter().all(|(name, wanted)| fits(kind, facts, object, name, wanted)))
        .collect())
}

fn fits(kind: &Kind, facts: &Facts, object: &LiveObject, name: &str, wanted: &Value) -> bool {
    let wanted = &Packed::from(wanted);
    let (Some(field), Some(shown)) = (kind.field(name), object.attributes.get(name)) else { return false };
    if field.ty == Type::CatalogueEntry {
        return crate::backend::unpod::catalogue::same(&facts.catalogue, wanted, shown);
    }
    field.same(wanted, shown)
}

/// `login eq "acme"`: only `eq`, always quoted, nothing that would need escaping (carrierx.md 3.1).
fn filter(natural: &BTreeMap<String, Value>) -> Option<String> {
    let mut parts = Vec::with_capacity(natural.len());
    for (name, value) in natural {
        let text = value.as_str()?;
        if text.chars().any(|character| matches!(character, '"' | '\\') || character.is_control()) {
            return None;
        }
        parts.push(format!("{name} eq \"{text}\""));
    }
    Some(parts.join(" and "))
}

/// Who sits on a bridge; `None` when the bridge is gone.
pub async fn bridge(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    facts: &Facts,
    slug: &str,
) -> Result<Option<BTreeMap<String, Seat>>, ApiError> {
    let path = path(kind.member, facts, slug);
    let answer = match api.get(&account.name, &path, &[]).await {
        Ok(answer) => answer,
        Err(error) if error.verdict == Verdict::Gone => return Ok(None),
        Err(error) => return Err(error),
    };
    let row = rows::object(&answer.body).map_err(|why| unreadable(account, &path, why))?;
    let numbers = match row.get("numbers") {
        Some(Value::Array(numbers)) => numbers.as_slice(),
        Some(Value::Null) | None => &[],
        Some(_) => return Err(unreadable(account, &path, "`numbers` is no list")),
    };
    let says_who = kind.link.is_some_and(|link: &Link| matches!(link.number, NumberWord::Id(_)));
    Ok(Some(
        numbers
            .iter()
            .filter_map(|number| Some((rows::number_in(number)?, seat(number, says_who))))
            .collect(),
    ))
}

/// The configuration in a number's row (unpod.md 10, step 3a).
fn seat(number: &Value, says_who: bool) -> Seat {
    for key in ["provider_config_id", "provider_configuration", "provider_credential"] {
        match number.get(key) {
            Some(Value::Object(inner)) => {
                if let Some(id) = inner.get("id").and_then(rows::whole) {
                    return Seat::By(id.to_string());
                }
            }
            Some(Value::Null) => return Seat::Unserved,
            Some(value) => {
                if let Some(id) = rows::whole(value) {
                    return Seat::By(id.to_string());
                }
            }
            None => {}
        }
    }
    if says_who { Seat::Unserved } else { Seat::Unknown }
}

/// Every use of an account's configurations that it shows.
#[derive(Debug, Default)]
pub struct Uses {
    connections: Vec<Connection>,
    unseen: BTreeMap<String, BTreeSet<String>>,
    /// Bridges that cannot be read.
    opaque: Vec<String>,
    /// The configurations as they were then.
    pub configurations: Vec<LiveObject>,
}

impl Uses {
    /// What the delete of a configuration would silence: the bridge, and what is on it in words. `unread` are the bridges that
    /// the plan knew as unreadable.
    pub fn of(&self, id: &str, unread: &[String]) -> Vec<(String, String)> {
        // What the plan did not know as unreadable may use it.
        let opaque = self.opaque.iter().filter(|slug| !unread.contains(slug));
        let opaque = opaque
            .map(|slug| (slug.clone(), format!("bridge {slug}, which cannot be read any more, may use it")));
        let connected = self.connections.iter().filter(|connection| connection.target.may_be(id));
        let connected = connected.map(|connection| {
            let word = if connection.target.id().is_some() { "uses" } else { "may use" };
            let words = format!("{} on bridge {} {word} it", connection.number, connection.bridge);
            (connection.bridge.clone(), words)
        });
        let unseen = self.unseen.iter().filter(|(_, candidates)| candidates.contains(id));
        let unseen = unseen.map(|(bridge, _)| {
            (bridge.clone(), format!("bridge {bridge}, which shows no number, may use it"))
        });
        opaque.chain(connected).chain(unseen).collect()
    }
}

/// Reads a whole account afresh, for all that uses its configurations.
pub async fn uses(
    api: &ReadOnly<'_>,
    account: &Account,
    key: &Key,
    ledger: &Ledger,
) -> Result<Uses, LiveError> {
    let desired = Desired {
        accounts: [(account.name.clone(), account.clone())].into_iter().collect(),
        kinds: account.backend.kinds.iter().map(|kind| kind.name.into()).collect::<BTreeSet<_>>(),
        ..Desired::default()
    };
    let mut live = live::read(api, &desired, ledger, key, true).await?;
    let Some(read) = live.accounts.remove(&account.name) else { return Ok(Uses::default()) };
    let holders = account.backend.kinds.iter().filter(|kind| kind.link.is_some());
    let holders: BTreeSet<&str> = holders.map(|kind| kind.name).collect();
    let opaque = holders.iter().flat_map(|kind| read.opaque(kind)).map(|slug| slug.to_string()).collect();
    let connected = |kind: &str| account.backend.kinds.iter().any(|it| it.name == kind && it.connected);
    let objects =
        read.objects.into_iter().filter(|(kind, _)| connected(kind)).flat_map(|(_, objects)| objects);
    Ok(Uses {
        connections: read.connections.unwrap_or_default(),
        unseen: read.unseen,
        opaque,
        configurations: objects.collect(),
    })
}

/// What is left of these uses: their bridges read again, and nothing else.
pub async fn uses_again(
    api: &ReadOnly<'_>,
    account: &Account,
    facts: &Facts,
    key: &Key,
    ledger: &Ledger,
    (before, bridges): (&Uses, &BTreeSet<String>),
) -> Result<Uses, LiveError> {
    let objects = &before.configurations;
    let read = live::read_connections(api, account, facts, objects, ledger, key, bridges).await?;
    Ok(Uses {
        connections: read.connections,
        unseen: read.unseen,
        opaque: Vec::new(),
        configurations: Vec::new(),
    })
}
