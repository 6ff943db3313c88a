//! Listings that could not be read: what needs one of them is refused, and nothing else.

use std::collections::BTreeSet;

use super::{Planner, doubts::few};
use crate::plan::Inputs;
use crate::plan::find::{Finding, Findings};
use crate::plan::note::{Notice, NoticeCode, Refusal, RefusalCode};
use crate::plan::removal::Removals;
use crate::plan::select::Selection;
use crate::resource::{Address, Unlisted};

impl<'a> Planner<'a> {
    /// Objects of the kinds that could not be listed, and what needs to know who serves which number where that is not known.
    pub(super) fn unlisted(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        gone: &Removals<'a>,
        selection: &Selection,
    ) {
        for (account, live) in &inputs.live.accounts {
            for (kind, why) in &live.unlisted {
                let of = |(at, unread, _): &&(&str, &str, &Address)| at == account && unread == kind;
                let needing = findings.unlisted.iter().chain(&gone.unlisted).filter(of);
                let needing =
                    needing.map(|(.., address)| *address).filter(|it| selection.holds(it)).collect();
                self.confine(account, NoticeCode::Unlisted, kind, why, &needing, true);
            }
            if let Some(why) = &live.unlinked {
                let needing = self.linking(inputs, findings, selection, account);
                // What follows from a listing that is named already is not told twice.
                let told = !live.unlisted.values().any(|other| other == why);
                self.confine(account, NoticeCode::Unlinked, "numbers", why, &needing, told);
            }
        }
    }

    /// Refuses what needs a listing that could not be read, and says that there is none.
    fn confine(
        &mut self,
        account: &str,
        code: NoticeCode,
        what: &str,
        why: &Unlisted,
        needing: &BTreeSet<&Address>,
        told: bool,
    ) {
        let (account, text) = (account.to_owned(), format!("{what}: {}; {}", why.why, within(&why.help)));
        if !needing.is_empty() {
            let names: Vec<String> = needing.iter().map(ToString::to_string).collect();
            let unread = match code {
                NoticeCode::Unlinked => {
                    "it could not be read which configuration serves which number".to_owned()
                }
                _ => format!("the {what} of account {account} could not be listed"),
            };
            self.refusals.push(Refusal {
                code: RefusalCode::Unlisted,
                account: account.clone(),
                address: None,
                attribute: None,
                detail: format!(
                    "{unread}, so nothing is planned for {}: {}; {}",
                    few(&names),
                    why.why,
                    within(&why.help)
                ),
                place: None,
            });
        }
        if told {
            self.notices.push(Notice { code, account, address: None, attribute: None, detail: Some(text) });
        }
    }

    /// What decides about numbers of an account: bridges that state them or take them along, and whatever goes.
    fn linking(
        &self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        selection: &Selection,
        account: &str,
    ) -> BTreeSet<&'a Address> {
        let leaving = self.leaving.iter().filter(|gone| gone.account == account);
        let mut needing: BTreeSet<&Address> = leaving
            .filter(|gone| gone.kind.connected || gone.kind.link.is_some())
            .map(|gone| gone.address)
            .collect();
        if inputs.options.destroy {
            return needing;
        }
        let settled = findings.by_address.values().filter(|found| {
            found.kind.link.is_some()
                && found.object.account == account
                && selection.holds(&found.object.address)
                && matches!(found.finding, Finding::Live(_) | Finding::New)
        });
        let stated = settled.filter(|found| {
            let address = &found.object.address;
            found.object.numbers.is_some()
                || self.replaced.contains_key(address)
                || self.moved.contains_key(address)
        });
        needing.extend(stated.map(|found| &found.object.address));
        needing
    }
}

/// A sentence behind a semicolon.
fn within(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let (first, second) = (letters.next(), letters.next());
    match first {
        Some(first) if second.is_some_and(char::is_lowercase) => {
            first.to_lowercase().collect::<String>() + &sentence[first.len_utf8()..]
        }
        _ => sentence.to_owned(),
    }
}
