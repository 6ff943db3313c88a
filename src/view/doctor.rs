//! What `telform doctor` found: one line a check, and below it what to do.

use serde::Serialize;

use super::{BAD, CARE, GOOD, STRONG, paint};
use crate::text::{clean, escape};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, and may not always.
    Warning,
    /// Does not work.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Check {
    /// What it is part of: `account unpod`, `this folder`.
    pub about: String,
    /// What was looked at, in one word or two.
    pub what: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, in one sentence without a full stop.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// The checks for people. `quiet`: only how many are as they should be.
pub fn text(checks: &[Check], width: usize, quiet: bool) -> String {
    let mut out = String::new();
    let shown: Vec<&Check> = checks.iter().filter(|_| !quiet).collect();
    for group in shown.chunk_by(|a, b| a.about == b.about) {
        out.push_str(&format!("{}\n", paint(STRONG, escape(&group[0].about))));
        for check in group {
            let (style, word) = match check.verdict {
                Verdict::Ok => (GOOD, "ok     "),
                Verdict::Warning => (CARE, "warning"),
                Verdict::Wrong => (BAD, "wrong  "),
            };
            let found = super::text::wrap(&clean(&check.found), width.saturating_sub(26));
            for (index, line) in found.iter().enumerate() {
                if index == 0 {
                    out.push_str(&format!("  {} {:14}  {line}\n", paint(style, word), check.what));
                } else {
                    out.push_str(&format!("{:26}{line}\n", ""));
                }
            }
            let mend = check.mend.as_deref().unwrap_or_default();
            for (index, line) in super::text::wrap(&clean(mend), width.saturating_sub(32)).iter().enumerate()
            {
                let lead = if index == 0 { "mend: " } else { "" };
                if !line.is_empty() {
                    out.push_str(&format!("{:26}{lead:6}{line}\n", ""));
                }
            }
        }
        out.push('\n');
    }
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    out.push_str(&format!(
        "{} ok, {} to look at, {} wrong\n",
        count(Verdict::Ok),
        count(Verdict::Warning),
        count(Verdict::Wrong)
    ));
    out
}
