//! Fetches the secrets that the configuration names. Nothing here ever shows a value: messages name the place in the YAML
//! and the source.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;

use crate::backend;
use crate::ledger::Key;
use crate::problem::{Problem, Problems};
use crate::program::Environment;
use crate::resource::{Address, Desired, DesiredObject, Place, SecretSource, Wanted};
use crate::value::{Packed, Secret, hidden};

mod command;

/// Largest secret, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024;

/// The flag that allows commands.
const FLAG: &str = "--allow-commands";

/// What was fetched.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Tokens by account.
    pub tokens: BTreeMap<String, Secret>,
    /// Secrets of objects by address and attribute.
    pub vault: BTreeMap<(Address, String), Secret>,
    /// Secrets of objects that were not supplied: a notice in a plan, and the end of an apply that has to send one.
    pub missing: Vec<Missing>,
    /// Accounts without a token, where that is not the end of the run, and why.
    pub no_token: BTreeMap<String, Problem>,
}

/// A secret of an object that was not supplied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Whose.
    pub address: Address,
    /// Which attribute.
    pub attribute: String,
    /// Where it should come from.
    pub source: SecretSource,
    /// Where the YAML says so.
    pub place: Place,
}

impl Missing {
    /// What stands in the place of a value inside a map.
    pub fn mark(&self) -> String {
        hidden::from_source(&self.source.to_string(), None)
    }
}

/// Whose secrets are fetched.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Accounts that are asked; `None` for all. The others need no token, and none of their objects a secret.
    pub accounts: Option<&'a BTreeSet<String>>,
    /// A token that cannot be had is noted, and ends nothing.
    pub without_token: bool,
}

impl Asked<'_> {
    /// All accounts, each with its token.
    pub const ALL: Self = Self { accounts: None, without_token: false };

    fn holds(self, account: &str) -> bool {
        self.accounts.is_none_or(|asked| asked.contains(account))
    }
}

/// Fetches all secrets and notes their fingerprints in `desired`. A token that is missing is a problem. `commands` is what the
/// programs that supply secrets see of the environment; without it none is run.
pub fn resolve(
    desired: &mut Desired,
    env: &dyn Fn(&str) -> Option<String>,
    commands: Option<&Environment>,
    key: &Key,
) -> Result<Resolved, Problems> {
    resolve_for(desired, Asked::ALL, env, commands, key)
}

/// The same for some of the accounts.
pub fn resolve_for(
    desired: &mut Desired,
    asked: Asked<'_>,
    env: &dyn Fn(&str) -> Option<String>,
    commands: Option<&Environment>,
    key: &Key,
) -> Result<Resolved, Problems> {
    let mut reader = Reader { env, commands, known: HashMap::new() };
    let mut problems = Problems::default();
    let mut resolved = Resolved::default();
    let several = desired.accounts.len() > 1;
    for account in desired.accounts.values().filter(|account| asked.holds(&account.name)) {
        match token(&mut reader, &account.token) {
            Ok(secret) => drop(resolved.tokens.insert(account.name.clone(), secret)),
            Err(fault) => {
                let what = format!("the token of the account `{}` {}", account.name, fault.what);
                let mut problem = fault.problem(what, &account.token_place);
                if asked.without_token {
                    resolved.no_token.insert(account.name.clone(), problem);
                    continue;
                }
                if several {
                    let help = format!("{}, or name the other accounts with `--account NAME`", fault.help);
                    problem = problem.help(&help);
                }
                problems.push(problem);
            }
        }
    }
    objects(&mut reader, desired, asked, key, &mut resolved, &mut problems);
    settle(resolved, problems)
}

/// The same without tokens, for a run that asks no account: `validate`, `--sandbox`, a plan from a snapshot.
pub fn resolve_without_tokens(
    desired: &mut Desired,
    env: &dyn Fn(&str) -> Option<String>,
    commands: Option<&Environment>,
    key: &Key,
) -> Result<Resolved, Problems> {
    let mut reader = Reader { env, commands, known: HashMap::new() };
    let mut problems = Problems::default();
    let mut resolved = Resolved::default();
    objects(&mut reader, desired, Asked::ALL, key, &mut resolved, &mut problems);
    settle(resolved, problems)
}

fn settle(resolved: Resolved, problems: Problems) -> Result<Resolved, Problems> {
    if problems.is_empty() { Ok(resolved) } else { Err(problems.sorted()) }
}

fn objects(
    reader: &mut Reader<'_>,
    desired: &mut Desired,
    asked: Asked<'_>,
    key: &Key,
    resolved: &mut Resolved,
    problems: &mut Problems,
) {
    // Before any value is hidden: what one object takes from a source is a secret in every other one, whichever comes first.
    for object in desired.objects.values() {
        object.sourced.iter().for_each(|it| key.hide_part(&object.address.kind, it.attribute, &it.part));
    }
    let objects = desired.objects.iter_mut();
    for (address, object) in objects.filter(|(_, object)| asked.holds(&object.account)) {
        for (attribute, wanted) in &mut object.attributes {
            let Wanted::Secret(wanted) = wanted else { continue };
            let place = object.places.get(*attribute).unwrap_or(&object.place).clone();
            wanted.fingerprint = None;
            match reader.read(&wanted.source) {
                Ok(secret) if !secret.is_empty() => {
                    wanted.fingerprint = Some(key.fingerprint(&address.kind, attribute, &secret));
                    resolved.vault.insert((address.clone(), (*attribute).to_owned()), secret);
                }
                Err(fault) if !fault.absent => {
                    problems
                        .push(fault.problem(format!("`{attribute}` of `{address}` {}", fault.what), &place));
                }
                _ => resolved.missing.push(Missing {
                    address: address.clone(),
                    attribute: (*attribute).to_owned(),
                    source: wanted.source.clone(),
                    place,
                }),
            }
        }
        sourced(reader, object, key, resolved, problems);
        conceal_values(object, key);
    }
    conceal_tombstones(desired, key);
}

/// What a tombstone finds its object by is compared with what a service shows, which is hidden in the same way.
fn conceal_tombstones(desired: &mut Desired, key: &Key) {
    for removal in &mut desired.removed {
        for (name, value) in &mut removal.key {
            let shapes = backend::shapes(&removal.address.kind);
            if let Some(kind) = shapes.iter().find(|kind| kind.id != *name)
                && let Some(field) = kind.field(name)
            {
                *value = key.conceal(&removal.address.kind, field, std::mem::take(value));
            }
        }
    }
}

/// Hides the secrets inside plain values, except in an identity, which stands in paths.
fn conceal_values(object: &mut DesiredObject, key: &Key) {
    let DesiredObject { address, shapes, attributes, .. } = object;
    for (attribute, wanted) in attributes {
        let field = shapes.iter().find_map(|kind| kind.field(attribute));
        if let (Wanted::Value(value), Some(field)) = (wanted, field)
            && !shapes.iter().any(|kind| kind.id == field.name)
        {
            *value = key.conceal(&address.kind, field, std::mem::take(value));
        }
    }
}

/// The same for a configuration whose secrets were fetched in another reading of it.
pub fn conceal(desired: &mut Desired, fetched: &Desired, key: &Key) {
    for (address, object) in &mut desired.objects {
        for value in object.sourced.clone() {
            let known =
                fetched.objects.get(address).and_then(|object| object.attributes.get(value.attribute));
            if let Some(Wanted::Value(Packed::Map(entries))) = known
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
fn sourced(
    reader: &mut Reader<'_>,
    object: &mut DesiredObject,
    key: &Key,
    resolved: &mut Resolved,
    problems: &mut Problems,
) {
    for value in object.sourced.clone() {
        let attribute = format!("{}.{}", value.attribute, value.part);
        match reader.read(&value.source) {
            Ok(secret) if !secret.is_empty() => {
                object.put_mark(value.attribute, &value.part, &key.mark_of(&value.source, &secret));
            }
            Err(fault) if !fault.absent => {
                let what = format!("`{attribute}` of `{}` {}", object.address, fault.what);
                problems.push(fault.problem(what, &value.place));
            }
            _ => {
                let absent = hidden::from_source(&value.source.to_string(), None);
                object.put_mark(value.attribute, &value.part, &absent);
                let (address, source, place) = (object.address.clone(), value.source, value.place);
                resolved.missing.push(Missing { address, attribute, source, place });
            }
        }
    }
}

/// Why a secret could not be had; without the secret.
#[derive(Debug, Clone)]
struct Fault {
    /// Nothing was supplied, as opposed to something bad.
    absent: bool,
    /// Goes on from "the token of the account `x`".
    what: String,
    help: String,
}

impl Fault {
    fn absent(what: String, help: String) -> Self {
        Self { absent: true, what, help }
    }

    fn bad(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { absent: false, what: what.into(), help: help.into() }
    }

    fn problem(&self, message: String, place: &Place) -> Problem {
        let code = if self.absent { "telform::secret::missing" } else { "telform::secret::unusable" };
        Problem::at(code, message, place.clone()).help(&self.help)
    }
}

/// A token becomes a header, so it must be one line of visible characters.
fn token(reader: &mut Reader<'_>, source: &SecretSource) -> Result<Secret, Fault> {
    let secret = reader.read(source)?;
    if secret.is_empty() {
        return Err(Fault::absent(format!("is empty ({source})"), way_out(source)));
    }
    let fault = if secret.reveal().contains(['\n', '\r']) {
        "has more than one line"
    } else if !secret.reveal().bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        "holds a character that is no printable ASCII"
    } else {
        return Ok(secret);
    };
    Err(Fault::bad(
        format!("{fault} ({source})"),
        "it is sent as a header: one line of printable ASCII, nothing else",
    ))
}

fn way_out(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("set the environment variable {name}"),
        SecretSource::File(path) => format!("put it into the file {}", path.display()),
        SecretSource::Command(_) => "see what the command prints when you run it yourself".to_owned(),
    }
}

struct Reader<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    /// What the commands see of the environment; none where no command may run.
    commands: Option<&'a Environment>,
    /// A source that several attributes name is asked once: a password manager may ask its user each time.
    known: HashMap<SecretSource, Result<Secret, Fault>>,
}

impl Reader<'_> {
    fn read(&mut self, source: &SecretSource) -> Result<Secret, Fault> {
        if let Some(known) = self.known.get(source) {
            return known.clone();
        }
        let read = match source {
            SecretSource::Env(variable) => self.variable(source, variable),
            SecretSource::File(path) => file(source, path),
            SecretSource::Command(words) => self.command(source, words),
        };
        self.known.insert(source.clone(), read.clone());
        read
    }

    fn variable(&self, source: &SecretSource, variable: &str) -> Result<Secret, Fault> {
        match (self.env)(variable) {
            Some(text) if !text.trim().is_empty() => secret(text.as_bytes(), source),
            _ => Err(Fault::absent(format!("is not supplied ({source})"), way_out(source))),
        }
    }

    fn command(&self, source: &SecretSource, words: &[String]) -> Result<Secret, Fault> {
        let Some(environment) = self.commands else {
            let help = format!("allow the commands in these files with {FLAG}; read them first");
            return Err(Fault::bad(format!("needs to run a program ({source})"), help));
        };
        let bytes = command::run(source, words, environment, command::PATIENCE)?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        secret(line, source)
    }
}

fn file(source: &SecretSource, path: &Path) -> Result<Secret, Fault> {
    let unreadable = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Fault::absent(format!("is not supplied ({source})"), way_out(source)),
        kind => Fault::bad(
            format!("cannot be read ({source}): {kind}"),
            "see whether this user may read the file",
        ),
    };
    let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    secret(&bytes, source)
}

/// The checks that every secret has to pass.
fn secret(bytes: &[u8], source: &SecretSource) -> Result<Secret, Fault> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(command::long(source));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Fault::bad(format!("is no UTF-8 text ({source})"), "is this the right source?"))?;
    if text.contains('\0') {
        return Err(Fault::bad(format!("holds a NUL ({source})"), "is this the right source?"));
    }
    // Editors on Windows begin a file with a mark of its encoding, which is no part of the secret.
    Ok(Secret::new(text.strip_prefix('\u{FEFF}').unwrap_or(text)))
}
