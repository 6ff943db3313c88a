//! What plan and apply have in common: load, resolve secrets, connect, read, plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::args::{Choice, Global};
use super::exit::Failure;
use super::out::Out;
use super::watch::Requests;
use crate::api::ReadOnly;
use crate::api::http::{self, Http};
use crate::desired::{self, Loaded};
use crate::ledger::{AccountEntry, Key, Ledger, Lock, Store};
use crate::live;
use crate::plan::{Inputs, Options, Plan};
use crate::resource::{Desired, Guards, Live};
use crate::sandbox::{Sandbox, World};
use crate::secrets::{self, Missing};
use crate::value::Secret;
use crate::verify::{self, Verdict};
use crate::view::json::{self, PlanDocument};

/// Everything that a command works with after loading.
pub(crate) struct Session {
    /// What the YAML wants.
    pub desired: Desired,
    /// What telform remembers.
    pub ledger: Ledger,
    /// Where that is kept.
    pub store: Store,
    /// Key of the fingerprints.
    pub key: Key,
    /// The services.
    pub api: Http,
    /// Secrets that nobody supplied.
    pub missing: Vec<Missing>,
    /// What this run asks for.
    pub options: Options,
    /// The embedded simulator, when it stands in for the services.
    pub sandbox: Option<Embedded>,
    /// Held while the ledger may be written.
    _lock: Option<Lock>,
}

/// The embedded simulator and where its state is kept.
pub(crate) struct Embedded {
    /// The simulator.
    pub sandbox: Sandbox,
    /// File of its state.
    pub state: PathBuf,
}

/// Whether a command may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads only: nothing is locked, no key is made.
    Plan,
    /// Takes the lock and makes a key where there is none.
    Apply,
    /// As `Apply`, with a new ledger whatever stands there.
    Rebuild,
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
        mut loaded: Loaded,
    ) -> Result<Self, Failure> {
        let global = &out.global;
        if !loaded.warnings.is_empty() && !global.json && !global.quiet {
            out.note(&crate::problem::render(&loaded.warnings, out.color_on_stderr(), out.width()));
        }
        let desired = &mut loaded.desired;
        check_choice(desired, choice)?;
        let store = Store::at(&place(global, desired, choice))?;
        let lock = if purpose == Purpose::Plan { None } else { Some(store.lock(&now())?) };
        let ledger = match purpose {
            Purpose::Rebuild => Ledger::fresh(),
            Purpose::Plan | Purpose::Apply => store.load()?.unwrap_or_else(Ledger::fresh),
        };
        let given = std::env::var("TELFORM_FINGERPRINT_KEY").ok();
        let key = match store.key(given.as_deref())? {
            Some(key) => key,
            None if purpose != Purpose::Plan => store.make_key()?,
            // Without a key nothing that was sealed can be read; a plan makes no files, so this key lives as long as it.
            None => Key::from_text(&Key::generate_text()).map_err(crate::ledger::LedgerError::from)?,
        };
        let sandbox = match &choice.sandbox {
            Some(world) => Some(Embedded::start(world).await?),
            None => None,
        };
        let env = |name: &str| std::env::var(name).ok();
        let resolved = match &sandbox {
            None => secrets::resolve(desired, &env, global.allow_commands, &key)?,
            Some(embedded) => {
                let mut resolved =
                    secrets::resolve_without_tokens(desired, &env, global.allow_commands, &key)?;
                embedded.stand_in(out, desired, &mut resolved, &key);
                resolved
            }
        };
        let options = options(choice);
        store.check_accounts(
            &ledger,
            desired.accounts.values().map(|account| {
                let base_url =
                    if options.sandbox { "(sandbox)".to_owned() } else { account.base_url.to_string() };
                let entry = AccountEntry {
                    api: account.backend.api.to_owned(),
                    base_url,
                    org_handle: account.org_handle.clone(),
                };
                (account.name.as_str(), entry)
            }),
        )?;
        if let Some(embedded) = &sandbox {
            embedded.redirect(desired);
        }
        let watch = (global.verbose > 0)
            .then(|| std::sync::Arc::new(Requests::new(out)) as std::sync::Arc<dyn http::Watch>);
        let api = Http::new(
            desired.accounts.values(),
            resolved.tokens,
            resolved.vault.into_iter().collect(),
            http::Options { watch, ..http::Options::default() },
        )
        .map_err(|error| {
            Failure::other("telform::http", error.to_string(), "correct the account in the YAML")
        })?;
        Ok(Self {
            desired: std::mem::take(desired),
            ledger,
            store,
            key,
            api,
            missing: resolved.missing,
            options,
            sandbox,
            _lock: lock,
        })
    }

    /// Reads the services.
    pub(crate) async fn read(&self) -> Result<Live, Failure> {
        Ok(live::read(
            &ReadOnly::new(&self.api),
            &self.desired,
            &self.ledger,
            &self.key,
            self.options.destroy,
        )
        .await?)
    }

    /// Computes the plan.
    pub(crate) fn plan(&self, live: &Live) -> Result<Plan, Failure> {
        self.plan_with(live, &self.options)
    }

    /// Computes the plan with other options. A plan that the independent checker does not pass is no plan.
    pub(crate) fn plan_with(&self, live: &Live, options: &Options) -> Result<Plan, Failure> {
        let plan = Plan::new(&Inputs {
            desired: &self.desired,
            live,
            ledger: &self.ledger,
            key: &self.key,
            options,
        });
        match verify::plan(json::line(&PlanDocument::new(&plan)).as_bytes()) {
            verdict if verdict.verified => Ok(plan),
            verdict => Err(unverified(&verdict)),
        }
    }

    /// Keeps the state of the embedded simulator, when there is one.
    pub(crate) fn close(&self) -> Result<(), Failure> {
        match &self.sandbox {
            Some(embedded) => embedded.keep(),
            None => Ok(()),
        }
    }
}

/// The planner and the checker disagree, so nobody knows what an apply would do.
fn unverified(verdict: &Verdict) -> Failure {
    let found = &verdict.violations;
    let told: Vec<String> =
        found.iter().take(3).map(|it| format!("{} at {} ({})", it.text, it.place, it.code)).collect();
    let more = if found.len() > told.len() {
        format!("; and {} more", found.len() - told.len())
    } else {
        String::new()
    };
    let help = if found.iter().any(|it| it.code.ends_with("::json")) {
        "a value of the configuration or of a service is one that programs read differently; leave its object out of this run with `--exclude ADDRESS`"
    } else {
        "this is a bug of telform: please report it with this message; until it is mended, leave the object out of this run with `--exclude ADDRESS`"
    };
    Failure::other(
        "telform::verify::own_plan",
        format!(
            "the plan does not pass the independent checker, so it is not carried out: {}{more}",
            told.join("; ")
        ),
        help,
    )
}

impl Embedded {
    async fn start(world: &Path) -> Result<Self, Failure> {
        let state = state_of(world);
        let from = if state.exists() { &state } else { world };
        let world = World::load(from).map_err(|error| {
            Failure::other(
                "telform::sandbox::world",
                error.to_string(),
                "`telform init --quickstart` writes a world to start from",
            )
        })?;
        let anywhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let sandbox = Sandbox::start_on(world, anywhere).await.map_err(|error| {
            Failure::other("telform::sandbox::start", error.to_string(), "free a loopback port")
        })?;
        Ok(Self { sandbox, state })
    }

    /// Sends the accounts to the simulator.
    fn redirect(&self, desired: &mut Desired) {
        for account in desired.accounts.values_mut() {
            let url = if account.backend.api == "unpod" {
                self.sandbox.unpod_url()
            } else {
                self.sandbox.carrierx_url()
            };
            if let Ok(url) = url.parse() {
                account.base_url = url;
            }
        }
    }

    /// Nothing real is needed here: the simulator's own tokens, and made-up values for secrets that nobody supplied.
    fn stand_in(&self, out: &Out, desired: &mut Desired, resolved: &mut secrets::Resolved, key: &Key) {
        let token = |account: &crate::resource::Account| match account.backend.api {
            "carrierx" => self.sandbox.carrierx_token(),
            _ => self.sandbox.token(),
        };
        resolved.tokens = desired
            .accounts
            .iter()
            .map(|(name, account)| (name.clone(), Secret::new(&token(account))))
            .collect::<BTreeMap<_, _>>();
        let missing = std::mem::take(&mut resolved.missing);
        if !missing.is_empty() && !out.global.json && !out.global.quiet {
            out.note(&format!(
                "sandbox: secrets that are not supplied have made-up values here: {}\n",
                missing.len()
            ));
        }
        // A real secret is never given to the simulator, which keeps what it gets in a file. Its fingerprint stands in, so that
        // a rotation still shows.
        let supplied = std::mem::take(&mut resolved.vault);
        let supplied = supplied.into_iter().map(|((address, attribute), secret)| {
            let print = key.fingerprint(&address.kind, &attribute, &secret);
            let made_up =
                format!("sandbox-{}", key.seal("sandbox", &address.name, &attribute, &print).short());
            (address, attribute, made_up)
        });
        let missing = missing.into_iter().map(|missing| {
            let made_up = format!("sandbox-{}-{}", missing.address.name, missing.attribute);
            (missing.address, missing.attribute, made_up)
        });
        for (address, attribute, made_up) in supplied.chain(missing).collect::<Vec<_>>() {
            let made_up = Secret::new(&made_up);
            if let Some(object) = desired.objects.get_mut(&address)
                && let Some(crate::resource::Wanted::Secret(secret)) =
                    object.attributes.get_mut(attribute.as_str())
            {
                secret.fingerprint = Some(key.fingerprint(&address.kind, &attribute, &made_up));
            }
            resolved.vault.insert((address, attribute), made_up);
        }
    }

    fn keep(&self) -> Result<(), Failure> {
        self.sandbox.world().save(&self.state).map_err(|error| {
            Failure::other(
                "telform::sandbox::state",
                error.to_string(),
                "check that the folder of the world may be written",
            )
        })
    }
}

/// `world.yaml` keeps its state in `world.state.yaml`, so that the world to start from stays as it was written.
pub(crate) fn state_of(world: &Path) -> PathBuf {
    world.with_extension("state.yaml")
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

fn options(choice: &Choice) -> Options {
    Options {
        targets: choice.targets.iter().cloned().collect(),
        excludes: choice.excludes.iter().cloned().collect(),
        destroy: choice.destroy,
        guards: Guards {
            max_deletes: choice.max_deletes,
            max_delete_percent: choice.max_delete_percent,
            max_numbers_dark: choice.max_numbers_dark,
        },
        rewrite_secrets: choice.rewrite_secrets.iter().cloned().collect(),
        sandbox: choice.sandbox.is_some(),
    }
}

/// An address on the command line that nobody declares is a typing mistake, not an empty plan.
fn check_choice(desired: &Desired, choice: &Choice) -> Result<(), Failure> {
    let asked = choice
        .targets
        .iter()
        .chain(&choice.excludes)
        .chain(choice.rewrite_secrets.iter().map(|(address, _)| address));
    for address in asked {
        let known = desired.objects.contains_key(address)
            || desired.removed.iter().any(|gone| gone.address == *address);
        if !known {
            let near = desired.objects.keys().map(ToString::to_string).max_by(|a, b| {
                strsim::jaro_winkler(a, &address.to_string())
                    .total_cmp(&strsim::jaro_winkler(b, &address.to_string()))
            });
            let help = near.map_or_else(String::new, |near| format!("did you mean {near}?"));
            return Err(Failure::other(
                "telform::cli::unknown_address",
                format!("the configuration has no {address}"),
                help,
            ));
        }
    }
    for (address, attribute) in &choice.rewrite_secrets {
        let Some(object) = desired.objects.get(address) else { continue };
        let secrets: Vec<&str> = object
            .attributes
            .iter()
            .filter(|(_, wanted)| matches!(wanted, crate::resource::Wanted::Secret(_)))
            .map(|(name, _)| *name)
            .collect();
        if attribute.as_deref().map_or(secrets.is_empty(), |attribute| !secrets.contains(&attribute)) {
            let asked = attribute.as_ref().map(|attribute| format!(" `{attribute}`")).unwrap_or_default();
            return Err(Failure::other(
                "telform::cli::no_such_secret",
                format!("{address} has no secret{asked} in the configuration"),
                if secrets.is_empty() {
                    "it has none".to_owned()
                } else {
                    format!("it has {}", secrets.join(", "))
                },
            ));
        }
    }
    Ok(())
}
