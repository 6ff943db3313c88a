//! The words in which a service is declared. A kind is a static table; validation, schema, reading, comparing, choosing
//! the request, masking and documentation all read the same rows.
//!
//! A behaviour that no word describes gets a new word here, which every reader must match; never an `if` on a name.

use crate::value::{Packed, Value, hidden, sorted};

/// One service that telform can talk to, as data.
#[derive(Debug)]
pub struct Backend {
    /// The word in `accounts.NAME.api`.
    pub api: &'static str,
    /// The service's name for people.
    pub title: &'static str,
    /// Used when the account names no `base_url`.
    pub base_url: &'static str,
    /// The word before the token in the `Authorization` header.
    pub auth_scheme: &'static str,
    /// Tables of this service, one for each kind and generation.
    pub kinds: &'static [&'static Kind],
    /// Requests per minute when the account names none; not used on loopback, where nobody needs our politeness.
    pub requests_per_minute: u32,
    /// Reads in flight when the account names no `max_in_flight`.
    pub reads_in_flight: usize,
    /// Writes in flight when the account names no `max_in_flight`.
    pub writes_in_flight: usize,
    /// Whether an account must name its organization (`org_handle`).
    pub organization: bool,
    /// Where a row names the organization that owns its object, as paths of keys; the first path that is there tells. Null or
    /// an empty text at its end: nobody owns it. An object of another organization, or of none, is not managed from here.
    pub owner: &'static [&'static [&'static str]],
    /// Generations that may answer; empty when the service has only one.
    pub generations: &'static [u8],
    /// A status among the successes with which the service says no, in words for people (unpod.md fact 5).
    pub refuses_with: Option<u16>,
    /// Whether a POST that was answered 429 may be sent again. Only where the documents ask for it (unpod.md 11): what a
    /// CarrierX POST made is invisible, so there a second one could make a second object (carrierx.md 7.1).
    pub repeats_throttled_post: bool,
    /// Whether a 404 without JSON (an HTML page) says that the path is unknown, and only one with JSON that the object is
    /// not there (unpod.md 9.3, recorded). Elsewhere every 404 is about the object (carrierx.md 9).
    pub html_404_is_no_path: bool,
    /// Tells from the text of a 400 that the object is not there, at a service that says so with this status.
    pub gone_in_400: Option<fn(&str) -> bool>,
    /// How its objects are read.
    pub reading: Reading,
}

impl Backend {
    /// The organization that owns the object in a row. `None`: the row does not say. `Some(None)`: it says that nobody does.
    pub fn owner_in(&self, row: &Value) -> Option<Option<String>> {
        let told = |path: &&[&str]| {
            path.iter().try_fold(row, |at, key| if at.is_null() { Some(at) } else { at.get(*key) })
        };
        match self.owner.iter().find_map(told)? {
            Value::Null => Some(None),
            Value::String(handle) => Some((!handle.is_empty()).then(|| handle.clone())),
            _ => None,
        }
    }
}

/// How the objects of a service are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Each kind by itself.
    ByKind,
    /// Together: which generation answers, whether the organization is known and whose connection is whose must be settled
    /// before any row means anything (unpod.md 3, 4, 10).
    Together,
}

/// A sort of object: one table row set for each kind, and for each generation whose shape differs.
#[derive(Debug)]
pub struct Kind {
    /// The key in the YAML and the first part of an address: `providers`.
    pub name: &'static str,
    /// One of them, for people: `provider configuration`.
    pub singular: &'static str,
    /// The service's generation that this shape belongs to; `None` when all share it.
    pub generation: Option<u8>,
    /// Path of the collection below the base URL. `{configurations}` is filled from what the account was found to answer to.
    pub collection: &'static str,
    /// Path of one object; `{id}` is its identity.
    pub member: &'static str,
    /// The field that addresses the object in `member`.
    pub id: &'static str,
    /// Whether the service writes its ids as numbers.
    pub numeric_id: bool,
    /// Fields that together find the object of an address that has no id yet.
    pub natural_key: &'static [&'static str],
    /// The attributes.
    pub fields: &'static [Field],
    /// What its rows show beside the attributes and nobody misses: what the service derives, and what belongs to other objects.
    /// Whatever else a row shows is named when the object is replaced.
    pub beside: &'static [&'static str],
    /// How an existing object is changed.
    pub update: Update,
    /// Whether it can be deleted.
    pub delete: Delete,
    /// How many rows a listing brings at a time.
    pub list: List,
    /// For a kind that holds connections: how one is made and cut.
    pub link: Option<&'static Link>,
    /// Whether other objects' connections lead to this one, so that it must be disconnected before it is deleted.
    pub connected: bool,
    /// A created object may stay invisible until a human confirms it (carrierx.md 7).
    pub hidden_until_verified: bool,
    /// A create that was refused with 400 may have made the object all the same (unpod.md 6.2, recorded): settle by reading.
    pub made_though_refused: bool,
    /// Two objects may have one identity, and then the service answers for neither of them (unpod.md 6.2, recorded).
    pub shares_ids: bool,
    /// Word of the token scopes for this kind, where the service has scopes: `partners` of `partners.create`.
    pub scope: Option<&'static str>,
    /// Position among the kinds when objects are created or changed: what others refer to comes first.
    pub rank: u8,
    /// Position among the kinds when objects are deleted: bridges, then providers, then partners (spec 5).
    pub delete_rank: u8,
    /// Where the facts of this table come from.
    pub source: &'static str,
}

impl Kind {
    /// The row of one attribute.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that live state can show: everything but write-only values.
    pub fn readable(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| field.is_readable())
    }
}

/// How an existing object is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// One PATCH with the changed attributes.
    Patch,
    /// One PATCH with the changed attributes; when a nested one is among them this query argument goes along and the
    /// value is complete (carrierx.md 6). PUT with the whole object on request.
    PatchOrPut {
        /// Name and value of the query argument.
        nested: (&'static str, &'static str),
    },
}

/// Whether an object can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delete {
    /// DELETE on the member path.
    Supported,
    /// Nobody documents a DELETE: refused unless the account sets this switch.
    Undocumented {
        /// Key of the account that allows it.
        switch: &'static str,
    },
}

/// How a collection is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// One answer holds everything.
    Whole,
    /// `page` and `page_size`, with `count` as the total (unpod.md 11).
    Pages {
        /// Rows asked for.
        size: usize,
        /// Most rows that one page may hold, where the service serves a whole list in one: a list that keeps moving between
        /// pages is asked for so.
        largest: Option<usize>,
    },
    /// `limit` and `offset`, with `has_more` (carrierx.md 3).
    Offset {
        /// Rows asked for.
        size: usize,
        /// Order that keeps pages from overlapping.
        order: &'static str,
    },
}

/// How a connection (number on a bridge, served by a configuration) is made and cut.
#[derive(Debug)]
pub struct Link {
    /// Path below the base URL, POST.
    pub connect: &'static str,
    /// Path below the base URL, POST.
    pub disconnect: &'static str,
    /// Body key of the configuration's id.
    pub target_key: &'static str,
    /// How the body names the number.
    pub number: NumberWord,
    /// Whether `disconnect` works at all. Where it does not (generation 1, recorded: always 500), a connection ends only
    /// by connecting another configuration or by deleting the bridge.
    pub can_disconnect: bool,
    /// Whether a listing shows the bridges of one product only (unpod.md 10.1): then a configuration that no listed bridge uses
    /// may be in use all the same.
    pub listed_by_product: bool,
    /// Where a number does not join a bridge by being connected, but only when the bridge is created: the body key that
    /// lists the numbers' ids then.
    pub assigned_on_create: Option<&'static str>,
}

/// How a connect or disconnect body names the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberWord {
    /// The E.164 text under this key.
    E164(&'static str),
    /// The number's own id under this key.
    Id(&'static str),
}

/// The sort of value an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A text; digits without quotes in the YAML are an error, because other YAML readers make numbers of them.
    Text,
    /// A secret source; see [`crate::value::Secret`].
    Secret,
    /// A decimal number, kept as text: never a float.
    Decimal,
    /// A whole number.
    Integer,
    /// true or false.
    Bool,
    /// A list of any values, owned whole.
    List,
    /// A map of any values, owned whole.
    Map,
    /// A provider of the service's catalogue: slug, name or id (unpod.md 4.2).
    CatalogueEntry,
    /// Numbers of a bridge, each with the address that serves it.
    Numbers,
    /// Any value, whose texts are nobody's business.
    Opaque,
}

/// What may be done with an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Set on create, changed later.
    Modifiable,
    /// Set on create, never again: a later difference is refused.
    CreateOnly,
    /// Set on create; a later difference needs a new object in place of the old one.
    Replace,
    /// Set by the service; not for the YAML.
    ReadOnly,
    /// Not for the YAML either; an object that takes the place of another one gets what that one has.
    CarriedOver,
}

/// How two spellings of one value are recognised as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normaliser {
    /// As it stands, keys of maps in any order.
    Exact,
    /// Trimmed text; the empty text and null are the same.
    EmptyIsNull,
    /// Decimal value: `"5"`, `"5.00"` and `5` are the same (carrierx.md 4.1).
    Decimal,
    /// Digits only; punctuation does not count (carrierx.md 8.1).
    Digits,
    /// One mail address: trimmed, domain in lower case.
    Mail,
    /// Mail addresses separated by commas, as a set.
    Mails,
    /// A catalogue entry, whatever the letter case.
    Catalogue,
    /// Empty collection and null are the same.
    Collection,
}

/// What a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// Anything.
    Any,
    /// An identity at a service: no blanks, and nothing that cannot be seen.
    Identifier,
    /// The same in ASCII: another script has letters that look like these, and a service knows none of them.
    Code,
    /// An address in the web: no blanks, and nothing that cannot be seen. In a map it is absolute, http or https.
    Url,
    /// A country, ISO 3166-1 alpha-3.
    Country,
}

/// One key inside a list of maps or a map.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its exact name.
    pub name: &'static str,
    /// Words that are known as its value; empty where anything may stand. Null is always one of them.
    pub words: &'static [&'static str],
}

/// One attribute of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Exact name at the service and in the YAML.
    pub name: &'static str,
    /// Sort of value.
    pub ty: Type,
    /// What may be done with it.
    pub access: Access,
    /// Must be given to create an object.
    pub required: bool,
    /// How spellings are compared.
    pub normaliser: Normaliser,
    /// A change may have effects that the service does not describe (unpod.md U4).
    pub risky: bool,
    /// A new value stays invisible until a human confirms it (carrierx.md 7).
    pub verified: bool,
    /// For a secret: the service gives it back, in clear or masked.
    pub secret_is_read_back: bool,
    /// The service may show it in part only, and it has no star and no run of `x` of its own: one is enough to tell
    /// (unpod.md U3). Elsewhere only a run of stars hides something.
    pub masked_lightly: bool,
    /// Setting of the account and its value with which this create-only attribute is changed after all, by a PATCH of its own:
    /// the service does not list it among those that can be changed (carrierx.md 4.2).
    pub changed_with: Option<(&'static str, &'static str)>,
    /// Another attribute and the value it must have, or the service drops this one to null (carrierx.md 4.3).
    pub only_with: Option<(&'static str, &'static str)>,
    /// Values that have been seen. One that is nearly one of them is an error, any other is accepted with a warning.
    pub seen: &'static [&'static str],
    /// A value as it may look, for people who have none yet; empty where the type says enough.
    pub example: &'static str,
    /// What a text of it is made of; of a map, each of its values.
    pub grammar: Grammar,
    /// A map whose values may come from secret sources.
    pub sourced: bool,
    /// Keys inside a map, or inside each map of a list, as far as they are known; empty where anything may stand.
    pub inside: &'static [Part],
    /// Means something in its own account only: never carried over to another one.
    pub of_account: bool,
    /// Part of the public object that a PUT must hold.
    pub public: bool,
    /// One sentence for the reference.
    pub doc: &'static str,
    /// Page or section where the fact stands.
    pub source: &'static str,
}

impl Field {
    /// A modifiable attribute of the given type; the builders below say what differs.
    pub const fn new(name: &'static str, ty: Type) -> Self {
        let normaliser = match ty {
            Type::Text => Normaliser::EmptyIsNull,
            Type::Decimal => Normaliser::Decimal,
            Type::List | Type::Map | Type::Opaque => Normaliser::Collection,
            Type::CatalogueEntry => Normaliser::Catalogue,
            Type::Secret | Type::Integer | Type::Bool | Type::Numbers => Normaliser::Exact,
        };
        Self {
            name,
            ty,
            access: Access::Modifiable,
            required: false,
            normaliser,
            risky: false,
            verified: false,
            secret_is_read_back: false,
            masked_lightly: false,
            changed_with: None,
            only_with: None,
            seen: &[],
            example: "",
            grammar: Grammar::Any,
            sourced: false,
            inside: &[],
            of_account: false,
            public: true,
            doc: "",
            source: "",
        }
    }

    /// Must be given to create an object.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Set on create, never again.
    pub const fn create_only(mut self) -> Self {
        self.access = Access::CreateOnly;
        self
    }

    /// A difference needs a new object.
    pub const fn replaces(mut self) -> Self {
        self.access = Access::Replace;
        self
    }

    /// Set by the service.
    pub const fn read_only(mut self) -> Self {
        self.access = Access::ReadOnly;
        self
    }

    /// Kept when another object takes the place of this one.
    pub const fn carried_over(mut self) -> Self {
        self.access = Access::CarriedOver;
        self
    }

    /// A change may have effects that nobody describes.
    pub const fn risky(mut self) -> Self {
        self.risky = true;
        self
    }

    /// Compared in this way.
    pub const fn compared(mut self, normaliser: Normaliser) -> Self {
        self.normaliser = normaliser;
        self
    }

    /// Invisible until a human confirms it.
    pub const fn verified(mut self) -> Self {
        self.verified = true;
        self
    }

    /// A secret that the service gives back.
    pub const fn read_back(mut self) -> Self {
        self.secret_is_read_back = true;
        self
    }

    /// The service may show it in part only.
    pub const fn masked_lightly(mut self) -> Self {
        self.masked_lightly = true;
        self
    }

    /// Changed after all where the account has this setting.
    pub const fn changed_with(mut self, setting: &'static str, value: &'static str) -> Self {
        self.changed_with = Some((setting, value));
        self
    }

    /// Dropped by the service unless another attribute has this value.
    pub const fn only_with(mut self, field: &'static str, value: &'static str) -> Self {
        self.only_with = Some((field, value));
        self
    }

    /// Values that have been seen.
    pub const fn seen(mut self, values: &'static [&'static str]) -> Self {
        self.seen = values;
        self
    }

    /// A value as it may look.
    pub const fn example(mut self, value: &'static str) -> Self {
        self.example = value;
        self
    }

    /// What a text of it is made of.
    pub const fn made_of(mut self, grammar: Grammar) -> Self {
        self.grammar = grammar;
        self
    }

    /// Its values may come from secret sources.
    pub const fn sourced(mut self) -> Self {
        self.sourced = true;
        self
    }

    /// Keys inside, as far as they are known.
    pub const fn inside(mut self, parts: &'static [Part]) -> Self {
        self.inside = parts;
        self
    }

    /// Means something in its own account only.
    pub const fn of_account(mut self) -> Self {
        self.of_account = true;
        self
    }

    /// Not part of the public object.
    pub const fn internal(mut self) -> Self {
        self.public = false;
        self
    }

    /// Sentence for the reference, and where the fact stands.
    pub const fn doc(mut self, doc: &'static str, source: &'static str) -> Self {
        self.doc = doc;
        self.source = source;
        self
    }

    /// Whether the YAML may state it.
    pub const fn is_stated(&self) -> bool {
        !matches!(self.access, Access::ReadOnly | Access::CarriedOver)
    }

    /// Nested values are owned whole and need the kind's word for replacing them.
    pub const fn nested(&self) -> bool {
        matches!(self.ty, Type::List | Type::Map)
    }

    /// What clears the attribute: a nested value only goes with the empty collection, what null does to one is not
    /// documented (carrierx.md 6.2, 6.3).
    pub fn cleared(&self) -> Packed {
        match self.ty {
            Type::List => Packed::List(Box::default()),
            Type::Map => Packed::Map(Box::default()),
            _ => Packed::Null,
        }
    }

    /// Whether live state can show it: everything but write-only values.
    pub fn is_readable(&self) -> bool {
        self.ty != Type::Secret || self.secret_is_read_back
    }

    /// Whether two spellings mean the same value for this attribute.
    pub fn same(&self, a: &Packed, b: &Packed) -> bool {
        a == b || self.normaliser.canonical(a) == self.normaliser.canonical(b)
    }
}

impl Normaliser {
    /// The one spelling that stands for all spellings of a value. Values that do not fit come back as they are.
    pub fn canonical(self, value: &Packed) -> Packed {
        match self {
            Self::Exact => canonical_keys(value),
            Self::EmptyIsNull => match value {
                Packed::Text(text) if text.trim().is_empty() => Packed::Null,
                Packed::Text(text) => Packed::from(text.trim()),
                other => canonical_keys(other),
            },
            Self::Decimal => {
                value.text().and_then(|text| decimal(&text)).map_or_else(|| value.clone(), Packed::from)
            }
            Self::Digits => mapped_text(value, |text| text.chars().filter(char::is_ascii_digit).collect()),
            Self::Mail => mapped_text(value, mail),
            Self::Mails => mapped_text(value, |text| {
                let mut parts: Vec<String> =
                    text.split(',').map(mail).filter(|part| !part.is_empty()).collect();
                parts.sort();
                parts.dedup();
                parts.join(",")
            }),
            Self::Catalogue => mapped_text(value, |text| text.trim().to_lowercase()),
            Self::Collection => match value {
                Packed::List(items) if items.is_empty() => Packed::Null,
                Packed::Map(map) if map.is_empty() => Packed::Null,
                other => canonical_keys(other),
            },
        }
    }
}

/// Text of a scalar that a service may write as text or as a number.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn mapped_text(value: &Packed, map: impl Fn(&str) -> String) -> Packed {
    let Some(text) = value.text() else { return value.clone() };
    let mapped = map(&text);
    if mapped.is_empty() { Packed::Null } else { Packed::from(mapped) }
}

fn mail(text: &str) -> String {
    let text = text.trim();
    match text.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => text.to_owned(),
    }
}

/// Shortest decimal text of the same value, or `None` when the text is no decimal number. Works on the digits, so no
/// amount is ever rounded.
pub fn decimal(text: &str) -> Option<String> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let ok = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !ok(whole) || !ok(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let value = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    Some(if negative && value != "0" { format!("-{value}") } else { value })
}

/// Keys of maps sorted, all the way down: order is significant in lists only.
fn canonical_keys(value: &Packed) -> Packed {
    match value {
        Packed::List(items) => Packed::List(items.iter().map(canonical_keys).collect()),
        Packed::Map(entries) => {
            let entries = sorted(entries).into_iter();
            Packed::Map(entries.map(|(key, item)| (key.into(), canonical_keys(item))).collect())
        }
        // Where a hidden value comes from does not make another value of it.
        Packed::Text(text) => hidden::without_source(text).map_or_else(|| value.clone(), Packed::from),
        other => other.clone(),
    }
}
