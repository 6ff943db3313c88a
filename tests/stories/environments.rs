//! One configuration, several environments: layers over a base, each with an organization, a ledger and tokens of its own.

use serde_json::json;

use crate::bench::Story;

const WORLD: &str = "
unpod:
  organizations:
    - { handle: acme-staging.example, name: Staging }
    - { handle: acme.example, name: Acme }
  configurations:
    - { id: 41, provider: twilio, account_sid: AC00000000000000000000000000000002, auth_token: canary-there, organization: acme-staging.example }
  numbers: [{ id: 501, number: '+14155550101' }]
";

/// A base and two layers; both organizations live on one simulator.
fn story() -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-e1").secret("PROD_AUTH", "canary-auth-e2");
    story.file(
        "base.yaml",
        &format!(
            "version: 1
accounts:
  unpod: {{ api: unpod, base_url: \"{}\", org_handle: acme-dev.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }}
providers:
  main:
    provider: twilio
    account_sid: AC00000000000000000000000000000001   # of the base
    auth_token: {{ env: AUTH }}
  spare: {{ provider: plivo, account_sid: MA1, auth_token: {{ env: AUTH }} }}   # of the base
bridges:
  sales: {{ slug: sales, name: Sales }}
",
            story.sandbox.unpod_url()
        ),
    );
    story.file(
        "staging.yaml",
        "# Staging.
overlay: true
ledger: .telform/staging.json
accounts: { unpod: { org_handle: acme-staging.example } }
providers:
  main: { account_sid: AC00000000000000000000000000000002 }
bridges:
  sales:
    name: Sales (staging)   # of staging
",
    );
    story.file(
        "production.yaml",
        "# Production.
overlay: true
ledger: .telform/production.json
accounts: { unpod: { org_handle: acme.example } }
providers:
  main:
    account_sid: AC00000000000000000000000000000003
    auth_token: { env: PROD_AUTH }
",
    );
    story
}

const STAGING: &str = "-f base.yaml -f staging.yaml";
const PRODUCTION: &str = "-f base.yaml -f production.yaml";

/// The digest that a plan ends with.
fn digest(story: &Story, files: &str) -> String {
    let plan = story.expect(0, &format!("plan {files}"));
    plan.stdout.lines().find_map(|line| line.strip_prefix("Digest: ")).unwrap().to_owned()
}

#[test]
fn a_plan_names_its_environment_and_is_refused_for_another() {
    let story = story();
    shot!("environment_staging", story.expect(0, &format!("plan {STAGING}")));
    shot!("environment_production", story.expect(0, &format!("plan {PRODUCTION}")));
    let (staging, production) = (digest(&story, STAGING), digest(&story, PRODUCTION));
    assert_ne!(staging, production);
    story.take_log();
    for (files, digest) in [(PRODUCTION, &staging), (STAGING, &production)] {
        let ran = story.expect(4, &format!("apply {files} --auto-approve --expect {digest}"));
        ran.says("Nothing was written");
    }
    assert_eq!(story.writes(), [""; 0]);
    story.expect(0, &format!("apply {STAGING} --auto-approve --expect {staging}"));
    story.expect(0, &format!("apply {PRODUCTION} --auto-approve --expect {production}"));
    assert_eq!(story.read(".telform/staging.json").matches("acme-staging.example").count(), 1);
    let world = story.world();
    let sids: Vec<&str> =
        world["unpod"]["configurations"].as_array().unwrap().iter().map(|it| it["account_sid"].as_str().unwrap()).collect();
    assert!(sids.contains(&"AC00000000000000000000000000000003") && sids.len() == 4, "{sids:?}");
    story.expect(0, &format!("plan {STAGING} --detailed-exitcode")).says("Plan: no changes");
    story.expect(0, &format!("plan {PRODUCTION} --detailed-exitcode")).says("Plan: no changes");
}

/// The same plan but for where it is sent is another plan: neither another organization nor another address takes it.
#[test]
fn the_digest_binds_organization_and_base_url() {
    let story = story();
    let url = story.sandbox.unpod_url();
    story.file(
        "here.yaml",
        &format!("overlay: true\naccounts: {{ unpod: {{ org_handle: acme.example, base_url: \"{url}\" }} }}\n"),
    );
    story.file(
        "there.yaml",
        &format!(
            "overlay: true\naccounts: {{ unpod: {{ org_handle: acme.example, base_url: \"{}\" }} }}\n",
            url.replace("127.0.0.1", "localhost")
        ),
    );
    let (here, there) = (digest(&story, "-f base.yaml -f here.yaml"), digest(&story, "-f base.yaml -f there.yaml"));
    assert_ne!(here, there);
    story.expect(4, &format!("apply -f base.yaml -f there.yaml --auto-approve --expect {here}"));
    assert_eq!(story.writes(), [""; 0]);
    story.expect(0, &format!("apply -f base.yaml -f here.yaml --auto-approve --expect {here}"));
    // And the ledger of one address is foreign to the other.
    let bytes = story.read(".telform/ledger.json");
    story.expect(1, "plan -f base.yaml -f there.yaml").says("belongs to another account");
    story.expect(1, "apply -f base.yaml -f there.yaml --auto-approve").says("belongs to another account");
    assert_eq!(story.read(".telform/ledger.json"), bytes);
}

#[test]
fn the_ledger_of_production_is_refused_for_staging() {
    let story = story();
    story.expect(0, &format!("apply {PRODUCTION} --auto-approve"));
    let bytes = story.read(".telform/production.json");
    story.take_log();
    let ledger = "--ledger .telform/production.json";
    shot!("environment_foreign", story.expect(1, &format!("plan {STAGING} {ledger}")));
    story.expect(1, &format!("apply {STAGING} {ledger} --auto-approve")).says("belongs to another account");
    story.expect(1, &format!("drift {STAGING} {ledger}")).says("belongs to another account");
    assert_eq!((story.read(".telform/production.json"), story.take_log().len()), (bytes, 0), "nobody was asked");
}

#[test]
fn drift_is_accepted_into_the_layer_that_has_the_last_word() {
    let story = story();
    story.expect(0, &format!("apply {STAGING} --auto-approve"));
    story.sandbox.edit(|world| {
        let mut value = serde_json::to_value(&*world).unwrap();
        value["unpod"]["bridges"][0]["name"] = json!("Theirs");
        let configurations = value["unpod"]["configurations"].as_array_mut().unwrap();
        let spare = configurations.iter_mut().find(|it| it["provider"] == "plivo").unwrap();
        spare["account_sid"] = json!("MA2");
        *world = serde_json::from_value(value).unwrap();
    });
    shot!("environment_drift", story.expect(0, &format!("drift {STAGING} --accept")));
    assert!(story.read("staging.yaml").contains("name: \"Theirs\"   # of staging"), "{}", story.read("staging.yaml"));
    let base = story.read("base.yaml");
    assert!(base.contains("account_sid: \"MA2\", auth_token: { env: AUTH } }   # of the base"), "{base}");
    story.expect(0, &format!("plan {STAGING} --detailed-exitcode")).says("Plan: no changes");
    story.expect(0, &format!("drift {STAGING}")).says("No drift");
}

#[test]
fn what_is_adopted_in_an_environment_goes_into_its_layer() {
    let story = story();
    let base = story.read("base.yaml");
    story.file("staging.yaml", &story.read("staging.yaml").replace("AC00000000000000000000000000000002", "AC9"));
    story.expect(0, &format!("adopt providers.old 41 {STAGING}")).says("wrote staging.yaml");
    assert_eq!(story.read("base.yaml"), base, "it is not there in the other environments");
    let plan = story.expect(0, &format!("plan {STAGING}"));
    plan.is_silent_about("+ providers.old").is_silent_about("left alone");
    story.expect(0, &format!("plan {PRODUCTION}")).is_silent_about("providers.old");
}

#[test]
fn an_overlay_over_adopted_files_stands_in_the_way_of_adopting_them_again() {
    let story = story();
    let accounts = story.read("base.yaml").split("providers:").next().unwrap().to_owned();
    story.file("accounts.yaml", &accounts.replace("acme-dev", "acme-staging"));
    story.expect(0, "adopt --all --out telform -f accounts.yaml");
    let adopted = story.read("telform/unpod-providers.yaml");
    let name = adopted.lines().find(|line| line.starts_with("  ") && line.ends_with(':')).unwrap().trim();
    story.file("over.yaml", &format!("overlay: true\nproviders:\n  {name} {{ account_sid: AC9 }}\n"));
    let all = "adopt --all --out telform -f accounts.yaml -f telform -f over.yaml";
    shot!("environment_adopt_all", story.expect(1, all));
    assert_eq!(story.read("telform/unpod-providers.yaml"), adopted);
    // Without that overlay, or elsewhere, it is deleted.
    story.expect(0, "adopt --all --out telform -f accounts.yaml -f telform");
    story.expect(0, "adopt --all --out more -f accounts.yaml -f telform -f over.yaml").says("Nothing to adopt");
}

#[test]
fn the_environments_of_the_examples_can_be_planned() {
    for (layer, organization, ledger) in [
        ("", "acme-dev.example", "development"),
        (" -f staging.yaml", "acme-staging.example", "staging"),
        (" -f production.yaml", "acme.example", "production"),
    ] {
        let story = Story::new("{}");
        for name in ["telform.yaml", "staging.yaml", "production.yaml", "world.yaml"] {
            let path = format!("{}/examples/environments/{name}", env!("CARGO_MANIFEST_DIR"));
            story.file(name, &std::fs::read_to_string(path).unwrap());
        }
        let files = format!("-f telform.yaml{layer}");
        story.expect(0, &format!("validate {files}"));
        let plan = story.expect(2, &format!("plan {files} --sandbox world.yaml --detailed-exitcode"));
        plan.says(&format!("organization {organization}"));
        story.expect(0, &format!("apply {files} --sandbox world.yaml --auto-approve"));
        story.expect(0, &format!("plan {files} --sandbox world.yaml --detailed-exitcode"));
        // The ledger of one is nothing for the next, in the sandbox too.
        if layer.is_empty() {
            let other = story.expect(1, "plan -f telform.yaml -f staging.yaml --sandbox world.yaml");
            other.says("belongs to another account");
        }
        story.expect(1, &format!("ledger list {files}")).says(&format!(".telform/{ledger}.json"));
    }
}

/// Defining files are read before all overlays, so the order of the files decides only between overlays.
#[test]
fn an_overlay_may_be_given_before_what_it_overrides() {
    let story = story();
    let digest = digest(&story, STAGING);
    story.expect(0, "plan -f staging.yaml -f base.yaml").says(&digest);
    let ran = story.expect(1, "validate -f staging.yaml");
    ran.says("no file defines `providers.main`, so this overlay overrides nothing");
    ran.says("give the file that defines it with -f too, before or after");
}
