//! `telform plan`.

use super::args::{PlanArgs, PlanFormat};
use super::exit::{Exit, Failure};
use super::formats::{self, Wanted};
use super::out::Out;
use super::session::{Purpose, Session};
use crate::plan::Plan;

/// Reads, compares, prints. Sends nothing but GET.
pub(crate) async fn run(out: &Out, args: &PlanArgs) -> Result<Exit, Failure> {
    let wanted = Wanted::new(out, &args.formats, PlanFormat::Text, PlanFormat::Json)?;
    let plan = match made(out, args).await {
        Ok(plan) => plan,
        Err(failure) => {
            wanted.failed(out, &failure)?;
            return Err(failure);
        }
    };
    wanted.plan(out, &plan)?;
    if wanted.for_people(out) && plan.has_changes() && !plan.is_refused() {
        out.print("Run `telform apply` with the same options to carry it out.\n");
    }
    Ok(formats::exit(&plan, args.detailed_exitcode))
}

async fn made(out: &Out, args: &PlanArgs) -> Result<Plan, Failure> {
    let session = Session::open(out, &args.choice, Purpose::Plan).await?;
    let live = session.read().await?;
    Ok(session.plan(&live))
}
