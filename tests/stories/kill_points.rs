//! Killed with SIGKILL at every moment: before the effect of each request, after the effect of each write while its answer is
//! on its way, and after each durable write. Whatever the moment, the next runs end where an undisturbed run ends.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use telform::sandbox::World;
use telform::state::journal;

use crate::bench::{Ran, Story, fault};
use crate::kill_records::{Files, Records};
use crate::kill_worlds::{CASES, Case};

pub(crate) const APPLY: &str = "apply --auto-approve";
const RESUME: &str = "resume --auto-approve";

/// A story that is put back to its start before each kill.
pub(crate) struct Rig {
    pub(crate) story: Story,
    records: Box<dyn Records>,
    start: World,
    /// How an undisturbed run ends.
    wanted: Value,
    requests: usize,
    pub(crate) writes: Vec<String>,
    /// Whether a plan is also made, beyond the apply's own second plan.
    plans: bool,
    /// Runs that it took at most after a kill, and how often a human had to decide.
    most_runs: usize,
    pub(crate) decided: usize,
    /// Kills so far: after every second one the next run is a `resume`.
    kills: usize,
}

impl Rig {
    fn new(case: &Case) -> Self {
        Self::over(case, Box::new(Files::default()))
    }

    /// A rig that keeps its ledger and journal somewhere.
    pub(crate) fn over(case: &Case, mut records: Box<dyn Records>) -> Self {
        let story =
            Story::new(case.world).secret("ONE", "canary-one-61").secret("TWO", "canary-two-62").secret("PASS", "canary-pass-63");
        let story = records.used_by(story);
        (case.write)(&story, case.before);
        story.apply();
        let start = story.sandbox.world();
        records.keep(&story);
        (case.write)(&story, case.after);
        story.take_log();
        story.apply();
        let (requests, writes) = (story.sandbox.log().len(), story.writes());
        let wanted = essence(&story);
        let mut rig = Self { story, records, start, wanted, requests, writes, plans: true, most_runs: 0, decided: 0, kills: 0 };
        rig.ends_well("undisturbed");
        rig.plans = false;
        rig
    }

    fn reset(&self) {
        self.story.sandbox.clear_faults();
        self.story.sandbox.edit(|world| *world = self.start.clone());
        self.records.put_back(&self.story);
        self.story.sandbox.wait_held(Duration::ZERO);
        self.story.take_log();
    }

    /// Runs until a request is held by this fault, and kills there. False when the run ended before.
    fn killed_at_request(&self, rule: &str) -> bool {
        self.reset();
        self.story.sandbox.set_fault(fault(rule));
        let mut child = self.story.command(APPLY).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let held = loop {
            if self.story.sandbox.wait_held(Duration::from_millis(20)) {
                break true;
            }
            if child.try_wait().unwrap().is_some() {
                break false;
            }
        };
        // SIGKILL on Unix.
        child.kill().unwrap();
        self.story.ran(APPLY, &child.wait_with_output().unwrap());
        self.story.sandbox.clear_faults();
        held
    }

    /// Runs until the n-th moment of `src/failpoints.rs`. False when the run ended before.
    pub(crate) fn killed_at_moment(&self, nth: usize) -> bool {
        self.reset();
        let mut command = self.story.command(APPLY);
        let output = command.env("TELFORM_TEST_KILL_AT", nth.to_string()).output().unwrap();
        let ran = self.story.ran(APPLY, &output);
        use std::os::unix::process::ExitStatusExt;
        match output.status.signal() {
            Some(9) => true,
            _ => {
                assert_eq!(ran.code, 0, "{}", ran.whole());
                false
            }
        }
    }

    /// Runs again until it is done, and looks at everything that may be wrong then.
    pub(crate) fn ends_well(&mut self, what: &str) {
        self.records.free_the_lock(&self.story);
        let mut told = String::new();
        let mut runs = 0;
        self.kills += 1;
        loop {
            runs += 1;
            let before = self.story.writes().len();
            let resumes = runs == 1 && self.kills.is_multiple_of(2);
            let ran = self.story.run(if resumes { RESUME } else { APPLY });
            told.push_str(&ran.whole());
            if ran.code == 0 {
                // A run that had ended leaves nothing to resume.
                if resumes && ran.stderr.contains("there is nothing to resume") {
                    continue;
                }
                break;
            }
            assert!(runs < 4 && self.decide(&ran, before), "{what}: does not end\n{told}");
        }
        self.most_runs = self.most_runs.max(runs);
        assert_eq!(essence(&self.story), self.wanted, "{what}\n{told}");
        let empty = ["and a fresh plan is empty", "Plan: no changes"].iter().any(|words| told.contains(words));
        assert!(empty, "{what}\n{told}");
        if self.plans {
            let plan = self.story.run("plan --detailed-exitcode");
            assert_eq!(plan.code, 0, "{what}: a fresh plan is not empty\n{told}\n{}", plan.whole());
        }
        fits(&self.story, &self.records.ledger(&self.story), &self.records.journal(&self.story), what);
    }

    /// The human's part where this API shows nothing: a create with an invisible outcome, and a partner that may be deleted or
    /// only hidden. The run refuses, writes nothing and explains how to decide; then the partner is adopted or declared
    /// missing.
    fn decide(&mut self, ran: &Ran, writes_before: usize) -> bool {
        let refused = |what: &str| ran.code == 3 && ran.stdout.contains(what);
        let world = self.story.world();
        let partners = world["carrierx"]["partners"].as_array().cloned().unwrap_or_default();
        let find = |login: &str| partners.iter().find(|partner| partner["login"] == login);
        ran.says("`telform forget partners.");
        assert_eq!(self.story.writes().len(), writes_before, "a refused run writes nothing");
        let unsettled =
            ["new", "branch"].into_iter().find(|name| refused(&format!("! partners.{name}  refusal::unsettled_create")));
        let gone = ["gone", "lost"].into_iter().find(|name| refused(&format!("! partners.{name}  refusal::gone_or_hidden")));
        if let Some(name) = unsettled {
            ran.says(&format!("telform adopt partners.{name}"));
            match find(name) {
                Some(made) => {
                    let sid = made["partner_sid"].as_str().unwrap();
                    self.story.expect(0, &format!("adopt partners.{name} {sid}"))
                }
                None => self.story.expect(0, &format!("forget partners.{name}")),
            };
        } else if let Some(name) = gone.filter(|name| find(name).is_none()) {
            self.story.expect(0, &format!("forget partners.{name}"));
        } else {
            return false;
        }
        self.decided += 1;
        true
    }
}

/// The journal verifies and matches the ledger, and the objects in the ledger exist.
pub(crate) fn is_whole(story: &Story, what: &str) {
    let files = Files::default();
    fits(story, &files.ledger(story), &files.journal(story), what);
}

fn fits(story: &Story, ledger: &str, journal: &[u8], what: &str) {
    let kept = journal::check_journal(journal);
    let kept = kept.unwrap_or_else(|broken| panic!("{what}: {broken}"));
    assert_eq!(kept.torn_line, None, "{what}");
    let ledger: telform::model::ledger::Ledger = serde_json::from_str(ledger).unwrap();
    if let Some(head) = &ledger.journal {
        kept.contains_head(head).unwrap_or_else(|broken| panic!("{what}: {broken}"));
    }
    assert!(ledger.attempts.is_empty() && ledger.moves.is_empty(), "{what}: {ledger:?}");
    let world = story.world();
    let (unpod, carrierx) = (&world["unpod"], &world["carrierx"]);
    let has = |list: &Value, key: &str, id: &str| {
        let matches = |object: &Value| object[key] == id || object[key].to_string().as_str() == id;
        list.as_array().into_iter().flatten().any(matches)
    };
    for (address, entry) in &ledger.objects {
        let there = match address.kind.as_str() {
            "providers" => has(&unpod["configurations"], "id", &entry.id),
            "bridges" => has(&unpod["bridges"], "slug", &entry.id),
            _ => has(&carrierx["partners"], "partner_sid", &entry.id),
        };
        assert!(there, "{what}: the ledger has {address} as {}, which is not there", entry.id);
        assert!(entry.former.is_empty(), "{what}: {address} {:?}", entry.former);
        assert!(entry.left_behind.is_empty(), "{what}: {address} {:?}", entry.left_behind);
    }
    for made in &ledger.connections {
        let bridges = unpod["bridges"].as_array().unwrap();
        let bridge = bridges.iter().find(|bridge| bridge["slug"] == made.bridge.as_str());
        let server = bridge.map(|bridge| server(&bridge["numbers"][&made.number]).to_string());
        assert_eq!(server.as_deref(), Some(made.provider.as_str()), "{what}: {made:?}");
    }
}

/// The configuration at a number, in either way that a world may be written.
fn server(served: &Value) -> &Value {
    if served.is_object() { &served["configuration"] } else { served }
}

/// Everything at the services; ids and times, which differ between runs, are replaced by their meaning.
fn essence(story: &Story) -> Value {
    let world = story.world();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let without = |mut object: Value, names: &[&str]| {
        object.as_object_mut().unwrap().retain(|name, _| !names.contains(&name.as_str()) && !name.starts_with("date"));
        object
    };
    const TIMES: [&str; 4] = ["id", "created_at", "updated_at", "modified_at"];
    let configurations = list(&world["unpod"]["configurations"]);
    let named = |id: &Value| {
        let found = configurations.iter().find(|config| config["id"] == *id);
        found.map_or_else(|| id.clone(), |config| json!([config["provider"], config["account_sid"], config["name"]]))
    };
    let bridges = list(&world["unpod"]["bridges"]).into_iter().map(|bridge| {
        let numbers = bridge["numbers"].as_object().cloned().unwrap_or_default();
        let mut numbers: Vec<Value> = numbers.iter().map(|(number, served)| json!([number, named(server(served))])).collect();
        numbers.sort_by_key(ToString::to_string);
        json!([without(bridge, &["id", "created_at", "updated_at", "numbers"]), numbers])
    });
    let partners = list(&world["carrierx"]["partners"]);
    let login =
        |sid: &Value| partners.iter().find(|parent| parent["partner_sid"] == *sid).map_or(sid, |parent| &parent["login"]).clone();
    let partners = partners.iter().map(|it| {
        let mut it = without(it.clone(), &["partner_sid", "display_id"]);
        if let Some(parent) = it.get("parent_sid").map(login) {
            it["parent_sid"] = parent;
        }
        it
    });
    let mut sets: [Vec<Value>; 3] =
        [configurations.iter().map(|config| without(config.clone(), &TIMES)).collect(), bridges.collect(), partners.collect()];
    sets.iter_mut().for_each(|set| set.sort_by_key(ToString::to_string));
    json!(sets)
}

/// Every request, before its effect.
fn before_each_request(index: usize) {
    let case = &CASES[index];
    let mut rig = Rig::new(case);
    let mut points = 0;
    for nth in 1..=rig.requests {
        if rig.killed_at_request(&format!("{{ match: {{ nth: {nth} }}, effect: hold }}")) {
            points += 1;
        }
        rig.ends_well(&format!("{}: killed before request {nth}", case.name));
    }
    told(case, "before a request", points, &rig);
    assert!(points + 2 >= rig.requests, "{points} of {}", rig.requests);
}

/// Every write, after its effect and before its answer was read.
fn after_each_write(index: usize) {
    let case = &CASES[index];
    let mut rig = Rig::new(case);
    assert_eq!(rig.writes.len(), case.writes, "{:#?}", rig.writes);
    rig.plans = true;
    for nth in 1..=rig.writes.len() {
        let rule = format!("{{ match: {{ method: WRITE, nth: {nth} }}, when: after, effect: hold }}");
        assert!(rig.killed_at_request(&rule), "write {nth}");
        rig.ends_well(&format!("{}: killed after the effect of `{}`", case.name, rig.writes[nth - 1].clone()));
    }
    told(case, "after the effect of a write", rig.writes.len(), &rig);
    assert_eq!(rig.decided > 0, case.hidden, "only the create of a partner is for a human");
}

/// Every durable write: a line of the journal, a new ledger beside the old one, in its place, and permanently there.
fn after_each_durable_write(index: usize) {
    let case = &CASES[index];
    let mut rig = Rig::new(case);
    let mut points = 0;
    while rig.killed_at_moment(points + 1) {
        points += 1;
        rig.ends_well(&format!("{}: killed after durable write {points}", case.name));
    }
    told(case, "after a durable write", points, &rig);
    // Intent, outcome and ledger of each write at least.
    assert!(points > 5 * case.writes, "{points}");
}

#[allow(clippy::print_stdout, reason = "the number of kill points is part of what this shows")]
pub(crate) fn told(case: &Case, moment: &str, points: usize, rig: &Rig) {
    println!(
        "{}: {points} kill points {moment}; {} runs at most to the end, {} times a human decided",
        case.name, rig.most_runs, rig.decided
    );
}

macro_rules! kill {
    ($($index:literal $requests:ident $writes:ident $durable:ident;)*) => { $(
        #[test]
        fn $requests() {
            before_each_request($index);
        }
        #[test]
        fn $writes() {
            after_each_write($index);
        }
        #[test]
        fn $durable() {
            after_each_durable_write($index);
        }
    )* };
}

kill! {
    0 newer_before_each_request newer_after_each_write newer_after_each_durable_write;
    1 older_before_each_request older_after_each_write older_after_each_durable_write;
    2 partners_before_each_request partners_after_each_write partners_after_each_durable_write;
    3 updates_before_each_request updates_after_each_write updates_after_each_durable_write;
    4 moves_before_each_request moves_after_each_write moves_after_each_durable_write;
    5 taken_over_before_each_request taken_over_after_each_write taken_over_after_each_durable_write;
    6 family_before_each_request family_after_each_write family_after_each_durable_write;
}
