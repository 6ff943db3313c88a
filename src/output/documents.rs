//! Documents about configuration, ledger and services.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::analysis::drift::{ComparedObjects, Drift, DriftClass, NotCompared, UnfinishedRun};
use crate::analysis::explain::Explanation;
use crate::analysis::open_creates::OpenCreate;
use crate::analysis::plan_comparison::PlanComparison;
use crate::config::format::LeftAlone;
use crate::config::problem::ProblemReport;
use crate::model::ledger::{AbandonedObject, AccountEntry, CreatedConnection, NaturalKey, ObjectOrigin, PendingCreate};
use crate::output::view::doctor::{DoctorCheck, DoctorStatus};
use crate::verify;

/// The format name of each.
macro_rules! documents {
    ($($ty:ty => $format:literal)*) => {
        $(impl $crate::output::OutputDocument for $ty { const FORMAT: &'static str = $format; })*
    };
}
pub(super) use documents;

documents! {
    Failed => "telform-error"
    Validation => "telform-validation"
    Formatting => "telform-formatting"
    Explanation => "telform-explanation"
    PlanComparison => "telform-plan-comparison"
    DriftReport<'_> => "telform-drift"
    Adoption => "telform-adopt"
    LedgerList<'_> => "telform-ledger-list"
    LedgerShown<'_> => "telform-ledger-entry"
    LedgerMoved => "telform-ledger-move"
    Forgotten => "telform-forget"
    LedgerLock => "telform-ledger-lock"
    Rebuilt => "telform-ledger-rebuild"
    Rekeyed => "telform-ledger-rekey"
}

/// Why a command ended before it could do its task. Any command prints it instead of its own document; for a command that
/// prints events it is one of the lines.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Failed {
    /// The code: `telform docs CODE` explains it.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where in the YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// All problems of the YAML; `code`, `message`, `help` and `place` are those of the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ProblemReport>,
    /// For a bug in telform (`telform::bug`): whether requests may have been sent.
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
    /// Whether telform accepts it.
    pub valid: bool,
    /// Errors, or the warnings about a valid configuration.
    pub problems: Vec<ProblemReport>,
    /// Accounts that it names; 0 when it is not valid.
    pub accounts: usize,
    /// Objects that it declares, by kind.
    pub objects: BTreeMap<String, usize>,
    /// Objects that it only refers to.
    pub existing: usize,
    /// Entries under `removed`.
    pub removed: usize,
}

/// The layout of the YAML.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Formatting {
    /// Files whose layout differs from telform's.
    pub changed: Vec<String>,
    /// Files that have it already.
    pub unchanged: Vec<String>,
    /// Files of another type, which are not formatted.
    pub left_alone: Vec<LeftAlone>,
    /// Files that could not be formatted, each with the reason; they are as they were. With an error the exit code is 1.
    pub problems: Vec<ProblemReport>,
    /// Whether the changed files were written.
    pub written: bool,
    /// With `--diff`: the changes as a unified diff, with asterisks in place of what may be a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// The text of standard input in telform's layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What differs from what telform last saw.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DriftReport<'a> {
    /// What differs.
    pub drift: &'a [Drift],
    /// How much differs, by class; a class that does not occur is absent.
    pub counts: BTreeMap<DriftClass, usize>,
    /// Whether something has to be decided: exit code 2.
    pub drifted: bool,
    /// Whether `--accept` wrote it into the YAML.
    pub accepted: bool,
    /// Files that `--accept` writes.
    pub files: Vec<String>,
    /// Their changes, as a unified diff.
    pub patch: String,
    /// What the YAML cannot express, one sentence each.
    pub not_accepted: Vec<String>,
    /// The runs that left differences unfinished, and the commands that continue them.
    pub unfinished: &'a [UnfinishedRun],
    /// Creates of which it is not known whether they created something: an apply is refused until that is decided.
    pub open_creates: &'a [OpenCreate],
    /// What was compared, and what could not be: if `missed` is not empty, the exit code is 1, or 5 where `--skip-unreadable`
    /// allows what is missed.
    pub looked_at: &'a ComparedObjects,
}

/// Objects that are now managed.
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
    /// Kinds in an account that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<NotCompared>,
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
    /// The environment variable that supplies it in the YAML.
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

/// A violation of a rule by a plan or a journal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Violation<'a> {
    /// `telform::verify::…`
    pub code: &'a str,
    /// JSON pointer, line of the journal, or line and column of invalid JSON.
    pub place: &'a str,
    /// The step concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'a str>,
    /// What is wrong.
    pub text: &'a str,
}

/// Every managed object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerList<'a> {
    /// Identity of the ledger.
    pub id: &'a str,
    /// Increases with each save.
    pub serial: u64,
    /// The accounts that it belongs to.
    pub accounts: &'a BTreeMap<String, AccountEntry>,
    /// Owners of the tokens that these were read with, by account, as far as the services report them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub owners: &'a BTreeMap<String, String>,
    /// The objects.
    pub objects: Vec<LedgerEntry<'a>>,
    /// Addresses whose create was interrupted.
    pub attempts: Vec<String>,
    /// Numbers that were disconnected to be connected elsewhere.
    pub moves: &'a BTreeSet<CreatedConnection>,
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

/// What the ledger has about one address.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerShown<'a> {
    /// The address.
    pub address: String,
    /// The object; null when only its create was started.
    pub entry: Option<LedgerEntry<'a>>,
    /// An interrupted create.
    pub attempt: Option<&'a PendingCreate>,
    /// Connections that telform made with it.
    pub connections: Vec<&'a CreatedConnection>,
}

/// A managed object. Of a secret only the name: its seal is useless without the key, and no reader needs it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerEntry<'a> {
    /// Its address.
    pub address: String,
    /// Its account.
    pub account: &'a str,
    /// Its identity at the service.
    pub id: &'a str,
    /// How telform came to manage it.
    pub origin: ObjectOrigin,
    /// Since when (RFC 3339, UTC).
    pub since: &'a str,
    /// Natural key as it was last seen.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub key: &'a NaturalKey,
    /// Names of the secrets that telform wrote.
    pub secrets: Vec<&'a str>,
    /// Whether it may not be deleted.
    pub prevent_delete: bool,
    /// Since when it waits, invisible, for a person to confirm it.
    pub hidden_since: Option<&'a str>,
    /// Names of the attributes that wait for a person to confirm them.
    pub submitted: Vec<&'a str>,
    /// Names of the attributes that the service stores in a different form.
    pub reshaped: Vec<&'a str>,
    /// Names of the attributes that were sent and that the service still shows as they were before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_taken: Vec<&'a str>,
    /// Objects that it replaced and that are not deleted yet.
    pub former: &'a BTreeSet<String>,
    /// All objects that it replaced.
    pub replaced: &'a BTreeSet<String>,
}

/// An object has another address.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerMoved {
    /// The earlier address.
    pub from: String,
    /// The new address.
    pub to: String,
}

/// An address was released.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Forgotten {
    /// The address.
    pub address: String,
    /// Its account; null when only its create had been started, without a result.
    pub account: Option<String>,
    /// Identity of the object, which is left as it is.
    pub id: Option<String>,
    /// Objects that it replaced in interrupted runs, which are left as they are as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<AbandonedObject>,
}

/// Who has the lock of the ledger.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerLock {
    /// Where the ledger is kept.
    pub ledger: String,
    /// Whether the lock is currently held.
    pub held: bool,
    /// Id of the lock, for `--lock-id`.
    pub id: Option<String>,
    /// Its holder, or its last holder when it was freed.
    pub holder: Option<String>,
    /// Whether it has expired: the next run takes it over.
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

/// Something that YAML and services do not contain.
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
    /// Secrets whose state is still known.
    pub carried_over: Vec<Subject>,
    /// Secrets that are now unknown.
    pub unknown: Vec<CarriedOver>,
    /// Where the new key is: `file` or `environment`.
    pub key: String,
}

/// A secret that is now unknown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CarriedOver {
    /// Whose.
    pub address: String,
    /// Which attribute.
    pub attribute: String,
    /// Why, in one word.
    pub because: String,
}

/// Whether everything that a run needs is present.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Doctor<'a> {
    /// The worst of the checks.
    pub verdict: DoctorStatus,
    /// The checks.
    pub checks: &'a [DoctorCheck],
}

/// Version 2: what to do about a check is called `help`, as everywhere else.
impl super::OutputDocument for Doctor<'_> {
    const FORMAT: &'static str = "telform-doctor";
    const VERSION: u32 = 2;
}

impl<'a> Violation<'a> {
    /// Those that the checker found.
    pub fn all(found: &'a [verify::CheckerViolation]) -> Vec<Self> {
        let one = |it: &'a verify::CheckerViolation| Self {
            code: &it.code,
            place: &it.place,
            step: it.step.as_deref(),
            text: &it.text,
        };
        found.iter().map(one).collect()
    }
}
