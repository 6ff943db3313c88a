//! Changes for a reviewer who may stop reading: what differs in each, leaf by leaf, and which of them come first.

use std::collections::{BTreeMap, BTreeSet};

use super::words;
use crate::backend;
use crate::kind::{Access, Field, Grammar, Normaliser, Type};
use crate::plan::{Action, AttributeChange, Change, Plan, Shown};
use crate::text::{apart, hosts, middle, pair};
use crate::value::Value;

/// What makes a change worth reading before others, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Risk {
    /// Something goes.
    Loss,
    /// Another object or account takes its place.
    Place,
    /// Where calls, messages or requests go.
    Host,
    /// Who gets mail.
    Mail,
    /// Whose account, identity or number it is.
    Account,
    /// A secret is written.
    Secret,
    /// Anything else.
    Other,
}

/// One value that differs inside an attribute, on one line.
pub(super) struct Leaf {
    /// Name of the attribute, and the way to the value in it.
    pub(super) path: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) risk: Risk,
}

/// The two values of a leaf as they are shown; where one is not there, nothing.
pub(super) struct Sides {
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// Hosts that are hidden in a cut and not named.
    pub(super) unnamed: usize,
}

impl Leaf {
    /// Both values of at most about so many characters. A secret is said once.
    pub(super) fn sides(&self, most: usize) -> Sides {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if self.risk != Risk::Secret => {
                let (before, after) = apart(before.clone(), after.clone());
                let (before, after) = pair(&before, &after, most);
                let unnamed = before.unnamed + after.unnamed;
                Sides { before: Some(before.text), after: Some(after.text), unnamed }
            }
            (before, after) => {
                let one = |value: &String| middle(value, most);
                let after = after.as_ref().map(one);
                let before = before.as_ref().filter(|_| after.is_none()).map(one);
                let unnamed = [&before, &after].into_iter().flatten().map(|cut| cut.unnamed).sum();
                Sides { before: before.map(|cut| cut.text), after: after.map(|cut| cut.text), unnamed }
            }
        }
    }

    /// On one line, as it is: not escaped yet.
    pub(super) fn line(&self, most: usize) -> String {
        let Sides { before, after, .. } = self.sides(most);
        match (before, after) {
            (Some(before), Some(after)) => format!("{}: {before} -> {after}", self.path),
            (None, Some(after)) => format!("{}: {after}", self.path),
            (before, None) => {
                format!("{}: {} -> {}", self.path, before.unwrap_or_default(), words::NOT_SET)
            }
        }
    }
}

/// A change with what differs in it.
pub(super) struct Ranked<'a> {
    pub(super) change: &'a Change,
    pub(super) leaves: Vec<Leaf>,
    pub(super) risk: Risk,
    /// In how many values the rarest of its hosts, mail domains and accounts is found; one among many equal ones stands out.
    pub(super) rarity: [usize; 3],
}

/// All changes, riskiest first; of the same risk, the rarest first.
pub(super) fn ranked(plan: &Plan) -> Vec<Ranked<'_>> {
    let leaves: Vec<Vec<Leaf>> = plan.changes.iter().map(leaves).collect();
    let mut seen: BTreeMap<(Risk, String), usize> = BTreeMap::new();
    for leaf in leaves.iter().flatten() {
        *seen.entry((leaf.risk, mark(leaf))).or_default() += 1;
    }
    let rank = |(change, leaves): (_, Vec<Leaf>)| {
        let of = |risk| {
            let those = leaves.iter().filter(|leaf| leaf.risk == risk);
            those.filter_map(|leaf| seen.get(&(risk, mark(leaf)))).copied().min().unwrap_or(usize::MAX)
        };
        let rarity = [of(Risk::Host), of(Risk::Mail), of(Risk::Account)];
        let risk = leaves.iter().map(|leaf| leaf.risk).chain([whole(change)]).min().unwrap_or(Risk::Other);
        Ranked { change, leaves, risk, rarity }
    };
    let mut all: Vec<Ranked<'_>> = plan.changes.iter().zip(leaves).map(rank).collect();
    all.sort_by(|a, b| (a.risk, a.rarity, &a.change.address).cmp(&(b.risk, b.rarity, &b.change.address)));
    all
}

/// What a change is before anybody looks at its attributes.
fn whole(change: &Change) -> Risk {
    match change.action {
        Action::Delete => Risk::Loss,
        Action::Replace => Risk::Place,
        _ if change.from_account.is_some() => Risk::Place,
        _ => Risk::Other,
    }
}

/// What is counted to tell the rare from the usual: of a URL and of a mail address the host.
fn mark(leaf: &Leaf) -> String {
    let of = |value: &Option<String>| {
        let value = value.as_deref().unwrap_or_default();
        let hosts: Vec<String> = hosts(value).into_iter().collect();
        if hosts.is_empty() { value.to_owned() } else { hosts.join(" ") }
    };
    match leaf.risk {
        Risk::Host | Risk::Mail => format!("{} > {}", of(&leaf.before), of(&leaf.after)),
        _ => leaf.after.clone().unwrap_or_default(),
    }
}

fn field(kind: &str, name: &str) -> Option<&'static Field> {
    backend::shapes(kind).into_iter().flat_map(|kind| kind.fields).find(|field| field.name == name)
}

fn leaves(change: &Change) -> Vec<Leaf> {
    let mut found = Vec::new();
    for attribute in &change.attributes {
        let base = of_field(attribute, field(&change.address.kind, &attribute.name));
        let value = |shown: &Shown| match shown {
            Shown::Value(value) => Some(value.clone()),
            Shown::Absent | Shown::Secret(_) => None,
        };
        if let (Shown::Secret(_), _) | (_, Shown::Secret(_)) = (&attribute.before, &attribute.after) {
            let one = |shown: &Shown| (*shown != Shown::Absent).then(|| words::shown(shown));
            let (before, after) = (one(&attribute.before), one(&attribute.after));
            found.push(Leaf { path: attribute.name.clone(), before, after, risk: Risk::Secret });
        } else {
            let (before, after) = (value(&attribute.before), value(&attribute.after));
            compare(&attribute.name, before.as_ref(), after.as_ref(), base, &mut found);
        }
    }
    found.sort_by_key(|leaf| leaf.risk);
    found
}

/// What the table says about an attribute.
fn of_field(attribute: &AttributeChange, field: Option<&Field>) -> Risk {
    match field {
        Some(field) if field.grammar == Grammar::Url => Risk::Host,
        Some(field) if matches!(field.normaliser, Normaliser::Mail | Normaliser::Mails) => Risk::Mail,
        Some(field)
            if field.risky
                || field.access == Access::Replace
                || field.grammar == Grammar::Identifier
                || field.ty == Type::Numbers =>
        {
            Risk::Account
        }
        _ if attribute.risky => Risk::Account,
        _ => Risk::Other,
    }
}

/// Maps key by key, lists by what they gain and lose, anything else as it is.
fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, base: Risk, found: &mut Vec<Leaf>) {
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
            compare(&format!("{path}.{key}"), old.get(key), new.get(key), base, found);
        }
        return;
    }
    let mut leaf = |before: Option<String>, after: Option<String>| {
        let said = |word| [&before, &after].into_iter().flatten().any(|value| value.contains(word));
        let risk = match base {
            _ if said("://") => Risk::Host,
            Risk::Other if [&before, &after].into_iter().flatten().any(|it| !hosts(it).is_empty()) => {
                Risk::Mail
            }
            base => base,
        };
        found.push(Leaf { path: path.to_owned(), before, after, risk });
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
