//! Which account an object belongs to: the one that it names, or the only one that can serve its kind.

use super::accounts::AccountSummary;
use super::{ConfigLoader, FileEntry, suggestions, values};
use crate::config::problem::Problem;
use crate::services;

impl<'a> ConfigLoader<'a> {
    /// The account of an object or tombstone: the one it names, or the only one that can serve its kind.
    pub(super) fn account_of(&mut self, item: FileEntry<'a>, named: Option<FileEntry<'a>>, kind: &str) -> Option<&'a str> {
        if let Some(named) = named {
            let name = self.text(named.file, named.entry)?;
            return self.named_account(named, &name, kind);
        }
        let doubt = !self.all_files_read || self.account_summaries.values().any(|login| login.service.is_none());
        let able = self.capable_accounts(kind);
        match able.as_slice() {
            [one] if !doubt => return Some(one),
            [] if !doubt => {
                let api = services::of_kind(kind).map_or("", |service| service.api);
                self.report_problem(
                    Problem::new(
                        "telform::yaml::no_account",
                        format!("no account can serve {kind}"),
                        &item.file.source,
                        item.entry.key_span,
                    )
                    .label("which account?")
                    .help(format!("add an account with `api: {api}`")),
                );
            }
            [_, _, ..] => self.which_account(item, kind, &able),
            _ => {}
        }
        None
    }

    /// The account that a tombstone names. If it names none, the ledger decides, which knows where the object was; but
    /// where several accounts are possible, the file must name the account for its readers, too.
    pub(super) fn account_of_removed(
        &mut self,
        item: FileEntry<'a>,
        named: Option<FileEntry<'a>>,
        kind: &str,
    ) -> Option<&'a str> {
        if named.is_some() {
            return self.account_of(item, named, kind);
        }
        let able = self.capable_accounts(kind);
        if able.len() > 1 {
            self.which_account(item, kind, &able);
        }
        None
    }

    fn which_account(&mut self, item: FileEntry<'a>, kind: &str, able: &[&'a str]) {
        self.report_problem(
            Problem::new(
                "telform::yaml::which_account",
                format!("several accounts can serve {kind}, and this does not say which"),
                &item.file.source,
                item.entry.key_span,
            )
            .label("`account` is missing")
            .help(format!("add `account:` with one of {}", suggestions::join_names(able))),
        );
    }

    /// Accounts whose service has objects of a kind.
    fn capable_accounts(&self, kind: &str) -> Vec<&'a str> {
        let serves = |login: &AccountSummary| login.service.is_some_and(|it| it.holds(kind));
        self.account_summaries.iter().filter(|(_, login)| serves(login)).map(|(name, _)| *name).collect()
    }

    /// The account of a kind, when exactly one exists.
    pub(super) fn only_account(&self, kind: &str) -> Option<&'a str> {
        if let [one] = self.capable_accounts(kind).as_slice() { Some(one) } else { None }
    }

    fn named_account(&mut self, item: FileEntry<'a>, name: &str, kind: &str) -> Option<&'a str> {
        let known: Vec<&'a str> = self.account_summaries.keys().copied().collect();
        let Some((name, login)) = self.account_summaries.get_key_value(name).map(|(name, login)| (*name, *login)) else {
            if self.all_files_read {
                let mut problem = Problem::new(
                    "telform::yaml::unknown_account",
                    format!("the account `{}` does not exist", suggestions::shorten_name(name)),
                    &item.file.source,
                    values::value_span(item.entry),
                );
                problem = problem.label("here").help(if known.is_empty() {
                    "add it under `accounts`".to_owned()
                } else {
                    suggestions::suggest_names(name, &known, "accounts")
                });
                self.report_problem(problem);
            }
            return None;
        };
        let service = login.service?;
        if !service.holds(kind) {
            let wanted = services::of_kind(kind).map_or("", |service| service.title);
            self.report_problem(
                Problem::new(
                    "telform::yaml::wrong_account",
                    format!("`{name}` is an account of {}, and {kind} belong to {wanted}", service.title),
                    &item.file.source,
                    values::value_span(item.entry),
                )
                .label("not this one"),
            );
            return None;
        }
        Some(name)
    }
}
