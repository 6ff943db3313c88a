//! Secrets in a comparison: those that are attributes, and those that are values inside a map.

use smol_str::SmolStr;

use super::across::now;
use super::change::{AttributeChange, Comparison, Difference, SecretWord, Shown};
use super::note::{Notice, NoticeCode};
use super::taken::Sent;
use crate::kind::{Access, Field};
use crate::ledger::Entry;
use crate::resource::{SourcedValue, WantedSecret};
use crate::value::{Fingerprint, Packed, hidden};

impl Comparison<'_> {
    pub(super) fn secret(&self, field: &'static Field, secret: &WantedSecret, found: &mut Difference) {
        let opened = field.changed_with.is_some_and(|(setting, _)| self.switches.contains(setting));
        if field.access == Access::CreateOnly && !opened {
            return self.secret_of_create(field, secret, found);
        }
        if (self.rewrite)(field.name) {
            if secret.fingerprint.is_none() {
                found.notices.push(self.notice(
                    NoticeCode::SecretNeeded,
                    field,
                    Some(&secret.source.to_string()),
                ));
            }
            return found.update.push(self.secret_change(field, SecretWord::Rewritten));
        }
        let Some(fingerprint) = &secret.fingerprint else {
            found.notices.push(self.notice(
                NoticeCode::SecretNotSupplied,
                field,
                Some(&secret.source.to_string()),
            ));
            return;
        };
        let mut same = NoticeCode::SecretUnchanged;
        let mut other = SecretWord::Changed;
        let known = match self.live.secrets.get(field.name) {
            Some(Some(shown)) if shown != fingerprint => {
                let untaken = self.secret_change(field, SecretWord::NotTaken);
                match self.secret_sent_before(field, &untaken, fingerprint, shown) {
                    Some(Sent::NotTaken(untaken)) => return found.not_taken.push(untaken),
                    Some(Sent::Noted(notice)) => return found.notices.push(notice),
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
            _ if field.secret_is_read_back
                && self.live.attributes.get(field.name).is_some_and(Packed::is_null) =>
            {
                return found.update.push(AttributeChange {
                    before: Shown::Absent,
                    ..self.secret_change(field, SecretWord::New)
                });
            }
            _ => self.wrote(field, fingerprint),
        };
        let sealed =
            |entry: &Entry| entry.secrets.contains_key(field.name) || entry.unreadable.contains(field.name);
        match known {
            Some(true) => found.notices.push(self.notice(same, field, None)),
            Some(false) => {
                let word = if (self.resend)(field.name) { SecretWord::Rewritten } else { other };
                found.update.push(self.secret_change(field, word));
            }
            None if self.entry.is_some_and(sealed) => {
                found.notices.push(self.notice(NoticeCode::SecretUnreadable, field, None));
            }
            None => found.notices.push(self.notice(NoticeCode::SecretUnknown, field, None)),
        }
    }

    fn secret_change(&self, field: &Field, word: SecretWord) -> AttributeChange {
        AttributeChange {
            name: field.name.to_owned(),
            before: now(self.live, field),
            after: Shown::Secret(word),
            risky: field.risky,
        }
    }

    /// Whether this is the secret that telform last wrote, as the ledger says; `None` when it does not tell.
    fn wrote(&self, field: &Field, fingerprint: &Fingerprint) -> Option<bool> {
        let entry = self.entry.filter(|_| self.secrets_readable)?;
        let sealed = entry.secrets.get(field.name)?;
        Some(*sealed == self.key.seal(entry.seal_account(), &entry.id, field.name, fingerprint))
    }

    /// Where a secret changed that the service shows otherwise than the configuration has it.
    fn who_changed(&self, field: &Field, shown: &Fingerprint, wanted: &Fingerprint) -> SecretWord {
        match (self.wrote(field, wanted), self.wrote(field, shown)) {
            (Some(true), _) => SecretWord::ChangedOutside,
            (_, Some(true)) => SecretWord::Changed,
            _ if shown.is_nothing() => SecretWord::New,
            _ => SecretWord::Differs,
        }
    }

    /// A secret that is sent on create and never again: that it is another one now is said, and where the account can do
    /// something about it, how.
    fn secret_of_create(&self, field: &'static Field, secret: &WantedSecret, found: &mut Difference) {
        let Some(entry) = self.entry.filter(|_| self.secrets_readable) else { return };
        let (Some(print), Some(sealed)) = (&secret.fingerprint, entry.secrets.get(field.name)) else {
            return;
        };
        if *sealed != self.key.seal(entry.seal_account(), &entry.id, field.name, print) {
            let way = field.changed_with.map(|(setting, value)| {
                format!("`{setting}: {value}` on account {} sends it", self.wanted.account)
            });
            found.notices.push(self.notice(NoticeCode::SecretOnlyOnCreate, field, way.as_deref()));
        }
    }

    /// A map in which the service's own values stand where a source gave nothing: they are not compared.
    pub(super) fn as_far_as_supplied(&self, wanted: &Packed, observed: &Packed) -> Packed {
        let Packed::Map(entries) = wanted else { return wanted.clone() };
        let is_absent = |value: &Packed| value.as_str().is_some_and(hidden::is_absent);
        let shown = |key: &str| match observed {
            Packed::Map(shown) => shown.iter().find(|(other, _)| other == key).map(|(_, value)| value),
            _ => None,
        };
        let entry = |(key, value): &(SmolStr, Packed)| {
            let live = shown(key).filter(|_| is_absent(value));
            (key.clone(), live.unwrap_or(value).clone())
        };
        Packed::Map(entries.iter().map(entry).collect())
    }

    /// Says which values inside a map the service shows in part: what is visible fits, and the rest is not known.
    pub(super) fn in_part(&self, field: &Field, observed: &Packed, found: &mut Difference) {
        let Packed::Map(entries) = observed else { return };
        let parts = entries.iter().filter(|(_, value)| value.as_str().is_some_and(hidden::is_in_part));
        found.notices.extend(parts.map(|(part, _)| Notice {
            attribute: Some(format!("{}.{part}", field.name)),
            ..self.notice(NoticeCode::NotShown, field, None)
        }));
    }

    /// Says which values inside a map no source gave.
    pub(super) fn not_supplied(
        &self,
        code: NoticeCode,
        field: &Field,
        stated: &Packed,
        found: &mut Difference,
    ) {
        let absent = |value: &&SourcedValue| value.attribute == field.name && value.is_absent_in(stated);
        found.notices.extend(self.wanted.sourced.iter().filter(absent).map(|value| Notice {
            attribute: Some(format!("{}.{}", field.name, value.part)),
            ..self.notice(code, field, Some(&value.source.to_string()))
        }));
    }
}
