//! The common part of plan and apply: load, resolve secrets, connect, read, plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::checked_plan::check_plan;
use super::choice::PlanSelection;
use super::choice::{Named, check_choice, options};
use super::embedded::{EmbeddedSandbox, load_world, simulator_for};
use super::journal::journal_error;
use super::journal_key::{JournalKey, find_trouble, load_or_create_key};
use super::limits::resolve_limits;
use super::lock::{self, CommandLock};
use super::opened_ledger::is_begun;
use super::options::RunOptions;
use super::progress::Warning;
use super::recover::recover_unrecorded_creates;
use super::{Context, RunError, accounts};
use crate::config::desired::{self, LoadedConfig};
use crate::config::problem::Problem;
use crate::config::secrets::{self, MissingSecret};
use crate::failpoints;
use crate::http::SecretVault;
use crate::http::client::{self, HttpClient};
use crate::model::ledger::{AccountEntry, ConfiguredAccount, FingerprintKey, Ledger};
use crate::model::resource::{Account, Address, Desired, LiveState, TokenOwner};
use crate::plan::{self, Inputs, LedgerUpdate, Plan, PlanOptions};
use crate::state::journal::{self, JournalError, ParsedJournal};
use crate::state::ledger::{GrowingLog, LedgerError, LedgerStore, StateStore};
use crate::state::snapshot::SnapshotPurpose;

/// Everything that a command works with after loading.
pub struct Run {
    /// What the YAML wants.
    pub(crate) desired: Desired,
    /// What telform remembers.
    pub(crate) ledger: Ledger,
    /// Where that is kept.
    pub(crate) store: Arc<LedgerStore>,
    /// Key of the fingerprints.
    pub(crate) key: FingerprintKey,
    /// The same as far as it is shared with other runs, since when, and its relation to the journal.
    pub(crate) chain: JournalKey,
    /// The services.
    pub(crate) api: HttpClient,
    /// Secrets that were not supplied.
    pub(crate) missing: Vec<MissingSecret>,
    /// The options of this run.
    pub(crate) options: PlanOptions,
    /// Accounts that are read; the others need no token.
    pub(crate) asked: BTreeSet<String>,
    /// Whether accounts that cannot be read are left out.
    pub(crate) skip_unreadable: bool,
    /// Whether that came from a saved plan, so that the command line cannot change it.
    pub(crate) saved: bool,
    /// Accounts whose token could not be fetched, where that does not end the run.
    pub(crate) no_token: BTreeMap<String, Problem>,
    /// The embedded simulator, when it replaces the services.
    pub(crate) sandbox: Option<EmbeddedSandbox>,
    /// The purpose of the reading.
    pub(crate) taken_for: SnapshotPurpose,
    /// Whether the ledger existed, or is new.
    pub(crate) ledger_is_kept: bool,
    /// The journal as it was when the ledger was loaded; none where it is not read.
    pub(crate) journal: Option<Result<Arc<ParsedJournal>, JournalError>>,
    /// Where that journal continues, while the run that holds the lock has not written to it.
    pub(crate) growing: Option<GrowingLog>,
    /// Addresses that name objects for this run only: these objects do not become managed.
    pub(crate) nameless: BTreeSet<Address>,
    /// The longest pause before a retry or another read, where it is to be shorter than usual.
    pub(crate) longest_pause: Option<Duration>,
    /// The owners of the tokens, as far as this run read them; each is read once.
    pub(crate) owners: Mutex<BTreeMap<String, TokenOwner>>,
    /// Held while the ledger may be written.
    pub(crate) lock: CommandLock,
    /// The options, and who listens.
    pub(crate) context: Context,
}

/// Whether a command may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionPurpose {
    /// Reads only: nothing is locked, no key is kept, except by saving a plan.
    Plan,
    /// As `Plan`; an account whose token is missing is recorded, and does not end the run.
    Look,
    /// As `Plan`, without calling a service.
    Offline,
    /// Takes the lock, waiting for it at most this long, and makes a key where none exists.
    Apply(Duration),
    /// As `Apply`; an account whose token is missing is recorded, and does not end the run before it is needed.
    Settle(Duration),
    /// As `Apply`, with a new ledger, whether or not one exists.
    Rebuild(Duration),
}

/// The time as RFC 3339 in UTC, to the second.
pub(crate) fn now_utc() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Run {
    /// Loads everything; nothing is sent yet.
    pub async fn open(context: &Context, choice: &PlanSelection, purpose: SessionPurpose) -> Result<Self, RunError> {
        Self::open_with(context, choice, purpose, desired::load_config(&context.options.files)?).await
    }

    /// The same with files that were already read.
    pub(crate) async fn open_with(
        context: &Context,
        choice: &PlanSelection,
        purpose: SessionPurpose,
        loaded: LoadedConfig,
    ) -> Result<Self, RunError> {
        Self::open_watched(context, choice, purpose, loaded, None).await
    }

    /// The same with an observer of every request.
    pub(crate) async fn open_watched(
        context: &Context,
        choice: &PlanSelection,
        purpose: SessionPurpose,
        mut loaded: LoadedConfig,
        watcher: Option<Arc<dyn client::HttpObserver>>,
    ) -> Result<Self, RunError> {
        let given = &context.options;
        if !loaded.warnings.is_empty() {
            context.progress.on_warning(&Warning::Configuration(&loaded.warnings));
        }
        let desired = &mut loaded.desired;
        let named = Named::from_choice(desired, choice);
        let limit = accounts::match_account_patterns(desired, &choice.accounts)?;
        let store = Arc::new(open_store(given, desired, choice)?);
        if let Some(observer) = context.progress.store_observer() {
            store.state_store().observe(observer);
        }
        if matches!(purpose, SessionPurpose::Apply(_) | SessionPurpose::Settle(_) | SessionPurpose::Rebuild(_)) {
            check_before_lock(given, &store, desired, choice, purpose, &limit).await?;
        }
        let mut lock = match purpose {
            SessionPurpose::Plan | SessionPurpose::Look | SessionPurpose::Offline => CommandLock::without_lock(context),
            SessionPurpose::Apply(wait) | SessionPurpose::Settle(wait) | SessionPurpose::Rebuild(wait) => {
                let needs_ledger = !matches!(purpose, SessionPurpose::Rebuild(_));
                lock::take_lock(context, &store, wait, needs_ledger).await?
            }
        };
        let (kept, journal_bytes) = match (purpose, lock.read_ahead.take()) {
            (SessionPurpose::Rebuild(_), _) => (None, None),
            (_, read_ahead) => store.load_ahead(read_ahead).await?,
        };
        let (ledger_is_kept, mut ledger) = (kept.is_some(), kept.unwrap_or_else(Ledger::with_new_id));
        let limits = resolve_limits(desired, &ledger, choice, limit)?;
        check_choice(desired, &ledger, choice, &named)?;
        let mut options = PlanOptions {
            ledger: store.display_name(),
            ledger_of_yaml: given.ledger.is_none() && choice.sandbox.is_none() && desired.ledger.is_some(),
            ..options(choice, limits, named)
        };
        let left_out = choice.unreadable.iter().map(|name| (name.clone(), "the saved plan leaves it out".to_owned())).collect();
        options.leave_out(desired, left_out);
        let sandboxed = choice.sandbox.is_some();
        let accounts: BTreeMap<String, AccountEntry> =
            configured_accounts(desired, sandboxed).into_iter().map(|login| (login.name, login.entry)).collect();
        follow_accounts(&store, &mut ledger, desired, sandboxed)?;
        // A run that only reads reports a journal that cannot be read, and continues.
        let opened = match purpose {
            SessionPurpose::Offline | SessionPurpose::Rebuild(_) => None,
            _ => Some(journal::open_journal(store.state_store(), journal_bytes).await),
        };
        let opened = opened.map(|opened| opened.map(|(journal, growing)| (Arc::new(journal), growing)));
        let (journal, growing) = match opened.transpose() {
            Ok(opened) => opened.map(|(journal, growing)| (Ok(journal), growing)).unzip(),
            Err(error) => (Some(Err(error)), None),
        };
        let (key, chain) = load_or_create_key(context, &store, &ledger, purpose)?;
        let writes = matches!(purpose, SessionPurpose::Apply(_) | SessionPurpose::Settle(_));
        match &journal {
            // The content of a journal is recorded only when it is the one that the last run left.
            Some(Ok(journal)) if writes => {
                chain.check_before_writing(&context.heads, &store, &ledger, journal)?;
                chain.note_missing(context, &store, &ledger, journal);
            }
            Some(Ok(journal)) => {
                context.heads.check(&store, journal)?;
                let trouble = find_trouble(context, &chain, &store, &ledger, journal);
                if let Some(trouble) = trouble.filter(|_| context.heads.tell()) {
                    context.progress.on_warning(&Warning::ApplyRefused(&trouble));
                }
            }
            Some(Err(error)) if context.heads.demands()? => return Err(journal_error(error)),
            Some(Err(error)) if !writes => context.progress.on_warning(&Warning::ApplyRefused(&journal_error(error))),
            _ => {}
        }
        if let Some(Ok(journal)) = &journal
            && recover_unrecorded_creates(journal, &mut ledger)
            && writes
        {
            if !ledger_is_kept {
                // Its serial continues, or the journal would consider it an older one.
                ledger.serial = journal.last_ledger_save().map_or(0, |saved| saved.serial);
            }
            store.save(&mut ledger).await?;
        }
        let mut asked = plan::accounts_to_read(desired, &ledger, &options);
        let sandbox = match &choice.sandbox {
            Some(world) => Some(EmbeddedSandbox::start(world).await?),
            None => None,
        };
        let env = |name: &str| std::env::var(name).ok();
        let allowed = given.allowed(Some(&store));
        let resolved = match &sandbox {
            None if purpose == SessionPurpose::Offline => secrets::resolve_without_tokens(desired, &env, &allowed, &key)?,
            None => {
                let without_token = matches!(purpose, SessionPurpose::Look | SessionPurpose::Settle(_)) || choice.skip_unreadable;
                let asked = secrets::SecretScope { accounts: Some(&asked), tolerate_missing_token: without_token };
                secrets::resolve_for(desired, asked, &env, &allowed, &key)?
            }
            Some(embedded) => {
                let mut resolved = secrets::resolve_without_tokens(desired, &env, &allowed, &key)?;
                embedded.supply_simulator_secrets(context, desired, &mut resolved, &key);
                resolved
            }
        };
        asked.retain(|account| !resolved.accounts_without_token.contains_key(account));
        if let Some(embedded) = &sandbox {
            embedded.redirect_accounts(desired)?;
        }
        let longest_pause = sandbox.as_ref().map(|_| EmbeddedSandbox::PAUSE).or_else(failpoints::longest_pause);
        let watch = combine_observers(watcher.into_iter().chain(context.progress.http_observers()));
        // Offline no service is available: every request would go to an unknown account.
        let talked = |it: &&Account| asked.contains(&it.name) && purpose != SessionPurpose::Offline;
        let vault = resolved.object_secrets.into_iter().collect::<SecretVault>();
        let vault = vault.with_hidden(key.hidden_values().clone()).with_stated(desired.published_texts());
        let api = HttpClient::new(
            desired.accounts.values().filter(talked),
            resolved.tokens,
            vault,
            client::HttpOptions {
                observer: watch,
                timeout: failpoints::request_timeout(),
                retry_pause: longest_pause,
                fence: Some(fence_of(&store)),
            },
        )
        .map_err(|error| RunError::other("telform::account::unusable", error.to_string(), "correct the account in the YAML"))?;
        Ok(Self {
            desired: std::mem::take(desired),
            ledger,
            store,
            key,
            chain,
            api,
            missing: resolved.missing,
            options,
            asked,
            skip_unreadable: choice.skip_unreadable,
            saved: choice.saved,
            no_token: resolved.accounts_without_token,
            sandbox,
            longest_pause,
            taken_for: SnapshotPurpose { configuration: std::mem::take(&mut loaded.digest), destroy: choice.destroy, accounts },
            ledger_is_kept,
            journal,
            growing: growing.filter(|_| writes),
            nameless: BTreeSet::new(),
            owners: Mutex::default(),
            lock,
            context: context.clone(),
        })
    }

    /// Computes the plan.
    pub fn plan(&self, live: &LiveState) -> Result<Plan, RunError> {
        self.plan_with(live, &self.options)
    }

    /// Computes the plan with other options. A plan that the independent checker rejects is not returned.
    pub fn plan_with(&self, live: &LiveState, options: &PlanOptions) -> Result<Plan, RunError> {
        let mut plan = Plan::new(&Inputs { desired: &self.desired, live, ledger: &self.ledger, key: &self.key, options });
        if !self.nameless.is_empty() {
            plan.ledger
                .retain(|effect| !matches!(effect, LedgerUpdate::Adopt { address, .. } if self.nameless.contains(address)));
            let named = |address: &Option<Address>| address.as_ref().is_none_or(|address| !self.nameless.contains(address));
            plan.notices.retain(|notice| named(&notice.address));
            plan.digest = plan.computed_digest();
        }
        check_plan(plan, options)
    }

    /// The part of a refused plan that is still applied.
    pub(crate) fn despite(&self, plan: &Plan) -> Result<Option<Plan>, RunError> {
        plan.part_despite_refusal(&self.ledger).map(|part| check_plan(part, &self.options)).transpose()
    }

    /// Saves the state of the embedded simulator, if any.
    pub fn close(&self) -> Result<(), RunError> {
        match &self.sandbox {
            Some(embedded) => embedded.keep(),
            None => Ok(()),
        }
    }
}

/// What ends a first run in any case is said before a lock and its folder are made for it.
async fn check_before_lock(
    given: &RunOptions,
    store: &LedgerStore,
    desired: &Desired,
    choice: &PlanSelection,
    purpose: SessionPurpose,
    accounts: &BTreeSet<String>,
) -> Result<(), RunError> {
    if store.is_shared() || store.has_files() || is_begun(store).await? {
        return Ok(());
    }
    if let Some(world) = &choice.sandbox {
        load_world(world)?;
        desired.accounts.values().try_for_each(|account| simulator_for(account).map(drop))?;
    }
    let (ledger, named) = (Ledger::with_new_id(), Named::from_choice(desired, choice));
    let limits = resolve_limits(desired, &ledger, choice, accounts.clone())?;
    check_choice(desired, &ledger, choice, &named)?;
    if choice.sandbox.is_none() && !choice.skip_unreadable && matches!(purpose, SessionPurpose::Apply(_)) {
        let mut asked = plan::accounts_to_read(desired, &ledger, &options(choice, limits, named));
        asked.retain(|name| !choice.unreadable.contains(name));
        let env = |name: &str| std::env::var(name).ok();
        secrets::check_tokens(desired, &asked, &env, &given.allowed(Some(store)))?;
    }
    Ok(())
}

/// The accounts as a ledger is compared with them.
pub(crate) fn configured_accounts(desired: &Desired, sandbox: bool) -> Vec<ConfiguredAccount> {
    let login = |account: &Account| {
        let named = desired.moved_accounts.iter().filter(|rename| rename.to == account.name);
        ConfiguredAccount {
            name: account.name.clone(),
            entry: plan::account_identity(account, sandbox),
            previous_base_url: account.previous_base_url.as_ref().filter(|_| !sandbox).map(ToString::to_string),
            previous_names: named.map(|rename| rename.from.clone()).collect(),
            organization: account.service.has_organizations(),
        }
    };
    desired.accounts.values().map(login).collect()
}

/// The ledger with the account names of this configuration; an error where it belongs to other accounts.
pub(crate) fn follow_accounts(
    store: &LedgerStore,
    ledger: &mut Ledger,
    desired: &Desired,
    sandbox: bool,
) -> Result<(), LedgerError> {
    let logins = configured_accounts(desired, sandbox);
    ledger.follow_accounts(&logins);
    store.check_accounts(ledger, &logins)
}

/// Holds back a write of a run that can no longer rely on its lock.
fn fence_of(store: &Arc<LedgerStore>) -> Arc<client::WriteFence> {
    let store = Arc::clone(store);
    Arc::new(move || store.check_lock().map_err(|error| error.to_string()))
}

/// All observers as one.
pub(crate) fn combine_observers(
    all: impl IntoIterator<Item = Arc<dyn client::HttpObserver>>,
) -> Option<Arc<dyn client::HttpObserver>> {
    let mut all: Vec<_> = all.into_iter().collect();
    if all.len() < 2 { all.pop() } else { Some(Arc::new(all)) }
}

/// Where the ledger is: the flag, a file beside the sandbox's world, the YAML, the default. Only the flag may name a link.
pub(crate) fn open_store(options: &RunOptions, desired: &Desired, choice: &PlanSelection) -> Result<LedgerStore, LedgerError> {
    if let Some(place) = &options.ledger {
        return LedgerStore::from_place_text(place);
    }
    if let Some(world) = choice.sandbox.as_ref().or(options.world.as_ref()) {
        let name = world.with_extension("ledger.json");
        let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let place = StateStore::from(&name, Some(world.parent().unwrap_or(Path::new(""))))?;
        return Ok(LedgerStore::over_store(place.for_simulator()));
    }
    match &desired.ledger {
        Some(ledger) => LedgerStore::from(&ledger.place, Some(&ledger.folder)),
        None => LedgerStore::from_place_text(".telform/ledger.json"),
    }
}
