//! The document of `get`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::documents::documents;
use crate::analysis::drift::NotCompared;
use crate::analysis::get::{ForeignCount, Inventory, InventoryRow, ListedKind, Management, NumberRow, ObjectRow, Service};
use crate::model::resource::{Address, Known};
use crate::model::value::CompactValue;

documents! {
    InventoryDocument<'_> => "telform-get"
}

/// What is there, managed or not.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InventoryDocument<'a> {
    /// The objects, kind by kind.
    pub objects: Vec<InventoryObject<'a>>,
    /// The numbers, where they were asked for.
    pub numbers: Vec<InventoryNumber<'a>>,
    /// Kinds and accounts that were read whole.
    pub looked_at: &'a [ListedKind],
    /// What could not be read: if it is not empty, this is not everything, and the exit code is 1.
    pub missed: &'a [NotCompared],
    /// Objects of other organizations, which are not listed.
    pub foreign: &'a [ForeignCount],
    /// Whether there is a ledger; without one nothing counts as managed.
    pub has_ledger: bool,
}

/// An object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InventoryObject<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// The account that holds it.
    pub account: &'a str,
    /// Its identity at the service.
    pub id: &'a str,
    /// The address that claims it; null for one that is not managed.
    pub address: Option<String>,
    /// Who looks after it.
    pub managed: Management,
    /// What the service shows of it, without secrets. Of a hidden object the natural key that the ledger has.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub attributes: BTreeMap<&'a str, CompactValue>,
    /// Values that the service shows in part only, as it shows them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub shown_in_part: BTreeMap<&'a str, &'a CompactValue>,
    /// For an object that holds its own number: what serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served_by: Option<NumberService<'a>>,
}

/// A number.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InventoryNumber<'a> {
    /// The word for numbers of its service.
    pub kind: &'a str,
    /// The account.
    pub account: &'a str,
    /// In E.164, or as the service spells it where that is something else.
    pub number: &'a str,
    /// What it is on; null for a free number.
    pub on: Option<End<'a>>,
    /// What serves it.
    pub served_by: NumberService<'a>,
    /// The address whose entry says what serves it.
    pub address: Option<String>,
    /// Who looks after that.
    pub managed: Management,
}

/// An end of a connection.
#[derive(Debug, Serialize, JsonSchema)]
pub struct End<'a> {
    /// Its identity.
    pub id: &'a str,
    /// Its address, where one claims it.
    pub address: Option<String>,
}

/// What serves a number.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "known", rename_all = "snake_case")]
pub enum NumberService<'a> {
    /// Nothing.
    Nothing,
    /// An object of this account.
    By {
        /// Its identity.
        id: &'a str,
        /// Its address, where one claims it.
        address: Option<String>,
        /// How that is known: `recorded` where the service does not show it, and telform recorded it on connecting.
        how: Known,
    },
    /// An object of another organization.
    Foreign {
        /// Its identity.
        id: &'a str,
    },
    /// It is not known which.
    Unknown {
        /// One of these; empty where nothing is known.
        one_of: Vec<End<'a>>,
    },
}

impl<'a> InventoryDocument<'a> {
    /// The document of what was read.
    pub fn new(inventory: &'a Inventory<'a>, has_ledger: bool) -> Self {
        let (mut objects, mut numbers) = (Vec::new(), Vec::new());
        for table in &inventory.tables {
            for row in &table.rows {
                match row {
                    InventoryRow::Object(object) => objects.push(object_document(inventory, object, table.scope.attributes())),
                    InventoryRow::Number(number) => numbers.push(number_document(number)),
                }
            }
        }
        let coverage = &inventory.coverage;
        Self { objects, numbers, looked_at: &coverage.listed, missed: &coverage.missed, foreign: &coverage.foreign, has_ledger }
    }
}

fn object_document<'a>(
    inventory: &'a Inventory<'a>,
    object: &ObjectRow<'a>,
    names: impl Iterator<Item = &'static str>,
) -> InventoryObject<'a> {
    let attributes = names.filter_map(|name| Some((name, object.value(inventory, name)?.into_owned())));
    let masked = object.live.map(|live| &live.masked);
    InventoryObject {
        kind: object.kind.name,
        account: object.account,
        id: object.id,
        address: object.address.map(ToString::to_string),
        managed: object.management,
        attributes: attributes.collect(),
        shown_in_part: masked.into_iter().flat_map(|masked| masked.iter()).map(|(name, value)| (*name, value)).collect(),
        served_by: object.service.as_ref().map(service_document),
    }
}

fn number_document<'a>(number: &NumberRow<'a>) -> InventoryNumber<'a> {
    InventoryNumber {
        kind: number.kind,
        account: number.account,
        number: number.number,
        on: number.holder.map(|(id, address)| end(id, address)),
        served_by: service_document(&number.service),
        address: number.address.map(ToString::to_string),
        managed: number.management,
    }
}

fn service_document<'a>(service: &Service<'a>) -> NumberService<'a> {
    match service {
        Service::None => NumberService::Nothing,
        Service::By(id, address, how) => NumberService::By { id, address: address.map(ToString::to_string), how: *how },
        Service::Foreign(id) => NumberService::Foreign { id },
        Service::Unknown(ids) => NumberService::Unknown { one_of: ids.iter().map(|(id, address)| end(id, *address)).collect() },
    }
}

fn end<'a>(id: &'a str, address: Option<&'a Address>) -> End<'a> {
    End { id, address: address.map(ToString::to_string) }
}
