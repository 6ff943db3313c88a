//! What is worth knowing about a plan: notices, as values beside the changes.

use serde::{Deserialize, Serialize};

use crate::resource::Address;

/// Something worth knowing that needs no action now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    /// Which.
    pub code: NoticeCode,
    /// Its account.
    pub account: String,
    /// Object that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Attribute that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The facts of this case: an id, a time, a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The sorts of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    /// An object that was there before is taken under management, without a write. Detail: id.
    Adopted,
    /// An object is known by another address from now on. Detail: the address that it had.
    Renamed,
    /// An object is released: no longer managed, left as it is. Detail: id.
    Released,
    /// Waits for a human to confirm. Detail: since when.
    PendingVerification,
    /// The whole object waits for a human to confirm. Detail: since when.
    Hidden,
    /// The service keeps the value in another form; it is not sent again.
    Reshaped,
    /// The service dropped a value that does not apply.
    DroppedByService,
    /// The service does not show the attribute, so it cannot be compared.
    NotShown,
    /// A secret is the one that telform last wrote.
    SecretUnchanged,
    /// A secret is the one that the service gives back.
    SecretShown,
    /// A secret that telform has never written: not compared, not written.
    SecretUnknown,
    /// A secret was not supplied: not compared. Detail: source.
    SecretNotSupplied,
    /// A secret that has to be sent was not supplied. Detail: source.
    SecretNeeded,
    /// The fingerprint key is not the one of the ledger: no write-only secret can be compared.
    KeyChanged,
    /// An object to be removed is already gone.
    AlreadyGone,
    /// A managed object was deleted outside telform; it is created again.
    CreatedAgain,
    /// A new partner of the same login might exist and be invisible.
    MayBeHidden,
    /// It cannot be told which configuration serves the number; connecting settles it. Detail: number.
    Settled,
    /// The provider is not in the catalogue that the service lists.
    NotInCatalogue,
    /// The organization could not be confirmed. Detail: why.
    OrganizationUnconfirmed,
    /// `id:` pins an object whose place another one has taken. Detail: id now.
    PinReplaced,
    /// The ledger holds an object of an account that the configuration no longer names. Detail: id.
    AccountGone,
    /// A number is on a bridge though the YAML does not want it, and nobody serves it there. Detail: number.
    LeftOnBridge,
    /// A secret is another one than was sent on create, and is not sent again. Detail: what would send it.
    SecretOnlyOnCreate,
    /// An object is there and cannot be read. Detail: which, why, what can be done.
    Unreadable,
    /// Values or rows of another shape than the service documents, which nobody manages. Detail: which.
    OddShape,
    /// The ledger manages objects of a kind that no file mentions. Detail: which.
    KindNotMentioned,
    /// A live object that is not managed has the natural key of a managed one. Detail: both ids.
    Twin,
    /// A live object that is not managed has the natural key of a create that got no answer. Detail: its id, the run.
    LateCreate,
    /// The bridges of some products were looked at before a delete, and no others. Detail: which.
    ProductsLookedAt,
    /// A configuration of another organization, or of none, serves a number. Detail: number and configuration.
    ForeignConnection,
    /// `prevent_delete` is new in the YAML. Detail: id.
    Protected,
    /// `prevent_delete` is gone from the YAML. Detail: id.
    Unprotected,
    /// The ledger has a fingerprint of the secret that the key at hand cannot read.
    SecretUnreadable,
    /// An account is known by another name from now on. Detail: the name that it had.
    AccountRenamed,
    /// The service of an account is at another address from now on. Detail: the base URL that it had.
    AccountRehosted,
    /// An object stands under another name of the same account from now on. Detail: the name that it stood under.
    AccountFollowed,
    /// An object of another account, which its address leaves, is no longer there. Detail: account and id.
    LeftAlready,
    /// A new object takes the place of one that may have this, and it cannot be sent again. Detail: id of the old one.
    NotCarriedOver,
    /// What a new object takes over from the one whose place it takes, because the YAML does not mention it. Detail: attributes.
    CarriedOver,
    /// A number was cut off to be moved, and nothing connects it again. Detail: number and bridge.
    LeftDark,
    /// Nobody serves a number, and it is connected although the plan is refused. Detail: number.
    GoesOn,
    /// An object that is replaced shows something that telform does not know. Detail: its id.
    NotKnown,
    /// The objects of a kind could not be listed. Detail: kind, why, what can be done.
    Unlisted,
    /// It could not be read which configuration serves which number. Detail: why, what can be done.
    Unlinked,
}

impl NoticeCode {
    /// Whether somebody outside has to do something before the object is as it shall be.
    pub fn waits_for_somebody(self) -> bool {
        matches!(self, Self::PendingVerification | Self::Hidden)
    }

    /// Whether nothing is open about it: worth a word, not a line each.
    pub fn is_settled_secret(self) -> bool {
        matches!(self, Self::SecretUnchanged | Self::SecretShown)
    }

    /// What it means of so many secrets about which nothing is open.
    pub fn of_secrets(self, count: usize) -> String {
        let (what, them) = if count == 1 { ("secret", "it") } else { ("secrets", "them") };
        match self {
            Self::SecretUnchanged => format!("{count} {what} unchanged since telform last wrote {them}"),
            _ => format!("{count} {what} {}", self.text()),
        }
    }

    /// What it means, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::SecretUnchanged => "unchanged since telform last wrote it",
            Self::SecretShown => "the same as the service gives back",
            Self::Adopted => "found by its natural key or pinned id: adopted, nothing is written",
            Self::Renamed => "renamed in the ledger, nothing is written to the service; it was",
            Self::Released => "released: no longer managed, and left as it is",
            Self::PendingVerification => {
                "pending verification: waits for somebody to confirm the address; not sent again"
            }
            Self::Hidden => {
                "pending verification: waits for somebody to confirm it; invisible until then, not created again, and a change of its entry is compared and sent only then"
            }
            Self::Reshaped => "the service keeps this value in its own form; not sent again",
            Self::DroppedByService => "does not apply here, the service dropped it",
            Self::NotShown => "the service does not show it, or only a part of it, so it cannot be compared",
            Self::SecretUnknown => {
                "unknown: telform has never written it; not written unless --rewrite-secret asks"
            }
            Self::SecretNotSupplied => "not supplied: not compared",
            Self::SecretNeeded => "not supplied: has to be sent, so apply will stop before its first write",
            Self::KeyChanged => {
                "the fingerprint key is not the one that this ledger was written with: write-only secrets are unknown"
            }
            Self::AlreadyGone => "already gone, nothing to delete",
            Self::CreatedAgain => "was deleted outside telform: will be created again",
            Self::MayBeHidden => {
                "an unverified partner with this login would be invisible; make sure there is none"
            }
            Self::Settled => "cannot tell which configuration serves this number; connecting it settles that",
            Self::NotInCatalogue => "not in the catalogue that the service lists; sent as written",
            Self::OrganizationUnconfirmed => {
                "the organization could not be confirmed; nothing will be written"
            }
            Self::PinReplaced => {
                "the pinned object was replaced by this one; `id:` can be removed or corrected"
            }
            Self::AccountGone => "its account is no longer in the configuration; left alone",
            Self::SecretOnlyOnCreate => {
                "changed in the configuration since the object was created with it; telform sends it only on create"
            }
            Self::Twin => "has a twin: another object with the same natural key, which is not managed",
            Self::LateCreate => {
                "a create that got no answer may have made an object late: it is not managed, and has the natural key that was sent"
            }
            Self::ForeignConnection => {
                "served by a configuration that is not this organization's; connecting one's own takes its place"
            }
            Self::ProductsLookedAt => {
                "deleted; bridges that were not looked at may use it, those of other organizations among them"
            }
            Self::AccountRenamed => {
                "account renamed in the ledger, nothing is written to the service; it was"
            }
            Self::AccountRehosted => {
                "the service has another address now, as `was` says, and the ledger follows it; it was at"
            }
            Self::AccountFollowed => {
                "its entry names the same account by another name: nothing moves, nothing is written; it was"
            }
            Self::LeftAlready => "what it was in the account that it leaves is already gone",
            Self::NotCarriedOver => {
                "cannot be carried over, and the YAML does not state it: the new object is made without it. State it in the entry to keep it; the old object is"
            }
            Self::CarriedOver => "not in the YAML: the new object takes over",
            Self::LeftDark => {
                "DARK: an earlier run cut this number off to move it, and nothing connects it again. Connect it in the service's console, or put back the account and the entry that it belongs to; number"
            }
            Self::NotKnown => {
                "telform does not know this and cannot carry it over: the new object is made without it. Look at the old object before you apply; it is"
            }
            Self::GoesOn => {
                "nobody serves this number, and no refusal is about it: `telform apply` connects it although the plan is refused"
            }
            Self::Unlisted => {
                "could not be listed: nothing is planned for objects of this kind, and none was compared"
            }
            Self::Unlinked => {
                "could not be read: which configuration serves which number is not known, so no number is compared, cut off or connected, and nothing that may serve one is deleted"
            }
            Self::LeftOnBridge => "stays on the bridge without a configuration: nobody serves it there",
            Self::Unreadable => "cannot be read: nothing is planned for it, and what it uses is not known",
            Self::OddShape => {
                "of another shape than the service documents; nobody manages it, so it is left alone"
            }
            Self::KindNotMentioned => {
                "managed objects of a kind that no file mentions: not looked at and left alone; an empty map of the kind would delete them, `telform forget ADDRESS` releases one"
            }
            Self::Protected => "protected from the next apply on: the YAML says `prevent_delete`",
            Self::Unprotected => {
                "no longer protected from the next apply on: the YAML does not say `prevent_delete` any more"
            }
            Self::SecretUnreadable => {
                "unknown: the ledger has its fingerprint, made with a key that is not at hand; not written unless --rewrite-secret asks"
            }
        }
    }
}
