//! A checkout made by another user: nothing that its own git configuration names is started, whatever telform asks git.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::bench::Story;

/// A work tree with one commit.
fn work_tree() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-77");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC77, auth_token: { env: AUTH } }\n");
    story.file(".gitignore", ".telform/\nevil*\nran-*\n");
    std::fs::create_dir(story.path("docs")).unwrap();
    story.file("docs/page", "one\n");
    story.file("page", "one\n");
    git(&story, &["init", "-q"]);
    git(&story, &["add", "-A"]);
    git(&story, &["-c", "user.email=a@example", "-c", "user.name=a", "commit", "-q", "-m", "first"]);
    story
}

fn git(story: &Story, arguments: &[&str]) -> Output {
    let done = Command::new("git").args(arguments).current_dir(story.dir.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done
}

fn commit(story: &Story) -> Option<String> {
    let json = story.expect(0, "plan --json").json();
    json["origin"]["commit"].as_str().map(str::to_owned)
}

/// Names of the traps that went off.
fn went_off(story: &Story) -> Vec<String> {
    let names = std::fs::read_dir(story.dir.path()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("ran-")).collect();
    names.sort();
    names.iter().for_each(|name| std::fs::remove_file(story.path(name)).unwrap());
    names
}

#[test]
fn nothing_that_the_repository_names_is_started() {
    let mut story = work_tree();
    let head = String::from_utf8(git(&story, &["rev-parse", "HEAD"]).stdout).unwrap().trim().to_owned();
    let evil = story.path("evil.sh");
    let text = format!("#!/bin/sh\nenv > \"{}/ran-$1\"\ncat\n", story.dir.path().display());
    story.file("evil.sh", &text);
    std::fs::set_permissions(&evil, std::fs::Permissions::from_mode(0o755)).unwrap();
    let evil = evil.display().to_string();
    for (name, what) in [
        ("core.fsmonitor", "monitor"),
        ("filter.evil.clean", "clean"),
        ("filter.evil.process", "process"),
        ("diff.external", "diff"),
        ("diff.evil.textconv", "textconv"),
        ("core.pager", "pager"),
        ("core.sshCommand", "ssh"),
        ("core.editor", "editor"),
        ("credential.helper", "credential"),
        ("alias.describe", "alias"),
    ] {
        git(&story, &["config", name, &format!("{evil} {what}")]);
    }
    story.file("evil.config", &format!("[core]\n\tfsmonitor = {evil} included\n"));
    git(&story, &["config", "include.path", "../evil.config"]);
    std::fs::create_dir_all(story.path(".git/info")).unwrap();
    story.file(".git/info/attributes", "* filter=evil diff=evil\n");
    std::fs::create_dir_all(story.path(".git/hooks")).unwrap();
    for hook in ["post-index-change", "reference-transaction", "fsmonitor-watchman"] {
        story.file(&format!(".git/hooks/{hook}"), &format!("#!/bin/sh\nexec {evil} hook-{hook}\n"));
        std::fs::set_permissions(story.path(&format!(".git/hooks/{hook}")), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Files whose times changed are compared by their content, which is where filters are run.
    let stale = |story: &Story, text: &str| {
        std::fs::remove_file(story.path("page")).unwrap();
        story.file("page", text);
    };
    stale(&story, "one\n");
    let plain = Command::new("git").args(["status"]).current_dir(story.dir.path()).output().unwrap();
    assert!(!went_off(&story).is_empty(), "the traps work: {plain:?}");

    for (name, value) in [
        ("GIT_DIR", "/nonexistent"),
        ("GIT_EXTERNAL_DIFF", &*format!("{evil} external")),
        ("GIT_PAGER", &*format!("{evil} pager")),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", &*format!("{evil} environment")),
    ] {
        story = story.setting(name, value);
    }
    assert_eq!(commit(&story), Some(head.clone()));
    stale(&story, "two\n");
    assert_eq!(commit(&story), Some(format!("{head}-dirty")));
    stale(&story, "one\n");
    assert_eq!(commit(&story), Some(head.clone()));
    story.file("docs/page", "changed\n");
    assert_eq!(commit(&story), Some(format!("{head}-dirty")));
    for command in ["apply --auto-approve", "doctor", "drift", "journal show last"] {
        story.run(command);
    }
    assert_eq!(went_off(&story), [""; 0]);
}

/// Git compares sizes and times, and reads a file again whose time is not before that of the index. A copy of the index that
/// is newer than the index would call such a file unchanged.
#[test]
fn a_change_in_the_second_of_the_index_is_seen() {
    let story = work_tree();
    let head = String::from_utf8(git(&story, &["rev-parse", "HEAD"]).stdout).unwrap().trim().to_owned();
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let within_one_second = || {
        let began = second();
        story.file("page", "one\n");
        git(&story, &["update-index", "--refresh"]);
        std::fs::write(story.path("page"), "two\n").unwrap();
        second() == began
    };
    while !within_one_second() {}
    // The next commands have to run in a later second, so this waits for the time to pass.
    let gone = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_millis();
    std::thread::sleep(Duration::from_millis(1001 - u64::from(gone)));
    assert_eq!(commit(&story), Some(format!("{head}-dirty")));
}

/// Work trees of other shapes: none, without a commit, another folder of it, a second work tree, the newer digest.
#[test]
fn the_commit_of_any_work_tree() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-77");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC77, auth_token: { env: AUTH } }\n");
    assert_eq!(commit(&story), None, "no work tree");
    git(&story, &["init", "-q", "--object-format=sha256"]);
    assert_eq!(commit(&story), None, "no commit");
    git(&story, &["add", "telform.yaml"]);
    git(&story, &["-c", "user.email=a@example", "-c", "user.name=a", "commit", "-q", "-m", "first"]);
    let head = String::from_utf8(git(&story, &["rev-parse", "HEAD"]).stdout).unwrap().trim().to_owned();
    assert_eq!((commit(&story), head.len()), (Some(head.clone()), 64));
    git(&story, &["worktree", "add", "-q", "--detach", "second"]);
    let again = |folder: &str| {
        let mut command = story.command("plan --json");
        let ran = command.current_dir(story.path(folder)).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        json["origin"]["commit"].as_str().map(str::to_owned)
    };
    assert_eq!(again("second"), Some(head.clone()));
    story.file("second/telform.yaml", &(story.read("telform.yaml") + "# more\n"));
    assert_eq!((again("second"), commit(&story)), (Some(format!("{head}-dirty")), Some(head)));
}
