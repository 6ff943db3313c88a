//! The one place that chooses between POST, PATCH, PUT and DELETE. Steps are drafted with readable names and
//! numbered when the order is known.

use std::collections::{BTreeMap, BTreeSet};

use super::account_moves::Predecessor;
use super::carried_along::carried_along;
use super::change::{AttributeChange, ObjectDifference, ShownValue, is_unused_field};
use super::references::body_value;
use super::step::{FreedNumber, Prerequisite, Step, StepOperation, StepPhase};
use super::{Inputs, diagnostics::RefusalCode};
use crate::model::call::{BodyEntries, BodyValue, Call, CallBody, RequestMethod};
use crate::model::kind::{AttributeAccess, AttributeType, DeleteSupport, Kind, UpdateMethod};
use crate::model::resource::{AccountFacts, Address, DesiredObject, DesiredValue, LiveObject};
use crate::model::value::{AttributeValues, CompactValue, Value};

/// A step and its position in the order: steps are sorted by phase, then rank, depth, subject and turn.
#[derive(Debug, Clone)]
pub(super) struct UnnumberedStep {
    pub(super) rank: u8,
    /// How many steps of its phase and rank come before it, at least, because of references.
    pub(super) depth: usize,
    pub(super) subject: String,
    pub(super) turn: u8,
    pub(super) step: Step,
}

/// The draft name of the step that creates an object.
pub(super) fn create_step_name(address: &Address) -> String {
    format!("create {address}")
}

/// The draft name of the step that deletes an object.
pub(super) fn delete_step_name(account: &str, kind: &str, id: &str) -> String {
    format!("delete {account} {kind} {id}")
}

/// POST of a new object. `assigned` are the ids of numbers that can join the bridge only now (generation 1).
pub(super) fn create_step(
    inputs: &Inputs<'_>,
    object: &DesiredObject,
    kind: &'static Kind,
    assigned: &[u64],
    replaces: Option<Predecessor<'_>>,
) -> UnnumberedStep {
    let facts = inputs.facts_of_account(&object.account);
    let mut entries = BodyEntries::new();
    let mut secrets = Vec::new();
    for field in kind.fields.iter().filter(|field| field.access != AttributeAccess::ReadOnly && !is_unused_field(object, field)) {
        match object.attributes.get(field.name) {
            Some(DesiredValue::Secret(_)) => {
                secrets.push(field.name.to_owned());
                entries.insert(field.name.into(), secret_payload(&object.address, field.name));
            }
            Some(DesiredValue::Value(value)) if !value.is_null() => {
                entries.insert(field.name.into(), body_value(field, facts, value));
            }
            _ => {}
        }
    }
    if let Some(key) = kind.link.and_then(|link| link.assigned_on_create)
        && !assigned.is_empty()
    {
        entries.insert(key.into(), BodyValue::Value(Value::from(assigned.to_vec()).into()));
    }
    entries.shrink_to_fit();
    let mut key = AttributeValues::with_capacity(kind.natural_key.len());
    key.extend(kind.natural_key.iter().filter_map(|name| match object.attributes.get(name) {
        Some(DesiredValue::Value(value)) => Some(((*name).to_owned(), sent_by_name(kind, name, value, facts))),
        _ => None,
    }));
    // The service may complete the identity itself (a slug with a suffix, unpod.md 6.1): so it is read from the
    // answer and not expected.
    let mut expect = key.clone();
    expect.remove(kind.id);
    let across = replaces.filter(|old| old.account != object.account);
    let call = Call {
        account: object.account.clone(),
        method: RequestMethod::Post,
        path: kind.collection_path(facts),
        query: Vec::new(),
        headers: Vec::new(),
        body: Some(CallBody::Object(entries)),
    };
    UnnumberedStep {
        rank: kind.rank,
        depth: 0,
        subject: object.address.to_string(),
        turn: 0,
        step: Step {
            id: create_step_name(&object.address),
            phase: StepPhase::Create,
            address: Some(object.address.clone()),
            call,
            operation: StepOperation::Create {
                key,
                expect,
                secrets,
                replaces: replaces.map(|old| old.live.id.clone()),
                replaces_in: across.map(|old| old.account.to_owned()),
            },
            why: match (replaces, across) {
                (None, _) => "no live object has this address, id or natural key".to_owned(),
                (Some(old), None) => format!("it replaces {}", old.live.id),
                (Some(old), Some(_)) => {
                    format!("it replaces {} of account {}", old.live.id, old.account)
                }
            },
            waits_for: Vec::new(),
        },
    }
}

fn secret_payload(address: &Address, attribute: &str) -> BodyValue {
    BodyValue::Secret { address: Box::new(address.clone()), attribute: attribute.into() }
}

/// A part of a natural key as it is sent; the id of an object that does not exist yet is blank.
fn sent_by_name(kind: &Kind, name: &str, value: &CompactValue, facts: &AccountFacts) -> Value {
    let sent = kind.field(name).map(|field| body_value(field, facts, value));
    sent.as_ref().and_then(BodyValue::known_value).unwrap_or(value).json()
}

/// PATCH or PUT of an existing object; `Err` is the rule that refuses it, and why.
pub(super) fn update_step(
    inputs: &Inputs<'_>,
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    difference: &ObjectDifference,
) -> Result<UnnumberedStep, (RefusalCode, String)> {
    let facts = inputs.facts_of_account(&object.account);
    let plain = |changes: &[AttributeChange]| -> AttributeValues {
        changes
            .iter()
            .filter_map(|change| {
                match (&change.after, kind.field(&change.name)) {
                    (ShownValue::Value(value), Some(field)) => known_value(body_value(field, facts, value)),
                    _ => None,
                }
                .map(|value| (change.name.clone(), value))
            })
            .collect()
    };
    let secrets: Vec<String> = difference
        .update
        .iter()
        .filter(|change| matches!(change.after, ShownValue::Secret(_)))
        .map(|change| change.name.clone())
        .collect();
    let along = carried_along(object, kind, live, &difference.update);
    let mut changed = plain(&difference.update);
    changed.extend(along.iter().cloned());
    let (call, expect, untouched, why) = if object.use_put {
        refuse_blanking_put(object, kind, live)?;
        put_request(object, kind, live, facts, &difference.not_resent)
    } else {
        patch_request(object, kind, live, facts, &difference.update, &along, changed)
    };
    // Compared right before the write: what the YAML manages, sent or not, and the nested values that must not change. A
    // token is not written to a configuration that was pointed at another account in the meantime.
    let managed = kind.fields.iter().filter(|field| {
        let stated = matches!(object.attributes.get(field.name), Some(DesiredValue::Value(_)))
            && !object.ignored_attributes.contains(field.name);
        stated || untouched.contains_key(field.name) || along.iter().any(|(name, _)| name == field.name)
    });
    let seen = |name: &str| live.shown_value(name).map_or(Value::Null, CompactValue::json);
    let before = managed.map(|field| (field.name.to_owned(), seen(field.name))).collect();
    // A value that stays invisible until a person confirms it cannot be expected in the answer.
    let expect = expect.into_iter().filter(|(name, _)| kind.field(name).is_none_or(|field| !field.needs_verification)).collect();
    Ok(UnnumberedStep {
        rank: kind.rank,
        depth: 0,
        subject: object.address.to_string(),
        turn: 0,
        step: Step {
            id: format!("update {}", object.address),
            phase: StepPhase::Update,
            address: Some(object.address.clone()),
            call,
            operation: StepOperation::Update { id: live.id.clone(), before, expect, untouched, secrets },
            why,
            waits_for: Vec::new(),
        },
    })
}

/// PATCH of one secret that the service does not list as changeable, after all other changes of its object. Only the natural
/// key is compared before it: the rest may have changed by then.
pub(super) fn separate_update_step(
    inputs: &Inputs<'_>,
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    name: &str,
    after: Option<String>,
) -> UnnumberedStep {
    let seen = |name: &str| live.shown_value(name).map_or(Value::Null, CompactValue::json);
    let before = kind.natural_key.iter().map(|name| ((*name).to_owned(), seen(name))).collect();
    let entries = BodyEntries::from([(name.into(), secret_payload(&object.address, name))]);
    UnnumberedStep {
        rank: kind.rank,
        depth: 0,
        subject: object.address.to_string(),
        turn: 1,
        step: Step {
            id: format!("update {} {name}", object.address),
            phase: StepPhase::Update,
            address: Some(object.address.clone()),
            call: Call {
                account: object.account.clone(),
                method: RequestMethod::Patch,
                path: kind.member_path(inputs.facts_of_account(&object.account), &live.id),
                query: Vec::new(),
                headers: Vec::new(),
                body: Some(CallBody::Object(entries)),
            },
            operation: StepOperation::Update {
                id: live.id.clone(),
                before,
                expect: AttributeValues::new(),
                untouched: AttributeValues::new(),
                secrets: vec![name.to_owned()],
            },
            why: "in a separate request, because the service does not list it as changeable".to_owned(),
            waits_for: after.into_iter().map(Prerequisite::Step).collect(),
        },
    }
}

/// A value that holds no id which a step creates.
fn known_value(value: BodyValue) -> Option<Value> {
    if let BodyValue::Value(value) = value { Some(value.json()) } else { None }
}

type ChosenRequest = (Call, AttributeValues, AttributeValues, String);

fn patch_request(
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    facts: &AccountFacts,
    changes: &[AttributeChange],
    along: &[(String, Value)],
    changed: AttributeValues,
) -> ChosenRequest {
    let mut entries: BodyEntries = changes
        .iter()
        .map(|change| {
            let payload = match (&change.after, kind.field(&change.name)) {
                (ShownValue::Value(value), Some(field)) => body_value(field, facts, value),
                _ => secret_payload(&object.address, &change.name),
            };
            (change.name.as_str().into(), payload)
        })
        .collect();
    entries.extend(along.iter().map(|(name, value)| (name.into(), BodyValue::Value(value.into()))));
    let nested = kind.fields.iter().any(|field| field.is_nested() && entries.contains_key(field.name));
    let mut call = Call {
        account: object.account.clone(),
        method: RequestMethod::Patch,
        path: kind.member_path(facts, &live.id),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    };
    let mut untouched = AttributeValues::new();
    let mut why = "PATCH changes only what is sent".to_owned();
    let mut groups: Vec<&str> = changes.iter().filter_map(|change| kind.field(&change.name)?.group()).collect();
    groups.dedup();
    if !groups.is_empty() {
        why = format!("PATCH with all that is known of {}, in case the service replaces it whole", groups.join(" and "));
    }
    if let (UpdateMethod::PatchOrPut { nested: (key, word) }, true) = (kind.update, nested) {
        call = call.with_query(key, word);
        why = format!("PATCH with the complete nested value; {key}={word} because the service would merge it otherwise");
        untouched = kind
            .fields
            .iter()
            .filter(|field| field.is_nested() && field.access != AttributeAccess::ReadOnly && !entries.contains_key(field.name))
            .filter_map(|field| live.attributes.get(field.name).map(|value| (field.name.to_owned(), value.json())))
            .collect();
    }
    call.body = Some(CallBody::Object(entries));
    (call, changed, untouched, why)
}

/// PUT writes every public field: what the YAML states over what is there (carrierx.md 6.4). Values that were sent before and
/// are stored in a different form stay as they are.
fn put_request(
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    facts: &AccountFacts,
    held: &BTreeSet<&'static str>,
) -> ChosenRequest {
    let stated: BTreeMap<String, BodyValue> = kind
        .fields
        .iter()
        .filter(|field| field.access == AttributeAccess::Modifiable && field.ty != AttributeType::Secret)
        .filter(|field| !object.ignored_attributes.contains(field.name) && !held.contains(field.name))
        .filter_map(|field| match object.attributes.get(field.name) {
            Some(DesiredValue::Value(value)) if field.has_references() => {
                Some((field.name.to_owned(), body_value(field, facts, value)))
            }
            Some(DesiredValue::Value(value)) => Some((field.name.to_owned(), BodyValue::Value(value.clone()))),
            _ => None,
        })
        .collect();
    let untouched = kind
        .fields
        .iter()
        .filter(|field| field.public && field.access != AttributeAccess::ReadOnly && !stated.contains_key(field.name))
        .filter_map(|field| live.attributes.get(field.name).map(|value| (field.name.to_owned(), value.json())))
        .collect();
    let call = Call {
        account: object.account.clone(),
        method: RequestMethod::Put,
        path: kind.member_path(facts, &live.id),
        query: Vec::new(),
        headers: Vec::new(),
        body: Some(CallBody::Overlay {
            fields: kind.fields.iter().filter(|field| field.public).map(|field| field.name.to_owned()).collect(),
            set: stated.iter().map(|(name, value)| (name.into(), value.clone())).collect(),
        }),
    };
    let expect = stated.into_iter().filter_map(|(name, value)| Some((name, known_value(value)?))).collect();
    (
        call,
        expect,
        untouched,
        "PUT because the entry says `update: put`: the whole object as read right before, with the stated attributes over it"
            .to_owned(),
    )
}

/// PUT would send null for an address that may only be waiting for its confirmation (carrierx.md 6.4).
fn refuse_blanking_put(object: &DesiredObject, kind: &Kind, live: &LiveObject) -> Result<(), (RefusalCode, String)> {
    let names: Vec<&str> = kind
        .fields
        .iter()
        .filter(|field| field.needs_verification)
        .filter(|field| !object.attributes.contains_key(field.name) || object.ignored_attributes.contains(field.name))
        .filter(|field| live.attributes.get(field.name).is_none_or(CompactValue::is_null))
        .map(|field| field.name)
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    Err((
        RefusalCode::PutWouldBlank,
        format!("{} reads as null and may be waiting for its confirmation; the YAML does not state it", names.join(", ")),
    ))
}

/// DELETE of an object.
#[allow(clippy::too_many_arguments, reason = "the facts of one deletion")]
pub(super) fn delete_step(
    inputs: &Inputs<'_>,
    account: &str,
    address: Option<&Address>,
    kind: &'static Kind,
    live: &LiveObject,
    cut: Vec<(String, String)>,
    frees: Vec<String>,
    unread: Vec<String>,
    prior_connections: BTreeMap<String, FreedNumber>,
) -> UnnumberedStep {
    let facts = inputs.facts_of_account(account);
    let before = kind
        .fields
        .iter()
        .filter(|field| field.access != AttributeAccess::ReadOnly)
        .filter_map(|field| live.attributes.get(field.name).map(|value| (field.name.to_owned(), value.json())))
        .collect();
    let why = match cut.len() {
        0 if !frees.is_empty() => {
            format!("this disconnects {}, which this generation cannot do otherwise", frees.join(", "))
        }
        0 => match kind.delete {
            DeleteSupport::Undocumented { switch } => format!("the account allows it with `{switch}`"),
            DeleteSupport::Ends { switch, word, .. } => {
                format!("the account allows it with `{switch}`; the service has no delete, so it is {word}")
            }
            DeleteSupport::Supported if kind.connected || kind.link.is_some() => {
                format!("no number is known to use this {}", kind.singular)
            }
            DeleteSupport::Supported => "nothing that was read names it".to_owned(),
        },
        1 => "after its 1 number was taken off and read back".to_owned(),
        n => format!("after its {n} numbers were taken off and read back"),
    };
    let (method, member) = kind.delete_request();
    let path = kind.filled(member, facts.configurations.as_deref(), &live.id);
    UnnumberedStep {
        rank: kind.delete_rank,
        depth: 0,
        subject: format!("{account} {}", live.id),
        turn: 0,
        step: Step {
            id: delete_step_name(account, kind.name, &live.id),
            phase: StepPhase::Delete,
            address: address.cloned(),
            call: Call { method, ..Call::get(account, path) },
            operation: StepOperation::Delete { id: live.id.clone(), before, cut, frees, unread, prior_connections },
            why,
            waits_for: Vec::new(),
        },
    }
}

/// The steps on objects of a kind in an account.
pub(super) fn steps_on<'s>(drafts: &'s [UnnumberedStep], account: &'s str, kind: &'s str) -> impl Iterator<Item = &'s Step> {
    let steps = drafts.iter().map(|draft| &draft.step).filter(move |step| step.call.account == account);
    steps.filter(move |step| step.address.as_ref().is_some_and(|address| address.kind == kind))
}
