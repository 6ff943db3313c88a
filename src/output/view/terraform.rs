//! A plan in the representation that `terraform show -json` prints, so that policy and summary tools for that format can read it.
//! Source: Terraform's documentation, "JSON Output Format".
//!
//! An object is whole where its service was read: its id, what the service shows of it, and what the plan changes. Objects that do
//! not change are there as `no-op`. A plan that was read from a file knows only what changes, and says so. A secret is never among
//! the values: it is missing from both sides, marked as sensitive, and after a write as unknown. A number whose connection changes is a
//! resource of the type `telform_number`. A refusal is a failed check.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, json};

use self::configuration::configuration_block;
use super::{json, wording};
use crate::analysis::plan_objects::{PlanObject, PlanObjects};
use crate::model::resource::Address;
use crate::model::value::{AttributeTexts, Value};
use crate::plan::{
    Change, ChangeAction, LedgerUpdate, NotTakenValue, NumberEffect, NumberImpact, NumberLocation, Plan, PlanRefusal, ShownValue,
    one_effect_each,
};

mod configuration;
mod nested;

/// The type of the resources that stand for numbers.
const NUMBER_TYPE: &str = "telform_number";

/// Version of the representation. Readers take the whole of major version 1.
const FORMAT_VERSION: &str = "1.2";

/// A Terraform version that writes that format version: readers check it, so telform's own version would mislead them.
const TERRAFORM_VERSION: &str = "1.9.0";

#[derive(Serialize)]
struct TerraformPlan<'a> {
    format_version: &'static str,
    terraform_version: &'static str,
    variables: Map<String, Value>,
    planned_values: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_drift: Vec<TerraformResourceChange<'a>>,
    resource_changes: Vec<TerraformResourceChange<'a>>,
    output_changes: Map<String, Value>,
    configuration: Value,
    checks: Vec<Value>,
    applyable: bool,
    complete: bool,
    errored: bool,
    /// Where the ledger is, how often it was saved, and when. Readers of the representation skip keys that they do not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    telform_ledger: Option<String>,
    /// `whole`: each object has all that its service shows. `changes`: only the attributes that change.
    telform_objects: &'static str,
}

#[derive(Serialize)]
struct TerraformResourceChange<'a> {
    #[serde(flatten)]
    resource: TerraformResource<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_address: Option<String>,
    change: TerraformChange<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_reason: Option<&'static str>,
    /// The sources of its secrets, by attribute.
    #[serde(skip)]
    secrets: Option<&'a AttributeTexts>,
}

/// How the representation names an object.
#[derive(Serialize, Clone)]
struct TerraformResource<'a> {
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
struct TerraformChange<'a> {
    actions: &'static [&'static str],
    before: Value,
    after: Value,
    after_unknown: Value,
    before_sensitive: Value,
    after_sensitive: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    importing: Option<TerraformImporting<'a>>,
}

#[derive(Serialize)]
struct TerraformImporting<'a> {
    id: &'a str,
}

/// The whole plan as JSON on one line, as Terraform prints it: terraform-compliance reads no other. `objects`: what was read; none where
/// only the plan is known.
pub fn plan_as_terraform_json(plan: &Plan, objects: Option<&PlanObjects>) -> String {
    let apis: HashMap<&str, &str> = plan.accounts.iter().map(|account| (account.name.as_str(), account.api.as_str())).collect();
    let api = |account: &str| apis.get(account).copied().unwrap_or("telform");
    let ledger = TerraformLedgerChanges::from_plan(plan);
    let claimed = |address: &Address| objects.and_then(|objects| objects.claimed.get(address));
    let mut changes: Vec<TerraformResourceChange<'_>> = plan
        .changes
        .iter()
        .map(|change| {
            let secrets = plan.secrets.get(&change.address);
            resource_of_change(change, api(&change.account), &ledger, claimed(&change.address), secrets)
        })
        .collect();
    let mut adopted = BTreeMap::new();
    for (address, account, id) in ledger.only_adopted(plan) {
        let mut resource = unchanged_resource(address, api(account), id, claimed(address), plan.secrets.get(address));
        resource.change.importing = Some(TerraformImporting { id });
        adopted.insert(address, resource);
    }
    let unchanged =
        objects.into_iter().flat_map(|objects| objects.unchanged.iter().map(|address| (address, &objects.claimed[address])));
    for (address, object) in unchanged {
        let secrets = plan.secrets.get(address);
        adopted
            .entry(address)
            .or_insert_with(|| unchanged_resource(address, api(&object.account), &object.id, Some(object), secrets));
    }
    changes.extend(adopted.into_values());
    let numbers = one_effect_each(&plan.impact);
    changes.extend(numbers.iter().map(|impact| number_resource(impact, api(&impact.account))));
    let configuration = configuration_block(plan, &apis, &changes);
    let changes: Vec<TerraformResourceChange<'_>> = changes.into_iter().map(TerraformResourceChange::nested).collect();
    json::to_json_line(&TerraformPlan {
        format_version: FORMAT_VERSION,
        terraform_version: TERRAFORM_VERSION,
        variables: Map::new(),
        planned_values: json!({ "root_module": { "resources": planned_values(&changes) } }),
        configuration,
        resource_drift: plan
            .not_taken
            .iter()
            .map(|untaken| resource_of_not_taken(untaken, api(&untaken.account)).nested())
            .collect(),
        resource_changes: changes,
        output_changes: Map::new(),
        checks: plan.refusals.iter().map(failed_check).collect(),
        applyable: plan.has_changes() && !plan.is_refused(),
        // As in Terraform for a plan with `-target`.
        complete: super::describe_incomplete(plan).is_none(),
        errored: false,
        telform_ledger: wording::describe_ledger(plan),
        telform_objects: if objects.is_some() { "whole" } else { "changes" },
    })
}

/// Effects on the ledger, by address.
struct TerraformLedgerChanges<'a> {
    adopted: BTreeMap<&'a Address, (&'a str, &'a str)>,
    renamed: HashMap<&'a Address, &'a Address>,
}

impl<'a> TerraformLedgerChanges<'a> {
    fn from_plan(plan: &'a Plan) -> Self {
        let mut ledger = Self { adopted: BTreeMap::new(), renamed: HashMap::new() };
        for effect in &plan.ledger {
            match effect {
                LedgerUpdate::Adopt { address, account, id } => {
                    ledger.adopted.insert(address, (account, id));
                }
                LedgerUpdate::Rename { from, to } => {
                    ledger.renamed.insert(to, from);
                }
                _ => {}
            }
        }
        ledger
    }

    /// Objects that become managed and do not change.
    fn only_adopted(&self, plan: &Plan) -> impl Iterator<Item = (&'a Address, &'a str, &'a str)> {
        let mut adopted = self.adopted.clone();
        for change in &plan.changes {
            adopted.remove(&change.address);
        }
        adopted.into_iter().map(|(address, (account, id))| (address, account, id))
    }
}

/// `unpod_provider.twilio-main`. A name that Terraform would not accept becomes the key of an instance, as with `for_each`.
fn terraform_resource<'a>(address: &'a Address, api: &str) -> TerraformResource<'a> {
    let kind = format!("{api}_{}", wording::plural_kind(1, &address.kind));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let digit = address.name.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let (name, index) = if address.name.bytes().all(plain) && !digit {
        (address.name.as_str(), None)
    } else {
        ("this", Some(address.name.as_str()))
    };
    let key = index.map(|key| format!("[{}]", Value::from(key))).unwrap_or_default();
    TerraformResource {
        address: format!("{kind}.{name}{key}"),
        mode: "managed",
        kind,
        name,
        index,
        provider_name: format!("telform.internal/telform/{api}"),
    }
}

fn resource_of_change<'a>(
    change: &'a Change,
    api: &str,
    ledger: &TerraformLedgerChanges<'a>,
    object: Option<&PlanObject>,
    secrets: Option<&'a AttributeTexts>,
) -> TerraformResourceChange<'a> {
    let (actions, reason): (&[&str], _) = match change.action {
        ChangeAction::Create => (&["create"], None),
        ChangeAction::Update => (&["update"], None),
        // telform creates the new object before it deletes the old one, as the order of these words says.
        ChangeAction::Replace => (&["create", "delete"], Some("replace_because_cannot_update")),
        ChangeAction::Delete => (&["delete"], Some("delete_because_no_resource_config")),
    };
    let before = change.action != ChangeAction::Create;
    let after = change.action != ChangeAction::Delete;
    let mut unknown = secret_markers(change.attributes.iter().map(|attribute| (&attribute.name, &attribute.after)));
    let kept = change.action == ChangeAction::Update;
    // Secrets of an object that stays exist on both sides, also those that do not change.
    let kept_secrets: Map<String, Value> = if kept { all_sensitive(secrets) } else { Map::new() };
    let now = object.filter(|_| before).map(|object| &object.attributes);
    if after && !kept {
        unknown.insert("id".to_owned(), Value::Bool(true));
    }
    let side = |there: bool, id: bool, of: fn(&crate::plan::AttributeChange) -> &ShownValue| {
        if !there {
            return (Value::Null, Value::Bool(false));
        }
        let values = change.attributes.iter().map(|attribute| (&attribute.name, of(attribute)));
        let id = change.id.as_deref().filter(|_| id);
        let mut shown = shown_values(id, values.clone());
        for (name, value) in now.into_iter().flatten() {
            shown.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let mut sensitive = secret_markers(values);
        sensitive.extend(kept_secrets.clone());
        (Value::Object(shown), Value::Object(sensitive))
    };
    let (before, before_sensitive) = side(before, true, |attribute| &attribute.before);
    let (after_values, after_sensitive) = side(after, kept, |attribute| &attribute.after);
    TerraformResourceChange {
        resource: terraform_resource(&change.address, api),
        previous_address: ledger.renamed.get(&change.address).map(|from| terraform_resource(from, api).address),
        change: TerraformChange {
            actions,
            before,
            after: after_values,
            after_unknown: if after { Value::Object(unknown) } else { json!({}) },
            before_sensitive,
            after_sensitive,
            importing: ledger.adopted.get(&change.address).map(|(_, id)| TerraformImporting { id }),
        },
        action_reason: reason,
        secrets,
    }
}

/// What was sent before, and the present value.
fn resource_of_not_taken<'a>(untaken: &'a NotTakenValue, api: &str) -> TerraformResourceChange<'a> {
    let attribute = &untaken.attribute;
    let side = |shown: &'a ShownValue| {
        let value = || std::iter::once((&attribute.name, shown));
        (Value::Object(shown_values(None, value())), Value::Object(secret_markers(value())))
    };
    let (sent, sent_sensitive) = side(&attribute.after);
    let (shown, shown_sensitive) = side(&attribute.before);
    TerraformResourceChange {
        resource: terraform_resource(&untaken.address, api),
        previous_address: None,
        change: TerraformChange {
            actions: &["update"],
            before: sent,
            after: shown,
            after_unknown: json!({}),
            before_sensitive: sent_sensitive,
            after_sensitive: shown_sensitive,
            importing: None,
        },
        action_reason: None,
        secrets: None,
    }
}

/// An object that does not change. Of its secrets the readers see only that they exist.
fn unchanged_resource<'a>(
    address: &'a Address,
    api: &str,
    id: &str,
    object: Option<&PlanObject>,
    secrets: Option<&'a AttributeTexts>,
) -> TerraformResourceChange<'a> {
    let mut values = Map::from_iter([("id".to_owned(), Value::from(id))]);
    values.extend(object.into_iter().flat_map(|object| object.attributes.clone()));
    let sensitive = all_sensitive(secrets);
    TerraformResourceChange {
        resource: terraform_resource(address, api),
        previous_address: None,
        change: TerraformChange {
            actions: &["no-op"],
            before: Value::Object(values.clone()),
            after: Value::Object(values),
            after_unknown: json!({}),
            before_sensitive: Value::Object(sensitive.clone()),
            after_sensitive: Value::Object(sensitive),
            importing: None,
        },
        action_reason: None,
        secrets,
    }
}

/// The names of the secrets that an entry states, each with `true`.
fn all_sensitive(secrets: Option<&AttributeTexts>) -> Map<String, Value> {
    secrets.into_iter().flat_map(|all| all.keys()).map(|name| (name.clone(), Value::Bool(true))).collect()
}

/// A number whose connection changes, in the words of `get`: it exists before and after, and what it is connected to is what a plan creates, moves or removes.
fn number_resource<'a>(impact: &'a NumberImpact, api: &str) -> TerraformResourceChange<'a> {
    let side = |at: Option<&NumberLocation>| {
        at.map_or(Value::Null, |at| {
            let account = at.account.as_deref().unwrap_or(&impact.account);
            json!({ "number": impact.number, "account": account, "on": at.bridge, "served_by": at.provider })
        })
    };
    let actions: &[&str] = match impact.effect {
        NumberEffect::Connects => &["create"],
        NumberEffect::Moves => &["update"],
        NumberEffect::Dark => &["delete"],
        NumberEffect::Settles => &["no-op"],
    };
    let key = Value::from(impact.number.as_str());
    TerraformResourceChange {
        resource: TerraformResource {
            address: format!("{NUMBER_TYPE}.this[{key}]"),
            mode: "managed",
            kind: NUMBER_TYPE.to_owned(),
            name: "this",
            index: Some(&impact.number),
            provider_name: format!("telform.internal/telform/{api}"),
        },
        previous_address: None,
        change: TerraformChange {
            actions,
            before: side(impact.from.as_ref()),
            after: side(impact.to.as_ref().filter(|_| impact.effect != NumberEffect::Dark)),
            after_unknown: json!({}),
            before_sensitive: json!({}),
            after_sensitive: json!({}),
            importing: None,
        },
        action_reason: None,
        secrets: None,
    }
}

/// Values that may be shown.
fn shown_values<'a>(id: Option<&str>, values: impl Iterator<Item = (&'a String, &'a ShownValue)>) -> Map<String, Value> {
    let id = id.map(|id| ("id".to_owned(), Value::from(id)));
    let values = values.filter_map(|(name, shown)| match shown {
        ShownValue::Value(value) => Some((name.clone(), value.json())),
        ShownValue::Absent => Some((name.clone(), Value::Null)),
        ShownValue::Secret(_) => None,
    });
    id.into_iter().chain(values).collect()
}

/// The names of secrets, each with `true`.
fn secret_markers<'a>(values: impl Iterator<Item = (&'a String, &'a ShownValue)>) -> Map<String, Value> {
    values
        .filter(|(_, shown)| matches!(shown, ShownValue::Secret(_)))
        .map(|(name, _)| (name.clone(), Value::Bool(true)))
        .collect()
}

/// The planned values.
fn planned_values(changes: &[TerraformResourceChange<'_>]) -> Vec<Value> {
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

fn failed_check(refusal: &PlanRefusal) -> Value {
    let message = wording::refusal_sentence(refusal);
    let instance = |subject: String| json!({ "address": { "to_display": subject }, "status": "fail", "problems": [{ "message": &message }] });
    let instances: Vec<Value> = match refusal.addresses.len() {
        0 => vec![instance(wording::refusal_subject(refusal))],
        _ => refusal.addresses.iter().map(|address| instance(address.to_string())).collect(),
    };
    json!({
        "address": { "kind": "check", "name": refusal.code.as_str(), "to_display": format!("check.{}", refusal.code.as_str()) },
        "status": "fail",
        "instances": instances,
    })
}
