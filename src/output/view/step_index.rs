//! Steps by name and by phase, so that ten thousand changes find theirs without a linear search.

use std::collections::{BTreeMap, HashMap};

use crate::plan::{Change, Plan, Prerequisite, Step, StepPhase};

/// The steps of a plan by name and by phase.
pub(super) struct StepIndex<'a> {
    steps: &'a [Step],
    places: HashMap<&'a str, usize>,
    /// The first and the last place of each phase.
    phases: BTreeMap<StepPhase, (usize, usize)>,
}

/// What a step waits for, with consecutive steps combined.
pub(super) struct StepRange<'a> {
    /// The phase, where it waits for all of it.
    pub(super) phase: Option<StepPhase>,
    pub(super) first: &'a str,
    pub(super) last: Option<&'a str>,
}

/// All steps of a phase, in words.
pub(super) fn whole_phase(phase: StepPhase) -> &'static str {
    match phase {
        StepPhase::Create => "every create",
        StepPhase::Update => "every update",
        StepPhase::Rewire => "every disconnect and connect",
        StepPhase::ReadBack => "every read-back",
        StepPhase::Close => "every close",
        StepPhase::Delete => "every delete",
        StepPhase::TakeOver => "every take-over",
    }
}

impl<'a> StepIndex<'a> {
    pub(super) fn from_plan(plan: &'a Plan) -> Self {
        let places = plan.steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
        let mut phases: BTreeMap<StepPhase, (usize, usize)> = BTreeMap::new();
        for (place, step) in plan.steps.iter().enumerate() {
            phases.entry(step.phase).or_insert((place, place)).1 = place;
        }
        Self { steps: &plan.steps, places, phases }
    }

    /// Position of a step in the plan; none when the plan has no such step.
    pub(super) fn position(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The steps that carry out a change, in the order of the plan.
    pub(super) fn steps_of_change(&self, change: &Change) -> Vec<&'a Step> {
        let mut places: Vec<usize> = change.steps.iter().filter_map(|id| self.position(id)).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| &self.steps[place]).collect()
    }

    /// The places of the steps of a phase.
    pub(super) fn places_of_phase(&self, phase: StepPhase) -> impl Iterator<Item = usize> {
        let range = self.phases.get(&phase).map(|(first, last)| *first..=*last);
        range.into_iter().flatten().filter(move |place| self.steps[*place].phase == phase)
    }

    /// What a step waits for, with consecutive steps combined: `s1`, `s4-s9`. A phase without steps is left out.
    pub(super) fn ranges(&self, waits: &'a [Prerequisite]) -> Vec<StepRange<'a>> {
        let mut runs: Vec<StepRange<'a>> = Vec::new();
        let mut last = None;
        for it in waits {
            match it {
                Prerequisite::Step(id) => {
                    let place = self.position(id);
                    let follows = place.zip(last).is_some_and(|(place, last): (usize, usize)| place == last + 1);
                    match runs.last_mut() {
                        Some(run) if follows => run.last = Some(id),
                        _ => runs.push(StepRange { phase: None, first: id, last: None }),
                    }
                    last = place;
                }
                Prerequisite::Phase(phase) => {
                    let Some((first, end)) = self.phases.get(phase) else { continue };
                    let id = |place: &usize| self.steps[*place].id.as_str();
                    runs.push(StepRange { phase: Some(*phase), first: id(first), last: (first < end).then(|| id(end)) });
                    last = None;
                }
            }
        }
        runs
    }
}
