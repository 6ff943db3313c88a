//! The requests that undo what a plan does to one object.

use std::collections::{BTreeMap, BTreeSet};

use super::step::{FreedNumber, Step};
use super::undo_entry::UndoEntry;
use crate::model::call::{BodyEntries, BodyValue, Call, CallBody, RequestMethod};
use crate::model::kind::{AttributeAccess, AttributeType, DeleteSupport, Field, Kind, UpdateMethod};
use crate::model::value::{AttributeValues, CompactValue, Value};
use crate::text;

fn call_of_step(step: &Step, method: RequestMethod, path: String, entries: Option<BodyEntries>) -> Call {
    let account = step.call.account.clone();
    Call { account, method, path, query: Vec::new(), body: entries.map(CallBody::Object), headers: Vec::new() }
}

/// The path of a collection, from that of one of its objects, and vice versa.
fn swap_path_template(kind: &Kind, path: &str, from: &str, to: &str, id: &str) -> String {
    // How an account spells the collection is known only from the request itself.
    let head = from.split(['{']).next().unwrap_or_default();
    let spelling = path.strip_prefix(head).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    kind.filled(to, Some(spelling), id)
}

/// A created object is deleted.
pub(super) fn undo_create(step: &Step, kind: &'static Kind, what: &str) -> UndoEntry {
    let (method, member) = kind.delete_request();
    let path = swap_path_template(kind, &step.call.path, kind.collection, member, &format!("{{{}}}", step.id));
    let lost = match kind.delete {
        DeleteSupport::Supported => None,
        DeleteSupport::Ends { switch, word, .. } => Some(format!(
            "permanent: the service documents no way to delete a {}; an undo leaves it {word}, and only if the account sets `{switch}`",
            kind.singular
        )),
        DeleteSupport::Undocumented { switch } => Some(format!(
            "permanent: the service documents no way to delete a {}; undo tries it only if the account sets `{switch}`",
            kind.singular
        )),
    };
    let calls = vec![call_of_step(step, method, path, None)];
    UndoEntry { of: vec![step.id.clone()], what: what.to_owned(), calls, lost }
}

/// A changed object gets back its current values.
pub(super) fn undo_update(step: &Step, kind: &'static Kind, before: &AttributeValues, lost: &[String]) -> Option<UndoEntry> {
    let mut entries = BodyEntries::new();
    for (name, payload) in
        step.call.body.as_ref()?.own_entries().iter().filter(|(name, _)| !lost.iter().any(|lost| lost == *name))
    {
        let Some(field) = kind.field(name).filter(|_| !matches!(payload, BodyValue::Secret { .. })) else { continue };
        let was =
            before.get(name.as_str()).filter(|was| !was.is_null()).map_or_else(|| field.cleared_value(), CompactValue::from);
        // The id of an object that the run creates is another value for certain.
        if !matches!(payload, BodyValue::Value(sent) if field.values_equal(&was, sent)) {
            entries.insert(name.clone(), BodyValue::Value(was));
        }
    }
    if entries.is_empty() {
        return None;
    }
    // What the PATCH carried along it carries along in the other direction, too.
    let groups: BTreeSet<&str> = entries.keys().filter_map(|name| kind.field(name)?.group()).collect();
    for (name, payload) in step.call.body.as_ref()?.own_entries() {
        let along = |field: &Field| field.always_sent || field.group().is_some_and(|group| groups.contains(group));
        if matches!(payload, BodyValue::Value(_)) && kind.field(name).is_some_and(along) && !lost.iter().any(|lost| lost == name)
        {
            entries.entry(name.clone()).or_insert_with(|| payload.clone());
        }
    }
    let nested = kind.fields.iter().any(|field| field.is_nested() && entries.contains_key(field.name));
    let mut call = call_of_step(step, RequestMethod::Patch, step.call.path.clone(), Some(entries));
    if let (UpdateMethod::PatchOrPut { nested: (key, word) }, true) = (kind.update, nested) {
        call = call.with_query(key, word);
    }
    let what = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(UndoEntry { of: vec![step.id.clone()], what, calls: vec![call], lost: None })
}

/// A deleted object is recreated, as a new object.
pub(super) fn undo_delete(
    step: &Step,
    kind: &'static Kind,
    id: &str,
    before: &AttributeValues,
    prior_connections: &BTreeMap<String, FreedNumber>,
    replaced: bool,
) -> UndoEntry {
    let address = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
    let what = format!("{address} ({id})");
    if let Some(word) = kind.delete.end_word() {
        let lost = format!("it stays {word}: telform does not reverse that; do it in the service's portal");
        return UndoEntry { of: vec![step.id.clone()], what, calls: Vec::new(), lost: Some(lost) };
    }
    let mut entries = BodyEntries::new();
    let mut needed = Vec::new();
    let writable = kind.fields.iter().filter(|field| {
        !matches!(field.access, AttributeAccess::ReadOnly | AttributeAccess::Kept)
            && !field.ty.is_links()
            && field.only_with.is_none_or(|(other, needed)| before.get(other).and_then(Value::as_str) == Some(needed))
    });
    for field in writable {
        if field.ty == AttributeType::Secret {
            if let (true, Some(address)) = (field.required, &step.address) {
                needed.push(field.name);
                let attribute = field.name.into();
                entries.insert(field.name.into(), BodyValue::Secret { address: Box::new(address.clone()), attribute });
            }
        } else if let Some(value) = before.get(field.name).filter(|value| !value.is_null()) {
            entries.insert(field.name.into(), BodyValue::Value(value.into()));
        }
    }
    let taken: Vec<u64> = prior_connections.values().filter_map(|prior| prior.id).collect();
    if let Some(key) = kind.link.and_then(|link| link.assigned_on_create)
        && !taken.is_empty()
    {
        entries.insert(key.into(), BodyValue::Value(Value::from(taken).into()));
    }
    let path = swap_path_template(kind, &step.call.path, kind.member, kind.collection, "");
    let mut lost = format!("permanent: {} that is created again has a different id", text::with_article(kind.singular));
    if !needed.is_empty() {
        let then = if replaced { ", where its entry has the earlier values again" } else { "" };
        lost.push_str(&format!(" and needs its {} from the YAML{then}", needed.join(", ")));
    }
    if kind.hidden_until_verified {
        lost.push_str(", and stays invisible until it is confirmed");
    }
    let calls = vec![call_of_step(step, RequestMethod::Post, path, Some(entries))];
    UndoEntry { of: vec![step.id.clone()], what, calls, lost: Some(lost) }
}
