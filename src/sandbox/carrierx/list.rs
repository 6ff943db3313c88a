//! Listings of every kind (`api/carrierx.md`, section 3).

use serde_json::{Value, json};

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::core::SandboxCore;
use super::super::ids;
use super::super::world::{CarrierxKnobs, CarrierxWorld, Total};
use super::filter::{self, FilterTerm, ListingOrder};
use super::{RequestRefusal, refuse, shape};

/// What a request for a listing asks for.
pub(super) struct ListQuery<'a> {
    asked: &'a SandboxRequest,
    limit: usize,
    offset: usize,
    terms: Vec<FilterTerm>,
    order: ListingOrder,
}

impl<'a> ListQuery<'a> {
    pub(super) fn of(asked: &'a SandboxRequest) -> Result<Self, RequestRefusal> {
        let limit = number(asked, "limit", 10)?;
        if limit == 0 || limit > 1000 {
            return refuse(422, "limit", "must be from 1 to 1000");
        }
        let offset = number(asked, "offset", 0)?;
        if asked.argument("after").is_some() || asked.argument("before").is_some() {
            return refuse(400, "after", "the sandbox pages by offset only");
        }
        let written = asked.argument("filter").unwrap_or_default();
        let terms = if written.is_empty() { Vec::new() } else { filter::parse_filter(written)? };
        let order = filter::order(asked.argument("order").unwrap_or_default())?;
        Ok(Self { asked, limit, offset, terms, order })
    }

    /// Positions of the objects that are listed, in order. `value` shows a field of the object at a position.
    pub(super) fn positions(&self, all: impl Iterator<Item = usize>, value: impl Fn(usize, &str) -> Value) -> Vec<usize> {
        let listed = |place: &usize| self.terms.iter().all(|term| term.matches(|field| value(*place, field)));
        let mut places: Vec<usize> = all.filter(listed).collect();
        match &self.order {
            ListingOrder::Created => {}
            ListingOrder::Shuffle => places.sort_by_cached_key(|place| ids::sid(7, *place as u64)),
            ListingOrder::By { field, descending } => {
                places.sort_by_cached_key(|place| match value(*place, field) {
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

    /// The page of these positions that was asked for.
    pub(super) fn page(&self, knobs: &CarrierxKnobs, places: &[usize], shown: impl Fn(usize) -> Value) -> SandboxResponse {
        let Self { asked, limit, offset, .. } = self;
        let start = asked.list_fault.start(*offset).min(places.len());
        let page = &places[start..places.len().min(start + limit)];
        let items: Vec<Value> = page.iter().map(|place| shown(*place)).collect();
        let has_more = start + page.len() < places.len();
        let pagination = if has_more { json!({"next": next_url(asked, offset + items.len())}) } else { json!({}) };
        let total = match knobs.total {
            Total::Integer => Value::from(places.len()),
            Total::Absent => Value::Null,
        };
        let body = json!({"count": items.len(), "has_more": has_more, "items": items, "limit": limit,
                          "offset": offset, "pagination": pagination, "total": total});
        SandboxResponse::json(200, body)
    }
}

/// GET /partners.
pub(super) fn list(core: &mut SandboxCore, asked: &SandboxRequest) -> Result<SandboxResponse, RequestRefusal> {
    let query = ListQuery::of(asked)?;
    let world = &core.world.carrierx;
    let text = |name| asked.argument(name).unwrap_or_default();
    let places = core.partners.listing(&format!("{}\n{}", text("order"), text("filter")), || visible(world, &query));
    let include = asked.argument("includeFields");
    Ok(query.page(&world.knobs, &places, |place| shape::shown_in_part(&world.partners[place], include)))
}

/// Unverified partners are in no list (section 7).
fn visible(world: &CarrierxWorld, query: &ListQuery<'_>) -> Vec<usize> {
    let partners = &world.partners;
    let verified = (0..partners.len()).filter(|place| partners[*place].verified);
    query.positions(verified, |place, field| shape::value(&partners[place], field))
}

fn number(asked: &SandboxRequest, name: &str, default: usize) -> Result<usize, RequestRefusal> {
    match asked.argument(name) {
        None => Ok(default),
        Some(text) => text.parse().or_else(|_| refuse(422, name, "must be a number")),
    }
}

/// The absolute URL of the next page, with all other parameters kept.
fn next_url(asked: &SandboxRequest, offset: usize) -> String {
    let host = asked.header("host").unwrap_or("localhost");
    let kept = asked.raw_query.split('&').filter(|part| !part.is_empty() && !part.starts_with("offset="));
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("offset={offset}")]).collect();
    format!("http://{host}{}{}?{}", asked.mount, asked.raw_path, query.join("&"))
}
