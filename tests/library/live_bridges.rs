//! Live reading of Unpod bridges: pages that lie, overlap and move, slugs out of reach, connections.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use telform::http::ReadOnly;
use telform::model::ledger::Ledger;
use telform::model::resource::{LiveAccount, LiveState, ServedBy, SettingValue};
use telform::read::{Again, ReadError, RefreshedConnections};

use crate::live_world::unpod::*;
use crate::live_world::*;

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
    let said = |text: &'static str| move || status(206, json!({"status_code": 206, "message": text, "data": {}}));
    let product = world(bridges_answer(said("Please provide Product-Id in headers"))).await;
    says(&error(&product, &["bridges"]).await, &["accounts.unpod.product_id", "by product"]);
    let other = world(bridges_answer(said("Something else"))).await;
    says(&error(&other, &["bridges"]).await, &["answered 206", "Something else", "is not one"]);
    let moved = world(bridges_answer(|| (301, "text/html", String::new()))).await;
    says(&error(&moved, &["bridges"]).await, &["answered 301"]);
}

#[tokio::test]
async fn a_slug_of_another_organization_is_not_ours_to_take() {
    let world = world(|asked| {
        (asked.path == "telephony/bridges/taken/")
            .then(|| ok(json!({"data": {"id": 9, "name": "T", "slug": "taken", "org_handle": "globex.example", "numbers": []}})))
    })
    .await;
    let mut desired = unpod_desired(&world, &["bridges"]);
    want(&mut desired, "bridges.new", "unpod", &[("slug", json!("taken"))]);
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    let live = &live.unwrap().accounts["unpod"];
    assert_eq!(live.foreign_owner("bridges", "taken").as_deref(), Some("organization globex.example"));
    assert!(live.objects["bridges"].iter().all(|bridge| bridge.id != "taken"));
}

#[tokio::test]
async fn bridges_that_cannot_be_read_one_by_one_take_nothing_from_the_rest() {
    let list = |rows: Value| {
        move |asked: &Asked| {
            (asked.path == "telephony/bridges/").then(|| ok(json!({"count": rows.as_array().unwrap().len(), "data": rows})))
        }
    };
    let moved = world(list(json!([{"id": 1, "slug": "vanished"}]))).await;
    unreadable(&moved, "vanished", "is being changed").await;
    let twice = world(list(json!([{"id": 1, "slug": "sales"}, {"id": 2, "slug": "sales"}]))).await;
    unreadable(&twice, "sales", "two bridges share this slug").await;
    let slash = world(list(json!([{"id": 1, "slug": "a/b"}]))).await;
    unreadable(&slash, "a/b", "its slug cannot be part of a path").await;
    let nameless = world(list(json!([{"id": 7}, "row"]))).await;
    unreadable(&nameless, "(id 7, without a slug)", "its slug cannot be part of a path").await;
    unreadable(&nameless, "(a row without id and slug)", "its slug cannot be part of a path").await;
    let broken = world(|asked| (asked.path == "telephony/bridges/sales/").then(|| (500, "text/html", "<h1>".to_owned()))).await;
    unreadable(&broken, "sales", "answered 500").await;
    // What the lists say about its number is not evidence of the numbers on it.
    assert_eq!(reading(&broken, &["bridges"]).await.unwrap().connections, Some(Vec::new()));
    let object =
        world(|asked| (asked.path == "telephony/bridges/sales/").then(|| ok(json!({"data": {"slug": "other", "numbers": []}}))))
            .await;
    unreadable(&object, "sales", "it is about other").await;
    // The token and the rate are the account's.
    let revoked = world(|asked| (asked.path == "telephony/bridges/sales/").then(|| status(401, json!({"message": "no"})))).await;
    says(&error(&revoked, &["bridges"]).await, &["reading bridge sales", "token"]);
}

/// A bridge exists and cannot be read; the configurations are read nevertheless.
async fn unreadable(world: &World, slug: &str, why: &str) {
    let live = reading(world, &["providers", "bridges"]).await.unwrap();
    let it = &live.unreadable["bridges"][slug];
    assert!(it.why.contains(why) && !it.help.is_empty() && it.may_use, "{it:?}");
    assert_eq!(live.objects["providers"].len(), 2);
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
    let target = |live: LiveState| live.accounts["unpod"].connections.clone().unwrap().remove(0).served_by;
    assert_eq!(target(live.unwrap()).word(), "(one of several)");
    ledger.note_connected("unpod", "sales", "+14155550101", "44");
    let (live, _) = read(&desired, &ledger, false).await;
    assert_eq!(target(live.unwrap()), ServedBy::recorded("44".to_owned()));
}

/// What reading some bridges again shows, and the number of requests that it took.
async fn again(world: &World, live: &LiveAccount, slugs: &[&str]) -> (Result<RefreshedConnections, ReadError>, usize) {
    let before = world.paths().len();
    let desired = unpod_desired(world, &["providers", "bridges"]);
    let http = http(&desired);
    let (api, key, ledger) = (ReadOnly::new(&http), key(), Ledger::default());
    let account = &desired.accounts["unpod"];
    let slugs = slugs.iter().map(|slug| (*slug).to_owned()).collect();
    let objects = &live.objects["providers"];
    let reading_of = telform::services::reading_of;
    let again = Again { reading_of, api: &api, account, facts: &live.facts, ledger: &ledger, key: &key };
    let read = again.connections(objects, &slugs).await;
    (read, world.paths().len() - before)
}

#[tokio::test]
async fn some_bridges_are_read_again() {
    let world = World::new(g2).await;
    let live = reading(&world, &["providers", "bridges"]).await.unwrap();
    let (read, requests) = again(&world, &live, &["sales", "gone"]).await;
    let read = read.unwrap();
    assert_eq!(Some(&read.connections), live.connections.as_ref());
    assert_eq!(read.iter().count(), 1);
    assert_eq!(read.missing.iter().collect::<Vec<_>>(), ["gone"]);
    assert!(read.unseen_candidates.is_empty());
    assert_eq!(requests, 4, "both bridges, the listing, the numbers");
    let (read, requests) = again(&world, &live, &["gone"]).await;
    assert_eq!((read.unwrap().missing.len(), requests), (1, 1));
    let (read, requests) = again(&world, &live, &[]).await;
    assert_eq!((read.unwrap(), requests), (RefreshedConnections::default(), 0));
}

#[tokio::test]
async fn a_bridge_read_again_that_shows_no_number_may_use_what_it_names() {
    let hidden = |slug: &str| {
        let slug = slug.to_owned();
        move |asked: &Asked| {
            let member = format!("telephony/bridges/{slug}/");
            match asked.path.as_str() {
                "telephony/bridges/" => Some(ok(json!({"count": 2, "data": [
                    {"id": 1, "name": "S", "slug": "sales", "provider": "twilio", "numbers": []},
                    {"id": 2, "name": "O", "slug": "other", "provider": "plivo", "numbers": []}]}))),
                "telephony/numbers/" => Some(listing(json!([]))),
                path if path == member => Some(ok(json!({"data": {"id": 1, "name": "S", "slug": slug, "numbers": []}}))),
                _ => None,
            }
        }
    };
    let world = world(hidden("sales")).await;
    let live = reading(&World::new(g2).await, &["providers", "bridges"]).await.unwrap();
    let read = again(&world, &live, &["sales"]).await.0.unwrap();
    assert!(read.connections.is_empty());
    assert_eq!(read.unseen_candidates, [("sales".to_owned(), ["42".to_owned()].into())].into());
}

#[tokio::test]
async fn reading_again_asks_for_no_more_pages_than_it_needs() {
    let world = world(|asked| tens(asked, 25, 25)).await;
    let live = reading(&world, &["providers", "bridges"]).await.unwrap();
    let cost = async |slugs: &[&str]| {
        let (read, requests) = again(&world, &live, slugs).await;
        read.unwrap();
        requests
    };
    assert_eq!(cost(&["b-3"]).await, 3, "the bridge, one page, the numbers");
    assert_eq!(cost(&["b-3", "b-7"]).await, 4);
    assert_eq!(cost(&["b-3", "b-24"]).await, 6, "all three pages");
    // A bridge that exists and is in no list: only a complete list shows that.
    let lying = crate::live_world::unpod::world(|asked| tens(asked, 25, 20)).await;
    let (read, _) = again(&lying, &live, &["b-3"]).await;
    read.unwrap();
    let (read, _) = again(&lying, &live, &["b-21"]).await;
    says(&read.unwrap_err(), &["incomplete listing"]);
}

/// Generation 1 shows in each bridge which configuration serves it, and nowhere else (unpod.md 10, recorded).
#[tokio::test]
async fn the_older_generation_is_read_again_by_its_bridges_alone() {
    let world = World::new(g1).await;
    let mut desired = unpod_desired(&world, &["providers", "bridges"]);
    desired.accounts["unpod"].settings.insert("product_id", SettingValue::Text("unpod.ai".to_owned()));
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    let (read, requests) = again(&world, &live, &["sales-1f5evfn7"]).await;
    assert_eq!(Some(read.unwrap().connections), live.connections);
    assert_eq!(requests, 1);
}
