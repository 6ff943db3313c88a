//! The simulators that stand in for the services, and a rehearsal against them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::forecast::{AttemptTimer, forecast_duration};
use crate::analysis::rehearse;
use crate::http::SecretVault;
use crate::http::client::{self, HttpClient, HttpObserver};
use crate::model::ledger::Ledger;
use crate::model::resource::{Desired, LiveAccount, LiveState};
use crate::model::value::HiddenValues;
use crate::output::view::rehearsal::{AccountRequests, MissedFault, Rehearsal, RehearsedRequest};
use crate::plan::{self, Inputs, Plan};
use crate::run::embedded::{EmbeddedSandbox, simulator_for};
use crate::run::journal_key::{JournalKey, KeyAge};
use crate::run::session::combine_observers;
use crate::run::{CarryOut, Context, Exit, Run, RunError, RunEvent, RunJournal, lock, saved_plan};
use crate::sandbox::{FaultRule, Sandbox, simulator_of};
use crate::services;
use crate::services::copy::Source;
use crate::state::ledger::LedgerStore;
use crate::text::escape;

/// Numbers that may move to an account with its new objects, from the accounts that these leave.
fn arriving_numbers<'a>(desired: &Desired, ledger: &Ledger, live: &'a LiveState, account: &str) -> BTreeSet<&'a str> {
    let own = desired.objects.values().filter(|object| object.account == account);
    let entries = own.filter_map(|object| ledger.objects.get(&object.address));
    let left = entries.flat_map(|entry| entry.left_behind.iter().map(|left| &left.account).chain([&entry.account]));
    let left: BTreeSet<&String> = left.filter(|left| *left != account).collect();
    let read = left.into_iter().filter_map(|left| live.accounts.get(left)?.connections.as_ref());
    read.flatten().map(|connection| connection.number.as_str()).collect()
}

/// The simulators and a session that knows only them.
pub(super) struct RehearsalStage {
    /// By account.
    sandboxes: BTreeMap<String, Sandbox>,
    pub(super) session: Run,
    clock: Arc<AttemptTimer>,
    /// What the services did not show, by account: the simulators cannot show it, either.
    unread_accounts: BTreeMap<String, LiveAccount>,
    /// Seconds between two requests according to the rate of each account.
    request_intervals: BTreeMap<String, Duration>,
    /// What goes wrong, as it was asked for.
    faults: Vec<FaultRule>,
    /// Ledger and journal of the rehearsal.
    _folder: tempfile::TempDir,
}

impl RehearsalStage {
    /// Builds it from what was read, with a copy of the ledger.
    pub(super) async fn build(real: Run, live: &LiveState) -> Result<Self, RunError> {
        let failed =
            |why: String| RunError::other("telform::rehearse::world", why, "`telform plan` shows what the apply would send");
        let Run { mut desired, mut ledger, mut options, .. } = real;
        let (key, context) = (&real.key, &real.context);
        let original = desired.clone();
        // Secrets are looked up by current addresses, and so is what the ledger knows about them.
        let inputs = Inputs { desired: &original, live, ledger: &ledger, key, options: &options };
        for (from, to) in plan::renamed_addresses(&inputs) {
            ledger.rename_object(&from, &to);
        }
        let stand_ins = rehearse::replace_secrets(&mut desired, &mut ledger, key);
        let inputs = Inputs { desired: &original, live, ledger: &ledger, key, options: &options };
        let claims = plan::claimed_objects(&inputs);
        let (mut sandboxes, mut rhythm) = (BTreeMap::new(), BTreeMap::new());
        let unread = live.accounts.iter().map(|(name, live)| (name.clone(), rehearse::unread_parts(live))).collect();
        for (name, account) in &mut desired.accounts {
            let elsewhere = arriving_numbers(&original, &ledger, live, name);
            if let Some(live) = live.accounts.get(name) {
                let declared = |kind: &str, id: &str| {
                    let claim = claims.iter().find(|((at, of, claimed), _)| at == name && *of == kind && *claimed == id);
                    claim.and_then(|(_, address)| original.objects.get(*address))
                };
                let simulator = simulator_for(account)?;
                let source =
                    Source { account, live, declared: &declared, stand_ins: &stand_ins, numbers_of_other_accounts: &elsewhere };
                let world = services::world_of(&source).map_err(|why| failed(format!("account {name}: {}", escape(&why))))?;
                let anywhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
                let sandbox = Sandbox::start_on(world, anywhere).await.map_err(|error| failed(error.to_string()))?;
                let url = (simulator.url)(&sandbox);
                let rate = client::rate_of(account);
                rhythm.insert(name.clone(), rate.map_or(Duration::ZERO, |rate| Duration::from_secs(60) / rate.max(1)));
                account.base_url = url.parse().map_err(|_| failed("a simulator has no URL".to_owned()))?;
                account.requests_per_minute = None;
                sandboxes.insert(name.clone(), sandbox);
            }
        }
        desired.accounts.retain(|name, _| sandboxes.contains_key(name));
        let asked = desired.accounts.keys().cloned().collect();
        let clock = Arc::new(AttemptTimer::default());
        let watch: Arc<dyn HttpObserver> = clock.clone();
        let tokens = desired.accounts.keys().map(|name| (name.clone(), rehearse::rehearsal_token())).collect();
        let vault = stand_ins.into_iter().map(|(at, stand_in)| (at, stand_in.to_secret()));
        let api = HttpClient::new(
            desired.accounts.values(),
            tokens,
            vault.collect::<SecretVault>().with_hidden(HiddenValues::new_sealed()),
            client::HttpOptions {
                observer: combine_observers([watch].into_iter().chain(context.progress.rehearsal_observers())),
                retry_pause: Some(EmbeddedSandbox::PAUSE),
                ..client::HttpOptions::default()
            },
        )
        .map_err(|error| failed(error.to_string()))?;
        let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        let store = Arc::new(LedgerStore::from_place_text(&folder.path().join("ledger.json").display().to_string())?);
        let mut lock = lock::take_lock(context, &store, Duration::ZERO, false).await?;
        lock.take_over_signals();
        options.sandbox = true;
        // The journal of the rehearsal starts with it.
        ledger.journal = None;
        let session = Run {
            desired,
            ledger,
            store,
            // Only substitutes for secrets are sent here: none is sealed.
            chain: JournalKey::without_kept_key(KeyAge::Forgotten),
            api,
            missing: Vec::new(),
            options,
            asked,
            saved: false,
            journal: None,
            longest_pause: Some(EmbeddedSandbox::PAUSE),
            sandbox: None,
            owners: std::sync::Mutex::default(),
            lock,
            ..real
        };
        let (unread_accounts, request_intervals, faults) = (unread, rhythm, Vec::new());
        Ok(Self { sandboxes, session, clock, unread_accounts, request_intervals, faults, _folder: folder })
    }

    /// What the simulators show, and what the services did not.
    pub(super) async fn read(&self) -> Result<LiveState, RunError> {
        let mut live = self.session.read().await?;
        for (name, unread) in &self.unread_accounts {
            if let Some(account) = live.accounts.get_mut(name) {
                rehearse::hide_unread(account, unread);
            }
        }
        Ok(live)
    }

    /// From here on everything is done as in an apply, including faults.
    pub(super) fn start_faults(&mut self, faults: Vec<FaultRule>) {
        self.clock.clear();
        for (name, sandbox) in &self.sandboxes {
            sandbox.clear_log();
            let own = self.session.desired.accounts.get(name);
            let own = own.and_then(|account| simulator_of(account.service.api)).map(|it| it.service);
            for fault in faults.iter().filter(|fault| fault.matcher.service.is_none_or(|service| Some(service) == own)) {
                sandbox.set_fault(fault.clone());
            }
        }
        self.faults = faults;
    }

    /// Faults that no request met, by their place among those that were given.
    fn missed_faults(&self) -> Vec<MissedFault> {
        let rules: Vec<FaultRule> = self.sandboxes.values().flat_map(Sandbox::faults).collect();
        let paths = self.sandboxes.values().flat_map(Sandbox::log).map(|request| request.path);
        let example = paths.max_by_key(String::len);
        let missed = self.faults.iter().zip(1..).filter_map(|(fault, place)| {
            let same = rules.iter().filter(|rule| rule.matcher == fault.matcher && rule.effect == fault.effect);
            let matched = same.map(|rule| rule.seen).max().unwrap_or_default();
            let (nth, example) = (fault.matcher.nth, example.clone());
            (matched < nth.max(1)).then_some(MissedFault { fault: place, matched, nth, example })
        });
        missed.collect()
    }

    /// Reads, plans and applies.
    pub(super) async fn run_rehearsal(
        &mut self,
        how: &CarryOut<'_>,
        plan: &Plan,
        reviewed: bool,
        real: &AttemptTimer,
        reading: Duration,
    ) -> Result<(Exit, Rehearsal), RunError> {
        let live = self.read().await?;
        let now = self.session.plan(&live)?;
        let moved = now.steps != plan.steps;
        let early = match () {
            () if moved && reviewed => Some(Exit::Stale),
            () if now.is_refused() => Some(Exit::Refused),
            () if !now.has_changes() => Some(Exit::Done),
            () => None,
        };
        if let Some(exit) = early {
            self.session.context.progress.on_event(&RunEvent::BecomesOtherPlan);
            let (accounts, missed_faults) = (self.received_requests(), self.missed_faults());
            return Ok((exit, Rehearsal { accounts, seconds: reading.as_secs_f64(), numbers: Vec::new(), missed_faults }));
        }
        let store = self.session.store.clone();
        // Nothing is required of a temporary journal, and its head is not kept.
        let detached = Context { heads: Arc::default(), ..self.session.context.clone() };
        let book = RunJournal::open(&detached, &store, &self.session.ledger, &self.session.chain).await?;
        let document = saved_plan::document(&self.session, &now, &live);
        let ran = self.session.carry_out(how, &now, &live, &book, document).await?;
        let mut shown = forecast_duration(&now, &ran, &self.clock, real, &self.request_intervals);
        // Everything is read before the first and, when every step is done, after the last.
        let looks = if ran.report.is_complete() { 2.0 } else { 1.0 };
        shown.seconds += looks * reading.as_secs_f64();
        shown.accounts = self.received_requests();
        shown.missed_faults = self.missed_faults();
        Ok((ran.exit, shown))
    }

    /// What the simulators got.
    fn received_requests(&self) -> Vec<AccountRequests> {
        let below = |name: &str, mount: &str, path: &str| {
            let account = self.session.desired.accounts.get(name);
            let base = account.map_or("", |account| account.base_url.path()).trim_end_matches('/');
            let base = base.strip_prefix(mount).unwrap_or(base);
            path.strip_prefix(base).unwrap_or(path).trim_start_matches('/').to_owned()
        };
        let of = |(name, sandbox): (&String, &Sandbox)| AccountRequests {
            account: name.clone(),
            requests: sandbox
                .log()
                .into_iter()
                .map(|logged| {
                    let path = below(name, sandbox.mount(), &logged.path);
                    let target = if logged.query.is_empty() { path } else { format!("{path}?{}", logged.query) };
                    RehearsedRequest { method: logged.method, target, body: logged.body, status: logged.status }
                })
                .collect(),
        };
        self.sandboxes.iter().map(of).collect()
    }
}
