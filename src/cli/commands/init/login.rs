//! An account to be written: from the options, or from answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::commands::init::InitArgs;
use crate::config::desired;
use crate::config::schema;
use crate::model::kind::{ServiceTable, SettingRole};
use crate::model::resource::SecretSource;
use crate::model::value::hidden::looks_secret;
use crate::run::RunError;
use crate::services;
use crate::text::shorten;

/// The forms that name the source of a token.
pub(super) const FORMS: &str = "env:NAME, file:PATH or command:PROGRAM ARGS";

/// One account.
#[derive(Debug, Clone)]
pub(super) struct InitAccount {
    /// Its name in the configuration.
    pub(super) name: String,
    /// Its service.
    pub(super) service: &'static ServiceTable,
    /// Source of the token; a path is as the user wrote it.
    pub(super) token: SecretSource,
    /// All other answers, by key.
    pub(super) settings: BTreeMap<&'static str, String>,
    /// The generation that answered; only examples depend on it.
    pub(super) generation: Option<u8>,
}

impl InitAccount {
    /// With only its name, and the token in the corresponding variable.
    pub(super) fn new(name: &str, service: &'static ServiceTable) -> Self {
        let token = SecretSource::Env(desired::variable_name(&[name, "token"]));
        Self { name: name.to_owned(), service, token, settings: BTreeMap::new(), generation: None }
    }

    /// Keys that it needs beside its service and its token.
    pub(super) fn required_keys(service: &ServiceTable) -> impl Iterator<Item = &'static str> {
        schema::account_needs(service).into_iter().filter(|key| !is_own(key))
    }

    /// The accounts that the options name.
    pub(super) fn from_options(args: &InitArgs) -> Result<Vec<Self>, RunError> {
        let mut logins: Vec<Self> = Vec::new();
        for text in &args.accounts {
            let (name, service) = text.split_once('=').unwrap_or((text, text));
            let login = Self::new(name, service_of(service)?);
            if logins.iter().any(|other| other.name == login.name) {
                let what = format!("the account `{}` is given twice", shorten(name));
                return Err(account_failure(what, "give each a different name: --account NAME=SERVICE"));
            }
            logins.push(login);
        }
        let mut given = BTreeSet::new();
        for text in &args.tokens {
            let (name, source) = split_name(text, &logins);
            let shown = "It may now be in your shell's history: if it was a token, replace it at the service";
            let (name, source) = (name.to_owned(), source_of(source, shown)?);
            let login = find_login(&mut logins, &name, "--token")?;
            if !given.insert(login.name.clone()) {
                return Err(account_failure(format!("`{}` has two --token", shorten(&login.name)), "keep one of them"));
            }
            login.token = source;
        }
        for text in &args.settings {
            set_setting(&mut logins, text)?;
        }
        Ok(logins)
    }

    /// The answer for the setting with this role.
    pub(super) fn answer(&self, role: SettingRole) -> Option<&String> {
        self.settings.get(self.service.setting_of(role)?.name)
    }

    /// The required keys that are missing.
    pub(super) fn lacking_keys(&self) -> Vec<&'static str> {
        Self::required_keys(self.service).filter(|key| !self.settings.contains_key(key)).collect()
    }
}

/// Keys that are not settings: they have a separate question and option.
fn is_own(key: &str) -> bool {
    matches!(key, "api" | "token" | "was")
}

/// The service that the user means.
pub(super) fn service_of(word: &str) -> Result<&'static ServiceTable, RunError> {
    services::by_api(word).ok_or_else(|| {
        let known: Vec<&str> = services::tables().iter().map(|service| service.api).collect();
        let near = desired::closest_name(word, known.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        RunError::other(
            "telform::init::service",
            format!("`{}` is not a service that telform knows", shorten(word)),
            format!("{near}The services are {}", known.join(", ")),
        )
    })
}

/// The source of a token. No message repeats the text, which may be a token; `shown` says who may have seen it.
pub(super) fn source_of(text: &str, shown: &str) -> Result<SecretSource, RunError> {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let source = obvious_source(text, &is_set).or_else(|| match text.split_once(':') {
        Some(("env", name)) if names_variable(name) => Some(SecretSource::Env(name.to_owned())),
        Some(("file", path)) if !path.trim().is_empty() => Some(SecretSource::File(path.into())),
        Some(("command", line)) if !line.trim().is_empty() => {
            Some(SecretSource::Command(line.split_whitespace().map(str::to_owned).collect()))
        }
        _ => None,
    });
    source.ok_or_else(|| {
        RunError::other(
            "telform::init::token",
            "this does not name the source of a token",
            format!("write {FORMS}, never the token itself. {shown}").trim_end().to_owned(),
        )
    })
}

/// Other spellings of a variable, where there is no doubt: `$NAME`, `${NAME}`, `{ env: NAME }`, and the bare name of a variable that
/// is set. A bare word that is not set may be the token itself, so it is not taken for a name.
fn obvious_source(text: &str, is_set: &dyn Fn(&str) -> bool) -> Option<SecretSource> {
    let text = text.trim();
    let inner = |open: &str, close: &str| Some(text.strip_prefix(open)?.strip_suffix(close)?.trim());
    let yaml = inner("{", "}").and_then(|map| map.strip_prefix("env:")).map(str::trim);
    let name = yaml.or_else(|| inner("${", "}")).or_else(|| text.strip_prefix('$'));
    let name = name
        .or_else(|| text.strip_prefix("env:").map(str::trim))
        .or_else(|| (crate::config::yaml::is_variable(text) && is_set(text)).then_some(text))?;
    (is_set(name) || names_variable(name)).then(|| SecretSource::Env(name.to_owned()))
}

/// Whether a text can be the name of a variable, and is not the token itself behind `env:`.
fn names_variable(name: &str) -> bool {
    crate::config::yaml::is_variable(name) && !looks_secret(name)
}

/// `NAME=SOURCE`; the name may be omitted where only one account exists.
fn split_name<'a>(text: &'a str, logins: &'a [InitAccount]) -> (&'a str, &'a str) {
    match (text.split_once('='), logins) {
        (Some((name, source)), _) if !name.contains(':') => (name, source),
        (_, [one]) => (&one.name, text),
        _ => ("", text),
    }
}

fn find_login<'a>(logins: &'a mut [InitAccount], name: &str, option: &str) -> Result<&'a mut InitAccount, RunError> {
    let known: Vec<String> = logins.iter().map(|login| login.name.clone()).collect();
    if let Some(at) = known.iter().position(|known| known == name) {
        return Ok(&mut logins[at]);
    }
    // The text may be a token in the wrong place, so it is not repeated.
    let near = desired::closest_name(name, known.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Err(account_failure(
        format!("{option} does not begin with the name of an account of this command"),
        format!("{near}The accounts are {}", known.join(", ")),
    ))
}

/// `NAME.KEY=VALUE`.
fn set_setting(logins: &mut [InitAccount], text: &str) -> Result<(), RunError> {
    let parts = text.split_once('=').and_then(|(key, value)| Some((key.rsplit_once('.')?, value)));
    let Some(((name, key), value)) = parts else {
        let samples = services::tables().iter().flat_map(|table| table.settings.iter().map(|setting| (table.api, setting)));
        let sample = samples.filter_map(|(api, it)| Some(format!(": --set {api}.{}={}", it.name, it.examples.first()?))).next();
        return Err(setting_failure(
            "--set takes NAME.KEY=VALUE",
            format!("NAME is an account, KEY one of its settings{}", sample.unwrap_or_default()),
        ));
    };
    let login = find_login(logins, name, "--set")?;
    let known: Vec<&'static str> =
        schema::account_keys(login.service).into_iter().filter(|key| !is_own(key) && *key != schema::DEFAULTS).collect();
    let Some(key) = known.iter().find(|known| **known == key) else {
        let own = if is_own(key) { format!("`{key}` has its own option. ") } else { String::new() };
        let near = desired::closest_name(key, known.iter().copied());
        let near = near.map_or(own, |near| format!("did you mean `{near}`? "));
        return Err(setting_failure(
            format!("an account of {} has no setting `{}`", login.service.title, shorten(key)),
            format!("{near}The settings are {}", known.join(", ")),
        ));
    };
    if login.settings.insert(key, value.to_owned()).is_some() {
        return Err(setting_failure(format!("`{name}.{key}` is set twice"), "keep one of them"));
    }
    Ok(())
}

fn account_failure(message: impl Into<String>, help: impl Into<String>) -> RunError {
    RunError::other("telform::init::account", message, help)
}

pub(super) fn setting_failure(message: impl Into<String>, help: impl Into<String>) -> RunError {
    RunError::other("telform::init::setting", message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_understood_where_there_is_no_doubt() {
        let known = |name: &str| name == "WEST_TOKEN";
        let of = |text: &str| match obvious_source(text, &known) {
            Some(SecretSource::Env(name)) => Some(name),
            _ => None,
        };
        for text in ["env:A_1", "env: A_1", "$A_1", "${A_1}", "{ env: A_1 }", "{env: A_1}", " $A_1 "] {
            assert_eq!(of(text).as_deref(), Some("A_1"), "{text}");
        }
        assert_eq!(of("WEST_TOKEN").as_deref(), Some("WEST_TOKEN"));
        // These may be tokens, and no message repeats them.
        for text in [
            "EAST_TOKEN",
            "AKIAIOSFODNN7",
            "$",
            "${A",
            "$a b",
            "{ env: }",
            "{ file: x }",
            "s3cr3t$A",
            "",
            "env:sk_live_0123456789abcdef",
            "${sk_live_0123456789abcdef}",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
