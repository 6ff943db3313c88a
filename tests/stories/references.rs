//! Partners that name other partners by their addresses.

use serde_json::json;

use crate::bench::Story;

/// A partner with this login, and more attributes.
fn partner(name: &str, more: &str) -> String {
    format!(
        "  {name}: {{ login: {name}, password: {{ env: PASS }}, name: {name}, company_name: Acme, country_code: USA, zip: '01234', owner_email: {name}@acme.example, phonenumber: '15162065574', payment_type: postpay{more} }}\n"
    )
}

fn family() -> String {
    format!("partners:\n{}{}", partner("branch", ", parent_sid: partners.reseller"), partner("reseller", ""))
}

const RESELLER: &str = "9c1e7b33-0d52-4b9c-b6f7-2f4a8d7c6e05";
const BRANCH: &str = "3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";

/// A world with both, visible.
fn world(knobs: &str) -> String {
    let row = |sid: &str, login: &str, more: &str| {
        format!(
            "    - {{ partner_sid: {sid}, login: {login}, name: {login}, company_name: Acme, country_code: USA, zip: '01234', owner_email: {login}@acme.example, phonenumber: '15162065574', payment_type: postpay{more} }}\n"
        )
    };
    let (branch, reseller) = (row(BRANCH, "branch", &format!(", parent_sid: {RESELLER}")), row(RESELLER, "reseller", ""));
    format!("carrierx:\n  knobs: {{ delete: no_content{knobs} }}\n  partners:\n{branch}{reseller}")
}

fn story(world: &str) -> Story {
    Story::new(world).secret("PASS", "canary-pass-71")
}

/// Managed, both of them.
fn managed() -> Story {
    let story = story(&world(""));
    story.carrierx_with("partner_delete: true, ", &family());
    story.apply();
    story.in_sync();
    story.take_log();
    story
}

#[test]
fn parent_and_child_are_created_in_one_run() {
    let story = story("{}");
    story.carrierx(&family());
    let plan = story.expect(0, "plan --format json");
    let json = plan.json();
    assert_eq!(json["plan"]["changes"][0]["attributes"][9]["after"], json!({ "value": "partners.reseller" }), "{}", plan.whole());
    assert_eq!(json["plan"]["steps"][1]["waits_for"], json!(["s1"]));
    story.file("plan.json", &plan.stdout);
    story.expect(0, "verify plan.json");
    story.apply().says("parent_sid    \"partners.reseller\"").says("2 to create, 2 requests");
    let partners = &story.world()["carrierx"]["partners"];
    let sid = partners[0]["partner_sid"].as_str().unwrap();
    assert_eq!((&partners[0]["login"], &partners[1]["login"]), (&json!("reseller"), &json!("branch")));
    assert_eq!(partners[1]["parent_sid"], sid);
    assert!(story.writes()[1].contains(&format!("\"parent_sid\":\"{sid}\"")), "{:?}", story.writes());
    // Neither is visible yet, and the id is known all the same.
    story.in_sync();
    for login in ["branch", "reseller"] {
        assert!(story.sandbox.verify(login, "all"));
    }
    story.apply();
    story.in_sync();
    assert_eq!(story.writes().len(), 0, "{:?}", story.writes());
}

#[test]
fn a_saved_plan_creates_both() {
    let story = story("{}");
    story.carrierx(&family());
    story.expect(0, "plan --out saved.json");
    story.expect(0, "show saved.json").says("partners.reseller");
    story.expect(0, "apply saved.json --auto-approve");
    let partners = &story.world()["carrierx"]["partners"];
    assert_eq!(partners[1]["parent_sid"], partners[0]["partner_sid"]);
}

#[test]
fn a_failed_parent_leaves_the_child_unmade() {
    let story = story("{}");
    story.carrierx(&family());
    story.fault("{ match: { method: POST, nth: 1 }, effect: { answer: { status: 422 } } }");
    story.expect(1, "apply --auto-approve --on-error continue").says("it waits for s1, which is not done");
    assert_eq!(story.world()["carrierx"]["partners"], json!([]));
    story.sandbox.clear_faults();
    story.apply();
    assert_eq!(story.world()["carrierx"]["partners"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_live_id_is_shown_as_its_address() {
    let story = managed();
    story.expect(0, "get partners --columns login,parent_sid").says("partners.reseller");
    story.expect(0, "explain partners.branch.parent_sid").says("in sync").says("Live      \"partners.reseller\"");
    // Another parent, at the console: this API cannot put it back.
    story.sandbox.edit(|world| {
        let mut text = serde_json::to_value(&*world).unwrap();
        text["carrierx"]["partners"][0]["parent_sid"] = BRANCH.into();
        *world = serde_json::from_value(text).unwrap();
    });
    let words = "it is \"partners.branch\", the configuration says \"partners.reseller\"";
    story.expect(3, "plan").says("refusal::create_only").says(words);
    story.expect(2, "drift").says("partners.branch").says("partners.reseller").is_silent_about(RESELLER);
    // What no address has keeps its id.
    story.carrierx(&format!("existing:\n  partners: {{ branch: {{ login: branch }} }}\npartners:\n{}", partner("reseller", "")));
    story.expect(0, "get partners --columns login,parent_sid").says("partners.branch");
}

#[test]
fn both_are_deleted_and_the_child_first() {
    let story = managed();
    story.carrierx_with("partner_delete: true, ", "guards: { max_deletes: 2 }\npartners: {}\n");
    let plan = story.expect(0, "plan --format json");
    story.file("plan.json", &plan.stdout);
    story.expect(0, "verify plan.json");
    story.apply();
    assert_eq!(story.writes(), [format!("DELETE partners/{BRANCH}"), format!("DELETE partners/{RESELLER}")]);
    // And back: the child is below the new parent.
    story.carrierx_with("partner_delete: true, ", &family());
    story.expect(0, "undo last --auto-approve");
    let partners = &story.world()["carrierx"]["partners"];
    assert_eq!(partners[0]["login"], "reseller", "{partners}");
    assert_eq!(partners[1]["parent_sid"], partners[0]["partner_sid"], "{partners}");
}

#[test]
fn destroy_deletes_the_child_first() {
    let story = managed();
    story.expect(0, "apply --destroy --auto-approve --max-deletes 2 --max-delete-percent 100");
    assert_eq!(story.writes(), [format!("DELETE partners/{BRANCH}"), format!("DELETE partners/{RESELLER}")]);
}

#[test]
fn what_is_still_named_is_not_deleted() {
    // The child stays, with the id of its parent.
    let story = managed();
    let literal = format!("guards: {{ max_deletes: 2 }}\npartners:\n{}", partner("branch", &format!(", parent_sid: {RESELLER}")));
    story.carrierx_with("partner_delete: true, ", &literal);
    story.expect(3, "plan").says(&format!("partner {RESELLER} is still named by partners.branch (parent_sid)"));
    story.expect(3, "apply --auto-approve").says("refusal::still_referred").says("partners.branch (parent_sid)");
    assert_eq!(story.writes(), [""; 0]);
    // A child that nobody manages here keeps it, too.
    story.expect(0, "forget partners.branch");
    story.carrierx_with("partner_delete: true, ", "guards: { max_deletes: 2 }\npartners: {}\n");
    story.expect(3, "plan").says(&format!("partner {BRANCH}, which is not managed here (parent_sid)"));
    // A part of the deletes that leaves the child alone is refused as well.
    let story = managed();
    story.carrierx_with("partner_delete: true, ", "guards: { max_deletes: 2 }\npartners: {}\n");
    story.expect(3, "plan --target partners.reseller").says("refusal::still_referred");
    story.expect(0, "plan --target partners.branch").says("1 to delete");
    // And a new one that is to be below it.
    let new = partner("new", &format!(", parent_sid: {RESELLER}"));
    story.carrierx_with("partner_delete: true, ", &format!("guards: {{ max_deletes: 2 }}\npartners:\n{new}"));
    story.expect(3, "plan").says("refusal::still_referred").says("partners.new (parent_sid)");
}

#[test]
fn a_reference_to_what_another_team_manages() {
    let story = story(&world(""));
    let body = |parent: &str| {
        format!(
            "existing:\n  partners: {{ theirs: {{ {parent} }} }}\npartners:\n{}",
            partner("new", ", parent_sid: partners.theirs")
        )
    };
    story.carrierx(&body("login: reseller"));
    let plan = story.expect(0, "plan --format json");
    assert_eq!(plan.json()["plan"]["references"]["partners.theirs"]["id"], RESELLER, "{}", plan.whole());
    story.file("plan.json", &plan.stdout);
    story.expect(0, "verify plan.json");
    story.apply();
    assert!(story.writes()[0].contains(&format!("\"parent_sid\":\"{RESELLER}\"")), "{:?}", story.writes());
    story.in_sync();
    // Nothing is created below an object that is not there.
    let other = format!("id: {}", RESELLER.replace('9', "8"));
    let fresh = self::story(&world(""));
    fresh.carrierx(&body(&other));
    fresh.expect(3, "apply --auto-approve").says("refusal::existing_missing");
    assert_eq!(fresh.writes(), [""; 0]);
}

#[test]
fn part_of_a_run_has_what_it_names() {
    let story = story("{}");
    story.carrierx(&family());
    story.expect(0, "plan --target partners.branch").says("2 to create");
    story.expect(0, "plan --limit 1").says("1 to create");
    let refused = story.expect(3, "plan --exclude partners.reseller");
    refused.says("refusal::dependency_excluded").says("parent_sid names partners.reseller, which does not exist yet");
}

#[test]
fn adopt_writes_the_address() {
    let story = story(&world(""));
    story.carrierx("");
    story.expect(0, "adopt --all --out adopted").says("2");
    let text = story.read("adopted/carrierx-partners.yaml");
    assert!(text.contains("parent_sid: \"partners.reseller\""), "{text}");
    story.expect(0, "get partners -o yaml").says("parent_sid: \"partners.reseller\"");
}

#[test]
fn an_id_may_still_be_written() {
    let story = story(&world(""));
    story.carrierx(&format!("partners:\n{}", partner("branch", &format!(", parent_sid: {RESELLER}"))));
    story.apply();
    story.in_sync();
    // The same parent by its address changes nothing.
    story.carrierx(&family());
    story.expect(0, "plan --detailed-exitcode");
}

#[test]
fn a_reference_that_leads_nowhere_is_an_error_at_its_place() {
    let story = story("{}");
    let one = |parent: &str| format!("partners:\n{}", partner("branch", &format!(", parent_sid: {parent}")));
    story.carrierx(&one("partners.reseler"));
    story
        .expect(1, "validate")
        .says("telform::yaml::reference")
        .says("`reseler` is not among the partners")
        .says("telform.yaml:5:");
    story.carrierx(&one("providers.main"));
    story.expect(1, "validate").says("`providers.main` is one of the providers, and `parent_sid` names one of the partners");
    story.carrierx(&one("partner.reseller"));
    story.expect(1, "validate").says("did you mean `partners.reseller`?");
    story.carrierx(&one("partners.branch"));
    story.expect(1, "validate").says("telform::yaml::reference_loop").says("`partners.branch` names itself");
    let (a, b) = (partner("a", ", parent_sid: partners.b"), partner("b", ", parent_sid: partners.a"));
    story.carrierx(&format!("partners:\n{a}{b}"));
    let looped = story.expect(1, "validate");
    looped
        .says("telform::yaml::reference_loop")
        .says("`partners.a`, `partners.b` name each other")
        .says("telform.yaml:5:")
        .says("and this one");
    story.expect(1, "apply --auto-approve");
    assert_eq!(story.sandbox.log().len(), 0, "an error before any request");
}
