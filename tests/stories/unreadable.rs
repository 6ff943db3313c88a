//! One object that cannot be read, or whose values have an undocumented shape, stops only what needs it.

use serde_json::{Value, json};

use crate::bench::Story;

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers: [{ number: '+14155550101' }, { number: '+14155550102' }]
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
    - { id: 302, slug: broken, name: Broken, numbers: { '+14155550102': 43 } }
";

/// Reading the bridge fails as it was recorded: 500 with a page of HTML.
const BROKEN: &str = "{ match: { method: GET, path: '*/bridges/broken/', times: 0 }, effect: { answer: { status: 500 } } }";

const OBJECTS: &str = "
providers:
  main: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
  other: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales West }
";

fn bridges() -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-1").setting("TELFORM_TEST_PAUSE_MS", "1");
    story.unpod(OBJECTS);
    story
}

#[test]
fn an_unmanaged_bridge_that_cannot_be_read_is_a_notice() {
    let story = bridges();
    story.fault(BROKEN);
    let plan = story.expect(2, "plan --detailed-exitcode");
    plan.says("bridge broken").says("probably two bridges share this slug").says("only the service's support");
    story.apply().says("a fresh plan is empty");
    assert!(story.writes().iter().any(|write| write.starts_with("PATCH telephony/bridges/sales/")));
    // The token of a configuration is rotated, and drift and doctor report the rest.
    story.expect(0, "apply --auto-approve --rewrite-secret providers.main").says("a fresh plan is empty");
    story.expect(0, "drift").says("No drift").says("2 providers");
    story.expect(5, "undo last --auto-approve");
    story.expect(0, "doctor").says("broken of bridges cannot be read");
    // A snapshot keeps what is known about it.
    story.expect(0, "plan --snapshot-out live.json");
    story.expect(0, "plan --snapshot live.json").says("bridge broken");
    story.expect(0, "adopt --all --out adopted").is_silent_about("broken");
}

#[test]
fn a_configuration_goes_only_when_the_unreadable_bridge_is_allowed_by_number() {
    let story = bridges();
    story.apply();
    story.fault(BROKEN);
    story.take_log();
    // A delete, and a replacement, which is one too.
    let gone = OBJECTS.replace("  other: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n", "");
    let replaced = OBJECTS.replace("twilio, account_sid: AC43", "exotel, account_sid: EX43");
    for objects in [&gone, &replaced] {
        story.unpod(objects);
        let ran = story.expect(3, "plan --max-deletes 1 --max-numbers-dark 1");
        ran.says("guard::unreadable_bridges").says("--max-unreadable-bridges 1").is_silent_about("no number is known");
        story.expect(3, "apply --auto-approve --max-deletes 1");
        story.expect(
            2,
            "plan --detailed-exitcode --exclude providers.other --target providers.main --rewrite-secret providers.main",
        );
    }
    assert_eq!(story.writes(), [""; 0]);
    story.unpod(&gone);
    let allowed = "--max-deletes 1 --max-unreadable-bridges 1";
    let plan = story.expect(0, &format!("plan {allowed} --format json")).json();
    let delete = plan["plan"]["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(delete["operation"]["unread"], json!(["broken"]));
    assert!(delete["why"].as_str().unwrap().contains("not read: broken"), "{delete}");
    // The checker wants the number too.
    let mut edited = plan.clone();
    edited.as_object_mut().unwrap().remove("checksum");
    edited["origin"]["options"]["max_unreadable_bridges"] = Value::Null;
    story.file("edited.json", &edited.to_string());
    story.expect(1, "verify edited.json").says("telform::verify::delete");
    story.expect(0, &format!("apply --auto-approve {allowed}")).says("a fresh plan is empty");
    assert_eq!(story.writes(), ["DELETE telephony/providers-configurations/43/"]);
}

/// A bridge that breaks after the plan was made may use what is to be deleted.
#[test]
fn a_bridge_that_breaks_meanwhile_stops_the_delete() {
    let story = bridges();
    story.apply();
    story.unpod(&OBJECTS.replace("  other: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n", ""));
    story.take_log();
    story.expect(0, "plan --max-deletes 1 --max-numbers-dark 1 --out plan.json");
    // It is readable while the plan is made again and its number is disconnected, and not after that.
    story.fault("{ match: { method: GET, path: '*/bridges/sales/', nth: 2, times: 0 }, effect: { answer: { status: 500 } } }");
    let ran = story.expect(5, "apply plan.json --auto-approve");
    ran.says("reading bridge sales").says("answered 500");
    assert!(!story.writes().iter().any(|write| write.starts_with("DELETE ")), "{:?}", story.writes());
}

#[test]
fn a_managed_bridge_that_cannot_be_read_is_refused_alone() {
    let story = bridges();
    let with = format!("{OBJECTS}  broken: {{ slug: broken, name: Broken }}\n");
    story.unpod(&with);
    story.apply();
    story.fault(BROKEN);
    story.unpod(&with.replace("Sales West", "Sales East"));
    let plan = story.expect(3, "plan");
    plan.says("refusal::unreadable").says("--exclude bridges.broken");
    story.expect(2, "plan --detailed-exitcode --exclude bridges.broken").says("bridges.sales");
    story.expect(0, "apply --auto-approve --target bridges.sales").says("a fresh plan is empty");
    // Without its entry, the delete is refused as well, and the ledger keeps it.
    story.unpod(OBJECTS);
    story.expect(3, "plan --max-deletes 1").says("refusal::unreadable");
    assert!(story.ledger()["objects"]["bridges.broken"]["id"].is_string());
    // The number on it is not taken for one that is free.
    story.unpod(&format!("{OBJECTS}  new: {{ slug: new, name: New, numbers: {{ '+14155550102': {{ provider: main }} }} }}\n"));
    story.expect(3, "plan --exclude bridges.broken").says("+14155550102 is on bridge broken, which cannot be read");
    // Drift reports what it could not read.
    let ran = story.expect(1, "drift");
    ran.says("Not checked (1)").says("bridges.broken").says("2 providers");
}

/// The older generation, where anyone can create a second bridge with a slug.
#[test]
fn a_doubled_slug_stops_nothing_else() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1, base_url: https://a.example.net }
  bridges:
    - { id: 301, slug: twin, name: One, product_id: prod }
    - { id: 302, slug: twin, name: Two, product_id: prod }
    - { id: 303, slug: 'a/b', name: Three, product_id: prod }
    - { id: 304, slug: fine, name: Four, product_id: prod }
",
    );
    let objects = "providers:\n  main: { name: main, provider: Vapi, base_url: https://b.example.net }\nbridges:\n  fine: { slug: fine, name: Fine }\n";
    story.unpod_with("product_id: prod, ", objects);
    let plan = story.expect(2, "plan --detailed-exitcode");
    plan.says("two bridges share this slug").says("its slug cannot be part of a path");
    let asked = story.take_log();
    assert!(!asked.iter().any(|line| line.contains("bridges/twin")), "known from the listing alone: {asked:?}");
    story.apply().says("a fresh plan is empty");
    story.unpod_with("product_id: prod, ", &objects.replace("fine: { slug: fine", "twin: { slug: twin"));
    story.expect(3, "plan --target bridges.twin").says("refusal::unreadable").says("two bridges share this slug");
}

const PARTNERS: &str = "
carrierx:
  partners:
    - { partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: west, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: ops@acme.example, phonenumber: '15162065574', payment_type: postpay }
    - { partner_sid: 4f0c6a52-8b1e-4a37-9d55-0c2be1a7f411, login: east, name: East, company_name: Acme, country_code: USA, zip: '01234', owner_email: ops@acme.example, phonenumber: '15162065574', payment_type: postpay }
";

/// The listing as the service gives it, with one partner's fields in other shapes.
fn partners(sets: &[(usize, &str, Value)], more: &[Value]) -> Story {
    let story = Story::new(PARTNERS).secret("PW", "canary-password-1");
    let world = story.world();
    let mut items = world["carrierx"]["partners"].as_array().unwrap().clone();
    for (at, name, value) in sets {
        items[*at][name] = value.clone();
    }
    items.extend(more.iter().cloned());
    let body =
        json!({ "items": items, "has_more": false, "limit": 1000, "offset": 0, "count": items.len(), "total": items.len() });
    story.fault(&format!(
        "{{ match: {{ method: GET, path: '*/partners', times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
    ));
    story
}

fn west(more: &str) -> String {
    format!(
        "partners:\n  west: {{ login: west, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: ops@acme.example, phonenumber: '15162065574', payment_type: postpay, password: {{ env: PW }}{more} }}\n"
    )
}

#[test]
fn an_empty_list_is_an_empty_map() {
    let story = partners(&[(0, "callbacks", json!([])), (0, "attributes", json!([]))], &[]);
    story.carrierx(&west(", callbacks: {}, attributes: {}"));
    story.expect(0, "plan --detailed-exitcode").says("no changes").is_silent_about("another shape");
    story.carrierx(&west(", callbacks: { sms: https://hooks.example/a }"));
    story.expect(2, "plan --detailed-exitcode").says("callbacks");
}

#[test]
fn a_value_of_another_shape_is_the_problem_of_whoever_manages_it() {
    for (name, value, stated) in [
        ("callbacks", json!("https://x"), ", callbacks: { sms: https://hooks.example/a }"),
        ("attributes", json!([{ "key": "tier", "value": "gold" }]), ", attributes: { tier: gold }"),
        ("acls", json!({ "0": {} }), ", acls: []"),
        ("city", json!(["Rome"]), ", city: Rome"),
    ] {
        let story = partners(&[(0, name, value.clone()), (1, name, value)], &[]);
        // It is unmanaged: counted and named, where telform reads it at all.
        story.carrierx(&west(""));
        story.expect(0, "plan --detailed-exitcode").says("no changes");
        // Managed: refused, with a way round.
        story.carrierx(&west(stated));
        let plan = story.expect(3, "plan");
        plan.says("refusal::odd_shape").says(&format!("`{name}` of partner")).says("4f0c6a52-8b1e-4a37-9d55-0c2be1a7f411");
        story.expect(0, "plan --exclude partners.west");
        story.expect(0, "doctor").says("another shape");
        // A PUT would lose it.
        story.carrierx(&west(", update: put").replace("name: West", "name: Westward"));
        story.expect(3, "plan").says("the PUT would lose it");
        story.expect(0, "adopt --all --out adopted");
    }
}

#[test]
fn a_row_that_names_no_object_is_counted_and_makes_nothing_twice() {
    for row in [json!({ "login": "north" }), json!("nonsense"), json!({ "partner_sid": {}, "login": "north" })] {
        let story = partners(&[], &[row]);
        story.carrierx(&west(""));
        story.expect(0, "plan --detailed-exitcode").says("no changes").says("does not have the documented form");
        // It may be the object that is to be created.
        let north = west("").replace("west: {", "north: {").replace("login: west", "login: north");
        story.carrierx(&north);
        story.expect(3, "plan").says("refusal::odd_shape");
        story.carrierx(&format!("{}removed:\n  - {{ address: partners.north, login: north }}\n", west("")));
        story.expect(3, "plan").says("refusal::odd_shape").is_silent_about("already deleted");
    }
}

/// A listed configuration of another shape, and a managed one that fails when it is asked for by its id.
#[test]
fn configurations_too() {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-1");
    story.unpod(OBJECTS);
    story.apply();
    let listing = json!({ "status_code": 200, "message": "Success", "data": [
        { "id": 42, "provider": "plivo", "account_sid": "MA42" }, { "provider": "sip", "account_sid": "S1" }, 7
    ] });
    story.fault(&format!(
        "{{ match: {{ method: GET, path: '*/providers-configurations/', times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {listing} }} }} }} }}"
    ));
    story.fault(
        "{ match: { method: GET, path: '*/providers-configurations/43/', times: 0 }, effect: { answer: { status: 500 } } }",
    );
    let plan = story.expect(3, "plan");
    plan.says("refusal::unreadable").says("providers.other").says("has no usable `id`");
    story.expect(0, "plan --exclude providers.other").says("no changes");
    story.expect(0, "plan --target bridges.sales").says("no changes");
}
