//! What telform prints is enough to continue: each command that it names works, and each sentence is about what is there.

use crate::bench::Story;

const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/quickstart");
pub(crate) const TELNYX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/telnyx");

/// One of the examples in the folder of the story, with a first line in its world.
pub(crate) fn example(folder: &str, first: &str) -> Story {
    let story = Story::new("{}");
    let read = |name: &str| std::fs::read_to_string(std::path::Path::new(folder).join(name)).unwrap();
    story.file("telform.yaml", &read("telform.yaml"));
    story.file("world.yaml", &format!("{first}{}", read("world.yaml")));
    story
}

/// The command below a title, without the program.
fn command_below<'t>(text: &'t str, title: &str) -> &'t str {
    let rest = text.split_once(title).unwrap_or_else(|| panic!("{title}: {text}")).1;
    rest.lines().map(str::trim).find_map(|line| line.strip_prefix("telform ")).unwrap()
}

#[test]
fn the_undo_of_a_run_that_failed_works_as_printed() {
    // The third connect fails: a replacement is begun, and its old object is still there.
    let fault =
        "faults:\n  - { match: { method: POST, path: '**connect-provider**', nth: 3 }, effect: { answer: { status: 403 } } }\n";
    let story = example(QUICKSTART, fault);
    let failed = story.expect(5, "apply --auto-approve --sandbox world.yaml");
    let undo = command_below(&failed.stdout, "undo this run:").to_owned();
    // What replaces it is deleted, and its numbers move back.
    assert_eq!(undo, "undo last --max-deletes 1 --sandbox world.yaml");
    let undone = story.expect(0, &format!("{undo} --auto-approve"));
    undone.says("providers.backup").says("41 again").is_silent_about("Different from what was saved");
    story.expect(0, "apply --auto-approve --sandbox world.yaml").says("a fresh plan is empty");
}

/// What an attribute that cannot be cleared continues to name is not deleted, and no delete of it is suggested.
#[test]
fn the_suggested_undo_allows_no_delete_that_it_does_not_need() {
    let fault = "faults:\n  - { match: { method: PATCH, path: '*/phone_numbers/1293384261075731502' }, effect: { answer: { status: 422 } } }\n";
    let story = example(TELNYX, fault);
    let failed = story.expect(5, "apply --auto-approve --sandbox world.yaml");
    let undo = command_below(&failed.stdout, "undo this run:").to_owned();
    assert_eq!(undo, "undo last --max-deletes 3 --sandbox world.yaml");
    let planned = story.expect(0, &format!("{undo} --plan"));
    planned.says("billing_groups.sales: phone_numbers.sales-main (billing_group_id) still names it").says("3 to delete");
}

#[test]
fn an_undo_that_would_do_nothing_is_not_suggested() {
    let fault =
        "faults:\n  - { match: { method: POST, path: '**providers-configurations**' }, effect: { answer: { status: 403 } } }\n";
    let story = example(QUICKSTART, fault);
    let failed = story.expect(5, "apply --auto-approve --sandbox world.yaml");
    // Only the partner was created: it is hidden, and there is no documented way to delete it.
    failed.says("create partners.acme-north").says("telform apply --sandbox world.yaml").is_silent_about("telform undo");
}

#[test]
fn a_destroy_that_is_refused_says_how_it_works() {
    let story = example(TELNYX, "");
    story.expect(0, "apply --auto-approve --sandbox world.yaml");
    story.file("telform.yaml", &story.read("telform.yaml").replace("prevent_delete: true", "prevent_delete: false"));
    story.expect(0, "apply --auto-approve --sandbox world.yaml");
    let allowed = "destroy --sandbox world.yaml --auto-approve --max-deletes 6 --max-numbers-dark 2";
    let refused = story.expect(3, allowed);
    refused.says("phone_numbers.sales-main (billing_group_id), which telform never deletes");
    refused.says("add `--exclude billing_groups.sales`");
    // Its numbers are cut, so they are not left as they are; and what is released is not counted as never managed.
    refused.says("released: no longer managed, and not deleted").is_silent_about("Not managed");
    refused.says("+13125550101  served by credential_connections.desk-2026").is_silent_about("  1293384261075731501 served by");
    let done = story.expect(0, &format!("{allowed} --exclude billing_groups.sales"));
    done.says("ok disconnect +13125550101  ").says("a fresh plan to destroy is empty");
}

#[test]
fn numbers_of_telnyx_are_found_by_the_word_that_is_named() {
    let story = example(TELNYX, "");
    let failed = story.expect(1, "get numbers --sandbox world.yaml");
    failed.says("`telform get phone_numbers --sandbox world.yaml`");
    let shown = story.expect(0, "get phone_numbers --sandbox world.yaml");
    shown.says("phone_number  connection");
}

#[test]
fn a_secret_that_the_sandbox_made_up_is_not_a_change() {
    let story = example(TELNYX, "");
    story.file(
        "telform.yaml",
        "version: 1
accounts: { telnyx: { api: telnyx, token: { env: TELNYX_API_KEY } } }
credential_connections:
  old: { connection_name: Desk 2019, user_name: desk2019, password: { env: DESK_PASSWORD } }
",
    );
    let plan = story.expect(0, "plan --sandbox world.yaml --detailed-exitcode");
    plan.says("not supplied: not compared").says("Plan: no changes");
}

#[test]
fn an_object_has_one_address() {
    let story = Story::new("unpod:\n  bridges:\n    - { id: 301, slug: sales, name: Sales }\n");
    story.unpod("bridges:\n  sales: { slug: sales, name: Sales }\n");
    story.apply();
    story.unpod("bridges:\n  other: { slug: sales, name: Sales }\nremoved:\n  - { address: bridges.sales, keep: true }\n");
    let refused = story.expect(1, "adopt bridges.other sales");
    refused.says("sales already belongs to bridges.sales, so bridges.other cannot have it too");
    let moved = "ledger move bridges.sales bridges.other";
    refused.says(&format!("`telform {moved}`"));
    story.expect(0, moved);
    story.unpod("bridges:\n  other: { slug: sales, name: Sales }\n");
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
    // What is forgotten and still declared is managed again.
    story.expect(0, "forget bridges.other").says("Its entry at telform.yaml").says("remove it too");
}

#[test]
fn what_removed_lists_is_not_adopted() {
    let story = example(QUICKSTART, "");
    let first = story.expect(0, "drift --sandbox world.yaml");
    let adopted = story.expect(0, command_below(&first.stdout, "starts to manage what the YAML names"));
    adopted.says("Not adopted, because `removed` lists it (1):\n  providers.old-plivo");
    // Without the new files, an apply would delete what was just adopted.
    adopted.says("telform apply -f telform.yaml -f adopted --sandbox world.yaml --journal-head");
    story.expect(0, "plan -f telform.yaml -f adopted --sandbox world.yaml");
}

#[test]
fn a_plan_beside_an_altered_journal_offers_no_apply() {
    let story = Story::new("unpod:\n  bridges:\n    - { id: 301, slug: sales, name: Sales }\n");
    story.unpod("bridges:\n  sales: { slug: sales, name: Sales }\n");
    story.apply();
    story.unpod("bridges:\n  sales: { slug: sales, name: Other }\n");
    let journal = story.read(".telform/ledger.journal");
    story.file(".telform/ledger.journal", &journal.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>());
    let plan = story.expect(0, "plan");
    plan.says("telform::journal::broken").says("An apply would stop before its first request");
    plan.is_silent_about("To apply it");
    story.expect(0, "plan --out p.json").says("Saved as p.json. An apply would stop");
    story.expect(1, "rehearse").says("telform::journal::broken");
    story.expect(1, "apply --auto-approve").says("telform::journal::broken");
}

#[test]
fn an_explanation_says_why_the_plan_is_not_applied() {
    let story = example(QUICKSTART, "");
    story.file("telform.yaml", &story.read("telform.yaml").replace("max_numbers_dark: 1", "max_numbers_dark: 0"));
    let dark = story.expect(0, "explain providers.old-plivo --sandbox world.yaml");
    dark.says("the plan has 1 refusal, so it is not applied").is_silent_about("something else");
}

#[test]
fn a_path_is_the_same_from_the_folder_above() {
    let story = example(QUICKSTART, "");
    std::fs::create_dir(story.path("below")).unwrap();
    let failed = story.expect(1, "-C below plan --sandbox ../world.yaml");
    failed.says("`telform -C below -C .. plan --sandbox world.yaml`");
    story.expect(0, "-C below -C .. plan --sandbox world.yaml");
}

#[test]
fn a_mistake_is_named_where_it_is() {
    let story = Story::new("{}");
    story.unpod("removed:\n  - { adress: bridges.old }\n");
    story.expect(1, "validate").says("unknown key `adress`").says("did you mean `address`?").is_silent_about("tombstone");
    story.file("bad.yaml", "unpod:\n  bridges:\n    - { id: 301, slug: sales, nme: Sales }\n");
    story.unpod("bridges: {}\n");
    let failed = story.expect(1, "plan --sandbox bad.yaml");
    failed.says("telform::sandbox::world").says("unknown field `nme`").is_silent_about("\\u{a}").is_silent_about("--quickstart");
    story.file("fault.yaml", "match: { metod: GET }\neffect: { answer: { status: 500 } }\n");
    let failed = story.expect(1, "rehearse --fault fault.yaml");
    failed.says("telform::rehearse::fault").says("unknown field `metod`").is_silent_about("\\u{a}");
}

#[test]
fn a_first_run_that_cannot_begin_leaves_nothing() {
    let story = Story::new("{}");
    story.file("telform.yaml", "version: 1\naccounts: { main: { api: carrierx, token: { env: NOT_SET } } }\npartners: {}\n");
    story.expect(1, "apply --auto-approve").says("telform::secret::missing").is_silent_about("--account");
    story.expect(1, "apply --auto-approve --sandbox nowhere.yaml").says("correct the path after `--sandbox`");
    story.expect(1, "apply --auto-approve --target partners.west").says("neither the configuration nor the ledger has");
    let left: Vec<_> = std::fs::read_dir(story.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["telform.yaml"]);
}

#[test]
fn documented_limits_are_checked_offline() {
    let story = Story::new("{}").secret("DESK", "canary");
    let entry =
        |more: &str| format!("credential_connections:\n  desk: {{ connection_name: desk, password: {{ env: DESK }}, {more} }}\n");
    for (more, code, what) in [
        ("user_name: abc", "telform::yaml::bounds", "`user_name` has 3 characters, and the service takes 4 to 32"),
        ("user_name: desk-1", "telform::yaml::login", "ASCII letters and digits only"),
        ("user_name: '12345x'", "telform::yaml::login", "a letter among the first five"),
        ("user_name: desk1, webhook_timeout_secs: 31", "telform::yaml::bounds", "is 31, and the service takes 0 to 30"),
        ("user_name: desk1, inbound: { timeout_1xx_secs: 0 }", "telform::yaml::bounds", "is 0, and the service takes 1 to 120"),
    ] {
        story.telnyx(&entry(more));
        story.expect(1, "validate").says(code).says(what);
    }
    story.telnyx("outbound_voice_profiles:\n  us: { name: us }\n");
    story.expect(1, "validate").says("`name` has 2 characters, and the service takes at least 3");
    // A secret is measured and never shown.
    story.telnyx(&entry("user_name: desk1"));
    story.expect(1, "plan").says("telform::secret::length").says("has 6 characters, and the service takes 8 to 128");
}
