//! What became of each value that a write sent (carrierx.md 6.5): taken, kept in another form, not taken, or waiting for a
//! human. A success status says nothing about that, only reading does.

use crate::backend::unpod::catalogue;
use crate::call::Payload;
use crate::kind::{Field, Kind, Type};
use crate::ledger::{Digest, Entry, Key, Mark, Reshaped, Submitted, Untaken, digest_of};
use crate::plan::{Operation, Step};
use crate::resource::{CatalogueEntry, DesiredObject, LiveObject, Wanted};
use crate::text::fits_mask;
use crate::value::{Fingerprint, Packed};

/// Attributes that a write sent and that the service does not show as they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Came {
    /// Kept in another form: neither what was sent nor what was there.
    pub reshaped: Vec<String>,
    /// Still as they were before.
    pub not_taken: Vec<String>,
}

/// A write, and the object around it.
pub(super) struct Write<'a> {
    pub(super) step: &'a Step,
    pub(super) kind: &'static Kind,
    pub(super) catalogue: &'a [CatalogueEntry],
    /// What was wanted, for the fingerprints of its secrets.
    pub(super) wanted: Option<&'a DesiredObject>,
    pub(super) key: &'a Key,
    /// The object right before; none where it was made, or was not read.
    pub(super) before: Option<&'a LiveObject>,
    /// The object after it, as far as something shows it.
    pub(super) after: Option<&'a LiveObject>,
}

/// What became of one value.
enum Fate {
    /// As it was sent, or nothing shows it.
    Taken,
    /// Not shown until a human confirms it.
    Waits(Digest),
    /// Neither what was sent nor what was there.
    Reshaped(Reshaped),
    /// What was there before. With a digest it may also wait for a human.
    NotTaken { sent: Mark, observed: Mark, waits: Option<Digest> },
}

impl Write<'_> {
    /// What the object after it shows otherwise than it was sent. `entry` is what the ledger knows of the object, if anything.
    pub(super) fn came(&self, entry: Option<&Entry>, account: &str, id: &str) -> Came {
        let mut came = Came::default();
        for (name, payload, field) in self.sent() {
            match self.fate(field, payload, entry, account, id) {
                Fate::Taken | Fate::Waits(_) => {}
                Fate::Reshaped(_) => came.reshaped.push(name.clone()),
                Fate::NotTaken { .. } => came.not_taken.push(name.clone()),
            }
        }
        came
    }

    /// Notes it, so that it is not sent again by itself.
    pub(super) fn note(&self, entry: &mut Entry, run: &str, now: &dyn Fn() -> String) -> Came {
        let came = self.came(Some(entry), &entry.account, &entry.id);
        for (name, payload, field) in self.sent() {
            let fate = self.fate(field, payload, Some(entry), &entry.account, &entry.id);
            entry.reshaped.remove(name);
            entry.submitted.remove(name);
            entry.not_taken.remove(name);
            let submitted = |digest| Submitted { digest, since: now() };
            match fate {
                Fate::Taken => {}
                Fate::Waits(digest) => {
                    entry.submitted.insert(name.clone(), submitted(digest));
                }
                Fate::Reshaped(reshaped) => {
                    entry.reshaped.insert(name.clone(), reshaped);
                }
                Fate::NotTaken { sent, observed, waits } => {
                    let untaken = Untaken { sent, observed, run: run.to_owned() };
                    entry.not_taken.insert(name.clone(), untaken);
                    if let Some(digest) = waits {
                        entry.submitted.insert(name.clone(), submitted(digest));
                    }
                }
            }
        }
        came
    }

    fn sent(&self) -> impl Iterator<Item = (&String, &Payload, &'static Field)> {
        let entries = self.step.call.body.iter().flat_map(crate::call::Body::entries);
        entries.filter_map(|(name, payload)| Some((name, payload, self.kind.field(name)?)))
    }

    fn fate(
        &self,
        field: &'static Field,
        payload: &Payload,
        entry: Option<&Entry>,
        account: &str,
        id: &str,
    ) -> Fate {
        let Some(after) = self.after else { return Fate::Taken };
        let fate = match payload {
            Payload::Value(sent) => self.value(field, &Packed::from(sent), after),
            Payload::Secret { .. } => self.secret(field, after, account, id).unwrap_or(Fate::Taken),
            Payload::IdOf(_) => Fate::Taken,
        };
        let known = entry.and_then(|entry| entry.reshaped.get(field.name));
        match fate {
            // Sent again, and kept in the same form of the service's own again.
            Fate::NotTaken { sent, observed, .. }
                if known.is_some_and(|it| it.sent == sent && it.observed == observed) =>
            {
                Fate::Reshaped(Reshaped { sent, observed })
            }
            fate => fate,
        }
    }

    fn value(&self, field: &'static Field, sent: &Packed, after: &LiveObject) -> Fate {
        // Shown in part only: where it may be what was sent, it says nothing against that.
        if let Some(masked) = after.masked.get(field.name).and_then(Packed::as_str)
            && sent.as_str().is_none_or(|sent| fits_mask(masked, sent))
        {
            return Fate::Taken;
        }
        let observed = after.shown(field.name).unwrap_or(&Packed::Null);
        let created = matches!(self.step.operation, Operation::Create { .. });
        // The service writes a catalogue entry in its own words, and of a new object it has just been asked for one.
        if catalogue::alike(field, self.catalogue, sent, observed)
            || (created && field.ty == Type::CatalogueEntry)
        {
            return Fate::Taken;
        }
        let digest = |value| digest_of(&catalogue::canonical(field, self.catalogue, value));
        let is_null = |value| field.normaliser.canonical(value).is_null();
        let waits = (field.verified && !is_null(sent)).then(|| digest(sent));
        let kept = catalogue::alike(field, self.catalogue, &self.was(field), observed);
        match waits {
            // An address that waits reads as null; one that reads as before may wait, or was not taken (carrierx.md 7).
            Some(digest) if !kept || is_null(observed) => Fate::Waits(digest),
            _ if kept => Fate::NotTaken {
                sent: Mark::Value(digest(sent)),
                observed: Mark::Value(digest(observed)),
                waits,
            },
            _ => Fate::Reshaped(Reshaped {
                sent: Mark::Value(digest(sent)),
                observed: Mark::Value(digest(observed)),
            }),
        }
    }

    /// The value right before the write: as it was read then, else as the plan saw it, which comparing right before it held.
    fn was(&self, field: &Field) -> Packed {
        let read = self.before.and_then(|object| object.shown(field.name)).cloned();
        match &self.step.operation {
            Operation::Update { before, .. } if self.before.is_none() => {
                before.get(field.name).map_or(Packed::Null, Packed::from)
            }
            Operation::Update { .. } => read.unwrap_or(Packed::Null),
            _ => Packed::Null,
        }
    }

    /// A secret that the service gives back in clear. `None`: nothing shows what became of it.
    fn secret(&self, field: &Field, after: &LiveObject, account: &str, id: &str) -> Option<Fate> {
        let Some(Wanted::Secret(secret)) = self.wanted?.attributes.get(field.name) else { return None };
        let (sent, observed) = (secret.fingerprint.as_ref()?, after.secrets.get(field.name)?.as_ref()?);
        if sent == observed {
            return Some(Fate::Taken);
        }
        let was = match self.step.operation {
            Operation::Create { .. } => Fingerprint::NOTHING,
            _ => self.before?.secrets.get(field.name)?.clone()?,
        };
        let seal = |print| Mark::Secret(self.key.seal(account, id, field.name, print));
        let (sent, kept) = (seal(sent), was == *observed);
        let observed = seal(observed);
        Some(if kept {
            Fate::NotTaken { sent, observed, waits: None }
        } else {
            Fate::Reshaped(Reshaped { sent, observed })
        })
    }
}

/// What a service shows of an attribute now, as the ledger would know it again. `None`: it shows nothing that could be
/// compared.
pub(super) fn mark(
    field: &Field,
    catalogue: &[CatalogueEntry],
    live: &LiveObject,
    entry: &Entry,
    key: &Key,
) -> Option<Mark> {
    if field.ty == Type::Secret {
        let print = live.secrets.get(field.name)?.as_ref()?;
        return Some(Mark::Secret(key.seal(entry.seal_account(), &entry.id, field.name, print)));
    }
    let shown = live.shown(field.name).unwrap_or(&Packed::Null);
    Some(Mark::Value(digest_of(&catalogue::canonical(field, catalogue, shown))))
}
