//! An undo uses the current state: what a run changed is found by identity through the current ledger and YAML, and what
//! became something else is reported and left alone.

use serde_json::json;

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::{west, world_with_west};

const GUARDS: &str = "--auto-approve --max-deletes 3 --max-numbers-dark 4";

/// One update of a bridge, and one of a partner, each by a run.
fn bridge(name: &str) -> String {
    format!("bridges:\n  sales: {{ slug: sales, name: {name} }}\n")
}

fn named(story: &Story) -> String {
    let world = story.sandbox.world();
    world.unpod.bridges.iter().find(|bridge| bridge.slug == "sales").unwrap().name.clone()
}

#[test]
fn a_renamed_address_is_followed() {
    let story = Story::new(CONNECTED);
    story.unpod(&bridge("West"));
    story.apply();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    // In the ledger; then only in the YAML; then without a word.
    story.expect(0, "ledger move bridges.sales bridges.first");
    story.unpod(&bridge("West").replace("sales:", "first:"));
    story.expect(0, &format!("undo {run} {GUARDS}")).says("~ bridges.first");
    assert_eq!(named(&story), "Sales");
    assert_eq!(story.ledger()["objects"].as_object().unwrap().keys().collect::<Vec<_>>(), ["bridges.first"]);
    for moved in ["moved: [ { from: bridges.first, to: bridges.second } ]\n", ""] {
        story.unpod(&bridge("East").replace("sales:", "first:"));
        story.apply();
        story.unpod(&format!("{}{moved}", bridge("East").replace("sales:", "second:")));
        story.expect(0, &format!("undo last {GUARDS}"));
        assert_eq!(named(&story), "Sales");
        assert_eq!(
            story.ledger()["objects"].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["bridges.second"],
            "no address is doubled"
        );
        story.expect(0, "ledger move bridges.second bridges.first");
    }
}

#[test]
fn what_was_released_is_named_and_left() {
    let story = Story::new(CONNECTED);
    story.unpod(&bridge("West"));
    story.apply();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    story.expect(0, "forget bridges.sales");
    story.take_log();
    let ran = story.expect(5, &format!("undo {run} {GUARDS}"));
    ran.says("bridges.sales: no longer managed, because it was released since");
    assert_eq!((named(&story).as_str(), story.writes().len()), ("West", 0));

    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    city: Compton\n"));
    story.apply();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    story.expect(0, "forget partners.west");
    story.expect(5, &format!("undo {run} {GUARDS}")).says("partners.west: no longer managed");
    assert_eq!(story.world()["carrierx"]["partners"][0]["city"], "Compton");
}

/// Numbers of a released bridge are not ours to change; neither are those added since.
#[test]
fn numbers_that_are_served_otherwise_are_left() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    let yaml = |by: &str| {
        format!(
            "
providers:
  old: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: AUTH }} }}
  main: {{ provider: twilio, account_sid: AC43, auth_token: {{ env: AUTH }} }}
bridges:
  fax: {{ slug: fax, name: Fax, numbers: {{ '+14155550103': {{ provider: {by} }} }} }}
"
        )
    };
    story.unpod(&yaml("main"));
    story.apply();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    story.expect(0, "forget bridges.fax");
    story.take_log();
    story.expect(5, &format!("undo {run} {GUARDS}")).says("+14155550103 on fax: bridges.fax is no longer managed");
    assert_eq!(story.writes(), [""; 0]);

    // A new configuration that now serves a number is not deleted, and the number stays where it is.
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
    story.unpod("providers:\n  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }\n");
    story.apply();
    story.sandbox.edit(|world| {
        let new = world.unpod.configurations.iter().map(|it| it.id).max();
        let fax = world.unpod.bridges.iter_mut().find(|bridge| bridge.slug == "fax").unwrap();
        fax.numbers.get_mut("+14155550103").unwrap().configuration = new;
    });
    story.take_log();
    story
        .expect(5, &format!("undo last {GUARDS}"))
        .says("providers.new: it now has +14155550103 on fax, which it did not have after the run");
    assert_eq!(story.writes(), [""; 0]);
    // The same of a new bridge.
    let story = Story::new(CONNECTED);
    story.unpod("bridges:\n  fresh: { slug: fresh, name: Fresh }\n");
    story.apply();
    story.sandbox.edit(|world| {
        let link = world.unpod.bridges[0].numbers.shift_remove("+14155550102").unwrap();
        world.unpod.bridges.last_mut().unwrap().numbers.insert("+14155550102".to_owned(), link);
    });
    story.expect(5, &format!("undo last {GUARDS}")).says("bridges.fresh: it now has +14155550102 on fresh");
}

#[test]
fn a_protection_of_today_counts() {
    for protected in ["yaml", "ledger"] {
        let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
        let yaml = |lifecycle: &str| {
            story.unpod(&format!(
                "providers:\n  new: {{ provider: exotel, account_sid: EX1, auth_token: {{ env: AUTH }}{lifecycle} }}\n"
            ));
        };
        yaml("");
        story.apply();
        let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
        yaml(", lifecycle: { prevent_delete: true }");
        if protected == "ledger" {
            story.apply();
            story.unpod("providers: {}\n");
        }
        story.take_log();
        story.expect(5, &format!("undo {run} {GUARDS}")).says("providers.new: protected by prevent_delete, left alone");
        assert_eq!(story.writes(), [""; 0], "{protected}");
    }
}

/// Its account was removed from the YAML, or has another name; and an address that now refers to something else.
#[test]
fn accounts_and_addresses_of_today() {
    let story = Story::new(CONNECTED);
    story.unpod(&bridge("West"));
    story.apply();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    let yaml = story.read("telform.yaml");
    story.file("telform.yaml", &yaml.replace("  unpod: {", "  other: {"));
    story.expect(0, &format!("undo {run} {GUARDS}"));
    assert_eq!(named(&story), "Sales", "the same account under another name");
    story.carrierx("");
    let ran = story.expect(0, &format!("undo {run} {GUARDS}"));
    ran.says("bridges.sales: the YAML no longer has an account unpod");

    let story = Story::new(CONNECTED);
    story.unpod(&bridge("West"));
    story.apply();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    story.expect(0, "forget bridges.sales");
    story.unpod("bridges:\n  sales: { slug: fax, name: Fax }\n");
    story.apply();
    story.expect(5, &format!("undo {run} {GUARDS}")).says("bridges.sales: its address now means the object fax instead of sales");
    assert_eq!(story.ledger()["objects"]["bridges.sales"]["id"], json!("fax"));
}

/// Generation 1 with two bridges: numbers of both configurations, one that nothing serves, one that is free.
const FIRST: &str = "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1, api_secret: canary-secret-main-1 }
    - { id: 42, provider: LiveKit, name: spare, api_key: canary-key-spare, api_secret: canary-secret-spare, base_url: https://lk.example.net }
  numbers:
    - { id: 501, number: '+14155550101' }
    - { id: 502, number: '+14155550102' }
    - { id: 503, number: '+14155550103' }
    - { id: 504, number: '+14155550104' }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 41, '+14155550102': 42 } }
    - { id: 302, slug: fax, name: Fax, product_id: prod, numbers: { '+14155550103': null } }
";

fn first() -> Story {
    let story = Story::new(FIRST).secret("MAIN", "canary-key-main-1").secret("SPARE", "canary-key-spare");
    story.unpod_with(
        "product_ids: [prod], all_products: true, ",
        "
providers:
  main: { name: main, provider: Vapi, api_key: { env: MAIN } }
  spare: { name: spare, provider: LiveKit, api_key: { env: SPARE }, base_url: https://lk.example.net }
bridges:
  sales: { slug: sales, name: Sales }
  fax: { slug: fax, name: Fax }
",
    );
    story
}

/// Names of the configurations that serve numbers, by bridge and number.
fn servers(story: &Story) -> Vec<(String, String, Option<String>)> {
    let world = story.sandbox.world();
    let name = |id: u64| world.unpod.configurations.iter().find(|it| it.id == id).and_then(|it| it.name.clone());
    let mut all: Vec<_> = world
        .unpod
        .bridges
        .iter()
        .flat_map(|bridge| {
            bridge.numbers.iter().map(|(number, link)| (bridge.slug.clone(), number.clone(), link.configuration.and_then(name)))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn bridges_of_the_older_generation_come_back_with_their_numbers() {
    let story = first();
    story.apply();
    let before = servers(&story);
    assert_eq!(before.len(), 3);
    let plan = story.expect(0, "plan --destroy --max-deletes 4 --max-numbers-dark 4");
    plan.is_silent_about("undo does not put it back");
    story.expect(0, "apply --destroy --auto-approve --max-deletes 4 --max-numbers-dark 4");
    assert_eq!(servers(&story), []);
    story.expect(0, "journal show").says("numberIds").says("provider_credential_id");
    story.take_log();
    let ran = story.expect(0, &format!("undo last {GUARDS}"));
    shot!("undone_destroy_g1", ran);
    ran.is_silent_about("Different from what was saved");
    assert_eq!(servers(&story), before);
    let creates: Vec<String> = story.writes().into_iter().filter(|it| it.starts_with("POST telephony/bridges/ ")).collect();
    assert!(creates.iter().any(|it| it.contains("501") && it.contains("502")), "{creates:?}");
    assert!(creates.iter().any(|it| it.contains("[503]")), "{creates:?}");
    story.in_sync();
    story.expect(0, "journal verify");
}

#[test]
fn numbers_that_were_taken_meanwhile_are_named() {
    let story = first();
    story.apply();
    story.expect(0, "apply --destroy --auto-approve --max-deletes 4 --max-numbers-dark 4");
    // One is now on a bridge of this organization, one is with another, invisible owner.
    story.sandbox.edit(|world| {
        world.unpod.numbers.retain(|number| number.number != "+14155550102");
        let mut bridge = telform::sandbox::SimulatedBridge {
            id: 390,
            slug: "new".to_owned(),
            name: "New".to_owned(),
            product_id: Some("prod".to_owned()),
            organization: "acme.example".to_owned(),
            ..telform::sandbox::SimulatedBridge::default()
        };
        bridge.numbers.insert("+14155550103".to_owned(), telform::sandbox::SimulatedLink::to_configuration(1, None));
        world.unpod.bridges.push(bridge);
        let row = world.unpod.numbers.iter_mut().find(|number| number.number == "+14155550103").unwrap();
        row.state = telform::sandbox::NumberState::Assigned;
    });
    let ran = story.expect(0, &format!("undo last {GUARDS}"));
    ran.says("+14155550102 on sales: the service no longer offers it as a free number");
    ran.says("+14155550103 on fax: it is on bridge new now, and is left there");
    let now = servers(&story);
    assert!(now.contains(&("sales".to_owned(), "+14155550101".to_owned(), Some("main".to_owned()))), "{now:?}");
    assert!(!now.iter().any(|(bridge, ..)| bridge == "fax"), "{now:?}");
}

/// Its configuration is not recreated, so the number returns with its bridge and without the configuration: later it could not
/// join any more.
#[test]
fn a_number_without_its_configuration_still_comes_back() {
    let story = first();
    story.apply();
    story.unpod_with("product_ids: [prod], all_products: true, ", "providers: {}\nbridges: {}\n");
    story.expect(0, "apply --auto-approve --max-deletes 4 --max-numbers-dark 4");
    story.sandbox.edit(|world| {
        // Another user created a configuration of the same name again.
        world.unpod.configurations.push(telform::sandbox::SimulatedConfiguration {
            id: 77,
            organization: Some("acme.example".to_owned()),
            provider: "6".to_owned(),
            name: Some("main".to_owned()),
            ..telform::sandbox::SimulatedConfiguration::default()
        });
    });
    let ran = story.expect(0, &format!("undo last {GUARDS}"));
    ran.says("providers.main: it exists again, as 77");
    ran.says("+14155550101 on sales: provider configuration 41 no longer exists: the number is put on the bridge");
    ran.says("providers.spare api_key: telform does not store it, and the YAML does not name a source for it");
    let now = servers(&story);
    assert!(now.contains(&("sales".to_owned(), "+14155550101".to_owned(), None)), "{now:?}");
    assert!(now.contains(&("sales".to_owned(), "+14155550102".to_owned(), Some("spare".to_owned()))), "{now:?}");
}

/// An object that an undo recreates may now have a look-alike: that is refused, and a switch allows it, as in a plan.
#[test]
fn an_undo_makes_again_what_a_look_alike_stands_beside_when_that_is_allowed() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod(
        "
providers:
  new: { provider: plivo, account_sid: MA77, auth_token: { env: AUTH } }
bridges:
  night: { slug: night, name: Night }
",
    );
    story.apply();
    let gone = "removed:\n  - { address: providers.new }\n  - { address: bridges.night }\nproviders: {}\nbridges: {}\n";
    story.unpod(gone);
    story.expect(0, &format!("apply {GUARDS}"));
    story.unpod("providers:\n  new: { provider: plivo, account_sid: MA77, auth_token: { env: AUTH } }\nbridges: {}\n");
    story.sandbox.edit(|world| {
        let mut twin = world.unpod.configurations[0].clone();
        (twin.id, twin.account_sid) = (99, Some("ma77".to_owned()));
        world.unpod.configurations.push(twin);
        let mut twin = world.unpod.bridges[0].clone();
        (twin.id, twin.slug) = (399, "Night".to_owned());
        twin.numbers.clear();
        world.unpod.bridges.push(twin);
    });
    story.take_log();
    let ran = story.expect(3, &format!("undo last {GUARDS}"));
    ran.says("--allow-similar providers.new").says("--allow-similar bridges.night");
    story
        .expect(1, &format!("undo last {GUARDS} --allow-similar bridges.nigth"))
        .says("this undo does not include bridges.nigth");
    story.expect(3, &format!("undo last {GUARDS} --allow-similar providers.new"));
    assert_eq!(story.writes(), [""; 0]);
    // One of the two is left as it is, the other one is allowed.
    story.expect(0, &format!("undo last {GUARDS} --exclude bridges.night --allow-similar providers.new"));
    assert_eq!(story.writes().len(), 1);
    let run = story.expect(0, "journal list --json").json();
    let runs = run["runs"].as_array().unwrap().clone();
    let delete = runs.iter().rev().nth(1).unwrap()["run"].as_str().unwrap().to_owned();
    story.expect(0, &format!("undo {delete} {GUARDS} --target bridges.night --allow-similar bridges.night"));
    assert!(story.sandbox.world().unpod.bridges.iter().any(|bridge| bridge.slug == "night"));

    // A partner, whose login people confuse.
    let story = Story::new(&world_with_west("  knobs: { delete: no_content }\n"));
    let story = story.secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx_with("partner_delete: true, ", &west(""));
    story.apply();
    let mut twin = story.world()["carrierx"]["partners"][0].clone();
    twin["login"] = "WEST".into();
    twin["partner_sid"] = "3f0c6a52-8b1e-4a37-9d55-0c2be1a7f499".into();
    story.carrierx_with("partner_delete: true, ", "removed:\n  - { address: partners.west }\n");
    story.expect(0, &format!("apply {GUARDS}"));
    story.carrierx_with("partner_delete: true, ", &west(""));
    story.sandbox.edit(|world| {
        let mut text = serde_json::to_value(&*world).unwrap();
        let partners = &mut text["carrierx"]["partners"];
        *partners = json!([twin]);
        *world = serde_json::from_value(text).unwrap();
    });
    story.expect(3, &format!("undo last {GUARDS}")).says("--allow-similar partners.west");
    story.take_log();
    story.run(&format!("undo last {GUARDS} --allow-similar partners.west"));
    assert_eq!(story.writes().len(), 1, "{:?}", story.writes());
}
