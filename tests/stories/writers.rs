//! Files that a command was asked to write. A target that is not a file is written to directly and stays what it is, except a
//! link (`links`); a file is replaced completely and keeps its mode. Every device, pipe and socket here is made in the folder of
//! the story.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bench::{Ran, Story};
use crate::closed_output::{ends, story};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Runs a line of a shell in which `telform` is the program.
fn shell(story: &Story, shell: &str, line: &str) -> Ran {
    let telform = story.command("");
    let mut command = Command::new(shell);
    command
        .args(["-c", &line.replace("telform", "\"$0\"")])
        .arg(telform.get_program())
        .env_clear()
        .envs(telform.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(story.dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    ends(story, command.spawn().unwrap(), line)
}

fn document(text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(value["format"], "telform-plan");
    value
}

#[test]
fn pipes_and_sockets_get_what_a_file_would_get() {
    let story = story();
    let names = ["one", "two", "three"].map(|name| story.path(name));
    names.iter().for_each(|name| pipe(name));
    let readers = names.clone().map(|name| std::thread::spawn(move || fs::read_to_string(name).unwrap()));
    let listener = UnixListener::bind(story.path("socket")).unwrap();
    let heard = std::thread::spawn(move || {
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        text
    });
    story.expect(0, "plan --format json=one --out two --snapshot-out three --format markdown=socket");
    let [one, two, three] = readers.map(|reader| reader.join().unwrap());
    document(&one);
    document(&two);
    assert!(three.starts_with('{') && three.ends_with("}\n"), "{three}");
    assert!(heard.join().unwrap().contains("providers.old"));
    for name in &names {
        assert!(fs::symlink_metadata(name).unwrap().file_type().is_fifo(), "{}", name.display());
    }
    assert!(fs::symlink_metadata(story.path("socket")).unwrap().file_type().is_socket());
}

#[test]
fn a_device_stays_a_device() {
    let story = story();
    let made = Command::new("mknod").args(["null", "c", "1", "3"]).current_dir(story.dir.path()).output();
    if !made.is_ok_and(|made| made.status.success()) {
        // Only root may make one, and not everywhere.
        return;
    }
    symlink("null", story.path("link")).unwrap();
    story.expect(0, "plan --format html=null --out null --snapshot-out null");
    story.expect(1, "plan --format json=link").says("`link` is a link");
    story.expect(1, "plan --ledger null").says("and not a regular file");
    story.expect(1, "ledger rebuild --ledger null").says("and not a regular file");
    story.expect(1, "apply --auto-approve --ledger link").says("and not a regular file");
    for name in ["null", "link"] {
        assert!(fs::metadata(story.path(name)).unwrap().file_type().is_char_device(), "{name}");
    }
    assert!(fs::symlink_metadata(story.path("link")).unwrap().is_symlink());
    assert_eq!(story.writes(), [""; 0]);
}

/// A ledger in a pipe is an error, without waiting for a writer.
#[test]
fn a_ledger_is_a_file() {
    let story = story();
    pipe(&story.path("pipe.json"));
    for args in ["plan", "apply --auto-approve", "ledger list", "ledger rebuild"] {
        let line = format!("telform {args} --ledger pipe.json");
        let ran = shell(&story, "sh", &line);
        assert_eq!(ran.code, 1, "{line}: {}", ran.whole());
        ran.says("and not a regular file");
    }
    assert!(fs::metadata(story.path("pipe.json")).unwrap().file_type().is_fifo());
}

#[test]
fn modes_stay_as_far_as_the_umask_lets() {
    let story = story();
    fs::create_dir(story.path("kept")).unwrap();
    for (name, mode) in [("kept/plan.json", 0o640), ("plan.bin", 0o644), ("plan.html", 0o600)] {
        story.file(name, "old");
        fs::set_permissions(story.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let line = "umask 027; telform plan --format json=kept/plan.json --format markdown=kept/new.md \
                --format html=plan.html --format text=new.txt --out plan.bin --snapshot-out new.snapshot";
    let ran = shell(&story, "sh", line);
    assert_eq!(ran.code, 0, "{}", ran.whole());
    document(&story.read("kept/plan.json"));
    assert!(story.read("kept/new.md").contains("providers.old"));
    for (name, is) in [
        ("kept/plan.json", 0o640),
        ("kept/new.md", 0o640),
        ("plan.bin", 0o640),
        ("plan.html", 0o600),
        ("new.txt", 0o640),
        ("new.snapshot", 0o600),
    ] {
        assert_eq!(mode(&story.path(name)), is, "{name}");
    }
    let left = fs::read_dir(&story.dir).unwrap().flatten();
    let left: Vec<_> = left.filter(|it| it.file_name().to_string_lossy().starts_with(".telform")).collect();
    assert_eq!(left.len(), 1, "the folder of the ledger, and nothing half done: {left:?}");
    story.expect(0, "plan --out new.bin");
    assert_eq!(mode(&story.path("new.bin")), 0o600);
    story.expect(1, "plan --format json=kept").says("error[telform::file::write]");
}

/// Names of streams that a process has already: nothing waits, nothing is printed twice or into something else.
#[test]
fn the_streams_of_the_process() {
    let story = story();
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        document(&story.expect(0, &format!("plan --format json={name}")).stdout);
        story.file("got", "");
        let ran = shell(&story, "sh", &format!("telform plan --format json={name} > got"));
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
        document(&story.read("got"));
        story
            .expect(1, &format!("plan --format markdown --format json={name}"))
            .says("two formats cannot both go to standard output");
    }
    let valid = story.expect(0, "validate --format json=/dev/stdout");
    assert_eq!(valid.json()["valid"], true);
    let ran = story.expect(0, "plan --format json=/dev/stderr");
    document(&ran.stderr);
    assert!(ran.stdout.contains("Plan: ") && !ran.stdout.contains("\"format\""), "{}", ran.stdout);
    // Text that its opener has already written comes first.
    let ran = shell(&story, "sh", "exec 5> got; echo begun >&5; telform plan --format json=/dev/fd/5");
    assert_eq!(ran.code, 0, "{}", ran.whole());
    let got = story.read("got");
    document(got.strip_prefix("begun\n").unwrap());
    assert!(ran.stdout.contains("Plan: "), "{}", ran.stdout);
    story.expect(1, "plan --format json=/dev/fd/77").says("error[telform::file::write]");
}

#[test]
fn what_a_shell_makes_of_other_programs() {
    let story = story();
    if Command::new("bash").args(["-c", "true"]).status().is_err() {
        return;
    }
    pipe(&story.path("ready"));
    // The shell does not wait for the other program; the pipe does.
    let line = "telform plan --format json=>(cat > got; echo > ready) --format html=>(true) > text; read -r _ < ready";
    let ran = shell(&story, "bash", line);
    assert_eq!(ran.code, 0, "{}", ran.whole());
    document(&story.read("got"));
    assert!(story.read("text").contains("Plan: "));
    // A pipe whose reader has closed it before anything is written.
    let line = "exec 7> >(true); wait $!; telform plan --format json=/dev/fd/7 > text";
    let ran = shell(&story, "bash", line);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.whole());
}
