//! Credentials that people have and this program does not read: profiles of AWS, with SSO and programs behind them, and what keyless
//! CI writes for Google. The tools of these clouds read them all, so a message names the command that turns them into variables.

use std::path::Path;

use object_store::aws::AmazonS3ConfigKey;

use crate::disk;
use crate::state::ledger::LedgerError;
use crate::state::ledger::lock::env_variable;

/// Credentials that are not read, and the command for them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnreadCredentials {
    why: String,
    help: String,
}

impl UnreadCredentials {
    pub(super) fn error(self, place: &str) -> LedgerError {
        LedgerError::Remote { what: "use", place: place.to_owned(), why: self.why, help: self.help.into() }
    }
}

/// The profile that the environment names, where nothing else in it gives credentials.
pub(super) fn unread_profile(configured: &dyn Fn(AmazonS3ConfigKey) -> Option<String>) -> Option<UnreadCredentials> {
    use AmazonS3ConfigKey as Key;
    let others =
        [Key::AccessKeyId, Key::WebIdentityTokenFile, Key::ContainerCredentialsRelativeUri, Key::ContainerCredentialsFullUri];
    if others.into_iter().any(|key| configured(key).is_some_and(|value| !value.is_empty())) {
        return None;
    }
    let name = env_variable("AWS_PROFILE").or_else(|| env_variable("AWS_DEFAULT_PROFILE"))?;
    Some(profile_not_read(&name))
}

fn profile_not_read(name: &str) -> UnreadCredentials {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@+".contains(c));
    let name = if plain { name } else { "NAME" };
    UnreadCredentials {
        why: "telform does not read the profiles of AWS, and the environment has no other credentials".to_owned(),
        help: format!(
            "run `eval \"$(aws configure export-credentials --profile {name} --format env)\"`, which also follows SSO, roles and `credential_process`, and set AWS_REGION; in CI use web identity"
        ),
    }
}

/// An access token as `gcloud auth print-access-token` prints it, in the variable that other tools read as well.
pub(super) fn google_token() -> Option<String> {
    env_variable("GOOGLE_OAUTH_ACCESS_TOKEN").map(|token| token.trim().to_owned())
}

/// Largest file of credentials that is looked at.
const LIMIT: u64 = 64 * 1024;

/// A file of credentials of a type that is not read.
pub(super) fn unread_google_account() -> Option<UnreadCredentials> {
    let path = env_variable("GOOGLE_APPLICATION_CREDENTIALS")?;
    let text = disk::open_file(Path::new(&path)).and_then(|file| disk::bounded_text(file, LIMIT));
    unread_account_in(&text.ok()?)
}

fn unread_account_in(text: &str) -> Option<UnreadCredentials> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let sort = match value.get("type")?.as_str()? {
        "external_account" | "external_account_authorized_user" => "an external account (workload identity federation)",
        "impersonated_service_account" => "an impersonated service account",
        _ => return None,
    };
    Some(UnreadCredentials {
        why: format!("GOOGLE_APPLICATION_CREDENTIALS names {sort}, which telform does not read"),
        help: "run `export GOOGLE_OAUTH_ACCESS_TOKEN=\"$(gcloud auth print-access-token)\"`; in GitHub Actions, give `google-github-actions/auth` `token_format: access_token` and put its output `access_token` into this variable".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_named_where_nothing_else_gives_credentials() {
        let told = profile_not_read("team-prod");
        assert!(told.help.contains("--profile team-prod --format env"), "{}", told.help);
        assert!(profile_not_read("a b; rm").help.contains("--profile NAME"));
        let one = |wanted: AmazonS3ConfigKey| move |key: AmazonS3ConfigKey| (key == wanted).then(|| "x".to_owned());
        assert_eq!(unread_profile(&one(AmazonS3ConfigKey::AccessKeyId)), None);
        assert_eq!(unread_profile(&one(AmazonS3ConfigKey::WebIdentityTokenFile)), None);
    }

    #[test]
    fn what_keyless_ci_writes_is_named() {
        for sort in ["external_account", "impersonated_service_account"] {
            let told = unread_account_in(&format!(r#"{{"type":"{sort}","audience":"canary"}}"#)).unwrap();
            assert!(told.help.contains("gcloud auth print-access-token"), "{}", told.help);
            assert!(!told.why.contains("canary"));
        }
        for read in [r#"{"type":"service_account"}"#, r#"{"type":"authorized_user"}"#, "{}", "no JSON"] {
            assert_eq!(unread_account_in(read), None, "{read}");
        }
    }
}
