//! The list of rules.

use super::context::CheckerContext;
use super::{attributes, not_taken, number_entries, order, references, requests, sources, summary, summary_line, unlisted};

/// A rule: reports its violations.
pub(super) type CheckerRule = fn(&mut CheckerContext<'_>);

/// When a rule must hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleScope {
    /// In every plan.
    Always,
    /// For complete plans only: where the planner refuses something, it leaves out what depends on it.
    Complete,
}
use RuleScope::{Always, Complete};

/// All rules about the contents of a plan, each with the code of its violations.
pub(super) const RULES: &[(&str, RuleScope, CheckerRule)] = &[
    ("ids", Always, order::check_ids),
    ("phases", Always, order::check_phases),
    ("once", Always, order::check_once),
    ("secret", Always, requests::check_secrets),
    ("source", Always, sources::check_secret_sources),
    ("owner", Always, summary::check_step_owners),
    ("summary", Always, summary_line::check_summary),
    ("limits", Always, summary_line::check_run_limits),
    ("organization", Always, summary::check_organizations),
    ("learnt", Always, summary::check_refused_untouched),
    ("waits", Complete, order::check_waits),
    ("account", Complete, requests::check_account_lines),
    ("request", Complete, requests::check_requests),
    ("body", Complete, requests::check_bodies),
    ("reference", Complete, requests::check_created_references),
    ("reference", Complete, references::check_ids_of_created),
    ("reference", Complete, references::check_deletes_of_referred),
    ("reference", Complete, references::check_named_objects),
    ("number", Complete, order::check_number_order),
    ("read_back", Complete, order::check_read_backs),
    ("delete", Complete, order::check_deletes),
    ("unlisted", Complete, unlisted::check_unlisted),
    ("action", Complete, summary::check_actions),
    ("attribute", Complete, attributes::check_attributes),
    ("belief", Complete, attributes::check_preconditions),
    ("shown", Complete, attributes::check_number_changes),
    ("shown", Complete, number_entries::check_entry_changes),
    ("impact", Complete, summary::check_impact),
    ("learnt", Complete, summary::check_ledger_updates),
    ("not_taken", Always, not_taken::check_not_taken),
    ("goes_on", Always, summary_line::check_goes_on),
];
