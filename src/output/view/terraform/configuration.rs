//! The configuration in Terraform's representation of a plan.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, json};

use super::nested::nested;
use super::{TerraformResource, TerraformResourceChange};
use crate::model::value::Value;
use crate::plan::Plan;

/// The configuration, as far as it is in the plan. The only references are the sources of secrets.
pub(super) fn configuration_block(plan: &Plan, apis: &HashMap<&str, &str>, changes: &[TerraformResourceChange<'_>]) -> Value {
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
    let resources = configuration_resources(changes);
    json!({ "provider_config": providers, "root_module": { "resources": resources } })
}

/// Each resource of the configuration once: the instances of one name share it, as those of `for_each` do.
fn configuration_resources(changes: &[TerraformResourceChange<'_>]) -> Vec<Value> {
    let mut resources: Vec<(&TerraformResource<'_>, Map<String, Value>)> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    let mut different: HashSet<(usize, String)> = HashSet::new();
    for change in changes {
        let Some(after) = change.change.after.as_object() else { continue };
        let constant = |(name, value): (&String, &Value)| (name.clone(), json!({ "constant_value": value }));
        // A secret is a reference to its source, as a sensitive variable would be: readers require a type and a name.
        let from = |(name, source): (&String, &String)| (name.clone(), json!({ "references": [format!("var.{source}")] }));
        let written = after.iter().filter(|(name, _)| *name != "id");
        let expressions: Map<String, Value> =
            written.map(constant).chain(change.secrets.into_iter().flatten().map(from)).collect();
        let resource = &change.resource;
        match places.get(&(resource.kind.as_str(), resource.name)) {
            None => {
                places.insert((&resource.kind, resource.name), resources.len());
                resources.push((resource, expressions));
            }
            Some(&place) => {
                let first = &mut resources[place].1;
                for (name, expression) in expressions {
                    let same = first.entry(name.clone()).or_insert_with(|| json!({})) == &expression;
                    different.extend((!same).then_some((place, name)));
                }
            }
        }
    }
    for (place, name) in different {
        resources[place].1[&name] = json!({ "references": ["each.value"] });
    }
    let resources = resources.into_iter().map(|(resource, expressions)| {
        let expressions = nested(expressions);
        let key = resource.provider_name.rsplit('/').next().unwrap_or_default();
        let mut shown = json!({
            "address": format!("{}.{}", resource.kind, resource.name),
            "mode": "managed", "type": resource.kind, "name": resource.name,
            "provider_config_key": key, "schema_version": 0, "expressions": expressions,
        });
        if resource.index.is_some() {
            shown["for_each_expression"] = json!({});
        }
        shown
    });
    resources.collect()
}
