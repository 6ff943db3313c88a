//! A plan in the representation that `terraform show -json` prints, so that policy and summary tools for that format can read it.
//! Source: Terraform's documentation, "JSON Output Format".
//!
//! An object holds what telform knows and manages: its id and the attributes that change. A secret is never among them: it
//! is missing from both sides, marked as sensitive, and after a write as unknown. A refusal is a failed check.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, json};

use super::{json, wording};
use crate::model::resource::Address;
use crate::model::value::Value;
use crate::plan::{Change, ChangeAction, LedgerUpdate, NotTakenValue, Plan, PlanRefusal, ShownValue};

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
    secrets: Option<&'a BTreeMap<String, String>>,
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

/// The whole plan as JSON on one line, as Terraform prints it: terraform-compliance reads no other.
pub fn plan_as_terraform_json(plan: &Plan) -> String {
    let apis: HashMap<&str, &str> = plan.accounts.iter().map(|account| (account.name.as_str(), account.api.as_str())).collect();
    let api = |account: &str| apis.get(account).copied().unwrap_or("telform");
    let ledger = TerraformLedgerChanges::from_plan(plan);
    let mut changes: Vec<TerraformResourceChange<'_>> =
        plan.changes.iter().map(|change| resource_of_change(change, api(&change.account), &ledger)).collect();
    for (of, change) in changes.iter_mut().zip(&plan.changes) {
        of.secrets = plan.secrets.get(&change.address);
    }
    changes.extend(ledger.only_adopted(plan).map(|(address, account, id)| adopted_resource(address, api(account), id)));
    json::to_json_line(&TerraformPlan {
        format_version: FORMAT_VERSION,
        terraform_version: TERRAFORM_VERSION,
        variables: Map::new(),
        planned_values: json!({ "root_module": { "resources": planned_values(&changes) } }),
        configuration: configuration_block(plan, &apis, &changes),
        resource_drift: plan.not_taken.iter().map(|untaken| resource_of_not_taken(untaken, api(&untaken.account))).collect(),
        resource_changes: changes,
        output_changes: Map::new(),
        checks: plan.refusals.iter().map(failed_check).collect(),
        applyable: plan.has_changes() && !plan.is_refused(),
        // As in Terraform for a plan with `-target`.
        complete: super::describe_incomplete(plan).is_none(),
        errored: false,
        telform_ledger: wording::describe_ledger(plan),
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

fn resource_of_change<'a>(change: &'a Change, api: &str, ledger: &TerraformLedgerChanges<'a>) -> TerraformResourceChange<'a> {
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
    if after && !kept {
        unknown.insert("id".to_owned(), Value::Bool(true));
    }
    let side = |there: bool, id: bool, of: fn(&crate::plan::AttributeChange) -> &ShownValue| {
        if !there {
            return (Value::Null, Value::Bool(false));
        }
        let values = change.attributes.iter().map(|attribute| (&attribute.name, of(attribute)));
        let id = change.id.as_deref().filter(|_| id);
        (Value::Object(shown_values(id, values.clone())), Value::Object(secret_markers(values)))
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
        secrets: None,
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

fn adopted_resource<'a>(address: &'a Address, api: &str, id: &'a str) -> TerraformResourceChange<'a> {
    TerraformResourceChange {
        resource: terraform_resource(address, api),
        previous_address: None,
        change: TerraformChange {
            actions: &["no-op"],
            before: json!({ "id": id }),
            after: json!({ "id": id }),
            after_unknown: json!({}),
            before_sensitive: json!({}),
            after_sensitive: json!({}),
            importing: Some(TerraformImporting { id }),
        },
        action_reason: None,
        secrets: None,
    }
}

/// Values that may be shown.
fn shown_values<'a>(id: Option<&str>, values: impl Iterator<Item = (&'a String, &'a ShownValue)>) -> Map<String, Value> {
    let id = id.map(|id| ("id".to_owned(), Value::from(id)));
    let values = values.filter_map(|(name, shown)| match shown {
        ShownValue::Value(value) => Some((name.clone(), value.clone())),
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

/// The configuration, as far as it is in the plan. The only references are the sources of secrets.
fn configuration_block(plan: &Plan, apis: &HashMap<&str, &str>, changes: &[TerraformResourceChange<'_>]) -> Value {
    let providers: BTreeMap<&str, Value> = apis
        .values()
        .map(|api| {
            let accounts: Vec<Value> = plan
                .accounts
                .iter()
                .filter(|account| account.api == **api)
                .filter_map(|account| {
                    let other = account.other_host();
                    let mut shown = json!({ "name": { "constant_value": account.name } });
                    if let Some(from) = &account.token_from {
                        shown["token"] = json!({ "references": [format!("var.{from}")] });
                    } else if other.is_none() {
                        return None;
                    }
                    if other.is_some() {
                        shown["base_url"] = json!({ "constant_value": account.base_url });
                    }
                    Some(shown)
                })
                .collect();
            let mut provider = json!({ "name": api, "full_name": format!("telform.internal/telform/{api}") });
            if !accounts.is_empty() {
                provider["expressions"] = json!({ "account": accounts });
            }
            (*api, provider)
        })
        .collect();
    let resources: Vec<Value> = changes
        .iter()
        .filter_map(|change| {
            let after = change.change.after.as_object()?;
            let constant = |(name, value): (&String, &Value)| (name.clone(), json!({ "constant_value": value }));
            // A secret is a reference to its source, as a sensitive variable would be: readers require a type and a name.
            let from = |(name, source): (&String, &String)| (name.clone(), json!({ "references": [format!("var.{source}")] }));
            let expressions: Map<String, Value> = after
                .iter()
                .filter(|(name, _)| *name != "id")
                .map(constant)
                .chain(change.secrets.into_iter().flatten().map(from))
                .collect();
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
