//! Codes of single requests of an apply, for the report and the events.

use super::{CodeGroup, table};

pub(super) const STEPS: CodeGroup = CodeGroup {
    title: "Steps of an apply",
    about: "How a request of a plan ended if it is not done. The run ends with 5, or with 1 where nothing was written (4 where \
            live had moved). The report names the step, the request and the service's own words; events of `--json` have the \
            code beside them.",
    codes: table! {
        "telform::step::conflict" -
            "The service says that something else is in the way: an object with this natural key, or a change made elsewhere."
            "The message says what was found; run again, and it is adopted or seen."
        "telform::step::damaged" -
            "The service changed values that were not sent. Nothing more is started."
            "Put them back by hand; the report lists them as they were."
        "telform::step::doubled" -
            "Several objects have one identity, and the service answers for none of them."
            "Only the service's support can remove one: report the numbers in the message to it."
        "telform::step::elsewhere" -
            "The service made the object in another organization, or in none. Nothing more is started."
            "Treat its secrets as published and replace them; remove that object by hand; correct `{organization}`."
        "telform::step::forbidden" -
            "403: the token may not do this. Nothing more is started."
            "Give the token the scope that the message names."
        "telform::step::gone" -
            "404: the object was there when the plan was made."
            "Plan again."
        "telform::step::no_such_path" -
            "404 with a page of HTML: the service has no such path."
            "Check `base_url`."
        "telform::step::not_sent" -
            "The request did not go out: the lock was lost, the journal or the ledger could not be written, or an id is missing."
            "The message says which; fix it and apply again."
        "telform::step::not_shown" -
            "The bridge does not show what was done, also after ten seconds."
            "Look at the bridge in the service's console, and plan again."
        "telform::step::not_started" -
            "It was not begun: it waits for a step that is not done, or the run was stopped before."
            "Fix what stopped the run, and apply again."
        "telform::step::not_taken" -
            "The service answered with success, and its answer shows that it did not take what was sent."
            "Look at that object; the account may be of another generation."
        "telform::step::refused" -
            "The service understood and refused: 4xx."
            "The message quotes its own words."
        "telform::step::service_failed" -
            "5xx, also after trying again where that is safe; reading shows that it was not done."
            "Apply again later."
        "telform::step::stale" -
            "The object is no longer what the plan saw, so nothing was sent."
            "Plan again."
        "telform::step::throttled" -
            "429, also after waiting."
            "Apply again later, or lower `requests_per_minute` on the account."
        "telform::step::unauthorized" -
            "401: the token is not accepted any more. Nothing more is started."
            "Renew it where `token` of the account says, and apply again."
        "telform::step::unexpected" -
            "The answer looks like success and proves nothing; reading shows that it was not done."
            "Plan again; report it if it happens twice."
        "telform::step::unknown" -
            "It was sent, and neither its answer nor reading shows whether it had its effect."
            "The message has the evidence, and how to decide; then `telform resume` or a new plan."
        "telform::step::unreachable" -
            "There was no answer; reading shows that it was not done."
            "Check the network, and apply again."
        "telform::step::unreadable" -
            "The object could not be read right before the request, so it was not sent; or a bridge could not be read back."
            "Apply again; the message has the service's own words."
    },
};
