//! What a run is given by whoever starts it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::heads::JournalHeads;
use super::progress::{Progress, Silent};
use crate::config::secrets::SecretAllowances;
use crate::process::Environment;
use crate::state::ledger::LedgerStore;

/// Where everything is, and what the configuration may use.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// YAML files or folders; none means `telform.yaml`, else every YAML file under `telform/`.
    pub files: Vec<PathBuf>,
    /// Where the ledger is kept; none means what the YAML says, else `.telform/ledger.json`.
    pub ledger: Option<String>,
    /// The world file whose ledger is meant, for commands that start no sandbox.
    pub world: Option<PathBuf>,
    /// Allows the programs that the YAML names.
    pub allow_commands: bool,
    /// Variables that programs get which secrets come from.
    pub secret_command_env: Vec<String>,
    /// Patterns of the only variables that secrets may come from; empty allows all.
    pub secret_env: Vec<String>,
    /// The only folders that secrets may come from; empty allows all.
    pub secret_dir: Vec<String>,
    /// Hosts that get tokens beside the services' own.
    pub allow_host: Vec<String>,
    /// A line that the journal must hold.
    pub journal_head: Option<String>,
    /// A file that holds such a line, and gets the new one.
    pub journal_head_file: Option<PathBuf>,
    /// The words of the command line, for the help of errors; empty where there is none.
    pub command_line: Vec<String>,
}

impl RunOptions {
    /// What the programs that secrets come from see of the environment; none where they may not run.
    pub(crate) fn commands(&self) -> Option<Environment> {
        self.allow_commands.then(|| Environment::from_process(&self.secret_command_env))
    }

    /// The sources from which the YAML may take secrets. The store knows the location of the key, which is never allowed.
    pub(crate) fn allowed(&self, store: Option<&LedgerStore>) -> SecretAllowances {
        SecretAllowances {
            commands: self.commands(),
            variables: self.secret_env.clone(),
            folders: self.secret_dir.iter().map(Into::into).collect(),
            hosts: self.allow_host.clone(),
            key_file: store.map(|store| store.key_shown().into()),
        }
    }
}

/// The longest time that freeing a lock may take.
const LONGEST_RELEASE: Duration = Duration::from_secs(20);

/// What every part of a run shares: its options, and who listens.
#[derive(Clone)]
pub struct Context {
    /// The options.
    pub options: Arc<RunOptions>,
    /// Who listens.
    pub progress: Arc<dyn Progress>,
    /// Heads of the journal: the required ones, and the one that this run reached.
    pub(crate) heads: Arc<JournalHeads>,
    /// What has to end before the process does: separate tasks free locks in object stores.
    pub(crate) keepers: TaskTracker,
}

impl Context {
    /// A run without a listener.
    pub fn new(options: RunOptions) -> Self {
        let heads = Arc::new(JournalHeads::new(&options));
        Self { options: Arc::new(options), progress: Arc::new(Silent), heads, keepers: TaskTracker::new() }
    }

    /// Waits until the locks of an ended run are free: in an object store that is a request of its own.
    pub(crate) async fn wait_for_locks(&self) {
        self.keepers.close();
        // A lock that could not be freed is reported by the run that needs it next.
        let _ = tokio::time::timeout(LONGEST_RELEASE, self.keepers.wait()).await;
        self.keepers.reopen();
    }

    /// The same with a listener.
    pub fn reporting_to(self, progress: Arc<dyn Progress>) -> Self {
        Self { progress, ..self }
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Context").field("options", &self.options).finish_non_exhaustive()
    }
}
