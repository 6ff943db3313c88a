//! Live reading of CarrierX accounts against small servers of our own.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use serde_json::{Value, json};
use telform::backend::carrierx;
use telform::ledger::Ledger;
use telform::resource::Desired;

mod live_world;

use live_world::*;

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
    ok(
        json!({"count": items.len(), "has_more": offset + items.len() < partners, "limit": limit, "offset": offset,
        "pagination": {}, "total": total, "items": items}),
    )
}

fn carrierx_desired(world: &World) -> Desired {
    desired(account("cx", &carrierx::BACKEND, &world.base), &["partners"])
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
    assert_eq!(object.attributes["owner_email"], Value::Null);
    assert!(!object.attributes.contains_key("system_data"));
    assert_eq!(world.paths(), ["partners?limit=1000&offset=0&order=partner_sid asc"]);
}
