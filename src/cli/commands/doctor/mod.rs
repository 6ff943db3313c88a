//! `telform doctor`: checks whether everything that a run needs is present. Read-only; each check has a verdict and what to do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;

use crate::cli::console::Console;
use crate::config::desired;
use crate::config::secrets;
use crate::http::client::{HeaderFacts, HttpObserver, ObservedAttempt};
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::output;
use crate::output::view::doctor::{DoctorCheck, DoctorStatus, checks_as_text};
use crate::run::embedded::EmbeddedSandbox;
use crate::run::lock::CommandLock;
use crate::run::recover::recover_unrecorded_creates;
use crate::run::{Exit, PlanSelection, RunError, match_account_patterns, session};
use crate::state::journal;
use crate::state::ledger::LedgerError;
use crate::text::masked_for_display;

mod accounts;
mod folder;

/// `telform doctor`.
#[derive(Debug, Args, Clone)]
pub struct DoctorArgs {
    /// Only this account, repeatable
    ///
    /// `*` matches anything. Other accounts are not read and need no token.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Use the embedded simulator, started from this file
    ///
    /// The services of the accounts are not called.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// Checks, as they come.
#[derive(Default)]
struct CheckList(Vec<DoctorCheck>);

impl CheckList {
    fn add(&mut self, about: &str, what: &'static str, verdict: DoctorStatus, found: impl Into<String>, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        let found = masked_for_display(&found.into()).into_owned();
        self.0.push(DoctorCheck { about: about.to_owned(), what, verdict, found, help });
    }

    fn ok(&mut self, about: &str, what: &'static str, found: impl Into<String>) {
        self.add(about, what, DoctorStatus::Ok, found, "");
    }
}

/// Keeps the headers of the first answer of each account.
#[derive(Default)]
struct HeaderRecorder(Mutex<BTreeMap<String, HeaderFacts>>);

impl HttpObserver for HeaderRecorder {
    fn on_response(&self, seen: &ObservedAttempt<'_>) {
        if let Some(heads) = seen.header_facts {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry(seen.account.to_owned()).or_insert_with(|| heads.clone());
        }
    }
}

impl HeaderRecorder {
    fn headers_of(&self, account: &str) -> Option<HeaderFacts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned()
    }
}

/// Checks everything and reports the result.
pub(crate) async fn run(out: &Console, args: &DoctorArgs) -> Result<Exit, RunError> {
    let loaded = desired::load_config(&out.global.files)?;
    let mut desired = loaded.desired;
    let limit = match_account_patterns(&desired, &args.accounts)?;
    let named: Vec<String> = desired.accounts.keys().filter(|name| limit.is_empty() || limit.contains(*name)).cloned().collect();
    let mut checks = CheckList::default();
    let warnings = loaded.warnings.len();
    let verdict = if warnings == 0 { DoctorStatus::Ok } else { DoctorStatus::Warning };
    let told = match warnings {
        0 => "valid".to_owned(),
        1 => "valid, with 1 warning".to_owned(),
        many => format!("valid, with {many} warnings"),
    };
    let help = if warnings == 0 { "" } else { "`telform validate` shows them" };
    checks.add(folder::ABOUT, "configuration", verdict, told, help);
    let choice = PlanSelection { sandbox: args.sandbox.clone(), ..PlanSelection::default() };
    let store = session::open_store(&out.global.run_options(), &desired, &choice)?;
    let env = |name: &str| std::env::var(name).ok();
    let refused = secrets::forbidden_sources(&desired, &out.global.run_options().allowed(Some(&store)), &env);
    if !refused.is_empty() {
        return Err(refused.sorted().into());
    }
    let ledger = folder::check_ledger(&mut checks, &store, &desired, args.sandbox.is_some()).await;
    let key = match folder::check_key(&mut checks, &store, ledger.as_ref()) {
        Some(key) => key,
        // Nothing is compared here, so any key is sufficient for reading.
        None => FingerprintKey::from_text(&FingerprintKey::generate_text()).map_err(LedgerError::from)?,
    };
    let is_read = ledger.is_some();
    let mut ledger = ledger.unwrap_or_else(Ledger::with_new_id);
    let is_locked = folder::check_lock(&mut checks, &store).await;
    let journal = folder::check_journal(&mut checks, (&out.head_expectation, &store), &ledger, (is_read, is_locked)).await;
    if let Some(journal) = &journal {
        recover_unrecorded_creates(journal, &mut ledger);
    }
    let runs = journal.as_ref().map(|journal| journal::collect_runs(&journal.lines)).unwrap_or_default();
    folder::check_dark(&mut checks, is_locked, &ledger, &runs);
    if !is_locked {
        folder::check_creates(&mut checks, &ledger, &desired);
    }
    folder::check_ignored(&mut checks, &store, &desired, args.sandbox.as_deref());
    let sandbox = match &args.sandbox {
        Some(world) => Some(EmbeddedSandbox::start(world).await?),
        None => None,
    };
    // An interrupt also ends the programs that supply secrets.
    let _interrupts = CommandLock::without_lock(&out.context());
    let listener = Arc::new(HeaderRecorder::default());
    let given = accounts::CheckContext { out, ledger: &ledger, key: &key, listener };
    for name in named {
        accounts::account(&mut checks, &given, &mut desired, &name, sandbox.as_ref()).await;
    }
    if desired.accounts.is_empty() {
        checks.add(
            folder::ABOUT,
            "accounts",
            DoctorStatus::Wrong,
            "the configuration does not define an account",
            "add one under `accounts`, or run `telform init`",
        );
    }
    // Before lines are wrapped: a command that is split is not recognised.
    for help in checks.0.iter_mut().filter_map(|check| check.help.as_mut()) {
        *help = out.repeated_options.text(help).into_owned();
    }
    let worst = checks.0.iter().map(|check| check.verdict).max().unwrap_or(DoctorStatus::Ok);
    if out.global.json {
        out.print_document(&output::Doctor { verdict: worst, checks: &checks.0 });
    } else {
        out.print(&checks_as_text(&checks.0, out.width(), out.global.quiet));
    }
    Ok(if worst == DoctorStatus::Wrong { Exit::Failed } else { Exit::Done })
}
