//! The texts that are public in the configuration.

use super::{Desired, DesiredValue};
use crate::model::value::{CompactValue, hidden};

impl Desired {
    /// The texts that anyone can read in the files: values, names, identities, organizations. Hidden parts of a value are
    /// not among them.
    pub fn published_texts(&self) -> Vec<String> {
        let mut stated: Vec<String> = Vec::new();
        let mut add = |value: &CompactValue| hidden::all_texts(value, &mut |text| stated.push(text.to_owned()));
        for object in self.objects.values() {
            object.attributes.values().for_each(|wanted| {
                if let DesiredValue::Value(value) = wanted {
                    add(value);
                }
            });
        }
        self.removed.iter().flat_map(|gone| gone.key.values()).for_each(&mut add);
        stated.extend(self.objects.values().filter_map(|object| object.id.clone()));
        stated.extend(self.objects.keys().map(|address| address.name.to_string()));
        stated.extend(self.accounts.keys().cloned());
        let organizations = self.accounts.values().filter_map(|account| account.organization().map(str::to_owned));
        stated.extend(organizations);
        stated
    }
}
