//! What an outsider found untrue, or could not use, in what telform says.

use crate::bench::Story;
use crate::telnyx::{OUT, connection, managed, numbers, whole};

#[test]
fn the_order_names_the_step_that_closes() {
    let story = managed("");
    let closed = connection("north", &format!("{OUT}, active: false"));
    story.telnyx(&whole(&[closed], &numbers("north", "north")));
    for format in ["text", "markdown", "html"] {
        story.expect(0, &format!("plan --max-numbers-dark 9 --format {format}")).says("close s1");
    }
}

#[test]
fn what_the_ledger_holds_is_managed_although_no_file_declares_its_kind() {
    let story = managed("");
    story.telnyx(&whole(&[connection("north", OUT)], ""));
    story.expect(0, "plan").says("no file declares").is_silent_about("Not managed");
    let plan = story.expect(0, "plan --format json").json();
    assert_eq!(plan["unmanaged"].as_array().map_or(0, Vec::len), 0, "{}", plan["unmanaged"]);
}

#[test]
fn a_plan_of_nothing_is_not_a_check() {
    let story = Story::new("{}");
    let account = "{ api: telnyx, token: { env: TELNYX_TOKEN }, base_url: 'http://127.0.0.1:9/' }";
    story.file("telform.yaml", &format!("version: 1\naccounts: {{ main: {account} }}\n"));
    for format in ["text", "markdown", "html", "github", "slack", "junit"] {
        let ran = story.expect(0, &format!("plan --format {format}"));
        ran.says("no account was read");
    }
    story.expect(0, "plan --quiet").says("no account was read");
}

#[test]
fn a_rehearsed_undo_does_not_say_that_a_plan_of_the_yaml_is_empty() {
    let story = managed("");
    story.telnyx(&whole(&[connection("north", &format!("{OUT}, tags: [a]"))], &numbers("north", "north")));
    story.apply();
    story
        .expect(0, "rehearse --undo last")
        .says("a second reading shows what was undone as it was before the run")
        .is_silent_about("a fresh plan is empty");
    story.expect(0, "undo last --auto-approve");
    story.expect(0, "journal show").says("second plan of the undo");
    story.expect(0, "journal show --format markdown").says("A plan of the YAML may want that run again.");
}

#[test]
fn a_taken_number_has_advice_that_can_be_followed() {
    let story = managed("");
    let taken = "phone_numbers:\n  a: { phone_number: '+13125550102', connection: north }\n";
    let text = whole(&[connection("north", OUT)], taken);
    story.telnyx(&text);
    let refused = story.expect(3, "plan");
    refused.says("refusal::key_taken").says("`telform forget phone_numbers.a`").is_silent_about("pin the right one");
    story.expect(0, "forget phone_numbers.a");
    story.expect(0, "forget phone_numbers.b");
    story.expect(0, "plan").says("no changes");
}

#[test]
fn a_number_without_quotes_has_advice_that_the_next_run_takes() {
    let story = managed("");
    let bare = "phone_numbers:\n  a: { phone_number: 13125550101, connection: north }\n";
    story.telnyx(&whole(&[connection("north", OUT)], bare));
    story.expect(1, "plan").says("\"+13125550101\"").is_silent_about("is missing");
    let quoted = bare.replace("13125550101", "\"+13125550101\"");
    story.telnyx(&whole(&[connection("north", OUT)], &quoted));
    story.expect(0, "plan");
}

#[test]
fn a_wrong_entry_under_existing_excludes_nothing() {
    let story = Story::new("unpod: { numbers: [ { number: '+14155550101' } ] }");
    story.unpod(
        "existing: { providers: { main: { id: 99 } } }\nbridges: { sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } } }\n",
    );
    let refused = story.expect(3, "plan");
    refused.says("refusal::existing_missing").says("refusal::dependency_unknown").is_silent_about("also exclude");
}

#[test]
fn a_name_alone_below_a_number_is_told_how_it_is_written() {
    let story = Story::new("{}");
    story.unpod("bridges: { sales: { slug: sales, name: Sales, numbers: { '+14155550101': tw } } }\n");
    story.expect(1, "validate").says("write { provider: tw }").is_silent_about("does not say what serves it");
}

#[test]
fn a_delete_that_is_refused_does_not_say_that_nothing_names_it() {
    let story = managed("");
    let text = whole(&[connection("north", "")], &numbers("north", "north"));
    story.telnyx(&text.replace("outbound_voice_profiles:\n  domestic: { name: domestic }\n", "outbound_voice_profiles: {}\n"));
    story.expect(3, "plan -v --max-deletes 9").says("refusal::still_referred").is_silent_about("nothing that was read names it");
}

#[test]
fn a_number_that_moves_to_a_dead_connection_is_one_number() {
    let story = managed("");
    let south = connection("south", &format!("{OUT}, active: false"));
    story.telnyx(&whole(&[connection("north", OUT), south], &numbers("south", "south")));
    story.expect(0, "plan --max-numbers-dark 9 --out moved.json").says("which then has `active: false`");
    story.expect(0, "verify moved.json").says("2 numbers");
    let wiring = story.expect(0, "graph --max-numbers-dark 9 --show wiring").stdout;
    assert_eq!(wiring.matches("+13125550101").count(), 1, "{wiring}");
}

#[test]
fn explain_finds_a_number_of_a_map_and_an_attribute_of_what_is_not_managed() {
    let world = "unpod:\n  numbers: [ { number: '+14155550101' } ]\n  bridges: [ { slug: support, name: Support } ]\n";
    let story = Story::new(world).secret("AUTH", "canary-auth-43");
    story.unpod(
        "providers: { main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } } }\nbridges: { sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } } }\n",
    );
    story.expect(0, "explain numbers.+14155550101").says("bridges.sales");
    story.expect(0, "explain bridges.support.name").says("unmanaged");
    story.expect(1, "explain bridges.entirely-different").is_silent_about("did you mean");
    story.expect(1, "explain bridges.slaes").says("did you mean bridges.sales?");
}

#[test]
fn option_values_say_what_they_take() {
    let story = Story::new("{}");
    story.expect(1, "plan --limit 0").says("write a whole number, 1 or more").is_silent_about("18446744073709551615");
    story.expect(1, "plan --max-deletes many").says("write a whole number, 0 or more").is_silent_about("invalid digit");
    story.expect(1, "apply --parallelism 0").says("write a whole number, 1 or more");
}
