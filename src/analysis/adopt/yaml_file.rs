//! One file: the objects of one kind in one account.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::alike::{AlikeObjects, Factored, Factoring, factor};
use super::alike_entry::{AdoptedTable, AlikeEntry};
use super::statement::{ObjectStatement, RefusedAttributes, StatedContent, StatedNumber};
use super::yaml_scalar::{block_value, double_quoted, inline_value, mapping_key};
use super::{AdoptableObject, AdoptionSet};
use crate::model::kind::{AttributeAccess, AttributeType, Field};
use crate::model::resource::Address;
use crate::model::value::{CompactValue, hidden::holds_mark};
use crate::plan::Inputs;
use crate::text::escape;

/// A secret that the user has to supply before telform can manage it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPlaceholder {
    /// Object that holds it.
    pub address: Address,
    /// Which attribute.
    pub attribute: &'static str,
    /// The environment variable that supplies it.
    pub variable: String,
    /// How much of it the service shows.
    pub shown: ShownSecret,
}

/// How much of a secret a service shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownSecret {
    /// Its text, so that it can be compared.
    Whole,
    /// A part of it, or stars.
    InPart,
    /// Nothing.
    Never,
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

/// How an adoption is written.
#[derive(Debug, Clone, Default)]
pub struct WritingChoices {
    /// When alike objects become a table.
    pub factoring: Factoring,
    /// Whether tables have what only a create needs.
    pub with_create_attributes: bool,
    /// Attributes that the loader or the plan did not accept, with the reason.
    pub refused: RefusedAttributes,
    /// Kinds and attributes that are stated though only a create needs them: without them a plan is not empty.
    pub needed: BTreeSet<(&'static str, &'static str)>,
}

/// A file that is being written.
#[derive(Debug, Default)]
pub struct AdoptionFile {
    /// The kind of its objects.
    pub kind: &'static str,
    /// Its text.
    pub text: String,
    /// The number of lines.
    lines_written: usize,
    /// Addresses that it declares.
    pub addresses: Vec<Address>,
    /// Numbers that it connects.
    pub numbers: usize,
    /// Line of each entry, counted from 1.
    pub entry_lines: BTreeSet<usize>,
    /// First line of each attribute, counted from 1, with the objects that have it from there.
    pub attribute_lines: BTreeMap<usize, (Rc<[Address]>, &'static str)>,
    /// Secrets to supply.
    pub placeholders: Vec<SecretPlaceholder>,
    /// What is there only as a comment.
    pub omitted: Vec<OmittedAttribute>,
    /// Its tables.
    pub tables: Vec<AdoptedTable>,
    /// What is left out because only a create needs it.
    pub for_creates_only: BTreeSet<&'static str>,
}

/// Writes the objects of one group. `name`: the name of the file without its ending.
pub fn render_file(
    inputs: &Inputs<'_>,
    adoption: &AdoptionSet<'_>,
    group: &[AdoptableObject<'_>],
    choices: &WritingChoices,
    name: &str,
) -> AdoptionFile {
    let mut page = AdoptionFile::default();
    let Some(first) = group.first() else { return page };
    page.kind = first.kind.name;
    let mut statements: Vec<ObjectStatement<'_>> =
        group.iter().map(|found| ObjectStatement::new(inputs, adoption, found, &choices.refused)).collect();
    let has_tables = !factor(&statements, choices.factoring).tables.is_empty();
    if has_tables && !choices.with_create_attributes {
        for statement in &mut statements {
            page.for_creates_only.extend(statement.without_create_attributes(&choices.needed));
        }
    }
    let factored = factor(&statements, choices.factoring);
    let org = inputs.desired.accounts.get(first.account).and_then(|account| account.organization());
    let of = org.map(|org| format!(" (organization {})", escape(org))).unwrap_or_default();
    page.push_line(&format!("# Written by `telform adopt` from account {}{of}.", first.account));
    page.push_line("# An attribute that is not mentioned is left alone; delete lines that you do not want to manage.");
    if !page.for_creates_only.is_empty() {
        let names: Vec<&str> = page.for_creates_only.iter().copied().collect();
        page.push_line(&format!(
            "# Left out, because only a create needs it: {} (--with-create-attributes writes it).",
            names.join(", ")
        ));
    }
    page.push_line("version: 1");
    page.write_entries(&factored, first.kind.name, name);
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
        page.write_object(&ObjectStatement::new(inputs, adoption, found, &RefusedAttributes::new()));
    }
    page
}

impl AdoptionFile {
    fn push_line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
        self.lines_written += 1 + text.bytes().filter(|byte| *byte == b'\n').count();
    }

    /// Tables first. Each is in a document of its own: two of their entries may have one key.
    fn write_entries(&mut self, factored: &Factored<'_>, kind: &str, name: &str) {
        for (at, group) in factored.tables.iter().enumerate() {
            self.push_line(if at == 0 { "" } else { "---" });
            self.push_line(&format!("{kind}:"));
            let number = if at == 0 { String::new() } else { format!("-{}", at + 1) };
            self.write_alike(group, format!("{name}{number}.csv"));
        }
        if !factored.others.is_empty() {
            self.push_line(if factored.tables.is_empty() { "" } else { "---" });
            self.push_line(&format!("{kind}:"));
            factored.others.iter().for_each(|statement| self.write_object(statement));
        }
        self.addresses.sort();
    }

    fn write_head(&mut self, key: &str) {
        self.entry_lines.insert(self.lines_written + 1);
        self.push_line(&format!("  {key}:"));
    }

    fn write_object(&mut self, statement: &ObjectStatement<'_>) {
        let address: Rc<[Address]> = [statement.address.clone()].into();
        self.addresses.push(statement.address.clone());
        self.write_head(&mapping_key(&statement.address.name));
        self.push_line(&format!("    account: {}", mapping_key(statement.account)));
        if let Some(id) = statement.id {
            let id = if statement.kind.numeric_id { id.to_owned() } else { double_quoted(id) };
            self.push_line(&format!("    id: {id}"));
        }
        let mut open = None;
        for (field, content) in &statement.attributes {
            let left_out = matches!(content, StatedContent::LeftOut(_));
            // The line that opens its map is the attribute's too.
            if !left_out {
                self.attribute_lines.insert(self.lines_written + 1, (Rc::clone(&address), field.name));
            }
            open = self.open_group(open, field, left_out);
            self.numbers += content.connected_numbers();
            match content {
                StatedContent::LeftOut(why) => self.leave_out(statement.address, field.name, why),
                StatedContent::Value(value) => self.write_value(statement.address, field, value),
                StatedContent::Secret(shown) => {
                    let variable = self.add_placeholder(statement.address, field, field.name, *shown);
                    self.push_line(&format!("{}: {{ env: {variable} }}", line_head(field)));
                }
                StatedContent::ServedBy(name) => self.push_line(&format!("    {}: {}", field.name, mapping_key(name))),
                StatedContent::Numbers(numbers) => self.write_numbers(field, numbers),
            }
        }
    }

    /// Begins the map that an attribute is in, where that is not open already. Returns the one that is open now.
    fn open_group(&mut self, open: Option<&'static str>, field: &Field, left_out: bool) -> Option<&'static str> {
        match field.group() {
            Some(group) if open != Some(group) && !left_out => {
                self.push_line(&format!("    {group}:"));
                Some(group)
            }
            Some(group) => open.filter(|open| *open == group),
            None => None,
        }
    }

    fn leave_out(&mut self, address: &Address, attribute: &'static str, why: &str) {
        self.push_line(&format!("    # {attribute}: {}", escape(why)));
        self.omitted.push(OmittedAttribute { address: address.clone(), attribute, why: why.to_owned() });
    }

    fn write_value(&mut self, address: &Address, field: &'static Field, value: &CompactValue) {
        match value {
            CompactValue::Map(entries) if field.allows_secret_sources && holds_mark(value) => {
                self.push_line(&format!("    {}:", field.name));
                for (part, value) in entries {
                    if !holds_mark(value) {
                        self.push_line(&format!("      {}:{}", mapping_key(part), block_value(&value.json(), 6)));
                        continue;
                    }
                    // A secret is never written: its owner supplies it.
                    let variable = self.add_placeholder(address, field, &format!("{}_{part}", field.name), ShownSecret::Whole);
                    self.push_line(&format!("      {}: {{ env: {variable} }}", mapping_key(part)));
                }
            }
            _ => {
                let head = line_head(field);
                let indent = head.len() - head.trim_start().len();
                self.push_line(&format!("{head}:{}", block_value(&value.json(), indent)));
            }
        }
    }

    /// Notes a secret of an object, and returns the variable that supplies it.
    fn add_placeholder(&mut self, address: &Address, field: &'static Field, part: &str, shown: ShownSecret) -> String {
        let (attribute, variable) = (field.name, variable_name(address, part));
        self.placeholders.push(SecretPlaceholder { address: address.clone(), attribute, variable: variable.clone(), shown });
        variable
    }

    fn write_numbers(&mut self, field: &Field, numbers: &[StatedNumber<'_>]) {
        self.push_line(&format!("    {}:", field.name));
        for number in numbers {
            let Some(target) = &number.served_by else { continue };
            let mark = if number.as_shown { ", as_shown: true" } else { "" };
            let (number, target) = (double_quoted(number.number), mapping_key(target));
            self.push_line(&format!("      {number}: {{ provider: {target}{mark} }}"));
        }
        for number in numbers.iter().filter(|number| number.served_by.is_none()) {
            self.push_line(&format!("      # {}: nothing serves this number", escape(number.number)));
        }
    }

    /// One entry for all objects of a table.
    fn write_alike(&mut self, group: &AlikeObjects<'_>, table: String) {
        let Some(first) = group.objects.first() else { return };
        let entry = AlikeEntry::new(group, table);
        let addresses: Rc<[Address]> = entry.table.addresses.as_slice().into();
        self.addresses.extend(addresses.iter().cloned());
        self.write_head(&double_quoted(&entry.key));
        self.push_line(&format!("    for_each: {}", file_name(&entry.table.name)));
        self.push_line(&format!("    account: {}", mapping_key(first.statement.account)));
        if let Some(id) = &entry.id {
            self.push_line(&format!("    id: {}", inline_value(id)));
        }
        let mut open = None;
        for (field, value) in &entry.attributes {
            if value.is_some() {
                self.attribute_lines.insert(self.lines_written + 1, (Rc::clone(&addresses), field.name));
            }
            open = self.open_group(open, field, value.is_none());
            if let Some(value) = value {
                let head = line_head(field);
                let indent = head.len() - head.trim_start().len();
                let secret = field.ty == AttributeType::Secret;
                let text = if secret { format!(" {}", inline_value(value)) } else { block_value(value, indent) };
                self.push_line(&format!("{head}:{text}"));
            }
            for (_, why, objects) in entry.left_out.iter().filter(|(of, ..)| of.name == field.name) {
                self.push_line(&format!("    # {}: {} ({})", field.name, escape(why), escape(&entry.of_rows(objects))));
                self.omitted.extend(objects.iter().map(|object| OmittedAttribute {
                    address: object.statement.address.clone(),
                    attribute: field.name,
                    why: (*why).to_owned(),
                }));
            }
        }
        for object in &group.objects {
            for (field, content) in &object.statement.attributes {
                self.add_placeholders(object.statement.address, field, content);
                self.numbers += content.connected_numbers();
            }
        }
        self.tables.push(entry.table);
    }

    fn add_placeholders(&mut self, address: &Address, field: &'static Field, content: &StatedContent<'_>) {
        match content {
            StatedContent::Secret(shown) => {
                self.add_placeholder(address, field, field.name, *shown);
            }
            StatedContent::Value(value) if field.allows_secret_sources => {
                let CompactValue::Map(entries) = &**value else { return };
                for (part, _) in entries.iter().filter(|(_, value)| holds_mark(value)) {
                    self.add_placeholder(address, field, &format!("{}_{part}", field.name), ShownSecret::Whole);
                }
            }
            _ => {}
        }
    }
}

impl ObjectStatement<'_> {
    /// Takes out what only a create needs, and returns the names.
    fn without_create_attributes(&mut self, needed: &BTreeSet<(&'static str, &'static str)>) -> Vec<&'static str> {
        let kind = self.kind;
        let is_out = |field: &Field| {
            field.access == AttributeAccess::CreateOnly
                && !kind.natural_key.contains(&field.name)
                && !needed.contains(&(kind.name, field.name))
        };
        let names =
            self.attributes.iter().map(|(field, _)| field).filter(|field| is_out(field)).map(|field| field.name).collect();
        self.attributes.retain(|(field, _)| !is_out(field));
        names
    }
}

/// The name of a file as a plain text where that is one.
/// The beginning of the line of an attribute, up to the colon.
fn line_head(field: &Field) -> String {
    format!("{}{}", if field.group().is_some() { "      " } else { "    " }, field.own_name())
}

fn file_name(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let plain = name.starts_with(|char: char| char.is_ascii_alphabetic()) && name.bytes().all(is_plain);
    if plain { name.to_owned() } else { double_quoted(name) }
}

/// `TWILIO_MAIN_AUTH_TOKEN` for `auth_token` of `providers.twilio-main`.
fn variable_name(address: &Address, attribute: &str) -> String {
    let name = format!("{}_{}", variable_part(&address.name), variable_part(attribute));
    if name.starts_with(|char: char| char.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// A text in the letters that names of variables have.
pub(super) fn variable_part(text: &str) -> String {
    text.chars().map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' }).collect()
}
