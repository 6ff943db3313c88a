//! The readers of files: YAML, plans, journals, ledgers, snapshots, and the checker.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::Value;
use sha2::{Digest, Sha256};
use telform::config::desired;
use telform::config::problem::render_problems;
use telform::document;
use telform::model::ledger::{AccountEntry, ConfiguredAccount, FingerprintKey, Ledger};
use telform::model::value::Secret;
use telform::output::view::{html, json, markdown, text};
use telform::plan::Plan;
use telform::signature::{AllowedSigners, ApprovalStatement, Signature, SignatureNamespace, StoredKey};
use telform::state::journal::{self, JournalHead};
use telform::state::ledger::LedgerStore;
use telform::state::snapshot::{self, SnapshotPurpose};
use telform::verify;

use crate::fuzz::{fuzz, samples};

fn key() -> FingerprintKey {
    FingerprintKey::from_text("5f0c1e9a7b3d284c6a91e0f7d2b84c3e").unwrap()
}

fn same(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

/// Nothing that a file says may steer a terminal.
fn harmless(shown: &str) {
    let steers = shown.chars().find(|c| *c != '\n' && telform::text::is_hostile_char(*c));
    assert_eq!(steers, None, "{shown:?}");
}

/// Without the styles that telform itself writes; the dice know others.
fn uncoloured(mut drawn: String) -> String {
    for style in ["0", "1", "2", "31", "32", "33", "34", "35", "36"] {
        drawn = drawn.replace(&format!("\u{1b}[{style}m"), "");
    }
    drawn
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes with a checksum that fits, where they have one at their end.
fn sealed(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(text) = String::from_utf8(bytes.clone()) else { return bytes };
    let mark = "\"checksum\": \"sha256:";
    let Some(at) = text.rfind(mark).map(|at| at + mark.len()) else { return bytes };
    let Some(rest) = text.get(at + 64..) else { return bytes };
    let Some(before) = text.get(..at) else { return bytes };
    document::seal_checksum(format!("{before}{}{rest}", "0".repeat(64))).into_bytes()
}

/// The bytes with a matching chain of hashes, as someone with write access would write it.
fn chained(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(text) = String::from_utf8(bytes.clone()) else { return bytes };
    let (mut prev, mut out) = (String::new(), String::new());
    for (index, line) in text.lines().enumerate() {
        let Ok(json) = serde_json::from_str::<Value>(line) else { return bytes };
        let (Some(hash), Some(was), Some(seq)) = (json["hash"].as_str(), json["prev"].as_str(), json["seq"].as_u64()) else {
            return bytes;
        };
        let Some(body) = line.strip_suffix(&format!(",\"hash\":\"{hash}\"}}")) else { return bytes };
        let body = body.replacen(&format!("\"prev\":\"{was}\""), &format!("\"prev\":\"{prev}\""), 1);
        let body = body.replacen(&format!("\"seq\":{seq},"), &format!("\"seq\":{},", index + 1), 1);
        prev = hex(body.as_bytes());
        out.push_str(&format!("{body},\"hash\":\"{prev}\"}}\n"));
    }
    out.into_bytes()
}

#[test]
fn yaml() {
    let samples = samples(&["tests/bad-yaml", "tests/good-yaml", "examples", "tests/fuzz-corpus/yaml"]);
    fuzz("yaml", &samples, same, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let load = || desired::load_text("fuzz.yaml", Path::new("/nowhere"), &text);
        let shown = |problems: &telform::config::problem::Problems| {
            let shown = render_problems(problems, false, 80);
            harmless(&shown);
            harmless(&serde_json::to_string(&problems.to_reports()).unwrap());
            shown
        };
        match (load(), load()) {
            (Ok(one), Ok(two)) => {
                assert_eq!(format!("{:?}", one.desired), format!("{:?}", two.desired));
                assert_eq!(shown(&one.warnings), shown(&two.warnings));
            }
            (Err(one), Err(two)) => {
                assert!(!one.is_empty(), "a file that cannot be used has a problem");
                assert_eq!(shown(&one), shown(&two));
            }
            _ => panic!("the same text, read in two ways"),
        }
    });
}

#[test]
fn plan() {
    let samples = samples(&["tests/plans", "tests/verify-plans", "tests/fuzz-corpus/plan"]);
    fuzz("plan", &samples, sealed, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        match document::read_plan_document(text) {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(read) => {
                let mut again = document::read_plan_document(&json::render_document(&read)).expect("what is written can be read");
                again.checksum.clone_from(&read.checksum);
                assert_eq!(again, read);
                if let Ok(plan) = read.to_plan() {
                    assert!(document::plan_differences(&plan, &plan).is_empty());
                }
            }
        }
        // Anyone who writes a plan file can also write its digest, so everything in the shape of a plan is drawn.
        let Ok(value) = serde_json::from_str::<Value>(text) else { return };
        if let Ok(plan) = serde_json::from_value::<Plan>(value["plan"].clone()) {
            harmless(&uncoloured(text::plan_as_text(&plan, text::TextDetail { verbose: true, columns: 80 })));
            harmless(&markdown::plan_as_markdown(&plan));
            harmless(&html::plan_as_html(&plan));
        }
    });
}

#[test]
fn journal() {
    let samples = samples(&["tests/fuzz-corpus/journal"]);
    fuzz("journal", &samples, chained, |bytes| {
        let journal = match journal::check_journal(bytes) {
            Ok(journal) => journal,
            Err(broken) => {
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
                assert!((1..=lines).contains(&broken.line), "{broken}");
                return;
            }
        };
        assert!(journal.contains_head(&journal.head()).is_ok());
        for run in journal::collect_runs(&journal.lines) {
            assert!(run.open().len() <= run.steps.len() && run.completed_writes() <= run.steps.len());
            assert!(!run.result_text().is_empty() || run.finished.is_some());
        }
        let (mut head, mut text) = (JournalHead::default(), String::new());
        for line in &journal.lines {
            let (written, next) = journal::format_line(&head, &line.at, &line.run, &line.record);
            text.push_str(&written);
            head = next;
        }
        let again = journal::check_journal(text.as_bytes()).expect("what is written can be read");
        let records = |lines: &[journal::JournalLine]| -> Vec<_> {
            lines.iter().map(|line| (line.at.clone(), line.run.clone(), line.record.clone())).collect()
        };
        assert_eq!(records(&again.lines), records(&journal.lines));
    });
}

#[test]
fn ledger() {
    let samples = samples(&["tests/fuzz-corpus/ledger"]);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("ledger.json");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    fuzz("ledger", &samples, same, |bytes| {
        std::fs::write(&place, bytes).unwrap();
        let store = LedgerStore::from_place_text(place.to_str().unwrap()).unwrap();
        match runtime.block_on(store.load()) {
            Ok(None) => panic!("there is a file"),
            Err(error) => assert!(!error.to_string().is_empty() && !error.help().is_empty()),
            Ok(Some(ledger)) => {
                let text = serde_json::to_string(&ledger).unwrap();
                assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
                let _ = ledger.readable_with(&key());
                let logins = ledger.accounts.iter().map(|(name, entry)| ConfiguredAccount {
                    name: name.clone(),
                    entry: entry.clone(),
                    previous_base_url: None,
                    previous_names: Vec::new(),
                    organization: true,
                });
                assert!(store.check_accounts(&ledger, &logins.collect::<Vec<_>>()).is_ok());
                for (address, entry) in &ledger.objects {
                    assert!(ledger.address_of(&entry.account, &address.kind, &entry.id).is_some());
                }
            }
        }
        assert_eq!(std::fs::read(&place).unwrap(), bytes, "reading leaves it as it is");
    });
}

#[test]
fn snapshot() {
    let samples = samples(&["tests/fuzz-corpus/snapshot"]);
    fuzz("snapshot", &samples, same, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        // It is accepted for whatever configuration it claims.
        let said: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let accounts: BTreeMap<String, AccountEntry> = said["accounts"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, account)| Some((name.clone(), serde_json::from_value(account["of"].clone()).ok()?)))
            .collect();
        let wanted = SnapshotPurpose {
            configuration: said["configuration"].as_str().unwrap_or_default().to_owned(),
            destroy: said["destroy"].as_bool().unwrap_or_default(),
            accounts,
        };
        match snapshot::read_snapshot(text, &wanted, &key()) {
            Err(error) => assert!(!error.to_string().is_empty() && !error.help().is_empty()),
            Ok(live) => {
                let written = snapshot::write_snapshot(&live, &wanted, &key());
                let again = snapshot::read_snapshot(&written, &wanted, &key()).expect("what is written can be read");
                assert_eq!(format!("{again:?}"), format!("{live:?}"));
                assert_eq!(snapshot::write_snapshot(&again, &wanted, &key()), written);
            }
        }
    });
}

#[test]
fn checker() {
    let samples = samples(&["tests/plans", "tests/verify-plans", "tests/fuzz-corpus/plan"]);
    let digest_of = |bytes: &[u8]| verify::verify_plan(bytes).seen.map(|seen| seen.digest);
    let known: BTreeSet<String> = samples.iter().filter_map(|sample| digest_of(sample)).collect();
    fuzz("checker", &samples, sealed, |bytes| {
        let verdict = verify::verify_plan(bytes);
        assert_eq!(verify::verify_plan(bytes), verdict);
        assert_eq!(verdict.verified, verdict.violations.is_empty());
        assert!(verdict.verified || !verdict.applicable);
        for violation in &verdict.violations {
            harmless(&format!("{}{}{:?}", violation.text, violation.place, violation.step));
        }
        // The dice forge no digest, so a mutant that passes is one of the samples where it matters.
        if verdict.verified {
            assert!(verdict.seen.is_some_and(|seen| known.contains(&seen.digest)));
        }
    });
}

#[test]
fn signature() {
    let samples = samples(&["tests/fuzz-corpus/signature"]);
    fuzz("signature", &samples, same, |bytes| {
        if let Ok(signature) = Signature::read(bytes) {
            assert!(signature.fingerprint().starts_with("SHA256:"));
            for namespace in [SignatureNamespace::Plan, SignatureNamespace::Approval, SignatureNamespace::Journal] {
                assert!(signature.verify(namespace, b"what nobody signed").is_err());
            }
        }
        if let Ok(statement) = ApprovalStatement::read(bytes) {
            assert_eq!(ApprovalStatement::read(statement.text().as_bytes()), Ok(statement));
        }
        let text = String::from_utf8_lossy(bytes);
        let read = AllowedSigners::read(&text, &TimeZone::UTC);
        assert_eq!(read, AllowedSigners::read(&text, &TimeZone::UTC));
        match read {
            Err(error) => assert!((1..=text.lines().count().max(1)).contains(&error.line), "{error}"),
            Ok(signers) => {
                if let Ok(signature) = Signature::read(&std::fs::read(SIGNATURE).unwrap()) {
                    let _ = signers.find_allowed(signature.key_data(), SignatureNamespace::Plan, jiff::Timestamp::UNIX_EPOCH);
                }
            }
        }
        if let Err(error) = StoredKey::read(&Secret::from_exact(&text)) {
            assert!(!error.to_string().is_empty() && !error.help("key").is_empty());
        }
    });
}

/// A signature of the key that the samples allow.
const SIGNATURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz-corpus/signature/plan.sig");
