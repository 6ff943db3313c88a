//! Ten thousand changes: what fits into a comment, and what each format costs.

use std::time::Duration;

use telform::document::{self, Origin};
use telform::output::view::json::to_pretty_json;
use telform::output::view::{html, markdown, terraform, text};
use telform::plan::{ChangeAction, Plan, PlanRefusal, RefusalCode, ShownValue};

use super::{annotations, code_quality, junit, message, sarif};

use crate::formats::made;

#[test]
fn a_comment_on_ten_thousand_changes_fits_and_says_what_is_missing() {
    let plan = made::large(10_000);
    let comment = markdown::plan_as_markdown(&plan);
    assert!(comment.len() <= markdown::LONGEST, "{} bytes", comment.len());
    assert!(comment.len() > 50_000, "the room is used: {} bytes", comment.len());
    assert!(comment.starts_with(markdown::MARKER));
    for part in [
        "**4000 to create, 3000 to update, 1000 to replace, 2000 to delete",
        "**100 numbers are cut off**",
        "**100 numbers are moved, each disconnected for 1 step**",
        "### Every change, riskiest first (10000)",
        "do not approve from this comment: ",
        "Left out here: the details of ",
        " of 10000 changes**",
        "telform plan --format html=plan.html",
    ] {
        assert!(comment.contains(part), "{part}");
    }
    assert!(!comment.contains(&plan.digest) && !comment.contains("--expect"));
    // Every single delete is named, for they come first.
    for change in plan.changes.iter().filter(|change| change.action == ChangeAction::Delete) {
        assert!(comment.contains(&format!("`{}`", change.address.name)), "{}", change.address);
    }
}

/// GitHub takes 65,536 characters of a comment and 1 MiB of a step's summary; Slack 3,000 characters of a section.
#[test]
fn the_comment_the_summary_and_the_message_of_a_huge_plan_have_their_services_size() {
    let mut plan = made::large(30_000);
    let refusal = |index: usize| PlanRefusal {
        code: RefusalCode::CreateOnly,
        account: "carrierx-0".to_owned(),
        addresses: [plan.changes[index].address.clone()].into(),
        attribute: Some("name".to_owned()),
        detail: "the API cannot change it".to_owned(),
        place: None,
    };
    plan.refusals = (0..208).map(refusal).collect();
    let (comment, slack) = (markdown::plan_as_markdown(&plan), message(&plan));
    assert!(comment.chars().count() < 65_536 && comment.len() < 1 << 20, "{} bytes", comment.len());
    assert!(slack.len() <= 3_000, "{} bytes", slack.len());
    assert!(slack.starts_with("*telform plan: refused, nothing of it will be applied* `"), "{slack}");
    // What is refused for one cause is one finding with its members, in each format that lists findings.
    assert!(slack.contains("208 refusals: the API cannot change it"), "{slack}");
    assert_eq!(junit(&plan).matches("<failure").count(), 1);
    assert_eq!(annotations(&plan).matches("::error ").count(), 1);
    assert_eq!(code_quality(&plan).matches("\"blocker\"").count(), 1);
}

#[test]
fn deletes_and_refusals_come_before_what_is_cut() {
    let mut plan = made::large(300);
    plan.refusals = (0..200)
        .map(|index| PlanRefusal {
            code: RefusalCode::CreateOnly,
            account: "carrierx-0".to_owned(),
            addresses: [plan.changes[index].address.clone()].into(),
            attribute: None,
            detail: format!("refused {index:03}"),
            place: Some(format!("telform.yaml:{index}:3")),
        })
        .collect();
    let comment = markdown::plan_as_markdown(&plan);
    assert!(comment.len() <= markdown::LONGEST);
    for index in 0..200 {
        assert!(comment.contains(&format!("refused {index:03}")), "{index}");
    }
    let at = |part: &str| comment.find(part).unwrap_or_else(|| panic!("{part}"));
    assert!(at("### Phone numbers") < at("### REFUSED") && at("### REFUSED") < at("### Every change"));
    assert!(at("### Every change") < at("**delete**") && at("**delete**") < at("**replace**"));
    for change in plan.changes.iter().filter(|change| change.action == ChangeAction::Delete) {
        assert!(at(&change.address.name) < comment.len());
    }
}

/// Details that each take a fifth of the space: one that does not fit is left out completely, smaller ones after it are not.
#[test]
fn a_comment_with_long_details_fits_too() {
    let mut plan = made::large(40);
    for change in plan.changes.iter_mut().filter(|change| change.action == ChangeAction::Update).take(9) {
        let lines = |word: &str| {
            let text: Vec<String> = (0..30).map(|line| format!("{word} {line} {}", "x".repeat(180))).collect();
            ShownValue::Value(text.join("\n").into())
        };
        change.attributes[0].before = lines("before");
        change.attributes[0].after = lines("after");
    }
    let comment = markdown::plan_as_markdown(&plan);
    assert!(comment.len() <= markdown::LONGEST, "{} bytes", comment.len());
    let folds = comment.matches("<details>").count();
    assert!((30..40).contains(&folds), "{folds}");
    assert_eq!(comment.matches("</details>").count(), folds);
    assert!(comment.contains(&format!("Left out here: the details of {} of 40 changes", 40 - folds)));
}

/// So many that even their names do not fit: reported, not hidden.
#[test]
fn too_many_deletes_for_any_comment_are_counted() {
    let mut plan = made::large(10_000);
    plan.changes.iter_mut().for_each(|change| change.action = ChangeAction::Delete);
    let comment = markdown::plan_as_markdown(&plan);
    assert!(comment.len() <= markdown::LONGEST);
    let named = comment.matches("`customer-").count();
    assert!(named > 1_500, "{named}");
    assert!(comment.contains(&format!("do not approve from this comment: {} addresses are not shown", 10_000 - named)));
}

#[test]
fn the_picture_of_many_steps_is_small() {
    let page = html::plan_as_html(&made::large(2_000));
    let svg = &page[page.find("<svg").expect("a picture")..page.find("</svg>").expect("its end")];
    assert!(svg.len() < 30_000, "{} bytes", svg.len());
    assert!(svg.contains("1000 × create") && svg.contains("600 × delete"), "{svg}");
    // What hundreds wait for is a range, not a list.
    assert!(
        page.contains("waits for every read-back (<a href=\"#step-s1641\">s1641</a>–<a href=\"#step-s1680\">s1680</a>)</span>")
    );
    assert!(svg.matches("<rect").count() <= 30, "{}", svg.matches("<rect").count());
}

/// Time that this process has spent computing.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().expect("user") + fields[12].parse::<u64>().expect("system");
    Duration::from_millis(ticks * 10)
}

/// `cargo test --release --test library formats measure -- --ignored --nocapture`
#[test]
#[ignore = "prints figures"]
fn measure() {
    let detail = text::TextDetail { verbose: false, columns: 80 };
    type Draw<'a> = &'a dyn Fn(&Plan) -> String;
    let formats: [(&str, Draw<'_>); 9] = [
        ("text", &|plan| text::plan_as_text(plan, detail)),
        ("json", &|plan| to_pretty_json(&document::from_plan(plan, Origin::default()))),
        ("markdown", &markdown::plan_as_markdown),
        ("html", &html::plan_as_html),
        ("terraform-json", &|plan| terraform::plan_as_terraform_json(plan, None)),
        ("github", &annotations),
        ("gitlab", &code_quality),
        ("sarif", &sarif),
        ("junit", &junit),
    ];
    for changes in [2_500, 5_000, 10_000] {
        let plan = made::large(changes);
        println!("{changes} changes, {} steps", plan.steps.len());
        for (name, draw) in formats {
            let before = cpu();
            let text = draw(&plan);
            println!("  {name:15} {:>11} bytes  {:>6} ms of CPU", text.len(), (cpu() - before).as_millis());
        }
    }
}
