//! Choices out of a list of numbers that proptest makes and shrinks. A list that is used up rolls zero from then on, and zero
//! is always the simplest choice, so a shorter list with smaller numbers is a simpler case.

use proptest::prelude::*;

#[derive(Clone)]
pub(crate) struct Dice {
    rolls: Vec<u16>,
    at: usize,
}

pub(crate) fn dice(most: usize) -> impl Strategy<Value = Dice> {
    prop::collection::vec(any::<u16>(), 0..most).prop_map(|rolls| Dice { rolls, at: 0 })
}

impl std::fmt::Debug for Dice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let used = self.rolls.iter().rposition(|roll| *roll != 0).map_or(0, |last| last + 1);
        write!(f, "{:?}", &self.rolls[..used])
    }
}

impl Dice {
    /// These rolls.
    pub(crate) fn of(rolls: &[u16]) -> Self {
        Self { rolls: rolls.to_vec(), at: 0 }
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let roll = self.rolls.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(roll) % n.max(1)
    }

    /// True once in `n` times, and never when the list is used up.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// True but once in `n` times.
    pub(crate) fn but_once_in(&mut self, n: usize) -> bool {
        !self.once_in(n)
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// One of them, when there are any.
    pub(crate) fn any<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| self.pick(from))
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, last - self.below(last + 1));
        }
    }
}
