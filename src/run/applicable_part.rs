//! Which part of a plan is applied: all of it, or the part that continues although it is refused.

use std::cell::LazyCell;

use super::policies::RunPolicies;
use super::progress::RunEvent;
use super::{Exit, Run, RunError, saved_plan};
use crate::document::Document;
use crate::model::resource::LiveState;
use crate::output::view::json;
use crate::plan::Plan;

/// A plan to apply: the whole plan without refusals; or the part of a refused plan that is still applied, with the number
/// of its refusals. The exit code where nothing is to be applied. A reviewed plan is applied only as a whole.
pub(crate) fn applicable_part(
    session: &mut Run,
    live: &LiveState,
    (whole, document): (Plan, Document),
    policies: &RunPolicies,
    bound: bool,
) -> Result<Result<(Plan, Document, usize), Exit>, RunError> {
    if !whole.is_refused() {
        return Ok(Ok((whole, document, 0)));
    }
    let progress = session.context.progress.clone();
    let Some(part) = session.despite(&whole)?.filter(|_| !bound) else {
        progress.on_event(&RunEvent::Refused(&whole));
        return Ok(Err(Exit::Refused));
    };
    let document = saved_plan::document(session, &part, live);
    progress.on_event(&RunEvent::GoesOnInPart(&whole));
    progress.on_event(&RunEvent::Planned { plan: &part, document: &document });
    if let Err(exit) = policies.ask_all(&LazyCell::new(|| json::render_document(&document)), session) {
        progress.on_event(&RunEvent::PoliciesRefused);
        return Ok(Err(exit));
    }
    Ok(Ok((part, document, whole.refusals.len())))
}
