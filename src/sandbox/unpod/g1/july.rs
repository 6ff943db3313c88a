//! Changes to generation 1 according to the plans of July 2026 (`api/unpod.md`, sections 3.1, 8 and 8.1): members only, assigned
//! numbers on request, and an overview.

use serde_json::{Value, json};

use super::super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::super::world::{NumberState, SimulatedBridge, SimulatedNumber, UnpodWorld};
use super::super::auth::UnpodCaller;
use super::super::route::Route;
use super::super::{envelope, plain};
use super::{handle, organization};

/// Another user's organization is refused; the catalogue and `organizations/` have no owner.
pub(super) fn not_a_member(asked: &SandboxRequest, route: &Route, caller: &UnpodCaller) -> Option<SandboxResponse> {
    let open = matches!(route, Route::Organizations | Route::Providers);
    let stranger = handle(asked).filter(|handle| !open && !caller.belongs_to(handle));
    stranger.map(|_| plain(403, "You do not have permission to perform this action."))
}

/// The free numbers of the organization and those without an owner, and with `include_assigned=true` its own assigned ones
/// (section 8).
pub(super) fn numbers(unpod: &UnpodWorld, asked: &SandboxRequest) -> SandboxResponse {
    let assigned = asked.argument("include_assigned") == Some("true");
    let rows = visible_numbers(unpod, asked)
        .filter(|(number, bridge)| match number.state {
            NumberState::Assigned => assigned && bridge.is_some(),
            NumberState::NotAssigned => !number.agent_number,
            NumberState::Closed => false,
        })
        .map(|(n, _)| json!({"id": n.id, "number": n.number, "active": n.active, "state": n.state}));
    envelope(200, "Telephony numbers fetched successfully.", rows.collect())
}

/// A row for each number that is on a bridge of the organization (section 8.1). Fields that no page explains are null.
pub(super) fn overview(unpod: &UnpodWorld, asked: &SandboxRequest) -> SandboxResponse {
    let rows = visible_numbers(unpod, asked).filter_map(|(n, bridge)| {
        let bridge = bridge?;
        let link = bridge.numbers.get(&n.number)?;
        let state = if link.configuration.is_some() { "LINKED" } else { "NOT_LINKED" };
        Some(json!({"number": n.number, "number_id": n.id, "bridge_slug": bridge.slug, "connection_state": state,
                    "termination_kind": null, "agent_id": link.agent_id, "provider": n.provider, "sync_state": null,
                    "in_sync": true}))
    });
    envelope(200, "Success", rows.collect::<Vec<Value>>().into())
}

/// Numbers of the organization or without an owner, each with its bridge of the organization.
fn visible_numbers<'a>(
    unpod: &'a UnpodWorld,
    asked: &SandboxRequest,
) -> impl Iterator<Item = (&'a SimulatedNumber, Option<&'a SimulatedBridge>)> + use<'a> {
    let owner = organization(unpod, asked).map(|o| o.handle.as_str());
    let bridge = move |number: &str| {
        unpod.bridges.iter().find(|b| Some(b.organization.as_str()) == owner && b.numbers.contains_key(number))
    };
    unpod.numbers.iter().filter_map(move |number| {
        let bridge = bridge(&number.number);
        let own = number.organization.is_none() || number.organization.as_deref() == owner;
        (own || bridge.is_some()).then_some((number, bridge))
    })
}
