//! `telform plan`.

use std::cell::LazyCell;
use std::mem::ManuallyDrop;

use super::again;
use super::args::{PlanArgs, PlanFormat};
use super::exit::{Exit, Failure};
use super::files::{self, Readers};
use super::formats::{self, Wanted};
use super::journal;
use super::out::Out;
use super::policy::{Policies, Tell};
use super::saved;
use super::session::{Purpose, Session};
use crate::plan::Plan;
use crate::resource::Live;
use crate::snapshot;
use crate::text::clean;
use crate::view::json;

/// Reads, compares, prints. Sends nothing but GET.
pub(crate) async fn run(out: &Out, args: &PlanArgs) -> Result<Exit, Failure> {
    let wanted = Wanted::new(out, &args.formats, PlanFormat::Text, PlanFormat::Json)?;
    // The process ends soon, and its memory with it: to give back each of a hundred thousand objects takes longer than all
    // that is left to do.
    let mut made = match made(out, args).await {
        Ok(made) => ManuallyDrop::new(made),
        Err(failure) => {
            wanted.failed(out, &failure)?;
            return Err(failure);
        }
    };
    // Whoever ends the process in good order is needed until the end.
    let mut lock = std::mem::take(&mut made.session.lock);
    let Made { session, live, plan, policies } = &*made;
    let document = LazyCell::new(|| json::document(&saved::document(session, plan, live)));
    wanted.plan(out, plan, &document, args.max_unshown)?;
    if let Err(exit) = policies.judge(out, &document, Tell::Text, &mut lock) {
        return Ok(exit);
    }
    // Saved only when the policies allow it: a file does not say what they said.
    if let Some(file) = &args.out {
        files::write(file, &document, Readers::Owner)?;
    }
    if wanted.for_people(out) && plan.has_changes() && !plan.is_refused() {
        out.print(&next(args));
    }
    Ok(formats::exit(plan, args.detailed_exitcode))
}

/// A plan and what it was made from.
struct Made {
    session: Session,
    live: Live,
    plan: Plan,
    policies: Policies,
}

async fn made(out: &Out, args: &PlanArgs) -> Result<Made, Failure> {
    let purpose = if args.snapshot.is_some() { Purpose::Offline } else { Purpose::Plan };
    let session = Session::open(out, &args.choice, purpose).await?;
    journal::note_unfinished(out, session.journal.as_ref(), &session.ledger);
    let policies = Policies::of(out, &args.policies, &session.desired)?;
    let live = match &args.snapshot {
        Some(file) => saved::live(&session, file)?,
        None if args.snapshot_out.is_none() => session.read_for_plan().await?,
        None => session.read().await?,
    };
    if let Some(file) = &args.snapshot_out {
        let text = snapshot::write(&live, &session.taken_for, &session.key);
        files::write(file, &text, Readers::Owner)?;
    }
    let plan = session.plan(&live)?;
    Ok(Made { session, live, plan, policies })
}

/// What a reader does with a plan that may be applied.
fn next(args: &PlanArgs) -> String {
    match &args.out {
        Some(file) => {
            let file = clean(&again::quoted(&file.display().to_string()));
            format!("Saved. Run `telform apply {file}` to carry out exactly this plan.\n")
        }
        None => "Run `telform apply` with the same options to carry it out.\n".to_owned(),
    }
}
