//! A second program judges the plan: it gets the JSON document on standard input, allows it with exit code 0, and refuses it
//! with anything else. Doubt refuses: a program that is missing, killed, too slow or too talkative has not allowed anything.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::program::{Bound, Cut, Environment, Job, Ran};
use crate::text::{clean, shorten};

/// Longest time that a program may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What is kept of the text of a program, in bytes.
pub const KEPT: usize = 64 * 1024;

/// A program that writes more than this, in bytes, will not come to an end.
pub const MOST: usize = 16 * 1024 * 1024;

/// How long its text is waited for after a program has ended: something that it started may hold the pipe open.
const GRACE: Duration = Duration::from_millis(500);

/// A program that judges plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Folder that it runs in; none for the current one.
    pub folder: Option<PathBuf>,
}

/// What a program said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Why it does not allow the plan, in a few words: `exited with 1`. None: it allows it.
    pub refused: Option<String>,
    /// What it wrote, both streams in their order, fit to be shown.
    pub text: String,
}

/// What surrounds a question.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// All that the program sees of the environment.
    pub environment: &'a Environment,
    /// How long it may take.
    pub patience: Duration,
    /// Set when the user wants to leave.
    pub stop: &'a AtomicBool,
}

impl Policy {
    /// As it is called in messages.
    pub fn name(&self) -> String {
        shorten(&clean(&self.words.join(" ").replace(['\n', '\t'], " ")))
    }

    /// Shows it a plan.
    pub fn ask(&self, document: &str, setting: Setting<'_>) -> Verdict {
        let job = Job {
            words: &self.words,
            folder: self.folder.as_deref(),
            environment: setting.environment,
            input: Some(document.to_owned()),
            output: Bound { kept: KEPT, most: MOST },
            errors: None,
            patience: setting.patience,
            grace: Some(GRACE),
            stop: Some(setting.stop),
        };
        let unheard = |why: String| Verdict { refused: Some(why), text: String::new() };
        let ran = match job.run() {
            Ok(ran) => ran,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return unheard("is not there, or not a program".to_owned());
            }
            Err(error) => return unheard(format!("cannot be run: {}", error.kind())),
        };
        let refused = match ran.end {
            Ok(status) if status.success() => None,
            Ok(status) => Some(ended(status)),
            Err(Cut::Long) => Some(format!("wrote more than {} MiB", MOST >> 20)),
            Err(Cut::Late) => {
                Some(format!("did not answer within {} seconds", setting.patience.as_secs_f32()))
            }
            Err(Cut::Interrupted) => Some("was interrupted".to_owned()),
            Err(Cut::Lost(kind)) => Some(format!("cannot be waited for: {kind}")),
        };
        Verdict { refused, text: text(&ran) }
    }
}

/// What it wrote, fit to be shown.
fn text(ran: &Ran) -> String {
    let mut text = clean(String::from_utf8_lossy(&ran.output).trim_end());
    if ran.bytes > ran.output.len() {
        text.push_str(&format!("\n… it wrote more; the first {} KiB are shown", KEPT / 1024));
    }
    text
}

fn ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was killed by signal {signal}");
    }
    status
        .code()
        .map_or_else(|| "ended without an exit code".to_owned(), |code| format!("exited with {code}"))
}
