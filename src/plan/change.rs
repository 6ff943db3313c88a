//! Differences for people: one [`Change`] for each object, and the comparison that finds it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use super::not_taken::{NotTakenValue, SentBefore};
use super::references::{ReferenceNames, awaits_id};
use super::remarks::Remarks;
use crate::model::call::StepId;
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind};
use crate::model::ledger::{FingerprintKey, ManagedObject};
use crate::model::resource::{AccountSettings, Address, CatalogueEntry, DesiredObject, DesiredValue, LiveObject};
use crate::model::value::CompactValue;
use crate::text::{distinguish_pair, fits_mask};

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is made.
    Create,
    /// Some of its attributes or numbers change.
    Update,
    /// A new object replaces it, its numbers move, and it is deleted.
    Replace,
    /// It is deleted.
    Delete,
}

impl ChangeAction {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
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
    /// Further accounts that it leaves: earlier moves were interrupted there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_leaves: Vec<String>,
    /// What happens.
    pub action: ChangeAction,
    /// Its identity now, when it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Attributes that change, in the order of the kind's table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeChange>,
    /// Why it changes, when the attributes do not show it: the tombstone's reason, the missing entry.
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
    pub before: ShownValue,
    /// The wanted value.
    pub after: ShownValue,
    /// A change of it may have effects that the service does not describe.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub risky: bool,
    /// Where a secret comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A value as a plan may show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownValue {
    /// No value, or no known value.
    Absent,
    /// This value.
    Value(CompactValue),
    /// A secret, represented by what is known about it.
    Secret(SecretState),
}

/// What is known about a secret (`docs/explanation/secrets.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretState {
    /// A secret exists; nothing more is known.
    Set,
    /// Written with the object that is created.
    New,
    /// Changed in the configuration: will be written.
    Changed,
    /// The user requested that it be written again.
    Rewritten,
    /// It was sent, and the service returns a different one.
    NotTaken,
    /// The configuration is as telform last wrote it, and the service shows a different secret.
    ChangedOutside,
    /// The service shows a different secret, and it is not known which of the two changed.
    Differs,
    /// The service never returns it, so its value is unknown.
    WriteOnly,
}

impl SecretState {
    /// What replaces the secret.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Set => "(secret)",
            Self::New => "(secret, will be written)",
            Self::Changed => "(secret, changed in the configuration: will be written)",
            Self::Rewritten => "(secret, will be written again as asked)",
            Self::NotTaken => "(secret, differs from the one that was sent)",
            Self::ChangedOutside => "(secret, changed at the service: will be written)",
            Self::Differs => "(secret, differs from the one that the service shows: will be written)",
            Self::WriteOnly => "(unknown, write-only)",
        }
    }
}

/// The differences of one object that exists, and what could not be decided.
#[derive(Debug, Default)]
pub(super) struct ObjectDifference {
    /// Attributes to write with an ordinary update.
    pub(super) update: Vec<AttributeChange>,
    /// Attributes that were sent before and are stored in a different form: a PUT leaves them as they are.
    pub(super) not_resent: BTreeSet<&'static str>,
    /// Attributes that were sent and not accepted.
    pub(super) not_taken: Vec<NotTakenValue>,
    /// Attributes whose difference needs a new object.
    pub(super) replace: Vec<AttributeChange>,
    /// Things worth saying, and differences that this API cannot carry out.
    pub(super) remarks: Remarks,
}

/// The inputs of one comparison.
pub(super) struct Comparison<'a> {
    pub(super) wanted: &'a DesiredObject,
    pub(super) kind: &'static Kind,
    pub(super) live: &'a LiveObject,
    pub(super) entry: Option<&'a ManagedObject>,
    /// Whether the secrets of the entry were sealed with the current key.
    pub(super) secrets_readable: bool,
    pub(super) key: &'a FingerprintKey,
    pub(super) catalogue: &'a [CatalogueEntry],
    /// Whether the catalogue could be read; without it, it is not known whether two words mean one provider.
    pub(super) catalogue_known: bool,
    /// Whether `--rewrite-secret` names this attribute.
    pub(super) rewrite: &'a dyn Fn(&str) -> bool,
    /// Settings of the account.
    pub(super) settings: &'a AccountSettings,
    /// Whether `--resend` names this attribute.
    pub(super) resend: &'a dyn Fn(&str) -> bool,
    /// The addresses of the objects that values name by their ids.
    pub(super) names: &'a ReferenceNames<'a, 'a>,
}

impl Comparison<'_> {
    /// Compares every attribute that the YAML mentions and does not ignore; all others are left alone.
    pub(super) fn run(&self) -> ObjectDifference {
        let mut found = ObjectDifference::default();
        let place = |name: &str| self.kind.fields.iter().position(|field| field.name == name);
        let stated = self.wanted.attributes.iter().filter(|(name, _)| !self.wanted.ignored_attributes.contains(**name));
        let mut stated: Vec<_> = stated.filter_map(|(name, wanted)| Some((place(name)?, wanted))).collect();
        stated.sort_unstable_by_key(|(place, _)| *place);
        for (place, wanted) in stated {
            let field = &self.kind.fields[place];
            match wanted {
                DesiredValue::Secret(secret) => self.compare_secret(field, secret, &mut found),
                DesiredValue::Value(value) => self.compare_plain_value(field, value, &mut found),
            }
        }
        found
    }

    fn compare_plain_value(&self, field: &'static Field, wanted: &CompactValue, found: &mut ObjectDifference) {
        // A masked text is not the value; a notice says so.
        if self.live.echoes_secret_in(field.name) && !(self.resend)(field.name) {
            return;
        }
        // Shown in part only: a value that may be the wanted one is never drift (unpod.md U3).
        let masked = self.live.masked.get(field.name);
        if let Some(masked) = masked.and_then(CompactValue::as_str)
            && wanted.as_str().is_some_and(|wanted| fits_mask(masked, wanted))
        {
            found.remarks.notices.push(self.attribute_notice(NoticeCode::NotShown, field, Some(masked)));
            return;
        }
        let shown = self.live.shown_value(field.name);
        let observed = shown.unwrap_or(&CompactValue::Null);
        let stated = wanted;
        let wanted = &self.keep_supplied_values(stated, observed);
        // An object that does not exist yet is not the one that the service shows, whatever its id looks like.
        let awaits_id = field.has_references() && awaits_id(field, stated);
        if !awaits_id && field.same_in(self.catalogue, wanted, observed) {
            self.note_shown_in_part(field, observed, found);
            return self.note_not_supplied(NoticeCode::SecretNotSupplied, field, stated, found);
        }
        self.note_not_supplied(NoticeCode::SecretNeeded, field, stated, found);
        let wanted = stated;
        let change = AttributeChange {
            name: field.name.to_owned(),
            before: shown.map_or(ShownValue::Absent, |value| ShownValue::Value(self.display_value(field, value))),
            after: ShownValue::Value(self.display_value(field, wanted)),
            risky: field.risky,
            source: None,
        };
        match field.access {
            AttributeAccess::ReadOnly | AttributeAccess::CarriedOver | AttributeAccess::Kept => {}
            _ if field.ty == AttributeType::CatalogueEntry && !self.catalogue_known => {
                found.remarks.refusals.push(PlanRefusal {
                    code: RefusalCode::NotInCatalogue,
                    addresses: BTreeSet::from([self.wanted.address.clone()]),
                    account: self.wanted.account.clone(),
                    attribute: Some(field.name.to_owned()),
                    detail: format!(
                        "the catalogue could not be read, so it is not known whether {} and {} are the same entry",
                        shorten_value(wanted),
                        shorten_value(observed)
                    ),
                    place: self.wanted.locations.get(field.name).map(ToString::to_string),
                });
            }
            access => match (access, self.sent_before(field, wanted, &change, observed).filter(|_| !awaits_id)) {
                (_, Some(SentBefore::NotTaken(untaken))) => {
                    found.not_resent.insert(field.name);
                    found.not_taken.push(untaken);
                }
                // The service may have completed it on create, for example with a suffix to a slug (unpod.md 6.1).
                (AttributeAccess::Replace, Some(SentBefore::Noted(_))) => {}
                (_, Some(SentBefore::Noted(notice))) => {
                    if notice.code == NoticeCode::Reshaped {
                        found.not_resent.insert(field.name);
                    }
                    found.remarks.notices.push(notice);
                }
                (AttributeAccess::Replace, None) => found.replace.push(change),
                (AttributeAccess::CreateOnly, None) => self.compare_create_only(field, wanted, shown, found),
                (_, None) => found.update.push(change),
            },
        }
    }

    /// A value for people: an entry of the catalogue by its name in the catalogue, where that name is unique.
    fn display_value(&self, field: &Field, value: &CompactValue) -> CompactValue {
        let entry = field.entry(self.catalogue, value);
        let word = entry.map(|entry| CompactValue::from(entry.slug.as_deref().unwrap_or(&entry.name)));
        word.filter(|word| field.entry(self.catalogue, word) == entry).unwrap_or_else(|| value.clone())
    }

    fn compare_create_only(
        &self,
        field: &'static Field,
        wanted: &CompactValue,
        shown: Option<&CompactValue>,
        found: &mut ObjectDifference,
    ) {
        let Some(observed) = shown else {
            found.remarks.notices.push(self.attribute_notice(NoticeCode::NotShown, field, None));
            return;
        };
        if field.normaliser.canonicalize(wanted).is_null() {
            return; // Nothing was requested: the service's choice is kept.
        }
        if observed.is_null() && self.is_dropped_by_service(field) {
            found.remarks.notices.push(self.attribute_notice(NoticeCode::DroppedByService, field, None));
            return;
        }
        found.remarks.refusals.push(PlanRefusal {
            code: RefusalCode::CreateOnly,
            addresses: BTreeSet::from([self.wanted.address.clone()]),
            account: self.wanted.account.clone(),
            attribute: Some(field.name.to_owned()),
            detail: {
                let shown = |value| shorten_value(&self.names.shown_value(&self.wanted.account, field, value));
                let new = if awaits_id(field, wanted) { ", which this plan creates" } else { "" };
                let (is, wanted) = distinguish_pair(shown(observed), shown(wanted) + new);
                format!("this API cannot change {}: it is {is}, the configuration says {wanted}", field.name)
            },
            place: self.wanted.locations.get(field.name).map(ToString::to_string),
        });
    }

    /// Whether the service drops this value because another attribute does not have the required value.
    fn is_dropped_by_service(&self, field: &Field) -> bool {
        let Some((other, needed)) = field.only_with else { return false };
        let value = match self.wanted.attributes.get(other) {
            Some(DesiredValue::Value(value)) => Some(value),
            _ => self.live.attributes.get(other),
        };
        value.and_then(CompactValue::as_str) != Some(needed)
    }

    pub(super) fn attribute_notice(&self, code: NoticeCode, field: &Field, detail: Option<&str>) -> PlanNotice {
        PlanNotice {
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
pub(super) fn attributes_of_new_object(wanted: &DesiredObject, kind: &'static Kind) -> Vec<AttributeChange> {
    let shown = |field: &Field, value: &DesiredValue| AttributeChange {
        name: field.name.to_owned(),
        before: ShownValue::Absent,
        after: match value {
            DesiredValue::Value(value) => ShownValue::Value(value.clone()),
            DesiredValue::Secret(_) => ShownValue::Secret(SecretState::New),
        },
        risky: false,
        source: match value {
            DesiredValue::Value(_) => None,
            DesiredValue::Secret(secret) => Some(secret.source.describe()),
        },
    };
    // Exactly as many as there are: a plan may have a million of them.
    let mut all = Vec::with_capacity(wanted.attributes.len());
    all.extend(
        kind.fields
            .iter()
            .filter(|field| !is_unused_field(wanted, field))
            .filter_map(|field| wanted.attributes.get(field.name).map(|value| shown(field, value)))
            .filter(|change| change.after != ShownValue::Value(CompactValue::Null)),
    );
    all
}

/// Whether the service would drop the attribute, so that it is not sent (carrierx.md 4.3).
pub(super) fn is_unused_field(object: &DesiredObject, field: &Field) -> bool {
    field.only_with.is_some_and(|(other, needed)| {
        !matches!(object.attributes.get(other), Some(DesiredValue::Value(value)) if value.as_str() == Some(needed))
    })
}

/// The attributes of an object that is deleted.
pub(super) fn attributes_of_deleted_object(live: &LiveObject, kind: &'static Kind) -> Vec<AttributeChange> {
    let key: BTreeMap<_, _> = kind.natural_key.iter().map(|name| (*name, live.attributes.get(name))).collect();
    key.into_iter()
        .filter_map(|(name, value)| {
            value.map(|value| AttributeChange {
                name: name.to_owned(),
                before: ShownValue::Value(value.clone()),
                after: ShownValue::Absent,
                risky: false,
                source: None,
            })
        })
        .collect()
}

/// A value in one short line, for messages.
pub(super) fn shorten_value(value: &CompactValue) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(59).collect::<String>()) }
}
