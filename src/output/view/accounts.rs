//! The context of a plan: accounts, their tokens, the ledger.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{AccountLine, ChangeAction, LedgerLine, NumberEffect, Plan};
use crate::services;
use crate::text::shorten;

/// Accounts from which on a plan has a table of them.
const TABLED: usize = 3;

/// Accounts up to which each is described before the changes, even where there is a table.
pub(super) const DESCRIBED_FIRST: usize = 5;

/// The heads of the table of accounts.
pub(super) const ACCOUNT_HEADS: [&str; 8] = ["account", "create", "update", "replace", "delete", "cut off", "refused", "read"];

/// What a plan does in each of its accounts.
pub(super) struct AccountTable {
    /// A row for each account in which something happens or is refused, or that was not read whole, under [`ACCOUNT_HEADS`].
    pub(super) rows: Vec<[String; 8]>,
    /// The accounts that were read whole and in which the plan changes nothing.
    pub(super) unchanged: Vec<String>,
    /// How many changes `--limit` leaves, where it leaves out some.
    limit: Option<u64>,
}

/// The table of accounts; none where there are fewer than three.
pub(super) fn account_table(plan: &Plan) -> Option<AccountTable> {
    let names = plan.accounts.iter().map(|account| account.name.as_str());
    let mut counts: BTreeMap<&str, [usize; 6]> =
        names.chain(plan.limits.unreadable.iter().map(String::as_str)).map(|name| (name, [0; 6])).collect();
    if counts.len() < TABLED {
        return None;
    }
    let mut count = |account: &str, column: usize| {
        if let Some(row) = counts.get_mut(account) {
            row[column] += 1;
        }
    };
    for change in &plan.changes {
        let column = match change.action {
            ChangeAction::Create => 0,
            ChangeAction::Update => 1,
            ChangeAction::Replace => 2,
            ChangeAction::Delete => 3,
        };
        count(&change.account, column);
    }
    for number in plan.impact.iter().filter(|number| number.effect == NumberEffect::Dark) {
        count(&number.account, 4);
    }
    for refusal in &plan.refusals {
        count(&refusal.account, 5);
    }
    let in_part: BTreeSet<&str> = plan.unread_listings().map(|(_, account)| account).collect();
    let (mut rows, mut unchanged) = (Vec::new(), Vec::new());
    for (name, row) in counts {
        let (read, none) = match name {
            _ if plan.limits.unreadable.contains(name) => ("no, left out", "?"),
            _ if in_part.contains(name) => ("in part", "-"),
            _ if row == [0; 6] => {
                unchanged.push(shorten(name));
                continue;
            }
            _ => ("yes", "-"),
        };
        let shown = |count: usize| if count == 0 { none.to_owned() } else { count.to_string() };
        let [create, update, replace, delete, dark, refused] = row.map(shown);
        rows.push([shorten(name), create, update, replace, delete, dark, refused, read.to_owned()]);
    }
    Some(AccountTable { rows, unchanged, limit: plan.limits.changes.map(|changes| changes.limit) })
}

impl AccountTable {
    /// A sentence over the accounts without a row; none where each has one.
    pub(super) fn unchanged_text(&self) -> Option<String> {
        let noun = if self.rows.is_empty() { "accounts" } else { "more" };
        let what = match self.limit {
            Some(1) => "not the first change".to_owned(),
            Some(limit) => format!("none of the first {limit} changes"),
            None => "no change planned".to_owned(),
        };
        let (count, names) = (self.unchanged.len(), self.unchanged.join(", "));
        (count > 0).then(|| format!("{what} in {count} {noun}: {names}"))
    }
}

/// An account after its name: `unpod at https://…, organization acme.example, generation 2`.
pub(super) fn describe_account(account: &AccountLine) -> String {
    let org = account.organization.as_ref().map(|org| format!(", organization {org}"));
    let generation = account.generation.map(|generation| format!(", generation {generation}"));
    let other = account.other_host().map(|other| format!(", not the service's own host {}", other.service_host));
    format!(
        "{} at {}{}{}{}",
        account.api,
        account.base_url,
        other.unwrap_or_default(),
        org.unwrap_or_default(),
        generation.unwrap_or_default()
    )
}

/// The source of an account's token, and its owner, each for a separate line.
pub(super) fn token_lines<'a>(plan: &'a Plan, of: &'a AccountLine) -> impl Iterator<Item = String> + 'a {
    let from = of.token_from.as_ref().map(|from| format!("token from {from}"));
    let owner = of.token_of.as_ref().map(|id| {
        let words = services::by_api(&of.api).and_then(|service| service.whoami);
        let login = plan.logins.get(&of.name).map(|login| format!(", login {login}"));
        format!("token of {} {id}{}", words.map_or("identity", |words| words.id), login.unwrap_or_default())
    });
    from.into_iter().chain(owner)
}

/// An account and its token on one line.
pub(super) fn describe_account_and_token(plan: &Plan, of: &AccountLine) -> String {
    [describe_account(of)].into_iter().chain(token_lines(plan, of)).collect::<Vec<_>>().join(", ")
}

/// The ledger behind a plan, how often it was saved, and how old it is.
pub(super) fn describe_ledger(plan: &Plan) -> Option<String> {
    let LedgerLine { place, serial, made, saved } = plan.made_with.as_ref()?;
    let time = |at: &Option<String>| at.clone().unwrap_or_else(|| "at an unknown time".to_owned());
    Some(match serial {
        0 => format!("ledger {place}, new"),
        _ => format!("ledger {place}, serial {serial}, made {}, saved {}", time(made), time(saved)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{NoticeCode, PlanNotice};

    /// An account of which a listing could not be read is not among those in which nothing changes.
    #[test]
    fn an_account_that_was_read_in_part_has_a_row_that_says_so() {
        let account = |name: &str| AccountLine {
            name: name.to_owned(),
            api: "unpod".to_owned(),
            base_url: "https://unpod.example".to_owned(),
            organization: None,
            generation: None,
            token_from: None,
            token_of: None,
        };
        let mut plan = Plan::from_ledger_updates(["a", "b", "c", "d"].map(account).into(), Vec::new());
        plan.notices.push(PlanNotice {
            code: NoticeCode::Unlisted,
            account: "b".to_owned(),
            address: None,
            attribute: None,
            detail: Some("bridges: an error".to_owned()),
        });
        plan.limits.unreadable.insert("c".to_owned());
        let table = account_table(&plan).unwrap();
        assert_eq!(table.rows[0], ["b", "-", "-", "-", "-", "-", "-", "in part"]);
        assert_eq!(table.rows[1], ["c", "?", "?", "?", "?", "?", "?", "no, left out"]);
        assert_eq!(table.unchanged_text().unwrap(), "no change planned in 2 more: a, d");
    }
}
