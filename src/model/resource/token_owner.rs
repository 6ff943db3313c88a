//! The owner of an account's token, and what the token may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a service says about the owner of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenOwner {
    /// It was not asked: the service has no such request, or the answer was not needed.
    #[default]
    NotAsked,
    /// It does not say, with the reason. Nothing is then bound to the token.
    Unknown(String),
    /// This one.
    Known(TokenIdentity),
}

/// The owner of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenIdentity {
    /// Identity at the service: what plans and ledgers are bound to.
    pub id: String,
    /// Its name for people. Several logins may belong to one owner, so nothing is bound to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Scopes of the token, as far as they concern the kinds of the service; none where the service does not report them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<BTreeSet<String>>,
}

impl TokenOwner {
    /// Whether it was not asked.
    pub fn is_not_asked(&self) -> bool {
        *self == Self::NotAsked
    }

    /// The owner, where the service reports it.
    pub fn identity(&self) -> Option<&TokenIdentity> {
        match self {
            Self::Known(owner) => Some(owner),
            Self::NotAsked | Self::Unknown(_) => None,
        }
    }
}

impl TokenIdentity {
    /// Whether the token has none of these scopes. A word that may cover a whole kind is assumed to cover it: no page says that
    /// it does not.
    pub fn lacks_scopes(&self, any_of: &[String]) -> bool {
        let Some(scopes) = &self.scopes else { return false };
        let kind = |scope: &str| scope.split('.').next().unwrap_or_default().to_owned();
        let has = |scope: &str| scopes.contains(scope);
        !any_of.iter().any(|scope| has(scope) || has(&kind(scope)) || has(&format!("{}.*", kind(scope))) || has("*"))
    }
}
