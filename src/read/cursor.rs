//! Listings in which each page says how the next one is asked for: by a cursor, or by an address.

use std::collections::BTreeSet;

use super::{AccountReader, ReadError};
use crate::http::client::base_of_requests;
use crate::model::kind::{CollectionListing, Kind, Next, text_of};
use crate::model::value::{Value, memory_size};

/// More pages than any account has: this ends an endless listing.
const MOST_PAGES: usize = 2000;

/// Rows of one page, and the query of the next one.
type CursorPage = (Vec<Value>, Option<Vec<(String, String)>>);

impl AccountReader<'_> {
    /// All rows, page after page. A listing that shows one cursor twice has no end and is an error.
    pub(super) async fn cursor_pages(&self, kind: &'static Kind, tried: &str) -> Result<Vec<Value>, ReadError> {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        let mut query = None;
        for number in 0..MOST_PAGES {
            let (rows, next) = self.cursor_page(kind, tried, query.as_deref()).await?;
            self.keep(tried, rows.iter().map(memory_size).sum())?;
            self.report_progress(kind, number == 0, rows.len(), None);
            all.extend(rows);
            let Some(next) = next else { return Ok(all) };
            if !seen.insert(next.clone()) {
                return Err(ReadError::incomplete_listing(self.account, tried, "a page leads back to an earlier one"));
            }
            query = Some(next);
        }
        Err(ReadError::incomplete_listing(self.account, tried, &format!("no end after {MOST_PAGES} pages")))
    }

    /// Rows of the first page, and whether more follow.
    pub(super) async fn first_cursor_page(&self, kind: &'static Kind) -> Result<(usize, bool), ReadError> {
        let (rows, next) = self.cursor_page(kind, &format!("listing the {}", kind.name), None).await?;
        Ok((rows.len(), next.is_some()))
    }

    async fn cursor_page(
        &self,
        kind: &'static Kind,
        tried: &str,
        query: Option<&[(String, String)]>,
    ) -> Result<CursorPage, ReadError> {
        let shape = |what: &str| ReadError::wrong_shape(self.account, tried, what);
        let CollectionListing::Cursor { size: (word, size), rows, next } = kind.list else {
            return Err(shape(&format!("{} are not listed by cursor", kind.name)));
        };
        let first = [(word.to_owned(), size.to_string())];
        let query: Vec<(&str, String)> =
            query.unwrap_or(&first).iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        let body = self.get(tried, kind.collection, &query).await?;
        let Some(Value::Array(found)) = body.get(rows) else {
            return Err(shape(&format!("it has no list under `{rows}`")));
        };
        if found.len() > size {
            return Err(shape(&format!("more than the {size} objects that were asked for")));
        }
        let says = |key: &str| body.get(key).filter(|next| !next.is_null() && next.as_str() != Some(""));
        let next = match next {
            Next::Cursor { key, sent_as } => says(key)
                .map(|next| text_of(next).ok_or_else(|| shape(&format!("`{key}` is neither a text nor a number"))))
                .transpose()?
                .map(|cursor| vec![(word.to_owned(), size.to_string()), (sent_as.to_owned(), cursor)]),
            Next::Link { key } => says(key)
                .map(|next| self.query_of_link(kind, next).map_err(|what| shape(&format!("`{key}` {what}"))))
                .transpose()?,
        };
        Ok((found.clone(), next))
    }

    /// The query of the address of the next page. Anything but a page of this listing is refused: the token would go to wherever
    /// an answer says.
    fn query_of_link(&self, kind: &Kind, next: &Value) -> Result<Vec<(String, String)>, String> {
        let mut listing = base_of_requests(self.account).map_err(|error| error.to_string())?;
        listing.set_query(None);
        listing.path_segments_mut().map_err(|()| "follows no path")?.pop_if_empty().extend(kind.collection.split('/'));
        let next = next.as_str().and_then(|next| listing.join(next).ok()).ok_or("is not an address")?;
        if next.origin() != listing.origin() {
            let (own, other) = (listing.origin().ascii_serialization(), next.origin().ascii_serialization());
            return Err(format!("leads to {other}, and the token is for {own} only"));
        }
        if next.path().trim_end_matches('/') != listing.path().trim_end_matches('/') {
            return Err(format!("leads to {}, which is not this listing", next.path()));
        }
        Ok(next.query_pairs().into_owned().collect())
    }
}
