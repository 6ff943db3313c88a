//! A kind by itself: its listing, however the table says that it is paged, and objects that the listing does not show.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::{join_all, try_join_all};

use super::error::unreadable_object;
use super::object::{self, KeptFields, RowSeed};
use super::page::ListPageSeed;
use super::{AccountReader, ObjectDetail, ReadError};
use crate::http::LazyJson;
use crate::model::kind::{CollectionListing, Kind};
use crate::model::ledger::FingerprintKey;
use crate::model::resource::{LiveAccount, LiveObject, UnreadableObject};
use crate::model::value::{Value, memory_size};

/// Pages requested concurrently; few, so that a service with a wrong total is detected early.
const WAVE: usize = 16;

/// More pages than any account has: this ends an endless listing.
const MOST_PAGES: usize = 1000;

/// One page, taken in.
struct PageOfObjects {
    objects: Vec<LiveObject>,
    /// What is wrong with each row that does not name an object.
    malformed_rows: Vec<String>,
    has_more: bool,
    total: Option<u64>,
}

/// A listing, sorted by identity.
pub(super) struct KindListing {
    /// The objects.
    pub(super) objects: Vec<LiveObject>,
    /// What is wrong with each row that does not name an object.
    pub(super) malformed_rows: Vec<String>,
    /// The rows, of a kind that holds links.
    rows: Vec<Value>,
}

/// The result of reading all pages once.
enum ListingResult {
    Complete(Vec<LiveObject>, Vec<String>),
    /// The set changed while it was read, with the evidence.
    Moved(String),
}

impl AccountReader<'_> {
    /// Reads a kind completely, then the objects in the ledger that its listing does not show.
    pub(super) async fn read_kind(&self, kind: &'static Kind, live: &mut LiveAccount) -> Result<(), ReadError> {
        let KindListing { mut objects, malformed_rows: odd, mut rows } = self.read_stable_listing(kind).await?;
        let listed = |id: &&str| objects.binary_search_by(|object| object.id.as_str().cmp(id)).is_ok();
        let unseen: BTreeSet<String> = self.remembered_ids(kind.name).filter(|id| !listed(id)).map(str::to_owned).collect();
        let found = join_all(unseen.iter().map(|id| self.row_by_id(kind, None, id))).await;
        for (id, row) in unseen.into_iter().zip(found) {
            match row {
                Ok(Some(row)) => {
                    rows.extend(kind.link.map(|_| row.clone()));
                    objects.push(self.parse_object(kind, &format!("reading {} {id}", kind.singular), row)?);
                }
                Ok(None) => _ = live.missing.insert(id),
                Err(error) => {
                    let why = unreadable_object(error, false)?;
                    live.unreadable.entry(kind.name).or_default().insert(id, why);
                }
            }
        }
        if !odd.is_empty() {
            if kind.link.is_some() {
                // What serves these members is not known either, and it may be anything.
                let unreadable = live.unreadable.entry(kind.name).or_default();
                unreadable.extend((1..=odd.len()).map(|number| unnamed_member(kind, number)));
            }
            live.malformed_rows.insert(kind.name, odd);
        }
        objects.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(link) = kind.link {
            self.take_connections(kind, link, &rows, &mut objects, live)?;
        }
        live.objects.insert(kind.name, objects);
        Ok(())
    }

    /// The listing of a kind, read once more if it changed in the meantime.
    pub(super) async fn read_stable_listing(&self, kind: &'static Kind) -> Result<KindListing, ReadError> {
        let tried = format!("listing the {}", kind.name);
        let rows = match kind.list {
            CollectionListing::Offset { .. } => {
                let (objects, malformed_rows) = self.listed_by_offset(kind, &tried).await?;
                let rows = if kind.link.is_some() { self.rows_one_by_one(kind, &objects).await? } else { Vec::new() };
                return Ok(KindListing { objects, malformed_rows, rows });
            }
            CollectionListing::Whole => self.whole_listing(&tried, kind.collection).await?,
            CollectionListing::Pages { .. } => self.rows_with_state(kind, &tried).await?.into_values().collect(),
            CollectionListing::Cursor { .. } => self.cursor_pages(kind, &tried).await?,
        };
        let rows: Vec<Value> = rows.into_iter().filter(|row| !kind.is_gone(row)).collect();
        let kept = if kind.link.is_some() { rows.clone() } else { Vec::new() };
        let (mut objects, odd) = split_rows(rows.into_iter().map(|row| object::parse_object(kind, row, self.key)));
        objects.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some([twice, _]) = objects.array_windows().find(|[a, b]| a.id == b.id) {
            let what = format!("{} {} appears twice", kind.singular, twice.id);
            return Err(ReadError::incomplete_listing(self.account, &tried, &what));
        }
        Ok(KindListing { objects, malformed_rows: odd, rows: kept })
    }

    /// The rows of a listing that comes in one answer.
    pub(super) async fn whole_listing(&self, tried: &str, path: &str) -> Result<Vec<Value>, ReadError> {
        let body = self.get(tried, path, &[]).await?;
        let rows = self.account.service.envelope.rows(&body, true);
        let rows = rows.map_err(|what| ReadError::wrong_shape(self.account, tried, &what))?.to_vec();
        self.keep(tried, rows.iter().map(memory_size).sum())?;
        Ok(rows)
    }

    async fn listed_by_offset(&self, kind: &'static Kind, tried: &str) -> Result<(Vec<LiveObject>, Vec<String>), ReadError> {
        let kept = self.kept_fields(kind);
        let before = self.kept_bytes.load(Ordering::Relaxed);
        if let ListingResult::Complete(objects, odd) = self.read_pages(kind, tried, kept.as_ref()).await? {
            return Ok((objects, odd));
        }
        self.kept_bytes.store(before, Ordering::Relaxed);
        match self.read_pages(kind, tried, kept.as_ref()).await? {
            ListingResult::Complete(objects, odd) => Ok((objects, odd)),
            ListingResult::Moved(how) => Err(ReadError::incomplete_listing(self.account, tried, &how)),
        }
    }

    /// Which fields of a listed object are kept, by their indices in the table; `None` for all that may be stated.
    fn kept_fields(&self, kind: &Kind) -> Option<Arc<[bool]>> {
        let kept = |names: &BTreeSet<&str>| kind.fields.iter().map(|field| names.contains(field.name)).collect();
        match self.scope.view {
            ObjectDetail::Needed(needed) => {
                needed(kind, &self.account.name, self.desired, self.ledger, self.scope.destroy).as_ref().map(kept)
            }
            ObjectDetail::Fields(names) => Some(kept(names)),
            ObjectDetail::Writable => None,
        }
    }

    async fn read_page(
        &self,
        kind: &'static Kind,
        tried: &str,
        kept: Option<&Arc<[bool]>>,
        offset: usize,
    ) -> Result<PageOfObjects, ReadError> {
        let shape = |what: &str| ReadError::wrong_shape(self.account, tried, what);
        let query = match kind.list {
            CollectionListing::Offset { size, order } => {
                vec![("limit", size.to_string()), ("offset", offset.to_string()), ("order", order.to_owned())]
            }
            CollectionListing::Whole | CollectionListing::Pages { .. } | CollectionListing::Cursor { .. } => {
                return Err(shape("a kind of this service is not listed by offset"));
            }
        };
        let body = self.get(tried, kind.collection, &query).await?;
        let (kept, key) = (kept.cloned(), self.key.clone());
        // A thousand objects take some milliseconds to process: meanwhile other pages arrive.
        let taken = tokio::task::spawn_blocking(move || parse_page(kind, kept.as_deref(), &key, &body)).await;
        let taken = taken.expect("a panic ends the run").map_err(|what| shape(&what))?;
        self.keep(tried, taken.memory_size())?;
        self.report_progress(kind, offset == 0, taken.row_count(), taken.total);
        Ok(taken)
    }

    /// Number of objects on the first page, and whether more follow.
    pub(super) async fn first_page(&self, kind: &'static Kind) -> Result<(usize, bool), ReadError> {
        match kind.list {
            CollectionListing::Pages { .. } => self.first_numbered_page(kind).await,
            CollectionListing::Cursor { .. } => self.first_cursor_page(kind).await,
            CollectionListing::Whole => {
                let rows = self.whole_listing(&format!("listing the {}", kind.name), kind.collection).await?;
                Ok((rows.len(), false))
            }
            CollectionListing::Offset { .. } => {
                let page = self.read_page(kind, &format!("listing the {}", kind.name), None, 0).await?;
                Ok((page.row_count(), page.has_more))
            }
        }
    }

    /// All pages, once, sorted by identity. Where the first page has the total, the others are requested concurrently.
    async fn read_pages(&self, kind: &'static Kind, tried: &str, kept: Option<&Arc<[bool]>>) -> Result<ListingResult, ReadError> {
        let first = self.read_page(kind, tried, kept, 0).await?;
        // A service may return fewer than requested: its own page size counts.
        let step = first.row_count();
        let total = first.total.and_then(|total| usize::try_from(total).ok()).unwrap_or_default();
        let mut offset = step;
        let mut pages = vec![first];
        while pages.last().is_some_and(|last| last.has_more) {
            if pages.last().is_some_and(|last| last.row_count() == 0) {
                return Ok(ListingResult::Moved("an empty page says that more follow".to_owned()));
            }
            let known = total.saturating_sub(offset).div_ceil(step);
            let wave = (0..known.clamp(1, WAVE)).map(|index| self.read_page(kind, tried, kept, offset + index * step));
            for (index, page) in try_join_all(wave).await?.into_iter().enumerate() {
                let last = pages.last().expect("the first page is there");
                if !last.has_more {
                    // Requested because of the total, which may count objects that are not shown. Empty pages do no harm.
                    if page.row_count() == 0 && !page.has_more {
                        continue;
                    }
                    return Ok(ListingResult::Moved("objects follow on the last page".to_owned()));
                }
                if index > 0 && last.row_count() != step {
                    // The pages after a short one do not continue it: they are requested again.
                    break;
                }
                offset += page.row_count();
                pages.push(page);
            }
            if pages.len() > MOST_PAGES {
                return Ok(ListingResult::Moved(format!("no end after {MOST_PAGES} pages")));
            }
        }
        let counted = pages.iter().filter_map(|page| page.total).max().unwrap_or_default();
        let counted = usize::try_from(counted).unwrap_or(usize::MAX);
        let mut odd = Vec::new();
        let mut objects: Vec<LiveObject> = Vec::new();
        for page in pages {
            objects.extend(page.objects);
            odd.extend(page.malformed_rows);
        }
        objects.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some([twice, _]) = objects.array_windows().find(|[a, b]| a.id == b.id) {
            return Ok(ListingResult::Moved(format!("{} {} appears on two pages", kind.singular, twice.id)));
        }
        // Whatever the service says about further pages, it counts more than it shows (carrierx.md 3).
        let found = objects.len() + odd.len();
        if found < counted {
            return Ok(ListingResult::Moved(format!("the service counts {counted} {} and shows {found}", kind.name)));
        }
        Ok(ListingResult::Complete(objects, odd))
    }
}

/// Adds a page; the error says what is wrong with it.
fn parse_page(
    kind: &'static Kind,
    kept: Option<&[bool]>,
    key: &FingerprintKey,
    body: &LazyJson,
) -> Result<PageOfObjects, String> {
    let kept = kept.map_or(KeptFields::Writable, KeptFields::Some);
    let rows = RowSeed { kind, kept, has_echoes: !body.echoed_names().is_empty() };
    let CollectionListing::Offset { size: most, .. } = kind.list else {
        return Err("it is not listed by pages".to_owned());
    };
    let page =
        body.read(ListPageSeed { row: rows, page_limit: most }).map_err(|error| error.to_string())?.map_err(str::to_owned)?;
    let (objects, odd) = split_rows(page.items.into_iter().map(|row| object::of_row(kind, row, key)));
    Ok(PageOfObjects { objects, malformed_rows: odd, has_more: page.has_more, total: page.total })
}

/// Objects, and what is wrong with the rows that are not objects.
fn split_rows(rows: impl Iterator<Item = Result<LiveObject, String>>) -> (Vec<LiveObject>, Vec<String>) {
    let (mut objects, mut odd) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Ok(object) => objects.push(object),
            Err(what) => odd.push(what),
        }
    }
    (objects, odd)
}

impl PageOfObjects {
    /// About how many bytes of memory its rows take.
    fn memory_size(&self) -> usize {
        let odd = self.malformed_rows.iter().map(String::len).sum::<usize>();
        self.objects.iter().map(LiveObject::memory_size).sum::<usize>() + odd
    }

    /// Number of rows on the page, valid or not.
    fn row_count(&self) -> usize {
        self.objects.len() + self.malformed_rows.len()
    }
}

/// Whether this stands for a row that names no object: what such a row is called begins with a bracket, in every service.
pub(super) fn is_unnamed(id: &str) -> bool {
    id.starts_with('(')
}

/// A row that names no object, as one that cannot be read.
fn unnamed_member(kind: &Kind, number: usize) -> (String, UnreadableObject) {
    let why = format!("the listing has a row that names no {}, so it is not known what serves it", kind.singular);
    let help = "the service must correct the row; `telform plan -v` shows the request".to_owned();
    (format!("(row {number} without a usable `{}`)", kind.id), UnreadableObject { why, help, may_use: true })
}
