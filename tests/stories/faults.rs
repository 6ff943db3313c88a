//! A service that answers wrongly, late, elsewhere or not at all.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Instant;

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::{verified, west};

const MAIN: &str = "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
";

fn unpod(yaml: &str) -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod(yaml);
    story
}

/// Each of these, in each listing, ends a plan with exit 1 and a remedy, and an apply before any write. A bridge that cannot
/// be read is a refusal for its address; the token is the account's.
#[test]
fn listings_that_cannot_be_trusted() {
    let effects = [
        ("206", "{ answer: { status: 206 } }"),
        ("302", "{ answer: { status: 302, location: 'https://elsewhere.example/' } }"),
        ("401", "{ answer: { status: 401 } }"),
        ("html", "{ answer: { status: 200, body: html } }"),
        ("empty", "empty_body"),
        ("truncated", "truncated_json"),
        ("object", "data_object"),
    ];
    let paths = ["*/providers-configurations/", "*/bridges/", "*/bridges/sales/", "*/numbers/"];
    let story = unpod(&format!("{MAIN}bridges:\n  sales: {{ slug: sales, name: Other }}\n"));
    let mut shown = String::new();
    for path in paths {
        for (name, effect) in effects {
            if name == "object" && path.ends_with("sales/") {
                continue; // There an object is right.
            }
            story.fault(&format!("{{ match: {{ path: '{path}', times: 0 }}, effect: {effect} }}"));
            if path.ends_with("sales/") && name != "401" {
                story.expect(3, "apply --auto-approve").says("refusal::unreadable").says("--exclude bridges.sales");
                story.sandbox.clear_faults();
                continue;
            }
            if name != "401" {
                // It stops only what needs it, and without `numbers` in the YAML nothing does.
                let code = if path.contains("numbers") { 2 } else { 3 };
                let ran = story.expect(code, "plan --detailed-exitcode");
                ran.says("1 listing not read").says("listing the ").says("[telform::live::");
                story.sandbox.clear_faults();
                continue;
            }
            let ran = story.expect(1, "apply --auto-approve");
            shown.push_str(&format!("=== {name} at {path}\n{}", ran.stderr));
            assert!(ran.stderr.starts_with("error[telform::live::"), "{}", ran.stderr);
            assert!(ran.stderr.contains("help: "), "{}", ran.stderr);
            story.sandbox.clear_faults();
        }
    }
    assert_eq!(story.writes(), [""; 0]);
    let all = crate::bench::Ran { code: 1, stdout: shown, stderr: String::new() };
    shot!("listings", all);
}

#[test]
fn an_incomplete_list_of_bridges() {
    let bridges: String = (1..=25).map(|n| format!("    - {{ slug: b{n}, name: B{n} }}\n")).collect();
    let story = Story::new(&format!("unpod:\n  bridges:\n{bridges}"));
    story.unpod("bridges: {}\n");
    story.expect(0, "plan").says("25 bridges in unpod");
    story.fault("{ match: { path: '*/bridges/', times: 0 }, effect: { missing_rows: 3 } }");
    shot!("incomplete", story.expect(1, "plan"));
    story.sandbox.clear_faults();
    story.fault("{ match: { path: '*/bridges/', times: 0 }, effect: endless_pages }");
    shot!("endless", story.expect(1, "plan"));
    story.sandbox.clear_faults();
    story.fault("{ match: { path: '*/bridges/', times: 0 }, effect: { next_url: 'http://elsewhere.example/' } }");
    story.expect(0, "plan").says("25 bridges in unpod"); // The count says that nothing is missing; nobody is followed.
}

/// A redirect is an error: the token is sent to the account's own origin and nowhere else.
#[test]
fn the_token_stays_at_home() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let elsewhere = format!("http://{}/stolen", listener.local_addr().unwrap());
    let story = unpod(&format!("{MAIN}bridges:\n  sales: {{ slug: sales, name: Other }}\n"));
    for method in ["GET", "PATCH"] {
        story.fault(&format!(
            "{{ match: {{ method: {method}, times: 0 }}, effect: {{ answer: {{ status: 301, location: '{elsewhere}' }} }} }}"
        ));
        story.expect(1, "apply --auto-approve").says("301");
        story.sandbox.clear_faults();
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody called");
}

#[test]
fn too_many_requests() {
    let story = unpod(&format!("{MAIN}bridges:\n  sales: {{ slug: sales, name: Other }}\n"));
    // A read, a PATCH and a connect are asked to wait; each is sent again when the time is up.
    story.fault("{ match: { path: '*/numbers/' }, effect: { answer: { status: 429, retry_after: '1' } } }");
    story.fault("{ match: { method: PATCH }, effect: { answer: { status: 429, retry_after: '0', body: docs } } }");
    let begun = Instant::now();
    story.apply();
    assert!(begun.elapsed().as_secs_f32() >= 1.0, "the wait that was asked for is kept");
    assert_eq!(story.writes().len(), 2, "the PATCH was sent twice");
    story.in_sync();

    // A create of a partner is never sent again, not even then.
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.fault("{ match: { method: POST }, effect: { answer: { status: 429, retry_after: '0' } } }");
    story.expect(1, "apply --auto-approve");
    assert_eq!(story.writes().len(), 1);
}

/// Every write in turn is carried out, and its answer is lost: reading settles it, and nothing is done twice.
#[test]
fn done_and_the_answer_lost() {
    let yaml = "
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
    let plain = unpod(yaml);
    plain.apply();
    let wanted = plain.writes();
    assert_eq!(wanted.len(), 9, "{wanted:?}");
    for effect in ["{ answer: { status: 500 } }", "cut"] {
        for nth in 1..=wanted.len() {
            let story = unpod(yaml);
            story.fault(&format!("{{ match: {{ method: WRITE, nth: {nth} }}, when: after, effect: {effect} }}"));
            let ran = story.run("apply --auto-approve");
            assert_eq!(ran.code, 0, "{effect} {nth} {}: {}", wanted[nth - 1], ran.whole());
            let writes = story.writes();
            // A lost answer to a connect or a PATCH may be sent once more: it brings about the same state.
            let repeated = writes.len() - wanted.len();
            assert!(repeated <= 1, "{writes:?}");
            let posts = |start: &str| writes.iter().filter(|write| write.starts_with(start)).count();
            assert_eq!(posts("POST telephony/providers-configurations/ "), 1);
            assert_eq!(posts("POST telephony/bridges/ "), 1);
            assert_eq!(posts("DELETE "), 1);
            ran.says("Done: 9 writes, and a fresh plan is empty.");
            story.in_sync();
        }
    }
}

/// The same writes, each refused permanently: nothing that depends on it happens.
#[test]
fn not_done_and_the_answer_lost() {
    let story = unpod(&format!("{MAIN}bridges:\n  sales: {{ slug: sales, name: Sales West }}\n"));
    story.fault("{ match: { method: PATCH, times: 0 }, effect: cut }");
    shot!("patch_cut", story.expect(1, "apply --auto-approve"));
    assert_eq!(story.writes().len(), 2, "once more after a fresh look, then no more");
    story.sandbox.clear_faults();
    story.apply();
    story.in_sync();
}

#[test]
fn answers_that_prove_nothing() {
    // A create whose answer holds no id, or breaks off in the middle: looked up by its natural key.
    for effect in ["without_id", "truncated_json", "empty_body", "cut_in_body", "{ answer: { status: 206 } }"] {
        let story = Story::new("{}").secret("AUTH", "canary-auth-43");
        story.unpod("providers:\n  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n");
        story.fault(&format!("{{ match: {{ method: POST }}, when: after, effect: {effect} }}"));
        let ran = story.run("apply --auto-approve");
        assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 1, "{effect}");
        assert_eq!(ran.code, 0, "{effect}: {}", ran.whole());
        story.in_sync();
    }
}

#[test]
fn a_partner_that_answers_for_another() {
    let story = verified("");
    story.carrierx(&west("    city: Compton\n"));
    story.fault(
        "{ match: { method: PATCH }, when: after, effect: { answer: { status: 200, body: { json: { partner_sid: 7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01, login: other } } } } }",
    );
    shot!("wrong_sid", story.expect(5, "apply --auto-approve"));
}

#[test]
fn fields_that_nobody_knows_do_no_harm() {
    let story = unpod(&format!("{MAIN}bridges:\n  sales: {{ slug: sales, name: Other }}\n"));
    story.fault("{ match: { times: 0 }, effect: extra_fields }");
    story.apply();
    story.in_sync();
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let story = unpod(MAIN);
    let yaml = story.read("telform.yaml").replace(&story.sandbox.base(), &format!("http://{address}"));
    story.file("telform.yaml", &yaml);
    shot!("nobody_listens", story.expect(1, "plan"));
}

/// Something that is not HTTP at all.
#[test]
fn somebody_else_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n");
        }
    });
    let story = unpod(MAIN);
    let yaml = story.read("telform.yaml").replace(&story.sandbox.base(), &format!("http://{address}"));
    story.file("telform.yaml", &yaml);
    story.expect(1, "plan").says("error[telform::live::");
}

/// The run does not wait for an hour, and does not retry before the time that the service named.
#[test]
fn a_wait_that_is_too_long_is_said_and_not_shortened() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-42");
    story.unpod("providers:\n  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }\n");
    story.fault("{ match: { method: GET, times: 0 }, effect: { answer: { status: 429, retry_after: '3600' } } }");
    let ran = story.expect(1, "plan");
    ran.says("it asks to wait 3600 s, but telform waits 60 s at most");
}

/// A create that is refused because there is one: it is there, and the next run adopts it.
#[test]
fn a_create_of_what_is_there_says_run_again() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-42");
    story.unpod("providers:\n  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }\n");
    // It was created by another user's request at the same moment: here it is this request, which is answered like that.
    story.fault("{ match: { method: POST }, when: after, effect: { answer: { status: 409 } } }");
    let ran = story.expect(1, "apply --auto-approve");
    ran.says("has this natural key: run again to adopt it");
    story.apply();
    assert_eq!(story.ledger()["objects"]["providers.a"]["origin"], "adopted");
}
