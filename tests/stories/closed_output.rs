//! The reader closes the output, or the output cannot be written. A run that may have sent a write is completed and reports
//! its outcome; everything else reports that its output is incomplete, unless the reader closed it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Ran, Story};
use crate::runs::{end, start};

pub(crate) const APPLY: &str = "apply --auto-approve";
/// Far longer than any of these runs takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A configuration is replaced and its number moved, beside updates of two other objects.
pub(crate) const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-one-71 }
  numbers:
    - { number: '+14155550101' }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
    - { id: 302, slug: help, name: Help }
    - { id: 303, slug: away, name: Away }
";

pub(crate) fn yaml(provider: &str, name: &str) -> String {
    format!(
        "
guards: {{ max_deletes: 2 }}
providers:
  old: {{ {provider}, auth_token: {{ env: ONE }} }}
bridges:
  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: old }} }} }}
  help: {{ slug: help, name: Help {name} }}
  away: {{ slug: away, name: Away {name} }}
"
    )
}

/// The YAML that has the number moved.
pub(crate) fn moved() -> String {
    yaml("provider: exotel, account_sid: EX99", "West")
}

pub(crate) fn story() -> Story {
    let story = Story::new(WORLD).secret("ONE", "canary-one-71");
    story.unpod(&yaml("provider: plivo, account_sid: MA42", ""));
    story.apply();
    story.unpod(&moved());
    story.take_log();
    story
}

/// As [`end`], and never for ever.
pub(crate) fn ends(story: &Story, mut child: Child, what: &str) -> Ran {
    let until = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            let ran = end(story, APPLY, child);
            panic!("{what}: the run does not end\n{}", ran.whole());
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    end(story, APPLY, child)
}

/// What serves the number.
pub(crate) fn server(story: &Story) -> Value {
    let world = story.world();
    let bridges = world["unpod"]["bridges"].as_array().unwrap().clone();
    let sales = bridges.into_iter().find(|bridge| bridge["slug"] == "sales").unwrap();
    let served = sales["numbers"]["+14155550101"].clone();
    if served.is_object() { served["configuration"].clone() } else { served }
}

/// Starts a run and waits until the number is being disconnected.
fn until_the_cut(story: &Story, args: &str) -> Child {
    story.fault("{ match: { path: '*/disconnect-provider/' }, when: after, effect: hold }");
    let child = start(story, args);
    assert!(story.sandbox.wait_held(PATIENCE), "{args}");
    child
}

/// The reader closes the output while the number is disconnected: the run connects it again, performs its deletes, and proves it.
#[test]
fn a_viewer_that_dies_ends_no_apply() {
    for (args, both) in
        [(APPLY, false), (APPLY, true), ("apply --auto-approve --json", false), ("apply --auto-approve --quiet", true)]
    {
        let story = story();
        let mut child = until_the_cut(&story, args);
        drop(child.stdout.take());
        if both {
            drop(child.stderr.take());
        }
        story.sandbox.let_go();
        let ran = ends(&story, child, args);
        assert_eq!(ran.code, 0, "{args}: {}", ran.whole());
        assert!(!server(&story).is_null(), "{args}: the number is dark");
        assert_eq!(story.writes().len(), 6, "{args}: {:#?}", story.writes());
        if !both {
            ran.says("note: standard output is no longer being read; this run continues to its end");
        }
        if args == APPLY && !both {
            ran.says("ok connect +14155550101").says("Done: 6 writes, and a fresh plan is empty.");
        }
        if args.ends_with("json") {
            ran.says("the run ended: done (exit code 0)");
        }
        story.sandbox.clear_faults();
        story.in_sync();
    }
}

/// `telform apply --json | head -1`, as it is typed.
#[test]
fn one_line_is_enough_for_its_reader() {
    let story = story();
    let mut child = start(&story, "apply --auto-approve --json");
    let mut line = String::new();
    BufReader::with_capacity(8, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"event\":\"planned\""), "{line}");
    assert_eq!(ends(&story, child, "head -1").code, 0);
    assert_eq!(story.writes().len(), 6);
    story.in_sync();
}

/// The exit code gives the outcome of the run, and dark numbers are reported on a stream that is still open.
#[test]
fn what_went_wrong_is_said_all_the_same() {
    for args in [APPLY, "apply --auto-approve --json", "apply --auto-approve --quiet"] {
        let story = story();
        story.fault("{ match: { path: '*/connect-provider/', times: 0 }, effect: { answer: { status: 422 } } }");
        let mut child = until_the_cut(&story, args);
        drop(child.stdout.take());
        story.sandbox.let_go();
        let ran = ends(&story, child, args);
        assert_eq!(ran.code, 5, "{args}: {}", ran.whole());
        ran.says("DARK NOW").says("+14155550101");
        if args.ends_with("json") {
            ran.says("the run ended: in part (exit code 5)");
        }
    }
}

#[test]
fn resume_and_undo_go_on_too() {
    let story = story();
    let mut child = until_the_cut(&story, APPLY);
    child.kill().unwrap();
    end(&story, APPLY, child);
    story.sandbox.clear_faults();
    let away = || {
        let bridges = story.world()["unpod"]["bridges"].as_array().unwrap().clone();
        bridges.iter().find(|bridge| bridge["slug"] == "away").unwrap()["name"].clone()
    };
    for (name, args) in [
        ("Away West", "resume --auto-approve"),
        ("Away East", APPLY),
        ("Away West", "undo last --auto-approve"),
        ("Away West", "rehearse"),
    ] {
        if args == APPLY {
            story.unpod(&moved().replace("West", "East"));
        }
        let mut child = start(&story, args);
        drop(child.stdout.take());
        let ran = ends(&story, child, args);
        assert_eq!(ran.code, 0, "{args}: {}", ran.whole());
        assert!(!server(&story).is_null(), "{args}: the number is dark");
        assert_eq!(away(), name, "{args}");
    }
}

/// The run that took a lock in an object store frees it, even when its output is not read.
#[cfg(feature = "remote-state")]
#[test]
fn the_lock_of_an_object_store_is_freed() {
    let store = crate::slow_store::SlowStore::start(Duration::from_millis(4));
    let story = Story::new(WORLD).secret("ONE", "canary-one-71").with_ledger_at(store.url());
    story.unpod(&yaml("provider: plivo, account_sid: MA42", ""));
    story.apply();
    let moved_yaml = moved();
    let without_help: String = moved_yaml.split_inclusive('\n').filter(|line| !line.contains("help")).collect();
    let lock = || store.json("team/ledger.lock")["state"].clone();
    for (code, yaml, args) in [
        (0, moved(), APPLY),
        (3, without_help.replace("max_deletes: 2", "max_deletes: 0"), APPLY),
        (0, moved(), "forget bridges.away"),
        (0, moved(), "ledger move bridges.help bridges.aid"),
    ] {
        story.unpod(&yaml);
        let mut child = start(&story, args);
        drop(child.stdout.take());
        let ran = ends(&story, child, args);
        assert_eq!((ran.code, lock()), (code, "free".into()), "{args}: {}", ran.whole());
    }
    let ledger = store.json("team/ledger.json");
    let managed: Vec<&String> = ledger["objects"].as_object().unwrap().keys().collect();
    assert_eq!(managed, ["bridges.aid", "bridges.sales", "providers.old"], "what was asked for was done");
}

/// Runs with standard output at the end of a file that may not grow beyond `blocks` of 512 bytes, as on a disk that is full.
fn into_a_full_file(story: &Story, args: &str, blocks: usize) -> Ran {
    let mut command = Command::new("sh");
    let telform = story.command("");
    command
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {args} >> full")])
        .arg(telform.get_program())
        .env_clear()
        .envs(telform.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(story.dir.path())
        .stdin(Stdio::null());
    story.ran("into a full file", &command.output().unwrap())
}

/// Every command that prints says when its output got lost.
#[test]
fn a_full_disk_behind_standard_output() {
    let story = story();
    story.expect(0, "plan --out plan.bin");
    story.apply();
    story.take_log();
    // An apply that also adopts leaves more than one run, so the first is named in full.
    let first: serde_json::Value = serde_json::from_str(story.read(".telform/ledger.journal").lines().next().unwrap()).unwrap();
    let show = format!("journal show {}", first["run"].as_str().unwrap());
    for args in [
        "plan",
        "plan --json",
        "plan --detailed-exitcode",
        "show plan.bin",
        "verify plan.bin",
        "validate",
        "validate --json",
        "drift",
        "doctor",
        "explain bridges.away",
        "ledger list",
        "ledger show bridges.away",
        "journal list",
        &show,
        "journal export",
        "journal verify",
        "docs errors",
        "docs providers",
        "schema",
        "schema plan",
        "completions bash",
        "completions fish --json",
        "man",
        "--help",
        "plan --help",
        "--version",
    ] {
        let ran = into_a_full_file(&story, args, 0);
        assert_eq!(ran.code, 1, "{args}: {}", ran.whole());
        ran.says("error[telform::cli::output]: standard output cannot be written: ").says("os error");
    }
    assert_eq!(story.writes(), [""; 0]);
}

/// An apply does not start when its plan cannot be printed, and continues when the output fails later.
#[test]
fn an_apply_whose_output_is_full() {
    const BLOCKS: usize = 200;
    let story = story();
    let plan = story.expect(1, "apply").stdout;
    let room = |bytes: usize| story.file("full", &"x".repeat(BLOCKS * 512 - bytes));
    room(10);
    let ran = into_a_full_file(&story, APPLY, BLOCKS);
    assert_eq!(ran.code, 1, "{}", ran.whole());
    ran.says("error[telform::cli::output]").says("nothing was written to a service");
    assert_eq!(ran.stderr.matches("telform::cli::output").count(), 1, "{}", ran.stderr);
    assert_eq!(story.writes(), [""; 0]);
    room(plan.len() + 4);
    let ran = into_a_full_file(&story, APPLY, BLOCKS);
    assert_eq!(ran.code, 0, "{}", ran.whole());
    ran.says("note: standard output cannot be written (").says("Done: 6 writes");
    assert_eq!(story.writes().len(), 6);
    story.in_sync();
}
