//! What differs, for people: one [`Change`] for each object, and the comparison that finds it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::note::{Notice, NoticeCode, Refusal, RefusalCode};
use super::taken::{NotTaken, Sent};
use crate::backend::unpod::catalogue;
use crate::call::StepId;
use crate::kind::{Access, Field, Kind, Type};
use crate::ledger::{Entry, Key};
use crate::resource::{Address, CatalogueEntry, DesiredObject, LiveObject, Wanted};
use crate::text::{apart, fits_mask};
use crate::value::{Packed, Value};

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// Some of its attributes or numbers change.
    Update,
    /// A new object takes its place, its numbers move, and it is deleted.
    Replace,
    /// It is deleted.
    Delete,
}

impl Action {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
        }
    }
}

/// What differs for one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its address.
    pub address: Address,
    /// Its account.
    pub account: String,
    /// Account that it leaves, when it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_account: Option<String>,
    /// Further accounts that it leaves: moves before this one were cut off there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_leaves: Vec<String>,
    /// What happens.
    pub action: Action,
    /// Its identity now, when it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Attributes that change, in the order of the kind's table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeChange>,
    /// Why it changes, when the attributes do not say so themselves: the tombstone's reason, the missing entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The requests that carry it out, in order.
    pub steps: Vec<StepId>,
}

/// What differs for one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Its name.
    pub name: String,
    /// What the service shows.
    pub before: Shown,
    /// What it shall be.
    pub after: Shown,
    /// A change of it may have effects that the service does not describe.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub risky: bool,
}

/// A value as a plan may show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Nothing is known or nothing is there.
    Absent,
    /// This value.
    Value(Value),
    /// A secret, by what is known about it.
    Secret(SecretWord),
}

/// What can honestly be said about a secret (spec 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretWord {
    /// There is one; nothing more can be said.
    Set,
    /// Written with the object that is created.
    New,
    /// Changed in the configuration: will be written.
    Changed,
    /// The user asked for it to be written again.
    Rewritten,
    /// Sent, and not what the service gives back.
    NotTaken,
    /// The configuration is as telform last wrote it, and the service shows another one.
    ChangedOutside,
    /// The service shows another one, and nobody knows which of the two changed.
    Differs,
    /// The service never gives it back: nobody knows which it is.
    WriteOnly,
}

impl SecretWord {
    /// What stands in the place of the secret.
    pub fn text(self) -> &'static str {
        match self {
            Self::Set => "(secret)",
            Self::New => "(secret, will be written)",
            Self::Changed => "(secret, changed in the configuration: will be written)",
            Self::Rewritten => "(secret, will be written again as asked)",
            Self::NotTaken => "(secret, another one than was sent)",
            Self::ChangedOutside => "(secret, changed at the service: will be written)",
            Self::Differs => "(secret, not the one that the service shows: will be written)",
            Self::WriteOnly => "(unknown, write-only)",
        }
    }
}

/// The differences of one object that exists, and what could not be decided.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Attributes to write with an ordinary update.
    pub(super) update: Vec<AttributeChange>,
    /// Attributes that were sent before and are kept otherwise: a PUT leaves them as they are.
    pub(super) held: BTreeSet<&'static str>,
    /// Attributes that were sent and not taken.
    pub(super) not_taken: Vec<NotTaken>,
    /// Attributes whose difference needs a new object.
    pub(super) replace: Vec<AttributeChange>,
    /// Things worth saying.
    pub(super) notices: Vec<Notice>,
    /// Differences that this API cannot carry out.
    pub(super) refusals: Vec<Refusal>,
}

/// Everything that one comparison looks at.
pub(super) struct Comparison<'a> {
    pub(super) wanted: &'a DesiredObject,
    pub(super) kind: &'static Kind,
    pub(super) live: &'a LiveObject,
    pub(super) entry: Option<&'a Entry>,
    /// Whether the sealed secrets of the entry were sealed with the key at hand.
    pub(super) secrets_readable: bool,
    pub(super) key: &'a Key,
    pub(super) catalogue: &'a [CatalogueEntry],
    /// Whether the catalogue could be read; without it nobody can tell whether two words mean one provider.
    pub(super) catalogue_known: bool,
    /// Whether `--rewrite-secret` names this attribute.
    pub(super) rewrite: &'a dyn Fn(&str) -> bool,
    /// Settings of the account.
    pub(super) switches: &'a BTreeSet<String>,
    /// Whether `--resend` names this attribute.
    pub(super) resend: &'a dyn Fn(&str) -> bool,
}

impl Comparison<'_> {
    /// Compares every attribute that the YAML mentions and does not ignore; the rest is left alone (spec 2.1).
    pub(super) fn run(&self) -> Difference {
        let mut found = Difference::default();
        let place = |name: &str| self.kind.fields.iter().position(|field| field.name == name);
        let stated = self.wanted.attributes.iter().filter(|(name, _)| !self.wanted.ignore.contains(**name));
        let mut stated: Vec<_> = stated.filter_map(|(name, wanted)| Some((place(name)?, wanted))).collect();
        stated.sort_unstable_by_key(|(place, _)| *place);
        for (place, wanted) in stated {
            let field = &self.kind.fields[place];
            match wanted {
                Wanted::Secret(secret) => self.secret(field, secret, &mut found),
                Wanted::Value(value) => self.plain(field, value, &mut found),
            }
        }
        found
    }

    fn plain(&self, field: &'static Field, wanted: &Packed, found: &mut Difference) {
        // Shown in part only: what may be the wanted value is never drift (unpod.md U3).
        let masked = self.live.masked.get(field.name);
        if let Some(masked) = masked.and_then(Packed::as_str)
            && wanted.as_str().is_some_and(|wanted| fits_mask(masked, wanted))
        {
            found.notices.push(self.notice(NoticeCode::NotShown, field, Some(masked)));
            return;
        }
        let shown = self.live.shown(field.name);
        let observed = shown.unwrap_or(&Packed::Null);
        let stated = wanted;
        let wanted = &self.as_far_as_supplied(stated, observed);
        if catalogue::alike(field, self.catalogue, wanted, observed) {
            self.in_part(field, observed, found);
            return self.not_supplied(NoticeCode::SecretNotSupplied, field, stated, found);
        }
        self.not_supplied(NoticeCode::SecretNeeded, field, stated, found);
        let wanted = stated;
        let change = AttributeChange {
            name: field.name.to_owned(),
            before: shown.map_or(Shown::Absent, |value| Shown::Value(self.called(field, value).json())),
            after: Shown::Value(self.called(field, wanted).json()),
            risky: field.risky,
        };
        match field.access {
            Access::ReadOnly | Access::CarriedOver => {}
            _ if field.ty == Type::CatalogueEntry && !self.catalogue_known => {
                found.refusals.push(Refusal {
                    code: RefusalCode::NotInCatalogue,
                    address: Some(self.wanted.address.clone()),
                    account: self.wanted.account.clone(),
                    attribute: Some(field.name.to_owned()),
                    detail: format!(
                        "the catalogue could not be read, so nobody can tell whether {} and {} are the same provider",
                        short(wanted),
                        short(observed)
                    ),
                    place: self.wanted.places.get(field.name).map(ToString::to_string),
                });
            }
            access => match (access, self.sent_before(field, wanted, &change, observed)) {
                (_, Some(Sent::NotTaken(untaken))) => {
                    found.held.insert(field.name);
                    found.not_taken.push(untaken);
                }
                // The service may have completed it on create, as with a suffix to a slug (unpod.md 6.1).
                (Access::Replace, Some(Sent::Noted(_))) => {}
                (_, Some(Sent::Noted(notice))) => {
                    if notice.code == NoticeCode::Reshaped {
                        found.held.insert(field.name);
                    }
                    found.notices.push(notice);
                }
                (Access::Replace, None) => found.replace.push(change),
                (Access::CreateOnly, None) => self.create_only(field, wanted, shown, found),
                (Access::Modifiable | Access::ReadOnly | Access::CarriedOver, None) => {
                    found.update.push(change)
                }
            },
        }
    }

    /// A value for people: an entry of the catalogue by the word that the catalogue has for it, where that means it alone.
    fn called(&self, field: &Field, value: &Packed) -> Packed {
        let entry =
            (field.ty == Type::CatalogueEntry).then(|| catalogue::resolve(self.catalogue, value)).flatten();
        let word = entry.map(|entry| Packed::from(entry.slug.as_deref().unwrap_or(&entry.name)));
        word.filter(|word| catalogue::resolve(self.catalogue, word) == entry).unwrap_or_else(|| value.clone())
    }

    fn create_only(
        &self,
        field: &'static Field,
        wanted: &Packed,
        shown: Option<&Packed>,
        found: &mut Difference,
    ) {
        let Some(observed) = shown else {
            found.notices.push(self.notice(NoticeCode::NotShown, field, None));
            return;
        };
        if field.normaliser.canonical(wanted).is_null() {
            return; // Nothing asked for: what the service chose stands.
        }
        if observed.is_null() && self.dropped(field) {
            found.notices.push(self.notice(NoticeCode::DroppedByService, field, None));
            return;
        }
        found.refusals.push(Refusal {
            code: RefusalCode::CreateOnly,
            address: Some(self.wanted.address.clone()),
            account: self.wanted.account.clone(),
            attribute: Some(field.name.to_owned()),
            detail: {
                let (is, wanted) = apart(short(observed), short(wanted));
                format!(
                    "{} cannot be changed by this API: it is {is}, the configuration says {wanted}",
                    field.name
                )
            },
            place: self.wanted.places.get(field.name).map(ToString::to_string),
        });
    }

    /// Whether the service drops this value because another attribute has not the value that gives it a meaning.
    fn dropped(&self, field: &Field) -> bool {
        let Some((other, needed)) = field.only_with else { return false };
        let value = match self.wanted.attributes.get(other) {
            Some(Wanted::Value(value)) => Some(value),
            _ => self.live.attributes.get(other),
        };
        value.and_then(Packed::as_str) != Some(needed)
    }

    pub(super) fn notice(&self, code: NoticeCode, field: &Field, detail: Option<&str>) -> Notice {
        Notice {
            code,
            address: Some(self.wanted.address.clone()),
            account: self.wanted.account.clone(),
            attribute: Some(field.name.to_owned()),
            detail: detail.map(str::to_owned),
        }
    }
}

/// The attributes of an object that is created, as people see them. A secret that was not supplied is shown like one that
/// was: apply stops before the first write when it has to send it.
pub(super) fn of_new(wanted: &DesiredObject, kind: &'static Kind) -> Vec<AttributeChange> {
    let shown = |field: &Field, value: &Wanted| AttributeChange {
        name: field.name.to_owned(),
        before: Shown::Absent,
        after: match value {
            Wanted::Value(value) => Shown::Value(value.json()),
            Wanted::Secret(_) => Shown::Secret(SecretWord::New),
        },
        risky: false,
    };
    kind.fields
        .iter()
        .filter_map(|field| wanted.attributes.get(field.name).map(|value| shown(field, value)))
        .filter(|change| change.after != Shown::Value(Value::Null))
        .collect()
}

/// The attributes of an object that is deleted.
pub(super) fn of_deleted(live: &LiveObject, kind: &'static Kind) -> Vec<AttributeChange> {
    let key: BTreeMap<_, _> =
        kind.natural_key.iter().map(|name| (*name, live.attributes.get(name))).collect();
    key.into_iter()
        .filter_map(|(name, value)| {
            value.map(|value| AttributeChange {
                name: name.to_owned(),
                before: Shown::Value(value.json()),
                after: Shown::Absent,
                risky: false,
            })
        })
        .collect()
}

/// A value in one short line, for messages.
pub(super) fn short(value: &Packed) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        text
    } else {
        format!("{}…", text.chars().take(59).collect::<String>())
    }
}
