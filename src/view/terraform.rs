//! A plan in the representation that `terraform show -json` prints, so that policy and summary tools made for that read it.
//! Source: Terraform's documentation, "JSON Output Format".
//!
//! An object holds what telform knows and manages: its id and the attributes that change. A secret is in none of them: it is
//! missing from both sides, marked as sensitive, and after a write as unknown. A refusal is a failed check.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, json};

use super::{json, words};
use crate::plan::{Action, Change, LedgerEffect, NotTaken, Plan, Refusal, Shown};
use crate::resource::Address;
use crate::value::Value;

/// Version of the representation. Readers take the whole of major version 1.
const FORMAT_VERSION: &str = "1.2";

/// A version of Terraform that writes that version: readers look at it, so telform's own would mislead them.
const TERRAFORM_VERSION: &str = "1.9.0";

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    terraform_version: &'static str,
    variables: Map<String, Value>,
    planned_values: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_drift: Vec<ResourceChange<'a>>,
    resource_changes: Vec<ResourceChange<'a>>,
    output_changes: Map<String, Value>,
    configuration: Value,
    checks: Vec<Value>,
    applyable: bool,
    complete: bool,
    errored: bool,
}

#[derive(Serialize)]
struct ResourceChange<'a> {
    #[serde(flatten)]
    resource: Resource<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_address: Option<String>,
    change: Difference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_reason: Option<&'static str>,
}

/// How the representation names an object.
#[derive(Serialize, Clone)]
struct Resource<'a> {
    address: String,
    mode: &'static str,
    #[serde(rename = "type")]
    kind: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<&'a str>,
    provider_name: String,
}

#[derive(Serialize)]
struct Difference<'a> {
    actions: &'static [&'static str],
    before: Value,
    after: Value,
    after_unknown: Value,
    before_sensitive: Value,
    after_sensitive: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    importing: Option<Importing<'a>>,
}

#[derive(Serialize)]
struct Importing<'a> {
    id: &'a str,
}

/// The whole plan as JSON on one line, as Terraform prints it: terraform-compliance reads no other.
pub fn plan(plan: &Plan) -> String {
    let apis: HashMap<&str, &str> =
        plan.accounts.iter().map(|account| (account.name.as_str(), account.api.as_str())).collect();
    let api = |account: &str| apis.get(account).copied().unwrap_or("telform");
    let ledger = Ledger::of(plan);
    let mut changes: Vec<ResourceChange<'_>> =
        plan.changes.iter().map(|change| of_change(change, api(&change.account), &ledger)).collect();
    changes
        .extend(ledger.only_adopted(plan).map(|(address, account, id)| adopted(address, api(account), id)));
    json::line(&Document {
        format_version: FORMAT_VERSION,
        terraform_version: TERRAFORM_VERSION,
        variables: Map::new(),
        planned_values: json!({ "root_module": { "resources": planned(&changes) } }),
        configuration: configuration(&apis, &changes),
        resource_drift: plan
            .not_taken
            .iter()
            .map(|untaken| of_untaken(untaken, api(&untaken.account)))
            .collect(),
        resource_changes: changes,
        output_changes: Map::new(),
        checks: plan.refusals.iter().map(check).collect(),
        applyable: plan.has_changes() && !plan.is_refused(),
        // As Terraform says it of a plan with `-target`.
        complete: super::not_whole(plan).is_none(),
        errored: false,
    })
}

/// What the ledger learns, by address.
struct Ledger<'a> {
    adopted: BTreeMap<&'a Address, (&'a str, &'a str)>,
    renamed: HashMap<&'a Address, &'a Address>,
}

impl<'a> Ledger<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut ledger = Self { adopted: BTreeMap::new(), renamed: HashMap::new() };
        for effect in &plan.ledger {
            match effect {
                LedgerEffect::Adopt { address, account, id } => {
                    ledger.adopted.insert(address, (account, id));
                }
                LedgerEffect::Rename { from, to } => {
                    ledger.renamed.insert(to, from);
                }
                _ => {}
            }
        }
        ledger
    }

    /// Objects that are taken under management and do not change.
    fn only_adopted(&self, plan: &Plan) -> impl Iterator<Item = (&'a Address, &'a str, &'a str)> {
        let mut adopted = self.adopted.clone();
        for change in &plan.changes {
            adopted.remove(&change.address);
        }
        adopted.into_iter().map(|(address, (account, id))| (address, account, id))
    }
}

/// `unpod_provider.twilio-main`. A name that Terraform would not take becomes the key of an instance, as with `for_each`.
fn resource<'a>(address: &'a Address, api: &str) -> Resource<'a> {
    let kind = format!("{api}_{}", words::plural(1, &address.kind));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let digit = address.name.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let (name, index) = if address.name.bytes().all(plain) && !digit {
        (address.name.as_str(), None)
    } else {
        ("this", Some(address.name.as_str()))
    };
    let key = index.map(|key| format!("[{}]", Value::from(key))).unwrap_or_default();
    Resource {
        address: format!("{kind}.{name}{key}"),
        mode: "managed",
        kind,
        name,
        index,
        provider_name: format!("telform.internal/telform/{api}"),
    }
}

fn of_change<'a>(change: &'a Change, api: &str, ledger: &Ledger<'a>) -> ResourceChange<'a> {
    let (actions, reason): (&[&str], _) = match change.action {
        Action::Create => (&["create"], None),
        Action::Update => (&["update"], None),
        // telform makes the new object before it deletes the old one, and the order of these words says so.
        Action::Replace => (&["create", "delete"], Some("replace_because_cannot_update")),
        Action::Delete => (&["delete"], Some("delete_because_no_resource_config")),
    };
    let before = change.action != Action::Create;
    let after = change.action != Action::Delete;
    let mut unknown = secrets(change.attributes.iter().map(|attribute| (&attribute.name, &attribute.after)));
    let kept = change.action == Action::Update;
    if after && !kept {
        unknown.insert("id".to_owned(), Value::Bool(true));
    }
    let side = |there: bool, id: bool, of: fn(&crate::plan::AttributeChange) -> &Shown| {
        if !there {
            return (Value::Null, Value::Bool(false));
        }
        let values = change.attributes.iter().map(|attribute| (&attribute.name, of(attribute)));
        let id = change.id.as_deref().filter(|_| id);
        (Value::Object(object(id, values.clone())), Value::Object(secrets(values)))
    };
    let (before, before_sensitive) = side(before, true, |attribute| &attribute.before);
    let (after_values, after_sensitive) = side(after, kept, |attribute| &attribute.after);
    ResourceChange {
        resource: resource(&change.address, api),
        previous_address: ledger.renamed.get(&change.address).map(|from| resource(from, api).address),
        change: Difference {
            actions,
            before,
            after: after_values,
            after_unknown: if after { Value::Object(unknown) } else { json!({}) },
            before_sensitive,
            after_sensitive,
            importing: ledger.adopted.get(&change.address).map(|(_, id)| Importing { id }),
        },
        action_reason: reason,
    }
}

/// What was sent before, and what is there instead.
fn of_untaken<'a>(untaken: &'a NotTaken, api: &str) -> ResourceChange<'a> {
    let attribute = &untaken.attribute;
    let side = |shown: &'a Shown| {
        let value = || std::iter::once((&attribute.name, shown));
        (Value::Object(object(None, value())), Value::Object(secrets(value())))
    };
    let (sent, sent_sensitive) = side(&attribute.after);
    let (shown, shown_sensitive) = side(&attribute.before);
    ResourceChange {
        resource: resource(&untaken.address, api),
        previous_address: None,
        change: Difference {
            actions: &["update"],
            before: sent,
            after: shown,
            after_unknown: json!({}),
            before_sensitive: sent_sensitive,
            after_sensitive: shown_sensitive,
            importing: None,
        },
        action_reason: None,
    }
}

fn adopted<'a>(address: &'a Address, api: &str, id: &'a str) -> ResourceChange<'a> {
    ResourceChange {
        resource: resource(address, api),
        previous_address: None,
        change: Difference {
            actions: &["no-op"],
            before: json!({ "id": id }),
            after: json!({ "id": id }),
            after_unknown: json!({}),
            before_sensitive: json!({}),
            after_sensitive: json!({}),
            importing: Some(Importing { id }),
        },
        action_reason: None,
    }
}

/// Values that may be shown.
fn object<'a>(id: Option<&str>, values: impl Iterator<Item = (&'a String, &'a Shown)>) -> Map<String, Value> {
    let id = id.map(|id| ("id".to_owned(), Value::from(id)));
    let values = values.filter_map(|(name, shown)| match shown {
        Shown::Value(value) => Some((name.clone(), value.clone())),
        Shown::Absent => Some((name.clone(), Value::Null)),
        Shown::Secret(_) => None,
    });
    id.into_iter().chain(values).collect()
}

/// The names of secrets, each with `true`.
fn secrets<'a>(values: impl Iterator<Item = (&'a String, &'a Shown)>) -> Map<String, Value> {
    values
        .filter(|(_, shown)| matches!(shown, Shown::Secret(_)))
        .map(|(name, _)| (name.clone(), Value::Bool(true)))
        .collect()
}

/// What will be there.
fn planned(changes: &[ResourceChange<'_>]) -> Vec<Value> {
    let there = changes.iter().filter(|change| !change.change.after.is_null());
    there
        .map(|change| {
            let mut value = serde_json::to_value(&change.resource).unwrap_or_default();
            value["schema_version"] = json!(0);
            value["values"] = change.change.after.clone();
            value["sensitive_values"] = change.change.after_sensitive.clone();
            value
        })
        .collect()
}

/// What the YAML says, as far as it stands in the plan. A tool that looks for references finds none.
fn configuration(apis: &HashMap<&str, &str>, changes: &[ResourceChange<'_>]) -> Value {
    let providers: BTreeMap<&str, Value> = apis
        .values()
        .map(|api| (*api, json!({ "name": api, "full_name": format!("telform.internal/telform/{api}") })))
        .collect();
    let resources: Vec<Value> = changes
        .iter()
        .filter_map(|change| {
            let after = change.change.after.as_object()?;
            let constant =
                |(name, value): (&String, &Value)| (name.clone(), json!({ "constant_value": value }));
            let expressions: Map<String, Value> =
                after.iter().filter(|(name, _)| *name != "id").map(constant).collect();
            let key = change.resource.provider_name.rsplit('/').next().unwrap_or_default();
            Some(json!({
                "address": format!("{}.{}", change.resource.kind, change.resource.name),
                "mode": "managed", "type": change.resource.kind, "name": change.resource.name,
                "provider_config_key": key, "schema_version": 0, "expressions": expressions,
            }))
        })
        .collect();
    json!({ "provider_config": providers, "root_module": { "resources": resources } })
}

fn check(refusal: &Refusal) -> Value {
    let subject = words::refusal(refusal);
    json!({
        "address": { "kind": "check", "name": refusal.code.word(), "to_display": format!("check.{}", refusal.code.word()) },
        "status": "fail",
        "instances": [{
            "address": { "to_display": subject },
            "status": "fail",
            "problems": [{ "message": words::refusal_sentence(refusal) }],
        }],
    })
}
