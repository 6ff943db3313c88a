//! Numbers as a service spells them: one number by its digits, sent in the service's own spelling, and kept where they are not
//! numbers at all.

use crate::bench::Story;

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers:
    - { number: '+1 (415) 555-0101' }
    - { number: '14155550102' }
    - { number: '+0987654321' }
    - { number: '911' }
    - { number: '+1 415 555 0105' }
    - { number: '+14155550106' }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+1 (415) 555-0101': 42, '14155550102': 42, '+0987654321': 42, '911': 42 } }
    - { id: 302, slug: fax, name: Fax, numbers: { '+14155550106': 42 } }
";

const PROVIDERS: &str = "
providers:
  old: { provider: plivo, account_sid: MA42 }
  main: { provider: twilio, account_sid: AC43 }
";

const SAME: &str = "
bridges:
  sales:
    slug: sales
    name: Sales
    numbers:
      '+14155550101': { provider: old }
      '+14155550102': { provider: old }
      '+0987654321': { provider: old }
      '911': { provider: old, as_shown: true }
";

fn declared(bridges: &str) -> Story {
    let story = Story::new(WORLD);
    story.unpod(&format!("{PROVIDERS}{bridges}"));
    story
}

#[test]
fn other_spellings_are_no_difference() {
    let story = declared(SAME);
    story.in_sync();
    story.expect(0, "drift").is_silent_about("disconnect");
    story.expect(0, "explain bridges.sales");
}

#[test]
fn moved_in_the_words_of_the_service() {
    let story = declared(&SAME.replace("provider: old", "provider: main"));
    story.expect(0, "apply --auto-approve");
    let writes = story.writes();
    for (number, spelling) in [("101", "+1 (415) 555-0101"), ("102", "14155550102"), ("098", "+0987654321"), ("911", "911")] {
        let sent = |word: &str, more: &str| {
            writes.contains(&format!(r#"POST telephony/bridges/sales/{word}-provider/ {{{more}"phone_number":"{spelling}"}}"#))
        };
        assert!(sent("disconnect", "") && sent("connect", r#""provider_config_id":43,"#), "{number}: {writes:?}");
    }
    assert_eq!(writes.len(), 8, "each number is cut once and connected once: {writes:?}");
    story.in_sync();
    story.expect(0, "drift");
    story.expect(0, "journal verify");
    // Taken back, in the same words.
    story.expect(0, "undo last --auto-approve --max-numbers-dark 9");
    assert_eq!(story.world()["unpod"]["bridges"][0]["numbers"]["14155550102"]["configuration"], 42);
    assert_eq!(story.world()["unpod"]["bridges"][0]["numbers"]["+0987654321"]["configuration"], 42);
}

/// A number that joins a bridge is called as the listing of numbers spells it; a rehearsal has the same service.
#[test]
fn a_number_that_joins() {
    let more = "      '+14155550105': { provider: main }\n";
    let story = declared(&format!("{SAME}{more}"));
    story.expect(0, "rehearse");
    story.expect(0, "apply --auto-approve");
    assert_eq!(
        story.writes(),
        [r#"POST telephony/bridges/sales/connect-provider/ {"provider_config_id":43,"phone_number":"+1 415 555 0105"}"#]
    );
    story.in_sync();
    assert!(story.ledger()["connections"].to_string().contains("\"+14155550105\""));
    // And off again.
    story.unpod(&format!("{PROVIDERS}{SAME}"));
    story.expect(0, "apply --auto-approve --max-numbers-dark 1");
    assert_eq!(story.writes(), [r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+1 415 555 0105"}"#]);
}

/// A name that is not a number is valid only where the service shows it; an offline check reports what it knows.
#[test]
fn names_that_are_no_numbers() {
    let story = declared(&SAME.replace("'+0987654321'", "'+0987654322'").replace("'911'", "'912'"));
    let ran = story.expect(3, "plan --max-numbers-dark 9");
    ran.says("refusal::number_not_shown").says("+0987654322").says("912");
    story.expect(1, "validate").says("`+0987654322` is not a phone number").says("as_shown: true");
    // A national number is a slip before anything is asked.
    story.unpod(&format!("{PROVIDERS}{}", SAME.replace("'911'", "'4155550101'").replace(", as_shown: true", "")));
    story.take_log();
    story.expect(1, "plan").says("no country code");
    assert_eq!(story.take_log(), [""; 0]);
    // One number under two names is one number.
    story.unpod(&format!("{PROVIDERS}{}", SAME.replace("'911'", "'1 415 555 0101'")));
    story.expect(1, "validate").says("telform::yaml::number_twice");
}

#[test]
fn adopted_as_they_are_shown() {
    let story = Story::new(WORLD);
    story.unpod("");
    story.expect(0, "adopt --all --out telform -f telform.yaml");
    let page = story.read("telform/unpod-bridges.yaml");
    for line in [
        r#""+14155550101": { provider: "#,
        r#""14155550102": { provider: plivo, as_shown: true }"#,
        r#""+0987654321": { provider: plivo, as_shown: true }"#,
        r#""911": { provider: plivo, as_shown: true }"#,
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
    story.expect(0, "validate -f telform.yaml -f telform");
    story.expect(0, "plan --detailed-exitcode -f telform.yaml -f telform").says("Plan: no changes");
    assert_eq!(story.writes(), [""; 0]);
}

/// Texts that look the same on a screen are distinguished by code points, in every view.
#[test]
fn differences_that_nobody_sees() {
    let story = crate::partners::verified("      city: \"Cafe\\u0301 West\"\n      address1: \"1\\u00a0Main\"\n");
    story.carrierx(
        "partners: { west: { login: west, city: \"Caf\\u00e9 West\", address1: 1 Main, attributes: { a: \"x\\u200by\" } } }\n",
    );
    for args in ["plan", "plan --format markdown", "plan --format html", "drift"] {
        if args == "drift" {
            story.apply();
            crate::partners::by_hand(&story, "city", "Cafe\u{301} West");
            crate::partners::by_hand(&story, "address1", "1\u{a0}Main");
        }
        let ran = story.run(args);
        for shown in ["Caf\\u{e9} West", "Cafe\\u{301} West", "1\\u{a0}Main"] {
            ran.says(shown);
        }
    }
    story.expect(0, "explain partners.west.city").says("Cafe\\u{301} West");
    // The same inside a map, which is shown line by line.
    story.sandbox.edit(|world| {
        let mut text = serde_json::to_value(&*world).unwrap();
        text["carrierx"]["partners"][0]["attributes"] = serde_json::json!({ "a": "xy", "b": "z" });
        *world = serde_json::from_value(text).unwrap();
    });
    for format in ["text", "markdown", "html"] {
        story.expect(0, &format!("plan --format {format}")).says("x\\u{200b}y");
    }
}
