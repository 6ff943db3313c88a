//! The undo of a run is saved with it before its first request; where nothing changed, an undo sends exactly that.

use std::collections::BTreeMap;

use serde_json::Value;
use telform::document::v1;
use telform::model::call::BodyValue;
use telform::state::journal::{self, RecordedRun};

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::{west, world_with_west};

const JOURNAL: &str = ".telform/ledger.journal";
const GUARDS: &str = "--auto-approve --max-deletes 9 --max-numbers-dark 9";

/// What each step of a run created, and what it deletes by address.
fn made(run: &RecordedRun<'_>) -> BTreeMap<String, String> {
    run.steps.iter().filter_map(|step| Some((step.id.to_owned(), step.created_id()?.to_owned()))).collect()
}

/// The saved requests with every id filled in: those of the run itself, and those of objects recreated by `again`.
fn saved(run: &RecordedRun<'_>, again: &RecordedRun<'_>) -> Vec<String> {
    let mut ids = made(run);
    let made_again = made(again);
    for gone in run.started.plan.steps.iter().filter(|step| matches!(step.operation, v1::Operation::Delete { .. })) {
        let maker = again
            .started
            .plan
            .steps
            .iter()
            .find(|step| step.address == gone.address && matches!(step.operation, v1::Operation::Create { .. }));
        if let Some(id) = maker.and_then(|maker| made_again.get(&maker.id)) {
            ids.insert(gone.id.clone(), id.clone());
        }
    }
    let mut all: Vec<String> =
        run.started.undo.iter().flat_map(|inverse| &inverse.calls).map(|call| request(call, &ids)).collect();
    all.sort();
    all
}

fn request(call: &v1::CallV1, ids: &BTreeMap<String, String>) -> String {
    let mut path = call.path.clone();
    for (step, id) in ids {
        path = path.replace(&format!("{{{step}}}"), id);
    }
    let query: String = call.query.iter().map(|(key, value)| format!("?{key}={value}")).collect();
    let method = serde_json::to_value(call.method).unwrap().as_str().unwrap().to_owned();
    let Some(v1::Body::Object(entries)) = &call.body else { return format!("{method} {path}{query}") };
    let mut body = serde_json::Map::new();
    for (name, payload) in entries {
        let value = match payload {
            v1::Payload::Value(value) => value.clone(),
            v1::Payload::Secret { .. } => Value::from("(secret)"),
            v1::Payload::WithIds { value, ids: steps } => {
                let id_of = |step: &str| ids.get(step).cloned().ok_or_else(|| step.to_owned());
                BodyValue::fill_ids(value, steps, id_of).unwrap()
            }
            v1::Payload::IdOf(step) => ids[step].parse::<u64>().map_or(Value::Null, Value::from),
        };
        body.insert(name.clone(), value);
    }
    format!("{method} {path}{query} {}", Value::Object(body))
}

/// Applies, undoes, and compares what was saved before with what was sent then.
#[track_caller]
fn holds(story: &Story) {
    story.expect(0, &format!("apply {GUARDS}"));
    is_undone_as_saved(story);
}

#[track_caller]
fn is_undone_as_saved(story: &Story) {
    story.take_log();
    let ran = story.expect(0, &format!("undo last {GUARDS}"));
    ran.is_silent_about("Different from what was saved");
    let kept = journal::check_journal(story.read(JOURNAL).as_bytes()).unwrap();
    let runs = journal::collect_runs(&kept.lines);
    let [.., run, again] = runs.as_slice() else { panic!("two runs") };
    let mut sent = story.writes();
    sent.sort();
    assert!(!sent.is_empty());
    assert_eq!(saved(run, again), sent, "{}", ran.whole());
}

fn connected() -> Story {
    Story::new(CONNECTED).secret("AUTH", "canary-auth-42")
}

const BOTH: &str = "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
";

#[test]
fn of_creates_updates_and_moves() {
    let story = connected();
    story.unpod(
        "
providers:
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
bridges:
  fresh: { slug: fresh, name: Fresh, numbers: { '+14155550103': { provider: new } } }
  fax: { slug: fax, name: Fax, numbers: {} }
  sales:
    slug: sales
    name: Sales West
    numbers: { '+14155550101': { provider: new } }
",
    );
    holds(&story);
}

#[test]
fn of_moves_between_bridges() {
    let story = connected();
    story.unpod(&format!(
        "{BOTH}bridges:
  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: main }}, '+14155550103': {{ provider: old }} }} }}
  fax: {{ slug: fax, name: Fax, numbers: {{ '+14155550102': {{ provider: main }} }} }}
"
    ));
    holds(&story);
}

#[test]
fn of_deletes() {
    let story = connected();
    story.unpod(&format!(
        "{BOTH}bridges:
  fax: {{ slug: fax, name: Fax, numbers: {{ '+14155550103': {{ provider: old }} }} }}
"
    ));
    story.apply();
    // The tombstones name what the entries above named, and the secret is no longer in the YAML; so the objects stay in it.
    story.expect(0, &format!("apply --destroy --target providers.old --target bridges.fax {GUARDS}"));
    story.take_log();
    story.expect(0, &format!("undo last {GUARDS}")).is_silent_about("Different from what was saved");
    let kept = journal::check_journal(story.read(JOURNAL).as_bytes()).unwrap();
    let runs = journal::collect_runs(&kept.lines);
    let [.., run, again] = runs.as_slice() else { panic!("two runs") };
    let mut sent = story.writes();
    sent.sort();
    assert_eq!(saved(run, again), sent);
}

#[test]
fn of_a_replacement() {
    let story = connected();
    let yaml = |provider: &str| {
        story.unpod(&format!("providers:\n  old: {{ provider: {provider}, account_sid: MA42, auth_token: {{ env: AUTH }} }}\n"));
    };
    yaml("plivo");
    story.apply();
    yaml("exotel");
    story
        .expect(0, "plan --max-deletes 1")
        .says("needs its auth_token from the YAML, where its entry has the earlier values again");
    story.expect(0, &format!("apply {GUARDS}"));
    story.take_log();
    // The secret of the entry is that of the other provider: it is not sent to the first one, and no number loses what serves it.
    let left = story.expect(5, &format!("undo last {GUARDS}"));
    left.says("the auth_token of its entry is for provider \"exotel\", and the deleted one had \"plivo\"");
    left.says("what replaced it stays").says("write the earlier values and the source of their secret into the entry");
    assert_eq!(story.writes(), [""; 0]);
    yaml("plivo");
    // The bridge keeps the name of what serves its numbers, and that is replaced.
    story
        .expect(0, "undo last --plan --max-deletes 9 --max-numbers-dark 9")
        .says("numbers  (the names stay, and what they name is replaced)");
    is_undone_as_saved(&story);
}

#[test]
fn of_partners() {
    let story =
        Story::new(&world_with_west("      callbacks: { sms: https://a.example }\n")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    address1: New Street 2\n    callbacks: { sms: https://b.example }\n"));
    holds(&story);
    // An attribute without a value is cleared with the empty collection: what null does is not documented.
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    callbacks: { sms: https://b.example }\n"));
    holds(&story);
    // A created one is deleted only where the account allows it.
    let story = Story::new("carrierx: { knobs: { delete: no_content } }").secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx_with("partner_delete: true, ", &west(""));
    story.apply();
    story.sandbox.verify("west", "all");
    story.expect(0, &format!("undo last {GUARDS}")).is_silent_about("Different from what was saved");
    assert!(story.writes().last().unwrap().starts_with("DELETE partners/"));
}

#[test]
fn of_the_older_generation() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1, api_secret: canary-secret-main-1 }
    - { id: 42, provider: LiveKit, name: spare, api_key: canary-key-spare, api_secret: canary-secret-spare, base_url: https://lk.example.net }
  numbers: [ { id: 501, number: '+14155550101' } ]
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 41 } }
",
    )
    .secret("KEY", "canary-key-new-1");
    story.unpod_with(
        "product_id: prod, all_products: true, ",
        "
providers:
  spare: { name: spare, provider: LiveKit, base_url: https://other.example.net }
  new: { name: new one, provider: Vapi, api_key: { env: KEY } }
bridges:
  sales: { slug: sales, name: Sales West, numbers: { '+14155550101': { provider: spare } } }
",
    );
    holds(&story);
}

#[test]
fn what_cannot_be_undone_is_said_before_anybody_approves() {
    let mut story = connected();
    story.unpod(BOTH);
    story.expect(0, "apply --auto-approve --rewrite-secret providers.main --rewrite-secret providers.old");
    story.set("AUTH", "canary-auth-43");
    let rotated = story.expect(0, "plan");
    rotated.says("Cannot be undone (2)").says("providers.main auth_token").says("overwritten");
    let gone = story.expect(0, "plan --destroy --max-deletes 2 --max-numbers-dark 4 --format markdown");
    gone.says("### Cannot be undone").says("providers.old (42)").says("auth_token from the YAML");
    story.expect(0, "plan --format html").says("id=\"not-undone\"");
    story.expect(0, "plan --format github").says("title=cannot be undone::overwritten");
    story.expect(0, "plan --format gitlab").says("plan::cannot_be_undone");
    let document = story.expect(0, "plan --format json").json();
    assert_eq!(document["undo"][0]["what"], "providers.main auth_token");
    // Who decides about the guards that refuse it decides about that, too.
    story.expect(3, "plan --destroy").says("Cannot be undone");
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(""));
    story.expect(0, "plan").says("permanent: the service documents no way").says("`partner_delete`");
}

/// Another user at the console restores the earlier name of a bridge.
fn renamed(story: &Story) {
    story.sandbox.edit(|world| {
        let sales = world.unpod.bridges.iter_mut().find(|bridge| bridge.slug == "sales").unwrap();
        sales.name = "Sales".to_owned();
    });
}

#[test]
fn an_undo_says_how_it_is_not_what_was_saved() {
    let story = connected();
    story.unpod(
        "
providers:
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales West }
",
    );
    story.apply();
    // The name is as it was already.
    renamed(&story);
    shot!("undo_moved", story.expect(0, &format!("undo last {GUARDS}")));
    let events = {
        story.apply();
        renamed(&story);
        story.expect(0, &format!("--json undo last {GUARDS}")).events()
    };
    let moved = events.iter().find(|event| event["event"] == "undo_moved").unwrap();
    assert_eq!(moved["dropped"][0]["what"], "bridges.sales", "{moved}");
}

/// Killed right after the first line: the undo of the run is in the journal, and nothing was sent.
#[cfg(unix)]
#[test]
fn it_is_saved_before_the_first_request() {
    let mut nth = 0;
    loop {
        nth += 1;
        let story = connected();
        story.unpod("bridges: {}\nremoved:\n  - { address: providers.old, id: '42' }\n");
        let mut command = story.command(&format!("apply {GUARDS}"));
        let output = command.env("TELFORM_TEST_KILL_AT", nth.to_string()).output().unwrap();
        story.ran("apply", &output);
        let bytes = std::fs::read(story.path(JOURNAL)).unwrap_or_default();
        if bytes.is_empty() {
            assert!(nth < 20, "no run was begun");
            continue;
        }
        assert_eq!(story.writes(), [""; 0]);
        let mut ran = story.expect(0, "journal show");
        // The text above says who and where, and differs everywhere.
        ran.stdout = ran.stdout.split_off(ran.stdout.find("To undo this").unwrap());
        shot!("undo_saved", ran);
        let json = story.expect(0, "journal export --format json").json();
        assert_eq!(json["runs"][0]["undo"][0]["what"], "providers.old (42)", "{json}");
        story.expect(0, "journal export --format csv").says("providers.old (42) permanent: a provider configuration");
        story.expect(0, "journal verify");
        break;
    }
}
