//! Many alike changes: a reviewer sees what is unlike the others first, and the others once.

use std::fmt::Write;

use crate::bench::Story;

const MANY: usize = 60;

/// This many partners that all get one other company, but for two.
fn renamed() -> Story {
    let mut world = "carrierx:\n  partners:\n".to_owned();
    let mut yaml = "partners:\n".to_owned();
    for n in 0..MANY {
        let own = format!("login: reseller-{n:02}, name: Reseller {n}, owner_email: r{n}@acme.example");
        let rest = "country_code: USA, phonenumber: \"15162065574\", payment_type: postpay";
        writeln!(
            world,
            "    - {{ partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f{n:03}, {own}, company_name: Acme, zip: \"90804\", {rest} }}"
        )
        .unwrap();
        let company = if n == 31 { "Odd Company" } else { "Acme Inc." };
        let zip = if n == 47 { "10001" } else { "90804" };
        writeln!(
            yaml,
            "  reseller-{n:02}: {{ {own}, company_name: {company}, zip: \"{zip}\", {rest}, password: {{ env: PASS }} }}"
        )
        .unwrap();
    }
    let story = Story::new(&world).secret("PASS", "canary-pass-94");
    story.carrierx(&yaml);
    story
}

/// The first screen of a terminal.
fn first_screen(text: &str) -> String {
    text.lines().take(24).map(|line| format!("{line}\n")).collect()
}

#[test]
fn one_change_of_sixty_and_two_odd_ones_are_three_kinds_of_change() {
    let story = renamed();
    let ran =
        story.expect(0, "plan --max-update-percent 100 --out plan.json --format markdown=plan.md --format html=plan.html --format github=plan.github");
    let screen = first_screen(&ran.stdout);
    for part in
        ["partners.reseller-31", "\"Odd Company\"", "partners.reseller-47", "\"10001\"", "58 partners  carrierx, all alike"]
    {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    ran.says("60 to update in 3 kinds of change").says("PATCH partners/{id} × 58").says("and 52 more; `-v` lists them");
    shot!("grouped_updates", ran);
    let head: String = story.read("plan.md").chars().take(4_000).collect();
    for part in ["`\"Odd Company\"`", "`\"10001\"`", "58 `partners` in `carrierx`, all alike, named below"] {
        assert!(head.contains(part), "{part}: {head}");
    }
    shot!("grouped_updates_github", story.expect(0, "show plan.json --format github"));
    // Nothing is left out where everything was asked for.
    let (whole, comment, page) = (story.expect(0, "show plan.json -v").stdout, story.read("plan.md"), story.read("plan.html"));
    for n in 0..MANY {
        let address = format!("partners.reseller-{n:02}");
        assert!(whole.contains(&format!("~ {address}")) && page.contains(&format!(">{address}</strong>")), "{address}");
        assert!(comment.contains(&format!("`{address}`")), "{address}");
    }
    // The document keeps each change, and its summary is that of the plan.
    let document = story.expect(0, "show plan.json --format json").json();
    assert_eq!(document["plan"]["changes"].as_array().unwrap().len(), MANY);
    assert_eq!(document["summary"], "60 to update, 60 requests");
    // An apply shows the same before it asks.
    story.expect(0, "apply plan.json --auto-approve").says("60 to update in 3 kinds of change");
    story.in_sync();
    // What is then changed in the same way outside telform is one finding.
    story.sandbox.edit(|world| {
        let mut value = serde_json::to_value(&*world).unwrap();
        for partner in value["carrierx"]["partners"].as_array_mut().unwrap().iter_mut().take(50) {
            partner["zip"] = "90999".into();
        }
        *world = serde_json::from_value(value).unwrap();
    });
    let ran = story.expect(2, "drift");
    ran.says("49 partners zip").says("\"90999\"").says("partners.reseller-47 zip");
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("and 43 more; `-v` lists them"), "{words}");
    let whole = story.expect(2, "drift -v").stdout;
    assert_eq!(whole.matches(" zip  telform.yaml:").count(), 50, "{whole}");
}

#[test]
fn creates_show_what_they_share_once() {
    let story = Story::new("carrierx: {}").secret("PASS", "canary-pass-95");
    let mut yaml = "partners:\n".to_owned();
    for n in 0..MANY {
        let country = if n == 17 { "GBR" } else { "USA" };
        writeln!(
            yaml,
            "  new-{n:02}: {{ login: new-{n:02}, name: New {n}, owner_email: n{n}@acme.example, company_name: Acme, country_code: {country}, \
             zip: \"90804\", phonenumber: \"15162065574\", payment_type: postpay, password: {{ env: PASS }} }}"
        )
        .unwrap();
    }
    story.carrierx(&yaml);
    let ran = story.expect(0, "plan --format markdown=plan.md");
    let screen = first_screen(&ran.stdout);
    assert!(screen.contains("partners.new-17") && screen.contains("\"GBR\""), "{screen}");
    ran.says("59 partners  carrierx, alike but for login, name, owner_email").says("POST partners × 59");
    shot!("grouped_creates", ran);
    // The comment has space for what is each one's own, so it may be approved.
    let comment = story.read("plan.md");
    for n in 0..MANY {
        assert!(comment.contains(&format!("`\"n{n}@acme.example\"`")), "{n}");
    }
    assert!(comment.contains("telform apply --expect sha256:"));
}
