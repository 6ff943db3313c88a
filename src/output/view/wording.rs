//! The common vocabulary of all views: titles, signs, sentences, and which step belongs to which change. The texts still
//! hold text from files and services; each view escapes them for its own format.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::model::kind::{LinkWords, ServiceTable};
use crate::plan::{
    AttributeChange, Change, ChangeAction, NotTakenValue, NoticeCode, NumberEffect, NumberImpact, NumberLocation, ObjectRef,
    Plan, PlanNotice, PlanRefusal, ShownValue, Step, StepOperation, StepPhase,
};
use crate::services;
use crate::text::distinguish_pair;

pub(super) use super::accounts::{
    ACCOUNT_HEADS, DESCRIBED_FIRST, account_table, describe_account, describe_account_and_token, describe_ledger, token_lines,
};
pub(super) use super::cut_numbers::{cut_reason, with_effect};
pub(super) use super::kind_words::{count_of_kind, kind_in_words, plural_kind};
pub(super) use super::limits::{describe_incomplete, describe_limits};
pub(super) use super::reviewer_notices::{for_reviewers, not_read, other_hosts};
pub(super) use super::step_index::{StepIndex, StepRange, whole_phase};

/// Actions in the order in which a reader needs them, with their titles.
pub(super) const ACTIONS: [(ChangeAction, &str); 4] = [
    (ChangeAction::Delete, "Delete"),
    (ChangeAction::Replace, "Replace"),
    (ChangeAction::Create, "Create"),
    (ChangeAction::Update, "Update"),
];

/// Effects in the order in which a reader needs them.
pub(super) const EFFECTS: [NumberEffect; 4] =
    [NumberEffect::Dark, NumberEffect::Moves, NumberEffect::Connects, NumberEffect::Settles];

pub(super) const NUMBERS: &str = "Phone numbers";
pub(super) const ORDER: &str = "Order";
pub(super) const NOTICES: &str = "Notices";
/// Title over what cannot be undone.
pub(super) const NOT_UNDONE: &str = "Cannot be undone";
/// Title over what was sent before and is not in effect.
pub(super) const NOT_TAKEN: &str = "Not accepted by the service";
pub(super) const UNMANAGED: &str = "Not managed";
const RISKY: &str = "risky: may affect what is connected to it";
/// Beside an attribute whose objects are replaced by others with the same names.
const SAME_NAMES: &str = "the names stay, and what they name is replaced";
pub(super) const NOT_SET: &str = "(not set)";

/// Most sources that are named where secrets are counted.
const MOST_SOURCES: usize = 20;

/// The sign before a change.
pub(super) fn action_sign(action: ChangeAction) -> &'static str {
    match action {
        ChangeAction::Create => "+",
        ChangeAction::Update => "~",
        ChangeAction::Replace => "+-",
        ChangeAction::Delete => "-",
    }
}

/// The word for an action.
pub(super) fn action_word(action: ChangeAction) -> &'static str {
    action.as_str()
}

/// What happened after an action.
pub(super) fn action_participle(action: ChangeAction) -> &'static str {
    match action {
        ChangeAction::Create => "created",
        ChangeAction::Update => "updated",
        ChangeAction::Replace => "replaced",
        ChangeAction::Delete => "deleted",
    }
}

/// What happens to a number, in one word or two.
pub(super) fn effect_word(effect: NumberEffect) -> &'static str {
    match effect {
        NumberEffect::Dark => "cut off",
        NumberEffect::Moves => "moved",
        NumberEffect::Connects => "connected",
        NumberEffect::Settles => "settled",
    }
}

/// `3 numbers are moved, each disconnected for 1 step`.
pub(super) fn impact_sentence(of: NumberEffect, numbers: &[NumberImpact]) -> String {
    let are = match numbers.len() {
        1 => "1 number is".to_owned(),
        count => format!("{count} numbers are"),
    };
    let word = effect_word(of);
    match of {
        NumberEffect::Dark | NumberEffect::Connects => format!("{are} {word}"),
        NumberEffect::Settles => {
            format!("{are} {word}: it is then known what serves {}", if numbers.len() == 1 { "it" } else { "them" })
        }
        NumberEffect::Moves => {
            let gaps = || numbers.iter().map(|number| number.dark_steps);
            let each = if numbers.len() == 1 { "" } else { "each " };
            let gap = match (gaps().min(), gaps().max()) {
                (_, None | Some(0)) => "without a gap".to_owned(),
                (Some(least), Some(most)) if least != most => format!("{each}disconnected for {least} to {most} steps"),
                (_, Some(gap)) => format!("{each}disconnected for {gap} {}", plural_kind(gap as usize, "steps")),
            };
            format!("{are} {word}, {gap}")
        }
    }
}

/// What a number is on, for people; none where that is the number itself.
pub(super) fn number_place<'n>(plan: &Plan, account: &str, spot: &'n NumberLocation) -> Option<&'n str> {
    let name = spot.account.as_deref().unwrap_or(account);
    let account = plan.accounts.iter().find(|account| account.name == name);
    let service = account.and_then(|account| services::by_api(&account.api));
    (!service.is_some_and(services::numbers_hold_themselves)).then_some(spot.bridge.as_str())
}

/// The present and the new connection of a number: `sales: providers.old -> providers.new`.
pub(super) fn from_and_to(plan: &Plan, number: &NumberImpact) -> String {
    let place =
        |spot: &NumberLocation| number_place(plan, &number.account, spot).map(|place| format!("{place} ")).unwrap_or_default();
    let head =
        |spot: &NumberLocation| number_place(plan, &number.account, spot).map(|place| format!("{place}: ")).unwrap_or_default();
    let spot = |spot: &NumberLocation| {
        let account = spot.account.as_ref().map(|account| format!(" in account {account}"));
        let place = place(spot);
        let serves = if place.is_empty() { "served by" } else { "by" };
        format!("{place}{serves} {}{}", spot.provider, account.unwrap_or_default())
    };
    let reason = cut_reason(plan, number).map(|reason| format!(", {reason}")).unwrap_or_default();
    let both = match (&number.from, &number.to) {
        (Some(from), Some(to)) if from.account.is_some() => {
            format!("{} -> {} in account {}", spot(from), spot(to), number.account)
        }
        (Some(from), Some(to)) if from.bridge == to.bridge && from.provider != to.provider => {
            format!("{}{} -> {}", head(from), from.provider, to.provider)
        }
        (Some(from), Some(to)) if from == to => format!("{}{}, old -> new", head(from), from.provider),
        (Some(from), Some(to)) => format!("{} -> {}", spot(from), spot(to)),
        (Some(from), None) => spot(from),
        (None, Some(to)) => spot(to),
        (None, None) => String::new(),
    };
    both + &reason
}

/// What linked objects are called at the services of a plan; a neutral word where they differ.
pub(super) fn link_words(plan: &Plan) -> LinkWords {
    let services = plan.accounts.iter().filter_map(|account| services::by_api(&account.api));
    let mut words = services.filter(|service| service.link_roles().is_some()).map(ServiceTable::link_words);
    let first = words.next();
    first.filter(|first| words.all(|other| other == *first)).unwrap_or(LinkWords { holder: "object", target: "object" })
}

/// A word as the first of a sentence.
pub(super) fn sentence_case(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// The sentence over notices of one type: in the words of one service where all are about it.
pub(super) fn notice_sentence<'a>(group: impl IntoIterator<Item = &'a PlanNotice>) -> String {
    let mut sentences = group.into_iter().map(|notice| (notice.code, notice.describe()));
    let Some((code, first)) = sentences.next() else { return String::new() };
    if sentences.all(|(_, other)| other == first) { first } else { code.describe().to_owned() }
}

/// The title over the refusals.
pub(super) fn refusals_title(plan: &Plan) -> String {
    let on = plan.notices.iter().filter(|notice| notice.code == NoticeCode::GoesOn).count();
    let but = match on {
        0 => String::new(),
        on => {
            format!(", except {on} {} that nothing serves", plural_kind(on, "numbers").trim_start())
        }
    };
    format!("REFUSED ({}): this plan will not be applied{but}", plan.refusals.len())
}

/// The subject of a refusal.
pub(super) fn refusal_subject(refusal: &PlanRefusal) -> String {
    refusal.subject().unwrap_or_else(|| {
        if refusal.account.is_empty() { "the whole run".to_owned() } else { format!("account {}", refusal.account) }
    })
}

/// All objects of a refusal about several, so many of them by name.
pub(super) fn refusal_members(refusal: &PlanRefusal, most: usize) -> Option<String> {
    let all = refusal.addresses.len();
    let names: Vec<String> = refusal.addresses.iter().take(most).map(ToString::to_string).collect();
    let more = if all > most { format!(" and {} more; `--format json` names all", all - most) } else { String::new() };
    (all > 1).then(|| format!("{all} objects: {}{more}", names.join(", ")))
}

/// Most objects of one refusal that a comment or an annotation names.
pub(super) const MOST_MEMBERS: usize = 50;

/// A refusal in one sentence, with what to do.
pub(super) fn refusal_sentence(of: &PlanRefusal) -> String {
    let members = refusal_members(of, MOST_MEMBERS).map(|members| format!(" ({members})"));
    format!("{}: {}; {}{}", refusal_subject(of), of.detail, of.help(), members.unwrap_or_default())
}

/// Account and identity of a changed object; for a move, the current ones, and the new account.
pub(super) fn account_and_id(change: &Change) -> String {
    let id = change.id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
    match &change.from_account {
        Some(from) => format!("{from}{id} -> {}", change.account),
        None => format!("{}{id}", change.account),
    }
}

/// A delete in one sentence.
pub(super) fn delete_sentence(change: &Change) -> String {
    let reason = change.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} in {} will be deleted{reason}", change.address, change.account)
}

/// Any other change in one sentence.
pub(super) fn change_sentence(change: &Change) -> String {
    let action = action_participle(change.action);
    let from = change.from_account.as_ref().map(|from| format!("{from} -> ")).unwrap_or_default();
    format!("{} in {from}{} will be {action}", change.address, change.account)
}

/// The subject of a notice, with its detail.
pub(super) fn notice_subject(notice: &PlanNotice) -> String {
    if let (NoticeCode::Undoes | NoticeCode::NotUndone, Some(detail)) = (notice.code, &notice.detail) {
        return detail.clone();
    }
    let subject = match (&notice.address, &notice.attribute) {
        (Some(address), Some(attribute)) => format!("{address} {attribute}"),
        (Some(address), None) => address.to_string(),
        (None, _) if notice.account.is_empty() => "ledger".to_owned(),
        (None, _) => format!("account {}", notice.account),
    };
    let detail = notice.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{subject}{detail}")
}

/// The sources of the secrets of some notices: ` (from env A, env B)`.
pub(super) fn secret_sources_suffix(notices: &[&PlanNotice]) -> String {
    let from: BTreeSet<&str> = notices.iter().filter_map(|notice| notice.detail.as_deref()).collect();
    let more = from.len().saturating_sub(MOST_SOURCES);
    let more = if more > 0 { format!(" and {more} more sources; see --format json") } else { String::new() };
    let from: Vec<&str> = from.into_iter().take(MOST_SOURCES).collect();
    if from.is_empty() { String::new() } else { format!(" (from {}{more})", from.join(", ")) }
}

/// Live objects that no address claims: `2 bridges in unpod`, joined by commas.
pub(super) fn describe_unmanaged(plan: &Plan) -> String {
    let parts = plan.unmanaged.iter().flat_map(|group| {
        let of = |count: usize, word: &str| {
            (count > 0).then(|| format!("{count} {word}{} in {}", kind_in_words(count, &group.kind), group.account))
        };
        of(group.count, "").into_iter().chain(of(group.foreign, "foreign "))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// A value that was not accepted, in one sentence.
pub(super) fn not_taken_sentence(untaken: &NotTakenValue) -> String {
    let (before, after) = before_and_after(&untaken.attribute);
    format!("{}: {before} and not {after}: {}; {}", untaken.subject(), untaken.describe(), untaken.help())
}

/// A value on one line, as JSON writes it.
pub(super) fn shown_as_json(value: &ShownValue) -> String {
    match value {
        ShownValue::Absent => NOT_SET.to_owned(),
        ShownValue::Value(value) => value.to_string(),
        ShownValue::Secret(word) => word.placeholder().to_owned(),
    }
}

/// What is said beside the name of a changed attribute.
pub(super) fn attribute_remark(change: &AttributeChange) -> Option<&'static str> {
    let same =
        matches!((&change.before, &change.after), (ShownValue::Value(before), ShownValue::Value(after)) if before == after);
    if change.risky { Some(RISKY) } else { same.then_some(SAME_NAMES) }
}

/// The values before and after a change, each on one line; a secret with its source. Values that look the same are distinguished.
pub(super) fn before_and_after(change: &AttributeChange) -> (String, String) {
    let from = change.source.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
    distinguish_pair(shown_as_json(&change.before), format!("{}{from}", shown_as_json(&change.after)))
}

/// What a step does, in a few words.
pub(super) fn step_subject(step: &Step) -> String {
    let address = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
    match &step.operation {
        StepOperation::Create { .. } | StepOperation::Update { .. } => {
            format!("{} {address}", step.operation.as_str())
        }
        StepOperation::Delete { id, .. } => format!("{} {address} ({id})", services::delete_verb(&address)),
        StepOperation::Connect { number, .. } | StepOperation::Disconnect { number, .. } if holds_itself(&address) => {
            format!("{} {number}", step.operation.as_str())
        }
        StepOperation::Connect { bridge, number, .. } => {
            format!("connect {number} on {}", bridge_name(bridge, &address))
        }
        StepOperation::Disconnect { bridge, number, .. } => format!("disconnect {number} from {bridge}"),
        StepOperation::ReadBack { bridge, numbers } => {
            let own = numbers.keys().next().filter(|_| holds_itself(&address));
            format!("read back {}", own.map_or(bridge_name(bridge, &address), String::as_str))
        }
    }
}

/// Whether the numbers of the service that this address belongs to are their own places.
pub(super) fn holds_itself(address: &str) -> bool {
    let kind = address.split('.').next().unwrap_or_default();
    services::of_kind(kind).is_some_and(services::numbers_hold_themselves)
}

/// A bridge by its slug, or by its address while it has none yet.
fn bridge_name<'a>(bridge: &'a ObjectRef, address: &'a str) -> &'a str {
    match bridge {
        ObjectRef::Id(slug) => slug,
        ObjectRef::Step(_) => address,
    }
}

/// The number that a step is about.
pub(super) fn phone_number_of(step: &Step) -> Option<&str> {
    match &step.operation {
        StepOperation::Connect { number, .. } | StepOperation::Disconnect { number, .. } => Some(number),
        _ => None,
    }
}

/// The steps of a phase, in the order of the plan.
pub(super) fn steps_of_phase(plan: &Plan, phase: StepPhase) -> impl DoubleEndedIterator<Item = &Step> {
    plan.steps.iter().filter(move |step| step.phase == phase)
}

/// The phases that have steps, each with the range of them: `create s1-s3`.
pub(super) fn phase_ranges(plan: &Plan) -> Vec<String> {
    let phase = |phase: StepPhase| {
        let mut steps = steps_of_phase(plan, phase);
        let first = steps.next()?;
        let range = steps.next_back().map_or_else(|| first.id.clone(), |last| format!("{}-{}", first.id, last.id));
        Some(format!("{} {range}", phase.as_str()))
    };
    StepPhase::ALL.into_iter().filter_map(phase).collect()
}

/// Objects that are deleted although no change deletes them: new ones replace them. Each with its id.
pub(super) fn replaced_objects(plan: &Plan) -> impl Iterator<Item = (&Change, String)> {
    let replaced = plan.changes.iter().filter(|change| change.action == ChangeAction::Replace);
    replaced.map(|change| (change, format!("{} ({})", change.address, change.id.as_deref().unwrap_or("id unknown"))))
}

/// The same in one sentence.
pub(super) fn replaced_are_deleted(plan: &Plan) -> Option<String> {
    let all: Vec<String> = replaced_objects(plan).map(|(_, name)| name).collect();
    let left_out = all.len().saturating_sub(MOST_MEMBERS);
    let more = if left_out > 0 { format!(" and {left_out} more") } else { String::new() };
    let names = all[..all.len() - left_out].join(", ");
    match all.len() {
        0 => None,
        1 => Some(format!("1 more object is deleted, because a new one replaces it: {names}")),
        count => Some(format!("{count} more objects are deleted, because new ones replace them: {names}{more}")),
    }
}

/// Counts of changes by action, kind and account, in that order: for what is left out.
pub(super) fn count_changes<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<String> {
    let mut groups: BTreeMap<(ChangeAction, &str, &str), usize> = BTreeMap::new();
    for change in changes {
        *groups.entry((change.action, &change.address.kind, &change.account)).or_default() += 1;
    }
    groups
        .into_iter()
        .map(|((of, kind, account), count)| format!("{} to {} in {account}", count_of_kind(count, kind), action_word(of)))
        .collect()
}

/// What an undo will not restore: a sentence, and its subject, in the order of the plan. A plan that no option allows has nothing
/// to undo.
pub(super) fn not_undone(plan: &Plan) -> Vec<(String, Vec<String>)> {
    let mut groups: IndexMap<String, Vec<String>> = IndexMap::new();
    // What only guards refuse is what their options allow.
    if plan.refusals.iter().all(|refusal| refusal.code.guard().is_some()) {
        for inverse in plan.undo_entries() {
            if let Some(lost) = inverse.lost {
                groups.entry(lost).or_default().push(inverse.what);
            }
        }
    }
    groups.into_iter().collect()
}

/// Number of items in the groups.
pub(super) fn count_grouped(groups: &[(String, Vec<String>)]) -> usize {
    groups.iter().map(|(_, of)| of.len()).sum()
}

#[cfg(test)]
mod tests;
