//! Several formats from one run, annotations for the forges, and options that are refused before anything is read.

use serde_json::{Value, json};

use crate::bench::Story;
use crate::partners::{verified, west};

#[test]
fn every_format_from_one_run() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let plain = story.expect(0, "plan --sandbox world.yaml");
    let json = story.expect(0, "plan --sandbox world.yaml --format json");
    let all = "plan --sandbox world.yaml --format markdown=out/comment.md --format html=out/plan.html \
               --format terraform-json=out/tf.json --format json=out/plan.json --format text=out/plan.txt \
               --format github=out/github.txt --format gitlab=out/gitlab.json";
    let ran = story.expect(0, all);
    assert_eq!(ran.stdout, plain.stdout, "with files only, people still read the plan");
    assert_eq!(story.read("out/plan.json"), json.stdout, "the same bytes in a file");
    assert_eq!(format!("{}To apply it, run `telform apply --sandbox world.yaml`.\n", story.read("out/plan.txt")), plain.stdout);
    // One format at a time prints what the file holds.
    for (format, file) in [
        ("markdown", "comment.md"),
        ("html", "plan.html"),
        ("terraform-json", "tf.json"),
        ("github", "github.txt"),
        ("gitlab", "gitlab.json"),
    ] {
        let printed = story.expect(0, &format!("plan --sandbox world.yaml --format {format}"));
        assert_eq!(timeless(&printed.stdout), timeless(&story.read(&format!("out/{file}"))), "{format}");
    }
    insta::with_settings!({ filters => crate::bench::FILTERS, omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("quickstart_markdown", story.read("out/comment.md"));
        insta::assert_snapshot!("quickstart_github", story.read("out/github.txt"));
        insta::assert_snapshot!("quickstart_gitlab", story.read("out/gitlab.json"));
    });
    let html = story.read("out/plan.html");
    assert!(html.contains("1 to replace, 1 to delete") && html.contains("fax-bridge-003"));
    let terraform: Value = serde_json::from_str(&story.read("out/tf.json")).unwrap();
    let actions = |wanted: &str| {
        let changes = terraform["resource_changes"].as_array().unwrap().iter();
        let of = |change: &&Value| {
            change["type"] != "telform_number" && change["change"]["actions"] == serde_json::from_str::<Value>(wanted).unwrap()
        };
        changes.filter(of).count()
    };
    let counts = [r#"["create"]"#, r#"["update"]"#, r#"["create","delete"]"#, r#"["delete"]"#, r#"["no-op"]"#].map(actions);
    assert_eq!(counts, [2, 3, 1, 1, 0], "as the summary says");
    // The same plan, whatever it is drawn as: its files are the same bytes again.
    story.expect(2, &format!("{all} --detailed-exitcode"));
    assert_eq!(timeless(&story.read("out/plan.html")), timeless(&html));
    let left: Vec<_> = std::fs::read_dir(story.path("out")).unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(left.len(), 7, "nothing temporary stays: {left:?}");
    story.expect(0, "plan --sandbox world.yaml --json --format markdown=out/comment.md").json();
}

/// A page without the time at which it was made.
fn timeless(text: &str) -> String {
    match (text.find("<time "), text.find("</time>")) {
        (Some(start), Some(end)) => format!("{}{}", &text[..start], &text[end..]),
        _ => text.to_owned(),
    }
}

/// A policy judges an object by all that its service shows, also where the plan does not change it.
#[test]
fn terraform_readers_see_whole_objects_and_say_where_they_do_not() {
    let mut story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let world = "--sandbox world.yaml";
    let read = |ran: crate::bench::Ran| -> Value { serde_json::from_str(&ran.stdout).unwrap() };
    let planned = read(story.expect(0, &format!("plan {world} --out plan.json --format terraform-json")));
    assert_eq!(planned["telform_objects"], "whole");
    let resource = |document: &Value, address: &str| {
        let all = document["resource_changes"].as_array().unwrap().iter();
        all.filter(|it| it["address"] == address).map(|it| it["change"].clone()).collect::<Vec<_>>()
    };
    let of = |document: &Value, address: &str| -> Value {
        let found = resource(document, address);
        assert_eq!(found.len(), 1, "{address}: {found:?}");
        found[0].clone()
    };
    let west = of(&planned, "carrierx_partner.acme-west");
    assert_eq!((&west["before"]["zip"], &west["after"]["zip"]), (&json!("90802"), &json!("90804")));
    for side in ["before", "after"] {
        assert_eq!(west[side]["country_code"], "USA", "not changed, and there: {west}");
        assert_eq!(west[side]["login"], "acme-west");
        assert!(west[side].get("password").is_none());
    }
    let bridge = of(&planned, "unpod_bridge.sales");
    assert_eq!(bridge["before"]["numbers"]["+14155550101"], "providers.old-plivo");
    let replaced = of(&planned, "unpod_provider.backup");
    assert_eq!((&replaced["before"]["provider"], &replaced["after"]["provider"]), (&json!("exotel"), &json!("twilio")));
    assert_eq!(replaced["after_unknown"]["id"], true);
    let moved = of(&planned, "telform_number.this[\"+14155550101\"]");
    assert_eq!(moved["actions"], json!(["update"]));
    assert_eq!(
        (&moved["before"]["served_by"], &moved["after"]["served_by"]),
        (&json!("providers.old-plivo"), &json!("providers.twilio-main"))
    );
    let dark = planned["resource_changes"].as_array().unwrap().iter();
    let dark = dark.filter(|it| it["type"] == "telform_number" && it["change"]["actions"] == json!(["delete"])).count();
    assert_eq!(dark, 1, "the fax line");
    // Each resource of the configuration once, although several numbers share one.
    let configured = planned["configuration"]["root_module"]["resources"].as_array().unwrap().iter();
    let mut names: Vec<&str> = configured.map(|it| it["address"].as_str().unwrap()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);

    // A saved plan does not hold the rest, and a limited one compared nothing else.
    let shown = read(story.expect(0, "show plan.json --format terraform-json"));
    assert_eq!(shown["telform_objects"], "changes");
    assert!(of(&shown, "carrierx_partner.acme-west")["before"].get("country_code").is_none());
    let limited = read(story.expect(0, &format!("plan {world} --target partners.acme-west --format terraform-json")));
    assert_eq!(limited["resource_changes"].as_array().unwrap().len(), 1);

    story.expect(0, &format!("apply {world} --auto-approve"));
    let after = read(story.expect(0, &format!("plan {world} --format terraform-json")));
    let same = of(&after, "carrierx_partner.acme-east");
    assert_eq!(same["actions"], json!(["no-op"]));
    assert_eq!((&same["before"], &same["after_sensitive"]), (&same["after"], &json!({ "password": true })));
    assert_eq!(same["after"]["owner_email"], "east@acme.example");
    assert_eq!(of(&after, "unpod_bridge.sales")["after"]["numbers"]["+14155550101"], "providers.twilio-main");
    assert!(after["resource_changes"].as_array().unwrap().iter().all(|it| it["change"]["actions"] == json!(["no-op"])));
    // What a guard or a rule refuses differs, and is not said to be unchanged.
    story.set("ACME_WEST_PASSWORD", "another-password-1");
    let text = story.read("telform.yaml").replace("login: acme-east", "login: acme-eastern");
    story.file("telform.yaml", &text);
    let refused = read(story.expect(3, &format!("plan {world} --format terraform-json")));
    assert_eq!(resource(&refused, "carrierx_partner.acme-east"), Vec::<Value>::new());
}

/// Who planned, in which run: as far as the environment says it, and nothing where it does not.
#[test]
fn a_page_says_who_planned_and_where() {
    let mut story = verified("");
    story.carrierx(&west(""));
    let plain = story.expect(0, "plan --format html=plan.html --format markdown=plan.md");
    assert!(!plain.stdout.contains("Planned"));
    let page = story.read("plan.html");
    assert!(page.contains("<dt>planned</dt>") && page.contains("<dt>by</dt><dd>somebody</dd>"), "{page}");
    assert!(!page.contains("<dt>commit</dt>") && !page.contains("<dt>CI run</dt>") && !story.read("plan.md").contains("Planned"));
    for (name, value) in [
        ("GITHUB_SERVER_URL", "https://git.example"),
        ("GITHUB_REPOSITORY", "acme/phones"),
        ("GITHUB_RUN_ID", "4711"),
        ("GITHUB_ACTOR", "ada"),
    ] {
        story.settings.insert(name.to_owned(), value.to_owned());
    }
    let url = "https://pages.example/plan.html";
    story.expect(0, &format!("plan --format html=plan.html --format markdown=plan.md --out plan.json --page-url {url}"));
    let run = "https://git.example/acme/phones/actions/runs/4711";
    assert!(story.read("plan.html").contains(&format!("<a rel=\"noreferrer\" href=\"{run}\">{run}</a>")));
    let comment = story.read("plan.md");
    assert!(comment.contains(&format!("Planned by `ada`, [CI run]({run}); [the plan as a page]({url}).")), "{comment}");
    // A saved plan does not say who made it.
    let shown = story.expect(0, "show plan.json --format html").stdout;
    assert!(!shown.contains("<dt>planned</dt>") && !shown.contains("<dt>CI run</dt>"));
    story.expect(1, "plan --page-url javascript:alert(1)").says("the address of a page begins with https://");
}

#[test]
fn formats_that_cannot_be() {
    let story = verified("");
    story.carrierx(&west(""));
    shot!("formats_two_printed", story.expect(1, "plan --format json --format html"));
    shot!("formats_one_file", story.expect(1, "plan --format json=x --format html=x"));
    story.expect(1, "plan --format yaml").says("the formats are text, json, markdown, html");
    story.expect(1, "plan --format html=").says("a file must follow the `=`");
    story.expect(1, "validate --format html").says("the formats are text, json, github, gitlab");
    assert_eq!(story.take_log(), [""; 0], "nothing was read for these");
    story.file("folder", "no folder");
    story.expect(1, "plan --format html=folder/plan.html").says("cannot write folder/plan.html");
}

const WRONG: &str = "version: 1
accounts:
  carrierx: { api: carrierx, token: { env: T } }
partners:
  a: { login: a, nmae: A }
  b: { login: b, zip: 12 }
";

#[test]
fn problems_of_the_yaml_at_their_places() {
    let story = verified("");
    story.file("telform.yaml", WRONG);
    shot!("validate_github", story.expect(1, "validate --format github"));
    let ran = story.expect(1, "validate --format github --format gitlab=quality.json");
    ran.says("::error file=telform.yaml,line=5,col=").says("error[telform::");
    let report: Value = serde_json::from_str(&story.read("quality.json")).unwrap();
    assert_eq!(report[0]["location"], json!({ "path": "telform.yaml", "lines": { "begin": 5 } }));
    assert_eq!(report[0]["severity"], "blocker");
    // A plan that cannot be made says the same.
    let plan = story.expect(1, "plan --format github");
    assert_eq!(plan.stdout, story.expect(1, "validate --format github").stdout);
    let both = story.expect(1, "validate --format json");
    assert_eq!(both.json(), story.expect(1, "validate --json").json());

    // With nothing wrong there is nothing to mark.
    story.carrierx(&west(""));
    assert_eq!(story.expect(0, "validate --format github").stdout, "");
    assert_eq!(story.expect(0, "validate --format gitlab").stdout.trim(), "[]");
    // A refusing service is an error, too.
    story.fault("{ match: { times: 0 }, effect: { answer: { status: 403 } } }");
    let failed = story.expect(1, "plan --format github");
    assert!(failed.stdout.starts_with("::error title=telform%3A%3Alive%3A%3Aforbidden::account carrierx"), "{}", failed.stdout);
}

#[test]
fn a_refusal_stands_at_its_place() {
    let story = verified("");
    story.carrierx(&west("").replace("postpay", "prepay"));
    let refused = story.expect(3, "plan --format github --format html=plan.html --format markdown=plan.md");
    shot!("refused_github", refused);
    assert!(story.read("plan.html").contains("class=\"refused\""), "a refused plan is written too");
    assert!(story.read("plan.md").contains("### REFUSED (1): this plan will not be applied"));
}
