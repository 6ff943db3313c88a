//! What is kept between runs: the ledger in its store, under a lock, and the journal of every run.

pub mod journal;
mod json_error;
pub mod ledger;
pub mod snapshot;
