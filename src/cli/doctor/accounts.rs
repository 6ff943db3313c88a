//! What can be told about an account by reading it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Checks, Listener};
use crate::api::ReadOnly;
use crate::api::http::{self, Heads, Http, Watch};
use crate::cli::embedded::Embedded;
use crate::cli::out::Out;
use crate::cli::session::watching;
use crate::cli::watch::Requests;
use crate::hooks;
use crate::ledger::{Key, Ledger};
use crate::live::{self, LiveError, Scope, View};
use crate::plan::{self, Inputs, Options};
use crate::resource::{Account, Desired, Live, LiveAccount, Organization};
use crate::secrets::{self, Resolved};
use crate::view::doctor::Verdict;

/// Seconds between two clocks that are nothing to worry about.
const NEAR: u64 = 30;

/// Seconds between two clocks with which signatures and locks go wrong.
const FAR: u64 = 300;

/// What all accounts are looked at with.
pub(super) struct Given<'a> {
    /// How to print.
    pub(super) out: &'a Out,
    /// What telform remembers.
    pub(super) ledger: &'a Ledger,
    /// Key of the fingerprints.
    pub(super) key: &'a Key,
    /// Hears every answer.
    pub(super) listener: Arc<Listener>,
}

/// All checks of one account.
pub(super) async fn account(
    checks: &mut Checks,
    given: &Given<'_>,
    desired: &mut Desired,
    name: &str,
    sandbox: Option<&Embedded>,
) {
    let about = format!("account {name}");
    let mut own = only(desired, name);
    let Some(mut resolved) = sources(checks, given, &about, &mut own, sandbox.is_some()) else { return };
    if let Some(sandbox) = sandbox {
        sandbox.stand_in(&quiet(given.out), &mut own, &mut resolved, given.key);
        sandbox.redirect(&mut own);
    }
    let Some(account) = own.accounts.get(name).cloned() else { return };
    // The simulator's own address lets whoever reads it in.
    let address = sandbox.map_or(account.base_url.to_string(), |_| "the embedded sandbox".to_owned());
    let shown = (given.out.global.verbose > 0).then(|| Arc::new(Requests::new(given.out)) as Arc<dyn Watch>);
    let options = http::Options {
        watch: watching([Some(given.listener.clone() as Arc<dyn Watch>), shown, None]),
        timeout: hooks::request_timeout(),
        pause: sandbox.map(|_| Embedded::PAUSE).or_else(hooks::longest_pause),
    };
    let vault = resolved.vault.into_iter().collect();
    let api = match Http::new(own.accounts.values(), resolved.tokens, vault, options) {
        Ok(api) => api,
        Err(error) => {
            let mend = "correct the account in the YAML";
            return checks.add(&about, "address", Verdict::Wrong, error.to_string(), mend);
        }
    };
    let scope = Scope { destroy: false, view: View::Writable, asked: None, whole: false };
    let api = ReadOnly::new(&api);
    let (live, errors) = live::read_each(&api, &own, given.ledger, given.key, scope, &|_| {}).await;
    match errors.first() {
        None => {
            if let Some(live) = live.accounts.get(name) {
                checks.ok(&about, "address", address);
                healthy(checks, &about, &account, live);
            }
            twins(checks, given, &about, &own, &live);
        }
        Some(error) => failed(checks, &about, &address, error),
    }
    if let Some(heads) = given.listener.heads(name) {
        clock(checks, &about, &heads);
        limits(checks, &about, &account, &heads);
    }
}

/// The configuration as if it had this account alone, with all kinds that it can hold.
fn only(desired: &Desired, name: &str) -> Desired {
    let mut own = desired.clone();
    own.accounts.retain(|account, _| account == name);
    own.objects.retain(|_, object| object.account == name);
    own.removed.retain(|gone| gone.account.as_deref() == Some(name));
    let kinds = own.accounts.values().flat_map(|account| account.backend.kinds);
    own.kinds = kinds.map(|kind| kind.name.into()).collect();
    own
}

/// The same without the words for the terminal: the doctor says itself what is missing.
fn quiet(out: &Out) -> Out {
    let mut quiet = out.clone();
    quiet.global.quiet = true;
    quiet
}

/// Where its secrets come from. Without its token an account cannot be asked.
fn sources(
    checks: &mut Checks,
    given: &Given<'_>,
    about: &str,
    own: &mut Desired,
    sandbox: bool,
) -> Option<Resolved> {
    let env = |name: &str| std::env::var(name).ok();
    let commands = given.out.global.commands();
    let resolved = if sandbox {
        secrets::resolve_without_tokens(own, &env, commands.as_ref(), given.key)
    } else {
        secrets::resolve(own, &env, commands.as_ref(), given.key)
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
                    .map(|it| format!("{} {} ({}) at {}", it.address, it.attribute, it.source, it.place))
                    .collect();
                checks.add(
                    about,
                    "secrets",
                    Verdict::Warning,
                    format!("not supplied: {}", shown.join("; ")),
                    "a plan works without them; supply them before an apply that sends them",
                );
            }
            Some(resolved)
        }
        Err(problems) => {
            for problem in &problems {
                let found = format!("{} at {}", problem.message, problem.place);
                checks.add(
                    about,
                    "secrets",
                    Verdict::Wrong,
                    found,
                    problem.help.as_deref().unwrap_or_default(),
                );
            }
            None
        }
    }
}

fn healthy(checks: &mut Checks, about: &str, account: &Account, live: &LiveAccount) {
    let seen: Vec<String> = live
        .objects
        .iter()
        .map(|(kind, objects)| format!("{} {}", objects.len(), crate::view::plural(objects.len(), kind)))
        .collect();
    checks.ok(about, "credentials", format!("accepted; readable: {}", seen.join(", ")));
    if account.backend.organization {
        let handle = account.org_handle.as_deref().unwrap_or_default();
        match &live.facts.organization {
            Organization::Confirmed => {
                checks.ok(about, "organization", format!("`{handle}` is known to the service"));
            }
            Organization::Unconfirmed(why) => checks.add(
                about,
                "organization",
                Verdict::Warning,
                format!("`{handle}` could not be confirmed: {why}; nothing would be written"),
                "correct `org_handle` on the account, or use a token that may read `organizations/`",
            ),
        }
    }
    unreadable(checks, about, live);
    if !account.backend.generations.is_empty() {
        match live.facts.generation {
            Some(generation) => {
                let spelling = live.facts.configurations.as_ref();
                let at = spelling.map_or_else(String::new, |word| format!(", at `telephony/{word}/`"));
                checks.ok(about, "generation", format!("{generation} answers{at}"));
            }
            None => checks.add(
                about,
                "generation",
                Verdict::Warning,
                "nothing in the answers tells which generation this is, so nothing would be written",
                &format!("set `accounts.{}.generation` to 1 or 2", account.name),
            ),
        }
    }
}

/// What is there and cannot be taken in; everything else of the account can be worked on.
fn unreadable(checks: &mut Checks, about: &str, live: &LiveAccount) {
    for (kind, why) in &live.unlisted {
        let found = format!("{kind} cannot be listed, so what needs one is refused: {}", why.why);
        checks.add(about, "listings", Verdict::Wrong, found, &why.help);
    }
    if let Some(why) = live.unlinked.as_ref().filter(|_| live.unlisted.is_empty()) {
        let found = format!(
            "it is not known which configuration serves which number, so what needs that is refused: {}",
            why.why
        );
        checks.add(about, "listings", Verdict::Wrong, found, &why.help);
    }
    for (kind, objects) in &live.unreadable {
        for (id, it) in objects {
            let found = format!("{id} of {kind} cannot be read: {}", it.why);
            checks.add(about, "objects", Verdict::Warning, found, &it.help);
        }
    }
    let mut odd: Vec<String> = live.odd_rows.values().flatten().cloned().collect();
    for object in live.objects.values().flatten() {
        odd.extend(object.odd.iter().map(|(name, shape)| format!("`{name}` of {} is {shape}", object.id)));
    }
    if let Some(first) = odd.first() {
        let found = format!("{} of another shape than the service documents: {first}", odd.len());
        checks.add(
            about,
            "shapes",
            Verdict::Warning,
            found,
            "only an entry that manages such a value is refused",
        );
    }
}

/// Live objects that share the natural key of a managed one, or of a create that got no answer.
fn twins(checks: &mut Checks, given: &Given<'_>, about: &str, own: &Desired, live: &Live) {
    let options = Options::default();
    let (ledger, key) = (given.ledger, given.key);
    for notice in plan::twins(&Inputs { desired: own, live, ledger, key, options: &options }) {
        let address = notice.address.map(|address| address.to_string()).unwrap_or_default();
        let found = format!("{address}: {}", notice.detail.unwrap_or_default());
        let mend = "look at both in the service's console; to delete one, list its `id:` under `removed`";
        checks.add(about, "twins", Verdict::Warning, found, mend);
    }
}

/// Which check an error belongs to; what comes after it was not looked at.
fn failed(checks: &mut Checks, about: &str, address: &str, error: &LiveError) {
    let what = match error.code.rsplit("::").next().unwrap_or_default() {
        "unauthorized" => "credentials",
        "forbidden" => "scopes",
        "organization" | "product_id" => "organization",
        "generation" => "generation",
        "unreachable" | "no_such_path" | "gone" | "shape" => "address",
        _ => "reading",
    };
    if what != "address" {
        checks.ok(about, "address", address);
    }
    let found = format!("{}: {} [{}]", error.tried, error.means, error.code);
    checks.add(about, what, Verdict::Wrong, found, &error.way_out);
}

fn clock(checks: &mut Checks, about: &str, heads: &Heads) {
    let Some(ahead) = heads.ahead else {
        return checks.ok(about, "clock", "the service does not say its time");
    };
    let apart = ahead.unsigned_abs();
    if apart <= NEAR {
        return checks.ok(about, "clock", format!("within {NEAR} s of the service's"));
    }
    let which = if ahead > 0 { "behind" } else { "ahead of" };
    checks.add(
        about,
        "clock",
        if apart > FAR { Verdict::Wrong } else { Verdict::Warning },
        format!("this machine is {apart} s {which} the service"),
        "set the clock (NTP): times in journal and lock, and requests to an object store, depend on it",
    );
}

fn limits(checks: &mut Checks, about: &str, account: &Account, heads: &Heads) {
    let own = match http::rate_of(account) {
        Some(own) => format!("at most {own} requests a minute"),
        None => "as fast as it answers, because it is on this machine".to_owned(),
    };
    let told: BTreeMap<&str, &str> =
        heads.limits.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if told.is_empty() {
        return checks.ok(about, "rate", format!("{own}; the service shows no limit"));
    }
    let told: Vec<String> = told.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    checks.ok(about, "rate", format!("{own}; the service says {}", told.join(", ")));
}
