//! Every code that telform itself can raise: what it means, what to do, how the process ends. `docs/errors.md` is made from
//! these tables, and a test compares them with the sources in both directions.

mod files;
mod plans;
mod runs;
mod steps;

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// As messages write it.
    pub code: &'static str,
    /// Exit code of a command that ends with it; none where it ends nothing by itself.
    pub exit: Option<u8>,
    /// What it means; empty where the plan's own words say it (`crate::plan`).
    pub means: &'static str,
    /// What to do; empty where the plan's own words say it.
    pub mend: &'static str,
}

/// Codes of one sort.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Heading.
    pub title: &'static str,
    /// What they have in common.
    pub about: &'static str,
    /// The codes.
    pub codes: &'static [Code],
}

/// All groups, in the order of the page.
pub const GROUPS: &[Group] = &[
    files::FILES,
    files::YAML,
    files::SECRETS,
    runs::SERVICES,
    runs::LEDGER,
    runs::JOURNAL,
    runs::COMMANDS,
    steps::STEPS,
    plans::GUARDS,
    plans::REFUSALS,
    plans::NOTICES,
    plans::CHECKER,
    plans::CHECKER_JOURNAL,
];

/// What is known about a code.
pub fn find(code: &str) -> Option<&'static Code> {
    all().find(|known| known.code == code)
}

/// All codes.
pub fn all() -> impl Iterator<Item = &'static Code> {
    GROUPS.iter().flat_map(|group| group.codes)
}

/// A row a code: the code, the exit code (`-` for none), what it means, what to do.
macro_rules! table {
    (@exit -) => { None };
    (@exit $exit:literal) => { Some($exit) };
    ($($code:literal $exit:tt $means:literal $mend:literal)*) => {
        &[$($crate::codes::Code {
            code: $code,
            exit: $crate::codes::table!(@exit $exit),
            means: $means,
            mend: $mend,
        }),*]
    };
}
use table;
