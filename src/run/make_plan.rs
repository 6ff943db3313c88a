//! A plan that is made to be looked at: nothing carries it out. What it is made from, and the plan itself, can be kept in files.

use std::cell::LazyCell;
use std::path::{Path, PathBuf};

use super::files::{FileReaders, file_bytes, write_file};
use super::lock::CommandLock;
use super::output_file::{check_outputs, write_output_bytes};
use super::signing::{SigningIdentity, path_with_suffix};
use super::{Context, Exit, PlanSelection, PolicyOptions, Run, RunError, RunPolicies, SessionPurpose, saved_plan, undo};
use crate::analysis::plan_objects::PlanObjects;
use crate::analysis::undo::SavedUndoDifference;
use crate::model::ledger::JournalHead;
use crate::model::resource::{Address, LiveState, SourceLocation};
use crate::plan::{Inputs, Plan, needed_fields};
use crate::read::ObjectDetail;
use crate::signature::SignatureNamespace;
use crate::state::snapshot;

/// What a plan is made from.
#[derive(Debug, Clone, Default)]
pub struct PlanRequest {
    /// What the plan is about.
    pub choice: PlanSelection,
    /// A kept snapshot, which is read instead of the services.
    pub snapshot: Option<PathBuf>,
    /// Where what the services answered is kept, without secrets.
    pub snapshot_out: Option<PathBuf>,
    /// Everything that the objects may state is read, and not only what the plan looks at. An undo reads what it looks at.
    pub whole_objects: bool,
    /// Programs that judge the plan.
    pub policies: PolicyOptions,
    /// A run in the journal that the plan undoes, by its id, the start of its id, or `last`; none plans the configuration.
    pub undo: Option<String>,
}

/// A plan and what it was made from.
pub struct MadePlan {
    run: Run,
    live: LiveState,
    /// The plan.
    pub plan: Plan,
    policies: RunPolicies,
    /// Whether everything that its objects may state was read.
    has_whole_objects: bool,
    /// How the plan of an undo differs from the one that was saved with the run.
    pub undo_moved: SavedUndoDifference,
}

/// Reads and compares. Sends only GET.
pub async fn make_plan(context: &Context, request: &PlanRequest) -> Result<MadePlan, RunError> {
    let purpose = match (&request.snapshot, &request.undo) {
        (Some(_), _) => SessionPurpose::Offline,
        // Only the accounts of the run are read.
        (None, Some(_)) => SessionPurpose::Look,
        (None, None) => SessionPurpose::Plan,
    };
    let choice = if request.undo.is_some() { undo::without_addresses(&request.choice) } else { request.choice.clone() };
    check_outputs(request.snapshot_out.as_deref())?;
    let mut run = Run::open(context, &choice, purpose).await?;
    run.report_unfinished().await;
    let policies = RunPolicies::new(context, &request.policies, &run.desired)?;
    if let Some(of) = &request.undo {
        let mut undo = undo::plan_undo(&mut run, of, &request.choice).await?;
        let plan = undo.take_plan_with_notices();
        return Ok(MadePlan { run, live: undo.live, plan, policies, has_whole_objects: false, undo_moved: undo.moved });
    }
    let live = match &request.snapshot {
        Some(file) => saved_plan::live(&mut run, file)?,
        None if request.snapshot_out.is_none() && !request.whole_objects => {
            run.read_or_leave_out(ObjectDetail::Needed(needed_fields)).await?
        }
        None => run.read_or_leave_out(ObjectDetail::Writable).await?,
    };
    if let Some(file) = &request.snapshot_out {
        let text = snapshot::write_snapshot(&live, &run.taken_for, &run.key);
        write_output_bytes(file, &file_bytes(file, &text), FileReaders::Owner)?;
    }
    let plan = run.plan(&live)?;
    let has_whole_objects = request.whole_objects || request.snapshot.is_some();
    Ok(MadePlan { run, live, plan, policies, has_whole_objects, undo_moved: SavedUndoDifference::default() })
}

impl MadePlan {
    /// The plan as a document, which `--out` saves.
    pub fn document(&self) -> String {
        saved_plan::document_text(&self.run, &self.plan, &self.live)
    }

    /// Prepares a plan that is to be saved: the file is bound to the values of the secrets that it sends.
    pub(crate) fn bind_secrets(&mut self) -> Result<(), RunError> {
        saved_plan::keep_key(&mut self.run, &self.plan)
    }

    /// The objects that its addresses claim; none where only a part of them was read.
    pub(crate) fn objects(&self) -> Option<PlanObjects> {
        let Run { desired, ledger, key, options, .. } = &self.run;
        let inputs = Inputs { desired, live: &self.live, ledger, key, options };
        self.has_whole_objects.then(|| PlanObjects::new(inputs, &self.plan))
    }

    /// Where the files mention an address.
    pub fn place_of(&self, address: &Address) -> Option<SourceLocation> {
        self.run.desired.place_of(address).cloned()
    }

    /// The last line of the journal that the plan was made beside; none where it has none.
    pub fn journal_head(&self) -> Option<JournalHead> {
        let journal = self.run.journal.as_ref()?.as_ref().ok()?;
        (!journal.lines.is_empty()).then(|| journal.head())
    }

    /// Whether an apply stops before its first request, because the ledger or its journal was altered or cannot be read.
    pub(crate) fn is_apply_refused(&self) -> bool {
        let Run { journal, chain, context, store, ledger, .. } = &self.run;
        match journal {
            Some(Ok(journal)) => chain.check_before_reading(&context.heads, store, ledger, journal).is_err(),
            Some(Err(_)) => true,
            None => false,
        }
    }

    /// The task that ends the process in an orderly way: it is needed until the end.
    pub(crate) fn take_lock(&mut self) -> CommandLock {
        std::mem::take(&mut self.run.lock)
    }

    /// Runs the policies. `Err` is how the run ends.
    pub(crate) fn judge(&self, document: &LazyCell<String, impl FnOnce() -> String>, lock: &mut CommandLock) -> Result<(), Exit> {
        self.policies.judge_under(&self.run.context, document, lock)
    }
}

/// Saves the document of a plan, compressed where the name of the file asks for it, and the signature of the file beside it.
pub(crate) fn save_plan(file: &Path, document: &str, signer: Option<SigningIdentity>) -> Result<(), RunError> {
    let bytes = file_bytes(file, document);
    let signature = signer.map(|signer| signer.sign(SignatureNamespace::Plan, &bytes)).transpose()?;
    write_output_bytes(file, &bytes, FileReaders::Owner)?;
    signature.map_or(Ok(()), |signature| write_file(&path_with_suffix(file, ".sig"), &signature, FileReaders::Anybody))
}
