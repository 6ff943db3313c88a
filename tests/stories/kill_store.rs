//! Killed at every write to an object store that holds ledger, journal and lock: right before it and right after it. The store
//! answers with a delay, so that other steps wait for it meanwhile. The lock outlives its run there, so each time it is broken
//! by hand or taken over when it expired, before the next run can go on.

use std::collections::BTreeMap;
use std::time::Duration;

use telform::state::ledger::LEASE;

use crate::bench::Story;
use crate::kill_points::{APPLY, Rig, told};
use crate::kill_records::Records;
use crate::kill_worlds::{CASES, Case};
use crate::slow_store::SlowStore;

const FOLDER: &str = "team/";
const LOCK: &str = "team/ledger.lock";
/// Of each answer of the store.
const DELAY: Duration = Duration::from_millis(4);

struct Objects {
    store: SlowStore,
    kept: BTreeMap<String, String>,
    /// Locks that a killed run left: every second one is broken by hand, the others expire.
    left: usize,
}

impl Records for Objects {
    fn used_by(&mut self, story: Story) -> Story {
        story.with_ledger_at(self.store.url())
    }

    fn keep(&mut self, _: &Story) {
        self.kept = self.store.all();
    }

    fn put_back(&self, _: &Story) {
        self.store.settle();
        self.store.put_back(&self.kept);
    }

    fn free_the_lock(&mut self, story: &Story) {
        // What the killed run had sent to the store is nevertheless stored.
        self.store.settle();
        let lock = self.store.json(LOCK);
        if lock["state"] != "held" {
            return;
        }
        self.left += 1;
        let id = lock["id"].as_str().unwrap().to_owned();
        if self.left.is_multiple_of(2) {
            let before = (self.store.all(), story.writes());
            story.expect(1, APPLY).says("is in use").says(&format!("lock {id})"));
            assert_eq!((self.store.all(), story.writes()), before, "a run without the lock leaves all as it is");
            story.expect(0, &format!("ledger unlock --lock-id {id}")).says("Freed the lock");
        } else {
            self.store.age(LOCK, LEASE + Duration::from_secs(1));
            story.expect(0, "ledger list");
        }
    }

    fn ledger(&self, _: &Story) -> String {
        self.store.get(&format!("{FOLDER}ledger.json")).unwrap()
    }

    fn journal(&self, _: &Story) -> Vec<u8> {
        // The names of its parts sort by their numbers.
        let all = self.store.all();
        all.iter().filter(|(key, _)| key.contains(".journal.")).flat_map(|(_, text)| text.bytes()).collect()
    }
}

/// Every write of an apply to the object store. The runs of one case are divided among tests that run side by side.
fn around_each_write(case: &Case, part: usize, parts: usize) {
    let store = SlowStore::start(DELAY);
    let mut rig = Rig::over(case, Box::new(Objects { store, kept: BTreeMap::new(), left: 0 }));
    assert_eq!(rig.writes.len(), case.writes, "{:#?}", rig.writes);
    let (mut nth, mut points) = (part, 0);
    while rig.killed_at_moment(nth) {
        points += 1;
        rig.ends_well(&format!("{}: killed at moment {nth} of the object store", case.name));
        nth += parts;
    }
    told(case, "around a write to the object store", points, &rig);
    // Before and after intent, outcome and ledger of each write at least.
    assert!(points > 5 * case.writes / parts, "{points}");
    assert!(!case.hidden || rig.decided > 0, "the create of a partner is for a human");
}

macro_rules! kill {
    ($($name:ident $case:ident $part:literal of $parts:literal;)*) => { $(
        #[test]
        fn $name() {
            around_each_write(&$case, $part, $parts);
        }
    )* };
}

kill! {
    shared_newer_first_part NEWER 1 of 3;
    shared_newer_second_part NEWER 2 of 3;
    shared_newer_third_part NEWER 3 of 3;
    shared_partners PARTNERS 1 of 1;
    shared_moves_first_part MOVES 1 of 2;
    shared_moves_second_part MOVES 2 of 2;
}

/// Create and patch of a configuration and a bridge, a replacement with its number moved, a permanent disconnect, read back, and
/// delete of a configuration and a bridge.
const NEWER: Case = Case {
    name: "shared, generation 2",
    world: "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-one-61 }
  numbers:
    - { number: '+14155550101' }
    - { number: '+14155550102' }
    - { number: '+14155550103' }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
    - { id: 303, slug: away, name: Away }
",
    write: |story, body| story.unpod(body),
    before: "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: ONE } }
  main: { provider: twilio, account_sid: AC43, auth_token: { env: ONE } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: old }, '+14155550102': { provider: main } } }
  away: { slug: away, name: Away }
",
    after: "
guards: { max_deletes: 2, max_numbers_dark: 1 }
providers:
  old: { provider: exotel, account_sid: EX99, auth_token: { env: ONE } }
  main: { provider: twilio, account_sid: AC43, auth_token: { env: TWO } }
bridges:
  sales: { slug: sales, name: Sales West, numbers: { '+14155550101': { provider: old } } }
  fresh: { slug: fresh, name: Fresh, numbers: { '+14155550103': { provider: main } } }
",
    writes: 10,
    hidden: false,
};

/// PATCH, PUT, delete and create of partners.
const PARTNERS: Case = Case { name: "shared, partners", ..CASES[2] };

/// A configuration and its bridge move to another account.
const MOVES: Case = Case { name: "shared, a move between accounts", ..CASES[4] };
