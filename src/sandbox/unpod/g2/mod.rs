//! Profile `g2-documented`: the behaviour that the current pages describe (`api/unpod.md`, sections 5.1, 6.1, 7, 8 and 14).

mod bridges;
mod configurations;
mod connections;

use serde_json::{Value, json};

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::catalogue;
use super::super::ids;
use super::super::world::{NumberProvider, UnpodWorld, World};
use super::auth::UnpodCaller;
use super::body;
use super::route::Route;
use super::{envelope, plain};

/// Answers a request that is routed, authenticated and of an allowed method.
pub(super) fn answer(world: &mut World, asked: &SandboxRequest, route: &Route, caller: &UnpodCaller) -> SandboxResponse {
    if *route == Route::Organizations {
        return organizations(&world.unpod, caller);
    }
    let organization = match organization(asked, caller) {
        Ok(organization) => organization,
        Err(refused) => return refused,
    };
    let fields = match asked.method.as_str() {
        "POST" | "PATCH" => match body::read_body(asked) {
            Ok(read) => read.value,
            Err(bad) => return bad.usual_answer(),
        },
        _ => Value::Null,
    };
    let now = world.now();
    let unpod = &mut world.unpod;
    match (asked.method.as_str(), route) {
        ("POST", Route::Configurations) => configurations::create(unpod, &organization, &fields, now),
        ("PATCH", Route::Configuration(id)) => configurations::patch(unpod, &organization, *id, &fields),
        ("DELETE", Route::Configuration(id)) => configurations::delete(unpod, &organization, *id),
        (_, Route::Configuration(id)) => configurations::get(unpod, &organization, *id),
        (_, Route::Configurations) => configurations::list(unpod, &organization),
        ("POST", Route::Bridges) => bridges::create(unpod, &organization, &fields, now),
        ("PATCH", Route::Bridge(slug)) => bridges::patch(unpod, &organization, slug, &fields),
        ("DELETE", Route::Bridge(slug)) => bridges::delete(unpod, &organization, slug),
        (_, Route::Bridge(slug)) => bridges::get(unpod, &organization, slug),
        (_, Route::Bridges) => bridges::list(unpod, &organization, asked),
        (_, Route::Connect(slug)) => connections::connect(unpod, &organization, slug, &fields),
        (_, Route::Disconnect(slug)) => connections::disconnect(unpod, &organization, slug, &fields),
        (_, Route::Providers) => providers(unpod),
        (_, Route::Numbers | Route::Overview) => numbers(unpod, &organization),
        (_, Route::Organizations | Route::Unlink(_)) => organizations(unpod, caller),
    }
}

/// The handle that was sent, if it belongs to the caller: missing is 400, unknown or foreign 403 (section 14).
fn organization(asked: &SandboxRequest, caller: &UnpodCaller) -> Result<String, SandboxResponse> {
    match asked.header("org-handle").unwrap_or_default() {
        "" => Err(SandboxResponse::json(400, json!({"status_code": 400, "message": "Org-Handle header is required."}))),
        handle if caller.belongs_to(handle) => Ok(handle.to_owned()),
        _ => Err(plain(403, "Invalid organization handle.")),
    }
}

/// A documented business error (section 9.2).
fn refusal(status: u16, message: &str, errors: &str) -> SandboxResponse {
    SandboxResponse::json(status, json!({"status_code": status, "message": message, "errors": errors}))
}

/// A required text: present, a string, not blank.
fn text<'a>(fields: &'a Value, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn organizations(unpod: &UnpodWorld, caller: &UnpodCaller) -> SandboxResponse {
    let rows: Vec<Value> = caller
        .memberships
        .iter()
        .filter_map(|(handle, _)| unpod.organizations.iter().find(|o| o.handle == *handle && o.active))
        .map(|o| {
            let created = o.created_at.map(ids::seconds);
            json!({"id": o.id, "name": o.name, "domain_handle": o.handle, "created_at": created})
        })
        .collect();
    super::counted(rows.len(), "Organizations fetched successfully", rows)
}

fn providers(unpod: &UnpodWorld) -> SandboxResponse {
    let row = |p: &super::super::world::SimulatedProvider| json!({"id": p.id, "name": p.name, "slug": p.slug});
    let rows = unpod.providers.iter().map(row).collect();
    envelope(200, "Voice infra providers fetched successfully.", rows)
}

/// All numbers of the organization, assigned or not (section 8).
fn numbers(unpod: &UnpodWorld, organization: &str) -> SandboxResponse {
    let places: std::collections::HashMap<&str, (&str, Option<u64>)> = unpod
        .bridges
        .iter()
        .flat_map(|b| b.numbers.iter().map(|(n, link)| (n.as_str(), (b.slug.as_str(), link.configuration))))
        .collect();
    let providers: std::collections::HashMap<u64, &String> = unpod.configurations.iter().map(|c| (c.id, &c.provider)).collect();
    let own = unpod.numbers.iter().filter(|n| n.organization.as_deref() == Some(organization));
    let rows = own.map(|n| {
        let (bridge, configuration) = match places.get(n.number.as_str()) {
            Some((slug, configuration)) => (Some(*slug), *configuration),
            None => (None, None),
        };
        let connected = configuration.and_then(|id| providers.get(&id).copied());
        let carrier = n.provider.as_ref();
        let provider = match unpod.knobs.number_provider {
            NumberProvider::Carrier => carrier.or(connected),
            NumberProvider::Configuration => connected,
        };
        let provider = provider.map(|p| slug_of(unpod, p));
        json!({"id": n.id, "number": n.number, "provider": provider, "bridge_slug": bridge,
               "status": status(configuration)})
    });
    envelope(200, "Numbers fetched successfully.", rows.collect())
}

/// `status` of a number: active while it is connected to something (section 14, choice).
fn status(configuration: Option<u64>) -> &'static str {
    if configuration.is_some() { "active" } else { "inactive" }
}

/// A provider's slug, or its name in the world.
fn slug_of(unpod: &UnpodWorld, written: &str) -> String {
    match catalogue::find(&unpod.providers, written) {
        Some(found) if !found.slug.is_empty() => found.slug.clone(),
        _ => written.to_owned(),
    }
}
