//! One page of a listing by offset: `items`, `has_more`, `total` (carrierx.md 3).

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess};

use crate::model::value::{AnyValueSeed, CompositeVisitor, Value};

/// The content of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetPage<T> {
    /// The objects.
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_more: bool,
    /// Total number of objects. Null in some listings; it may also count objects that are not shown, so it only ever says which
    /// pages to ask for, never that a listing is complete (carrierx.md 12).
    pub total: Option<u64>,
}

/// Reads a page whose objects the seed reads; its result says what is wrong with the page. `next` addresses are ignored: they
/// would send the token wherever an answer says. A page of more objects than requested is rejected.
#[derive(Debug, Clone, Copy)]
pub struct ListPageSeed<S> {
    /// Reads one object.
    pub row: S,
    /// Number of rows requested.
    pub page_limit: usize,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for ListPageSeed<S> {
    type Value = Result<OffsetPage<S::Value>, &'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(AnyValueSeed(self).deserialize(deserializer)?.unwrap_or(Err(NO_ITEMS)))
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> CompositeVisitor<'de> for ListPageSeed<S> {
    type Out = Result<OffsetPage<S::Value>, &'static str>;

    fn read_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<Self::Out>, A::Error> {
        let (mut items, mut has_more, mut total) = (None, None, None);
        while let Some(name) = entries.next_key::<String>()? {
            match name.as_str() {
                "items" => items = entries.next_value_seed(AnyValueSeed(ListItemsSeed(self)))?,
                "has_more" => has_more = entries.next_value::<Value>()?.as_bool(),
                "total" => total = entries.next_value::<Value>()?.as_u64(),
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        let Some(items) = items else { return Ok(Some(Err(NO_ITEMS))) };
        let Some(has_more) = has_more else {
            return Ok(Some(Err("it does not say under `has_more` whether more follow")));
        };
        Ok(Some(Ok(OffsetPage { items, has_more, total })))
    }
}

const NO_ITEMS: &str = "it has no list under `items`";

/// The list of a page.
struct ListItemsSeed<S>(ListPageSeed<S>);

impl<'de, S: DeserializeSeed<'de> + Copy> CompositeVisitor<'de> for ListItemsSeed<S> {
    type Out = Vec<S::Value>;

    fn read_list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Self::Out>, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self.0.row)? {
            if read.len() == self.0.page_limit {
                let most = self.0.page_limit;
                return Err(A::Error::custom(format!("more than the {most} objects that were asked for")));
            }
            read.push(item);
        }
        Ok(Some(read))
    }
}
