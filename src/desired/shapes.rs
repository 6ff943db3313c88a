//! Which generation's shape an object has: its attributes decide. Here unknown, read-only, mixed and missing attributes
//! are found.

use super::{Item, Loader, names, objects};
use crate::kind::{Access, Kind};
use crate::problem::Problem;
use crate::schema;
use crate::yaml::Entry;

impl<'a> Loader<'a> {
    /// Shapes that the attributes fit, or none after a problem that leaves no shape.
    pub(super) fn shapes(
        &mut self,
        item: Item<'a>,
        entries: &'a [Entry],
        all: &[&'static Kind],
        generation: Option<u8>,
    ) -> Vec<&'static Kind> {
        let allowed: Vec<&'static Kind> = all
            .iter()
            .copied()
            .filter(|kind| generation.is_none() || kind.generation.is_none() || kind.generation == generation)
            .collect();
        let mut fitting = allowed.clone();
        let mut telling: Vec<(&'a Entry, Vec<&'static Kind>)> = Vec::new();
        for entry in entries {
            let having: Vec<&'static Kind> =
                all.iter().copied().filter(|kind| has(kind, &entry.key)).collect();
            if schema::OBJECT.contains(&&*entry.key) {
                continue;
            }
            if having.is_empty() {
                self.no_attribute(item, entry, &allowed);
            } else if !having.iter().any(|kind| allowed.iter().any(|it| std::ptr::eq(*it, *kind))) {
                self.other_generation(item, entry, &having, generation);
                fitting.clear();
            } else if having.len() < all.len() {
                fitting.retain(|kind| having.iter().any(|it| std::ptr::eq(*it, *kind)));
                telling.push((entry, having));
            }
        }
        if fitting.is_empty() {
            self.mixed(item, &telling);
            return fitting;
        }
        self.complete_shapes(item, entries, fitting)
    }

    fn no_attribute(&mut self, item: Item<'a>, entry: &Entry, allowed: &[&'static Kind]) {
        let read_only = allowed.iter().find_map(|kind| kind.field(&entry.key));
        if read_only.is_some() {
            self.report(
                Problem::new(
                    "telform::yaml::read_only",
                    format!("`{}` is set by the service and cannot be written", entry.key),
                    &item.file.source,
                    entry.key_span,
                )
                .label("read-only")
                .help("leave it out"),
            );
            return;
        }
        let singular = allowed.first().map_or("object", |kind| kind.singular);
        let mut known = objects::writable(allowed);
        known.extend(schema::object_keys(allowed));
        self.unknown(item.file, entry, &known, &format!("in a {singular}"));
    }

    fn other_generation(
        &mut self,
        item: Item<'a>,
        entry: &Entry,
        having: &[&'static Kind],
        asked: Option<u8>,
    ) {
        let belongs = having.first().and_then(|kind| kind.generation).unwrap_or_default();
        let asked = asked.unwrap_or_default();
        self.report(
            Problem::new(
                "telform::yaml::generation",
                format!("`{}` belongs to generation {belongs}, and the account insists on generation {asked}", entry.key),
                &item.file.source,
                entry.key_span,
            )
            .label(format!("generation {belongs} only"))
            .help(format!("use the attributes of generation {asked}, or write `generation: {belongs}` (or auto) in the account")),
        );
    }

    fn mixed(&mut self, item: Item<'a>, telling: &[(&'a Entry, Vec<&'static Kind>)]) {
        let generation =
            |kinds: &[&'static Kind]| kinds.first().and_then(|kind| kind.generation).unwrap_or_default();
        let Some(((first, kinds), rest)) = telling.split_first() else { return };
        let own = generation(kinds);
        let Some((other, others)) = rest.iter().find(|(_, kinds)| generation(kinds) != own) else { return };
        let list = |wanted: u8| {
            let keys: Vec<&str> = telling
                .iter()
                .filter(|(_, kinds)| generation(kinds) == wanted)
                .map(|(entry, _)| &*entry.key)
                .collect();
            names::listed(&keys)
        };
        let other_generation = generation(others);
        self.report(
            Problem::new(
                "telform::yaml::mixed_generations",
                format!("`{}` mixes attributes of two generations", names::short(item.key())),
                &item.file.source,
                first.key_span,
            )
            .label(format!("generation {own}"))
            .also(&item.file.source, other.key_span, format!("generation {other_generation}"))
            .help(format!(
                "generation {own}: {}\ngeneration {other_generation}: {}\nkeep those of one generation",
                list(own),
                list(other_generation)
            )),
        );
    }

    /// Of the fitting shapes those for which nothing is missing; when each misses something, that is a problem.
    fn complete_shapes(
        &mut self,
        item: Item<'a>,
        entries: &'a [Entry],
        fitting: Vec<&'static Kind>,
    ) -> Vec<&'static Kind> {
        let pinned = entries.iter().any(|entry| &*entry.key == "id");
        let lacking = |kind: &&'static Kind| {
            let needed = |field: &&'static crate::kind::Field| {
                // A pinned object exists: nothing that is only needed to make or find it has to be there.
                !pinned
                    && (field.required || kind.natural_key.contains(&field.name))
                    && field.access != Access::ReadOnly
            };
            let absent = |name: &str| !entries.iter().any(|entry| &*entry.key == name);
            let lacking: Vec<&str> = kind
                .fields
                .iter()
                .filter(needed)
                .map(|field| field.name)
                .filter(|name| absent(name))
                .collect();
            lacking
        };
        let complete: Vec<&'static Kind> =
            fitting.iter().copied().filter(|kind| lacking(kind).is_empty()).collect();
        if !complete.is_empty() {
            // A pinned object exists already; what it would need to be made does not tell its generation.
            return if pinned { fitting } else { complete };
        }
        let first = fitting.first().map(&lacking).unwrap_or_default();
        let alike = fitting.iter().all(|kind| lacking(kind) == first);
        let what = if alike { names::listed(&first) } else { "required attributes".to_owned() };
        let what = format!("`{}` lacks {what}", names::short(item.key()));
        let way_out = "add what is missing, or pin an existing object with `id:`, which needs less";
        let parts = fitting.iter().filter(|_| !alike).map(|kind| {
            format!(
                "generation {} needs {}\n",
                kind.generation.unwrap_or_default(),
                names::listed(&lacking(kind))
            )
        });
        let help = format!("{}{way_out}", parts.collect::<String>());
        self.report(
            Problem::new("telform::yaml::missing", what, &item.file.source, item.entry.key_span)
                .label(if first.len() == 1 { "one attribute is missing" } else { "attributes are missing" })
                .help(help),
        );
        Vec::new()
    }
}

/// Whether a shape has an attribute that may be written.
fn has(kind: &Kind, name: &str) -> bool {
    kind.field(name).is_some_and(|field| field.access != Access::ReadOnly)
}
