//! Edges of the planner on which no other story stands. Each was found by a change of the planner that no test noticed.

use serde_json::json;

use crate::bench::Story;
use crate::partners::{west, world_with_west};

/// Configuration 42 serves a number.
const ONE: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
  numbers: [{ number: '+14155550101' }]
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
";

const OLD: &str = "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
";

fn one(body: &str) -> Story {
    let story = Story::new(ONE).secret("AUTH", "canary-auth-edges");
    story.unpod(body);
    story
}

/// The protection that the YAML states counts, also where no ledger remembers it yet.
#[test]
fn what_was_never_applied_is_protected_from_destroy() {
    let story = one(&OLD.replace("{ env: AUTH }", "{ env: AUTH }, lifecycle: { prevent_delete: true }"));
    let ran = story.expect(3, "plan --destroy --max-deletes 1 --max-numbers-dark 1");
    ran.says("configuration 42 is protected by prevent_delete");
    story.unpod(OLD);
    story.expect(0, "plan --destroy --max-deletes 1 --max-numbers-dark 1").says("DELETE");
}

#[test]
fn a_tombstone_for_what_was_replaced_means_what_took_its_place() {
    let story = one(OLD);
    story.apply();
    story.unpod(
        "guards: { max_deletes: 1 }
providers:
  old: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
",
    );
    story.apply();
    let id = story.ledger()["objects"]["providers.old"]["id"].as_str().unwrap().to_owned();
    assert_ne!(id, "42");
    story.unpod("providers: {}\nremoved: [{ address: providers.old, id: '42' }]\n");
    story.take_log();
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550101"}"#.to_owned(),
            format!("DELETE telephony/providers-configurations/{id}/")
        ]
    );
}

/// The ledger knows the object that the tombstone's address means, and the tombstone names another one.
#[test]
fn a_tombstone_that_contradicts_the_ledger_is_refused() {
    let story = one(OLD);
    story.apply();
    story.unpod("providers: {}\nremoved: [{ address: providers.old, id: '99' }]\n");
    let ran = story.expect(3, "plan --max-deletes 1 --max-numbers-dark 1");
    ran.says("the tombstone says 99, and the ledger knows providers.old as 42");
    // Once that one is gone, there is nothing left to contradict.
    story.sandbox.edit(|world| {
        world.unpod.configurations.clear();
        world.unpod.bridges.clear();
    });
    story.expect(0, "plan").says("already gone");
}

/// A partner that is not shown may be gone, or wait for its owner: nobody can tell.
#[test]
fn a_tombstone_for_a_partner_that_is_not_shown_is_for_a_human() {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.apply();
    story.sandbox.edit(|world| world.carrierx.partners.clear());
    story.carrierx_with(
        "partner_delete: true, ",
        "partners: {}\nremoved: [{ address: partners.west, login: west }]\n",
    );
    story
        .expect(3, "plan --max-deletes 1")
        .says("refusal::gone_or_hidden")
        .says("may be gone or only hidden");
    story.expect(0, "forget partners.west");
    story.expect(0, "plan --detailed-exitcode").says("already gone");
}

/// A number that a run cut and could not connect again is connected once: where the YAML wants it by now.
#[test]
fn an_open_move_gives_way_to_what_the_yaml_wants() {
    let story = one(OLD);
    story.apply();
    story.sandbox.edit(|world| {
        let text = serde_json::to_value(&*world).unwrap();
        let mut changed = text.clone();
        changed["unpod"]["bridges"][0]["numbers"] = json!({});
        let more = json!({ "id": 302, "slug": "fax", "name": "Fax", "numbers": {} });
        let mut more_of = text["unpod"]["bridges"][0].clone();
        more.as_object().unwrap().iter().for_each(|(name, value)| more_of[name] = value.clone());
        changed["unpod"]["bridges"].as_array_mut().unwrap().push(more_of);
        *world = serde_json::from_value(changed).unwrap();
    });
    let mut ledger = story.ledger();
    ledger["moves"] =
        json!([{ "account": "unpod", "bridge": "sales", "number": "+14155550101", "provider": "42" }]);
    story.file(".telform/ledger.json", &ledger.to_string());
    // Nobody else wants it: the move is finished.
    story.expect(0, "plan").says("connect-provider").says("sales");
    // The other bridge is declared and wants it.
    story.unpod(&format!(
        "{OLD}bridges:\n  fax: {{ slug: fax, name: Fax, numbers: {{ '+14155550101': {{ provider: old }} }} }}\n"
    ));
    story.take_log();
    story.apply();
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/bridges/fax/connect-provider/ {"provider_config_id":42,"phone_number":"+14155550101"}"#
        ]
    );
    assert_eq!(story.ledger().get("moves"), None, "nothing is left to finish");
    story.in_sync();
}
