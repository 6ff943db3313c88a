//! The question before an apply: it repeats the consequence, and its answer is a number of the plan.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use super::exit::Failure;
use super::out::Out;
use crate::plan::{Action, Plan, dark};
use crate::text::clean;
use crate::view::text::wrap;

/// What cannot be taken back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Loss {
    /// Numbers that are cut off.
    numbers: usize,
    /// Objects that are deleted for good.
    deletes: usize,
    /// Objects that are deleted after another one took their place.
    replaces: usize,
}

impl Loss {
    /// By account.
    fn of(plan: &Plan) -> BTreeMap<&str, Self> {
        let mut by_account: BTreeMap<&str, Self> = BTreeMap::new();
        for number in dark(&plan.impact, None) {
            by_account.entry(&number.account).or_default().numbers += 1;
        }
        for step in plan.deletes() {
            let replaced = plan.changes.iter().any(|change| {
                Some(&change.address) == step.address.as_ref() && change.action == Action::Replace
            });
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
    fn words(self) -> String {
        let Self { numbers, deletes, replaces } = self;
        let old = if replaces == 1 { "the old one" } else { "the old ones" };
        let parts: Vec<String> = [
            (numbers, format!("cut off {}", of(numbers, "phone number"))),
            (deletes, format!("delete {}", of(deletes, "object"))),
            (replaces, format!("replace {}, which deletes {old}", of(replaces, "object"))),
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

    /// The number to type: the numbers that go dark, or else the objects that go.
    fn answer(self) -> usize {
        if self.numbers > 0 { self.numbers } else { self.deletes + self.replaces }
    }
}

fn of(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// The question, and its only right answer.
fn question(plan: &Plan) -> (String, String) {
    let by_account = Loss::of(plan);
    let whole = by_account.values().fold(Loss::default(), |sum, loss| Loss {
        numbers: sum.numbers + loss.numbers,
        deletes: sum.deletes + loss.deletes,
        replaces: sum.replaces + loss.replaces,
    });
    if whole == Loss::default() {
        return ("Type yes to apply".to_owned(), "yes".to_owned());
    }
    let answer = whole.answer().to_string();
    let mut question = format!("Type {answer} to {}", whole.words());
    if plan.accounts.len() > 1 {
        let each: Vec<String> =
            by_account.iter().map(|(account, loss)| format!("{account}: {}", loss.words())).collect();
        match by_account.keys().next() {
            Some(account) if by_account.len() == 1 => question.push_str(&format!(" (in {account})")),
            _ => question.push_str(&format!(" ({})", each.join("; "))),
        }
    }
    (clean(&question), answer)
}

/// Asks. Whoever applies what cannot be taken back types how much of it there is.
pub(super) fn confirmed(out: &Out, plan: &Plan) -> Result<bool, Failure> {
    let (question, answer) = question(plan);
    if !out.interactive() {
        return Err(Failure::other(
            "telform::cli::not_interactive",
            format!("nothing was written: nobody can answer the question \"{question}\" here"),
            "review the plan and run again with --auto-approve",
        ));
    }
    if out.global.quiet {
        // Nobody shall answer without having seen what it is about.
        out.note(&format!("{}\n", plan.summary()));
    }
    let asked = format!("\n{}: ", wrap(&question, out.width() - 2).join("\n"));
    Ok(self::answer(out, &asked).is_some_and(|line| line.trim() == answer))
}

/// The line that somebody types behind a question; `None` when there is none.
pub(super) fn answer(out: &Out, question: &str) -> Option<String> {
    out.note(question);
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.is_ok_and(|read| read > 0).then_some(line)
}
