//! Annotations of GitHub Actions: each line is a workflow command that marks a place of the YAML in the pull request.
//! GitHub shows ten of each type for a step of a workflow and keeps the rest in the log; errors come first.
//! Source: GitHub's documentation, "Workflow commands for GitHub Actions".

use super::groups::{ChangeGroup, ChangeGroups, ShownChanges};
use super::ranking::rank_changes;
use super::wording::{self, StepIndex};
use crate::config::problem::{Problem, Problems, Severity};
use crate::model::resource::SourceLocation;
use crate::plan::{ChangeAction, NumberEffect, Plan};
use crate::text::{LONGEST, escape, truncate_middle};

/// Annotations of one type that GitHub shows for a step; the rest is only in its log.
const SHOWN: usize = 10;

/// Refusals as errors, deletes and numbers that go dark and what cannot be undone as warnings, the summary and each other change
/// as a notice, alike ones as one, riskiest and rarest first. Where GitHub shows only a part, no digest is offered beside them.
pub fn plan_as_annotations(plan: &Plan) -> String {
    let mut out = String::new();
    if let Some(limits) = wording::describe_limits(plan) {
        out.push_str(&workflow_command("notice", "limited plan", None, &limits));
    }
    for sentence in wording::for_reviewers(plan) {
        out.push_str(&workflow_command("warning", "look twice", None, &sentence));
    }
    for sentence in wording::other_hosts(plan) {
        out.push_str(&workflow_command("warning", "other host", None, &sentence));
    }
    for refusal in &plan.refusals {
        let message = wording::refusal_sentence(refusal);
        let place = refusal.place.as_deref().and_then(parse_place);
        out.push_str(&workflow_command("error", refusal.code.as_str(), place.as_ref(), &message));
    }
    let (ranked, steps) = (rank_changes(plan), StepIndex::from_plan(plan));
    let groups = ChangeGroups::from_ranked(&ranked, &steps);
    for deleted in groups.shown(ChangeAction::Delete, false) {
        let message = match deleted {
            ShownChanges::One(one) => wording::delete_sentence(one.change),
            ShownChanges::Folded(group) => format!("{}\n{}", group.sentence(), group.names()),
        };
        out.push_str(&workflow_command("warning", "delete", None, &message));
    }
    for number in wording::with_effect(plan, NumberEffect::Dark) {
        let message = format!("{} is {}: {}", number.number, wording::effect_word(number.effect), wording::from_and_to(number));
        out.push_str(&workflow_command("warning", "phone number", None, &message));
    }
    for untaken in &plan.not_taken {
        let message = wording::not_taken_sentence(untaken);
        out.push_str(&workflow_command("warning", "not taken", None, &message));
    }
    for (sentence, of) in wording::not_undone(plan) {
        let message = format!("{sentence}: {}", of.join(", "));
        out.push_str(&workflow_command("warning", "cannot be undone", None, &message));
    }
    let others: Vec<_> = groups.shown_all().into_iter().filter(|shown| shown.action() != ChangeAction::Delete).collect();
    let count = |level: &str| out.lines().filter(|line| line.starts_with(&format!("::{level} "))).count();
    let notices = count("notice") + 1 + others.len();
    let hidden: usize = [count("error"), count("warning"), notices].iter().map(|sort| sort.saturating_sub(SHOWN)).sum();
    let unshown: usize = groups.folded().map(ChangeGroup::unshown).sum();
    let hidden = (hidden > 0).then(|| format!("{hidden} of them are only in the log of this step"));
    let unshown = (unshown > 0).then(|| format!("{unshown} addresses are not shown here, or not in full"));
    let missing: Vec<String> = hidden.into_iter().chain(unshown).collect();
    let mut verdict = if missing.is_empty() {
        format!("{} ({})", groups.summary(plan), plan.digest)
    } else {
        format!("{}. Do not approve from these annotations: {}", groups.summary(plan), missing.join(", "))
    };
    if let Some(ledger) = wording::describe_ledger(plan) {
        verdict.push_str(&format!("\n{ledger}"));
    }
    out.push_str(&workflow_command("notice", "telform plan", None, &verdict));
    for shown in others {
        let (mut message, leaves) = match &shown {
            ShownChanges::One(one) => (wording::change_sentence(one.change), one.leaves.iter().collect()),
            ShownChanges::Folded(group) => {
                (format!("{}\n{}", group.sentence(), group.names()), group.shared_leaves().collect::<Vec<_>>())
            }
        };
        for leaf in leaves {
            message.push_str(&format!("\n{}", leaf.on_one_line(LONGEST / 2)));
        }
        out.push_str(&workflow_command("notice", wording::action_word(shown.action()), None, &message));
    }
    out
}

/// Each problem at its position.
pub fn problems_as_annotations(problems: &Problems) -> String {
    problems.iter().map(problem_annotation).collect()
}

/// A command that failed for a reason outside the YAML.
pub fn failure_as_annotation(code: &str, message: &str) -> String {
    workflow_command("error", code, None, message)
}

fn problem_annotation(problem: &Problem) -> String {
    let help = problem.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    workflow_command(
        level,
        problem.code,
        Some(&problem.location).filter(|place| !place.file.is_empty()),
        &format!("{}{help}", problem.message),
    )
}

/// `file:line:column`, read from its end, because a file's name may hold colons.
pub(super) fn parse_place(text: &str) -> Option<SourceLocation> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(SourceLocation { file: file.into(), line: line.parse().ok()?, column: column.parse().ok()? })
}

fn workflow_command(level: &str, title: &str, place: Option<&SourceLocation>, message: &str) -> String {
    let place = place.map(|place| format!("file={},line={},col={},", escape_property(&place.file), place.line, place.column));
    let lines: Vec<String> = message.lines().map(|line| escape_data(&escape(&truncate_middle(line, LONGEST).text))).collect();
    format!("::{level} {}title={}::{}\n", place.unwrap_or_default(), escape_property(title), lines.join("%0A"))
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
        let line = workflow_command("error", "x::y", Some(&place), "100%\r::stop-commands::x\nsecond\u{1b}[31m");
        assert_eq!(
            line,
            "::error file=a%2Cb%3A50%25.yaml,line=3,col=7,title=x%3A%3Ay::100%25\\u{d}\\u{3a}:stop-commands::x%0Asecond\\u{1b}[31m\n"
        );
        let long = workflow_command("notice", "t", None, &format!("{}end", "y".repeat(1_000_000)));
        assert!(long.len() < 400 && long.ends_with("end\n"), "{long}");
    }

    #[test]
    fn places_are_read_from_their_end() {
        let read = parse_place("c:/x.yaml:12:3").expect("a place");
        assert_eq!((&*read.file, read.line, read.column), ("c:/x.yaml", 12, 3));
        assert!(parse_place("x.yaml").is_none() && parse_place("x:y:z").is_none());
    }
}
