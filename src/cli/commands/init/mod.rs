//! `telform init`: a commented configuration from answers or options, checked with one GET per account; .gitignore lines;
//! the editor's schema. Nothing is ever overwritten, and nothing is written before everything is known.

use std::path::Path;

use crate::analysis::adopt::Factoring;
use crate::cli::commands::adopt;
use crate::cli::console::Console;
use crate::config::desired;
use crate::config::problem::{Problems, render_problems};
use crate::config::schema;
use crate::model::resource::Desired;
use crate::run::adopt::{AdoptRequest, AdoptionOutcome, AdoptionTarget};
use crate::run::embedded::EmbeddedSandbox;
use crate::run::lock::CommandLock;
use crate::run::{Exit, PlanSelection, RunError};
use crate::text::escape;

mod args;
mod ask;
mod check;
mod files;
mod login;
mod next;
mod page;

pub(crate) use args::InitArgs;
use check::{AccountCheck, CheckTarget};
use files::{check_free, file_exists, write_surroundings};
use login::{InitAccount, setting_failure};
use next::{NextStep, edit_command, next_steps, print_next_steps};

/// The quickstart and its world; the same files as in `examples/quickstart`.
const QUICKSTART: &str = include_str!("../../../../examples/quickstart/telform.yaml");
const WORLD: &str = include_str!("../../../../examples/quickstart/world.yaml");

/// The file, or the folder and its first file where objects get separate files.
const FILE: &str = "telform.yaml";
const FOLDER: &str = "telform";
const ACCOUNTS: &str = "telform/accounts.yaml";

/// The folder for what is adopted beside the file.
const ADOPTED: &str = "adopted";

pub(crate) async fn run(out: &Console, args: &InitArgs) -> Result<Exit, RunError> {
    run_in(out, args, Path::new("")).await
}

/// The same in a folder other than the current one.
pub(crate) async fn run_in(out: &Console, args: &InitArgs, top: &Path) -> Result<Exit, RunError> {
    // An interrupt also ends the programs that supply tokens.
    let _interrupts = out.global.allow_commands.then(|| CommandLock::without_lock(&out.context()));
    if let Some(file) = out.global.files.first() {
        return Err(RunError::other(
            "telform::init::file",
            format!(
                "nothing was written: -f names the files to read, and init does not write to {}",
                escape(&file.display().to_string())
            ),
            format!("leave out -f: init writes {FILE} into the current folder, or {FOLDER}/ where each kind gets its own file"),
        ));
    }
    let folder = check_free(top)?;
    if args.quickstart {
        return write_quickstart(out, top, folder);
    }
    let asks = out.is_interactive() && !out.global.json;
    if args.accounts.is_empty() && !asks {
        return write_template(out, args, top, folder);
    }
    let sandbox = match &args.sandbox {
        Some(world) => Some(EmbeddedSandbox::start(world).await?),
        None => None,
    };
    let services = CheckTarget { sandbox: sandbox.as_ref(), enabled: !args.no_check };
    let all = if args.accounts.is_empty() {
        ask::ask_accounts(out, &services).await?
    } else {
        accounts_from_options(out, args, &services, asks).await?
    };
    let adopts = decide_adoption(out, args, &all, asks)?;
    if adopts && top.join(FOLDER).is_file() {
        return Err(file_exists(FOLDER));
    }
    // Later commands start the simulator again, and two simulators would be two worlds.
    drop(sandbox);
    let written = write_all(out, top, folder || adopts, &all)?;
    // Its own document reports what was adopted, and into which files.
    if adopts && (run_adoption(out, args, top).await? > 0 || out.global.json) {
        return Ok(Exit::Done);
    }
    print_next_steps(out, written, &next_steps(out, &all, folder || adopts, adopts));
    Ok(Exit::Done)
}

fn write_quickstart(out: &Console, top: &Path, folder: bool) -> Result<Exit, RunError> {
    if let Some(name) = folder.then_some(FOLDER).or_else(|| top.join("world.yaml").exists().then_some("world.yaml")) {
        return Err(file_exists(name));
    }
    // As in a separate folder.
    let text = QUICKSTART
        .replace("../../schemas/telform.schema.json", ".telform/telform.schema.json")
        .replace("examples/quickstart/", "");
    let written = write_surroundings(out, top, &[(FILE, text), ("world.yaml", WORLD.to_owned())])?;
    print_next_steps(
        out,
        written,
        &[
            ("telform plan --sandbox world.yaml".to_owned(), "shows what would change"),
            (
                "telform apply --sandbox world.yaml".to_owned(),
                "asks, then applies it in the embedded simulator; --auto-approve does not ask",
            ),
        ],
    );
    Ok(Exit::Done)
}

/// What is to be filled in without answers and options: the first service, the others as comments.
fn write_template(out: &Console, args: &InitArgs, top: &Path, folder: bool) -> Result<Exit, RunError> {
    if args.adopt {
        return Err(lacking_accounts());
    }
    let first = crate::services::tables().first().map(|service| page::placeholder_account(service));
    let text = page::config_text(first.as_slice(), if folder { "../" } else { "" });
    let written = write_surroundings(out, top, &[(if folder { ACCOUNTS } else { FILE }, text)])?;
    let file = if folder { ACCOUNTS } else { FILE };
    let mut steps: Vec<NextStep<'_>> = vec![(edit_command(out, file), "your accounts; set the variables of their tokens")];
    steps.push(("telform validate".to_owned(), "checks the file, offline"));
    steps.push(("telform doctor".to_owned(), "checks the tokens and everything else"));
    steps.push(("telform plan".to_owned(), "shows what would change; sends only GET"));
    print_next_steps(out, written, &steps);
    Ok(Exit::Done)
}

fn lacking_accounts() -> RunError {
    RunError::other(
        "telform::init::account",
        "nothing was written: adopting needs an account, and telform cannot ask for one here",
        "name one with --account NAME=SERVICE",
    )
}

/// The accounts from the options. At a terminal the user is asked for what they lack.
async fn accounts_from_options(
    out: &Console,
    args: &InitArgs,
    services: &CheckTarget<'_>,
    asks: bool,
) -> Result<Vec<(InitAccount, AccountCheck)>, RunError> {
    let mut logins = InitAccount::from_options(args)?;
    for login in &mut logins {
        if asks {
            ask::ask_lacking(out, login)?;
        } else if let Some(key) = login.lacking_keys().first() {
            let about = schema::account_key(login.service, key);
            return Err(setting_failure(
                format!("an account of {} needs `{key}`", login.service.title),
                format!("{} Give it with --set {}.{key}=VALUE", about["description"].as_str().unwrap_or_default(), login.name),
            ));
        }
    }
    load_unwritten(&logins, "", out)?;
    let mut all = Vec::new();
    for login in logins {
        let checked = services.check_account(out, &login).await?;
        if let AccountCheck::Failed(failure) = checked {
            let (code, message, help) = failure.parts();
            let kept = if asks {
                print_soft_failure(out, &failure);
                ask::ask_yes_no(out, &format!("Keep {} anyway?", login.name), false)?
            } else {
                false
            };
            if !kept {
                let help =
                    format!("{}. Nothing was written; to write without this check, add --no-check", help.trim_end_matches('.'));
                return Err(RunError::other(code, message, help));
            }
            all.push((login, AccountCheck::Failed(failure)));
            continue;
        }
        ask::print_aside(out, &checked.describe(&login, services));
        all.push((login, checked));
    }
    Ok(all)
}

/// The configuration of these accounts as it will be read, before it is written anywhere.
fn load_unwritten(logins: &[InitAccount], top: &str, out: &Console) -> Result<Desired, RunError> {
    let folder = if top.is_empty() { "" } else { FOLDER };
    let loaded = desired::load_text(FILE, Path::new(folder), &page::config_text(logins, top));
    let loaded = loaded.map_err(|problems| without_places(&problems))?;
    if !loaded.warnings.is_empty() {
        out.print_stderr(&render_problems(&loaded.warnings, out.color_on_stderr(), out.width()));
    }
    Ok(loaded.desired)
}

/// What is wrong with answers: their file does not exist yet, so no place in it is named.
fn without_places(problems: &Problems) -> RunError {
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let help: Vec<&str> = problems.iter().filter_map(|problem| problem.help.as_deref()).collect();
    let code = problems.iter().next().map_or("telform::init::setting", |problem| problem.code);
    RunError::other(code, messages.join("; "), help.join("\n"))
}

/// An error that does not end the command.
fn print_soft_failure(out: &Console, failure: &RunError) {
    out.print_wrong_answer(failure);
}

/// Whether existing objects are to be adopted: from the options, or from the user's answer once an account was reached.
fn decide_adoption(out: &Console, args: &InitArgs, all: &[(InitAccount, AccountCheck)], asks: bool) -> Result<bool, RunError> {
    if let Some((login, AccountCheck::Not { why, help })) =
        all.iter().find(|(_, checked)| args.adopt && matches!(checked, AccountCheck::Not { .. }))
    {
        return Err(RunError::other(
            "telform::secret::missing",
            format!("nothing was written: {} cannot be read, because {why}", login.name),
            format!("{help}, or leave out --adopt"),
        ));
    }
    let reached = all.iter().all(|(_, checked)| matches!(checked, AccountCheck::Accepted(_)));
    if args.adopt || args.no_adopt || !asks || !reached {
        return Ok(args.adopt);
    }
    ask::ask_yes_no(out, "Adopt what exists there, which writes its YAML below telform/?", true)
}

fn write_all(out: &Console, top: &Path, folder: bool, all: &[(InitAccount, AccountCheck)]) -> Result<Vec<String>, RunError> {
    let logins: Vec<InitAccount> = (all.iter())
        .map(|(login, checked)| match checked {
            AccountCheck::Accepted(hello) => InitAccount { generation: hello.generation, ..login.clone() },
            _ => login.clone(),
        })
        .collect();
    let way = if folder { "../" } else { "" };
    load_unwritten(&logins, way, out)?;
    let text = page::config_text(&logins, way);
    write_surroundings(out, top, &[(if folder { ACCOUNTS } else { FILE }, text)])
}

/// Runs `telform adopt --all --out telform`, and returns how many objects it wrote.
async fn run_adoption(out: &Console, args: &InitArgs, top: &Path) -> Result<usize, RunError> {
    let mut out = out.clone();
    let folder = top.join(FOLDER);
    if !top.as_os_str().is_empty() {
        out.global.files = vec![folder.clone()];
    } else {
        out.global.files.clear();
    }
    if !out.global.json && !out.global.quiet {
        out.print("\n");
    }
    let request = AdoptRequest {
        target: AdoptionTarget::All { kind: None },
        choice: PlanSelection { sandbox: args.sandbox.clone(), ..PlanSelection::default() },
        out: Some(folder),
        factoring: Factoring::default(),
        with_create_attributes: false,
        lock_wait: std::time::Duration::ZERO,
    };
    match adopt::adopt_and_show(&out, &request).await? {
        AdoptionOutcome::Written { files, .. } => Ok(files.iter().map(|file| file.page.addresses.len()).sum()),
        AdoptionOutcome::Entered { .. } | AdoptionOutcome::NotEntered { .. } => Ok(0),
    }
}
