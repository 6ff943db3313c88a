//! The text of the configuration: the accounts, and as comments what else can be said. All of it comes from the tables.

use std::path::Path;

use super::login::Login;
use crate::adopt::inline;
use crate::backend;
use crate::desired;
use crate::kind::{Access, Backend, Field, Kind, Normaliser, Type};
use crate::resource::SecretSource;
use crate::schema;
use crate::value::Value;

/// Longest line that makes room for the comments of its block; behind a longer one the comment just follows.
const LONGEST: usize = 44;

/// Name of the objects in the examples.
const EXAMPLE: &str = "main";

const HEAD: &str = "\
# What the services shall hold. `telform plan` shows the difference, and
# `telform apply` carries it out. What is not mentioned here is left alone:
# attributes, objects, whole kinds.
version: 1

accounts:
";

const GUARDS: &str = "
# Deletes and lost connections are refused unless these allow them, or for one
# run --max-deletes N and --max-numbers-dark N. What no plan may delete gets the
# line `lifecycle: { prevent_delete: true }`.
# guards:
#   max_deletes: 1
#   max_numbers_dark: 0
";

/// The configuration of these accounts. `top`: the way from the folder of the file to the current one.
pub(super) fn text(logins: &[Login], top: &str) -> String {
    let mut out = format!("# yaml-language-server: $schema={top}.telform/telform.schema.json\n#\n{HEAD}");
    for login in logins {
        out.push_str(&account(login, top, true));
    }
    let others = backend::ALL.iter().filter(|backend| !uses(logins, backend));
    let others: Vec<Login> = others.map(|backend| placeholder(backend)).collect();
    for login in &others {
        for line in account(login, top, false).lines() {
            out.push_str(&format!("  # {}\n", line.strip_prefix("  ").unwrap_or(line)));
        }
    }
    out.push_str(GUARDS);
    for login in first_of_each(logins).chain(&others) {
        let several = logins.iter().filter(|other| other.backend.api == login.backend.api).count() > 1;
        for kind in shapes(login) {
            out.push_str(&object(kind, several.then_some(login.name.as_str())));
        }
    }
    let first = logins.first().or(others.first());
    let kind = first.and_then(|login| login.backend.kinds.first()).map_or("providers", |kind| kind.name);
    let account =
        first.map(|login| format!("\n#     account: {}", inline(&Value::from(login.name.as_str()))));
    out.push_str(&format!(
        "\n# A deletion is an added line in the review:\n# removed:\n#   - address: {kind}.old{}\n#     reason: \"contract ended\"\n",
        account.unwrap_or_default()
    ));
    out
}

/// An account of a service that nobody has said anything about, with examples for what it needs.
pub(super) fn placeholder(backend: &'static Backend) -> Login {
    let mut login = Login::new(backend.api, backend);
    for key in Login::needs(backend) {
        login.settings.insert(key, sample(backend, key));
    }
    login
}

/// What could stand for a key: its default, or the first example.
fn sample(backend: &Backend, key: &str) -> String {
    let about = schema::account_key(backend, key);
    let first = |of: &str| about.get(of)?.get(0);
    let sample =
        about.get("default").or_else(|| first("examples")).or_else(|| first("enum")).or(about.get("const"));
    sample.map_or_else(|| "...".to_owned(), |value| value.as_str().map_or(value.to_string(), str::to_owned))
}

fn uses(logins: &[Login], backend: &Backend) -> bool {
    logins.iter().any(|login| login.backend.api == backend.api)
}

/// The first account of each service: the one that the examples belong to.
fn first_of_each(logins: &[Login]) -> impl Iterator<Item = &Login> {
    let seen = |at: usize| logins[..at].iter().any(|other| other.backend.api == logins[at].backend.api);
    logins.iter().enumerate().filter(move |(at, _)| !seen(*at)).map(|(_, login)| login)
}

/// Lines with comments behind them, which begin in one column.
fn rows(rows: &[(String, String)]) -> String {
    let lengths =
        rows.iter().filter(|(_, comment)| !comment.is_empty()).map(|(line, _)| line.chars().count());
    let column = lengths.filter(|length| *length <= LONGEST).max().unwrap_or_default();
    let mut out = String::new();
    for (line, comment) in rows {
        let comment = comment.trim_end_matches('.');
        let text = if comment.is_empty() { line.clone() } else { format!("{line:column$}  # {comment}") };
        out.push_str(&text);
        out.push('\n');
    }
    out
}

fn account(login: &Login, top: &str, whole: bool) -> String {
    let backend = login.backend;
    let said = |key: &str| schema::account_key(backend, key)["description"].as_str().unwrap_or("").to_owned();
    let keys: Vec<&str> = schema::account_keys(backend)
        .into_iter()
        .filter(|key| !matches!(*key, "api" | "token" | "was"))
        .collect();
    let mut lines = vec![
        (format!("  {}:", key(&login.name)), String::new()),
        (format!("    api: {}", backend.api), format!("{}: {}", backend.title, holds(backend))),
    ];
    for key in keys.iter().filter(|key| login.settings.contains_key(**key)) {
        lines.push((format!("    {key}: {}", scalar(backend, key, &login.settings[*key])), said(key)));
    }
    let token = "env, file or command; never the token";
    lines.push((format!("    token: {}", source(&login.token, top)), token.to_owned()));
    // What only this sort of service knows is worth a hint; what all know stands in the reference.
    let common = ["base_url", "requests_per_minute", "max_in_flight", "settle_after", "guards"];
    let mut switches = schema::switches(backend);
    switches.extend(schema::words(backend).into_iter().map(|(key, _)| key));
    let own = |key: &&&str| !common.contains(*key) && !switches.contains(*key) && whole;
    for key in keys.iter().filter(own).filter(|key| !login.settings.contains_key(**key)) {
        lines.push((format!("    # {key}: {}", scalar(backend, key, &sample(backend, key))), said(key)));
    }
    rows(&lines)
}

/// Names of the kinds that a service holds, each once.
pub(super) fn holds(backend: &Backend) -> String {
    let mut names: Vec<&str> = backend.kinds.iter().map(|kind| kind.name).collect();
    names.dedup();
    names.join(", ")
}

/// A name as a key of a map: in quotes where some reader takes it for something else.
fn key(name: &str) -> String {
    let plain = name.starts_with(|char: char| char.is_ascii_alphabetic()) && name.len() > 3;
    let known = backend::by_api(name).is_some();
    let word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    let taken = ["true", "false", "null"].contains(&name.to_ascii_lowercase().as_str());
    if (plain || known) && !taken && name.chars().all(word) {
        name.to_owned()
    } else {
        inline(&Value::from(name))
    }
}

/// A setting as its sort of value is written: a number or a switch as it stands, everything else in quotes.
fn scalar(backend: &Backend, key: &str, text: &str) -> String {
    let about = schema::account_key(backend, key);
    if about["type"] == "array" {
        let list = serde_json::from_str(text).ok().filter(Value::is_array);
        let parts = || text.split(',').map(|part| Value::from(part.trim())).collect::<Vec<_>>().into();
        return inline(&list.unwrap_or_else(parts));
    }
    let bare = about.get("enum").is_some() || about["type"] == "integer" || about["type"] == "boolean";
    let word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if bare && word { text.to_owned() } else { inline(&Value::from(text)) }
}

/// A source as the YAML says it. A relative path starts from the folder of the file.
fn source(token: &SecretSource, top: &str) -> String {
    match token {
        SecretSource::Env(name) => format!("{{ env: {name} }}"),
        SecretSource::File(path) => {
            let path = if path.is_absolute() { path.clone() } else { Path::new(top).join(path) };
            format!("{{ file: {} }}", inline(&Value::from(path.to_string_lossy())))
        }
        SecretSource::Command(words) => {
            let words = Value::Array(words.iter().map(|word| Value::from(word.as_str())).collect());
            format!("{{ command: {} }}", inline(&words))
        }
    }
}

/// One shape of each kind: that of the account's generation, or the documented one.
fn shapes(login: &Login) -> Vec<&'static Kind> {
    let said = login.settings.get("generation").and_then(|text| text.parse().ok());
    let first = login.backend.kinds.first().and_then(|kind| kind.generation);
    let generation: Option<u8> = said.or(login.generation).or(first);
    let fits = |kind: &&&'static Kind| kind.generation.is_none() || kind.generation == generation;
    login.backend.kinds.iter().filter(fits).copied().collect()
}

/// An object of a kind, as comments.
fn object(kind: &Kind, account: Option<&str>) -> String {
    let mut lines = Vec::new();
    if let Some(account) = account {
        lines.push((format!("#     account: {}", inline(&Value::from(account))), String::new()));
    }
    let shown =
        |field: &&Field| field.access != Access::ReadOnly && (field.required || field.ty == Type::Numbers);
    for field in kind.fields.iter().filter(shown) {
        let about = field.doc.split(['.', ';']).next().unwrap_or_default().to_owned();
        let value = example(kind, field);
        let mut parts = value.split('\n');
        lines.push((format!("#     {}:{}", field.name, parts.next().unwrap_or_default()), about));
        lines.extend(parts.map(|part| (part.to_owned(), String::new())));
    }
    format!(
        "\n# A {}; `telform docs {}` says what else it can have.\n# {}:\n#   {EXAMPLE}:\n{}",
        kind.singular,
        kind.name,
        kind.name,
        rows(&lines)
    )
}

/// What could stand behind the key of an attribute.
fn example(kind: &Kind, field: &Field) -> String {
    let text = |text: &str| format!(" {}", inline(&Value::from(text)));
    match field.ty {
        Type::Secret => format!(" {{ env: {} }}", desired::variable(&[EXAMPLE, field.name])),
        Type::Decimal => text("1.50"),
        Type::Integer => " 1".to_owned(),
        Type::Bool => " true".to_owned(),
        Type::List => " []".to_owned(),
        Type::Map => " {}".to_owned(),
        Type::Opaque => String::new(),
        Type::Numbers => format!("\n#       \"+14155550101\": {{ provider: {EXAMPLE} }}"),
        Type::Text | Type::CatalogueEntry if !field.example.is_empty() => text(field.example),
        Type::Text | Type::CatalogueEntry => match (field.seen.first(), field.normaliser) {
            (Some(seen), _) => text(seen),
            (None, Normaliser::Digits) => text("100"),
            (None, Normaliser::Mail | Normaliser::Mails) => text("name@company.example"),
            _ if kind.id == field.name => text(EXAMPLE),
            _ => text("..."),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with all that is commented out taken in: lines whose comment is a key or an item of a list.
    fn taken_in(text: &str) -> String {
        let yaml = |line: &str| {
            let rest = line.trim_start().strip_prefix("# ")?;
            let word = rest.trim_start().trim_start_matches("- ");
            let head = word.split_once(':').map(|(head, _)| head)?;
            (!head.is_empty() && !head.contains(' ')).then(|| line.replacen("# ", "", 1))
        };
        text.lines()
            .map(|line| yaml(line).unwrap_or_else(|| line.to_owned()) + "\n")
            .filter(|line| !line.contains("yaml-language-server"))
            .collect()
    }

    fn check(logins: &[Login]) {
        for top in ["", "../"] {
            let text = text(logins, top);
            let loaded = desired::load_text("telform.yaml", Path::new("telform"), &text);
            let loaded = loaded.unwrap_or_else(|problems| panic!("{text}\n{problems}"));
            assert!(loaded.warnings.is_empty() && loaded.desired.accounts.len() == logins.len(), "{text}");
            // A tombstone whose object nobody has seen is no example of what is declared.
            let whole = taken_in(&text);
            let loaded = desired::load_text("telform.yaml", Path::new("telform"), &whole);
            let loaded = loaded.unwrap_or_else(|problems| panic!("{whole}\n{problems}"));
            assert!(loaded.warnings.is_empty(), "{whole}");
            let kinds = backend::kind_names().len();
            assert_eq!(loaded.desired.objects.len(), kinds, "an example of every kind\n{whole}");
            assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
        }
    }

    #[test]
    fn whatever_is_chosen_is_valid_and_so_is_every_example() {
        let all: Vec<Login> = backend::ALL.iter().map(|backend| placeholder(backend)).collect();
        for set in 1_u32..(1 << all.len()) {
            let chosen: Vec<Login> = (all.iter().enumerate())
                .filter(|(index, _)| set & (1 << index) != 0)
                .map(|(_, login)| login.clone())
                .collect();
            check(&chosen);
        }
        for backend in backend::ALL {
            let mut second = placeholder(backend);
            second.name = "no".to_owned();
            check(&[placeholder(backend), second]);
            for generation in backend.generations {
                let mut login = placeholder(backend);
                login.settings.insert("generation", generation.to_string());
                check(&[login]);
            }
            for key in schema::account_keys(backend)
                .into_iter()
                .filter(|key| !matches!(*key, "api" | "token" | "was" | "guards" | "max_in_flight"))
            {
                let mut login = placeholder(backend);
                login.settings.insert(key, sample(backend, key));
                check(&[login]);
            }
        }
    }

    #[test]
    fn sources_and_names_are_quoted() {
        let mut login = placeholder(backend::ALL[0]);
        login.name = "1e3".to_owned();
        for token in [
            SecretSource::File("a b/\"t\": #".into()),
            SecretSource::Command(vec!["pass".to_owned(), "[show]".to_owned(), "{x}".to_owned()]),
            SecretSource::Env("A_1".to_owned()),
        ] {
            login.token = token.clone();
            let loaded = desired::load_text("telform.yaml", Path::new(""), &text(&[login.clone()], ""));
            assert!(loaded.expect("a valid text").desired.accounts["1e3"].token == token);
        }
        let below = text(&[login], "../");
        assert!(below.starts_with("# yaml-language-server: $schema=../.telform/telform.schema.json\n"));
    }
}
