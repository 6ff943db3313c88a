//! The questions. If the user stops answering, nothing has changed.

use std::fmt::Write;

use super::check::{AccountCheck, CheckTarget};
use super::login::{FORMS, InitAccount, service_of, source_of};
use super::{load_unwritten, page, print_soft_failure};
use crate::cli::console::Console;
use crate::cli::line_editor::edit_line;
use crate::config::schema;
use crate::model::kind::{ServiceTable, SettingRole};
use crate::model::resource::SecretSource;
use crate::output::view::text::wrap_text;
use crate::read::LoginCheck;
use crate::run::RunError;
use crate::services;
use crate::text::{escape, shorten};

/// The word with which an account leaves its generation to the answers of the service.
const AUTO: &str = "auto";

/// Accounts, one after another, each checked when its answers are complete.
pub(super) async fn ask_accounts(
    out: &Console,
    services: &CheckTarget<'_>,
) -> Result<Vec<(InitAccount, AccountCheck)>, RunError> {
    print_aside(
        out,
        "telform init writes a configuration into this folder. Press Enter to accept the value in brackets, or Ctrl-C to stop \
         without writing anything.",
    );
    let known: Vec<String> = (services::tables().iter())
        .map(|service| format!("{} ({}: {})", service.api, service.title, page::held_kinds(service)))
        .collect();
    print_aside(out, &format!("\nServices: {}", known.join(", ")));
    let mut all: Vec<(InitAccount, AccountCheck)> = Vec::new();
    loop {
        let one = ask_account(out, services, &all).await?;
        all.push(one);
        if !ask_yes_no(out, "Another account?", false)? {
            return Ok(all);
        }
    }
}

/// One account, asked about until it is valid, and checked or kept nevertheless.
async fn ask_account(
    out: &Console,
    services: &CheckTarget<'_>,
    others: &[(InitAccount, AccountCheck)],
) -> Result<(InitAccount, AccountCheck), RunError> {
    let unused = services::tables().iter().find(|it| others.iter().all(|(other, _)| other.service.api != it.api));
    let mut service = *unused.unwrap_or(&services::tables()[0]);
    let mut before: Option<InitAccount> = None;
    loop {
        let word = ask_text(out, "Service", Some(service.api))?;
        service = match service_of(&word) {
            Ok(service) => service,
            Err(failure) => {
                print_soft_failure(out, &failure);
                continue;
            }
        };
        let before_it = before.take().filter(|login| login.service.api == service.api);
        let mut login = ask_settings(out, service, before_it, others)?;
        let checked = services.check_account(out, &login).await?;
        print_aside(out, &checked.describe(&login, services));
        if let AccountCheck::Failed(_) = checked
            && !ask_yes_no(out, "Keep this account anyway? (n asks again)", false)?
        {
            before = Some(login);
            continue;
        }
        if let AccountCheck::Accepted(LoginCheck { generation: None, .. }) = checked {
            ask_generation(out, &mut login)?;
        }
        return Ok((login, checked));
    }
}

/// Everything about one account; earlier answers are shown in brackets.
fn ask_settings(
    out: &Console,
    service: &'static ServiceTable,
    before: Option<InitAccount>,
    others: &[(InitAccount, AccountCheck)],
) -> Result<InitAccount, RunError> {
    let taken = |name: &str| others.iter().any(|(other, _)| other.name == name);
    let usual = (1..).map(|at| if at == 1 { service.api.to_owned() } else { format!("{}-{at}", service.api) });
    let usual = before.as_ref().map(|login| login.name.clone()).or_else(|| usual.into_iter().find(|name| !taken(name)));
    let mut login = loop {
        let name = ask_text(out, "Your name for the account", usual.as_deref())?;
        if taken(&name) {
            print_aside(out, "An account with this name already exists.");
            continue;
        }
        let login = InitAccount { name, ..page::placeholder_account(service) };
        if is_valid(out, &login) {
            break login;
        }
    };
    for key in InitAccount::required_keys(service) {
        let earlier = before.as_ref().and_then(|login| login.settings.get(key));
        ask_setting(out, &mut login, key, "", earlier.map(String::as_str))?;
    }
    print_aside(out, &format!("Source of the token: {FORMS}"));
    let usual = before.filter(|before| before.name == login.name).map(|before| before.token);
    let usual = source_text(&usual.unwrap_or_else(|| InitAccount::new(&login.name, service).token));
    login.token = loop {
        match source_of(&ask_text(out, "Token", Some(&usual))?, "") {
            Ok(source) => break source,
            Err(failure) => print_soft_failure(out, &failure),
        }
    };
    Ok(login)
}

/// Asks for one setting until its value is valid. Each answer is checked at once, as the file with it would be.
fn ask_setting(
    out: &Console,
    login: &mut InitAccount,
    key: &'static str,
    before: &str,
    usual: Option<&str>,
) -> Result<(), RunError> {
    let about = schema::account_key(login.service, key);
    let about = about["description"].as_str().unwrap_or(key).trim_end_matches('.').to_owned();
    loop {
        let value = ask_text(out, &format!("{before}{about} ({key})"), usual)?;
        let mut tried = login.clone();
        for other in tried.lacking_keys() {
            tried.settings.insert(other, page::sample_value(login.service, other));
        }
        tried.settings.insert(key, value.clone());
        if is_valid(out, &tried) {
            login.settings.insert(key, value);
            return Ok(());
        }
    }
}

/// Asks for the generation where the answers of the service do not show it: without it, no plan may write.
fn ask_generation(out: &Console, login: &mut InitAccount) -> Result<(), RunError> {
    let Some(setting) = login.service.setting_of(SettingRole::Generation) else { return Ok(()) };
    if login.service.generations().is_empty() || login.settings.contains_key(setting.name) {
        return Ok(());
    }
    print_aside(out, "The answers of the service do not show its generation, which every plan that writes needs to know.");
    ask_setting(out, login, setting.name, "", Some(AUTO))?;
    // What every account has anyway is not written down.
    if login.settings.get(setting.name).is_some_and(|word| word == AUTO) {
        login.settings.remove(setting.name);
    }
    Ok(())
}

/// Whether an account would be read without errors, which are shown.
fn is_valid(out: &Console, login: &InitAccount) -> bool {
    let loaded = load_unwritten(std::slice::from_ref(login), "", out);
    loaded.inspect_err(|failure| print_soft_failure(out, failure)).is_ok()
}

/// A source as an answer names it.
fn source_text(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("env:{name}"),
        SecretSource::File(file) => format!("file:{}", file.path.display()),
        SecretSource::Command(words) => format!("command:{}", words.join(" ")),
    }
}

/// Settings that an account of the options lacks.
pub(super) fn ask_lacking(out: &Console, login: &mut InitAccount) -> Result<(), RunError> {
    for key in login.lacking_keys() {
        let before = format!("{}: ", login.name);
        ask_setting(out, login, key, &before, None)?;
    }
    Ok(())
}

/// A question with a text as its answer.
fn ask_text(out: &Console, question: &str, usual: Option<&str>) -> Result<String, RunError> {
    let mut prompt = question.to_owned();
    if let Some(usual) = usual {
        // Writing to a `String` cannot fail.
        let _ = write!(prompt, " [{usual}]");
    }
    loop {
        let line = edit_line(out, &format!("{prompt}: ")).ok_or_else(unanswered_question)?;
        match (line.trim(), usual) {
            ("", Some(usual)) => return Ok(usual.to_owned()),
            ("", None) => print_aside(out, "Please type an answer, or press Ctrl-C to stop without writing anything."),
            (line, _) => return Ok(line.to_owned()),
        }
    }
}

/// A yes-or-no question.
pub(super) fn ask_yes_no(out: &Console, question: &str, usual: bool) -> Result<bool, RunError> {
    let shown = if usual { "[Y/n]" } else { "[y/N]" };
    loop {
        let line = edit_line(out, &format!("{question} {shown}: ")).ok_or_else(unanswered_question)?;
        match line.trim().to_lowercase().as_str() {
            "" => return Ok(usual),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => print_aside(out, &format!("Expected y or n, got \"{}\".", escape(&shorten(line.trim())))),
        }
    }
}

fn unanswered_question() -> RunError {
    RunError::other(
        "telform::init::unanswered",
        "nothing was written: the input ended before a question was answered",
        "answer it, or use options instead: `telform init --help` lists them",
    )
}

/// Text for the user, between the questions.
pub(super) fn print_aside(out: &Console, text: &str) {
    for line in text.lines() {
        out.print_stderr(&format!("{}\n", wrap_text(line, out.width() - 1).join("\n")));
    }
}
