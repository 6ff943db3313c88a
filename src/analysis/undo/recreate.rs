//! Recreates what a run deleted, with the values in the journal and the secrets of today.

use std::collections::BTreeMap;

use super::{DoneStep, FORGOTTEN, UndoBuilder, is_same_value};
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind};
use crate::model::resource::{AccountFacts, Address, DesiredValue, FieldMap};
use crate::model::value::{AttributeValues, Value};
use crate::plan::StepOperation;

impl UndoBuilder<'_> {
    /// An object that a run deleted is recreated, when its secrets are still available. It is a new object with a new identity.
    pub(super) fn undo_delete(&mut self, deed: &DoneStep<'_>, deeds: &[DoneStep<'_>]) {
        let StepOperation::Delete { id, before, prior_connections, .. } = &deed.step.operation else { return };
        let (Some(then), Some(kind)) = (&deed.step.address, self.kind_of(deed)) else { return };
        if let Some((address, made)) = self.recreated_by_earlier_undo(then, &deed.account, kind) {
            let was = (deed.account.clone(), address.kind.to_string(), id.clone());
            self.object_to_restore(&address, &deed.account, kind, Some(&made));
            self.recreated.insert(was.clone(), address);
            self.remade.insert(was, made);
            if !prior_connections.is_empty() {
                self.freed_connections.insert((deed.account.clone(), id.clone()), prior_connections.clone());
            }
            return;
        }
        if let Some(live) = self.live_object(deed, id) {
            if !deed.known {
                return;
            }
            let ended = live.ended_state(kind).map(|state| format!("it is {state}, which telform does not reverse"));
            return self.add_not_undone(then, ended.unwrap_or_else(|| "it exists again".to_owned()));
        }
        let copied = |seen: &BTreeMap<String, Value>| seen.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let image = &deed.before.map_or_else(|| before.clone(), copied);
        let restored =
            self.free_address(then, &deed.account, kind, image).map_err(|why| (then.clone(), why)).and_then(|address| {
                let attributes = self.attributes_of_deleted(&address, kind, image, self.facts_of_account(&deed.account));
                attributes.map(|attributes| (address.clone(), attributes)).map_err(|why| (address, why))
            });
        let (address, attributes) = match restored {
            Ok(restored) => restored,
            Err((address, why)) => {
                let stays = if self.keep_replacement(deed, id, deeds) { "; what replaced it stays" } else { "" };
                return self.add_not_undone(address, format!("{why}{stays}"));
            }
        };
        let object = self.object_to_restore(&address, &deed.account, kind, None);
        object.attributes = attributes;
        let was = (deed.account.clone(), address.kind.to_string(), id.clone());
        self.recreated.insert(was, address);
        if !prior_connections.is_empty() {
            self.freed_connections.insert((deed.account.clone(), id.clone()), prior_connections.clone());
        }
    }

    /// What a deleted object is recreated with; the error says why it is not.
    fn attributes_of_deleted(
        &mut self,
        address: &Address,
        kind: &'static Kind,
        image: &AttributeValues,
        facts: Option<&AccountFacts>,
    ) -> Result<FieldMap<DesiredValue>, String> {
        let declared = self.today.desired.objects.get(address);
        let stated = |name: &str| declared.and_then(|object| object.attributes.get(name));
        // The secret of an entry is that of the object which the entry describes now.
        let other = kind.secret_owners().find_map(|field| match (image.get(field.name), stated(field.name)) {
            (Some(was), Some(DesiredValue::Value(is))) if !is_same_value(field, facts, &was.into(), is) => {
                Some(format!("{} {}, and the deleted one had {was}", field.name, is.json()))
            }
            _ => None,
        });
        let mut attributes = FieldMap::new();
        let new = |field: &Field| !matches!(field.access, AttributeAccess::ReadOnly | AttributeAccess::Kept);
        let writable = |field: &&Field| new(field) && !field.ty.is_links();
        for field in kind.fields.iter().filter(writable) {
            if field.ty == AttributeType::Secret {
                let why = match (stated(field.name), &other) {
                    (Some(DesiredValue::Secret(secret)), None) => {
                        attributes.insert(field.name, DesiredValue::Secret(secret.clone()));
                        continue;
                    }
                    (Some(DesiredValue::Secret(_)), Some(other)) => format!(
                        "telform sends no secret to another owner: the {} of its entry is for {other}. To undo this too, write the earlier values and the source of their secret into the entry, and undo again",
                        field.name
                    ),
                    _ if field.required => {
                        format!("telform does not store its {}, and the YAML does not name a source for it", field.name)
                    }
                    _ if field.access == AttributeAccess::CreateOnly => continue,
                    _ => "telform does not store it, and the YAML does not name a source for it: if it had one, it is created without it".to_owned(),
                };
                if field.required {
                    return Err(why);
                }
                self.add_not_undone(format!("{address} {}", field.name), why);
            } else if let Some(value) = image.get(field.name).filter(|value| !value.is_null()) {
                if !self.today.hidden.can_open_all(&value.into()) {
                    if field.required {
                        return Err(format!("{}: {FORGOTTEN}", field.name));
                    }
                    self.add_not_undone(format!("{address} {}", field.name), FORGOTTEN);
                    continue;
                }
                attributes.insert(field.name, DesiredValue::Value(value.into()));
            } else if let Some(wanted) = stated(field.name) {
                attributes.insert(field.name, wanted.clone());
            } else if field.required {
                return Err(format!("the journal does not contain its {}", field.name));
            }
        }
        Ok(attributes)
    }

    /// Leaves the object that replaced one which is not recreated: without it, nothing would serve its numbers. Says whether there is one.
    fn keep_replacement(&mut self, deed: &DoneStep<'_>, id: &str, deeds: &[DoneStep<'_>]) -> bool {
        let replaces = |other: &&DoneStep<'_>| {
            other.account == deed.account && other.step.operation.replaces_here().is_some_and(|replaced| replaced == id)
        };
        let Some(made) = deeds.iter().find(replaces).and_then(|other| other.made) else { return false };
        let removed = &mut self.undo.desired.removed;
        let Some(at) = removed.iter().position(|gone| gone.id.as_deref() == Some(made)) else { return false };
        let address = removed.remove(at).address;
        if let Some(object) = self.today.desired.objects.get(&address) {
            self.undo.desired.objects.insert(address.clone(), object.clone());
        }
        self.undo.about.remove(&address);
        true
    }
}
