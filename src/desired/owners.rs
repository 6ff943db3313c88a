//! Whose an object is: the account that it names, or the only one that can serve its kind.

use super::accounts::Login;
use super::{Item, Loader, names, values};
use crate::backend;
use crate::problem::Problem;

impl<'a> Loader<'a> {
    /// The account of an object or tombstone: the one it names, or the only one that can serve its kind.
    pub(super) fn account_of(
        &mut self,
        item: Item<'a>,
        named: Option<Item<'a>>,
        kind: &str,
    ) -> Option<&'a str> {
        if let Some(named) = named {
            let name = self.text(named.file, named.entry)?;
            return self.named_account(named, &name, kind);
        }
        let doubt = !self.complete || self.logins.values().any(|login| login.backend.is_none());
        let able = self.able(kind);
        match able.as_slice() {
            [one] if !doubt => return Some(one),
            [] if !doubt => {
                let api = backend::of_kind(kind).map_or("", |backend| backend.api);
                self.report(
                    Problem::new(
                        "telform::yaml::no_account",
                        format!("no account can serve {kind}"),
                        &item.file.source,
                        item.entry.key_span,
                    )
                    .label("whose is this?")
                    .help(format!("add an account with `api: {api}`")),
                );
            }
            [_, _, ..] => self.which_account(item, kind, &able),
            _ => {}
        }
        None
    }

    /// The account that a tombstone names. One that names none is settled by the ledger, which knows where the object was;
    /// but where several accounts come into question, the file must say it to its readers too.
    pub(super) fn account_of_removed(
        &mut self,
        item: Item<'a>,
        named: Option<Item<'a>>,
        kind: &str,
    ) -> Option<&'a str> {
        if named.is_some() {
            return self.account_of(item, named, kind);
        }
        let able = self.able(kind);
        if able.len() > 1 {
            self.which_account(item, kind, &able);
        }
        None
    }

    fn which_account(&mut self, item: Item<'a>, kind: &str, able: &[&'a str]) {
        self.report(
            Problem::new(
                "telform::yaml::which_account",
                format!("several accounts can serve {kind}, and this does not say which"),
                &item.file.source,
                item.entry.key_span,
            )
            .label("`account` is missing")
            .help(format!("add `account:` with one of {}", names::listed(able))),
        );
    }

    /// Accounts whose service has objects of a kind.
    fn able(&self, kind: &str) -> Vec<&'a str> {
        let serves =
            |login: &Login| login.backend.is_some_and(|it| it.kinds.iter().any(|row| row.name == kind));
        self.logins.iter().filter(|(_, login)| serves(login)).map(|(name, _)| *name).collect()
    }

    /// The account of a kind, when there is just one.
    pub(super) fn only_account(&self, kind: &str) -> Option<&'a str> {
        if let [one] = self.able(kind).as_slice() { Some(one) } else { None }
    }

    fn named_account(&mut self, item: Item<'a>, name: &str, kind: &str) -> Option<&'a str> {
        let known: Vec<&'a str> = self.logins.keys().copied().collect();
        let Some((name, login)) = self.logins.get_key_value(name).map(|(name, login)| (*name, *login)) else {
            if self.complete {
                let mut problem = Problem::new(
                    "telform::yaml::unknown_account",
                    format!("there is no account `{}`", names::short(name)),
                    &item.file.source,
                    values::spot(item.entry),
                );
                problem = problem.label("here").help(if known.is_empty() {
                    "add it under `accounts`".to_owned()
                } else {
                    names::advice(name, &known, "accounts")
                });
                self.report(problem);
            }
            return None;
        };
        let backend = login.backend?;
        if !backend.kinds.iter().any(|row| row.name == kind) {
            let wanted = backend::of_kind(kind).map_or("", |backend| backend.title);
            self.report(
                Problem::new(
                    "telform::yaml::wrong_account",
                    format!("`{name}` is an account of {}, and {kind} belong to {wanted}", backend.title),
                    &item.file.source,
                    values::spot(item.entry),
                )
                .label("not this one"),
            );
            return None;
        }
        Some(name)
    }
}
