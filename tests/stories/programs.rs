//! What programs that supply secrets may see and leave behind, and what other processes may see of telform itself.

use std::process::Stdio;

use crate::bench::Story;

fn story(script: &str) -> Story {
    let story = Story::new("{}");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC1, auth_token: { command: [sh, secret.sh] } }\n");
    story.file("secret.sh", script);
    story
}

/// The program that supplies one secret does not see the others, nor any token that happens to be there.
#[test]
fn a_secret_command_sees_only_what_it_was_given() {
    let script = "env > seen; echo canary-supplied\n";
    let story = story(script)
        .secret("TELFORM_FINGERPRINT_KEY", "canary-fingerprint-key-0123456789")
        .secret("CI_JOB_TOKEN", "canary-of-the-runner")
        .setting("VAULT_ADDR", "https://vault.example")
        .setting("HOME", "/home/desk");
    let seen = |args: &str| {
        story.expect(0, args);
        let seen = story.read("seen");
        assert!(!seen.contains("canary-"), "{seen}");
        let names = seen.lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned()));
        let mut names: Vec<String> = names.filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(&name.as_str())).collect();
        names.sort();
        names
    };
    assert_eq!(seen("plan --allow-commands"), ["HOME", "PATH"]);
    let named = "apply --auto-approve --allow-commands --secret-command-env VAULT_ADDR";
    assert_eq!(seen(named), ["HOME", "PATH", "VAULT_ADDR"]);
    assert_eq!(seen("doctor --allow-commands"), ["HOME", "PATH"]);
    story.file("secret.sh", "echo 'no address' >&2; exit 2\n");
    // One that fails for want of a variable says how to name it.
    story.expect(1, "plan --allow-commands").says("--secret-command-env NAME");
}

/// It leads its own process group, so ending telform has to end it, too.
#[test]
fn an_interrupt_ends_a_secret_command_and_what_it_started() {
    let story = story("sleep 600 & echo $! > pid; mv pid started; wait\n");
    for (args, name) in [("plan", "-INT"), ("apply --auto-approve", "-TERM"), ("doctor", "-INT")] {
        let mut command = story.command(&format!("{args} --allow-commands"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !story.path("started").exists() {
            if child.try_wait().unwrap().is_some() {
                panic!("{}", story.ran(args, &child.wait_with_output().unwrap()).whole());
            }
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
        let started = story.read("started");
        std::fs::remove_file(story.path("started")).unwrap();
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
        let ran = story.ran(args, &child.wait_with_output().unwrap());
        assert_eq!(ran.code, 130, "{args}: {}", ran.whole());
        #[cfg(target_os = "linux")]
        {
            let runs = || {
                let stat = std::fs::read_to_string(format!("/proc/{}/stat", started.trim()));
                let stat = stat.unwrap_or_default();
                stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
            };
            // It has been killed; the system may need a moment for it.
            let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
            while runs() && std::time::Instant::now() < until {
                std::thread::yield_now();
            }
            assert!(!runs(), "{args}: it runs on");
        }
        let _ = started;
    }
}

/// A process of the same user reads neither environment nor memory of a running telform. Root may read everything, so telform and
/// the reader then run as another user.
#[test]
#[cfg(target_os = "linux")]
fn another_process_of_the_same_user_reads_no_token() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    const SOMEBODY: u32 = 65534;
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let is_root = rustix::process::getuid().is_root();
    let dress = |command: &mut std::process::Command| {
        if is_root {
            command.uid(SOMEBODY).gid(SOMEBODY);
        }
    };
    // Where that user can reach it.
    let program = story.path("telform");
    // Another process makes it: a file that this one had open for writing cannot be executed while a child starts.
    let mut install = std::process::Command::new("install");
    install.args(["-m", "755", env!("CARGO_BIN_EXE_telform")]).arg(&program);
    assert!(install.status().unwrap().success());
    std::fs::set_permissions(story.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    let read = |pid: u32, name: &str| {
        let mut command = std::process::Command::new("head");
        dress(command.args(["-c", "16", &format!("/proc/{pid}/{name}")]).stderr(Stdio::null()));
        command.output().unwrap().stdout
    };
    // A process that does not close itself, to see that the look is the right one.
    let mut open = std::process::Command::new("sleep");
    dress(open.arg("600").env("UNPOD_TOKEN", "canary"));
    let mut open = open.spawn().unwrap();
    assert!(!read(open.id(), "environ").is_empty(), "the look itself works");
    open.kill().unwrap();
    open.wait().unwrap();

    let mut command = std::process::Command::new(&program);
    command.args(["sandbox", "world.yaml"]).current_dir(story.path("")).env("UNPOD_TOKEN", "canary");
    dress(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("Stop with Ctrl-C") {
        assert!(stdout.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let seen: Vec<Vec<u8>> = ["environ", "auxv", "maps"].map(|name| read(child.id(), name)).into();
    let owner = std::fs::metadata(format!("/proc/{}/environ", child.id())).unwrap().uid();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(seen.iter().all(Vec::is_empty), "{seen:?}");
    assert_eq!(owner, 0, "a process that may be dumped belongs to its user");
    if let Ok(limits) = limits {
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    }
}
