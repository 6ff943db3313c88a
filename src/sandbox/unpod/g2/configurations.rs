//! Provider configurations of generation 2 (`api/unpod.md`, section 5.1).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::answer::SandboxResponse;
use super::super::super::catalogue;
use super::super::super::ids;
use super::super::super::world::{DuplicateConfiguration, SimulatedConfiguration, UnpodWorld};
use super::super::effects::{drop_configuration, move_changed_row};
use super::super::{envelope, plain};
use super::{refusal, slug_of, text};

const NOT_FOUND: &str = "Provider configuration not found.";
const NOT_CREATED: &str = "Provider configuration creation failed.";

pub(super) fn list(unpod: &UnpodWorld, organization: &str) -> SandboxResponse {
    let own = unpod.configurations.iter().filter(|c| c.organization.as_deref() == Some(organization));
    let rows = own.map(|c| configuration_json(unpod, c)).collect();
    envelope(200, "Provider configurations fetched successfully.", rows)
}

pub(super) fn get(unpod: &UnpodWorld, organization: &str, id: Option<u64>) -> SandboxResponse {
    match place(unpod, organization, id) {
        Some(place) => {
            let data = configuration_json(unpod, &unpod.configurations[place]);
            envelope(200, "Provider configuration fetched successfully.", data)
        }
        None => plain(404, NOT_FOUND),
    }
}

pub(super) fn create(unpod: &mut UnpodWorld, organization: &str, fields: &Value, now: Timestamp) -> SandboxResponse {
    // "Slug or ID" on the create page (section 4.2), so a number is as good as its digits.
    let provider = match fields.get("provider") {
        Some(Value::Number(id)) => id.to_string(),
        _ => text(fields, "provider").unwrap_or_default().to_owned(),
    };
    let (Some(account_sid), Some(auth_token), false) =
        (text(fields, "account_sid"), text(fields, "auth_token"), provider.is_empty())
    else {
        return refusal(400, NOT_CREATED, "provider, account_sid and auth_token are required");
    };
    let Some(found) = catalogue::find(&unpod.providers, &provider).filter(|p| p.slug == provider || p.id.to_string() == provider)
    else {
        return refusal(400, NOT_CREATED, "Unknown provider");
    };
    if unpod.knobs.refused_auth_tokens.iter().any(|t| t == auth_token) {
        return refusal(400, NOT_CREATED, "Invalid account_sid or auth_token");
    }
    let provider = catalogue::provider_key(unpod.profile, found);
    if is_duplicate(unpod, organization, &provider, account_sid, None) {
        return refusal(409, NOT_CREATED, "Provider configuration already exists");
    }
    let id = unpod.next_ids.configuration;
    unpod.next_ids.configuration += 1;
    let made = SimulatedConfiguration {
        id,
        organization: Some(organization.to_owned()),
        provider,
        account_sid: Some(account_sid.to_owned()),
        auth_token: Some(auth_token.to_owned()),
        created_at: Some(now),
        ..SimulatedConfiguration::default()
    };
    let data = configuration_json(unpod, &made);
    unpod.configurations.push(made);
    envelope(201, "Provider configuration created successfully.", data)
}

/// Only `auth_token` and `account_sid` can change; all other fields of the body are ignored (section 14).
pub(super) fn patch(unpod: &mut UnpodWorld, organization: &str, id: Option<u64>, fields: &Value) -> SandboxResponse {
    let Some(place) = place(unpod, organization, id) else { return plain(404, NOT_FOUND) };
    for name in ["auth_token", "account_sid"] {
        let refused = fields.get(name).is_some() && text(fields, name).is_none()
            || text(fields, name).is_some_and(|t| unpod.knobs.refused_auth_tokens.iter().any(|r| r == t));
        if refused {
            return refusal(400, "Update failed.", &format!("Invalid {name} value"));
        }
    }
    if let Some(account_sid) = text(fields, "account_sid") {
        let row = &unpod.configurations[place];
        if is_duplicate(unpod, organization, &row.provider, account_sid, Some(row.id)) {
            return refusal(400, "Update failed.", "Provider configuration already exists");
        }
    }
    let row = &mut unpod.configurations[place];
    if let Some(auth_token) = text(fields, "auth_token") {
        row.auth_token = Some(auth_token.to_owned());
    }
    if let Some(account_sid) = text(fields, "account_sid") {
        row.account_sid = Some(account_sid.to_owned());
    }
    let data = configuration_json(unpod, &unpod.configurations[place]);
    move_changed_row(&mut unpod.configurations, place, unpod.knobs.changed_rows_move);
    envelope(200, "Provider configuration updated successfully.", data)
}

pub(super) fn delete(unpod: &mut UnpodWorld, organization: &str, id: Option<u64>) -> SandboxResponse {
    match place(unpod, organization, id) {
        Some(place) => {
            let id = unpod.configurations[place].id;
            drop_configuration(unpod, id);
            SandboxResponse::empty(204)
        }
        None => plain(404, NOT_FOUND),
    }
}

fn place(unpod: &UnpodWorld, organization: &str, id: Option<u64>) -> Option<usize> {
    let own = |c: &SimulatedConfiguration| Some(c.id) == id && c.organization.as_deref() == Some(organization);
    unpod.configurations.iter().position(own)
}

fn is_duplicate(unpod: &UnpodWorld, organization: &str, provider: &str, account: &str, but: Option<u64>) -> bool {
    let rule = unpod.knobs.duplicate_configuration;
    unpod.configurations.iter().any(|c| {
        let same_owner = c.organization.as_deref() == Some(organization) && Some(c.id) != but;
        let same_account = match rule {
            DuplicateConfiguration::ProviderAndAccount => c.account_sid.as_deref() == Some(account),
            DuplicateConfiguration::Provider => but.is_none(),
            DuplicateConfiguration::Allowed => false,
        };
        same_owner && same_account && c.provider == provider
    })
}

/// As the API shows it: never `auth_token` (section 5.1).
pub(super) fn configuration_json(unpod: &UnpodWorld, c: &SimulatedConfiguration) -> Value {
    let account_sid = match (&c.account_sid, unpod.knobs.mask_account_sid) {
        (Some(sid), true) => {
            let tail: String = sid.chars().skip(sid.chars().count().saturating_sub(4)).collect();
            Some(format!("{}{tail}", "*".repeat(sid.chars().count().saturating_sub(4))))
        }
        (sid, _) => sid.clone(),
    };
    json!({"id": c.id, "provider": slug_of(unpod, &c.provider), "account_sid": account_sid,
           "created_at": c.created_at.map(ids::seconds)})
}
