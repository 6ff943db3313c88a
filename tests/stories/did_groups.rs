//! CarrierX DID groups.

use serde_json::json;

use crate::bench::Story;

const SUPPORT: &str = "41e21049-e5eb-433c-a93d-d57417b1863c";

fn world(knobs: &str) -> String {
    format!(
        "carrierx:
  knobs: {{ total: integer{knobs} }}
  did_groups:
    - {{ did_group_sid: {SUPPORT}, name: Support, callback_url: 'https://hooks.example/sms?key=canary-77' }}
    - {{ name: N/A }}
"
    )
}

const GROUPS: &str = "did_groups:
  support: { name: Support, callback_url: https://hooks.example/new }
  sales: { name: Sales }
";

#[test]
fn groups_are_created_changed_and_undone() {
    let story = Story::new(&world(""));
    story.carrierx(GROUPS);
    story.checked_plan("");
    story.apply().says("did_groups.sales").is_silent_about("canary-77");
    let writes = story.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    story.in_sync();
    assert_eq!(writes[0], "POST phonenumber/did_groups {\"name\":\"Sales\"}");
    assert_eq!(writes[1], format!("PATCH phonenumber/did_groups/{SUPPORT} {{\"callback_url\":\"https://hooks.example/new\"}}"));
    story.sandbox.edit(|world| world.carrierx.did_groups[0]["callback_url"] = json!(null));
    story.expect(2, "drift").says("callback_url");
    story.apply();
    story.in_sync();
    story.expect(0, "get did_groups --columns name,callback_url,managed").says("Sales").says("unmanaged");
}

#[test]
fn no_page_documents_a_delete() {
    let story = Story::new(&world(", did_group_delete: no_content"));
    story.carrierx(GROUPS);
    story.apply();
    story.take_log();
    story.carrierx("guards: { max_deletes: 2 }\ndid_groups: {}\n");
    let refused = story.expect(3, "plan");
    refused
        .says("refusal::delete_undocumented")
        .says("set `did_group_delete: true` on the account")
        .is_silent_about("partner_delete");
    story.carrierx_with("partner_delete: true, ", "guards: { max_deletes: 2 }\ndid_groups: {}\n");
    story.expect(3, "plan").says("refusal::delete_undocumented");
    story.carrierx_with("did_group_delete: true, ", "guards: { max_deletes: 2 }\ndid_groups: {}\n");
    story.expect(0, "rehearse").says("did_groups.sales");
    story.apply();
    assert_eq!(story.writes().len(), 2, "{:?}", story.writes());
    assert_eq!(story.world()["carrierx"]["did_groups"].as_array().unwrap().len(), 1);
}

#[test]
fn groups_are_adopted_by_their_names() {
    let story = Story::new(&world(""));
    story.carrierx("");
    story.expect(0, "adopt --all --kind did_groups --out adopted");
    let text = story.read("adopted/carrierx-did_groups.yaml");
    assert!(text.contains("name: \"Support\"") && !text.contains("canary-77"), "{text}");
    story.expect(0, "plan --detailed-exitcode -f telform.yaml -f adopted");
}
