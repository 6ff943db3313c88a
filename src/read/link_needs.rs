//! Whether it has to be read who serves what: whenever a target may go.

use super::AccountReader;
use crate::model::kind::{AttributeAccess, Field, Kind, LinkRoles};
use crate::model::resource::{CatalogueEntry, DesiredObject, DesiredValue, LiveAccount, LiveObject};
use crate::model::value::CompactValue;
use crate::text::fits_mask;

impl AccountReader<'_> {
    /// Whether the holders are needed regardless of what the targets show: they are managed themselves, or some target is to be
    /// deleted, including one that was replaced in an interrupted run.
    pub fn links_matter(&self) -> bool {
        let managed = self.kinds.iter().any(|kind| self.account.service.shapes(kind).any(|kind| kind.link.is_some()));
        // What the calls of a target go to counts as the target itself: without it, numbers go dark.
        let connected =
            |name: &str| self.account.service.shapes(name).any(|kind| kind.connected || kind.destination_of.is_some());
        let tombstone = self.desired.removed.iter().any(|gone| connected(&gone.address.kind) && self.may_hold_removed(gone));
        let dropped = self.ledger.objects.iter().any(|(address, entry)| {
            connected(&address.kind)
                && entry.account == self.account.name
                && self.desired.kinds.contains(&address.kind)
                && self.desired.objects.get(address).is_none_or(|object| object.account != self.account.name)
        });
        let unfinished = self.ledger.objects.iter().any(|(address, entry)| {
            connected(&address.kind)
                && self.kinds.contains(address.kind.as_str())
                && entry.account == self.account.name
                && !entry.former.is_empty()
                || connected(&address.kind) && entry.left_behind.iter().any(|left| left.account == self.account.name)
        }) || self.ledger.moves.iter().any(|open| open.account == self.account.name)
            || self
                .ledger
                .attempts
                .iter()
                .any(|(address, attempt)| connected(&address.kind) && attempt.account == self.account.name);
        managed || tombstone || dropped || unfinished || self.darkens_target() || self.pinned_to_replaced() || self.scope.destroy
    }

    /// Whether a target is declared with a value with which it lets no call through: then its numbers are counted.
    fn darkens_target(&self) -> bool {
        let Some(roles) = self.account.service.link_roles() else { return false };
        let states = |object: &DesiredObject, field: &Field| {
            let Some(DesiredValue::Value(CompactValue::Bool(value))) = object.attributes.get(field.name) else { return false };
            field.darkens == Some(*value)
        };
        self.desired_targets(roles)
            .any(|object| object.shapes.iter().flat_map(|kind| kind.fields).any(|field| states(object, field)))
    }

    fn desired_targets(&self, roles: &'static LinkRoles) -> impl Iterator<Item = &DesiredObject> {
        roles.targets.iter().flat_map(|kind| self.desired_of_kind(kind))
    }

    /// Whether an entry of the YAML pins the id of a target that was replaced: it refers to the new one, and the old
    /// one may still exist.
    fn pinned_to_replaced(&self) -> bool {
        let Some(roles) = self.account.service.link_roles() else { return false };
        self.desired_targets(roles).any(|object| {
            let entry = self.ledger.objects.get(&object.address);
            entry
                .zip(object.id.as_ref())
                .is_some_and(|(entry, id)| entry.account == self.account.name && entry.replaced.contains(id))
        })
    }

    /// Whether a desired target differs from its live object in an attribute that needs a new object.
    pub fn replaces_one(&self, live: &LiveAccount) -> bool {
        let service = self.account.service;
        let targets = service.link_roles().map_or(&[][..], |roles| roles.targets).iter();
        targets.filter_map(|kind| service.shape(kind, live.facts.generation)).any(|kind| self.replaces_one_of(kind, live))
    }

    fn replaces_one_of(&self, kind: &'static Kind, live: &LiveAccount) -> bool {
        let catalogue = &live.facts.catalogue;
        let objects = live.objects.get(kind.name).map_or(&[][..], Vec::as_slice);
        self.desired_of_kind(kind.name).any(|desired| {
            let id = desired.id.as_ref().or_else(|| self.ledger.objects.get(&desired.address).map(|entry| &entry.id));
            let by_key = |object: &&LiveObject| {
                kind.natural_key.iter().all(|name| {
                    kind.field(name).is_some_and(|field| attribute_agrees(catalogue, field, desired, object) == Some(true))
                })
            };
            let matched = objects.iter().find(|object| Some(&object.id) == id).or_else(|| objects.iter().find(by_key));
            matched.is_some_and(|object| {
                let mut replacing = kind.fields.iter().filter(|field| field.access == AttributeAccess::Replace);
                replacing.any(|field| {
                    !desired.ignored_attributes.contains(field.name)
                        && attribute_agrees(catalogue, field, desired, object) == Some(false)
                })
            })
        })
    }
}

/// Whether a wanted attribute means the same as the live one; `None` when one of them is missing.
fn attribute_agrees(catalogue: &[CatalogueEntry], field: &Field, desired: &DesiredObject, object: &LiveObject) -> Option<bool> {
    let Some(DesiredValue::Value(wanted)) = desired.attributes.get(field.name) else { return None };
    if let Some(shown) = object.masked.get(field.name) {
        return Some(fits_mask(shown.as_str()?, wanted.as_str()?));
    }
    let live = object.attributes.get(field.name)?;
    Some(field.same_in(catalogue, wanted, live))
}
