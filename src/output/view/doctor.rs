//! The findings of `telform doctor`: one line per check, and below it what to do.

use serde::Serialize;

use super::{BAD, CARE, GOOD, STRONG, paint};
use crate::text::escape;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoctorStatus {
    /// As it should be.
    Ok,
    /// Works, and may not always.
    Warning,
    /// Does not work.
    Wrong,
}

/// One check.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct DoctorCheck {
    /// What it is part of: `account unpod`, `this folder`.
    pub about: String,
    /// What was checked, in one word or two.
    pub what: &'static str,
    /// The result.
    pub verdict: DoctorStatus,
    /// What was found, in one sentence without a full stop.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The checks for people. `quiet`: only the number of passed checks.
pub fn checks_as_text(checks: &[DoctorCheck], width: usize, quiet: bool) -> String {
    let mut out = String::new();
    let shown: Vec<&DoctorCheck> = checks.iter().filter(|_| !quiet).collect();
    for group in shown.chunk_by(|a, b| a.about == b.about) {
        out.push_str(&format!("{}\n", paint(STRONG, escape(&group[0].about))));
        for check in group {
            let (style, word) = match check.verdict {
                DoctorStatus::Ok => (GOOD, "ok     "),
                DoctorStatus::Warning => (CARE, "warning"),
                DoctorStatus::Wrong => (BAD, "wrong  "),
            };
            let found = super::text::wrap_text(&escape(&check.found), width.saturating_sub(26));
            for (index, line) in found.iter().enumerate() {
                if index == 0 {
                    out.push_str(&format!("  {} {:14}  {line}\n", paint(style, word), check.what));
                } else {
                    out.push_str(&format!("{:26}{line}\n", ""));
                }
            }
            let help = check.help.as_deref().unwrap_or_default();
            for (index, line) in super::text::wrap_text(&escape(help), width.saturating_sub(32)).iter().enumerate() {
                let lead = if index == 0 { "help: " } else { "" };
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
        count(DoctorStatus::Ok),
        count(DoctorStatus::Warning),
        count(DoctorStatus::Wrong)
    ));
    out
}
