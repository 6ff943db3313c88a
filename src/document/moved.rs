//! What is different between the plan that was reviewed and the plan of now.

use std::collections::BTreeMap;

use crate::plan::{AttributeChange, Change, NumberImpact, Plan, Shown};
use crate::resource::Address;
use crate::text::apart;

/// One thing that moved since the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Moved {
    /// An address, an account or a phone number.
    pub subject: String,
    /// The attribute, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// What the reviewed plan says.
    pub was: String,
    /// What the plan of now says.
    pub is: String,
}

impl Moved {
    fn new(subject: impl ToString, was: impl Into<String>, is: impl Into<String>) -> Self {
        let (was, is) = apart(was.into(), is.into());
        Self { subject: subject.to_string(), attribute: None, was, is }
    }
}

/// Everything that keeps `now` from being the plan `then`, in the order in which a reader wants it.
pub fn moved(then: &Plan, now: &Plan) -> Vec<Moved> {
    let mut found = accounts(then, now);
    let (was, is) = (changes(then), changes(now));
    for (address, change) in &was {
        match is.get(address) {
            Some(other) => found.extend(differences(change, other)),
            None => found.push(Moved::new(address, action(change), "no change")),
        }
    }
    for (address, change) in &is {
        if !was.contains_key(address) {
            found.push(Moved::new(address, "no change", action(change)));
        }
    }
    found.extend(numbers(then, now));
    found.extend(not_taken(then, now));
    for refusal in now.refusals.iter().filter(|refusal| !then.refusals.contains(refusal)) {
        let subject = refusal.address.as_ref().map_or_else(|| refusal.account.clone(), ToString::to_string);
        found.push(Moved::new(subject, "allowed", format!("refused: {}", refusal.detail)));
    }
    if found.is_empty() && then.digest != now.digest {
        let requests = |plan: &Plan| format!("{} requests", plan.steps.len());
        found.push(Moved::new("the requests or what the ledger learns", requests(then), requests(now)));
    }
    found
}

fn accounts(then: &Plan, now: &Plan) -> Vec<Moved> {
    let by_name = |plan: &Plan| -> BTreeMap<String, String> {
        let text = |line: &crate::plan::AccountLine| {
            let org = line.org_handle.as_ref().map(|org| format!(", organization {org}")).unwrap_or_default();
            let generation =
                line.generation.map(|number| format!(", generation {number}")).unwrap_or_default();
            format!("{} at {}{org}{generation}", line.api, line.base_url)
        };
        plan.accounts.iter().map(|line| (line.name.clone(), text(line))).collect()
    };
    both(&by_name(then), &by_name(now), "not there", |name| format!("account {name}"))
}

fn numbers(then: &Plan, now: &Plan) -> Vec<Moved> {
    let by_number = |plan: &Plan| -> BTreeMap<String, String> {
        let text = |impact: &NumberImpact| {
            let spot = |spot: &Option<crate::plan::Spot>| {
                spot.as_ref().map_or_else(
                    || "nowhere".to_owned(),
                    |spot| format!("{} by {}", spot.bridge, spot.provider),
                )
            };
            format!("{} to {}", spot(&impact.from), spot(&impact.to))
        };
        plan.impact.iter().map(|impact| (impact.number.clone(), text(impact))).collect()
    };
    both(&by_number(then), &by_number(now), "untouched", str::to_owned)
}

/// Entries of two maps that are not the same.
fn both(
    was: &BTreeMap<String, String>,
    is: &BTreeMap<String, String>,
    absent: &str,
    subject: impl Fn(&str) -> String,
) -> Vec<Moved> {
    let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let of = |map: &BTreeMap<String, String>, name: &String| {
        map.get(name).cloned().unwrap_or_else(|| absent.to_owned())
    };
    names
        .into_iter()
        .map(|name| Moved::new(subject(name), of(was, name), of(is, name)))
        .filter(|moved| moved.was != moved.is)
        .collect()
}

fn not_taken(then: &Plan, now: &Plan) -> Vec<Moved> {
    let by_subject = |plan: &Plan| -> BTreeMap<String, String> {
        plan.not_taken.iter().map(|untaken| (untaken.subject(), untaken.fact())).collect()
    };
    both(&by_subject(then), &by_subject(now), "not sent before, or as it was sent", str::to_owned)
}

fn changes(plan: &Plan) -> BTreeMap<&Address, &Change> {
    plan.changes.iter().map(|change| (&change.address, change)).collect()
}

fn action(change: &Change) -> String {
    let id = change.id.as_ref().map(|id| format!(" of {id}")).unwrap_or_default();
    format!("{}{id}", change.action.word())
}

/// The attributes in which two changes of one object differ.
fn differences(then: &Change, now: &Change) -> Vec<Moved> {
    let mut found = Vec::new();
    if action(then) != action(now) {
        found.push(Moved::new(&then.address, action(then), action(now)));
    }
    let by_name = |change: &Change| -> BTreeMap<String, String> {
        change.attributes.iter().map(|attribute| (attribute.name.clone(), arrow(attribute))).collect()
    };
    let attributes = both(&by_name(then), &by_name(now), "no change", str::to_owned);
    found.extend(attributes.into_iter().map(|moved| Moved {
        attribute: Some(moved.subject),
        subject: then.address.to_string(),
        ..moved
    }));
    found
}

fn arrow(attribute: &AttributeChange) -> String {
    let shown = |value: &Shown| match value {
        Shown::Absent => "(not set)".to_owned(),
        Shown::Value(value) => value.to_string(),
        Shown::Secret(word) => word.text().to_owned(),
    };
    format!("{} -> {}", shown(&attribute.before), shown(&attribute.after))
}
