//! An interrupted move between accounts, whose entry changes before it continues. Whatever the entry says, the next runs end
//! with one object, or explain what to do.

use crate::bench::{Ran, Story};

const WORLD: &str = "
unpod:
  organizations: [ { handle: one.example }, { handle: two.example }, { handle: three.example } ]
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-auth-42, organization: one.example }
  numbers: [ { id: 501, number: '+14155550101', organization: null } ]
  bridges:
    - { id: 301, slug: sales, name: Sales, organization: one.example, numbers: { '+14155550101': 42 } }
";

const GUARDS: &str = "--auto-approve --max-deletes 9";
/// Writes of the undisturbed move.
const WRITES: usize = 6;

fn write(story: &Story, account: &str, moved: &[&str]) {
    let url = story.sandbox.unpod_url();
    let accounts: String = ["one", "two", "three"]
        .iter()
        .map(|name| format!("  {name}: {{ api: unpod, base_url: \"{url}\", org_handle: {name}.example, requests_per_minute: 60000, settle_after: 0s, token: {{ env: UNPOD_TOKEN }} }}\n"))
        .collect();
    let moved: String = moved
        .iter()
        .flat_map(|from| ["providers.a", "bridges.sales"].map(|it| format!("  - {{ from: {it}, account: {from}, to: {it} }}\n")))
        .collect();
    let moved = if moved.is_empty() { moved } else { format!("moved:\n{moved}") };
    story.file(
        "telform.yaml",
        &format!(
            "version: 1\naccounts:\n{accounts}{moved}providers:\n  a: {{ account: {account}, provider: twilio, account_sid: AC42, auth_token: {{ env: AUTH }} }}\nbridges:\n  sales: {{ account: {account}, slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: a }} }} }}\n"
        ),
    );
}

/// A move from the first to the second account whose n-th write, and every later one, is refused; or the answer to the n-th is
/// lost after its effect, and every later request fails.
fn cut(nth: usize, lost: bool) -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-42");
    write(&story, "one", &[]);
    story.apply();
    write(&story, "two", &["one"]);
    let refuse = if lost { nth + 1 } else { nth };
    if lost {
        story.fault(&format!("{{ match: {{ method: WRITE, nth: {nth} }}, when: after, effect: cut }}"));
    }
    story.fault(&format!("{{ match: {{ method: WRITE, nth: {refuse}, times: 0 }}, effect: {{ answer: {{ status: 503 }} }} }}"));
    story.run(&format!("apply {GUARDS}"));
    story.sandbox.clear_faults();
    story.take_log();
    story
}

#[track_caller]
fn plain(ran: &Ran, what: &str) {
    ran.is_silent_about("bug in telform").is_silent_about("independent checker");
    // An undo that leaves a number dark, or undoes nothing, says so and fails.
    let left = ran.code == 5 && ["DARK NOW", "Nothing was undone"].iter().any(|says| ran.stderr.contains(says));
    assert!(left || [0, 3].contains(&ran.code), "{what}\n{}", ran.whole());
}

/// One configuration and one bridge, in this account, with the number on it once, and a ledger that says just that.
#[track_caller]
fn one_left(story: &Story, account: &str, what: &str) {
    let world = story.sandbox.world().unpod;
    let handle = format!("{account}.example");
    assert_eq!((world.configurations.len(), world.bridges.len()), (1, 1), "{what}: {world:?}");
    let (made, bridge) = (&world.configurations[0], &world.bridges[0]);
    assert_eq!((made.organization.as_deref(), &bridge.organization), (Some(handle.as_str()), &handle), "{what}");
    assert_eq!(bridge.numbers["+14155550101"].configuration, Some(made.id), "{what}");
    let ledger = story.ledger();
    for address in ["providers.a", "bridges.sales"] {
        let entry = &ledger["objects"][address];
        assert_eq!(entry["account"], account, "{what}: {ledger}");
        assert!(entry.get("left_behind").is_none() && entry.get("former").is_none(), "{what}: {ledger}");
    }
    assert!(ledger.get("moves").is_none_or(|moves| moves.as_array().unwrap().is_empty()), "{what}: {ledger}");
}

/// Every point where the move can be interrupted, by a service that refuses or by a lost answer, in turn.
fn everywhere(first: bool, each: impl Fn(&Story, &str)) {
    for nth in 1..=WRITES {
        let lost = first == nth.is_multiple_of(2);
        let what = format!("write {nth}{}", if lost { ", its answer lost" } else { "" });
        each(&cut(nth, lost), &what);
    }
}

#[track_caller]
fn settled(story: &Story, what: &str) {
    let ran = story.run("plan --detailed-exitcode");
    assert_eq!(ran.code, 0, "{what}\n{}", ran.whole());
}

#[test]
fn back_where_it_was_before_the_move_went_on() {
    everywhere(true, |story, what| {
        write(story, "one", &[]);
        for command in ["apply", "resume"] {
            plain(&story.run(&format!("{command} {GUARDS}")), what);
        }
        // What a refusal advises.
        write(story, "one", &["two"]);
        let ran = story.run(&format!("apply {GUARDS}"));
        assert_eq!(ran.code, 0, "{what}\n{}", ran.whole());
        one_left(story, "one", what);
        settled(story, what);
    });
}

#[test]
fn on_to_a_third_account_before_the_move_went_on() {
    everywhere(false, |story, what| {
        write(story, "three", &[]);
        plain(&story.run(&format!("resume {GUARDS}")), what);
        let ran = story.run(&format!("apply {GUARDS}"));
        assert_eq!(ran.code, 3, "{what}\n{}", ran.whole());
        ran.says("refusal::account_changed").is_silent_about("bug in telform");
        write(story, "three", &["one", "two"]);
        let ran = story.run(&format!("apply {GUARDS}"));
        assert_eq!(ran.code, 0, "{what}\n{}", ran.whole());
        one_left(story, "three", what);
        settled(story, what);
        story.expect(0, "journal verify");
    });
}

/// What the YAML may say when the run is undone.
const SAID: [(&str, &[&str]); 5] = [("one", &[]), ("three", &[]), ("three", &["two"]), ("one", &["two"]), ("two", &["one"])];

#[test]
fn taken_back_after_the_entry_changed() {
    let said = std::cell::Cell::new(0);
    let each = |story: &Story, what: &str| {
        let (account, moved) = SAID[said.get() % SAID.len()];
        said.set(said.get() + 1);
        let what = &format!("{what}, then account {account}, moved from {moved:?}");
        write(story, account, moved);
        plain(&story.run(&format!("undo last {GUARDS}")), what);
        write(story, "one", &["two", "three"]);
        plain(&story.run(&format!("apply {GUARDS}")), what);
        one_left(story, "one", what);
        settled(story, what);
    };
    everywhere(true, each);
    everywhere(false, each);
}

/// A move that was interrupted when its new objects existed, including numbers, and nothing was deleted yet.
fn both_there() -> Story {
    cut(5, false)
}

#[test]
fn what_was_left_goes_when_the_object_is_replaced_at_once() {
    let story = both_there();
    let yaml = story.read("telform.yaml").replace("twilio, account_sid: AC42", "exotel, account_sid: EX9");
    story.file("telform.yaml", &yaml);
    let plan = story.expect(0, "plan --max-deletes 9");
    plan.says("provider cannot be changed in place").says("an earlier move was not finished");
    story.expect(0, &format!("apply {GUARDS}"));
    one_left(&story, "two", "replaced");
    story.in_sync();
}

/// Another user deletes what the move created: it is recreated, and what it left is still deleted.
#[test]
fn what_was_left_goes_when_the_object_is_made_again() {
    for account in ["two", "three"] {
        let story = both_there();
        story.sandbox.edit(|world| {
            world.unpod.configurations.retain(|it| it.organization.as_deref() != Some("two.example"));
            world.unpod.bridges.retain(|it| it.organization != "two.example");
        });
        write(&story, account, &["one", "two"]);
        let ran = story.run(&format!("apply {GUARDS}"));
        assert_eq!(ran.code, 0, "{account}\n{}", ran.whole());
        one_left(&story, account, account);
        story.in_sync();
    }
}

/// Nothing forgets what the move left: not a destroy, not a deleted entry, not a removed account; `forget` names it.
#[test]
fn what_was_left_is_not_forgotten() {
    let story = both_there();
    let left = || story.ledger()["objects"]["providers.a"]["left_behind"].clone();
    let before = left();
    assert_eq!(before[0]["account"], "one", "{before}");
    for (args, body) in [("--destroy", None), ("", Some("providers: {}\nbridges: {}\n"))] {
        let yaml = story.read("telform.yaml");
        if let Some(body) = body {
            let (head, _) = yaml.split_once("moved:").unwrap();
            story.file("telform.yaml", &format!("{head}{body}"));
        }
        let ran = story.expect(3, &format!("apply {GUARDS} {args} --max-numbers-dark 9"));
        ran.says("refusal::unfinished_replacement").says("it replaced 42 of account one");
        story.file("telform.yaml", &yaml);
        assert_eq!((left(), story.writes().len()), (before.clone(), 0));
    }
    // Its account was removed from the YAML: it cannot be deleted, and every plan reports it.
    let yaml = story.read("telform.yaml");
    let without: String =
        yaml.lines().filter(|it| !it.starts_with("  one:") && !it.contains("account: one")).map(|it| format!("{it}\n")).collect();
    story.file("telform.yaml", &without.replace("moved:\n", ""));
    for _ in 0..2 {
        story.expect(0, "plan").says("42 of account one, which an earlier move left, may still be there");
        story.run(&format!("apply {GUARDS}"));
        assert_eq!(left(), before);
    }
    story.file("telform.yaml", &yaml);
    let ran = story.expect(0, "forget providers.a");
    ran.says("43 in account two stays as it is").says("So does 42 in account one, which it replaced");
}

/// An account that is now a different one holds nothing that a move left: an object with the same id there belongs to
/// someone else.
#[test]
fn what_was_left_is_not_looked_for_in_another_organization() {
    let story = both_there();
    let yaml = story.read("telform.yaml").replace("org_handle: one.example", "org_handle: four.example");
    story.file("telform.yaml", &yaml);
    story.expect(1, &format!("apply {GUARDS}")).says("telform::ledger::foreign");
    assert_eq!(story.writes(), [""; 0]);
}

/// Who protects the object, or takes the switch away, between the two runs is heard.
#[test]
fn guards_of_today_hold_for_what_was_left() {
    let story = both_there();
    let yaml = story.read("telform.yaml");
    let protected =
        yaml.replace("auth_token: { env: AUTH } }", "auth_token: { env: AUTH }, lifecycle: { prevent_delete: true } }");
    story.file("telform.yaml", &protected);
    story.expect(3, &format!("apply {GUARDS}")).says("guard::prevent_delete").says("moving it deletes 42 in account one");
    story.file("telform.yaml", &yaml);
    // The user declares it under a separate address.
    let claimed = yaml.replace("providers:\n", "providers:\n  old: { account: one, id: '42' }\n");
    story.file("telform.yaml", &claimed);
    let ran = story.expect(3, &format!("apply {GUARDS}"));
    ran.says("refusal::claimed_twice").says("is left by it, and providers.old claims it");
    assert_eq!(story.writes(), [""; 0]);
}

/// The object of the entry already exists in the account that it moves to: it is adopted, and the old one is left.
#[test]
fn what_moves_may_be_there_already() {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-42");
    write(&story, "one", &[]);
    story.apply();
    story.sandbox.edit(|world| {
        let mut there = world.unpod.configurations[0].clone();
        (there.id, there.organization) = (43, Some("two.example".to_owned()));
        world.unpod.configurations.push(there);
    });
    write(&story, "two", &["one"]);
    story.take_log();
    story.expect(0, &format!("apply {GUARDS}")).says("managed from now on");
    one_left(&story, "two", "there already");
    assert!(!story.writes().iter().any(|it| it.starts_with("POST telephony/providers-configurations/")));
    // Another user deleted the old one in the meantime.
    write(&story, "three", &["two"]);
    story.sandbox.edit(|world| {
        world.unpod.bridges.clear();
        world.unpod.configurations.clear();
    });
    story.expect(0, &format!("apply {GUARDS}")).says("is already deleted").says("43 of account two");
    one_left(&story, "three", "gone already");
}

/// A bridge that does not declare its numbers takes along those whose configuration moves with it, and keeps those that it has.
#[test]
fn a_bridge_that_names_no_number_takes_them_along() {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-42");
    let numbers = ", numbers: { '+14155550101': { provider: a } }";
    let silent = |account: &str, moved: &[&str]| {
        write(&story, account, moved);
        let yaml = story.read("telform.yaml");
        story.file("telform.yaml", &yaml.replace(numbers, ""));
    };
    silent("one", &[]);
    story.apply();
    silent("two", &["one"]);
    story.fault("{ match: { method: DELETE, times: 0 }, effect: { answer: { status: 503 } } }");
    story.expect(5, &format!("apply {GUARDS}"));
    story.sandbox.clear_faults();
    silent("three", &["one", "two"]);
    let ran = story.run(&format!("apply {GUARDS}"));
    assert_eq!(ran.code, 0, "{}", ran.whole());
    one_left(&story, "three", "along");
}

mod of_partners {
    use super::GUARDS;
    use crate::accounts::{PARTNERS, partner};
    use crate::bench::Story;

    const DELETE: &str = "partner_delete: true, ";
    const MOVED: &str = "moved: [{ from: partners.west, account: here, to: partners.west }]\n";

    fn start() -> (Story, Story) {
        let story = Story::new(PARTNERS).secret("PASSWORD", "canary-password-1");
        let other = Story::new("{}");
        partner(&story, &other, "here", "", "");
        story.apply();
        partner(&story, &other, "there", DELETE, MOVED);
        (story, other)
    }

    #[track_caller]
    fn arrived(story: &Story, other: &Story, what: &str) {
        assert_eq!(story.sandbox.world().carrierx.partners.len(), 0, "{what}");
        assert_eq!(other.sandbox.world().carrierx.partners.len(), 1, "{what}");
        let entry = &story.ledger()["objects"]["partners.west"];
        assert_eq!(entry["account"], "there", "{what}: {entry}");
        assert!(entry.get("left_behind").is_none(), "{what}: {entry}");
        assert!(story.ledger().get("attempts").is_none_or(|it| it.as_object().unwrap().is_empty()), "{what}");
        let ran = story.run(&format!("apply {GUARDS}"));
        assert_eq!(ran.code, 0, "{what}\n{}", ran.whole());
    }

    /// Continues until it is done; a human decides about what cannot be looked up.
    fn go_on(story: &Story, other: &Story, what: &str) {
        for round in 0..4 {
            let command = if round == 0 { "resume" } else { "apply" };
            let ran = story.run(&format!("{command} {GUARDS}"));
            ran.is_silent_about("bug in telform");
            if ran.code == 0 && round > 0 {
                return arrived(story, other, what);
            }
            if ran.code == 3 {
                ran.says("refusal::unsettled_create");
                let made = other.world()["carrierx"]["partners"][0]["partner_sid"].as_str().map(str::to_owned);
                match made {
                    Some(sid) => _ = story.expect(0, &format!("adopt partners.west {sid}")),
                    None => {
                        let ran = story.expect(0, "forget partners.west");
                        ran.says("created nothing").says("cx-1 of account here");
                    }
                }
            }
        }
        panic!("{what}: does not end");
    }

    #[test]
    fn cut_off_at_each_durable_write() {
        let mut killed = 0;
        for nth in 1.. {
            let (story, other) = start();
            let mut command = story.command(&format!("apply {GUARDS}"));
            let output = command.env("TELFORM_TEST_KILL_AT", nth.to_string()).output().unwrap();
            story.ran("apply", &output);
            if output.status.code().is_some() {
                break;
            }
            killed += 1;
            go_on(&story, &other, &format!("killed after durable write {nth}"));
        }
        assert!(killed > 8, "{killed}");
    }

    #[test]
    fn the_answer_to_its_create_is_lost() {
        for when in ["before", "after"] {
            let (story, other) = start();
            other.fault(&format!("{{ match: {{ method: POST }}, when: {when}, effect: cut }}"));
            story.run(&format!("apply {GUARDS}"));
            other.sandbox.clear_faults();
            go_on(&story, &other, when);
        }
    }

    /// Back, or nowhere, before the new one is verified: the new one may be hidden, and telform reports it.
    #[test]
    fn its_entry_changes_before_it_went_on() {
        let (story, other) = start();
        story.fault("{ match: { method: DELETE, times: 0 }, effect: { answer: { status: 503 } } }");
        story.expect(5, &format!("apply {GUARDS}"));
        story.sandbox.clear_faults();
        partner(&story, &other, "here", DELETE, "");
        let ran = story.expect(3, &format!("apply {GUARDS}"));
        ran.says("refusal::account_changed").says("cx-1 would be mistaken for it");
        let back = "moved: [{ from: partners.west, account: there, to: partners.west }]\n";
        partner(&story, &other, "here", DELETE, back);
        let ran = story.expect(3, &format!("apply {GUARDS}"));
        ran.says("refusal::gone_or_hidden").says("is not shown; it may be deleted or only hidden");
        story.expect(5, &format!("undo last {GUARDS}"));
        assert_eq!(story.sandbox.world().carrierx.partners.len(), 1);
        // As before the mind was changed.
        partner(&story, &other, "there", DELETE, MOVED);
        go_on(&story, &other, "there after all");
    }
}
