//! Where a secret comes from is part of the plan: shown beside it, and another source is another plan. Some sources are never
//! read for the YAML, and a list from outside of it narrows the rest.

use crate::bench::{CARRIERX_TOKEN, Story, UNPOD_TOKEN};
use crate::partners::verified;

/// One configuration with a secret from this source.
fn provider(token: &str, auth: &str) -> String {
    format!(
        "{token}providers:\n  main: {{ provider: twilio, account_sid: AC42, auth_token: {auth} }}\n  other: {{ provider: plivo, account_sid: MA1, auth_token: {{ env: OTHER }} }}\n"
    )
}

fn story() -> Story {
    let story =
        Story::new("{}").secret("TW", "canary-auth-4c").secret("TW_NEW", "canary-auth-4c").secret("OTHER", "canary-other-4c");
    std::fs::create_dir_all(story.path("secrets")).unwrap();
    story.file("secrets/livekit", "canary-auth-4c\n");
    story.file("secrets/twilio", "canary-auth-4c\n");
    story
}

fn digest(story: &Story) -> String {
    let json = story.expect(0, "plan --allow-commands --format json").json();
    json["digest"].as_str().unwrap().to_owned()
}

const EVERY_SOURCE: [(&str, &str); 6] = [
    ("{ env: TW }", "env TW"),
    ("{ env: TW_NEW }", "env TW_NEW"),
    ("{ file: secrets/livekit }", "file secrets/livekit"),
    ("{ file: ./secrets/twilio }", "file secrets/twilio"),
    ("{ command: [cat, secrets/livekit] }", "command cat (arguments "),
    ("{ command: [cat, secrets/twilio] }", "command cat (arguments "),
];

#[test]
fn every_format_shows_where_a_secret_comes_from() {
    let story = story();
    story.file("policy.sh", "exec cat > policy\n");
    for (source, told) in EVERY_SOURCE {
        story.unpod(&provider("", source));
        let formats = "--format text=t --format markdown=m --format html=h --format json=j --format terraform-json=tf";
        let mut plan = story.command(&format!("plan --allow-commands {formats}"));
        let ran = plan.args(["--policy", "sh policy.sh"]).output().unwrap();
        let ran = story.ran("plan", &ran);
        assert_eq!(ran.code, 0, "{}", ran.whole());
        for (file, from) in [("t", " from "), ("m", " from "), ("h", " from "), ("j", "\""), ("tf", "\"var."), ("policy", "\"")] {
            let shown = story.read(file);
            assert!(shown.contains(&format!("{from}{told}")), "{file}: {told}\n{shown}");
            assert!(shown.contains(&format!("{from}env UNPOD_TOKEN")), "{file}: the token\n{shown}");
            assert!(!shown.contains("canary"), "{file}");
        }
        let shown: serde_json::Value = serde_json::from_str(&story.read("j")).unwrap();
        let beside = &shown["plan"]["changes"][0]["attributes"][2];
        assert!(beside["name"] == "auth_token" && beside["source"].as_str().unwrap().starts_with(told), "{beside}");
        story.expect(0, "verify j");
        assert!(story.expect(0, "show j").stdout.contains(&format!(" from {told}")));
    }
}

#[test]
fn another_source_of_the_same_value_is_another_plan() {
    let story = story();
    // Before there is anything, and when there is nothing to do.
    for applied in [false, true] {
        let mut seen = std::collections::BTreeSet::new();
        for (source, _) in EVERY_SOURCE {
            story.unpod(&provider("", source));
            assert!(seen.insert(digest(&story)), "{source}, applied: {applied}");
            assert_eq!(digest(&story), *seen.iter().find(|it| **it == digest(&story)).unwrap());
        }
        let story = &story;
        story.unpod(&provider("", "{ env: TW }"));
        let reviewed = digest(story);
        story.expect(0, "plan --out reviewed.json");
        story.unpod(&provider("", "{ env: TW_NEW }"));
        story.take_log();
        story.expect(4, &format!("apply --auto-approve --expect {reviewed}"));
        story.expect(4, "apply reviewed.json").says("env TW").says("env TW_NEW");
        assert_eq!(story.writes(), [""; 0]);
        story.unpod(&provider("", "{ env: TW }"));
        story.expect(0, "apply --auto-approve");
    }
    // Nothing differs, and a reviewer nevertheless sees the source.
    story
        .expect(0, "plan")
        .says("2 secrets unchanged in the configuration since telform last wrote them (from env OTHER, env TW)");
}

#[test]
fn another_source_inside_a_map_or_of_a_token_is_another_plan() {
    let story = verified("").secret("HOOK", "https://a.example/canary-hook").secret("CRM", "canary-crm-7f");
    let story = story.secret("HOOK_NEW", "https://a.example/canary-hook").secret("CRM_NEW", "canary-crm-7f");
    let with = |hook: &str, crm: &str| {
        story.carrierx(&format!(
            "partners: {{ west: {{ login: west, callbacks: {{ sms: {{ env: {hook} }} }}, attributes: {{ crm: {{ env: {crm} }} }} }} }}\n"
        ));
        digest(&story)
    };
    for _ in 0..2 {
        let first = with("HOOK", "CRM");
        assert_ne!(with("HOOK_NEW", "CRM"), first);
        assert_ne!(with("HOOK", "CRM_NEW"), first);
        assert_eq!(with("HOOK", "CRM"), first);
        story.apply();
    }
    let one = digest(&story);
    story.file("secret-token", CARRIERX_TOKEN);
    let yaml = story.read("telform.yaml");
    story.file("telform.yaml", &yaml.replace("{ env: CARRIERX_TOKEN }", "{ file: secret-token }"));
    assert_ne!(digest(&story), one);
    story.expect(0, "plan").says("token from file secret-token");
}

/// The same files in another place, and named in another way, are the same plan.
#[test]
fn a_source_is_the_same_wherever_the_files_are() {
    let story = story();
    story.unpod(&provider("", "{ file: secrets/livekit }"));
    let here = digest(&story);
    let whole = story.path("telform.yaml").display().to_string();
    let there = story.expect(0, &format!("plan -f {whole} --format json")).json();
    assert_eq!(there["digest"], here.as_str());
}

#[track_caller]
fn refused(story: &Story, command: &str, code: &str, source: &str) {
    let ran = story.expect(1, command);
    ran.says(code).says(source).says("telform.yaml:");
    ran.is_silent_about("canary");
    assert_eq!(story.take_log(), [""; 0], "{source}: nothing was asked");
}

#[test]
fn what_is_never_a_source() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join(".config/gcloud")).unwrap();
    std::fs::write(home.path().join(".config/gcloud/credentials.db"), "canary-gcloud").unwrap();
    std::fs::write(home.path().join("federated"), "canary-federated").unwrap();
    let mut story = story()
        .setting("HOME", home.path().to_str().unwrap())
        .setting("AZURE_FEDERATED_TOKEN_FILE", home.path().join("federated").to_str().unwrap())
        .secret("AWS_SECRET_ACCESS_KEY", "canary-aws-1")
        .secret("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789abcdef");
    story.file("secrets/token", UNPOD_TOKEN);
    std::fs::create_dir(story.path(".telform")).unwrap();
    story.file(".telform/ledger.key", "canary-key");
    std::fs::create_dir(story.path("kept")).unwrap();
    story.file("kept/team.key", "canary-team-key-0123456789abcdef");
    std::fs::set_permissions(story.path("kept/team.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, story.path(name)).unwrap();
    link("/proc/self/environ", "secrets/environ");
    link("../.telform", "secrets/folder");
    link("token", "secrets/alias");
    std::fs::hard_link(story.path("secrets/token"), story.path("secrets/second-name")).unwrap();
    let gcloud = home.path().join(".config/gcloud/credentials.db").display().to_string();
    std::fs::create_dir_all(home.path().join(".ssh")).unwrap();
    let ssh = home.path().join(".ssh/id_ed25519").display().to_string();
    let federated = home.path().join("federated").display().to_string();
    let netrc = home.path().join(".netrc").display().to_string();
    let kube = home.path().join(".kube/config").display().to_string();
    let mut all: Vec<String> = [
        "TELFORM_FINGERPRINT_KEY",
        "TELFORM_LEDGER",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "IDENTITY_HEADER",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "GITHUB_TOKEN",
        "CI_JOB_TOKEN",
        "SYSTEM_ACCESSTOKEN",
        // Some systems read no case in names.
        "telform_fingerprint_key",
        "Aws_Session_Token",
    ]
    .map(|name| format!("{{ env: {name} }}"))
    .to_vec();
    all.extend(
        [
            ".telform/ledger.key",
            "./secrets/../.telform/not-there-yet",
            "secrets/folder/ledger.key",
            "secrets/environ",
            "/proc/self/environ",
            "/sys/kernel/notes",
            "/dev/stdin",
            "/dev/../proc/1/environ",
            &gcloud,
            &federated,
            &ssh,
            "/var/run/secrets/kubernetes.io/serviceaccount/token",
            &netrc,
            &kube,
        ]
        .map(|path| format!("{{ file: {path} }}")),
    );
    for source in &all {
        let shown = source.trim_matches(['{', '}', ' ']).split_once(": ").unwrap().1.trim_start_matches("./");
        let shown = shown.rsplit("../.").next().unwrap();
        story.unpod(&provider("", source));
        for command in ["validate", "plan", "plan --sandbox w.yaml", "doctor"] {
            story.file("w.yaml", "{}\n");
            refused(&story, command, "telform::secret::refused", shown);
        }
        // Nor is it a token: that would be sent to whatever address the file names.
        let yaml = story.read("telform.yaml").replace("{ env: UNPOD_TOKEN }", source);
        story.file("telform.yaml", &yaml.replace(&format!("auth_token: {source}"), "auth_token: { env: TW }"));
        refused(&story, "apply --auto-approve", "telform::secret::refused", "the token of the account");
    }
    // The token of an account is not a secret of an object, under any name.
    let unpod = "{ env: UNPOD_TOKEN }";
    story.unpod(&provider("", unpod));
    refused(&story, "plan", "telform::secret::refused", "it holds the token of the account `unpod`");
    for other in ["secrets/token", "secrets/../secrets/token", "secrets/alias", "secrets/second-name"] {
        story.unpod(&provider("", &format!("{{ file: {other} }}")));
        let yaml = story.read("telform.yaml").replace(unpod, "{ file: secrets/token }");
        story.file("telform.yaml", &yaml);
        refused(&story, "plan", "telform::secret::refused", "it holds the token of the account `unpod`");
    }
    // The key is where the ledger is, and not always in .telform.
    story.unset("TELFORM_FINGERPRINT_KEY");
    story.unpod(&provider("", "{ file: kept/team.key }"));
    refused(&story, "plan --ledger kept/team.json", "telform::secret::refused", "it is the fingerprint key");
}

/// In a map as well, and when only another account is asked.
#[test]
fn what_is_never_a_source_is_none_inside_a_map_either() {
    let story = verified("").secret("AWS_SECRET_ACCESS_KEY", "canary-aws-2");
    for source in ["env: AWS_SECRET_ACCESS_KEY", "env: CARRIERX_TOKEN", "file: /proc/self/environ"] {
        story.carrierx(&format!("partners: {{ west: {{ login: west, callbacks: {{ sms: {{ {source} }} }} }} }}\n"));
        refused(&story, "plan", "telform::secret::refused", "`callbacks.sms` of `partners.west`");
        refused(&story, "plan --exclude partners.west", "telform::secret::refused", "partners.west");
    }
}

#[test]
fn a_list_from_outside_narrows_the_sources() {
    let mut story = story();
    story.file("secret-elsewhere", "canary-auth-4c\n");
    std::os::unix::fs::symlink("../secret-elsewhere", story.path("secrets/out")).unwrap();
    std::fs::create_dir(story.path("secrets-too")).unwrap();
    story.file("secrets-too/a", "canary-auth-4c\n");
    let names = "--secret-env UNPOD_TOKEN,OTHER --secret-env TW_*";
    let code = "telform::secret::not_allowed";
    for (source, options, good) in [
        ("{ env: TW_NEW }", names.to_owned(), true),
        // The token in the variable that is named after its service needs no list; any other does.
        ("{ env: TW_NEW }", "--secret-env OTHER --secret-env TW_*".to_owned(), true),
        ("{ env: TW }", names.to_owned(), false),
        ("{ file: secrets/livekit }", names.to_owned(), false),
        ("{ file: secrets/livekit }", format!("{names} --secret-dir secrets/"), true),
        ("{ file: secrets/../secret-elsewhere }", format!("{names} --secret-dir secrets"), false),
        ("{ file: secrets/out }", format!("{names} --secret-dir secrets/"), false),
        ("{ file: secrets-too/a }", format!("{names} --secret-dir secrets"), false),
        ("{ file: secrets-too/a }", format!("{names} --secret-dir secrets --secret-dir ./secrets-too"), true),
        // A list of folders alone allows no variable, not even that of the token.
        ("{ file: secrets/livekit }", "--secret-dir secrets".to_owned(), false),
        // No list allows what is never a source.
        ("{ file: /proc/self/environ }", format!("{names} --secret-dir /"), false),
    ] {
        story.unpod(&provider("", source));
        story.take_log();
        if good {
            story.expect(0, &format!("validate {options}"));
            story.expect(0, &format!("plan {options}"));
            continue;
        }
        let code = if source.contains("/proc") { "telform::secret::refused" } else { code };
        for command in ["validate", "plan", "apply --auto-approve", "drift", "doctor"] {
            refused(&story, &format!("{command} {options}"), code, "may not come from");
        }
    }
    // The same by variables, as in CI; an empty list allows nothing.
    story.unpod(&provider("", "{ env: TW_NEW }"));
    story.settings.insert("TELFORM_SECRET_ENV".to_owned(), "UNPOD_TOKEN, OTHER,TW_?EW".to_owned());
    story.expect(0, "plan");
    story.settings.insert("TELFORM_SECRET_DIR".to_owned(), "nowhere,secrets".to_owned());
    story.unpod(&provider("", "{ file: secrets/livekit }"));
    story.expect(0, "plan");
    story.settings.remove("TELFORM_SECRET_DIR");
    story.take_log();
    refused(&story, "plan", code, "--secret-dir");
    story.settings.insert("TELFORM_SECRET_ENV".to_owned(), String::new());
    refused(&story, "plan", code, "env OTHER");
    let yaml = story.read("telform.yaml").replace("UNPOD_TOKEN", "PRODUCTION_TOKEN");
    story.file("telform.yaml", &yaml);
    refused(&story, "plan", code, "env PRODUCTION_TOKEN");
    story.settings.clear();
    story.settings.insert("TELFORM_SECRET_DIR".to_owned(), String::new());
    refused(&story, "plan", code, "secrets/livekit");
}

/// Typed options are repeated in suggested commands; those in the environment need not be.
#[test]
fn advised_commands_repeat_the_list() {
    let story = story();
    story.unpod(&provider("", "{ file: secrets/livekit }"));
    let options = "--secret-env UNPOD_TOKEN --secret-env OTHER --secret-dir secrets/";
    let ran = story.expect(0, &format!("plan --out p {options}"));
    ran.says(&format!("`telform apply p {options}`"));
}
