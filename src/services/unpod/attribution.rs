//! Which configuration serves a number on a bridge (unpod.md 10): the crucial question, because a configuration is deleted
//! only after every connection to it was removed, and most answers do not name the configuration at all.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{NamedServers, number_in};
use crate::model::kind::{text_of, whole_of};
use crate::model::resource::{Account, Connection, ServedBy};
use crate::model::value::Value;
use crate::text::to_lowercase_safe;

/// A configuration as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationRow {
    /// Its id.
    pub id: String,
    /// Slug of its provider; `None` when it is not known, so that it may be any provider.
    pub provider: Option<String>,
}

/// Everything that was read about connections.
#[derive(Clone, Copy)]
pub struct ConnectionEvidence<'a> {
    /// Generation that answers.
    pub generation: Option<u8>,
    /// The account, which decides the owner of a configuration in a row.
    pub account: Option<&'a Account>,
    /// All configurations of the account.
    pub configurations: &'a [ConfigurationRow],
    /// Rows of the bridge listing.
    pub listed: &'a [Value],
    /// Each bridge as read by its slug.
    pub bridges: &'a [Value],
    /// Rows of the numbers listing.
    pub numbers: &'a [Value],
}

/// What the rows say about one number on one bridge.
#[derive(Debug, Default)]
struct ConnectionTraces {
    /// The configurations that rows about the number name.
    named: NamedServers,
    /// What rows about the number say about its provider; the inner `None` is an explicit null.
    number_providers: BTreeSet<Option<String>>,
    /// What rows about the bridge say about its provider.
    bridge_providers: BTreeSet<Option<String>>,
    number_id: Option<u64>,
}

/// All connections, sorted by bridge and number, each once. `recorded` looks up the ledger: bridge and number to the id of
/// the configuration that telform connected. A pair that only one source shows is kept: absence proves nothing.
pub fn attribute_connections(
    evidence: &ConnectionEvidence<'_>,
    recorded: impl Fn(&str, &str) -> Option<String>,
) -> Vec<Connection> {
    gather_traces(evidence)
        .into_iter()
        .map(|((bridge, number), traces)| {
            let (served_by, other_candidates) = decide_serving(evidence, &traces, || recorded(&bridge, &number));
            // Only generation 1 refers to a number by its own id; elsewhere the ids of different listings do not agree.
            let number_id = traces.number_id.filter(|_| evidence.generation == Some(1));
            Connection { bridge, number, number_id, served_by, other_candidates }
        })
        .collect()
}

/// Bridges that name a provider and show no number: each may be served by a configuration of that provider, and the number
/// is not known (unpod.md 10, step 5). Slug of the bridge to the ids of the configurations.
pub fn unseen_candidates(evidence: &ConnectionEvidence<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let pairs = gather_traces(evidence);
    let mut unseen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in evidence.listed.iter().chain(evidence.bridges) {
        let (Some(bridge), Some(Some(slug))) = (row.get("slug").and_then(text_of), provider_in(row)) else {
            continue;
        };
        if !pairs.keys().any(|(other, _)| *other == bridge) {
            let may_serve = evidence.configurations.iter().filter(|it| it.provider.as_ref().is_none_or(|own| *own == slug));
            unseen.entry(bridge).or_default().extend(may_serve.map(|it| it.id.clone()));
        }
    }
    unseen
}

fn gather_traces(evidence: &ConnectionEvidence<'_>) -> BTreeMap<(String, String), ConnectionTraces> {
    let mut pairs: BTreeMap<(String, String), ConnectionTraces> = BTreeMap::new();
    let mut bridge_says: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    for row in evidence.listed.iter().chain(evidence.bridges) {
        let Some(bridge) = row.get("slug").and_then(text_of) else { continue };
        bridge_says.entry(bridge.clone()).or_default().extend(provider_in(row));
        for entry in row.get("numbers").and_then(Value::as_array).into_iter().flatten() {
            let Some(number) = number_in(entry) else { continue };
            pairs.entry((bridge.clone(), number)).or_default().absorb_row(entry, evidence.account);
        }
    }
    for row in evidence.numbers {
        let (Some(bridge), Some(number)) = (row.get("bridge_slug").and_then(text_of), number_in(row)) else {
            continue;
        };
        pairs.entry((bridge, number)).or_default().absorb_row(row, evidence.account);
    }
    for ((bridge, _), traces) in &mut pairs {
        traces.bridge_providers = bridge_says.get(bridge).cloned().unwrap_or_default();
    }
    pairs
}

impl ConnectionTraces {
    fn absorb_row(&mut self, row: &Value, account: Option<&Account>) {
        self.named.add(row, account);
        self.number_providers.extend(provider_in(row));
        self.number_id = self.number_id.or_else(|| row.get("number_id").and_then(whole_of));
    }
}

/// The provider that a row names: `None` when it has no such key, `Some(None)` when it says null.
fn provider_in(row: &Value) -> Option<Option<String>> {
    match row.get("provider")? {
        Value::Null => Some(None),
        // Numbers and objects are not slugs and cannot be compared.
        Value::String(slug) => {
            let slug = to_lowercase_safe(slug.trim());
            Some((!slug.is_empty()).then_some(slug))
        }
        _ => None,
    }
}

/// What serves a number, and beside a recorded configuration the others that the rows allow.
fn decide_serving(
    evidence: &ConnectionEvidence<'_>,
    traces: &ConnectionTraces,
    recorded: impl Fn() -> Option<String>,
) -> (ServedBy, BTreeSet<String>) {
    let known = |served: ServedBy| (served, BTreeSet::new());
    match traces.named.served_by() {
        // Recorded for generation 1: the link is empty, the number stays on the bridge (unpod.md 5.3). Elsewhere a null says
        // nothing by itself.
        Some(ServedBy::Unserved) if evidence.generation != Some(1) => {}
        Some(served) => return known(served),
        None => {}
    }
    let says: BTreeSet<&Option<String>> = traces.number_providers.union(&traces.bridge_providers).collect();
    let slugs: BTreeSet<&String> = says.iter().filter_map(|slug| slug.as_ref()).collect();
    // One null alone is not enough: the number's own provider may be its carrier, and the bridge's is one value for many
    // numbers (unpod.md 10, caution).
    if slugs.is_empty() && !traces.number_providers.is_empty() && !traces.bridge_providers.is_empty() {
        return known(ServedBy::Unserved);
    }
    let may_serve = |configuration: &&ConfigurationRow| {
        slugs.is_empty() || configuration.provider.as_ref().is_none_or(|slug| slugs.contains(slug))
    };
    let candidates: Vec<&ConfigurationRow> = evidence.configurations.iter().filter(may_serve).collect();
    if let ([only], 1, false) = (candidates.as_slice(), says.len(), slugs.is_empty())
        && only.provider.is_some()
    {
        return known(ServedBy::inferred(only.id.clone()));
    }
    let mut ids: BTreeSet<String> = candidates.iter().map(|candidate| candidate.id.clone()).collect();
    // The ledger decides when its entry is among the configurations that the rows allow.
    let agrees = |id: &String| {
        candidates.iter().any(|candidate| candidate.id == *id && (slugs.is_empty() || candidate.provider.is_some()))
    };
    match recorded().filter(agrees) {
        Some(id) => {
            ids.remove(&id);
            (ServedBy::recorded(id), ids)
        }
        // Without candidates it is not known who serves the number: a word that fits no configuration is not a null, and a
        // plan that treats it as one would disconnect or overwrite a working connection.
        None => known(ServedBy::OneOf(ids)),
    }
}
