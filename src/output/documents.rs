//! Documents about configuration, ledger and services.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::drift::{Drift, Looked, Missed};
use crate::explain::Explanation;
use crate::ledger::{AccountEntry, Attempt, LeftBehind, MadeConnection, NaturalKey, Origin};
use crate::problem::Told;
use crate::verify;
use crate::view::doctor::{Check, Verdict};

/// What each calls itself.
macro_rules! documents {
    ($($ty:ty => $format:literal)*) => {
        $(impl $crate::output::Document for $ty { const FORMAT: &'static str = $format; })*
    };
}
pub(super) use documents;

documents! {
    Failed => "telform-error"
    Validation => "telform-validation"
    Explanation => "telform-explanation"
    DriftReport<'_> => "telform-drift"
    Adoption => "telform-adopt"
    PlanVerdict<'_> => "telform-verify-plan"
    LedgerList<'_> => "telform-ledger-list"
    LedgerShown<'_> => "telform-ledger-entry"
    LedgerMoved => "telform-ledger-move"
    Forgotten => "telform-forget"
    LedgerLock => "telform-ledger-lock"
    Rebuilt => "telform-ledger-rebuild"
    Rekeyed => "telform-ledger-rekey"
    Doctor<'_> => "telform-doctor"
}

/// Why a command ended before it could do its work. Any command prints it instead of its own document; of a command that prints
/// events it is one of the lines.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Failed {
    /// Which: `telform docs CODE` says what it means.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where in the YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// All problems of the YAML; `code`, `message`, `help` and `place` are those of the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Told>,
    /// Of a bug in telform (`telform::bug`): whether requests may have been sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_have_written: Option<bool>,
}

/// A place in a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Place {
    /// Path as it was given.
    pub file: String,
    /// Line from 1.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
}

/// What is wrong with the YAML.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Validation {
    /// Whether telform would work with it.
    pub valid: bool,
    /// Errors, or the warnings of what is valid.
    pub problems: Vec<Told>,
    /// Accounts that it names; 0 when it is not valid.
    pub accounts: usize,
    /// Objects that it declares, by kind.
    pub objects: BTreeMap<String, usize>,
    /// Tombstones.
    pub removed: usize,
}

/// What was changed outside telform.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DriftReport<'a> {
    /// What differs.
    pub drift: &'a [Drift],
    /// Whether something has to be decided: exit code 2.
    pub drifted: bool,
    /// Whether `--accept` wrote it into the YAML.
    pub accepted: bool,
    /// Files that `--accept` writes.
    pub files: Vec<String>,
    /// Their changes, as a unified diff.
    pub patch: String,
    /// What the YAML cannot say, a sentence each.
    pub not_accepted: Vec<String>,
    /// What was compared, and what could not be: with something in `missed` the exit code is 1.
    pub looked_at: &'a Looked,
}

/// What was taken under management.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Adoption {
    /// Files that hold it now.
    pub files: Vec<String>,
    /// The objects.
    pub objects: Vec<Adopted>,
    /// Secrets that have to be supplied.
    pub secrets: Vec<Supply>,
    /// What was not written, and why.
    pub left_out: Vec<NotWritten>,
    /// Whether the YAML differs from what was adopted.
    pub pending: bool,
    /// Kinds in an account that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Missed>,
}

/// An object that was adopted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Adopted {
    /// Its address.
    pub address: String,
    /// Its identity, where it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A secret that has to be supplied.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Supply {
    /// Whose.
    pub address: String,
    /// Which attribute.
    pub attribute: String,
    /// The environment variable that stands for it in the YAML.
    pub env: String,
}

/// An attribute that was not written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotWritten {
    /// Whose.
    pub address: String,
    /// Which attribute.
    pub attribute: String,
    /// Why.
    pub why: String,
}

/// An attribute of an object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Subject {
    /// Whose.
    pub address: String,
    /// Which attribute.
    pub attribute: String,
}

/// A rule that a plan or a journal breaks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Violation<'a> {
    /// `telform::verify::…`
    pub code: &'a str,
    /// JSON pointer, line of the journal, or line and column of what is no JSON.
    pub place: &'a str,
    /// The step that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'a str>,
    /// What is wrong.
    pub text: &'a str,
}

/// What the independent checker finds in a plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanVerdict<'a> {
    /// Whether every rule holds.
    pub verified: bool,
    /// Whether it may be applied: every rule holds, and it refuses nothing.
    pub applicable: bool,
    /// What was looked at; null when the document could not be read.
    pub seen: Option<Seen<'a>>,
    /// The rules that it breaks.
    pub violations: Vec<Violation<'a>>,
}

/// How much was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Seen<'a> {
    /// Digest of the plan, as the checker computes it.
    pub digest: &'a str,
    /// Whether there is a checksum over the whole file.
    pub checksum: bool,
    /// Whether all rules apply; not to a plan that refuses something.
    pub complete: bool,
    /// Objects that change.
    pub changes: usize,
    /// Requests.
    pub steps: usize,
    /// Deletes among them.
    pub deletes: usize,
    /// Numbers that lose, get or change their connection.
    pub numbers: usize,
    /// Refusals.
    pub refusals: usize,
}

/// Every managed object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerList<'a> {
    /// Identity of the ledger.
    pub id: &'a str,
    /// Rises with each save.
    pub serial: u64,
    /// The accounts that it belongs to.
    pub accounts: &'a BTreeMap<String, AccountEntry>,
    /// The objects.
    pub objects: Vec<LedgerEntry<'a>>,
    /// Addresses whose create was cut off.
    pub attempts: Vec<String>,
    /// Numbers that were cut off to be connected elsewhere.
    pub moves: &'a BTreeSet<MadeConnection>,
    /// Creates that got no answer, whose natural keys are watched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<WatchedCreate<'a>>,
}

/// A create that got no answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WatchedCreate<'a> {
    /// Address that it was sent for.
    pub address: String,
    /// Account.
    pub account: &'a str,
    /// Natural key that was sent.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub key: &'a NaturalKey,
    /// When it was announced (RFC 3339, UTC).
    pub since: &'a str,
    /// The run that sent it; empty when it is not known.
    pub run: &'a str,
}

/// What is remembered about one address.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerShown<'a> {
    /// The address.
    pub address: String,
    /// The object; null when only its create was begun.
    pub entry: Option<LedgerEntry<'a>>,
    /// A create that was cut off.
    pub attempt: Option<&'a Attempt>,
    /// Connections that telform made with it.
    pub connections: Vec<&'a MadeConnection>,
}

/// A managed object. Of a secret only the name: its seal says nothing without the key, and nothing has to know it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerEntry<'a> {
    /// Its address.
    pub address: String,
    /// Its account.
    pub account: &'a str,
    /// Its identity at the service.
    pub id: &'a str,
    /// How telform came to manage it.
    pub origin: Origin,
    /// Since when (RFC 3339, UTC).
    pub since: &'a str,
    /// Natural key as it was last seen.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub key: &'a NaturalKey,
    /// Names of the secrets that telform wrote.
    pub secrets: Vec<&'a str>,
    /// Whether it may not be deleted.
    pub prevent_delete: bool,
    /// Since when it waits, invisible, for somebody to confirm it.
    pub hidden_since: Option<&'a str>,
    /// Names of the attributes that wait for somebody to confirm them.
    pub submitted: Vec<&'a str>,
    /// Names of the attributes that the service keeps in another form.
    pub reshaped: Vec<&'a str>,
    /// Names of the attributes that were sent and that the service still shows as they were before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_taken: Vec<&'a str>,
    /// Objects that it took the place of and that are not deleted yet.
    pub former: &'a BTreeSet<String>,
    /// All objects that it took the place of.
    pub replaced: &'a BTreeSet<String>,
}

/// An object has another address.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerMoved {
    /// The address that it had.
    pub from: String,
    /// The address that it has.
    pub to: String,
}

/// An address was released.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Forgotten {
    /// The address.
    pub address: String,
    /// Its account; null when only its create had been begun, which made nothing.
    pub account: Option<String>,
    /// Identity of the object, which stays as it is.
    pub id: Option<String>,
    /// What it took the place of in runs that were cut off, and what stays as it is as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftBehind>,
}

/// Who has the lock of the ledger.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerLock {
    /// Where the ledger is kept.
    pub ledger: String,
    /// Whether somebody has the lock now.
    pub held: bool,
    /// Id of the lock, for `--lock-id`.
    pub id: Option<String>,
    /// Who has it, or had it when it was freed.
    pub holder: Option<String>,
    /// Whether it has run out: the next run takes it over.
    pub expired: bool,
    /// Whether this command freed it.
    pub freed: bool,
}

/// A ledger that was made from YAML and services.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rebuilt {
    /// Objects that were found.
    pub objects: usize,
    /// Where the old ledger is kept.
    pub kept: Option<String>,
    /// What could not be known.
    pub unknown: Vec<NotKnown>,
}

/// Something that YAML and services do not tell.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotKnown {
    /// What.
    pub what: String,
    /// Address and attribute, or account, bridge and number.
    pub about: String,
}

/// The key of the ledger was changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rekeyed {
    /// Secrets whose state stays known.
    pub carried_over: Vec<Subject>,
    /// Secrets that are unknown from now on.
    pub unknown: Vec<CarriedOver>,
    /// Where the new key is: `file` or `environment`.
    pub key: String,
}

/// A secret that is unknown from now on.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CarriedOver {
    /// Whose.
    pub address: String,
    /// Which attribute.
    pub attribute: String,
    /// Why, in one word.
    pub because: String,
}

/// Whether everything is there that a run needs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Doctor<'a> {
    /// The worst of the checks.
    pub verdict: Verdict,
    /// The checks.
    pub checks: &'a [Check],
}

impl<'a> Violation<'a> {
    /// Those that the checker found.
    pub fn all(found: &'a [verify::Violation]) -> Vec<Self> {
        let one = |it: &'a verify::Violation| Self {
            code: &it.code,
            place: &it.place,
            step: it.step.as_deref(),
            text: &it.text,
        };
        found.iter().map(one).collect()
    }
}

impl<'a> From<&'a verify::Verdict> for PlanVerdict<'a> {
    fn from(found: &'a verify::Verdict) -> Self {
        let seen = found.seen.as_ref().map(|seen| Seen {
            digest: &seen.digest,
            checksum: seen.checksum,
            complete: seen.complete,
            changes: seen.changes,
            steps: seen.steps,
            deletes: seen.deletes,
            numbers: seen.numbers,
            refusals: seen.refusals,
        });
        let violations = Violation::all(&found.violations);
        Self { verified: found.verified, applicable: found.applicable, seen, violations }
    }
}
