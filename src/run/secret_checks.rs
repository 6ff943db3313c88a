//! Whether everything is there that a plan needs: tokens, scopes, secrets.

use super::{Run, RunError};
use crate::config::problem::Problems;
use crate::config::secrets::MissingSecret;
use crate::model::call::BodyValue;
use crate::model::value::hidden;
use crate::plan::{NoticeCode, Plan};

/// A scope that a step needs must be present before the first write.
fn check_scopes(plan: &Plan) -> Result<(), RunError> {
    let Some(notice) = plan.notices.iter().find(|notice| notice.code == NoticeCode::ScopeMissing) else {
        return Ok(());
    };
    let (account, lacking) = (&notice.account, notice.detail.as_deref().unwrap_or_default());
    Err(RunError::other(
        "telform::account::scope",
        format!("nothing was written: the token of account {account} does not have the scope {lacking}"),
        format!(
            "set the source that `accounts.{account}.token` names to a token that has the scope, or leave the objects out of this run with --exclude"
        ),
    ))
}

/// A scope or a secret that a step needs must be present before the first write.
pub(crate) fn check_supplied(session: &Run, plan: &Plan) -> Result<(), RunError> {
    check_scopes(plan)?;
    let sent = || plan.steps.iter().filter_map(|step| Some((step.address.as_ref(), step.call.body.as_ref()?)));
    // A value inside a map that its source did not supply.
    let absent = |missing: &MissingSecret| {
        let holds = |payload: &BodyValue| {
            payload.known_value().is_some_and(|value| hidden::holds_text(value, &missing.placeholder_mark()))
        };
        sent().any(|(address, body)| address == Some(&missing.address) && body.own_entries().values().any(holds))
    };
    let needed: Vec<_> = sent()
        .flat_map(|(_, body)| body.own_entries())
        .filter_map(|(_, payload)| match payload {
            BodyValue::Secret { address, attribute } => Some((&**address, attribute.as_str())),
            BodyValue::Value(_) | BodyValue::IdOf(_) | BodyValue::WithIds { .. } => None,
        })
        .collect();
    let missing: Vec<String> = session
        .missing
        .iter()
        .filter(|missing| {
            needed.iter().any(|(address, attribute)| **address == missing.address && **attribute == missing.attribute)
                || absent(missing)
        })
        .map(|missing| format!("{} {} ({}) at {}", missing.address, missing.attribute, missing.source, missing.location))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(RunError::other(
        "telform::secret::not_supplied",
        format!("nothing was written: this plan sends secrets that are not supplied: {}", missing.join("; ")),
        "supply them from the sources that the YAML names, or leave the object out of this run with --exclude",
    ))
}

impl Run {
    /// An error unless these accounts have a token: from here on they are needed.
    pub(crate) fn need_tokens(&self, needed: impl Fn(&str) -> bool) -> Result<(), RunError> {
        let mut problems = Problems::default();
        for (_, problem) in self.no_token.iter().filter(|(name, _)| needed(name)) {
            let help = problem.help.as_deref().unwrap_or("supply it");
            let more = if self.asked.is_empty() { "" } else { ", or name others with `--account NAME`" };
            problems.push(problem.clone().help(format!("{help}{more}")));
        }
        problems.is_empty().then_some(()).ok_or_else(|| problems.sorted().into())
    }
}
