//! Interrupted while ledger, journal and lock are in an object store that answers with a delay: whichever request the run waits
//! for, it finishes what is in flight, connects the number that it cut, frees the lock, and ends.

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Ran, Story};
use crate::runs::{end, signal, start};
use crate::slow_store::SlowStore;

const LOCK: &str = "team/ledger.lock";
const APPLY: &str = "apply --auto-approve";
/// Far longer than any of these runs takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A configuration is replaced and its number moved, beside updates of two other objects.
const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-one-71 }
  numbers:
    - { number: '+14155550101' }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
    - { id: 302, slug: help, name: Help }
    - { id: 303, slug: away, name: Away }
";

fn yaml(provider: &str, name: &str) -> String {
    format!(
        "
guards: {{ max_deletes: 2 }}
providers:
  old: {{ {provider}, auth_token: {{ env: ONE }} }}
bridges:
  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: old }} }} }}
  help: {{ slug: help, name: Help {name} }}
  away: {{ slug: away, name: Away {name} }}
"
    )
}

/// As [`end`], and never for ever.
pub(crate) fn ends(story: &Story, mut child: Child, what: &str) -> Ran {
    let until = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            let ran = end(story, APPLY, child);
            panic!("{what}: the run does not end\n{}", ran.whole());
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    end(story, APPLY, child)
}

/// What serves the number.
fn server(story: &Story) -> Value {
    let world = story.world();
    let bridges = world["unpod"]["bridges"].as_array().unwrap().clone();
    let sales = bridges.into_iter().find(|bridge| bridge["slug"] == "sales").unwrap();
    let seat = sales["numbers"]["+14155550101"].clone();
    if seat.is_object() { seat["configuration"].clone() } else { seat }
}

/// One signal at every request to the store, from the first one to the last.
fn at_each_request(name: &str, part: usize, parts: usize) {
    let store = SlowStore::start(Duration::from_millis(10));
    let story = store.with_ledger(Story::new(WORLD).secret("ONE", "canary-one-71"));
    story.unpod(&yaml("provider: plivo, account_sid: MA42", ""));
    story.apply();
    let (start_world, kept) = (story.sandbox.world(), store.all());
    story.unpod(&yaml("provider: exotel, account_sid: EX99", "West"));
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
        // Whoever runs the tests with `nohup` has asked that a hangup ends nothing.
        return;
    }
    at_each_request("-HUP", 3, 3);
}
