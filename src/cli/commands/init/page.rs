//! The text of the configuration: the accounts, and all other settings as comments. Everything comes from the tables.

use std::path::Path;

use super::login::InitAccount;
use crate::analysis::adopt::inline_value;
use crate::config::desired;
use crate::config::schema;
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind, Normaliser, ServiceTable, SettingRole};
use crate::model::resource::{Address, SecretFile, SecretSource};
use crate::model::value::Value;
use crate::output::view::kind_in_words;
use crate::services;
use crate::text::with_article;

/// Longest line that is padded to align the comments of its block; after a longer one the comment follows directly.
const LONGEST: usize = 44;

/// Name of the objects in the examples.
const EXAMPLE: &str = "main";

const HEAD: &str = "\
# The desired state of the services. `telform plan` shows the difference, and
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

/// The configuration of these accounts. `top`: the path from the folder of the file to the current one.
pub(super) fn config_text(logins: &[InitAccount], top: &str) -> String {
    let mut out = format!("# yaml-language-server: $schema={top}.telform/telform.schema.json\n#\n{HEAD}");
    for login in logins {
        out.push_str(&account_text(login, top, true));
    }
    let others = services::tables().iter().filter(|service| !uses_backend(logins, service));
    let others: Vec<InitAccount> = others.map(|service| placeholder_account(service)).collect();
    for login in &others {
        for line in account_text(login, top, false).lines() {
            out.push_str(&format!("  # {}\n", line.strip_prefix("  ").unwrap_or(line)));
        }
    }
    out.push_str(GUARDS);
    for login in first_of_each(logins).chain(&others) {
        let several = logins.iter().filter(|other| other.service.api == login.service.api).count() > 1;
        for kind in one_shape_each(login) {
            out.push_str(&object_comment(kind, several.then_some(login.name.as_str())));
        }
    }
    let first = logins.first().or(others.first());
    let kind = first.and_then(|login| login.service.kinds.first()).map_or("KIND", |kind| kind.name);
    let account = first.map(|login| format!("\n#     account: {}", inline_value(&Value::from(login.name.as_str()))));
    out.push_str(&format!(
        "\n# A deletion is an added line in the review:\n# removed:\n#   - address: {kind}.old{}\n#     reason: \"contract ended\"\n",
        account.unwrap_or_default()
    ));
    out
}

/// An account of a service without any answers, with examples for what it needs.
pub(super) fn placeholder_account(service: &'static ServiceTable) -> InitAccount {
    let mut login = InitAccount::new(service.api, service);
    for key in InitAccount::required_keys(service) {
        login.settings.insert(key, sample_value(service, key));
    }
    login
}

/// A possible value of a key: its default, or the first example.
pub(super) fn sample_value(service: &ServiceTable, key: &str) -> String {
    let about = schema::account_key(service, key);
    let first = |of: &str| about.get(of)?.get(0);
    let sample = about.get("default").or_else(|| first("examples")).or_else(|| first("enum")).or(about.get("const"));
    sample.map_or_else(|| "...".to_owned(), |value| value.as_str().map_or(value.to_string(), str::to_owned))
}

fn uses_backend(logins: &[InitAccount], service: &ServiceTable) -> bool {
    logins.iter().any(|login| login.service.api == service.api)
}

/// The first account of each service: the examples belong to it.
fn first_of_each(logins: &[InitAccount]) -> impl Iterator<Item = &InitAccount> {
    let seen = |at: usize| logins[..at].iter().any(|other| other.service.api == logins[at].service.api);
    logins.iter().enumerate().filter(move |(at, _)| !seen(*at)).map(|(_, login)| login)
}

/// Lines with trailing comments, which begin in one column.
fn align_comments(rows: &[(String, String)]) -> String {
    let lengths = rows.iter().filter(|(_, comment)| !comment.is_empty()).map(|(line, _)| line.chars().count());
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

fn account_text(login: &InitAccount, top: &str, whole: bool) -> String {
    let service = login.service;
    let said = |key: &str| schema::account_key(service, key)["description"].as_str().unwrap_or("").to_owned();
    let keys: Vec<&str> = schema::account_keys(service)
        .into_iter()
        .filter(|key| !matches!(*key, "api" | "token" | "was" | schema::DEFAULTS))
        .collect();
    let mut lines = vec![
        (format!("  {}:", map_key(&login.name)), String::new()),
        (format!("    api: {}", service.api), format!("{}: {}", service.title, held_kinds(service))),
    ];
    for key in keys.iter().filter(|key| login.settings.contains_key(**key)) {
        lines.push((format!("    {key}: {}", scalar_text(service, key, &login.settings[*key])), said(key)));
    }
    let token = "env, file or command; never the token";
    lines.push((format!("    token: {}", source_yaml(&login.token, top)), token.to_owned()));
    // Settings of only this type of service get a hint; common ones are in the reference.
    let hinted = service.settings.iter().filter(|setting| whole && !setting.is_switch());
    for key in hinted.map(|setting| setting.name).filter(|key| !login.settings.contains_key(key)) {
        lines.push((format!("    # {key}: {}", scalar_text(service, key, &sample_value(service, key))), said(key)));
    }
    align_comments(&lines)
}

/// The kinds that a service holds, in words, each once: as many as fit on a line.
pub(super) fn held_kinds(service: &ServiceTable) -> String {
    const LONGEST: usize = 60;
    let mut names: Vec<String> = service.kinds.iter().map(|kind| kind_in_words(2, kind.name)).collect();
    names.dedup();
    let fits = |count: &usize| names[..*count].join(", ").len() <= LONGEST;
    let shown = (1..=names.len()).rev().find(fits).unwrap_or_default();
    let more = if shown < names.len() { format!(" and {} more", names.len() - shown) } else { String::new() };
    format!("{}{more}", names[..shown].join(", "))
}

/// A name as a key of a map: in quotes where some reader would interpret it differently.
fn map_key(name: &str) -> String {
    let plain = name.starts_with(|char: char| char.is_ascii_alphabetic()) && name.len() > 3;
    let known = services::by_api(name).is_some();
    let word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    let taken = ["true", "false", "null"].contains(&name.to_ascii_lowercase().as_str());
    if (plain || known) && !taken && name.chars().all(word) { name.to_owned() } else { inline_value(&Value::from(name)) }
}

/// A setting in the notation of its type: a number or a switch unquoted, everything else in quotes.
fn scalar_text(service: &ServiceTable, key: &str, text: &str) -> String {
    let about = schema::account_key(service, key);
    if about["type"] == "array" {
        let list = serde_json::from_str(text).ok().filter(Value::is_array);
        let parts = || text.split(',').map(|part| Value::from(part.trim())).collect::<Vec<_>>().into();
        return inline_value(&list.unwrap_or_else(parts));
    }
    let bare = about.get("enum").is_some() || about["type"] == "integer" || about["type"] == "boolean";
    let word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if bare && word { text.to_owned() } else { inline_value(&Value::from(text)) }
}

/// A source in YAML notation. A relative path starts from the folder of the file.
fn source_yaml(token: &SecretSource, top: &str) -> String {
    match token {
        SecretSource::Env(name) => format!("{{ env: {name} }}"),
        SecretSource::File(SecretFile { path, .. }) => {
            let path = if path.is_absolute() { path.clone() } else { Path::new(top).join(path) };
            format!("{{ file: {} }}", inline_value(&Value::from(path.to_string_lossy())))
        }
        SecretSource::Command(words) => {
            let words = Value::Array(words.iter().map(|word| Value::from(word.as_str())).collect());
            format!("{{ command: {} }}", inline_value(&words))
        }
    }
}

/// One shape of each kind: that of the account's generation, or the documented one.
fn one_shape_each(login: &InitAccount) -> Vec<&'static Kind> {
    let said = login.answer(SettingRole::Generation).and_then(|text| text.parse().ok());
    let first = login.service.kinds.first().and_then(|kind| kind.generation);
    let generation: Option<u8> = said.or(login.generation).or(first);
    let fits = |kind: &&&'static Kind| kind.generation.is_none() || kind.generation == generation;
    login.service.kinds.iter().filter(fits).copied().collect()
}

/// An object of a kind, as comments.
fn object_comment(kind: &Kind, account: Option<&str>) -> String {
    let mut lines = Vec::new();
    if let Some(account) = account {
        lines.push((format!("#     account: {}", inline_value(&Value::from(account))), String::new()));
    }
    let shown = |field: &&Field| field.access != AttributeAccess::ReadOnly && (field.required || field.ty.is_links());
    for field in kind.fields.iter().filter(shown) {
        let about = field.doc.split(['.', ';']).next().unwrap_or_default().to_owned();
        let value = example_value(kind, field);
        let mut parts = value.split('\n');
        lines.push((format!("#     {}:{}", field.name, parts.next().unwrap_or_default()), about));
        lines.extend(parts.map(|part| (part.to_owned(), String::new())));
    }
    format!(
        "\n# A{}; `telform docs {}` says what else it can have.\n# {}:\n#   {EXAMPLE}:\n{}",
        &with_article(kind.singular)[1..],
        kind.name,
        kind.name,
        align_comments(&lines)
    )
}

/// A possible value of an attribute.
fn example_value(kind: &Kind, field: &Field) -> String {
    let text = |text: &str| format!(" {}", inline_value(&Value::from(text)));
    match field.ty {
        AttributeType::Secret => format!(" {{ env: {} }}", desired::variable_name(&[EXAMPLE, field.name])),
        AttributeType::Decimal => text("1.50"),
        AttributeType::Integer if !field.example.is_empty() => format!(" {}", field.example),
        AttributeType::Integer => " 1".to_owned(),
        AttributeType::Number => " 0.5".to_owned(),
        AttributeType::Bool => " true".to_owned(),
        AttributeType::List => " []".to_owned(),
        AttributeType::Map => " {}".to_owned(),
        AttributeType::Opaque => String::new(),
        AttributeType::ServedBy => match kind.link.map(|link| link.roles) {
            Some(roles) => text(&roles.name_of(&Address::new(roles.targets[0], EXAMPLE))),
            None => text(EXAMPLE),
        },
        AttributeType::Reference(kind) => format!(" {kind}.{EXAMPLE}"),
        AttributeType::Numbers => format!("\n#       \"+14155550101\": {{ provider: {EXAMPLE} }}"),
        AttributeType::Text | AttributeType::CatalogueEntry if !field.example.is_empty() => text(field.example),
        AttributeType::Text | AttributeType::CatalogueEntry => match (field.known_values.first(), field.normaliser) {
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

    /// The text with everything uncommented: lines whose comment is a key or an item of a list.
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

    fn check(logins: &[InitAccount]) {
        for top in ["", "../"] {
            let text = config_text(logins, top);
            let loaded = desired::load_text("telform.yaml", Path::new("telform"), &text);
            let loaded = loaded.unwrap_or_else(|problems| panic!("{text}\n{problems}"));
            assert!(loaded.warnings.is_empty() && loaded.desired.accounts.len() == logins.len(), "{text}");
            // A tombstone for an object that was never seen is not an example of a declaration.
            let whole = taken_in(&text);
            let loaded = desired::load_text("telform.yaml", Path::new("telform"), &whole);
            let loaded = loaded.unwrap_or_else(|problems| panic!("{whole}\n{problems}"));
            assert!(loaded.warnings.is_empty(), "{whole}");
            let kinds = services::kind_names().len();
            assert_eq!(loaded.desired.objects.len(), kinds, "an example of every kind\n{whole}");
            assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
        }
    }

    #[test]
    fn whatever_is_chosen_is_valid_and_so_is_every_example() {
        let all: Vec<InitAccount> = services::tables().iter().map(|service| placeholder_account(service)).collect();
        for set in 1_u32..(1 << all.len()) {
            let chosen: Vec<InitAccount> =
                (all.iter().enumerate()).filter(|(index, _)| set & (1 << index) != 0).map(|(_, login)| login.clone()).collect();
            check(&chosen);
        }
        for service in services::tables() {
            let mut second = placeholder_account(service);
            second.name = "no".to_owned();
            check(&[placeholder_account(service), second]);
            for generation in service.generations() {
                let mut login = placeholder_account(service);
                login.settings.insert(service.setting_name(SettingRole::Generation), generation.to_string());
                check(&[login]);
            }
            for key in schema::account_keys(service)
                .into_iter()
                .filter(|key| !matches!(*key, "api" | "token" | "was" | "guards" | schema::DEFAULTS | "max_in_flight"))
            {
                let mut login = placeholder_account(service);
                login.settings.insert(key, sample_value(service, key));
                check(&[login]);
            }
        }
    }

    #[test]
    fn sources_and_names_are_quoted() {
        let mut login = placeholder_account(services::tables()[0]);
        login.name = "1e3".to_owned();
        for token in [
            SecretSource::File("a b/\"t\": #".into()),
            SecretSource::Command(vec!["pass".to_owned(), "[show]".to_owned(), "{x}".to_owned()]),
            SecretSource::Env("A_1".to_owned()),
        ] {
            login.token = token.clone();
            let loaded = desired::load_text("telform.yaml", Path::new(""), &config_text(&[login.clone()], ""));
            assert!(loaded.expect("a valid text").desired.accounts["1e3"].token == token);
        }
        let below = config_text(&[login], "../");
        assert!(below.starts_with("# yaml-language-server: $schema=../.telform/telform.schema.json\n"));
    }
}
