//! The fate of each value that a write sent (carrierx.md 6.5): accepted, stored in a different form, not accepted, or
//! waiting for a human. Only reading shows this; a success status does not.

use std::collections::BTreeMap;

use crate::model::call::{BodyValue, CallBody, StepId};
use crate::model::kind::{AttributeType, Field, Kind};
use crate::model::ledger::{
    Digest, FingerprintKey, ManagedObject, ReshapedValue, SubmittedValue, UntakenValue, ValueIdentity, digest_of,
};
use crate::model::resource::{CatalogueEntry, DesiredObject, DesiredValue, LiveObject};
use crate::model::value::{CompactValue, Fingerprint};
use crate::plan::{Step, StepOperation};
use crate::text::fits_mask;

/// Attributes that a write sent and that the service shows differently.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnmetAttributes {
    /// Stored in a different form: neither the sent nor the earlier value.
    pub reshaped: Vec<String>,
    /// Still as they were before.
    pub not_taken: Vec<String>,
}

/// A write, and the object around it.
pub(super) struct SentWrite<'a> {
    pub(super) step: &'a Step,
    pub(super) kind: &'static Kind,
    pub(super) catalogue: &'a [CatalogueEntry],
    /// The desired object, for the fingerprints of its secrets.
    pub(super) wanted: Option<&'a DesiredObject>,
    pub(super) key: &'a FingerprintKey,
    /// Ids of the objects that steps of the run created.
    pub(super) made: BTreeMap<StepId, String>,
    /// The object right before; none where it was created, or was not read.
    pub(super) before: Option<&'a LiveObject>,
    /// The object after it, as far as something shows it.
    pub(super) after: Option<&'a LiveObject>,
}

/// The fate of one value.
enum SentValueStatus {
    /// As it was sent, or not shown.
    Taken,
    /// Not shown until a human confirms it.
    Waits(Digest),
    /// Neither the sent nor the earlier value.
    Reshaped(ReshapedValue),
    /// The earlier value. With a digest it may also wait for a human.
    NotTaken { sent: ValueIdentity, observed: ValueIdentity, waits: Option<Digest> },
}

impl SentWrite<'_> {
    /// What the object after the write shows differently from what was sent. `entry` is the ledger's entry of the object, if any.
    pub(super) fn unmet_attributes(&self, entry: Option<&ManagedObject>, account: &str, id: &str) -> UnmetAttributes {
        let mut came = UnmetAttributes::default();
        for (name, payload, field) in self.sent_attributes() {
            match self.status_of_value(field, payload, entry, account, id) {
                SentValueStatus::Taken | SentValueStatus::Waits(_) => {}
                SentValueStatus::Reshaped(_) => came.reshaped.push(name.to_owned()),
                SentValueStatus::NotTaken { .. } => came.not_taken.push(name.to_owned()),
            }
        }
        came
    }

    /// Records it, so that it is not sent again automatically.
    pub(super) fn note_unmet(&self, entry: &mut ManagedObject, run: &str, now: &dyn Fn() -> String) -> UnmetAttributes {
        let came = self.unmet_attributes(Some(entry), &entry.account, &entry.id);
        for (name, payload, field) in self.sent_attributes() {
            let fate = self.status_of_value(field, payload, Some(entry), &entry.account, &entry.id);
            entry.reshaped.remove(name);
            entry.submitted.remove(name);
            entry.not_taken.remove(name);
            let submitted = |digest| SubmittedValue { digest, since: now() };
            match fate {
                SentValueStatus::Taken => {}
                SentValueStatus::Waits(digest) => {
                    entry.submitted.insert(name.to_owned(), submitted(digest));
                }
                SentValueStatus::Reshaped(reshaped) => {
                    entry.reshaped.insert(name.to_owned(), reshaped);
                }
                SentValueStatus::NotTaken { sent, observed, waits } => {
                    let untaken = UntakenValue { sent, observed, run: run.to_owned() };
                    entry.not_taken.insert(name.to_owned(), untaken);
                    if let Some(digest) = waits {
                        entry.submitted.insert(name.to_owned(), submitted(digest));
                    }
                }
            }
        }
        came
    }

    fn sent_attributes(&self) -> impl Iterator<Item = (&str, &BodyValue, &'static Field)> {
        let entries = self.step.call.body.iter().flat_map(CallBody::own_entries);
        // What a link holds is confirmed by its read-back.
        let field = |name: &str| self.kind.field(name).filter(|field| !field.ty.is_links());
        entries.filter_map(move |(name, payload)| Some((name.as_str(), payload, field(name)?)))
    }

    fn status_of_value(
        &self,
        field: &'static Field,
        payload: &BodyValue,
        entry: Option<&ManagedObject>,
        account: &str,
        id: &str,
    ) -> SentValueStatus {
        let Some(after) = self.after else { return SentValueStatus::Taken };
        let fate = match payload {
            BodyValue::Value(sent) => self.status_of_plain_value(field, sent, after),
            BodyValue::Secret { .. } => self.status_of_secret(field, after, account, id).unwrap_or(SentValueStatus::Taken),
            BodyValue::IdOf(_) => SentValueStatus::Taken,
            BodyValue::WithIds { value, ids } => {
                let id_of = |step: &str| self.made.get(step).cloned().ok_or_else(String::new);
                match BodyValue::fill_ids(&value.json(), ids, id_of) {
                    Ok(sent) => self.status_of_plain_value(field, &sent.into(), after),
                    Err(_) => SentValueStatus::Taken,
                }
            }
        };
        let known = entry.and_then(|entry| entry.reshaped.get(field.name));
        match fate {
            // Sent again, and stored again in the same form of the service.
            SentValueStatus::NotTaken { sent, observed, .. }
                if known.is_some_and(|it| it.sent == sent && it.observed == observed) =>
            {
                SentValueStatus::Reshaped(ReshapedValue { sent, observed })
            }
            fate => fate,
        }
    }

    fn status_of_plain_value(&self, field: &'static Field, sent: &CompactValue, after: &LiveObject) -> SentValueStatus {
        // A masked text is not the value.
        if after.echoes_secret_in(field.name) {
            return SentValueStatus::Taken;
        }
        // Shown in part only: where it may be the sent value, it does not contradict it.
        if let Some(masked) = after.masked.get(field.name).and_then(CompactValue::as_str)
            && sent.as_str().is_none_or(|sent| fits_mask(masked, sent))
        {
            return SentValueStatus::Taken;
        }
        let observed = after.shown_value(field.name).unwrap_or(&CompactValue::Null);
        let created = matches!(self.step.operation, StepOperation::Create { .. });
        // The service spells a catalogue entry in its own way, and the entry of a new object was just requested.
        if field.same_in(self.catalogue, sent, observed) || (created && field.ty == AttributeType::CatalogueEntry) {
            return SentValueStatus::Taken;
        }
        let digest = |value| digest_of(&field.canonical_in(self.catalogue, value));
        let is_null = |value| field.normaliser.canonicalize(value).is_null();
        let waits = (field.needs_verification && !is_null(sent)).then(|| digest(sent));
        let kept = field.same_in(self.catalogue, &self.value_before(field), observed);
        match waits {
            // An address that waits reads as null; one that reads as before may wait, or was not accepted (carrierx.md 7).
            Some(digest) if !kept || is_null(observed) => SentValueStatus::Waits(digest),
            _ if kept => SentValueStatus::NotTaken {
                sent: ValueIdentity::Value(digest(sent)),
                observed: ValueIdentity::Value(digest(observed)),
                waits,
            },
            _ => SentValueStatus::Reshaped(ReshapedValue {
                sent: ValueIdentity::Value(digest(sent)),
                observed: ValueIdentity::Value(digest(observed)),
            }),
        }
    }

    /// The value right before the write: as it was read then, else as the plan saw it, which the comparison right before it
    /// confirmed.
    fn value_before(&self, field: &Field) -> CompactValue {
        let read = self.before.and_then(|object| object.shown_value(field.name)).cloned();
        match &self.step.operation {
            StepOperation::Update { before, .. } if self.before.is_none() => {
                before.get(field.name).map_or(CompactValue::Null, CompactValue::from)
            }
            StepOperation::Update { .. } => read.unwrap_or(CompactValue::Null),
            _ => CompactValue::Null,
        }
    }

    /// A secret that the service returns in clear. `None`: its fate is not shown.
    fn status_of_secret(&self, field: &Field, after: &LiveObject, account: &str, id: &str) -> Option<SentValueStatus> {
        let Some(DesiredValue::Secret(secret)) = self.wanted?.attributes.get(field.name) else { return None };
        let (sent, observed) = (secret.fingerprint.as_ref()?, after.secrets.get(field.name)?.as_ref()?);
        if sent == observed {
            return Some(SentValueStatus::Taken);
        }
        let was = match self.step.operation {
            StepOperation::Create { .. } => Fingerprint::NOTHING,
            _ => self.before?.secrets.get(field.name)?.clone()?,
        };
        let seal = |print| ValueIdentity::Secret(self.key.seal_fingerprint(account, id, field.name, print));
        let (sent, kept) = (seal(sent), was == *observed);
        let observed = seal(observed);
        Some(if kept {
            SentValueStatus::NotTaken { sent, observed, waits: None }
        } else {
            SentValueStatus::Reshaped(ReshapedValue { sent, observed })
        })
    }
}

/// The ids that the body of a step holds and that other steps created.
pub(super) fn ids_used(step: &Step, id_of: impl Fn(&str) -> Option<String>) -> BTreeMap<StepId, String> {
    let used = step.call.body.iter().flat_map(CallBody::own_entries).flat_map(|(_, sent)| sent.steps_used());
    used.filter_map(|used| Some((used.clone(), id_of(used)?))).collect()
}

/// What a service now shows of an attribute, in the form that the ledger recognises. `None`: it shows nothing that
/// could be compared.
pub(super) fn mark_of_shown(
    field: &Field,
    catalogue: &[CatalogueEntry],
    live: &LiveObject,
    entry: &ManagedObject,
    key: &FingerprintKey,
) -> Option<ValueIdentity> {
    if field.ty == AttributeType::Secret {
        let print = live.secrets.get(field.name)?.as_ref()?;
        return Some(ValueIdentity::Secret(key.seal_fingerprint(entry.seal_account(), &entry.id, field.name, print)));
    }
    let shown = live.shown_value(field.name).unwrap_or(&CompactValue::Null);
    Some(ValueIdentity::Value(digest_of(&field.canonical_in(catalogue, shown))))
}
