//! Tombstones: objects that shall go.

use std::collections::BTreeMap;

use super::{In, Item, Loader, names, values};
use crate::backend;
use crate::kind::{Field, Kind};
use crate::problem::Problem;
use crate::resource::{Address, Removal, Wanted};
use crate::schema;
use crate::text::unsecret;
use crate::yaml::{Entry, Node};

impl<'a> Loader<'a> {
    pub(super) fn collect_removed(&mut self, item: Item<'a>) {
        self.removed.push(item);
    }

    pub(super) fn read_removed(&mut self) {
        let mut seen: BTreeMap<Address, (In<'a>, &'a Entry)> = BTreeMap::new();
        for item in std::mem::take(&mut self.removed) {
            let Some(list) = item.entry.value.list() else {
                self.wrong(item.file, item.entry, "a list of entries with an `address` each");
                continue;
            };
            for node in list {
                let Some((removal, line)) = self.tombstone(item, node) else { continue };
                if let Some((file, first)) = seen.insert(removal.address.clone(), (item.file, line)) {
                    let what = format!("`{}` is removed twice", removal.address);
                    let again = (item.file, line.value.at);
                    self.twice(
                        "telform::yaml::duplicate",
                        &what,
                        (file, first.value.at),
                        again,
                        "keep one of them",
                    );
                }
                if let Some(declared) = self.objects.get(&removal.address).map(|block| block.head) {
                    self.report(
                        Problem::new(
                            "telform::yaml::removed_and_declared",
                            format!("`{}` is both declared and removed", removal.address),
                            &item.file.source,
                            line.value.at,
                        )
                        .label("removed here")
                        .also(&declared.file.source, declared.entry.key_span, "declared here")
                        .help("keep one of them"),
                    );
                }
                self.desired.removed.push(removal);
            }
        }
    }

    /// One tombstone and the line that holds its address.
    fn tombstone(&mut self, list: Item<'a>, node: &'a Node) -> Option<(Removal, &'a Entry)> {
        let file = list.file;
        let Some(entries) = node.map() else {
            self.report(
                Problem::new("telform::yaml::wrong_type", "a tombstone must be a map", &file.source, node.at)
                    .label(format!("this is {}", node.sort()))
                    .help("- address: providers.old-one\n  reason: why it goes"),
            );
            return None;
        };
        let Some(line) = node.get("address") else {
            let what = "a tombstone needs the address that the object had";
            self.report(
                Problem::new("telform::yaml::missing", what, &file.source, node.at)
                    .label("`address` is missing"),
            );
            return None;
        };
        let address = self.address(Item { file, entry: line })?;
        let rows = backend::shapes(&address.kind);
        let named = node.get("account").map(|entry| Item { file, entry });
        let account = self.account_of_removed(Item { file, entry: line }, named, &address.kind);
        let mut removal = Removal {
            address,
            reason: None,
            keep: false,
            account: account.map(str::to_owned),
            id: None,
            key: BTreeMap::new(),
            place: file.source.place(line.key_span),
        };
        for entry in entries {
            self.tombstone_line(Item { file, entry }, &rows, &mut removal);
        }
        Some((removal, line))
    }

    fn tombstone_line(&mut self, item: Item<'a>, rows: &[&'static Kind], removal: &mut Removal) {
        match item.key() {
            "address" | "account" => {}
            "reason" => {
                removal.reason = self.text(item.file, item.entry).map(|why| unsecret(&why).into_owned())
            }
            "id" => removal.id = self.pinned(item, rows),
            "keep" => removal.keep = self.boolean(item.file, item.entry).unwrap_or_default(),
            key => {
                let Some(field) = key_field(rows, key) else {
                    let mut known = schema::TOMBSTONE.to_vec();
                    known.extend(natural(rows));
                    return self.unknown(item.file, item.entry, &known, "in a tombstone");
                };
                if item.entry.value.is_null() {
                    return self.wrong(item.file, item.entry, "what the object has there");
                }
                if let Some(Wanted::Value(value)) = self.attribute(item.file, field, item.entry, &[]) {
                    removal.key.insert(field.name, value);
                }
            }
        }
    }

    /// Reads an address of a kind that exists.
    pub(super) fn address(&mut self, item: Item<'_>) -> Option<Address> {
        let text = self.text(item.file, item.entry)?;
        let kinds = backend::kind_names();
        let address = Address::parse(&text);
        let known =
            address.as_ref().is_some_and(|it| kinds.contains(&it.kind.as_str()) && names::is_name(&it.name));
        if known {
            return address;
        }
        let kind = text.split('.').next().unwrap_or_default();
        self.report(
            Problem::new(
                "telform::yaml::address",
                format!("`{}` is no address", names::short(&text)),
                &item.file.source,
                values::spot(item.entry),
            )
            .label("here")
            .help(format!("KIND.NAME, such as providers.old-one\n{}", names::advice(kind, &kinds, "kinds"))),
        );
        None
    }
}

/// Natural key fields over all shapes, each once.
fn natural(rows: &[&'static Kind]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> =
        rows.iter().flat_map(|kind| kind.natural_key.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn key_field(rows: &[&'static Kind], name: &str) -> Option<&'static Field> {
    rows.iter().filter(|kind| kind.natural_key.contains(&name)).find_map(|kind| kind.field(name))
}
