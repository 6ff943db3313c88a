//! The readers of what services answer: the verdict over arbitrary bytes, rows and objects, and whole readings of an account
//! in which one answer or another is a mutant.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde::de::DeserializeSeed as _;
use serde_json::Value;
use telform::api::verdict::verdict;
use telform::api::{Answer, Api, ApiError, Effect, ReadOnly, Verdict, text};
use telform::backend::carrierx::{self, page::PageOf};
use telform::backend::unpod::{self, catalogue, generation, rows};
use telform::call::{Call, Method};
use telform::kind::Backend;
use telform::ledger::{Key, Ledger};
use telform::resource::{Account, Desired, Guards, Place, SecretSource};
use telform::value::Packed;
use telform::{backend, live, probe};

use crate::mutate::Mutator;
use crate::{fuzz, samples};

const METHODS: [Method; 5] = [Method::Get, Method::Post, Method::Patch, Method::Put, Method::Delete];
const STATUSES: [u16; 18] =
    [200, 201, 204, 206, 299, 301, 303, 307, 400, 401, 403, 404, 409, 422, 429, 500, 502, 999];
const TYPES: [Option<&str>; 5] =
    [Some("application/json"), Some("text/html; charset=utf-8"), Some("text/plain"), Some("\u{1b}"), None];

fn key() -> Key {
    Key::from_text("0123456789abcdef0123456789abcdef").unwrap()
}

/// Bodies of recorded answers, and those of services that nobody has recorded yet.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies = samples(&["tests/fuzz-corpus/answers"]);
    for file in samples(&["tests/recordings/unpod-g1"]) {
        let exchanges: Vec<Value> = serde_json::from_slice(&file).unwrap();
        let recorded = exchanges.iter().filter_map(|exchange| exchange["response"]["body"].as_str());
        bodies.extend(recorded.map(|body| body.as_bytes().to_vec()));
    }
    assert!(bodies.len() > 100, "the recordings were found");
    bodies
}

/// Everything that is read out of one value.
fn read_out(value: &Value) {
    let found = rows::rows(value, true).map(<[Value]>::to_vec).unwrap_or_default();
    assert!(rows::rows(value, false).is_err() || rows::rows(value, false) == Ok(found.as_slice()));
    let _ = (
        rows::count(value),
        rows::whole(value),
        PageOf { row: PhantomData::<Value>, most: 1000 }.deserialize(value).is_ok(),
        text::words(value),
    );
    let entries = catalogue::completed(catalogue::entries(&found), &found);
    let _ = generation::detect(None, &found, &found);
    for row in found.iter().chain([value]) {
        let _ = (rows::number_in(row), telform::backend::unpod::BACKEND.owner_in(row));
        let word = &Packed::from(row);
        let _ = (catalogue::slug_of(&entries, word), catalogue::resolve(&entries, word).is_some());
        assert!(catalogue::resolve(&entries, word).is_none() || catalogue::same(&entries, word, word));
        if let Ok(map) = rows::object(row) {
            let _ = rows::slim_bridge(map);
        }
        for kind in backend::ALL.iter().flat_map(|backend| backend.kinds) {
            let object = live::object(kind, row.clone(), &key());
            if let Ok(object) = &object {
                assert!(!object.id.is_empty(), "an object has an identity: {row}");
                assert_eq!(
                    format!("{:?}", live::object(kind, row.clone(), &key())),
                    format!("{:?}", Ok::<_, String>(object))
                );
            }
            let _ = probe::object_in(kind, &key(), row);
        }
    }
}

#[test]
fn answer() {
    let dice = RefCell::new(Mutator::new(77));
    fuzz(
        "answer",
        &bodies(),
        |bytes| bytes,
        |bytes| {
            let mut dice = dice.borrow_mut();
            for backend in backend::ALL.iter().copied() {
                let (method, status) = (*dice.any(&METHODS), *dice.any(&STATUSES));
                let kind = *dice.any(backend.kinds);
                let (path, content) =
                    (*dice.any(&[kind.collection, kind.member, "", "/"]), *dice.any(&TYPES));
                let judged = verdict(backend, method, path, status, content, bytes);
                assert!(!judged.reason.is_empty());
                if judged.verdict == Verdict::Ok {
                    assert!(
                        (200..300).contains(&status) && judged.effect == Effect::None,
                        "{}",
                        judged.reason
                    );
                }
                if method == Method::Get {
                    assert_eq!(judged.effect, Effect::None, "a read has no effect");
                }
                read_out(&judged.body);
            }
            if let Ok(value) = serde_json::from_slice(bytes) {
                read_out(&value);
            }
        },
    );
}

/// A service that answers each path from its sample, and some paths with a mutant.
struct Service {
    backend: &'static Backend,
    samples: BTreeMap<&'static str, Vec<u8>>,
    mutant: Vec<u8>,
    /// The dice say which answers are mutants.
    dice: Mutex<(Mutator, usize)>,
}

impl Service {
    fn sample(&self, path: &str) -> Option<&Vec<u8>> {
        let name = match path.trim_end_matches('/').rsplit('/').next().unwrap_or_default() {
            "sales" | "sales-1f5evfn7" => "bridge",
            name => name,
        };
        self.samples.get(name)
    }
}

impl Api for Service {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, ApiError>> {
        Box::pin(async move {
            assert_eq!(call.method, Method::Get, "reading sends nothing but GET");
            let (body, status) = {
                let (dice, sent) = &mut *self.dice.lock().unwrap();
                *sent += 1;
                assert!(*sent < 4000, "a reading comes to an end: {}", call.target());
                match (dice.below(4), self.sample(&call.path)) {
                    (1.., Some(sample)) => (sample, 200),
                    (0, _) => (&self.mutant, *dice.any(&[200, 200, 200, 206, 404])),
                    _ => (&self.mutant, 404),
                }
            };
            let judged =
                verdict(self.backend, call.method, &call.path, status, Some("application/json"), body);
            if judged.verdict == Verdict::Ok {
                return Ok(Answer { status, body: judged.body, request_id: None });
            }
            Err(ApiError {
                account: call.account.clone(),
                method: call.method,
                target: call.target(),
                status: Some(status),
                verdict: judged.verdict,
                effect: judged.effect,
                text: judged.words.unwrap_or_default(),
                request_id: None,
            })
        })
    }
}

fn desired(backend: &'static Backend) -> Desired {
    let account = Account {
        name: "a".to_owned(),
        backend,
        base_url: "http://127.0.0.1:1/api".parse().unwrap(),
        was: None,
        org_handle: backend.organization.then(|| "acme.example".to_owned()),
        product_ids: Vec::new(),
        generation: None,
        token: SecretSource::Env("TOKEN".to_owned()),
        token_place: Place::default(),
        requests_per_minute: None,
        max_in_flight: None,
        settle_after: telform::resource::SETTLE_AFTER,
        switches: BTreeSet::new(),
        guards: Guards::default(),
        place: Place::default(),
    };
    Desired {
        accounts: IndexMap::from([(account.name.clone(), account)]),
        kinds: backend.kinds.iter().map(|kind| kind.name.into()).collect(),
        ..Desired::default()
    }
}

#[test]
fn reading() {
    let names = [
        "organizations",
        "providers",
        "providers-configurations",
        "bridges",
        "bridge",
        "numbers",
        "partners",
    ];
    let file = |name: &str| {
        std::fs::read(crate::top().join(format!("tests/fuzz-corpus/answers/{name}.json"))).unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seeds = Mutator::new(99);
    let seeds = RefCell::new(seeds);
    let whole = RefCell::new(0);
    fuzz(
        "reading",
        &bodies(),
        |bytes| bytes,
        |bytes| {
            for backend in [&unpod::BACKEND, &carrierx::BACKEND] {
                let service = Service {
                    backend,
                    samples: names.iter().map(|name| (*name, file(name))).collect(),
                    mutant: bytes.to_vec(),
                    dice: Mutex::new((Mutator::new(seeds.borrow_mut().next()), 0)),
                };
                let read = |destroy| {
                    let (desired, ledger, key) = (desired(backend), Ledger::default(), key());
                    runtime.block_on(async {
                        live::read(&ReadOnly::new(&service), &desired, &ledger, &key, destroy).await
                    })
                };
                match read(seeds.borrow_mut().below(2) == 0) {
                    Ok(live) => {
                        *whole.borrow_mut() += 1;
                        assert!(!format!("{live:?}").contains("canary-"), "a secret of a service is shown");
                    }
                    Err(error) => assert!(!error.means.is_empty() && !error.way_out.is_empty(), "{error:?}"),
                }
            }
        },
    );
    assert!(*whole.borrow() > 10, "some readings go through: {}", whole.borrow());
}
