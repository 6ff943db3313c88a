//! `telform diff`: two saved plans compared; nothing but the files is read.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::analysis::plan_comparison::{PlanComparison, ReadPlan, compare_plans};
use crate::cli::args::{ComparisonFormat, FormatArgs, OutArgs};
use crate::cli::console::Console;
use crate::cli::formats::FormatSelection;
use crate::output;
use crate::output::view::text::TextDetail;
use crate::output::view::{json, plan_comparison};
use crate::run::{Exit, RunError, SavedPlan};

/// `telform diff`.
#[derive(Debug, Args, Clone)]
pub struct DiffArgs {
    /// The plan to compare with, such as the reviewed one; - is stdin
    #[arg(value_name = "PLAN")]
    pub first: PathBuf,
    /// The other plan, such as today's; - is stdin
    #[arg(value_name = "PLAN")]
    pub second: PathBuf,
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<ComparisonFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
}

/// Compares two saved plans.
pub(crate) fn run(out: &Console, args: &DiffArgs) -> Result<Exit, RunError> {
    let wanted =
        FormatSelection::new(out, &args.formats, args.to.out.as_deref(), ComparisonFormat::Text, ComparisonFormat::Json)?;
    let stdin = Path::new("-");
    if args.first == stdin && args.second == stdin {
        return Err(RunError::other(
            "telform::cli::usage",
            "both plans cannot come from standard input",
            "give at least one of them as a file",
        ));
    }
    let (first, second) = (SavedPlan::read_named(&args.first)?, SavedPlan::read_named(&args.second)?);
    let names = (args.first.display().to_string(), args.second.display().to_string());
    let comparison = compare_plans(read_plan(&names.0, &first), read_plan(&names.1, &second));
    wanted.write(|format| Some(render_comparison(&comparison, format)))?;
    match wanted.printed() {
        Some(ComparisonFormat::Text) if out.global.quiet => out.print(&plan_comparison::result_as_text(&comparison)),
        Some(ComparisonFormat::Text) => {
            out.print(&plan_comparison::comparison_as_text(&comparison, out.plan_detail()));
        }
        Some(ComparisonFormat::Json) => out.print_document(&comparison),
        None => {}
        Some(ComparisonFormat::Markdown) => out.print_as_is(&render_comparison(&comparison, ComparisonFormat::Markdown)),
    }
    Ok(if comparison.same { Exit::Done } else { Exit::Pending })
}

fn read_plan<'a>(file: &'a str, saved: &'a SavedPlan) -> ReadPlan<'a> {
    ReadPlan { file, document: &saved.document, plan: saved.plan() }
}

/// A comparison for a file or another program: without colours or line wrapping.
fn render_comparison(comparison: &PlanComparison, format: ComparisonFormat) -> String {
    match format {
        ComparisonFormat::Text => {
            let text = plan_comparison::comparison_as_text(comparison, TextDetail { verbose: false, columns: usize::MAX });
            anstream::adapter::strip_str(&text).to_string()
        }
        ComparisonFormat::Json => json::to_pretty_json(&output::with_header(comparison)),
        ComparisonFormat::Markdown => plan_comparison::comparison_as_markdown(comparison),
    }
}
