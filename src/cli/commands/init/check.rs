//! Whether an account's token is accepted: one GET, before anything is written.

use super::login::InitAccount;
use super::{load_unwritten, without_places};
use crate::cli::console::Console;
use crate::config::problem::Problems;
use crate::config::secrets::{self, ResolvedSecrets, SecretAllowances};
use crate::failpoints;
use crate::http::client::{self, HttpClient};
use crate::http::{ReadOnly, SecretVault};
use crate::model::kind::SettingRole;
use crate::model::ledger::FingerprintKey;
use crate::model::resource::{Desired, SecretSource};
use crate::output::view::kind_in_words;
use crate::read::{self, LoginCheck};
use crate::run::RunError;
use crate::run::embedded::EmbeddedSandbox;
use crate::services;
use crate::state::ledger::LedgerError;

/// The services that are called.
pub(super) struct CheckTarget<'a> {
    /// The simulator, when it replaces the services.
    pub(super) sandbox: Option<&'a EmbeddedSandbox>,
    /// Whether any service is called.
    pub(super) enabled: bool,
}

/// The result of the check of one account.
pub(super) enum AccountCheck {
    /// The service answered.
    Accepted(LoginCheck),
    /// No service was called; why, and what to do.
    Not {
        /// Why not, as the end of a sentence about the token.
        why: String,
        /// What to do.
        help: String,
    },
    /// No service was called, as requested.
    Unasked,
    /// The service did not accept it, or could not be reached.
    Failed(RunError),
}

impl AccountCheck {
    /// What to say about it.
    pub(super) fn describe(&self, login: &InitAccount, services: &CheckTarget<'_>) -> String {
        let name = &login.name;
        match self {
            Self::Accepted(hello) => {
                // The simulator has its own tokens, so nothing is known about the user's.
                let who = if services.sandbox.is_some() { "the sandbox answers" } else { "the token is accepted" };
                format!("{name}: {who}; {}", describe_login(login, hello))
            }
            Self::Not { why, help } => format!("{name}: not checked, because {why}: {help}"),
            Self::Unasked => format!("{name}: not checked"),
            Self::Failed(failure) => failure.text(false, 80, &crate::cli::next_commands::RepeatedOptions::default()),
        }
    }
}

/// Only what the answer said.
fn describe_login(login: &InitAccount, hello: &LoginCheck) -> String {
    let more = if hello.has_more { " or more" } else { "" };
    let mut told =
        vec![format!("{}{more} {}", hello.objects, kind_in_words(if hello.has_more { 2 } else { hello.objects }, hello.kind))];
    if hello.objects == 0 {
        told.push("nothing else was listed".to_owned());
    }
    if let Some(generation) = hello.generation {
        told.push(format!("generation {generation}"));
    }
    if let Some(handle) = login.answer(SettingRole::Organization).filter(|_| hello.names_organization) {
        told.push(format!("of the organization {handle}"));
    }
    let unsure = if login.service.has_organizations() && !hello.names_organization {
        "; this answer does not show whether the organization is right; `telform doctor` checks it"
    } else {
        ""
    };
    format!("{}{unsure}", told.join(", "))
}

impl CheckTarget<'_> {
    /// Calls the service of one account. An error concerns the account's files, not the service.
    pub(super) async fn check_account(&self, out: &Console, login: &InitAccount) -> Result<AccountCheck, RunError> {
        if !self.enabled {
            return Ok(AccountCheck::Unasked);
        }
        let mut desired = load_unwritten(std::slice::from_ref(login), "", out)?;
        let key = FingerprintKey::from_text(&FingerprintKey::generate_text()).map_err(LedgerError::from)?;
        let resolved = match self.resolve_tokens(out, &mut desired, &key) {
            Ok(resolved) => resolved,
            Err(problems) => return Ok(token_not_supplied(out, login, problems)),
        };
        if let Some(sandbox) = self.sandbox {
            sandbox.redirect_accounts(&mut desired)?;
        }
        let Some(account) = desired.accounts.get(&login.name) else { return Ok(AccountCheck::Unasked) };
        let options = client::HttpOptions {
            timeout: failpoints::request_timeout(),
            retry_pause: failpoints::longest_pause(),
            ..client::HttpOptions::default()
        };
        let vault = SecretVault::new().with_hidden(key.hidden_values().clone());
        let api = match HttpClient::new(desired.accounts.values(), resolved.tokens, vault, options) {
            Ok(api) => api,
            Err(error) => {
                let failure = RunError::other("telform::account::unusable", error.to_string(), "correct it");
                return Ok(AccountCheck::Failed(failure));
            }
        };
        Ok(match read::check_login(services::reading_of, &ReadOnly::new(&api), account, &key).await {
            Ok(hello) => AccountCheck::Accepted(hello),
            Err(error) => AccountCheck::Failed(error.into()),
        })
    }

    fn resolve_tokens(&self, out: &Console, desired: &mut Desired, key: &FingerprintKey) -> Result<ResolvedSecrets, Problems> {
        let env = |name: &str| std::env::var(name).ok();
        let Some(sandbox) = self.sandbox else {
            let allowed = out.global.run_options().allowed(None);
            return secrets::resolve_secrets(desired, &env, &allowed, key);
        };
        let mut resolved = secrets::resolve_without_tokens(desired, &env, &SecretAllowances::default(), key)?;
        sandbox.supply_simulator_secrets(&out.context(), desired, &mut resolved, key);
        Ok(resolved)
    }
}

/// A token that does not exist yet is not an error; one that cannot be used is.
fn token_not_supplied(out: &Console, login: &InitAccount, problems: Problems) -> AccountCheck {
    let not_run = matches!(login.token, SecretSource::Command(_)) && !out.global.allow_commands;
    let absent = problems.iter().all(|problem| problem.code == "telform::secret::missing");
    match problems.iter().next() {
        Some(problem) if absent || not_run => {
            AccountCheck::Not { why: problem.message.clone(), help: problem.help.clone().unwrap_or_default() }
        }
        _ => AccountCheck::Failed(without_places(&problems)),
    }
}
