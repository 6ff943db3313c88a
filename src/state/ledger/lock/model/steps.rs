//! What the store, a holder and the journal do, by the rules of the program itself unless a fault is planted.

use std::time::Duration;

use super::{Fault, LEASE, Lock, Note, NoteWrite, Phase, SKEW, World};
use crate::state::ledger::lock::lease::{is_expired, may_rely};
use crate::state::ledger::state_store::is_full;

fn seconds(ticks: u8) -> Duration {
    Duration::from_secs(ticks.into())
}

fn fits(part: u8) -> bool {
    // Two lines fill a part.
    !is_full(usize::from(part) * 64 * 1024)
}

impl Lock {
    /// Whether a run believes that it may still write.
    pub(super) fn relies(&self, world: &World, run: usize) -> bool {
        let since = world.now - world.runs[run].counts_from;
        world.holds(run)
            && match self.fault {
                Fault::WholeLease => since < LEASE,
                _ => may_rely(seconds(since), seconds(LEASE)),
            }
    }

    /// Whether a run may take this lock.
    pub(super) fn may_take(&self, world: &World, run: usize) -> bool {
        let Some(note) = world.note.filter(|note| note.held) else { return true };
        match self.fault {
            Fault::MachineClock => world.now.cast_signed() + SKEW[run] >= note.renewed + LEASE.cast_signed(),
            _ => is_expired(seconds(world.now - note.modified), seconds(LEASE)),
        }
    }

    pub(super) fn write(&self, world: &mut World, run: usize, held: bool, replaces: Option<u8>) {
        let (number, renewed) = (u8::try_from(run).expect("two runs"), world.now.cast_signed() + SKEW[run]);
        world.writes.push(NoteWrite { run: number, held, replaces, sent: world.now, renewed, awaited: true, answer: None });
        world.writes.sort_unstable();
    }

    /// A write reaches the store, which answers later or never.
    pub(super) fn land(&self, world: &mut World, at: usize) {
        let write = world.writes.remove(at);
        let there = world.note.map(|note| note.version);
        let done = there == write.replaces || self.fault == Fault::Unconditional;
        if done {
            world.took_over |= world.note.is_some_and(|note| note.held && note.run != write.run);
            world.versions += 1;
            let NoteWrite { run, held, renewed, .. } = write;
            world.note = Some(Note { run, held, version: world.versions, modified: world.now, renewed });
        }
        world.landed_late |= done && !write.awaited;
        if write.awaited {
            world.writes.push(NoteWrite { answer: Some(done.then_some(world.versions)), ..write });
            world.writes.sort_unstable();
        }
    }

    /// The answer of the store arrives.
    pub(super) fn answer(&self, world: &mut World, at: usize) {
        let write = world.writes.remove(at);
        let run = &mut world.runs[usize::from(write.run)];
        let from = if self.fault == Fault::CountsFromAnswer { world.now } else { write.sent };
        match (write.answer.flatten(), run.phase) {
            (_, Phase::Ended | Phase::Idle) => {}
            (Some(version), Phase::Takes) => {
                (run.phase, run.version, run.counts_from) = (Phase::Holds, version, from);
            }
            (Some(version), _) => (run.version, run.counts_from) = (version, from),
            (None, Phase::Takes) => run.phase = Phase::Idle,
            // An earlier write of its own landed although it had given it up; or the lock is lost.
            (None, _) => match world.note {
                Some(note) if note.held && note.run == write.run => run.version = note.version,
                _ => run.phase = Phase::Ended,
            },
        }
    }

    /// What nothing depends on any more makes no two states different.
    pub(super) fn forget(&self, world: &mut World) {
        for run in world.runs.iter_mut().filter(|run| matches!(run.phase, Phase::Idle | Phase::Ended)) {
            (run.version, run.counts_from, run.renewals, run.place) = (0, 0, 0, (0, 0));
        }
        for write in &mut world.writes {
            if !write.awaited {
                write.sent = 0;
            }
            if write.answer.is_some() {
                write.replaces = None;
            }
            if self.fault != Fault::MachineClock {
                write.renewed = 0;
            }
        }
        world.writes.sort_unstable();
        if let Some(note) = world.note.as_mut().filter(|_| self.fault != Fault::MachineClock) {
            note.renewed = 0;
        }
    }

    /// Appends a line. Nobody else may have written since this run read the journal or wrote to it.
    pub(super) fn append(&self, world: &mut World, run: usize, large: bool) -> bool {
        if !self.journal {
            return true;
        }
        let (part, lines) = world.runs[run].place;
        let begins = part == 0 || !fits(lines) || (large && self.fault == Fault::EarlyPart);
        let parts = world.part_count();
        if begins && parts == part {
            world.parts.push(1);
            world.runs[run].place = (part + 1, 1);
        } else if !begins && world.parts[usize::from(part) - 1] == lines {
            world.parts[usize::from(part) - 1] += 1;
            world.runs[run].place = (part, lines + 1);
        } else {
            world.runs[run].phase = Phase::Ended;
            return false;
        }
        world.lines += 1;
        true
    }
}
