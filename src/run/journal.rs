//! The journal of a run: started before the first request, ended with a receipt.

use std::borrow::Borrow;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::journal_key::{self, ChainState, JournalKey};
use super::progress::{RunEvent, Warning};
use super::saved_plan::SavedPlan;
use super::session::now_utc;
use super::signing::{PlanTrust, SigningIdentity};
use super::{Context, Exit, Run, RunError, git};
use crate::document::{self, Document, Origin};
use crate::model::ledger::{FingerprintKey, JournalHead, Ledger};
use crate::output::view::provenance::PlanProvenance;
use crate::plan::{AccountLine, LedgerUpdate, Plan};
use crate::signature::SignatureNamespace;
use crate::state::journal::{
    self, JournalError, JournalLine, JournalLog, JournalRecord, JournalRecorder, MissingEnd, ParsedJournal, RunActor, RunStarted,
    StampingJournal,
};
use crate::state::ledger::{self, GrowingLog, LedgerStore};
use crate::text::escape;

/// The journal of a run that is about to start.
pub(crate) struct RunJournal<'a> {
    /// Where its lines go.
    log: JournalLog<'a>,
    /// What was there before.
    journal: Arc<ParsedJournal>,
    /// Id of the run.
    run: String,
    /// The signatures and approvals of its plan.
    pub(crate) trust: PlanTrust,
    /// Who signs its receipt.
    signer: Option<SigningIdentity>,
    /// The key that authenticates its lines.
    link: ChainState,
    key: Option<FingerprintKey>,
    context: Context,
}

impl<'a> RunJournal<'a> {
    /// Opens the journal beside the ledger, whose lock is held. A journal that differs from what was written stops the run.
    pub(crate) async fn open(
        context: &Context,
        store: &'a LedgerStore,
        ledger: &Ledger,
        chain: &JournalKey,
    ) -> Result<Self, RunError> {
        let (journal, growing) = journal::open_journal(store.state_store(), None).await.map_err(journal_error)?;
        Self::continue_from(context, store, (ledger, chain), Arc::new(journal), growing).await
    }

    /// The same for a run that holds the lock: the journal that it was opened with is read again only when the run has written to it.
    pub(crate) async fn of_run(context: &Context, store: &'a LedgerStore, run: &mut Run) -> Result<Self, RunError> {
        match (&run.journal, run.growing.take()) {
            (Some(Ok(journal)), Some(growing)) => {
                Self::continue_from(context, store, (&run.ledger, &run.chain), Arc::clone(journal), growing).await
            }
            _ => Self::open(context, store, &run.ledger, &run.chain).await,
        }
    }

    async fn continue_from(
        context: &Context,
        store: &'a LedgerStore,
        (ledger, chain): (&Ledger, &JournalKey),
        journal: Arc<ParsedJournal>,
        growing: GrowingLog,
    ) -> Result<Self, RunError> {
        let run = uuid::Uuid::now_v7().to_string();
        let log = JournalLog::continue_from(store, &run, &journal, growing).await.map_err(journal_error)?;
        let link = chain.check_before_writing(&context.heads, store, ledger, &journal)?;
        let key = chain.key.clone().filter(|_| link != ChainState::Unchained);
        log.set_mac_key(key.as_ref()).await;
        chain.note_missing(context, store, ledger, &journal);
        let (trust, signer) = (PlanTrust::default(), None);
        Ok(Self { log, journal, run, trust, signer, link, key, context: context.clone() })
    }

    /// The same for a run whose plan is signed or approved, or whose receipt is signed.
    pub(crate) fn with(self, trust: PlanTrust, signer: Option<SigningIdentity>) -> Self {
        Self { trust, signer, ..self }
    }

    /// Id of the run that is about to start.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// The runs before this one.
    pub(crate) fn runs(&self) -> Vec<journal::RecordedRun<'_>> {
        journal::collect_runs(&self.journal.lines)
    }

    /// The run that used a saved plan, in words: a plan is used once.
    pub(crate) fn used_by(&self, reviewed: &SavedPlan) -> Option<String> {
        used_by(&self.journal.lines, reviewed)
    }

    /// The run that explains why a saved plan no longer fits: it used its file, or applied the same plan without it.
    pub(crate) fn applied_by(&self, reviewed: &SavedPlan) -> Option<String> {
        applied_by(&self.journal.lines, reviewed)
    }

    /// The last run of a plan with this digest, in words.
    pub(crate) fn digest_used_by(&self, digest: &str) -> Option<String> {
        last_run(&self.journal.lines, |started| started.digest == digest)
    }

    /// Whether runs ended after the ledger was saved last.
    pub(crate) fn is_ahead_of(&self, ledger: &Ledger) -> bool {
        self.journal.is_ahead_of(ledger).is_some() || self.journal.ended_after(ledger.journal.as_ref()) > 0
    }

    /// The receipt of an interrupted run that is now settled.
    pub(crate) async fn close(&self, cut: &journal::RecordedRun<'_>, writes: usize) -> Result<(), RunError> {
        let exit = if writes > 0 { Exit::Partial } else { Exit::Failed };
        let record = JournalRecord::Finished {
            result: journal::CUT_OFF.to_owned(),
            exit: exit as u8,
            writes: writes as u64,
            converged: None,
            second_plan: None,
        };
        let stamped = self.stamped();
        stamped.log.record_of(cut.id, &record).await.map_err(journal_error)?;
        self.context.heads.reach(stamped.head().await);
        Ok(())
    }

    /// The first line: who, from what, and the plan.
    pub(crate) async fn begin(
        &self,
        command: &str,
        document: Document,
        plan_file: Option<&str>,
        of: Option<&str>,
    ) -> Result<(), RunError> {
        let started = RunStarted {
            format_version: journal::FORMAT_VERSION,
            command: command.to_owned(),
            actor: current_actor(),
            telform_version: document.telform_version,
            origin: document.origin,
            digest: document.digest,
            plan_file: plan_file.map(str::to_owned),
            of: of.map(str::to_owned),
            plan: document.plan,
            plan_signed_by: self.trust.author.clone(),
            approvals: self.trust.approvals.clone(),
            undo: document.undo,
        };
        self.stamped().record(JournalRecord::Started(Box::new(started))).await.map_err(journal_error)?;
        match (&self.key, self.link) {
            (Some(key), ChainState::Lost) => self.rekey(None, key).await?,
            (Some(_), ChainState::Begins) if !self.journal.lines.is_empty() => {
                let line = self.journal.lines.len() + 1;
                self.context.progress.on_warning(&Warning::MacsBegin { line });
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a new key has to continue where the old one is lost: a run records that, even if it changes nothing else.
    pub(crate) fn has_lost_its_key(&self) -> bool {
        self.link == ChainState::Lost
    }

    /// The key that authenticates its lines.
    pub(crate) fn goes_on_with(&self) -> Option<&FingerprintKey> {
        self.key.as_ref().filter(|_| self.link != ChainState::Lost)
    }

    /// From here on another key authenticates the lines.
    pub(crate) async fn rekey(&self, old: Option<&FingerprintKey>, new: &FingerprintKey) -> Result<(), RunError> {
        if old.is_none() {
            self.context.progress.on_warning(&Warning::JournalKeyLost);
        }
        let stamped = self.stamped();
        stamped.log.record_rekey(old, new).await.map_err(journal_error)?;
        self.context.heads.reach(stamped.head().await);
        Ok(())
    }

    /// The receipt, and its position in the ledger.
    pub(crate) async fn end(
        &self,
        store: &LedgerStore,
        ledger: &mut Ledger,
        exit: Exit,
        receipt: RunReceipt,
    ) -> Result<(), RunError> {
        let record = JournalRecord::Finished {
            result: receipt.result.to_owned(),
            exit: exit as u8,
            writes: receipt.writes as u64,
            converged: receipt.converged,
            second_plan: receipt.second_plan,
        };
        self.stamped().record(record).await.map_err(journal_error)?;
        ledger.journal = Some(self.stamped().head().await);
        let key = self.log.mac_key().await.filter(|key| ledger.readable_with(key));
        if let Some(key) = &key {
            ledger.key_check = Some(key.check_chained());
        }
        store.save(ledger).await?;
        // Beside a key file, in case what the ledger records about it is restored or recreated.
        if let Some(key) = key.filter(|_| journal_key::given_key().is_none())
            && let Err(error) = store.write_mac_note(&key)
        {
            let (code, message) = (error.code(), error.to_string());
            self.context.progress.on_warning(&Warning::ChainNotKept { code, message });
        }
        // Last of all: the owner of an agent may take a while.
        if let Some(signer) = &self.signer {
            self.sign(store, signer).await?;
            ledger.journal = Some(self.stamped().head().await);
            store.save(ledger).await?;
        }
        Ok(())
    }

    /// The receipt of a run that sent nothing.
    pub(crate) async fn end_without_writes(&self, store: &LedgerStore, ledger: &mut Ledger) -> Result<(), RunError> {
        let receipt = RunReceipt { result: Exit::Done.as_str(), ..RunReceipt::default() };
        self.end(store, ledger, Exit::Done, receipt).await
    }

    /// Signs every line so far, read again: the matching last hash proves that they are the lines that this run knows.
    async fn sign(&self, store: &LedgerStore, signer: &SigningIdentity) -> Result<(), RunError> {
        let (bytes, _) = journal::read_journal_bytes(store.state_store()).await.map_err(journal_error)?;
        let head = self.stamped().head().await;
        if journal::check_up_to(&bytes).0.head().hash != head.hash || !bytes.ends_with(b"\n") {
            return Err(RunError::other(
                "telform::sign::journal",
                "the journal is not signed, because it was changed during this run",
                "check with `telform journal verify`",
            ));
        }
        let signature = signer.sign(SignatureNamespace::Journal, &bytes)?;
        let record = JournalRecord::Signed { key: signer.public_key().fingerprint(), signature };
        self.stamped().record(record).await.map_err(journal_error)
    }

    /// The log with the clock of this machine.
    pub(crate) fn stamped(&self) -> RunRecorder<'_> {
        RunRecorder { log: StampingJournal { log: &self.log, clock: &now_utc }, run: &self.run, context: &self.context }
    }
}

/// The run that used a saved plan, in words.
pub(crate) fn used_by(lines: &[JournalLine], reviewed: &SavedPlan) -> Option<String> {
    last_run(lines, |started| started.plan_file.as_deref() == Some(reviewed.checksum()))
}

/// The last run of a saved plan, in words: from its file, or of the same plan without it.
pub(crate) fn applied_by(lines: &[JournalLine], reviewed: &SavedPlan) -> Option<String> {
    let file = Some(reviewed.checksum());
    last_run(lines, |started| started.plan_file.as_deref() == file || started.digest == reviewed.digest())
}

/// The last run that began like this, in words: `already applied by run 1f0c of ops at 2026-11-30T15:20:00Z`.
fn last_run(lines: &[JournalLine], began: impl Fn(&RunStarted) -> bool) -> Option<String> {
    let runs = journal::collect_runs(lines);
    let run = runs.iter().rev().find(|run| began(run.started))?;
    let word = if run.result_text() == Exit::Done.as_str() { "applied" } else { "used" };
    Some(format!("already {word} by run {} of {} at {}", run.id, run.started.actor.user, run.began_at))
}

/// The log of a run: whoever listens gets each record first, and the head of the journal is known after each.
pub(crate) struct RunRecorder<'a> {
    log: StampingJournal<'a>,
    run: &'a str,
    context: &'a Context,
}

impl JournalRecorder for RunRecorder<'_> {
    fn record<'a>(&'a self, record: JournalRecord) -> BoxFuture<'a, Result<(), Arc<JournalError>>> {
        Box::pin(async move {
            self.context.progress.before_record(self.run, &record);
            self.log.record(record).await?;
            self.context.heads.reach(self.log.head().await);
            Ok(())
        })
    }

    fn head<'a>(&'a self) -> BoxFuture<'a, JournalHead> {
        self.log.head()
    }
}

/// What the last line says.
#[derive(Debug, Default)]
pub(crate) struct RunReceipt {
    /// `done`, `not converged`, `in part`, `interrupted`, `stale`, `nothing written`.
    pub result: &'static str,
    /// Writes that are done.
    pub writes: usize,
    /// Whether the second plan was empty.
    pub converged: Option<bool>,
    /// The second plan in one line.
    pub second_plan: Option<String>,
}

/// A change of only the ledger as a separate run, from its first line to its receipt. The ledger's lock must be held.
pub(crate) async fn change_ledger(
    context: &Context,
    store: &LedgerStore,
    ledger: &mut Ledger,
    command: &str,
    effects: Vec<LedgerUpdate>,
    change: impl FnOnce(&mut Ledger),
) -> Result<(), RunError> {
    let book = RunJournal::open(context, store, ledger, &JournalKey::existing_key(store, ledger)?).await?;
    let lines = ledger.accounts.iter().map(|(name, known)| AccountLine {
        name: name.clone(),
        api: known.api.clone(),
        base_url: known.base_url.clone(),
        organization: known.organization.clone(),
        generation: None,
        token_from: None,
        token_of: None,
    });
    let plan = Plan::from_ledger_updates(lines.collect(), effects);
    book.begin(command, document::from_plan(&plan, Origin::default()), None, None).await?;
    change(ledger);
    store.save(ledger).await?;
    book.end_without_writes(store, ledger).await
}

pub(crate) fn journal_error(error: impl Borrow<journal::JournalError>) -> RunError {
    let error = error.borrow();
    RunError::other(error.code(), error.to_string(), error.help())
}

/// An interrupted run, in words.
pub(crate) fn cut_off(run: &journal::RecordedRun<'_>) -> String {
    let open = match run.open().len() {
        0 => "no step open".to_owned(),
        1 => "1 step open".to_owned(),
        count => format!("{count} steps open"),
    };
    escape(&format!("run {} of {} at {} was interrupted with {open}", run.id, run.started.actor.user, run.began_at))
}

/// Notes whether the last run, where it has no end, holds the lock: then it may be carrying out its plan.
pub(crate) async fn note_in_progress(runs: &mut [journal::RecordedRun<'_>], store: &LedgerStore) {
    if runs.last().is_some_and(|run| run.finished.is_none()) && store.is_locked().await {
        journal::mark_in_progress(runs);
    }
}

impl Run {
    /// The runs in the journal as it was when this one was opened; none where it cannot be read.
    pub(crate) async fn recorded_runs(&self) -> Vec<journal::RecordedRun<'_>> {
        let Some(Ok(journal)) = &self.journal else { return Vec::new() };
        let mut runs = journal::collect_runs(&journal.lines);
        note_in_progress(&mut runs, &self.store).await;
        runs
    }

    /// Reports the runs that have no end: what they may have changed is in no plan.
    pub(crate) async fn report_unfinished(&self) {
        for open in self.recorded_runs().await.iter().filter(|run| run.finished.is_none()) {
            self.context.progress.on_event(&match open.missing_end {
                MissingEnd::InProgress => RunEvent::InProgress(open),
                MissingEnd::Interrupted | MissingEnd::NotShown => RunEvent::Unfinished(open),
            });
        }
    }
}

/// When, by whom, from which commit and in which CI run something is made now.
pub(crate) fn current_provenance() -> PlanProvenance {
    let actor = current_actor();
    PlanProvenance { at: Some(now_utc()), user: Some(actor.user), commit: git::current_commit(), ci: actor.ci, page: None }
}

/// Who runs this. The lock names the same.
fn current_actor() -> RunActor {
    RunActor { user: ledger::user_name(), host: ledger::host_name(), pid: std::process::id(), ci: ledger::ci_run() }
}
