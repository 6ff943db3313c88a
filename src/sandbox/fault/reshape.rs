//! Faults that spoil a true answer.

use serde_json::{Map, Value, json};

use super::super::answer::{ResponsePayload, SandboxRequest, SandboxResponse};
use super::super::ids;
use super::{FaultEffect, SimulatedService};

/// An answer of ready bytes.
pub(in super::super) fn raw(status: u16, kind: &'static str, bytes: &[u8]) -> SandboxResponse {
    SandboxResponse { status, headers: Vec::new(), payload: ResponsePayload::Raw(kind, bytes.to_vec()) }
}

/// The answer after this effect; effects that do not concern a finished answer leave it unchanged.
pub(super) fn reshape(effect: &FaultEffect, asked: &SandboxRequest, mut answer: SandboxResponse) -> SandboxResponse {
    match effect {
        FaultEffect::ClockAhead(seconds) => {
            let now = std::time::SystemTime::now();
            let gap = std::time::Duration::from_secs(seconds.unsigned_abs());
            let shown = if *seconds < 0 { now - gap } else { now + gap };
            answer = answer.with("date", httpdate::fmt_http_date(shown));
        }
        FaultEffect::EmptyBody => answer.payload = ResponsePayload::Empty,
        FaultEffect::TruncatedJson => {
            let (_, bytes) = answer.bytes();
            answer.payload = ResponsePayload::Raw("application/json", bytes[..bytes.len() / 2].to_vec());
        }
        _ => {
            if let ResponsePayload::Json(body) = &mut answer.payload
                && answer.status < 300
            {
                reshape_json(effect, asked, body);
            }
        }
    }
    answer
}

fn reshape_json(effect: &FaultEffect, asked: &SandboxRequest, body: &mut Value) {
    match effect {
        FaultEffect::WithoutId => without_id(body),
        FaultEffect::DataObject => {
            for key in ["data", "items"] {
                if let Some(list) = body.get_mut(key).filter(|list| list.is_array()) {
                    *list = json!({"0": list.take()});
                }
            }
        }
        FaultEffect::ExtraFields => extra_fields(body),
        FaultEffect::MissingRows(missing) => {
            for (above, key) in [("", "count"), ("", "total"), ("/meta", "total_results")] {
                let holder = body.pointer_mut(above);
                if let Some(count) = holder.and_then(|holder| holder.get_mut(key)).filter(|count| count.is_u64()) {
                    *count = (count.as_u64().unwrap_or_default() + missing).into();
                }
            }
        }
        FaultEffect::EndlessPages => fill_endless_page(asked, body),
        FaultEffect::NextUrl(url) => match asked.service {
            SimulatedService::Carrierx => {
                body["pagination"] = json!({"next": url});
                body["has_more"] = true.into();
            }
            _ => body["next"] = url.as_str().into(),
        },
        _ => {}
    }
}

/// What CarrierX calls the identities of its objects.
const SIDS: [&str; 3] = ["did_group_sid", "partner_sid", "rule_sid"];

/// Separates the sids of copies from those of the kinds.
const SID_OF_COPY: u64 = 11;

fn without_id(body: &mut Value) {
    if let Some(fields) = body.as_object_mut() {
        for name in SIDS {
            fields.shift_remove(name);
        }
    }
    if let Some(data) = body.get_mut("data").and_then(Value::as_object_mut) {
        data.shift_remove("id");
    }
}

fn extra_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(extra_fields);
            fields.insert("x_sandbox_text".into(), "an undocumented field".into());
            fields.insert("x_sandbox_object".into(), json!({"deep": [1, null, {"er": true}]}));
        }
        Value::Array(items) => items.iter_mut().for_each(extra_fields),
        _ => {}
    }
}

/// Fills the page with copies that have unique names, so that only a limit on pages ends the reading.
fn fill_endless_page(asked: &SandboxRequest, body: &mut Value) {
    let page: u64 = match asked.service {
        SimulatedService::Carrierx => asked.argument("offset"),
        SimulatedService::Telnyx => asked.argument("page[number]"),
        _ => asked.argument("page"),
    }
    .and_then(|text| text.parse().ok())
    .unwrap_or(1);
    let key = if body.get("items").is_some() { "items" } else { "data" };
    let sample = body.get(key).and_then(Value::as_array).and_then(|items| items.first()).cloned();
    let sample = sample.unwrap_or_else(|| json!({"id": 0, "name": "Endless", "slug": "endless"}));
    let copies = (0..10).map(|row| renamed_copy(&sample, page * 10 + row));
    body[key] = copies.collect();
    match asked.service {
        SimulatedService::Carrierx => {
            body["count"] = 10.into();
            body["has_more"] = true.into();
        }
        SimulatedService::Telnyx => {
            for key in ["total_pages", "total_results"] {
                body["meta"][key] = 1_000_000_000.into();
            }
        }
        _ => body["count"] = 1_000_000_000.into(),
    }
}

fn renamed_copy(sample: &Value, n: u64) -> Value {
    let mut fields: Map<String, Value> = sample.as_object().cloned().unwrap_or_default();
    for (name, value) in &mut fields {
        match name.as_str() {
            "id" if value.is_string() => *value = (1_000_000 + n).to_string().into(),
            "id" => *value = (1_000_000 + n).into(),
            sid if SIDS.contains(&sid) => *value = ids::sid(SID_OF_COPY, n).into(),
            "slug" | "login" | "connection_name" | "user_name" | "phone_number" => {
                *value = format!("{}-{n}", value.as_str().unwrap_or_default()).into()
            }
            _ => {}
        }
    }
    Value::Object(fields)
}
