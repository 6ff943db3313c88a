//! The first ten minutes of a user: `init --quickstart`, plan, apply, and again.

use telform::sandbox::World;

use crate::bench::Story;

/// What the embedded simulator kept.
fn state(story: &Story) -> World {
    let mut world = World::load(story.path("world.state.yaml")).unwrap();
    world.carrierx.errors_answered = 0;
    world
}

#[test]
fn from_nothing_to_nothing_left_to_do() {
    let story = Story::new("{}");
    shot!("quickstart_init", story.expect(0, "init --quickstart"));
    let untouched = story.read("world.yaml");
    let plan = story.expect(0, "plan --sandbox world.yaml");
    shot!("quickstart_plan", plan);
    assert!(!story.path("world.state.yaml").exists(), "a plan keeps nothing");
    assert!(!story.path("world.ledger.json").exists(), "a plan keeps nothing");
    shot!("quickstart_unasked", story.expect(1, "apply --sandbox world.yaml"));
    shot!("quickstart_apply", story.expect(0, "apply --sandbox world.yaml --auto-approve"));
    shot!("quickstart_second_plan", story.expect(0, "plan --sandbox world.yaml --detailed-exitcode"));

    // A second apply writes nothing: the kept state is the same, except for the count of refusals.
    let before = state(&story);
    story.expect(0, "apply --sandbox world.yaml --auto-approve").is_silent_about("Applying");
    assert_eq!(state(&story), before);
    assert_eq!(story.read("world.yaml"), untouched, "the world to start from stays as it was written");
    assert_eq!(story.take_log(), [""; 0], "nothing of all this went to another service");
}

#[test]
fn the_state_is_kept_between_runs() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    story.expect(0, "apply --sandbox world.yaml --auto-approve --target providers.twilio-main");
    assert_eq!(state(&story).unpod.configurations.len(), 3);
    let plan = story.expect(2, "plan --sandbox world.yaml --detailed-exitcode");
    plan.is_silent_about("+ providers.twilio-main").says("+- providers.backup");
}

#[test]
fn the_example_in_the_repository_is_the_same() {
    let story = Story::new("{}");
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    for name in ["telform.yaml", "world.yaml"] {
        story.file(name, &std::fs::read_to_string(example.join(name)).unwrap());
    }
    let here = story.expect(0, "plan --sandbox world.yaml --quiet");
    let other = Story::new("{}");
    other.expect(0, "init --quickstart");
    assert_eq!(other.expect(0, "plan --sandbox world.yaml --quiet").stdout, here.stdout);
}
