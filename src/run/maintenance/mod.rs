//! Maintains ledger and journal: each function finds the ledger, takes its lock, and records what it does as a run of its own.
//! Only a rebuild reads the services; nothing here writes to one.

mod addresses;
mod rebuild;
mod rekey;
mod restart;

pub use addresses::{ReleasedAddress, move_address, release_address};
pub use rebuild::{RebuiltLedger, rebuild_ledger};
pub(crate) use rekey::KEY_VARIABLE;
pub use rekey::{RekeyedLedger, rekey_ledger};
pub use restart::restart_journal;
