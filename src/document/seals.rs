//! Which secret values a plan was made with. A plan holds no secret, and a plain hash of a weak one could be guessed, so the
//! document contains seals that only the fingerprint key of the ledger can make. They are not part of the digest: a pull request
//! that is planned without secrets has the digest of the merge that has them. So that no seal can be removed, the key also binds
//! the whole document.

use std::collections::BTreeMap;

use serde::Serialize;

use super::PlanDifference;
use super::v1::{Binding, Document, IsEmpty, Seals};
use crate::model::call::{BodyValue, CallBody};
use crate::model::ledger::FingerprintKey;
use crate::model::resource::{Address, Desired, DesiredValue};
use crate::model::value::{AttributeTexts, Secret, hidden};
use crate::plan::{Plan, Step};

/// Seals of the secrets that a plan sends and that were available when it was made; none where it does not send any.
pub fn seal_secrets(plan: &Plan, desired: &Desired, key: &FingerprintKey) -> Option<Seals> {
    let mut steps: BTreeMap<String, AttributeTexts> = BTreeMap::new();
    for (step, address, attribute) in sent_secrets(plan) {
        let object = desired.objects.get(address);
        let Some(DesiredValue::Secret(secret)) = object.and_then(|object| object.attributes.get(attribute)) else {
            continue;
        };
        let Some(print) = &secret.fingerprint else { continue };
        let seal = key.plan_seal(&step.call.account, &address.to_string(), attribute, print);
        steps.entry(step.id.clone()).or_default().insert(attribute.to_owned(), seal);
    }
    for (step, address, attribute, marks) in hidden_values_sent(plan) {
        let print = key.fingerprint_secret("hidden", attribute, &Secret::from_exact(&marks));
        let seal = key.plan_seal(&step.call.account, &address.to_string(), attribute, &print);
        steps.entry(step.id.clone()).or_default().insert(attribute.to_owned(), seal);
    }
    (!steps.is_empty()).then(|| Seals { key: key.check_plan(), steps })
}

/// Secrets that differ from those of the reviewed plan. Both plans have the same steps. `key`: the one that is kept, if any.
pub fn changed_secrets(plan: &Plan, then: &Seals, desired: &Desired, key: Option<&FingerprintKey>) -> Vec<PlanDifference> {
    let Some(key) = key.filter(|key| then.key == key.check_plan()) else {
        return vec![other_key_difference(&then.key, key.is_some())];
    };
    let now = seal_secrets(plan, desired, key);
    let mut found = Vec::new();
    let marked = hidden_values_sent(plan).map(|(step, address, attribute, _)| (step, address, attribute));
    for (step, address, attribute) in sent_secrets(plan).chain(marked) {
        let of = |seals: &Seals| seals.steps.get(&step.id)?.get(attribute).cloned();
        // A secret that is not supplied now stops the apply anyway, with a message where it is missing.
        if let (Some(was), Some(is)) = (of(then), now.as_ref().and_then(of))
            && was != is
        {
            found.push(PlanDifference {
                subject: address.to_string(),
                attribute: Some(attribute.to_owned()),
                was: "the secret at the time of the plan".to_owned(),
                is: OTHER_SECRET.to_owned(),
            });
        }
    }
    found
}

/// What a secret is now that differs from the one of the plan.
pub const OTHER_SECRET: &str = "another secret";

/// The subject of a difference between two keys.
pub const FINGERPRINT_KEY: &str = "the fingerprint key";

/// The plan was sealed or bound with a different key. `has_key`: one is kept here.
pub fn other_key_difference(was: &str, has_key: bool) -> PlanDifference {
    let is = if has_key { "another one" } else { "none is set or kept here" };
    PlanDifference {
        subject: FINGERPRINT_KEY.to_owned(),
        attribute: None,
        was: format!("{was}, with which the plan's secrets were sealed"),
        is: format!("{is}, so it is not known whether the secrets are the same"),
    }
}

/// The MAC of the whole document without binding and checksum, including seals: with the key, anything removed, changed or added is detected. It is not part
/// of the digest, which is the same without a key.
pub fn bind_document<P: Serialize, U: Serialize + IsEmpty>(bare: &Document<P, U>, key: &FingerprintKey) -> Binding {
    debug_assert!(bare.binding.is_none() && bare.checksum.is_none(), "neither is part of what it covers");
    let text = serde_json::to_string(bare).unwrap_or_default();
    Binding { key: key.check_plan(), mac: key.bind_plan(&text) }
}

/// Secrets that a plan sends and that were not available, or could not be sealed, when it was made: address and attribute.
pub fn unbound_secrets(plan: &Plan, then: Option<&Seals>) -> Vec<String> {
    let is_sealed = |step: &Step, attribute: &str| {
        then.and_then(|seals| seals.steps.get(&step.id)).is_some_and(|of| of.contains_key(attribute))
    };
    sent_secrets(plan)
        .filter(|(step, _, attribute)| !is_sealed(step, attribute))
        .map(|(_, address, attribute)| format!("{address} {attribute}"))
        .collect()
}

/// Values with hidden parts in the requests: the step, the owner, and the marks.
fn hidden_values_sent(plan: &Plan) -> impl Iterator<Item = (&Step, &Address, &str, String)> {
    plan.steps.iter().flat_map(|step| {
        let entries = step.call.body.iter().flat_map(CallBody::own_entries);
        entries.filter_map(move |(name, payload)| {
            let mut marks = String::new();
            hidden::for_each_text(payload.known_value()?, &mut |text| {
                if hidden::is_marked(text) && !hidden::is_absent(text) {
                    marks.push_str(text);
                }
            });
            (!marks.is_empty()).then_some((step, step.address.as_ref()?, name.as_str(), marks))
        })
    })
}

/// The secrets in the requests: the step and the owner.
fn sent_secrets(plan: &Plan) -> impl Iterator<Item = (&Step, &Address, &str)> {
    plan.steps.iter().flat_map(|step| {
        let entries = step.call.body.iter().flat_map(CallBody::own_entries);
        entries.filter_map(move |(_, payload)| match payload {
            BodyValue::Secret { address, attribute } => Some((step, &**address, attribute.as_str())),
            BodyValue::Value(_) | BodyValue::IdOf(_) | BodyValue::WithIds { .. } => None,
        })
    })
}
