//! Where it was looked, and what could not be read there: a part is never shown as if it were all.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{InventoryRow, InventoryTable, TableScope, accounts_once};
use crate::analysis::adopt::unconfirmed_and_empty;
use crate::analysis::drift::{NotCompared, needs_kind};
use crate::model::resource::LiveAccount;
use crate::plan::{Inputs, NoticeCode};
use crate::services;
use crate::text::list_first_few;

/// Where it was looked for.
#[derive(Debug, Default)]
pub struct InventoryCoverage {
    /// Kinds and accounts that were read whole.
    pub listed: Vec<ListedKind>,
    /// What could not be read, and why.
    pub missed: Vec<NotCompared>,
    /// Objects of other organizations, which are not shown.
    pub foreign: Vec<ForeignCount>,
    /// What is said about single objects, a line each.
    pub remarks: Vec<String>,
}

/// A kind that was read whole in an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ListedKind {
    /// The kind.
    pub kind: String,
    /// The account.
    pub account: String,
}

/// Objects of other organizations, or of none, by their own statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ForeignCount {
    /// The account whose token shows them.
    pub account: String,
    /// Their kind.
    pub kind: String,
    /// How many.
    pub count: usize,
}

impl InventoryCoverage {
    /// Where these tables were looked for.
    pub(super) fn from_live(inputs: &Inputs<'_>, scopes: &[TableScope]) -> Self {
        let mut coverage = Self::default();
        for name in accounts_once(inputs) {
            let (Some(live), Some(account)) = (inputs.live.accounts.get(name), inputs.desired.accounts.get(name)) else {
                continue;
            };
            if let Some(empty) = unconfirmed_and_empty(name, live) {
                coverage.missed.push(empty);
                continue;
            }
            for scope in scopes.iter().filter(|scope| scope.is_of(account.service)) {
                coverage.add(inputs, name, live, scope);
            }
        }
        coverage.missed.dedup();
        if scopes.iter().any(|scope| scope.roles.is_some()) {
            // Where a member is its own holder, numbers are objects.
            let own = inputs.desired.accounts.values().filter_map(|account| {
                let roles = account.service.link_roles().filter(|roles| roles.entry.is_none())?;
                let shown = scopes.iter().any(|scope| scope.name == roles.holder);
                (!shown).then_some((&account.name, roles.holder))
            });
            coverage.remarks.extend(own.map(|(account, holder)| {
                format!("not shown: the numbers of account {account} are objects: `telform get {holder}`")
            }));
        }
        coverage
    }

    /// Numbers in these tables of which only the ledger says what serves them.
    pub(super) fn note_recorded_only(&mut self, inputs: &Inputs<'_>, tables: &[InventoryTable<'_>]) {
        let shown: BTreeSet<(&str, &str)> = tables
            .iter()
            .flat_map(|table| &table.rows)
            .filter_map(|row| match row {
                InventoryRow::Number(number) => Some((number.account, number.number)),
                InventoryRow::Object(_) => None,
            })
            .collect();
        for (account, live) in &inputs.live.accounts {
            let recorded = live.connections.iter().flatten().filter(|it| it.is_recorded_only());
            let numbers = recorded.map(|it| it.number.as_str()).filter(|number| shown.contains(&(account.as_str(), *number)));
            let numbers: Vec<&str> = numbers.collect();
            if !numbers.is_empty() {
                let what = NoticeCode::RecordedOnly.describe();
                self.remarks.push(format!("{} in account {account}: {what}", list_first_few(&numbers)));
            }
        }
    }

    fn add(&mut self, inputs: &Inputs<'_>, account: &str, live: &LiveAccount, scope: &TableScope) {
        let what = || format!("{} in account {account}", scope.name);
        let failure = scope.kinds().into_iter().find_map(|kind| live.listing_failures.get(kind));
        let failure = failure.or_else(|| live.connections_failure.as_ref().filter(|_| scope.roles.is_some()));
        let was_read = match scope.roles {
            Some(_) => live.connections.is_some(),
            None => live.objects.contains_key(scope.name),
        };
        if let Some(failure) = failure {
            let is_needed = || scope.is_named || scope.kinds().into_iter().any(|kind| needs_kind(inputs, account, kind));
            let is_optional = failure.is_denied && !is_needed();
            self.missed.push(NotCompared { is_optional, ..NotCompared::new(what(), &failure.why, &failure.help) });
        } else if was_read {
            self.listed.push(ListedKind { kind: scope.name.to_owned(), account: account.to_owned() });
        } else {
            self.missed.push(NotCompared::new(what(), "it was not read", "`telform get -v` shows the requests"));
        }
        for kind in scope.kinds() {
            let unreadable = live.unreadable.get(kind).into_iter().flatten();
            self.missed.extend(unreadable.map(|(id, it)| {
                let singular = services::singular(kind);
                let what = format!("{singular} {id} in account {account}");
                NotCompared::new(what, &it.why, &it.help)
            }));
            let rows = live.malformed_rows.get(kind).into_iter().flatten();
            self.missed.extend(rows.map(|what| {
                let help = "the service must correct the row; `telform get -v` shows the request";
                NotCompared::new(format!("a row of {kind} in account {account}"), what, help)
            }));
        }
        let foreign = live.foreign.get(scope.name).map_or(0, std::collections::BTreeMap::len);
        if foreign > 0 {
            self.foreign.push(ForeignCount { account: account.to_owned(), kind: scope.name.to_owned(), count: foreign });
        }
        if scope.roles.is_some() {
            self.remarks.extend(live.unseen_candidates.keys().map(|holder| {
                format!("something serves {holder} in account {account}, but the service does not show its numbers")
            }));
        }
    }
}
