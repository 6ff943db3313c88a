//! Which step may start: one whose prerequisites are done, in the order of the plan. Each step is looked at once for each of
//! its prerequisites, so a run costs what its plan is long.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::plan::{Prerequisite, Step, StepPhase};

/// The steps of a plan and what each still waits for.
pub(super) struct StepSchedule<'a> {
    steps: &'a [Step],
    places: HashMap<&'a str, usize>,
    /// How many prerequisites of each step are not done.
    open: Vec<usize>,
    /// The steps that wait for each step.
    waiting_for_step: Vec<Vec<usize>>,
    phases: BTreeMap<StepPhase, PhaseBarrier>,
    /// Steps that may start, by phase and account, in the order of the plan.
    ready: BTreeMap<StepPhase, BTreeMap<&'a str, BTreeSet<usize>>>,
}

/// A phase that others wait for as a whole.
#[derive(Default)]
struct PhaseBarrier {
    /// How many of its steps are not done.
    left: usize,
    /// The steps that wait for all of them.
    waiting: Vec<usize>,
}

impl<'a> StepSchedule<'a> {
    pub(super) fn new(steps: &'a [Step]) -> Self {
        let places: HashMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
        let mut phases: BTreeMap<StepPhase, PhaseBarrier> = BTreeMap::new();
        for step in steps {
            phases.entry(step.phase).or_default().left += 1;
        }
        let mut schedule = Self {
            steps,
            places,
            open: vec![0; steps.len()],
            waiting_for_step: vec![Vec::new(); steps.len()],
            phases,
            ready: BTreeMap::new(),
        };
        for (at, step) in steps.iter().enumerate() {
            schedule.open[at] = step.waits_for.iter().filter(|needed| schedule.keeps_waiting(at, needed)).count();
            if schedule.open[at] == 0 {
                schedule.set_ready(at);
            }
        }
        schedule
    }

    /// Notes that a step waits for this, unless that is an empty phase. A step that does not exist is never done.
    fn keeps_waiting(&mut self, at: usize, needed: &Prerequisite) -> bool {
        match needed {
            Prerequisite::Step(id) => {
                if let Some(place) = self.places.get(id.as_str()) {
                    self.waiting_for_step[*place].push(at);
                }
                true
            }
            Prerequisite::Phase(phase) => match self.phases.get_mut(phase) {
                Some(barrier) => {
                    barrier.waiting.push(at);
                    true
                }
                None => false,
            },
        }
    }

    fn set_ready(&mut self, at: usize) {
        let step = &self.steps[at];
        self.ready.entry(step.phase).or_default().entry(step.call.account.as_str()).or_default().insert(at);
    }

    /// The next step of these phases that may start, in an account that has room for one more.
    pub(super) fn take_ready(&mut self, phases: &[StepPhase], room: impl Fn(&str) -> bool) -> Option<&'a Step> {
        phases.iter().find_map(|phase| {
            let ready = self.ready.get_mut(phase)?;
            let first =
                ready.iter().filter(|(account, _)| room(account)).filter_map(|(_, places)| places.first().copied()).min()?;
            let step = &self.steps[first];
            ready.get_mut(step.call.account.as_str())?.remove(&first);
            Some(step)
        })
    }

    /// The step with this name, if it is one of these phases and may start.
    pub(super) fn take_step(&mut self, id: &str, phases: &[StepPhase]) -> Option<&'a Step> {
        let place = self.places.get(id).copied()?;
        let step = &self.steps[place];
        let ready = self.ready.get_mut(&step.phase).filter(|_| phases.contains(&step.phase))?;
        ready.get_mut(step.call.account.as_str())?.remove(&place).then_some(step)
    }

    /// What waited for this step may start, where it waits for nothing else.
    pub(super) fn mark_done(&mut self, step: &Step) {
        let Some(place) = self.places.get(step.id.as_str()).copied() else { return };
        let mut freed = std::mem::take(&mut self.waiting_for_step[place]);
        if let Some(barrier) = self.phases.get_mut(&step.phase) {
            barrier.left -= 1;
            if barrier.left == 0 {
                freed.append(&mut barrier.waiting);
            }
        }
        for at in freed {
            self.open[at] -= 1;
            if self.open[at] == 0 {
                self.set_ready(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::call::Call;
    use crate::plan::StepOperation;

    fn step(id: &str, account: &str, phase: StepPhase, waits_for: &[&str]) -> Step {
        let waits_for = waits_for.iter().map(|text| Prerequisite::try_from((*text).to_owned()).unwrap()).collect();
        let operation = StepOperation::Disconnect {
            bridge: String::new(),
            number: String::new(),
            before: crate::model::resource::ServedBy::NotThere,
        };
        Step { id: id.to_owned(), phase, address: None, call: Call::get(account, ""), operation, why: String::new(), waits_for }
    }

    fn ready<'a>(schedule: &mut StepSchedule<'a>, phases: &[StepPhase]) -> Vec<&'a str> {
        std::iter::from_fn(|| schedule.take_ready(phases, |account| account != "full")).map(|step| step.id.as_str()).collect()
    }

    #[test]
    fn a_barrier_opens_when_every_step_of_its_phase_is_done() {
        let steps = [
            step("s1", "a", StepPhase::Rewire, &[]),
            step("s2", "a", StepPhase::ReadBack, &["s1"]),
            step("s3", "b", StepPhase::ReadBack, &[]),
            step("s4", "a", StepPhase::Delete, &["phase:read_back"]),
            step("s5", "b", StepPhase::Delete, &["s4", "phase:read_back"]),
            step("s6", "b", StepPhase::TakeOver, &["s4"]),
        ];
        let mut schedule = StepSchedule::new(&steps);
        let last = [StepPhase::TakeOver, StepPhase::Delete];
        assert_eq!(ready(&mut schedule, &[StepPhase::Rewire]), ["s1"]);
        assert_eq!(ready(&mut schedule, &[StepPhase::ReadBack]), ["s3"]);
        schedule.mark_done(&steps[0]);
        assert_eq!(ready(&mut schedule, &[StepPhase::ReadBack]), ["s2"]);
        schedule.mark_done(&steps[2]);
        assert!(ready(&mut schedule, &last).is_empty(), "s2 is not done");
        schedule.mark_done(&steps[1]);
        assert_eq!(ready(&mut schedule, &last), ["s4"]);
        schedule.mark_done(&steps[3]);
        assert_eq!(ready(&mut schedule, &last), ["s6", "s5"], "a replacement goes before the other deletes");
    }

    #[test]
    fn an_empty_phase_keeps_nothing_waiting_and_a_missing_step_does_for_ever() {
        let steps = [
            step("s1", "a", StepPhase::Delete, &["phase:read_back"]),
            step("s2", "full", StepPhase::Delete, &[]),
            step("s3", "a", StepPhase::Delete, &["s9"]),
        ];
        assert_eq!(ready(&mut StepSchedule::new(&steps), &[StepPhase::Delete]), ["s1"]);
        assert!(Prerequisite::try_from("phase:readback".to_owned()).is_err());
    }
}
