//! What can be found out about an account by reading it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CheckList, HeaderRecorder};
use crate::cli::apply_progress::RequestPrinter;
use crate::cli::console::Console;
use crate::config::secrets::{self, ResolvedSecrets};
use crate::failpoints;
use crate::http::client::{self, HeaderFacts, HttpClient, HttpObserver};
use crate::http::{ReadOnly, SecretVault};
use crate::model::kind::SettingRole;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{Account, Desired, LiveAccount, LiveState, OrganizationCheck, TokenOwner};
use crate::output::view::doctor::DoctorStatus;
use crate::plan::{self, Inputs, PlanOptions};
use crate::read::{self, ObjectDetail, ReadError, ReadScope};
use crate::run::embedded::EmbeddedSandbox;
use crate::run::session::combine_observers;
use crate::services;

/// Seconds between two clocks that are harmless.
const NEAR: u64 = 30;

/// Seconds between two clocks at which signatures and locks fail.
const FAR: u64 = 300;

/// The context for checking all accounts.
pub(super) struct CheckContext<'a> {
    /// How to print.
    pub(super) out: &'a Console,
    /// What telform remembers.
    pub(super) ledger: &'a Ledger,
    /// Key of the fingerprints.
    pub(super) key: &'a FingerprintKey,
    /// Hears every answer.
    pub(super) listener: Arc<HeaderRecorder>,
}

/// All checks of one account.
pub(super) async fn account(
    checks: &mut CheckList,
    given: &CheckContext<'_>,
    desired: &mut Desired,
    name: &str,
    sandbox: Option<&EmbeddedSandbox>,
) {
    let about = format!("account {name}");
    let mut own = desired_for_account(desired, name);
    let Some(mut resolved) = check_sources(checks, given, &about, &mut own, sandbox.is_some()) else {
        return;
    };
    if let Some(sandbox) = sandbox {
        sandbox.supply_simulator_secrets(&quiet_console(given.out).context(), &mut own, &mut resolved, given.key);
        if let Err(failure) = sandbox.redirect_accounts(&mut own) {
            let (_, why, help) = failure.parts();
            return checks.add(&about, "address", DoctorStatus::Wrong, why, &help);
        }
    }
    let Some(account) = own.accounts.get(name).cloned() else { return };
    // The simulator's own address grants access to anyone who reads it.
    let address = sandbox.map_or(account.base_url.to_string(), |_| "the embedded sandbox".to_owned());
    let shown = (given.out.global.verbose > 0).then(|| Arc::new(RequestPrinter::new(given.out)) as Arc<dyn HttpObserver>);
    let options = client::HttpOptions {
        observer: combine_observers([given.listener.clone() as Arc<dyn HttpObserver>].into_iter().chain(shown)),
        timeout: failpoints::request_timeout(),
        retry_pause: sandbox.map(|_| EmbeddedSandbox::PAUSE).or_else(failpoints::longest_pause),
        fence: None,
    };
    let vault = resolved.object_secrets.into_iter().collect::<SecretVault>();
    let vault = vault.with_hidden(given.key.hidden_values().clone()).with_stated(desired.published_texts());
    let api = match HttpClient::new(own.accounts.values(), resolved.tokens, vault, options) {
        Ok(api) => api,
        Err(error) => {
            let help = "correct the account in the YAML";
            return checks.add(&about, "address", DoctorStatus::Wrong, error.to_string(), help);
        }
    };
    let known = BTreeMap::new();
    let scope = ReadScope {
        destroy: false,
        view: ObjectDetail::Writable,
        accounts_to_read: None,
        fail_on_unlisted: false,
        owners: Some(&known),
    };
    let api = ReadOnly::new(&api);
    let (live, errors) = read::read_each(services::reading_of, &api, &own, given.ledger, given.key, scope, &|_| {}).await;
    match errors.first() {
        None => {
            if let Some(live) = live.accounts.get(name) {
                checks.ok(&about, "address", address);
                let managed = || given.ledger.objects.keys().chain(desired.existing.keys());
                let needs = |kind: &str| desired.kinds.contains(kind) || managed().any(|address| address.kind == kind);
                report_healthy(checks, &about, &account, live, &needs);
            }
            check_twins(checks, given, &about, &own, &live);
        }
        Some(error) => report_failed(checks, &about, &address, error),
    }
    if let Some(heads) = given.listener.headers_of(name) {
        check_clock(checks, &about, &heads);
        check_rate_limits(checks, &about, &account, &heads);
    }
}

/// The configuration as if it had only this account, with all kinds that it can hold.
fn desired_for_account(desired: &Desired, name: &str) -> Desired {
    let mut own = desired.clone();
    own.accounts.retain(|account, _| account == name);
    own.objects.retain(|_, object| object.account == name);
    own.removed.retain(|gone| gone.account.as_deref() == Some(name));
    let kinds = own.accounts.values().flat_map(|account| account.service.kinds);
    own.kinds = kinds.map(|kind| kind.name.into()).collect();
    own
}

/// The same without terminal output: the doctor itself reports what is missing.
fn quiet_console(out: &Console) -> Console {
    let mut quiet = out.clone();
    quiet.global.quiet = true;
    quiet
}

/// The sources of its secrets. Without its token an account cannot be read.
fn check_sources(
    checks: &mut CheckList,
    given: &CheckContext<'_>,
    about: &str,
    own: &mut Desired,
    sandbox: bool,
) -> Option<ResolvedSecrets> {
    let env = |name: &str| std::env::var(name).ok();
    let allowed = given.out.global.run_options().allowed(None);
    let resolved = if sandbox {
        secrets::resolve_without_tokens(own, &env, &allowed, given.key)
    } else {
        secrets::resolve_secrets(own, &env, &allowed, given.key)
    };
    match resolved {
        Ok(resolved) => {
            let missing = &resolved.missing;
            if sandbox {
                checks.ok(about, "secrets", "not needed: the sandbox has its own");
            } else if missing.is_empty() {
                checks.ok(about, "secrets", "all are supplied");
            } else {
                let shown: Vec<String> = missing
                    .iter()
                    .map(|it| format!("{} {} ({}) at {}", it.address, it.attribute, it.source, it.location))
                    .collect();
                checks.add(
                    about,
                    "secrets",
                    DoctorStatus::Warning,
                    format!("not supplied: {}", shown.join("; ")),
                    "a plan works without them; supply them before an apply that sends them",
                );
            }
            Some(resolved)
        }
        Err(problems) => {
            for problem in &problems {
                let found = format!("{} at {}", problem.message, problem.location);
                checks.add(about, "secrets", DoctorStatus::Wrong, found, problem.help.as_deref().unwrap_or_default());
            }
            None
        }
    }
}

/// `needs`: whether something of a kind is declared, named or managed.
fn report_healthy(checks: &mut CheckList, about: &str, account: &Account, live: &LiveAccount, needs: &dyn Fn(&str) -> bool) {
    let seen: Vec<String> =
        live.objects.iter().map(|(kind, objects)| crate::output::view::count_of_kind(objects.len(), kind)).collect();
    checks.ok(about, "credentials", format!("accepted; readable: {}", seen.join(", ")));
    if let Some(setting) = account.service.setting_of(SettingRole::Organization) {
        let handle = account.organization().unwrap_or_default();
        match &live.facts.organization {
            OrganizationCheck::Confirmed => {
                checks.ok(about, "organization", format!("`{handle}` is known to the service"));
            }
            OrganizationCheck::Unconfirmed(why) => checks.add(
                about,
                "organization",
                DoctorStatus::Warning,
                format!("`{handle}` could not be confirmed, so telform would not write: {why}"),
                &format!("correct `{}` on the account, or use a token that may read `organizations/`", setting.name),
            ),
        }
    }
    match &live.facts.token_owner {
        TokenOwner::NotAsked => {}
        TokenOwner::Known(owner) => {
            let word = account.service.whoami.map_or("identity", |words| words.id);
            let login = owner.login.as_ref().map(|login| format!(", login {login}"));
            checks.ok(about, "token", format!("belongs to {word} {}{}", owner.id, login.unwrap_or_default()));
        }
        TokenOwner::Unknown(why) => {
            checks.ok(
                about,
                "token",
                format!("the service does not say who owns it ({why}), so the ledger is not bound to an owner"),
            );
        }
    }
    check_unreadable(checks, about, live, needs);
    if let Some(setting) = account.service.setting_of(SettingRole::Generation) {
        match live.facts.generation {
            Some(generation) => {
                let spelling = live.facts.configurations.as_ref();
                let at = spelling.map_or_else(String::new, |word| format!(", at `telephony/{word}/`"));
                checks.ok(about, "generation", format!("{generation} answers{at}"));
            }
            None => {
                let known: Vec<String> = account.service.generations().iter().map(u32::to_string).collect();
                checks.add(
                    about,
                    "generation",
                    DoctorStatus::Warning,
                    "the answers do not show which generation this is, so telform would not write",
                    &format!("set `accounts.{}.{}` to {}", account.name, setting.name, known.join(" or ")),
                );
            }
        }
    }
}

/// Objects that exist and cannot be read; all others of the account can be managed.
fn check_unreadable(checks: &mut CheckList, about: &str, live: &LiveAccount, needs: &dyn Fn(&str) -> bool) {
    for (kind, why) in &live.listing_failures {
        // A token may be made for some kinds only.
        let status = if needs(kind) { DoctorStatus::Wrong } else { DoctorStatus::Warning };
        let found = format!("{kind} cannot be listed, so telform refuses what depends on one: {}", why.why);
        checks.add(about, "listings", status, found, &why.help);
    }
    if let Some(why) = live.connections_failure.as_ref().filter(|_| live.listing_failures.is_empty()) {
        let found = format!("it is not known what serves which number, so telform refuses what depends on it: {}", why.why);
        checks.add(about, "listings", DoctorStatus::Wrong, found, &why.help);
    }
    for (kind, objects) in &live.unreadable {
        for (id, it) in objects {
            let found = format!("{id} of {kind} cannot be read: {}", it.why);
            checks.add(about, "objects", DoctorStatus::Warning, found, &it.help);
        }
    }
    let mut odd: Vec<String> = live.malformed_rows.values().flatten().cloned().collect();
    for object in live.objects.values().flatten() {
        odd.extend(object.unexpected_shapes.iter().map(|(name, shape)| format!("`{name}` of {} is {shape}", object.id)));
    }
    if let Some(first) = odd.first() {
        let found = format!("{} of another shape than the service documents: {first}", odd.len());
        checks.add(about, "shapes", DoctorStatus::Warning, found, "telform refuses only entries that manage such a value");
    }
}

/// Live objects that share the natural key of a managed one, or of a create that got no answer.
fn check_twins(checks: &mut CheckList, given: &CheckContext<'_>, about: &str, own: &Desired, live: &LiveState) {
    let options = PlanOptions::default();
    let (ledger, key) = (given.ledger, given.key);
    for notice in plan::twin_notices(&Inputs { desired: own, live, ledger, key, options: &options }) {
        let address = notice.address.map(|address| address.to_string()).unwrap_or_default();
        let found = format!("{address}: {}", notice.detail.unwrap_or_default());
        let help = "look at both in the service's console; to delete one, list its `id:` under `removed`";
        checks.add(about, "twins", DoctorStatus::Warning, found, help);
    }
}

/// Which check an error belongs to; later checks were not made.
fn report_failed(checks: &mut CheckList, about: &str, address: &str, error: &ReadError) {
    let what = match error.code.rsplit("::").next().unwrap_or_default() {
        "unauthorized" => "credentials",
        "other_token" => "token",
        "forbidden" => "access",
        "organization" | "product" => "organization",
        "generation" => "generation",
        "unreachable" | "no_such_path" | "gone" | "shape" => "address",
        _ => "reading",
    };
    if what != "address" {
        checks.ok(about, "address", address);
    }
    let found = format!("{}: {} [{}]", error.tried, error.means, error.code);
    checks.add(about, what, DoctorStatus::Wrong, found, &error.help);
}

fn check_clock(checks: &mut CheckList, about: &str, heads: &HeaderFacts) {
    let Some(ahead) = heads.clock_ahead_seconds else {
        return checks.ok(about, "clock", "the service does not tell its time");
    };
    let apart = ahead.unsigned_abs();
    if apart <= NEAR {
        return checks.ok(about, "clock", format!("within {NEAR} s of the service's"));
    }
    let which = if ahead > 0 { "behind" } else { "ahead of" };
    checks.add(
        about,
        "clock",
        if apart > FAR { DoctorStatus::Wrong } else { DoctorStatus::Warning },
        format!("this machine is {apart} s {which} the service"),
        "synchronize the clock (NTP): the times in the journal and the lock, and requests to an object store, depend on it",
    );
}

fn check_rate_limits(checks: &mut CheckList, about: &str, account: &Account, heads: &HeaderFacts) {
    let own = match client::rate_of(account) {
        Some(own) => format!("at most {own} requests a minute"),
        None => "no limit, because it runs on this machine".to_owned(),
    };
    let told: BTreeMap<&str, &str> = heads.rate_headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if told.is_empty() {
        return checks.ok(about, "rate", format!("{own}; the service shows no limit"));
    }
    let told: Vec<String> = told.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    checks.ok(about, "rate", format!("{own}; the service says {}", told.join(", ")));
}
