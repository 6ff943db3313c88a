//! How a service wraps what it answers with.

use serde_json::Map;

use crate::model::value::Value;

/// The key under which an answer holds what it is about. A service may also answer without the wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The key of the object, or of the rows of a listing.
    pub key: &'static str,
    /// Keys beside it, any of which tells that an answer is wrapped even where `key` holds no object.
    pub beside: &'static [&'static str],
    /// The key beside it without which an object has to be there.
    pub always: &'static str,
}

impl Envelope {
    /// `data`, beside `status_code` and `message`.
    pub const DATA: Self = Self { key: "data", beside: &["status_code", "message"], always: "status_code" };

    /// The rows of a listing, wrapped or bare. `empty_map`: whether an empty map stands for an empty list. The error says what is
    /// there instead.
    pub fn rows<'a>(&self, body: &'a Value, empty_map: bool) -> Result<&'a [Value], String> {
        let key = self.key;
        let data = match body {
            Value::Array(rows) => return Ok(rows),
            Value::Object(map) => map.get(key).ok_or_else(|| format!("there is no `{key}`"))?,
            _ => return Err("the answer is neither an object nor a list".to_owned()),
        };
        match data {
            Value::Array(rows) => Ok(rows),
            Value::Object(map) if map.is_empty() && empty_map => Ok(&[]),
            Value::Object(_) => Err(format!("`{key}` is an object where a list is expected")),
            _ => Err(format!("`{key}` is not a list")),
        }
    }

    /// The object in an answer, wrapped or bare.
    pub fn object<'a>(&self, body: &'a Value) -> Result<&'a Map<String, Value>, String> {
        let key = self.key;
        let map = body.as_object().ok_or("the answer is not an object")?;
        match map.get(key) {
            Some(Value::Object(data)) => Ok(data),
            Some(_) if self.beside.iter().any(|key| map.contains_key(*key)) => Err(format!("`{key}` is not an object")),
            _ if map.contains_key(self.always) => Err(format!("there is no `{key}`")),
            _ => Ok(map),
        }
    }
}
