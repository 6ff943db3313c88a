//! The question before an apply: it repeats the consequences, and its answer is a number from the plan.

use std::collections::BTreeMap;

use super::console::Console;
use super::line_editor::plain_line;
use crate::config::desired::is_stdin;
use crate::output::view::text::wrap_text;
use crate::plan::{ChangeAction, Plan, numbers_going_dark};
use crate::run::RunError;
use crate::text::{escape, shorten};

/// What cannot be undone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct IrreversibleLoss {
    /// Disconnected numbers.
    numbers: usize,
    /// Objects that are deleted permanently.
    deletes: usize,
    /// Objects that are deleted after another one replaced them.
    replaces: usize,
}

impl IrreversibleLoss {
    /// By account.
    fn from_plan(plan: &Plan) -> BTreeMap<&str, Self> {
        let mut by_account: BTreeMap<&str, Self> = BTreeMap::new();
        for number in numbers_going_dark(&plan.impact, None) {
            by_account.entry(&number.account).or_default().numbers += 1;
        }
        for step in plan.delete_steps() {
            let replaced = plan
                .changes
                .iter()
                .any(|change| Some(&change.address) == step.address.as_ref() && change.action == ChangeAction::Replace);
            let loss = by_account.entry(&step.call.account).or_default();
            if replaced {
                loss.replaces += 1;
            } else {
                loss.deletes += 1;
            }
        }
        by_account
    }

    /// `cut off 2 phone numbers and delete 1 object`, with a separator between all but the last two parts.
    fn describe(self) -> String {
        let Self { numbers, deletes, replaces } = self;
        let old = if replaces == 1 { "the old one" } else { "the old ones" };
        let parts: Vec<String> = [
            (numbers, format!("cut off {}", count_of(numbers, "phone number"))),
            (deletes, format!("delete {}", count_of(deletes, "object"))),
            (replaces, format!("replace {}, which deletes {old}", count_of(replaces, "object"))),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, words)| words)
        .collect();
        match parts.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        }
    }

    /// The number to type: the numbers that go dark, or else the objects that are deleted.
    fn number_to_type(self) -> usize {
        if self.numbers > 0 { self.numbers } else { self.deletes + self.replaces }
    }

    /// Why that is asked for, before the question; nothing where the answer is a word.
    fn reason_to_type(self) -> Option<&'static str> {
        match self {
            Self { numbers: 0, deletes: 0, replaces: 0 } => None,
            Self { numbers: 0, .. } => Some("To confirm that this is intended, type how many objects are deleted."),
            _ => Some("To confirm that this is intended, type how many phone numbers are cut off."),
        }
    }
}

fn count_of(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// What cannot be undone in all accounts.
fn whole_loss(by_account: &BTreeMap<&str, IrreversibleLoss>) -> IrreversibleLoss {
    by_account.values().fold(IrreversibleLoss::default(), |sum, loss| IrreversibleLoss {
        numbers: sum.numbers + loss.numbers,
        deletes: sum.deletes + loss.deletes,
        replaces: sum.replaces + loss.replaces,
    })
}

/// The question, and its only accepted answer.
fn confirmation_question(plan: &Plan) -> (String, String) {
    let by_account = IrreversibleLoss::from_plan(plan);
    let whole = whole_loss(&by_account);
    if whole == IrreversibleLoss::default() {
        return ("Type yes to apply".to_owned(), "yes".to_owned());
    }
    let answer = whole.number_to_type().to_string();
    let mut question = format!("Type {answer} to {}", whole.describe());
    if plan.accounts.len() > 1 {
        let each: Vec<String> = by_account.iter().map(|(account, loss)| format!("{account}: {}", loss.describe())).collect();
        match by_account.keys().next() {
            Some(account) if by_account.len() == 1 => question.push_str(&format!(" (in {account})")),
            _ => question.push_str(&format!(" ({})", each.join("; "))),
        }
    }
    (escape(&question), answer)
}

/// Asks. To apply something that cannot be undone, the user types how much of it is affected.
pub(super) fn confirm_apply(out: &Console, plan: &Plan) -> Result<bool, RunError> {
    let (question, answer) = confirmation_question(plan);
    if !out.is_interactive() {
        let from_stdin = out.global.files.iter().any(|file| is_stdin(file));
        let why = if from_stdin { "standard input is the configuration, so it cannot also give the answer; " } else { "" };
        return Err(RunError::other(
            "telform::cli::not_interactive",
            format!("nothing was written: telform cannot ask \"{question}\" here"),
            format!("{why}review the plan, then run again with --auto-approve"),
        ));
    }
    if out.repeated_options.destroys() {
        let what = "This deletes what the configuration names, as far as the plan above covers it.";
        out.print_stderr(&format!("\n{}\n", out.plan_detail().wrap_sentence(what)));
    }
    if out.global.quiet {
        // The user must not answer without having seen the question.
        out.print_stderr(&format!("{}\n", plan.summary()));
    }
    if let Some(reason) = whole_loss(&IrreversibleLoss::from_plan(plan)).reason_to_type() {
        out.print_stderr(&format!("\n{reason}\n"));
    }
    let asked = format!("\n{}: ", wrap_text(&question, out.width() - 2).join("\n"));
    Ok(ask_until_right(&answer, || plain_line(out, &asked), |told| out.print_stderr(&told)))
}

/// Asks, and after a wrong answer once more. A clear no, or the end of the input, is not asked about again. The sentence about the
/// last wrong answer has no line end: the one about the cancelled run follows it.
fn ask_until_right(answer: &str, mut ask: impl FnMut() -> Option<String>, tell: impl Fn(String)) -> bool {
    for last in [false, true] {
        let Some(line) = ask() else { return false };
        let got = line.trim();
        if got == answer {
            return true;
        }
        if matches!(got.to_lowercase().as_str(), "n" | "no") {
            return false;
        }
        let got = if got.is_empty() { "an empty line".to_owned() } else { format!("\"{}\"", escape(&shorten(got))) };
        tell(format!("Expected \"{answer}\", got {got}.{}", if last { " " } else { "\n" }));
    }
    false
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// The verdict on these answers, how many were read, and what was said.
    fn on(answers: &[&str]) -> (bool, usize, String) {
        let (said, read) = (RefCell::new(String::new()), RefCell::new(0));
        let ask = || {
            let line = answers.get(*read.borrow()).map(|line| format!("{line}\n"));
            *read.borrow_mut() += usize::from(line.is_some());
            line
        };
        let verdict = ask_until_right("1", ask, |told| said.borrow_mut().push_str(&told));
        (verdict, *read.borrow(), said.into_inner())
    }

    #[test]
    fn a_wrong_answer_is_asked_about_once_more() {
        assert_eq!(on(&["1"]), (true, 1, String::new()));
        assert_eq!(on(&["yes", " 1 "]), (true, 2, "Expected \"1\", got \"yes\".\n".to_owned()));
        let twice = "Expected \"1\", got \"yes\".\nExpected \"1\", got an empty line. ";
        assert_eq!(on(&["yes", "", "1"]), (false, 2, twice.to_owned()));
        assert_eq!(on(&["No"]), (false, 1, String::new()));
        assert_eq!(on(&[]), (false, 0, String::new()));
        assert_eq!(on(&["2"]), (false, 1, "Expected \"1\", got \"2\".\n".to_owned()));
    }
}
