//! One malicious change among hundreds: a reviewer sees it early, or is told not to approve from the comment.

use serde_json::{Value, json};
use telform::model::resource::Address;
use telform::output::view::{html, markdown, text};
use telform::plan::{
    AttributeChange, Change, ChangeAction, NoticeCode, NumberEffect, NumberImpact, Plan, PlanNotice, PlanRefusal, RefusalCode,
    SecretState, ShownValue,
};

use super::{annotations, code_quality};

use crate::formats::made;

fn attribute(name: &str, before: Value, after: Value) -> AttributeChange {
    let shown = |value: Value| if value.is_null() { ShownValue::Absent } else { ShownValue::Value(value.into()) };
    AttributeChange { name: name.to_owned(), before: shown(before), after: shown(after), risky: false, source: None }
}

fn change(kind: &str, index: usize, action: ChangeAction, attributes: Vec<AttributeChange>) -> Change {
    Change {
        address: Address::new(kind, &format!("customer-{index:04}")),
        account: "main".to_owned(),
        from_account: None,
        also_leaves: Vec::new(),
        action,
        id: None,
        attributes,
        reason: None,
        steps: Vec::new(),
    }
}

/// A plan of these, with something to send.
fn plan(changes: Vec<Change>) -> Plan {
    let mut plan = made::large(1);
    plan.changes = changes;
    plan.impact.clear();
    plan
}

/// Updates that are each unlike the others.
fn harmless(count: usize) -> Vec<Change> {
    let update = |index| {
        let name = attribute("company_name", json!(format!("Acme {index}")), json!(format!("Acme no. {index}")));
        change("partners", index, ChangeAction::Update, vec![name])
    };
    (0..count).map(update).collect()
}

fn offered(comment: &str, plan: &Plan) -> bool {
    comment.contains(&plan.digest)
}

/// Everything that a reviewer of the class has to see, each as what changes and the words that must be there.
fn evils() -> Vec<(&'static str, AttributeChange, &'static str)> {
    let sms = |host: &str| json!({ "sms": format!("https://{host}/sms"), "voice": "https://hooks.acme.example/v" });
    vec![
        ("partners", attribute("callbacks", sms("hooks.acme.example"), sms("evil.example")), "https://evil.example/sms"),
        ("partners", attribute("callbacks", Value::Null, json!({ "mms": "https://evil.example/m" })), "https://evil.example/m"),
        ("partners", attribute("owner_email", json!("ops@acme.example"), json!("ops@evil.example")), "ops@evil.example"),
        ("partners", attribute("tech_email", json!("a@acme.example"), json!("a@acme.example,b@evil.example")), "b@evil.example"),
        ("providers", attribute("account_sid", json!("AC1"), json!("ACevil")), "ACevil"),
        ("providers", attribute("base_url", json!("https://lk.example"), json!("https://lk.evil.example")), "lk.evil.example"),
        ("providers", attribute("sip_url", json!("sip.lk.example"), json!("sip.evil.example")), "sip.evil.example"),
        ("bridges", attribute("numbers", json!({}), json!({ "+14155550101": "providers.evil" })), "providers.evil"),
        (
            "partners",
            attribute("attributes", json!({ "a": "b" }), json!({ "a": "https://evil.example" })),
            "https://evil.example",
        ),
    ]
}

#[test]
fn one_evil_change_of_four_hundred_is_seen_first_wherever_it_is() {
    for (kind, evil, words) in evils() {
        for place in [0, 200, 399] {
            let mut changes = harmless(400);
            let mut one = change(kind, place, ChangeAction::Update, vec![evil.clone()]);
            one.address = Address::new(kind, "the-one");
            changes[place] = one;
            let plan = plan(changes);
            let comment = markdown::plan_as_markdown(&plan);
            assert!(comment.len() <= markdown::LONGEST);
            let at = |part: &str| comment.find(part).unwrap_or_else(|| panic!("{part} of {}", evil.name));
            let first = at("customer-0001");
            assert!(at(&format!("{kind}.the-one")) < first && at(words) < first, "{} at {place}", evil.name);
            assert!(offered(&comment, &plan), "all of them fit");
            for change in &plan.changes {
                assert!(comment.contains(&format!("`{}`", change.address)), "{}", change.address);
            }
            for (format, drawn) in [("github", annotations(&plan)), ("gitlab", code_quality(&plan))] {
                let at = |part: &str| drawn.find(part).unwrap_or_else(|| panic!("{part} in {format}"));
                assert!(at("the-one") < at("customer-0001"), "{format}, {}", evil.name);
            }
        }
    }
}

/// Creates that all have their own host, mail address and account: the one that is unlike the others is conspicuous.
#[test]
fn the_odd_one_of_many_creates_comes_first() {
    for odd in ["callbacks", "owner_email"] {
        for place in [0, 150, 299] {
            let create = |index: usize| {
                let host = |name: &str| if index == place && odd == name { "evil.example" } else { "acme.example" };
                let attributes = vec![
                    attribute("login", Value::Null, json!(format!("login-{index}"))),
                    attribute("owner_email", Value::Null, json!(format!("c{index}@{}", host("owner_email")))),
                    attribute("callbacks", Value::Null, json!({ "sms": format!("https://{}/x", host("callbacks")) })),
                ];
                change("partners", index, ChangeAction::Create, attributes)
            };
            let plan = plan((0..300).map(create).collect());
            let comment = markdown::plan_as_markdown(&plan);
            let first = comment.lines().find(|line| line.starts_with("- **create**")).expect("a create");
            assert!(first.contains("evil.example"), "{odd} at {place}: {first}");
            assert!(first.contains(&format!("customer-{place:04}")), "{first}");
        }
    }
}

#[test]
fn two_thousand_equal_changes_are_one_group_with_all_names() {
    for action in [ChangeAction::Update, ChangeAction::Delete, ChangeAction::Replace] {
        let equal = |index| {
            let name = attribute("company_name", json!("Acme"), json!("Acme Inc."));
            change("partners", index, action, vec![name])
        };
        let mut changes: Vec<Change> = (0..2_000).map(equal).collect();
        let evil = attribute("company_name", json!("Acme"), json!("Evil Inc."));
        changes[1_000].attributes = vec![evil];
        let plan = plan(changes);
        let comment = markdown::plan_as_markdown(&plan);
        assert!(comment.contains("1999 `partners` in `main`, all alike, named below; `company_name`"), "{}", &comment[..2_000]);
        for change in &plan.changes {
            assert!(comment.contains(&format!("customer-{}", &change.address.name[9..])), "{}", change.address);
        }
        let at = |part: &str| comment.find(part).unwrap_or_else(|| panic!("{part}"));
        assert!(at("Evil Inc.") < at("1999 `partners`"), "the rarest first");
        // And on the first screen, before the names of all others.
        assert!(at("Evil Inc.") < 4_000 && at("1999 `partners`") < 4_000 && at("1999 `partners`") < at("customer-0000"));
        assert!(offered(&comment, &plan));
    }
}

#[test]
fn what_does_not_fit_is_said_and_offers_no_digest() {
    for count in [1_200, 5_000] {
        let plan = plan(harmless(count));
        let comment = markdown::plan_as_markdown(&plan);
        let told = comment.lines().find(|line| line.contains("do not approve from this comment: "));
        assert!(told.is_some_and(|line| line.contains("not shown")), "{count}");
        assert!(comment.find("do not approve").expect("said") < comment.find("### ").expect("a section"));
        assert!(!offered(&comment, &plan) && !comment.contains("--expect"), "{count}");
        let last = comment.lines().last().expect("a line");
        assert!(last.contains("No digest is offered"), "{last}");
        // The switch that the comment names is the smallest one that is enough.
        let needed: u64 = last
            .split("--max-unshown ")
            .nth(1)
            .and_then(|rest| rest.split('`').next())
            .expect("a switch")
            .parse()
            .expect("a number");
        assert!(!offered(&markdown::plan_as_markdown_accepting(&plan, needed - 1), &plan));
        let accepted = markdown::plan_as_markdown_accepting(&plan, needed);
        assert!(offered(&accepted, &plan) && accepted.contains("not shown") && !accepted.contains("do not approve"));
        assert!(accepted.len() <= markdown::LONGEST);
    }
}

/// Disconnected numbers are as visible as addresses.
#[test]
fn numbers_that_do_not_fit_offer_no_digest_either() {
    for (effect, hides) in [(NumberEffect::Dark, true), (NumberEffect::Moves, true), (NumberEffect::Connects, false)] {
        let mut plan = plan(harmless(1));
        let number = |index: usize| NumberImpact {
            effect,
            number: format!("+1415{index:07}"),
            account: "main".to_owned(),
            from: None,
            to: None,
            dark_steps: 0,
        };
        plan.impact = (0..3_000).map(number).collect();
        let comment = markdown::plan_as_markdown(&plan);
        assert_eq!(comment.contains("do not approve from this comment: "), hides, "{effect:?}");
        assert_eq!(offered(&comment, &plan), !hides, "{effect:?}");
        plan.impact.truncate(150);
        assert!(offered(&markdown::plan_as_markdown(&plan), &plan), "{effect:?}");
    }
}

#[test]
fn huge_values_hide_nothing_that_differs() {
    let noise = "lorem ipsum ".repeat(2_000);
    let wrapped = |word: &str| json!(format!("{noise}{word}{noise}"));
    for word in ["EVIL", "https://evil.example/x", "evil@evil.example", "sip:evil"] {
        let mut changes = harmless(400);
        changes[200].attributes = vec![attribute("transformations", wrapped("good"), wrapped(word))];
        let plan = plan(changes);
        let detail = text::TextDetail { verbose: false, columns: 80 };
        for drawn in [markdown::plan_as_markdown(&plan), text::plan_as_text(&plan, detail)] {
            assert!(drawn.contains(word), "{word}");
        }
        assert!(offered(&markdown::plan_as_markdown(&plan), &plan));
    }
    // A new value cannot be compared: its ends are shown, and each host in it.
    for new in [
        json!(format!("{noise}https://evil.example/{noise}")),
        json!({ "deep": { "er": format!("{noise}ops@evil.example {noise}") } }),
    ] {
        let mut changes = harmless(400);
        changes[200].action = ChangeAction::Create;
        changes[200].attributes = vec![attribute("attributes", Value::Null, new)];
        let plan = plan(changes);
        let comment = markdown::plan_as_markdown(&plan);
        let at = |part: &str| comment.find(part).unwrap_or_else(|| panic!("{part}"));
        assert!(at("evil.example") < at("customer-0001"));
        assert!(offered(&comment, &plan));
    }
    // More hosts than can be named are not approved unseen.
    let hosts: String = (0..500).map(|host| format!("https://h{host}.example/ ")).collect();
    let plan = plan(vec![change("partners", 1, ChangeAction::Create, vec![attribute("attributes", Value::Null, json!(hosts))])]);
    let comment = markdown::plan_as_markdown(&plan);
    assert!(comment.contains("do not approve from this comment: 1 address is not shown in full") && !offered(&comment, &plan));
}

/// Long texts show both ends of what is left of them, in every format for people.
#[test]
fn long_texts_of_many_lines_keep_their_end() {
    let lines = |word: &str| json!((0..3_000).map(|line| format!("{word} {line}")).collect::<Vec<_>>().join("\n"));
    let plan =
        plan(vec![change("partners", 1, ChangeAction::Update, vec![attribute("transformations", lines("old"), lines("new"))])]);
    let detail = text::TextDetail { verbose: false, columns: 80 };
    for drawn in [markdown::plan_as_markdown(&plan), text::plan_as_text(&plan, detail), html::plan_as_html(&plan)] {
        assert!(drawn.contains("new 2999") && drawn.contains("more lines"));
    }
}

#[test]
fn what_is_no_value_is_ranked_too() {
    let mut changes = harmless(400);
    let secret = |word| AttributeChange {
        name: "auth_token".to_owned(),
        before: ShownValue::Secret(SecretState::Set),
        after: ShownValue::Secret(word),
        risky: false,
        source: Some("env PASSWORD".to_owned()),
    };
    changes[399].attributes = vec![secret(SecretState::Changed)];
    changes[398].from_account = Some("other".to_owned());
    changes[397].action = ChangeAction::Delete;
    changes[397].reason = Some("because".to_owned());
    let plan = plan(changes);
    let comment = markdown::plan_as_markdown(&plan);
    let places = ["customer-0397", "customer-0398", "customer-0399", "customer-0000"];
    let places: Vec<usize> = places.iter().map(|part| comment.find(part).expect("an address")).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(comment.contains("in `other` -> `main`") && comment.contains("`because`"));
}

/// Alike changes are one in every format; none is left out without saying so.
#[test]
fn two_thousand_alike_changes_and_two_odd_ones_fit_a_screen() {
    let equal = |index| change("partners", index, ChangeAction::Update, vec![attribute("company_name", json!("A"), json!("B"))]);
    let create = |index: usize| {
        let mut change = change("partners", index, ChangeAction::Create, Vec::new());
        for (name, value) in [("login", format!("login-{index}")), ("zip", "90804".to_owned()), ("city", "Long Beach".to_owned())]
        {
            change.attributes.push(attribute(name, Value::Null, json!(value)));
        }
        change
    };
    for (changes, odd, alike) in [
        ((0..2_000).map(equal).collect::<Vec<_>>(), "company_name", "1998 partners  main, all alike"),
        ((0..2_000).map(create).collect(), "city", "1998 partners  main, alike but for login"),
    ] {
        let mut plan = plan(changes);
        plan.accounts.clear();
        for (index, value) in [(700, "odd-one"), (1_500, "odd-two")] {
            let changed = plan.changes[index].attributes.iter_mut().find(|attribute| attribute.name == odd);
            changed.expect("an attribute").after = ShownValue::Value(json!(value).into());
        }
        let drawn = text::plan_as_text(&plan, text::TextDetail { verbose: false, columns: 80 });
        let drawn = anstream::adapter::strip_str(&drawn).to_string();
        let lines: Vec<&str> = drawn.lines().collect();
        let first: String = lines.iter().take(24).map(|line| format!("{line}\n")).collect();
        for part in ["odd-one", "odd-two", "customer-0700", "customer-1500", alike] {
            assert!(first.contains(part), "{part}: {first}");
        }
        assert!(lines.len() <= 40 && lines.iter().all(|line| line.chars().count() <= 80), "{drawn}");
        assert!(drawn.contains("more; `-v` lists them") && drawn.contains("2000 to") && drawn.contains("in 3 kinds of change"));
        let whole = text::plan_as_text(&plan, text::TextDetail { verbose: true, columns: 80 });
        let (comment, page) = (markdown::plan_as_markdown(&plan), html::plan_as_html(&plan));
        for change in &plan.changes {
            assert!(whole.contains(&change.address.to_string()) && page.contains(&format!("{}</strong>", change.address)));
            assert!(comment.contains(&format!("{}`", change.address.name)), "{}", change.address);
        }
        let head = &comment[..4_000];
        assert!(head.contains("odd-one") && head.contains("odd-two") && head.contains("1998 `partners`"), "{head}");
        // Values that are not shown are not approved.
        assert_eq!(offered(&comment, &plan), odd == "company_name", "{head}");
        let (marks, report) = (annotations(&plan), code_quality(&plan));
        assert!(
            marks.lines().count() <= 8
                && marks.contains("addresses are not shown here, or not in full")
                && !offered(&marks, &plan)
        );
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert!(report.to_string().contains("and 1992 more"), "{report}");
        assert_eq!(report.as_array().map(Vec::len), Some(4), "one about undoing, and three kinds of change: {report}");
    }
}

/// Refusals and notices of one sort do not fill the screen either.
#[test]
fn thousands_of_equal_refusals_and_notices_are_one_each() {
    let mut plan = plan(harmless(1));
    for index in 0..2_000 {
        let address = Some(Address::new("partners", &format!("customer-{index:04}")));
        let (account, attribute) = ("main".to_owned(), Some("money".to_owned()));
        let detail = if index == 9 { "money is 7" } else { "money cannot be changed" }.to_owned();
        let place = Some(format!("telform.yaml:{index}:3"));
        let code = RefusalCode::CreateOnly;
        plan.refusals.push(PlanRefusal {
            code,
            account: account.clone(),
            addresses: address.iter().cloned().collect(),
            attribute,
            detail,
            place,
        });
        plan.notices.push(PlanNotice {
            code: NoticeCode::Adopted,
            account,
            address,
            attribute: None,
            detail: Some(index.to_string()),
        });
    }
    let drawn = text::plan_as_text(&plan, text::TextDetail { verbose: false, columns: 80 });
    let drawn = anstream::adapter::strip_str(&drawn).to_string();
    assert!(drawn.lines().count() < 50, "{drawn}");
    let at = |part: &str| drawn.find(part).unwrap_or_else(|| panic!("{part} in {drawn}"));
    assert!(at("money is 7") < at("1999 refusals") && at("1999 refusals") < at("and 1993"));
    assert!(at("Notices (2000)") < at("and 1994"));
    let whole = text::plan_as_text(&plan, text::TextDetail { verbose: true, columns: 80 });
    let (comment, page) = (markdown::plan_as_markdown(&plan), html::plan_as_html(&plan));
    assert!(comment.contains("1999 objects: `money cannot be changed`") && comment.contains("**1979 more**"));
    for index in 0..2_000 {
        let address = format!("partners.customer-{index:04}");
        assert!(whole.matches(&address).count() >= 2 && page.matches(&address).count() >= 2, "{address}");
    }
}

/// GitHub shows ten annotations of each type; where there are more, the tenth sums up the rest, and they do not offer an approval.
#[test]
fn annotations_offer_a_digest_only_where_all_are_shown() {
    for (count, all) in [(9, true), (10, false)] {
        let plan = plan(harmless(count));
        let text = annotations(&plan);
        assert_eq!(text.contains(&plan.digest), all, "{text}");
        assert_eq!(text.contains("Do not approve from these annotations: 2 of them"), !all, "{text}");
    }
}
