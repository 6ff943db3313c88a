//! Values that telform already sent and that the service does not show: they wait for a human, are stored in a different
//! form, or were not accepted. None of them is sent again automatically.

use serde::{Deserialize, Serialize};

use super::change::{AttributeChange, Comparison};
use super::diagnostics::{NoticeCode, PlanNotice};
use crate::model::kind::{AttributeAccess, Field};
use crate::model::ledger::{ValueIdentity, digest_of};
use crate::model::resource::Address;
use crate::model::value::{CompactValue, Fingerprint, to_spaced_json};
use crate::text::shell_quote;

/// A value that telform sent, while the service still shows the earlier one: a difference that is not sent again
/// automatically.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotTakenValue {
    /// Its object.
    pub address: Address,
    /// Its account.
    pub account: String,
    /// What the service shows, and what was sent.
    pub attribute: AttributeChange,
    /// Id of the run that sent it.
    pub run: String,
    /// What can be done about it.
    pub way: NotTakenRemedy,
}

/// What can be done about a value that the service did not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotTakenRemedy {
    /// Send it again.
    Resend,
    /// It may wait for its owner to confirm it; else send it again.
    Confirm,
    /// It can only be sent when the object is created, so the YAML has to change.
    Edit,
}

impl NotTakenValue {
    /// `providers.main account_sid`.
    pub fn subject(&self) -> String {
        format!("{} {}", self.address, self.attribute.name)
    }

    /// What happened, in one sentence without a full stop.
    pub fn describe(&self) -> String {
        format!("sent in run {}, not accepted by the service; telform does not send it again automatically", self.run)
    }

    /// The argument of `--resend` that selects it.
    pub fn resend_argument(&self) -> String {
        shell_quote(&format!("{}.{}", self.address, self.attribute.name))
    }

    /// What can be done, for people.
    pub fn help(&self) -> String {
        let resend = self.resend_argument();
        match self.way {
            NotTakenRemedy::Resend => format!("`telform apply --resend {resend}` sends it again"),
            NotTakenRemedy::Confirm => format!(
                "it may wait for its owner to confirm it; `telform apply --resend {resend}` sends it again, which may mail the owner again"
            ),
            NotTakenRemedy::Edit => {
                "the service accepts it only on create: write the value that the service shows into the YAML, or list the attribute under `lifecycle.ignore`".to_owned()
            }
        }
    }
}

/// The state of a value that was already sent.
pub(super) enum SentBefore {
    /// It waits, or is stored in a different form.
    Noted(PlanNotice),
    /// It was not taken.
    NotTaken(NotTakenValue),
}

impl Comparison<'_> {
    /// A value that was already sent, while the configuration and the service are as they were then. Sending it again would
    /// change nothing and, for a mail address, send another mail to its owner (carrierx.md 6.5, 7.1).
    pub(super) fn sent_before(
        &self,
        field: &'static Field,
        wanted: &CompactValue,
        change: &AttributeChange,
        observed: &CompactValue,
    ) -> Option<SentBefore> {
        let entry = self.entry.filter(|_| !(self.resend)(field.name))?;
        let digest = |value| digest_of(&field.canonical_in(self.catalogue, value));
        let (sent, seen) = (digest(wanted), digest(observed));
        let waits = field.needs_verification && entry.submitted.get(field.name).is_some_and(|it| it.digest == sent);
        let (sent, seen) = (ValueIdentity::Value(sent), ValueIdentity::Value(seen));
        if let Some(untaken) = self.not_taken(field, change, &sent, &seen) {
            return Some(untaken);
        }
        if waits {
            let since = entry.submitted.get(field.name).map(|submitted| submitted.since.as_str());
            return Some(SentBefore::Noted(self.attribute_notice(NoticeCode::PendingVerification, field, since)));
        }
        let reshaped = entry.reshaped.get(field.name)?;
        (reshaped.sent == sent && reshaped.observed == seen).then(|| {
            SentBefore::Noted(self.attribute_notice(NoticeCode::Reshaped, field, Some(&describe_sent_and_kept(wanted, observed))))
        })
    }

    /// The same for a secret that the service returns.
    pub(super) fn secret_sent_before(
        &self,
        field: &'static Field,
        change: &AttributeChange,
        wanted: &Fingerprint,
        shown: &Fingerprint,
    ) -> Option<SentBefore> {
        let entry = self.entry.filter(|_| self.secrets_readable && !(self.resend)(field.name))?;
        let seal = |print| ValueIdentity::Secret(self.key.seal_fingerprint(entry.seal_account(), &entry.id, field.name, print));
        let (sent, seen) = (seal(wanted), seal(shown));
        if let Some(untaken) = self.not_taken(field, change, &sent, &seen) {
            return Some(untaken);
        }
        let reshaped = entry.reshaped.get(field.name)?;
        (reshaped.sent == sent && reshaped.observed == seen)
            .then(|| SentBefore::Noted(self.attribute_notice(NoticeCode::Reshaped, field, None)))
    }

    fn not_taken(
        &self,
        field: &'static Field,
        change: &AttributeChange,
        sent: &ValueIdentity,
        seen: &ValueIdentity,
    ) -> Option<SentBefore> {
        let untaken = self.entry?.not_taken.get(field.name)?;
        if untaken.sent != *sent || untaken.observed != *seen {
            return None;
        }
        Some(SentBefore::NotTaken(NotTakenValue {
            address: self.wanted.address.clone(),
            account: self.wanted.account.clone(),
            attribute: change.clone(),
            run: untaken.run.clone(),
            way: match field.access {
                AttributeAccess::Modifiable if field.needs_verification => NotTakenRemedy::Confirm,
                AttributeAccess::Modifiable => NotTakenRemedy::Resend,
                AttributeAccess::CreateOnly
                | AttributeAccess::Replace
                | AttributeAccess::ReadOnly
                | AttributeAccess::CarriedOver
                | AttributeAccess::Kept => NotTakenRemedy::Edit,
            },
        }))
    }
}

/// Longest value that is shown whole beside another one, in characters.
const WHOLE: usize = 240;

/// What was sent and what is stored, shown so that the difference is visible.
fn describe_sent_and_kept(sent: &CompactValue, kept: &CompactValue) -> String {
    let (sent, kept) = (to_spaced_json(&sent.json()), to_spaced_json(&kept.json()));
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
