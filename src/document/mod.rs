//! A plan as a file: versioned, bound to what it was made from, and such that any change of any byte shows.
//!
//! A checksum is no signature: whoever edits a file can make a new one. What keeps an edited plan from being applied is that
//! apply plans again and wants the same digest.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::plan;
use crate::text::hex;

mod moved;
mod seals;
pub mod v1;

pub use moved::{Moved, moved};
pub use seals::{resealed, seals, unbound};
pub use v1::{Document, LedgerIdentity, Origin};

/// The version that this telform writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// What every plan document says it is.
pub const FORMAT: &str = "telform-plan";

/// Largest plan that is read, in bytes: more than 100,000 changes need.
pub const LIMIT: usize = 512 * 1024 * 1024;

/// What stands before the digits of the checksum, at the end of a file.
const MARK: &str = "\"checksum\": \"sha256:";

/// A checksum before it is known.
const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why a file is no plan that can be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DocumentError {
    /// It is something else.
    #[error("it is no plan of telform: {0}")]
    NoPlan(String),
    /// A newer telform wrote it.
    #[error("it has format version {0}; this telform reads versions up to {FORMAT_VERSION}")]
    Newer(u64),
    /// It has no checksum, or one that does not fit its bytes.
    #[error("it was changed or cut off after telform wrote it: {0}")]
    Changed(String),
}

impl DocumentError {
    /// Code, such as `telform::plan::changed`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPlan(_) => "telform::plan::no_plan",
            Self::Newer(_) => "telform::plan::newer",
            Self::Changed(_) => "telform::plan::changed",
        }
    }

    /// The way out.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoPlan(_) => "`telform plan --out FILE` writes one",
            Self::Newer(_) => "use the telform version that wrote it, or a newer one",
            Self::Changed(_) => {
                "take the file as it was written, or plan again with `telform plan --out FILE`"
            }
        }
    }
}

/// A plan as a document, without its checksum.
pub fn of(plan: &plan::Plan, origin: Origin) -> Document {
    Document {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        telform_version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: plan.summary(),
        pending: plan.has_changes(),
        refused: plan.is_refused(),
        digest: plan.digest.clone(),
        origin,
        plan: same(plan),
        notices: same(&plan.notices),
        unmanaged: same(&plan.unmanaged),
        undo: if plan.is_refused() { Vec::new() } else { same(&plan.inverses()) },
        seals: None,
        checksum: None,
    }
}

/// The planner's values and those of version 1 have one shape today, so one is read from what the other writes. When the
/// planner's move on, this is where they part; the golden files notice.
fn same<T: Serialize + ?Sized, U: DeserializeOwned>(value: &T) -> U {
    let text = serde_json::to_vec(value).expect("a plan holds nothing that is no JSON");
    // A text takes a tenth of a tree's memory. What is nested deeper than its reader goes takes the tree.
    serde_json::from_slice(&text)
        .or_else(|_| serde_json::from_value(serde_json::to_value(value)?))
        .expect("version 1 has the planner's shape; tests hold it over generated plans")
}

impl Document {
    /// The plan in it, as the planner made it.
    pub fn plan(&self) -> Result<plan::Plan, DocumentError> {
        let changed = |error: serde_json::Error| DocumentError::Changed(error.to_string());
        let mut plan = self.plan.planned()?;
        let notices = serde_json::to_value(&self.notices).map_err(changed)?;
        plan.notices = serde_json::from_value(notices).map_err(changed)?;
        let unmanaged = serde_json::to_value(&self.unmanaged).map_err(changed)?;
        plan.unmanaged = serde_json::from_value(unmanaged).map_err(changed)?;
        if plan.digest != self.digest {
            return Err(DocumentError::Changed("its digest is not that of its plan".to_owned()));
        }
        Ok(plan)
    }
}

impl v1::Plan {
    /// It as the planner made it, without notices.
    pub fn planned(&self) -> Result<plan::Plan, DocumentError> {
        let changed = |error: serde_json::Error| DocumentError::Changed(error.to_string());
        let json = serde_json::to_value(self).map_err(changed)?;
        let mut plan: plan::Plan = serde_json::from_value(json).map_err(changed)?;
        plan.digest = plan.computed_digest();
        Ok(plan)
    }
}

/// JSON Schema (draft 2020-12) of a plan document.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    schema["title"] = "telform plan, format version 1".into();
    schema
}

/// Puts the checksum into the text of a document that has zeros in its place.
pub fn seal(text: &str) -> String {
    match checksum_at(text) {
        Some(at) => {
            let digits = hex(&Sha256::digest(text.as_bytes()));
            format!("{}{digits}{}", &text[..at], &text[at + ZEROS.len()..])
        }
        None => text.to_owned(),
    }
}

/// A checksum that [`seal`] replaces.
pub fn unsealed() -> String {
    format!("sha256:{ZEROS}")
}

/// Reads the text of a saved plan. Whatever is not exactly as it was written is an error.
pub fn read(text: &str) -> Result<Document, DocumentError> {
    let no_plan = |why: String| DocumentError::NoPlan(why);
    let head: serde_json::Value =
        serde_json::from_str(text).map_err(|error| no_plan(format!("it is no JSON ({error})")))?;
    if head.get("format").and_then(serde_json::Value::as_str) != Some(FORMAT) {
        return Err(no_plan(format!("it has no `\"format\": \"{FORMAT}\"`")));
    }
    let version = head.get("format_version").and_then(serde_json::Value::as_u64);
    let version = version.ok_or_else(|| no_plan("it has no format version".to_owned()))?;
    if version > u64::from(FORMAT_VERSION) {
        return Err(DocumentError::Newer(version));
    }
    let at = checksum_at(text)
        .ok_or_else(|| DocumentError::Changed("there is no checksum at its end".to_owned()))?;
    let blank = format!("{}{ZEROS}{}", &text[..at], &text[at + ZEROS.len()..]);
    if text[at..at + ZEROS.len()] != hex(&Sha256::digest(blank.as_bytes())) {
        return Err(DocumentError::Changed("its checksum does not fit".to_owned()));
    }
    drop(head);
    serde_json::from_str(text).map_err(|error| DocumentError::Changed(error.to_string()))
}

/// Where the digits of the checksum begin: nowhere but at the very end.
fn checksum_at(text: &str) -> Option<usize> {
    let at = text.rfind(MARK)? + MARK.len();
    let digits = text.get(at..at + ZEROS.len())?;
    let fits = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (fits && text.get(at + ZEROS.len()..) == Some("\"\n}\n")).then_some(at)
}
