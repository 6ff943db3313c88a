//! GET /partners (`api/carrierx.md`, section 3).

use serde_json::{Value, json};

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::core::SandboxCore;
use super::super::ids;
use super::super::world::{CarrierxWorld, Total};
use super::filter::{self, FilterTerm, ListingOrder};
use super::{RequestRefusal, refuse, shape};

pub(super) fn list(core: &mut SandboxCore, asked: &SandboxRequest) -> Result<SandboxResponse, RequestRefusal> {
    let limit = number(asked, "limit", 10)?;
    if limit == 0 || limit > 1000 {
        return refuse(422, "limit", "must be from 1 to 1000");
    }
    let offset = number(asked, "offset", 0)?;
    if asked.argument("after").is_some() || asked.argument("before").is_some() {
        return refuse(400, "after", "the sandbox pages by offset only");
    }
    let written = asked.argument("filter").unwrap_or_default();
    let tests = if written.is_empty() { Vec::new() } else { filter::parse_filter(written)? };
    let order_text = asked.argument("order").unwrap_or_default();
    let order = filter::order(order_text)?;
    let world = &core.world.carrierx;
    let places = core.partners.listing(&format!("{order_text}\n{written}"), || work_out(world, &tests, &order));
    let start = asked.list_fault.start(offset).min(places.len());
    let page = &places[start..places.len().min(start + limit)];
    let include = asked.argument("includeFields");
    let items: Vec<Value> = page.iter().map(|place| shape::shown_in_part(&world.partners[*place], include)).collect();
    let has_more = start + page.len() < places.len();
    let pagination = if has_more { json!({"next": next_url(asked, offset + items.len())}) } else { json!({}) };
    let total = match world.knobs.total {
        Total::Integer => Value::from(places.len()),
        Total::Absent => Value::Null,
    };
    let body = json!({"count": items.len(), "has_more": has_more, "items": items, "limit": limit,
                      "offset": offset, "pagination": pagination, "total": total});
    Ok(SandboxResponse::json(200, body))
}

fn number(asked: &SandboxRequest, name: &str, default: usize) -> Result<usize, RequestRefusal> {
    match asked.argument(name) {
        None => Ok(default),
        Some(text) => text.parse().or_else(|_| refuse(422, name, "must be a number")),
    }
}

/// Unverified partners are in no list (section 7).
fn work_out(world: &CarrierxWorld, tests: &[FilterTerm], order: &ListingOrder) -> Vec<usize> {
    let partners = &world.partners;
    let listed = |place: &usize| {
        let partner = &partners[*place];
        partner.verified && tests.iter().all(|test| test.matches_partner(partner))
    };
    let mut places: Vec<usize> = (0..partners.len()).filter(listed).collect();
    match order {
        ListingOrder::Created => {}
        ListingOrder::Shuffle => places.sort_by_cached_key(|place| ids::sid(7, *place as u64)),
        ListingOrder::By { field, descending } => {
            places.sort_by_cached_key(|place| match shape::value(&partners[*place], field) {
                Value::String(text) => text,
                other => other.to_string(),
            });
            if *descending {
                places.reverse();
            }
        }
    }
    places
}

/// The absolute URL of the next page, with all other parameters kept.
fn next_url(asked: &SandboxRequest, offset: usize) -> String {
    let host = asked.header("host").unwrap_or("localhost");
    let kept = asked.raw_query.split('&').filter(|part| !part.is_empty() && !part.starts_with("offset="));
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("offset={offset}")]).collect();
    format!("http://{host}{}{}?{}", asked.mount, asked.raw_path, query.join("&"))
}
