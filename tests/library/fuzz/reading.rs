//! The readers of what services answer: the classification of arbitrary bytes, rows and objects, and whole readings of an account
//! in which one answer or another is a mutant.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde::de::DeserializeSeed as _;
use serde_json::Value;
use telform::http::classify::classify_answer;
use telform::http::{AnswerClass, Api, ApiError, ApiResponse, ReadOnly, RequestEffect, text};
use telform::model::call::{Call, RequestMethod};
use telform::model::guards::Guards;
use telform::model::kind::{ServiceTable, whole_of};
use telform::model::ledger::{FingerprintKey, Ledger};
use telform::model::resource::{Account, Desired, SecretSource, SourceLocation};
use telform::model::value::CompactValue;
use telform::read::{self, ListPageSeed, one};
use telform::services;
use telform::services::carrierx;
use telform::services::unpod::{self, catalogue, generation, rows};

use crate::fuzz::mutate::Mutator;
use crate::fuzz::{fuzz, samples};

const METHODS: [RequestMethod; 5] =
    [RequestMethod::Get, RequestMethod::Post, RequestMethod::Patch, RequestMethod::Put, RequestMethod::Delete];
const STATUSES: [u16; 18] = [200, 201, 204, 206, 299, 301, 303, 307, 400, 401, 403, 404, 409, 422, 429, 500, 502, 999];
const TYPES: [Option<&str>; 5] =
    [Some("application/json"), Some("text/html; charset=utf-8"), Some("text/plain"), Some("\u{1b}"), None];

fn key() -> FingerprintKey {
    FingerprintKey::from_text("5f0c1e9a7b3d284c6a91e0f7d2b84c3e").unwrap()
}

/// Bodies of recorded answers, and those of services that were not recorded yet.
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
    let found = unpod::TABLE.envelope.rows(value, true).map(<[Value]>::to_vec).unwrap_or_default();
    assert!(
        unpod::TABLE.envelope.rows(value, false).is_err() || unpod::TABLE.envelope.rows(value, false) == Ok(found.as_slice())
    );
    let _ = (
        whole_of(value),
        ListPageSeed { row: PhantomData::<Value>, page_limit: 1000 }.deserialize(value).is_ok(),
        text::error_text(value),
    );
    let entries = catalogue::complete_from_configurations(catalogue::parse_entries(&found), &found);
    let _ = generation::detect_generation(None, &found, &found);
    for row in found.iter().chain([value]) {
        let _ = (rows::number_in(row), telform::services::unpod::TABLE.owner_in(row));
        let word = &CompactValue::from(row);
        let _ = (catalogue::slug_of(&entries, word), catalogue::resolve_entry(&entries, word).is_some());
        assert!(
            catalogue::resolve_entry(&entries, word).is_none() || unpod::PROVIDERS_G2.fields[0].same_in(&entries, word, word)
        );
        if let Ok(map) = unpod::TABLE.envelope.object(row) {
            let _ = rows::slim_bridge(map);
        }
        let kinds = services::tables().iter().flat_map(|service| service.kinds.iter().map(move |kind| (*service, *kind)));
        for (service, kind) in kinds {
            let object = read::parse_object(kind, row.clone(), &key());
            if let Ok(object) = &object {
                assert!(!object.id.is_empty(), "an object has an identity: {row}");
                assert_eq!(
                    format!("{:?}", read::parse_object(kind, row.clone(), &key())),
                    format!("{:?}", Ok::<_, String>(object))
                );
            }
            let _ = one::object_in(service, kind, &key(), row);
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
            for service in services::tables().iter().copied() {
                let (method, status) = (*dice.any(&METHODS), *dice.any(&STATUSES));
                let kind = *dice.any(service.kinds);
                let (path, content) = (*dice.any(&[kind.collection, kind.member, "", "/"]), *dice.any(&TYPES));
                let judged = classify_answer(service, method, path, status, content, bytes);
                assert!(!judged.reason.is_empty());
                if judged.class == AnswerClass::Ok {
                    assert!((200..300).contains(&status) && judged.effect == RequestEffect::None, "{}", judged.reason);
                }
                if method == RequestMethod::Get {
                    assert_eq!(judged.effect, RequestEffect::None, "a read has no effect");
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
struct FakeService {
    service: &'static ServiceTable,
    samples: BTreeMap<&'static str, Vec<u8>>,
    mutant: Vec<u8>,
    /// The dice say which answers are mutants.
    dice: Mutex<(Mutator, usize)>,
}

impl FakeService {
    fn sample(&self, path: &str) -> Option<&Vec<u8>> {
        let name = match path.trim_end_matches('/').rsplit('/').next().unwrap_or_default() {
            "sales" | "sales-1f5evfn7" => "bridge",
            name => name,
        };
        self.samples.get(name)
    }
}

impl Api for FakeService {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<ApiResponse, ApiError>> {
        Box::pin(async move {
            assert_eq!(call.method, RequestMethod::Get, "reading sends nothing but GET");
            let (body, status) = {
                let (dice, sent) = &mut *self.dice.lock().unwrap();
                *sent += 1;
                assert!(*sent < 4000, "a reading comes to an end: {}", call.path_and_query());
                match (dice.below(4), self.sample(&call.path)) {
                    (1.., Some(sample)) => (sample, 200),
                    (0, _) => (&self.mutant, *dice.any(&[200, 200, 200, 206, 404])),
                    _ => (&self.mutant, 404),
                }
            };
            let judged = classify_answer(self.service, call.method, &call.path, status, Some("application/json"), body);
            if judged.class == AnswerClass::Ok {
                return Ok(ApiResponse { status, body: judged.body, request_id: None });
            }
            Err(ApiError {
                account: call.account.clone(),
                method: call.method,
                target: call.path_and_query(),
                status: Some(status),
                class: judged.class,
                effect: judged.effect,
                text: judged.service_text.unwrap_or_default(),
                request_id: None,
            })
        })
    }
}

fn desired(service: &'static ServiceTable) -> Desired {
    let account = Account {
        name: "a".to_owned(),
        service,
        base_url: "http://127.0.0.1:1/api".parse().unwrap(),
        previous_base_url: None,
        settings: crate::live_world::settings(service),
        token: SecretSource::Env("TOKEN".to_owned()),
        token_location: SourceLocation::default(),
        requests_per_minute: None,
        max_in_flight: None,
        settle_after: telform::model::resource::SETTLE_AFTER,
        guards: Guards::default(),
        location: SourceLocation::default(),
    };
    Desired {
        accounts: IndexMap::from([(account.name.clone(), account)]),
        kinds: service.kinds.iter().map(|kind| kind.name.into()).collect(),
        ..Desired::default()
    }
}

#[test]
fn reading() {
    let names = ["organizations", "providers", "providers-configurations", "bridges", "bridge", "numbers", "partners"];
    let file = |name: &str| std::fs::read(crate::fuzz::top().join(format!("tests/fuzz-corpus/answers/{name}.json"))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seeds = Mutator::new(99);
    let seeds = RefCell::new(seeds);
    let whole = RefCell::new(0);
    fuzz(
        "reading",
        &bodies(),
        |bytes| bytes,
        |bytes| {
            for service in [&unpod::TABLE, &carrierx::TABLE] {
                let fake = FakeService {
                    service,
                    samples: names.iter().map(|name| (*name, file(name))).collect(),
                    mutant: bytes.to_vec(),
                    dice: Mutex::new((Mutator::new(seeds.borrow_mut().next()), 0)),
                };
                let read = |destroy| {
                    let (desired, ledger, key) = (desired(service), Ledger::default(), key());
                    runtime.block_on(async {
                        read::read_all(services::reading_of, &ReadOnly::new(&fake), &desired, &ledger, &key, destroy).await
                    })
                };
                match read(seeds.borrow_mut().below(2) == 0) {
                    Ok(live) => {
                        *whole.borrow_mut() += 1;
                        assert!(!format!("{live:?}").contains("canary-"), "a secret of a service is shown");
                    }
                    Err(error) => assert!(!error.means.is_empty() && !error.help.is_empty(), "{error:?}"),
                }
            }
        },
    );
    assert!(*whole.borrow() > 10, "some readings go through: {}", whole.borrow());
}
