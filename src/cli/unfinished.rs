//! The end of a run that did not go through.

use super::exit::{Exit, Failure};
use super::out::Out;
use crate::apply::Report;
use crate::plan::Plan;
use crate::text::clean;
use crate::view::report::{self, Advice};

/// Says what was done, what was not, and how to go on.
pub(super) fn incomplete(
    out: &Out,
    plan: &Plan,
    report: &Report,
    advice: &[Advice],
) -> Result<Exit, Failure> {
    let ledger = report.ledger_error.as_ref().map(ToString::to_string);
    if out.global.json {
        let outcomes: Vec<_> = report
            .outcomes
            .iter()
            .map(|(step, outcome)| serde_json::json!({ "step": step, "result": outcome }))
            .collect();
        let dark: Vec<_> = report::dark_now(plan, report)
            .into_iter()
            .map(|(number, bridge, provider)| serde_json::json!({ "number": number, "bridge": bridge, "configuration": provider }))
            .collect();
        let back: Vec<_> = report
            .reconnected
            .iter()
            .map(|(step, outcome)| serde_json::json!({ "step": step, "result": outcome }))
            .collect();
        out.json_line(&serde_json::json!({ "event": "unfinished", "dark": dark, "advice": if report.is_untouched(plan) { &[] } else { advice }, "steps": outcomes, "reconnected": back, "ledger_error": ledger }));
    } else {
        out.print(&report::unfinished(plan, report, advice, out.reading()));
    }
    if let Some(why) = ledger {
        // A lost lock quotes the note of whoever has it now.
        out.note(&format!("the ledger could not be saved, so nothing more was started: {}\n", clean(&why)));
        return Ok(if report.is_untouched(plan) { Exit::Failed } else { Exit::Partial });
    }
    if report.interrupted {
        return Ok(Exit::Interrupted);
    }
    if report.is_stale() {
        out.note("stale: live is not what the plan saw; nothing was written. Plan again.\n");
        return Ok(Exit::Stale);
    }
    if report.is_untouched(plan) {
        out.note("nothing was written\n");
        return Ok(Exit::Failed);
    }
    Ok(Exit::Partial)
}
