//! Merge keys (`<<: *base`) and duplicate keys of one map.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::{Entry, Fault, Node};

/// Most entries of a map that are looked through for each of them.
const FEW: usize = 24;

/// Entries with their merge keys resolved: what is written in the map itself wins, then the earlier of several bases.
pub(super) fn apply(entries: Vec<Entry>, faults: &mut Vec<Fault>) -> Vec<Entry> {
    duplicates(&entries, faults);
    if !entries.iter().any(is_merge) {
        return entries;
    }

    let (bases, mut own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_merge);
    let mut seen: HashSet<SmolStr> = own.iter().map(|entry| entry.key.clone()).collect();
    for base in bases {
        let maps: &[Node] = base.value.list().unwrap_or(std::slice::from_ref(&base.value));
        for map in maps {
            let at = map.at;
            let Some(entries) = map.map() else {
                faults.push(
                    *Fault::new(
                        "telform::yaml::merge",
                        "`<<` takes a map, an alias of one, or a list of them",
                        at,
                    )
                    .label("this is no map")
                    .help("put the key in quotes if it is meant as a name: \"<<\""),
                );
                continue;
            };
            own.extend(entries.iter().filter(|entry| seen.insert(entry.key.clone())).cloned());
        }
    }
    own
}

fn is_merge(entry: &Entry) -> bool {
    entry.key_plain && &*entry.key == "<<"
}

fn duplicates(entries: &[Entry], faults: &mut Vec<Fault>) {
    // Looking through a few is quicker than hashing them.
    let few = entries.len() <= FEW;
    let mut first: HashMap<&str, &Entry> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let earlier = if few {
            entries[..at].iter().find(|earlier| earlier.key == entry.key)
        } else {
            first.get(&*entry.key).copied()
        };
        if let Some(earlier) = earlier {
            faults.push(
                *Fault::new(
                    "telform::yaml::duplicate_key",
                    "this key stands twice in the same map",
                    entry.key_span,
                )
                .label("again")
                .also(earlier.key_span, "first")
                .help("keep one of them"),
            );
        } else if !few {
            first.insert(&entry.key, entry);
        }
    }
}
