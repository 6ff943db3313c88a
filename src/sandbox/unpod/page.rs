//! `page` and `page_size` of the bridge list (`api/unpod.md`, section 11, recorded: `20-bridge-paging`).

use super::super::answer::Asked;

/// A part of a list, or nothing because a parameter is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) start: usize,
    pub(super) size: usize,
}

/// The part that is asked for; absent when a parameter is no integer.
pub(super) fn of(asked: &Asked) -> Option<Page> {
    let argument = |name: &str, zero_means: i64| match asked.argument(name) {
        None => Some(zero_means),
        Some(text) => text.trim().parse::<i64>().ok().map(|n| if n == 0 { zero_means } else { n }),
    };
    let (page, size) = (argument("page", 1)?, argument("page_size", 10)?);
    let (Ok(page), Ok(size)) = (usize::try_from(page), usize::try_from(size)) else {
        return Some(Page { start: 0, size: 0 });
    };
    Some(Page { start: asked.twist.start((page - 1).saturating_mul(size)), size })
}
