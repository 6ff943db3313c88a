//! How a service is read: kind by kind as its tables say, unless it has a reading of its own.

use std::collections::BTreeSet;
use std::fmt::Debug;

use futures_util::future::BoxFuture;

use super::{AccountReader, LoginCheck, ReadError, RefreshedConnections};
use crate::model::kind::Kind;
use crate::model::resource::{Account, AccountFacts, LiveAccount, LiveObject};

/// What a reading is on its way to.
pub type Reading<'a, T> = BoxFuture<'a, Result<T, ReadError>>;

/// How the account's service is read. Whoever reads is given this, because the services are declared below this module.
pub type ReadingOf = fn(&Account) -> &'static dyn ReadService;

/// How a service is read. What is not overridden reads kind by kind, as the tables say.
pub trait ReadService: Debug + Sync {
    /// Everything of an account that is needed: complete, or an error.
    fn account<'a>(&'a self, reader: &'a AccountReader<'a>) -> Reading<'a, LiveAccount> {
        Box::pin(reader.kind_by_kind())
    }

    /// The first look at an account: one listing, to see whether the login works.
    fn login<'a>(&'a self, reader: &'a AccountReader<'a>) -> Reading<'a, LoginCheck> {
        Box::pin(reader.first_listing())
    }

    /// Lists only the objects of one kind again: each with the service's own id of its row.
    fn list<'a>(
        &'a self,
        reader: &'a AccountReader<'a>,
        kind: &'static Kind,
        facts: &'a AccountFacts,
    ) -> Reading<'a, Vec<(String, LiveObject)>> {
        Box::pin(reader.rows_again(kind, facts))
    }

    /// Who serves the members of these holders now. `targets` are the objects that may.
    fn connections<'a>(
        &'a self,
        reader: &'a AccountReader<'a>,
        facts: &'a AccountFacts,
        _targets: &'a [LiveObject],
        holders: &'a BTreeSet<String>,
    ) -> Reading<'a, RefreshedConnections> {
        Box::pin(reader.connections_again(facts, holders))
    }
}

/// A service that is read as its tables say.
#[derive(Debug, Clone, Copy)]
pub struct KindByKind;

impl ReadService for KindByKind {}
