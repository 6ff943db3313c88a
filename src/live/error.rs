//! Why the live state could not be read. Every error says whose account, what was tried, what it means and the way out.

use crate::api::{ApiError, Verdict};
use crate::resource::{Account, Unreadable};
use crate::text::{clean, shorten};

/// Reading failed; nothing was written. The parts stand apart, so that a view may lay them out.
#[derive(Debug, Clone, thiserror::Error)]
#[error("account `{account}`: {tried}: {means}. {way_out}.")]
pub struct LiveError {
    /// Code, such as `telform::live::incomplete`.
    pub code: &'static str,
    /// Name of the account.
    pub account: String,
    /// What was tried.
    pub tried: String,
    /// What happened and what that means.
    pub means: String,
    /// What the user can do.
    pub way_out: String,
    /// The request that failed, when it was one.
    pub request: Option<Box<ApiError>>,
}

impl LiveError {
    /// An error of our own finding. Texts may hold what a service said: they are escaped and shortened here.
    pub(super) fn new(
        code: &'static str,
        account: &Account,
        tried: &str,
        means: &str,
        way_out: &str,
    ) -> Self {
        Self {
            code,
            account: account.name.clone(),
            tried: tried.to_owned(),
            means: shorten(&clean(means)),
            way_out: clean(way_out),
            request: None,
        }
    }

    /// A request that failed.
    pub(super) fn request(account: &Account, tried: &str, error: ApiError) -> Self {
        let (meaning, way_out) = advice(account, &error);
        Self {
            code: code(&error),
            account: account.name.clone(),
            tried: tried.to_owned(),
            means: format!("{meaning} ({error})"),
            way_out,
            request: Some(Box::new(error)),
        }
    }

    /// An answer of a shape that this kind of answer does not have.
    pub(super) fn shape(account: &Account, tried: &str, what: &str) -> Self {
        let way_out = "Check that the base URL leads to the service itself and not to a proxy or another version, and report \
                       it if it does";
        Self::new(
            "telform::live::shape",
            account,
            tried,
            &format!("the answer is not what this service sends: {what}"),
            way_out,
        )
    }

    /// More than telform keeps of one account.
    pub(super) fn too_much(account: &Account, tried: &str, most: usize) -> Self {
        let way_out = "Check that the base URL leads to the service itself; if the account is this large, spread its objects \
                       over several accounts";
        let means =
            format!("the account shows more than telform keeps in memory ({} MiB)", most / (1024 * 1024));
        Self::new("telform::live::too_much", account, tried, &means, way_out)
    }

    /// A listing that stayed incomplete.
    pub(super) fn incomplete(account: &Account, tried: &str, what: &str) -> Self {
        let way_out = "Nothing is planned on half a listing, because what is missing would look deleted. Run again when \
                       nobody is changing the account";
        Self::new(
            "telform::live::incomplete",
            account,
            tried,
            &format!("incomplete listing, read twice: {what}"),
            way_out,
        )
    }
}

impl LiveError {
    /// Whether this is about the one listing that was tried: the service answered, and neither the token, its rate nor a
    /// setting of the account is the reason.
    pub(super) fn is_about_the_listing(&self) -> bool {
        let of_settings = ["product_id", "organization", "generation"];
        let word = self.code.rsplit("::").next().unwrap_or_default();
        !of_settings.contains(&word) && self.request.as_deref().is_none_or(is_about_the_object)
    }
}

/// Whether a failed read of one object is about that object alone: the service answered, and neither the token nor its rate
/// is the reason.
pub(super) fn is_about_the_object(error: &ApiError) -> bool {
    error.status.is_some() && !matches!(error.verdict, Verdict::Unauthorized | Verdict::Throttled)
}

/// What kept one object from being read, as what is known about that object; an error where it is about the account.
pub(super) fn unreadable(error: LiveError, may_use: bool) -> Result<Unreadable, LiveError> {
    if error.request.as_ref().is_some_and(|request| !is_about_the_object(request)) {
        return Err(error);
    }
    Ok(Unreadable { why: error.means, help: error.way_out, may_use })
}

fn code(error: &ApiError) -> &'static str {
    match error.verdict {
        Verdict::Unauthorized => "telform::live::unauthorized",
        Verdict::Forbidden => "telform::live::forbidden",
        Verdict::NoSuchPath => "telform::live::no_such_path",
        Verdict::Gone => "telform::live::gone",
        Verdict::Throttled => "telform::live::throttled",
        Verdict::NoAnswer if error.status.is_none() => "telform::live::unreachable",
        Verdict::ServerFault | Verdict::NoAnswer => "telform::live::service_failed",
        Verdict::Unexpected => "telform::live::unexpected",
        Verdict::Refused | Verdict::Conflict | Verdict::Ok => "telform::live::refused",
    }
}

fn advice(account: &Account, error: &ApiError) -> (&'static str, String) {
    let name = &account.name;
    match error.verdict {
        Verdict::Unauthorized => (
            "the token is not accepted",
            format!(
                "Check the source that `accounts.{name}.token` names, and that the token has not expired"
            ),
        ),
        Verdict::Forbidden => (
            "the token may not read this",
            format!(
                "Give the token of account `{name}` the right to read it, and check the account's settings"
            ),
        ),
        Verdict::NoSuchPath => ("there is no such path", format!("Check `accounts.{name}.base_url`")),
        Verdict::Gone => (
            "it is not there",
            format!(
                "Check `accounts.{name}.base_url`; if that is right, run again: somebody may be changing the account"
            ),
        ),
        Verdict::Throttled => (
            "the service asks for fewer requests",
            format!("Run again later, or lower `accounts.{name}.requests_per_minute`"),
        ),
        Verdict::NoAnswer if error.status.is_none() => {
            ("the service cannot be reached", format!("Check the network and `accounts.{name}.base_url`"))
        }
        Verdict::ServerFault | Verdict::NoAnswer => {
            ("the service failed", "Run again later; the service's own status page may say more".to_owned())
        }
        Verdict::Unexpected => (
            "the answer looks like a success and is none",
            format!("Check `accounts.{name}.base_url` and the account's settings"),
        ),
        Verdict::Refused | Verdict::Conflict | Verdict::Ok => {
            ("the service refused to answer", "See the service's own words".to_owned())
        }
    }
}
