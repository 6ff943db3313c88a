//! Generation 1: a bridge whose slug changes is recreated, and keeps its numbers. They join only at its creation, so the old one
//! is deleted first.

use crate::bench::Story;

const WORLD: &str = "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1 }
    - { id: 42, provider: LiveKit, name: spare }
  numbers:
    - { id: 501, number: '+14155550101' }
    - { id: 502, number: '+14155550102' }
    - { id: 503, number: '+14155550103' }
    - { id: 504, number: '+14155550104' }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, region: EU, numbers: { '+14155550101': 41, '+14155550102': 42, '+14155550103': null } }
";

const NONE: &str = "";
const TWO: &str = ", numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: spare } }";

fn write(story: &Story, slug: &str, more: &str) {
    story.unpod_with(
        "product_id: prod, all_products: true, ",
        &format!(
            "providers:\n  main: {{ name: main, provider: Vapi }}\n  spare: {{ name: spare, provider: LiveKit }}\nbridges:\n  sales: {{ slug: {slug}, name: Sales{more} }}\n"
        ),
    );
}

/// Each number of a bridge with what serves it.
fn servers(story: &Story, slug: &str) -> Vec<(String, Option<u64>)> {
    let world = story.sandbox.world();
    let bridge = world.unpod.bridges.iter().find(|bridge| bridge.slug == slug);
    let mut servers: Vec<_> = bridge
        .into_iter()
        .flat_map(|bridge| bridge.numbers.iter().map(|(number, link)| (number.clone(), link.configuration)))
        .collect();
    servers.sort();
    servers
}

fn all() -> Vec<(String, Option<u64>)> {
    let number = |last: u8| format!("+1415555010{last}");
    vec![(number(1), Some(41)), (number(2), Some(42)), (number(3), None)]
}

const APPLY: &str = "apply --auto-approve --max-deletes 1";

#[test]
fn a_changed_slug_takes_the_numbers_along() {
    for more in [NONE, TWO] {
        let story = Story::new(WORLD);
        write(&story, "sales", more);
        story.apply();
        write(&story, "sales-2", more);
        // The delete is allowed by number, as any other; no number is counted as dark that is connected again.
        story.expect(3, "plan").says("max_deletes").is_silent_about("max_numbers_dark");
        let plan = story.expect(0, "plan --max-deletes 1");
        if more == NONE {
            shot!("take_over_plan", plan);
        }
        story.file("plan.json", &story.expect(0, "plan --max-deletes 1 --format json").stdout);
        story.expect(0, "verify plan.json");
        story.take_log();
        story.expect(0, APPLY).says("Done: 4 writes");
        assert_eq!(
            story.writes(),
            [
                "DELETE telephony/bridges/sales/",
                r#"POST telephony/bridges/ {"name":"Sales","slug":"sales-2","region":"EU","status":"DRAFT","documents_status":"pending","numberIds":[501,502,503]}"#,
                r#"POST telephony/bridges/sales-2/connect-provider/ {"provider_credential_id":41,"number_id":501}"#,
                r#"POST telephony/bridges/sales-2/connect-provider/ {"provider_credential_id":42,"number_id":502}"#,
            ]
        );
        assert_eq!((servers(&story, "sales"), servers(&story, "sales-2")), (vec![], all()));
        story.expect(0, "journal verify");
        assert!(story.ledger().get("moves").is_none(), "{}", story.ledger());
        story.in_sync();
        // And back, by an undo.
        story.expect(0, "undo last --auto-approve --max-deletes 1");
        assert_eq!((servers(&story, "sales-2"), servers(&story, "sales")), (vec![], all()));
        write(&story, "sales", more);
        story.in_sync();
    }
}

/// A number that the YAML removes goes dark, under its guard; a new one joins with the others; their configurations are created
/// before the old bridge is deleted.
#[test]
fn guards_hold_and_what_serves_the_numbers_is_there_before() {
    let story = Story::new(WORLD).secret("KEY", "canary-key-new-9");
    write(&story, "sales", TWO);
    story.apply();
    story.unpod_with(
        "product_id: prod, all_products: true, ",
        "
providers:
  main: { name: main, provider: Vapi }
  spare: { name: spare, provider: LiveKit }
  fresh: { name: fresh, provider: Daily, api_key: { env: KEY } }
bridges:
  sales: { slug: sales-2, name: Sales, numbers: { '+14155550101': { provider: fresh }, '+14155550104': { provider: main } } }
",
    );
    story.expect(3, "plan --max-deletes 1").says("1 number would go dark");
    story.take_log();
    story.expect(0, &format!("{APPLY} --max-numbers-dark 1"));
    let writes = story.writes();
    assert!(writes[0].starts_with("POST telephony/provider-configurations/"), "{writes:?}");
    assert_eq!(writes[1], "DELETE telephony/bridges/sales/");
    assert!(writes[2].contains(r#""numberIds":[501,503,504]"#), "{writes:?}");
    let served: Vec<_> = servers(&story, "sales-2").into_iter().map(|(_, by)| by).collect();
    assert_eq!(served, [Some(43), None, Some(41)]);
    story.in_sync();
    // A protected bridge is kept.
    write(&story, "sales-3", ", lifecycle: { prevent_delete: true }");
    story.expect(3, "plan --max-deletes 1").says("prevent_delete");
}

/// Wherever it is interrupted, the next apply completes it with the same result, whether the YAML names the numbers or not.
#[test]
fn cut_off_anywhere_it_goes_on() {
    for more in [NONE, TWO] {
        for nth in 1..=4 {
            let story = Story::new(WORLD);
            write(&story, "sales", more);
            story.apply();
            write(&story, "sales-2", more);
            story.fault(&format!(
                "{{ match: {{ method: WRITE, nth: {nth}, times: 0 }}, effect: {{ answer: {{ status: 400 }} }} }}"
            ));
            let first = story.run(APPLY);
            assert_eq!(first.code, if nth == 1 { 1 } else { 5 }, "{nth}: {}", first.whole());
            assert_eq!(first.stdout.contains("DARK NOW"), nth > 1, "{nth}: {}", first.stdout);
            story.sandbox.clear_faults();
            let second = story.run(APPLY);
            assert_eq!(second.code, 0, "{more} {nth}: {}", second.whole());
            let there = servers(&story, "sales-2");
            let served: Vec<_> = there.into_iter().filter(|(_, by)| by.is_some()).collect();
            assert_eq!(served, all()[..2], "{more} {nth}");
            story.in_sync();
        }
    }
}

/// A service whose disconnect works leaves a number on its bridge: nothing is disconnected, and the bridge nevertheless
/// includes it.
#[test]
fn a_disconnect_that_works_changes_nothing_about_it() {
    let story = Story::new(&format!("{WORLD}  knobs: {{ disconnect_repaired: true }}\n"));
    let settings = "product_id: prod, all_products: true, disconnect_works: true, ";
    let body = |slug: &str| {
        format!("providers:\n  main: {{ name: main, provider: Vapi }}\nbridges:\n  sales: {{ slug: {slug}, name: Sales }}\n")
    };
    story.unpod_with(settings, &body("sales"));
    story.apply();
    story.unpod_with(settings, &body("sales-2"));
    story.expect(0, APPLY);
    assert_eq!(servers(&story, "sales-2"), all());
    story.in_sync();
}
