//! Replacing a configuration: a new one, its numbers one by one, then the old one goes. Cut off anywhere, it goes on.

use crate::bench::Story;
use crate::deletes::CONNECTED;

const PINNED: &str = "
providers:
  old: { id: '42', provider: exotel, account_sid: EX99, auth_token: { env: AUTH } }
";

fn pinned() -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-99");
    story.unpod(PINNED);
    story
}

/// The configuration that serves a number.
fn served_by(story: &Story, number: &str) -> u64 {
    let bridges = story.sandbox.world().unpod.bridges;
    bridges.iter().find_map(|bridge| bridge.numbers.get(number)?.configuration).unwrap_or_default()
}

const ALL: [&str; 3] = ["+14155550101", "+14155550102", "+14155550103"];
const APPLY: &str = "apply --auto-approve --max-deletes 1";

#[test]
fn numbers_move_one_by_one() {
    let story = pinned();
    shot!("replace_refused", story.expect(3, "plan"));
    story.expect(0, APPLY).says("Done: 8 writes");
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/providers-configurations/ {"provider":"exotel","account_sid":"EX99","auth_token":"(secret)"}"#,
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550101"}"#,
            r#"POST telephony/bridges/sales/connect-provider/ {"provider_config_id":44,"phone_number":"+14155550101"}"#,
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550102"}"#,
            r#"POST telephony/bridges/sales/connect-provider/ {"provider_config_id":44,"phone_number":"+14155550102"}"#,
            r#"POST telephony/bridges/fax/disconnect-provider/ {"phone_number":"+14155550103"}"#,
            r#"POST telephony/bridges/fax/connect-provider/ {"provider_config_id":44,"phone_number":"+14155550103"}"#,
            "DELETE telephony/providers-configurations/42/",
        ]
    );
    assert_eq!(ALL.map(|number| served_by(&story, number)), [44; 3]);
    shot!("replace_pin_kept", story.expect(0, "plan --detailed-exitcode"));
    story.in_sync();
    // The pin may be taken out, and the way back is another replacement.
    story.unpod(&PINNED.replace("id: '42', ", ""));
    story.in_sync();
    story.unpod(&PINNED.replace("id: '42', provider: exotel", "provider: plivo"));
    story.expect(0, APPLY).says("Done: 8 writes");
    assert_eq!(ALL.map(|number| served_by(&story, number)), [45; 3]);
    story.in_sync();
}

/// Wherever a replacement is cut off, the next apply brings it to the same end.
#[test]
fn cut_off_anywhere_it_goes_on() {
    // Each of the eight writes in turn is refused for good in the first run.
    for nth in 1..=8 {
        let story = pinned();
        story.fault(&format!(
            "{{ match: {{ method: WRITE, nth: {nth}, times: 0 }}, effect: {{ answer: {{ status: 503 }} }} }}"
        ));
        let first = story.run(APPLY);
        assert_eq!(first.code, if nth == 1 { 1 } else { 5 }, "{nth}: {}", first.stdout);
        story.sandbox.clear_faults();
        let dark: Vec<&str> = ALL.into_iter().filter(|number| served_by(&story, number) == 0).collect();
        assert_eq!(first.stdout.contains("DARK NOW"), !dark.is_empty(), "{nth}: {}", first.stdout);
        assert!(dark.len() <= 1, "{nth}: no number is cut before the one before it is connected again");
        let second = story.run(APPLY);
        assert_eq!(second.code, 0, "{nth}: {}\n{}", second.stdout, second.stderr);
        // A number that the first run left dark is connected by the second: the ledger remembers where it was to go.
        assert_eq!(ALL.map(|number| served_by(&story, number)), [44; 3], "{nth}");
        let left: Vec<u64> = story.sandbox.world().unpod.configurations.iter().map(|c| c.id).collect();
        assert!(left.len() == 2 && left.contains(&44), "{nth}: {left:?}");
        story.in_sync();
    }
}

#[test]
fn cut_off_after_the_create() {
    let story = pinned();
    story.fault(
        "{ match: { path: '*/disconnect-provider/', times: 0 }, effect: { answer: { status: 500 } } }",
    );
    shot!("replace_cut_off", story.expect(5, APPLY));
    story.sandbox.clear_faults();
    shot!("replace_goes_on", story.expect(3, "plan"));
    story.take_log();
    story.expect(0, APPLY);
    assert!(
        !story.writes().iter().any(|write| write.starts_with("POST telephony/providers")),
        "not made twice"
    );
    assert_eq!(ALL.map(|number| served_by(&story, number)), [44; 3]);
    story.in_sync();
}

#[test]
fn a_number_that_is_dark_is_reported_first() {
    let story = pinned();
    story.fault(
        "{ match: { path: '*/connect-provider/', nth: 2, times: 0 }, effect: { answer: { status: 400 } } }",
    );
    shot!("replace_dark", story.expect(5, APPLY));
}

#[test]
fn a_number_that_is_dark_is_connected_by_the_next_apply() {
    let story = pinned();
    story.fault(
        "{ match: { path: '*/connect-provider/', nth: 2, times: 0 }, effect: { answer: { status: 400 } } }",
    );
    story.expect(5, APPLY);
    story.sandbox.clear_faults();
    story.expect(0, APPLY);
    assert_eq!(ALL.map(|number| served_by(&story, number)), [44; 3]);
}

#[test]
fn a_protected_configuration_is_not_replaced() {
    let story = pinned();
    story.unpod(
        &PINNED.replace("}\n", ", lifecycle: { prevent_delete: true } }\n").replace("AUTH } ,", "AUTH },"),
    );
    shot!("replace_protected", story.expect(3, "plan --max-deletes 1"));
}
