//! Small reads around one step: whether the object is unchanged since the plan, whether the write arrived, which
//! numbers are on a bridge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Map;

use super::paging::is_unnamed;
use crate::http::{AnswerClass, ApiError, LazyJson, ReadOnly, RequestEffect};
use crate::model::call::RequestMethod;
use crate::model::kind::{CollectionListing, Kind, LinkRoles, ServiceTable, text_of};
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{Account, AccountFacts, Connection, Desired, LiveObject, ServedBy, owned_by};
use crate::model::value::{AttributeValues, CompactValue, Value};
use crate::read::{self, AccountReader, Again, ReadError, ReadingOf};
use crate::text::with_article;

/// Why the row of one object is not known.
#[derive(Debug)]
pub(super) enum RowError {
    /// The request failed.
    Request(ApiError),
    /// The answer is not a row of this object; the text says what it is.
    Shape(String),
}

/// The row of one object.
pub(super) struct FoundRow {
    /// The row, without what the service wraps it in.
    pub(super) row: Map<String, Value>,
    /// The whole answer, where it was read by itself.
    pub(super) answer: Option<LazyJson>,
}

/// Reads the row of one object by its identity: everything that asks for one object does so here. `None`: the service says that
/// it does not exist. `spelling` is for paths with a part that the service spells in more than one way.
pub(super) async fn read_row(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    spelling: Option<&str>,
    key: &FingerprintKey,
    id: &str,
) -> Result<Option<FoundRow>, RowError> {
    // A path with anything but digits is an unknown one there (unpod.md 5, recorded).
    if kind.numeric_id && (id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Ok(None);
    }
    if kind.state_filter.is_some() {
        return listed_row(api, account, kind, key, id).await;
    }
    let answer = match api.get(&account.name, &kind.filled(kind.member, spelling, id), &[]).await {
        Ok(answer) => answer.body,
        Err(error) if error.class == AnswerClass::Gone => return Ok(None),
        Err(error) => return Err(RowError::Request(error)),
    };
    let row = account.service.envelope.object(&answer).map_err(RowError::Shape)?.clone();
    if kind.shows_gone(&row) {
        return Ok(None);
    }
    match read::identity_in(kind, &row, key) {
        Some(found) if found == id => Ok(Some(FoundRow { row, answer: Some(answer) })),
        Some(other) => Err(RowError::Shape(format!("it is about {other}"))),
        None => Err(RowError::Shape(format!("{} has no usable `{}`", with_article(kind.singular), kind.id))),
    }
}

/// The row of one object in the listing of its kind.
async fn listed_row(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    key: &FingerprintKey,
    id: &str,
) -> Result<Option<FoundRow>, RowError> {
    let (desired, ledger) = (Desired::default(), Ledger::with_new_id());
    let reader = AccountReader::for_one_account(api, account, &desired, &ledger, key);
    let rows =
        reader.rows_with_state(kind, &format!("listing the {}", kind.name)).await.map_err(|error| match error.request {
            Some(request) => RowError::Request(*request),
            None => RowError::Shape(error.means),
        })?;
    let mut rows = rows.into_values().filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None });
    let row = rows.find(|row| read::identity_in(kind, row, key).is_some_and(|found| found == id));
    Ok(row.filter(|row| !kind.shows_gone(row)).map(|row| FoundRow { row, answer: None }))
}

/// The object in an answer to a read or a write of it.
pub fn object_in(service: &ServiceTable, kind: &'static Kind, key: &FingerprintKey, body: &Value) -> Option<LiveObject> {
    let row = service.envelope.object(body).ok()?;
    read::parse_object(kind, Value::Object(row.clone()), key).ok()
}

/// The service's own id of the row in an answer: the number beside a slug.
pub fn row_in(account: &Account, body: &Value) -> Option<String> {
    account.service.envelope.object(body).ok()?.get("id").and_then(text_of)
}

fn unreadable_answer(account: &Account, target: &str, why: &str) -> ApiError {
    ApiError {
        account: account.name.clone(),
        method: RequestMethod::Get,
        target: target.to_owned(),
        status: None,
        class: AnswerClass::Unexpected,
        effect: RequestEffect::None,
        text: why.to_owned(),
        request_id: None,
    }
}

/// Reads one object; `None` when it does not exist.
pub async fn read_object_by_id(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    facts: &AccountFacts,
    key: &FingerprintKey,
    id: &str,
) -> Result<Option<LiveObject>, ApiError> {
    let unreadable = |why: &str| unreadable_answer(account, &kind.member_path(facts, id), why);
    let Some(row) = row_by_id(api, account, kind, facts, key, id).await? else { return Ok(None) };
    let row = Value::Object(row);
    if let Some(owner) = account.foreign_owner(&row) {
        return Err(unreadable(&format!("{} {id} belongs to {}", kind.singular, owned_by(owner.as_deref()))));
    }
    read::parse_object(kind, row, key).map(Some).map_err(|why| unreadable(&why))
}

/// The row of one object, where an answer with another one is a failed request.
async fn row_by_id(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    facts: &AccountFacts,
    key: &FingerprintKey,
    id: &str,
) -> Result<Option<Map<String, Value>>, ApiError> {
    match read_row(api, account, kind, facts.configurations.as_deref(), key, id).await {
        Ok(found) => Ok(found.map(|found| found.row)),
        Err(RowError::Request(error)) => Err(error),
        Err(RowError::Shape(what)) => Err(unreadable_answer(account, &kind.member_path(facts, id), &what)),
    }
}

/// Live objects that have a natural key, read again.
pub async fn with_key(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    facts: &AccountFacts,
    key: &FingerprintKey,
    natural: &AttributeValues,
) -> Result<Vec<LiveObject>, ApiError> {
    if let Some(Value::String(id)) = natural.get(kind.id) {
        return Ok(read_object_by_id(api, account, kind, facts, key, id).await?.into_iter().collect());
    }
    let path = kind.collection_path(facts);
    let query = match kind.list {
        CollectionListing::Offset { size, order } => {
            let Some(filter) = natural_key_filter(natural) else {
                return Err(unreadable_answer(account, &path, "a value of the natural key cannot be used in a filter"));
            };
            vec![("limit", size.to_string()), ("offset", "0".to_owned()), ("order", order.to_owned()), ("filter", filter)]
        }
        CollectionListing::Whole => Vec::new(),
        CollectionListing::Pages { .. } | CollectionListing::Cursor { .. } => {
            let (desired, ledger) = (Desired::default(), Ledger::with_new_id());
            let reader = AccountReader::for_one_account(api, account, &desired, &ledger, key);
            let listed = reader.read_stable_listing(kind).await.map_err(|error| match error.request {
                Some(request) => *request,
                None => unreadable_answer(account, &path, &error.means),
            })?;
            return Ok(having(natural, kind, facts, listed.objects.into_iter()));
        }
    };
    let answer = match api.get(&account.name, &path, &query).await {
        Ok(answer) => answer,
        // A service without this filter: the listing that the plan was made from is the latest reading available.
        Err(error) if error.class == AnswerClass::Refused && !query.is_empty() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let items = match answer.body.get("items") {
        Some(Value::Array(items)) => items.as_slice(),
        _ => {
            let rows = account.service.envelope.rows(&answer.body, true);
            rows.map_err(|why| unreadable_answer(account, &path, &why))?
        }
    };
    let own = items.iter().filter(|row| account.foreign_owner(row).is_none() && !kind.is_gone(row));
    let objects = own.filter_map(|row| read::parse_object(kind, row.clone(), key).ok());
    Ok(having(natural, kind, facts, objects))
}

/// Those of the objects that have this natural key.
fn having(
    natural: &AttributeValues,
    kind: &Kind,
    facts: &AccountFacts,
    objects: impl Iterator<Item = LiveObject>,
) -> Vec<LiveObject> {
    let fits = |object: &LiveObject| natural.iter().all(|(name, wanted)| attribute_fits(kind, facts, object, name, wanted));
    objects.filter(fits).collect()
}

fn attribute_fits(kind: &Kind, facts: &AccountFacts, object: &LiveObject, name: &str, wanted: &Value) -> bool {
    let wanted = &CompactValue::from(wanted);
    let (Some(field), Some(shown)) = (kind.field(name), object.attributes.get(name)) else { return false };
    field.same_in(&facts.catalogue, wanted, shown)
}

/// `login eq "acme"`: only `eq`, always quoted, no text that would need escaping (carrierx.md 3.1).
fn natural_key_filter(natural: &AttributeValues) -> Option<String> {
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

/// The numbers on a bridge; `None` when the bridge does not exist.
pub async fn read_bridge_servers(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    facts: &AccountFacts,
    key: &FingerprintKey,
    slug: &str,
) -> Result<Option<BTreeMap<String, ServedBy>>, ApiError> {
    let Some(row) = row_by_id(api, account, kind, facts, key, slug).await? else { return Ok(None) };
    let Some(link) = kind.link else { return Ok(Some(BTreeMap::new())) };
    let servers = link.served_by(&row);
    servers.map(Some).map_err(|why| unreadable_answer(account, &kind.member_path(facts, slug), why))
}

/// Every visible use of an account's configurations.
#[derive(Debug)]
pub struct ConfigurationUses {
    /// The service's word for a bridge.
    holder: &'static str,
    connections: Vec<Connection>,
    unseen_candidates: BTreeMap<String, BTreeSet<String>>,
    /// Bridges that cannot be read.
    unreadable_bridges: Vec<String>,
    /// The configurations at that time.
    pub configurations: Vec<LiveObject>,
}

impl ConfigurationUses {
    fn none(holder: &'static str) -> Self {
        Self {
            holder,
            connections: Vec::new(),
            unseen_candidates: BTreeMap::new(),
            unreadable_bridges: Vec::new(),
            configurations: Vec::new(),
        }
    }

    /// What a request that darkens a configuration would silence: the bridge, and what is on it in words. `unread` are the bridges
    /// that were unreadable for the plan; a `counted` number is to be dark.
    pub fn uses_of(&self, id: &str, unread: &[String], counted: &dyn Fn(&str) -> bool) -> Vec<(String, String)> {
        let holder = self.holder;
        // A bridge that was not unreadable for the plan may use it.
        let opaque = self.unreadable_bridges.iter().filter(|slug| !unread.contains(slug));
        let opaque = opaque.map(|slug| (slug.clone(), format!("{holder} {slug}, which can no longer be read, may use it")));
        let connected = self.connections.iter().filter(|it| it.served_by.may_be(id) && !counted(&it.number));
        let connected = connected.map(|connection| {
            let word = if connection.served_by.id().is_some() { "uses" } else { "may use" };
            let words = format!("{} on {holder} {} {word} it", connection.number, connection.bridge);
            (connection.bridge.clone(), words)
        });
        let unseen = self.unseen_candidates.iter().filter(|(_, candidates)| candidates.contains(id));
        let unseen = unseen.map(|(bridge, _)| (bridge.clone(), format!("{holder} {bridge}, which shows no number, may use it")));
        opaque.chain(connected).chain(unseen).collect()
    }
}

/// Reads a whole account again, for all uses of its configurations.
pub async fn read_uses(
    reading_of: ReadingOf,
    api: &ReadOnly<'_>,
    account: &Account,
    key: &FingerprintKey,
    ledger: &Ledger,
) -> Result<ConfigurationUses, ReadError> {
    let desired = Desired {
        accounts: [(account.name.clone(), account.clone())].into_iter().collect(),
        kinds: account.service.link_roles().into_iter().flat_map(LinkRoles::ends).map(Into::into).collect::<BTreeSet<_>>(),
        ..Desired::default()
    };
    let holder = account.service.link_words().holder;
    let mut live = read::read_all(reading_of, api, &desired, ledger, key, true).await?;
    let Some(read) = live.accounts.remove(&account.name) else {
        return Ok(ConfigurationUses::none(holder));
    };
    let holders = account.service.kinds.iter().filter(|kind| kind.link.is_some());
    let holders: BTreeSet<&str> = holders.map(|kind| kind.name).collect();
    let opaque = holders.iter().flat_map(|kind| read.opaque_objects(kind)).map(|slug| slug.to_string()).collect();
    let connected = |kind: &str| account.service.kinds.iter().any(|it| it.name == kind && it.connected);
    let objects = read.objects.into_iter().filter(|(kind, _)| connected(kind)).flat_map(|(_, objects)| objects);
    Ok(ConfigurationUses {
        holder,
        connections: read.connections.unwrap_or_default(),
        unseen_candidates: read.unseen_candidates,
        unreadable_bridges: opaque,
        configurations: objects.collect(),
    })
}

/// The remaining uses: only their bridges are read again.
pub async fn reread_uses(
    again: Again<'_>,
    before: &ConfigurationUses,
    bridges: &BTreeSet<String>,
) -> Result<ConfigurationUses, ReadError> {
    // A row that names nothing cannot be read by itself.
    let (unnamed, named): (BTreeSet<String>, BTreeSet<String>) = bridges.iter().cloned().partition(|id| is_unnamed(id));
    let read = again.connections(&before.configurations, &named).await?;
    Ok(ConfigurationUses {
        unreadable_bridges: unnamed.into_iter().collect(),
        connections: read.connections,
        unseen_candidates: read.unseen_candidates,
        ..ConfigurationUses::none(before.holder)
    })
}
