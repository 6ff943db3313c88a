//! What an account holds, carried into a simulator: made-up secrets stand in for real ones, and differ where the real ones differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use crate::model::kind::AttributeAccess;
use crate::model::resource::{Account, Address, DesiredObject, DesiredValue, LiveAccount, LiveObject};
use crate::model::value::{Fingerprint, Secret, Value};
use crate::text::fits_mask;

/// A made-up text that replaces a secret.
#[derive(Debug, Clone)]
pub struct FakeSecret {
    /// Fingerprint of the real one; none when it was not supplied.
    pub real: Option<Fingerprint>,
    /// The text.
    pub text: String,
}

impl FakeSecret {
    /// As it is sent.
    pub fn to_secret(&self) -> Secret {
        Secret::new(&self.text)
    }
}

/// By address and attribute.
pub type FakeSecrets = BTreeMap<(Address, String), FakeSecret>;

/// A secret of an object that differs from the one in the configuration.
pub fn other_secret(id: &str, name: &str) -> String {
    format!("rehearsal-other-{id}-{name}")
}

/// What one account's service holds.
pub struct Source<'a> {
    /// The account.
    pub account: &'a Account,
    /// What it answered.
    pub live: &'a LiveAccount,
    /// Which declared object a live one is, by kind and id.
    pub declared: &'a dyn Fn(&str, &str) -> Option<&'a DesiredObject>,
    /// Secrets of the rehearsal.
    pub stand_ins: &'a FakeSecrets,
    /// Numbers that other accounts of the run connect: one that moves here is known here, too.
    pub numbers_of_other_accounts: &'a BTreeSet<&'a str>,
}

impl Source<'_> {
    /// What was listed of a kind.
    pub fn live_objects(&self, kind: &str) -> &[LiveObject] {
        self.live.objects.get(kind).map_or(&[], Vec::as_slice)
    }

    /// An object as a row of the simulator, whose fields have the names of the tables.
    pub fn simulator_row<T: DeserializeOwned>(&self, kind: &str, live: &LiveObject, id: Option<&str>) -> Result<T, String> {
        let mut row = self.writable_attributes(kind, live);
        row.retain(|_, value| !value.is_null());
        if let (Some(id), Ok(number)) = (id, live.id.parse::<u64>()) {
            row.insert(id.to_owned(), json!(number));
        }
        serde_json::from_value(Value::Object(row)).map_err(|error| format!("{kind} {}: {error}", live.id))
    }

    /// What can be written of an object, with made-up secrets.
    pub fn writable_attributes(&self, kind: &str, live: &LiveObject) -> Map<String, Value> {
        let shape = self.account.service.shape(kind, self.live.facts.generation);
        let written =
            |name: &str| shape.and_then(|shape| shape.field(name)).is_some_and(|field| field.access != AttributeAccess::ReadOnly);
        let declared = (self.declared)(kind, &live.id);
        let mut row: Map<String, Value> = live
            .attributes
            .iter()
            .filter(|(name, _)| written(name))
            .map(|(name, value)| ((*name).to_owned(), value.json()))
            .collect();
        for (name, masked) in &live.masked {
            // The YAML may have the full text of a value that is shown in part.
            let whole = match declared.and_then(|object| object.attributes.get(name)) {
                Some(DesiredValue::Value(value)) => Some(value).filter(|value| {
                    let (masked, value) = (masked.as_str(), value.as_str());
                    masked.zip(value).is_some_and(|(masked, value)| fits_mask(masked, value))
                }),
                _ => None,
            };
            row.insert((*name).to_owned(), whole.unwrap_or(masked).json());
        }
        for (name, print) in &live.secrets {
            let stand_in = declared
                .and_then(|object| self.stand_ins.get(&(object.address.clone(), (*name).to_owned())))
                .filter(|stand_in| print.is_none() || stand_in.real == *print);
            let text = stand_in.map_or_else(|| other_secret(&live.id, name), |known| known.text.clone());
            row.insert((*name).to_owned(), json!(text));
        }
        row
    }
}
