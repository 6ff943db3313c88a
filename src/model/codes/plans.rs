//! Codes within a plan, and those of its independent checker.

use super::{CodeGroup, table};

pub(super) const GUARDS: CodeGroup = CodeGroup {
    title: "Guards",
    about: "The plan is shown but not applied; nothing was written. JSON documents contain only the last part of the code \
            (`max_deletes`).",
    codes: table! {
        "guard::ambiguous_connection" 3 "It is not known what serves a number, so what may serve it is not deleted." ""
        "guard::max_connections_muted" 3 "More connections would be muted (an object that they name lets no call out any more) than `max_connections_muted` allows." ""
        "guard::max_delete_percent" 3 "A larger share of a kind's managed objects would be deleted than `max_delete_percent` allows." ""
        "guard::max_deletes" 3 "More objects would be deleted than `max_deletes` allows. The default allows none." ""
        "guard::max_numbers_dark" 3 "More numbers would go dark (lose their connection without getting another one) than `max_numbers_dark` allows." ""
        "guard::max_update_percent" 3 "A larger share of a kind's managed objects would be updated than `max_update_percent` allows; by default it allows 30 % from 10 objects on." ""
        "guard::max_updates" 3 "More objects would be updated than `max_updates` allows." ""
        "guard::new_ledger" 3 "Something would be deleted although the ledger does not exist yet and only the YAML names its location." ""
        "guard::prevent_delete" 3 "`lifecycle.prevent_delete` protects the object." ""
        "guard::unconfirmed_organization" 3 "The service does not confirm the account's organization, so nothing is written to it." ""
        "guard::unknown_generation" 3 "It is not known which generation of the service answers, so nothing is written." ""
        "guard::unreadable_bridges" 3 "An object that connects numbers cannot be read, so it may use what would be deleted." ""
        "guard::unseen_products" 3 "The service lists connections by product and the account does not name every product, so an object that would be deleted may still be in use." ""
    },
};

pub(super) const REFUSALS: CodeGroup = CodeGroup {
    title: "Refusals",
    about: "Changes that telform refuses to plan. The plan is shown but not applied; nothing was written.",
    codes: table! {
        "refusal::account_changed" 3 "The object belongs to a different account than the one that its entry names." ""
        "refusal::cannot_assign" 3 "This generation connects a number only while the object that holds it is created." ""
        "refusal::cannot_disconnect" 3 "This generation cannot disconnect a number." ""
        "refusal::claimed_twice" 3 "Two addresses claim one live object." ""
        "refusal::create_may_run" 3 "An earlier create with this natural key got no answer and may still be running, so it is not sent again." ""
        "refusal::create_only" 3 "An attribute differs that the service accepts only on create." ""
        "refusal::delete_undocumented" 3 "The service documents no delete for this kind." ""
        "refusal::dependency_excluded" 3 "Something that the change needs was excluded from this run." ""
        "refusal::dependency_unknown" 3 "It is not known which live object something is that the change needs." ""
        "refusal::ended" 3 "The service shows the object as ended, and telform does not reverse that." ""
        "refusal::existing_managed" 3 "`existing` names an object or an address that telform manages." ""
        "refusal::existing_missing" 3 "`existing` names an object that does not exist or does not match its entry." ""
        "refusal::foreign_object" 3 "The object belongs to another organization, or to none." ""
        "refusal::gone_or_hidden" 3 "The service no longer shows a managed object. It may be deleted or only hidden." ""
        "refusal::hidden_elsewhere" 3 "Another address holds an invisible object with the same natural key." ""
        "refusal::inherited" 3 "The object is inherited from the account above this one, which alone can change it." ""
        "refusal::key_taken" 3 "The natural key that an object is to get belongs to another object." ""
        "refusal::missing_for_create" 3 "An attribute that is required on create is missing." ""
        "refusal::not_in_account" 3 "The account does not have the object, and telform does not make objects of its kind." ""
        "refusal::not_in_catalogue" 3 "A value is not in the service's catalogue." ""
        "refusal::number_elsewhere" 3 "A number is connected in a place that telform does not manage." ""
        "refusal::number_not_offered" 3 "The service does not offer this number." ""
        "refusal::number_not_shown" 3 "A number is not in E.164 form (a short code, or no country code), and the service does not show such a number." ""
        "refusal::odd_shape" 3 "A managed value does not have the documented shape, or a row without an id may be this object." ""
        "refusal::pin_changed" 3 "The entry pins a different object than the one that the ledger records for its address." ""
        "refusal::pinned_missing" 3 "No object has the id that `id:` pins." ""
        "refusal::put_would_blank" 3 "A PUT would blank a mail address that waits for verification." ""
        "refusal::renamed_onto" 3 "An object is renamed to an address that belongs to another object in the ledger." ""
        "refusal::several_fit" 3 "Two live objects match one address." ""
        "refusal::similar_exists" 3 "A live object has a natural key that differs only in letter case, spaces or Unicode form from the one to be created." ""
        "refusal::still_referred" 3 "An object that stays still names the one that would be deleted." ""
        "refusal::unfinished_replacement" 3 "A replaced object still exists, and the entry of its replacement was removed." ""
        "refusal::unknown_removal" 3 "An entry under `removed` matches nothing and does not identify an object: it has no ledger entry, no id and no complete natural key." ""
        "refusal::unlisted" 3 "A listing could not be read, so nothing that depends on it is planned. The rest can be planned and applied." ""
        "refusal::unreadable" 3 "The object exists but cannot be read. The rest of the account can be planned and applied." ""
        "refusal::unsettled_create" 3 "An earlier create was interrupted, and telform cannot check whether it created the object." ""
        "refusal::wrong_generation" 3 "The entry has the attributes of a different generation than the one that answers." ""
    },
};

pub(super) const NOTICES: CodeGroup = CodeGroup {
    title: "Notices",
    about: "Facts worth knowing. Only `secret_needed` and `scope_missing` prevent an apply. JSON documents contain \
            only the last part of the code (`adopted`).",
    codes: table! {
        "notice::account_followed" - "" "Nothing. The next apply records it in the ledger."
        "notice::account_gone" - "" "Nothing, or `telform forget` its address."
        "notice::account_left_out" - "" "Fix the account or replace its token, then plan again. The detail says why it could not be read."
        "notice::account_not_read" - "" "Declare what is in the account, for example with `telform adopt --all`, or check it with `telform doctor`."
        "notice::account_rehosted" - "" "Nothing. You can remove `was` after the apply."
        "notice::account_renamed" - "" "Nothing. You can remove the line under `moved` after the apply."
        "notice::adopted" - "" "Nothing. The next apply records it in the ledger."
        "notice::already_ended" - "" "Nothing. You can keep or remove its entry under `removed`."
        "notice::already_gone" - "" "Nothing. You can keep or remove its entry under `removed`."
        "notice::carried_over" - "" "Nothing. To change the value, state it in the entry."
        "notice::created_again" - "" "Find out who deleted it."
        "notice::dark_now" - "" "Apply the plan. `telform resume` does the same."
        "notice::does_not_ring" - "" "Activate what serves the number, give it what its calls go to, or name another one in the entry."
        "notice::dropped_by_service" - "" "Remove the attribute from the YAML."
        "notice::foreign_connection" - "" "Declare the number, and name an object of your own that serves it."
        "notice::goes_on" - "" "Nothing. To apply the whole plan, resolve the refusals first."
        "notice::hidden" - "" "Follow the link in the confirmation mail, then plan again."
        "notice::host_reads_as" - "" "Compare it letter by letter with the host that you mean."
        "notice::key_changed" - "" "Restore the key of this ledger. If it is lost, run `telform ledger rekey --lost-key`."
        "notice::kind_not_mentioned" - "" "Declare the kind again, release the objects, or write an empty map to delete them."
        "notice::late_create" - "" "Adopt it with `telform adopt ADDRESS ID`, or delete it: list its `id:` under `removed`."
        "notice::left_already" - "" "Nothing."
        "notice::left_dark" - "" "Connect the number in the service's console, or restore the account and the entry."
        "notice::left_on_bridge" - "" "Declare the number, or take it off in the service's console."
        "notice::may_be_hidden" - "" "Look in the service's portal before you apply."
        "notice::may_be_reset" - "" "Look at them in the service's console before and after the apply. Where an entry can state one, state it: then the PATCH carries it."
        "notice::may_serve" - "" "Call the numbers, or look in the service's console which object serves them. If one of them is served by what goes, connect it elsewhere first."
        "notice::mixed_scripts" - "" "Check the spelling, and write it with letters of one script."
        "notice::move_left_out" - "" "Include the entry that the notice names in the run."
        "notice::muted" - "" "If they are to make outbound calls, let the connections name another object for them in the same change. `max_connections_muted` counts them."
        "notice::not_carried_over" - "" "State it in the entry to set it on the new object."
        "notice::not_in_catalogue" - "" "Check the spelling."
        "notice::not_known" - "" "Look at the old object, and set the value on the new one in the service's console."
        "notice::not_listed" - "" "Check the number. If it is new, wait until the service lists it."
        "notice::not_shown" - "" "Nothing. telform sends it when it changes in the YAML."
        "notice::not_undone" - "" "Nothing, or undo it by hand. The detail says why telform leaves it."
        "notice::numbers_not_seen" - "" "Look at the numbers with the token of the object, and move those that are to ring elsewhere first."
        "notice::odd_characters" - "" "Check the value at the service. Correct it there, or write the correct value in the YAML."
        "notice::odd_shape" - "" "Nothing. If it looks wrong, report it to the service's support."
        "notice::organization_unconfirmed" - "" "Correct `{organization}`, or use a token that may read `organizations/`."
        "notice::pending_verification" - "" "Follow the link in the confirmation mail."
        "notice::pin_replaced" - "" "Remove or correct `id:`."
        "notice::products_looked_at" - "" "Name the other products under `{products}`, or check in the service's console whether something uses it."
        "notice::protected" - "" "Nothing."
        "notice::recorded_only" - "" "Nothing. If a line does not answer, look in the service's console which object serves it."
        "notice::released" - "" "Nothing."
        "notice::renamed" - "" "Nothing. You can remove the line under `moved` after the apply."
        "notice::reshaped" - "" "Nothing. To avoid the notice, write the value as the service keeps it. To send it again, use `--resend`."
        "notice::rings_again" - "" "Nothing. If the number should be silent, change its entry."
        "notice::scope_missing" - "" "Use a token that has the scope; CarrierX support grants scopes."
        "notice::secret_echoed" - "" "Replace the secret, because it is stored where others can read it. Correct the value at the service, or write the one from the YAML with `--resend ADDRESS.ATTRIBUTE`."
        "notice::secret_needed" - "" "Supply it before you apply."
        "notice::secret_not_compared" - "" "Nothing. To change it, use the service's portal."
        "notice::secret_not_supplied" - "" "Nothing on a pull request. Supply it wherever telform must detect changes."
        "notice::secret_only_on_create" - "" "Change it in the service's portal, or let telform send it with the account setting that the notice names."
        "notice::secret_shown" - "" "Nothing."
        "notice::secret_unchanged" - "" "Nothing."
        "notice::secret_unknown" - "" "Write it once with `--rewrite-secret ADDRESS`. telform can then compare it."
        "notice::secret_unreadable" - "" "Restore the key of this ledger. If it is lost, run `telform ledger rekey --lost-key`."
        "notice::settled" - "" "Nothing. Connecting the number settles it."
        "notice::stays_dark" - "" "Activate what is to serve the number, give it what its calls go to, or name another one in the entry."
        "notice::still_connected_in_yaml" - "" "Remove the number from the entry that the notice names, or connect it elsewhere there."
        "notice::token_owner_unknown" - "" "Run again later. If the service never says it, check that the token is the right one."
        "notice::twin" - "" "Delete one of the two: the other one by its `id:` under `removed`, or your own after you pin the other one with `id:`."
        "notice::undoes" - "" "Change the YAML too, or the next apply makes the changes of that run again."
        "notice::unlinked" - "" "Run again later, or fix the cause that the detail names."
        "notice::unlisted" - "" "Run again later, or fix the cause that the detail names."
        "notice::unprotected" - "" "Nothing, or write `lifecycle: { prevent_delete: true }` again before the next apply."
        "notice::unreadable" - "" "Have it repaired as the detail says."
    },
};

pub(super) const CHECKER: CodeGroup = CodeGroup {
    title: "Independent checker: plans",
    about: "What `telform verify` finds in a plan, and what an apply finds in its own plan before it starts. Never apply such \
            a plan. Plan again, and report a bug if the problem persists.",
    codes: table! {
        "telform::verify::account" 1 "A step runs in a different account than its object." "Plan again."
        "telform::verify::action" 1 "A change does not match its steps." "Plan again."
        "telform::verify::attribute" 1 "A change does not show what is sent." "Plan again."
        "telform::verify::belief" 1 "What a step expects of its target does not match the plan." "Plan again."
        "telform::verify::body" 1 "A request contains something that its change does not show, or misses something that it shows." "Plan again."
        "telform::verify::checksum" 1 "The file was changed after it was saved." "Use the unchanged file."
        "telform::verify::delete" 1 "A delete does not wait for all read-backs of the plan." "Plan again."
        "telform::verify::digest" 1 "The digest does not match the plan." "Use the unchanged file."
        "telform::verify::format" 1 "The file is not a plan in a version that this telform knows." "Check it with the version of telform that wrote it."
        "telform::verify::goes_on" 1 "The plan is refused and says that a number is still connected, but no step connects it, or a refusal is about it." "Plan again."
        "telform::verify::ids" 1 "Step ids do not have the form that plans use." "Plan again."
        "telform::verify::impact" 1 "The effects on numbers do not follow from the steps." "Plan again."
        "telform::verify::json" 1 "The file is not JSON, or different parsers would read it differently." "Use the unchanged file."
        "telform::verify::learnt" 1 "The ledger updates do not follow from the plan." "Plan again."
        "telform::verify::limits" 1 "A step is outside the limits of the run." "Plan again."
        "telform::verify::not_taken" 1 "A value that the service did not accept earlier is sent again, or is not shown correctly." "Plan again."
        "telform::verify::number" 1 "A number is disconnected and connected in an order that leaves it dark." "Plan again."
        "telform::verify::once" 1 "Something is done twice." "Plan again."
        "telform::verify::organization" 1 "A step goes to an organization that the service did not confirm, but the plan is not refused." "Plan again."
        "telform::verify::own_plan" 1 "An apply found one of these problems in its own plan and did not start." "Plan again, and report it."
        "telform::verify::owner" 1 "A step does not belong to a change, or belongs to the change of another object." "Plan again."
        "telform::verify::phases" 1 "Steps do not follow the order of the phases." "Plan again."
        "telform::verify::read_back" 1 "A disconnect is not read back, or is read back too early." "Plan again."
        "telform::verify::reference" 1 "A request uses an id that no earlier step creates." "Plan again."
        "telform::verify::request" 1 "The method or path does not match the operation." "Plan again."
        "telform::verify::secret" 1 "The plan contains something that looks like a secret." "Do not publish the file. Report it."
        "telform::verify::shape" 1 "A JSON member is missing, unknown or has the wrong type." "Use the unchanged file."
        "telform::verify::shown" 1 "The numbers that a change shows are not those of its steps." "Plan again."
        "telform::verify::source" 1 "A secret is sent or shown with a wrong source." "Plan again."
        "telform::verify::summary" 1 "The counts do not match the plan." "Plan again."
        "telform::verify::unlisted" 1 "A step needs a listing that could not be read." "Plan again."
        "telform::verify::unreadable" 1 "The file cannot be read." "Check the path."
        "telform::verify::waits" 1 "A step waits for a step that does not exist or comes later, or for a whole phase in a way that only deletes may." "Plan again."
    },
};

pub(super) const CHECKER_JOURNAL: CodeGroup = CodeGroup {
    title: "Independent checker: journals",
    about: "What `telform verify` and `telform journal verify` find in a journal. The file is evidence: keep it unchanged, and \
            compare it with a copy.",
    codes: table! {
        "telform::verify::journal::approval" 1 "A run has an approval for a different plan." "Compare it with a copy."
        "telform::verify::journal::chain" 1 "A line was changed: the hash chain is broken here." "Compare it with a copy."
        "telform::verify::journal::digest" 1 "The digest does not match the plan of the run." "Compare it with a copy."
        "telform::verify::journal::early" 1 "A step was sent before a step that it waits for was done." "Report it."
        "telform::verify::journal::format" 1 "This telform does not know the version of a run." "Check it with the version of telform that wrote it."
        "telform::verify::journal::intent" 1 "An answer is recorded, but its request is not." "Compare it with a copy."
        "telform::verify::journal::json" 1 "The file is too large to be a journal." "Check the path."
        "telform::verify::journal::mac" 1 "A line has no MAC, but an earlier line does, so it was written without the key." "Compare it with a copy."
        "telform::verify::journal::outcome" 1 "An outcome does not match: the step, its answer or the new id is missing." "Compare it with a copy."
        "telform::verify::journal::phase" 1 "A step was sent after its phase had ended." "Report it."
        "telform::verify::journal::receipt" 1 "The receipt does not match the lines before it." "Compare it with a copy."
        "telform::verify::journal::refused" 1 "A refused plan was started." "Report it."
        "telform::verify::journal::request" 1 "A request was sent that is not in the plan." "Find out who sent it, and report it."
        "telform::verify::journal::reused" 1 "A step was sent again, or ended twice." "Report it."
        "telform::verify::journal::run" 1 "A line belongs to a run that did not start, had already ended, or started twice." "Compare it with a copy."
        "telform::verify::journal::settled" 1 "A step was settled that was not open." "Report it."
        "telform::verify::journal::shape" 1 "A line does not have the form of a journal line." "Compare it with a copy."
        "telform::verify::journal::signed" 1 "A signature does not follow the receipt of its run." "Compare it with a copy."
    },
};
