//! PATCH and PUT (`api/carrierx.md`, sections 6 and 11).

use serde_json::{Map, Value, json};

use super::super::answer::SandboxResponse;
use super::super::core::SandboxCore;
use super::super::world::{
    ArrayDefault, CarrierxKnobs, MODIFIABLE, MapDefault, MapNull, NonModifiable, PUBLIC_FIELDS, Partner, PasswordPatch,
    PutMissing, PutReadOnly, ReplaceScope,
};
use super::shape::{self, ARRAYS, MAPS, checked, is_nested};
use super::{MAIL_FIELDS, RequestRefusal, kept_phone, refuse, send_mails, submit_address};

/// Changes one partner, all or nothing.
pub(super) fn update(
    core: &mut SandboxCore,
    place: usize,
    body: &Map<String, Value>,
    put: bool,
    replace: bool,
) -> Result<SandboxResponse, RequestRefusal> {
    let knobs = core.world.carrierx.knobs.clone();
    let mut partner = core.world.carrierx.partners[place].clone();
    let rules = core.world.carrierx.rules_to_name();
    let rules = rules.as_deref();
    let mails = match put {
        true => put_fields(&knobs, rules, &mut partner, body)?,
        false => patch_fields(&knobs, rules, &mut partner, body, replace)?,
    };
    let (sid, shown) = (partner.sid().to_owned(), shape::shown(&partner));
    let login_moved = partner.text("login") != core.world.carrierx.partners[place].text("login");
    core.world.carrierx.partners[place] = partner;
    if login_moved {
        core.partners.forget();
    } else {
        core.partners.changed();
    }
    send_mails(&mut core.world, &sid, mails);
    Ok(SandboxResponse::json(200, shown))
}

fn patch_fields(
    knobs: &CarrierxKnobs,
    rules: Option<&[String]>,
    partner: &mut Partner,
    body: &Map<String, Value>,
    replace: bool,
) -> Result<Vec<(String, String)>, RequestRefusal> {
    let mut mails = Vec::new();
    for (field, value) in body {
        let name = field.as_str();
        if name == "password" {
            match knobs.unlisted {
                PasswordPatch::Accept => partner.fields.insert(field.clone(), value.clone()),
                PasswordPatch::Ignore => None,
                PasswordPatch::Forbid => return refuse(403, name, "is not allowed to this token"),
                PasswordPatch::Reject => return refuse(422, name, "cannot be modified"),
            };
            continue;
        }
        if !MODIFIABLE.contains(&name) {
            match knobs.non_modifiable {
                NonModifiable::Reject if PUBLIC_FIELDS.contains(&name) => {
                    return refuse(422, name, "cannot be modified");
                }
                // The sid is the key of every URL: no installation of the service lets it change.
                NonModifiable::Apply if PUBLIC_FIELDS.contains(&name) && name != "partner_sid" => {}
                _ => continue,
            }
        }
        let value = checked(name, value, rules)?;
        let value = match is_nested(name) && !replace {
            true => merged(knobs, name, &shape::value(partner, name), &value)?,
            false => value,
        };
        mails.extend(set(knobs, partner, name, value).map(|address| (field.clone(), address)));
    }
    if replace && knobs.replace_scope == ReplaceScope::AllNestedFields {
        for field in MAPS.iter().chain(&ARRAYS).filter(|field| !body.contains_key(**field)) {
            partner.fields.insert((*field).into(), shape::unset(field));
        }
    }
    Ok(mails)
}

/// Every public field is expected; nested values are taken whole (section 6.4).
fn put_fields(
    knobs: &CarrierxKnobs,
    rules: Option<&[String]>,
    partner: &mut Partner,
    body: &Map<String, Value>,
) -> Result<Vec<(String, String)>, RequestRefusal> {
    let mut mails = Vec::new();
    for field in PUBLIC_FIELDS {
        let value = match (body.get(field), knobs.put_missing) {
            (Some(value), _) => value.clone(),
            (None, PutMissing::Reject) => return refuse(422, field, "value is required"),
            (None, PutMissing::Keep) => continue,
            (None, PutMissing::NullOut) => {
                if is_nested(field) {
                    shape::unset(field)
                } else {
                    Value::Null
                }
            }
        };
        if !MODIFIABLE.contains(&field) {
            let differs = body.contains_key(field) && value != shape::value(partner, field);
            if differs && knobs.put_read_only == PutReadOnly::Reject {
                return refuse(422, field, "is read-only");
            }
            continue;
        }
        let value = checked(field, &value, rules)?;
        mails.extend(set(knobs, partner, field, value).map(|address| (field.to_owned(), address)));
    }
    Ok(mails)
}

/// Stores one value; returns the address that a mail is sent to.
fn set(knobs: &CarrierxKnobs, partner: &mut Partner, field: &str, value: Value) -> Option<String> {
    if MAIL_FIELDS.contains(&field) {
        return submit_address(partner, field, &value, knobs.mail);
    }
    let value = match field {
        "phonenumber" => kept_phone(knobs, &value),
        _ if knobs.nested_defaults && ARRAYS.contains(&field) => with_defaults(value),
        _ => value,
    };
    partner.fields.insert(field.to_owned(), value);
    None
}

/// An extra key of the service in every item (section 8.2).
fn with_defaults(mut value: Value) -> Value {
    for item in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        item.entry("enabled").or_insert(Value::Bool(true));
    }
    value
}

/// A nested value without `replace`: a knob decides, since the page about it could not be read (section 6.2).
pub(super) fn merged(knobs: &CarrierxKnobs, field: &str, old: &Value, new: &Value) -> Result<Value, RequestRefusal> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => merged_map(knobs, field, old, new),
        (Value::Array(old), Value::Array(new)) => Ok(match knobs.array_default {
            ArrayDefault::Append => old.iter().chain(new).cloned().collect(),
            ArrayDefault::Overwrite => Value::Array(new.clone()),
            ArrayDefault::MergeByIndex => merged_items(old, new),
        }),
        _ => Ok(new.clone()),
    }
}

fn merged_map(
    knobs: &CarrierxKnobs,
    field: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Result<Value, RequestRefusal> {
    let mut result = match knobs.map_default {
        MapDefault::MergeKeys => old.clone(),
        MapDefault::Overwrite => Map::new(),
    };
    for (key, value) in new {
        match (value, knobs.map_null) {
            (Value::Null, MapNull::DeleteKey) => {
                result.shift_remove(key);
            }
            (Value::Null, MapNull::Reject) => return refuse(422, field, format!("{key} must not be null")),
            _ => {
                result.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(Value::Object(result))
}

/// Item n is merged over item n; the rest on either side is kept.
fn merged_items(old: &[Value], new: &[Value]) -> Value {
    let one = |place: usize| match (old.get(place), new.get(place)) {
        (Some(Value::Object(below)), Some(Value::Object(above))) => {
            let mut item = below.clone();
            item.extend(above.clone());
            Value::Object(item)
        }
        (below, above) => above.or(below).cloned().unwrap_or(json!(null)),
    };
    (0..old.len().max(new.len())).map(one).collect()
}
