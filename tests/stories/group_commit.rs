//! Records of a run that are due at the same time go to the object store together, and nothing is sent before its intent is there.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;

use crate::bench::Story;
use crate::runs::{end, interrupt_was_seen, signal, start};
use crate::slow_store::SlowStore;
use crate::traces::{Collector, attributes};

const CREATES: usize = 20;

fn many(creates: usize) -> String {
    let one =
        |number: usize| format!("  p{number}: {{ provider: twilio, account_sid: AC{number}, auth_token: {{ env: AUTH }} }}\n");
    format!("providers:\n{}", (1..=creates).map(one).collect::<String>())
}

fn story() -> Story {
    Story::new("{}").secret("AUTH", "canary-auth-group")
}

fn journal(store: &SlowStore) -> String {
    store.all().into_iter().filter(|(key, _)| key.contains(".journal.")).map(|(_, text)| text).collect()
}

/// Steps whose request was announced in the journal that the store has.
fn announced(store: &SlowStore) -> usize {
    journal(store).matches(r#""what":"intent""#).count()
}

#[test]
fn records_that_are_due_together_go_together() {
    let store = SlowStore::start(Duration::from_millis(40));
    let story = story().with_ledger_at(store.url());
    story.unpod_with("max_in_flight: 4, ", &many(CREATES));
    story.apply();
    let writes = store.take_log();
    assert_eq!(announced(&store), CREATES);
    // One by one there were 65: three for each create.
    assert!(writes.len() <= 45, "{} writes: {writes:#?}", writes.len());
    assert_eq!(store.json("team/ledger.json")["objects"].as_object().unwrap().len(), CREATES);
    story.expect(0, "journal verify");
    story.in_sync();
}

/// Each request that arrived was announced in the store before, and not more arrive at the same time than the account allows.
#[test]
fn nothing_is_sent_before_its_intent_is_stored() {
    let store = SlowStore::start(Duration::from_millis(10));
    let story = story().with_ledger_at(store.url());
    story.unpod_with("max_in_flight: 4, ", &many(CREATES));
    story.fault("{ match: { method: POST, times: 0 }, effect: hold }");
    let mut run = start(&story, "apply --auto-approve");
    // As many as are prepared ahead, of which four are sent.
    while announced(&store) < 16 || story.sandbox.writes().len() < 4 {
        std::thread::park_timeout(Duration::from_millis(5));
        assert!(story.sandbox.writes().len() <= announced(&store));
    }
    // What was announced and not sent is recorded as not started: nobody has to look for it.
    signal(&run, "-INT");
    let stderr = interrupt_was_seen(&mut run);
    story.sandbox.clear_faults();
    story.sandbox.let_go();
    let run = end(&story, "apply", run);
    assert_eq!(run.code, 130, "{}", run.whole());
    drop(stderr);
    assert_eq!(story.sandbox.writes().len(), 4);
    assert_eq!(journal(&store).matches("the run stopped before its request was sent").count(), 12, "{}", journal(&store));
    story.expect(0, "journal verify");
    story.apply();
    assert_eq!(story.sandbox.writes().len(), CREATES, "nothing is created twice");
    story.in_sync();
}

/// The first line of a run is written while its first steps look at their targets. Where it cannot be written, nothing is sent, and
/// nothing else is recorded.
#[test]
fn a_run_whose_first_line_is_not_stored_sends_nothing() {
    let store = SlowStore::start(Duration::from_millis(2));
    let story = story().with_ledger_at(store.url());
    story.unpod_with("max_in_flight: 4, ", &many(1));
    story.apply();
    story.unpod_with("max_in_flight: 4, ", &many(CREATES));
    story.fault("{ match: { method: GET, times: 0 }, effect: hold }");
    let before = store.requests();
    let run = start(&story, "apply --auto-approve");
    // The note of the lock is read and replaced; meanwhile the ledger and two parts of the journal are read.
    assert!(store.wait_for(before + 5, Duration::from_secs(20)));
    store.settle();
    let part = "team/ledger.journal.000001";
    let text = store.get(part).unwrap();
    store.put(part, &text);
    story.sandbox.clear_faults();
    story.sandbox.let_go();
    let run = end(&story, "apply", run);
    assert_eq!(run.code, 1, "{}", run.whole());
    assert!(run.stderr.contains("another process changed s3://telform/team/ledger.journal.000001"), "{}", run.whole());
    assert_eq!((store.get(part).unwrap(), story.sandbox.writes().len()), (text, 1));
    // What another program wrote is confirmed by a person.
    story.expect(1, "apply --auto-approve").says("telform::journal::restored");
}

/// Prints how long creates take with a ledger in a file and in a store, where each request to the services and to the store takes
/// 300 ms, and of the runs with twenty what was sent to whom and when. Run it with
/// `cargo test --test stories group_commit -- --ignored --nocapture`.
#[test]
#[ignore = "it measures"]
fn how_long_creates_take() {
    for creates in [20, 100] {
        let [local, first, known] = [None, Some(false), Some(true)].map(|known| {
            let (took, report) = measure(creates, known);
            println!("{report}");
            took
        });
        println!("{creates} creates: {:.2} times as long, with a new store {:.2}\n", known / local, first / local);
    }
}

const DELAY: Duration = Duration::from_millis(300);

/// Seconds of an apply, and what was sent. `known`: whether an earlier run has used the store, where the ledger is in one.
fn measure(creates: usize, known: Option<bool>) -> (f64, String) {
    let store = known.map(|_| SlowStore::start(DELAY));
    let collector = Collector::start(Some("200 OK"));
    let mut story = story();
    if let Some(store) = &store {
        story = story.with_ledger_at(store.url());
    }
    if known == Some(true) {
        story.unpod_with("max_in_flight: 4, ", "providers: {}\n");
        story.expect(0, "apply --auto-approve");
    }
    story.unpod_with("max_in_flight: 4, ", &many(creates));
    for method in ["GET", "WRITE"] {
        story.fault(&format!("{{ match: {{ method: {method}, times: 0 }}, effect: {{ delay_ms: 300 }} }}"));
    }
    let before = store.as_ref().map_or(0, SlowStore::requests);
    let _ = store.as_ref().map(SlowStore::take_log);
    story.settings.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector.url());
    let began = Instant::now();
    story.expect(0, "apply --auto-approve");
    let took = began.elapsed().as_secs_f64();
    let requests = store.as_ref().map_or(0, SlowStore::requests) - before;
    let writes = store.as_ref().map_or(0, |store| store.take_log().len());
    let mut report = format!("{creates} creates, known store: {known:?}: {took:.2} s, {requests} requests, {writes} writes");
    if creates <= 20 {
        report.push_str(&requests_of(&collector));
    }
    (took, report)
}

/// Each request with its begin and end, in milliseconds.
fn requests_of(collector: &Collector) -> String {
    let mut spans = collector.spans();
    spans.sort_by_key(|span| span.start_time_unix_nano);
    let first = spans.first().map_or(0, |span| span.start_time_unix_nano);
    let shown = spans.iter().filter(|span| !["step", "wait"].contains(&span.name.as_str()));
    let line = |span: &Span| {
        let of = attributes(&span.attributes);
        let about = ["telform.store.object", "url.path"].iter().find_map(|name| of.get(*name)).cloned().unwrap_or_default();
        let since = |nanos: u64| (nanos - first) / 1_000_000;
        format!("\n{:>6} {:>6} {} {about}", since(span.start_time_unix_nano), since(span.end_time_unix_nano), span.name)
    };
    shown.map(line).collect()
}
