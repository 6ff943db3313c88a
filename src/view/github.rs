//! Annotations of GitHub Actions: each line is a workflow command that marks a place of the YAML in the pull request.
//! GitHub shows ten of each sort for a step of a workflow and keeps the rest in the log; errors come first.
//! Source: GitHub's documentation, "Workflow commands for GitHub Actions".

use super::ranked::ranked;
use super::words;
use crate::plan::{Action, Effect, Plan};
use crate::problem::{Problem, Problems, Severity};
use crate::resource::Place;
use crate::text::{LONGEST, escape, middle};

/// Annotations of one sort that GitHub shows for a step; the rest is in its log only.
const SHOWN: usize = 10;

/// Refusals as errors, deletes and numbers that go dark and what cannot be undone as warnings, the summary and each other change
/// as a notice, riskiest first. Where GitHub shows only the first of them, no digest is offered beside them.
pub fn plan(plan: &Plan) -> String {
    let mut out = String::new();
    if let Some(limits) = words::limits(plan) {
        out.push_str(&command("notice", "limited plan", None, &limits));
    }
    for refusal in &plan.refusals {
        let message = words::refusal_sentence(refusal);
        let place = refusal.place.as_deref().and_then(place);
        out.push_str(&command("error", refusal.code.word(), place.as_ref(), &message));
    }
    for change in plan.changes.iter().filter(|change| change.action == Action::Delete) {
        out.push_str(&command("warning", "delete", None, &words::deleted(change)));
    }
    for number in words::with_effect(plan, Effect::Dark) {
        let message =
            format!("{} is {}: {}", number.number, words::effect(number.effect), words::spots(number));
        out.push_str(&command("warning", "phone number", None, &message));
    }
    for untaken in &plan.not_taken {
        let message = words::not_taken(untaken);
        out.push_str(&command("warning", "not taken", None, &message));
    }
    for (sentence, of) in words::not_undone(plan) {
        let message = format!("{sentence}: {}", of.join(", "));
        out.push_str(&command("warning", "cannot be undone", None, &message));
    }
    let changes = ranked(plan);
    let others: Vec<_> = changes.iter().filter(|one| one.change.action != Action::Delete).collect();
    let count = |level: &str| out.lines().filter(|line| line.starts_with(&format!("::{level} "))).count();
    let notices = count("notice") + 1 + others.len();
    let hidden: usize =
        [count("error"), count("warning"), notices].iter().map(|sort| sort.saturating_sub(SHOWN)).sum();
    let verdict = match hidden {
        0 => format!("{} ({})", plan.summary(), plan.digest),
        hidden => format!(
            "{}. Do not approve from these annotations: {hidden} of them are in the log of this step only",
            plan.summary()
        ),
    };
    out.push_str(&command("notice", "telform plan", None, &verdict));
    for one in others {
        let mut message = words::changed(one.change);
        for leaf in &one.leaves {
            message.push_str(&format!("\n{}", leaf.line(LONGEST / 2)));
        }
        out.push_str(&command("notice", words::action(one.change.action), None, &message));
    }
    out
}

/// Each problem at its place.
pub fn problems(problems: &Problems) -> String {
    problems.iter().map(problem).collect()
}

/// A command that could not do its work, for a reason outside the YAML.
pub fn failure(code: &str, message: &str) -> String {
    command("error", code, None, message)
}

fn problem(problem: &Problem) -> String {
    let help = problem.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    command(level, problem.code, Some(&problem.place), &format!("{}{help}", problem.message))
}

/// `file:line:column`, read from its end, because a file's name may hold colons.
pub(super) fn place(text: &str) -> Option<Place> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Place { file: file.into(), line: line.parse().ok()?, column: column.parse().ok()? })
}

fn command(level: &str, title: &str, place: Option<&Place>, message: &str) -> String {
    let place = place
        .map(|place| format!("file={},line={},col={},", property(&place.file), place.line, place.column));
    let lines: Vec<String> = message.lines().map(|line| data(&escape(&middle(line, LONGEST).text))).collect();
    format!("::{level} {}title={}::{}\n", place.unwrap_or_default(), property(title), lines.join("%0A"))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&escape(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_line() {
        let place = Place { file: "a,b:50%.yaml".into(), line: 3, column: 7 };
        let line = command("error", "x::y", Some(&place), "100%\r::stop-commands::x\nsecond\u{1b}[31m");
        assert_eq!(
            line,
            "::error file=a%2Cb%3A50%25.yaml,line=3,col=7,title=x%3A%3Ay::100%25\\u{d}\\u{3a}:stop-commands::x%0Asecond\\u{1b}[31m\n"
        );
        let long = command("notice", "t", None, &format!("{}end", "y".repeat(1_000_000)));
        assert!(long.len() < 400 && long.ends_with("end\n"), "{long}");
    }

    #[test]
    fn places_are_read_from_their_end() {
        let read = place("c:/x.yaml:12:3").expect("a place");
        assert_eq!((&*read.file, read.line, read.column), ("c:/x.yaml", 12, 3));
        assert!(place("x.yaml").is_none() && place("x:y:z").is_none());
    }
}
