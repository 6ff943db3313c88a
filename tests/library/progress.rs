//! The progress line of a long run, on a clock that the test sets.

use std::time::{Duration, Instant};

use telform::apply::event::{ApplyEvent, StepOutcome as Ended};
use telform::http::retry::AttemptOutcome;
use telform::http::{WaitReason, WaitStarted};
use telform::output::view::progress::ProgressLine;
use telform::read::ListingProgress;

/// A stretch of work and its time.
struct Run {
    progress: ProgressLine,
    began: Instant,
    at: Duration,
}

impl Run {
    fn reading() -> Self {
        let began = Instant::now();
        Self { progress: ProgressLine::reading(began), began, at: Duration::ZERO }
    }

    fn applying(steps: usize) -> Self {
        let began = Instant::now();
        let mut run = Self { progress: ProgressLine::applying(began), began, at: Duration::ZERO };
        run.hear(&ApplyEvent::Started { digest: String::new(), steps });
        run
    }

    fn now(&self) -> Instant {
        self.began + self.at
    }

    fn after(&mut self, milliseconds: u64) -> &mut Self {
        self.at += Duration::from_millis(milliseconds);
        self
    }

    fn hear(&mut self, event: &ApplyEvent) {
        self.progress.on_event(event, self.began + self.at);
    }

    fn ends(&mut self, steps: usize) -> &mut Self {
        for _ in 0..steps {
            self.hear(&ApplyEvent::StepEnded { step: "s1".into(), outcome: Ended::done(), milliseconds: 1 });
        }
        self
    }

    fn page(&mut self, account: &str, kind: &'static str, objects: u64, total: Option<u64>) -> &mut Self {
        let now = self.now();
        self.progress.on_listed(&ListingProgress { account, kind, restarted: false, objects, total }, now);
        self
    }

    fn again(&mut self, kind: &'static str, total: u64) -> &mut Self {
        let now = self.now();
        self.progress.on_listed(&ListingProgress { account: "a", kind, restarted: true, objects: 0, total: Some(total) }, now);
        self
    }

    fn sends(&mut self, requests: usize) -> &mut Self {
        (0..requests).for_each(|_| self.progress.on_request());
        self
    }

    fn waits(&mut self, milliseconds: u64, why: WaitReason) -> &mut Self {
        let now = self.now();
        let pause = Duration::from_millis(milliseconds);
        self.progress.on_wait(&WaitStarted { account: "carrierx", pause, reason: why }, now);
        self
    }

    fn at(&self, columns: usize) -> String {
        let line = self.progress.render_line(self.now(), columns).expect("a line");
        assert!(line.chars().count() < columns, "{columns}: {line}");
        line
    }

    fn line(&self) -> String {
        self.at(80)
    }
}

const RHYTHM: WaitReason = WaitReason::Rhythm { per_minute: 240 };

#[test]
fn what_is_over_soon_is_not_mentioned() {
    let mut run = Run::reading();
    run.page("a", "partners", 1000, Some(100_000)).after(499);
    assert_eq!(run.progress.render_line(run.now(), 80), None);
    run.after(1);
    assert_eq!(run.line(), "reading partners 1,000 of 100,000");
}

#[test]
fn a_reading_says_how_far_how_fast_and_how_long() {
    let mut run = Run::reading();
    for _ in 0..12 {
        run.after(200).page("a", "partners", 1000, Some(100_000));
    }
    assert_eq!(run.line(), "reading partners 12,000 of 100,000 (5,000/s), 18 s left");
    for _ in 0..88 {
        run.after(200).page("a", "partners", 1000, Some(100_000));
    }
    assert_eq!(run.line(), "reading partners 100,000 of 100,000 (5,000/s)");
}

#[test]
fn kinds_and_accounts_are_added_up() {
    let mut run = Run::reading();
    run.after(2000).page("a", "partners", 1000, Some(4000)).page("b", "partners", 1000, Some(2000));
    assert_eq!(run.line(), "reading partners 2,000 of 6,000 (1,000/s), 4 s left");
    run.page("c", "bridges", 100, Some(400));
    assert_eq!(run.line(), "reading bridges 100 of 400, partners 2,000 of 6,000 (1,100/s), 5 s left");
    // Where one of them does not report a total, it is not known how long it takes.
    run.page("d", "bridges", 100, None);
    assert_eq!(run.line(), "reading bridges 200, partners 2,000 of 6,000 (1,100/s)");
}

#[test]
fn what_is_read_once_more_begins_anew() {
    let mut run = Run::reading();
    run.after(2000).page("a", "bridges", 450, Some(450)).again("bridges", 450).after(500);
    assert_eq!(run.line(), "reading bridges 0 of 450");
    run.page("a", "bridges", 3, Some(450)).after(500);
    assert_eq!(run.line(), "reading bridges 3 of 450 (3.0/s), 3 min left");
    // A service that shows more than it counts does not make it more than all.
    run.page("a", "bridges", 900, Some(450));
    assert_eq!(run.line(), "reading bridges 450 of 450 (903/s)");
}

#[test]
fn without_pages_the_answers_are_counted() {
    let mut run = Run::reading();
    run.sends(4).after(700);
    run.progress.on_attempt_end(true);
    assert_eq!(run.line(), "reading: 1 answered, 3 in flight");
    // A request that got no answer is none.
    run.progress.on_attempt_end(false);
    assert_eq!(run.line(), "reading: 1 answered, 2 in flight");
}

#[test]
fn an_apply_says_how_far_how_fast_and_how_long() {
    let mut run = Run::applying(100);
    run.after(900);
    assert_eq!(run.line(), "0 of 100 requests, 0 in flight");
    run.sends(2);
    for _ in 0..34 {
        run.after(500).ends(1);
    }
    assert_eq!(run.line(), "34 of 100 requests, 2 in flight, 2.0/s, 33 s left");
    run.hear(&ApplyEvent::Interrupted);
    assert_eq!(run.line(), "34 of 100 requests, 2 in flight, 2.0/s, stopping after these");
    assert_eq!(Run::applying(1).after(500).line(), "0 of 1 request, 0 in flight");
}

#[test]
fn the_rate_is_that_of_now() {
    let mut run = Run::applying(1000);
    // A minute's worth at once, then four a second.
    run.after(1000).ends(240);
    assert_eq!(run.line(), "240 of 1,000 requests, 0 in flight, 240/s, 4 s left");
    for _ in 0..60 {
        run.after(250).ends(1);
    }
    assert_eq!(run.line(), "300 of 1,000 requests, 0 in flight, 4.0/s, 3 min left");
    // Slow steps have a rate too, and it falls while nothing comes.
    let mut run = Run::applying(100);
    for _ in 0..10 {
        run.after(12_000).ends(1);
    }
    assert_eq!(run.line(), "10 of 100 requests, 0 in flight, 5/min, 18 min left");
    run.after(96_000);
    assert_eq!(run.line(), "10 of 100 requests, 0 in flight, 3/min, 36 min left");
}

#[test]
fn long_times_are_hours() {
    let mut run = Run::applying(100_000);
    run.after(8_000).ends(8);
    assert_eq!(run.line(), "8 of 100,000 requests, 0 in flight, 1.0/s, 28 h left");
}

#[test]
fn numbers_that_are_connected_again_are_counted_afresh() {
    let mut run = Run::applying(100);
    run.after(600).ends(3);
    run.hear(&ApplyEvent::Interrupted);
    run.hear(&ApplyEvent::Reconnecting { steps: Vec::new() });
    assert_eq!(run.line(), "3 of 3 requests, 0 in flight");
}

#[test]
fn every_wait_has_its_words() {
    let again = |after| WaitReason::Again { attempt: 3, most: 5, after };
    for (why, words) in [
        (WaitReason::Asked, "; waiting 12 s: carrierx asks to wait (429)"),
        (RHYTHM, "; waiting for carrierx's 240 requests a minute"),
        (WaitReason::Rhythm { per_minute: 1 }, "; waiting for carrierx's 1 request a minute"),
        (again(AttemptOutcome::Lost), "; trying again in 12 s (3 of 5): the connection to carrierx broke"),
        (again(AttemptOutcome::NotConnected), "; trying again in 12 s (3 of 5): carrierx cannot be reached"),
        (
            again(AttemptOutcome::Answered { status: 503, retry_after: None }),
            "; trying again in 12 s (3 of 5): carrierx answered 503",
        ),
    ] {
        let mut run = Run::applying(9);
        run.after(600).waits(11_900, why);
        assert_eq!(run.at(120), format!("0 of 9 requests, 0 in flight{words}"));
        run.after(11_900);
        assert_eq!(run.line(), "0 of 9 requests, 0 in flight", "it is over by itself");
    }
}

#[test]
fn the_wait_that_says_most_is_shown() {
    let mut run = Run::applying(9);
    run.after(600).waits(3_000, RHYTHM).waits(9_000, RHYTHM).waits(2_000, WaitReason::Asked);
    assert!(run.line().ends_with("; waiting 2 s: carrierx asks to wait (429)"), "{}", run.line());
    run.after(2_000);
    assert!(run.line().ends_with("; waiting for carrierx's 240 requests a minute"), "{}", run.line());
    // A short one only when no request is in flight.
    let mut run = Run::applying(9);
    run.after(600).waits(250, RHYTHM);
    assert!(run.line().contains("waiting"), "{}", run.line());
    run.sends(1);
    assert_eq!(run.line(), "0 of 9 requests, 1 in flight");
}

#[test]
fn a_narrow_terminal_keeps_what_matters() {
    let mut run = Run::reading();
    run.after(2400).page("a", "partners", 12_000, Some(100_000)).waits(12_000, WaitReason::Asked);
    let whole = "reading partners 12,000 of 100,000 (5,000/s), 18 s left; waiting 12 s: carrierx asks to wait (429)";
    assert_eq!(run.at(120), whole);
    assert_eq!(run.at(90), "reading partners 12,000 of 100,000, 18 s left; waiting 12 s: carrierx asks to wait (429)");
    assert_eq!(run.line(), "reading partners 12,000 of 100,000; waiting 12 s: carrierx asks to wait (429)");
    assert_eq!(run.at(40), "reading partners 12,000 of 100,000; ...");
    for columns in 1..120 {
        run.at(columns);
    }
}

#[test]
fn a_lock_is_named_with_its_holder() {
    let began = Instant::now();
    let progress = ProgressLine::waiting_for_lock("ann\u{1b}[31m on box", Duration::from_secs(60), began);
    assert_eq!(progress.render_line(began, 80), None);
    let line = progress.render_line(began + Duration::from_secs(12), 80).unwrap_or_default();
    assert_eq!(line, "waiting for the lock, 48 s left: ann\\u{1b}[31m on box");
}

/// The name of an account comes from a file.
#[test]
fn nothing_of_it_steers_a_terminal() {
    let mut run = Run::reading();
    run.after(600);
    let waits = WaitStarted { account: "a\r\u{1b}[2Jb", pause: Duration::from_secs(3), reason: WaitReason::Asked };
    let now = run.now();
    run.progress.on_wait(&waits, now);
    assert!(!run.at(200).contains(char::is_control), "{:?}", run.at(200));
    // Wide characters count for what they take up.
    let waits = WaitStarted { account: &"電".repeat(60), pause: Duration::from_secs(9), reason: WaitReason::Asked };
    run.progress.on_wait(&waits, now);
    let line = run.line();
    assert!(unicode_width::UnicodeWidthStr::width(line.as_str()) < 80, "{line}");
    assert!(line.ends_with("..."), "{line}");
}
