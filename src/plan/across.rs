//! Objects that change their account: refused, unless the YAML says that they move (spec 2.1). Then they are made in the new
//! account like any other, and the old one is what they take the place of.

use smol_str::SmolStr;

use super::Inputs;
use super::change::{SecretWord, Shown};
use super::find::kind_in;
use super::note::{Refusal, RefusalCode};
use super::shelf::with_wanted_key;
use crate::kind::{Access, Delete, Field, Kind, Type};
use crate::ledger::Entry;
use crate::resource::{Address, DesiredObject, LiveObject, Wanted};
use crate::value::Packed;

/// The object whose place a new one takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Predecessor<'a> {
    /// Its account.
    pub(super) account: &'a str,
    /// The shape in which its account answers.
    pub(super) kind: &'static Kind,
    pub(super) live: &'a LiveObject,
}

/// Why an entry whose object the ledger has in another account is not planned: the old object would be forgotten.
pub(super) fn account_changed(
    inputs: &Inputs<'_>,
    object: &DesiredObject,
    old: &Entry,
    kind: &'static Kind,
) -> Option<Refusal> {
    let (address, is) = (&object.address, &object.account);
    let stated = inputs.desired.moved.iter();
    let moves = stated.filter(|it| it.to == *address).any(|it| it.account.as_ref() == Some(&old.account));
    let known = inputs.desired.accounts.contains_key(&old.account);
    if known && (gone(inputs, old, kind) || (moves && !inputs.options.destroy)) {
        return None;
    }
    let there = match &object.id {
        Some(id) => inputs.live_objects(is, kind.name).iter().filter(|live| live.id == *id).collect(),
        None => with_wanted_key(inputs, object, kind),
    };
    let then = match there.as_slice() {
        [] => format!("where a new {} would be made", kind.singular),
        [live, ..] => format!("where {} {} would be taken for it", kind.singular, live.id),
    };
    let mut detail = format!(
        "it is {} {} of account {}, and its entry names account {is}, {then}",
        kind.singular, old.id, old.account
    );
    if !known {
        let why = "which is no longer in the configuration: without its login nothing can be moved out of it";
        detail.push_str(&format!("; the ledger has it in {}, {why}", old.account));
    } else if moves {
        detail.push_str("; it moves first, with a plan that destroys nothing");
    }
    Some(Refusal {
        code: RefusalCode::AccountChanged,
        account: old.account.clone(),
        address: Some(address.clone()),
        attribute: None,
        detail,
        place: Some(object.place.to_string()),
    })
}

/// Whether a complete listing of its account lacks the object. Of what a service hides that says nothing.
pub(super) fn gone(inputs: &Inputs<'_>, old: &Entry, kind: &Kind) -> bool {
    let read = inputs.live.accounts.get(&old.account).and_then(|live| live.objects.get(kind.name));
    !kind.hidden_until_verified && read.is_some_and(|objects| objects.iter().all(|live| live.id != old.id))
}

/// The live object of an entry in the account that it leaves.
pub(super) fn predecessor<'a>(inputs: &Inputs<'a>, old: &'a Entry, kind: &str) -> Option<Predecessor<'a>> {
    let account = old.account.as_str();
    let live = inputs.live_objects(account, kind).iter().find(|live| live.id == old.id)?;
    Some(Predecessor { account, kind: kind_in(inputs, account, kind)?, live })
}

/// Where the other claim stands, when it is made under another name of the account.
pub(super) fn named(inputs: &Inputs<'_>, object: &DesiredObject, other: &Address) -> String {
    let other = inputs.desired.objects.get(other).filter(|other| other.account != object.account);
    let text = |other: &DesiredObject| {
        let (one, two) = (&object.account, &other.account);
        format!(" at {}: `{one}` and `{two}` are two names of one account", other.place)
    };
    other.map(text).unwrap_or_default()
}

/// What earlier moves and replacements left, because they were cut off, and that is still there.
pub(super) fn left_behind<'a>(inputs: &Inputs<'a>, kind: &Kind, entry: &'a Entry) -> Vec<Predecessor<'a>> {
    let found = left_by(entry).filter_map(|(account, id)| {
        let live = inputs.live_objects(account, kind.name).iter().find(|live| live.id == id)?;
        Some(Predecessor { account, kind: kind_in(inputs, account, kind.name)?, live })
    });
    found.collect()
}

/// What a new object has of its predecessor, because the YAML does not mention it.
#[derive(Debug)]
pub(super) struct Inherited {
    /// What is wanted, with what is carried over.
    pub(super) object: DesiredObject,
    /// Names of the attributes that are carried over.
    pub(super) carried: Vec<&'static str>,
    /// Names of those that nobody can read.
    pub(super) lost: Vec<&'static str>,
    /// Names of what the old one shows and nothing is known about.
    pub(super) unknown: Vec<SmolStr>,
}

/// Completes what is wanted with what its predecessor shows (unpod.md 5.2, 11 and 12).
pub(super) fn inherit(object: &DesiredObject, kind: &'static Kind, from: Predecessor<'_>) -> Inherited {
    let live = from.live;
    let mut heir = Inherited {
        object: object.clone(),
        carried: Vec::new(),
        lost: Vec::new(),
        unknown: live.unknown.clone(),
    };
    for field in kind.fields.iter().filter(|field| field.access != Access::ReadOnly) {
        let known = from.kind.field(field.name).is_some_and(|old| old.ty == field.ty);
        if !known || field.ty == Type::Numbers || object.attributes.contains_key(field.name) {
            continue;
        }
        if field.ty == Type::Secret {
            let there = live.shows_secret(field.name) || !field.is_readable();
            if there && !field.required {
                heir.lost.push(field.name);
            }
        } else if let Some(value) = live.attributes.get(field.name) {
            let stays = field.of_account && from.account != object.account;
            if field.normaliser.canonical(value).is_null() {
                continue;
            }
            // What the service shows there and may not take would keep the new object from being made.
            let fits = field.access != Access::CarriedOver
                || field.seen.is_empty()
                || value.as_str().is_some_and(|word| field.seen.contains(&word));
            if stays || !fits {
                heir.lost.push(field.name);
            } else {
                heir.carried.push(field.name);
                heir.object.attributes.insert(field.name, Wanted::Value(value.clone()));
            }
        } else if !field.required && live.masked.get(field.name).is_some_and(|part| *part != Packed::Null) {
            // What a create needs is asked for instead.
            heir.lost.push(field.name);
        }
    }
    heir
}

/// What an attribute of an object that exists is now, as far as anybody can tell.
pub fn now(live: &LiveObject, field: &Field) -> Shown {
    let value = live.attributes.get(field.name).or_else(|| live.masked.get(field.name));
    match (value, field.ty) {
        (Some(value), ty) if ty != Type::Secret => Shown::Value(value.json()),
        (_, Type::Secret) if !field.is_readable() => Shown::Secret(SecretWord::WriteOnly),
        (_, Type::Secret) if live.shows_secret(field.name) => Shown::Secret(SecretWord::Set),
        _ => Shown::Absent,
    }
}

/// The rule that keeps an object from being deleted.
pub(super) fn kept(
    inputs: &Inputs<'_>,
    account: &str,
    kind: &Kind,
    live: &LiveObject,
    protected: bool,
) -> Option<(RefusalCode, String)> {
    if protected || inputs.ledger.protects(account, kind.name, &live.id) {
        let detail = format!("{} {} is protected by prevent_delete", kind.singular, live.id);
        return Some((RefusalCode::PreventDelete, detail));
    }
    if let Delete::Undocumented { switch } = kind.delete
        && !inputs.desired.accounts.get(account).is_some_and(|account| account.switches.contains(switch))
    {
        let detail = format!("the service documents no delete of a {}", kind.singular);
        return Some((RefusalCode::DeleteUndocumented, detail));
    }
    None
}

/// Why nothing of an address is deleted that shall go: its object is in another account than the tombstone names, or something
/// that it took the place of would be forgotten.
pub(super) fn kept_elsewhere<'a>(
    inputs: &Inputs<'a>,
    address: &'a Address,
    named: Option<&str>,
) -> Option<(&'a str, RefusalCode, String)> {
    let entry = inputs.ledger.objects.get(address)?;
    if let Some(named) = named
        && entry.account != named
        && !inputs.names_of(named).contains(&entry.account.as_str())
    {
        let detail = format!(
            "the tombstone names account {named}, and the ledger knows {address} as {} of account {}",
            entry.id, entry.account
        );
        return Some((&entry.account, RefusalCode::AccountChanged, detail));
    }
    let (account, detail) = still_there(inputs, address)?;
    Some((account, RefusalCode::UnfinishedReplacement, detail))
}

/// What an address took the place of and would be forgotten with it, in words; and its account.
pub(super) fn still_there<'a>(inputs: &Inputs<'a>, address: &'a Address) -> Option<(&'a str, String)> {
    let (account, id) = *unfinished(inputs, address).first()?;
    let seen =
        if inputs.live.accounts.contains_key(account) { "is still there" } else { "was not looked for" };
    Some((account, format!("it took the place of {id} of account {account}, which {seen}")))
}

/// What the object of an address took the place of earlier and is not deleted yet, as the ledger has it.
fn left_by(entry: &Entry) -> impl Iterator<Item = (&str, &str)> {
    let former = entry.former.iter().map(|id| (entry.account.as_str(), id.as_str()));
    entry.left_behind.iter().map(|left| (left.account.as_str(), left.id.as_str())).chain(former)
}

/// The same, without what a complete listing of its account lacks.
fn unfinished<'a>(inputs: &Inputs<'a>, address: &'a Address) -> Vec<(&'a str, &'a str)> {
    let Some(entry) = inputs.ledger.objects.get(address) else { return Vec::new() };
    let gone = |(account, id): &(&str, &str)| {
        let read =
            inputs.live.accounts.get(*account).and_then(|live| live.objects.get(address.kind.as_str()));
        read.is_some_and(|objects| objects.iter().all(|live| live.id != **id))
    };
    left_by(entry)
        .filter(|left| *left != (entry.account.as_str(), entry.id.as_str()) && !gone(left))
        .collect()
}
