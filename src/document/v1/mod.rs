//! Version 1 of the plan document: separate structs, so that a change inside the planner cannot accidentally change
//! the format. A field may be added if it may be absent; any other change is a new version in a separate file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::value::{AttributeTexts, Value};

mod convert;
mod counts;
mod existing;
mod ledger;
mod limits;
mod step;
mod taken;
mod unconverted;

pub use counts::Counts;
pub use existing::ExistingV1;
pub use ledger::LedgerIdentity;
pub use limits::{LimitedChanges, Limits, Options};
pub use step::{Body, CallV1, Inverse, Method, Operation, Payload, Phase, Ref, ServedState, StepV1};
pub use taken::{NotTaken, Way};
pub use unconverted::{IsEmpty, UnconvertedDocument};

/// A plan as `plan --out` and `plan --format json` write it. It holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Document", bound = "P: JsonSchema, U: JsonSchema + Serialize + Default + IsEmpty")]
#[serde(deny_unknown_fields, bound(serialize = "P: Serialize, U: Serialize + IsEmpty"))]
pub struct Document<P = PlanV1, U = Vec<Inverse>> {
    /// Always `telform-plan`.
    pub format: String,
    /// Always 1.
    pub format_version: u32,
    /// Version of the telform that made it.
    pub telform_version: String,
    /// One line that says what the plan does.
    pub summary: String,
    /// The same as numbers; absent in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Whether a service would be written to.
    pub pending: bool,
    /// Whether it may not be applied.
    pub refused: bool,
    /// `sha256:` of `plan` as canonical JSON (RFC 8785) with each number as written here.
    pub digest: String,
    /// The inputs of the plan.
    pub origin: Origin,
    /// What is done, in which order, and what is refused.
    pub plan: P,
    /// Notices.
    pub notices: Vec<Notice>,
    /// Live objects that no address claims.
    pub unmanaged: Vec<Unmanaged>,
    /// How to undo the plan, and what cannot be undone. It follows from `plan`, and is not part of its digest.
    #[serde(default, skip_serializing_if = "IsEmpty::is_empty")]
    pub undo: U,
    /// The secret values that it was made with, sealed; absent where it sends none, or where no kept key existed to seal them
    /// with. Not part of the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seals: Option<Seals>,
    /// The fingerprint key's MAC of everything else in the file; absent where no kept key existed. Not part of the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// `sha256:` of the bytes of the file, with the 64 digits here as zeros. Always the last member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}

/// The inputs of a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// `sha256:` over the bytes of all YAML files, in the order in which they were read.
    pub configuration: String,
    /// Ledger that it was made with; absent when no ledger existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerIdentity>,
    /// Where the ledger is, or will be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_place: Option<String>,
    /// Commit of the git work tree that the command ran in; `-dirty` at its end means that files differ from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// By account: whether the service confirmed the organization, or why not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub organizations: BTreeMap<String, String>,
    /// By account: the service's name of the token's owner.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logins: BTreeMap<String, String>,
    /// What the run asked for beyond the configuration.
    pub options: Options,
}

/// The part that the digest covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Plan")]
#[serde(deny_unknown_fields)]
pub struct PlanV1<C = Vec<ChangeV1>, S = Vec<StepV1>, I = Vec<Impact>> {
    /// What the user limited it to; absent when it covers everything.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// The accounts that it covers.
    pub accounts: Vec<AccountV1>,
    /// What differs, by address.
    pub changes: C,
    /// The requests, in order.
    pub steps: S,
    /// What happens to phone numbers.
    pub impact: I,
    /// Values that were sent before and that the service did not accept: they still differ, and are not sent again automatically.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_taken: Vec<NotTaken>,
    /// What the plan refuses to do.
    pub refusals: Vec<Refusal>,
    /// What the ledger learns without any request.
    pub ledger: Vec<LedgerEffect>,
    /// Sources of the secrets of all objects in the plan, sent or not: by address and attribute.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, BTreeMap<String, String>>")]
    pub secrets: BTreeMap<String, AttributeTexts>,
    /// Objects that the configuration only refers to, by address: the ones that its entries meant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub existing: BTreeMap<String, ExistingV1>,
    /// Objects that the changes name by their addresses, as far as they exist before the plan: what is sent is the id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<String, ExistingV1>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Account")]
#[serde(deny_unknown_fields)]
pub struct AccountV1 {
    /// Name in the YAML.
    pub name: String,
    /// `unpod` or `carrierx`.
    pub api: String,
    /// Base URL; `(sandbox)` for the embedded simulator.
    pub base_url: String,
    /// Organization, where there is one.
    #[serde(rename = "org_handle", default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Generation that answers, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u8>,
    /// Where its token comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_from: Option<String>,
    /// Identity of the token's owner, where the service reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_of: Option<String>,
}

/// What differs for one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Change")]
#[serde(deny_unknown_fields)]
pub struct ChangeV1 {
    /// `KIND.NAME`.
    pub address: String,
    /// Its account.
    pub account: String,
    /// Account that it leaves, when it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_account: Option<String>,
    /// Further accounts that it leaves: earlier moves were interrupted there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_leaves: Vec<String>,
    /// What happens.
    pub action: Action,
    /// Its identity now, when it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Attributes that change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// The reason, when the attributes do not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The steps that carry it out.
    pub steps: Vec<String>,
}

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// Some of its attributes or numbers change.
    Update,
    /// A new object replaces it.
    Replace,
    /// It is deleted.
    Delete,
}

/// What differs for one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What the service shows.
    pub before: Shown,
    /// The wanted value.
    pub after: Shown,
    /// A change of it may have effects that the service does not describe.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub risky: bool,
    /// Where a secret comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A value as a plan may show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// No value, or no known value.
    Absent,
    /// This value.
    Value(Value),
    /// A secret, represented by what is known about it.
    Secret(SecretWord),
}

/// What is known about a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretWord {
    /// A secret exists; nothing more is known.
    Set,
    /// Written with the object that is created.
    New,
    /// Changed in the configuration: will be written.
    Changed,
    /// Written again on request.
    Rewritten,
    /// It was sent, and the service returns a different one.
    NotTaken,
    /// Changed at the service: will be written.
    ChangedOutside,
    /// Not the one that the service shows: will be written.
    Differs,
    /// The service never returns it, so its value is unknown.
    WriteOnly,
}

/// What happens to one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// What happens.
    pub effect: Effect,
    /// E.164.
    pub number: String,
    /// Account.
    pub account: String,
    /// The current connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Spot>,
    /// The connection after the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Spot>,
    /// Steps during which it is dark although it moves.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dark_steps: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(steps: &u32) -> bool {
    *steps == 0
}

/// What happens to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It loses its connection and does not get another.
    Dark,
    /// Another configuration or bridge takes over.
    Moves,
    /// It gets its first connection.
    Connects,
    /// Its connection does not change, and it becomes known what serves it.
    Settles,
}

/// Where a number is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spot {
    /// Slug of the bridge, or the address of a bridge that the plan creates.
    pub bridge: String,
    /// Address of the configuration, or its id.
    pub provider: String,
    /// Its account, where it differs from the one that the number moves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Something that the plan refuses to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Which rule.
    pub code: String,
    /// Account.
    pub account: String,
    /// Objects: all that one cause prevents. None for a whole account or run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The facts of this case.
    pub detail: String,
    /// Place in the YAML; that of the first object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Something that the ledger learns from reading alone: one key that says what, and its facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LedgerEffect(pub BTreeMap<String, BTreeMap<String, Value>>);

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Which.
    pub code: String,
    /// Account.
    pub account: String,
    /// Object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The facts of this case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Live objects that no address claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unmanaged {
    /// Account.
    pub account: String,
    /// Kind.
    pub kind: String,
    /// How many.
    pub count: usize,
    /// How many more belong to another organization, or to none.
    #[serde(default, skip_serializing_if = "no_more")]
    pub foreign: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn no_more(count: &usize) -> bool {
    *count == 0
}

/// A document that can be changed only with the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Identifies the fingerprint key that made it.
    pub key: String,
    /// HMAC-SHA-256 of the document without this member and without the checksum.
    pub mac: String,
}

/// Secrets as keyed seals: they show whether a value is the same, and reveal nothing without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seals {
    /// Identifies the fingerprint key that made them.
    pub key: String,
    /// By step and attribute.
    #[schemars(with = "BTreeMap<String, BTreeMap<String, String>>")]
    pub steps: BTreeMap<String, AttributeTexts>,
}
