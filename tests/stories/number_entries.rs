//! Numbers that are entries of their own: each owns the connection of one number, and nothing else of its bridge.

use crate::bench::{Ran, Story};

const WORLD: &str = "
unpod:
  configurations:
    - { id: 41, provider: twilio, account_sid: AC41 }
    - { id: 42, provider: plivo, account_sid: MA42 }
  numbers: [ { number: '+14155550101' }, { number: '+14155550102' }, { number: '+14155550103' }, { number: '+14155550104' } ]
  bridges:
    - { slug: sales, name: Sales, numbers: { '+14155550101': 41, '+14155550104': 42 } }
    - { slug: fax, name: Fax }
";

const REST: &str = "
providers:
  main: { provider: twilio, account_sid: AC41 }
  spare: { provider: plivo, account_sid: MA42 }
bridges:
  sales: { slug: sales, name: Sales }
  fax: { slug: fax, name: Fax }
";

/// The YAML with these numbers: the last digit of each, with its bridge and what serves it.
fn write(story: &Story, numbers: &[(u8, &str, &str)]) {
    write_with(story, REST, numbers);
}

fn write_with(story: &Story, rest: &str, numbers: &[(u8, &str, &str)]) {
    let lines = numbers
        .iter()
        .map(|(last, bridge, provider)| format!("  \"+1415555010{last}\": {{ bridge: {bridge}, provider: {provider} }}\n"));
    let lines: String = lines.collect();
    let section = if lines.is_empty() { "numbers: {}\n".to_owned() } else { format!("numbers:\n{lines}") };
    story.unpod(&format!("{rest}{section}"));
}

fn made(numbers: &[(u8, &str, &str)]) -> Story {
    let story = Story::new(WORLD);
    write(&story, numbers);
    story.apply();
    settled(&story);
    story.take_log();
    story
}

/// What serves a number on a bridge.
fn serves(story: &Story, slug: &str, last: u8) -> Option<u64> {
    let world = story.sandbox.world();
    let bridge = world.unpod.bridges.iter().find(|bridge| bridge.slug == slug).unwrap();
    bridge.numbers.get(&format!("+1415555010{last}")).and_then(|link| link.configuration)
}

/// Nothing is left to do, and the checker agrees with each plan.
fn settled(story: &Story) {
    story.in_sync();
    story.expect(0, "drift");
}

fn verified(story: &Story, options: &str) -> Ran {
    story.checked_plan(options);
    story.run(&format!("plan {options}"))
}

fn managed(story: &Story, last: u8) -> Option<String> {
    let ledger = story.ledger();
    let entry = ledger["objects"].get(format!("numbers.\"+1415555010{last}\""))?;
    Some(entry["key"]["bridge"].as_str().unwrap().to_owned())
}

#[test]
fn an_entry_connects_its_number_and_nothing_else() {
    let story = Story::new(WORLD);
    write(&story, &[(1, "sales", "main"), (2, "sales", "main"), (3, "bridges.fax", "providers.spare")]);
    shot!("number_entries_plan", verified(&story, ""));
    shot!("number_entries_apply", story.expect(0, "apply --auto-approve"));
    // The first one was connected already, and another number of the bridge is left alone.
    assert_eq!([serves(&story, "sales", 2), serves(&story, "fax", 3)], [Some(41), Some(42)]);
    assert_eq!(serves(&story, "sales", 4), Some(42));
    assert_eq!(story.writes().len(), 2, "{:?}", story.writes());
    assert_eq!([managed(&story, 1), managed(&story, 3)], [Some("sales".to_owned()), Some("fax".to_owned())]);
    settled(&story);
    story.expect(0, "journal verify");
}

#[test]
fn two_files_put_numbers_on_one_bridge() {
    let story = Story::new(WORLD);
    write(&story, &[(1, "sales", "main")]);
    story.file("west.yaml", "version: 1\nnumbers:\n  \"+14155550102\": { bridge: sales, provider: spare }\n");
    story.expect(0, "apply --auto-approve -f telform.yaml -f west.yaml");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "sales", 2)], [Some(41), Some(42)]);
    story.expect(0, "plan --detailed-exitcode -f telform.yaml -f west.yaml");
}

#[test]
fn an_entry_that_is_gone_cuts_its_number_alone() {
    let story = made(&[(1, "sales", "main"), (2, "sales", "main")]);
    write(&story, &[(1, "sales", "main")]);
    shot!("number_entries_refused", verified(&story, ""));
    story.expect(3, "apply --auto-approve").says("max_numbers_dark");
    story.expect(0, "apply --auto-approve --max-numbers-dark 1");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "sales", 2)], [Some(41), None]);
    assert_eq!(serves(&story, "sales", 4), Some(42));
    assert_eq!(managed(&story, 2), None);
    settled(&story);
    // A kind that no file declares is out of scope, and an empty map is not.
    story.unpod(REST);
    story.expect(0, "plan --detailed-exitcode").says("managed objects of a kind that no file declares");
    write(&story, &[]);
    story.expect(3, "plan").says("max_numbers_dark");
    story.expect(0, "forget numbers.+14155550101");
    story.expect(0, "plan --detailed-exitcode");
    assert_eq!(serves(&story, "sales", 1), Some(41));
}

#[test]
fn another_provider_or_bridge_moves_it() {
    let story = made(&[(1, "sales", "main"), (2, "sales", "main")]);
    write(&story, &[(1, "sales", "spare"), (2, "fax", "main")]);
    shot!("number_entries_moved", verified(&story, ""));
    story.expect(0, "apply --auto-approve");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "fax", 2), serves(&story, "sales", 2)], [Some(42), Some(41), None]);
    assert_eq!(managed(&story, 2), Some("fax".to_owned()));
    settled(&story);
    story.expect(0, "undo last --auto-approve");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "sales", 2)], [Some(41), Some(41)]);
}

#[test]
fn it_follows_a_provider_that_is_replaced() {
    let mut story = made(&[(1, "sales", "main"), (4, "sales", "spare")]);
    let rest = REST.replace(
        "main: { provider: twilio, account_sid: AC41 }",
        "main: { provider: plivo, account_sid: AC41, auth_token: { env: AUTH } }",
    );
    story.set("AUTH", "canary-auth-91");
    write_with(&story, &rest, &[(1, "sales", "main"), (4, "sales", "spare")]);
    let plan = verified(&story, "--max-deletes 1");
    plan.says("numbers.\"+14155550101\"");
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert!(serves(&story, "sales", 1).is_some_and(|id| id > 42));
    settled(&story);
}

#[test]
fn a_bridge_of_another_team_is_enough() {
    let story = Story::new(WORLD);
    let rest = "existing:\n  bridges: { shared: { slug: fax } }\n  providers: { tw: { provider: twilio, account_sid: AC41 } }\n";
    write_with(&story, rest, &[(2, "shared", "tw")]);
    // The bridge that gets the number is not among what is left alone, neither now nor later.
    verified(&story, "").says("1 to create").says("1 number connected").says("Not managed: 1 bridge in unpod");
    story.expect(0, "apply --auto-approve");
    story.expect(0, "plan").says("Not managed: 1 bridge in unpod");
    assert_eq!([serves(&story, "fax", 2), serves(&story, "sales", 4)], [Some(41), Some(42)]);
    settled(&story);
    write_with(&story, rest, &[]);
    verified(&story, "--max-numbers-dark 1").says("1 number cut off");
    story.expect(0, "apply --auto-approve --max-numbers-dark 1");
    assert_eq!([serves(&story, "fax", 2), serves(&story, "sales", 4)], [None, Some(42)]);
    let undone = story.expect(0, "undo last --auto-approve");
    assert_eq!(serves(&story, "fax", 2), Some(41), "{}", undone.whole());
}

#[test]
fn between_a_map_and_entries_nothing_is_cut() {
    let story = Story::new(WORLD);
    let map = REST.replace(
        "name: Sales",
        "name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550104': { provider: spare } }",
    );
    story.unpod(&map);
    story.apply();
    // From the map to entries.
    write(&story, &[(1, "sales", "main"), (4, "sales", "spare")]);
    verified(&story, "").says("managed from now on");
    story.expect(0, "apply --auto-approve");
    settled(&story);
    // And back.
    story.unpod(&format!("{map}numbers: {{}}\n"));
    verified(&story, "").says("released").says("no changes");
    story.expect(0, "apply --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!([managed(&story, 1), managed(&story, 4)], [None, None]);
    story.in_sync();
}

#[test]
fn a_tombstone_cuts_or_releases_it() {
    let story = made(&[(1, "sales", "main")]);
    let gone = |more: &str| story.unpod(&format!("{REST}removed:\n  - {{ address: 'numbers.\"+14155550101\"'{more} }}\n"));
    gone(", keep: true");
    story.expect(0, "plan").says("released");
    gone(", reason: contract ended");
    verified(&story, "--max-numbers-dark 1").says("contract ended");
    story.expect(0, "apply --auto-approve --max-numbers-dark 1");
    assert_eq!(serves(&story, "sales", 1), None);
    story.expect(0, "plan --detailed-exitcode").says("already deleted");
    // Its address is enough, without a ledger.
    let story = Story::new(WORLD);
    story.unpod(&format!("{REST}removed:\n  - address: numbers.+14155550101\n"));
    verified(&story, "--max-numbers-dark 1").says("1 to delete");
    story.expect(0, "apply --auto-approve --max-numbers-dark 1");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "sales", 4)], [None, Some(42)]);
}

#[test]
fn targets_name_it_in_any_spelling() {
    let story = Story::new(WORLD);
    write(&story, &[(1, "sales", "spare"), (2, "sales", "main"), (3, "sales", "main")]);
    for (target, numbers) in [("numbers.+14155550102", 1), ("numbers.\"+14155550102\"", 1), ("numbers.+1415555010*", 3)] {
        let mut command = story.command("plan --format json --target");
        let output = command.arg(target).output().unwrap();
        let plan = story.ran("plan --target", &output);
        assert_eq!(plan.json()["plan"]["changes"].as_array().unwrap().len(), numbers, "{target} {}", plan.whole());
    }
    story.expect(0, "plan --exclude numbers.*").says("no changes");
    story.expect(0, "apply --auto-approve --target numbers.+14155550102");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "sales", 2)], [Some(41), Some(41)]);
    shot!("number_entries_explained", story.expect(0, "explain numbers.+14155550101"));
    story.expect(0, "explain numbers.+14155550102").says("in sync");
}

#[test]
fn what_was_cut_outside_is_drift() {
    let story = made(&[(1, "sales", "main"), (2, "fax", "spare")]);
    story.sandbox.edit(|world| {
        for bridge in &mut world.unpod.bridges {
            bridge.numbers.shift_remove("+14155550102");
            if let Some(link) = bridge.numbers.get_mut("+14155550101") {
                link.configuration = Some(42);
            }
        }
    });
    shot!("number_entries_drift", story.expect(2, "drift"));
    story.expect(0, "apply --auto-approve");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "fax", 2)], [Some(41), Some(42)]);
    settled(&story);
}

#[test]
fn a_new_bridge_gets_its_entries() {
    let story = Story::new(WORLD);
    let rest = format!("{REST}  new: {{ slug: new, name: New }}\n");
    write_with(&story, &rest, &[(3, "new", "main"), (1, "new", "spare")]);
    // The first number is on a bridge that this plan does not decide about.
    story.expect(3, "plan").says("refusal::number_elsewhere").says("numbers.\"+14155550101\"");
    write_with(&story, &rest, &[(3, "new", "main")]);
    verified(&story, "").says("2 to create");
    story.expect(0, "apply --auto-approve");
    assert_eq!(serves(&story, "new", 3), Some(41));
    settled(&story);
    story.expect(0, "rehearse");
    // The bridge goes, and its number with it.
    write(&story, &[]);
    let plan = verified(&story, "--max-deletes 1 --max-numbers-dark 1");
    plan.says("bridges.new");
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    assert_eq!(managed(&story, 3), None);
    settled(&story);
}

#[test]
fn a_destroy_cuts_what_is_declared() {
    let story = Story::new(WORLD);
    let rest =
        "existing:\n  bridges: { shared: { slug: sales } }\n  providers: { tw: { provider: twilio, account_sid: AC41 } }\n";
    write_with(&story, rest, &[(1, "shared", "tw")]);
    story.apply();
    verified(&story, "--destroy --max-numbers-dark 1").says("1 to delete");
    story.expect(0, "apply --destroy --auto-approve --max-numbers-dark 1");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "sales", 4)], [None, Some(42)]);
}

#[test]
fn a_table_of_numbers_moves_at_once() {
    let numbers = 60;
    let number = |n: usize| format!("+141555{n:05}");
    let mut world = "unpod:\n  configurations:\n    - { id: 41, provider: twilio, account_sid: AC41 }\n    - { id: 42, provider: plivo, account_sid: MA42 }\n  numbers:\n".to_owned();
    world.extend((0..numbers).map(|n| format!("    - {{ number: '{}' }}\n", number(n))));
    world.push_str("  bridges: [ { slug: sales, name: Sales }, { slug: fax, name: Fax } ]\n");
    let story = Story::new(&world);
    let write = |provider: &str| {
        let lines = (0..numbers).map(|n| format!("  \"{}\": {{ bridge: sales, provider: {provider} }}\n", number(n)));
        story.unpod(&format!("{REST}numbers:\n{}", lines.collect::<String>()));
    };
    write("main");
    story.expect(0, "apply --auto-approve --quiet");
    write("spare");
    story.expect(3, "plan").says("100 % of the managed numbers would be updated");
    verified(&story, "--max-update-percent 100").says("60 numbers moved");
}

#[test]
fn where_numbers_join_only_a_new_bridge_an_entry_does_too() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations: [ { id: 41, provider: Vapi, name: main } ]
  numbers: [ { id: 501, number: '+14155550101' }, { id: 502, number: '+14155550102' } ]
  bridges: [ { slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 41 } } ]
",
    );
    let write = |bridges: &str, numbers: &str| {
        let providers = "providers: { main: { name: main, provider: Vapi } }\n";
        story.unpod_with(
            "product_id: prod, all_products: true, ",
            &format!("{providers}bridges:\n  sales: {{ slug: sales, name: Sales }}\n{bridges}numbers:\n{numbers}"),
        );
    };
    let number = |last: u8, bridge: &str| format!("  \"+1415555010{last}\": {{ bridge: {bridge}, provider: main }}\n");
    write("", &format!("{}{}", number(1, "sales"), number(2, "sales")));
    story.expect(3, "plan").says("refusal::cannot_assign").says("numbers.\"+14155550102\"");
    write("  new: { slug: new, name: New }\n", &format!("{}{}", number(1, "sales"), number(2, "new")));
    verified(&story, "").says("1 number connected");
    story.expect(0, "apply --auto-approve");
    assert_eq!([serves(&story, "sales", 1), serves(&story, "new", 2)], [Some(41), Some(41)]);
    assert!(story.writes()[0].contains("\"numberIds\":[502]"), "{:?}", story.writes());
    settled(&story);
    // A disconnect does not work there.
    write("  new: { slug: new, name: New }\n", &number(1, "sales"));
    story.expect(3, "plan --max-numbers-dark 1").says("refusal::cannot_disconnect").says("numbers.\"+14155550102\"");
}
