//! GitLab's code quality report, which a merge request shows beside the lines.
//! Source: GitLab's documentation, "Code Quality", "Code Quality report format".

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::github::place;
use super::ranked::ranked;
use super::{json, words};
use crate::plan::{Action, Plan};
use crate::problem::{Problems, Severity};
use crate::resource::Place;
use crate::text::hex;
use crate::text::{escape, middle};

/// Where something is shown that has no place in the YAML: GitLab takes no entry without one.
const NOWHERE: &str = "telform.yaml";

/// Longest description, and longest value in one, in characters.
const LONGEST: usize = 1_000;
const VALUE: usize = 80;

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: String,
    /// The same from one run to the next while the finding is the same, wherever its line has moved.
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// Refusals as blockers, deletes and what cannot be undone as minor findings, every other change as information, riskiest first.
pub fn plan(plan: &Plan) -> String {
    let refusals = plan.refusals.iter().map(|refusal| {
        let message = words::refusal_sentence(refusal);
        let place = refusal.place.as_deref().and_then(place);
        (refusal.code.word(), "blocker", place, message)
    });
    let deletes = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .map(|change| ("plan::delete", "minor", None, words::deleted(change)));
    let ranked = ranked(plan);
    let others = ranked.iter().filter(|one| one.change.action != Action::Delete).map(|one| {
        let differs: Vec<String> = one.leaves.iter().map(|leaf| leaf.line(VALUE)).collect();
        let message = format!("{}: {}", words::changed(one.change), differs.join("; "));
        ("plan::change", "info", None, message)
    });
    let lost = words::not_undone(plan).into_iter().map(|(sentence, of)| {
        ("plan::cannot_be_undone", "minor", None, format!("{sentence}: {}", of.join(", ")))
    });
    let untaken =
        plan.not_taken.iter().map(|untaken| ("plan::not_taken", "major", None, words::not_taken(untaken)));
    let limits = words::limits(plan).map(|limits| ("plan::limited", "info", None, limits));
    report(limits.into_iter().chain(refusals).chain(deletes).chain(untaken).chain(lost).chain(others))
}

/// Each problem at its place.
pub fn problems(problems: &Problems) -> String {
    report(problems.iter().map(|problem| {
        let severity = match problem.severity {
            Severity::Error => "blocker",
            Severity::Warning => "minor",
            Severity::Note => "info",
        };
        (problem.code, severity, Some(problem.place.clone()), problem.message.clone())
    }))
}

fn report(findings: impl Iterator<Item = (&'static str, &'static str, Option<Place>, String)>) -> String {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let entries: Vec<Entry> = findings
        .map(|(code, severity, place, message)| {
            let place = place.unwrap_or_else(|| Place { file: NOWHERE.into(), line: 1, column: 1 });
            let path = escape(place.file.strip_prefix("./").unwrap_or(&place.file));
            let description = escape(&middle(&message, LONGEST).text);
            let finding = format!("{code}\n{path}\n{message}");
            // Two findings of one fingerprint would be shown as one.
            let again = seen.entry(finding.clone()).and_modify(|again| *again += 1).or_default();
            let fingerprint = hex(&Sha256::digest(format!("{finding}\n{again}").as_bytes()));
            let location = Location { path, lines: Lines { begin: place.line.max(1) as usize } };
            Entry { description, check_name: code.to_owned(), fingerprint, severity, location }
        })
        .collect();
    json::pretty(&entries)
}
