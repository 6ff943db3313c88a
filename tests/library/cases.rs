//! Texts of one class each, with the right answer beside them: accepted or not, and what may be suggested.

use std::path::Path;

use serde_json::Value;
use telform::config::desired;
use telform::config::problem::{Problems, Severity, render_problems};

fn rows(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn problems(yaml: &str) -> Problems {
    match desired::load_text("case.yaml", Path::new(""), yaml) {
        Ok(loaded) => {
            let mut problems = loaded.warnings;
            problems.extend(loaded.conditional_problems);
            problems
        }
        Err(problems) => problems,
    }
}

/// Whether it is accepted, and everything that is reported about it.
fn judged(yaml: &str) -> (bool, String) {
    let problems = problems(yaml);
    let taken = problems.iter().all(|problem| problem.severity == Severity::Warning);
    (taken, render_problems(&problems, false, 80))
}

/// Each row is accepted or not, and the suggestion is exactly the one in the row.
fn each(name: &str, yaml: impl Fn(&str) -> String, suggested: impl Fn(&str) -> String) {
    let rows = rows(name);
    assert!(rows.len() > 10);
    for row in rows {
        let text = row["text"].as_str().or(row["url"].as_str()).unwrap();
        let (taken, said) = judged(&yaml(&Value::from(text).to_string()));
        assert_eq!(taken, row["ok"].as_bool().unwrap(), "{row}\n{said}");
        match row["suggest"].as_str() {
            Some(meant) => {
                assert!(said.contains(&format!("did you mean {}?", suggested(meant))), "{row}\n{said}")
            }
            None => assert!(!said.contains("did you mean"), "{row}\n{said}"),
        }
    }
}

const UNPOD: &str = "unpod: { api: unpod, org_handle: acme.example, token: { env: T } }";

pub(crate) fn partner(more: &str) -> String {
    format!(
        "version: 1\naccounts: {{ c: {{ api: carrierx, token: {{ env: T }} }} }}\npartners:\n  west: {{ login: west, \
         password: {{ env: P }}, name: West, company_name: Acme, zip: '90804', owner_email: a@b.example, {more} }}\n"
    )
}

#[test]
fn numbers_on_a_bridge() {
    let yaml = |text: &str| {
        format!(
            "version: 1\naccounts: {{ {UNPOD} }}\nproviders:\n  main: {{ provider: twilio, account_sid: AC1, auth_token: {{ \
             env: A }} }}\nbridges:\n  sales: {{ name: Sales, slug: sales, numbers: {{ {text}: {{ provider: main }} }} }}\n"
        )
    };
    each("numbers.json", yaml, |number| format!("\"{number}\""));
}

/// The same texts where digits alone are wanted: a text that is not a number because of more than punctuation is
/// never turned into digits.
#[test]
fn numbers_as_digits() {
    for row in rows("numbers.json") {
        let text = row["text"].as_str().unwrap();
        let more = format!("country_code: USA, payment_type: postpay, phonenumber: {}", Value::from(text));
        let (taken, said) = judged(&partner(&more));
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        assert_eq!(taken, digits, "{row}\n{said}");
        if let Some(number) = row["suggest"].as_str().filter(|_| !digits) {
            assert!(said.contains(&format!("write \"{}\"", &number[1..])), "{row}\n{said}");
        }
        let named = ["ext", "E+", "[", "X", ".0", ",", "..", "*", "-04", "(0)", "FLOW", "/"];
        if named.iter().any(|part| text.contains(part)) {
            assert!(!said.contains("help: write \""), "{row}\n{said}");
        }
    }
}

#[test]
fn countries() {
    let yaml = |text: &str| partner(&format!("phonenumber: '1', payment_type: postpay, country_code: {text}"));
    each("countries.json", yaml, |code| format!("`{code}`"));
}

#[test]
fn base_urls() {
    for row in rows("base-urls.json") {
        let account = format!("c: {{ api: carrierx, base_url: {}, token: {{ env: T }} }}", row["url"]);
        let (taken, said) = judged(&format!("version: 1\naccounts: {{ {account} }}\n"));
        assert_eq!(taken, row["ok"].as_bool().unwrap(), "{row}\n{said}");
    }
}

/// Words of an attribute, of a key inside a map, and of a value inside the maps of a list.
#[test]
fn words_that_are_known() {
    let rest = "country_code: USA, phonenumber: '1'";
    let near = [
        ("payment_type: postpaid", "postpay"),
        ("payment_type: PREPAY", "prepay"),
        ("payment_type: postpay, callbacks: { SMS: https://a.example }", "sms"),
        ("payment_type: postpay, callbacks: { app_conference_cal: https://a.example }", "app_conference_call"),
        ("payment_type: postpay, acls: [{ direction: Inbound }]", "inbound"),
        ("payment_type: postpay, acls: [{ direction: any }, { sms_action_true: acept }]", "accept"),
        ("payment_type: postpay, parent_assigned_acls: [{ voice_action_false: rejct403 }]", "reject403"),
        ("payment_type: postpay, parent_assigned_acls: [{ directon: any }]", "direction"),
    ];
    for (more, meant) in near {
        let (taken, said) = judged(&partner(&format!("{rest}, {more}")));
        assert!(!taken && said.contains(&format!("did you mean `{meant}`?")), "{more}\n{said}");
    }
    let strange = [
        ("payment_type: barter", "prepay"),
        ("payment_type: postpay, callbacks: { voicemail: https://a.example }", "app_mediator"),
        ("payment_type: postpay, acls: [{ direction: up }]", "undirected"),
        ("payment_type: postpay, acls: [{ direction: [any] }]", "undirected"),
        ("payment_type: postpay, parent_assigned_acls: [{ colour: red }]", "sms_action_true"),
    ];
    for (more, known) in strange {
        let (taken, said) = judged(&partner(&format!("{rest}, {more}")));
        assert!(taken && said.contains("warning[telform::yaml::unseen]"), "{more}\n{said}");
        assert!(said.contains(&format!("`{known}`")), "{more}\n{said}");
    }
    let fine = "payment_type: prepay, callbacks: { sms: https://a.example, app_mediator: null }, acls: [{ direction: any, \
                sms_action_true: null, voice_action_true: reject503, access_control_rules: [x] }], attributes: { any: Key }";
    assert_eq!(judged(&partner(&format!("{rest}, {fine}"))), (true, String::new()));
}

/// Templates that were not filled in, wherever a text is allowed.
#[test]
fn templates_that_nothing_filled_in() {
    let object = |more: &str| partner(&format!("country_code: USA, phonenumber: '1', payment_type: postpay, {more}"));
    let account = |more: &str| format!("version: 1\naccounts: {{ c: {{ api: carrierx, {more} }} }}\n");
    let unpod = |more: &str| format!("version: 1\naccounts: {{ u: {{ api: unpod, token: {{ env: T }}, {more} }} }}\n");
    for (yaml, name) in [
        (object("city: '${CITY}'"), "CITY"),
        (object("city: '{{ city }}'"), "city"),
        (object("address1: 'No. <%= STREET %>'"), "STREET"),
        (object("address1: '{% if a %}1{% endif %}'"), "NAME"),
        (object("address1: '#{STREET}'"), "STREET"),
        (object("address1: 'env:STREET'"), "STREET"),
        (object("address1: '$STREET'"), "STREET"),
        (object("address1: '%STREET%'"), "STREET"),
        (object("address1: '${STREET:-Main}'"), "NAME"),
        (object("attributes: { a: ['${A_B}'] }"), "A_B"),
        (object("attributes: { '${KEY}': x }"), "KEY"),
        (object("callbacks: { sms: 'https://{{ host }}/x' }"), "host"),
        (object("acls: [{ direction: '${DIRECTION}' }]"), "DIRECTION"),
        (object("id: '${SID}'"), "SID"),
        (account("token: 'env:C_TOKEN'"), "C_TOKEN"),
        (account("token: '${C_TOKEN}'"), "C_TOKEN"),
        (account("token: { file: 'secrets/${ENV}' }"), "ENV"),
        (account("token: { env: T }, base_url: 'https://${HOST}/x'"), "HOST"),
        (unpod("org_handle: '{{ORG}}'"), "ORG"),
        (unpod("org_handle: a.example, product_id: '${PRODUCT}'"), "PRODUCT"),
        ("version: 1\naccounts: { '${NAME_OF}': { api: carrierx, token: { env: T } } }\n".to_owned(), "NAME_OF"),
        ("version: 1\nledger: '${LEDGER}'\n".to_owned(), "LEDGER"),
    ] {
        let (taken, said) = judged(&yaml);
        assert!(!taken && said.contains("error[telform::yaml::unrendered]"), "{yaml}\n{said}");
        assert!(said.contains(&format!("{{ env: {name} }}")), "{yaml}\n{said}");
    }
    // Matches of a pattern, amounts of money, and percent signs are not templates.
    let fine = "transformations: [{ to: '${1}$2' }], address1: 'US$ 100%', city: '{city}', attributes: { a: '$5', b: '{}' }";
    assert_eq!(judged(&object(fine)), (true, String::new()));
    // A template in place of a secret is not repeated unless it only names a variable.
    let (_, said) = judged(&account("token: '{{ hunter2 }}'"));
    assert!(said.contains("{ env: C_TOKEN }") && !said.contains("hunter2"), "{said}");
}

/// Blanks and invisible characters, in natural keys and in addresses.
#[test]
fn blanks_that_nobody_sees() {
    let provider =
        |more: &str| format!("version: 1\naccounts: {{ {UNPOD} }}\nproviders:\n  a: {{ auth_token: {{ env: A }}, {more} }}\n");
    let first =
        |more: &str| format!("version: 1\naccounts: {{ {UNPOD} }}\nproviders:\n  a: {{ name: A, provider: '1', {more} }}\n");
    let rest = "country_code: USA, phonenumber: '1', payment_type: postpay";
    for (yaml, code, bare) in [
        (provider("provider: twilio, account_sid: 'AC1 '"), "blank", "AC1"),
        (provider("provider: twilio, account_sid: \"AC\\u200b1\""), "blank", "AC1"),
        (provider("provider: twilio, account_sid: \"AC\\u00a01\""), "blank", "AC1"),
        (provider("provider: \"twi\\u00adlio\", account_sid: AC1"), "blank", "twilio"),
        (first("base_url: 'https://a.example/ x'"), "url", "https://a.example/x"),
        (first("sip_url: \"sip:a\\ufeff.example\""), "url", "sip:a.example"),
        (partner(&format!("{rest}, callbacks: {{ sms: ' https://a.example/x' }}")), "url", "https://a.example/x"),
        (partner(&format!("{rest}, callbacks: {{ sms: \"https://a.example/\\u2060x\" }}")), "url", "https://a.example/x"),
        (partner(&format!("{rest}, parent_sid: 'a b'")), "blank", "ab"),
        (partner(rest).replace("login: west", "login: 'west coast'"), "blank", "westcoast"),
    ] {
        let (taken, said) = judged(&yaml);
        assert!(!taken && said.contains(&format!("error[telform::yaml::{code}]")), "{yaml}\n{said}");
        assert!(said.contains(&format!("did you mean \"{bare}\"?")), "{yaml}\n{said}");
    }
}

/// Files as other systems name them, and what an editor leaves beside them.
#[cfg(unix)]
#[test]
fn capitals_in_a_files_name_and_an_editors_lock() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let link = |name: &str| std::os::unix::fs::symlink("user@host.4711:99", folder.path().join(name)).unwrap();
    put("ACCOUNTS.YAML", &format!("version: 1\naccounts: {{ {UNPOD} }}\n"));
    put("more.Yml", "version: 1\nproviders: { a: { provider: twilio, account_sid: AC1 } }\n");
    link(".#more.Yml");
    link(".#ACCOUNTS.YAML");
    let loaded = desired::load_in(folder.path(), &[".".into()]).unwrap();
    assert_eq!((loaded.desired.accounts.len(), loaded.desired.objects.len()), (1, 1));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    // A dangling link that is not a lock is an error and is not skipped.
    link("lost.YAML");
    let problems = desired::load_in(folder.path(), &[".".into()]).unwrap_err();
    assert!(problems.to_string().contains("telform::file::missing"), "{problems}");
}
