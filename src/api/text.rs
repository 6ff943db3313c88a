//! Texts of a service, made fit to be shown: escaped, shortened, without secrets.

use crate::text::{clean, shorten};
use crate::value::{Hidden, MASK, Secret, Value};

/// Words that a service puts where it has nothing to say; the real text is then under `data` (unpod.md 9.1, recorded).
const PLACEHOLDERS: [&str; 2] = ["Error", "Success"];

/// Keys whose values are nobody's to read: they hold secrets, or objects with secrets in them (unpod.md 14.1).
const UNSAID: [&str; 10] = [
    "auth_token",
    "api_key",
    "api_secret",
    "token",
    "password",
    "authorization",
    "provider_configuration",
    "provider_credential",
    "config_json",
    "meta_json",
];

/// The human text in a body, whichever of the known shapes it has (unpod.md 9.2, carrierx.md 9): `errors`,
/// `error.message`, `error`, `message`, `detail`, else the first text under `data`. CarrierX is said to use only the
/// first of them, so one order serves both.
pub fn words(body: &Value) -> Option<String> {
    envelope(body)
        .or_else(|| said(body.get("data")?, 0))
        // A placeholder is better than nothing.
        .or_else(|| said(body.get("message")?, 0))
}

/// The human text around what an answer wraps, never of what it wraps.
pub(super) fn envelope(body: &Value) -> Option<String> {
    let entry = |key: &str| body.get(key);
    let candidates = [
        entry("errors"),
        entry("error").and_then(|error| error.get("message")),
        entry("error"),
        entry("message").filter(|message| !is_placeholder(message)),
        entry("detail"),
    ];
    candidates.into_iter().flatten().find_map(|candidate| said(candidate, 0))
}

fn is_unsaid(key: &str) -> bool {
    UNSAID.iter().any(|unsaid| key.eq_ignore_ascii_case(unsaid))
}

fn is_placeholder(value: &Value) -> bool {
    value.as_str().is_some_and(|text| PLACEHOLDERS.contains(&text))
}

/// A value as one line of text: lists joined, keys before their texts; numbers alone say nothing (`{"status_code": 400}`).
fn said(value: &Value, depth: usize) -> Option<String> {
    if depth > 4 {
        return None;
    }
    let join = |parts: Vec<String>| (!parts.is_empty()).then(|| parts.join("; "));
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.trim().to_owned()),
        Value::Array(items) => join(items.iter().take(20).filter_map(|item| said(item, depth + 1)).collect()),
        Value::Object(map) => {
            if let (Some(Value::String(field)), Some(message)) = (map.get("field"), map.get("message")) {
                return said(message, depth + 1).map(|message| format!("{field}: {message}"));
            }
            join(
                map.iter()
                    .take(20)
                    .filter_map(|(key, item)| {
                        if is_unsaid(key) {
                            // That there is something about this key may be the whole point of an error.
                            return (!item.is_null()).then(|| format!("{key}: {MASK}"));
                        }
                        let text = said(item, depth + 1)?;
                        // These keys are part of the wrapping, not the name of a field.
                        let wrapping =
                            matches!(key.as_str(), "detail" | "message" | "errors" | "non_field_errors");
                        Some(if wrapping { text } else { format!("{key}: {text}") })
                    })
                    .collect(),
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Shortest hidden text that is taken out of what a service says; a shorter one stands in too many words.
const TELLING: usize = 8;

/// Takes known secrets out of texts, should a service echo one.
#[derive(Default)]
pub(super) struct Censor {
    known: Vec<String>,
    /// What is found out to be secret while the run goes on.
    hidden: Hidden,
}

impl Censor {
    /// Learns the secrets, the longest first, so that one which holds another goes as a whole.
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a Secret>) -> Self {
        let mut known = Vec::new();
        for secret in secrets.filter(|secret| !secret.is_empty()) {
            let text = secret.reveal();
            // A body that is no JSON any more (cut off, say) is shown raw: there the secret stands as JSON writes it.
            let quoted = Value::String(text.to_owned()).to_string();
            known.push(quoted[1..quoted.len() - 1].to_owned());
            known.push(text.to_owned());
        }
        known.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        known.dedup();
        Self { known, hidden: Hidden::default() }
    }

    /// It learns what stands behind marks as well.
    pub(super) fn knowing(mut self, hidden: Hidden) -> Self {
        self.hidden = hidden;
        self
    }

    /// The text fit to be shown.
    pub(super) fn show(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        let hidden = self.hidden.all();
        let hidden = hidden.iter().map(Secret::reveal).filter(|secret| secret.len() >= TELLING);
        for secret in self.known.iter().map(String::as_str).chain(hidden) {
            if shown.contains(secret) {
                shown = shown.replace(secret, MASK);
            }
        }
        shorten(&clean(shown.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_found_in_every_known_shape() {
        let cases = [
            (json!({"message": "m", "errors": "e"}), "e"),
            (json!({"error": {"code": "rate_limit_exceeded", "message": "slow"}}), "slow"),
            (json!({"error": "flat"}), "flat"),
            (
                json!({"message": "Error", "data": {"name": ["too long"], "provider": ["bad"]}}),
                "name: too long; provider: bad",
            ),
            (json!({"message": "Error", "data": {"detail": "JSON parse error"}}), "JSON parse error"),
            (
                json!({"message": {"detail": "Missing 'Org-Handle' header."}, "data": {}}),
                "Missing 'Org-Handle' header.",
            ),
            (json!({"message": "Error", "data": {"status_code": 400}}), "Error"),
            (json!({"errors": [{"field": "zip", "message": "value is required"}]}), "zip: value is required"),
            (json!({"errors": {"zip": ["value is required"]}}), "zip: value is required"),
            (json!({"errors": ["zip: value is required"]}), "zip: value is required"),
            (json!({"detail": "Not found."}), "Not found."),
        ];
        for (body, text) in cases {
            assert_eq!(words(&body).as_deref(), Some(text), "{body}");
        }
        assert_eq!(words(&json!([1, 2])), None);
    }

    #[test]
    fn what_stands_under_a_secret_key_is_not_said() {
        let keys = [
            "auth_token",
            "api_key",
            "api_secret",
            "token",
            "password",
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
                    let said = words(&body).unwrap_or_default();
                    assert!(!said.contains("canary") && said.contains("too long"), "{said}: {body}");
                    assert!(said.contains(&format!("{key}: (secret)")), "{said}: {body}");
                }
            }
        }
        assert_eq!(words(&json!({"message": "Error", "data": {"token": null}})).as_deref(), Some("Error"));
    }

    #[test]
    fn echoed_secrets_are_masked_also_as_json_writes_them() {
        let censor = Censor::new([Secret::new("pa\"ss"), Secret::new("pa\"ss-longer")].iter());
        assert_eq!(censor.show("got pa\"ss-longer and pa\\\"ss"), "got (secret) and (secret)");
        assert_eq!(censor.show(&"x".repeat(400)).chars().count(), crate::text::LONGEST + 1);
    }
}
