//! Reads what the services hold: complete, or an error. Accounts are read side by side, and within an account everything
//! that does not depend on something else.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;

use crate::api::{ApiError, Json, ReadOnly};
use crate::backend;
use crate::kind::{Kind, Reading};
use crate::ledger::{Entry, Key, Ledger};
use crate::resource::{
    Account, Address, Desired, DesiredObject, Live, LiveAccount, LiveObject, Removal, Unlisted,
};
use crate::value::Value;

mod again;
mod bridges;
mod error;
mod hello;
mod object;
mod offset;
mod organization;
mod unpod;

pub use again::{Reread, list, read_connections};
pub use error::LiveError;
pub use hello::{Hello, hello};
pub use object::object;

/// How far a listing has come; told with each page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Account that is read.
    pub account: &'a str,
    /// Name of the kind.
    pub kind: &'static str,
    /// Whether this is the first of it, or of doing it once more: what was told before does not count any longer.
    pub anew: bool,
    /// Objects that came with this page.
    pub objects: u64,
    /// How many there are, as the service says; none where it does not.
    pub total: Option<u64>,
}

/// Who hears how far the listings have come.
pub type Told<'a> = dyn Fn(&Listed<'_>) + Sync + 'a;

/// As [`read_each`], with nobody to tell, and all or nothing.
pub async fn read(
    api: &ReadOnly<'_>,
    desired: &Desired,
    ledger: &Ledger,
    key: &Key,
    destroy: bool,
) -> Result<Live, LiveError> {
    let scope = Scope { destroy, view: View::Writable, asked: None, whole: true };
    let (live, errors) = read_each(api, desired, ledger, key, scope, &|_| {}).await;
    errors.into_iter().next().map_or(Ok(live), Err)
}

/// What is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Everything managed shall go.
    pub destroy: bool,
    /// How much of each listed object is kept.
    pub view: View,
    /// Accounts that are asked; `None` for all.
    pub asked: Option<&'a BTreeSet<String>>,
    /// A listing that fails is an error of its account, instead of being noted there.
    pub whole: bool,
}

/// How much of each listed object is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What a plan looks at, see [`looked_at`](crate::plan::looked_at).
    Plan,
    /// Everything that may be stated: for who describes objects, or copies them.
    Writable,
}

/// Reads the live state that a plan for `desired` needs: the kinds that the files or the tombstones mention, and for Unpod
/// the bridges whenever a configuration may go. An account none of whose kinds is mentioned is not asked. What an account
/// answers is whole, or it is an error and not there: one that cannot be read takes nothing from the others. Unless `whole` is
/// asked for, a listing that fails takes nothing from the other listings of its account either, while there is one.
pub async fn read_each(
    api: &ReadOnly<'_>,
    desired: &Desired,
    ledger: &Ledger,
    key: &Key,
    scope: Scope<'_>,
    told: &Told<'_>,
) -> (Live, Vec<LiveError>) {
    let wanted =
        desired.accounts.values().filter(|it| scope.asked.is_none_or(|asked| asked.contains(&it.name)));
    let jobs = wanted.filter_map(|account| {
        let kinds = in_scope(account, desired);
        let reader = Reader { kinds, scope, told, ..Reader::alone(api, account, desired, ledger, key) };
        let asked = !reader.kinds.is_empty();
        asked.then_some(async move { (account.name.clone(), reader.read().await) })
    });
    let (mut live, mut errors) = (Live::default(), Vec::new());
    // All of them are waited for, so that the same error comes first in every run.
    for (name, result) in join_all(jobs).await {
        match result {
            Ok(read) => _ = live.accounts.insert(name, read),
            Err(error) => errors.push(error),
        }
    }
    (live, errors)
}

/// Accounts that a reading for `desired` asks, of those that it may.
pub fn in_question<'a>(desired: &'a Desired, asked: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
    let all = desired.accounts.values().filter(|account| asked.contains(&account.name));
    all.filter(|account| !in_scope(account, desired).is_empty()).map(|account| account.name.as_str())
}

/// Kinds of the account that some file or tombstone mentions.
fn in_scope(account: &Account, desired: &Desired) -> BTreeSet<&'static str> {
    let mentioned = |name: &str| {
        desired.kinds.contains(name) || desired.removed.iter().any(|gone| gone.address.kind == name)
    };
    account.backend.kinds.iter().map(|kind| kind.name).filter(|name| mentioned(name)).collect()
}

/// What reading one account needs at hand.
struct Reader<'a> {
    api: &'a ReadOnly<'a>,
    account: &'a Account,
    desired: &'a Desired,
    ledger: &'a Ledger,
    key: &'a Key,
    kinds: BTreeSet<&'static str>,
    scope: Scope<'a>,
    told: &'a Told<'a>,
    /// Bytes of what is kept so far.
    kept: AtomicUsize,
}

/// Most bytes of memory for what is kept of one account: a service that has no end to tell is told from a large one here, and
/// not by the machine.
const MOST_KEPT: usize = 128 * 1024 * 1024;

impl<'a> Reader<'a> {
    /// A reader of one account by itself, of everything that may be stated, that tells nobody how far it is.
    fn alone(
        api: &'a ReadOnly<'a>,
        account: &'a Account,
        desired: &'a Desired,
        ledger: &'a Ledger,
        key: &'a Key,
    ) -> Self {
        let scope = Scope { destroy: false, view: View::Writable, asked: None, whole: true };
        let (kinds, kept) = (BTreeSet::new(), AtomicUsize::new(0));
        Self { api, account, desired, ledger, key, kinds, scope, told: &|_| {}, kept }
    }
}

impl Reader<'_> {
    /// Counts what is kept.
    fn keep(&self, tried: &str, bytes: usize) -> Result<(), LiveError> {
        let kept = self.kept.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if kept > MOST_KEPT { Err(LiveError::too_much(self.account, tried, MOST_KEPT)) } else { Ok(()) }
    }

    async fn read(&self) -> Result<LiveAccount, LiveError> {
        match self.account.backend.reading {
            Reading::Together => self.read_unpod().await,
            Reading::ByKind => {
                let (mut live, mut first) = (LiveAccount::default(), None);
                for kind in self.account.backend.kinds.iter().filter(|kind| self.kinds.contains(kind.name)) {
                    if let Err(error) = self.read_offset(kind, &mut live).await {
                        live.unlisted.insert(kind.name, self.confined(&error)?);
                        first.get_or_insert(error);
                    }
                }
                self.some_listing(live, first)
            }
        }
    }

    /// What kept a listing from being read, as what is known of that listing; an error where it is about the account.
    fn confined(&self, error: &LiveError) -> Result<Unlisted, LiveError> {
        if self.scope.whole || !error.is_about_the_listing() {
            return Err(error.clone());
        }
        let why = format!("{}: {} [{}]", error.tried, error.means, error.code);
        Ok(Unlisted { why, help: error.way_out.clone() })
    }

    /// The account, unless nothing of what was asked for could be listed.
    fn some_listing(&self, live: LiveAccount, first: Option<LiveError>) -> Result<LiveAccount, LiveError> {
        match first {
            Some(error) if !self.kinds.iter().any(|kind| live.objects.contains_key(kind)) => Err(error),
            _ => Ok(live),
        }
    }

    /// Tells how far the listing of a kind has come.
    fn tell(&self, kind: &Kind, anew: bool, objects: usize, total: Option<u64>) {
        let account = &self.account.name;
        (self.told)(&Listed { account, kind: kind.name, anew, objects: objects as u64, total });
    }

    /// One GET; the error is the raw one, for those who can make something of it.
    async fn ask(&self, path: &str, query: &[(&str, String)]) -> Result<Json, ApiError> {
        self.ask_for(path, query, None).await
    }

    /// The same for this product, in place of the account's.
    async fn ask_for(
        &self,
        path: &str,
        query: &[(&str, String)],
        product: Option<&str>,
    ) -> Result<Json, ApiError> {
        self.api.get_for(&self.account.name, path, query, product).await.map(|answer| answer.body)
    }

    async fn get(&self, tried: &str, path: &str, query: &[(&str, String)]) -> Result<Json, LiveError> {
        self.ask(path, query).await.map_err(|error| LiveError::request(self.account, tried, error))
    }

    /// Whether the service said no in the dress of a success.
    fn refused(&self, error: &ApiError) -> bool {
        error.status.is_some() && error.status == self.account.backend.refuses_with
    }

    fn object(&self, kind: &Kind, tried: &str, row: Value) -> Result<LiveObject, LiveError> {
        object(kind, row, self.key).map_err(|what| LiveError::shape(self.account, tried, &what))
    }

    /// Desired objects of a kind that this account holds.
    fn wanted(&self, kind: &'static str) -> impl Iterator<Item = &DesiredObject> {
        let mine =
            move |object: &&DesiredObject| object.address.kind == kind && object.account == self.account.name;
        self.desired.objects.values().filter(mine)
    }

    /// Whether a tombstone may stand for an object of this account: it says so, or its ledger entry does, or nothing does.
    fn may_hold(&self, gone: &Removal) -> bool {
        let entry = self.ledger.objects.get(&gone.address).map(|entry| &entry.account);
        gone.account.as_ref().or(entry).is_none_or(|account| *account == self.account.name)
    }

    /// Identities of a kind that must be accounted for: pinned in the YAML, kept in the ledger, written in a tombstone.
    fn remembered(&self, kind: &'static str) -> impl Iterator<Item = &str> {
        let pinned = self.wanted(kind).filter_map(|object| object.id.as_deref());
        let mine = move |address: &Address, entry: &Entry| {
            address.kind == kind && entry.account == self.account.name
        };
        let kept = self.ledger.objects.iter().filter(move |(address, entry)| mine(address, entry));
        let kept = kept.map(|(_, entry)| entry.id.as_str());
        // Where the natural key is the identity, a tombstone that has the one has the other.
        let mut shapes = backend::shapes(kind).into_iter();
        let field = shapes.find(|kind| kind.natural_key.contains(&kind.id)).map(|kind| kind.id);
        let gone = self.desired.removed.iter().filter_map(move |gone| {
            let key = || gone.key.get(field?)?.as_str();
            let id = gone.id.as_deref().or_else(key);
            id.filter(|_| gone.address.kind == kind && self.may_hold(gone))
        });
        // Deleted under a tombstone that still stands: looked for, so that it is known to be gone.
        let stands = |address: &Address| self.desired.removed.iter().any(|gone| gone.address == *address);
        let buried = self.ledger.gone.iter().filter(move |(address, gone)| {
            address.kind == kind && gone.account == self.account.name && stands(address)
        });
        let buried = buried.map(|(_, gone)| gone.id.as_str());
        pinned.chain(kept).chain(gone).chain(buried)
    }
}
