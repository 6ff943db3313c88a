//! Readable names for objects that never had one in a file.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::kind::Kind;
use crate::model::resource::{Address, LiveObject};
use crate::plan::Inputs;

/// Characters of a long part of a key that are enough for a reader to distinguish two objects.
const TAIL: usize = 6;

/// Longest name that is made.
const LONGEST: usize = 60;

/// An object that needs a name: account, kind, object.
type UnnamedObject<'a> = (&'a str, &'static Kind, &'a LiveObject);

/// Names all objects of one kind. The ledger's name is kept; otherwise the shortest of a few candidates that no other
/// object has, so that the same objects get the same names in every run.
pub(super) fn name_objects(
    inputs: &Inputs<'_>,
    objects: &[UnnamedObject<'_>],
    taken: &mut BTreeSet<Address>,
    known: &mut BTreeMap<(String, &'static str, String), Address>,
) {
    let mut nameless: Vec<UnnamedObject<'_>> = Vec::new();
    let remembered: BTreeSet<&Address> = inputs.ledger.objects.keys().collect();
    let entries = inputs.ledger.objects.iter();
    let addresses: HashMap<(&str, &str, &str), &Address> =
        entries.map(|(address, entry)| ((entry.account.as_str(), address.kind.as_str(), entry.id.as_str()), address)).collect();
    for object in objects {
        let (account, kind, live) = *object;
        let address = addresses.get(&(account, kind.name, live.id.as_str())).copied();
        match address.filter(|address| taken.insert((*address).clone())) {
            Some(address) => {
                known.insert((account.to_owned(), kind.name, live.id.clone()), address.clone());
            }
            None => nameless.push(*object),
        }
    }
    for level in 0.. {
        let mut candidates: BTreeMap<String, Vec<UnnamedObject<'_>>> = BTreeMap::new();
        for object in nameless.drain(..) {
            candidates.entry(name_candidate(inputs, &object, level)).or_default().push(object);
        }
        for (name, mut objects) in candidates {
            let address = Address::new(objects[0].1.name, &name);
            let free = !taken.contains(&address) && !remembered.contains(&address);
            if free && !name.is_empty() && (objects.len() == 1 || level > LAST_LEVEL) {
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
const LAST_LEVEL: usize = 4;

/// From short to long: the first part of the natural key; all parts; with the account; with the end of the id; with the whole
/// id; with a number.
fn name_candidate(inputs: &Inputs<'_>, (account, kind, live): &UnnamedObject<'_>, level: usize) -> String {
    let catalogue = inputs.live.accounts.get(*account).map_or(&[][..], |live| &live.facts.catalogue);
    let mut parts: Vec<String> = kind
        .natural_key
        .iter()
        .filter_map(|name| {
            let value = live.attributes.get(name)?;
            let word = kind.field(name).and_then(|field| field.entry_word(catalogue, value));
            word.or_else(|| value.text().map(Cow::into_owned))
        })
        .enumerate()
        .map(|(index, text)| if index == 0 { slugify(&text) } else { slugify(last_chars(&text)) })
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        parts.push(slugify(kind.singular));
    }
    if level == 0 {
        parts.truncate(1);
    }
    match level {
        0 | 1 => {}
        2 => parts.insert(0, slugify(account)),
        3 => parts.push(slugify(last_chars(&live.id))),
        _ => parts.push(slugify(&live.id)),
    }
    if level > LAST_LEVEL {
        parts.push((level - LAST_LEVEL).to_string());
    }
    parts.join("-")
}

fn last_chars(text: &str) -> &str {
    text.char_indices().rev().nth(TAIL - 1).map_or(text, |(at, _)| &text[at..])
}

/// Lower-case letters and digits in groups joined by `-`.
fn slugify(text: &str) -> String {
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
        assert_eq!(slugify("  ACME West / 2 "), "acme-west-2");
        assert_eq!(slugify("\u{202e}héllo"), "h-llo");
        assert_eq!(slugify("***"), "");
        assert_eq!(last_chars("AC0123456789abcdef"), "abcdef");
        assert_eq!(last_chars("é"), "é");
    }
}
