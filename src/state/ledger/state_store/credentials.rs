//! Credentials that are not in the variables of a cloud: profiles of AWS, and what keyless CI writes for Google. Where they cannot be
//! obtained, the message names the command that turns them into variables.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::{AzureConfigKey, AzureCredential, AzureCredentialProvider};
use object_store::gcp::{GcpCredential, GcpCredentialProvider};
use serde::Deserialize;

use super::obtained::{CredentialProgram, Obtained, ObtainedCredentials};
use super::profile::AwsProfile;
use crate::disk;
use crate::state::ledger::LedgerError;
use crate::state::ledger::lock::env_variable;

/// Credentials that cannot be obtained, and the command for them.
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

/// The profile that the environment means, where nothing else in it gives credentials.
pub(super) fn profile(configured: &dyn Fn(AmazonS3ConfigKey) -> Option<String>) -> Option<AwsProfile> {
    use AmazonS3ConfigKey as Key;
    let others =
        [Key::AccessKeyId, Key::WebIdentityTokenFile, Key::ContainerCredentialsRelativeUri, Key::ContainerCredentialsFullUri];
    let given = others.into_iter().any(|key| configured(key).is_some_and(|value| !value.is_empty()));
    if given { None } else { AwsProfile::of_environment() }
}

/// Whether the token of a web identity is exchanged for credentials: the client does that where no key is set. Without a role it would
/// look for an instance of AWS around it.
pub(super) fn uses_web_identity(configured: &dyn Fn(AmazonS3ConfigKey) -> Option<String>) -> Result<bool, UnreadCredentials> {
    use AmazonS3ConfigKey as Key;
    let is_set = |key| configured(key).is_some_and(|value| !value.is_empty());
    match (is_set(Key::AccessKeyId), is_set(Key::WebIdentityTokenFile), is_set(Key::RoleArn)) {
        (true, ..) | (_, false, _) => Ok(false),
        (false, true, true) => Ok(true),
        (false, true, false) => Err(UnreadCredentials {
            why: "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not".to_owned(),
            help: "set AWS_ROLE_ARN to the role that the token may assume".to_owned(),
        }),
    }
}

/// Why a profile gives no credentials.
pub(super) fn profile_not_read(name: &str, why: &str) -> UnreadCredentials {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@+".contains(c));
    let name = if plain { name } else { "NAME" };
    UnreadCredentials {
        why: format!("the AWS profile {name} gives no credentials: {why}"),
        help: format!(
            "run `eval \"$(aws configure export-credentials --profile {name} --format env)\"` to see why, after `aws sso login` where it uses SSO; in CI use web identity"
        ),
    }
}

/// An access token as `gcloud auth print-access-token` prints it, in the variable that other tools read as well.
pub(super) fn google_token() -> Option<String> {
    env_variable("GOOGLE_OAUTH_ACCESS_TOKEN").map(|token| token.trim().to_owned())
}

/// Largest file of credentials that is looked at.
const LIMIT: u64 = 64 * 1024;

/// What gcloud gets of the environment beside what each program gets.
const GOOGLE_VARIABLES: &[&str] = &[
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_CORE_PROJECT",
    "CLOUDSDK_PYTHON",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES",
];

/// A token lives an hour, and gcloud does not say how much of it is left of one that it kept.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// The credentials that `GOOGLE_APPLICATION_CREDENTIALS` names, where only Google's own tool can use them.
pub(super) fn google_account() -> Option<Result<GcpCredentialProvider, UnreadCredentials>> {
    let path = env_variable("GOOGLE_APPLICATION_CREDENTIALS")?;
    let text = disk::open_file(Path::new(&path)).and_then(|file| disk::bounded_text(file, LIMIT));
    let sort = account_for_gcloud(&text.ok()?)?;
    let command = ["gcloud", "auth", "application-default", "print-access-token"].map(str::to_owned).to_vec();
    let program = CredentialProgram { command, variables: GOOGLE_VARIABLES };
    Some(match ObtainedCredentials::obtain(program, read_token) {
        Ok(given) => Ok(Arc::new(given)),
        Err(why) => Err(UnreadCredentials {
            why: format!("GOOGLE_APPLICATION_CREDENTIALS names {sort}, and no token was obtained for it: {why}"),
            help: "run `export GOOGLE_OAUTH_ACCESS_TOKEN=\"$(gcloud auth print-access-token)\"`; in GitHub Actions, give `google-github-actions/auth` `token_format: access_token` and put its output `access_token` into this variable".to_owned(),
        }),
    })
}

fn read_token(output: &[u8]) -> Result<Obtained<GcpCredential>, String> {
    let token = std::str::from_utf8(output).unwrap_or_default().trim();
    let plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain {
        return Err("`gcloud` wrote no token".to_owned());
    }
    let credential = Arc::new(GcpCredential { bearer: token.to_owned() });
    Ok(Obtained { credential, expires: Some(Timestamp::now() + TOKEN_LIFE) })
}

/// What the tool of Azure gets of the environment beside what each program gets.
const AZURE_VARIABLES: &[&str] = &["AZURE_CONFIG_DIR", "REQUESTS_CA_BUNDLE"];

/// The credentials of `az login`, where the environment asks for them and has no others. The client would run `az` itself, without a
/// limit of time and with every variable of this process.
pub(super) fn azure_login(
    configured: &dyn Fn(AzureConfigKey) -> Option<String>,
) -> Option<Result<AzureCredentialProvider, UnreadCredentials>> {
    use AzureConfigKey as Key;
    let others = [Key::AccessKey, Key::Token, Key::ClientSecret, Key::SasKey, Key::FederatedTokenFile];
    let given = others.into_iter().any(|key| configured(key).is_some_and(|value| !value.is_empty()));
    if given || configured(Key::UseAzureCli).is_none_or(|uses| uses != "true") {
        return None;
    }
    let mut command: Vec<&str> = if cfg!(windows) { vec!["cmd", "/C", "az"] } else { vec!["az"] };
    command.extend(["account", "get-access-token", "--output", "json", "--scope", "https://storage.azure.com/.default"]);
    let command = command.into_iter().map(str::to_owned).collect();
    let program = CredentialProgram { command, variables: AZURE_VARIABLES };
    Some(match ObtainedCredentials::obtain(program, read_azure_token) {
        Ok(given) => Ok(Arc::new(given)),
        Err(why) => Err(UnreadCredentials {
            why: format!("AZURE_USE_AZURE_CLI is true, and the Azure CLI gives no token: {why}"),
            help: "run `az login`; `az account get-access-token --scope https://storage.azure.com/.default` shows why it fails"
                .to_owned(),
        }),
    })
}

/// What `az account get-access-token` writes. Older ones state the end only in local time.
#[derive(Deserialize)]
struct AzureToken {
    #[serde(rename = "accessToken")]
    access_token: String,
    expires_on: Option<i64>,
}

fn read_azure_token(output: &[u8]) -> Result<Obtained<AzureCredential>, String> {
    let read: AzureToken = serde_json::from_slice(output).map_err(|_| "`az` wrote no token".to_owned())?;
    let stated = read.expires_on.and_then(|at| Timestamp::from_second(at).ok());
    let credential = Arc::new(AzureCredential::BearerToken(read.access_token));
    Ok(Obtained { credential, expires: stated.or(Some(Timestamp::now() + TOKEN_LIFE)) })
}

/// What a file of credentials holds, where only Google's own tool can use it.
fn account_for_gcloud(text: &str) -> Option<&'static str> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(match value.get("type")?.as_str()? {
        "external_account" | "external_account_authorized_user" => "an external account (workload identity federation)",
        "impersonated_service_account" => "an impersonated service account",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_asked_where_nothing_else_gives_credentials() {
        let told = profile_not_read("team-prod", "its keys are not complete");
        assert!(told.help.contains("--profile team-prod --format env"), "{}", told.help);
        assert!(profile_not_read("a b; rm", "x").help.contains("--profile NAME"));
        let one = |wanted: AmazonS3ConfigKey| move |key: AmazonS3ConfigKey| (key == wanted).then(|| "x".to_owned());
        assert!(profile(&one(AmazonS3ConfigKey::AccessKeyId)).is_none());
        assert!(profile(&one(AmazonS3ConfigKey::WebIdentityTokenFile)).is_none());
    }

    #[test]
    fn web_identity_needs_a_role_and_keys_come_first() {
        use AmazonS3ConfigKey as Key;
        let set = |names: &'static [Key]| move |key: Key| names.contains(&key).then(|| "x".to_owned());
        assert_eq!(uses_web_identity(&set(&[Key::WebIdentityTokenFile, Key::RoleArn])), Ok(true));
        assert_eq!(uses_web_identity(&set(&[Key::WebIdentityTokenFile, Key::AccessKeyId])), Ok(false));
        assert_eq!(uses_web_identity(&set(&[Key::RoleArn])), Ok(false));
        assert!(uses_web_identity(&set(&[Key::WebIdentityTokenFile])).is_err());
    }

    #[test]
    fn what_keyless_ci_writes_is_for_gcloud() {
        for sort in ["external_account", "impersonated_service_account"] {
            assert!(account_for_gcloud(&format!(r#"{{"type":"{sort}","audience":"canary"}}"#)).is_some());
        }
        for read in [r#"{"type":"service_account"}"#, r#"{"type":"authorized_user"}"#, "{}", "no JSON"] {
            assert_eq!(account_for_gcloud(read), None, "{read}");
        }
        assert_eq!(read_token(b"ya29.token\n").unwrap().credential.bearer, "ya29.token");
        assert!(read_token(b"two words").is_err() && read_token(b"").is_err());
    }

    #[test]
    fn the_azure_cli_is_asked_where_nothing_else_gives_credentials() {
        let set = |names: &'static [AzureConfigKey]| move |key: AzureConfigKey| names.contains(&key).then(|| "true".to_owned());
        assert!(azure_login(&set(&[])).is_none());
        assert!(azure_login(&set(&[AzureConfigKey::UseAzureCli, AzureConfigKey::AccessKey])).is_none());
        let later = Timestamp::now().as_second() + 3_600;
        let output = format!(r#"{{"accessToken":"canary","expiresOn":"2026-11-30 10:00:00.000000","expires_on":{later}}}"#);
        assert_eq!(read_azure_token(output.as_bytes()).unwrap().expires.map(Timestamp::as_second), Some(later));
        assert!(read_azure_token(br#"{"accessToken":"canary"}"#).unwrap().expires.is_some());
        assert_eq!(read_azure_token(b"canary").map(drop).unwrap_err(), "`az` wrote no token");
    }
}
