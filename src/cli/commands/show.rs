//! `telform show`: a saved plan as it is; nothing but the file is looked at.

use std::cell::LazyCell;
use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{FormatArgs, OutArgs, PlanFormat, SignersArgs};
use crate::cli::console::Console;
use crate::cli::formats::{CommentContext, FormatSelection, PlanToShow};
use crate::cli::progress::few;
use crate::cli::signing;
use crate::model::resource::Address;
use crate::output::Vouched;
use crate::output::view::json;
use crate::output::view::provenance::{PlanProvenance, parse_page_url};
use crate::output::view::text::wrap_sentence;
use crate::run::signing::{PlanFileWithPapers, read_allowed_signers};
use crate::run::{Exit, RunError, SavedPlan, next_commands};
use crate::text::{escape, escape_multiline, shell_quote};

/// `telform show`.
#[derive(Debug, Args, Clone)]
pub struct ShowPlanArgs {
    /// A plan that `telform plan --out` saved
    pub plan: PathBuf,
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<PlanFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
    /// Offer the digest in Markdown that leaves out this many
    ///
    /// Even if the comment does not show this many addresses and numbers [default: 0].
    #[arg(long, value_name = "N", value_parser = crate::cli::args::parse_count, default_value_t = 0, hide_default_value = true)]
    pub max_unshown: u64,
    /// Link to the HTML page at this address in Markdown
    #[arg(long, value_name = "URL", value_parser = parse_page_url)]
    pub page_url: Option<String>,
    /// Whose signatures are valid.
    #[command(flatten)]
    pub signers: SignersArgs,
}

/// `telform show PLAN`: reads only the file.
pub(crate) fn run(out: &Console, args: &ShowPlanArgs) -> Result<Exit, RunError> {
    let wanted = FormatSelection::new(out, &args.formats, args.to.out.as_deref(), PlanFormat::Text, PlanFormat::Json)?;
    let reviewed = SavedPlan::read(&args.plan)?;
    let document = LazyCell::new(|| json::render_document(&reviewed.document));
    // A saved plan does not say who made it, or when.
    let commit = reviewed.document.origin.commit.clone();
    let made = PlanProvenance { commit, page: args.page_url.clone(), ..PlanProvenance::default() };
    // A plan of the files is made again with the same limits; one that undoes a run is applied as it was saved.
    let (digest, asked) = (&reviewed.plan().digest, next_commands::run_options(&reviewed.document.origin.options));
    let to_apply = match reviewed.undoes() {
        Some(_) => format!("To apply exactly this: `telform apply {}`", shell_quote(&args.plan.display().to_string())),
        None => format!("To apply exactly this: `telform apply --expect {digest}{asked}`"),
    };
    let reader = CommentContext {
        max_unshown: args.max_unshown,
        head_demand: None,
        made,
        to_apply: Some(to_apply),
        commands: out.repeated_options.for_views(),
    };
    // Nor where its entries are.
    let (plan, place_of) = (reviewed.plan(), |_: &Address| None);
    wanted.print_plan(out, &PlanToShow { plan, objects: None, document: &document, reader: &reader, place_of: &place_of })?;
    if wanted.for_people(out) {
        out.print(&render_origin(&reviewed, out.width()));
        out.print(&signing::render_signatures(&vouched(&reviewed, args)?, out.width()));
    }
    Ok(Exit::Done)
}

/// Who signed and approved it.
fn vouched(reviewed: &SavedPlan, args: &ShowPlanArgs) -> Result<Vec<Vouched>, RunError> {
    let allowed = args.signers.allowed_signers.as_deref().map(read_allowed_signers).transpose()?;
    let beside = PlanFileWithPapers::read(&args.plan, reviewed.bytes(), reviewed.digest())?;
    Ok(beside.to_reports(allowed.as_ref()))
}

/// What the plan is bound to, in a few lines.
fn render_origin(reviewed: &SavedPlan, width: usize) -> String {
    let document = &reviewed.document;
    let origin = &document.origin;
    let mut text = format!("Written by telform {}", escape(&document.telform_version));
    if let Some(commit) = &origin.commit {
        text.push_str(&format!(" at commit {}", escape(commit)));
    }
    if let Some(run) = reviewed.undoes() {
        text.push_str(&format!("\nto undo run {}", escape(run)));
    }
    text.push_str(&format!("\nfrom a configuration with digest {}\n", escape(&origin.configuration)));
    match &origin.ledger {
        Some(ledger) => text.push_str(&format!("with ledger {}, serial {}\n", escape(&ledger.id), ledger.serial)),
        None => text.push_str("without a ledger\n"),
    }
    let asked = next_commands::run_options(&origin.options);
    if !asked.is_empty() {
        let asked = escape(&format!("planned with{asked}"));
        text.push_str(&wrap_sentence(&asked, width));
        text.push('\n');
    }
    let sealed: usize = document.seals.iter().flat_map(|seals| seals.steps.values()).map(|of| of.len()).sum();
    if sealed > 0 {
        let secrets = if sealed == 1 { "secret" } else { "secrets" };
        text.push_str(&format!("bound to the value of {sealed} {secrets}\n"));
    }
    let open = reviewed.unbound();
    if !open.is_empty() {
        let open = format!("not bound to the value of {}", few(&open));
        text.push_str(&wrap_sentence(&open, width));
        text.push('\n');
    }
    escape_multiline(&text)
}
