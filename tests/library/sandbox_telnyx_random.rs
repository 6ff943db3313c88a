//! The embedded simulator: whatever is asked of Telnyx, in whatever order and with whatever switches, its state stays
//! consistent, a refused request changes nothing, and no secret is in the log.

use std::collections::{BTreeMap, BTreeSet};

use crate::properties::cases;
use crate::properties::dice::{Dice, dice};
use crate::sandbox_bench::*;
use crate::sandbox_telnyx::ACCOUNT;
use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Map, Value, json};
use telform::sandbox::*;

const COLLECTIONS: [&str; 7] =
    ["billing_groups", "outbound_voice_profiles", "credential_connections", "ip_connections", "fqdn_connections", "ips", "fqdns"];

fn rows<'a>(world: &'a TelnyxWorld, path: &str) -> Vec<&'a Map<String, Value>> {
    let of_type = |record_type: &'static str| {
        let own = world.connections.iter().filter(move |row| row["record_type"] == record_type);
        own.collect::<Vec<_>>()
    };
    match path {
        "billing_groups" => world.billing_groups.iter().collect(),
        "outbound_voice_profiles" => world.outbound_voice_profiles.iter().collect(),
        "credential_connections" => of_type("credential_connection"),
        "ip_connections" => of_type("ip_connection"),
        "fqdn_connections" => of_type("fqdn_connection"),
        "ips" => world.ips.iter().collect(),
        "fqdns" => world.fqdns.iter().collect(),
        _ => world.phone_numbers.iter().collect(),
    }
}

/// The id of something in a collection, or one that is not there.
fn some_id(dice: &mut Dice, world: &TelnyxWorld, paths: &[&str]) -> Value {
    let path = dice.pick(paths);
    let row = dice.any(&rows(world, path)).filter(|_| dice.but_once_in(8));
    row.map_or_else(|| json!("17"), |row| row["id"].clone())
}

/// A body for this collection; now and then one that must be refused.
fn body(dice: &mut Dice, world: &TelnyxWorld, path: &str) -> Value {
    let name = dice.pick(&["north", "south", "east", "x"]);
    let mut body = json!({});
    match path {
        "billing_groups" => body["name"] = name.into(),
        "outbound_voice_profiles" => {
            body = json!({"name": name, "enabled": dice.once_in(2)});
            if dice.once_in(2) {
                body["billing_group_id"] = some_id(dice, world, &["billing_groups"]);
            }
        }
        "ips" => body = json!({"ip_address": "203.0.113.7", "connection_id": some_id(dice, world, &["ip_connections"])}),
        "fqdns" => {
            body = json!({"fqdn": "sip.acme.example", "dns_record_type": dice.pick(&["a", "srv"]),
                          "connection_id": some_id(dice, world, &["fqdn_connections"])});
        }
        "phone_numbers" => {
            let connections = ["credential_connections", "ip_connections", "fqdn_connections"];
            body["connection_id"] = match dice.below(6) {
                0 => "".into(),
                1 => Value::Null,
                _ => some_id(dice, world, &connections),
            };
        }
        _ => {
            body["connection_name"] = name.into();
            if path == "credential_connections" {
                body["user_name"] = dice.pick(&["north1", "south1", "east1", "9"]).into();
                body["password"] = "hunter2-secret".into();
            }
            let profile = if dice.once_in(6) { "".into() } else { some_id(dice, world, &["outbound_voice_profiles"]) };
            match dice.below(4) {
                0 => {}
                1 => body["outbound"] = json!({ "outbound_voice_profile_id": profile }),
                2 => body["outbound"] = json!({"channel_limit": dice.below(9), "localization": null}),
                _ => body["inbound"] = json!({"default_primary_fqdn_id": some_id(dice, world, &["fqdns"]), "codecs": ["G722"]}),
            }
        }
    }
    body
}

fn knobs(dice: &mut Dice) -> TelnyxKnobs {
    TelnyxKnobs {
        password_shown: dice.pick(PasswordShown::ALL),
        nested_patch: dice.pick(NestedPatch::ALL),
        null_inner: dice.pick(NullInner::ALL),
        detach_with: dice.pick(DetachWith::ALL),
        delete_in_use: dice.pick(DeleteInUse::ALL),
        duplicate_name: dice.pick(DuplicateName::ALL),
        duplicate_user_name: dice.pick(DuplicateUserName::ALL),
        profile_delete_in_use: dice.pick(ProfileDeleteInUse::ALL),
        drop_unknown_inner: dice.once_in(2),
        extra_fields: dice.once_in(2),
        ..TelnyxKnobs::default()
    }
}

async fn ask(dice: &mut Dice, bench: &Bench) -> Result<(), TestCaseError> {
    let before = bench.sandbox.world();
    let path = dice.pick(&[&COLLECTIONS[..], &["phone_numbers"]].concat());
    let id = some_id(dice, &before.telnyx, &[path]);
    let member = format!("{path}/{}", id.as_str().unwrap_or_default());
    let request = match dice.below(4) {
        0 if path != "phone_numbers" => bench.telnyx(Method::POST, path).json(&body(dice, &before.telnyx, path)),
        1 if path != "phone_numbers" => bench.telnyx(Method::DELETE, &member),
        3 => bench.telnyx(Method::GET, &member),
        _ => bench.telnyx(Method::PATCH, &member).json(&body(dice, &before.telnyx, path)),
    };
    let (status, answer) = sent(request).await;
    prop_assert!(status < 500, "{path}: {status} {answer}");
    if status >= 400 {
        let after = bench.sandbox.world();
        prop_assert!(after == before, "a refused request changes nothing: {answer}\n{}", differences(&before, &after));
    }
    Ok(())
}

/// Lines of one that the other lacks.
fn differences(before: &World, after: &World) -> String {
    let (before, after) = (before.to_yaml().unwrap(), after.to_yaml().unwrap());
    let lacking = |one: &str, other: &str, mark: &str| -> Vec<String> {
        let known: BTreeSet<&str> = other.lines().collect();
        one.lines().filter(|line| !known.contains(line)).map(|line| format!("{mark} {line}")).collect()
    };
    [lacking(&before, &after, "-"), lacking(&after, &before, "+")].concat().join("\n")
}

/// What every state must be.
async fn consistent(bench: &Bench, seen: &mut BTreeSet<String>) -> Result<(), TestCaseError> {
    let world = bench.sandbox.world();
    let again = World::from_yaml(&world.to_yaml().unwrap()).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert!(again == world, "a saved state is the same state\n{}", differences(&world, &again));
    let list =
        |path: &'static str| async move { sent(bench.telnyx(Method::GET, path)).await.1["data"].as_array().unwrap().clone() };
    let connections = list("connections").await;
    let names: BTreeMap<String, Value> =
        connections.iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row["connection_name"].clone())).collect();
    for number in list("phone_numbers").await {
        let name = number["connection_id"].as_str().map_or(Value::Null, |id| names[id].clone());
        prop_assert_eq!(&number["connection_name"], &name, "the name follows the connection");
    }
    for profile in list("outbound_voice_profiles").await {
        let naming = connections.iter().filter(|row| row.get("outbound_voice_profile_id") == Some(&profile["id"])).count();
        prop_assert_eq!(&profile["connections_count"], naming);
    }
    // Ids that were assigned once are never assigned again.
    let highest = seen.iter().next_back().cloned().unwrap_or_default();
    for id in names.keys().filter(|id| !seen.contains(*id)) {
        prop_assert!(*id > highest, "{id} is not above {highest}");
    }
    seen.extend(names.into_keys());
    Ok(())
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn whatever_is_asked_the_state_is_consistent(mut dice in dice(800)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::from_yaml(ACCOUNT).unwrap();
            world.telnyx.knobs = knobs(&mut dice);
            let bench = Bench { sandbox: Sandbox::start(world).await, client: client() };
            let mut seen = BTreeSet::new();
            for _ in 0..30 {
                ask(&mut dice, &bench).await?;
                consistent(&bench, &mut seen).await?;
            }
            let log = serde_json::to_string(&bench.sandbox.log()).unwrap();
            prop_assert!(!log.contains("hunter2"), "{}", log);
            Ok(())
        })?;
    }
}
