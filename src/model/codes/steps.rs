//! Codes of single requests of an apply, for the report and the events.

use super::{CodeGroup, table};

pub(super) const STEPS: CodeGroup = CodeGroup {
    title: "Steps of an apply",
    about: "Why a request of a plan is not done. The run ends with 5, or with 1 if nothing was written (4 if \
            the live state had changed). The report names the step, the request and the service's answer; events of `--json` also have the \
            code.",
    codes: table! {
        "telform::step::conflict" -
            "The service reports a conflict: an object with this natural key exists, or the object was changed elsewhere."
            "The message says what was found. Run again: telform adopts the object or reads the change."
        "telform::step::damaged" -
            "The service changed values that telform did not send. No further step is started."
            "Restore them by hand. The report lists the earlier values."
        "telform::step::doubled" -
            "Several objects have the same id, so the service does not return any of them."
            "Only the service's support can remove one. Send them the ids in the message."
        "telform::step::elsewhere" -
            "The service created the object in another organization, or in none. No further step is started."
            "Treat its secrets as published and replace them. Delete the object by hand, and correct `{organization}`."
        "telform::step::forbidden" -
            "403: the token does not allow this. No further step is started."
            "Give the token the scope that the message names."
        "telform::step::gone" -
            "404: the object existed when the plan was made, but does not exist any more."
            "Plan again."
        "telform::step::no_such_path" -
            "404 with an HTML page: the path does not exist."
            "Check `base_url`."
        "telform::step::not_sent" -
            "The request was not sent: the lock was lost, the journal or the ledger could not be written, or an id is missing."
            "Fix the cause that the message names, and apply again."
        "telform::step::not_shown" -
            "The service still does not show what was done after ten seconds."
            "Look at the object in the service's console, and plan again."
        "telform::step::not_started" -
            "The step was not started: it waits for a step that is not done, or the run was stopped before."
            "Fix the cause, and apply again."
        "telform::step::not_taken" -
            "The service reported success, but its answer shows that it ignored what was sent."
            "Check the object in the service's console. The account may belong to another generation."
        "telform::step::refused" -
            "4xx: the service refused the request."
            "The message quotes its answer."
        "telform::step::service_failed" -
            "5xx, even after retries where they are safe. Reading showed that the change was not made."
            "Apply again later."
        "telform::step::stale" -
            "The object changed since the plan, so nothing was sent."
            "Plan again."
        "telform::step::throttled" -
            "429, even after waiting."
            "Apply again later, or lower `requests_per_minute` on the account."
        "telform::step::unauthorized" -
            "401: the service no longer accepts the token. No further step is started."
            "Renew the token in the source that `token` names, and apply again."
        "telform::step::unexpected" -
            "The answer looks like success but proves nothing. Reading showed that the change was not made."
            "Plan again. If it happens twice, report a bug."
        "telform::step::unknown" -
            "The request was sent, but neither its answer nor reading shows whether it took effect."
            "Decide with the evidence in the message, then run `telform resume` or plan again."
        "telform::step::unreachable" -
            "The service did not answer. Reading showed that the change was not made."
            "Check the network, and apply again."
        "telform::step::unreadable" -
            "The object could not be read right before the request, so the request was not sent; or it could not be read back afterwards."
            "Apply again. The message quotes the service's answer."
    },
};
