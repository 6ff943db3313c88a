//! Tombstones: objects that are to be deleted.

use std::collections::BTreeMap;

use super::{ConfigLoader, FileEntry, FileRef, suggestions, values};
use crate::config::problem::Problem;
use crate::config::schema;
use crate::config::yaml::{MapEntry, YamlNode};
use crate::model::kind::{Field, Kind};
use crate::model::resource::{Address, DesiredValue, Removal};
use crate::services;
use crate::text::masked_for_display;

/// Where a key is.
const UNDER_REMOVED: &str = "in an entry under `removed`";

impl<'a> ConfigLoader<'a> {
    pub(super) fn collect_removed(&mut self, item: FileEntry<'a>) {
        self.removed.push(item);
    }

    pub(super) fn read_removed(&mut self) {
        let mut seen: BTreeMap<Address, (FileRef<'a>, &'a MapEntry)> = BTreeMap::new();
        for item in std::mem::take(&mut self.removed) {
            let Some(list) = item.entry.value.as_list() else {
                self.report_wrong_type(item.file, item.entry, "a list of entries with an `address` each");
                continue;
            };
            for node in list {
                let Some((removal, line)) = self.read_tombstone(item, node) else { continue };
                if let Some((file, first)) = seen.insert(removal.address.clone(), (item.file, line)) {
                    let what = format!("`{}` is removed twice", removal.address);
                    let again = (item.file, line.value.used_at);
                    self.report_duplicate(
                        "telform::yaml::duplicate",
                        &what,
                        (file, first.value.used_at),
                        again,
                        "keep one of them",
                    );
                }
                let (declared, referred) = (self.objects.get(&removal.address), self.existing.get(&removal.address));
                let declared = declared.or(self.number_blocks.get(&removal.address));
                let as_what = if declared.is_some() { "declared" } else { "under `existing`" };
                if let Some(declared) = declared.or(referred).map(|block| block.head) {
                    self.report_problem(
                        Problem::new(
                            "telform::yaml::removed_and_declared",
                            format!("`{}` is both {as_what} and removed", removal.address),
                            &item.file.source,
                            line.value.used_at,
                        )
                        .label("removed here")
                        .also_at(&declared.file.source, declared.entry.key_span, "declared here")
                        .help("keep one of them"),
                    );
                }
                self.desired.removed.push(removal);
            }
        }
    }

    /// One tombstone and the line that holds its address.
    fn read_tombstone(&mut self, list: FileEntry<'a>, node: &'a YamlNode) -> Option<(Removal, &'a MapEntry)> {
        let file = list.file;
        let Some(entries) = node.as_map() else {
            self.report_problem(
                Problem::new("telform::yaml::wrong_type", "an entry under `removed` must be a map", &file.source, node.used_at)
                    .label(format!("this is {}", node.type_name()))
                    .help("- address: providers.old-one\n  reason: why it goes"),
            );
            return None;
        };
        let Some(line) = node.get("address") else {
            if let Some(typed) = entries.iter().find(|entry| suggestions::closest_name(&entry.key, ["address"]).is_some()) {
                self.report_unknown_key(file, typed, &schema::TOMBSTONE, UNDER_REMOVED);
                return None;
            }
            let what = "an entry under `removed` needs the address that the object had";
            self.report_problem(
                Problem::new("telform::yaml::missing", what, &file.source, node.used_at).label("`address` is missing"),
            );
            return None;
        };
        let address = self.read_address(FileEntry { file, entry: line })?;
        let rows = services::shapes_of_kind(&address.kind);
        let named = node.get("account").map(|entry| FileEntry { file, entry });
        let account = self.account_of_removed(FileEntry { file, entry: line }, named, &address.kind);
        let mut removal = Removal {
            address,
            reason: None,
            keep: false,
            account: account.map(str::to_owned),
            id: None,
            key: BTreeMap::new(),
            location: file.source.location_of(line.key_span),
        };
        for entry in entries {
            self.tombstone_line(FileEntry { file, entry }, &rows, &mut removal);
        }
        Some((removal, line))
    }

    fn tombstone_line(&mut self, item: FileEntry<'a>, rows: &[&'static Kind], removal: &mut Removal) {
        match item.key() {
            "address" | "account" => {}
            "reason" => removal.reason = self.text(item.file, item.entry).map(|why| masked_for_display(&why).into_owned()),
            "id" if !rows.is_empty() => removal.id = self.read_pinned_id(item, rows),
            "keep" => removal.keep = self.read_boolean(item.file, item.entry).unwrap_or_default(),
            key => {
                let Some(field) = key_field(rows, key) else {
                    let mut known = schema::TOMBSTONE.to_vec();
                    known.retain(|key| *key != "id" || !rows.is_empty());
                    known.extend(natural_key_fields(rows));
                    return self.report_unknown_key(item.file, item.entry, &known, UNDER_REMOVED);
                };
                if item.entry.value.is_null() {
                    return self.report_wrong_type(item.file, item.entry, "what the object has there");
                }
                if let Some(DesiredValue::Value(value)) = self.read_attribute(item.file, field, item.entry, &[]) {
                    removal.key.insert(field.name, value);
                }
            }
        }
    }

    /// Reads an address of a kind that exists.
    pub(super) fn read_address(&mut self, item: FileEntry<'_>) -> Option<Address> {
        let text = self.text(item.file, item.entry)?;
        let kinds = services::address_kinds();
        let address = Address::parse(&text);
        let named = |it: &Address| match services::link_entry(&it.kind) {
            Some(_) => !it.name.chars().any(char::is_control),
            None => suggestions::is_name(&it.name),
        };
        let known = address.as_ref().is_some_and(|it| kinds.contains(&it.kind.as_str()) && named(it));
        if known {
            return address;
        }
        let kind = text.split('.').next().unwrap_or_default();
        let help = match kinds.contains(&kind) {
            true => format!("add the name of the entry: {kind}.NAME"),
            false => format!("KIND.NAME, such as providers.old-one\n{}", suggestions::suggest_names(kind, &kinds, "kinds")),
        };
        self.report_problem(
            Problem::new(
                "telform::yaml::address",
                format!("`{}` is not an address", suggestions::shorten_name(&text)),
                &item.file.source,
                values::value_span(item.entry),
            )
            .label("here")
            .help(help),
        );
        None
    }
}

/// Natural key fields over all shapes, each once.
pub(super) fn natural_key_fields(rows: &[&'static Kind]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = rows.iter().flat_map(|kind| kind.natural_key.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The row of a field that is part of a natural key.
pub(super) fn key_field(rows: &[&'static Kind], name: &str) -> Option<&'static Field> {
    rows.iter().filter(|kind| kind.natural_key.contains(&name)).find_map(|kind| kind.field(name))
}
