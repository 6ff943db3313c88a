//! Notices about a plan, as values beside the changes.

use serde::{Deserialize, Serialize};

use crate::model::resource::Address;
use crate::services;

/// A notice that needs no action now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanNotice {
    /// Which.
    pub code: NoticeCode,
    /// Its account.
    pub account: String,
    /// The object concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Attribute that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The facts of this case: an id, a time, a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl PlanNotice {
    /// What it means, for people, in the words of the service that it is about.
    pub fn describe(&self) -> String {
        let kind = self.address.as_ref().map(|address| address.kind.as_str());
        let of = kind.and_then(|kind| Some((services::of_kind(kind)?, services::shapes_of_kind(kind).first().copied()?)));
        match (self.code, of) {
            (NoticeCode::MayBeHidden, Some((service, shape))) => format!(
                "{} hides a new {one} until its mail address is confirmed; check that no unverified {one} with this {} exists",
                service.title,
                shape.natural_key.join(", "),
                one = shape.singular
            ),
            _ => self.code.describe().to_owned(),
        }
    }
}

/// The types of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    /// The plan undoes an earlier run. Detail: which.
    Undoes,
    /// Something that the run did is not undone. Detail: what, and why.
    NotUndone,
    /// An object that existed before becomes managed, without a write. Detail: id.
    Adopted,
    /// An object gets another address. Detail: the earlier address.
    Renamed,
    /// An object is released: it is no longer managed and is left as it is. Detail: id.
    Released,
    /// Waits for a human to confirm. Detail: since when.
    PendingVerification,
    /// The whole object waits for a human to confirm. Detail: since when.
    Hidden,
    /// The service stores the value in a different form; it is not sent again.
    Reshaped,
    /// The service dropped a value that does not apply.
    DroppedByService,
    /// The service does not show the attribute, so it cannot be compared.
    NotShown,
    /// A secret is unchanged in the configuration since telform last wrote it.
    SecretUnchanged,
    /// A secret is the one that the service returns.
    SecretShown,
    /// A secret that telform has never written: not compared, not written.
    SecretUnknown,
    /// A secret was not supplied: not compared. Detail: source.
    SecretNotSupplied,
    /// A secret that has to be sent was not supplied. Detail: source.
    SecretNeeded,
    /// The fingerprint key does not belong to the ledger: no write-only secret can be compared.
    KeyChanged,
    /// What is to be deleted was ended before, which is all that the service offers. Detail: its state.
    AlreadyEnded,
    /// An object to be removed no longer exists.
    AlreadyGone,
    /// A managed object is not there any more; it is created again.
    CreatedAgain,
    /// A new partner with the same login might exist and be invisible.
    MayBeHidden,
    /// It is not known which configuration serves the number; connecting settles it. Detail: number.
    Settled,
    /// The provider is not in the catalogue that the service lists.
    NotInCatalogue,
    /// The organization could not be confirmed. Detail: why.
    OrganizationUnconfirmed,
    /// `id:` pins an object that was replaced. Detail: current id.
    PinReplaced,
    /// The ledger holds an object of an account that the configuration no longer names. Detail: id.
    AccountGone,
    /// A number is on a bridge although the YAML does not want it, and no configuration serves it there. Detail: number.
    LeftOnBridge,
    /// A secret differs from the one sent on create, and is not sent again. Detail: what would send it.
    SecretOnlyOnCreate,
    /// A secret that is sent only on create, and of which nothing is known. Detail: its source.
    SecretNotCompared,
    /// An object exists and cannot be read. Detail: which, why, what can be done.
    Unreadable,
    /// Values or rows of an undocumented shape, which no entry manages. Detail: which.
    OddShape,
    /// The ledger manages objects of a kind that no file mentions. Detail: which.
    KindNotMentioned,
    /// A live object that is not managed has the natural key of a managed one. Detail: both ids.
    Twin,
    /// A live object that is not managed has the natural key of a create that got no answer. Detail: its id, the run.
    LateCreate,
    /// Only the bridges of some products were read before a delete. Detail: which.
    ProductsLookedAt,
    /// A configuration of another organization, or of none, serves a number. Detail: number and configuration.
    ForeignConnection,
    /// Only the ledger says which configuration serves numbers that stay as they are. Detail: the numbers.
    RecordedOnly,
    /// A configuration that goes may serve numbers for which the ledger names another. Detail: the numbers.
    MayServe,
    /// A PATCH changes a map and cannot carry some of its values. Detail: which.
    MayBeReset,
    /// `prevent_delete` is new in the YAML. Detail: id.
    Protected,
    /// `prevent_delete` was removed from the YAML. Detail: id.
    Unprotected,
    /// The ledger has a fingerprint of the secret that the current key cannot read.
    SecretUnreadable,
    /// An account gets another name. Detail: the earlier name.
    AccountRenamed,
    /// The service of an account gets another address. Detail: the earlier base URL.
    AccountRehosted,
    /// An object is recorded under another name of the same account. Detail: the earlier name.
    AccountFollowed,
    /// An object of another account, from which its address moves, no longer exists. Detail: account and id.
    LeftAlready,
    /// A new object replaces one that may have this attribute, and it cannot be sent again. Detail: id of the old one.
    NotCarriedOver,
    /// What a new object takes over from the one that it replaces, because the YAML does not mention it. Detail: attributes.
    CarriedOver,
    /// A number was disconnected to be moved, and no step connects it again. Detail: number and bridge.
    LeftDark,
    /// No configuration serves a number, and it is connected although the plan is refused. Detail: number.
    GoesOn,
    /// An object that is replaced shows a field that telform does not know. Detail: its id.
    NotKnown,
    /// The objects of a kind could not be listed. Detail: kind, why, what can be done.
    Unlisted,
    /// It could not be read which configuration serves which number. Detail: why, what can be done.
    Unlinked,
    /// The service shows a secret of this run where none belongs. Detail: the object, where it is not managed.
    SecretEchoed,
    /// A value holds letters of several scripts, or letters that look like Latin ones. Detail: the value, spelled out.
    MixedScripts,
    /// A host holds letters that are encoded where it is looked up. Detail: both forms.
    HostReadsAs,
    /// The service does not currently report the owner of a token, and the ledger or a saved plan names one. Detail: who,
    /// and why.
    TokenOwnerUnknown,
    /// The token lacks a scope that steps need. Detail: which, and the steps.
    ScopeMissing,
    /// A value holds invisible characters, or non-ASCII ones where the service uses ASCII only. Detail: which.
    OddCharacters,
    /// An account that could not be read, or an object that may be in one, is left out. Detail: why.
    AccountLeftOut,
    /// No account was read, because no file declares an object. Detail: none.
    AccountNotRead,
    /// A number that did not work gets a target that lets no call through. Detail: number and target.
    StaysDark,
    /// A number is served as the YAML says, by something that lets no call through. Detail: number and target.
    DoesNotRing,
    /// A number is cut off, and an entry that the run leaves out declares it elsewhere. Detail: number and entry.
    MoveLeftOut,
    /// A number that is cut off for what is deleted, and that an entry outside of the run still connects. Detail: number, entry and
    /// what it names.
    StillConnectedInYaml,
    /// Something serves a number now that lets no call through; after the plan it rings. Detail: number and target.
    RingsAgain,
    /// A run disconnected a number and did not connect it again; this plan connects it. Detail: number and bridge.
    DarkNow,
    /// The service lists the numbers of the account, and this one, which is connected, is not among them. Detail: number.
    NotListed,
    /// It lets no call out after the plan. Detail: the connections that name it.
    Muted,
    /// An object is ended whose numbers only its own token shows. Detail: which.
    NumbersNotSeen,
}

/// The code as documents write it.
impl std::fmt::Display for NoticeCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

impl NoticeCode {
    /// Whether a person outside has to act before the object is as wanted.
    pub fn needs_outside_action(self) -> bool {
        matches!(self, Self::PendingVerification | Self::Hidden)
    }

    /// Whether every reviewer has to see it, in every format.
    pub fn is_for_reviewers(self) -> bool {
        matches!(
            self,
            Self::Undoes
                | Self::NotUndone
                | Self::SecretEchoed
                | Self::MixedScripts
                | Self::HostReadsAs
                | Self::TokenOwnerUnknown
                | Self::ScopeMissing
                | Self::OddCharacters
                | Self::AccountLeftOut
                | Self::AccountNotRead
                | Self::MayServe
                | Self::MayBeReset
                | Self::StaysDark
                | Self::DoesNotRing
                | Self::RingsAgain
                | Self::MoveLeftOut
                | Self::StillConnectedInYaml
                | Self::DarkNow
                | Self::LeftDark
                | Self::NotListed
                | Self::NumbersNotSeen
                | Self::Muted
        )
    }

    /// Whether nothing is open about it: such notices are summarised, not listed one by one.
    pub fn is_settled_secret(self) -> bool {
        matches!(self, Self::SecretUnchanged | Self::SecretShown | Self::SecretNotCompared)
    }

    /// The summary for this many secrets about which nothing is open.
    pub fn describe_secrets(self, count: usize) -> String {
        let (what, them) = if count == 1 { ("secret", "it") } else { ("secrets", "them") };
        match self {
            Self::SecretUnchanged => format!("{count} {what} unchanged in the configuration since telform last wrote {them}"),
            Self::SecretNotCompared if count > 1 => {
                format!("{count} {what} not compared: the service does not show them, and telform sends them only on create")
            }
            _ => format!("{count} {what} {}", self.describe()),
        }
    }

    /// What it means, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Undoes => {
                "undoes a run and does not change the YAML: if the YAML still states what that run did, the next apply does it again"
            }
            Self::NotUndone => "not undone",
            Self::SecretUnchanged => "unchanged in the configuration since telform last wrote it",
            Self::SecretShown => "the same as the service gives back",
            Self::Adopted => "found by natural key or pinned id: managed from now on; this sends nothing",
            Self::Renamed => "renamed in the ledger without a write to the service; its name until now is in parentheses",
            Self::Released => "released: no longer managed, and not deleted",
            Self::PendingVerification => "pending verification: not sent again until its owner confirms the mail address",
            Self::Hidden => {
                "pending verification: the service hides it until its owner confirms it. telform does not create it again, and compares and sends changes of its entry only after that"
            }
            Self::Reshaped => "the service stores this value in a different form; not sent again",
            Self::DroppedByService => "does not apply here: the service ignores it, so it is not sent",
            Self::NotShown => "the service does not show it, or shows only part of it, so it cannot be compared",
            Self::SecretNotCompared => "not compared: the service does not show it, and telform sends it only on create",
            Self::SecretUnknown => "unknown: telform has never written it; written only with --rewrite-secret",
            Self::SecretNotSupplied => "not supplied: not compared",
            Self::SecretNeeded => "not supplied, but must be sent: apply will stop before its first write",
            Self::KeyChanged => {
                "the fingerprint key is missing, or is not the one that this ledger was written with: write-only secrets are unknown"
            }
            Self::AlreadyEnded => "ended already, which is as far as the service goes: nothing to do",
            Self::AlreadyGone => "already deleted, nothing to do",
            Self::CreatedAgain => "missing: deleted outside telform, or hidden; will be created again",
            Self::MayBeHidden => {
                "the service hides a new object until its mail address is confirmed; check that no unverified object with this natural key exists"
            }
            Self::Settled => "it is not known what serves this number; connecting it settles that",
            Self::NotInCatalogue => "not in the catalogue that the service lists; sent as written",
            Self::OrganizationUnconfirmed => "the organization could not be confirmed; nothing will be written",
            Self::PinReplaced => "the pinned object was replaced by this one; `id:` can be removed or corrected",
            Self::AccountLeftOut => "left out with --skip-unreadable: nothing of it is planned or compared",
            Self::AccountNotRead => {
                "no object is declared, so no account was read: neither the token nor the address of this one was checked; `telform doctor` does that"
            }
            Self::AccountGone => "its account is no longer in the configuration; left alone",
            Self::SecretOnlyOnCreate => {
                "changed in the configuration since the object was created with it; telform sends it only on create"
            }
            Self::Twin => "has a twin: another object with the same natural key, which is not managed",
            Self::LateCreate => {
                "an object with the natural key of an unanswered create exists and is not managed; the create may have succeeded late"
            }
            Self::ForeignConnection => {
                "served by an object that does not belong to this organization; connecting one of your own replaces it"
            }
            Self::RecordedOnly => {
                "the service does not show what serves these numbers: telform recorded it when it connected them, and cannot see a change since"
            }
            Self::MayServe => {
                "it may serve these numbers: the service does not show what serves them, and telform's record names another object. A number that was connected to it outside telform goes dark. Check them before you apply"
            }
            Self::MayBeReset => {
                "the PATCH changes a map that also holds these values, and cannot carry them: the service shows them in part, in an undocumented form, or not at all. A service that replaces the map resets them"
            }
            Self::ProductsLookedAt => "deleted; connections that were not read may use it, also those of other organizations",
            Self::AccountRenamed => {
                "account renamed in the ledger without a write to the service; its name until now is in parentheses"
            }
            Self::AccountRehosted => {
                "the service has another address now, as `was` says, and the ledger follows it; the address until now is in parentheses"
            }
            Self::AccountFollowed => {
                "its entry uses another name of the same account: nothing moves and nothing is written; the name until now is in parentheses"
            }
            Self::LeftAlready => "the old object in the account that it leaves is already deleted",
            Self::NotCarriedOver => {
                "cannot be carried over, and the YAML does not state it: the new object is created without it. State it in the entry to keep it; the old object is"
            }
            Self::CarriedOver => "not in the YAML: carried over to the new object",
            Self::LeftDark => {
                "DARK: an earlier run disconnected this number to move it, and no step connects it again. Connect it in the service's console, or restore the account and the entry that it belongs to; number"
            }
            Self::NotKnown => {
                "telform does not know this and cannot carry it over: the new object is created without it. Check the old object before you apply; it is"
            }
            Self::GoesOn => {
                "nothing serves this number, and no refusal is about it: `telform apply` connects it despite the refusals"
            }
            Self::Unlisted => "could not be listed: objects of this kind were neither compared nor planned",
            Self::Unlinked => {
                "could not be read, so it is not known what serves which number: no number is compared, disconnected or connected, and nothing that may serve one is deleted"
            }
            Self::StaysDark => {
                "connected, and does not ring: what is to serve it lets no call through after this plan. It is inactive, or has no object that its calls go to"
            }
            Self::DoesNotRing => {
                "does not ring, and will not after this plan: what serves it is inactive, or has nothing that its calls go to"
            }
            Self::MoveLeftOut => {
                "only cut off, although the YAML connects it elsewhere: that entry is not part of this run. Include it, and the number moves"
            }
            Self::StillConnectedInYaml => "cut off by this plan, and the YAML still connects it",
            Self::RingsAgain => {
                "does not ring now: what serves it is inactive, or has nothing that its calls go to. It rings after this plan"
            }
            Self::DarkNow => "DARK now: an earlier run disconnected it and did not connect it again. This plan connects it",
            Self::NotListed => {
                "not among the numbers that the service lists for the account: the service may refuse to connect it"
            }
            Self::Muted => "allows no outbound calls after this plan; connections that name it:",
            Self::NumbersNotSeen => {
                "its numbers go dark with it, and only its own token shows them: they were not read, and `max_numbers_dark` does not count them. Check them before you apply"
            }
            Self::LeftOnBridge => "stays where it is without being served",
            Self::Unreadable => "cannot be read: nothing is planned for it, and what it uses is not known",
            Self::OddShape => "does not have the documented form; no entry manages it, so it is left alone",
            Self::KindNotMentioned => {
                "managed objects of a kind that no file declares: their attributes are not compared and not changed. An empty map of the kind means that none is wanted; `telform forget ADDRESS` releases one"
            }
            Self::Protected => "protected from the next apply on: the YAML sets `prevent_delete: true`",
            Self::Unprotected => "no longer protected from the next apply on: the YAML no longer sets `prevent_delete: true`",
            Self::MixedScripts => "contains letters of several scripts, some of which look alike; check the spelling",
            Self::OddCharacters => {
                "contains invisible characters, or non-ASCII characters in a code or a number: it looks different from what it is"
            }
            Self::HostReadsAs => "the host contains non-ASCII letters; it is looked up as",
            Self::SecretEchoed => "the service shows one of your secrets here: it is masked, and the value is not compared",
            Self::TokenOwnerUnknown => {
                "the service does not say who owns this token, so the owner was not compared with the recorded one"
            }
            Self::ScopeMissing => "the token does not have a required scope, so apply will stop before its first write",
            Self::SecretUnreadable => {
                "unknown: the ledger has its fingerprint, made with a key that is not available here; written only with --rewrite-secret"
            }
        }
    }
}
