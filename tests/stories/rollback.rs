//! Yesterday's ledger and journal, restored: the head of the journal, kept elsewhere, shows that they are older.

use std::fs;

use serde_json::Value;

use crate::bench::{Ran, Story};
use crate::deletes::CONNECTED;
use crate::partners::west;

const LEDGER: &str = ".telform/ledger.json";
const JOURNAL: &str = ".telform/ledger.journal";
const REFUSED: &str = "error[telform::journal::rolled_back]";

/// The hash of the last line.
fn head(story: &Story) -> String {
    let journal = story.read(JOURNAL);
    let last: Value = serde_json::from_str(journal.lines().last().unwrap()).unwrap();
    last["hash"].as_str().unwrap().to_owned()
}

/// Ledger and journal as they are, to be put back later.
fn backup(story: &Story) -> [String; 2] {
    [story.read(LEDGER), story.read(JOURNAL)]
}

fn put_back(story: &Story, [ledger, journal]: &[String; 2]) {
    story.file(LEDGER, ledger);
    story.file(JOURNAL, journal);
}

/// One more partner. It is invisible at the service before it is verified, so a second create would make a duplicate.
fn more(login: &str) -> String {
    west("").replace("west", login).replace("partners:\n", "")
}

/// A story with one partner, and with a second one after the next apply.
fn partners() -> Story {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.apply();
    story.carrierx(&(west("") + &more("east")));
    story
}

#[test]
fn every_run_that_wrote_says_its_head() {
    let story = partners();
    let ran = story.apply();
    let now = head(&story);
    ran.says(&format!("\nJournal head: {now}\nLine 8. "));
    ran.says(&format!("\n  telform apply --journal-head {now}\n"));
    story.expect(0, &format!("apply --auto-approve --journal-head {now}"));
    // A run that wrote nothing there has nothing to say.
    story.expect(0, "plan").is_silent_about("Journal head");
    story.apply().is_silent_about("Journal head");
    // The reviewer gets the command with the plan.
    let comment = story.expect(0, "plan --format markdown");
    comment.says(&format!("`telform apply --journal-head {now}`"));

    story.carrierx(&(west("") + &more("east") + &more("north")));
    let ended = |ran: &Ran| -> Value { serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap() };
    let said = ended(&story.expect(0, "apply --auto-approve --json"));
    let now = head(&story);
    assert_eq!(said["journal"]["head"]["hash"], now.as_str(), "{said}");
    assert_eq!(said["journal"]["demand"], format!("telform apply --journal-head {now}"), "{said}");
    let said = ended(&story.expect(0, "apply --auto-approve --json"));
    assert!(said.get("journal").is_none(), "{said}");

    let said = story.expect(0, "ledger move partners.west partners.south --json").json();
    assert_eq!(said["journal"]["head"]["hash"], head(&story).as_str(), "{said}");
    let said = story.expect(0, "forget partners.south --json").json();
    assert_eq!(said["journal"]["head"]["hash"], head(&story).as_str(), "{said}");
    story.expect(1, "forget partners.south --json").is_silent_about("\"journal\"");
}

/// The command that is printed is one that works, with the options that say where everything is.
#[test]
fn the_command_says_where_everything_is() {
    let story = partners();
    fs::rename(story.path("telform.yaml"), story.path("other.yaml")).unwrap();
    let ran = story.expect(0, "apply -f other.yaml --ledger .telform/ledger.json --max-deletes 3 --auto-approve");
    let wanted = format!("  telform apply -f other.yaml --ledger .telform/ledger.json --journal-head {}\n", head(&story));
    ran.says(&wanted);
    story.expect(0, wanted.trim().trim_start_matches("telform "));
}

#[test]
fn an_older_ledger_and_journal_together_are_refused() {
    let mut story = partners();
    let before = backup(&story);
    story.apply();
    let kept = head(&story);
    put_back(&story, &before);
    story.take_log();
    let demand = format!("--journal-head {kept}");
    for command in [
        "plan",
        "apply --auto-approve",
        "resume --auto-approve",
        "undo last --auto-approve",
        "rehearse",
        "drift",
        "explain partners.west",
        "adopt partners.west 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410",
        "forget partners.west",
        "ledger move partners.west partners.east",
        "ledger list",
        "ledger rebuild --replace",
        "ledger show partners.west",
        "journal verify",
        "journal list",
        "journal show",
        "journal blame partners.west",
        "journal export",
        "undo last --plan",
        "rehearse --undo last",
        "destroy --plan",
        "graph",
        "get partners",
        "verify .telform/ledger.journal",
    ] {
        let ran = story.expect(1, &format!("{command} {demand}"));
        assert!(ran.stderr.contains(REFUSED), "{command}: {}", ran.whole());
    }
    story.expect(0, "verify .telform/ledger.journal").says("Verified: every rule holds. Only the ledger");
    let held = format!("verify .telform/ledger.journal --journal-head {}", head(&story));
    story.expect(0, &held).says("Verified: every rule holds, and the journal has the required line. Only the ledger");
    story.expect(1, &format!("doctor {demand}")).says("[telform::journal::rolled_back]");
    let told = story.expect(1, &format!("apply --auto-approve --json {demand}")).events();
    assert_eq!(told[0]["code"], "telform::journal::rolled_back", "{told:?}");
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!([story.read(LEDGER), story.read(JOURNAL)], before);

    // The same as a variable; an empty one, as CI has it before the first run, demands nothing.
    story.settings.insert("TELFORM_JOURNAL_HEAD".to_owned(), kept);
    story.expect(1, "apply --auto-approve").says(REFUSED);
    story.settings.insert("TELFORM_JOURNAL_HEAD".to_owned(), String::new());
    story.expect(0, "plan");
    story.expect(1, "plan --journal-head 12").says("64 hexadecimal digits");
    // A journal that was taken away does not contain the line, either.
    story.settings.remove("TELFORM_JOURNAL_HEAD");
    fs::remove_file(story.path(JOURNAL)).unwrap();
    fs::remove_file(story.path(LEDGER)).unwrap();
    story.expect(1, &format!("apply --auto-approve {demand}")).says("there is none");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_file_keeps_the_head_from_run_to_run() {
    let mut story = partners();
    story.settings.insert("TELFORM_JOURNAL_HEAD_FILE".to_owned(), "kept/head".to_owned());
    // Not there yet: nothing is demanded, and from the first run on it holds the head.
    let before = backup(&story);
    story.apply().says("kept in kept/head; the next run requires it.");
    assert_eq!(story.read("kept/head"), format!("{}\n", head(&story)));
    story.expect(0, "plan");
    story.expect(0, "ledger move partners.west partners.south --json").says("\"kept_in\":\"kept/head\"");
    assert_eq!(story.read("kept/head"), format!("{}\n", head(&story)));
    put_back(&story, &before);
    story.take_log();
    for command in ["plan", "apply --auto-approve", "resume --auto-approve", "forget partners.west"] {
        story.expect(1, command).says(REFUSED).says("kept/head requires");
    }
    // An existing file without a head is not a missing requirement.
    for text in ["", "\n", "no head\n", "0 1 2\n", &"a".repeat(5000)] {
        story.file("kept/head", text);
        story.expect(1, "apply --auto-approve").says("error[telform::journal::head_file]");
    }
    fs::remove_file(story.path("kept/head")).unwrap();
    fs::create_dir(story.path("kept/head")).unwrap();
    story.expect(1, "apply --auto-approve").says("error[telform::journal::head_file]");
    assert_eq!(story.writes(), [""; 0]);
}

/// A new journal is started explicitly, and its head replaces the old one.
#[test]
fn a_new_journal_has_a_new_head() {
    let mut story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.settings.insert("TELFORM_JOURNAL_HEAD_FILE".to_owned(), "head".to_owned());
    story.unpod("providers:\n  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n");
    story.apply();
    let old = story.read("head");
    story.file(JOURNAL, "");
    story.expect(1, "apply --auto-approve").says(REFUSED);
    story.expect(0, "journal restart").says("Journal head: ");
    assert_ne!(story.read("head"), old);
    story.expect(0, "apply --auto-approve");
    story.expect(1, &format!("plan --journal-head {}", old.trim())).says(REFUSED);
}

/// A line of the journal as JSON, changed, and the whole chain of hashes recomputed after it, as someone without the key would.
fn forged(story: &Story, change: impl Fn(usize, &mut serde_json::Map<String, Value>)) {
    let (mut text, mut prev) = (String::new(), "0".repeat(64));
    for (at, line) in story.read(JOURNAL).lines().enumerate() {
        let mut line: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        change(at + 1, &mut line);
        line["prev"] = prev.into();
        line.shift_remove("hash");
        let whole = serde_json::to_string(&line).unwrap();
        let open = &whole[..whole.len() - 1];
        prev = sha256(open);
        text.push_str(&format!("{open},\"hash\":\"{prev}\"}}\n"));
    }
    story.file(JOURNAL, &text);
    let mut ledger = story.ledger();
    let lines = text.lines().count();
    ledger["journal"] = serde_json::json!({ "seq": lines, "hash": prev });
    story.file(LEDGER, &format!("{ledger:#}\n"));
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

const WRITING: [&str; 4] = ["apply --auto-approve", "resume --auto-approve", "undo last --auto-approve", "forget partners.west"];

/// Someone with the bucket and without the key can recompute the hashes, but not the MACs.
#[test]
fn a_history_that_was_rewritten_without_the_key_is_refused() {
    let story = partners();
    story.apply();
    let good = backup(&story);
    let lines = good[1].lines().count();
    story.expect(0, "journal verify").says(&format!("MACs: made with the fingerprint key in lines 1 to {lines}"));
    story.take_log();
    let user = |line: &mut serde_json::Map<String, Value>| {
        if line["record"]["what"] == "started" {
            line["record"]["actor"]["user"] = "mallory".into();
        }
    };
    type Change = Box<dyn Fn(usize, &mut serde_json::Map<String, Value>)>;
    let changes: [(&str, Change); 4] = [
        ("another user", Box::new(move |_, line| user(line))),
        ("no MAC at all", Box::new(|_, line| drop(line.shift_remove("mac")))),
        (
            "no MAC at the end",
            Box::new(move |at, line| {
                if at > 4 {
                    line.shift_remove("mac");
                }
            }),
        ),
        (
            "another MAC",
            Box::new(move |at, line| {
                if at == lines {
                    line["mac"] = "0".repeat(64).into();
                }
            }),
        ),
    ];
    for (what, change) in changes {
        put_back(&story, &good);
        forged(&story, change);
        for command in WRITING.iter().chain(&["journal verify"]) {
            let ran = story.expect(1, command);
            assert!(
                ran.whole().contains("telform::journal::mac") || command.ends_with("verify"),
                "{what}: {command}: {}",
                ran.whole()
            );
        }
        story.expect(1, "journal verify --json");
        story.expect(0, "plan").says("telform::journal::mac");
        let restarted = story.expect(0, "journal restart");
        restarted.says("Started a new journal");
        story.expect(0, "journal verify").says("MACs: made with the fingerprint key");
    }
    assert_eq!(story.writes(), [""; 0]);
    put_back(&story, &good);
    story.apply();
}

/// Without the key it is unknown; with another one nothing is written.
#[test]
fn what_another_key_says() {
    let mut story = partners();
    story.apply();
    let key = story.read(".telform/ledger.key");
    let good = backup(&story);
    story.settings.insert("TELFORM_FINGERPRINT_KEY".to_owned(), "c81f5e0a97b3d6424e1f8a7056b9d23c".to_owned());
    for command in WRITING {
        story.expect(1, command).says("error[telform::journal::key]").says("ledger rekey --lost-key");
    }
    story.settings.remove("TELFORM_FINGERPRINT_KEY");
    assert_eq!(backup(&story), good);
    fs::remove_file(story.path(".telform/ledger.key")).unwrap();
    story.expect(0, "journal verify").says("MACs: not checked, because the key is missing here; lines 1 to 8 have them");
    assert_eq!(story.expect(0, "journal verify --json").json()["macs"], "unknown");
    story.expect(1, "forget partners.west").says("error[telform::journal::key]");
    // A run without a key makes one and reports that it continues with it.
    story.carrierx(&(west("") + &more("east") + &more("north")));
    story.apply().says("warning[telform::journal::key]");
    story.expect(0, "journal verify").says("MACs: made with the fingerprint key in lines 9 to");
    // The old key is another one now.
    let made = story.read(".telform/ledger.key");
    story.file(".telform/ledger.key", &key);
    story.expect(1, "apply --auto-approve").says("error[telform::journal::key]");
    story.file(".telform/ledger.key", &made);
    story.apply();
}

/// Another key continues where the old one authenticates it.
#[test]
fn a_new_key_goes_on_with_the_journal() {
    let story = partners();
    story.apply();
    let old = story.read(".telform/ledger.key");
    story.expect(0, "ledger rekey").says("Journal head: ");
    let record = |at: usize| -> Value { serde_json::from_str(story.read(JOURNAL).lines().nth(at).unwrap()).unwrap() };
    assert_eq!(record(9)["record"]["what"], "rekeyed");
    assert!(record(9)["record"]["vouched"].is_string());
    story.expect(0, "journal verify").says("MACs: made with the fingerprint key in lines 10 to 11");
    story.expect(0, &format!("verify {JOURNAL}"));
    story.carrierx(&(west("") + &more("east") + &more("north")));
    story.apply();
    story.expect(0, "journal verify");
    let new = story.read(".telform/ledger.key");
    story.file(".telform/ledger.key", &old);
    story.expect(1, "apply --auto-approve").says("error[telform::journal::key]");
    // A lost key is lost with what it authenticated, and this is reported.
    fs::remove_file(story.path(".telform/ledger.key")).unwrap();
    story.expect(0, "ledger rekey --lost-key").says("warning[telform::journal::key]");
    story.expect(0, "journal verify").says("MACs: made with the fingerprint key");
    assert_ne!(story.read(".telform/ledger.key"), new);
    story.apply();
}

/// A journal of an older telform continues, and has MACs from then on.
#[test]
fn a_journal_without_macs_goes_on() {
    let story = partners();
    fs::remove_file(story.path(".telform/ledger.mac.key")).unwrap();
    forged(&story, |_, line| {
        line.shift_remove("mac");
        line.shift_remove("ledger");
    });
    let mut ledger = story.ledger();
    ledger.as_object_mut().unwrap().remove("key_check");
    story.file(LEDGER, &format!("{ledger:#}\n"));
    story.expect(0, "journal verify").says("MACs: none");
    story.apply().says("note: from line 5 on, the lines of the journal have MACs");
    story.expect(0, "journal verify").says("MACs: made with the fingerprint key in lines 5 to 8");
}

/// Commands that only read report what a writing run refuses.
const READING: [&str; 13] = [
    "plan",
    "plan --json",
    "plan -q",
    "plan --format markdown",
    "drift",
    "explain partners.west",
    "rehearse",
    "ledger list",
    "ledger list --json",
    "ledger show partners.west",
    "journal list",
    "journal show",
    "doctor",
];

/// What all of them report. Those that are about it fail.
fn all_say(story: &Story, what: &str) {
    for command in READING {
        let ran = story.run(command);
        ran.says(what);
        let subject = ["ledger", "journal", "doctor"].iter().any(|it| command.starts_with(it));
        assert!(!subject || ran.code == 1, "{command}: {}", ran.whole());
    }
}

/// Each of the two alone shows that the other is older, without any option.
#[test]
fn one_of_the_two_alone_is_noticed() {
    let story = partners();
    let older = backup(&story);
    story.carrierx(&(west("") + &more("east") + &more("north")));
    story.apply();
    let good = backup(&story);
    story.take_log();
    let behind = "error[telform::ledger::behind]";
    story.file(LEDGER, &older[0]);
    all_say(&story, "telform::ledger::behind");
    let ran = story.expect(1, "journal verify");
    ran.says(behind).says("NOT verified").says("telform ledger rebuild");
    assert_eq!(story.expect(1, "journal verify --json").json()["behind"], 1);
    for command in
        WRITING.iter().chain(&["apply --auto-approve --json", "ledger move partners.west partners.south", "ledger rekey"])
    {
        let ran = story.run(command);
        assert!(ran.code == 1 && ran.whole().contains("telform::ledger::behind"), "{command}: {}", ran.whole());
        assert_eq!([story.read(LEDGER), story.read(JOURNAL)], [older[0].clone(), good[1].clone()], "{command}");
    }
    assert_eq!(story.writes(), [""; 0]);
    // The ways on that are named.
    story.expect(0, "ledger rebuild --replace").is_silent_about("ledger::behind");
    story.run("plan").is_silent_about("ledger::behind");
    story.expect(0, "journal verify");
    put_back(&story, &[older[0].clone(), good[1].clone()]);
    story.expect(0, "journal restart").is_silent_about("ledger::behind").says("Started a new journal");
    story.run("plan").is_silent_about("ledger::behind");
    story.expect(0, "journal verify").says("MACs: made with the fingerprint key");
    // The journal alone.
    put_back(&story, &good);
    story.file(JOURNAL, &older[1]);
    for command in WRITING {
        story.expect(1, command).says("error[telform::journal::broken]");
    }
    for command in WRITING.iter().chain(&["plan", "ledger list", "ledger show partners.west", "doctor"]) {
        story.run(command).says("telform::journal::broken");
    }
    story.expect(1, "journal list").says("was altered");
    assert_eq!(story.writes(), [""; 0]);
}

/// The save that comes after the receipt is missing, as after a kill: nothing is older than it should be. One save more is.
#[test]
fn a_ledger_that_is_one_save_behind_its_run_was_not_put_back() {
    let story = partners();
    story.apply();
    let good = backup(&story);
    let lines: Vec<Value> = good[1].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let saved = lines.iter().rev().find_map(|line| line.get("ledger")).unwrap();
    let as_saved = |serial: u64, write: &str| {
        let mut ledger: Value = serde_json::from_str(&good[0]).unwrap();
        ledger["serial"] = serial.into();
        ledger["write"] = write.into();
        ledger["journal"] = serde_json::json!({ "seq": 7, "hash": lines[6]["hash"] });
        story.file(LEDGER, &format!("{ledger:#}\n"));
    };
    let (serial, write) = (saved["serial"].as_u64().unwrap(), saved["write"].as_str().unwrap());
    as_saved(serial, write);
    story.expect(0, "plan").is_silent_about("ledger::behind");
    story.apply().is_silent_about("ledger::behind");
    // The save before.
    put_back(&story, &good);
    as_saved(serial - 1, write);
    story.expect(0, "plan").says("warning[telform::ledger::behind]");
    story.expect(1, "apply --auto-approve").says("error[telform::ledger::behind]");
    // A different one with as many saves was written by a process that ignores the lock, and was not restored.
    put_back(&story, &good);
    as_saved(serial, "another");
    story.expect(0, "plan").says("warning[telform::ledger::behind]").is_silent_about("error[");
    story.apply().says("warning[telform::ledger::behind]");
}

/// A lost ledger is not a restored one: it is reported, and the run continues.
#[test]
fn a_ledger_that_is_lost_is_said() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod("providers:\n  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n");
    story.apply();
    fs::remove_file(story.path(LEDGER)).unwrap();
    let warning = "warning[telform::ledger::behind]: a journal exists without a ledger";
    for command in ["plan", "apply --auto-approve"] {
        story.run(command).says(warning).is_silent_about("error[telform::ledger");
    }
    story.run("ledger rebuild --replace");
    story.expect(0, "plan").is_silent_about("ledger::behind");
}

/// Takes every MAC out of the journal, and the mark of the key out of the ledger.
fn stripped(story: &Story) {
    forged(story, |_, line| drop(line.shift_remove("mac")));
    let mut ledger = story.ledger();
    ledger.as_object_mut().unwrap().remove("key_check");
    story.file(LEDGER, &format!("{ledger:#}\n"));
}

/// The file beside the key shows that MACs existed, whatever ledger and journal say.
#[test]
fn a_history_without_any_mac_is_refused_where_the_key_had_made_them() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mut story = partners();
    story.apply();
    let kept = story.path(".telform/ledger.mac.key");
    let about = fs::symlink_metadata(&kept).unwrap();
    assert_eq!((about.permissions().mode() & 0o777, about.nlink()), (0o600, 1));
    let good = backup(&story);
    story.take_log();
    stripped(&story);
    let bare = backup(&story);
    let says = "what is kept next to the key says that they must";
    for command in WRITING {
        story.expect(1, command).says("error[telform::journal::mac]").says(says);
    }
    all_say(&story, "telform::journal::mac");
    story.expect(1, "journal verify").says("error[telform::journal::mac]");
    // Without any line, too.
    let mut ledger: Value = serde_json::from_str(&bare[0]).unwrap();
    ledger.as_object_mut().unwrap().remove("journal");
    put_back(&story, &[format!("{ledger:#}\n"), String::new()]);
    story.expect(1, "apply --auto-approve").says("error[telform::journal::mac]");
    assert_eq!(story.writes(), [""; 0]);
    // Both are missing: nothing shows what existed, only that something did.
    fs::remove_file(story.path(LEDGER)).unwrap();
    fs::remove_file(story.path(JOURNAL)).unwrap();
    story.expect(0, "plan").says("warning[telform::ledger::none]: ledger and journal are missing");
    // The way on.
    put_back(&story, &bare);
    story.expect(0, "journal restart").says("Started a new journal");
    story.expect(0, "journal verify").says("MACs: made with the fingerprint key in lines 1 to 2");
    stripped(&story);
    story.expect(1, "apply --auto-approve").says("error[telform::journal::mac]");
    // A key that comes from a variable has nothing beside it, and a link beside the key is not followed.
    put_back(&story, &bare);
    let key = story.read(".telform/ledger.key").trim().to_owned();
    story.settings.insert("TELFORM_FINGERPRINT_KEY".to_owned(), key);
    story.expect(0, "plan").is_silent_about("telform::journal::mac");
    story.settings.remove("TELFORM_FINGERPRINT_KEY");
    let elsewhere = story.path("elsewhere.key");
    fs::rename(&kept, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &kept).unwrap();
    story.expect(1, "apply --auto-approve").says("is a link");
    fs::remove_file(&kept).unwrap();
    put_back(&story, &good);
    story.expect(0, "ledger move partners.west partners.south");
    assert!(kept.exists());
    // A different key says nothing about what the old one made.
    story.expect(0, "ledger rekey");
    stripped(&story);
    story.expect(1, "forget partners.south").says(says);
    assert_eq!(story.writes(), [""; 0]);
}

/// Whatever is at the path of the head: a clear error before any write, without waiting.
#[test]
fn what_is_no_file_of_a_head() {
    use std::os::unix::fs::PermissionsExt;
    let mut story = partners();
    story.settings.insert("TELFORM_JOURNAL_HEAD_FILE".to_owned(), "head".to_owned());
    let good = backup(&story);
    let at = story.path("head");
    let made = |program: &str, args: &[&str]| {
        let ran = std::process::Command::new(program).args(args).current_dir(story.dir.path()).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    story.take_log();
    let refused = |why: &str| {
        for command in ["apply --auto-approve", "plan", "forget partners.west", "journal verify", "ledger list"] {
            let ran = story.expect(1, command);
            ran.says("error[telform::journal::head_file]").says(why).says("mv head head.old");
        }
    };
    assert!(made("mkfifo", &["head"]));
    refused("a named pipe");
    fs::remove_file(&at).unwrap();
    // Only root makes nodes.
    if made("mknod", &["head", "c", "1", "5"]) {
        refused("a device");
        fs::remove_file(&at).unwrap();
    }
    let socket = std::os::unix::net::UnixListener::bind(&at).unwrap();
    refused("a socket");
    drop(socket);
    fs::remove_file(&at).unwrap();
    story.file("other", &format!("{}\n", head(&story)));
    for target in ["other", "nowhere", "/proc/self/environ"] {
        std::os::unix::fs::symlink(target, &at).unwrap();
        refused("is a link");
        fs::remove_file(&at).unwrap();
    }
    fs::create_dir(&at).unwrap();
    refused("is a directory");
    fs::remove_dir(&at).unwrap();
    fs::File::create(&at).unwrap().set_len(1 << 20).unwrap();
    refused("it is larger than 4 KiB");
    fs::write(&at, [0xff, 0xfe]).unwrap();
    refused("it is not UTF-8 text");
    story.file("head", "");
    refused("it is empty");
    fs::write(&at, vec![0; 65]).unwrap();
    refused("64 hexadecimal digits");
    assert_eq!(backup(&story), good);
    // That of another ledger.
    story.file("head", &"ab".repeat(32));
    story.expect(1, "apply --auto-approve").says(REFUSED).says("head belongs to another ledger");
    assert_eq!(story.writes(), [""; 0]);
    // A file that others could read is restricted to its owner when the umask says so; no temporary file is left beside it.
    story.file("head", &format!("{}\n", head(&story)));
    fs::set_permissions(&at, fs::Permissions::from_mode(0o644)).unwrap();
    let telform = story.command("");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "umask 077; exec \"$0\" apply --auto-approve"]).arg(telform.get_program());
    command.env_clear().current_dir(story.dir.path());
    command.envs(telform.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = story.ran("apply", &command.output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.whole());
    assert_eq!(story.read("head"), format!("{}\n", head(&story)));
    assert_eq!(fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o600);
    let left = fs::read_dir(&story.dir).unwrap().flatten();
    assert_eq!(left.filter(|it| it.file_name().to_string_lossy().starts_with(".telform")).count(), 1);
}
