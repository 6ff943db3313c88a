//! Secrets in the YAML: only where they come from, never the value. No message here repeats anything written in place
//! of a secret, because it may be one.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::{ConfigLoader, FileRef, accounts, suggestions, texts};
use crate::config::problem::Problem;
use crate::config::schema;
use crate::config::yaml::{KeySecrecy, MapEntry, NodeData, YamlNode, is_variable};
use crate::model::guards::guard_names;
use crate::model::kind::{AttributeType, Field};
use crate::model::resource::{DesiredSecret, DesiredValue, SecretFile, SecretSource};
use crate::services;

/// The account's own secret.
pub(super) const TOKEN: &str = "token";

const FORMS: &str = "{ env: NAME }, { file: path } or { command: [program, argument] }";

/// Names of all fields that hold a secret, and of the account's own.
static SECRET: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let kinds = services::tables().iter().flat_map(|service| service.kinds.iter());
    let fields = kinds.flat_map(|kind| kind.fields.iter()).filter(|field| field.ty == AttributeType::Secret);
    fields.map(Field::own_name).chain([TOKEN]).collect()
});

/// Keys that are known anywhere in these files.
static KNOWN: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let own = [&schema::OBJECT[..], &schema::LIFECYCLE, &schema::TOMBSTONE, &guard_names()].concat();
    let accounts = services::tables().iter().flat_map(|service| schema::account_keys(service));
    let kinds = services::tables().iter().flat_map(|service| service.kinds.iter());
    let names = |field: &'static Field| [field.own_name()].into_iter().chain(field.group());
    let kinds = kinds.flat_map(|kind| kind.fields.iter().flat_map(names).chain([kind.name]));
    own.into_iter().chain(accounts).chain(kinds).collect()
});

/// Names of all fields in which texts may come from sources.
static SOURCED: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let kinds = services::tables().iter().flat_map(|service| service.kinds.iter());
    kinds.flat_map(|kind| kind.fields.iter()).filter(|field| field.allows_secret_sources).map(|field| field.name).collect()
});

/// Whether the value of a key must not be shown. Misspelled names count as well: the value is as secret as under the correct
/// name.
pub(in crate::config) fn key_secrecy(key: &str) -> KeySecrecy {
    if SECRET.contains(key) {
        return KeySecrecy::Sure;
    }
    if SOURCED.contains(key) {
        return KeySecrecy::Sourced;
    }
    if KNOWN.contains(key) {
        return KeySecrecy::Known;
    }
    let lower = key.to_lowercase();
    let telling = ["password", "passwd", "passphrase", "secret", "token", "credential", "apikey"];
    let word = |word: &str| matches!(word, "key" | "auth" | "pass" | "pwd" | "pin");
    let likely = telling.iter().any(|part| lower.contains(part))
        || lower.split(['_', '-', '.', ' ']).any(word)
        || suggestions::closest_name(key, SECRET.iter().copied()).is_some();
    if likely { KeySecrecy::Likely } else { KeySecrecy::No }
}

/// Whether a value says where a secret comes from.
pub(super) fn is_source(node: &YamlNode) -> bool {
    matches!(node.as_map(), Some([part]) if matches!(&*part.key, "env" | "file" | "command"))
}

/// A secret from this source.
pub(super) fn wanted_secret(source: SecretSource) -> DesiredValue {
    DesiredValue::Secret(Box::new(DesiredSecret { source, fingerprint: None, made_up: false }))
}

impl ConfigLoader<'_> {
    /// Reads `{env: …}`, `{file: …}` or `{command: […]}`. `holder` names the owner, for the variable that is proposed.
    pub(super) fn source(&mut self, file: FileRef<'_>, entry: &MapEntry, holder: &[&str]) -> Option<SecretSource> {
        let (name, at) = (&entry.key, entry.value.used_at);
        let entries = match &entry.value.data {
            NodeData::Map(entries) => entries,
            NodeData::Scalar(_) if entry.value.is_null() => {
                self.report_problem(
                    Problem::new("telform::yaml::secret", format!("`{name}` is empty"), &file.source, entry.key_span)
                        .label("a source is missing")
                        .help(format!("name its source, or leave out `{name}`:\n{FORMS}")),
                );
                return None;
            }
            NodeData::Scalar(scalar) if texts::secret_template(&scalar.text).is_some() => {
                let named = texts::secret_template(&scalar.text).flatten();
                let variable = named.map_or_else(|| accounts::variable_name(holder), str::to_owned);
                self.report_problem(
                    Problem::new(
                        "telform::yaml::unrendered",
                        format!("`{name}` contains an unfilled template"),
                        &file.source,
                        at,
                    )
                    .label("the value is hidden here")
                    .help(format!(
                        "telform does not fill in templates. Name the source of a secret:\n    {name}: {{ env: {variable} }}"
                    )),
                );
                return None;
            }
            _ => {
                let variable = accounts::variable_name(holder);
                self.report_problem(
                    Problem::new(
                        "telform::yaml::literal_secret",
                        format!("`{name}` contains a secret, which does not belong in the YAML"),
                        &file.source,
                        at,
                    )
                    .label("the value is hidden here")
                    .help(format!(
                        "put it into the environment and write\n    {name}: {{ env: {variable} }}\n\
                         or use a file or a program: {{ file: path }}, {{ command: [program, argument] }}\n\
                         if this file was shared or committed, others may know the secret: replace it at the service"
                    )),
                );
                return None;
            }
        };
        let [part] = entries.as_slice() else {
            let problem = Problem::new(
                "telform::yaml::secret",
                format!("the source of `{name}` has {} keys; exactly one is needed", entries.len()),
                &file.source,
                at,
            );
            self.report_problem(problem.label("use one source").help(format!("write one of\n{FORMS}")));
            return None;
        };
        let source = match &*part.key {
            "env" => self.read_env_source(file, part),
            "file" => self.read_file_source(file, part),
            "command" => self.read_command_source(file, part),
            _ => None,
        };
        if source.is_none() && !matches!(&*part.key, "env" | "file" | "command") {
            self.report_problem(
                Problem::new("telform::yaml::secret", format!("this is not a source for `{name}`"), &file.source, part.key_span)
                    .label("unknown source")
                    .help(format!("write one of\n{FORMS}")),
            );
        }
        source
    }

    fn read_env_source(&mut self, file: FileRef<'_>, part: &MapEntry) -> Option<SecretSource> {
        let name = part.value.as_scalar().filter(|scalar| is_variable(&scalar.text));
        if name.is_none() {
            self.report_problem(
                Problem::new(
                    "telform::yaml::secret",
                    "`env` takes the name of an environment variable",
                    &file.source,
                    part.value.used_at,
                )
                .label("not the name of a variable")
                .help("letters, digits and `_`, not beginning with a digit:\n{ env: CARRIER_TOKEN }"),
            );
        }
        name.map(|scalar| SecretSource::Env(scalar.text.to_string()))
    }

    fn read_file_source(&mut self, file: FileRef<'_>, part: &MapEntry) -> Option<SecretSource> {
        let path = part.value.as_scalar().filter(|scalar| !scalar.text.trim().is_empty() && !scalar.text.contains('\0'));
        if path.is_none() || part.value.is_null() {
            self.report_problem(
                Problem::new("telform::yaml::secret", "`file` takes a path", &file.source, part.value.used_at)
                    .label("no path")
                    .help("relative paths start from the folder of this file:\n{ file: secrets/token }"),
            );
            return None;
        }
        if !path.is_some_and(|scalar| self.refuse_template(file, &scalar.text, part.value.used_at, &|| "the path".to_owned())) {
            return None;
        }
        path.map(|scalar| SecretSource::File(SecretFile::from_yaml_path(&file.root_folder, &file.folder, &scalar.text)))
    }

    fn read_command_source(&mut self, file: FileRef<'_>, part: &MapEntry) -> Option<SecretSource> {
        let words = part.value.as_list().and_then(|items| {
            let word = |scalar: &crate::config::yaml::Scalar| scalar.text.to_string();
            items.iter().map(|item| item.as_scalar().filter(|_| !item.is_null()).map(word)).collect::<Option<Vec<_>>>()
        });
        let good = words.filter(|words| {
            words.first().is_some_and(|program| !program.trim().is_empty()) && !words.iter().any(|it| it.contains('\0'))
        });
        if good.is_none() {
            self.report_problem(
                Problem::new(
                    "telform::yaml::secret",
                    "`command` takes a list: a program and its arguments",
                    &file.source,
                    part.value.used_at,
                )
                .label("no such list")
                .help("telform does not use a shell, so write each word separately:\n{ command: [pass, show, carrier/token] }"),
            );
        }
        good.map(SecretSource::Command)
    }
}
