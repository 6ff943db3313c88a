//! Reads a part of the live state again: right before a write, to see whether it still is what the plan saw, and after the
//! rewiring, to prove it.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::unpod::configurations;
use super::{LiveError, Reader};
use crate::api::ReadOnly;
use crate::backend::unpod::attribution::Evidence;
use crate::backend::unpod::{BACKEND, CONFIGURATION_SPELLINGS};
use crate::kind::Kind;
use crate::ledger::{Key, Ledger};
use crate::resource::{Account, Connection, Desired, Facts, LiveObject};

/// Reads one object; `None` when the service says that it is not there. `facts` are those of the reading that the plan was
/// made from.
pub async fn read_one(
    api: &ReadOnly<'_>,
    account: &Account,
    facts: &Facts,
    kind: &'static Kind,
    id: &str,
    key: &Key,
) -> Result<Option<LiveObject>, LiveError> {
    let (desired, ledger) = (Desired::default(), Ledger::default());
    let reader = reader(api, account, &desired, &ledger, key);
    if account.backend.api != BACKEND.api {
        return reader.by_id(kind, id).await;
    }
    if kind.link.is_some() {
        let row = reader.bridge(id).await?;
        return row.map(|row| reader.object(kind, &format!("reading bridge {id}"), &row)).transpose();
    }
    let spelling = facts.configurations.as_deref().unwrap_or(CONFIGURATION_SPELLINGS[0]);
    reader.configuration_by_id(kind, spelling, id).await
}

/// Reads the connections of these bridges; a bridge that is gone has none. `objects` are the account's configurations as
/// they are now, the new ones included.
pub async fn read_connections(
    api: &ReadOnly<'_>,
    account: &Account,
    facts: &Facts,
    objects: &[LiveObject],
    ledger: &Ledger,
    key: &Key,
    slugs: &BTreeSet<String>,
) -> Result<Vec<Connection>, LiveError> {
    let desired = Desired::default();
    let reader = reader(api, account, &desired, ledger, key);
    // Generation 1 says in each bridge whose connection it is, and nothing of it in the listing (unpod.md 10, recorded).
    let all = facts.generation != Some(1);
    let (read, listed, numbers) = tokio::join!(
        try_join_all(slugs.iter().map(|slug| reader.bridge(slug))),
        async { if all { reader.listed_bridges().await } else { Ok(Vec::new()) } },
        reader.numbers(),
    );
    let (read, listed, numbers) = (read?, listed?, numbers?);
    let bridges: Vec<_> = read.into_iter().flatten().collect();
    let configurations = configurations(&facts.catalogue, objects);
    let evidence = Evidence {
        generation: facts.generation,
        configurations: &configurations,
        listed: &listed,
        bridges: &bridges,
        numbers: &numbers,
    };
    let mut connections = reader.attributed(&evidence);
    connections.retain(|connection| slugs.contains(&connection.bridge));
    Ok(connections)
}

fn reader<'a>(
    api: &'a ReadOnly<'a>,
    account: &'a Account,
    desired: &'a Desired,
    ledger: &'a Ledger,
    key: &'a Key,
) -> Reader<'a> {
    Reader { api, account, desired, ledger, key, kinds: BTreeSet::new(), destroy: false }
}
