//! A plan as a file: versioned, bound to its inputs, and protected so that a change of any byte is detected.
//!
//! A checksum is not a signature: anyone who edits a file can make a new one. An edited plan is not applied because apply
//! plans again and requires the same digest.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::plan;
use crate::text::{to_hex, without_quote};

pub(crate) mod plan_differences;
mod seals;
pub mod v1;

pub use plan_differences::{PlanDifference, plan_differences};
pub use seals::{
    FINGERPRINT_KEY, OTHER_SECRET, bind_document, changed_secrets, other_key_difference, seal_secrets, unbound_secrets,
};
pub use v1::{Document, IsEmpty, LedgerIdentity, Origin, UnconvertedDocument};

/// The version that this telform writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// The type of every plan document.
pub const FORMAT: &str = "telform-plan";

/// Largest plan that is read, in bytes: enough for more than 100,000 changes.
pub const MAX_BYTES: usize = 512 * 1024 * 1024;

/// More bytes than the text of a plan with so many steps usually has. A text that grows by doubling is in memory twice, and room that is
/// not written to takes none.
pub(crate) fn most_bytes(steps: usize) -> usize {
    4096 + 2048 * steps
}

/// The text before the digits of the checksum, at the end of a file.
const CHECKSUM_PREFIX: &str = "\"checksum\": \"sha256:";

/// A checksum before it is known.
const ZERO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why a file is not a usable plan.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DocumentError {
    /// It is something else.
    #[error("it is not a telform plan: {0}")]
    NotAPlan(String),
    /// A newer telform wrote it.
    #[error("it has format version {0}; this telform reads versions up to {FORMAT_VERSION}")]
    Newer(u64),
    /// It has no checksum, or one that does not match its bytes.
    #[error("it was changed or cut off after telform wrote it: {0}")]
    Changed(String),
}

impl DocumentError {
    /// Code, such as `telform::plan::changed`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAPlan(_) => "telform::plan::no_plan",
            Self::Newer(_) => "telform::plan::newer",
            Self::Changed(_) => "telform::plan::changed",
        }
    }

    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAPlan(_) => "`telform plan --out FILE` writes one",
            Self::Newer(_) => "use the version of telform that wrote it, or a newer one",
            Self::Changed(_) => "use the unchanged file, or plan again with `telform plan --out FILE`",
        }
    }
}

/// A plan as a document, without its checksum.
pub fn from_plan(plan: &plan::Plan, origin: Origin) -> Document {
    let undo = saved_undo(plan).iter().map(Into::into).collect();
    from_parts(plan, origin, plan.into(), undo, plan.notices.iter())
}

/// The same for writing alone: nothing of the plan is copied. `undo` is what [`saved_undo`] returned, and `notices` are those of the
/// plan that the document has.
pub fn unconverted<'a>(
    plan: &'a plan::Plan,
    undo: &'a [plan::UndoEntry],
    notices: impl Iterator<Item = &'a plan::PlanNotice>,
    origin: Origin,
) -> UnconvertedDocument<'a> {
    let lists = (plan.changes[..].into(), plan.steps[..].into(), plan.impact[..].into());
    from_parts(plan, origin, v1::PlanV1::from_lists(plan, lists.0, lists.1, lists.2), undo.into(), notices)
}

/// How to undo a plan, as its document says it: a refused plan does nothing that can be undone.
pub fn saved_undo(plan: &plan::Plan) -> Vec<plan::UndoEntry> {
    if plan.is_refused() { Vec::new() } else { plan.undo_entries() }
}

fn from_parts<'a, P, U>(
    plan: &plan::Plan,
    origin: Origin,
    converted: P,
    undo: U,
    notices: impl Iterator<Item = &'a plan::PlanNotice>,
) -> Document<P, U> {
    Document {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        telform_version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: plan.summary(),
        counts: Some(plan.into()),
        pending: plan.has_changes(),
        refused: plan.is_refused(),
        digest: plan.digest.clone(),
        origin,
        plan: converted,
        notices: notices.map(Into::into).collect(),
        unmanaged: plan.unmanaged.iter().map(Into::into).collect(),
        undo,
        seals: None,
        binding: None,
        checksum: None,
    }
}

impl Document {
    /// The plan in it, as the planner made it.
    pub fn to_plan(&self) -> Result<plan::Plan, DocumentError> {
        let changed = |error: serde_json::Error| DocumentError::Changed(error.to_string());
        let mut plan = self.plan.to_plan()?;
        let notices = serde_json::to_value(&self.notices).map_err(changed)?;
        plan.notices = serde_json::from_value(notices).map_err(changed)?;
        plan.made_with = ledger_line(&self.origin);
        plan.logins.clone_from(&self.origin.logins);
        let unmanaged = serde_json::to_value(&self.unmanaged).map_err(changed)?;
        plan.unmanaged = serde_json::from_value(unmanaged).map_err(changed)?;
        if plan.digest != self.digest {
            return Err(DocumentError::Changed("its digest is not that of its plan".to_owned()));
        }
        self.check_follows_from(&plan)?;
        Ok(plan)
    }
}

/// The ledger as shown beside the plan; none where an early version wrote the document.
fn ledger_line(origin: &Origin) -> Option<plan::LedgerLine> {
    let (place, ledger) = (origin.ledger_place.clone()?, origin.ledger.as_ref());
    Some(plan::LedgerLine {
        place,
        serial: ledger.map_or(0, |ledger| ledger.serial),
        made: ledger.and_then(|ledger| ledger.made.clone()),
        saved: ledger.and_then(|ledger| ledger.saved.clone()),
    })
}

impl Document {
    /// The parts of the document beside the plan that follow from it agree with it.
    fn check_follows_from(&self, plan: &plan::Plan) -> Result<(), DocumentError> {
        let again = unconverted(plan, &[], std::iter::empty(), Origin::default());
        for (what, same) in [
            ("summary", self.summary == again.summary),
            ("counts", self.counts.is_none() || self.counts == again.counts),
            ("pending", self.pending == again.pending),
            ("refused", self.refused == again.refused),
        ] {
            if !same {
                return Err(DocumentError::Changed(format!("`{what}` is not what its plan says")));
            }
        }
        Ok(())
    }

    /// The same without binding and checksum, which cover everything else.
    #[must_use]
    pub fn unprotected(&self) -> Self {
        Self { binding: None, checksum: None, ..self.clone() }
    }

    /// Whether its undo is the one that follows from its plan; another telform version may have computed a different one.
    pub fn has_undo_of(&self, plan: &plan::Plan) -> bool {
        self.undo.iter().cloned().eq(saved_undo(plan).iter().map(Into::into))
    }
}

impl v1::PlanV1 {
    /// The plan as the planner made it, without notices.
    pub fn to_plan(&self) -> Result<plan::Plan, DocumentError> {
        let changed = |error: serde_json::Error| DocumentError::Changed(error.to_string());
        let json = serde_json::to_value(self).map_err(changed)?;
        let mut plan: plan::Plan = serde_json::from_value(json).map_err(changed)?;
        plan.digest = plan.computed_digest();
        Ok(plan)
    }
}

/// How JSON Schemas (draft 2020-12) are made: without formats that the dialect does not know, such as `uint64`, which strict
/// validators refuse.
pub fn schema_settings() -> SchemaSettings {
    let forget = |schema: &mut schemars::Schema| {
        let numeric = |format: &str| ["int", "uint", "float", "double"].iter().any(|word| format.starts_with(word));
        if schema.get("format").and_then(serde_json::Value::as_str).is_some_and(numeric) {
            schema.remove("format");
        }
    };
    SchemaSettings::draft2020_12().with_transform(RecursiveTransform(forget))
}

/// JSON Schema of a plan document.
pub fn plan_schema() -> serde_json::Value {
    let mut schema = schema_settings().into_generator().into_root_schema_for::<Document>().to_value();
    schema["title"] = "telform plan, format version 1".into();
    schema
}

/// Puts the checksum into the text of a document that has zeros in its place.
pub fn seal_checksum(mut text: String) -> String {
    if let Some(at) = checksum_at(&text) {
        let digits = to_hex(&Sha256::digest(text.as_bytes()));
        text.replace_range(at..at + ZERO_CHECKSUM.len(), &digits);
    }
    text
}

/// A checksum that [`seal_checksum`] replaces.
pub fn unsealed_checksum() -> String {
    format!("sha256:{ZERO_CHECKSUM}")
}

/// What says whether a file is a plan, and of which version.
#[derive(Default, Deserialize)]
struct DocumentHead {
    format: Option<serde_json::Value>,
    format_version: Option<serde_json::Value>,
}

/// Reads the text of a saved plan. Anything that is not exactly as written is an error.
pub fn read_plan_document(text: &str) -> Result<Document, DocumentError> {
    let no_plan = |why: String| DocumentError::NotAPlan(why);
    let head = match serde_json::from_str::<DocumentHead>(text) {
        Ok(head) => head,
        Err(error) if error.is_data() => DocumentHead::default(),
        Err(error) => return Err(no_plan(format!("it is not JSON ({error})"))),
    };
    if head.format.as_ref().and_then(serde_json::Value::as_str) != Some(FORMAT) {
        return Err(no_plan(format!("it has no `\"format\": \"{FORMAT}\"`")));
    }
    let version = head.format_version.as_ref().and_then(serde_json::Value::as_u64);
    let version = version.ok_or_else(|| no_plan("it has no format version".to_owned()))?;
    if version == 0 {
        return Err(no_plan("it says format version 0, which no telform wrote".to_owned()));
    }
    if version > u64::from(FORMAT_VERSION) {
        return Err(DocumentError::Newer(version));
    }
    let at = checksum_at(text).ok_or_else(|| DocumentError::Changed("there is no checksum at its end".to_owned()))?;
    let blank = format!("{}{ZERO_CHECKSUM}{}", &text[..at], &text[at + ZERO_CHECKSUM.len()..]);
    if text[at..at + ZERO_CHECKSUM.len()] != to_hex(&Sha256::digest(blank.as_bytes())) {
        return Err(DocumentError::Changed("its checksum does not fit".to_owned()));
    }
    serde_json::from_str(text).map_err(|error| DocumentError::Changed(without_quote(&error.to_string())))
}

/// Where the digits of the checksum begin: only at the very end.
fn checksum_at(text: &str) -> Option<usize> {
    let at = text.rfind(CHECKSUM_PREFIX)? + CHECKSUM_PREFIX.len();
    let digits = text.get(at..at + ZERO_CHECKSUM.len())?;
    let fits = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (fits && text.get(at + ZERO_CHECKSUM.len()..) == Some("\"\n}\n")).then_some(at)
}
