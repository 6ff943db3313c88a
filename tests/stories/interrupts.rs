//! Ctrl-C at a real terminal: once, twice, and before anything was written.

use telform::journal::{self, Record};

use crate::bench::{Ran, Story};
use crate::runs::{TWO, wait_for_a_write};
use crate::terminal::Terminal;

const CTRL_C: &str = "\x03";

fn story() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-ctrl-c");
    story.unpod(TWO);
    story
}

/// What stood on the terminal, as what came out of the run.
fn ended(story: &Story, mut child: std::process::Child, terminal: &mut Terminal) -> Ran {
    terminal.until(|_| false);
    let output = std::process::Output {
        status: child.wait().unwrap(),
        stdout: terminal.text().into_bytes(),
        stderr: Vec::new(),
    };
    story.ran("apply at a terminal", &output)
}

fn kept(story: &Story) -> journal::Journal {
    journal::check(story.read(".telform/ledger.journal").as_bytes()).unwrap()
}

#[test]
fn once_finishes_the_request_in_flight() {
    let story = story();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 700 } }");
    let mut terminal = Terminal::open();
    let child = terminal.runs(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    terminal.types(CTRL_C);
    let ran = ended(&story, child, &mut terminal);
    assert_eq!(ran.code, 130, "{}", ran.whole());
    ran.says("^Cinterrupted: finishing what is running; once more to stop at once")
        .says("Not started (1)")
        .says("interrupted");
    assert_eq!(story.writes().len(), 1, "the request in flight was finished, and no other sent");
    assert_eq!(story.ledger()["objects"].as_object().unwrap().len(), 1, "it is recorded");
    let journal = kept(&story);
    let runs = journal::runs(&journal.lines);
    let [run] = runs.as_slice() else { panic!("one run") };
    assert!(run.interrupted);
    assert_eq!((run.result(), run.writes(), run.open().len()), ("interrupted", 1, 0));
    let Some(Record::Finished { exit, .. }) = run.finished else { panic!("a receipt") };
    assert_eq!(*exit, 130);
    assert_eq!(story.ledger()["journal"], serde_json::json!(journal.head()));
    story.apply();
    story.in_sync();
}

#[test]
fn twice_stops_at_once_and_leaves_the_step_open() {
    let story = story();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 20000 } }");
    let mut terminal = Terminal::open();
    let child = terminal.runs(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    terminal.types(CTRL_C);
    assert!(terminal.until(|text| text.contains("once more to stop at once")), "{}", terminal.text());
    let begun = std::time::Instant::now();
    terminal.types(CTRL_C);
    let ran = ended(&story, child, &mut terminal);
    assert!(begun.elapsed().as_secs() < 10, "it did not wait for the answer");
    assert_eq!(ran.code, 130, "{}", ran.whole());
    let journal = kept(&story);
    let runs = journal::runs(&journal.lines);
    let [run] = runs.as_slice() else { panic!("one run") };
    assert_eq!((run.result(), run.writes()), ("cut off", 0));
    let open = run.open();
    let [step] = open.as_slice() else { panic!("one open step: {open:?}") };
    assert_eq!(step.step, run.steps.iter().find(|step| step.intent.is_some()).unwrap().id);
    // The create had its effect, unseen: the next run says so and finds it.
    story.sandbox.clear_faults();
    story.apply().says("was cut off with 1 step open");
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
    story.in_sync();
}

/// At the question there is nothing to finish: the process ends, nothing was written, and the ledger is free.
#[test]
fn at_the_question() {
    let story = story();
    let mut terminal = Terminal::open();
    let child = terminal.runs(&story, "apply");
    assert!(terminal.until(|text| text.contains("Type ") && text.ends_with(": ")), "{}", terminal.text());
    terminal.types(CTRL_C);
    let ran = ended(&story, child, &mut terminal);
    assert_eq!(ran.code, 130, "{}", ran.whole());
    assert_eq!(story.writes(), [""; 0]);
    assert!(!story.path(".telform/ledger.journal").exists(), "a run that never began leaves no line");
    story.apply();
    story.in_sync();
}
