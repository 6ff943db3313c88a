//! CarrierX access control rules, and partners whose ACLs name them by their addresses.

use serde_json::{Value, json};

use crate::bench::Story;
use crate::dice::Dice;

const PREMIUM: &str = "7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01";
const PARENTS: &str = "c1f4e8b6-2d07-49a3-b6f2-90e5d7a83c12";
const WEST: &str = "3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";

/// A partner with these ACLs of its parent.
fn west(acls: &str) -> String {
    format!(
        "partners:\n  west:\n    login: west\n    password: {{ env: PASS }}\n    name: West\n    company_name: Acme\n    country_code: USA\n    zip: '01234'\n    owner_email: ops@acme.example\n    phonenumber: '15162065574'\n    payment_type: postpay\n    parent_assigned_acls: {acls}\n"
    )
}

const BLOCKING: &str = "[{ access_control_rules: [access_rules.premium], direction: outbound, voice_action_true: reject403 }]";

fn rules(entries: &str) -> String {
    format!(
        "access_rules:\n  premium: {{ name: Premium, field: called, operation: prefix, quantifier: any, entries: {entries} }}\n"
    )
}

/// A world with an own rule, one of the parent, and a partner whose ACL names the first.
fn world(knobs: &str) -> String {
    format!(
        "carrierx:
  knobs: {{ acl_rules: existing_422{knobs} }}
  rules:
    - {{ rule_sid: {PREMIUM}, name: Premium, field: called, operation: prefix, quantifier: any, entries: ['1900'] }}
    - {{ rule_sid: {PARENTS}, name: Of the parent, field: from, operation: exact, quantifier: none, entries: ['15162065574'], read_only: true }}
  partners:
    - partner_sid: {WEST}
      login: west
      name: West
      company_name: Acme
      country_code: USA
      zip: '01234'
      owner_email: ops@acme.example
      phonenumber: '15162065574'
      payment_type: postpay
      parent_assigned_acls: [{{ access_control_rules: [{PREMIUM}], direction: outbound, voice_action_true: reject403 }}]
"
    )
}

fn story(world: &str) -> Story {
    Story::new(world).secret("PASS", "canary-pass-77")
}

/// Both managed.
fn managed(knobs: &str) -> Story {
    let story = story(&world(knobs));
    story.carrierx(&format!("{}{}", rules("['1900']"), west(BLOCKING)));
    story.apply();
    story.in_sync();
    story.take_log();
    story
}

fn rule(story: &Story, at: usize) -> Value {
    story.world()["carrierx"]["rules"][at].clone()
}

#[test]
fn a_rule_and_the_partner_that_names_it_are_created_in_one_run() {
    let story = story("carrierx: { knobs: { acl_rules: existing_422 } }");
    story.carrierx(&format!("{}{}", rules("['1900', '1976']"), west(BLOCKING)));
    let plan = story.checked_plan("");
    assert_eq!(plan["plan"]["steps"][1]["waits_for"], json!(["s1"]), "{plan}");
    let ran = story.apply();
    ran.says("access_rules.premium").says("2 to create, 2 requests");
    let sid = rule(&story, 0)["rule_sid"].clone();
    let partner = &story.world()["carrierx"]["partners"][0];
    assert_eq!(partner["parent_assigned_acls"][0]["access_control_rules"], json!([sid]));
    assert_eq!(rule(&story, 0)["entries"], json!(["1900", "1976"]));
    story.sandbox.verify("west", "all");
    story.apply();
    story.in_sync();
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_saved_plan_creates_both() {
    let story = story("carrierx: { knobs: { acl_rules: existing_422 } }");
    story.carrierx(&format!("{}{}", rules("['1900']"), west(BLOCKING)));
    story.expect(0, "plan --out saved.json");
    story.expect(0, "show saved.json").says("access_rules.premium");
    story.expect(0, "apply saved.json --auto-approve");
    assert_eq!(
        story.world()["carrierx"]["partners"][0]["parent_assigned_acls"][0]["access_control_rules"][0],
        rule(&story, 0)["rule_sid"]
    );
}

#[test]
fn a_rule_is_changed_whole_whatever_a_patch_merges() {
    for model in ["append", "overwrite", "merge_by_index"] {
        let story = managed(&format!(", array_default: {model}"));
        story.carrierx(&format!("{}{}", rules("['1976']"), west(BLOCKING)));
        story.checked_plan("");
        story.apply();
        assert_eq!(rule(&story, 0)["entries"], json!(["1976"]), "{model}");
        let wanted = format!("PATCH accesscontrol/rules/{PREMIUM}?nested_objects=replace {{\"entries\":[\"1976\"]}}");
        assert_eq!(story.writes(), [wanted], "{model}");
        story.in_sync();
        // The order of the entries means nothing.
        story.carrierx(&format!("{}{}", rules("['2', '1976']"), west(BLOCKING)));
        story.apply();
        story.carrierx(&format!("{}{}", rules("['1976', '2']"), west(BLOCKING)));
        story.expect(0, "plan --detailed-exitcode");
        story.expect(0, "undo last --auto-approve");
        assert_eq!(rule(&story, 0)["entries"], json!(["1976"]), "{model}");
    }
}

#[test]
fn put_sends_the_whole_rule() {
    let story = managed("");
    let put = "access_rules:\n  premium: { name: Premium, operation: exact, update: put }\n";
    story.carrierx(&format!("{put}{}", west(BLOCKING)));
    story.checked_plan("");
    story.apply();
    let sent = &story.writes()[0];
    assert!(sent.starts_with(&format!("PUT accesscontrol/rules/{PREMIUM}")), "{sent}");
    assert!(sent.contains("\"quantifier\":\"any\"") && sent.contains("\"operation\":\"exact\""), "{sent}");
    assert_eq!(rule(&story, 0)["entries"], json!(["1900"]));
}

#[test]
fn a_live_id_in_an_acl_is_shown_as_its_address() {
    let story = managed("");
    story.expect(0, "get partners --columns login,parent_assigned_acls").says("access_rules.premium").is_silent_about(PREMIUM);
    story.expect(0, "explain partners.west.parent_assigned_acls").says("in sync").says("access_rules.premium");
    // Changed at the console.
    story.sandbox.edit(|world| {
        world.carrierx.partners[0].fields["parent_assigned_acls"][0]["direction"] = "any".into();
        world.carrierx.rules[0]["operation"] = "exact".into();
    });
    let drift = story.expect(2, "drift");
    drift.says("access_rules.premium").says("operation").says("direction").is_silent_about(PREMIUM);
    story.checked_plan("");
    story.apply();
    story.in_sync();
    // An ACL that names another rule, which no address has.
    story.sandbox.edit(|world| {
        world.carrierx.partners[0].fields["parent_assigned_acls"][0]["access_control_rules"][0] = PARENTS.into();
    });
    story.expect(0, "plan").says(PARENTS).says("access_rules.premium");
    story.apply();
    assert!(story.writes().iter().any(|sent| sent.contains(PREMIUM)), "{:?}", story.writes());
    story.in_sync();
}

#[test]
fn a_rule_that_is_named_is_not_deleted() {
    let story = managed("");
    let guards = "guards: { max_deletes: 2 }\n";
    // The partner keeps the id.
    let literal = BLOCKING.replace("access_rules.premium", PREMIUM);
    story.carrierx(&format!("{guards}access_rules: {{}}\n{}", west(&literal)));
    let words = format!("access control rule {PREMIUM} is still named by partners.west (parent_assigned_acls)");
    story.expect(3, "plan").says("refusal::still_referred").says(&words);
    story.expect(3, "apply --auto-approve").says("refusal::still_referred");
    assert_eq!(story.writes(), [""; 0]);
    // A partner that is not managed here keeps it, too: it is read although no file mentions partners.
    story.expect(0, "forget partners.west");
    story.carrierx(&format!("{guards}access_rules: {{}}\n"));
    story.expect(3, "plan").says(&format!("partner {WEST}, which is not managed here (parent_assigned_acls)"));
    // Where the partners cannot be read, nothing is known.
    story.fault("{ match: { method: GET, path: /core/v2/partners }, effect: { answer: { status: 403 } } }");
    story.expect(3, "plan").says("refusal::still_referred");
}

#[test]
fn a_rule_is_deleted_after_nothing_names_it() {
    let story = managed(", named_rule: reject_409");
    story.carrierx(&format!("guards: {{ max_deletes: 1 }}\naccess_rules: {{}}\n{}", west("[]")));
    let plan = story.checked_plan("");
    assert!(plan["plan"]["steps"][1]["waits_for"].as_array().unwrap().contains(&json!("s1")), "{plan}");
    story.apply();
    let writes = story.writes();
    assert!(writes[0].starts_with(&format!("PATCH partners/{WEST}")), "{writes:?}");
    assert_eq!(writes[1], format!("DELETE accesscontrol/rules/{PREMIUM}"));
    // And back: the ACL names the new rule.
    story.carrierx(&format!("{}{}", rules("['1900']"), west(BLOCKING)));
    let undone = story.expect(0, "undo last --auto-approve");
    undone.says("access_rules.premium");
    let now = story.world();
    let made = now["carrierx"]["rules"].as_array().unwrap().iter().find(|rule| rule["name"] == "Premium").unwrap();
    assert_ne!(made["rule_sid"], PREMIUM);
    assert_eq!(now["carrierx"]["partners"][0]["parent_assigned_acls"][0]["access_control_rules"][0], made["rule_sid"]);
    story.expect(0, "journal list");
}

#[test]
fn destroy_deletes_the_rule_last() {
    let story = managed(", named_rule: reject_409, delete: no_content");
    story.carrierx_with("partner_delete: true, ", &format!("{}{}", rules("['1900']"), west(BLOCKING)));
    story.expect(0, "apply --destroy --auto-approve --max-deletes 2 --max-delete-percent 100");
    assert_eq!(story.writes(), [format!("DELETE partners/{WEST}"), format!("DELETE accesscontrol/rules/{PREMIUM}")]);
    assert_eq!(rule(&story, 0)["rule_sid"], PARENTS, "the rule of the parent stays");
}

#[test]
fn a_rule_of_the_parent_is_never_managed() {
    let story = story(&world(""));
    let entry = |more: &str| {
        format!("access_rules:\n  theirs: {{ {more}, field: called, operation: exact, quantifier: any, entries: ['1'] }}\n")
    };
    let words = format!("access control rule {PARENTS} is inherited (`read_only`)");
    for found in ["name: Of the parent".to_owned(), format!("name: Other, id: {PARENTS}")] {
        story.carrierx(&entry(&found));
        story.expect(3, "plan").says("refusal::inherited").says(&words).says("declare it under `existing` instead");
        story.expect(3, "apply --auto-approve");
    }
    // It is neither deleted nor adopted.
    for found in ["name: Of the parent".to_owned(), format!("id: {PARENTS}")] {
        let removed = format!("removed: [{{ address: access_rules.theirs, account: carrierx, {found} }}]\n");
        story.carrierx(&format!("guards: {{ max_deletes: 5 }}\n{removed}access_rules: {{}}\n"));
        story.expect(3, "plan").says("refusal::inherited").says(&words);
    }
    story.carrierx("access_rules: {}\n");
    story.expect(0, "plan").is_silent_about(PARENTS);
    story.expect(1, &format!("adopt access_rules.theirs {PARENTS}")).says("refusal::inherited").says("nothing was written");
    story.expect(0, "get access_rules").says("Of the parent").says("inherited");
    story.expect(0, "get access_rules --where managed=inherited -o csv").says("Of the parent").is_silent_about("Premium");
    let explained = story.expect(0, &format!("explain access_rules.{PARENTS}"));
    explained.says("inherited, never changed").is_silent_about("telform adopt");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn an_own_rule_of_the_same_name_is_the_own_one() {
    let twin = "3c9e6b2f-01aa-4f0e-8a1b-7a9d2f1044c8";
    let theirs = format!(
        "    - {{ rule_sid: {twin}, name: Premium, field: to, operation: exact, quantifier: any, entries: ['1'], read_only: true }}\n"
    );
    let world = world("").replace("  partners:\n", &format!("{theirs}  partners:\n"));
    let story = story(&world);
    story.carrierx(&rules("['1900', '1976']"));
    let plan = story.checked_plan("");
    assert_eq!(plan["plan"]["changes"][0]["id"], PREMIUM, "{plan}");
    story.apply();
    assert_eq!(story.writes().len(), 1, "{:?}", story.writes());
    story.in_sync();
}

#[test]
fn an_acl_names_a_rule_of_the_parent_through_existing() {
    for found in ["name: Of the parent".to_owned(), format!("id: {PARENTS}")] {
        let story = story(&world(""));
        let acl = BLOCKING.replace("premium", "theirs");
        story.carrierx(&format!("existing:\n  access_rules: {{ theirs: {{ {found} }} }}\n{}", west(&acl)));
        let plan = story.checked_plan("");
        assert_eq!(plan["plan"]["references"]["access_rules.theirs"]["id"], PARENTS, "{plan}");
        story.apply();
        assert!(story.writes()[0].contains(PARENTS), "{:?}", story.writes());
        story.in_sync();
        story.expect(0, "get access_rules").says("existing");
    }
}

#[test]
fn adopt_writes_rules_and_their_addresses_and_leaves_out_those_of_the_parent() {
    let story = story(&world(""));
    story.carrierx("");
    story.expect(0, "adopt --all --out adopted");
    let rules = story.read("adopted/carrierx-access_rules.yaml");
    assert!(rules.contains("name: \"Premium\"") && !rules.contains("Of the parent") && !rules.contains("read_only"), "{rules}");
    let partners = story.read("adopted/carrierx-partners.yaml");
    assert!(partners.contains("access_rules.premium") && !partners.contains(PREMIUM), "{partners}");
    let both = "-f telform.yaml -f adopted";
    story.expect(0, &format!("plan --detailed-exitcode {both}"));
    story.expect(0, &format!("drift {both}"));
}

#[test]
fn one_rule_is_adopted() {
    let story = story(&world(""));
    story.carrierx("");
    story.expect(0, &format!("adopt access_rules.premium {PREMIUM}"));
    story.expect(0, "plan --detailed-exitcode");
    assert_eq!(story.ledger()["objects"]["access_rules.premium"]["id"], PREMIUM);
}

#[test]
fn every_view_shows_the_edge_between_partner_and_rule() {
    let story = story("{}");
    story.carrierx(&format!("{}{}", rules("['1900']"), west(BLOCKING)));
    story.expect(0, "graph").says("access_rules.premium").says("partners.west");
    let shown = story.expect(0, "plan --format terraform-json");
    shown.says("access_rules").says("access_rules.premium");
    story.expect(0, "rehearse").says("access_rules.premium");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_rehearsal_knows_the_rules_of_the_account() {
    let story = managed("");
    story.carrierx(&format!("guards: {{ max_deletes: 1 }}\naccess_rules: {{}}\n{}", west("[]")));
    story.expect(0, "rehearse").says("access_rules.premium");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_reference_inside_an_acl_is_checked_at_its_place() {
    let story = story("{}");
    let acl = |named: &str| {
        format!(
            "{}{}",
            rules("['1900']"),
            west(&format!("\n    - direction: any\n      access_control_rules:\n      - {named}\n"))
        )
    };
    story.carrierx(&acl("access_rules.premum"));
    let refused = story.expect(1, "validate");
    refused.says("telform::yaml::reference").says("`premum` is not among the access_rules").says("telform.yaml:20:");
    story.carrierx(&acl("premium"));
    story.expect(1, "validate").says("write access_rules.premium").says("telform.yaml:20:");
    story.carrierx(&acl("partners.west"));
    story
        .expect(1, "validate")
        .says("`partners.west` is one of the partners")
        .says("`parent_assigned_acls` names one of the access_rules");
    // Entries are texts: a number would lose its zeros.
    story.carrierx(&rules("[0180, '1']"));
    story.expect(1, "validate").says("`entries` is text").says("\"0180\"");
    story.carrierx(&rules("[1800]"));
    story.expect(1, "validate").says("`entries` is text").says("\"1800\"");
    assert_eq!(story.sandbox.log().len(), 0, "an error before any request");
}

#[test]
fn a_token_without_the_scope_is_told_before_the_first_write() {
    let scopes = "carrierx: { scopes: [partners.manage, accesscontrol.read] }";
    let story = story(scopes);
    story.carrierx(&rules("['1900']"));
    story.expect(0, "plan").says("accesscontrol.create");
    let text = world("").replace("carrierx:\n", "carrierx:\n  scopes: [partners.manage, accesscontrol.read]\n");
    let story = self::story(&text);
    story
        .carrierx("guards: { max_deletes: 1 }\nremoved: [{ address: access_rules.premium, account: carrierx, name: Premium }]\n");
    story.sandbox.edit(|world| world.carrierx.partners.clear());
    story.expect(0, "plan").says("accesscontrol.delete");
}

#[test]
fn a_token_for_partners_alone_still_manages_partners() {
    let story = story(&world("").replace("carrierx:\n", "carrierx:\n  scopes: [partners.manage]\n"));
    story.carrierx(&west(&BLOCKING.replace("access_rules.premium", PREMIUM)));
    story.expect(0, "plan");
    story.expect(0, "doctor").says("access_rules cannot be listed");
    story.carrierx(&rules("['1900']"));
    story.expect(1, "doctor").says("access_rules cannot be listed");
}

#[test]
fn a_rule_that_was_deleted_elsewhere_is_made_again_and_named_again() {
    let story = managed("");
    story.sandbox.edit(|world| drop(world.carrierx.rules.remove(0)));
    story.checked_plan("");
    story.apply();
    let made = story.world()["carrierx"]["rules"][1]["rule_sid"].clone();
    assert_eq!(story.world()["carrierx"]["partners"][0]["parent_assigned_acls"][0]["access_control_rules"], json!([made]));
    story.in_sync();
}

#[test]
fn a_run_that_was_cut_off_between_both_is_finished() {
    let story = story("carrierx: { knobs: { acl_rules: existing_422 } }");
    story.carrierx(&format!("{}{}", rules("['1900']"), west(BLOCKING)));
    // The rule is made, and its answer is lost.
    story.fault("{ match: { method: POST, path: /core/v2/accesscontrol/rules, nth: 1 }, when: after, effect: cut }");
    story.run("apply --auto-approve");
    story.sandbox.clear_faults();
    story.run("resume");
    story.apply();
    let world = story.world();
    assert_eq!(world["carrierx"]["rules"].as_array().unwrap().len(), 1, "no second rule: {world}");
    assert_eq!(
        world["carrierx"]["partners"][0]["parent_assigned_acls"][0]["access_control_rules"][0],
        world["carrierx"]["rules"][0]["rule_sid"]
    );
}

/// Some of four rules (the second always: the parent has one of that name, so it could not be made again), and three partners whose ACLs name any of those.
fn rolled(dice: &mut Dice) -> String {
    let names: Vec<String> =
        (0..4).filter(|number| *number == 1 || dice.roll(3) > 0).map(|number| format!("r{number}")).collect();
    let mut text = "guards: { max_deletes: 9, max_delete_percent: 100, max_update_percent: 100 }\naccess_rules:\n".to_owned();
    for name in &names {
        let entries = ["['1']", "['1', '2']", "['2', '1']", "['001']"];
        let (entries, word) = (dice.any(&entries), dice.any(&["exact", "prefix"]));
        text.push_str(&format!(
            "  {name}: {{ name: {name}, field: called, operation: {word}, quantifier: any, entries: {entries} }}\n"
        ));
    }
    text.push_str("partners:\n");
    for partner in 0..3 {
        let mut lists = Vec::new();
        for _ in 0..dice.roll(3) {
            let named: Vec<String> =
                names.iter().filter(|_| dice.roll(2) == 0).map(|name| format!("access_rules.{name}")).collect();
            let direction = dice.any(&["any", "inbound"]);
            lists.push(format!("{{ access_control_rules: [{}], direction: {direction} }}", named.join(", ")));
        }
        let acls = format!("parent_assigned_acls: [{}]", lists.join(", "));
        let west = west("[]").replace("partners:\n", "").replace("parent_assigned_acls: []", &acls);
        text.push_str(&west.replace("west:", &format!("p{partner}:")).replace("login: west", &format!("login: p{partner}")));
    }
    text
}

/// Every plan passes the independent checker and is carried out by a service that refuses an ACL without its rule, and a delete of a
/// rule that an ACL names; the next plan is empty.
#[test]
fn generated_rules_and_acls_converge() {
    for seed in 0..6 {
        let mut dice = Dice::new(seed);
        let model = dice.any(&["append", "overwrite", "merge_by_index"]);
        let story = story(&format!(
            "carrierx:\n  knobs: {{ acl_rules: existing_422, named_rule: reject_409, array_default: {model} }}\n  rules:\n    - {{ rule_sid: {PARENTS}, name: r1, field: to, operation: exact, quantifier: any, entries: ['1'], read_only: true }}\n    - {{ rule_sid: {PREMIUM}, name: r1, field: to, operation: exact, quantifier: any, entries: ['9'] }}\n"
        ));
        for turn in 0..3 {
            let text = rolled(&mut dice);
            story.carrierx(&text);
            story.checked_plan("");
            let ran = story.run("apply --auto-approve");
            assert_eq!(ran.code, 0, "seed {seed}, turn {turn}:\n{text}\n{}", ran.whole());
            for partner in ["p0", "p1", "p2"] {
                story.sandbox.verify(partner, "all");
            }
            story.apply();
            story.in_sync();
            let theirs = &story.world()["carrierx"]["rules"][0];
            assert_eq!((&theirs["rule_sid"], &theirs["entries"]), (&json!(PARENTS), &json!(["1"])), "seed {seed}");
        }
    }
}

/// A service or a token without the listing of a kind that nothing needs leaves nothing open; where something needs it, it does.
#[test]
fn a_kind_that_is_denied_ends_only_what_needs_it() {
    for status in [403, 404] {
        let story = crate::partners::verified("");
        story.carrierx(&crate::partners::west(""));
        let deny = |status: u16| {
            story.fault(&format!(
                "{{ match: {{ method: GET, path: '*/accesscontrol/rules', times: 0 }}, effect: {{ answer: {{ status: {status} }} }} }}"
            ));
        };
        deny(status);
        story.expect(0, "get").says("not complete: access_rules in account carrierx");
        story.expect(0, "adopt --all --out adopted").says("access_rules in account carrierx");
        story.expect(1, "get access_rules");
        story.expect(1, "adopt --all --kind access_rules --out rules");
        story.file(
            "rules.yaml",
            "access_rules:\n  own: { name: own, field: from, operation: exact, quantifier: any, entries: ['1'] }\n",
        );
        story.expect(1, "get -f telform.yaml -f rules.yaml");
        // What is wrong with the service is no answer about the kind.
        story.sandbox.clear_faults();
        deny(500);
        story.expect(1, "get");
    }
}
