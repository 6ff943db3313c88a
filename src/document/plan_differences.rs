//! The differences between the reviewed plan and the current plan.

use std::collections::BTreeMap;

use crate::model::resource::Address;
use crate::model::value::AttributeTexts;
use crate::plan::{AttributeChange, Change, ExistingObject, NumberEffect, NumberImpact, NumberLocation, Plan, ShownValue};
use crate::text::distinguish_pair;

/// One difference since the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct PlanDifference {
    /// An address, an account or a phone number.
    pub subject: String,
    /// The attribute, where the difference concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The value in the reviewed plan.
    pub was: String,
    /// The value in the current plan.
    pub is: String,
}

impl PlanDifference {
    fn new(subject: impl ToString, was: impl Into<String>, is: impl Into<String>) -> Self {
        let (was, is) = distinguish_pair(was.into(), is.into());
        Self { subject: subject.to_string(), attribute: None, was, is }
    }
}

/// All differences between the plans `then` and `now`, in the order in which a reader needs them.
pub fn plan_differences(then: &Plan, now: &Plan) -> Vec<PlanDifference> {
    let mut found = account_differences(then, now);
    let (was, is) = (changes_by_address(then), changes_by_address(now));
    for (address, change) in &was {
        match is.get(address) {
            Some(other) => found.extend(attribute_differences(change, other)),
            None => found.push(PlanDifference::new(address, describe_action(change), "no change")),
        }
    }
    for (address, change) in &is {
        if !was.contains_key(address) {
            found.push(PlanDifference::new(address, "no change", describe_action(change)));
        }
    }
    found.extend(existing_differences(then, now));
    found.extend(secret_source_differences(then, now));
    found.extend(number_differences(then, now));
    found.extend(not_taken_differences(then, now));
    for refusal in now.refusals.iter().filter(|refusal| !then.refusals.contains(refusal)) {
        let subject = refusal.subject().unwrap_or_else(|| refusal.account.clone());
        found.push(PlanDifference::new(subject, "allowed", format!("refused: {}", refusal.detail)));
    }
    if found.is_empty() && then.digest != now.digest {
        let requests = |plan: &Plan| format!("{} requests", plan.steps.len());
        found.push(PlanDifference::new("the requests or the ledger updates", requests(then), requests(now)));
    }
    found
}

pub(crate) fn account_differences(then: &Plan, now: &Plan) -> Vec<PlanDifference> {
    let by_name = |plan: &Plan| -> BTreeMap<String, String> {
        let text = |line: &crate::plan::AccountLine| {
            let org = line.organization.as_ref().map(|org| format!(", organization {org}")).unwrap_or_default();
            let generation = line.generation.map(|number| format!(", generation {number}")).unwrap_or_default();
            let token = line.token_from.as_ref().map(|from| format!(", token from {from}")).unwrap_or_default();
            let owner = line.token_of.as_ref().map(|id| format!(", token of {id}")).unwrap_or_default();
            format!("{} at {}{org}{generation}{token}{owner}", line.api, line.base_url)
        };
        plan.accounts.iter().map(|line| (line.name.clone(), text(line))).collect()
    };
    map_differences(&by_name(then), &by_name(now), "not there", |name| format!("account {name}"))
}

/// Entries that are only referred to and mean another object now.
pub(crate) fn existing_differences(then: &Plan, now: &Plan) -> Vec<PlanDifference> {
    let by_address = |plan: &Plan| -> BTreeMap<String, String> {
        let of = |object: &ExistingObject| format!("{} of account {}", object.id, object.account);
        plan.existing.iter().map(|(address, object)| (address.to_string(), of(object))).collect()
    };
    let mut found = map_differences(&by_address(then), &by_address(now), "not referred to", str::to_owned);
    let named = then.references.iter().filter(|(address, _)| !then.existing.contains_key(*address));
    found.extend(named.filter_map(|(address, was)| {
        let is = now.references.get(address).filter(|is| *is != was)?;
        let one = |object: &ExistingObject| {
            BTreeMap::from([(address.to_string(), format!("{} of account {}", object.id, object.account))])
        };
        map_differences(&one(was), &one(is), "", str::to_owned).pop()
    }));
    found
}

/// Secrets whose source changed. A secret whose object is in only one of the plans is reported with the object.
pub(crate) fn secret_source_differences(then: &Plan, now: &Plan) -> Vec<PlanDifference> {
    let mut found = Vec::new();
    for (address, was) in &then.secrets {
        let Some(is) = now.secrets.get(address) else { continue };
        let from = |map: &AttributeTexts| -> BTreeMap<String, String> {
            map.iter().map(|(name, source)| (name.clone(), format!("secret from {source}"))).collect()
        };
        let moved = map_differences(&from(was), &from(is), "no secret", str::to_owned);
        found.extend(moved.into_iter().map(|moved| PlanDifference {
            attribute: Some(moved.subject),
            subject: address.to_string(),
            ..moved
        }));
    }
    found
}

pub(crate) fn number_differences(then: &Plan, now: &Plan) -> Vec<PlanDifference> {
    let by_number = |plan: &Plan| -> BTreeMap<String, String> {
        plan.impact.iter().map(|impact| (impact.number.clone(), describe_impact(impact))).collect()
    };
    map_differences(&by_number(then), &by_number(now), "untouched", str::to_owned)
}

/// `moved on sales: providers.old -> providers.new`.
fn describe_impact(impact: &NumberImpact) -> String {
    let spot = |spot: &NumberLocation| format!("{}, served by {}", spot.bridge, spot.provider);
    match (&impact.from, &impact.to) {
        (Some(from), Some(to)) if from == to && impact.effect == NumberEffect::Settles => format!("settled on {}", spot(to)),
        (Some(from), Some(to)) if from == to => format!("moved on {}: {}, old -> new", from.bridge, from.provider),
        (Some(from), Some(to)) if from.bridge == to.bridge && from.account == to.account => {
            format!("moved on {}: {} -> {}", from.bridge, from.provider, to.provider)
        }
        (Some(from), Some(to)) => format!("moved from {} to {}", spot(from), spot(to)),
        (Some(from), None) => format!("cut off from {}", spot(from)),
        (None, Some(to)) => format!("connected on {}", spot(to)),
        (None, None) => "nowhere".to_owned(),
    }
}

/// Entries that differ between two maps.
fn map_differences(
    was: &BTreeMap<String, String>,
    is: &BTreeMap<String, String>,
    absent: &str,
    subject: impl Fn(&str) -> String,
) -> Vec<PlanDifference> {
    let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let of = |map: &BTreeMap<String, String>, name: &String| map.get(name).cloned().unwrap_or_else(|| absent.to_owned());
    names
        .into_iter()
        .map(|name| PlanDifference::new(subject(name), of(was, name), of(is, name)))
        .filter(|moved| moved.was != moved.is)
        .collect()
}

pub(crate) fn not_taken_differences(then: &Plan, now: &Plan) -> Vec<PlanDifference> {
    let by_subject = |plan: &Plan| -> BTreeMap<String, String> {
        plan.not_taken.iter().map(|untaken| (untaken.subject(), untaken.describe())).collect()
    };
    map_differences(&by_subject(then), &by_subject(now), "not sent before, or as it was sent", str::to_owned)
}

fn changes_by_address(plan: &Plan) -> BTreeMap<&Address, &Change> {
    plan.changes.iter().map(|change| (&change.address, change)).collect()
}

pub(crate) fn describe_action(change: &Change) -> String {
    let id = change.id.as_ref().map(|id| format!(" of {id}")).unwrap_or_default();
    format!("{}{id}", change.action.as_str())
}

/// The attributes in which two changes of one object differ.
pub(crate) fn attribute_differences(then: &Change, now: &Change) -> Vec<PlanDifference> {
    let mut found = Vec::new();
    if describe_action(then) != describe_action(now) {
        found.push(PlanDifference::new(&then.address, describe_action(then), describe_action(now)));
    }
    let by_name = |change: &Change| -> BTreeMap<String, String> {
        change.attributes.iter().map(|attribute| (attribute.name.clone(), describe_attribute_change(attribute))).collect()
    };
    let attributes = map_differences(&by_name(then), &by_name(now), "no change", str::to_owned);
    found.extend(attributes.into_iter().map(|moved| PlanDifference {
        attribute: Some(moved.subject),
        subject: then.address.to_string(),
        ..moved
    }));
    found
}

/// `"90804" -> "90210"`.
pub(crate) fn describe_attribute_change(attribute: &AttributeChange) -> String {
    let shown = |value: &ShownValue| match value {
        ShownValue::Absent => "(not set)".to_owned(),
        ShownValue::Value(value) => value.to_string(),
        ShownValue::Secret(word) => word.placeholder().to_owned(),
    };
    format!("{} -> {}", shown(&attribute.before), shown(&attribute.after))
}
