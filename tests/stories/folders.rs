//! `-C DIR`, and a run below the folder of its configuration.

use crate::bench::Story;

fn quickstart() -> Story {
    let story = Story::new("{}");
    std::fs::create_dir_all(story.path("west/deep")).unwrap();
    story.expect(0, "-C west init --quickstart");
    assert!(story.path("west/telform.yaml").exists() && !story.path("telform.yaml").exists());
    story
}

#[test]
fn it_runs_as_if_started_there() {
    let story = quickstart();
    story.expect(0, "-C west validate");
    story.expect(0, "validate -C west -f telform.yaml");
    let plan = story.expect(0, "-C west plan --sandbox world.yaml --out plan.json");
    plan.says("run `telform -C west apply plan.json");
    assert!(story.path("west/plan.json").exists(), "--out is relative to the folder, too");
    story.expect(0, "-C west show plan.json");
    // One after the other, as with git.
    story.expect(0, "-C west/deep -C .. show plan.json");
    story.expect(0, "--directory west apply --sandbox world.yaml --auto-approve");
    assert!(story.path("west/.telform").exists() || story.path("west/world.state.yaml").exists());
    shot!("folder_none", story.expect(1, "-C nowhere plan"));
    story.expect(1, "-C west/telform.yaml plan --json").says("telform::cli::directory");
}

#[test]
fn a_configuration_above_is_named_with_the_whole_command() {
    let story = quickstart();
    let help = story.expect(1, "-C west/deep plan --sandbox world.yaml");
    help.says("there is a configuration in the folder ").says("`telform -C west/deep -C .. plan --sandbox world.yaml`");
    story.expect(0, "-C west/deep -C .. plan --sandbox world.yaml");
    let failure = story.expect(1, "-C west/deep plan --json").json();
    assert!(failure["help"].as_str().unwrap().contains("telform -C west/deep -C .. plan --json"), "{failure}");
    // Nothing above: the usual help.
    let lonely = Story::new("{}");
    lonely.expect(1, "plan").is_silent_about("there is a configuration in the folder");
}
