//! Printing. A reader of standard output that goes away is no fault, and ends no run that may have sent a write; colours are
//! stripped where they are not wanted.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::again::Again;
use super::args::{Color, Global};
use super::exit::{Exit, Failure};
use super::meter::Meter;
use super::signals::Signals;
use super::stream::{Lost, Output, Written, write_whole};
use crate::drift::Missed;
use crate::output::{self, Document};
use crate::text::clean;
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
    /// What asks the process to end.
    pub signals: Arc<Signals>,
    /// Standard output.
    output: Arc<Output>,
    /// The options of this run, for the commands that messages name.
    pub again: Arc<Again>,
    /// The locale has no Unicode.
    ascii: bool,
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
        Self {
            global: global.clone(),
            keepers: TaskTracker::new(),
            meter: Meter::new(global),
            signals: Arc::default(),
            output: Arc::default(),
            again: Arc::default(),
            ascii: is_ascii(),
        }
    }

    /// Waits until locks are freed, but not for a store that is away, nor for somebody who asks again to stop: a lock that cannot
    /// be freed expires.
    pub(crate) async fn settle(&self) {
        self.keepers.close();
        tokio::select! {
            () = self.keepers.wait() => {}
            () = self.signals.next() => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
        }
    }

    /// To standard output. What a run that goes on has to tell people goes to standard error when nobody reads it here.
    pub(crate) fn print(&self, text: &str) {
        let shown = self.shown(text);
        if let Written::Elsewhere { first } = self.meter.aside(|| self.output.write(&shown)) {
            if first {
                self.say_lost();
            }
            if !self.global.json {
                self.note(text);
            }
        }
    }

    /// A document for another program to standard output: byte for byte what a file would hold.
    pub(crate) fn print_as_is(&self, text: &str) {
        if let Written::Elsewhere { first: true } = self.meter.aside(|| self.output.write(text)) {
            self.say_lost();
        }
    }

    /// To standard error. Nobody can be told when that fails, and no run ends for it.
    pub(crate) fn note(&self, text: &str) {
        let text = self.shown(text);
        let _ = self.meter.aside(|| write_whole(&mut anstream::stderr().lock(), text.as_bytes()));
    }

    /// A write may be sent from here on: the run goes to its end whatever becomes of standard output. One whose output is lost
    /// already for another reason than that its reader went away does not begin.
    pub(crate) fn goes_on(&self) -> Result<(), Failure> {
        if let Some(Lost::Failed(why)) = self.output.lost() {
            self.output.tell();
            return Err(unprinted(&why, "nothing was written to a service"));
        }
        if self.output.goes_on() {
            self.say_lost();
        }
        Ok(())
    }

    /// Whether standard output takes nothing more.
    pub(crate) fn is_lost(&self) -> bool {
        self.output.lost().is_some()
    }

    fn say_lost(&self) {
        let why = match self.output.lost() {
            Some(Lost::Failed(why)) => format!("standard output cannot be written ({why})"),
            _ => "nobody reads standard output any more".to_owned(),
        };
        let rest = if self.global.json { "" } else { "; what it says comes here" };
        self.note(&format!("note: {why}; this run goes on to its end{rest}\n"));
    }

    /// How the process ends: as its command did, unless what that printed got lost. A run that may have sent a write keeps its
    /// exit code, for that says what was done.
    pub(crate) fn ended(&self, exit: Exit) -> Exit {
        let (Some(lost), went_on) = (self.output.lost(), self.output.went_on()) else { return exit };
        if went_on && self.global.json && !self.global.quiet {
            self.note(&format!("the run ended: {} (exit code {})\n", exit.word(), exit as u8));
        }
        match lost {
            Lost::Failed(why) if !went_on => {
                if self.output.tell() {
                    let failure = unprinted(&why, "what was printed is not complete");
                    self.failure(&failure);
                }
                Exit::Failed
            }
            Lost::Failed(_) | Lost::Closed => exit,
        }
    }

    /// Why a command ended before it could do its work, to standard error.
    pub(crate) fn failure(&self, failure: &Failure) {
        self.note(&failure.text(self.color_on_stderr(), self.width(), &self.again));
    }

    /// As the locale can show it, with whole commands. JSON is UTF-8 everywhere, and its texts are as they are.
    fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.global.json {
            return Cow::Borrowed(text);
        }
        let text = self.again.text(text);
        if !self.ascii {
            return text;
        }
        Cow::Owned(without_signs(&text).into_owned())
    }

    /// What a command found, as its one document.
    pub(crate) fn document(&self, document: &impl Document) {
        self.print(&json::line(&output::document(document)));
    }

    /// Something that happened, as one line among others.
    pub(crate) fn event(&self, event: &impl serde::Serialize) {
        self.print(&json::line(&output::event(event)));
    }

    /// What could not be looked at, so that nothing is known of it.
    pub(crate) fn not_looked_at(&self, missed: &[Missed]) {
        if missed.is_empty() {
            return;
        }
        self.print(&format!("\nNot looked at ({})\n", missed.len()));
        for missed in missed {
            let text = clean(&format!("{}: {}", missed.what, missed.why));
            self.print(&format!("  ! {}\n", self.reading().wrap(&text, 4).join("\n    ")));
            if !missed.help.is_empty() {
                let help = clean(&format!("help: {}", missed.help));
                self.print(&format!("    {}\n", self.reading().wrap(&help, 10).join("\n          ")));
            }
        }
    }

    /// Whether standard error takes colours.
    pub(crate) fn color_on_stderr(&self) -> bool {
        anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
    }

    /// Columns as `COLUMNS` says, or the terminal; 80 where nobody does.
    pub(crate) fn width(&self) -> usize {
        let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let asked = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
        said.or_else(asked).filter(|columns| *columns >= 40).unwrap_or(80)
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

/// Whether the locale says that there is no Unicode. Where nobody says anything, there is.
fn is_ascii() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    let Some(locale) = set.into_iter().find(|value| !value.is_empty()) else { return false };
    let locale = locale.to_ascii_lowercase();
    let charset = locale.split_once('.').map(|(_, charset)| charset.split('@').next().unwrap_or_default());
    match charset {
        Some(charset) => !matches!(charset, "utf-8" | "utf8"),
        None => matches!(locale.as_str(), "c" | "posix"),
    }
}

/// Telform's own signs in ASCII. What users and services wrote stays as they wrote it.
fn without_signs(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{2026}' => out.push_str("..."),
            '\u{2502}' | '\u{2503}' | '\u{252c}' | '\u{251c}' => out.push('|'),
            '\u{2500}' | '\u{2501}' | '\u{2013}' => out.push('-'),
            '\u{256d}' => out.push(','),
            '\u{2570}' => out.push('`'),
            '\u{256e}' | '\u{256f}' | '\u{2534}' | '\u{253c}' => out.push('+'),
            '\u{b7}' => out.push(':'),
            '\u{25b2}' => out.push('^'),
            '\u{203a}' | '\u{25b6}' => out.push('>'),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// To standard output, before anybody knows how to print.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    write_whole(&mut anstream::stdout().lock(), text.as_bytes())
}

/// Whether something that was printed before anybody knew how got lost, which is said. A reader that has gone away is no fault.
pub(crate) fn is_lost(printed: std::io::Result<()>) -> bool {
    let Err(error) = printed else { return false };
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return false;
    }
    let text =
        unprinted(&error.to_string(), "what was printed is not complete").text(false, 80, &Again::default());
    let _ = write_whole(&mut anstream::stderr().lock(), text.as_bytes());
    true
}

fn unprinted(why: &str, so: &str) -> Failure {
    Failure::other(
        "telform::cli::output",
        format!("standard output cannot be written: {why}; {so}"),
        "make room where it goes, or send it elsewhere, and run it again",
    )
}
