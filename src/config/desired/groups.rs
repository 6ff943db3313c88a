//! Maps whose keys are attributes, each by itself: every line of such a map becomes a line of its object, under the name of the map
//! and its own. So an overlay, a default or an entry decides about one key and says nothing of the others.

use std::sync::Arc;

use super::ConfigFile;
use crate::config::problem::{Problem, Problems};
use crate::config::schema;
use crate::config::yaml::{MapEntry, NodeData, YamlNode};
use crate::services;

/// Spreads the maps of all objects and defaults in the documents of a file, and says which attribute is given twice.
pub(super) fn spread_groups(file: &mut ConfigFile) -> Problems {
    let mut spread = Spread { twice: Vec::new() };
    let mut documents = std::mem::take(&mut file.documents);
    for section in documents.iter_mut().flat_map(entries_of) {
        spread.section(section);
    }
    file.documents = documents;
    let mut problems = Problems::default();
    for (first, again) in spread.twice {
        let what = format!("`{}` is given twice", again.key);
        let problem = Problem::new("telform::yaml::duplicate", what, &file.source, again.key_span).label("again");
        problems.push(problem.also_at(&file.source, first.key_span, "first").help("keep one of them"));
    }
    problems
}

struct Spread {
    /// Lines of one attribute.
    twice: Vec<(MapEntry, MapEntry)>,
}

impl Spread {
    /// One key at the top, or inside an account.
    fn section(&mut self, section: &mut MapEntry) {
        match section.key.as_str() {
            schema::DEFAULTS => entries_of(&mut section.value).for_each(|kind| {
                let (key, value) = (kind.key.clone(), &mut kind.value);
                self.object(&key, value);
            }),
            "accounts" => {
                let accounts = entries_of(&mut section.value);
                let lines = accounts.flat_map(|account| entries_of(&mut account.value));
                lines.filter(|line| line.key == schema::DEFAULTS).for_each(|line| self.section(line));
            }
            kind if has_groups(kind) => {
                let kind = section.key.clone();
                entries_of(&mut section.value).for_each(|entry| self.object(&kind, &mut entry.value));
            }
            _ => {}
        }
    }

    /// The lines of one object of a kind, or of its defaults.
    fn object(&mut self, kind: &str, object: &mut YamlNode) {
        let shapes = services::shapes_of_kind(kind);
        let is_group = |entry: &MapEntry| shapes.iter().any(|shape| shape.group(&entry.key).is_some());
        let NodeData::Map(entries) = &mut object.data else { return };
        if !entries.iter().any(|entry| is_group(entry) && entry.value.as_map().is_some()) {
            return;
        }
        let mut lines: Vec<MapEntry> = Vec::with_capacity(entries.len());
        for entry in entries.iter() {
            let Some(inside) = entry.value.as_map().filter(|_| is_group(entry)) else {
                lines.push(entry.clone());
                continue;
            };
            lines
                .extend(inside.iter().map(|line| MapEntry { key: format!("{}.{}", entry.key, line.key).into(), ..line.clone() }));
        }
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.key.contains('.')) {
            let first = lines[..at].iter().find(|first| first.key == line.key);
            self.twice.extend(first.map(|first| (first.clone(), line.clone())));
        }
        *entries = Arc::new(lines);
    }
}

/// Whether objects of a kind have such maps.
fn has_groups(kind: &str) -> bool {
    services::shapes_of_kind(kind).iter().any(|shape| shape.fields.iter().any(|field| field.group().is_some()))
}

/// The entries of a map, to be changed; of anything else none.
fn entries_of(node: &mut YamlNode) -> impl Iterator<Item = &mut MapEntry> {
    let entries = match &mut node.data {
        NodeData::Map(entries) => Some(Arc::make_mut(entries)),
        _ => None,
    };
    entries.into_iter().flatten()
}
