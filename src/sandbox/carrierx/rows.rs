//! Objects that are plain rows: access control rules and DID groups (`api/carrierx.md`, sections 2.5 and 2.6).

use serde_json::{Map, Value, json};

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::ids;
use super::super::world::{
    CarrierxWorld, DID_GROUP_FIELDS, Delete, NamedRule, NonModifiable, PutMissing, PutReadOnly, RULE_FIELDS,
};
use super::list::ListQuery;
use super::update::merged;
use super::{RequestRefusal, read_object_body, refuse, shape};

/// What the pages say about one kind of rows.
pub(super) struct RowKind {
    /// One of them, for messages.
    one: &'static str,
    path: [&'static str; 2],
    sid: &'static str,
    fields: &'static [&'static str],
    /// Set by the service.
    read_only: &'static [&'static str],
    /// Required on create.
    required: &'static [&'static str],
    /// The array of texts, which a PATCH may merge (section 6.2).
    texts: &'static [&'static str],
    /// Words that a field may have.
    words: &'static [(&'static str, &'static [&'static str])],
    scope: &'static str,
    /// Separates the sids of kinds.
    number: u64,
}

static RULES: RowKind = RowKind {
    one: "rule",
    path: ["accesscontrol", "rules"],
    sid: "rule_sid",
    fields: &RULE_FIELDS,
    read_only: &["read_only", "rule_sid"],
    required: &["entries", "field", "operation", "quantifier"],
    texts: &["entries"],
    words: &[
        ("field", &["calling", "called", "from", "to", "message", "from_did", "to_did"]),
        ("operation", &["exact", "prefix", "regexp"]),
        ("quantifier", &["all", "any", "none"]),
    ],
    scope: "accesscontrol",
    number: 9,
};

static DID_GROUPS: RowKind = RowKind {
    one: "DID group",
    path: ["phonenumber", "did_groups"],
    sid: "did_group_sid",
    fields: &DID_GROUP_FIELDS,
    read_only: &["did_group_sid", "partner_sid"],
    required: &[],
    texts: &[],
    words: &[],
    scope: "phonenumber",
    number: 10,
};

/// The kind of rows at a path, and what the path has after that of the kind.
pub(super) fn kind<'p, 's>(path: &'p [&'s str]) -> Option<(&'static RowKind, &'p [&'s str])> {
    [&RULES, &DID_GROUPS].into_iter().find_map(|kind| Some((kind, path.strip_prefix(kind.path.as_slice())?)))
}

/// Answers a request about rows of a kind, with what its path has below the kind.
pub(super) fn answer(
    kind: &'static RowKind,
    world: &mut CarrierxWorld,
    (asked, below): (&SandboxRequest, &[&str]),
    may: &dyn Fn(&[&str]) -> Result<(), RequestRefusal>,
) -> Result<SandboxResponse, RequestRefusal> {
    let allowed = |word: &str| may(&[&format!("{}.manage", kind.scope), &format!("{}.{word}", kind.scope)]);
    let include = asked.argument("includeFields");
    match (asked.method.as_str(), below) {
        ("GET", []) => {
            allowed("read")?;
            let query = ListQuery::of(asked)?;
            let rows = kind.rows(world);
            let places = query.positions(0..rows.len(), |place, field| kind.value(&rows[place], field));
            Ok(query.page(&world.knobs, &places, |place| shape::in_part(Value::Object(rows[place].clone()), include)))
        }
        ("POST", []) => {
            allowed("create")?;
            let body = read_object_body(asked)?;
            kind.create(world, &body)
        }
        ("GET", [sid]) => {
            allowed("read")?;
            let place = kind.place(world, sid)?;
            Ok(SandboxResponse::json(200, shape::in_part(Value::Object(kind.rows(world)[place].clone()), include)))
        }
        (method @ ("PATCH" | "PUT"), [sid]) => {
            allowed("update")?;
            let body = read_object_body(asked)?;
            let place = kind.own_place(world, sid)?;
            kind.update(world, place, &body, method == "PUT", super::wants_replace(asked)?)
        }
        ("DELETE", [sid]) if kind.is_deletable(world) => {
            allowed("delete")?;
            let place = kind.own_place(world, sid)?;
            if world.knobs.named_rule == NamedRule::Conflict && is_named(world, sid) {
                return refuse(409, "", format!("{} {sid} is in use", kind.one));
            }
            kind.rows_mut(world).remove(place);
            Ok(SandboxResponse::empty(204))
        }
        (_, [] | [_]) => refuse(405, "", "method not allowed"),
        _ => refuse(404, "", "no such resource"),
    }
}

/// Whether an ACL of a partner names this rule.
fn is_named(world: &CarrierxWorld, sid: &str) -> bool {
    let lists = |partner: &super::Partner| ["acls", "parent_assigned_acls"].map(|field| shape::value(partner, field));
    world.partners.iter().flat_map(lists).any(|list| {
        let items = list.as_array().into_iter().flatten();
        items.filter_map(|item| item.get("access_control_rules")?.as_array()).flatten().any(|named| named == sid)
    })
}

impl RowKind {
    fn rows<'w>(&self, world: &'w CarrierxWorld) -> &'w [Map<String, Value>] {
        if self.number == RULES.number { &world.rules } else { &world.did_groups }
    }

    fn rows_mut<'w>(&self, world: &'w mut CarrierxWorld) -> &'w mut Vec<Map<String, Value>> {
        if self.number == RULES.number { &mut world.rules } else { &mut world.did_groups }
    }

    /// No page documents the delete of a DID group (section 2.6).
    fn is_deletable(&self, world: &CarrierxWorld) -> bool {
        self.number == RULES.number || world.knobs.did_group_delete == Delete::NoContent
    }

    fn value(&self, row: &Map<String, Value>, field: &str) -> Value {
        row.get(field).cloned().unwrap_or_default()
    }

    fn place(&self, world: &CarrierxWorld, sid: &str) -> Result<usize, RequestRefusal> {
        let place = self.rows(world).iter().position(|row| row.get(self.sid).and_then(Value::as_str) == Some(sid));
        place.map_or_else(|| refuse(404, "", format!("no {} {sid}", self.one)), Ok)
    }

    /// A row that the caller may change: not one of its parent (section 2.5). The status of the refusal is not documented.
    fn own_place(&self, world: &CarrierxWorld, sid: &str) -> Result<usize, RequestRefusal> {
        let place = self.place(world, sid)?;
        match self.rows(world)[place].get("read_only") {
            Some(Value::Bool(true)) => refuse(403, "", format!("{} {sid} is read only", self.one)),
            _ => Ok(place),
        }
    }

    fn create(&self, world: &mut CarrierxWorld, body: &Map<String, Value>) -> Result<SandboxResponse, RequestRefusal> {
        if let Some(missing) = self.required.iter().find(|field| body.get(**field).is_none_or(Value::is_null)) {
            return refuse(422, missing, "value is required");
        }
        let mut row = Map::new();
        for (field, value) in body.iter().filter(|(field, _)| self.is_changeable(field)) {
            row.insert(field.clone(), self.checked(field, value)?);
        }
        let account = world.account_sid.clone();
        let sid = self.next_sid(&mut world.next_partner);
        self.complete(&mut row, &account, sid);
        let shown = Value::Object(row.clone());
        self.rows_mut(world).push(row);
        Ok(SandboxResponse::json(200, shown))
    }

    /// Changes one row, all or nothing.
    fn update(
        &self,
        world: &mut CarrierxWorld,
        place: usize,
        body: &Map<String, Value>,
        put: bool,
        replace: bool,
    ) -> Result<SandboxResponse, RequestRefusal> {
        let knobs = world.knobs.clone();
        let mut row = self.rows(world)[place].clone();
        for field in self.fields {
            let old = self.value(&row, field);
            let value = match body.get(*field) {
                Some(value) => value.clone(),
                None if !put || knobs.put_missing == PutMissing::Keep => continue,
                None if knobs.put_missing == PutMissing::Reject => return refuse(422, field, "value is required"),
                None if self.read_only.contains(field) => continue,
                None if self.texts.contains(field) => json!([]),
                None => Value::Null,
            };
            if !self.is_changeable(field) {
                let refused =
                    if put { knobs.put_read_only == PutReadOnly::Reject } else { knobs.non_modifiable == NonModifiable::Reject };
                if refused && value != old {
                    return refuse(422, field, "is read-only");
                }
                continue;
            }
            let mut value = self.checked(field, &value)?;
            if self.texts.contains(field) && !put && !replace {
                value = merged(&knobs, field, &old, &value)?;
            }
            row.insert((*field).to_owned(), value);
        }
        let shown = Value::Object(row.clone());
        self.rows_mut(world)[place] = row;
        Ok(SandboxResponse::json(200, shown))
    }

    fn is_changeable(&self, field: &str) -> bool {
        self.fields.contains(&field) && !self.read_only.contains(&field)
    }

    /// Checks the type and the words of a value.
    fn checked(&self, field: &str, value: &Value) -> Result<Value, RequestRefusal> {
        let words = self.words.iter().find(|(name, _)| *name == field).map(|(_, words)| *words);
        match (value, words) {
            (Value::Array(items), _) if self.texts.contains(&field) && items.iter().all(Value::is_string) => Ok(value.clone()),
            _ if self.texts.contains(&field) => refuse(422, field, "an array of texts is expected"),
            (Value::String(word), Some(words)) if words.contains(&word.as_str()) => Ok(value.clone()),
            (_, Some(words)) => refuse(422, field, format!("must be one of {}", words.join(", "))),
            (Value::String(_) | Value::Null, None) => Ok(value.clone()),
            _ => refuse(422, field, "wrong type of value"),
        }
    }

    fn next_sid(&self, next: &mut u64) -> String {
        let sid = ids::sid(self.number, *next);
        *next += 1;
        sid
    }

    /// Adds what the service sets, where a row does not say it.
    fn complete(&self, row: &mut Map<String, Value>, account: &str, sid: String) {
        let mut set = |field: &str, value: Value| {
            if self.fields.contains(&field) && row.get(field).is_none_or(Value::is_null) {
                row.insert(field.to_owned(), value);
            }
        };
        set(self.sid, sid.into());
        set("name", "N/A".into());
        set("read_only", false.into());
        set("partner_sid", account.into());
        for field in self.fields {
            row.entry(*field).or_insert(Value::Null);
        }
        row.sort_keys();
    }
}

impl CarrierxWorld {
    /// Fills in what hand-written rows omit.
    pub(in super::super) fn tidy_rows(&mut self) {
        let account = self.account_sid.clone();
        for kind in [&RULES, &DID_GROUPS] {
            let mut next = self.next_partner;
            for row in kind.rows_mut(self) {
                // YAML reads an unquoted 1800 as a number.
                for item in row.values_mut().filter_map(Value::as_array_mut).flatten() {
                    if let Value::Number(number) = item {
                        *item = number.to_string().into();
                    }
                }
                let named = row.get(kind.sid).and_then(Value::as_str).is_some_and(|sid| !sid.is_empty());
                let sid = if named { String::new() } else { kind.next_sid(&mut next) };
                kind.complete(row, &account, sid);
            }
            self.next_partner = next;
        }
    }

    /// What is wrong with the rows of a world.
    pub(in super::super) fn row_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for kind in [&RULES, &DID_GROUPS] {
            let name = if kind.number == RULES.number { "rules" } else { kind.path[1] };
            let mut sids = std::collections::HashSet::new();
            for row in kind.rows(self) {
                let sid = row.get(kind.sid).and_then(Value::as_str).unwrap_or_default();
                if !sid.is_empty() && !sids.insert(sid) {
                    problems.push(format!("carrierx.{name}: two have the sid {sid}"));
                }
                for field in row.keys().filter(|field| !kind.fields.contains(&field.as_str())) {
                    problems.push(format!("carrierx.{name}: one has an unknown field {field}"));
                }
            }
        }
        problems
    }
}
