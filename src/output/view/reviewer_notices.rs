//! What a reviewer must see in every format.

use super::wording;
use crate::model::resource::OtherHost;
use crate::plan::Plan;

/// The accounts of a plan whose tokens are sent to hosts other than the services' own, each in a sentence.
pub(super) fn other_hosts(plan: &Plan) -> impl Iterator<Item = String> {
    plan.accounts.iter().filter_map(|account| {
        let OtherHost { host, service_host: own, .. } = account.other_host()?;
        Some(format!(
            "Account {} sends its token to {}, not to the service's own host {own}",
            account.name,
            crate::text::host_as_read(&host)
        ))
    })
}

/// The notices that a reviewer must see in every format, each in a sentence.
pub(super) fn for_reviewers(plan: &Plan) -> impl Iterator<Item = String> {
    let those = plan.notices.iter().filter(|it| it.code.is_for_reviewers());
    those.map(|it| format!("{}: {}", it.describe(), wording::notice_subject(it)))
}
