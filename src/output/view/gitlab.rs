//! GitLab's code quality report, which a merge request shows beside the lines.
//! Source: GitLab's documentation, "Code Quality", "Code Quality report format".

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::github::parse_place;
use super::groups::{ChangeGroups, ShownChanges};
use super::ranking::rank_changes;
use super::wording::StepIndex;
use super::{json, wording};
use crate::config::problem::{Problems, Severity};
use crate::model::resource::SourceLocation;
use crate::plan::{ChangeAction, Plan};
use crate::text::to_hex;
use crate::text::{escape, truncate_middle};

/// The file of an entry without a position in the YAML: GitLab does not accept an entry without one.
const NOWHERE: &str = "telform.yaml";

/// Longest description, and longest value in one, in characters.
const LONGEST: usize = 1_000;
const VALUE: usize = 80;

#[derive(Serialize)]
struct CodeQualityIssue {
    description: String,
    check_name: String,
    /// The same in every run while the finding is the same, wherever its line has moved.
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

/// Refusals as blockers, deletes and what cannot be undone as minor findings, every other change as information, riskiest first;
/// alike changes are one finding.
pub fn plan_as_code_quality(plan: &Plan) -> String {
    let refusals = plan.refusals.iter().map(|refusal| {
        let message = wording::refusal_sentence(refusal);
        let place = refusal.place.as_deref().and_then(parse_place);
        (refusal.code.as_str(), "blocker", place, message)
    });
    let (ranked, steps) = (rank_changes(plan), StepIndex::from_plan(plan));
    let groups = ChangeGroups::from_ranked(&ranked, &steps);
    let deletes = groups.shown(ChangeAction::Delete, false).into_iter().map(|deleted| match deleted {
        ShownChanges::One(one) => ("plan::delete", "minor", None, wording::delete_sentence(one.change)),
        ShownChanges::Folded(group) => ("plan::delete", "minor", None, format!("{} ({})", group.sentence(), group.names())),
    });
    let others = groups.shown_all().into_iter().filter(|shown| shown.action() != ChangeAction::Delete).map(|shown| {
        let (sentence, leaves) = match &shown {
            ShownChanges::One(one) => (wording::change_sentence(one.change), one.leaves.iter().collect()),
            ShownChanges::Folded(group) => {
                (format!("{} ({})", group.sentence(), group.names()), group.shared_leaves().collect::<Vec<_>>())
            }
        };
        let differs: Vec<String> = leaves.into_iter().map(|leaf| leaf.on_one_line(VALUE)).collect();
        ("plan::change", "info", None, format!("{sentence}: {}", differs.join("; ")))
    });
    let lost = wording::not_undone(plan)
        .into_iter()
        .map(|(sentence, of)| ("plan::cannot_be_undone", "minor", None, format!("{sentence}: {}", of.join(", "))));
    let untaken = plan.not_taken.iter().map(|untaken| ("plan::not_taken", "major", None, wording::not_taken_sentence(untaken)));
    let limits = wording::describe_limits(plan).map(|limits| ("plan::limited", "info", None, limits));
    let hosts = wording::other_hosts(plan).map(|sentence| ("plan::other_host", "major", None, sentence));
    let twice = wording::for_reviewers(plan).map(|sentence| ("plan::look_twice", "minor", None, sentence));
    let findings: Vec<_> = limits
        .into_iter()
        .chain(refusals)
        .chain(hosts)
        .chain(twice)
        .chain(deletes)
        .chain(untaken)
        .chain(lost)
        .chain(others)
        .collect();
    // A report without findings is empty: GitLab counts each entry.
    let ledger = wording::describe_ledger(plan).filter(|_| !findings.is_empty());
    code_quality_report(findings.into_iter().chain(ledger.map(|ledger| ("plan::ledger", "info", None, ledger))))
}

/// Each problem at its position.
pub fn problems_as_code_quality(problems: &Problems) -> String {
    code_quality_report(problems.iter().map(|problem| {
        let severity = match problem.severity {
            Severity::Error => "blocker",
            Severity::Warning => "minor",
            Severity::Note => "info",
        };
        (problem.code, severity, Some(problem.location.clone()).filter(|place| !place.file.is_empty()), problem.message.clone())
    }))
}

fn code_quality_report(findings: impl Iterator<Item = (&'static str, &'static str, Option<SourceLocation>, String)>) -> String {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let entries: Vec<CodeQualityIssue> = findings
        .map(|(code, severity, place, message)| {
            let place = place.unwrap_or_else(|| SourceLocation { file: NOWHERE.into(), line: 1, column: 1 });
            let path = escape(place.file.strip_prefix("./").unwrap_or(&place.file));
            let description = escape(&truncate_middle(&message, LONGEST).text);
            let finding = format!("{code}\n{path}\n{message}");
            // Two findings of one fingerprint would be shown as one.
            let again = seen.entry(finding.clone()).and_modify(|again| *again += 1).or_default();
            let fingerprint = to_hex(&Sha256::digest(format!("{finding}\n{again}").as_bytes()));
            let location = CodeQualityLocation { path, lines: CodeQualityLines { begin: place.line.max(1) as usize } };
            CodeQualityIssue { description, check_name: code.to_owned(), fingerprint, severity, location }
        })
        .collect();
    json::to_pretty_json(&entries)
}
