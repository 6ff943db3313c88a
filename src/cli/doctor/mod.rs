//! `telform doctor`: is everything there that a run needs? Looks only; each check has a verdict and a way out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::args::{Choice, DoctorArgs};
use super::embedded::Embedded;
use super::exit::{Exit, Failure};
use super::lock::Locked;
use super::out::Out;
use super::session;
use crate::api::http::{Heads, Seen, Watch};
use crate::desired;
use crate::ledger::{Key, Ledger, LedgerError, Store};
use crate::output;
use crate::text::unsecret;
use crate::view::doctor::{Check, Verdict, text};

mod accounts;
mod folder;

/// Checks, as they come.
#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(
        &mut self,
        about: &str,
        what: &'static str,
        verdict: Verdict,
        found: impl Into<String>,
        mend: &str,
    ) {
        let mend = (!mend.is_empty()).then(|| mend.to_owned());
        let found = unsecret(&found.into()).into_owned();
        self.0.push(Check { about: about.to_owned(), what, verdict, found, mend });
    }

    fn ok(&mut self, about: &str, what: &'static str, found: impl Into<String>) {
        self.add(about, what, Verdict::Ok, found, "");
    }
}

/// Keeps what the first answer of each account said beside its body.
#[derive(Default)]
struct Listener(Mutex<BTreeMap<String, Heads>>);

impl Watch for Listener {
    fn seen(&self, seen: &Seen<'_>) {
        if let Some(heads) = seen.heads {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry(seen.account.to_owned()).or_insert_with(|| heads.clone());
        }
    }
}

impl Listener {
    fn heads(&self, account: &str) -> Option<Heads> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned()
    }
}

/// Looks at everything and says how it is.
pub(super) async fn run(out: &Out, args: &DoctorArgs) -> Result<Exit, Failure> {
    let loaded = desired::load(&out.global.files)?;
    let mut desired = loaded.desired;
    let limit = super::accounts::chosen(&desired, &args.accounts)?;
    let named: Vec<String> =
        desired.accounts.keys().filter(|name| limit.is_empty() || limit.contains(*name)).cloned().collect();
    let mut checks = Checks::default();
    let warnings = loaded.warnings.len();
    let verdict = if warnings == 0 { Verdict::Ok } else { Verdict::Warning };
    let told = match warnings {
        0 => "valid".to_owned(),
        1 => "valid, with 1 warning".to_owned(),
        many => format!("valid, with {many} warnings"),
    };
    let mend = if warnings == 0 { "" } else { "`telform validate` shows them" };
    checks.add(folder::ABOUT, "configuration", verdict, told, mend);
    let choice = Choice { sandbox: args.sandbox.clone(), ..Choice::default() };
    let store = Store::at(&session::place(&out.global, &desired, &choice))?;
    let ledger = folder::ledger(&mut checks, &store, &desired, args.sandbox.is_some()).await;
    let key = match folder::key(&mut checks, &store, ledger.as_ref()) {
        Some(key) => key,
        // Nothing is compared here, so any key will do for reading.
        None => Key::from_text(&Key::generate_text()).map_err(LedgerError::from)?,
    };
    let is_read = ledger.is_some();
    let ledger = ledger.unwrap_or_else(Ledger::fresh);
    folder::lock(&mut checks, &store).await;
    folder::journal(&mut checks, &store, &ledger, is_read).await;
    folder::ignored(&mut checks, &store, &desired, args.sandbox.as_deref());
    let sandbox = match &args.sandbox {
        Some(world) => Some(Embedded::start(world).await?),
        None => None,
    };
    // An interrupt ends the programs, too, that secrets come from.
    let _interrupts = Locked::none(out);
    let listener = Arc::new(Listener::default());
    let given = accounts::Given { out, ledger: &ledger, key: &key, listener };
    for name in named {
        accounts::account(&mut checks, &given, &mut desired, &name, sandbox.as_ref()).await;
    }
    if desired.accounts.is_empty() {
        checks.add(
            folder::ABOUT,
            "accounts",
            Verdict::Wrong,
            "the configuration names no account",
            "add one under `accounts`; `telform init` writes a file with accounts to fill in",
        );
    }
    let worst = checks.0.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok);
    if out.global.json {
        out.document(&output::Doctor { verdict: worst, checks: &checks.0 });
    } else {
        out.print(&text(&checks.0, out.width(), out.global.quiet));
    }
    Ok(if worst == Verdict::Wrong { Exit::Failed } else { Exit::Done })
}
