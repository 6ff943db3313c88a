//! Thirty organizations: accounts from a table, read side by side, and one table of what happens in each.

use crate::bench::Story;

/// A service with as many organizations.
fn world(count: usize) -> String {
    let organization = |at: usize| format!("    - {{ handle: org{at:02}.example, name: Org {at} }}\n");
    format!("unpod:\n  organizations:\n{}", (1..=count).map(organization).collect::<String>())
}

/// An account and a provider for each row of a table. Every third has a provider of its own beside it.
fn story() -> Story {
    let story = Story::new(&world(30)).secret("AUTH", "canary-auth-organizations").setting("TELFORM_TEST_PAUSE_MS", "1");
    let rows: String = (1..=30).map(|at| format!("{at:02}\n")).collect();
    story.file("organizations.csv", &format!("code\n{rows}"));
    let some: String = (1..=10).map(|at| format!("{:02}\n", at * 3)).collect();
    story.file("providers.csv", &format!("code\n{some}"));
    let url = story.sandbox.unpod_url();
    let text = format!(
        "version: 1
accounts:
  \"org-${{code}}\":
    for_each: organizations.csv
    api: unpod
    base_url: \"{url}\"
    org_handle: \"org${{code}}.example\"
    requests_per_minute: 60000
    settle_after: 0s
    token: {{ env: UNPOD_TOKEN }}
providers:
  \"line-${{code}}\":
    for_each: providers.csv
    account: \"org-${{code}}\"
    provider: exotel
    account_sid: \"EX${{code}}\"
    auth_token: {{ env: AUTH }}
"
    );
    story.file("telform.yaml", &text);
    story
}

#[test]
fn a_plan_for_thirty_organizations_begins_with_one_table() {
    let story = story();
    shot!("organizations", story.expect(0, "plan"));
    let ran = story.expect(0, "plan --format markdown");
    assert!(ran.stdout.contains("| `org-03` | 1 | - | - | - | - | - | yes |"), "{}", ran.stdout);
    let page = story.expect(0, "plan --format html");
    assert!(page.stdout.contains("<span class=\"whole\">org-30</span></th><td data-label=\"create\">1</td>"), "{}", page.stdout);
    // A part of them is a plan of its own.
    shot!("organizations_some", story.expect(0, "plan --account org-0*"));
    story.expect(0, "apply --auto-approve");
    shot!("organizations_empty", story.expect(0, "plan"));
}

#[test]
fn an_organization_that_cannot_be_read_has_a_row_that_says_so() {
    let story = story();
    let text = story.read("telform.yaml").replace("{ env: UNPOD_TOKEN }", "{ env: \"TOKEN_${code}\" }");
    story.file("telform.yaml", &text);
    let mut story = story;
    for at in 1..=29 {
        story.set(&format!("TOKEN_{at:02}"), crate::bench::UNPOD_TOKEN);
    }
    story.expect(1, "plan").says("TOKEN_30");
    let ran = story.expect(5, "plan --skip-unreadable");
    let row = ran.stdout.lines().find(|line| line.starts_with("org-30"));
    assert_eq!(row, Some("org-30   ?       ?       ?        ?       ?        ?        no, left out"), "{}", ran.stdout);
}
