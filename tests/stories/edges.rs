//! Edge cases of the planner that no other story covers. Each was found by a mutation of the planner that no test noticed.

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
    ran.says("its entry under `removed` says 99, but in the ledger providers.old is 42");
    // Once that one is deleted, nothing contradicts any more.
    story.sandbox.edit(|world| {
        world.unpod.configurations.clear();
        world.unpod.bridges.clear();
    });
    story.expect(0, "plan").says("already deleted");
}

/// A partner that is not shown may be deleted, or wait for its owner: this is unknown.
#[test]
fn a_tombstone_for_a_partner_that_is_not_shown_is_for_a_human() {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.apply();
    story.sandbox.edit(|world| world.carrierx.partners.clear());
    story.carrierx_with("partner_delete: true, ", "partners: {}\nremoved: [{ address: partners.west, login: west }]\n");
    story.expect(3, "plan --max-deletes 1").says("refusal::gone_or_hidden").says("may be deleted or only hidden");
    story.expect(0, "forget partners.west");
    story.expect(0, "plan --detailed-exitcode").says("already deleted");
}

/// A ledger with a number that was disconnected to be moved to a configuration, and nothing more happened. The number is
/// now where `numbers` says, on a second bridge that no YAML declares.
fn with_an_open_move(provider: &str, numbers: serde_json::Value) -> Story {
    let story = one(OLD);
    story.apply();
    story.sandbox.edit(|world| {
        let mut changed = serde_json::to_value(&*world).unwrap();
        let bridges = changed["unpod"]["bridges"].as_array_mut().unwrap();
        bridges[0]["numbers"] = json!({});
        let mut fax = bridges[0].clone();
        for (name, value) in [("id", json!(302)), ("slug", json!("fax")), ("name", json!("Fax")), ("numbers", numbers)] {
            fax[name] = value;
        }
        bridges.push(fax);
        *world = serde_json::from_value(changed).unwrap();
    });
    let mut ledger = story.ledger();
    ledger["moves"] = json!([{ "account": "unpod", "bridge": "sales", "number": "+14155550101", "provider": provider }]);
    story.file(".telform/ledger.json", &ledger.to_string());
    story.take_log();
    story
}

const CONNECT: &str = r#"connect-provider/ {"provider_config_id":42,"phone_number":"+14155550101"}"#;

/// A number that a run disconnected and could not connect again is connected by the next one.
#[test]
fn an_open_move_is_finished_where_nobody_else_decides() {
    let story = with_an_open_move("42", json!({}));
    let plan = story.expect(0, "plan --json").json();
    assert_eq!(plan["plan"]["steps"][0]["address"], "providers.old", "the move is for this one: {plan}");
    story.apply();
    assert_eq!(story.writes(), [format!("POST telephony/bridges/sales/{CONNECT}")]);
    assert_eq!(story.ledger().get("moves"), None);
    story.in_sync();
}

#[test]
fn an_open_move_gives_way_to_what_the_yaml_wants() {
    let story = with_an_open_move("42", json!({}));
    story.unpod(&format!(
        "{OLD}bridges:\n  fax: {{ slug: fax, name: Fax, numbers: {{ '+14155550101': {{ provider: old }} }} }}\n"
    ));
    story.apply();
    assert_eq!(story.writes(), [format!("POST telephony/bridges/fax/{CONNECT}")], "once, and there");
    assert_eq!(story.ledger().get("moves"), None);
    story.in_sync();
}

/// The bridge is declared by now, and does not want the number any more.
#[test]
fn an_open_move_ends_with_a_bridge_that_does_not_want_it() {
    let story = with_an_open_move("42", json!({}));
    story.unpod(&format!("{OLD}bridges:\n  sales: {{ slug: sales, name: Sales, numbers: {{}} }}\n"));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.in_sync();
}

/// Another user connected the number on another bridge in the meantime.
#[test]
fn an_open_move_ends_with_a_number_that_is_served_again() {
    let story = with_an_open_move("42", json!({ "+14155550101": 42 }));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.in_sync();
}

/// The configuration that it was moved to no longer exists.
#[test]
fn an_open_move_ends_with_its_configuration() {
    let story = with_an_open_move("77", json!({}));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.in_sync();
}

const SALES_WANTS: &str = "  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: old } } }\n";
const FAX_WANTS: &str = "  fax: { slug: fax, name: Fax, numbers: { '+14155550101': { provider: old } } }\n";

/// A number on bridge `sales` that nothing serves; everything that an apply of these bridges writes.
fn from_an_unserved_number(bridges: &str) -> Vec<String> {
    let world = ONE.replace("'+14155550101': 42", "'+14155550101': { configuration: null }")
        + "    - { id: 302, slug: fax, name: Fax }\n";
    let story = Story::new(&world).secret("AUTH", "canary-auth-edges");
    story.unpod(OLD);
    story.apply();
    story.unpod(&format!("{OLD}{bridges}"));
    story.take_log();
    story.expect(0, "apply --auto-approve --max-deletes 1");
    let writes = story.writes();
    story.in_sync();
    writes
}

const CUT: &str = r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550101"}"#;

#[test]
fn a_number_that_nobody_serves_is_connected_without_a_cut() {
    let writes = from_an_unserved_number(&format!("bridges:\n{SALES_WANTS}"));
    assert_eq!(writes, [format!("POST telephony/bridges/sales/{CONNECT}")]);
}

#[test]
fn a_number_that_nobody_serves_leaves_its_bridge_only_for_another_one() {
    let empty = "bridges:\n  sales: { slug: sales, name: Sales, numbers: {} }\n";
    assert_eq!(from_an_unserved_number(empty), [""; 0]);
    let writes = from_an_unserved_number(&format!("{empty}{FAX_WANTS}"));
    assert_eq!(writes, [CUT.to_owned(), format!("POST telephony/bridges/fax/{CONNECT}")]);
}

#[test]
fn a_number_that_nobody_serves_goes_with_its_bridge_unless_another_wants_it() {
    let gone = "removed: [{ address: bridges.sales, slug: sales }]\n";
    let delete = "DELETE telephony/bridges/sales/".to_owned();
    assert_eq!(from_an_unserved_number(gone), [delete.as_str()]);
    let writes = from_an_unserved_number(&format!("bridges:\n{FAX_WANTS}{gone}"));
    assert_eq!(writes, [CUT.to_owned(), format!("POST telephony/bridges/fax/{CONNECT}"), delete]);
}
