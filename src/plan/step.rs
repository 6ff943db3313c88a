//! What is sent, for the server: one [`Step`] for each request, with what it believes and what it must bring about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::{Call, StepId};
use crate::resource::Address;
use crate::value::Value;

/// The phases, in the order in which a plan goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// Deletes: bridges, then providers, then partners.
    Delete,
    /// Bridges that take along the numbers that a delete has freed, where numbers join a bridge only when it is made. Each
    /// starts as soon as its delete is done.
    TakeOver,
}

impl Phase {
    /// The phase's name for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Rewire => "rewire",
            Self::ReadBack => "read back",
            Self::Delete => "delete",
            Self::TakeOver => "take over",
        }
    }
}

/// One request of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the plan.
    pub id: StepId,
    /// Its phase.
    pub phase: Phase,
    /// Object whose change it carries out; none when it belongs to an object that telform does not manage (a bridge that
    /// uses a configuration).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The request.
    pub call: Call,
    /// What it does, what it believes about the target, and what must be true after it.
    pub operation: Operation,
    /// Why this request and not another, in one sentence without a full stop.
    pub why: String,
    /// Steps that must be done before it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<StepId>,
}

/// An identity that is known now, or that a step of the plan makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ref {
    /// Known.
    Id(String),
    /// Made by this step.
    Step(StepId),
}

impl Ref {
    /// As it stands in a path.
    pub fn in_path(&self) -> String {
        match self {
            Self::Id(id) => id.clone(),
            Self::Step(step) => format!("{{{step}}}"),
        }
    }
}

/// Who serves a number, as far as the plan knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// The number is not on the bridge.
    NotThere,
    /// It is on the bridge, and no configuration serves it.
    Unserved,
    /// This configuration serves it, with the word for how that is known.
    By {
        /// Id of the configuration.
        id: String,
        /// `exact`, `inferred` or `recorded`.
        known: String,
    },
    /// It is on the bridge, and one of these serves it.
    OneOf(Vec<String>),
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Operation {
    /// Makes an object. Believes that none with this natural key exists.
    Create {
        /// Natural key.
        key: BTreeMap<String, Value>,
        /// What the answer must repeat (unpod.md 3: a service of another generation takes the request and drops it).
        expect: BTreeMap<String, Value>,
        /// Secrets that it writes, by attribute.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
        /// Identity of the object whose place it takes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
        /// Account of that object, where it is another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces_in: Option<String>,
    },
    /// Changes an object.
    Update {
        /// Identity.
        id: String,
        /// What the plan saw of what it changes.
        before: BTreeMap<String, Value>,
        /// What the answer must show.
        expect: BTreeMap<String, Value>,
        /// Nested values that are not sent and must stay as they were (carrierx.md 6.5).
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        untouched: BTreeMap<String, Value>,
        /// Secrets that it writes, by attribute.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    /// Lets a configuration serve a number on a bridge.
    Connect {
        /// Bridge.
        bridge: Ref,
        /// E.164.
        number: String,
        /// Configuration.
        provider: Ref,
        /// What the plan saw, or what an earlier step leaves.
        before: Served,
    },
    /// Takes a number off a bridge.
    Disconnect {
        /// Bridge.
        bridge: String,
        /// E.164.
        number: String,
        /// What the plan saw.
        before: Served,
    },
    /// Reads a bridge and confirms what the rewiring did.
    ReadBack {
        /// Bridge.
        bridge: Ref,
        /// Numbers and the configuration that must serve them; none means that no configuration serves it any more.
        numbers: BTreeMap<String, Option<Ref>>,
    },
    /// Deletes an object.
    Delete {
        /// Identity.
        id: String,
        /// What the plan saw of it.
        before: BTreeMap<String, Value>,
        /// Connections (bridge, number) that were cut before it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cut: Vec<(String, String)>,
        /// Numbers that the delete itself takes off a bridge, because this generation cannot disconnect.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        frees: Vec<String>,
        /// Bridges that could not be read and may use it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread: Vec<String>,
        /// How those numbers stood on it, where they can only come back when a bridge is created.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        seats: BTreeMap<String, Seat>,
    },
}

/// How a number stood on a bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The number's own id, by which a create takes it along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Who served it.
    pub served: Served,
}

impl Operation {
    /// Identity of the object of the same account whose place a create takes.
    pub fn replaces_here(&self) -> Option<&String> {
        match self {
            Self::Create { replaces, replaces_in: None, .. } => replaces.as_ref(),
            _ => None,
        }
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Connect { .. } => "connect",
            Self::Disconnect { .. } => "disconnect",
            Self::ReadBack { .. } => "read back",
            Self::Delete { .. } => "delete",
        }
    }
}
