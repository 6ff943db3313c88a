//! Reads a part of the live state again: around a write to a bridge, to see what now serves its numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccountReader, ReadError, ReadingOf};
use crate::http::ReadOnly;
use crate::model::kind::{CollectionListing, Kind, text_of};
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{Account, AccountFacts, Connection, Desired, LiveObject};

/// What serves the numbers of some bridges, read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefreshedConnections {
    /// Connections of these bridges, sorted by bridge and number.
    pub connections: Vec<Connection>,
    /// Those of the bridges that name a provider and show no number, with the configurations that may serve them.
    pub unseen_candidates: BTreeMap<String, BTreeSet<String>>,
    /// Those of the bridges that do not exist.
    pub missing: BTreeSet<String>,
}

impl RefreshedConnections {
    /// The connections.
    pub fn iter(&self) -> std::slice::Iter<'_, Connection> {
        self.connections.iter()
    }
}

/// Who reads again, and in which account.
#[derive(Clone, Copy)]
pub struct Again<'a> {
    /// How the account's service is read.
    pub reading_of: ReadingOf,
    /// What is asked.
    pub api: &'a ReadOnly<'a>,
    /// Whose objects are read.
    pub account: &'a Account,
    /// What the reading that the plan was made from found out about the service.
    pub facts: &'a AccountFacts,
    /// What is remembered.
    pub ledger: &'a Ledger,
    /// For fingerprints of secrets.
    pub key: &'a FingerprintKey,
}

impl Again<'_> {
    /// Lists only the objects of one kind again: each with the service's own id of its row.
    pub async fn list(&self, kind: &'static Kind) -> Result<Vec<(String, LiveObject)>, ReadError> {
        let desired = Desired::default();
        let reader = AccountReader::for_one_account(self.api, self.account, &desired, self.ledger, self.key);
        (self.reading_of)(self.account).list(&reader, kind, self.facts).await
    }

    /// Reads these bridges again, and all that tells who serves their numbers. `objects` are the account's configurations as they
    /// are now, the new ones included, because a provider with one configuration is taken for that one.
    pub async fn connections(&self, objects: &[LiveObject], slugs: &BTreeSet<String>) -> Result<RefreshedConnections, ReadError> {
        let desired = Desired::default();
        let reader = AccountReader::for_one_account(self.api, self.account, &desired, self.ledger, self.key);
        (self.reading_of)(self.account).connections(&reader, self.facts, objects, slugs).await
    }
}

impl AccountReader<'_> {
    /// As the kind's table says.
    pub(super) async fn rows_again(
        &self,
        kind: &'static Kind,
        facts: &AccountFacts,
    ) -> Result<Vec<(String, LiveObject)>, ReadError> {
        if kind.list != CollectionListing::Whole {
            let listed = self.read_stable_listing(kind).await?.objects.into_iter();
            return Ok(listed.map(|object| (object.id.clone(), object)).collect());
        }
        let tried = format!("listing the {} again", kind.name);
        let rows = self.whole_listing(&tried, &kind.collection_path(facts)).await?;
        self.named_rows(kind, &tried, rows)
    }

    /// Each row as an object, with what the service itself calls it.
    pub fn named_rows(
        &self,
        kind: &'static Kind,
        tried: &str,
        rows: Vec<crate::model::value::Value>,
    ) -> Result<Vec<(String, LiveObject)>, ReadError> {
        let named = rows.into_iter().filter(|row| !kind.is_gone(row)).map(|row| {
            let name = row.get("id").and_then(text_of);
            let object = self.parse_object(kind, tried, row)?;
            Ok((name.unwrap_or_else(|| object.id.clone()), object))
        });
        named.collect()
    }
}
