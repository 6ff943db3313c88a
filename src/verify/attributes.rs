//! Checks, attribute by attribute, that the requests send what the changes show, and that preconditions and expectations
//! concern the same attributes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use smol_str::SmolStr;

use super::context::{CheckerContext, configuration_names, kind_of};
use super::facts::{KindFacts, kind};
use super::references::{is_seen_form, is_sent_form};
use super::requests::request_entries;
use super::shape::{
    CheckerAction, CheckerAttribute, CheckerChange, CheckerOperation, CheckerPayload, CheckerRef, CheckerSecretState,
    CheckerServedState, CheckerShownValue, CheckerStep,
};
use super::strict::CheckerValue;

/// The natural key of an object, in the vocabulary of its account's generation.
fn natural_key_of(check: &CheckerContext<'_>, step: &CheckerStep) -> &'static [&'static str] {
    let keys = kind_of_step(step).map_or(&[][..], |kind| kind.keys);
    let account = check.accounts.get(step.call.account.as_str());
    let service = check.service(&step.call.account);
    let own = service.zip(account).and_then(|(service, it)| service.of_generation(keys, it.generation));
    // The last one is that of the newest generation.
    own.or(keys.last()).copied().unwrap_or_default()
}

/// The kind of the object that a step belongs to.
pub(super) fn kind_of_step(step: &CheckerStep) -> Option<&'static KindFacts> {
    kind(kind_of(step.address.as_deref().unwrap_or_default()))
}

/// Whether an attribute of the object of an address is changed by a request of its own.
pub(super) fn goes_alone(address: &str, name: &str) -> bool {
    kind(kind_of(address)).is_some_and(|kind| kind.alone.contains(&name))
}

/// Whether a step is the request of such an attribute.
pub(super) fn is_separate_update(step: &CheckerStep) -> bool {
    matches!(step.operation, CheckerOperation::Update { .. })
        && request_entries(step)
            .is_some_and(|sent| sent.keys().any(|name| goes_alone(step.address.as_deref().unwrap_or_default(), name)))
}

/// Everything that is sent is shown in the change, and vice versa: nothing is written that a reader could not see.
pub(super) fn check_attributes(check: &mut CheckerContext<'_>) {
    for (at, step) in check.numbered_steps() {
        let (before, create) = match &step.operation {
            CheckerOperation::Create { .. } => (None, true),
            CheckerOperation::Update { before, .. } => (Some(before), false),
            _ => continue,
        };
        let Some((change, sent)) = change_of(check, step).zip(request_entries(step)) else { continue };
        let shown: BTreeMap<&str, &CheckerAttribute> =
            change.attributes.iter().map(|attribute| (attribute.name.as_str(), attribute)).collect();
        let alone = is_separate_update(step);
        let own = kind_of_step(step);
        let digits = |name: &str| own.is_some_and(|kind| kind.digits.contains(&name));
        let translated = |name: &str| own.is_some_and(|kind| kind.translated.contains(&name));
        let links = check.links(&step.call.account);
        let members = links.map_or("", |links| links.members);
        let taken_along = |name: &str| links.is_some_and(|links| links.bodies.iter().any(|keys| keys.taken_along == Some(name)));
        check.require(!alone || sent.len() == 1, at, "/call/body", "combines attributes with one that must be sent separately");
        for (name, payload) in sent {
            let fits = match (shown.get(name.as_str()).map(|attribute| &attribute.after), payload) {
                // A provider is shown as in the file and sent in the service's spelling.
                (Some(CheckerShownValue::Value(_)), CheckerPayload::Value(_)) if translated(name) => true,
                (Some(CheckerShownValue::Value(after)), CheckerPayload::Value(_) | CheckerPayload::WithIds { .. }) => {
                    is_sent_form(check, step, name, after, payload)
                }
                (Some(CheckerShownValue::Secret(word)), CheckerPayload::Secret { .. }) => {
                    !matches!(word, CheckerSecretState::Set | CheckerSecretState::WriteOnly)
                }
                // A replacement shows only what differs; numbers have a separate rule.
                (None, _) if create => change.action == CheckerAction::Replace || taken_along(name),
                // A PUT sends all other attributes unchanged, in the spelling of the file, and some PATCHes do.
                (None, CheckerPayload::Value(value)) => {
                    (step.call.method == "PUT" || own.is_some_and(|kind| kind.carries(name, shown.keys())))
                        && before
                            .and_then(|before| before.get(name))
                            .is_some_and(|seen| are_spellings_of_one(digits(name), seen, value))
                }
                _ => false,
            };
            check.require(fits, at, "/call/body", format_args!("sends {name} differently than its change shows it"));
        }
        for (name, attribute) in shown {
            // Another step sends it.
            if !create && alone != goes_alone(&change.address, name) {
                continue;
            }
            let all = sent.contains_key(name) || name == members;
            check.require(all, at, "/call/body", format_args!("does not send {name}, which its change shows"));
            let Some(before) = before.filter(|_| name != members) else { continue };
            let seen = before.get(name);
            let same = match (&attribute.before, &attribute.after) {
                // A secret has no precondition; null is how a service shows that it has none.
                (
                    CheckerShownValue::Absent
                    | CheckerShownValue::Secret(CheckerSecretState::Set | CheckerSecretState::WriteOnly),
                    CheckerShownValue::Secret(_),
                ) => seen.is_none_or(CheckerValue::is_null),
                // A provider is shown by its name; its precondition uses the service's spelling.
                (CheckerShownValue::Value(shown), _) => {
                    seen.is_some_and(|seen| translated(name) || is_seen_form(check, step, name, shown, seen))
                }
                (CheckerShownValue::Absent, _) => seen.is_some_and(CheckerValue::is_null),
                _ => false,
            };
            check.require(same, at, "/operation/before", format_args!("believes that {name} is not what its change shows"));
        }
    }
}

fn change_of<'a>(check: &CheckerContext<'a>, step: &CheckerStep) -> Option<&'a CheckerChange> {
    step.address.as_deref().and_then(|address| check.changes.get(address).copied())
}

/// Whether two values may be spellings of one: ignoring letter case, punctuation, order and zeros; empty is the same as
/// null. A value that could not be read is not a value, and is not compared.
fn are_spellings_of_one(digits: bool, seen: &CheckerValue, sent: &CheckerValue) -> bool {
    if seen.is_null() || seen == sent {
        return true;
    }
    let (seen, sent) = (&seen.tree(), &sent.tree());
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) if digits => text.is_ascii() && !text.contains(|it: char| it.is_ascii_digit()),
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    };
    let counts = |letter: &char| match digits {
        // A non-ASCII character may look like a digit without being one.
        true => letter.is_ascii_digit() || !letter.is_ascii(),
        false => letter.is_alphanumeric() && *letter != '0',
    };
    let letters = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
        let mut letters: Vec<char> = text.chars().filter(counts).collect();
        letters.sort_unstable();
        letters
    };
    (empty(seen) && empty(sent)) || (!empty(sent) && !sent.is_object() && letters(seen) == letters(sent))
}

/// The preconditions and results of a step concern what it changes: a precondition about something else would hide that the
/// live state changed.
pub(super) fn check_preconditions(check: &mut CheckerContext<'_>) {
    for (at, step) in check.numbered_steps() {
        let (sent, own) = (request_entries(step), kind_of_step(step));
        let verified = |name: &str| own.is_some_and(|kind| kind.verified.contains(&name));
        let value = |name: &str| match sent.and_then(|sent| sent.get(name)) {
            Some(CheckerPayload::Value(value)) => Some(value),
            // The id of what does not exist yet is blank in a key.
            Some(CheckerPayload::WithIds { value, .. }) if matches!(step.operation, CheckerOperation::Create { .. }) => {
                Some(value)
            }
            _ => None,
        };
        match &step.operation {
            CheckerOperation::Create { key, expect, .. } => {
                let known = key.keys().eq(natural_key_of(check, step).iter());
                let right = key.iter().all(|(name, wanted)| value(name) == Some(wanted));
                // The service may complete a slug, so the answer is not expected to repeat it.
                let mut repeated = (**key).clone();
                repeated.retain(|name, _| !own.is_some_and(|kind| kind.completed.contains(&name.as_str())));
                check.require(known && right, at, "/operation/key", "is not found by what it sends");
                check.require(**expect == repeated, at, "/operation/expect", "expects something else than it sends");
            }
            CheckerOperation::Update { before, expect, untouched, .. } => {
                let values = sent.into_iter().flatten().filter(|(name, _)| value(name).is_some());
                let right = values.clone().filter(|(name, _)| !verified(name)).map(|(name, _)| name).eq(expect.keys())
                    && expect.iter().all(|(name, wanted)| value(name) == Some(wanted));
                check.require(right, at, "/operation/expect", "expects something else than it sends");
                let plain =
                    |payload: &CheckerPayload| !matches!(payload, CheckerPayload::Secret { .. } | CheckerPayload::IdOf(_));
                let seen = sent.into_iter().flatten().all(|(name, payload)| !plain(payload) || before.contains_key(name));
                check.require(seen, at, "/operation/before", "changes something that it has not read");
                let stays = untouched
                    .iter()
                    .all(|(name, kept)| before.get(name) == Some(kept) && sent.is_none_or(|sent| !sent.contains_key(name)));
                check.require(stays, at, "/operation/untouched", "keeps something else than there is");
            }
            CheckerOperation::Delete { before, .. } => check_delete_values(check, at, step, before),
            _ => {}
        }
    }
}

/// A deleted object is described by its natural key, as in the precondition of the delete.
fn check_delete_values(check: &mut CheckerContext<'_>, at: usize, step: &CheckerStep, before: &super::shape::CheckerValues) {
    let Some(change) = change_of(check, step).filter(|change| change.action == CheckerAction::Delete) else {
        return;
    };
    let shown = change.attributes.iter().map(|attribute| attribute.name.as_str());
    let known = shown.eq(natural_key_of(check, step).iter().copied().filter(|name| before.contains_key(*name)));
    let same = change.attributes.iter().all(|attribute| {
        let CheckerShownValue::Value(shown) = &attribute.before else { return false };
        attribute.after == CheckerShownValue::Absent
            && before.get(&attribute.name).is_some_and(|seen| is_seen_form(check, step, &attribute.name, shown, seen))
    });
    check.require(known && same, at, "/operation/before", "deletes something else than its change shows");
}

/// The numbers in a bridge's change are the ones that are changed: each that differs is connected or disconnected, and
/// no other one.
pub(super) fn check_number_changes(check: &mut CheckerContext<'_>) {
    let names = configuration_names(check);
    for (at, change) in check.plan.changes.iter().enumerate() {
        let names_shown: BTreeSet<&str> = change.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        if names_shown.len() != change.attributes.len() {
            check.report(&format!("/changes/{at}/attributes"), &format!("{} shows an attribute twice", change.address));
        }
        let members = check.links(&change.account).map_or("", |links| links.members);
        let shown = change.attributes.iter().find(|attribute| attribute.name == members);
        let map = |shown: Option<&CheckerShownValue>| match shown {
            Some(CheckerShownValue::Value(value)) => match value.tree() {
                Value::Object(map) => map,
                _ => serde_json::Map::new(),
            },
            _ => serde_json::Map::new(),
        };
        let before = map(shown.map(|shown| &shown.before));
        let after = map(shown.map(|shown| &shown.after));
        let (mut joined, mut cut, mut right) = (BTreeSet::new(), BTreeSet::new(), true);
        for (index, step) in check.steps_of(&change.address) {
            let name = |id: &SmolStr| names.get(&(change.account.as_str(), id.as_str())).copied();
            // A label that the plan explains must match; for others only their presence can be checked.
            let is = |map: &serde_json::Map<String, Value>, number: &str, label: Option<&str>| {
                map.get(number).is_some_and(|told| label.is_none_or(|label| told == label))
            };
            let was = |number: &str, before_it: &CheckerServedState| match before_it {
                CheckerServedState::By { id, .. } => is(&before, number, name(id)),
                // As an earlier version said it.
                CheckerServedState::OneOf(_) => {
                    is(&before, number, Some("(one of several)")) || is(&before, number, Some("ambiguous"))
                }
                CheckerServedState::NotThere | CheckerServedState::Unserved => true,
            };
            match &step.operation {
                CheckerOperation::Connect { number, provider, before, .. } => {
                    joined.insert(number.as_str());
                    let label = match provider {
                        CheckerRef::Id(id) => name(id),
                        CheckerRef::Step(_) => check.made_target(index, provider),
                    };
                    right &= is(&after, number, label) && was(number, before);
                }
                CheckerOperation::Disconnect { number, before, .. } => {
                    cut.insert(number.as_str());
                    // Numbers of a replaced bridge are not shown with the new one.
                    right &= change.action == CheckerAction::Replace || was(number, before);
                }
                _ => {}
            }
        }
        let lost = |number: &str, by: &Value| !after.contains_key(number) && by != "unserved";
        right &= after.iter().all(|(number, by)| {
            // A new bridge may include numbers that nothing serves.
            let makes = matches!(change.action, CheckerAction::Create | CheckerAction::Replace);
            let idle = makes && by == "unserved";
            before.get(number) == Some(by) || joined.contains(number.as_str()) || idle
        }) && before.iter().all(|(number, by)| !lost(number, by) || cut.contains(number.as_str()));
        // A deleted bridge shows no numbers, nor does what is left of a replacement when its new object was made before. A
        // configuration shows none whose numbers are on undeclared bridges. A bridge that moves shows those of its new account.
        let creates =
            check.steps_of(&change.address).iter().any(|(_, step)| matches!(step.operation, CheckerOperation::Create { .. }));
        let silent = !check.is_holder(&change.account, kind_of(&change.address))
            || change.action == CheckerAction::Delete
            || (change.action == CheckerAction::Replace && !creates)
            || ((change.from_account.is_some() || !change.also_leaves.is_empty()) && joined.is_empty());
        let untouched = joined.is_empty() && cut.is_empty();
        if !(if shown.is_some() { right } else { silent || untouched }) {
            let told = format!("{} shows other numbers than are connected and cut", change.address);
            check.report(&format!("/changes/{at}/attributes"), &told);
        }
    }
}
