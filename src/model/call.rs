//! One REST request as data. It can be printed, stored and compared, and it holds no secret: a secret is represented by
//! the address and attribute that it comes from, and the id of an object that does not exist yet by the step that creates
//! it.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::resource::Address;
use crate::model::value::{CompactValue, Value};

/// Method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RequestMethod {
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

impl fmt::Display for RequestMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        })
    }
}

/// Name of a step in its plan: `s1`, `s2`, in the order in which the plan lists them.
pub type StepId = String;

/// One request. The path is below the account's base URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Account whose base URL and token are used.
    pub account: String,
    /// Method.
    pub method: RequestMethod,
    /// Path below the base URL with every known id filled in; an id that an earlier step will produce is written as `{s3}`.
    pub path: String,
    /// Query arguments, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<CallBody>,
    /// Headers of this call alone, in place of the account's. Only reads have them: the request of a step is exactly what the
    /// plan shows.
    #[serde(skip)]
    pub headers: Vec<(&'static str, String)>,
}

/// The entries of a body, in order.
pub type BodyEntries = IndexMap<SmolStr, BodyValue>;

/// Body of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallBody {
    /// An object with these entries. A key with a dot, `outer.inner`, is sent as `inner` inside a map `outer`.
    Object(BodyEntries),
    /// The whole object as it is read right before the request, with these entries laid over it; `fields` are all that
    /// must be present, in order (carrierx.md 6.4).
    Overlay {
        /// Keys that must be present.
        fields: Vec<String>,
        /// Entries that differ from the object.
        set: BodyEntries,
    },
}

impl CallBody {
    /// The entries that telform itself decides.
    pub fn own_entries(&self) -> &BodyEntries {
        match self {
            Self::Object(entries) | Self::Overlay { set: entries, .. } => entries,
        }
    }
}

/// One value in a body. A plan may have a million of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyValue {
    /// This value.
    Value(CompactValue),
    /// The secret of this attribute, filled in where it is sent.
    Secret {
        /// The owner of the secret.
        address: Box<Address>,
        /// Which attribute.
        attribute: SmolStr,
    },
    /// The id that a step of the same plan produces.
    IdOf(StepId),
    /// A value that holds ids which steps of the same plan produce.
    WithIds {
        /// The value: in place of each id an empty text, or 0 where the service writes ids as numbers.
        value: Box<CompactValue>,
        /// The step that produces each of them, by JSON pointer into the value.
        ids: BTreeMap<String, StepId>,
    },
}

impl BodyValue {
    /// The value as far as the plan knows it: ids of objects that do not exist yet are blank. None for a secret, or an id alone.
    pub fn known_value(&self) -> Option<&CompactValue> {
        match self {
            Self::Value(value) => Some(value),
            Self::WithIds { value, .. } => Some(value),
            Self::IdOf(_) | Self::Secret { .. } => None,
        }
    }

    /// The steps whose ids it holds.
    pub fn steps_used(&self) -> Vec<&StepId> {
        match self {
            Self::IdOf(step) => vec![step],
            Self::WithIds { ids, .. } => ids.values().collect(),
            Self::Value(_) | Self::Secret { .. } => Vec::new(),
        }
    }

    /// A value with the ids in it filled in, as text or as number like what is in their place.
    pub fn fill_ids(
        value: &Value,
        ids: &BTreeMap<String, StepId>,
        mut id_of: impl FnMut(&str) -> Result<String, String>,
    ) -> Result<Value, String> {
        let mut filled = value.clone();
        for (pointer, step) in ids {
            let id = id_of(step)?;
            let place = filled.pointer_mut(pointer).ok_or_else(|| format!("the body has no place {pointer} for an id"))?;
            *place = match (place.is_number(), id.parse::<u64>()) {
                (true, Ok(number)) => Value::from(number),
                (true, Err(_)) => return Err(format!("step {step} left no number as its id")),
                (false, _) => Value::from(id),
            };
        }
        Ok(filled)
    }
}

/// Whether an identity is a single path segment: nothing in it leads to another object or endpoint.
pub fn is_segment(id: &str) -> bool {
    let vanishes = id.is_empty() || matches!(id, "." | "..");
    let unfilled = id.starts_with('{') && id.ends_with('}');
    // URL parsers drop tabs and line breaks, and the rest may be the identity of another object.
    !vanishes && !unfilled && !id.contains(['/', '\t', '\r', '\n'])
}

impl Call {
    /// A GET without a body: all that planning can express.
    pub fn get(account: &str, path: impl Into<String>) -> Self {
        Self {
            account: account.to_owned(),
            method: RequestMethod::Get,
            path: path.into(),
            query: Vec::new(),
            body: None,
            headers: Vec::new(),
        }
    }

    /// Adds a query argument.
    #[must_use]
    pub fn with_query(mut self, key: &str, value: impl Into<String>) -> Self {
        self.query.push((key.to_owned(), value.into()));
        self
    }

    /// Path and query as they will be sent, ids of later steps still as `{s3}`.
    pub fn path_and_query(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let query: Vec<String> = self.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("{}?{}", self.path, query.join("&"))
    }
}
