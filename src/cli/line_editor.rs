//! A line that the user types, with the keys of a line editor where the terminal has them: arrows, Home, End, Ctrl-W.

use std::io::{BufRead, IsTerminal, Write};

use super::console::Console;

/// The line that the user types after a question; `None` when input has ended.
///
/// The editor draws on standard output. Where that is not a terminal, the terminal's own line mode has to do.
pub(super) fn edit_line(out: &Console, question: &str) -> Option<String> {
    let everywhere = std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    match everywhere.then(editor).flatten() {
        Some(read) => read(question),
        None => plain_line(out, question),
    }
}

/// The same without an editor.
pub(super) fn plain_line(out: &Console, question: &str) -> Option<String> {
    out.print_stderr(question);
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.is_ok_and(|read| read > 0).then_some(line)
}

type ReadLine = fn(&str) -> Option<String>;

/// An editor, if this terminal can move its cursor.
#[cfg(unix)]
fn editor() -> Option<ReadLine> {
    let terminal = std::env::var("TERM").unwrap_or_default();
    (!matches!(terminal.as_str(), "" | "dumb")).then_some(edited as ReadLine)
}

#[cfg(not(unix))]
fn editor() -> Option<ReadLine> {
    None
}

#[cfg(unix)]
fn edited(question: &str) -> Option<String> {
    use rustyline::error::ReadlineError;
    let mut editor = rustyline::DefaultEditor::new().ok()?;
    match editor.readline(question) {
        Ok(line) => Some(line),
        Err(ReadlineError::Interrupted) => {
            // The editor takes Ctrl-C as a key. To the rest of the program it is the signal that it is at any other time.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
            None
        }
        Err(_) => None,
    }
}
