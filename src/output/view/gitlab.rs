//! GitLab's code quality report, which a merge request shows beside the lines.
//! Source: GitLab's documentation, "Code Quality", "Code Quality report format".

use serde::Serialize;

use super::findings::{Finding, FindingKeys, FindingRisk, NOWHERE};
use super::json;
use crate::text::{escape, truncate_middle};

/// Longest description, in characters.
const LONGEST: usize = 1_000;

#[derive(Serialize)]
struct CodeQualityIssue<'a> {
    description: String,
    check_name: &'a str,
    /// The same in every run while the finding is the same.
    fingerprint: String,
    severity: &'static str,
    location: CodeQualityLocation,
}

#[derive(Serialize)]
struct CodeQualityLocation {
    path: String,
    lines: CodeQualityLines,
}

#[derive(Serialize)]
struct CodeQualityLines {
    begin: usize,
}

/// The findings, each with the severity of its risk. A list without findings is empty: GitLab counts each entry.
pub fn findings_as_code_quality(findings: &[Finding]) -> String {
    let mut keys = FindingKeys::default();
    let issue = |finding| code_quality_issue(finding, &mut keys);
    json::to_pretty_json(&findings.iter().map(issue).collect::<Vec<_>>())
}

fn code_quality_issue<'a>(finding: &'a Finding, keys: &mut FindingKeys) -> CodeQualityIssue<'a> {
    let severity = match finding.risk {
        FindingRisk::Blocker => "blocker",
        FindingRisk::Critical => "critical",
        FindingRisk::Major => "major",
        FindingRisk::Minor => "minor",
        FindingRisk::Info => "info",
    };
    let place = finding.place.as_ref();
    let path = place.map_or(NOWHERE, |place| place.file.strip_prefix("./").unwrap_or(&place.file));
    let details = if finding.details.is_empty() { String::new() } else { format!(": {}", finding.details.join("; ")) };
    let message = format!("{}{details}", finding.message);
    let begin = place.map_or(1, |place| place.line.max(1) as usize);
    CodeQualityIssue {
        description: escape(&truncate_middle(&message, LONGEST).text),
        check_name: &finding.code,
        fingerprint: keys.key(&[&finding.code, path, &message]),
        severity,
        location: CodeQualityLocation { path: escape(path), lines: CodeQualityLines { begin } },
    }
}
