//! Reads all bridges of an Unpod account: the listing page by page, each bridge by its slug, the numbers (unpod.md 6, 8,
//! 11). Rows are reduced as they arrive: generation 1 shows the secrets of each configuration that serves a number.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::read::UnpodReader;
use super::{BRIDGES_G2, error_texts, rows};
use crate::http::{AnswerClass, ApiError};
use crate::model::call::is_segment;
use crate::model::kind::text_of;
use crate::model::resource::{DesiredValue, ListingFailure, UnreadableObject};
use crate::model::value::{Value, memory_size};
use crate::read::{PagesOf, ReadError, unreadable_object};

/// What to do where two bridges share a slug (unpod.md 6.2).
const ONLY_SUPPORT: &str = "only the service's support can remove one of two bridges with one slug";

/// Everything read about bridges, reduced, not interpreted yet.
pub(super) struct BridgeRows {
    /// Rows of the listing.
    pub(super) listed: Vec<Value>,
    /// Each bridge by its slug.
    pub(super) read: Vec<Value>,
    /// Rows of the numbers listing, or why it could not be read.
    pub(super) numbers: Result<Vec<Value>, ListingFailure>,
    /// Slugs of remembered bridges that are neither listed nor found.
    pub(super) missing: BTreeSet<String>,
    /// Bridges that exist and cannot be read, by slug.
    pub(super) unreadable: BTreeMap<String, UnreadableObject>,
}

impl UnpodReader<'_> {
    pub(super) async fn bridges(&self) -> Result<BridgeRows, ReadError> {
        let (listed, numbers) = tokio::join!(self.listed_bridges(), self.numbers());
        let listed = listed?;
        let numbers = match numbers {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.listing_failure(&error)?),
        };
        let (slugs, mut unreadable) = self.slugs(&listed);
        // The listing was the smaller part: from here on each bridge takes one request.
        let total = Some(slugs.len() as u64);
        self.report_progress(&BRIDGES_G2, true, 0, total);
        let found = try_join_all(slugs.iter().map(|slug| async move {
            let read = self.bridge_or_why_not(slug).await;
            self.report_progress(&BRIDGES_G2, false, 1, total);
            read
        }))
        .await?;
        let mut read = Vec::with_capacity(found.len());
        for (slug, bridge) in slugs.iter().zip(found) {
            match bridge {
                Ok(Some(bridge)) => read.push(bridge),
                Ok(None) => drop(unreadable.insert(slug.clone(), vanished_bridge())),
                Err(why) => drop(unreadable.insert(slug.clone(), why)),
            }
        }
        let known = slugs.into_iter().chain(unreadable.keys().cloned()).collect();
        let missing = self.unlisted(&known, &mut read, &mut unreadable).await?;
        Ok(BridgeRows { listed, read, numbers, missing, unreadable })
    }

    /// The listing; if it is incomplete, once more, and then in one large page.
    pub(super) async fn listed_bridges(&self) -> Result<Vec<Value>, ReadError> {
        self.listing(None).await
    }

    /// The part of the listing that shows these bridges; all of it when one of them is missing.
    pub(super) async fn listing_of(&self, slugs: &BTreeSet<String>) -> Result<Vec<Value>, ReadError> {
        self.listing(Some(slugs)).await
    }

    /// One list shows one product of the account (unpod.md 10.1): the lists of all products, combined.
    async fn listing(&self, sought: Option<&BTreeSet<String>>) -> Result<Vec<Value>, ReadError> {
        let products = self.account.products();
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
    ) -> Result<BTreeMap<String, Value>, ReadError> {
        let tried = "listing the bridges";
        let shows_all = |rows: &BTreeMap<String, Value>| {
            let shown: BTreeSet<&str> = rows.values().filter_map(|row| row.get("slug").and_then(Value::as_str)).collect();
            sought.is_some_and(|slugs| slugs.iter().all(|slug| shown.contains(slug.as_str())))
        };
        let refused = |error| self.no_bridges(tried, error);
        let pages = PagesOf {
            product,
            kept: rows::slim_bridge,
            enough: Some(&shows_all),
            refused: Some(&refused),
            ..PagesOf::all(&BRIDGES_G2, tried)
        };
        self.numbered_pages(pages).await
    }

    fn no_bridges(&self, tried: &str, error: ApiError) -> ReadError {
        if !self.says_refused(&error) || !error_texts::asks_for_product_id(&error.text) {
            return ReadError::from_request(self.account, tried, error);
        }
        let mut without = ReadError::new(
            "telform::live::product",
            self.account,
            tried,
            "this generation of the service lists bridges by product, but the account does not name a product",
            &format!("Set `accounts.{}.product_id` (for example \"unpod.ai\")", self.account.name),
        );
        without.request = Some(Box::new(error));
        without
    }

    pub(super) async fn numbers(&self) -> Result<Vec<Value>, ReadError> {
        let tried = "listing the numbers";
        // The newer code needs the argument to show assigned numbers, the older ignores it (unpod.md 8).
        let query = [("include_assigned", "true".to_owned())];
        let body = self.get(tried, "telephony/numbers/", &query).await?;
        let rows = self
            .account
            .service
            .envelope
            .rows(&body, false)
            .map_err(|what| ReadError::wrong_shape(self.account, tried, &what))?
            .to_vec();
        self.keep(tried, rows.iter().map(memory_size).sum())?;
        Ok(rows)
    }

    /// Slugs of the listed bridges, and those that cannot be requested.
    fn slugs(&self, listed: &[Value]) -> (BTreeSet<String>, BTreeMap<String, UnreadableObject>) {
        let (mut slugs, mut unreadable) = (BTreeSet::new(), BTreeMap::new());
        for row in listed {
            let slug = row.get("slug").and_then(Value::as_str).unwrap_or_default();
            if !is_segment(slug) {
                let id = row.get("id").and_then(text_of).unwrap_or_default();
                let name = match slug {
                    "" if id.is_empty() => "(a row without id and slug)".to_owned(),
                    "" => format!("(id {id}, without a slug)"),
                    slug => slug.to_owned(),
                };
                let why = "its slug cannot be part of a path".to_owned();
                let help = "change its slug in the service's dashboard, or delete it there".to_owned();
                unreadable.insert(name, UnreadableObject { why, help, may_use: true });
            } else if !slugs.insert(slug.to_owned()) {
                // Recorded: afterwards every call to that slug fails, for both (unpod.md 6.2).
                let why = "two bridges share this slug, so the service returns neither".to_owned();
                unreadable.insert(slug.to_owned(), UnreadableObject { why, help: ONLY_SUPPORT.to_owned(), may_use: true });
            }
        }
        slugs.retain(|slug| !unreadable.contains_key(slug));
        (slugs, unreadable)
    }

    /// One bridge, or why it alone cannot be read: another bridge with its slug, in whatever organization, is enough
    /// (unpod.md 6.2, recorded). An error is about the account.
    async fn bridge_or_why_not(&self, slug: &str) -> Result<Result<Option<Value>, UnreadableObject>, ReadError> {
        let error = match self.bridge(slug).await {
            Ok(bridge) => return Ok(Ok(bridge)),
            Err(error) => error,
        };
        let failed = error.request.as_ref().is_some_and(|it| it.class == AnswerClass::ServerFault);
        let mut why_not = unreadable_object(error, true)?;
        if failed {
            why_not.why.push_str("; probably two bridges share this slug, perhaps one of another organization");
            why_not.help = format!("{ONLY_SUPPORT}; run again later if the service had a passing fault");
        }
        Ok(Err(why_not))
    }

    /// One bridge, reduced; `None` when the service says that it does not exist.
    pub(super) async fn bridge(&self, slug: &str) -> Result<Option<Value>, ReadError> {
        let tried = format!("reading bridge {slug}");
        let shape = |what: &str| ReadError::wrong_shape(self.account, &tried, what);
        let Some(row) = self.row_by_id(&BRIDGES_G2, None, slug).await? else { return Ok(None) };
        let Some(Value::Array(numbers)) = row.get("numbers") else {
            return Err(shape("the answer has no list under `numbers`"));
        };
        if numbers.iter().any(|number| rows::number_in(number).is_none()) {
            return Err(shape("a number on the bridge has no `number`"));
        }
        let slim = row.as_object().map(rows::slim_bridge).unwrap_or_default();
        self.keep(&tried, memory_size(&slim))?;
        Ok(Some(slim))
    }

    /// Bridges that no listing shows but that must be accounted for: those in the ledger, and those that are to be
    /// created. On generation 1 a bridge created without a product is in no list (unpod.md 2.3), and creating a slug that
    /// is taken, even by another organization, makes both bridges unreachable (6.2, recorded).
    async fn unlisted(
        &self,
        listed: &BTreeSet<String>,
        read: &mut Vec<Value>,
        unreadable: &mut BTreeMap<String, UnreadableObject>,
    ) -> Result<BTreeSet<String>, ReadError> {
        if !self.kinds.contains(BRIDGES_G2.name) {
            return Ok(BTreeSet::new());
        }
        let remembered: BTreeSet<String> = self.remembered_ids(BRIDGES_G2.name).map(str::to_owned).collect();
        let named = self.desired_of_kind(BRIDGES_G2.name).chain(self.referred_of_kind(BRIDGES_G2.name));
        let wanted = named.filter_map(|object| match object.attributes.get(BRIDGES_G2.id) {
            Some(DesiredValue::Value(slug)) => slug.as_str().map(str::to_owned),
            _ => None,
        });
        let mut slugs: BTreeSet<String> = remembered.iter().cloned().chain(wanted).collect();
        slugs.retain(|slug| !listed.contains(slug) && is_segment(slug));
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

/// A bridge that is listed and does not exist.
fn vanished_bridge() -> UnreadableObject {
    let why = "it is listed, but the service says that it does not exist: the account is being changed";
    UnreadableObject { why: why.to_owned(), help: "run again when nothing else changes it".to_owned(), may_use: true }
}
