//! One broken account stops only what needs it: runs that are limited to accounts or addresses, and how they say so.

use serde_json::Value;

use crate::bench::Story;

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
carrierx:
  partners:
    - partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410
      login: west
      name: West
      company_name: Acme
      country_code: USA
      zip: '01234'
      owner_email: ops@acme.example
      phonenumber: '15162065574'
      payment_type: postpay
";

const OBJECTS: &str = "
providers:
  main: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
partners:
  west: { account: cx, login: west, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: ops@acme.example, phonenumber: '15162065574', payment_type: postpay, password: { env: WEST_PASSWORD } }
";

/// Both services, each with an account.
fn both(objects: &str) -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-42").secret("WEST_PASSWORD", "canary-west-pass");
    write(&story, objects);
    story
}

fn write(story: &Story, objects: &str) {
    let accounts = format!(
        "accounts:\n  up: {{ api: unpod, base_url: \"{}\", org_handle: acme.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }}\n  cx: {{ api: carrierx, base_url: \"{}\", requests_per_minute: 60000, token: {{ env: CARRIERX_TOKEN }} }}\n",
        story.sandbox.unpod_url(),
        story.sandbox.carrierx_url()
    );
    story.file("telform.yaml", &format!("version: 1\n{accounts}{objects}"));
}

/// Whether a request went to the account of partners.
fn asked_partners(story: &Story) -> bool {
    story.take_log().iter().any(|line| line.contains("partners"))
}

#[test]
fn a_revoked_token_stops_only_what_needs_its_account() {
    let mut story = both(OBJECTS);
    story.apply();
    story.set("CARRIERX_TOKEN", "canary-revoked");
    let changed = OBJECTS.replace("EX1", "EX2");
    write(&story, &changed);
    // The error is a complete command, with the options that were given.
    let ran = story.expect(1, "plan --json --detailed-exitcode");
    ran.says("telform::live::unauthorized").says("`telform plan --json --detailed-exitcode --account up`");
    story.take_log();
    for args in ["--account up", "--account u*", "--target providers.new", "--exclude partners.west"] {
        story.expect(2, &format!("plan --detailed-exitcode {args}")).says("providers.new");
        assert!(!asked_partners(&story), "{args}");
    }
    // Its token is not needed either, and neither is a secret of its objects.
    story.unset("CARRIERX_TOKEN");
    story.unset("WEST_PASSWORD");
    story.expect(1, "plan").says("telform::secret::missing").says("--account");
    story.expect(2, "plan --detailed-exitcode --account up").is_silent_about("partners");
    story.expect(1, "plan --account up --target partners.west").says("telform::cli::left_out");
    let limits = "--account up --max-deletes 1 --max-numbers-dark 1";
    story.expect(0, &format!("apply --auto-approve {limits}")).says("a fresh plan is empty");
    // Omitted objects are still managed.
    assert!(story.ledger()["objects"]["partners.west"]["id"].is_string());
    story.expect(0, "undo last --auto-approve --max-deletes 2 --account up").says("as it was before the run");
    story.expect(0, "explain providers.main --account up");
    story.expect(0, "ledger rebuild --replace --account up");
    assert!(story.ledger()["objects"]["partners.west"]["id"].is_string(), "kept");
    assert!(story.ledger()["objects"]["providers.main"]["id"].is_string(), "found");
    assert!(!asked_partners(&story));
    let doctor = story.expect(1, "doctor --json").json();
    let about = |name: &str| doctor["checks"].as_array().unwrap().iter().any(|it| it["about"] == name);
    assert!(about("account up") && about("account cx"));
    story.expect(0, "doctor --account up").is_silent_about("account cx");
    story.expect(1, "plan --account nobody").says("telform::cli::unknown_account").says("up, cx");
}

#[test]
fn an_undo_asks_only_the_accounts_of_its_run() {
    let mut story = both(OBJECTS);
    story.apply();
    story.set("CARRIERX_TOKEN", "canary-revoked");
    story.expect(0, "undo last --auto-approve --max-deletes 1").says("as it was before the run");
    assert!(story.writes().iter().any(|write| write.starts_with("DELETE ")));
}

#[test]
fn an_adoption_of_one_object_asks_only_its_account() {
    let mut story = both("providers: {}\n");
    story.set("CARRIERX_TOKEN", "canary-revoked");
    story.expect(1, "adopt --all --out adopted").says("--account up");
    story.expect(0, "adopt providers.plivo 42").says("providers.plivo");
    story.expect(0, "adopt --all --out adopted --account up");
}

#[test]
fn a_limited_plan_says_so_first_in_every_format_and_has_its_own_digest() {
    let story = both(OBJECTS);
    let whole = story.expect(0, "plan --format json").json();
    assert!(whole["plan"].get("limits").is_none());
    let (first, sentence) = ("Limited plan: only account up", "Limited plan: only account up; without providers.new");
    let args = "--account up --exclude providers.new";
    let text = story.expect(0, &format!("plan {args}")).stdout;
    assert_eq!(text.lines().next(), Some(sentence));
    let markdown = story.expect(0, &format!("plan {args} --format markdown")).stdout;
    assert!(markdown.lines().nth(2).unwrap().contains(sentence), "{markdown}");
    let html = story.expect(0, &format!("plan {args} --format html")).stdout;
    assert!(html.find(first).unwrap() < html.find("<h1>").unwrap());
    let github = story.expect(0, &format!("plan {args} --format github")).stdout;
    assert!(github.lines().next().unwrap().contains(first), "{github}");
    let gitlab: Value = serde_json::from_str(&story.expect(0, &format!("plan {args} --format gitlab")).stdout).unwrap();
    assert!(gitlab[0]["description"].as_str().unwrap().contains(first), "{gitlab}");
    let terraform = story.expect(0, &format!("plan {args} --format terraform-json")).json();
    assert_eq!(terraform["complete"], false);
    let json = story.expect(0, &format!("plan {args} --format json")).json();
    assert_eq!(json["plan"]["limits"], serde_json::json!({ "accounts": ["up"], "excludes": ["providers.new"] }));
    assert_eq!(json["plan"]["accounts"].as_array().unwrap().len(), 1);
    story.expect(0, &format!("plan -q {args}")).says("limited run");
    // Each limit makes another plan, also one that leaves nothing out.
    let mut digests = vec![whole["digest"].clone()];
    for limit in ["--account up", "--account *", "--target providers.new", "--exclude partners.west", args] {
        digests.push(story.expect(0, &format!("plan --format json {limit}")).json()["digest"].clone());
    }
    let all = digests.len();
    digests.sort_by_key(ToString::to_string);
    digests.dedup();
    assert_eq!(digests.len(), all);
}

#[test]
fn a_saved_plan_keeps_its_limits() {
    let mut story = both(OBJECTS);
    story.expect(0, "plan --account up --out plan.json");
    story.unset("CARRIERX_TOKEN");
    story.expect(0, "verify plan.json");
    story.expect(1, "apply plan.json --account cx").says("cannot be used with");
    story.expect(0, "apply plan.json --auto-approve").says("Limited plan: only account up");
    assert_eq!(story.writes().len(), 1);
}

/// A plan that reaches beyond its limits does not pass the independent checker.
#[test]
fn the_checker_knows_the_limits() {
    let story = both(OBJECTS);
    let mut plan = story.expect(0, "plan --format json --account up").json();
    plan.as_object_mut().unwrap().remove("checksum");
    for (member, name) in [("accounts", "cx"), ("excludes", "providers.new")] {
        let mut edited = plan.clone();
        edited["plan"]["limits"] = serde_json::json!({ member: [name] });
        story.file("edited.json", &edited.to_string());
        story.expect(1, "verify edited.json").says("telform::verify::limits");
    }
    plan["plan"].as_object_mut().unwrap().remove("limits");
    story.file("edited.json", &plan.to_string());
    story.expect(1, "verify edited.json").says("telform::verify::summary");
}

/// Objects whose entries were removed from the YAML still have addresses: those of the ledger and of the tombstones.
#[test]
fn what_left_the_configuration_can_be_named() {
    let story = both(OBJECTS);
    story.apply();
    write(
        &story,
        "providers:\n  other: { provider: exotel, account_sid: EX9, auth_token: { env: AUTH } }\npartners: {}\nremoved:\n  - { address: partners.west, keep: true }\n",
    );
    let plan = story.expect(3, "plan --target providers.new --max-deletes 0");
    plan.says("- providers.new").is_silent_about("providers.main");
    let ran = story.expect(0, "apply --auto-approve --target providers.new --max-deletes 1");
    ran.says("- providers.new").is_silent_about("providers.other");
    story.expect(0, "plan --exclude providers.main --exclude partners.west").says("+ providers.other");
    story.expect(0, "plan --target partners.west").says("released").is_silent_about("providers");
    story.expect(1, "plan --target providers.nowhere").says("neither the configuration nor the ledger");
}

#[test]
fn a_missing_token_stops_no_undo_that_is_not_about_its_account() {
    let mut story = both(OBJECTS);
    story.apply();
    story.unset("CARRIERX_TOKEN");
    story.unset("WEST_PASSWORD");
    story.take_log();
    story.expect(0, "undo last --auto-approve --max-deletes 1").says("as it was before the run");
    assert!(!asked_partners(&story));
    // A change in only one account is reported for the ledger, too.
    story.expect(0, "forget providers.main");
    story.unset("CARRIERX_TOKEN");
    story.expect(0, "undo last --auto-approve").says("Only the ledger was changed");
    assert!(story.ledger()["objects"]["providers.main"]["id"].is_string());
    // One object is adopted without the others' tokens.
    story.expect(0, "forget providers.main");
    story.expect(0, "adopt providers.main 42").says("providers.main");
}

#[test]
fn an_undo_of_what_the_account_needs_says_how_to_leave_it_out() {
    let mut story = both(OBJECTS);
    story.apply();
    write(&story, &OBJECTS.replace("name: West", "name: Westward").replace("EX1", "EX2"));
    story.expect(0, "apply --auto-approve --max-deletes 1");
    story.unset("CARRIERX_TOKEN");
    story.expect(1, "undo last --auto-approve --max-deletes 1").says("telform::secret::missing").says("--account NAME");
    let ran = story.expect(0, "undo last --auto-approve --max-deletes 1 --account up");
    ran.says("partners.west: its account cx was not read");
}

#[test]
fn what_was_cut_off_is_settled_without_the_token_of_another_account() {
    let mut story = both(OBJECTS);
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 20000 } }");
    let mut child = crate::runs::start(&story, "apply --auto-approve");
    crate::runs::wait_for_a_write(&story);
    child.kill().unwrap();
    crate::runs::end(&story, "apply", child);
    story.sandbox.clear_faults();
    story.unset("CARRIERX_TOKEN");
    let ran = story.expect(1, "resume --auto-approve");
    ran.says("reading shows that it was done").says("telform::secret::missing").says("--account NAME");
    assert!(story.ledger()["objects"]["providers.new"]["id"].is_string());
    story.expect(0, "resume --auto-approve --account up");
}

/// The final report of a run covers what it read.
#[test]
fn a_proof_names_what_it_looked_at() {
    let story = both(OBJECTS);
    let done = |args: &str, words: &str| {
        let ran = story.expect(0, args);
        let whole = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(whole.contains(words), "{args}: {whole}");
    };
    done("apply --auto-approve --account up", "1 write, and a fresh plan is empty (only account up).");
    let with = |from: &str, to: &str| write(&story, &OBJECTS.replace(from, to));
    with("name: West", "name: Western");
    done(
        "apply --auto-approve --target partners.west",
        "1 write, and a fresh plan is empty (only partners.west and what it needs).",
    );
    with("name: West", "name: Westward");
    done("apply -q --auto-approve --exclude providers.new", "a fresh plan is empty (without providers.new).");
    done("undo last --auto-approve", "1 write, and a second reading shows what was undone as it was before the run.");
    with("name: West", "name: Westward");
    done("apply --auto-approve", "1 write, and a fresh plan is empty.");
    // "Nothing differs" is reported for the part that was read.
    let html = story.expect(0, "plan --format html --account up").stdout;
    assert!(html.contains("nothing to do where it looked"), "{html}");
    assert!(html.contains("Nothing differs in the part that was looked at."));
    let html = story.expect(0, "plan --format html").stdout;
    assert!(html.contains(">nothing to do<") && html.contains("Nothing differs.<"));
    let nothing = story.expect(0, "adopt --all --out adopted --account up").stdout;
    let nothing = nothing.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(nothing.contains("managed already (bridges in account up; providers in account up)"), "{nothing}");
}

/// An undo without anything to do names its scope.
#[test]
fn an_undo_with_nothing_to_do_says_of_what() {
    let story = both(OBJECTS);
    story.apply();
    write(&story, &OBJECTS.replace("name: West", "name: Westward"));
    story.apply();
    let run = story.expect(0, "--json journal list").json()["runs"].as_array().unwrap().last().unwrap()["run"].clone();
    let run = run.as_str().unwrap().to_owned();
    story.expect(0, "undo last --auto-approve");
    let ran = story.expect(0, &format!("undo {run} --auto-approve"));
    ran.says("Nothing was written").is_silent_about("everything is as it was");
}

/// A snapshot of one account says nothing of another one: neither that its objects are deleted nor that they are to be created.
#[test]
fn a_snapshot_serves_the_limits_that_it_was_taken_with() {
    let story = both(OBJECTS);
    story.expect(0, "plan --account up --snapshot-out up.json");
    story.expect(0, "plan --account up --snapshot up.json").says("providers.new");
    for args in ["", "--account cx", "--target partners.west", "--exclude providers.new"] {
        let ran = story.expect(1, &format!("plan --snapshot up.json {args}"));
        ran.says("telform::snapshot::other").is_silent_about("to create");
    }
    story.expect(1, "explain partners.west --snapshot up.json").says("telform::snapshot::other");
}

/// Omitted objects are not reported as missing.
#[test]
fn an_explanation_does_not_speak_of_what_was_left_out() {
    let story = both(OBJECTS);
    let ran = story.expect(0, "explain partners.west --account up");
    ran.says("its account is left out of this run").says("`--account` names other accounts").says("not read");
    ran.is_silent_about("no partner in cx");
    let ran = story.expect(0, "explain partners.west --exclude partners.west");
    ran.says("excluded from this run").is_silent_about("no partner in cx");
    story.expect(0, "explain partners.west --target providers.main").says("`--target` names other objects");
}
