//! Where the ledger is kept: a file beside the configuration or an object in a bucket, written whole, under a lock.

mod error;
mod lock;
mod rekey;
mod state_store;
mod store;
mod text;

pub use error::LedgerError;
pub use lock::{
    ConditionalWrites, LEASE, LockEvent, LockHandle, LockHolder, LockOptions, ReadAhead, ci_run, host_name, user_name,
};
pub use rekey::{LossReason, LostFingerprint, RekeyResult, SuppliedSecret};
#[cfg(feature = "remote-state")]
pub use state_store::RemoteStore;
pub use state_store::{GrowingLog, LocalStore, ObjectVersion, PutOutcome, StateStore, StoreObserver, StoreRequest, StoredObject};
pub use store::{LedgerStore, PreparedSave};
pub use text::{RewriteFinding, find_rewrite};
