//! Creating, changing and deleting rows (`api/telnyx.md`, sections 4, 5, 8 and 17).

use serde_json::{Value, json};

use super::super::ids;
use super::super::world::{DeleteInUse, DetachWith, NestedPatch, NullInner, ProfileDeleteInUse, TelnyxKnobs, TelnyxWorld};
use super::fields::{ANY, CREATE, Field, Row, Table, Type, UPDATE, all_null, at, fill_defaults, text};
use super::number_fields::VOICE;
use super::rows::{collection_of, complete, generate_token};
use super::tables::Collection;
use super::{Place, Refusal, invalid, rules};

/// One body on its way into a row.
pub(super) struct Write<'a> {
    pub(super) world: &'a TelnyxWorld,
    pub(super) types: u8,
    /// [`CREATE`] or [`UPDATE`].
    pub(super) access: u8,
}

impl Write<'_> {
    fn knobs(&self) -> &TelnyxKnobs {
        &self.world.knobs
    }

    /// Puts a body into a row. `above`: the pointer to the group that these fields are in; empty at the top.
    pub(super) fn put(&self, fields: &'static [Field], row: &mut Row, body: &Row, above: &str) -> Result<(), Refusal> {
        let inner = !above.is_empty();
        let known = |name: &str| fields.iter().any(|field| field.name == name && field.types & self.types != 0);
        if let Some(name) = body.keys().find(|name| inner && !self.knobs().drop_unknown_inner && !known(name)) {
            return Err(invalid(&format!("{above}/{name}"), "is not a known field"));
        }
        for field in fields.iter().filter(|field| field.types & self.types != 0) {
            let pointer = format!("{above}/{}", field.name);
            let Some(value) = body.get(field.name) else {
                if field.always || self.access == CREATE && field.required & self.types != 0 {
                    return Err(invalid(&pointer, "is required"));
                }
                continue;
            };
            if field.access & self.access != 0 && !matches!(field.value, Type::Own) {
                let value = self.taken(field, row, value, &pointer, inner)?;
                row.insert(field.name.to_owned(), value);
            }
        }
        Ok(())
    }

    /// The value as it is kept.
    fn taken(&self, field: &Field, row: &Row, value: &Value, pointer: &str, inner: bool) -> Result<Value, Refusal> {
        if value.is_null() {
            return match field.nullable || inner && self.knobs().null_inner == NullInner::Accept {
                true => Ok(Value::Null),
                false => Err(invalid(pointer, "must not be null")),
            };
        }
        let Type::Group(fields) = field.value else { return self.checked(field, value, pointer) };
        let Value::Object(sent) = value else { return Err(invalid(pointer, "must be an object")) };
        let mut group = Row::new();
        if self.access == UPDATE {
            match (self.knobs().nested_patch, at(row, field.name)) {
                (NestedPatch::Merge, Value::Object(live)) => group = live.clone(),
                (NestedPatch::ReplaceWithDefaults, _) => fill_defaults(fields, self.types, &mut group),
                (NestedPatch::ReplaceWithNull, _) => group = all_null(fields, self.types),
                (NestedPatch::Merge, _) => {}
            }
        }
        self.put(fields, &mut group, sent, pointer)?;
        Ok(Value::Object(group))
    }

    fn checked(&self, field: &Field, value: &Value, pointer: &str) -> Result<Value, Refusal> {
        let words = match (field.value, value) {
            (Type::Bool, Value::Bool(_)) | (Type::Number, Value::Number(_)) => return Ok(value.clone()),
            (Type::Int(from, to), Value::Number(number)) if number.as_i64().is_some_and(|n| (from..=to).contains(&n)) => {
                return Ok(value.clone());
            }
            (Type::Text(shortest, longest), Value::String(text)) if (shortest..=longest).contains(&text.chars().count()) => {
                return Ok(value.clone());
            }
            (Type::OneOf(words), Value::String(text)) if words.contains(&text.as_str()) => {
                // The one text that comes back as another (section 8.1).
                return Ok(if text.is_empty() { "from_anyone".into() } else { value.clone() });
            }
            (Type::Like(accepts, _), Value::String(text)) if accepts(text) => return Ok(value.clone()),
            (Type::Texts, Value::Array(list)) if list.iter().all(Value::is_string) => return Ok(value.clone()),
            (Type::Ref(table) | Type::RefOrNumber(table), Value::String(id)) => return self.reference(table, id, pointer),
            (Type::RefOrNumber(table), Value::Number(id)) => return self.reference(table, &id.to_string(), pointer),
            (Type::Bool, _) => "must be true or false".to_owned(),
            (Type::Number, _) => "must be a number".to_owned(),
            (Type::Int(from, to), _) => format!("must be an integer from {from} to {to}"),
            (Type::Text(shortest, longest), _) => format!("must be a text of {shortest} to {longest} characters"),
            (Type::OneOf(words), _) => format!("was not accepted; acceptable values are {}", words.join(", ")),
            (Type::Like(_, words), _) => words.to_owned(),
            (Type::Texts, _) => "must be a list of texts".to_owned(),
            _ => "must be an id".to_owned(),
        };
        Err(invalid(pointer, &words))
    }

    fn reference(&self, table: Table, id: &str, pointer: &str) -> Result<Value, Refusal> {
        let detaches = matches!(self.knobs().detach_with, DetachWith::Empty | DetachWith::Either);
        if id.is_empty() && table == Table::Profiles && detaches {
            return Ok(Value::Null);
        }
        match self.world.row(table, id) {
            Some(row) if at(row, "deleted_at").is_null() => Ok(id.into()),
            _ => Err(invalid(pointer, "names nothing that exists")),
        }
    }
}

/// Creates a row, and returns it.
pub(super) fn create(world: &mut TelnyxWorld, collection: &Collection, body: &Row, now: &str) -> Result<Row, Refusal> {
    let mut row = Row::new();
    Write { world, types: collection.types, access: CREATE }.put(collection.fields, &mut row, body, "")?;
    row.insert("record_type".to_owned(), collection.record_type.into());
    rules::consistent(world, collection, &mut row, body, None)?;
    complete(world, collection.table, &mut row, now);
    world.rows_mut(collection.table).push(row.clone());
    Ok(row)
}

/// Changes a row, all or nothing; and tells whether its password is another one now.
pub(super) fn update(
    world: &mut TelnyxWorld,
    collection: &Collection,
    id: &str,
    body: &Row,
    now: &str,
) -> Result<(Row, bool), Refusal> {
    let before = find(world, collection, id)?;
    let mut row = before.clone();
    let mut body = body.clone();
    if collection.table == Table::Numbers {
        super::numbers::link(world, &mut row, &mut body)?;
    }
    Write { world, types: collection.types, access: UPDATE }.put(collection.fields, &mut row, &body, "")?;
    rules::consistent(world, collection, &mut row, &body, Some(id))?;
    // A token that was reset is generated again.
    generate_token(&mut row);
    row.insert("updated_at".to_owned(), now.into());
    let reset = body.contains_key("password") && row.get("password") != before.get("password");
    replace(world, collection.table, row.clone());
    Ok((row, reset))
}

/// Changes the voice settings of a number.
pub(super) fn update_voice(world: &mut TelnyxWorld, collection: &Collection, id: &str, body: &Row) -> Result<Row, Refusal> {
    let mut row = find(world, collection, id)?;
    let Some(Value::Object(mut voice)) = row.get("voice").cloned() else { return Err(Refusal::not_found()) };
    Write { world, types: ANY, access: UPDATE }.put(VOICE, &mut voice, body, "")?;
    rules::listing(&voice, body)?;
    row.insert("voice".to_owned(), Value::Object(voice));
    replace(world, Table::Numbers, row.clone());
    Ok(row)
}

/// The row of a collection with this id.
pub(super) fn find(world: &TelnyxWorld, collection: &Collection, id: &str) -> Result<Row, Refusal> {
    let found = world.row(collection.table, id);
    let own = |row: &&Row| collection_of(collection.table, row).is_some_and(|it| it.path == collection.path);
    found.filter(own).cloned().ok_or_else(Refusal::not_found)
}

pub(super) fn replace(world: &mut TelnyxWorld, table: Table, row: Row) {
    let id = text(&row, "id").to_owned();
    if let Some(old) = world.rows_mut(table).iter_mut().find(|old| text(old, "id") == id) {
        *old = row;
    }
}

/// Deletes a row, and returns what it was.
pub(super) fn delete(world: &mut TelnyxWorld, collection: &Collection, id: &str, now: &str) -> Result<Row, Refusal> {
    let mut row = find(world, collection, id)?;
    match collection.table {
        Table::BillingGroups => {
            let mut named = world.phone_numbers.iter().chain(&world.outbound_voice_profiles);
            if named.any(|row| text(row, "billing_group_id") == id) {
                return Err(Refusal::of(409, "10021", "the billing group is in use"));
            }
            row.insert("deleted_at".to_owned(), now.into());
        }
        Table::Profiles => release_profile(world, id)?,
        Table::Connections => release_connection(world, id)?,
        Table::Ips | Table::Fqdns => {
            let named = world.connections.iter().any(|row| rules::targets(row).any(|target| target == id));
            if named {
                return Err(in_use("a connection names it as a default"));
            }
        }
        Table::Numbers => return give_back(world, row, now),
        Table::Accounts | Table::Secrets => {}
    }
    world.rows_mut(collection.table).retain(|row| text(row, "id") != id);
    Ok(row)
}

/// The number goes back to the carrier; its row stays (section 9.6).
fn give_back(world: &mut TelnyxWorld, mut row: Row, now: &str) -> Result<Row, Refusal> {
    if at(&row, "deletion_lock_enabled") == &Value::Bool(true) {
        return Err(invalid("/", "the deletion of this number is locked"));
    }
    row.insert("status".to_owned(), "deleted".into());
    row.insert("connection_id".to_owned(), Value::Null);
    row.insert("updated_at".to_owned(), now.into());
    replace(world, Table::Numbers, row.clone());
    Ok(row)
}

fn release_profile(world: &mut TelnyxWorld, id: &str) -> Result<(), Refusal> {
    let path = "outbound.outbound_voice_profile_id";
    let refused = world.knobs.profile_delete_in_use == ProfileDeleteInUse::Refuse;
    for row in world.connections.iter_mut().filter(|row| text(row, path) == id) {
        if refused {
            return Err(in_use("connections name this profile"));
        }
        row["outbound"]["outbound_voice_profile_id"] = Value::Null;
    }
    Ok(())
}

fn release_connection(world: &mut TelnyxWorld, id: &str) -> Result<(), Refusal> {
    let below = world.ips.iter().chain(&world.fqdns).any(|row| text(row, "connection_id") == id);
    if below || world.serves_numbers(id) {
        match world.knobs.delete_in_use {
            DeleteInUse::InUse => return Err(in_use("the connection is in use")),
            DeleteInUse::BadRequest => return Err(Refusal::of(400, "10015", "the connection is in use")),
            DeleteInUse::Unlink => {}
        }
    }
    for row in world.phone_numbers.iter_mut().filter(|row| text(row, "connection_id") == id) {
        row.insert("connection_id".to_owned(), Value::Null);
    }
    for table in [Table::Ips, Table::Fqdns] {
        world.rows_mut(table).retain(|row| text(row, "connection_id") != id);
    }
    Ok(())
}

fn in_use(why: &str) -> Refusal {
    Refusal { place: Place::Pointer("/".to_owned()), ..Refusal::of(422, "10021", why) }
}

/// Sets the state of a managed account.
pub(super) fn set_status(
    world: &mut TelnyxWorld,
    collection: &Collection,
    id: &str,
    status: &str,
    now: &str,
) -> Result<Row, Refusal> {
    let mut row = find(world, collection, id)?;
    row.insert("status".to_owned(), status.into());
    row.insert("updated_at".to_owned(), now.into());
    replace(world, Table::Accounts, row.clone());
    Ok(row)
}

/// Changes a row as another user would (section 17, `foreign_write`): inner values are merged, nothing is checked.
pub(in super::super) fn foreign(world: &mut TelnyxWorld, path: &str, who: &str, set: &Row, now: jiff::Timestamp) {
    fn merge(into: &mut Value, from: &Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                for (name, value) in from {
                    merge(into.entry(name.clone()).or_insert_with(|| json!({})), value);
                }
            }
            (into, from) => *into = from.clone(),
        }
    }
    if let Some(row) = super::rows::find_mut(world, path, who) {
        for (name, value) in set {
            merge(row.entry(name.clone()).or_insert(Value::Null), value);
        }
        row.insert("updated_at".to_owned(), ids::milliseconds(now).into());
    }
}
