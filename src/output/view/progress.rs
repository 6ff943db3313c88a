//! The progress of a long run as one line: how far, how fast, what it waits for, how much longer. It receives events and
//! returns the line; the time is passed in, so that it can be tested without waiting.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::plural_kind;
use crate::apply::event::ApplyEvent;
use crate::http::retry::AttemptOutcome;
use crate::http::{WaitReason, WaitStarted};
use crate::read::ListingProgress;
use crate::text::escape;

/// A run that is over sooner needs no line.
pub const QUIET: Duration = Duration::from_millis(500);

/// The rate covers the last seconds, and at least this many events, so that slow steps have a rate, too.
const WINDOW: Duration = Duration::from_secs(10);
const FEWEST: usize = 8;

/// A rate from less than this would be a guess.
const SHORTEST: Duration = Duration::from_secs(1);

/// What is being done.
#[derive(Debug)]
enum ProgressWork {
    /// Services are read.
    Reading,
    /// Steps are applied.
    Steps { ended: usize, total: usize, stopping: bool },
    /// Another holder has the lock.
    Lock { holder: String, until: Instant },
}

/// A listing: objects so far, and their total.
type ListingCount = (u64, Option<u64>);

#[derive(Debug)]
struct RequestWait {
    account: String,
    why: WaitReason,
    from: Instant,
    until: Instant,
}

/// A part of the line. Where space is short, the most important parts are kept.
struct ProgressPart {
    text: String,
    /// 0 is always kept.
    drop_rank: u8,
}

/// One phase of work that may take long.
#[derive(Debug)]
pub struct ProgressLine {
    began: Instant,
    work: ProgressWork,
    /// By account and kind.
    listings: BTreeMap<(String, &'static str), ListingCount>,
    answered: u64,
    in_flight: usize,
    /// Everything done so far, for the rate: it never decreases.
    count: u64,
    marks: VecDeque<(Instant, u64)>,
    waits: Vec<RequestWait>,
}

impl ProgressLine {
    /// Services are read.
    pub fn reading(now: Instant) -> Self {
        Self::from_work(ProgressWork::Reading, now)
    }

    /// A plan is applied.
    pub fn applying(now: Instant) -> Self {
        Self::from_work(ProgressWork::Steps { ended: 0, total: 0, stopping: false }, now)
    }

    /// Waiting for another holder's lock, at most this long.
    pub fn waiting_for_lock(holder: &str, most: Duration, now: Instant) -> Self {
        Self::from_work(ProgressWork::Lock { holder: escape(holder), until: now + most }, now)
    }

    fn from_work(work: ProgressWork, now: Instant) -> Self {
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

    /// A page arrived.
    pub fn on_listed(&mut self, listed: &ListingProgress<'_>, now: Instant) {
        let count = self.listings.entry((listed.account.to_owned(), listed.kind)).or_default();
        if listed.restarted {
            *count = ListingCount::default();
            // The next phase may have a different speed.
            self.marks = VecDeque::from([(now, self.count)]);
        }
        count.0 += listed.objects;
        count.1 = listed.total.or(count.1);
        self.add_done(listed.objects, now);
    }

    /// A request is sent.
    pub fn on_request(&mut self) {
        self.in_flight += 1;
    }

    /// An attempt ended, with an answer or without.
    pub fn on_attempt_end(&mut self, answered: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.answered += u64::from(answered);
    }

    /// A request begins to wait.
    pub fn on_wait(&mut self, waits: &WaitStarted<'_>, now: Instant) {
        self.waits.retain(|wait| wait.until > now);
        let (account, why) = (escape(waits.account), waits.reason);
        self.waits.push(RequestWait { account, why, from: now, until: now + waits.pause });
    }

    /// An event of an apply.
    pub fn on_event(&mut self, event: &ApplyEvent, now: Instant) {
        let ProgressWork::Steps { ended, total, stopping } = &mut self.work else { return };
        match event {
            ApplyEvent::Started { steps, .. } => *total = *steps,
            ApplyEvent::StepStarted { .. } => {}
            ApplyEvent::StepEnded { .. } => {
                *ended += 1;
                self.add_done(1, now);
            }
            ApplyEvent::Interrupted => *stopping = true,
            // The rest of the plan is no longer started.
            ApplyEvent::Reconnecting { steps } => (*total, *stopping) = (*ended + steps.len(), false),
        }
    }

    fn add_done(&mut self, more: u64, now: Instant) {
        self.count += more;
        self.marks.push_back((now, self.count));
        while self.marks.len() > FEWEST + 1 && self.marks[1].0 + WINDOW <= now {
            self.marks.pop_front();
        }
    }

    /// Rate per second; none while it is not known.
    fn rate(&self, now: Instant) -> Option<f64> {
        let (at, count) = *self.marks.front()?;
        let over = now.saturating_duration_since(at);
        // Counts are far below what a float holds exactly.
        (over >= SHORTEST && self.count > count).then(|| (self.count - count) as f64 / over.as_secs_f64())
    }

    /// The line for a terminal of this many columns; none as long as nothing is worth showing.
    pub fn render_line(&self, now: Instant, columns: usize) -> Option<String> {
        if now.saturating_duration_since(self.began) < QUIET {
            return None;
        }
        let mut parts = match &self.work {
            ProgressWork::Reading => self.reading_parts(now),
            ProgressWork::Steps { ended, total, stopping } => self.applying_parts(*ended, *total, *stopping, now),
            ProgressWork::Lock { holder, until } => {
                let left = whole_seconds(until.saturating_duration_since(now));
                vec![ProgressPart::required(format!("waiting for the lock, {left} s left: {holder}"))]
            }
        };
        if let Some(wait) = self.longest_wait(now) {
            parts.push(ProgressPart::required(format!("; {}", wait.describe(now))));
        }
        // The last column stays free: some terminals wrap after it.
        Some(fit_parts(parts, columns.saturating_sub(1)))
    }

    fn reading_parts(&self, now: Instant) -> Vec<ProgressPart> {
        let in_flight = self.in_flight;
        let mut kinds: BTreeMap<&str, ListingCount> = BTreeMap::new();
        for ((_, kind), (objects, total)) in &self.listings {
            let sum = kinds.entry(kind).or_insert((0, Some(0)));
            *sum = (sum.0 + objects, sum.1.zip(*total).map(|(sum, total)| sum + total));
        }
        if kinds.is_empty() {
            let answered = format!("reading: {} answered", group_digits(self.answered));
            return vec![ProgressPart::required(answered), ProgressPart::optional(3, format!(", {in_flight} in flight"))];
        }
        let words = |(kind, (objects, total)): (&&str, &ListingCount)| match total {
            Some(total) => {
                format!("{kind} {} of {}", group_digits(*objects.min(total)), group_digits(*total))
            }
            None => format!("{kind} {}", group_digits(*objects)),
        };
        let listings: Vec<String> = kinds.iter().map(words).collect();
        let mut parts = vec![ProgressPart::required(format!("reading {}", listings.join(", ")))];
        let rate = self.rate(now);
        if let Some(rate) = rate {
            parts.push(ProgressPart::optional(3, format!(" ({})", describe_rate(rate))));
        }
        let left: Option<u64> = kinds.values().map(|(objects, total)| Some((*total)?.saturating_sub(*objects))).sum();
        parts.extend(left.zip(rate).and_then(|(left, rate)| time_left(left, rate)));
        parts
    }

    fn applying_parts(&self, ended: usize, total: usize, stopping: bool, now: Instant) -> Vec<ProgressPart> {
        let of = format!("{} of {} {}", group_digits(ended as u64), group_digits(total as u64), plural_kind(total, "requests"));
        let mut parts = vec![ProgressPart::required(of), ProgressPart::optional(2, format!(", {} in flight", self.in_flight))];
        let rate = self.rate(now);
        if let Some(rate) = rate {
            parts.push(ProgressPart::optional(3, format!(", {}", describe_rate(rate))));
        }
        if stopping {
            parts.push(ProgressPart::optional(1, ", stopping after these".to_owned()));
        } else {
            parts.extend(rate.and_then(|rate| time_left(total.saturating_sub(ended) as u64, rate)));
        }
        parts
    }

    /// The wait that best explains the delay. Short waits are not shown while other requests make progress.
    fn longest_wait(&self, now: Instant) -> Option<&RequestWait> {
        let long = |wait: &&RequestWait| self.in_flight == 0 || wait.until - wait.from >= SHORTEST;
        let waits = self.waits.iter().filter(|wait| wait.until > now).filter(long);
        let rank = |wait: &&RequestWait| match wait.why {
            WaitReason::Asked => 0,
            WaitReason::Again { .. } => 1,
            WaitReason::Rhythm { .. } => 2,
        };
        waits.min_by_key(|wait| (rank(wait), std::cmp::Reverse(wait.until)))
    }
}

impl RequestWait {
    fn describe(&self, now: Instant) -> String {
        let account = &self.account;
        let left = whole_seconds(self.until.saturating_duration_since(now));
        match self.why {
            WaitReason::Asked => format!("waiting {left} s: {account} asks to wait (429)"),
            WaitReason::Rhythm { per_minute } => {
                let (per_minute, requests) = (group_digits(u64::from(per_minute)), plural_kind(per_minute as usize, "requests"));
                format!("waiting for {account}'s {per_minute} {requests} a minute")
            }
            WaitReason::Again { attempt, most, after } => {
                let what = match after {
                    AttemptOutcome::NotConnected => format!("{account} cannot be reached"),
                    AttemptOutcome::Lost => format!("the connection to {account} broke"),
                    AttemptOutcome::Final => format!("{account} refused"),
                    AttemptOutcome::Answered { status, .. } => format!("{account} answered {status}"),
                };
                format!("trying again in {left} s ({attempt} of {most}): {what}")
            }
        }
    }
}

impl ProgressPart {
    fn required(text: String) -> Self {
        Self { text, drop_rank: 0 }
    }

    fn optional(cheap: u8, text: String) -> Self {
        Self { text, drop_rank: cheap }
    }
}

fn time_left(left: u64, rate: f64) -> Option<ProgressPart> {
    let left = Duration::try_from_secs_f64(left as f64 / rate).ok().filter(|_| left > 0)?;
    Some(ProgressPart::optional(1, format!(", {} left", describe_duration(left))))
}

/// As much of it as fits.
fn fit_parts(mut parts: Vec<ProgressPart>, room: usize) -> String {
    loop {
        let line: String = parts.iter().map(|part| part.text.as_str()).collect();
        if line.width() <= room {
            return line;
        }
        let cheapest = parts.iter().map(|part| part.drop_rank).max().unwrap_or_default();
        if cheapest == 0 {
            return truncate_line(&line, room);
        }
        parts.retain(|part| part.drop_rank != cheapest);
    }
}

/// The beginning of a line that is too long. With ASCII dots, because not every terminal has an ellipsis.
fn truncate_line(line: &str, room: usize) -> String {
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
pub(super) fn group_digits(number: u64) -> String {
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

/// `5,100/s`, `48/s`, `1.9/s`, `12/min`: two or three digits, because more are not useful.
fn describe_rate(rate: f64) -> String {
    // Rates are small and not negative.
    let whole = |rate: f64| group_digits(rate.round() as u64);
    match rate {
        _ if rate >= 1000.0 => format!("{}/s", whole((rate / 100.0).round() * 100.0)),
        _ if rate >= 9.95 => format!("{}/s", whole(rate)),
        _ if rate >= 0.95 => format!("{rate:.1}/s"),
        _ => format!("{}/min", whole((rate * 60.0).max(1.0))),
    }
}

/// Whole seconds, rounded up: zero is shown only when no time is left.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// `17 s`, `3 min`, `5 h`.
fn describe_duration(time: Duration) -> String {
    match whole_seconds(time) {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}
