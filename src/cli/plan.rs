//! `telform plan`.

use super::args::{Format, PlanArgs};
use super::exit::{Exit, Failure};
use super::out::Out;
use super::session::{Purpose, Session};
use crate::view::json::{self, PlanDocument};
use crate::view::text;

/// Reads, compares, prints. Sends nothing but GET.
pub(crate) async fn run(out: &Out, args: &PlanArgs) -> Result<Exit, Failure> {
    let session = Session::open(out, &args.choice, Purpose::Plan).await?;
    let live = session.read().await?;
    let plan = session.plan(&live)?;
    let format = if out.global.json { Format::Json } else { args.format };
    match format {
        Format::Json => {
            out.print(&json::pretty(&PlanDocument::new(&plan)));
        }
        Format::Text if out.global.quiet => out.print(&format!("{}\n", plan.summary())),
        Format::Text => {
            out.print(&text::plan(&plan, out.reading()));
            if plan.has_changes() && !plan.is_refused() {
                out.print("Run `telform apply` with the same options to carry it out.\n");
            }
        }
    }
    Ok(match (plan.is_refused(), plan.has_changes() && args.detailed_exitcode) {
        (true, _) => Exit::Refused,
        (false, true) => Exit::Pending,
        (false, false) => Exit::Done,
    })
}
