//! Phone numbers: their link, and the settings that other products keep (`api/telnyx.md`, section 9).

use serde_json::{Value, json};

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::core::SandboxCore;
use super::super::world::{DetachWith, MessagingDown, TelnyxWorld};
use super::fields::{ANY, Row, Table, UPDATE};
use super::list;
use super::number_fields::MESSAGING;
use super::shape::View;
use super::tables::Collection;
use super::write::{Write, find, replace, update_voice};
use super::{Refusal, data, invalid, read_object_body};

/// What a number shows of the messaging service.
pub(super) const MESSAGING_FIELDS: [&str; 3] = ["messaging_profile_id", "messaging_profile_name", "messaging_campaign_id"];

/// Takes the references of a number out of a body: how one is cleared is a knob (section 9.2).
pub(super) fn link(world: &TelnyxWorld, row: &mut Row, body: &mut Row) -> Result<(), Refusal> {
    for (field, table) in [("connection_id", Table::Connections), ("billing_group_id", Table::BillingGroups)] {
        let pointer = format!("/{field}");
        let with = world.knobs.detach_with;
        let detaches = match body.shift_remove(field) {
            None => continue,
            Some(Value::String(id)) if id.is_empty() => matches!(with, DetachWith::Empty | DetachWith::Either),
            Some(Value::Null) => matches!(with, DetachWith::Null | DetachWith::Either),
            Some(Value::String(id)) if world.row(table, &id).is_some() => {
                row.insert(field.to_owned(), id.into());
                continue;
            }
            Some(Value::String(_)) => return Err(invalid(&pointer, "names nothing that exists")),
            Some(_) => return Err(invalid(&pointer, "must be an id")),
        };
        if detaches {
            row.insert(field.to_owned(), Value::Null);
        } else if with != DetachWith::Ignored {
            return Err(invalid(&pointer, "must be an id"));
        }
    }
    Ok(())
}

/// GET of the lists of numbers: whole, light, and by their voice settings.
pub(super) fn list(
    core: &mut SandboxCore,
    collection: &Collection,
    part: &str,
    asked: &SandboxRequest,
) -> Result<SandboxResponse, Refusal> {
    let down = part.is_empty() && core.world.telnyx.knobs.messaging_down == MessagingDown::Unavailable503;
    let tolerant = asked.argument("handle_messaging_profile_error") == Some("true");
    if down && !tolerant {
        return Err(Refusal::of(503, "10007", "the messaging service does not answer"));
    }
    let rows = core.telnyx.list_reads.rows(&core.world.telnyx, Table::Numbers);
    let world = &core.world.telnyx;
    let view = View::new(world, Table::Numbers);
    let page = list::page(&view, collection, rows.as_deref().unwrap_or(&world.phone_numbers), asked)?;
    let says = |name: &str| asked.argument(name) == Some("true");
    let row = |row: &&Row| match part {
        "slim" => view.slim(collection, row, says("include_connection"), says("include_tags")),
        "voice" => view.voice(collection, row),
        _ => view.shown(collection, row, false),
    };
    let mut rows: Vec<Value> = page.rows.iter().map(row).collect();
    let mut body = json!({"meta": page.meta});
    if down {
        for fields in rows.iter_mut().filter_map(Value::as_object_mut) {
            fields.retain(|name, _| !MESSAGING_FIELDS.contains(&name.as_str()));
        }
        body["errors"] = json!([{"code": "10007", "title": "Service unavailable", "detail": "messaging fields are missing"}]);
    }
    body["data"] = Value::Array(rows);
    Ok(SandboxResponse::json(200, body))
}

/// `/phone_numbers/{id}/voice` and `/phone_numbers/{id}/messaging`.
pub(super) fn settings(
    core: &mut SandboxCore,
    collection: &Collection,
    id: &str,
    part: &str,
    asked: &SandboxRequest,
) -> Result<SandboxResponse, Refusal> {
    let world = &mut core.world.telnyx;
    find(world, collection, id)?;
    if asked.method == "PATCH" {
        let body = read_object_body(asked)?;
        match part {
            "voice" => drop(update_voice(world, collection, id, &body)?),
            _ => update_messaging(world, collection, id, &body)?,
        }
    }
    let row = find(world, collection, id)?;
    let view = View::new(world, Table::Numbers);
    Ok(data(200, if part == "voice" { view.voice(collection, &row) } else { view.messaging(collection, &row) }))
}

/// Null keeps, an empty text unassigns (section 9.4).
fn update_messaging(world: &mut TelnyxWorld, collection: &Collection, id: &str, body: &Row) -> Result<(), Refusal> {
    let mut row = find(world, collection, id)?;
    let mut body = body.clone();
    body.retain(|_, value| !value.is_null());
    match body.shift_remove("messaging_profile_id") {
        None => {}
        Some(Value::String(profile)) => {
            let profile = if profile.is_empty() { Value::Null } else { profile.into() };
            row.insert("messaging_profile_id".to_owned(), profile);
        }
        Some(_) => return Err(invalid("/messaging_profile_id", "must be an id")),
    }
    if let Some(tags) = body.shift_remove("tags") {
        let texts = tags.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        if !texts {
            return Err(invalid("/tags", "must be a list of texts"));
        }
        row.insert("tags".to_owned(), tags);
    }
    let mut messaging = row.get("messaging").and_then(Value::as_object).cloned().unwrap_or_default();
    Write { world, types: ANY, access: UPDATE }.put(MESSAGING, &mut messaging, &body, "")?;
    row.insert("messaging".to_owned(), Value::Object(messaging));
    replace(world, Table::Numbers, row);
    Ok(())
}
