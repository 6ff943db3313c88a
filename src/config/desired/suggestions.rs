//! Names: which are allowed, which one was meant, how lists of names are written.

use crate::text::masked_for_display;

/// The known name that was probably meant.
pub(crate) fn closest_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '.'], "_");
    let name = plain(name);
    known
        .into_iter()
        .filter(|candidate| likeness_at_most(&name, candidate) >= 0.6)
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&name, &plain(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Upper bound of the similarity of two names, from their letters alone: each letter that only one of them has is an edit.
/// This excludes most pairs, at far less cost than computing the edits.
fn likeness_at_most(name: &str, candidate: &str) -> f64 {
    let mut balance = [0_i32; 128];
    let longest = name.len().max(candidate.len());
    if longest == 0 || !name.is_ascii() || !candidate.is_ascii() {
        return 1.0;
    }
    for byte in name.bytes() {
        balance[usize::from(byte)] += 1;
    }
    for byte in candidate.bytes() {
        let plain = if matches!(byte, b'-' | b' ' | b'.') { b'_' } else { byte.to_ascii_lowercase() };
        balance[usize::from(plain)] -= 1;
    }
    let (more, fewer) = balance.iter().fold(
        (0, 0),
        |(more, fewer), count| {
            if *count > 0 { (more + count, fewer) } else { (more, fewer - count) }
        },
    );
    1.0 - f64::from(more.max(fewer)) / longest as f64
}

/// "did you mean" line, and the list of what is known.
pub(in crate::config) fn suggest_names(name: &str, known: &[&str], title: &str) -> String {
    let list = join_names(known);
    match closest_name(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?\n{title}: {list}"),
        None => format!("{title}: {list}"),
    }
}

/// `a`, `b`, `c`; a long list is cut.
pub(in crate::config) fn join_names(names: &[&str]) -> String {
    const MOST: usize = 48;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(MOST);
    let list = shown.join(", ");
    if more > 0 { format!("{list} and {more} more") } else { list }
}

/// Syntax of names that the user chooses: they appear in addresses and on command lines.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        && name.len() <= 200
}

/// Syntax of an identity that the user chooses and that appears in paths.
pub(super) fn is_slug(text: &str) -> bool {
    text.len() <= 50
        && text
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

/// A text of the user inside a message: shortened when it is long.
pub(in crate::config) fn shorten_name(text: &str) -> String {
    const MOST: usize = 60;
    let text = &*masked_for_display(text);
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions() {
        assert_eq!(closest_name("zpi", ["zip", "city"]), Some("zip"));
        assert_eq!(closest_name("Account-SID", ["account_sid"]), Some("account_sid"));
        assert_eq!(closest_name("colour", ["zip", "city"]), None);
    }

    #[test]
    fn grammars() {
        assert!(is_slug("sales-bridge-001") && !is_slug("Sales") && !is_slug("a--b") && !is_slug("-a") && !is_slug(""));
        assert!(is_name("a.b-c_1") && !is_name(".a") && !is_name("a b") && !is_name("") && !is_name("ü"));
    }
}
