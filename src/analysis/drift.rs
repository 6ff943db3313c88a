//! Drift: where the live state differs from what telform last saw and the configuration does not. Pure, like the plan
//! that it reads.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::kind::Field;
use crate::model::ledger::digest_of;
use crate::model::resource::{Address, DesiredValue, LiveAccount, LiveObject};
use crate::model::value::{CompactValue, Value};
use crate::plan::{ChangeAction, Inputs, NoticeCode, ObjectAddresses, Plan, RefusalCode, SecretState, ShownValue};
use crate::services;
use crate::state::journal::RecordedRun;

mod compared_objects;
mod counts;
mod last_seen;
mod number_entries;
mod own_changes;

pub(in crate::analysis) use compared_objects::needs_kind;
pub use compared_objects::{ComparedObjects, NotCompared, NumberState, compared_objects};
pub use counts::{count_by_class, count_differences};
pub use last_seen::record_last_seen;
pub use own_changes::UnfinishedRun;

/// How something came to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftClass {
    /// A run of telform disconnected a number here and did not connect it again.
    LeftDark,
    /// A run of telform changed it, or tried to, and did not complete.
    Unfinished,
    /// A run of telform planned it and ended before it. The service shows what it showed then.
    NotStarted,
    /// The object was deleted or hidden outside telform.
    Gone,
    /// It was changed outside telform.
    Outside,
    /// It was changed outside telform, and the configuration changed, too.
    Both,
    /// It differs, and telform has not seen it before.
    Unknown,
    /// The service stores a different form of what was sent.
    PutBack,
    /// It waits for a person to confirm it.
    Pending,
    /// The configuration moves it to another account.
    Moves,
    /// telform sent it, and the service did not accept it.
    NotTaken,
    /// It belongs to another organization, or to none.
    Foreign,
}

impl DriftClass {
    /// Each of them.
    pub const ALL: [Self; 12] = [
        Self::LeftDark,
        Self::Unfinished,
        Self::NotStarted,
        Self::Gone,
        Self::Outside,
        Self::Both,
        Self::Unknown,
        Self::PutBack,
        Self::Pending,
        Self::Moves,
        Self::NotTaken,
        Self::Foreign,
    ];

    /// Whether something has to be decided.
    pub fn is_drift(self) -> bool {
        !matches!(self, Self::PutBack | Self::Pending | Self::Moves)
    }

    /// Whether a run of telform has to be continued or undone: nothing else changed it.
    pub fn is_left_by_run(self) -> bool {
        matches!(self, Self::Unfinished | Self::NotStarted)
    }

    /// Whether the configuration could state it instead.
    pub fn can_be_accepted(self) -> bool {
        self.is_drift() && !self.is_left_by_run()
    }

    /// What it means, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::LeftDark => "DARK: a run of telform disconnected a number and did not connect it again",
            Self::Unfinished => "left unfinished by a run of telform",
            Self::NotStarted => "not written yet: a run of telform planned it and ended before it",
            Self::Gone => "missing: deleted outside telform, or hidden",
            Self::Outside => "changed outside telform",
            Self::Both => "changed outside telform and in the configuration",
            Self::Unknown => "differs; telform has not seen it before, so it is not known who changed it",
            Self::PutBack => "changed by the service to its own form; not sent again",
            Self::NotTaken => "sent, but not accepted by the service",
            Self::Pending => "waits to be confirmed",
            Self::Moves => "moves to another account with the next apply",
            Self::Foreign => "now belongs to another organization, or to none",
        }
    }
}

/// Its word in documents.
impl std::fmt::Display for DriftClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Drift {
    /// Its object.
    #[schemars(with = "String")]
    pub address: Address,
    /// Its account.
    pub account: String,
    /// Which attribute; none when it is about the whole object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// How it came to differ.
    pub class: DriftClass,
    /// What the service shows.
    #[schemars(with = "crate::document::v1::Shown")]
    pub live: ShownValue,
    /// What the configuration says.
    #[schemars(with = "crate::document::v1::Shown")]
    pub wanted: ShownValue,
    /// Place in the YAML, as `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Id of the run that left it unfinished, or that sent what the service did not accept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The numbers that it is about, where a run of telform left them dark.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dark: Vec<String>,
}

/// What drifted, by address and attribute. `plan` is the plan from the same inputs, `runs` what the journal records.
pub fn find_drift(inputs: &Inputs<'_>, plan: &Plan, runs: &[RecordedRun<'_>]) -> Vec<Drift> {
    let mut found = Vec::new();
    let names = ObjectAddresses::new(inputs);
    for change in plan.changes.iter().filter(|it| matches!(it.action, ChangeAction::Update | ChangeAction::Replace)) {
        if let Some(drift) = account_move(inputs, &change.address) {
            found.push(drift);
            continue;
        }
        for attribute in &change.attributes {
            found.extend(attribute_drift(inputs, &names, &change.address, &attribute.name, &attribute.before, &attribute.after));
        }
    }
    for untaken in &plan.not_taken {
        let mut drift = object_drift(inputs, &untaken.address, DriftClass::NotTaken);
        if let Some(drift) = &mut drift {
            let object = inputs.desired.objects.get(&untaken.address);
            let name = untaken.attribute.name.as_str();
            drift.live = untaken.attribute.before.clone();
            drift.wanted = untaken.attribute.after.clone();
            drift.attribute = Some(name.to_owned());
            drift.place = object.and_then(|object| object.locations.get(name)).map(ToString::to_string);
            drift.run = Some(untaken.run.clone());
        }
        found.extend(drift);
    }
    let refused = plan.refusals.iter().flat_map(|refusal| refusal.addresses.iter().map(move |address| (refusal, address)));
    for (refusal, address) in refused {
        match (&refusal.code, &refusal.attribute) {
            (RefusalCode::CreateOnly, Some(name)) => {
                let wanted = wanted_value(inputs, address, name);
                let live = live_object(inputs, address).and_then(|live| live.attributes.get(name.as_str()));
                let (live, wanted) = (named(inputs, &names, address, name, live), named(inputs, &names, address, name, wanted));
                found.extend(attribute_drift(inputs, &names, address, name, &live, &wanted));
            }
            (RefusalCode::ForeignObject, None) if inputs.ledger.objects.contains_key(address) => {
                found.extend(object_drift(inputs, address, DriftClass::Foreign));
            }
            (RefusalCode::GoneOrHidden | RefusalCode::Ended, _) => found.extend(object_drift(inputs, address, DriftClass::Gone)),
            _ => {}
        }
    }
    for notice in &plan.notices {
        let Some(address) = &notice.address else { continue };
        let class = match notice.code {
            NoticeCode::CreatedAgain => DriftClass::Gone,
            NoticeCode::Reshaped => DriftClass::PutBack,
            NoticeCode::PendingVerification | NoticeCode::Hidden => DriftClass::Pending,
            _ => continue,
        };
        let mut drift = object_drift(inputs, address, class);
        if let (Some(drift), Some(name)) = (&mut drift, &notice.attribute) {
            let live = live_object(inputs, address).and_then(|live| live.attributes.get(name.as_str()));
            drift.attribute = Some(name.clone());
            drift.live = named(inputs, &names, address, name, live);
            drift.wanted = named(inputs, &names, address, name, wanted_value(inputs, address, name));
        }
        found.extend(drift);
    }
    found.extend(drift_of_undeclared(inputs, &names));
    found.extend(number_entries::drift_of_numbers(inputs, plan));
    number_entries::mark_left_dark(inputs, &mut found);
    own_changes::attribute_to_runs(inputs, runs, &mut found);
    found.extend(own_changes::unfinished_replacements(inputs, runs));
    found.sort_by(|a, b| (&a.address, &a.attribute).cmp(&(&b.address, &b.attribute)));
    found.dedup();
    found
}

/// Managed objects without an entry in the YAML: the entry was removed, or no file mentions the kind. They are compared only
/// with what telform last saw.
fn drift_of_undeclared(inputs: &Inputs<'_>, names: &ObjectAddresses<'_>) -> Vec<Drift> {
    let mut found = Vec::new();
    let options = inputs.options;
    let left = inputs.ledger.objects.iter().filter(|(address, entry)| {
        !inputs.desired.objects.contains_key(*address)
            && !inputs.desired.moved.iter().any(|rename| rename.from == **address)
            && options.is_about(address)
            && (options.accounts.is_empty() || options.accounts.contains(&entry.account))
            && entry.hidden_since.is_none()
    });
    for (address, entry) in left {
        let Some(account) = inputs.live.accounts.get(&entry.account) else { continue };
        let Some(listed) = account.objects.get(address.kind.as_str()) else { continue };
        let of = |attribute: Option<&str>, class, live| Drift {
            address: address.clone(),
            account: entry.account.clone(),
            attribute: attribute.map(str::to_owned),
            class,
            live,
            wanted: ShownValue::Absent,
            place: None,
            run: None,
            dark: Vec::new(),
        };
        let Some(live) = listed.iter().find(|live| live.id == entry.id) else {
            if !account.is_unreadable(&address.kind, &entry.id) {
                found.push(of(None, DriftClass::Gone, ShownValue::Absent));
            }
            continue;
        };
        for (name, seen) in &entry.seen {
            let Some(field) = find_field(account, address, name) else { continue };
            let (is, shown) = if field.ty.is_links() {
                if account.connections.is_none() {
                    continue; // Not known, which does not count as a difference.
                }
                let numbers = numbers_on(account, &entry.id);
                (digest_of(&numbers), ShownValue::Value(numbers.into()))
            } else {
                let value = live.attributes.get(field.name);
                let canonical = field.canonical_in(&account.facts.catalogue, value.unwrap_or(&CompactValue::Null));
                let shown = value.map(|value| names.shown_value(&entry.account, field, value).into_owned());
                (digest_of(&canonical), shown.map_or(ShownValue::Absent, ShownValue::Value))
            };
            if is != *seen {
                found.push(of(Some(name.as_str()), DriftClass::Outside, shown));
            }
        }
        for (name, sealed) in entry.secrets.iter().filter(|_| inputs.ledger.readable_with(inputs.key)) {
            let shown = live.secrets.get(name.as_str()).and_then(Option::as_ref);
            if shown.is_some_and(|it| inputs.key.seal_fingerprint(entry.seal_account(), &entry.id, name, it) != *sealed) {
                found.push(of(Some(name.as_str()), DriftClass::Outside, ShownValue::Secret(SecretState::Set)));
            }
        }
    }
    found
}

/// An object that the configuration moves to another account: the two differ in nothing else yet.
fn account_move(inputs: &Inputs<'_>, address: &Address) -> Option<Drift> {
    let is = inputs.ledger.objects.get(address)?.account.as_str();
    let drift = object_drift(inputs, address, DriftClass::Moves).filter(|drift| drift.account != is)?;
    let shown = |name: &str| ShownValue::Value(CompactValue::from(name));
    let (live, wanted) = (shown(is), shown(&drift.account));
    Some(Drift { live, wanted, account: is.to_owned(), ..drift })
}

fn object_drift(inputs: &Inputs<'_>, address: &Address, class: DriftClass) -> Option<Drift> {
    let object = inputs.desired.objects.get(address)?;
    Some(Drift {
        address: address.clone(),
        account: object.account.clone(),
        attribute: None,
        class,
        live: ShownValue::Absent,
        wanted: ShownValue::Absent,
        place: Some(object.location.to_string()),
        run: None,
        dark: Vec::new(),
    })
}

/// One attribute that a plan would change: drift, unless only the configuration changed.
fn attribute_drift(
    inputs: &Inputs<'_>,
    names: &ObjectAddresses<'_>,
    address: &Address,
    name: &str,
    live: &ShownValue,
    wanted: &ShownValue,
) -> Option<Drift> {
    let object = inputs.desired.objects.get(address)?;
    let entry = inputs.ledger.objects.get(address)?;
    let class = match wanted {
        ShownValue::Secret(SecretState::Changed | SecretState::ChangedOutside | SecretState::Differs) => {
            classify_changed_secret(inputs, address, name)?
        }
        ShownValue::Secret(_) => return None,
        ShownValue::Value(_) | ShownValue::Absent => {
            let account = inputs.live.accounts.get(&entry.account)?;
            let seen = entry.seen.get(name);
            let (is, says) = if is_numbers_field(account, address, name) {
                (digest_of(&numbers_on(account, &entry.id)), number_entries::numbers_wanted(inputs, address))
            } else {
                let field = find_field(account, address, name)?;
                let catalogue = &account.facts.catalogue;
                let digest = |shown: &ShownValue| match shown {
                    // The ledger remembers ids.
                    ShownValue::Value(value) => {
                        digest_of(&field.canonical_in(catalogue, &names.with_ids(&entry.account, field, value)))
                    }
                    _ => digest_of(&field.canonical_in(catalogue, &CompactValue::Null)),
                };
                (digest(live), Some(digest(wanted)))
            };
            match seen {
                Some(seen) if *seen == is => return None,
                Some(seen) if says.as_ref().is_some_and(|says| seen == says) => DriftClass::Outside,
                Some(_) => DriftClass::Both,
                None => DriftClass::Unknown,
            }
        }
    };
    Some(Drift {
        address: address.clone(),
        account: object.account.clone(),
        attribute: Some(name.to_owned()),
        class,
        live: live.clone(),
        wanted: wanted.clone(),
        place: object.locations.get(name).or(Some(&object.location)).map(ToString::to_string),
        run: None,
        dark: Vec::new(),
    })
}

/// A secret that the service returns (generation 1) shows which side changed it; any other does not.
fn classify_changed_secret(inputs: &Inputs<'_>, address: &Address, name: &str) -> Option<DriftClass> {
    let entry = inputs.ledger.objects.get(address)?;
    let shown = live_object(inputs, address)?.secrets.get(name)?.as_ref()?;
    let sealed = entry.secrets.get(name).filter(|_| inputs.ledger.readable_with(inputs.key));
    match sealed {
        Some(sealed) if *sealed == inputs.key.seal_fingerprint(entry.seal_account(), &entry.id, name, shown) => None,
        Some(_) => Some(DriftClass::Outside),
        None => Some(DriftClass::Unknown),
    }
}

/// A value for people: objects by their addresses.
fn named(
    inputs: &Inputs<'_>,
    names: &ObjectAddresses<'_>,
    address: &Address,
    name: &str,
    value: Option<&CompactValue>,
) -> ShownValue {
    let Some(value) = value else { return ShownValue::Absent };
    let object = inputs.desired.objects.get(address);
    let field = object.and_then(|object| find_field(inputs.live.accounts.get(&object.account)?, address, name));
    let shown = object.zip(field).map(|(object, field)| names.shown_value(&object.account, field, value).into_owned());
    ShownValue::Value(shown.unwrap_or_else(|| value.clone()))
}

fn wanted_value<'a>(inputs: &Inputs<'a>, address: &Address, name: &str) -> Option<&'a CompactValue> {
    match inputs.desired.objects.get(address)?.attributes.get(name)? {
        DesiredValue::Value(value) => Some(value),
        DesiredValue::Secret(_) => None,
    }
}

fn live_object<'a>(inputs: &Inputs<'a>, address: &Address) -> Option<&'a LiveObject> {
    let entry = inputs.ledger.objects.get(address)?;
    let objects = inputs.live.accounts.get(&entry.account)?.objects.get(address.kind.as_str())?;
    objects.iter().find(|live| live.id == entry.id)
}

fn find_field(account: &LiveAccount, address: &Address, name: &str) -> Option<&'static Field> {
    services::shape_of_generation(&address.kind, account.facts.generation)?.field(name)
}

fn is_numbers_field(account: &LiveAccount, address: &Address, name: &str) -> bool {
    find_field(account, address, name).is_some_and(|field| field.ty.is_links())
}

/// What serves the numbers of a bridge: number to configuration, or to the reason why none can be named.
fn numbers_on(account: &LiveAccount, slug: &str) -> Value {
    let on = account.connections.iter().flatten().filter(|connection| connection.bridge == slug);
    let served = on.map(|connection| {
        let target = connection.served_by.id().unwrap_or(connection.served_by.word());
        (connection.number.clone(), Value::from(target))
    });
    // A sorted map, so that the order of an answer does not matter.
    let sorted: BTreeMap<String, Value> = served.filter(|(_, target)| target != "unserved").collect();
    sorted.into_iter().collect::<serde_json::Map<_, _>>().into()
}
