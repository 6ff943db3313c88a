//! Compares the live state with what telform last saw, and finds the edits of the YAML that accept it. Sends only GET.

use super::files::{FileReaders, write_file};
use super::{Context, Exit, PlanSelection, Run, RunError, SessionPurpose, next_commands};
use crate::analysis::drift::{ComparedObjects, Drift, NotCompared, UnfinishedRun, compared_objects, find_drift};
use crate::analysis::open_creates::{OpenCreate, open_creates};
use crate::model::resource::LiveState;
use crate::plan::{Inputs, Plan};
use crate::read::ObjectDetail;
use crate::state::journal::{MissingEnd, RecordedRun};

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
    /// The runs that left differences unfinished, and how they continue.
    pub unfinished: Vec<UnfinishedRun>,
    /// Creates of which it is not known whether they created something.
    pub open_creates: Vec<OpenCreate>,
}

impl DriftOutcome {
    /// Whether something has to be decided: something was changed outside telform, or a run of telform left something undone.
    pub fn has_drifted(&self) -> bool {
        self.dark_numbers() > 0 || self.found.iter().any(|drift| drift.class.is_drift())
    }

    /// How many numbers runs of telform left dark.
    pub fn dark_numbers(&self) -> usize {
        self.compared.left_dark.values().map(Vec::len).sum()
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
        let open = |drift: &Drift| drift.class.is_drift() && !drift.class.can_be_accepted();
        let is_left = self.dark_numbers() > 0 || self.found.iter().any(open);
        let settled = self.is_accepted && self.not_accepted.is_empty() && !is_left;
        if self.has_drifted() && !settled { Exit::Pending } else { Exit::Done }
    }
}

/// Looks for drift; `accept` writes the edits into the YAML.
pub async fn look_for_drift(context: &Context, choice: &PlanSelection, accept: bool) -> Result<DriftOutcome, RunError> {
    let session = Run::open(context, choice, SessionPurpose::Look).await?;
    session.report_unfinished().await;
    let (live, missed) = read(&session).await?;
    // What could not be read is left out, as if the run were limited to the rest: it does not count as deleted.
    let mut options = session.options.clone();
    if !missed.is_empty() {
        options.accounts = live.accounts.keys().cloned().collect();
    }
    let plan = session.plan_with(&live, &options)?;
    let (desired, ledger, key) = (&session.desired, &session.ledger, &session.key);
    let inputs = Inputs { desired, live: &live, ledger, key, options: &options };
    let runs = session.recorded_runs().await;
    let found = find_drift(&inputs, &plan, &runs);
    let unfinished = unfinished_runs(&runs, &found);
    let open_creates = open_creates(ledger, desired, jiff::Timestamp::now());
    let mut compared = compared_objects(&inputs, &plan);
    let left_out = if choice.skip_unreadable { missed.len() } else { 0 };
    compared.missed.splice(0..0, missed);
    let (edits, not_accepted) = accept_drift(&session, &inputs, &found);
    let is_accepted = accept && found.iter().any(|drift| drift.class.can_be_accepted());
    for (path, (_, after)) in edits.iter().filter(|_| is_accepted) {
        write_file(path, after, FileReaders::Anybody)?;
    }
    drop(runs);
    session.close()?;
    let manages_nothing = session.ledger.objects.is_empty();
    Ok(DriftOutcome {
        found,
        left_out,
        compared,
        edits,
        not_accepted,
        is_accepted,
        plan,
        manages_nothing,
        unfinished,
        open_creates,
    })
}

/// The runs that left what was found, the newest last.
fn unfinished_runs(runs: &[RecordedRun<'_>], found: &[Drift]) -> Vec<UnfinishedRun> {
    let left =
        |run: &&RecordedRun<'_>| found.iter().any(|drift| drift.class.is_left_by_run() && drift.run.as_deref() == Some(run.id));
    let runs = runs.iter().filter(left).map(|run| UnfinishedRun {
        run: run.id.to_owned(),
        result: run.result_text().to_owned(),
        command: (run.missing_end != MissingEnd::InProgress).then(|| next_commands::continue_run(run)),
    });
    runs.collect()
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
