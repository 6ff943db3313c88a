#![allow(dead_code, reason = "two tests use it, each a part")]

//! A forger: changes a plan document in one place, and makes it look right again: digest, summary, flags and checksum.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use telform::document::{self, Origin};
use telform::model::value::to_canonical_json;
use telform::output::view::json::to_pretty_json;
use telform::plan::Plan;

/// One change at one place of a `plan`.
pub(crate) struct Mutation {
    /// JSON pointer.
    pub(crate) place: String,
    /// What is done there.
    pub(crate) what: String,
    value: Value,
}

impl Mutation {
    pub(crate) fn of(&self, plan: &Value) -> Value {
        let mut changed = plan.clone();
        *changed.pointer_mut(&self.place).expect("a place of this plan") = self.value.clone();
        changed
    }

    /// Whether the change cannot be detected from the plan alone, and why that is harmless. An `apply` detects every case: it
    /// plans again and compares digests.
    pub(crate) fn undetectable(&self, plan: &Value) -> Option<&'static str> {
        let place: String = self.place.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        let parts: Vec<&str> = self.place.split('/').collect();
        let change = parts.get(2).filter(|_| parts[1] == "changes").map(|at| &plan["changes"][at.parse::<usize>().unwrap_or(0)]);
        let attribute = parts.get(4).and_then(|at| change?["attributes"].get(at.parse::<usize>().ok()?));
        let idle = || {
            let at = parts.get(2).and_then(|at| at.parse::<usize>().ok());
            let of = |at: usize| plan["accounts"][at]["name"].clone();
            let used = |name: Value| {
                plan["steps"].as_array().is_some_and(|steps| steps.iter().any(|step| step["call"]["account"] == name))
            };
            match at {
                Some(at) => !used(of(at)),
                None => self.what.strip_prefix("without ").and_then(|at| at.parse().ok()).is_some_and(|at| !used(of(at))),
            }
        };
        let is = |only: &str| {
            only.is_empty()
                || (only == "idle" && idle())
                || change.is_some_and(|change| change["action"] == only)
                || attribute.is_some_and(|attribute| attribute["name"] == only)
        };
        UNDETECTABLE
            .iter()
            .find(|(start, what, only, _)| place.starts_with(start) && self.what.contains(what) && is(only))
            .map(|(.., why)| *why)
    }
}

const PEOPLE: &str = "words and hints for people; no request depends on them";
const STALE: &str = "what was seen of attributes that the change does not show: a wrong one stops the step as stale";
const STAYS: &str = "what must stay of attributes that the change does not show";
const OLD: &str = "what a replaced object was like stands nowhere else";

/// Prefix of a position without digits, a keyword of the change there, the action or attribute that it is limited to, and why it
/// may pass.
const UNDETECTABLE: &[(&str, &str, &str, &str)] = &[
    ("/steps//why", "", "", PEOPLE),
    ("/changes//reason", "", "", PEOPLE),
    ("/changes/", "without reason", "", PEOPLE),
    ("/changes//attributes", "swapped", "", PEOPLE),
    ("/changes//attributes//risky", "", "", PEOPLE),
    ("/changes//attributes/", "without risky", "", PEOPLE),
    ("/accounts", "swapped", "", "a list that means a set"),
    ("/accounts", "", "idle", "an account that no step uses"),
    ("/accounts//generation", "", "", "only what connects and cuts depends on it"),
    ("/accounts//token_from", "", "", "where a token comes from stands nowhere else in a plan"),
    ("/accounts/", "without token_from", "", "where a token comes from stands nowhere else in a plan"),
    ("/accounts/", "without generation", "", "only what connects and cuts depends on it"),
    ("/accounts//token_of", "", "", "who one is at the service stands nowhere else in a plan"),
    ("/accounts/", "without token_of", "", "who one is at the service stands nowhere else in a plan"),
    ("/accounts//org_handle", "", "", "who one is at the service stands nowhere else in a plan"),
    ("/accounts//base_url", "", "", "where a service is stands nowhere else in a plan"),
    ("/steps//call/body/object/number_id", "counted", "", "which id a number has stands nowhere else in a plan"),
    ("/accounts/", "without org_handle", "", "who one is at the service stands nowhere else in a plan"),
    ("/ledger", "", "", "what the ledger learns is no request; that it fits the changes is all that can be known"),
    ("/secrets", "", "", "the source of a secret that no request sends stands nowhere else; one that is sent is asked for"),
    ("/steps//operation/cut", "swapped", "", "a list that means a set"),
    ("/steps//operation/before", "", "", STALE),
    ("/steps//operation", "without untouched", "", STAYS),
    ("/steps//operation/untouched", "", "", STAYS),
    ("/steps//call/body/overlay/set", "without", "", "an attribute that stays as it is: the fresh object has it"),
    ("/changes//attributes//before/value/", "", "numbers", "who serves a number that stays stands nowhere else"),
    ("/changes//attributes//before/value", "+", "numbers", "a number that nothing serves and that stays on its bridge"),
    (
        "/changes//attributes//after/value/",
        "",
        "numbers",
        "who serves a number that is connected to what has no name in the plan",
    ),
    ("/changes//attributes//before", "", "replace", OLD),
    ("/changes//attributes", "without", "replace", OLD),
    ("/changes//attributes//before/value", "", "provider", "shown by its name, believed as the service says it"),
    ("/changes//attributes//after/value", "", "provider", "shown in the words of the file, sent in those of the service"),
    ("/steps//call/body/object/provider", "", "", "shown in the words of the file, sent in those of the service"),
    ("/steps//operation/frees", "", "", "a number that nobody serves and that goes with its bridge"),
    ("/impact", "", "", "who serves a number that goes with its bridge stands in no step"),
];

/// All that a forger can change at one position, including to values from similar positions elsewhere in the plan.
pub(crate) fn everywhere(plan: &Value) -> Vec<Mutation> {
    let mut places = Vec::new();
    walk(plan, &mut String::new(), &mut places);
    let mut pool: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for place in &places {
        let value = plan.pointer(place).expect("walked");
        if value.is_string() {
            let known = pool.entry(last(place)).or_default();
            if !known.contains(value) {
                known.push(value.clone());
            }
        }
    }
    let variants = |place: &String| {
        variants(plan.pointer(place).expect("walked"), pool.get(&last(place)))
            .into_iter()
            .map(|(what, value)| Mutation { place: place.clone(), what, value })
            .collect::<Vec<_>>()
    };
    places.iter().flat_map(variants).collect()
}

fn walk(value: &Value, at: &mut String, places: &mut Vec<String>) {
    places.push(at.clone());
    let length = at.len();
    let children: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        at.push('/');
        at.push_str(&key);
        walk(child, at, places);
        at.truncate(length);
    }
}

/// The name of the member, not the index in a list.
fn last(place: &str) -> String {
    place.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default().to_owned()
}

fn variants(value: &Value, pool: Option<&Vec<Value>>) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    match value {
        Value::String(text) => {
            found.push(("respelled".to_owned(), json!(format!("{text}x"))));
            let others = pool.into_iter().flatten().filter(|other| *other != value);
            found.extend(others.take(3).map(|other| (format!("becomes {other}"), other.clone())));
        }
        Value::Number(number) => {
            found.push(("counted".to_owned(), json!(value.as_u64().unwrap_or(7) + 1)));
            // The same number, which some services distinguish.
            if let Some(whole) = value.as_i64().filter(|_| !number.is_f64()) {
                found.push(("with a point".to_owned(), json!(whole as f64)));
            }
        }
        Value::Bool(on) => found.push(("flipped".to_owned(), json!(!on))),
        Value::Null => found.push(("filled".to_owned(), json!("x"))),
        Value::Array(items) => {
            for index in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(index);
                found.push((format!("without {index}"), Value::Array(fewer)));
                let mut more = items.clone();
                more.insert(index, items[index].clone());
                found.push((format!("{index} twice"), Value::Array(more)));
                let mut swapped = items.clone();
                swapped.swap(index, (index + 1) % items.len());
                if swapped != *items {
                    found.push((format!("{index} and the next swapped"), Value::Array(swapped)));
                }
            }
        }
        Value::Object(map) => {
            for key in map.keys() {
                let mut fewer = map.clone();
                fewer.shift_remove(key);
                found.push((format!("without {key}"), Value::Object(fewer)));
                let mut other = Map::new();
                other.extend(
                    map.iter().map(|(name, value)| (if name == key { format!("{name}x") } else { name.clone() }, value.clone())),
                );
                found.push((format!("{key} respelled"), Value::Object(other)));
            }
            let mut more = map.clone();
            more.insert("more".to_owned(), json!("x"));
            found.push(("with more".to_owned(), Value::Object(more)));
        }
    }
    found
}

/// The plan without one step, all others renamed as if it had never been there.
pub(crate) fn without(plan: &Value, at: usize) -> Value {
    let mut plan = plan.clone();
    let steps = plan["steps"].as_array_mut().expect("steps");
    let gone = steps.remove(at)["id"].as_str().expect("an id").to_owned();
    let names = steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step["id"].as_str().expect("an id").to_owned(), format!("s{}", index + 1)))
        .collect();
    forget(&mut plan, &gone);
    rename(&mut plan, &names);
    plan
}

/// The plan with its steps in another order, renamed as if they had been planned so.
pub(crate) fn reordered(plan: &Value, a: usize, b: usize) -> Value {
    let mut plan = plan.clone();
    let steps = plan["steps"].as_array_mut().expect("steps");
    steps.swap(a, b);
    let names = steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step["id"].as_str().expect("an id").to_owned(), format!("s{}", index + 1)))
        .collect();
    rename(&mut plan, &names);
    // A forger keeps the lists tidy.
    let number = |id: &Value| id.as_str().and_then(|id| id[1..].parse::<usize>().ok());
    for change in plan["changes"].as_array_mut().expect("changes") {
        change["steps"].as_array_mut().expect("steps").sort_by_key(number);
    }
    plan
}

/// Takes a step out of every list.
fn forget(value: &mut Value, gone: &str) {
    match value {
        Value::Array(items) => {
            items.retain(|item| item != gone);
            items.iter_mut().for_each(|item| forget(item, gone));
        }
        Value::Object(map) => map.values_mut().for_each(|value| forget(value, gone)),
        _ => {}
    }
}

fn rename(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text.as_str()) {
                *text = name.clone();
            } else if let Some((before, rest)) = text.split_once('{')
                && let Some((step, after)) = rest.split_once('}')
                && let Some(name) = names.get(step)
            {
                *text = format!("{before}{{{name}}}{after}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Object(map) => map.values_mut().for_each(|value| rename(value, names)),
        _ => {}
    }
}

/// The document with this plan in it, and the digest, the summary and the flags that telform itself would print for it.
pub(crate) fn forged(document: &Value, plan: &Value) -> String {
    let mut new = document.clone();
    new["plan"] = plan.clone();
    new["digest"] = json!(format!("sha256:{}", hex(to_canonical_json(plan).as_bytes())));
    if let Ok(plan) = serde_json::from_value::<Plan>(plan.clone()) {
        let printed = serde_json::to_value(document::from_plan(&plan, Origin::default())).expect("a document");
        for key in ["summary", "pending", "refused"] {
            new[key] = printed[key].clone();
        }
    }
    to_pretty_json(&new)
}

/// The document with a checksum of the whole file as its last member.
pub(crate) fn with_checksum(text: &str) -> String {
    let body = text.trim_end().strip_suffix('}').expect("an object").trim_end();
    let zeros = format!("{body},\n  \"checksum\": \"sha256:{}\"\n}}\n", "0".repeat(64));
    zeros.replace(&"0".repeat(64), &hex(zeros.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
