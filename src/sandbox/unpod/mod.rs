//! The Unpod simulator (`api/unpod.md`, section 14): routing, then authentication, then method, then the profile.

mod auth;
mod body;
mod effects;
mod g1;
mod g2;
mod options;
mod page;
mod route;

use serde_json::{Value, json};

use super::answer::{SandboxRequest, SandboxResponse};
use super::world::{Profile, World};
pub(super) use effects::{drop_bridge, drop_configuration, put_on, set_text, take_off};
use route::Route;

/// Answers one request under `/api/`.
pub(super) fn answer(world: &mut World, asked: &SandboxRequest) -> SandboxResponse {
    // The blacklist is checked before anything else and compares the whole header (section 2.2, recorded).
    if asked.header("authorization").is_some_and(|value| world.unpod.blacklist.iter().any(|b| b == value)) {
        return SandboxResponse::json(401, json!({"message": "Unauthorized Access", "error": "Expired Auth Token"}));
    }
    let route = match route::resolve_route(&world.unpod, asked) {
        Ok(route) => route,
        Err(answer) => return answer,
    };
    let answer = handled(world, asked, &route);
    // An unhandled exception loses the headers of its view (recorded).
    if answer.status == 500 { answer } else { answer.with("allow", route.methods().join(", ")) }
}

fn handled(world: &mut World, asked: &SandboxRequest, route: &Route) -> SandboxResponse {
    if let Some(refused) = not_acceptable(asked) {
        return refused;
    }
    let caller = match auth::authenticate(&world.unpod, asked, route) {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    if !route.methods().contains(&asked.method.as_str()) {
        return plain(405, &format!("Method \"{}\" not allowed.", asked.method));
    }
    if asked.method == "OPTIONS" {
        return options::describe(world.unpod.profile, route);
    }
    match world.unpod.profile {
        Profile::G1Snapshot | Profile::G1July => g1::answer(world, asked, route, &caller),
        Profile::G2Documented => g2::answer(world, asked, route, &caller),
    }
}

/// Only JSON is rendered (section 2.3, recorded: 406 for HTML, 404 for another `format`).
fn not_acceptable(asked: &SandboxRequest) -> Option<SandboxResponse> {
    if asked.argument("format").is_some_and(|format| format != "json") {
        return Some(plain(404, "Not found."));
    }
    let accept = asked.header("accept").unwrap_or("*/*");
    let fits = |part: &str| {
        let kind = part.split(';').next().unwrap_or_default().trim();
        matches!(kind, "*/*" | "application/*" | "application/json" | "")
    };
    (!accept.split(',').any(fits)).then(|| plain(406, "Could not satisfy the request Accept header."))
}

/// An error of the framework: from 401 up there is no `data` (section 9.1).
fn plain(status: u16, message: &str) -> SandboxResponse {
    SandboxResponse::json(status, json!({"message": message, "status_code": status}))
}

/// The envelope of section 9.1.
fn envelope(status: u16, message: &str, data: Value) -> SandboxResponse {
    SandboxResponse::json(status, json!({"status_code": status, "message": message, "data": data}))
}

/// The envelope with `count` in front, as paginated lists have it (section 9.1).
fn counted(count: usize, message: &str, data: Vec<Value>) -> SandboxResponse {
    SandboxResponse::json(200, json!({"count": count, "status_code": 200, "message": message, "data": data}))
}

/// An unhandled exception: HTML, and the request's writes are undone (section 9.2, recorded).
fn crash() -> SandboxResponse {
    SandboxResponse::html(500, "Server error")
}
