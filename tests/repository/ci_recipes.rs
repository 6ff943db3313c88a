//! The CI recipes work as printed: the workflows are sound, and the scripts that they call do what they promise, against
//! the embedded simulator and with fakes of the forges' tools.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::runners;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci").join(name)
}

fn recipe(name: &str) -> Value {
    yaml_serde::from_str(&fs::read_to_string(example(name)).unwrap()).unwrap()
}

/// All values under a key, at any depth.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if name == key {
                    found.push(value);
                }
                all(value, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, key, found)),
        _ => {}
    }
}

/// A step is exactly one script of this folder, so that a runner does what the tests do.
#[track_caller]
fn is_a_script(step: &Value) {
    let name = step.as_str().and_then(|step| step.strip_prefix("ci/")).unwrap_or_else(|| panic!("{step} is no script"));
    let mode = fs::metadata(example(name)).unwrap_or_else(|_| panic!("{name} is not there")).permissions().mode();
    assert!(mode & 0o111 != 0, "{name} may not be run");
    let text = fs::read_to_string(example(name)).unwrap();
    assert!(text.starts_with("#!/usr/bin/env bash\n") && text.contains("\nset -euo pipefail\n"), "{name}");
}

#[test]
fn the_github_workflows_are_sound() {
    for (name, permissions, on) in [
        ("github-plan.yml", json!({ "contents": "read", "id-token": "write", "pull-requests": "write" }), json!("pull_request")),
        (
            "github-apply.yml",
            json!({ "contents": "read", "id-token": "write", "pull-requests": "read" }),
            json!({ "push": { "branches": ["main"] } }),
        ),
        (
            "github-drift.yml",
            json!({ "contents": "read", "id-token": "write" }),
            json!({ "schedule": [{ "cron": "17 5 * * *" }], "workflow_dispatch": {} }),
        ),
    ] {
        let recipe = recipe(name);
        assert_eq!(recipe["permissions"], permissions, "{name} asks for just this");
        assert_eq!(recipe["on"], on, "{name}: never pull_request_target, which runs with our secrets");
        let mut found = Vec::new();
        all(&recipe["jobs"], "permissions", &mut found);
        assert!(found.is_empty(), "{name}: no job asks for more");
        let (mut uses, mut runs, mut checkouts) = (Vec::new(), Vec::new(), Vec::new());
        all(&recipe, "uses", &mut uses);
        all(&recipe, "run", &mut runs);
        all(&recipe, "persist-credentials", &mut checkouts);
        assert!(!uses.is_empty() && runs.len() > 1, "{name}");
        for action in &uses {
            let (_, commit) = action.as_str().unwrap().split_once('@').expect("a version");
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit, "{action} is not named by its commit");
        }
        // A first push works: the wheel, the cloud of each ledger and the fingerprint key are in every job.
        let text = fs::read_to_string(example(name)).unwrap();
        assert!(text.contains(&format!("vars.TELFORM_WHEEL || 'telform=={}'", env!("CARGO_PKG_VERSION"))), "{name}");
        assert!(text.contains("TELFORM_FINGERPRINT_KEY: ${{ secrets.TELFORM_FINGERPRINT_KEY }}"), "{name}");
        for scheme in ["s3://", "gs://", "az://"] {
            assert!(text.contains(&format!("if: ${{{{ startsWith(vars.TELFORM_LEDGER, '{scheme}') }}}}")), "{name} {scheme}");
        }
        assert_eq!(checkouts, [&json!(false)], "{name}: no token stays in the work tree");
        runs.into_iter().for_each(is_a_script);
    }
    assert_eq!(recipe("github-apply.yml")["concurrency"]["cancel-in-progress"], false, "an apply is never cut off");
    let guard = recipe("github-plan.yml")["jobs"]["plan"]["if"].clone();
    assert_eq!(guard, "github.event.pull_request.head.repo.full_name == github.repository");
}

/// Every job says where its YAML may take secrets from, and a pull request that names another source is not planned.
#[test]
fn every_job_lists_the_sources_of_its_secrets() {
    let yaml = fs::read_to_string(example("telform.yaml")).unwrap();
    let sources: Vec<&str> = yaml.split("{ env: ").skip(1).map(|rest| rest.split(' ').next().unwrap()).collect();
    assert_eq!(sources.len(), 2);
    for (name, at) in [
        ("github-plan.yml", "/jobs/plan/env"),
        ("github-apply.yml", "/jobs/apply/env"),
        ("github-drift.yml", "/jobs/drift/env"),
        ("gitlab-ci.yml", "/variables"),
    ] {
        let recipe = recipe(name);
        let list = recipe.pointer(at).unwrap()["TELFORM_SECRET_ENV"].as_str().unwrap().to_owned();
        assert_eq!(list.split(',').collect::<Vec<_>>(), sources, "{name}");
        let ci = Ci::new();
        let env = [("TELFORM_SECRET_ENV", list.as_str())];
        ci.expect(0, "plan.sh", &env);
        ci.put("telform.yaml", &yaml.replace("env: TWILIO_AUTH_TOKEN", "env: SOMETHING_ELSE"));
        let text = ci.expect(1, "plan.sh", &env);
        assert!(text.contains("telform::secret::not_allowed"), "{text}");
    }
}

/// Every job says where tokens may go, and a pull request that names another host is not planned.
#[test]
fn every_job_lists_the_hosts_of_its_tokens() {
    let yaml = fs::read_to_string(example("telform.yaml")).unwrap();
    for (name, at) in [
        ("github-plan.yml", "/jobs/plan/env"),
        ("github-apply.yml", "/jobs/apply/env"),
        ("github-drift.yml", "/jobs/drift/env"),
        ("gitlab-ci.yml", "/variables"),
    ] {
        let recipe = recipe(name);
        let list = recipe.pointer(at).unwrap()["TELFORM_ALLOW_HOST"].as_str().unwrap().to_owned();
        let ci = Ci::new();
        let env = [("TELFORM_ALLOW_HOST", list.as_str())];
        ci.expect(0, "plan.sh", &env);
        ci.put("telform.yaml", &yaml.replace("api: unpod\n", "api: unpod\n    base_url: https://unpod.example/\n"));
        for script in ["plan.sh", "apply.sh", "drift.sh"] {
            ci.put("plan.digest", &format!("sha256:{}\n", "0".repeat(64)));
            let text = ci.expect(1, script, &env);
            assert!(text.contains("telform::account::host_not_allowed"), "{script}: {text}");
        }
    }
}

/// Whatever is printed, also when telform fails: the runner carries out nothing, and takes commands again behind it.
#[test]
fn no_output_is_a_command_of_a_runner() {
    let mut tokens = std::collections::BTreeSet::new();
    for code in [0, 1, 2, 4] {
        let ci = Ci::new();
        fs::remove_file(ci.folder.path().join("bin/telform")).unwrap();
        let said = r"::notice::Plan: no changes\n  ::add-mask::x\na ##[error]x\n##vso[x]\n::resume::\nno end";
        ci.tool("telform", &format!("#!/usr/bin/env bash\nprintf '{said}'\nprintf '{said}' >&2\nexit {code}\n"));
        ci.put("plan.digest", "sha256:x\n");
        for script in ["plan.sh", "apply.sh", "drift.sh"] {
            // Both streams in one, as a runner reads them.
            let both = format!("exec ci/{script} 2>&1");
            let (_, log) = ci.run("bash", &["-c", &both], &[("GITHUB_ACTIONS", "true")]);
            assert_eq!(runners::carried_out(&log), [""; 0], "{script} {code}: {log}");
            tokens.insert(log.lines().next().unwrap().to_owned());
            let (_, elsewhere) = ci.run(&format!("ci/{script}"), &[], &[]);
            assert!(!elsewhere.contains("stop-commands"), "{elsewhere}");
        }
    }
    assert_eq!(tokens.len(), 12, "each run has a token of its own");
}

#[test]
fn the_gitlab_and_pre_commit_recipes_are_sound() {
    let gitlab = recipe("gitlab-ci.yml");
    let mut seen = 0;
    for key in ["script", "after_script"] {
        let mut found = Vec::new();
        all(&gitlab, key, &mut found);
        for step in found.into_iter().flat_map(|list| list.as_array().unwrap()) {
            is_a_script(step);
            seen += 1;
        }
    }
    assert_eq!(seen, 11);
    assert_eq!(gitlab["variables"]["TELFORM_WHEEL"], format!("telform=={}", env!("CARGO_PKG_VERSION")));
    assert_eq!(gitlab["telform apply"]["interruptible"], false);
    assert_eq!(gitlab["telform plan"]["rules"], json!([{ "if": "$CI_PIPELINE_SOURCE == \"merge_request_event\"" }]));
    let hooks = recipe("pre-commit-config.yaml");
    let hook = &hooks["repos"][0]["hooks"][0];
    assert_eq!((&hooks["repos"][0]["repo"], &hook["language"]), (&json!("local"), &json!("system")));
    assert_eq!(hook["pass_filenames"], false);
    let ci = Ci::new();
    let entry: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
    assert_eq!(ci.run(entry[0], &entry[1..], &[]).0, 0);
    ci.put("telform.yaml", "version: 1\nprovidrs: {}\n");
    assert_eq!(ci.run(entry[0], &entry[1..], &[]).0, 1);
    let fmt: Vec<&str> = hooks["repos"][0]["hooks"][1]["entry"].as_str().unwrap().split(' ').collect();
    ci.put("telform.yaml", "version:   1\n");
    assert_eq!(ci.run(fmt[0], &[fmt[1], "telform.yaml"], &[]).0, 0);
    assert_eq!(ci.get("telform.yaml"), "version: 1\n");
}

#[test]
fn the_hooks_for_pre_commit_name_commands() {
    use clap::CommandFactory;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    let hooks: Value = yaml_serde::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let hooks = hooks.as_array().unwrap();
    let ids: Vec<&str> = hooks.iter().filter_map(|hook| hook["id"].as_str()).collect();
    assert_eq!(ids, ["telform-fmt", "telform-validate"]);
    let recipe = recipe("pre-commit-config.yaml");
    for hook in hooks {
        let (program, name) = hook["entry"].as_str().unwrap().split_once(' ').unwrap();
        assert_eq!((program, &hook["language"]), ("telform", &json!("system")));
        assert!(telform::cli::Cli::command().find_subcommand(name).is_some(), "{name}");
        // The recipe has the same hooks for those who do not want to fetch this repository.
        let own = recipe["repos"][0]["hooks"].as_array().unwrap().iter().find(|own| own["id"] == hook["id"]).unwrap();
        for key in ["entry", "files", "pass_filenames"] {
            assert_eq!(own[key], hook[key], "{key} of {name}");
        }
    }
}

/// A repository with the scripts in `ci/`, and fakes of the forges' tools that record how they are called.
pub(super) struct Ci {
    folder: tempfile::TempDir,
}

const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
printf '%s\n' "$*" >>calls
filter=. file=
while [ $# -gt 0 ]; do
  case $1 in
    --jq) filter=$2; shift ;;
    --method) method=$2; shift ;;
    --field) cp "${2#body=@}" posted; shift ;;
    repos/*/pulls) file=requests.json ;;
    repos/*/comments*) file=comments.json ;;
  esac
  shift
done
[ -n "${method:-}" ] || jq -r "$filter" "$file"
"#;

const CURL: &str = r#"#!/usr/bin/env bash
set -euo pipefail
printf '%s\n' "$*" >>calls
cat >>headers
method=GET url=
while [ $# -gt 0 ]; do
  case $1 in
    --request) method=$2; shift ;;
    --data-urlencode) cp "${2#body@}" posted; shift ;;
    --config) shift ;;
    https://*) url=$1 ;;
  esac
  shift
done
[ "$method" = GET ] || { echo '{}'; exit; }
case $url in
  */user) echo '{"id":7}' ;;
  */notes*) cat notes.json ;;
  */merge_requests) cat requests.json ;;
esac
"#;

impl Ci {
    pub(super) fn new() -> Self {
        let ci = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(ci.folder.path().join("ci")).unwrap();
        fs::create_dir_all(ci.folder.path().join("bin")).unwrap();
        for entry in fs::read_dir(example("")).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".sh") {
                fs::copy(entry.path(), ci.folder.path().join("ci").join(&name)).unwrap();
            } else if ["telform.yaml", "world.yaml"].contains(&name.as_str()) {
                fs::copy(entry.path(), ci.folder.path().join(&name)).unwrap();
            }
        }
        ci.tool("gh", GH);
        ci.tool("curl", CURL);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_telform"), ci.folder.path().join("bin/telform")).unwrap();
        ci
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(super) fn get(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    pub(super) fn take(&self, name: &str) -> String {
        let text = self.get(name);
        let _ = fs::remove_file(self.folder.path().join(name));
        text
    }

    pub(super) fn tool(&self, name: &str, text: &str) {
        self.put("tool", text);
        // Another process makes it: a file that this one had open for writing cannot be executed while a child starts.
        let mut install = Command::new("install");
        install.args(["-m", "755", "tool", &format!("bin/{name}")]).current_dir(self.folder.path());
        assert!(install.status().unwrap().success(), "{name}");
    }

    pub(super) fn run(&self, program: &str, args: &[&str], env: &[(&str, &str)]) -> (i32, String) {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.folder.path().join("bin").display());
        let found = self.folder.path().join("bin").join(program);
        let own = self.folder.path().join(program);
        let program = [found, own].into_iter().find(|it| it.exists()).unwrap_or_else(|| program.into());
        let output = Command::new(program)
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("CI", "true")
            .env("WORLD", "world.yaml")
            .env("TELFORM", env!("CARGO_BIN_EXE_telform"))
            // What an unset variable looks like on a runner.
            .env("TELFORM_LEDGER", "")
            .envs(env.iter().copied())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        (output.status.code().unwrap_or(-1), text)
    }

    #[track_caller]
    fn expect(&self, code: i32, script: &str, env: &[(&str, &str)]) -> String {
        let (is, text) = self.run(&format!("ci/{script}"), &[], env);
        assert_eq!(is, code, "{script}: {text}");
        text
    }
}

/// Both forges' scripts read answers with jq.
#[allow(clippy::print_stderr, reason = "whoever looks why a test did nothing finds it here")]
pub(super) fn has_jq() -> bool {
    let there = Command::new("jq").arg("--version").output().is_ok();
    if !there {
        assert!(std::env::var_os("CI").is_none(), "the CI recipes need jq");
        eprintln!("SKIPPED: there is no jq here, so the scripts of examples/ci were not tried");
    }
    there
}

const GITHUB: [(&str, &str); 3] = [("GITHUB_REPOSITORY", "acme/telephony"), ("PULL_REQUEST", "5"), ("GITHUB_SHA", "c0ffee")];

/// A comment of a stranger that looks like ours and wants another plan to be applied.
fn forged() -> String {
    format!("<!-- telform plan -->\n<!-- telform-digest sha256:{} -->\n", "0".repeat(64))
}

#[test]
fn github_from_the_pull_request_to_the_merge_and_after() {
    if !has_jq() {
        return;
    }
    let ci = Ci::new();
    let by = |login: &str, id: u32, body: &str| json!({ "id": id, "user": { "login": login }, "body": body });
    let mut comments = vec![by("alice", 9, "Looks good"), by("mallory", 10, &forged())];
    ci.put("comments.json", &json!(comments).to_string());
    ci.expect(1, "github-comment.sh", &GITHUB);
    ci.expect(0, "plan.sh", &[]);
    assert_eq!(ci.get("plan.code"), "2\n");
    let digest = ci.get("plan.digest");
    ci.expect(0, "github-comment.sh", &GITHUB);
    assert!(
        ci.take("calls")
            .ends_with("api --method POST repos/acme/telephony/issues/5/comments --field body=@comment.md --silent\n")
    );
    let body = ci.take("posted");
    let mut lines = body.lines();
    assert_eq!(lines.next(), Some("<!-- telform plan -->"));
    assert_eq!(lines.next(), Some(format!("<!-- telform-digest {} -->", digest.trim()).as_str()));
    assert!(body.contains("twilio-main"), "{body}");

    // The next push replaces only our own comment.
    comments.push(by("github-actions[bot]", 11, &body));
    comments.push(by("mallory", 12, &forged()));
    ci.put("comments.json", &json!(comments).to_string());
    ci.expect(0, "github-comment.sh", &GITHUB);
    assert!(
        ci.take("calls")
            .ends_with("api --method PATCH repos/acme/telephony/issues/comments/11 --field body=@comment.md --silent\n")
    );

    // On merge.
    ci.take("plan.digest");
    ci.put("requests.json", "[]");
    assert!(ci.expect(1, "github-digest.sh", &GITHUB).contains("came from no pull request"));
    ci.put(
        "requests.json",
        &json!([{ "number": 5, "merged_at": "2026-11-25T10:00:00Z" }, { "number": 6, "merged_at": null }]).to_string(),
    );
    ci.expect(0, "github-digest.sh", &GITHUB);
    assert_eq!(ci.get("plan.digest"), digest);
    ci.put("plan.digest", &format!("sha256:{}\n", "0".repeat(64)));
    ci.expect(4, "apply.sh", &[]);
    ci.put("plan.digest", &digest);
    ci.expect(3, "apply.sh", &[("POLICY", "false")]);
    let applied = ci.expect(0, "apply.sh", &[("POLICY", "true")]);
    assert!(applied.contains("a fresh plan is empty"), "{applied}");

    // On a schedule.
    ci.expect(0, "drift.sh", &[]);
    let state = ci.get("world.state.yaml");
    ci.put("world.state.yaml", &state.replace("AC0123456789abcdef0123456789abcdef", "AC1123456789abcdef0123456789abcdef"));
    assert!(ci.expect(2, "drift.sh", &[]).contains("account_sid"));

    // Without our comment nothing was reviewed.
    ci.put("comments.json", &json!([by("mallory", 10, &forged())]).to_string());
    assert!(ci.expect(1, "github-digest.sh", &GITHUB).contains("nothing was reviewed"));
}

/// The summary of a job is what the reviewer, and whoever looks at a failed run, reads first.
#[test]
fn each_job_writes_its_summary_and_keeps_its_exit_code() {
    let ci = Ci::new();
    let summary = ci.path("summary").display().to_string();
    let env = [("GITHUB_STEP_SUMMARY", summary.as_str())];
    ci.expect(3, "plan.sh", &[("GITHUB_STEP_SUMMARY", &summary), ("POLICY", "false")]);
    assert!(ci.take("summary").starts_with("<!-- telform plan -->\n> [!"));
    ci.expect(0, "plan.sh", &env);
    assert!(ci.take("summary").contains("twilio-main"));
    let marked = ci.expect(0, "github-annotations.sh", &[]);
    assert!(marked.lines().all(|line| line.starts_with("::notice ") || line.starts_with("::warning ")), "{marked}");
    assert!(marked.contains("file=telform.yaml,line="), "{marked}");
    let quality: Value = serde_json::from_str(&ci.get("plan.quality.json")).unwrap();
    assert_eq!(quality[0]["location"]["path"], "telform.yaml");
    let digest = ci.get("plan.digest");
    ci.put("plan.digest", &format!("sha256:{}\n", "0".repeat(64)));
    ci.expect(4, "apply.sh", &env);
    assert!(ci.take("summary").contains("telform apply: **stale**"));
    ci.put("plan.digest", &digest);
    ci.expect(0, "apply.sh", &env);
    assert!(ci.take("summary").contains("telform apply: **done**"));
    ci.expect(0, "drift.sh", &env);
    assert!(ci.take("summary").starts_with("<!-- telform drift -->"));
}

/// Of the job's token GitLab's script makes a file that only this user reads, and only where a role takes it.
#[test]
fn gitlab_gives_the_token_of_its_job_to_the_cloud_alone() {
    let ci = Ci::new();
    let file = ci.path("tmp/aws-id-token");
    let path = file.display().to_string();
    let token = [("AWS_WEB_IDENTITY_TOKEN_FILE", path.as_str()), ("AWS_ID_TOKEN", "canary-id-token")];
    assert_eq!(ci.expect(0, "gitlab-cloud.sh", &token), "");
    assert!(!file.exists());
    let [file_at, token] = token;
    assert_eq!(ci.expect(0, "gitlab-cloud.sh", &[file_at, token, ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")]), "");
    assert_eq!(fs::read_to_string(&file).unwrap(), "canary-id-token");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_refused_plan_is_shown_and_fails_the_job() {
    let ci = Ci::new();
    ci.expect(3, "plan.sh", &[("POLICY", "false")]);
    assert_eq!(ci.get("plan.code"), "3\n");
    assert!(ci.get("plan.md").starts_with("<!-- telform plan -->\n"));
    ci.put("telform.yaml", "version: 1\nprovidrs: {}\n");
    ci.expect(1, "plan.sh", &[]);
    assert_eq!(ci.get("plan.md"), "", "no plan of an earlier run is left to be shown");
}

#[test]
fn gitlab_from_the_merge_request_to_the_merge() {
    if !has_jq() {
        return;
    }
    let ci = Ci::new();
    let env = [
        ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
        ("CI_PROJECT_ID", "3"),
        ("CI_MERGE_REQUEST_IID", "8"),
        ("CI_COMMIT_SHA", "c0ffee"),
        ("GITLAB_NOTE_TOKEN", "canary-gitlab-token"),
    ];
    let by = |author: u32, id: u32, body: &str| json!({ "id": id, "author": { "id": author }, "body": body });
    ci.put("notes.json", &json!([by(9, 20, &forged())]).to_string());
    ci.expect(0, "plan.sh", &[]);
    let digest = ci.take("plan.digest");
    ci.put("plan.digest", &digest);
    let notes = "https://gitlab.example/api/v4/projects/3/merge_requests/8/notes";
    ci.expect(0, "gitlab-note.sh", &env);
    let calls = ci.take("calls");
    assert!(calls.ends_with(&format!("--request POST {notes} --data-urlencode body@comment.md\n")), "{calls}");
    assert!(!calls.contains("canary") && ci.get("headers").contains("PRIVATE-TOKEN: canary-gitlab-token"));
    let body = ci.take("posted");
    ci.put("notes.json", &json!([by(9, 22, &forged()), by(7, 21, &body), by(9, 20, &forged())]).to_string());
    ci.expect(0, "gitlab-note.sh", &env);
    assert!(ci.take("calls").ends_with(&format!("--request PUT {notes}/21 --data-urlencode body@comment.md\n")));
    ci.take("plan.digest");
    ci.put("requests.json", "[]");
    assert!(ci.expect(1, "gitlab-digest.sh", &env).contains("came from no merge request"));
    ci.put("requests.json", &json!([{ "iid": 8, "state": "merged", "merged_at": "2026-11-25T10:00:00Z" }]).to_string());
    ci.expect(0, "gitlab-digest.sh", &env);
    assert_eq!(ci.get("plan.digest"), digest);
    ci.expect(0, "apply.sh", &[]);
    ci.put("notes.json", &json!([by(9, 20, &forged())]).to_string());
    assert!(ci.expect(1, "gitlab-digest.sh", &env).contains("nothing was reviewed"));
}

#[test]
fn telform_is_installed_at_a_commit_when_it_is_not_there() {
    let ci = Ci::new();
    assert!(ci.expect(0, "install.sh", &[]).starts_with("telform "));
    fs::remove_file(ci.folder.path().join("bin/telform")).unwrap();
    ci.tool("cargo", "#!/usr/bin/env bash\necho \"cargo $*\"\n");
    // Only the fakes, bash and the basic tools.
    let only = format!("{}:/usr/bin:/bin", ci.folder.path().join("bin").display());
    let env = [("PATH", only.as_str()), ("TELFORM_GIT", "https://git.example/telform"), ("TELFORM_REV", "c0ffee")];
    let said = ci.expect(0, "install.sh", &env);
    assert_eq!(said, "cargo install --locked --git https://git.example/telform --rev c0ffee telform\n");
    assert!(ci.expect(1, "install.sh", &env[..1]).contains("TELFORM_GIT: set it to"));
}
