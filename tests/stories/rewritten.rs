//! Ledger, journal and key under version control: what other programs did to them is reported by cause, with a working remedy.

#[cfg(all(unix, feature = "remote-state"))]
use std::process::Stdio;
#[cfg(all(unix, feature = "remote-state"))]
use std::time::Duration;

use crate::bench::Story;
use crate::deletes::CONNECTED;

const OLD: &str = "providers:\n  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }\n";
const LEDGER: &str = ".telform/ledger.json";
const JOURNAL: &str = ".telform/ledger.journal";

fn applied() -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod(OLD);
    story.apply();
    story.take_log();
    story
}

/// The message of a failed command, on one line.
fn said(story: &Story, command: &str) -> String {
    let ran = story.expect(1, command);
    format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_git_and_editors_make_of_a_ledger() {
    let story = applied();
    let whole = story.read(LEDGER);
    let conflict = whole.replacen("  \"serial\"", "<<<<<<< HEAD\n  \"serial\": 1,\n=======\n  \"serial\"", 1);
    let twice = whole.replacen("    \"providers.new\"", "    \"providers.old\": {},\n    \"providers.new\"", 1);
    let twice_deep = whole.replacen("      \"account\"", "      \"id\": \"7\",\n      \"account\"", 1);
    for (text, words, help) in [
        (conflict, "line 4 is a conflict marker", "git checkout --theirs -- /"),
        (whole.replace('\n', "\r\n"), "its lines end with CR LF", "sed -i"),
        (format!("\u{feff}{whole}"), "byte order mark", "without a byte order mark"),
        (twice, "`providers.old` appears in it twice", "remove the older of the two"),
        (twice_deep, "`id` appears in it twice", "remove the older of the two"),
        (whole.replace("\"format\": 1", "\"format\": 0"), "format 0, which telform never wrote", "from a backup"),
        ("{ \"format\": 0, \"things\": [] }".to_owned(), "format 0, which telform never wrote", "from a backup"),
        ("{}\n".to_owned(), "it is an empty object", "from a backup"),
        (" \n".to_owned(), "it is empty", "from a backup"),
    ] {
        assert_ne!(text, whole, "{words}");
        story.file(LEDGER, &text);
        for command in ["plan", "apply --auto-approve", "ledger list", "doctor", "forget providers.old"] {
            let said = said(&story, command);
            assert!(said.contains(words) && said.contains(help), "telform {command}: {said}");
        }
        assert_eq!(story.read(LEDGER), text, "nothing is overwritten");
        // The way that holds for each of them.
        story.expect(0, "ledger rebuild --replace");
        story.expect(0, "plan --detailed-exitcode").says("Plan: no changes").is_silent_about("older than its journal");
    }
}

#[test]
fn a_journal_that_is_lost_or_rewritten_is_begun_anew() {
    let story = applied();
    let whole = story.read(JOURNAL);
    assert!(said(&story, "journal restart").contains("is intact; nothing was changed"));
    let cut = whole.lines().next().unwrap().to_owned() + "\n";
    for (text, words, kept) in [
        (None, "does not exist, or is empty", false),
        (Some(cut), "the end is missing", true),
        (Some(whole.replace('\n', "\r\n")), "CR LF", true),
        (Some(format!("<<<<<<< HEAD\n{whole}")), "is a conflict marker", true),
        (Some(format!("\u{feff}{whole}")), "byte order mark", true),
        (Some(whole.replace("apply", "aply")), "it was changed", true),
    ] {
        match &text {
            Some(text) => story.file(JOURNAL, text),
            None => std::fs::remove_file(story.path(JOURNAL)).unwrap(),
        }
        for command in ["apply --auto-approve", "doctor"] {
            let said = said(&story, command);
            assert!(said.contains(words) && said.contains("`telform journal restart`"), "{command}: {said}");
        }
        let ran = story.expect(0, "journal restart");
        assert_eq!(ran.stdout.contains("The old one is kept as"), kept, "{}", ran.stdout);
        story.apply();
        story.expect(0, "journal verify").says("Verified");
        story.expect(0, "doctor");
        story.expect(0, "journal list").says("journal restart: done");
        let aside = std::fs::read_dir(story.path(".telform")).unwrap().filter_map(Result::ok);
        let aside: Vec<_> = aside.filter(|it| it.file_name().to_string_lossy().contains("journal.replaced")).collect();
        assert_eq!(aside.len(), usize::from(kept), "{words}");
        for file in aside {
            assert_eq!(std::fs::read_to_string(file.path()).ok(), text);
            std::fs::remove_file(file.path()).unwrap();
        }
        assert!(said(&story, "undo nosuch").contains("has no run nosuch"));
        // Back to a journal that the ledger knows: the next case starts like this one.
        story.expect(0, "ledger move providers.old providers.first");
        story.expect(0, "ledger move providers.first providers.old");
        story.file("whole", &story.read(JOURNAL));
    }
}

#[test]
fn a_lost_key_is_said_and_has_a_way_on() {
    let mut story = applied();
    std::fs::remove_file(story.path(".telform/ledger.key")).unwrap();
    let plan = story.expect(0, "plan --detailed-exitcode");
    plan.says("made with a key that is not available here").says("providers.new auth_token");
    // The ledger has nothing about the adopted one, and this is still reported, too.
    plan.says("telform has never written it").says("providers.old auth_token");
    assert!(said(&story, "ledger rekey").contains("`telform ledger rekey --lost-key`"));
    assert!(
        story
            .expect(0, "doctor")
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains("`telform ledger rekey --lost-key`")
    );
    let ran = story.expect(0, "ledger rekey --lost-key");
    ran.says("providers.new auth_token").says("was lost with the key");
    let plan = story.expect(0, "plan --detailed-exitcode");
    plan.is_silent_about("is not the one that this ledger was written with").says("the ledger has its fingerprint");
    assert!(said(&story, "ledger rekey --lost-key").contains("it can read this ledger"));
    // An apply with another key ends in the same.
    std::fs::remove_file(story.path(".telform/ledger.key")).unwrap();
    story.apply();
    story.expect(0, "plan").says("the ledger has its fingerprint");
    story.expect(0, "explain providers.new.auth_token").is_silent_about("never written");
    story.expect(0, "apply --auto-approve --rewrite-secret providers.new");
    story.expect(0, "plan").is_silent_about("the ledger has its fingerprint").says("1 secret unchanged");
    // The same with keys from outside.
    story.set("TELFORM_FINGERPRINT_KEY", "canary-another-key-of-at-least-32-letters");
    story.expect(0, "plan").says("is not the one that this ledger was written with");
    story.expect(0, "ledger rekey --lost-key");
    story.expect(0, "plan").is_silent_about("is not the one that this ledger was written with");
}

/// The embedded sandbox has secrets of its own: a rename writes none, a new key keeps what is known, a rotation shows.
#[test]
fn secrets_of_the_sandbox() {
    let mut story = Story::new("{}").secret("AUTH", "canary-auth-1");
    let yaml = |name: &str, source: &str| {
        story
            .unpod(&format!("providers:\n  {name}: {{ provider: twilio, account_sid: AC1, auth_token: {{ env: {source} }} }}\n"));
    };
    for source in ["NOBODY_SETS_THIS", "AUTH"] {
        // Each has its own world, and its ledger beside it.
        let world = format!("--sandbox {source}.yaml");
        story.file(&format!("{source}.yaml"), "unpod: { organizations: [ { handle: acme.example } ] }\n");
        yaml("a", source);
        story.expect(0, &format!("apply --auto-approve {world}"));
        yaml("b", source);
        story.expect(0, &format!("plan --detailed-exitcode {world}")).says("renamed in the ledger").says("Plan: no changes");
        story.expect(0, &format!("apply --auto-approve {world}"));
        story.expect(0, &format!("ledger rekey {world}")).says("Carried over: 1 secret");
        story.expect(0, &format!("plan --detailed-exitcode {world}")).says("1 secret unchanged");
    }
    story.set("AUTH", "canary-auth-2");
    story.expect(2, "plan --detailed-exitcode --sandbox AUTH.yaml").says("changed in the configuration");
}

/// A rename that also writes a secret is rehearsed as it is applied.
#[test]
fn a_rename_with_a_rotation_is_rehearsed() {
    for moved in ["moved: [ { from: providers.new, to: providers.next } ]\n", ""] {
        let mut story = applied();
        story.set("AUTH", "canary-auth-43");
        story.unpod(&format!("{}{moved}", OLD.replace("new:", "next:")));
        let plan = story.expect(2, "plan --detailed-exitcode");
        plan.says("1 to update").says("renamed in the ledger");
        story.expect(0, "rehearse").says("nothing was written to a service");
        story.apply();
    }
}

#[test]
fn git_is_told_to_leave_them_alone() {
    let story = Story::new("{}");
    story.file(".gitattributes", "*.png binary");
    story.expect(0, "init --quickstart").says("added lines to .gitattributes");
    let lines = story.read(".gitattributes");
    assert!(lines.starts_with("*.png binary\n"), "{lines}");
    for file in [".telform/*.json", ".telform/*.journal"] {
        assert!(lines.contains(&format!("{file} -text merge=binary\n")), "{lines}");
    }
}

/// The same with the ledger in an object store, where the journal has parts: each may be lost or be another one, the first too, and a
/// restart may be ended in its middle.
#[cfg(all(unix, feature = "remote-state"))]
#[test]
fn a_journal_in_an_object_store_is_begun_anew() {
    const LOCK: &str = "team/ledger.lock";
    const PARTS: [&str; 3] = ["team/ledger.journal.000001", "team/ledger.journal.000002", "team/ledger.journal.000003"];
    let store = crate::slow_store::SlowStore::start(Duration::from_millis(1));
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42").with_ledger_at(store.url());
    story.unpod(OLD);
    story.apply();
    assert!(said(&story, "journal restart").contains("is intact; nothing was changed"));
    let kept = store.all();
    let whole = store.get(PARTS[0]).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let (first, rest) = (lines[..1].concat(), lines[1..].concat());
    let (middle, last) = (lines[1..2].concat(), lines[2..].concat());
    // The existing parts, by position, and how many of them are set aside.
    type Case<'a> = (&'a str, &'a [(usize, &'a str)], usize);
    let cases: [Case<'_>; 6] = [
        ("lost", &[], 0),
        ("its first part is lost", &[(1, &rest)], rest.len()),
        ("its middle is lost", &[(0, &first), (2, &last)], first.len() + last.len()),
        ("its end is lost", &[(0, &first), (1, &middle)], first.len() + middle.len()),
        ("parts changed places", &[(0, &rest), (1, &first)], whole.len()),
        ("changed", &[(0, &whole.replace("apply", "aply"))], whole.len() - whole.matches("apply").count()),
    ];
    for (what, parts, length) in cases {
        store.put_back(&kept);
        PARTS.iter().for_each(|part| store.remove(part));
        parts.iter().for_each(|(at, text)| store.put(PARTS[*at], text));
        for command in ["apply --auto-approve", "doctor"] {
            let said = said(&story, command);
            assert!(said.contains("`telform journal restart`"), "{what}: {command}: {said}");
        }
        story.expect(0, "journal restart").says("Started a new journal");
        let aside: Vec<String> =
            store.all().into_iter().filter(|(key, _)| key.contains("replaced-")).map(|(_, text)| text).collect();
        assert_eq!(aside.iter().map(String::len).collect::<Vec<_>>(), [length; 1][..usize::from(length > 0)], "{what}");
        story.apply();
        story.expect(0, "journal verify").says("Verified");
        story.expect(0, "journal list").says("journal restart: done");
        story.expect(0, "doctor");
    }
    // Ended between two requests: it is begun anew by the next one, and nothing of the old one runs into it.
    for ended in (1..).step_by(3) {
        store.put_back(&kept);
        for (part, text) in PARTS.iter().zip([&first, &middle, &last]) {
            store.put(part, &text.replace("apply", "aply"));
        }
        let at = store.requests() + ended;
        let mut child = story.command("journal restart").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while store.requests() < at && child.try_wait().unwrap().is_none() {
            store.wait_for(at, Duration::from_millis(20));
        }
        child.kill().unwrap();
        let done = child.wait().unwrap().success();
        store.settle();
        if store.get(LOCK).is_some() {
            store.age(LOCK, telform::state::ledger::LEASE + Duration::from_secs(1));
        }
        let again = story.run("journal restart");
        let whole = format!("{}{}", again.stdout, again.stderr).contains("is intact");
        assert!(again.code == 0 || whole, "ended at request {ended}: {}", again.whole());
        story.expect(0, "journal verify").says("Verified");
        story.apply();
        story.expect(0, "journal verify").says("Verified");
        let all: String = store.all().into_iter().filter(|(key, _)| key.contains("journal.")).map(|(_, text)| text).collect();
        assert!(all.contains("aply"), "ended at request {ended}: nothing is thrown away");
        if done {
            break;
        }
    }
}

/// A lost key beside a ledger in an object store: it came from the environment, or from a file of this folder.
#[cfg(all(unix, feature = "remote-state"))]
#[test]
fn a_lost_key_of_an_object_store() {
    const KEY: &str = "TELFORM_FINGERPRINT_KEY";
    let store = crate::slow_store::SlowStore::start(Duration::from_millis(1));
    let mut story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42").with_ledger_at(store.url());
    story.unpod(OLD);
    story.set(KEY, "canary-first-key-of-at-least-32-letters");
    story.apply();
    story.expect(0, "plan").is_silent_about("not the one");
    // Another one is given: that is the key from now on.
    story.set(KEY, "canary-other-key-of-at-least-32-letters");
    story.expect(0, "plan").says("is not the one that this ledger was written with");
    let lost = said(&story, "ledger rekey");
    assert!(lost.contains("`telform ledger rekey --lost-key`"), "{lost}");
    story.expect(0, "ledger rekey --lost-key").says("providers.new auth_token").says("was lost with the key");
    story.expect(0, "plan").is_silent_about("not the one").says("the ledger has its fingerprint");
    assert!(said(&story, "ledger rekey --lost-key").contains("it can read this ledger"));
    story.expect(0, "apply --auto-approve --rewrite-secret providers.new");
    story.expect(0, "plan").says("1 secret unchanged");
    // No key is given, as in a new checkout: one is made in a file of this folder, and never beside the ledger.
    story.unset(KEY);
    assert!(!story.path(".telform").exists());
    story.expect(0, "ledger rekey --lost-key").says("The new key is in .telform/");
    story.expect(0, "plan").is_silent_about("not the one").says("the ledger has its fingerprint");
    assert_eq!(story.read(".telform/.gitignore"), "*.key\n*.lock\n");
    assert!(store.all().keys().all(|name| !name.contains("key")), "{:?}", store.all().keys());
    // The file is lost, and another one is given.
    std::fs::remove_dir_all(story.path(".telform")).unwrap();
    story.file("secret.txt", "canary-third-key-of-at-least-32-letters\n");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(story.path("secret.txt"), private).unwrap();
    story.expect(0, "ledger rekey --lost-key --new-key-file secret.txt");
    story.expect(0, "plan").is_silent_about("not the one");
}

/// In a store with versions an object that was put back has another one, though its bytes are the same.
#[test]
fn a_journal_that_was_put_back_is_refused_until_somebody_vouches_for_it() {
    const PART: &str = "team/ledger.journal.000001";
    let store = crate::slow_store::SlowStore::start(Duration::from_millis(1));
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42").with_ledger_at(store.url());
    story.unpod(OLD);
    story.apply();
    story.expect(0, "plan");
    store.put(PART, &store.get(PART).unwrap());
    story.take_log();
    let refused = story.expect(1, "apply --auto-approve");
    refused.says("error[telform::journal::restored]");
    assert_eq!(story.writes(), [""; 0]);
    story.expect(0, "plan").says("warning[telform::journal::restored]");
    let (_, rest) = refused.stderr.split_once("--journal-head").unwrap();
    let head: String = rest.trim_start().chars().take_while(char::is_ascii_hexdigit).collect();
    story.expect(0, &format!("plan --journal-head {head}")).is_silent_about("error");
}
