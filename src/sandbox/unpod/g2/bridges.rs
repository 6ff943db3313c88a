//! Bridges of generation 2 (`api/unpod.md`, section 6.1).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::super::ids;
use super::super::super::world::{BridgeGet, SimulatedBridge, SimulatedConfiguration, SimulatedLink, UnpodWorld};
use super::super::effects::{drop_bridge, move_changed_row};
use super::super::page::{self, PageRange};
use super::super::{counted, envelope};
use super::{configurations, refusal, slug_of, status, text};

pub(super) fn list(unpod: &UnpodWorld, organization: &str, asked: &SandboxRequest) -> SandboxResponse {
    let own: Vec<&SimulatedBridge> = unpod.bridges.iter().filter(|b| b.organization == organization).collect();
    // No page says what a parameter that is not a number does: the first ten (choice).
    let PageRange { start, size } = page::page_from_query(asked).unwrap_or(PageRange { start: 0, size: 10 });
    let row = |b: &&SimulatedBridge| {
        json!({"id": b.id, "name": b.name, "slug": b.slug, "provider": provider(unpod, b),
               "numbers": short_numbers(b)})
    };
    let rows = own.iter().skip(start).take(size).map(row).collect();
    counted(own.len(), "Bridges fetched successfully.", rows)
}

pub(super) fn get(unpod: &UnpodWorld, organization: &str, slug: &str) -> SandboxResponse {
    let Some(place) = place(unpod, organization, slug) else { return not_found() };
    let bridge = &unpod.bridges[place];
    let rows = bridge.numbers.iter().map(|(number, link)| {
        let row = unpod.numbers.iter().find(|n| n.number == *number);
        let mut shown = json!({
            "id": link.id,
            "number_id": row.map(|r| r.id),
            "number": number,
            "state": row.map(|r| r.state),
            "active": row.map(|r| r.active),
            "channels_count": row.map(|r| r.channels_count),
            "status": status(link.configuration),
        });
        add_configuration(unpod, link, &mut shown);
        shown
    });
    let data = json!({"id": bridge.id, "name": bridge.name, "slug": bridge.slug, "numbers": rows.collect::<Vec<_>>()});
    envelope(200, "Bridge fetched successfully.", data)
}

/// What the knob adds beside a number; the secrets are included so that a test can prove that nothing logs them.
fn add_configuration(unpod: &UnpodWorld, link: &SimulatedLink, shown: &mut Value) {
    if unpod.knobs.bridge_get == BridgeGet::Plain {
        return;
    }
    let found = link.configuration.and_then(|id| unpod.configurations.iter().find(|c| c.id == id));
    shown["provider_configuration"] = found.map_or(Value::Null, |c| configurations::configuration_json(unpod, c));
    if let (BridgeGet::Secrets, Some(c)) = (unpod.knobs.bridge_get, found) {
        shown["provider_configuration"]["auth_token"] = json!(c.auth_token);
        shown["provider_credential"] = json!({"id": c.id, "api_key": c.account_sid, "api_secret": c.auth_token});
    }
}

pub(super) fn create(unpod: &mut UnpodWorld, organization: &str, fields: &Value, now: Timestamp) -> SandboxResponse {
    const FAILED: &str = "Bridge creation failed.";
    let (Some(name), Some(slug)) = (text(fields, "name"), text(fields, "slug")) else {
        return refusal(400, FAILED, "Slug already exists or name is required");
    };
    let slug = if unpod.knobs.slug_suffix { format!("{slug}-001") } else { slug.to_owned() };
    if place(unpod, organization, &slug).is_some() {
        return refusal(unpod.knobs.duplicate_slug_status, FAILED, "Slug already exists or name is required");
    }
    let id = unpod.next_ids.bridge;
    unpod.next_ids.bridge += 1;
    let made = SimulatedBridge {
        id,
        slug,
        name: name.to_owned(),
        organization: organization.to_owned(),
        created_at: Some(now),
        ..SimulatedBridge::default()
    };
    let data = json!({"id": id, "name": made.name, "slug": made.slug, "created_at": ids::seconds(now)});
    unpod.bridges.push(made);
    envelope(201, "Bridge created successfully.", data)
}

/// The name is the only field that can change (section 6.1).
pub(super) fn patch(unpod: &mut UnpodWorld, organization: &str, slug: &str, fields: &Value) -> SandboxResponse {
    let Some(place) = place(unpod, organization, slug) else {
        return SandboxResponse::json(404, json!({"status_code": 404, "message": "Bridge not found."}));
    };
    if fields.get("name").is_some() {
        match text(fields, "name") {
            Some(name) => name.clone_into(&mut unpod.bridges[place].name),
            None => return refusal(400, "Bridge update failed.", "Invalid field value"),
        }
    }
    let bridge = &unpod.bridges[place];
    let data = json!({"id": bridge.id, "name": bridge.name, "slug": bridge.slug,
                      "numbers": short_numbers(bridge)});
    move_changed_row(&mut unpod.bridges, place, unpod.knobs.changed_rows_move);
    envelope(200, "Bridge updated successfully.", data)
}

pub(super) fn delete(unpod: &mut UnpodWorld, organization: &str, slug: &str) -> SandboxResponse {
    match place(unpod, organization, slug) {
        Some(place) => {
            let id = unpod.bridges[place].id;
            drop_bridge(unpod, id);
            SandboxResponse::empty(204)
        }
        None => not_found(),
    }
}

fn not_found() -> SandboxResponse {
    refusal(404, "Bridge not found.", "No bridge exists with the provided slug")
}

pub(super) fn place(unpod: &UnpodWorld, organization: &str, slug: &str) -> Option<usize> {
    unpod.bridges.iter().position(|b| b.slug == slug && b.organization == organization)
}

/// `numbers[]` of list and patch: the assignment's id, the number, its status.
fn short_numbers(bridge: &SimulatedBridge) -> Vec<Value> {
    let row = |(number, link): (&String, &SimulatedLink)| json!({"id": link.id, "number": number, "status": status(link.configuration)});
    bridge.numbers.iter().map(row).collect()
}

/// Slug of the connected configuration with the lowest connection id, else null (section 14, choice).
fn provider(unpod: &UnpodWorld, bridge: &SimulatedBridge) -> Option<String> {
    let connected = bridge.numbers.values().filter_map(|link| Some((link.id, link.configuration?)));
    let (_, id) = connected.min()?;
    let configuration: &SimulatedConfiguration = unpod.configurations.iter().find(|c| c.id == id)?;
    Some(slug_of(unpod, &configuration.provider))
}
