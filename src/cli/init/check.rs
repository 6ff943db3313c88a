//! Whether an account's token is accepted: one GET, before anything is written.

use super::super::embedded::Embedded;
use super::super::exit::Failure;
use super::super::out::Out;
use super::loaded;
use super::login::Login;
use crate::api::ReadOnly;
use crate::api::http::{self, Http};
use crate::hooks;
use crate::ledger::{Key, LedgerError};
use crate::live::{self, Hello};
use crate::problem::Problems;
use crate::resource::{Desired, SecretSource};
use crate::secrets::{self, Resolved};
use crate::view::plural;

/// Who is asked.
pub(super) struct Services<'a> {
    /// The simulator, when it stands in for the services.
    pub(super) sandbox: Option<&'a Embedded>,
    /// Whether anybody is asked at all.
    pub(super) asks: bool,
}

/// How the check of one account came out.
pub(super) enum Checked {
    /// The service answered.
    Accepted(Hello),
    /// Nobody was asked; why, and what to do.
    Not {
        /// Why not, as the end of a sentence about the token.
        why: String,
        /// What to do.
        mend: String,
    },
    /// Nobody was asked, because nobody should be.
    Unasked,
    /// The service did not accept it, or is not there.
    Failed(Failure),
}

impl Checked {
    /// What to say about it.
    pub(super) fn words(&self, login: &Login, services: &Services<'_>) -> String {
        let name = &login.name;
        match self {
            Self::Accepted(hello) => {
                // The simulator has tokens of its own, so nothing is known about the user's.
                let who =
                    if services.sandbox.is_some() { "the sandbox answers" } else { "the token is accepted" };
                format!("{name}: {who}; {}", seen(login, hello))
            }
            Self::Not { why, mend } => format!("{name}: not checked, because {why}: {mend}"),
            Self::Unasked => format!("{name}: not checked"),
            Self::Failed(failure) => failure.text(false, 80, &super::super::again::Again::default()),
        }
    }
}

/// Nothing that the answer did not say.
fn seen(login: &Login, hello: &Hello) -> String {
    let more = if hello.more { " or more" } else { "" };
    let mut told = vec![format!(
        "{}{more} {}",
        hello.objects,
        plural(if hello.more { 2 } else { hello.objects }, hello.kind)
    )];
    if let Some(generation) = hello.generation {
        told.push(format!("generation {generation}"));
    }
    if let Some(handle) = login.settings.get("org_handle").filter(|_| hello.organization) {
        told.push(format!("of the organization {handle}"));
    }
    let unsure = if login.backend.organization && !hello.organization {
        "; this answer does not show whether the organization is right, `telform doctor` looks"
    } else {
        ""
    };
    format!("{}{unsure}", told.join(", "))
}

impl Services<'_> {
    /// Asks the service of one account. An error is one of the account's files, not of the service.
    pub(super) async fn check(&self, out: &Out, login: &Login) -> Result<Checked, Failure> {
        if !self.asks {
            return Ok(Checked::Unasked);
        }
        let mut desired = loaded(std::slice::from_ref(login), "", out)?;
        let key = Key::from_text(&Key::generate_text()).map_err(LedgerError::from)?;
        let resolved = match self.tokens(out, &mut desired, &key) {
            Ok(resolved) => resolved,
            Err(problems) => return Ok(unsupplied(out, login, problems)),
        };
        let Some(account) = desired.accounts.get(&login.name) else { return Ok(Checked::Unasked) };
        let options = http::Options {
            timeout: hooks::request_timeout(),
            pause: hooks::longest_pause(),
            ..http::Options::default()
        };
        let api = match Http::new(desired.accounts.values(), resolved.tokens, Default::default(), options) {
            Ok(api) => api,
            Err(error) => {
                let failure = Failure::other("telform::account::unusable", error.to_string(), "correct it");
                return Ok(Checked::Failed(failure));
            }
        };
        Ok(match live::hello(&ReadOnly::new(&api), account, &key).await {
            Ok(hello) => Checked::Accepted(hello),
            Err(error) => Checked::Failed(error.into()),
        })
    }

    fn tokens(&self, out: &Out, desired: &mut Desired, key: &Key) -> Result<Resolved, Problems> {
        let env = |name: &str| std::env::var(name).ok();
        let Some(sandbox) = self.sandbox else {
            return secrets::resolve(desired, &env, out.global.commands().as_ref(), key);
        };
        let mut resolved = secrets::resolve_without_tokens(desired, &env, None, key)?;
        sandbox.stand_in(out, desired, &mut resolved, key);
        sandbox.redirect(desired);
        Ok(resolved)
    }
}

/// A token that is not there yet is no mistake; one that cannot be used is.
fn unsupplied(out: &Out, login: &Login, problems: Problems) -> Checked {
    let not_run = matches!(login.token, SecretSource::Command(_)) && !out.global.allow_commands;
    let absent = problems.iter().all(|problem| problem.code == "telform::secret::missing");
    match problems.iter().next() {
        Some(problem) if absent || not_run => {
            Checked::Not { why: problem.message.clone(), mend: problem.help.clone().unwrap_or_default() }
        }
        _ => Checked::Failed(problems.into()),
    }
}
