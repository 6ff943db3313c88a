//! Finds steps and refusals of a plan.

use super::{Plan, PlanRefusal, Prerequisite, Step};
use crate::model::resource::Address;

impl Plan {
    /// Position of a step. Steps are named by their positions, also in a plan that was read from a file, unless it was edited.
    pub fn position_of_step(&self, id: &str) -> Option<usize> {
        let is = |place: &usize| self.steps.get(*place).is_some_and(|step| step.id == id);
        let named = id.strip_prefix('s').and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
        named.filter(is).or_else(|| self.steps.iter().position(|step| step.id == id))
    }

    /// A step by its name.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.position_of_step(id).map(|place| &self.steps[place])
    }

    /// The refusals about an object, each as if it were about that object alone.
    pub fn refusals_about(&self, address: &Address) -> Vec<PlanRefusal> {
        let about = self.refusals.iter().filter(|refusal| refusal.is_about(address));
        about.map(|refusal| PlanRefusal { addresses: [address.clone()].into(), ..refusal.clone() }).collect()
    }

    /// Whether a prerequisite is any step of this plan.
    pub fn has_steps_of(&self, needed: &Prerequisite) -> bool {
        match needed {
            Prerequisite::Step(id) => self.position_of_step(id).is_some(),
            Prerequisite::Phase(phase) => self.steps.iter().any(|step| step.phase == *phase),
        }
    }
}
