//! One page of a CarrierX listing (carrierx.md 3).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::value::Value;

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
/// at: they would take the token to wherever an answer says.
#[derive(Debug, Clone, Copy)]
pub struct PageOf<S>(pub S);

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for PageOf<S> {
    type Value = Result<Page<S::Value>, &'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for PageOf<S> {
    type Value = Result<Page<S::Value>, &'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let (mut items, mut has_more, mut total) = (None, None, None);
        while let Some(name) = entries.next_key::<String>()? {
            match name.as_str() {
                "items" => items = entries.next_value_seed(Items(self.0))?,
                "has_more" => has_more = entries.next_value::<Value>()?.as_bool(),
                "total" => total = entries.next_value::<Value>()?.as_u64(),
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        let Some(items) = items else { return Ok(Err(NO_ITEMS)) };
        let Some(has_more) = has_more else {
            return Ok(Err("it does not say under `has_more` whether more follow"));
        };
        Ok(Ok(Page { items, has_more, total }))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Err(NO_ITEMS))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Err(NO_ITEMS))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Err(NO_ITEMS))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Err(NO_ITEMS))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Err(NO_ITEMS))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Err(NO_ITEMS))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(NO_ITEMS))
    }
}

const NO_ITEMS: &str = "it has no list under `items`";

/// The list of a page; `None` for what is no list.
struct Items<S>(S);

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for Items<S> {
    type Value = Option<Vec<S::Value>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for Items<S> {
    type Value = Option<Vec<S::Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self.0)? {
            read.push(item);
        }
        Ok(Some(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
