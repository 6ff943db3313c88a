//! Records of a run that are due at the same time go to the object store together, and nothing is sent before its intent is there.

use std::time::{Duration, Instant};

use crate::bench::Story;
use crate::runs::{end, interrupt_was_seen, signal, start};
use crate::slow_store::SlowStore;

const CREATES: usize = 20;

fn twenty() -> String {
    let one =
        |number: usize| format!("  p{number}: {{ provider: twilio, account_sid: AC{number}, auth_token: {{ env: AUTH }} }}\n");
    format!("providers:\n{}", (1..=CREATES).map(one).collect::<String>())
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
    story.unpod_with("max_in_flight: 4, ", &twenty());
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
    story.unpod_with("max_in_flight: 4, ", &twenty());
    story.fault("{ match: { method: POST, times: 0 }, effect: hold }");
    let mut run = start(&story, "apply --auto-approve");
    while announced(&store) < 5 {
        std::thread::park_timeout(Duration::from_millis(5));
        assert!(story.sandbox.writes().len() <= announced(&store));
    }
    assert_eq!(story.sandbox.writes().len().max(4), 4);
    // What was announced and not sent is recorded as not started: nobody has to look for it.
    signal(&run, "-INT");
    let stderr = interrupt_was_seen(&mut run);
    story.sandbox.clear_faults();
    story.sandbox.let_go();
    let run = end(&story, "apply", run);
    assert_eq!(run.code, 130, "{}", run.whole());
    drop(stderr);
    let sent = story.sandbox.writes().len();
    assert!(sent <= announced(&store), "{sent} requests");
    assert!(journal(&store).contains("the run stopped before its request was sent"), "{}", journal(&store));
    story.expect(0, "journal verify");
    story.apply();
    assert_eq!(story.sandbox.writes().len(), CREATES, "nothing is created twice");
    story.in_sync();
}

/// Prints how long twenty creates take with a ledger in a file and in a store, where each request to the services and to the store
/// takes 300 ms. Run it with `cargo test --test stories group_commit -- --ignored --nocapture`.
#[test]
#[ignore = "it measures"]
fn how_long_twenty_creates_take() {
    const DELAY: Duration = Duration::from_millis(300);
    let mut took = Vec::new();
    for shared in [false, true, true] {
        let store = SlowStore::start(DELAY);
        let story = if shared { story().with_ledger_at(store.url()) } else { story() };
        if took.len() == 2 {
            // The store is known.
            story.unpod_with("max_in_flight: 4, ", "providers: {}\n");
            story.expect(0, "apply --auto-approve");
        }
        story.unpod_with("max_in_flight: 4, ", &twenty());
        for method in ["GET", "WRITE"] {
            story.fault(&format!("{{ match: {{ method: {method}, times: 0 }}, effect: {{ delay_ms: 300 }} }}"));
        }
        store.take_log();
        let (began, requests) = (Instant::now(), store.requests());
        story.expect(0, "apply --auto-approve");
        took.push(began.elapsed());
        let (writes, requests) = (store.take_log().len(), store.requests() - requests);
        println!("shared: {shared}, {} ms, {requests} requests to the store, {writes} writes", began.elapsed().as_millis());
    }
    println!("{:.2} times as long", took[1].as_secs_f64() / took[0].as_secs_f64());
}
