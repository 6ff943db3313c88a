//! What a PATCH carries that it does not change.

use std::collections::BTreeSet;

use super::change::AttributeChange;
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind};
use crate::model::resource::{DesiredObject, LiveObject};
use crate::model::value::Value;

/// What a PATCH carries beside what changes: values that the service demands in every one, and of each map in which a key changes
/// the other keys as they are. So nothing is lost, whether the service merges the map or replaces it.
pub(super) fn carried_along(
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    changes: &[AttributeChange],
) -> Vec<(String, Value)> {
    if object.use_put || changes.is_empty() {
        return Vec::new();
    }
    let changes_in = |group| changes.iter().any(|change| kind.field(&change.name).and_then(Field::group) == Some(group));
    let kept = |field: &&Field| matches!(field.access, AttributeAccess::Modifiable | AttributeAccess::Kept) || field.always_sent;
    let fields = kind.fields.iter().filter(kept);
    let fields = fields.filter(|field| field.always_sent || field.group().is_some_and(changes_in));
    let others = fields.filter(|field| changes.iter().all(|change| change.name != field.name));
    let shown = others.filter(|field| !live.echoes_secret_in(field.name));
    let known = shown.filter_map(|field| Some((field, live.attributes.get(field.name).filter(|value| !value.is_null())?)));
    known.map(|(field, value)| (field.name.to_owned(), value.json())).collect()
}

/// Keys of the maps in which a PATCH changes a key, which the PATCH cannot carry: the service shows them in part, in another shape
/// than documented, with a secret in them, or not at all, or no table knows them. A service that replaces the map resets them.
pub(super) fn left_out(
    object: &DesiredObject,
    kind: &'static Kind,
    live: &LiveObject,
    changes: &[AttributeChange],
) -> BTreeSet<String> {
    let group_of = |name: &str| kind.field(name).and_then(Field::group);
    let groups: BTreeSet<&str> = changes.iter().filter_map(|change| group_of(&change.name)).collect();
    if object.use_put || groups.is_empty() {
        return BTreeSet::new();
    }
    let unread = live.masked.keys().chain(live.unexpected_shapes.keys()).copied();
    let unread = unread.filter(|name| group_of(name).is_some_and(|group| groups.contains(group)));
    let unknown = live.unknown_names.iter().map(|name| name.as_str());
    let unknown = unknown.filter(|name| name.split_once('.').is_some_and(|(group, _)| groups.contains(group)));
    let secrets = kind.fields.iter().filter(|field| field.ty == AttributeType::Secret);
    let secrets = secrets.filter(|field| field.group().is_some_and(|group| groups.contains(group)));
    let all = unread.chain(unknown).chain(secrets.map(|field| field.name));
    all.filter(|name| changes.iter().all(|change| change.name != *name)).map(str::to_owned).collect()
}
