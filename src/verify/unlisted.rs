//! Listings that could not be read.

use std::collections::BTreeSet;

use super::check::{Check, kind_of};
use super::shape::Operation;

/// A plan that says that a kind could not be listed makes, changes and deletes nothing of it there. Where it is not known who
/// serves which number, no number is cut off or connected, and neither a configuration nor a bridge is deleted.
pub(super) fn unlisted(check: &mut Check<'_>) {
    let (mut kinds, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for note in &check.document.notices {
        let what = note.detail.as_deref().unwrap_or_default().split(':').next().unwrap_or_default();
        match note.code.as_str() {
            "unlisted" => {
                kinds.insert((note.account.as_str(), what));
                if matches!(what, "bridges" | "providers") {
                    numbers.insert(note.account.as_str());
                }
            }
            "unlinked" => drop(numbers.insert(note.account.as_str())),
            _ => {}
        }
    }
    for (at, step) in check.steps() {
        let (account, kind) =
            (step.call.account.as_str(), kind_of(step.address.as_deref().unwrap_or_default()));
        let linked = matches!(kind, "bridges" | "providers");
        let listed = match &step.operation {
            Operation::Create { .. } | Operation::Update { .. } => true,
            Operation::Delete { .. } => !(linked && numbers.contains(account)),
            _ => !numbers.contains(account),
        };
        let told = "needs to know who serves which number, and the plan says that this could not be read";
        check.must(listed, at, "/call/account", told);
        let told = format!("is about {kind}, and the plan says that these could not be listed");
        check.must(!kinds.contains(&(account, kind)), at, "/address", &told);
    }
}
