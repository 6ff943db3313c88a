//! Objects that entries only refer to: another team's, found by an id or a whole natural key, and never changed or managed.

use std::rc::Rc;

use super::objects::{ParsedObject, blank_object, is_chosen_id};
use super::tombstones::{key_field, natural_key_fields};
use super::{ConfigLoader, FileEntry, LayeredBlock, suggestions};
use crate::config::problem::Problem;
use crate::config::schema;
use crate::model::kind::Kind;
use crate::model::resource::{Address, DesiredObject, DesiredValue};
use crate::services;

impl<'a> ConfigLoader<'a> {
    /// Collects a map of kinds with the objects that are referred to. A kind that only stands here is not in scope for deletes.
    pub(super) fn collect_existing(&mut self, section: FileEntry<'a>) {
        let kinds = services::kind_names();
        for entry in self.read_section(section).unwrap_or_default() {
            let here = FileEntry { file: section.file, entry };
            if kinds.contains(&here.key()) {
                self.collect_entries(here, |loader| &mut loader.existing);
            } else {
                self.report_unknown_key(here.file, entry, &kinds, "under `existing`");
            }
        }
    }

    pub(super) fn read_existing(&mut self) {
        for (address, block) in self.existing.clone() {
            if let Some(declared) = self.objects.get(&address).map(|block| block.head) {
                let what = format!("`{address}` is both declared and under `existing`");
                let help = "keep one: telform manages what is declared, and `existing` is for what it does not manage";
                let (first, again) = ((declared.file, declared.entry.key_span), (block.head.file, block.head.entry.key_span));
                self.report_duplicate("telform::yaml::existing", &what, first, again, help);
            } else if let Some(object) = self.read_reference(&address, &block) {
                self.parsed_existing.insert(address, ParsedObject { object, block });
            }
        }
    }

    /// What identifies one of them. Of the defaults it takes the account alone.
    fn read_reference(&mut self, address: &Address, block: &Rc<LayeredBlock<'a>>) -> Option<DesiredObject> {
        if !block.is_well_formed {
            return None;
        }
        let named = self.with_defaults(address, Rc::clone(block)).get("account");
        let account = self.account_of(block.head, named, &address.kind);
        let generation = account.and_then(|name| self.account_summaries.get(name)).and_then(|login| login.generation);
        let mut shapes = services::shapes_of_kind(&address.kind);
        shapes.retain(|kind| generation.is_none() || kind.generation.is_none() || kind.generation == generation);
        let mut object = blank_object(address.clone(), account.unwrap_or_default(), shapes.clone(), block);
        for line in &block.overridden {
            self.read_reference_line(*line, &shapes, &mut object.clone());
        }
        for line in &block.entries {
            self.read_reference_line(*line, &shapes, &mut object);
        }
        let stated = |name: &&str| block.get(name).is_some();
        let words: Vec<String> = shapes.iter().map(|kind| kind.natural_key.join("` + `")).collect();
        let keys = natural_key_fields(&shapes);
        object.shapes.retain(|kind| {
            let fits = keys.iter().filter(|name| stated(name)).all(|name| kind.natural_key.contains(name));
            fits && (block.get("id").is_some() || kind.natural_key.iter().all(stated))
        });
        let all = [&schema::REFERENCE[..], &keys].concat();
        if object.shapes.is_empty() && block.entries.iter().all(|line| all.contains(&line.key())) {
            let head = block.head;
            let what = format!("`{address}` does not identify an object");
            self.report_problem(
                Problem::new("telform::yaml::existing", what, &head.file.source, head.entry.key_span)
                    .label("which one?")
                    .help(format!("write its `id`, or its whole natural key: `{}`", words.join("`, or `"))),
            );
        }
        (account.is_some() && !object.shapes.is_empty()).then_some(object)
    }

    fn read_reference_line(&mut self, item: FileEntry<'a>, rows: &[&'static Kind], object: &mut DesiredObject) {
        match item.key() {
            "account" => {}
            "id" => object.id = self.read_pinned_id(item, rows),
            key => {
                let Some(field) = key_field(rows, key) else { return self.refuse_setting(item, rows) };
                if item.entry.value.is_null() {
                    return self.report_wrong_type(item.file, item.entry, "what the object has there");
                }
                object.locations.insert(field.name, item.file.source.location_of(item.entry.key_span));
                let value = self.read_attribute(item.file, field, item.entry, &[]);
                let chosen = rows.iter().any(|kind| is_chosen_id(kind, field));
                if let Some(value @ DesiredValue::Value(_)) = value.filter(|_| !chosen || self.check_slug(item)) {
                    object.attributes.insert(field.name, value);
                }
            }
        }
    }

    /// A key that would change the object, or that nothing knows.
    fn refuse_setting(&mut self, item: FileEntry<'a>, rows: &[&'static Kind]) {
        let mut known = schema::REFERENCE.to_vec();
        known.extend(natural_key_fields(rows));
        let (key, kind) = (item.key(), rows.first().map_or("", |kind| kind.name));
        let of_an_entry = schema::OBJECT.contains(&key) || rows.iter().any(|kind| kind.field(key).is_some());
        if !of_an_entry {
            return self.report_unknown_key(item.file, item.entry, &known, "under `existing`");
        }
        let what = format!("`{key}` is not allowed for an object that is only referred to");
        let known = suggestions::join_names(&known);
        self.report_problem(
            Problem::new("telform::yaml::existing", what, &item.file.source, item.entry.key_span)
                .label("not here")
                .help(format!("only {known} are allowed here; to manage the object, declare it under `{kind}`")),
        );
    }
}
