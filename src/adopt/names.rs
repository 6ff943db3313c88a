//! Readable names for objects that never had one in a file.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::backend::unpod::catalogue;
use crate::kind::{Kind, Type};
use crate::plan::Inputs;
use crate::resource::{Address, LiveObject};

/// Characters of a long part of a key that are enough to tell two objects apart by eye.
const TAIL: usize = 6;

/// Longest name that is made.
const LONGEST: usize = 60;

/// An object that needs a name: account, kind, object.
type Nameless<'a> = (&'a str, &'static Kind, &'a LiveObject);

/// Names all objects of one kind. The ledger's name stays; else the shortest of a few candidates that no other object has,
/// so that the same objects get the same names in every run.
pub(super) fn give(
    inputs: &Inputs<'_>,
    objects: &[Nameless<'_>],
    taken: &mut BTreeSet<Address>,
    known: &mut BTreeMap<(String, &'static str, String), Address>,
) {
    let mut nameless: Vec<Nameless<'_>> = Vec::new();
    let remembered: BTreeSet<&Address> = inputs.ledger.objects.keys().collect();
    for object in objects {
        let (account, kind, live) = *object;
        let address = inputs.ledger.address_of(account, kind.name, &live.id);
        match address.filter(|address| taken.insert((*address).clone())) {
            Some(address) => {
                known.insert((account.to_owned(), kind.name, live.id.clone()), address.clone());
            }
            None => nameless.push(*object),
        }
    }
    for level in 0.. {
        let mut candidates: BTreeMap<String, Vec<Nameless<'_>>> = BTreeMap::new();
        for object in nameless.drain(..) {
            candidates.entry(candidate(inputs, &object, level)).or_default().push(object);
        }
        for (name, mut objects) in candidates {
            let address = Address::new(objects[0].1.name, &name);
            let free = !taken.contains(&address) && !remembered.contains(&address);
            if free && !name.is_empty() && (objects.len() == 1 || level > LAST) {
                let (account, kind, live) = objects.remove(0);
                taken.insert(address.clone());
                known.insert((account.to_owned(), kind.name, live.id.clone()), address);
            }
            nameless.append(&mut objects);
        }
        if nameless.is_empty() {
            break;
        }
    }
}

/// The last level that is not a mere count.
const LAST: usize = 4;

/// From short to long: the first part of the natural key; all parts; with the account; with the end of the id; with the whole
/// id; with a number.
fn candidate(inputs: &Inputs<'_>, (account, kind, live): &Nameless<'_>, level: usize) -> String {
    let catalogue = inputs.live.accounts.get(*account).map_or(&[][..], |live| &live.facts.catalogue);
    let mut parts: Vec<String> = kind
        .natural_key
        .iter()
        .filter_map(|name| {
            let value = live.attributes.get(name)?;
            let by_catalogue = kind.field(name).is_some_and(|field| field.ty == Type::CatalogueEntry);
            let word = if by_catalogue { catalogue::slug_of(catalogue, value) } else { None };
            word.or_else(|| value.text().map(Cow::into_owned))
        })
        .enumerate()
        .map(|(index, text)| if index == 0 { plain(&text) } else { plain(tail(&text)) })
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        parts.push(plain(kind.singular));
    }
    if level == 0 {
        parts.truncate(1);
    }
    match level {
        0 | 1 => {}
        2 => parts.insert(0, plain(account)),
        3 => parts.push(plain(tail(&live.id))),
        _ => parts.push(plain(&live.id)),
    }
    if level > LAST {
        parts.push((level - LAST).to_string());
    }
    parts.join("-")
}

fn tail(text: &str) -> &str {
    text.char_indices().rev().nth(TAIL - 1).map_or(text, |(at, _)| &text[at..])
}

/// Lower-case letters and digits in groups joined by `-`.
fn plain(text: &str) -> String {
    let mut name = String::new();
    for char in text.chars().flat_map(char::to_lowercase) {
        if char.is_ascii_alphanumeric() {
            name.push(char);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() >= LONGEST {
            break;
        }
    }
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!(plain("  ACME West / 2 "), "acme-west-2");
        assert_eq!(plain("\u{202e}héllo"), "h-llo");
        assert_eq!(plain("***"), "");
        assert_eq!(tail("AC0123456789abcdef"), "abcdef");
        assert_eq!(tail("é"), "é");
    }
}
