//! `telform plan`.

use std::cell::LazyCell;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{FormatTarget, PlanFormat, PlanSelectionArgs, PolicyArgs};
use crate::cli::console::Console;
use crate::cli::formats::{self, CommentContext, FormatSelection};
use crate::cli::journal_head;
use crate::cli::signing;
use crate::model::resource::LiveState;
use crate::output::view::json;
use crate::plan::Plan;
use crate::run::files::{self, FileReaders};
use crate::run::journal::{cut_off, journal_error};
use crate::run::signing::path_with_suffix;
use crate::run::{Exit, Run, RunError, RunPolicies, SessionPurpose, next_commands, saved_plan};
use crate::signature::SignatureNamespace;
use crate::state::journal::{self, JournalError, ParsedJournal};
use crate::state::snapshot;
use crate::text::{escape, shell_quote};

/// `telform plan`.
#[derive(Debug, Args, Clone)]
pub struct PlanArgs {
    /// What the plan is about.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
    /// Output format, repeatable: text, json, markdown, html, terraform-json, github or gitlab; with =FILE into a file. At
    /// most one goes to standard output [default: text]
    #[arg(long = "format", value_name = "FORMAT[=FILE]")]
    pub formats: Vec<FormatTarget<PlanFormat>>,
    /// Offer the digest in a Markdown comment although this many addresses and numbers are not shown in it [default: 0]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub max_unshown: u64,
    /// Exit with 2 when something is pending
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Save the plan, for `telform apply FILE`, `show` and `verify`; it holds no secret
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Sign the saved plan with this SSH key, a private key file or a public one whose private half the agent holds: writes FILE.sig
    #[arg(long, value_name = "KEY", requires = "out")]
    pub sign: Option<PathBuf>,
    /// Keep what the services answered, without secrets, so that --snapshot can plan from it again
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    pub snapshot_out: Option<PathBuf>,
    /// Plan from a kept snapshot instead of asking the services: no network, no tokens, the same bytes
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Programs that judge it.
    #[command(flatten)]
    pub policies: PolicyArgs,
}

/// Reads, compares, prints. Sends only GET.
pub(crate) async fn run(out: &Console, args: &PlanArgs) -> Result<Exit, RunError> {
    let wanted = FormatSelection::new(out, &args.formats, PlanFormat::Text, PlanFormat::Json)?;
    let signer = args.sign.as_deref().map(|key| signing::open_key(out, key)).transpose()?;
    // The process ends soon, and its memory with it: freeing each of a hundred thousand objects takes longer than the rest
    // of the work.
    let mut made = match make_plan(out, args).await {
        Ok(made) => ManuallyDrop::new(made),
        Err(failure) => {
            wanted.annotate_failure(out, &failure)?;
            return Err(failure);
        }
    };
    // The task that ends the process in an orderly way is needed until the end.
    let mut lock = std::mem::take(&mut made.session.lock);
    let PlanWithInputs { session, live, plan, policies } = &*made;
    let document = LazyCell::new(|| json::render_document(&saved_plan::document(session, plan, live)));
    let reader = CommentContext { max_unshown: args.max_unshown, head_demand: head_demand(out, session) };
    wanted.print_plan(out, plan, &document, &reader)?;
    if let Err(exit) = policies.judge_under(&session.context, &document, &mut lock) {
        return Ok(exit);
    }
    // Saved only when the policies allow it: the file does not contain their verdict.
    if let Some(file) = &args.out {
        let signature = signer.map(|signer| signer.sign(SignatureNamespace::Plan, document.as_bytes())).transpose()?;
        files::write_file(file, &document, FileReaders::Owner)?;
        if let Some(signature) = signature {
            files::write_file(&path_with_suffix(file, ".sig"), &signature, FileReaders::Anybody)?;
        }
    }
    if wanted.for_people(out) && plan.has_changes() && !plan.is_refused() {
        out.print(&next_step_hint(args));
    }
    Ok(formats::exit_for_plan(plan, args.detailed_exitcode))
}

/// The command that requires the current journal.
fn head_demand(out: &Console, session: &Run) -> Option<String> {
    let journal = session.journal.as_ref()?.as_ref().ok()?;
    (!journal.lines.is_empty()).then(|| journal_head::demand_command(out, &journal.head()))
}

/// A plan and what it was made from.
struct PlanWithInputs {
    session: Run,
    live: LiveState,
    plan: Plan,
    policies: RunPolicies,
}

async fn make_plan(out: &Console, args: &PlanArgs) -> Result<PlanWithInputs, RunError> {
    let purpose = if args.snapshot.is_some() { SessionPurpose::Offline } else { SessionPurpose::Plan };
    let session = Run::open(&out.context(), &args.choice.choice(), purpose).await?;
    note_unfinished(out, session.journal.as_ref());
    let policies = RunPolicies::new(&out.context(), &args.policies.given(), &session.desired)?;
    let live = match &args.snapshot {
        Some(file) => saved_plan::live(&session, file)?,
        None if args.snapshot_out.is_none() => session.read_for_plan().await?,
        None => session.read().await?,
    };
    if let Some(file) = &args.snapshot_out {
        let text = snapshot::write_snapshot(&live, &session.taken_for, &session.key);
        files::write_file(file, &text, FileReaders::Owner)?;
    }
    let plan = session.plan(&live)?;
    Ok(PlanWithInputs { session, live, plan, policies })
}

/// What a reader can do with a plan that may be applied.
fn next_step_hint(args: &PlanArgs) -> String {
    match &args.out {
        Some(file) => {
            let file = escape(&shell_quote(&file.display().to_string()));
            format!("Saved. Run `telform apply {file}` to carry out exactly this plan.\n")
        }
        None => "Run `telform apply` with the same options to carry it out.\n".to_owned(),
    }
}

/// Reports which runs were interrupted, and which ones the ledger does not know, according to the journal.
fn note_unfinished(out: &Console, journal: Option<&Result<ParsedJournal, JournalError>>) {
    if out.global.json || out.global.quiet {
        return;
    }
    match journal {
        Some(Ok(journal)) => {
            for run in journal::collect_runs(&journal.lines).iter().filter(|run| run.finished.is_none()) {
                // With the guard options that its plan needs: without them the rest of it is refused.
                let options = &run.started.origin.options;
                let (command, does) = match &run.started.of {
                    Some(of) => (next_commands::undo_again(of, options), "settles it and goes on taking that run back"),
                    None => {
                        (format!("telform resume{}", next_commands::run_options(options)), "settles it, as the next apply does")
                    }
                };
                out.print_stderr(&format!("{}: `{}` {does}\n", cut_off(run), escape(&command)));
            }
        }
        Some(Err(error)) => out.print_failure(&journal_error(error)),
        None => {}
    }
}
