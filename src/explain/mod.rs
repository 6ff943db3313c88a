//! Why something is changed, or is not: from the line of the YAML through attribute, live value and ledger to the rule that
//! decided and the request. Pure: it looks at a plan and at what the plan was made from.

use serde::Serialize;

use crate::backend;
use crate::drift;
use crate::kind::Kind;
use crate::plan::{Action, Change, Found, Inputs, Met, Notice, NoticeCode, Operation, Plan, Refusal, met};
use crate::resource::{Address, LiveObject};

mod attribute;
mod words;

pub use attribute::{Attribute, Because, Says, Table};

/// All that there is to say about one address, or about one attribute of it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Explanation {
    /// The address.
    #[schemars(with = "String")]
    pub address: Address,
    /// The attribute that was asked for; none for the whole object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// What such an object is called.
    pub kind: &'static str,
    /// Its account, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What happens to it.
    pub verdict: Verdict,
    /// Where the YAML speaks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yaml: Option<Written>,
    /// Its live object.
    pub found: Found,
    /// Fields that find it when nothing else does.
    pub natural_key: Vec<&'static str>,
    /// What the ledger knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Remembered>,
    /// Its attributes in the order of the table; only the one that was asked for, if one was.
    pub attributes: Vec<Attribute>,
    /// What the plan refuses about it.
    #[schemars(with = "Vec<crate::document::v1::Refusal>")]
    pub refusals: Vec<Refusal>,
    /// Refusals about something else, for which the plan is not applied either.
    pub other_refusals: usize,
    /// What is worth knowing about it.
    #[schemars(with = "Vec<crate::document::v1::Notice>")]
    pub notices: Vec<Notice>,
    /// The requests.
    pub requests: Vec<Request>,
    /// Why the object changes, in the plan's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What happens to an object, or why nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is made.
    Create,
    /// Some of it is changed.
    Update,
    /// Another one takes its place.
    Replace,
    /// It is deleted.
    Delete,
    /// A rule stands against it.
    Refused,
    /// Live is what the YAML says.
    InSync,
    /// It waits for somebody to confirm it.
    Waiting,
    /// `--exclude` names it.
    Excluded,
    /// `--target` names others.
    NotTargeted,
    /// No file mentions its kind.
    OutOfScope,
    /// It is released and left as it is.
    Released,
    /// What shall go is gone.
    AlreadyGone,
    /// No file names its account any more.
    AccountGone,
    /// It is there, and no address claims it.
    Unmanaged,
    /// Something of it was sent before, and the service did not take it.
    NotTaken,
    /// Its account is none of those that `--account` names.
    LeftOut,
}

/// Where the YAML speaks of an object.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Written {
    /// `declared`, `removed`, or `released` for a tombstone that keeps the object.
    pub as_what: &'static str,
    /// `file:line:column`.
    pub place: String,
    /// Reason of a tombstone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `lifecycle.prevent_delete`.
    pub prevent_delete: bool,
}

/// What the ledger knows about an object.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Remembered {
    /// Its identity.
    pub id: String,
    /// `created` or `adopted`.
    pub origin: crate::ledger::Origin,
    /// Since when.
    pub since: String,
    /// Whether it may be deleted.
    pub prevent_delete: bool,
    /// Since when it waits to be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_since: Option<String>,
}

/// One request of the plan.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Request {
    /// Its step.
    pub id: String,
    /// Phase.
    pub phase: &'static str,
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The number that is connected or disconnected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Why this request.
    pub why: String,
    /// Steps that must be done before.
    pub waits_for: Vec<String>,
}

/// Explains an address, or one attribute of it. `None`: neither files nor ledger nor live objects know it.
pub fn explain(
    inputs: &Inputs<'_>,
    plan: &Plan,
    address: &Address,
    attribute: Option<&str>,
) -> Option<Explanation> {
    if !known(inputs, address) {
        return unmanaged(inputs, plan, address);
    }
    let met = met(inputs, address);
    let change = plan.changes.iter().find(|change| change.address == *address);
    let refusals: Vec<Refusal> =
        plan.refusals.iter().filter(|it| it.address.as_ref() == Some(address)).cloned().collect();
    let notices: Vec<Notice> =
        plan.notices.iter().filter(|it| it.address.as_ref() == Some(address)).cloned().collect();
    let account = account(inputs, address, &met);
    let kind = met.kind.or_else(|| shape(inputs, address, account.as_deref()))?;
    let verdict = verdict(inputs, plan, address, &met, change, &refusals, &notices);
    let is_read = account.as_ref().is_some_and(|account| inputs.live.accounts.contains_key(account));
    let id = met.found.id().or(change.and_then(|change| change.id.as_deref())).map(str::to_owned);
    let id = id.as_deref();
    let live = id.and_then(|id| live(inputs, account.as_deref()?, kind.name, id).map(|(live, _)| live));
    let drifts = drift::drift(inputs, plan);
    let known = attribute::Known {
        inputs,
        address,
        kind,
        met: &met,
        change,
        live,
        verdict,
        refusals: &refusals,
        notices: &notices,
        drifts: &drifts,
        not_taken: &plan.not_taken,
    };
    let declared = inputs.desired.objects.contains_key(address);
    let fields = kind.fields.iter().filter(|field| attribute.is_none_or(|name| name == field.name));
    let attributes: Vec<Attribute> =
        if declared { fields.map(|field| known.attribute(field, plan)).collect() } else { Vec::new() };
    let steps = match attributes.as_slice() {
        [one] if attribute.is_some() => one.steps.clone(),
        _ => change.map(|change| change.steps.clone()).unwrap_or_default(),
    };
    Some(Explanation {
        address: address.clone(),
        attribute: attribute.map(str::to_owned),
        kind: kind.singular,
        verdict,
        yaml: written(inputs, address),
        natural_key: kind.natural_key.to_vec(),
        ledger: met.entry.as_ref().map(|entry| Remembered {
            id: entry.id.clone(),
            origin: entry.origin,
            since: entry.since.clone(),
            prevent_delete: entry.prevent_delete,
            hidden_since: entry.hidden_since.clone(),
        }),
        found: match (met.found, id) {
            (Found::Nothing, _) if !is_read => Found::NotLookedFor,
            (Found::NotLookedFor, Some(id)) if live.is_some() => Found::Ledger(id.to_owned()),
            (found, _) => found,
        },
        account,
        attributes,
        other_refusals: plan.refusals.len() - refusals.len(),
        refusals,
        notices,
        requests: requests(plan, &steps),
        reason: change.and_then(|change| change.reason.clone()),
    })
}

/// Whether files or ledger speak of it.
pub fn known(inputs: &Inputs<'_>, address: &Address) -> bool {
    inputs.desired.objects.contains_key(address)
        || inputs.desired.removed.iter().any(|gone| gone.address == *address)
        || inputs.ledger.objects.contains_key(address)
        || inputs.ledger.attempts.contains_key(address)
}

fn account(inputs: &Inputs<'_>, address: &Address, met: &Met) -> Option<String> {
    let declared = inputs.desired.objects.get(address).map(|object| object.account.clone());
    let removed = inputs.desired.removed.iter().find(|gone| gone.address == *address);
    declared
        .or_else(|| met.entry.as_ref().map(|entry| entry.account.clone()))
        .or_else(|| inputs.ledger.attempts.get(address).map(|attempt| attempt.account.clone()))
        .or_else(|| removed.and_then(|gone| gone.account.clone()))
        .or_else(|| {
            let serves = |account: &&crate::resource::Account| {
                account.backend.kinds.iter().any(|kind| kind.name == address.kind)
            };
            let mut serving = inputs.desired.accounts.values().filter(serves);
            serving.next().filter(|_| serving.next().is_none()).map(|account| account.name.clone())
        })
}

fn shape(inputs: &Inputs<'_>, address: &Address, account: Option<&str>) -> Option<&'static Kind> {
    let generation = account.and_then(|account| inputs.facts(account).generation);
    backend::shape(&address.kind, generation).or_else(|| backend::shapes(&address.kind).into_iter().next())
}

fn live<'a>(inputs: &Inputs<'a>, account: &str, kind: &str, id: &str) -> Option<(&'a LiveObject, usize)> {
    let objects = inputs.live_objects(account, kind);
    objects.iter().position(|live| live.id == id).map(|at| (&objects[at], at))
}

fn written(inputs: &Inputs<'_>, address: &Address) -> Option<Written> {
    let declared = inputs.desired.objects.get(address).map(|object| Written {
        as_what: "declared",
        place: object.place.to_string(),
        reason: None,
        prevent_delete: object.prevent_delete,
    });
    declared.or_else(|| {
        let gone = inputs.desired.removed.iter().find(|gone| gone.address == *address)?;
        Some(Written {
            as_what: if gone.keep { "released" } else { "removed" },
            place: gone.place.to_string(),
            reason: gone.reason.clone(),
            prevent_delete: false,
        })
    })
}

fn verdict(
    inputs: &Inputs<'_>,
    plan: &Plan,
    address: &Address,
    met: &Met,
    change: Option<&Change>,
    refusals: &[Refusal],
    notices: &[Notice],
) -> Verdict {
    if !refusals.is_empty() {
        return Verdict::Refused;
    }
    if let Some(change) = change {
        return match change.action {
            Action::Create => Verdict::Create,
            Action::Update => Verdict::Update,
            Action::Replace => Verdict::Replace,
            Action::Delete => Verdict::Delete,
        };
    }
    if !met.selected {
        let options = inputs.options;
        let targeted = options.targets.is_empty() || options.targets.contains(address);
        return match options.excludes.contains(address) {
            true => Verdict::Excluded,
            false if targeted && !options.accounts.is_empty() => Verdict::LeftOut,
            false => Verdict::NotTargeted,
        };
    }
    let told = |code| notices.iter().any(|notice| notice.code == code);
    if met.found == Found::Hidden || told(NoticeCode::Hidden) {
        Verdict::Waiting
    } else if told(NoticeCode::AccountGone) {
        Verdict::AccountGone
    } else if plan.not_taken.iter().any(|untaken| untaken.address == *address) {
        Verdict::NotTaken
    } else if inputs.desired.objects.contains_key(address) {
        Verdict::InSync
    } else if let Some(gone) = inputs.desired.removed.iter().find(|gone| gone.address == *address) {
        if gone.keep { Verdict::Released } else { Verdict::AlreadyGone }
    } else if !inputs.desired.kinds.contains(&address.kind) {
        Verdict::OutOfScope
    } else {
        Verdict::AlreadyGone
    }
}

fn requests(plan: &Plan, steps: &[String]) -> Vec<Request> {
    let these = plan.steps.iter().filter(|step| steps.contains(&step.id));
    these
        .map(|step| Request {
            id: step.id.clone(),
            phase: step.phase.word(),
            method: step.call.method.to_string(),
            path: step.call.target(),
            number: match &step.operation {
                Operation::Connect { number, .. } | Operation::Disconnect { number, .. } => {
                    Some(number.clone())
                }
                _ => None,
            },
            why: step.why.clone(),
            waits_for: step.waits_for.clone(),
        })
        .collect()
}

/// A live object that nobody claims, when the name is its id or a part of its natural key.
fn unmanaged(inputs: &Inputs<'_>, plan: &Plan, address: &Address) -> Option<Explanation> {
    let claims = crate::plan::claims(inputs);
    for account in inputs.desired.accounts.keys() {
        let Some(kind) = shape(inputs, address, Some(account)) else { continue };
        let named = |live: &&LiveObject| {
            let key = kind.natural_key.iter().filter_map(|name| live.attributes.get(name)?.as_str());
            live.id == address.name || key.into_iter().any(|part| part == address.name)
        };
        let objects = inputs.live_objects(account, kind.name).iter();
        let free =
            |live: &&LiveObject| !claims.contains_key(&(account.as_str(), kind.name, live.id.as_str()));
        let Some(live) = objects.filter(named).find(free) else { continue };
        return Some(Explanation {
            address: address.clone(),
            attribute: None,
            kind: kind.singular,
            account: Some(account.clone()),
            verdict: Verdict::Unmanaged,
            yaml: None,
            found: Found::NaturalKey(live.id.clone()),
            natural_key: kind.natural_key.to_vec(),
            ledger: None,
            attributes: Vec::new(),
            refusals: Vec::new(),
            other_refusals: plan.refusals.len(),
            notices: Vec::new(),
            requests: Vec::new(),
            reason: None,
        });
    }
    None
}
