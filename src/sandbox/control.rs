//! The simulator's own routes under `/TOKEN/_sim/`, for people and for programs that are not the test itself.

use serde_json::{Value, json};

use super::answer::{SandboxRequest, SandboxResponse, unknown_path};
use super::carrierx;
use super::core::SharedCore;
use super::fault::FaultRule;

/// Answers a control request.
///
/// `GET|POST /_sim/verify/{sid or login}/{field or all}`, `GET|DELETE /_sim/log`, `GET /_sim/world`,
/// `GET|POST|DELETE /_sim/faults` (POST takes one fault or an array of faults, as JSON).
pub(super) fn answer(shared: &SharedCore, asked: &SandboxRequest) -> SandboxResponse {
    let parts: Vec<&str> = asked.path.trim_start_matches("/_sim/").trim_end_matches('/').split('/').collect();
    let mut core = shared.core();
    match (asked.method.as_str(), parts.as_slice()) {
        // GET as well, because a link in a mail is a GET.
        ("GET" | "POST", ["verify", partner, field]) => {
            if core.edit(|world| carrierx::verify(world, partner, field)) {
                SandboxResponse::json(200, json!({"verified": field, "partner": partner}))
            } else {
                SandboxResponse::json(404, json!({"message": format!("there is no partner {partner} with a field {field}")}))
            }
        }
        ("GET", ["log"]) => whole(&core.log),
        ("DELETE", ["log"]) => {
            core.log.clear();
            SandboxResponse::empty(204)
        }
        ("GET", ["world"]) => whole(&core.world),
        ("GET", ["faults"]) => whole(&core.world.faults),
        ("DELETE", ["faults"]) => {
            core.world.faults.clear();
            SandboxResponse::empty(204)
        }
        ("POST", ["faults"]) => match faults(&asked.body) {
            Ok(mut faults) => {
                core.world.faults.append(&mut faults);
                whole(&core.world.faults)
            }
            Err(why) => SandboxResponse::json(400, json!({"message": why})),
        },
        _ => unknown_path(),
    }
}

fn whole(value: &impl serde::Serialize) -> SandboxResponse {
    match serde_json::to_value(value) {
        Ok(value) => SandboxResponse::json(200, value),
        Err(error) => SandboxResponse::json(500, json!({"message": error.to_string()})),
    }
}

fn faults(body: &[u8]) -> Result<Vec<FaultRule>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let list = if value.is_array() { value } else { json!([value]) };
    serde_json::from_value(list).map_err(|error| error.to_string())
}
