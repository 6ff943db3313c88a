//! The services, one folder each. A new one is a new folder and its line in the list in `src/lib.rs`.

use crate::kind::{Backend, Kind};

macro_rules! declared {
    ($($(#[$when:meta])* $name:ident)*) => {
        $($(#[$when])* pub mod $name;)*

        /// Every service that telform can talk to.
        pub const ALL: &[&Backend] = &[$($(#[$when])* &$name::BACKEND),*];
    };
}
services!(declared);

/// The service whose accounts say `api: WORD`.
pub fn by_api(word: &str) -> Option<&'static Backend> {
    ALL.iter().copied().find(|backend| backend.api == word)
}

/// The service that serves a kind.
pub fn of_kind(name: &str) -> Option<&'static Backend> {
    ALL.iter().copied().find(|backend| backend.kinds.iter().any(|kind| kind.name == name))
}

/// All shapes of a kind, over the generations.
pub fn shapes(name: &str) -> Vec<&'static Kind> {
    ALL.iter().flat_map(|backend| backend.kinds.iter().copied()).filter(|kind| kind.name == name).collect()
}

/// The shape of a kind in one generation (`None` where the service has only one).
pub fn shape(name: &str, generation: Option<u8>) -> Option<&'static Kind> {
    shapes(name).into_iter().find(|kind| kind.generation.is_none() || kind.generation == generation)
}

/// Names of the kinds in the order of their rank, each once.
pub fn kind_names() -> Vec<&'static str> {
    let mut kinds: Vec<&Kind> = ALL.iter().flat_map(|backend| backend.kinds.iter().copied()).collect();
    kinds.sort_by_key(|kind| kind.rank);
    let mut names: Vec<&'static str> = kinds.into_iter().map(|kind| kind.name).collect();
    names.dedup();
    names
}
