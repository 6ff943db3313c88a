//! Secrets in a comparison: those that are attributes, and those that are values inside a map.

use smol_str::SmolStr;

use super::account_moves::shown_now;
use super::change::{AttributeChange, Comparison, ObjectDifference, SecretState, ShownValue};
use super::diagnostics::{NoticeCode, PlanNotice};
use super::not_taken::SentBefore;
use crate::model::kind::{AttributeAccess, Field};
use crate::model::ledger::ManagedObject;
use crate::model::resource::{DesiredSecret, SourcedValue};
use crate::model::value::{CompactValue, Fingerprint, hidden};

impl Comparison<'_> {
    pub(super) fn compare_secret(&self, field: &'static Field, secret: &DesiredSecret, found: &mut ObjectDifference) {
        let opened = field.changed_with.is_some_and(|setting| self.settings.contains_key(setting.name));
        if field.access == AttributeAccess::CreateOnly && !opened {
            return self.compare_create_only_secret(field, secret, found);
        }
        if (self.rewrite)(field.name) {
            if secret.fingerprint.is_none() {
                found.remarks.notices.push(self.attribute_notice(
                    NoticeCode::SecretNeeded,
                    field,
                    Some(&secret.source.to_string()),
                ));
            }
            return found.update.push(self.secret_change(field, secret, SecretState::Rewritten));
        }
        let Some(fingerprint) = &secret.fingerprint else {
            found.remarks.notices.push(self.attribute_notice(
                NoticeCode::SecretNotSupplied,
                field,
                Some(&secret.source.to_string()),
            ));
            return;
        };
        let source = secret.source.to_string();
        let mut same = NoticeCode::SecretUnchanged;
        let mut other = SecretState::Changed;
        let known = match self.live.secrets.get(field.name) {
            Some(Some(shown)) if shown != fingerprint => {
                let untaken = self.secret_change(field, secret, SecretState::NotTaken);
                match self.secret_sent_before(field, &untaken, fingerprint, shown) {
                    Some(SentBefore::NotTaken(untaken)) => return found.not_taken.push(untaken),
                    Some(SentBefore::Noted(notice)) => return found.remarks.notices.push(notice),
                    None => {
                        other = self.who_changed(field, shown, fingerprint);
                        Some(false)
                    }
                }
            }
            Some(Some(_)) => {
                same = NoticeCode::SecretShown;
                Some(true)
            }
            _ if field.secret_is_read_back && self.live.attributes.get(field.name).is_some_and(CompactValue::is_null) => {
                return found
                    .update
                    .push(AttributeChange { before: ShownValue::Absent, ..self.secret_change(field, secret, SecretState::New) });
            }
            _ => self.is_last_written(field, fingerprint),
        };
        let sealed = |entry: &ManagedObject| entry.secrets.contains_key(field.name) || entry.unreadable.contains(field.name);
        match known {
            Some(true) => found.remarks.notices.push(self.attribute_notice(same, field, Some(&source))),
            Some(false) if secret.made_up && !(self.resend)(field.name) => {
                found.remarks.notices.push(self.attribute_notice(NoticeCode::SecretNotSupplied, field, Some(&source)));
            }
            Some(false) => {
                let word = if (self.resend)(field.name) { SecretState::Rewritten } else { other };
                found.update.push(self.secret_change(field, secret, word));
            }
            None if self.entry.is_some_and(sealed) => {
                found.remarks.notices.push(self.attribute_notice(NoticeCode::SecretUnreadable, field, Some(&source)));
            }
            None => found.remarks.notices.push(self.attribute_notice(NoticeCode::SecretUnknown, field, Some(&source))),
        }
    }

    fn secret_change(&self, field: &Field, secret: &DesiredSecret, word: SecretState) -> AttributeChange {
        AttributeChange {
            name: field.name.to_owned(),
            before: shown_now(self.live, field),
            after: ShownValue::Secret(word),
            risky: field.risky,
            source: Some(secret.source.describe()),
        }
    }

    /// Whether this is the secret that telform last wrote, according to the ledger; `None` when the ledger does not know.
    fn is_last_written(&self, field: &Field, fingerprint: &Fingerprint) -> Option<bool> {
        let entry = self.entry.filter(|_| self.secrets_readable)?;
        let sealed = entry.secrets.get(field.name)?;
        Some(*sealed == self.key.seal_fingerprint(entry.seal_account(), &entry.id, field.name, fingerprint))
    }

    /// Where a secret changed whose value at the service differs from the configuration.
    fn who_changed(&self, field: &Field, shown: &Fingerprint, wanted: &Fingerprint) -> SecretState {
        match (self.is_last_written(field, wanted), self.is_last_written(field, shown)) {
            (Some(true), _) => SecretState::ChangedOutside,
            (_, Some(true)) => SecretState::Changed,
            _ if shown.is_nothing() => SecretState::New,
            _ => SecretState::Differs,
        }
    }

    /// A secret that is sent only on create, and that the service does not show: what telform sent then is all that is known. A notice
    /// reports that it differs now and, where the account can change it, how; or that nothing is known.
    fn compare_create_only_secret(&self, field: &'static Field, secret: &DesiredSecret, found: &mut ObjectDifference) {
        let entry = self.entry.filter(|_| self.secrets_readable);
        let sent = entry.and_then(|entry| Some((entry, entry.secrets.get(field.name)?)));
        let source = secret.source.to_string();
        let (code, detail) = match (sent, &secret.fingerprint) {
            (Some((entry, sealed)), Some(print)) => {
                if *sealed == self.key.seal_fingerprint(entry.seal_account(), &entry.id, field.name, print) {
                    (NoticeCode::SecretUnchanged, source)
                } else if secret.made_up {
                    (NoticeCode::SecretNotSupplied, source)
                } else {
                    let way = field.changed_with;
                    let way = way.map(|setting| format!("; `{}` on account {} sends it", setting.line(), self.wanted.account));
                    (NoticeCode::SecretOnlyOnCreate, format!("{source}{}", way.unwrap_or_default()))
                }
            }
            _ => (NoticeCode::SecretNotCompared, source),
        };
        found.remarks.notices.push(self.attribute_notice(code, field, Some(&detail)));
    }

    /// A map that holds the service's own values where a source returned nothing: they are not compared.
    pub(super) fn keep_supplied_values(&self, wanted: &CompactValue, observed: &CompactValue) -> CompactValue {
        let CompactValue::Map(entries) = wanted else { return wanted.clone() };
        let is_absent = |value: &CompactValue| value.as_str().is_some_and(hidden::is_absent);
        let shown = |key: &str| match observed {
            CompactValue::Map(shown) => shown.iter().find(|(other, _)| other == key).map(|(_, value)| value),
            _ => None,
        };
        let entry = |(key, value): &(SmolStr, CompactValue)| {
            let live = shown(key).filter(|_| is_absent(value));
            (key.clone(), live.unwrap_or(value).clone())
        };
        CompactValue::Map(entries.iter().map(entry).collect())
    }

    /// Reports which values inside a map the service shows in part: the visible part matches, and the rest is not known.
    pub(super) fn note_shown_in_part(&self, field: &Field, observed: &CompactValue, found: &mut ObjectDifference) {
        let CompactValue::Map(entries) = observed else { return };
        let parts = entries.iter().filter(|(_, value)| value.as_str().is_some_and(hidden::is_in_part));
        found.remarks.notices.extend(parts.map(|(part, _)| PlanNotice {
            attribute: Some(format!("{}.{part}", field.name)),
            ..self.attribute_notice(NoticeCode::NotShown, field, None)
        }));
    }

    /// Reports which values inside a map were not supplied by their source.
    pub(super) fn note_not_supplied(&self, code: NoticeCode, field: &Field, stated: &CompactValue, found: &mut ObjectDifference) {
        let absent = |value: &&SourcedValue| value.attribute == field.name && value.is_absent_in(stated);
        found.remarks.notices.extend(self.wanted.sourced_values.iter().filter(absent).map(|value| PlanNotice {
            attribute: Some(format!("{}.{}", field.name, value.part)),
            ..self.attribute_notice(code, field, Some(&value.source.to_string()))
        }));
    }
}
