//! What of a plan is carried out: all of it, or what goes on although it is refused.

use std::cell::LazyCell;

use super::apply;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::policy::{Policies, Tell};
use super::saved;
use super::session::Session;
use crate::document::Document;
use crate::plan::Plan;
use crate::resource::Live;
use crate::view::json;

/// A plan to carry out: the whole, with no refusal; or of a refused one what goes on all the same, with the number of its
/// refusals. The exit code where there is nothing to carry out. Of a plan that was reviewed nothing else is carried out.
pub(super) fn of(
    out: &Out,
    session: &mut Session,
    live: &Live,
    (whole, document): (Plan, Document),
    policies: &Policies,
    bound: bool,
) -> Result<Result<(Plan, Document, usize), Exit>, Failure> {
    if !whole.is_refused() {
        return Ok(Ok((whole, document, 0)));
    }
    let Some(part) = session.despite(&whole)?.filter(|_| !bound) else {
        apply::refused(out, &whole);
        return Ok(Err(Exit::Refused));
    };
    let document = saved::document(session, &part, live);
    let text = format!(
        "{} refused: of the plan above, only what connects numbers that nobody serves goes on:",
        whole.refusals.len()
    );
    out.note(&format!("{}\n", out.reading().wrap(&text, 0).join("\n")));
    apply::show(out, &part, &document);
    let tell = if out.global.json { Tell::Events } else { Tell::Text };
    if let Err(exit) =
        policies.judge(out, &LazyCell::new(|| json::document(&document)), tell, &mut session.lock)
    {
        out.note("nothing was written\n");
        return Ok(Err(exit));
    }
    Ok(Ok((part, document, whole.refusals.len())))
}
