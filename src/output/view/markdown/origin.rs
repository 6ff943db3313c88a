//! Who made a plan, from what and where, in one line of a comment.

use super::code_span;
use crate::output::view::provenance::{PlanProvenance, describe_commit, is_safe_link};

/// The commit and the CI run, where they are known, who planned there, and where the plan can be read as a page.
pub(super) fn provenance_line(made: &PlanProvenance) -> String {
    let mut parts = Vec::new();
    if let Some(commit) = &made.commit {
        let (short, note) = describe_commit(commit);
        parts.push(format!("commit {}{note}", code_span(&short)));
    }
    if let Some(ci) = &made.ci {
        parts.push(place_link(ci, "CI run"));
    }
    if let Some(user) = made.user.as_ref().filter(|_| !parts.is_empty()) {
        parts.insert(0, format!("by {}", code_span(user)));
    }
    let page = made.page.as_ref().map(|page| place_link(page, "the plan as a page"));
    let made = (!parts.is_empty()).then(|| format!("Planned {}", parts.join(", ")));
    let parts: Vec<String> = made.into_iter().chain(page).collect();
    if parts.is_empty() { String::new() } else { format!("{}.\n\n", parts.join("; ")) }
}

/// A link where it is a safe one, and otherwise the place as it is.
pub(super) fn place_link(place: &str, title: &str) -> String {
    if is_safe_link(place) { format!("[{title}]({place})") } else { format!("{title} {}", code_span(place)) }
}
