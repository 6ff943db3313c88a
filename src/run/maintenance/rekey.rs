//! Another fingerprint key for the ledger. No service is called.

use std::path::Path;
use std::time::Duration;

use crate::config::desired;
use crate::config::secrets::{self, ResolvedSecrets};
use crate::document::{self, Origin};
use crate::model::ledger::FingerprintKey;
use crate::model::resource::{Address, Desired, DesiredValue};
use crate::plan::{Plan, SANDBOX};
use crate::run::embedded::made_up_secret;
use crate::run::journal_key::{JournalKey, KeyAge, given_key};
use crate::run::opened_ledger::loaded;
use crate::run::session::{follow_accounts, open_store};
use crate::run::{Context, PlanSelection, RunError, RunJournal, lock};
use crate::state::journal;
use crate::state::ledger::{LedgerError, LedgerStore, RekeyResult, SuppliedSecret};

/// A ledger that has another key.
#[derive(Debug)]
pub struct RekeyedLedger {
    /// What is still known of the secrets, and what is not.
    pub fingerprints: RekeyResult,
    /// The key file beside the ledger, whether or not it exists.
    pub key_file: String,
    /// Whether the new key is in that file; otherwise the user supplies it from now on.
    pub is_in_file: bool,
    /// Whether the old key was looked for there, because the environment has none.
    pub was_in_file: bool,
}

/// The variable with the key.
pub(crate) const KEY_VARIABLE: &str = "TELFORM_FINGERPRINT_KEY";
/// The variable with the new key.
const NEW: &str = "TELFORM_FINGERPRINT_KEY_NEW";

/// The new key, and what the user has to do so that the next command finds it.
struct NewKey {
    key: FingerprintKey,
    /// Text for the key file beside the ledger; none when the key is kept elsewhere.
    file: Option<String>,
}

/// Changes the key; the fingerprints of the secrets that are supplied now are carried over. The new key comes from a file, else
/// from the environment, else it is random. `lost_key`: the old key is lost, so every write-only secret is unknown afterwards.
/// Waits for the lock at most so long.
pub async fn rekey_ledger(
    context: &Context,
    new_key_file: Option<&Path>,
    lost_key: bool,
    lock_wait: Duration,
) -> Result<RekeyedLedger, RunError> {
    let mut desired = desired::load_config(&context.options.files)?.desired;
    let store = open_store(&context.options, &desired, &PlanSelection::default())?;
    loaded(&store).await?;
    let _lock = lock::take_lock(context, &store, lock_wait, false).await?;
    // Read again under the lock: another run may just have ended.
    let mut ledger = loaded(&store).await?;
    let sandbox = ledger.accounts.values().any(|account| account.base_url == SANDBOX);
    follow_accounts(&store, &mut ledger, &desired, sandbox)?;
    let given = given_key();
    let old = match store.old_key(given.as_deref())? {
        Some(key) if given.is_some() => Some(key),
        Some(key) => Some(store.settled_key(&ledger, key, true)?),
        None => None,
    };
    let reads = old.as_ref().is_some_and(|old| ledger.readable_with(old));
    // Before anything is changed: the state that the journal is compared with.
    let before = ledger.clone();
    let (new, report, chain) = if lost_key {
        if reads {
            return Err(RunError::other(
                "telform::ledger::rekey",
                "the key is not lost, because it can read this ledger; nothing was changed",
                "leave out --lost-key, and the supplied secrets stay known",
            ));
        }
        // A given key cannot read the ledger yet, and is used from now on.
        let new = match given.as_deref().filter(|_| new_key_file.is_none() && env_variable(NEW).is_none()) {
            Some(text) => NewKey { key: FingerprintKey::from_text(text).map_err(LedgerError::from)?, file: None },
            None => new_key(&store, new_key_file, given.is_some())?,
        };
        let report = ledger.rekey_without(&new.key);
        (new, report, (None, KeyAge::Made))
    } else {
        let old = match old {
            Some(old) if reads => old,
            Some(_) => {
                return Err(no_key("the fingerprint key is not the one that this ledger was written with"));
            }
            None => return Err(no_key("there is no fingerprint key")),
        };
        let new = new_key(&store, new_key_file, given.is_some())?;
        if new.key.key_check() == old.key_check() {
            return Err(RunError::other(
                "telform::ledger::rekey",
                "the new key is the one that the ledger has",
                "use another one, such as the output of `openssl rand -hex 32`",
            ));
        }
        let env = |name: &str| env_variable(name);
        let resolved = secrets::resolve_without_tokens(&mut desired, &env, &context.options.allowed(Some(&store)), &old)?;
        let supplied = |address: &Address, attribute: &str, key: &FingerprintKey| {
            supplied_secret(&desired, &resolved, address, attribute, sandbox.then_some(key))
        };
        let report = ledger.reseal_fingerprints(&old, &new.key, &supplied);
        (new, report, (Some(old), KeyAge::Before))
    };
    let chain = JournalKey::from_key(&store, chain.0.or_else(|| Some(new.key.clone())), chain.1)?;
    // A journal that differs from what was written needs `journal restart`, which needs a key.
    let run = match journal::read_journal(store.state_store()).await {
        Ok(_) => Some(RunJournal::open(context, &store, &before, &chain).await?),
        Err(_) => None,
    };
    // A key for the ledger is on disk at every moment, see `ledger/rekey.rs`.
    if let Some(text) = &new.file {
        store.stage_key(text)?;
    }
    // The old key authenticates the new one in the journal, before the ledger records it.
    if let Some(run) = &run {
        let plan = Plan::from_ledger_updates(Vec::new(), Vec::new());
        run.begin("ledger rekey", document::from_plan(&plan, Origin::default()), None, None).await?;
        if let Some(old) = run.goes_on_with() {
            run.rekey(Some(old), &new.key).await?;
        }
    }
    store.save(&mut ledger).await?;
    if new.file.is_some() {
        store.promote_key()?;
    } else if given.is_none() && store.old_key(None)?.is_some() {
        store.drop_key()?;
    }
    if let Some(run) = run {
        run.end_without_writes(&store, &mut ledger).await?;
    }
    let (is_in_file, was_in_file) = (new.file.is_some(), given.is_none());
    Ok(RekeyedLedger { fingerprints: report, key_file: store.key_shown(), is_in_file, was_in_file })
}

fn env_variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn no_key(why: &str) -> RunError {
    RunError::other(
        "telform::ledger::rekey",
        format!("{why}, so no fingerprint can be carried over; nothing was changed"),
        format!(
            "set {KEY_VARIABLE} or restore the key file; if the old key is lost, `telform ledger rekey --lost-key` continues with a new one"
        ),
    )
}

fn new_key(store: &LedgerStore, file: Option<&Path>, from_environment: bool) -> Result<NewKey, RunError> {
    if let Some(path) = file {
        let (key, text) = store.key_from(path)?;
        return Ok(NewKey { key, file: (!from_environment).then_some(text) });
    }
    if let Some(text) = env_variable(NEW) {
        return Ok(NewKey { key: FingerprintKey::from_text(&text).map_err(LedgerError::from)?, file: None });
    }
    if from_environment {
        return Err(RunError::other(
            "telform::ledger::rekey",
            format!("the key comes from {KEY_VARIABLE}, which a new key file would not replace"),
            format!("set the new key in {NEW} or with --new-key-file, and set {KEY_VARIABLE} to it afterwards"),
        ));
    }
    let text = FingerprintKey::generate_text();
    Ok(NewKey { key: FingerprintKey::from_text(&text).map_err(LedgerError::from)?, file: Some(text) })
}

/// The secret of an entry of the ledger, under its address in the configuration.
fn supplied_secret(
    desired: &Desired,
    resolved: &ResolvedSecrets,
    address: &Address,
    attribute: &str,
    sandbox: Option<&FingerprintKey>,
) -> SuppliedSecret {
    let renamed = desired.moved.iter().find(|rename| rename.from == *address).map(|rename| &rename.to);
    let address = renamed.unwrap_or(address);
    let declared = desired.objects.get(address).and_then(|object| object.attributes.get(attribute));
    let secret = resolved.object_secrets.get(&(address.clone(), attribute.to_owned()));
    // The sandbox got the substitute of the secret.
    if let (Some(key), Some(DesiredValue::Secret(wanted))) = (sandbox, declared) {
        return SuppliedSecret::Secret(made_up_secret(key, &address.kind, attribute, secret, &wanted.source));
    }
    if let Some(secret) = secret {
        return SuppliedSecret::Secret(secret.clone());
    }
    if matches!(declared, Some(DesiredValue::Secret(_))) { SuppliedSecret::Nothing } else { SuppliedSecret::NotDeclared }
}
