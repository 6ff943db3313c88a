//! Whether what is sent is what the changes show, attribute by attribute, and what is believed and expected is about that.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::check::{Check, kind_of, names};
use super::requests::{entries, kinds};
use super::shape::{Action, Attribute, Change, Operation, Payload, Ref, SecretWord, Served, Shown, Step};

/// What an object is found by, in the words of its account's generation.
fn key_of(check: &Check<'_>, step: &Step) -> &'static [&'static str] {
    let kind = kind_of(step.address.as_deref().unwrap_or_default());
    let keys = kinds().find(|(name, ..)| *name == kind).map_or(&[][..], |row| row.3);
    let account = check.accounts.get(step.call.account.as_str());
    let generation = account.and_then(|account| account.generation).map(usize::from);
    // The last one is that of the newest generation, and of a service that has only one.
    let own = generation.and_then(|generation| keys.get(generation.checked_sub(1)?));
    own.or(keys.last()).copied().unwrap_or_default()
}

/// Attributes that stay invisible until somebody confirms them, so that no answer can be expected to show them.
const VERIFIED: [&str; 3] = ["billing_email", "owner_email", "tech_email"];

/// Attributes that are shown and not sent to a partner that pays later, because the service drops them.
const PREPAY: [&str; 2] = ["charge_at", "prepay_amount"];

/// Attributes that are changed by a request of their own, because the service does not list them as changeable.
pub(super) const ALONE: [&str; 1] = ["password"];

/// Whether a step is the request of such an attribute.
pub(super) fn is_alone(step: &Step) -> bool {
    matches!(step.operation, Operation::Update { .. })
        && entries(step).is_some_and(|sent| sent.keys().any(|name| ALONE.contains(&name.as_str())))
}

/// What is sent is what the change shows, and all of it: nothing is written that nobody could read.
pub(super) fn attributes(check: &mut Check<'_>) {
    for (at, step) in check.steps() {
        let (before, create) = match &step.operation {
            Operation::Create { .. } => (None, true),
            Operation::Update { before, .. } => (Some(before), false),
            _ => continue,
        };
        let Some((change, sent)) = change_of(check, step).zip(entries(step)) else { continue };
        let shown: BTreeMap<&str, &Attribute> =
            change.attributes.iter().map(|attribute| (attribute.name.as_str(), attribute)).collect();
        let alone = is_alone(step);
        check.must(!alone || sent.len() == 1, at, "/call/body", "sends something beside what goes by itself");
        for (name, payload) in sent {
            let fits = match (shown.get(name.as_str()).map(|attribute| &attribute.after), payload) {
                // A provider is shown as the file says it and sent as the service says it.
                (Some(Shown::Value(after)), Payload::Value(value)) => after == value || name == "provider",
                (Some(Shown::Secret(word)), Payload::Secret { .. }) => {
                    !matches!(word, SecretWord::Set | SecretWord::WriteOnly)
                }
                // A replacement shows only what differs; numbers have a rule of their own.
                (None, _) if create => change.action == Action::Replace || name == "numberIds",
                // A PUT sends the rest as it is, in the spelling of the file.
                (None, Payload::Value(value)) => {
                    step.call.method == "PUT"
                        && before
                            .and_then(|before| before.get(name))
                            .is_some_and(|seen| alike(name, seen, value))
                }
                _ => false,
            };
            check.must(fits, at, "/call/body", &format!("sends {name} otherwise than its change shows it"));
        }
        for (name, attribute) in shown {
            // Another step sends it.
            if !create && alone != ALONE.contains(&name) {
                continue;
            }
            let all = sent.contains_key(name) || name == "numbers" || (create && PREPAY.contains(&name));
            check.must(all, at, "/call/body", &format!("does not send {name}, which its change shows"));
            let Some(before) = before.filter(|_| name != "numbers") else { continue };
            let seen = before.get(name);
            let same = match (&attribute.before, &attribute.after) {
                // Of a secret nothing is believed; null is how a service shows that it has none.
                (
                    Shown::Absent | Shown::Secret(SecretWord::Set | SecretWord::WriteOnly),
                    Shown::Secret(_),
                ) => seen.is_none_or(Value::is_null),
                // A provider is shown by its name and believed as the service says it.
                (Shown::Value(shown), _) => seen == Some(shown) || (name == "provider" && seen.is_some()),
                (Shown::Absent, _) => seen.is_some_and(Value::is_null),
                _ => false,
            };
            check.must(
                same,
                at,
                "/operation/before",
                &format!("believes that {name} is not what its change shows"),
            );
        }
    }
}

fn change_of<'a>(check: &Check<'a>, step: &Step) -> Option<&'a Change> {
    step.address.as_deref().and_then(|address| check.changes.get(address).copied())
}

/// Whether two values may be spellings of one: letter case, punctuation, order and zeros aside; empty is as good as null. A
/// value that nobody could read is none, and not compared.
fn alike(name: &str, seen: &Value, sent: &Value) -> bool {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let counts = |letter: &char| match name {
        "phonenumber" => letter.is_ascii_digit(),
        _ => letter.is_alphanumeric() && *letter != '0',
    };
    let letters = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
        let mut letters: Vec<char> = text.chars().filter(counts).collect();
        letters.sort_unstable();
        letters
    };
    seen.is_null()
        || seen == sent
        || (empty(seen) && empty(sent))
        || (!empty(sent) && !sent.is_object() && letters(seen) == letters(sent))
}

/// What must be so before and after a step is what it changes: a belief about something else would hide that the world moved.
pub(super) fn beliefs(check: &mut Check<'_>) {
    for (at, step) in check.steps() {
        let sent = entries(step);
        let value = |name: &str| match sent.and_then(|sent| sent.get(name)) {
            Some(Payload::Value(value)) => Some(value),
            _ => None,
        };
        match &step.operation {
            Operation::Create { key, expect, .. } => {
                let known = key.keys().eq(key_of(check, step).iter());
                let right = key.iter().all(|(name, wanted)| value(name) == Some(wanted));
                // The service may complete a slug, so the answer is not expected to repeat it.
                let mut repeated = key.clone();
                repeated.remove("slug");
                check.must(known && right, at, "/operation/key", "is not found by what it sends");
                check.must(
                    *expect == repeated,
                    at,
                    "/operation/expect",
                    "expects something else than it sends",
                );
            }
            Operation::Update { before, expect, untouched, .. } => {
                let values = sent.into_iter().flatten().filter(|(name, _)| value(name).is_some());
                let right = values
                    .clone()
                    .filter(|(name, _)| !VERIFIED.contains(&name.as_str()))
                    .map(|(name, _)| name)
                    .eq(expect.keys())
                    && expect.iter().all(|(name, wanted)| value(name) == Some(wanted));
                check.must(right, at, "/operation/expect", "expects something else than it sends");
                let seen = values.clone().all(|(name, _)| before.contains_key(name));
                check.must(seen, at, "/operation/before", "changes something that it has not looked at");
                let stays = untouched.iter().all(|(name, kept)| {
                    before.get(name) == Some(kept) && sent.is_none_or(|sent| !sent.contains_key(name))
                });
                check.must(stays, at, "/operation/untouched", "keeps something else than there is");
            }
            Operation::Delete { before, .. } => deleted(check, at, step, before),
            _ => {}
        }
    }
}

/// A deleted object is described by what it is found by, as the delete believes it to be.
fn deleted(check: &mut Check<'_>, at: usize, step: &Step, before: &super::shape::Values) {
    let Some(change) = change_of(check, step).filter(|change| change.action == Action::Delete) else {
        return;
    };
    let shown = change.attributes.iter().map(|attribute| attribute.name.as_str());
    let known = shown.eq(key_of(check, step).iter().copied().filter(|name| before.contains_key(*name)));
    let same = change.attributes.iter().all(|attribute| {
        let seen =
            matches!(&attribute.before, Shown::Value(shown) if before.get(&attribute.name) == Some(shown));
        attribute.after == Shown::Absent && seen
    });
    check.must(known && same, at, "/operation/before", "deletes something else than its change shows");
}

/// What a bridge shows of its numbers is what is done to them: each that differs is connected or cut, and no other one.
pub(super) fn numbers(check: &mut Check<'_>) {
    let names = names(check);
    for (at, change) in check.plan.changes.iter().enumerate() {
        let names_shown: BTreeSet<&str> =
            change.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        if names_shown.len() != change.attributes.len() {
            check.no(
                &format!("/changes/{at}/attributes"),
                &format!("{} shows an attribute twice", change.address),
            );
        }
        let shown = change.attributes.iter().find(|attribute| attribute.name == "numbers");
        let map = |shown: Option<&Shown>| match shown {
            Some(Shown::Value(Value::Object(map))) => map.clone(),
            _ => serde_json::Map::new(),
        };
        let before = map(shown.map(|shown| &shown.before));
        let after = map(shown.map(|shown| &shown.after));
        let (mut joined, mut cut, mut right) = (BTreeSet::new(), BTreeSet::new(), true);
        for (index, step) in check.own(&change.address) {
            let name = |id: &String| names.get(&(change.account.as_str(), id.as_str())).copied();
            // A label that the plan explains is that one; of others only that there is one can be told.
            let is = |map: &serde_json::Map<String, Value>, number: &String, label: Option<&str>| {
                map.get(number).is_some_and(|told| label.is_none_or(|label| told == label))
            };
            let was = |number: &String, before_it: &Served| match before_it {
                Served::By { id, .. } => is(&before, number, name(id)),
                Served::OneOf(_) => is(&before, number, Some("ambiguous")),
                Served::NotThere | Served::Unserved => true,
            };
            match &step.operation {
                Operation::Connect { number, provider, before, .. } => {
                    joined.insert(number.as_str());
                    let label = match provider {
                        Ref::Id(id) => name(id),
                        Ref::Step(_) => check.made(index, provider, "providers"),
                    };
                    right &= is(&after, number, label) && was(number, before);
                }
                Operation::Disconnect { number, before, .. } => {
                    cut.insert(number.as_str());
                    // What was on a bridge that is replaced is not shown with the new one.
                    right &= change.action == Action::Replace || was(number, before);
                }
                _ => {}
            }
        }
        let lost = |number: &String, by: &Value| !after.contains_key(number) && by != "unserved";
        right &= after.iter().all(|(number, by)| {
            // A new bridge may take numbers along that nobody serves.
            let makes = matches!(change.action, Action::Create | Action::Replace);
            let idle = makes && by == "unserved";
            before.get(number) == Some(by) || joined.contains(number.as_str()) || idle
        }) && before.iter().all(|(number, by)| !lost(number, by) || cut.contains(number.as_str()));
        // A bridge that goes shows nothing; neither does a configuration whose numbers are on bridges that nobody declares.
        // One that moves shows those of its new account.
        let silent = kind_of(&change.address) != "bridges"
            || change.action == Action::Delete
            || ((change.from_account.is_some() || !change.also_leaves.is_empty()) && joined.is_empty());
        let untouched = joined.is_empty() && cut.is_empty();
        if !(if shown.is_some() { right } else { silent || untouched }) {
            check.no(
                &format!("/changes/{at}/attributes"),
                &format!("{} shows other numbers than are connected and cut", change.address),
            );
        }
    }
}
