//! Objects that change their account: refused, unless the YAML says that they move. They are then created in the
//! new account like any other object, and replace the old one.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::Inputs;
use super::change::{SecretState, ShownValue};
use super::diagnostics::{PlanRefusal, RefusalCode};
use super::live_index::with_wanted_key;
use super::matching::kind_in;
use super::similar_keys::describe_inherited;
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind};
use crate::model::ledger::ManagedObject;
use crate::model::resource::{Address, DesiredObject, DesiredValue, LiveObject};
use crate::model::value::CompactValue;
use crate::text;

/// The object that a new one replaces.
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
    old: &ManagedObject,
    kind: &'static Kind,
) -> Option<PlanRefusal> {
    let (address, is) = (&object.address, &object.account);
    let stated = inputs.desired.moved.iter();
    let moves = stated.filter(|it| it.to == *address).any(|it| it.account.as_ref() == Some(&old.account));
    let known = inputs.desired.accounts.contains_key(&old.account);
    if known && (is_absent_from_listing(inputs, old, kind) || (moves && !inputs.options.destroy)) {
        return None;
    }
    let there = match &object.id {
        Some(id) => inputs.live_objects(is, kind.name).iter().filter(|live| live.id == *id).collect(),
        None => with_wanted_key(inputs, object, kind),
    };
    let then = match there.as_slice() {
        [] => format!("where a new {} would be created", kind.singular),
        [live, ..] => format!("where {} {} would be mistaken for it", kind.singular, live.id),
    };
    let mut detail =
        format!("it is {} {} of account {}, but its entry names account {is}, {then}", kind.singular, old.id, old.account);
    if !known {
        let why = "which is no longer in the configuration: without its token nothing can be moved out of it";
        detail.push_str(&format!("; the ledger has it in {}, {why}", old.account));
    } else if moves {
        detail.push_str("; it moves first, with a plan that destroys nothing");
    }
    Some(PlanRefusal {
        code: RefusalCode::AccountChanged,
        account: old.account.clone(),
        addresses: BTreeSet::from([address.clone()]),
        attribute: None,
        detail,
        place: Some(object.location.to_string()),
    })
}

/// Whether a complete listing of its account lacks the object. For objects that a service hides this proves nothing.
pub(super) fn is_absent_from_listing(inputs: &Inputs<'_>, old: &ManagedObject, kind: &Kind) -> bool {
    let read = inputs.live.accounts.get(&old.account).and_then(|live| live.objects.get(kind.name));
    !kind.hidden_until_verified && read.is_some_and(|objects| objects.iter().all(|live| live.id != old.id))
}

/// The live object of an entry in the account that it leaves.
pub(super) fn find_predecessor<'a>(inputs: &Inputs<'a>, old: &'a ManagedObject, kind: &str) -> Option<Predecessor<'a>> {
    let account = old.account.as_str();
    let live = inputs.live_objects(account, kind).iter().find(|live| live.id == old.id)?;
    Some(Predecessor { account, kind: kind_in(inputs, account, kind)?, live })
}

/// The position of the other claim, when it uses another name of the account.
pub(super) fn describe_other_claim(inputs: &Inputs<'_>, object: &DesiredObject, other: &Address) -> String {
    let other = inputs.desired.objects.get(other).filter(|other| other.account != object.account);
    let text = |other: &DesiredObject| {
        let (one, two) = (&object.account, &other.account);
        format!(" at {}: `{one}` and `{two}` are two names of one account", other.location)
    };
    other.map(text).unwrap_or_default()
}

/// Objects that interrupted moves and replacements left behind and that still exist.
pub(super) fn find_left_behind<'a>(inputs: &Inputs<'a>, kind: &Kind, entry: &'a ManagedObject) -> Vec<Predecessor<'a>> {
    let found = former_objects(entry).filter_map(|(account, id)| {
        let live = inputs.live_objects(account, kind.name).iter().find(|live| live.id == id)?;
        Some(Predecessor { account, kind: kind_in(inputs, account, kind.name)?, live })
    });
    found.collect()
}

/// What a new object takes over from its predecessor, because the YAML does not mention it.
#[derive(Debug)]
pub(super) struct CarriedAttributes {
    /// The desired object, with the attributes that are carried over.
    pub(super) object: DesiredObject,
    /// Names of the attributes that are carried over.
    pub(super) carried: Vec<&'static str>,
    /// Names of the attributes that cannot be read.
    pub(super) lost: Vec<&'static str>,
    /// Names of unknown fields that the old object shows.
    pub(super) unknown: Vec<SmolStr>,
}

/// Completes the desired object with what its predecessor shows (unpod.md 5.2, 11 and 12).
pub(super) fn carry_over_attributes(object: &DesiredObject, kind: &'static Kind, from: Predecessor<'_>) -> CarriedAttributes {
    let live = from.live;
    let mut heir =
        CarriedAttributes { object: object.clone(), carried: Vec::new(), lost: Vec::new(), unknown: live.unknown_names.clone() };
    let taken = |field: &&Field| !matches!(field.access, AttributeAccess::ReadOnly | AttributeAccess::Kept);
    for field in kind.fields.iter().filter(taken) {
        let known = from.kind.field(field.name).is_some_and(|old| old.ty == field.ty);
        if !known || field.ty.is_links() || object.attributes.contains_key(field.name) {
            continue;
        }
        if field.ty == AttributeType::Secret {
            let there = live.shows_secret(field.name) || !field.is_readable();
            if there && !field.required {
                heir.lost.push(field.name);
            }
        } else if let Some(value) = live.attributes.get(field.name) {
            let stays = field.account_bound && from.account != object.account;
            if field.normaliser.canonicalize(value).is_null() {
                continue;
            }
            // A value that the service shows but may not accept would make the create of the new object fail.
            let fits = field.access != AttributeAccess::CarriedOver
                || field.known_values.is_empty()
                || value.as_str().is_some_and(|word| field.known_values.contains(&word));
            if stays || !fits {
                heir.lost.push(field.name);
            } else {
                heir.carried.push(field.name);
                heir.object.attributes.insert(field.name, DesiredValue::Value(value.clone()));
            }
        } else if !field.required && live.masked.get(field.name).is_some_and(|part| *part != CompactValue::Null) {
            // Attributes that a create needs are required instead.
            heir.lost.push(field.name);
        }
    }
    heir
}

/// The current value of an attribute of an existing object, as far as it is known.
pub fn shown_now(live: &LiveObject, field: &Field) -> ShownValue {
    let value = live.attributes.get(field.name).or_else(|| live.masked.get(field.name));
    match (value, field.ty) {
        (Some(value), ty) if ty != AttributeType::Secret => ShownValue::Value(value.clone()),
        (_, AttributeType::Secret) if !field.is_readable() => ShownValue::Secret(SecretState::WriteOnly),
        (_, AttributeType::Secret) if live.shows_secret(field.name) => ShownValue::Secret(SecretState::Set),
        _ => ShownValue::Absent,
    }
}

/// The rule that prevents the delete of an object.
pub(super) fn rule_against_delete(
    inputs: &Inputs<'_>,
    account: &str,
    kind: &Kind,
    live: &LiveObject,
    protected: bool,
) -> Option<(RefusalCode, String)> {
    if protected || inputs.ledger.is_delete_protected(account, kind.name, &live.id) {
        let detail = format!("{} {} is protected by prevent_delete", kind.singular, live.id);
        return Some((RefusalCode::PreventDelete, detail));
    }
    if live.is_inherited(kind) {
        return Some((RefusalCode::Inherited, describe_inherited(kind, live)));
    }
    if let Some(switch) = kind.delete.switch()
        && !inputs.desired.accounts.get(account).is_some_and(|account| account.settings.contains_key(switch))
    {
        let ends = kind.delete.end_word().map(|word| format!("; with `{switch}` it would be {word}"));
        let detail =
            format!("the service documents no way to delete {}{}", text::with_article(kind.singular), ends.unwrap_or_default());
        return Some((RefusalCode::DeleteUndocumented, detail));
    }
    None
}

/// Why nothing is deleted for an address that is to be deleted: its object is in a different account from the one that the
/// tombstone names, or an object that it replaced would be forgotten.
pub(super) fn rule_against_delete_elsewhere<'a>(
    inputs: &Inputs<'a>,
    address: &'a Address,
    named: Option<&str>,
) -> Option<(&'a str, RefusalCode, String)> {
    let entry = inputs.ledger.objects.get(address)?;
    if let Some(named) = named
        && entry.account != named
        && !inputs.names_of_same_account(named).contains(&entry.account.as_str())
    {
        let detail = format!(
            "its entry under `removed` names account {named}, and the ledger knows {address} as {} of account {}",
            entry.id, entry.account
        );
        return Some((&entry.account, RefusalCode::AccountChanged, detail));
    }
    let (account, detail) = describe_left_behind(inputs, address)?;
    Some((account, RefusalCode::UnfinishedReplacement, detail))
}

/// The object that an address replaced and that would be forgotten with it, in words; and its account.
pub(super) fn describe_left_behind<'a>(inputs: &Inputs<'a>, address: &'a Address) -> Option<(&'a str, String)> {
    let (account, id) = *unfinished_replacements(inputs, address).first()?;
    let seen = if inputs.live.accounts.contains_key(account) { "is still there" } else { "was not looked for" };
    Some((account, format!("it replaced {id} of account {account}, which {seen}")))
}

/// Objects that the object of an address replaced and that are not deleted yet, according to the ledger.
fn former_objects(entry: &ManagedObject) -> impl Iterator<Item = (&str, &str)> {
    let former = entry.former.iter().map(|id| (entry.account.as_str(), id.as_str()));
    entry.left_behind.iter().map(|left| (left.account.as_str(), left.id.as_str())).chain(former)
}

/// Objects that the object of an address replaced and that are still there, each with its account.
pub fn replaced_and_still_there<'a>(inputs: &Inputs<'a>, address: &'a Address) -> Vec<(&'a str, &'a str)> {
    let listed = |(account, id): &(&str, &str)| {
        inputs.live_objects(account, address.kind.as_str()).iter().any(|live| live.id == **id)
            && inputs.ledger.address_of(account, address.kind.as_str(), id).is_none()
    };
    inputs.ledger.objects.get(address).into_iter().flat_map(former_objects).filter(listed).collect()
}

/// The same, without what a complete listing of its account lacks.
fn unfinished_replacements<'a>(inputs: &Inputs<'a>, address: &'a Address) -> Vec<(&'a str, &'a str)> {
    let Some(entry) = inputs.ledger.objects.get(address) else { return Vec::new() };
    let gone = |(account, id): &(&str, &str)| {
        let read = inputs.live.accounts.get(*account).and_then(|live| live.objects.get(address.kind.as_str()));
        read.is_some_and(|objects| objects.iter().all(|live| live.id != **id))
    };
    former_objects(entry).filter(|left| *left != (entry.account.as_str(), entry.id.as_str()) && !gone(left)).collect()
}
