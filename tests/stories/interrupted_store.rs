//! Interrupted while ledger, journal and lock are in an object store that answers with a delay: whichever request the run waits
//! for, it finishes what is in flight, connects the number that it disconnected, frees the lock, and ends.

use std::time::Duration;

use crate::bench::Story;
use crate::closed_output::{APPLY, PATIENCE, WORLD, ends, moved, server, yaml};
use crate::runs::{signal, start};
use crate::slow_store::SlowStore;

const LOCK: &str = "team/ledger.lock";

/// One signal at every request to the store, from the first one to the last.
fn at_each_request(name: &str, part: usize, parts: usize) {
    let store = SlowStore::start(Duration::from_millis(10));
    let story = Story::new(WORLD).secret("ONE", "canary-one-71").with_ledger_at(store.url());
    story.unpod(&yaml("provider: plivo, account_sid: MA42", ""));
    story.apply();
    let (start_world, kept) = (story.sandbox.world(), store.all());
    story.unpod(&moved());
    let before = store.requests();
    story.apply();
    let requests = store.requests() - before;
    let (mut in_part, mut nth) = (0, part);
    while nth <= requests {
        story.sandbox.edit(|world| *world = start_world.clone());
        store.put_back(&kept);
        let what = format!("{name} at request {nth} of {requests} to the store");
        let before = store.requests();
        let child = start(&story, APPLY);
        assert!(store.wait_for(before + nth, PATIENCE), "{what}");
        signal(&child, name);
        let ran = ends(&story, child, &what);
        let done = ran.code == 0 && nth + 4 > requests;
        assert!(ran.code == 130 || done, "{what}\n{}", ran.whole());
        assert_eq!(store.json(LOCK)["state"], "free", "{what}\n{}", ran.whole());
        assert!(!server(&story).is_null(), "{what}: the number is dark\n{}", ran.whole());
        in_part += usize::from(ran.stdout.contains("Done ("));
        story.apply();
        assert!(!server(&story).is_null(), "{what}");
        nth += parts;
    }
    assert!(in_part > 2, "{name}: {in_part} runs had done something when they were interrupted");
}

#[test]
fn ctrl_c_at_each_request() {
    at_each_request("-INT", 1, 3);
}

#[test]
fn a_polite_kill_at_each_request() {
    at_each_request("-TERM", 2, 3);
}

/// As when a terminal is closed or a connection to a machine breaks.
#[test]
fn a_hangup_at_each_request() {
    let ignored = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = ignored.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim().to_owned();
    if u64::from_str_radix(&mask, 16).unwrap() & 1 == 1 {
        // Running the tests with `nohup` means that a hangup ends nothing.
        return;
    }
    at_each_request("-HUP", 3, 3);
}
