//! What the service did not take is left alone by this plan, and shown without a secret.

use std::collections::BTreeSet;

use super::check::{Check, kind_of};
use super::requests::{entries, is_secret, kinds};
use super::shape::{SecretWord, Shown};

/// A value that is said to stay as it is is not sent, shows two values, and belongs to a known account and kind.
pub(super) fn not_taken(check: &mut Check<'_>) {
    let mut seen = BTreeSet::new();
    for (at, untaken) in check.plan.not_taken.iter().enumerate() {
        let name = untaken.attribute.name.as_str();
        let change = check.changes.get(untaken.address.as_str());
        let changed = change.is_some_and(|change| change.attributes.iter().any(|other| other.name == name));
        let sent = check
            .own(&untaken.address)
            .into_iter()
            .any(|(_, step)| entries(step).is_some_and(|sent| sent.contains_key(name)));
        let secret = |shown: &Shown| matches!(shown, Shown::Secret(_));
        let (before, after) = (&untaken.attribute.before, &untaken.attribute.after);
        let shown = if is_secret(name) || secret(before) || secret(after) {
            *after == Shown::Secret(SecretWord::NotTaken) && !matches!(before, Shown::Value(_))
        } else {
            before != after
        };
        let known = check.accounts.contains_key(untaken.account.as_str())
            && kinds().any(|(kind, ..)| *kind == kind_of(&untaken.address))
            && change.is_none_or(|change| change.account == untaken.account);
        let once = seen.insert((untaken.address.as_str(), name));
        if changed || sent || !shown || !known || !once || untaken.run.is_empty() {
            let told = format!("{} {name} was not taken, and the plan says otherwise", untaken.address);
            check.no(&format!("/not_taken/{at}"), &told);
        }
    }
}
