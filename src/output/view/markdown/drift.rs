//! Drift as a comment: the verdict, then each finding with its place.

use super::super::commands::CommandOptions;
use super::escape::{code_span, sentence_span};
use super::{BoundedPage, LONGEST};
use crate::output::view::findings::{Finding, FindingRisk};

/// First line of every such comment, always the same: it identifies the earlier one to replace.
pub const DRIFT_MARKER: &str = "<!-- telform drift -->";

/// Space reserved for what says that something is left out.
const REST: usize = 300;

/// The verdict, one or more lines, and the findings.
pub fn drift_as_markdown(verdict: &str, findings: &[Finding]) -> String {
    let mut page = BoundedPage { text: String::new(), limit: LONGEST - REST, commands: CommandOptions::default() };
    let alert = match findings.first().map(|finding| finding.risk) {
        Some(FindingRisk::Blocker | FindingRisk::Critical) => "WARNING",
        _ => "NOTE",
    };
    page.push_if_fits(&format!("{DRIFT_MARKER}\n> [!{alert}]\n"));
    let lines: Vec<String> = verdict.lines().map(|line| format!("> {}", sentence_span(line))).collect();
    page.push_if_fits(&format!("{}\n\n", lines.join("\\\n")));
    for (index, finding) in findings.iter().enumerate() {
        let place = finding.place.as_ref().map(|place| format!(" ({})", code_span(&place.to_string()))).unwrap_or_default();
        let mut item = format!("- {}{place}\n", sentence_span(&finding.message));
        for detail in &finding.details {
            item.push_str(&format!("  - {}\n", sentence_span(detail)));
        }
        if !page.push_if_fits(&item) {
            page.limit = LONGEST;
            page.push_if_fits(&format!("- … and {} more; `telform drift` lists all\n", findings.len() - index));
            break;
        }
    }
    page.text
}
