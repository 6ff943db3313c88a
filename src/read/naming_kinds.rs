//! Kinds that no file mentions and that a plan needs nevertheless: what names an object decides what may be done with it.

use std::collections::BTreeSet;

use super::AccountReader;
use crate::model::kind::{AttributeAccess, Kind};
use crate::model::resource::{Address, DesiredValue};
use crate::model::value::CompactValue;

impl AccountReader<'_> {
    /// Further kinds whose objects may name an object that may go, which keeps it from being deleted, or one that is to let no call
    /// out any more, which mutes them.
    pub(super) fn naming_kinds(&self) -> BTreeSet<&'static str> {
        let may_go = |kind: &&Kind| {
            let mut entries = self.ledger.objects.iter().filter(|(address, _)| address.kind == kind.name);
            let undeclared =
                |address: &Address| self.desired.objects.get(address).is_none_or(|it| it.account != self.account.name);
            self.scope.destroy
                || kind.fields.iter().any(|field| field.access == AttributeAccess::Replace)
                || self.desired.removed.iter().any(|gone| gone.address.kind == kind.name)
                || entries
                    .any(|(address, entry)| undeclared(address) || !entry.former.is_empty() || !entry.left_behind.is_empty())
        };
        let kinds = self.account.service.kinds;
        let going: Vec<&str> = kinds
            .iter()
            .copied()
            .filter(|kind| self.kinds.contains(kind.name) && (may_go(kind) || self.may_mute(kind)))
            .map(|kind| kind.name)
            .collect();
        let naming = kinds.iter().filter(|kind| !self.kinds.contains(kind.name) && going.iter().any(|name| kind.refers_to(name)));
        naming.map(|kind| kind.name).collect()
    }

    /// Whether an object of the kind is to let no call out.
    fn may_mute(&self, kind: &Kind) -> bool {
        kind.muting_value().is_some_and(|(name, value)| {
            let closes =
                |stated: &DesiredValue| matches!(stated, DesiredValue::Value(stated) if *stated == CompactValue::Bool(value));
            self.desired_of_kind(kind.name).any(|object| object.attributes.get(name).is_some_and(closes))
        })
    }
}
