//! Two plans compared, and plans as graphs.

use std::collections::BTreeSet;

use proptest::prelude::*;
use telform::analysis::plan_comparison::{PlanComparison, ReadPlan, compare_plans};
use telform::analysis::plan_graph::{number_groups, step_graph};
use telform::document::{self, Origin};
use telform::output::view::graph::{GraphSubject, graph_as_dot, graph_as_mermaid, plan_graph};
use telform::output::view::plan_comparison::{comparison_as_markdown, comparison_as_text};
use telform::output::view::text::TextDetail;
use telform::plan::Plan;

use crate::properties::case::{Case, plan};
use crate::properties::cases;
use crate::properties::dice::dice;
use crate::properties::planning::ROLLS;
use crate::properties::values::CANARY;

fn compare(one: &Plan, two: &Plan) -> PlanComparison {
    let documents = [one, two].map(|plan| document::from_plan(plan, Origin::default()));
    let first = ReadPlan { file: "one", document: &documents[0], plan: one };
    compare_plans(first, ReadPlan { file: "two", document: &documents[1], plan: two })
}

fn shown(comparison: &PlanComparison) -> String {
    let text = comparison_as_text(comparison, TextDetail { verbose: true, columns: 80 });
    format!("{text}{}{}", comparison_as_markdown(comparison), serde_json::to_string(comparison).unwrap())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn plans_are_the_same_when_their_digests_are(mut dice in dice(ROLLS), mut other in dice(ROLLS)) {
        let (one, two) = (Case::roll(&mut dice), Case::roll(&mut other));
        let (one, two) = (plan(&one, &one.live()), plan(&two, &two.live()));
        let found = compare(&one, &two);
        prop_assert_eq!(found.same, one.digest == two.digest);
        // Seen from the other side it is the same with both sides exchanged.
        let back = compare(&two, &one);
        prop_assert_eq!(found.only_in_first.len(), back.only_in_second.len());
        prop_assert_eq!(found.different.len(), back.different.len());
        prop_assert_eq!(found.other.len(), back.other.len());
        let itself = compare(&one, &one);
        prop_assert!(itself.same && itself.same_requests && itself.circumstances.is_empty());
        prop_assert!(!shown(&found).contains(CANARY));
    }

    #[test]
    fn every_change_of_both_plans_is_somewhere(mut dice in dice(ROLLS), mut other in dice(ROLLS)) {
        let (one, two) = (Case::roll(&mut dice), Case::roll(&mut other));
        let (one, two) = (plan(&one, &one.live()), plan(&two, &two.live()));
        let found = compare(&one, &two);
        let in_one: BTreeSet<String> = one.changes.iter().map(|change| change.address.to_string()).collect();
        let in_two: BTreeSet<String> = two.changes.iter().map(|change| change.address.to_string()).collect();
        let names = |changes: &[telform::analysis::plan_comparison::PlannedChange]| -> BTreeSet<String> {
            changes.iter().map(|change| change.address.clone()).collect()
        };
        prop_assert_eq!(names(&found.only_in_first), in_one.difference(&in_two).cloned().collect::<BTreeSet<_>>());
        prop_assert_eq!(names(&found.only_in_second), in_two.difference(&in_one).cloned().collect::<BTreeSet<_>>());
        prop_assert!(found.different.iter().all(|it| in_one.contains(&it.address) && in_two.contains(&it.address)));
    }

    #[test]
    fn a_graph_has_every_step_once_and_its_arrows_follow_the_plan(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let plan = plan(&case, &case.live());
        let graph = step_graph(&plan);
        let mut steps: Vec<&str> = graph.nodes.iter().flat_map(|node| &node.steps).map(|step| step.id.as_str()).collect();
        steps.sort_unstable();
        let mut all: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
        all.sort_unstable();
        prop_assert_eq!(steps, all);
        prop_assert!(graph.waits.keys().all(|(from, to)| graph.nodes[*from].phase <= graph.nodes[*to].phase));
        let numbers: usize = number_groups(&plan.impact).iter().map(|group| group.numbers.len()).sum();
        prop_assert_eq!(numbers, plan.impact.len());
        for subject in [GraphSubject::Order, GraphSubject::Wiring] {
            let graph = plan_graph(&plan, subject);
            let both = format!("{}{}", graph_as_dot(&graph), graph_as_mermaid(&graph));
            prop_assert!(!both.contains(CANARY));
        }
    }
}
