//! `telform plan`.

use std::cell::LazyCell;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::{PlanFormat, PlanOutputArgs, PlanSelectionArgs, PolicyArgs};
use crate::cli::console::Console;
use crate::cli::formats::{self, CommentContext, FormatSelection, PlanToShow};
use crate::cli::journal_head;
use crate::cli::refusals::render_refusals;
use crate::cli::signing;
use crate::cli::undo;
use crate::model::resource::Address;
use crate::output::view::provenance::PlanProvenance;
use crate::plan::Plan;
use crate::run::journal::current_provenance;
use crate::run::make_plan::{PlanRequest, make_plan, save_plan};
use crate::run::output_file::check_outputs;
use crate::run::{Exit, RunError};
use crate::text::{escape, shell_quote};

/// `telform plan`.
#[derive(Debug, Args, Clone)]
pub struct PlanArgs {
    /// What the plan is about.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
    /// Where it goes.
    #[command(flatten)]
    pub output: PlanOutputArgs,
    /// Sign the saved plan with this SSH key
    ///
    /// Writes FILE.sig. A private key file, or a public one whose private half the agent holds.
    #[arg(long, value_name = "KEY", requires = "out")]
    pub sign: Option<PathBuf>,
    /// Save what was read, without secrets, for --snapshot
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    pub snapshot_out: Option<PathBuf>,
    /// Plan from a saved snapshot, offline
    ///
    /// No network, no tokens, the same output.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Programs that judge it.
    #[command(flatten)]
    pub policies: PolicyArgs,
}

/// Reads, compares, prints. Sends only GET.
pub(crate) async fn run(out: &Console, args: &PlanArgs) -> Result<Exit, RunError> {
    let request = PlanRequest {
        choice: args.choice.choice(),
        snapshot: args.snapshot.clone(),
        snapshot_out: args.snapshot_out.clone(),
        policies: args.policies.given(),
        undo: None,
        whole_objects: false,
    };
    let to_apply = "To apply it, run `telform apply`.";
    show_plan(out, &request, &args.output, args.sign.as_deref(), to_apply).await
}

/// Makes a plan, and shows and saves it. `to_apply` says how to apply a plan that was not saved.
pub(super) async fn show_plan(
    out: &Console,
    request: &PlanRequest,
    output: &PlanOutputArgs,
    sign: Option<&Path>,
    to_apply: &str,
) -> Result<Exit, RunError> {
    check_outputs(output.out.as_deref())?;
    if sign.is_some() && output.out.is_none() {
        return Err(RunError::other(
            "telform::cli::usage",
            "--sign signs the saved plan, and the plan is not saved",
            "add `--out FILE`; the signature is then written to FILE.sig",
        ));
    }
    let wanted = FormatSelection::new(out, &output.formats, None, PlanFormat::Text, PlanFormat::Json)?;
    let signer = sign.map(|key| signing::open_key(out, key)).transpose()?;
    // The process ends soon, and its memory with it: freeing each of a hundred thousand objects takes longer than the rest
    // of the work.
    let request = &PlanRequest { whole_objects: wanted.shows_objects(), ..request.clone() };
    let mut made = match make_plan(&out.context(), request).await {
        Ok(made) => ManuallyDrop::new(made),
        Err(failure) => {
            wanted.print_failure(out, "plan", &failure)?;
            return Err(failure);
        }
    };
    let mut lock = made.take_lock();
    if output.out.is_some() {
        made.bind_secrets()?;
    }
    let (made, plan) = (&*made, &made.plan);
    let document = LazyCell::new(|| made.document());
    let head_demand = made.journal_head().map(|head| journal_head::plan_demand(out, &head));
    let origin = if wanted.shows_provenance() { current_provenance() } else { PlanProvenance::default() };
    let made_by = PlanProvenance { page: output.page_url.clone(), ..origin };
    // Only a plan of the files is applied by its digest.
    let undoes = request.undo.is_some();
    let reader = CommentContext {
        max_unshown: output.max_unshown,
        head_demand,
        made: made_by,
        to_apply: undoes.then(|| to_apply.to_owned()),
        commands: out.repeated_options.for_views(),
    };
    if wanted.for_people(out) {
        undo::moved_since(out, &made.undo_moved);
    }
    let objects = wanted.shows_objects().then(|| made.objects()).flatten();
    let place_of = |address: &Address| made.place_of(address);
    let shown = PlanToShow { plan, objects: objects.as_ref(), document: &document, reader: &reader, place_of: &place_of };
    wanted.print_plan(out, &shown)?;
    if let Err(exit) = made.judge(&document, &mut lock) {
        return Ok(exit);
    }
    // Saved only when the policies allow it: the file does not contain their verdict.
    if let Some(file) = &output.out {
        save_plan(file, &document, signer)?;
    }
    if wanted.for_people(out) {
        let to_apply = if made.is_apply_refused() { APPLY_STOPS } else { to_apply };
        print_what_is_next(out, plan, request, output.out.as_deref(), to_apply);
    }
    Ok(formats::exit_for_plan(plan, output.detailed_exitcode))
}

/// What follows a plan beside a journal that was altered or cannot be read.
const APPLY_STOPS: &str =
    "An apply would stop before its first request, because of the ledger or its journal: see the warning above.";

/// What a reader does after the plan: allow it, apply it, or nothing. A file that was written is always named.
fn print_what_is_next(out: &Console, plan: &Plan, request: &PlanRequest, file: Option<&Path>, to_apply: &str) {
    let file = file.map(|file| escape(&shell_quote(&file.display().to_string())));
    let decides = plan.has_ledger_decisions() && (request.undo.is_some() || file.is_some());
    let hint = match file {
        _ if plan.is_refused() => {
            out.print(&format!("\n{}", render_refusals(out, plan, "")));
            file.map(|file| format!("Saved as {file}. A refused plan can be shown and compared, but not applied."))
        }
        Some(file) if plan.has_changes() || decides => Some(match to_apply {
            APPLY_STOPS => format!("Saved as {file}. {APPLY_STOPS}"),
            _ => format!("Saved. To apply exactly this plan, run `telform apply {file}`."),
        }),
        Some(file) => Some(format!("Saved as {file}. It changes nothing.")),
        None => (plan.has_changes() || decides).then(|| to_apply.to_owned()),
    };
    if let Some(hint) = hint {
        out.print(&format!("{}\n", out.plan_detail().wrap_sentence(&hint)));
    }
}
