//! Who serves each member, from the rows of the holders, at a service that is read as its tables say.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::{AccountReader, ReadError, RefreshedConnections, identity_in, unreadable_object};
use crate::model::kind::{Kind, Link};
use crate::model::resource::{AccountFacts, Connection, LiveAccount, LiveObject};
use crate::model::value::Value;

impl AccountReader<'_> {
    /// Takes the connections from the rows of all holders. A holder whose row does not say who serves its members cannot be read,
    /// and is no longer among the `objects`.
    pub(super) fn take_connections(
        &self,
        kind: &'static Kind,
        link: &Link,
        rows: &[Value],
        objects: &mut Vec<LiveObject>,
        live: &mut LiveAccount,
    ) -> Result<(), ReadError> {
        let mut all = Vec::new();
        for row in rows {
            // A row that names no object is reported by itself.
            let Some(id) = row.as_object().and_then(|row| identity_in(kind, row, self.key)) else { continue };
            match self.connections_on(kind, link, &id, row) {
                Ok(connections) => all.extend(connections),
                Err(error) => {
                    objects.retain(|object| object.id != id);
                    live.unreadable.entry(kind.name).or_default().insert(id, unreadable_object(error, true)?);
                }
            }
        }
        all.sort_by(|a, b| (&a.bridge, &a.number).cmp(&(&b.bridge, &b.number)));
        for connection in &all {
            live.numbers.entry(connection.number.clone()).or_default().bridge = Some(connection.bridge.clone());
        }
        live.connections = Some(all);
        Ok(())
    }

    /// The rows of listed holders, one by one, where their listing keeps only what a plan looks at.
    pub(super) async fn rows_one_by_one(&self, kind: &'static Kind, objects: &[LiveObject]) -> Result<Vec<Value>, ReadError> {
        let rows = try_join_all(objects.iter().map(|object| self.row_by_id(kind, None, &object.id))).await?;
        let known = objects.iter().zip(rows).map(|(object, row)| {
            row.ok_or_else(|| {
                let what = format!("{} {} is listed, and reading it finds nothing", kind.singular, object.id);
                ReadError::incomplete_listing(self.account, &format!("reading the {}", kind.name), &what)
            })
        });
        known.collect()
    }

    /// Who serves the members of these holders now.
    pub(super) async fn connections_again(
        &self,
        facts: &AccountFacts,
        holders: &BTreeSet<String>,
    ) -> Result<RefreshedConnections, ReadError> {
        let mut read = RefreshedConnections::default();
        let Some((kind, link)) = self.account.service.link_holder(facts.generation) else { return Ok(read) };
        let rows = try_join_all(holders.iter().map(|id| self.row_by_id(kind, None, id))).await?;
        for (id, row) in holders.iter().zip(rows) {
            match row {
                Some(row) => read.connections.extend(self.connections_on(kind, link, id, &row)?),
                None => _ = read.missing.insert(id.clone()),
            }
        }
        Ok(read)
    }

    fn connections_on(&self, kind: &Kind, link: &Link, id: &str, row: &Value) -> Result<Vec<Connection>, ReadError> {
        let members = row.as_object().map_or(Err("it is not an object"), |row| link.served_by(row));
        let tried = format!("reading {} {id}", kind.singular);
        let members = members.map_err(|what| ReadError::wrong_shape(self.account, &tried, what))?;
        let all = members.into_iter().map(|(number, served_by)| {
            let bridge = id.to_owned();
            Connection { bridge, number, number_id: None, served_by, other_candidates: BTreeSet::new() }
        });
        Ok(all.collect())
    }
}
