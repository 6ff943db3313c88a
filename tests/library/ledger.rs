//! The ledger as a file: what was saved is read back, a failed save leaves the old file, an unreadable file is never
//! overwritten, and nothing in it can be compared without the key.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use litemap::LiteMap;
use serde_json::json;
use telform::model::ledger::{
    AccountEntry, ConfiguredAccount, FORMAT, FingerprintKey, FollowedAccount, Ledger, ManagedObject, ObjectOrigin, PendingCreate,
    ReshapedValue, SubmittedValue, UntakenValue, ValueIdentity, digest_of,
};
use telform::model::resource::Address;
use telform::model::value::Secret;
use telform::state::ledger::{LEASE, LedgerError, LedgerStore, LockEvent, LockHandle, LockHolder, LockOptions};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The store is asynchronous because it may be far away; a file is not.
fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

/// A part of keys that cannot be guessed.
const STRONG: &str = "5f0c1e9a7b3d284c6a91e0f7d2b84c3e";

fn key(text: &str) -> FingerprintKey {
    FingerprintKey::from_text(&format!("{text}-{STRONG}")).expect("long enough")
}

fn store(folder: &Path) -> LedgerStore {
    LedgerStore::from_place_text(folder.join("ledger.json").to_str().expect("a plain path")).expect("a file path")
}

fn path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("ledger.json")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// One with something in every field.
fn full(key: &FingerprintKey) -> Ledger {
    let mut ledger = Ledger::with_new_id();
    ledger.key_check = Some(key.key_check());
    let account = AccountEntry { api: "unpod".into(), base_url: "https://unpod.ai".into(), organization: Some("acme".into()) };
    ledger.accounts.insert("main".into(), account);
    let fingerprint = key.fingerprint_secret("providers", "auth_token", &Secret::new("canary-of-the-ledger"));
    let entry = ManagedObject {
        account: "main".into(),
        id: "42".into(),
        origin: ObjectOrigin::Adopted,
        since: "2026-11-22T00:00:00Z".into(),
        key: LiteMap::from_iter([("provider".into(), "twilio".into())]),
        secrets: LiteMap::from_iter([("auth_token".into(), key.seal_fingerprint("main", "42", "auth_token", &fingerprint))]),
        unreadable: Default::default(),
        submitted: LiteMap::from_iter([(
            "owner_email".into(),
            SubmittedValue { digest: digest_of(&json!("a@b.c")), since: "2026-11-22T00:00:00Z".into() },
        )]),
        seen: [("name".into(), digest_of(&json!("x")))].into_iter().collect(),
        reshaped: LiteMap::from_iter([(
            "phonenumber".into(),
            ReshapedValue {
                sent: ValueIdentity::Value(digest_of(&json!("1"))),
                observed: ValueIdentity::Value(digest_of(&json!(null))),
            },
        )]),
        not_taken: LiteMap::from_iter([(
            "api_key".into(),
            UntakenValue {
                sent: ValueIdentity::Secret(key.seal_fingerprint("main", "42", "api_key", &fingerprint)),
                observed: ValueIdentity::Value(digest_of(&json!(null))),
                run: "0193".into(),
            },
        )]),
        hidden_since: Some("2026-11-22T00:00:00Z".into()),
        former: BTreeSet::from(["41".into()]),
        replaced: BTreeSet::from(["40".into(), "41".into()]),
        prevent_delete: true,
        left_behind: BTreeSet::new(),
        sealed_as: None,
    };
    ledger.objects.insert(Address::new("providers", "with.dots"), entry);
    let attempt = PendingCreate {
        account: "main".into(),
        key: LiteMap::from_iter([("login".into(), "acme".into())]),
        since: "2026-11-22T00:00:00Z".into(),
        created: None,
    };
    ledger.attempts.insert(Address::new("partners", "acme"), attempt);
    ledger.note_connected("main", "sales", "+14155550101", "42");
    ledger
}

#[test]
fn what_was_saved_comes_back() {
    let (folder, key) = (folder(), key("k"));
    let store = store(folder.path());
    assert!(wait(store.load()).expect("no file is no error").is_none());
    let mut ledger = full(&key);
    wait(store.save(&mut ledger)).expect("saved");
    assert_eq!(ledger.serial, 1, "each save raises the serial");
    assert_eq!(wait(store.load()).expect("readable").as_ref(), Some(&ledger));
    wait(store.save(&mut ledger)).expect("saved again");
    assert_eq!(wait(store.load()).expect("readable").map(|ledger| ledger.serial), Some(2));
}

#[test]
fn a_folder_that_is_missing_is_made_and_keeps_keys_out_of_git() {
    let folder = folder();
    let store = store(&folder.path().join("new/.telform"));
    wait(store.save(&mut Ledger::with_new_id())).expect("saved");
    let ignored = fs::read_to_string(folder.path().join("new/.telform/.gitignore")).expect("a note to git");
    assert!(ignored.lines().any(|line| line == "*.key") && ignored.lines().any(|line| line == "*.lock"));
}

/// A process that has the old file open still reads all of it: the new file replaced it and was not written into it.
#[test]
fn a_save_replaces_the_file_as_a_whole() {
    let (folder, key) = (folder(), key("k"));
    let store = store(folder.path());
    let mut ledger = full(&key);
    wait(store.save(&mut ledger)).expect("saved");
    let before = fs::read_to_string(path(&folder)).expect("readable");
    let mut old = fs::File::open(path(&folder)).expect("open");
    ledger.objects.clear();
    wait(store.save(&mut ledger)).expect("saved again");
    let mut seen = String::new();
    old.read_to_string(&mut seen).expect("readable");
    assert_eq!(seen, before);
    let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(names, ["ledger.json"], "no half-written file stays behind");
}

#[cfg(unix)]
#[test]
fn a_save_that_fails_leaves_the_old_ledger() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, key) = (folder(), key("k"));
    let store = store(folder.path());
    let mut ledger = full(&key);
    wait(store.save(&mut ledger)).expect("saved");
    let before = fs::read(path(&folder)).expect("readable");
    let mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("my folder");
    mode(0o555);
    let writable = fs::write(folder.path().join("probe"), "").is_ok();
    let saved = wait(store.save(&mut ledger));
    mode(0o755);
    if writable {
        return; // The superuser writes where nobody may; the next test fails a save for everybody.
    }
    assert!(matches!(saved, Err(LedgerError::Io { .. })), "{saved:?}");
    assert_eq!(fs::read(path(&folder)).expect("readable"), before);
}

/// A folder is where the ledger should be: nothing can replace it.
#[test]
fn a_save_that_fails_leaves_nothing_behind() {
    let folder = folder();
    fs::create_dir_all(folder.path().join("ledger.json/full")).expect("made");
    let store = store(folder.path());
    assert!(matches!(wait(store.save(&mut Ledger::with_new_id())), Err(LedgerError::Io { .. })));
    assert!(matches!(wait(store.load()), Err(LedgerError::Io { .. })));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no half-written file stays behind");
}

/// Every prefix of a ledger, and what other programs leave behind, is an error; the file is left as it is.
#[test]
fn what_is_no_whole_ledger_is_an_error_and_stays() {
    let (folder, key) = (folder(), key("k"));
    let store = store(folder.path());
    wait(store.save(&mut full(&key))).expect("saved");
    let whole = fs::read_to_string(path(&folder)).expect("readable");
    let cuts = (0..whole.trim_end().len()).filter(|cut| cut % 7 == 0).map(|cut| whole[..cut].to_owned());
    let others = [
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "{\"format\": \"1\"}".to_owned(),
        format!("{whole}{whole}"),
        whole.replacen("\"serial\"", "\"cereal\"", 1),
        whole.replacen("\"format\"", "\"unknown\": 1,\n \"format\"", 1),
        whole.replacen("providers.with.dots", "providers", 1),
        "\u{0}".repeat(64),
    ];
    for text in cuts.chain(others) {
        fs::write(path(&folder), &text).expect("written");
        match wait(store.load()) {
            Err(LedgerError::Damaged { why, .. }) => assert!(!why.contains("canary"), "{why}"),
            other => panic!("{:.60}: {other:?}", text),
        }
        assert_eq!(fs::read_to_string(path(&folder)).expect("readable"), text);
    }
    fs::write(path(&folder), [0xff, 0xfe, 0x00]).expect("written");
    assert!(wait(store.load()).is_err(), "no text at all");
}

#[test]
fn a_newer_format_is_an_error_and_stays() {
    let (folder, key) = (folder(), key("k"));
    let store = store(folder.path());
    wait(store.save(&mut full(&key))).expect("saved");
    let text = fs::read_to_string(path(&folder)).expect("readable");
    let newer = text.replacen(&format!("\"format\": {FORMAT}"), &format!("\"format\": {}", FORMAT + 1), 1);
    assert_ne!(newer, text);
    fs::write(path(&folder), &newer).expect("written");
    assert!(matches!(wait(store.load()), Err(LedgerError::Newer { found, .. }) if found == u64::from(FORMAT) + 1));
    assert_eq!(fs::read_to_string(path(&folder)).expect("readable"), newer);
}

#[test]
fn a_ledger_of_another_account_is_refused() {
    let (folder, key) = (folder(), key("k"));
    let store = store(folder.path());
    let ledger = full(&key);
    let mine = ledger.accounts["main"].clone();
    let login = |name: &str, is: AccountEntry| ConfiguredAccount {
        name: name.to_owned(),
        entry: is,
        previous_base_url: None,
        previous_names: Vec::new(),
        organization: true,
    };
    let check = |login: ConfiguredAccount| {
        let mut ledger = ledger.clone();
        ledger.follow_accounts(std::slice::from_ref(&login));
        store.check_accounts(&ledger, &[login]).map(|()| ledger)
    };
    assert!(check(login("main", mine.clone())).is_ok());
    let other_api = AccountEntry { api: "carrierx".into(), ..mine.clone() };
    assert!(check(login("new", other_api.clone())).is_ok(), "a new account is welcome");
    let moved = AccountEntry { base_url: "https://unpod.dev".into(), ..mine.clone() };
    let others = [
        other_api,
        moved.clone(),
        AccountEntry { organization: Some("other".into()), ..mine.clone() },
        AccountEntry { organization: None, ..mine.clone() },
    ];
    for other in others {
        assert!(matches!(check(login("main", other)), Err(LedgerError::Foreign { .. })));
    }
    // The earlier address of the service is declared explicitly, and matches.
    let was = |was: &str| ConfiguredAccount { previous_base_url: Some(was.to_owned()), ..login("main", moved.clone()) };
    assert_eq!(check(was(&mine.base_url)).unwrap().accounts["main"], moved);
    assert!(check(was("https://elsewhere.example")).is_err());
    // The same account under another name keeps everything, and its seals stay readable.
    let renamed = check(login("other", mine.clone())).unwrap();
    assert_eq!(renamed.followed, [FollowedAccount::Renamed { from: "main".into(), to: "other".into() }]);
    assert!(renamed.objects.values().all(|entry| entry.account != "main"));
    let sealed = renamed.objects.values().filter(|entry| !entry.secrets.is_empty());
    assert!(sealed.clone().count() > 0 && sealed.into_iter().all(|entry| entry.seal_account() == "main"));
    // A name that is declared to be this account and is not: neither is used.
    let named = ConfiguredAccount { previous_names: vec!["main".into()], ..login("other", moved) };
    assert!(matches!(check(named), Err(LedgerError::Foreign { .. })));
}

#[test]
fn places_where_no_ledger_can_be_are_refused() {
    let places = [
        "",
        " ",
        "telform.lock",
        "a/ledger.key",
        "gs://x",
        "s3://",
        "s3:///ledger.json",
        "s3://bucket/",
        "s3://bucket/folder/",
        "s3://bucket/a//b.json",
        "s3://bucket/../b.json",
        "s3://bucket/ledger.lock",
        "s3://bucket/ledger.json?x=1",
        "s3://AKIA:hunter2-canary@bucket/ledger.json?token=canary",
        "https://example.net/ledger",
        "ftp://example.net/ledger",
    ];
    for place in places {
        let refused = LedgerStore::from_place_text(place).expect_err(place);
        assert!(matches!(refused, LedgerError::Place { .. }), "{place}: {refused}");
        assert!(!format!("{refused} {refused:?}").contains("canary"), "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_not_replaced() {
    let folder = folder();
    let real = folder.path().join("real.json");
    let first = LedgerStore::from_place_text(real.to_str().expect("a plain path")).expect("a file path");
    wait(first.save(&mut Ledger::with_new_id())).expect("saved");
    std::os::unix::fs::symlink(&real, folder.path().join("ledger.json")).expect("linked");
    let store = store(folder.path());
    let mut ledger = wait(store.load()).expect("readable").expect("there");
    wait(store.save(&mut ledger)).expect("saved");
    assert!(fs::symlink_metadata(folder.path().join("ledger.json")).expect("there").is_symlink());
    assert!(fs::read_to_string(real).expect("readable").contains("\"serial\": 2"));
}

#[cfg(unix)]
#[test]
fn the_key_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let store = store(folder.path());
    assert!(store.fingerprint_key(None).expect("none is no error").is_none());
    let made = store.make_key().expect("made");
    let path: PathBuf = folder.path().join("ledger.key");
    assert!(!path.exists(), "a run that writes nothing leaves no key behind");
    store.keep_new_key().expect("kept");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let read = store.fingerprint_key(None).expect("readable").expect("there");
    assert_eq!(read.key_check(), made.key_check());
    let text = fs::read_to_string(&path).expect("readable");
    store.make_key().expect("another one");
    assert!(store.keep_new_key().is_err(), "a key is never kept twice: what was sealed with the first would be lost");
    assert_eq!(fs::read_to_string(&path).expect("readable"), text);
    for open in [0o640, 0o604, 0o660, 0o777] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).expect("my file");
        let refused = store.fingerprint_key(None).expect_err("open to others");
        assert!(matches!(refused, LedgerError::OpenKey { mode, .. } if mode == open), "{refused}");
        assert!(!format!("{refused} {refused:?}").contains(&text), "the key is in no message");
    }
}

#[test]
fn short_keys_are_refused_and_empty_ones_are_none() {
    let folder = folder();
    let store = store(folder.path());
    assert!(matches!(store.fingerprint_key(Some("short-canary")), Err(LedgerError::Key(_))));
    assert!(store.fingerprint_key(Some("")).expect("as if it were not set").is_none());
    assert!(store.fingerprint_key(Some(&FingerprintKey::generate_text())).expect("long enough").is_some());
}

fn lock(store: &LedgerStore, patience: Duration, told: &(dyn Fn(&LockEvent<'_>) + Sync)) -> Result<LockHandle, LedgerError> {
    let keepers = TaskTracker::new();
    wait(store.lock(&LockOptions {
        timeout: patience,
        lease: LEASE,
        renewal_tasks: &keepers,
        cancel: &CancellationToken::new(),
        on_event: told,
        read_ahead: false,
    }))
}

#[test]
fn a_lock_names_its_holder_and_goes_with_it() {
    let folder = folder();
    let store = store(folder.path());
    assert_eq!(wait(store.lock_holder()).expect("readable"), LockHolder::Nobody);
    let first = lock(&store, Duration::ZERO, &|_| {}).expect("free");
    let refused = lock(&store, Duration::ZERO, &|_| {}).expect_err("held");
    let LedgerError::Locked { holder, breakable: None, .. } = &refused else { panic!("{refused}") };
    assert!(holder.contains(&format!("(process {}, lock ", std::process::id())), "{holder}");
    let LockHolder::Run { id, words, expired: false } = wait(store.lock_holder()).expect("readable") else {
        panic!("somebody has it")
    };
    assert!(words.contains(&id) && holder.contains(&id), "{words}");
    // The lock of a file cannot be broken from outside, whatever it is called.
    let unbroken = wait(store.unlock(&id)).expect_err("its process lives");
    assert!(matches!(&unbroken, LedgerError::Unbroken { why, .. } if why.contains("process")), "{unbroken}");
    assert!(lock(&store, Duration::ZERO, &|_| {}).is_err(), "still held");
    drop(first);
    assert_eq!(wait(store.lock_holder()).expect("readable"), LockHolder::Nobody);
    let again = lock(&store, Duration::ZERO, &|_| {}).expect("free again");
    assert!(!lock(&store, Duration::ZERO, &|_| {}).expect_err("held").to_string().contains(&id), "a new id");
    drop(again);
}

#[test]
fn patience_waits_for_the_lock_and_says_for_whom() {
    let folder = folder();
    let store = store(folder.path());
    let held = std::sync::Mutex::new(Some(lock(&store, Duration::ZERO, &|_| {}).expect("free")));
    let heard = std::sync::Mutex::new(Vec::new());
    // The holder ends when a waiter announces itself.
    let told = |text: &LockEvent<'_>| {
        heard.lock().expect("whole").push(text.to_string());
        drop(held.lock().expect("whole").take());
    };
    lock(&store, Duration::from_secs(60), &told).expect("free after a while");
    let heard = heard.into_inner().expect("whole");
    assert!(matches!(&heard[..], [one] if one.contains("waiting") && one.contains("in use")), "{heard:?}");
    // Patience ends.
    let _held = lock(&store, Duration::ZERO, &|_| {}).expect("free");
    let refused = lock(&store, Duration::from_millis(150), &|_| {}).expect_err("held");
    assert!(matches!(refused, LedgerError::Locked { .. }), "{refused}");
}

/// A process that ignores the lock wrote the file after it was read.
#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let (folder, key) = (folder(), key("k"));
    let mine = store(folder.path());
    let theirs = store(folder.path());
    // Both saw no file; the second one to save finds one.
    assert!(wait(mine.load()).expect("none").is_none() && wait(theirs.load()).expect("none").is_none());
    wait(theirs.save(&mut full(&key))).expect("saved");
    let there = fs::read(path(&folder)).expect("readable");
    let refused = wait(mine.save(&mut Ledger::with_new_id())).expect_err("something is there");
    assert!(matches!(refused, LedgerError::Changed { .. }), "{refused}");
    assert_eq!(fs::read(path(&folder)).expect("readable"), there);
    // Both loaded the same; the second one to save would undo the first.
    let mut one = wait(mine.load()).expect("readable").expect("there");
    let mut two = wait(theirs.load()).expect("readable").expect("there");
    wait(mine.save(&mut one)).expect("saved");
    let there = fs::read(path(&folder)).expect("readable");
    assert!(matches!(wait(theirs.save(&mut two)), Err(LedgerError::Changed { .. })));
    assert_eq!(fs::read(path(&folder)).expect("readable"), there);
    assert_eq!((one.serial, one.id == two.id, one.write == two.write), (two.serial, true, false));
    // It was deleted: creating it again would restore what someone removed.
    fs::remove_file(path(&folder)).expect("mine");
    assert!(matches!(wait(mine.save(&mut one)), Err(LedgerError::Changed { .. })));
    assert!(!path(&folder).exists());
    let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert!(names.is_empty(), "no half-written file stays behind: {names:?}");
}

#[test]
fn equal_secrets_of_two_objects_do_not_look_alike() {
    let key = key("k");
    let secret = Secret::new("the same for both");
    let print = key.fingerprint_secret("providers", "auth_token", &secret);
    assert!(print == key.fingerprint_secret("providers", "auth_token", &Secret::new(" the same for both\n")), "white space");
    let seal = |account: &str, id: &str, field: &str| {
        let sealed = key.seal_fingerprint(account, id, field, &print);
        serde_json::to_string(&sealed).expect("a text")
    };
    let sealed = [
        seal("main", "1", "auth_token"),
        seal("main", "2", "auth_token"),
        seal("other", "1", "auth_token"),
        seal("main", "1", "api_key"),
        seal("mai", "n1", "auth_token"),
        seal("main1", "", "auth_token"),
    ];
    let different: BTreeSet<&String> = sealed.iter().collect();
    assert_eq!(different.len(), sealed.len());
    assert_eq!(seal("main", "1", "auth_token"), sealed[0], "the same object seals alike");
    assert!(print != key.fingerprint_secret("providers", "api_key", &secret), "another field");
    assert!(print != key.fingerprint_secret("providers", "auth_token", &Secret::new("other")), "another secret");
}

#[test]
fn another_key_reads_nothing() {
    let (mine, other) = (key("k"), key("x"));
    let ledger = full(&mine);
    assert!(ledger.readable_with(&mine) && !ledger.readable_with(&other));
    assert!(Ledger::with_new_id().readable_with(&other), "nothing was sealed yet");
    assert_ne!(mine.key_check(), other.key_check());
    let secret = Secret::new("canary-of-the-ledger");
    assert!(mine.fingerprint_secret("a", "b", &secret) != other.fingerprint_secret("a", "b", &secret));
}

#[test]
fn no_secret_and_no_key_in_the_file_or_in_debug() {
    let (folder, key) = (folder(), key("k"));
    let store = store(folder.path());
    let mut ledger = full(&key);
    wait(store.save(&mut ledger)).expect("saved");
    let text = fs::read_to_string(path(&folder)).expect("readable");
    for printed in [text, format!("{ledger:?} {key:?}"), format!("{:#?}", store)] {
        assert!(!printed.contains("canary-of-the-ledger") && !printed.contains(STRONG), "{printed}");
    }
}

#[test]
fn a_connection_is_known_once_for_each_number_of_a_bridge() {
    let mut ledger = Ledger::with_new_id();
    ledger.note_connected("main", "sales", "+1", "42");
    ledger.note_connected("main", "sales", "+1", "43");
    ledger.note_connected("main", "other", "+1", "44");
    ledger.note_connected("second", "sales", "+1", "45");
    assert_eq!(ledger.connected_configuration("main", "sales", "+1"), Some("43"));
    assert_eq!(ledger.connections.len(), 3);
    ledger.note_disconnected("main", "sales", "+1");
    assert_eq!(ledger.connected_configuration("main", "sales", "+1"), None);
    assert_eq!(ledger.connected_configuration("second", "sales", "+1"), Some("45"));
}
