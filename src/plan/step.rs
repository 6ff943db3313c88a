//! What is sent to the server: one [`Step`] for each request, with its preconditions and its expected result.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::call::{BodyValue, Call, CallBody, StepId};
use crate::model::resource::{Address, ServedBy};
use crate::model::value::{AttributeValues, Value, serialize_values};

/// The phases, in the order in which a plan goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPhase {
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
    /// Deletes: bridges, then providers, then partners.
    Delete,
    /// Bridges that include the numbers that a delete has freed, where numbers join a bridge only when it is created. Each
    /// starts as soon as its delete is done.
    TakeOver,
}

impl StepPhase {
    /// All, in order.
    pub const ALL: [Self; 7] =
        [Self::Create, Self::Update, Self::Rewire, Self::ReadBack, Self::Close, Self::Delete, Self::TakeOver];

    /// The phase's name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Rewire => "rewire",
            Self::ReadBack => "read back",
            Self::Close => "close",
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
    pub phase: StepPhase,
    /// Object whose change it carries out; none when it belongs to an object that telform does not manage (a bridge that
    /// uses a configuration).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The request.
    pub call: Call,
    /// What it does, its precondition about the target, and what must be true afterwards.
    pub operation: StepOperation,
    /// Why this request and not another, in one sentence without a full stop.
    pub why: String,
    /// What must be done before it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<Prerequisite>,
}

impl ObjectRef {
    /// The objects that a value of a request names.
    pub fn named_by(value: &BodyValue) -> Vec<Self> {
        match value {
            BodyValue::WithIds { ids, .. } => ids.values().cloned().map(Self::Step).collect(),
            BodyValue::Value(value) => value.text().map(|id| Self::Id(id.into_owned())).into_iter().collect(),
            BodyValue::IdOf(_) | BodyValue::Secret { .. } => Vec::new(),
        }
    }
}

impl Step {
    /// Whether it connects this number.
    pub fn connects(&self, of: &str) -> bool {
        matches!(&self.operation, StepOperation::Connect { number, .. } if number == of)
    }

    /// What its request sends of an attribute.
    pub fn sent_value(&self, name: &str) -> Option<&BodyValue> {
        self.call.body.as_ref().map(CallBody::own_entries)?.get(name)
    }

    /// The steps that it names as its prerequisites.
    pub fn steps_waited_for(&self) -> impl Iterator<Item = &StepId> {
        self.waits_for.iter().filter_map(Prerequisite::step)
    }

    /// The step with the ids in its natural key that earlier steps produced: a key names what was created before as well.
    pub fn with_ids_in_key(&self, id_of: impl Fn(&str) -> Option<String>) -> Cow<'_, Self> {
        let StepOperation::Create { key, .. } = &self.operation else { return Cow::Borrowed(self) };
        let sent = self.call.body.iter().flat_map(CallBody::own_entries).filter(|(name, _)| key.contains_key(name.as_str()));
        let filled = sent.filter_map(|(name, sent)| match sent {
            BodyValue::WithIds { value, ids } => {
                let value = BodyValue::fill_ids(&value.json(), ids, |step| id_of(step).ok_or_else(String::new));
                Some((name.as_str(), value.ok()?))
            }
            _ => None,
        });
        let filled: Vec<(&str, Value)> = filled.collect();
        if filled.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut step = self.clone();
        if let StepOperation::Create { key, expect, .. } = &mut step.operation {
            for (name, value) in filled {
                if let Some(expected) = expect.get_mut(name) {
                    expected.clone_from(&value);
                }
                key.insert(name.to_owned(), value);
            }
        }
        Cow::Owned(step)
    }

    /// Lets it wait for these steps, too, each once.
    pub(super) fn wait_for(&mut self, mut steps: BTreeSet<StepId>) {
        let known: BTreeSet<&StepId> = self.steps_waited_for().collect();
        steps.retain(|step| !known.contains(step));
        self.waits_for.extend(steps.into_iter().map(Prerequisite::Step));
    }
}

/// What must be done before a step starts: `s3`, or `phase:read_back`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Prerequisite {
    /// This step.
    Step(StepId),
    /// Every step of this phase. A step that needs a whole phase names it once, so that a plan grows with its changes.
    Phase(StepPhase),
}

/// The text before the name of a phase.
const PHASE_PREFIX: &str = "phase:";

impl Prerequisite {
    /// The step, where it is one.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::Step(step) => Some(step),
            Self::Phase(_) => None,
        }
    }
}

impl fmt::Display for Prerequisite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => f.write_str(step),
            Self::Phase(phase) => write!(f, "{PHASE_PREFIX}{}", phase.as_str().replace(' ', "_")),
        }
    }
}

impl From<Prerequisite> for String {
    fn from(of: Prerequisite) -> Self {
        of.to_string()
    }
}

impl TryFrom<String> for Prerequisite {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(name) = text.strip_prefix(PHASE_PREFIX) else { return Ok(Self::Step(text)) };
        let phase = StepPhase::ALL.into_iter().find(|phase| phase.as_str().replace(' ', "_") == name);
        phase.map(Self::Phase).ok_or_else(|| format!("{text} names a phase that does not exist"))
    }
}

/// An identity that is already known, or that a step of the plan creates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectRef {
    /// Known.
    Id(String),
    /// Created by this step.
    Step(StepId),
}

impl ObjectRef {
    /// As written in a path.
    pub fn in_path(&self) -> String {
        match self {
            Self::Id(id) => id.clone(),
            Self::Step(step) => format!("{{{step}}}"),
        }
    }

    /// The step that creates it, where it does not exist yet.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Step(step) => Some(step),
        }
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum StepOperation {
    /// Creates an object. Precondition: none with this natural key exists.
    Create {
        /// Natural key.
        #[serde(serialize_with = "serialize_values")]
        key: AttributeValues,
        /// What the answer must repeat (unpod.md 3: a service of another generation accepts the request and drops the value).
        #[serde(serialize_with = "serialize_values")]
        expect: AttributeValues,
        /// Secrets that it writes, by attribute.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
        /// Identity of the object that it replaces.
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
        /// The values that the plan saw of what it changes.
        #[serde(serialize_with = "serialize_values")]
        before: AttributeValues,
        /// What the answer must show.
        #[serde(serialize_with = "serialize_values")]
        expect: AttributeValues,
        /// Nested values that are not sent and must not change (carrierx.md 6.5).
        #[serde(default, skip_serializing_if = "AttributeValues::is_empty", serialize_with = "serialize_values")]
        untouched: AttributeValues,
        /// Secrets that it writes, by attribute.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    /// Lets a configuration serve a number on a bridge.
    Connect {
        /// Bridge.
        bridge: ObjectRef,
        /// E.164.
        number: String,
        /// Configuration.
        provider: ObjectRef,
        /// The state that the plan saw, or that an earlier step leaves.
        before: ServedBy,
    },
    /// Disconnects a number from a bridge.
    Disconnect {
        /// Bridge.
        bridge: String,
        /// E.164.
        number: String,
        /// What the plan saw.
        before: ServedBy,
    },
    /// Reads a bridge and confirms the result of its connects and disconnects.
    ReadBack {
        /// Bridge.
        bridge: ObjectRef,
        /// Numbers and the configuration that must serve them; none means that no configuration serves it any more.
        numbers: BTreeMap<String, Option<ObjectRef>>,
    },
    /// Deletes an object.
    Delete {
        /// Identity.
        id: String,
        /// What the plan saw of it.
        #[serde(serialize_with = "serialize_values")]
        before: AttributeValues,
        /// Connections (bridge, number) that were removed before it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cut: Vec<(String, String)>,
        /// Numbers that the delete itself removes from a bridge, because this generation cannot disconnect.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        frees: Vec<String>,
        /// Bridges that could not be read and may use it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread: Vec<String>,
        /// The earlier state of those numbers on it, where only the create of a bridge can restore them.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        prior_connections: BTreeMap<String, FreedNumber>,
    },
}

/// A number that is freed by the delete of its bridge, as it was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreedNumber {
    /// The number's own id, by which a create includes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Who served it.
    pub served: ServedBy,
}

impl StepOperation {
    /// Identity of the object of the same account that a create replaces.
    pub fn replaces_here(&self) -> Option<&String> {
        match self {
            Self::Create { replaces, replaces_in: None, .. } => replaces.as_ref(),
            _ => None,
        }
    }

    /// The word for it.
    pub fn as_str(&self) -> &'static str {
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
