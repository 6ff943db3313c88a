//! Codes within a plan, and those of its independent checker.

use super::{CodeGroup, table};

pub(super) const GUARDS: CodeGroup = CodeGroup {
    title: "Guards",
    about: "The plan is shown and not applied; nothing was written. JSON documents write the last part of the code alone \
            (`max_deletes`).",
    codes: table! {
        "guard::ambiguous_connection" 3 "It is not known which configuration serves a number, so the configuration is not deleted." ""
        "guard::max_delete_percent" 3 "A larger share of a kind's managed objects would be deleted than `max_delete_percent` allows." ""
        "guard::max_deletes" 3 "More objects would be deleted than `max_deletes` allows; by default it allows none." ""
        "guard::max_numbers_dark" 3 "More numbers would lose their connection without getting another than `max_numbers_dark` allows." ""
        "guard::max_update_percent" 3 "A larger share of a kind's managed objects would be updated than `max_update_percent` allows; by default it allows 30 % from 10 objects on." ""
        "guard::max_updates" 3 "More objects would be updated than `max_updates` allows." ""
        "guard::new_ledger" 3 "Something would be deleted with a ledger that does not exist yet and that only the YAML names." ""
        "guard::prevent_delete" 3 "The object is protected by `lifecycle.prevent_delete`." ""
        "guard::unconfirmed_organization" 3 "The service does not confirm the account's organization, so nothing is written to it." ""
        "guard::unknown_generation" 3 "It is not known which generation of the service answers, so nothing is written." ""
        "guard::unreadable_bridges" 3 "A bridge cannot be read, so it is not known whether it uses the configuration that would be deleted." ""
        "guard::unseen_products" 3 "The service lists bridges by product and the account does not name all of them, so a configuration may be in use unseen." ""
    },
};

pub(super) const REFUSALS: CodeGroup = CodeGroup {
    title: "Refusals",
    about: "Something that the plan will not do. It is shown and not applied; nothing was written.",
    codes: table! {
        "refusal::account_changed" 3 "The entry names another account than the one that holds its object." ""
        "refusal::cannot_assign" 3 "This generation cannot put a number on a bridge that exists." ""
        "refusal::cannot_disconnect" 3 "This generation cannot cut a connection." ""
        "refusal::claimed_twice" 3 "Two addresses claim one live object." ""
        "refusal::create_may_run" 3 "A create with this natural key got no answer, may still be running, and is not sent a second time." ""
        "refusal::create_only" 3 "An attribute differs that the service takes on create only." ""
        "refusal::delete_undocumented" 3 "The service documents no delete for this kind." ""
        "refusal::dependency_excluded" 3 "Something that the change needs was excluded from this run." ""
        "refusal::existing_managed" 3 "An object that `existing` names, or its address, is managed." ""
        "refusal::existing_missing" 3 "An object that `existing` names is not there, or is not what the entry says." ""
        "refusal::foreign_object" 3 "The object that is meant belongs to another organization, or to none." ""
        "refusal::gone_or_hidden" 3 "A managed object is no longer shown, and may only be hidden." ""
        "refusal::hidden_elsewhere" 3 "Another address holds an invisible object with the same natural key." ""
        "refusal::missing_for_create" 3 "An attribute that a create needs is missing." ""
        "refusal::not_in_catalogue" 3 "The provider is not in the service's catalogue." ""
        "refusal::number_elsewhere" 3 "A number is on a bridge that telform does not manage." ""
        "refusal::number_not_offered" 3 "The service does not offer this number." ""
        "refusal::number_not_shown" 3 "A number is named as only the service may name it (a short code, no country code), and the service does not show it." ""
        "refusal::odd_shape" 3 "A managed value has another shape than the service documents, or a row that names no object may be this one." ""
        "refusal::pin_changed" 3 "The entry pins another object than the one that the ledger has under its address." ""
        "refusal::pinned_missing" 3 "No object has the identity that `id:` pins." ""
        "refusal::put_would_blank" 3 "A PUT would blank a mail address that waits for verification." ""
        "refusal::renamed_onto" 3 "An object is renamed to an address that the ledger knows another object by." ""
        "refusal::several_fit" 3 "Two live objects fit one address." ""
        "refusal::similar_exists" 3 "A live object has a natural key that differs only in letter case, spaces or Unicode form from the one to be created." ""
        "refusal::unfinished_replacement" 3 "What an object took the place of is still there, and its entry was removed." ""
        "refusal::unknown_removal" 3 "A tombstone matches nothing, and nothing shows which object it means: no ledger entry, no id, no whole natural key." ""
        "refusal::unlisted" 3 "A listing that is needed could not be read; what does not need it can be worked on." ""
        "refusal::unreadable" 3 "The object is there and cannot be read; the rest of the account can be worked on." ""
        "refusal::unsettled_create" 3 "An earlier create was cut off, and it cannot be checked whether it made the object." ""
        "refusal::wrong_generation" 3 "The entry is written in another generation's shape than the one that answers." ""
    },
};

pub(super) const NOTICES: CodeGroup = CodeGroup {
    title: "Notices",
    about: "Worth knowing; they keep nothing from being applied, except `secret_needed` and `scope_missing`. JSON documents write \
            the last part of the code alone (`adopted`).",
    codes: table! {
        "notice::account_followed" - "" "Nothing: the next apply enters it in the ledger."
        "notice::account_gone" - "" "Nothing, or `telform forget` its address."
        "notice::account_left_out" - "" "Have the account repaired, or its token replaced, and plan again; the detail says why it could not be read."
        "notice::account_rehosted" - "" "Nothing; `was` may be removed after the apply."
        "notice::account_renamed" - "" "Nothing; the line under `moved` may be removed after the apply."
        "notice::adopted" - "" "Nothing: the next apply enters it in the ledger."
        "notice::already_gone" - "" "Nothing; the tombstone may stay or be removed."
        "notice::carried_over" - "" "Nothing, or state in the entry what it should have."
        "notice::created_again" - "" "Find out who deleted it."
        "notice::dropped_by_service" - "" "Remove the attribute from the YAML."
        "notice::foreign_connection" - "" "Declare the number under its bridge with a configuration of your own."
        "notice::goes_on" - "" "Nothing; or correct what is refused, and the whole plan is applied."
        "notice::hidden" - "" "Confirm the mail, then plan again."
        "notice::host_reads_as" - "" "Compare it with the host that is meant, letter by letter."
        "notice::key_changed" - "" "Restore the key of this ledger; if it is lost, `telform ledger rekey --lost-key`."
        "notice::kind_not_mentioned" - "" "Mention the kind again, release the objects, or write an empty map to delete them."
        "notice::late_create" - "" "Adopt it with `telform adopt ADDRESS ID`, or delete it with a tombstone that has its `id:`."
        "notice::left_already" - "" "Nothing: there is nothing left to delete."
        "notice::left_dark" - "" "Connect the number in the console, or put the account and the entry back."
        "notice::left_on_bridge" - "" "Declare the number, or take it off in the service's console."
        "notice::may_be_hidden" - "" "Look in the portal before applying."
        "notice::mixed_scripts" - "" "Compare it with what is meant; write it with letters of one script."
        "notice::not_carried_over" - "" "State it in the entry, so that the new object gets it."
        "notice::not_in_catalogue" - "" "Check the spelling."
        "notice::not_known" - "" "Look at the old object, and set the value at the new one by other means."
        "notice::not_shown" - "" "Nothing: it is sent when it changes in the YAML."
        "notice::odd_characters" - "" "Look at the value at the service; correct it there, or write it in the YAML as it should be."
        "notice::odd_shape" - "" "Nothing; tell the service's support if it should not be so."
        "notice::organization_unconfirmed" - "" "Correct `{organization}`, or use a token that may read `organizations/`."
        "notice::pending_verification" - "" "Confirm the mail."
        "notice::pin_replaced" - "" "Remove or correct `id:`."
        "notice::products_looked_at" - "" "Name the other products under `{products}`, or look in the console whether something uses it."
        "notice::protected" - "" "Nothing."
        "notice::released" - "" "Nothing."
        "notice::renamed" - "" "Nothing; the line under `moved` may be removed after the apply."
        "notice::reshaped" - "" "Nothing; write it as the service keeps it to be rid of the notice, or send it once more with `--resend`."
        "notice::scope_missing" - "" "Use a token that has the scope; CarrierX support grants scopes."
        "notice::secret_echoed" - "" "Replace the secret at its service: it is known where it does not belong. Correct the value there, or write the one of the YAML with `--resend ADDRESS.ATTRIBUTE`."
        "notice::secret_needed" - "" "Supply it before applying."
        "notice::secret_not_supplied" - "" "Nothing on a pull request; supply it where changes must be found."
        "notice::secret_only_on_create" - "" "Change it in the service's portal; or let telform send it, with the account setting that the notice names."
        "notice::secret_shown" - "" "Nothing."
        "notice::secret_unchanged" - "" "Nothing."
        "notice::secret_unknown" - "" "`--rewrite-secret ADDRESS` writes it once, and from then on it is known."
        "notice::secret_unreadable" - "" "Restore the key of this ledger; if it is lost, `telform ledger rekey --lost-key`."
        "notice::settled" - "" "Nothing: connecting it settles it."
        "notice::token_owner_unknown" - "" "Run again later. Where the service never says it, make sure that the token is the right one."
        "notice::twin" - "" "Delete one of the two: the other by a tombstone with its `id:`, or yours after pinning the other with `id:`."
        "notice::unlinked" - "" "Run again later, or fix what the detail names."
        "notice::unlisted" - "" "Run again later, or fix what the detail names."
        "notice::unprotected" - "" "Nothing, or write `lifecycle: { prevent_delete: true }` again before the next apply."
        "notice::unreadable" - "" "Have it repaired: the detail says how."
    },
};

pub(super) const CHECKER: CodeGroup = CodeGroup {
    title: "Independent checker: plans",
    about: "What `telform verify` finds in a plan, and what an apply finds in its own plan before it begins. Never apply such \
            a plan: plan again. If that finds the same, it is a bug: report it.",
    codes: table! {
        "telform::verify::account" 1 "A step is in an account that its object is not in." "Plan again."
        "telform::verify::action" 1 "A change says something else than its steps do." "Plan again."
        "telform::verify::attribute" 1 "What a change shows is not what is sent." "Plan again."
        "telform::verify::belief" 1 "What a step believes about its target is not what the plan shows." "Plan again."
        "telform::verify::body" 1 "A request carries something that its change does not show, or lacks something." "Plan again."
        "telform::verify::checksum" 1 "A byte of the file is not as it was saved." "Use the file as it was written."
        "telform::verify::delete" 1 "A delete does not wait for every read-back of the plan." "Plan again."
        "telform::verify::digest" 1 "The digest is not that of the plan." "Use the file as it was written."
        "telform::verify::format" 1 "It is not a plan of the version known here." "Check it with the telform that wrote it."
        "telform::verify::goes_on" 1 "A number is said to be connected although the plan is refused, and it is not, or a refusal is about it." "Plan again."
        "telform::verify::ids" 1 "Step ids are not the ones that a plan has." "Plan again."
        "telform::verify::impact" 1 "What is said about numbers does not follow from the steps." "Plan again."
        "telform::verify::json" 1 "It is not JSON, or two readers would understand it differently." "Use the file as it was written."
        "telform::verify::learnt" 1 "What would be entered in the ledger does not follow from the plan." "Plan again."
        "telform::verify::limits" 1 "A step is outside of what the run was limited to." "Plan again."
        "telform::verify::not_taken" 1 "A value that the service did not take is sent, or is not shown as it is." "Plan again."
        "telform::verify::number" 1 "A number is cut and connected in an order that leaves it dark." "Plan again."
        "telform::verify::once" 1 "Something is done twice." "Plan again."
        "telform::verify::organization" 1 "A step goes to an organization that the service did not confirm, and nothing refuses the plan." "Plan again."
        "telform::verify::own_plan" 1 "An apply found the above in its own plan and did not begin." "Plan again; report it."
        "telform::verify::owner" 1 "A step belongs to no change, or to another object's." "Plan again."
        "telform::verify::phases" 1 "Steps are out of the order of the phases." "Plan again."
        "telform::verify::read_back" 1 "A disconnect is not read back, or too early." "Plan again."
        "telform::verify::reference" 1 "A request uses an id that no earlier step makes." "Plan again."
        "telform::verify::request" 1 "Method or path do not fit the operation." "Plan again."
        "telform::verify::secret" 1 "The plan contains something that looks like a secret." "Do not publish the file; report it."
        "telform::verify::shape" 1 "A member is missing, unknown or of another type." "Use the file as it was written."
        "telform::verify::shown" 1 "Numbers shown for a bridge are not those of the steps." "Plan again."
        "telform::verify::source" 1 "A secret is sent or shown without the source that it has." "Plan again."
        "telform::verify::summary" 1 "The counts do not fit the plan." "Plan again."
        "telform::verify::unlisted" 1 "A step needs a listing that could not be read." "Plan again."
        "telform::verify::unreadable" 1 "The file cannot be read." "Check the path."
        "telform::verify::waits" 1 "A step waits for one that is not there or comes later, or for a whole phase in another way than deletes wait for the read-backs." "Plan again."
    },
};

pub(super) const CHECKER_JOURNAL: CodeGroup = CodeGroup {
    title: "Independent checker: journals",
    about: "What `telform verify` and `telform journal verify` find in a journal. The file is evidence: keep it as it is, and \
            compare with a copy.",
    codes: table! {
        "telform::verify::journal::approval" 1 "A run has an approval of another plan than its own." "Compare with a copy."
        "telform::verify::journal::chain" 1 "A line is not what was written: the hash chain is broken here." "Compare with a copy."
        "telform::verify::journal::digest" 1 "The digest is not that of the plan that the run began with." "Compare with a copy."
        "telform::verify::journal::early" 1 "A step was sent before one that it waits for was done." "Report it."
        "telform::verify::journal::format" 1 "A run is of a version that is not known here." "Check it with the telform that wrote it."
        "telform::verify::journal::intent" 1 "An answer is recorded whose request was not announced." "Compare with a copy."
        "telform::verify::journal::json" 1 "The file is too large to be a journal." "Check the path."
        "telform::verify::journal::mac" 1 "A line carries no MAC, and one before it does: whoever wrote it did not have the key." "Compare with a copy."
        "telform::verify::journal::outcome" 1 "An outcome does not fit: no such step, no answer that says so, no id." "Compare with a copy."
        "telform::verify::journal::phase" 1 "A step was sent after its phase was over." "Report it."
        "telform::verify::journal::receipt" 1 "The receipt says something else than the lines before it." "Compare with a copy."
        "telform::verify::journal::refused" 1 "A plan that refuses something was begun." "Report it."
        "telform::verify::journal::request" 1 "A request was sent that the plan does not have." "Find out who sent it; report it."
        "telform::verify::journal::reused" 1 "A step was sent again, or ended twice." "Report it."
        "telform::verify::journal::run" 1 "A line belongs to a run that did not begin, had ended, or began twice." "Compare with a copy."
        "telform::verify::journal::settled" 1 "A step was settled that was not open." "Report it."
        "telform::verify::journal::shape" 1 "A line is not a line of a journal." "Compare with a copy."
        "telform::verify::journal::signed" 1 "A signature is not after the receipt of its run." "Compare with a copy."
    },
};
