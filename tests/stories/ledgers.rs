//! Looking after the ledger by hand.

use crate::bench::Story;

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-there }
  numbers: [{ id: 501, number: '+14155550101' }]
  bridges: [{ id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }]
";
const MAIN: &str = "
providers:
  main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH }, lifecycle: { prevent_delete: true } }
  new: { provider: plivo, account_sid: MA1, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }
";

fn applied() -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-ours-7d");
    story.unpod(MAIN);
    story.apply();
    story.take_log();
    story
}

#[test]
fn listed_and_shown() {
    let story = applied();
    shot!("ledger_list", story.expect(0, "ledger list"));
    shot!("ledger_show", story.expect(0, "ledger show providers.new"));
    let list = story.expect(0, "ledger list --json").json();
    assert_eq!(list["objects"].as_array().unwrap().len(), 3);
    assert_eq!(list["objects"][0]["address"], "bridges.sales");
    let shown = story.expect(0, "ledger show providers.new --json").json();
    assert_eq!(shown["secrets"], serde_json::json!(["auth_token"]));
    assert!(
        !shown
            .to_string()
            .contains(story.ledger()["objects"]["providers.new"]["secrets"]["auth_token"].as_str().unwrap())
    );
    shot!("ledger_show_unknown", story.expect(1, "ledger show providers.nev"));
    assert_eq!(story.take_log(), [""; 0], "nobody was asked");
}

#[test]
fn moved_by_hand() {
    let story = applied();
    story.expect(0, "ledger move providers.main providers.primary");
    story.expect(1, "ledger move providers.primary providers.new").says("knows providers.new already");
    story.expect(1, "ledger move providers.primary bridges.b").says("stays of its kind");
    story.expect(1, "ledger move providers.nobody providers.b").says("did you mean");
    assert_eq!(story.ledger()["objects"]["providers.primary"]["prevent_delete"], true);
    story.unpod(&MAIN.replace("main", "primary"));
    story.in_sync();
}

#[test]
fn rebuilt_from_what_can_be_seen() {
    let story = applied();
    let there = story.ledger();
    shot!("ledger_rebuild_exists", story.expect(1, "ledger rebuild"));
    assert_eq!(story.ledger(), there);

    // A damaged one stops every other command, and is kept.
    story.file(".telform/ledger.json", "{ \"format\": 1, ");
    story.expect(1, "apply --auto-approve").says("is damaged").says("ledger rebuild");
    story.expect(1, "ledger rebuild").says("is damaged");
    let rebuilt = story.expect(0, "ledger rebuild --replace");
    shot!("ledger_rebuild", rebuilt);
    assert_ne!(story.ledger()["id"], there["id"]);
    assert_eq!(story.ledger()["objects"]["providers.main"]["prevent_delete"], true);
    let kept = std::fs::read_dir(story.path(".telform"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.starts_with("ledger.json.replaced-"))
        .unwrap();
    assert_eq!(story.read(&format!(".telform/{kept}")), "{ \"format\": 1, ");
    assert_eq!(story.writes(), [""; 0]);
    story.in_sync();
    // Without any ledger nothing has to be replaced.
    std::fs::remove_file(story.path(".telform/ledger.json")).unwrap();
    story.expect(0, "ledger rebuild --json");
    story.in_sync();
}
