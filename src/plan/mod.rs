//! Planning: a pure function of the configuration, the live state and the ledger. It does not read the clock,
//! environment, disk or network; the same input gives the same plan.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::guards::Guards;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{AccountFacts, Address, Desired, LiveObject, LiveState};
use crate::model::value::{AttributeTexts, hidden, to_canonical_json};
use crate::text::to_hex;

mod account_moves;
mod address_match;
mod carried_along;
mod change;
mod change_limit;
mod connect_despite_refusal;
mod diagnostics;
mod effect;
mod ended;
mod existing;
mod guard;
mod help_words;
mod identity;
mod impact;
mod interrupted_replacements;
mod kinds_not_mentioned;
mod ledger_updates;
mod link;
mod link_index;
mod link_steps;
mod live_index;
mod lookup;
mod matching;
mod needed_fields;
mod not_ringing;
mod not_taken;
mod notice;
mod order;
mod pin;
mod planner;
mod reconnect;
mod references;
mod remarks;
mod removal;
mod removal_request;
mod rename;
mod secret_comparison;
mod selection;
mod similar_keys;
mod step;
mod unanswered_creates;
mod undo_entry;
mod undo_of_object;
mod unnumbered_step;

pub use account_moves::{replaced_and_still_there, shown_now};
pub use address_match::{AddressMatch, MatchedBy, match_address};
pub use change::{AttributeChange, Change, ChangeAction, SecretState, ShownValue};
pub use change_limit::ChangeLimit;
pub use diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
pub use effect::LedgerUpdate;
pub use existing::{ExistingObject, existing_objects};
pub use identity::{SANDBOX, account_identity};
pub use impact::{NumberEffect, NumberImpact, NumberLocation, numbers_going_dark, one_effect_each};
pub use interrupted_replacements::settle_interrupted_replacements;
pub use kinds_not_mentioned::kinds_not_mentioned;
pub use needed_fields::needed_fields;
pub use not_ringing::numbers_left_dark;
pub use not_taken::{NotTakenRemedy, NotTakenValue};
pub use reconnect::{NumberIndex, StepStatus, reconnect_steps};
pub(crate) use references::ObjectAddresses;
pub use removal::removed_objects;
pub use rename::renamed_addresses;
pub(crate) use selection::known_addresses;
pub use selection::{RunLimits, TypedLimits, accounts_to_read, is_selected};
pub use step::{FreedNumber, ObjectRef, Prerequisite, Step, StepOperation, StepPhase};
pub use unanswered_creates::{entry_of_late_create, has_natural_key, twin_notices};
pub use undo_entry::{NOT_CLEARED, UndoEntry};

/// The inputs of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What is wanted.
    pub desired: &'a Desired,
    /// What is there.
    pub live: &'a LiveState,
    /// What telform remembers.
    pub ledger: &'a Ledger,
    /// Key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// The options of this run.
    pub options: &'a PlanOptions,
}

/// Options of this run beyond the configuration.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Only these addresses and what they need; empty means all.
    pub targets: BTreeSet<Address>,
    /// Not these addresses.
    pub excludes: BTreeSet<Address>,
    /// Only these accounts, by name; empty means all.
    pub accounts: BTreeSet<String>,
    /// Only this many changes, the first ones, and what they need; none means all.
    pub limit: Option<u64>,
    /// Addresses that this limit took. It is set for the plan of these changes, and for the proof of that plan.
    pub taken: Option<BTreeSet<Address>>,
    /// Accounts that could not be read, each with the reason: they are not among `accounts`.
    pub unreadable: BTreeMap<String, String>,
    /// What the user limited the run to. Limits that a command chooses itself, such as the objects of an undo, are not included.
    pub limits: RunLimits,
    /// Delete everything that the configuration names.
    pub destroy: bool,
    /// The run that the plan undoes; none for a plan of the configuration.
    pub undo: Option<String>,
    /// Guards raised or lowered for this run.
    pub guards: Guards,
    /// How many bridges of an account may be unreadable when one of its configurations is deleted: none by default.
    pub max_unreadable_bridges: Option<u64>,
    /// Secrets to write again: an address, or one attribute of it.
    pub rewrite_secrets: BTreeSet<(Address, Option<String>)>,
    /// Values that the service did not accept and that are to be sent again: an address, or one attribute of it.
    pub resend: BTreeSet<(Address, Option<String>)>,
    /// The base URLs belong to the embedded sandbox, whose port differs in every run.
    pub sandbox: bool,
    /// Objects that are created although a live one has nearly the same spelling.
    pub allow_similar: BTreeSet<Address>,
    /// Deletes are allowed although products that the account does not name may use the deleted object.
    pub allow_unseen_products: bool,
    /// The location of the ledger, as messages name it.
    pub ledger: String,
    /// Owners of tokens that a saved plan names, by account: they count where neither the service nor the ledger has one.
    pub owners: BTreeMap<String, String>,
    /// Only the YAML names that location: a new ledger there may bypass what another ledger knows.
    pub ledger_of_yaml: bool,
}

/// What will be done, in which order, and what will not be done. It holds no secret and can be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the user limited it to.
    #[serde(default, skip_serializing_if = "RunLimits::is_empty")]
    pub limits: RunLimits,
    /// The accounts that it covers.
    pub accounts: Vec<AccountLine>,
    /// What differs, by address.
    pub changes: Vec<Change>,
    /// The requests, in order.
    pub steps: Vec<Step>,
    /// What happens to phone numbers.
    pub impact: Vec<NumberImpact>,
    /// Values that telform sent before and the service did not accept: they still differ, and are not sent again automatically.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_taken: Vec<NotTakenValue>,
    /// What the plan refuses to do; a plan with a refusal is not applied.
    pub refusals: Vec<PlanRefusal>,
    /// Changes to the ledger without any write to a service.
    pub ledger: Vec<LedgerUpdate>,
    /// Sources of the secrets of all objects in the plan, sent or not, by attribute. A changed source changes the plan, even
    /// where the value is the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<Address, AttributeTexts>,
    /// Objects that the configuration only refers to, as they were found. An entry that means another object changes the plan.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub existing: BTreeMap<Address, ExistingObject>,
    /// Objects that its changes name by their addresses, as far as they exist before it: what is sent and compared is the id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<Address, ExistingObject>,
    /// Notices. Not part of the digest: a pull request is planned without secrets, and notices about them must not make it
    /// differ from the plan of the merge.
    #[serde(skip)]
    pub notices: Vec<PlanNotice>,
    /// Live objects that no address claims, by account and kind. Not part of the digest either.
    #[serde(skip)]
    pub unmanaged: Vec<UnmanagedCount>,
    /// The ledger that it was made with. Not part of the digest: each run saves the ledger.
    #[serde(skip)]
    pub made_with: Option<LedgerLine>,
    /// Logins of the owners of tokens, by account. Not part of the digest: several logins may be one owner.
    #[serde(skip)]
    pub logins: BTreeMap<String, String>,
    /// `sha256:` of everything above that is serialised, as canonical JSON (RFC 8785) with each number written as it is sent.
    #[serde(skip)]
    pub digest: String,
}

/// An account as a plan binds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    /// Name.
    pub name: String,
    /// Name of the service.
    pub api: String,
    /// Base URL; `(sandbox)` for the embedded one.
    pub base_url: String,
    /// Organization, where there is one.
    #[serde(rename = "org_handle", default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Generation that answers, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u8>,
    /// Source of its token; absent where the configuration was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_from: Option<String>,
    /// Identity of the token's owner, where the service reports it: another owner's token makes a different plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_of: Option<String>,
}

/// The ledger that a plan was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    /// Where it is, or will be.
    pub place: String,
    /// Increases with each save; 0 before the first.
    pub serial: u64,
    /// When it was saved for the first time, where that is known.
    pub made: Option<String>,
    /// When it was saved last, where that is known.
    pub saved: Option<String>,
}

/// Live objects that no address claims and that the plan leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmanagedCount {
    /// Account.
    pub account: String,
    /// Kind.
    pub kind: String,
    /// How many.
    pub count: usize,
    /// How many more belong to another organization, or to none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub foreign: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl<'a> Inputs<'a> {
    /// Facts about the service behind an account; the defaults when it was not read.
    pub(crate) fn facts_of_account(&self, account: &str) -> &'a AccountFacts {
        static NONE: AccountFacts = AccountFacts {
            generation: None,
            configurations: None,
            organization: crate::model::resource::OrganizationCheck::Confirmed,
            token_owner: crate::model::resource::TokenOwner::NotAsked,
            catalogue: Vec::new(),
            catalogue_known: true,
        };
        self.live.accounts.get(account).map_or(&NONE, |live| &live.facts)
    }

    /// Live objects of a kind in an account.
    pub(crate) fn live_objects(&self, account: &str, kind: &str) -> &'a [LiveObject] {
        self.live.accounts.get(account).and_then(|live| live.objects.get(kind)).map_or(&[], Vec::as_slice)
    }

    /// The first of these accounts in which the objects of a kind could not be listed.
    pub(crate) fn unlisted_in<'n>(
        &self,
        accounts: impl IntoIterator<Item = &'n str>,
        kind: &str,
    ) -> Option<(&'n str, &'static str)> {
        accounts.into_iter().find_map(|account| {
            let (kind, _) = self.live.accounts.get(account)?.listing_failures.get_key_value(kind)?;
            Some((account, *kind))
        })
    }

    /// The owner of an object that belongs to another organization, or to none, in words.
    pub(crate) fn foreign_owner(&self, account: &str, kind: &str, id: &str) -> Option<String> {
        self.live.accounts.get(account)?.foreign_owner(kind, id)
    }
}

/// Live objects that an address of the configuration refers to: account, kind and id to the address.
pub fn claimed_objects<'a>(inputs: &Inputs<'a>) -> BTreeMap<(&'a str, &'static str, &'a str), &'a Address> {
    matching::match_addresses(inputs).claimed
}

impl Plan {
    /// Computes the plan.
    pub fn new(inputs: &Inputs<'_>) -> Self {
        let recalled = settle_interrupted_replacements(inputs.ledger, inputs.live, inputs.desired);
        let ledger = recalled.as_ref().unwrap_or(inputs.ledger);
        let inputs = &Inputs { ledger, ..*inputs };
        let mut plan = planner::compute_plan(inputs);
        if let Some(limit) = inputs.options.limit.filter(|_| inputs.options.taken.is_none()) {
            plan = change_limit::limit_changes(inputs, plan, limit);
        }
        plan.add_goes_on_notices(ledger);
        plan
    }

    /// Whether the plan sends nothing and only changes the ledger.
    pub fn from_ledger_updates(accounts: Vec<AccountLine>, effects: Vec<LedgerUpdate>) -> Self {
        let mut plan = Self {
            accounts,
            changes: Vec::new(),
            steps: Vec::new(),
            impact: Vec::new(),
            refusals: Vec::new(),
            ledger: effects,
            secrets: BTreeMap::new(),
            existing: BTreeMap::new(),
            references: BTreeMap::new(),
            limits: Default::default(),
            not_taken: Vec::new(),
            notices: Vec::new(),
            unmanaged: Vec::new(),
            made_with: None,
            logins: BTreeMap::new(),
            digest: String::new(),
        };
        plan.digest = plan.computed_digest();
        plan
    }

    /// Whether it changes what telform manages without any request.
    pub fn has_ledger_decisions(&self) -> bool {
        self.ledger.iter().any(LedgerUpdate::is_decision)
    }

    /// Whether a service would be written to.
    pub fn has_changes(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Whether the services match the configuration, as far as they were compared.
    pub fn is_settled(&self) -> bool {
        self.steps.is_empty() && self.refusals.is_empty() && self.not_taken.is_empty()
    }

    /// Whether it may be applied.
    pub fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// Deletes among its steps.
    pub fn delete_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.phase == StepPhase::Delete)
    }

    /// One line that says what the plan does; the same for the same plan.
    pub fn summary(&self) -> String {
        self.summary_with_kinds(&|_| None)
    }

    /// The same for a view that draws alike changes as one: with the number of kinds of change of each action, where it says one.
    pub(crate) fn summary_with_kinds(&self, kinds: &dyn Fn(ChangeAction) -> Option<usize>) -> String {
        let of = |action| self.changes.iter().filter(|change| change.action == action).count();
        let mut parts: Vec<String> = [ChangeAction::Create, ChangeAction::Update, ChangeAction::Replace, ChangeAction::Delete]
            .into_iter()
            .map(|action| (of(action), action))
            .filter(|(count, _)| *count > 0)
            .map(|(count, action)| {
                let kinds = kinds(action).map(|kinds| format!(" in {} of change", guard::count_of(kinds, "kind")));
                format!("{count} to {}{}", action.as_str(), kinds.unwrap_or_default())
            })
            .collect();
        let numbers = |effect| self.impact.iter().filter(|number| number.effect == effect).count();
        let count = guard::count_of;
        parts.extend(
            [(NumberEffect::Connects, "connected"), (NumberEffect::Moves, "moved"), (NumberEffect::Dark, "cut off")]
                .into_iter()
                .filter(|(effect, _)| numbers(*effect) > 0)
                .map(|(effect, word)| format!("{} {word}", count(numbers(effect), "number"))),
        );
        if !parts.is_empty() {
            parts.push(count(self.steps.len(), "request"));
        }
        if !self.not_taken.is_empty() {
            parts.push(format!("{} not accepted by the service", count(self.not_taken.len(), "value")));
        }
        if parts.is_empty() {
            parts.push("no changes".to_owned());
        }
        if self.is_refused() {
            parts.push(format!("{} REFUSED", self.refusals.len()));
        }
        if !self.limits.is_empty() {
            parts.push("limited run".to_owned());
        }
        let unread = self.unread_listings().count();
        if unread > 0 {
            parts.push(format!("{} not read", count(unread, "listing")));
        }
        parts.join(", ")
    }

    /// Whether no account was read, because no file declares an object.
    pub fn has_read_nothing(&self) -> bool {
        self.notices.iter().any(|notice| notice.code == NoticeCode::AccountNotRead)
    }

    /// What could not be read, and its account.
    pub fn unread_listings(&self) -> impl Iterator<Item = (&str, &str)> {
        let unread = [NoticeCode::Unlisted, NoticeCode::Unlinked];
        self.notices.iter().filter(move |notice| unread.contains(&notice.code)).map(|notice| {
            let what = notice.detail.as_deref().and_then(|detail| detail.split(':').next());
            (what.unwrap_or_default(), notice.account.as_str())
        })
    }

    /// The computed digest of the contents, whatever [`Plan::digest`] holds.
    pub fn computed_digest(&self) -> String {
        // Prints of hidden values differ from key to key; the key must not change the plan.
        let text = to_canonical_json(self);
        format!("sha256:{}", to_hex(&Sha256::digest(hidden::without_prints(&text).as_bytes())))
    }
}
