//! Profiles of AWS: keys in the files, `credential_process`, and what only AWS's own tool can follow: SSO, roles, chains of them.
//! Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files" and "Process credential provider".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use object_store::StaticCredentialProvider;
use object_store::aws::{AwsCredential, AwsCredentialProvider};
use serde::Deserialize;

use super::obtained::{CredentialProgram, Obtained, ObtainedCredentials};
use crate::disk;
use crate::state::ledger::lock::env_variable;

/// Largest file of profiles that is read.
const LIMIT: u64 = 1024 * 1024;

/// What a program for credentials gets of the environment beside what each gets.
const VARIABLES: &[&str] = &[
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
];

/// Settings that only AWS's own tool follows.
const FOLLOWED: [&str; 6] =
    ["credential_source", "login_session", "role_arn", "sso_session", "sso_start_url", "web_identity_token_file"];

/// Settings of one profile.
type Settings = BTreeMap<String, String>;

/// The profile that the environment means.
#[derive(Debug)]
pub(super) struct AwsProfile {
    pub(super) name: String,
    /// Of the file of credentials, and of the configuration.
    credentials: Settings,
    config: Settings,
}

/// Where the credentials of a profile come from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Keys,
    Program(Vec<String>),
    /// Only AWS's own tool follows it.
    Tool,
}

impl AwsProfile {
    /// The profile that is named, or the default one where it gives credentials.
    pub(super) fn of_environment() -> Option<Self> {
        let home = || env_variable("HOME").or_else(|| env_variable("USERPROFILE")).map(PathBuf::from);
        let file = |variable: &str, name: &str| {
            env_variable(variable).map(PathBuf::from).or_else(|| Some(home()?.join(".aws").join(name)))
        };
        let read = |path: Option<PathBuf>| path.and_then(|path| text_of(&path)).unwrap_or_default();
        let config = read(file("AWS_CONFIG_FILE", "config"));
        let credentials = read(file("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
        let named = env_variable("AWS_PROFILE").or_else(|| env_variable("AWS_DEFAULT_PROFILE"));
        Self::in_files(named.as_deref(), &config, &credentials)
    }

    fn in_files(named: Option<&str>, config: &str, credentials: &str) -> Option<Self> {
        let name = named.unwrap_or("default").to_owned();
        let of_config = |head: &str| {
            let profile = head.strip_prefix("profile").map(str::trim);
            profile == Some(name.as_str()) || head == "default" && name == "default"
        };
        let (config, credentials) = (section(config, &of_config), section(credentials, &|head| head == name));
        let profile = Self { credentials, config, name };
        let gives =
            FOLLOWED.iter().chain(&["aws_access_key_id", "credential_process"]).any(|name| profile.setting(name).is_some());
        (named.is_some() || gives).then_some(profile)
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.credentials.get(name).or_else(|| self.config.get(name)).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Its region.
    pub(super) fn region(&self) -> Option<&str> {
        self.setting("region")
    }

    /// In the order of AWS's own tools: a role or SSO, keys in the file of credentials, a program, keys in the configuration.
    fn source(&self) -> Source {
        if FOLLOWED.iter().any(|name| self.setting(name).is_some()) {
            return Source::Tool;
        }
        let program = self.setting("credential_process").map(words_of).filter(|words| !words.is_empty());
        match program {
            _ if self.credentials.contains_key("aws_access_key_id") => Source::Keys,
            Some(words) => Source::Program(words),
            None if self.config.contains_key("aws_access_key_id") => Source::Keys,
            None => Source::Tool,
        }
    }

    /// Its credentials, or why they cannot be obtained.
    pub(super) fn provider(&self) -> Result<AwsCredentialProvider, String> {
        let command = match self.source() {
            Source::Keys => {
                let of = if self.credentials.contains_key("aws_access_key_id") { &self.credentials } else { &self.config };
                let value = |name: &str| of.get(name).filter(|value| !value.is_empty()).cloned();
                let (Some(key_id), Some(secret_key)) = (value("aws_access_key_id"), value("aws_secret_access_key")) else {
                    return Err("its keys are not complete".to_owned());
                };
                let credential = AwsCredential { key_id, secret_key, token: value("aws_session_token") };
                return Ok(Arc::new(StaticCredentialProvider::new(credential)));
            }
            Source::Program(words) => words,
            Source::Tool => {
                let words = ["aws", "configure", "export-credentials", "--profile", &self.name, "--format", "process"];
                words.map(str::to_owned).to_vec()
            }
        };
        let program = CredentialProgram { command, variables: VARIABLES };
        Ok(Arc::new(ObtainedCredentials::obtain(program, read_process_output)?))
    }
}

fn text_of(path: &Path) -> Option<String> {
    disk::bounded_text(disk::open_file(path).ok()?, LIMIT).ok()
}

/// The settings of the sections with such a head. Settings of settings are indented, and left out.
fn section(text: &str, is_it: &dyn Fn(&str) -> bool) -> Settings {
    let (mut inside, mut found) = (false, Settings::new());
    for line in text.lines().filter(|line| !line.starts_with([' ', '\t', '#', ';'])) {
        if let Some(head) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = is_it(head.trim());
        } else if let (true, Some((name, value))) = (inside, line.split_once('=')) {
            found.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

/// Program and arguments, divided at blanks; quotes hold blanks together. No shell reads them.
fn words_of(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (Some(open), close) if open == close => quote = None,
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// What a `credential_process` writes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessOutput {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

fn read_process_output(output: &[u8]) -> Result<Obtained<AwsCredential>, String> {
    // An error of the reader may quote what it reads.
    let read: ProcessOutput = serde_json::from_slice(output)
        .map_err(|_| "its program wrote no credentials in the form of `credential_process`".to_owned())?;
    if read.version != 1 {
        return Err(format!("its program wrote credentials of version {}, and telform reads version 1", read.version));
    }
    let expires = match read.expiration.as_deref() {
        Some(text) => {
            Some(text.parse::<Timestamp>().map_err(|_| "its program wrote an expiration that is not a time".to_owned())?)
        }
        None => None,
    };
    if expires.is_some_and(|expires| expires <= Timestamp::now()) {
        return Err("its program wrote credentials that have expired; log in again, for example with `aws sso login`".to_owned());
    }
    let token = read.session_token.filter(|token| !token.is_empty());
    let credential = AwsCredential { key_id: read.access_key_id, secret_key: read.secret_access_key, token };
    Ok(Obtained { credential: Arc::new(credential), expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "# mine
[default]
region = eu-west-1
[profile sso]
sso_session = corp
region=eu-central-1
[profile program]
credential_process = \"/opt/my tools/get\" --role 'a b'  c
s3 =
  addressing_style = path
[profile role]
role_arn = arn:aws:iam::1:role/x
source_profile = keys
[sso-session corp]
sso_start_url = https://corp.example
";
    const CREDENTIALS: &str = "[keys]\naws_access_key_id = AKIA1\naws_secret_access_key = s3cret\n";

    fn source(named: Option<&str>) -> Option<Source> {
        AwsProfile::in_files(named, CONFIG, CREDENTIALS).map(|profile| profile.source())
    }

    #[test]
    fn each_kind_of_profile_is_told_apart() {
        assert_eq!(source(Some("keys")), Some(Source::Keys));
        assert_eq!(source(Some("sso")), Some(Source::Tool));
        assert_eq!(source(Some("role")), Some(Source::Tool));
        let words = ["/opt/my tools/get", "--role", "a b", "c"].map(str::to_owned).to_vec();
        assert_eq!(source(Some("program")), Some(Source::Program(words)));
        // One that is not in the files: AWS's tool says so. A default that only states a region is no source: roles of instances follow.
        assert_eq!(source(Some("missing")), Some(Source::Tool));
        assert_eq!(source(None), None);
        let profile = AwsProfile::in_files(None, "[default]\nsso_start_url = https://x\nregion = eu-west-1\n", "").unwrap();
        assert_eq!((profile.source(), profile.region()), (Source::Tool, Some("eu-west-1")));
    }

    #[test]
    fn what_a_program_writes_is_read_strictly_and_never_quoted() {
        let later = Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let good =
            format!(r#"{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"canary","SessionToken":"t","Expiration":"{later}"}}"#);
        let read = read_process_output(good.as_bytes()).unwrap();
        assert_eq!((read.credential.key_id.as_str(), read.credential.token.as_deref()), ("A", Some("t")));
        assert!(read.expires.is_some());
        for bad in [
            "canary",
            r#"{"Version":2,"AccessKeyId":"A","SecretAccessKey":"canary"}"#,
            r#"{"Version":1,"AccessKeyId":"canary"}"#,
            r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"canary","Expiration":"2020-01-01T00:00:00Z"}"#,
            r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"canary","Expiration":"canary"}"#,
        ] {
            let why = read_process_output(bad.as_bytes()).map(drop).unwrap_err();
            assert!(!why.contains("canary"), "{why}");
        }
    }
}
