//! Planning: a pure function of what is wanted, what is there, and what the ledger remembers. It reads no clock,
//! environment, disk or network; the same input gives the same plan.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ledger::{Key, Ledger};
use crate::resource::{Address, Desired, Facts, Guards, Live, LiveObject};
use crate::text::hex;
use crate::value::hidden;

mod across;
mod alike;
mod change;
mod despite;
mod draft;
mod effect;
mod find;
mod found;
mod guard;
mod identity;
mod impact;
mod inverse;
mod late;
mod learned;
mod link;
mod link_step;
mod look;
mod note;
mod notice;
mod order;
mod pin;
mod planner;
mod recall;
mod reconnect;
mod removal;
mod rename;
mod secrecy;
mod select;
mod shelf;
mod step;
mod taken;

pub use across::now as shown_now;
pub use change::{Action, AttributeChange, Change, SecretWord, Shown};
pub use effect::LedgerEffect;
pub use found::{Found, Met, met};
pub use identity::{SANDBOX, identity};
pub use impact::{Effect, NumberImpact, Spot, dark};
pub use inverse::Inverse;
pub use late::{came_late, has_key, twins};
pub use look::looked_at;
pub use note::{Notice, NoticeCode, Refusal, RefusalCode};
pub use recall::recalled;
pub use reconnect::{Fate, reconnects};
pub use rename::renamed;
pub use select::{Limits, asked};
pub use step::{Operation, Phase, Ref, Seat, Served, Step};
pub use taken::{NotTaken, Way};

/// Everything that a plan is computed from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What is wanted.
    pub desired: &'a Desired,
    /// What is there.
    pub live: &'a Live,
    /// What telform remembers.
    pub ledger: &'a Ledger,
    /// Key of the fingerprints.
    pub key: &'a Key,
    /// What this run asks for.
    pub options: &'a Options,
}

/// What this run asks for beyond the configuration.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only these addresses and what they need; empty means all.
    pub targets: BTreeSet<Address>,
    /// Not these addresses.
    pub excludes: BTreeSet<Address>,
    /// Only these accounts, by name; empty means all.
    pub accounts: BTreeSet<String>,
    /// What the user limited the run to. What a command chooses by itself, such as what an undo is about, is not in it.
    pub limits: Limits,
    /// Delete everything that the configuration names.
    pub destroy: bool,
    /// Guards raised or lowered for this run.
    pub guards: Guards,
    /// How many bridges of an account may be unreadable when one of its configurations is deleted: none, when nothing is said.
    pub max_unreadable_bridges: Option<u64>,
    /// Secrets to write again: an address, or one attribute of it.
    pub rewrite_secrets: BTreeSet<(Address, Option<String>)>,
    /// What the service did not take and shall be sent again: an address, or one attribute of it.
    pub resend: BTreeSet<(Address, Option<String>)>,
    /// The base URLs belong to the embedded sandbox, whose port is another one in every run.
    pub sandbox: bool,
    /// Objects that are created although a live one is spelled nearly the same.
    pub allow_similar: BTreeSet<Address>,
    /// What was not looked at, because the account does not name its product, may use what is deleted.
    pub allow_unseen_products: bool,
}

impl Options {
    /// Whether these name an attribute, by itself or with its whole object.
    fn asks(asked: &BTreeSet<(Address, Option<String>)>, address: &Address, attribute: &str) -> bool {
        asked.iter().any(|(asked, name)| asked == address && name.as_deref().is_none_or(|it| it == attribute))
    }

    /// The same without what is sent once because it was asked for: for the plan that proves a run.
    pub fn for_proof(&self) -> Self {
        Self { rewrite_secrets: BTreeSet::new(), resend: BTreeSet::new(), ..self.clone() }
    }

    /// Whether this run names an address itself, or names none at all.
    pub fn is_about(&self, address: &Address) -> bool {
        (self.targets.is_empty() || self.targets.contains(address)) && !self.excludes.contains(address)
    }
}

/// What will be done, in which order, and what will not be done. It holds no secret and can be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the user limited it to.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// The accounts that it is for.
    pub accounts: Vec<AccountLine>,
    /// What differs, by address.
    pub changes: Vec<Change>,
    /// The requests, in order.
    pub steps: Vec<Step>,
    /// What happens to phone numbers.
    pub impact: Vec<NumberImpact>,
    /// What telform sent before and the service did not take: it differs still, and is not sent again by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_taken: Vec<NotTaken>,
    /// What the plan will not do; with one of these it is not applied.
    pub refusals: Vec<Refusal>,
    /// What the ledger learns without any write to a service.
    pub ledger: Vec<LedgerEffect>,
    /// What is worth knowing. Not part of the digest: a pull request is planned without secrets, and what is then said about
    /// them must not make the plan of the merge another one.
    #[serde(skip)]
    pub notices: Vec<Notice>,
    /// Live objects that no address claims, by account and kind. Not part of the digest either.
    #[serde(skip)]
    pub unmanaged: Vec<Unmanaged>,
    /// `sha256:` of everything above that is serialised, as canonical JSON (RFC 8785).
    #[serde(skip)]
    pub digest: String,
}

/// An account as a plan binds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    /// Name.
    pub name: String,
    /// Word of the service.
    pub api: String,
    /// Base URL; `(sandbox)` for the embedded one.
    pub base_url: String,
    /// Organization, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_handle: Option<String>,
    /// Generation that answers, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u8>,
}

/// Live objects that no address claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmanaged {
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
    /// Facts about the service behind an account; the defaults when it was not asked.
    pub(crate) fn facts(&self, account: &str) -> &'a Facts {
        static NONE: Facts = Facts {
            generation: None,
            configurations: None,
            organization: crate::resource::Organization::Confirmed,
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
            let (kind, _) = self.live.accounts.get(account)?.unlisted.get_key_value(kind)?;
            Some((account, *kind))
        })
    }

    /// Whose an object is that belongs to another organization, or to none, in words.
    pub(crate) fn foreign_owner(&self, account: &str, kind: &str, id: &str) -> Option<String> {
        self.live.accounts.get(account)?.foreign_owner(kind, id)
    }
}

/// Live objects that an address of the configuration means: account, kind and id to the address.
pub fn claims<'a>(inputs: &Inputs<'a>) -> BTreeMap<(&'a str, &'static str, &'a str), &'a Address> {
    find::find(inputs).claimed
}

impl Plan {
    /// Computes the plan.
    pub fn new(inputs: &Inputs<'_>) -> Self {
        let recalled = recalled(inputs.ledger, inputs.live, inputs.desired);
        let ledger = recalled.as_ref().unwrap_or(inputs.ledger);
        let mut plan = planner::run(&Inputs { ledger, ..*inputs });
        plan.say_what_goes_on(ledger);
        plan
    }

    /// A plan that sends nothing and only changes what telform remembers.
    pub fn of_ledger(accounts: Vec<AccountLine>, effects: Vec<LedgerEffect>) -> Self {
        let mut plan = Self {
            accounts,
            changes: Vec::new(),
            steps: Vec::new(),
            impact: Vec::new(),
            refusals: Vec::new(),
            ledger: effects,
            limits: Default::default(),
            not_taken: Vec::new(),
            notices: Vec::new(),
            unmanaged: Vec::new(),
            digest: String::new(),
        };
        plan.digest = plan.computed_digest();
        plan
    }

    /// Whether it changes what telform manages without any request.
    pub fn decides(&self) -> bool {
        self.ledger.iter().any(LedgerEffect::is_decision)
    }

    /// Whether a service would be written to.
    pub fn has_changes(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Whether the services are what the configuration wants, as far as they were compared.
    pub fn is_settled(&self) -> bool {
        self.steps.is_empty() && self.refusals.is_empty() && self.not_taken.is_empty()
    }

    /// Whether it may be applied.
    pub fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// Deletes among its steps.
    pub fn deletes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.phase == Phase::Delete)
    }

    /// One line that says what the plan does; the same for the same plan.
    pub fn summary(&self) -> String {
        let of = |action| self.changes.iter().filter(|change| change.action == action).count();
        let mut parts: Vec<String> = [
            (of(Action::Create), "to create"),
            (of(Action::Update), "to update"),
            (of(Action::Replace), "to replace"),
            (of(Action::Delete), "to delete"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
        let numbers = |effect| self.impact.iter().filter(|number| number.effect == effect).count();
        let count = guard::count;
        parts.extend(
            [(Effect::Connects, "connected"), (Effect::Moves, "moved"), (Effect::Dark, "cut off")]
                .into_iter()
                .filter(|(effect, _)| numbers(*effect) > 0)
                .map(|(effect, word)| format!("{} {word}", count(numbers(effect), "number"))),
        );
        if !parts.is_empty() {
            parts.push(count(self.steps.len(), "request"));
        }
        if !self.not_taken.is_empty() {
            parts.push(format!("{} not taken by the service", count(self.not_taken.len(), "value")));
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
        let unread = self.unread().count();
        if unread > 0 {
            parts.push(format!("{} not read", count(unread, "listing")));
        }
        parts.join(", ")
    }

    /// What could not be read: what it is of, and its account.
    pub fn unread(&self) -> impl Iterator<Item = (&str, &str)> {
        let unread = [NoticeCode::Unlisted, NoticeCode::Unlinked];
        self.notices.iter().filter(move |notice| unread.contains(&notice.code)).map(|notice| {
            let what = notice.detail.as_deref().and_then(|detail| detail.split(':').next());
            (what.unwrap_or_default(), notice.account.as_str())
        })
    }

    /// The digest that the contents have, whatever [`Plan::digest`] says.
    pub fn computed_digest(&self) -> String {
        // Prints of hidden values differ from key to key; who has which key must not make another plan of it.
        let text = hidden::without_prints(&serde_json_canonicalizer::to_string(self).unwrap_or_default());
        format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())))
    }
}
