//! The way back of a run that ended in part: `r3` connects again what `s3` cut for a step that then did not happen. It is no
//! step of the plan, so what it may be is told here, from the plan and from what the journal recorded so far.

use super::shape::{Operation, Served, Step};

/// What a journal recorded of a step so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    /// It is done.
    Done,
    /// It was announced, and nobody knows whether it had its effect.
    Open,
    /// It had no effect, or was not announced.
    NotDone,
}

/// Account, method and target of the way back that `id` names; the error says why there is none.
pub(super) fn way(
    steps: &[Step],
    id: &str,
    recorded: impl Fn(&str) -> Recorded,
) -> Result<(String, String, String), String> {
    let cut = id.strip_prefix('r').map(|number| format!("s{number}"));
    let step = steps.iter().find(|step| Some(&step.id) == cut.as_ref());
    let Some(step @ Step { operation: Operation::Disconnect { bridge, number, before }, .. }) = step else {
        return Err(format!("the plan has no step {id}"));
    };
    if !matches!(before, Served::By { .. }) {
        return Err(format!("{id} connects a number of which nobody knew who served it"));
    }
    let same = |other: &&Step| other.call.account == step.call.account;
    let moves = |other: &&Step| matches!(&other.operation, Operation::Connect { number: moved, .. } if moved == number);
    let deletes = |other: &&Step| {
        let Operation::Delete { cut, .. } = &other.operation else { return false };
        other.address == step.address && cut.iter().any(|(at, cut)| at == bridge && cut == number)
    };
    let here = || steps.iter().filter(same);
    // Where its own account does not connect it again, one that has not cut it may.
    let cuts = |account: &str| {
        steps.iter().any(|other| {
            other.call.account == account
                && matches!(&other.operation, Operation::Disconnect { number: cut, .. } if cut == number)
        })
    };
    let elsewhere = || steps.iter().filter(moves).find(|other| !cuts(&other.call.account));
    let purpose = here().find(moves).or_else(elsewhere).or_else(|| here().find(deletes));
    let Some(purpose) = purpose else {
        return Err(format!("{id} puts back what {} took off on purpose", step.id));
    };
    match recorded(&purpose.id) {
        Recorded::Done => {
            return Err(format!("{id} puts back what was cut for {}, which is recorded as done", purpose.id));
        }
        // A second connect, on another bridge, would be worse than none.
        Recorded::Open if moves(&purpose) => {
            return Err(format!("{id} puts back what {} may have connected elsewhere", purpose.id));
        }
        Recorded::Open | Recorded::NotDone => {}
    }
    let Some(bridge) = step.call.path.strip_suffix("disconnect-provider/") else {
        return Err(format!("{} disconnects in a way that is not known", step.id));
    };
    Ok((step.call.account.clone(), "POST".to_owned(), format!("{bridge}connect-provider/")))
}

/// What is wrong with how a way back ended.
pub(super) fn ended(
    id: &str,
    end: &str,
    announced: bool,
    says_why: bool,
    status: Option<u16>,
) -> Option<String> {
    let good = status.is_some_and(|status| (200..300).contains(&status));
    (end == "done" && !says_why && !(announced && good))
        .then(|| format!("{id} is called done, and no answer to a request that was announced says so"))
}
