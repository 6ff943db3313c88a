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
    let changed = plan.changes.iter().enumerate().flat_map(|(index, change)| {
        let place = move |at| format!("/changes/{index}/attributes/{at}/source");
        change.attributes.iter().enumerate().map(move |(at, attribute)| (place(at), &change.address, attribute))
    });
    let untaken = plan.not_taken.iter().enumerate();
    let untaken = untaken.map(|(at, it)| (format!("/not_taken/{at}/attribute/source"), &it.address, &it.attribute));
    for (place, ..) in changed.chain(untaken).filter(|(_, address, attribute)| !agrees(address, attribute)) {
        check.report(&place, "a secret is shown with another source than it has");
    }
}
