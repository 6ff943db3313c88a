//! Drift: where live is not what telform last saw and the configuration still is. Pure, like the plan that it looks at.

use std::collections::BTreeMap;

use litemap::LiteMap;
use serde::Serialize;
use smol_str::SmolStr;

use crate::backend::{self, unpod::catalogue};
use crate::kind::{Field, Type};
use crate::ledger::{Digest, Ledger, digest_of};
use crate::plan::{Action, Inputs, NoticeCode, Plan, RefusalCode, SecretWord, Shown};
use crate::resource::{Address, Desired, Live, LiveAccount, LiveObject, Wanted};
use crate::value::{Packed, Value};

mod looked;

pub use looked::{Looked, Missed, looked};

/// How something came to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Somebody deleted the object, or hid it.
    Gone,
    /// Somebody changed it outside telform.
    Outside,
    /// Somebody changed it outside telform, and the configuration changed too.
    Both,
    /// It differs, and telform has not seen it before.
    Unknown,
    /// The service keeps another form of what was sent.
    PutBack,
    /// It waits for somebody to confirm it.
    Pending,
    /// telform sent it, and the service did not take it.
    NotTaken,
    /// It belongs to another organization, or to none.
    Foreign,
}

impl Class {
    /// Whether something has to be decided.
    pub fn is_drift(self) -> bool {
        !matches!(self, Self::PutBack | Self::Pending)
    }

    /// What it means, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Gone => "gone: deleted outside telform, or hidden",
            Self::Outside => "changed outside telform",
            Self::Both => "changed outside telform, and in the configuration too",
            Self::Unknown => "differs; telform has not seen it before, so nobody knows who changed it",
            Self::PutBack => "put back by the service into a form of its own; not sent again",
            Self::NotTaken => "sent, and not taken by the service",
            Self::Pending => "waits for somebody to confirm it",
            Self::Foreign => "belongs to another organization now, or to none",
        }
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
    pub class: Class,
    /// What the service shows.
    #[schemars(with = "crate::document::v1::Shown")]
    pub live: Shown,
    /// What the configuration says.
    #[schemars(with = "crate::document::v1::Shown")]
    pub wanted: Shown,
    /// Place in the YAML, as `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Id of the run that sent what the service did not take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// What drifted, by address and attribute. `plan` is the plan over the same inputs.
pub fn drift(inputs: &Inputs<'_>, plan: &Plan) -> Vec<Drift> {
    let mut found = Vec::new();
    for change in plan.changes.iter().filter(|it| matches!(it.action, Action::Update | Action::Replace)) {
        for attribute in &change.attributes {
            found.extend(one(inputs, &change.address, &attribute.name, &attribute.before, &attribute.after));
        }
    }
    for untaken in &plan.not_taken {
        let mut drift = whole(inputs, &untaken.address, Class::NotTaken);
        if let Some(drift) = &mut drift {
            let object = inputs.desired.objects.get(&untaken.address);
            let name = untaken.attribute.name.as_str();
            drift.live = untaken.attribute.before.clone();
            drift.wanted = untaken.attribute.after.clone();
            drift.attribute = Some(name.to_owned());
            drift.place = object.and_then(|object| object.places.get(name)).map(ToString::to_string);
            drift.run = Some(untaken.run.clone());
        }
        found.extend(drift);
    }
    for refusal in &plan.refusals {
        let Some(address) = &refusal.address else { continue };
        match (&refusal.code, &refusal.attribute) {
            (RefusalCode::CreateOnly, Some(name)) => {
                let wanted = wanted(inputs, address, name);
                let live = live_object(inputs, address).and_then(|live| live.attributes.get(name.as_str()));
                let shown =
                    |value: Option<&Packed>| value.map_or(Shown::Absent, |it| Shown::Value(it.json()));
                found.extend(one(inputs, address, name, &shown(live), &shown(wanted)));
            }
            (RefusalCode::ForeignObject, None) if inputs.ledger.objects.contains_key(address) => {
                found.extend(whole(inputs, address, Class::Foreign));
            }
            (RefusalCode::GoneOrHidden, _) => found.extend(whole(inputs, address, Class::Gone)),
            _ => {}
        }
    }
    for notice in &plan.notices {
        let Some(address) = &notice.address else { continue };
        let class = match notice.code {
            NoticeCode::CreatedAgain => Class::Gone,
            NoticeCode::Reshaped => Class::PutBack,
            NoticeCode::PendingVerification | NoticeCode::Hidden => Class::Pending,
            _ => continue,
        };
        let mut drift = whole(inputs, address, class);
        if let (Some(drift), Some(name)) = (&mut drift, &notice.attribute) {
            let live = live_object(inputs, address).and_then(|live| live.attributes.get(name.as_str()));
            drift.attribute = Some(name.clone());
            drift.live = live.map_or(Shown::Absent, |value| Shown::Value(value.json()));
            drift.wanted =
                wanted(inputs, address, name).map_or(Shown::Absent, |value| Shown::Value(value.json()));
        }
        found.extend(drift);
    }
    found.extend(left_behind(inputs));
    found.sort_by(|a, b| (&a.address, &a.attribute).cmp(&(&b.address, &b.attribute)));
    found.dedup();
    found
}

/// What the ledger manages and no entry of the YAML describes: its entry is gone, or no file mentions its kind. It is compared
/// with what telform last saw alone.
fn left_behind(inputs: &Inputs<'_>) -> Vec<Drift> {
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
            wanted: Shown::Absent,
            place: None,
            run: None,
        };
        let Some(live) = listed.iter().find(|live| live.id == entry.id) else {
            if !account.is_unreadable(&address.kind, &entry.id) {
                found.push(of(None, Class::Gone, Shown::Absent));
            }
            continue;
        };
        for (name, seen) in &entry.seen {
            let Some(field) = field(account, address, name) else { continue };
            let (is, shown) = if field.ty == Type::Numbers {
                if account.connections.is_none() {
                    continue; // Not known, which is no difference.
                }
                let numbers = numbers_on(account, &entry.id);
                (digest_of(&numbers), Shown::Value(numbers))
            } else {
                let value = live.attributes.get(field.name);
                let canonical =
                    catalogue::canonical(field, &account.facts.catalogue, value.unwrap_or(&Packed::Null));
                (digest_of(&canonical), value.map_or(Shown::Absent, |value| Shown::Value(value.json())))
            };
            if is != *seen {
                found.push(of(Some(name.as_str()), Class::Outside, shown));
            }
        }
        for (name, sealed) in entry.secrets.iter().filter(|_| inputs.ledger.readable_with(inputs.key)) {
            let shown = live.secrets.get(name.as_str()).and_then(Option::as_ref);
            if shown.is_some_and(|it| inputs.key.seal(entry.seal_account(), &entry.id, name, it) != *sealed) {
                found.push(of(Some(name.as_str()), Class::Outside, Shown::Secret(SecretWord::Set)));
            }
        }
    }
    found
}

fn whole(inputs: &Inputs<'_>, address: &Address, class: Class) -> Option<Drift> {
    let object = inputs.desired.objects.get(address)?;
    Some(Drift {
        address: address.clone(),
        account: object.account.clone(),
        attribute: None,
        class,
        live: Shown::Absent,
        wanted: Shown::Absent,
        place: Some(object.place.to_string()),
        run: None,
    })
}

/// One attribute that a plan would change: drift, unless only the configuration changed.
fn one(inputs: &Inputs<'_>, address: &Address, name: &str, live: &Shown, wanted: &Shown) -> Option<Drift> {
    let object = inputs.desired.objects.get(address)?;
    let entry = inputs.ledger.objects.get(address)?;
    let class = match wanted {
        Shown::Secret(SecretWord::Changed | SecretWord::ChangedOutside | SecretWord::Differs) => {
            changed_secret(inputs, address, name)?
        }
        Shown::Secret(_) => return None,
        Shown::Value(_) | Shown::Absent => {
            let account = inputs.live.accounts.get(&entry.account)?;
            let seen = entry.seen.get(name);
            let (is, says) = if is_numbers(account, address, name) {
                (digest_of(&numbers_on(account, &entry.id)), numbers_wanted(inputs, address))
            } else {
                let field = field(account, address, name)?;
                let catalogue = &account.facts.catalogue;
                let digest = |shown: &Shown| match shown {
                    Shown::Value(value) => digest_of(&catalogue::canonical(field, catalogue, &value.into())),
                    _ => digest_of(&catalogue::canonical(field, catalogue, &Packed::Null)),
                };
                (digest(live), Some(digest(wanted)))
            };
            match seen {
                Some(seen) if *seen == is => return None,
                Some(seen) if says.as_ref().is_some_and(|says| seen == says) => Class::Outside,
                Some(_) => Class::Both,
                None => Class::Unknown,
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
        place: object.places.get(name).or(Some(&object.place)).map(ToString::to_string),
        run: None,
    })
}

/// A secret that the service gives back (generation 1) tells who changed it; any other tells nothing.
fn changed_secret(inputs: &Inputs<'_>, address: &Address, name: &str) -> Option<Class> {
    let entry = inputs.ledger.objects.get(address)?;
    let shown = live_object(inputs, address)?.secrets.get(name)?.as_ref()?;
    let sealed = entry.secrets.get(name).filter(|_| inputs.ledger.readable_with(inputs.key));
    match sealed {
        Some(sealed) if *sealed == inputs.key.seal(entry.seal_account(), &entry.id, name, shown) => None,
        Some(_) => Some(Class::Outside),
        None => Some(Class::Unknown),
    }
}

fn wanted<'a>(inputs: &Inputs<'a>, address: &Address, name: &str) -> Option<&'a Packed> {
    match inputs.desired.objects.get(address)?.attributes.get(name)? {
        Wanted::Value(value) => Some(value),
        Wanted::Secret(_) => None,
    }
}

fn live_object<'a>(inputs: &Inputs<'a>, address: &Address) -> Option<&'a LiveObject> {
    let entry = inputs.ledger.objects.get(address)?;
    let objects = inputs.live.accounts.get(&entry.account)?.objects.get(address.kind.as_str())?;
    objects.iter().find(|live| live.id == entry.id)
}

fn field(account: &LiveAccount, address: &Address, name: &str) -> Option<&'static Field> {
    backend::shape(&address.kind, account.facts.generation)?.field(name)
}

fn is_numbers(account: &LiveAccount, address: &Address, name: &str) -> bool {
    field(account, address, name).is_some_and(|field| field.ty == Type::Numbers)
}

/// Who serves the numbers of a bridge: number to configuration, or to the word for why none can be named.
fn numbers_on(account: &LiveAccount, slug: &str) -> Value {
    let on = account.connections.iter().flatten().filter(|connection| connection.bridge == slug);
    let served = on.map(|connection| {
        let target = connection.target.id().unwrap_or(connection.target.word());
        (connection.number.clone(), Value::from(target))
    });
    // A map of its own order, so that the order of an answer does not matter.
    let sorted: BTreeMap<String, Value> = served.filter(|(_, target)| target != "unserved").collect();
    sorted.into_iter().collect::<serde_json::Map<_, _>>().into()
}

/// What the configuration says about the numbers of a bridge, as [`numbers_on`] would show it; `None` while some
/// configuration has no identity yet.
fn numbers_wanted(inputs: &Inputs<'_>, address: &Address) -> Option<Digest> {
    let numbers = inputs.desired.objects.get(address)?.numbers.as_ref()?;
    let served = numbers.iter().map(|(number, wanted)| {
        let id = &inputs.ledger.objects.get(&wanted.provider)?.id;
        Some((number.clone(), Value::from(id.as_str())))
    });
    let map: serde_json::Map<String, Value> = served.collect::<Option<_>>()?;
    Some(digest_of(&map))
}

/// Notes what the managed attributes of the objects that a run was about are now, when it left nothing to do. Only digests
/// are kept. Says whether anything changed.
pub fn remember(
    ledger: &mut Ledger,
    desired: &Desired,
    live: &Live,
    about: impl Fn(&Address) -> bool,
) -> bool {
    let mut changed = false;
    let listed = live.by_id();
    for (address, entry) in ledger.objects.iter_mut().filter(|(address, _)| about(address)) {
        let Some(object) = desired.objects.get(address).filter(|it| it.account == entry.account) else {
            continue;
        };
        let Some(account) = live.accounts.get(&entry.account) else { continue };
        let id = (entry.account.as_str(), address.kind.as_str(), entry.id.as_str());
        let Some(shown) = listed.get(&id) else { continue };
        let mut seen = LiteMap::with_capacity(object.attributes.len() + 1);
        for (name, wanted) in &object.attributes {
            let Some(field) = field(account, address, name) else { continue };
            if let (Wanted::Value(_), false) = (wanted, object.ignore.contains(*name)) {
                let value = shown.attributes.get(name).unwrap_or(&Packed::Null);
                let value = catalogue::canonical(field, &account.facts.catalogue, value);
                seen.insert(SmolStr::new_static(name), digest_of(&value));
            }
        }
        if object.numbers.is_some() {
            let numbers = backend::shapes(&address.kind)
                .into_iter()
                .flat_map(|kind| kind.fields)
                .find(|field| field.ty == Type::Numbers);
            if let Some(field) = numbers {
                let before = entry.seen.get(field.name).cloned();
                let now = account.connections.is_some().then(|| digest_of(&numbers_on(account, &entry.id)));
                // What is not known now is remembered as it was.
                seen.extend(now.or(before).map(|digest| (SmolStr::new_static(field.name), digest)));
            }
        }
        if entry.seen != seen {
            entry.seen = seen;
            changed = true;
        }
    }
    changed
}
