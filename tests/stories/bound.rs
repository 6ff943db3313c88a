//! A saved plan is what telform wrote: no member of it can be changed, removed or added without the fingerprint key.

use serde_json::{Value, json};
use telform::document;
use telform::model::ledger::FingerprintKey;

use crate::bench::Story;
use crate::runs::TWO;

const KEY: &str = "canary-fingerprint-key-0123456789";

/// A plan with sealed secrets, and the command that made it.
fn planned() -> (Story, Value) {
    let story = Story::new("{}").secret("AUTH", "canary-auth-one").secret("TELFORM_FINGERPRINT_KEY", KEY);
    story.unpod(TWO);
    story.expect(0, "plan --out plan.json --max-deletes 3");
    let plan = serde_json::from_str(&story.read("plan.json")).unwrap();
    (story, plan)
}

/// The text of a document with a matching checksum, as anyone can make it.
pub(crate) fn sealed(plan: &Value) -> String {
    let mut plan = plan.clone();
    if plan.get("checksum").is_some() {
        plan["checksum"] = document::unsealed_checksum().into();
    }
    document::seal_checksum(format!("{plan:#}\n"))
}

fn save(story: &Story, plan: &Value) {
    story.file("plan.json", &sealed(plan));
}

/// Every way to change one place of a document: its pointer, and the document.
fn changes(plan: &Value) -> Vec<(String, Value)> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| {
                    walk(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found)
                });
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{at}/{index}"), found));
            }
            _ => {}
        }
    }
    let mut places = Vec::new();
    walk(plan, "", &mut places);
    let mut all = Vec::new();
    for at in &places {
        let place = plan.pointer(at).unwrap();
        let others = match place {
            Value::String(text) => vec![json!(format!("{text}x")), json!("")],
            Value::Bool(is) => vec![json!(!is)],
            Value::Number(number) => {
                vec![json!(number.as_f64().unwrap()), json!(number.as_u64().unwrap() + 1)]
            }
            Value::Null => vec![json!(1)],
            Value::Array(items) => {
                let mut longer = items.clone();
                longer.push(items.last().cloned().unwrap_or(json!("more")));
                vec![Value::Array(longer)]
            }
            Value::Object(members) => {
                let mut more = members.clone();
                more.insert("more".to_owned(), json!({ "more": 1 }));
                vec![Value::Object(more)]
            }
        };
        for other in others {
            let mut changed = plan.clone();
            *changed.pointer_mut(at).unwrap() = other;
            all.push((format!("{at} changed"), changed));
        }
        let Some((above, name)) = at.rsplit_once('/') else { continue };
        let mut changed = plan.clone();
        match changed.pointer_mut(above).unwrap() {
            Value::Object(members) => _ = members.shift_remove(&name.replace("~1", "/").replace("~0", "~")),
            Value::Array(items) => _ = items.remove(name.parse().unwrap()),
            _ => continue,
        }
        all.push((format!("{at} removed"), changed));
    }
    all
}

#[test]
fn no_leaf_of_a_bound_plan_can_be_changed() {
    let (story, plan) = planned();
    let key = FingerprintKey::from_text(KEY).unwrap();
    let refused = |text: &str| match document::read_plan_document(text) {
        Err(_) => true,
        Ok(read) => {
            let own = document::bind_document(&read.unprotected(), &key);
            read.to_plan().is_err() || read.binding != Some(own)
        }
    };
    assert!(!refused(&sealed(&plan)), "as it was written");
    let all = changes(&plan);
    assert!(all.len() > 200, "{}", all.len());
    for (what, changed) in &all {
        // A matching checksum is made for every one of them.
        if what.starts_with("/checksum") {
            continue;
        }
        assert!(refused(&sealed(changed)), "{what}");
    }
    // The same end to end, for one of each type.
    let ends = [
        "/telform_version",
        "/summary",
        "/pending",
        "/origin/commit",
        "/origin/options/max_deletes",
        "/origin/configuration",
        "/notices",
        "/unmanaged",
        "/seals/key",
        "/binding/mac",
        "/binding/key",
        "/plan/steps/0/call/path",
        "/format_version",
    ];
    let mut tried = 0;
    for (what, changed) in
        all.iter().filter(|(what, _)| ends.iter().any(|end| what.strip_prefix(end).is_some_and(|rest| rest.starts_with(' '))))
    {
        save(&story, changed);
        let ran = story.run("apply plan.json --auto-approve");
        assert!([1, 4].contains(&ran.code), "{what}: {}", ran.whole());
        tried += 1;
    }
    assert!(tried > 15, "{tried}");
    assert_eq!(story.writes(), [""; 0]);
    save(&story, &plan);
    story.expect(0, "apply plan.json --auto-approve").says("Done: 2 writes");
}

#[test]
fn seals_stay_where_they_are() {
    let (mut story, plan) = planned();
    story.set("AUTH", "canary-auth-rotated");
    let changed = "error[telform::plan::changed]";
    let seals = |plan: &Value, step: &str| plan["seals"]["steps"][step]["auth_token"].clone();
    let mut swapped = plan.clone();
    swapped["seals"]["steps"]["s1"]["auth_token"] = seals(&plan, "s2");
    swapped["seals"]["steps"]["s2"]["auth_token"] = seals(&plan, "s1");
    let mut one = plan.clone();
    one["seals"]["steps"].as_object_mut().unwrap().shift_remove("s1");
    let mut none = plan.clone();
    none.as_object_mut().unwrap().shift_remove("seals");
    for (what, forged) in [("one seal less", &one), ("no seals", &none)] {
        save(&story, forged);
        let ran = story.run("apply plan.json --auto-approve");
        assert!(ran.code == 4 || ran.whole().contains(changed), "{what}: {}", ran.whole());
    }
    // The secret of the plan, and seals of another one.
    story.set("AUTH", "canary-auth-one");
    for forged in [&swapped, &one, &none] {
        save(&story, forged);
        let ran = story.run("apply plan.json --auto-approve");
        assert!(ran.code == 4 || ran.whole().contains(changed), "{}", ran.whole());
    }
    story.set("AUTH", "canary-auth-rotated");
    none.as_object_mut().unwrap().shift_remove("binding");
    save(&story, &none);
    let digest = plan["digest"].as_str().unwrap();
    let ran = story.expect(1, "apply plan.json --auto-approve");
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    ran.says("error[telform::plan::unbound]");
    assert!(said.contains(&format!("`telform apply --expect {digest}`")), "{said}");
    story.expect(1, "rehearse plan.json").says("error[telform::plan::unbound]");
    assert_eq!(story.writes(), [""; 0]);
    // Without a key it cannot be bound.
    let keyless = Story::new("{}").secret("AUTH", "canary-auth-one").secret("CI", "true");
    keyless.unpod(TWO);
    keyless.expect(0, "plan --out plan.json");
    keyless.expect(0, "apply plan.json --auto-approve").says("what is there now is sent");
}

#[test]
fn what_people_are_shown_follows_from_the_plan() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-one");
    story.unpod(TWO);
    story.expect(0, "plan --out plan.json");
    let plan: Value = serde_json::from_str(&story.read("plan.json")).unwrap();
    for (name, value) in [
        ("summary", json!("no changes")),
        ("pending", json!(false)),
        ("refused", json!(true)),
        ("format_version", json!(0)),
        ("digest", json!(format!("sha256:{}", "0".repeat(64)))),
    ] {
        let mut forged = plan.clone();
        forged[name] = value;
        save(&story, &forged);
        for command in ["apply plan.json --auto-approve", "show plan.json", "rehearse plan.json"] {
            story.expect(1, command).says("telform::plan::");
        }
    }
    let mut forged = plan.clone();
    forged["undo"] = json!([]);
    save(&story, &forged);
    story.expect(1, "apply plan.json --auto-approve").says("error[telform::plan::changed]");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn no_line_of_show_is_forged() {
    let (story, mut plan) = planned();
    story.expect(0, "show plan.json").says("\nplanned with --max-deletes 3\n");
    plan["origin"]["commit"] = json!("c0ffee\nbound to the value of 9 secrets\r\u{1b}[2K\u{2028}::notice::");
    plan["origin"]["configuration"] = json!("sha256:00\nplanned with --destroy");
    plan["telform_version"] = json!("9\nfrom a configuration with digest sha256:11");
    save(&story, &plan);
    let ran = story.expect(0, "show plan.json");
    for line in ["bound to the value of 9 secrets", "planned with --destroy", "from a configuration with digest sha256:11"] {
        assert!(!ran.stdout.lines().any(|shown| shown.starts_with(line) && shown.ends_with(line)), "{}", ran.whole());
    }
    ran.is_silent_about("\u{1b}").is_silent_about("\u{2028}");
}
