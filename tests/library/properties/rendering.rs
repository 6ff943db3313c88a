//! Properties of the formats over generated plans: they agree with the plan and with each other, and hold no secret.

use proptest::prelude::*;
use serde_json::Value;
use telform::document::{self, Origin};
use telform::output::view::json::to_pretty_json;
use telform::output::view::{html, markdown, terraform, text};
use telform::plan::ChangeAction;

use crate::properties::case::{Case, plan};
use crate::properties::cases;
use crate::properties::dice::dice;
use crate::properties::planning::ROLLS;

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn every_format_says_the_same_and_no_secret(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let plan = plan(&case, &case.live());
        let count = |action| plan.changes.iter().filter(|change| change.action == action).count();

        let tf: Value = serde_json::from_str(&terraform::plan_as_terraform_json(&plan, None)).expect("JSON");
        let actions = |words: Value| tf["resource_changes"].as_array().map_or(0, |changes| {
            let objects = changes.iter().filter(|change| change["type"] != "telform_number");
            objects.filter(|change| change["change"]["actions"] == words).count()
        });
        let numbers = tf["resource_changes"].as_array().map_or(0, |changes| {
            changes.iter().filter(|change| change["type"] == "telform_number").count()
        });
        prop_assert_eq!(numbers, plan.impact.len());
        prop_assert_eq!(actions(serde_json::json!(["create"])), count(ChangeAction::Create));
        prop_assert_eq!(actions(serde_json::json!(["update"])), count(ChangeAction::Update));
        prop_assert_eq!(actions(serde_json::json!(["create", "delete"])), count(ChangeAction::Replace));
        prop_assert_eq!(actions(serde_json::json!(["delete"])), count(ChangeAction::Delete));

        let page = html::plan_as_html(&plan);
        prop_assert_eq!(page.matches("<article class=\"change\"").count(), plan.changes.len());
        prop_assert_eq!(page.matches(" id=\"step-").count(), plan.steps.len());
        // No line of the picture runs behind a box.
        crate::formats::picture::check(&plan);
        let comment = markdown::plan_as_markdown(&plan);
        prop_assert!(comment.len() <= markdown::LONGEST);
        // Alike changes are one, and are named in a list.
        if !comment.contains(" of change") {
            prop_assert_eq!(comment.matches("<details><summary>").count(),
                plan.changes.len() + usize::from(!plan.notices.is_empty()));
        }
        let marks = crate::formats::annotations(&plan);
        prop_assert_eq!(marks.matches("::error ").count(), plan.refusals.len().min(10));
        let report: Value = serde_json::from_str(&crate::formats::code_quality(&plan)).expect("JSON");
        let beside = ["plan::cannot_be_undone", "plan::ledger", "plan::look_twice", "plan::not_read", "plan::phone_number"];
        let is_beside = |finding: &&Value| beside.iter().any(|name| finding["check_name"] == *name);
        let findings = report.as_array().map(|all| all.iter().filter(|it| !is_beside(it)).count());
        if !comment.contains(" of change") {
            prop_assert_eq!(findings, Some(plan.refusals.len() + plan.changes.len()));
        }
        for change in &plan.changes {
            let address = change.address.to_string().replace('"', "&quot;");
            let name = page.matches(&format!(">{address}</strong>")).count();
            prop_assert!(name >= 1, "{} is in one place of the page", change.address);
        }

        let shown = text::plan_as_text(&plan, text::TextDetail { verbose: true, columns: 80 });
        let document = to_pretty_json(&document::from_plan(&plan, Origin::default()));
        for secret in case.secrets.values().filter(|secret| secret.len() > 3) {
            for text in [&page, &comment, &marks, &shown, &document, &tf.to_string(), &report.to_string()] {
                prop_assert!(!text.contains(secret.as_str()), "{} is in a format", secret);
            }
        }
    }
}
