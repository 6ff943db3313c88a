//! Runs the program that a secret comes from: with its arguments unchanged, no shell, no input, and limits of time and output.

use std::process::ExitStatus;
use std::time::Duration;

use super::{MAX_BYTES, SecretError};
use crate::model::resource::SecretSource;
use crate::process::{Environment, KillReason, ProcessJob, ProcessResult, StreamLimits};
use crate::text::escape;

/// Longest time that a command may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Most of what a failing program says on standard error.
const MAX_SAID: usize = 4096;
/// Longest line of it that is shown.
const MAX_LINE: usize = 160;
/// A shorter text is part of too many words to be cut out of them.
const SHORTEST: usize = 4;

/// Runs a program and returns what it wrote to standard output.
pub(super) fn run_command(
    source: &SecretSource,
    words: &[String],
    environment: &Environment,
    patience: Duration,
) -> Result<Vec<u8>, SecretError> {
    if words.is_empty() {
        return Err(SecretError::bad("names no program", "name a program and its arguments"));
    }
    let most = MAX_BYTES as usize;
    let job = ProcessJob {
        command: words,
        folder: None,
        environment,
        input: None,
        output: StreamLimits { keep_bytes: most, max_bytes: most },
        // A program that writes a lot there does not block.
        errors: Some(StreamLimits { keep_bytes: MAX_SAID, max_bytes: usize::MAX }),
        timeout: patience,
        output_grace: None,
        cancel: None,
    };
    let ran = job.run().map_err(|error| {
        SecretError::bad(format!("cannot be obtained ({source}): {}", error.kind()), "is the program installed?")
    })?;
    match ran.end {
        Err(KillReason::Long) => Err(output_too_long(source)),
        Ok(status) if !status.success() => Err(command_failed(source, status, &words[1..], &ran)),
        Ok(_) if ran.output_complete => Ok(ran.output),
        Ok(_) | Err(KillReason::Late | KillReason::Interrupted | KillReason::Lost(_)) => Err(command_timed_out(source, patience)),
    }
}

fn command_failed(source: &SecretSource, status: ExitStatus, arguments: &[String], ran: &ProcessResult) -> SecretError {
    let what = format!("cannot be obtained ({source}): {}", escape(&status.to_string()));
    let help = "run the command yourself to see why. Of the environment it sees only PATH, HOME, TMPDIR and the language; \
                `--secret-command-env NAME` adds a variable, such as VAULT_ADDR";
    match shown_error_line(&ran.stderr, &ran.output, arguments).filter(|_| ran.output_complete) {
        Some(line) => SecretError::bad(what, format!("it said: {line}\n{help}")),
        None => SecretError::bad(what, help),
    }
}

/// The last line on standard error of a failing program, without its standard output and its arguments: the output may be the
/// secret, and the arguments are never shown.
fn shown_error_line(said: &[u8], output: &[u8], arguments: &[String]) -> Option<String> {
    let said = String::from_utf8_lossy(said);
    let mut line = said.lines().rev().map(str::trim).find(|line| !line.is_empty())?.to_owned();
    let output = String::from_utf8_lossy(output).into_owned();
    let mut hidden: Vec<&str> =
        output.split_whitespace().chain(output.lines().map(str::trim)).filter(|it| !it.is_empty()).collect();
    if hidden.iter().any(|it| it.chars().count() < SHORTEST) {
        return None;
    }
    hidden.extend(arguments.iter().map(|it| it.trim()).filter(|it| it.chars().count() >= SHORTEST));
    // Longer ones first: one may be a part of another.
    hidden.sort_by_key(|it| std::cmp::Reverse(it.len()));
    for part in hidden {
        line = line.replace(part, "(hidden)");
    }
    let cut: String = line.chars().take(MAX_LINE).collect();
    Some(escape(&if cut.len() < line.len() { format!("{cut}…") } else { cut }))
}

pub(super) fn output_too_long(source: &SecretSource) -> SecretError {
    SecretError::bad(format!("is longer than {} KiB ({source})", MAX_BYTES / 1024), "is this the right source?")
}

fn command_timed_out(source: &SecretSource, patience: Duration) -> SecretError {
    SecretError::bad(
        format!("took longer than {} seconds ({source})", patience.as_secs_f32()),
        "does the program wait for input? It gets none",
    )
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    fn sh(script: &str, patience: u64) -> Result<Vec<u8>, String> {
        let words: Vec<String> = ["sh", "-c", script].map(str::to_owned).to_vec();
        let source = SecretSource::Command(words.clone());
        let ran = run_command(&source, &words, &Environment::from_process(&[]), Duration::from_millis(patience));
        ran.map_err(|fault| format!("{}; {}", fault.reason, fault.help))
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let begun = Instant::now();
        for script in ["exec sleep 30", "exec >&-; exec sleep 30", "sleep 30 & exit 0"] {
            let fault = sh(script, 200).unwrap_err();
            assert!(fault.contains("took longer than 0.2 seconds"), "{script}: {fault}");
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    /// Children that it started, in its group, with its pipes or without them.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_it_started_ends_with_it() {
        let runs = |pid: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
        };
        for script in [
            "sleep 600 & echo $! > pid; wait",
            "sleep 600 >/dev/null 2>&1 & echo $! > pid; exec sleep 600",
            "sh -c 'sleep 600 & echo $! > pid; wait' & wait",
            "sleep 600 & echo $! > pid; exit 0",
            "sleep 600 & echo $! > pid; yes",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let told = || std::fs::read_to_string(folder.path().join("pid")).is_ok_and(|pid| pid.ends_with('\n'));
            // On a machine under load the program may be ended before it started anything.
            let limits = [300, 3_000, 30_000].into_iter();
            let mut faults = limits.map(|limit| sh(&format!("cd '{}'; {script}", folder.path().display()), limit).unwrap_err());
            let fault = faults.find(|_| told()).expect("it starts within 30 s");
            assert!(fault.contains(if script.ends_with("yes") { "longer than 64" } else { "took longer" }), "{fault}");
            let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
            let until = Instant::now() + Duration::from_secs(10);
            while runs(pid.trim()) && Instant::now() < until {
                std::thread::yield_now();
            }
            assert!(!runs(pid.trim()), "{script}");
        }
    }

    #[test]
    fn what_it_said_is_shown_without_what_it_wrote() {
        let fault = |script| sh(script, 10_000).unwrap_err();
        assert!(fault("echo first >&2; echo 'vault is \x1b[31msealed' >&2; exit 2").contains("it said: vault is "));
        assert!(!fault("printf 'x\\033[31m' >&2; exit 2").contains('\x1b'));
        let both = fault("echo hunter2 three; echo 'bad hunter2 three: hunter2' >&2; exit 3");
        assert!(both.contains("it said: bad (hidden): (hidden)") && !both.contains("hunter2"), "{both}");
        // A short secret cannot be cut out of other words.
        assert!(!fault("echo 42; echo 'no such entry 42' >&2; exit 3").contains("it said"));
        assert!(fault("exit 4").contains("; run the command yourself to see why. "));
        // A program that writes a lot does not block, and a long line is cut.
        let long = fault(
            "i=0; while [ $i -lt 3000 ]; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; i=$((i+1)); done >&2; exit 5",
        );
        assert!(long.contains("it said: aaaa") && long.len() < 500, "{long}");
    }

    #[test]
    fn output_is_bounded() {
        assert!(sh("yes hunter2", 10_000).unwrap_err().starts_with("is longer than 64 KiB"));
        assert_eq!(sh("printf x", 10_000).unwrap(), b"x");
    }
}
