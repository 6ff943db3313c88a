//! What a run needs on this machine: ledger, key, lock, journal, and what must stay out of version control.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Checks;
use crate::cli::git;
use crate::cli::session::follow;
use crate::journal;
use crate::ledger::{Holder, Key, Ledger, LedgerError, Place, Store};
use crate::resource::{Address, Desired, SecretSource, Wanted};
use crate::view::doctor::Verdict;

/// What these checks are about.
pub(super) const ABOUT: &str = "this folder";

fn wrong(checks: &mut Checks, what: &'static str, error: &LedgerError) {
    checks.add(ABOUT, what, Verdict::Wrong, format!("{error} [{}]", error.code()), &error.help());
}

/// Can it be read, is it of these accounts, could it be written?
pub(super) async fn ledger(
    checks: &mut Checks,
    store: &Store,
    desired: &Desired,
    sandbox: bool,
) -> Option<Ledger> {
    let place = store.shown();
    let mut ledger = match store.load().await {
        Ok(ledger) => ledger,
        Err(error) => {
            wrong(checks, "ledger", &error);
            return None;
        }
    };
    match &mut ledger {
        None => checks.ok(ABOUT, "ledger", format!("{place} is not there yet; the first apply makes it")),
        Some(ledger) => match follow(store, ledger, desired, sandbox) {
            Ok(()) => {
                let count = ledger.objects.len();
                let objects = crate::view::plural(count, "objects");
                checks.ok(ABOUT, "ledger", format!("{place} knows {count} {objects}"));
                kinds(checks, ledger, desired);
            }
            Err(error) => wrong(checks, "ledger", &error),
        },
    }
    writable(checks, &place, store.place());
    ledger
}

/// Managed kinds that no file mentions are not planned at all.
fn kinds(checks: &mut Checks, ledger: &Ledger, desired: &Desired) {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let gone = |address: &Address| desired.removed.iter().any(|gone| gone.address == *address);
    let addresses = ledger.objects.keys().filter(|address| !desired.kinds.contains(&address.kind));
    for address in addresses.filter(|address| !gone(address)) {
        *left.entry(&address.kind).or_default() += 1;
    }
    for (kind, count) in left {
        let objects = crate::view::plural(count, "objects");
        let found = format!("the ledger manages {count} {objects} of {kind}, a kind that no file mentions");
        let mend = format!("`{kind}: {{}}` would delete them, `telform forget ADDRESS` releases one");
        checks.add(ABOUT, "kinds", Verdict::Warning, found, &mend);
    }
}

/// Only looked at, never tried: the permissions of the nearest folder that is there.
fn writable(checks: &mut Checks, place: &str, kept: &Place) {
    if !matches!(kept, Place::Local(_)) {
        return checks.ok(
            ABOUT,
            "place",
            "an object store; whether it may be written, only a write can show",
        );
    }
    let file = Path::new(place);
    let folders =
        file.ancestors().skip(1).map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    let Some(folder) = folders.into_iter().find(|folder| folder.exists()) else { return };
    let locked = |path: &Path| path.metadata().is_ok_and(|about| about.permissions().readonly());
    let shut = [file, folder].into_iter().find(|path| locked(path));
    match shut {
        Some(path) => checks.add(
            ABOUT,
            "place",
            Verdict::Wrong,
            format!("{} may not be written", path.display()),
            "let yourself write there, or name another place with --ledger",
        ),
        None => checks.ok(ABOUT, "place", "may be written"),
    }
}

/// Is there a key, and is it the one of the ledger?
pub(super) fn key(checks: &mut Checks, store: &Store, ledger: Option<&Ledger>) -> Option<Key> {
    let given = std::env::var("TELFORM_FINGERPRINT_KEY").ok().filter(|text| !text.is_empty());
    let from = if given.is_some() { "TELFORM_FINGERPRINT_KEY".to_owned() } else { store.key_shown() };
    let key = match store.key(given.as_deref()) {
        Ok(key) => key,
        Err(error) => {
            wrong(checks, "key", &error);
            return None;
        }
    };
    match &key {
        Some(_) if ledger.is_none() => checks.ok(ABOUT, "key", format!("{from} is there")),
        Some(key) if ledger.is_some_and(|ledger| ledger.readable_with(key)) => {
            checks.ok(ABOUT, "key", format!("{from} fits the ledger"));
        }
        None if ledger.is_none_or(|ledger| ledger.key_check.is_none()) => {
            checks.ok(ABOUT, "key", format!("{from} is not there yet; the first apply makes it"));
        }
        _ => {
            let found = match key {
                Some(_) => format!("{from} is not the key of this ledger: write-only secrets are unknown"),
                None => format!("{from} is not there: write-only secrets are unknown"),
            };
            let mend = "bring back the key, or set TELFORM_FINGERPRINT_KEY; where it is lost, `telform ledger rekey \
                        --lost-key` goes on with a new one";
            checks.add(ABOUT, "key", Verdict::Warning, found, mend);
        }
    }
    key
}

/// Who has the lock?
pub(super) async fn lock(checks: &mut Checks, store: &Store) {
    match store.holder().await {
        Ok(Holder::Nobody) => checks.ok(ABOUT, "lock", "free"),
        Ok(Holder::Run { words, expired: true, .. }) => {
            checks.ok(ABOUT, "lock", format!("expired, the next run takes it over: {words}"));
        }
        Ok(Holder::Run { id, words, .. }) => {
            let mend = if store.is_shared() {
                format!(
                    "wait for that run; if you are sure that it is gone: `telform ledger unlock --lock-id {id}`"
                )
            } else {
                "wait for that run with --lock-timeout 5m; the lock goes with its process".to_owned()
            };
            checks.add(ABOUT, "lock", Verdict::Warning, format!("taken: {words}"), &mend);
        }
        Err(error) => wrong(checks, "lock", &error),
    }
}

/// Is the journal whole, and was every run ended?
pub(super) async fn journal(checks: &mut Checks, store: &Store, ledger: &Ledger, is_read: bool) {
    let kept = match journal::bytes(store.place()).await {
        Ok((bytes, _)) if bytes.is_empty() && ledger.journal.is_none() => {
            return checks.ok(ABOUT, "journal", "not there yet; the first apply begins it");
        }
        Ok((bytes, _)) => {
            let (journal, broken) = journal::check_up_to(&bytes);
            let broken = broken.or_else(|| journal.holds(ledger.journal.as_ref()?).err());
            match broken {
                Some(broken) => Err((
                    format!("it is not what was written: {broken} [telform::journal::broken]"),
                    "look with `telform journal verify`, and bring back the file as it was written; to go on without it, `telform journal restart` keeps it aside as evidence".to_owned(),
                )),
                None => Ok(journal),
            }
        }
        Err(error) => Err((format!("{error} [{}]", error.code()), error.help())),
    };
    let journal = match kept {
        Ok(journal) => journal,
        Err((found, mend)) => return checks.add(ABOUT, "journal", Verdict::Wrong, found, &mend),
    };
    let behind = journal.ended_after(ledger.journal.as_ref());
    // Of a ledger that could not be read nobody knows how far it had come.
    if behind > 0 && is_read {
        let (found, mend) = crate::cli::journal::behind(behind);
        checks.add(
            ABOUT,
            "ledger",
            Verdict::Warning,
            format!("{found} [{}]", crate::cli::journal::BEHIND),
            mend,
        );
    }
    let runs = journal::runs(&journal.lines);
    let open: Vec<&str> = runs.iter().filter(|run| run.finished.is_none()).map(|run| run.id).collect();
    if open.is_empty() {
        let count = runs.len();
        let word = crate::view::plural(count, "runs");
        return checks.ok(ABOUT, "journal", format!("whole, {count} {word}, all ended"));
    }
    let found = format!("whole; cut off: {}", open.join(", "));
    checks.add(ABOUT, "journal", Verdict::Warning, found, "`telform resume` settles what was open");
}

/// What must stay out of version control: the key, secret files, what a sandbox keeps. Git itself is asked, where it is.
pub(super) fn ignored(checks: &mut Checks, store: &Store, desired: &Desired, world: Option<&Path>) {
    let tokens = desired.accounts.values().map(|account| &account.token);
    let objects = desired.objects.values().flat_map(|object| object.attributes.values());
    let secrets = objects.filter_map(|wanted| match wanted {
        Wanted::Secret(secret) => Some(&secret.source),
        Wanted::Value(_) => None,
    });
    let mut files: Vec<PathBuf> = tokens
        .chain(secrets)
        .filter_map(|source| match source {
            SecretSource::File(path) => Some(path.clone()),
            SecretSource::Env(_) | SecretSource::Command(_) => None,
        })
        .collect();
    files.push(PathBuf::from(store.key_shown()));
    files.extend(world.map(crate::cli::embedded::state_of));
    files.retain(|file| !file.as_os_str().is_empty());
    files.sort();
    files.dedup();
    match open_files(&files) {
        None => checks.ok(ABOUT, "git", "not a work tree of git, or git is not there"),
        Some(open) if open.is_empty() => {
            checks.ok(ABOUT, "git", "the key and all secret files are ignored, or lie outside");
        }
        Some(open) => checks.add(
            ABOUT,
            "git",
            Verdict::Wrong,
            format!("git would take {}", open.join(", ")),
            "add them to .gitignore (`telform init` writes the lines); what was committed already must be changed",
        ),
    }
}

/// Files that git does not ignore; none where git cannot say. A file outside of the work tree is nobody's to commit.
fn open_files(files: &[PathBuf]) -> Option<Vec<String>> {
    let open = files.iter().filter(|file| git::ignores(file) == Some(false));
    git::is_work_tree().then(|| open.map(|file| file.display().to_string()).collect())
}
