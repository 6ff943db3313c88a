//! Numbers that are entries of their own: such a change connects, rewires or cuts that number, and nothing else.

use super::context::{CheckerContext, configuration_names, kind_of};
use super::facts::{LinkEntry, all_links};
use super::shape::{
    CheckerAction, CheckerChange, CheckerOperation, CheckerRef, CheckerServedState, CheckerShownValue, CheckerStep,
};

/// The words of a change that is about such a number.
pub(super) fn entry_words(address: &str) -> Option<&'static LinkEntry> {
    all_links().filter_map(|links| links.entry.as_ref()).find(|entry| entry.kind == kind_of(address))
}

/// An address in the form in which addresses are ordered: kind, and name without quotes.
pub(super) fn order_of(address: &str) -> Option<(&str, &str)> {
    let (kind, name) = address.split_once('.')?;
    Some((kind, name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)))
}

/// Why the steps are not those of the action.
pub(super) fn entry_mismatch(change: &CheckerChange, own: &[&CheckerStep]) -> Option<&'static str> {
    let count = |fits: fn(&CheckerOperation) -> bool| own.iter().filter(|step| fits(&step.operation)).count();
    let joins = count(|operation| matches!(operation, CheckerOperation::Connect { .. }));
    let cuts = count(|operation| matches!(operation, CheckerOperation::Disconnect { .. }));
    let reads = count(|operation| matches!(operation, CheckerOperation::ReadBack { .. }));
    if joins + cuts + reads != own.len() {
        return Some("a number makes, changes or deletes an object");
    }
    let before = own.iter().any(|step| match &step.operation {
        CheckerOperation::Connect { before, .. } | CheckerOperation::Disconnect { before, .. } => {
            matches!(before, CheckerServedState::By { .. } | CheckerServedState::OneOf(_))
        }
        _ => false,
    });
    match change.action {
        CheckerAction::Create if joins != 1 || before => Some("it is created, and nothing connects it for the first time"),
        CheckerAction::Update if joins != 1 || !before => Some("it is updated, and nothing takes its place"),
        CheckerAction::Delete if joins != 0 || cuts == 0 => Some("it is deleted, and nothing cuts it"),
        CheckerAction::Replace => Some("a number is not replaced"),
        _ if cuts > 1 => Some("it is cut twice"),
        _ => None,
    }
}

/// The steps of a number are about that number, and its change shows what serves it before and after.
pub(super) fn check_entry_changes(check: &mut CheckerContext<'_>) {
    let names = configuration_names(check);
    for (at, change) in check.plan.changes.iter().enumerate() {
        let Some(words) = entry_words(&change.address) else { continue };
        let place = format!("/changes/{at}/attributes");
        let (_, named) = order_of(&change.address).unwrap_or_default();
        let known = [words.holder, words.target];
        let shown = |name: &str| change.attributes.iter().find(|attribute| attribute.name == name);
        let says = |shown: &CheckerShownValue, label: Option<&str>| {
            let CheckerShownValue::Value(shown) = shown else { return false };
            shown.tree().as_str().is_some_and(|shown| label.is_none_or(|label| shown == label))
        };
        let mut right = change.attributes.iter().all(|attribute| known.contains(&attribute.name.as_str()));
        if change.action != CheckerAction::Update {
            right &= known.iter().all(|name| shown(name).is_some());
        }
        for attribute in &change.attributes {
            right &= (change.action == CheckerAction::Create) == (attribute.before == CheckerShownValue::Absent);
            right &= (change.action == CheckerAction::Delete) == (attribute.after == CheckerShownValue::Absent);
        }
        for (index, step) in check.steps_of(&change.address) {
            let (number, before) = match &step.operation {
                CheckerOperation::Connect { number, provider, before, .. } => {
                    let label = match provider {
                        CheckerRef::Id(id) => names.get(&(change.account.as_str(), id.as_str())).copied(),
                        CheckerRef::Step(_) => check.made_target(index, provider),
                    };
                    right &= shown(words.target).is_none_or(|attribute| says(&attribute.after, label));
                    (number, before)
                }
                CheckerOperation::Disconnect { number, before, .. } => (number, before),
                _ => continue,
            };
            if let CheckerServedState::By { id, .. } = before {
                let label = names.get(&(change.account.as_str(), id.as_str())).copied();
                right &= shown(words.target).is_none_or(|attribute| says(&attribute.before, label));
            }
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let same = number == named || (digits(number) == digits(named) && !digits(number).is_empty());
            check.require(same, index, "/operation/number", format_args!("is about another number than {}", change.address));
        }
        if !right {
            check.report(&place, &format!("{} shows something else than its steps do", change.address));
        }
    }
}
