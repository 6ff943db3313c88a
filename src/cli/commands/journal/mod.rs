//! `telform journal`: the records of runs. Only `restart` writes here, and no service is called.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::console::Console;
use crate::model::ledger::Ledger;
use crate::output::view::{journal as view, plural_kind};
use crate::output::{self, RunList};
use crate::run::journal::journal_error;
use crate::run::journal::note_in_progress;
use crate::run::journal_key::{BEHIND, JournalKey};
use crate::run::opened_ledger::OpenedLedger;
use crate::run::{Exit, RunError};
use crate::state::journal::{self, BrokenLine, JournalError, KeyVerification, MissingEnd, ParsedJournal, RecordedRun};
use crate::state::ledger::LedgerStore;
use crate::text::escape;

mod blame;
mod export;
mod restart;
mod show;
mod verify;

use blame::BlameArgs;
use export::ExportArgs;
use restart::RestartArgs;
use show::ShowRunArgs;
use verify::VerifyJournalArgs;

/// `telform journal`.
#[derive(Debug, Args)]
pub struct JournalArgs {
    /// Use the journal next to this world file
    ///
    /// Runs with --sandbox keep it there.
    #[arg(long, value_name = "WORLD.yaml", global = true)]
    pub sandbox: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: JournalCommand,
}

/// What `telform journal` can do.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// List all runs: when, who, what, how it ended
    #[command(after_help = "Examples:\n  telform journal list\n  telform journal list --json")]
    List,
    /// Show one run step by step, or the plan in force at a time
    #[command(
        after_help = "Examples:\n  telform journal show             # the last run\n  telform journal show 0198c0de    # the run whose id begins like this\n  telform journal show --at 2026-11-25T14:00:00Z    # the plan in force then\n  telform journal show --format markdown=report.md --format html=report.html"
    )]
    Show(ShowRunArgs),
    /// Show which run, plan and commit set a value, and its earlier value
    #[command(
        after_help = "Examples:\n  telform journal blame partners.acme-west\n  telform journal blame partners.acme-west.zip\n  telform journal blame +14155550101"
    )]
    Blame(BlameArgs),
    /// Check every line, the order of every run, and the end that the ledger records
    #[command(
        after_help = "Examples:\n  telform journal verify\n  telform journal verify --json\n  telform journal verify --allowed-signers allowed_signers\n\nExit codes: 0 intact, 1 altered, or a run broke a rule. Keep the printed head elsewhere: anyone who can write both the journal and the ledger could rewrite both."
    )]
    Verify(VerifyJournalArgs),
    /// Export every step of every run for an audit: csv, html or json
    #[command(
        after_help = "Examples:\n  telform journal export --format html=journal.html --format csv=journal.csv\n  telform journal export --format csv > journal.csv"
    )]
    Export(ExportArgs),
    /// Start a new journal if the old one is lost or altered; the old one is kept
    #[command(
        after_help = "Examples:\n  telform journal restart\n\nAn intact journal is left as it is. Runs before the new journal cannot be undone or resumed: check first what they left open."
    )]
    Restart(RestartArgs),
}

/// A journal up to the first line that differs from what was written.
struct JournalFile {
    journal: ParsedJournal,
    broken: Option<BrokenLine>,
    bytes: Vec<u8>,
    place: String,
    ends: &'static str,
    store: LedgerStore,
    /// How many runs the ledger does not know, where it is behind.
    runs_ahead_of_ledger: Option<usize>,
    /// The verdict of the fingerprint key on its lines; none without a key.
    key_verification: Option<KeyVerification>,
    /// Why a run would refuse it although its lines form a chain.
    refusal: Option<RunError>,
}

pub(crate) async fn run(out: &Console, command: &JournalCommand) -> Result<Exit, RunError> {
    if let JournalCommand::Restart(args) = command {
        return restart::run(out, args).await;
    }
    let mut trail = JournalFile::read(out).await?;
    let trouble = match (command, trail.refusal.take()) {
        (JournalCommand::Verify(_), Some(trouble)) if trouble.parts().0 != BEHIND => return Err(trouble),
        (_, trouble) => trouble,
    };
    let broken = trail.broken.as_ref().filter(|_| !matches!(command, JournalCommand::Verify(_)));
    if let Some(broken) = broken {
        let ends = match command {
            JournalCommand::Export(args) => args.describe_files(),
            _ => "what is shown here ends".to_owned(),
        };
        let broken = JournalError::Broken { place: trail.place.clone(), broken: broken.clone() };
        let (code, help) = (broken.code(), broken.help());
        out.print_failure(&RunError::other(code, format!("{broken}; {ends} before that line"), help));
    }
    let mut runs = journal::collect_runs(&trail.journal.lines);
    match (&trail.broken, runs.last_mut()) {
        (Some(_), Some(last)) => last.missing_end = MissingEnd::NotShown,
        _ => note_in_progress(&mut runs, &trail.store).await,
    }
    let exit = match command {
        JournalCommand::List => list(out, &runs),
        JournalCommand::Show(args) => show::show_run(out, args, &runs)?,
        JournalCommand::Blame(args) => blame::blame(out, args, &trail, &runs)?,
        // The ledger is older: the state of the journal is shown.
        JournalCommand::Verify(args) => verify::verify_journal(out, args, &trail, &runs, trouble.is_none())?,
        JournalCommand::Export(args) => export::export_runs(out, args, &trail, &runs)?,
        JournalCommand::Restart(_) => Exit::Done,
    };
    if let Some(trouble) = &trouble {
        out.print_failure(trouble);
        return Ok(Exit::Failed);
    }
    Ok(if broken.is_some() { Exit::Failed } else { exit })
}

impl JournalFile {
    /// Reads the journal, and what the ledger recorded about its end.
    async fn read(out: &Console) -> Result<Self, RunError> {
        let book = OpenedLedger::find(&out.context())?;
        let (bytes, place) = journal::read_journal_bytes(book.store.state_store()).await.map_err(journal_error)?;
        let ledger = book.store.load().await?;
        let (mut journal, mut broken) = journal::check_up_to(&bytes);
        if bytes.is_empty() {
            if let Some(head) = ledger.as_ref().and_then(|ledger| ledger.journal.as_ref()) {
                journal::check_kept_head(book.store.state_store(), &journal, head).map_err(journal_error)?;
            }
            return Err(RunError::other(
                "telform::journal::none",
                format!("no journal exists at {place}"),
                "an apply writes it next to the ledger; name another ledger with --ledger",
            ));
        }
        let mut ends = "the ledger does not record its end";
        let ledger = ledger.unwrap_or_else(Ledger::with_new_id);
        let behind = journal.is_ahead_of(&ledger);
        if let Some(head) = ledger.journal.as_ref().filter(|_| broken.is_none()) {
            broken = journal.contains_head(head).err();
            ends = "it continues from the end that the ledger records";
        }
        let chain = JournalKey::existing_key(&book.store, &ledger)?;
        let vouched = chain.key.as_ref().map(|key| journal.verify_with_key(key));
        let mut trouble = None;
        if broken.is_none() {
            journal.version = journal::read_journal(book.store.state_store()).await.map_err(journal_error)?.version;
            chain.note_missing(&out.context(), &book.store, &ledger, &journal);
            trouble = chain.check_before_reading(&out.head_expectation, &book.store, &ledger, &journal).err();
        }
        Ok(Self {
            journal,
            broken,
            bytes,
            place,
            store: book.store,
            ends,
            runs_ahead_of_ledger: behind,
            key_verification: vouched,
            refusal: trouble,
        })
    }
}

fn list(out: &Console, runs: &[RecordedRun<'_>]) -> Exit {
    if out.global.json {
        out.print_document(&RunList { runs: runs.iter().map(|run| output::run(run, false)).collect() });
    } else {
        let count = runs.len();
        let (word, last) = (plural_kind(count, "runs"), runs.last());
        let last = last.map(|run| format!(", the last one {} at {}", escape(run.result_text()), escape(run.began_at)));
        out.print(&if out.global.quiet {
            format!("{count} {word}{}\n", last.unwrap_or_default())
        } else {
            view::render_run_list(runs, out.table_width())
        });
    }
    Exit::Done
}
