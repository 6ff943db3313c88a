//! Live reading of CarrierX accounts against small servers of our own.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use telform::model::ledger::Ledger;
use telform::model::resource::Desired;
use telform::model::value::CompactValue;
use telform::read::{self, ReadError};
use telform::services::{carrierx, unpod};

use crate::live_world::*;

fn sid(index: usize) -> String {
    format!("3f0c6a52-8b1e-4a37-9d55-{index:012x}")
}

fn partner(index: usize) -> Value {
    json!({"partner_sid": sid(index), "login": format!("p-{index}"), "name": "P", "attributes": {}, "acls": [],
        "balance": "5", "owner_email": null, "system_data": {"x": "y"}, "status": "active"})
}

/// A listing of so many partners, in pages of at most `most`.
fn page(asked: &Asked, partners: usize, most: usize, total: Value) -> Answer {
    let limit = asked.number("limit", 10).min(most);
    let offset = asked.number("offset", 0);
    let items: Vec<Value> = (offset..partners.min(offset + limit)).map(partner).collect();
    ok(json!({"count": items.len(), "has_more": offset + items.len() < partners, "limit": limit, "offset": offset,
        "pagination": {}, "total": total, "items": items}))
}

fn carrierx_desired(world: &World) -> Desired {
    desired(account("cx", &carrierx::TABLE, &world.base), &["partners"])
}

async fn count(partners: usize, most: usize, total: Value) -> (usize, u64) {
    let world = World::new(move |asked| page(asked, partners, most, total.clone())).await;
    let (live, requests) = read(&carrierx_desired(&world), &Ledger::default(), false).await;
    (live.unwrap().accounts["cx"].objects["partners"].len(), requests)
}

#[tokio::test]
async fn asks_once_for_each_thousand() {
    assert_eq!(count(0, 1000, json!(0)).await, (0, 1));
    assert_eq!(count(1000, 1000, json!(1000)).await, (1000, 1));
    assert_eq!(count(2345, 1000, json!(2345)).await, (2345, 3));
    assert_eq!(count(2345, 1000, Value::Null).await, (2345, 3));
}

#[tokio::test]
async fn keeps_what_the_table_names() {
    let world = World::new(|asked| page(asked, 1, 1000, json!(1))).await;
    let (live, _) = read(&carrierx_desired(&world), &Ledger::default(), false).await;
    let live = live.unwrap();
    let object = &live.accounts["cx"].objects["partners"][0];
    assert_eq!(object.id, sid(0));
    assert_eq!(object.attributes[&"owner_email"].json(), Value::Null);
    assert!(!object.attributes.contains_key("system_data"));
    assert_eq!(world.paths(), ["partners?limit=1000&offset=0&order=partner_sid asc"]);
}

/// An identity becomes a path segment: a text that would lead to another object or endpoint is not an identity, for any kind.
#[test]
fn an_identity_is_one_part_of_a_path() {
    for id in ["", " ", ".", "..", "a/b", "../b", "/", "{s1}", "a\r\nb", "a\tb"] {
        let row = json!({"partner_sid": id, "login": "west"});
        let error = read::parse_object(&carrierx::PARTNERS, row, &key()).unwrap_err();
        assert!(error.contains("no usable `partner_sid`"), "{id}: {error}");
    }
    for id in [json!("1/2"), json!("1/../2"), json!(-1), json!(1.5), json!([1])] {
        let row = json!({"id": id, "name": "x", "model_types": {"values": []}});
        let error = read::parse_object(&unpod::PROVIDERS_G2, row, &key()).unwrap_err();
        assert!(error.contains("no usable `id`"), "{id}: {error}");
    }
    for id in ["a b?c=1#d", "a%2fb", "...", "a..b"] {
        let row = json!({"partner_sid": id, "login": "west"});
        assert_eq!(read::parse_object(&carrierx::PARTNERS, row, &key()).unwrap().id, id);
    }
}

/// One reader for listings and for single objects: values shown in part only are kept separately in both.
#[test]
fn what_is_shown_in_part_stands_apart() {
    let read = |row: Value| read::parse_object(&carrierx::PARTNERS, row, &key()).unwrap();
    let object = read(json!({"partner_sid": "a***b", "login": "we***", "name": "** Acme *", "city": "xxxxx", "zip": null,
        "attributes": {"tier": "***"}, "balance": "***"}));
    assert_eq!(object.id, "a***b");
    assert_eq!(object.masked.iter().collect::<Vec<_>>(), [(&"login", &CompactValue::from("we***"))]);
    assert!(!object.attributes.contains_key("login"));
    assert_eq!((object.attributes[&"name"].as_str(), object.attributes[&"city"].as_str()), (Some("** Acme *"), Some("xxxxx")));
    assert_eq!(object.attributes[&"partner_sid"].json(), "a***b", "an identity is never masked");
    let configuration = json!({"id": 1, "provider": "***", "account_sid": "ACxxxxxx1f"});
    let object = read::parse_object(&telform::services::unpod::PROVIDERS_G2, configuration, &key()).unwrap();
    assert_eq!(object.masked.keys().collect::<Vec<_>>(), [&"account_sid"]);
    let bridge = json!({"slug": "a***b", "name": "x"});
    let object = read::parse_object(&telform::services::unpod::BRIDGES_G1, bridge, &key()).unwrap();
    assert!(object.masked.is_empty() && object.attributes[&"slug"].json() == "a***b");
}

/// A partner twice in the first reading, as after a delete between two pages.
async fn moving(rounds: usize) -> (Result<usize, ReadError>, u64) {
    let calls = AtomicUsize::new(0);
    let world = World::new(move |asked| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        let (status, kind, body) = page(asked, 1500, 1000, Value::Null);
        let twice = call < 2 * rounds && asked.number("offset", 0) > 0;
        (status, kind, if twice { body.replace(&sid(1200), &sid(3)) } else { body })
    })
    .await;
    let (live, requests) = read(&carrierx_desired(&world), &Ledger::default(), false).await;
    (live.map(|live| live.accounts["cx"].objects["partners"].len()), requests)
}

#[tokio::test]
async fn a_set_that_moves_is_read_again_once() {
    let (found, requests) = moving(1).await;
    assert_eq!((found.unwrap(), requests), (1500, 4));
    let (found, requests) = moving(2).await;
    let text = found.unwrap_err().to_string();
    assert_eq!(requests, 4);
    for part in ["account `cx`", "listing the partners", "incomplete listing", "appears on two pages"] {
        assert!(text.contains(part), "{text}");
    }
}

/// Rows that are counted and not shown would look deleted. A lie costs no flood of requests.
#[tokio::test]
async fn a_total_above_what_is_shown_is_incomplete() {
    for (rows, total) in [(950, 1200), (1950, 2100), (1500, 1_000_000_000)] {
        let world = World::new(move |asked| page(asked, rows, 1000, json!(total))).await;
        let (live, requests) = read(&carrierx_desired(&world), &Ledger::default(), false).await;
        let text = live.unwrap_err().to_string();
        assert!(text.contains("incomplete listing") && text.contains(&format!("counts {total}")), "{text}");
        assert!(requests < 60, "{requests}");
    }
}

#[tokio::test]
async fn a_total_below_what_is_shown_does_no_harm() {
    // It is too small: the rest is asked for one page after another.
    assert_eq!(count(2345, 1000, json!(1001)).await, (2345, 3));
    // The service gives less than was asked for.
    assert_eq!(count(95, 10, json!(95)).await, (95, 10));
    assert_eq!(count(95, 10, Value::Null).await, (95, 10));
}

async fn error(answers: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> String {
    let world = World::new(answers).await;
    let (live, _) = read(&carrierx_desired(&world), &Ledger::default(), false).await;
    live.unwrap_err().to_string()
}

#[tokio::test]
async fn answers_that_are_no_page_are_errors() {
    let items = |items: Value| move |_: &Asked| ok(json!({"items": items, "has_more": false}));
    assert!(error(|_| ok(json!([]))).await.contains("no list under `items`"));
    assert!(error(|_| ok(json!({"items": []}))).await.contains("`has_more`"));
    assert!(error(|_| ok(json!({"items": [], "has_more": true}))).await.contains("an empty page"));
    // Rows that are not partners are counted, and do not affect the others.
    let rows = json!([{"login": "x"}, "x", {"partner_sid": "s", "login": "s", "attributes": [{"key": "a"}], "callbacks": []}]);
    let world = World::new(items(rows)).await;
    let (live, _) = read(&carrierx_desired(&world), &Ledger::default(), false).await;
    let account = &live.unwrap().accounts["cx"];
    assert_eq!(account.malformed_rows["partners"], ["a partner has no usable `partner_sid`", "a partner is not an object"]);
    let [partner] = account.objects["partners"].as_slice() else { panic!("one partner") };
    // An older shape of a map: replacing it would lose something. An empty list is an empty map.
    assert_eq!(partner.unexpected_shapes.iter().collect::<Vec<_>>(), [(&"attributes", &"a list")]);
    assert_eq!(partner.attributes.get("callbacks").map(|it| it.json()), Some(json!({})));
    // Two pages disagree about where the end is: neither is believed.
    let ends_twice = |asked: &Asked| {
        let (status, kind, body) = page(asked, 2500, 1000, json!(2500));
        let early = asked.number("offset", 0) == 1000;
        (status, kind, if early { body.replace("\"has_more\":true", "\"has_more\":false") } else { body })
    };
    assert!(error(ends_twice).await.contains("objects follow on the last page"));
    assert!(error(|_| status(401, json!({"message": "no"}))).await.contains("accounts.cx.token"));
    assert!(error(|_| status(206, json!({"message": "no"}))).await.contains("answered 206"));
    assert!(error(|_| no_such_path()).await.contains("accounts.cx.base_url"));
    assert!(error(|_| (200, "application/json", "{\"items\": [".to_owned())).await.contains("answered 200"));
}

#[tokio::test]
async fn partners_that_are_not_listed_are_asked_for_by_sid() {
    let world = World::new(|asked| match asked.path.strip_prefix("partners/") {
        None => page(asked, 2, 1000, json!(2)),
        Some("hidden") => ok(json!({"partner_sid": "hidden", "login": "h", "status": "unverified"})),
        Some("swapped") => ok(json!({"partner_sid": "other"})),
        Some(_) => status(404, json!({"message": "No item with this sid"})),
    })
    .await;
    let mut desired = carrierx_desired(&world);
    want(&mut desired, "partners.pinned", "cx", &[]);
    desired.objects.values_mut().for_each(|object| object.id = Some("pinned-and-gone".to_owned()));
    let mut ledger = Ledger::default();
    keep(&mut ledger, "partners.seen", "cx", &sid(1));
    keep(&mut ledger, "partners.hidden", "cx", "hidden");
    keep(&mut ledger, "partners.gone", "cx", "gone");
    keep(&mut ledger, "partners.elsewhere", "another", "elsewhere");
    let (live, requests) = read(&desired, &ledger, false).await;
    let live = live.unwrap();
    let account = &live.accounts["cx"];
    assert_eq!(account.objects["partners"].len(), 3);
    assert_eq!(account.missing.iter().collect::<Vec<_>>(), ["gone", "pinned-and-gone"]);
    assert_eq!(requests, 4);

    keep(&mut ledger, "partners.swapped", "cx", "swapped");
    let (live, _) = read(&desired, &ledger, false).await;
    let account = &live.unwrap().accounts["cx"];
    assert!(account.unreadable["partners"]["swapped"].why.contains("it is about other"));
    assert_eq!(account.objects["partners"].len(), 3);
}
