//! Formats that list findings for other programs: GitHub, GitLab, SARIF and JUnit, from each command that has them.

use serde_json::{Value, json};

use crate::bench::Story;
use crate::partners::{by_hand, verified, west};

fn file(story: &Story, name: &str) -> Value {
    serde_json::from_str(&story.read(name)).unwrap()
}

fn results(sarif: &Value) -> &Vec<Value> {
    sarif["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn validate_marks_the_places_of_problems() {
    let story = Story::new("{}");
    story.unpod("providers:\n  main: { provider: twilio, acount_sid: AC1 }\n");
    let ran = story.expect(1, "validate --format sarif --format junit=tests.xml --format gitlab=quality.json");
    let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
    let first = &results(&sarif)[0];
    assert_eq!((&first["ruleId"], &first["level"]), (&json!("telform::yaml::unknown_key"), &json!("error")));
    let at = &first["locations"][0]["physicalLocation"];
    assert_eq!(at["artifactLocation"]["uri"], "telform.yaml");
    let quality = file(&story, "quality.json");
    assert_eq!(quality[0]["location"]["lines"]["begin"], at["region"]["startLine"]);
    let tests = story.read("tests.xml");
    assert!(tests.contains("<failure") && tests.contains("acount_sid"), "{tests}");

    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }\n");
    let ran = story.expect(0, "validate --format junit");
    ran.says(r#"tests="1" failures="0""#).says("the YAML is valid");
    let ran = story.expect(0, "validate --format sarif");
    assert_eq!(results(&serde_json::from_str(&ran.stdout).unwrap()), &Vec::<Value>::new());
}

#[test]
fn a_plan_marks_entries_and_its_refusals_fail() {
    let story = Story::new(crate::deletes::CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod(
        "providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
removed:
  - { address: providers.old, provider: plivo, account_sid: MA42, reason: contract ended }
",
    );
    let formats = "--format sarif=plan.sarif --format junit=plan.xml --format gitlab=plan.json --format github=plan.txt";
    story.expect(3, &format!("plan {formats}"));
    let sarif = file(&story, "plan.sarif");
    let of = |code: &str| results(&sarif).iter().find(|it| it["ruleId"] == code).unwrap_or_else(|| panic!("{code}: {sarif:#}"));
    assert_eq!(of("plan::delete")["level"], "warning");
    assert!(of("plan::phone_number")["message"]["text"].as_str().unwrap().contains("+1415555010"));
    let line = |it: &Value| it["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap();
    // The line of the tombstone, in each format.
    let at = line(of("plan::delete"));
    assert!(story.read("telform.yaml").lines().nth(at as usize - 1).unwrap().contains("providers.old"));
    assert!(story.read("plan.txt").contains(&format!("::warning file=telform.yaml,line={at},")), "{}", story.read("plan.txt"));
    let quality = file(&story, "plan.json");
    let delete = quality.as_array().unwrap().iter().find(|it| it["check_name"] == "plan::delete").unwrap();
    assert_eq!((&delete["severity"], delete["location"]["lines"]["begin"].as_u64()), (&json!("critical"), Some(at)));
    let tests = story.read("plan.xml");
    assert_eq!(tests.matches("<failure").count(), results(&sarif).iter().filter(|it| it["level"] == "error").count(), "{tests}");

    // What fails before there is a plan is a finding, too.
    story.fault("{ match: { method: GET, times: 0 }, effect: { answer: { status: 401 } } }");
    story.expect(1, "plan --format sarif=failed.sarif --format junit=failed.xml");
    assert_eq!(results(&file(&story, "failed.sarif"))[0]["level"], "error");
    assert!(story.read("failed.xml").contains("<failure"));
}

#[test]
fn drift_fails_where_something_drifted_and_passes_what_was_compared() {
    let story = verified("");
    story.carrierx(&west("    address1: Old Street 1\n"));
    story.apply();
    let formats = "--format junit=drift.xml --format sarif=drift.sarif --format markdown=drift.md --format text=drift.txt";
    story.expect(0, &format!("drift {formats}"));
    let tests = story.read("drift.xml");
    assert!(tests.contains("1 partner compared") && !tests.contains("<failure"), "{tests}");
    by_hand(&story, "address1", "New Street 2");
    let ran = story.expect(2, &format!("drift {formats}"));
    ran.says("changed outside telform");
    let (tests, text) = (story.read("drift.xml"), story.read("drift.txt"));
    assert!(tests.contains("1 partner compared") && tests.matches("<failure").count() == 1, "{tests}");
    assert!(text.contains("To accept it, which changes the YAML as shown:") && !text.contains('\u{1b}'), "{text}");
    let sarif = file(&story, "drift.sarif");
    assert_eq!(results(&sarif)[0]["ruleId"], "drift::outside");
    assert!(story.read("drift.md").starts_with("<!-- telform drift -->\n> [!WARNING]\n"), "{}", story.read("drift.md"));
    story
        .expect(2, "drift --format github")
        .says("::warning file=telform.yaml,line=")
        .says("title=outside::partners.west address1");
    story.expect(2, "drift --format gitlab").says(r#""severity": "critical""#);
    let document = story.expect(2, "drift --json").json();
    assert_eq!((&document["drifted"], &document["counts"]), (&json!(true), &json!({ "outside": 1 })));
    assert_eq!(story.expect(2, "drift --format json").json()["drifted"], true);
}

#[test]
fn a_message_begins_with_the_verdict_and_drift_has_a_page() {
    let story = verified("");
    story.carrierx(&west("    address1: Old Street 1\n"));
    story.expect(0, "plan --quiet --format slack=plan.txt --format html=plan.html");
    assert!(
        story.read("plan.txt").starts_with("*telform plan: changes pending* `1 to update, 1 request`\n"),
        "{}",
        story.read("plan.txt")
    );
    story.expect(0, "apply --auto-approve --report slack=apply.txt --format junit=apply.xml");
    assert!(story.read("apply.txt").starts_with("*telform apply: done* `1 step: 1 done. "), "{}", story.read("apply.txt"));
    assert!(story.read("apply.xml").contains("<testsuite "));
    story.expect(0, "drift --quiet --format slack=drift.txt --format html=drift.html");
    assert!(story.read("drift.txt").starts_with("*telform drift: no drift* `"), "{}", story.read("drift.txt"));
    assert!(story.read("drift.html").contains("nothing to decide"));
    by_hand(&story, "address1", "New <Street> & 2");
    story.expect(2, "drift --quiet --format html=drift.html").says("Drift: 1 thing.");
    let message = story.expect(2, "drift --format slack").stdout;
    assert!(
        message.starts_with("*telform drift: something drifted* `Drift: 1 thing.`\n• *!* `partners.west address1: "),
        "{message}"
    );
    assert!(message.contains("New &lt;Street&gt; &amp; 2"), "{message}");
    let page = story.read("drift.html");
    assert!(page.contains("To decide (1)") && page.contains("New &lt;Street&gt; &amp; 2"), "{page}");
    assert!(page.contains("partners.west address1") && page.contains("<dt>compared</dt>"), "{page}");
    // What is wrong with the YAML, and what fails before there is a result.
    story.expect(0, "validate --format slack").says("*telform validate: the YAML is valid*");
    story.carrierx(&west("    adress1: New Street 2\n"));
    story.expect(1, "plan --format slack").says("*telform plan: failed*\n• *!* `");
    story.expect(1, "validate --format slack").says("*telform validate: not valid*\n• *!* `");
}

#[test]
fn a_destroy_reports_as_an_apply_does() {
    let story = verified("");
    story.carrierx(&format!("guards: {{ max_deletes: 1 }}\n{}", west("    address1: Old Street 1\n")));
    story.apply();
    story.expect(1, "destroy --auto-approve --report markdown").says("a report needs a file");
    let ran = story.run("destroy --auto-approve --report markdown=report.md --report junit=run.xml");
    assert!(story.read("report.md").contains("> telform destroy: **"), "{}", ran.stdout);
    assert!(story.read("run.xml").contains("telform destroy"));
}

#[test]
fn an_apply_reports_each_step_as_a_case() {
    let story = verified("");
    story.carrierx(&west("    address1: Old Street 1\n"));
    let reports = "--report junit=run.xml --report sarif=run.sarif --report gitlab=run.json --report github=run.txt";
    story.expect(0, &format!("apply --auto-approve {reports}"));
    let tests = story.read("run.xml");
    assert!(tests.contains(r#"name="s1 "#) && tests.contains(r#"failures="0""#), "{tests}");
    assert!(story.read("run.txt").contains("telform apply: done"), "{}", story.read("run.txt"));

    story.carrierx(&west("    address1: New Street 2\n"));
    story.fault("{ match: { method: PATCH, times: 0 }, effect: { answer: { status: 400 } } }");
    story.expect(1, &format!("apply --auto-approve {reports}"));
    let tests = story.read("run.xml");
    assert!(tests.contains("<failure") && tests.contains("HTTP 400"), "{tests}");
    assert_eq!(results(&file(&story, "run.sarif"))[0]["ruleId"], "run::step_failed");
    assert_eq!(file(&story, "run.json")[0]["severity"], "blocker");
    assert!(story.read("run.txt").starts_with("::error title=step failed::"), "{}", story.read("run.txt"));

    // Nothing was written: why is a finding.
    story.carrierx(&west("    adress1: New Street 2\n"));
    story.expect(1, &format!("apply --auto-approve {reports}"));
    assert_eq!(results(&file(&story, "run.sarif"))[0]["level"], "error");
    assert!(story.read("run.xml").contains("<failure"), "{}", story.read("run.xml"));
}

/// A number of a bridge that no file declares moves along with the configuration that serves it: each format names it.
#[test]
fn a_number_that_moves_is_a_finding_in_every_format() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    for format in ["github", "gitlab", "sarif", "junit", "slack"] {
        story.expect(0, &format!("plan --sandbox world.yaml -o {format}")).says("+14155550104");
    }
}
