//! What an entry must not take for its object: what belongs to others, and what only looks like it. Of natural keys that people
//! take for one another: what is created beside a live object of nearly the same spelling is mostly a
//! slip, and a partner cannot be deleted again.

use super::Inputs;
use super::find::{Finding, Findings};
use super::note::RefusalCode;
use super::shelf::Shelf;
use crate::kind::Kind;
use crate::ledger::Entry;
use crate::resource::{DesiredObject, LiveObject, Wanted};
use crate::text::told_apart;

/// A natural key that an object is going to get, and that people would take for the one of another: what cannot be deleted is
/// not made because of a letter.
pub(super) fn beware<'a>(
    inputs: &Inputs<'a>,
    object: &DesiredObject,
    kind: &Kind,
    key: &str,
    finding: Finding<'a>,
    shelf: &Shelf<'a>,
    findings: &mut Findings<'a>,
) {
    let own = match finding {
        Finding::Live(live) => Some(live.id.as_str()),
        _ => None,
    };
    let exact = shelf.with_key(key);
    let other =
        |live: &&LiveObject| own != Some(live.id.as_str()) && !exact.iter().any(|exact| exact.id == live.id);
    if inputs.options.destroy || inputs.options.allow_similar.contains(&object.address) {
        return;
    }
    let Some(live) = shelf.alike(key).find(other) else { return };
    let parts = kind.natural_key.iter().filter_map(|name| {
        let Some(Wanted::Value(wanted)) = object.attributes.get(name) else { return None };
        let (wanted, there) = (wanted.text()?, live.attributes.get(name)?.text()?);
        (wanted != there).then(|| {
            let (wanted, there) = told_apart(&wanted, &there);
            format!("{name} {wanted} is {there} there")
        })
    });
    let detail = format!(
        "{} {} differs only in letter case, spaces or Unicode form: {}",
        kind.singular,
        live.id,
        parts.collect::<Vec<_>>().join(", ")
    );
    findings.refuse(object, RefusalCode::SimilarExists, detail);
}

/// What an entry means may belong to another organization, or to none: that is never taken, whoever knows its identity.
pub(super) fn foreign<'a>(
    inputs: &Inputs<'a>,
    object: &DesiredObject,
    entry: Option<&Entry>,
    kind: &Kind,
    findings: &mut Findings<'a>,
) -> Option<Finding<'a>> {
    // Where the natural key is the identity, a foreign object keeps it from everybody else (unpod.md 6.2).
    let key = match object.attributes.get(kind.id).filter(|_| kind.natural_key.contains(&kind.id)) {
        Some(Wanted::Value(value)) => value.as_str(),
        _ => None,
    };
    let known = entry.map(|entry| entry.id.as_str());
    let told = object.id.as_deref().into_iter().chain(known).chain(key);
    let (id, owner) =
        told.filter_map(|id| Some((id, inputs.foreign_owner(&object.account, kind.name, id)?))).next()?;
    let detail = format!("{} {id} belongs to {owner}", kind.singular);
    findings.refuse(object, RefusalCode::ForeignObject, detail);
    Some(Finding::Stuck)
}
