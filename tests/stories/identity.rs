//! The owner of a token: plans and ledgers are bound to it, and its scopes are known before the first write.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use telform::sandbox::Whoami;

use crate::bench::{CARRIERX_TOKEN, Ran, Story};
use crate::partners::{verified, west};

/// The calling account of every world.
const OWN: &str = "0a1b2c3d-0000-4000-8000-00000000ca11";
const OTHER: &str = "77777777-0000-4000-8000-00000000bbbb";
const OTHER_TOKEN: &str = "canary-token-of-b";
const READER_TOKEN: &str = "canary-token-that-reads";

/// A partner that changes, and tokens of the same and of another owner.
fn story() -> Story {
    let story = verified("");
    story.sandbox.edit(|world| {
        let mut text = serde_json::to_value(&*world).unwrap();
        text["carrierx"]["callers"] = json!({
            OTHER_TOKEN: { "partner_sid": OTHER, "login": "b-login", "scopes": ["partners.manage"] },
            // A second login of the same partner, as CI has it for plans.
            READER_TOKEN: { "partner_sid": OWN, "login": "sandbox_ci", "scopes": ["partners.read"] },
        });
        *world = serde_json::from_value(text).unwrap();
    });
    story.carrierx(&west("    city: Rome\n"));
    let story = story.secret("OTHER_TOKEN", OTHER_TOKEN).secret("READER_TOKEN", READER_TOKEN);
    story.secret("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789")
}

fn answers(story: &Story, how: Whoami) {
    story.sandbox.edit(|world| world.carrierx.knobs.whoami = how);
}

fn becomes(story: &Story, sid: &str) {
    story.sandbox.edit(|world| world.carrierx.account_sid = sid.to_owned());
}

#[track_caller]
fn refused(story: &Story, code: i32, args: &str, name: &str) -> Ran {
    let ran = story.expect(code, args);
    ran.says(name).says(OWN).says(OTHER);
    assert_eq!(story.writes(), [""; 0], "{args}");
    ran
}

fn digest(story: &Story, file: &str) -> Value {
    let plan: Value = serde_json::from_str(&story.read(file)).unwrap();
    plan["digest"].clone()
}

#[test]
fn a_plan_runs_with_a_token_of_its_owner_alone() {
    let mut story = story();
    story.expect(0, "plan --out plan.json").says(&format!("token of partner_sid {OWN}, login sandbox"));
    story.expect(0, "verify plan.json");
    story.set("CARRIERX_TOKEN", OTHER_TOKEN);
    shot!("identity_other_plan", refused(&story, 3, "apply plan.json --auto-approve", "telform::plan::other_token"));
    refused(&story, 3, "rehearse plan.json", "telform::plan::other_token");
    // With only the digest, the message is that it is a different plan.
    let expect = digest(&story, "plan.json").as_str().unwrap().to_owned();
    story.expect(4, &format!("apply --expect {expect} --auto-approve"));
    assert_eq!(story.writes(), [""; 0]);
    // The same sid under another login is the same owner.
    story.set("CARRIERX_TOKEN", CARRIERX_TOKEN);
    story.sandbox.edit(|world| world.carrierx.account_login = "renamed".to_owned());
    story.expect(0, "apply plan.json --auto-approve").says("Done: 1 write").says("login renamed");
    story.expect(0, "journal verify");
}

#[test]
fn every_format_shows_whose_the_token_is() {
    let story = story();
    for format in ["text", "markdown", "html"] {
        let shown = story.expect(0, &format!("plan --format {format}")).stdout;
        // What the page keeps on one line.
        let shown = shown.replace("<span class=\"whole\">", "").replace("</span>", "");
        assert!(shown.contains(&format!("token of partner_sid {OWN}, login sandbox")), "{format}: {shown}");
    }
    let plan = story.expect(0, "plan --format json").json();
    assert_eq!(plan["plan"]["accounts"][0]["token_of"], OWN);
    assert_eq!(plan["origin"]["logins"], json!({ "carrierx": "sandbox" }));
    story.expect(0, "plan --out plan.json");
    story.expect(0, "show plan.json").says(&format!("token of partner_sid {OWN}, login sandbox"));
}

#[test]
fn a_ledger_serves_the_tokens_of_its_owner_alone() {
    let mut story = story();
    story.apply();
    assert_eq!(story.ledger()["owners"], json!({ "carrierx": OWN }));
    assert_eq!(story.expect(0, "ledger list --json").json()["owners"], json!({ "carrierx": OWN }));
    let kept = story.read(".telform/ledger.json");
    story.set("CARRIERX_TOKEN", OTHER_TOKEN);
    story.sandbox.clear_log();
    shot!("identity_other_ledger", refused(&story, 1, "plan", "telform::ledger::other_token"));
    for args in [
        "apply --auto-approve",
        "apply --destroy --max-deletes 9 --auto-approve",
        "drift",
        "rehearse",
        "adopt --all --out there",
        "undo last",
        "explain partners.west",
        "ledger rebuild --replace",
        "plan --snapshot-out other.json",
    ] {
        refused(&story, 1, args, "telform::ledger::other_token");
    }
    story.expect(1, "doctor").says("telform::ledger::other_token");
    assert_eq!(story.read(".telform/ledger.json"), kept);
    // What was read under another ledger is refused together with this one, too.
    story.expect(0, "plan --ledger new.json --snapshot-out other.json");
    refused(&story, 1, "plan --snapshot other.json", "telform::ledger::other_token");
    // The way that the message names.
    story.expect(0, "--ledger new.json ledger rebuild");
    story.expect(0, "plan --ledger new.json --detailed-exitcode").says("login b-login");
    story.set("CARRIERX_TOKEN", CARRIERX_TOKEN);
    refused(&story, 1, "plan --ledger new.json", "telform::ledger::other_token");
    story.in_sync();
}

/// An interrupted run is not settled with a token that sees other objects.
#[test]
fn nothing_is_settled_with_another_owners_token() {
    let mut story = story();
    story.apply();
    story.carrierx(&west("    city: Bern\n"));
    crate::resume::killed(&story, "PATCH", "after");
    story.set("CARRIERX_TOKEN", OTHER_TOKEN);
    let kept = story.read(".telform/ledger.json");
    story.sandbox.clear_log();
    refused(&story, 1, "resume --auto-approve", "telform::ledger::other_token");
    assert_eq!(story.read(".telform/ledger.json"), kept);
}

/// Any answer without an owner: nothing is bound, nothing is reported, and everything works as without it.
#[test]
fn a_service_that_does_not_say_it_binds_nothing() {
    let odd = |body: Value| format!("{{ json: {body} }}");
    let answers = [
        ("status: 404", String::new()),
        ("status: 404, body: html", String::new()),
        ("status: 403", String::new()),
        ("status: 400", String::new()),
        ("status: 500", String::new()),
        ("status: 200, body: html", String::new()),
        ("status: 200, body: empty", String::new()),
        ("status: 200, body: truncated", String::new()),
        ("status: 204, body: empty", String::new()),
        ("status: 302, location: \"https://elsewhere.example/\"", String::new()),
        ("status: 200", odd(json!([]))),
        ("status: 200", odd(json!("text"))),
        ("status: 200", odd(json!({ "login": "somebody" }))),
        ("status: 200", odd(json!({ "partner_sid": null }))),
        ("status: 200", odd(json!({ "partner_sid": { "a": 1 } }))),
        ("status: 200", odd(json!({ "partner_sid": "x".repeat(5_000) }))),
        ("status: 200", odd(json!({ "partner_sid": "two words" }))),
        ("status: 200", odd(json!({ "items": [{ "partner_sid": "a" }] }))),
    ];
    let story = verified("");
    story.carrierx(&west("    city: Rome\n"));
    let count = answers.len();
    for (at, (status, body)) in answers.into_iter().enumerate() {
        let body = if body.is_empty() { body } else { format!(", body: {body}") };
        let answer = format!("effect: {{ answer: {{ {status}{body} }} }}");
        story.sandbox.clear_faults();
        story.fault(&format!("{{ match: {{ path: /core/v2/oauth, times: 0 }}, {answer} }}"));
        let ran = story.expect(0, "plan --out plan.json");
        ran.is_silent_about("token of").is_silent_about("whose");
        let plan: Value = serde_json::from_str(&story.read("plan.json")).unwrap();
        assert_eq!(plan["plan"]["accounts"][0].get("token_of"), None, "{answer}");
        if at + 1 == count {
            story.expect(0, "doctor").says("the service does not say who owns it");
            story.expect(0, "apply plan.json --auto-approve").says("Done: 1 write");
            assert_eq!(story.ledger().get("owners"), None, "{answer}");
        }
    }
}

/// An invalid token is invalid, whichever request reports it first.
#[test]
fn a_token_that_is_refused_here_ends_the_run() {
    let story = story();
    story.fault("{ match: { path: /core/v2/oauth, times: 0 }, effect: { answer: { status: 401 } } }");
    for args in ["plan", "apply --auto-approve"] {
        story.expect(1, args).says("telform::live::unauthorized").says("asking who owns the token");
    }
    assert_eq!(story.writes(), [""; 0]);
}

/// The account has another name, and keeps its owner.
#[test]
fn a_renamed_account_keeps_its_owner() {
    let mut story = story();
    story.apply();
    let renamed = story.read("telform.yaml").replace("  carrierx: {", "  main: {");
    story.file("telform.yaml", &renamed);
    story.sandbox.clear_log();
    let token = story.env["CARRIERX_TOKEN"].clone();
    story.set("CARRIERX_TOKEN", OTHER_TOKEN);
    refused(&story, 1, "plan", "telform::ledger::other_token").says("account main:");
    story.set("CARRIERX_TOKEN", &token);
    story.apply();
    assert_eq!(story.ledger()["owners"], json!({ "main": OWN }));
    story.set("CARRIERX_TOKEN", OTHER_TOKEN);
    refused(&story, 1, "plan", "telform::ledger::other_token");
}

#[test]
fn an_owner_who_is_known_and_not_told_for_once_is_a_notice() {
    let story = story();
    story.expect(0, "plan --out plan.json");
    // Only the saved plan knows it.
    answers(&story, Whoami::NotFound);
    let ran = story.expect(0, "apply plan.json --auto-approve");
    ran.says("does not say who owns this token").says(OWN).says("Done: 1 write");
    assert_eq!(story.ledger().get("owners"), None, "only what was read is entered");
    // From then on the ledger does.
    answers(&story, Whoami::Answer);
    story.in_sync();
    assert_eq!(story.ledger()["owners"], json!({ "carrierx": OWN }));
    story.carrierx(&west("    city: Bern\n"));
    story.expect(0, "plan --out plan.json").is_silent_about("does not say whose");
    answers(&story, Whoami::Forbidden);
    story.expect(0, "plan --out again.json").says("does not say who owns this token");
    assert_eq!(digest(&story, "again.json"), digest(&story, "plan.json"));
    for format in ["markdown", "html"] {
        story.expect(0, &format!("plan --format {format}")).says("does not say who owns this token");
    }
    let expect = digest(&story, "plan.json").as_str().unwrap().to_owned();
    story.expect(0, &format!("apply --expect {expect} --auto-approve")).says("Done: 1 write");
    assert_eq!(story.ledger()["owners"], json!({ "carrierx": OWN }));
    // A plan without an owner differs from a plan that names one.
    let story = verified("");
    story.carrierx(&west("    city: Rome\n"));
    answers(&story, Whoami::NotFound);
    story.expect(0, "plan --out plan.json");
    answers(&story, Whoami::Answer);
    story.expect(4, "apply plan.json --auto-approve").says(&format!("token of {OWN}"));
}

#[test]
fn an_owner_who_changes_between_plan_and_apply() {
    let story = story();
    story.expect(0, "plan --out plan.json");
    becomes(&story, OTHER);
    refused(&story, 3, "apply plan.json --auto-approve", "telform::plan::other_token");
    becomes(&story, OWN);
    story.expect(0, "apply plan.json --auto-approve");
    story.sandbox.clear_log();
    becomes(&story, OTHER);
    refused(&story, 1, "apply --auto-approve", "telform::ledger::other_token");
}

#[test]
fn of_two_accounts_the_one_whose_owner_changed_is_named() {
    let mut story = story();
    story.set("EAST_TOKEN", CARRIERX_TOKEN);
    story.set("WEST_TOKEN", CARRIERX_TOKEN);
    let url = story.sandbox.carrierx_url();
    let account = |name: &str, token: &str| {
        format!(
            "  {name}: {{ api: carrierx, base_url: \"{url}\", requests_per_minute: 60000, settle_after: 0s, token: {{ env: {token} }} }}\n"
        )
    };
    let partners = west("    account: first\n    city: Rome\n");
    let east = "  east: { account: second, login: east, password: { env: WEST_PASSWORD }, name: East, company_name: Acme, country_code: USA, zip: \"10001\", owner_email: e@acme.example, phonenumber: \"15162065575\", payment_type: postpay }\n";
    story.file(
        "telform.yaml",
        &format!("version: 1\naccounts:\n{}{}{partners}{east}", account("first", "WEST_TOKEN"), account("second", "EAST_TOKEN")),
    );
    story.expect(0, "plan --out plan.json");
    story.set("EAST_TOKEN", OTHER_TOKEN);
    refused(&story, 3, "apply plan.json --auto-approve", "telform::plan::other_token").says("account second");
    story.set("EAST_TOKEN", CARRIERX_TOKEN);
    story.expect(0, "apply plan.json --auto-approve");
    assert_eq!(story.ledger()["owners"], json!({ "first": OWN, "second": OWN }));
    story.sandbox.clear_log();
    story.set("EAST_TOKEN", OTHER_TOKEN);
    let ran = refused(&story, 1, "apply --auto-approve", "telform::ledger::other_token");
    ran.says("account second:").says("--account first");
    story.expect(0, "plan --account first");
}

/// The page of the service names scopes for create and update (carrierx.md 1.2). Who only plans needs neither.
#[test]
fn a_scope_that_is_missing_is_said_before_the_first_write() {
    let mut story = story();
    story.expect(0, "plan --out full.json").is_silent_about("does not have a required scope");
    story.set("CARRIERX_TOKEN", READER_TOKEN);
    shot!("identity_scope", story.expect(0, "plan --out plan.json"));
    assert_eq!(digest(&story, "plan.json"), digest(&story, "full.json"), "scopes make no other plan");
    for format in ["markdown", "html"] {
        story.expect(0, &format!("plan --format {format}")).says("does not have a required scope").says("partners.update");
    }
    answers(&story, Whoami::ScopesAsText);
    for args in ["apply --auto-approve", "apply plan.json --auto-approve", "rehearse"] {
        let ran = story.expect(1, args);
        ran.says("telform::account::scope").says("partners.update or partners.manage").says("partners.west");
    }
    story.carrierx(&format!("{}  east: {{ login: east, password: {{ env: WEST_PASSWORD }}, name: East, company_name: Acme, country_code: USA, zip: \"10001\", owner_email: e@acme.example, phonenumber: \"15162065575\", payment_type: postpay }}\n", west("")));
    story.expect(1, "apply --auto-approve").says("partners.create or partners.manage for create partners.east");
    assert_eq!(story.writes(), [""; 0]);
    // A plan with nothing to send needs no scope; and a token that has it applies what the other one planned.
    story.carrierx(&west(""));
    story.expect(0, "apply --auto-approve").is_silent_about("does not have a required scope");
    story.carrierx(&west("    city: Rome\n"));
    story.expect(0, "plan --out plan.json");
    story.set("CARRIERX_TOKEN", CARRIERX_TOKEN);
    story.expect(0, "apply plan.json --auto-approve").says("Done: 1 write");
}

#[test]
fn scopes_that_are_not_told_keep_nobody_from_anything() {
    for scopes in [json!(null), json!([]), json!(""), json!(["*"]), json!("partners.* x"), json!([7]), json!({ "a": 1 })] {
        let story = verified("");
        story.carrierx(&west("    city: Rome\n"));
        let body = json!({ "partner_sid": OWN, "scopes": scopes });
        story.fault(&format!(
            "{{ match: {{ path: /core/v2/oauth, times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
        ));
        story.expect(0, "apply --auto-approve").is_silent_about("scope");
    }
    let huge = "partners.read ".repeat(100_000) + "oauth.read";
    let story = verified("");
    story.carrierx(&west("    city: Rome\n"));
    let body = json!({ "partner_sid": OWN, "login": "l".repeat(100_000), "scopes": huge });
    story.fault(&format!(
        "{{ match: {{ path: /core/v2/oauth, times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
    ));
    let ran = story.expect(1, "apply --auto-approve");
    ran.says("telform::account::scope");
    assert!(ran.stdout.len() + ran.stderr.len() < 5_000, "{}", ran.stdout.len());
    story.expect(0, "plan --snapshot-out live.json");
    assert!(story.read("live.json").len() < 10_000);
}

/// Another person chose the login, and an answer may hold the token itself.
#[test]
fn what_a_login_holds_steers_nothing() {
    let story = verified("");
    story.carrierx(&west("    city: Rome\n"));
    let evil = "\u{1b}]0;evil\u{7}\n::notice::evil\u{202e}##[add-mask]<script>`|";
    let body = json!({ "partner_sid": OWN, "login": evil, "access_token": CARRIERX_TOKEN, "scopes": ["partners.manage"] });
    story.fault(&format!(
        "{{ match: {{ path: /core/v2/oauth, times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
    ));
    for format in ["text", "markdown", "html", "json"] {
        let shown = story.expect(0, &format!("plan --format {format}")).stdout;
        assert!(shown.contains("evil"), "{format}: {shown}");
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{format}: {shown}");
        assert!(!shown.lines().any(|line| line.trim_start().starts_with("::")), "{format}: {shown}");
        assert!(format == "json" || !shown.contains("##["), "{format}: {shown}");
        assert!(!shown.contains("<script>evil") && (format != "html" || !shown.contains("]<script>")), "{format}: {shown}");
    }
    story.apply();
    let masked = json!({ "partner_sid": OWN, "login": format!("x-{CARRIERX_TOKEN}") });
    story.sandbox.clear_faults();
    story.fault(&format!(
        "{{ match: {{ path: /core/v2/oauth, times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {masked} }} }} }} }}"
    ));
    story.expect(0, "plan --out plan.json --snapshot-out live.json");
}

#[test]
fn it_is_asked_once_for_each_run_and_account() {
    let story = story();
    let asked = |args: &str, code: i32| {
        story.sandbox.clear_log();
        story.expect(code, args);
        story.sandbox.log().iter().filter(|it| it.path.ends_with("/oauth/whoami")).count()
    };
    for (args, code) in [
        ("plan", 0),
        // It reads before and after.
        ("apply --auto-approve", 0),
        ("apply --auto-approve", 0),
        ("drift", 0),
        ("explain partners.west", 0),
        ("doctor", 0),
    ] {
        assert_eq!(asked(args, code), 1, "{args}");
    }
    for args in ["validate", "ledger list", "journal list"] {
        assert_eq!(asked(args, 0), 0, "{args}");
    }
    // Unpod is not asked: there the organization identifies the owner.
    let story = Story::new("{}");
    story.unpod("providers: {}\n");
    story.expect(0, "plan");
    assert!(story.sandbox.log().iter().all(|it| !it.path.contains("whoami")));
}

/// The digest, the checksum and the key cover the identity.
#[test]
fn an_altered_owner_is_found() {
    let story = story();
    story.apply();
    story.carrierx(&west("    city: Bern\n"));
    story.expect(0, "plan --out plan.json");
    let saved = story.read("plan.json");
    for (was, is) in [
        (format!("\"token_of\":\"{OWN}\""), format!("\"token_of\":\"{OTHER}\"")),
        ("\"carrierx\": \"sandbox\"".to_owned(), "\"carrierx\": \"another\"".to_owned()),
    ] {
        let altered = saved.replace(&was, &is);
        assert_ne!(altered, saved, "{was}");
        story.file("altered.json", &altered);
        story.expect(1, "verify altered.json");
        story.expect(1, "apply altered.json --auto-approve").says("telform::plan::changed");
    }
    // Who makes digest and checksum anew meets the token of now.
    let mut forged: Value = serde_json::from_str(&saved).unwrap();
    forged["plan"]["accounts"][0]["token_of"] = OTHER.into();
    let plan = serde_json_canonicalizer::to_string(&forged["plan"]).unwrap();
    forged["digest"] = format!("sha256:{}", telform::text::to_hex(&Sha256::digest(plan.as_bytes()))).into();
    story.file("forged.json", &crate::bound::sealed(&forged));
    story.sandbox.clear_log();
    refused(&story, 3, "apply forged.json --auto-approve", "telform::plan::other_token");
}
