//! Properties of the formats over generated plans: they agree with the plan and with each other, and hold no secret.

use proptest::prelude::*;
use serde_json::Value;
use telform::document::{self, Origin};
use telform::plan::Action;
use telform::view::json::pretty;
use telform::view::{github, gitlab, html, markdown, terraform, text};

use crate::case::{Case, plan};
use crate::cases;
use crate::dice::dice;
use crate::planning::ROLLS;

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn every_format_says_the_same_and_no_secret(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let plan = plan(&case, &case.live());
        let count = |action| plan.changes.iter().filter(|change| change.action == action).count();

        let tf: Value = serde_json::from_str(&terraform::plan(&plan)).expect("JSON");
        let actions = |words: Value| tf["resource_changes"].as_array().map_or(0, |changes| {
            changes.iter().filter(|change| change["change"]["actions"] == words).count()
        });
        prop_assert_eq!(actions(serde_json::json!(["create"])), count(Action::Create));
        prop_assert_eq!(actions(serde_json::json!(["update"])), count(Action::Update));
        prop_assert_eq!(actions(serde_json::json!(["create", "delete"])), count(Action::Replace));
        prop_assert_eq!(actions(serde_json::json!(["delete"])), count(Action::Delete));

        let page = html::plan(&plan);
        prop_assert_eq!(page.matches("<article class=\"change\"").count(), plan.changes.len());
        prop_assert_eq!(page.matches("<tr id=\"step-").count(), plan.steps.len());
        let comment = markdown::plan(&plan);
        prop_assert!(comment.len() <= markdown::LONGEST);
        prop_assert_eq!(comment.matches("<details><summary>").count(),
            plan.changes.len() + usize::from(!plan.notices.is_empty()));
        let marks = github::plan(&plan);
        prop_assert_eq!(marks.matches("::error ").count(), plan.refusals.len());
        let report: Value = serde_json::from_str(&gitlab::plan(&plan)).expect("JSON");
        let lost = |finding: &&Value| finding["check_name"] == "plan::cannot_be_undone";
        let findings = report.as_array().map(|all| all.iter().filter(|it| !lost(it)).count());
        prop_assert_eq!(findings, Some(plan.refusals.len() + plan.changes.len()));

        let shown = text::plan(&plan, text::Detail { verbose: true, columns: 80 });
        let document = pretty(&document::of(&plan, Origin::default()));
        for secret in case.secrets.values().filter(|secret| secret.len() > 3) {
            for text in [&page, &comment, &marks, &shown, &document, &tf.to_string(), &report.to_string()] {
                prop_assert!(!text.contains(secret.as_str()), "{} is in a format", secret);
            }
        }
    }
}
