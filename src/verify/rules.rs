//! The list of rules.

use super::check::Check;
use super::{attributes, order, requests, summary, sums, taken, unlisted};

/// A rule: reports what breaks it.
pub(super) type Rule = fn(&mut Check<'_>);

/// When a rule must hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// In every plan.
    Always,
    /// In every plan that is complete: where the planner refuses, it leaves out what depends on it.
    Complete,
}
use When::{Always, Complete};

/// All rules over what a plan says, each with the code of its violations.
pub(super) const RULES: &[(&str, When, Rule)] = &[
    ("ids", Always, order::ids),
    ("phases", Always, order::phases),
    ("once", Always, order::once),
    ("secret", Always, requests::secrets),
    ("owner", Always, sums::owners),
    ("summary", Always, summary::summary),
    ("limits", Always, summary::limits),
    ("organization", Always, sums::organizations),
    ("learnt", Always, sums::apart),
    ("waits", Complete, order::waits),
    ("account", Complete, requests::accounts),
    ("request", Complete, requests::requests),
    ("body", Complete, requests::bodies),
    ("reference", Complete, requests::references),
    ("number", Complete, order::numbers),
    ("read_back", Complete, order::read_backs),
    ("delete", Complete, order::deletes),
    ("unlisted", Complete, unlisted::unlisted),
    ("action", Complete, sums::actions),
    ("attribute", Complete, attributes::attributes),
    ("belief", Complete, attributes::beliefs),
    ("shown", Complete, attributes::numbers),
    ("impact", Complete, sums::impact),
    ("learnt", Complete, sums::learnt),
    ("not_taken", Always, taken::not_taken),
    ("goes_on", Always, summary::goes_on),
];
