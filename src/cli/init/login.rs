//! An account that is to be written: from the options, or from answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::exit::Failure;
use crate::backend;
use crate::desired;
use crate::kind::Backend;
use crate::resource::SecretSource;
use crate::schema;
use crate::text::shorten;

use super::super::args::InitArgs;

/// The forms that say where a token comes from.
pub(super) const FORMS: &str = "env:NAME, file:PATH or command:PROGRAM ARGS";

/// One account.
#[derive(Debug, Clone)]
pub(super) struct Login {
    /// Its name in the configuration.
    pub(super) name: String,
    /// Its service.
    pub(super) backend: &'static Backend,
    /// Where the token comes from; a path is as the user wrote it.
    pub(super) token: SecretSource,
    /// Everything else that was said, by its key.
    pub(super) settings: BTreeMap<&'static str, String>,
    /// The generation that answered; only examples depend on it.
    pub(super) generation: Option<u8>,
}

impl Login {
    /// With nothing but its name, and the token in the variable that goes with it.
    pub(super) fn new(name: &str, backend: &'static Backend) -> Self {
        let token = SecretSource::Env(desired::variable(&[name, "token"]));
        Self { name: name.to_owned(), backend, token, settings: BTreeMap::new(), generation: None }
    }

    /// Keys that it needs besides its service and its token.
    pub(super) fn needs(backend: &Backend) -> impl Iterator<Item = &'static str> {
        schema::account_needs(backend).into_iter().filter(|key| !is_own(key))
    }

    /// The accounts that the options name.
    pub(super) fn all(args: &InitArgs) -> Result<Vec<Self>, Failure> {
        let mut logins: Vec<Self> = Vec::new();
        for text in &args.accounts {
            let (name, service) = text.split_once('=').unwrap_or((text, text));
            let login = Self::new(name, service_of(service)?);
            if logins.iter().any(|other| other.name == login.name) {
                let what = format!("the account `{}` is given twice", shorten(name));
                return Err(account(what, "give each a name of its own: --account NAME=SERVICE"));
            }
            logins.push(login);
        }
        let mut given = BTreeSet::new();
        for text in &args.tokens {
            let (name, source) = named(text, &logins);
            let shown =
                "It may stand in your shell's history now: if it was a token, replace it at the service";
            let (name, source) = (name.to_owned(), source_of(source, shown)?);
            let login = find(&mut logins, &name, "--token")?;
            if !given.insert(login.name.clone()) {
                return Err(account(
                    format!("`{}` has two --token", shorten(&login.name)),
                    "keep one of them",
                ));
            }
            login.token = source;
        }
        for text in &args.settings {
            set(&mut logins, text)?;
        }
        Ok(logins)
    }

    /// The needed keys that nobody gave.
    pub(super) fn lacks(&self) -> Vec<&'static str> {
        Self::needs(self.backend).filter(|key| !self.settings.contains_key(key)).collect()
    }
}

/// Keys that are not settings: they have a question and an option of their own.
fn is_own(key: &str) -> bool {
    matches!(key, "api" | "token" | "was")
}

/// The service that somebody means.
pub(super) fn service_of(word: &str) -> Result<&'static Backend, Failure> {
    backend::by_api(word).ok_or_else(|| {
        let known: Vec<&str> = backend::ALL.iter().map(|backend| backend.api).collect();
        let near = desired::meant(word, known.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        Failure::other(
            "telform::init::service",
            format!("`{}` is no service that telform knows", shorten(word)),
            format!("{near}The services are {}", known.join(", ")),
        )
    })
}

/// Where a token comes from. No message repeats the text, which may be a token; `shown` says who may have seen it.
pub(super) fn source_of(text: &str, shown: &str) -> Result<SecretSource, Failure> {
    let source = match text.split_once(':') {
        Some(("env", name)) if crate::yaml::is_variable(name) => Some(SecretSource::Env(name.to_owned())),
        Some(("file", path)) if !path.trim().is_empty() => Some(SecretSource::File(PathBuf::from(path))),
        Some(("command", line)) if !line.trim().is_empty() => {
            Some(SecretSource::Command(line.split_whitespace().map(str::to_owned).collect()))
        }
        _ => None,
    };
    source.ok_or_else(|| {
        Failure::other(
            "telform::init::token",
            "this does not say where a token comes from",
            format!("write {FORMS}, never the token itself. {shown}").trim_end().to_owned(),
        )
    })
}

/// `NAME=SOURCE`; the name may be left out where there is one account only.
fn named<'a>(text: &'a str, logins: &'a [Login]) -> (&'a str, &'a str) {
    match (text.split_once('='), logins) {
        (Some((name, source)), _) if !name.contains(':') => (name, source),
        (_, [one]) => (&one.name, text),
        _ => ("", text),
    }
}

fn find<'a>(logins: &'a mut [Login], name: &str, option: &str) -> Result<&'a mut Login, Failure> {
    let known: Vec<String> = logins.iter().map(|login| login.name.clone()).collect();
    if let Some(at) = known.iter().position(|known| known == name) {
        return Ok(&mut logins[at]);
    }
    // What stands there may be a token that somebody put in the wrong place, so it is not repeated.
    let near = desired::meant(name, known.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Err(account(
        format!("{option} does not begin with the name of an account of this command"),
        format!("{near}The accounts are {}", known.join(", ")),
    ))
}

/// `NAME.KEY=VALUE`.
fn set(logins: &mut [Login], text: &str) -> Result<(), Failure> {
    let parts = text.split_once('=').and_then(|(key, value)| Some((key.rsplit_once('.')?, value)));
    let Some(((name, key), value)) = parts else {
        return Err(setting(
            "--set takes NAME.KEY=VALUE",
            "NAME is an account, KEY one of its settings: --set unpod.org_handle=acme.example",
        ));
    };
    let login = find(logins, name, "--set")?;
    let known: Vec<&'static str> =
        schema::account_keys(login.backend).into_iter().filter(|key| !is_own(key)).collect();
    let Some(key) = known.iter().find(|known| **known == key) else {
        let own = if is_own(key) { format!("`{key}` has an option of its own. ") } else { String::new() };
        let near = desired::meant(key, known.iter().copied());
        let near = near.map_or(own, |near| format!("did you mean `{near}`? "));
        return Err(setting(
            format!("an account of {} has no setting `{}`", login.backend.title, shorten(key)),
            format!("{near}The settings are {}", known.join(", ")),
        ));
    };
    if login.settings.insert(key, value.to_owned()).is_some() {
        return Err(setting(format!("`{name}.{key}` is set twice"), "keep one of them"));
    }
    Ok(())
}

fn account(message: impl Into<String>, help: impl Into<String>) -> Failure {
    Failure::other("telform::init::account", message, help)
}

pub(super) fn setting(message: impl Into<String>, help: impl Into<String>) -> Failure {
    Failure::other("telform::init::setting", message, help)
}
