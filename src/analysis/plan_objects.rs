//! The objects of a plan, whole: for readers that judge each object, and not only what changes in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::get::{Inventory, InventoryQuery, InventoryRow, Management, Service, TableScope};
use crate::model::kind::AttributeAccess;
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
        let tables = TableScope::of_accounts(inputs.desired.accounts.values());
        let inventory = Inventory::new(inputs, &tables, &InventoryQuery::default(), false);
        let mut numbers = numbers_by_holder(&inventory);
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
                if let (Some(links), Some(served)) = (links, numbers.remove(&(object.account, object.id))) {
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
fn numbers_by_holder<'a>(inventory: &Inventory<'a>) -> BTreeMap<(&'a str, &'a str), Map<String, Value>> {
    let mut all: BTreeMap<(&str, &str), Map<String, Value>> = BTreeMap::new();
    for row in inventory.tables.iter().flat_map(|table| &table.rows) {
        if let InventoryRow::Number(number) = row
            && let Some((holder, _)) = number.holder
        {
            let served_by = served_by(&number.service);
            all.entry((number.account, holder)).or_default().insert(number.number.to_owned(), served_by);
        }
    }
    all
}

/// Null says that nothing serves the number, so what is not known is a word in brackets, as in `get`.
fn served_by(service: &Service<'_>) -> Value {
    match service {
        Service::By(id, address, _) => address.map_or_else(|| Value::from(*id), |address| Value::from(address.to_string())),
        Service::Foreign(id) => Value::from(*id),
        Service::None => Value::Null,
        Service::Unknown(_) => Value::from(service.cell()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::resource::Known;

    #[test]
    fn what_is_not_known_is_not_said_to_be_nothing() {
        assert_eq!(served_by(&Service::None), Value::Null);
        assert_eq!(served_by(&Service::Unknown(Vec::new())), "(unknown)");
        assert_eq!(served_by(&Service::Unknown(vec![("43", None), ("44", None)])), "(unknown: 43 or 44)");
        assert_eq!(served_by(&Service::By("43", Some(&Address::new("providers", "main")), Known::Exact)), "providers.main");
    }
}
