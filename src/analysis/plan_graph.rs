//! A plan as a graph: its steps and what each waits for, or the phone numbers that it touches and who serves them.

use std::collections::{BTreeMap, HashMap};

use crate::plan::{NumberEffect, NumberImpact, NumberLocation, Plan, Prerequisite, Step, StepPhase};

/// Number of steps up to which each is a node; also the width of the sets below.
pub const MOST_SINGLE_STEPS: usize = 40;

/// Number of nodes up to which alike steps are distinguished by account and kind, and not only by what they do.
const MOST_GROUPS: usize = 60;

/// Numbers with the same connection that are one node.
pub const GROUPED_NUMBERS: usize = 5;

/// Steps and the order between them.
#[derive(Debug)]
pub struct StepGraph<'a> {
    /// The nodes, in the order of the plan.
    pub nodes: Vec<StepNode<'a>>,
    /// From the node that comes first to the one that waits, with the number of waits.
    pub waits: BTreeMap<(usize, usize), usize>,
}

/// One step, or alike ones.
#[derive(Debug)]
pub struct StepNode<'a> {
    /// The phase of all of them.
    pub phase: StepPhase,
    /// The account of all of them; none where those of several accounts are one node.
    pub account: Option<&'a str>,
    /// The steps.
    pub steps: Vec<&'a Step>,
}

/// The steps of a plan: each by itself, or alike ones as one where they are many.
pub fn step_graph(plan: &Plan) -> StepGraph<'_> {
    let places: HashMap<&str, usize> = plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    if plan.steps.len() > MOST_SINGLE_STEPS {
        return grouped_graph(plan, &places);
    }
    let waits: Vec<Vec<usize>> = plan.steps.iter().map(|step| places_waited_for(plan, &places, step)).collect();
    // Everything that comes before a step, as a set of bits. A plan lists steps after their prerequisites.
    let mut before: Vec<u64> = Vec::with_capacity(waits.len());
    for (place, direct) in waits.iter().enumerate() {
        let earlier = direct.iter().filter(|other| **other < place);
        before.push(earlier.fold(0, |set, other| set | before[*other] | 1 << other));
    }
    let mut kept = BTreeMap::new();
    for (place, direct) in waits.iter().enumerate() {
        let implied = |from: usize| direct.iter().any(|other| *other < place && before[*other] & (1 << from) != 0);
        kept.extend(direct.iter().filter(|from| !implied(**from)).map(|from| ((*from, place), 1)));
    }
    let nodes =
        plan.steps.iter().map(|step| StepNode { phase: step.phase, account: Some(&step.call.account), steps: vec![step] });
    StepGraph { nodes: nodes.collect(), waits: kept }
}

fn places_waited_for(plan: &Plan, places: &HashMap<&str, usize>, step: &Step) -> Vec<usize> {
    let of_phase = |phase: StepPhase| plan.steps.iter().enumerate().filter(move |(_, other)| other.phase == phase);
    let mut waited: Vec<usize> = step
        .waits_for
        .iter()
        .flat_map(|it| match it {
            Prerequisite::Step(id) => places.get(id.as_str()).copied().into_iter().collect::<Vec<_>>(),
            Prerequisite::Phase(phase) => of_phase(*phase).map(|(at, _)| at).collect(),
        })
        .collect();
    waited.sort_unstable();
    waited.dedup();
    waited
}

/// What alike steps have in common: phase, account, what they do, kind.
type GroupKey<'a> = (StepPhase, &'a str, &'static str, &'a str);

fn group_key(step: &Step, is_fine: bool) -> GroupKey<'_> {
    let kind = step.address.as_ref().map_or("", |address| address.kind.as_str());
    let (account, kind) = if is_fine { (step.call.account.as_str(), kind) } else { ("", "") };
    (step.phase, account, step.operation.as_str(), kind)
}

fn grouped_graph<'a>(plan: &'a Plan, places: &HashMap<&str, usize>) -> StepGraph<'a> {
    let group = |is_fine| {
        let mut groups: BTreeMap<GroupKey<'a>, Vec<&'a Step>> = BTreeMap::new();
        for step in &plan.steps {
            groups.entry(group_key(step, is_fine)).or_default().push(step);
        }
        groups
    };
    let (mut groups, mut is_fine) = (group(true), true);
    if groups.len() > MOST_GROUPS {
        (groups, is_fine) = (group(false), false);
    }
    let numbers: HashMap<GroupKey<'_>, usize> = groups.keys().copied().zip(0..).collect();
    let mut waits: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for step in &plan.steps {
        let to = numbers[&group_key(step, is_fine)];
        let mut add = |from: usize, count: usize| {
            if from != to {
                *waits.entry((from, to)).or_default() += count;
            }
        };
        for it in &step.waits_for {
            match it {
                Prerequisite::Step(id) => {
                    if let Some(place) = places.get(id.as_str()) {
                        add(numbers[&group_key(&plan.steps[*place], is_fine)], 1);
                    }
                }
                Prerequisite::Phase(phase) => {
                    groups.iter().filter(|(key, _)| key.0 == *phase).for_each(|(key, of)| add(numbers[key], of.len()));
                }
            }
        }
    }
    let node = |((phase, account, ..), steps): (GroupKey<'a>, Vec<&'a Step>)| StepNode {
        phase,
        account: is_fine.then_some(account),
        steps,
    };
    StepGraph { nodes: groups.into_iter().map(node).collect(), waits }
}

/// Numbers with the same connection before and after the plan.
#[derive(Debug)]
pub struct NumberGroup<'a> {
    /// What happens to them.
    pub effect: NumberEffect,
    /// Account.
    pub account: &'a str,
    /// The connection before the plan.
    pub from: Option<&'a NumberLocation>,
    /// The connection after the plan.
    pub to: Option<&'a NumberLocation>,
    /// The numbers: one, or many.
    pub numbers: Vec<&'a str>,
}

/// The numbers with these effects, [one for each](crate::plan::one_effect_each): those with the same connections together, where
/// they are many.
pub fn number_groups(impact: &[NumberImpact]) -> Vec<NumberGroup<'_>> {
    type Key<'a> = (&'a str, NumberEffect, Option<&'a NumberLocation>, Option<&'a NumberLocation>);
    let mut groups: BTreeMap<Key<'_>, Vec<&NumberImpact>> = BTreeMap::new();
    for number in impact {
        let key = (number.account.as_str(), number.effect, number.from.as_ref(), number.to.as_ref());
        groups.entry(key).or_default().push(number);
    }
    groups
        .into_iter()
        .flat_map(|((account, effect, from, to), numbers)| {
            let group = move |numbers| NumberGroup { effect, account, from, to, numbers };
            let all: Vec<&str> = numbers.iter().map(|number| number.number.as_str()).collect();
            match all.len() {
                0..GROUPED_NUMBERS => all.into_iter().map(|number| group(vec![number])).collect(),
                _ => vec![group(all)],
            }
        })
        .collect()
}
