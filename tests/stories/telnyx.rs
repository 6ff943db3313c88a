//! Telnyx: numbers that are adopted, moved by one request and never dark; connections whose nested values are owned one by one.

use serde_json::{Value, json};

use crate::bench::Story;

const PROFILE: &str = "1293384261075731400";
const NORTH: &str = "1293384261075731401";
const FIRST: &str = "1293384261075731501";
const SECOND: &str = "1293384261075731502";

/// An account with a profile, a connection and two numbers on it, and one number that is gone.
fn world(knobs: &str) -> String {
    format!(
        "telnyx:
  knobs: {{ {knobs} }}
  outbound_voice_profiles:
    - {{ id: '{PROFILE}', name: domestic, whitelisted_destinations: [US, CA] }}
  connections:
    - {{ id: '{NORTH}', connection_name: north, user_name: northdesk1, password: canary-north-1, inbound: {{ channel_limit: 5 }}, outbound: {{ outbound_voice_profile_id: domestic, localization: CA }} }}
  phone_numbers:
    - {{ id: '{FIRST}', phone_number: '+13125550101', connection_id: north }}
    - {{ id: '{SECOND}', phone_number: '+13125550102', connection_id: north }}
    - {{ id: '1293384261075731503', phone_number: '+13125550102', status: ported-out }}
"
    )
}

fn story(knobs: &str) -> Story {
    Story::new(&world(knobs)).secret("NORTH", "canary-north-1").secret("SOUTH", "canary-south-1")
}

const PROFILES: &str = "outbound_voice_profiles:\n  domestic: { name: domestic }\n";

/// One connection, with more attributes.
pub(crate) fn connection(name: &str, more: &str) -> String {
    let variable = name.to_uppercase();
    format!("  {name}: {{ connection_name: {name}, user_name: {name}desk1, password: {{ env: {variable} }}{more} }}\n")
}

/// The two numbers, each on a connection.
pub(crate) fn numbers(first: &str, second: &str) -> String {
    format!(
        "phone_numbers:\n  a: {{ phone_number: '+13125550101', connection: {first} }}\n  b: {{ phone_number: '+13125550102', connection: {second} }}\n"
    )
}

pub(crate) fn whole(connections: &[String], numbers: &str) -> String {
    format!("{PROFILES}credential_connections:\n{}{numbers}", connections.concat())
}

pub(crate) const OUT: &str = ", outbound: { outbound_voice_profile_id: outbound_voice_profiles.domestic }";

/// Everything is adopted; nothing is written for that.
pub(crate) fn managed(knobs: &str) -> Story {
    let story = story(knobs);
    story.telnyx(&whole(&[connection("north", OUT)], &numbers("north", "north")));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.take_log();
    story
}

fn connection_row(story: &Story, name: &str) -> Value {
    let world = story.world();
    let rows = world["telnyx"]["connections"].as_array().unwrap().clone();
    rows.into_iter().find(|row| row["connection_name"] == name).unwrap_or_default()
}

fn connection_of(story: &Story, number: &str) -> Value {
    let world = story.world();
    let rows = world["telnyx"]["phone_numbers"].as_array().unwrap().clone();
    rows.into_iter().find(|row| row["id"] == number).unwrap_or_default()["connection_id"].clone()
}

/// What the service leaves open must not matter.
const OPEN: &[&str] = &[
    "",
    "nested_patch: replace_with_defaults",
    "nested_patch: replace_with_null, password_shown: stars",
    "ids_as_numbers: true, duplicate_name: refuse_422, nested_patch: replace_with_null",
    "list_lag: 2, detach_with: 'null'",
    "delete_in_use: unlink, profile_delete_in_use: null_reference, messaging_down: unavailable",
    "error_shape: code_integer, null_inner: reject_422",
];

#[test]
fn what_is_there_is_adopted_and_what_is_missing_is_made() {
    for knobs in OPEN {
        let story = story(knobs);
        let south = connection(
            "south",
            &format!(", active: true, tags: [b, a], inbound: {{ dnis_number_format: +e164, codecs: [OPUS, G722] }}{OUT}"),
        );
        let group = "billing_groups:\n  sales: { name: Sales }\n";
        let profiles = "outbound_voice_profiles:\n  domestic: { name: domestic, billing_group_id: billing_groups.sales, daily_spend_limit: '100.5', whitelisted_destinations: [CA, US] }\n";
        let connections = format!("credential_connections:\n{}{south}", connection("north", OUT));
        story.telnyx(&format!("{group}{profiles}{connections}{}", numbers("north", "south")));
        let plan = story.checked_plan("");
        let calls: Vec<&str> =
            plan["plan"]["steps"].as_array().unwrap().iter().filter_map(|it| it["call"]["method"].as_str()).collect();
        assert_eq!(calls, ["POST", "POST", "PATCH", "PATCH", "GET"], "{knobs}");
        story.apply();
        let south = connection_row(&story, "south");
        assert_eq!(connection_of(&story, SECOND), south["id"], "{knobs}");
        assert_eq!(story.world()["telnyx"]["outbound_voice_profiles"][0]["daily_spend_limit"], "100.5");
        assert_eq!(south["outbound"]["outbound_voice_profile_id"], PROFILE);
        story.in_sync();
        story.expect(0, "journal verify");
    }
}

/// A PATCH of one key of a nested value loses no other one, whatever the service does with those that are left out.
#[test]
fn a_nested_value_is_changed_key_by_key() {
    for knobs in OPEN {
        let story = managed(knobs);
        let more = format!(", inbound: {{ channel_limit: 9 }}{OUT}");
        story.telnyx(&whole(&[connection("north", &more)], &numbers("north", "north")));
        story.checked_plan("");
        story.apply();
        let north = connection_row(&story, "north");
        assert_eq!(north["inbound"]["channel_limit"], 9, "{knobs}");
        assert_eq!(north["outbound"]["localization"], "CA", "{knobs}");
        assert_eq!(north["outbound"]["outbound_voice_profile_id"], PROFILE, "{knobs}");
        assert_eq!(north["password"], "canary-north-1", "{knobs}: what was read is never sent back");
        story.in_sync();
        let more = ", outbound: { outbound_voice_profile_id: outbound_voice_profiles.domestic, channel_limit: 3 }, inbound: { channel_limit: 9 }";
        story.telnyx(&whole(&[connection("north", more)], &numbers("north", "north")));
        story.apply();
        let north = connection_row(&story, "north");
        assert_eq!(
            (&north["outbound"]["localization"], &north["inbound"]["channel_limit"]),
            (&json!("CA"), &json!(9)),
            "{knobs}"
        );
        story.in_sync();
        // It was null before, which this service takes or refuses.
        let refuses = knobs.contains("reject_422");
        story.expect(refuses.into(), "undo last --auto-approve");
        assert!(refuses || connection_row(&story, "north")["outbound"]["channel_limit"].is_null(), "{knobs}");
    }
}

/// A profile's PATCH carries its name; a group, a set and a decimal are compared as what they are.
#[test]
fn a_profile_is_patched_with_its_name() {
    let story = managed("");
    let profile = "outbound_voice_profiles:\n  domestic: { name: domestic, enabled: false, tags: [y, x] }\n";
    let rest = whole(&[connection("north", OUT)], &numbers("north", "north"));
    story.telnyx(&format!("guards: {{ max_connections_muted: 1 }}\n{}", rest.replace(PROFILES, profile)));
    story.checked_plan("");
    story.apply();
    let sent = story.writes();
    let body = r#"{"enabled":false,"tags":["y","x"],"name":"domestic"}"#;
    assert_eq!(sent, [format!("PATCH outbound_voice_profiles/{PROFILE} {body}")]);
    story.in_sync();
}

/// The password is compared with what is shown, and where that is stars with what was written last.
#[test]
fn a_password_is_rotated() {
    for knobs in ["", "password_shown: stars", "password_shown: stars, nested_patch: replace_with_null"] {
        let mut story = managed(knobs);
        story.set("NORTH", "canary-north-2");
        let plan = story.run("plan --format json");
        if knobs.is_empty() {
            assert_eq!(plan.json()["plan"]["changes"][0]["attributes"][0]["name"], "password");
            story.apply();
        } else {
            // Who wrote the stars is not known, so nothing is sent without being asked for.
            story.expect(0, "plan").says("credential_connections.north");
            story.expect(0, "apply --auto-approve --rewrite-secret credential_connections.north.password");
        }
        assert_eq!(connection_row(&story, "north")["password"], "canary-north-2", "{knobs}");
        story.in_sync();
        story.set("NORTH", "canary-north-3");
        story.apply();
        assert_eq!(connection_row(&story, "north")["password"], "canary-north-3", "{knobs}");
        story.in_sync();
    }
}

/// A new connection is made, each number moves by one request, that is read back, and then the old one is deleted.
#[test]
fn a_connection_is_replaced_without_a_number_being_dark() {
    for knobs in OPEN {
        let story = managed(knobs);
        story.telnyx(&whole(&[connection("south", OUT)], &numbers("south", "south")));
        let plan = story.checked_plan("");
        assert!(
            plan["plan"]["impact"].as_array().unwrap().iter().all(|it| it["effect"] == "moves" && it["dark_steps"].is_null()),
            "{plan}"
        );
        let apply = "apply --auto-approve --max-deletes 1";
        story.take_log();
        story.expect(0, apply);
        let log = story.take_log();
        let delete = log.iter().position(|line| line.starts_with(&format!("DELETE credential_connections/{NORTH}"))).unwrap();
        for number in [FIRST, SECOND] {
            let moves: Vec<usize> =
                (0..log.len()).filter(|at| log[*at].starts_with(&format!("PATCH phone_numbers/{number}"))).collect();
            assert_eq!(moves.len(), 1, "{knobs}: {log:#?}");
            let read = |line: &String| {
                line.starts_with(&format!("GET phone_numbers/{number}")) || line.starts_with("GET phone_numbers?")
            };
            assert!(log[moves[0]..delete].iter().any(read), "{knobs}: {log:#?}");
        }
        let lists = log[..delete].iter().rposition(|line| line.starts_with("GET phone_numbers?")).unwrap();
        assert!(log[lists..delete].iter().all(|line| !line.starts_with("PATCH")), "the list is read after the last move");
        assert!(log.iter().all(|line| !line.starts_with("DELETE phone_numbers")));
        story.in_sync();
    }
}

/// A number that another client puts onto the connection during the run keeps it.
#[test]
fn a_connection_with_numbers_is_not_deleted() {
    let story = managed("delete_in_use: unlink");
    // Without an heir, two numbers would be dark.
    story.telnyx(PROFILES);
    story.telnyx(&format!("{PROFILES}credential_connections: {{}}\nphone_numbers: {{}}\n"));
    let refused = story.expect(3, "apply --auto-approve");
    refused.says("max_numbers_dark").says("max_deletes");
    assert_eq!(story.writes(), [""; 0]);
    // After the first one was read back, and before the connection is deleted.
    let foreign = format!("{{ telnyx: {{ collection: phone_numbers, which: '{FIRST}', set: {{ connection_id: '{NORTH}' }} }} }}");
    for (method, nth) in [("PATCH", 1), ("GET", 2)] {
        let story = managed("delete_in_use: unlink");
        story.telnyx(&whole(&[connection("south", OUT)], &numbers("south", "south")));
        story.fault(&format!(
            "{{ match: {{ service: telnyx, method: {method}, path: '*/phone_numbers/{SECOND}', nth: {nth} }}, effect: {{ foreign: [ {foreign} ] }} }}"
        ));
        let said = story.expect(5, "apply --auto-approve --max-deletes 1");
        said.says("+13125550101");
        assert_eq!(connection_of(&story, FIRST), NORTH);
        assert!(story.writes().iter().all(|line| !line.starts_with("DELETE")), "{:#?}", story.writes());
    }
}

/// A number is taken off its connection in the way that the account says, and that is read back.
#[test]
fn a_number_is_taken_off_and_that_is_read_back() {
    for (knob, setting) in [("empty", ""), ("either", ""), ("'null'", "detach_with: null, ")] {
        let story = managed(&format!("detach_with: {knob}"));
        story.telnyx_with(setting, &whole(&[connection("north", OUT)], &numbers("null", "north")));
        let plan = story.checked_plan("");
        assert_eq!(plan["plan"]["impact"][0]["effect"], "dark");
        story.expect(3, "apply --auto-approve").says("max_numbers_dark");
        story.expect(0, "apply --auto-approve --max-numbers-dark 1");
        let sent = if setting.is_empty() { json!({ "connection_id": "" }) } else { json!({ "connection_id": null }) };
        assert_eq!(story.writes(), [format!("PATCH phone_numbers/{FIRST} {sent}")]);
        story.in_sync();
        story.expect(0, "undo last --plan");
    }
    // The service takes it and does nothing: nothing that waited for it happens.
    let story = managed("detach_with: ignored_200, delete_in_use: unlink");
    story.telnyx(&format!("{PROFILES}credential_connections: {{}}\nphone_numbers: {{}}\n"));
    let said = story.expect(5, "apply --auto-approve --max-deletes 1 --max-numbers-dark 2");
    said.says("+13125550101");
    assert!(story.writes().iter().all(|line| !line.starts_with("DELETE")), "{:#?}", story.writes());
    assert_eq!(connection_of(&story, FIRST), NORTH);
    // Refused: the same.
    let story = managed("detach_with: neither_422");
    story.telnyx(&whole(&[connection("north", OUT)], &numbers("null", "north")));
    story.expect(1, "apply --auto-approve --max-numbers-dark 1").says("/connection_id");
    assert_eq!(connection_of(&story, FIRST), NORTH);
}

/// Inactive: its numbers are dark though nothing is disconnected.
#[test]
fn an_inactive_connection_darkens_its_numbers() {
    let story = managed("");
    story.telnyx(&whole(&[connection("north", &format!(", active: false{OUT}"))], &numbers("north", "north")));
    let plan = story.checked_plan("");
    let impact = plan["plan"]["impact"].as_array().unwrap();
    assert_eq!(impact.iter().map(|it| it["effect"].as_str().unwrap()).collect::<Vec<_>>(), ["dark", "dark"]);
    story.expect(3, "apply --auto-approve").says("2 numbers would go dark");
    story.expect(0, "apply --auto-approve --max-numbers-dark 2");
    story.in_sync();
    // Only the connection is declared: the numbers are counted all the same.
    let story = managed("");
    story.telnyx(&format!("{PROFILES}credential_connections:\n{}", connection("north", &format!(", active: false{OUT}"))));
    story.expect(3, "plan").says("2 numbers would go dark");
}

/// A number that the account does not have is refused; one that is no longer declared stays as it is.
#[test]
fn numbers_are_neither_ordered_nor_released() {
    let story = managed("");
    let other = "  c: { phone_number: '+13125550109', connection: north }\n";
    story.telnyx(&whole(&[connection("north", OUT)], &format!("{}{other}", numbers("north", "north"))));
    story.expect(3, "plan").says("refusal::not_in_account").says("phone_numbers.c");
    let one = "phone_numbers:\n  a: { phone_number: '+13125550101', connection: north }\n";
    story.telnyx(&whole(&[connection("north", OUT)], one));
    story.apply().says("released");
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(connection_of(&story, SECOND), NORTH);
    story.in_sync();
    // A destroy takes them off the connection that it deletes, and releases them.
    story.expect(0, "destroy --auto-approve --max-deletes 2 --max-numbers-dark 2").says("released");
    let sent: Vec<String> = story.writes().iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let off = [FIRST, SECOND].map(|number| format!("PATCH phone_numbers/{number}"));
    let gone = [format!("DELETE credential_connections/{NORTH}"), format!("DELETE outbound_voice_profiles/{PROFILE}")];
    assert_eq!(sent, [off, gone].concat());
}

/// A listing that is not whole, two of one name, and limits.
#[test]
fn what_cannot_be_read_whole_is_refused() {
    let story = managed("");
    let twin = "telnyx:
  connections:
    - { connection_name: north, user_name: one1, password: canary-one-11 }
    - { connection_name: north, user_name: two2, password: canary-two-22 }
";
    let twins = Story::new(twin).secret("NORTH", "canary-north-1");
    twins.telnyx(&format!("credential_connections:\n{}", connection("north", "")));
    twins.expect(3, "plan").says("refusal::several_fit");
    story.fault("{ match: { service: telnyx, method: GET, path: '*/phone_numbers', times: 0 }, effect: { missing_rows: 1 } }");
    story.expect(3, "plan").says("the service counts");
}

#[test]
fn other_commands_know_it() {
    let story = managed("");
    story.expect(0, "doctor").says("2 phone numbers").says("x-ratelimit-limit");
    story.expect(0, "get credential_connections --format json");
    let got = story.expect(0, "get phone_numbers");
    got.says("+13125550101");
    story.expect(0, "explain credential_connections.north.outbound.outbound_voice_profile_id");
    story.expect(0, "explain phone_numbers.a.connection");
    story.sandbox.edit(|world| {
        world.telnyx.connections[0].get_mut("inbound").unwrap()["channel_limit"] = 7.into();
        world.telnyx.phone_numbers[0].insert("customer_reference".to_owned(), "desk".into());
    });
    story.telnyx(&whole(&[connection("north", &format!(", inbound: {{ channel_limit: 5 }}{OUT}"))], &numbers("north", "north")));
    story.expect(2, "drift").says("inbound.channel_limit");
    story.expect(0, "drift --accept");
    assert!(story.read("telform.yaml").contains("inbound: { channel_limit: 7 }"), "{}", story.read("telform.yaml"));
    story.telnyx(&whole(&[connection("south", OUT)], &numbers("south", "south")));
    let terraform = story.run("plan --format terraform-json").json();
    let north = &terraform["resource_changes"].as_array().unwrap().iter().find(|it| it["name"] == "south").unwrap()["change"];
    assert_eq!(north["after"]["outbound"]["outbound_voice_profile_id"], "outbound_voice_profiles.domestic", "{terraform}");
    story.expect(0, "rehearse --max-deletes 1");

    // What `init --adopt` writes is what is there, and it reads back as it is.
    let fresh = story.path("fresh");
    std::fs::create_dir(&fresh).unwrap();
    let set = format!("telnyx.base_url={}", story.sandbox.telnyx_url());
    story.expect(0, &format!("-C fresh init --account telnyx --token env:TELNYX_TOKEN --set {set} --adopt"));
    let drafted = std::fs::read_to_string(fresh.join("telform/telnyx-credential_connections.yaml")).unwrap();
    assert!(
        drafted.contains("    outbound:\n      outbound_voice_profile_id: \"outbound_voice_profiles.domestic\""),
        "{drafted}"
    );
    assert!(!drafted.contains("canary"), "{drafted}");
}

/// Pages of 250 in an order that a new row does not shift; the token goes to the account's own address alone.
#[test]
fn a_long_list_is_read_by_pages() {
    let rows = (0..600).map(|index| format!("    - {{ phone_number: '+1312{index:07}', connection_id: north }}\n"));
    let world = format!(
        "telnyx:\n  knobs: {{ ids_as_numbers: true }}\n  connections:\n    - {{ connection_name: north, user_name: northdesk1, password: canary-north-1 }}\n  phone_numbers:\n{}",
        rows.collect::<String>()
    );
    let story = Story::new(&world).secret("NORTH", "canary-north-1");
    story.telnyx(&format!(
        "credential_connections:\n{}{}",
        connection("north", ""),
        numbers("north", "north").replace("+13125550101", "+13120000000").replace("+13125550102", "+13120000599")
    ));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.take_log();
    story.expect(0, "plan").says("598 phone numbers");
    let mut pages: Vec<String> = story.take_log().into_iter().filter(|line| line.starts_with("GET phone_numbers?")).collect();
    pages.sort();
    let page = |number: u8| {
        format!(
            "GET phone_numbers?page%5Bnumber%5D={number}&page%5Bsize%5D=250&sort=phone_number&handle_messaging_profile_error=true"
        )
    };
    assert_eq!(pages, [page(1), page(2), page(3)]);
    // Rows on two pages push others back: pages are read until there are as many numbers as the service counts, or that is an error.
    story.fault(
        "{ match: { service: telnyx, method: GET, path: '*/phone_numbers', times: 0 }, effect: { overlapping_pages: 5 } }",
    );
    story.expect(0, "plan").says("598 phone numbers");
    story.sandbox.clear_faults();
    story.fault("{ match: { service: telnyx, method: GET, path: '*/phone_numbers', times: 0 }, effect: { missing_rows: 5 } }");
    story.expect(3, "plan").says("the service counts 605 phone_numbers and shows 600");
}

/// A create whose answer is lost is found by reading, and never sent again; a move whose answer is lost is settled likewise.
#[test]
fn a_lost_answer_is_settled_by_reading() {
    for (method, path) in [("POST", "*/credential_connections"), ("PATCH", "*/phone_numbers/*")] {
        let story = managed("");
        story.telnyx(&whole(&[connection("north", OUT), connection("south", OUT)], &numbers("north", "south")));
        story.fault(&format!("{{ match: {{ service: telnyx, method: {method}, path: '{path}' }}, when: after, effect: cut }}"));
        story.apply();
        let made = story.writes().iter().filter(|line| line.starts_with("POST ")).count();
        assert_eq!(made, 1, "{:#?}", story.writes());
        assert_eq!(connection_of(&story, SECOND), connection_row(&story, "south")["id"]);
        story.in_sync();
    }
    // Throttled: waited for, and sent again, because nothing was done.
    let story = managed("throttle: { nth: 3, times: 2, reset: 0 }");
    story.telnyx(&whole(&[connection("north", OUT), connection("south", OUT)], &numbers("north", "south")));
    story.apply();
    story.in_sync();
}

/// What moved outside is shown, and accepted into the YAML by the name of what serves the number now.
#[test]
fn a_number_that_moved_outside_is_accepted() {
    let story = managed("");
    story.telnyx(&whole(&[connection("north", OUT), connection("south", OUT)], &numbers("north", "north")));
    story.apply();
    let south = connection_row(&story, "south")["id"].clone();
    story.sandbox.edit(|world| {
        world.telnyx.phone_numbers[0].insert("connection_id".to_owned(), south);
        world.telnyx.phone_numbers[1].insert("connection_id".to_owned(), "".into());
    });
    story.expect(2, "drift").says("phone_numbers.a").says("phone_numbers.b");
    story.expect(0, "drift --accept");
    let yaml = story.read("telform.yaml");
    assert!(
        yaml.contains("connection: credential_connections.south")
            || yaml.contains("connection: \"credential_connections.south\""),
        "{yaml}"
    );
    assert!(yaml.contains("connection: null"), "{yaml}");
    story.in_sync();
}

/// A number that is its own place is named by its number, and kinds in words.
#[test]
fn pictures_show_the_number_and_not_its_id() {
    let story = managed("");
    let both = [connection("north", OUT), connection("south", OUT)];
    story.telnyx(&whole(&both, &numbers("south", "north")));
    story.expect(0, "validate").says("2 phone numbers");
    story.expect(0, "plan --out plan.json");
    let wiring = story.expect(0, "graph plan.json --show wiring").stdout;
    assert!(wiring.contains("+13125550101") && wiring.contains("south") && !wiring.contains(FIRST), "{wiring}");
    // From the number to the connection that serves it until now, and to the one that does so then.
    let edges = story.expect(0, "graph plan.json --show wiring --format json").json()["edges"].as_array().unwrap().len();
    assert_eq!(edges, 2);
    let page = story.expect(0, "plan --format html").stdout;
    let picture = page.split("</figure>").next().unwrap_or_default().split("<figure>").nth(1).unwrap_or_default();
    assert!(
        picture.contains("connect +13125550101") && picture.contains("phone_numbers.a") && !picture.contains(FIRST),
        "{picture}"
    );
}
