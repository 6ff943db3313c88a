//! The ledger and its lock in an object store that behaves like real ones at their worst: it loses answers, reports
//! false conflicts, and is unavailable for a while. The stories show the same against a real S3 server.

#![cfg(feature = "remote-state")]

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use serde_json::{Value, json};
use telform::model::ledger::Ledger;
use telform::state::journal::{self, JournalLog, JournalRecord, JournalRecorder, StampingJournal};
use telform::state::ledger::{
    ConditionalWrites, LEASE, LedgerError, LedgerStore, LockEvent, LockHandle, LockHolder, LockOptions, PutOutcome, RemoteStore,
    StateStore,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const LEDGER: &str = "team/ledger.json";
const LOCK: &str = "team/ledger.lock";

/// What goes wrong with the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It is stored; the client repeats it, and the repetition is told that it lost a race.
    LandedThenRaced,
    /// It lands, and no answer comes.
    LandedThenSilence,
    /// It does not land, and no answer comes.
    Silence,
    /// Two writes at the same moment: S3 takes neither and answers 409.
    ConflictOfNothing,
}

#[derive(Debug, Default)]
struct Faulty {
    inner: InMemory,
    next: Mutex<Vec<Fault>>,
    away: Mutex<bool>,
    /// Its words when it is.
    says: Mutex<String>,
    /// How much older an object is that a test laid there, with its tag.
    aged: Mutex<(Duration, Option<String>)>,
    puts: AtomicUsize,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.puts.fetch_add(1, Ordering::Relaxed);
        if *self.away.lock().unwrap() {
            return Err(self.silence());
        }
        let fault = self.next_fault();
        let (path, source) = (at.to_string(), "faulty".into());
        let raced = match options.mode {
            PutMode::Create => Error::AlreadyExists { path, source },
            _ => Error::Precondition { path, source },
        };
        match fault {
            None => self.inner.put_opts(at, payload, options).await,
            Some(Fault::LandedThenRaced) => {
                self.inner.put_opts(at, payload, options).await?;
                Err(raced)
            }
            Some(Fault::LandedThenSilence) => {
                self.inner.put_opts(at, payload, options).await?;
                Err(self.silence())
            }
            Some(Fault::Silence) => Err(self.silence()),
            Some(Fault::ConflictOfNothing) => Err(raced),
        }
    }

    async fn put_multipart_opts(&self, at: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        if *self.away.lock().unwrap() {
            return Err(self.silence());
        }
        let mut found = self.inner.get_opts(at, options).await?;
        let (aged, laid) = &*self.aged.lock().unwrap();
        if laid.is_some() && found.meta.e_tag == *laid {
            found.meta.last_modified -= *aged;
        }
        Ok(found)
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl Faulty {
    fn silence(&self) -> Error {
        Error::Generic { store: "faulty", source: self.says.lock().unwrap().clone().into() }
    }

    fn place(self: &Arc<Self>) -> StateStore {
        let objects: Arc<dyn ObjectStore> = Arc::clone(self) as Arc<dyn ObjectStore>;
        StateStore::Remote(RemoteStore::over_objects(objects, "s3://bucket", LEDGER).unwrap())
    }

    fn store(self: &Arc<Self>) -> LedgerStore {
        LedgerStore::over_store(self.place())
    }

    fn next_fault(&self) -> Option<Fault> {
        let mut next = self.next.lock().unwrap();
        if next.is_empty() { None } else { Some(next.remove(0)) }
    }

    fn fault(&self, fault: Fault) {
        self.next.lock().unwrap().push(fault);
    }

    async fn text(&self, path: &str) -> String {
        let bytes = self.inner.get(&Path::from(path)).await.unwrap().bytes().await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path).await).unwrap()
    }

    async fn lay(&self, path: &str, text: String) {
        let put = self.inner.put(&Path::from(path), text.into()).await.unwrap();
        self.aged.lock().unwrap().1 = put.e_tag;
    }
}

async fn lock(store: &LedgerStore, keepers: &TaskTracker, lease: Duration) -> std::result::Result<LockHandle, LedgerError> {
    store
        .lock(&LockOptions {
            timeout: Duration::ZERO,
            lease,
            renewal_tasks: keepers,
            cancel: &CancellationToken::new(),
            on_event: &|_| {},
            read_ahead: false,
        })
        .await
}

/// Looks again until something is so; the test's own time limit ends it otherwise.
async fn until<F: Future<Output = bool>>(mut so: impl FnMut() -> F) {
    while !so().await {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_known_as_ones_own() {
    for fault in [Fault::LandedThenRaced, Fault::LandedThenSilence] {
        let objects = Arc::new(Faulty::default());
        let store = objects.store();
        assert!(store.load().await.unwrap().is_none());
        let mut ledger = Ledger::with_new_id();
        for serial in 1..4 {
            objects.fault(fault);
            store.save(&mut ledger).await.unwrap_or_else(|error| panic!("{fault:?} {serial}: {error}"));
            let there = objects.json(LEDGER).await;
            assert_eq!((&there["serial"], &there["write"]), (&json!(serial), &json!(ledger.write)));
        }
        let keepers = TaskTracker::new();
        objects.fault(fault);
        let held = lock(&store, &keepers, LEASE).await.unwrap();
        assert_eq!(objects.json(LOCK).await["state"], "held");
        objects.fault(fault);
        drop(held);
        keepers.close();
        keepers.wait().await;
        assert_eq!(objects.json(LOCK).await["state"], "free");
        assert!(objects.next.lock().unwrap().is_empty(), "every fault came up");
    }
}

#[tokio::test]
async fn a_conflict_of_nothing_is_tried_again() {
    let objects = Arc::new(Faulty::default());
    let store = objects.store();
    let mut ledger = Ledger::with_new_id();
    for _ in 0..2 {
        objects.fault(Fault::ConflictOfNothing);
        objects.fault(Fault::ConflictOfNothing);
        store.save(&mut ledger).await.unwrap();
    }
    assert_eq!(objects.puts.load(Ordering::Relaxed), 6);
    assert_eq!(objects.json(LEDGER).await["serial"], 2);
}

#[tokio::test]
async fn silence_is_an_error_and_the_next_save_goes_on() {
    let objects = Arc::new(Faulty::default());
    let store = objects.store();
    let mut ledger = Ledger::with_new_id();
    store.save(&mut ledger).await.unwrap();
    let before = objects.text(LEDGER).await;
    objects.fault(Fault::Silence);
    let error = store.save(&mut ledger).await.unwrap_err();
    assert!(matches!(error, LedgerError::Remote { what: "write", .. }), "{error}");
    assert_eq!(objects.text(LEDGER).await, before);
    store.save(&mut ledger).await.unwrap();
    *objects.away.lock().unwrap() = true;
    *objects.says.lock().unwrap() = "connection reset".to_owned();
    let error = store.load().await.unwrap_err();
    assert!(error.to_string().contains("connection reset") && error.help().contains("network"), "{error}");
}

#[tokio::test]
async fn who_loses_the_race_overwrites_nothing() {
    let objects = Arc::new(Faulty::default());
    let (first, second) = (objects.store(), objects.store());
    assert!(first.load().await.unwrap().is_none() && second.load().await.unwrap().is_none());
    first.save(&mut Ledger::with_new_id()).await.unwrap();
    let there = objects.text(LEDGER).await;
    assert!(matches!(second.save(&mut Ledger::with_new_id()).await, Err(LedgerError::Changed { .. })));
    assert_eq!(objects.text(LEDGER).await, there);
    let mut one = first.load().await.unwrap().unwrap();
    let mut two = second.load().await.unwrap().unwrap();
    first.save(&mut one).await.unwrap();
    let there = objects.text(LEDGER).await;
    let error = second.save(&mut two).await.unwrap_err();
    assert!(matches!(error, LedgerError::Changed { .. }) && error.help().contains("run the command again"), "{error}");
    assert_eq!(objects.text(LEDGER).await, there);
    // It was taken away: a save does not bring it back.
    objects.inner.delete(&Path::from(LEDGER)).await.unwrap();
    assert!(matches!(first.save(&mut one).await, Err(LedgerError::Changed { .. })));
    assert!(objects.inner.head(&Path::from(LEDGER)).await.is_err());
}

#[tokio::test]
async fn what_is_no_whole_ledger_stays_and_can_be_set_aside() {
    let objects = Arc::new(Faulty::default());
    let store = objects.store();
    for (text, newer) in [("", false), ("{\"format\": 1", false), ("[]", false), ("{\"format\": 2}", true)] {
        objects.lay(LEDGER, text.to_owned()).await;
        let error = store.load().await.unwrap_err();
        assert_eq!(matches!(error, LedgerError::Newer { .. }), newer, "{error}");
        assert!(newer || matches!(error, LedgerError::Damaged { .. }), "{error}");
        assert!(matches!(store.save(&mut Ledger::with_new_id()).await, Err(LedgerError::Changed { .. })));
        assert_eq!(objects.text(LEDGER).await, text);
    }
    let aside = store.set_aside("old").await.unwrap();
    assert_eq!(aside.as_deref(), Some("s3://bucket/team/ledger.json.old"));
    store.save(&mut Ledger::with_new_id()).await.unwrap();
    assert_eq!(objects.text("team/ledger.json.old").await, "{\"format\": 2}");
    assert_eq!(objects.json(LEDGER).await["serial"], 1);
}

#[tokio::test]
async fn a_lock_is_renewed_while_its_run_goes_on() {
    let objects = Arc::new(Faulty::default());
    let (store, other, keepers) = (objects.store(), objects.store(), TaskTracker::new());
    let held = lock(&store, &keepers, Duration::from_secs(4)).await.unwrap();
    let first = objects.json(LOCK).await;
    assert!(matches!(lock(&other, &keepers, LEASE).await, Err(LedgerError::Locked { .. })));
    // The answer of one renewal is lost, and the store says nothing at all to another one.
    objects.fault(Fault::LandedThenRaced);
    objects.fault(Fault::Silence);
    until(|| async { objects.json(LOCK).await["expires"] != first["expires"] }).await;
    until(|| async { objects.next.lock().unwrap().is_empty() }).await;
    let now = objects.json(LOCK).await["expires"].clone();
    until(|| async { objects.json(LOCK).await["expires"] != now }).await;
    let last = objects.json(LOCK).await;
    assert_eq!((&last["id"], &last["state"]), (&first["id"], &json!("held")));
    assert_ne!(last["write"], first["write"]);
    store.check_lock().unwrap();
    drop(held);
    keepers.close();
    keepers.wait().await;
    assert_eq!(objects.json(LOCK).await["state"], "free");
    assert_eq!(other.lock_holder().await.unwrap(), LockHolder::Nobody);
}

#[tokio::test]
async fn a_run_that_lost_its_lock_saves_nothing_more() {
    let objects = Arc::new(Faulty::default());
    let (store, other, keepers) = (objects.store(), objects.store(), TaskTracker::new());
    let mut ledger = Ledger::with_new_id();
    let held = lock(&store, &keepers, Duration::from_millis(500)).await.unwrap();
    store.save(&mut ledger).await.unwrap();
    let LockHolder::Run { id, expired: false, .. } = other.lock_holder().await.unwrap() else { panic!("held") };
    let words = other.unlock(&id).await.unwrap();
    assert!(words.contains(&id), "{words}");
    until(|| async { store.check_lock().is_err() }).await;
    let error = store.save(&mut ledger).await.unwrap_err();
    assert!(error.to_string().contains("it was freed during this run"), "{error}");
    assert_eq!(objects.json(LEDGER).await["serial"], 1);
    // Its end does not free the lock of the next run.
    let next = lock(&other, &keepers, LEASE).await.unwrap();
    drop(held);
    tokio::task::yield_now().await;
    assert!(matches!(store.lock_holder().await.unwrap(), LockHolder::Run { id: other, .. } if other != id));
    drop(next);
    keepers.close();
    keepers.wait().await;
}

#[tokio::test]
async fn a_store_that_is_away_too_long_ends_the_run() {
    let objects = Arc::new(Faulty::default());
    let (store, keepers) = (objects.store(), TaskTracker::new());
    let _held = lock(&store, &keepers, Duration::from_millis(400)).await.unwrap();
    *objects.away.lock().unwrap() = true;
    until(|| async { store.check_lock().is_err() }).await;
    *objects.away.lock().unwrap() = false;
    // Renewed at last, without another holder in between: it is held again.
    until(|| async { store.check_lock().is_ok() }).await;
}

/// A lock note that some run left behind, whose machine has a calendar of its own.
fn left(renewed: &str, expires: &str) -> Value {
    json!({
        "format": 1, "state": "held", "id": "the-id-of-it", "write": "w1", "owner": "alice", "host": "ci-7", "pid": 4242,
        "ci": "https://ci.example/runs/7", "since": "2026-01-02T03:04:05Z", "renewed": renewed, "expires": expires,
    })
}

#[tokio::test]
async fn a_dead_owners_lock_explains_itself_and_goes_to_one_heir() {
    let objects = Arc::new(Faulty::default());
    let keepers = TaskTracker::new();
    // By the calendar of its machine it expired long ago. The store says that it was just written.
    objects.lay(LOCK, left("2026-01-02T03:14:05Z", "2026-01-02T03:19:05Z").to_string()).await;
    let store = objects.store();
    let refused = lock(&store, &keepers, LEASE).await.unwrap_err();
    let text = refused.to_string();
    for words in
        ["alice", "ci-7", "4242", "2026-01-02T03:04:05Z", "the-id-of-it", "https://ci.example/runs/7", "5 min after that"]
    {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(refused.help().contains("--lock-id the-id-of-it"), "{}", refused.help());
    assert!(matches!(store.unlock("another-id").await, Err(LedgerError::Unbroken { .. })));
    assert_eq!(objects.json(LOCK).await["state"], "held");

    // By the calendar of its machine it does not expire for thousands of years.
    objects.lay(LOCK, left("9999-01-02T03:14:05Z", "9999-01-02T03:19:05Z").to_string()).await;
    objects.aged.lock().unwrap().0 = LEASE;
    assert!(matches!(lock(&store, &keepers, LEASE).await, Err(LedgerError::Locked { .. })));
    objects.aged.lock().unwrap().0 = LEASE + Duration::from_secs(1);
    let heard = Mutex::new(Vec::new());
    let told = |text: &LockEvent<'_>| heard.lock().unwrap().push(text.to_string());
    let stop = CancellationToken::new();
    let renewal_tasks = &keepers;
    let wish =
        LockOptions { timeout: Duration::ZERO, lease: LEASE, renewal_tasks, cancel: &stop, on_event: &told, read_ahead: false };
    let heirs: Vec<LedgerStore> = (0..16).map(|_| objects.store()).collect();
    let ends = futures_util::future::join_all(heirs.iter().map(|heir| heir.lock(&wish))).await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
    assert!(ends.iter().all(|end| matches!(end, Ok(_) | Err(LedgerError::Locked { .. }))), "{ends:?}");
    let heard = heard.lock().unwrap().clone();
    assert!(matches!(&heard[..], [one] if one.contains("took over") && one.contains("alice")), "{heard:?}");
}

/// What was read while the lock was taken is the present ledger with its version, and is given once. A lock that another run has
/// gives nothing.
#[tokio::test]
async fn what_is_read_while_the_lock_is_taken_is_what_the_lock_protects() {
    let objects = Arc::new(Faulty::default());
    let (first, second, keepers, stop) = (objects.store(), objects.store(), TaskTracker::new(), CancellationToken::new());
    let renewal_tasks = &keepers;
    let wish =
        LockOptions { timeout: Duration::ZERO, lease: LEASE, renewal_tasks, cancel: &stop, on_event: &|_| {}, read_ahead: true };
    let mut held = first.lock(&wish).await.unwrap();
    let (nothing, journal) = first.load_ahead(held.take_read_ahead()).await.unwrap();
    assert!(nothing.is_none() && journal.is_some_and(|(bytes, _)| bytes.is_empty()) && held.take_read_ahead().is_none());
    let mut ledger = Ledger::with_new_id();
    first.save(&mut ledger).await.unwrap();
    assert!(matches!(second.lock(&wish).await, Err(LedgerError::Locked { .. })));
    drop(held);
    until(|| async { second.lock_holder().await.unwrap() == LockHolder::Nobody }).await;
    let mut held = second.lock(&wish).await.unwrap();
    let (read, _) = second.load_ahead(held.take_read_ahead()).await.unwrap();
    let mut read = read.expect("the ledger");
    assert_eq!(read.saved_as(), ledger.saved_as());
    second.save(&mut read).await.expect("its version is the present one");
    assert!(matches!(first.save(&mut ledger).await, Err(LedgerError::Changed { .. })));
}

/// Once for each store: what was found is in the note, and goes from run to run.
#[tokio::test]
async fn conditional_writes_are_probed_once() {
    let objects = Arc::new(Faulty::default());
    let mut writes = Vec::new();
    for _ in 0..2 {
        let (store, keepers) = (objects.store(), TaskTracker::new());
        let before = objects.puts.load(Ordering::Relaxed);
        let held = lock(&store, &keepers, LEASE).await.unwrap();
        writes.push(objects.puts.load(Ordering::Relaxed) - before);
        drop(held);
        keepers.close();
        keepers.wait().await;
        assert_eq!(store.lock_report().await.unwrap().1, ConditionalWrites::Honoured);
    }
    // The note; the create and the replacement that must be refused, with the version between them; then the note alone.
    assert_eq!(writes, [4, 1]);
    // A newer telform looks again, as does one whose note names another store.
    for (key, value) in [("telform", "0.0.1"), ("store", "https://elsewhere.example minio")] {
        let mut note = objects.json(LOCK).await;
        note["probe"][key] = value.into();
        objects.lay(LOCK, note.to_string()).await;
        let (store, keepers) = (objects.store(), TaskTracker::new());
        assert_eq!(store.lock_report().await.unwrap().1, ConditionalWrites::Unknown);
        let before = objects.puts.load(Ordering::Relaxed);
        lock(&store, &keepers, LEASE).await.unwrap();
        assert_eq!(objects.puts.load(Ordering::Relaxed) - before, 4);
        keepers.close();
        keepers.wait().await;
    }
}

#[tokio::test]
async fn a_lock_that_cannot_be_read_is_left_alone() {
    let objects = Arc::new(Faulty::default());
    let (store, keepers) = (objects.store(), TaskTracker::new());
    for text in ["", "{\"format\": 1}", "{\"format\": 2, \"state\": \"held\"}"] {
        objects.lay(LOCK, text.to_owned()).await;
        let error = lock(&store, &keepers, LEASE).await.unwrap_err();
        assert!(matches!(error, LedgerError::LockDamaged { .. } | LedgerError::Newer { .. }), "{error}");
        assert!(store.unlock("").await.is_err());
        assert_eq!(objects.text(LOCK).await, text);
    }
}

/// Guarantees for other records beside the ledger.
#[tokio::test]
async fn a_place_keeps_more_than_the_ledger() {
    let objects = Arc::new(Faulty::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.json");
    std::fs::create_dir(folder.path().join("ledger.journal")).unwrap();
    for place in [objects.place(), StateStore::from_text(file.to_str().unwrap()).unwrap()] {
        let name = place.sibling_name("journal");
        assert_eq!(name, "ledger.journal");
        let name = format!("{name}/0001.json");
        assert!(place.read(&name).await.unwrap().is_none());
        let PutOutcome::Done(first) = place.create(&name, b"one".to_vec()).await.unwrap() else { panic!("free") };
        assert!(matches!(place.create(&name, b"two".to_vec()).await.unwrap(), PutOutcome::Lost));
        let read = place.read(&name).await.unwrap().unwrap();
        assert!(read.bytes == b"one" && read.version == first);
        let PutOutcome::Done(second) = place.replace(&name, b"two".to_vec(), &first).await.unwrap() else { panic!("unchanged") };
        assert!(second != first);
        assert!(matches!(place.replace(&name, b"three".to_vec(), &first).await.unwrap(), PutOutcome::Lost));
        assert_eq!(place.read(&name).await.unwrap().unwrap().bytes, b"two");
    }
    assert_eq!(objects.text("team/ledger.journal/0001.json").await, "two");
}

/// The text of a store may quote addresses with signatures, key ids and headers.
#[tokio::test]
async fn what_the_store_said_is_told_in_our_own_words() {
    let objects = Arc::new(Faulty::default());
    *objects.away.lock().unwrap() = true;
    let said = |text: &str| *objects.says.lock().unwrap() = text.to_owned();
    let store = objects.store();
    for (text, told) in [
        (
            "Error performing GET https://b.example/x?sig=canary - Server returned non-2xx status code: 400 Bad Request: <Error><Code>MalformedXML</Code><Message>canary</Message></Error>",
            "it answered 400 Bad Request (MalformedXML)",
        ),
        ("Server returned non-2xx status code: 503 Service Unavailable: canary", "it answered 503 Service Unavailable"),
        ("no route to https://b.example/x?sig=canary today", "no route to today"),
        ("", "it did not answer"),
    ] {
        said(text);
        let error = store.load().await.unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read s3://bucket/team/ledger.json: {told}"));
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    assert!(format!("{store:?}").contains("s3://bucket/team/ledger.json"), "{store:?}");
}

/// Who puts an older copy back in the place of an object makes a new version of it, with the bytes that it had.
#[tokio::test]
async fn a_journal_that_was_put_back_has_another_version() {
    const JOURNAL: &str = "team/ledger.journal.000001";
    let objects = Arc::new(Faulty::default());
    let store = objects.store();
    let clock = || "2026-11-25T14:00:00Z".to_owned();
    let (journal, growing) = journal::open_journal(store.state_store(), None).await.unwrap();
    let log = JournalLog::continue_from(&store, "run", &journal, growing).await.unwrap();
    let stamped = StampingJournal { log: &log, clock: &clock };
    stamped.record(JournalRecord::Interrupted).await.unwrap();
    let kept = stamped.head().await;
    assert!(kept.version.is_some());
    let same = async |kept: &telform::model::ledger::JournalHead| {
        let there = journal::read_journal(store.state_store()).await.unwrap();
        journal::check_kept_head(store.state_store(), &there, kept).unwrap();
        journal::is_that(store.state_store(), &there, kept)
    };
    same(&kept).await.unwrap();
    let bytes = objects.text(JOURNAL).await;
    objects.inner.put(&Path::from(JOURNAL), bytes.into()).await.unwrap();
    let error = same(&kept).await.unwrap_err();
    assert_eq!(error.code(), "telform::journal::restored");
    assert!(error.help().contains(&format!("--journal-head {}", kept.hash)), "{}", error.help());
    // A ledger that remembers no version, and a journal that has grown since.
    same(&telform::model::ledger::JournalHead { version: None, ..kept.clone() }).await.unwrap();
    let (journal, growing) = journal::open_journal(store.state_store(), None).await.unwrap();
    let log = JournalLog::continue_from(&store, "run", &journal, growing).await.unwrap();
    let stamped = StampingJournal { log: &log, clock: &clock };
    stamped.record(JournalRecord::Interrupted).await.unwrap();
    same(&kept).await.unwrap();
    same(&stamped.head().await).await.unwrap();
}

/// Whoever does not know the newest part of a log writes into one that is taken: a part is only followed by the next one when it
/// is full, and then nothing is added to it.
#[tokio::test]
async fn an_outdated_writer_of_a_log_is_refused_at_every_size() {
    const PART: usize = 128 * 1024;
    for (there, large) in [(10, 10), (10, PART), (PART - 1, 2), (PART, 10), (PART + 5, PART)] {
        let objects = Arc::new(Faulty::default());
        let (first, second) = (objects.place(), objects.place());
        let (_, mut log) = first.read_log("ledger.journal").await.unwrap();
        first.append(&mut log, &vec![b'a'; there]).await.unwrap();
        let (_, mut newer) = second.read_log("ledger.journal").await.unwrap();
        second.append(&mut newer, b"b").await.unwrap();
        let error = first.append(&mut log, &vec![b'c'; large]).await.unwrap_err();
        assert!(matches!(error, LedgerError::Changed { .. }), "{there} {large}: {error}");
        second.append(&mut newer, b"d").await.unwrap();
        let (all, _) = second.read_log("ledger.journal").await.unwrap();
        assert_eq!(all[there..], *b"bd", "{there} {large}");
    }
}
