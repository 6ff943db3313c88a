//! What plan and apply have in common: load, resolve secrets, connect, read, plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::accounts;
use super::again;
use super::args::{Choice, Global};
use super::asked::{Named, check_choice, options};
use super::embedded::Embedded;
use super::exit::Failure;
use super::lock::{self, Locked};
use super::meter::Meter;
use super::out::Out;
use super::recall::recall;
use super::saved;
use super::watch::Requests;
use crate::api::http::{self, Http};
use crate::api::{ReadOnly, Vault};
use crate::desired::{self, Loaded};
use crate::document;
use crate::hooks;
use crate::journal::{self, Journal, JournalError};
use crate::ledger::{AccountEntry, Key, Ledger, LedgerError, Login, Store};
use crate::live::{self, LiveError, Scope, View};
use crate::plan::{self, Inputs, LedgerEffect, Options, Plan};
use crate::problem::Problem;
use crate::resource::{Account, Address, Desired, Live};
use crate::secrets::{self, Missing};
use crate::snapshot::TakenFor;
use crate::verify;

/// Everything that a command works with after loading.
pub(crate) struct Session {
    /// What the YAML wants.
    pub desired: Desired,
    /// What telform remembers.
    pub ledger: Ledger,
    /// Where that is kept.
    pub store: Arc<Store>,
    /// Key of the fingerprints.
    pub key: Key,
    /// Whether that is a key that other runs have too.
    pub key_is_kept: bool,
    /// The services.
    pub api: Http,
    /// Secrets that nobody supplied.
    pub missing: Vec<Missing>,
    /// What this run asks for.
    pub options: Options,
    /// Accounts that are asked; the others need no token.
    pub asked: BTreeSet<String>,
    /// Whether that came from a saved plan, so that the command line cannot say it.
    pub saved: bool,
    /// Accounts of which no token could be had, where that does not end the run.
    pub no_token: BTreeMap<String, Problem>,
    /// The embedded simulator, when it stands in for the services.
    pub sandbox: Option<Embedded>,
    /// What everything is read for.
    pub taken_for: TakenFor,
    /// Whether the ledger was there, or is a new one.
    pub ledger_is_kept: bool,
    /// The journal as it was when the ledger was loaded; none where it is not looked at.
    pub journal: Option<Result<Journal, JournalError>>,
    /// Addresses that name something for this run only: what they mean is not taken under management.
    pub nameless: BTreeSet<Address>,
    /// The longest pause before something is tried or looked at again, where it is to be shorter than usual.
    pub longest_pause: Option<Duration>,
    /// Held while the ledger may be written.
    pub lock: Locked,
    /// Shows how far a long reading is.
    pub meter: Arc<Meter>,
}

/// Whether a command may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads only: nothing is locked, no key is made.
    Plan,
    /// As `Plan`; an account whose token is missing is noted, and ends nothing.
    Look,
    /// As `Plan`, and asks no service.
    Offline,
    /// Takes the lock, waiting for it as long as this, and makes a key where there is none.
    Apply(Duration),
    /// As `Apply`; an account whose token is missing is noted, and ends nothing before it is needed.
    Settle(Duration),
    /// As `Apply`, with a new ledger whatever stands there.
    Rebuild(Duration),
}

/// The time as RFC 3339 in UTC, to the second.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Session {
    /// Loads everything; nothing is sent yet.
    pub(crate) async fn open(out: &Out, choice: &Choice, purpose: Purpose) -> Result<Self, Failure> {
        Self::open_with(out, choice, purpose, desired::load(&out.global.files)?).await
    }

    /// The same with files that were read already.
    pub(crate) async fn open_with(
        out: &Out,
        choice: &Choice,
        purpose: Purpose,
        loaded: Loaded,
    ) -> Result<Self, Failure> {
        Self::open_watched(out, choice, purpose, loaded, None).await
    }

    /// The same with somebody who wants to know about every request.
    pub(crate) async fn open_watched(
        out: &Out,
        choice: &Choice,
        purpose: Purpose,
        mut loaded: Loaded,
        watcher: Option<Arc<dyn http::Watch>>,
    ) -> Result<Self, Failure> {
        let global = &out.global;
        if !loaded.warnings.is_empty() && !global.json && !global.quiet {
            out.note(&crate::problem::render(&loaded.warnings, out.color_on_stderr(), out.width()));
        }
        let desired = &mut loaded.desired;
        let named = Named::of(desired, choice);
        let limit = accounts::chosen(desired, &choice.accounts)?;
        let store = Arc::new(Store::at(&place(global, desired, choice))?);
        let lock = match purpose {
            Purpose::Plan | Purpose::Look | Purpose::Offline => Locked::none(out),
            Purpose::Apply(wait) | Purpose::Settle(wait) | Purpose::Rebuild(wait) => {
                lock::take(out, &store, wait).await?
            }
        };
        let kept = match purpose {
            Purpose::Rebuild(_) => None,
            _ => store.load().await?,
        };
        let (ledger_is_kept, mut ledger) = (kept.is_some(), kept.unwrap_or_else(Ledger::fresh));
        check_choice(desired, &ledger, choice, &limit, &named)?;
        let options = options(choice, limit, named);
        let sandboxed = choice.sandbox.is_some();
        let accounts: BTreeMap<String, AccountEntry> =
            logins(desired, sandboxed).into_iter().map(|login| (login.name, login.is)).collect();
        follow(&store, &mut ledger, desired, sandboxed)?;
        // A journal that cannot be read stops a run before its first request, and a plan says so; not here.
        let journal = match purpose {
            Purpose::Offline | Purpose::Rebuild(_) => None,
            _ => Some(journal::read(store.place()).await),
        };
        if let Some(Ok(journal)) = &journal
            && recall(journal, &mut ledger)
            && matches!(purpose, Purpose::Apply(_) | Purpose::Settle(_))
        {
            store.save(&mut ledger).await?;
        }
        let mut asked = plan::asked(desired, &ledger, &options);
        let (key, key_is_kept) = key(out, &store, &ledger, purpose)?;
        let sandbox = match &choice.sandbox {
            Some(world) => Some(Embedded::start(world).await?),
            None => None,
        };
        let env = |name: &str| std::env::var(name).ok();
        let commands = global.commands();
        let resolved = match &sandbox {
            None if purpose == Purpose::Offline => {
                secrets::resolve_without_tokens(desired, &env, commands.as_ref(), &key)?
            }
            None => {
                let without_token = matches!(purpose, Purpose::Look | Purpose::Settle(_));
                let asked = secrets::Asked { accounts: Some(&asked), without_token };
                secrets::resolve_for(desired, asked, &env, commands.as_ref(), &key)?
            }
            Some(embedded) => {
                let mut resolved = secrets::resolve_without_tokens(desired, &env, commands.as_ref(), &key)?;
                embedded.stand_in(out, desired, &mut resolved, &key);
                resolved
            }
        };
        asked.retain(|account| !resolved.no_token.contains_key(account));
        if let Some(embedded) = &sandbox {
            embedded.redirect(desired);
        }
        let longest_pause = sandbox.as_ref().map(|_| Embedded::PAUSE).or_else(hooks::longest_pause);
        let shown = (global.verbose > 0).then(|| Arc::new(Requests::new(out)) as Arc<dyn http::Watch>);
        let watch = watching([watcher, shown, out.meter.watch()]);
        // Offline there is nobody to talk to: every request would be one to an account that is not known.
        let talked = |it: &&Account| asked.contains(&it.name) && purpose != Purpose::Offline;
        let api = Http::new(
            desired.accounts.values().filter(talked),
            resolved.tokens,
            resolved.vault.into_iter().collect::<Vault>().knowing(key.hidden().clone()),
            http::Options { watch, timeout: hooks::request_timeout(), pause: longest_pause },
        )
        .map_err(|error| {
            Failure::other("telform::account::unusable", error.to_string(), "correct the account in the YAML")
        })?;
        Ok(Self {
            desired: std::mem::take(desired),
            ledger,
            store,
            key,
            key_is_kept,
            api,
            missing: resolved.missing,
            options,
            asked,
            saved: choice.saved,
            no_token: resolved.no_token,
            sandbox,
            longest_pause,
            taken_for: TakenFor {
                configuration: std::mem::take(&mut loaded.digest),
                destroy: choice.destroy,
                accounts,
            },
            ledger_is_kept,
            journal,
            nameless: BTreeSet::new(),
            lock,
            meter: Arc::clone(&out.meter),
        })
    }

    /// Reads the services.
    pub(crate) async fn read(&self) -> Result<Live, Failure> {
        self.read_for(&self.desired, self.options.destroy, View::Writable, false).await
    }

    /// The same for a command that has nowhere to say what could not be listed.
    pub(crate) async fn read_whole(&self) -> Result<Live, Failure> {
        self.read_for(&self.desired, self.options.destroy, View::Writable, true).await
    }

    /// Reads the services for a plan and nothing else.
    pub(crate) async fn read_for_plan(&self) -> Result<Live, Failure> {
        self.read_for(&self.desired, self.options.destroy, View::Plan, false).await
    }

    /// Reads all that these files mention, as if everything should go.
    pub(crate) async fn read_all(&self, desired: &Desired) -> Result<Live, Failure> {
        self.read_for(desired, true, View::Writable, false).await
    }

    async fn read_for(
        &self,
        desired: &Desired,
        destroy: bool,
        view: View,
        whole: bool,
    ) -> Result<Live, Failure> {
        let (live, errors) = self.read_each(desired, destroy, view, whole).await;
        let failed: Vec<&str> = errors.iter().map(|error| error.account.as_str()).collect();
        let others: Vec<&str> =
            self.asked.iter().map(String::as_str).filter(|name| !failed.contains(name)).collect();
        let Some(mut error) = errors.first().cloned() else { return Ok(live) };
        if !others.is_empty() {
            let without = if self.saved {
                let names: Vec<String> =
                    others.iter().map(|name| format!("--account {}", again::quoted(name))).collect();
                format!("plan again with {}", names.join(" "))
            } else {
                format!("run `{}`", accounts::limited_to(&others))
            };
            error.way_out.push_str(&format!(". To leave this account out, {without}"));
        }
        Err(error.into())
    }

    /// Reads the services, and says of each account that could not be read why.
    pub(crate) async fn read_each(
        &self,
        desired: &Desired,
        destroy: bool,
        view: View,
        whole: bool,
    ) -> (Live, Vec<LiveError>) {
        let _shown = self.meter.reading();
        let told = |listed: &live::Listed<'_>| self.meter.listed(listed);
        let api = ReadOnly::new(&self.api);
        let scope = Scope { destroy, view, asked: Some(&self.asked), whole };
        let began = jiff::Timestamp::now();
        let (mut live, errors) = live::read_each(&api, desired, &self.ledger, &self.key, scope, &told).await;
        live.read_at = Some(began);
        (live, errors)
    }

    /// Computes the plan.
    pub(crate) fn plan(&self, live: &Live) -> Result<Plan, Failure> {
        self.plan_with(live, &self.options)
    }

    /// Computes the plan with other options. A plan that the independent checker does not pass is no plan.
    pub(crate) fn plan_with(&self, live: &Live, options: &Options) -> Result<Plan, Failure> {
        let mut plan = Plan::new(&Inputs {
            desired: &self.desired,
            live,
            ledger: &self.ledger,
            key: &self.key,
            options,
        });
        if !self.nameless.is_empty() {
            plan.ledger.retain(|effect| !matches!(effect, LedgerEffect::Adopt { address, .. } if self.nameless.contains(address)));
            let named = |address: &Option<Address>| {
                address.as_ref().is_none_or(|address| !self.nameless.contains(address))
            };
            plan.notices.retain(|notice| named(&notice.address));
            plan.digest = plan.computed_digest();
        }
        checked(plan, options)
    }

    /// What goes on of a plan that is refused.
    pub(crate) fn despite(&self, plan: &Plan) -> Result<Option<Plan>, Failure> {
        plan.despite(&self.ledger).map(|part| checked(part, &self.options)).transpose()
    }

    /// Keeps the state of the embedded simulator, when there is one.
    pub(crate) fn close(&self) -> Result<(), Failure> {
        match &self.sandbox {
            Some(embedded) => embedded.keep(),
            None => Ok(()),
        }
    }
}

/// A plan that the independent checker passes.
fn checked(plan: Plan, options: &Options) -> Result<Plan, Failure> {
    let origin = document::Origin { options: saved::options(options), ..document::Origin::default() };
    let text = serde_json::to_vec(&document::of(&plan, origin)).unwrap_or_default();
    match verify::plan(&text) {
        verdict if verdict.verified => Ok(plan),
        verdict => Err(super::verify::unverified(&verdict)),
    }
}

/// The accounts as a ledger is compared with them.
pub(crate) fn logins(desired: &Desired, sandbox: bool) -> Vec<Login> {
    let login = |account: &Account| {
        let named = desired.moved_accounts.iter().filter(|rename| rename.to == account.name);
        Login {
            name: account.name.clone(),
            is: plan::identity(account, sandbox),
            was: account.was.as_ref().filter(|_| !sandbox).map(ToString::to_string),
            named: named.map(|rename| rename.from.clone()).collect(),
            organization: account.backend.organization,
        }
    };
    desired.accounts.values().map(login).collect()
}

/// The ledger as this configuration names its accounts; an error where it is that of other ones.
pub(crate) fn follow(
    store: &Store,
    ledger: &mut Ledger,
    desired: &Desired,
    sandbox: bool,
) -> Result<(), LedgerError> {
    let logins = logins(desired, sandbox);
    ledger.follow(&logins);
    store.check_accounts(ledger, &logins)
}

/// All of these who are there, as one.
pub(crate) fn watching(all: [Option<Arc<dyn http::Watch>>; 3]) -> Option<Arc<dyn http::Watch>> {
    let mut there: Vec<_> = all.into_iter().flatten().collect();
    if there.len() < 2 { there.pop() } else { Some(Arc::new(there)) }
}

/// Where the ledger is: the flag, a file beside the sandbox's world, the YAML, the default.
pub(crate) fn place(global: &Global, desired: &Desired, choice: &Choice) -> String {
    if let Some(place) = &global.ledger {
        return place.clone();
    }
    if let Some(world) = &choice.sandbox {
        return world.with_extension("ledger.json").display().to_string();
    }
    desired.ledger.as_ref().map_or_else(|| ".telform/ledger.json".to_owned(), |(place, _)| place.clone())
}

/// The key of the fingerprints, and whether it is kept. One that is made on a machine that forgets it makes every secret unknown
/// to the next run.
fn key(out: &Out, store: &Store, ledger: &Ledger, purpose: Purpose) -> Result<(Key, bool), Failure> {
    let given = std::env::var("TELFORM_FINGERPRINT_KEY").ok().filter(|text| !text.is_empty());
    let reads_only = matches!(purpose, Purpose::Plan | Purpose::Look | Purpose::Offline);
    match store.key(given.as_deref())? {
        Some(key) if given.is_some() => return Ok((key, true)),
        // A change of the key may have been cut off between the ledger and the key.
        Some(key) => return Ok((store.settled_key(ledger, key, !reads_only)?, true)),
        None => {}
    }
    if reads_only {
        // Without a key nothing that was sealed can be read; a plan makes no files, so this key lives as long as it.
        let key = Key::from_text(&Key::generate_text()).map_err(crate::ledger::LedgerError::from)?;
        return Ok((key, false));
    }
    let key = store.make_key()?;
    let forgets = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    if (store.is_shared() || forgets) && !out.global.json && !out.global.quiet {
        let other = match ledger.key_check {
            Some(_) => "; this ledger was sealed with another one, so its secrets are unknown now",
            None => "",
        };
        out.note(&format!(
            "note: made a new fingerprint key in {}{other}. Where it can get lost, as on a CI runner, secrets are unknown to the next run: keep one in TELFORM_FINGERPRINT_KEY there.\n",
            store.key_shown()
        ));
    }
    Ok((key, true))
}
