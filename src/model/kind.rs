//! The vocabulary in which a service is declared. A kind is a static table; validation, schema, reading, comparing, choosing
//! the request, masking and documentation all read the same rows.
//!
//! A behaviour that the vocabulary cannot describe gets a new variant here that every reader must match; never an `if` on a name.

use serde_json::Map;

use crate::model::call::RequestMethod;
use crate::model::resource::AccountFacts;
use crate::model::value::Value;

mod catalogue;
mod changing;
mod envelope;
mod field;
mod link;
mod listing;
mod normaliser;
mod reference;
mod service;
mod setting;

pub use catalogue::Catalogue;
pub use changing::{DeleteSupport, UpdateMethod};
pub use envelope::Envelope;
pub use field::{Field, Part};
pub use link::{Detach, Link, LinkEntry, LinkRequests, LinkRoles, LinkWords, NumberParameter, ReadServedBy};
pub use listing::{CollectionListing, Next, PageWords, StateFilter};
pub use normaliser::{MOST_EXACT, Normaliser, canonical_decimal, canonical_time, exact_number, id_of, text_of, whole_of};
pub use reference::reference_in;
pub use service::{ServiceTable, TokenOwnerQuery};
pub use setting::{AccountSetting, SentIn, SettingRole, SettingType};

/// A sort of object: one table row set for each kind, and for each generation whose shape differs.
#[derive(Debug)]
pub struct Kind {
    /// The key in the YAML and the first part of an address: `providers`.
    pub name: &'static str,
    /// One of them, for people: `provider configuration`.
    pub singular: &'static str,
    /// The service's generation that this shape belongs to; `None` when all share it.
    pub generation: Option<u8>,
    /// Path of the collection below the base URL.
    pub collection: &'static str,
    /// Path of one object; `{id}` is its identity.
    pub member: &'static str,
    /// For paths with a part that the service spells in more than one way: that part.
    pub spelled: Option<&'static Spellings>,
    /// The field that addresses the object in `member`.
    pub id: &'static str,
    /// Whether the service writes its ids as numbers.
    pub numeric_id: bool,
    /// Fields that together find the object of an address that has no id yet.
    pub natural_key: &'static [&'static str],
    /// The attributes.
    pub fields: &'static [Field],
    /// What its rows show beside the attributes and no replacement needs: what the service derives, and what belongs to other
    /// objects. Any other field of a row is named when the object is replaced.
    pub ignored_keys: &'static [&'static str],
    /// How an existing object is changed.
    pub update: UpdateMethod,
    /// The attributes that null clears, where it does not clear all.
    pub nullable: Option<&'static [&'static str]>,
    /// Whether it can be deleted.
    pub delete: DeleteSupport,
    /// Its objects are never made and never deleted from here: what exists is adopted, and what is no longer declared is released.
    pub adopted_only: bool,
    /// Fields by whose value a row stands for an object that is no longer there; without values, by any value but null.
    pub gone_when: &'static [(&'static str, &'static [&'static str])],
    /// The attribute, and its value, with which a row is inherited from another account: it may be named, and is never changed,
    /// deleted or adopted.
    pub inherited_when: Option<(&'static str, bool)>,
    /// How many rows a listing returns at a time.
    pub list: CollectionListing,
    /// For a kind whose rows do not show in which state an object is: the filters of its listing that do.
    pub state_filter: Option<&'static StateFilter>,
    /// For a kind that holds connections: how to connect and disconnect.
    pub link: Option<&'static Link>,
    /// Whether other objects' connections lead to this one, so that it must be disconnected before it is deleted.
    pub connected: bool,
    /// The attribute that names the object whose calls go to these objects: without any of them it lets no call through.
    pub destination_of: Option<&'static str>,
    /// A created object may stay invisible until a human confirms it (carrierx.md 7).
    pub hidden_until_verified: bool,
    /// A create that was refused with 400 may have created the object all the same (unpod.md 6.2, recorded): settle by reading.
    pub made_though_refused: bool,
    /// Two objects may share one identity, and then the service answers for neither (unpod.md 6.2, recorded).
    pub shares_ids: bool,
    /// Name of this kind in token scopes, where the service has scopes: `partners` of `partners.create`.
    pub scope: Option<&'static str>,
    /// Position among the kinds when objects are created or changed: kinds that others refer to come first.
    pub rank: u8,
    /// Position among the kinds when objects are deleted: bridges, then providers, then partners.
    pub delete_rank: u8,
    /// Where the facts of this table come from.
    pub source: &'static str,
}

/// A part of a path that a service spells in more than one way. Which of them an account answers to is found out.
#[derive(Debug)]
pub struct Spellings {
    /// What stands for it in the paths of the table, in braces.
    pub part: &'static str,
    /// The spellings, the documented one first.
    pub words: &'static [&'static str],
}

impl Kind {
    /// A kind whose objects are listed whole, changed by PATCH and deleted; the builders below say what differs.
    pub const fn new(name: &'static str, singular: &'static str, source: &'static str) -> Self {
        Self {
            name,
            singular,
            generation: None,
            collection: "",
            member: "",
            spelled: None,
            id: "id",
            numeric_id: false,
            natural_key: &[],
            fields: &[],
            ignored_keys: &[],
            update: UpdateMethod::Patch,
            nullable: None,
            delete: DeleteSupport::Supported,
            adopted_only: false,
            gone_when: &[],
            inherited_when: None,
            list: CollectionListing::Whole,
            state_filter: None,
            link: None,
            connected: false,
            destination_of: None,
            hidden_until_verified: false,
            made_though_refused: false,
            shares_ids: false,
            scope: None,
            rank: 0,
            delete_rank: 0,
            source,
        }
    }

    /// The generation that this shape belongs to.
    pub const fn generation(mut self, generation: u8) -> Self {
        self.generation = Some(generation);
        self
    }

    /// Paths of the collection and of one object.
    pub const fn at(mut self, collection: &'static str, member: &'static str) -> Self {
        self.collection = collection;
        self.member = member;
        self
    }

    /// A part of these paths is spelled in more than one way.
    pub const fn spelled(mut self, spellings: &'static Spellings) -> Self {
        self.spelled = Some(spellings);
        self
    }

    /// The field that addresses the object, where it is not `id`.
    pub const fn id(mut self, field: &'static str) -> Self {
        self.id = field;
        self
    }

    /// The service writes its ids as numbers.
    pub const fn numeric_id(mut self) -> Self {
        self.numeric_id = true;
        self
    }

    /// Fields that together find the object of an address that has no id yet.
    pub const fn found_by(mut self, fields: &'static [&'static str]) -> Self {
        self.natural_key = fields;
        self
    }

    /// The attributes, and what rows show beside them.
    pub const fn fields(mut self, fields: &'static [Field], beside: &'static [&'static str]) -> Self {
        self.fields = fields;
        self.ignored_keys = beside;
        self
    }

    /// How an existing object is changed.
    pub const fn update(mut self, update: UpdateMethod) -> Self {
        self.update = update;
        self
    }

    /// Whether it can be deleted.
    pub const fn delete(mut self, delete: DeleteSupport) -> Self {
        self.delete = delete;
        self
    }

    /// Its objects are never made and never deleted from here.
    pub const fn adopted_only(mut self) -> Self {
        self.adopted_only = true;
        self
    }

    /// A row with one of these values stands for an object that is no longer there.
    pub const fn gone_when(mut self, values: &'static [(&'static str, &'static [&'static str])]) -> Self {
        self.gone_when = values;
        self
    }

    /// A row with this value is inherited from another account.
    pub const fn inherited_when(mut self, field: &'static str, value: bool) -> Self {
        self.inherited_when = Some((field, value));
        self
    }

    /// How it is listed.
    pub const fn list(mut self, list: CollectionListing) -> Self {
        self.list = list;
        self
    }

    /// Only filters of its listing show in which state an object is.
    pub const fn state_filter(mut self, filter: &'static StateFilter) -> Self {
        self.state_filter = Some(filter);
        self
    }

    /// It holds connections.
    pub const fn link(mut self, link: &'static Link) -> Self {
        self.link = Some(link);
        self
    }

    /// Other objects' connections lead to it.
    pub const fn connected(mut self) -> Self {
        self.connected = true;
        self
    }

    /// The calls of the object that this attribute names go to these objects, and without any of them nowhere.
    pub const fn destination_of(mut self, reference: &'static str) -> Self {
        self.destination_of = Some(reference);
        self
    }

    /// A created object may stay invisible until a human confirms it.
    pub const fn hidden_until_verified(mut self) -> Self {
        self.hidden_until_verified = true;
        self
    }

    /// A create that was refused with 400 may have created the object all the same.
    pub const fn made_though_refused(mut self) -> Self {
        self.made_though_refused = true;
        self
    }

    /// Two objects may have one identity.
    pub const fn shares_ids(mut self) -> Self {
        self.shares_ids = true;
        self
    }

    /// Name of this kind in token scopes.
    pub const fn scope(mut self, word: &'static str) -> Self {
        self.scope = Some(word);
        self
    }

    /// Position among the kinds when objects are created, and when they are deleted.
    pub const fn order(mut self, rank: u8, delete_rank: u8) -> Self {
        self.rank = rank;
        self.delete_rank = delete_rank;
        self
    }

    /// Path of the collection in an account about which this is known.
    pub fn collection_path(&self, facts: &AccountFacts) -> String {
        self.filled(self.collection, facts.configurations.as_deref(), "")
    }

    /// The request that deletes an object, or ends it where the service deletes none: the method, and the path with its `{id}`.
    pub const fn delete_request(&self) -> (RequestMethod, &'static str) {
        match self.delete {
            DeleteSupport::Ends { path, .. } => (RequestMethod::Post, path),
            DeleteSupport::Supported | DeleteSupport::Undocumented { .. } => (RequestMethod::Delete, self.member),
        }
    }

    /// Path of one object in an account about which this is known.
    pub fn member_path(&self, facts: &AccountFacts, id: &str) -> String {
        self.filled(self.member, facts.configurations.as_deref(), id)
    }

    /// A path of the table with its parts filled in; without a spelling the documented one counts.
    pub fn filled(&self, template: &str, spelling: Option<&str>, id: &str) -> String {
        let path = match self.spelled {
            Some(spelled) => template.replace(spelled.part, spelling.unwrap_or(spelled.words[0])),
            None => template.to_owned(),
        };
        path.replace("{id}", id)
    }

    /// Whether a row stands for an object that is no longer there.
    pub fn is_gone(&self, row: &Value) -> bool {
        row.as_object().is_some_and(|row| self.shows_gone(row))
    }

    /// The same for the entries of a row.
    pub fn shows_gone(&self, row: &Map<String, Value>) -> bool {
        let shown = |name: &str| row.get(name).filter(|value| !value.is_null());
        self.gone_when.iter().any(|(name, values)| match shown(name) {
            Some(value) => values.is_empty() || value.as_str().is_some_and(|text| values.contains(&text)),
            None => false,
        })
    }

    /// The map of a row that has this name, where its keys are attributes, each by itself.
    pub fn group(&self, name: &str) -> Option<&'static str> {
        self.fields.iter().find_map(|field| field.group().filter(|group| *group == name))
    }

    /// The row of one attribute.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Scopes of which one is needed to `create`, `update` or `delete`, where the service has scopes. Which one a delete needs that
    /// is not documented is not known (carrierx.md 1.2).
    pub fn scopes_to(&self, word: &str) -> Option<[String; 2]> {
        let deletes = word == "delete" && self.delete == DeleteSupport::Supported;
        let scope = self.scope.filter(|_| deletes || matches!(word, "create" | "update"))?;
        Some([format!("{scope}.{word}"), format!("{scope}.manage")])
    }

    /// The fields that live state can show: everything but write-only values.
    pub fn readable_fields(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| field.is_readable())
    }
}

/// The type of value that an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeType {
    /// A text; digits without quotes in the YAML are an error, because other YAML parsers read them as numbers.
    Text,
    /// A secret source; see [`crate::model::value::Secret`].
    Secret,
    /// A decimal number, kept as text: never a float.
    Decimal,
    /// A whole number.
    Integer,
    /// A decimal number that the service writes as a JSON number. One that no JSON reader represents exactly is an error.
    Number,
    /// true or false.
    Bool,
    /// A list of any values, owned whole.
    List,
    /// A map of any values, owned whole.
    Map,
    /// The id of another object of this kind. The YAML may name it by its address, `KIND.NAME`, instead.
    Reference(&'static str),
    /// A provider of the service's catalogue: slug, name or id (unpod.md 4.2).
    CatalogueEntry,
    /// Numbers of a bridge, each with the address that serves it.
    Numbers,
    /// The address that serves this object, which is its own holder ([`LinkRequests::PatchMember`]). Null: none does.
    ServedBy,
    /// Any value, whose texts are not interpreted.
    Opaque,
}

impl AttributeType {
    /// Whether it says who serves what: it is planned as links, and no request of its own object holds it.
    pub fn is_links(self) -> bool {
        matches!(self, Self::Numbers | Self::ServedBy)
    }
}

/// What may be done with an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeAccess {
    /// Set on create, changed later.
    Modifiable,
    /// Set on create only: a later difference is refused.
    CreateOnly,
    /// Set on create; a later difference needs a new object that replaces the old one.
    Replace,
    /// Set by the service; not for the YAML.
    ReadOnly,
    /// Not for the YAML either; an object that replaces another one gets the value of that one.
    CarriedOver,
    /// Not for the YAML either, and nothing of a new object: a PATCH of its map carries it as it is.
    Kept,
}

/// What a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextGrammar {
    /// Anything.
    Any,
    /// An identity at a service: no blanks and no invisible characters.
    Identifier,
    /// The same in ASCII: other scripts have letters that look alike, and a service knows none of them.
    Code,
    /// A web address: no blanks and no invisible characters. In a map it is absolute, http or https.
    Url,
    /// An IP address.
    IpAddress,
    /// A country, ISO 3166-1 alpha-3.
    Country,
    /// A phone number in E.164: plus sign, country code, digits.
    PhoneNumber,
    /// A login of devices: ASCII letters and digits, with a letter among the first five.
    Login,
    /// A time of day in UTC: `08:00`, or as [`Normaliser::Time`] reads it.
    Time,
}
