//! The verdict of a policy on a plan.

use unicode_width::UnicodeWidthStr;

use super::text::{wrap_sentence, wrap_text};
use super::{BAD, paint};
use crate::process::policy::PolicyVerdict;
use crate::text::escape;

/// A verdict for people; nothing for a program that allows the plan without output.
pub fn render_policy_verdict(name: &str, named_by: &str, verdict: &PolicyVerdict, columns: usize) -> String {
    let mut out = String::new();
    match &verdict.refused {
        Some(why) => {
            let mut head = String::new();
            push_lines(&mut head, "", &format!("REFUSED by the policy `{name}`: it {why}"), columns);
            out.push_str(&head.replacen("REFUSED", &paint(BAD, "REFUSED"), 1));
        }
        None if verdict.text.is_empty() => return out,
        None => push_lines(&mut out, "", &format!("The policy `{name}` allows this plan and reports:"), columns),
    }
    for line in verdict.text.lines() {
        // A line that fits is left as it was written: its blanks may matter.
        if line.width() + 4 <= columns {
            out.push_str(&format!("    {line}\n"));
        } else {
            push_lines(&mut out, "    ", line, columns);
        }
    }
    if verdict.refused.is_some() {
        let help = format!("help: {}; the policy is set {}", verdict.help, escape(named_by));
        push_lines(&mut out, "  ", &help, columns);
    }
    out
}

fn push_lines(out: &mut String, indent: &str, text: &str, columns: usize) {
    let columns = columns.saturating_sub(indent.len());
    let text = if indent.is_empty() { wrap_sentence(text, columns) } else { wrap_text(text, columns.max(30)).join("\n") };
    text.lines().for_each(|line| out.push_str(&format!("{indent}{line}\n")));
}
