//! A pseudo-terminal for interactive stories.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
#[cfg(target_os = "linux")]
use rustix::termios::{Winsize, tcsetwinsize};

use crate::bench::{Ran, Story};

/// A terminal, and its content so far.
pub(crate) struct Terminal {
    master: File,
    slave: Option<File>,
    seen: Vec<u8>,
}

impl Terminal {
    pub(crate) fn open() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        // The terminal must not become that of the test itself.
        let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
        let slave = File::options().read(true).write(true).custom_flags(flags).open(name.to_str().unwrap()).unwrap();
        Self { master: File::from(master), slave: Some(slave), seen: Vec::new() }
    }

    /// With a width.
    #[cfg(target_os = "linux")]
    pub(crate) fn sized(columns: u16) -> Self {
        let terminal = Self::open();
        let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal.master, size).unwrap();
        terminal
    }

    fn end(&self) -> File {
        self.slave.as_ref().unwrap().try_clone().unwrap()
    }

    /// Starts a program whose questions are asked and answered here; standard output goes into a pipe.
    pub(crate) fn asks(&mut self, mut command: Command) -> Child {
        command.stdin(self.end()).stderr(self.end()).stdout(Stdio::piped());
        let child = command.spawn().unwrap();
        self.slave = None;
        child
    }

    /// Starts a program with everything at this terminal, as the one that its keys reach: Ctrl-C is a signal to it.
    #[cfg(target_os = "linux")]
    pub(crate) fn runs(&mut self, story: &Story, args: &str) -> Child {
        let program = story.command(args);
        // A session of its own, because a terminal belongs to one; `setsid` becomes the program, so the child is the program.
        let mut command = Command::new("setsid");
        // A program that is started in the background ignores Ctrl-C, and so do its children: a test run as well as this program.
        command.args(["--ctty", "env", "--default-signal=INT"]).arg(program.get_program()).args(program.get_args()).env_clear();
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(story.dir.path());
        command.stdin(self.end()).stderr(self.end()).stdout(self.end());
        let child = command.spawn().unwrap();
        self.slave = None;
        child
    }

    /// Types at it.
    pub(crate) fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until this text appears on it, or no process holds it open any more.
    pub(crate) fn until(&mut self, stands: impl Fn(&str) -> bool) -> bool {
        let mut buffer = [0; 4096];
        loop {
            if stands(&self.text()) {
                return true;
            }
            // A terminal that no process holds open any more answers with an error.
            match self.master.read(&mut buffer) {
                Ok(count) if count > 0 => self.seen.extend_from_slice(&buffer[..count]),
                _ => return false,
            }
        }
    }

    /// Whether it shows what is typed.
    #[cfg(target_os = "linux")]
    pub(crate) fn echoes(&self) -> bool {
        use rustix::termios::{LocalModes, tcgetattr};
        tcgetattr(&self.master).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ECHO))
    }

    /// Everything that was on it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace("\r\n", "\n")
    }
}

/// Runs at a terminal with several questions: waits for the end of each, and types the answer behind it. Keys that end the
/// input or the program are answers like others.
pub(crate) fn converse(story: &Story, args: &str, answers: &[(&str, &str)]) -> Ran {
    let mut terminal = Terminal::open();
    let child = terminal.asks(story.command(args));
    for (question, answer) in answers {
        let before = terminal.text().len();
        let asked = terminal.until(|text| text.get(before..).is_some_and(|text| text.ends_with(question)));
        assert!(asked, "`{question}` is not asked:\n{}", terminal.text());
        terminal.types(answer);
    }
    terminal.until(|_| false);
    let mut output = child.wait_with_output().unwrap();
    output.stderr = terminal.text().into_bytes();
    story.ran(args, &output)
}

/// Runs at a terminal: its questions are read there, and the answers are typed there.
pub(crate) fn at_terminal(story: &Story, args: &str, answer: &str) -> Ran {
    let mut terminal = Terminal::open();
    let child = terminal.asks(story.command(args));
    if terminal.until(|text| text.contains("Type ") && text.ends_with(": ")) {
        terminal.types(&format!("{answer}\n"));
        // A wrong answer is asked about once more.
        if terminal.until(|text| text.contains("is not ") && text.ends_with(": ")) {
            terminal.types(&format!("{answer}\n"));
        }
        terminal.until(|_| false);
    }
    let mut output = child.wait_with_output().unwrap();
    output.stderr = terminal.text().into_bytes();
    story.ran(args, &output)
}
