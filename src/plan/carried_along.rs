//! What a PATCH carries that it does not change.

use super::change::AttributeChange;
use crate::model::kind::{AttributeAccess, Field, Kind};
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
