//! The objects of a plan, whole: for readers that judge each object, and not only what changes in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::get::{Inventory, InventoryQuery, InventoryRow, Management, NumberRow, Service, TableScope};
use crate::model::kind::{AttributeAccess, ServiceTable};
use crate::model::resource::Address;
use crate::plan::{Inputs, Plan};

/// An object as its service shows it, without secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanObject {
    /// The account that holds it.
    pub account: String,
    /// Its identity.
    pub id: String,
    /// Its attributes that the YAML may state, as it states them. Of a hidden object only the natural key is known.
    pub attributes: Map<String, Value>,
}

/// The objects that the addresses of a plan claim.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanObjects {
    /// By address.
    pub claimed: BTreeMap<Address, PlanObject>,
    /// Those that the plan compared and does not change.
    pub unchanged: BTreeSet<Address>,
}

impl PlanObjects {
    /// Takes them from what the plan was made from.
    pub fn new(inputs: Inputs<'_>, plan: &Plan) -> Self {
        let mut services: Vec<&'static ServiceTable> = Vec::new();
        for account in inputs.desired.accounts.values() {
            if services.iter().all(|service| service.api != account.service.api) {
                services.push(account.service);
            }
        }
        let inventory = Inventory::new(inputs, &TableScope::of_services(&services), &InventoryQuery::default(), false);
        let mut numbers = NumbersOfHolders::default();
        for row in inventory.tables.iter().flat_map(|table| &table.rows) {
            if let InventoryRow::Number(number) = row {
                numbers.insert(number);
            }
        }
        let mut claimed = BTreeMap::new();
        for table in &inventory.tables {
            for row in &table.rows {
                let InventoryRow::Object(object) = row else { continue };
                let (Some(address), true) = (object.address, object.management != Management::Existing) else { continue };
                let stated = |name: &str| object.kind.field(name).is_some_and(|field| field.access != AttributeAccess::ReadOnly);
                let value = |name: &'static str| Some((name.to_owned(), object.value(&inventory, name)?.json()));
                let mut attributes: Map<String, Value> =
                    table.scope.attributes().filter(|name| stated(name)).filter_map(value).collect();
                let links = object.kind.fields.iter().find(|field| field.ty.is_links());
                if let (Some(links), Some(served)) = (links, numbers.0.remove(&(object.account, object.id))) {
                    attributes.insert(links.name.to_owned(), Value::Object(served));
                }
                let (account, id) = (object.account.to_owned(), object.id.to_owned());
                claimed.insert(address.clone(), PlanObject { account, id, attributes });
            }
        }
        let unchanged = unchanged(plan, &claimed);
        Self { claimed, unchanged }
    }
}

/// What is claimed and neither changes nor is refused. A limited plan compared only what it names, and says nothing about the rest.
fn unchanged(plan: &Plan, claimed: &BTreeMap<Address, PlanObject>) -> BTreeSet<Address> {
    if !plan.limits.is_empty() {
        return BTreeSet::new();
    }
    let changes = plan.changes.iter().map(|change| &change.address);
    let refused = plan.refusals.iter().flat_map(|refusal| &refusal.addresses);
    let other: BTreeSet<&Address> = changes.chain(refused).collect();
    let whole_refused: BTreeSet<&str> =
        plan.refusals.iter().filter(|refusal| refusal.addresses.is_empty()).map(|refusal| refusal.account.as_str()).collect();
    let compared = |(address, object): &(&Address, &PlanObject)| {
        !other.contains(address) && !whole_refused.contains(object.account.as_str())
    };
    claimed.iter().filter(compared).map(|(address, _)| address.clone()).collect()
}

/// What serves the numbers of each holder, by account and identity.
#[derive(Default)]
struct NumbersOfHolders<'a>(BTreeMap<(&'a str, &'a str), Map<String, Value>>);

impl<'a> NumbersOfHolders<'a> {
    fn insert(&mut self, number: &NumberRow<'a>) {
        let Some((holder, _)) = number.holder else { return };
        let served_by = match &number.service {
            Service::By(id, address) => address.map_or_else(|| Value::from(*id), |address| Value::from(address.to_string())),
            Service::Foreign(id) => Value::from(*id),
            Service::None | Service::Unknown(_) => Value::Null,
        };
        self.0.entry((number.account, holder)).or_default().insert(number.number.to_owned(), served_by);
    }
}
