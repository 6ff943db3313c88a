//! Is a journal whole? Every line is checked by itself and against the line before it; the first that does not fit is named.

use sha2::{Digest, Sha256};

use super::{Head, Line, Record};
use crate::text::hex;

/// A journal that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Journal {
    /// Its lines.
    pub lines: Vec<Line>,
    /// A last line without an end: power was lost while it was written, so what it announced was never begun. It counts as not
    /// written.
    pub torn: Option<usize>,
    /// Bytes of the whole lines.
    pub whole_bytes: u64,
}

/// The place where a journal is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Broken {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl Journal {
    /// Its last line.
    pub fn head(&self) -> Head {
        let last = self.lines.last();
        last.map(|line| Head { seq: line.seq, hash: line.hash.clone() }).unwrap_or_default()
    }

    /// How many runs ended behind a head that was kept elsewhere, so that whoever keeps it has not heard of them.
    pub fn ended_after(&self, kept: Option<&Head>) -> usize {
        let known = kept.map_or(0, |head| head.seq);
        let ends = |line: &&Line| line.seq > known && matches!(line.record, Record::Finished { .. });
        self.lines.iter().filter(ends).count()
    }

    /// Whether a head that was kept elsewhere is one of this journal's: nothing up to it was cut off or written anew.
    pub fn holds(&self, kept: &Head) -> Result<(), Broken> {
        let at = usize::try_from(kept.seq).unwrap_or(usize::MAX);
        if at == 0 {
            return Ok(());
        }
        match self.lines.get(at - 1) {
            Some(line) if line.hash == kept.hash => Ok(()),
            Some(_) => Err(Broken {
                line: at,
                why: "it is not the line that the ledger remembers: the journal was written anew up to here"
                    .to_owned(),
            }),
            None => Err(Broken {
                line: self.lines.len() + 1,
                why: format!(
                    "the end is cut off: the ledger remembers {at} lines, and there are {}",
                    self.lines.len()
                ),
            }),
        }
    }
}

/// Reads a journal and checks every line.
pub fn check(bytes: &[u8]) -> Result<Journal, Broken> {
    let (journal, broken) = check_up_to(bytes);
    broken.map_or(Ok(journal), Err)
}

/// The same up to the first line that is not what was written, with that place.
pub fn check_up_to(bytes: &[u8]) -> (Journal, Option<Broken>) {
    let mut journal = Journal::default();
    let mut head = Head::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let number = journal.lines.len() + 1;
        let broken = |why: String| Broken { line: number, why };
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            journal.torn = Some(number);
            break;
        };
        let line = match follows(&rest[..end], &head) {
            Ok(line) => line,
            Err(why) => return (journal, Some(broken(why))),
        };
        head = Head { seq: line.seq, hash: line.hash.clone() };
        journal.lines.push(line);
        rest = &rest[end + 1..];
        journal.whole_bytes += end as u64 + 1;
    }
    (journal, None)
}

/// One line and whether it follows on the line before.
fn follows(bytes: &[u8], head: &Head) -> Result<Line, String> {
    let line = one(bytes)?;
    if line.seq != head.seq + 1 {
        return Err(out_of_order(line.seq, head.seq + 1));
    }
    if line.prev != head.hash {
        return Err("it does not follow on the line before: one of them is not what was written".to_owned());
    }
    Ok(line)
}

fn out_of_order(is: u64, expected: u64) -> String {
    if is > expected {
        format!("it has the number {is} where {expected} is expected: lines are missing or were moved")
    } else {
        format!("it has the number {is} where {expected} is expected: lines were moved or stand here twice")
    }
}

/// One line by itself.
fn one(bytes: &[u8]) -> Result<Line, String> {
    // The end of the line is not among its bytes.
    if bytes.ends_with(b"\r") || !bytes.starts_with(b"{") {
        let whole = [bytes, b"\n"].concat();
        if let Some(rewritten) = crate::ledger::rewritten(&whole) {
            return Err(rewritten.why.replace("line 1 is", "it is"));
        }
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())?;
    let line: Line =
        serde_json::from_str(text).map_err(|error| format!("it is no line of a journal ({error})"))?;
    let tail = format!(",\"hash\":\"{}\"}}", line.hash);
    let body = text.strip_suffix(&tail).ok_or("its hash is not its last member")?;
    if hex(&Sha256::digest(body.as_bytes())) != line.hash {
        return Err("it was changed: its hash does not fit its bytes".to_owned());
    }
    Ok(line)
}
