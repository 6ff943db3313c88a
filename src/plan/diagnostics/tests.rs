use super::*;

#[test]
fn refusals_of_one_cause_are_one_and_lose_no_object() {
    let one = |code, name: &str, attribute: Option<&str>, detail: &str| PlanRefusal {
        attribute: attribute.map(str::to_owned),
        ..PlanRefusal::about(code, "a", &Address::new("things", name), detail.to_owned())
    };
    let many = (0..208).map(|index| one(RefusalCode::UnreadableBridges, &format!("p{index}"), None, "b cannot be read"));
    let others = [
        one(RefusalCode::UnreadableBridges, "q", None, "c cannot be read"),
        one(RefusalCode::CreateOnly, "p1", Some("size"), "it differs"),
        one(RefusalCode::CreateOnly, "p2", Some("size"), "it differs"),
    ];
    let grouped = group_refusals(many.chain(others).collect());
    let counts: Vec<usize> = grouped.iter().map(|refusal| refusal.addresses.len()).collect();
    // Each attribute is corrected at its own place.
    assert_eq!(counts, [1, 1, 208, 1]);
    assert!(grouped[2].is_about(&Address::new("things", "p207")) && grouped[2].help().contains("--max-unreadable-bridges"));
    assert_eq!(group_refusals(grouped.clone()), grouped);
}
