//! A plan grows with its changes: not with their square, and by little for each. Nothing is timed here; `benches/speed` does that.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bench::Story;

fn number(index: usize) -> String {
    format!("+1415{index:07}")
}

/// So many bridges, each with so many numbers, all served by configuration 41.
fn world(bridges: usize, each: usize) -> String {
    let numbers = |bridge: usize| (bridge * each..(bridge + 1) * each).map(number);
    let all: Vec<Value> = (0..bridges * each).map(|index| json!({ "id": 100_000 + index, "number": number(index) })).collect();
    let bridges: Vec<Value> = (0..bridges)
        .map(|index| {
            let served: serde_json::Map<String, Value> = numbers(index).map(|number| (number, 41.into())).collect();
            json!({ "id": 300 + index, "slug": format!("line-{index:05}"), "name": format!("Line {index}"), "numbers": served })
        })
        .collect();
    json!({ "unpod": {
        "knobs": { "bridge_get": "configuration_id" },
        "configurations": [
            { "id": 41, "provider": "twilio", "account_sid": "AC41", "auth_token": "canary-growth-41" },
            { "id": 42, "provider": "plivo", "account_sid": "MA42", "auth_token": "canary-growth-42" },
        ],
        "numbers": all, "bridges": bridges,
    } })
    .to_string()
}

fn deletes(count: usize) -> Story {
    let story = Story::new(&world(count, 1));
    let mut body = "removed:\n".to_owned();
    for index in 0..count {
        writeln!(body, "  - {{ address: bridges.line-{index:05}, slug: line-{index:05}, reason: closed }}").unwrap();
    }
    story.unpod(&body);
    story
}

fn moves(count: usize) -> Story {
    let story = Story::new(&world(count / 10, 10));
    let mut body = "providers:\n  new: { id: '42', provider: plivo, account_sid: MA42 }\nbridges:\n".to_owned();
    for bridge in 0..count / 10 {
        writeln!(body, "  line-{bridge:05}:\n    slug: line-{bridge:05}\n    name: Line {bridge}\n    numbers:").unwrap();
        for index in bridge * 10..bridge * 10 + 10 {
            writeln!(body, "      \"{}\": {{ provider: new }}", number(index)).unwrap();
        }
    }
    story.unpod(&body);
    story
}

fn creates(count: usize) -> Story {
    let story = Story::new("{}").secret("PW", "canary-growth-password");
    let mut body = "partners:\n".to_owned();
    for index in 0..count {
        write!(
            body,
            "  p{index:05}:\n    login: partner-{index:05}\n    password: {{ env: PW }}\n    name: Partner {index}\n    company_name: Acme\n    country_code: USA\n    zip: \"90804\"\n    owner_email: ops{index}@acme.example\n    phonenumber: \"1516{index:07}\"\n    payment_type: postpay\n"
        )
        .unwrap();
    }
    story.carrierx(&body);
    story
}

/// Bytes of a saved plan, and its steps.
fn saved(story: &Story) -> (usize, Vec<Value>) {
    story.expect(
        0,
        "plan --out plan.json --max-deletes 1000 --max-delete-percent 100 --max-numbers-dark 1000 --max-update-percent 100",
    );
    story.expect(0, "verify plan.json");
    let text = story.read("plan.json");
    let plan: Value = serde_json::from_str(&text).unwrap();
    (text.len(), plan["plan"]["steps"].as_array().unwrap().clone())
}

#[test]
fn a_saved_plan_grows_with_its_changes() {
    for (made, name, most) in
        [(deletes as fn(usize) -> Story, "deletes", 2_100), (moves, "moves", 1_700), (creates, "creates", 2_000)]
    {
        let ((small, _), (large, steps)) = (saved(&made(300)), saved(&made(600)));
        println!("{name}: {small} bytes for 300, {large} for 600, {} steps", steps.len());
        assert!(large * 10 <= small * 21, "{name}: {small} bytes for 300 and {large} for 600");
        assert!(large <= 600 * most, "{name}: {} bytes each", large / 600);
        // What a step waits for does not grow with the plan.
        let longest = steps.iter().filter_map(|step| step["waits_for"].as_array()).map(Vec::len).max().unwrap_or(0);
        assert!(longest <= 20, "{name}: a step waits for {longest}");
        for step in steps.iter().filter(|step| step["phase"] == "delete") {
            assert_eq!(step["waits_for"], json!(["phase:read_back"]));
        }
    }
}

/// One cause is one refusal, which names all that it prevents.
#[test]
fn one_cause_is_one_refusal_with_all_its_objects() {
    let providers: Vec<Value> = (0..208)
        .map(|id| json!({ "id": 1000 + id, "provider": "twilio", "account_sid": format!("AC{id}"), "auth_token": format!("canary-one-{id}") }))
        .collect();
    let story = Story::new(
        &json!({ "unpod": { "configurations": providers, "numbers": [], "bridges": [
            { "id": 1, "slug": "broken", "name": "Broken" },
        ] } })
        .to_string(),
    )
    .setting("TELFORM_TEST_PAUSE_MS", "1");
    story.fault("{ match: { method: GET, path: '*/bridges/broken/', times: 0 }, effect: { answer: { status: 500 } } }");
    let mut body = "removed:\n".to_owned();
    for id in 1000..1208 {
        writeln!(body, "  - {{ address: providers.p{id}, id: '{id}' }}").unwrap();
    }
    story.unpod(&body);
    let allow = "--max-deletes 1000 --max-delete-percent 100";
    let plan = story.expect(3, &format!("plan {allow} --json")).json();
    let refusals = plan["plan"]["refusals"].as_array().unwrap();
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    assert_eq!((&refusals[0]["code"], refusals[0]["addresses"].as_array().unwrap().len()), (&json!("unreadable_bridges"), 208));
    let text = story.expect(3, &format!("plan {allow}"));
    text.says("REFUSED (1)").says("208 objects").says("providers.p1000 and 207 more").says("200 more");
    text.says("--max-unreadable-bridges 1");
    let page = story.expect(3, &format!("plan {allow} --format html")).stdout;
    let comment = story.expect(3, &format!("plan {allow} --format markdown")).stdout;
    assert!((1000..1208).all(|id| page.contains(&format!("providers.p{id}"))));
    assert!(comment.contains("208 objects") && comment.contains("158 more"), "{comment}");
    story.expect(0, &format!("plan {allow} --max-unreadable-bridges 1"));
}
