//! What the YAML may say, as lists that the loader reads.

use crate::kind::{Backend, Delete, Kind, Update};

/// Keys of an object that belong to telform, not to the service.
pub const OBJECT: [&str; 4] = ["account", "id", "lifecycle", "update"];
/// Keys under `lifecycle`.
pub const LIFECYCLE: [&str; 2] = ["prevent_delete", "ignore"];
/// Keys of a tombstone, besides the natural key of its kind.
pub const TOMBSTONE: [&str; 5] = ["address", "reason", "account", "id", "keep"];
/// Keys of a guard map.
pub const GUARDS: [&str; 3] = ["max_deletes", "max_delete_percent", "max_numbers_dark"];
/// Switch of an account whose older generation can disconnect after all.
pub const DISCONNECT_WORKS: &str = "disconnect_works";

/// Switches that an account of a service knows: those that its tables name, and the one that goes with generations.
pub fn switches(backend: &Backend) -> Vec<&'static str> {
    let mut switches: Vec<&'static str> = backend
        .kinds
        .iter()
        .filter_map(|kind| match kind.delete {
            Delete::Undocumented { switch } => Some(switch),
            Delete::Supported => None,
        })
        .collect();
    if !backend.generations.is_empty() {
        switches.push(DISCONNECT_WORKS);
    }
    switches.dedup();
    switches
}

/// Keys that an account of a service knows.
pub fn account_keys(backend: &Backend) -> Vec<&'static str> {
    let mut keys = vec!["api", "base_url", "token", "requests_per_minute", "max_in_flight", "guards"];
    if backend.organization {
        keys.extend(["org_handle", "product_id"]);
    }
    if !backend.generations.is_empty() {
        keys.push("generation");
    }
    keys.extend(switches(backend));
    keys
}

/// Keys of telform's own that objects of these shapes know.
pub fn object_keys(shapes: &[&'static Kind]) -> Vec<&'static str> {
    let put = shapes.iter().any(|kind| matches!(kind.update, Update::PatchOrPut { .. }));
    OBJECT.into_iter().filter(|key| *key != "update" || put).collect()
}
/// x
pub fn of(_: Option<&str>) -> serde_json::Value {
    serde_json::Value::Null
}
