//! Annotations of GitHub Actions: each line is a workflow command that marks a place of the YAML in the pull request.
//! GitHub shows ten of each type for a step of a workflow; the rest is summed up in the tenth.
//! Source: GitHub's documentation, "Workflow commands for GitHub Actions".

use super::findings::{Finding, FindingRisk};
use super::groups::{ChangeGroup, ChangeGroups};
use super::ranking::rank_changes;
use super::wording::{self, StepIndex};
use crate::model::resource::SourceLocation;
use crate::plan::Plan;
use crate::text::{LONGEST, escape, truncate_middle};

/// Annotations of one type that GitHub shows for a step.
const SHOWN: usize = 10;

/// The findings of a plan, and its summary as a notice. Where only a part is shown, no digest is offered beside it.
pub fn plan_as_annotations(plan: &Plan, findings: &[Finding]) -> String {
    let (ranked, steps) = (rank_changes(plan), StepIndex::from_plan(plan));
    let groups = ChangeGroups::from_ranked(&ranked, &steps);
    let of_level = |level| findings.iter().filter(|it| level_of(it.risk) == level).count() + usize::from(level == "notice");
    let hidden: usize = LEVELS.into_iter().map(of_level).filter(|count| *count > SHOWN).map(|count| count - SHOWN + 1).sum();
    let unshown: usize = groups.folded().map(ChangeGroup::unshown).sum();
    let hidden = (hidden > 0).then(|| format!("{hidden} of them are only summed up"));
    let unshown = (unshown > 0).then(|| format!("{unshown} addresses are not shown here, or not in full"));
    let missing: Vec<String> = hidden.into_iter().chain(unshown).collect();
    let verdict = if missing.is_empty() {
        format!("{} ({})", groups.summary(plan), plan.digest)
    } else {
        format!("{}. Do not approve from these annotations: {}", groups.summary(plan), missing.join(", "))
    };
    let verdict = Finding::new("telform plan", FindingRisk::Info, verdict).with(wording::describe_ledger(plan));
    // What the plan is limited to comes before what it does.
    let mut all: Vec<Finding> = findings.iter().filter(|finding| finding.code != "plan::ledger").cloned().collect();
    all.insert(usize::from(all.first().is_some_and(|first| first.code == "plan::limited")), verdict);
    findings_as_annotations(&all)
}

/// Each finding at its place: errors first, at most ten of each type.
pub fn findings_as_annotations(findings: &[Finding]) -> String {
    let mut out = String::new();
    for level in LEVELS {
        let all: Vec<&Finding> = findings.iter().filter(|finding| level_of(finding.risk) == level).collect();
        let shown = if all.len() > SHOWN { SHOWN - 1 } else { all.len() };
        for finding in &all[..shown] {
            let lines = std::iter::once(&finding.message).chain(&finding.details).map(String::as_str);
            out.push_str(&workflow_command(level, title(&finding.code), finding.place.as_ref(), lines));
        }
        let rest = &all[shown..];
        if let Some(first) = rest.first() {
            let count = format!("{} more, the first: {}", rest.len(), first.message);
            out.push_str(&workflow_command(level, "more", None, [count.as_str()].into_iter()));
        }
    }
    out
}

const LEVELS: [&str; 3] = ["error", "warning", "notice"];

fn level_of(risk: FindingRisk) -> &'static str {
    match risk {
        FindingRisk::Blocker => "error",
        FindingRisk::Critical | FindingRisk::Major => "warning",
        FindingRisk::Minor | FindingRisk::Info => "notice",
    }
}

/// The words of a check of telform's own; an error code as it is.
fn title(code: &str) -> String {
    let own = ["plan::", "drift::", "run::"].iter().find_map(|prefix| code.strip_prefix(prefix));
    own.map_or_else(|| code.to_owned(), |name| name.replace('_', " "))
}

fn workflow_command<'a>(
    level: &str,
    title: impl AsRef<str>,
    place: Option<&SourceLocation>,
    lines: impl Iterator<Item = &'a str>,
) -> String {
    let place = place.map(|place| format!("file={},line={},col={},", escape_property(&place.file), place.line, place.column));
    let lines = lines.flat_map(str::lines).map(|line| escape_data(&escape(&truncate_middle(line, LONGEST).text)));
    let (place, title) = (place.unwrap_or_default(), escape_property(title.as_ref()));
    format!("::{level} {place}title={title}::{}\n", lines.collect::<Vec<_>>().join("%0A"))
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(&escape(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_line() {
        let place = SourceLocation { file: "a,b:50%.yaml".into(), line: 3, column: 7 };
        let text = ["100%\r::stop-commands::x\nsecond\u{1b}[31m"].into_iter();
        let line = workflow_command("error", "x::y", Some(&place), text);
        assert_eq!(
            line,
            "::error file=a%2Cb%3A50%25.yaml,line=3,col=7,title=x%3A%3Ay::100%25\\u{d}\\u{3a}:stop-commands::x%0Asecond\\u{1b}[31m\n"
        );
        let long = format!("{}end", "y".repeat(1_000_000));
        let long = workflow_command("notice", "t", None, [long.as_str()].into_iter());
        assert!(long.len() < 400 && long.ends_with("end\n"), "{long}");
    }

    #[test]
    fn of_each_type_ten_are_shown_and_the_rest_is_summed_up() {
        for count in [9, 10, 11, 200] {
            let many: Vec<Finding> =
                (0..count).map(|at| Finding::new("plan::delete", FindingRisk::Critical, format!("gone {at}"))).collect();
            let lines = findings_as_annotations(&many);
            assert_eq!(lines.lines().count(), count.min(SHOWN), "{lines}");
            let rest = lines.lines().last().unwrap();
            assert_eq!(rest.contains("title=more::"), count > SHOWN, "{rest}");
            assert!(count <= SHOWN || rest.contains(&format!("{} more, the first: gone 9", count - 9)), "{rest}");
        }
    }
}
