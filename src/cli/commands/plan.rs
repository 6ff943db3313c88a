//! `telform plan`.

use std::cell::LazyCell;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{FormatTarget, PlanFormat, PlanSelectionArgs, PolicyArgs, formats_help};
use crate::cli::console::Console;
use crate::cli::formats::{self, CommentContext, FormatSelection};
use crate::cli::journal_head;
use crate::cli::refusals::render_refusals;
use crate::cli::signing;
use crate::run::make_plan::{PlanRequest, make_plan, save_plan};
use crate::run::{Exit, RunError};
use crate::text::{escape, shell_quote};

/// `telform plan`.
#[derive(Debug, Args, Clone)]
pub struct PlanArgs {
    /// What the plan is about.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
    #[arg(long = "format", value_name = "FORMAT[=FILE]", help = formats_help::<PlanFormat>())]
    pub formats: Vec<FormatTarget<PlanFormat>>,
    /// Offer the digest in a Markdown comment even if it does not show this many addresses and numbers [default: 0]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub max_unshown: u64,
    /// Exit with 2 if there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Save the plan, for `telform apply FILE`, `show` and `verify`; it holds no secret
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Sign the saved plan with this SSH key, a private key file or a public one whose private half the agent holds: writes FILE.sig
    #[arg(long, value_name = "KEY", requires = "out")]
    pub sign: Option<PathBuf>,
    /// Save the answers of the services, without secrets, to plan from them with --snapshot
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    pub snapshot_out: Option<PathBuf>,
    /// Plan from a saved snapshot instead of the services: no network, no tokens, the same output
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
    let request = PlanRequest {
        choice: args.choice.choice(),
        snapshot: args.snapshot.clone(),
        snapshot_out: args.snapshot_out.clone(),
        policies: args.policies.given(),
    };
    // The process ends soon, and its memory with it: freeing each of a hundred thousand objects takes longer than the rest
    // of the work.
    let mut made = match make_plan(&out.context(), &request).await {
        Ok(made) => ManuallyDrop::new(made),
        Err(failure) => {
            wanted.annotate_failure(out, &failure)?;
            return Err(failure);
        }
    };
    let mut lock = made.take_lock();
    let (made, plan) = (&*made, &made.plan);
    let document = LazyCell::new(|| made.document());
    let head_demand = made.journal_head().map(|head| journal_head::demand_command(out, &head));
    let reader = CommentContext { max_unshown: args.max_unshown, head_demand };
    wanted.print_plan(out, plan, &document, &reader)?;
    if let Err(exit) = made.judge(&document, &mut lock) {
        return Ok(exit);
    }
    // Saved only when the policies allow it: the file does not contain their verdict.
    if let Some(file) = &args.out {
        save_plan(file, &document, signer)?;
    }
    if plan.is_refused() && wanted.for_people(out) {
        out.print(&format!("\n{}", render_refusals(out, plan, "")));
    } else if wanted.for_people(out) && plan.has_changes() {
        let hint = next_step_hint(args);
        out.print(&format!("{}\n", out.plan_detail().wrap_sentence(&out.repeated_options.text(&hint))));
    }
    Ok(formats::exit_for_plan(plan, args.detailed_exitcode))
}

/// What a reader can do with a plan that may be applied.
fn next_step_hint(args: &PlanArgs) -> String {
    match &args.out {
        Some(file) => {
            let file = escape(&shell_quote(&file.display().to_string()));
            format!("Saved. To apply exactly this plan, run `telform apply {file}`.")
        }
        None => "To apply it, run `telform apply` with the same options.".to_owned(),
    }
}
