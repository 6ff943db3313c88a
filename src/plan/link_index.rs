//! Bridges and connections of one account by what is looked up: a plan of ten thousand numbers looks each up once.

use std::collections::{BTreeMap, BTreeSet};

use super::link::PlannedBridge;
use super::step::ObjectRef;
use crate::model::resource::{Address, Connection, ServedBy};

/// Where bridges and connections are found.
#[derive(Default)]
pub(super) struct LinkIndex<'a> {
    /// Planned bridges that exist.
    pub(super) by_slug: BTreeMap<&'a str, &'a PlannedBridge>,
    /// Planned bridges that a step creates, by that step.
    pub(super) by_step: BTreeMap<&'a str, &'a PlannedBridge>,
    /// The same by address.
    pub(super) new_by_address: BTreeMap<&'a Address, &'a PlannedBridge>,
    /// Numbers that a planned bridge declares.
    pub(super) wanted: BTreeSet<&'a str>,
    /// The first connection of each number.
    pub(super) connections: BTreeMap<&'a str, &'a Connection>,
    /// Connections by bridge.
    pub(super) of_bridge: BTreeMap<&'a str, Vec<&'a Connection>>,
    /// Numbers that some configuration serves.
    pub(super) served: BTreeSet<&'a str>,
}

impl<'a> LinkIndex<'a> {
    pub(super) fn new(bridges: &'a [PlannedBridge], connections: &'a [Connection]) -> Self {
        let mut index = Self::default();
        for bridge in bridges {
            match &bridge.at {
                ObjectRef::Id(slug) => {
                    index.by_slug.entry(slug).or_insert(bridge);
                }
                ObjectRef::Step(step) => {
                    index.by_step.entry(step).or_insert(bridge);
                    index.new_by_address.entry(&bridge.address).or_insert(bridge);
                }
            }
            index.wanted.extend(bridge.numbers.keys().map(String::as_str));
        }
        for connection in connections {
            index.connections.entry(&connection.number).or_insert(connection);
            index.of_bridge.entry(&connection.bridge).or_default().push(connection);
            if connection.served_by != ServedBy::Unserved {
                index.served.insert(&connection.number);
            }
        }
        index
    }
}

/// The connections of one holder, in a list that is sorted by holder.
pub(super) fn connections_on<'c>(sorted: &'c [Connection], holder: &str) -> &'c [Connection] {
    let from = &sorted[sorted.partition_point(|it| it.bridge.as_str() < holder)..];
    &from[..from.partition_point(|it| it.bridge == holder)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_of_a_holder_are_next_to_each_other() {
        let on = |bridge: &str, number: &str| Connection {
            bridge: bridge.to_owned(),
            number: number.to_owned(),
            number_id: None,
            served_by: ServedBy::Unserved,
            other_candidates: BTreeSet::new(),
        };
        let sorted = [on("b", "1"), on("b", "2"), on("d", "3")];
        let found = |holder| connections_on(&sorted, holder).iter().map(|it| it.number.as_str()).collect::<Vec<_>>();
        assert_eq!((found("b"), found("d")), (vec!["1", "2"], vec!["3"]));
        assert!(["a", "c", "e"].into_iter().all(|holder| found(holder).is_empty()));
    }
}
