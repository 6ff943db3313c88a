//! Writing to the streams. A closed pipe ends the program quietly; colours are stripped where they are not wanted.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::args::{Color, Global};
use super::meter::Meter;
use crate::view::json;
use crate::view::text::Detail;

/// Where a command prints.
#[derive(Debug, Clone)]
pub(crate) struct Out {
    /// Options that say how.
    pub global: Global,
    /// What has to end before the process does: locks in object stores are freed by tasks of their own.
    pub keepers: TaskTracker,
    /// The line that says how far a long run is.
    pub meter: Arc<Meter>,
}

impl Out {
    /// Sets the colour switches of every library at once.
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        if global.color == Color::Never {
            console::set_colors_enabled(false);
            console::set_colors_enabled_stderr(false);
        }
        Self { global: global.clone(), keepers: TaskTracker::new(), meter: Meter::new(global) }
    }

    /// Waits until locks are freed, but not for a store that is away: a lock that cannot be freed expires.
    pub(crate) async fn settle(&self) {
        self.keepers.close();
        let _ = tokio::time::timeout(Duration::from_secs(20), self.keepers.wait()).await;
    }

    /// To standard output.
    pub(crate) fn print(&self, text: &str) {
        self.meter.aside(|| finish(anstream::stdout().lock().write_all(text.as_bytes())));
    }

    /// To standard error.
    pub(crate) fn note(&self, text: &str) {
        self.meter.aside(|| finish(anstream::stderr().lock().write_all(text.as_bytes())));
    }

    /// One JSON value on a line of its own.
    pub(crate) fn json_line(&self, value: &impl serde::Serialize) {
        self.print(&json::line(value));
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

    /// How a plan is to be drawn: broken into lines for a terminal only, so that other programs find whole sentences.
    pub(crate) fn reading(&self) -> Detail {
        let columns = if std::io::stdout().is_terminal() { self.width() } else { usize::MAX };
        Detail { verbose: self.global.verbose > 0, columns }
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
