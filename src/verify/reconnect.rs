//! The reconnects of a run that ended in part: `r3` connects again what `s3` disconnected for a step that then did not
//! happen. They are not steps of the plan, so this module derives what they may be from the plan and from what the journal
//! recorded so far.

use super::facts::{Links, all_links};
use super::shape::{CheckerOperation, CheckerServedState, CheckerStep};

/// What a journal recorded of a step so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordedStatus {
    /// It is done.
    Done,
    /// It was announced, and it is not known whether it had its effect.
    Open,
    /// It had no effect, or was not announced.
    NotDone,
}

/// Account, method and target of the reconnect that `id` names; the error says why it does not exist.
pub(super) fn expected_reconnect(
    steps: &[CheckerStep],
    id: &str,
    recorded: impl Fn(&str) -> RecordedStatus,
) -> Result<(String, String, String), String> {
    let cut = id.strip_prefix('r').map(|number| format!("s{number}"));
    let step = steps.iter().find(|step| Some(step.id.as_str()) == cut.as_deref());
    let Some(step @ CheckerStep { operation: CheckerOperation::Disconnect { bridge, number, before }, .. }) = step else {
        return Err(format!("the plan has no step {id}"));
    };
    if !matches!(before, CheckerServedState::By { .. }) {
        return Err(format!("{id} connects a number although it was not known who served it"));
    }
    let same = |other: &&CheckerStep| other.call.account == step.call.account;
    let moves =
        |other: &&CheckerStep| matches!(&other.operation, CheckerOperation::Connect { number: moved, .. } if moved == number);
    let deletes = |other: &&CheckerStep| {
        let CheckerOperation::Delete { cut, .. } = &other.operation else { return false };
        other.address == step.address && cut.iter().any(|(at, cut)| at == bridge && cut == number)
    };
    let here = || steps.iter().filter(same);
    // Where its own account does not connect it again, one that has not disconnected it may.
    let cuts = |account: &str| {
        steps.iter().any(|other| {
            other.call.account == account
                && matches!(&other.operation, CheckerOperation::Disconnect { number: cut, .. } if cut == number)
        })
    };
    let elsewhere = || steps.iter().filter(moves).find(|other| !cuts(&other.call.account));
    let purpose = here().find(moves).or_else(elsewhere).or_else(|| here().find(deletes));
    let Some(purpose) = purpose else {
        return Err(format!("{id} puts back what {} took off on purpose", step.id));
    };
    match recorded(&purpose.id) {
        RecordedStatus::Done => return Err(format!("{id} puts back what was cut for {}, which is recorded as done", purpose.id)),
        // A second connect on another bridge would be worse than no connect.
        RecordedStatus::Open if moves(&purpose) => return Err(format!("{id} puts back what {} may have connected", purpose.id)),
        RecordedStatus::Open | RecordedStatus::NotDone => {}
    }
    let request = (step.call.method.as_str(), step.call.path.as_str());
    let cuts = |links: &&Links| {
        let (method, path) = links.disconnect(bridge);
        (method, path.as_str()) == request
    };
    let Some(links) = all_links().find(cuts) else {
        return Err(format!("{} disconnects in a way that is not known", step.id));
    };
    let (method, path) = links.connect(bridge);
    Ok((step.call.account.to_string(), method.to_owned(), path))
}

/// What is wrong with the outcome of a reconnect.
pub(super) fn reconnect_end_fault(id: &str, end: &str, announced: bool, says_why: bool, status: Option<u16>) -> Option<String> {
    let good = status.is_some_and(|status| (200..300).contains(&status));
    (end == "done" && !says_why && !(announced && good))
        .then(|| format!("{id} is called done, and no answer to a request that was announced says so"))
}
