//! `telform graph`: a plan for Graphviz and Mermaid.

use crate::bench::Story;

#[test]
fn the_order_and_the_wiring() {
    let story = crate::machine::story();
    story.expect(0, "plan --max-deletes 1 --out plan.json");
    story.take_log();
    shot!("graph_dot", story.expect(0, "graph plan.json"));
    shot!("graph_mermaid", story.expect(0, "graph plan.json --format mermaid"));
    shot!("graph_wiring", story.expect(0, "graph plan.json --show wiring"));
    shot!("graph_wiring_mermaid", story.expect(0, "graph plan.json --show wiring --format mermaid"));
    assert_eq!(story.take_log(), [""; 0], "drawing a saved plan asks nobody");
    story.expect(0, "graph plan.json --out plan.dot");
    assert_eq!(story.read("plan.dot"), story.expect(0, "graph plan.json").stdout);
    // Without a file, the plan of now.
    assert_eq!(story.expect(0, "graph --max-deletes 1").stdout, story.read("plan.dot"));
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")));
    story.expect(1, "graph plan.json --target bridges.sales").says("cannot be used with");
    story.file("edited.json", &story.read("plan.json").replace("14155550101", "14155550102"));
    story.expect(1, "graph edited.json").says("telform::plan::changed");
}

#[test]
fn a_plan_without_requests_says_so() {
    let story = Story::new("{}");
    story.unpod("providers: {}\n");
    story.expect(0, "graph").says("no requests");
    story.expect(0, "graph --show wiring --format mermaid").says("no phone number is touched");
}

#[test]
fn many_equal_changes_are_few_nodes() {
    let story = Story::new("{}").secret("PW", "canary-pw");
    let one = |at: usize| {
        format!(
            "  p{at:04}: {{ login: p{at:04}, password: {{ env: PW }}, name: P, company_name: Acme, country_code: USA, zip: \"1\", owner_email: p@acme.example, phonenumber: \"15162065575\", payment_type: postpay }}\n"
        )
    };
    story.carrierx(&format!("partners:\n{}", (0..2_000).map(one).collect::<String>()));
    let ran = story.expect(0, "graph");
    ran.says("2000 × create partners").says("s1 to s2000");
    assert!(ran.stdout.lines().count() < 12, "{}", ran.stdout);
}
