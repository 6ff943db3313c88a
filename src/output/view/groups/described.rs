//! Groups in words: what they are, what is the same in them, and their requests.

use super::super::wording::{self, StepIndex};
use super::{ChangeGroup, RequestGroup};

/// Members that are named beside a sentence.
const NAMED: usize = 6;

/// Most ranges of steps that are named.
const RANGES: usize = 3;

impl ChangeGroup<'_> {
    /// `2000 partners`.
    pub(in crate::output::view) fn subject(&self) -> String {
        wording::count_of_kind(self.members.len(), &self.first().address.kind)
    }

    /// Their account, and what is not the same in all of them.
    pub(in crate::output::view) fn about(&self) -> String {
        let change = self.first();
        let from = change.from_account.as_ref().map(|from| format!("{from} -> ")).unwrap_or_default();
        format!("{from}{}, {}", change.account, self.likeness())
    }

    /// `all alike`, or what differs.
    pub(in crate::output::view) fn likeness(&self) -> String {
        if self.differing.is_empty() {
            return "all alike".to_owned();
        }
        format!("alike but for {}", self.differing_names().collect::<Vec<_>>().join(", "))
    }

    /// What happens to them, in one sentence.
    pub(in crate::output::view) fn sentence(&self) -> String {
        let change = self.first();
        let from = change.from_account.as_ref().map(|from| format!("{from} -> ")).unwrap_or_default();
        let reason = change.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let (subject, action) = (self.subject(), wording::action_participle(change.action));
        format!("{subject} in {from}{} will be {action}{reason}, {}", change.account, self.likeness())
    }

    /// The names of the first, and the number of the others.
    pub(in crate::output::view) fn names(&self) -> String {
        let names: Vec<String> = self.members.iter().take(NAMED).map(|one| one.change.address.to_string()).collect();
        let more = match self.members.len() - names.len() {
            0 => String::new(),
            more => format!(", … and {more} more"),
        };
        format!("{}{more}", names.join(", "))
    }

    /// How many of them a sentence and the names do not show, or not in full.
    pub(in crate::output::view) fn unshown(&self) -> usize {
        if self.differing.is_empty() { self.members.len().saturating_sub(NAMED) } else { self.members.len() }
    }
}

impl RequestGroup<'_> {
    /// `PATCH partners/{id} × 2000`.
    pub(in crate::output::view) fn describe(&self) -> String {
        format!("{} {} × {}", self.step.call.method, self.target, self.steps.len())
    }

    /// `s1-s2000`: the names of the steps, as far as they are few ranges.
    pub(in crate::output::view) fn id_ranges(&self, steps: &StepIndex<'_>) -> String {
        let mut ranges: Vec<(&str, &str)> = Vec::new();
        let mut last = None;
        for step in &self.steps {
            let place = steps.position(&step.id);
            match ranges.last_mut() {
                Some(range) if place.zip(last).is_some_and(|(place, last): (usize, usize)| place == last + 1) => {
                    range.1 = &step.id
                }
                _ => ranges.push((&step.id, &step.id)),
            }
            last = place;
        }
        let shown = ranges.iter().take(RANGES);
        let shown = shown.map(|(first, last)| if first == last { (*first).to_owned() } else { format!("{first}-{last}") });
        let mut shown: Vec<String> = shown.collect();
        if ranges.len() > RANGES {
            shown.push(format!("… {}", ranges.last().map_or("", |range| range.1)));
        }
        shown.join(", ")
    }
}
