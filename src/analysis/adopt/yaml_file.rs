//! One file: the objects of one kind in one account.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::yaml_scalar::{block_value, double_quoted, mapping_key};
use super::{AdoptableObject, AdoptionSet};
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind, canonical_decimal};
use crate::model::resource::{Address, CatalogueEntry, Connection, ServedBy, owned_by};
use crate::model::value::{CompactValue, hidden::holds_mark};
use crate::plan::Inputs;
use crate::text::{self, escape};

/// A secret that the user has to supply before telform can manage it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPlaceholder {
    /// Object that holds it.
    pub address: Address,
    /// Which attribute.
    pub attribute: &'static str,
    /// The environment variable that supplies it.
    pub variable: String,
}

/// Something that could not be written, and why; it is a comment in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OmittedAttribute {
    /// The object concerned.
    pub address: Address,
    /// Which attribute.
    pub attribute: &'static str,
    /// Why.
    pub why: String,
}

/// A file that is being written.
#[derive(Debug, Default)]
pub struct AdoptionFile {
    /// Its text.
    pub text: String,
    /// The number of lines.
    lines_written: usize,
    /// Addresses that it declares.
    pub addresses: Vec<Address>,
    /// Numbers that it connects.
    pub numbers: usize,
    /// Line of each address, counted from 1.
    pub address_lines: BTreeMap<usize, Address>,
    /// First line of each attribute, counted from 1.
    pub attribute_lines: BTreeMap<usize, (Address, &'static str)>,
    /// Secrets to supply.
    pub placeholders: Vec<SecretPlaceholder>,
    /// What is there only as a comment.
    pub omitted: Vec<OmittedAttribute>,
}

/// Writes the objects of one group. `without`: attributes that the loader or the plan did not accept, with the reason.
pub fn render_file(
    inputs: &Inputs<'_>,
    adoption: &AdoptionSet<'_>,
    group: &[AdoptableObject<'_>],
    without: &BTreeMap<(Address, String), String>,
) -> AdoptionFile {
    let mut page = AdoptionFile::default();
    let Some(first) = group.first() else { return page };
    let org = inputs.desired.accounts.get(first.account).and_then(|account| account.organization());
    let of = org.map(|org| format!(" (organization {})", escape(org))).unwrap_or_default();
    page.push_line(&format!("# Written by `telform adopt` from account {}{of}.", first.account));
    page.push_line("# An attribute that is not mentioned is left alone; delete lines that you do not want to manage.");
    page.push_line("version: 1");
    page.push_line("");
    page.push_line(&format!("{}:", first.kind.name));
    for found in group {
        page.write_object(inputs, adoption, found, without);
    }
    page
}

/// The entries of these objects alone, each kind under its key. Nothing proves that a plan from them is empty.
pub fn render_entries(inputs: &Inputs<'_>, adoption: &AdoptionSet<'_>, objects: &[AdoptableObject<'_>]) -> AdoptionFile {
    let mut page = AdoptionFile::default();
    let mut kind = "";
    for found in objects {
        if kind != found.kind.name {
            kind = found.kind.name;
            page.push_line(&format!("{kind}:"));
        }
        page.write_object(inputs, adoption, found, &BTreeMap::new());
    }
    page
}

impl AdoptionFile {
    fn push_line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
        self.lines_written += 1 + text.bytes().filter(|byte| *byte == b'\n').count();
    }

    fn write_object(
        &mut self,
        inputs: &Inputs<'_>,
        adoption: &AdoptionSet<'_>,
        found: &AdoptableObject<'_>,
        without: &BTreeMap<(Address, String), String>,
    ) {
        self.addresses.push(found.address.clone());
        self.address_lines.insert(self.lines_written + 1, found.address.clone());
        self.push_line(&format!("  {}:", mapping_key(&found.address.name)));
        self.push_line(&format!("    account: {}", mapping_key(found.account)));
        let refused = |field: &Field| without.contains_key(&(found.address.clone(), field.name.to_owned()));
        let unwritten = |field: &&Field| {
            let shown = found.live.attributes.get(field.name).unwrap_or(&CompactValue::Null);
            field.required && (refused(field) || is_empty(shown))
        };
        // The chosen identity of a bridge is an attribute already; a pin compensates for required attributes that cannot be
        // written.
        if found.kind.field(found.kind.id).is_none_or(|field| field.access == AttributeAccess::ReadOnly)
            || found.kind.fields.iter().any(|field| unwritten(&field))
        {
            let id = if found.kind.numeric_id { found.live.id.clone() } else { double_quoted(&found.live.id) };
            self.push_line(&format!("    id: {id}"));
        }
        for field in found.kind.fields.iter().filter(|field| field.is_stated()) {
            let refused = without.get(&(found.address.clone(), field.name.to_owned()));
            if let Some(why) = refused {
                self.leave_out(found, field.name, why.clone());
            } else if let Some(shape) = found.live.unexpected_shapes.get(field.name) {
                let why = format!("it is {shape}, a shape that the service does not document");
                self.leave_out(found, field.name, why);
            } else {
                match field.ty {
                    AttributeType::Secret => self.write_secret(found, field),
                    AttributeType::Numbers | AttributeType::ServedBy => {
                        self.write_numbers(inputs, adoption, found, field);
                    }
                    _ => self.write_attribute(inputs, found, field),
                }
            }
        }
    }

    fn note_attribute_line(&mut self, found: &AdoptableObject<'_>, attribute: &'static str) {
        self.attribute_lines.insert(self.lines_written + 1, (found.address.clone(), attribute));
    }

    fn leave_out(&mut self, found: &AdoptableObject<'_>, attribute: &'static str, why: String) {
        self.push_line(&format!("    # {attribute}: {}", escape(&why)));
        self.omitted.push(OmittedAttribute { address: found.address.clone(), attribute, why });
    }

    fn write_attribute(&mut self, inputs: &Inputs<'_>, found: &AdoptableObject<'_>, field: &'static Field) {
        if let Some(masked) = found.live.masked.get(field.name) {
            let why = format!("the service shows {masked} only");
            return self.leave_out(found, field.name, why);
        }
        let shown = found.live.attributes.get(field.name).unwrap_or(&CompactValue::Null);
        if is_empty(shown) {
            if field.needs_verification && field.required {
                let why = "waits to be verified; the service shows nothing until then".to_owned();
                self.leave_out(found, field.name, why);
            }
            return;
        }
        if holds_mark(shown) && !(field.allows_secret_sources && matches!(shown, CompactValue::Map(_))) {
            let why = "it contains a secret, and a secret is never written into the YAML".to_owned();
            return self.leave_out(found, field.name, why);
        }
        self.note_attribute_line(found, field.name);
        let catalogue = inputs.live.accounts.get(found.account).map_or(&[][..], |live| &live.facts.catalogue);
        let shown = &*stated_value(field, catalogue, shown);
        match shown {
            CompactValue::Map(entries) if field.allows_secret_sources && holds_mark(shown) => {
                self.push_line(&format!("    {}:", field.name));
                for (part, value) in entries {
                    if !holds_mark(value) {
                        self.push_line(&format!("      {}:{}", mapping_key(part), block_value(&value.json(), 6)));
                        continue;
                    }
                    // A secret is never written: its owner supplies it.
                    let variable = variable_name(&found.address, &format!("{}_{part}", field.name));
                    self.push_line(&format!("      {}: {{ env: {variable} }}", mapping_key(part)));
                    let address = found.address.clone();
                    self.placeholders.push(SecretPlaceholder { address, attribute: field.name, variable });
                }
            }
            _ => self.push_line(&format!("    {}:{}", field.name, block_value(&shown.json(), 4))),
        }
    }

    /// A secret that can be changed later gets a placeholder; one that is sent only on create is no longer needed.
    fn write_secret(&mut self, found: &AdoptableObject<'_>, field: &'static Field) {
        let unset = field.secret_is_read_back && !found.live.shows_secret(field.name);
        if field.access == AttributeAccess::CreateOnly || unset {
            return;
        }
        let variable = variable_name(&found.address, field.name);
        self.note_attribute_line(found, field.name);
        self.push_line(&format!("    {}: {{ env: {variable} }}", field.name));
        let address = found.address.clone();
        self.placeholders.push(SecretPlaceholder { address, attribute: field.name, variable });
    }

    /// The numbers of a bridge are owned whole, so they are written only when it is known what serves each of them.
    fn write_numbers(
        &mut self,
        inputs: &Inputs<'_>,
        adoption: &AdoptionSet<'_>,
        found: &AdoptableObject<'_>,
        field: &'static Field,
    ) {
        let attribute = field.name;
        let Some(live) = inputs.live.accounts.get(found.account) else { return };
        let on: Vec<&Connection> =
            (live.connections.iter().flatten()).filter(|connection| connection.bridge == found.live.id).collect();
        if let Some(candidates) = live.unseen_candidates.get(&found.live.id) {
            let why = format!("something serves this bridge and no number shows: {}", list_candidates(candidates));
            return self.leave_out(found, attribute, why);
        }
        let provider = |id: &str| {
            let kinds = adoption.known.iter().filter(|((account, _, known), _)| account == found.account && known == id);
            kinds.map(|((_, kind, _), address)| (kind, address)).find(|(kind, _)| has_connected_numbers(kind)).map(|(_, it)| it)
        };
        let doubtful: Vec<String> = on
            .iter()
            .filter_map(|connection| match &connection.served_by {
                ServedBy::OneOf(candidates) => Some(format!("{}: {}", connection.number, list_candidates(candidates))),
                ServedBy::Unserved => None,
                ServedBy::Foreign { id, owner } => {
                    Some(format!("{}: served by configuration {id} of {}", connection.number, owned_by(owner.as_deref())))
                }
                known => {
                    let id = known.id()?;
                    provider(id)
                        .is_none()
                        .then(|| format!("{}: served by configuration {id}, which is not declared", connection.number))
                }
            })
            .collect();
        if !doubtful.is_empty() {
            let why = format!("owned whole, and not everything is known: {}", doubtful.join("; "));
            return self.leave_out(found, attribute, why);
        }
        let served: Vec<(&str, &Address)> = on
            .iter()
            .filter_map(|connection| Some((connection.number.as_str(), provider(connection.served_by.id()?)?)))
            .collect();
        if served.is_empty() {
            return;
        }
        self.note_attribute_line(found, attribute);
        self.numbers += served.len();
        if field.ty == AttributeType::ServedBy {
            let served = served.iter().map(|(_, address)| format!("    {attribute}: {}", mapping_key(&address.name)));
            return served.for_each(|line| self.push_line(&line));
        }
        self.push_line(&format!("    {attribute}:"));
        for (number, address) in &served {
            let shown = live.spellings.get(&(found.live.id.clone(), (*number).to_owned())).map_or(*number, String::as_str);
            // Without a plus sign it is not known whether the country code is present: the service's own spelling is kept.
            let (name, mark) =
                if text::is_e164(number) && shown.contains('+') { (*number, "") } else { (shown, ", as_shown: true") };
            self.push_line(&format!("      {}: {{ provider: {}{mark} }}", double_quoted(name), mapping_key(&address.name)));
        }
        for connection in on.iter().filter(|connection| connection.served_by == ServedBy::Unserved) {
            self.push_line(&format!("      # {}: on the bridge, and nothing serves it", escape(&connection.number)));
        }
    }
}

/// Whether numbers are connected to objects of this kind.
fn has_connected_numbers(kind: &str) -> bool {
    crate::services::shapes_of_kind(kind).iter().any(|kind: &&Kind| kind.connected)
}

fn list_candidates(candidates: &BTreeSet<String>) -> String {
    if candidates.is_empty() {
        return "served by something that no configuration of the account accounts for".to_owned();
    }
    const MOST: usize = 5;
    let mut list: Vec<&str> = candidates.iter().map(String::as_str).collect();
    list.sort_by_key(|id| (id.len(), *id));
    match list.as_slice() {
        [one] => format!("served by {one} or by nothing"),
        few if few.len() <= MOST => format!("served by one of {}", few.join(", ")),
        many => format!("served by one of {} and {} more", many[..MOST].join(", "), many.len() - MOST),
    }
}

/// A value that a service shows, as the YAML states it.
pub(in crate::analysis) fn stated_value<'v>(
    field: &Field,
    catalogue: &[CatalogueEntry],
    shown: &'v CompactValue,
) -> Cow<'v, CompactValue> {
    match (field.ty, shown) {
        // Numbers of any length stay texts, so no reader changes them.
        (AttributeType::Decimal, CompactValue::Number(_) | CompactValue::Text(_)) => {
            let text = shown.text().unwrap_or_default();
            let plain = canonical_decimal(&text).filter(|_| text.contains(['e', 'E']));
            Cow::Owned(CompactValue::from(plain.unwrap_or_else(|| text.into_owned())))
        }
        (AttributeType::CatalogueEntry, _) => Cow::Owned(entry_word(field, catalogue, shown)),
        (_, shown) => Cow::Borrowed(shown),
    }
}

/// The name of a provider for people: its slug, or its name where that identifies it.
fn entry_word(field: &Field, entries: &[CatalogueEntry], shown: &CompactValue) -> CompactValue {
    let Some(entry) = field.entry(entries, shown) else { return shown.clone() };
    let words = [entry.slug.as_deref(), Some(entry.name.as_str())];
    let finds = |word: &&str| field.entry(entries, &CompactValue::from(*word)).is_some_and(|found| found.id == entry.id);
    words.into_iter().flatten().find(finds).map_or_else(|| shown.clone(), CompactValue::from)
}

fn is_empty(value: &CompactValue) -> bool {
    match value {
        CompactValue::Null => true,
        CompactValue::Text(text) => text.trim().is_empty(),
        CompactValue::List(items) => items.is_empty(),
        CompactValue::Map(map) => map.is_empty(),
        _ => false,
    }
}

/// `TWILIO_MAIN_AUTH_TOKEN` for `auth_token` of `providers.twilio-main`.
fn variable_name(address: &Address, attribute: &str) -> String {
    let mut name = String::new();
    for char in address.name.chars().chain(['_']).chain(attribute.chars()) {
        let _ = write!(name, "{}", if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' });
    }
    if name.starts_with(|char: char| char.is_ascii_digit()) { format!("_{name}") } else { name }
}
