//! The sources of secrets: a reviewer has to see them, so no secret is sent without its source.

use super::context::CheckerContext;
use super::requests::request_entries;
use super::shape::{CheckerAttribute, CheckerPayload, CheckerShownValue};

/// Each secret that is sent or shown has its source, and the same one everywhere.
pub(super) fn check_secret_sources(check: &mut CheckerContext<'_>) {
    let plan = check.plan;
    let source = |address: &str, attribute: &str| plan.secrets.get(address).and_then(|of| of.get(attribute));
    for (at, step) in check.numbered_steps() {
        for payload in request_entries(step).into_iter().flatten().map(|(_, payload)| payload) {
            if let CheckerPayload::Secret { address, attribute } = payload {
                let told = source(address, attribute).is_some_and(|source| !source.is_empty());
                check.require(told, at, "/call/body", "sends a secret without saying where it comes from");
            }
        }
    }
    let agrees = |address: &str, attribute: &CheckerAttribute| {
        let secret = matches!(attribute.after, CheckerShownValue::Secret(_));
        let known = source(address, &attribute.name).filter(|_| secret);
        attribute.source.is_some() == secret && attribute.source.as_ref() == known
    };
    let told = "a secret is shown with another source than it has";
    for (index, change) in plan.changes.iter().enumerate() {
        let disagrees = |(_, attribute): &(usize, &CheckerAttribute)| !agrees(&change.address, attribute);
        for (at, _) in change.attributes.iter().enumerate().filter(disagrees) {
            check.report(&format!("/changes/{index}/attributes/{at}/source"), told);
        }
    }
    for (at, _) in plan.not_taken.iter().enumerate().filter(|(_, it)| !agrees(&it.address, &it.attribute)) {
        check.report(&format!("/not_taken/{at}/attribute/source"), told);
    }
}
