//! A plan shows the ledger that it was made with, and deletes nothing with a new ledger that only the YAML named.

use crate::bench::Story;
use crate::partners::world_with_west;

const WORLD: &str = "unpod: { configurations: [ { provider: twilio, account_sid: AC1, auth_token: canary-a }, { provider: plivo, account_sid: MA1, auth_token: canary-b } ] }";
const GONE: &str = "removed:\n  - { address: providers.old, provider: twilio, account_sid: AC1, reason: contract ended }\n";

const FORMATS: &str = "--format text=t --format markdown=m --format html=h --format json=j --format terraform-json=tf --format github=gh --format gitlab=gl";

#[test]
fn every_format_shows_place_serial_and_age_of_the_ledger() {
    let story = Story::new("{}").secret("A", "canary-a");
    let entry = |name: &str| format!("  {name}: {{ provider: twilio, account_sid: {name}, auth_token: {{ env: A }} }}\n");
    story.unpod(&format!("providers:\n{}", entry("AC1")));
    let see = |wanted: &[&str]| {
        story.expect(0, &format!("plan {FORMATS}"));
        story.expect(0, "plan --out plan.json");
        story.file("shown", &story.expect(0, "show plan.json").stdout.replace("\n  ", " "));
        for file in ["t", "m", "h", "j", "tf", "gh", "gl", "shown"] {
            let shown = story.read(file);
            assert!(shown.contains(".telform/ledger.json"), "{file}: {shown}");
            let wanted = wanted.iter().filter(|word| file != "j" || word.starts_with("20"));
            wanted.for_each(|word| assert!(shown.contains(word), "{file}: {word} is not in\n{shown}"));
        }
    };
    see(&[", new"]);
    story.apply();
    story.unpod(&format!("providers:\n{}{}", entry("AC1"), entry("AC2")));
    let (made, saved) = (story.ledger()["made"].clone(), story.ledger()["saved"].clone());
    let serial = format!("serial {}", story.ledger()["serial"]);
    see(&[&serial, made.as_str().unwrap(), saved.as_str().unwrap()]);
    story.apply();
    assert_eq!(story.ledger()["made"], made, "it is made once");
}

/// For both services, and for a plan that destroys.
#[test]
fn nothing_is_deleted_with_a_new_ledger_that_only_the_yaml_names() {
    let story = Story::new(WORLD);
    let refused = |how: &str| {
        story.expect(3, &format!("plan {how}")).says("guard::new_ledger").says("which only the YAML names");
        story.expect(3, &format!("apply --auto-approve {how}")).says("guard::new_ledger");
        assert_eq!(story.writes(), [""; 0]);
    };
    story.unpod(&format!("ledger: fresh/ledger.json\n{GONE}"));
    refused("--max-deletes 1");
    // Including what an entry finds by its natural key.
    story.unpod("ledger: fresh.json\nproviders:\n  main: { provider: twilio, account_sid: AC1 }\n");
    refused("--destroy --max-deletes 1");
    // A user who names it outside of the YAML may start with it.
    story.unpod(&format!("ledger: fresh/ledger.json\n{GONE}"));
    story.expect(0, "plan --max-deletes 1 --ledger fresh/ledger.json");
    story.expect(0, "apply --auto-approve --max-deletes 1 --ledger fresh/ledger.json");
    assert_eq!(story.writes().len(), 1);
}

#[test]
fn nor_a_partner_and_a_ledger_that_is_there_is_not_new() {
    let story = Story::new(&format!("{}  knobs: {{ delete: no_content }}\n", world_with_west("")));
    let west = "ledger: other.json\npartners:\n  west: { login: west, name: West }\n";
    let gone = "ledger: other.json\nremoved:\n  - { address: partners.west, login: west, reason: left us }\n";
    story.carrierx_with("partner_delete: true, ", gone);
    story.expect(3, "apply --auto-approve --max-deletes 1").says("guard::new_ledger");
    story.carrierx_with("partner_delete: true, ", west);
    story.apply();
    story.carrierx_with("partner_delete: true, ", gone);
    story.expect(0, "apply --auto-approve --max-deletes 1");
}
