//! Codes about services, ledger, journal and commands.

use super::{CodeGroup, table};

pub(super) const SERVICES: CodeGroup = CodeGroup {
    title: "Services",
    about: "telform could not read the live state, so nothing is planned and nothing was written. The message names the account, \
            the operation, method, path and status, and quotes the service's answer: escaped, shortened, without \
            secrets.",
    codes: table! {
        "telform::account::scope" 1
            "The token does not have a scope that a step of the plan needs. Nothing was written."
            "Use a token that has the scope (CarrierX support grants scopes), or leave the object out with `--exclude`."
        "telform::account::unusable" 1
            "The settings of an account are not usable."
            "Correct the account in the YAML."
        "telform::live::forbidden" 1
            "403: the token is valid but does not allow reading this."
            "Give the token the right to read it."
        "telform::live::generation" 1
            "The service answers in a different generation than the YAML states, or its answers do not show the generation."
            "Set `{generation}` on the account to `auto`, or to the one that the message names."
        "telform::live::gone" 1
            "404: an object that was just listed does not exist."
            "Check `base_url`. If it is right, run again: the account may be changing at this moment."
        "telform::live::incomplete" 1
            "A listing was incomplete twice. Missing objects would look deleted, so nothing is planned."
            "Run again when nothing else changes the account."
        "telform::live::no_such_path" 1
            "404 with an HTML page: the path does not exist."
            "Check the version and the path in `base_url`, and whether a proxy answers."
        "telform::live::organization" 1
            "The account does not name an organization, or names one that this token cannot access."
            "Set `{organization}` to the handle as the service writes it; letter case counts."
        "telform::live::product" 1
            "This generation lists connections by product, and the account names no product."
            "Set `{product}` on the account."
        "telform::live::refused" 1
            "The service refused the request."
            "The message quotes its answer."
        "telform::live::service_failed" 1
            "5xx, or a broken connection, even after retries."
            "Run again later. The service's status page may say more."
        "telform::live::shape" 1
            "The answer does not have the form that this service documents."
            "Check that `base_url` leads to the service and not to a proxy. If it does, report a bug."
        "telform::live::throttled" 1
            "429, even after waiting."
            "Run again later, or lower `requests_per_minute` on the account."
        "telform::live::too_much" 1
            "The account returns more data than telform keeps in memory."
            "Check that `base_url` leads to the service. Split a very large account into several."
        "telform::live::unauthorized" 1
            "401: the service does not accept the token."
            "Check the source that `token` names, and that the token has not expired."
        "telform::live::unexpected" 1
            "The status looks like success but is not: 206, a redirect, or an unreadable body."
            "Check `base_url` and the account's settings."
        "telform::live::unreachable" 1
            "No answer: the host does not exist, or the connection, the certificate or the time limit failed."
            "Check the network and `base_url`."
    },
};

pub(super) const LEDGER: CodeGroup = CodeGroup {
    title: "Ledger",
    about: "The ledger file and its lock. telform never overwrites the ledger in these cases.",
    codes: table! {
        "telform::ledger::behind" 1
            "The journal records a later version of the ledger than the current file: an older copy was restored. No run writes with it. As a warning: the ledger is lost but its journal exists, or a different ledger with the same number of saves exists."
            "Restore the newest ledger, or create one with `telform ledger rebuild --replace`. To continue with this ledger and a new journal, run `telform journal restart`."
        "telform::ledger::changed" 1
            "Another process changed the ledger after this run read it."
            "Run the command again. It starts from the current ledger."
        "telform::ledger::damaged" 1
            "The file is not a ledger, or is incomplete."
            "Restore it, or run `telform ledger rebuild --replace`, which keeps it and creates a new one."
        "telform::ledger::exists" 1
            "A ledger already exists at this location."
            "To replace it, add `--replace`; the old one is kept next to the new one."
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
            "The lock in an object store cannot be read, so telform cannot tell whether it is held."
            "Make sure that no run uses the ledger, then delete that object by hand."
        "telform::ledger::lock_lost" 1
            "This run lost the lock. Nothing more was sent."
            "Run `telform ledger unlock` to see who holds it, and plan again."
        "telform::ledger::locked" 1
            "Another run uses the ledger. The message says who, where and since when."
            "Wait with `--lock-timeout 5m`. If the other run is dead, free its lock as the message says."
        "telform::ledger::move" 1
            "An entry cannot be moved: the kind differs, or the new address is in use."
            "Choose another address, or release the object there with `telform forget`."
        "telform::ledger::newer" 1
            "A newer version of telform wrote it."
            "Use that version, or a newer one."
        "telform::ledger::none" 1
            "No ledger exists at this location. As a warning: a run with this key wrote a ledger and a journal, and both are missing."
            "Name it with `--ledger`, or create one with `telform ledger rebuild`."
        "telform::ledger::not_own" 1
            "A file or folder that telform keeps is a link, has several names, or belongs to another user. telform did not read or write it."
            "Remove the link, or become the owner of the file. Name a ledger elsewhere with `--ledger` or `TELFORM_LEDGER`."
        "telform::ledger::open_key" 1
            "Other users can read the key file, or write to its folder."
            "Run `chmod 600` on the file and `chmod go-w` on the folder. If others may have read the key, delete it; secrets are then unknown until they are written again."
        "telform::ledger::other_token" 1
            "The ledger records objects of one owner, but the token belongs to another. Nothing was written."
            "Use a token of that owner, or name another ledger with `--ledger`."
        "telform::ledger::place" 1
            "The text is not a valid location for a ledger."
            "Use a file path, or an address such as `s3://bucket/path/ledger.json` (also `gs://`, `az://`)."
        "telform::ledger::rekey" 1
            "The key cannot be changed: the new key is the old one, the old key is missing, or an environment variable sets it."
            "The message names the variable to set."
        "telform::ledger::rewritten" 1
            "Version control or an editor changed the file: it has conflict markers, other line endings, a byte order mark or a duplicate key."
            "Restore it as the message says. The `.gitattributes` that `telform init` writes stops git from rewriting it."
        "telform::ledger::store" 1
            "The object store refused the request or did not answer."
            "Check credentials, bucket and region. The message names the failed operation."
        "telform::ledger::unbroken" 1
            "The lock was not freed."
            "Run `telform ledger unlock` to see who holds it and what you can do."
        "telform::ledger::unconditional" 1
            "The object store accepted a write that it must refuse, so its lock excludes no other run."
            "Use a store that honours `If-None-Match` and `If-Match` on writes, or a newer version of this one. Each run checks a store that it does not know."
        "telform::ledger::unknown_address" 1
            "The ledger does not contain this address."
            "Run `telform ledger list` to see the addresses that it contains."
        "telform::ledger::weak_key" 1
            "The fingerprint key is easy to guess: it repeats a pattern, counts up or down, or has too few different characters."
            "Run `telform ledger rekey`, which accepts a weak key as the old one and creates or accepts a new one."
    },
};

pub(super) const JOURNAL: CodeGroup = CodeGroup {
    title: "Journal, resume and undo",
    about: "The record of all runs, and the commands that use it.",
    codes: table! {
        "telform::journal::blame" 1
            "The journal does not name this address, or no run in it set this value."
            "Values that existed before telform, and adopted values, are not in a journal."
        "telform::journal::broken" 1
            "The journal was altered: a line was changed, removed or added."
            "Check it with `telform journal verify` and restore the original. To continue without it, run `telform journal restart`."
        "telform::journal::head_file" 1
            "The file that `--journal-head-file` names does not contain the head of a journal, or telform could not write the new head to it (exit code 6)."
            "Write the head that the last run printed into the file. If it is lost, move the file away; `telform journal verify` shows the head of the current journal."
        "telform::journal::key" 1
            "The lines of the journal have MACs of a different fingerprint key, or the key is missing. As a warning: a run without the old key continues with a new one."
            "Set `TELFORM_FINGERPRINT_KEY`, or restore the key file. If the key is lost, run `telform ledger rekey --lost-key`."
        "telform::journal::mac" 1
            "A line of the journal has a missing or wrong MAC, so it was written without the fingerprint key."
            "Restore the original ledger and journal. To continue without them, run `telform journal restart`."
        "telform::journal::missing" 1
            "The ledger records lines of a journal that does not exist, or is empty."
            "Restore the journal from a backup. To continue without it, run `telform journal restart`."
        "telform::journal::none" 1
            "No journal exists at this location."
            "An apply writes it next to the ledger. Name another ledger with `--ledger`."
        "telform::journal::restored" 1
            "The object store has a different version of the journal's last part than the ledger records, with the same content: an older copy was restored."
            "Restore the newest ledger and journal. If the bucket was moved or copied, confirm the journal with `--journal-head`."
        "telform::journal::rolled_back" 1
            "The journal does not contain the line that `--journal-head` or its file requires: an older ledger and journal were restored, or they have a different history. No write was sent."
            "Restore the newest ledger and journal together. If they are lost, run `telform journal restart` to start a new journal."
        "telform::journal::run" 1
            "No run, or more than one, has an id that starts like this."
            "`telform journal list` shows all runs."
        "telform::journal::whole" 1
            "`telform journal restart` would set aside an intact journal."
            "Nothing. The next run continues it."
        "telform::journal::write" 1
            "The result of a step could not be written to the journal, so no further request was sent."
            "Free disk space or grant write permission, then run `telform resume`."
        "telform::resume::limited" 1
            "An interrupted run has open requests both in accounts that this run includes and in accounts that it leaves out."
            "Run `telform resume` without limits to settle it."
        "telform::resume::plan" 1
            "The plan of an interrupted run cannot be read."
            "Use the version of telform that wrote it, or a newer one."
        "telform::undo::open" 1
            "The run was interrupted, and the result of some of its requests is unknown. A command that only reads cannot settle them."
            "Run `telform undo RUN`: it reads what became of them, shows its plan and asks before it writes."
        "telform::undo::plan" 1
            "The plan of the run to undo cannot be read."
            "Use the version of telform that wrote it, or a newer one."
        "telform::undo::run" 1
            "No run, or more than one, matches; or no run wrote anything."
            "`telform journal list` shows the runs."
    },
};

pub(super) const COMMANDS: CodeGroup = CodeGroup {
    title: "Commands",
    about: "Problems with the arguments or the environment of a command. Nothing was written to a service.",
    codes: table! {
        "telform::adopt::account" 1
            "It is not clear which account is meant, or no account exists."
            "Choose one with `--account`."
        "telform::adopt::claimed" 1
            "The object already belongs to another address."
            "To rename, list both names under `moved`."
        "telform::adopt::existing" 1
            "The address is under `existing`, so entries refer to it and telform does not manage it."
            "Remove it from `existing` first."
        "telform::adopt::exists" 1
            "A file that telform would write already exists with different content."
            "Move it away, or choose another folder with `--out`."
        "telform::adopt::kind" 1
            "No account holds objects of this kind."
            "The message lists the kinds."
        "telform::adopt::known" 1
            "In the ledger the address belongs to another object that still exists."
            "Release it with `telform forget` first."
        "telform::adopt::layered" 1
            "An overlay overrides the result of an earlier adoption."
            "Name the earlier files with `-f`, and choose another folder with `--out`."
        "telform::adopt::missing" 1
            "The account shows no object with this id."
            "Check the id. A service may hide an object until its mail address is confirmed."
        "telform::adopt::not_proven" 1
            "A plan for the new files would not be empty, so they were not written."
            "Leave these objects out with `--account` or `--kind`, or write their YAML by hand."
        "telform::adopt::pinned" 1
            "The YAML pins the address to another id."
            "Correct `id:`, or adopt that id."
        "telform::adopt::read" 1
            "A file to extend cannot be read."
            "Check its permissions."
        "telform::bug" 1
            "A bug in telform. The exit code is 5 if a request may have been sent before it."
            "Please report it. After exit code 5, run `telform resume` to settle open requests."
        "telform::cli::directory" 1
            "The folder that `-C` names cannot be entered."
            "Name an existing folder. Several are entered one after the other."
        "telform::cli::formats" 1
            "Two output formats have the same destination, or a report has no file."
            "Give each format a file: `--format html=plan.html`."
        "telform::cli::left_out" 1
            "`--target` matches only objects of accounts that `--account` leaves out."
            "Add the account with `--account`, or remove the target."
        "telform::cli::man" 1
            "A manual page cannot be generated."
            "This is a bug in telform. Please report it."
        "telform::cli::no_such_attribute" 1
            "`--resend` names an attribute that the entry does not state."
            "The message lists the attributes of the entry."
        "telform::cli::no_such_secret" 1
            "`--rewrite-secret` names a secret that the configuration does not contain."
            "The message lists the secrets of the object."
        "telform::cli::not_interactive" 1
            "A command needs an answer, but it cannot ask here."
            "Review the plan, then run the command again with `--auto-approve`."
        "telform::cli::output" 1
            "Standard output cannot be written: the disk is full, or its destination no longer exists. A reader that closes the pipe is \
             not an error. A run that may have sent a write continues, and ends with its own exit code."
            "Free disk space or use another destination, then run the command again."
        "telform::cli::runtime" 1
            "The operating system could not start threads."
            "Raise the limits of the process."
        "telform::cli::unknown_account" 1
            "`--account` names no account of the configuration."
            "The message lists the accounts."
        "telform::cli::unknown_address" 1
            "An option names an address that neither the configuration nor the ledger contains, or a pattern without a match."
            "The message suggests the nearest."
        "telform::cli::unknown_kind" 1
            "The text does not name a kind."
            "The message lists the kinds."
        "telform::cli::usage" 1
            "telform does not know these arguments. With `--json` this error is a document, like any other."
            "The message names them. Run the command with `--help` for a list."
        "telform::docs::topic" 1
            "`telform docs` does not have this page."
            "The message lists the pages and suggests the nearest."
        "telform::explain::not_declared" 1
            "The YAML does not declare the address, so there are no attributes to compare."
            "Leave out the attribute."
        "telform::explain::unknown_address" 1
            "Neither the YAML nor the ledger contains the address, and no live object has this name."
            "The message suggests the nearest."
        "telform::explain::unknown_attribute" 1
            "The kind has no such attribute."
            "`telform docs KIND` lists them."
        "telform::get::account" 1
            "The configuration does not define an account, so there is nothing to read."
            "`telform init` writes a file with accounts to fill in."
        "telform::get::columns" 1
            "Several kinds cannot share one table, because each kind has its own columns."
            "Name one kind, or choose the columns with `--columns`."
        "telform::get::kind" 1
            "None of the accounts can hold this kind."
            "The message lists the kinds that these accounts can hold."
        "telform::get::unknown_column" 1
            "`--columns`, `--where` or `--sort` names a column that does not exist. No request was sent."
            "The message suggests the nearest and lists all."
        "telform::init::account" 1
            "An option of `telform init` names an account that `--account` does not define, or defines one twice."
            "Start the value with a name from `--account`."
        "telform::init::exists" 1
            "A file that telform would write already exists."
            "Run the command in an empty folder, or move the file away."
        "telform::init::file" 1
            "`telform init` does not accept `-f`: it writes to the location that other commands read by default."
            "Leave out `-f`, and run the command in the folder for the files."
        "telform::init::io" 1
            "A file cannot be written."
            "Check the permissions of this folder."
        "telform::init::service" 1
            "`--account` names a service that telform does not know."
            "The message lists the services and suggests the nearest."
        "telform::init::setting" 1
            "`--set` names a setting that accounts of this service do not have, or a required setting is missing."
            "The message lists the settings."
        "telform::init::token" 1
            "`--token` does not name the source of a token. The message does not repeat the value, which may be a token."
            "Use `env:NAME`, `file:PATH` or `command:PROGRAM ARGS`."
        "telform::init::unanswered" 1
            "The input ended before a question was answered. Nothing was written."
            "Answer the question, or use options instead."
        "telform::plan::already_applied" 4
            "The plan was applied before: its file, or the same plan without it."
            "Plan again. What the earlier run left open is in the new plan."
        "telform::plan::changed" 1
            "A saved plan was changed or truncated after telform wrote it."
            "Use the unchanged file, or plan again."
        "telform::plan::newer" 1
            "A newer version of telform wrote the plan."
            "Use that version, or a newer one."
        "telform::plan::no_plan" 1
            "The file is not a telform plan."
            "`telform plan --out FILE` writes one."
        "telform::plan::of_sandbox" 1
            "The saved plan was made against a sandbox, and the run would go to the services."
            "Add `--sandbox WORLD.yaml`, or make a plan without it."
        "telform::plan::other_token" 3
            "The saved plan was made with the token of one owner, but the account now has the token of another owner."
            "Use a token of the first owner, or make a new plan with this token and have it reviewed."
        "telform::plan::unbound" 1
            "The saved plan is not bound to this fingerprint key: it was made without the key, or the seals of its secrets were removed."
            "Plan again where the key is available, or apply the reviewed plan with `telform apply --expect DIGEST`."
        "telform::plan::unreadable" 1
            "The file cannot be read, or is too large."
            "Check the path and its permissions."
        "telform::rehearse::differs" 1
            "The simulator does not match the services, so a rehearsal would prove nothing."
            "Report a bug with this message. `telform plan` shows what an apply would send."
        "telform::rehearse::fault" 1
            "The value of `--fault` does not describe a fault."
            "The message shows an example. A file contains one fault or a list."
        "telform::rehearse::world" 1
            "The live state cannot be copied into the simulator."
            "`telform plan` shows what an apply would send."
        "telform::sandbox::no_simulator" 1
            "telform has no simulator for the service of an account."
            "Leave out the account, or run against the service itself."
        "telform::sandbox::not_loopback" 1
            "The address for the simulator is not a loopback address."
            "Use `127.0.0.1` or `[::1]`."
        "telform::sandbox::start" 1
            "The simulator cannot listen on this address."
            "Choose another address with `--listen`."
        "telform::sandbox::state" 1
            "The state of the world cannot be saved."
            "Check that you can write to the folder of the world."
        "telform::sandbox::world" 1
            "The world file cannot be read, or does not contain a world."
            "`telform init --quickstart` writes one to start from."
        "telform::snapshot::foreign" 1
            "The snapshot was taken of a different account than the one in the configuration."
            "Use the snapshot of this account."
        "telform::snapshot::newer" 1
            "A newer version of telform wrote the snapshot."
            "Use that version, or a newer one."
        "telform::snapshot::no_snapshot" 1
            "The file is not a telform snapshot."
            "`telform plan --snapshot-out FILE` writes one."
        "telform::snapshot::other" 1
            "The snapshot was taken for other files or options."
            "Take it with the same files and options."
        "telform::snapshot::unreadable" 1
            "The file cannot be read, or is too large."
            "Check the path and its permissions."
    },
};
