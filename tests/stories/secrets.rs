//! Secrets: rotation, the three accurate terms for them, and a secret that was not supplied.

use crate::bench::Story;

const ONE: &str = "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-set-by-hand }
";

const MAIN: &str = "
providers:
  main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH } }
";

#[test]
fn rotating_is_one_patch_with_only_the_token() {
    let mut story = Story::new("{}").secret("AUTH", "canary-first-9d");
    story.unpod(MAIN);
    story.apply();
    story.in_sync();
    story.set("AUTH", "canary-second-9d");
    story.take_log();
    shot!("rotate", story.apply());
    assert_eq!(story.writes(), [r#"PATCH telephony/providers-configurations/41/ {"auth_token":"(secret)"}"#]);
    assert_eq!(story.world()["unpod"]["configurations"][0]["auth_token"], "canary-second-9d");
    story.in_sync();
}

#[test]
fn adopting_writes_nothing_and_an_unknown_secret_stays() {
    let story = Story::new(ONE).secret("AUTH", "canary-in-yaml-11");
    story.unpod(MAIN);
    shot!("adopt_plan", story.expect(0, "plan --detailed-exitcode"));
    assert!(!story.path(".telform").exists(), "a plan makes no files");
    shot!("adopt_apply", story.apply());
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(story.ledger()["objects"]["providers.main"]["origin"], "adopted");
    assert_eq!(story.world()["unpod"]["configurations"][0]["auth_token"], "canary-set-by-hand");

    // The second plan no longer says "adopted", and still says "unknown".
    let again = story.expect(0, "plan --detailed-exitcode");
    again.says("unknown: telform has never written it").is_silent_about("adopted");

    // Asked for, it is written; from then on it is known.
    shot!("rewrite_secret", story.expect(0, "apply --auto-approve --rewrite-secret providers.main"));
    assert_eq!(story.writes(), [r#"PATCH telephony/providers-configurations/42/ {"auth_token":"(secret)"}"#]);
    assert_eq!(story.world()["unpod"]["configurations"][0]["auth_token"], "canary-in-yaml-11");
    story.expect(0, "plan").is_silent_about("unknown");
    story.in_sync();
}

#[test]
fn one_attribute_can_be_rewritten() {
    let story = Story::new(ONE).secret("AUTH", "canary-in-yaml-12");
    story.unpod(MAIN);
    story.expect(0, "apply --auto-approve --rewrite-secret providers.main.auth_token");
    assert_eq!(story.writes().len(), 1);
    story.expect(0, "apply --auto-approve --rewrite-secret providers.main:auth_token");
    assert_eq!(story.writes().len(), 2);
    let wrong = story.expect(1, "plan --rewrite-secret providers.main.account_sid");
    shot!("rewrite_what_is_no_secret", wrong);
    story.expect(1, "plan --rewrite-secret providers.mian.auth_token").says("did you mean providers.main?");
}

#[test]
fn a_dot_may_belong_to_the_name() {
    let story = Story::new("{}").secret("AUTH", "canary-in-yaml-13");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH } }
  main.auth_token: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
",
    );
    story.apply();
    story.take_log();
    let written = |asked: &str| {
        story.expect(0, &format!("apply --auto-approve --rewrite-secret {asked}"));
        let log = story.take_log();
        log.into_iter()
            .filter(|line| line.starts_with("PATCH"))
            .map(|line| line.split(' ').nth(1).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (main, dotted) = (written("providers.main"), written("providers.main.auth_token"));
    assert_ne!(main, dotted, "an address that fits as a whole is meant");
    assert_eq!(written("providers.main:auth_token"), main);
    assert_eq!(written("providers.main.auth_token.auth_token"), dotted);
}

/// The three honest answers, for people and for programs.
#[test]
fn what_can_be_said_about_a_secret() {
    let mut story = Story::new(ONE).secret("AUTH", "canary-known-21").secret("OTHER", "canary-other-21");
    let both = format!(
        "{MAIN}  new: {{ provider: plivo, account_sid: MA1, auth_token: {{ env: AUTH }} }}\n  old: {{ provider: exotel, account_sid: EX1, auth_token: {{ env: OTHER }} }}\n"
    );
    story.unpod(&both);
    story.apply();
    story.set("OTHER", "canary-other-22");
    shot!("three_answers", story.expect(0, "plan"));
    story.expect(0, "plan -v").says("unchanged in the configuration since telform last wrote it\n      providers.new auth_token");
    let plan = story.expect(0, "plan --format json").json();
    let notices: Vec<(&str, &str)> = (plan["notices"].as_array().unwrap().iter())
        .map(|notice| (notice["code"].as_str().unwrap(), notice["address"].as_str().unwrap()))
        .collect();
    assert_eq!(notices, [("secret_unchanged", "providers.new"), ("secret_unknown", "providers.main")]);
    let changed = &plan["plan"]["changes"][0];
    assert_eq!(
        (&changed["address"], &changed["attributes"][0]["after"]),
        (&"providers.old".into(), &serde_json::json!({ "secret": "changed" }))
    );
    // Notices about secrets are not part of the digest: a pull request is planned without them.
    let digest = |story: &Story| story.expect(0, "plan --format json").json()["digest"].clone();
    story.set("OTHER", "canary-other-21");
    let with = digest(&story);
    story.unset("AUTH");
    assert_eq!(digest(&story), with);
}

#[test]
fn a_secret_that_is_not_supplied() {
    let mut story = Story::new(ONE);
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH } }
  other: { provider: plivo, account_sid: MA43, auth_token: { env: OTHER_AUTH } }
",
    );
    shot!("not_supplied_plan", story.expect(0, "plan"));
    shot!("not_supplied_apply", story.expect(1, "apply --auto-approve"));
    assert_eq!(story.writes(), [""; 0]);
    assert!(!story.path(".telform/ledger.json").exists(), "nothing was entered either");
    // What has to be sent is enough.
    story.set("OTHER_AUTH", "canary-other-3c");
    story.apply();
    assert_eq!(story.writes().len(), 1);
    // Empty is as good as missing.
    story.set("OTHER_AUTH", "");
    story.expect(0, "plan").says("not supplied: not compared");
    story.unset("UNPOD_TOKEN");
    shot!("no_token", story.expect(1, "plan"));
}

#[test]
fn without_its_key_the_ledger_says_unknown() {
    let mut story = Story::new("{}").secret("AUTH", "canary-first-5b");
    story.unpod(MAIN);
    story.apply();
    story.set("AUTH", "canary-second-5b");
    std::fs::remove_file(story.path(".telform/ledger.key")).unwrap();
    shot!("key_lost", story.expect(0, "plan"));
    story.take_log();
    story.apply();
    assert_eq!(story.writes(), [""; 0], "what is unknown is not written");
    story.expect(0, "apply --auto-approve --rewrite-secret providers.main");
    assert_eq!(story.writes().len(), 1);
    story.in_sync();
}

#[test]
fn the_key_may_come_from_the_environment() {
    let story = Story::new("{}")
        .secret("AUTH", "canary-first-6b")
        .secret("TELFORM_FINGERPRINT_KEY", "canary-key-0123456789abcdef0123456789abcdef");
    story.unpod(MAIN);
    story.apply();
    assert!(!story.path(".telform/ledger.key").exists());
    story.in_sync();
}

#[test]
fn secrets_from_a_file_and_from_a_command() {
    let story = Story::new("{}");
    story.file("secret.txt", "canary-from-a-file\n");
    let yaml = |source: &str| {
        story.unpod(&format!("providers:\n  main: {{ provider: twilio, account_sid: AC42, auth_token: {source} }}\n"));
    };
    yaml("{ file: secret.txt }");
    story.apply();
    assert_eq!(story.world()["unpod"]["configurations"][0]["auth_token"], "canary-from-a-file");
    yaml("{ command: [cat, secret.txt] }");
    shot!("command_not_allowed", story.expect(1, "plan"));
    story.expect(0, "plan --allow-commands --detailed-exitcode").says("no changes");
}
