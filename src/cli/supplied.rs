//! Whether every secret is there that a plan sends.

use super::exit::Failure;
use super::session::Session;
use crate::call::Payload;
use crate::plan::Plan;
use crate::secrets::Missing;
use crate::value::hidden;

/// A secret that a step has to send must be there before the first write.
pub(super) fn supplied(session: &Session, plan: &Plan) -> Result<(), Failure> {
    let sent =
        || plan.steps.iter().filter_map(|step| Some((step.address.as_ref(), step.call.body.as_ref()?)));
    // A value inside a map that its source did not give.
    let absent = |missing: &Missing| {
        let holds = |payload: &Payload| matches!(payload, Payload::Value(value) if hidden::holds_text(value, &missing.mark()));
        sent().any(|(address, body)| address == Some(&missing.address) && body.entries().values().any(holds))
    };
    let needed: Vec<_> = sent()
        .flat_map(|(_, body)| body.entries())
        .filter_map(|(_, payload)| match payload {
            Payload::Secret { address, attribute } => Some((address, attribute)),
            Payload::Value(_) | Payload::IdOf(_) => None,
        })
        .collect();
    let missing: Vec<String> = session
        .missing
        .iter()
        .filter(|missing| {
            needed
                .iter()
                .any(|(address, attribute)| **address == missing.address && **attribute == missing.attribute)
                || absent(missing)
        })
        .map(|missing| {
            format!("{} {} ({}) at {}", missing.address, missing.attribute, missing.source, missing.place)
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::other(
        "telform::secret::not_supplied",
        format!("nothing was written: this plan sends secrets that are not supplied: {}", missing.join("; ")),
        "supply them where the YAML says they come from, or leave the object out of this run with --exclude",
    ))
}
