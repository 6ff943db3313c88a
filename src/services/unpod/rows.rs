//! What Unpod's rows say, and what is kept of a bridge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Map;

use crate::model::kind::{text_of, whole_of};
use crate::model::resource::{Account, ServedBy};
use crate::model::value::Value;
use crate::text;

/// The number of a row about a number, in the compared form.
pub fn number_in(row: &Value) -> Option<String> {
    let number = text::normalize_phone_number(&text_of(row.get("number")?)?);
    (!number.is_empty()).then_some(number)
}

/// The number of a row as the service spells it, where that differs from the compared form.
pub fn spelling_in(row: &Value) -> Option<String> {
    text_of(row.get("number")?).filter(|spelling| text::normalize_phone_number(spelling) != *spelling)
}

/// Whether a row of the numbers' listing offers its number to a bridge: neither taken, closed nor switched off. A row that
/// does not say is an offer; vocabularies are compared without regard to letter case (unpod.md 8).
pub fn is_offered(row: &Value) -> bool {
    let free = row
        .get("state")
        .and_then(Value::as_str)
        .is_none_or(|state| ["NOT_ASSIGNED", "UNASSIGNED", "AVAILABLE"].iter().any(|word| word.eq_ignore_ascii_case(state)));
    free && row.get("active").and_then(Value::as_bool) != Some(false)
}

/// Who serves each number of a bridge of the documented generation, which does not always say.
pub(super) fn served_by_g2(row: &Map<String, Value>) -> Result<BTreeMap<String, ServedBy>, &'static str> {
    servers(row, ServedBy::NotTold)
}

/// The same for generation 1, where a number that names no configuration has none (unpod.md 7, recorded).
pub(super) fn served_by_g1(row: &Map<String, Value>) -> Result<BTreeMap<String, ServedBy>, &'static str> {
    servers(row, ServedBy::Unserved)
}

fn servers(row: &Map<String, Value>, unnamed: ServedBy) -> Result<BTreeMap<String, ServedBy>, &'static str> {
    let numbers = match row.get("numbers") {
        Some(Value::Array(numbers)) => numbers.as_slice(),
        Some(Value::Null) | None => &[],
        Some(_) => return Err("`numbers` is not a list"),
    };
    let served = |number| {
        let mut named = NamedServers::default();
        named.add(number, None);
        Some((number_in(number)?, named.served_by().unwrap_or_else(|| unnamed.clone())))
    };
    Ok(numbers.iter().filter_map(served).collect())
}

/// What rows about one number say of the configuration that serves it (unpod.md 10, step 3a).
#[derive(Debug, Default)]
pub(super) struct NamedServers {
    /// Ids of configurations.
    ids: BTreeSet<String>,
    /// Those that, according to a row, belong to another organization or to none.
    foreign: BTreeMap<String, Option<String>>,
    /// Some row says that no configuration serves it.
    none: bool,
}

impl NamedServers {
    /// Adds what one row says. `account` tells whose a configuration is that the row shows.
    pub(super) fn add(&mut self, row: &Value, account: Option<&Account>) {
        for key in ["provider_config_id", "provider_configuration", "provider_credential"] {
            match row.get(key) {
                Some(Value::Null) => self.none = true,
                Some(configuration @ Value::Object(_)) => {
                    let Some(id) = configuration.get("id").and_then(whole_of) else { continue };
                    if let Some(owner) = account.and_then(|account| account.foreign_owner(configuration)) {
                        self.foreign.insert(id.to_string(), owner);
                    }
                    self.ids.insert(id.to_string());
                }
                Some(id) => self.ids.extend(whole_of(id).map(|id| id.to_string())),
                None => {}
            }
        }
    }

    /// Who serves the number; nothing where no row says anything about it.
    pub(super) fn served_by(&self) -> Option<ServedBy> {
        let mut ids = self.ids.iter();
        match (ids.next(), ids.next(), self.none) {
            (Some(id), None, false) => Some(match self.foreign.get(id) {
                Some(owner) => ServedBy::Foreign { id: id.clone(), owner: owner.clone() },
                None => ServedBy::exact(id.clone()),
            }),
            // The rows contradict each other: the set changed while it was read, or one of them is stale.
            (Some(_), _, _) => Some(ServedBy::OneOf(self.ids.clone())),
            (None, _, true) => Some(ServedBy::Unserved),
            (None, _, false) => None,
        }
    }
}

/// Keys of a bridge that telform uses.
const BRIDGE: [&str; 9] = ["id", "name", "slug", "description", "region", "status", "documents_status", "provider", "org_handle"];
/// Keys of a number on a bridge that telform uses.
const NUMBER: [&str; 4] = ["number", "number_id", "provider", "provider_config_id"];
/// Keys under which a number on a bridge names its configuration; of an object only its id and its owner are kept.
const LINKS: [&str; 2] = ["provider_configuration", "provider_credential"];

/// A bridge without what must not be kept: generation 1 shows the secrets of each number's configuration in clear
/// (unpod.md 6.2, recorded). `numbers` is absent when the row has none.
pub fn slim_bridge(row: &Map<String, Value>) -> Value {
    let mut slim = pick_keys(row, &BRIDGE);
    name_others(row, "", &BRIDGE, &mut slim);
    if let Some(Value::Array(numbers)) = row.get("numbers") {
        for number in numbers.iter().filter_map(Value::as_object) {
            name_others(number, "numbers.", &NUMBER, &mut slim);
        }
        let numbers = numbers.iter().map(|number| number.as_object().map_or(Value::Null, slim_number)).collect();
        slim.insert("numbers".to_owned(), Value::Array(numbers));
    }
    Value::Object(slim)
}

/// Of every other field only the name is kept, where it has a value.
fn name_others(row: &Map<String, Value>, under: &str, known: &[&str], slim: &mut Map<String, Value>) {
    for (key, value) in row.iter().filter(|(key, _)| *key != "numbers" && !known.contains(&key.as_str())) {
        if !is_blank_value(value) {
            slim.entry(format!("{under}{key}")).or_insert(Value::Bool(true));
        }
    }
}

/// Whether a value is empty.
fn is_blank_value(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn slim_number(row: &Map<String, Value>) -> Value {
    let mut slim = pick_keys(row, &NUMBER);
    for key in LINKS {
        let kept = match row.get(key) {
            Some(Value::Object(configuration)) => Value::Object(pick_keys(configuration, &["id", "org_handle"])),
            Some(other) => other.clone(),
            None => continue,
        };
        slim.insert(key.to_owned(), kept);
    }
    Value::Object(slim)
}

fn pick_keys(row: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    keys.iter().filter_map(|key| row.get_key_value(*key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}
