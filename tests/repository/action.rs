//! The GitHub Action of `action.yml` does what it says: its steps are run as printed, by a small runner with fakes of GitHub's
//! tools, against the embedded simulator.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::ci_recipes::{Ci, has_jq};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn action() -> Value {
    yaml_serde::from_str(&std::fs::read_to_string(top().join("action.yml")).unwrap()).unwrap()
}

/// A wheel whose telform starts the binary of the tests.
const MAKE_WHEEL: &str = r"
import sys, zipfile
folder, version, binary = sys.argv[1:]
name = f'telform-{version}'
files = {
    f'{name}.data/scripts/telform': f'#!/bin/sh\nexec {binary} \x22$@\x22\n',
    f'{name}.dist-info/METADATA': f'Metadata-Version: 2.1\nName: telform\nVersion: {version}\n',
    f'{name}.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-any\n',
}
record = f'{name}.dist-info/RECORD'
files[record] = ''.join(f'{path},,\n' for path in [*files, record])
with zipfile.ZipFile(f'{folder}/{name}-py3-none-any.whl', 'w') as wheel:
    for path, text in files.items():
        entry = zipfile.ZipInfo(path)
        entry.external_attr = 0o100755 << 16
        wheel.writestr(entry, text)
";

/// Shows what it was given before it is Python.
const PYTHON: &str = "#!/usr/bin/env bash\nenv >>python.env\nexec REAL \"$@\"\n";

/// One job of GitHub's runner that uses this action.
struct Job<'c> {
    ci: &'c Ci,
    inputs: BTreeMap<String, String>,
    /// What the job's own `env` holds.
    env: Vec<(&'c str, &'c str)>,
    /// Whether an earlier job has installed telform, which takes seconds.
    installed: bool,
}

/// How a job ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    log: String,
    outputs: BTreeMap<String, String>,
    /// Steps that were run.
    steps: Vec<String>,
}

impl<'c> Job<'c> {
    fn new(ci: &'c Ci, command: &str) -> Self {
        let defaults = action()["inputs"].as_object().unwrap().clone();
        let mut inputs: BTreeMap<String, String> =
            defaults.into_iter().map(|(name, it)| (name, it["default"].as_str().expect("a default").to_owned())).collect();
        assert_eq!(inputs.insert("command".into(), command.into()).as_deref(), Some("plan"));
        inputs.insert("wheel".into(), wheel(ci).to_str().unwrap().to_owned());
        inputs.insert("sandbox".into(), "world.yaml".into());
        Self { ci, inputs, env: vec![("GITHUB_REPOSITORY", "acme/telephony"), ("GITHUB_SHA", "c0ffee")], installed: false }
    }

    /// A job after another one, without installing once more.
    fn next(ci: &'c Ci, command: &str) -> Self {
        Self { installed: true, ..Self::new(ci, command) }
    }

    fn with(mut self, input: &str, value: &str) -> Self {
        *self.inputs.get_mut(input).expect(input) = value.to_owned();
        self
    }

    /// What `${{ … }}` stands for. Another one than these is an error.
    fn value(&self, name: &str, outputs: &BTreeMap<String, String>) -> String {
        if let Some(input) = name.strip_prefix("inputs.") {
            return self.inputs.get(input).unwrap_or_else(|| panic!("no input {input}")).clone();
        }
        if let Some(output) = name.strip_prefix("steps.plan.outputs.") {
            return outputs.get(output).cloned().unwrap_or_default();
        }
        match name {
            "github.token" => "of the job".to_owned(),
            "github.event.pull_request.number" => "5".to_owned(),
            _ => panic!("${{{{ {name} }}}}"),
        }
    }

    fn is_wanted(&self, condition: Option<&str>, failed: bool, outputs: &BTreeMap<String, String>) -> bool {
        let Some(condition) = condition else { return !failed };
        let condition = condition.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")).expect("an expression");
        let terms: Vec<&str> = condition.split(" && ").collect();
        // Without a word about the state of the job, a step is left out once another has failed.
        (terms.contains(&"!cancelled()") || !failed)
            && terms.iter().all(|term| match (term.split_once(" == "), term.split_once(" != ")) {
                (Some((left, right)), None) => self.value(left, outputs) == right.trim_matches('\''),
                (None, Some((left, right))) => self.value(left, outputs) != right.trim_matches('\''),
                _ => *term == "!cancelled()",
            })
    }

    fn run(&self) -> Ended {
        let mut ended = Ended { code: 0, log: String::new(), outputs: BTreeMap::new(), steps: Vec::new() };
        self.ci.put("github_output", "");
        if !self.installed {
            self.ci.put("github_path", "");
        }
        let action = action();
        assert_eq!(action["runs"]["using"], "composite");
        for step in action["runs"]["steps"].as_array().unwrap() {
            let known = ["name", "id", "if", "shell", "run", "env", "working-directory"];
            let keys = step.as_object().unwrap().keys();
            assert!(keys.clone().all(|key| known.contains(&key.as_str())), "{keys:?}");
            assert_eq!(step["shell"], "bash");
            if self.installed && step["name"] == "Install telform" {
                continue;
            }
            if !self.is_wanted(step["if"].as_str(), ended.code != 0, &ended.outputs) {
                continue;
            }
            ended.steps.push(step["name"].as_str().unwrap().to_owned());
            let folder = step["working-directory"].as_str().map_or(".", |it| {
                assert_eq!(it, "${{ inputs.working-directory }}");
                &self.inputs["working-directory"]
            });
            let (code, log) = self.step(step, folder, &ended.outputs);
            ended.log.push_str(&log);
            ended.code = ended.code.max(code);
            let written = self.ci.get("github_output");
            ended.outputs =
                written.lines().map(|line| line.split_once('=').unwrap()).map(|(a, b)| (a.into(), b.into())).collect();
        }
        ended
    }

    fn step(&self, step: &Value, folder: &str, outputs: &BTreeMap<String, String>) -> (i32, String) {
        let file = |name: &str| self.ci.path(name).to_str().unwrap().to_owned();
        let added: String = self.ci.get("github_path").lines().rev().map(|line| format!("{line}:")).collect();
        let mut env: Vec<(String, String)> = vec![
            ("PATH".into(), format!("{added}{}:/usr/bin:/bin", file("bin"))),
            ("HOME".into(), file("home")),
            ("RUNNER_TEMP".into(), file("temp")),
            ("GITHUB_ACTIONS".into(), "true".into()),
            ("GITHUB_ACTION_PATH".into(), top().to_str().unwrap().into()),
            ("GITHUB_PATH".into(), file("github_path")),
            ("GITHUB_OUTPUT".into(), file("github_output")),
            ("WORLD".into(), String::new()),
        ];
        env.extend(self.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap().strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")).unwrap();
            env.push((name.clone(), self.value(value, outputs)));
        }
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "text of others is data in a variable, never a part of a script: {script}");
        let script = format!("cd '{folder}'\n{script}");
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // As GitHub starts it.
        self.ci.run("bash", &["--noprofile", "--norc", "-eo", "pipefail", "-c", &script], &env)
    }
}

fn wheel(ci: &Ci) -> PathBuf {
    let version = env!("CARGO_PKG_VERSION");
    let folder = ci.path("wheels");
    let path = folder.join(format!("telform-{version}-py3-none-any.whl"));
    if !path.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let arguments = ["-c", MAKE_WHEEL, folder.to_str().unwrap(), version, env!("CARGO_BIN_EXE_telform")];
        assert!(Command::new("python3").args(arguments).status().unwrap().success());
    }
    path
}

/// A repository on a runner that has no telform; nothing when this machine cannot be one.
#[allow(clippy::print_stderr, reason = "whoever looks why a test did nothing finds it here")]
fn runner() -> Option<Ci> {
    let found = Command::new("python3").args(["-c", "import ensurepip, sys; print(sys.executable)"]).output();
    let python = found.ok().filter(|output| output.status.success());
    if python.is_none() || !has_jq() {
        assert!(std::env::var_os("CI").is_none(), "the action needs python3 with venv, and jq");
        eprintln!("SKIPPED: there is no python3 with venv here, or no jq, so action.yml was not tried");
        return None;
    }
    let ci = Ci::new();
    std::fs::remove_file(ci.path("bin/telform")).unwrap();
    std::fs::remove_dir_all(ci.path("ci")).unwrap();
    std::fs::create_dir_all(ci.path("temp")).unwrap();
    let python = String::from_utf8(python?.stdout).unwrap();
    ci.tool("python3", &PYTHON.replace("REAL", python.trim()));
    Some(ci)
}

#[test]
fn the_action_plans_comments_once_and_applies_what_was_reviewed() {
    let Some(ci) = runner() else { return };
    ci.put("comments.json", "[]");
    let mut plan = Job::new(&ci, "plan");
    plan.env.extend([("UNPOD_TOKEN", "a-secret-of-the-job"), ("PIP_NO_INPUT", "1")]);
    let first = plan.run();
    assert_eq!((first.code, &first.steps[..]), (0, &["Install telform", "Plan", "Comment"].map(String::from)[..]), "{first:?}");
    assert!(first.log.contains(concat!("telform ", env!("CARGO_PKG_VERSION"), "\n")), "{first:?}");
    let digest = ci.get("plan.digest").trim().to_owned();
    assert_eq!(first.outputs, BTreeMap::from([("code".into(), "2".into()), ("digest".into(), digest.clone())]));
    assert!(digest.starts_with("sha256:"));
    let body = ci.take("posted");
    assert_eq!(body.lines().nth(1), Some(format!("<!-- telform-digest {digest} -->").as_str()));
    let called = ci.take("calls");
    assert_eq!(called.matches("--method POST repos/acme/telephony/issues/5/comments ").count(), 1, "{called}");
    // What the package manager ran saw nothing of the job's secrets.
    let seen = ci.get("python.env");
    assert!(seen.contains("PIP_NO_INPUT=1\n") && !seen.contains("a-secret-of-the-job"), "{seen}");

    // The next push replaces that comment.
    let own = json!([{ "id": 11, "user": { "login": "github-actions[bot]" }, "body": body }]);
    ci.put("comments.json", &own.to_string());
    plan.installed = true;
    assert_eq!(plan.run().code, 0);
    let called = ci.take("calls");
    assert_eq!(called.matches("--method PATCH repos/acme/telephony/issues/comments/11 ").count(), 1, "{called}");
    assert!(!called.contains("--method POST"), "{called}");

    // Without a comment, nothing is asked of the forge.
    let quiet = Job::next(&ci, "plan").with("comment", "false").run();
    assert_eq!((quiet.code, ci.take("calls").as_str(), &quiet.outputs["digest"]), (0, "", &digest), "{quiet:?}");

    // On merge: the digest of that comment, or nothing is written.
    ci.put("requests.json", &json!([{ "number": 5, "merged_at": "2026-11-25T10:00:00Z" }]).to_string());
    let another = own.to_string().replace(&digest, &format!("sha256:{}", "0".repeat(64)));
    ci.put("comments.json", &another);
    assert_eq!(Job::next(&ci, "apply").run().code, 4);
    ci.put("comments.json", &own.to_string());
    let applied = Job::next(&ci, "apply").run();
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(applied.steps.iter().any(|step| step == "Find the reviewed plan"), "{applied:?}");
    assert!(applied.log.contains("a fresh plan is empty"), "{applied:?}");

    // On a schedule.
    assert_eq!(Job::next(&ci, "drift").run().code, 0);
    let state = ci.get("world.state.yaml");
    ci.put("world.state.yaml", &state.replace("AC0123456789abcdef0123456789abcdef", "AC1123456789abcdef0123456789abcdef"));
    assert_eq!(Job::next(&ci, "drift").run().code, 2);
}

#[test]
fn the_action_shows_a_refused_plan_and_fails() {
    let Some(ci) = runner() else { return };
    ci.put("comments.json", "[]");
    let refused = Job::new(&ci, "plan").with("policy", "false").run();
    assert_eq!((refused.code, refused.outputs["code"].as_str()), (3, "3"), "{refused:?}");
    assert!(ci.take("posted").starts_with("<!-- telform plan -->\n"));
    // No plan, no comment.
    ci.take("calls");
    ci.put("telform.yaml", "version: 1\nprovidrs: {}\n");
    let wrong = Job::next(&ci, "plan").run();
    assert_eq!((wrong.code, wrong.steps.len(), ci.take("calls").as_str()), (1, 1, ""), "{wrong:?}");
    // A folder of its own, as a repository for more than telephony has.
    std::fs::create_dir(ci.path("telephony")).unwrap();
    for name in ["world.yaml", "comments.json"] {
        std::fs::rename(ci.path(name), ci.path("telephony").join(name)).unwrap();
    }
    std::fs::copy(top().join("examples/ci/telform.yaml"), ci.path("telephony/telform.yaml")).unwrap();
    let below = Job::next(&ci, "plan").with("working-directory", "telephony").run();
    assert_eq!((below.code, below.outputs["code"].as_str()), (0, "2"), "{below:?}");
    // What is not a wheel of telform is not installed, and nothing is planned.
    let missing = Job::new(&ci, "plan").with("wheel", "./not-there.whl").run();
    assert!(missing.code != 0 && missing.steps == ["Install telform"], "{missing:?}");
}

#[test]
fn the_action_installs_its_own_version_unless_told_otherwise() {
    let action = action();
    assert_eq!(action["inputs"]["wheel"]["default"], concat!("telform==", env!("CARGO_PKG_VERSION")));
    let page = std::fs::read_to_string(top().join("docs/install.md")).unwrap();
    for input in action["inputs"].as_object().unwrap().keys().chain(action["outputs"].as_object().unwrap().keys()) {
        assert!(page.contains(&format!("`{input}`")), "docs/install.md does not say what `{input}` is");
    }
}
