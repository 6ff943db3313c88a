//! Every guard at its limit: equal passes, one more refuses; and the question before what cannot be undone.

#![cfg(unix)]

use std::fmt::Write;

use telform::model::guards::GUARDS;

use crate::bench::{Ran, Story};
use crate::terminal::at_terminal;

/// Two organizations. In `eu` two of three configurations go with a number each, in `us` the only one with its number.
const WORLD: &str = "
unpod:
  organizations: [ { handle: eu.example, name: EU }, { handle: us.example, name: US } ]
  configurations:
    - { id: 41, provider: plivo, account_sid: MA41, auth_token: canary-41, organization: eu.example }
    - { id: 42, provider: exotel, account_sid: EX42, auth_token: canary-42, organization: eu.example }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-43, organization: eu.example }
    - { id: 44, provider: plivo, account_sid: MA44, auth_token: canary-44, organization: us.example }
  numbers:
    - { id: 501, number: '+14155550101', organization: eu.example }
    - { id: 502, number: '+14155550102', organization: eu.example }
    - { id: 503, number: '+14155550103', organization: us.example }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 41 }, organization: eu.example }
    - { id: 303, slug: support, name: Support, numbers: { '+14155550102': 42 }, organization: eu.example }
    - { id: 302, slug: fax, name: Fax, numbers: { '+14155550103': 44 }, organization: us.example }
";

/// The third of `eu` is managed and stays.
const REMOVED: &str = "providers:
  d: { account: eu, id: '43', provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
removed:
  - { address: providers.a, account: eu, id: '41' }
  - { address: providers.b, account: eu, id: '42' }
  - { address: providers.c, account: us, id: '44' }
";

/// The guards at the top, of `eu` and of `us`.
fn write(story: &Story, top: &str, eu: &str, us: &str, rest: &str) {
    let account = |name: &str, guards: &str| {
        format!(
            "  {name}: {{ api: unpod, base_url: \"{}\", org_handle: {name}.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }}, guards: {{ {guards} }} }}\n",
            story.sandbox.unpod_url()
        )
    };
    story.file(
        "telform.yaml",
        &format!("version: 1\naccounts:\n{}{}guards: {{ {top} }}\n{rest}", account("eu", eu), account("us", us)),
    );
}

#[test]
fn each_guard_at_its_edge() {
    let story = Story::new(WORLD);
    let all = "max_deletes: 9, max_numbers_dark: 9";
    // Top, eu, us, flags, and the refusing guard (none: the plan passes).
    let table = [
        // Deletes: 2 in eu, 1 in us, 3 in the run.
        ("max_numbers_dark: 9, max_deletes: 3", "", "", "", ""),
        (
            "max_numbers_dark: 9, max_deletes: 2",
            "",
            "",
            "",
            "3 objects would be deleted, max_deletes for the whole run is 2; `--max-deletes 3`",
        ),
        ("max_numbers_dark: 9", "max_deletes: 2", "max_deletes: 1", "", ""),
        (
            "max_numbers_dark: 9",
            "max_deletes: 1",
            "max_deletes: 1",
            "",
            "2 objects would be deleted, max_deletes is 1; `--max-deletes 3`",
        ),
        ("max_numbers_dark: 9", "max_deletes: 2", "", "", "1 object would be deleted, max_deletes is 0; `--max-deletes 3`"),
        ("max_numbers_dark: 9, max_deletes: 2", "max_deletes: 2", "max_deletes: 2", "", "max_deletes for the whole run is 2"),
        ("max_numbers_dark: 9", "", "", "--max-deletes 3", ""),
        ("max_numbers_dark: 9", "", "", "--max-deletes 2", "3 objects would be deleted, max_deletes for the whole run is 2"),
        (all, "", "", "--max-deletes 2", "max_deletes for the whole run is 2"),
        ("max_numbers_dark: 9, max_deletes: 0", "max_deletes: 0", "max_deletes: 0", "--max-deletes 3", ""),
        // Numbers: 2 in eu, 1 in us, 3 in the run.
        ("max_deletes: 9, max_numbers_dark: 3", "", "", "", ""),
        (
            "max_deletes: 9, max_numbers_dark: 2",
            "",
            "",
            "",
            "3 numbers would go dark, max_numbers_dark for the whole run is 2; `--max-numbers-dark 3`",
        ),
        ("max_deletes: 9", "max_numbers_dark: 2", "max_numbers_dark: 1", "", ""),
        (
            "max_deletes: 9",
            "max_numbers_dark: 1",
            "max_numbers_dark: 1",
            "",
            "2 numbers would go dark, max_numbers_dark is 1; `--max-numbers-dark 3`",
        ),
        ("max_deletes: 9", "", "", "--max-numbers-dark 3", ""),
        ("max_deletes: 9", "", "", "--max-numbers-dark 2", "3 numbers would go dark, max_numbers_dark for the whole run is 2"),
        // Shares: 67 % in eu, 100 % in us, 75 % in the run.
        ("max_delete_percent: 100", "", "", "--max-deletes 3 --max-numbers-dark 3", ""),
        (
            "max_delete_percent: 99",
            "",
            "",
            "--max-deletes 3 --max-numbers-dark 3",
            "100 % of the managed providers would be deleted, max_delete_percent is 99; `--max-delete-percent 100`",
        ),
        (all, "max_delete_percent: 67", "max_delete_percent: 100", "", ""),
        (
            all,
            "max_delete_percent: 66",
            "max_delete_percent: 100",
            "",
            "67 % of the managed providers would be deleted, max_delete_percent is 66; `--max-delete-percent 100`",
        ),
        (
            "max_deletes: 9, max_numbers_dark: 9, max_delete_percent: 75",
            "max_delete_percent: 67",
            "max_delete_percent: 100",
            "",
            "",
        ),
        (
            "max_deletes: 9, max_numbers_dark: 9, max_delete_percent: 74",
            "max_delete_percent: 67",
            "max_delete_percent: 100",
            "",
            "75 % of the managed providers would be deleted, max_delete_percent for the whole run is 74",
        ),
        ("max_deletes: 9, max_numbers_dark: 9, max_delete_percent: 1", "", "", "--max-delete-percent 100", ""),
        (all, "", "", "--max-delete-percent 99", "100 % of the managed providers"),
        // A switch opens its own guard and no other.
        ("", "", "", "--max-deletes 99 --max-delete-percent 100", "max_numbers_dark is 0"),
        ("", "", "", "--max-numbers-dark 99 --max-delete-percent 100", "max_deletes is 0"),
        ("max_delete_percent: 10", "", "", "--max-deletes 99 --max-numbers-dark 99", "max_delete_percent is 10"),
    ];
    for (top, eu, us, flags, refuses) in table {
        write(&story, top, eu, us, REMOVED);
        let row = format!("[{top}] eu [{eu}] us [{us}] {flags}");
        let ran = story.run(&format!("plan {flags}"));
        if refuses.is_empty() {
            assert_eq!(ran.code, 0, "{row}\n{}", ran.stdout);
            continue;
        }
        assert_eq!(ran.code, 3, "{row}\n{}", ran.stdout);
        assert!(ran.stdout.contains(refuses), "{row}: `{refuses}` is not in\n{}", ran.stdout);
        let guards = GUARDS.iter().map(|guard| format!("guard::{}\n", guard.name));
        let met: Vec<_> = guards.filter(|guard| ran.stdout.contains(guard)).collect();
        assert_eq!(met.len(), 1, "{row}: only one guard refuses\n{}", ran.stdout);
        story.expect(3, &format!("apply --auto-approve {flags}"));
    }
    assert_eq!(story.writes(), [""; 0]);
    write(&story, "max_deletes: 2, max_numbers_dark: 2", "", "", REMOVED);
    shot!("guards_of_the_run", story.expect(3, "plan"));
}

/// Partners that are there, as many of them as are managed, and of those as many as get another address.
fn many_partners(there: usize, managed: usize, changed: usize) -> (String, String) {
    let common = "company_name: Acme, country_code: USA, zip: '01234', phonenumber: '15162065574', payment_type: postpay";
    let (mut world, mut yaml) = ("carrierx:\n  partners:\n".to_owned(), String::new());
    for n in 0..there {
        let row = format!("login: p{n}, name: P{n}, owner_email: p{n}@acme.example, {common}");
        writeln!(world, "    - {{ partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f{n:03}, {row}, address1: Old Street }}").unwrap();
        if n < managed {
            let street = if n < changed { "New" } else { "Old" };
            writeln!(yaml, "  p{n}: {{ {row}, password: {{ env: WEST_PASSWORD }}, address1: {street} Street }}").unwrap();
        }
    }
    (world, yaml)
}

#[test]
fn an_update_of_many_alike_is_refused() {
    // There, managed and changed; guards in the file and on the command line; what refuses.
    for (there, managed, changed, file, flags, refuses) in [
        (10, 10, 3, "", "", ""),
        (10, 10, 4, "", "", "40 % of the managed partners would be updated, max_update_percent is 30; `--max-update-percent 40`"),
        (10, 10, 4, "", "--max-update-percent 40", ""),
        (10, 10, 4, "", "--max-update-percent 39", "max_update_percent is 39"),
        (10, 10, 4, "max_update_percent: 40", "", ""),
        (10, 10, 1, "max_update_percent: 9", "", "10 % of the managed partners would be updated, max_update_percent is 9;"),
        // Few of them are no reason to refuse, unless a limit is set.
        (9, 9, 9, "", "", ""),
        (9, 9, 9, "max_update_percent: 99", "", "max_update_percent is 99"),
        // What nobody manages does not make the share smaller, nor the number larger.
        (40, 10, 4, "", "", "40 % of the managed partners"),
        (40, 9, 9, "", "", ""),
        (9, 9, 4, "max_updates: 4", "", ""),
        (9, 9, 4, "max_updates: 3", "", "4 objects would be updated, max_updates is 3; `--max-updates 4` allows it"),
        (9, 9, 4, "max_updates: 3", "--max-updates 4", ""),
        (9, 9, 4, "", "--max-updates 0", "max_updates is 0"),
    ] {
        let row = format!("{there} {managed} {changed} [{file}] {flags}");
        let (world, partners) = many_partners(there, managed, changed);
        let story = Story::new(&world).secret("WEST_PASSWORD", "canary-west-pw");
        story.carrierx(&format!("guards: {{ {file} }}\npartners:\n{partners}"));
        let ran = story.run(&format!("plan {flags}"));
        if refuses.is_empty() {
            assert_eq!(ran.code, 0, "{row}\n{}", ran.whole());
            continue;
        }
        assert_eq!(ran.code, 3, "{row}\n{}", ran.whole());
        ran.says(refuses).says("guard::max_update");
        story.expect(3, &format!("apply --auto-approve {flags}"));
        assert_eq!(story.writes(), [""; 0], "{row}");
        // A few of them are tried, then the rest is allowed.
        story.expect(0, "apply --auto-approve --target partners.p0 --max-updates 1 --max-update-percent 50");
        assert_eq!(story.writes().len(), 1, "{row}");
        story.expect(0, "apply --auto-approve --max-updates 99 --max-update-percent 100");
        assert_eq!(story.writes().len(), changed, "{row}");
    }
}

#[test]
fn a_protected_object_stays_whatever_the_other_switches_say() {
    let story = Story::new(WORLD).secret("AUTH", "canary-44");
    let entry = |protected: bool| {
        format!(
            "providers:\n  c: {{ account: us, provider: plivo, account_sid: MA44, auth_token: {{ env: AUTH }}, lifecycle: {{ prevent_delete: {protected} }} }}\n"
        )
    };
    let all = "--max-deletes 99 --max-numbers-dark 99 --max-delete-percent 100";
    write(&story, "", "", "", &entry(true));
    story.apply();
    write(&story, "", "", "", "providers: {}\n");
    story.expect(3, &format!("apply --auto-approve {all}")).says("guard::prevent_delete").is_silent_about("guard::max");
    // Its own switch, and that one opens no other guard.
    write(&story, "", "", "", &entry(false));
    story.apply();
    write(&story, "", "", "", "providers: {}\n");
    story.expect(3, "apply --auto-approve").says("guard::max_deletes").is_silent_about("guard::prevent_delete");
    assert_eq!(story.writes(), [""; 0]);
    story.expect(1, "apply --auto-approve --force").says("unexpected argument");
}

#[test]
fn the_question_repeats_the_consequence_and_only_its_number_applies() {
    let story = Story::new(WORLD);
    write(&story, "max_deletes: 3, max_numbers_dark: 3", "", "", REMOVED);
    let mut shown = String::new();
    for wrong in ["2", "yes", "", "33", "y", "3 numbers"] {
        let ran = at_terminal(&story, "apply", wrong);
        assert_eq!(ran.code, 1, "{wrong}: {}", ran.whole());
        assert!(ran.stderr.ends_with("Cancelled; nothing was written to a service.\n"), "{}", ran.stderr);
        assert_eq!(story.writes(), [""; 0], "{wrong}");
        // The number is in the plan, and not in the question.
        assert!(!ran.stderr.contains('3') || wrong.contains('3'), "{}", ran.stderr);
        shown.push_str(&format!("=== {wrong}\n{}", ran.stderr));
    }
    shot!("confirm_wrong", Ran { code: 1, stdout: shown, stderr: String::new() });
    let ran = at_terminal(&story, "apply", "3");
    assert_eq!(ran.code, 0, "{}", ran.whole());
    assert_eq!(story.writes().iter().filter(|line| line.starts_with("DELETE")).count(), 3);
}

#[test]
fn the_question_for_a_replacement_and_for_what_can_be_taken_back() {
    let story = Story::new(WORLD).secret("AUTH", "canary-new-43");
    let entry = |provider: &str| {
        format!(
            "providers:\n  d: {{ account: eu, id: '43', provider: {provider}, account_sid: AC43, auth_token: {{ env: AUTH }} }}\n"
        )
    };
    write(&story, "max_deletes: 1", "", "", &entry("exotel"));
    let mut shown = String::new();
    for (answer, code) in [("yes", 1), ("1", 0)] {
        let ran = at_terminal(&story, "apply", answer);
        assert_eq!(ran.code, code, "{}", ran.whole());
        shown.push_str(&format!("=== replace, {answer}\n{}", ran.stderr));
    }
    let both =
        format!("{}removed:\n  - {{ address: providers.c, account: us, id: '44' }}\n", entry("twilio").replace("id: '43', ", ""));
    write(&story, "max_deletes: 2, max_numbers_dark: 1", "", "", &both);
    let ran = at_terminal(&story, "apply", "2");
    shown.push_str(&format!("=== replace and delete, 2\n{}", ran.stderr));
    assert_eq!(ran.code, 1, "the number to type is that of the phone numbers");
    let a = "  a: { account: eu, provider: plivo, account_sid: MA99, auth_token: { env: AUTH }, id: '41' }\n";
    write(&story, "", "", "", &format!("{}{a}", entry("exotel")));
    for (answer, code) in [("1", 1), ("yes", 0)] {
        let ran = at_terminal(&story, "apply", answer);
        assert_eq!(ran.code, code, "{}", ran.whole());
        shown.push_str(&format!("=== update, {answer}\n{}", ran.stderr));
    }
    shot!("confirm_replace", Ran { code: 0, stdout: shown, stderr: String::new() });
}
