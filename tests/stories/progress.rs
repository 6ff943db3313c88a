//! The line at the bottom of a terminal while something takes long: its text, and that nothing of it remains.

use std::process::Child;

use serde_json::json;

use crate::bench::{Ran, Story};
use crate::partners::west;
use crate::runs::{TWO, end, start, wait_for_a_write};
use crate::terminal::Terminal;

/// Three pages of partners, and one more that is wanted.
fn partners() -> Story {
    let partners: Vec<_> = (0..2500)
        .map(|index| {
            json!({
                "partner_sid": format!("{index:08x}-8b1e-4a37-9d55-0c2be1a7f410"), "login": format!("reseller-{index:04}"),
                "name": "Reseller", "company_name": "Acme", "country_code": "USA", "zip": "01234",
                "owner_email": "ops@acme.example", "phonenumber": format!("1516{index:07}"), "payment_type": "prepay",
            })
        })
        .collect();
    let world = json!({ "carrierx": { "partners": partners } }).to_string();
    let story = Story::new(&world).secret("WEST_PASSWORD", "canary-west-progress").setting("TERM", "xterm");
    story.carrierx(&west(""));
    story
}

/// Two configurations to make, one after the other.
fn two() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-progress").setting("TERM", "xterm");
    story.unpod_with("max_in_flight: 1, ", TWO);
    story
}

/// What is left on a terminal: the lines that were not erased.
fn left(seen: &str) -> String {
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0_usize, 0_usize);
    let mut chars = seen.chars();
    while let Some(char) = chars.next() {
        match char {
            '\r' => column = 0,
            '\n' => (row, column) = (row + 1, 0),
            '\u{1b}' => {
                assert_eq!(chars.next(), Some('['));
                let code: String = chars.by_ref().take_while_inclusive(|char| !char.is_ascii_alphabetic());
                let count = code[..code.len() - 1].parse().unwrap_or(1);
                match code.as_str() {
                    "2K" => lines[row].clear(),
                    "0K" | "K" => lines[row].truncate(column),
                    "0J" | "J" => {
                        lines.truncate(row + 1);
                        lines[row].truncate(column);
                    }
                    _ if code.ends_with('A') => row -= count,
                    // Colours; anything else would be something that this does not know.
                    _ => assert!(code.ends_with('m'), "{code}"),
                }
            }
            other => {
                let line: &mut Vec<char> = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = other;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    let text = |line: Vec<char>| line.into_iter().collect::<String>().trim_end().to_owned();
    lines.into_iter().map(text).collect::<Vec<_>>().join("\n")
}

trait TakeWhileInclusive {
    fn take_while_inclusive(self, go_on: impl Fn(char) -> bool) -> String;
}

impl<I: Iterator<Item = char>> TakeWhileInclusive for I {
    fn take_while_inclusive(self, go_on: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        for char in self {
            taken.push(char);
            if !go_on(char) {
                break;
            }
        }
        taken
    }
}

/// Runs to the end; the remaining text on the terminal counts as standard output.
fn ends(story: &Story, mut child: Child, terminal: &mut Terminal) -> Ran {
    terminal.until(|_| false);
    let stdout = left(&terminal.text()).into_bytes();
    let output = std::process::Output { status: child.wait().unwrap(), stdout, stderr: Vec::new() };
    assert!(!terminal.text().contains("\u{1b}[?25l"), "the cursor was never hidden");
    story.ran("at a terminal", &output)
}

/// Runs at a terminal of 80 columns; returns everything that was on it, and what was left.
fn run(story: &Story, args: &str) -> (String, Ran) {
    let mut terminal = Terminal::sized(80);
    let child = terminal.runs(story, args);
    let ran = ends(story, child, &mut terminal);
    (terminal.text(), ran)
}

/// The same at a terminal that cannot take a line back.
fn run_plainly(mut story: Story, args: &str) -> Ran {
    story.settings.insert("TERM".to_owned(), "dumb".to_owned());
    story.sandbox.clear_faults();
    let (seen, ran) = run(&story, args);
    assert_eq!(seen, seen.replace(['\r', '\u{1b}'], ""));
    ran
}

#[track_caller]
fn stood(seen: &str, words: &str) {
    assert!(seen.contains(words), "`{words}` never stood on {seen:?}");
}

/// How long steps took is another number in every run.
fn without_times(text: &str) -> String {
    let words = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let time = |at: usize| words.get(at + 1).is_some_and(|unit| matches!(*unit, "ms" | "s"));
        let kept: Vec<&str> = (0..words.len()).filter(|at| !time(*at)).map(|at| words[at]).collect();
        kept.join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_long_reading_says_how_far_it_is_and_leaves_nothing() {
    let story = partners();
    story.fault("{ match: { method: GET, times: 0 }, effect: { delay_ms: 800 } }");
    let (seen, ran) = run(&story, "plan");
    stood(&seen, "reading partners 1,000 of 2,500");
    ran.is_silent_about("reading");
    let plain = run_plainly(story, "plan");
    assert_eq!((ran.code, ran.stdout), (0, plain.stdout));
}

#[track_caller]
fn a_wait(fault: &str, args: &str, words: [&str; 2]) -> String {
    let story = partners();
    story.fault(fault);
    let (seen, ran) = run(&story, args);
    // Between them is how many seconds are left when the line is drawn, which is not the same on a busy machine.
    words.iter().for_each(|words| stood(&seen, words));
    let plain = run_plainly(story, args);
    assert_eq!((ran.code, ran.stdout), (0, plain.stdout));
    seen
}

#[test]
fn a_service_that_asks_for_a_pause_is_named_without_colours_too() {
    let fault = "{ match: { path: /core/v2/partners }, effect: { answer: { status: 429, retry_after: '2' } } }";
    let seen = a_wait(fault, "plan --color never", ["; waiting ", " s: carrierx asks to wait (429)"]);
    let coloured = seen
        .split("\u{1b}[")
        .skip(1)
        .any(|code| code.trim_start_matches(|char: char| char.is_ascii_digit() || char == ';').starts_with('m'));
    assert!(!coloured, "{seen:?}");
}

#[test]
fn another_attempt_says_why() {
    let fault = "{ match: { path: /core/v2/partners }, effect: { answer: { status: 503, retry_after: '2' } } }";
    a_wait(fault, "plan", ["; trying again in ", " s (2 of 6): carrierx answered 503"]);
}

#[test]
fn the_rhythm_of_an_account_is_named_and_ctrl_c_leaves_nothing() {
    let story = partners();
    let text = story.read("telform.yaml").replace("requests_per_minute: 60000", "requests_per_minute: 1");
    story.file("telform.yaml", &text);
    let mut terminal = Terminal::sized(80);
    let child = terminal.runs(&story, "plan");
    let words = "reading partners 1,000 of 2,500; waiting for carrierx's 1 request a minute";
    assert!(terminal.until(|text| text.contains(words)), "{}", terminal.text());
    terminal.types("\x03");
    let ran = ends(&story, child, &mut terminal);
    assert_eq!((ran.code, ran.stdout.as_str()), (130, ""));
}

#[test]
fn a_lock_counts_down() {
    let story = two();
    story.fault("{ match: { method: POST }, effect: { delay_ms: 2500 } }");
    let first = start(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    let mut terminal = Terminal::sized(80);
    let second = terminal.runs(&story, "apply --auto-approve --lock-timeout 60s");
    assert!(terminal.until(|text| text.contains(" s left: somebody on ")), "{}", terminal.text());
    assert_eq!(end(&story, "apply", first).code, 0);
    let ran = ends(&story, second, &mut terminal);
    assert_eq!(ran.code, 0, "{}", ran.whole());
    ran.says("waiting for the lock, at most ").says("Plan: no changes").is_silent_about(" s left");
    assert_eq!(story.writes().len(), 2);
}

#[test]
fn an_apply_counts_its_requests_below_the_steps() {
    let story = two();
    story.fault("{ match: { method: POST, times: 0 }, effect: { delay_ms: 900 } }");
    let (seen, ran) = run(&story, "apply --auto-approve");
    stood(&seen, "0 of 2 requests, 1 in flight");
    stood(&seen, "1 of 2 requests, 1 in flight");
    let plain = run_plainly(two(), "apply --auto-approve");
    assert_eq!(ran.code, 0);
    // Each simulator has a port of its own, which is part of the digest too.
    let same = |text: &str| {
        let lines = without_times(text);
        lines
            .lines()
            .filter(|line| !["127.0.0.1", "journal-head ", "Journal head: "].iter().any(|it| line.contains(it)))
            // Below its command where that does not fit.
            .filter(|line| line.trim().len() != 64)
            .filter(|line| !line.starts_with("Digest: "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(same(&ran.stdout), same(&plain.stdout));
    ran.is_silent_about("in flight").says("Done: 2 writes");
}

/// The report of a bug begins on a line of its own.
#[test]
fn a_panic_takes_the_line_away() {
    let story = two().setting("TELFORM_DEBUG_PANIC", "after_write");
    story.fault("{ match: { method: POST }, effect: { delay_ms: 900 } }");
    let (seen, ran) = run(&story, "apply --auto-approve");
    stood(&seen, "0 of 2 requests, 1 in flight");
    assert_eq!(ran.code, 5);
    ran.says("\nerror[telform::bug]").is_silent_about("in flight");
}

#[test]
fn nothing_of_it_where_nobody_asked_for_it() {
    let story = partners();
    let slow = "{ match: { method: GET }, effect: { answer: { status: 429, retry_after: '1' } } }";
    for args in ["plan --json", "plan --quiet"] {
        story.fault(slow);
        let (seen, ran) = run(&story, args);
        let quick = run(&story, args);
        assert_eq!((seen, ran.code), (quick.0, 0), "{args}");
        assert!(!ran.stdout.contains("waiting"), "{args}: {}", ran.stdout);
    }
    // Without a terminal, whatever it is called.
    story.fault(slow);
    let slow = story.expect(0, "plan");
    let quick = story.expect(0, "plan");
    assert_eq!((slow.stdout, slow.stderr), (quick.stdout, String::new()));
}
