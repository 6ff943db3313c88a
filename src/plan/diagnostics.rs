//! What the planner refused, and why: refusals, as values beside the changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::guards::{GUARDS, Guard};
use crate::model::resource::Address;

use super::help_words::HelpWords;
pub use super::notice::{NoticeCode, PlanNotice};

/// Something the plan will not do. A plan with a refusal is shown but not applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanRefusal {
    /// Which rule.
    pub code: RefusalCode,
    /// Its account; empty for a rule over the whole run.
    pub account: String,
    /// Objects that it is about: all that one cause prevents; none for a rule over the whole account or run.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub addresses: BTreeSet<Address>,
    /// Attribute that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The facts of this case, in one sentence without a full stop.
    pub detail: String,
    /// Place in the YAML, as `file:line:column`; that of the first object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// The rules that refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// `lifecycle.prevent_delete`.
    PreventDelete,
    /// More deletes than `max_deletes`.
    MaxDeletes,
    /// More deletes than `max_delete_percent`.
    MaxDeletePercent,
    /// More updates than `max_updates`.
    MaxUpdates,
    /// More updates than `max_update_percent`.
    MaxUpdatePercent,
    /// More numbers would go dark than `max_numbers_dark`.
    MaxNumbersDark,
    /// More connections would be muted than `max_connections_muted`.
    MaxConnectionsMuted,
    /// It is not known which configuration serves a number.
    AmbiguousConnection,
    /// Nothing confirms the organization, so nothing is written.
    UnconfirmedOrganization,
    /// It is not known which generation answers, so nothing is written.
    UnknownGeneration,
    /// The entry has the shape of a generation other than the one that answers.
    WrongGeneration,
    /// A create-only attribute differs.
    CreateOnly,
    /// No documentation mentions a delete for this kind.
    DeleteUndocumented,
    /// Two live objects fit one address.
    SeveralFit,
    /// The natural key that an object is to get belongs to another one.
    KeyTaken,
    /// An object is renamed to an address under which the ledger has another object.
    RenamedOnto,
    /// Two addresses claim one live object.
    ClaimedTwice,
    /// The service ended the object, and telform does not reverse that.
    Ended,
    /// A managed object is no longer visible, and may only be hidden.
    GoneOrHidden,
    /// An earlier create was interrupted, and whether it created the object cannot be read.
    UnsettledCreate,
    /// Another address holds an invisible object with the same natural key.
    HiddenElsewhere,
    /// A pinned identity does not exist.
    PinnedMissing,
    /// A required attribute is missing for a create.
    MissingForCreate,
    /// The provider is not in the service's catalogue.
    NotInCatalogue,
    /// A number is on a bridge that telform does not manage.
    NumberElsewhere,
    /// This generation cannot disconnect.
    CannotDisconnect,
    /// This generation cannot add a number to an existing bridge.
    CannotAssign,
    /// The service does not offer this number.
    NumberNotOffered,
    /// PUT would blank a mail address that waits for verification.
    PutWouldBlank,
    /// A dependency was excluded from this plan.
    DependencyExcluded,
    /// It is not known which live object a dependency is.
    DependencyUnknown,
    /// A number has a name that only the service may use, and the service does not show such a number.
    NumberNotShown,
    /// The object exists and cannot be read.
    Unreadable,
    /// A value, or a row that may be this object, has a shape that the service does not document.
    OddShape,
    /// An object that cannot be read may use the configuration that would be deleted.
    UnreadableBridges,
    /// A create with this natural key got no answer and may still be running.
    CreateMayRun,
    /// The object of an entry belongs to another organization, or to none.
    ForeignObject,
    /// The object of an entry is inherited from another account.
    Inherited,
    /// Not all products were read, so it is not known whether a configuration is in use.
    UnseenProducts,
    /// It is not known which object a tombstone refers to.
    UnknownRemoval,
    /// A live object has nearly the same spelling as the one to be created.
    SimilarExists,
    /// The ledger has the object of an address in a different account from the one that its entry names.
    AccountChanged,
    /// An object that was replaced still exists, and nothing says any more what is to be done with it.
    UnfinishedReplacement,
    /// An entry pins an object other than the one that the ledger has under its address.
    PinChanged,
    /// A listing that is needed could not be read.
    Unlisted,
    /// Something would be deleted with a new ledger that only the YAML names.
    NewLedger,
    /// What `existing` names does not exist, or is not what its entry says.
    ExistingMissing,
    /// What `existing` names, or its address, is managed.
    ExistingManaged,
    /// What stays names what would be deleted.
    StillReferred,
    /// The account does not have the object, and telform does not make one of its kind.
    NotInAccount,
}

impl RefusalCode {
    /// The code as it appears in messages and documentation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreventDelete => "guard::prevent_delete",
            Self::MaxDeletes => "guard::max_deletes",
            Self::MaxDeletePercent => "guard::max_delete_percent",
            Self::MaxUpdates => "guard::max_updates",
            Self::MaxUpdatePercent => "guard::max_update_percent",
            Self::MaxNumbersDark => "guard::max_numbers_dark",
            Self::MaxConnectionsMuted => "guard::max_connections_muted",
            Self::AmbiguousConnection => "guard::ambiguous_connection",
            Self::UnconfirmedOrganization => "guard::unconfirmed_organization",
            Self::UnknownGeneration => "guard::unknown_generation",
            Self::WrongGeneration => "refusal::wrong_generation",
            Self::CreateOnly => "refusal::create_only",
            Self::DeleteUndocumented => "refusal::delete_undocumented",
            Self::SeveralFit => "refusal::several_fit",
            Self::KeyTaken => "refusal::key_taken",
            Self::RenamedOnto => "refusal::renamed_onto",
            Self::ClaimedTwice => "refusal::claimed_twice",
            Self::Ended => "refusal::ended",
            Self::GoneOrHidden => "refusal::gone_or_hidden",
            Self::UnsettledCreate => "refusal::unsettled_create",
            Self::HiddenElsewhere => "refusal::hidden_elsewhere",
            Self::PinnedMissing => "refusal::pinned_missing",
            Self::MissingForCreate => "refusal::missing_for_create",
            Self::NotInCatalogue => "refusal::not_in_catalogue",
            Self::NumberElsewhere => "refusal::number_elsewhere",
            Self::CannotDisconnect => "refusal::cannot_disconnect",
            Self::CannotAssign => "refusal::cannot_assign",
            Self::NumberNotOffered => "refusal::number_not_offered",
            Self::PutWouldBlank => "refusal::put_would_blank",
            Self::DependencyExcluded => "refusal::dependency_excluded",
            Self::DependencyUnknown => "refusal::dependency_unknown",
            Self::NumberNotShown => "refusal::number_not_shown",
            Self::Unreadable => "refusal::unreadable",
            Self::OddShape => "refusal::odd_shape",
            Self::UnreadableBridges => "guard::unreadable_bridges",
            Self::CreateMayRun => "refusal::create_may_run",
            Self::ForeignObject => "refusal::foreign_object",
            Self::Inherited => "refusal::inherited",
            Self::UnseenProducts => "guard::unseen_products",
            Self::UnknownRemoval => "refusal::unknown_removal",
            Self::SimilarExists => "refusal::similar_exists",
            Self::AccountChanged => "refusal::account_changed",
            Self::UnfinishedReplacement => "refusal::unfinished_replacement",
            Self::PinChanged => "refusal::pin_changed",
            Self::Unlisted => "refusal::unlisted",
            Self::NewLedger => "guard::new_ledger",
            Self::ExistingMissing => "refusal::existing_missing",
            Self::ExistingManaged => "refusal::existing_managed",
            Self::StillReferred => "refusal::still_referred",
            Self::NotInAccount => "refusal::not_in_account",
        }
    }

    /// The code without its group, as documents write it.
    pub fn name(self) -> &'static str {
        self.as_str().rsplit("::").next().unwrap_or_default()
    }

    /// The guard that refuses, if it is a limit.
    pub fn guard(self) -> Option<&'static Guard> {
        GUARDS.iter().find(|guard| guard.name == self.name())
    }

    /// What to do about every refusal of this type, for people.
    pub fn help(self) -> String {
        HelpWords::about(None).fill(&self.help_template()).replace("{address}", "ADDRESS").replace("{account}", "ACCOUNT")
    }

    /// The same with a placeholder for the address of a refusal.
    fn help_template(self) -> String {
        let help = match self {
            Self::PreventDelete => {
                "set `lifecycle.prevent_delete: false` in its entry and apply that first; the ledger keeps the protection after the entry is removed"
            }
            Self::MaxDeletes => {
                "if that is what you want, allow it for this run with `--max-deletes N`, or in the file with `guards: { max_deletes: N }`"
            }
            Self::MaxDeletePercent => {
                "if that is what you want, allow it for this run with `--max-delete-percent N`, or raise `guards.max_delete_percent`"
            }
            Self::MaxUpdates => {
                "if that is what you want, allow it for this run with `--max-updates N`, or raise `guards.max_updates`"
            }
            Self::MaxUpdatePercent => {
                "if that is what you want, try it on a few with `--target ADDRESS` or `--limit N`, then allow it for this run with `--max-update-percent N`, or raise `guards.max_update_percent`"
            }
            Self::MaxNumbersDark => {
                "in the same change, connect the numbers to something that lets calls through, or allow it for this run with `--max-numbers-dark N`, or in the file with `guards: { max_numbers_dark: N }`"
            }
            Self::MaxConnectionsMuted => {
                "in the same change, let the connections name another object for their outbound calls, or allow it for this run with `--max-connections-muted N`, or in the file with `guards: { max_connections_muted: N }`"
            }
            Self::AmbiguousConnection => {
                "if a run was interrupted, `telform resume` settles what it left. Otherwise declare the {holder} with its numbers and apply that first: telform then connects them and knows what serves them. Or check in the service's console what uses the {target}, and delete it there"
            }
            Self::UnconfirmedOrganization => {
                "correct `{organization}` on the account, or use a token that may read `organizations/`; `telform doctor` says what the service answers"
            }
            Self::UnknownGeneration => "set {generations} on the account",
            Self::WrongGeneration => {
                "write the entry with the attributes of the generation that answers (`telform schema {kind}`), or correct `{generation}` on the account"
            }
            Self::CreateOnly => {
                "this API cannot change it: correct the YAML, list the attribute under `lifecycle.ignore`, or leave the object out of this run with `--exclude`"
            }
            Self::DeleteUndocumented => {
                "{service} documents no way to delete this {one}. Stop managing it with `telform forget {address}`, remove its entry from the YAML, and close it in the service's portal; to continue without it, add `--exclude {address}`. To let telform try it anyway, set `{switch}: true` on the account"
            }
            Self::SeveralFit => "pin the right one with `id:`",
            Self::KeyTaken => {
                "correct the natural key; to manage the other {one}, declare it under another address; to have it under this address, first release the present one, which stays as it is, with `telform forget {address}`"
            }
            Self::RenamedOnto => "correct `moved`, or release one of the two with `telform forget ADDRESS`",
            Self::ClaimedTwice => "keep one of the two addresses; to rename one, list it under `moved` with `from` and `to`",
            Self::Ended => {
                "reverse it in the service's portal, or remove the entry from the YAML; to continue without it, add `--exclude {address}`"
            }
            Self::GoneOrHidden => {
                "check in the service's portal; if it really was deleted, release the address with `telform forget {address}`. To continue without it, add `--exclude {address}`"
            }
            Self::UnsettledCreate => {
                "ask the owner of the mail address, or check in the service's portal: if it was created, run `telform adopt {address} ID` with its id; if not, run `telform forget {address}` and apply again"
            }
            Self::HiddenElsewhere => {
                "keep its address until it is verified; or pin its id here with `id:` and release the other address with `telform forget ADDRESS`"
            }
            Self::PinnedMissing => "correct or remove `id:`",
            Self::MissingForCreate => {
                "add the attributes; or, if the object exists under another natural key or id, correct that"
            }
            Self::NotInCatalogue => "use an entry of the service's catalogue, by slug, name or id",
            Self::NumberElsewhere => {
                "declare that {holder} with its numbers, so that reviewers see the move; or take the number off it in the service's console"
            }
            Self::CannotDisconnect => {
                "connect the number to another {target}, or delete the {holder}. If your service can disconnect numbers, set `{disconnect}: true` on the account"
            }
            Self::CannotAssign => {
                "this generation puts numbers only on a new {holder}: assign the number in the service's console first"
            }
            Self::NumberNotOffered => "check the number: it must be free or already on this {holder}",
            Self::PutWouldBlank => "state the address in the YAML, or use `update: patch` until it is verified",
            Self::StillReferred => {
                "let what names it name another one: change that in its entry and apply it first, or change it where it is managed. To leave this {one} as it is and continue with the rest, add `--exclude {address}`"
            }
            Self::NotInAccount => {
                "correct what it is found by, or `account`; or get the {one} from the service first: it costs money or needs papers, so telform never does that"
            }
            Self::DependencyExcluded => "include it, or also exclude what needs it",
            Self::DependencyUnknown => {
                "correct first what is said about that one; to continue without what needs it, add `--exclude {address}`"
            }
            Self::NumberNotShown => {
                "write it as `+`, the country code and the number, or remove it; `telform adopt` writes numbers as the service shows them"
            }
            Self::Unreadable => "to continue without this object, add `--exclude {address}`",
            Self::OddShape => "correct it in the service's dashboard; to continue without this object, add `--exclude {address}`",
            Self::UnreadableBridges => {
                "have the {holder} repaired first: when two have one identity, only the service's support can remove one of them. If you know that no number on it uses this {target}, allow it for this run with `--max-unreadable-bridges N`"
            }
            Self::CreateMayRun => {
                "run `telform resume --settle-timeout 10m`, which waits and reads again; or leave it out of this run with `--exclude {address}`"
            }
            Self::Inherited => {
                "to refer to it, declare it under `existing` instead; for one of this account, give its entry another name. If the ledger contains it, `telform forget {address}` releases it and leaves it as it is"
            }
            Self::UnseenProducts => {
                "name every product of the organization under `{products}` on the account and confirm that with `{all products}: true`; or allow it for this run with `--allow-unseen-products`"
            }
            Self::UnknownRemoval => {
                "write its `id:` or its complete natural key into its entry under `removed`, or remove that entry; `telform get {kind}` shows what exists, and what of it is managed"
            }
            Self::SimilarExists => {
                "correct the spelling to manage the existing object; or allow it for this run with `--allow-similar {address}`"
            }
            Self::ForeignObject => {
                "correct `{organization}` on the account, or the natural key or `id:` in the YAML; if the ledger contains it, `telform forget {address}` releases it and leaves it as it is"
            }
            Self::AccountChanged => {
                "to move it, add `moved: [{ from: {address}, account: {account}, to: {address} }]`: telform creates it in the new account, moves its numbers and deletes the old one. To leave the old one as it is and release it, run `telform forget {address}`. Otherwise correct `account` in its entry"
            }
            Self::UnfinishedReplacement => {
                "restore its entry and apply that first, without `--destroy`; or leave the old object as it is and release it with `telform forget {address}`"
            }
            Self::PinChanged => {
                "to leave the old object as it is and release it, run `telform forget {address}`; to keep it, declare it under another address with its `id:`; to delete it, name its `id:` under `removed` with another address; otherwise correct `id:`"
            }
            Self::NewLedger => {
                "if the ledger is elsewhere, name it with `--ledger PLACE` or `TELFORM_LEDGER`. If none exists yet, name the location of the new one in the same way, or first create it from the services with `telform ledger rebuild`"
            }
            Self::ExistingMissing => {
                "correct what its entry under `existing` says; `telform explain KIND.NAME`, with an id or a name for NAME, shows what is there"
            }
            Self::ExistingManaged => {
                "keep one: to manage the object, remove the entry from `existing` and refer to the other address; not to manage it, remove the other entry, or release it with `telform forget ADDRESS`"
            }
            Self::Unlisted => {
                "to continue without them, leave each out with `--exclude ADDRESS`, or name the rest with `--target ADDRESS`"
            }
        };
        help.to_owned()
    }
}

impl PlanRefusal {
    /// Whether it is about this object.
    pub fn is_about(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }

    /// Whether it is about everything in its account, or in the run.
    pub fn is_about_account(&self) -> bool {
        self.addresses.is_empty() || self.code == RefusalCode::Unlisted
    }

    /// The objects that it is about, in few words; none for a whole account or run.
    pub fn subject(&self) -> Option<String> {
        let first = self.addresses.first()?;
        let more = self.addresses.len() - 1;
        Some(if more == 0 { first.to_string() } else { format!("{first} and {more} more") })
    }

    /// What to do about this refusal, for people.
    pub fn help(&self) -> String {
        let address = match self.addresses.first() {
            Some(address) if self.addresses.len() == 1 => address.to_string(),
            _ => "ADDRESS".to_owned(),
        };
        HelpWords::about(self.addresses.first())
            .fill(&self.code.help_template())
            .replace("{address}", &address)
            .replace("{account}", &self.account)
    }
}

/// Sorts refusals, and makes one of all that have one cause: the same rule, account and facts, about whole objects.
pub(super) fn group_refusals(mut refusals: Vec<PlanRefusal>) -> Vec<PlanRefusal> {
    refusals.sort();
    refusals.dedup();
    let mut places: BTreeMap<(RefusalCode, String, String), usize> = BTreeMap::new();
    let mut grouped: Vec<PlanRefusal> = Vec::with_capacity(refusals.len());
    for refusal in refusals {
        if refusal.attribute.is_none() && !refusal.addresses.is_empty() {
            let cause = (refusal.code, refusal.account.clone(), refusal.detail.clone());
            let place = *places.entry(cause).or_insert(grouped.len());
            if let Some(first) = grouped.get_mut(place) {
                first.addresses.extend(refusal.addresses);
                continue;
            }
        }
        grouped.push(refusal);
    }
    grouped.sort();
    grouped
}

#[cfg(test)]
mod tests;
