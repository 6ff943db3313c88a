//! Reads all bridges of an Unpod account: the listing page by page, each bridge by its slug, the numbers (unpod.md 6, 8,
//! 11). Rows are slimmed as they come: generation 1 shows the secrets of whatever serves a number.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::error::unreadable;
use super::{LiveError, Reader};
use crate::api::{ApiError, Json, Verdict};
use crate::backend::unpod::{BRIDGES_G2, answer, rows};
use crate::kind::{List, text_of};
use crate::resource::{Unlisted, Unreadable, Wanted};
use crate::value::{Value, weight};

/// Pages asked for side by side, so that a service that lies about its count is found out early.
const WAVE: u64 = 8;

/// What helps where two bridges share a slug (unpod.md 6.2).
const ONLY_SUPPORT: &str = "only the service's support can remove one of two bridges with one slug";

/// Most bridges that are taken from one page.
const LARGEST: usize = match BRIDGES_G2.list {
    List::Pages { largest: Some(rows), .. } => rows,
    _ => 0,
};

/// More pages than any account has: a listing that never ends stops here.
const MOST_PAGES: u64 = 2000;

/// Everything read about bridges, slimmed, not interpreted yet.
pub(super) struct Bridges {
    /// Rows of the listing.
    pub(super) listed: Vec<Value>,
    /// Each bridge by its slug.
    pub(super) read: Vec<Value>,
    /// Rows of the numbers listing, or why there are none.
    pub(super) numbers: Result<Vec<Value>, Unlisted>,
    /// Slugs of remembered bridges that are neither listed nor found.
    pub(super) missing: BTreeSet<String>,
    /// Bridges that are there and cannot be read, by slug.
    pub(super) unreadable: BTreeMap<String, Unreadable>,
}

/// What became of reading all pages once.
enum Pages {
    /// Rows by their id.
    Complete(BTreeMap<String, Value>),
    Short {
        count: u64,
        found: usize,
    },
}

impl Reader<'_> {
    pub(super) async fn bridges(&self) -> Result<Bridges, LiveError> {
        let (listed, numbers) = tokio::join!(self.listed_bridges(), self.numbers());
        let listed = listed?;
        let numbers = match numbers {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.confined(&error)?),
        };
        let (slugs, mut unreadable) = self.slugs(&listed);
        // The listing was the smaller part: from here on it is one request for each.
        let total = Some(slugs.len() as u64);
        self.tell(&BRIDGES_G2, true, 0, total);
        let found = try_join_all(slugs.iter().map(|slug| async move {
            let read = self.bridge_or_why_not(slug).await;
            self.tell(&BRIDGES_G2, false, 1, total);
            read
        }))
        .await?;
        let mut read = Vec::with_capacity(found.len());
        for (slug, bridge) in slugs.iter().zip(found) {
            match bridge {
                Ok(Some(bridge)) => read.push(bridge),
                Ok(None) => drop(unreadable.insert(slug.clone(), moving())),
                Err(why) => drop(unreadable.insert(slug.clone(), why)),
            }
        }
        let known = slugs.into_iter().chain(unreadable.keys().cloned()).collect();
        let missing = self.unlisted(&known, &mut read, &mut unreadable).await?;
        Ok(Bridges { listed, read, numbers, missing, unreadable })
    }

    /// The listing; when it comes out short, once more, and then in one large page.
    pub(super) async fn listed_bridges(&self) -> Result<Vec<Value>, LiveError> {
        self.listing(None).await
    }

    /// As much of the listing as shows these bridges; all of it when it does not show one of them.
    pub(super) async fn listing_of(&self, slugs: &BTreeSet<String>) -> Result<Vec<Value>, LiveError> {
        self.listing(Some(slugs)).await
    }

    /// One list shows one product of the account (unpod.md 10.1): the lists of all of them, as one.
    async fn listing(&self, sought: Option<&BTreeSet<String>>) -> Result<Vec<Value>, LiveError> {
        let products = &self.account.product_ids;
        if products.len() < 2 {
            return self.listing_for(sought, None).await.map(|rows| rows.into_values().collect());
        }
        let mut all = BTreeMap::new();
        for product in products {
            all.extend(self.listing_for(sought, Some(product)).await?);
        }
        Ok(all.into_values().collect())
    }

    async fn listing_for(
        &self,
        sought: Option<&BTreeSet<String>>,
        product: Option<&str>,
    ) -> Result<BTreeMap<String, Value>, LiveError> {
        let tried = "listing the bridges";
        let List::Pages { size, largest } = BRIDGES_G2.list else {
            return Err(LiveError::shape(self.account, tried, "bridges are not listed by pages"));
        };
        let size = size as u64;
        let mut short = (0, 0);
        for _ in 0..2 {
            match self.bridge_pages(tried, sought, product, size).await? {
                Pages::Complete(rows) => return Ok(rows),
                Pages::Short { count, found } => short = (count, found),
            }
        }
        // Rows that move from page to page cannot hide on the only one.
        if let Some(largest) = largest.map(|rows| rows as u64) {
            let whole = short.0.saturating_add(size).min(largest);
            match self.bridge_pages(tried, sought, product, whole).await? {
                Pages::Complete(rows) => return Ok(rows),
                Pages::Short { count, found } => short = (count, found),
            }
        }
        let (count, found) = short;
        let what = format!("the service counts {count} bridges and shows {found}");
        Err(LiveError::incomplete(self.account, tried, &what))
    }

    /// All pages once. The pages have no stable order (unpod.md fact 8, recorded), so rows are told apart by id, and the
    /// listing is complete when there are as many as the service counts, or when it has shown all that is sought.
    async fn bridge_pages(
        &self,
        tried: &str,
        sought: Option<&BTreeSet<String>>,
        product: Option<&str>,
        size: u64,
    ) -> Result<Pages, LiveError> {
        let mut unique: BTreeMap<String, Value> = BTreeMap::new();
        let mut count = None;
        let mut step = 0;
        let mut next = 1;
        loop {
            let before = unique.len();
            let wave = match count {
                // A service that ignores `page_size` gives fewer: its own step counts.
                Some(count) => u64::div_ceil(u64::saturating_sub(count, before as u64), step).clamp(1, WAVE),
                None => 1,
            };
            for body in
                try_join_all((next..next + wave).map(|page| self.bridge_page(tried, page, size, product)))
                    .await?
            {
                let rows =
                    rows::rows(&body, false).map_err(|what| LiveError::shape(self.account, tried, what))?;
                // A service that has no pages shows all at once, and never more than telform may ask for.
                if rows.len() > LARGEST.max(usize::try_from(size).unwrap_or(usize::MAX)) {
                    let what = format!("the page has {} bridges, and {size} were asked for", rows.len());
                    return Err(LiveError::shape(self.account, tried, &what));
                }
                step = step.max(rows.len() as u64).max(1);
                count = count.max(rows::count(&body));
                self.tell(&BRIDGES_G2, next == 1, rows.len(), count);
                for row in rows {
                    let slim = row.as_object().map(rows::slim_bridge);
                    self.keep(tried, slim.as_ref().map_or(0, weight))?;
                    let id = row.get("id").or_else(|| row.get("slug")).and_then(text_of);
                    // A row that names no bridge is counted as one that cannot be read.
                    let id = id.unwrap_or_else(|| format!("row {row}"));
                    unique.insert(id, slim.unwrap_or_default());
                }
            }
            next += wave;
            let found = unique.len();
            let shown: BTreeSet<&str> =
                unique.values().filter_map(|row| row.get("slug").and_then(Value::as_str)).collect();
            if sought.is_some_and(|slugs| slugs.iter().all(|slug| shown.contains(slug.as_str()))) {
                break;
            }
            match count {
                Some(count) if found as u64 >= count => break,
                // A count that no account has is a lie: thousands of pages would be read before that was certain.
                Some(count) if found == before || next > MOST_PAGES || count.div_ceil(step) > MOST_PAGES => {
                    return Ok(Pages::Short { count, found });
                }
                // Without a count a page that brings nothing new is the end.
                None if found == before => break,
                None if next > MOST_PAGES => return Ok(Pages::Short { count: u64::MAX, found }),
                _ => {}
            }
        }
        Ok(Pages::Complete(unique))
    }

    async fn bridge_page(
        &self,
        tried: &str,
        page: u64,
        size: u64,
        product: Option<&str>,
    ) -> Result<Json, LiveError> {
        let query = [("page", page.to_string()), ("page_size", size.to_string())];
        self.ask_for(BRIDGES_G2.collection, &query, product)
            .await
            .map_err(|error| self.no_bridges(tried, error))
    }

    fn no_bridges(&self, tried: &str, error: ApiError) -> LiveError {
        if !self.refused(&error) || !answer::asks_for_product_id(&error.text) {
            return LiveError::request(self.account, tried, error);
        }
        let mut without = LiveError::new(
            "telform::live::product_id",
            self.account,
            tried,
            "this generation of the service lists bridges by product, and the account names none",
            &format!("Set `accounts.{}.product_id` (for example \"unpod.ai\")", self.account.name),
        );
        without.request = Some(Box::new(error));
        without
    }

    pub(super) async fn numbers(&self) -> Result<Vec<Value>, LiveError> {
        let tried = "listing the numbers";
        // The newer code needs the argument to show assigned numbers, the older ignores it (unpod.md 8).
        let query = [("include_assigned", "true".to_owned())];
        let body = self.get(tried, "telephony/numbers/", &query).await?;
        let rows =
            rows::rows(&body, false).map_err(|what| LiveError::shape(self.account, tried, what))?.to_vec();
        self.keep(tried, rows.iter().map(weight).sum())?;
        Ok(rows)
    }

    /// Slugs of the listed bridges, and those that cannot be asked for.
    fn slugs(&self, listed: &[Value]) -> (BTreeSet<String>, BTreeMap<String, Unreadable>) {
        let (mut slugs, mut unreadable) = (BTreeSet::new(), BTreeMap::new());
        for row in listed {
            let slug = row.get("slug").and_then(Value::as_str).unwrap_or_default();
            if !can_be_addressed(slug) {
                let id = row.get("id").and_then(text_of).unwrap_or_default();
                let name = match slug {
                    "" if id.is_empty() => "(a row without id and slug)".to_owned(),
                    "" => format!("(id {id}, without a slug)"),
                    slug => slug.to_owned(),
                };
                let why = "no path can hold its slug".to_owned();
                let help = "give it another slug in the service's dashboard, or delete it there".to_owned();
                unreadable.insert(name, Unreadable { why, help, may_use: true });
            } else if !slugs.insert(slug.to_owned()) {
                // Recorded: from then on every call to that slug fails, for both (unpod.md 6.2).
                let why = "two bridges share this slug, so the service reaches neither".to_owned();
                unreadable.insert(
                    slug.to_owned(),
                    Unreadable { why, help: ONLY_SUPPORT.to_owned(), may_use: true },
                );
            }
        }
        slugs.retain(|slug| !unreadable.contains_key(slug));
        (slugs, unreadable)
    }

    /// One bridge, or why it alone cannot be read: another bridge with its slug, in whatever organization, is enough
    /// (unpod.md 6.2, recorded). An error is about the account.
    async fn bridge_or_why_not(&self, slug: &str) -> Result<Result<Option<Value>, Unreadable>, LiveError> {
        let error = match self.bridge(slug).await {
            Ok(bridge) => return Ok(Ok(bridge)),
            Err(error) => error,
        };
        let failed = error.request.as_ref().is_some_and(|it| it.verdict == Verdict::ServerFault);
        let mut why_not = unreadable(error, true)?;
        if failed {
            why_not
                .why
                .push_str("; probably two bridges share this slug, perhaps one of another organization");
            why_not.help = format!("{ONLY_SUPPORT}; run again later if the service had a passing fault");
        }
        Ok(Err(why_not))
    }

    /// One bridge, slimmed; `None` when the service says that it is not there.
    pub(super) async fn bridge(&self, slug: &str) -> Result<Option<Value>, LiveError> {
        let tried = format!("reading bridge {slug}");
        let shape = |what: &str| LiveError::shape(self.account, &tried, what);
        let body = match self.ask(&BRIDGES_G2.member.replace("{id}", slug), &[]).await {
            Ok(body) => body,
            Err(error) if error.verdict == Verdict::Gone => return Ok(None),
            Err(error) => return Err(LiveError::request(self.account, &tried, error)),
        };
        let row = rows::object(&body).map_err(shape)?;
        if row.get("slug").and_then(Value::as_str) != Some(slug) {
            return Err(shape("it is about another bridge"));
        }
        let Some(Value::Array(numbers)) = row.get("numbers") else {
            return Err(shape("there is no list under `numbers`"));
        };
        if numbers.iter().any(|number| rows::number_in(number).is_none()) {
            return Err(shape("a number on the bridge has no `number`"));
        }
        let slim = rows::slim_bridge(row);
        self.keep(&tried, weight(&slim))?;
        Ok(Some(slim))
    }

    /// Bridges that no listing shows but that must be accounted for: remembered ones, and those that are to be created. On
    /// generation 1 a bridge made without a product is in no list (unpod.md 2.3), and creating a slug that is taken, even
    /// by another organization, puts both bridges out of reach (6.2, recorded).
    async fn unlisted(
        &self,
        listed: &BTreeSet<String>,
        read: &mut Vec<Value>,
        unreadable: &mut BTreeMap<String, Unreadable>,
    ) -> Result<BTreeSet<String>, LiveError> {
        if !self.kinds.contains(BRIDGES_G2.name) {
            return Ok(BTreeSet::new());
        }
        let remembered: BTreeSet<String> = self.remembered(BRIDGES_G2.name).map(str::to_owned).collect();
        let wanted =
            self.wanted(BRIDGES_G2.name).filter_map(|object| match object.attributes.get(BRIDGES_G2.id) {
                Some(Wanted::Value(slug)) => slug.as_str().map(str::to_owned),
                _ => None,
            });
        let mut slugs: BTreeSet<String> = remembered.iter().cloned().chain(wanted).collect();
        slugs.retain(|slug| !listed.contains(slug) && can_be_addressed(slug));
        let found = try_join_all(slugs.iter().map(|slug| self.bridge_or_why_not(slug))).await?;
        let mut missing = BTreeSet::new();
        for (slug, row) in slugs.into_iter().zip(found) {
            match row {
                Ok(Some(row)) => read.push(row),
                Ok(None) if remembered.contains(&slug) => _ = missing.insert(slug),
                Ok(None) => {}
                Err(why) => _ = unreadable.insert(slug, why),
            }
        }
        Ok(missing)
    }
}

/// A bridge that is listed and not there.
fn moving() -> Unreadable {
    let why = "it is listed, but the service says that it is not there: the account is being changed";
    Unreadable { why: why.to_owned(), help: "run again when nobody is changing it".to_owned(), may_use: true }
}

/// Whether a path can hold a slug.
fn can_be_addressed(slug: &str) -> bool {
    let vanishes = slug.is_empty() || matches!(slug, "." | "..") || slug.contains('/');
    let unfilled = slug.starts_with('{') && slug.ends_with('}');
    !vanishes && !unfilled
}
