//! The questions. If the user stops answering, nothing has changed.

use std::fmt::Write;

use super::check::{AccountCheck, CheckTarget};
use super::login::{FORMS, InitAccount, service_of, source_of};
use super::{load_unwritten, page, print_soft_failure};
use crate::cli::confirm::ask_line;
use crate::cli::console::Console;
use crate::config::schema;
use crate::model::kind::ServiceTable;
use crate::model::resource::SecretSource;
use crate::output::view::text::wrap_text;
use crate::run::RunError;
use crate::services;

/// Accounts, one after another, each checked when its answers are complete.
pub(super) async fn ask_accounts(
    out: &Console,
    services: &CheckTarget<'_>,
) -> Result<Vec<(InitAccount, AccountCheck)>, RunError> {
    print_aside(
        out,
        "telform init writes a configuration into this folder. Enter takes the value in brackets; Ctrl-C ends it, and \
         nothing is written.",
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
        let login = ask_settings(out, service, before_it, others)?;
        if let Err(failure) = load_unwritten(std::slice::from_ref(&login), "", out) {
            print_soft_failure(out, &failure);
            before = Some(login);
            continue;
        }
        let checked = services.check_account(out, &login).await?;
        print_aside(out, &checked.describe(&login, services));
        if let AccountCheck::Failed(_) = checked
            && !ask_yes_no(out, "Keep this account as it is? (n asks again)", false)?
        {
            before = Some(login);
            continue;
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
    let usual = (!taken(service.api)).then_some(service.api);
    let usual = before.as_ref().map(|login| login.name.clone()).or(usual.map(str::to_owned));
    let name = loop {
        let name = ask_text(out, "Your name for the account", usual.as_deref())?;
        if !taken(&name) {
            break name;
        }
        print_aside(out, "There is an account of this name already.");
    };
    let mut login = InitAccount::new(&name, service);
    for key in InitAccount::required_keys(service) {
        let about = schema::account_key(service, key);
        let about = about["description"].as_str().unwrap_or(key).trim_end_matches('.').to_owned();
        let earlier = before.as_ref().and_then(|login| login.settings.get(key));
        let value = ask_text(out, &format!("{about} ({key})"), earlier.map(String::as_str))?;
        login.settings.insert(key, value);
    }
    print_aside(out, &format!("Where its token is: {FORMS}"));
    let usual = before.filter(|before| before.name == name).map_or(login.token, |before| before.token);
    let usual = source_text(&usual);
    login.token = loop {
        match source_of(&ask_text(out, "Token", Some(&usual))?, "") {
            Ok(source) => break source,
            Err(failure) => print_soft_failure(out, &failure),
        }
    };
    Ok(login)
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
        let about = schema::account_key(login.service, key);
        let about = about["description"].as_str().unwrap_or(key).trim_end_matches('.').to_owned();
        let value = ask_text(out, &format!("{}: {about} ({key})", login.name), None)?;
        login.settings.insert(key, value);
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
        let line = ask_line(out, &format!("{prompt}: ")).ok_or_else(unanswered_question)?;
        match (line.trim(), usual) {
            ("", Some(usual)) => return Ok(usual.to_owned()),
            ("", None) => print_aside(out, "This needs an answer; Ctrl-C ends it, and nothing is written."),
            (line, _) => return Ok(line.to_owned()),
        }
    }
}

/// A yes-or-no question.
pub(super) fn ask_yes_no(out: &Console, question: &str, usual: bool) -> Result<bool, RunError> {
    let shown = if usual { "[Y/n]" } else { "[y/N]" };
    loop {
        let line = ask_line(out, &format!("{question} {shown}: ")).ok_or_else(unanswered_question)?;
        match line.trim().to_lowercase().as_str() {
            "" => return Ok(usual),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}

fn unanswered_question() -> RunError {
    RunError::other(
        "telform::init::unanswered",
        "nothing was written: a question has no answer",
        "answer it, or give options instead: `telform init --help` shows them",
    )
}

/// Text for the user, between the questions.
pub(super) fn print_aside(out: &Console, text: &str) {
    for line in text.lines() {
        out.print_stderr(&format!("{}\n", wrap_text(line, out.width() - 1).join("\n")));
    }
}
