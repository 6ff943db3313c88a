//! Runs another program: its arguments as they stand, no shell, an environment made for it, limits of time and of output. What
//! it started ends with it.

use std::ffi::OsString;
use std::fmt;
use std::io::{PipeReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(5);

/// Variables that every program gets: to be found, to find its own files, and to speak the user's language. Each by its whole
/// name, because a secret may stand in any other.
const PASSED: [&str; 11] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NUMERIC",
    "LC_TIME",
];

/// What no program starts without there.
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
    /// Of this process's own: what every program gets, and the variables that the user named.
    pub fn own(named: &[String]) -> Self {
        let names = PASSED.iter().chain(&SYSTEM).copied().chain(named.iter().map(String::as_str));
        let own = names.filter(|name| *name != KEY);
        Self(own.filter_map(|name| Some((name.into(), std::env::var_os(name)?))).collect())
    }
}

/// The name of a variable that a program may be given.
///
/// # Errors
/// Why this is not one.
pub fn variable(name: &str) -> Result<String, String> {
    let letter = |it: char| it.is_ascii_alphanumeric() || it == '_';
    if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit()) || !name.chars().all(letter) {
        return Err("give the name of one variable, such as `VAULT_ADDR`".to_owned());
    }
    if name == KEY {
        return Err("the fingerprint key is not given to any program".to_owned());
    }
    Ok(name.to_owned())
}

/// How much of a stream is kept and read.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Bytes from its start that are kept.
    pub kept: usize,
    /// A program that writes more bytes than this is ended.
    pub most: usize,
}

/// What is run, and within which limits.
pub struct Job<'a> {
    /// The program and its arguments.
    pub words: &'a [String],
    /// Folder that it runs in; none for the current one.
    pub folder: Option<&'a Path>,
    /// All that it sees of the environment.
    pub environment: &'a Environment,
    /// What it reads on standard input; none for an empty one.
    pub input: Option<String>,
    /// Of standard output.
    pub output: Bound,
    /// Of standard error; none for one pipe for both streams, so that what it says stays in its order.
    pub errors: Option<Bound>,
    /// How long it may take.
    pub patience: Duration,
    /// How long its output is waited for after it has ended, for something that it started may hold the pipe open; none for as
    /// long as the program itself.
    pub grace: Option<Duration>,
    /// Set when the user wants to leave.
    pub stop: Option<&'a AtomicBool>,
}

/// Why a program was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It wrote too much.
    Long,
    /// It took too long.
    Late,
    /// The user wants to leave.
    Interrupted,
    /// The system cannot say whether it has ended.
    Lost(std::io::ErrorKind),
}

/// A program with the pipe of its output, and the one of its errors where they have one of their own.
type Started = (Child, PipeReader, Option<(PipeReader, Bound)>);

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// How it ended by itself, or why it was ended.
    pub end: Result<ExitStatus, Cut>,
    /// What is kept of its output.
    pub output: Vec<u8>,
    /// Bytes of output in all, as far as they were read.
    pub bytes: usize,
    /// Whether its output came to an end before anything was ended.
    pub whole: bool,
    /// What is kept of standard error, where that is a pipe of its own.
    pub errors: Vec<u8>,
}

impl Job<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(self) -> std::io::Result<Ran> {
        let (mut child, output, errors) = self.start()?;
        // Each on its own: a program that does not read must not keep us from hearing it, or from ending it.
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), self.input.clone()) {
            // A program may decide without reading to the end.
            std::thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
        }
        let output = Heard::of(output, self.output);
        let errors = errors.map(|(pipe, bound)| Heard::of(pipe, bound));
        let until = Instant::now() + self.patience;
        let end = self.wait(&mut child, &output, until);
        let until = self.grace.map_or(until, |grace| Instant::now() + grace);
        let whole = end.is_ok() && output.ended_by(until);
        if !whole {
            end_group(child.id());
            let _ = child.kill();
            let _ = child.wait();
        }
        running().retain(|id| *id != child.id());
        if let Some(errors) = &errors {
            // The program is gone; whatever still holds the pipe has nothing to say about it.
            errors.ended_by(Instant::now() + Duration::from_millis(200));
        }
        Ok(Ran {
            end: if output.is_too_long() { Err(Cut::Long) } else { end },
            bytes: output.bytes.load(Ordering::Relaxed),
            whole,
            output: output.kept(),
            errors: errors.map(|errors| errors.kept()).unwrap_or_default(),
        })
    }

    fn start(&self) -> std::io::Result<Started> {
        let (program, arguments) = self.words.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        let (output, writer) = std::io::pipe()?;
        let mut command = match self.folder {
            // Which folder a relative program is looked for in differs between systems once another one is set.
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
        // Not between the two: who ends what runs would miss it.
        let mut running = running();
        let child = command.spawn()?;
        running.push(child.id());
        Ok((child, output, errors))
    }

    /// Waits for its end, or says why it is not waited for any longer.
    fn wait(&self, child: &mut Child, output: &Heard, until: Instant) -> Result<ExitStatus, Cut> {
        loop {
            let end = child.try_wait();
            // Looked at first: a program whose pipe was closed on it ends of that, and in any way.
            if output.is_too_long() {
                return Err(Cut::Long);
            }
            match end {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(error) => return Err(Cut::Lost(error.kind())),
            }
            if self.stop.is_some_and(|stop| stop.load(Ordering::Acquire)) {
                return Err(Cut::Interrupted);
            }
            if Instant::now() >= until {
                return Err(Cut::Late);
            }
            std::thread::sleep(TICK);
        }
    }
}

/// What a program has written to a pipe so far.
struct Heard {
    bound: Bound,
    kept: Mutex<Vec<u8>>,
    bytes: AtomicUsize,
    closed: AtomicBool,
}

impl Heard {
    fn of(pipe: PipeReader, bound: Bound) -> Arc<Self> {
        let (kept, bytes, closed) = Default::default();
        let heard = Arc::new(Self { bound, kept, bytes, closed });
        let listener = Arc::clone(&heard);
        std::thread::spawn(move || listener.listen(pipe));
        heard
    }

    /// Reads to the end: what is not kept is read all the same, so that the program can go on.
    fn listen(&self, mut pipe: PipeReader) {
        let mut buffer = [0; 8192];
        while let Ok(count) = pipe.read(&mut buffer)
            && count > 0
        {
            if let Ok(mut kept) = self.kept.lock() {
                let room = self.bound.kept.saturating_sub(kept.len());
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
        self.bytes.load(Ordering::Relaxed) > self.bound.most
    }

    fn ended_by(&self, until: Instant) -> bool {
        while !self.closed.load(Ordering::Acquire) && Instant::now() < until {
            std::thread::sleep(TICK);
        }
        self.closed.load(Ordering::Acquire)
    }

    fn kept(&self) -> Vec<u8> {
        self.kept.lock().map(|kept| kept.clone()).unwrap_or_default()
    }
}

/// Programs that run now: each leads a process group of its own, which Ctrl-C at the terminal does not reach.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn running() -> std::sync::MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all programs that run, for a process that is about to exit: from now on none is started, and none is waited for.
pub fn end_running() {
    let running = running();
    for id in running.iter() {
        end_group(*id);
    }
    std::mem::forget(running);
}

/// Ends a program with everything that it started and that did not leave its group.
fn end_group(id: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = id;
}
