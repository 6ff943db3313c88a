//! What every format and metric says alike about differences.

use std::collections::BTreeMap;

use super::{ComparedObjects, Drift, DriftClass};
use crate::plan::ShownValue;

impl Drift {
    /// The id of an object that is still there although the one of this address replaced it.
    pub fn left_behind(&self) -> Option<&str> {
        let replaced = self.class == DriftClass::Unfinished && self.attribute.is_none();
        match &self.live {
            ShownValue::Value(id) if replaced => id.as_str(),
            _ => None,
        }
    }
}

/// How much differs, by account and class. Of what runs left dark the numbers are counted, whichever objects they are on.
pub fn count_differences<'a>(found: &'a [Drift], compared: &'a ComparedObjects) -> BTreeMap<(&'a str, DriftClass), usize> {
    let mut counts: BTreeMap<(&str, DriftClass), usize> = BTreeMap::new();
    for drift in found.iter().filter(|drift| drift.class != DriftClass::LeftDark) {
        *counts.entry((&drift.account, drift.class)).or_default() += 1;
    }
    counts.extend(compared.left_dark.iter().map(|(account, numbers)| ((account.as_str(), DriftClass::LeftDark), numbers.len())));
    counts
}

/// The same for all accounts.
pub fn count_by_class(found: &[Drift], compared: &ComparedObjects) -> BTreeMap<DriftClass, usize> {
    let mut counts = BTreeMap::new();
    for ((_, class), count) in count_differences(found, compared) {
        *counts.entry(class).or_default() += count;
    }
    counts
}
