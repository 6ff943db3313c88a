//! `telform init`: from nothing to a configuration with checked tokens, with options and with questions.

use crate::bench::Story;

const WORLD: &str = r#"
unpod:
  configurations:
    - { id: 41, provider: exotel, account_sid: EX22222222, auth_token: canary-exotel-9 }
    - { id: 42, provider: plivo, account_sid: MA33333333, auth_token: canary-plivo-9 }
  numbers:
    - { id: 501, number: "+14155550101" }
  bridges:
    - { id: 301, slug: sales-bridge-001, name: Sales, numbers: { "+14155550101": 41 } }
carrierx:
  partners:
    - partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410
      login: acme-west
      name: Acme West
      company_name: Acme
      country_code: USA
      zip: "01234"
      owner_email: ops@acme.example
      phonenumber: "15162065574"
      payment_type: postpay
"#;

/// Options that name the accounts of the story's services.
fn unpod(story: &Story) -> String {
    format!(
        "--account unpod --set unpod.org_handle=acme.example --set unpod.base_url={} --set unpod.requests_per_minute=60000",
        story.sandbox.unpod_url()
    )
}

fn carrierx(story: &Story) -> String {
    format!("--account west=carrierx --token west=env:CARRIERX_TOKEN --set west.base_url={}", story.sandbox.carrierx_url())
}

/// Names of everything in the folder.
fn inside(story: &Story) -> Vec<String> {
    let entries = std::fs::read_dir(story.dir.path()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_outdated_copy_of_the_schema_is_a_warning_until_it_is_written_again() {
    let story = Story::new("{}");
    story.expect(0, "init");
    story.expect(0, "validate").is_silent_about("stale_schema");
    let copy = ".telform/telform.schema.json";
    story.file(copy, &story.read(copy).replace("urn:telform", "urn:other"));
    let warned = story.expect(0, "validate");
    warned.says("warning[telform::yaml::stale_schema]").says(&format!("telform schema --out {copy}"));
    assert_eq!(story.expect(0, "validate --format json").json()["problems"][0]["code"], "telform::yaml::stale_schema");
    story.expect(0, &format!("schema --out {copy}"));
    story.expect(0, "validate").is_silent_about("stale_schema");
}

#[test]
fn with_options_each_account_gets_one_get() {
    let story = Story::new(WORLD);
    let ran = story.expect(0, &format!("init {} {}", unpod(&story), carrierx(&story)));
    shot!("init_options", ran);
    assert_eq!(
        story.take_log(),
        ["GET telephony/providers-configurations/", "GET partners?limit=1000&offset=0&order=partner_sid+asc"]
    );
    let yaml = story.read("telform.yaml");
    insta::with_settings!({ filters => crate::bench::FILTERS, omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("init_yaml", yaml);
    });
    assert_eq!(inside(&story), [".gitattributes", ".gitignore", ".telform", "telform.yaml"]);
    story.expect(0, "validate").says("Valid: nothing declared in 2 accounts.");
    story.expect(0, "plan --detailed-exitcode");
    story.expect(0, "doctor");
    // The suggested next commands work as printed.
    story.expect(0, "adopt --all --out adopted").says("Verified");
    // Nothing is ever overwritten.
    story.expect(1, &format!("init {}", unpod(&story))).says("telform.yaml exists already");
    assert_eq!(story.read("telform.yaml"), yaml);
}

/// The commands below `Next:`, as they are printed.
fn next_commands(ran: &crate::bench::Ran) -> Vec<String> {
    let (_, next) = ran.stdout.split_once("\nNext:\n").expect("next steps");
    let commands = next.lines().filter_map(|line| line.strip_prefix("  telform "));
    commands.map(|line| line.split("  ").next().unwrap_or(line).to_owned()).collect()
}

#[test]
fn the_next_steps_do_what_they_say() {
    let story = Story::new(WORLD);
    let steps = next_commands(&story.expect(0, &format!("init {} {}", unpod(&story), carrierx(&story))));
    assert_eq!(steps, ["plan", "adopt --all --out adopted", "plan -f telform.yaml -f adopted"]);
    for step in &steps {
        story.expect(0, step);
    }
    // A plan without the folder would delete what is managed now.
    story.expect(0, &steps[2]).says("Plan: no changes");

    // The simulator is that of the init, and needs no token.
    let mut story = Story::new("{}");
    story.unset("UNPOD_TOKEN");
    story.file("world.yaml", WORLD);
    let ran = story.expect(0, "init --account unpod --set unpod.org_handle=acme.example --sandbox world.yaml");
    ran.says("`telform doctor --sandbox world.yaml` checks it");
    for step in next_commands(&ran) {
        assert!(step.ends_with(" --sandbox world.yaml"), "{step}");
        story.expect(0, &step);
    }
    let story = Story::new("{}");
    story.file("world.yaml", WORLD);
    let steps = next_commands(&story.expect(0, "init --sandbox world.yaml"));
    assert_eq!(steps, ["validate", "doctor --sandbox world.yaml", "plan --sandbox world.yaml"]);
    let story = Story::new("{}");
    story.file("world.yaml", WORLD);
    let adopted = story.expect(0, "init --account unpod --set unpod.org_handle=acme.example --adopt --sandbox world.yaml");
    adopted.says("Next: telform plan --sandbox world.yaml\n");
}

/// The service answers a wrong handle like a missing right, and the list of organizations tells them apart.
#[test]
fn a_wrong_organization_is_not_called_a_missing_right() {
    let story = Story::new(WORLD);
    let wrong = unpod(&story).replace("acme.example", "acme.exampel");
    let ran = story.expect(1, &format!("init {wrong}"));
    ran.says("telform::live::organization").says("has the handle `acme.exampel`; it has acme.example");
    assert_eq!(inside(&story), [""; 0], "nothing is written");
    // Where nothing tells them apart, both are named.
    story.fault("{ match: { path: '*/organizations/', times: 0 }, effect: { answer: { status: 401 } } }");
    let ran = story.expect(1, &format!("init {wrong}"));
    ran.says("the organization is not the token's, or the token may not read this").says("`accounts.unpod.org_handle`");
}

#[test]
fn what_exists_is_adopted() {
    let story = Story::new(WORLD);
    let ran = story.expect(0, &format!("init {} {} --adopt", unpod(&story), carrierx(&story)));
    shot!("init_adopt", ran);
    assert_eq!(story.writes(), [""; 0], "nothing but GET is sent");
    assert!(!story.path("telform.yaml").exists());
    assert!(story.read("telform/accounts.yaml").starts_with("# yaml-language-server: $schema=../.telform/"));
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
    assert_eq!(story.ledger()["objects"].as_object().unwrap().len(), 4);
    // Another account's folder is not written into.
    story.expect(1, "init").says("telform/accounts.yaml exists already");
}

#[test]
fn an_account_in_which_nothing_is() {
    let story = Story::new("{}");
    shot!("init_adopt_nothing", story.expect(0, &format!("init {} --adopt", unpod(&story))));
    story.expect(0, "plan --detailed-exitcode");
}

#[test]
fn the_older_generation_is_told_and_gets_its_examples() {
    let story = Story::new(
        "unpod: { profile: g1-snapshot, configurations: [{ id: 7, name: Old, provider: LiveKit, organization: acme.example }] }",
    );
    let ran = story.expect(0, &format!("init {} --set unpod.product_id=unpod.ai", unpod(&story)));
    ran.says("1 provider, generation 1");
    let yaml = story.read("telform.yaml");
    assert!(yaml.contains("#     name: \"LiveKit main\"") && !yaml.contains("account_sid"), "{yaml}");
    story.expect(0, "plan --detailed-exitcode");
}

#[test]
fn a_token_that_is_not_accepted() {
    let mut story = Story::new(WORLD);
    story.set("UNPOD_TOKEN", "canary-wrong-token-3");
    let options = unpod(&story);
    shot!("init_wrong_token", story.expect(1, &format!("init {options}")));
    assert_eq!(inside(&story), [""; 0], "nothing is written");
    story.take_log();
    story.expect(0, &format!("init {options} --no-check"));
    assert_eq!(story.take_log(), [""; 0], "nobody is asked");
    story.expect(0, "validate");
}

#[test]
fn a_token_that_is_not_there_yet() {
    let mut story = Story::new(WORLD);
    story.unset("UNPOD_TOKEN");
    let options = unpod(&story);
    shot!("init_no_token_adopt", story.expect(1, &format!("init {options} --adopt")));
    assert_eq!(inside(&story), [""; 0], "nothing is written");
    shot!("init_no_token", story.expect(0, &format!("init {options}")));
    assert_eq!(story.take_log(), [""; 0], "nobody is asked without a token");
    // A program is not run unless that is allowed.
    let story = Story::new(WORLD);
    let options = format!("{} --token command:cat", unpod(&story));
    story.expect(0, &format!("init {options}")).says("not checked").says("--allow-commands");
}

#[test]
fn a_host_that_nobody_reaches() {
    let story = Story::new(WORLD);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = story.expect(1, &format!("init --account carrierx --set carrierx.base_url=http://{nobody}"));
    ran.says("error[telform::live::unreachable]").says("--no-check");
    assert_eq!(inside(&story), [""; 0], "nothing is written");
}

#[test]
fn typing_mistakes_get_the_nearest() {
    let story = Story::new(WORLD);
    let mut whole = String::new();
    for options in [
        "--account unpot",
        "--account a=unpod --account a=carrierx",
        "--account unpod",
        "--account unpod --set unpod.org_handel=acme.example",
        "--account unpod --set unpd.org_handle=acme.example",
        "--account unpod --set unpod.token=canary-literal-1",
        "--account unpod --set nonsense",
        "--account carrierx --token carrierx=canary-literal-2",
        "--account carrierx --token canary-literal-3",
        "--account carrierx --token carrierx=env:A --token carrierx=env:B",
        "--account a/b=carrierx",
        "--account carrierx --set carrierx.base_url=http://api.example",
        "--adopt",
        "--account carrierx -f west.yaml",
        "--quickstart -f west.yaml",
    ] {
        let ran = story.expect(1, &format!("init {options}"));
        whole.push_str(&format!("$ telform init {options}\n{}{}\n", ran.stdout, ran.stderr));
        assert!(!ran.stderr.contains("canary-literal"), "{}", ran.stderr);
    }
    insta::with_settings!({ filters => crate::bench::FILTERS, omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("init_typos", whole);
    });
    assert_eq!(inside(&story), [""; 0], "nothing is written");
    assert_eq!(story.take_log(), [""; 0], "nobody is asked");
}

#[test]
fn a_token_in_a_file_is_found_from_both_places() {
    let story = Story::new(WORLD);
    story.file("secret token", crate::bench::CARRIERX_TOKEN);
    for (more, place) in [("--no-adopt", "telform.yaml"), ("--adopt", "telform/accounts.yaml")] {
        let mut command = story.command(&format!("init {} {more}", carrierx(&story)));
        // A path with a blank in it.
        let output = command.args(["--account", "b=carrierx", "--token", "b=file:secret token"]);
        let output = output.args(["--set", &format!("b.base_url={}", story.sandbox.carrierx_url())]);
        let ran = story.ran(more, &output.output().unwrap());
        // Both accounts show the same partner, which only one can have.
        assert!(ran.stderr.contains("b: the token is accepted"), "{}", ran.whole());
        story.expect(0, &format!("doctor -f {place}")).says("all are supplied");
        std::fs::remove_file(story.path("telform.yaml")).ok();
    }
}

#[test]
fn a_folder_that_is_there_already_gets_the_file() {
    let story = Story::new(WORLD);
    std::fs::create_dir(story.path("telform")).unwrap();
    story.expect(0, &format!("init {}", carrierx(&story))).says("wrote telform/accounts.yaml");
    story.expect(0, "plan --detailed-exitcode");
    story.expect(0, "adopt --all --out telform").says("Verified");
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
    let story = Story::new(WORLD);
    std::fs::create_dir(story.path("telform")).unwrap();
    story.expect(1, "init --quickstart").says("telform exists already");
    story.expect(0, "init");
    story.expect(0, "validate");
}

#[cfg(unix)]
mod at_a_terminal {
    use super::*;
    use crate::terminal::converse;

    /// A folder with a world, as `telform init --quickstart` leaves it.
    fn with_world() -> Story {
        let story = Story::new("{}");
        let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/world.yaml");
        story.file("world.yaml", &std::fs::read_to_string(example).unwrap());
        story
    }

    #[test]
    fn question_by_question() {
        let story = with_world();
        let ran = converse(
            &story,
            "init --sandbox world.yaml",
            &[
                ("Service [unpod]: ", "unpdo\n"),
                ("Service [unpod]: ", "\n"),
                ("Your name for the account [unpod]: ", "main\n"),
                ("(org_handle): ", "\n"),
                ("(org_handle): ", "acme.example\n"),
                ("Token [env:MAIN_TOKEN]: ", "secret-in-clear\n"),
                ("Token [env:MAIN_TOKEN]: ", "env:UNPOD_TOKEN\n"),
                ("Another account? [y/N]: ", "y\n"),
                ("Service [carrierx]: ", "\n"),
                ("Your name for the account [carrierx]: ", "main\n"),
                ("Your name for the account [carrierx]: ", "\n"),
                ("Token [env:CARRIERX_TOKEN]: ", "\n"),
                ("Another account? [y/N]: ", "perhaps\n"),
                ("Another account? [y/N]: ", "\n"),
                ("[Y/n]: ", "\n"),
            ],
        );
        assert_eq!(ran.code, 0, "{}", ran.whole());
        shot!("init_terminal", ran);
        assert!(!ran.whole().contains("(generation)"), "the answers of the service show it");
        // Text to be copied is not wrapped.
        let copied = |line: &str| line.contains("--journal-head");
        assert!(ran.stderr.lines().chain(ran.stdout.lines()).all(|line| line.chars().count() <= 80 || copied(line)));
        story.expect(0, "plan --sandbox world.yaml --detailed-exitcode").says("Plan: no changes");
    }

    #[test]
    fn a_refused_token_is_asked_for_again() {
        let mut story = Story::new(WORLD);
        story.set("WRONG", "canary-wrong-token-4");
        let options =
            format!("init --account carrierx --token env:WRONG --set carrierx.base_url={}", story.sandbox.carrierx_url());
        let ran = converse(&story, &options, &[("Keep carrierx anyway? [y/N]: ", "\n")]);
        assert_eq!(ran.code, 1);
        ran.says("telform::live::unauthorized").says("--no-check");
        assert_eq!(inside(&story), [""; 0]);
        let ran = converse(&story, &options, &[("Keep carrierx anyway? [y/N]: ", "y\n")]);
        assert_eq!(ran.code, 0);
        ran.says("wrote telform.yaml").says("telform doctor");
        // What the options omit is asked for.
        let story = Story::new(WORLD);
        let options = format!("init --account unpod --set unpod.base_url={}", story.sandbox.unpod_url());
        let ran = converse(&story, &options, &[("(org_handle): ", "acme.example\n"), ("[Y/n]: ", "n\n")]);
        assert_eq!(ran.code, 0);
        assert!(story.read("telform.yaml").contains("org_handle: \"acme.example\""));
    }

    /// The generation is asked for only where the answers do not show it; without it, no plan may write.
    #[test]
    fn the_generation_is_asked_for_where_nothing_shows_it() {
        let story = Story::new("{}");
        story.file("world.yaml", "unpod: { profile: g1-snapshot, providers: [ { id: 6, name: Vapi, type: TELEPHONY } ] }\n");
        let ran = converse(
            &story,
            "init --sandbox world.yaml --no-adopt",
            &[
                ("Service [unpod]: ", "\n"),
                ("Your name for the account [unpod]: ", "\n"),
                ("(org_handle): ", "acme.example\n"),
                ("Token [env:UNPOD_TOKEN]: ", "\n"),
                ("(generation) [auto]: ", "3\n"),
                ("(generation) [auto]: ", "1\n"),
                ("Another account? [y/N]: ", "\n"),
            ],
        );
        assert_eq!(ran.code, 0, "{}", ran.whole());
        ran.says("do not show its generation");
        assert!(story.read("telform.yaml").contains("    generation: 1 "), "{}", story.read("telform.yaml"));
        story.expect(0, "plan --sandbox world.yaml");
    }

    #[test]
    fn a_wrong_answer_is_explained_each_time() {
        let story = with_world();
        let wrong = ("Service [unpod]: ", "nosuch\n");
        let ran = converse(&story, "init --sandbox world.yaml", &[wrong, wrong, ("Service [unpod]: ", "\u{4}")]);
        let printed = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(printed.matches("error[").count(), 3, "twice why not, and once that the input ended\n{printed}");
    }

    #[test]
    fn whoever_stops_has_changed_nothing() {
        let story = with_world();
        let before = inside(&story);
        // The end of the input, at the first question and at the last.
        let ran = converse(&story, "init --sandbox world.yaml", &[("Service [unpod]: ", "\u{4}")]);
        assert_eq!(ran.code, 1);
        ran.says("telform::init::unanswered");
        let ran = converse(&story, "init --sandbox world.yaml --account carrierx", &[("[Y/n]: ", "\u{4}")]);
        assert_eq!(ran.code, 1);
        assert_eq!(inside(&story), before);
    }

    /// Where the terminal can move its cursor, an answer is edited with the keys of a shell; Ctrl-C is what it is everywhere.
    #[cfg(target_os = "linux")]
    #[test]
    fn answers_are_edited() {
        let asked = |text: &str| text.contains("(org_handle): ");
        let at_question = || {
            let story = with_world().setting("TERM", "xterm");
            let mut terminal = crate::terminal::Terminal::sized(80);
            let child = terminal.runs(&story, "init --sandbox world.yaml --account unpod --no-adopt");
            assert!(terminal.until(asked), "{}", terminal.text());
            (story, terminal, child)
        };
        let (story, mut terminal, mut child) = at_question();
        // To the beginning of the line, and delete the letter there.
        terminal.types("xacme.example\u{1}\u{4}\r");
        terminal.until(|_| false);
        assert!(child.wait().unwrap().success(), "{}", terminal.text());
        assert!(story.read("telform.yaml").contains("org_handle: \"acme.example\""));
        let (story, mut terminal, mut child) = at_question();
        let before = inside(&story);
        terminal.types("acme\u{3}");
        terminal.until(|_| false);
        assert!(!child.wait().unwrap().success(), "{}", terminal.text());
        assert_eq!(inside(&story), before);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn ctrl_c_leaves_nothing_behind() {
        let story = with_world();
        let before = inside(&story);
        let mut terminal = crate::terminal::Terminal::sized(80);
        let mut child = terminal.runs(&story, "init --sandbox world.yaml --account carrierx");
        assert!(terminal.until(|text| text.ends_with("[Y/n]: ")), "{}", terminal.text());
        terminal.types("\u{3}");
        terminal.until(|_| false);
        assert!(!child.wait().unwrap().success());
        assert_eq!(inside(&story), before);
    }
}
