//! The words for one attribute of a kind.

use super::{AccountSetting, AttributeAccess, AttributeType, Catalogue, Kind, Normaliser, TextGrammar};
use crate::model::value::CompactValue;

/// One key inside a list of maps or a map.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its exact name.
    pub name: &'static str,
    /// The values that it may have; empty where any value is allowed. Null is always allowed.
    pub known_values: &'static [&'static str],
    /// The kind of the object that its value names, or that each element of its list names.
    pub refers_to: Option<&'static str>,
}

impl Part {
    /// A key with any value; the builders below say what differs.
    pub const fn new(name: &'static str) -> Self {
        Self { name, known_values: &[], refers_to: None }
    }

    /// The values that it may have.
    pub const fn with_known_values(mut self, values: &'static [&'static str]) -> Self {
        self.known_values = values;
        self
    }

    /// Its value, or each element of its list, names an object of this kind.
    pub const fn refers_to(mut self, kind: &'static str) -> Self {
        self.refers_to = Some(kind);
        self
    }
}

/// One attribute of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Exact name at the service and in the YAML. With a dot in it: a key inside a map of the row, owned by itself.
    pub name: &'static str,
    /// The name under which rows show it, where that is another one.
    pub read_as: Option<&'static str>,
    /// Type of value.
    pub ty: AttributeType,
    /// Its access.
    pub access: AttributeAccess,
    /// Must be given to create an object.
    pub required: bool,
    /// How spellings are compared.
    pub normaliser: Normaliser,
    /// A change may have effects that the service does not describe (unpod.md U4).
    pub risky: bool,
    /// The value with which the object lets no call through: numbers that it serves are dark.
    pub darkens: Option<bool>,
    /// The value with which the object lets no call out: connections that name it are mute.
    pub mutes: Option<bool>,
    /// Every PATCH carries it, changed or not.
    pub always_sent: bool,
    /// A new value stays invisible until a human confirms it (carrierx.md 7).
    pub needs_verification: bool,
    /// For a secret: the service returns it, in clear or masked.
    pub secret_is_read_back: bool,
    /// The service may show it in part only, and its own text never has a star or a run of `x`: one of these is
    /// enough to recognise it (unpod.md U3). Elsewhere only a run of stars counts as hidden text.
    pub masked_lightly: bool,
    /// Setting of the account with which this create-only attribute can still be changed, by a separate PATCH: the service
    /// does not list it among those that can be changed (carrierx.md 4.2).
    pub changed_with: Option<&'static AccountSetting>,
    /// Another attribute and the value it must have, or the service drops this one to null (carrierx.md 4.3).
    pub only_with: Option<(&'static str, &'static str)>,
    /// Values that have been seen. A near miss is an error; any other value is accepted with a warning. Of an entry of the service's
    /// catalogue only a near miss is, with a warning.
    pub known_values: &'static [&'static str],
    /// An example value, for people who have none yet; empty where the type says enough.
    pub example: &'static str,
    /// The format of its text; for a map, of each value.
    pub grammar: TextGrammar,
    /// Least and most: characters of a text or a secret, otherwise the number itself.
    pub bounds: Option<(u64, u64)>,
    /// A map whose values may come from secret sources.
    pub allows_secret_sources: bool,
    /// Keys inside a map, or inside each map of a list, as far as they are known; empty where any key is allowed.
    pub nested_keys: &'static [Part],
    /// A list of texts: any other element is an error, because YAML and JSON keep no leading zeros of a number.
    pub holds_texts: bool,
    /// For a list or a map: the kind of the objects that its elements name.
    pub elements_refer_to: Option<&'static str>,
    /// Has a meaning in its own account only: never carried over to another account.
    pub account_bound: bool,
    /// Part of the public object that a PUT must hold.
    pub public: bool,
    /// Says in which state the object is: an overview shows it.
    pub is_state: bool,
    /// For an attribute that names an entry of the service's catalogue: how its words are read.
    pub catalogue: Option<&'static Catalogue>,
    /// One sentence for the reference.
    pub doc: &'static str,
    /// Page or section where the fact is documented.
    pub source: &'static str,
}

impl Kind {
    /// The values to which the secrets of an object belong: what identifies it, a carrier, the address of one. Sent to an object with
    /// another value there, a secret would reach another owner.
    pub fn secret_owners(&self) -> impl Iterator<Item = &'static Field> {
        let owns = |field: &&Field| {
            field.access == AttributeAccess::Replace || field.catalogue.is_some() || field.grammar == TextGrammar::Url
        };
        self.fields.iter().filter(move |field| owns(field) || self.natural_key.contains(&field.name))
    }

    /// The attribute, and its value, with which an object lets no call through.
    pub fn closing_value(&self) -> Option<(&'static str, bool)> {
        self.fields.iter().find_map(|field| Some((field.name, field.darkens?)))
    }

    /// The attribute, and its value, with which an object lets no call out for what names it.
    pub fn muting_value(&self) -> Option<(&'static str, bool)> {
        self.fields.iter().find_map(|field| Some((field.name, field.mutes?)))
    }
}

impl Field {
    /// A modifiable attribute of the given type; the builders below say what differs.
    pub const fn new(name: &'static str, ty: AttributeType) -> Self {
        let normaliser = match ty {
            AttributeType::Text | AttributeType::Reference(_) => Normaliser::EmptyIsNull,
            AttributeType::Decimal | AttributeType::Integer | AttributeType::Number => Normaliser::Decimal,
            AttributeType::List | AttributeType::Map | AttributeType::Opaque => Normaliser::Collection,
            AttributeType::CatalogueEntry => Normaliser::Catalogue,
            AttributeType::Secret | AttributeType::Bool | AttributeType::Numbers | AttributeType::ServedBy => Normaliser::Exact,
        };
        Self {
            name,
            read_as: None,
            ty,
            access: AttributeAccess::Modifiable,
            required: false,
            normaliser,
            risky: false,
            darkens: None,
            mutes: None,
            always_sent: false,
            needs_verification: false,
            secret_is_read_back: false,
            masked_lightly: false,
            changed_with: None,
            only_with: None,
            known_values: &[],
            example: "",
            grammar: TextGrammar::Any,
            bounds: None,
            allows_secret_sources: false,
            nested_keys: &[],
            holds_texts: false,
            elements_refer_to: None,
            account_bound: false,
            public: true,
            is_state: false,
            catalogue: None,
            doc: "",
            source: "",
        }
    }

    /// Must be given to create an object.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Rows show it under another name.
    pub const fn read_as(mut self, name: &'static str) -> Self {
        self.read_as = Some(name);
        self
    }

    /// Set on create only.
    pub const fn create_only(mut self) -> Self {
        self.access = AttributeAccess::CreateOnly;
        self
    }

    /// A difference needs a new object.
    pub const fn replace_on_change(mut self) -> Self {
        self.access = AttributeAccess::Replace;
        self
    }

    /// Set by the service.
    pub const fn read_only(mut self) -> Self {
        self.access = AttributeAccess::ReadOnly;
        self
    }

    /// Kept when another object replaces this one.
    pub const fn carried_over(mut self) -> Self {
        self.access = AttributeAccess::CarriedOver;
        self
    }

    /// Set elsewhere; a PATCH of its map carries it as it is.
    pub const fn kept(mut self) -> Self {
        self.access = AttributeAccess::Kept;
        self
    }

    /// A change may have undocumented effects.
    pub const fn risky(mut self) -> Self {
        self.risky = true;
        self
    }

    /// With this value it lets no call through.
    pub const fn darkens(mut self, value: bool) -> Self {
        self.darkens = Some(value);
        self
    }

    /// With this value it lets no call out for what names it.
    pub const fn mutes(mut self, value: bool) -> Self {
        self.mutes = Some(value);
        self
    }

    /// Every PATCH carries it.
    pub const fn always_sent(mut self) -> Self {
        self.always_sent = true;
        self
    }

    /// Compared in this way.
    pub const fn compared_as(mut self, normaliser: Normaliser) -> Self {
        self.normaliser = normaliser;
        self
    }

    /// Invisible until a human confirms it.
    pub const fn verified(mut self) -> Self {
        self.needs_verification = true;
        self
    }

    /// A secret that the service returns.
    pub const fn read_back(mut self) -> Self {
        self.secret_is_read_back = true;
        self
    }

    /// The service may show it in part only.
    pub const fn masked_lightly(mut self) -> Self {
        self.masked_lightly = true;
        self
    }

    /// Can be changed where the account has this setting.
    pub const fn changed_with(mut self, setting: &'static AccountSetting) -> Self {
        self.changed_with = Some(setting);
        self
    }

    /// Dropped by the service unless another attribute has this value.
    pub const fn only_with(mut self, field: &'static str, value: &'static str) -> Self {
        self.only_with = Some((field, value));
        self
    }

    /// Values that have been seen.
    pub const fn with_known_values(mut self, values: &'static [&'static str]) -> Self {
        self.known_values = values;
        self
    }

    /// A value as it may look.
    pub const fn example(mut self, value: &'static str) -> Self {
        self.example = value;
        self
    }

    /// The format of its text.
    pub const fn made_of(mut self, grammar: TextGrammar) -> Self {
        self.grammar = grammar;
        self
    }

    /// The least and the most that the service documents: characters of a text or a secret, otherwise the number itself.
    pub const fn within(mut self, least: u64, most: u64) -> Self {
        self.bounds = Some((least, most));
        self
    }

    /// What is wrong with the length of a text; none where it is within what the service documents.
    pub fn length_fault(&self, text: &str) -> Option<String> {
        let (least, most) = self.bounds?;
        let length = text.chars().count() as u64;
        let limit = if most == u64::MAX { format!("at least {least}") } else { format!("{least} to {most}") };
        (length < least || length > most).then(|| {
            let unit = if length == 1 { "character" } else { "characters" };
            format!("has {length} {unit}, and the service takes {limit}")
        })
    }

    /// Its values may come from secret sources.
    pub const fn allow_secret_sources(mut self) -> Self {
        self.allows_secret_sources = true;
        self
    }

    /// Keys inside, as far as they are known.
    pub const fn with_nested_keys(mut self, parts: &'static [Part]) -> Self {
        self.nested_keys = parts;
        self
    }

    /// Its elements are texts.
    pub const fn of_texts(mut self) -> Self {
        self.holds_texts = true;
        self
    }

    /// Its elements name objects of this kind.
    pub const fn elements_refer_to(mut self, kind: &'static str) -> Self {
        self.elements_refer_to = Some(kind);
        self
    }

    /// Has a meaning in its own account only.
    pub const fn of_account(mut self) -> Self {
        self.account_bound = true;
        self
    }

    /// Not part of the public object.
    pub const fn internal(mut self) -> Self {
        self.public = false;
        self
    }

    /// Says in which state the object is.
    pub const fn state(mut self) -> Self {
        self.is_state = true;
        self
    }

    /// Names an entry of the service's catalogue, in words that are read so.
    pub const fn names_entry_of(mut self, catalogue: &'static Catalogue) -> Self {
        self.catalogue = Some(catalogue);
        self
    }

    /// Sentence for the reference, and the source of the fact.
    pub const fn doc(mut self, doc: &'static str, source: &'static str) -> Self {
        self.doc = doc;
        self.source = source;
        self
    }

    /// Whether the YAML may state it.
    pub const fn is_stated(&self) -> bool {
        !matches!(self.access, AttributeAccess::ReadOnly | AttributeAccess::CarriedOver | AttributeAccess::Kept)
    }

    /// The map of the row that it is a key in, where it is one: a PATCH of one key carries all that are known of the map, so
    /// that nothing is lost whether the service merges the map or replaces it.
    pub fn group(&self) -> Option<&'static str> {
        self.name.split_once('.').map(|(group, _)| group)
    }

    /// Its name in a row.
    pub fn shown_name(&self) -> &'static str {
        self.read_as.unwrap_or(self.name)
    }

    /// Its name in that map, or in the row itself.
    pub fn own_name(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, name)| name)
    }

    /// Nested values are owned whole and need the kind's query argument for replacing them.
    pub const fn is_nested(&self) -> bool {
        matches!(self.ty, AttributeType::List | AttributeType::Map)
    }

    /// What clears the attribute: only the empty collection clears a nested value; what null does to one is not
    /// documented (carrierx.md 6.2, 6.3).
    pub fn cleared_value(&self) -> CompactValue {
        match self.ty {
            AttributeType::List => CompactValue::List(Box::default()),
            AttributeType::Map => CompactValue::Map(Box::default()),
            _ => CompactValue::Null,
        }
    }

    /// Whether live state can show it: everything but write-only values.
    pub fn is_readable(&self) -> bool {
        self.ty != AttributeType::Secret || self.secret_is_read_back
    }

    /// Whether two spellings mean the same value for this attribute.
    pub fn values_equal(&self, a: &CompactValue, b: &CompactValue) -> bool {
        a == b || self.normaliser.canonicalize(a) == self.normaliser.canonicalize(b)
    }
}
