//! `--account`: which accounts a run is limited to, and the same command without those that cannot be read.

use std::collections::BTreeSet;

use super::again::quoted;
use super::exit::Failure;
use crate::resource::Desired;
use crate::text::escape;

/// Accounts that these patterns name; none for no pattern. A pattern that names nothing is a typing mistake.
pub(crate) fn chosen(desired: &Desired, patterns: &[String]) -> Result<BTreeSet<String>, Failure> {
    let mut chosen = BTreeSet::new();
    for pattern in patterns {
        let before = chosen.len();
        let mut fit = desired.accounts.keys().filter(|name| fits(pattern, name)).peekable();
        let none = fit.peek().is_none();
        chosen.extend(fit.cloned());
        if none && chosen.len() == before {
            let names: Vec<&str> = desired.accounts.keys().map(String::as_str).collect();
            let has = if names.is_empty() { "no account".to_owned() } else { names.join(", ") };
            return Err(Failure::other(
                "telform::cli::unknown_account",
                format!("the configuration has no account {}", escape(pattern)),
                format!("it has {has}"),
            ));
        }
    }
    Ok(chosen)
}

/// Whether a name fits a pattern: `*` stands for any text, `?` for one character.
fn fits(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| fits(rest.as_str(), &name[at..]))
        }
        Some(wanted) => {
            let mut name = name.chars();
            name.next().is_some_and(|is| wanted == '?' || wanted == is) && fits(rest.as_str(), name.as_str())
        }
    }
}

/// The command of this run once more, limited to these accounts.
pub(crate) fn limited_to(accounts: &[&str]) -> String {
    let mut words = vec!["telform".to_owned()];
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        if word == "--account" {
            given.next();
        } else if !word.starts_with("--account=") {
            words.push(quoted(&word));
        }
    }
    words.extend(accounts.iter().map(|name| format!("--account {}", quoted(name))));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_pattern_fits_the_whole_name() {
        for (pattern, name) in [("west", "west"), ("w*", "west"), ("*", ""), ("*s?", "west"), ("é*", "été")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("west", "west2"), ("es", "west"), ("w?", "west"), ("", "a"), ("W*", "west")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
