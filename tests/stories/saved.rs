//! A plan that is saved, reviewed, and applied exactly or not at all; and plans from a kept snapshot.

use sha2::{Digest, Sha256};

use crate::bench::Story;
use crate::partners::{by_hand, west, world_with_west};

fn partner() -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    address1: New Street 2\n"));
    story
}

#[test]
fn what_was_reviewed_is_what_runs() {
    let story = partner();
    shot!("saved_plan", story.expect(0, "plan --out plan.json"));
    let saved = story.read("plan.json");
    assert_eq!(story.expect(0, "plan --format json").stdout, saved, "the same document");
    story.expect(2, "plan --out plan.json --detailed-exitcode");
    assert_eq!(story.read("plan.json"), saved, "the same bytes");
    story.take_log();
    let shown = story.expect(0, "show plan.json");
    shot!("saved_show", shown);
    assert_eq!(story.expect(0, "show plan.json --format json").stdout, saved);
    assert_eq!(story.take_log(), [""; 0], "showing asks nobody");
    story.expect(0, "apply plan.json --auto-approve").says("Done: 1 write");
    // The plan is used up: the live state changed since.
    story.take_log();
    shot!("saved_used", story.expect(4, "apply plan.json --auto-approve"));
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")));
}

#[test]
fn a_stale_plan_never_writes() {
    let story = partner();
    story.expect(0, "plan --out plan.json");
    by_hand(&story, "address1", "Elsewhere 3");
    shot!("saved_stale_live", story.expect(4, "apply plan.json --auto-approve"));
    story.expect(4, "apply plan.json --auto-approve --json").says("\"event\":\"stale\"");
    story.expect(0, "plan --out plan.json");
    story.carrierx(&west("    address1: New Street 4\n    city: LA\n"));
    shot!("saved_stale_yaml", story.expect(4, "apply plan.json --auto-approve"));
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn it_runs_as_it_was_planned_and_not_otherwise() {
    let story = partner();
    let east = "  east: { login: acme-east, password: { env: WEST_PASSWORD }, name: East, company_name: Acme, country_code: USA, zip: \"10001\", owner_email: e@acme.example, phonenumber: \"15162065575\", payment_type: postpay }\n";
    story.carrierx(&format!("{}{east}", west("    city: LA\n")));
    story.expect(0, "plan --exclude partners.east --out plan.json");
    story.expect(1, "apply plan.json --exclude partners.east").says("cannot be used with");
    story.expect(0, "apply plan.json --auto-approve").is_silent_about("+ partners.east");
    assert_eq!(story.writes().len(), 1);
    story.expect(0, "plan --out east.json").says("+ partners.east");
}

#[test]
fn an_edited_plan_is_refused() {
    let story = partner();
    story.expect(0, "plan --out plan.json");
    let saved = story.read("plan.json");
    let edited = saved.replace("New Street 2", "New Street 9");
    assert_ne!(edited, saved);
    story.file("edited.json", &edited);
    shot!("saved_edited", story.expect(1, "apply edited.json --auto-approve"));
    story.expect(1, "show edited.json").says("its checksum does not fit");
    story.file("cut.json", &saved[..saved.len() / 2]);
    story.expect(1, "show cut.json").says("it is not a telform plan");
    // A forger who makes a new checksum and a new digest meets the plan of now.
    let digest = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let plan = serde_json_canonicalizer::to_string(&value["plan"]).unwrap();
        telform::text::to_hex(&Sha256::digest(plan.as_bytes()))
    };
    let forged = edited.replace(&digest(&saved), &digest(&edited));
    let at = forged.rfind("sha256:").unwrap() + 7;
    let blank = format!("{}{}{}", &forged[..at], "0".repeat(64), &forged[at + 64..]);
    let sum = telform::text::to_hex(&Sha256::digest(blank.as_bytes()));
    story.file("forged.json", &format!("{}{sum}{}", &forged[..at], &forged[at + 64..]));
    story.expect(0, "show forged.json").says("New Street 9");
    story.expect(4, "apply forged.json --auto-approve").says("New Street 9");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_refused_plan_stays_refused_and_another_ledger_is_another_plan() {
    let story = partner();
    story.expect(0, "apply --auto-approve");
    story.carrierx("partners: {}\n");
    story.expect(3, "plan --out refused.json");
    story.expect(3, "apply refused.json --auto-approve").says("Nothing was written");
    story.carrierx(&west("    address1: New Street 5\n"));
    story.expect(0, "plan --out plan.json");
    let ran = story.expect(4, "apply plan.json --auto-approve --ledger other/ledger.json");
    ran.says("! the ledger").says("no ledger there");
    story.expect(0, "apply plan.json --auto-approve");
}

#[test]
fn every_older_plan_can_be_shown() {
    let story = Story::new("{}");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let ran = story.expect(0, &format!("show {}", path.display()));
        shot!(format!("older_plan_{name}"), ran);
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn a_snapshot_gives_the_same_plan_without_network_and_tokens() {
    let mut story = partner();
    story.expect(0, "plan --snapshot-out live.json --out plan.json");
    by_hand(&story, "address1", "Elsewhere 3");
    story.take_log();
    story.unset("CARRIERX_TOKEN");
    story.expect(0, "plan --snapshot live.json --out again.json");
    assert_eq!(story.read("again.json"), story.read("plan.json"));
    assert_eq!(story.take_log(), [""; 0], "nobody was asked");
    story.expect(1, "plan --snapshot live.json --destroy").says("taken for another --destroy");
    story.expect(1, "plan --snapshot plan.json").says("it is not a telform snapshot");
    story.expect(1, "plan --snapshot none.json").says("none.json");
    let yaml = story.read("telform.yaml");
    story.file("telform.yaml", &format!("{yaml}# changed\n"));
    shot!("snapshot_other", story.expect(1, "plan --snapshot live.json"));
    story.file("telform.yaml", &yaml.replace("127.0.0.1", "localhost"));
    story.expect(1, "plan --snapshot live.json").says("but the configuration names");
}

#[test]
fn secrets_that_a_service_gives_back_are_compared_from_a_snapshot_only_with_the_key() {
    let world = "unpod: { profile: g1-snapshot, configurations: [ { id: 41, provider: Vapi, name: main, api_key: canary-key-old, api_secret: canary-secret-same } ] }";
    let mut story = Story::new(world)
        .secret("K", "canary-key-new")
        .secret("S", "canary-secret-same")
        .secret("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789");
    let entry = "{ name: main, provider: Vapi, api_key: { env: K }, api_secret: { env: S } }";
    story.unpod_with("generation: 1, ", &format!("providers:\n  main: {entry}\n"));
    story.expect(0, "plan --snapshot-out live.json --out plan.json");
    let kept = story.read("live.json");
    for secret in ["canary-key-old", "canary-secret-same", "canary-fingerprint-key"] {
        assert!(!kept.contains(secret), "{secret}");
    }
    story.expect(0, "plan --snapshot live.json --out again.json").says("api_key");
    assert_eq!(story.read("again.json"), story.read("plan.json"));
    story.set("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-of-another");
    story.expect(0, "plan --snapshot live.json").is_silent_about("api_key  ");
}

/// Values of secrets are in no plan, and in no digest. The values from planning time are sent, or nothing.
#[test]
fn a_secret_that_changed_since_is_not_sent_unreviewed() {
    let mut story = Story::new("{}")
        .secret("AUTH", "canary-auth-planned")
        .secret("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789");
    story.unpod(crate::runs::TWO);
    story.expect(0, "plan --out plan.json");
    let plan = |name: &str| serde_json::from_str::<serde_json::Value>(&story.read(name)).unwrap();
    let seals = plan("plan.json")["seals"]["steps"].as_object().unwrap().clone();
    assert_eq!(seals.len(), 2);
    assert_ne!(seals["s1"]["auth_token"], seals["s2"]["auth_token"], "one secret, and no two seals look alike");
    let digest = plan("plan.json")["digest"].as_str().unwrap().to_owned();
    story.expect(0, "show plan.json").says("bound to the value of 2 secrets");
    story.expect(0, "verify plan.json");
    story.set("AUTH", "canary-auth-of-today");
    shot!("saved_secret_changed", story.expect(4, "apply plan.json --auto-approve"));
    story.expect(4, "rehearse plan.json").says("another secret");
    story.set("AUTH", "canary-auth-planned");
    story.set("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-of-another");
    shot!("saved_secret_key", story.expect(4, "apply plan.json --auto-approve"));
    story.set("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789");
    // A digest cannot detect it, and this is reported.
    let other = format!("{}{}", &digest[..70], if digest.ends_with('0') { '1' } else { '0' });
    let ran = story.expect(4, &format!("apply --auto-approve --expect {other}"));
    ran.is_silent_about("a digest does not cover");
    assert_eq!(story.writes(), [""; 0]);
    let ran = story.expect(0, "apply plan.json --auto-approve");
    ran.says("Done: 2 writes").is_silent_about("what is there now is sent");
}

#[test]
fn a_plan_that_was_made_without_secrets_says_which_it_sends() {
    let mut story = Story::new("{}").secret("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789");
    story.unpod(crate::runs::TWO);
    story.expect(0, "plan --out bare.json");
    story.expect(0, "show bare.json").says("not bound to the value of providers.a auth_token");
    story.set("AUTH", "canary-auth-of-the-merge");
    story.expect(0, "plan --out full.json");
    let digest = |name: &str| {
        let plan: serde_json::Value = serde_json::from_str(&story.read(name)).unwrap();
        assert_eq!(plan.get("seals").is_some(), name == "full.json");
        plan["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(digest("bare.json"), digest("full.json"));
    let start = story.sandbox.world();
    let expected = format!("apply --auto-approve --expect {}", digest("bare.json"));
    shot!("saved_secret_digest", story.expect(0, &expected));
    story.sandbox.edit(|world| *world = start);
    std::fs::remove_dir_all(story.path(".telform")).unwrap();
    let ran = story.expect(0, "apply bare.json --auto-approve --json");
    let told = ran.events().into_iter().find(|event| event["event"] == "unbound").unwrap();
    assert_eq!(told["secrets"], serde_json::json!(["providers.a auth_token", "providers.b auth_token"]));
}

/// The same with the key beside a local ledger, and a secret that is changed at an object that is there.
#[test]
fn a_changed_secret_that_changes_once_more_is_another_plan() {
    let mut story = Story::new("{}").secret("AUTH", "canary-auth-first");
    story.unpod(crate::runs::TWO);
    // No key exists yet: a plan that is saved makes one, and no other plan does.
    story.expect(0, "plan");
    assert!(!story.path(".telform").exists());
    story.expect(0, "plan --out first.json").is_silent_about("not bound");
    story.expect(0, "show first.json").says("bound to the value of 2 secrets");
    story.set("AUTH", "canary-auth-second");
    story.expect(4, "apply first.json --auto-approve").says("another secret");
    assert_eq!(story.writes(), [""; 0]);
    story.set("AUTH", "canary-auth-first");
    story.expect(0, "apply first.json --auto-approve").is_silent_about("what is there now is sent");
    story.set("AUTH", "canary-auth-second");
    story.expect(0, "plan --out plan.json");
    story.set("AUTH", "canary-auth-third");
    story.expect(4, "apply plan.json --auto-approve").says("another secret");
    assert_eq!(story.writes().len(), 2);
    story.set("AUTH", "canary-auth-second");
    story.expect(0, "apply plan.json --auto-approve").is_silent_about("what is there now is sent");
}

/// Where a key would not last, none is made, and that is said when the plan is saved.
#[test]
fn a_plan_that_no_key_binds_says_so_when_it_is_saved() {
    let story = || {
        let story = Story::new("{}").secret("AUTH", "canary-auth-first");
        story.unpod(crate::runs::TWO);
        story
    };
    let said = |story: &Story, why: &str| {
        let ran = story.expect(0, "plan --out plan.json");
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&format!("not bound to the values of its secrets: {why}")), "{said}");
        assert!(said.contains("set TELFORM_FINGERPRINT_KEY here"), "{said}");
        story.expect(0, "show plan.json").says("not bound to the value of");
    };
    let mut runner = story();
    runner.set("CI", "true");
    said(&runner, "there is no fingerprint key, and a CI runner does not keep one");
    assert!(!runner.path(".telform").exists());
    runner.expect(0, "apply plan.json --auto-approve").says("what is there now is sent");
    // A folder in which others can write keeps no key.
    let open = story();
    std::fs::create_dir(open.path(".telform")).unwrap();
    std::fs::set_permissions(open.path(".telform"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    said(&open, "no fingerprint key could be kept");
    // A key that is lost is not replaced by a plan.
    let lost = story();
    lost.apply();
    std::fs::remove_file(lost.path(".telform/ledger.key")).unwrap();
    lost.unpod(
        &crate::runs::TWO
            .replace("providers:", "providers:\n  c: { provider: plivo, account_sid: MA99, auth_token: { env: AUTH } }"),
    );
    said(&lost, "the fingerprint key of the ledger is not here");
    assert!(!lost.path(".telform/ledger.key").exists());
}
