//! The objects of a kind.

use std::borrow::Cow;
use std::collections::HashSet;

use super::numbers::{Service, service_of_holder};
use super::ownership::Ownership;
use super::{Column, ColumnContent, Inventory, InventoryRow, Management, TableScope, accounts_once};
use crate::analysis::adopt::stated_value;
use crate::model::kind::{AttributeType, Kind};
use crate::model::ledger::ManagedObject;
use crate::model::resource::{Address, LiveObject};
use crate::model::value::CompactValue;
use crate::plan::Inputs;

/// An object that is there.
#[derive(Debug)]
pub struct ObjectRow<'a> {
    /// The account that holds it.
    pub account: &'a str,
    /// Its shape.
    pub kind: &'static Kind,
    /// The address that claims it.
    pub address: Option<&'a Address>,
    /// Who looks after it.
    pub management: Management,
    /// Its identity.
    pub id: &'a str,
    /// As the service shows it.
    pub live: Option<&'a LiveObject>,
    /// Where the service does not show it: what the ledger has.
    pub remembered: Option<&'a ManagedObject>,
    /// Of an object that is its own holder: what serves it.
    pub service: Option<Service<'a>>,
}

/// Every object of a kind, also those that the service does not show yet.
pub(super) fn object_rows<'a>(inputs: &Inputs<'a>, scope: &TableScope, ownership: &Ownership<'a>) -> Vec<InventoryRow<'a>> {
    let mut rows = Vec::new();
    for account in accounts_once(inputs) {
        let Some(live) = inputs.live.accounts.get(account) else { continue };
        let Some((name, objects)) = live.objects.get_key_value(scope.name) else { continue };
        let Some(kind) = crate::services::shape_of_generation(name, live.facts.generation) else { continue };
        let names = inputs.names_of_same_account(account);
        for object in objects {
            let (address, management) = ownership.of_object(&names, kind, &object.id);
            let inherited = management == Management::Unmanaged && object.is_inherited(kind);
            let management = if inherited { Management::Inherited } else { management };
            let account = address.map_or(account, |address| account_of(inputs, address, &names).unwrap_or(account));
            let (id, live, service) = (&object.id, Some(object), service_of_holder(live, kind, &object.id, &names, ownership));
            rows.push(InventoryRow::Object(ObjectRow {
                account,
                kind,
                address,
                management,
                id,
                live,
                remembered: None,
                service,
            }));
        }
        let shown: HashSet<&str> = objects.iter().map(|object| object.id.as_str()).collect();
        let waiting = inputs.ledger.objects.iter().filter(|(address, entry)| {
            address.kind == kind.name && entry.hidden_since.is_some() && names.contains(&entry.account.as_str())
        });
        for (address, entry) in waiting.filter(|(_, entry)| !shown.contains(entry.id.as_str())) {
            let (account, id, management, remembered) = (&entry.account, &entry.id, Management::Hidden, Some(entry));
            let (address, live, service) = (Some(address), None, None);
            rows.push(InventoryRow::Object(ObjectRow { account, kind, address, management, id, live, remembered, service }));
        }
    }
    rows
}

/// The name under which its entry, or the ledger, has the account.
fn account_of<'a>(inputs: &Inputs<'a>, address: &Address, names: &[&'a str]) -> Option<&'a str> {
    let declared = inputs.desired.objects.get(address).map(|object| &object.account);
    let account = declared.or_else(|| inputs.ledger.objects.get(address).map(|entry| &entry.account))?;
    names.iter().copied().find(|name| name == account)
}

impl<'a> ObjectRow<'a> {
    /// The name of its entry.
    pub fn entry(&self, inventory: &Inventory<'a>) -> Option<Cow<'a, str>> {
        if let Some(address) = self.address {
            return Some(Cow::Borrowed(&address.name));
        }
        let known = &inventory.names()?.known;
        let address = known.get(&(self.account.to_owned(), self.kind.name, self.id.to_owned()))?;
        Some(Cow::Owned(address.name.to_string()))
    }

    /// A value of it as the YAML states it; none where the service shows none.
    pub fn value(&self, inventory: &Inventory<'a>, name: &str) -> Option<Cow<'a, CompactValue>> {
        let Some(live) = self.live else {
            return self.remembered?.key.get(name).map(Cow::Borrowed);
        };
        let field = self.kind.field(name)?;
        let shown = live.attributes.get(field.name)?;
        let catalogue = &inventory.inputs().facts_of_account(self.account).catalogue;
        let stated = stated_value(field, catalogue, shown);
        if !field.has_references() {
            return Some(stated);
        }
        let named = match inventory.names() {
            Some(names) => names.with_addresses(self.account, field, &stated).into_owned(),
            None => stated.into_owned(),
        };
        Some(Cow::Owned(inventory.addresses().shown_value(self.account, field, &named).into_owned()))
    }

    /// Whether the service shows a value in part only.
    pub fn shows_part_of(&self, name: &str) -> bool {
        self.live.is_some_and(|live| live.masked.get(name).is_some())
    }

    pub(super) fn cell(&self, inventory: &Inventory<'a>, column: &Column) -> Cow<'a, str> {
        match column.content {
            ColumnContent::Kind => Cow::Borrowed(self.kind.name),
            ColumnContent::Account => Cow::Borrowed(self.account),
            ColumnContent::Address => self.address.map_or(Cow::Borrowed(""), |address| Cow::Owned(address.to_string())),
            ColumnContent::Entry => self.entry(inventory).unwrap_or_default(),
            ColumnContent::Id => Cow::Borrowed(self.id),
            ColumnContent::Managed => Cow::Borrowed(self.management.as_str()),
            ColumnContent::Number | ColumnContent::Holder | ColumnContent::Target => Cow::Borrowed(""),
            ColumnContent::Attribute => self.attribute_cell(inventory, column.name),
        }
    }

    fn attribute_cell(&self, inventory: &Inventory<'a>, name: &str) -> Cow<'a, str> {
        if self.kind.field(name).is_some_and(|field| field.ty == AttributeType::ServedBy) {
            return self.service.as_ref().map(Service::cell).unwrap_or_default();
        }
        if let Some(value) = self.value(inventory, name) {
            return match value {
                Cow::Borrowed(value) => text_of(value),
                Cow::Owned(value) => Cow::Owned(text_of(&value).into_owned()),
            };
        }
        let masked = self.live.and_then(|live| live.masked.get(name));
        masked.map(text_of).unwrap_or_default()
    }
}

/// A value as the text of a cell.
fn text_of(value: &CompactValue) -> Cow<'_, str> {
    match value {
        CompactValue::Null => Cow::Borrowed(""),
        CompactValue::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        other => other.text().unwrap_or_else(|| Cow::Owned(other.to_string())),
    }
}
