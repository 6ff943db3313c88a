//! A second program judges the plan before any question and any write.

#![cfg(unix)]

use std::process::Stdio;

use crate::bench::{Ran, Story};
use crate::partners::{west, world_with_west};

fn partner(top: &str) -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&format!("{top}{}", west("    address1: New Street 2\n")));
    story.file("no.sh", "cat > seen.json\necho 'partners.west: no ticket'\necho 'second thoughts' >&2\nexit 9\n");
    story.file("yes.sh", "exec cat > seen.json\n");
    story
}

/// Arguments of which some have spaces.
fn with(story: &Story, args: &str, policies: &[&str]) -> Ran {
    let mut command = story.command(args);
    for policy in policies {
        command.args(["--policy", policy]);
    }
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    story.ran(args, &output.wait_with_output().unwrap())
}

#[test]
fn a_policy_that_refuses_stops_plan_and_apply_before_any_write() {
    let story = partner("");
    let ran = with(&story, "plan --out plan.json", &["sh no.sh"]);
    assert_eq!(ran.code, 3);
    shot!("policy_refuses_plan", ran);
    assert!(!story.path("plan.json").exists(), "what was refused is not saved");
    let ran = with(&story, "apply --auto-approve", &["sh no.sh"]);
    assert_eq!(ran.code, 3);
    shot!("policy_refuses_apply", ran);
    // Without --auto-approve it would have to ask, without a user: the policy comes first.
    assert_eq!(with(&story, "apply", &["sh no.sh"]).code, 3);
    assert_eq!(with(&story, "apply", &["sh yes.sh"]).code, 1);
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")));
    assert!(!story.path(".telform").exists(), "a refused run leaves no lock");
    assert_eq!(with(&story, "apply --auto-approve", &["sh yes.sh"]).code, 0);
    assert_eq!(story.writes().len(), 1);
}

#[test]
fn it_gets_the_plan_document_with_its_checksum() {
    let story = partner("");
    let plan = with(&story, "plan --format json", &["sh yes.sh"]);
    assert_eq!(plan.code, 0);
    assert_eq!(story.read("seen.json"), plan.stdout);
    assert!(plan.json()["checksum"].as_str().is_some_and(|sum| sum.starts_with("sha256:")));
    with(&story, "apply --auto-approve", &["sh no.sh"]);
    assert_eq!(story.read("seen.json"), plan.stdout, "apply shows it the same");
}

#[test]
fn machine_output_stays_what_it_is() {
    let story = partner("");
    let ran = with(&story, "plan --json", &["sh no.sh"]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.json()["refused"], false, "one document, and it is about the plan");
    assert!(ran.stderr.contains("REFUSED by the policy `sh no.sh`"), "{}", ran.stderr);
    let ran = with(&story, "apply --json --auto-approve", &["sh yes.sh", "sh no.sh"]);
    assert_eq!(ran.code, 3);
    let events = ran.events();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["planned", "policy", "policy"]);
    assert_eq!(events[1]["allowed"], true);
    let told = serde_json::json!({
        "format": "telform-event", "format_version": 1, "event": "policy", "policy": "sh no.sh", "named": "by --policy", "allowed": false, "why": "exited with 9",
        "text": "partners.west: no ticket\nsecond thoughts",
    });
    assert_eq!(events[2], told);
}

#[test]
fn a_policy_of_the_yaml_runs_only_when_commands_are_allowed() {
    let story = partner("policy: { command: [sh, no.sh] }\n");
    shot!("policy_not_allowed", story.expect(1, "plan"));
    story.expect(1, "apply --auto-approve").says("telform::policy::not_allowed");
    assert!(!story.path("seen.json").exists());
    assert_eq!(story.take_log(), [""; 0], "an error before the first request");
    story.expect(0, "validate");
    story.expect(3, "plan --allow-commands").says("telform.yaml:4:11");
    // Both judge, and both objections are known at once.
    let ran = with(&story, "plan --allow-commands -q", &["telform-no-such-program"]);
    assert_eq!(ran.code, 3);
    shot!("policy_both", ran);
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_saved_plan_is_judged_again() {
    let story = partner("policy: { command: [sh, rules.sh] }\n");
    story.file("rules.sh", "echo 'looks good'\n");
    let ran = story.expect(0, "plan --allow-commands --out plan.json");
    assert_eq!(ran.stderr, "The policy `sh rules.sh` allows this plan and reports:\n    looks good\n");
    story.file("rules.sh", "echo 'not on a holiday'; exit 1\n");
    story.expect(1, "apply plan.json --auto-approve").says("--allow-commands");
    story.expect(3, "apply plan.json --auto-approve --allow-commands").says("not on a holiday");
    assert_eq!(story.writes(), [""; 0]);
    story.file("rules.sh", "exit 0\n");
    story.expect(0, "apply plan.json --auto-approve --allow-commands");
}

/// An allow list, not a list of known secrets: a token may be in a variable that no YAML names.
#[test]
fn it_does_not_see_what_is_secret() {
    let story = partner("")
        .secret("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789")
        .secret("GITHUB_TOKEN", "canary-of-the-runner")
        .secret("LC_TOKEN", "canary-beside-the-language")
        .setting("PLAIN", "shown")
        .setting("OTHER", "other")
        .setting("HOME", "/home/desk")
        .setting("LC_ALL", "C");
    story.file("env.sh", "env; exit 1\n");
    let seen = |args: &str| {
        let ran = with(&story, args, &["sh env.sh"]);
        ran.is_silent_about("canary-");
        // Variables that the shell itself adds do not matter.
        let names = ran.stderr.lines().filter_map(|line| line.strip_prefix("    ")?.split_once('='));
        let names = names.map(|(name, _)| name.to_owned());
        let mut names: Vec<String> = names.filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(&name.as_str())).collect();
        names.sort();
        names
    };
    assert_eq!(seen("plan"), ["HOME", "LC_ALL", "PATH"]);
    assert_eq!(seen("apply --auto-approve --policy-env PLAIN"), ["HOME", "LC_ALL", "PATH", "PLAIN"]);
    let two = "rehearse --policy-env PLAIN --policy-env OTHER --policy-env ABSENT";
    assert_eq!(seen(two), ["HOME", "LC_ALL", "OTHER", "PATH", "PLAIN"]);
    let story = partner("").setting("PLAIN", "shown").setting("TELFORM_POLICY_ENV", "OTHER,PLAIN");
    story.file("env.sh", "env; exit 1\n");
    with(&story, "plan", &["sh env.sh"]).says("PLAIN=shown");
    let key = story.expect(1, "plan --policy-env TELFORM_FINGERPRINT_KEY");
    key.says("the fingerprint key is not given to any program");
    story.expect(1, "plan --policy-env A=b").says("use the name of one variable");
}

#[test]
fn an_interrupt_ends_the_program_too() {
    let story = partner("");
    story.file("wait.sh", "echo $$ > pid; mv pid started; exec sleep 600\n");
    for name in ["-INT", "-TERM"] {
        let mut command = story.command("apply --auto-approve");
        command.args(["--policy", "sh wait.sh"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        while !story.path("started").exists() {
            if child.try_wait().unwrap().is_some() {
                panic!("{}", story.ran("apply", &child.wait_with_output().unwrap()).whole());
            }
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
        let policy = story.read("started");
        std::fs::remove_file(story.path("started")).unwrap();
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
        let ran = story.ran("apply", &child.wait_with_output().unwrap());
        assert_eq!(ran.code, 130, "{}", ran.whole());
        let left = std::process::Command::new("kill").args(["-0", policy.trim()]).output().unwrap();
        assert!(!left.status.success(), "the program is gone");
        assert_eq!(story.writes(), [""; 0]);
    }
}

/// The rules of the example, each with a plan that it denies.
#[test]
#[allow(clippy::print_stderr, reason = "whoever looks why a test did nothing finds it here")]
fn the_rules_of_the_example() {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "examples/policy needs python3");
        eprintln!("SKIPPED: there is no python3 here, so the rules of examples/policy were not tried");
        return;
    }
    let example = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policy").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let mut shown = String::new();
    let yaml = example("telform.yaml");
    let with_carrierx =
        |body: &str| yaml.replace("guards:", "  carrierx: { api: carrierx, token: { env: CARRIERX_TOKEN } }\n\nguards:") + body;
    let contract = "password: { env: WEST_PASSWORD }, name: West, company_name: Acme, country_code: USA, zip: \"90804\", owner_email: w@acme.example, phonenumber: \"15162065574\"";
    let three: String =
        (0..3).map(|n| format!("  p{n}: {{ provider: twilio, account_sid: AC{n}, auth_token: {{ env: A }} }}\n")).collect();
    let replaces = yaml.replace("\nbridges:", &format!("{three}\nbridges:")).replace("max_deletes: 1", "max_deletes: 4");
    for (rule, text) in [
        ("numbers_stay_reachable", yaml.replace("      \"+14155550101\": { provider: twilio-main }", "      {}")),
        ("every_delete_has_a_ticket", yaml.replace(", ticket OPS-1432", "")),
        ("few_replaces", replaces),
        (
            "partners_pay_afterwards",
            with_carrierx(&format!("\npartners:\n  west: {{ login: west, {contract}, payment_type: prepay }}\n")),
        ),
        (
            "callbacks_stay_at_home",
            with_carrierx(&format!(
                "\npartners:\n  west: {{ login: west, {contract}, payment_type: postpay, callbacks: {{ sms: \"https://evil.example/x\", call: \"https://hooks.acme.example/y\" }} }}\n"
            )),
        ),
    ] {
        let story = Story::new("{}");
        let mut world = example("world.yaml");
        if rule == "few_replaces" {
            let pinned: String = (0..3)
                .map(|n| format!("    - {{ id: {}, provider: exotel, account_sid: AC{n}, auth_token: made-up }}\n", 60 + n))
                .collect();
            world = world.replace("  numbers:\n", &format!("{pinned}  numbers:\n"));
        }
        story.file("world.yaml", &world);
        story.file("rules.py", &example("rules.py"));
        let text = if rule == "few_replaces" { pinned(&text) } else { text };
        let guards = "--max-numbers-dark 2";
        story.file("telform.yaml", &example("telform.yaml"));
        story.expect(0, "plan --sandbox world.yaml --allow-commands");
        story.file("telform.yaml", &text);
        let ran = story.expect(3, &format!("plan --sandbox world.yaml --allow-commands {guards}"));
        assert!(ran.stdout.contains("sha256:") && !ran.stdout.contains("REFUSED"), "{}", ran.whole());
        let denied: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("deny ")).collect();
        assert!(denied.len() == 1 && denied[0].contains(&format!("deny {rule}:")), "{rule}: {}", ran.stderr);
        let (_, verdict) = ran.stderr.split_once("REFUSED").unwrap();
        shown.push_str(&format!("=== {rule}\nREFUSED{verdict}"));
    }
    shot!("policy_rules", Ran { code: 3, stdout: shown, stderr: String::new() });
}

/// Three configurations pinned by their ids, so that another provider means a replacement.
fn pinned(yaml: &str) -> String {
    (0..3).fold(yaml.to_owned(), |yaml, n| yaml.replace(&format!("p{n}: {{ "), &format!("p{n}: {{ id: {}, ", 60 + n)))
}
