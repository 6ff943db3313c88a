//! Objects: one entry below a kind.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Block, Item, Loader, TWICE, names, values};
use crate::backend;
use crate::kind::{Field, Kind, Type, Update};
use crate::problem::Problem;
use crate::resource::{Address, DesiredObject, Fields};
use crate::schema;
use crate::yaml::Plain;

/// An object with the lines it was read from.
pub(super) struct Parsed<'a> {
    pub(super) object: DesiredObject,
    pub(super) block: Rc<Block<'a>>,
}

impl<'a> Parsed<'a> {
    /// The line of one of its keys.
    pub(super) fn line(&self, key: &str) -> Option<Item<'a>> {
        self.block.get(key)
    }

    /// The lines of its numbers that were understood.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Item<'a>> {
        let field =
            self.object.shapes.iter().flat_map(|kind| kind.fields).find(|field| field.ty == Type::Numbers);
        let line = field.and_then(|field| self.line(field.name));
        let lines = line.into_iter().flat_map(|line| {
            let entries = line.entry.value.map().unwrap_or_default().iter();
            entries.map(move |entry| Item { file: line.file, entry })
        });
        let known = self.object.numbers.as_ref();
        lines.filter(move |line| {
            known.is_some_and(|numbers| numbers.contains_key(&crate::text::number(line.key())))
        })
    }
}

impl<'a> Loader<'a> {
    pub(super) fn collect_objects(&mut self, section: Item<'a>) {
        let kind = section.entry.key.clone();
        self.desired.kinds.insert(kind.clone());
        for entry in self.section(section).unwrap_or_default() {
            let here = Item { file: section.file, entry };
            let address = Address { kind: kind.clone(), name: entry.key.clone() };
            self.name(here, &format!("one of the {kind}"));
            if let Some(mut block) = self.overlay.then(|| self.objects.get(&address).cloned()).flatten() {
                self.lay(Rc::make_mut(&mut block), here);
                self.objects.insert(address, block);
            } else if let Some(first) = self.objects.get(&address).map(|block| block.head) {
                let what = format!("`{kind}.{}` is defined twice", names::short(&entry.key));
                let (first, again) = ((first.file, first.entry.key_span), (here.file, entry.key_span));
                self.twice("telform::yaml::duplicate_address", &what, first, again, TWICE);
            } else {
                let block = self.block(here);
                self.objects.insert(address, Rc::new(block));
            }
        }
    }

    pub(super) fn read_objects(&mut self) {
        let blocks: Vec<(Address, Rc<Block<'a>>)> =
            self.objects.iter().map(|(address, block)| (address.clone(), Rc::clone(block))).collect();
        let parsed = blocks.into_iter().filter_map(|(address, block)| {
            let object = self.object(&address, &block)?;
            Some((address, Parsed { object, block }))
        });
        self.parsed = parsed.collect();
    }

    fn object(&mut self, address: &Address, block: &Block<'a>) -> Option<DesiredObject> {
        if !block.sound {
            return None;
        }
        let item = block.head;
        let account = self.account_of(item, block.get("account"), &address.kind);
        let generation = account.and_then(|name| self.logins.get(name)).and_then(|login| login.generation);
        let all = backend::shapes(&address.kind);
        let shapes = self.shapes(address, block, &all, generation);
        let rows = if shapes.is_empty() { &all } else { &shapes };
        let mut object = DesiredObject {
            address: address.clone(),
            account: account.unwrap_or_default().to_owned(),
            shapes: shapes.clone(),
            id: None,
            attributes: Fields::with_capacity(block.lines.len()),
            sourced: Vec::new(),
            numbers: None,
            idle: Default::default(),
            put: false,
            prevent_delete: false,
            ignore: BTreeSet::new(),
            place: item.file.source.place(item.entry.key_span),
            places: Fields::with_capacity(block.lines.len()),
        };
        for line in &block.overridden {
            self.line(*line, rows, &mut object.clone());
        }
        for line in &block.lines {
            self.line(*line, rows, &mut object);
        }
        self.dropped(block, &object);
        let good = account.is_some() && !shapes.is_empty();
        good.then_some(object)
    }

    /// One line of an object.
    fn line(&mut self, item: Item<'a>, rows: &[&'static Kind], object: &mut DesiredObject) {
        let (file, entry) = (item.file, item.entry);
        let place = file.source.place(entry.key_span);
        match item.key() {
            "account" => {}
            "id" => object.id = self.pinned(item, rows),
            "lifecycle" => self.lifecycle(item, rows, object),
            "update" => object.put = self.update_word(item, rows),
            key => {
                let Some(field) = rows.iter().find_map(|kind| kind.field(key)) else { return };
                if !field.is_stated() {
                    return;
                }
                object.places.insert(field.name, place);
                if field.ty == Type::Numbers {
                    object.numbers = self.numbers(item, &object.address.kind);
                    return;
                }
                let wanted = self.attribute(file, field, entry, &[&object.address.name, key]);
                object.sourced.retain(|value| value.attribute != field.name);
                object.sourced.append(&mut self.sourced);
                if let Some(wanted) = wanted {
                    if rows.iter().any(|kind| is_chosen_id(kind, field)) {
                        self.slug(item);
                    }
                    object.attributes.insert(field.name, wanted);
                }
            }
        }
    }

    /// A pinned identity: it stands in paths, so its characters are checked.
    pub(super) fn pinned(&mut self, item: Item<'a>, rows: &[&'static Kind]) -> Option<String> {
        let (file, entry) = (item.file, item.entry);
        let numeric = rows.iter().all(|kind| kind.numeric_id);
        if numeric {
            let text = entry.value.scalar().map(|scalar| &*scalar.text).unwrap_or_default();
            let plain =
                entry.value.scalar().is_some_and(|it| matches!(it.reading(), Plain::Integer | Plain::Text));
            if plain && text.parse::<u64>().is_ok_and(|id| id > 0 && id.to_string() == text) {
                return Some(text.to_owned());
            }
            self.wrong(file, entry, "the number that the service gave the object");
            return None;
        }
        let text = self.text(file, entry)?;
        if rows.iter().any(|kind| kind.field(kind.id).is_some_and(|field| is_chosen_id(kind, field))) {
            return self.slug(item).then(|| text.into());
        }
        let good = !text.is_empty()
            && text.len() <= 200
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !good {
            self.report(
                Problem::new(
                    "telform::yaml::id",
                    "this cannot be an identity at the service",
                    &file.source,
                    values::spot(entry),
                )
                .label("letters, digits, `-` and `_`"),
            );
        }
        good.then(|| text.into())
    }

    /// An identity that the user chooses.
    fn slug(&mut self, item: Item<'_>) -> bool {
        let text = item.entry.value.scalar().map(|scalar| &*scalar.text).unwrap_or_default();
        let good = names::is_slug(text);
        if !good {
            self.report(
                Problem::new(
                    "telform::yaml::slug",
                    format!("`{}` is no slug", names::short(text)),
                    &item.file.source,
                    values::spot(item.entry),
                )
                .label("here")
                .help("lower-case letters and digits in groups joined by single `-`, at most 50 characters: sales-bridge-001"),
            );
        }
        good
    }

    fn lifecycle(&mut self, item: Item<'a>, rows: &[&'static Kind], object: &mut DesiredObject) {
        for entry in self.section(item).unwrap_or_default() {
            let here = Item { file: item.file, entry };
            match here.key() {
                "prevent_delete" => {
                    object.prevent_delete = self.boolean(here.file, entry).unwrap_or_default()
                }
                "ignore" => self.ignore(here, rows, &mut object.ignore),
                _ => self.unknown(here.file, entry, &schema::LIFECYCLE, "under `lifecycle`"),
            }
        }
    }

    fn ignore(&mut self, item: Item<'a>, rows: &[&'static Kind], ignore: &mut BTreeSet<String>) {
        let Some(list) = item.entry.value.list() else {
            return self.wrong(item.file, item.entry, "a list of attributes");
        };
        let known = writable(rows);
        ignore.clear();
        for node in list {
            let name = node.scalar().map(|scalar| &*scalar.text).unwrap_or_default();
            if known.contains(&name) {
                ignore.insert(name.to_owned());
                continue;
            }
            self.report(
                Problem::new(
                    "telform::yaml::unknown_attribute",
                    format!("`{}` is no attribute that can be ignored", names::short(name)),
                    &item.file.source,
                    node.at,
                )
                .label("here")
                .help(names::advice(name, &known, "attributes")),
            );
        }
    }

    fn update_word(&mut self, item: Item<'a>, rows: &[&'static Kind]) -> bool {
        if !rows.iter().any(|kind| matches!(kind.update, Update::PatchOrPut { .. })) {
            self.report(
                Problem::new(
                    "telform::yaml::update",
                    "there is only one way to update this kind",
                    &item.file.source,
                    item.entry.key_span,
                )
                .label("not for this kind")
                .help("leave `update` out"),
            );
            return false;
        }
        match item.entry.value.scalar().map(|scalar| &*scalar.text) {
            Some("patch") => false,
            Some("put") => true,
            _ => {
                self.wrong(item.file, item.entry, "patch or put");
                false
            }
        }
    }

    /// Attributes that the service drops unless another attribute has a certain value.
    fn dropped(&mut self, block: &Block<'a>, object: &DesiredObject) {
        for name in object.attributes.keys() {
            let Some((other, value)) = object.shapes.iter().find_map(|kind| kind.field(name)?.only_with)
            else {
                continue;
            };
            let said = block.get(other).and_then(|line| line.entry.value.scalar());
            let (Some(said), Some(line)) = (said, block.get(name)) else { continue };
            if &*said.text != value && !line.entry.value.is_null() {
                self.report(
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

/// Whether a field is the object's identity and the user chooses it: it stands in every path.
fn is_chosen_id(kind: &Kind, field: &Field) -> bool {
    kind.id == field.name && field.ty == Type::Text && field.is_stated()
}

/// Names of the attributes that may be written, over several shapes.
pub(super) fn writable(rows: &[&'static Kind]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for field in rows.iter().flat_map(|kind| kind.fields) {
        if field.is_stated() && !names.contains(&field.name) {
            names.push(field.name);
        }
    }
    names
}
