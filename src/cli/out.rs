//! Writing to the streams. A closed pipe ends the program quietly; colours are stripped where they are not wanted.

use std::io::{IsTerminal, Write};

use super::args::{Color, Global};

/// Where a command prints.
#[derive(Debug, Clone)]
pub(crate) struct Out {
    /// Options that say how.
    pub global: Global,
}

impl Out {
    /// Sets the colour switches of every library at once.
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self { global: global.clone() }
    }

    /// To standard output.
    pub(crate) fn print(&self, text: &str) {
        finish(anstream::stdout().lock().write_all(text.as_bytes()));
    }

    /// To standard error.
    pub(crate) fn note(&self, text: &str) {
        finish(anstream::stderr().lock().write_all(text.as_bytes()));
    }

    /// One JSON value on a line of its own.
    pub(crate) fn json_line(&self, value: &impl serde::Serialize) {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.print(&format!("{text}\n"));
    }

    /// Whether standard error takes colours.
    pub(crate) fn color_on_stderr(&self) -> bool {
        anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
    }

    /// Columns of the terminal, 80 where nobody says.
    pub(crate) fn width(&self) -> usize {
        std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok())
            .filter(|columns| *columns >= 40)
            .unwrap_or(80)
    }

    /// Whether somebody is there to answer.
    pub(crate) fn interactive(&self) -> bool {
        let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false" && value != "0");
        !self.global.non_interactive
            && !ci
            && std::io::stdin().is_terminal()
            && std::io::stderr().is_terminal()
    }
}

/// A reader that has gone away is no fault: `telform plan | head`.
fn finish(result: std::io::Result<()>) {
    if let Err(error) = result
        && error.kind() == std::io::ErrorKind::BrokenPipe
    {
        std::process::exit(0);
    }
}
