//! The error catalogue: every code with its meaning, what to do and the exit code.

use serde_json::Value;

use super::{GENERATED, escape_cell, push_paragraph};
use crate::model::codes::{self, CodeEntry, CodeGroup, GROUPS};
use crate::output::{ErrorCode, ErrorCodes};
use crate::plan::{NoticeCode, RefusalCode};
use crate::services;

const ABOUT: &str = "Every error, refusal and notice that telform itself can raise. `telform docs CODE` prints one of \
                     them, `telform docs errors` all; with `--json` for programs. Exit codes: 0 done, 1 failed before any \
                     write, 2 changes pending, 3 refused, 4 stale, 5 applied in part, 6 applied and not converged, 130 \
                     interrupted. A dash means that the code alone does not end a run.";

/// What a code means. For codes of the planner, its own message is used.
pub fn meaning(code: &CodeEntry) -> &'static str {
    match notice_code(code) {
        Some(notice) => notice.describe(),
        None => code.means,
    }
}

/// What to do.
pub fn help(code: &CodeEntry) -> String {
    match refusal_code(code) {
        Some(refusal) => refusal.help(),
        None => services::name_settings(code.help),
    }
}

fn refusal_code(code: &CodeEntry) -> Option<RefusalCode> {
    let word = code.code.strip_prefix("guard::").or_else(|| code.code.strip_prefix("refusal::"))?;
    serde_json::from_value(Value::from(word)).ok()
}

fn notice_code(code: &CodeEntry) -> Option<NoticeCode> {
    let word = code.code.strip_prefix("notice::")?;
    serde_json::from_value(Value::from(word)).ok()
}

fn exit_code_text(code: &CodeEntry) -> String {
    code.exit.map_or_else(|| "-".to_owned(), |exit| exit.to_string())
}

/// A text as a sentence: the planner's messages begin in lower case and end without a full stop.
fn to_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// All codes, or one, for a terminal.
pub fn errors_as_text(only: Option<&CodeEntry>, width: usize) -> String {
    let mut out = String::new();
    if let Some(code) = only {
        push_entry(&mut out, code, width);
        return out;
    }
    push_paragraph(&mut out, ABOUT, 0, width);
    for CodeGroup { title, about, codes } in GROUPS {
        out.push_str(&format!("\n{title}\n\n"));
        push_paragraph(&mut out, about, 2, width);
        for code in *codes {
            out.push('\n');
            push_entry(&mut out, code, width);
        }
    }
    out
}

fn push_entry(out: &mut String, code: &CodeEntry, width: usize) {
    let ends = code.exit.map_or_else(String::new, |exit| format!("  (exit {exit})"));
    out.push_str(&format!("{}{ends}\n", code.code));
    push_paragraph(out, &to_sentence(meaning(code)), 4, width);
    let mut way_out = String::new();
    push_paragraph(&mut way_out, &to_sentence(&help(code)), 10, width);
    way_out.replace_range(4..9, "help:");
    out.push_str(&way_out);
}

/// The page of the documentation.
pub fn errors_as_markdown() -> String {
    let mut out = format!("{GENERATED}# Errors\n\n{ABOUT}\n");
    for CodeGroup { title, about, codes } in GROUPS {
        out.push_str(&format!(
            "\n## {title}\n\n{about}\n\n| code | exit | what it means | what to do |\n| --- | --- | --- | --- |\n"
        ));
        for code in *codes {
            out.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                code.code,
                exit_code_text(code),
                escape_cell(&to_sentence(meaning(code))),
                escape_cell(&to_sentence(&help(code)))
            ));
        }
    }
    out
}

/// One code as a section of a page.
pub fn code_as_markdown(code: &CodeEntry) -> String {
    let exit = code.exit.map(|exit| format!("Exit code {exit}. ")).unwrap_or_default();
    format!("## `{}`\n\n{exit}{}\n\n{}\n", code.code, to_sentence(meaning(code)), to_sentence(&help(code)))
}

/// For programs: all codes, or one.
pub fn errors_document(only: Option<&CodeEntry>) -> ErrorCodes {
    let codes = codes::all_codes()
        .filter(|code| only.is_none_or(|only| only == *code))
        .map(|code| ErrorCode {
            code: code.code,
            exit: code.exit,
            means: to_sentence(meaning(code)),
            help: to_sentence(&help(code)),
        })
        .collect();
    ErrorCodes { codes }
}
