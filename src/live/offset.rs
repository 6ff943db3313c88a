//! Listings by limit and offset (carrierx.md 3) or all at once, and objects that a listing does not show.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::{join_all, try_join_all};

use super::error::unreadable;
use super::object::{self, Kept, RowOf};
use super::{LiveError, Reader, View};
use crate::api::{Json, Verdict};
use crate::backend::carrierx::page::PageOf;
use crate::backend::unpod::rows;
use crate::kind::{Kind, List};
use crate::ledger::Key;
use crate::plan::looked_at;
use crate::resource::{LiveAccount, LiveObject};
use crate::value::Value;

/// Pages asked for side by side, so that a service that lies about its total is found out early.
const WAVE: usize = 16;

/// More pages than any account has: a listing without end stops here.
const MOST_PAGES: usize = 1000;

/// One page, taken in.
struct Taken {
    objects: Vec<LiveObject>,
    /// What is wrong with each row that names no object.
    odd: Vec<String>,
    has_more: bool,
    total: Option<u64>,
}

/// What became of reading all pages once.
enum Listing {
    Complete(Vec<LiveObject>, Vec<String>),
    /// The set moved while it was read; says how that showed.
    Moved(String),
}

impl Reader<'_> {
    /// Reads a kind whole, then the remembered objects that its listing does not show.
    pub(super) async fn read_offset(
        &self,
        kind: &'static Kind,
        live: &mut LiveAccount,
    ) -> Result<(), LiveError> {
        let (mut objects, odd) = self.listed(kind).await?;
        let listed = |id: &&str| objects.binary_search_by(|object| object.id.as_str().cmp(id)).is_ok();
        let unseen: BTreeSet<String> =
            self.remembered(kind.name).filter(|id| !listed(id)).map(str::to_owned).collect();
        let found = join_all(unseen.iter().map(|id| self.by_id(kind, id))).await;
        for (id, object) in unseen.into_iter().zip(found) {
            match object {
                Ok(Some(object)) => objects.push(object),
                Ok(None) => _ = live.missing.insert(id),
                Err(error) => {
                    let why = unreadable(error, false)?;
                    live.unreadable.entry(kind.name).or_default().insert(id, why);
                }
            }
        }
        if !odd.is_empty() {
            live.odd_rows.insert(kind.name, odd);
        }
        objects.sort_by(|a, b| a.id.cmp(&b.id));
        live.objects.insert(kind.name, objects);
        Ok(())
    }

    /// The listing of a kind, read again once when it moved meanwhile.
    pub(super) async fn listed(
        &self,
        kind: &'static Kind,
    ) -> Result<(Vec<LiveObject>, Vec<String>), LiveError> {
        let tried = format!("listing the {}", kind.name);
        let kept = self.kept(kind);
        let before = self.kept.load(Ordering::Relaxed);
        if let Listing::Complete(objects, odd) = self.pages(kind, &tried, kept.as_ref()).await? {
            return Ok((objects, odd));
        }
        self.kept.store(before, Ordering::Relaxed);
        match self.pages(kind, &tried, kept.as_ref()).await? {
            Listing::Complete(objects, odd) => Ok((objects, odd)),
            Listing::Moved(how) => Err(LiveError::incomplete(self.account, &tried, &how)),
        }
    }

    /// Which fields of a listed object are kept, by their places in the table; `None` for all that may be stated.
    fn kept(&self, kind: &Kind) -> Option<Arc<[bool]>> {
        if self.scope.view == View::Writable {
            return None;
        }
        let names = looked_at(kind, &self.account.name, self.desired, self.ledger, self.scope.destroy)?;
        Some(kind.fields.iter().map(|field| names.contains(field.name)).collect())
    }

    /// One object by its identity; `None` when the service says that it is not there.
    async fn by_id(&self, kind: &'static Kind, id: &str) -> Result<Option<LiveObject>, LiveError> {
        let tried = format!("reading {} {id}", kind.singular);
        match self.ask(&kind.member.replace("{id}", id), &[]).await {
            Ok(body) => {
                let object = self.object(kind, &tried, Value::clone(&body))?;
                if object.id == id {
                    Ok(Some(object))
                } else {
                    Err(LiveError::shape(self.account, &tried, &format!("it is about {}", object.id)))
                }
            }
            Err(error) if error.verdict == Verdict::Gone => Ok(None),
            Err(error) => Err(LiveError::request(self.account, &tried, error)),
        }
    }

    async fn page(
        &self,
        kind: &'static Kind,
        tried: &str,
        kept: Option<&Arc<[bool]>>,
        offset: usize,
    ) -> Result<Taken, LiveError> {
        let shape = |what: &str| LiveError::shape(self.account, tried, what);
        let query = match kind.list {
            List::Offset { size, order } => {
                vec![("limit", size.to_string()), ("offset", offset.to_string()), ("order", order.to_owned())]
            }
            List::Whole => Vec::new(),
            List::Pages { .. } => return Err(shape("a kind of this service is not listed by pages")),
        };
        let body = self.get(tried, kind.collection, &query).await?;
        if matches!(kind.list, List::Whole) {
            let rows = rows::rows(&body, false).map_err(shape)?.iter();
            let (objects, odd) = parted(rows.map(|row| object::object(kind, row.clone(), self.key)));
            return Ok(Taken { objects, odd, has_more: false, total: None });
        }
        let (kept, key) = (kept.cloned(), self.key.clone());
        // A thousand objects are some milliseconds of work: meanwhile other pages come in.
        let taken = tokio::task::spawn_blocking(move || taken(kind, kept.as_deref(), &key, &body)).await;
        let taken = taken.expect("a panic ends the run").map_err(|what| shape(&what))?;
        self.keep(tried, taken.weight())?;
        self.tell(kind, offset == 0, taken.rows(), taken.total);
        Ok(taken)
    }

    /// How many objects the first page brings, and whether more follow.
    pub(super) async fn first_page(&self, kind: &'static Kind) -> Result<(usize, bool), LiveError> {
        let page = self.page(kind, &format!("listing the {}", kind.name), None, 0).await?;
        Ok((page.rows(), page.has_more))
    }

    /// All pages, once, in the order of their identities. Where the first one tells the total, the others are asked for side
    /// by side.
    async fn pages(
        &self,
        kind: &'static Kind,
        tried: &str,
        kept: Option<&Arc<[bool]>>,
    ) -> Result<Listing, LiveError> {
        let first = self.page(kind, tried, kept, 0).await?;
        // A service may give less than was asked for: its own step counts.
        let step = first.rows();
        let total = first.total.and_then(|total| usize::try_from(total).ok()).unwrap_or_default();
        let mut offset = step;
        let mut pages = vec![first];
        while pages.last().is_some_and(|last| last.has_more) {
            if pages.last().is_some_and(|last| last.rows() == 0) {
                return Ok(Listing::Moved("an empty page says that more follow".to_owned()));
            }
            let known = total.saturating_sub(offset).div_ceil(step);
            let wave =
                (0..known.clamp(1, WAVE)).map(|index| self.page(kind, tried, kept, offset + index * step));
            for (index, page) in try_join_all(wave).await?.into_iter().enumerate() {
                let last = pages.last().expect("the first page is there");
                if !last.has_more {
                    // Asked for because of the total, which may count what is not shown. Empty, they do no harm.
                    if page.rows() == 0 && !page.has_more {
                        continue;
                    }
                    return Ok(Listing::Moved("objects follow on the last page".to_owned()));
                }
                if index > 0 && last.rows() != step {
                    // The pages behind a short one do not follow on it: they are asked for again.
                    break;
                }
                offset += page.rows();
                pages.push(page);
            }
            if pages.len() > MOST_PAGES {
                return Ok(Listing::Moved(format!("no end after {MOST_PAGES} pages")));
            }
        }
        let counted = pages.iter().filter_map(|page| page.total).max().unwrap_or_default();
        let counted = usize::try_from(counted).unwrap_or(usize::MAX);
        let mut odd = Vec::new();
        let mut objects: Vec<LiveObject> = Vec::new();
        for page in pages {
            objects.extend(page.objects);
            odd.extend(page.odd);
        }
        objects.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some([twice, _]) = objects.array_windows().find(|[a, b]| a.id == b.id) {
            return Ok(Listing::Moved(format!("{} {} appears on two pages", kind.singular, twice.id)));
        }
        // Whatever the service says about further pages: it counts more than it shows (carrierx.md 3).
        let found = objects.len() + odd.len();
        if found < counted {
            return Ok(Listing::Moved(format!(
                "the service counts {counted} {} and shows {found}",
                kind.name
            )));
        }
        Ok(Listing::Complete(objects, odd))
    }
}

/// Takes a page in; the error says what is wrong with it.
fn taken(kind: &'static Kind, kept: Option<&[bool]>, key: &Key, body: &Json) -> Result<Taken, String> {
    let rows = RowOf { kind, kept: kept.map_or(Kept::Writable, Kept::Some) };
    let List::Offset { size: most, .. } = kind.list else {
        return Err("it is not listed by pages".to_owned());
    };
    let page =
        body.read(PageOf { row: rows, most }).map_err(|error| error.to_string())?.map_err(str::to_owned)?;
    let (objects, odd) = parted(page.items.into_iter().map(|row| object::of_row(kind, row, key)));
    Ok(Taken { objects, odd, has_more: page.has_more, total: page.total })
}

/// Objects, and what is wrong with the rows that are none.
fn parted(rows: impl Iterator<Item = Result<LiveObject, String>>) -> (Vec<LiveObject>, Vec<String>) {
    let (mut objects, mut odd) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Ok(object) => objects.push(object),
            Err(what) => odd.push(what),
        }
    }
    (objects, odd)
}

impl Taken {
    /// About how many bytes of memory its rows take.
    fn weight(&self) -> usize {
        let odd = self.odd.iter().map(String::len).sum::<usize>();
        self.objects.iter().map(LiveObject::weight).sum::<usize>() + odd
    }

    /// Rows of the page, whatever is in them.
    fn rows(&self) -> usize {
        self.objects.len() + self.odd.len()
    }
}
