//! Commands that a message names: with the options of the run that named them, so that they can be copied.

use crate::bench::Story;

/// The quickstart in the embedded sandbox, under another name than the default one.
fn quickstart() -> Story {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    std::fs::rename(story.path("telform.yaml"), story.path("main.yaml")).unwrap();
    story
}

const HERE: &str = "-f main.yaml --sandbox world.yaml";

#[test]
fn every_hint_repeats_where_the_run_looked() {
    let story = quickstart();
    story
        .expect(0, &format!("plan {HERE}"))
        .says("`telform apply -f main.yaml --sandbox world.yaml` with the same");
    story
        .expect(0, &format!("plan --out plan.json {HERE}"))
        .says("`telform apply plan.json -f main.yaml --sandbox world.yaml` to carry out exactly this plan");
    story.expect(0, &format!("apply plan.json --auto-approve {HERE}"));
    for (command, hint) in [
        ("ledger show providers.nobody", "`telform ledger list -f main.yaml --sandbox world.yaml`"),
        ("undo nosuch", "`telform journal list -f main.yaml --sandbox world.yaml`"),
        ("journal show nosuch", "`telform journal list -f main.yaml --sandbox world.yaml`"),
        ("explain providers.nobody", "`telform ledger list -f main.yaml --sandbox world.yaml`"),
    ] {
        let ran = story.expect(1, &format!("{command} {HERE}"));
        let whole = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(whole.contains(hint), "{command}: {whole}");
        let ran = story.expect(1, &format!("--json {command} {HERE}"));
        let document: serde_json::Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
        assert!(document["help"].as_str().unwrap().contains(hint), "{document}");
    }
    // A refusal, whose words the planner does not know the run of.
    let refused = story.expect(3, &format!("plan --destroy {HERE} --ledger other.json"));
    refused.says("`telform forget partners.acme-east -f main.yaml --ledger other.json --sandbox world.yaml`");
    story.file("broken.json", "{ \"format\": 1");
    let ran = story.expect(1, &format!("plan {HERE} --ledger broken.json"));
    let whole = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        whole.contains(
            "`telform ledger rebuild --replace -f main.yaml --ledger broken.json --sandbox world.yaml`"
        ),
        "{whole}"
    );
    // What is not said is not repeated.
    std::fs::rename(story.path("main.yaml"), story.path("telform.yaml")).unwrap();
    story.expect(1, "journal list").is_silent_about(" -f ").is_silent_about("--sandbox");
}

/// The operating system knows who runs this also where no variable says it.
#[cfg(unix)]
#[test]
fn a_user_without_a_variable_has_a_name() {
    let story = quickstart();
    let args = format!("apply --auto-approve {HERE}");
    let mut command = story.command(&args);
    let output = command.env_remove("USER").env_remove("LOGNAME").output().unwrap();
    story.ran(&args, &output);
    let shown = story.expect(0, &format!("--json journal show {HERE}")).json();
    let name = std::process::Command::new("id").arg("-un").output().unwrap();
    let name = String::from_utf8(name.stdout).unwrap();
    let user = shown["run"]["actor"]["user"].as_str().unwrap().to_owned();
    assert!(user == name.trim() || user.starts_with("uid "), "{user} is not {name}");
}
