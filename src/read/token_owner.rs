//! The owner of the token, read concurrently with everything else (carrierx.md 1.3). An answer without an owner is not an error:
//! then nothing is bound to the token.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::timeout;

use super::{AccountReader, ReadError};
use crate::http::AnswerClass;
use crate::model::kind::{ServiceTable, TokenOwnerQuery};
use crate::model::ledger::Ledger;
use crate::model::resource::{Account, LiveAccount, TokenIdentity, TokenOwner};
use crate::model::value::Value;
use crate::text::{escape, shorten};

/// What is tried.
const ASKING: &str = "asking who owns the token";

/// How long the answer is awaited after everything else is read.
const PATIENCE: Duration = Duration::from_secs(5);

/// Levels of maps in which the owner is looked for.
const MOST_LEVELS: usize = 4;

/// Longest identity and login that are kept.
const LONGEST: usize = 200;

/// Most scopes that are kept.
const MOST_SCOPES: usize = 1000;

impl AccountReader<'_> {
    /// Reads something and, where this run does not know it yet, the owner of the token.
    pub(super) async fn and_owner(
        &self,
        reading: impl Future<Output = Result<LiveAccount, ReadError>>,
    ) -> Result<LiveAccount, ReadError> {
        let (Some(known), Some(words)) = (self.scope.owners, self.account.service.whoami) else {
            return reading.await;
        };
        let (mut live, owner) = match known.get(&self.account.name) {
            Some(owner) => (reading.await?, owner.clone()),
            None => {
                let (read, owner) = match select(pin!(reading), pin!(self.read_token_owner(words))).await {
                    Either::Left((read, asking)) => {
                        let late = |_| Ok(TokenOwner::Unknown("no answer in time".to_owned()));
                        (read?, timeout(PATIENCE, asking).await.unwrap_or_else(late))
                    }
                    Either::Right((owner, reading)) => {
                        if let Ok(owner) = &owner {
                            check_owner(self.account, self.ledger, owner)?;
                        }
                        (reading.await?, owner)
                    }
                };
                (read, owner?)
            }
        };
        check_owner(self.account, self.ledger, &owner)?;
        live.facts.token_owner = owner;
        Ok(live)
    }

    /// An invalid token is an error, as everywhere.
    async fn read_token_owner(&self, words: &TokenOwnerQuery) -> Result<TokenOwner, ReadError> {
        Ok(match self.get_json(words.path, &[]).await {
            Ok(body) => match owner_in(&body, words, self.account.service) {
                Some(owner) => TokenOwner::Known(owner),
                None => TokenOwner::Unknown(format!("the answer of {} names no `{}`", words.path, words.id)),
            },
            Err(error) if error.class == AnswerClass::Unauthorized => {
                return Err(ReadError::from_request(self.account, ASKING, error));
            }
            Err(error) => TokenOwner::Unknown(shorten(&escape(&error.to_string()))),
        })
    }
}

/// Refuses a token whose owner differs from the one with whose token the ledger's entries were read.
pub fn check_owner(account: &Account, ledger: &Ledger, owner: &TokenOwner) -> Result<(), ReadError> {
    let Some((owner, was)) = owner.identity().and_then(|owner| Some((owner, ledger.other_owner(&account.name, &owner.id)?)))
    else {
        return Ok(());
    };
    let word = account.service.whoami.map_or("identity", |words| words.id);
    let login = owner.login.as_ref().map(|login| format!(", login {}", escape(login)));
    Err(ReadError::new(
        "telform::ledger::other_token",
        account,
        ASKING,
        &format!(
            "the ledger records objects of {word} {was}, but this token belongs to {word} {}{}",
            owner.id,
            login.unwrap_or_default()
        ),
        &format!(
            "Use a token of {was} in the source that `accounts.{}.token` names, or use another ledger for this token: `telform --ledger FILE ledger rebuild` creates it from the YAML and the service",
            account.name
        ),
    ))
}

/// The owner in an answer of an undocumented shape: the first level of maps that names one decides. A level that names two
/// decides nothing.
fn owner_in(body: &Value, words: &TokenOwnerQuery, service: &ServiceTable) -> Option<TokenIdentity> {
    let (mut level, mut above) = (vec![body], Vec::new());
    for _ in 0..MOST_LEVELS {
        let named: Vec<(String, &Value)> = level.iter().filter_map(|at| Some((identity_text(at.get(words.id)?)?, *at))).collect();
        if let Some((id, at)) = named.first() {
            if named.iter().any(|(other, _)| other != id) {
                return None;
            }
            // Keys beside it take precedence over keys around it.
            let around = || [*at].into_iter().chain(above.iter().rev().copied());
            return Some(TokenIdentity {
                id: id.clone(),
                login: around().find_map(|at| login_text(at.get(words.login)?)),
                scopes: around().find_map(|at| kind_scopes(at.get(words.scopes)?, service)),
            });
        }
        above.extend(level.iter().copied().filter(|at| at.is_object()));
        level = level.into_iter().flat_map(map_values).collect();
    }
    None
}

/// What a map contains. A list is about other objects: a proxy may answer every path with the partners.
fn map_values(value: &Value) -> Vec<&Value> {
    value.as_object().map_or_else(Vec::new, |map| map.values().collect())
}

/// An identity: printable ASCII, or a number.
fn identity_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(text)
}

fn login_text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(LONGEST).collect())
}

/// Scopes about the kinds of the service; `None` where the answer has no scopes at all and so does not report them.
fn kind_scopes(value: &Value, service: &ServiceTable) -> Option<BTreeSet<String>> {
    let split = |text: &str| -> Vec<String> {
        let words = text.split(|letter: char| letter.is_whitespace() || letter == ',');
        words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect()
    };
    let all: Vec<String> = match value {
        Value::String(text) => split(text),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(split)).collect::<Option<Vec<_>>>()?.concat(),
        _ => return None,
    };
    let about = |scope: &str| {
        let kind = scope.split('.').next().unwrap_or_default();
        scope == "*" || service.kinds.iter().any(|it| it.scope == Some(kind))
    };
    (!all.is_empty()).then(|| all.into_iter().filter(|scope| about(scope)).take(MOST_SCOPES).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::kind::Kind;

    static WHOAMI: TokenOwnerQuery = TokenOwnerQuery { path: "whoami", id: "partner_sid", login: "login", scopes: "scopes" };
    static PARTNERS: Kind = Kind::new("partners", "partner", "").scope("partners");
    static TABLE: ServiceTable = ServiceTable::new("made-up", "Made-up", "").kinds(&[&PARTNERS]);

    fn read(body: Value) -> Option<TokenIdentity> {
        owner_in(&body, &WHOAMI, &TABLE)
    }

    #[test]
    fn an_owner_is_found_in_whatever_shape_names_one() {
        let known = |id: &str, login: Option<&str>, scopes: Option<&[&str]>| {
            let scopes = scopes.map(|all| all.iter().map(|scope| (*scope).to_owned()).collect());
            Some(TokenIdentity { id: id.to_owned(), login: login.map(str::to_owned), scopes })
        };
        for (body, owner) in [
            (json!({"partner_sid": "p-1"}), known("p-1", None, None)),
            (json!({"partner_sid": 17, "login": "acme"}), known("17", Some("acme"), None)),
            (
                json!({"partner": {"partner_sid": "p-1", "login": "acme"}, "scopes": "partners.read\toauth.read, PARTNERS.create"}),
                known("p-1", Some("acme"), Some(&["partners.create", "partners.read"])),
            ),
            (
                json!({"body": {"partner_sid": "p-1", "scopes": ["numbers.read"]}, "login": "around"}),
                known("p-1", Some("around"), Some(&[])),
            ),
            // Deeper levels belong to another owner.
            (json!({"partner_sid": "p-1", "parent": {"partner_sid": "p-0", "login": "above"}}), known("p-1", None, None)),
            (json!({"partner_sid": "p-1", "scopes": [], "login": ""}), known("p-1", None, None)),
            (json!({"partner_sid": "p-1", "scopes": ["partners.read", 7]}), known("p-1", None, None)),
            (json!({"partner_sid": "", "partner": {"partner_sid": "p-2"}}), known("p-2", None, None)),
            (json!({"a": {"partner_sid": "p-1"}, "b": {"partner_sid": "p-1"}}), known("p-1", None, None)),
            (json!({"a": {"partner_sid": "p-1"}, "b": {"partner_sid": "p-2"}}), None),
            (json!([{"partner_sid": "p-1"}]), None),
            (json!({"items": [{"partner_sid": "p-1"}], "has_more": false}), None),
            (json!({"partner_sid": "two words"}), None),
            (json!({"partner_sid": "\u{202e}p-1"}), None),
            (json!({"partner_sid": "x".repeat(201)}), None),
            (json!({"partner_sid": null}), None),
            (json!({"sid": "p-1"}), None),
            (json!("p-1"), None),
            (json!(null), None),
            (json!({"a": {"a": {"a": {"a": {"partner_sid": "p-1"}}}}}), None),
        ] {
            assert_eq!(read(body.clone()), owner, "{body}");
        }
    }

    #[test]
    fn a_scope_is_lacking_only_where_the_scopes_are_told() {
        let needed = ["partners.create".to_owned(), "partners.manage".to_owned()];
        for (scopes, lacks) in [
            (json!(null), false),
            (json!(""), false),
            (json!([]), false),
            (json!(["partners.create"]), false),
            (json!("oauth.read partners.manage"), false),
            (json!(["*"]), false),
            (json!(["partners.*"]), false),
            (json!(["partners"]), false),
            (json!(["partners.read", "partners.update"]), true),
            (json!("oauth.read"), true),
            (json!(["partnersx.create"]), true),
        ] {
            let owner = read(json!({"partner_sid": "p-1", "scopes": scopes.clone()})).expect("an owner");
            assert_eq!(owner.lacks_scopes(&needed), lacks, "{scopes}");
        }
    }
}
