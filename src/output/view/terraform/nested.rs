//! Attributes that are keys inside a map, as that map: a policy reads `outbound.channel_limit` as it would of any provider.

use serde_json::{Map, Value};

use super::TerraformResourceChange;

impl TerraformResourceChange<'_> {
    /// The same with each attribute inside its map.
    pub(super) fn nested(mut self) -> Self {
        let change = &mut self.change;
        let sides = [&mut change.before, &mut change.after, &mut change.after_unknown];
        for side in sides.into_iter().chain([&mut change.before_sensitive, &mut change.after_sensitive]) {
            if let Value::Object(values) = side {
                *values = nested(std::mem::take(values));
            }
        }
        self
    }
}

/// Values by the names of attributes, each inside its map.
pub(super) fn nested(values: Map<String, Value>) -> Map<String, Value> {
    if !values.keys().any(|name| name.contains('.')) {
        return values;
    }
    let mut whole = Map::new();
    for (name, value) in values {
        match name.split_once('.') {
            Some((group, key)) => whole.entry(group).or_insert_with(|| Value::Object(Map::new()))[key] = value,
            None => _ = whole.insert(name, value),
        }
    }
    whole
}
