//! Compares the live state with what telform last saw, and finds the edits of the YAML that accept it. Sends only GET.

use super::files::{FileReaders, write_file};
use super::{Context, Exit, PlanSelection, Run, RunError, SessionPurpose};
use crate::analysis::drift::{ComparedObjects, Drift, NotCompared, compared_objects, find_drift};
use crate::model::resource::LiveState;
use crate::plan::{Inputs, Plan};
use crate::read::ObjectDetail;

mod accept;
mod value_edit;

use accept::accept_drift;
pub use accept::{FileTexts, NotAccepted};

/// What differs from what telform last saw.
#[derive(Debug)]
pub struct DriftOutcome {
    /// The differences.
    pub found: Vec<Drift>,
    /// How many accounts `--skip-unreadable` left out. They are the first that could not be compared.
    pub left_out: usize,
    /// What was compared, and what could not be.
    pub compared: ComparedObjects,
    /// The edits of the YAML that accept them.
    pub edits: FileTexts,
    /// What no edit accepts.
    pub not_accepted: Vec<NotAccepted>,
    /// Whether the edits were written.
    pub is_accepted: bool,
    /// What an apply would do.
    pub plan: Plan,
    /// Whether the ledger knows no object.
    pub manages_nothing: bool,
}

impl DriftOutcome {
    /// Whether something was changed outside telform.
    pub fn has_drifted(&self) -> bool {
        self.found.iter().any(|drift| drift.class.is_drift())
    }

    /// How the run ends.
    pub fn exit(&self) -> Exit {
        if self.compared.missed.len() > self.left_out {
            return Exit::Failed;
        }
        if self.left_out > 0 {
            return Exit::Partial;
        }
        // Everything was accepted: the YAML matches the live state.
        let settled = self.is_accepted && self.not_accepted.is_empty();
        if self.has_drifted() && !settled { Exit::Pending } else { Exit::Done }
    }
}

/// Looks for drift; `accept` writes the edits into the YAML.
pub async fn look_for_drift(context: &Context, choice: &PlanSelection, accept: bool) -> Result<DriftOutcome, RunError> {
    let session = Run::open(context, choice, SessionPurpose::Look).await?;
    let (live, missed) = read(&session).await?;
    // What could not be read is left out, as if the run were limited to the rest: it does not count as deleted.
    let mut options = session.options.clone();
    if !missed.is_empty() {
        options.accounts = live.accounts.keys().cloned().collect();
    }
    let plan = session.plan_with(&live, &options)?;
    let (desired, ledger, key) = (&session.desired, &session.ledger, &session.key);
    let inputs = Inputs { desired, live: &live, ledger, key, options: &options };
    let found = find_drift(&inputs, &plan);
    let mut compared = compared_objects(&inputs, &plan);
    let left_out = if choice.skip_unreadable { missed.len() } else { 0 };
    compared.missed.splice(0..0, missed);
    let (edits, not_accepted) = accept_drift(&session, &inputs, &found);
    let is_accepted = accept && found.iter().any(|drift| drift.class.is_drift());
    for (path, (_, after)) in edits.iter().filter(|_| is_accepted) {
        write_file(path, after, FileReaders::Anybody)?;
    }
    session.close()?;
    let manages_nothing = session.ledger.objects.is_empty();
    Ok(DriftOutcome { found, left_out, compared, edits, not_accepted, is_accepted, plan, manages_nothing })
}

/// Reads all that is managed, whatever the files mention, and reports which accounts could not be read. If none could,
/// nothing is reported.
async fn read(session: &Run) -> Result<(LiveState, Vec<NotCompared>), RunError> {
    let mut all = session.desired.clone();
    all.kinds.extend(session.ledger.objects.keys().map(|address| address.kind.clone()));
    let (live, errors) = session.read_each(&all, false, ObjectDetail::Writable, false).await;
    let missed = session.unread_accounts(&live, &errors)?;
    Ok((live, missed))
}
