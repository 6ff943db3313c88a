//! The comment of a pull request, from the YAML to the digest that apply takes.

use crate::bench::Story;

/// This many partners whose callbacks are all the same except one.
fn partners(count: usize, odd: usize) -> Story {
    let story = Story::new("{}").secret("P", "canary-partner-password");
    let partner = |index: usize| {
        let host = if index == odd { "evil.example" } else { "hooks.acme.example" };
        format!(
            "  p{index}: {{ login: p{index}, password: {{ env: P }}, name: P, company_name: Acme, country_code: USA, zip: \"90804\", \
             owner_email: p{index}@acme.example, phonenumber: \"15162065574\", payment_type: postpay, \
             callbacks: {{ sms: \"https://{host}/sms\" }} }}\n"
        )
    };
    let all: String = (0..count).map(partner).collect();
    story.carrierx(&format!("partners:\n{all}"));
    story
}

#[test]
fn a_comment_that_cannot_show_all_offers_no_digest() {
    let story = partners(1_000, 200);
    story.expect(0, "plan --out plan.json --format markdown=plan.md");
    let comment = story.read("plan.md");
    let digest = story.expect(0, "show plan.json --format json").json()["digest"].clone();
    let digest = digest.as_str().unwrap();
    assert!(comment.contains("do not approve from this comment: ") && !comment.contains(digest));
    let first = comment.lines().find(|line| line.starts_with("- **create**")).unwrap();
    assert!(first.contains("`partners.p200`") && first.contains("evil.example"), "{first}");
    // The switch that its last line names is enough, for a saved plan too.
    let last = comment.lines().last().unwrap();
    let needed = last.split("--max-unshown ").nth(1).unwrap().split('`').next().unwrap();
    for command in ["plan --format markdown", "show plan.json --format markdown"] {
        let accepted = story.expect(0, &format!("{command} --max-unshown {needed}")).stdout;
        assert!(accepted.contains(digest) && !accepted.contains("do not approve"));
        assert!(!story.expect(0, command).stdout.contains(digest), "{command}");
    }
    // What fits offers it.
    let few = partners(20, 3);
    let comment = few.expect(0, "plan --format markdown").stdout;
    assert!(comment.contains("To apply exactly this: `telform apply --expect sha256:"));
    for index in 0..20 {
        assert!(comment.contains(&format!("`partners.p{index}`")), "{index}");
    }
}
