//! What a plan is limited to, and what it did not read.

use std::collections::BTreeSet;

use super::progress::group_digits;
use super::wording::plural_kind;
use crate::model::resource::Address;
use crate::plan::{ChangeLimit, Plan};

/// What the run was limited to, in one sentence; none for a plan of everything.
pub(super) fn describe_limits(plan: &Plan) -> Option<String> {
    describe_run_limits(plan).map(|parts| format!("Limited plan: {parts}"))
}

/// What a plan did not read, so that it is not mistaken for complete: its limits, and the listings that could not be read.
pub(crate) fn describe_incomplete(plan: &Plan) -> Option<String> {
    let listings = plan.unread_listings().map(|(what, account)| format!("{what} of account {account}"));
    let listings: Vec<String> = listings.collect();
    let unread = (!listings.is_empty()).then(|| format!("not read: {}", listings.join(", ")));
    let none = plan.has_read_nothing().then(|| "no object is declared: no account was read".to_owned());
    let parts: Vec<String> = describe_run_limits(plan).into_iter().chain(unread).chain(none).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn describe_run_limits(plan: &Plan) -> Option<String> {
    let limits = &plan.limits;
    let texts = |addresses: &BTreeSet<Address>| addresses.iter().map(ToString::to_string).collect();
    let mut parts = Vec::new();
    if !limits.unreadable.is_empty() {
        let names = list_limit(&BTreeSet::new(), &limits.unreadable);
        parts.push(format!("without {} {names}, which could not be read", plural_kind(limits.unreadable.len(), "accounts")));
    }
    if !limits.accounts.is_empty() {
        let names = list_limit(&limits.typed.accounts, &limits.accounts);
        parts.push(format!("only {} {names}", plural_kind(limits.accounts.len(), "accounts")));
    }
    if !limits.targets.is_empty() {
        let it = if limits.targets.len() == 1 { "it needs" } else { "they need" };
        let names = list_limit(&limits.typed.targets, &texts(&limits.targets));
        parts.push(format!("only {names} and what {it}"));
    }
    if !limits.excludes.is_empty() {
        parts.push(format!("without {}", list_limit(&limits.typed.excludes, &texts(&limits.excludes))));
    }
    parts.extend(limits.changes.map(describe_left_out));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `1,980 of 2,000 changes left out by --limit 20`.
fn describe_left_out(changes: ChangeLimit) -> String {
    let refusals = match changes.refusals_left_out {
        0 => String::new(),
        count => format!(" and {} {}", group_digits(count), plural_kind(count as usize, "refusals")),
    };
    let (left_out, of) = (group_digits(changes.left_out), group_digits(changes.of));
    format!("{left_out} of {of} changes{refusals} left out by --limit {}", changes.limit)
}

/// What is said between the first changes and the rest.
pub(crate) fn describe_rest(changes: ChangeLimit) -> String {
    let left = count_changes(usize::try_from(changes.left_out).unwrap_or(usize::MAX));
    format!("The first changes are applied and verified. {left} left. The rest, read and planned again:")
}

/// `1 change is`, `1,980 changes are`.
pub(crate) fn count_changes(count: usize) -> String {
    let are = if count == 1 { "is" } else { "are" };
    format!("{} {} {are}", group_digits(count as u64), plural_kind(count, "changes"))
}

/// Most names that a limit lists; of more it lists a few and how many there are. A pattern needs no more than a few.
const LISTED: usize = 10;
const FEW: usize = 3;

/// The names of a limit: after the patterns that stand for them, where there are any.
fn list_limit(typed: &BTreeSet<String>, names: &BTreeSet<String>) -> String {
    let shown = if names.len() > LISTED || !typed.is_empty() && names.len() > FEW { FEW } else { names.len() };
    let first: Vec<&str> = names.iter().take(shown).map(String::as_str).collect();
    let more = if shown < names.len() { format!(" and {} more", names.len() - shown) } else { String::new() };
    let list = format!("{}{more}", first.join(", "));
    if typed.is_empty() {
        return list;
    }
    let patterns: Vec<&str> = typed.iter().map(String::as_str).collect();
    format!("{} ({}: {list})", patterns.join(", "), names.len())
}
