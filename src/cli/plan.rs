//! `telform plan`.

use super::args::{Format, PlanArgs};
use super::exit::{Exit, Failure};
use super::out::Out;
use super::policy::{Policies, Tell};
use super::session::{Purpose, Session};
use super::{files, saved};
use crate::snapshot;
use crate::text::clean;
use crate::view::json;
use crate::view::text;

/// Reads, compares, prints. Sends nothing but GET.
pub(crate) async fn run(out: &Out, args: &PlanArgs) -> Result<Exit, Failure> {
    let purpose = if args.snapshot.is_some() { Purpose::Offline } else { Purpose::Plan };
    let session = Session::open(out, &args.choice, purpose).await?;
    let policies = Policies::of(out, &args.policies, &session.desired)?;
    let live = match &args.snapshot {
        Some(file) => saved::live(&session, file)?,
        None => session.read().await?,
    };
    if let Some(file) = &args.snapshot_out {
        files::write(file, &snapshot::write(&live, &session.taken_for, &session.key))?;
    }
    let plan = session.plan(&live);
    let document = saved::document(&session, &plan, &live);
    let format = if out.global.json { Format::Json } else { args.format };
    match format {
        Format::Json => {
            out.print(&json::document(&document));
        }
        Format::Text if out.global.quiet => out.print(&format!("{}\n", plan.summary())),
        Format::Text => {
            out.print(&text::plan(&plan, out.reading()));
        }
    }
    if let Err(exit) = policies.judge(out, &json::document(&document), Tell::Text) {
        return Ok(exit);
    }
    // Saved only when the policies allow it: a file does not say what they said.
    if let Some(file) = &args.out {
        files::write(file, &json::document(&document))?;
    }
    if format == Format::Text && !out.global.quiet && plan.has_changes() && !plan.is_refused() {
        out.print(&next(args));
    }
    Ok(match (plan.is_refused(), plan.has_changes() && args.detailed_exitcode) {
        (true, _) => Exit::Refused,
        (false, true) => Exit::Pending,
        (false, false) => Exit::Done,
    })
}

/// What a reader does with a plan that may be applied.
fn next(args: &PlanArgs) -> String {
    match &args.out {
        Some(file) => {
            let file = clean(&file.display().to_string());
            format!("Saved. Run `telform apply {file}` to carry out exactly this plan.\n")
        }
        None => "Run `telform apply` with the same options to carry it out.\n".to_owned(),
    }
}
