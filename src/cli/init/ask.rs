//! The questions. Whoever stops answering has changed nothing.

use std::fmt::Write;

use super::super::confirm::answer;
use super::super::exit::Failure;
use super::super::out::Out;
use super::check::{Checked, Services};
use super::login::{FORMS, Login, service_of, source_of};
use super::{loaded, page, tell};
use crate::backend;
use crate::kind::Backend;
use crate::resource::SecretSource;
use crate::schema;
use crate::view::text::wrap;

/// Accounts, one after another, each checked when all about it is said.
pub(super) async fn accounts(out: &Out, services: &Services<'_>) -> Result<Vec<(Login, Checked)>, Failure> {
    say(
        out,
        "telform init writes a configuration into this folder. Enter takes what stands in brackets; Ctrl-C ends it, and \
         nothing is written.",
    );
    let known: Vec<String> = (backend::ALL.iter())
        .map(|backend| format!("{} ({}: {})", backend.api, backend.title, page::holds(backend)))
        .collect();
    say(out, &format!("\nServices: {}", known.join(", ")));
    let mut all: Vec<(Login, Checked)> = Vec::new();
    loop {
        let one = account(out, services, &all).await?;
        all.push(one);
        if !yes(out, "Another account?", false)? {
            return Ok(all);
        }
    }
}

/// One account, asked about until it is sound, and checked or kept all the same.
async fn account(
    out: &Out,
    services: &Services<'_>,
    others: &[(Login, Checked)],
) -> Result<(Login, Checked), Failure> {
    let unused = backend::ALL.iter().find(|it| others.iter().all(|(other, _)| other.backend.api != it.api));
    let mut backend = *unused.unwrap_or(&backend::ALL[0]);
    let mut before: Option<Login> = None;
    loop {
        let word = ask(out, "Service", Some(backend.api))?;
        backend = match service_of(&word) {
            Ok(backend) => backend,
            Err(failure) => {
                tell(out, &failure);
                continue;
            }
        };
        let before_it = before.take().filter(|login| login.backend.api == backend.api);
        let login = settings(out, backend, before_it, others)?;
        if let Err(failure) = loaded(std::slice::from_ref(&login), "", out) {
            tell(out, &failure);
            before = Some(login);
            continue;
        }
        let checked = services.check(out, &login).await?;
        say(out, &checked.words(&login, services));
        if let Checked::Failed(_) = checked
            && !yes(out, "Keep this account as it is? (n asks again)", false)?
        {
            before = Some(login);
            continue;
        }
        return Ok((login, checked));
    }
}

/// Everything about one account; what was said before stands in the brackets.
fn settings(
    out: &Out,
    backend: &'static Backend,
    before: Option<Login>,
    others: &[(Login, Checked)],
) -> Result<Login, Failure> {
    let taken = |name: &str| others.iter().any(|(other, _)| other.name == name);
    let usual = (!taken(backend.api)).then_some(backend.api);
    let usual = before.as_ref().map(|login| login.name.clone()).or(usual.map(str::to_owned));
    let name = loop {
        let name = ask(out, "Your name for the account", usual.as_deref())?;
        if !taken(&name) {
            break name;
        }
        say(out, "There is an account of this name already.");
    };
    let mut login = Login::new(&name, backend);
    for key in Login::needs(backend) {
        let about = schema::account_key(backend, key);
        let about = about["description"].as_str().unwrap_or(key).trim_end_matches('.').to_owned();
        let earlier = before.as_ref().and_then(|login| login.settings.get(key));
        let value = ask(out, &format!("{about} ({key})"), earlier.map(String::as_str))?;
        login.settings.insert(key, value);
    }
    say(out, &format!("Where its token is: {FORMS}"));
    let usual = before.filter(|before| before.name == name).map_or(login.token, |before| before.token);
    let usual = form(&usual);
    login.token = loop {
        match source_of(&ask(out, "Token", Some(&usual))?, "") {
            Ok(source) => break source,
            Err(failure) => tell(out, &failure),
        }
    };
    Ok(login)
}

/// A source as an answer names it.
fn form(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("env:{name}"),
        SecretSource::File(path) => format!("file:{}", path.display()),
        SecretSource::Command(words) => format!("command:{}", words.join(" ")),
    }
}

/// Settings that an account of the options lacks.
pub(super) fn lacking(out: &Out, login: &mut Login) -> Result<(), Failure> {
    for key in login.lacks() {
        let about = schema::account_key(login.backend, key);
        let about = about["description"].as_str().unwrap_or(key).trim_end_matches('.').to_owned();
        let value = ask(out, &format!("{}: {about} ({key})", login.name), None)?;
        login.settings.insert(key, value);
    }
    Ok(())
}

/// A question that takes a text.
fn ask(out: &Out, question: &str, usual: Option<&str>) -> Result<String, Failure> {
    let mut prompt = question.to_owned();
    if let Some(usual) = usual {
        // Writing to a String cannot fail.
        let _ = write!(prompt, " [{usual}]");
    }
    loop {
        let line = answer(out, &format!("{prompt}: ")).ok_or_else(unanswered)?;
        match (line.trim(), usual) {
            ("", Some(usual)) => return Ok(usual.to_owned()),
            ("", None) => say(out, "This has to be said; Ctrl-C ends it, and nothing is written."),
            (line, _) => return Ok(line.to_owned()),
        }
    }
}

/// A question that takes yes or no.
pub(super) fn yes(out: &Out, question: &str, usual: bool) -> Result<bool, Failure> {
    let shown = if usual { "[Y/n]" } else { "[y/N]" };
    loop {
        let line = answer(out, &format!("{question} {shown}: ")).ok_or_else(unanswered)?;
        match line.trim().to_lowercase().as_str() {
            "" => return Ok(usual),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}

fn unanswered() -> Failure {
    Failure::other(
        "telform::init::unanswered",
        "nothing was written: a question has no answer",
        "answer it, or give options instead: `telform init --help` shows them",
    )
}

/// Something for whoever sits there, between the questions.
pub(super) fn say(out: &Out, text: &str) {
    for line in text.lines() {
        out.note(&format!("{}\n", wrap(line, out.width() - 1).join("\n")));
    }
}
