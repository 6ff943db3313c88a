//! A second program judges the plan: it gets the JSON document on standard input, allows it with exit code 0, and refuses it
//! with anything else. Doubt refuses: a program that is missing, killed, too slow or too talkative has not allowed anything.

use std::collections::BTreeSet;
use std::io::{PipeReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::text::{clean, shorten};

/// Longest time that a program may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What is kept of the text of a program, in bytes.
pub const KEPT: usize = 64 * 1024;

/// A program that writes more than this, in bytes, will not come to an end.
pub const MOST: usize = 16 * 1024 * 1024;

/// How long its text is waited for after a program has ended: something that it started may hold the pipe open.
const GRACE: Duration = Duration::from_millis(500);

const TICK: Duration = Duration::from_millis(5);

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
    /// Variables of the environment that the program must not see.
    pub hidden: &'a BTreeSet<String>,
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
        let refused = |why: String, heard: &Heard| Verdict { refused: Some(why), text: heard.text() };
        let heard = Arc::new(Heard::default());
        let (mut child, output) = match self.start(setting.hidden) {
            Ok(started) => started,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return refused("is not there, or not a program".to_owned(), &heard);
            }
            Err(error) => return refused(format!("cannot be run: {}", error.kind()), &heard),
        };
        // Each on its own: a program that does not read must not keep us from hearing it, or from ending it.
        if let Some(mut input) = child.stdin.take() {
            let document = document.to_owned();
            // A program may decide without reading to the end.
            std::thread::spawn(move || drop(input.write_all(document.as_bytes())));
        }
        let listener = Arc::clone(&heard);
        std::thread::spawn(move || listener.listen(output));
        let end = wait(&mut child, &heard, setting);
        if end.is_err() || !heard.ended_within(GRACE) {
            end_all(&mut child);
        }
        match end {
            Ok(status) if status.success() => Verdict { refused: None, text: heard.text() },
            Ok(status) => refused(ended(status), &heard),
            Err(why) => refused(why, &heard),
        }
    }

    /// One pipe for both streams, so that what it says stays in its order.
    fn start(&self, hidden: &BTreeSet<String>) -> std::io::Result<(Child, PipeReader)> {
        let (program, arguments) = self.words.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        let (output, writer) = std::io::pipe()?;
        let mut command = match &self.folder {
            // Which folder a relative program is looked for in differs between systems once another one is set.
            Some(folder) if program.contains(std::path::MAIN_SEPARATOR) => {
                Command::new(std::path::absolute(folder.join(program))?)
            }
            _ => Command::new(program),
        };
        command.args(arguments).stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        for name in hidden {
            command.env_remove(name);
        }
        if let Some(folder) = self.folder.as_ref().filter(|folder| !folder.as_os_str().is_empty()) {
            command.current_dir(folder);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Ok((command.spawn()?, output))
    }
}

/// What a program has written so far.
#[derive(Default)]
struct Heard {
    kept: Mutex<Vec<u8>>,
    bytes: AtomicUsize,
    closed: AtomicBool,
}

impl Heard {
    /// Reads to the end: what is not kept is read all the same, so that the program can go on.
    fn listen(&self, mut output: PipeReader) {
        let mut buffer = [0; 8192];
        while let Ok(count) = output.read(&mut buffer)
            && count > 0
            && self.bytes.fetch_add(count, Ordering::Relaxed) < MOST
        {
            if let Ok(mut kept) = self.kept.lock() {
                let room = KEPT.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..count.min(room)]);
            }
        }
        self.closed.store(true, Ordering::Release);
    }

    fn ended_within(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while !self.closed.load(Ordering::Acquire) && Instant::now() < until {
            std::thread::sleep(TICK);
        }
        self.closed.load(Ordering::Acquire)
    }

    fn text(&self) -> String {
        let kept = self.kept.lock().map(|kept| kept.clone()).unwrap_or_default();
        let mut text = clean(String::from_utf8_lossy(&kept).trim_end());
        let all = self.bytes.load(Ordering::Relaxed);
        if all > kept.len() {
            text.push_str(&format!("\n… it wrote more; the first {} KiB are shown", KEPT / 1024));
        }
        text
    }
}

/// Waits for the end of a program, or says why it is not waited for any longer.
fn wait(child: &mut Child, heard: &Heard, setting: Setting<'_>) -> Result<ExitStatus, String> {
    let until = Instant::now() + setting.patience;
    loop {
        let end = child.try_wait();
        // Looked at first: a program whose pipe was closed on it ends of that, and in any way.
        if heard.bytes.load(Ordering::Relaxed) >= MOST {
            return Err(format!("wrote more than {} MiB", MOST >> 20));
        }
        match end {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(format!("cannot be waited for: {}", error.kind())),
        }
        if setting.stop.load(Ordering::Acquire) {
            return Err("was interrupted".to_owned());
        }
        if Instant::now() >= until {
            return Err(format!("did not answer within {} seconds", setting.patience.as_secs_f32()));
        }
        std::thread::sleep(TICK);
    }
}

/// Ends a program with everything that it started and that did not leave its group.
fn end_all(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
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
