//! Who serves a number.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Who serves a number on a bridge (unpod.md 10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServedBy {
    /// The number is not on the bridge.
    NotThere,
    /// It is on the bridge, and no configuration serves it.
    Unserved,
    /// This configuration serves it.
    By {
        /// Its id.
        id: String,
        /// How that is known.
        known: Known,
    },
    /// It is on the bridge, and one of these serves it. None of them: something serves it that no configuration of the account
    /// accounts for.
    OneOf(BTreeSet<String>),
    /// A configuration of another organization, or of none, serves it (unpod.md 10.1). It is never changed; see
    /// [`Self::in_plan`].
    #[serde(skip)]
    Foreign {
        /// Its id.
        id: String,
        /// Its organization.
        owner: Option<String>,
    },
    /// It is on the bridge, and that one row does not say who serves it (generation 2). No plan holds this.
    #[serde(skip)]
    NotTold,
}

/// How it is known which configuration serves a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// An id in the row says so.
    Exact,
    /// The row's provider has just one configuration.
    Inferred,
    /// telform's own ledger says so, and the row's provider agrees.
    Recorded,
}

impl ServedBy {
    /// A row names this configuration.
    pub fn exact(id: String) -> Self {
        Self::By { id, known: Known::Exact }
    }

    /// The row's provider has only this configuration.
    pub fn inferred(id: String) -> Self {
        Self::By { id, known: Known::Inferred }
    }

    /// The ledger names this configuration.
    pub fn recorded(id: String) -> Self {
        Self::By { id, known: Known::Recorded }
    }

    /// The configuration, when it is certain.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::By { id, .. } | Self::Foreign { id, .. } => Some(id),
            Self::NotThere | Self::Unserved | Self::OneOf(_) | Self::NotTold => None,
        }
    }

    /// Whether the configuration serves the number, or may do so.
    pub fn may_be(&self, id: &str) -> bool {
        match self {
            Self::By { id: other, .. } | Self::Foreign { id: other, .. } => other == id,
            Self::OneOf(candidates) => candidates.contains(id),
            Self::NotTold => true,
            Self::NotThere | Self::Unserved => false,
        }
    }

    /// Whether something serves the number, or may do so.
    pub fn may_serve(&self) -> bool {
        !matches!(self, Self::NotThere | Self::Unserved)
    }

    /// As a plan tells it: whose a configuration is does not matter to a step.
    pub fn in_plan(&self) -> Self {
        match self {
            Self::Foreign { id, .. } => Self::exact(id.clone()),
            other => other.clone(),
        }
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::By { known: Known::Exact, .. } => "exact",
            Self::By { known: Known::Inferred, .. } => "inferred",
            Self::By { known: Known::Recorded, .. } => "recorded",
            Self::OneOf(_) => "(one of several)",
            Self::Unserved => "unserved",
            Self::Foreign { .. } => "foreign",
            Self::NotThere => "not there",
            Self::NotTold => "not told",
        }
    }

    /// What a bridge shows of the number, in words for messages. `target` is the word for what serves numbers.
    pub fn describe(&self, target: &str) -> String {
        match self {
            Self::NotThere => "is not on it".to_owned(),
            Self::Unserved => format!("is on it and no {target} serves it"),
            Self::By { id, .. } | Self::Foreign { id, .. } => format!("is served by {target} {id}"),
            Self::OneOf(ids) if ids.is_empty() => "is served by something unknown".to_owned(),
            Self::OneOf(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                format!("may be served by {target} {}", ids.join(" or "))
            }
            Self::NotTold => "is still on it".to_owned(),
        }
    }
}
