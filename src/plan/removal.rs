//! What shall go: tombstones, addresses that the ledger knows and the YAML no longer has, and everything with `--destroy`.

use std::collections::BTreeSet;

use super::across::{kept, kept_elsewhere, still_there};
use super::find::{Finding, Findings, Match, kind_in};
use super::guard::count;
use super::note::{Notice, NoticeCode, Refusal, RefusalCode};
use super::select::Selection;
use super::shelf::key_text;
use super::step::Ref;
use super::{Inputs, LedgerEffect};
use crate::kind::Kind;
use crate::resource::{Address, LiveObject, Removal, Unreadable};
use crate::value::Packed;

/// An object that will not be there after the plan.
#[derive(Debug)]
pub(super) struct LeavingObject<'a> {
    pub(super) address: &'a Address,
    pub(super) account: &'a str,
    pub(super) kind: &'static Kind,
    pub(super) live: &'a LiveObject,
    /// What takes its place.
    pub(super) heir: Option<Ref>,
    /// Whether that is in another account, where it can serve no number of this one.
    pub(super) across: bool,
    pub(super) reason: String,
}

impl LeavingObject<'_> {
    /// What serves its numbers afterwards, where they are now.
    pub(super) fn successor(&self) -> Option<Ref> {
        self.heir.clone().filter(|_| !self.across)
    }
}

/// What shall go, and what stands in the way.
#[derive(Debug, Default)]
pub(super) struct Removals<'a> {
    pub(super) leaving: Vec<LeavingObject<'a>>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) notices: Vec<Notice>,
    pub(super) effects: Vec<LedgerEffect>,
    /// Addresses of kinds that could not be listed: account, kind, address.
    pub(super) unlisted: Vec<(&'a str, &'static str, &'a Address)>,
}

/// One address that shall go, before anything was looked up.
struct Wish<'a> {
    address: &'a Address,
    account: Option<&'a str>,
    id: Option<&'a str>,
    tombstone: Option<&'a Removal>,
    reason: String,
    place: Option<String>,
}

/// Finds the live object of everything that shall go.
pub(super) fn removals<'a>(
    inputs: &Inputs<'a>,
    findings: &Findings<'a>,
    selection: &Selection,
) -> Removals<'a> {
    let mut removals = Removals::default();
    for removal in inputs.desired.removed.iter().filter(|gone| gone.keep && selection.holds(&gone.address)) {
        removals.release(inputs, removal);
    }
    for wish in wishes(inputs).into_iter().filter(|wish| selection.holds(wish.address)) {
        removals.look_up(inputs, findings, &wish);
    }
    if inputs.options.destroy {
        for Match { object, entry, kind, finding, .. } in findings.by_address.values() {
            if let Finding::Live(live) = finding
                && selection.holds(&object.address)
            {
                let remembered = entry.is_some_and(|entry| entry.prevent_delete);
                removals.leave(
                    inputs,
                    &object.address,
                    &object.account,
                    kind,
                    live,
                    "--destroy".to_owned(),
                    object.prevent_delete || remembered,
                );
            }
        }
    }
    removals
}

fn wishes<'a>(inputs: &Inputs<'a>) -> Vec<Wish<'a>> {
    let desired = inputs.desired;
    let mut wishes: Vec<Wish<'a>> = desired
        .removed
        .iter()
        .filter(|removal| !removal.keep)
        .map(|removal| {
            let entry = inputs.ledger.objects.get(&removal.address);
            let gone = inputs.ledger.gone.get(&removal.address).filter(|gone| {
                entry.is_none() && removal.account.as_ref().is_none_or(|account| *account == gone.account)
            });
            let known = entry.map(|entry| &entry.account).or(gone.map(|gone| &gone.account));
            Wish {
                address: &removal.address,
                account: removal.account.as_deref().or(known.map(String::as_str)),
                // An id that was replaced means what took its place.
                id: (removal.id.as_deref())
                    .filter(|id| entry.is_none_or(|entry| !entry.replaced.contains(*id)))
                    .or(entry.map(|entry| entry.id.as_str()))
                    .or(gone.filter(|_| removal.key.is_empty()).map(|gone| gone.id.as_str())),
                tombstone: Some(removal),
                reason: removal.reason.clone().unwrap_or_else(|| "listed under `removed`".to_owned()),
                place: Some(removal.place.to_string()),
            }
        })
        .collect();
    let buried: BTreeSet<&Address> = desired.removed.iter().map(|removal| &removal.address).collect();
    wishes.extend(
        inputs
            .ledger
            .objects
            .iter()
            .filter(|(address, _)| desired.kinds.contains(&address.kind))
            .filter(|(address, _)| !desired.objects.contains_key(*address) && !buried.contains(address))
            .map(|(address, entry)| Wish {
                address,
                account: Some(&entry.account),
                id: Some(&entry.id),
                tombstone: None,
                reason: "managed before, and no longer in the configuration".to_owned(),
                place: None,
            }),
    );
    wishes
}

impl<'a> Removals<'a> {
    /// Lets go of an object without touching it. Once that is done, the tombstone says nothing any more.
    fn release(&mut self, inputs: &Inputs<'a>, removal: &'a Removal) {
        let address = &removal.address;
        let entry = inputs.ledger.objects.get(address);
        let attempt = inputs.ledger.attempts.get(address);
        let Some(account) = entry.map(|entry| &entry.account).or(attempt.map(|attempt| &attempt.account))
        else {
            return;
        };
        self.notices.push(Notice {
            code: NoticeCode::Released,
            account: account.clone(),
            address: Some(address.clone()),
            attribute: None,
            detail: entry.map(|entry| entry.id.clone()),
        });
        self.effects.push(LedgerEffect::Release {
            address: address.clone(),
            account: entry.map(|entry| entry.account.clone()),
            id: entry.map(|entry| entry.id.clone()),
        });
    }

    fn look_up(&mut self, inputs: &Inputs<'a>, findings: &Findings<'a>, wish: &Wish<'a>) {
        if let Some((account, code, detail)) = kept_elsewhere(inputs, wish.address, wish.account) {
            return self.refuse(wish, account, code, detail);
        }
        let accounts: Vec<&'a str> = inputs
            .desired
            .accounts
            .values()
            .filter(|account| account.backend.kinds.iter().any(|kind| kind.name == wish.address.kind))
            .map(|account| account.name.as_str())
            .filter(|name| wish.account.is_none_or(|wanted| wanted == *name))
            .collect();
        if accounts.is_empty() {
            self.note(wish, wish.account.unwrap_or_default(), NoticeCode::AccountGone, wish.id);
            return;
        }
        if let Some((account, kind)) = inputs.unlisted_in(accounts.iter().copied(), &wish.address.kind) {
            return self.unlisted.push((account, kind, wish.address));
        }
        if let Some(known) = contradicted(inputs, wish) {
            let pinned = wish.id.unwrap_or_default();
            let detail =
                format!("the tombstone says {pinned}, and the ledger knows {} as {known}", wish.address);
            self.refuse(wish, accounts[0], RefusalCode::SeveralFit, detail);
            return;
        }
        if let Some((account, id, it)) = accounts.iter().find_map(|account| unreadable(inputs, account, wish))
        {
            let detail = format!("{id} cannot be read: {}; {}", it.why, it.help);
            self.refuse(wish, account, RefusalCode::Unreadable, detail);
            return;
        }
        if let Some((account, what)) = foreign(inputs, &accounts, wish) {
            self.refuse(wish, account, RefusalCode::ForeignObject, what);
            return;
        }
        let found: Vec<(&'a str, &'static Kind, &'a LiveObject)> = accounts
            .iter()
            .filter_map(|account| kind_in(inputs, account, &wish.address.kind).map(|kind| (*account, kind)))
            .flat_map(|(account, kind)| {
                fitting(inputs, account, kind, wish).into_iter().map(move |live| (account, kind, live))
            })
            .collect();
        // With `--destroy` nothing claims anything, so that everything can go.
        let claimed = |account, kind: &Kind, live: &'a LiveObject| {
            let key = (account, kind.name, live.id.as_str());
            findings.claimed.get(&key).filter(|_| !inputs.options.destroy)
        };
        match found.as_slice() {
            [] => self.gone(inputs, wish, &accounts),
            [(account, kind, live)] => match claimed(*account, kind, live) {
                Some(other) => self.refuse(
                    wish,
                    account,
                    RefusalCode::ClaimedTwice,
                    format!(
                        "{} {} is to be deleted as {} and kept as {other}",
                        kind.singular, live.id, wish.address
                    ),
                ),
                None => self.leave(inputs, wish.address, account, kind, live, wish.reason.clone(), false),
            },
            several => {
                let ids: Vec<&str> = several.iter().map(|(_, _, live)| live.id.as_str()).collect();
                self.refuse(
                    wish,
                    several[0].0,
                    RefusalCode::SeveralFit,
                    format!("{} live objects fit the tombstone: {}", several.len(), ids.join(", ")),
                );
            }
        }
    }

    /// Enters an object that goes, unless a rule keeps it.
    #[allow(clippy::too_many_arguments, reason = "the facts of one deletion")]
    fn leave(
        &mut self,
        inputs: &Inputs<'a>,
        address: &'a Address,
        account: &'a str,
        kind: &'static Kind,
        live: &'a LiveObject,
        reason: String,
        protected: bool,
    ) {
        // Nor is what it took the place of forgotten with it.
        let left = || still_there(inputs, address).map(|it| (RefusalCode::UnfinishedReplacement, it.1));
        if let Some((code, detail)) = kept(inputs, account, kind, live, protected).or_else(left) {
            self.refusals.push(Refusal {
                code,
                account: account.to_owned(),
                address: Some(address.clone()),
                attribute: None,
                detail,
                place: None,
            });
            return;
        }
        self.leaving.push(LeavingObject { address, account, kind, live, heir: None, across: false, reason });
    }

    /// Nothing is left to delete, where reading proves it; unless the service hides such objects, and then nobody knows
    /// (carrierx.md 0, rule 3).
    fn gone(&mut self, inputs: &Inputs<'a>, wish: &Wish<'a>, accounts: &[&'a str]) {
        let account = accounts[0];
        let entry = inputs.ledger.objects.get(wish.address);
        let attempt = inputs.ledger.attempts.contains_key(wish.address);
        let hides =
            kind_in(inputs, account, &wish.address.kind).is_some_and(|kind| kind.hidden_until_verified);
        if hides && (entry.is_some() || attempt) {
            let what = entry.map_or("what an earlier create may have made", |entry| entry.id.as_str());
            let detail = format!("{what} is not to be seen; it may be gone or only hidden");
            return self.refuse(wish, account, RefusalCode::GoneOrHidden, detail);
        }
        // A listing with a row that names no object does not show that it is gone, unless it was asked for by its id.
        let odd =
            inputs.live.accounts.get(account).and_then(|live| live.odd_rows.get(wish.address.kind.as_str()));
        if let Some(what) = odd.filter(|_| wish.id.is_none()).and_then(|rows| rows.first()) {
            let detail =
                format!("it was not found, and it may be what cannot be told in the listing: {what}");
            self.refuse(wish, account, RefusalCode::OddShape, detail);
            return;
        }
        let proofs =
            accounts.iter().map(|account| proof(inputs, account, wish)).collect::<Result<Vec<_>, _>>();
        match proofs {
            Ok(proofs) => self.note(wish, account, NoticeCode::AlreadyGone, Some(&proofs.join("; "))),
            Err(why) => return self.refuse(wish, account, RefusalCode::UnknownRemoval, why),
        }
        if entry.is_some() {
            self.effects.push(LedgerEffect::Drop { address: wish.address.clone() });
        }
    }

    fn note(&mut self, wish: &Wish<'a>, account: &str, code: NoticeCode, detail: Option<&str>) {
        self.notices.push(Notice {
            code,
            account: account.to_owned(),
            address: Some(wish.address.clone()),
            attribute: None,
            detail: detail.map(str::to_owned),
        });
    }

    fn refuse(&mut self, wish: &Wish<'a>, account: &str, code: RefusalCode, detail: String) {
        self.refusals.push(Refusal {
            code,
            account: account.to_owned(),
            address: Some(wish.address.clone()),
            attribute: None,
            detail,
            place: wish.place.clone(),
        });
    }
}

/// What a wish means, when it is there and cannot be read.
fn unreadable<'a>(
    inputs: &Inputs<'a>,
    account: &'a str,
    wish: &Wish<'a>,
) -> Option<(&'a str, String, &'a Unreadable)> {
    let kind = kind_in(inputs, account, &wish.address.kind)?;
    let objects = inputs.live.accounts.get(account)?.unreadable.get(kind.name)?;
    let stated = wish.tombstone.and_then(|gone| gone.key.get(kind.id)).and_then(Packed::text);
    let id = wish.id.map(str::to_owned).or(stated.map(|text| text.into_owned()))?;
    objects.get(&id).map(|it| (account, format!("{} {id}", kind.singular), it))
}

/// The object that the ledger knows by this address, when it is there and the tombstone names another one.
fn contradicted<'a>(inputs: &Inputs<'a>, wish: &Wish<'a>) -> Option<&'a str> {
    let entry = inputs.ledger.objects.get(wish.address)?;
    let listed = inputs.live_objects(&entry.account, &wish.address.kind);
    let other = wish.id != Some(entry.id.as_str()) && listed.iter().any(|live| live.id == entry.id);
    other.then_some(entry.id.as_str())
}

/// What was looked at that shows that an account has no such object; the error says why nothing shows it.
fn proof(inputs: &Inputs<'_>, account: &str, wish: &Wish<'_>) -> Result<String, String> {
    let shape = kind_in(inputs, account, &wish.address.kind);
    let listed =
        inputs.live.accounts.get(account).and_then(|live| live.objects.get(wish.address.kind.as_str()));
    let (Some(kind), Some(listed)) = (shape, listed) else {
        return Err(format!("the {} of account {account} were not read", wish.address.kind));
    };
    if let Some(id) = wish.id {
        return Ok(format!("looked for {} {id} in account {account}", kind.singular));
    }
    let words = kind.natural_key.join(" + ");
    let key = wish.tombstone.map(|removal| &removal.key).filter(|key| !key.is_empty());
    let Some(key) = key else {
        return Err(format!(
            "the ledger does not know {}, and the tombstone names neither its id nor its {words}",
            wish.address
        ));
    };
    if key_text(kind, inputs.facts(account), |name| key.get(name)).is_none() {
        let named: Vec<&str> = key.keys().copied().collect();
        return Err(format!(
            "the ledger does not know {}, and {} alone identifies no {} of account {account}: its natural key is {words}",
            wish.address,
            named.join(" + "),
            kind.singular
        ));
    }
    let hidden = |live: &&LiveObject| kind.natural_key.iter().any(|name| live.masked.contains_key(name));
    if let Some(live) = listed.iter().find(hidden) {
        return Err(format!(
            "{} {} shows its {words} in part only, so it may be the one",
            kind.singular, live.id
        ));
    }
    let told: Vec<String> =
        kind.natural_key.iter().filter_map(|name| Some(format!("{name} {}", key.get(name)?))).collect();
    let unseen = if kind.hidden_until_verified { ", which shows none that waits to be verified" } else { "" };
    Ok(format!(
        "looked for {} among the {} of account {account}{unseen}",
        told.join(", "),
        count(listed.len(), kind.singular)
    ))
}

/// What a wish means may belong to another organization, or to none: it stays, and it is not gone.
fn foreign<'a>(inputs: &Inputs<'a>, accounts: &[&'a str], wish: &Wish<'a>) -> Option<(&'a str, String)> {
    accounts.iter().find_map(|account| {
        let kind = kind_in(inputs, account, &wish.address.kind)?;
        let key = wish.tombstone.filter(|_| kind.natural_key.contains(&kind.id));
        let key = key.and_then(|removal| removal.key.get(kind.id)?.as_str());
        let id = wish.id.or(key)?;
        let owner = inputs.foreign_owner(account, kind.name, id)?;
        Some((*account, format!("{} {id} belongs to {owner}", kind.singular)))
    })
}

/// Live objects that a wish means: by id when there is one, else by the natural key written in the tombstone.
fn fitting<'a>(
    inputs: &Inputs<'a>,
    account: &str,
    kind: &'static Kind,
    wish: &Wish<'a>,
) -> Vec<&'a LiveObject> {
    let objects = inputs.live_objects(account, kind.name);
    if let Some(id) = wish.id {
        return objects.iter().filter(|live| live.id == id).collect();
    }
    let facts = inputs.facts(account);
    let Some(key) = wish.tombstone.and_then(|removal| key_text(kind, facts, |name| removal.key.get(name)))
    else {
        return Vec::new();
    };
    objects
        .iter()
        .filter(|live| key_text(kind, facts, |name| live.attributes.get(name)).as_ref() == Some(&key))
        .collect()
}
