//! What a command found, as a list: for formats of other programs, which mark places of files or count cases. Riskiest first; alike
//! changes are one finding. The texts still hold text from files and services; each format escapes them.

mod drifted;
mod planned;
mod reported;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::junit::{self, TestCase};
use super::slack::{self, Verdict};
use super::{github, gitlab, sarif};
use crate::config::problem::{Problems, Severity};
use crate::model::resource::{Address, SourceLocation};
use crate::text::to_hex;

pub use self::drifted::{findings_of_drift, secrets_not_compared};
pub use self::planned::findings_of_plan;
pub use self::reported::{cases_of_runs, findings_of_runs};

/// The file of a finding without a position in the YAML, for formats that accept none without.
pub(super) const NOWHERE: &str = "telform.yaml";

/// The code of something that a plan did not read or compare.
pub(super) const NOT_READ: &str = "plan::not_read";

/// How much is at stake, most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingRisk {
    /// Refused, failed or wrong: nothing goes on before it is solved.
    Blocker,
    /// Something is lost, a phone line for example, or it is not known.
    Critical,
    /// Something else takes its place, or does not arrive where it was sent.
    Major,
    /// Worth a second look.
    Minor,
    /// For information.
    Info,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable name of the check: an error code, or `plan::delete`.
    pub code: String,
    /// How much is at stake.
    pub risk: FindingRisk,
    /// Where in the YAML, where that is known.
    pub place: Option<SourceLocation>,
    /// One sentence.
    pub message: String,
    /// More of it, line by line.
    pub details: Vec<String>,
}

impl Finding {
    /// A finding without a place or details.
    pub(super) fn new(code: impl Into<String>, risk: FindingRisk, message: impl Into<String>) -> Self {
        Self { code: code.into(), risk, place: None, message: message.into(), details: Vec::new() }
    }

    /// The same at a place.
    pub(super) fn at(self, place: Option<SourceLocation>) -> Self {
        Self { place: place.filter(|place| !place.file.is_empty()), ..self }
    }

    /// The same with more lines.
    pub(super) fn with(self, details: impl IntoIterator<Item = String>) -> Self {
        Self { details: details.into_iter().collect(), ..self }
    }
}

/// A format that lists findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingFormat {
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// SARIF.
    Sarif,
    /// JUnit XML.
    Junit,
    /// A message for Slack.
    Slack,
}

impl FindingFormat {
    /// Findings of `command` in this format. `verdict`: what a message begins with. `cases`: what JUnit shows, with what is in order.
    pub fn render(
        self,
        command: &str,
        verdict: impl FnOnce() -> Verdict,
        findings: &[Finding],
        cases: impl FnOnce() -> Vec<TestCase>,
    ) -> String {
        match self {
            Self::Github => github::findings_as_annotations(findings),
            Self::Gitlab => gitlab::findings_as_code_quality(findings),
            Self::Sarif => sarif::findings_as_sarif(command, findings),
            Self::Junit => junit::cases_as_junit(command, &cases()),
            Self::Slack => slack::findings_as_slack(command, &verdict(), findings),
        }
    }
}

/// The place of an address in the YAML; none where it is not known.
pub type PlaceOf<'p> = dyn Fn(&Address) -> Option<SourceLocation> + 'p;

/// Each problem of the YAML at its position.
pub fn findings_of_problems(problems: &Problems) -> Vec<Finding> {
    let of = |problem: &crate::config::problem::Problem| {
        let risk = match problem.severity {
            Severity::Error => FindingRisk::Blocker,
            Severity::Warning => FindingRisk::Major,
            Severity::Note => FindingRisk::Info,
        };
        let help = problem.help.as_ref().map(|help| format!("help: {help}"));
        Finding::new(problem.code, risk, problem.message.clone()).at(Some(problem.location.clone())).with(help)
    };
    problems.iter().map(of).collect()
}

/// A command that failed for a reason outside the YAML.
pub fn finding_of_failure(code: &str, message: &str, help: &str) -> Finding {
    let help = (!help.is_empty()).then(|| format!("help: {help}"));
    Finding::new(code, FindingRisk::Blocker, message).with(help)
}

/// Keys of findings: the same in every run while the finding is the same, wherever its line has moved. Two equal findings of one
/// list have two keys.
#[derive(Debug, Default)]
pub(super) struct FindingKeys(BTreeMap<String, usize>);

impl FindingKeys {
    /// The key of what these texts name together.
    pub(super) fn key(&mut self, texts: &[&str]) -> String {
        let finding = texts.join("\n");
        let again = self.0.entry(finding.clone()).and_modify(|again| *again += 1).or_default();
        to_hex(&Sha256::digest(format!("{finding}\n{again}").as_bytes()))
    }
}

/// `file:line:column`, read from its end, because a file's name may hold colons.
pub(super) fn parse_place(text: &str) -> Option<SourceLocation> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(SourceLocation { file: file.into(), line: line.parse().ok()?, column: column.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_from_their_end() {
        let read = parse_place("c:/x.yaml:12:3").expect("a place");
        assert_eq!((&*read.file, read.line, read.column), ("c:/x.yaml", 12, 3));
        assert!(parse_place("x.yaml").is_none() && parse_place("x:y:z").is_none());
    }
}
