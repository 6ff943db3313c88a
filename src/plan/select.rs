//! Which addresses this run is about: `--target` with what the targets need, less `--exclude`.

use std::collections::BTreeSet;

use super::Inputs;
use crate::resource::Address;

/// Whether this run is about an address.
#[derive(Debug)]
pub(super) struct Selection {
    targets: Option<BTreeSet<Address>>,
    excludes: BTreeSet<Address>,
}

impl Selection {
    pub(super) fn new(inputs: &Inputs<'_>) -> Self {
        let options = inputs.options;
        let targets = (!options.targets.is_empty()).then(|| {
            let needed =
                options.targets.iter().filter_map(|target| inputs.desired.objects.get(target)).flat_map(
                    |object| {
                        object
                            .numbers
                            .iter()
                            .flat_map(|numbers| numbers.values().map(|wanted| wanted.provider.clone()))
                    },
                );
            options.targets.iter().cloned().chain(needed).collect()
        });
        Self { targets, excludes: options.excludes.clone() }
    }

    pub(super) fn holds(&self, address: &Address) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.contains(address))
            && !self.excludes.contains(address)
    }
}
