//! Values that telform sent already and that the service does not show: they wait for a human, are kept in another form, or
//! were not taken. None of them is sent again by itself.

use serde::{Deserialize, Serialize};

use super::change::{AttributeChange, Comparison};
use super::note::{Notice, NoticeCode};
use crate::backend::unpod::catalogue;
use crate::kind::{Access, Field};
use crate::ledger::{Mark, digest_of};
use crate::resource::Address;
use crate::text::quoted;
use crate::value::{Fingerprint, Packed, spaced};

/// A value that telform sent, while the service still shows what was there before: a difference that is not sent again by
/// itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotTaken {
    /// Its object.
    pub address: Address,
    /// Its account.
    pub account: String,
    /// What the service shows, and what was sent.
    pub attribute: AttributeChange,
    /// Id of the run that sent it.
    pub run: String,
    /// What can be done about it.
    pub way: Way,
}

/// What can be done about a value that the service did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Send it again.
    Resend,
    /// It may wait for its owner to confirm it; else send it again.
    Confirm,
    /// It can only be sent when the object is created, so the YAML has to change.
    Edit,
}

impl NotTaken {
    /// `providers.main account_sid`.
    pub fn subject(&self) -> String {
        format!("{} {}", self.address, self.attribute.name)
    }

    /// What happened, in one sentence without a full stop.
    pub fn fact(&self) -> String {
        format!("sent in run {}, not taken by the service; not sent again by itself", self.run)
    }

    /// The argument of `--resend` that means it.
    pub fn resend(&self) -> String {
        quoted(&format!("{}.{}", self.address, self.attribute.name))
    }

    /// What can be done, for people.
    pub fn help(&self) -> String {
        let resend = self.resend();
        match self.way {
            Way::Resend => format!("`telform apply --resend {resend}` sends it again"),
            Way::Confirm => format!(
                "it may wait for its owner to confirm it; `telform apply --resend {resend}` sends it again, which may mail the owner again"
            ),
            Way::Edit => {
                "the service takes it only on create: write in the YAML what the service shows, or list the attribute under `lifecycle.ignore`".to_owned()
            }
        }
    }
}

/// What became of a value that was sent already.
pub(super) enum Sent {
    /// It waits, or is kept in another form.
    Noted(Notice),
    /// It was not taken.
    NotTaken(NotTaken),
}

impl Comparison<'_> {
    /// A value that was sent already, while the configuration and the service are as they were then. Sending it again would
    /// change nothing and, for a mail address, mail somebody once more (carrierx.md 6.5, 7.1).
    pub(super) fn sent_before(
        &self,
        field: &'static Field,
        wanted: &Packed,
        change: &AttributeChange,
        observed: &Packed,
    ) -> Option<Sent> {
        let entry = self.entry.filter(|_| !(self.resend)(field.name))?;
        let digest = |value| digest_of(&catalogue::canonical(field, self.catalogue, value));
        let (sent, seen) = (digest(wanted), digest(observed));
        let waits = field.verified && entry.submitted.get(field.name).is_some_and(|it| it.digest == sent);
        let (sent, seen) = (Mark::Value(sent), Mark::Value(seen));
        if let Some(untaken) = self.not_taken(field, change, &sent, &seen) {
            return Some(untaken);
        }
        if waits {
            let since = entry.submitted.get(field.name).map(|submitted| submitted.since.as_str());
            return Some(Sent::Noted(self.notice(NoticeCode::PendingVerification, field, since)));
        }
        let reshaped = entry.reshaped.get(field.name)?;
        (reshaped.sent == sent && reshaped.observed == seen)
            .then(|| Sent::Noted(self.notice(NoticeCode::Reshaped, field, Some(&both(wanted, observed)))))
    }

    /// The same for a secret that the service gives back.
    pub(super) fn secret_sent_before(
        &self,
        field: &'static Field,
        change: &AttributeChange,
        wanted: &Fingerprint,
        shown: &Fingerprint,
    ) -> Option<Sent> {
        let entry = self.entry.filter(|_| self.secrets_readable && !(self.resend)(field.name))?;
        let seal = |print| Mark::Secret(self.key.seal(entry.seal_account(), &entry.id, field.name, print));
        let (sent, seen) = (seal(wanted), seal(shown));
        if let Some(untaken) = self.not_taken(field, change, &sent, &seen) {
            return Some(untaken);
        }
        let reshaped = entry.reshaped.get(field.name)?;
        (reshaped.sent == sent && reshaped.observed == seen)
            .then(|| Sent::Noted(self.notice(NoticeCode::Reshaped, field, None)))
    }

    fn not_taken(
        &self,
        field: &'static Field,
        change: &AttributeChange,
        sent: &Mark,
        seen: &Mark,
    ) -> Option<Sent> {
        let untaken = self.entry?.not_taken.get(field.name)?;
        if untaken.sent != *sent || untaken.observed != *seen {
            return None;
        }
        Some(Sent::NotTaken(NotTaken {
            address: self.wanted.address.clone(),
            account: self.wanted.account.clone(),
            attribute: change.clone(),
            run: untaken.run.clone(),
            way: match field.access {
                Access::Modifiable if field.verified => Way::Confirm,
                Access::Modifiable => Way::Resend,
                Access::CreateOnly | Access::Replace | Access::ReadOnly | Access::CarriedOver => Way::Edit,
            },
        }))
    }
}

/// Longest value that is shown whole beside another one, in characters.
const WHOLE: usize = 240;

/// What was sent and what is kept, so that it can be seen where they differ.
fn both(sent: &Packed, kept: &Packed) -> String {
    let (sent, kept) = (spaced(&sent.json()), spaced(&kept.json()));
    let same = sent.chars().zip(kept.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(WHOLE / 4);
    let part = |text: &str| {
        if text.chars().count() <= WHOLE {
            return text.to_owned();
        }
        let shown: String = text.chars().skip(from).take(WHOLE).collect();
        let more = text.chars().count() > from + WHOLE;
        format!("{}{shown}{}", if from > 0 { "…" } else { "" }, if more { "…" } else { "" })
    };
    format!("sent {}, kept as {}", part(&sent), part(&kept))
}
