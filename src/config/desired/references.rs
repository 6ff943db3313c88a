//! Attributes that name other objects by their addresses: each leads to an object of the right kind in the same account, and none
//! leads back to its own object.

use std::collections::{BTreeMap, BTreeSet};

use super::numbers::ReferencePlace;
use super::objects::ParsedObject;
use super::{ConfigLoader, suggestions};
use crate::config::problem::Problem;
use crate::config::yaml::YamlNode;
use crate::model::kind::reference_in;
use crate::model::resource::{Address, DesiredValue};
use crate::services;

/// Most objects of a loop that a message names.
const MOST_NAMED: usize = 5;

/// One address in an attribute.
struct NamedAddress<'a> {
    attribute: &'static str,
    /// The kind that belongs here.
    kind: &'static str,
    text: String,
    place: ReferencePlace<'a>,
}

/// Each address in the attributes of an object, right or wrong, with its place.
fn named_addresses<'a>(parsed: &ParsedObject<'a>) -> Vec<NamedAddress<'a>> {
    let mut found: Vec<NamedAddress<'a>> = Vec::new();
    let mut seen = BTreeSet::new();
    for field in parsed.object.shapes.iter().flat_map(|kind| kind.reference_fields()) {
        // Shapes of two generations have fields in common.
        let Some(DesiredValue::Value(value)) = parsed.object.attributes.get(field.name).filter(|_| seen.insert(field.name))
        else {
            continue;
        };
        let Some(line) = parsed.key_entry(field.name) else { continue };
        field.for_each_reference(value, &mut |pointer, kind, text| {
            let span = node_at(&line.entry.value, pointer).map_or(line.entry.value.used_at, |node| node.used_at);
            let place = ReferencePlace { file: line.file, span };
            found.push(NamedAddress { attribute: field.name, kind, text: text.to_owned(), place });
        });
    }
    found
}

fn node_at<'n>(node: &'n YamlNode, pointer: &str) -> Option<&'n YamlNode> {
    pointer.split('/').skip(1).try_fold(node, |node, key| match node.as_list() {
        Some(items) => items.get(key.parse::<usize>().ok()?),
        None => node.get(&key.replace("~1", "/").replace("~0", "~")).map(|entry| &entry.value),
    })
}

impl<'a> ConfigLoader<'a> {
    /// Checks every reference in an attribute.
    pub(super) fn check_attribute_references(&mut self) {
        let mut problems = Vec::new();
        let mut edges: BTreeMap<&Address, Vec<(Address, ReferencePlace<'a>)>> = BTreeMap::new();
        for parsed in self.parsed.values() {
            let (account, owner) = (&parsed.object.account, &parsed.object.address);
            for named in named_addresses(parsed) {
                let Some(address) = reference_in(named.kind, &named.text) else {
                    problems.extend(self.bare_name(&named).or_else(|| mistaken_address(&named)));
                    continue;
                };
                problems.extend(self.check_reference(account, owner, named.place, &address));
                if self.parsed.contains_key(&address) {
                    edges.entry(owner).or_default().push((address, named.place));
                }
            }
        }
        problems.extend(find_loops(&edges));
        for problem in problems {
            self.report_problem(problem);
        }
    }
}

impl ConfigLoader<'_> {
    /// The name of an entry without its kind would be taken as an id.
    fn bare_name(&self, named: &NamedAddress<'_>) -> Option<Problem> {
        let declared_as = |kind: &str| {
            let address = Address::new(kind, &named.text);
            self.parsed.get(&address).or(self.parsed_existing.get(&address))
        };
        // The same name of another kind that serves numbers is a slip, too.
        let others = super::numbers::served_by(named.kind).filter(|kinds| kinds.contains(&named.kind)).unwrap_or_default();
        let mut all = std::iter::once(named.kind).chain(others.iter().copied());
        let (kind, declared) = all.find_map(|kind| Some((kind, declared_as(kind)?)))?;
        let shown = suggestions::shorten_name(&named.text);
        let what = match kind == named.kind {
            true => {
                format!("`{shown}` is the name of an entry, and `{}` takes its address or the id of an object", named.attribute)
            }
            false => format!("`{shown}` is one of the {kind}, and `{}` names one of the {}", named.attribute, named.kind),
        };
        let problem = Problem::new("telform::yaml::reference", what, &named.place.file.source, named.place.span);
        let head = &declared.block.head;
        let help = match kind == named.kind {
            true => format!("write {kind}.{shown}"),
            false => format!("write {}.NAME, or the id of the object", named.kind),
        };
        Some(problem.label("this reference").also_at(&head.file.source, head.entry.key_span, "the entry").help(help))
    }
}

/// A text that is meant as an address and is none of this kind.
fn mistaken_address(named: &NamedAddress<'_>) -> Option<Problem> {
    let (word, name) = named.text.split_once('.').filter(|(_, name)| !name.is_empty())?;
    let kinds = services::address_kinds();
    let known = kinds.contains(&word);
    if !known && suggestions::closest_name(word, [named.kind]).is_none() {
        return None;
    }
    let shown = suggestions::shorten_name(&named.text);
    let what = match known {
        true => format!("`{shown}` is one of the {word}, and `{}` names one of the {}", named.attribute, named.kind),
        false => format!("`{shown}` is neither an address nor an id"),
    };
    let help = match known {
        true => format!("write {}.NAME, or the id of the object", named.kind),
        false => format!("did you mean `{}.{}`?", named.kind, suggestions::shorten_name(name)),
    };
    let problem = Problem::new("telform::yaml::reference", what, &named.place.file.source, named.place.span);
    Some(problem.label("this reference").help(help))
}

/// Objects that name each other: none of them can be created first. Each loop is reported once.
fn find_loops(edges: &BTreeMap<&Address, Vec<(Address, ReferencePlace<'_>)>>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut done: BTreeSet<&Address> = BTreeSet::new();
    for start in edges.keys().copied() {
        // The path from the start, each step with the number of its next edge: a chain may be too long for a recursion.
        let mut path: Vec<(&Address, usize)> = vec![(start, 0)];
        while let Some((at, next)) = path.last_mut() {
            let at: &Address = at;
            let edge = edges.get(at).and_then(|all| all.get(*next)).filter(|_| !done.contains(at));
            *next += 1;
            let Some((target, _)) = edge else {
                done.insert(at);
                path.pop();
                continue;
            };
            match path.iter().position(|(address, _)| *address == target) {
                Some(first) => problems.push(loop_problem(&path[first..], edges)),
                None => path.extend(edges.get_key_value(target).map(|(target, _)| (*target, 0))),
            }
        }
    }
    problems
}

fn loop_problem(path: &[(&Address, usize)], edges: &BTreeMap<&Address, Vec<(Address, ReferencePlace<'_>)>>) -> Problem {
    // The counter is one after the edge that was followed.
    let place =
        |(address, next): &(&Address, usize)| edges.get(address).and_then(|all| all.get(next - 1)).map(|(_, place)| *place);
    let mut names: Vec<String> = path.iter().take(MOST_NAMED).map(|(address, _)| format!("`{address}`")).collect();
    if path.len() > MOST_NAMED {
        names.push(format!("{} more", path.len() - MOST_NAMED));
    }
    let what = match names.as_slice() {
        [one] => format!("{one} names itself"),
        all => format!("{} name each other, so none of them can be created first", all.join(", ")),
    };
    let places: Vec<ReferencePlace<'_>> = path.iter().filter_map(place).collect();
    let Some((first, others)) = places.split_first() else { return Problem::of_file("telform::yaml::reference_loop", what, "") };
    let problem = Problem::new("telform::yaml::reference_loop", what, &first.file.source, first.span).label("this reference");
    let problem = others
        .iter()
        .take(MOST_NAMED)
        .fold(problem, |problem, place| problem.also_at(&place.file.source, place.span, "and this one"));
    let which = if others.is_empty() { "this reference" } else { "one of these references" };
    problem.help(format!("take {which} out, or write the id of an object that exists"))
}
