//! Changes for a reviewer who may stop reading: what differs in each, leaf by leaf, and which of them come first.

use std::collections::{BTreeMap, BTreeSet};

use super::wording;
use crate::model::kind::{AttributeAccess, Field, Normaliser, TextGrammar};
use crate::model::value::Value;
use crate::plan::{AttributeChange, Change, ChangeAction, Plan, ShownValue};
use crate::services;
use crate::text::{distinguish_pair, hosts_in_text, truncate_middle, truncate_pair};

/// The reasons to read a change before others, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ChangeRisk {
    /// Something is deleted or disconnected.
    Loss,
    /// Another object or account replaces it.
    Place,
    /// Where calls, messages or requests go.
    Host,
    /// Who gets mail.
    Mail,
    /// A secret is written.
    Secret,
    /// Account, identity or number.
    Account,
    /// Anything else.
    Other,
}

/// One value that differs inside an attribute, on one line.
pub(super) struct ValueDifference {
    /// Position of the attribute in the change.
    pub(super) attribute: usize,
    /// Name of the attribute, and the path of the value in it.
    pub(super) path: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) risk: ChangeRisk,
}

/// The two values of a leaf as they are shown; empty where one is missing.
pub(super) struct ShownSides {
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// Number of hosts hidden by a cut and not named.
    pub(super) unnamed: usize,
}

impl ValueDifference {
    /// Both values, each of at most about this many characters. A secret is shown once.
    pub(super) fn shown_sides(&self, most: usize) -> ShownSides {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if self.risk != ChangeRisk::Secret => {
                let (before, after) = distinguish_pair(before.clone(), after.clone());
                let (before, after) = truncate_pair(&before, &after, most);
                let unnamed = before.unnamed_hosts + after.unnamed_hosts;
                ShownSides { before: Some(before.text), after: Some(after.text), unnamed }
            }
            (before, after) => {
                let one = |value: &String| truncate_middle(value, most);
                let after = after.as_ref().map(one);
                let before = before.as_ref().filter(|_| after.is_none()).map(one);
                let unnamed = [&before, &after].into_iter().flatten().map(|cut| cut.unnamed_hosts).sum();
                ShownSides { before: before.map(|cut| cut.text), after: after.map(|cut| cut.text), unnamed }
            }
        }
    }

    /// On one line, as it is: not escaped yet.
    pub(super) fn on_one_line(&self, most: usize) -> String {
        let ShownSides { before, after, .. } = self.shown_sides(most);
        match (before, after) {
            (Some(before), Some(after)) => format!("{}: {before} -> {after}", self.path),
            (None, Some(after)) => format!("{}: {after}", self.path),
            (before, None) => {
                format!("{}: {} -> {}", self.path, before.unwrap_or_default(), wording::NOT_SET)
            }
        }
    }
}

/// A change with what differs in it.
pub(super) struct RankedChange<'a> {
    /// Position in the plan.
    pub(super) position: usize,
    pub(super) change: &'a Change,
    pub(super) leaves: Vec<ValueDifference>,
    pub(super) risk: ChangeRisk,
    /// The number of values that contain the rarest of its hosts, mail domains and accounts: a rare one is conspicuous.
    pub(super) rarity: [usize; 3],
}

impl RankedChange<'_> {
    /// What it is sorted by.
    pub(super) fn order(&self) -> impl Ord + '_ {
        (self.risk, self.rarity, &self.change.address)
    }
}

/// All changes, riskiest first; of the same risk, the rarest first.
pub(super) fn rank_changes(plan: &Plan) -> Vec<RankedChange<'_>> {
    let leaves: Vec<Vec<ValueDifference>> = plan.changes.iter().map(value_differences).collect();
    let mut seen: BTreeMap<(ChangeRisk, String), usize> = BTreeMap::new();
    for leaf in leaves.iter().flatten() {
        *seen.entry((leaf.risk, rarity_key(leaf))).or_default() += 1;
    }
    let rank = |(position, (change, leaves)): (_, (_, Vec<ValueDifference>))| {
        let of = |risk| {
            let those = leaves.iter().filter(|leaf| leaf.risk == risk);
            those.filter_map(|leaf| seen.get(&(risk, rarity_key(leaf)))).copied().min().unwrap_or(usize::MAX)
        };
        let rarity = [of(ChangeRisk::Host), of(ChangeRisk::Mail), of(ChangeRisk::Account)];
        let risk = leaves.iter().map(|leaf| leaf.risk).chain([risk_of_change(change)]).min().unwrap_or(ChangeRisk::Other);
        RankedChange { position, change, leaves, risk, rarity }
    };
    let mut all: Vec<RankedChange<'_>> = plan.changes.iter().zip(leaves).enumerate().map(rank).collect();
    all.sort_by(|a, b| a.order().cmp(&b.order()));
    all
}

/// The risk of a change before its attributes are considered.
fn risk_of_change(change: &Change) -> ChangeRisk {
    match change.action {
        ChangeAction::Delete => ChangeRisk::Loss,
        ChangeAction::Replace => ChangeRisk::Place,
        _ if change.from_account.is_some() => ChangeRisk::Place,
        _ => ChangeRisk::Other,
    }
}

/// What is counted to find rare values: for a URL and for a mail address, the host.
fn rarity_key(leaf: &ValueDifference) -> String {
    let of = |value: &Option<String>| {
        let value = value.as_deref().unwrap_or_default();
        let hosts: Vec<String> = hosts_in_text(value).into_iter().collect();
        if hosts.is_empty() { value.to_owned() } else { hosts.join(" ") }
    };
    match leaf.risk {
        ChangeRisk::Host | ChangeRisk::Mail => format!("{} > {}", of(&leaf.before), of(&leaf.after)),
        _ => leaf.after.clone().unwrap_or_default(),
    }
}

fn find_field(kind: &str, name: &str) -> Option<&'static Field> {
    services::shapes_of_kind(kind).into_iter().flat_map(|kind| kind.fields).find(|field| field.name == name)
}

fn value_differences(change: &Change) -> Vec<ValueDifference> {
    let mut found = Vec::new();
    for (at, attribute) in change.attributes.iter().enumerate() {
        let base = risk_of_attribute(attribute, find_field(&change.address.kind, &attribute.name));
        let value = |shown: &ShownValue| match shown {
            ShownValue::Value(value) => Some(value.json()),
            ShownValue::Absent | ShownValue::Secret(_) => None,
        };
        if let (ShownValue::Secret(_), _) | (_, ShownValue::Secret(_)) = (&attribute.before, &attribute.after) {
            let one = |shown: &ShownValue| (*shown != ShownValue::Absent).then(|| wording::shown_as_json(shown));
            let (before, after) = (one(&attribute.before), one(&attribute.after));
            found.push(ValueDifference { attribute: at, path: attribute.name.clone(), before, after, risk: ChangeRisk::Secret });
        } else {
            let (before, after) = (value(&attribute.before), value(&attribute.after));
            let first = found.len();
            compare_values(&attribute.name, before.as_ref(), after.as_ref(), base, &mut found);
            found[first..].iter_mut().for_each(|leaf| leaf.attribute = at);
        }
    }
    found.sort_by_key(|leaf| leaf.risk);
    found
}

/// What the table says about an attribute that differs.
fn risk_of_attribute(attribute: &AttributeChange, field: Option<&Field>) -> ChangeRisk {
    match field.map_or(ChangeRisk::Other, risk_of_field) {
        ChangeRisk::Other if attribute.risky => ChangeRisk::Account,
        risk => risk,
    }
}

fn risk_of_field(field: &Field) -> ChangeRisk {
    if field.grammar == TextGrammar::Url {
        return ChangeRisk::Host;
    }
    if matches!(field.normaliser, Normaliser::Mail | Normaliser::Mails) {
        return ChangeRisk::Mail;
    }
    let whose = field.risky
        || field.access == AttributeAccess::Replace
        || field.grammar == TextGrammar::Identifier
        || field.ty.is_links();
    if whose { ChangeRisk::Account } else { ChangeRisk::Other }
}

/// Maps key by key, lists by what they gain and lose, anything else as it is.
fn compare_values(path: &str, before: Option<&Value>, after: Option<&Value>, base: ChangeRisk, found: &mut Vec<ValueDifference>) {
    let map = |value: Option<&Value>| match value {
        Some(Value::Object(map)) if !map.is_empty() => Some(map.clone()),
        None => Some(serde_json::Map::new()),
        _ => None,
    };
    let list = |value: Option<&Value>| match value {
        Some(Value::Array(items)) => Some(items.iter().map(Value::to_string).collect::<Vec<_>>()),
        _ => None,
    };
    if before == after && before.is_some() {
        return;
    }
    if let (Some(old), Some(new)) = (map(before), map(after))
        && !(old.is_empty() && new.is_empty())
    {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            compare_values(&format!("{path}.{key}"), old.get(key), new.get(key), base, found);
        }
        return;
    }
    let mut leaf = |before: Option<String>, after: Option<String>| {
        let said = |word| [&before, &after].into_iter().flatten().any(|value| value.contains(word));
        let risk = match base {
            _ if said("://") => ChangeRisk::Host,
            ChangeRisk::Other if [&before, &after].into_iter().flatten().any(|it| !hosts_in_text(it).is_empty()) => {
                ChangeRisk::Mail
            }
            base => base,
        };
        found.push(ValueDifference { attribute: 0, path: path.to_owned(), before, after, risk });
    };
    if let (Some(old), Some(new)) = (list(before), list(after)) {
        let set = |items: &[String]| items.iter().cloned().collect::<BTreeSet<String>>();
        let (was, is) = (set(&old), set(&new));
        let kept = |items: &[String], other: &BTreeSet<String>| {
            items.iter().filter(|item| other.contains(*item)).cloned().collect::<Vec<_>>()
        };
        // Where an order or a repetition differs too, gains and losses do not say it all.
        let plain = was.len() == old.len() && is.len() == new.len() && kept(&old, &is) == kept(&new, &was);
        if plain {
            was.difference(&is).for_each(|gone| leaf(Some(gone.clone()), None));
            is.difference(&was).for_each(|item| leaf(None, Some(item.clone())));
            return;
        }
    }
    leaf(before.map(Value::to_string), after.map(Value::to_string));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::kind::AttributeType;

    /// What the tables declare for each attribute, as a check for new ones: destinations of calls, messages and requests first,
    /// then mails, then secrets, then accounts.
    #[test]
    fn every_attribute_has_its_rank() {
        let risk = |kind: &str, name: &str, value: &Value| {
            let field = find_field(kind, name).expect("an attribute of the table");
            let base = if field.ty == AttributeType::Secret { ChangeRisk::Secret } else { risk_of_field(field) };
            let mut found = Vec::new();
            compare_values(name, None, Some(value), base, &mut found);
            found.iter().map(|leaf| leaf.risk).min()
        };
        for (kind, name, value, is) in [
            ("providers", "base_url", json!("evil.example"), ChangeRisk::Host),
            ("providers", "sip_url", json!("sip:evil.example:5060"), ChangeRisk::Host),
            ("partners", "callbacks", json!({ "sms": "evil.example/x" }), ChangeRisk::Host),
            ("partners", "callbacks", json!({ "app_mediator": "https://evil.example/x" }), ChangeRisk::Host),
            ("partners", "attributes", json!({ "hook": "wss://evil.example" }), ChangeRisk::Host),
            ("providers", "meta_json", json!({ "a": [{ "b": "https://evil.example" }] }), ChangeRisk::Host),
            ("bridges", "description", json!("see https://evil.example"), ChangeRisk::Host),
            ("partners", "owner_email", json!("a@evil.example"), ChangeRisk::Mail),
            ("partners", "billing_email", json!("a@evil.example"), ChangeRisk::Mail),
            ("partners", "tech_email", json!("a@evil.example"), ChangeRisk::Mail),
            ("providers", "auth_token", json!("(secret)"), ChangeRisk::Secret),
            ("providers", "account_sid", json!("AC1"), ChangeRisk::Account),
            ("partners", "login", json!("acme"), ChangeRisk::Account),
            ("partners", "city", json!("Long Beach"), ChangeRisk::Other),
        ] {
            assert_eq!(risk(kind, name, &value), Some(is), "{kind}.{name}: {value}");
        }
        // The names in the tables: an attribute that is named like an address, or documented as one, is declared as one.
        let kinds = services::tables().iter().flat_map(|service| service.kinds.iter());
        for (kind, field) in kinds.flat_map(|kind| kind.fields.iter().map(move |field| (kind.name, field))) {
            let named = ["url", "uri", "host", "domain", "callback", "webhook"];
            // A word out of a few, a number or a switch leads nowhere.
            let free = matches!(field.ty, AttributeType::Text | AttributeType::Map | AttributeType::List);
            let is = free && field.known_values.is_empty() && named.iter().any(|word| field.name.contains(word));
            assert!(!is || risk_of_field(field) == ChangeRisk::Host, "{kind}.{} is not declared as a URL", field.name);
            let mails = field.name.contains("mail");
            assert!(!mails || risk_of_field(field) == ChangeRisk::Mail, "{kind}.{} is not declared as a mail", field.name);
        }
    }
}
