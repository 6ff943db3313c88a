//! Telnyx: in which order connections close, addresses leave and numbers move, so that no number is dark on the way.

use serde_json::{Value, json};

use crate::bench::Story;

const NORTH: &str = "1293384261075731401";
const DESK: &str = "1293384261075731402";
const ADDRESS: &str = "1293384261075731601";
const NUMBER: &str = "1293384261075731501";

/// Two connections; the second one is an IP connection with one address. `on` serves the number.
fn managed(on: &str) -> Story {
    let world = format!(
        "telnyx:
  connections:
    - {{ id: '{NORTH}', connection_name: north, user_name: northdesk1, password: canary-north-1 }}
    - {{ id: '{DESK}', record_type: ip_connection, connection_name: desk, outbound: {{ ip_authentication_token: canary-token-1 }} }}
  ips:
    - {{ id: '{ADDRESS}', ip_address: 198.51.100.7, connection_id: desk }}
  phone_numbers:
    - {{ id: '{NUMBER}', phone_number: '+13125550104', connection_id: {} }}
",
        if on == "null" { "''" } else { on }
    );
    let story = Story::new(&world).secret("NORTH", "canary-north-1");
    story.telnyx(&files(true, true, "7", &number("+13125550104", on)));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.in_sync();
    story.take_log();
    story
}

/// Whether each connection is active, the last part of the address, and the number.
fn files(north: bool, desk: bool, last: &str, number: &str) -> String {
    format!(
        "credential_connections:
  north: {{ connection_name: north, user_name: northdesk1, password: {{ env: NORTH }}, active: {north} }}
ip_connections:
  desk: {{ connection_name: desk, active: {desk} }}
ips:
  at{last}: {{ connection_id: ip_connections.desk, ip_address: 198.51.100.{last}, port: 5060 }}
{number}"
    )
}

fn number(number: &str, on: &str) -> String {
    format!("phone_numbers:\n  a: {{ phone_number: '{number}', connection: {on} }}\n")
}

fn row<'a>(world: &'a Value, table: &str, id: &str) -> &'a Value {
    world["telnyx"][table].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap_or(&Value::Null)
}

/// Method and path of each write.
fn written(story: &Story) -> Vec<String> {
    story.writes().iter().map(|line| line.split([' ', '?']).take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_connection_closes_after_its_numbers_have_left() {
    let story = managed("north");
    story.telnyx(&files(false, true, "7", &number("+13125550104", "desk")));
    let planned = story.checked_plan("");
    let steps = planned["plan"]["steps"].as_array().unwrap();
    let phases: Vec<&str> = steps.iter().map(|step| step["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["rewire", "read_back", "close"]);
    assert_eq!(steps[2]["waits_for"], json!(["s1", "phase:read_back"]));
    assert_eq!(planned["plan"]["impact"][0]["effect"], "moves");
    // The checker demands that.
    let mut hasty = planned.clone();
    hasty["plan"]["steps"][2]["waits_for"] = json!(["s1"]);
    hasty.as_object_mut().unwrap().remove("checksum");
    story.file("hasty.json", &hasty.to_string());
    story.expect(1, "verify hasty.json").says("does not wait for phase:read_back");
    // The number stays where it is: so its connection stays open.
    story.fault(&format!(
        "{{ match: {{ method: PATCH, path: '**phone_numbers/{NUMBER}' }}, effect: {{ answer: {{ status: 422 }} }} }}"
    ));
    story.run("apply --auto-approve --on-error continue");
    assert_eq!(row(&story.world(), "phone_numbers", NUMBER)["connection_id"], NORTH);
    assert_ne!(row(&story.world(), "connections", NORTH)["active"], false);
    story.sandbox.clear_faults();
    story.take_log();
    story.apply();
    assert_eq!(written(&story), [format!("PATCH phone_numbers/{NUMBER}"), format!("PATCH credential_connections/{NORTH}")]);
    story.in_sync();
    story.expect(0, "journal verify");
}

/// A run that opens a connection and moves a number there: its undo moves the number before it closes the connection.
#[test]
fn an_undo_moves_numbers_before_it_closes() {
    let story = managed("north");
    story.telnyx(&files(true, false, "7", &number("+13125550104", "north")));
    story.apply();
    story.telnyx(&files(true, true, "7", &number("+13125550104", "desk")));
    story.take_log();
    story.apply();
    assert_eq!(written(&story), [format!("PATCH ip_connections/{DESK}"), format!("PATCH phone_numbers/{NUMBER}")]);
    story.take_log();
    story.expect(0, "undo last --auto-approve");
    assert_eq!(written(&story), [format!("PATCH phone_numbers/{NUMBER}"), format!("PATCH ip_connections/{DESK}")]);
    story.expect(0, "journal verify");
}

#[test]
fn the_last_address_stays_where_the_new_one_fails() {
    let story = managed("desk");
    story.telnyx(&files(true, true, "8", &number("+13125550104", "desk")));
    let planned = story.checked_plan("");
    assert_eq!(planned["plan"]["steps"][1]["waits_for"], json!(["s1", "phase:read_back"]));
    story.fault("{ match: { method: POST, path: '**ips' }, effect: { answer: { status: 422 } } }");
    story.run("apply --auto-approve --max-deletes 1 --on-error continue");
    assert_eq!(row(&story.world(), "ips", ADDRESS)["ip_address"], "198.51.100.7");
    story.sandbox.clear_faults();
    story.expect(0, "apply --auto-approve --max-deletes 1");
    story.in_sync();
    story.expect(0, "journal verify");
}

#[test]
fn a_number_that_does_not_ring_after_it_is_connected_is_told() {
    let story = managed("null");
    story.telnyx(&files(true, true, "7", &number("+13125550104", "desk")));
    assert!(!story.expect(0, "plan").stdout.contains("does not ring"));
    story.telnyx(&files(true, false, "7", &number("+13125550104", "desk")));
    let planned = story.checked_plan("");
    let codes: Vec<&str> = planned["notices"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"stays_dark"), "{codes:?}");
    story.expect(0, "plan").says("does not ring").says("+13125550104, served by ip_connections.desk");
}

#[test]
fn a_changed_number_never_acts_on_the_earlier_one() {
    let story = managed("null");
    story.telnyx(&files(true, true, "7", &number("+13125550199", "desk")));
    let refused = story.expect(3, "apply --auto-approve");
    assert!(!refused.stdout.contains("despite") && !refused.stderr.contains("despite"), "{}{}", refused.stdout, refused.stderr);
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(story.checked_plan("")["plan"]["steps"], json!([]));
    // Ignored, the entry is about the number that the object has.
    let ignoring =
        "phone_numbers:\n  a: { phone_number: '+13125550199', connection: desk, lifecycle: { ignore: [phone_number] } }\n";
    story.telnyx(&files(true, true, "7", ignoring));
    let planned = story.checked_plan("");
    assert_eq!(planned["plan"]["steps"][0]["operation"]["number"], "+13125550104");
    story.apply();
    assert_eq!(row(&story.world(), "phone_numbers", NUMBER)["connection_id"], DESK);
    story.in_sync();
}

/// A number that stays where it is and does not ring is reported: no drift and no change are not the same as a working line.
#[test]
fn a_number_on_something_that_lets_no_call_through_is_told() {
    let ring = "does not ring";
    // Closed outside, where the YAML does not state whether it is active.
    let story = managed("desk");
    let unstated = |story: &Story, on: &str| {
        story.telnyx(&files(true, true, "7", &number("+13125550104", on)).replace("desk, active: true", "desk"));
    };
    unstated(&story, "desk");
    assert!(!story.expect(0, "plan").stdout.contains(ring));
    assert_eq!(story.expect(0, "drift --json").json()["looked_at"]["not_ringing"], json!({}));
    story.sandbox.edit(|world| {
        let mut value = serde_json::to_value(&*world).unwrap();
        value["telnyx"]["connections"][1]["active"] = json!(false);
        *world = serde_json::from_value(value).unwrap();
    });
    let who = "+13125550104, served by ip_connections.desk";
    story.expect(0, "plan").says(ring).says(who);
    story.expect(0, "drift").says(ring).says(who);
    story.expect(0, "drift -q").says("Not ringing: 1 number.");
    story.expect(0, "drift --format sarif").says("drift::not_ringing");
    assert_eq!(story.expect(0, "drift --json").json()["looked_at"]["not_ringing"], json!({ "telnyx": [who] }));
    story.expect(0, "explain phone_numbers.a").says(ring);
    story.expect(0, "explain phone_numbers.a.connection").says(ring);
    // One that is opened by the plan, or that the number leaves, rings after it.
    story.telnyx(&files(true, true, "7", &number("+13125550104", "desk")));
    let again = "It rings after this plan";
    story.expect(0, "plan").says(again).says(who);
    // The value is what silences the number: it is not accepted without a person's hand.
    let yaml = story.read("telform.yaml");
    story.expect(2, "drift").says(ring).says(who).says("with this value +13125550104 no longer ring");
    story.expect(2, "drift --accept");
    assert_eq!(story.read("telform.yaml"), yaml);
    unstated(&story, "north");
    story.expect(0, "plan").says(again).says(who);

    // Without the address that its calls go to.
    let story = managed("desk");
    story.sandbox.edit(|world| world.telnyx.ips.clear());
    let none = files(true, true, "7", &number("+13125550104", "desk"));
    story.telnyx(&none.split("ips:").next().map(|head| format!("{head}{}", number("+13125550104", "desk"))).unwrap());
    story.expect(0, "plan").says(ring).says(who);
}
