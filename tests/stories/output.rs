//! What programs and terminals get: JSON that parses, digests that hold, and nothing that controls a terminal.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bench::Story;
use crate::partners::{verified, west};

#[test]
fn the_plan_as_json_and_its_digest() {
    let story = verified("");
    story.carrierx(&west("    city: Compton\n    attributes: { tier: gold, \"\u{e9}\": \"\u{1f600}\" }\n"));
    let first = story.expect(0, "plan --format json");
    let second = story.expect(2, "plan --json --detailed-exitcode");
    assert_eq!(first.stdout, second.stdout, "same input, same bytes");
    let document = first.json();
    assert_eq!((&document["format"], &document["format_version"]), (&json!("telform-plan"), &json!(1)));
    assert_eq!((&document["pending"], &document["refused"]), (&json!(true), &json!(false)));
    let digest = document["digest"].clone();
    let canonical = serde_json_canonicalizer::to_string(&document["plan"]).unwrap();
    let hash: String = Sha256::digest(canonical.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, format!("sha256:{hash}"));
    // The text says the same digest, and an apply can insist on it.
    let digest = digest.as_str().unwrap();
    story.expect(0, "plan").says(digest);
    shot!("digest_moved", story.expect(4, &format!("apply --auto-approve --expect sha256:{:064}", 0)));
    assert_eq!(story.writes(), [""; 0]);
    story.expect(0, &format!("apply --auto-approve --expect {digest}"));
    assert_eq!(story.writes().len(), 1);
}

#[test]
fn an_apply_as_json_lines() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    let events = story.expect(0, "apply --auto-approve --json").events();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["planned", "started", "step_started", "step_ended", "finished"]);
    assert_eq!(events[0]["document"]["format"], "telform-plan");
    assert_eq!(events[1]["digest"], events[0]["document"]["digest"]);
    assert_eq!(events[3]["outcome"]["outcome"], "done");
    assert_eq!((&events[4]["converged"], &events[4]["writes"]), (&json!(true), &json!(1)));

    // With nothing to do, and with a failure, it is still lines.
    let nothing = story.expect(0, "apply --auto-approve --json").events();
    assert_eq!(nothing.len(), 1);
    story.fault("{ match: { method: PATCH }, effect: { answer: { status: 422 } } }");
    story.sandbox.verify("west", "all");
    story.carrierx(&west("    city: Compton\n"));
    let failed = story.expect(1, "apply --auto-approve --json").events();
    let last = failed.last().unwrap();
    assert_eq!((&last["event"], &last["steps"][0]["result"]["outcome"]), (&json!("unfinished"), &json!("failed")));
    assert_eq!(last["steps"][0]["result"]["code"], "telform::step::refused");
    let ended = failed.iter().find(|event| event["event"] == "step_ended").unwrap();
    assert_eq!(ended["outcome"]["code"], "telform::step::refused");
    story.file("telform.yaml", "version: 2\n");
    let broken = story.expect(1, "apply --auto-approve --json").events();
    assert_eq!(broken[0]["code"], "telform::yaml::version");
    story.carrierx(&west(""));
    story.fault("{ match: { times: 0 }, effect: { answer: { status: 403 } } }");
    let unread = story.expect(1, "plan --json").events();
    assert_eq!(unread[0]["code"], "telform::live::forbidden");
}

/// Texts that another user put into a service: they reach neither terminal unchanged.
#[test]
fn hostile_values_stay_texts() {
    let evil = "\u{1b}]0;owned\u{7}\r\u{202e}evil\u{200b}\u{2028}".to_owned();
    let long = format!("{evil}{}", "x".repeat(1_000_000));
    let story = verified("      address1: old\n");
    story.sandbox.edit(|world| {
        let fields = &mut world.carrierx.partners[0].fields;
        fields.insert("name".to_owned(), Value::from(evil.repeat(100)));
        fields.insert("attributes".to_owned(), json!({ evil.clone(): evil.clone() }));
        fields.insert("transformations".to_owned(), json!([{ "a": long.clone() }]));
    });
    story.carrierx(&west("    attributes: { tier: gold }\n    transformations: []\n"));
    // The bench looks for steering characters in every run.
    let text = story.expect(0, "plan");
    assert!(text.stdout.len() < 100_000, "{} bytes on a terminal", text.stdout.len());
    text.says("\\u001b").says("\\u{202e}");
    let document = story.expect(0, "plan --format json").json();
    assert!(document["plan"].to_string().contains("evil"), "the JSON holds the value, escaped");
    story.expect(0, "plan --color always --quiet");

    // An error that quotes the service.
    story.sandbox.set_fault(telform::sandbox::FaultRule::new(
        telform::sandbox::RequestMatcher::to("PATCH", "/core/v2/partners"),
        telform::sandbox::FaultEffect::Answer(
            telform::sandbox::FakeAnswer::status(422).body(telform::sandbox::FakeBody::Json(json!({ "message": long.clone() }))),
        ),
    ));
    let failed = story.expect(1, "apply --auto-approve");
    assert!(failed.stdout.len() < 200_000, "{} bytes on a terminal", failed.stdout.len());
    story.expect(0, "apply --auto-approve --json");
}

#[test]
fn hostile_names_of_bridges() {
    let story = Story::new(
        "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: \"AC\\e[31m\\u202Ered\", auth_token: canary-evil-42 }
  numbers: [ { number: '+14155550101' } ]
  bridges:
    - { slug: sales, name: \"S\\e[2J\\rales\", numbers: { '+14155550101': 42 } }
",
    );
    story.unpod(
        "bridges:\n  sales: { slug: sales, name: Sales }\nremoved:\n  - { address: providers.evil, id: '42', reason: \"bad\" }\n",
    );
    shot!("hostile", story.expect(3, "plan"));
    story.expect(3, "plan --format json");
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
}

#[test]
fn a_reader_that_goes_away() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let args = "plan --sandbox world.yaml";
    let mut child = story.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    // One line, then the pipe is closed.
    BufReader::with_capacity(8, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Accounts  unpod"), "{line}");
    let ran = story.ran(args, &child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0);

    // The output is never read.
    for args in ["plan --sandbox world.yaml", "schema", "--help", "plan --sandbox world.yaml --format json"] {
        let mut child = story.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = story.ran(args, &child.wait_with_output().unwrap());
        assert!(ran.code == 0, "{args}: {} {}", ran.code, ran.stderr);
    }
}

#[test]
fn colour_only_where_it_is_wanted() {
    let story = verified("");
    story.carrierx(&west("    city: Compton\n"));
    let colours = |args: &str, variable: Option<(&str, &str)>| {
        let mut command = story.command(args);
        command.envs(variable);
        String::from_utf8(command.output().unwrap().stdout).unwrap().contains('\u{1b}')
    };
    assert!(!colours("plan", None), "a pipe gets none");
    assert!(colours("plan --color always", None));
    assert!(colours("plan", Some(("CLICOLOR_FORCE", "1"))));
    assert!(!colours("plan --color never", Some(("CLICOLOR_FORCE", "1"))));
    assert!(!colours("plan", Some(("NO_COLOR", "1"))));
    assert!(!colours("plan --format json --color always", None), "JSON has none");
}
