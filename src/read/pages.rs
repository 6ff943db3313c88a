//! Listings by page number. The pages need not have a stable order: rows are told apart by what names them, and the listing is
//! complete when there are as many as the service counts.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde_json::Map;

use super::{AccountReader, ReadError};
use crate::http::{ApiError, LazyJson};
use crate::model::kind::{CollectionListing, Kind, PageWords, text_of, whole_of};
use crate::model::value::{Value, memory_size};

/// Pages requested concurrently; few, so that a service with a wrong count is detected early.
const WAVE: u64 = 8;

/// More pages than any account has: this ends an endless listing.
const MOST_PAGES: u64 = 2000;

/// Most rows that are taken from one page where the table names no largest one.
const LARGEST: usize = 10_000;

/// Says whether the rows so far are all that is needed.
pub type Enough<'a> = &'a (dyn Fn(&BTreeMap<String, Value>) -> bool + Sync);

/// A listing by page number, and what its rows are for.
#[derive(Clone, Copy)]
pub struct PagesOf<'a> {
    /// What is listed.
    pub kind: &'static Kind,
    /// What is tried, for errors.
    pub tried: &'a str,
    /// The product that is asked for in place of the account's.
    pub product: Option<&'a str>,
    /// What is kept of a row.
    pub kept: fn(&Map<String, Value>) -> Value,
    /// Whether the rows so far are all that is needed.
    pub enough: Option<Enough<'a>>,
    /// An argument of the query with another value than the table says.
    pub instead: Option<(&'a str, &'a str)>,
    /// What it means that a page was refused; `None` where the request says it.
    pub refused: Option<&'a (dyn Fn(ApiError) -> ReadError + Sync)>,
}

/// The result of reading all pages once.
enum BridgePages {
    /// Rows by what names them.
    Complete(BTreeMap<String, Value>),
    Short {
        count: u64,
        found: usize,
    },
}

impl<'a> PagesOf<'a> {
    /// All rows of a kind, whole.
    pub fn all(kind: &'static Kind, tried: &'a str) -> Self {
        let kept = |row: &Map<String, Value>| Value::Object(row.clone());
        Self { kind, tried, product: None, kept, enough: None, instead: None, refused: None }
    }
}

impl AccountReader<'_> {
    /// The listing; when it comes out short, once more, and then in one large page where the service serves one.
    pub async fn numbered_pages(&self, of: PagesOf<'_>) -> Result<BTreeMap<String, Value>, ReadError> {
        let CollectionListing::Pages { size, largest, .. } = of.kind.list else {
            let what = format!("{} are not listed by pages", of.kind.name);
            return Err(ReadError::wrong_shape(self.account, of.tried, &what));
        };
        let size = size as u64;
        let mut short = (0, 0);
        for _ in 0..2 {
            match self.pages_once(of, size).await? {
                BridgePages::Complete(rows) => return Ok(rows),
                BridgePages::Short { count, found } => short = (count, found),
            }
        }
        // Rows that move between pages cannot be missed on a single page.
        if let Some(largest) = largest.map(|rows| rows as u64) {
            let whole = short.0.saturating_add(size).min(largest);
            match self.pages_once(of, whole).await? {
                BridgePages::Complete(rows) => return Ok(rows),
                BridgePages::Short { count, found } => short = (count, found),
            }
        }
        let (count, found) = short;
        let what = format!("the service counts {count} {} and shows {found}", of.kind.name);
        Err(ReadError::incomplete_listing(self.account, of.tried, &what))
    }

    /// The rows, each with the state that only filters show.
    pub(super) async fn rows_with_state(&self, kind: &'static Kind, tried: &str) -> Result<BTreeMap<String, Value>, ReadError> {
        let mut rows = self.numbered_pages(PagesOf::all(kind, tried)).await?;
        let Some(filter) = kind.state_filter else { return Ok(rows) };
        let mut states: BTreeMap<String, &str> = BTreeMap::new();
        for state in filter.states {
            let of = PagesOf { instead: Some((filter.argument, state)), ..PagesOf::all(kind, tried) };
            for id in self.numbered_pages(of).await?.into_keys() {
                if let Some(other) = states.insert(id.clone(), state) {
                    let what = format!("{} {id} is listed as {other} and as {state}", kind.singular);
                    return Err(ReadError::wrong_shape(self.account, tried, &what));
                }
            }
        }
        for (id, row) in &mut rows {
            if let Value::Object(row) = row {
                let state = states.get(id).copied().unwrap_or(filter.otherwise);
                row.insert(filter.attribute.to_owned(), Value::from(state));
            }
        }
        Ok(rows)
    }

    /// All pages once. Complete when there are as many rows as the service counts, or enough.
    async fn pages_once(&self, of: PagesOf<'_>, size: u64) -> Result<BridgePages, ReadError> {
        let PagesOf { kind, tried, .. } = of;
        let mut unique: BTreeMap<String, Value> = BTreeMap::new();
        let mut count = None;
        let mut step = 0;
        let mut next = 1;
        loop {
            let before = unique.len();
            let wave = match count {
                // A service that ignores the size gives fewer: its own step counts.
                Some(count) => u64::div_ceil(u64::saturating_sub(count, before as u64), step).clamp(1, WAVE),
                None => 1,
            };
            let pages = (next..next + wave).map(|page| self.numbered_page(of, page, size));
            for body in try_join_all(pages).await? {
                let rows = self.rows_of_page(of, &body, size)?;
                step = step.max(rows.len() as u64).max(1);
                count = count.max(counted(kind, &body));
                self.report_progress(kind, next == 1, rows.len(), count);
                for row in rows {
                    let kept = row.as_object().map(of.kept);
                    self.keep(tried, kept.as_ref().map_or(0, memory_size))?;
                    let id = row.get("id").or_else(|| row.get(kind.id)).and_then(text_of);
                    // A row that names no object is counted as one that cannot be read.
                    let id = id.unwrap_or_else(|| format!("row {row}"));
                    unique.insert(id, kept.unwrap_or_default());
                }
            }
            next += wave;
            let found = unique.len();
            if of.enough.is_some_and(|enough| enough(&unique)) {
                break;
            }
            match count {
                Some(count) if found as u64 >= count => break,
                // A count that no account has is wrong: thousands of pages would be read before that was certain.
                Some(count) if found == before || next > MOST_PAGES || count.div_ceil(step) > MOST_PAGES => {
                    return Ok(BridgePages::Short { count, found });
                }
                // Without a count, a page without new rows is the end.
                None if found == before => break,
                None if next > MOST_PAGES => return Ok(BridgePages::Short { count: u64::MAX, found }),
                _ => {}
            }
        }
        Ok(BridgePages::Complete(unique))
    }

    async fn numbered_page(&self, of: PagesOf<'_>, page: u64, size: u64) -> Result<LazyJson, ReadError> {
        let words = words(of.kind);
        let mut query = vec![(words.page, page.to_string()), (words.size, size.to_string())];
        let value =
            |name: &str, value: &str| of.instead.filter(|(other, _)| *other == name).map_or(value, |(_, value)| value).to_owned();
        query.extend(words.beside.iter().map(|(name, usual)| (*name, value(name, usual))));
        self.ask_for(of.kind.collection, &query, of.product).await.map_err(|error| match of.refused {
            Some(refused) => refused(error),
            None => ReadError::from_request(self.account, of.tried, error),
        })
    }

    fn rows_of_page<'b>(&self, of: PagesOf<'_>, body: &'b Value, size: u64) -> Result<&'b [Value], ReadError> {
        let shape = |what: &str| ReadError::wrong_shape(self.account, of.tried, what);
        let rows = self.account.service.envelope.rows(body, false).map_err(|what| shape(&what))?;
        // A service without pages shows everything at once, and never more than telform may request.
        let largest = match of.kind.list {
            CollectionListing::Pages { largest: Some(rows), .. } => rows,
            _ => LARGEST,
        };
        if rows.len() > largest.max(usize::try_from(size).unwrap_or(usize::MAX)) {
            let (found, name) = (rows.len(), of.kind.name);
            return Err(shape(&format!("the page has {found} {name}, and {size} were asked for")));
        }
        Ok(rows)
    }

    /// Rows of the first page, and whether more follow.
    pub(super) async fn first_numbered_page(&self, kind: &'static Kind) -> Result<(usize, bool), ReadError> {
        let tried = format!("listing the {}", kind.name);
        let of = PagesOf::all(kind, &tried);
        let CollectionListing::Pages { size, .. } = kind.list else { return Ok((0, false)) };
        let body = self.numbered_page(of, 1, size as u64).await?;
        let rows = self.rows_of_page(of, &body, size as u64)?.len();
        Ok((rows, counted(kind, &body).map_or(rows >= size, |count| count > rows as u64)))
    }
}

fn words(kind: &Kind) -> PageWords {
    match kind.list {
        CollectionListing::Pages { words, .. } => words,
        _ => PageWords::DEFAULT,
    }
}

/// Total number of rows, when the answer says.
fn counted(kind: &Kind, body: &Value) -> Option<u64> {
    whole_of(words(kind).count.split('.').try_fold(body, |at, key| at.get(key))?)
}
