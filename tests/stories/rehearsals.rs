//! A rehearsal on a copy of the live state reports what the apply will do, and changes nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bench::{Ran, Story};
use crate::deletes::CONNECTED;
use crate::partners::{west, world_with_west};

/// Creates, changes, moves, cuts and deletes at once.
const ALL: &str = "
guards: { max_deletes: 2, max_numbers_dark: 1 }
providers:
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
bridges:
  sales:
    slug: sales
    name: Sales West
    numbers: { '+14155550101': { provider: new }, '+14155550102': { provider: new } }
  fresh: { slug: fresh, name: Fresh }
removed:
  - { address: providers.old, id: '42' }
";

/// The requests of a rehearsal, account by account.
fn rehearsed(ran: &Ran) -> BTreeMap<String, Vec<String>> {
    let events = ran.events();
    let accounts = events.last().unwrap()["rehearsal"]["accounts"].as_array().unwrap().clone();
    let line = |request: &Value| {
        let body = &request["body"];
        let body = if body.is_null() { String::new() } else { format!(" {body}") };
        format!("{} {}{body}", request["method"].as_str().unwrap(), request["target"].as_str().unwrap())
    };
    let of = |account: &Value| {
        let requests = account["requests"].as_array().unwrap().iter().map(line).collect();
        (account["account"].as_str().unwrap().to_owned(), requests)
    };
    accounts.iter().map(of).collect()
}

/// Reads go out side by side, so those between two writes have no order; writes have one. `fresh` are the ids that the services
/// gave to new objects in each of the two.
fn normal(requests: &[String], fresh: &[(&str, &str)]) -> Vec<String> {
    let mut groups: Vec<Vec<String>> = vec![Vec::new()];
    for request in requests {
        let mut request = request.clone();
        for (id, word) in fresh {
            request = request.replace(id, word);
        }
        if request.starts_with("GET ") {
            groups.last_mut().unwrap().push(request);
        } else {
            groups.push(vec![request]);
            groups.push(Vec::new());
        }
    }
    groups.iter_mut().for_each(|group| group.sort());
    groups.concat()
}

#[test]
fn it_predicts_every_request_of_the_apply() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
    story.unpod(ALL);
    let before = story.world();
    let ran = story.expect(0, "rehearse --json");
    assert_eq!(story.world(), before, "nothing real is touched");
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")), "nothing but GET");
    assert!(!story.path(".telform").exists(), "nothing is written");
    let rehearsed = rehearsed(&ran).remove("unpod").unwrap();
    story.apply();
    let real = story.take_log();
    assert_eq!(real.iter().filter(|request| !request.starts_with("GET ")).count(), 9);
    assert_eq!(normal(&rehearsed, &[]), normal(&real, &[]));
    story.in_sync();
}

/// The same where generation 1 returns secrets, and where the ledger knows what was written.
#[test]
fn generation_1_with_secrets_that_are_known() {
    let mut story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 42, name: main, provider: Twilio, api_key: canary-key-1, api_secret: canary-secret-1 }
    - { id: 43, name: other, provider: Twilio, api_key: canary-key-2, api_secret: canary-secret-2 }
",
    )
    .secret("KEY", "canary-key-1")
    .secret("SECRET", "canary-secret-1");
    let yaml = |name: &str| {
        format!(
            "providers:\n  {name}: {{ name: {name}, provider: Twilio, api_key: {{ env: KEY }}, api_secret: {{ env: SECRET }}, sip_url: sip.example.net }}\n"
        )
    };
    story.unpod(&yaml("main"));
    let one = rehearsed(&story.expect(0, "rehearse --json")).remove("unpod").unwrap();
    let writes = |all: &[String]| -> Vec<String> { all.iter().filter(|one| !one.starts_with("GET")).cloned().collect() };
    assert_eq!(writes(&one), [r#"PATCH telephony/provider-configurations/42/ {"sip_url":"sip.example.net"}"#]);
    story.take_log();
    story.apply();
    assert_eq!(normal(&one, &[]), normal(&story.take_log(), &[]));
    // A secret that is changed now is sent in both.
    story.set("SECRET", "canary-secret-1-new");
    let two = rehearsed(&story.expect(0, "rehearse --json")).remove("unpod").unwrap();
    story.take_log();
    story.apply();
    let real = story.take_log();
    assert_eq!(writes(&real), [r#"PATCH telephony/provider-configurations/42/ {"api_secret":"(secret)"}"#]);
    assert_eq!(normal(&two, &[]), normal(&real, &[]));
}

#[test]
fn partners_and_a_saved_plan() {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    let east = west("").replace("west", "east").replace("\npartners:\n", "").replace("EAST", "WEST");
    story.carrierx(&format!("{}{}", west("    address1: New Street 2\n"), east));
    story.expect(0, "plan --out plan.json");
    let ran = story.run("rehearse plan.json --json");
    let rehearsed = rehearsed(&ran).remove("carrierx").unwrap();
    story.take_log();
    let real = story.run("apply plan.json --auto-approve");
    assert_eq!(ran.code, real.code, "{}", real.whole());
    let requests = story.take_log();
    let sid = |requests: &[String]| {
        // For the new partner the last single read decides.
        let mut gets = requests.iter().filter_map(|request| request.strip_prefix("GET partners/"));
        gets.next_back().unwrap().to_owned()
    };
    let (a, b) = (sid(&rehearsed), sid(&requests));
    assert_eq!(normal(&rehearsed, &[(&a, "[sid]")]), normal(&requests, &[(&b, "[sid]")]));
    // What was reviewed is stale now.
    story.expect(4, "rehearse plan.json");
}

/// Faults: the same exit code, the same requests, the same numbers dark.
#[test]
fn it_fails_as_the_apply_fails() {
    let fault = "{match: {method: DELETE, times: 0}, effect: {answer: {status: 500}}}".replace(' ', "");
    let fault = fault.replace(':', ": ").replace(',', ", ");
    for (more, code) in [("", 5), (" --no-reconnect-on-failure", 5), (" --on-error continue", 5)] {
        let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
        story.unpod(ALL);
        story.file("faults.yaml", &format!("- {fault}\n"));
        let ran = story.expect(code, &format!("rehearse --json --fault faults.yaml{more}"));
        let rehearsed = rehearsed(&ran).remove("unpod").unwrap();
        story.take_log();
        story.fault(&fault);
        story.expect(code, &format!("apply --auto-approve{more}"));
        let tries = |all: &[String]| all.iter().filter(|request| request.starts_with("DELETE")).count();
        let real = story.take_log();
        assert_eq!(tries(&rehearsed), tries(&real), "{more}");
        assert_eq!(normal(&rehearsed, &[]), normal(&real, &[]), "{more}");
    }
}

#[test]
fn what_it_shows() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
    story.unpod("guards: { max_deletes: 1, max_numbers_dark: 3 }\nremoved:\n  - { address: providers.old, id: '42' }\n");
    story.file("faults.yaml", "match: { method: DELETE, times: 0 }\neffect: { answer: { status: 400 } }\n");
    let ran = story.expect(5, "rehearse --fault faults.yaml --no-reconnect-on-failure");
    let ran = Ran { stdout: seconds_away(&ran.stdout), ..ran };
    shot!("rehearsed", ran);
    story.expect(1, "rehearse --fault {effect:oops}").says("telform::rehearse::fault");
    // Nothing to do, and what is not permitted.
    story
        .expect(3, "rehearse --max-numbers-dark 2")
        .says("The apply would write nothing. 1 guard refused: max_numbers_dark (3 > 2).")
        .says("To allow it:\n  telform rehearse --max-numbers-dark 3\n");
    story.unpod("bridges: {}\n");
    story.expect(0, "rehearse").says("Plan: no changes");
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")));
}

fn seconds_away(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some((before, rest)) = line.split_once("would take about ") {
            let (_, after) = rest.split_once(" s at").unwrap();
            *line = format!("{before}would take about [seconds] s at{after}");
        }
    }
    lines.join("\n") + "\n"
}

/// A number that moves is dark for as long as two requests take, the look at the bridge and the connect.
#[test]
fn seconds_in_the_dark() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod(
        "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: old }, '+14155550103': { provider: old } } }
  fax: { slug: fax, name: Fax, numbers: {} }
",
    );
    // Slow answers now are slow answers then.
    story.fault("{ match: { method: GET, path: '*/bridges/*/', times: 0 }, effect: { delay_ms: 80 } }");
    story.fault("{ match: { method: GET, path: '*/numbers/', times: 0 }, effect: { delay_ms: 80 } }");
    let ran = story.expect(0, "rehearse --json");
    let numbers = ran.events().last().unwrap()["rehearsal"]["numbers"].clone();
    let of = |number: &str| {
        let numbers = numbers.as_array().unwrap();
        numbers.iter().find(|dark| dark["number"] == number).unwrap()["seconds"].as_f64().unwrap()
    };
    for number in ["+14155550101", "+14155550103"] {
        assert!((0.15..2.0).contains(&of(number)), "{numbers}");
    }
}

/// Unreadable secrets that the ledger records as present: they are not sent in the rehearsal, either.
#[test]
fn a_secret_that_the_ledger_knows_is_not_sent() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    let yaml = |name: &str| {
        format!(
            "providers:\n  new: {{ provider: exotel, account_sid: EX1, auth_token: {{ env: AUTH }} }}\nbridges:\n  sales: {{ slug: sales, name: {name} }}\n"
        )
    };
    story.unpod(&yaml("Sales"));
    story.apply();
    story.unpod(&yaml("Sales West"));
    let requests = rehearsed(&story.expect(0, "rehearse --json")).remove("unpod").unwrap();
    let writes: Vec<&String> = requests.iter().filter(|request| !request.starts_with("GET ")).collect();
    assert_eq!(writes.len(), 1, "{writes:?}");
}

#[test]
fn a_rehearsal_is_reported_as_an_apply_and_says_that_it_was_none() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
    story.unpod(ALL);
    let formats = ["markdown", "html", "github", "gitlab", "sarif", "junit", "slack"];
    let asked: Vec<String> = formats.iter().map(|format| format!("--format {format}=rehearsal.{format}")).collect();
    let before = story.world();
    story.expect(0, &format!("rehearse {}", asked.join(" ")));
    assert_eq!(story.world(), before, "nothing real is touched");
    for format in formats.into_iter().filter(|format| *format != "gitlab") {
        let text = story.read(&format!("rehearsal.{format}"));
        assert!(text.contains("This was a rehearsal: nothing was written to a service."), "{format}: {text}");
        assert!(text.contains("The apply would take about"), "{format}: {text}");
        assert!(format == "sarif" || format == "github" || text.contains("+14155550101"), "{format}: {text}");
        assert!(!text.contains("telform undo"), "{format}: {text}");
    }
    let comment = story.read("rehearsal.markdown");
    assert!(comment.starts_with("<!-- telform rehearsal -->\n> [!"), "{comment}");
    assert!(comment.contains("telform rehearse: **done**"), "{comment}");
    // What would fail is a finding of each.
    story.file("fault.yaml", "{ match: { method: POST }, effect: { answer: { status: 400 } } }");
    story.run("rehearse --fault fault.yaml --report junit=failed.xml --report slack=failed.txt");
    assert!(story.read("failed.xml").contains("<failure"), "{}", story.read("failed.xml"));
    assert!(story.read("failed.txt").contains("• *!* `"), "{}", story.read("failed.txt"));
    story.unpod(&ALL.replace("max_deletes: 2", "max_deletes: 0"));
    story.expect(3, "rehearse --report slack=refused.txt");
    assert!(story.read("refused.txt").starts_with("*telform rehearse: refused*"), "{}", story.read("refused.txt"));
}
