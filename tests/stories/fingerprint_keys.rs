//! The fingerprint key: a key that can be guessed is refused, and so is one that another user could have placed there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use telform::model::ledger::FingerprintKey;
use telform::model::value::Secret;

use crate::bench::Story;

const NAME: &str = "TELFORM_FINGERPRINT_KEY";
const STRONG: &str = "canary-key-5f0c1e9a7b3d284c6a91e0f7d2b84c3e";

const BODY: &str = "
providers:
  one: { provider: plivo, account_sid: MA42, auth_token: { env: ONE } }
";

fn story() -> Story {
    let story = Story::new("{}").secret("ONE", "canary-one-key");
    story.unpod(BODY);
    story
}

fn mode(story: &Story, name: &str, mode: u32) {
    fs::set_permissions(story.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

/// The story's ledger as an older telform would have left it, with this key: no journal carries a MAC by it.
fn sealed_with(story: &Story, weak: &str) {
    let key = FingerprintKey::from_possibly_weak(weak).unwrap();
    let mut ledger = story.ledger();
    let id = ledger["objects"]["providers.one"]["id"].as_str().unwrap().to_owned();
    let print = key.fingerprint_secret("providers", "auth_token", &Secret::new("canary-one-key"));
    let seal = key.seal_fingerprint("unpod", &id, "auth_token", &print);
    ledger["objects"]["providers.one"]["secrets"]["auth_token"] = serde_json::to_value(seal).unwrap();
    ledger["key_check"] = key.key_check().into();
    ledger.as_object_mut().unwrap().remove("journal");
    fs::remove_file(story.path(".telform/ledger.journal")).unwrap();
    story.file(".telform/ledger.json", &ledger.to_string());
    story.file(".telform/ledger.key", weak);
}

#[test]
fn a_weak_key_is_refused_and_can_be_replaced() {
    for weak in ["canary-".repeat(6), "0123456789abcdef".repeat(2), format!("{}z", "y".repeat(40))] {
        let mut story = story();
        story.set(NAME, &weak);
        story.take_log();
        for command in ["plan", "apply --auto-approve", "drift", "resume", "rehearse"] {
            let ran = story.expect(1, command);
            ran.says("error[telform::ledger::weak_key]").says("the fingerprint key is weak");
        }
        assert_eq!(story.take_log(), [""; 0], "nothing is asked with it");
        story.run("doctor").says("telform::ledger::weak_key");
        let mut story = self::story();
        story.apply();
        sealed_with(&story, &weak);
        story.expect(1, "plan").says("error[telform::ledger::weak_key]");
        // As the old key it is taken, and nothing gets lost.
        story.expect(0, "ledger rekey");
        story.expect(0, "plan").says("1 secret unchanged");
        story.file("mine.key", &weak);
        mode(&story, "mine.key", 0o600);
        story.expect(1, "ledger rekey --new-key-file mine.key").says("error[telform::ledger::weak_key]");
        fs::remove_file(story.path("mine.key")).unwrap();
        sealed_with(&story, &weak);
        fs::remove_file(story.path(".telform/ledger.key")).unwrap();
        story.set(NAME, &weak);
        story.set(&format!("{NAME}_NEW"), &weak.to_uppercase());
        story.expect(1, "ledger rekey").says("error[telform::ledger::weak_key]");
        story.set(&format!("{NAME}_NEW"), STRONG);
        story.expect(0, "ledger rekey");
        story.unset(&format!("{NAME}_NEW"));
        story.set(NAME, STRONG);
        story.expect(0, "plan").says("1 secret unchanged");
    }
}

#[test]
fn the_folder_of_the_key_is_closed() {
    let story = story();
    for open in [0o770, 0o707, 0o777] {
        // Without a key, and with one.
        fs::create_dir_all(story.path(".telform")).unwrap();
        mode(&story, ".telform", open);
        let ran = story.expect(1, "apply --auto-approve");
        ran.says("error[telform::ledger::open_key]").says(&format!("write to its folder (mode {open:o})"));
        mode(&story, ".telform", 0o755);
        story.apply();
        mode(&story, ".telform", open);
        story.expect(1, "plan").says("error[telform::ledger::open_key]").says("`chmod go-w` on the folder");
        mode(&story, ".telform", 0o1000 | open);
        story.expect(0, "plan");
        fs::remove_dir_all(story.path(".telform")).unwrap();
        // A key from elsewhere needs no folder, and one that is given as a file has one too.
        fs::create_dir(story.path("keys")).unwrap();
        story.file("keys/mine.key", STRONG);
        mode(&story, "keys/mine.key", 0o600);
        story.apply();
        mode(&story, "keys", open);
        let ran = story.expect(1, "ledger rekey --new-key-file keys/mine.key");
        ran.says("error[telform::ledger::open_key]");
        mode(&story, "keys", 0o700);
        story.expect(0, "ledger rekey --new-key-file keys/mine.key");
        fs::remove_dir_all(story.path("keys")).unwrap();
        fs::remove_dir_all(story.path(".telform")).unwrap();
    }
    story.apply();
    // A sandbox has no real key, and is wherever the user tries it.
    story.file("world.yaml", "{}\n");
    mode(&story, "", 0o777);
    story.expect(0, "apply --auto-approve --sandbox world.yaml");
    // Only root may give a folder away.
    if std::os::unix::fs::chown(story.path(".telform"), Some(12_345), None).is_ok() {
        let ran = story.expect(1, "plan");
        ran.says("error[telform::ledger::not_own]").says("its folder belongs to another user (uid 12345)");
    }
}

#[test]
fn a_lock_of_somebody_else_is_told_as_that() {
    let story = story();
    story.apply();
    let lock = fs::OpenOptions::new().read(true).open(story.path(".telform/ledger.lock")).unwrap();
    let note = story.read(".telform/ledger.lock");
    assert!(note.contains("somebody"), "the note of the run that has ended: {note}");
    lock.lock().unwrap();
    for command in ["apply --auto-approve", "doctor", "ledger unlock"] {
        let ran = story.run(command);
        ran.says("another process has locked that file").is_silent_about("somebody on ");
    }
    lock.unlock().unwrap();
    story.apply();
    if std::os::unix::fs::chown(story.path(".telform/ledger.lock"), Some(12_345), None).is_ok() {
        let ran = story.expect(1, "apply --auto-approve");
        ran.says("cannot open the lock").says("it belongs to another user (uid 12345)");
    }
    assert_eq!(story.writes().len(), 1, "the first apply's create");
}

/// A machine that does not keep the key that it made, such as a CI runner, leaves a journal with which the next one continues.
#[test]
fn a_key_that_is_gone_with_its_machine_vouches_for_nothing() {
    let mut story = story().secret("TWO", "canary-two-key");
    story.set("CI", "true");
    story.apply();
    assert!(!story.read(".telform/ledger.journal").contains("\"mac\""));
    fs::remove_file(story.path(".telform/ledger.key")).unwrap();
    let two = "  two: { provider: plivo, account_sid: MA43, auth_token: { env: TWO } }\n";
    story.unpod(&format!("{BODY}{two}"));
    story.apply();
    story.expect(0, "journal verify").says("Verified");
    // Where the key is kept, it does.
    let story = self::story();
    story.apply();
    assert!(story.read(".telform/ledger.journal").contains("\"mac\""));
}
