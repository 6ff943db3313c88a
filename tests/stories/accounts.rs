//! The identity of an account: an object that would leave its account is named, moved on purpose or released; a name is not
//! an identity.

use std::time::Duration;

use crate::bench::{Ran, Story};
use crate::runs::{end, start};

/// Two organizations on one service; the number may be used by both.
const WORLD: &str = "
unpod:
  organizations: [ { handle: one.example, name: One }, { handle: two.example, name: Two } ]
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-auth-42, organization: one.example }
    - { id: 43, provider: plivo, account_sid: MA43, auth_token: canary-auth-43, organization: two.example }
  numbers:
    - { id: 501, number: '+14155550101', organization: null }
    - { id: 502, number: '+14155550102', organization: null }
  bridges:
    - { id: 301, slug: sales, name: Sales, organization: one.example, numbers: { '+14155550101': 42, '+14155550102': 42 } }
    - { id: 302, slug: there, name: There, organization: two.example, numbers: {} }
";

const MOVE: &str = "apply --auto-approve --max-deletes 9 --max-numbers-dark 0";

fn account(story: &Story, name: &str, handle: &str, more: &str) -> String {
    let url = story.sandbox.unpod_url();
    format!(
        "  {name}: {{ api: unpod, base_url: \"{url}\", org_handle: {handle}, requests_per_minute: 60000, settle_after: 0s, {more}token: {{ env: UNPOD_TOKEN }} }}\n"
    )
}

/// Writes the file for both organizations.
pub(crate) fn both(story: &Story, body: &str) {
    both_with(story, "", body);
}

fn both_with(story: &Story, more: &str, body: &str) {
    let accounts = account(story, "one", "one.example", more) + &account(story, "two", "two.example", more);
    story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{body}"));
}

pub(crate) fn provider(account: &str, more: &str) -> String {
    format!("providers:\n  a: {{ account: {account}, provider: twilio, account_sid: AC42, auth_token: {{ env: AUTH }}{more} }}\n")
}

pub(crate) fn bridge(account: &str) -> String {
    format!(
        "bridges:\n  sales: {{ account: {account}, slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: a }}, '+14155550102': {{ provider: a }} }} }}\n"
    )
}

/// The configuration and its bridge, managed in the first organization.
pub(crate) fn managed() -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-42");
    both(&story, &(provider("one", "") + &bridge("one")));
    story.apply();
    story.take_log();
    story
}

#[track_caller]
fn refused(story: &Story, ran: &Ran) {
    ran.says("refusal::account_changed");
    assert_eq!(story.writes(), [""; 0], "{}", ran.stdout);
}

#[test]
fn a_changed_account_is_refused_and_names_both_objects_and_the_ways_out() {
    let story = managed();
    both(&story, &(provider("two", "") + &bridge("two")));
    let plan = story.expect(3, "plan --max-deletes 9 --max-numbers-dark 9");
    shot!("account_changed", plan);
    let ran = story.expect(3, "apply --auto-approve --max-deletes 9 --max-numbers-dark 9");
    refused(&story, &ran);
    let drift = story.run("drift");
    drift.says("its entry names account two").is_silent_about("No drift");
    // It is not reported when the run covers something else, and nothing is forgotten then, either.
    both(
        &story,
        &(provider("two", "") + &bridge("one").replace("provider: a", "provider: b") + "\n").replace(
            "providers:\n",
            "providers:\n  b: { account: one, provider: plivo, account_sid: MA1, auth_token: { env: AUTH } }\n",
        ),
    );
    story.expect(0, "apply --auto-approve --target providers.b");
    assert_eq!(story.ledger()["objects"]["providers.a"]["account"], "one");
}

/// An address that the YAML has in another account by now is not brought back by an undo.
#[test]
fn an_undo_leaves_an_address_that_is_in_another_account_today() {
    let story = managed();
    both(&story, &(provider("one", "") + "removed:\n  - { address: bridges.sales, account: one }\n"));
    story.expect(0, "apply --auto-approve --max-deletes 9 --max-numbers-dark 9");
    both(&story, &(provider("one", "") + "bridges:\n  sales: { account: two, slug: sales, name: Sales }\n"));
    let ran = story.run("undo last --auto-approve --max-deletes 9 --max-numbers-dark 9");
    ran.says("bridges.sales: the YAML now has its address in account two");
}

#[test]
fn whatever_hides_the_change_it_is_refused() {
    // A pinned id, an object that is there already, a layer over the file, everything destroyed.
    let there = "  a: { account: two, id: '43' }\n";
    let overlay = "version: 1\noverlay: true\nproviders:\n  a: { account: two }\n";
    for (body, layer, args, says) in [
        (format!("bridges: {{}}\nproviders:\n{there}"), None, "apply --auto-approve --max-deletes 9", "43"),
        (
            provider("two", "").replace("twilio, account_sid: AC42", "plivo, account_sid: MA43"),
            None,
            "apply --auto-approve",
            "provider configuration 43 would be mistaken for it",
        ),
        (provider("one", ""), Some(overlay), "apply --auto-approve -f telform.yaml -f layer.yaml", "made"),
        (provider("two", ""), None, "apply --auto-approve --destroy --max-deletes 9", "42"),
        (provider("two", ", lifecycle: { prevent_delete: true }"), None, "apply --auto-approve", "42"),
    ] {
        let story = Story::new(WORLD).secret("AUTH", "canary-auth-42");
        both(&story, &provider("one", ""));
        story.apply();
        story.take_log();
        both(&story, &body);
        story.file("layer.yaml", layer.unwrap_or("version: 1\n"));
        let ran = story.expect(3, args);
        ran.says(says).says("account one").says("account two").says("telform forget providers.a");
        refused(&story, &ran);
    }
}

#[test]
fn a_tombstone_in_another_account_forgets_nothing() {
    let story = managed();
    both(&story, "providers: {}\nremoved: [{ address: providers.a, account: two, id: '42' }]\n");
    let ran = story.expect(3, "apply --auto-approve --max-deletes 9 --max-numbers-dark 9");
    ran.says("its entry under `removed` names account two").says("42 of account one");
    refused(&story, &ran);
}

#[test]
fn forgetting_is_the_other_way() {
    let story = managed();
    both(&story, &(provider("two", "") + "bridges: {}\n"));
    story.expect(0, "forget providers.a");
    story.expect(0, "forget bridges.sales");
    story.apply();
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 3);
    story.in_sync();
}

fn moved(story: &Story) {
    let lines = "moved:\n  - { from: providers.a, account: one, to: providers.a }\n  - { from: bridges.sales, account: one, to: bridges.sales }\n";
    both(story, &(provider("two", "") + &bridge("two") + lines));
}

#[track_caller]
fn arrived(story: &Story, what: &str) {
    let world = story.sandbox.world().unpod;
    let made = world.configurations.iter().find(|it| it.account_sid.as_deref() == Some("AC42")).unwrap();
    assert_eq!(made.organization.as_deref(), Some("two.example"), "{what}");
    assert_eq!(world.configurations.len(), 2, "{what}");
    let served = |number: &str| {
        let on: Vec<_> = world.bridges.iter().filter_map(|it| Some((it, it.numbers.get(number)?))).collect();
        assert_eq!(on.len(), 1, "{what}: {number}");
        assert_eq!(on[0].0.organization, "two.example", "{what}");
        assert_eq!(on[0].1.configuration, Some(made.id), "{what}");
    };
    served("+14155550101");
    served("+14155550102");
    let ledger = story.ledger();
    for address in ["providers.a", "bridges.sales"] {
        assert_eq!(ledger["objects"][address]["account"], "two", "{what}: {ledger}");
        assert!(ledger["objects"][address].get("left_behind").is_none(), "{what}: {ledger}");
    }
}

#[test]
fn a_planned_move_makes_it_there_moves_the_numbers_and_deletes_it_here() {
    let story = managed();
    moved(&story);
    shot!("account_move_refused", story.expect(3, "plan"));
    let saved = "plan --out move.plan --max-deletes 2";
    story.expect(0, saved);
    story.expect(0, "verify move.plan");
    let rehearsal = story.expect(0, "rehearse --max-deletes 2");
    rehearsal
        .says("Done: 8 writes")
        .says("How long each number would be disconnected")
        .is_silent_about("until it is connected again");
    let of_number = |line: &&str| line.trim_start().starts_with("+14155550101  ");
    let dark = rehearsal.stdout.lines().rev().find(of_number).unwrap();
    assert!(dark.ends_with(" s"), "it is dark for some time: {dark}");
    story.take_log();
    story.expect(0, "apply move.plan --auto-approve");
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/providers-configurations/ {"provider":"twilio","account_sid":"AC42","auth_token":"(secret)"}"#,
            r#"POST telephony/bridges/ {"name":"Sales","slug":"sales"}"#,
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550101"}"#,
            r#"POST telephony/bridges/sales/connect-provider/ {"provider_config_id":44,"phone_number":"+14155550101"}"#,
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550102"}"#,
            r#"POST telephony/bridges/sales/connect-provider/ {"provider_config_id":44,"phone_number":"+14155550102"}"#,
            "DELETE telephony/bridges/sales/",
            "DELETE telephony/providers-configurations/42/",
        ]
    );
    arrived(&story, "move");
    story.in_sync();
    story.expect(0, "journal verify");
    // The lines may stay, and the reverse is another move.
    story.take_log();
    story.expect(0, "undo last --auto-approve --max-deletes 9");
    let back = story.sandbox.world().unpod;
    let home = back.configurations.iter().filter(|it| it.organization.as_deref() == Some("one.example"));
    assert_eq!(home.count(), 1, "{:?}", story.writes());
    let number = back.bridges.iter().find(|it| it.numbers.contains_key("+14155550101")).unwrap();
    assert_eq!(number.organization, "one.example");
}

/// Wherever a move is interrupted, the next apply completes it with the same result.
#[test]
fn cut_off_anywhere_it_goes_on() {
    for nth in 1..=8 {
        let story = managed();
        moved(&story);
        story.fault(&format!("{{ match: {{ method: WRITE, nth: {nth}, times: 0 }}, effect: {{ answer: {{ status: 503 }} }} }}"));
        let first = story.run(MOVE);
        assert_eq!(first.code, if nth == 1 { 1 } else { 5 }, "{nth}: {}{}", first.stdout, first.stderr);
        // A number that is connected in the new account is not dark, whatever fails after it.
        let dark = |number: &str| first.stdout.contains("DARK NOW") && first.stdout.contains(&format!("{number}  was on sales"));
        assert_eq!(dark("+14155550101"), nth == 4, "{nth}: {}", first.stdout);
        assert_eq!(dark("+14155550102"), nth == 6, "{nth}: {}", first.stdout);
        story.sandbox.clear_faults();
        let second = story.run(MOVE);
        assert_eq!(second.code, 0, "{nth}: {}\n{}", second.stdout, second.stderr);
        arrived(&story, &nth.to_string());
        story.in_sync();
    }
}

/// The next number is cut off in the old account when the one before is served in the new one, and not before.
#[test]
fn a_number_is_not_cut_before_the_one_before_it_is_served() {
    let story = managed();
    moved(&story);
    story.fault("{ match: { path: '*/connect-provider/', nth: 1 }, effect: hold }");
    let run = start(&story, MOVE);
    while !story.sandbox.writes().iter().any(|write| write.path.ends_with("/connect-provider/")) {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    // Long enough for another disconnect, which takes a read and a write on this machine.
    std::thread::park_timeout(Duration::from_millis(500));
    let cut = story.sandbox.writes().iter().filter(|write| write.path.ends_with("/disconnect-provider/")).count();
    story.sandbox.let_go();
    let ran = end(&story, "apply", run);
    assert_eq!((cut, ran.code), (1, 0), "{}", ran.whole());
    arrived(&story, "held");
}

#[test]
fn a_move_keeps_to_every_guard() {
    let story = managed();
    moved(&story);
    story.expect(3, "plan").says("guard::max_deletes");
    // Its bridge is left behind: nothing connects the numbers there.
    both(&story, &(provider("two", "") + "moved: [{ from: providers.a, account: one, to: providers.a }]\n"));
    story.expect(3, "plan --max-deletes 9").says("guard::max_numbers_dark");
    both(
        &story,
        &(provider("two", ", lifecycle: { prevent_delete: true }")
            + "moved: [{ from: providers.a, account: one, to: providers.a }]\n"),
    );
    story.expect(3, "plan --max-deletes 9 --max-numbers-dark 9").says("guard::prevent_delete");
    assert_eq!(story.writes(), [""; 0]);
}

/// Attributes that the entry does not mention move along; those that cannot be read are named.
#[test]
fn a_move_on_the_older_generation_loses_nothing_silently() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  organizations: [ { handle: one.example, name: One }, { handle: two.example, name: Two } ]
  configurations:
    - { id: 41, provider: LiveKit, name: main, api_key: canary-key-main-1, api_secret: canary-secret-main-1, base_url: https://lk.example.net, sip_url: 'sip:lk.example.net', active: false, organization: one.example }
    - { id: 42, provider: Vapi, name: other, api_key: canary-key-o, organization: two.example }
",
    )
    .secret("MAIN_KEY", "canary-key-main-1");
    let entry = |account: &str| {
        format!("providers:\n  main: {{ account: {account}, name: main, provider: LiveKit, api_key: {{ env: MAIN_KEY }} }}\n")
    };
    let write = |body: &str| both_with(&story, "product_id: prod, all_products: true, ", body);
    write(&entry("one"));
    story.apply();
    story.take_log();
    write(&(entry("two") + "moved: [{ from: providers.main, account: one, to: providers.main }]\n"));
    shot!("account_move_g1", story.expect(0, "plan --max-deletes 1"));
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/provider-configurations/ {"name":"main","provider":4,"api_key":"(secret)","active":false,"base_url":"https://lk.example.net","sip_url":"sip:lk.example.net"}"#,
            "DELETE telephony/provider-configurations/41/",
        ]
    );
    story.in_sync();
}

/// A value that the service shows in part only cannot be carried over, and is named.
#[test]
fn a_move_names_what_is_shown_in_part() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  organizations: [ { handle: one.example, name: One }, { handle: two.example, name: Two } ]
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1, base_url: 'https://****.example.net', organization: one.example }
",
    )
    .secret("MAIN_KEY", "canary-key-main-1");
    let write = |account: &str, more: &str| {
        let entry = format!(
            "providers:\n  main: {{ account: {account}, name: main, provider: Vapi, api_key: {{ env: MAIN_KEY }} }}\n{more}"
        );
        both_with(&story, "product_id: prod, all_products: true, ", &entry);
    };
    write("one", "");
    story.apply();
    write("two", "moved: [{ from: providers.main, account: one, to: providers.main }]\n");
    let plan = story.expect(0, "plan --max-deletes 1 --json").json();
    let notices = plan["notices"].as_array().unwrap();
    assert!(notices.iter().any(|it| it["code"] == "not_carried_over" && it["attribute"] == "base_url"), "{notices:#?}");
}

/// One organization under two names: an object is claimed once, and is not unmanaged under the other name.
#[test]
fn two_names_of_one_account_claim_an_object_once() {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-42");
    let accounts = account(&story, "one", "one.example", "") + &account(&story, "again", "one.example", "");
    let write = |body: &str| story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{body}"));
    let second = "  b: { account: again, provider: twilio, account_sid: AC42, auth_token: { env: AUTH } }\n";
    write(&(provider("one", "") + second));
    shot!("one_account_two_names", story.expect(1, "validate"));
    // The YAML does not show it: one pins the id, the other has the natural key.
    write(&(provider("one", "") + "  b: { account: again, id: '42' }\n"));
    story.expect(3, "plan").says("refusal::claimed_twice").says("two names of one account");
    assert_eq!(story.writes(), [""; 0]);
    write(&provider("one", ""));
    story.apply();
    let plan = story.expect(0, "plan --format json");
    assert!(plan.json()["unmanaged"].as_array().unwrap().iter().all(|it| it["kind"] != "providers"));
    // The other name is the same account: nothing moves, and a rotation is still seen.
    write(&provider("again", ""));
    story.expect(0, "plan --detailed-exitcode").says("another name of the same account");
    story.apply();
    assert_eq!(story.ledger()["objects"]["providers.a"]["account"], "again");
    assert_eq!(story.writes(), [""; 0]);
    // An object listed under both names is adopted once.
    story.file("names.yaml", &format!("version: 1\naccounts:\n{accounts}"));
    story.expect(0, "adopt --all --out adopted -f names.yaml --ledger other.json").says("wrote adopted/again-");
    assert!(!story.path("adopted/one-providers.yaml").exists());
    // Numbers are served within one account. The suggested remedy works.
    write(&(provider("one", "") + &bridge("again")));
    shot!("one_account_two_names_numbers", story.expect(1, "validate"));
    write(&(provider("one", "") + &bridge("one")));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    write(&provider("again", ""));
    story.expect(0, "forget bridges.sales");
    story.apply();
    // An address that is removed under one name while another one keeps the object under the other name is a rename.
    write("providers:\n  c: { account: one, provider: twilio, account_sid: AC42, auth_token: { env: AUTH } }\n");
    story.apply();
    assert_eq!(story.ledger()["objects"]["providers.c"]["account"], "one");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_renamed_account_loses_no_delete_and_no_rotation() {
    for lines in ["", "moved: [{ from: accounts.one, to: accounts.first }]\n"] {
        let mut story = Story::new(WORLD).secret("AUTH", "canary-auth-42");
        both(&story, &(provider("one", "") + &bridge("one")));
        story.apply();
        story.expect(0, "apply --auto-approve --rewrite-secret providers.a");
        story.take_log();
        let accounts = account(&story, "first", "one.example", "");
        let write = |story: &Story, body: &str| {
            story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{lines}{body}"));
        };
        write(&story, &(provider("first", "") + &bridge("first")));
        let plan = story.expect(0, "plan --detailed-exitcode");
        plan.says("account renamed in the ledger").says("one").is_silent_about("adopted");
        story.apply();
        story.in_sync();
        let ledger = story.ledger();
        assert_eq!(ledger["objects"]["providers.a"]["account"], "first", "{ledger}");
        assert!(ledger["accounts"].get("one").is_none(), "{ledger}");
        assert!(ledger["connections"].as_array().unwrap().iter().all(|it| it["account"] == "first"));
        story.set("AUTH", "canary-auth-rotated");
        story.expect(2, "plan --detailed-exitcode").says("changed in the configuration");
        story.apply();
        story.in_sync();
        write(&story, "providers: {}\nbridges: {}\n");
        story.expect(3, "plan").says("2 objects would be deleted");
    }
}

#[test]
fn an_account_renamed_onto_another_one_is_refused() {
    let story = managed();
    let accounts = account(&story, "two", "two.example", "");
    let body = "moved: [{ from: accounts.one, to: accounts.two }]\nproviders: {}\n";
    story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{body}"));
    story.expect(1, "plan").says("telform::ledger::foreign").says("one was unpod at");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_service_that_moved_is_followed_on_purpose() {
    let mut story = Story::new(WORLD).secret("AUTH", "canary-auth-42");
    let old = "https://old.example.net/api";
    both(&story, &provider("one", ""));
    story.apply();
    story.expect(0, "apply --auto-approve --rewrite-secret providers.a");
    // As if it had been applied while the service was at its old address.
    let url = story.sandbox.unpod_url().to_string();
    let ledger = story.read(".telform/ledger.json").replace(url.trim_end_matches('/'), old);
    story.file(".telform/ledger.json", &ledger);
    shot!("service_moved", story.expect(1, "plan"));
    let was = format!("was: \"{old}\", ");
    let accounts = account(&story, "one", "one.example", &was) + &account(&story, "two", "two.example", &was);
    let body = provider("one", "");
    story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{body}"));
    story.expect(0, "plan --detailed-exitcode").says("the ledger follows it").says(old);
    story.apply();
    story.expect(0, "plan --detailed-exitcode").is_silent_about("follows it");
    story.in_sync();
    story.set("AUTH", "canary-auth-rotated");
    story.expect(2, "plan --detailed-exitcode").says("changed in the configuration");
}

/// Writes the partner `west` for this account: `here` is the story's own service, `there` that of another one.
pub(crate) fn partner(story: &Story, other: &Story, of: &str, more: &str, lines: &str) {
    let account = |name: &str, story: &Story, more: &str| {
        let url = story.sandbox.carrierx_url();
        format!(
            "  {name}: {{ api: carrierx, base_url: \"{url}\", requests_per_minute: 60000, settle_after: 0s, {more}token: {{ env: CARRIERX_TOKEN }} }}\n"
        )
    };
    let accounts = account("here", story, more) + &account("there", other, more);
    let entry = format!(
        "partners:\n  west: {{ account: {of}, login: west, password: {{ env: PASSWORD }}, name: West, company_name: Acme, country_code: USA, zip: '90804', owner_email: ops@acme.example, phonenumber: '15162065574', payment_type: postpay, lifecycle: {{ ignore: [company_name, country_code, zip, owner_email, phonenumber, payment_type] }} }}\n"
    );
    story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{entry}{lines}"));
}

pub(crate) const PARTNERS: &str = "
carrierx:
  knobs: { delete: no_content }
  partners:
    - { partner_sid: cx-1, login: west, name: West }
";

#[test]
fn a_partner_is_never_made_a_second_time() {
    let story = Story::new(PARTNERS).secret("PASSWORD", "canary-password-1");
    let other = Story::new("{}");
    let write = |of: &str, more: &str, lines: &str| partner(&story, &other, of, more, lines);
    write("here", "", "");
    story.apply();
    write("there", "", "");
    let ran = story.expect(3, "apply --auto-approve");
    ran.says("refusal::account_changed").says("cx-1 of account here");
    let lines = "moved: [{ from: partners.west, account: here, to: partners.west }]\n";
    write("there", "", lines);
    story.expect(3, "apply --auto-approve --max-deletes 1").says("refusal::delete_undocumented");
    assert_eq!(other.writes(), [""; 0]);
    write("there", "partner_delete: true, ", lines);
    let moved = story.expect(0, "apply --auto-approve --max-deletes 1");
    moved.says("cannot be carried over").says("parent_sid");
    assert_eq!(other.writes().len(), 1);
    assert!(!other.writes()[0].contains("parent_sid"), "{:?}", other.writes());
    assert_eq!(story.sandbox.world().carrierx.partners.len(), 0);
}

/// Without organizations two tokens may be two accounts of one service, and the YAML does not decide: their listings do.
#[test]
fn two_tokens_of_one_service_may_be_two_accounts() {
    let story = Story::new(PARTNERS).secret("PASSWORD", "canary-password-1").secret("OTHER_TOKEN", crate::bench::CARRIERX_TOKEN);
    let url = story.sandbox.carrierx_url();
    let write = |token: &str, second: &str| {
        let account = |name: &str, token: &str| {
            format!("  {name}: {{ api: carrierx, base_url: \"{url}\", requests_per_minute: 60000, token: {{ env: {token} }} }}\n")
        };
        let accounts = account("here", "CARRIERX_TOKEN") + &account("there", token);
        let entry = "partners:\n  west: { account: here, login: west, name: West }\n";
        story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{entry}  other: {{ account: there, {second} }}\n"));
    };
    write("CARRIERX_TOKEN", "login: west");
    story.expect(1, "validate").says("telform::yaml::same_object");
    write("OTHER_TOKEN", "login: west");
    story.expect(0, "validate").is_silent_about("same_object");
    story.expect(3, "plan").says("refusal::claimed_twice").says("two names of one account");
    write("OTHER_TOKEN", "id: cx-1");
    story.expect(3, "plan").says("refusal::claimed_twice");
    // They list nothing in common, so nothing shows that they are one: each has its own objects.
    story.sandbox.edit(|world| world.carrierx.partners.clear());
    write("OTHER_TOKEN", "login: west");
    story.expect(3, "plan").says("refusal::missing_for_create").is_silent_about("claimed_twice");
}

/// A number that a run left dark is reported as long as nothing connects it, even when its account was removed from the YAML.
#[test]
fn a_dark_number_of_an_account_that_is_gone_is_named() {
    let story = managed();
    let mut ledger = story.ledger();
    ledger["moves"] = serde_json::json!([{ "account": "one", "bridge": "sales", "number": "+14155550101", "provider": "42" }]);
    story.file(".telform/ledger.json", &ledger.to_string());
    let accounts = account(&story, "two", "two.example", "");
    let there = "providers:\n  t: { account: two, id: '43' }\n";
    story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{there}"));
    for _ in 0..2 {
        story.expect(0, "plan").says("DARK").says("+14155550101 on sales");
        story.apply();
    }
}

#[test]
fn the_older_generation_changes_the_provider_in_place() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1, sip_url: 'sip:main.example.net' }
  numbers: [ { id: 501, number: '+14155550101' } ]
  bridges: [ { id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 41 } } ]
",
    )
    .secret("MAIN_KEY", "canary-key-main-1");
    let write = |provider: &str| {
        let body = format!("providers:\n  main: {{ name: main, provider: {provider}, api_key: {{ env: MAIN_KEY }} }}\n");
        story.unpod_with("product_id: prod, ", &body);
    };
    write("Vapi");
    story.apply();
    story.take_log();
    write("Daily");
    shot!("g1_provider_in_place", story.expect(0, "plan"));
    story.apply();
    assert_eq!(story.writes(), [r#"PATCH telephony/provider-configurations/41/ {"provider":5}"#]);
    story.in_sync();
    write("nobody");
    story.expect(3, "plan").says("refusal::not_in_catalogue");
}
