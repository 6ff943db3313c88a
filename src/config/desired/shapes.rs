//! Which generation's shape an object has: its attributes decide. This module finds unknown, read-only, mixed and
//! missing attributes.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::{ConfigLoader, FileEntry, LayeredBlock, objects, suggestions};
use crate::config::problem::Problem;
use crate::config::schema;
use crate::model::kind::{Field, Kind};
use crate::model::resource::Address;
use crate::services;
use crate::text;

impl<'a> ConfigLoader<'a> {
    /// Shapes that the attributes fit, or none after a problem that excludes every shape.
    pub(super) fn matching_shapes(
        &mut self,
        address: &Address,
        block: &LayeredBlock<'a>,
        all: &[&'static Kind],
        generation: Option<u8>,
    ) -> Vec<&'static Kind> {
        let allowed: Vec<&'static Kind> = all
            .iter()
            .copied()
            .filter(|kind| generation.is_none() || kind.generation.is_none() || kind.generation == generation)
            .collect();
        let mut fitting = allowed.clone();
        let mut telling: Vec<(FileEntry<'a>, Vec<&'static Kind>)> = Vec::new();
        for line in block.entries.iter().copied() {
            // Most lines fit every shape.
            if !allowed.is_empty() && all.iter().all(|kind| has_writable(kind, line.key())) {
                continue;
            }
            let having: Vec<&'static Kind> = all.iter().copied().filter(|kind| has_writable(kind, line.key())).collect();
            if schema::OBJECT.contains(&line.key()) {
                continue;
            }
            if having.is_empty() {
                self.no_attribute(line, &allowed);
            } else if !having.iter().any(|kind| allowed.iter().any(|it| std::ptr::eq(*it, *kind))) {
                self.other_generation(line, &having, generation);
                fitting.clear();
            } else if having.len() < all.len() {
                fitting.retain(|kind| having.iter().any(|it| std::ptr::eq(*it, *kind)));
                telling.push((line, having));
            }
        }
        if fitting.is_empty() {
            self.report_mixed_shapes(block.head, &telling);
            return fitting;
        }
        self.complete_shapes(address, block, fitting)
    }

    /// Attributes that an unknown key was probably meant for: the attribute that it was meant for is not reported as
    /// missing, too.
    fn misspelt_attributes(block: &LayeredBlock<'a>, allowed: &[&'static Kind]) -> BTreeSet<&'static str> {
        let known = known_attributes(allowed);
        let strange = block.entries.iter().map(FileEntry::key).filter(|key| !known.contains(key));
        strange.filter_map(|key| suggestions::closest_name(key, known.iter().copied())).collect()
    }

    pub(super) fn no_attribute(&mut self, item: FileEntry<'a>, allowed: &[&'static Kind]) {
        let entry = item.entry;
        let read_only = allowed.iter().find_map(|kind| kind.field(&entry.key));
        if read_only.is_some() {
            self.report_problem(
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
        if allowed.iter().any(|kind| kind.group(&entry.key).is_some()) {
            return self.report_wrong_type(item.file, entry, "a map, whose keys are attributes");
        }
        let singular = allowed.first().map_or("object", |kind| kind.singular);
        self.report_unknown_key(item.file, entry, &known_attributes(allowed), &format!("in {}", text::with_article(singular)));
    }

    fn other_generation(&mut self, item: FileEntry<'a>, having: &[&'static Kind], asked: Option<u8>) {
        let entry = item.entry;
        let belongs = having.first().and_then(|kind| kind.generation).unwrap_or_default();
        let asked = asked.unwrap_or_default();
        self.report_problem(
            Problem::new(
                "telform::yaml::generation",
                format!("`{}` belongs to generation {belongs}, but the account sets generation {asked}", entry.key),
                &item.file.source,
                entry.key_span,
            )
            .label(format!("generation {belongs} only"))
            .help(services::name_settings(&format!(
                "use the attributes of generation {asked}, or write `{{generation}}: {belongs}` (or auto) in the account"
            ))),
        );
    }

    fn report_mixed_shapes(&mut self, item: FileEntry<'a>, telling: &[(FileEntry<'a>, Vec<&'static Kind>)]) {
        let generation = |kinds: &[&'static Kind]| kinds.first().and_then(|kind| kind.generation).unwrap_or_default();
        let Some(((first, kinds), rest)) = telling.split_first() else { return };
        let own = generation(kinds);
        let Some((other, others)) = rest.iter().find(|(_, kinds)| generation(kinds) != own) else { return };
        let list = |wanted: u8| {
            let keys: Vec<&str> =
                telling.iter().filter(|(_, kinds)| generation(kinds) == wanted).map(|(line, _)| line.key()).collect();
            suggestions::join_names(&keys)
        };
        let other_generation = generation(others);
        self.report_problem(
            Problem::new(
                "telform::yaml::mixed_generations",
                format!("`{}` mixes attributes of two generations", suggestions::shorten_name(item.key())),
                &first.file.source,
                first.entry.key_span,
            )
            .label(format!("generation {own}"))
            .also_at(&other.file.source, other.entry.key_span, format!("generation {other_generation}"))
            .help(format!(
                "generation {own}: {}\ngeneration {other_generation}: {}\nkeep those of one generation",
                list(own),
                list(other_generation)
            )),
        );
    }

    /// Of the fitting shapes those for which nothing is missing, else those whose natural key is stated: such an entry manages
    /// what is there. When every shape lacks a part of its key, that is a problem.
    fn complete_shapes(
        &mut self,
        address: &Address,
        block: &LayeredBlock<'a>,
        fitting: Vec<&'static Kind>,
    ) -> Vec<&'static Kind> {
        let item = block.head;
        let pinned = block.get("id").is_some();
        // Computed only where something is missing, which is rare.
        let misspelt = LazyCell::new(|| Self::misspelt_attributes(block, &fitting));
        let absent = |name: &str| block.get(name).is_none() && !misspelt.contains(name);
        let lacking = |kind: &&'static Kind| -> Vec<&'static str> {
            let needed = |field: &&'static Field| (field.required || kind.natural_key.contains(&field.name)) && field.is_stated();
            kind.fields.iter().filter(needed).map(|field| field.name).filter(|name| absent(name)).collect()
        };
        let of_all = |shapes: &[&'static Kind], test: &dyn Fn(&&'static Kind) -> bool| -> Vec<&'static Kind> {
            shapes.iter().copied().filter(|kind| test(kind)).collect()
        };
        let complete = of_all(&fitting, &|kind| lacking(kind).is_empty());
        let keyed = of_all(&fitting, &|kind| !kind.natural_key.iter().any(|name| absent(name)));
        if block.from_overlay && complete.is_empty() {
            // A pin or a key alone is enough for a new address, but not for one that looks like a misspelling.
            let near = self.closest_address(address);
            if near.is_some() || (!pinned && keyed.is_empty()) {
                let lacking = fitting.first().map(lacking).unwrap_or_default();
                let verb = if lacking.len() == 1 { "is" } else { "are" };
                let lacking = format!("{} {verb} missing", suggestions::join_names(&lacking));
                let what = format!("`{}.{}`", address.kind, suggestions::shorten_name(&address.name));
                self.overrides_nothing(item, &what, near.as_deref(), &lacking);
                return Vec::new();
            }
        }
        if pinned {
            // A pinned object exists already; the attributes that a create would need do not determine its generation.
            return fitting;
        }
        if !complete.is_empty() {
            return complete;
        }
        let among = if keyed.is_empty() { &fitting } else { &keyed };
        let first = among.first().map(&lacking).unwrap_or_default();
        let alike = among.iter().all(|kind| lacking(kind) == first);
        let what = if alike { suggestions::join_names(&first) } else { "required attributes".to_owned() };
        let parts = among.iter().filter(|_| !alike).map(|kind| {
            let generation = kind.generation.unwrap_or_default();
            format!("generation {generation} needs {}\n", suggestions::join_names(&lacking(kind)))
        });
        let parts = parts.collect::<String>();
        let name = suggestions::shorten_name(item.key());
        let problem = |code, what: String| Problem::new(code, what, &item.file.source, item.entry.key_span);
        if !keyed.is_empty() {
            let what = format!("`{name}` is managed if it already exists; to create it, telform needs {what}");
            let help = format!("{parts}nothing to do if it exists; to let telform create it, add what is missing");
            self.report_problem(problem("telform::yaml::partial", what).label("its key is stated").help(help).note());
            return keyed;
        }
        let way_out = "add what is missing, or pin an existing object with `id:`, which needs less";
        self.report_problem(
            problem("telform::yaml::missing", format!("`{name}` lacks {what}"))
                .label(if first.len() == 1 { "one attribute is missing" } else { "attributes are missing" })
                .help(format!("{parts}{way_out}")),
        );
        Vec::new()
    }
}

impl ConfigLoader<'_> {
    /// The name of an address of the same kind that was probably meant.
    fn closest_address(&self, address: &Address) -> Option<String> {
        let others = self.objects.iter().filter(|(other, block)| other.kind == address.kind && !block.from_overlay);
        suggestions::closest_name(&address.name, others.map(|(other, _)| other.name.as_str())).map(str::to_owned)
    }
}

/// The attributes that an object of these shapes may have.
fn known_attributes(shapes: &[&'static Kind]) -> Vec<&'static str> {
    let mut known = objects::writable_attributes(shapes);
    known.extend(schema::object_keys(shapes));
    known
}

/// Whether a shape has an attribute that may be written.
pub(super) fn has_writable(kind: &Kind, name: &str) -> bool {
    kind.field(name).is_some_and(|field| field.is_stated())
}
