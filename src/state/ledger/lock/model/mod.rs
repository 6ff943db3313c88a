//! The protocol of the lock in an object store, and of the journal behind it, in every order of events: take, renew, expire, take
//! over, free, break by hand, writes that land late or never, clocks that differ, a process that pauses between its last look at its
//! lock and its request. A crash is a process that does nothing more, which every process may do at any point. The rules are those
//! of `lease.rs` and of the log, not copies of them. One tick is a second, and the lease is four.
//!
//! What must hold: at most one run may write; a request is in flight only while no other run holds the lock; and whatever else
//! happens, a run that comes later finds in the journal what an earlier one may still send. Each fault of [`Fault`] must break one
//! of these, or the model would prove nothing.

use stateright::{Model, Property};

mod explore;
mod steps;

const LEASE: u8 = 4;
/// How long a request may be in flight before the client gives it up.
const REQUEST: u8 = 2;
/// The calendar of each machine minus that of the store.
const SKEW: [i8; 2] = [0, 6];

/// A wrong rule, each of which breaks a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The calendar of the machine decides whether a lock has expired.
    MachineClock,
    /// The holder counts from the answer to its renewal.
    CountsFromAnswer,
    /// The store ignores the conditions of writes.
    Unconditional,
    /// The holder relies on its lock to the end of the lease.
    WholeLease,
    /// The holder looks at its lock before it announces a request, and not after that.
    LooksOnce,
    /// A writer of the journal starts a new part whenever its record is large.
    EarlyPart,
}

/// What is in the model, and how long.
#[derive(Debug, Clone, Copy)]
struct Lock {
    fault: Fault,
    /// Last tick.
    end: u8,
    /// Someone may break the lock by hand, once.
    breaks: bool,
    /// A process may pause between its last look at its lock and its request.
    stalls: bool,
    /// A write to the lock may land after its sender gave it up.
    late: bool,
    /// The journal counts; else only the lock does, for which there are far fewer states.
    journal: bool,
}

/// The note in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Note {
    run: u8,
    held: bool,
    version: u8,
    modified: u8,
    /// By the calendar of its run.
    renewed: i8,
}

/// A write to the note that has not landed, or whose answer has not arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct NoteWrite {
    run: u8,
    held: bool,
    /// The version that it replaces; none creates.
    replaces: Option<u8>,
    sent: u8,
    renewed: i8,
    /// The sender still waits for the answer.
    awaited: bool,
    /// The answer, once it landed: the new version, or none where the condition did not hold.
    answer: Option<Option<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    /// The write that takes the lock is on its way. It read the note, and then the journal: at the earliest now.
    Takes,
    /// It holds the lock.
    Holds,
    /// Its first line is in the journal.
    Started,
    /// The next request is announced there.
    Announced,
    /// It looked at its lock, and sends now. Only where a process may pause.
    Sends,
    Ended,
}

/// A run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Process {
    phase: Phase,
    /// The version of its note, as far as it knows.
    version: u8,
    /// From when its lease counts.
    counts_from: u8,
    /// Its place in the journal: part, and lines in that part.
    place: (u8, u8),
    /// When it started and announced, in the order of the journal's lines.
    started: u8,
    announced: u8,
    /// When its request was sent, while that is in flight.
    request: Option<u8>,
    sent: u8,
    renewals: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    now: u8,
    note: Option<Note>,
    writes: Vec<NoteWrite>,
    versions: u8,
    /// Lines in each part of the journal.
    parts: Vec<u8>,
    /// Lines so far, for their order.
    lines: u8,
    runs: [Process; 2],
    broken: bool,
    took_over: bool,
    /// A sender gave a write up, which may still land.
    gave_up: bool,
    landed_late: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Tick,
    Take(usize),
    Renew(usize),
    Free(usize),
    Land(usize),
    Answer(usize),
    GiveUp(usize),
    Start(usize),
    Announce(usize),
    Look(usize),
    Send(usize),
    Break,
}

impl World {
    fn part_count(&self) -> u8 {
        u8::try_from(self.parts.len()).expect("few parts")
    }

    /// The last part of the journal, and its lines.
    fn end_of_journal(&self) -> (u8, u8) {
        (self.part_count(), self.parts.last().copied().unwrap_or_default())
    }

    fn holds(&self, run: usize) -> bool {
        matches!(self.runs[run].phase, Phase::Holds | Phase::Started | Phase::Announced | Phase::Sends)
    }
}

impl Model for Lock {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        let idle = Process {
            phase: Phase::Idle,
            version: 0,
            counts_from: 0,
            place: (0, 0),
            started: 0,
            announced: 0,
            request: None,
            sent: 0,
            renewals: 0,
        };
        vec![World {
            now: 0,
            note: None,
            writes: Vec::new(),
            versions: 0,
            parts: Vec::new(),
            lines: 0,
            runs: [idle; 2],
            broken: false,
            took_over: false,
            gave_up: false,
            landed_late: false,
        }]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        if world.now < self.end {
            events.push(Event::Tick);
        }
        let awaits = |run: usize| world.writes.iter().any(|write| usize::from(write.run) == run && write.awaited);
        for run in 0..2 {
            let it = &world.runs[run];
            if it.phase == Phase::Idle && self.may_take(world, run) {
                events.push(Event::Take(run));
            }
            if world.holds(run) && !awaits(run) && it.renewals < 2 && world.now > it.counts_from {
                events.push(Event::Renew(run));
            }
            match it.phase {
                Phase::Holds if self.relies(world, run) => events.push(Event::Start(run)),
                Phase::Started if it.sent == 0 && it.request.is_none() && self.relies(world, run) => {
                    events.push(Event::Announce(run));
                }
                Phase::Started if it.request.is_none() && !awaits(run) => events.push(Event::Free(run)),
                Phase::Announced if self.fault == Fault::LooksOnce || self.relies(world, run) => {
                    events.push(if self.stalls { Event::Look(run) } else { Event::Send(run) });
                }
                Phase::Sends => events.push(Event::Send(run)),
                _ => {}
            }
        }
        for (at, write) in world.writes.iter().enumerate() {
            match write.answer {
                Some(_) => events.push(Event::Answer(at)),
                None => events.push(Event::Land(at)),
            }
            if write.awaited && self.late && !world.gave_up {
                events.push(Event::GiveUp(at));
            }
        }
        if self.breaks && !world.broken && world.note.is_some_and(|note| note.held) {
            events.push(Event::Break);
        }
    }

    fn next_state(&self, last: &World, event: Event) -> Option<World> {
        let mut world = last.clone();
        match event {
            Event::Tick => {
                world.now += 1;
                for run in &mut world.runs {
                    // The client gives a request up in time.
                    run.request = run.request.filter(|sent| world.now - sent <= REQUEST);
                }
            }
            Event::Take(run) => {
                let replaces = world.note.map(|note| note.version);
                self.write(&mut world, run, true, replaces);
                world.runs[run].phase = Phase::Takes;
                world.runs[run].place = world.end_of_journal();
            }
            Event::Renew(run) => {
                let version = world.runs[run].version;
                world.runs[run].renewals += 1;
                self.write(&mut world, run, true, Some(version));
            }
            Event::Free(run) => {
                let version = world.runs[run].version;
                self.write(&mut world, run, false, Some(version));
                world.runs[run].phase = Phase::Ended;
            }
            Event::Land(at) => self.land(&mut world, at),
            Event::Answer(at) => self.answer(&mut world, at),
            Event::GiveUp(at) => {
                let write = world.writes.remove(at);
                world.gave_up = true;
                give_up(&mut world, write);
                if write.answer.is_none() {
                    world.writes.push(NoteWrite { awaited: false, ..write });
                    world.writes.sort_unstable();
                }
            }
            Event::Start(run) => {
                if self.append(&mut world, run, false) {
                    (world.runs[run].phase, world.runs[run].started) = (Phase::Started, world.lines);
                }
            }
            Event::Announce(run) => {
                if self.append(&mut world, run, true) {
                    (world.runs[run].phase, world.runs[run].announced) = (Phase::Announced, world.lines);
                }
            }
            Event::Look(run) => world.runs[run].phase = Phase::Sends,
            Event::Send(run) => {
                let (it, now) = (&mut world.runs[run], world.now);
                (it.phase, it.request, it.sent) = (Phase::Started, Some(now), it.sent + 1);
            }
            Event::Break => {
                world.versions += 1;
                let note = world.note?;
                world.note = Some(Note { held: false, version: world.versions, modified: world.now, ..note });
                world.broken = true;
            }
        }
        self.forget(&mut world);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = vec![
            Property::always("announced", |it: &Lock, world: &World| {
                let newest = world.runs.iter().map(|run| run.started).max().unwrap_or_default();
                let known = |run: &Process| run.request.is_none() || run.started == newest || run.announced < newest;
                !it.journal || world.runs.iter().all(known)
            }),
            Property::sometimes("taken over", |_, world: &World| world.took_over),
            Property::sometimes("one after the other", |_, world: &World| world.runs.iter().all(|run| run.sent > 0)),
        ];
        if self.late {
            all.push(Property::sometimes("a late write lands", |_, world: &World| world.landed_late));
        }
        // What breaking by hand and a process that pauses take away; the first property stays.
        if !self.breaks {
            all.push(Property::always("one may write", |it: &Lock, world: &World| !(it.relies(world, 0) && it.relies(world, 1))));
        }
        if !self.breaks && !self.stalls {
            all.push(Property::always("in flight alone", |_, world: &World| {
                let holder = world.note.filter(|note| note.held).map(|note| usize::from(note.run));
                (0..2).all(|run| world.runs[run].request.is_none() || holder.is_none_or(|holder| holder == run))
            }));
        }
        all
    }
}

/// The sender of a write no longer waits for it: a take fails, a renewal is tried again.
fn give_up(world: &mut World, write: NoteWrite) {
    let run = &mut world.runs[usize::from(write.run)];
    if run.phase == Phase::Takes {
        run.phase = Phase::Ended;
    }
}
