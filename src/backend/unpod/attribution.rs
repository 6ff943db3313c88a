//! Which configuration serves a number on a bridge (unpod.md 10): the crucial question, because a configuration is deleted
//! only after every connection to it was cut, and most answers do not name the configuration at all.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{number_in, whole};
use crate::kind::text_of;
use crate::resource::{Account, Connection, Target};
use crate::value::Value;

/// A configuration as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Its id.
    pub id: String,
    /// Slug of its provider; `None` when it cannot be told, so that it may be any.
    pub provider: Option<String>,
}

/// Everything that was read about connections.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// Generation that answers.
    pub generation: Option<u8>,
    /// The account, which says whose a configuration is that a row shows.
    pub account: Option<&'a Account>,
    /// All configurations of the account.
    pub configurations: &'a [Configuration],
    /// Rows of the bridge listing.
    pub listed: &'a [Value],
    /// Each bridge as read by its slug.
    pub bridges: &'a [Value],
    /// Rows of the numbers listing.
    pub numbers: &'a [Value],
}

/// What the rows say about one number on one bridge.
#[derive(Debug, Default)]
struct Traces {
    /// Ids of configurations.
    ids: BTreeSet<String>,
    /// Those of them that a row calls another organization's, or nobody's.
    foreign: BTreeMap<String, Option<String>>,
    /// Some row says that there is no configuration.
    null_id: bool,
    /// What rows about the number say of its provider; the inner `None` is an explicit null.
    number_says: BTreeSet<Option<String>>,
    /// What rows about the bridge say of its provider.
    bridge_says: BTreeSet<Option<String>>,
    number_id: Option<u64>,
}

/// All connections, sorted by bridge and number, each once. `recorded` looks up the ledger: bridge and number to the id of
/// the configuration that telform connected. A pair that only one source shows is kept: absence proves nothing.
pub fn attribute(
    evidence: &Evidence<'_>,
    recorded: impl Fn(&str, &str) -> Option<String>,
) -> Vec<Connection> {
    gather(evidence)
        .into_iter()
        .map(|((bridge, number), traces)| {
            let target = decide(evidence, &traces, || recorded(&bridge, &number));
            // Only generation 1 calls a number by its own id; elsewhere the figures of different listings do not agree.
            let number_id = traces.number_id.filter(|_| evidence.generation == Some(1));
            Connection { bridge, number, number_id, target }
        })
        .collect()
}

/// Bridges that name a provider and show no number: each may be served by a configuration of that provider, and nobody can
/// tell for which number (unpod.md 10, step 5). Slug of the bridge to the ids of the configurations.
pub fn unseen(evidence: &Evidence<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let pairs = gather(evidence);
    let mut unseen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in evidence.listed.iter().chain(evidence.bridges) {
        let (Some(bridge), Some(Some(slug))) = (row.get("slug").and_then(text_of), provider_in(row)) else {
            continue;
        };
        if !pairs.keys().any(|(other, _)| *other == bridge) {
            let may_serve = evidence
                .configurations
                .iter()
                .filter(|it| it.provider.as_ref().is_none_or(|own| *own == slug));
            unseen.entry(bridge).or_default().extend(may_serve.map(|it| it.id.clone()));
        }
    }
    unseen
}

fn gather(evidence: &Evidence<'_>) -> BTreeMap<(String, String), Traces> {
    let mut pairs: BTreeMap<(String, String), Traces> = BTreeMap::new();
    let mut bridge_says: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    for row in evidence.listed.iter().chain(evidence.bridges) {
        let Some(bridge) = row.get("slug").and_then(text_of) else { continue };
        bridge_says.entry(bridge.clone()).or_default().extend(provider_in(row));
        for entry in row.get("numbers").and_then(Value::as_array).into_iter().flatten() {
            let Some(number) = number_in(entry) else { continue };
            pairs.entry((bridge.clone(), number)).or_default().absorb(entry, evidence.account);
        }
    }
    for row in evidence.numbers {
        let (Some(bridge), Some(number)) = (row.get("bridge_slug").and_then(text_of), number_in(row)) else {
            continue;
        };
        pairs.entry((bridge, number)).or_default().absorb(row, evidence.account);
    }
    for ((bridge, _), traces) in &mut pairs {
        traces.bridge_says = bridge_says.get(bridge).cloned().unwrap_or_default();
    }
    pairs
}

impl Traces {
    fn absorb(&mut self, row: &Value, account: Option<&Account>) {
        for key in ["provider_config_id", "provider_configuration", "provider_credential"] {
            match row.get(key) {
                Some(Value::Null) => self.null_id = true,
                Some(configuration @ Value::Object(_)) => {
                    let Some(id) = configuration.get("id").and_then(id_of) else { continue };
                    if let Some(owner) = account.and_then(|account| account.foreign_owner(configuration)) {
                        self.foreign.insert(id.clone(), owner);
                    }
                    self.ids.insert(id);
                }
                Some(id) => self.ids.extend(id_of(id)),
                None => {}
            }
        }
        self.number_says.extend(provider_in(row));
        self.number_id = self.number_id.or_else(|| row.get("number_id").and_then(whole));
    }
}

fn id_of(value: &Value) -> Option<String> {
    whole(value).map(|id| id.to_string())
}

/// The provider that a row names: `None` when it has no such key, `Some(None)` when it says null.
fn provider_in(row: &Value) -> Option<Option<String>> {
    match row.get("provider")? {
        Value::Null => Some(None),
        // Numbers and objects are no slugs; they say nothing that could be compared.
        Value::String(slug) => {
            let slug = slug.trim().to_lowercase();
            Some((!slug.is_empty()).then_some(slug))
        }
        _ => None,
    }
}

fn decide(evidence: &Evidence<'_>, traces: &Traces, recorded: impl Fn() -> Option<String>) -> Target {
    let mut ids = traces.ids.iter();
    match (ids.next(), ids.next(), traces.null_id) {
        (Some(id), None, false) => {
            return match traces.foreign.get(id) {
                Some(owner) => Target::Foreign { id: id.clone(), owner: owner.clone() },
                None => Target::Exact(id.clone()),
            };
        }
        // The rows contradict each other: the set moved while it was read, or one of them is stale.
        (Some(_), _, _) => return Target::Ambiguous(traces.ids.clone()),
        // Recorded for generation 1: the link is empty, the number stays on the bridge (unpod.md 5.3).
        (None, _, true) if evidence.generation == Some(1) => return Target::Unserved,
        (None, _, _) => {}
    }
    let says: BTreeSet<&Option<String>> = traces.number_says.union(&traces.bridge_says).collect();
    let slugs: BTreeSet<&String> = says.iter().filter_map(|slug| slug.as_ref()).collect();
    if slugs.is_empty() {
        // One null alone is not enough: the number's own provider may be its carrier, and the bridge's is one value for
        // many numbers (unpod.md 10, caution).
        let both_null = !traces.number_says.is_empty() && !traces.bridge_says.is_empty();
        if both_null {
            return Target::Unserved;
        }
        let exists = |id: &String| evidence.configurations.iter().any(|it| it.id == *id);
        return match recorded().filter(exists) {
            Some(id) => Target::Recorded(id),
            None => among(evidence.configurations.iter()),
        };
    }
    let fits = |configuration: &&Configuration| {
        configuration.provider.as_ref().is_none_or(|slug| slugs.contains(slug))
    };
    let candidates: Vec<&Configuration> = evidence.configurations.iter().filter(fits).collect();
    if let ([only], 1) = (candidates.as_slice(), says.len())
        && only.provider.is_some()
    {
        return Target::Inferred(only.id.clone());
    }
    // The ledger settles it when what it says is among what the rows allow.
    let known =
        |id: &String| candidates.iter().any(|candidate| candidate.id == *id && candidate.provider.is_some());
    match recorded().filter(known) {
        Some(id) => Target::Recorded(id),
        None => among(candidates.into_iter()),
    }
}

/// One of these. With none to choose from it is not known who serves the number: a word that fits no configuration is no
/// null, and a plan that takes it for one would cut or overwrite what works.
fn among<'a>(configurations: impl Iterator<Item = &'a Configuration>) -> Target {
    Target::Ambiguous(configurations.map(|configuration| configuration.id.clone()).collect())
}
