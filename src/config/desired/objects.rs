//! Objects: one entry below a kind.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{ConfigLoader, FileEntry, LayeredBlock, TWICE, suggestions, values};
use crate::config::problem::Problem;
use crate::config::schema;
use crate::config::yaml::PlainScalar;
use crate::model::kind::{AttributeType, Field, Kind, UpdateMethod};
use crate::model::resource::{Address, DesiredObject, FieldMap};
use crate::services;

/// Entries by address, merged from the layers.
pub(super) type Blocks<'a> = BTreeMap<Address, Rc<LayeredBlock<'a>>>;

/// An object with the lines it was read from.
pub(super) struct ParsedObject<'a> {
    pub(super) object: DesiredObject,
    pub(super) block: Rc<LayeredBlock<'a>>,
}

impl<'a> ParsedObject<'a> {
    /// The line of one of its keys.
    pub(super) fn key_entry(&self, key: &str) -> Option<FileEntry<'a>> {
        self.block.get(key)
    }

    /// The line of the address that serves it, where it is its own holder.
    pub(super) fn served_by_entry(&self) -> Option<FileEntry<'a>> {
        let mut fields = self.object.shapes.iter().flat_map(|kind| kind.fields);
        self.key_entry(fields.find(|field| field.ty == AttributeType::ServedBy)?.name)
    }

    /// The lines of its numbers that were understood.
    pub(super) fn number_entries(&self) -> impl Iterator<Item = FileEntry<'a>> {
        let field = self.object.shapes.iter().flat_map(|kind| kind.fields).find(|field| field.ty == AttributeType::Numbers);
        let line = field.and_then(|field| self.key_entry(field.name));
        let lines = line.into_iter().flat_map(|line| {
            let entries = line.entry.value.as_map().unwrap_or_default().iter();
            entries.map(move |entry| FileEntry { file: line.file, entry })
        });
        let known = self.object.numbers.as_ref();
        lines.filter(move |line| {
            known.is_some_and(|numbers| numbers.contains_key(&crate::text::normalize_phone_number(line.key())))
        })
    }
}

impl<'a> ConfigLoader<'a> {
    pub(super) fn collect_objects(&mut self, section: FileEntry<'a>) {
        let kind = section.entry.key.clone();
        let entries = services::link_entry(&kind).is_some();
        self.desired.kinds.insert(kind);
        self.collect_entries(section, if entries { |loader| &mut loader.number_blocks } else { |loader| &mut loader.objects });
    }

    /// The entries of one kind, managed or only referred to.
    pub(super) fn collect_entries(&mut self, section: FileEntry<'a>, blocks: fn(&mut Self) -> &mut Blocks<'a>) {
        let kind = section.entry.key.clone();
        for entry in self.read_section(section).unwrap_or_default() {
            let here = FileEntry { file: section.file, entry };
            let address = Address { kind: kind.clone(), name: entry.key.clone() };
            if services::link_entry(&kind).is_none() {
                self.name(here, &format!("one of the {kind}"));
            }
            if let Some(mut block) = self.overlay.then(|| blocks(self).get(&address).cloned()).flatten() {
                self.apply_overlay(Rc::make_mut(&mut block), here);
                blocks(self).insert(address, block);
            } else if let Some(first) = blocks(self).get(&address).map(|block| block.head) {
                let name = suggestions::shorten_name(&entry.key);
                let what = format!("`{}` is defined twice", Address::new(&kind, &name));
                let (first, again) = ((first.file, first.entry.key_span), (here.file, entry.key_span));
                self.report_duplicate("telform::yaml::duplicate_address", &what, first, again, TWICE);
            } else {
                let block = self.define_block(here);
                blocks(self).insert(address, Rc::new(block));
            }
        }
    }

    pub(super) fn read_objects(&mut self) {
        let blocks: Vec<(Address, Rc<LayeredBlock<'a>>)> =
            self.objects.iter().map(|(address, block)| (address.clone(), Rc::clone(block))).collect();
        let parsed = blocks.into_iter().filter_map(|(address, block)| {
            let block = self.with_defaults(&address, block);
            let object = self.read_object(&address, &block)?;
            Some((address, ParsedObject { object, block }))
        });
        self.parsed = parsed.collect();
    }

    fn read_object(&mut self, address: &Address, block: &LayeredBlock<'a>) -> Option<DesiredObject> {
        if !block.is_well_formed {
            return None;
        }
        let item = block.head;
        let account = self.account_of(item, block.get("account"), &address.kind);
        let generation = account.and_then(|name| self.account_summaries.get(name)).and_then(|login| login.generation);
        let all = services::shapes_of_kind(&address.kind);
        let shapes = self.matching_shapes(address, block, &all, generation);
        let rows = if shapes.is_empty() { &all } else { &shapes };
        let mut object = blank_object(address.clone(), account.unwrap_or_default(), shapes.clone(), block);
        for line in &block.overridden {
            self.read_object_entry(*line, rows, &mut object.clone());
        }
        for line in &block.entries {
            self.read_object_entry(*line, rows, &mut object);
        }
        self.read_served_by(block, rows, &mut object);
        self.report_dropped(block, &object);
        let good = account.is_some() && !shapes.is_empty();
        good.then_some(object)
    }

    /// One line of an object.
    pub(super) fn read_object_entry(&mut self, item: FileEntry<'a>, rows: &[&'static Kind], object: &mut DesiredObject) {
        let (file, entry) = (item.file, item.entry);
        let place = item.value_location();
        match item.key() {
            "account" => {}
            "id" => object.id = self.read_pinned_id(item, rows),
            "lifecycle" => self.read_lifecycle(item, rows, object),
            "update" => object.use_put = self.read_update_method(item, rows),
            key => {
                let Some(field) = rows.iter().find_map(|kind| kind.field(key)) else { return };
                if !field.is_stated() {
                    return;
                }
                object.locations.insert(field.name, place);
                if field.ty == AttributeType::Numbers {
                    object.numbers = self.read_numbers(item, &object.address.kind);
                    return;
                }
                if field.ty == AttributeType::ServedBy {
                    return; // Read when the number that it serves is known.
                }
                let wanted = if entry.value.is_null() && field.ty != AttributeType::Secret {
                    self.read_null(file, rows, field, entry)
                } else {
                    self.read_attribute(file, field, entry, &[&object.address.name, key])
                };
                object.sourced_values.retain(|value| value.attribute != field.name);
                object.sourced_values.append(&mut self.sourced);
                if let Some(wanted) = wanted {
                    if rows.iter().any(|kind| is_chosen_id(kind, field)) {
                        self.check_slug(item);
                    }
                    object.attributes.insert(field.name, wanted);
                }
            }
        }
    }

    /// A pinned identity: it appears in paths, so its characters are checked.
    pub(super) fn read_pinned_id(&mut self, item: FileEntry<'a>, rows: &[&'static Kind]) -> Option<String> {
        let (file, entry) = (item.file, item.entry);
        let numeric = rows.iter().all(|kind| kind.numeric_id);
        if numeric {
            let text = entry.value.as_scalar().map(|scalar| &*scalar.text).unwrap_or_default();
            let plain = entry
                .value
                .as_scalar()
                .is_some_and(|it| matches!(it.classify_scalar(), PlainScalar::Integer | PlainScalar::Text));
            if plain && text.parse::<u64>().is_ok_and(|id| id > 0 && id.to_string() == text) {
                return Some(text.to_owned());
            }
            self.report_wrong_type(file, entry, "the number that the service gave the object");
            return None;
        }
        let text = self.text(file, entry)?;
        if rows.iter().any(|kind| kind.field(kind.id).is_some_and(|field| is_chosen_id(kind, field))) {
            return self.check_slug(item).then(|| text.into());
        }
        let good = !text.is_empty()
            && text.len() <= 200
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !good {
            self.report_problem(
                Problem::new(
                    "telform::yaml::id",
                    "this cannot be an identity at the service",
                    &file.source,
                    values::value_span(entry),
                )
                .label("letters, digits, `-` and `_`"),
            );
        }
        good.then(|| text.into())
    }

    /// An identity that the user chooses.
    pub(super) fn check_slug(&mut self, item: FileEntry<'_>) -> bool {
        let text = item.entry.value.as_scalar().map(|scalar| &*scalar.text).unwrap_or_default();
        let good = suggestions::is_slug(text);
        if !good {
            self.report_problem(
                Problem::new(
                    "telform::yaml::slug",
                    format!("`{}` is not a slug", suggestions::shorten_name(text)),
                    &item.file.source,
                    values::value_span(item.entry),
                )
                .label("here")
                .help("lower-case letters and digits in groups joined by single `-`, at most 50 characters: sales-bridge-001"),
            );
        }
        good
    }

    fn read_lifecycle(&mut self, item: FileEntry<'a>, rows: &[&'static Kind], object: &mut DesiredObject) {
        for entry in self.read_section(item).unwrap_or_default() {
            let here = FileEntry { file: item.file, entry };
            match here.key() {
                "prevent_delete" => object.prevent_delete = self.read_boolean(here.file, entry).unwrap_or_default(),
                "ignore" => self.read_ignored(here, rows, &mut object.ignored_attributes),
                _ => self.report_unknown_key(here.file, entry, &schema::LIFECYCLE, "under `lifecycle`"),
            }
        }
    }

    fn read_ignored(&mut self, item: FileEntry<'a>, rows: &[&'static Kind], ignore: &mut BTreeSet<String>) {
        let Some(list) = item.entry.value.as_list() else {
            return self.report_wrong_type(item.file, item.entry, "a list of attributes");
        };
        let known = writable_attributes(rows);
        ignore.clear();
        for node in list {
            let name = node.as_scalar().map(|scalar| &*scalar.text).unwrap_or_default();
            if known.contains(&name) {
                ignore.insert(name.to_owned());
                continue;
            }
            self.report_problem(
                Problem::new(
                    "telform::yaml::unknown_attribute",
                    format!("`{}` is not an attribute that can be ignored", suggestions::shorten_name(name)),
                    &item.file.source,
                    node.used_at,
                )
                .label("here")
                .help(suggestions::suggest_names(name, &known, "attributes")),
            );
        }
    }

    fn read_update_method(&mut self, item: FileEntry<'a>, rows: &[&'static Kind]) -> bool {
        if !rows.iter().any(|kind| matches!(kind.update, UpdateMethod::PatchOrPut { .. })) {
            self.report_problem(
                Problem::new(
                    "telform::yaml::update",
                    "this kind can be updated in one way only",
                    &item.file.source,
                    item.entry.key_span,
                )
                .label("not for this kind")
                .help("leave `update` out"),
            );
            return false;
        }
        match item.entry.value.as_scalar().map(|scalar| &*scalar.text) {
            Some("patch") => false,
            Some("put") => true,
            _ => {
                self.report_wrong_type(item.file, item.entry, "patch or put");
                false
            }
        }
    }

    /// Attributes that the service drops unless another attribute has a certain value.
    fn report_dropped(&mut self, block: &LayeredBlock<'a>, object: &DesiredObject) {
        for name in object.attributes.keys() {
            let Some((other, value)) = object.shapes.iter().find_map(|kind| kind.field(name)?.only_with) else {
                continue;
            };
            let said = block.get(other).and_then(|line| line.entry.value.as_scalar());
            let (Some(said), Some(line)) = (said, block.get(name)) else { continue };
            if &*said.text != value && !line.entry.value.is_null() {
                self.report_problem(
                    Problem::new(
                        "telform::yaml::dropped",
                        format!("the service drops `{name}` unless `{other}` is `{value}`"),
                        &line.file.source,
                        line.entry.key_span,
                    )
                    .label("has no effect here")
                    .help("leave it out")
                    .warning(),
                );
            }
        }
    }
}

/// An object of which nothing is read yet.
pub(super) fn blank_object(
    address: Address,
    account: &str,
    shapes: Vec<&'static Kind>,
    block: &LayeredBlock<'_>,
) -> DesiredObject {
    DesiredObject {
        address,
        account: account.to_owned(),
        shapes,
        id: None,
        attributes: FieldMap::with_capacity(block.entries.len()),
        sourced_values: Vec::new(),
        numbers: None,
        unserved_numbers: Default::default(),
        use_put: false,
        prevent_delete: false,
        ignored_attributes: BTreeSet::new(),
        location: block.head.file.source.location_of(block.head.entry.key_span),
        locations: FieldMap::with_capacity(block.entries.len()),
    }
}

/// Whether a field is the object's identity and the user chooses it: it appears in every path.
pub(super) fn is_chosen_id(kind: &Kind, field: &Field) -> bool {
    kind.id == field.name && field.ty == AttributeType::Text && field.is_stated()
}

/// Names of the attributes that may be written, over several shapes.
pub(super) fn writable_attributes(rows: &[&'static Kind]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for field in rows.iter().flat_map(|kind| kind.fields) {
        if field.is_stated() && !names.contains(&field.name) {
            names.push(field.name);
        }
    }
    names
}
