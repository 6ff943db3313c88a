//! Which secret values a plan was made with. A plan holds no secret, and a plain hash of a weak one could be guessed, so what
//! stands in the document are seals that only the fingerprint key of the ledger can make. They are no part of the digest: a
//! pull request that is planned without secrets has the digest of the merge that has them.

use std::collections::BTreeMap;

use super::Moved;
use super::v1::Seals;
use crate::call::{Body, Payload};
use crate::ledger::Key;
use crate::plan::{Plan, Step};
use crate::resource::{Address, Desired, Wanted};
use crate::value::{Packed, Secret, hidden};

/// Seals of the secrets that a plan sends and that were there when it was made; none where it sends none.
pub fn seals(plan: &Plan, desired: &Desired, key: &Key) -> Option<Seals> {
    let mut steps: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (step, address, attribute) in sent(plan) {
        let object = desired.objects.get(address);
        let Some(Wanted::Secret(secret)) = object.and_then(|object| object.attributes.get(attribute)) else {
            continue;
        };
        let Some(print) = &secret.fingerprint else { continue };
        let seal = key.plan_seal(&step.call.account, &address.to_string(), attribute, print);
        steps.entry(step.id.clone()).or_default().insert(attribute.to_owned(), seal);
    }
    for (step, address, attribute, marks) in hidden(plan) {
        let print = key.fingerprint("hidden", attribute, &Secret::exact(&marks));
        let seal = key.plan_seal(&step.call.account, &address.to_string(), attribute, &print);
        steps.entry(step.id.clone()).or_default().insert(attribute.to_owned(), seal);
    }
    (!steps.is_empty()).then(|| Seals { key: key.check(), steps })
}

/// Secrets that are not those of the reviewed plan any more. Both plans have the same steps.
pub fn resealed(plan: &Plan, then: &Seals, desired: &Desired, key: &Key) -> Vec<Moved> {
    if then.key != key.check() {
        return vec![Moved {
            subject: "the fingerprint key".to_owned(),
            attribute: None,
            was: format!("{}, with which the plan's secrets were sealed", then.key),
            is: "another one, so nobody can tell whether the secrets are the same".to_owned(),
        }];
    }
    let now = seals(plan, desired, key);
    let mut found = Vec::new();
    let marked = hidden(plan).map(|(step, address, attribute, _)| (step, address, attribute));
    for (step, address, attribute) in sent(plan).chain(marked) {
        let of = |seals: &Seals| seals.steps.get(&step.id)?.get(attribute).cloned();
        // One that nobody supplies now stops the apply anyway, with the place where it is missing.
        if let (Some(was), Some(is)) = (of(then), now.as_ref().and_then(of))
            && was != is
        {
            found.push(Moved {
                subject: address.to_string(),
                attribute: Some(attribute.to_owned()),
                was: "the secret that was there when it was planned".to_owned(),
                is: "another secret".to_owned(),
            });
        }
    }
    found
}

/// Secrets that a plan sends and that were not there, or could not be sealed, when it was made: address and attribute.
pub fn unbound(plan: &Plan, then: Option<&Seals>) -> Vec<String> {
    let is_sealed = |step: &Step, attribute: &str| {
        then.and_then(|seals| seals.steps.get(&step.id)).is_some_and(|of| of.contains_key(attribute))
    };
    sent(plan)
        .filter(|(step, _, attribute)| !is_sealed(step, attribute))
        .map(|(_, address, attribute)| format!("{address} {attribute}"))
        .collect()
}

/// Values with something hidden in them in the requests: the step, whose they are, and their marks.
fn hidden(plan: &Plan) -> impl Iterator<Item = (&Step, &Address, &str, String)> {
    plan.steps.iter().flat_map(|step| {
        let entries = step.call.body.iter().flat_map(Body::entries);
        entries.filter_map(move |(name, payload)| {
            let Payload::Value(value) = payload else { return None };
            let mut marks = String::new();
            hidden::texts(&Packed::from(value), &mut |text| {
                if hidden::is_marked(text) && !hidden::is_absent(text) {
                    marks.push_str(text);
                }
            });
            (!marks.is_empty()).then_some((step, step.address.as_ref()?, name.as_str(), marks))
        })
    })
}

/// The secrets in the requests: the step, and whose they are.
fn sent(plan: &Plan) -> impl Iterator<Item = (&Step, &Address, &str)> {
    plan.steps.iter().flat_map(|step| {
        let entries = step.call.body.iter().flat_map(Body::entries);
        entries.filter_map(move |(_, payload)| match payload {
            Payload::Secret { address, attribute } => Some((step, address, attribute.as_str())),
            Payload::Value(_) | Payload::IdOf(_) => None,
        })
    })
}
