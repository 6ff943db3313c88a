//! Listings that could not be read: only what needs one of them is refused.

use std::collections::BTreeSet;

use super::Planner;
use crate::model::resource::{Address, ListingFailure};
use crate::plan::Inputs;
use crate::plan::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use crate::plan::matching::{MatchOutcome, Matches};
use crate::plan::removal::Removals;
use crate::plan::selection::Selection;
use crate::services;
use crate::text::list_first_few;

impl<'a> Planner<'a> {
    /// Objects of the kinds that could not be listed, and everything that depends on unknown connections of numbers.
    pub(super) fn refuse_unlisted(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        gone: &Removals<'a>,
        selection: &Selection,
    ) {
        for (account, live) in &inputs.live.accounts {
            for (kind, why) in &live.listing_failures {
                let of = |(at, unread, _): &&(&str, &str, &Address)| at == account && unread == kind;
                let needing = findings.unlisted.iter().chain(&gone.unlisted).filter(of);
                let needing = needing.map(|(.., address)| *address).filter(|it| selection.includes(it)).collect();
                self.refuse_needing_listing(account, NoticeCode::Unlisted, kind, why, &needing, true);
            }
            if let Some(why) = &live.connections_failure {
                let needing = self.addresses_deciding_links(inputs, findings, selection, account);
                // What follows from a listing that is already named is not reported twice.
                let told = !live.listing_failures.values().any(|other| other == why);
                let service = inputs.desired.accounts.get(account).map(|account| account.service);
                let members = service.and_then(|it| it.link_roles()).map_or("links", |roles| roles.members);
                self.refuse_needing_listing(account, NoticeCode::Unlinked, members, why, &needing, told);
            }
        }
    }

    /// Refuses what needs a listing that could not be read, and reports that it is missing.
    fn refuse_needing_listing(
        &mut self,
        account: &str,
        code: NoticeCode,
        what: &str,
        why: &ListingFailure,
        needing: &BTreeSet<&Address>,
        told: bool,
    ) {
        let (account, text) = (account.to_owned(), format!("{what}: {}; {}", why.why, as_clause(&why.help)));
        if !needing.is_empty() {
            let names: Vec<String> = needing.iter().map(ToString::to_string).collect();
            let unread = match code {
                NoticeCode::Unlinked => "the service did not show what serves which number".to_owned(),
                _ => format!("the {what} of account {account} could not be listed"),
            };
            self.remarks.refusals.push(PlanRefusal {
                code: RefusalCode::Unlisted,
                account: account.clone(),
                addresses: needing.iter().map(|address| (*address).clone()).collect(),
                attribute: None,
                detail: format!(
                    "{unread}, so nothing is planned for {}: {}; {}",
                    list_first_few(&names),
                    why.why,
                    as_clause(&why.help)
                ),
                place: None,
            });
        }
        if told {
            self.remarks.notices.push(PlanNotice::about(code, &account, None, Some(text)));
        }
    }

    /// What decides about numbers of an account: bridges that declare them or take them along, and everything that is deleted.
    fn addresses_deciding_links(
        &self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        selection: &Selection,
        account: &str,
    ) -> BTreeSet<&'a Address> {
        let leaving = self.leaving.iter().filter(|gone| gone.account == account);
        let mut needing: BTreeSet<&Address> =
            leaving.filter(|gone| gone.kind.connected || gone.kind.link.is_some()).map(|gone| gone.address).collect();
        let numbers = inputs.desired.number_entries.values().filter(|entry| entry.account == account);
        needing.extend(numbers.map(|entry| &entry.address).filter(|address| selection.includes(address)));
        let known = inputs.ledger.objects.iter().filter(|(address, entry)| {
            entry.account == account
                && inputs.desired.kinds.contains(&address.kind)
                && services::link_entry(&address.kind).is_some()
        });
        needing.extend(known.map(|(address, _)| address).filter(|address| selection.includes(address)));
        if inputs.options.destroy {
            return needing;
        }
        let settled = findings.by_address.values().filter(|found| {
            found.kind.link.is_some()
                && found.object.account == account
                && selection.includes(&found.object.address)
                && matches!(found.outcome, MatchOutcome::Live(_) | MatchOutcome::New)
        });
        let stated = settled.filter(|found| {
            let address = &found.object.address;
            found.object.numbers.is_some() || self.replaced.contains_key(address) || self.moved.contains_key(address)
        });
        needing.extend(stated.map(|found| &found.object.address));
        needing
    }
}

/// A sentence after a semicolon.
fn as_clause(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let (first, second) = (letters.next(), letters.next());
    match first {
        Some(first) if second.is_some_and(char::is_lowercase) => {
            first.to_lowercase().collect::<String>() + &sentence[first.len_utf8()..]
        }
        _ => sentence.to_owned(),
    }
}
