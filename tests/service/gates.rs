//! A second kind of targets of that service: gates, whose calls go to hosts. Without any host a gate lets no call through. Trunks and
//! gates share one space of ids, and one request moves a did from one kind to the other.

use serde_json::json;
use telform::model::kind::{AttributeType, Field, Kind, Normaliser, TextGrammar};
use telform::verify::facts;

use crate::links::{impact, refusals};
use crate::trunks::{desk, dids, trunks};

pub(crate) static GATES: Kind = Kind::new("gates", "gate", "trunkbox.md 3")
    .at("v1/gates", "v1/gates/{id}")
    .found_by(&["title"])
    .fields(
        &[
            Field::new("title", AttributeType::Text).required().doc("Its name.", "trunkbox.md 3"),
            Field::new("open", AttributeType::Bool).darkens(false).doc("Whether it takes calls.", "trunkbox.md 3"),
        ],
        &[],
    )
    .connected()
    .order(10, 11);

pub(crate) static HOSTS: Kind = Kind::new("hosts", "host", "trunkbox.md 4")
    .at("v1/hosts", "v1/hosts/{id}")
    .found_by(&["gate_id", "host"])
    .fields(
        &[
            Field::new("gate_id", AttributeType::Reference("gates"))
                .required()
                .replace_on_change()
                .compared_as(Normaliser::Decimal)
                .made_of(TextGrammar::Code)
                .of_account()
                .doc("The gate whose calls go there.", "trunkbox.md 4"),
            Field::new("host", AttributeType::Text).required().create_only().doc("Its name.", "trunkbox.md 4"),
        ],
        &[],
    )
    .destination_of("gate_id")
    .order(11, 10);

pub(crate) const HOST_FACTS: facts::KindFacts = facts::KindFacts {
    name: "hosts",
    collections: &["v1/hosts"],
    keys: &[&["gate_id", "host"]],
    references: &[facts::ReferenceFacts { attribute: "gate_id", part: None, kind: "gates", numeric: false }],
    destination_of: Some("gate_id"),
    ..facts::KIND
};

pub(crate) const GATE_FACTS: facts::KindFacts = facts::KindFacts {
    name: "gates",
    collections: &["v1/gates"],
    keys: &[&["title"]],
    darkens: Some(("open", false)),
    ..facts::KIND
};

/// The gate, with these hosts.
fn gate(hosts: &[&str]) -> String {
    let one = |host: &&str| format!("  {host}: {{ gate_id: gates.g, host: {host}.example }}\n");
    let none = if hosts.is_empty() { " {}" } else { "" };
    format!("gates:\n  g: {{ title: G }}\nhosts:{none}\n{}", hosts.iter().map(one).collect::<String>())
}

/// A did moves between kinds of targets, and is dark where nothing is left that its calls go to.
pub(crate) fn a_gate_takes_calls_only_with_a_host() {
    let desk = desk();
    let two = trunks(&["open: true", "media: { limit: 4 }"]);
    let on_gate = dids(&[("01", "g"), ("02", "t1")]);
    let host = "POST /v1/hosts [\"gate_id\",\"host\"]";

    // The gate, its host, then the did, which is never dark.
    desk.yaml(&format!("{two}{}{on_gate}", gate(&["h1"])));
    let plan = desk.plan();
    assert_eq!(impact(&plan), [("moves".to_owned(), 0)]);
    let early = "connects +14155550101 to what has no destination before s2, and does not wait for it";
    desk.checker_finds(&plan, "/plan/steps/2/waits_for", json!(["s1"]), early);
    desk.apply("", &["POST /v1/gates [\"title\"]", host, "PATCH /v1/dids/1 [\"trunk_id\"]"]);
    assert_eq!(desk.server.row("dids", 1)["trunk_id"], "1001");

    // The last host is counted, and so is the value that closes the gate.
    for closed in [gate(&[]), gate(&["h1"]).replace("title: G", "title: G, open: false")] {
        desk.yaml(&format!("{two}{closed}{on_gate}"));
        let plan = desk.plan();
        assert_eq!(impact(&plan), [("dark".to_owned(), 0)], "{closed}");
        assert!(refusals(&plan).contains(&"max_numbers_dark"), "{closed}");
        desk.run("apply --auto-approve --max-deletes 1", 3);
    }
    assert_eq!(desk.server.writes(), [""; 0]);

    // Another host is there before the last one goes.
    desk.yaml(&format!("{two}{}{on_gate}", gate(&["h2"])));
    let plan = desk.plan();
    assert_eq!((impact(&plan).len(), refusals(&plan)), (0, vec!["max_deletes"]));
    let early = "deletes what calls go to before s1, which replaces it";
    desk.checker_finds(&plan, "/plan/steps/1/waits_for", json!(["phase:read_back"]), early);
    desk.apply("--max-deletes 1", &[host, "DELETE /v1/hosts/1 []"]);

    // It goes back by one request, and then gate and host may go.
    desk.yaml(&format!("{two}gates: {{}}\nhosts: {{}}\n{}", dids(&[("01", "t2"), ("02", "t1")])));
    assert_eq!(impact(&desk.plan()), [("moves".to_owned(), 0)]);
    let writes = ["PATCH /v1/dids/1 [\"trunk_id\"]", "DELETE /v1/hosts/2 []", "DELETE /v1/gates/1001 []"];
    desk.apply("--max-deletes 2", &writes);
    assert_eq!(desk.server.silenced(), 0);

    // A did on a gate without a host is dark from the beginning.
    desk.yaml(&format!("{two}{}{on_gate}", gate(&[])));
    let plan = desk.plan();
    assert!(impact(&plan).contains(&("dark".to_owned(), 0)), "{:?}", impact(&plan));
    assert_eq!(refusals(&plan), ["max_numbers_dark"]);
}
