//! `--account`: the accounts that a run is limited to, and the same command without those that cannot be read.

use std::collections::BTreeSet;

use super::RunError;
use crate::model::resource::Desired;
use crate::text::{escape, fits_pattern, shell_quote};

/// Accounts that these patterns match; none without patterns. A pattern that matches nothing is a typing mistake.
pub(crate) fn match_account_patterns(desired: &Desired, patterns: &[String]) -> Result<BTreeSet<String>, RunError> {
    let mut chosen = BTreeSet::new();
    for pattern in patterns {
        let before = chosen.len();
        let mut fit = desired.accounts.keys().filter(|name| fits_pattern(pattern, name)).peekable();
        let none = fit.peek().is_none();
        chosen.extend(fit.cloned());
        if none && chosen.len() == before {
            let names: Vec<&str> = desired.accounts.keys().map(String::as_str).collect();
            let has = if names.is_empty() { "no account".to_owned() } else { names.join(", ") };
            return Err(RunError::other(
                "telform::cli::unknown_account",
                format!("the configuration has no account {}", escape(pattern)),
                format!("it has {has}"),
            ));
        }
    }
    Ok(chosen)
}

/// The command of this run once more, limited to these accounts.
pub(crate) fn limited_to(given: &[String], accounts: &[&str]) -> String {
    let mut words = vec!["telform".to_owned()];
    let mut given = given.iter().skip(1);
    while let Some(word) = given.next() {
        if word == "--account" {
            given.next();
        } else if !word.starts_with("--account=") {
            words.push(shell_quote(word));
        }
    }
    words.extend(accounts.iter().map(|name| format!("--account {}", shell_quote(name))));
    words.join(" ")
}
