//! Fetches the secrets that the configuration names. No message shows a value: messages name the position in the YAML and
//! the source.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::config::problem::{Problem, Problems};
use crate::disk;
use crate::model::ledger::FingerprintKey;
use crate::model::resource::{Account, Address, Desired, DesiredObject, DesiredValue, SecretFile, SecretSource, SourceLocation};
use crate::model::value::{CompactValue, Secret, hidden};
use crate::process::Environment;
use crate::services;

mod allowances;
mod command;
mod token_hosts;

pub use allowances::{SecretAllowances, forbidden_sources};

/// Largest secret, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024;

/// The flag that allows commands.
const FLAG: &str = "--allow-commands";

/// What was fetched.
#[derive(Debug, Default)]
pub struct ResolvedSecrets {
    /// Tokens by account.
    pub tokens: BTreeMap<String, Secret>,
    /// Secrets of objects by address and attribute.
    pub object_secrets: BTreeMap<(Address, String), Secret>,
    /// Secrets of objects that were not supplied: a notice in a plan; an apply that has to send one ends.
    pub missing: Vec<MissingSecret>,
    /// Accounts without a token, where the run goes on without it, and why.
    pub accounts_without_token: BTreeMap<String, Problem>,
}

/// A secret of an object that was not supplied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSecret {
    /// Whose.
    pub address: Address,
    /// Which attribute.
    pub attribute: String,
    /// Its source.
    pub source: SecretSource,
    /// Where the YAML says so.
    pub location: SourceLocation,
}

impl MissingSecret {
    /// What replaces a value inside a map.
    pub fn placeholder_mark(&self) -> String {
        hidden::from_source(&self.source.to_string(), None)
    }
}

/// The accounts and objects whose secrets are fetched.
#[derive(Clone, Copy)]
pub struct SecretScope<'a> {
    /// Accounts that are read; `None` for all. The others need no token, and their objects no secrets.
    pub accounts: Option<&'a BTreeSet<String>>,
    /// A token that cannot be fetched is recorded and does not end the run.
    pub tolerate_missing_token: bool,
}

impl SecretScope<'_> {
    /// All accounts, each with its token.
    pub const ALL: Self = Self { accounts: None, tolerate_missing_token: false };

    fn includes_account(self, account: &str) -> bool {
        self.accounts.is_none_or(|asked| asked.contains(account))
    }
}

/// Fetches all secrets and records their fingerprints in `desired`. A missing token is a problem, and so is a source that the
/// YAML may not name: then no source is read.
pub fn resolve_secrets(
    desired: &mut Desired,
    env: &dyn Fn(&str) -> Option<String>,
    allowed: &SecretAllowances,
    key: &FingerprintKey,
) -> Result<ResolvedSecrets, Problems> {
    resolve_for(desired, SecretScope::ALL, env, allowed, key)
}

/// The same for some of the accounts.
pub fn resolve_for(
    desired: &mut Desired,
    asked: SecretScope<'_>,
    env: &dyn Fn(&str) -> Option<String>,
    allowed: &SecretAllowances,
    key: &FingerprintKey,
) -> Result<ResolvedSecrets, Problems> {
    resolve_with(desired, asked, env, allowed, key, |reader, desired, resolved, found| {
        read_tokens(reader, desired, asked, resolved, found)
    })
}

/// Whether the accounts have their tokens, as far as that is known without a program.
pub fn check_tokens(
    desired: &Desired,
    asked: &BTreeSet<String>,
    env: &dyn Fn(&str) -> Option<String>,
    allowed: &SecretAllowances,
) -> Result<(), Problems> {
    let mut problems = forbidden_sources(desired, allowed, env);
    let runs = |name: &String| matches!(desired.accounts.get(name), Some(it) if matches!(it.token, SecretSource::Command(_)));
    let known = asked.iter().filter(|name| !runs(name)).cloned().collect();
    let scope = SecretScope { accounts: Some(&known), ..SecretScope::ALL };
    if problems.is_empty() {
        read_tokens(&mut SecretReader::new(env, allowed), desired, scope, &mut ResolvedSecrets::default(), &mut problems);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.sorted()) }
}

fn read_tokens(
    reader: &mut SecretReader<'_>,
    desired: &Desired,
    asked: SecretScope<'_>,
    resolved: &mut ResolvedSecrets,
    problems: &mut Problems,
) {
    let mut failed = Vec::new();
    for Account { name, token, token_location, .. } in desired.accounts.values().filter(|it| asked.includes_account(&it.name)) {
        let read = read_token(reader, token).map(|secret| resolved.tokens.insert(name.clone(), secret));
        let Err(fault) = read else { continue };
        let problem = fault.to_problem(format!("the token of the account `{name}` {}", fault.reason), token_location);
        match asked.tolerate_missing_token {
            true => drop(resolved.accounts_without_token.insert(name.clone(), problem)),
            false => failed.push((problem, fault.help)),
        }
    }
    let others = resolved.tokens.len() + failed.len() < desired.accounts.len() || !resolved.tokens.is_empty();
    for (problem, help) in failed {
        let more = || format!("{help}, or name the other accounts with `--account NAME`");
        problems.push(if others { problem.help(more()) } else { problem });
    }
}

/// The same without tokens, for a run that reads no account: `validate`, `--sandbox`, a plan from a snapshot.
pub fn resolve_without_tokens(
    desired: &mut Desired,
    env: &dyn Fn(&str) -> Option<String>,
    allowed: &SecretAllowances,
    key: &FingerprintKey,
) -> Result<ResolvedSecrets, Problems> {
    resolve_with(desired, SecretScope::ALL, env, allowed, key, |_, _, _, _| ())
}

fn resolve_with(
    desired: &mut Desired,
    asked: SecretScope<'_>,
    env: &dyn Fn(&str) -> Option<String>,
    allowed: &SecretAllowances,
    key: &FingerprintKey,
    read_tokens: impl FnOnce(&mut SecretReader<'_>, &Desired, &mut ResolvedSecrets, &mut Problems),
) -> Result<ResolvedSecrets, Problems> {
    let mut problems = forbidden_sources(desired, allowed, env);
    if !problems.is_empty() {
        return Err(problems.sorted());
    }
    let mut reader = SecretReader::new(env, allowed);
    let mut resolved = ResolvedSecrets::default();
    read_tokens(&mut reader, desired, &mut resolved, &mut problems);
    resolve_objects(&mut reader, desired, asked, key, &mut resolved, &mut problems);
    if problems.is_empty() { Ok(resolved) } else { Err(problems.sorted()) }
}

fn resolve_objects(
    reader: &mut SecretReader<'_>,
    desired: &mut Desired,
    asked: SecretScope<'_>,
    key: &FingerprintKey,
    resolved: &mut ResolvedSecrets,
    problems: &mut Problems,
) {
    // Before any value is hidden: a value that one object takes from a source is a secret in every other object, whichever
    // comes first.
    for object in desired.objects.values() {
        object.sourced_values.iter().for_each(|it| key.hide_part(&object.address.kind, it.attribute, &it.part));
    }
    let objects = desired.objects.iter_mut();
    for (address, object) in objects.filter(|(_, object)| asked.includes_account(&object.account)) {
        for (attribute, wanted) in &mut object.attributes {
            let DesiredValue::Secret(wanted) = wanted else { continue };
            let place = object.locations.get(*attribute).unwrap_or(&object.location).clone();
            wanted.fingerprint = None;
            let field = object.shapes.iter().find_map(|kind| kind.field(attribute));
            match reader.read(&wanted.source) {
                Ok(secret) if !secret.is_empty() => {
                    if let Some(fault) = field.and_then(|field| field.length_fault(secret.reveal())) {
                        let what = format!("`{attribute}` of `{address}` ({}) {fault}", wanted.source);
                        problems.push(Problem::at_location("telform::secret::length", what, place).help("correct it there"));
                        continue;
                    }
                    wanted.fingerprint = Some(key.fingerprint_secret(&address.kind, attribute, &secret));
                    resolved.object_secrets.insert((address.clone(), (*attribute).to_owned()), secret);
                }
                Err(fault) if !fault.not_supplied => {
                    problems.push(fault.to_problem(format!("`{attribute}` of `{address}` {}", fault.reason), &place));
                }
                _ => resolved.missing.push(MissingSecret {
                    address: address.clone(),
                    attribute: (*attribute).to_owned(),
                    source: wanted.source.clone(),
                    location: place,
                }),
            }
        }
        resolve_sourced_values(reader, object, key, resolved, problems);
        conceal_values(object, key);
    }
    conceal_tombstones(desired, key);
}

/// The natural key of a tombstone is compared with what a service shows, which is hidden in the same way.
fn conceal_tombstones(desired: &mut Desired, key: &FingerprintKey) {
    for removal in &mut desired.removed {
        for (name, value) in &mut removal.key {
            let shapes = services::shapes_of_kind(&removal.address.kind);
            if let Some(kind) = shapes.iter().find(|kind| kind.id != *name)
                && let Some(field) = kind.field(name)
            {
                *value = key.conceal_secrets(&removal.address.kind, field, std::mem::take(value));
            }
        }
    }
}

/// Hides the secrets inside plain values, except in an identity, which appears in paths.
fn conceal_values(object: &mut DesiredObject, key: &FingerprintKey) {
    let DesiredObject { address, shapes, attributes, .. } = object;
    for (attribute, wanted) in attributes {
        let field = shapes.iter().find_map(|kind| kind.field(attribute));
        if let (DesiredValue::Value(value), Some(field)) = (wanted, field)
            && !shapes.iter().any(|kind| kind.id == field.name)
        {
            *value = key.conceal_secrets(&address.kind, field, std::mem::take(value));
        }
    }
}

/// The same for a configuration whose secrets were fetched in another reading of it.
pub fn conceal_with_fetched(desired: &mut Desired, fetched: &Desired, key: &FingerprintKey) {
    for (address, object) in &mut desired.objects {
        for value in object.sourced_values.clone() {
            let known = fetched.objects.get(address).and_then(|object| object.attributes.get(value.attribute));
            if let Some(DesiredValue::Value(CompactValue::Map(entries))) = known
                && let Some((_, mark)) = entries.iter().find(|(part, _)| *part == value.part)
                && let Some(mark) = mark.as_str()
            {
                object.put_mark(value.attribute, &value.part, mark);
            }
        }
        conceal_values(object, key);
    }
    conceal_tombstones(desired, key);
}

/// Values inside maps that come from secret sources.
fn resolve_sourced_values(
    reader: &mut SecretReader<'_>,
    object: &mut DesiredObject,
    key: &FingerprintKey,
    resolved: &mut ResolvedSecrets,
    problems: &mut Problems,
) {
    for value in object.sourced_values.clone() {
        let attribute = format!("{}.{}", value.attribute, value.part);
        match reader.read(&value.source) {
            Ok(secret) if !secret.is_empty() => {
                object.put_mark(value.attribute, &value.part, &key.mark_of(&value.source, &secret));
            }
            Err(fault) if !fault.not_supplied => {
                let what = format!("`{attribute}` of `{}` {}", object.address, fault.reason);
                problems.push(fault.to_problem(what, &value.location));
            }
            _ => {
                let absent = hidden::from_source(&value.source.to_string(), None);
                object.put_mark(value.attribute, &value.part, &absent);
                let (address, source, place) = (object.address.clone(), value.source, value.location);
                resolved.missing.push(MissingSecret { address, attribute, source, location: place });
            }
        }
    }
}

/// Why a secret could not be fetched; never the secret itself.
#[derive(Debug, Clone)]
struct SecretError {
    /// Nothing was supplied, as opposed to an invalid value.
    not_supplied: bool,
    /// Continues "the token of the account `x`".
    reason: String,
    help: String,
}

impl SecretError {
    fn absent(what: String, help: String) -> Self {
        Self { not_supplied: true, reason: what, help }
    }

    fn bad(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { not_supplied: false, reason: what.into(), help: help.into() }
    }

    fn to_problem(&self, message: String, place: &SourceLocation) -> Problem {
        let code = if self.not_supplied { "telform::secret::missing" } else { "telform::secret::unusable" };
        Problem::at_location(code, message, place.clone()).help(&self.help)
    }
}

/// A token becomes a header, so it must be one line of visible characters.
fn read_token(reader: &mut SecretReader<'_>, source: &SecretSource) -> Result<Secret, SecretError> {
    let secret = reader.read(source)?;
    if secret.is_empty() {
        return Err(SecretError::absent(format!("is empty ({source})"), help_for(source)));
    }
    let fault = if secret.reveal().contains(['\n', '\r']) {
        "has more than one line"
    } else if !secret.reveal().bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        "contains a character that is not printable ASCII"
    } else {
        return Ok(secret);
    };
    Err(SecretError::bad(format!("{fault} ({source})"), "it is sent as a header: one line of printable ASCII, nothing else"))
}

fn help_for(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("set the environment variable {name}"),
        SecretSource::File(file) => format!("put it into the file {}", file.path.display()),
        SecretSource::Command(_) => "check what the command prints when you run it yourself".to_owned(),
    }
}

struct SecretReader<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    /// The environment of the commands; none where no command may run.
    commands: Option<&'a Environment>,
    /// Folders that the user named, so that links may lead there.
    folders: &'a [PathBuf],
    /// A source that several attributes name is read once: a password manager may prompt its user each time.
    resolved: HashMap<SecretSource, Result<Secret, SecretError>>,
}

impl<'a> SecretReader<'a> {
    fn new(env: &'a dyn Fn(&str) -> Option<String>, allowed: &'a SecretAllowances) -> Self {
        Self { env, commands: allowed.commands.as_ref(), folders: &allowed.folders, resolved: HashMap::new() }
    }

    fn read(&mut self, source: &SecretSource) -> Result<Secret, SecretError> {
        if let Some(known) = self.resolved.get(source) {
            return known.clone();
        }
        let read = match source {
            SecretSource::Env(variable) => self.read_variable(source, variable),
            SecretSource::File(named) => read_secret_file(source, named, self.folders),
            SecretSource::Command(words) => self.read_command(source, words),
        };
        self.resolved.insert(source.clone(), read.clone());
        read
    }

    fn read_variable(&self, source: &SecretSource, variable: &str) -> Result<Secret, SecretError> {
        match (self.env)(variable) {
            Some(text) if !text.trim().is_empty() => check_secret(text.as_bytes(), source),
            _ => Err(SecretError::absent(format!("is not supplied ({source})"), help_for(source))),
        }
    }

    fn read_command(&self, source: &SecretSource, words: &[String]) -> Result<Secret, SecretError> {
        let Some(environment) = self.commands else {
            let help = format!("allow the commands in these files with {FLAG}; read them first");
            return Err(SecretError::bad(format!("needs to run a program ({source})"), help));
        };
        let bytes = command::run_command(source, words, environment, command::PATIENCE)?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        check_secret(line, source)
    }
}

fn read_secret_file(source: &SecretSource, named: &SecretFile, folders: &[PathBuf]) -> Result<Secret, SecretError> {
    let unreadable = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => SecretError::absent(format!("is not supplied ({source})"), help_for(source)),
        _ if disk::file_refusal(error).is_some() => {
            SecretError::bad(format!("cannot be read ({source}): {error}"), "put the secret into a regular file in that folder")
        }
        kind => SecretError::bad(format!("cannot be read ({source}): {kind}"), "check the permissions of the file"),
    };
    let mut within: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    within.push(&named.root_folder);
    let file = disk::open_within(&within, &named.path).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    check_secret(&bytes, source)
}

/// The checks that every secret has to pass.
fn check_secret(bytes: &[u8], source: &SecretSource) -> Result<Secret, SecretError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(command::output_too_long(source));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| SecretError::bad(format!("is not UTF-8 text ({source})"), "is this the right source?"))?;
    if text.contains('\0') {
        return Err(SecretError::bad(format!("holds a NUL ({source})"), "is this the right source?"));
    }
    // A private key for signing or TLS: none of our services may receive it.
    if text.contains("PRIVATE KEY-----") {
        let help = "a private key is never sent; name the source of this secret";
        return Err(SecretError::bad(format!("is a private key ({source})"), help));
    }
    // Editors on Windows begin a file with a byte order mark, which is not part of the secret.
    Ok(Secret::new(text.strip_prefix('\u{FEFF}').unwrap_or(text)))
}
