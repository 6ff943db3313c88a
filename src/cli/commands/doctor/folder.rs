//! What a run needs on this machine: ledger, key, lock, journal, and what must stay out of version control.

use std::path::{Path, PathBuf};

use super::CheckList;
use crate::analysis::open_creates::open_creates;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{Desired, SecretSource};
use crate::output::view::doctor::DoctorStatus;
use crate::plan::kinds_not_mentioned;
use crate::run::git;
use crate::run::journal_key::JournalKey;
use crate::run::next_commands;
use crate::run::session::follow_accounts;
use crate::state::journal::{self, JournalError, JournalRecord, MissingEnd, ParsedJournal, RecordedRun};
use crate::state::ledger::{ConditionalWrites, LedgerError, LedgerStore, LockHolder, StateStore};
use crate::text::list_first_few;

/// The subject of these checks.
pub(super) const ABOUT: &str = "this folder";

fn report_ledger_error(checks: &mut CheckList, what: &'static str, error: &LedgerError) {
    checks.add(ABOUT, what, DoctorStatus::Wrong, format!("{error} [{}]", error.code()), &error.help());
}

/// Whether it can be read, belongs to these accounts, and could be written.
pub(super) async fn check_ledger(
    checks: &mut CheckList,
    store: &LedgerStore,
    desired: &Desired,
    sandbox: bool,
) -> Option<Ledger> {
    let place = store.display_name();
    let mut ledger = match store.load().await {
        Ok(ledger) => ledger,
        Err(error) => {
            report_ledger_error(checks, "ledger", &error);
            return None;
        }
    };
    match &mut ledger {
        None => checks.ok(ABOUT, "ledger", format!("{place} does not exist yet; the first apply creates it")),
        Some(ledger) => match follow_accounts(store, ledger, desired, sandbox) {
            Ok(()) => {
                let count = ledger.objects.len();
                let objects = crate::output::view::plural_kind(count, "objects");
                checks.ok(ABOUT, "ledger", format!("{place} contains {count} {objects}"));
                check_kinds(checks, ledger, desired);
            }
            Err(error) => report_ledger_error(checks, "ledger", &error),
        },
    }
    check_writable(checks, &place, store.state_store());
    ledger
}

/// Numbers that a run disconnected and did not connect again, as ledger and journal say it: no service is read here.
pub(super) fn check_dark(checks: &mut CheckList, is_locked: bool, ledger: &Ledger, runs: &[RecordedRun<'_>]) {
    let (known, unsure): (Vec<_>, Vec<_>) =
        ledger.moves.iter().partition(|open| journal::is_known_cut(runs, &open.account, &open.number));
    let command = unended(runs).next_back().map_or_else(|| "telform resume".to_owned(), next_commands::continue_run);
    let help = format!("`{command}` connects them, or `telform plan` shows why not");
    let rows = [
        (known, DoctorStatus::Wrong, "a run disconnected them, and none has connected them again since"),
        (unsure, DoctorStatus::Warning, "may be dark: a run was to disconnect them, and none has connected them again since"),
    ];
    for (numbers, verdict, found) in rows.into_iter().filter(|(numbers, ..)| !numbers.is_empty()) {
        let numbers: Vec<&str> = numbers.into_iter().map(|open| open.number.as_str()).collect();
        let numbers = list_first_few(&numbers);
        if is_locked {
            checks.ok(ABOUT, "dark", format!("the run in progress moves {numbers}"));
        } else {
            checks.add(ABOUT, "dark", verdict, format!("{found}: {numbers}"), &help);
        }
    }
}

/// Runs that did not do all that they planned.
fn unended<'r, 'a>(runs: &'r [RecordedRun<'a>]) -> impl DoubleEndedIterator<Item = &'r RecordedRun<'a>> {
    runs.iter().filter(|run| !matches!(run.finished, Some(JournalRecord::Finished { exit: 0, .. })))
}

/// Creates of which it is not known whether they created something.
pub(super) fn check_creates(checks: &mut CheckList, ledger: &Ledger, desired: &Desired) {
    for create in open_creates(ledger, desired, jiff::Timestamp::now()) {
        let commands = create.commands().into_iter().map(|(what, command)| format!("{what}: `{command}`"));
        let found = format!("{}; until that is known, an apply that would send it again is refused", create.describe());
        checks.add(ABOUT, "creates", DoctorStatus::Warning, found, &commands.collect::<Vec<_>>().join("; "));
    }
}

/// Managed kinds that no file mentions are not planned at all.
fn check_kinds(checks: &mut CheckList, ledger: &Ledger, desired: &Desired) {
    for left in kinds_not_mentioned(desired, ledger, |_| true) {
        let found =
            format!("the ledger contains objects of a kind that no file declares, in {}: {}", left.account, left.describe());
        let help = "declare the kind again, or release an object: `telform forget ADDRESS`";
        checks.add(ABOUT, "kinds", DoctorStatus::Warning, found, help);
    }
}

/// Only checked, never tried: the permissions of the nearest existing folder.
fn check_writable(checks: &mut CheckList, place: &str, kept: &StateStore) {
    if !matches!(kept, StateStore::Local(_)) {
        return checks.ok(ABOUT, "place", "an object store; only a write shows whether it is writable");
    }
    let file = Path::new(place);
    let folders = file.ancestors().skip(1).map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    let Some(folder) = folders.into_iter().find(|folder| folder.exists()) else { return };
    let locked = |path: &Path| path.metadata().is_ok_and(|about| about.permissions().readonly());
    let shut = [file, folder].into_iter().find(|path| locked(path));
    match shut {
        Some(path) => checks.add(
            ABOUT,
            "place",
            DoctorStatus::Wrong,
            format!("{} is not writable", path.display()),
            "make it writable for this user, or name another location with --ledger",
        ),
        None => checks.ok(ABOUT, "place", "writable"),
    }
}

/// Whether a key exists, and whether it is the ledger's.
pub(super) fn check_key(checks: &mut CheckList, store: &LedgerStore, ledger: Option<&Ledger>) -> Option<FingerprintKey> {
    let given = std::env::var("TELFORM_FINGERPRINT_KEY").ok().filter(|text| !text.is_empty());
    let from = if given.is_some() { "TELFORM_FINGERPRINT_KEY".to_owned() } else { store.key_shown() };
    let key = match store.fingerprint_key(given.as_deref()) {
        Ok(key) => key,
        Err(error) => {
            report_ledger_error(checks, "key", &error);
            return None;
        }
    };
    match &key {
        Some(_) if ledger.is_none() => checks.ok(ABOUT, "key", format!("{from} exists")),
        Some(key) if ledger.is_some_and(|ledger| ledger.readable_with(key)) => {
            checks.ok(ABOUT, "key", format!("{from} matches the ledger"));
        }
        None if ledger.is_none_or(|ledger| ledger.key_check.is_none()) => {
            checks.ok(ABOUT, "key", format!("{from} does not exist yet; the first apply creates it"));
        }
        _ => {
            let found = match key {
                Some(_) => format!("{from} is not the key of this ledger: write-only secrets are unknown"),
                None => format!("{from} is missing: write-only secrets are unknown"),
            };
            let help = "restore the key, or set TELFORM_FINGERPRINT_KEY; if it is lost, `telform ledger rekey \
                        --lost-key` continues with a new one";
            checks.add(ABOUT, "key", DoctorStatus::Warning, found, help);
        }
    }
    key
}

/// Who has the lock, and whether the store gives one. Returns whether a run holds it and renews it.
pub(super) async fn check_lock(checks: &mut CheckList, store: &LedgerStore) -> bool {
    let (holder, conditions) = match store.lock_report().await {
        Ok(report) => report,
        Err(error) => {
            report_ledger_error(checks, "lock", &error);
            return false;
        }
    };
    let is_locked = holder.is_alive();
    match holder {
        LockHolder::Nobody => checks.ok(ABOUT, "lock", "free"),
        LockHolder::Run { words, expired: true, .. } => {
            checks.ok(ABOUT, "lock", format!("expired; the next run takes it over: {words}"));
        }
        LockHolder::Run { id, words, .. } => {
            let help = if store.is_shared() {
                format!("wait for that run; if you are sure that it is dead: `telform ledger unlock --lock-id {id}`")
            } else {
                "wait for that run with --lock-timeout 5m; the lock is released when its process ends".to_owned()
            };
            checks.add(ABOUT, "lock", DoctorStatus::Warning, format!("taken: {words}"), &help);
        }
    }
    match conditions {
        ConditionalWrites::NotNeeded => {}
        ConditionalWrites::Honoured => {
            checks.ok(ABOUT, "store", "refuses a write whose condition does not hold, so its lock excludes other runs");
        }
        ConditionalWrites::Unknown => {
            checks.ok(ABOUT, "store", "not known yet whether it gives a lock; the next run that takes the lock checks that");
        }
        ConditionalWrites::Ignored(why) => {
            let place = store.display_name();
            report_ledger_error(checks, "store", &LedgerError::Unconditional { place, why });
        }
    }
    is_locked
}

/// Whether the journal is intact, and every run was completed. Returns what can be read of it.
pub(super) async fn check_journal(
    checks: &mut CheckList,
    (heads, store): (&crate::run::JournalHeads, &LedgerStore),
    ledger: &Ledger,
    (is_read, is_locked): (bool, bool),
) -> Option<ParsedJournal> {
    let kept = match journal::read_journal_bytes(store.state_store()).await {
        Ok((bytes, _)) if bytes.is_empty() && ledger.journal.is_none() && matches!(heads.demands(), Ok(false)) => {
            checks.ok(ABOUT, "journal", "none yet; the first apply creates it");
            return None;
        }
        Ok((bytes, _)) => {
            let (journal, broken) = journal::check_up_to(&bytes);
            let kept = ledger.journal.as_ref().filter(|_| broken.is_none());
            let found = kept.and_then(|head| journal::check_kept_head(store.state_store(), &journal, head).err());
            match (broken, found) {
                (None, Some(error @ JournalError::Missing { .. })) => Err((format!("{error} [{}]", error.code()), error.help())),
                (Some(broken), _) | (None, Some(JournalError::Broken { broken, .. })) => Err((
                    format!("it was altered: {broken} [telform::journal::broken]"),
                    "check it with `telform journal verify` and restore the original file; to continue without it, `telform journal restart` keeps it as evidence".to_owned(),
                )),
                _ => Ok(journal),
            }
        }
        Err(error) => Err((format!("{error} [{}]", error.code()), error.help())),
    };
    let journal = match kept {
        Ok(journal) => journal,
        Err((found, help)) => {
            checks.add(ABOUT, "journal", DoctorStatus::Wrong, found, &help);
            return None;
        }
    };
    // How far an unreadable ledger had come is not known.
    let fits = match JournalKey::existing_key(store, ledger).ok().filter(|_| is_read) {
        Some(chain) => chain.check_before_reading(heads, store, ledger, &journal),
        None => heads.check(store, &journal),
    };
    if let Err(failure) = fits {
        let (code, found, help) = failure.parts();
        checks.add(ABOUT, "journal", DoctorStatus::Wrong, format!("{found} [{code}]"), &help);
        return Some(journal);
    }
    report_runs(checks, &journal, is_locked);
    Some(journal)
}

/// Whether every run of an intact journal was completed.
fn report_runs(checks: &mut CheckList, journal: &ParsedJournal, is_locked: bool) {
    let mut runs = journal::collect_runs(&journal.lines);
    if is_locked {
        journal::mark_in_progress(&mut runs);
    }
    let (running, open): (Vec<&RecordedRun<'_>>, Vec<_>) =
        runs.iter().filter(|run| run.finished.is_none()).partition(|run| run.missing_end == MissingEnd::InProgress);
    let ids = |runs: &[&RecordedRun<'_>]| runs.iter().map(|run| run.id).collect::<Vec<_>>().join(", ");
    if open.is_empty() && !running.is_empty() {
        return checks.ok(ABOUT, "journal", format!("intact; in progress: {}", ids(&running)));
    }
    if open.is_empty() {
        let count = runs.len();
        let word = crate::output::view::plural_kind(count, "runs");
        return checks.ok(ABOUT, "journal", format!("intact, {count} {word}, all ended"));
    }
    let found = format!("intact; interrupted: {}", ids(&open));
    let commands: Vec<String> = open.iter().map(|run| format!("`{}`", next_commands::continue_run(run))).collect();
    let help = format!("to settle open requests and continue: {}", commands.join(", then "));
    checks.add(ABOUT, "journal", DoctorStatus::Warning, found, &help);
}

/// What must stay out of version control: the key, secret files, what a sandbox keeps. Git itself is asked, where it is
/// installed.
pub(super) fn check_ignored(checks: &mut CheckList, store: &LedgerStore, desired: &Desired, world: Option<&Path>) {
    let files = desired.secret_sources().filter_map(|it| match it.source {
        SecretSource::File(file) => Some(file.path.clone()),
        SecretSource::Env(_) | SecretSource::Command(_) => None,
    });
    let mut files: Vec<PathBuf> = files.collect();
    files.push(PathBuf::from(store.key_shown()));
    files.extend(world.map(crate::run::embedded::state_of));
    files.retain(|file| !file.as_os_str().is_empty());
    files.sort();
    files.dedup();
    let named = |files: &[&PathBuf]| files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    // A file outside of the work tree cannot be committed.
    let open: Vec<&PathBuf> = match git::is_work_tree() {
        Some(true) => files.iter().filter(|file| git::is_ignored(file) == Some(false)).collect(),
        Some(false) => return checks.ok(ABOUT, "git", "not a git work tree"),
        None => {
            let found =
                "a repository is here, but git did not run, so it is not known whether it would add the key or a secret file";
            let help = format!("install git, or check that .gitignore names {}", named(&files.iter().collect::<Vec<_>>()));
            return checks.add(ABOUT, "git", DoctorStatus::Warning, found, &help);
        }
    };
    if open.is_empty() {
        return checks.ok(ABOUT, "git", "the key and all secret files are ignored, or lie outside");
    }
    let help = "add these paths to .gitignore; replace any secret that was already committed";
    checks.add(ABOUT, "git", DoctorStatus::Wrong, format!("git would add {}", named(&open)), help);
}
