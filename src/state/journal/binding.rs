//! What a journal is bound to: the key that authenticates its lines, and the ledger beside it.

use sha2::{Digest, Sha256};

use super::{JournalLine, JournalRecord, ParsedJournal};
use crate::model::ledger::{FingerprintKey, Ledger, LedgerSave};

/// What a key says about a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyVerification {
    /// No line has a MAC: an older telform wrote it, or no run had a key.
    Unchained,
    /// This key made the last line, which proves that everything before it is unchanged. The number of lines.
    By(usize),
    /// The last line that this key made; 0 where there is no such line: the journal belongs to another key, or someone
    /// without the key rewrote it.
    Not(usize),
}

/// The part of a line that the MAC covers.
pub(super) fn signed_body(text: &str, mac: &str) -> Option<[u8; 32]> {
    let body = text.strip_suffix(&format!(",\"mac\":\"{mac}\""))?;
    Some(Sha256::digest(body.as_bytes()).into())
}

impl ParsedJournal {
    /// The verdict of this key on its lines.
    pub fn verify_with_key(&self, key: &FingerprintKey) -> KeyVerification {
        if self.lines.last().is_none_or(|line| line.mac.is_none()) {
            return KeyVerification::Unchained;
        }
        let made = |(line, body): &(&JournalLine, &[u8; 32])| is_made_by(line, body, key);
        let lines = self.lines.iter().zip(&self.mac_inputs);
        match lines.clone().rposition(|pair| made(&pair)) {
            Some(at) if at + 1 == self.lines.len() => KeyVerification::By(lines.filter(made).count()),
            Some(at) => KeyVerification::Not(at + 1),
            None => KeyVerification::Not(0),
        }
    }

    /// Whether its lines have MACs.
    pub fn is_chained(&self) -> bool {
        self.lines.last().is_some_and(|line| line.mac.is_some())
    }

    /// The number of the first line that has one.
    pub fn chained_from(&self) -> Option<u64> {
        self.lines.iter().find(|line| line.mac.is_some()).map(|line| line.seq)
    }

    /// The save of the ledger that it records.
    pub fn last_ledger_save(&self) -> Option<&LedgerSave> {
        self.lines.iter().rev().find_map(|line| line.ledger.as_ref())
    }

    /// Whether the ledger is older than the journal beside it, or of a different history; with the number of runs that it does
    /// not know. A ledger whose last save is not in the journal yet is up to date.
    pub fn is_ahead_of(&self, ledger: &Ledger) -> Option<usize> {
        let runs = self.ended_after(ledger.journal.as_ref());
        let behind = match self.last_ledger_save() {
            Some(saved) if saved.serial == ledger.serial => saved.write != ledger.write,
            Some(saved) => saved.serial > ledger.serial,
            // Its lines do not name a save. Its last run may have been interrupted.
            None => runs > 1,
        };
        behind.then_some(runs)
    }
}

/// Whether a key made a line, or authenticated the key that did.
fn is_made_by(line: &JournalLine, body: &[u8; 32], key: &FingerprintKey) -> bool {
    let by_its_own = line.mac.as_ref().is_some_and(|mac| *mac == key.journal_mac(body));
    let by_the_old = match &line.record {
        JournalRecord::Rekeyed { key: new, vouched: Some(vouched) } => *vouched == key.vouch_for(&line.prev, new),
        _ => false,
    };
    by_its_own || by_the_old
}
