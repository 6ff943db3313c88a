//! `telform graph`: a plan as a picture for Graphviz or Mermaid.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::{FormatArgs, GraphFormat, OutArgs, PlanSelectionArgs, choice_options};
use crate::cli::console::Console;
use crate::cli::formats::FormatSelection;
use crate::output;
use crate::output::view::graph::{GraphSubject, graph_as_dot, graph_as_mermaid, plan_graph};
use crate::output::view::json;
use crate::plan::Plan;
use crate::run::make_plan::{PlanRequest, make_plan};
use crate::run::{Exit, RunError, SavedPlan};

/// `telform graph`.
#[derive(Debug, Args, Clone)]
pub struct GraphArgs {
    /// A saved plan; - is stdin [default: telform plans now]
    #[arg(value_name = "PLAN", conflicts_with_all = choice_options())]
    pub plan: Option<PathBuf>,
    /// The language of the graph.
    #[command(flatten)]
    pub formats: FormatArgs<GraphFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
    /// The order of the requests, or the wiring of the numbers
    ///
    /// The wiring has the phone numbers that the plan touches, and what serves them before and after.
    #[arg(long, value_name = "WHAT", default_value = "order")]
    pub show: ShownPart,
    /// What the plan is about.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShownPart {
    /// The requests, and what each waits for.
    Order,
    /// The phone numbers that the plan touches, and who serves them before and after.
    Wiring,
}

/// Draws a plan. Sends only GET, and nothing where a saved plan is given.
pub(crate) async fn run(out: &Console, args: &GraphArgs) -> Result<Exit, RunError> {
    let wanted = FormatSelection::new(out, &args.formats, args.to.out.as_deref(), GraphFormat::Dot, GraphFormat::Json)?;
    if let Some(path) = &args.plan {
        let saved = SavedPlan::read_named(path)?;
        return draw_plan(out, &wanted, args.show, saved.plan());
    }
    let request = PlanRequest { choice: args.choice.choice(), ..PlanRequest::default() };
    let made = make_plan(&out.context(), &request).await?;
    draw_plan(out, &wanted, args.show, &made.plan)
}

fn draw_plan(out: &Console, wanted: &FormatSelection<GraphFormat>, part: ShownPart, plan: &Plan) -> Result<Exit, RunError> {
    let subject = match part {
        ShownPart::Order => GraphSubject::Order,
        ShownPart::Wiring => GraphSubject::Wiring,
    };
    let graph = plan_graph(plan, subject);
    let draw = |format| match format {
        GraphFormat::Dot => graph_as_dot(&graph),
        GraphFormat::Mermaid => graph_as_mermaid(&graph),
        GraphFormat::Json => json::to_pretty_json(&output::with_header(&graph.to_document())),
    };
    wanted.write(|format| Some(draw(format)))?;
    match wanted.printed() {
        Some(GraphFormat::Json) => out.print_document(&graph.to_document()),
        Some(format) => out.print_as_is(&draw(format)),
        None => {}
    }
    Ok(Exit::Done)
}
