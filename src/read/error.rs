//! Why the live state could not be read. Every error names the account, what was tried, what it means and what to do.

use crate::http::{AnswerClass, ApiError};
use crate::model::kind::SettingRole;
use crate::model::resource::{Account, UnreadableObject};
use crate::text::{escape, shorten};

/// Reading failed; nothing was written. The parts are separate, so that a view can lay them out.
#[derive(Debug, Clone, thiserror::Error)]
#[error("account `{account}`: {tried}: {means}. {help}.")]
pub struct ReadError {
    /// Code, such as `telform::live::incomplete`.
    pub code: &'static str,
    /// Name of the account.
    pub account: String,
    /// What was tried.
    pub tried: String,
    /// What happened and what that means.
    pub means: String,
    /// What the user can do.
    pub help: String,
    /// The request that failed, when it was one.
    pub request: Option<Box<ApiError>>,
}

impl ReadError {
    /// An error that telform itself detected. Texts may quote a service: they are escaped and shortened here.
    pub fn new(code: &'static str, account: &Account, tried: &str, means: &str, way_out: &str) -> Self {
        Self {
            code,
            account: account.name.clone(),
            tried: tried.to_owned(),
            means: shorten(&escape(means)),
            help: escape(way_out),
            request: None,
        }
    }

    /// A request that failed.
    pub fn from_request(account: &Account, tried: &str, error: ApiError) -> Self {
        let (meaning, way_out) = advise_on_error(account, &error);
        Self {
            code: error_code(&error),
            account: account.name.clone(),
            tried: tried.to_owned(),
            means: format!("{meaning} ({error})"),
            help: way_out,
            request: Some(Box::new(error)),
        }
    }

    /// An answer with an unexpected shape.
    pub fn wrong_shape(account: &Account, tried: &str, what: &str) -> Self {
        let way_out = "Check that the base URL leads to the service itself and not to a proxy or another version, and report \
                       it if it does";
        Self::new(
            "telform::live::shape",
            account,
            tried,
            &format!("the answer does not have the documented form: {what}"),
            way_out,
        )
    }

    /// More data than telform keeps for one account.
    pub fn too_much(account: &Account, tried: &str, most: usize) -> Self {
        let way_out = "Check that the base URL leads to the service itself; if the account is this large, spread its objects \
                       over several accounts";
        let means = format!("the account returns more data than telform keeps in memory ({} MiB)", most / (1024 * 1024));
        Self::new("telform::live::too_much", account, tried, &means, way_out)
    }

    /// A listing that stayed incomplete.
    pub fn incomplete_listing(account: &Account, tried: &str, what: &str) -> Self {
        let way_out = "Nothing is planned from half a listing, because what is missing would look deleted. Run again when \
                       the account is not being changed";
        Self::new("telform::live::incomplete", account, tried, &format!("incomplete listing, read twice: {what}"), way_out)
    }
}

impl ReadError {
    /// Whether this concerns only the listing that was tried: the service answered, and neither the token, its rate nor
    /// a setting of the account is the reason.
    pub fn is_about_the_listing(&self) -> bool {
        let word = self.code.rsplit("::").next().unwrap_or_default();
        SettingRole::ALL.iter().all(|role| role.as_str() != word) && self.request.as_deref().is_none_or(is_about_the_object)
    }

    /// Whether the service answered that there is no such thing, or that this token may not read it.
    pub fn is_denied(&self) -> bool {
        self.request.as_deref().is_some_and(|error| matches!(error.class, AnswerClass::Gone | AnswerClass::Forbidden))
    }
}

/// Whether a failed read of one object concerns only that object: the service answered, and neither the token nor its rate
/// is the reason.
pub(super) fn is_about_the_object(error: &ApiError) -> bool {
    error.status.is_some() && !matches!(error.class, AnswerClass::Unauthorized | AnswerClass::Throttled)
}

/// Why one object could not be read, as a fact about that object; an error where it concerns the account.
pub fn unreadable_object(error: ReadError, may_use: bool) -> Result<UnreadableObject, ReadError> {
    if error.request.as_ref().is_some_and(|request| !is_about_the_object(request)) {
        return Err(error);
    }
    Ok(UnreadableObject { why: error.means, help: error.help, may_use })
}

fn error_code(error: &ApiError) -> &'static str {
    match error.class {
        AnswerClass::Unauthorized => "telform::live::unauthorized",
        AnswerClass::Forbidden => "telform::live::forbidden",
        AnswerClass::NoSuchPath => "telform::live::no_such_path",
        AnswerClass::Gone => "telform::live::gone",
        AnswerClass::Throttled => "telform::live::throttled",
        AnswerClass::NoAnswer if error.status.is_none() => "telform::live::unreachable",
        AnswerClass::ServerFault | AnswerClass::NoAnswer => "telform::live::service_failed",
        AnswerClass::Unexpected => "telform::live::unexpected",
        AnswerClass::Refused | AnswerClass::Conflict | AnswerClass::Ok => "telform::live::refused",
    }
}

fn advise_on_error(account: &Account, error: &ApiError) -> (&'static str, String) {
    let name = &account.name;
    match error.class {
        AnswerClass::Unauthorized => (
            "the token is not accepted",
            format!("Check the source that `accounts.{name}.token` names, and that the token has not expired"),
        ),
        AnswerClass::Forbidden => match account.service.setting_of(SettingRole::Organization) {
            // The answer is the same for both.
            Some(setting) => (
                "the organization is not the token's, or the token may not read this",
                format!("Check `accounts.{name}.{}`, and that the token may read this in that organization", setting.name),
            ),
            None => (
                "the token does not allow reading this",
                format!("Give the token of account `{name}` the right to read it, and check the account's settings"),
            ),
        },
        AnswerClass::NoSuchPath => ("the path does not exist", format!("Check `accounts.{name}.base_url`")),
        AnswerClass::Gone => (
            "it does not exist",
            format!("Check `accounts.{name}.base_url`; if that is right, run again: the account may be changing at this moment"),
        ),
        AnswerClass::Throttled => {
            ("the service asks for fewer requests", format!("Run again later, or lower `accounts.{name}.requests_per_minute`"))
        }
        AnswerClass::NoAnswer if error.status.is_none() => {
            ("the service cannot be reached", format!("Check the network and `accounts.{name}.base_url`"))
        }
        AnswerClass::ServerFault | AnswerClass::NoAnswer => {
            ("the service failed", "Run again later; the service's status page may say more".to_owned())
        }
        AnswerClass::Unexpected => (
            "the answer looks like a success but is not one",
            format!("Check `accounts.{name}.base_url` and the account's settings"),
        ),
        AnswerClass::Refused | AnswerClass::Conflict | AnswerClass::Ok => {
            ("the service refused to answer", "See the service's answer".to_owned())
        }
    }
}
