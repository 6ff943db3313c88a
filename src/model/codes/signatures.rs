//! Codes of signatures and approvals.

use super::{CodeGroup, table};

pub(super) const SIGNATURES: CodeGroup = CodeGroup {
    title: "Signatures and approvals",
    about: "An apply that is refused (exit code 3) wrote nothing; the commands that only look exit with 1. The guide \
            on signed plans has the commands of `ssh-keygen`.",
    codes: table! {
        "telform::approval::altered" 3
            "An approval or its signature was changed after it was signed."
            "Use both files as `telform approve` wrote them."
        "telform::approval::author" 3
            "Whoever signed the plan approved it, and the rules do not count that."
            "Have another person approve it."
        "telform::approval::damaged" 3
            "What was signed is not a statement of `telform approve`."
            "Approve the plan again."
        "telform::approval::expired" 3
            "An approval has expired."
            "Have its signer approve the plan again; `--valid-for` sets how long an approval counts."
        "telform::approval::no_plan" 3
            "Signatures or approvals are demanded, and the command would carry out a plan that cannot have been signed."
            "Save the plan, have it signed and approved, and apply the file."
        "telform::approval::not_yet" 3
            "An approval is dated in the future."
            "Correct the clocks, and approve again."
        "telform::approval::other_name" 3
            "An approval names another signer or key than its signature does."
            "Give `--identity` as the allowed signers have it, or leave it out."
        "telform::approval::other_plan" 3
            "An approval is for another plan file: another plan, the same one saved again, or one that was changed."
            "Have the plan approved as it is now."
        "telform::approval::plan" 1
            "A plan that no apply carries out cannot be approved."
            "`telform show` and `telform verify` say why; plan again."
        "telform::approval::rules" 1
            "`--approvals` is neither a number nor a file of rules, or it is not stated whose approvals count."
            "A number with `--allowed-signers FILE`, or a file such as `{ required: 2, signers: allowed_signers }`."
        "telform::approval::same_signer" 3
            "Two approvals are by one signer: one key, or two keys under one name."
            "Have another person approve it."
        "telform::approval::too_few" 3
            "Fewer approvals count than are demanded."
            "`telform approve PLAN --sign KEY`, by as many as are missing."
        "telform::approval::unknown_signer" 3
            "No line of the allowed signers lets the key of an approval approve plans."
            "Find out whose key it is. A line for approvals has no `namespaces=`, or one that fits `telform-approval`."
        "telform::approval::unsigned" 3
            "A statement has no signature beside it."
            "Put the `.sig` beside it, or take the statement away."
        "telform::approval::valid_for" 1
            "`--valid-for` is zero, or longer than time is counted."
            "`--valid-for 24h`."
        "telform::sign::agent" 1
            "The SSH agent cannot sign: it is not there, does not hold the key, or refused."
            "`ssh-add -L` lists what it holds; `ssh-add KEY` adds one."
        "telform::sign::file" 1
            "The key file cannot be read, is a link, or is not a file."
            "Name the file itself."
        "telform::sign::journal" 1
            "The journal was changed while the run went on, so it was not signed."
            "Check with `telform journal verify`."
        "telform::sign::key" 1
            "The file holds no key that can sign: Ed25519, ECDSA P-256, or RSA of 2048 bits and more, in the form of OpenSSH."
            "`ssh-keygen -t ed25519 -f KEY` makes one; `ssh-keygen -p -f KEY` rewrites one of an older form."
        "telform::sign::open_key" 1
            "Others may read or write the private key."
            "`chmod 600 KEY`; if others may have read it, make another key."
        "telform::sign::passphrase" 1
            "The private key has a passphrase, and none or a wrong one was given."
            "Type it, let an agent hold the key, or set `TELFORM_SIGN_PASSPHRASE`."
        "telform::signature::altered" 3
            "The bytes are not those that were signed, or the signature is of something else."
            "Use the file and its signature as they were written."
        "telform::signature::damaged" 3
            "A file is not an SSH signature."
            "Use it as it was written."
        "telform::signature::key" 3
            "A signature proves nothing: its RSA key has fewer than 2048 bits, it holds a certificate, or its algorithm is not known."
            "Sign with an Ed25519, ECDSA P-256 or longer RSA key."
        "telform::signature::key_expired" 3
            "The allowed signers let the key sign at other times only (`valid-after`, `valid-before`)."
            "Sign with a key that counts now."
        "telform::signature::missing" 3
            "Something is not signed, and a signature is demanded."
            "`telform plan --out FILE --sign KEY`, `telform apply --sign KEY`."
        "telform::signature::namespace" 3
            "A signature was made for something else, such as a plan's for an approval."
            "Use the signature that belongs there."
        "telform::signature::signers" 1
            "The file of allowed signers cannot be read, or has a line that is not understood, such as one with `cert-authority`."
            "The message names the line; the format is that of `ssh-keygen`."
        "telform::signature::unknown_signer" 3
            "No line of the allowed signers lets the key sign this."
            "Find out whose key it is. A line may narrow its key with `namespaces=`."
        "telform::signature::unreadable" 1
            "A signature or an approval beside the plan cannot be read."
            "Check who may read it; remove what is not a file."
    },
};
