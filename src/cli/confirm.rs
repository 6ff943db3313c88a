//! The question before an apply: it repeats the consequences, and its answer is a number from the plan.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

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

    /// `cut off 2 phone numbers and delete 1 object`.
    fn describe(self) -> String {
        let Self { numbers, deletes, replaces } = self;
        let old = if replaces == 1 { "the old one" } else { "the old ones" };
        join_parts([
            (numbers, format!("cut off {}", count_of(numbers, "phone number"))),
            (deletes, format!("delete {}", count_of(deletes, "object"))),
            (replaces, format!("replace {}, which deletes {old}", count_of(replaces, "object"))),
        ])
    }

    /// The same without the counts, one of which is the answer.
    fn describe_kinds(self) -> String {
        join_parts([
            (self.numbers, "cuts off phone numbers".to_owned()),
            (self.deletes, "deletes objects".to_owned()),
            (self.replaces, "replaces objects, which deletes the old ones".to_owned()),
        ])
    }

    /// The number to type: the numbers that go dark, or else the objects that are deleted.
    fn number_to_type(self) -> usize {
        if self.numbers > 0 { self.numbers } else { self.deletes + self.replaces }
    }
}

/// The parts that there are, with a separator between all but the last two.
fn join_parts<const N: usize>(parts: [(usize, String); N]) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
    match parts.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
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

/// What is asked before an apply.
struct Confirmation {
    /// What cannot be undone, in the words of a sentence that begins "telform cannot ask here whether to".
    consequences: String,
    /// What is said before the question.
    reason: Option<String>,
    /// The question. Whoever answers it has looked at the plan, which has the number.
    question: String,
    /// Its only accepted answer.
    answer: String,
}

impl Confirmation {
    fn from_plan(plan: &Plan) -> Self {
        let by_account = IrreversibleLoss::from_plan(plan);
        let whole = whole_loss(&by_account);
        if whole == IrreversibleLoss::default() {
            let (consequences, question) =
                ("apply this plan".to_owned(), "Type yes to apply, or press Enter to cancel".to_owned());
            return Self { consequences, reason: None, question, answer: "yes".to_owned() };
        }
        let mut consequences = whole.describe();
        let mut accounts = String::new();
        if plan.accounts.len() > 1 {
            let names: Vec<&str> = by_account.keys().copied().collect();
            accounts = format!(" (in {})", names.join(", "));
            let each: Vec<String> = by_account.iter().map(|(account, loss)| format!("{account}: {}", loss.describe())).collect();
            let parts = if each.len() == 1 { accounts.clone() } else { format!(" ({})", each.join("; ")) };
            consequences.push_str(&parts);
        }
        let what = if whole.numbers > 0 { "phone numbers it cuts off" } else { "objects it deletes" };
        Self {
            consequences: escape(&consequences),
            reason: Some(escape(&format!("This plan {}{accounts}.", whole.describe_kinds()))),
            question: format!("Type how many {what}, or press Enter to cancel"),
            answer: whole.number_to_type().to_string(),
        }
    }
}

/// Asks. To apply something that cannot be undone, the user types how much of it is affected.
pub(super) fn confirm_apply(out: &Console, plan: &Plan) -> Result<bool, RunError> {
    let Confirmation { consequences, reason, question, answer } = Confirmation::from_plan(plan);
    if !out.is_interactive() {
        let from_stdin = out.global.files.iter().any(|file| is_stdin(file));
        let why = if from_stdin { "standard input is the configuration, so it cannot also give the answer; " } else { "" };
        return Err(RunError::other(
            "telform::cli::not_interactive",
            format!("nothing was written to a service: telform cannot ask here whether to {consequences}"),
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
    if let Some(reason) = &reason {
        out.print_stderr(&format!("\n{}\n", out.plan_detail().wrap_sentence(reason)));
    }
    let gap = if reason.is_some() { "" } else { "\n" };
    let asked = format!("{gap}{}: ", wrap_text(&question, out.width() - 2).join("\n"));
    out.asks.store(true, Ordering::SeqCst);
    let agreed = ask_until_right(&answer, || plain_line(out, &asked), |told| out.print_stderr(&told));
    out.asks.store(false, Ordering::SeqCst);
    Ok(agreed)
}

/// Asks, and after a wrong answer once more. An empty line, a clear no, or the end of the input, is not asked about again. The sentence
/// about the last wrong answer has no line end: the one about the cancelled run follows it.
fn ask_until_right(answer: &str, mut ask: impl FnMut() -> Option<String>, tell: impl Fn(String)) -> bool {
    for last in [false, true] {
        let Some(line) = ask() else { return false };
        let got = line.trim();
        if got == answer {
            return true;
        }
        if matches!(got.to_lowercase().as_str(), "" | "n" | "no") {
            return false;
        }
        let wrong = if answer == "yes" { "is not yes" } else { "is not what the plan says" };
        tell(format!("\"{}\" {wrong}.{}", escape(&shorten(got)), if last { " " } else { "\n" }));
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
        assert_eq!(on(&["yes", " 1 "]), (true, 2, "\"yes\" is not what the plan says.\n".to_owned()));
        let twice = "\"yes\" is not what the plan says.\n\"2\" is not what the plan says. ";
        assert_eq!(on(&["yes", "2", "1"]), (false, 2, twice.to_owned()));
        assert_eq!(on(&["", "1"]), (false, 1, String::new()));
        assert_eq!(on(&["No"]), (false, 1, String::new()));
        assert_eq!(on(&[]), (false, 0, String::new()));
        assert_eq!(on(&["2"]), (false, 1, "\"2\" is not what the plan says.\n".to_owned()));
    }
}
