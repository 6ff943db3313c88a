//! Reads what the services hold: complete, or an error. Accounts are read concurrently, and within an account everything
//! that does not depend on something else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;

use crate::http::{ApiError, LazyJson, ReadOnly};
use crate::model::kind::{AttributeType, Kind, SentIn, SettingRole};
use crate::model::ledger::{FingerprintKey, Ledger, ManagedObject};
use crate::model::resource::{
    Account, Address, Desired, DesiredObject, ListingFailure, LiveAccount, LiveObject, LiveState, Removal, TokenOwner,
};
use crate::model::value::Value;

mod cursor;
mod error;
mod link_needs;
mod links;
mod login_check;
mod naming_kinds;
mod object;
pub mod one;
mod page;
mod pages;
mod paging;
mod refresh_connections;
mod service;
mod token_owner;

pub use error::{ReadError, unreadable_object};
pub use login_check::{LoginCheck, check_login};
use object::identity_in;
pub use object::parse_object;
pub use page::{ListPageSeed, OffsetPage};
pub use pages::{Enough, PagesOf};
pub use refresh_connections::{Again, RefreshedConnections};
pub use service::{KindByKind, ReadService, Reading, ReadingOf};
pub use token_owner::check_owner;

/// The progress of a listing, reported with each page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListingProgress<'a> {
    /// Account that is read.
    pub account: &'a str,
    /// Name of the kind.
    pub kind: &'static str,
    /// Whether this is the first page, or the first of a repeated listing: earlier reports no longer count.
    pub restarted: bool,
    /// Number of objects on this page.
    pub objects: u64,
    /// Total number, as the service reports it; none where it does not.
    pub total: Option<u64>,
}

/// Receives the progress of the listings.
pub type ListingCallback<'a> = dyn Fn(&ListingProgress<'_>) + Sync + 'a;

/// As [`read_each`], without progress, and all or nothing.
pub async fn read_all(
    reading_of: ReadingOf,
    api: &ReadOnly<'_>,
    desired: &Desired,
    ledger: &Ledger,
    key: &FingerprintKey,
    destroy: bool,
) -> Result<LiveState, ReadError> {
    let scope = ReadScope { destroy, view: ObjectDetail::Writable, accounts_to_read: None, fail_on_unlisted: true, owners: None };
    let (live, errors) = read_each(reading_of, api, desired, ledger, key, scope, &|_| {}).await;
    errors.into_iter().next().map_or(Ok(live), Err)
}

/// The purpose of a reading.
#[derive(Debug, Clone, Copy)]
pub struct ReadScope<'a> {
    /// Everything managed is to be deleted.
    pub destroy: bool,
    /// How much of each listed object is kept.
    pub view: ObjectDetail<'a>,
    /// Accounts that are read; `None` for all.
    pub accounts_to_read: Option<&'a BTreeSet<String>>,
    /// A listing that fails is an error of its account, instead of a fact recorded about it.
    pub fail_on_unlisted: bool,
    /// Owners of tokens that the run already knows, by account name: the owners of the others are read. `None`: no owner is read.
    pub owners: Option<&'a BTreeMap<String, TokenOwner>>,
}

/// Attributes of a kind's objects in an account that are needed; `None` for all of them. The last argument: everything managed
/// shall go.
pub type NeededFields = fn(&Kind, &str, &Desired, &Ledger, bool) -> Option<BTreeSet<&'static str>>;

/// How much of each listed object is kept.
#[derive(Debug, Clone, Copy)]
pub enum ObjectDetail<'a> {
    /// What a plan looks at.
    Needed(NeededFields),
    /// These fields of whatever kind has them, also those that only the service sets.
    Fields(&'a BTreeSet<&'static str>),
    /// Everything that may be stated: for callers that describe or copy objects.
    Writable,
}

/// Reads the live state that a plan for `desired` needs: the kinds that the files or the tombstones mention, and whatever else the
/// account's service has to show for these. An account none of whose kinds is mentioned is not asked. What an account
/// answers is whole, or it is an error and not there: one that cannot be read takes nothing from the others. Unless `whole` is
/// asked for, a listing that fails takes nothing from the other listings of its account either, while there is one.
pub async fn read_each(
    reading_of: ReadingOf,
    api: &ReadOnly<'_>,
    desired: &Desired,
    ledger: &Ledger,
    key: &FingerprintKey,
    scope: ReadScope<'_>,
    told: &ListingCallback<'_>,
) -> (LiveState, Vec<ReadError>) {
    let wanted = desired.accounts.values().filter(|it| scope.accounts_to_read.is_none_or(|asked| asked.contains(&it.name)));
    let jobs = wanted.filter_map(|account| {
        let kinds = in_scope(account, desired);
        let reader = AccountReader {
            kinds,
            scope,
            on_listing: told,
            ..AccountReader::for_one_account(api, account, desired, ledger, key)
        };
        let asked = !reader.kinds.is_empty();
        asked.then_some(async move { (account.name.clone(), reader.read(reading_of).await) })
    });
    let (mut live, mut errors) = (LiveState::default(), Vec::new());
    // All of them are awaited, so that the same error comes first in every run.
    for (name, result) in join_all(jobs).await {
        match result {
            Ok(read) => _ = live.accounts.insert(name, read),
            Err(error) => errors.push(error),
        }
    }
    (live, errors)
}

/// Accounts that a reading for `desired` reads, among those allowed.
pub fn in_question<'a>(desired: &'a Desired, asked: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
    let all = desired.accounts.values().filter(|account| asked.contains(&account.name));
    all.filter(|account| !in_scope(account, desired).is_empty()).map(|account| account.name.as_str())
}

/// Kinds of the account that some file or tombstone mentions, or that something is referred to of.
fn in_scope(account: &Account, desired: &Desired) -> BTreeSet<&'static str> {
    let referred = |name: &str| desired.existing.values().any(|it| it.address.kind == name && it.account == account.name);
    let mentioned = |name: &str| {
        desired.kinds.contains(name) || desired.removed.iter().any(|gone| gone.address.kind == name) || referred(name)
    };
    let mut kinds: BTreeSet<&'static str> =
        account.service.kinds.iter().map(|kind| kind.name).filter(|name| mentioned(name)).collect();
    if let Some(roles) = account.service.link_roles()
        && roles.entry.is_some_and(|entry| mentioned(entry.kind))
    {
        // A number that is an entry of its own is a connection between two objects.
        kinds.extend(roles.ends());
    }
    kinds
}

/// The context of reading one account.
pub struct AccountReader<'a> {
    api: &'a ReadOnly<'a>,
    /// The account.
    pub account: &'a Account,
    /// What the YAML wants, of all accounts.
    pub desired: &'a Desired,
    /// What is remembered, of all accounts.
    pub ledger: &'a Ledger,
    /// For fingerprints of secrets.
    pub key: &'a FingerprintKey,
    /// Kinds that are asked for.
    pub kinds: BTreeSet<&'static str>,
    /// The purpose of a reading.
    pub scope: ReadScope<'a>,
    on_listing: &'a ListingCallback<'a>,
    /// Bytes kept so far.
    kept_bytes: AtomicUsize,
    /// Names of the fields that showed secrets of this run.
    echoed_names: Mutex<BTreeSet<String>>,
}

/// Most names of fields that showed secrets that are kept for one account.
const MOST_ECHOES: usize = 50;

/// Most bytes of memory for the data of one account: an endless service is detected by this limit, and not by exhausting the
/// machine.
const MOST_KEPT: usize = 128 * 1024 * 1024;

impl<'a> AccountReader<'a> {
    /// A reader of a single account, of everything that may be stated, without progress.
    fn for_one_account(
        api: &'a ReadOnly<'a>,
        account: &'a Account,
        desired: &'a Desired,
        ledger: &'a Ledger,
        key: &'a FingerprintKey,
    ) -> Self {
        let scope = ReadScope {
            destroy: false,
            view: ObjectDetail::Writable,
            accounts_to_read: None,
            fail_on_unlisted: true,
            owners: None,
        };
        let (kinds, kept) = (BTreeSet::new(), AtomicUsize::new(0));
        let echoes = Mutex::default();
        Self { api, account, desired, ledger, key, kinds, scope, on_listing: &|_| {}, kept_bytes: kept, echoed_names: echoes }
    }
}

impl AccountReader<'_> {
    /// Counts the kept bytes.
    pub fn keep(&self, tried: &str, bytes: usize) -> Result<(), ReadError> {
        let kept = self.kept_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if kept > MOST_KEPT { Err(ReadError::too_much(self.account, tried, MOST_KEPT)) } else { Ok(()) }
    }

    async fn read(&self, reading_of: ReadingOf) -> Result<LiveAccount, ReadError> {
        let mut live = self.and_owner(reading_of(self.account).account(self)).await?;
        live.echoed_names = std::mem::take(&mut self.echoed_names.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(live)
    }

    /// Everything that is asked for, each kind by itself, and both ends of the links where something depends on them.
    async fn kind_by_kind(&self) -> Result<LiveAccount, ReadError> {
        let (mut live, mut first) = (LiveAccount::default(), None);
        self.read_kinds(|kind| self.kinds.contains(kind), &mut live, &mut first).await?;
        let naming = self.naming_kinds();
        self.read_kinds(|kind| naming.contains(kind), &mut live, &mut first).await?;
        if let Some(roles) = self.account.service.link_roles() {
            if self.links_matter() || self.replaces_one(&live) {
                let read = |kind: &str| self.kinds.contains(kind) || naming.contains(kind);
                self.read_kinds(|kind| roles.ends().any(|end| end == kind) && !read(kind), &mut live, &mut first).await?;
                // Whether a target lets calls through depends on what they lead to.
                let there: BTreeSet<&str> =
                    live.objects.iter().filter(|(_, all)| !all.is_empty()).map(|(kind, _)| *kind).collect();
                let led = |kind: &Kind| kind.destination_owner().is_some_and(|(_, of)| roles.is_target(of) && there.contains(of));
                let led: Vec<&str> = self.account.service.kinds.iter().filter(|kind| led(kind)).map(|kind| kind.name).collect();
                self.read_kinds(|kind| led.contains(&kind) && !read(kind), &mut live, &mut first).await?;
            }
            // Without the one it is not known who serves what, and without the other not who that is.
            let failed = roles.ends().find_map(|kind| live.listing_failures.get(kind));
            if let Some(why) = failed.cloned() {
                (live.connections, live.connections_failure) = (None, Some(why));
            }
        }
        self.some_listing(live, first)
    }

    async fn read_kinds(
        &self,
        which: impl Fn(&str) -> bool,
        live: &mut LiveAccount,
        first: &mut Option<ReadError>,
    ) -> Result<(), ReadError> {
        for kind in self.account.service.kinds.iter().filter(|kind| which(kind.name)) {
            if let Err(error) = self.read_kind(kind, live).await {
                live.listing_failures.insert(kind.name, self.listing_failure(&error)?);
                first.get_or_insert(error);
            }
        }
        Ok(())
    }

    /// Why a listing could not be read, as a fact about that listing; an error where it concerns the account.
    pub fn listing_failure(&self, error: &ReadError) -> Result<ListingFailure, ReadError> {
        if self.scope.fail_on_unlisted || !error.is_about_the_listing() {
            return Err(error.clone());
        }
        let why = format!("{}: {} [{}]", error.tried, error.means, error.code);
        Ok(ListingFailure { why, help: error.help.clone(), is_denied: error.is_denied() })
    }

    /// The account, unless none of the requested listings could be read.
    pub fn some_listing(&self, live: LiveAccount, first: Option<ReadError>) -> Result<LiveAccount, ReadError> {
        match first {
            Some(error) if !self.kinds.iter().any(|kind| live.objects.contains_key(kind)) => Err(error),
            _ => Ok(live),
        }
    }

    /// Reports the progress of the listing of a kind.
    pub fn report_progress(&self, kind: &Kind, anew: bool, objects: usize, total: Option<u64>) {
        let account = &self.account.name;
        (self.on_listing)(&ListingProgress { account, kind: kind.name, restarted: anew, objects: objects as u64, total });
    }

    /// One GET; the error is the raw one, for callers that interpret it.
    pub async fn get_json(&self, path: &str, query: &[(&str, String)]) -> Result<LazyJson, ApiError> {
        self.ask_for(path, query, None).await
    }

    /// The same for this product, instead of the account's.
    pub async fn ask_for(&self, path: &str, query: &[(&str, String)], product: Option<&str>) -> Result<LazyJson, ApiError> {
        let (mut query, mut header) = (query.to_vec(), None);
        let sent = self.account.service.setting_of(SettingRole::Product).and_then(|setting| setting.sent);
        match (product, sent) {
            (Some(product), Some(SentIn::Header(name))) => header = Some((name, product.to_owned())),
            (Some(product), Some(SentIn::Query(name))) => query.push((name, product.to_owned())),
            _ => {}
        }
        let body = self.api.get_with(&self.account.name, path, &query, header).await?.body;
        self.note_echoes(&body);
        Ok(body)
    }

    /// The row of one object; `None` when the service says that it does not exist. `spelling` is for paths with a part that the
    /// service spells in more than one way.
    pub async fn row_by_id(&self, kind: &'static Kind, spelling: Option<&str>, id: &str) -> Result<Option<Value>, ReadError> {
        let tried = format!("reading {} {id}", kind.singular);
        match one::read_row(self.api, self.account, kind, spelling, self.key, id).await {
            Ok(Some(found)) => {
                found.answer.iter().for_each(|answer| self.note_echoes(answer));
                Ok(Some(Value::Object(found.row)))
            }
            Ok(None) => Ok(None),
            Err(one::RowError::Request(error)) => Err(ReadError::from_request(self.account, &tried, error)),
            Err(one::RowError::Shape(what)) => Err(ReadError::wrong_shape(self.account, &tried, &what)),
        }
    }

    /// Keeps the names of the fields in which an answer shows secrets of this run.
    fn note_echoes(&self, body: &LazyJson) {
        if !body.echoed_names().is_empty() {
            let mut echoes = self.echoed_names.lock().unwrap_or_else(PoisonError::into_inner);
            let room = MOST_ECHOES.saturating_sub(echoes.len());
            let secrets = self.account.service.kinds.iter().flat_map(|kind| kind.fields);
            let secrets: BTreeSet<&str> =
                secrets.filter(|field| field.ty == AttributeType::Secret).map(|field| field.name).collect();
            // A secret in its own attribute is not an echo.
            let others = body.echoed_names().iter().filter(|name| !secrets.contains(name.as_str()));
            echoes.extend(others.take(room).cloned());
        }
    }

    /// One GET; the error says what was tried.
    pub async fn get(&self, tried: &str, path: &str, query: &[(&str, String)]) -> Result<LazyJson, ReadError> {
        self.get_json(path, query).await.map_err(|error| ReadError::from_request(self.account, tried, error))
    }

    /// Whether the service refused with a success status.
    pub fn says_refused(&self, error: &ApiError) -> bool {
        error.status.is_some() && error.status == self.account.service.refusal_status
    }

    /// The object in a row.
    pub fn parse_object(&self, kind: &Kind, tried: &str, row: Value) -> Result<LiveObject, ReadError> {
        parse_object(kind, row, self.key).map_err(|what| ReadError::wrong_shape(self.account, tried, &what))
    }

    /// Desired objects of a kind that this account holds.
    pub fn desired_of_kind(&self, kind: &'static str) -> impl Iterator<Item = &DesiredObject> {
        let mine = move |object: &&DesiredObject| object.address.kind == kind && object.account == self.account.name;
        self.desired.objects.values().filter(mine)
    }

    /// Objects of a kind that this account holds and that the configuration only refers to.
    pub fn referred_of_kind(&self, kind: &'static str) -> impl Iterator<Item = &DesiredObject> {
        let mine = move |object: &&DesiredObject| object.address.kind == kind && object.account == self.account.name;
        self.desired.existing.values().filter(mine)
    }

    /// Whether a tombstone may refer to an object of this account: the tombstone or its ledger entry says so, or neither
    /// says anything.
    pub fn may_hold_removed(&self, gone: &Removal) -> bool {
        let entry = self.ledger.objects.get(&gone.address).map(|entry| &entry.account);
        gone.account.as_ref().or(entry).is_none_or(|account| *account == self.account.name)
    }

    /// Identities of a kind that must be accounted for: pinned in the YAML, kept in the ledger, written in a tombstone.
    pub fn remembered_ids(&self, kind: &'static str) -> impl Iterator<Item = &str> {
        let pinned = self.desired_of_kind(kind).chain(self.referred_of_kind(kind)).filter_map(|object| object.id.as_deref());
        let mine = move |address: &Address, entry: &ManagedObject| address.kind == kind && entry.account == self.account.name;
        let kept = self.ledger.objects.iter().filter(move |(address, entry)| mine(address, entry));
        let kept = kept.map(|(_, entry)| entry.id.as_str());
        // Where the natural key is the identity, a tombstone with the key also has the identity.
        let mut shapes = self.account.service.shapes(kind);
        let field = shapes.find(|kind| kind.natural_key.contains(&kind.id)).map(|kind| kind.id);
        let gone = self.desired.removed.iter().filter_map(move |gone| {
            let key = || gone.key.get(field?)?.as_str();
            let id = gone.id.as_deref().or_else(key);
            id.filter(|_| gone.address.kind == kind && self.may_hold_removed(gone))
        });
        // Deleted under a tombstone that still exists: looked for, to confirm that it no longer exists.
        let stands = |address: &Address| self.desired.removed.iter().any(|gone| gone.address == *address);
        let buried = self
            .ledger
            .gone
            .iter()
            .filter(move |(address, gone)| address.kind == kind && gone.account == self.account.name && stands(address));
        let buried = buried.map(|(_, gone)| gone.id.as_str());
        pinned.chain(kept).chain(gone).chain(buried)
    }
}
