//! Two plan documents compared: what only one of them does, what both do differently, and whether they send the same requests
//! in the same order. The circumstances in which they were made are compared separately and do not count.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::document::plan_differences::{
    account_differences, attribute_differences, describe_attribute_change, existing_differences, not_taken_differences,
    number_differences, secret_source_differences,
};
use crate::document::{Document, PlanDifference, v1};
use crate::model::resource::Address;
use crate::plan::{AttributeChange, Change, ChangeAction, LedgerUpdate, Plan, PlanRefusal};
use crate::text::distinguish_pair;

mod circumstances;
mod requests;

use requests::{NamedSteps, follows_from, request_differences};

/// A plan and the document that it was read from.
#[derive(Debug, Clone, Copy)]
pub struct ReadPlan<'a> {
    /// The name of its file.
    pub file: &'a str,
    /// The document.
    pub document: &'a Document,
    /// The plan in it.
    pub plan: &'a Plan,
}

/// What two plans have in common, and in what they differ.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanComparison {
    /// Whether both plans do the same. If not, the exit code is 2.
    pub same: bool,
    /// Whether both send the same requests in the same order.
    pub same_requests: bool,
    /// The plan that was named first.
    pub first: ComparedPlan,
    /// The plan that was named second.
    pub second: ComparedPlan,
    /// Objects that only the first plan changes.
    pub only_in_first: Vec<PlannedChange>,
    /// Objects that only the second plan changes.
    pub only_in_second: Vec<PlannedChange>,
    /// Objects that both plans change, but not in the same way.
    pub different: Vec<ChangeDifference>,
    /// Phone numbers to which the plans do not do the same.
    pub numbers: Vec<OneDifference>,
    /// Refusals that only one of the plans has. A plan with a refusal is not applied.
    pub refusals: Vec<OneDifference>,
    /// Everything else that is part of the plans: limits of the run, accounts, objects that are only referred to, the sources and the
    /// values of secrets, ledger updates, and requests of objects that no change names.
    pub other: Vec<OneDifference>,
    /// How the plans were made: commit, configuration, ledger, options, notices. This does not count as a difference.
    pub circumstances: Vec<OneDifference>,
}

/// One of the plans.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ComparedPlan {
    /// Path as it was given.
    pub file: String,
    /// Digest of the plan.
    pub digest: String,
    /// One line that says what the plan does.
    pub summary: String,
    /// Whether it may not be applied.
    pub refused: bool,
    /// Number of requests.
    pub requests: usize,
}

/// A change that only one of the plans has.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlannedChange {
    /// Its address.
    pub address: String,
    /// Its account.
    pub account: String,
    /// `create`, `update`, `replace` or `delete`.
    pub action: &'static str,
    /// Identity of the object, when it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Names of the attributes that change.
    pub attributes: Vec<String>,
    /// The same, each with its value before and after.
    pub values: Vec<String>,
    /// Its requests, in order.
    pub requests: Vec<String>,
}

/// A change that both plans have, and in what it differs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ChangeDifference {
    /// Its address.
    pub address: String,
    /// Its account, according to the second plan.
    pub account: String,
    /// `create`, `update`, `replace` or `delete`, according to the second plan.
    pub action: &'static str,
    /// What differs.
    pub differences: Vec<OneDifference>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OneDifference {
    /// An attribute, a request, a phone number, an account or whatever else differs.
    pub what: String,
    /// According to the first plan; null where it is not there.
    pub first: Option<String>,
    /// According to the second plan; null where it is not there.
    pub second: Option<String>,
}

impl OneDifference {
    fn new(what: impl Into<String>, first: Option<String>, second: Option<String>) -> Self {
        let (first, second) = match (first, second) {
            (Some(first), Some(second)) => {
                let (first, second) = distinguish_pair(first, second);
                (Some(first), Some(second))
            }
            sides => sides,
        };
        Self { what: what.into(), first, second }
    }

    fn from_plan_difference(found: PlanDifference) -> Self {
        let attribute = found.attribute.map(|attribute| format!(" {attribute}")).unwrap_or_default();
        Self { what: format!("{}{attribute}", found.subject), first: Some(found.was), second: Some(found.is) }
    }
}

/// Compares two plans.
pub fn compare_plans(first: ReadPlan<'_>, second: ReadPlan<'_>) -> PlanComparison {
    let (then, now) = (first.plan, second.plan);
    let steps = (NamedSteps::from_plan(then), NamedSteps::from_plan(now));
    let (was, is) = (changes_by_address(then), changes_by_address(now));
    let only = |some: &BTreeMap<&Address, &Change>, others: &BTreeMap<&Address, &Change>, steps: &NamedSteps<'_>| {
        let missing = some.iter().filter(|(address, _)| !others.contains_key(*address));
        missing.map(|(_, change)| planned_change(change, steps)).collect::<Vec<_>>()
    };
    let both = was.iter().filter_map(|(address, change)| Some((*change, *is.get(address)?)));
    let different = both.filter_map(|(a, b)| change_difference(a, b, (&steps.0, &steps.1))).collect();
    let differences = |found: Vec<PlanDifference>| found.into_iter().map(OneDifference::from_plan_difference);
    let same_requests = steps.0.steps() == steps.1.steps();
    let mut comparison = PlanComparison {
        same: false,
        same_requests,
        first: compared_plan(first),
        second: compared_plan(second),
        only_in_first: only(&was, &is, &steps.0),
        only_in_second: only(&is, &was, &steps.1),
        different,
        numbers: differences(number_differences(then, now)).collect(),
        refusals: refusal_differences(then, now),
        other: limit_differences(then, now)
            .into_iter()
            .chain(differences(account_differences(then, now)))
            .chain(differences(existing_differences(then, now)))
            .chain(differences(secret_source_differences(then, now)))
            .chain(differences(not_taken_differences(then, now)))
            .chain(ledger_differences(then, now))
            .chain(secret_value_differences(first, second, (&steps.0, &steps.1)))
            .collect(),
        circumstances: circumstances::compare_circumstances(first, second),
    };
    comparison.add_other_requests((&steps.0, &steps.1));
    let found_none = comparison.is_empty();
    if found_none && then.digest != now.digest {
        // A member of the plan that nothing above reads.
        let both = (Some(then.digest.clone()), Some(now.digest.clone()));
        comparison.other.push(OneDifference::new("what the digest covers", both.0, both.1));
    }
    comparison.same = comparison.is_empty();
    comparison
}

impl PlanComparison {
    /// Whether no difference was found.
    fn is_empty(&self) -> bool {
        let changes = self.only_in_first.is_empty() && self.only_in_second.is_empty() && self.different.is_empty();
        changes && self.numbers.is_empty() && self.refusals.is_empty() && self.other.is_empty()
    }

    /// Requests that no change in both plans names, and the order of all.
    fn add_other_requests(&mut self, steps: (&NamedSteps<'_>, &NamedSteps<'_>)) {
        let of_changes = |steps: &NamedSteps<'_>, name: &str| steps.is_of_a_change(name);
        let names: BTreeSet<&str> = steps.0.names().chain(steps.1.names()).collect();
        for name in names {
            if of_changes(steps.0, name) || of_changes(steps.1, name) {
                continue;
            }
            self.other.extend(request_differences(name, steps.0.find(name), steps.1.find(name)));
        }
        let common = |of: &NamedSteps<'_>, other: &NamedSteps<'_>| -> Vec<String> {
            of.names().filter(|name| other.find(name).is_some()).map(str::to_owned).collect()
        };
        let (first, second) = (common(steps.0, steps.1), common(steps.1, steps.0));
        if let Some((a, b)) = first.into_iter().zip(second).find(|(a, b)| a != b) {
            self.other.push(OneDifference::new(
                "order of the requests",
                Some(format!("{a} comes first")),
                Some(format!("{b} comes first")),
            ));
        }
    }
}

fn compared_plan(read: ReadPlan<'_>) -> ComparedPlan {
    ComparedPlan {
        file: read.file.to_owned(),
        digest: read.plan.digest.clone(),
        summary: read.plan.summary(),
        refused: read.plan.is_refused(),
        requests: read.plan.steps.len(),
    }
}

fn changes_by_address(plan: &Plan) -> BTreeMap<&Address, &Change> {
    plan.changes.iter().map(|change| (&change.address, change)).collect()
}

fn planned_change(change: &Change, steps: &NamedSteps<'_>) -> PlannedChange {
    PlannedChange {
        address: change.address.to_string(),
        account: change.account.clone(),
        action: change.action.as_str(),
        id: change.id.clone(),
        attributes: change.attributes.iter().map(|attribute| attribute.name.clone()).collect(),
        values: change.attributes.iter().map(|it| format!("{}: {}", it.name, planned_value(change.action, it))).collect(),
        requests: steps.of_change(change).map(|(_, step)| requests::numbered_request_line(step)).collect(),
    }
}

/// The values of an attribute before and after; of an object that is created or deleted, its value.
fn planned_value(action: ChangeAction, attribute: &AttributeChange) -> String {
    let text = describe_attribute_change(attribute);
    let value = match action {
        ChangeAction::Create => text.strip_prefix("(not set) -> "),
        ChangeAction::Delete => text.strip_suffix(" -> (not set)"),
        ChangeAction::Update | ChangeAction::Replace => None,
    };
    value.unwrap_or(&text).to_owned()
}

/// What differs in a change that both plans have; none where nothing does.
fn change_difference(was: &Change, is: &Change, steps: (&NamedSteps<'_>, &NamedSteps<'_>)) -> Option<ChangeDifference> {
    let mut found: Vec<OneDifference> = Vec::new();
    for difference in attribute_differences(was, is) {
        let what = difference.attribute.unwrap_or_else(|| "action".to_owned());
        found.push(OneDifference::new(what, Some(difference.was), Some(difference.is)));
    }
    let attributes: Vec<String> = found.iter().map(|it| it.what.clone()).collect();
    let mut compare = |what: &str, first: Option<String>, second: Option<String>| {
        if first != second {
            found.push(OneDifference::new(what, first, second));
        }
    };
    compare("account", Some(was.account.clone()), Some(is.account.clone()));
    compare("leaves account", was.from_account.clone(), is.from_account.clone());
    compare("reason", was.reason.clone(), is.reason.clone());
    let leaves = |change: &Change| (!change.also_leaves.is_empty()).then(|| change.also_leaves.join(", "));
    compare("also leaves accounts", leaves(was), leaves(is));
    let risky = |change: &Change| {
        let names: Vec<&str> = change.attributes.iter().filter(|it| it.risky).map(|it| it.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    compare("risky attributes", risky(was), risky(is));
    let names: BTreeSet<&str> = steps.0.of_change(was).chain(steps.1.of_change(is)).map(|(name, _)| name).collect();
    for name in names {
        let differences = request_differences(name, steps.0.find(name), steps.1.find(name)).into_iter();
        found.extend(differences.filter(|it| !follows_from(&it.what, name, &attributes)));
    }
    (!found.is_empty()).then(|| ChangeDifference {
        address: is.address.to_string(),
        account: is.account.clone(),
        action: is.action.as_str(),
        differences: found,
    })
}

fn refusal_differences(then: &Plan, now: &Plan) -> Vec<OneDifference> {
    let what = |refusal: &PlanRefusal| {
        let account = if refusal.account.is_empty() { "the whole run" } else { refusal.account.as_str() };
        refusal.subject().unwrap_or_else(|| account.to_owned())
    };
    // Where the rule stands in the YAML says nothing about what it refuses.
    let key = |refusal: &PlanRefusal| PlanRefusal { place: None, ..refusal.clone() };
    let all = |plan: &Plan| plan.refusals.iter().map(key).collect::<BTreeSet<_>>();
    let (was, is) = (all(then), all(now));
    let gone = was.difference(&is).map(|it| OneDifference::new(what(it), Some(format!("refused: {}", it.detail)), None));
    let new = is.difference(&was).map(|it| OneDifference::new(what(it), None, Some(format!("refused: {}", it.detail))));
    let mut found: Vec<OneDifference> = gone.chain(new).collect();
    let places = |plan: &Plan| plan.refusals.iter().map(|it| (what(it), it.place.clone())).collect::<BTreeMap<_, _>>();
    let (was, is) = (places(then), places(now));
    for (name, place) in &was {
        if let Some(other) = is.get(name).filter(|other| *other != place && !found.iter().any(|it| it.what == *name)) {
            found.push(OneDifference::new(format!("{name}: place of the rule"), place.clone(), other.clone()));
        }
    }
    found
}

fn limit_differences(then: &Plan, now: &Plan) -> Vec<OneDifference> {
    let limits = |plan: &Plan| -> BTreeMap<String, String> {
        let json = serde_json::to_value(&plan.limits).unwrap_or_default();
        let limits = json.as_object().into_iter().flatten();
        limits.map(|(name, value)| (name.clone(), plain_value(value))).collect()
    };
    sided(&limits(then), &limits(now)).map(|it| OneDifference { what: format!("limited run: {}", it.what), ..it }).collect()
}

/// Differences of two maps; what is in only one of them has one side.
fn sided<'a>(
    was: &'a BTreeMap<String, String>,
    is: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = OneDifference> + use<'a> {
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let pairs = names.into_iter().map(|name| (name, was.get(name), is.get(name)));
    let differing = pairs.filter(|(_, first, second)| first != second);
    differing.map(|(name, first, second)| OneDifference::new(name.clone(), first.cloned(), second.cloned()))
}

/// A value of a document as people read it: no quotes, no brackets.
fn plain_value(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "nothing".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(all) if all.is_empty() => "none".to_owned(),
        serde_json::Value::Array(all) => all.iter().map(plain_value).collect::<Vec<_>>().join(", "),
        serde_json::Value::Object(all) if all.is_empty() => "none".to_owned(),
        serde_json::Value::Object(all) => {
            all.iter().map(|(name, value)| format!("{name}: {}", plain_value(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// What the ledger learns from reading in only one of the plans.
fn ledger_differences(then: &Plan, now: &Plan) -> Vec<OneDifference> {
    let all = |plan: &Plan| -> BTreeSet<String> { plan.ledger.iter().map(LedgerUpdate::describe).collect() };
    let (was, is) = (all(then), all(now));
    let gone = was.difference(&is).map(|it| OneDifference::new("ledger", Some(it.clone()), None));
    gone.chain(is.difference(&was).map(|it| OneDifference::new("ledger", None, Some(it.clone())))).collect()
}

/// Secrets whose values differ although both plans send them. Only seals of one key can be compared.
fn secret_value_differences(
    first: ReadPlan<'_>,
    second: ReadPlan<'_>,
    steps: (&NamedSteps<'_>, &NamedSteps<'_>),
) -> Vec<OneDifference> {
    let (Some(was), Some(is)) = (&first.document.seals, &second.document.seals) else { return Vec::new() };
    if was.key != is.key {
        return Vec::new();
    }
    let by_request = |seals: &v1::Seals, steps: &NamedSteps<'_>| -> BTreeMap<String, String> {
        let named = seals.steps.iter().filter_map(|(id, of)| Some((steps.name_of(id)?.to_owned(), of)));
        named
            .flat_map(|(name, of)| of.iter().map(move |(attribute, seal)| (format!("{name}: secret {attribute}"), seal.clone())))
            .collect()
    };
    let (was, is) = (by_request(was, steps.0), by_request(is, steps.1));
    let both = was.iter().filter(|(what, seal)| is.get(*what).is_some_and(|other| other != *seal));
    both.map(|(what, _)| {
        OneDifference::new(
            what.clone(),
            Some("the value at the time of the first plan".to_owned()),
            Some("another value".to_owned()),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests;
