//! Listings that could not be read.

use std::collections::BTreeSet;

use super::context::{CheckerContext, kind_of};
use super::shape::CheckerOperation;

/// A plan that says that a kind could not be listed makes, changes and deletes nothing of it there. Where it is not known who
/// serves which number, no number is cut off or connected, and neither a configuration nor a bridge is deleted.
pub(super) fn check_unlisted(check: &mut CheckerContext<'_>) {
    let (mut kinds, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for note in &check.document.notices {
        let what = note.detail.as_deref().unwrap_or_default().split(':').next().unwrap_or_default();
        match note.code.as_str() {
            "unlisted" => {
                kinds.insert((note.account.as_str(), what));
                if check.is_linked(&note.account, what) {
                    numbers.insert(note.account.as_str());
                }
            }
            "unlinked" => drop(numbers.insert(note.account.as_str())),
            _ => {}
        }
    }
    for (at, step) in check.numbered_steps() {
        let (account, kind) = (step.call.account.as_str(), kind_of(step.address.as_deref().unwrap_or_default()));
        let listed = match &step.operation {
            CheckerOperation::Create { .. } | CheckerOperation::Update { .. } => true,
            CheckerOperation::Delete { .. } => !(check.is_linked(account, kind) && numbers.contains(account)),
            _ => !numbers.contains(account),
        };
        let told = "needs to know who serves which number, and the plan says that this could not be read";
        check.require(listed, at, "/call/account", told);
        let told = format!("is about {kind}, and the plan says that these could not be listed");
        check.require(!kinds.contains(&(account, kind)), at, "/address", &told);
    }
}
