//! No secret in anything that is printed, stored or shown.

use proptest::prelude::*;
use telform::document::{self, Origin};
use telform::plan::Plan;

use crate::properties::case::{Case, plan};
use crate::properties::cases;
use crate::properties::dice::dice;
use crate::properties::planning::ROLLS;
use crate::properties::values::CANARY;

fn printed(case: &Case, plan: &Plan) -> Vec<(&'static str, String)> {
    let live = case.live();
    vec![
        ("plan as JSON", serde_json::to_string(plan).expect("a plan is JSON")),
        ("plan in debug", format!("{plan:?}{plan:#?}")),
        ("document", serde_json::to_string(&document::from_plan(plan, Origin::default())).expect("a document is JSON")),
        ("desired in debug", format!("{:?}", case.desired)),
        ("live in debug", format!("{live:?}")),
        ("ledger as JSON", serde_json::to_string(&case.ledger).expect("a ledger is JSON")),
        ("ledger in debug", format!("{:?}", case.ledger)),
        ("key in debug", format!("{:?}", case.key)),
    ]
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn no_secret_is_printed(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let planned = case.secrets.values().chain(case.model.objects.values().flat_map(|thing| thing.secrets.values()));
        prop_assert!(planned.into_iter().all(|text| text.contains(CANARY)));
        for (what, text) in printed(&case, &plan(&case, &case.live())) {
            prop_assert!(!text.contains(CANARY), "a secret stands in the {}: {}", what, text);
        }
    }
}
