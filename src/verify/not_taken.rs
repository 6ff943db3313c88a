//! This plan leaves alone values that the service did not accept, and shows them without secrets.

use std::collections::BTreeSet;

use super::context::{CheckerContext, kind_of};
use super::facts::kind;
use super::requests::{is_secret, request_entries};
use super::shape::{CheckerSecretState, CheckerShownValue};

/// A value that is said to stay as it is is not sent, shows two values, and belongs to a known account and kind.
pub(super) fn check_not_taken(check: &mut CheckerContext<'_>) {
    let mut seen = BTreeSet::new();
    for (at, untaken) in check.plan.not_taken.iter().enumerate() {
        let name = untaken.attribute.name.as_str();
        let change = check.changes.get(untaken.address.as_str());
        let changed = change.is_some_and(|change| change.attributes.iter().any(|other| other.name == name));
        let sent = check
            .steps_of(&untaken.address)
            .into_iter()
            .any(|(_, step)| request_entries(step).is_some_and(|sent| sent.contains_key(name)));
        let secret = |shown: &CheckerShownValue| matches!(shown, CheckerShownValue::Secret(_));
        let (before, after) = (&untaken.attribute.before, &untaken.attribute.after);
        let shown = if is_secret(name) || secret(before) || secret(after) {
            *after == CheckerShownValue::Secret(CheckerSecretState::NotTaken) && !matches!(before, CheckerShownValue::Value(_))
        } else {
            before != after
        };
        let known = check.accounts.contains_key(untaken.account.as_str())
            && kind(kind_of(&untaken.address)).is_some()
            && change.is_none_or(|change| change.account == untaken.account);
        let once = seen.insert((untaken.address.as_str(), name));
        if changed || sent || !shown || !known || !once || untaken.run.is_empty() {
            let told = format!("{} {name} was not taken, and the plan says otherwise", untaken.address);
            check.report(&format!("/not_taken/{at}"), &told);
        }
    }
}
