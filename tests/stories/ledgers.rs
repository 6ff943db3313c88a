//! Maintaining the ledger by hand.

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
    assert_eq!(shown["entry"]["secrets"], serde_json::json!(["auth_token"]));
    assert!(!shown.to_string().contains(story.ledger()["objects"]["providers.new"]["secrets"]["auth_token"].as_str().unwrap()));
    shot!("ledger_show_unknown", story.expect(1, "ledger show providers.nev"));
    assert_eq!(story.take_log(), [""; 0], "nobody was asked");
}

#[test]
fn moved_by_hand() {
    let story = applied();
    story.expect(0, "ledger move providers.main providers.primary");
    story.expect(1, "ledger move providers.primary providers.new").says("already contains providers.new");
    story.expect(1, "ledger move providers.primary bridges.b").says("cannot change the kind");
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

/// Every command that reads or writes the ledger.
const COMMANDS: [&str; 16] = [
    "plan",
    "apply --auto-approve",
    "adopt providers.third 43",
    "adopt --all --out more",
    "drift",
    "drift --accept",
    "forget providers.main",
    "ledger list",
    "ledger list --json",
    "ledger show providers.main",
    "ledger show providers.main --json",
    "ledger move providers.main providers.moved",
    "ledger forget providers.main",
    "ledger rebuild",
    "ledger rekey",
    "plan --json",
];

/// An unusable ledger stops each of them with a remedy, and nothing is changed: not in the ledger, not in the
/// folder, not in the YAML, not at a service.
fn refused_by_everything(story: &Story, what: &str, way_out: &str) {
    let files = |story: &Story| {
        let mut files: Vec<(std::path::PathBuf, Vec<u8>)> = [".", ".telform"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(story.path(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            // The lock says who held it last, and every command that takes it may.
            .filter(|path| path.is_file() && path.extension().is_none_or(|it| it != "lock"))
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = files(story);
    story.take_log();
    for command in COMMANDS {
        let ran = story.expect(1, command);
        let said = format!("{}{}", ran.stdout, ran.stderr).replace("\n        ", " ");
        assert!(said.contains(what), "telform {command}: no `{what}` in\n{said}");
        let rebuild = command == "ledger rebuild" && said.contains("--replace keeps it next to the new one");
        assert!(rebuild || said.contains(way_out), "telform {command}: no `{way_out}` in\n{said}");
        assert_eq!(files(story), before, "telform {command}");
    }
    assert_eq!(story.take_log(), [""; 0], "no service was asked");
}

#[test]
fn a_damaged_or_truncated_ledger() {
    let story = applied();
    let whole = story.read(".telform/ledger.json");
    for text in [
        String::new(),
        "no JSON at all".to_owned(),
        whole[..whole.len() / 2].to_owned(),
        whole[..whole.len() - 3].to_owned(),
        whole.replace("\"format\": 1,", ""),
        whole.replace("\"serial\"", "\"serail\""),
        whole.replace("\"format\": 1,", "\"format\": \"1\","),
    ] {
        assert_ne!(text, whole);
        story.file(".telform/ledger.json", &text);
        refused_by_everything(&story, "is damaged", "restore it from a backup");
    }
    shot!("ledger_damaged", story.run("apply --auto-approve"));
    // The remedy that the message names.
    story.file(".telform/ledger.json", &whole[..whole.len() / 2]);
    story.expect(0, "ledger rebuild --replace");
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
}

#[test]
fn a_ledger_of_a_newer_telform() {
    let story = applied();
    let whole = story.read(".telform/ledger.json");
    // What a newer version adds is not known here, and must not be lost.
    let newer = whole.replace("\"format\": 1,", "\"format\": 2,\n  \"more\": {},");
    story.file(".telform/ledger.json", &newer);
    refused_by_everything(&story, "has format 2", "use the version of telform that wrote it");
    shot!("ledger_newer", story.run("ledger list"));
}

#[test]
fn a_ledger_of_another_account() {
    let story = applied();
    let whole = story.read(".telform/ledger.json");
    let port = story.sandbox.unpod_url();
    let organization = whole.replace("acme.example", "other.example");
    let address = whole.replace(&port, "https://elsewhere.example/api");
    for foreign in [organization, address] {
        assert_ne!(foreign, whole);
        story.file(".telform/ledger.json", &foreign);
        refused_by_everything(&story, "belongs to another account", "name the ledger of this account with --ledger");
        // Nor is it put aside to make room.
        story.expect(1, "ledger rebuild --replace").says("belongs to another account");
        assert_eq!(story.read(".telform/ledger.json"), foreign);
    }
    // The embedded simulator has no address of its own: its ledger can be looked at.
    story.file("world.yaml", WORLD);
    story.expect(0, "apply --sandbox world.yaml --auto-approve");
    story.expect(0, "ledger list --ledger world.ledger.json").says("providers.main");
    story.expect(1, "plan --ledger world.ledger.json").says("belongs to another account");
}
