//! Profile `g1-snapshot`: as recorded from the public source of 2026-02-16 (`api/unpod.md`, sections 5.2, 6.2, 7 and
//! 14, column `g1-snapshot`; recordings in `tests/recordings/unpod-g1/`). Profile `g1-july` is the same with the changes of
//! the plans of July 2026 (section 3.1).

mod bridges;
mod configurations;
mod connections;
mod fields;
mod july;
mod shapes;

use serde_json::{Value, json};

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::world::{NumberState, Profile, SimulatedOrganization, UnpodWorld, World};
use super::auth::UnpodCaller;
use super::envelope;
use super::route::Route;

/// Answers a request that is routed, authenticated and of an allowed method.
pub(super) fn answer(world: &mut World, asked: &SandboxRequest, route: &Route, caller: &UnpodCaller) -> SandboxResponse {
    let now = world.now();
    let unpod = &mut world.unpod;
    let july = unpod.profile == Profile::G1July;
    if july && let Some(refused) = july::not_a_member(asked, route, caller) {
        return refused;
    }
    match (asked.method.as_str(), route) {
        (_, Route::Organizations) => organizations(unpod, caller),
        (_, Route::Providers) => providers(unpod),
        (_, Route::Numbers) if july => july::numbers(unpod, asked),
        (_, Route::Overview) => july::overview(unpod, asked),
        (_, Route::Numbers) => numbers(unpod, asked),
        ("POST", Route::Configurations) => configurations::create(unpod, asked, now),
        (_, Route::Configurations) => configurations::list(unpod, asked),
        ("PATCH", Route::Configuration(id)) => configurations::patch(unpod, asked, *id),
        ("DELETE", Route::Configuration(id)) => configurations::delete(unpod, asked, *id),
        (_, Route::Configuration(id)) => configurations::get(unpod, asked, *id),
        ("POST", Route::Bridges) => bridges::create(unpod, asked, now),
        (_, Route::Bridges) => bridges::list(unpod, asked),
        ("PATCH", Route::Bridge(slug)) => bridges::patch(unpod, asked, slug),
        ("DELETE", Route::Bridge(slug)) => bridges::delete(unpod, slug),
        (_, Route::Bridge(slug)) => bridges::get(unpod, slug),
        (_, Route::Connect(slug)) => connections::connect(unpod, asked, slug),
        (_, Route::Disconnect(_)) => connections::disconnect(unpod, asked),
        (_, Route::Unlink(id)) => connections::unlink(unpod, *id),
    }
}

/// One element per role, active organizations only (section 4.1, recorded).
fn organizations(unpod: &UnpodWorld, caller: &UnpodCaller) -> SandboxResponse {
    let row = |(handle, role): &(String, String)| {
        let o = unpod.organizations.iter().find(|o| o.handle == *handle && o.active)?;
        Some(json!({"name": o.name, "token": o.token, "domain": o.domain, "domain_handle": o.handle,
                    "is_private_domain": o.is_private_domain, "role": role}))
    };
    let rows: Vec<Value> = caller.memberships.iter().filter_map(row).collect();
    super::counted(rows.len(), "Organizations fetched successfully", rows)
}

/// Only the type VOICE_INFRA (section 4.2, recorded).
fn providers(unpod: &UnpodWorld) -> SandboxResponse {
    let listed = unpod.providers.iter().filter(|p| p.kind == "VOICE_INFRA");
    envelope(200, "Voice infra providers fetched successfully.", listed.map(shapes::short_provider).collect())
}

/// The free numbers of the organization and those without an owner; every parameter is ignored (section 8, recorded).
fn numbers(unpod: &UnpodWorld, asked: &SandboxRequest) -> SandboxResponse {
    let owner = organization(unpod, asked).map(|o| o.handle.as_str());
    let free = unpod.numbers.iter().filter(|n| {
        let ours = n.organization.is_none() || n.organization.as_deref() == owner;
        ours && n.active && !n.agent_number && n.state == NumberState::NotAssigned
    });
    let rows = free.map(|n| json!({"id": n.id, "number": n.number, "active": n.active}));
    envelope(200, "Telephony numbers fetched successfully.", rows.collect())
}

/// The organization of the header: compared exactly, active or not, for any caller (section 2.3, recorded).
fn organization<'a>(unpod: &'a UnpodWorld, asked: &SandboxRequest) -> Option<&'a SimulatedOrganization> {
    let handle = handle(asked)?;
    unpod.organizations.iter().find(|o| o.handle == handle)
}

/// `Org-Handle`, if it says anything.
fn handle(asked: &SandboxRequest) -> Option<&str> {
    asked.header("org-handle").filter(|handle| !handle.is_empty())
}

/// `Product-Id`, if it says anything.
fn product(asked: &SandboxRequest) -> Option<&str> {
    asked.header("product-id").filter(|product| !product.is_empty())
}
