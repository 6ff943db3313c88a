//! A service whose dids are bought elsewhere, so that they are only adopted, and whose trunks have a map in which each key is owned by
//! itself. Its ids are texts, and it shows them as numbers.

use serde_json::{Value, json};
use telform::model::kind::{
    AccountSetting, AttributeType, CollectionListing, Detach, Field, Kind, Link, LinkRequests, LinkRoles, Normaliser, PageWords,
    ServiceTable, SettingRole, SettingType,
};
use telform::verify::facts;

use crate::gates;
use crate::links::{Desk, impact, refusals};

pub(crate) static TRUNKBOX: ServiceTable = ServiceTable::new("trunkbox", "Trunkbox", "https://trunkbox.example")
    .kinds(&[&TRUNKS, &gates::GATES, &gates::HOSTS, &DIDS])
    .throttles_with("slow", "x-reset")
    .repeats_throttled_post()
    .settings(&[AccountSetting::new("detach_by", SettingType::EmptyOrNull)
        .role(SettingRole::Detach)
        .doc("What takes a did off its trunk.")]);

static TRUNKS: Kind = Kind::new("trunks", "trunk", "trunkbox.md 1")
    .at("v1/trunks", "v1/trunks/{id}")
    .found_by(&["title"])
    .gone_when(&[("closed_at", &[])])
    .fields(
        &[
            Field::new("title", AttributeType::Text).required().always_sent().doc("Its name.", "trunkbox.md 1"),
            Field::new("open", AttributeType::Bool).darkens(false).doc("Whether it takes calls.", "trunkbox.md 1"),
            Field::new("marks", AttributeType::List).compared_as(Normaliser::Set).doc("Words.", "trunkbox.md 1"),
            Field::new("media.first", AttributeType::Text).doc("The codec that is preferred.", "trunkbox.md 1"),
            Field::new("media.limit", AttributeType::Integer).doc("Most calls.", "trunkbox.md 1"),
            Field::new("media.spare", AttributeType::Reference("trunks")).doc("The trunk that takes over.", "trunkbox.md 1"),
        ],
        &["closed_at"],
    )
    .connected()
    .order(8, 9);

static DIDS: Kind = Kind::new("dids", "did", "trunkbox.md 2")
    .at("v1/dids", "v1/dids/{id}")
    .found_by(&["did"])
    .adopted_only()
    .gone_when(&[("state", &["ported", "released"])])
    .list(CollectionListing::Pages {
        size: 2,
        largest: None,
        words: PageWords { page: "page[number]", size: "page[size]", count: "meta.rows.total", beside: &[("order", "number")] },
    })
    .fields(
        &[
            Field::new("did", AttributeType::Text).required().create_only().doc("In E.164.", "trunkbox.md 2"),
            Field::new("trunk", AttributeType::ServedBy).doc("The trunk that takes its calls.", "trunkbox.md 2"),
        ],
        &["trunk_id", "state"],
    )
    .link(&LINK)
    .order(9, 8);

static ROLES: LinkRoles = LinkRoles::new("dids", "trunk", &["trunks", "gates"]);

static LINK: Link =
    Link::new(&ROLES, LinkRequests::PatchMember { path: "v1/dids/{id}", number: "did", detach: Detach::Empty }, "trunk_id");

pub(crate) static FACTS: facts::ServiceFacts = facts::ServiceFacts {
    api: "trunkbox",
    generations: &[],
    kinds: &[
        facts::KindFacts { name: "dids", collections: &["v1/dids"], keys: &[&["did"]], adopted: true, ..facts::KIND },
        facts::KindFacts {
            name: "trunks",
            collections: &["v1/trunks"],
            keys: &[&["title"]],
            references: &[facts::ReferenceFacts { attribute: "media.spare", part: None, kind: "trunks", numeric: false }],
            always: &["title"],
            darkens: Some(("open", false)),
            ..facts::KIND
        },
        gates::HOST_FACTS,
        gates::GATE_FACTS,
    ],
    links: Some(&facts::Links {
        holder: "dids",
        members: "trunk",
        targets: &["trunks", "gates"],
        entry: None,
        requests: facts::LinkRequests::Patch { member: "v1/dids/{id}", off: &[Some(""), None] },
        bodies: &[facts::LinkBody { target: "trunk_id", numeric: false, member: facts::MemberKey::Unnamed, taken_along: None }],
    }),
};

pub(crate) fn trunks(lines: &[&str]) -> String {
    let one = |(at, line): (usize, &&str)| format!("  t{}: {{ title: T{}, {line} }}\n", at + 1, at + 1);
    format!("trunks:\n{}", lines.iter().enumerate().map(one).collect::<String>())
}

/// Dids by their last digits, each with its trunk.
pub(crate) fn dids(all: &[(&str, &str)]) -> String {
    let one = |(number, by): &(&str, &str)| format!("  d{number}: {{ did: \"+141555501{number}\", trunk: {by} }}\n");
    format!("dids:\n{}", all.iter().map(one).collect::<String>())
}

/// A desk with two trunks and three dids, one of which is gone; the first two dids are on the first trunk.
pub(crate) fn desk() -> Desk {
    let desk = Desk::new("trunkbox");
    for (number, state) in [("01", "active"), ("02", "active"), ("03", "ported")] {
        desk.server.insert("dids", json!({ "did": format!("+141555501{number}"), "state": state, "trunk_id": "" }));
    }
    desk.server.insert("trunks", json!({ "title": "T1", "closed_at": "2026-11-01" }));
    desk.yaml(&format!(
        "{}{}",
        trunks(&["open: true, marks: [b, a]", "media: { limit: 4 }"]),
        dids(&[("01", "t1"), ("02", "t1")])
    ));
    let plan = desk.plan();
    assert_eq!(impact(&plan), [("connects".to_owned(), 0), ("connects".to_owned(), 0)]);
    let made = ["POST /v1/trunks [\"marks\",\"open\",\"title\"]", "POST /v1/trunks [\"media\",\"title\"]"];
    let patched = ["PATCH /v1/dids/1 [\"trunk_id\"]", "PATCH /v1/dids/2 [\"trunk_id\"]"];
    desk.apply("", &[made[0], made[1], patched[0], patched[1]]);
    assert_eq!(desk.server.row("dids", 1)["trunk_id"], "2", "a text, as its ids are");
    desk
}

/// Keys of a map are owned one by one, and a PATCH that replaces the map loses none of the others.
pub(crate) fn keys_of_a_map_are_owned_one_by_one() {
    let desk = desk();
    let both = dids(&[("01", "t1"), ("02", "t1")]);
    // Another client sets a key that no file mentions, and the order of a set.
    desk.server.set("trunks", 3, "media", json!({ "limit": 4, "first": "OPUS", "strange": 1, "spare": 2 }));
    desk.server.set("trunks", 2, "marks", json!(["a", "b"]));
    desk.run("plan --detailed-exitcode", 0);
    desk.yaml(&format!("{}{both}", trunks(&["open: true, marks: [a, b]", "media: { limit: 9 }"])));
    let plan = desk.plan();
    let body = &plan["plan"]["steps"][0]["call"]["body"]["object"];
    assert_eq!(body["media.first"], json!({ "value": "OPUS" }), "{body}");
    desk.checker_finds(&plan, "/plan/steps/0/call/body/object/media.first/value", "PCMU", "sends media.first differently");
    desk.apply("", &["PATCH /v1/trunks/3 [\"media\",\"title\"]"]);
    assert_eq!(desk.server.row("trunks", 3)["media"], json!({ "limit": 9, "first": "OPUS", "spare": "2" }));

    // What changed since the plan is not overwritten.
    desk.yaml(&format!("{}{both}", trunks(&["open: true", "media: { limit: 5, spare: trunks.t1 }"])));
    desk.run("plan --out saved.plan", 0);
    desk.server.set("trunks", 3, "media", json!({ "limit": 9, "first": "PCMU", "spare": 2 }));
    let said = desk.run("apply saved.plan --auto-approve", 4);
    assert!(said.contains("Stale plan"), "{said}");
    assert_eq!(desk.server.writes(), [""; 0]);

    // What is drafted is what is there, as maps.
    let drafted = desk.draft("trunkbox", "trunks");
    assert!(drafted.contains("    media:\n      first: \"PCMU\"\n      limit: 9\n      spare:"), "{drafted}");

    // Waiting helps for one code, and for no other.
    desk.yaml(&format!("{}{both}", trunks(&["open: true", "media: { limit: 6 }"])));
    desk.server.limit("slow");
    desk.apply("", &["PATCH /v1/trunks/3 [\"media\",\"title\"]", "PATCH /v1/trunks/3 [\"media\",\"title\"]"]);
    desk.yaml(&format!("{}{both}", trunks(&["open: true", "media: { limit: 7 }"])));
    desk.server.limit("spent");
    let said = desk.run("apply --auto-approve", 1);
    assert!(said.contains("Too many: later") && !said.contains("hidden"), "{said}");
    assert_eq!(desk.server.writes().len(), 1, "it is not sent again");
}

/// What is bought elsewhere is adopted and released, and never made or deleted.
pub(crate) fn dids_are_adopted_and_released() {
    let desk = desk();
    let two = trunks(&["open: true", "media: { limit: 4 }"]);
    // One that is gone, and one that was never there.
    for number in ["03", "09"] {
        desk.yaml(&format!("{two}{}", dids(&[("01", "t1"), ("02", "t1"), (number, "t1")])));
        let plan = desk.plan();
        assert_eq!(refusals(&plan), ["not_in_account"], "{number}");
        let said = desk.run("apply --auto-approve", 3);
        assert!(said.contains("has no such did, and telform does not make one"), "{said}");
    }
    assert_eq!(desk.server.writes(), [""; 0]);

    // A trunk that is closed takes no calls: its dids are dark, which a guard has to allow.
    desk.yaml(&format!("{}{}", trunks(&["open: false", "media: { limit: 4 }"]), dids(&[("01", "t1"), ("02", "t2")])));
    let plan = desk.plan();
    assert_eq!(impact(&plan), [("dark".to_owned(), 0), ("moves".to_owned(), 0)]);
    assert_eq!(refusals(&plan), ["max_numbers_dark"]);
    desk.checker_finds(&plan, "/plan/impact/0/from/provider", "trunks.t2", "no step makes +14155550101 do what is said here");

    // So is a did that moves to a trunk that is closed.
    desk.yaml(&format!("{}{}", trunks(&["open: true", "open: false"]), dids(&[("01", "t2"), ("02", "t1")])));
    let plan = desk.plan();
    assert_eq!(impact(&plan), [("dark".to_owned(), 0), ("moves".to_owned(), 0)]);
    assert_eq!(
        (plan["plan"]["impact"][0]["from"]["provider"].as_str(), refusals(&plan)),
        (Some("trunks.t2"), vec!["max_numbers_dark"])
    );

    // An entry that is removed is released: the did stays where it is.
    desk.yaml(&format!("{two}{}", dids(&[("01", "t1")])));
    let said = desk.run("plan", 0);
    assert!(said.contains("released: no longer managed, and not deleted"), "{said}");
    desk.apply("", &[]);
    assert_eq!(desk.server.row("dids", 2)["trunk_id"], "2");

    // Null takes it off: by an empty text, or by null where the account says so.
    desk.yaml(&format!("{two}{}", dids(&[("01", "null")])));
    desk.apply("--max-numbers-dark 1", &["PATCH /v1/dids/1 [\"trunk_id\"]"]);
    assert_eq!(desk.server.row("dids", 1)["trunk_id"], "");
    desk.yaml_with(", detach_by: null", &format!("{two}{}", dids(&[("01", "t2")])));
    desk.apply("", &["PATCH /v1/dids/1 [\"trunk_id\"]"]);
    desk.yaml_with(", detach_by: null", &format!("{two}{}", dids(&[("01", "null")])));
    desk.apply("--max-numbers-dark 1", &["PATCH /v1/dids/1 [\"trunk_id\"]"]);
    assert_eq!(desk.server.row("dids", 1)["trunk_id"], Value::Null);

    // Where the service ignores that, the trunk is not deleted.
    desk.server.keep_dids();
    desk.yaml(&format!("trunks:\n  t2: {{ title: T2 }}\n{}", dids(&[("01", "null")])));
    let said = desk.run("apply --auto-approve --max-deletes 1 --max-numbers-dark 1", 5);
    assert!(said.contains("+14155550102") && desk.server.silenced() == 0, "{said}");
    assert_eq!(desk.server.writes(), ["PATCH /v1/dids/2 [\"trunk_id\"]"]);
}
