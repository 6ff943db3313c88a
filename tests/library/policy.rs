//! A policy runs within limits, whatever its program does.

#![cfg(unix)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use telform::process::Environment;
use telform::process::policy::{KEPT, Policy, PolicyContext, PolicyVerdict};

const LONG: Duration = Duration::from_secs(60);

fn sh(script: &str) -> Policy {
    Policy { command: vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()], folder: None }
}

fn ask(policy: &Policy, document: &str, patience: Duration) -> PolicyVerdict {
    let (environment, stop) = (Environment::from_process(&[]), AtomicBool::new(false));
    policy.evaluate(document, PolicyContext { environment: &environment, timeout: patience, cancel: &stop })
}

/// Answers long before the patience is over.
#[track_caller]
fn soon(policy: &Policy, document: &str) -> PolicyVerdict {
    let start = Instant::now();
    let verdict = ask(policy, document, LONG);
    assert!(start.elapsed() < LONG / 3, "{verdict:?} took {:?}", start.elapsed());
    verdict
}

#[test]
fn zero_allows_and_anything_else_refuses_with_both_streams_in_their_order() {
    let verdict = soon(&sh("cat >/dev/null; echo one; echo two >&2; echo three"), "{}");
    assert_eq!(verdict, PolicyVerdict { refused: None, help: "", text: "one\ntwo\nthree".to_owned() });
    let verdict = soon(&sh("read -r line; echo \"$line\" >&2; exit 7"), "{\"a\":1}\n");
    let help = "change what it objects to and plan again";
    assert_eq!(verdict, PolicyVerdict { refused: Some("exited with 7".to_owned()), help, text: "{\"a\":1}".to_owned() });
    let verdict = soon(&sh("kill -9 $$"), "{}");
    assert_eq!(verdict.refused.unwrap(), "was killed by signal 9");
    let missing = Policy { command: vec!["telform-no-such-program".to_owned()], folder: None };
    assert_eq!(soon(&missing, "{}").refused.unwrap(), "does not exist, or is not a program");
}

#[test]
fn a_program_that_does_not_read_a_large_plan() {
    let large = "x".repeat(8 << 20);
    assert_eq!(soon(&sh("exit 0"), &large).refused, None);
    assert_eq!(soon(&sh("echo no; exit 1"), &large).text, "no");
    // And one that reads all of it, while it writes more than a pipe holds.
    let verdict = soon(&sh("cat"), &large);
    assert_eq!(verdict.refused, None);
    assert!(verdict.text.starts_with("xxx") && verdict.text.len() < KEPT + 100);
    assert!(verdict.text.ends_with("… it wrote more; the first 64 KiB are shown"));
}

#[test]
fn a_program_that_writes_for_ever_or_waits_for_ever_is_ended() {
    let verdict = soon(&sh("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done | cat"), "{}");
    assert_eq!(verdict.refused.unwrap(), "wrote more than 16 MiB");
    let start = Instant::now();
    let verdict = ask(&sh("echo waiting; exec sleep 600"), "{}", Duration::from_millis(300));
    assert_eq!(verdict.refused.unwrap(), "did not answer within 0.3 seconds");
    assert_eq!(verdict.text, "waiting");
    assert!(start.elapsed() < LONG / 3);
}

/// Whether a process is there and no zombie.
#[cfg(target_os = "linux")]
fn runs(pid: &str) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_program_started_goes_with_it() {
    for (script, patience, refused) in
        [("sleep 600 & echo $!; exit 0", LONG, false), ("sleep 600 & echo $!; wait", Duration::from_millis(300), true)]
    {
        let start = Instant::now();
        // On a machine under load the program may be ended before it started anything.
        let mut verdicts = [1, 5].into_iter().map(|times| ask(&sh(script), "{}", patience * times));
        let verdict = verdicts.find(|verdict| !verdict.text.is_empty()).expect("it starts");
        assert_eq!(verdict.refused.is_some(), refused, "{script}");
        assert!(start.elapsed() < LONG / 3, "{script}");
        let until = Instant::now() + LONG / 3;
        while runs(&verdict.text) && Instant::now() < until {
            std::thread::yield_now();
        }
        assert!(!runs(&verdict.text), "{script}: {} is left", verdict.text);
    }
}

#[test]
fn an_interrupt_ends_it() {
    let (environment, stop) = (Environment::from_process(&[]), AtomicBool::new(false));
    let policy = sh("exec sleep 600");
    let verdict = std::thread::scope(|scope| {
        let asked =
            scope.spawn(|| policy.evaluate("{}", PolicyContext { environment: &environment, timeout: LONG, cancel: &stop }));
        stop.store(true, Ordering::Release);
        asked.join().unwrap()
    });
    assert_eq!(verdict.refused.unwrap(), "was interrupted");
}

#[test]
fn its_text_cannot_steer_a_terminal() {
    let verdict = soon(&sh(r"printf 'a\033[31mb\r\377c\n'"), "{}");
    assert_eq!(verdict.text, "a\\u{1b}[31mb\\u{d}\u{fffd}c");
}

#[test]
fn it_runs_in_the_folder_of_its_file_and_does_not_see_the_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("rules.sh");
    std::fs::write(script.with_extension("text"), "#!/bin/sh\npwd\n").unwrap();
    // Another process makes it: a file that this one had open for writing cannot be executed while a child starts.
    let mut install = std::process::Command::new("install");
    install.args(["-m", "755"]).arg(script.with_extension("text")).arg(&script);
    assert!(install.status().unwrap().success());
    let here = folder.path().canonicalize().unwrap().display().to_string();
    for words in [vec!["./rules.sh"], vec!["sh", "rules.sh"]] {
        let words = words.into_iter().map(str::to_owned).collect();
        let policy = Policy { command: words, folder: Some(folder.path().to_path_buf()) };
        assert_eq!(soon(&policy, "{}"), PolicyVerdict { refused: None, help: "", text: here.clone() });
    }
    let (environment, stop) = (Environment::default(), AtomicBool::new(false));
    let setting = PolicyContext { environment: &environment, timeout: LONG, cancel: &stop };
    assert_eq!(sh("echo \"[$HOME][${PATH:+set}]\"").evaluate("{}", setting).text, "[][set]");
}
