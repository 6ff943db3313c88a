//! Why something is or is not changed: from the line of the YAML through attribute, live value and ledger to the rule that
//! decided and the request. Pure: it reads a plan and the plan's inputs.

use serde::Serialize;

use crate::analysis::drift;
use crate::model::kind::Kind;
use crate::model::ledger::ManagedObject;
use crate::model::resource::{Address, Connection, LiveObject};
use crate::plan::{
    AddressMatch, Change, ChangeAction, Inputs, MatchedBy, NoticeCode, Plan, PlanNotice, PlanRefusal, StepOperation,
    match_address,
};
use crate::services;
use crate::state::journal::RecordedRun;
use crate::text::list_first_few;

mod attribute;
mod number_entry;
mod unmanaged;
mod wording;

pub use attribute::{AttributeReason, ExplainedAttribute, FieldFacts, YamlValue};
pub use number_entry::find_number;

/// The full explanation of one address, or of one of its attributes.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Explanation {
    /// The address.
    #[schemars(with = "String")]
    pub address: Address,
    /// The requested attribute; none for the whole object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The name of such an object.
    pub kind: &'static str,
    /// Its account, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What happens to it.
    pub verdict: ObjectDecision,
    /// Where the YAML mentions it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yaml: Option<YamlMention>,
    /// Its live object.
    pub found: MatchedBy,
    /// Fields that identify it when nothing else does.
    pub natural_key: Vec<&'static str>,
    /// What the ledger knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerFacts>,
    /// Its attributes in the order of the table; only the requested one, if any.
    pub attributes: Vec<ExplainedAttribute>,
    /// What the plan refuses about it.
    #[schemars(with = "Vec<crate::document::v1::Refusal>")]
    pub refusals: Vec<PlanRefusal>,
    /// Refusals about something else, which also prevent the plan from being applied.
    pub other_refusals: usize,
    /// Notices about it.
    #[schemars(with = "Vec<crate::document::v1::Notice>")]
    pub notices: Vec<PlanNotice>,
    /// The requests.
    pub requests: Vec<ExplainedRequest>,
    /// Why the object changes, in the plan's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What happens to an object, or why nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectDecision {
    /// It is made.
    Create,
    /// Some of it is changed.
    Update,
    /// Another object replaces it.
    Replace,
    /// It is deleted.
    Delete,
    /// A rule prevents it.
    Refused,
    /// The live state matches the YAML.
    InSync,
    /// It waits for a person to confirm it.
    Waiting,
    /// `--exclude` names it.
    Excluded,
    /// `--target` names others.
    NotTargeted,
    /// No file mentions its kind.
    OutOfScope,
    /// It is released and left as it is.
    Released,
    /// The object to be deleted no longer exists.
    AlreadyGone,
    /// No file names its account any more.
    AccountGone,
    /// It exists, and no address claims it.
    Unmanaged,
    /// A number that the service lists, and nothing serves.
    FreeNumber,
    /// It exists, and it is inherited from another account.
    Inherited,
    /// A value of it was sent before, and the service did not accept it.
    NotTaken,
    /// Its account is not one of those that `--account` names.
    LeftOut,
    /// `existing` names it: entries refer to it, and telform never changes it.
    Existing,
}

/// Where the YAML mentions an object.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct YamlMention {
    /// `declared`, `existing`, `removed`, or `released` for an entry of `removed` that keeps the object.
    pub as_what: &'static str,
    /// `file:line:column`.
    pub place: String,
    /// Reason that an entry of `removed` states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `lifecycle.prevent_delete`.
    pub prevent_delete: bool,
}

/// What the ledger knows about an object.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct LedgerFacts {
    /// Its identity.
    pub id: String,
    /// `created` or `adopted`.
    pub origin: crate::model::ledger::ObjectOrigin,
    /// Since when.
    pub since: String,
    /// Whether it may be deleted.
    pub prevent_delete: bool,
    /// Since when it waits to be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_since: Option<String>,
}

impl LedgerFacts {
    fn new(entry: &ManagedObject) -> Self {
        Self {
            id: entry.id.clone(),
            origin: entry.origin,
            since: entry.since.clone(),
            prevent_delete: entry.prevent_delete,
            hidden_since: entry.hidden_since.clone(),
        }
    }
}

/// One request of the plan.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ExplainedRequest {
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
    /// What must be done before: a step, such as `s3`, or every step of a phase, such as `phase:read_back`.
    pub waits_for: Vec<String>,
}

/// Explains an address, or one attribute of it. `None`: neither files nor ledger nor live objects know it.
pub fn explain_address(
    (inputs, plan, runs): (&Inputs<'_>, &Plan, &[RecordedRun<'_>]),
    address: &Address,
    attribute: Option<&str>,
) -> Option<Explanation> {
    if !is_known_address(inputs, address) {
        return unmanaged::explain_unmanaged(inputs, plan, address);
    }
    if let Some((_, words)) = services::link_entry(&address.kind) {
        return Some(number_entry::explain_number(inputs, plan, address, words));
    }
    let met = match_address(inputs, address);
    let change = plan.changes.iter().find(|change| change.address == *address);
    let refusals = plan.refusals_about(address);
    let mut notices: Vec<PlanNotice> = plan.notices.iter().filter(|it| it.address.as_ref() == Some(address)).cloned().collect();
    let account = find_account(inputs, address, &met);
    let kind = met.kind.or_else(|| find_shape(inputs, address, account.as_deref()))?;
    let verdict = decide_object(inputs, plan, address, &met, change, &refusals, &notices);
    let is_read = account.as_ref().is_some_and(|account| inputs.live.accounts.contains_key(account));
    let recorded = met.entry.as_ref().filter(|_| met.found == MatchedBy::NotLookedFor).map(|entry| entry.id.as_str());
    let id = met.found.id().or(change.and_then(|change| change.id.as_deref())).or(recorded).map(str::to_owned);
    let id = id.as_deref();
    let live = id.and_then(|id| find_live(inputs, account.as_deref()?, kind.name, id).map(|(live, _)| live));
    let shows_links = attribute.and_then(|name| kind.field(name)).is_none_or(|field| field.ty.is_links());
    if kind.link.is_some()
        && shows_links
        && let (Some(account), Some(id)) = (&account, id)
    {
        notices.extend(recorded_only_notice(inputs, account, address, |it| it.bridge == id));
    }
    let drifts = drift::find_drift(inputs, plan, runs);
    let known = attribute::ExplainContext {
        inputs,
        address,
        kind,
        address_match: &met,
        change,
        live,
        decision: verdict,
        refusals: &refusals,
        notices: &notices,
        drifts: &drifts,
        not_taken: &plan.not_taken,
    };
    let declared = inputs.desired.objects.contains_key(address);
    let fields = kind.fields.iter().filter(|field| attribute.is_none_or(|name| name == field.name));
    let attributes: Vec<ExplainedAttribute> =
        if declared { fields.map(|field| known.explain_attribute(field, plan)).collect() } else { Vec::new() };
    let steps = match attributes.as_slice() {
        [one] if attribute.is_some() => one.steps.clone(),
        _ => change.map(|change| change.steps.clone()).unwrap_or_default(),
    };
    Some(Explanation {
        address: address.clone(),
        attribute: attribute.map(str::to_owned),
        kind: kind.singular,
        verdict,
        yaml: find_mention(inputs, address),
        natural_key: kind.natural_key.to_vec(),
        ledger: met.entry.as_ref().map(LedgerFacts::new),
        found: match (met.found, id) {
            (MatchedBy::Nothing, _) if !is_read => MatchedBy::NotLookedFor,
            (MatchedBy::NotLookedFor, Some(id)) if live.is_some() => MatchedBy::Ledger(id.to_owned()),
            (found, _) => found,
        },
        account,
        attributes,
        other_refusals: plan.refusals.len() - refusals.len(),
        refusals,
        notices,
        requests: explained_requests(plan, &steps),
        reason: change.and_then(|change| change.reason.clone()),
    })
}

/// The notice that only the ledger says what serves numbers of this address; none where the service shows it.
fn recorded_only_notice(
    inputs: &Inputs<'_>,
    account: &str,
    address: &Address,
    is_of_it: impl Fn(&Connection) -> bool,
) -> Option<PlanNotice> {
    let connections = inputs.live.accounts.get(account)?.connections.as_deref()?;
    let recorded = connections.iter().filter(|it| it.is_recorded_only() && is_of_it(it));
    let numbers: Vec<&str> = recorded.map(|it| it.number.as_str()).collect();
    let detail = (!numbers.is_empty()).then(|| list_first_few(&numbers))?;
    Some(PlanNotice::about(NoticeCode::RecordedOnly, account, Some(address), Some(detail)))
}

/// Whether files or ledger mention it.
pub fn is_known_address(inputs: &Inputs<'_>, address: &Address) -> bool {
    inputs.desired.objects.contains_key(address)
        || inputs.desired.existing.contains_key(address)
        || inputs.desired.number_entries.contains_key(address)
        || inputs.desired.removed.iter().any(|gone| gone.address == *address)
        || inputs.ledger.objects.contains_key(address)
        || inputs.ledger.attempts.contains_key(address)
}

fn find_account(inputs: &Inputs<'_>, address: &Address, met: &AddressMatch) -> Option<String> {
    let declared = inputs.desired.objects.get(address).or(inputs.desired.existing.get(address));
    let declared = declared.map(|object| object.account.clone());
    let removed = inputs.desired.removed.iter().find(|gone| gone.address == *address);
    declared
        .or_else(|| met.entry.as_ref().map(|entry| entry.account.clone()))
        .or_else(|| inputs.ledger.attempts.get(address).map(|attempt| attempt.account.clone()))
        .or_else(|| removed.and_then(|gone| gone.account.clone()))
        .or_else(|| {
            let serves =
                |account: &&crate::model::resource::Account| account.service.kinds.iter().any(|kind| kind.name == address.kind);
            let mut serving = inputs.desired.accounts.values().filter(serves);
            serving.next().filter(|_| serving.next().is_none()).map(|account| account.name.clone())
        })
}

fn find_shape(inputs: &Inputs<'_>, address: &Address, account: Option<&str>) -> Option<&'static Kind> {
    let generation = account.and_then(|account| inputs.facts_of_account(account).generation);
    services::shape_of_generation(&address.kind, generation)
        .or_else(|| services::shapes_of_kind(&address.kind).into_iter().next())
}

fn find_live<'a>(inputs: &Inputs<'a>, account: &str, kind: &str, id: &str) -> Option<(&'a LiveObject, usize)> {
    let objects = inputs.live_objects(account, kind);
    objects.iter().position(|live| live.id == id).map(|at| (&objects[at], at))
}

fn find_mention(inputs: &Inputs<'_>, address: &Address) -> Option<YamlMention> {
    let (declared, referred) = (inputs.desired.objects.get(address), inputs.desired.existing.get(address));
    let as_what = if declared.is_some() { "declared" } else { "existing" };
    let declared = declared.or(referred).map(|object| YamlMention {
        as_what,
        place: object.location.to_string(),
        reason: None,
        prevent_delete: object.prevent_delete,
    });
    declared.or_else(|| {
        let gone = inputs.desired.removed.iter().find(|gone| gone.address == *address)?;
        Some(YamlMention {
            as_what: if gone.keep { "released" } else { "removed" },
            place: gone.location.to_string(),
            reason: gone.reason.clone(),
            prevent_delete: false,
        })
    })
}

fn decide_object(
    inputs: &Inputs<'_>,
    plan: &Plan,
    address: &Address,
    met: &AddressMatch,
    change: Option<&Change>,
    refusals: &[PlanRefusal],
    notices: &[PlanNotice],
) -> ObjectDecision {
    if !refusals.is_empty() {
        return ObjectDecision::Refused;
    }
    if let Some(change) = change {
        return match change.action {
            ChangeAction::Create => ObjectDecision::Create,
            ChangeAction::Update => ObjectDecision::Update,
            ChangeAction::Replace => ObjectDecision::Replace,
            ChangeAction::Delete => ObjectDecision::Delete,
        };
    }
    if !met.selected {
        let options = inputs.options;
        let targeted = options.targets.is_empty() || options.targets.contains(address);
        return match options.excludes.contains(address) {
            true => ObjectDecision::Excluded,
            false if targeted && !options.accounts.is_empty() => ObjectDecision::LeftOut,
            false => ObjectDecision::NotTargeted,
        };
    }
    let told = |code| notices.iter().any(|notice| notice.code == code);
    if met.found == MatchedBy::Hidden || told(NoticeCode::Hidden) {
        ObjectDecision::Waiting
    } else if told(NoticeCode::AccountGone) {
        ObjectDecision::AccountGone
    } else if told(NoticeCode::Released) {
        ObjectDecision::Released
    } else if plan.not_taken.iter().any(|untaken| untaken.address == *address) {
        ObjectDecision::NotTaken
    } else if inputs.desired.existing.contains_key(address) {
        ObjectDecision::Existing
    } else if inputs.desired.objects.contains_key(address) || inputs.desired.number_entries.contains_key(address) {
        ObjectDecision::InSync
    } else if let Some(gone) = inputs.desired.removed.iter().find(|gone| gone.address == *address) {
        if gone.keep { ObjectDecision::Released } else { ObjectDecision::AlreadyGone }
    } else if !inputs.desired.kinds.contains(&address.kind) {
        ObjectDecision::OutOfScope
    } else {
        ObjectDecision::AlreadyGone
    }
}

fn explained_requests(plan: &Plan, steps: &[String]) -> Vec<ExplainedRequest> {
    steps
        .iter()
        .filter_map(|id| plan.step(id))
        .map(|step| ExplainedRequest {
            id: step.id.clone(),
            phase: step.phase.as_str(),
            method: step.call.method.to_string(),
            path: step.call.path_and_query(),
            number: match &step.operation {
                StepOperation::Connect { number, .. } | StepOperation::Disconnect { number, .. } => Some(number.clone()),
                _ => None,
            },
            why: step.why.clone(),
            waits_for: step.waits_for.iter().filter(|it| plan.has_steps_of(it)).map(ToString::to_string).collect(),
        })
        .collect()
}
