//! What a long run is at, as one line: how far, how fast, what it waits for, how much longer. It is told what happens and
//! asked for the line; the time comes from outside, so that it can be tried without waiting.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::plural;
use crate::api::retry::Outcome;
use crate::api::{Waits, Why};
use crate::event::Event;
use crate::live::Listed;
use crate::text::escape;

/// What is over sooner than this needs no line.
pub const QUIET: Duration = Duration::from_millis(500);

/// The rate is that of the last seconds, and of as many events at least, so that slow steps have one too.
const WINDOW: Duration = Duration::from_secs(10);
const FEWEST: usize = 8;

/// A rate from less than this would be a guess.
const SHORTEST: Duration = Duration::from_secs(1);

/// What is being done.
#[derive(Debug)]
enum Work {
    /// Services are read.
    Reading,
    /// Steps are carried out.
    Steps { ended: usize, total: usize, stopping: bool },
    /// Somebody else has the lock.
    Lock { holder: String, until: Instant },
}

/// A listing: objects so far, and how many there are.
type Count = (u64, Option<u64>);

#[derive(Debug)]
struct Wait {
    account: String,
    why: Why,
    from: Instant,
    until: Instant,
}

/// A part of the line. Where there is no room, the dearest parts stay.
struct Part {
    text: String,
    /// 0 stays always.
    cheap: u8,
}

/// One stretch of work that may take long.
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    work: Work,
    /// By account and kind.
    listings: BTreeMap<(String, &'static str), Count>,
    answered: u64,
    in_flight: usize,
    /// All that was done so far, for the rate: it never goes back.
    count: u64,
    marks: VecDeque<(Instant, u64)>,
    waits: Vec<Wait>,
}

impl Progress {
    /// Services are read.
    pub fn reading(now: Instant) -> Self {
        Self::of(Work::Reading, now)
    }

    /// A plan is carried out.
    pub fn applying(now: Instant) -> Self {
        Self::of(Work::Steps { ended: 0, total: 0, stopping: false }, now)
    }

    /// Somebody else's lock is waited for, at most so long.
    pub fn lock(holder: &str, most: Duration, now: Instant) -> Self {
        Self::of(Work::Lock { holder: escape(holder), until: now + most }, now)
    }

    fn of(work: Work, now: Instant) -> Self {
        Self {
            began: now,
            work,
            listings: BTreeMap::new(),
            answered: 0,
            in_flight: 0,
            count: 0,
            marks: VecDeque::from([(now, 0)]),
            waits: Vec::new(),
        }
    }

    /// A page came.
    pub fn listed(&mut self, listed: &Listed<'_>, now: Instant) {
        let count = self.listings.entry((listed.account.to_owned(), listed.kind)).or_default();
        if listed.anew {
            *count = Count::default();
            // What comes now may go at another speed.
            self.marks = VecDeque::from([(now, self.count)]);
        }
        count.0 += listed.objects;
        count.1 = listed.total.or(count.1);
        self.done(listed.objects, now);
    }

    /// A request goes out.
    pub fn sends(&mut self) {
        self.in_flight += 1;
    }

    /// An attempt ended, with an answer or without.
    pub fn seen(&mut self, answered: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.answered += u64::from(answered);
    }

    /// A request begins to wait.
    pub fn waits(&mut self, waits: &Waits<'_>, now: Instant) {
        self.waits.retain(|wait| wait.until > now);
        let (account, why) = (escape(waits.account), waits.why);
        self.waits.push(Wait { account, why, from: now, until: now + waits.pause });
    }

    /// Something happened in an apply.
    pub fn hear(&mut self, event: &Event, now: Instant) {
        let Work::Steps { ended, total, stopping } = &mut self.work else { return };
        match event {
            Event::Started { steps, .. } => *total = *steps,
            Event::StepStarted { .. } => {}
            Event::StepEnded { .. } => {
                *ended += 1;
                self.done(1, now);
            }
            Event::Interrupted => *stopping = true,
            // What is left of the plan is not begun any more.
            Event::Reconnecting { steps } => (*total, *stopping) = (*ended + steps.len(), false),
        }
    }

    fn done(&mut self, more: u64, now: Instant) {
        self.count += more;
        self.marks.push_back((now, self.count));
        while self.marks.len() > FEWEST + 1 && self.marks[1].0 + WINDOW <= now {
            self.marks.pop_front();
        }
    }

    /// How many a second; none while nobody can tell.
    fn rate(&self, now: Instant) -> Option<f64> {
        let (at, count) = *self.marks.front()?;
        let over = now.saturating_duration_since(at);
        // Counts are far below what a float holds exactly.
        (over >= SHORTEST && self.count > count).then(|| (self.count - count) as f64 / over.as_secs_f64())
    }

    /// The line for a terminal of so many columns; none as long as there is nothing worth saying.
    pub fn line(&self, now: Instant, columns: usize) -> Option<String> {
        if now.saturating_duration_since(self.began) < QUIET {
            return None;
        }
        let mut parts = match &self.work {
            Work::Reading => self.reads(now),
            Work::Steps { ended, total, stopping } => self.carries_out(*ended, *total, *stopping, now),
            Work::Lock { holder, until } => {
                let left = seconds(until.saturating_duration_since(now));
                vec![Part::must(format!("waiting for the lock, {left} s left: {holder}"))]
            }
        };
        if let Some(wait) = self.wait(now) {
            parts.push(Part::must(format!("; {}", wait.words(now))));
        }
        // The last column stays free: some terminals go on to the next line after it.
        Some(fitted(parts, columns.saturating_sub(1)))
    }

    fn reads(&self, now: Instant) -> Vec<Part> {
        let in_flight = self.in_flight;
        let mut kinds: BTreeMap<&str, Count> = BTreeMap::new();
        for ((_, kind), (objects, total)) in &self.listings {
            let sum = kinds.entry(kind).or_insert((0, Some(0)));
            *sum = (sum.0 + objects, sum.1.zip(*total).map(|(sum, total)| sum + total));
        }
        if kinds.is_empty() {
            let answered = format!("reading: {} answered", number(self.answered));
            return vec![Part::must(answered), Part::may(3, format!(", {in_flight} in flight"))];
        }
        let words = |(kind, (objects, total)): (&&str, &Count)| match total {
            Some(total) => format!("{kind} {} of {}", number(*objects.min(total)), number(*total)),
            None => format!("{kind} {}", number(*objects)),
        };
        let listings: Vec<String> = kinds.iter().map(words).collect();
        let mut parts = vec![Part::must(format!("reading {}", listings.join(", ")))];
        let rate = self.rate(now);
        if let Some(rate) = rate {
            parts.push(Part::may(3, format!(" ({})", per_second(rate))));
        }
        let left: Option<u64> =
            kinds.values().map(|(objects, total)| Some((*total)?.saturating_sub(*objects))).sum();
        parts.extend(left.zip(rate).and_then(|(left, rate)| time_left(left, rate)));
        parts
    }

    fn carries_out(&self, ended: usize, total: usize, stopping: bool, now: Instant) -> Vec<Part> {
        let of =
            format!("{} of {} {}", number(ended as u64), number(total as u64), plural(total, "requests"));
        let mut parts = vec![Part::must(of), Part::may(2, format!(", {} in flight", self.in_flight))];
        let rate = self.rate(now);
        if let Some(rate) = rate {
            parts.push(Part::may(3, format!(", {}", per_second(rate))));
        }
        if stopping {
            parts.push(Part::may(1, ", stopping after these".to_owned()));
        } else {
            parts.extend(rate.and_then(|rate| time_left(total.saturating_sub(ended) as u64, rate)));
        }
        parts
    }

    /// The wait that says most about what holds the run up. Short ones are not worth a word while others are at work.
    fn wait(&self, now: Instant) -> Option<&Wait> {
        let long = |wait: &&Wait| self.in_flight == 0 || wait.until - wait.from >= SHORTEST;
        let waits = self.waits.iter().filter(|wait| wait.until > now).filter(long);
        let rank = |wait: &&Wait| match wait.why {
            Why::Asked => 0,
            Why::Again { .. } => 1,
            Why::Rhythm { .. } => 2,
        };
        waits.min_by_key(|wait| (rank(wait), std::cmp::Reverse(wait.until)))
    }
}

impl Wait {
    fn words(&self, now: Instant) -> String {
        let account = &self.account;
        let left = seconds(self.until.saturating_duration_since(now));
        match self.why {
            Why::Asked => format!("waiting {left} s: {account} asks to wait (429)"),
            Why::Rhythm { per_minute } => {
                let (per_minute, requests) =
                    (number(u64::from(per_minute)), plural(per_minute as usize, "requests"));
                format!("waiting for {account}'s {per_minute} {requests} a minute")
            }
            Why::Again { attempt, most, after } => {
                let what = match after {
                    Outcome::NotConnected => format!("{account} cannot be reached"),
                    Outcome::Lost => format!("the connection to {account} broke"),
                    Outcome::Answered { status, .. } => format!("{account} answered {status}"),
                };
                format!("trying again in {left} s ({attempt} of {most}): {what}")
            }
        }
    }
}

impl Part {
    fn must(text: String) -> Self {
        Self { text, cheap: 0 }
    }

    fn may(cheap: u8, text: String) -> Self {
        Self { text, cheap }
    }
}

fn time_left(left: u64, rate: f64) -> Option<Part> {
    let left = Duration::try_from_secs_f64(left as f64 / rate).ok().filter(|_| left > 0)?;
    Some(Part::may(1, format!(", {} left", length(left))))
}

/// As much of it as there is room for.
fn fitted(mut parts: Vec<Part>, room: usize) -> String {
    loop {
        let line: String = parts.iter().map(|part| part.text.as_str()).collect();
        if line.width() <= room {
            return line;
        }
        let cheapest = parts.iter().map(|part| part.cheap).max().unwrap_or_default();
        if cheapest == 0 {
            return cut(&line, room);
        }
        parts.retain(|part| part.cheap != cheapest);
    }
}

/// The beginning of a line that is too long. Dots of ASCII, because not every terminal has others.
fn cut(line: &str, room: usize) -> String {
    let (mut kept, mut width) = (String::new(), 3);
    for char in line.chars() {
        width += char.width().unwrap_or_default();
        if width > room {
            break;
        }
        kept.push(char);
    }
    kept.push_str(&"..."[..room.min(3)]);
    kept
}

/// `12,000`.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `5,100/s`, `48/s`, `1.9/s`, `12/min`: two or three digits, for nobody reads more.
fn per_second(rate: f64) -> String {
    // Rates are small and not negative.
    let whole = |rate: f64| number(rate.round() as u64);
    match rate {
        _ if rate >= 1000.0 => format!("{}/s", whole((rate / 100.0).round() * 100.0)),
        _ if rate >= 9.95 => format!("{}/s", whole(rate)),
        _ if rate >= 0.95 => format!("{rate:.1}/s"),
        _ => format!("{}/min", whole((rate * 60.0).max(1.0))),
    }
}

/// Whole seconds, begun ones included: nothing is left only when nothing is left.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// `17 s`, `3 min`, `5 h`.
fn length(time: Duration) -> String {
    match seconds(time) {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}
