//! Codes of signatures and approvals.

use super::{CodeGroup, table};

pub(super) const SIGNATURES: CodeGroup = CodeGroup {
    title: "Signatures and approvals",
    about: "A refused apply (exit code 3) wrote nothing; commands that only read exit with 1. The guide \
            to signed plans shows the `ssh-keygen` commands.",
    codes: table! {
        "telform::approval::altered" 3
            "An approval or its signature was changed after it was signed."
            "Use the unchanged files from `telform approve`."
        "telform::approval::author" 3
            "The signer of the plan also approved it, and the rules do not count that approval."
            "Have another person approve it."
        "telform::approval::damaged" 3
            "The signed file is not a statement from `telform approve`."
            "Approve the plan again."
        "telform::approval::expired" 3
            "An approval has expired."
            "Ask the signer to approve the plan again. `--valid-for` sets how long an approval is valid."
        "telform::approval::no_plan" 3
            "Signatures or approvals are required, but this command would apply a plan that was never saved, so it cannot be signed."
            "Save the plan, get it signed and approved, and apply the file."
        "telform::approval::not_yet" 3
            "An approval is dated in the future."
            "Correct the clocks, then approve the plan again."
        "telform::approval::other_name" 3
            "An approval names a different signer or key than its signature."
            "Set `--identity` to the name in the allowed signers, or leave it out."
        "telform::approval::other_plan" 3
            "An approval is for a different plan file: another plan, the same plan saved again, or a changed file."
            "Get this plan file approved."
        "telform::approval::plan" 1
            "A plan that cannot be applied cannot be approved."
            "`telform show` and `telform verify` say why. Plan again."
        "telform::approval::rules" 1
            "`--approvals` is neither a number nor a rules file, or it does not say whose approvals count."
            "Use a number with `--allowed-signers FILE`, or a file such as `{ required: 2, signers: allowed_signers }`."
        "telform::approval::same_signer" 3
            "Two approvals are by the same signer: one key, or two keys with the same name."
            "Have another person approve it."
        "telform::approval::too_few" 3
            "The plan has fewer valid approvals than required."
            "Each missing signer runs `telform approve PLAN --sign KEY`."
        "telform::approval::unknown_signer" 3
            "No line of the allowed signers allows the key of an approval to approve plans."
            "Find out whose key it is. A line for approvals has no `namespaces=`, or one that matches `telform-approval`."
        "telform::approval::unsigned" 3
            "The signature file of a statement is missing."
            "Put the `.sig` file next to the statement, or remove the statement."
        "telform::approval::valid_for" 1
            "`--valid-for` is zero or too long."
            "Use a duration such as `--valid-for 24h`."
        "telform::sign::agent" 1
            "The SSH agent cannot sign: it does not run, does not hold the key, or refused."
            "`ssh-add -L` lists its keys; `ssh-add KEY` adds one."
        "telform::sign::file" 1
            "The key file cannot be read, is a link, or is not a file."
            "Name the file itself."
        "telform::sign::journal" 1
            "The journal was changed during the run, so it was not signed."
            "Check it with `telform journal verify`."
        "telform::sign::key" 1
            "The file does not contain a key that can sign: Ed25519, ECDSA P-256, or RSA with 2048 bits or more, in OpenSSH format."
            "`ssh-keygen -t ed25519 -f KEY` creates one; `ssh-keygen -p -f KEY` converts an older format."
        "telform::sign::open_key" 1
            "Other users can read or write the private key."
            "Run `chmod 600 KEY`. If others may have read the key, create another one."
        "telform::sign::passphrase" 1
            "The private key has a passphrase, but the passphrase is missing or wrong."
            "Type the passphrase, add the key to an SSH agent, or set `TELFORM_SIGN_PASSPHRASE`."
        "telform::signature::altered" 3
            "The file was changed after it was signed, or the signature belongs to another file."
            "Use the unchanged file and its signature."
        "telform::signature::damaged" 3
            "A file is not an SSH signature."
            "Use the unchanged file."
        "telform::signature::key" 3
            "A signature proves nothing: its RSA key has fewer than 2048 bits, it contains a certificate, or its algorithm is unknown."
            "Sign with an Ed25519, ECDSA P-256 or longer RSA key."
        "telform::signature::key_expired" 3
            "The allowed signers limit the key to another time (`valid-after`, `valid-before`)."
            "Sign with a key that is valid now."
        "telform::signature::missing" 3
            "A required signature is missing."
            "Sign with `telform plan --out FILE --sign KEY` or `telform apply --sign KEY`."
        "telform::signature::namespace" 3
            "A signature was made for another purpose, such as a plan's signature used for an approval."
            "Use the right signature."
        "telform::signature::signers" 1
            "The file of allowed signers cannot be read, or has an unsupported line, such as one with `cert-authority`."
            "The message names the line. The format is that of `ssh-keygen`."
        "telform::signature::unknown_signer" 3
            "No line of the allowed signers allows the key to sign this."
            "Find out whose key it is. A line may narrow its key with `namespaces=`."
        "telform::signature::unreadable" 1
            "A signature or an approval next to the plan cannot be read."
            "Check its permissions, and remove anything that is not a file."
    },
};
