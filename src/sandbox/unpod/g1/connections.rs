//! Connect and disconnect of generation 1 (`api/unpod.md`, section 7; recorded: `28` to `30`).

use serde_json::{Value, json};

use super::super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::super::world::{NumberState, Profile, SimulatedNumber, UnpodWorld};
use super::super::body::{self, printed, type_name};
use super::super::{crash, envelope};
use super::bridges::{not_one, place};
use super::shapes;

pub(super) fn connect(unpod: &mut UnpodWorld, asked: &SandboxRequest, slug: &str) -> SandboxResponse {
    let told = |message: &str| envelope(400, message, json!({"status_code": 400}));
    let body = match body::read_body(asked) {
        Ok(read) => read.value,
        Err(bad) => return bad.in_message(),
    };
    match &body {
        Value::Object(_) => {}
        Value::Array(_) => return told("'list' object has no attribute 'get'"),
        other => return told(&format!("'{}' object has no attribute 'copy'", type_name(other))),
    }
    let place = match place(unpod, slug) {
        Ok(place) => place,
        Err(count) => return told(&not_one(count)),
    };
    match link(unpod, place, &body) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn link(unpod: &mut UnpodWorld, place: usize, body: &Value) -> Result<SandboxResponse, SandboxResponse> {
    let missing = |what: &str| envelope(400, &format!("{what} is required"), json!({}));
    let wanted_number = body.get("number_id").filter(|v| says_something(v)).ok_or(missing("Number"))?;
    let wanted = body.get("provider_credential_id").filter(|v| says_something(v)).ok_or(missing("Provider"))?;
    let id = number_in(wanted_number)?;
    let unknown = || envelope(206, "Number is not assigned or does not exist.", json!({}));
    let number: &SimulatedNumber =
        unpod.numbers.iter().find(|n| Some(n.id) == id && n.state == NumberState::Assigned).ok_or_else(unknown)?;
    let text = number.number.clone();
    let (number_id, channels) = (number.id, number.channels_count);
    if !unpod.bridges[place].numbers.contains_key(&text) {
        let elsewhere = "Provided number is already assigned to another bridge.";
        return Err(envelope(400, elsewhere, json!({})));
    }
    let credential = number_in(wanted)?;
    // Neither the owner nor the active flag is checked; an unknown id violates a database constraint (recorded).
    let found = unpod.configurations.iter().find(|c| Some(c.id) == credential).ok_or_else(crash)?;
    let shown = shapes::credential(unpod, found);
    let (credential, bridge) = (found.id, &mut unpod.bridges[place]);
    let bridge_id = bridge.id;
    let Some(link) = bridge.numbers.get_mut(&text) else { return Err(crash()) };
    link.configuration = Some(credential);
    let data = json!({"id": link.id, "number_id": number_id, "bridge": bridge_id, "bridge_id": bridge_id,
                      "channels_count": channels, "status": "active",
                      "connectivity_type": shapes::connectivity(link), "agent_id": link.agent_id,
                      "config_json": link.config_json, "provider_configuration": shown});
    Ok(envelope(201, "Number linked with provider successfully.", data))
}

/// What counts as true in the recorded server's language.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// An id in any spelling that the database accepts: digits, also with a plus sign (a phone number is just a large
/// id), `true` for 1. Absent when no row can have it.
fn number_in(value: &Value) -> Result<Option<u64>, SandboxResponse> {
    match value {
        Value::Bool(truth) => Ok(Some(u64::from(*truth))),
        Value::Number(number) => Ok(number.as_u64()),
        Value::String(text) if text.trim().parse::<i128>().is_ok() => Ok(text.trim().parse().ok()),
        other => {
            let text = format!("Field 'id' expected a number but got {}.", printed(other));
            Err(envelope(400, &text, json!({"status_code": 400})))
        }
    }
}

/// Always an unhandled exception, whatever the request; the knob makes it work like the internal route behind it
/// (section 7.2; recorded: `30-disconnect`, `34-internal-v1-unlink`).
pub(super) fn disconnect(unpod: &mut UnpodWorld, asked: &SandboxRequest) -> SandboxResponse {
    let body = match body::read_body(asked) {
        Ok(read) => read.value,
        Err(bad) => return bad.usual_answer(),
    };
    if !unpod.knobs.disconnect_repaired && unpod.profile != Profile::G1July {
        return crash();
    }
    match number_in(body.get("number_id").unwrap_or(&Value::Null)) {
        Ok(id) => unlink(unpod, id),
        Err(_) => crash(),
    }
}

/// Clears the configuration of a number's connection; the number stays on its bridge (recorded:
/// `34-internal-v1-unlink`).
pub(super) fn unlink(unpod: &mut UnpodWorld, id: Option<u64>) -> SandboxResponse {
    let Some(number) = unpod.numbers.iter().find(|n| Some(n.id) == id).cloned() else {
        return SandboxResponse::json(404, json!({"message": "Number not found."}));
    };
    let Some(link) = unpod.bridges.iter_mut().find_map(|b| b.numbers.get_mut(&number.number)) else {
        return envelope(206, "No provider linked to this number.", json!({}));
    };
    link.configuration = None;
    let data = json!({"id": number.id, "number": number.number, "provider_details": shapes::carrier(unpod, &number),
                      "country_code": "+1", "region": "US", "state": number.state, "active": number.active,
                      "owner_type": null, "number_type": "NUMBER", "association": {},
                      "agent_number": number.agent_number});
    envelope(200, &format!("Provider unlinked from number {}", number.number), data)
}
