//! Files that others may have written - ledger, journal, lock, saved plan, snapshot, signatures - with texts that a CI runner would
//! execute. The watch over every run looks for them in all output.

use std::fs;

use serde_json::{Value, json};

use crate::bench::Story;
use crate::keys::{allow, simple};
use crate::machine;
use crate::steering::{evils, with};
use crate::watch::MARK;

const LEDGER: &str = ".telform/ledger.json";
const JOURNAL: &str = ".telform/ledger.journal";

/// An account that was applied, with a saved plan that deletes something, its signature and an approval.
fn applied() -> Story {
    let mut story = machine::story();
    story.settings.insert("COLUMNS".to_owned(), "80".to_owned());
    allow(&story, &["ann"]);
    story.expect(0, "apply --auto-approve --max-deletes 1");
    let yaml = story.read("telform.yaml");
    story.file("telform.yaml", &yaml.replace("name: Sales", "name: Sold"));
    story.expect(0, "plan --out plan.json --sign keys/ann --snapshot-out live.json");
    story.expect(0, "approve plan.json --sign keys/ann --identity ann@example.com");
    story
}

/// Each position of a document that holds a text, one for those that differ only by a number or a name in a list; and the keys
/// of maps.
fn places(document: &Value) -> Vec<(String, bool)> {
    fn walk(value: &Value, at: &str, like: &str, found: &mut Vec<(String, String, bool)>) {
        let step = |name: &str| name.replace('~', "~0").replace('/', "~1");
        match value {
            Value::String(_) => found.push((like.to_owned(), at.to_owned(), false)),
            Value::Array(items) => (0..).zip(items).for_each(|(index, item)| {
                walk(item, &format!("{at}/{index}"), &format!("{like}/-"), found);
            }),
            Value::Object(map) => map.iter().for_each(|(name, item)| {
                let like = if name.contains(['.', '+']) { "name" } else { name };
                let (here, like) = (format!("{at}/{}", step(name)), format!("{at}/{like}"));
                found.push((format!("{like} as a name"), here.clone(), true));
                walk(item, &here, &like, found);
            }),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(document, "", "", &mut found);
    let mut seen = std::collections::BTreeSet::new();
    found.into_iter().filter(|(like, ..)| seen.insert(like.clone())).map(|(_, at, name)| (at, name)).collect()
}

/// A document with this text at a place.
fn with_text(document: &Value, (at, is_name): &(String, bool), text: &str) -> Value {
    let mut document = document.clone();
    if *is_name {
        let (map, name) = at.rsplit_once('/').unwrap();
        let map = document.pointer_mut(map).unwrap().as_object_mut().unwrap();
        let value = map.shift_remove(&name.replace("~1", "/").replace("~0", "~")).unwrap();
        map.insert(text.to_owned(), value);
    } else {
        *document.pointer_mut(at).unwrap() = json!(text);
    }
    document
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A document with this text at each place where a reader takes it.
fn with_texts(document: &Value, text: &str, reads: impl Fn(&Value) -> bool) -> Value {
    places(document).iter().fold(document.clone(), |document, at| {
        // An earlier name may have taken this place away.
        let there = document.pointer(&at.0).is_some();
        let changed = there.then(|| with_text(&document, at, text)).filter(|changed| reads(changed));
        changed.unwrap_or(document)
    })
}

/// A journal with a valid chain, as someone without the key writes it.
fn journal(lines: &[Value]) -> String {
    let (mut text, mut prev) = (String::new(), "0".repeat(64));
    for line in lines {
        let mut line = line.as_object().unwrap().clone();
        if let Some(before) = line.get_mut("prev") {
            *before = prev.into();
        }
        line.shift_remove("hash");
        line.shift_remove("mac");
        let whole = serde_json::to_string(&line).unwrap();
        let open = &whole[..whole.len() - 1];
        prev = sha256(open);
        text.push_str(&format!("{open},\"hash\":\"{prev}\"}}\n"));
    }
    text
}

#[test]
fn a_ledger_of_somebody_else() {
    let story = applied();
    let good: Value = serde_json::from_str(&story.read(LEDGER)).unwrap();
    for (at, evil) in places(&good).iter().zip(evils().iter().cycle()) {
        story.file(LEDGER, &format!("{:#}\n", with_text(&good, at, evil)));
        story.run("ledger list");
        if at.1 {
            story.run("plan");
        }
    }
    for evil in evils() {
        for text in [format!("{{ \"format\": 1, {} : 1 }}", json!(evil)), format!("{evil}\n"), format!("<<<<<<< {evil}\n")] {
            story.file(LEDGER, &text);
            for args in ["ledger list", "doctor", "plan --json", "ledger rebuild"] {
                story.run(args);
            }
        }
    }
}

#[test]
fn a_journal_of_somebody_else() {
    let story = applied();
    let good: Vec<Value> = story.read(JOURNAL).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut ledger = story.ledger();
    ledger.as_object_mut().unwrap().retain(|name, _| !["journal", "key_check"].contains(&name.as_str()));
    // As a whole, and interrupted in the middle of a run.
    for (lines, evil) in [&good[..good.len() - 2], &good[..]].into_iter().zip(evils()) {
        let reads = |lines: &Value| telform::state::journal::check_journal(journal(lines.as_array().unwrap()).as_bytes()).is_ok();
        let changed = with_texts(&json!(lines), &evil, reads);
        assert!(changed.to_string().matches(MARK).count() > 100);
        story.file(JOURNAL, &journal(changed.as_array().unwrap()));
        story.file(LEDGER, &format!("{ledger:#}\n"));
        for args in [
            "journal list",
            "journal show",
            "journal show --at 2099-01-01",
            "journal verify",
            "journal export",
            "journal export --format csv",
            "journal export --format html",
            "journal blame bridges.sales",
            "journal show --json",
            "verify .telform/ledger.journal",
            "plan",
            "doctor",
            "undo last",
            "resume",
            "apply",
        ] {
            story.run(args);
        }
    }
    for evil in evils() {
        for text in [format!("{evil}\n"), format!("{{{}: 1}}\n", json!(evil)), format!("{}\n", json!({ "seq": 1, "what": evil }))]
        {
            story.file(JOURNAL, &text);
            for args in ["journal verify", "journal list", "doctor", "verify .telform/ledger.journal"] {
                story.run(args);
            }
        }
    }
}

/// The holder of the lock wrote its identity.
#[test]
fn a_lock_of_somebody_else() {
    let story = applied();
    let lock = fs::OpenOptions::new().read(true).write(true).open(story.path(".telform/ledger.lock")).unwrap();
    lock.lock().unwrap();
    for evil in evils() {
        let note = json!({
            "format": 1, "state": "held", "id": evil, "owner": evil, "host": evil, "pid": 1, "since": "2026-01-01T00:00:00Z",
        });
        for text in [note.to_string(), evil.clone(), json!({ "format": evil, evil: 1 }).to_string()] {
            story.file(".telform/ledger.lock", &text);
            for args in [
                "apply --auto-approve --lock-timeout 1ms",
                "ledger unlock",
                "ledger unlock --lock-id x",
                "ledger unlock --json",
                "doctor",
                "forget bridges.sales",
            ] {
                let ran = story.run(args);
                assert!(ran.code != 0 || args == "doctor", "{}", ran.whole());
            }
        }
    }
}

/// A saved plan from another person, with any content; where it is sealed as a whole its readers reach each part.
#[test]
fn a_plan_and_a_snapshot_of_somebody_else() {
    let story = applied();
    let good: Value = serde_json::from_str(&story.read("plan.json")).unwrap();
    for (round, (at, evil)) in places(&good).iter().zip(evils().iter().cycle()).enumerate().step_by(3) {
        let mut document = with_text(&good, at, evil);
        let map = document.as_object_mut().unwrap();
        map.shift_remove("checksum");
        map.shift_remove("binding");
        if let Some(plan) = map.get("plan").filter(|_| at.0 != "/digest") {
            let canonical = serde_json_canonicalizer::to_string(plan).unwrap();
            map["digest"] = json!(format!("sha256:{}", sha256(&canonical)));
        }
        story.file("other.json", &format!("{document:#}\n"));
        let others = ["verify other.json", "apply other.json --auto-approve", "rehearse other.json"];
        story.run("show other.json");
        if round % 2 == 0 {
            story.run(others[round / 2 % others.len()]);
        }
    }
    let good: Value = serde_json::from_str(&story.read("live.json")).unwrap();
    for (at, evil) in places(&good).iter().zip(evils().iter().cycle()).step_by(5) {
        story.file("other.json", &format!("{:#}\n", with_text(&good, at, evil)));
        story.run("plan --snapshot other.json");
    }
}

/// Approvals, files of allowed signers, and file names.
#[test]
fn signatures_of_somebody_else() {
    let story = applied();
    let folder = story.path("plan.json.approvals");
    let file =
        fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).find(|it| it.extension().is_some_and(|it| it == "json"));
    let file = file.unwrap();
    let approval: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let (signers, signature) = (story.read("allowed_signers"), story.read("plan.json.sig"));
    let look = |story: &Story| {
        story.run("apply plan.json --auto-approve --allowed-signers allowed_signers --approvals 1");
    };
    for (at, evil) in places(&approval).iter().zip(evils().iter().cycle()) {
        fs::write(&file, format!("{:#}\n", with_text(&approval, at, evil))).unwrap();
        look(&story);
    }
    fs::write(&file, format!("{approval:#}\n")).unwrap();
    let key = signers.split_once(' ').unwrap().1.to_owned();
    for evil in evils() {
        let name = evil.replace(['/', '\0'], "").chars().take(60).collect::<String>();
        fs::write(folder.join(format!("{name}.json")), &evil).unwrap();
        fs::write(folder.join(format!("{name}.json.sig")), &evil).unwrap();
        for text in [evil.clone(), format!("\"{evil}\" {key}"), format!("{evil} {key}"), format!("ann@example.com {evil} {key}")]
        {
            story.file("allowed_signers", &text);
            look(&story);
        }
        story.file("allowed_signers", &signers);
        for text in [evil.clone(), signature.replace("BEGIN", &evil), signature.replacen('\n', &format!("\n{evil}"), 1)] {
            story.file("plan.json.sig", &text);
            look(&story);
        }
        story.file("plan.json.sig", &signature);
        // Files with such names.
        fs::create_dir_all(story.path(&format!("d{name}"))).unwrap();
        let inside = format!("d{name}/{name}.yaml");
        story.file(&inside, "version: 2\nnothing: [\n");
        simple(&story, "bob");
        let plan = format!("{name}.json");
        fs::copy(story.path("plan.json"), story.path(&plan)).unwrap();
        for args in [
            vec!["validate", "-f", &inside],
            vec!["plan", "-f", &inside],
            vec!["show", &plan],
            vec!["verify", &plan],
            vec!["plan", "--out", &plan],
            vec!["plan", "--out", &inside],
            vec!["approve", &plan, "--sign", "keys/bob", "--identity", &evil],
            vec!["adopt", "--all", "--out", &inside],
            vec!["plan", "--snapshot", &inside],
            vec!["ledger", "list", "--ledger", &inside],
            vec!["plan", "--ledger", &format!("{name}/ledger.json")],
            vec!["verify", &inside],
            vec!["sandbox", &inside],
            vec!["plan", "--journal-head-file", &inside],
        ] {
            with(&story, &args);
        }
        fs::remove_file(folder.join(format!("{name}.json"))).unwrap();
        fs::remove_file(folder.join(format!("{name}.json.sig"))).unwrap();
        let key = fs::metadata(story.path("keys/bob")).map(|_| fs::remove_file(story.path("keys/bob")));
        assert!(key.is_ok());
    }
}
