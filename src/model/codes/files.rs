//! Codes about the user's files.

use super::{CodeGroup, table};

pub(super) const FILES: CodeGroup = CodeGroup {
    title: "Files",
    about: "Finding and reading the files. No request was sent.",
    codes: table! {
        "telform::file::ambiguous" 1
            "The folder contains both `telform.yaml` and `telform/`, and `-f` does not say which one to read."
            "Name one of them, or both, with `-f`."
        "telform::file::empty" 1
            "A file is empty, or contains only comments."
            "Write `version: 1` into it, or leave it out. An empty file is never read as \"nothing is wanted\"."
        "telform::file::empty_folder" 1
            "A folder that was named contains no `.yaml` or `.yml` file."
            "Put a file there, or name another folder."
        "telform::file::format" 1
            "In telform's layout a file would not say the same, so `telform fmt` left it as it is."
            "Write the value at the shown place in a simpler form, such as a text in quotes on one line."
        "telform::file::hidden" -
            "Warning: a file whose name begins with a dot is not read."
            "Rename it, or name it with `-f`."
        "telform::file::kept" 1
            "An output option names an existing ledger, journal, lock, key or YAML file, which it does not replace."
            "Name another file. If you no longer need that one, move it away first."
        "telform::file::limit" 1
            "A file is too large, or folders are nested too deeply."
            "Split the file; name the folder that is meant."
        "telform::file::link" 1
            "A file or folder in the folder that is read is a link to a place outside it, so it was not read. Or `telform fmt` was given a link, and writes through none."
            "Put the file itself there, or name it with `-f`. For `telform fmt`, name the file that the link leads to."
        "telform::file::missing" 1
            "A file or folder that `-f` names does not exist."
            "Correct the path. A missing file is never skipped."
        "telform::file::none" 1
            "There is no configuration in this folder."
            "`telform init` writes a first one; `-f` names one elsewhere."
        "telform::file::not_utf8" 1
            "A file is not UTF-8 text."
            "Save it as UTF-8."
        "telform::file::unreadable" 1
            "A file or folder exists but cannot be read."
            "Check its permissions."
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
            "An alias refers to a value that contains the alias."
            "Write the value out."
        "telform::yaml::alike" -
            "Two entries have natural keys that differ only in letter case, spaces or Unicode form; a warning."
            "Correct one of them, unless both are meant."
        "telform::yaml::api" 1
            "`api:` names a service that telform does not know."
            "Use one of the services that the message lists."
        "telform::yaml::ascii" 1
            "An identifier that the service keeps in ASCII contains a letter of another script."
            "Write it in ASCII; the message names the letters that are not."
        "telform::yaml::base_url" 1
            "A base URL is not valid. It needs https (http only on loopback) and a host, and must not contain a login or a query."
            "Write a URL such as `https://host/path`, or leave it out to use the service's own address."
        "telform::yaml::blank" 1
            "An identity, a login or an account contains a space or an invisible character."
            "Remove it; the message shows the text without it."
        "telform::yaml::bounds" 1
            "A number, or the length of a text, is outside what the service documents."
            "Write a value within the limits that the message names."
        "telform::yaml::control" 1
            "A value contains control characters, which no service accepts and which could control a terminal."
            "Remove them."
        "telform::yaml::country" 1
            "A country is not an ISO 3166-1 alpha-3 code. The service cannot change it later."
            "Write the three capital letters, such as `USA`; the message suggests a code where one is meant."
        "telform::yaml::credential" -
            "Warning: a value inside a map looks like a key, a token or a password."
            "Write where it comes from: `{ env: NAME }`, `{ file: path }` or `{ command: [program] }`. Every output hides it."
        "telform::yaml::default" 1
            "A line under `defaults` cannot be shared: it belongs to one object, or claims entries for another account."
            "Write it in each entry."
        "telform::yaml::digits" 1
            "An attribute takes digits only."
            "Write the digits without signs or spaces."
        "telform::yaml::dropped" -
            "Warning: the service will drop this value, because another attribute does not have the value that it needs."
            "Remove it, or change the other attribute."
        "telform::yaml::duplicate" 1
            "Something that may be set only once is set twice, possibly in two files."
            "Keep one of them, or mark the overriding file as an overlay."
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
            "An entry under `existing` states more or less than what identifies the object, or its address is also declared."
            "Write `id` or the complete natural key, and `account` where several accounts could hold the object. Manage an object or refer to it, not both."
        "telform::yaml::generation" 1
            "An attribute belongs to a different generation of the service than the one that the account sets."
            "Use the attributes of that generation (`telform docs KIND`), or correct `{generation}`."
        "telform::yaml::handle" 1
            "A handle contains characters that an HTTP header cannot contain."
            "Write it as the service shows it."
        "telform::yaml::id" 1
            "The value of `id:` cannot be an id of this service."
            "Copy the id as the service shows it, as a text in quotes."
        "telform::yaml::ip_address" 1
            "A text is not an IP address."
            "Write an address such as 198.51.100.7: four numbers of 0 to 255."
        "telform::yaml::key" 1
            "A key is a list or a map."
            "Write the key as plain text."
        "telform::yaml::ledger" 1
            "`ledger:` names a location that the YAML may not choose."
            "Write a path below the file's folder that ends in `.json`, or an address such as `s3://bucket/telform.json`. Any other file is named with `--ledger` or `TELFORM_LEDGER`. Credentials come from the environment."
        "telform::yaml::limit" 1
            "The file is too large, is nested too deeply, or grows too much through its aliases."
            "Split it, or write aliases out."
        "telform::yaml::literal_secret" 1
            "The YAML contains a secret."
            "Write where it comes from (`{ env: NAME }`, `{ file: path }`), and replace the secret, because it was stored in a file."
        "telform::yaml::login" 1
            "A login of devices contains something other than ASCII letters and digits, or no letter among its first five characters."
            "Write it with letters and digits, such as `desk2026`."
        "telform::yaml::mail" 1
            "A text is not a mail address."
            "Write one `@` with text on both sides, and no spaces."
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
            "A rename under `moved` has an undeclared target, forms a cycle, changes the kind, or starts from an address that is still declared."
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
            "A phone number is not in E.164 form; the message says what it is instead."
            "Write `\"+14155550101\"`, in quotes."
        "telform::yaml::number_twice" 1
            "One number is declared in two places."
            "Keep one of them."
        "telform::yaml::overlay" 1
            "An overlay changes something that no earlier file defines."
            "Correct the name, or declare it in a file that is not an overlay."
        "telform::yaml::partial" -
            "Note from `validate`: an entry states its natural key, but not everything that a create needs."
            "Nothing if the object exists. To let telform create it, add what is missing."
        "telform::yaml::policy" 1
            "`policy` names no program."
            "Write `policy: { command: [program, argument] }`."
        "telform::yaml::quote" 1
            "This value is text, but without quotes many YAML parsers read it as a number, a date or a boolean."
            "Put it in quotes."
        "telform::yaml::range" 1
            "A number is out of its range."
            "The message names the valid range."
        "telform::yaml::read_only" 1
            "The service sets this attribute; it cannot be written."
            "Remove the line."
        "telform::yaml::reference" 1
            "A reference names something that is not declared, that is of another kind, or that belongs to another account."
            "Correct the name, or declare the object."
        "telform::yaml::reference_loop" 1
            "Objects name each other in a circle, so none of them can be created first."
            "Take one of the references out, or write the id of an object that exists."
        "telform::yaml::removed_and_declared" 1
            "An address is both declared and under `removed`."
            "Keep one of them."
        "telform::yaml::same_object" 1
            "Two entries describe the same object: they have the same pinned id or the same natural key."
            "Keep one of them; to rename, list both names under `moved`."
        "telform::yaml::secret" 1
            "telform does not know this source of a secret."
            "Write one of `{ env: NAME }`, `{ file: path }` or `{ command: [program, argument] }`."
        "telform::yaml::slug" 1
            "A text is not a slug."
            "Lower-case letters and digits in groups joined by single `-`, at most 50 characters."
        "telform::yaml::stale_schema" -
            "Warning: the copy of the schema next to the configuration is of another version of telform; the editor checks with it."
            "Write it again with `telform schema --out .telform/telform.schema.json`."
        "telform::yaml::syntax" 1
            "The file is not valid YAML."
            "Correct it at the place shown; a text with `: `, `#` or a leading `*` goes into quotes."
        "telform::yaml::tag" 1
            "Tags are not supported."
            "Leave the tag out; a text that begins with `!` goes into quotes."
        "telform::yaml::time" 1
            "A text is not a time of day in UTC."
            "Write hours and minutes in quotes, such as `\"08:00\"`."
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
            "A text contains an unfilled template, such as `${NAME}` or `env:NAME`."
            "Write the value, or fill in the template before telform reads the file. Write a secret as `{ env: NAME }`."
        "telform::yaml::unseen" -
            "Warning: a word that the service has not been seen to use, or that its documentation does not name."
            "Check the spelling; it is sent as written."
        "telform::yaml::update" 1
            "`update:` is set for a kind that has only one way to be updated, or names an unknown way."
            "Remove the line, or use one of the words that the message lists."
        "telform::yaml::url" 1
            "A web address is not absolute, or contains a space or an invisible character."
            "Write a URL such as `https://hooks.example/sms`; write a space inside it as `%20`."
        "telform::yaml::version" 1
            "No file states its version, or the version is unknown."
            "Begin with `version: 1`."
        "telform::yaml::which_account" 1
            "Several accounts can serve this entry, and it does not say which."
            "Add `account: NAME`."
        "telform::yaml::word" 1
            "A word is close to a known one, but not the same."
            "Correct it; the message suggests the nearest and lists what is known."
        "telform::yaml::wrong_account" 1
            "An entry names an account of another service."
            "Name an account of the right service."
        "telform::yaml::wrong_type" 1
            "A value has the wrong type."
            "The message names the expected type."
    },
};

pub(super) const SECRETS: CodeGroup = CodeGroup {
    title: "Secrets and programs",
    about: "Sources of secrets, and programs that judge plans. No message contains a secret. Nothing was written.",
    codes: table! {
        "telform::account::host_not_allowed" 1
            "An account's `base_url` names a host that is neither the service's own nor on the list of allowed hosts. The token was not read."
            "If the token may go there, add it where telform is started: `--allow-host HOST`, in CI `TELFORM_ALLOW_HOST`."
        "telform::policy::not_allowed" 1
            "The YAML names a policy program, and no option allows telform to run it."
            "Review the program, then allow the commands in these files with `--allow-commands`."
        "telform::secret::length" 1
            "A secret is shorter or longer than the service takes."
            "Correct the value in its source; the message says how many characters it has, and never the value."
        "telform::secret::missing" 1
            "The source of an account's token is empty or missing."
            "Set the variable, write the file, or allow the command."
        "telform::secret::not_allowed" 1
            "The YAML reads a secret from a variable or file that is not on the list of allowed sources, or a link leads out of the allowed folder."
            "If it may be read, add it where telform is started: `--secret-env NAME`, `--secret-dir FOLDER`, in CI `TELFORM_SECRET_ENV` and `TELFORM_SECRET_DIR`."
        "telform::secret::not_supplied" 1
            "The plan sends a secret that was not supplied."
            "Supply it where the YAML says it comes from, or leave the object out with `--exclude`."
        "telform::secret::refused" 1
            "The YAML reads a secret from a source that is never allowed: telform's own variables and files, the token of an account, cloud credentials, what belongs to the CI runner, `/proc`, `/sys`, `/dev`."
            "Name a source that holds this secret and nothing else."
        "telform::secret::unusable" 1
            "A secret cannot be used: it has several lines or control characters, or the program that provides it failed."
            "Correct the source at the place shown."
    },
};
