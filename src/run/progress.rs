//! What a run reports while it goes on. A run prints nothing: whoever started it listens.

use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::proof::Proof;
use super::{RunError, SavedPlan};
use crate::analysis::undo::{NotUndone, SavedUndoDifference};
use crate::apply::event::ApplyEvent;
use crate::apply::{ApplyReport, ObjectWithTwins, SettledStep};
use crate::config::problem::Problems;
use crate::document::{Document, PlanDifference};
use crate::http::client::HttpObserver;
use crate::model::ledger::UnansweredCreate;
use crate::output::Vouched;
use crate::output::view::report::NextCommand;
use crate::plan::{ChangeLimit, Plan};
use crate::process::policy::PolicyVerdict;
use crate::read::ListingProgress;
use crate::signature::{Approval, Signer};
use crate::state::journal::{self, JournalRecord};
use crate::state::ledger::{LockEvent, StoreObserver};

/// Listens to a run. Every method has a default that does nothing, so that a listener says only what it cares about.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn on_event(&self, _event: &RunEvent<'_>) {}

    /// The run goes on, but the user should know this.
    fn on_warning(&self, _warning: &Warning<'_>) {}

    /// A step of a plan began or ended.
    fn on_step(&self, _event: &ApplyEvent) {}

    /// A page of a listing arrived.
    fn on_listed(&self, _listed: &ListingProgress<'_>) {}

    /// The journal gets this record of a run next.
    fn before_record(&self, _run: &str, _record: &JournalRecord) {}

    /// The first write may be sent after this; an error prevents it.
    fn before_writes(&self) -> Result<(), RunError> {
        Ok(())
    }

    /// Asks the user whether this plan is to be carried out.
    fn confirm(&self, _plan: &Plan) -> Result<bool, RunError> {
        Ok(false)
    }

    /// Cancelled when the user asks a plan to stop that is being carried out.
    fn stop_requests(&self) -> CancellationToken {
        CancellationToken::new()
    }

    /// Something takes long, until the guard is dropped.
    fn busy(&self, _with: Busy<'_>) -> BusyGuard {
        None
    }

    /// Observes every request.
    fn http_observers(&self) -> Vec<Arc<dyn HttpObserver>> {
        Vec::new()
    }

    /// Observes every request to an object store that holds the ledger.
    fn store_observer(&self) -> Option<Arc<dyn StoreObserver>> {
        None
    }

    /// Observes every request of a rehearsal to a simulator.
    fn rehearsal_observers(&self) -> Vec<Arc<dyn HttpObserver>> {
        Vec::new()
    }

    /// How the user interrupts this run.
    fn interrupts(&self) -> Arc<dyn Interrupts> {
        Arc::new(NoInterrupts)
    }
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {}

/// Dropped when what takes long is over.
pub type BusyGuard = Option<Box<dyn Any + Send>>;

/// What takes long.
#[derive(Debug, Clone, Copy)]
pub enum Busy<'a> {
    /// Services are read.
    Reading,
    /// A plan is applied.
    Applying,
    /// Another run has the lock.
    Lock {
        /// Who.
        holder: &'a str,
        /// The longest time to wait.
        most: Duration,
    },
}

/// Signals of the user. While a run waits for a lock, for a policy or for an answer, and nothing was written, the first signal
/// ends the process.
pub trait Interrupts: Send + Sync {
    /// Waits for the n-th signal of this process.
    fn nth(&self, nth: usize) -> BoxFuture<'static, ()>;

    /// Frees what is held, and ends the process.
    fn end_process(&self) -> BoxFuture<'static, Infallible>;

    /// Whether a process that holds no lock has something to tidy up when a signal ends it.
    fn must_tidy_up(&self) -> bool {
        false
    }
}

/// Nobody interrupts the run. Signals end the process as the operating system has it.
#[derive(Debug, Clone, Copy)]
pub struct NoInterrupts;

impl Interrupts for NoInterrupts {
    fn nth(&self, _nth: usize) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn end_process(&self) -> BoxFuture<'static, Infallible> {
        Box::pin(std::future::pending())
    }
}

/// Something that happened in a run.
#[derive(Debug)]
pub enum RunEvent<'a> {
    /// Another run has the lock, or it was taken over.
    Lock(&'a LockEvent<'a>),
    /// A create got no answer; the run waits until it shows up or is over.
    WaitsForCreate {
        /// The create.
        create: &'a UnansweredCreate,
        /// It is over at this time.
        until: jiff::Timestamp,
    },
    /// An earlier run was cut off, and is settled by reading.
    CutOff(&'a journal::RecordedRun<'a>),
    /// An earlier run was cut off, and its open requests are in accounts that this run leaves out.
    NotSettledHere {
        /// The earlier run.
        run: &'a journal::RecordedRun<'a>,
        /// The accounts.
        accounts: &'a [&'a str],
    },
    /// A run without an end holds the lock: it may be carrying out its plan now.
    InProgress(&'a journal::RecordedRun<'a>),
    /// An earlier run was cut off, and this run only reads.
    Unfinished(&'a journal::RecordedRun<'a>),
    /// The open steps of a run that was cut off are settled.
    Settled {
        /// The earlier run.
        run: &'a journal::RecordedRun<'a>,
        /// Its plan.
        plan: &'a Plan,
        /// What reading says about each open step.
        found: &'a [SettledStep],
    },
    /// The plan, or the part of it that goes on.
    Planned {
        /// The plan.
        plan: &'a Plan,
        /// The same as a document.
        document: &'a Document,
    },
    /// A policy has judged the plan.
    Policy {
        /// Its command line.
        policy: &'a str,
        /// Where it is named.
        named_by: &'a str,
        /// What it says.
        verdict: &'a PolicyVerdict,
    },
    /// A policy refuses the plan, and nothing of it is carried out.
    PoliciesRefused,
    /// No run was cut off, so that nothing is resumed.
    NothingToResume,
    /// The plan of now is not the saved one.
    Stale {
        /// The saved one.
        saved: &'a SavedPlan,
        /// What changed.
        moved: &'a [PlanDifference],
        /// The run that applied it, if one did: that explains the difference.
        used: Option<&'a str>,
    },
    /// The plan of now is not the one that was reviewed.
    OtherDigest {
        /// Digest of the plan of now.
        digest: &'a str,
        /// Digest of the plan that was reviewed.
        expected: &'a str,
        /// The run that applied it, if one did.
        used: Option<&'a str>,
    },
    /// The saved plan was used before.
    SavedPlanUsed {
        /// The saved plan.
        saved: &'a SavedPlan,
        /// The run that used it.
        by: &'a str,
    },
    /// Secrets are sent as they are now, whatever they were when the plan was reviewed.
    Unbound {
        /// What does not cover them.
        why: &'a str,
        /// Each as address and attribute; may be empty.
        secrets: &'a [String],
    },
    /// The user did not confirm the plan.
    NotConfirmed,
    /// The first changes are applied and proven, and the plan of the rest follows.
    RestFollows(ChangeLimit),
    /// The user did not confirm the plan of the rest.
    RestDeclined(&'a Plan),
    /// The first changes are applied and proven, and this prevented the rest.
    RestFailed(&'a RunError),
    /// The first changes are applied and proven, and of the rest nothing was written.
    RestNotApplied,
    /// An undo found the run that it takes back.
    UndoFound {
        /// Id of the run.
        run: &'a str,
        /// What is not taken back.
        left: &'a [NotUndone],
    },
    /// How the undo is not what was saved with the run.
    UndoMoved(&'a SavedUndoDifference),
    /// The undo is about nothing; `is_whole`: and nothing stays as it is.
    NothingToTakeBack {
        /// Whether nothing had to be left as it is.
        is_whole: bool,
    },
    /// What the run changed is as it was before it.
    IsTakenBack {
        /// Whether nothing had to be left as it is.
        is_whole: bool,
    },
    /// The undo leaves these numbers dark: a run of telform disconnected them, and nothing serves them.
    StaysDark(&'a [String]),
    /// The undo changed the ledger alone.
    OnlyLedgerChanged,
    /// The apply changed the ledger alone, as this plan says.
    OnlyRecorded(&'a Plan),
    /// The undo is over.
    TookBack {
        /// What it did.
        plan: &'a Plan,
        /// What is not taken back.
        left: &'a [NotUndone],
        /// Whether the YAML may still state what the run did.
        yaml_differs: bool,
    },
    /// Nothing is left to send, but the service did not take what was sent before.
    NotTaken,
    /// The plan is refused, and nothing of it is carried out.
    Refused(&'a Plan),
    /// The plan is refused, and only what connects numbers goes on.
    GoesOnInPart(&'a Plan),
    /// The saved plan is signed and approved as it must be.
    Vouched {
        /// Digest of the plan.
        digest: &'a str,
        /// Who signed it.
        author: Option<&'a Signer>,
        /// The valid approvals.
        approvals: &'a [Approval],
        /// Every signature that was checked.
        seen: &'a [Vouched],
    },
    /// The plan is about to be carried out.
    Applying {
        /// The command.
        command: &'static str,
        /// The plan.
        plan: &'a Plan,
        /// What to run when the process is stopped at once.
        advice: &'a [NextCommand],
    },
    /// The run did not go through.
    Incomplete {
        /// The plan.
        plan: &'a Plan,
        /// How each step ended.
        report: &'a ApplyReport,
        /// What to run next.
        advice: &'a [NextCommand],
    },
    /// Interrupted when every step was done, before everything was read again.
    Unproven {
        /// The plan.
        plan: &'a Plan,
        /// How each step ended.
        report: &'a ApplyReport,
        /// What to run next.
        advice: &'a [NextCommand],
    },
    /// Every step is done, and everything was read and planned again.
    Finished {
        /// The command.
        command: &'a str,
        /// The plan.
        plan: &'a Plan,
        /// Writes that are done.
        writes: usize,
        /// What the second plan shows.
        proof: &'a Proof,
    },
    /// Objects that the run created, and others with the same natural key.
    Twins(&'a [ObjectWithTwins]),
    /// Every step is done, but reading and planning again failed.
    ProofFailed(&'a RunError),
    /// Every step is done and proven, but the ledger could not be saved.
    LedgerNotSaved(&'a RunError),
    /// The run ended, but the state of the sandbox could not be kept.
    WorldNotKept(&'a RunError),
    /// The run ended, but its receipt could not be written.
    ReceiptNotKept(&'a RunError),
    /// The plan is refused, so an apply would carry out only a part of it, or nothing.
    WouldBeRefused {
        /// The plan.
        whole: &'a Plan,
        /// The part that would go on.
        part: Option<&'a Plan>,
    },
    /// What goes wrong before the first write of a rehearsal makes it another plan, so an apply would write nothing.
    BecomesOtherPlan,
    /// Nothing was adopted, because the plan over the new files is not empty.
    NotProven(&'a Plan),
    /// The ledger was rebuilt, and the old one is set aside.
    LedgerSetAside {
        /// Where it is kept.
        kept: &'a str,
    },
    /// The run is over and on record: an interrupt has nothing to stop.
    Recorded,
}

/// Something that ends no run, and that the user should know.
#[derive(Debug)]
pub enum Warning<'a> {
    /// The configuration has problems that are not errors.
    Configuration(&'a Problems),
    /// The ledger or the journal is gone, or is not the one that the last run left.
    StateMissing {
        /// Code, such as `telform::ledger::behind`.
        code: &'static str,
        /// What is known of it.
        message: &'a str,
        /// What to do.
        help: &'static str,
    },
    /// A run that writes would refuse the ledger or the journal for this reason.
    StateRefused(&'a RunError),
    /// The same where this command only reads: it continues, and an apply would be refused.
    ApplyRefused(&'a RunError),
    /// From this line on, the journal carries MACs.
    MacsBegin {
        /// The first line with a MAC.
        line: usize,
    },
    /// The key of the journal's lines is lost, and a new key goes on.
    JournalKeyLost,
    /// It could not be kept beside the key that the journal carries MACs.
    ChainNotKept {
        /// Code of the error.
        code: &'static str,
        /// The error.
        message: String,
    },
    /// There was no fingerprint key, and a new one was made where it may get lost.
    KeyMade {
        /// Where it is kept.
        path: &'a str,
        /// Whether the ledger was sealed with another key.
        ledger_has_other: bool,
    },
    /// A plan is saved, and its secrets may have other values when it is applied.
    PlanUnbound {
        /// Why the file does not bind them.
        why: String,
    },
    /// Secrets that were not supplied are made up in the sandbox.
    SecretsMadeUp {
        /// How many.
        count: usize,
        /// Whether something was applied in this sandbox before.
        repeated: bool,
    },
    /// Nobody knows whether what was made has a twin.
    TwinsUnknown {
        /// Why.
        why: String,
    },
}
