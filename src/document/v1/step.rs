//! Steps: the requests of a plan, each with its precondition and its expected result.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::value::Value;

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Step")]
#[serde(deny_unknown_fields)]
pub struct StepV1 {
    /// `s1`, `s2`, in order.
    pub id: String,
    /// Its phase.
    pub phase: Phase,
    /// Object whose change it carries out; absent for a bridge that telform does not manage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The request.
    pub call: CallV1,
    /// What it does, its precondition and its expected result.
    pub operation: Operation,
    /// Why this request and not another.
    pub why: String,
    /// What must be done before it starts: a step, such as `s3`, or every step of a phase, such as `phase:read_back`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
}

/// The phases, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// New objects.
    Create,
    /// Changes of objects.
    Update,
    /// Disconnects and connects, number by number.
    Rewire,
    /// Every rewired bridge is read once.
    ReadBack,
    /// Changes with which a target lets no call through, after the numbers that leave it.
    Close,
    /// Deletes.
    Delete,
    /// Bridges that take along the numbers that a delete has freed.
    TakeOver,
}

/// A request below the account's base URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Call")]
#[serde(deny_unknown_fields)]
pub struct CallV1 {
    /// Account whose base URL and token are used.
    pub account: String,
    /// Method.
    pub method: Method,
    /// Path; an id that an earlier step creates is written as `{s3}`.
    pub path: String,
    /// Query arguments, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}

/// Method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, connects, disconnects.
    Post,
    /// Changes named attributes.
    Patch,
    /// Writes the whole object.
    Put,
    /// Deletes.
    Delete,
}

/// Body of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// An object with these entries.
    Object(IndexMap<String, Payload>),
    /// The object as it is read right before, with entries laid over it.
    Overlay {
        /// Keys that must be present.
        fields: Vec<String>,
        /// Entries that differ.
        set: IndexMap<String, Payload>,
    },
}

/// One value in a body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Payload {
    /// This value.
    Value(Value),
    /// A secret, by where it comes from.
    Secret {
        /// Whose.
        address: String,
        /// Which attribute.
        attribute: String,
    },
    /// The id that a step creates.
    IdOf(String),
    /// A value that holds ids which steps create.
    WithIds {
        /// The value: in place of each id an empty text, or 0 where the service writes ids as numbers.
        value: Value,
        /// The step that creates each of them, by JSON pointer into the value.
        ids: BTreeMap<String, String>,
    },
}

/// An identity that is known, or that a step creates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ref {
    /// Known.
    Id(String),
    /// Created by this step.
    Step(String),
}

/// Who serves a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ServedState {
    /// The number is not on the bridge.
    NotThere,
    /// No configuration serves it.
    Unserved,
    /// This one.
    By {
        /// Id of the configuration.
        id: String,
        /// `exact`, `inferred` or `recorded`.
        known: String,
    },
    /// One of these.
    OneOf(Vec<String>),
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Creates an object.
    Create {
        /// Natural key that must be free.
        key: BTreeMap<String, Value>,
        /// What the answer must repeat.
        expect: BTreeMap<String, Value>,
        /// Secrets that it writes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
        /// Object that it replaces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
        /// Account of that object, where it differs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces_in: Option<String>,
    },
    /// Changes an object.
    Update {
        /// Identity.
        id: String,
        /// What the plan saw.
        before: BTreeMap<String, Value>,
        /// What the answer must show.
        expect: BTreeMap<String, Value>,
        /// Nested values that must not change.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        untouched: BTreeMap<String, Value>,
        /// Secrets that it writes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    /// Lets a configuration serve a number.
    Connect {
        /// Bridge.
        bridge: Ref,
        /// E.164.
        number: String,
        /// Configuration.
        provider: Ref,
        /// The earlier state.
        before: ServedState,
    },
    /// Disconnects a number from a bridge.
    Disconnect {
        /// Bridge.
        bridge: String,
        /// E.164.
        number: String,
        /// The earlier state.
        before: ServedState,
    },
    /// Reads a bridge and confirms.
    ReadBack {
        /// Bridge.
        bridge: Ref,
        /// Numbers and the configurations that must serve them.
        numbers: BTreeMap<String, Option<Ref>>,
    },
    /// Deletes an object.
    Delete {
        /// Identity.
        id: String,
        /// What the plan saw.
        before: BTreeMap<String, Value>,
        /// Connections (bridge, number) that were removed before it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cut: Vec<(String, String)>,
        /// Numbers that the delete itself removes from a bridge.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        frees: Vec<String>,
        /// Bridges that could not be read and may use it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread: Vec<String>,
        /// The earlier state of those numbers on it, where only the create of a bridge can restore them.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        prior_connections: BTreeMap<String, PriorConnection>,
    },
}

/// The earlier state of a number on a bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorConnection {
    /// The number's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Who served it.
    pub served: ServedState,
}

/// How to undo one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inverse {
    /// The steps that it undoes.
    pub of: Vec<String>,
    /// The object, attribute or number.
    pub what: String,
    /// The requests, in order. An id that a step creates is written as `{s1}`; the step that deletes an object represents the
    /// object that is recreated in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallV1>,
    /// What cannot be restored, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}
