//! `telform diff`: what two saved plans do differently.

use std::io::Write;
use std::process::Stdio;

use crate::bench::Story;
use crate::partners::{by_hand, west, world_with_west};

fn partner() -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    address1: New Street 2\n"));
    story
}

#[test]
fn the_same_plan_made_twice_is_the_same() {
    let story = partner();
    story.expect(0, "plan --out first.json");
    // Another file and another commit of it: the plan does the same.
    story.carrierx(&format!("# reviewed\n{}", west("    address1: New Street 2\n")));
    story.expect(0, "plan --out second.json");
    story.take_log();
    shot!("diff_same", story.expect(0, "diff first.json second.json"));
    story.expect(0, "diff first.json first.json -q").says("Both plans do the same: 1 request in the same order.");
    let told = story.expect(0, "diff first.json second.json --json").json();
    assert_eq!((&told["same"], &told["same_requests"]), (&true.into(), &true.into()));
    assert_eq!(told["circumstances"][0]["what"], "configuration");
    assert_eq!(story.take_log(), [""; 0], "comparing asks nobody");
}

#[test]
fn what_moved_since_the_review() {
    let story = partner().secret("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789");
    story.expect(0, "plan --out reviewed.json");
    by_hand(&story, "address1", "Elsewhere 3");
    let east = "  east: { login: acme-east, password: { env: WEST_PASSWORD }, name: East, company_name: Acme, country_code: USA, zip: \"10001\", owner_email: e@acme.example, phonenumber: \"15162065575\", payment_type: postpay }\n";
    story.carrierx(&format!("{}{east}", west("    address1: New Street 2\n    city: LA\n")));
    story.expect(0, "plan --out today.json");
    shot!("diff_moved", story.expect(2, "diff reviewed.json today.json"));
    shot!("diff_moved_back", story.expect(2, "diff today.json reviewed.json"));
    shot!("diff_moved_markdown", story.expect(2, "diff reviewed.json today.json --format markdown"));
    shot!("diff_moved_json", story.expect(2, "diff reviewed.json today.json --format json"));
    story.expect(2, "diff reviewed.json today.json --format markdown=a.md --format text=a.txt --format json=a.json -q");
    assert!(story.read("a.md").starts_with("**The plans differ: "));
    assert!(story.read("a.txt").contains("Only in the second plan (1)"));
    assert!(story.read("a.json").contains("\"telform-plan-comparison\""));
}

#[test]
fn numbers_and_refusals_differ() {
    let story = crate::machine::story();
    story.expect(0, "plan --max-deletes 1 --out allowed.json");
    story.expect(3, "plan --out refused.json");
    shot!("diff_refused", story.expect(2, "diff allowed.json refused.json"));
    story.unpod(
        "providers:\n  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\nbridges:\n  sales: { slug: sales, name: Sales, numbers: {} }\n",
    );
    story.expect(0, "plan --max-numbers-dark 1 --out dark.json");
    shot!("diff_numbers", story.expect(2, "diff allowed.json dark.json"));
}

#[test]
fn a_secret_with_another_value_is_a_difference_and_is_not_shown() {
    let mut story = crate::machine::story();
    // The first apply keeps a key, with which later plans seal their secrets.
    story.expect(0, "apply --auto-approve --max-deletes 1");
    let more = |story: &Story| {
        story.unpod(
            "providers:\n  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n  other: { provider: twilio, account_sid: AC44, auth_token: { env: AUTH } }\n",
        );
    };
    more(&story);
    story.expect(0, "plan --target providers.other --out first.json");
    story.expect(0, "plan --target providers.other --out again.json");
    story.expect(0, "diff first.json again.json");
    story.set("AUTH", "canary-machine-other-value");
    story.expect(0, "plan --target providers.other --out second.json");
    let ran = story.expect(2, "diff first.json second.json");
    ran.says("create providers.other: secret auth_token").says("another value").is_silent_about("canary");
    ran.says("Both send the same requests in the same order.");
}

#[test]
fn an_inserted_request_does_not_make_the_others_differ() {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    let one = |name: &str| {
        format!(
            "  {name}: {{ login: acme-{name}, password: {{ env: WEST_PASSWORD }}, name: {name}, company_name: Acme, country_code: USA, zip: \"10001\", owner_email: {name}@acme.example, phonenumber: \"15162065575\", payment_type: postpay }}\n"
        )
    };
    let partners = |names: &[&str]| format!("partners:\n{}", names.iter().map(|name| one(name)).collect::<String>());
    story.carrierx(&partners(&["bb", "cc"]));
    story.expect(0, "plan --out first.json");
    story.carrierx(&partners(&["aa", "bb", "cc"]));
    story.expect(0, "plan --out second.json");
    let told = story.expect(2, "diff first.json second.json --json").json();
    assert_eq!(told["only_in_second"][0]["address"], "partners.aa");
    assert_eq!(
        (told["different"].as_array().map(Vec::len), told["other"].as_array().map(Vec::len)),
        (Some(0), Some(0)),
        "{told}"
    );
}

#[test]
fn many_alike_differences_are_one() {
    let story = Story::new("{}").secret("PW", "canary-pw");
    let partners = |zip: &str| {
        let one = |at: usize| {
            format!(
                "  p{at:03}: {{ login: p{at:03}, password: {{ env: PW }}, name: P, company_name: Acme, country_code: USA, zip: \"{zip}\", owner_email: p@acme.example, phonenumber: \"15162065575\", payment_type: postpay }}\n"
            )
        };
        format!("partners:\n{}", (0..60).map(one).collect::<String>())
    };
    story.carrierx(&partners("10001"));
    story.expect(0, "plan --out first.json");
    story.carrierx(&partners("10002"));
    story.expect(0, "plan --out second.json");
    shot!("diff_alike", story.expect(2, "diff first.json second.json"));
    let unfolded = story.expect(2, "diff first.json second.json -v");
    assert_eq!(unfolded.stdout.matches("create partners.p0").count(), 60);
}

#[test]
fn files_that_are_not_plans_as_written_are_refused() {
    let story = partner();
    story.expect(0, "plan --out plan.json");
    story.file("edited.json", &story.read("plan.json").replace("New Street 2", "New Street 9"));
    story.expect(1, "diff plan.json edited.json").says("edited.json: it was changed or cut off").says("telform::plan::changed");
    story.expect(1, "diff nowhere.json plan.json").says("telform::plan::unreadable");
    story.expect(1, "diff - -").says("both plans cannot come from standard input");
    story.expect(1, "diff plan.json").says("<PLAN>");
    let mut command = story.command("diff plan.json -");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(story.read("plan.json").as_bytes()).unwrap();
    let ran = story.ran("diff plan.json -", &child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.whole());
}

#[test]
fn hostile_values_are_harmless() {
    let story = Story::new("{}").secret("PW", "canary-pw");
    let partner = |name: &str| {
        let name = serde_json::to_string(name).unwrap();
        format!(
            "partners:\n  p: {{ login: p, password: {{ env: PW }}, name: {name}, company_name: Acme, country_code: USA, zip: \"1\", owner_email: p@acme.example, phonenumber: \"15162065575\", payment_type: postpay }}\n"
        )
    };
    story.carrierx(&partner("plain"));
    story.expect(0, "plan --out first.json");
    story.carrierx(&partner("::error::x ``` <img src=x> @all #1 |"));
    story.expect(0, "plan --out second.json");
    // The bench looks for what steers a terminal or a CI runner in everything that was printed.
    story.expect(2, "diff first.json second.json").says("<img src=x>");
    let page = story.expect(2, "diff first.json second.json --format markdown").stdout;
    let line = page.lines().find(|line| line.contains("<img")).unwrap();
    assert!(line.contains("````"), "{page}");
    assert!(comrak::markdown_to_html(&page, &comrak::Options::default()).contains("&lt;img src=x&gt; @all #1 |"), "{page}");
}
