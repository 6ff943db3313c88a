//! Texts of a service, prepared for display: escaped, shortened, without secrets.

use crate::model::value::{HiddenValues, MASK, Value};
use crate::text::{escape, shorten};

/// Placeholder messages of a service; the real text is then under `data` (unpod.md 9.1, recorded).
const PLACEHOLDERS: [&str; 2] = ["Error", "Success"];

/// Keys whose values must not be read: they hold secrets, or objects with secrets in them (unpod.md 14.1).
const UNSAID: [&str; 14] = [
    "auth_token",
    "api_key",
    "api_secret",
    "api_token",
    "token",
    "ip_authentication_token",
    "password",
    "sip_password",
    "external_pin",
    "authorization",
    "provider_configuration",
    "provider_credential",
    "config_json",
    "meta_json",
];

/// The human text in a body, whichever of the known shapes it has (unpod.md 9.2, carrierx.md 9): `errors`,
/// `error.message`, `error`, `message`, `detail`, else the first text under `data`. CarrierX is said to use only the
/// first of them, so one order serves both.
pub fn error_text(body: &Value) -> Option<String> {
    envelope_text(body)
        .or_else(|| flatten_text(body.get("data")?, 0))
        // A placeholder is better than no text.
        .or_else(|| flatten_text(body.get("message")?, 0))
}

/// The human text around what an answer wraps, never of what it wraps.
pub(super) fn envelope_text(body: &Value) -> Option<String> {
    let entry = |key: &str| body.get(key);
    let candidates = [
        entry("errors"),
        entry("error").and_then(|error| error.get("message")),
        entry("error"),
        entry("message").filter(|message| !is_placeholder(message)),
        entry("detail"),
    ];
    candidates.into_iter().flatten().find_map(|candidate| flatten_text(candidate, 0))
}

fn is_unsaid(key: &str) -> bool {
    UNSAID.iter().any(|unsaid| key.eq_ignore_ascii_case(unsaid))
}

fn is_placeholder(value: &Value) -> bool {
    value.as_str().is_some_and(|text| PLACEHOLDERS.contains(&text))
}

/// A value as one line of text: lists joined, keys before their texts; numbers alone say nothing (`{"status_code": 400}`).
fn flatten_text(value: &Value, depth: usize) -> Option<String> {
    if depth > 4 {
        return None;
    }
    let join = |parts: Vec<String>| (!parts.is_empty()).then(|| parts.join("; "));
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.trim().to_owned()),
        Value::Array(items) => join(items.iter().take(20).filter_map(|item| flatten_text(item, depth + 1)).collect()),
        Value::Object(map) => {
            if let Some(text) = titled_text(map) {
                return Some(text);
            }
            if let (Some(Value::String(field)), Some(message)) = (map.get("field"), map.get("message")) {
                return flatten_text(message, depth + 1).map(|message| format!("{field}: {message}"));
            }
            join(
                map.iter()
                    .take(20)
                    .filter_map(|(key, item)| {
                        if is_unsaid(key) {
                            // The mere presence of this key may be the point of an error.
                            return (!item.is_null()).then(|| format!("{key}: {MASK}"));
                        }
                        let text = flatten_text(item, depth + 1)?;
                        // These keys are part of the envelope, not the name of a field.
                        let wrapping = matches!(key.as_str(), "detail" | "message" | "errors" | "non_field_errors");
                        Some(if wrapping { text } else { format!("{key}: {text}") })
                    })
                    .collect(),
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// An error with a title: `title: detail (place)`. What else is in it is for programs.
fn titled_text(map: &serde_json::Map<String, Value>) -> Option<String> {
    let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let title = text("title")?;
    let place = map.get("source").and_then(|source| {
        let named = ["pointer", "parameter"].iter().find_map(|key| source.get(key)).unwrap_or(source);
        named.as_str().filter(|place| !place.is_empty())
    });
    let detail = text("detail").map(|detail| format!(": {detail}")).unwrap_or_default();
    Some(format!("{title}{detail}{}", place.map(|place| format!(" ({place})")).unwrap_or_default()))
}

/// Shortest hidden text that is removed from the texts of a service; a shorter one is part of too many words.
const TELLING: usize = 8;

/// Removes secrets from texts, in case a service echoes one.
#[derive(Default)]
pub(super) struct SecretCensor {
    /// The secrets of this run, and those discovered during the run.
    pub(super) hidden: HiddenValues,
}

impl SecretCensor {
    /// The text, prepared for display.
    pub(super) fn show(&self, text: &str) -> String {
        let mut shown = self.hidden.mask_secrets(text).unwrap_or_else(|| text.to_owned());
        for secret in self.hidden.all_secrets().iter().filter(|secret| secret.reveal().len() >= TELLING) {
            if shown.contains(secret.reveal()) {
                shown = shown.replace(secret.reveal(), MASK);
            }
        }
        // Its lines are joined: only telform begins lines of the output.
        shorten(&escape(&shown.trim().replace("\r\n", " ").replace('\n', " ")))
    }

    /// The same for the text of an error, which shows that a secret was removed.
    pub(super) fn mask_in_error(&self, text: &str) -> String {
        let shown = self.show(text);
        if shown.contains(MASK) {
            return format!("{shown} (the service shows a secret of yours: masked) [notice::secret_echoed]");
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::value::Secret;
    use serde_json::json;

    #[test]
    fn texts_are_found_in_every_known_shape() {
        let cases = [
            (json!({"message": "m", "errors": "e"}), "e"),
            (json!({"error": {"code": "rate_limit_exceeded", "message": "slow"}}), "slow"),
            (json!({"error": "flat"}), "flat"),
            (json!({"message": "Error", "data": {"name": ["too long"], "provider": ["bad"]}}), "name: too long; provider: bad"),
            (json!({"message": "Error", "data": {"detail": "JSON parse error"}}), "JSON parse error"),
            (json!({"message": {"detail": "Missing 'Org-Handle' header."}, "data": {}}), "Missing 'Org-Handle' header."),
            (json!({"message": "Error", "data": {"status_code": 400}}), "Error"),
            (json!({"errors": [{"field": "zip", "message": "value is required"}]}), "zip: value is required"),
            (json!({"errors": {"zip": ["value is required"]}}), "zip: value is required"),
            (json!({"errors": ["zip: value is required"]}), "zip: value is required"),
            (json!({"detail": "Not found."}), "Not found."),
            (
                json!({"errors": [{"code": "10015", "title": "Bad", "detail": "too long", "source": {"pointer": "/a/b"}, "meta": {"url": "u"}}]}),
                "Bad: too long (/a/b)",
            ),
            (json!({"errors": [{"code": 10026, "title": "Bad", "source": "page"}, {"title": "Other"}]}), "Bad (page); Other"),
            (json!({"errors": {"status": "it is off"}}), "status: it is off"),
        ];
        for (body, text) in cases {
            assert_eq!(error_text(&body).as_deref(), Some(text), "{body}");
        }
        assert_eq!(error_text(&json!([1, 2])), None);
    }

    #[test]
    fn what_stands_under_a_secret_key_is_not_said() {
        let keys = [
            "auth_token",
            "api_key",
            "api_secret",
            "api_token",
            "token",
            "ip_authentication_token",
            "password",
            "sip_password",
            "external_pin",
            "Authorization",
            "authorization",
            "provider_configuration",
            "provider_credential",
            "config_json",
            "meta_json",
        ];
        for key in keys {
            for inner in [json!("canary"), json!(["canary"]), json!({"name": {"deep": "canary"}})] {
                for body in [
                    json!({"message": "Error", "data": {key: inner, "name": ["too long"]}}),
                    json!({"errors": [{"a": {key: inner}}, "too long"]}),
                    json!({"error": {"message": {key: inner, "b": "too long"}}}),
                ] {
                    let said = error_text(&body).unwrap_or_default();
                    assert!(!said.contains("canary") && said.contains("too long"), "{said}: {body}");
                    assert!(said.contains(&format!("{key}: (secret)")), "{said}: {body}");
                }
            }
        }
        assert_eq!(error_text(&json!({"message": "Error", "data": {"token": null}})).as_deref(), Some("Error"));
    }

    #[test]
    fn echoed_secrets_are_masked_also_as_json_writes_them() {
        let censor = SecretCensor::default();
        censor.hidden.watch_secrets(["pa\"ss", "pa\"ss-longer"].map(Secret::new).iter(), &[]);
        assert_eq!(censor.show("got pa\"ss-longer and pa\\\"ss"), "got (secret) and (secret)");
        assert_eq!(censor.show(&"x".repeat(400)).chars().count(), crate::text::LONGEST + 1);
    }
}
