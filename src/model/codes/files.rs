//! Codes about the user's files.

use super::{CodeGroup, table};

pub(super) const FILES: CodeGroup = CodeGroup {
    title: "Files",
    about: "Which files are read, and whether they can be read. Nothing was sent.",
    codes: table! {
        "telform::file::ambiguous" 1
            "There is a `telform.yaml` and a folder `telform/`, and no `-f` says which is meant."
            "Name one of them, or both, with `-f`."
        "telform::file::empty" 1
            "A file is empty, or contains only comments."
            "Write `version: 1` into it, or leave it out. An empty file is never read as \"nothing is wanted\"."
        "telform::file::empty_folder" 1
            "A folder that was named contains no `.yaml` or `.yml` file."
            "Put a file there, or name another folder."
        "telform::file::hidden" -
            "Warning: a file whose name begins with a dot is not read."
            "Rename it, or name it with `-f`."
        "telform::file::limit" 1
            "A file is too large, or folders are nested too deep."
            "Split the file; name the folder that is meant."
        "telform::file::link" 1
            "A configuration file or folder that was found, and not named, is a link that leads out of the folder that is read. It was not read."
            "Put the file itself there, or name it with `-f`."
        "telform::file::missing" 1
            "A file or folder that `-f` names does not exist."
            "Correct the path. It is never skipped."
        "telform::file::none" 1
            "There is no configuration in this folder."
            "`telform init` writes a first one; `-f` names one elsewhere."
        "telform::file::not_utf8" 1
            "A file is not UTF-8 text."
            "Save it as UTF-8."
        "telform::file::unreadable" 1
            "A file or folder is there and cannot be read."
            "Check who may read it."
        "telform::file::write" 1
            "A file that was asked for cannot be written."
            "Check that the folder exists and may be written to."
    },
};

pub(super) const YAML: CodeGroup = CodeGroup {
    title: "YAML",
    about: "What is wrong in the configuration, each with file, line and column. All problems are shown at once, before the \
            first request.",
    codes: table! {
        "telform::yaml::address" 1
            "A text is not an address."
            "Write KIND.NAME, such as `providers.twilio-main`."
        "telform::yaml::alias" 1
            "An alias is inside the value that it repeats."
            "Write the value out."
        "telform::yaml::alike" -
            "Two entries have natural keys that differ only in letter case, spaces or Unicode form; a warning."
            "Correct one of them, unless both are meant."
        "telform::yaml::api" 1
            "`api:` names a service that telform does not know."
            "Use one of the services that the message lists."
        "telform::yaml::ascii" 1
            "An identity that is ASCII at the service contains a letter of another script."
            "Write it with the letters of the service; the message names the odd ones."
        "telform::yaml::base_url" 1
            "A base URL cannot be used: no https (http only on loopback), a login in it, a query, or no host."
            "Write it such as `https://host/path`, or leave it out for the service's own address."
        "telform::yaml::blank" 1
            "An identity, a login or an account contains a blank or an invisible character."
            "Remove it; the message shows the text without it."
        "telform::yaml::control" 1
            "A value contains control characters, which no service accepts and which could control a terminal."
            "Remove them."
        "telform::yaml::country" 1
            "A country is not written as ISO 3166-1 alpha-3 writes it. The service cannot correct it later."
            "Write the three capital letters, such as `USA`; the message suggests a code where one is meant."
        "telform::yaml::credential" -
            "Warning: a value inside a map looks like a key, a token or a password."
            "Write where it comes from: `{ env: NAME }`, `{ file: path }` or `{ command: [program] }`. Every output hides it."
        "telform::yaml::default" 1
            "A line under `defaults` cannot be shared: it belongs to one object, or claims entries for another account."
            "Write it in each entry."
        "telform::yaml::digits" 1
            "An attribute takes digits only."
            "Write the digits without signs and blanks."
        "telform::yaml::dropped" -
            "Warning: the service will drop this value, because another attribute does not have the value that it needs."
            "Remove it, or change the other attribute."
        "telform::yaml::duplicate" 1
            "Something that may be given once is given twice, possibly in two files."
            "Keep one of them, or mark the file that overrides as an overlay."
        "telform::yaml::duplicate_address" 1
            "One address is declared twice."
            "Rename or remove one of them; an overlay may change an address of an earlier file."
        "telform::yaml::duplicate_key" 1
            "A key appears twice in the same map."
            "Keep one of them."
        "telform::yaml::empty_value" 1
            "An attribute that must not be empty is empty."
            "Give it a value, or leave it out."
        "telform::yaml::existing" 1
            "An entry of `existing` says more or less than which object is meant, or its address is declared too."
            "Write `id` or the whole natural key, and `account` where several could hold it; manage an object, or refer to it."
        "telform::yaml::generation" 1
            "An attribute belongs to another generation of the service than the account insists on."
            "Use the attributes of that generation (`telform docs KIND`), or correct `{generation}`."
        "telform::yaml::handle" 1
            "A handle contains characters that no header can carry."
            "Write it as the service shows it."
        "telform::yaml::id" 1
            "`id:` cannot be an identity at the service."
            "Copy the id as the service shows it, as a text in quotes."
        "telform::yaml::key" 1
            "A key is a list or a map."
            "A key is a plain text."
        "telform::yaml::ledger" 1
            "`ledger:` names a place where a configuration may not keep its ledger."
            "Write a path below the file's folder that ends in `.json`, or an address such as `s3://bucket/telform.json`. Any other file is named with `--ledger` or `TELFORM_LEDGER`. Credentials come from the environment."
        "telform::yaml::limit" 1
            "The file is too large, nested too deep, or grows too much through its aliases."
            "Split it, or write aliases out."
        "telform::yaml::literal_secret" 1
            "The YAML itself contains a secret."
            "Write where it comes from (`{ env: NAME }`, `{ file: path }`), and change the secret: it has been in a file."
        "telform::yaml::mail" 1
            "A text is not a mail address."
            "One `@` with text on both sides, and no spaces."
        "telform::yaml::merge" 1
            "`<<` takes a map, an alias of one, or a list of them."
            "Let it name an anchored map."
        "telform::yaml::missing" 1
            "A key that is needed is missing."
            "Add the key that the message names."
        "telform::yaml::mixed_generations" 1
            "One entry mixes attributes of two generations of the service."
            "Keep those of one generation."
        "telform::yaml::moved" 1
            "A rename under `moved` leads nowhere, within a circle, across kinds, or away from something still declared."
            "Correct `from` and `to`; the new address is declared, the old one is not."
        "telform::yaml::name" 1
            "A name has characters that a name cannot have."
            "Letters, digits, `_`, `.` and `-`, beginning with a letter, digit or `_`; at most 200."
        "telform::yaml::no_account" 1
            "No account can serve this kind."
            "Add an account of that service under `accounts`."
        "telform::yaml::null" 1
            "An attribute that cannot be cleared is set to null."
            "Leave the line out: what is not mentioned is left alone."
        "telform::yaml::number" 1
            "A key under `numbers` is not a phone number in E.164 form; the message says what it is instead."
            "Write `\"+14155550101\"`, in quotes."
        "telform::yaml::number_twice" 1
            "One number is on two bridges."
            "A number is on one bridge; keep one of them."
        "telform::yaml::overlay" 1
            "An overlay changes something that no earlier file defines."
            "Correct the name, or declare it in a file that is not an overlay."
        "telform::yaml::partial" -
            "Note of `validate`: an entry states its natural key and not all that a create needs."
            "Nothing if the object exists; add what is missing if telform is to create it."
        "telform::yaml::policy" 1
            "`policy` names no program."
            "Write `policy: { command: [program, argument] }`."
        "telform::yaml::quote" 1
            "A value without quotes is a number, a date or a yes to many readers of YAML, and a text here."
            "Put it in quotes."
        "telform::yaml::range" 1
            "A number is out of its range."
            "The message says the range."
        "telform::yaml::read_only" 1
            "The service sets this attribute; it cannot be written."
            "Remove the line."
        "telform::yaml::reference" 1
            "A reference names nothing that is declared, or something of another account."
            "Correct the name, or declare the object."
        "telform::yaml::removed_and_declared" 1
            "An address is both declared and under `removed`."
            "Keep one of them."
        "telform::yaml::same_object" 1
            "Two entries mean one object of the service: the same pinned id or the same natural key."
            "Keep one of them; to rename, list both names under `moved`."
        "telform::yaml::secret" 1
            "The source of a secret is not one that telform knows."
            "`{ env: NAME }`, `{ file: path }` or `{ command: [program, argument] }`, one of them."
        "telform::yaml::slug" 1
            "A text is not a slug."
            "Lower-case letters and digits in groups joined by single `-`, at most 50 characters."
        "telform::yaml::syntax" 1
            "The file is not valid YAML."
            "Correct it at the place shown; a text with `: `, `#` or a leading `*` goes into quotes."
        "telform::yaml::tag" 1
            "Tags are not supported."
            "Leave the tag out; a text that begins with `!` goes into quotes."
        "telform::yaml::unknown_account" 1
            "An entry names an account that is not declared."
            "Correct the name; the message suggests the nearest."
        "telform::yaml::unknown_attribute" 1
            "`lifecycle.ignore` names something that is not an attribute, or that cannot be ignored."
            "Correct the name; `telform docs KIND` lists them."
        "telform::yaml::unknown_key" 1
            "A key is not known here."
            "Correct it; the message suggests the nearest and lists what is known."
        "telform::yaml::unrendered" 1
            "A text contains a template, such as `${NAME}` or `env:NAME`, that nothing has filled in."
            "Write the value, or fill the file in before telform reads it; a secret is written `{ env: NAME }`."
        "telform::yaml::unseen" -
            "Warning: a word that the service has not been seen to use, or that its documents do not name."
            "Check the spelling; it is sent as written."
        "telform::yaml::update" 1
            "`update:` is set for a kind that has only one way to be updated, or names an unknown way."
            "Remove it, or write one of the words that the message lists."
        "telform::yaml::url" 1
            "A web address is not absolute, or contains a blank or an invisible character."
            "Write it such as `https://hooks.example/sms`; a blank inside it is written `%20`."
        "telform::yaml::version" 1
            "No file says its version, or it is one that is not known."
            "Begin with `version: 1`."
        "telform::yaml::which_account" 1
            "Several accounts can serve this entry, and it does not say which."
            "Add `account: NAME`."
        "telform::yaml::word" 1
            "A word is nearly one of those that are known here."
            "Correct it; the message suggests the nearest and lists what is known."
        "telform::yaml::wrong_account" 1
            "The account that an entry names is of another service."
            "Name an account of the right service."
        "telform::yaml::wrong_type" 1
            "A value is of another type than this place takes."
            "The message says what is expected."
    },
};

pub(super) const SECRETS: CodeGroup = CodeGroup {
    title: "Secrets and programs",
    about: "Where secrets and verdicts come from. No message ever holds a value. Nothing was written.",
    codes: table! {
        "telform::account::host_not_allowed" 1
            "An account's `base_url` names a host that is neither the service's own nor on the list given outside the YAML. Its token was not read."
            "If the token may go there, add it where telform is started: `--allow-host HOST`, in CI `TELFORM_ALLOW_HOST`."
        "telform::policy::not_allowed" 1
            "The YAML names a program that judges the plan, and no option allows it to run."
            "Read it, then allow the commands in these files with `--allow-commands`."
        "telform::secret::missing" 1
            "The source of an account's token is empty or not there."
            "Supply it: export the variable, write the file, or allow the command."
        "telform::secret::not_allowed" 1
            "The YAML takes a secret from a variable or file that the list given outside it does not allow, or a link leads out of the allowed folder."
            "If it may be read, add it where telform is started: `--secret-env NAME`, `--secret-dir FOLDER`, in CI `TELFORM_SECRET_ENV` and `TELFORM_SECRET_DIR`."
        "telform::secret::not_supplied" 1
            "The plan sends a secret that was not supplied."
            "Supply it where the YAML says it comes from, or leave the object out with `--exclude`."
        "telform::secret::refused" 1
            "The YAML takes a secret from a source that is never allowed: telform's own variables and files, the token of an account, cloud credentials, what belongs to the CI runner, `/proc`, `/sys`, `/dev`."
            "Name a source that holds this secret and nothing else."
        "telform::secret::unusable" 1
            "A source gave something that cannot be used: several lines, control characters, a program that failed."
            "Correct the source at the place shown."
    },
};
