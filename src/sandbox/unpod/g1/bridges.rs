//! Bridges of generation 1 (`api/unpod.md`, sections 6.2, 6.3 and 14).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::super::ids;
use super::super::super::world::{NumberState, SimulatedBridge, SimulatedLink, UnpodWorld};
use super::super::body::{self, ParsedBody, printed, type_name};
use super::super::effects::{drop_bridge, move_changed_row};
use super::super::{counted, crash, envelope, page, plain};
use super::fields::{self, FieldRefusals};
use super::{handle, organization, product, shapes};

const NO_MATCH: &str = "No VoiceBridge matches the given query.";
const NOT_A_LIST: &str = "NumberIds must be a list of integers.";

pub(super) fn list(unpod: &UnpodWorld, asked: &SandboxRequest) -> SandboxResponse {
    let partial = |message: &str| envelope(206, message, json!({}));
    let Some(product) = product(asked) else { return partial("Please provide Product-Id in headers") };
    if handle(asked).is_none() {
        return partial("Please provide Org-Handle in headers");
    }
    let Some(owner) = organization(unpod, asked) else { return partial("Organization not found") };
    // Anything but an integer as page is an unhandled exception (section 11, recorded).
    let Some(page) = page::page_from_query(asked) else { return crash() };
    let fits = |b: &&SimulatedBridge| b.organization == owner.handle && b.product_id.as_deref() == Some(product);
    let own: Vec<&SimulatedBridge> = unpod.bridges.iter().filter(fits).collect();
    let row = |b: &&SimulatedBridge| json!({"id": b.id, "name": b.name, "slug": b.slug, "status": b.status, "description": b.description});
    counted(own.len(), "Success", own.iter().skip(page.start).take(page.size).map(row).collect())
}

/// The position of the only bridge with this slug, in any organization, or the number of such bridges.
pub(super) fn place(unpod: &UnpodWorld, slug: &str) -> Result<usize, usize> {
    let mut places = unpod.bridges.iter().enumerate().filter(|(_, b)| b.slug == slug).map(|(i, _)| i);
    match (places.next(), places.count()) {
        (Some(place), 0) => Ok(place),
        (None, _) => Err(0),
        (Some(_), more) => Err(more + 1),
    }
}

/// The recorded server's text when a lookup does not find exactly one.
pub(super) fn not_one(count: usize) -> String {
    match count {
        0 => NO_MATCH.to_owned(),
        n => format!("get() returned more than one VoiceBridge -- it returned {n}!"),
    }
}

pub(super) fn get(unpod: &UnpodWorld, slug: &str) -> SandboxResponse {
    match place(unpod, slug) {
        Ok(place) => envelope(200, "Success", shapes::bridge(unpod, &unpod.bridges[place])),
        Err(0) => plain(404, NO_MATCH),
        Err(_) => crash(),
    }
}

pub(super) fn delete(unpod: &mut UnpodWorld, slug: &str) -> SandboxResponse {
    match place(unpod, slug) {
        Ok(place) => {
            let id = unpod.bridges[place].id;
            drop_bridge(unpod, id);
            envelope(204, "Bridge deleted successfully.", json!({}))
        }
        Err(count) => envelope(400, &not_one(count), json!({})),
    }
}

pub(super) fn create(unpod: &mut UnpodWorld, asked: &SandboxRequest, now: Timestamp) -> SandboxResponse {
    let told = |message: &str| envelope(400, message, json!({"status_code": 400}));
    let failed = |message: &str| envelope(400, message, json!({}));
    if handle(asked).is_none() {
        return failed("Missing 'Org-Handle' header.");
    }
    let ParsedBody { value: body, is_form } = match body::read_body(asked) {
        Ok(read) => read,
        Err(bad) => return bad.in_message(),
    };
    match &body {
        Value::Object(_) => {}
        Value::Array(_) => return told("pop expected at most 1 argument, got 2"),
        other => return told(&format!("'{}' object has no attribute 'copy'", type_name(other))),
    }
    // In a form the numbers are lost (section 6.2, recorded).
    let numbers = if is_form { None } else { body.get("numberIds") };
    if numbers.is_some_and(|n| !n.is_array() && !n.is_null()) {
        return failed(NOT_A_LIST);
    }
    let mut made = SimulatedBridge { created_at: Some(now), ..SimulatedBridge::default() };
    if let Err(refusals) = fill(unpod, &mut made, &body, true) {
        return told(&refusals.as_text());
    }
    let Some(owner) = organization(unpod, asked) else {
        // The 200 that creates nothing (section 9.3, recorded).
        let text = format!("No organization found for domain: {}", handle(asked).unwrap_or_default());
        return envelope(200, "Success", json!({"detail": text}));
    };
    made.organization.clone_from(&owner.handle);
    made.product_id = product(asked).map(str::to_owned);
    made.id = unpod.next_ids.bridge;
    if made.slug.is_empty() {
        made.slug = ids::slug(&made.name, made.id);
    }
    for (value, longest) in [(Some(&made.slug), 50), (made.product_id.as_ref(), 100)] {
        if value.is_some_and(|text| text.chars().count() > longest) {
            return failed(&format!("value too long for type character varying({longest})\n"));
        }
    }
    unpod.next_ids.bridge += 1;
    let place = unpod.bridges.len();
    unpod.bridges.push(made);
    // From here on a refusal leaves the bridge behind: no exception, no rollback (section 6.2, recorded).
    match numbers {
        Some(Value::Array(wanted)) => {
            if let Err(text) = take_numbers(unpod, place, wanted, &body) {
                return failed(&text);
            }
        }
        Some(_) => return failed("'NoneType' object is not iterable"),
        None => {}
    }
    envelope(201, "Bridge created successfully.", shapes::internal_bridge(unpod, &unpod.bridges[place]))
}

/// Assigns active free numbers regardless of their owner, and skips all others (section 6.2, recorded).
fn take_numbers(unpod: &mut UnpodWorld, place: usize, wanted: &[Value], body: &Value) -> Result<(), String> {
    for value in wanted {
        let id = match value {
            Value::Number(n) => n.as_u64(),
            Value::String(text) if text.trim().parse::<i128>().is_ok() => text.trim().parse().ok(),
            other => return Err(format!("Field 'id' expected a number but got {}.", printed(other))),
        };
        let free = |n: &&mut super::super::super::world::SimulatedNumber| {
            Some(n.id) == id && n.active && n.state == NumberState::NotAssigned
        };
        let Some(number) = unpod.numbers.iter_mut().find(free) else { continue };
        number.state = NumberState::Assigned;
        let mut link = SimulatedLink::to_configuration(unpod.next_ids.link, None);
        unpod.next_ids.link += 1;
        link.agent_id = body.get("agent_id").cloned().unwrap_or_default();
        if let Some(config_json) = body.get("config_json") {
            link.config_json = config_json.clone();
        }
        if let Some(kind) = body.get("connectivity_type").and_then(Value::as_str) {
            kind.clone_into(&mut link.connectivity_type);
        }
        unpod.bridges[place].numbers.insert(number.number.clone(), link);
    }
    Ok(())
}

pub(super) fn patch(unpod: &mut UnpodWorld, asked: &SandboxRequest, slug: &str) -> SandboxResponse {
    let place = match place(unpod, slug) {
        Ok(place) => place,
        Err(0) => return plain(404, NO_MATCH),
        Err(_) => return crash(),
    };
    let body = match body::read_body(asked) {
        Ok(read) => read.value,
        Err(bad) => return bad.usual_answer(),
    };
    if !body.is_object() {
        return crash();
    }
    if body.get("numberIds").is_some_and(|n| !n.is_array() && !n.is_null()) {
        return envelope(400, NOT_A_LIST, json!({}));
    }
    let mut changed = unpod.bridges[place].clone();
    if let Err(refusals) = fill(unpod, &mut changed, &body, false) {
        return envelope(400, "Error", refusals.as_data());
    }
    if !unpod.knobs.queue_library {
        let data = shapes::internal_bridge(unpod, &unpod.bridges[place]);
        return envelope(400, "No module named 'django_q'", data);
    }
    if changed.slug.is_empty() {
        // A blank slug generates a new one; increasing the id ensures that it differs from the first one.
        changed.slug = ids::slug(&changed.name, changed.id + (unpod.next_ids.bridge << 20));
    }
    // A bridge without a product is adopted by the first PATCH that names one (section 2.3, recorded).
    if changed.product_id.is_none() {
        changed.product_id = product(asked).map(str::to_owned);
    }
    unpod.bridges[place] = changed;
    let data = shapes::internal_bridge(unpod, &unpod.bridges[place]);
    move_changed_row(&mut unpod.bridges, place, unpod.knobs.changed_rows_move);
    envelope(200, "Bridge updated successfully.", data)
}

/// Sets the fields of a bridge from a body, or returns what is wrong with them.
fn fill(unpod: &UnpodWorld, b: &mut SimulatedBridge, body: &Value, create: bool) -> Result<(), FieldRefusals> {
    let mut refusals = FieldRefusals::default();
    let name = fields::text(body, "name", 100, false, false);
    let name = match create {
        true => refusals.take("name", fields::required(name).map(Some)),
        false => refusals.take("name", name),
    };
    let description = refusals.take("description", fields::text(body, "description", usize::MAX, true, true));
    let status = refusals.take("status", fields::choice(body, "status", &["ACTIVE", "INACTIVE", "DRAFT"]));
    let documents = fields::choice(body, "documents_status", &["pending", "review", "approve"]);
    let documents = refusals.take("documents_status", documents);
    let slug = refusals.take("slug", fields::text(body, "slug", 50, true, true));
    let known_organization = |id: u64| unpod.organizations.iter().any(|o| o.id == id);
    let owner = refusals.take("organization", fields::key(body, "organization", known_organization));
    let region = refusals.take("region", fields::choice(body, "region", &["IN", "US", "EU", "AUS", "UAE"]));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    if let Some(name) = name.flatten().flatten() {
        b.name = name;
    }
    if let Some(description) = description.flatten() {
        b.description = description;
    }
    let words = [(&mut b.status, status), (&mut b.documents_status, documents), (&mut b.region, region)];
    for (place, word) in words {
        if let Some(word) = word.flatten() {
            *place = word;
        }
    }
    if let Some(slug) = slug.flatten() {
        b.slug = slug.unwrap_or_default();
    }
    if let Some(id) = owner.flatten()
        && let Some(owner) = unpod.organizations.iter().find(|o| o.id == id)
    {
        b.organization.clone_from(&owner.handle);
    }
    Ok(())
}
