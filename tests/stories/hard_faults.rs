//! Faults that are not an answer: slowness, size, an unknown host name, invalid TLS, a clock that jumps, a full disk and a
//! folder that cannot be written.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Instant;

use telform::model::ledger::FingerprintKey;
use telform::state::journal::{self, JournalRecord};

use crate::bench::{Ran, Story};
use crate::kill_points::{APPLY, is_whole};
use crate::runs::{TWO, end, start, wait_for_a_write};

const ONE: &str = "providers:\n  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }\n";
const SALES: &str = "bridges:\n  sales: { slug: sales, name: Sales West }\n";

fn story(world: &str, yaml: &str) -> Story {
    let story = Story::new(world).secret("AUTH", "canary-auth-hard");
    story.unpod(yaml);
    story
}

fn sales() -> Story {
    story("unpod: { bridges: [ { slug: sales, name: Sales } ] }", SALES)
}

/// 429 as the framework and as the docs write it, with and without `Retry-After`: waited for, and then sent again.
#[test]
fn every_shape_of_429() {
    for body in ["framework", "docs", "html"] {
        for wait in ["", ", retry_after: '0'", ", retry_after: 'Thu, 01 Jan 1970 00:00:00 GMT'", ", retry_after: soon"] {
            let story = sales();
            for method in ["GET", "PATCH"] {
                story.fault(&format!(
                    "{{ match: {{ method: {method} }}, effect: {{ answer: {{ status: 429, body: {body}{wait} }} }} }}"
                ));
            }
            story.apply();
            assert_eq!(story.writes().len(), 2, "{body}{wait}: sent again");
            story.in_sync();
        }
    }
    for method in ["GET", "PATCH"] {
        let story = sales();
        story.fault(&format!(
            "{{ match: {{ method: {method}, times: 0 }}, effect: {{ answer: {{ status: 429, retry_after: '0' }} }} }}"
        ));
        story.expect(1, APPLY).says("429");
        story.sandbox.clear_faults();
        story.apply();
        story.in_sync();
    }
}

/// Reads that fail with a page of HTML: a passing fault is read again, a lasting one ends the run before any write.
#[test]
fn server_errors_with_html() {
    for status in [500, 502, 503, 504] {
        let story = sales();
        let answer = format!("{{ answer: {{ status: {status}, body: html }} }}");
        story.fault(&format!("{{ match: {{ method: GET, times: 2 }}, effect: {answer} }}"));
        story.apply();
        story.in_sync();
        story.unpod(&SALES.replace("West", "East"));
        story.fault(&format!("{{ match: {{ method: GET, times: 0 }}, effect: {answer} }}"));
        story.take_log();
        let ran = story.expect(1, APPLY);
        ran.says(&status.to_string()).is_silent_about("<html");
        assert_eq!(story.writes(), [""; 0]);
    }
}

/// An answer that comes byte by byte is given up when the time for the whole request is over, and a write is settled by reading.
#[test]
fn a_slow_drip() {
    let drip = "effect: { drip: { bytes: 1, every_ms: 60 } } }";
    let story = sales().setting("TELFORM_TEST_TIMEOUT_MS", "400");
    story.fault(&format!("{{ match: {{ method: GET, times: 0 }}, {drip}"));
    let begun = Instant::now();
    story.expect(1, APPLY).says("error[telform::live::");
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    story.sandbox.clear_faults();
    story.fault(&format!("{{ match: {{ method: PATCH }}, {drip}"));
    story.apply();
    assert_eq!(story.writes().len(), 1, "it was done, and is not sent again");
    story.in_sync();
    let story = self::story("{}", ONE).setting("TELFORM_TEST_TIMEOUT_MS", "400");
    story.fault(&format!("{{ match: {{ method: POST }}, {drip}"));
    story.apply();
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 1);
    story.in_sync();
}

#[test]
fn answers_larger_than_anything() {
    let story = sales();
    story.fault("{ match: { method: GET, path: '*/bridges/', times: 0 }, effect: { oversize: 68000000 } }");
    story.expect(1, APPLY).says("error[telform::live::");
    assert_eq!(story.writes(), [""; 0]);
    let story = self::story("{}", ONE);
    story.fault("{ match: { method: POST }, effect: { oversize: 68000000 } }");
    story.apply();
    assert_eq!(story.writes().len(), 1, "found by its natural key, not made again");
    story.in_sync();
}

/// Pages that show some rows twice, and others late.
#[test]
fn overlapping_pages() {
    let bridges: String = (1..=25).map(|n| format!("    - {{ slug: b{n}, name: B{n} }}\n")).collect();
    let story = story(&format!("unpod:\n  bridges:\n{bridges}"), "bridges:\n  b25: { slug: b25, name: B25 }\n");
    story.fault("{ match: { path: '*/bridges/', times: 0 }, effect: { overlapping_pages: 3 } }");
    // The count says that rows are missing, so it reads on until all 25 were shown.
    story.expect(0, APPLY).says("24 bridges in unpod");
    assert_eq!(story.writes(), [""; 0], "a bridge that was shown late is not made again");
}

fn elsewhere(story: &Story, origin: &str) {
    let yaml = story.read("telform.yaml").replace(&story.sandbox.base(), origin);
    story.file("telform.yaml", &yaml);
}

#[test]
fn a_name_that_nobody_has() {
    let story = story("{}", ONE);
    elsewhere(&story, "https://no-such-host.invalid");
    let ran = story.expect(1, APPLY);
    ran.says("error[telform::live::").says("dns error").says("help: ");
    assert!(!story.path(".telform/ledger.json").exists());
}

/// Plain bytes where TLS is expected.
#[test]
fn tls_that_is_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
        }
    });
    let story = story("{}", ONE);
    elsewhere(&story, &format!("https://{address}"));
    story.expect(1, APPLY).says("error[telform::live::").says("help: ");
    assert_eq!(story.take_log(), [""; 0]);
}

/// A journal and a ledger from the future, and from long ago: times are for people, nothing is decided by them.
#[test]
fn a_clock_that_jumps() {
    for year in ["2199", "1970"] {
        let story = story("{}", TWO);
        story.apply();
        let text = story.read(".telform/ledger.journal");
        let head = journal::check_journal(text.as_bytes()).unwrap().head();
        let at = format!("{year}-01-01T00:00:00Z");
        let key = FingerprintKey::from_text(&story.read(".telform/ledger.key")).unwrap();
        let run = (at.as_str(), "018f0000-0000-7000-8000-000000000000");
        let (line, _) = journal::bound_line(&head, run, &JournalRecord::Interrupted, None, Some(&key));
        story.file(".telform/ledger.journal", &format!("{text}{line}"));
        let mut ledger = story.ledger();
        for entry in ledger["objects"].as_object_mut().unwrap().values_mut() {
            entry["since"] = at.clone().into();
        }
        story.file(".telform/ledger.json", &ledger.to_string());
        story.unpod(ONE);
        story.expect(0, &format!("{APPLY} --max-deletes 1"));
        is_whole(&story, year);
        story.in_sync();
    }
}

/// `apply` where no file may grow beyond so many blocks of 512 bytes, as on a disk that is full.
#[cfg(unix)]
pub(crate) fn with_a_full_disk(story: &Story, blocks: usize) -> Ran {
    let mut command = std::process::Command::new("sh");
    let output = command
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {APPLY}"), env!("CARGO_BIN_EXE_telform")])
        .current_dir(story.dir.path())
        .env_clear()
        .envs(&story.env)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    story.ran(APPLY, &output)
}

/// The disk is full at any moment: what was sent is reported, what was not sent is not sent, and with free space again
/// the run continues.
#[cfg(unix)]
#[test]
fn a_full_disk() {
    let mut codes = std::collections::BTreeSet::new();
    for blocks in 0..60 {
        let story = story("{}", TWO);
        let ran = with_a_full_disk(&story, blocks);
        codes.insert(ran.code);
        let what = format!("{blocks} blocks\n{}", ran.whole());
        match (ran.code, story.writes().len()) {
            (0, 2) | (1, 0) | (5, 1 | 2) | (6, 2) => {}
            other => panic!("{other:?} {what}"),
        }
        assert!(ran.code == 0 || ran.stderr.contains("os error"), "{what}");
        if story.path(".telform/ledger.journal").exists() {
            let journal = std::fs::read(story.path(".telform/ledger.journal")).unwrap();
            assert_eq!(journal::check_journal(&journal).unwrap().torn_line, None, "half a line is taken back: {what}");
        }
        story.apply();
        assert_eq!(story.writes().len(), 2, "nothing is made twice: {what}");
        story.in_sync();
        if ran.code == 0 {
            break;
        }
    }
    assert!(codes.contains(&0) && codes.contains(&1) && codes.contains(&5), "{codes:?}");
}

/// A folder that no user may write, not even root.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written() {
    let story = story("{}", TWO);
    for place in ["/proc/ledger.json", "/proc/telform/ledger.json", "/dev/null/ledger.json"] {
        let ran = story.expect(1, &format!("{APPLY} --ledger {place}"));
        ran.says("os error").says("help: ");
        assert_eq!(story.writes(), [""; 0]);
    }
}

/// The folder disappears during a request: what was done is reported, and nothing more is started.
#[test]
fn a_folder_that_is_lost_in_the_middle() {
    let story = story("{}", TWO);
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 500 } }");
    let child = start(&story, APPLY);
    wait_for_a_write(&story);
    std::fs::rename(story.path(".telform"), story.path("away")).unwrap();
    story.file(".telform", "");
    let ran = end(&story, APPLY, child);
    assert_eq!(ran.code, 5, "{}", ran.whole());
    ran.says("the ledger could not be saved, so no further step was started");
    assert_eq!(story.writes().len(), 1);
    std::fs::remove_file(story.path(".telform")).unwrap();
    std::fs::rename(story.path("away"), story.path(".telform")).unwrap();
    story.apply();
    assert_eq!(story.writes().len(), 2, "nothing is made twice");
    is_whole(&story, "the folder is back");
}
