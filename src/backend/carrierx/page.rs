//! One page of a CarrierX listing (carrierx.md 3).

use crate::value::Value;

/// What a page says.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The objects, bare.
    pub items: Vec<Value>,
    /// Whether more follow.
    pub has_more: bool,
    /// How many there are in all. Null in some listings; it may also count what is not shown, so it only ever says which
    /// pages to ask for, never that a listing is complete (carrierx.md 12).
    pub total: Option<u64>,
}

/// Reads a page; an error says what is wrong with it. `next` addresses are not looked at: they would take the token to
/// wherever an answer says.
pub fn page(mut body: Value) -> Result<Page, &'static str> {
    let Some(Value::Array(items)) = body.get_mut("items").map(Value::take) else {
        return Err("it has no list under `items`");
    };
    let has_more = body
        .get("has_more")
        .and_then(Value::as_bool)
        .ok_or("it does not say under `has_more` whether more follow")?;
    Ok(Page { items, has_more, total: body.get("total").and_then(Value::as_u64) })
}
