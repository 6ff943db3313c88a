//! Who made a plan, when, and where: as far as the run knows it. What is not known is not shown.

use crate::text::escape;

/// The origin of a plan, beside the plan itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanProvenance {
    /// When it was made (RFC 3339, UTC).
    pub at: Option<String>,
    /// Who made it.
    pub user: Option<String>,
    /// Commit of the work tree; `-dirty` at its end means that files differ from it.
    pub commit: Option<String>,
    /// The CI run, as a link or an id.
    pub ci: Option<String>,
    /// Where the HTML page of the plan can be read.
    pub page: Option<String>,
}

/// The address of a page, as typed.
pub fn parse_page_url(text: &str) -> Result<String, String> {
    let wrong =
        || "the address of a page begins with https:// or http:// and has no blanks, quotes, brackets or query".to_owned();
    if is_safe_link(text) { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// An address that a page may lead to: `https` or `http`, without anything that could end the link or hide where it leads.
pub(super) fn is_safe_link(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#&=%+,;@".contains(&byte);
    let Some(rest) = rest else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty() && !host.contains('@') && text.len() <= 500 && text.bytes().all(allowed) && escape(text) == text
}

/// A commit in a few characters, with a note where files differ from it.
pub(super) fn describe_commit(commit: &str) -> (String, &'static str) {
    let clean = commit.trim_end_matches("-dirty");
    let short = if clean.len() >= 40 && clean.bytes().all(|byte| byte.is_ascii_hexdigit()) { &clean[..12] } else { clean };
    (short.to_owned(), if commit.ends_with("-dirty") { ", with files that differ from it" } else { "" })
}

/// A time for people: `2026-11-25 14:00:00 UTC`. Anything else than RFC 3339 in UTC is unchanged.
pub(super) fn describe_time(at: &str) -> String {
    match (at.strip_suffix('Z'), at.len()) {
        (Some(time), 20) if time.is_ascii() && time.as_bytes()[10] == b'T' => format!("{} {} UTC", &time[..10], &time[11..]),
        _ => at.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_where_it_says() {
        for good in ["https://git.example/a/b/actions/runs/17", "http://ci.example:8080/job/1/console"] {
            assert!(is_safe_link(good), "{good}");
        }
        let long = format!("https://{}", "a".repeat(600));
        for bad in [
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "https://own@evil.example/",
            "https://x.example/a b",
            "https://x.example/)[y](z",
            "https://x.example/\"onclick=",
            "https://x.example/\u{202e}",
            "https://x.example/<b>",
            // The values of a query may be secret: they are masked wherever they are shown.
            "https://x.example/a?token=1",
            "4711",
            &long,
        ] {
            assert!(!is_safe_link(bad), "{bad}");
        }
    }

    #[test]
    fn times_and_commits_are_short() {
        assert_eq!(describe_time("2026-11-25T14:00:00Z"), "2026-11-25 14:00:00 UTC");
        assert_eq!(describe_time("yesterday"), "yesterday");
        assert_eq!(describe_time("2026-11-25\u{e9}14:00:0Z"), "2026-11-25\u{e9}14:00:0Z");
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(describe_commit(commit), ("0123456789ab".to_owned(), ""));
        assert_eq!(describe_commit(&format!("{commit}-dirty")).1, ", with files that differ from it");
        assert_eq!(describe_commit("v1"), ("v1".to_owned(), ""));
    }
}
