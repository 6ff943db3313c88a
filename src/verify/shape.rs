//! The members of a plan document, told a second time and on purpose: one that is not named here is refused, because nobody
//! knows what it would do.

#![allow(
    dead_code,
    reason = "of some members only the shape is checked: notices, reasons, what the ledger learns"
)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Values by attribute.
pub(super) type Values = BTreeMap<String, Value>;
/// The entries of a body.
pub(super) type Entries = BTreeMap<String, Payload>;

macro_rules! objects {
    ($($name:ident { $($(#[$meta:meta])? $field:ident: $type:ty),* $(,)? })*) => {
        $(#[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name { $($(#[$meta])? pub(super) $field: $type),* })*
    };
}

macro_rules! words {
    ($($name:ident { $($word:ident),* })*) => {
        $(#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($word),* })*
    };
}

macro_rules! choices {
    ($($(#[$meta:meta])? $name:ident { $($choice:tt)* })*) => {
        $(#[derive(Deserialize, Clone, PartialEq)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        $(#[$meta])?
        pub(super) enum $name { $($choice)* })*
    };
}

/// How a number stood on a bridge.
#[derive(Deserialize, Clone, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Seat {
    #[serde(rename = "id")]
    _id: Option<u64>,
    pub(super) served: Served,
}

objects! {
    Document {
        format: String, format_version: u64, telform_version: String, summary: String, pending: bool, refused: bool,
        digest: String, origin: Origin, plan: Plan, notices: Vec<Note>, unmanaged: Vec<Unmanaged>,
        #[serde(default)] undo: Vec<Inverse>,
        seals: Option<Seals>,
        checksum: Option<String>,
    }
    Origin {
        configuration: String, ledger: Option<LedgerIdentity>, commit: Option<String>,
        #[serde(default)] organizations: BTreeMap<String, String>,
        options: Options,
    }
    LedgerIdentity { id: String, serial: u64 }
    Options {
        #[serde(default)] targets: Vec<String>,
        #[serde(default)] excludes: Vec<String>,
        #[serde(default)] accounts: Vec<String>,
        #[serde(default)] destroy: bool,
        max_deletes: Option<u64>, max_delete_percent: Option<u64>, max_numbers_dark: Option<u64>,
        max_unreadable_bridges: Option<u64>,
        #[serde(default)] rewrite_secrets: Vec<(String, Option<String>)>,
        #[serde(default)] resend: Vec<(String, Option<String>)>,
        #[serde(default)] sandbox: bool,
        #[serde(default)] allow_similar: Vec<String>,
        #[serde(default)] allow_unseen_products: bool,
    }
    Limits {
        #[serde(default)] accounts: Vec<String>,
        #[serde(default)] targets: Vec<String>,
        #[serde(default)] excludes: Vec<String>,
    }
    Plan {
        limits: Option<Limits>, accounts: Vec<Account>, changes: Vec<Change>, steps: Vec<Step>, impact: Vec<Impact>, refusals: Vec<Refusal>,
        ledger: Vec<Learnt>,
        #[serde(default)] not_taken: Vec<NotTaken>,
    }
    NotTaken { address: String, account: String, attribute: Attribute, run: String, way: Way }
    Account { name: String, api: String, base_url: String, org_handle: Option<String>, generation: Option<u8> }
    Change {
        address: String, account: String, from_account: Option<String>, action: Action, id: Option<String>,
        #[serde(default)] also_leaves: Vec<String>,
        #[serde(default)] attributes: Vec<Attribute>,
        reason: Option<String>, steps: Vec<String>,
    }
    Attribute { name: String, before: Shown, after: Shown, #[serde(default)] risky: bool }
    Step {
        id: String, phase: Phase, address: Option<String>, call: Call, operation: Operation, why: String,
        #[serde(default)] waits_for: Vec<String>,
    }
    Call {
        account: String, method: String, path: String,
        #[serde(default)] query: Vec<(String, String)>,
        body: Option<Body>,
    }
    Impact {
        effect: Effect, number: String, account: String, from: Option<Spot>, to: Option<Spot>,
        #[serde(default)] dark_steps: u32,
    }
    Spot { bridge: String, provider: String, account: Option<String> }
    Refusal {
        code: String, account: String, address: Option<String>, attribute: Option<String>, detail: String,
        place: Option<String>,
    }
    Note { code: String, account: String, address: Option<String>, attribute: Option<String>, detail: Option<String> }
    Inverse { of: Vec<String>, what: String, #[serde(default)] calls: Vec<Call>, lost: Option<String> }
    Seals { key: String, steps: BTreeMap<String, BTreeMap<String, String>> }
    Unmanaged { account: String, kind: String, count: u64, #[serde(default)] foreign: u64 }
}

words! {
    Action { Create, Update, Replace, Delete }
    Phase { Create, Update, Rewire, ReadBack, Delete, TakeOver }
    Effect { Dark, Moves, Connects, Settles }
    Known { Exact, Inferred, Recorded }
    SecretWord { Set, New, Changed, Rewritten, NotTaken, ChangedOutside, Differs, WriteOnly }
    Way { Resend, Confirm, Edit }
}

choices! {
    Shown { Absent, Value(Value), Secret(SecretWord) }
    Body { Object(Entries), Overlay { fields: Vec<String>, set: Entries } }
    Payload { Value(Value), Secret { address: String, attribute: String }, IdOf(String) }
    #[derive(Eq, PartialOrd, Ord)]
    Ref { Id(String), Step(String) }
    Served { NotThere, Unserved, By { id: String, known: Known }, OneOf(Vec<String>) }
    #[serde(tag = "do")]
    Operation {
        Create {
            key: Values, expect: Values, #[serde(default)] secrets: Vec<String>, replaces: Option<String>,
            replaces_in: Option<String>
        },
        Update {
            id: String, before: Values, expect: Values,
            #[serde(default)] untouched: Values,
            #[serde(default)] secrets: Vec<String>,
        },
        Connect { bridge: Ref, number: String, provider: Ref, before: Served },
        Disconnect { bridge: String, number: String, before: Served },
        ReadBack { bridge: Ref, numbers: BTreeMap<String, Option<Ref>> },
        Delete {
            id: String, before: Values,
            #[serde(default)] cut: Vec<(String, String)>,
            #[serde(default)] frees: Vec<String>,
            #[serde(default)] unread: Vec<String>,
            #[serde(default)] seats: BTreeMap<String, Seat>,
        },
    }
    Learnt {
        Rename { from: String, to: String },
        Adopt { address: String, account: String, id: String },
        AdoptHidden { address: String, account: String, id: String },
        MoveEnded { account: String, number: String },
        Release { address: String, account: Option<String>, id: Option<String> },
        Drop { address: String },
        Visible { address: String },
        Confirmed { address: String, attribute: String },
        Protect { address: String, on: bool },
        RenameAccount { from: String, to: String },
        Follow { address: String, account: String },
    }
}
