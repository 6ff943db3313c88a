//! Every code that telform itself can raise: what it means, what to do, and the exit code. `docs/errors.md` is made from
//! these tables, and a test compares them with the sources in both directions.

mod files;
mod plans;
mod runs;
mod signatures;
mod steps;
mod tables;

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeEntry {
    /// As messages write it.
    pub code: &'static str,
    /// Exit code of a command that ends with it; none where it does not end the command by itself.
    pub exit: Option<u8>,
    /// What it means; empty where the plan's own message says it (`crate::plan`).
    pub means: &'static str,
    /// What to do; empty where the plan's own message says it. `{organization}` and the like mean the setting with that role.
    pub help: &'static str,
}

/// Codes of one type.
#[derive(Debug, Clone, Copy)]
pub struct CodeGroup {
    /// Heading.
    pub title: &'static str,
    /// The common part.
    pub about: &'static str,
    /// The codes.
    pub codes: &'static [CodeEntry],
}

/// All groups, in the order of the page.
pub const GROUPS: &[CodeGroup] = &[
    files::FILES,
    files::YAML,
    tables::TABLES,
    files::SECRETS,
    runs::SERVICES,
    runs::LEDGER,
    runs::JOURNAL,
    runs::COMMANDS,
    signatures::SIGNATURES,
    steps::STEPS,
    plans::GUARDS,
    plans::REFUSALS,
    plans::NOTICES,
    plans::CHECKER,
    plans::CHECKER_JOURNAL,
];

/// What is known about a code.
pub fn find_code(code: &str) -> Option<&'static CodeEntry> {
    all_codes().find(|known| known.code == code)
}

/// All codes.
pub fn all_codes() -> impl Iterator<Item = &'static CodeEntry> {
    GROUPS.iter().flat_map(|group| group.codes)
}

/// One row per code: the code, the exit code (`-` for none), what it means, what to do.
macro_rules! table {
    (@exit -) => { None };
    (@exit $exit:literal) => { Some($exit) };
    ($($code:literal $exit:tt $means:literal $help:literal)*) => {
        &[$($crate::model::codes::CodeEntry {
            code: $code,
            exit: $crate::model::codes::table!(@exit $exit),
            means: $means,
            help: $help,
        }),*]
    };
}
use table;
