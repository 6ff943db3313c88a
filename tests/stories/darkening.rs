//! A number that is attached between the plan and a step that makes its target dark, without a delete of that target, is not silenced.

use serde_json::{Value, json};

use crate::bench::Story;

const NORTH: &str = "1293384261075731401";
const GATE: &str = "1293384261075731402";
const SOUTH: &str = "1293384261075731403";
const FIRST: &str = "+13125550101";
const LATE: &str = "+13125550102";

/// The credential connections north and south, the IP connection gate with one address, and a number on one of them.
fn story(number_on: &str) -> Story {
    let story = Story::new(&format!(
        "telnyx:
  connections:
    - {{ id: '{NORTH}', connection_name: north, user_name: northdesk1, password: canary-north-1 }}
    - {{ id: '{SOUTH}', connection_name: south, user_name: southdesk1, password: canary-south-1 }}
    - {{ id: '{GATE}', record_type: ip_connection, connection_name: gate, outbound: {{ ip_authentication_token: canary-token-1 }} }}
  ips:
    - {{ id: '1293384261075731601', ip_address: 198.51.100.7, connection_id: gate }}
  phone_numbers:
    - {{ id: '1293384261075731501', phone_number: '{FIRST}', connection_id: '{number_on}' }}
    - {{ id: '1293384261075731502', phone_number: '{LATE}' }}
"
    ));
    let story = story.secret("NORTH", "canary-north-1").secret("SOUTH", "canary-south-1");
    declare(&story, "", SOUTH_OPEN, &["7"], "");
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.take_log();
    story
}

const SOUTH_OPEN: &str = "  south: { connection_name: south, user_name: southdesk1, password: { env: SOUTH } }\n";

fn declare(story: &Story, north: &str, south: &str, addresses: &[&str], number: &str) {
    let one =
        |last: &&str| format!("  a{last}: {{ connection_id: ip_connections.gate, ip_address: 198.51.100.{last}, port: 5060 }}\n");
    let addresses = match addresses {
        [] => "ips: {}\n".to_owned(),
        all => format!("ips:\n{}", all.iter().map(one).collect::<String>()),
    };
    story.telnyx(&format!(
        "credential_connections:\n  north: {{ connection_name: north, user_name: northdesk1, password: {{ env: NORTH }}{north} }}\n{south}ip_connections:\n  gate: {{ connection_name: gate }}\n{addresses}{number}"
    ));
}

/// What another user does, or what the service no longer says, between the plan and a step.
type Meanwhile = fn(&Story, u8, &str);

/// Right before this reading of the numbers, another user attaches one to a target.
fn attached(story: &Story, nth: u8, to: &str) {
    story.fault(&format!(
        "{{ match: {{ service: telnyx, method: GET, path: '*/phone_numbers', nth: {nth} }}, effect: {{ foreign: [ {{ telnyx: {{ collection: phone_numbers, which: '{LATE}', set: {{ connection_id: '{to}' }} }} }} ] }} }}"
    ));
}

/// From this reading on, the listing has a row that does not say whose it is.
fn nameless(story: &Story, nth: u8, on: &str) {
    listing_from(story, "phone_numbers", nth, &[json!({ "phone_number": LATE, "connection_id": on })]);
}

/// From this reading on, the listing is this.
fn listing_from(story: &Story, collection: &str, nth: u8, rows: &[Value]) {
    let meta = json!({ "total_results": rows.len(), "total_pages": 1, "page_number": 1, "page_size": 250 });
    let body = json!({ "data": rows, "meta": meta });
    story.fault(&format!(
        "{{ match: {{ service: telnyx, method: GET, path: '*/{collection}', nth: {nth}, times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
    ));
}

fn writes_that(story: &Story, start: &str) -> usize {
    story.writes().iter().filter(|line| line.starts_with(start)).count()
}

#[test]
fn a_connection_is_not_closed_over_a_number_that_came_after_the_plan() {
    for meanwhile in [attached as Meanwhile, nameless] {
        let story = story(NORTH);
        declare(&story, ", active: false", SOUTH_OPEN, &["7"], "");
        meanwhile(&story, 2, NORTH);
        story.expect(4, "apply --auto-approve --max-numbers-dark 1").says("this would silence that");
        assert_eq!(story.writes(), [""; 0]);
    }
    // The number that the plan counts does not stop it.
    let story = story(NORTH);
    declare(&story, ", active: false", SOUTH_OPEN, &["7"], "");
    story.expect(3, "plan").says("1 number would go dark");
    story.expect(0, "apply --auto-approve --max-numbers-dark 1");
    assert_eq!(writes_that(&story, "PATCH credential_connections"), 1);
}

#[test]
fn the_last_address_is_not_deleted_under_a_number_that_came_after_the_plan() {
    for meanwhile in [attached as Meanwhile, nameless] {
        let story = story(GATE);
        declare(&story, "", SOUTH_OPEN, &[], "");
        meanwhile(&story, 2, GATE);
        story.expect(4, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1").says("this would silence that");
        assert_eq!(story.writes(), [""; 0]);
    }
    let story = story(GATE);
    declare(&story, "", SOUTH_OPEN, &[], "");
    story.expect(3, "plan --max-deletes 1").says("1 number would go dark");
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    assert_eq!(writes_that(&story, "DELETE ips"), 1);
}

/// Another address takes the calls: nothing is silenced, whatever came.
#[test]
fn an_address_that_is_not_the_last_is_deleted() {
    let story = story(GATE);
    declare(&story, "", SOUTH_OPEN, &["8"], "");
    attached(&story, 2, GATE);
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!((writes_that(&story, "POST ips"), writes_that(&story, "DELETE ips")), (1, 1));
}

/// The other address went away after the plan: the one that is deleted is now the last.
#[test]
fn an_address_that_became_the_last_is_not_deleted() {
    let story = story(GATE);
    declare(&story, "", SOUTH_OPEN, &["7", "8"], "");
    story.apply();
    story.take_log();
    let kept = story.world()["telnyx"]["ips"][0].clone();
    declare(&story, "", SOUTH_OPEN, &["8"], "");
    listing_from(&story, "ips", 2, &[kept]);
    story.expect(4, "apply --auto-approve --max-deletes 1").says("this would silence that").says(FIRST);
    assert_eq!(story.writes(), [""; 0]);
}

/// The plan itself moves the number away.
#[test]
fn a_number_that_the_plan_moves_away_does_not_keep_its_connection_open() {
    let number = "phone_numbers:\n  a: { phone_number: '+13125550101', connection: south }\n";
    let story = story(NORTH);
    declare(&story, ", active: false", SOUTH_OPEN, &["7"], number);
    story.expect(0, "apply --auto-approve");
    story.in_sync();
    // One address goes with its connection, and the number is elsewhere by then.
    let story = self::story(GATE);
    declare(&story, "", SOUTH_OPEN, &[], number);
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!(writes_that(&story, "DELETE ips"), 1);
    story.in_sync();
}

/// What was read before a close says nothing about a delete that comes later.
#[test]
fn each_phase_reads_the_numbers_again() {
    let story = story(NORTH);
    declare(&story, ", active: false", "", &["7"], "");
    attached(&story, 3, SOUTH);
    story.expect(5, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1").says(LATE);
    assert_eq!((writes_that(&story, "PATCH"), writes_that(&story, "DELETE")), (1, 0));
}

/// The request that closes a connection, or deletes its last address, got no answer and had no effect. Before it goes out again,
/// the numbers are read again.
#[test]
fn a_lost_request_is_not_sent_again_over_a_number_that_came_meanwhile() {
    for (method, on, active, addresses) in [("PATCH", NORTH, ", active: false", &["7"] as &[&str]), ("DELETE", GATE, "", &[])] {
        let options = "--auto-approve --max-deletes 1 --max-numbers-dark 1";
        let lost = || {
            let story = story(on);
            declare(&story, active, SOUTH_OPEN, addresses, "");
            story.fault(&format!("{{ match: {{ service: telnyx, method: {method} }}, effect: cut }}"));
            story
        };
        let story = lost();
        attached(&story, 3, on);
        story.expect(4, &format!("apply {options}")).says("it is not sent again").says(LATE);
        assert_eq!(writes_that(&story, method), 1, "{:?}", story.writes());
        // Without it, the second one is sent.
        let story = lost();
        story.expect(0, &format!("apply {options}"));
        assert_eq!(writes_that(&story, method), 2, "{:?}", story.writes());
    }
}

const MOVES: &str = "phone_numbers:\n  a: { phone_number: '+13125550101', connection: TO }\n";

/// Right before the first number moves, another user closes the connection that it is to move to, or its only address goes.
#[test]
fn a_number_is_not_connected_to_what_was_closed_after_the_plan() {
    let closed = format!(
        "{{ match: {{ service: telnyx, method: GET, path: '*/phone_numbers/*' }}, effect: {{ foreign: [ {{ telnyx: {{ collection: credential_connections, which: '{SOUTH}', set: {{ active: false }} }} }} ] }} }}"
    );
    let story = story(NORTH);
    declare(&story, "", SOUTH_OPEN, &["7"], &MOVES.replace("TO", "south"));
    story.fault(&closed);
    let said = story.expect(4, "apply --auto-approve");
    said.says("was closed after the plan and lets no call through").says(FIRST);
    assert_eq!(story.writes(), [""; 0]);
    // Planned again, it is counted.
    story.expect(3, "plan").says("1 number would go dark");

    let story = self::story(NORTH);
    declare(&story, "", SOUTH_OPEN, &["7"], &MOVES.replace("TO", "gate"));
    listing_from(&story, "ips", 2, &[]);
    story.expect(4, "apply --auto-approve").says("lost all that its calls go to after the plan").says(FIRST);
    assert_eq!(story.writes(), [""; 0]);
}

/// What the plan says of a longer number says nothing of one with which it begins.
#[test]
fn a_number_is_not_mistaken_for_one_that_begins_with_it() {
    let short = &LATE[..LATE.len() - 1];
    let story = Story::new(&format!(
        "telnyx:
  connections:
    - {{ id: '{NORTH}', connection_name: north, user_name: northdesk1, password: canary-north-1 }}
    - {{ id: '{SOUTH}', connection_name: south, user_name: southdesk1, password: canary-south-1, active: false }}
    - {{ id: '{GATE}', record_type: ip_connection, connection_name: gate, outbound: {{ ip_authentication_token: canary-token-1 }} }}
  ips:
    - {{ id: '1293384261075731601', ip_address: 198.51.100.7, connection_id: gate }}
  phone_numbers:
    - {{ id: '1293384261075731501', phone_number: '{short}' }}
    - {{ id: '1293384261075731502', phone_number: '{LATE}' }}
"
    ));
    let story = story.secret("NORTH", "canary-north-1").secret("SOUTH", "canary-south-1");
    let numbers = format!(
        "phone_numbers:\n  a: {{ phone_number: '{short}', connection: gate }}\n  b: {{ phone_number: '{LATE}', connection: south }}\n"
    );
    declare(&story, "", SOUTH_OPEN, &["7"], &numbers);
    story.expect(0, "plan").says(&format!("{LATE}, served by credential_connections.south"));
    listing_from(&story, "ips", 2, &[]);
    let ran = story.run("apply --auto-approve");
    ran.says("lost all that its calls go to after the plan");
    assert_eq!(writes_that(&story, "PATCH phone_numbers/1293384261075731501"), 0, "{}", ran.whole());
}

/// What the plan says of a closed connection stops nothing, and one that lets calls through is read once for all its numbers.
#[test]
fn a_connection_is_read_once_for_all_numbers_that_move_to_it() {
    let two = format!("{MOVES}  b: {{ phone_number: '{LATE}', connection: TO }}\n").replace("TO", "south");
    let story = story(NORTH);
    declare(&story, "", SOUTH_OPEN, &["7"], &two);
    story.expect(0, "apply --auto-approve");
    let read = format!("GET credential_connections/{SOUTH}");
    assert_eq!(story.take_log().iter().filter(|line| line.starts_with(&read)).count(), 1);

    let story = self::story(NORTH);
    let south = SOUTH_OPEN.replace("{ env: SOUTH }", "{ env: SOUTH }, active: false");
    declare(&story, "", &south, &["7"], "");
    story.apply();
    declare(&story, "", &south, &["7"], &two);
    story.expect(0, "apply --auto-approve --max-numbers-dark 1");
    assert_eq!(writes_that(&story, "PATCH phone_numbers"), 2);
}
