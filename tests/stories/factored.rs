//! Many alike: what `adopt` writes as a table and one entry, and what it does not.

use std::time::Instant;

use serde_json::{Value, json};

use crate::bench::Story;

/// A partner with what it shares with all others.
fn partner(index: usize, more: Value) -> Value {
    let mut fields = json!({
        "partner_sid": format!("3f0c6a52-8b1e-4a37-9d55-{index:012}"), "login": format!("acme-{index:04}"),
        "name": format!("Partner {index:04}"), "company_name": "Acme", "country_code": "USA", "zip": "01234",
        "owner_email": format!("ops{index:04}@acme.example"), "phonenumber": "15162065574", "payment_type": "postpay",
    });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields
}

fn partners(partners: Vec<Value>) -> Story {
    let story = Story::new(&json!({ "carrierx": { "partners": partners } }).to_string());
    story.carrierx("");
    story
}

fn alike(count: usize) -> Story {
    partners((1..=count).map(|index| partner(index, json!({}))).collect())
}

fn files(story: &Story) -> Vec<(String, String)> {
    let mut names: Vec<String> = std::fs::read_dir(story.path("telform"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), story.read(&format!("telform/{name}")))).collect()
}

const ADOPT: &str = "adopt --all --out telform -f telform.yaml";
const PLAN: &str = "plan -f telform.yaml -f telform --detailed-exitcode";

#[test]
fn two_thousand_partners_are_a_table_and_one_entry() {
    let story = alike(2000);
    let begun = Instant::now();
    let ran = story.expect(0, ADOPT);
    println!("adopted 2000 partners in {} ms", begun.elapsed().as_millis());
    ran.says("wrote telform/carrierx-partners.yaml  2000 partners\n").says("wrote telform/carrierx-partners.csv  2000 rows\n");
    ran.says("only a create needs it: country_code, daily_spending_limit, parent_sid, payment_type, spending_limit; --with")
        .says("a plan for what was adopted is empty");
    let first = files(&story);
    let [(table, rows), (_, yaml)] = first.as_slice() else { panic!("{first:?}") };
    assert_eq!((table.as_str(), rows.lines().count()), ("carrierx-partners.csv", 2001));
    println!("{} lines of YAML, {} bytes of table\n{yaml}", yaml.lines().count(), rows.len());
    assert!(yaml.lines().count() <= 60, "{yaml}");
    insta::assert_snapshot!("factored_partners", yaml);
    assert_eq!(rows.lines().nth(1).unwrap(), "acme-0001,Partner 0001,ops0001@acme.example,3f0c6a52-8b1e-4a37-9d55-000000000001");
    assert_eq!(story.ledger()["objects"].as_object().unwrap().len(), 2000);

    story.expect(0, PLAN).says("Plan: no changes").is_silent_about("left alone");
    story.expect(0, "apply -f telform.yaml -f telform --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
    // Again, with and without the earlier files, and without the ledger.
    story.expect(0, ADOPT).says("unchanged telform/carrierx-partners.yaml").says("unchanged telform/carrierx-partners.csv");
    std::fs::remove_dir_all(story.path(".telform")).unwrap();
    story.expect(0, &format!("{ADOPT} -f telform")).is_silent_about("wrote");
    assert_eq!(files(&story), first);
    // One line changes all of them, and a value has its place.
    story.expect(0, "explain partners.acme-0003 -f telform.yaml -f telform").says("telform/carrierx-partners.csv:4:");
    story.file("telform/carrierx-partners.yaml", &yaml.replace("15162065574", "15162065599"));
    story.expect(2, &format!("{PLAN} -q --max-update-percent 100")).says("2000 to update");
}

#[test]
fn twenty_are_written_out_and_twenty_one_are_a_table() {
    for (count, more, has_table) in [
        (20, "", false),
        (21, "", true),
        (20, " --factor", true),
        (2, " --factor", true),
        (1, " --factor", false),
        (30, " --no-factor", false),
    ] {
        let story = alike(count);
        let ran = story.expect(0, &format!("{ADOPT}{more}"));
        assert_eq!(story.path("telform/carrierx-partners.csv").exists(), has_table, "{count}{more}");
        // Entries of their own have what only a create needs, as ever.
        let yaml = story.read("telform/carrierx-partners.yaml");
        assert_eq!(yaml.contains("    payment_type: "), !has_table, "{count}{more}\n{yaml}");
        assert_eq!(ran.stdout.contains("only a create needs it"), has_table, "{count}{more}");
        story.expect(0, PLAN).says("Plan: no changes");
        assert_eq!(story.writes(), [""; 0]);
    }
}

#[test]
fn what_only_a_create_needs_is_written_where_it_is_asked_for() {
    let story = alike(21);
    story.expect(0, &format!("{ADOPT} --with-create-attributes")).is_silent_about("only a create needs it");
    let yaml = story.read("telform/carrierx-partners.yaml");
    assert!(yaml.contains("    country_code: \"USA\"\n") && yaml.contains("    payment_type: \"postpay\"\n"), "{yaml}");
    story.expect(0, PLAN).says("Plan: no changes");
}

/// A default of the user would give adopted partners another value than they have.
#[test]
fn a_default_that_says_something_else_is_overridden() {
    let story = alike(21);
    let text = story.read("telform.yaml");
    story.file("telform.yaml", &format!("{text}defaults: {{ partners: {{ payment_type: prepay }} }}\n"));
    story.expect(0, ADOPT).says("a create needs it: country_code, daily_spending_limit, parent_sid, spending_limit;");
    let yaml = story.read("telform/carrierx-partners.yaml");
    assert!(yaml.contains("    payment_type: \"postpay\"\n") && !yaml.contains("    country_code:"), "{yaml}");
    story.expect(0, PLAN).says("Plan: no changes");
}

#[test]
fn odd_ones_are_entries_or_tables_of_their_own() {
    let mut world: Vec<Value> = (1..=60)
        .map(|index| {
            let rules = json!([{ "direction": "any", "access_control_rules": [index % 2] }]);
            let callbacks = json!({ "sms": format!("https://hooks.acme.example/{index}") });
            partner(index, json!({ "parent_assigned_acls": rules, "callbacks": callbacks, "city": "=HYPERLINK(1)" }))
        })
        .collect();
    world.push(partner(61, json!({ "name": "4.41E+11" })));
    world.push(partner(62, json!({ "name": "bell\u{7}" })));
    world.push(partner(63, json!({ "city": "a\u{202e}b", "attributes": { "tier": "gold" } })));
    let story = partners(world);
    shot!("factored_odd", story.expect(0, ADOPT));
    let written = files(&story);
    let names: Vec<&str> = written.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["carrierx-partners-2.csv", "carrierx-partners.csv", "carrierx-partners.yaml"]);
    insta::assert_snapshot!("factored_odd_files", written[2].1);
    assert_eq!((written[0].1.lines().count(), written[1].1.lines().count()), (31, 31));
    story.expect(0, PLAN).says("Plan: no changes");
    assert_eq!(story.writes(), [""; 0]);
    story.expect(0, ADOPT).is_silent_about("wrote");
    assert_eq!(files(&story), written);
}

/// A cell that the loader does not take is empty, and a comment says why.
#[test]
fn cells_that_are_not_accepted_are_left_empty() {
    let world = (1..=25).map(|index| partner(index, if index % 10 == 0 { json!({ "name": "a ${x} b" }) } else { json!({}) }));
    let story = partners(world.collect());
    story.expect(0, ADOPT).says("Not written; see the comments in the file (2)");
    let yaml = story.read("telform/carrierx-partners.yaml");
    assert!(
        yaml.contains("    # name: not written: `name` contains `${x}`")
            && yaml.contains("(in 2 of 25 rows: acme-0010, acme-0020)"),
        "{yaml}"
    );
    story.expect(0, PLAN).says("Plan: no changes");
    // What all share is said once, and may look like a placeholder.
    let story = partners((1..=25).map(|index| partner(index, json!({ "company_name": "a ${x} b" }))).collect());
    story.expect(0, ADOPT).is_silent_about("Not written");
    assert!(story.read("telform/carrierx-partners.yaml").contains("    company_name: \"a $${x} b\"\n"));
    story.expect(0, PLAN).says("Plan: no changes");
}

#[test]
fn partners_that_wait_for_their_mail_are_rows_too() {
    let waiting = |index: usize| if index.is_multiple_of(2) { json!({ "owner_email": null }) } else { json!({}) };
    let story = partners((1..=30).map(|index| partner(index, waiting(index))).collect());
    let shown = story.expect(0, ADOPT).says("waits to be verified").stdout.clone();
    assert!(shown.contains("(15)"), "{shown}");
    let yaml = story.read("telform/carrierx-partners.yaml");
    assert!(yaml.contains("(in 15 of 30 rows: acme-0002, acme-0004, acme-0006 and 12 more)"), "{yaml}");
    story.expect(0, PLAN).says("Plan: no changes");
}

/// Two organizations with other shared values, and secrets whose variables come from the rows.
#[test]
fn each_account_has_tables_of_its_own() {
    let configurations = |organization: &str, provider: &str, from: u64| -> Vec<Value> {
        let of = |id: u64| {
            json!({
                "id": id, "provider": provider, "account_sid": format!("AC{id:032}"), "auth_token": format!("canary-factored-{id}"),
                "organization": organization,
            })
        };
        (from..from + 25).map(of).collect()
    };
    let all = [configurations("one.example", "twilio", 100), configurations("two.example", "plivo", 200)].concat();
    let world = json!({ "unpod": {
        "knobs": { "bridge_get": "configuration_id" },
        "organizations": [{ "handle": "one.example" }, { "handle": "two.example" }],
        "configurations": all,
        "numbers": [{ "id": 501, "number": "+14155550101", "organization": null }],
        "bridges": (1..=22).map(|index| json!({
            "id": 300 + index, "slug": format!("line-{index:02}"), "name": "Line", "organization": "one.example",
            "numbers": if index == 1 { json!({ "+14155550101": 101 }) } else { json!({}) },
        })).collect::<Vec<_>>(),
    } });
    let mut story = Story::new(&world.to_string());
    let url = story.sandbox.unpod_url();
    let account = |name: &str| {
        format!(
            "  {name}: {{ api: unpod, base_url: \"{url}\", org_handle: {name}.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }}\n"
        )
    };
    story.file("telform.yaml", &format!("version: 1\naccounts:\n{}{}", account("one"), account("two")));
    let ran = story.expect(0, ADOPT);
    ran.says("one-providers.csv  25 rows").says("two-providers.csv  25 rows").says("one-bridges.csv  21 rows");
    let (one, two) = (story.read("telform/one-providers.yaml"), story.read("telform/two-providers.yaml"));
    assert!(one.contains("    provider: \"twilio\"\n") && two.contains("    provider: \"plivo\"\n"), "{one}{two}");
    insta::assert_snapshot!("factored_providers", one);
    // A bridge with numbers owns them whole, and is an entry of its own.
    let bridges = story.read("telform/one-bridges.yaml");
    assert!(bridges.contains("\n  line-01:\n") && bridges.contains("{ provider: twilio-000101 }"), "{bridges}");
    story.expect(0, PLAN).says("Plan: no changes");
    assert_eq!(story.writes(), [""; 0]);
    let written = files(&story);
    assert!(written.iter().all(|(_, text)| !text.contains("canary-")));
    // The variable of a row is the one that the entry asks for.
    let row = written.iter().find(|(name, _)| name == "one-providers.csv").unwrap().1.lines().nth(1).unwrap().to_owned();
    assert_eq!(row, format!("twilio-000100,AC{:032},TWILIO_000100,100", 100));
    story.set("TWILIO_000100_AUTH_TOKEN", "canary-factored-new");
    let plan = story.expect(2, &format!("{PLAN} --rewrite-secret providers.twilio-000100"));
    plan.says("env TWILIO_000100_AUTH_TOKEN");
    story.expect(0, ADOPT).is_silent_about("wrote");
    assert_eq!(files(&story), written);
}

#[test]
fn a_file_of_another_is_never_overwritten() {
    let story = alike(25);
    std::fs::create_dir(story.path("telform")).unwrap();
    story.file("telform/carrierx-partners.csv", "mine\n1\n");
    let refused = story.expect(1, ADOPT);
    refused.says("telform/carrierx-partners.csv already exists with different content; nothing was written");
    assert_eq!(files(&story), [("carrierx-partners.csv".to_owned(), "mine\n1\n".to_owned())]);
    assert!(!story.path(".telform/ledger.json").exists());
    #[cfg(unix)]
    {
        std::fs::remove_file(story.path("telform/carrierx-partners.csv")).unwrap();
        std::os::unix::fs::symlink(story.path("elsewhere.csv"), story.path("telform/carrierx-partners.csv")).unwrap();
        story.expect(1, ADOPT).says("already exists with different content");
        assert!(!story.path("elsewhere.csv").exists() && files_are_links(&story));
    }
    // A table that was edited is its owner's.
    let story = alike(25);
    story.expect(0, ADOPT);
    let edited = story.read("telform/carrierx-partners.csv").replace("Partner 0007", "By hand");
    story.file("telform/carrierx-partners.csv", &edited);
    story.expect(1, ADOPT).says("telform/carrierx-partners.csv already exists with different content");
    assert_eq!(story.read("telform/carrierx-partners.csv"), edited);
}

#[cfg(unix)]
fn files_are_links(story: &Story) -> bool {
    std::fs::read_dir(story.path("telform")).unwrap().all(|entry| entry.unwrap().file_type().unwrap().is_symlink())
}

#[test]
fn a_program_reads_which_files_were_written() {
    let story = alike(25);
    let json = story.expect(0, &format!("{ADOPT} --json")).json();
    assert_eq!(json["files"], json!(["telform/carrierx-partners.yaml", "telform/carrierx-partners.csv"]));
    assert_eq!((json["objects"].as_array().unwrap().len(), &json["objects"][24]["address"]), (25, &json!("partners.acme-0025")));
    let quiet = alike(25);
    quiet.expect(0, &format!("{ADOPT} -q")).says("Adopted 25 objects into 2 files.");
    for args in [
        "adopt partners.a 1 --factor",
        "adopt --all --out x --factor --no-factor",
        "adopt --all --out x --no-factor --with-create-attributes",
    ] {
        assert_eq!(story.run(args).code, 1, "{args}");
    }
}
