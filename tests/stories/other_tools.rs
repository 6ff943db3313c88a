//! Words of other tools: the same action is carried out with one line that names telform's word; a similar one is refused.

use crate::partners::{verified, west};

fn note(ran: &crate::bench::Ran) -> String {
    let notes: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("note: `")).collect();
    assert_eq!(notes.len(), 1, "{}", ran.whole());
    notes[0].to_owned()
}

#[test]
fn the_same_under_another_word() {
    let story = verified("");
    story.carrierx(&west(""));
    assert_eq!(note(&story.expect(0, "apply -y")), "note: `-y` is `--auto-approve`");
    let listed = story.expect(0, "state list");
    assert_eq!(note(&listed), "note: `telform state list` is `telform ledger list`");
    assert_eq!(listed.stdout, story.expect(0, "ledger list").stdout);
    story.expect(0, "state show partners.west").says("is `telform ledger show`");
    assert_eq!(story.expect(0, "refresh --json").json()["format"], "telform-drift");
    note(&story.expect(0, "refresh"));
    let version = story.expect(0, "version");
    assert_eq!(version.stdout, story.expect(0, "--version").stdout);
    note(&version);
    note(&story.expect(0, "state rm partners.west"));
    assert_eq!(story.expect(0, "ledger list --json").json()["objects"].as_array().unwrap().len(), 0);
    let id = story.world()["carrierx"]["partners"][0]["partner_sid"].as_str().unwrap().to_owned();
    let adopted = story.expect(0, &format!("import partners.west {id}"));
    assert_eq!(note(&adopted), "note: `telform import` is `telform adopt`");
}

#[test]
fn a_similar_word_is_refused_with_what_to_write() {
    let story = verified("");
    story.carrierx(&west(""));
    story.apply();
    story.take_log();
    shot!("state_mv", story.expect(1, "state mv partners.west partners.acme-west"));
    shot!("one_dash", story.expect(1, "apply -auto-approve -target=partners.west"));
    shot!("no_variables", story.expect(1, "plan -var-file=west.tfvars"));
    story.expect(1, "workspace list").says("telform -C FOLDER plan");
    story.expect(1, "rollback").says("telform undo last --plan");
    let failure = story.expect(1, "apply -auto-approve --json");
    let failure: serde_json::Value = serde_json::from_str(&failure.stdout).unwrap();
    assert_eq!(failure["code"], "telform::cli::usage");
    assert_eq!(story.take_log(), [""; 0], "nothing is sent");
    // A short option with its value is not a word of another tool.
    story.expect(0, "validate -ftelform.yaml");
}
