//! The independent checker: reads only the JSON of a plan and rejects whatever is not provably in order. It shares no code
//! with planning and applying, so that a mistake there does not pass here; what both must agree on, such as paths, is
//! deliberately written twice. Any doubt is a rejection.
//!
//! It cannot know whether the live state is as the plan says. A plan that was edited consistently everywhere is another
//! valid plan; `apply` detects that, because it plans again and compares digests.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::text;

mod attributes;
mod context;
pub mod facts;
mod journal;
mod journal_line;
mod not_taken;
mod number_entries;
mod order;
mod reconnect;
mod references;
mod requests;
mod rules;
mod shape;
mod sources;
mod strict;
mod summary;
mod summary_line;
mod take_over;
mod unlisted;

use context::CheckerContext;
pub use journal::{JournalVerification, is_journal, verify_journal};
use rules::{RULES, RuleScope};
use shape::CheckerDocument;
use strict::CanonicalJson;

/// The version of the document that the checker knows.
const FORMAT_VERSION: u64 = 1;

/// Most bytes that are read.
pub const MOST_BYTES: usize = 256 * 1024 * 1024;

/// One rule that a document breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckerViolation {
    /// `telform::verify::…`
    pub code: String,
    /// JSON pointer, or line and column where the document could not be read that far.
    pub place: String,
    /// The step concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What is wrong, in one sentence without a full stop; harmless on a terminal.
    pub text: String,
}

/// What was found in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanVerification {
    /// Whether every rule holds.
    pub verified: bool,
    /// Whether it may be applied: every rule holds, and the plan refuses nothing.
    pub applicable: bool,
    /// What was checked; none when the document could not be read.
    pub seen: Option<CheckedCounts>,
    /// The rules that it violates.
    pub violations: Vec<CheckerViolation>,
}

/// How much was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedCounts {
    /// Digest of the plan, as computed here.
    pub digest: String,
    /// Whether there is a checksum over the whole file.
    pub checksum: bool,
    /// Whether all rules apply: for a plan that the planner did not finish, because it refuses something, only the rules
    /// about the readable parts and about secrets can be checked. Such a plan is never applied.
    pub complete: bool,
    /// Objects that change.
    pub changes: usize,
    /// Requests.
    pub steps: usize,
    /// Deletes among them.
    pub deletes: usize,
    /// Numbers that lose, get or change their connection.
    pub numbers: usize,
    /// Refusals: with one of these the plan is not applied.
    pub refusals: usize,
}

/// Checks the JSON of a plan.
pub fn verify_plan(bytes: &[u8]) -> PlanVerification {
    let sealed = checksum_matches(bytes);
    let read = if sealed == Some(false) {
        let told = "the checksum does not match: this file was changed after it was saved";
        Err(new_violation("checksum", "/checksum".to_owned(), None, told))
    } else {
        parse_document(bytes)
    };
    match read {
        Ok((digest, document)) => check_document(sealed.is_some(), digest, &document),
        Err(violation) => PlanVerification { verified: false, applicable: false, seen: None, violations: vec![violation] },
    }
}

fn new_violation(code: &str, place: String, step: Option<&str>, text: &str) -> CheckerViolation {
    let harmless = |text: &str| text::escape(&text::shorten(text));
    CheckerViolation {
        code: format!("telform::verify::{code}"),
        place: harmless(&place),
        step: step.map(harmless),
        text: harmless(text),
    }
}

/// The digest of its plan, and the document. A text that two readers understand differently is not the plan that a
/// reviewer has seen.
fn parse_document(bytes: &[u8]) -> Result<(String, CheckerDocument), CheckerViolation> {
    let no = |code, place, text: &str| Err(new_violation(code, place, None, text));
    if bytes.len() > MOST_BYTES {
        return no("json", "/".to_owned(), "the document is too large to be a plan");
    }
    let json = match CanonicalJson::parse(bytes) {
        Ok(json) => json,
        Err(error) => {
            let told = format!("it is not a telform plan: it is not JSON ({})", reason_of(&error));
            return no("json", format!("line {}, column {}", error.line(), error.column()), &told);
        }
    };
    // The version first: the other contents of a later version are unknown.
    let is = |key, value: Value| json.member(key) == Some(value.to_string().as_str());
    if !is("format", "telform-plan".into()) || !is("format_version", FORMAT_VERSION.into()) {
        return no(
            "format",
            "/format_version".to_owned(),
            &format!("this is not a telform-plan of version {FORMAT_VERSION}, the only one known here"),
        );
    }
    let digest = digest_of_canonical(json.member("plan").unwrap_or("null"));
    drop(json); // A plan may be large; it is not kept twice.
    match serde_json::from_slice::<CheckerDocument>(bytes) {
        Ok(document) => Ok((digest, document)),
        Err(error) => no("shape", format!("line {}, column {}", error.line(), error.column()), &reason_of(&error)),
    }
}

/// What is wrong, without its place.
fn reason_of(error: &serde_json::Error) -> String {
    error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}

fn check_document(sealed: bool, digest: String, document: &CheckerDocument) -> PlanVerification {
    let mut violations = Vec::new();
    if document.digest != digest {
        let told = format!("the digest is not that of the plan, which is {digest}");
        violations.push(new_violation("digest", "/digest".to_owned(), None, &told));
    }
    if document.checksum.is_some() != sealed {
        let told = "the checksum is missing, or is not the last member";
        violations.push(new_violation("checksum", "/checksum".to_owned(), None, told));
    }
    let mut check = CheckerContext::new(document);
    let complete = check.is_complete();
    for (code, when, rule) in RULES {
        if complete || *when == RuleScope::Always {
            check.code = code;
            rule(&mut check);
        }
    }
    violations.extend(check.violations);
    let plan = &document.plan;
    PlanVerification {
        verified: violations.is_empty(),
        applicable: violations.is_empty() && plan.refusals.is_empty(),
        seen: Some(CheckedCounts {
            digest,
            checksum: sealed,
            complete,
            changes: plan.changes.len(),
            steps: plan.steps.len(),
            deletes: plan.steps.iter().filter(|step| step.phase == shape::CheckerPhase::Delete).count(),
            numbers: plan.impact.iter().map(|it| (&it.account, &it.number)).collect::<std::collections::BTreeSet<_>>().len(),
            refusals: plan.refusals.len(),
        }),
        violations,
    }
}

/// The digest identifies what was approved, so it must match the contents.
fn digest_of_canonical(text: &str) -> String {
    format!("sha256:{}", sha256_hex(without_prints(text).as_bytes()))
}

/// A hidden part of a value has a print of twelve digits, made with a key that not everyone has: the digest leaves it out,
/// along with whether a source supplied a value.
fn without_prints(text: &str) -> Cow<'_, str> {
    if !text.contains("hidden:") && !text.contains(", not supplied)") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split("hidden:").enumerate() {
        let print = part.get(..12).filter(|print| print.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')));
        let rest = print.and_then(|_| part[12..].strip_prefix(')'));
        match rest {
            _ if index == 0 => out.push_str(part),
            Some(rest) if out.ends_with(", ") => {
                out.truncate(out.len() - 2);
                out.push(')');
                out.push_str(rest);
            }
            Some(rest) => out.push_str(&format!("hidden){rest}")),
            None => out.push_str(&format!("hidden:{part}")),
        }
    }
    Cow::Owned(out.replace(", not supplied)", ")"))
}

/// The digest does not cover white space and text beside the plan; the checksum covers every byte. It is the SHA-256 of
/// the file with its own digits replaced by zeros, and comes last; `None` where the file has none.
fn checksum_matches(bytes: &[u8]) -> Option<bool> {
    let end = bytes.trim_ascii_end().strip_suffix(b"}")?.trim_ascii_end().strip_suffix(b"\"")?.len();
    let (before, digits) = bytes[..end].split_last_chunk::<64>()?;
    let name = before.strip_suffix(b"\"sha256:")?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    if !name.ends_with(b"\"checksum\"") {
        return None;
    }
    let zeroed = [before, &[b'0'; 64], &bytes[end..]].concat();
    Some(sha256_hex(&zeroed).as_bytes() == digits)
}

/// SHA-256 in lower-case digits.
fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
