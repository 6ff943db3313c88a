//! Reads some bridges again: around a write to one, to see who serves its numbers now.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::attribution::{ConnectionEvidence, unseen_candidates};
use super::read::{UnpodReader, configuration_rows};
use crate::model::resource::{AccountFacts, LiveObject};
use crate::read::{ReadError, RefreshedConnections};

impl UnpodReader<'_> {
    /// Costs one request for each bridge. Where the bridge alone does not say who serves a number (generation 2), also one for
    /// the numbers and one for each page of the bridge listing until every one of the bridges was seen: one page where the
    /// account has no more than a hundred. No bridge that is there: none of these.
    pub(super) async fn reread(
        &self,
        facts: &AccountFacts,
        objects: &[LiveObject],
        slugs: &BTreeSet<String>,
    ) -> Result<RefreshedConnections, ReadError> {
        let read = try_join_all(slugs.iter().map(|slug| self.bridge(slug))).await?;
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
        // Generation 1 shows in each bridge which configuration serves it, and nowhere else (unpod.md 10, recorded).
        let elsewhere = facts.generation != Some(1) && !there.is_empty();
        let (listed, numbers) = if elsewhere {
            let (listed, numbers) = tokio::join!(self.listing_of(&there), self.numbers());
            (listed?, numbers?)
        } else {
            (Vec::new(), Vec::new())
        };
        let configurations = configuration_rows(&facts.catalogue, objects);
        let evidence = ConnectionEvidence {
            generation: facts.generation,
            account: Some(self.account),
            configurations: &configurations,
            listed: &listed,
            bridges: &bridges,
            numbers: &numbers,
        };
        let mut read = RefreshedConnections {
            connections: self.attributed(&evidence),
            unseen_candidates: unseen_candidates(&evidence),
            missing: gone,
        };
        read.connections.retain(|connection| there.contains(&connection.bridge));
        read.unseen_candidates.retain(|bridge, _| there.contains(bridge));
        Ok(read)
    }
}
