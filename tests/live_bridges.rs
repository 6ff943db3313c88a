//! Live reading of Unpod bridges: pages that lie, overlap and move, slugs out of reach, connections.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use telform::api::ReadOnly;
use telform::backend::unpod::{BRIDGES_G2, PROVIDERS_G2};
use telform::ledger::Ledger;
use telform::live;
use telform::resource::{Live, Target};

mod live_world;

use live_world::unpod::*;
use live_world::*;

/// 25 bridges in pages of ten, whatever `page_size` asks for.
fn tens(asked: &Asked, counted: usize, real: usize) -> Option<Answer> {
    if asked.path == "telephony/bridges/" {
        let first = (asked.number("page", 1) - 1) * 10;
        let rows: Vec<Value> = (first..real.min(first + 10).max(first))
            .map(|index| json!({"id": index, "name": "B", "slug": format!("b-{index}"), "provider": null, "numbers": []}))
            .collect();
        return Some(ok(json!({"count": counted, "status_code": 200, "message": "ok", "data": rows})));
    }
    let slug = asked.path.strip_prefix("telephony/bridges/b-")?.strip_suffix('/')?;
    Some(ok(json!({"status_code": 200, "message": "ok",
        "data": {"id": slug.parse::<usize>().unwrap(), "name": "B", "slug": format!("b-{slug}"), "numbers": []}})))
}

#[tokio::test]
async fn pages_of_ten_are_all_read_although_a_hundred_was_asked_for() {
    let world = world(|asked| tens(asked, 25, 25)).await;
    let live = reading(&world, &["bridges"]).await.unwrap();
    assert_eq!(live.objects["bridges"].len(), 25);
    assert_eq!(world.count("telephony/bridges/"), 3);
}

#[tokio::test]
async fn a_count_that_no_page_fills_is_an_incomplete_listing() {
    let world = world(|asked| tens(asked, 1_000_000, 25)).await;
    let error = error(&world, &["bridges"]).await;
    says(&error, &["listing the bridges", "incomplete listing", "1000000", "shows 10"]);
    assert!(world.count("telephony/bridges/") < 50, "a lie costs no flood of requests");
}

#[tokio::test]
async fn a_listing_that_ignores_the_page_number_is_incomplete() {
    let world = world(|asked| {
        let first = Asked { query: [("page".to_owned(), "1".to_owned())].into(), ..asked.clone() };
        tens(&first, 25, 25)
    })
    .await;
    says(&error(&world, &["bridges"]).await, &["incomplete listing", "shows 10"]);
}

#[tokio::test]
async fn a_set_that_moved_once_is_read_again() {
    let calls = AtomicUsize::new(0);
    let world = world(move |asked| {
        let first_round = asked.path == "telephony/bridges/" && calls.fetch_add(1, Ordering::SeqCst) < 3;
        tens(asked, 25, if first_round { 24 } else { 25 })
    })
    .await;
    assert_eq!(reading(&world, &["bridges"]).await.unwrap().objects["bridges"].len(), 25);
}

#[tokio::test]
async fn without_a_count_the_listing_ends_where_nothing_new_comes() {
    let world = world(|asked| {
        let (status, kind, body) = tens(asked, 0, 25)?;
        Some((status, kind, body.replace("\"count\":0,", "")))
    })
    .await;
    assert_eq!(reading(&world, &["bridges"]).await.unwrap().objects["bridges"].len(), 25);
    assert_eq!(world.count("telephony/bridges/"), 4);
}

#[tokio::test]
async fn business_errors_in_the_dress_of_a_success_are_errors() {
    let said =
        |text: &'static str| move || status(206, json!({"status_code": 206, "message": text, "data": {}}));
    let product = world(bridges_answer(said("Please provide Product-Id in headers"))).await;
    says(&error(&product, &["bridges"]).await, &["accounts.unpod.product_id", "by product"]);
    let other = world(bridges_answer(said("Something else"))).await;
    says(&error(&other, &["bridges"]).await, &["answered 206", "Something else", "none"]);
    let moved = world(bridges_answer(|| (301, "text/html", String::new()))).await;
    says(&error(&moved, &["bridges"]).await, &["answered 301"]);
}

#[tokio::test]
async fn a_slug_of_another_organization_is_not_ours_to_take() {
    let world = world(|asked| {
        (asked.path == "telephony/bridges/taken/").then(|| {
            ok(json!({"data": {"id": 9, "name": "T", "slug": "taken", "org_handle": "globex.example", "numbers": []}}))
        })
    })
    .await;
    let mut desired = unpod_desired(&world, &["bridges"]);
    want(&mut desired, "bridges.new", "unpod", &[("slug", json!("taken"))]);
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    says(&live.unwrap_err(), &["reading bridge taken", "another organization", "another slug"]);
}

#[tokio::test]
async fn bridges_that_cannot_be_read_one_by_one_are_errors() {
    let list = |rows: Value| {
        move |asked: &Asked| {
            (asked.path == "telephony/bridges/")
                .then(|| ok(json!({"count": rows.as_array().unwrap().len(), "data": rows})))
        }
    };
    let moved = world(list(json!([{"id": 1, "slug": "vanished"}]))).await;
    says(&error(&moved, &["bridges"]).await, &["reading bridge vanished", "somebody is changing"]);
    let twice = world(list(json!([{"id": 1, "slug": "sales"}, {"id": 2, "slug": "sales"}]))).await;
    says(&error(&twice, &["bridges"]).await, &["two bridges share the slug `sales`"]);
    let slash = world(list(json!([{"id": 1, "slug": "a/b"}]))).await;
    says(&error(&slash, &["bridges"]).await, &["`a/b`", "cannot be read"]);
    let broken = world(|asked| {
        (asked.path == "telephony/bridges/sales/").then(|| (500, "text/html", "<h1>".to_owned()))
    })
    .await;
    says(&error(&broken, &["bridges"]).await, &["reading bridge sales", "answered 500"]);
}

#[tokio::test]
async fn the_ledger_tells_two_configurations_of_one_provider_apart() {
    let world = world(|asked| {
        (asked.path == CONFIGURATIONS)
            .then(|| listing(json!([configuration(42, "twilio", "AC1"), configuration(44, "twilio", "AC2")])))
    })
    .await;
    let desired = unpod_desired(&world, &["providers", "bridges"]);
    let mut ledger = Ledger::default();
    let (live, _) = read(&desired, &ledger, false).await;
    let target = |live: Live| live.accounts["unpod"].connections.clone().unwrap().remove(0).target;
    assert_eq!(target(live.unwrap()).word(), "ambiguous");
    ledger.note_connected("unpod", "sales", "+14155550101", "44");
    let (live, _) = read(&desired, &ledger, false).await;
    assert_eq!(target(live.unwrap()), Target::Recorded("44".to_owned()));
}

#[tokio::test]
async fn a_part_is_read_again() {
    let world = World::new(g2).await;
    let desired = unpod_desired(&world, &["providers", "bridges"]);
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    let before = world.paths().len();

    let account = &desired.accounts["unpod"];
    let http = http(&desired);
    let api = ReadOnly::new(&http);
    let one =
        live::read_one(&api, account, &live.facts, &BRIDGES_G2, "sales", &key()).await.unwrap().unwrap();
    assert_eq!(one.attributes["name"], "Sales");
    let none = live::read_one(&api, account, &live.facts, &PROVIDERS_G2, "99", &key()).await.unwrap();
    assert!(none.is_none());
    assert_eq!(world.paths().len(), before + 2);

    let slugs = ["sales".to_owned(), "gone".to_owned()].into();
    let objects = &live.objects["providers"];
    let ledger = Ledger::default();
    let connections =
        live::read_connections(&api, account, &live.facts, objects, &ledger, &key(), &slugs).await.unwrap();
    assert_eq!(Some(connections), live.connections);
    assert_eq!(world.paths().len(), before + 6);
}
