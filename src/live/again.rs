//! Reads a part of the live state again: around a write to a bridge, to see who serves its numbers now.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::unpod::configurations;
use super::{LiveError, Reader};
use crate::api::ReadOnly;
use crate::backend::unpod::attribution::{Evidence, unseen};
use crate::backend::unpod::{CONFIGURATION_SPELLINGS, rows};
use crate::kind::{Kind, List, text_of};
use crate::ledger::{Key, Ledger};
use crate::resource::{Account, Connection, Desired, Facts, LiveObject};

/// Who serves the numbers of some bridges, read afresh.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reread {
    /// Connections of these bridges, sorted by bridge and number.
    pub connections: Vec<Connection>,
    /// Those of the bridges that name a provider and show no number, with the configurations that may serve them.
    pub unseen: BTreeMap<String, BTreeSet<String>>,
    /// Those of the bridges that are not there.
    pub gone: BTreeSet<String>,
}

impl Reread {
    /// The connections.
    pub fn iter(&self) -> std::slice::Iter<'_, Connection> {
        self.connections.iter()
    }
}

/// The objects of a kind, listed again and nothing else: each with what the service itself calls its row.
pub async fn list(
    api: &ReadOnly<'_>,
    account: &Account,
    kind: &'static Kind,
    facts: &Facts,
    ledger: &Ledger,
    key: &Key,
) -> Result<Vec<(String, LiveObject)>, LiveError> {
    let desired = Desired::default();
    let reader = Reader::alone(api, account, &desired, ledger, key);
    let tried = format!("listing the {} again", kind.name);
    let rows = match kind.list {
        List::Offset { .. } => {
            let listed = reader.listed(kind).await?.0.into_iter();
            return Ok(listed.map(|object| (object.id.clone(), object)).collect());
        }
        List::Pages { .. } => reader.listed_bridges().await?,
        List::Whole => {
            let spelling = facts.configurations.as_deref().unwrap_or(CONFIGURATION_SPELLINGS[0]);
            let body =
                reader.get(&tried, &kind.collection.replace("{configurations}", spelling), &[]).await?;
            rows::rows(&body, true).map_err(|what| LiveError::shape(account, &tried, what))?.to_vec()
        }
    };
    let named = rows.into_iter().map(|row| {
        let name = row.get("id").and_then(text_of);
        let object = reader.object(kind, &tried, row)?;
        Ok((name.unwrap_or_else(|| object.id.clone()), object))
    });
    named.collect()
}

/// Reads these bridges again, and all that tells who serves their numbers. `facts` are those of the reading that the plan
/// was made from; `objects` are the account's configurations as they are now, the new ones included, because a provider with
/// one configuration is taken for that one.
///
/// Costs one request for each bridge. Where the bridge alone does not say who serves a number (generation 2), also one for
/// the numbers and one for each page of the bridge listing until every one of the bridges was seen: one page where the
/// account has no more than a hundred. No bridge that is there: none of these.
pub async fn read_connections(
    api: &ReadOnly<'_>,
    account: &Account,
    facts: &Facts,
    objects: &[LiveObject],
    ledger: &Ledger,
    key: &Key,
    slugs: &BTreeSet<String>,
) -> Result<Reread, LiveError> {
    let desired = Desired::default();
    let reader = Reader::alone(api, account, &desired, ledger, key);
    let read = try_join_all(slugs.iter().map(|slug| reader.bridge(slug))).await?;
    let (mut bridges, mut there, mut gone) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (slug, bridge) in slugs.iter().zip(read) {
        match bridge {
            Some(bridge) => {
                bridges.push(bridge);
                there.insert(slug.clone());
            }
            None => _ = gone.insert(slug.clone()),
        }
    }
    // Generation 1 says in each bridge whose connection it is, and nothing of it elsewhere (unpod.md 10, recorded).
    let elsewhere = facts.generation != Some(1) && !there.is_empty();
    let (listed, numbers) = if elsewhere {
        let (listed, numbers) = tokio::join!(reader.listing_of(&there), reader.numbers());
        (listed?, numbers?)
    } else {
        (Vec::new(), Vec::new())
    };
    let configurations = configurations(&facts.catalogue, objects);
    let evidence = Evidence {
        generation: facts.generation,
        account: Some(account),
        configurations: &configurations,
        listed: &listed,
        bridges: &bridges,
        numbers: &numbers,
    };
    let mut read = Reread { connections: reader.attributed(&evidence), unseen: unseen(&evidence), gone };
    read.connections.retain(|connection| there.contains(&connection.bridge));
    read.unseen.retain(|bridge, _| there.contains(bridge));
    Ok(read)
}
