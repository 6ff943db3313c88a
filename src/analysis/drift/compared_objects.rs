//! What was compared for drift, so that "no drift" is never reported about something that was not compared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::kind::{AttributeType, Field};
use crate::model::ledger::ManagedObject;
use crate::model::resource::{Address, Connection, ListingFailure, LiveObject};
use crate::plan::{Inputs, NoticeCode, Plan, numbers_left_dark};
use crate::services;

/// What was compared, and what could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ComparedObjects {
    /// Number of managed objects that were compared, by account and kind.
    pub compared: BTreeMap<String, BTreeMap<String, usize>>,
    /// Accounts and managed objects that could not be read.
    pub missed: Vec<NotCompared>,
    /// Numbers of which the service does not show what serves them, by account: telform recorded it when it connected them, so a
    /// change since is not seen.
    pub recorded_only: BTreeMap<String, Vec<String>>,
    /// Numbers that a run of telform disconnected and did not connect again, and that nothing serves now, by account.
    pub left_dark: BTreeMap<String, Vec<String>>,
    /// Declared numbers that do not ring, because what serves them lets no call through, by account: each with what serves it.
    pub not_ringing: BTreeMap<String, Vec<String>>,
    /// Secrets of compared objects that were not compared, because the service does not show them, by account: each with its object.
    pub secrets_not_compared: BTreeMap<String, Vec<String>>,
}

/// What "no drift" does not say about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberState {
    /// A run disconnected it and did not connect it again.
    LeftDark,
    /// What serves it lets no call through.
    NotRinging,
    /// The service does not show what serves it.
    RecordedOnly,
}

impl NumberState {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeftDark => "left_dark",
            Self::NotRinging => "not_ringing",
            Self::RecordedOnly => "recorded_only",
        }
    }

    /// What is before a count of such numbers.
    pub fn count_label(self) -> &'static str {
        match self {
            Self::LeftDark => "Left dark by a run:",
            Self::NotRinging => "Not ringing:",
            Self::RecordedOnly => "Only recorded: what serves",
        }
    }

    /// What it means, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::LeftDark => {
                "DARK: a run of telform disconnected it and did not connect it again. `telform plan` shows whether the next apply does"
            }
            Self::NotRinging => "does not ring: what serves it is inactive, or has nothing that its calls go to",
            Self::RecordedOnly => NoticeCode::RecordedOnly.describe(),
        }
    }

    /// Whether something has to be decided: what serves a number may let no call through because the configuration says so.
    pub fn is_drift(self) -> bool {
        self == Self::LeftDark
    }

    /// Whether the number takes no call now.
    pub fn is_silent(self) -> bool {
        self != Self::RecordedOnly
    }
}

impl ComparedObjects {
    /// The secrets that were not compared.
    pub fn unseen_secrets(&self) -> Vec<&str> {
        self.secrets_not_compared.values().flatten().map(String::as_str).collect()
    }

    /// What "no drift" does not say about numbers: their account, the numbers, and how they are; silent ones first.
    pub fn number_states(&self) -> impl Iterator<Item = (&str, &[String], NumberState)> {
        let all = [
            (&self.left_dark, NumberState::LeftDark),
            (&self.not_ringing, NumberState::NotRinging),
            (&self.recorded_only, NumberState::RecordedOnly),
        ];
        all.into_iter().flat_map(|(numbers, state)| {
            numbers.iter().map(move |(account, numbers)| (account.as_str(), numbers.as_slice(), state))
        })
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct NotCompared {
    /// An address, `account NAME`, or how many objects of a kind in an account.
    pub what: String,
    /// Why, in one sentence.
    pub why: String,
    /// What to do.
    pub help: String,
    /// Whether nothing here needs it: no file declares its kind, the ledger manages none, nobody asked for it by name, and the
    /// service answered that it has no such listing or that this token may not read it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_optional: bool,
}

impl NotCompared {
    /// Something that the run needed.
    pub fn new(what: String, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what, why: why.into(), help: help.into(), is_optional: false }
    }
}

/// Whether a file declares a kind, or the ledger manages an object of it in this account. Where neither is so, a service that denies
/// its listing leaves nothing open.
pub(in crate::analysis) fn needs_kind(inputs: &Inputs<'_>, account: &str, kind: &str) -> bool {
    let mut declared = inputs.desired.objects.keys().chain(inputs.desired.existing.keys());
    declared.any(|address| address.kind == kind)
        || inputs.ledger.objects.iter().any(|(address, entry)| entry.account == account && address.kind == kind)
}

/// What `plan`, made from the same inputs, was able to compare. An account that was not read is not in it.
pub fn compared_objects(inputs: &Inputs<'_>, plan: &Plan) -> ComparedObjects {
    let mut looked = ComparedObjects::default();
    let about = |account: &str| inputs.options.accounts.is_empty() || inputs.options.accounts.contains(account);
    let live = inputs.live.by_id();
    let mut unread: BTreeMap<(&str, &str, &str), (usize, &ListingFailure)> = BTreeMap::new();
    let managed = inputs.ledger.objects.iter();
    for (address, entry) in managed.filter(|(address, _)| inputs.options.is_about(address)) {
        let named = inputs.desired.accounts.contains_key(&entry.account);
        let what = address.to_string();
        if !named {
            let why = format!("its account {} is no longer in the configuration", entry.account);
            let help = format!("restore the account, or release the object with `telform forget {what}`");
            looked.missed.push(NotCompared::new(what, why, help));
            continue;
        }
        let read = inputs.live.accounts.get(&entry.account).filter(|_| about(&entry.account));
        let Some(read) = read else { continue };
        if services::link_entry(&address.kind).is_some() {
            match (&read.connections, &read.connections_failure) {
                (Some(_), _) => {
                    let of = looked.compared.entry(entry.account.clone()).or_default();
                    *of.entry(address.kind.to_string()).or_default() += 1;
                }
                (None, failure) => {
                    let unread = |text: &str| text.to_owned();
                    let why =
                        failure.as_ref().map_or_else(|| unread("what serves the numbers was not read"), |it| it.why.clone());
                    let help =
                        failure.as_ref().map_or_else(|| unread("`telform plan -v` shows the requests"), |it| it.help.clone());
                    looked.missed.push(NotCompared::new(what, why, help));
                }
            }
            continue;
        }
        let hidden = plan.refusals.iter().find(|refusal| refusal.is_about(address) && refusal.code.hides_object());
        if let Some(refusal) = hidden {
            looked.missed.push(NotCompared::new(what, refusal.detail.clone(), refusal.help()));
        } else if let Some((kind, why)) = read.listing_failures.get_key_value(address.kind.as_str()) {
            unread.entry((entry.account.as_str(), *kind, "")).or_insert((0, why)).0 += 1;
        } else if let Some(listed) = read.objects.get(address.kind.as_str()) {
            // An object that waits to be verified is invisible, and is reported as waiting.
            if entry.hidden_since.is_some() && listed.iter().all(|live| live.id != entry.id) {
                continue;
            }
            let numbers = services::shapes_of_kind(&address.kind).into_iter().flat_map(|kind| kind.fields);
            let seen = |field: &Field| field.ty.is_links() && entry.seen.contains_key(field.name);
            if let Some(why) = read.connections_failure.as_ref().filter(|_| numbers.into_iter().any(seen)) {
                let kind = services::shapes_of_kind(&address.kind).first().map_or("", |kind| kind.name);
                unread.entry((entry.account.as_str(), kind, "the numbers on ")).or_insert((0, why)).0 += 1;
            }
            let of = looked.compared.entry(entry.account.clone()).or_default();
            *of.entry(address.kind.to_string()).or_default() += 1;
            if let Some(live) = live.get(&(entry.account.as_str(), address.kind.as_str(), entry.id.as_str())) {
                let unseen = unseen_secrets(inputs, address, entry, live).map(|name| format!("{address} {name}"));
                looked.secrets_not_compared.entry(entry.account.clone()).or_default().extend(unseen);
            }
        } else {
            let why = "the objects of its kind were not read".to_owned();
            let help = "`telform plan -v` shows the requests".to_owned();
            looked.missed.push(NotCompared::new(what, why, help));
        }
    }
    let managed = ManagedLinks::new(inputs);
    let accounts = inputs.live.accounts.iter().filter(|(name, _)| about(name));
    for (name, read) in accounts {
        let managed = |it: &&Connection| it.is_recorded_only() && managed.hold(name, it);
        let numbers: Vec<String> =
            read.connections.iter().flatten().filter(managed).map(|connection| connection.number.clone()).collect();
        if !numbers.is_empty() {
            looked.recorded_only.insert(name.clone(), numbers);
        }
    }
    let silent = [NoticeCode::DoesNotRing, NoticeCode::RingsAgain];
    for notice in plan.notices.iter().filter(|notice| silent.contains(&notice.code)) {
        looked.not_ringing.entry(notice.account.clone()).or_default().extend(notice.detail.clone());
    }
    for open in numbers_left_dark(inputs).into_iter().filter(|open| about(&open.account)) {
        looked.left_dark.entry(open.account.clone()).or_default().push(open.number.clone());
    }
    for ((account, kind, of), (count, why)) in unread {
        let singular = services::singular(kind);
        let what = format!("{of}{count} {} in account {account}", if count == 1 { singular } else { kind });
        looked.missed.push(NotCompared::new(what, &why.why, &why.help));
    }
    looked.secrets_not_compared.retain(|_, secrets| !secrets.is_empty());
    looked
}

/// The secrets of an object that the YAML states or telform wrote, and that the service does not show.
fn unseen_secrets<'a>(
    inputs: &'a Inputs<'_>,
    address: &'a Address,
    entry: &'a ManagedObject,
    live: &'a LiveObject,
) -> impl Iterator<Item = &'static str> + 'a {
    let fields = services::shapes_of_kind(&address.kind).into_iter().flat_map(|kind| kind.fields);
    let names: BTreeSet<&'static str> =
        fields.filter(|field| field.ty == AttributeType::Secret).map(|field| field.name).collect();
    let stated = inputs.desired.objects.get(address);
    names.into_iter().filter(move |name| {
        let is_managed = entry.secrets.contains_key(*name) || stated.is_some_and(|it| it.attributes.contains_key(name));
        is_managed && live.secrets.get(name).is_none_or(Option::is_none)
    })
}

/// Whose links are managed, each looked up once for all numbers.
#[derive(Default)]
struct ManagedLinks<'a> {
    /// Account and identity of each managed holder.
    holders: BTreeSet<(&'a str, &'a str)>,
    /// Account, holder and number of each managed entry of a number.
    numbers: BTreeSet<(&'a str, &'a str, &'a str)>,
}

impl<'a> ManagedLinks<'a> {
    fn new(inputs: &Inputs<'a>) -> Self {
        let mut managed = Self::default();
        for (address, entry) in inputs.ledger.objects.iter().filter(|(address, _)| inputs.options.is_about(address)) {
            let holder =
                services::link_entry(&address.kind).map(|(_, words)| entry.key.get(words.holder).and_then(|it| it.as_str()));
            match holder {
                Some(holder) => managed.numbers.extend(holder.map(|holder| (entry.account.as_str(), holder, entry.id.as_str()))),
                None if !holds_links(&address.kind) => {}
                None => _ = managed.holders.insert((entry.account.as_str(), entry.id.as_str())),
            }
        }
        managed
    }

    /// Whether the entry of a holder, or a separate one of the number, says what serves it.
    fn hold(&self, account: &str, connection: &Connection) -> bool {
        let (holder, number) = (connection.bridge.as_str(), connection.number.as_str());
        self.holders.contains(&(account, holder)) || self.numbers.contains(&(account, holder, number))
    }
}

fn holds_links(kind: &str) -> bool {
    services::shapes_of_kind(kind).iter().any(|kind| kind.link.is_some())
}
