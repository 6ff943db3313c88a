//! Secrets in the YAML: only where they come from, never the value. No message here repeats anything that stands in the
//! place of a secret, because it may be one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use super::{In, Loader, accounts, names, texts};
use crate::backend;
use crate::kind::Type;
use crate::problem::Problem;
use crate::resource::SecretSource;
use crate::schema;
use crate::yaml::{Data, Entry, Node, Secrecy, is_variable};

/// The account's own secret.
pub(super) const TOKEN: &str = "token";

const FORMS: &str = "{ env: NAME }, { file: path } or { command: [program, argument] }";

/// Names of all fields that hold a secret, and of the account's own.
static SECRET: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let kinds = backend::ALL.iter().flat_map(|backend| backend.kinds.iter());
    let fields = kinds.flat_map(|kind| kind.fields.iter()).filter(|field| field.ty == Type::Secret);
    fields.map(|field| field.name).chain([TOKEN]).collect()
});

/// Keys that have a meaning somewhere in these files.
static KNOWN: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let own = [&schema::OBJECT[..], &schema::LIFECYCLE, &schema::TOMBSTONE, &schema::GUARDS].concat();
    let accounts = backend::ALL.iter().flat_map(|backend| schema::account_keys(backend));
    let kinds = backend::ALL.iter().flat_map(|backend| backend.kinds.iter());
    let kinds = kinds.flat_map(|kind| kind.fields.iter().map(|field| field.name).chain([kind.name]));
    own.into_iter().chain(accounts).chain(kinds).collect()
});

/// Names of all fields in which texts may come from sources.
static SOURCED: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let kinds = backend::ALL.iter().flat_map(|backend| backend.kinds.iter());
    kinds.flat_map(|kind| kind.fields.iter()).filter(|field| field.sourced).map(|field| field.name).collect()
});

/// Whether the value of a key must not be shown. Misspelled names count as well: the value is as secret as if it were right.
pub(super) fn secrecy(key: &str) -> Secrecy {
    if SECRET.contains(key) {
        return Secrecy::Sure;
    }
    if SOURCED.contains(key) {
        return Secrecy::Sourced;
    }
    if KNOWN.contains(key) {
        return Secrecy::Known;
    }
    let lower = key.to_lowercase();
    let telling = ["password", "passwd", "passphrase", "secret", "token", "credential", "apikey"];
    let word = |word: &str| matches!(word, "key" | "auth" | "pass" | "pwd" | "pin");
    let likely = telling.iter().any(|part| lower.contains(part))
        || lower.split(['_', '-', '.', ' ']).any(word)
        || names::meant(key, SECRET.iter().copied()).is_some();
    if likely { Secrecy::Likely } else { Secrecy::No }
}

/// Whether a value says where a secret comes from.
pub(super) fn is_source(node: &Node) -> bool {
    matches!(node.map(), Some([part]) if matches!(&*part.key, "env" | "file" | "command"))
}

impl Loader<'_> {
    /// Reads `{env: …}`, `{file: …}` or `{command: […]}`. `holder` names whose it is, for the variable that is proposed.
    pub(super) fn source(&mut self, file: In<'_>, entry: &Entry, holder: &[&str]) -> Option<SecretSource> {
        let (name, at) = (&entry.key, entry.value.at);
        let entries = match &entry.value.data {
            Data::Map(entries) => entries,
            Data::Scalar(_) if entry.value.is_null() => {
                self.report(
                    Problem::new(
                        "telform::yaml::secret",
                        format!("`{name}` says nothing"),
                        &file.source,
                        entry.key_span,
                    )
                    .label("a source is needed")
                    .help(format!("say where it comes from, or leave `{name}` out:\n{FORMS}")),
                );
                return None;
            }
            Data::Scalar(scalar) if texts::secret_template(&scalar.text).is_some() => {
                let named = texts::secret_template(&scalar.text).flatten();
                let variable = named.map_or_else(|| accounts::variable(holder), str::to_owned);
                self.report(
                    Problem::new(
                        "telform::yaml::unrendered",
                        format!("`{name}` holds a template that nothing has filled in"),
                        &file.source,
                        at,
                    )
                    .label("the value is hidden here")
                    .help(format!(
                        "telform fills in no templates; a secret is named by its source:\n    {name}: {{ env: {variable} }}"
                    )),
                );
                return None;
            }
            _ => {
                let variable = accounts::variable(holder);
                self.report(
                    Problem::new(
                        "telform::yaml::literal_secret",
                        format!("`{name}` holds a secret itself; a secret never stands in the YAML"),
                        &file.source,
                        at,
                    )
                    .label("the value is hidden here")
                    .help(format!(
                        "put it into the environment and write\n    {name}: {{ env: {variable} }}\n\
                         or use a file or a program: {{ file: path }}, {{ command: [program, argument] }}\n\
                         if this file was shared or committed, the secret is known: replace it at the service"
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
            self.report(problem.label("one source, please").help(format!("write one of\n{FORMS}")));
            return None;
        };
        let source = match &*part.key {
            "env" => self.env(file, part),
            "file" => self.file(file, part),
            "command" => self.command(file, part),
            _ => None,
        };
        if source.is_none() && !matches!(&*part.key, "env" | "file" | "command") {
            self.report(
                Problem::new(
                    "telform::yaml::secret",
                    format!("this is no source for `{name}`"),
                    &file.source,
                    part.key_span,
                )
                .label("unknown sort of source")
                .help(format!("write one of\n{FORMS}")),
            );
        }
        source
    }

    fn env(&mut self, file: In<'_>, part: &Entry) -> Option<SecretSource> {
        let name = part.value.scalar().filter(|scalar| is_variable(&scalar.text));
        if name.is_none() {
            self.report(
                Problem::new(
                    "telform::yaml::secret",
                    "`env` takes the name of an environment variable",
                    &file.source,
                    part.value.at,
                )
                .label("no name of a variable")
                .help("letters, digits and `_`, not beginning with a digit:\n{ env: CARRIER_TOKEN }"),
            );
        }
        name.map(|scalar| SecretSource::Env(scalar.text.to_string()))
    }

    fn file(&mut self, file: In<'_>, part: &Entry) -> Option<SecretSource> {
        let path = part
            .value
            .scalar()
            .filter(|scalar| !scalar.text.trim().is_empty() && !scalar.text.contains('\0'));
        if path.is_none() || part.value.is_null() {
            self.report(
                Problem::new("telform::yaml::secret", "`file` takes a path", &file.source, part.value.at)
                    .label("no path")
                    .help("relative paths start from the folder of this file:\n{ file: secrets/token }"),
            );
            return None;
        }
        if !path
            .is_some_and(|scalar| self.rendered(file, &scalar.text, part.value.at, &|| "the path".to_owned()))
        {
            return None;
        }
        path.map(|scalar| SecretSource::File(file.folder.join(PathBuf::from(&*scalar.text))))
    }

    fn command(&mut self, file: In<'_>, part: &Entry) -> Option<SecretSource> {
        let words = part.value.list().and_then(|items| {
            let word = |scalar: &crate::yaml::Scalar| scalar.text.to_string();
            items
                .iter()
                .map(|item| item.scalar().filter(|_| !item.is_null()).map(word))
                .collect::<Option<Vec<_>>>()
        });
        let good = words.filter(|words| {
            words.first().is_some_and(|program| !program.trim().is_empty())
                && !words.iter().any(|it| it.contains('\0'))
        });
        if good.is_none() {
            self.report(
                Problem::new(
                    "telform::yaml::secret",
                    "`command` takes a list: a program and its arguments",
                    &file.source,
                    part.value.at,
                )
                .label("no such list")
                .help("no shell is involved, so each word stands by itself:\n{ command: [pass, show, carrier/token] }"),
            );
        }
        good.map(SecretSource::Command)
    }
}
