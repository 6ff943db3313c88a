//! The small commands: init, validate, schema, forget, sandbox, help.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::bench::{Ran, Story};
use crate::partners::{verified, west};

#[test]
fn init_overwrites_nothing() {
    let story = Story::new("{}");
    story.file(".gitignore", "target/\n*.state.yaml");
    shot!("init", story.expect(0, "init"));
    assert_eq!(story.read(".gitignore").lines().filter(|line| *line == "*.state.yaml").count(), 1);
    assert!(story.read(".gitignore").starts_with("target/\n*.state.yaml\n"));
    let yaml = story.read("telform.yaml");
    shot!("init_again", story.expect(1, "init"));
    story.expect(1, "init --quickstart");
    assert_eq!(story.read("telform.yaml"), yaml);
    assert!(!story.path("world.yaml").exists());
    // What it wrote is valid, and a plan only misses the token of a real account.
    story.expect(0, "validate").says("Valid: nothing declared in 1 account.");
    let schema: serde_json::Value = serde_json::from_str(&story.read(".telform/telform.schema.json")).unwrap();
    assert_eq!(schema, story.expect(0, "schema").json());
    assert!(yaml.starts_with("# yaml-language-server: $schema=.telform/telform.schema.json\n"));
}

#[test]
fn validate_says_all_problems_at_once() {
    let story = Story::new("{}");
    story.file(
        "telform.yaml",
        "version: 1
accounts:
  unpod: { api: unpod, org_handle: acme.example, token: sk-canary-literal }
providers:
  main: { provider: twilio, acount_sid: AC1, auth_token: canary-literal-token }
bridges:
  sales: { slug: Sales 1, name: Sales, numbers: { 4155550101: { provider: mian } } }
",
    );
    shot!("validate_bad", story.expect(1, "validate"));
    let problems = story.expect(1, "validate --json").json();
    assert!(problems["problems"].as_array().is_some_and(|list| list.len() >= 5), "{problems}");
    story.expect(1, "plan");
    story.expect(1, "apply --auto-approve");
    assert_eq!(story.take_log(), [""; 0], "nothing is sent when anything is wrong");
    std::fs::remove_file(story.path("telform.yaml")).unwrap();
    shot!("no_yaml", story.expect(1, "validate"));

    let story = verified("");
    story.carrierx(&west(""));
    shot!("validate_good", story.expect(0, "validate"));
    assert_eq!(story.expect(0, "validate --json").json()["valid"], true);
    assert_eq!(story.take_log(), [""; 0], "validate is offline");
}

#[test]
fn files_and_folders() {
    let story = verified("");
    story.carrierx(&west(""));
    let yaml = story.read("telform.yaml");
    let (head, partners) = yaml.split_once("\npartners:").unwrap();
    std::fs::remove_file(story.path("telform.yaml")).unwrap();
    std::fs::create_dir(story.path("telform")).unwrap();
    story.file("telform/accounts.yaml", &format!("{head}\n"));
    story.file("telform/west.yml", &format!("version: 1\npartners:{partners}"));
    story.expect(0, "validate").says("1 partner in 1 account");
    story.expect(0, "plan -f telform/accounts.yaml -f telform/west.yml --detailed-exitcode");
    story.expect(1, "plan -f telform -f nowhere");
}

#[test]
fn schemas() {
    let story = Story::new("{}");
    for kind in ["providers", "bridges", "partners"] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{kind}.schema.json"));
        let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(story.expect(0, &format!("schema {kind}")).json(), kept);
    }
    shot!("schema_unknown", story.expect(1, "schema calls"));
}

#[test]
fn forget_releases_without_a_request() {
    let story = verified("");
    story.carrierx(&west(""));
    shot!("forget_without_ledger", story.expect(1, "forget partners.west"));
    story.apply();
    story.take_log();
    shot!("forget", story.expect(0, "forget partners.west"));
    shot!("forget_unknown", story.expect(1, "forget partners.west"));
    assert_eq!(story.take_log(), [""; 0]);
    // Without its entry in the ledger, an object that is removed from the YAML is unmanaged.
    story.carrierx("partners: {}\n");
    story.expect(0, "plan --detailed-exitcode").says("Not managed");
    // While it is in the YAML, it is found and adopted again.
    story.carrierx(&west(""));
    story.apply().says("managed from now on");
}

#[test]
fn the_sandbox_says_which_token_is_whose() {
    let story = Story::new("{}");
    story.file("world.yaml", "{ unpod: { tokens: [token-of-unpod] }, telnyx: { tokens: [token-of-telnyx] } }\n");
    let mut child = story.command("sandbox world.yaml").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.take_while(|line| !line.starts_with("Control")).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(told, "Token     token-of-unpod (Unpod), sandbox-token (CarrierX), token-of-telnyx (Telnyx)");
}

#[test]
fn the_sandbox_serves_until_it_is_stopped() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let mut child = story.command("sandbox world.yaml").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("Stop with Ctrl-C") {
        assert!(stdout.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let shown = Ran { code: 0, stdout: said.clone(), stderr: String::new() };
    shot!("sandbox", shown);
    let (address, token) = said.split("http://").nth(1).unwrap().split_once('/').unwrap();
    let (token, _) = token.split_once('/').unwrap();
    let ask = |target: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "POST {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask("/_sim/verify/acme-west/owner_email").starts_with("HTTP/1.1 403"));
    let answer = ask(&format!("/{token}/_sim/verify/acme-west/owner_email"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(story.path("world.state.yaml").exists());

    shot!("sandbox_everywhere", story.expect(1, "sandbox world.yaml --listen 0.0.0.0:0"));
    story.expect(1, "sandbox nowhere.yaml").says("cannot read the world file");
    story.expect(1, "plan --sandbox nowhere.yaml").says("telform init --quickstart");
}

#[test]
fn help_for_every_command() {
    let story = Story::new("{}");
    let overview = story.expect(0, "--help");
    let commands: Vec<String> = overview
        .stdout
        .lines()
        .take_while(|line| !line.starts_with("Options"))
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')))
        .filter_map(|rest| Some(rest.split_whitespace().next()?.to_owned()))
        .collect();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let help = story.expect(0, &format!("{command} --help"));
        // Paragraphs are broken by the terminal's width, examples are not.
        for line in help.stdout.lines().skip_while(|line| !line.starts_with("Examples")) {
            assert!(!line.starts_with(' ') || line.chars().count() < 80, "{command}: {line}");
        }
        shot!(format!("help_{command}"), help);
    }
    shot!("help", overview);
    let short = story.expect(0, "-h");
    assert!(short.stdout.lines().count() <= 23, "{}", short.stdout);
    shot!("help_short", short);
    assert!(story.expect(0, "--version").stdout.starts_with("telform "));
    assert_eq!(story.run("").code, 1, "no command is a mistake");
}

#[test]
fn verbose_shows_requests_without_secrets() {
    let story = Story::new("{}").secret("AUTH", "canary-verbose-1");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n");
    let ran = story.expect(0, "apply --auto-approve --verbose");
    ran.says("no live object has this address, id or natural key");
    // Reads run side by side, so their lines come in any order.
    let mut lines: Vec<&str> = ran.stderr.lines().map(|line| line.split("  ").nth(1).unwrap()).collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(
        lines,
        [
            "unpod GET organizations/",
            "unpod GET telephony/providers-configurations/",
            "unpod GET telephony/providers/",
            "unpod POST telephony/providers-configurations/",
        ]
    );
    let quiet = story.expect(0, "apply --auto-approve --quiet");
    assert_eq!(quiet.stdout, "no changes\n");
}

#[test]
fn completions_and_manual_pages() {
    let story = Story::new("{}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        story.expect(0, &format!("completions {shell}")).says("TELFORM_COMPLETE").says("telform");
    }
    story.expect(1, "completions csh").says("possible values");
    let page = story.expect(0, "man");
    page.says(".TH TELFORM 1").says("telform\\-plan(1)");
    story.expect(0, "man --out pages").says(" pages to pages");
    for name in ["telform", "telform-plan", "telform-ledger", "telform-ledger-rebuild"] {
        assert!(story.read(&format!("pages/{name}.1")).starts_with(".ie"), "{name}");
    }
    assert!(story.read("pages/telform-plan.1").contains("detailed\\-exitcode"));
    // bash understands what it gets.
    let script = story.expect(0, "completions bash").stdout;
    story.file("telform.bash", &script);
    let mut bash = std::process::Command::new("bash");
    bash.args(["-n", "telform.bash"]).current_dir(story.dir.path());
    assert!(bash.status().is_ok_and(|status| status.success()));
}
