//! Merge keys (`<<: *base`) and duplicate keys of one map.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::{MapEntry, ScalarStyle, YamlFault, YamlNode};

/// Most entries of a map that are compared pairwise.
const FEW: usize = 24;

/// Entries with their merge keys resolved: entries in the map itself win, then those of the earlier base.
pub(super) fn resolve_merge_keys(entries: Vec<MapEntry>, faults: &mut Vec<YamlFault>) -> Vec<MapEntry> {
    report_duplicates(&entries, faults);
    if !entries.iter().any(is_merge) {
        return entries;
    }

    let (bases, mut own): (Vec<MapEntry>, Vec<MapEntry>) = entries.into_iter().partition(is_merge);
    let mut seen: HashSet<SmolStr> = own.iter().map(|entry| entry.key.clone()).collect();
    for base in bases {
        let maps: &[YamlNode] = base.value.as_list().unwrap_or(std::slice::from_ref(&base.value));
        for map in maps {
            let at = map.used_at;
            let Some(entries) = map.as_map() else {
                faults.push(
                    *YamlFault::new("telform::yaml::merge", "`<<` takes a map, an alias of one, or a list of them", at)
                        .label("this is not a map")
                        .help("put the key in quotes if it is meant as a name: \"<<\""),
                );
                continue;
            };
            own.extend(entries.iter().filter(|entry| seen.insert(entry.key.clone())).cloned());
        }
    }
    own
}

fn is_merge(entry: &MapEntry) -> bool {
    entry.key_style == ScalarStyle::Plain && &*entry.key == "<<"
}

fn report_duplicates(entries: &[MapEntry], faults: &mut Vec<YamlFault>) {
    // Searching a few is quicker than hashing them.
    let few = entries.len() <= FEW;
    let mut first: HashMap<&str, &MapEntry> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let earlier =
            if few { entries[..at].iter().find(|earlier| earlier.key == entry.key) } else { first.get(&*entry.key).copied() };
        if let Some(earlier) = earlier {
            faults.push(
                *YamlFault::new("telform::yaml::duplicate_key", "this key appears twice in the same map", entry.key_span)
                    .label("again")
                    .also(earlier.key_span, "first")
                    .help("keep one of them"),
            );
        } else if !few {
            first.insert(&entry.key, entry);
        }
    }
}
