//! Properties: what must hold for every configuration and every state of the services, not only for chosen examples. The
//! planner against a strict model without HTTP; everything together against the simulator; the normalisers alone.

mod case;
mod comparing;
pub(crate) mod dice;
mod execute;
mod guarding;
mod limiting;
mod model;
mod normalising;
mod packed;
mod planning;
mod rendering;
mod saving;
mod silence;
mod values;
mod verifying;

/// As the default of every property, but without files of old failures beside the sources.
pub(crate) fn cases(count: u32) -> proptest::test_runner::Config {
    let usual = proptest::test_runner::Config::default();
    proptest::test_runner::Config {
        cases: count,
        failure_persistence: None,
        // Who only asks whether anything fails (PROPTEST_MAX_SHRINK_ITERS=0) need not wait for the smallest case.
        max_shrink_iters: usual.max_shrink_iters.min(20_000),
        ..usual
    }
}
