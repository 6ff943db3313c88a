//! From a row to a live object: the fields that the table names, and of secrets only the fingerprint.

use crate::kind::{Access, Field, Kind, Type, text_of};
use crate::ledger::Key;
use crate::resource::LiveObject;
use crate::text::is_masked;
use crate::value::{Secret, Value};

/// Reads one object as its kind's table says; everything that the table does not name is dropped, and what is shown in part
/// only stands apart. The error says what is wrong with the row.
pub fn object(kind: &Kind, row: Value, key: &Key) -> Result<LiveObject, String> {
    let Value::Object(mut map) = row else { return Err(format!("a {} is no object", kind.singular)) };
    let id = map
        .get(kind.id)
        .and_then(|id| identity(kind, id))
        .ok_or_else(|| format!("a {} has no usable `{}`", kind.singular, kind.id))?;
    let mut object = LiveObject { id, ..LiveObject::default() };
    let mut attributes = Vec::with_capacity(kind.fields.len());
    for field in kind.readable() {
        let Some(value) = map.remove(field.name) else { continue };
        match field.ty {
            Type::Secret => {
                let text = text_of(&value).unwrap_or_default();
                let fingerprint =
                    (!masked(&text)).then(|| key.fingerprint(kind.name, field.name, &Secret::new(&text)));
                object.secrets.insert(field.name, fingerprint);
                continue;
            }
            // An identity is taken as it is: it stands in paths.
            Type::Text if field.name != kind.id && is_masked_text(field, &value) => {
                object.masked.insert(field.name, value);
                continue;
            }
            // The numbers of a bridge are connections, and their rows hold secrets of others.
            Type::Numbers => continue,
            Type::Map | Type::List if field.access != Access::ReadOnly && !fits(field.ty, &value) => {
                return Err(format!(
                    "`{}` of {} {} has another shape than a {}",
                    field.name,
                    kind.singular,
                    object.id,
                    if field.ty == Type::Map { "map" } else { "list" }
                ));
            }
            _ => {}
        }
        attributes.push((field.name, value));
    }
    object.attributes = attributes.into_iter().collect();
    Ok(object)
}

/// An older shape of a map is a list of pairs (carrierx.md 5.4): comparing or replacing it would lose something.
fn fits(ty: Type, value: &Value) -> bool {
    match ty {
        Type::Map => value.is_object() || value.is_null(),
        Type::List => value.is_array() || value.is_null(),
        _ => true,
    }
}

/// An id as text. A number may come as a text of digits (unpod.md 14.1).
fn identity(kind: &Kind, id: &Value) -> Option<String> {
    let text = text_of(id)?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (if kind.numeric_id { digits } else { !text.trim().is_empty() }).then_some(text)
}

fn is_masked_text(field: &Field, value: &Value) -> bool {
    value.as_str().is_some_and(|text| is_masked(text, field.masked_lightly))
}

/// Whether a secret was given back masked: stars or dots in it, the same character throughout, or a run of `x`.
fn masked(text: &str) -> bool {
    let mut characters = text.chars();
    let same = characters.next().is_some_and(|first| characters.all(|other| other == first));
    same || text.contains(['*', '•', '…']) || text.to_ascii_lowercase().contains("xxxx")
}
