//! The words for how a collection is listed.

/// How a collection is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectionListing {
    /// One answer holds everything.
    Whole,
    /// By page number, with the total in each page.
    Pages {
        /// Number of rows requested.
        size: usize,
        /// Most rows that one page may hold, where the service serves a whole list in one page: a list that keeps moving
        /// between pages is requested in one.
        largest: Option<usize>,
        /// Names in the query and in the answer.
        words: PageWords,
    },
    /// By `limit` and `offset`, with `has_more` in each page (carrierx.md 3).
    Offset {
        /// Number of rows requested.
        size: usize,
        /// Sort order that keeps pages from overlapping.
        order: &'static str,
    },
    /// Each page says how the next one is asked for.
    Cursor {
        /// Name in the query, and value, of how many rows are asked for.
        size: (&'static str, usize),
        /// Where a page has its rows.
        rows: &'static str,
        /// Where it says what comes next. Null, empty or not there: nothing does.
        next: Next,
    },
}

/// How a page names the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// By a text or number that goes into the query.
    Cursor {
        /// Key in the page.
        key: &'static str,
        /// Name in the query.
        sent_as: &'static str,
    },
    /// By an address, whole or relative to the listing. One that leads anywhere but to this listing is an error.
    Link {
        /// Key in the page.
        key: &'static str,
    },
}

/// Names that a listing by page number uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageWords {
    /// In the query: the page, from 1.
    pub page: &'static str,
    /// In the query: rows of a page.
    pub size: &'static str,
    /// In the answer: rows in all, as a path of keys with dots between them.
    pub count: &'static str,
    /// Further arguments of each page: an order that keeps pages from overlapping, and what else a whole listing needs.
    pub beside: &'static [(&'static str, &'static str)],
}

impl PageWords {
    /// `page`, `page_size` and `count`.
    pub const DEFAULT: Self = Self { page: "page", size: "page_size", count: "count", beside: &[] };

    /// With these further arguments of each page.
    pub const fn with(mut self, beside: &'static [(&'static str, &'static str)]) -> Self {
        self.beside = beside;
        self
    }
}

/// A state of objects that no row shows: the listing is read once more for each state, with a filter. So that it is known, an object
/// is read from the listing, never by its path.
#[derive(Debug)]
pub struct StateFilter {
    /// The attribute that holds the state.
    pub attribute: &'static str,
    /// Argument of the query; the listing itself carries it with a word for every state.
    pub argument: &'static str,
    /// The states that are asked for. No object is in two of them.
    pub states: &'static [&'static str],
    /// The state of an object in none of them.
    pub otherwise: &'static str,
    /// The states in which an object counts as ended ([`super::DeleteSupport::Ends`]).
    pub ended: &'static [&'static str],
}
