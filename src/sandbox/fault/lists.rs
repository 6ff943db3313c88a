//! Faults that a list handler has to know about, because they change which rows a page holds.

use super::Effect;

/// What happens to the list that is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Twist {
    /// Elements by which every page after the first begins too early.
    pub(in super::super) overlap: usize,
}

impl Twist {
    pub(super) fn of(effects: &[Effect]) -> Self {
        let overlap = effects.iter().map(|e| if let Effect::OverlappingPages(n) = e { *n } else { 0 }).max();
        Self { overlap: overlap.unwrap_or_default() }
    }

    /// Where a page begins.
    pub(in super::super) fn start(self, start: usize) -> usize {
        start.saturating_sub(if start == 0 { 0 } else { self.overlap })
    }
}
