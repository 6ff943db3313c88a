//! Names and hosts that a reviewer may take for others.

use serde_json::{Value, json};

use crate::bench::Story;
use crate::partners::{by_hand, verified};

const FORMATS: [&str; 6] = ["text", "json", "markdown", "html", "github", "gitlab"];

/// Every format says of names, logins, mails and hosts that their letters are of several scripts.
#[test]
fn mixed_letters_are_said_in_every_format() {
    let story = verified("");
    for (attribute, detail) in [
        ("name: \"\u{430}cme\"", "\\u{430}cme"),
        ("company_name: 'Acm\u{435} GmbH'", "Acm\\u{435} GmbH"),
        ("city: 'R\u{3bf}me'", "R\\u{3bf}me"),
        ("owner_email: 'ops@\u{430}cme.example'", "xn--"),
        ("attributes: { 'ti\u{435}r': gold }", "ti\\u{435}r"),
    ] {
        story.carrierx(&format!("partners: {{ west: {{ login: west, {attribute} }} }}\n"));
        for format in FORMATS {
            let ran = story.expect(0, &format!("plan --format {format}"));
            ran.says(if format == "json" { "mixed_scripts" } else { "scripts" });
            assert!(ran.stdout.replace("\\\\", "\\").contains(detail) || format == "html", "{format}: {}", ran.stdout);
        }
    }
}

/// The host of a callback is written as it is looked up, wherever its value is shown, with its decoded form.
#[test]
fn hosts_are_shown_as_they_are_looked_up() {
    let story = verified("      callbacks: { sms: 'https://xn--80a.example/old' }\n");
    story.carrierx("partners: { west: { login: west, callbacks: { sms: 'https://xn--pple-43d.example/x' } } }\n");
    for format in FORMATS {
        let ran = story.expect(0, &format!("plan --format {format}"));
        ran.says("xn--pple-43d.example").says("pple.example");
        assert!(format == "json" || ran.stdout.contains("reads as"), "{format}: {}", ran.stdout);
        assert!(!ran.stdout.contains("https://\u{430}"), "{format}: {}", ran.stdout);
    }
}

/// Ordinary text is not reported.
#[test]
fn legitimate_names_are_left_alone() {
    let story = verified("");
    for name in [
        "F\u{fc}\u{df}e GmbH",
        "\u{682a}\u{5f0f}\u{4f1a}\u{793e}Acme\u{30b5}\u{30fc}\u{30d3}\u{30b9}",
        "\u{41c}\u{43e}\u{441}\u{43a}\u{432}\u{430}",
        "Acme \u{41c}\u{43e}\u{441}\u{43a}\u{432}\u{430}",
    ] {
        story.carrierx(&format!("partners: {{ west: {{ login: west, name: '{name}' }} }}\n"));
        story.expect(0, "plan").is_silent_about("scripts").says(name);
    }
}

/// Unchanged objects are checked as well: managed and in sync, just adopted, and not managed.
#[test]
fn what_does_not_change_is_looked_at_too() {
    let story = verified("");
    by_hand(&story, "company_name", "Acm\u{435} GmbH");
    by_hand(&story, "city", "Ro\u{ad}me");
    story.carrierx("partners: { west: { login: west, name: West } }\n");
    for round in ["adopted", "in sync"] {
        let ran = story.expect(0, "plan --detailed-exitcode");
        ran.says("Plan: no changes").says("partners.west company_name (Acm\\u{435} GmbH)");
        ran.says("partners.west city (Ro\\u{ad}me, U+00AD)");
        for format in FORMATS {
            let words = if format == "json" { "odd_characters" } else { "contains invisible characters" };
            story.expect(0, &format!("plan --format {format}")).says(words);
        }
        assert_eq!(ran.stdout.contains("managed from now on"), round == "adopted");
        story.apply();
    }
    // For unmanaged objects.
    story.carrierx("partners: {}\nremoved: []\n");
    story.expect(0, "forget partners.west");
    let ran = story.expect(0, "plan");
    ran.says("1 of partners, not managed: company_name Acm\\u{435} GmbH").says("U+00AD");
}

/// Two thousand of them are one line.
#[test]
fn many_that_nobody_manages_are_one_notice() {
    let partner = |at: usize| {
        json!({
            "partner_sid": format!("{at:08x}-8b1e-4a37-9d55-0c2be1a7f410"), "login": format!("p{at}"), "company_name": "Acm\u{435}",
            "name": "P", "country_code": "USA", "zip": "1", "owner_email": "o@a.example", "phonenumber": "1516", "payment_type": "postpay",
        })
    };
    let world = json!({ "carrierx": { "partners": (0..2000).map(partner).collect::<Vec<Value>>() } });
    let story = Story::new(&world.to_string());
    story.carrierx("partners: {}\n");
    let ran = story.expect(0, "plan");
    ran.says("2000 of partners, not managed: company_name Acm\\u{435}").says("and 1995 more");
    assert_eq!(ran.stdout.matches("Acm").count(), 5, "{}", ran.stdout);
}

/// A code of a service is ASCII: any other character in it is reported by its code point, and is not treated as its look-alike.
#[test]
fn codes_are_not_what_they_look_like() {
    let world = "
unpod:
  providers: [ { id: 1, name: LiveKit, slug: livekit }, { id: 2, name: Twilio, slug: twilio } ]
  configurations:
    - { id: 42, provider: twilio, account_sid: \"\\u0410C42\", auth_token: canary-looks-42 }
  numbers: [ { number: \"+1415555010\\uff11\" } ]
  bridges: [ { id: 301, slug: \"s\\u0430les\", name: Sales } ]
";
    let story = Story::new(world).secret("AUTH", "canary-looks-43");
    story.unpod(
        "providers: { main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH } } }\nbridges: { sales: { slug: sales, name: Sales } }\n",
    );
    let ran = story.run("plan");
    ran.says("account_sid \\u{410}C42, U+0410").says("slug s\\u{430}les, U+0430").says("\\u{ff11}, U+FF11");
    for same in ["+ providers.main", "+ bridges.sales"] {
        assert!(ran.stdout.contains(same) || ran.stdout.contains("REFUSED"), "{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("adopted"), "{}", ran.stdout);
    let story = verified("");
    for live in ["15162065574\u{664}", "1516206557\u{ff14}", "1516206557\u{664}4"] {
        by_hand(&story, "phonenumber", live);
        story.carrierx("partners: { west: { login: west, phonenumber: '15162065574' } }\n");
        let ran = story.expect(2, "plan --detailed-exitcode");
        ran.says("~ partners.west").says(if live.contains('\u{664}') { "U+0664" } else { "U+FF14" });
        story.expect(0, "plan --out plan.json");
        story.expect(0, "verify plan.json");
    }
}

/// A terminal, too: the plan, the question, the steps as they are carried out. So do the journal and the ledger.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_what_nobody_sees_as_code_points() {
    let named = "slug: fax, name: \"F\\u202ea\\u200bx\"";
    let story = Story::new(&crate::deletes::CONNECTED.replace("slug: fax, name: Fax", named));
    story.unpod("bridges: { fax: { slug: fax, name: \"F\\u2066ax\", numbers: {} } }\n");
    let mut terminal = crate::terminal::Terminal::sized(80);
    let mut child = terminal.runs(&story, "apply --max-numbers-dark 1");
    let asked = terminal.until(|text| text.contains("Type ") && text.ends_with(": "));
    assert!(asked, "{}", terminal.text());
    terminal.types("1\n");
    terminal.until(|_| false);
    let ended = child.wait().unwrap();
    let text = terminal.text();
    assert!(ended.success() && text.contains("\\u{200b}") && text.contains("Done"), "{text}");
    let mut shown = vec![text];
    for command in ["journal list", "journal blame bridges.fax", "ledger list", "ledger show bridges.fax", "doctor"] {
        let ran = story.run(command);
        assert!(ran.code <= 1, "{command}: {}", ran.stderr);
        shown.extend([ran.stdout, ran.stderr]);
    }
    let journal = story.read(".telform/ledger.journal");
    let run: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    shown.push(story.expect(0, &format!("journal show {}", run["run"].as_str().unwrap())).stdout);
    for text in shown {
        assert!(!text.contains(['\u{200b}', '\u{202e}', '\u{2066}']), "{text:?}");
    }
}
