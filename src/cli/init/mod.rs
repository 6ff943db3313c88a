//! `telform init`: a commented configuration from answers or options, checked with one GET an account; .gitignore lines; the
//! editor's schema. Nothing is ever overwritten, and nothing is written before everything is known.

use std::path::Path;

use super::adopt;
use super::args::{AdoptArgs, InitArgs, LockArgs};
use super::embedded::Embedded;
use super::exit::{Exit, Failure};
use super::lock::Locked;
use super::out::Out;
use crate::desired;
use crate::problem::render;
use crate::resource::Desired;
use crate::schema;
use crate::text::clean;

mod ask;
mod check;
mod files;
mod login;
mod next;
mod page;

use check::{Checked, Services};
use files::{exists, free, surroundings};
use login::{Login, setting};
use next::{Step, next, steps};

/// The quickstart and its world; the same files as in `examples/quickstart`.
const QUICKSTART: &str = include_str!("../../../examples/quickstart/telform.yaml");
const WORLD: &str = include_str!("../../../examples/quickstart/world.yaml");

/// The file, or the folder and its first file where objects get files of their own.
const FILE: &str = "telform.yaml";
const FOLDER: &str = "telform";
const ACCOUNTS: &str = "telform/accounts.yaml";

pub(super) async fn run(out: &Out, args: &InitArgs) -> Result<Exit, Failure> {
    run_in(out, args, Path::new("")).await
}

/// The same in another folder than the current one.
pub(super) async fn run_in(out: &Out, args: &InitArgs, top: &Path) -> Result<Exit, Failure> {
    // An interrupt ends the programs, too, that tokens come from.
    let _interrupts = out.global.allow_commands.then(|| Locked::none(out));
    if let Some(file) = out.global.files.first() {
        return Err(Failure::other(
            "telform::init::file",
            format!(
                "nothing was written: -f says what is read, and {} is not where this would write",
                clean(&file.display().to_string())
            ),
            format!(
                "leave -f out: this writes {FILE}, or {FOLDER}/ where objects get files of their own, into the current folder"
            ),
        ));
    }
    let folder = free(top)?;
    if args.quickstart {
        return quickstart(out, top, folder);
    }
    let asks = out.interactive() && !out.global.json;
    if args.accounts.is_empty() && !asks {
        return template(out, args, top, folder);
    }
    let sandbox = match &args.sandbox {
        Some(world) => Some(Embedded::start(world).await?),
        None => None,
    };
    let services = Services { sandbox: sandbox.as_ref(), asks: !args.no_check };
    let all = if args.accounts.is_empty() {
        ask::accounts(out, &services).await?
    } else {
        given(out, args, &services, asks).await?
    };
    let adopts = adopts(out, args, &all, asks)?;
    if adopts && top.join(FOLDER).is_file() {
        return Err(exists(FOLDER));
    }
    // The simulator is started again by what comes after, and two would be two worlds.
    drop(sandbox);
    let written = write_all(out, top, folder || adopts, &all)?;
    // Its own document says what was adopted, and into which files.
    if adopts && (adopted(out, args, top).await? > 0 || out.global.json) {
        return Ok(Exit::Done);
    }
    next(out, written, &steps(args, &all, folder || adopts, adopts));
    Ok(Exit::Done)
}

fn quickstart(out: &Out, top: &Path, folder: bool) -> Result<Exit, Failure> {
    if let Some(name) =
        folder.then_some(FOLDER).or_else(|| top.join("world.yaml").exists().then_some("world.yaml"))
    {
        return Err(exists(name));
    }
    // As it stands in a folder of its own.
    let text = QUICKSTART
        .replace("../../schemas/telform.schema.json", ".telform/telform.schema.json")
        .replace("examples/quickstart/", "");
    let written = surroundings(out, top, &[(FILE, text), ("world.yaml", WORLD.to_owned())])?;
    next(
        out,
        written,
        &[
            ("telform plan --sandbox world.yaml".to_owned(), "shows what would change"),
            (
                "telform apply --sandbox world.yaml".to_owned(),
                "asks, and carries it out in the embedded simulator; --auto-approve does not ask",
            ),
        ],
    );
    Ok(Exit::Done)
}

/// What there is to fill in where nobody answers and no option says anything: the first service, the others as comments.
fn template(out: &Out, args: &InitArgs, top: &Path, folder: bool) -> Result<Exit, Failure> {
    if args.adopt {
        return Err(lacking_accounts());
    }
    let first = crate::backend::ALL.first().map(|backend| page::placeholder(backend));
    let text = page::text(first.as_slice(), if folder { "../" } else { "" });
    let written = surroundings(out, top, &[(if folder { ACCOUNTS } else { FILE }, text)])?;
    let mut steps: Vec<Step<'_>> = vec![(
        format!("edit {}", if folder { ACCOUNTS } else { FILE }),
        "your accounts; set the variables of their tokens",
    )];
    steps.push(("telform validate".to_owned(), "checks the file, offline"));
    steps.push(("telform doctor".to_owned(), "checks the tokens, and everything else"));
    steps.push(("telform plan".to_owned(), "shows what would change; sends nothing but GET"));
    next(out, written, &steps);
    Ok(Exit::Done)
}

fn lacking_accounts() -> Failure {
    Failure::other(
        "telform::init::account",
        "nothing was written: there is nothing to adopt from without an account, and nobody can be asked here",
        "name one with --account NAME=SERVICE",
    )
}

/// The accounts of the options. Who sits at a terminal is asked for what they lack.
async fn given(
    out: &Out,
    args: &InitArgs,
    services: &Services<'_>,
    asks: bool,
) -> Result<Vec<(Login, Checked)>, Failure> {
    let mut logins = Login::all(args)?;
    for login in &mut logins {
        if asks {
            ask::lacking(out, login)?;
        } else if let Some(key) = login.lacks().first() {
            let about = schema::account_key(login.backend, key);
            return Err(setting(
                format!("an account of {} needs `{key}`", login.backend.title),
                format!(
                    "{} Give it with --set {}.{key}=VALUE",
                    about["description"].as_str().unwrap_or_default(),
                    login.name
                ),
            ));
        }
    }
    loaded(&logins, "", out)?;
    let mut all = Vec::new();
    for login in logins {
        let checked = services.check(out, &login).await?;
        if let Checked::Failed(failure) = checked {
            let (code, message, help) = failure.parts();
            let kept = if asks {
                tell(out, &failure);
                ask::yes(out, &format!("Keep {} as it is?", login.name), false)?
            } else {
                false
            };
            if !kept {
                let help = format!(
                    "{}. Nothing was written; --no-check writes it unchecked",
                    help.trim_end_matches('.')
                );
                return Err(Failure::other(code, message, help));
            }
            all.push((login, Checked::Failed(failure)));
            continue;
        }
        ask::say(out, &checked.words(&login, services));
        all.push((login, checked));
    }
    Ok(all)
}

/// The configuration of these accounts as it will be read, before it is written anywhere.
fn loaded(logins: &[Login], top: &str, out: &Out) -> Result<Desired, Failure> {
    let folder = if top.is_empty() { "" } else { FOLDER };
    let loaded = desired::load_text(FILE, Path::new(folder), &page::text(logins, top))?;
    if !loaded.warnings.is_empty() {
        out.note(&render(&loaded.warnings, out.color_on_stderr(), out.width()));
    }
    Ok(loaded.desired)
}

/// An error that is not the end.
fn tell(out: &Out, failure: &Failure) {
    out.failure(failure);
}

/// Whether what exists is to be adopted: as the options say, or as somebody answers once an account was reached.
fn adopts(out: &Out, args: &InitArgs, all: &[(Login, Checked)], asks: bool) -> Result<bool, Failure> {
    if let Some((login, Checked::Not { why, mend })) =
        all.iter().find(|(_, checked)| args.adopt && matches!(checked, Checked::Not { .. }))
    {
        return Err(Failure::other(
            "telform::secret::missing",
            format!("nothing was written: {} cannot be read, because {why}", login.name),
            format!("{mend}, or leave --adopt away"),
        ));
    }
    let reached = all.iter().all(|(_, checked)| matches!(checked, Checked::Accepted(_)));
    if args.adopt || args.no_adopt || !asks || !reached {
        return Ok(args.adopt);
    }
    ask::yes(out, "Adopt what exists there, which writes its YAML below telform/?", true)
}

fn write_all(out: &Out, top: &Path, folder: bool, all: &[(Login, Checked)]) -> Result<Vec<String>, Failure> {
    let logins: Vec<Login> = (all.iter())
        .map(|(login, checked)| match checked {
            Checked::Accepted(hello) => Login { generation: hello.generation, ..login.clone() },
            _ => login.clone(),
        })
        .collect();
    let way = if folder { "../" } else { "" };
    loaded(&logins, way, out)?;
    let text = page::text(&logins, way);
    surroundings(out, top, &[(if folder { ACCOUNTS } else { FILE }, text)])
}

/// Runs the adoption that `telform adopt --all --out telform` is, and says how many objects it wrote.
async fn adopted(out: &Out, args: &InitArgs, top: &Path) -> Result<usize, Failure> {
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
    let args = AdoptArgs {
        address: None,
        id: None,
        all: true,
        accounts: Vec::new(),
        kind: None,
        out: Some(folder),
        sandbox: args.sandbox.clone(),
        lock: LockArgs::default(),
    };
    adopt::all(&out, &args).await.map(|adopted| adopted.objects)
}
