//! Another fingerprint key: what is known about secrets is kept as far as they are supplied, and no ledger is ever without its
//! key.

use std::fs;

use crate::bench::Story;

const MAIN: &str = "
providers:
  main: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }
  other: { provider: plivo, account_sid: MA1, auth_token: { env: OTHER } }
  third: { provider: exotel, account_sid: EX1, auth_token: { env: THIRD } }
";
const OLD: &str = "canary-old-key-0123456789abcdef0123456789ab";
const NEW: &str = "canary-new-key-0123456789abcdef0123456789ab";

fn applied(key: Option<&str>) -> Story {
    let mut story =
        Story::new("{}").secret("AUTH", "canary-auth-r1").secret("OTHER", "canary-other-r1").secret("THIRD", "canary-third-r1");
    if let Some(key) = key {
        story.set("TELFORM_FINGERPRINT_KEY", key);
    }
    story.unpod(MAIN);
    story.apply();
    story.take_log();
    story
}

fn seals(story: &Story) -> Vec<String> {
    let ledger = story.ledger();
    let objects = ledger["objects"].as_object().unwrap();
    objects.values().map(|entry| entry["secrets"]["auth_token"].to_string()).collect()
}

/// Names and contents of everything in the ledger's folder.
fn folder(story: &Story) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(story.path(".telform"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .filter(|(name, _)| name != "ledger.lock")
        .collect();
    files.sort();
    files
}

#[test]
fn a_new_key_file_and_everything_stays_known() {
    let story = applied(None);
    let (old, before) = (story.read(".telform/ledger.key"), seals(&story));
    shot!("rekey", story.expect(0, "ledger rekey"));
    let new = story.read(".telform/ledger.key");
    assert_ne!(old, new);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(story.path(".telform/ledger.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let names: Vec<String> = folder(&story).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [".gitignore", "ledger.journal", "ledger.json", "ledger.key", "ledger.mac.key"]);
    assert!(folder(&story).iter().all(|(_, text)| !text.contains(&old)), "nothing is kept of the old one");
    assert!(seals(&story).iter().all(|seal| !before.contains(seal)), "every seal is another one");
    story
        .expect(0, "plan")
        .says("3 secrets unchanged in the configuration since telform last wrote them")
        .is_silent_about("unknown");
    assert!(story.take_log().iter().all(|line| line.starts_with("GET ")));
    story.in_sync();
}

#[test]
fn what_is_not_at_hand_is_unknown_and_listed() {
    let mut story = applied(None);
    story.set("OTHER", "canary-other-r2");
    story.unset("THIRD");
    shot!("rekey_partly", story.expect(0, "ledger rekey"));
    story.set("THIRD", "canary-third-r1");
    let plan = story.expect(0, "plan");
    plan.says("1 secret unchanged in the configuration since")
        .says("providers.other auth_token (env OTHER)\n      providers.third auth_token (env THIRD)");
    story.take_log();
    story.apply();
    assert_eq!(story.writes(), [""; 0], "what is unknown is not written");
    story.expect(0, "apply --auto-approve --rewrite-secret providers.other.auth_token");
    assert_eq!(story.writes().len(), 1);
    // An entry that left the YAML, and one that is about to be renamed.
    story.unpod(
        &MAIN
            .replace("  main:", "  primary:")
            .replace("  other: { provider: plivo, account_sid: MA1, auth_token: { env: OTHER } }\n", "")
            .replace("\nproviders:", "\nmoved: [{ from: providers.main, to: providers.primary }]\nproviders:"),
    );
    let again = story.expect(0, "ledger rekey --json").json();
    assert_eq!(again["carried_over"], serde_json::json!([{ "address": "providers.main", "attribute": "auth_token" }]));
    let lost = serde_json::json!([{ "address": "providers.other", "attribute": "auth_token", "because": "not_declared" }]);
    assert_eq!((&again["unknown"], &again["key"]), (&lost, &"file".into()));
}

#[test]
fn a_key_from_the_environment() {
    let mut story = applied(Some(OLD));
    let before = story.read(".telform/ledger.json");
    shot!("rekey_no_new", story.expect(1, "ledger rekey"));
    story.set("TELFORM_FINGERPRINT_KEY_NEW", "short");
    story.expect(1, "ledger rekey").says("it needs at least 32");
    story.set("TELFORM_FINGERPRINT_KEY_NEW", OLD);
    story.expect(1, "ledger rekey").says("the new key is the one that the ledger has");
    story.set("TELFORM_FINGERPRINT_KEY", NEW);
    shot!("rekey_wrong_old", story.expect(1, "ledger rekey"));
    assert_eq!(story.read(".telform/ledger.json"), before);
    story.set("TELFORM_FINGERPRINT_KEY", OLD);
    story.set("TELFORM_FINGERPRINT_KEY_NEW", NEW);
    shot!("rekey_environment", story.expect(0, "ledger rekey"));
    assert!(folder(&story).iter().all(|(_, text)| !text.contains(OLD) && !text.contains(NEW)), "no key on disk");
    story.expect(0, "plan").says("is not the one that this ledger was written with");
    story.set("TELFORM_FINGERPRINT_KEY", NEW);
    story.expect(0, "plan").says("3 secrets unchanged in the configuration since");
    story.in_sync();
}

#[test]
fn from_a_file_into_the_environment_and_back() {
    let mut story = applied(None);
    story.set("TELFORM_FINGERPRINT_KEY_NEW", NEW);
    story.expect(0, "ledger rekey").says("contained the old key and was removed");
    assert!(!story.path(".telform/ledger.key").exists());
    story.set("TELFORM_FINGERPRINT_KEY", NEW);
    story.expect(0, "plan").says("3 secrets unchanged in the configuration since");
    // A key of one's own, from a file.
    story.unset("TELFORM_FINGERPRINT_KEY_NEW");
    story.file("mine", OLD);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        story.expect(1, "ledger rekey --new-key-file mine").says("other users can read");
        fs::set_permissions(story.path("mine"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    story.expect(0, "ledger rekey --new-key-file mine").says("Set TELFORM_FINGERPRINT_KEY to the new key");
    assert!(!story.path(".telform/ledger.key").exists(), "a key of the environment is not put on disk");
    fs::remove_file(story.path("mine")).unwrap();
    story.set("TELFORM_FINGERPRINT_KEY", OLD);
    story.expect(0, "plan").says("3 secrets unchanged in the configuration since");
}

/// Interrupted after each of its writes: the ledger can be read, and the next apply completes the change.
#[test]
fn cut_off_at_any_moment_the_ledger_has_its_key() {
    let story = applied(None);
    let old = folder(&story);
    story.expect(0, "ledger rekey");
    let new = folder(&story);
    let text = |files: &[(String, String)], wanted: &str| {
        files.iter().find(|(name, _)| name == wanted).map(|(_, text)| text.clone()).unwrap()
    };
    let put = |name: &str, text: &str| {
        story.file(&format!(".telform/{name}"), text);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = story.path(&format!(".telform/{name}"));
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    };
    let (old_ledger, old_key) = (text(&old, "ledger.json"), text(&old, "ledger.key"));
    let (new_ledger, new_key) = (text(&new, "ledger.json"), text(&new, "ledger.key"));
    // In the journal the old key has vouched for the new one, or nothing of it is there yet.
    let (journal, before) = (text(&new, "ledger.journal"), text(&old, "ledger.journal"));
    let receipt = journal.trim_end().rfind('\n').unwrap() + 1;
    for (ledger, journal, what) in [
        (&old_ledger, before.as_str(), "the new key waits"),
        (&old_ledger, &journal[..receipt], "the new key waits, and the journal has it"),
        (&new_ledger, journal.as_str(), "the ledger is saved"),
    ] {
        put("ledger.journal", journal);
        put("ledger.json", ledger);
        put("ledger.key", &old_key);
        put("ledger.new.key", &new_key);
        let plan = story.expect(0, "plan");
        plan.says("3 secrets unchanged in the configuration since").is_silent_about("fingerprint key");
        assert_eq!(text(&folder(&story), "ledger.key"), old_key, "{what}: a plan changes no file");
        story.apply();
        story.expect(0, "plan").says("3 secrets unchanged in the configuration since");
        let kept = if ledger == &old_ledger { &old_key } else { &new_key };
        assert_eq!(&text(&folder(&story), "ledger.key"), kept, "{what}");
        // Started again it succeeds, whatever is left of the first try.
        story.expect(0, "ledger rekey").says("Carried over: 3 secrets");
        assert!(!story.path(".telform/ledger.new.key").exists(), "{what}");
        story.expect(0, "plan").says("3 secrets unchanged in the configuration since");
    }
}

/// A broken YAML may name another ledger than the default one: looking is allowed, changing is not.
#[test]
fn nothing_is_changed_by_way_of_a_broken_configuration() {
    let story = applied(None);
    let before = story.read(".telform/ledger.json");
    story.file("telform.yaml", &format!("{}colour: blue\n", story.read("telform.yaml")));
    story.expect(0, "ledger list").says("providers.main");
    for change in ["forget providers.main", "ledger move providers.main providers.new", "ledger rekey"] {
        story.expect(1, change).says("unknown key `colour`");
    }
    assert_eq!(story.read(".telform/ledger.json"), before);
    story.expect(0, "forget providers.main --ledger .telform/ledger.json");
}

/// Killed in the middle of saving the ledger: a file of that size may not be written, one of a key's may.
#[cfg(unix)]
#[test]
fn killed_while_the_ledger_is_saved() {
    let story = applied(None);
    let (key, ledger) = (story.read(".telform/ledger.key"), story.read(".telform/ledger.json"));
    assert!(ledger.len() > 1024, "{}", ledger.len());
    let binary = env!("CARGO_BIN_EXE_telform");
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -c 0; ulimit -f 1; exec \"$0\" ledger rekey", binary])
        .current_dir(story.dir.path())
        .env_clear()
        .envs(&story.env)
        .output()
        .unwrap();
    assert!(!output.status.success(), "it was cut off");
    assert_eq!((story.read(".telform/ledger.key"), story.read(".telform/ledger.json")), (key.clone(), ledger));
    assert_ne!(story.read(".telform/ledger.new.key"), key, "the new key was on disk before");
    story.expect(0, "plan").says("3 secrets unchanged in the configuration since");
    story.expect(0, "ledger rekey").says("Carried over: 3 secrets");
    story.expect(0, "plan").says("3 secrets unchanged in the configuration since");
}
