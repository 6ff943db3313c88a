//! What two people read who had never seen telform: each sentence names what was looked at, and each command that is printed works.

use crate::bench::Story;
use crate::{runs, skipped, tables};

/// Twelve partners, each with another zip code in the table.
fn twelve_changes() -> Story {
    let story = tables::twelve();
    story.apply();
    story.file("partners.csv", &story.read("partners.csv").replace("01234", "90804"));
    story
}

/// A guard that was allowed stays allowed in the command that allows another one.
#[test]
fn the_command_that_allows_a_plan_keeps_what_was_allowed() {
    let story = twelve_changes();
    let allowed = "--max-updates 12 --max-update-percent 100";
    for command in ["plan", "apply --auto-approve"] {
        let name = command.split(' ').next().unwrap();
        for given in ["--max-updates 5 --max-update-percent 100", "--max-update-percent 100 --max-updates 11"] {
            story.expect(3, &format!("{command} {given}")).says(&format!("telform {name} {allowed}\n"));
        }
        let ran = story.expect(3, &format!("{command} --max-updates 12"));
        ran.says(&format!("telform {name} --max-update-percent 100 --max-updates 12\n"));
    }
    story.expect(0, &format!("apply --auto-approve {allowed}"));
    // The same for the way back.
    let ran = story.expect(3, "undo last --max-updates 5 --max-update-percent 100");
    ran.says("--max-updates 12 --max-update-percent 100\n");
}

/// A stale plan names what differs: the key or the ledger is not a change of the services.
#[test]
fn a_saved_plan_with_another_key_or_ledger_says_so() {
    let key = "canary-fingerprint-key-0123456789";
    let mut story = Story::new("{}").secret("AUTH", "canary-auth-key").secret("TELFORM_FINGERPRINT_KEY", key);
    story.unpod(runs::TWO);
    story.expect(0, "plan --out plan.json");
    story.unset("TELFORM_FINGERPRINT_KEY");
    let again = "Set the key that made the plan, or run `telform plan --out plan.json` again.";
    let ran = story.expect(4, "apply plan.json --auto-approve");
    ran.says("none is set or kept here, so it is not known").says("made with another fingerprint key").says(again);
    ran.is_silent_about("the services or the configuration");
    story.expect(4, "rehearse plan.json").says(again);
    story.set("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-of-another");
    story.expect(4, "apply plan.json --auto-approve").says("another one, so it is not known").says(again);
    story.set("TELFORM_FINGERPRINT_KEY", key);
    story.apply();
    story.unpod(&runs::TWO.replace("AC2", "AC3"));
    story.expect(0, "plan --out second.json");
    let ran = story.expect(4, "apply second.json --auto-approve --ledger other.json");
    ran.says("the plan was made with another ledger. Nothing was written. Name the ledger of the plan with `--ledger`, or run");
    ran.is_silent_about("the services or the configuration");
}

/// The command for the next plan has the options of this one.
#[test]
fn a_plan_that_was_applied_names_the_options_that_made_it() {
    let mut story = skipped::story();
    story.set("LAB_TOKEN", "canary-revoked-7");
    story.expect(5, "plan --skip-unreadable --out plan.json");
    story.expect(5, "apply plan.json --auto-approve");
    story.expect(4, "apply plan.json --auto-approve").says("`telform plan --skip-unreadable` shows");
    story.expect(5, "plan --skip-unreadable");
}

/// The first changes are written: only the rest is not.
#[test]
fn a_rest_that_is_refused_is_the_only_thing_not_written() {
    let story = twelve_changes();
    let ran = story.expect(5, "apply --auto-approve -q --limit 3 --then all");
    ran.says("Nothing of the rest was written. 1 guard refused").is_silent_about("Nothing was written");
    story.expect(5, "apply --auto-approve --limit 3 --then all --policy true").says("Nothing of the rest was written.");
}

/// A program that never judged the plan objected to nothing.
#[test]
fn a_policy_that_cannot_run_is_to_be_corrected() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-policy");
    story.unpod(runs::TWO);
    let ran = story.expect(3, "plan --policy nosuch");
    ran.says("help: name a program that can be run; the policy is set by --policy").is_silent_about("objects to");
    story.expect(3, "plan --policy false").says("help: change what it objects to");
    story.expect(3, "apply --auto-approve --policy nosuch").says("Nothing was written.");
}

const STARS: &str = "
telnyx:
  knobs: { password_shown: stars }
  connections:
    - { id: '1293384261075731401', connection_name: Desk, user_name: desk2019, password: canary-desk-password }
";

/// A service may show a secret as stars: nothing can be compared with that.
#[test]
fn a_secret_shown_as_stars_is_not_offered_for_comparison() {
    let story = Story::new(STARS);
    story.telnyx("");
    let ran = story.expect(0, "adopt --all --out adopted");
    ran.says("Secrets that the service shows in part or as stars: not compared; only a new object needs them (1)");
    ran.is_silent_about("set the variables").is_silent_about("compared when");
    let story = Story::new(&STARS.replace("stars", "clear"));
    story.telnyx("");
    story.expect(0, "adopt --all --out adopted").says("compared when their variables are set (1)").says("set the variables");
}

/// Where numbers are objects, the command that lists them names their kind.
#[test]
fn an_unknown_number_leads_to_a_command_that_works() {
    let story = Story::new("{}");
    story.telnyx("phone_numbers: {}\n");
    story.expect(1, "explain +14155550199").says("`telform get phone_numbers` lists");
    story.expect(0, "get phone_numbers");
    story.unpod("providers: {}\n");
    story.expect(1, "explain +14155550199").says("`telform get numbers` lists");
    let ran = story.run("plan --target +14155550199");
    ran.says("an address looks like providers.twilio-main, that of a number's own entry like numbers.+14155550199");
}

/// The id was typed; no `id:` in the YAML has to be corrected.
#[test]
fn a_wrong_id_of_a_declared_object_is_to_be_typed_again() {
    let story = tables::twelve();
    let ran = story.expect(1, "adopt partners.acme-p1 7a9d2f10-0000-4000-8000-000000000000");
    ran.says("telform::adopt::missing").says("has no partner with the id").says("`partner_sid` is what identifies");
    ran.is_silent_about("correct or remove");
}

/// With a limit, an account without a row may have changes that were left out.
#[test]
fn a_limited_plan_says_nothing_of_what_it_left_out() {
    let story = skipped::story();
    story.expect(0, "plan --limit 1").says("not the first change in 2 more: ").is_silent_about("no change planned");
    story.expect(0, "plan --limit 2").says("none of the first 2 changes in 1 more: ");
}

#[test]
fn the_letter_case_of_a_header_counts() {
    let story = tables::twelve();
    let table = story.read("partners.csv");
    for head in ["Code,Mail,Zip", "Code,mail,zip"] {
        story.file("partners.csv", &table.replacen("code,mail,zip", head, 1));
        story.expect(1, "validate").says("write `Code`: letter case counts").says("columns: `Code`");
    }
    // A file that is no such table stays unquoted.
    story.file("partners.csv", "root:x:0:0:hunter2\n");
    story.expect(1, "validate").says("name the columns in the first row").is_silent_about("hunter2");
}

/// Columns that no placeholder uses are one error, and what it suggests is complete.
#[test]
fn unused_columns_are_one_error_with_the_whole_list() {
    let story = tables::twelve();
    let mut lines: Vec<String> = story.read("partners.csv").lines().map(|line| format!("{line},x,y,z")).collect();
    lines[0] = "code,mail,zip,city,fax,note".to_owned();
    story.file("partners.csv", &format!("{}\n", lines.join("\n")));
    let ran = story.expect(1, "validate");
    ran.says("no placeholder uses 3 columns: city, fax, note").says("ignore: [city, fax, note] }");
    assert_eq!(ran.stderr.matches("telform::table::unused_column").count(), 1, "{}", ran.stderr);
    let entry = std::fs::read_to_string(story.path("telform.yaml")).unwrap();
    let some = entry.replace("for_each: partners.csv", "for_each: { file: partners.csv, ignore: [fax] }");
    story.file("telform.yaml", &some);
    story.expect(1, "validate").says("no placeholder uses 2 columns: city, note").says("ignore: [city, fax, note] }");
    story.file("telform.yaml", &some.replace("[fax]", "[city, fax, note]"));
    story.expect(0, "validate");
}

#[test]
fn a_table_without_rows_is_named() {
    let story = tables::twelve();
    story.file("partners.csv", "code,mail,zip\n");
    story.expect(0, "validate").says("warning[telform::table::no_rows]: `partners.csv` has no rows");
    story.expect(0, "plan").says("telform::table::no_rows");
}

#[test]
fn a_number_without_a_target_names_both_ways_out() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-null");
    let rest = "bridges:\n  sales: { slug: sales, name: Sales }\nnumbers:\n  '+14155550101': { bridge: sales, provider: null }\n";
    story.unpod(&format!("{}{rest}", runs::TWO));
    story.expect(1, "validate").says("name a provider, or remove this entry to cut the number off");
}

/// A fault that no request met proved nothing.
#[test]
fn a_fault_that_hits_nothing_is_named() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-fault");
    story.unpod(runs::TWO);
    let fault = |matcher: &str| format!("{{ match: {{ {matcher} }}, effect: {{ answer: {{ status: 500 }} }} }}\n");
    story.file("missed.yaml", &fault("method: POST, path: telephony/"));
    let ran = story.expect(0, "rehearse --fault missed.yaml");
    ran.says("Fault 1 had no effect: no request matched it. A path is written whole, as in /api/");
    story.file("late.yaml", &fault("method: POST, nth: 9"));
    story.expect(0, "rehearse --fault late.yaml").says("Fault 1 had no effect: 2 requests matched it, and it is for number 9.");
    let ran = story.expect(0, "rehearse --fault missed.yaml --fault late.yaml --json");
    let last = ran.events().into_iter().rfind(|event| event["event"] == "rehearsed").unwrap();
    assert_eq!(last["rehearsal"]["missed_faults"][1]["fault"], 2, "{last}");
    story.file("hit.yaml", &fault("method: POST, path: '*/providers-configurations/', times: 0"));
    story.run("rehearse --fault hit.yaml").says("This was a rehearsal").is_silent_about("had no effect");
    story.expect(1, "rehearse --fault nosuch.yaml --allow-unseen-products").says("`telform rehearse --help` has an example");
}

/// What a key file needs is not what a variable needs.
#[test]
fn a_weak_key_in_a_file_is_not_looked_for_in_a_variable() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-weak");
    story.unpod(runs::TWO);
    story.apply();
    story.file(".telform/ledger.key", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
    let ran = story.expect(1, "plan");
    ran.says("telform::ledger::weak_key").says("it is the one in the key file").is_silent_about("TELFORM_FINGERPRINT_KEY");
}

/// A saved plan is applied as it is: options that would choose another one go to `plan`.
#[test]
fn options_that_a_saved_plan_excludes_are_explained() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-conflict");
    story.unpod(runs::TWO);
    story.expect(0, "plan --out plan.json");
    let digest = format!("--expect sha256:{}", "0".repeat(64));
    for given in ["--target providers.a", "--max-deletes 1", &digest, "--limit 1"] {
        let ran = story.run(&format!("apply plan.json {given}"));
        ran.says("a saved plan has its own digest, selection and limits: give these options to `telform plan --out FILE`");
    }
}

/// A doubled row does not hide what else is wrong.
#[test]
fn a_doubled_row_does_not_hide_other_problems() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-double");
    story.file("numbers.csv", "number,provider\n+14155550101,a\n+14155550101,b\n+14155550102,nosuch\n");
    let entry = "numbers:\n  '${number}': { for_each: numbers.csv, bridge: sales, provider: '${provider}' }\n";
    story.unpod(&format!("{}bridges:\n  sales: {{ slug: sales, name: Sales }}\n{entry}", runs::TWO));
    story.expect(1, "validate").says("telform::table::doubled_key").says("nosuch").says("2 errors");
}

/// A number whose target is replaced keeps the address of its target: the arrow says that it is a new one.
#[test]
fn the_wiring_names_a_target_that_is_replaced() {
    let world = "
unpod:
  configurations: [ { id: 41, provider: exotel, account_sid: EX22222222, auth_token: canary-exotel-token } ]
  numbers: [ { id: 504, number: '+14155550104' } ]
  bridges: [ { id: 302, slug: support, name: Support, numbers: { '+14155550104': 41 } } ]
";
    let story = Story::new(world).secret("AUTH", "canary-auth-wiring");
    let provider = "providers:\n  backup: { id: '41', provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }\n";
    let bridge = "bridges:\n  support: { slug: support, name: Support, numbers: { '+14155550104': { provider: backup } } }\n";
    story.unpod(&format!("{provider}{bridge}"));
    story.run("graph --show wiring --max-deletes 1").says("by providers.backup, which is replaced");
}
