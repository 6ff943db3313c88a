//! Who signed a journal, and up to which line.

use std::path::Path;

use jiff::Timestamp;

use super::found::{read_allowed_signers, refusal_code};
use crate::output::Vouched;
use crate::run::RunError;
use crate::signature::{AllowedSigners, Signature, SignatureNamespace, SignatureRefusal, Signer};
use crate::state::journal::{self, ParsedJournal, SignedPart};

/// The checked signatures of a journal.
pub(crate) struct JournalSignatures {
    /// Each of them, oldest first.
    pub(crate) seen: Vec<Vouched>,
    /// Why the journal is not what allowed signers signed, where this is requested: code and text.
    pub(crate) missing: Option<(&'static str, String)>,
}

impl JournalSignatures {
    /// Checks all of them.
    pub(crate) fn of(bytes: &[u8], journal: &ParsedJournal, allowed: Option<&Path>) -> Result<Self, RunError> {
        let allowed = allowed.map(read_allowed_signers).transpose()?;
        let seen: Vec<Vouched> = journal::signed_parts(bytes, journal).iter().map(|part| one(part, allowed.as_ref())).collect();
        let behind = journal::unsigned_line_count(journal);
        let missing = allowed.filter(|_| behind > 0).map(|_| {
            let what = if seen.is_empty() {
                "no signature is in it".to_owned()
            } else {
                let lines = if behind == 1 { "the last line is" } else { &format!("the last {behind} lines are") };
                format!("{lines} after the last signature, and not signed")
            };
            ("telform::signature::missing", what)
        });
        Ok(Self { seen, missing })
    }

    /// Whether each is valid, or was not to be checked, and none is missing.
    pub(crate) fn hold(&self) -> bool {
        self.missing.is_none() && !self.seen.iter().any(Vouched::is_refused)
    }
}

fn one(part: &SignedPart<'_>, allowed: Option<&AllowedSigners>) -> Vouched {
    let told = match Signature::read(part.signature.as_bytes()) {
        Err(error) => refused(&error.into(), None),
        Ok(signature) => {
            let key = signature.fingerprint();
            let verdict = signature.verify(SignatureNamespace::Journal, part.bytes).map_err(SignatureRefusal::from);
            let same = || if key == part.key { Ok(()) } else { Err(other_fake_secret(part.key, &key)) };
            match (verdict.and_then(|()| same()), allowed) {
                (Err(why), _) => refused(&why, Some(key)),
                (Ok(()), None) => Vouched::not_checked(key),
                (Ok(()), Some(allowed)) => {
                    // A key is valid when its validity period includes the time of the last line that it signed.
                    let at = part.covered_until.parse().unwrap_or(Timestamp::MIN);
                    match Signer::verify_signer(&signature, SignatureNamespace::Journal, part.bytes, allowed, at) {
                        Ok(signer) => Vouched::counts(&signer),
                        Err(why) => refused(&why, Some(key)),
                    }
                }
            }
        }
    };
    Vouched { line: Some(part.line.seq), run: Some(part.line.run.clone()), ..told }
}

fn other_fake_secret(said: &str, is: &str) -> SignatureRefusal {
    SignatureRefusal::OtherName { said: said.to_owned(), is: is.to_owned() }
}

fn refused(why: &SignatureRefusal, key: Option<String>) -> Vouched {
    Vouched::refused(refusal_code(why), why, key)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;

    /// Made by `ssh-keygen -Y sign -n telform-journal`, over `BYTES`.
    const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgZDUf+Z3zPMLl/Ti614PcpE0f+x\n\
    HEsuTlSpL0iXE6g6kAAAAPdGVsZm9ybS1qb3VybmFsAAAAAAAAAAZzaGE1MTIAAABTAAAA\n\
    C3NzaC1lZDI1NTE5AAAAQM3MmAHIvMZuPT2yHJWAOH6bhvLrM0w1Z/KUenjZ7D+2VtscfB\n\
    zRw7yyI2HPxPePlVrwHdg8gd0LVJP0JNH5fAw=\n\
    -----END SSH SIGNATURE-----\n";
    const BYTES: &[u8] = b"line\n";
    const KEY: &str = "SHA256:B/IA3HpODARnvbTmtD2Brh5AX2owgj9R8biCdnSMSUk";
    const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGQ1H/md8zzC5f04uteD3KRNH/sRxLLk5UqS9IlxOoOp";

    fn seen(key: &str, at: &str) -> &'static str {
        let line = serde_json::from_value(json!({
            "seq": 2, "at": at, "prev": "", "run": "r", "hash": "",
            "record": {"what": "signed", "key": key, "signature": SIGNATURE},
        }));
        let line = line.expect("a line");
        let part = SignedPart { line: &line, key, signature: SIGNATURE, covered_until: at, bytes: BYTES };
        let text = format!("ann valid-before=\"20260401Z\" {PUBLIC}");
        let allowed = AllowedSigners::read(&text, &TimeZone::UTC).expect("a file");
        one(&part, Some(&allowed)).verdict
    }

    /// The time of the lines decides: a key may have expired since.
    #[test]
    fn a_signature_counts_by_the_time_of_what_it_covers() {
        assert_eq!(seen(KEY, "2026-03-01T00:00:00Z"), "counts");
        assert_eq!(seen(KEY, "2026-05-01T00:00:00Z"), "refused");
    }

    #[test]
    fn a_line_that_names_another_key_than_signed_it_is_refused() {
        assert_eq!(seen("SHA256:other", "2026-03-01T00:00:00Z"), "refused");
    }
}
