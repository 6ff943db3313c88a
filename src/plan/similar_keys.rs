//! Which objects an entry must not match: those that belong to others, and those that only look alike. This includes natural
//! keys that people confuse: an object created beside a live one of nearly the same spelling is usually a mistake, and a
//! partner cannot be deleted again.

use super::Inputs;
use super::diagnostics::RefusalCode;
use super::live_index::{LiveIndex, wanted_key};
use super::matching::{MatchOutcome, Matches};
use crate::model::kind::Kind;
use crate::model::ledger::ManagedObject;
use crate::model::resource::{DesiredObject, DesiredValue, LiveObject};
use crate::text::quote_distinctly;

/// A natural key that an object is to get and that people would confuse with that of another: an object that cannot be
/// deleted is not created because of one letter.
pub(super) fn refuse_similar_key<'a>(
    inputs: &Inputs<'a>,
    object: &DesiredObject,
    kind: &Kind,
    key: &str,
    finding: MatchOutcome<'a>,
    shelf: &LiveIndex<'a>,
    findings: &mut Matches<'a>,
) {
    let own = match finding {
        MatchOutcome::Live(live) => Some(live.id.as_str()),
        _ => None,
    };
    let exact = shelf.with_key(key);
    let other = |live: &&LiveObject| own != Some(live.id.as_str()) && !exact.iter().any(|exact| exact.id == live.id);
    if inputs.options.destroy || inputs.options.allow_similar.contains(&object.address) {
        return;
    }
    let Some(live) = shelf.with_similar_key(key).find(other) else { return };
    let parts = kind.natural_key.iter().filter_map(|name| {
        let Some(DesiredValue::Value(wanted)) = object.attributes.get(name) else { return None };
        let (wanted, there) = (wanted.text()?, live.attributes.get(name)?.text()?);
        (wanted != there).then(|| {
            let (wanted, there) = quote_distinctly(&wanted, &there);
            format!("{name} {wanted} is {there} there")
        })
    });
    let detail = format!(
        "{} {} differs only in letter case, spaces or Unicode form: {}",
        kind.singular,
        live.id,
        parts.collect::<Vec<_>>().join(", ")
    );
    findings.remarks.refuse(object, RefusalCode::SimilarExists, detail);
}

/// The object of an entry may belong to another organization, or to none: such an object is never managed, even if its
/// identity is known.
pub(super) fn refuse_foreign_object<'a>(
    inputs: &Inputs<'a>,
    object: &DesiredObject,
    entry: Option<&ManagedObject>,
    kind: &Kind,
    findings: &mut Matches<'a>,
) -> Option<MatchOutcome<'a>> {
    // Where the natural key is the identity, a foreign object prevents all others from using it (unpod.md 6.2).
    let key = match object.attributes.get(kind.id).filter(|_| kind.natural_key.contains(&kind.id)) {
        Some(DesiredValue::Value(value)) => value.as_str(),
        _ => None,
    };
    let known = entry.map(|entry| entry.id.as_str());
    let told = object.id.as_deref().into_iter().chain(known).chain(key);
    let (id, owner) = told.filter_map(|id| Some((id, inputs.foreign_owner(&object.account, kind.name, id)?))).next()?;
    let detail = format!("{} {id} belongs to {owner}", kind.singular);
    findings.remarks.refuse(object, RefusalCode::ForeignObject, detail);
    Some(MatchOutcome::Blocked)
}

/// The object of an entry may be inherited from another account: such an object may be named, and is never managed.
pub(super) fn refuse_inherited_object<'a>(
    inputs: &Inputs<'a>,
    object: &DesiredObject,
    keyed: &DesiredObject,
    entry: Option<&ManagedObject>,
    kind: &Kind,
    shelf: &LiveIndex<'a>,
    findings: &mut Matches<'a>,
) -> Option<MatchOutcome<'a>> {
    kind.inherited_when?;
    let known = object.id.as_deref().or(entry.map(|entry| entry.id.as_str()));
    let by_id = known.and_then(|id| shelf.by_id.get(id).copied());
    // What the natural key finds only counts where no id does.
    let by_key = || {
        let key = wanted_key(kind, inputs.facts_of_account(&object.account), keyed).filter(|_| object.id.is_none())?;
        shelf.nearest_with_key(&key).first().copied()
    };
    let live = by_id.or_else(by_key).filter(|live| live.is_inherited(kind))?;
    findings.remarks.refuse(object, RefusalCode::Inherited, describe_inherited(kind, live));
    Some(MatchOutcome::Blocked)
}

/// Why nothing is done with an inherited object.
pub(super) fn describe_inherited(kind: &Kind, live: &LiveObject) -> String {
    let marker = kind.inherited_when.map_or("", |(name, _)| name);
    format!("{} {} is inherited (`{marker}`): it belongs to the account above this one", kind.singular, live.id)
}
