//! Members that an answer shows in part only: what may serve them is never deleted or closed as if nothing used it, and a number
//! never moves to a target that is still closed.

use serde_json::{Value, json};

use crate::bench::Story;

const NORTH: &str = "1293384261075731401";
const SOUTH: &str = "1293384261075731402";

fn world(south: &str) -> String {
    format!(
        "telnyx:
  knobs: {{ delete_in_use: unlink }}
  connections:
    - {{ id: '{NORTH}', connection_name: north, user_name: northdesk1, password: canary-north-1 }}
    - {{ id: '{SOUTH}', connection_name: south, user_name: southdesk1, password: canary-south-1{south} }}
  phone_numbers:
    - {{ id: '1293384261075731501', phone_number: '+13125550101', connection_id: north }}
"
    )
}

fn story(south: &str) -> Story {
    Story::new(&world(south)).secret("NORTH", "canary-north-1").secret("SOUTH", "canary-south-1")
}

fn connection(name: &str, more: &str) -> String {
    let variable = name.to_uppercase();
    format!("  {name}: {{ connection_name: {name}, user_name: {name}desk1, password: {{ env: {variable} }}{more} }}\n")
}

fn declare(story: &Story, connections: &[String], number_on: &str) {
    let number = match number_on {
        "" => String::new(),
        on => format!("phone_numbers:\n  a: {{ phone_number: '+13125550101', connection: {on} }}\n"),
    };
    story.telnyx(&format!("credential_connections:\n{}{number}", connections.concat()));
}

/// From now on the listing of numbers is this.
fn listing(story: &Story, rows: &Value) {
    let total = rows.as_array().unwrap().len();
    let body = json!({ "data": rows, "meta": { "total_results": total, "total_pages": 1, "page_number": 1, "page_size": 250 } });
    story.fault(&format!(
        "{{ match: {{ service: telnyx, method: GET, path: '*/phone_numbers', times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
    ));
}

/// Rows that do not say what they are: without an id, none at all, and ids that a float or blanks have changed.
fn odd_rows() -> Vec<Value> {
    let number = "+13125550101";
    vec![
        json!([{ "record_type": "phone_number", "phone_number": number, "connection_id": NORTH }]),
        json!([null]),
        json!([{ "id": "1293384261075731501", "phone_number": number, "connection_id": 1_293_384_261_075_731_401.0_f64 }]),
        json!([{ "id": "1293384261075731501", "phone_number": number, "connection_id": format!(" {NORTH}") }]),
        json!([{ "id": 1.293_384_261_075_731_5e18_f64, "phone_number": number, "connection_id": NORTH }]),
    ]
}

#[test]
fn a_target_is_not_deleted_while_a_row_does_not_say_what_it_is() {
    for rows in odd_rows() {
        let story = story("");
        declare(&story, &[connection("north", ""), connection("south", "")], "");
        story.apply();
        declare(&story, &[connection("south", "")], "");
        listing(&story, &rows);
        story.take_log();
        story.expect(3, "apply --auto-approve --max-deletes 1").says("guard::unreadable_bridges");
        assert_eq!(story.writes(), [""; 0], "{rows}");
    }
}

#[test]
fn a_row_that_says_nothing_only_at_the_delete_stops_it() {
    let story = story("");
    declare(&story, &[connection("north", ""), connection("south", "")], "");
    story.apply();
    declare(&story, &[connection("south", "")], "");
    let rows = json!([{ "phone_number": "+13125550101", "connection_id": NORTH }]);
    let body = json!({ "data": rows, "meta": { "total_results": 1, "total_pages": 1, "page_number": 1, "page_size": 250 } });
    story.fault(&format!(
        "{{ match: {{ service: telnyx, method: GET, path: '*/phone_numbers', nth: 2, times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
    ));
    story.take_log();
    story.run("apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    let log = story.take_log();
    assert!(log.iter().all(|line| !line.starts_with("DELETE")), "{}", log.join("\n"));
}

#[test]
fn a_target_is_not_closed_while_its_members_are_not_known() {
    for rows in odd_rows() {
        let story = story("");
        declare(&story, &[connection("north", "")], "");
        story.apply();
        declare(&story, &[connection("north", ", active: false")], "");
        listing(&story, &rows);
        story.take_log();
        story.expect(3, "apply --auto-approve").says("guard::unreadable_bridges");
        assert_eq!(story.writes(), [""; 0], "{rows}");
    }
    // The listing itself fails.
    let story = story("");
    declare(&story, &[connection("north", "")], "");
    story.apply();
    declare(&story, &[connection("north", ", active: false")], "");
    story.fault(
        "{ match: { service: telnyx, method: GET, path: '*/phone_numbers', times: 0 }, effect: { answer: { status: 403 } } }",
    );
    story.take_log();
    story.expect(3, "apply --auto-approve").says("credential_connections.north");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_move_to_a_target_that_this_plan_does_not_open_is_dark() {
    for (more, options) in
        [(", active: true", "--exclude credential_connections.south"), (", active: true, lifecycle: { ignore: [active] }", "")]
    {
        let story = story(", active: false");
        declare(&story, &[connection("north", "")], "north");
        story.apply();
        declare(&story, &[connection("north", ""), connection("south", more)], "south");
        story.take_log();
        story.expect(3, &format!("apply --auto-approve {options}")).says("1 number would go dark");
        assert_eq!(story.writes(), [""; 0], "{options}");
    }
}

#[test]
fn a_number_moves_only_after_its_target_was_opened() {
    let story = story(", active: false");
    declare(&story, &[connection("north", "")], "north");
    story.apply();
    declare(&story, &[connection("north", ""), connection("south", ", active: true")], "south");
    story.fault("{ match: { service: telnyx, method: PATCH, path: '*/credential_connections/*', times: 0 }, effect: { answer: { status: 422 } } }");
    story.take_log();
    story.run("apply --auto-approve --on-error continue");
    assert!(story.writes().iter().all(|line| !line.contains("phone_numbers")), "{:?}", story.writes());
}

#[test]
fn a_number_does_not_move_to_a_target_that_stayed_closed_although_the_service_said_200() {
    let story = story(", active: false");
    declare(&story, &[connection("north", "")], "north");
    story.apply();
    declare(&story, &[connection("north", ""), connection("south", ", active: true")], "south");
    let closed = json!({ "data": { "record_type": "credential_connection", "id": SOUTH, "connection_name": "south", "user_name": "southdesk1", "active": false } });
    story.fault(&format!(
        "{{ match: {{ service: telnyx, method: PATCH, path: '*/credential_connections/*', times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {closed} }} }} }} }}"
    ));
    story.take_log();
    let run = story.run("apply --auto-approve --on-error continue");
    assert!(story.writes().iter().all(|line| !line.contains("phone_numbers")), "{:?}", story.writes());
    run.says("lets no call through");
}

#[test]
fn values_of_a_map_that_a_patch_cannot_carry_are_named() {
    let story = story("");
    let outbound = |localization: &str| format!(", outbound: {{ localization: {localization} }}");
    declare(&story, &[connection("north", &outbound("US"))], "");
    story.apply();
    declare(&story, &[connection("north", &outbound("CA"))], "");
    story.expect(0, "plan").is_silent_about("cannot carry");
    let row = json!({
        "record_type": "credential_connection", "id": NORTH, "connection_name": "north", "user_name": "northdesk1", "active": true,
        "outbound": { "localization": "US", "t38_reinvite_source": ["telnyx"], "of_tomorrow": "x" },
    });
    let body = json!({ "data": [row], "meta": { "total_results": 1, "total_pages": 1, "page_number": 1, "page_size": 250 } });
    story.fault(&format!(
        "{{ match: {{ service: telnyx, method: GET, path: '*/credential_connections', times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
    ));
    let plan = story.run("plan");
    plan.says("cannot carry").says("outbound.of_tomorrow, outbound.t38_reinvite_source");
}
