//! Which part of a journal is signed. A signature covers the bytes of every line before its own, so that `ssh-keygen` alone can
//! check it, without trusting the chain of hashes.

use super::{JournalLine, JournalRecord, ParsedJournal};

/// A signature in a journal, and what it covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedPart<'a> {
    /// The line that holds it.
    pub line: &'a JournalLine,
    /// Fingerprint of the key, as the line says.
    pub key: &'a str,
    /// The signature.
    pub signature: &'a str,
    /// When the last line that it covers was written.
    pub covered_until: &'a str,
    /// The bytes that it covers.
    pub bytes: &'a [u8],
}

/// Every signature of a journal that was read from these bytes, oldest first.
pub fn signed_parts<'a>(bytes: &'a [u8], journal: &'a ParsedJournal) -> Vec<SignedPart<'a>> {
    let (mut found, mut end, mut at) = (Vec::new(), 0, "");
    for (line, text) in journal.lines.iter().zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        if let JournalRecord::Signed { key, signature } = &line.record {
            found.push(SignedPart { line, key, signature, covered_until: at, bytes: &bytes[..end] });
        }
        end += text.len();
        at = &line.at;
    }
    found
}

/// Number of unsigned lines: those after the last signature.
pub fn unsigned_line_count(journal: &ParsedJournal) -> usize {
    let signed = |line: &&JournalLine| !matches!(line.record, JournalRecord::Signed { .. });
    journal.lines.iter().rev().take_while(signed).count()
}
