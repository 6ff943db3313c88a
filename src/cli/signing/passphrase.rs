//! Asks for the passphrase of a key.

use crate::cli::console::Console;
use crate::model::value::Secret;
use crate::run::signing::PASSPHRASE;
use crate::run::{Exit, RunError};
use crate::signature::{LockedKey, PrivateKey};
use crate::text::{escape, shell_quote};

/// How many times a passphrase may be typed.
const TRIES: usize = 3;

/// Asks for the passphrase, where a user is present.
pub(super) fn ask(out: &Console, key: &LockedKey, name: &str) -> Result<PrivateKey, RunError> {
    let needs = |what: &str| {
        RunError::other(
            "telform::sign::passphrase",
            format!("the key {name}: {what}"),
            format!("`ssh-add {}` gives it to an agent; in CI, set {PASSPHRASE}", shell_quote(name)),
        )
    };
    if !out.is_interactive() {
        return Err(needs("it has a passphrase, and telform cannot ask for it here"));
    }
    for _ in 0..TRIES {
        let typed = typed(&|| out.print_stderr(&format!("Passphrase of {}: ", escape(name))));
        out.print_stderr("\n");
        if typed.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::Interrupted) {
            // Nothing was started, and the terminal is restored.
            std::process::exit(Exit::Interrupted as i32);
        }
        let typed = typed.map_err(|error| needs(&format!("its passphrase cannot be read ({error})")))?;
        if let Ok(key) = key.open(&Secret::from_exact(&typed)) {
            return Ok(key);
        }
        out.print_stderr("That passphrase does not open it.\n");
    }
    Err(needs("none of the typed passphrases opens it"))
}

/// A line from the terminal, without echo from before the question on. Signal keys are read like others: if a signal ended the
/// process here, the terminal would stay without echo.
#[cfg(unix)]
fn typed(ask: &dyn Fn()) -> std::io::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
    let terminal = std::io::stdin();
    let before = tcgetattr(&terminal)?;
    let mut quiet = before.clone();
    quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
    quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
    ask();
    let line = line(&terminal);
    tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    line
}

#[cfg(unix)]
fn line(terminal: &std::io::Stdin) -> std::io::Result<String> {
    use std::io::ErrorKind;
    let (mut line, mut key) = (Vec::new(), [0]);
    loop {
        let read = match rustix::io::read(terminal, &mut key) {
            Err(rustix::io::Errno::INTR) => continue,
            read => read?,
        };
        match key[0] {
            // Ctrl-C and Ctrl-\.
            0x03 | 0x1c if read > 0 => return Err(ErrorKind::Interrupted.into()),
            // Ctrl-D, or a closed terminal.
            0x04 if line.is_empty() => return Err(ErrorKind::UnexpectedEof.into()),
            _ if read == 0 => return Err(ErrorKind::UnexpectedEof.into()),
            b'\n' | b'\r' => return String::from_utf8(line).map_err(|_| ErrorKind::InvalidData.into()),
            // Ctrl-U, and the backspace key.
            0x15 => line.clear(),
            0x08 | 0x7f => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            byte => line.push(byte),
        }
    }
}

#[cfg(not(unix))]
fn typed(ask: &dyn Fn()) -> std::io::Result<String> {
    ask();
    console::Term::stderr().read_secure_line()
}
