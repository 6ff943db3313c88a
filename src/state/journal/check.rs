//! Checks whether a journal is intact. Every line is checked by itself and against the line before it; the first that does
//! not match is named.

use sha2::{Digest, Sha256};

use super::{JournalHead, JournalLine, JournalRecord, binding};
use crate::state::json_error::describe_json_error;
use crate::text::to_hex;

/// A journal that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParsedJournal {
    /// Its lines.
    pub lines: Vec<JournalLine>,
    /// A last line without an end: power was lost while it was written, so what it announced was never begun. It counts as not
    /// written.
    pub torn_line: Option<usize>,
    /// Bytes of the whole lines.
    pub whole_bytes: u64,
    /// The part of each line that the MAC covers.
    pub mac_inputs: Vec<[u8; 32]>,
    /// Version of the object that holds its end, where a store gives one.
    pub version: Option<String>,
}

/// Where a journal differs from what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BrokenLine {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
    /// Code, such as `telform::journal::broken`.
    pub code: &'static str,
}

/// A line differs from what was written.
const BROKEN: &str = "telform::journal::broken";

/// The writer did not have the key.
pub(super) const UNCHAINED: &str = "telform::journal::mac";

impl ParsedJournal {
    /// Its last line.
    pub fn head(&self) -> JournalHead {
        let last = self.lines.last();
        last.map(|line| JournalHead { seq: line.seq, hash: line.hash.clone(), version: None }).unwrap_or_default()
    }

    /// How many runs ended after a head that was kept elsewhere, so that its keeper does not know of them.
    pub fn ended_after(&self, kept: Option<&JournalHead>) -> usize {
        let known = kept.map_or(0, |head| head.seq);
        let ends = |line: &&JournalLine| line.seq > known && matches!(line.record, JournalRecord::Finished { .. });
        self.lines.iter().filter(ends).count()
    }

    /// Whether it holds the line with this hash.
    pub fn has_line(&self, hash: &str) -> bool {
        hash == JournalHead::default().hash || self.lines.iter().any(|line| line.hash == hash)
    }

    /// Whether a head that was kept elsewhere belongs to this journal: nothing up to it was removed or rewritten.
    pub fn contains_head(&self, kept: &JournalHead) -> Result<(), BrokenLine> {
        let at = usize::try_from(kept.seq).unwrap_or(usize::MAX);
        if at == 0 {
            return Ok(());
        }
        match self.lines.get(at - 1) {
            Some(line) if line.hash == kept.hash => Ok(()),
            Some(_) => Err(BrokenLine {
                line: at,
                why: "it is not the line that the ledger records: the journal was rewritten up to here".to_owned(),
                code: BROKEN,
            }),
            None => Err(BrokenLine {
                line: self.lines.len() + 1,
                why: format!("the end is missing: the ledger records {at} lines, but the journal has {}", self.lines.len()),
                code: BROKEN,
            }),
        }
    }
}

/// Reads a journal and checks every line.
pub fn check_journal(bytes: &[u8]) -> Result<ParsedJournal, BrokenLine> {
    let (journal, broken) = check_up_to(bytes);
    broken.map_or(Ok(journal), Err)
}

/// The same up to the first line that differs from what was written, with its position.
pub fn check_up_to(bytes: &[u8]) -> (ParsedJournal, Option<BrokenLine>) {
    let mut journal = ParsedJournal::default();
    let mut head = JournalHead::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let number = journal.lines.len() + 1;
        let broken = |why: String| BrokenLine { line: number, why, code: BROKEN };
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            journal.torn_line = Some(number);
            break;
        };
        let (line, body) = match check_next_line(&rest[..end], &head) {
            Ok(line) => line,
            Err(why) => return (journal, Some(broken(why))),
        };
        if line.mac.is_none() && journal.is_chained() {
            let why = "it has no MAC, but earlier lines do, so it was written without the key";
            return (journal, Some(BrokenLine { line: number, why: why.to_owned(), code: UNCHAINED }));
        }
        head = JournalHead { seq: line.seq, hash: line.hash.clone(), version: None };
        journal.lines.push(line);
        journal.mac_inputs.push(body);
        rest = &rest[end + 1..];
        journal.whole_bytes += end as u64 + 1;
    }
    (journal, None)
}

/// One line and whether it continues the line before.
fn check_next_line(bytes: &[u8], head: &JournalHead) -> Result<(JournalLine, [u8; 32]), String> {
    let (line, body) = parse_line(bytes)?;
    if line.seq != head.seq + 1 {
        return Err(out_of_order(line.seq, head.seq + 1));
    }
    if line.prev != head.hash {
        return Err("it does not follow the line before: one of them was changed".to_owned());
    }
    Ok((line, body))
}

fn out_of_order(is: u64, expected: u64) -> String {
    if is > expected {
        format!("it has the number {is} instead of {expected}: lines are missing or were moved")
    } else {
        format!("it has the number {is} instead of {expected}: lines were moved or duplicated")
    }
}

/// One line by itself.
fn parse_line(bytes: &[u8]) -> Result<(JournalLine, [u8; 32]), String> {
    // The newline is not among its bytes.
    if bytes.ends_with(b"\r") || !bytes.starts_with(b"{") {
        let whole = [bytes, b"\n"].concat();
        if let Some(rewritten) = crate::state::ledger::find_rewrite(&whole) {
            return Err(rewritten.reason.replace("line 1 is", "it is"));
        }
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let line: JournalLine = serde_json::from_str(text)
        .map_err(|error| format!("it is not a line of a journal: {}", describe_json_error(&error).replace("line 1, ", "")))?;
    let tail = format!(",\"hash\":\"{}\"}}", line.hash);
    let body = text.strip_suffix(&tail).ok_or("its hash is not its last member")?;
    if to_hex(&Sha256::digest(body.as_bytes())) != line.hash {
        return Err("it was changed: its hash does not match its content".to_owned());
    }
    let vouched = match &line.mac {
        Some(mac) => binding::signed_body(body, mac).ok_or("its MAC is not the member before its hash")?,
        None => [0; 32],
    };
    Ok((line, vouched))
}
