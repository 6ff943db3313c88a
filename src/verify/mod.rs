//! The independent order checker (spec 7): reads nothing but the JSON of a plan and says no to whatever is not provably in
//! order. It shares no code with what plans and applies, so that a mistake there does not pass here; what both must agree on,
//! such as paths, is written down a second time on purpose. Any doubt is a no.
//!
//! What it cannot know: whether the world is as the plan says. A plan that was edited consistently in every place is another
//! good plan; `apply` finds that out, because it plans again and compares digests.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::text;

mod attributes;
mod back;
mod check;
mod journal;
mod line;
mod order;
mod requests;
mod rules;
mod shape;
mod strict;
mod summary;
mod sums;
mod take_over;
mod taken;
mod unlisted;

use check::Check;
pub use journal::{JournalVerdict, is_journal, journal};
use rules::{RULES, When};
use shape::Document;
use strict::Strict;

/// The version of the document that is known here.
const FORMAT_VERSION: u64 = 1;

/// Most bytes that are read.
pub const MOST_BYTES: usize = 256 * 1024 * 1024;

/// One rule that a document breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// `telform::verify::…`
    pub code: String,
    /// JSON pointer, or line and column where the document could not be read that far.
    pub place: String,
    /// The step that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What is wrong, in one sentence without a full stop; harmless on a terminal.
    pub text: String,
}

/// What was found in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether every rule holds.
    pub verified: bool,
    /// Whether it may be applied: every rule holds, and the plan refuses nothing.
    pub applicable: bool,
    /// What was looked at; none when the document could not be read.
    pub seen: Option<Seen>,
    /// The rules that it breaks.
    pub violations: Vec<Violation>,
}

/// How much was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Digest of the plan, as computed here.
    pub digest: String,
    /// Whether there is a checksum over the whole file.
    pub checksum: bool,
    /// Whether all rules apply: of a plan that the planner did not finish, because it refuses something, only those over what
    /// people read and no secret can be checked. It is never applied.
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
pub fn plan(bytes: &[u8]) -> Verdict {
    let sealed = sealed(bytes);
    let read = if sealed == Some(false) {
        let told = "the checksum does not fit: a byte of this file is not as it was saved";
        Err(violation("checksum", "/checksum".to_owned(), None, told))
    } else {
        read(bytes)
    };
    match read {
        Ok((digest, document)) => judged(sealed.is_some(), digest, &document),
        Err(violation) => {
            Verdict { verified: false, applicable: false, seen: None, violations: vec![violation] }
        }
    }
}

fn violation(code: &str, place: String, step: Option<&str>, text: &str) -> Violation {
    let harmless = |text: &str| text::escape(&text::shorten(text));
    Violation {
        code: format!("telform::verify::{code}"),
        place: harmless(&place),
        step: step.map(harmless),
        text: harmless(text),
    }
}

/// The digest of its plan, and the document. A text that two readers understand differently is no plan that a reviewer has
/// seen.
fn read(bytes: &[u8]) -> Result<(String, Document), Violation> {
    let no = |code, place, text: &str| Err(violation(code, place, None, text));
    if bytes.len() > MOST_BYTES {
        return no("json", "/".to_owned(), "the document is too large to be a plan");
    }
    let unread = |code, error: &serde_json::Error| {
        let told = error.to_string();
        let told = told.split(" at line ").next().unwrap_or_default();
        no(code, format!("line {}, column {}", error.line(), error.column()), told)
    };
    let json = match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(json)) => json,
        Err(error) => return unread("json", &error),
    };
    // The version first: what else a later one may hold is not known here.
    let is = |key, value: Value| json.get(key) == Some(&value);
    if !is("format", "telform-plan".into()) || !is("format_version", FORMAT_VERSION.into()) {
        return no(
            "format",
            "/format_version".to_owned(),
            &format!("this is no telform-plan of version {FORMAT_VERSION}, the only one known here"),
        );
    }
    let digest = computed_digest(&json["plan"]);
    drop(json); // A plan may be large; it is not kept twice.
    match serde_json::from_slice::<Document>(bytes) {
        Ok(document) => Ok((digest, document)),
        Err(error) => unread("shape", &error),
    }
}

fn judged(sealed: bool, digest: String, document: &Document) -> Verdict {
    let mut violations = Vec::new();
    if document.digest != digest {
        let told = format!("the digest is not that of the plan, which is {digest}");
        violations.push(violation("digest", "/digest".to_owned(), None, &told));
    }
    if document.checksum.is_some() != sealed {
        let told = "the checksum is none, or does not stand last";
        violations.push(violation("checksum", "/checksum".to_owned(), None, told));
    }
    let mut check = Check::new(document);
    let complete = check.is_complete();
    for (code, when, rule) in RULES {
        if complete || *when == When::Always {
            check.code = code;
            rule(&mut check);
        }
    }
    violations.extend(check.found);
    let plan = &document.plan;
    Verdict {
        verified: violations.is_empty(),
        applicable: violations.is_empty() && plan.refusals.is_empty(),
        seen: Some(Seen {
            digest,
            checksum: sealed,
            complete,
            changes: plan.changes.len(),
            steps: plan.steps.len(),
            deletes: plan.steps.iter().filter(|step| step.phase == shape::Phase::Delete).count(),
            numbers: plan.impact.len(),
            refusals: plan.refusals.len(),
        }),
        violations,
    }
}

/// What was approved is named by this digest, so it must be that of the contents.
fn computed_digest(plan: &Value) -> String {
    let canonical = serde_json_canonicalizer::to_string(plan).unwrap_or_default();
    format!("sha256:{}", hex(without_prints(&canonical).as_bytes()))
}

/// What is hidden in a value shows a print in twelve digits, made with a key that not everybody has: the digest leaves it out,
/// and whether a source gave something.
fn without_prints(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split("hidden:").enumerate() {
        let print =
            part.get(..12).filter(|print| print.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')));
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
    out.replace(", not supplied)", ")")
}

/// The digest does not see white space and what stands beside the plan; the checksum sees every byte. It is the SHA-256 of
/// the file with its own digits replaced by zeros, and stands last; none where there is no such thing.
fn sealed(bytes: &[u8]) -> Option<bool> {
    let end = bytes.trim_ascii_end().strip_suffix(b"}")?.trim_ascii_end().strip_suffix(b"\"")?.len();
    let (before, digits) = bytes[..end].split_last_chunk::<64>()?;
    let name = before.strip_suffix(b"\"sha256:")?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    if !name.ends_with(b"\"checksum\"") {
        return None;
    }
    let zeroed = [before, &[b'0'; 64], &bytes[end..]].concat();
    Some(hex(&zeroed).as_bytes() == digits)
}

/// SHA-256 in lower-case digits.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
