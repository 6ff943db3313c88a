//! Faults that a list handler has to know about, because they change which rows a page holds.

use super::FaultEffect;

/// What happens to the requested list.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct ListFault {
    /// Number of elements by which every page after the first begins too early.
    pub(in super::super) overlap: usize,
    /// The list never ends: the rows of the first page are the pattern for every page.
    pub(in super::super) endless: bool,
}

impl ListFault {
    pub(super) fn from_effects(effects: &[FaultEffect]) -> Self {
        let overlap = effects.iter().map(|e| if let FaultEffect::OverlappingPages(n) = e { *n } else { 0 }).max();
        Self { overlap: overlap.unwrap_or_default(), endless: effects.contains(&FaultEffect::EndlessPages) }
    }

    /// The start of a page.
    pub(in super::super) fn start(self, start: usize) -> usize {
        start.saturating_sub(if start == 0 { 0 } else { self.overlap })
    }
}
