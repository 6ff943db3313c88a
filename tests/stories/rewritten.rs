//! Ledger, journal and key under version control: what others made of them is said in their words, with a way on that works.

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

/// What a failed command said, on one line.
fn said(story: &Story, command: &str) -> String {
    let ran = story.expect(1, command);
    format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_git_and_editors_make_of_a_ledger() {
    let story = applied();
    let whole = story.read(LEDGER);
    let conflict = whole.replacen("  \"serial\"", "<<<<<<< HEAD\n  \"serial\": 1,\n=======\n  \"serial\"", 1);
    let twice =
        whole.replacen("    \"providers.new\"", "    \"providers.old\": {},\n    \"providers.new\"", 1);
    let twice_deep = whole.replacen("      \"account\"", "      \"id\": \"7\",\n      \"account\"", 1);
    for (text, words, help) in [
        (conflict, "line 4 is the mark of a merge conflict", "git checkout --theirs -- /"),
        (whole.replace('\n', "\r\n"), "its lines end with CR LF", "sed -i"),
        (format!("\u{feff}{whole}"), "byte order mark", "without a byte order mark"),
        (twice, "`providers.old` stands in it twice", "remove the older of the two"),
        (twice_deep, "`id` stands in it twice", "remove the older of the two"),
        (
            whole.replace("\"format\": 1", "\"format\": 0"),
            "format 0, which no telform wrote",
            "from a backup",
        ),
        ("{ \"format\": 0, \"things\": [] }".to_owned(), "format 0, which no telform wrote", "from a backup"),
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
        story
            .expect(0, "plan --detailed-exitcode")
            .says("Plan: no changes")
            .is_silent_about("behind its journal");
    }
}

#[test]
fn a_journal_that_is_lost_or_rewritten_is_begun_anew() {
    let story = applied();
    let whole = story.read(JOURNAL);
    assert!(said(&story, "journal restart").contains("is what was written; nothing was changed"));
    let cut = whole.lines().next().unwrap().to_owned() + "\n";
    for (text, words, kept) in [
        (None, "the end is cut off", false),
        (Some(cut), "the end is cut off", true),
        (Some(whole.replace('\n', "\r\n")), "CR LF", true),
        (Some(format!("<<<<<<< HEAD\n{whole}")), "the mark of a merge conflict", true),
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
        let aside: Vec<_> =
            aside.filter(|it| it.file_name().to_string_lossy().contains("journal.replaced")).collect();
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
    plan.says("made with a key that is not at hand").says("providers.new auth_token");
    // Of the adopted one the ledger has nothing, and that stays said too.
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
    ran.says("providers.new auth_token").says("went with the lost key");
    let plan = story.expect(0, "plan --detailed-exitcode");
    plan.is_silent_about("the fingerprint key is not the one").says("the ledger has its fingerprint");
    assert!(said(&story, "ledger rekey --lost-key").contains("it reads this ledger"));
    // An apply with another key ends in the same.
    std::fs::remove_file(story.path(".telform/ledger.key")).unwrap();
    story.apply();
    story.expect(0, "plan").says("the ledger has its fingerprint");
    story.expect(0, "explain providers.new.auth_token").is_silent_about("never written");
    story.expect(0, "apply --auto-approve --rewrite-secret providers.new");
    story.expect(0, "plan").is_silent_about("the ledger has its fingerprint").says("1 secret unchanged");
    // The same with keys from outside.
    story.set("TELFORM_FINGERPRINT_KEY", "canary-another-key-of-at-least-32-letters");
    story.expect(0, "plan").says("the fingerprint key is not the one");
    story.expect(0, "ledger rekey --lost-key");
    story.expect(0, "plan").is_silent_about("the fingerprint key is not the one");
}

/// The embedded sandbox has secrets of its own: a rename writes none, a new key keeps what is known, a rotation shows.
#[test]
fn secrets_of_the_sandbox() {
    let mut story = Story::new("{}").secret("AUTH", "canary-auth-1");
    story.file("world.yaml", "unpod: { organizations: [ { handle: acme.example } ] }\n");
    let yaml = |name: &str, source: &str| {
        story.unpod(&format!("providers:\n  {name}: {{ provider: twilio, account_sid: AC1, auth_token: {{ env: {source} }} }}\n"));
    };
    for source in ["AUTH", "NOBODY_SETS_THIS"] {
        yaml("a", source);
        story.expect(0, "apply --auto-approve --sandbox world.yaml");
        yaml("b", source);
        story
            .expect(0, "plan --detailed-exitcode --sandbox world.yaml")
            .says("renamed in the ledger")
            .says("Plan: no changes");
        story.expect(0, "apply --auto-approve --sandbox world.yaml");
        story.expect(0, "ledger rekey --sandbox world.yaml").says("Carried over: 1 secret");
        story.expect(0, "plan --detailed-exitcode --sandbox world.yaml").says("1 secret unchanged");
    }
    yaml("b", "AUTH");
    story.set("AUTH", "canary-auth-2");
    story.expect(2, "plan --detailed-exitcode --sandbox world.yaml").says("changed in the configuration");
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
        story.expect(0, "rehearse").says("nothing real was written");
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
