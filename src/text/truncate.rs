//! Long texts, cut in the middle and never at the end, where an attacker would put what is to be overlooked. Hosts that a cut
//! hides are named.

use std::collections::BTreeSet;

/// Hidden hosts that are named before the rest is counted.
const MOST_HOSTS: usize = 8;

/// A text of at most about this many characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruncatedText {
    /// What is shown.
    pub text: String,
    /// Number of hidden hosts that are not named.
    pub unnamed_hosts: usize,
}

/// A text cut in the middle.
pub fn truncate_middle(text: &str, most: usize) -> TruncatedText {
    name_cut_hosts(elide_middle(text, most), &hosts_in_text(text))
}

/// Two texts beside each other, both cut where they are equal, as far as that is enough.
pub fn truncate_pair(before: &str, after: &str, most: usize) -> (TruncatedText, TruncatedText) {
    let fits = |text: &str| text.len() <= most || text.chars().count() <= most;
    if fits(before) && fits(after) {
        return (untruncated(before), untruncated(after));
    }
    let start = common_prefix_len(before.chars(), after.chars());
    let end = common_prefix_len(before[start..].chars().rev(), after[start..].chars().rev());
    let window = |text: &str, other: &str| {
        let (head, rest) = text.split_at(start);
        let (differs, tail) = rest.split_at(rest.len() - end);
        let shown =
            format!("{}{}{}", elide_middle(head, most / 4), elide_middle(differs, most / 2), elide_middle(tail, most / 4));
        let new = hosts_in_text(text).difference(&hosts_in_text(other)).cloned().collect();
        name_cut_hosts(shown, &new)
    };
    (window(before, after), window(after, before))
}

fn untruncated(text: &str) -> TruncatedText {
    TruncatedText { text: text.to_owned(), unnamed_hosts: 0 }
}

/// Length in bytes of the common prefix of two texts.
fn common_prefix_len(a: impl Iterator<Item = char>, b: impl Iterator<Item = char>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

fn elide_middle(text: &str, most: usize) -> String {
    let all = text.chars().count();
    if all <= most {
        return text.to_owned();
    }
    let at = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
    let (head, tail) = (at(most.div_ceil(2)), at(all - most / 2));
    format!("{}…({} more characters)…{}", &text[..head], all - most, &text[tail..])
}

/// Names the hosts that cannot be read in what is shown.
fn name_cut_hosts(mut text: String, hosts_of_all: &BTreeSet<String>) -> TruncatedText {
    let shown = hosts_in_text(&text);
    let hidden: Vec<&String> = hosts_of_all.difference(&shown).collect();
    let unnamed = hidden.len().saturating_sub(MOST_HOSTS);
    if !hidden.is_empty() {
        let names: Vec<String> = hidden.iter().take(MOST_HOSTS).map(|host| elide_middle(host, 253)).collect();
        let more = if unnamed > 0 { format!(" and {unnamed} more") } else { String::new() };
        text.push_str(&format!(" (hosts in it: {}{more})", names.join(", ")));
    }
    TruncatedText { text, unnamed_hosts: unnamed }
}

/// Hosts of the URLs and of the mail addresses in a text, in lower case.
pub fn hosts_in_text(text: &str) -> BTreeSet<String> {
    let ends = |char: char| char.is_whitespace() || "/?#\\\"'`<>,;()[]{}|…".contains(char);
    let until = |at: usize| {
        let rest = &text[at..];
        &rest[..rest.find(ends).unwrap_or(rest.len())]
    };
    let mut found = BTreeSet::new();
    for (at, mark) in text.match_indices("://") {
        let authority = until(at + mark.len());
        let host = authority.rsplit('@').next().unwrap_or(authority);
        found.insert(host.split(':').next().unwrap_or(host).to_lowercase());
    }
    for (at, mark) in text.match_indices('@') {
        let domain = until(at + mark.len());
        let domain = domain.split([':', '@']).next().unwrap_or(domain);
        if domain.contains('.') {
            found.insert(domain.to_lowercase());
        }
    }
    found.remove("");
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_never_cut() {
        let long = format!("{}{}{}", "a".repeat(50), "b".repeat(900), "z".repeat(50));
        let cut = truncate_middle(&long, 20);
        assert_eq!(cut.text, "aaaaaaaaaa…(980 more characters)…zzzzzzzzzz");
        assert_eq!(truncate_middle("short", 20), untruncated("short"));
        assert!(truncate_middle(&"é".repeat(1_000), 21).text.ends_with(&"é".repeat(10)));
    }

    #[test]
    fn what_differs_is_shown_wherever_it_is() {
        for at in [0, 5_000, 9_999] {
            let mut after: Vec<char> = "x".repeat(10_000).chars().collect();
            after[at] = 'Q';
            let (before, after) = truncate_pair(&"x".repeat(10_000), &after.into_iter().collect::<String>(), 80);
            assert!(after.text.contains('Q') && !before.text.contains('Q'), "{at}: {}", after.text);
            assert!(after.text.chars().count() < 200, "{}", after.text);
        }
    }

    #[test]
    fn hidden_hosts_are_named() {
        let noise = "n ".repeat(500);
        let cut = truncate_middle(&format!("{noise}https://u:p@Evil.example:8443/x{noise}"), 60);
        assert!(cut.text.ends_with("(hosts in it: evil.example)"), "{}", cut.text);
        let cut = truncate_middle(&format!("{noise} ops@evil.example {noise}"), 60);
        assert!(cut.text.contains("evil.example"), "{}", cut.text);
        // A host that is shown in part is not the real one.
        let cut = truncate_middle(&format!("https://good.example.evil.example/{noise}"), 40);
        assert!(cut.text.contains("good.example.evil.example"), "{}", cut.text);
        let many: String = (0..50).map(|host| format!("https://h{host}.example/ ")).collect();
        assert!(truncate_middle(&many, 40).unnamed_hosts > 30);
        assert!(hosts_in_text("no host in @ or ://, nor in a@b").is_empty());
    }

    #[test]
    fn only_new_hosts_are_named_in_a_pair() {
        let noise = "n ".repeat(500);
        let text = |host: &str| format!("{noise}https://{host}/{}", "q".repeat(300));
        let long = format!("{}.example", "l".repeat(200));
        let (before, after) = truncate_pair(&text("old.example"), &text(&long), 40);
        assert!(after.text.contains(&long) && before.text.contains("old.example"), "{}", after.text);
    }
}
