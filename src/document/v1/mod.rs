//! Version 1 of the plan document: structs of its own, so that a change inside the planner cannot change the format by
//! accident. A field may be added when it may be absent; any other change is a new version in a file of its own.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Value;

mod limits;
mod step;
mod taken;

pub use limits::Limits;
pub use step::{Body, Call, Inverse, Method, Operation, Payload, Phase, Ref, Served, Step};
pub use taken::{NotTaken, Way};

/// A plan as `plan --out` and `plan --format json` write it. It holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Always `telform-plan`.
    pub format: String,
    /// Always 1.
    pub format_version: u32,
    /// Version of the telform that made it.
    pub telform_version: String,
    /// One line that says what the plan does.
    pub summary: String,
    /// Whether a service would be written to.
    pub pending: bool,
    /// Whether it may not be applied.
    pub refused: bool,
    /// `sha256:` of `plan` as canonical JSON (RFC 8785).
    pub digest: String,
    /// What the plan was made from.
    pub origin: Origin,
    /// What is done, in which order, and what is refused.
    pub plan: Plan,
    /// What is worth knowing.
    pub notices: Vec<Notice>,
    /// Live objects that no address claims.
    pub unmanaged: Vec<Unmanaged>,
    /// What takes the plan back, and what nothing brings back. It follows from `plan`, and is not part of its digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Inverse>,
    /// Which secret values it was made with; absent where it sends none, or where there was no kept key to seal them with. Not
    /// part of the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seals: Option<Seals>,
    /// `sha256:` of the bytes of the file, with the 64 digits here as zeros. Always the last member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}

/// What a plan was made from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// `sha256:` over the bytes of all YAML files, in the order in which they were read.
    pub configuration: String,
    /// Ledger that it was made with; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerIdentity>,
    /// Commit of the git work tree that the command ran in; `-dirty` at its end means that files differ from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// By account: whether the service confirmed the organization, or why not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub organizations: BTreeMap<String, String>,
    /// What the run asked for beyond the configuration.
    pub options: Options,
}

/// Which ledger, and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerIdentity {
    /// Made once for each ledger.
    pub id: String,
    /// Rises with each save.
    pub serial: u64,
}

/// What the run asked for beyond the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// `--target`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<String>,
    /// `--exclude`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub excludes: BTreeSet<String>,
    /// `--account`, as the names that fit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accounts: BTreeSet<String>,
    /// `--destroy`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroy: bool,
    /// `--max-deletes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_deletes: Option<u64>,
    /// `--max-delete-percent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delete_percent: Option<u64>,
    /// `--max-numbers-dark`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_numbers_dark: Option<u64>,
    /// `--max-unreadable-bridges`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unreadable_bridges: Option<u64>,
    /// `--rewrite-secret`: address, and the attribute when one was named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rewrite_secrets: BTreeSet<(String, Option<String>)>,
    /// `--resend`: address, and the attribute when one was named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub resend: BTreeSet<(String, Option<String>)>,
    /// Planned against the embedded simulator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// Objects that are created although a live one is spelled nearly the same.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allow_similar: BTreeSet<String>,
    /// What is deleted may be used by bridges that were not looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_unseen_products: bool,
}

/// The part that the digest covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the user limited it to; absent when it is about everything.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// The accounts that it is for.
    pub accounts: Vec<Account>,
    /// What differs, by address.
    pub changes: Vec<Change>,
    /// The requests, in order.
    pub steps: Vec<Step>,
    /// What happens to phone numbers.
    pub impact: Vec<Impact>,
    /// What was sent before and the service did not take: it differs still, and is not sent again by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_taken: Vec<NotTaken>,
    /// What the plan will not do.
    pub refusals: Vec<Refusal>,
    /// What the ledger learns without any request.
    pub ledger: Vec<LedgerEffect>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Name in the YAML.
    pub name: String,
    /// `unpod` or `carrierx`.
    pub api: String,
    /// Base URL; `(sandbox)` for the embedded simulator.
    pub base_url: String,
    /// Organization, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_handle: Option<String>,
    /// Generation that answers, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u8>,
}

/// What differs for one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// `KIND.NAME`.
    pub address: String,
    /// Its account.
    pub account: String,
    /// Account that it leaves, when it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_account: Option<String>,
    /// Further accounts that it leaves: moves before this one were cut off there.
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
    /// Why, when the attributes do not say so themselves.
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
    /// A new one takes its place.
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
    /// What it shall be.
    pub after: Shown,
    /// A change of it may have effects that the service does not describe.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub risky: bool,
}

/// A value as a plan may show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Nothing is known or nothing is there.
    Absent,
    /// This value.
    Value(Value),
    /// A secret, by what is known about it.
    Secret(SecretWord),
}

/// What can honestly be said about a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretWord {
    /// There is one; nothing more can be said.
    Set,
    /// Written with the object that is created.
    New,
    /// Changed in the configuration: will be written.
    Changed,
    /// Written again because the user asked.
    Rewritten,
    /// Sent, and not what the service gives back.
    NotTaken,
    /// Changed at the service: will be written.
    ChangedOutside,
    /// Not the one that the service shows: will be written.
    Differs,
    /// The service never gives it back: nobody knows which it is.
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
    /// Where it is connected now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Spot>,
    /// Where it will be connected.
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
    /// It loses its connection and gets no other.
    Dark,
    /// Another configuration or bridge takes over.
    Moves,
    /// It gets a connection that it did not have.
    Connects,
    /// It stays, and from then on it is known who serves it.
    Settles,
}

/// Where a number is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spot {
    /// Slug of the bridge, or the address of one that the plan makes.
    pub bridge: String,
    /// Address of the configuration, or its id.
    pub provider: String,
    /// Its account, where it is another one than the number gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Something that the plan will not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Which rule.
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
    pub detail: String,
    /// Place in the YAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Something that the ledger learns from reading alone: one key that says what, and its facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LedgerEffect(pub BTreeMap<String, BTreeMap<String, Value>>);

/// Something worth knowing.
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

/// Secrets as a keyed seal: it tells whether a value is the same one, and nothing to whoever lacks the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seals {
    /// A word for the fingerprint key that made them.
    pub key: String,
    /// By step and attribute.
    pub steps: BTreeMap<String, BTreeMap<String, String>>,
}
