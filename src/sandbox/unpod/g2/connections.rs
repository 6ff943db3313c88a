//! Connect and disconnect of generation 2 (`api/unpod.md`, section 7).

use serde_json::{Value, json};

use super::super::super::answer::SandboxResponse;
use super::super::super::world::{NumberState, SimulatedConfiguration, SimulatedLink, SimulatedNumber, UnpodWorld};
use super::super::effects::take_off_at;
use super::super::envelope;
use super::{bridges, refusal, text};

pub(super) fn connect(unpod: &mut UnpodWorld, organization: &str, slug: &str, fields: &Value) -> SandboxResponse {
    let Some(place) = bridges::place(unpod, organization, slug) else { return no_bridge() };
    let refused = |why: &str| refusal(400, "Failed to connect provider.", why);
    let Some((configuration, number)) = subject(unpod, organization, fields) else {
        return refused("Provider configuration not found or phone number invalid");
    };
    let (configuration, number) = (configuration.id, number.number.clone());
    if unpod.bridges.iter().enumerate().any(|(i, b)| i != place && b.numbers.contains_key(&number)) {
        return refused("Phone number is already assigned to another bridge");
    }
    match unpod.bridges[place].numbers.get_mut(&number) {
        Some(link) if link.configuration == Some(configuration) && unpod.knobs.refuse_connect_again => {
            return refused("Phone number is already connected to this provider");
        }
        Some(link) => link.configuration = Some(configuration),
        None => {
            let link = SimulatedLink::to_configuration(unpod.next_ids.link, Some(configuration));
            unpod.next_ids.link += 1;
            unpod.bridges[place].numbers.insert(number.clone(), link);
        }
    }
    if let Some(row) = unpod.numbers.iter_mut().find(|n| n.number == number) {
        row.state = NumberState::Assigned;
    }
    let data = json!({"message": "Provider connected successfully", "bridge_slug": slug, "phone_number": number});
    envelope(200, "Provider connected to bridge successfully.", data)
}

/// Configuration and number of the body, if they exist here and belong together (section 7.1, preconditions).
fn subject<'a>(
    unpod: &'a UnpodWorld,
    organization: &str,
    fields: &Value,
) -> Option<(&'a SimulatedConfiguration, &'a SimulatedNumber)> {
    let id = match fields.get("provider_config_id")? {
        Value::String(digits) => digits.parse().ok()?,
        other => other.as_u64()?,
    };
    let number = text(fields, "phone_number")?;
    let owned = |owner: &Option<String>| owner.as_deref() == Some(organization);
    let configuration = unpod.configurations.iter().find(|c| c.id == id && owned(&c.organization))?;
    let number = unpod.numbers.iter().find(|n| n.number == number)?;
    let usable =
        number.active && number.state != NumberState::Closed && (owned(&number.organization) || number.organization.is_none());
    let of_account = match (&number.account, &number.provider) {
        (Some(account), _) => configuration.account_sid.as_ref() == Some(account),
        (None, Some(carrier)) => configuration.provider == *carrier,
        (None, None) => true,
    };
    (usable && of_account).then_some((configuration, number))
}

pub(super) fn disconnect(unpod: &mut UnpodWorld, organization: &str, slug: &str, fields: &Value) -> SandboxResponse {
    let Some(place) = bridges::place(unpod, organization, slug) else { return no_bridge() };
    let number = text(fields, "phone_number").unwrap_or_default().to_owned();
    let keeps_number = unpod.knobs.disconnect_keeps_number;
    match unpod.bridges[place].numbers.get_mut(&number) {
        Some(link) if keeps_number => link.configuration = None,
        Some(_) => take_off_at(unpod, place, &number),
        None => {
            let why = "Phone number is not connected to this bridge";
            return refusal(400, "Failed to disconnect provider.", why);
        }
    }
    let data = json!({"message": "Provider disconnected successfully", "bridge_slug": slug});
    envelope(200, "Provider disconnected from bridge successfully.", data)
}

fn no_bridge() -> SandboxResponse {
    SandboxResponse::json(404, json!({"status_code": 404, "message": "Bridge not found."}))
}
