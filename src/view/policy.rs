//! What a policy says about a plan.

use unicode_width::UnicodeWidthStr;

use super::text::wrap;
use super::{BAD, paint};
use crate::policy::Verdict;
use crate::text::clean;

/// A verdict for people; nothing for a program that allows the plan without a word.
pub fn verdict(name: &str, named_by: &str, verdict: &Verdict, columns: usize) -> String {
    let mut out = String::new();
    match &verdict.refused {
        Some(why) => {
            let mut head = String::new();
            lines(&mut head, "", &format!("REFUSED by the policy `{name}`: it {why}"), columns);
            out.push_str(&head.replacen("REFUSED", &paint(BAD, "REFUSED"), 1));
        }
        None if verdict.text.is_empty() => return out,
        None => lines(&mut out, "", &format!("The policy `{name}` allows this plan and says:"), columns),
    }
    for line in verdict.text.lines() {
        // A line that fits stays as it was written: its blanks may mean something.
        if line.width() + 4 <= columns {
            out.push_str(&format!("    {line}\n"));
        } else {
            lines(&mut out, "    ", line, columns);
        }
    }
    if verdict.refused.is_some() {
        let help = format!(
            "help: change what it objects to and plan again; the policy is named {}",
            clean(named_by)
        );
        lines(&mut out, "  ", &help, columns);
    }
    out
}

fn lines(out: &mut String, indent: &str, text: &str, columns: usize) {
    for line in wrap(text, columns.saturating_sub(indent.len()).max(30)) {
        out.push_str(&format!("{indent}{line}\n"));
    }
}
