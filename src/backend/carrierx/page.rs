//! One page of a CarrierX listing (carrierx.md 3).

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess};

use crate::value::{Any, Parts, Value};

/// What a page says.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The objects.
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_more: bool,
    /// How many there are in all. Null in some listings; it may also count what is not shown, so it only ever says which
    /// pages to ask for, never that a listing is complete (carrierx.md 12).
    pub total: Option<u64>,
}

/// Reads a page whose objects the seed reads; what it makes says what is wrong with the page. `next` addresses are not looked
/// at: they would take the token to wherever an answer says. A page of more objects than were asked for is no page.
#[derive(Debug, Clone, Copy)]
pub struct PageOf<S> {
    /// Reads one object.
    pub row: S,
    /// How many were asked for.
    pub most: usize,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for PageOf<S> {
    type Value = Result<Page<S::Value>, &'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(Any(self).deserialize(deserializer)?.unwrap_or(Err(NO_ITEMS)))
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Parts<'de> for PageOf<S> {
    type Out = Result<Page<S::Value>, &'static str>;

    fn map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<Self::Out>, A::Error> {
        let (mut items, mut has_more, mut total) = (None, None, None);
        while let Some(name) = entries.next_key::<String>()? {
            match name.as_str() {
                "items" => items = entries.next_value_seed(Any(Items(self)))?,
                "has_more" => has_more = entries.next_value::<Value>()?.as_bool(),
                "total" => total = entries.next_value::<Value>()?.as_u64(),
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        let Some(items) = items else { return Ok(Some(Err(NO_ITEMS))) };
        let Some(has_more) = has_more else {
            return Ok(Some(Err("it does not say under `has_more` whether more follow")));
        };
        Ok(Some(Ok(Page { items, has_more, total })))
    }
}

const NO_ITEMS: &str = "it has no list under `items`";

/// The list of a page.
struct Items<S>(PageOf<S>);

impl<'de, S: DeserializeSeed<'de> + Copy> Parts<'de> for Items<S> {
    type Out = Vec<S::Value>;

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Self::Out>, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self.0.row)? {
            if read.len() == self.0.most {
                let most = self.0.most;
                return Err(A::Error::custom(format!("more than the {most} objects that were asked for")));
            }
            read.push(item);
        }
        Ok(Some(read))
    }
}
