//! Provider configurations of generation 1 (`api/unpod.md`, sections 5.2, 5.3 and 14).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::super::catalogue;
use super::super::super::world::{SimulatedConfiguration, UnpodWorld};
use super::super::body::{self, type_name};
use super::super::effects::{drop_configuration, move_changed_row};
use super::super::{crash, envelope, plain};
use super::fields::{self, FieldRefusals};
use super::{handle, organization, shapes};

const NO_MATCH: &str = "No ProviderCredential matches the given query.";

pub(super) fn list(unpod: &UnpodWorld, asked: &SandboxRequest) -> SandboxResponse {
    if handle(asked).is_none() {
        return handle_missing_on_read();
    }
    let rows: Vec<Value> =
        unpod.configurations.iter().filter(|c| visible(unpod, asked, c)).map(|c| shapes::configuration(unpod, c)).collect();
    // An empty bare list is rendered as an object (section 1, fact 7).
    envelope(200, "Success", if rows.is_empty() { json!({}) } else { rows.into() })
}

pub(super) fn get(unpod: &UnpodWorld, asked: &SandboxRequest, id: Option<u64>) -> SandboxResponse {
    if handle(asked).is_none() {
        return handle_missing_on_read();
    }
    match place(unpod, asked, id) {
        Some(place) => envelope(200, "Success", shapes::configuration(unpod, &unpod.configurations[place])),
        None => plain(404, NO_MATCH),
    }
}

pub(super) fn create(unpod: &mut UnpodWorld, asked: &SandboxRequest, now: Timestamp) -> SandboxResponse {
    let read = match body::read_body(asked) {
        Ok(read) => read,
        Err(bad) => return bad.usual_answer(),
    };
    let mut made = SimulatedConfiguration { meta_json: json!({}), ..SimulatedConfiguration::default() };
    if read.is_form {
        // Forms have no missing booleans.
        made.active = false;
    }
    if let Err(refused) = fill(unpod, &mut made, &read.value, true) {
        return refused;
    }
    // The header is checked only after the fields are valid (section 9.2, recorded).
    if handle(asked).is_none() {
        return handle_missing_on_write();
    }
    made.organization = organization(unpod, asked).map(|o| o.handle.clone());
    made.id = unpod.next_ids.configuration;
    made.created_at = Some(now);
    unpod.next_ids.configuration += 1;
    let data = shapes::configuration(unpod, &made);
    unpod.configurations.push(made);
    envelope(201, "Success", data)
}

pub(super) fn patch(unpod: &mut UnpodWorld, asked: &SandboxRequest, id: Option<u64>) -> SandboxResponse {
    if handle(asked).is_none() {
        return handle_missing_on_write();
    }
    let Some(place) = place(unpod, asked, id) else { return plain(404, NO_MATCH) };
    let read = match body::read_body(asked) {
        Ok(read) => read,
        Err(bad) => return bad.usual_answer(),
    };
    let mut changed = unpod.configurations[place].clone();
    if let Err(refused) = fill(unpod, &mut changed, &read.value, false) {
        return refused;
    }
    let data = shapes::configuration(unpod, &changed);
    unpod.configurations[place] = changed;
    move_changed_row(&mut unpod.configurations, place, unpod.knobs.changed_rows_move);
    envelope(200, "Success", data)
}

pub(super) fn delete(unpod: &mut UnpodWorld, asked: &SandboxRequest, id: Option<u64>) -> SandboxResponse {
    if handle(asked).is_none() {
        // A business error as 206, whose message is an object (section 5.3, recorded).
        let message = json!({"detail": "Missing 'Org-Handle' header."});
        return SandboxResponse::json(206, json!({"status_code": 206, "message": message, "data": {}}));
    }
    match place(unpod, asked, id) {
        Some(place) => {
            let id = unpod.configurations[place].id;
            drop_configuration(unpod, id);
            // HTTP forbids this body; the knob nevertheless sends its bytes (section 9.3).
            envelope(204, "Provider credential deleted successfully.", json!({}))
        }
        None => envelope(400, NO_MATCH, json!({})),
    }
}

fn handle_missing_on_read() -> SandboxResponse {
    envelope(400, "Organization handle is required in Org-Handle header", json!({"status_code": 400}))
}

fn handle_missing_on_write() -> SandboxResponse {
    envelope(400, "Error", json!({"detail": "Missing 'Org-Handle' header."}))
}

fn place(unpod: &UnpodWorld, asked: &SandboxRequest, id: Option<u64>) -> Option<usize> {
    unpod.configurations.iter().position(|c| Some(c.id) == id && visible(unpod, asked, c))
}

/// Whether the header and the `type` filter let a row through. An unknown handle sees the rows of no organization
/// (section 1, fact 6); the filter also hides single rows (section 5.2, recorded).
fn visible(unpod: &UnpodWorld, asked: &SandboxRequest, c: &SimulatedConfiguration) -> bool {
    let owner = organization(unpod, asked).map(|o| o.handle.as_str());
    let wanted = asked.argument("type").unwrap_or_default().trim().to_ascii_uppercase();
    let kind = || catalogue::find(&unpod.providers, &c.provider).map(|p| p.kind.as_str());
    c.organization.as_deref() == owner && (wanted.is_empty() || kind() == Some(&wanted))
}

/// Sets the fields of a configuration from a body, or returns what is wrong with them.
fn fill(unpod: &UnpodWorld, c: &mut SimulatedConfiguration, body: &Value, create: bool) -> Result<(), SandboxResponse> {
    let refused = |data: Value| Err(envelope(400, "Error", data));
    match body {
        Value::Object(_) => {}
        Value::Null => return refused(json!({"non_field_errors": ["No data provided"]})),
        other => {
            let text = format!("Invalid data. Expected a dictionary, but got {}.", type_name(other));
            return refused(json!({"non_field_errors": [text]}));
        }
    }
    let mut refusals = FieldRefusals::default();
    let name = refusals.take("name", fields::text(body, "name", 255, true, true));
    let known_provider = |id: u64| unpod.providers.iter().any(|p| p.id == id);
    let provider = fields::key(body, "provider", known_provider);
    let provider = match create {
        true => refusals.take("provider", fields::required(provider).map(Some)),
        false => refusals.take("provider", provider),
    };
    let known_organization = |id: u64| unpod.organizations.iter().any(|o| o.id == id);
    // It must exist, and then the header overrules it (section 5.2, recorded).
    refusals.take("organization", fields::key(body, "organization", known_organization));
    let active = refusals.take("active", fields::boolean(body, "active"));
    let texts = ["api_key", "api_secret", "base_url", "sip_url"]
        .map(|field| (field, refusals.take(field, fields::text(body, field, 255, true, true)).flatten()));
    if !refusals.is_empty() {
        return refused(refusals.as_data());
    }
    if body.get("meta_json").is_some_and(|meta| meta.to_string().contains("\\u0000")) {
        return Err(crash());
    }
    if let Some(name) = name.flatten() {
        c.name = name;
    }
    if let Some(provider) = provider.flatten() {
        c.provider = provider.to_string();
    }
    if let Some(active) = active.flatten() {
        c.active = active;
    }
    if let Some(meta) = body.get("meta_json") {
        c.meta_json = meta.clone();
    }
    for (field, value) in texts {
        if let Some(value) = value {
            super::super::effects::set_text(c, field, value);
        }
    }
    c.is_valid = vendor_accepts(unpod, body);
    Ok(())
}

/// The vendor's verdict on the values of this request: a PATCH without provider or key is refused without asking
/// the vendor (section 5.2; recorded: `33-vendor-check-flag`).
fn vendor_accepts(unpod: &UnpodWorld, body: &Value) -> bool {
    let provider = body.get("provider").map(|p| p.as_str().map_or_else(|| p.to_string(), str::to_owned));
    let provider = provider.and_then(|p| catalogue::find(&unpod.providers, &p));
    let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
    let known = |value: &str, fits: fn(&str, &str) -> bool| {
        !value.is_empty() && unpod.knobs.vendor_accepts.iter().any(|accepted| fits(value, accepted))
    };
    match provider.map(|p| p.name.as_str()) {
        Some("Vapi") => known(text("api_key"), |value, accepted| value.starts_with(accepted)),
        Some("LiveKit") => known(text("base_url"), |value, accepted| value.contains(accepted)),
        _ => false,
    }
}
