//! What every view says alike: titles, signs, sentences, and which step belongs to which change. The texts still hold what
//! files and services said; each view escapes them for where they go.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;

use crate::plan::{
    AccountLine, Action, AttributeChange, Change, Effect, NotTaken, Notice, NoticeCode, NumberImpact,
    Operation, Phase, Plan, Ref, Refusal, Shown, Step,
};
use crate::text::apart;

/// Actions in the order in which a reader needs them, with their titles.
pub(super) const ACTIONS: [(Action, &str); 4] = [
    (Action::Delete, "Delete"),
    (Action::Replace, "Replace"),
    (Action::Create, "Create"),
    (Action::Update, "Update"),
];

/// Effects in the order in which a reader needs them.
pub(super) const EFFECTS: [Effect; 4] = [Effect::Dark, Effect::Moves, Effect::Connects, Effect::Settles];

/// Phases in their order.
pub(super) const PHASES: [Phase; 6] =
    [Phase::Create, Phase::Update, Phase::Rewire, Phase::ReadBack, Phase::Delete, Phase::TakeOver];

pub(super) const NUMBERS: &str = "Phone numbers";
pub(super) const ORDER: &str = "Order";
pub(super) const NOTICES: &str = "Notices";
/// Title over what nothing brings back.
pub(super) const NOT_UNDONE: &str = "Cannot be undone";
/// Title over what was sent before and is not there.
pub(super) const NOT_TAKEN: &str = "Not taken by the service";
pub(super) const UNMANAGED: &str = "Not managed and left alone";
pub(super) const RISKY: &str = "risky: may affect connected bridges";
pub(super) const NOT_SET: &str = "(not set)";

/// The sign that stands before a change.
pub(super) fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "+-",
        Action::Delete => "-",
    }
}

/// The word for an action.
pub(super) fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

/// What happens to a number, in one word or two.
pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Dark => "cut off",
        Effect::Moves => "moved",
        Effect::Connects => "connected",
        Effect::Settles => "settled",
    }
}

/// `3 numbers are moved, each dark for 1 step`.
pub(super) fn sentence(of: Effect, numbers: &[&NumberImpact]) -> String {
    let are = match numbers.len() {
        1 => "1 number is".to_owned(),
        count => format!("{count} numbers are"),
    };
    let word = effect(of);
    match of {
        Effect::Dark | Effect::Connects => format!("{are} {word}"),
        Effect::Settles => format!("{are} {word}: from then on it is known who serves it"),
        Effect::Moves => {
            let gap = match (numbers.iter().map(|number| number.dark_steps).max(), numbers.len()) {
                (None | Some(0), _) => "without a gap".to_owned(),
                (Some(gap), 1) => format!("dark for {gap} {}", plural(gap as usize, "steps")),
                (Some(gap), _) => format!("each dark for {gap} {}", plural(gap as usize, "steps")),
            };
            format!("{are} {word}, {gap}")
        }
    }
}

/// Numbers with this effect.
pub(super) fn with_effect(plan: &Plan, effect: Effect) -> Vec<&NumberImpact> {
    plan.impact.iter().filter(|number| number.effect == effect).collect()
}

/// Where a number is and where it goes: `sales: providers.old -> providers.new`.
pub(super) fn spots(number: &NumberImpact) -> String {
    let spot = |spot: &crate::plan::Spot| {
        let account = spot.account.as_ref().map(|account| format!(" in account {account}"));
        format!("{} by {}{}", spot.bridge, spot.provider, account.unwrap_or_default())
    };
    match (&number.from, &number.to) {
        (Some(from), Some(to)) if from.account.is_some() => {
            format!("{} -> {} in account {}", spot(from), spot(to), number.account)
        }
        (Some(from), Some(to)) if from.bridge == to.bridge && from.provider != to.provider => {
            format!("{}: {} -> {}", from.bridge, from.provider, to.provider)
        }
        (Some(from), Some(to)) if from == to => format!("{}: {}, old -> new", from.bridge, from.provider),
        (Some(from), Some(to)) => format!("{} -> {}", spot(from), spot(to)),
        (Some(from), None) => spot(from),
        (None, Some(to)) => spot(to),
        (None, None) => String::new(),
    }
}

/// An account after its name: `unpod at https://…, organization acme.example, generation 2`.
pub(super) fn account(account: &AccountLine) -> String {
    let org = account.org_handle.as_ref().map(|org| format!(", organization {org}"));
    let generation = account.generation.map(|generation| format!(", generation {generation}"));
    format!(
        "{} at {}{}{}",
        account.api,
        account.base_url,
        org.unwrap_or_default(),
        generation.unwrap_or_default()
    )
}

/// What the run was limited to, in one sentence; none for a plan of everything.
pub(super) fn limits(plan: &Plan) -> Option<String> {
    limited(plan).map(|parts| format!("Limited plan: {parts}"))
}

/// Where a plan did not look, so that nobody takes what it says for more: its limits, and the listings that could not be read.
pub(crate) fn not_whole(plan: &Plan) -> Option<String> {
    let listings = plan.unread().map(|(what, account)| format!("{what} of account {account}"));
    let listings: Vec<String> = listings.collect();
    let unread = (!listings.is_empty()).then(|| format!("not read: {}", listings.join(", ")));
    let parts: Vec<String> = limited(plan).into_iter().chain(unread).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn limited(plan: &Plan) -> Option<String> {
    let limits = &plan.limits;
    let listed = |all: &mut dyn Iterator<Item = String>| all.collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if !limits.accounts.is_empty() {
        let names = listed(&mut limits.accounts.iter().cloned());
        parts.push(format!("only {} {names}", plural(limits.accounts.len(), "accounts")));
    }
    if !limits.targets.is_empty() {
        let it = if limits.targets.len() == 1 { "it needs" } else { "they need" };
        let names = listed(&mut limits.targets.iter().map(ToString::to_string));
        parts.push(format!("only {names} and what {it}"));
    }
    if !limits.excludes.is_empty() {
        parts.push(format!("without {}", listed(&mut limits.excludes.iter().map(ToString::to_string))));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The title over the refusals.
pub(super) fn refused(plan: &Plan) -> String {
    let on = plan.notices.iter().filter(|notice| notice.code == NoticeCode::GoesOn).count();
    let but = match on {
        0 => String::new(),
        on => format!(", but for {on} {} that nobody serves", plural(on, "numbers").trim_start()),
    };
    format!("REFUSED ({}): this plan will not be applied{but}", plan.refusals.len())
}

/// What a refusal is about.
pub(super) fn refusal(refusal: &Refusal) -> String {
    match &refusal.address {
        Some(address) => address.to_string(),
        None if refusal.account.is_empty() => "the whole run".to_owned(),
        None => format!("account {}", refusal.account),
    }
}

/// A refusal in one sentence, with its way out.
pub(super) fn refusal_sentence(of: &Refusal) -> String {
    format!("{}: {}; {}", refusal(of), of.detail, of.help())
}

/// Account and identity of what changes; of what moves, those that it has now, and the account that it gets.
pub(super) fn whose(change: &Change) -> String {
    let id = change.id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
    match &change.from_account {
        Some(from) => format!("{from}{id} -> {}", change.account),
        None => format!("{}{id}", change.account),
    }
}

/// A delete in one sentence.
pub(super) fn deleted(change: &Change) -> String {
    let reason = change.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} in {} will be deleted{reason}", change.address, change.account)
}

/// Any other change in one sentence.
pub(super) fn changed(change: &Change) -> String {
    let action = match change.action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
    };
    let from = change.from_account.as_ref().map(|from| format!("{from} -> ")).unwrap_or_default();
    format!("{} in {from}{} will be {action}", change.address, change.account)
}

/// What a notice is about, with its detail.
pub(super) fn notice(notice: &Notice) -> String {
    let subject = match (&notice.address, &notice.attribute) {
        (Some(address), Some(attribute)) => format!("{address} {attribute}"),
        (Some(address), None) => address.to_string(),
        (None, _) if notice.account.is_empty() => "ledger".to_owned(),
        (None, _) => format!("account {}", notice.account),
    };
    let detail = notice.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{subject}{detail}")
}

/// Live objects that no address claims: `2 bridges in unpod`, joined by commas.
pub(super) fn unmanaged(plan: &Plan) -> String {
    let parts = plan.unmanaged.iter().flat_map(|group| {
        let of = |count: usize, word: &str| {
            (count > 0).then(|| format!("{count} {word}{} in {}", plural(count, &group.kind), group.account))
        };
        of(group.count, "").into_iter().chain(of(group.foreign, "foreign "))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// A value that was not taken, in one sentence.
pub(super) fn not_taken(untaken: &NotTaken) -> String {
    let (before, after) = (shown(&untaken.attribute.before), shown(&untaken.attribute.after));
    format!("{}: {before} and not {after}: {}; {}", untaken.subject(), untaken.fact(), untaken.help())
}

/// A value on one line, as JSON writes it.
pub(super) fn shown(value: &Shown) -> String {
    match value {
        Shown::Absent => NOT_SET.to_owned(),
        Shown::Value(value) => value.to_string(),
        Shown::Secret(word) => word.text().to_owned(),
    }
}

/// The values before and after a change, each on one line. What looks the same is told apart.
pub(super) fn pair(change: &AttributeChange) -> (String, String) {
    apart(shown(&change.before), shown(&change.after))
}

/// What a step does, in a few words.
pub(super) fn subject(step: &Step) -> String {
    let address = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
    match &step.operation {
        Operation::Create { .. } | Operation::Update { .. } => format!("{} {address}", step.operation.word()),
        Operation::Delete { id, .. } => format!("delete {address} ({id})"),
        Operation::Connect { bridge, number, .. } => format!("connect {number} on {}", at(bridge, &address)),
        Operation::Disconnect { bridge, number, .. } => format!("disconnect {number} from {bridge}"),
        Operation::ReadBack { bridge, .. } => format!("read back {}", at(bridge, &address)),
    }
}

/// A bridge by its slug, or by its address while it has none yet.
fn at<'a>(bridge: &'a Ref, address: &'a str) -> &'a str {
    match bridge {
        Ref::Id(slug) => slug,
        Ref::Step(_) => address,
    }
}

/// The number that a step is about.
pub(super) fn number(step: &Step) -> Option<&str> {
    match &step.operation {
        Operation::Connect { number, .. } | Operation::Disconnect { number, .. } => Some(number),
        _ => None,
    }
}

/// The steps of a phase, as they stand in the plan.
pub(super) fn of_phase(plan: &Plan, phase: Phase) -> impl DoubleEndedIterator<Item = &Step> {
    plan.steps.iter().filter(move |step| step.phase == phase)
}

/// The phases that have steps, each with the range of them: `create s1-s3`.
pub(super) fn phases(plan: &Plan) -> Vec<String> {
    let phase = |phase: Phase| {
        let mut steps = of_phase(plan, phase);
        let first = steps.next()?;
        let range =
            steps.next_back().map_or_else(|| first.id.clone(), |last| format!("{}-{}", first.id, last.id));
        Some(format!("{} {range}", phase.word()))
    };
    PHASES.into_iter().filter_map(phase).collect()
}

/// The name of a kind for so many of them; kinds are named in the plural.
pub(crate) fn plural(count: usize, kind: &str) -> &str {
    if count == 1 { kind.strip_suffix('s').unwrap_or(kind) } else { kind }
}

/// Steps by their names, so that ten thousand changes find theirs without looking at all of them.
pub(super) struct Steps<'a> {
    steps: &'a [Step],
    places: HashMap<&'a str, usize>,
}

impl<'a> Steps<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let places = plan.steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
        Self { steps: &plan.steps, places }
    }

    /// Place of a step in the plan; none when it has no such step.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The steps that carry out a change, in the order of the plan.
    pub(super) fn of_change(&self, change: &Change) -> Vec<&'a Step> {
        let mut places: Vec<usize> = change.steps.iter().filter_map(|id| self.place(id)).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| &self.steps[place]).collect()
    }

    /// Names of steps with their runs drawn together: `s1`, `s4-s9`. A delete may wait for thousands.
    pub(super) fn runs(&self, ids: &'a [String]) -> Vec<(&'a str, Option<&'a str>)> {
        let mut runs: Vec<(&str, Option<&str>)> = Vec::new();
        let mut last = None;
        for id in ids {
            let place = self.place(id);
            let follows = place.zip(last).is_some_and(|(place, last): (usize, usize)| place == last + 1);
            match runs.last_mut() {
                Some(run) if follows => run.1 = Some(id),
                _ => runs.push((id, None)),
            }
            last = place;
        }
        runs
    }
}

/// Changes by action, kind and account, counted, in that order: for what is left out.
pub(super) fn counted<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<String> {
    let mut groups: BTreeMap<(Action, &str, &str), usize> = BTreeMap::new();
    for change in changes {
        *groups.entry((change.action, &change.address.kind, &change.account)).or_default() += 1;
    }
    groups
        .into_iter()
        .map(|((of, kind, account), count)| {
            format!("{count} {} to {} in {account}", plural(count, kind), action(of))
        })
        .collect()
}

/// What an undo will not bring back: a sentence, and what it is about, in the order of the plan. A plan that is not applied has
/// nothing to take back.
pub(super) fn not_undone(plan: &Plan) -> Vec<(String, Vec<String>)> {
    let mut groups: IndexMap<String, Vec<String>> = IndexMap::new();
    if !plan.is_refused() {
        for inverse in plan.inverses() {
            if let Some(lost) = inverse.lost {
                groups.entry(lost).or_default().push(inverse.what);
            }
        }
    }
    groups.into_iter().collect()
}

/// How many things the groups hold.
pub(super) fn things(groups: &[(String, Vec<String>)]) -> usize {
    groups.iter().map(|(_, of)| of.len()).sum()
}
