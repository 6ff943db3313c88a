//! The answer of OPTIONS about an endpoint (`api/unpod.md`, section 3; recorded: `04-paths-and-methods`).
//!
//! The keys of `actions.POST` are the fields that a create accepts, so a client can distinguish the generations
//! without writing.

use serde_json::{Value, json};

use super::super::answer::SandboxResponse;
use super::super::world::Profile;
use super::envelope;
use super::route::Route;

/// The framework's description of an endpoint.
pub(super) fn describe(profile: Profile, route: &Route) -> SandboxResponse {
    let name = match route {
        Route::Configurations | Route::Configuration(_) => "Provider Configurations",
        Route::Bridges | Route::Bridge(_) | Route::Connect(_) | Route::Disconnect(_) => "Bridges",
        Route::Providers => "Providers",
        Route::Numbers | Route::Overview | Route::Unlink(_) => "Numbers",
        Route::Organizations => "Organizations",
    };
    let mut data = json!({
        "name": name,
        "description": format!("API v2 Platform ViewSet for {name}"),
        "renders": ["application/json"],
        "parses": ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
    });
    if *route == Route::Configurations {
        data["actions"] = json!({"POST": match profile {
            Profile::G1Snapshot | Profile::G1July => g1_fields(),
            Profile::G2Documented => g2_fields(),
        }});
    }
    envelope(200, "Success", data)
}

fn field(kind: &str, required: bool, read_only: bool, label: &str) -> Value {
    json!({"type": kind, "required": required, "read_only": read_only, "label": label})
}

fn text(required: bool, label: &str, longest: u64) -> Value {
    let mut shown = field("string", required, false, label);
    shown["max_length"] = longest.into();
    shown
}

fn choice(required: bool, label: &str, choices: &[(&str, &str)]) -> Value {
    let mut shown = field("choice", required, false, label);
    shown["choices"] = choices.iter().map(|(value, name)| json!({"value": value, "display_name": name})).collect();
    shown
}

fn g2_fields() -> Value {
    json!({
        "id": field("integer", false, true, "ID"),
        "provider": text(true, "Provider", 50),
        "account_sid": text(true, "Account sid", 255),
        "auth_token": text(true, "Auth token", 255),
        "created_at": field("datetime", false, true, "Created at"),
    })
}

fn g1_fields() -> Value {
    let mut details = field("nested object", false, true, "Provider details");
    details["children"] = provider_fields();
    json!({
        "id": field("integer", false, true, "ID"),
        "name": text(false, "Name", 255),
        "provider": field("field", true, false, "Provider"),
        "provider_details": details,
        "organization": field("field", false, false, "Organization"),
        "meta_json": field("field", false, false, "Meta json"),
        "active": field("boolean", false, false, "Active"),
        "api_key": text(false, "Api key", 255),
        "api_secret": text(false, "Api secret", 255),
        "base_url": text(false, "Base url", 255),
        "sip_url": text(false, "Sip url", 255),
        "is_valid": field("boolean", false, false, "Is valid"),
    })
}

fn provider_fields() -> Value {
    let kinds = [("VOICE_INFRA", "voice_infra"), ("TELEPHONY", "telephony"), ("MODEL", "model")];
    let models = [("LLM", "LLM"), ("TRANSCRIBER", "Transcriber"), ("VOICE", "Voice")];
    let states = [("active", "Active"), ("inactive", "Inactive"), ("deleted", "Deleted")];
    let mut model_types = field("list", false, false, "Model types");
    model_types["child"] = choice(true, "Model types", &models);
    let mut url = field("url", false, false, "Url");
    url["max_length"] = 200.into();
    json!({
        "id": field("integer", false, true, "ID"),
        "name": text(true, "Name", 100),
        "type": choice(true, "Type", &kinds),
        "model_types": model_types,
        "url": url,
        "description": field("string", false, false, "Description"),
        "icon": field("field", false, true, "Icon"),
        "form_slug": field("string", false, true, "Form slug"),
        "status": choice(false, "Status", &states),
    })
}
