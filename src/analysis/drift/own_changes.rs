//! Differences that telform made itself: the steps in its journal lead from what it last saw to what the services show.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Drift, DriftClass, find_field, live_object, numbers_on};
use crate::document::v1::{Operation, Ref, ServedState, Shown, StepV1};
use crate::model::kind::Field;
use crate::model::ledger::{Digest, ManagedObject, digest_of};
use crate::model::resource::{LiveAccount, ServedBy};
use crate::model::value::{CompactValue, Value};
use crate::plan::{Inputs, ShownValue, replaced_and_still_there};
use crate::services;
use crate::state::journal::{CUT_OFF, JournalRecord, RecordedRun, RecordedStep};

/// A run that did not do all that it planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct UnfinishedRun {
    /// Its id.
    pub run: String,
    /// Its result, in a word or two.
    pub result: String,
    /// The command that continues it; none while it may still be running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Marks what a run left unfinished, or did not start. What a completed run set, and only the configuration states otherwise, is
/// removed.
pub(super) fn attribute_to_runs(inputs: &Inputs<'_>, runs: &[RecordedRun<'_>], found: &mut Vec<Drift>) {
    found.retain_mut(|drift| {
        if !matches!(drift.class, DriftClass::Gone | DriftClass::Outside | DriftClass::Both | DriftClass::Unknown) {
            return true;
        }
        let (run, class) = match run_that_left(inputs, runs, drift) {
            Some(run) if ended_well(run) => return false,
            Some(run) => (run, DriftClass::Unfinished),
            None => match run_that_did_not_send(inputs, runs, drift) {
                Some(found) => found,
                None => return true,
            },
        };
        (drift.class, drift.run) = (class, Some(run.id.to_owned()));
        true
    });
}

/// Objects that are still there although another one replaced them: their delete was to be the last step of a replacement, or of
/// a move to another account.
pub(super) fn unfinished_replacements(inputs: &Inputs<'_>, runs: &[RecordedRun<'_>]) -> Vec<Drift> {
    let mut found = Vec::new();
    for address in inputs.ledger.objects.keys().filter(|address| inputs.options.is_about(address)) {
        for (account, id) in replaced_and_still_there(inputs, address) {
            let is_delete = |step: &StepV1| {
                step.call.account == account && matches!(&step.operation, Operation::Delete { id: of, .. } if of == id)
            };
            let run = runs.iter().rev().find(|run| run.started.plan.steps.iter().any(is_delete));
            found.push(Drift {
                address: address.clone(),
                account: account.to_owned(),
                attribute: None,
                class: DriftClass::Unfinished,
                live: ShownValue::Value(id.into()),
                wanted: ShownValue::Absent,
                place: inputs.desired.objects.get(address).map(|object| object.location.to_string()),
                run: run.map(|run| run.id.to_owned()),
                dark: Vec::new(),
            });
        }
    }
    found
}

/// The last run that planned this change, where it did not send it and the service shows what it showed then. Only where telform does
/// not know what it last saw: otherwise what it saw decides.
fn run_that_did_not_send<'r, 'a>(
    inputs: &Inputs<'_>,
    runs: &'r [RecordedRun<'a>],
    drift: &Drift,
) -> Option<(&'r RecordedRun<'a>, DriftClass)> {
    let name = drift.attribute.as_deref().filter(|_| drift.class == DriftClass::Unknown)?;
    if let Some(numbers) = DifferingNumbers::new(inputs, drift) {
        let run = numbers.rewind(runs, RewoundSteps::Planned)?;
        let class = if numbers.any_sent(run) { DriftClass::Unfinished } else { DriftClass::NotStarted };
        return (!ended_well(run)).then_some((run, class));
    }
    let address = drift.address.to_string();
    let planned = |run: &'r RecordedRun<'a>| {
        let change = run.started.plan.changes.iter().find(|change| change.address == address)?;
        Some((run, change.attributes.iter().find(|attribute| attribute.name == name)?))
    };
    let (run, attribute) = runs.iter().rev().find_map(planned)?;
    let sends = |(step, record): (&StepV1, &RecordedStep<'_>)| {
        step.address.as_deref() == Some(&address) && record.intent.is_some() && record.sent_value(run, step, name).is_some()
    };
    let is_as_planned = attribute.before == Shown::from(&drift.live) && !matches!(attribute.before, Shown::Secret(_));
    let is_sent = run.started.plan.steps.iter().zip(&run.steps).any(sends);
    (is_as_planned && !is_sent && !ended_well(run)).then_some((run, DriftClass::NotStarted))
}

/// The last run that changed or tried to change it, where its steps explain the whole difference.
fn run_that_left<'r, 'a>(inputs: &Inputs<'_>, runs: &'r [RecordedRun<'a>], drift: &Drift) -> Option<&'r RecordedRun<'a>> {
    if let Some(numbers) = DifferingNumbers::new(inputs, drift) {
        return numbers.rewind(runs, RewoundSteps::Sent);
    }
    let entry = inputs.ledger.objects.get(&drift.address)?;
    let account = inputs.live.accounts.get(&entry.account)?;
    let Some(name) = &drift.attribute else { return run_that_deleted(runs, entry) };
    let (field, seen) = (find_field(account, &drift.address, name)?, entry.seen.get(name.as_str()));
    if matches!(drift.live, ShownValue::Secret(_)) || matches!(drift.wanted, ShownValue::Secret(_)) {
        return None;
    }
    let live = live_object(inputs, &drift.address)?.attributes.get(name.as_str());
    run_that_set(runs, entry, (account, field), live.unwrap_or(&CompactValue::Null), seen)
}

/// Whether a run did all that it planned: it proved it, or it was interrupted and a later run found that each step was done.
fn ended_well(run: &RecordedRun<'_>) -> bool {
    let all_done = || {
        let mut steps = run.started.plan.steps.iter().zip(&run.steps);
        steps.all(|(step, record)| matches!(step.operation, Operation::ReadBack { .. }) || record.done_at().is_some())
    };
    match run.finished {
        Some(JournalRecord::Finished { exit: 0, .. }) => true,
        Some(_) => run.result_text() == CUT_OFF && all_done(),
        None => false,
    }
}

/// Steps that may have been sent, the newest first.
fn sent_steps<'r, 'a>(
    runs: &'r [RecordedRun<'a>],
) -> impl Iterator<Item = (&'r RecordedRun<'a>, &'a StepV1, &'r RecordedStep<'a>)> {
    runs.iter().rev().flat_map(|run| {
        let steps = run.started.plan.steps.iter().zip(&run.steps);
        let sent = steps.filter(|(_, record)| record.intent.is_some()).map(move |(step, record)| (run, step, record));
        sent.rev().collect::<Vec<_>>()
    })
}

/// The run whose delete may have removed the object.
fn run_that_deleted<'r, 'a>(runs: &'r [RecordedRun<'a>], entry: &ManagedObject) -> Option<&'r RecordedRun<'a>> {
    let deletes = |step: &StepV1| matches!(&step.operation, Operation::Delete { id, .. } if *id == entry.id);
    let (run, ..) = sent_steps(runs)
        .find(|(_, step, record)| step.call.account == entry.account && deletes(step) && record.may_have_effect())?;
    Some(run)
}

/// The run that last sent an attribute, where the service shows what was sent or what was there before, and where its steps lead from
/// what telform last saw to that.
fn run_that_set<'r, 'a>(
    runs: &'r [RecordedRun<'a>],
    entry: &ManagedObject,
    (account, field): (&LiveAccount, &'static Field),
    live: &CompactValue,
    seen: Option<&Digest>,
) -> Option<&'r RecordedRun<'a>> {
    let digest = |value: &CompactValue| digest_of(&field.canonical_in(&account.facts.catalogue, value));
    let digest_of_image =
        |image: Option<&BTreeMap<String, Value>>| image.map(|it| it.get(field.name).map_or(CompactValue::Null, Into::into));
    let is_of_object = |step: &StepV1, record: &RecordedStep<'_>| {
        step.call.account == entry.account
            && match &step.operation {
                Operation::Update { id, .. } => *id == entry.id,
                Operation::Create { .. } => record.created_id() == Some(&entry.id),
                _ => false,
            }
    };
    let (mut last, mut state) = (None, digest(live));
    for (run, step, record) in sent_steps(runs).filter(|(_, step, record)| is_of_object(step, record)) {
        let Some(sent) = record.sent_value(run, step, field.name) else { continue };
        let sent = digest(&CompactValue::from(&sent));
        let before = digest_of_image(record.object_before()).map(|value| digest(&value));
        let after = digest_of_image(record.object_after()).map(|value| digest(&value));
        let is_left = state == sent || Some(&state) == after.as_ref();
        // What is not done, or not known to be, may not have had an effect.
        if !is_left && (record.done_at().is_some() || Some(&state) != before.as_ref()) {
            return None;
        }
        last = last.or(Some(run));
        if seen.is_none() || before.as_ref() == seen {
            return last;
        }
        state = before?;
    }
    None
}

/// The numbers of which the difference says something.
fn differing_numbers(drift: &Drift) -> Vec<String> {
    let map = |shown: &ShownValue| match shown {
        ShownValue::Value(value) => match value.json() {
            Value::Object(map) => map,
            _ => serde_json::Map::default(),
        },
        _ => serde_json::Map::default(),
    };
    let (live, wanted) = (map(&drift.live), map(&drift.wanted));
    live.keys().chain(wanted.keys()).filter(|number| live.get(*number) != wanted.get(*number)).cloned().collect()
}

/// The steps of runs that are taken back: those that may have been sent, or all that were planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RewoundSteps {
    Sent,
    Planned,
}

/// Numbers of a bridge about which a difference is.
struct DifferingNumbers<'i> {
    account: (&'i str, &'i LiveAccount),
    bridge: &'i str,
    /// The only one that is looked at, where it is an entry of its own.
    only: Option<&'i str>,
    /// What telform last saw of them all, where it knows that.
    seen: Option<&'i Digest>,
    differing: Vec<String>,
}

impl<'i> DifferingNumbers<'i> {
    fn new(inputs: &Inputs<'i>, drift: &Drift) -> Option<Self> {
        let entry = inputs.ledger.objects.get(&drift.address)?;
        let account = (entry.account.as_str(), inputs.live.accounts.get(&entry.account)?);
        if let Some((_, words)) = services::link_entry(&drift.address.kind) {
            let bridge = entry.key.get(words.holder)?.as_str()?;
            return Some(Self { account, bridge, only: Some(&entry.id), seen: None, differing: vec![entry.id.clone()] });
        }
        let name = drift.attribute.as_deref()?;
        find_field(account.1, &drift.address, name).filter(|field| field.ty.is_links())?;
        let (seen, differing) = (entry.seen.get(name), differing_numbers(drift));
        Some(Self { account, bridge: &entry.id, only: None, seen, differing })
    }

    /// The last run that touched them, where its steps, and those of runs before it, lead to what serves them.
    fn rewind<'r, 'a>(&self, runs: &'r [RecordedRun<'a>], steps: RewoundSteps) -> Option<&'r RecordedRun<'a>> {
        let (account, live) = self.account;
        let rewinding = Rewinding::new(live, self.bridge, |it| self.only.is_none_or(|only| only == it));
        rewinding.rewind(runs, steps, (account, self.bridge), self.seen, &self.differing)
    }

    /// Whether a run may have sent a step about one of them.
    fn any_sent(&self, run: &RecordedRun<'_>) -> bool {
        let sent = number_states(run, RewoundSteps::Sent, self.account.0, self.bridge);
        self.differing.iter().any(|number| sent.contains_key(number.as_str()))
    }
}

/// What serves the numbers of a bridge, taken back run by run.
struct Rewinding<'l> {
    served: BTreeMap<String, String>,
    /// Numbers of which it is not known which of several serves them.
    unsure: BTreeMap<&'l str, &'l ServedBy>,
}

/// What a run intended for a number of a bridge: the configuration that serves it, or none.
struct NumberStates<'r> {
    /// Before its first step.
    first: Option<&'r str>,
    /// After each step.
    after: Vec<Option<&'r str>>,
}

impl<'l> Rewinding<'l> {
    fn new(account: &'l LiveAccount, bridge: &str, about: impl Fn(&str) -> bool) -> Self {
        let on = account.connections.iter().flatten().filter(|it| it.bridge == bridge && about(&it.number));
        let unsure = on.filter(|it| it.served_by.id().is_none()).map(|it| (it.number.as_str(), &it.served_by)).collect();
        let served = match numbers_on(account, bridge) {
            Value::Object(all) => all.into_iter().filter(|(number, _)| about(number)).collect(),
            _ => serde_json::Map::default(),
        };
        let served = served.into_iter().map(|(number, by)| (number, by.as_str().unwrap_or_default().to_owned()));
        Self { served: served.collect(), unsure }
    }

    /// The last run that touched these numbers, where its steps, and those of runs before it, lead to what serves them. `differing`:
    /// the numbers to be explained where telform does not know what it last saw.
    fn rewind<'r, 'a>(
        mut self,
        runs: &'r [RecordedRun<'a>],
        steps: RewoundSteps,
        (account, bridge): (&str, &str),
        seen: Option<&Digest>,
        differing: &[String],
    ) -> Option<&'r RecordedRun<'a>> {
        let mut last = None;
        let mut touched: BTreeSet<&str> = BTreeSet::new();
        for run in runs.iter().rev() {
            let numbers = number_states(run, steps, account, bridge);
            if numbers.is_empty() {
                continue;
            }
            for (number, states) in &numbers {
                let is = |state: &Option<&str>| self.is_served_by(number, *state);
                let left = match ended_well(run) {
                    true => states.after.last().is_some_and(is),
                    false => is(&states.first) || states.after.iter().any(is),
                };
                if !left {
                    return None;
                }
                self.set(number, states.first);
            }
            last = last.or(Some(run));
            touched.extend(numbers.keys());
            let is_explained = match seen {
                Some(seen) => digest_of(&self.served) == *seen,
                None => differing.iter().all(|number| touched.contains(number.as_str())),
            };
            if is_explained {
                return last;
            }
        }
        None
    }

    fn is_served_by(&self, number: &str, by: Option<&str>) -> bool {
        match (self.unsure.get(number), by) {
            (Some(unsure), Some(by)) => unsure.may_be(by),
            (Some(unsure), None) => !unsure.may_serve(),
            (None, by) => self.served.get(number).map(String::as_str) == by,
        }
    }

    fn set(&mut self, number: &str, by: Option<&str>) {
        self.unsure.remove(number);
        match by {
            Some(by) => _ = self.served.insert(number.to_owned(), by.to_owned()),
            None => _ = self.served.remove(number),
        }
    }
}

/// What steps of a run intended for the numbers of a bridge.
fn number_states<'r>(
    run: &'r RecordedRun<'_>,
    which: RewoundSteps,
    account: &str,
    bridge: &str,
) -> BTreeMap<&'r str, NumberStates<'r>> {
    let id_of = |at: &'r Ref| match at {
        Ref::Id(id) => Some(id.as_str()),
        Ref::Step(maker) => run.id_created_by(maker),
    };
    let served_by = |state: &'r ServedState| match state {
        ServedState::By { id, .. } => Some(id.as_str()),
        _ => None,
    };
    let mut numbers: BTreeMap<&str, NumberStates<'_>> = BTreeMap::new();
    let steps = run.started.plan.steps.iter().zip(&run.steps);
    let is_sent = |record: &RecordedStep<'_>| record.intent.is_some();
    let counted = |record: &RecordedStep<'_>| which == RewoundSteps::Planned || is_sent(record);
    for (step, record) in steps.filter(|(step, record)| counted(record) && step.call.account == account) {
        let (number, before, after) = match &step.operation {
            Operation::Connect { bridge: on, number, provider, before } if id_of(on) == Some(bridge) => {
                (number, before, id_of(provider))
            }
            Operation::Disconnect { bridge: on, number, before } if on == bridge => (number, before, None),
            _ => continue,
        };
        let first = served_by(before);
        let states = numbers.entry(number).or_insert_with(|| NumberStates { first, after: Vec::new() });
        states.after.extend(is_sent(record).then_some(after));
        // A number that was disconnected in vain is connected again at the end of the run.
        let again = |it: &RecordedStep<'_>| it.id.strip_prefix('r').is_some_and(|at| record.id.strip_prefix('s') == Some(at));
        if run.steps.iter().any(again) {
            states.after.push(first);
        }
    }
    numbers
}
