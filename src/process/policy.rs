//! A second program judges the plan: it gets the JSON document on standard input, allows it with exit code 0, and refuses it
//! with any other. A program that is missing, killed, too slow or too verbose counts as a refusal.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::process::{Environment, KillReason, ProcessJob, ProcessResult, StreamLimits};
use crate::text::{escape_multiline, shorten};

/// Longest time that a program may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Most bytes of the text of a program that are kept.
pub const KEPT: usize = 64 * 1024;

/// A program that writes more bytes than this is considered endless.
pub const MOST: usize = 16 * 1024 * 1024;

/// How long its text is awaited after a program has ended: a child process may hold the pipe open.
const GRACE: Duration = Duration::from_millis(500);

/// What to do where the program cannot be run.
const CORRECT: &str = "name a program that can be run";

/// A program that judges plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Folder that it runs in; none for the current one.
    pub folder: Option<PathBuf>,
}

/// The output of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVerdict {
    /// Why it does not allow the plan, in a few words: `exited with 1`. `None`: it allows it.
    pub refused: Option<String>,
    /// What to do about that.
    pub help: &'static str,
    /// What it wrote, both streams in order, prepared for display.
    pub text: String,
}

/// The context of a question.
#[derive(Clone, Copy)]
pub struct PolicyContext<'a> {
    /// The whole environment of the program.
    pub environment: &'a Environment,
    /// How long it may take.
    pub timeout: Duration,
    /// Set when the user wants to stop.
    pub cancel: &'a AtomicBool,
}

impl Policy {
    /// Its name in messages.
    pub fn name(&self) -> String {
        shorten(&escape_multiline(&self.command.join(" ").replace(['\n', '\t'], " ")))
    }

    /// Shows it a plan.
    pub fn evaluate(&self, document: &str, setting: PolicyContext<'_>) -> PolicyVerdict {
        let job = ProcessJob {
            command: &self.command,
            folder: self.folder.as_deref(),
            environment: setting.environment,
            input: Some(document.to_owned()),
            output: StreamLimits { keep_bytes: KEPT, max_bytes: MOST },
            errors: None,
            timeout: setting.timeout,
            output_grace: Some(GRACE),
            cancel: Some(setting.cancel),
        };
        let unheard = |why: String| PolicyVerdict { refused: Some(why), help: CORRECT, text: String::new() };
        let ran = match job.run() {
            Ok(ran) => ran,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return unheard("does not exist, or is not a program".to_owned());
            }
            Err(error) => return unheard(format!("cannot be run: {}", error.kind())),
        };
        let (refused, help) = match ran.end {
            Ok(status) if status.success() => (None, ""),
            Ok(status) if status.code().is_some() => (Some(describe_end(status)), "change what it objects to and plan again"),
            Ok(status) => (Some(describe_end(status)), "see why it was killed, then plan again"),
            Err(KillReason::Long) => (Some(format!("wrote more than {} MiB", MOST >> 20)), "make it write less"),
            Err(KillReason::Late) => {
                let seconds = setting.timeout.as_secs_f32();
                (Some(format!("did not answer within {seconds} seconds")), "see why it takes so long, then plan again")
            }
            Err(KillReason::Interrupted) => (Some("was interrupted".to_owned()), "plan again"),
            Err(KillReason::Lost(kind)) => (Some(format!("cannot be waited for: {kind}")), "plan again"),
        };
        PolicyVerdict { refused, help, text: shown_output(&ran) }
    }
}

/// What it wrote, prepared for display.
fn shown_output(ran: &ProcessResult) -> String {
    let mut text = escape_multiline(String::from_utf8_lossy(&ran.output).trim_end());
    if ran.bytes > ran.output.len() {
        text.push_str(&format!("\n… it wrote more; the first {} KiB are shown", KEPT / 1024));
    }
    text
}

fn describe_end(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was killed by signal {signal}");
    }
    status.code().map_or_else(|| "ended without an exit code".to_owned(), |code| format!("exited with {code}"))
}
