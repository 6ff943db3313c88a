//! Which live object an address means: pinned id, then the ledger's id, then the natural key (spec 2.2).

use std::collections::{BTreeMap, HashMap};

use super::across::{account_changed, named};
use super::found::unreadable;
use super::note::{Notice, NoticeCode, Refusal, RefusalCode};
use super::shelf::{Shelf, key_text, shown_in_part, wanted_key};
use super::{Inputs, LedgerEffect};
use super::{alike, late, pin};
use crate::backend;
use crate::kind::Kind;
use crate::ledger::Entry;
use crate::resource::{Address, DesiredObject, Facts, LiveObject, Wanted};

/// What was found for an address.
#[derive(Debug, Clone, Copy)]
pub(super) enum Finding<'a> {
    /// This live object.
    Live(&'a LiveObject),
    /// Nothing: it will be created.
    New,
    /// It exists and is invisible until a human confirms it.
    Hidden,
    /// Something is in the way; a refusal says what.
    Stuck,
}

/// One address of the configuration, and what was found for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match<'a> {
    pub(super) object: &'a DesiredObject,
    /// What the ledger keeps under this address, of whatever account and identity.
    pub(super) entry: Option<&'a Entry>,
    /// The shape in which its account answers.
    pub(super) kind: &'static Kind,
    pub(super) finding: Finding<'a>,
}

/// The findings of all addresses.
#[derive(Debug, Default)]
pub(super) struct Findings<'a> {
    pub(super) by_address: BTreeMap<&'a Address, Match<'a>>,
    /// Live objects that an address claims: (account, kind, id) to the address.
    pub(super) claimed: BTreeMap<(&'a str, &'static str, &'a str), &'a Address>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) notices: Vec<Notice>,
    pub(super) effects: Vec<LedgerEffect>,
    /// Account, kind and address of what could not be listed.
    pub(super) unlisted: Vec<(&'a str, &'static str, &'a Address)>,
}

impl<'a> Findings<'a> {
    pub(super) fn refuse(&mut self, object: &DesiredObject, code: RefusalCode, detail: String) {
        self.refusals.push(Refusal {
            code,
            account: object.account.clone(),
            address: Some(object.address.clone()),
            attribute: None,
            detail,
            place: Some(object.place.to_string()),
        });
    }

    fn notice(&mut self, object: &DesiredObject, code: NoticeCode, detail: Option<String>) {
        self.notices.push(notice(object, code, detail));
    }
}

pub(super) fn notice(object: &DesiredObject, code: NoticeCode, detail: Option<String>) -> Notice {
    Notice {
        code,
        account: object.account.clone(),
        address: Some(object.address.clone()),
        attribute: None,
        detail,
    }
}

/// Finds the live object of every address in the configuration.
pub(super) fn find<'a>(inputs: &Inputs<'a>) -> Findings<'a> {
    let mut findings = Findings::default();
    let mut shelves: HashMap<(&str, &str), Shelf<'a>> = HashMap::new();
    let mut keys: HashMap<(&str, &str, String), &Address> = HashMap::new();
    let mut all = Vec::with_capacity(inputs.desired.objects.len());
    let names = inputs.desired.accounts.keys();
    let names: HashMap<&str, Vec<&str>> = names.map(|name| (name.as_str(), inputs.names_of(name))).collect();
    for object in inputs.desired.objects.values() {
        let entry = inputs.ledger.objects.get(&object.address);
        let facts = inputs.facts(&object.account);
        let Some(kind) = shape_of(object, facts) else {
            let Some(first) = object.shapes.first() else { continue };
            let detail = format!(
                "account {} answers in generation {}, and the entry has the attributes of generation {}",
                object.account,
                facts.generation.unwrap_or_default(),
                first.generation.unwrap_or_default()
            );
            findings.refuse(object, RefusalCode::WrongGeneration, detail);
            all.push(Match { object, entry, kind: first, finding: Finding::Stuck });
            continue;
        };
        let shelf = shelves
            .entry((&object.account, kind.name))
            .or_insert_with(|| Shelf::new(inputs, &object.account, kind));
        let own = entry.filter(|entry| entry.account == object.account);
        let other = entry.filter(|entry| entry.account != object.account);
        if let Some(refusal) = other.and_then(|old| account_changed(inputs, object, old, kind)) {
            findings.refusals.push(refusal);
            // Nobody else takes it, and it is not unmanaged.
            let (account, id) = other.map_or(("", ""), |old| (old.account.as_str(), old.id.as_str()));
            for name in names.get(account).into_iter().flatten() {
                findings.claimed.entry((name, kind.name, id)).or_insert(&object.address);
            }
            all.push(Match { object, entry, kind, finding: Finding::Stuck });
            continue;
        }
        // What it leaves in other accounts is needed as well.
        let left =
            entry.into_iter().flat_map(|entry| entry.left_behind.iter().map(|left| left.account.as_str()));
        let accounts = [Some(object.account.as_str()), entry.map(|entry| entry.account.as_str())];
        if let Some((account, of)) = inputs.unlisted_in(accounts.into_iter().flatten().chain(left), kind.name)
        {
            findings.unlisted.push((account, of, &object.address));
            all.push(Match { object, entry, kind, finding: Finding::Stuck });
            continue;
        }
        let finding = find_one(inputs, object, own, kind, shelf, &mut findings);
        let own_names = names.get(object.account.as_str()).map_or(&[][..], Vec::as_slice);
        let finding = claim(inputs, object, kind, finding, own_names, &mut findings);
        let key = key_to_be(object, kind, facts, &finding);
        let finding = match key {
            Some(key) => {
                alike::beware(inputs, object, kind, &key, finding, shelf, &mut findings);
                let key = (own_names.first().copied().unwrap_or(&object.account), kind.name, key);
                hold_key(inputs, object, kind, key, finding, shelf, &mut keys, &mut findings)
            }
            None => finding,
        };
        all.push(Match { object, entry, kind, finding });
    }
    pin::refuse_dropped(inputs, &mut all, &mut findings);
    findings.by_address = all.into_iter().map(|found| (&found.object.address, found)).collect();
    findings
}

fn shape_of(object: &DesiredObject, facts: &Facts) -> Option<&'static Kind> {
    match facts.generation {
        Some(_) => object
            .shapes
            .iter()
            .copied()
            .find(|kind| kind.generation.is_none() || kind.generation == facts.generation),
        None => object.shapes.first().copied(),
    }
}

fn find_one<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    entry: Option<&'a Entry>,
    kind: &'static Kind,
    shelf: &Shelf<'a>,
    findings: &mut Findings<'a>,
) -> Finding<'a> {
    if let Some((id, it)) = unreadable(inputs, object, entry, kind) {
        let detail = format!("{} {id} cannot be read: {}; {}", kind.singular, it.why, it.help);
        findings.refuse(object, RefusalCode::Unreadable, detail);
        return Finding::Stuck;
    }
    if let Some(finding) = alike::foreign(inputs, object, entry, kind, findings) {
        return finding;
    }
    if let Some(id) = &object.id {
        if let Some((entry, live)) = entry
            .filter(|entry| entry.replaced.contains(id))
            .and_then(|entry| Some((entry, *shelf.by_id.get(entry.id.as_str())?)))
        {
            findings.notice(object, NoticeCode::PinReplaced, Some(entry.id.clone()));
            return Finding::Live(live);
        }
        let Some(live) = shelf.by_id.get(id.as_str()) else {
            // The id of what a cut-off create made: it exists, and stays invisible until somebody confirms it.
            let cut_off = kind.hidden_until_verified && inputs.ledger.attempts.contains_key(&object.address);
            if cut_off || entry.is_some_and(|entry| entry.id == *id && entry.hidden_since.is_some()) {
                findings.notice(object, NoticeCode::Hidden, None);
                if cut_off {
                    findings.effects.push(LedgerEffect::AdoptHidden {
                        address: object.address.clone(),
                        account: object.account.clone(),
                        id: id.clone(),
                    });
                }
                return Finding::Hidden;
            }
            findings.refuse(
                object,
                RefusalCode::PinnedMissing,
                format!("account {} has no {} {id}", object.account, kind.singular),
            );
            return Finding::Stuck;
        };
        return Finding::Live(live);
    }
    if let Some(live) = entry.and_then(|entry| shelf.by_id.get(entry.id.as_str())) {
        return Finding::Live(live);
    }
    if let Some(entry) = entry.filter(|_| kind.hidden_until_verified) {
        return unseen(object, kind, entry, findings);
    }
    let facts = inputs.facts(&object.account);
    let key = wanted_key(kind, facts, object);
    let matches = key.map_or(&[][..], |key| shelf.with_key(&key));
    match matches {
        [] => {
            if let Some(attempt) =
                inputs.ledger.attempts.get(&object.address).filter(|_| kind.hidden_until_verified)
            {
                findings.refuse(
                    object,
                    RefusalCode::UnsettledCreate,
                    format!(
                        "its create of {} was cut off; it may exist and be invisible until it is verified",
                        attempt.since
                    ),
                );
                return Finding::Stuck;
            }
            if let Some(what) = shelf.nameless(inputs, &object.account) {
                let detail =
                    format!("it was not found, and it may be what cannot be told in the listing: {what}");
                findings.refuse(object, RefusalCode::OddShape, detail);
                return Finding::Stuck;
            }
            if let Some((other, part)) = shown_in_part(inputs, shelf, object, kind) {
                findings.refuse(
                    object,
                    RefusalCode::SeveralFit,
                    format!("{} {} shows {part} and may be this one", kind.singular, other.id),
                );
                return Finding::Stuck;
            }
            if let Some((other, what)) = hidden_elsewhere(inputs, shelf, object, kind) {
                findings.refuse(
                    object,
                    RefusalCode::HiddenElsewhere,
                    format!(
                        "{other} has {what} with the same {}, which is not to be seen yet",
                        kind.natural_key.join(" + ")
                    ),
                );
                return Finding::Stuck;
            }
            // telform itself deleted it, to make it again with its numbers.
            let stated = match object.attributes.get(kind.id) {
                Some(Wanted::Value(id)) => id.as_str(),
                _ => None,
            };
            let freed = inputs.ledger.moves.iter().any(|open| {
                kind.link.is_some() && open.account == object.account && stated == Some(&open.bridge)
            });
            if let Some(entry) = entry.filter(|_| !freed) {
                findings.notice(object, NoticeCode::CreatedAgain, Some(entry.id.clone()));
            } else if kind.hidden_until_verified {
                findings.notice(object, NoticeCode::MayBeHidden, None);
            }
            Finding::New
        }
        [one] => Finding::Live(one),
        several => {
            let ids: Vec<&str> = several.iter().map(|live| live.id.as_str()).collect();
            findings.refuse(
                object,
                RefusalCode::SeveralFit,
                format!(
                    "{} live objects have its natural key ({}): {}",
                    several.len(),
                    kind.natural_key.join(" + "),
                    ids.join(", ")
                ),
            );
            Finding::Stuck
        }
    }
}

/// A managed object of a kind that hides unverified objects is not to be seen (carrierx.md 7.1): it waits, or it is gone or
/// hidden again. It is never created a second time.
fn unseen<'a>(
    object: &DesiredObject,
    kind: &Kind,
    entry: &Entry,
    findings: &mut Findings<'a>,
) -> Finding<'a> {
    if let Some(since) = &entry.hidden_since {
        findings.notice(object, NoticeCode::Hidden, Some(since.clone()));
        return Finding::Hidden;
    }
    findings.refuse(
        object,
        RefusalCode::GoneOrHidden,
        format!(
            "{} {} was there and is no longer to be seen; it may be gone or only hidden",
            kind.singular, entry.id
        ),
    );
    Finding::Stuck
}

/// Another address whose hidden object, or whose cut-off create, has the natural key that this object wants: a POST would make
/// a second one (carrierx.md 7.1).
fn hidden_elsewhere<'a>(
    inputs: &Inputs<'a>,
    shelf: &Shelf<'a>,
    object: &DesiredObject,
    kind: &Kind,
) -> Option<(&'a Address, String)> {
    if !kind.hidden_until_verified {
        return None;
    }
    let wanted = wanted_key(kind, inputs.facts(&object.account), object)?;
    let remembered = shelf.remembered(inputs.ledger, &object.account, &wanted);
    remembered.iter().find(|(address, _)| **address != object.address).cloned()
}

/// Enters a claim; a second address that claims the same live object is refused.
fn claim<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    kind: &'static Kind,
    finding: Finding<'a>,
    names: &[&'a str],
    findings: &mut Findings<'a>,
) -> Finding<'a> {
    let Finding::Live(live) = finding else { return finding };
    let key = |account: &'a str| (account, kind.name, live.id.as_str());
    if let Some(other) = findings.claimed.get(&key(&object.account)) {
        let detail = format!(
            "{} {} is claimed by {other} too{}",
            kind.singular,
            live.id,
            named(inputs, object, other)
        );
        findings.refuse(object, RefusalCode::ClaimedTwice, detail);
        return Finding::Stuck;
    }
    findings.claimed.extend(names.iter().map(|name| (key(name), &object.address)));
    finding
}

/// The natural key that an object has after the plan, unless it stays the one that it has.
fn key_to_be(object: &DesiredObject, kind: &Kind, facts: &Facts, finding: &Finding<'_>) -> Option<String> {
    let stated = |name: &str| match object.attributes.get(name) {
        Some(Wanted::Value(value)) => Some(value),
        _ => None,
    };
    if let Finding::Live(live) = finding
        && kind
            .natural_key
            .iter()
            .all(|name| stated(name).is_some_and(|it| live.attributes.get(name) == Some(it)))
    {
        return None;
    }
    let wanted = wanted_key(kind, facts, object)?;
    match finding {
        Finding::New => Some(wanted),
        Finding::Live(live) => {
            let ignored = kind.natural_key.iter().any(|name| object.ignore.contains(*name));
            let same = key_text(kind, facts, |name| live.attributes.get(name)).as_ref() == Some(&wanted);
            (!ignored && !same).then_some(wanted)
        }
        Finding::Hidden | Finding::Stuck => None,
    }
}

/// A natural key that an object is going to get must be free: deletes come last, so whoever has it now still has it then.
#[allow(clippy::too_many_arguments, reason = "the facts about one key")]
fn hold_key<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    kind: &'static Kind,
    key: (&'a str, &'a str, String),
    finding: Finding<'a>,
    shelf: &Shelf<'a>,
    keys: &mut HashMap<(&'a str, &'a str, String), &'a Address>,
    findings: &mut Findings<'a>,
) -> Finding<'a> {
    let words = kind.natural_key.join(" + ");
    if let Some(live) = shelf.with_key(&key.2).first() {
        let detail = format!("its natural key ({words}) belongs to another {}: {}", kind.singular, live.id);
        findings.refuse(object, RefusalCode::SeveralFit, detail);
        return Finding::Stuck;
    }
    if let Some(detail) = late::running(inputs, &object.account, kind, &key.2) {
        findings.refuse(object, RefusalCode::CreateMayRun, detail);
        return Finding::Stuck;
    }
    if let Some(other) = keys.insert(key, &object.address) {
        let detail = format!("{other} wants the same natural key ({words})");
        findings.refuse(object, RefusalCode::ClaimedTwice, detail);
        return Finding::Stuck;
    }
    finding
}

/// The shape in which an account answers for a kind.
pub(super) fn kind_in(inputs: &Inputs<'_>, account: &str, kind: &str) -> Option<&'static Kind> {
    backend::shape(kind, inputs.facts(account).generation)
        .or_else(|| backend::shapes(kind).into_iter().next())
}
