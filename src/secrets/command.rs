//! Runs the program that a secret comes from: its arguments as they stand, no shell, no input, a limit of time and of output.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use super::{Fault, MAX_BYTES};
use crate::resource::SecretSource;
use crate::text::escape;

/// Longest time that a command may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Most of what a failing program says on standard error.
const MAX_SAID: u64 = 4096;
/// Longest line of it that is shown.
const MAX_LINE: usize = 160;
/// A text of fewer characters stands in too many words to be cut out of them.
const SHORTEST: usize = 4;

/// What was read from a pipe; nothing when the other end stayed open.
type Bytes = Option<std::io::Result<Vec<u8>>>;

/// Runs a program and gives what it wrote to standard output.
pub(super) fn run(source: &SecretSource, words: &[String], patience: Duration) -> Result<Vec<u8>, Fault> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| Fault::bad("names no program", "name a program and its arguments"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Fault::bad(format!("cannot be had ({source}): {}", error.kind()), "is the program installed?")
        })?;
    let deadline = Instant::now() + patience;
    let stdout = child.stdout.take().map(|pipe| reader(pipe, MAX_BYTES + 1, false));
    let stderr = child.stderr.take().map(|pipe| reader(pipe, MAX_SAID, true));
    let output = stdout.and_then(|receiver| receiver.recv_timeout(patience).ok());
    let Some(status) = end(&mut child, &output, deadline) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(if too_long(&output) { long(source) } else { slow(source, patience) });
    };
    if !status.success() {
        // The program is gone; whatever still holds the pipe has nothing to say about it.
        let said = stderr.and_then(|receiver| receiver.recv_timeout(Duration::from_millis(200)).ok());
        return Err(failed(source, status, arguments, &output, &said));
    }
    match output {
        Some(Ok(bytes)) if bytes.len() as u64 <= MAX_BYTES => Ok(bytes),
        Some(Ok(_)) => Err(long(source)),
        _ => Err(slow(source, patience)),
    }
}

/// Reads a pipe on its own, because a program that keeps it open would hold the read for ever. What is beyond the limit is
/// read and dropped where the program is to end by itself.
fn reader(
    mut pipe: impl Read + Send + 'static,
    limit: u64,
    drain: bool,
) -> Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.by_ref().take(limit).read_to_end(&mut bytes);
        if drain {
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        let _ = sender.send(read.map(|_| bytes));
    });
    receiver
}

/// Waits for the end of a program whose output ended; nothing when it does not end, or said too much.
fn end(child: &mut Child, output: &Bytes, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if output.is_some() && Instant::now() < deadline && !too_long(output) => {
                std::thread::sleep(Duration::from_millis(10));
            }
            _ => return None,
        }
    }
}

fn failed(
    source: &SecretSource,
    status: ExitStatus,
    arguments: &[String],
    output: &Bytes,
    said: &Bytes,
) -> Fault {
    let what = format!("cannot be had ({source}): {}", escape(&status.to_string()));
    let help = "run the command yourself to see why";
    let (Some(Ok(output)), Some(Ok(said))) = (output, said) else { return Fault::bad(what, help) };
    match shown(said, output, arguments) {
        Some(line) => Fault::bad(what, format!("it said: {line}\n{help}")),
        None => Fault::bad(what, help),
    }
}

/// The last line that a failing program said, with what it wrote to standard output and its arguments cut out: the one may be
/// the secret, the other are never shown.
fn shown(said: &[u8], output: &[u8], arguments: &[String]) -> Option<String> {
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

fn too_long(output: &Bytes) -> bool {
    matches!(output, Some(Ok(bytes)) if bytes.len() as u64 > MAX_BYTES)
}

pub(super) fn long(source: &SecretSource) -> Fault {
    Fault::bad(format!("is longer than {} KiB ({source})", MAX_BYTES / 1024), "is this the right source?")
}

fn slow(source: &SecretSource, patience: Duration) -> Fault {
    Fault::bad(
        format!("took longer than {} seconds ({source})", patience.as_secs_f32()),
        "does the program wait for an answer? It gets no input",
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, patience: u64) -> Result<Vec<u8>, String> {
        let words: Vec<String> = ["sh", "-c", script].map(str::to_owned).to_vec();
        let ran = run(&SecretSource::Command(words.clone()), &words, Duration::from_millis(patience));
        ran.map_err(|fault| format!("{}; {}", fault.what, fault.help))
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

    #[test]
    fn what_it_said_is_shown_without_what_it_wrote() {
        let fault = |script| sh(script, 10_000).unwrap_err();
        assert!(
            fault("echo first >&2; echo 'vault is \x1b[31msealed' >&2; exit 2")
                .contains("it said: vault is ")
        );
        assert!(!fault("printf 'x\\033[31m' >&2; exit 2").contains('\x1b'));
        let both = fault("echo hunter2 three; echo 'bad hunter2 three: hunter2' >&2; exit 3");
        assert!(both.contains("it said: bad (hidden): (hidden)") && !both.contains("hunter2"), "{both}");
        // A short secret cannot be cut out of other words.
        assert!(!fault("echo 42; echo 'no such entry 42' >&2; exit 3").contains("it said"));
        assert!(fault("exit 4").ends_with("run the command yourself to see why"));
        // A program that says much is not held up by it, and a long line is cut.
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
