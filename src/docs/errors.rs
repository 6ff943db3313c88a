//! The error catalogue: every code with its meaning, the way out and the exit code.

use serde_json::Value;

use super::{GENERATED, cell, paragraph};
use crate::codes::{self, Code, GROUPS, Group};
use crate::output::{ErrorCode, ErrorCodes};
use crate::plan::{NoticeCode, RefusalCode};

const ABOUT: &str = "Every error, refusal and notice that telform itself can raise. `telform docs CODE` prints one of \
                     them, `telform docs errors` all; with `--json` for programs. Exit codes: 0 done, 1 failed before any \
                     write, 2 changes pending, 3 refused, 4 stale, 5 applied in part, 6 applied and not converged, 130 \
                     interrupted. A dash means that the code ends nothing by itself.";

/// What a code means. Of what the planner says, its own words are taken.
pub fn means(code: &Code) -> &'static str {
    match notice(code) {
        Some(notice) => notice.text(),
        None => code.means,
    }
}

/// What to do.
pub fn mend(code: &Code) -> String {
    match refusal(code) {
        Some(refusal) => refusal.help(),
        None => code.mend.to_owned(),
    }
}

fn refusal(code: &Code) -> Option<RefusalCode> {
    let word = code.code.strip_prefix("guard::").or_else(|| code.code.strip_prefix("refusal::"))?;
    serde_json::from_value(Value::from(word)).ok()
}

fn notice(code: &Code) -> Option<NoticeCode> {
    let word = code.code.strip_prefix("notice::")?;
    serde_json::from_value(Value::from(word)).ok()
}

fn exit(code: &Code) -> String {
    code.exit.map_or_else(|| "-".to_owned(), |exit| exit.to_string())
}

/// A text as a sentence: the planner's words begin small and end without a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// All codes, or one, for a terminal.
pub fn text(only: Option<&Code>, width: usize) -> String {
    let mut out = String::new();
    if let Some(code) = only {
        entry(&mut out, code, width);
        return out;
    }
    paragraph(&mut out, ABOUT, 0, width);
    for Group { title, about, codes } in GROUPS {
        out.push_str(&format!("\n{title}\n\n"));
        paragraph(&mut out, about, 2, width);
        for code in *codes {
            out.push('\n');
            entry(&mut out, code, width);
        }
    }
    out
}

fn entry(out: &mut String, code: &Code, width: usize) {
    let ends = code.exit.map_or_else(String::new, |exit| format!("  (exit {exit})"));
    out.push_str(&format!("{}{ends}\n", code.code));
    paragraph(out, &sentence(means(code)), 4, width);
    let mut way_out = String::new();
    paragraph(&mut way_out, &sentence(&mend(code)), 10, width);
    way_out.replace_range(4..9, "help:");
    out.push_str(&way_out);
}

/// The page of the documentation.
pub fn markdown() -> String {
    let mut out = format!("{GENERATED}# Errors\n\n{ABOUT}\n");
    for Group { title, about, codes } in GROUPS {
        out.push_str(&format!(
            "\n## {title}\n\n{about}\n\n| code | exit | what it means | what to do |\n| --- | --- | --- | --- |\n"
        ));
        for code in *codes {
            out.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                code.code,
                exit(code),
                cell(&sentence(means(code))),
                cell(&sentence(&mend(code)))
            ));
        }
    }
    out
}

/// For programs: all codes, or one.
pub fn document(only: Option<&Code>) -> ErrorCodes {
    let codes = codes::all()
        .filter(|code| only.is_none_or(|only| only == *code))
        .map(|code| ErrorCode {
            code: code.code,
            exit: code.exit,
            means: sentence(means(code)),
            help: sentence(&mend(code)),
        })
        .collect();
    ErrorCodes { codes }
}
