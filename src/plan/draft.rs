//! The one place that chooses between POST, PATCH, PUT and DELETE (spec 4). Steps are drafted under readable names and get
//! their numbers when the order is known.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::across::Predecessor;
use super::change::{AttributeChange, Difference, Shown};
use super::step::{Operation, Phase, Seat, Step};
use super::{Inputs, note::RefusalCode};
pub(super) use crate::backend::unpod::catalogue::sent;
use crate::call::{Body, Call, Method, Payload};
use crate::kind::{Access, Delete, Kind, Type, Update};
use crate::resource::{Address, DesiredObject, Facts, LiveObject, Wanted};
use crate::value::{Packed, Value};

/// A step and its place in the order: steps are sorted by phase, then rank, then subject, then turn.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) rank: u8,
    pub(super) subject: String,
    pub(super) turn: u8,
    pub(super) step: Step,
}

/// The draft name of the step that creates an object.
pub(super) fn create_name(address: &Address) -> String {
    format!("create {address}")
}

/// The draft name of the step that deletes an object.
pub(super) fn delete_name(account: &str, kind: &str, id: &str) -> String {
    format!("delete {account} {kind} {id}")
}

/// Path of a kind's collection or of one object, every known part filled in.
pub(super) fn path(template: &str, facts: &Facts, id: &str) -> String {
    let spelling =
        facts.configurations.as_deref().unwrap_or(crate::backend::unpod::CONFIGURATION_SPELLINGS[0]);
    template.replace("{configurations}", spelling).replace("{id}", id)
}

/// POST of a new object. `assigned` are the ids of numbers that can only join the bridge now (generation 1).
pub(super) fn create(
    inputs: &Inputs<'_>,
    object: &DesiredObject,
    kind: &'static Kind,
    assigned: &[u64],
    replaces: Option<Predecessor<'_>>,
) -> Draft {
    let facts = inputs.facts(&object.account);
    let mut entries = IndexMap::new();
    let mut secrets = Vec::new();
    for field in kind.fields.iter().filter(|field| field.access != Access::ReadOnly && !unused(object, field))
    {
        match object.attributes.get(field.name) {
            Some(Wanted::Secret(_)) => {
                secrets.push(field.name.to_owned());
                entries.insert(field.name.to_owned(), secret(&object.address, field.name));
            }
            Some(Wanted::Value(value)) if !value.is_null() => {
                entries.insert(field.name.to_owned(), Payload::Value(sent(field.ty, value, facts).json()));
            }
            _ => {}
        }
    }
    if let Some(key) = kind.link.and_then(|link| link.assigned_on_create)
        && !assigned.is_empty()
    {
        entries.insert(key.to_owned(), Payload::Value(Value::from(assigned.to_vec())));
    }
    let key: BTreeMap<String, Value> = kind
        .natural_key
        .iter()
        .filter_map(|name| match object.attributes.get(name) {
            Some(Wanted::Value(value)) => {
                Some(((*name).to_owned(), sent_by_name(kind, name, value, facts).json()))
            }
            _ => None,
        })
        .collect();
    // The service may complete the identity itself (a slug with a suffix, unpod.md 6.1): it is read, not expected.
    let expect = key
        .iter()
        .filter(|(name, _)| name.as_str() != kind.id)
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let across = replaces.filter(|old| old.account != object.account);
    let call = Call {
        account: object.account.clone(),
        method: Method::Post,
        path: path(kind.collection, facts, ""),
        query: Vec::new(),
        headers: Vec::new(),
        body: Some(Body::Object(entries)),
    };
    Draft {
        rank: kind.rank,
        subject: object.address.to_string(),
        turn: 0,
        step: Step {
            id: create_name(&object.address),
            phase: Phase::Create,
            address: Some(object.address.clone()),
            call,
            operation: Operation::Create {
                key,
                expect,
                secrets,
                replaces: replaces.map(|old| old.live.id.clone()),
                replaces_in: across.map(|old| old.account.to_owned()),
            },
            why: match (replaces, across) {
                (None, _) => "no live object has this address, id or natural key".to_owned(),
                (Some(old), None) => format!("it takes the place of {}", old.live.id),
                (Some(old), Some(_)) => {
                    format!("it takes the place of {} of account {}", old.live.id, old.account)
                }
            },
            waits_for: Vec::new(),
        },
    }
}

/// Whether the service would drop the attribute, so that it is not sent (carrierx.md 4.3).
fn unused(object: &DesiredObject, field: &crate::kind::Field) -> bool {
    field.only_with.is_some_and(|(other, needed)| {
        !matches!(object.attributes.get(other), Some(Wanted::Value(value)) if value.as_str() == Some(needed))
    })
}

fn secret(address: &Address, attribute: &str) -> Payload {
    Payload::Secret { address: address.clone(), attribute: attribute.to_owned() }
}

fn sent_by_name(kind: &Kind, name: &str, value: &Packed, facts: &Facts) -> Packed {
    kind.field(name).map_or_else(|| value.clone(), |field| sent(field.ty, value, facts))
}

/// PATCH or PUT of an object that exists; `Err` is the rule that refuses and why.
pub(super) fn update(
    inputs: &Inputs<'_>,
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    difference: &Difference,
) -> Result<Draft, (RefusalCode, String)> {
    let facts = inputs.facts(&object.account);
    let plain = |changes: &[AttributeChange]| -> BTreeMap<String, Value> {
        changes
            .iter()
            .filter_map(|change| match &change.after {
                Shown::Value(value) => {
                    Some((change.name.clone(), sent_by_name(kind, &change.name, &value.into(), facts).json()))
                }
                _ => None,
            })
            .collect()
    };
    let secrets: Vec<String> = difference
        .update
        .iter()
        .filter(|change| matches!(change.after, Shown::Secret(_)))
        .map(|change| change.name.clone())
        .collect();
    let changed = plain(&difference.update);
    let (call, expect, untouched, why) = if object.put {
        blanked(object, kind, live)?;
        put(object, kind, live, facts, &difference.held)
    } else {
        patch(object, kind, live, facts, &difference.update, changed)
    };
    // Compared right before the write: what the YAML manages, sent or not, and the nested values that must stay. A token is
    // not written to a configuration that somebody has pointed at another account meanwhile.
    let managed = kind.fields.iter().filter(|field| {
        let stated = matches!(object.attributes.get(field.name), Some(Wanted::Value(_)))
            && !object.ignore.contains(field.name);
        stated || untouched.contains_key(field.name)
    });
    let seen = |name: &str| live.shown(name).map_or(Value::Null, Packed::json);
    let before = managed.map(|field| (field.name.to_owned(), seen(field.name))).collect();
    // A value that stays invisible until somebody confirms it cannot be expected in the answer.
    let expect =
        expect.into_iter().filter(|(name, _)| kind.field(name).is_none_or(|field| !field.verified)).collect();
    Ok(Draft {
        rank: kind.rank,
        subject: object.address.to_string(),
        turn: 0,
        step: Step {
            id: format!("update {}", object.address),
            phase: Phase::Update,
            address: Some(object.address.clone()),
            call,
            operation: Operation::Update { id: live.id.clone(), before, expect, untouched, secrets },
            why,
            waits_for: Vec::new(),
        },
    })
}

/// PATCH of one secret that the service does not list as changeable, after what else is changed of its object. Only what finds
/// the object is compared before it: the rest may be changed by then.
pub(super) fn update_alone(
    inputs: &Inputs<'_>,
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    name: &str,
    after: Option<String>,
) -> Draft {
    let seen = |name: &str| live.shown(name).map_or(Value::Null, Packed::json);
    let before = kind.natural_key.iter().map(|name| ((*name).to_owned(), seen(name))).collect();
    let entries = IndexMap::from([(name.to_owned(), secret(&object.address, name))]);
    Draft {
        rank: kind.rank,
        subject: object.address.to_string(),
        turn: 1,
        step: Step {
            id: format!("update {} {name}", object.address),
            phase: Phase::Update,
            address: Some(object.address.clone()),
            call: Call {
                account: object.account.clone(),
                method: Method::Patch,
                path: path(kind.member, inputs.facts(&object.account), &live.id),
                query: Vec::new(),
                headers: Vec::new(),
                body: Some(Body::Object(entries)),
            },
            operation: Operation::Update {
                id: live.id.clone(),
                before,
                expect: BTreeMap::new(),
                untouched: BTreeMap::new(),
                secrets: vec![name.to_owned()],
            },
            why: "by itself, because the service does not list it as changeable".to_owned(),
            waits_for: after.into_iter().collect(),
        },
    }
}

type Chosen = (Call, BTreeMap<String, Value>, BTreeMap<String, Value>, String);

fn patch(
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    facts: &Facts,
    changes: &[AttributeChange],
    changed: BTreeMap<String, Value>,
) -> Chosen {
    let entries: IndexMap<String, Payload> = changes
        .iter()
        .map(|change| {
            let payload = match &change.after {
                Shown::Value(value) => {
                    Payload::Value(sent_by_name(kind, &change.name, &value.into(), facts).json())
                }
                Shown::Secret(_) | Shown::Absent => secret(&object.address, &change.name),
            };
            (change.name.clone(), payload)
        })
        .collect();
    let nested = kind.fields.iter().any(|field| field.nested() && entries.contains_key(field.name));
    let mut call = Call {
        account: object.account.clone(),
        method: Method::Patch,
        path: path(kind.member, facts, &live.id),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    };
    let mut untouched = BTreeMap::new();
    let mut why = "PATCH changes only what is sent".to_owned();
    if let (Update::PatchOrPut { nested: (key, word) }, true) = (kind.update, nested) {
        call = call.with(key, word);
        why = format!(
            "PATCH with the complete nested value; {key}={word} because the service would merge it otherwise"
        );
        untouched = kind
            .fields
            .iter()
            .filter(|field| {
                field.nested() && field.access != Access::ReadOnly && !entries.contains_key(field.name)
            })
            .filter_map(|field| {
                live.attributes.get(field.name).map(|value| (field.name.to_owned(), value.json()))
            })
            .collect();
    }
    call.body = Some(Body::Object(entries));
    (call, changed, untouched, why)
}

/// PUT writes every public field: what the YAML states over what is there (carrierx.md 6.4). What was sent before and is kept
/// otherwise stays as it is.
fn put(
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    facts: &Facts,
    held: &BTreeSet<&'static str>,
) -> Chosen {
    let stated: BTreeMap<String, Value> = kind
        .fields
        .iter()
        .filter(|field| field.access == Access::Modifiable && field.ty != Type::Secret)
        .filter(|field| !object.ignore.contains(field.name) && !held.contains(field.name))
        .filter_map(|field| match object.attributes.get(field.name) {
            Some(Wanted::Value(value)) => Some((field.name.to_owned(), value.json())),
            _ => None,
        })
        .collect();
    let untouched = kind
        .fields
        .iter()
        .filter(|field| field.public && field.access != Access::ReadOnly && !stated.contains_key(field.name))
        .filter_map(|field| {
            live.attributes.get(field.name).map(|value| (field.name.to_owned(), value.json()))
        })
        .collect();
    let call = Call {
        account: object.account.clone(),
        method: Method::Put,
        path: path(kind.member, facts, &live.id),
        query: Vec::new(),
        headers: Vec::new(),
        body: Some(Body::Overlay {
            fields: kind
                .fields
                .iter()
                .filter(|field| field.public)
                .map(|field| field.name.to_owned())
                .collect(),
            set: stated.iter().map(|(name, value)| (name.clone(), Payload::Value(value.clone()))).collect(),
        }),
    };
    (call, stated, untouched, "PUT because the entry says `update: put`: the whole object as read right before, with the stated attributes over it".to_owned())
}

/// PUT would send null for an address that may only be waiting for its confirmation (carrierx.md 6.4).
fn blanked(object: &DesiredObject, kind: &Kind, live: &LiveObject) -> Result<(), (RefusalCode, String)> {
    let names: Vec<&str> = kind
        .fields
        .iter()
        .filter(|field| field.verified)
        .filter(|field| !object.attributes.contains_key(field.name) || object.ignore.contains(field.name))
        .filter(|field| live.attributes.get(field.name).is_none_or(Packed::is_null))
        .map(|field| field.name)
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    Err((
        RefusalCode::PutWouldBlank,
        format!(
            "{} reads as null and may be waiting for its confirmation; the YAML does not state it",
            names.join(", ")
        ),
    ))
}

/// DELETE of an object.
#[allow(clippy::too_many_arguments, reason = "the facts of one deletion")]
pub(super) fn delete(
    inputs: &Inputs<'_>,
    account: &str,
    address: Option<&Address>,
    kind: &'static Kind,
    live: &LiveObject,
    cut: Vec<(String, String)>,
    frees: Vec<String>,
    unread: Vec<String>,
    seats: BTreeMap<String, Seat>,
) -> Draft {
    let facts = inputs.facts(account);
    let before = kind
        .fields
        .iter()
        .filter(|field| field.access != Access::ReadOnly)
        .filter_map(|field| {
            live.attributes.get(field.name).map(|value| (field.name.to_owned(), value.json()))
        })
        .collect();
    let why = match cut.len() {
        0 if !frees.is_empty() => {
            format!("this takes {} off it: this generation cannot disconnect", frees.join(", "))
        }
        0 => match kind.delete {
            Delete::Undocumented { switch } => format!("the account allows it with `{switch}`"),
            Delete::Supported => format!("no number is known to use this {}", kind.singular),
        },
        1 => "after its 1 number was taken off and read back".to_owned(),
        n => format!("after its {n} numbers were taken off and read back"),
    };
    Draft {
        rank: kind.delete_rank,
        subject: format!("{account} {}", live.id),
        turn: 0,
        step: Step {
            id: delete_name(account, kind.name, &live.id),
            phase: Phase::Delete,
            address: address.cloned(),
            call: Call { method: Method::Delete, ..Call::get(account, path(kind.member, facts, &live.id)) },
            operation: Operation::Delete { id: live.id.clone(), before, cut, frees, unread, seats },
            why,
            waits_for: Vec::new(),
        },
    }
}
