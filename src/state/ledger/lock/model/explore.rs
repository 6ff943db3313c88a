//! The exploration of the model, and what it must find.

use std::collections::BTreeSet;
use std::io::Write;

use stateright::{Checker, HasDiscoveries, Model};

use super::{Fault, Lock};

/// No model here has as many transitions; one that has is not explored to its end.
const LIMIT: usize = 20_000_000;

/// Looks at every state, and says how many there were.
fn explore(name: &str, model: Lock, until: Option<&'static str>) -> Vec<&'static str> {
    let began = std::time::Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let finish = until.map_or(HasDiscoveries::All, |property| HasDiscoveries::AnyOf(BTreeSet::from([property])));
    let checker = model.checker().threads(threads).target_state_count(LIMIT).finish_when(finish).spawn_bfs().join();
    let mut found: Vec<&'static str> = checker.discoveries().keys().copied().collect();
    found.sort_unstable();
    let states = checker.unique_state_count();
    assert!(checker.state_count() < LIMIT, "not all states were looked at");
    let text = format!("{name}: {states} states, {} ms, found: {}\n", began.elapsed().as_millis(), found.join(", "));
    // Not eprintln!, which the test harness swallows.
    std::io::stderr().write_all(text.as_bytes()).expect("stderr is open");
    found
}

const LOCK: Lock = Lock { fault: Fault::None, end: 6, breaks: false, stalls: false, late: true, journal: false };
const JOURNAL: Lock = Lock { stalls: true, late: false, journal: true, ..LOCK };

#[test]
fn the_lock_keeps_its_properties_in_every_order_of_events() {
    let seen = ["a late write lands", "one after the other", "taken over"];
    assert_eq!(explore("lock", LOCK, None), seen);
    assert_eq!(explore("journal, processes that pause", JOURNAL, None), seen[1..]);
    // Whoever breaks it does not wait for its end.
    assert_eq!(explore("journal, lock broken by hand", Lock { breaks: true, end: 3, ..JOURNAL }, None), seen[1..2]);
}

#[test]
fn each_planted_fault_of_the_lock_is_found() {
    for (fault, property) in [
        (Fault::MachineClock, "one may write"),
        (Fault::CountsFromAnswer, "one may write"),
        (Fault::Unconditional, "one may write"),
        (Fault::WholeLease, "in flight alone"),
        (Fault::LooksOnce, "in flight alone"),
        (Fault::EarlyPart, "announced"),
    ] {
        let model = if fault == Fault::EarlyPart { Lock { fault, breaks: true, ..JOURNAL } } else { Lock { fault, ..LOCK } };
        let found = explore(&format!("{fault:?}"), model, Some(property));
        assert!(found.contains(&property), "{fault:?}: {found:?}");
    }
}
