//! What a reviewer must see in every format.

use super::wording;
use crate::model::resource::OtherHost;
use crate::plan::{NoticeCode, Plan, PlanNotice};

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

/// What the plan does not look at, although it exists or may exist, each in a sentence.
pub(super) fn not_read(plan: &Plan) -> impl Iterator<Item = (&PlanNotice, String)> {
    plan.notices.iter().filter(|it| says_not_read(it.code)).map(|it| (it, sentence(it)))
}

/// The other notices that a reviewer must see in every format, each in a sentence.
pub(super) fn for_reviewers(plan: &Plan) -> impl Iterator<Item = String> {
    plan.notices.iter().filter(|it| it.code.is_for_reviewers() && !says_not_read(it.code)).map(sentence)
}

fn sentence(notice: &PlanNotice) -> String {
    format!("{}: {}", notice.describe(), wording::notice_subject(notice))
}

/// Whether something was not read or compared: the plan may be incomplete.
fn says_not_read(code: NoticeCode) -> bool {
    matches!(
        code,
        NoticeCode::AccountLeftOut
            | NoticeCode::AccountNotRead
            | NoticeCode::OddShape
            | NoticeCode::Unlinked
            | NoticeCode::Unlisted
            | NoticeCode::Unreadable
    )
}
