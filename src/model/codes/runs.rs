//! Codes about services, ledger, journal and commands.

use super::{CodeGroup, table};

pub(super) const SERVICES: CodeGroup = CodeGroup {
    title: "Services",
    about: "The live state could not be read, so nothing is planned and nothing was written. The message names the account, \
            what was tried, method, path and status, and quotes the service's own words: escaped, shortened, without \
            secrets.",
    codes: table! {
        "telform::account::scope" 1
            "The token says which scopes it has, and a step of the plan needs one that it lacks. Nothing was written."
            "Use a token that has the scope (CarrierX support grants scopes), or leave the object out with `--exclude`."
        "telform::account::unusable" 1
            "No client can be made for an account."
            "Correct the account in the YAML."
        "telform::live::forbidden" 1
            "403: the token is known and may not read this."
            "Give the token the right to read it."
        "telform::live::generation" 1
            "The answers are of another generation than the YAML says, or do not show it."
            "Set `{generation}` on the account to `auto`, or to the one that the message names."
        "telform::live::gone" 1
            "404: something that was just listed is not there."
            "Check `base_url`; run again: the account may be changing at this moment."
        "telform::live::incomplete" 1
            "A listing came out incomplete twice. What is missing would look deleted, so nothing is planned."
            "Run again when the account is not being changed."
        "telform::live::no_such_path" 1
            "404 with a page of HTML: there is no such path."
            "Check `base_url`: version, path, a proxy."
        "telform::live::organization" 1
            "The account names no organization, or one that this token does not have."
            "Set `{organization}` to the handle as the service writes it; letter case counts."
        "telform::live::product" 1
            "This generation lists bridges by product, and the account names none."
            "Set `{product}` on the account."
        "telform::live::refused" 1
            "The service understood and refused."
            "The message quotes its own words."
        "telform::live::service_failed" 1
            "5xx, or a connection that broke off, also after trying again."
            "Run again later; the service's status page may say more."
        "telform::live::shape" 1
            "The answer is not what this service sends."
            "Check that `base_url` leads to the service and not to a proxy; report it if it does."
        "telform::live::throttled" 1
            "429, also after waiting."
            "Run again later, or lower `requests_per_minute` on the account."
        "telform::live::too_much" 1
            "The account shows more than telform keeps in memory."
            "Check that `base_url` leads to the service; spread a very large account over several."
        "telform::live::unauthorized" 1
            "401: the token is not accepted."
            "Check the source that `token` names, and that the token has not expired."
        "telform::live::unexpected" 1
            "The status looks like success but is not: 206, a redirect, a body that cannot be read."
            "Check `base_url` and the account's settings."
        "telform::live::unreachable" 1
            "No answer at all: no such host, no connection, no certificate, too slow."
            "Check the network and `base_url`."
    },
};

pub(super) const LEDGER: CodeGroup = CodeGroup {
    title: "Ledger",
    about: "The evidence file and its lock. None of these overwrites it.",
    codes: table! {
        "telform::ledger::behind" 1
            "The journal names a later save of the ledger than the one that is there: an older copy of it was put back. No run writes with it; as a warning: the ledger is lost and its journal is there, or another one with as many saves was written."
            "Restore the newest ledger, or let `telform ledger rebuild --replace` make one; `telform journal restart` goes on with this one and a new journal."
        "telform::ledger::changed" 1
            "Another process wrote the ledger after this run had read it."
            "Run it again: it starts from what is there now."
        "telform::ledger::damaged" 1
            "The file is not a ledger, or only a part of one."
            "Restore it, or let `telform ledger rebuild --replace` keep it aside and make a new one."
        "telform::ledger::exists" 1
            "There is a ledger already, where a new one was to be made."
            "`--replace` keeps it beside the new one."
        "telform::ledger::foreign" 1
            "The ledger belongs to another service or organization."
            "Name the ledger of this account with `--ledger`."
        "telform::ledger::io" 1
            "A file of the ledger cannot be read or written."
            "Check that the folder exists and that you may write to it."
        "telform::ledger::key" 1
            "The fingerprint key is too short."
            "Set `TELFORM_FINGERPRINT_KEY` to a longer text, or unset it to use the key file."
        "telform::ledger::lock_damaged" 1
            "The lock in an object store cannot be read, so it is not known whether it is held."
            "Make sure that no run uses the ledger, then delete that object by hand."
        "telform::ledger::lock_lost" 1
            "This run had the lock and lost it; nothing more was sent."
            "Run `telform ledger unlock` to see who has it, and plan again."
        "telform::ledger::locked" 1
            "Another run uses the ledger; the message names who, where and since when."
            "Wait with `--lock-timeout 5m`; what a dead run left is freed as the message says."
        "telform::ledger::move" 1
            "An entry cannot be moved: another kind, or the new address is taken."
            "Choose another address, or release the other with `telform forget`."
        "telform::ledger::newer" 1
            "A newer telform wrote it."
            "Use that version, or a newer one."
        "telform::ledger::none" 1
            "There is no ledger at this place. As a warning: a run with the key that is here left a ledger and a journal, and both are missing."
            "Name it with `--ledger`; `telform ledger rebuild` creates one."
        "telform::ledger::not_own" 1
            "A file or folder of telform's own is a link, has further names, or belongs to another user. Nothing was read from it or written through it."
            "Remove the link, or take the file over; a ledger elsewhere is named with `--ledger` or `TELFORM_LEDGER`."
        "telform::ledger::open_key" 1
            "Others may read the key file, or write to its folder."
            "`chmod 600` the file, `chmod go-w` the folder; if others may have read it, delete it: secrets are then unknown until written again."
        "telform::ledger::other_token" 1
            "The ledger holds objects of one owner, and the token belongs to another one. Nothing was written."
            "Use a token of that owner, or name another ledger with `--ledger`."
        "telform::ledger::place" 1
            "A text is not a place that a ledger can be kept in."
            "A file path, or an address such as `s3://bucket/path/ledger.json` (also `gs://`, `az://`)."
        "telform::ledger::rekey" 1
            "The key cannot be changed: it is the same, the old one is not at hand, or it is set from outside."
            "The message says which variable to set."
        "telform::ledger::rewritten" 1
            "Version control or an editor rewrote the file: marks of a merge conflict, other line ends, a byte order mark, a key twice."
            "Restore it as the message says; `.gitattributes` from `telform init` keeps git from rewriting it."
        "telform::ledger::store" 1
            "The object store refused, or did not answer."
            "Check credentials, bucket and region; the message says what was tried."
        "telform::ledger::unbroken" 1
            "The lock was left as it is."
            "`telform ledger unlock` shows who has it and what can be done."
        "telform::ledger::unknown_address" 1
            "The ledger does not know this address."
            "`telform ledger list` shows what it knows."
        "telform::ledger::weak_key" 1
            "The fingerprint key can be guessed: it repeats itself, counts, or has too few different characters."
            "`telform ledger rekey` takes a weak key as the old one, and makes or takes a new one."
    },
};

pub(super) const JOURNAL: CodeGroup = CodeGroup {
    title: "Journal, resume and undo",
    about: "The record that runs leave, and what is made from it.",
    codes: table! {
        "telform::journal::blame" 1
            "No run of the journal has set this value."
            "What was there before telform, and what was adopted, is in no journal."
        "telform::journal::broken" 1
            "The journal is not what was written: a line was changed, removed or added."
            "Check with `telform journal verify`, and restore it as it was. To go on without it, `telform journal restart`."
        "telform::journal::head_file" 1
            "The file of `--journal-head-file` does not contain the head of a journal, or the new head could not be written to it (then exit code 6)."
            "Write the head that the last run printed into the file. If it is lost, move the file away: `telform journal verify` shows the head of the journal that is there."
        "telform::journal::key" 1
            "The lines of the journal carry MACs of another fingerprint key than the one at hand, or there is no key here. As a warning: a run without the old key goes on with a new one."
            "Set `TELFORM_FINGERPRINT_KEY`, or restore the key file. If the key is lost, `telform ledger rekey --lost-key`."
        "telform::journal::mac" 1
            "A line of the journal carries no MAC of the fingerprint key, or a wrong one, where it has to: whoever wrote it did not have the key."
            "Restore ledger and journal as they were. To go on without them, `telform journal restart`."
        "telform::journal::none" 1
            "There is no journal at this place."
            "An apply writes it beside the ledger; name another with `--ledger`."
        "telform::journal::restored" 1
            "The object store has another version of the journal's last part than the ledger remembers, with the same content: an older copy was put back."
            "Restore the newest ledger and journal. Where the bucket was moved or copied, vouch for the journal with `--journal-head`."
        "telform::journal::rolled_back" 1
            "The journal does not contain the line that `--journal-head` or its file demands: an older ledger and journal were put back, or another history. No request that writes was sent."
            "Restore the newest ledger and journal together. If they are lost, `telform journal restart` begins a new journal."
        "telform::journal::run" 1
            "No run, or more than one, has an id that begins like this."
            "`telform journal list` shows all of them."
        "telform::journal::whole" 1
            "`telform journal restart` was asked to leave a journal that is in order."
            "Nothing: the next run goes on with it."
        "telform::journal::write" 1
            "What a step did could not be kept in the journal, so no further request was sent."
            "Free some space, or grant the right to write; then run `telform resume`."
        "telform::resume::limited" 1
            "A run that was cut off has open requests in accounts that this run leaves out as well as in those that it is about."
            "Settle it with `telform resume`, without limits."
        "telform::resume::plan" 1
            "The plan of a run that was cut off cannot be read."
            "Use the telform that made it, or a newer one."
        "telform::undo::plan" 1
            "The plan of the run that is to be taken back cannot be read."
            "Use the telform that made it, or a newer one."
        "telform::undo::run" 1
            "No run, or more than one, fits; or none wrote anything."
            "`telform journal list` shows the runs."
    },
};

pub(super) const COMMANDS: CodeGroup = CodeGroup {
    title: "Commands",
    about: "What a command needs and does not have. Nothing was written to a service.",
    codes: table! {
        "telform::adopt::account" 1
            "It is not clear which account is meant, or there is none."
            "Choose with `--account`."
        "telform::adopt::claimed" 1
            "The object belongs to another address already."
            "To rename, list both names under `moved`."
        "telform::adopt::existing" 1
            "The address is under `existing`: it is referred to, and not managed."
            "Take it out there first."
        "telform::adopt::exists" 1
            "A file that would be written exists with other content."
            "Move it away, or give another folder with `--out`."
        "telform::adopt::kind" 1
            "No account holds objects of this kind."
            "The message lists the kinds."
        "telform::adopt::known" 1
            "The ledger knows the address as another object, and that one is there."
            "Release it with `telform forget` first."
        "telform::adopt::layered" 1
            "An overlay overrides what an earlier adoption wrote."
            "Name the earlier files with `-f`, and another folder with `--out`."
        "telform::adopt::missing" 1
            "The account shows no object with this id."
            "Check the id; an unverified partner is invisible."
        "telform::adopt::not_proven" 1
            "A plan over the new files would not be empty, so they were not written."
            "Leave these objects out with `--account` or `--kind`, or write their YAML by hand."
        "telform::adopt::pinned" 1
            "The YAML pins the address to another id."
            "Correct `id:`, or adopt that id."
        "telform::adopt::read" 1
            "A file to be added to cannot be read."
            "Check who may read it."
        "telform::bug" 1
            "A bug in telform. Exit code 5 when a request may have gone out before it."
            "Not your fault: report it. After exit code 5, `telform resume` settles what was open."
        "telform::cli::formats" 1
            "Two formats would go to one place."
            "Give each a file: `--format html=plan.html`."
        "telform::cli::left_out" 1
            "`--target` names an object, or matches only objects, of accounts that `--account` leaves out."
            "Name its account too, or take the target out."
        "telform::cli::man" 1
            "A manual page cannot be made."
            "A bug in telform: report it."
        "telform::cli::no_such_attribute" 1
            "`--resend` names an attribute that the entry does not state."
            "The message lists those that it states."
        "telform::cli::no_such_secret" 1
            "`--rewrite-secret` names a secret that the configuration does not have."
            "The message lists those of the object."
        "telform::cli::not_interactive" 1
            "A question came up where it cannot be answered."
            "Review the plan and run again with `--auto-approve`."
        "telform::cli::output" 1
            "Standard output cannot be written: its disk is full, or where it leads no longer exists. A reader that went away is \
             not an error. A run that may have sent a write goes on, and ends with its own exit code."
            "Free space where it is written, or send it elsewhere, and run the command again."
        "telform::cli::runtime" 1
            "The operating system gave no threads."
            "Raise the limits of the process."
        "telform::cli::unknown_account" 1
            "`--account` names no account of the configuration."
            "The message lists the accounts."
        "telform::cli::unknown_address" 1
            "An option names an address that neither the configuration nor the ledger has, or a pattern that matches none."
            "The message suggests the nearest."
        "telform::cli::unknown_kind" 1
            "A text is not a kind."
            "The message lists the kinds."
        "telform::cli::usage" 1
            "telform does not know these arguments. With `--json` this is a document like every other error."
            "The message says which; `--help` after the command lists them."
        "telform::docs::topic" 1
            "`telform docs` was asked for a page that does not exist."
            "The message lists them, and suggests the nearest."
        "telform::explain::not_declared" 1
            "The YAML does not declare the address, so nothing is compared attribute by attribute."
            "Ask for the address alone."
        "telform::explain::unknown_address" 1
            "Neither the YAML nor the ledger knows the address, and no live object has that name."
            "The message suggests the nearest."
        "telform::explain::unknown_attribute" 1
            "The kind has no such attribute."
            "`telform docs KIND` lists them."
        "telform::get::account" 1
            "The configuration names no account, so there is nothing to read."
            "`telform init` writes a file with accounts to fill in."
        "telform::get::columns" 1
            "Rows of several kinds would go into one table, and each kind has its own columns."
            "Name one kind, or the columns with `--columns`."
        "telform::get::kind" 1
            "No account that is read can hold the kind."
            "The message lists the kinds that these accounts can hold."
        "telform::get::unknown_column" 1
            "`--columns`, `--where` or `--sort` names a column that does not exist. Nothing was asked."
            "The message suggests the nearest and lists all."
        "telform::init::account" 1
            "An option of `telform init` names an account that no `--account` gives, or gives one twice."
            "Begin the value with a name that `--account` gives."
        "telform::init::exists" 1
            "A file that would be written exists."
            "Run it in an empty folder, or move the file away."
        "telform::init::file" 1
            "`-f` was given to `telform init`, which writes where the other commands look by themselves."
            "Leave `-f` out, and run it in the folder where the files should be."
        "telform::init::io" 1
            "A file cannot be written."
            "Check that you may write in this folder."
        "telform::init::service" 1
            "`--account` names a service that telform does not know."
            "The message lists the services, and suggests the nearest."
        "telform::init::setting" 1
            "`--set` names something that accounts of this service do not know, or one that they need was not given."
            "The message lists the settings."
        "telform::init::token" 1
            "`--token` does not name a source that a token can come from. The message does not repeat it: it may be a token."
            "`env:NAME`, `file:PATH` or `command:PROGRAM ARGS`."
        "telform::init::unanswered" 1
            "The input ended before a question was answered. Nothing was written."
            "Answer it, or give options instead."
        "telform::plan::changed" 1
            "A saved plan was changed or cut off after telform wrote it."
            "Use the file as it was written, or plan again."
        "telform::plan::newer" 1
            "A newer telform wrote the plan."
            "Use that version, or a newer one."
        "telform::plan::no_plan" 1
            "The file is not a telform plan."
            "`telform plan --out FILE` writes one."
        "telform::plan::other_token" 3
            "The saved plan was made with a token of one owner, and the account has one of another owner now."
            "Use a token of that owner, or plan with this one and have that reviewed."
        "telform::plan::unbound" 1
            "The fingerprint key that is here did not bind the saved plan: it was made without the key, or what bound its secrets was taken out."
            "Plan again where the key is, or carry out what was reviewed with `telform apply --expect DIGEST`."
        "telform::plan::unreadable" 1
            "The file cannot be read, or is too large."
            "Check the path and who may read it."
        "telform::rehearse::differs" 1
            "The simulator does not show what the services show, so a rehearsal would prove nothing."
            "Report it with the message; `telform plan` shows what an apply would send."
        "telform::rehearse::fault" 1
            "`--fault` is not a fault."
            "The message shows one; a file holds one or a list."
        "telform::rehearse::world" 1
            "The live state cannot be carried into the simulator."
            "`telform plan` shows what an apply would send."
        "telform::sandbox::no_simulator" 1
            "An account's service has no simulator."
            "Leave the account out, or run against the service itself."
        "telform::sandbox::not_loopback" 1
            "The simulator was asked to listen where others could reach it."
            "It listens on `127.0.0.1` or `[::1]` only."
        "telform::sandbox::start" 1
            "The simulator cannot listen there."
            "Give another address with `--listen`."
        "telform::sandbox::state" 1
            "The state of the world cannot be kept."
            "Check that the folder of the world may be written to."
        "telform::sandbox::world" 1
            "The world file cannot be read, or is not a world."
            "`telform init --quickstart` writes one to start from."
        "telform::snapshot::foreign" 1
            "The snapshot shows another account than the configuration names."
            "Use the snapshot of this account."
        "telform::snapshot::newer" 1
            "A newer telform wrote the snapshot."
            "Use that version, or a newer one."
        "telform::snapshot::no_snapshot" 1
            "The file is not a telform snapshot."
            "`telform plan --snapshot-out FILE` writes one."
        "telform::snapshot::other" 1
            "The snapshot was taken for other files or options."
            "Take it with the same files and options."
        "telform::snapshot::unreadable" 1
            "The file cannot be read, or is too large."
            "Check the path and who may read it."
    },
};
