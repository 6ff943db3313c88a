//! `page` and `page_size` of the bridge list (`api/unpod.md`, section 11, recorded: `20-bridge-paging`).

use super::super::answer::SandboxRequest;

/// A part of a list, or `None` because a parameter is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageRange {
    pub(super) start: usize,
    pub(super) size: usize,
}

/// The requested part; absent when a parameter is not an integer.
pub(super) fn page_from_query(asked: &SandboxRequest) -> Option<PageRange> {
    let argument = |name: &str, zero_means: i64| match asked.argument(name) {
        None => Some(zero_means),
        Some(text) => text.trim().parse::<i64>().ok().map(|n| if n == 0 { zero_means } else { n }),
    };
    let (page, size) = (argument("page", 1)?, argument("page_size", 10)?);
    let (Ok(page), Ok(size)) = (usize::try_from(page), usize::try_from(size)) else {
        return Some(PageRange { start: 0, size: 0 });
    };
    Some(PageRange { start: asked.list_fault.start((page - 1).saturating_mul(size)), size })
}
