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
    story.expect(0, &format!("plan {HERE}")).says("`telform apply -f main.yaml --sandbox world.yaml`.");
    story
        .expect(0, &format!("plan --out plan.json {HERE}"))
        .says("To apply exactly this plan, run `telform apply plan.json -f main.yaml --sandbox world.yaml`");
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
    // A refusal, whose text does not know the options of the run.
    let refused = story.expect(3, &format!("plan --destroy {HERE} --ledger other.json"));
    refused.says("`telform forget ADDRESS -f main.yaml --ledger other.json --sandbox world.yaml`");
    story.file("broken.json", "{ \"format\": 1");
    let ran = story.expect(1, &format!("plan {HERE} --ledger broken.json"));
    let whole = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        whole.contains("`telform ledger rebuild --replace -f main.yaml --ledger broken.json --sandbox world.yaml`"),
        "{whole}"
    );
    // Options that were not given are not repeated.
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

/// The commands in a text, each between backticks or on its own line.
fn commands(text: &str) -> Vec<String> {
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = whole.split("`telform ").skip(1).filter_map(|rest| rest.split('`').next());
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("telform "));
    quoted.chain(lines).map(str::to_owned).collect()
}

/// The command that a plan suggests applies that plan: limits and permissions are part of the command.
#[test]
fn the_way_on_from_a_plan_can_be_pasted() {
    let story = quickstart();
    story.expect(0, &format!("apply --auto-approve {HERE}"));
    let text = story.read("main.yaml").replace("name: Sales Bridge", "name: Trade Bridge");
    story.file("main.yaml", &text);
    let limits = "--account unpod --exclude providers.twilio-main --max-deletes 1";
    let ran = story.expect(0, &format!("plan {limits} {HERE}"));
    let named = commands(&ran.stdout);
    for option in ["--account unpod", "--exclude providers.twilio-main", "--max-deletes 1", "-f main.yaml"] {
        assert!(named[0].contains(option) && named[0].matches(option).count() == 1, "{named:?}");
    }
    story.expect(0, &format!("{} --auto-approve", named[0])).says("only account unpod");
    // A saved plan has its limits in it.
    story.file("main.yaml", &story.read("main.yaml").replace("name: Trade Bridge", "name: Help Bridge"));
    let ran = story.expect(0, &format!("plan {limits} --out plan.json {HERE}"));
    let named = commands(&ran.stdout);
    assert!(!named[0].contains("--account"), "{named:?}");
    story.expect(0, &format!("{} --auto-approve", named[0]));
}

/// A second interrupt, or a kill, in the middle of an undo: the way on takes the run back, and does not do it again.
#[cfg(unix)]
#[test]
fn an_undo_that_was_cut_off_goes_on_as_an_undo() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-undo");
    story.unpod(crate::runs::TWO);
    story.apply();
    let first = story.expect(0, "--json journal list").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    story.fault("{ match: { method: DELETE }, when: after, effect: { delay_ms: 20000 } }");
    story.take_log();
    let mut child = crate::runs::start(&story, "undo last --auto-approve --max-deletes 2");
    crate::runs::wait_for_a_write(&story);
    for _ in 0..2 {
        crate::runs::signal(&child, "-INT");
        std::thread::park_timeout(std::time::Duration::from_millis(100));
    }
    let _ = child.try_wait();
    let ran = crate::runs::end(&story, "undo", child);
    story.sandbox.clear_faults();
    let named = commands(&ran.stderr);
    let on = named.iter().find(|command| command.starts_with("undo")).unwrap_or_else(|| panic!("{}", ran.whole()));
    assert!(on.contains(&first) && on.contains("--max-deletes 2"), "{on}");
    assert!(!ran.stderr.contains("telform resume"), "{}", ran.stderr);
    // The plan says so too.
    let plan = story.expect(0, "plan");
    plan.says(&format!("telform undo {first}")).is_silent_about("telform resume");
    story.expect(0, &format!("{on} --auto-approve")).says("reading shows that it was done");
    assert_eq!(story.world()["unpod"]["configurations"], serde_json::json!([]));
    story.expect(0, &format!("undo {first} --auto-approve --max-deletes 2"));
}

/// An id that a service does not show: what identifies the kind, and nothing about another one.
#[test]
fn the_help_for_an_unknown_id_is_about_its_kind() {
    let story = Story::new(
        "
unpod:
  configurations: [ { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 } ]
  bridges: [ { id: 301, slug: sales, name: Sales } ]
",
    );
    story.unpod("providers: {}\n");
    for (address, field, shown) in [("bridges.x", "slug", "sales"), ("providers.x", "id", "42")] {
        let ran = story.expect(1, &format!("adopt {address} nosuch"));
        ran.says("telform::adopt::missing").says(&format!("`{field}` is what identifies a"));
        ran.says(&format!("it shows {shown}")).is_silent_about("mail address");
    }
    let story = Story::new("{}");
    story.carrierx("partners: {}\n");
    story.expect(1, "adopt partners.x nosuch").says("`partner_sid` is what identifies a partner").says("mail address");
}

const OLDER: &str = "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1 }
";

/// The catalogue's names are on both sides, however a provider is written.
#[test]
fn a_provider_has_its_name_on_both_sides() {
    for written in ["Daily", "5", "daily"] {
        let story = Story::new(OLDER);
        let write = |provider: &str| {
            story.unpod_with("product_id: prod, ", &format!("providers:\n  main: {{ name: main, provider: {provider} }}\n"));
        };
        write("Vapi");
        story.apply();
        write(written);
        for format in ["text", "markdown"] {
            let plan = story.expect(0, &format!("plan --format {format}")).stdout;
            assert!(plan.contains("Vapi") && plan.contains("Daily") && !plan.contains("6 ->"), "{written}: {plan}");
        }
    }
}

/// A secret that was changed at the service is not reported as changed in the configuration.
#[test]
fn a_secret_says_where_it_changed() {
    let mut story = Story::new(OLDER).secret("KEY", "canary-key-main-1");
    let entry = "providers:\n  main: { name: main, provider: Vapi, api_key: { env: KEY } }\n";
    story.unpod_with("product_id: prod, ", entry);
    story.apply();
    story.set("KEY", "canary-key-main-2");
    story.expect(0, "plan").says("differs from the one that the service shows").is_silent_about("changed at the service");
    story.apply();
    // Another user, with a separate ledger.
    story.set("KEY", "canary-key-main-1");
    story.expect(0, "apply --auto-approve --ledger other.json");
    story.set("KEY", "canary-key-main-2");
    story.expect(0, "plan").says("changed at the service: will be written").is_silent_about("in the configuration");
    story.expect(2, "drift").says("changed outside telform").is_silent_about("in the configuration");
}

/// What a new user types first: a file without `-f`, an undo without its run.
#[test]
fn a_wrong_word_says_the_right_one() {
    let story = quickstart();
    for (typed, meant) in [
        ("validate main.yaml", "`telform validate -f main.yaml`"),
        ("plan main.yaml --sandbox world.yaml", "`telform plan -f main.yaml --sandbox world.yaml`"),
        ("drift main.yaml", "`telform drift -f main.yaml`"),
        ("undo", "`telform undo last`"),
        ("undo --plan", "`telform journal list`"),
    ] {
        story.expect(1, typed).says(meant);
        let document: serde_json::Value = story.expect(1, &format!("--json {typed}")).json();
        assert!(document["help"].as_str().unwrap().contains(meant), "{document}");
    }
    story.expect(1, "plan nosuch").is_silent_about("named with -f");
    story.expect(1, "apply main.yaml").says("telform::plan::no_plan").says("name a configuration with `-f`");
    // Asked again, a plan still goes to its file.
    let refused = story.expect(3, &format!("plan --out plan.json --max-deletes 0 {HERE}"));
    refused.says("telform plan --out plan.json --max-deletes 2 -f main.yaml --sandbox world.yaml");
}

/// Each command that a plan names in a file or a comment applies exactly that plan, as printed.
#[test]
fn what_a_comment_and_a_page_name_can_be_run() {
    for format in ["markdown", "html"] {
        let story = quickstart();
        let limits = "--max-numbers-dark 9 --max-deletes 3";
        story.expect(0, &format!("plan {HERE} {limits} --format {format}=plan.out"));
        let page = story.read("plan.out").replace("<span class=\"whole\">", "").replace("</span>", "");
        let (_, after) = page.split_once("telform apply --expect ").expect("a command");
        let command = after.split(['`', '<']).next().unwrap();
        assert!(command.ends_with("-f main.yaml --sandbox world.yaml --max-deletes 3 --max-numbers-dark 9"), "{command}");
        story.expect(0, &format!("apply --auto-approve --expect {command}"));
    }
    let story = quickstart();
    let refused = format!("plan --destroy {HERE} --ledger other.json");
    for format in ["markdown", "html", "github", "gitlab", "slack", "junit", "sarif"] {
        let ran = story.expect(3, &format!("{refused} --format {format}"));
        let whole = ran.stdout.replace("<span class=\"whole\">", "").replace("</span>", "");
        let named: Vec<String> =
            whole.match_indices("telform forget ").map(|(at, _)| whole[at..].chars().take(120).collect()).collect();
        // Annotations and messages are cut before it.
        assert!(!named.is_empty() || ["github", "slack"].contains(&format), "{format}: {whole}");
        for command in named {
            assert!(command.contains("--ledger other.json"), "{format}: {command}");
        }
    }
    // An undo has no digest to be applied by.
    story.expect(0, &format!("apply --auto-approve {HERE}"));
    let undo = story.expect(0, &format!("undo last --plan --format markdown {HERE}")).stdout;
    assert!(!undo.contains("apply --expect"), "{undo}");
    assert!(undo.contains("To apply it, run `telform undo last -f main.yaml --sandbox world.yaml"), "{undo}");
}
