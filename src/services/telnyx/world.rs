//! What an account holds, as a world of the simulator.

use serde_json::{Map, Value, json};

use super::CONNECTIONS;
use crate::model::kind::{Detach, SettingRole};
use crate::model::resource::{LiveObject, ServedBy, SettingValue};
use crate::sandbox::{DetachWith, PasswordShown, TelnyxKnobs, TelnyxWorld, World};
use crate::services::copy::Source;

/// The world of this account.
pub(super) fn world(source: &Source<'_>) -> Result<World, String> {
    let known = TelnyxWorld::default();
    let connections = CONNECTIONS.iter().flat_map(|kind| source.live_objects(kind));
    let shown_as_stars = connections.into_iter().any(|live| live.secrets.values().any(Option::is_none));
    let detach = source.account.service.setting_of(SettingRole::Detach);
    let detach = detach.and_then(|setting| source.account.settings.get(setting.name));
    let knobs = TelnyxKnobs {
        password_shown: if shown_as_stars { PasswordShown::Stars } else { PasswordShown::Clear },
        // The rehearsed plan says it in the way of the account; whether the service takes that is not known.
        detach_with: match detach {
            Some(SettingValue::Nothing(Detach::Null)) => DetachWith::Null,
            _ => DetachWith::Empty,
        },
        ..TelnyxKnobs::default()
    };
    let mut connections: Vec<Map<String, Value>> = CONNECTIONS
        .iter()
        .flat_map(|kind| {
            let record_type = json!(kind.trim_end_matches('s'));
            let with_type =
                |row: Map<String, Value>| row.into_iter().chain([("record_type".to_owned(), record_type.clone())]).collect();
            rows(source, kind).into_iter().map(with_type).collect::<Vec<_>>()
        })
        .collect();
    let numbers = source.live_objects("phone_numbers").iter().map(|live| number(source, live));
    let numbers: Vec<Map<String, Value>> = numbers.collect();
    let others = others_that_serve(source, &connections);
    connections.extend(others);
    let telnyx = TelnyxWorld {
        managed_accounts: source.live_objects("managed_accounts").iter().map(|live| managed_account(source, live)).collect(),
        billing_groups: rows(source, "billing_groups"),
        outbound_voice_profiles: rows(source, "outbound_voice_profiles"),
        connections,
        ips: rows(source, "ips"),
        fqdns: rows(source, "fqdns"),
        phone_numbers: numbers,
        knobs,
        // Far from the ids that a simulator assigned before: a new id must be unused.
        next_id: known.next_id + (1 << 40),
        ..known
    };
    Ok(World { telnyx, ..World::default() })
}

/// The objects of a kind, with the maps that their attributes are in.
fn rows(source: &Source<'_>, kind: &str) -> Vec<Map<String, Value>> {
    source.live_objects(kind).iter().map(|live| row(source, kind, live)).collect()
}

fn row(source: &Source<'_>, kind: &str, live: &LiveObject) -> Map<String, Value> {
    let mut row = Map::from_iter([("id".to_owned(), json!(live.id))]);
    for (name, value) in source.writable_attributes(kind, live) {
        if value.is_null() {
            continue;
        }
        match name.split_once('.') {
            Some((group, key)) => {
                let map = row.entry(group).or_insert_with(|| json!({}));
                map[key] = value;
            }
            None => _ = row.insert(name, value),
        }
    }
    row
}

/// A managed account, in the state that it is in.
fn managed_account(source: &Source<'_>, live: &LiveObject) -> Map<String, Value> {
    let mut row = row(source, "managed_accounts", live);
    row.extend(live.attributes.get("status").map(|status| ("status".to_owned(), status.json())));
    row
}

/// A number, with the connection that it is on.
fn number(source: &Source<'_>, live: &LiveObject) -> Map<String, Value> {
    let mut row = row(source, "phone_numbers", live);
    row.insert("connection_id".to_owned(), json!(served_by(source, &live.id).unwrap_or_default()));
    row
}

fn served_by<'a>(source: &'a Source<'_>, id: &str) -> Option<&'a str> {
    let mut connections = source.live.connections.iter().flatten();
    connections.find(|connection| connection.bridge == id).and_then(|connection| connection.served_by.id())
}

/// What serves numbers and is of no kind that is read: the simulator needs to have it under its id.
fn others_that_serve(source: &Source<'_>, known: &[Map<String, Value>]) -> Vec<Map<String, Value>> {
    let ids = source.live.connections.iter().flatten().filter_map(|connection| match &connection.served_by {
        ServedBy::By { id, .. } => Some(id.as_str()),
        _ => None,
    });
    let ids: std::collections::BTreeSet<&str> = ids.filter(|id| known.iter().all(|row| row["id"] != **id)).collect();
    let other = |id: &str| {
        let row = json!({ "id": id, "record_type": "call_control_application", "connection_name": format!("other {id}") });
        row.as_object().cloned().unwrap_or_default()
    };
    ids.into_iter().map(other).collect()
}
