//! Runs another program with its arguments unchanged, no shell, an environment made for it, and limits of time and output.
//! Everything that it started ends with it.

pub mod policy;

use std::ffi::OsString;
use std::fmt;
use std::io::{PipeReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shortest and longest pause between two looks at a program: most that telform runs end within milliseconds.
const TICK: Duration = Duration::from_micros(200);
const LONGEST_TICK: Duration = Duration::from_millis(5);

/// Variables that every program gets: to be found, to find its own files, and to use the user's language. Each by its full
/// name, because any other may hold a secret.
const PASSED: [&str; 11] =
    ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME"];

/// Variables without which no program starts on this system.
#[cfg(windows)]
const SYSTEM: [&str; 6] = ["SYSTEMROOT", "PATHEXT", "COMSPEC", "USERPROFILE", "TEMP", "TMP"];
#[cfg(not(windows))]
const SYSTEM: [&str; 0] = [];

/// The variable of the fingerprint key, which no program gets.
const KEY: &str = "TELFORM_FINGERPRINT_KEY";

/// The environment of a program.
#[derive(Clone, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

/// The names only: a value may be a secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Environment {
    /// From this process: the variables that every program gets, and those that the user named.
    pub fn from_process(named: &[String]) -> Self {
        let names = PASSED.iter().chain(&SYSTEM).copied().chain(named.iter().map(String::as_str));
        let own = names.filter(|name| *name != KEY);
        Self(own.filter_map(|name| Some((name.into(), std::env::var_os(name)?))).collect())
    }

    /// The same with one more variable; it replaces another of this name.
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }
}

/// The name of a variable that a program may be given.
///
/// # Errors
/// Why this is not one.
pub fn parse_variable_name(name: &str) -> Result<String, String> {
    let letter = |it: char| it.is_ascii_alphanumeric() || it == '_';
    if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit()) || !name.chars().all(letter) {
        return Err("use the name of one variable, such as `VAULT_ADDR`".to_owned());
    }
    if name == KEY {
        return Err("the fingerprint key is not given to any program".to_owned());
    }
    Ok(name.to_owned())
}

/// How much of a stream is read and kept.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    /// Bytes from its start that are kept.
    pub keep_bytes: usize,
    /// A program that writes more bytes than this is ended.
    pub max_bytes: usize,
}

/// The program to run, and its limits.
pub struct ProcessJob<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// Folder that it runs in; none for the current one.
    pub folder: Option<&'a Path>,
    /// Its whole environment.
    pub environment: &'a Environment,
    /// What it reads on standard input; none for an empty one.
    pub input: Option<String>,
    /// Of standard output.
    pub output: StreamLimits,
    /// Limits of standard error; none for one pipe for both streams, which keeps the order of its output.
    pub errors: Option<StreamLimits>,
    /// How long it may take.
    pub timeout: Duration,
    /// How long its output is awaited after it has ended, because a child process may hold the pipe open; none for the limit
    /// of the program itself.
    pub output_grace: Option<Duration>,
    /// Set when the user wants to stop.
    pub cancel: Option<&'a AtomicBool>,
}

/// Why a program was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillReason {
    /// It wrote too much.
    Long,
    /// It took too long.
    Late,
    /// The user wants to stop.
    Interrupted,
    /// The system cannot report whether it has ended.
    Lost(std::io::ErrorKind),
}

/// A program with the pipe of its output, and that of its errors where it is separate.
type SpawnedProcess = (Child, PipeReader, Option<(PipeReader, StreamLimits)>);

/// The result.
#[derive(Debug)]
pub struct ProcessResult {
    /// How it ended, or why it was killed.
    pub end: Result<ExitStatus, KillReason>,
    /// The kept part of its output.
    pub output: Vec<u8>,
    /// Total bytes of output, as far as they were read.
    pub bytes: usize,
    /// Whether its output ended before anything was killed.
    pub output_complete: bool,
    /// The kept part of standard error, where it has a separate pipe.
    pub stderr: Vec<u8>,
}

impl ProcessJob<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(self) -> std::io::Result<ProcessResult> {
        let (mut child, output, errors) = self.start()?;
        // Each in its own thread: a program that does not read its input must not prevent us from reading its
        // output or from killing it.
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), self.input.clone()) {
            // A program may decide without reading its whole input.
            std::thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
        }
        let output = PipeCapture::from_pipe(output, self.output);
        let errors = errors.map(|(pipe, bound)| PipeCapture::from_pipe(pipe, bound));
        let until = Instant::now() + self.timeout;
        let end = self.wait_for_end(&mut child, &output, until);
        let until = self.output_grace.map_or(until, |grace| Instant::now() + grace);
        let whole = end.is_ok() && output.ended_by(until);
        if !whole {
            end_group(child.id());
            let _ = child.kill();
            let _ = child.wait();
        }
        running_groups().retain(|id| *id != child.id());
        if let Some(errors) = &errors {
            // The program has ended; what still holds the pipe does not matter.
            errors.ended_by(Instant::now() + Duration::from_millis(200));
        }
        Ok(ProcessResult {
            end: if output.is_too_long() { Err(KillReason::Long) } else { end },
            bytes: output.bytes.load(Ordering::Relaxed),
            output_complete: whole,
            output: output.kept_bytes(),
            stderr: errors.map(|errors| errors.kept_bytes()).unwrap_or_default(),
        })
    }

    fn start(&self) -> std::io::Result<SpawnedProcess> {
        let (program, arguments) = self.command.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        let (output, writer) = std::io::pipe()?;
        let mut command = match self.folder {
            // Where a relative program is looked for differs between systems once another folder is set.
            Some(folder) if program.contains(std::path::MAIN_SEPARATOR) => {
                Command::new(std::path::absolute(folder.join(program))?)
            }
            _ => Command::new(program),
        };
        command.args(arguments).env_clear().envs(self.environment.0.iter().cloned());
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        let errors = match self.errors {
            None => {
                command.stderr(writer.try_clone()?);
                None
            }
            Some(bound) => {
                let (errors, writer) = std::io::pipe()?;
                command.stderr(writer);
                Some((errors, bound))
            }
        };
        command.stdout(writer);
        if let Some(folder) = self.folder.filter(|folder| !folder.as_os_str().is_empty()) {
            command.current_dir(folder);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // Not between the two: otherwise it would be missed when all running programs are killed.
        let mut running = running_groups();
        let child = command.spawn()?;
        running.push(child.id());
        Ok((child, output, errors))
    }

    /// Waits for its end, or returns why the wait was given up.
    fn wait_for_end(&self, child: &mut Child, output: &PipeCapture, until: Instant) -> Result<ExitStatus, KillReason> {
        let mut tick = TICK;
        loop {
            let end = child.try_wait();
            // Checked first: a program whose pipe was closed ends because of that, in any way.
            if output.is_too_long() {
                return Err(KillReason::Long);
            }
            match end {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(error) => return Err(KillReason::Lost(error.kind())),
            }
            if self.cancel.is_some_and(|stop| stop.load(Ordering::Acquire)) {
                return Err(KillReason::Interrupted);
            }
            if Instant::now() >= until {
                return Err(KillReason::Late);
            }
            std::thread::sleep(tick);
            tick = (tick * 2).min(LONGEST_TICK);
        }
    }
}

/// What a program has written to a pipe so far.
struct PipeCapture {
    bound: StreamLimits,
    kept_bytes: Mutex<Vec<u8>>,
    bytes: AtomicUsize,
    closed: AtomicBool,
}

impl PipeCapture {
    fn from_pipe(pipe: PipeReader, bound: StreamLimits) -> Arc<Self> {
        let (kept, bytes, closed) = Default::default();
        let heard = Arc::new(Self { bound, kept_bytes: kept, bytes, closed });
        let listener = Arc::clone(&heard);
        std::thread::spawn(move || listener.read_to_end(pipe));
        heard
    }

    /// Reads to the end: output that is not kept is still read, so that the program can continue.
    fn read_to_end(&self, mut pipe: PipeReader) {
        let mut buffer = [0; 8192];
        while let Ok(count) = pipe.read(&mut buffer)
            && count > 0
        {
            if let Ok(mut kept) = self.kept_bytes.lock() {
                let room = self.bound.keep_bytes.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..count.min(room)]);
            }
            self.bytes.fetch_add(count, Ordering::Relaxed);
            if self.is_too_long() {
                break;
            }
        }
        self.closed.store(true, Ordering::Release);
    }

    fn is_too_long(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.bound.max_bytes
    }

    fn ended_by(&self, until: Instant) -> bool {
        let mut tick = TICK;
        while !self.closed.load(Ordering::Acquire) && Instant::now() < until {
            std::thread::sleep(tick);
            tick = (tick * 2).min(LONGEST_TICK);
        }
        self.closed.load(Ordering::Acquire)
    }

    fn kept_bytes(&self) -> Vec<u8> {
        self.kept_bytes.lock().map(|kept| kept.clone()).unwrap_or_default()
    }
}

/// Running programs: each leads its own process group, which Ctrl-C at the terminal does not reach.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn running_groups() -> std::sync::MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills all running programs, for a process that is about to exit: afterwards none is started, and none is awaited.
pub fn end_running() {
    let running = running_groups();
    for id in running.iter() {
        end_group(*id);
    }
    std::mem::forget(running);
}

/// Kills a program with everything that it started and that did not leave its group.
fn end_group(id: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended by itself in the meantime.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = id;
}
