//! Printing. A reader that closes standard output is not an error, and does not end a run that may have sent a write;
//! colours are stripped where they are not wanted.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::apply_progress::ApplyStanding;
use super::args::{Color, GlobalArgs};
use super::journal_head;
use super::next_commands::RepeatedOptions;
use super::progress_meter::ProgressMeter;
use super::run_report::NotedRuns;
use super::run_trace::RunTrace;
use super::signals::SignalCounter;
use super::stdout::{StdoutLoss, StdoutWriter, WriteOutcome};
use crate::analysis::drift::NotCompared;
use crate::disk::write_whole;
use crate::output::view::json;
use crate::output::view::text::wrap_text;
use crate::output::view::text::{TextDetail, fit_lines};
use crate::output::{self, OutputDocument};
use crate::run::{Context, Exit, JournalHeads, RunError};
use crate::text::{escape, neutralize_output};

/// Where a command prints.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    /// Options that say how.
    pub global: GlobalArgs,
    /// What has to end before the process does: separate tasks free locks in object stores.
    pub lock_tasks: TaskTracker,
    /// The progress line of a long run.
    pub meter: Arc<ProgressMeter>,
    /// What asks the process to end.
    pub signals: Arc<SignalCounter>,
    /// Standard output.
    output: Arc<StdoutWriter>,
    /// The options of this run, for the commands that messages name.
    pub repeated_options: Arc<RepeatedOptions>,
    /// The files that the next command has to name, each with `-f`, because this one wrote some where they are not looked for.
    pub next_files: Arc<OnceLock<String>>,
    /// Heads of the journal: the required ones, and the one that this run reached.
    pub head_expectation: Arc<JournalHeads>,
    /// Whether `--json` means a line for each thing that happens, and not one document.
    pub tells_events: bool,
    /// What a report is made of; none where no report is written.
    pub noted: Option<Arc<NotedRuns>>,
    /// The trace of this process; none where none is asked for.
    pub trace: Option<Arc<RunTrace>>,
    /// How far the plan is that is being carried out.
    standing: Arc<Mutex<ApplyStanding>>,
    /// The last failure that was printed as a warning or as the end of the command.
    printed_failure: Arc<Mutex<String>>,
    /// A question waits for its answer: an interrupt cancels what it asks about.
    pub(super) asks: Arc<AtomicBool>,
    /// The first changes of `--limit` are written: what is planned now is the rest.
    pub(super) plans_rest: Arc<AtomicBool>,
    /// The locale does not support Unicode.
    ascii: bool,
}

impl Console {
    /// Sets the colour switches of every library at once.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
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
            lock_tasks: TaskTracker::new(),
            meter: ProgressMeter::new(global),
            signals: Arc::default(),
            output: Arc::default(),
            repeated_options: Arc::default(),
            next_files: Arc::default(),
            head_expectation: Arc::new(JournalHeads::new(&global.run_options())),
            tells_events: false,
            noted: None,
            trace: None,
            standing: Arc::default(),
            printed_failure: Arc::default(),
            asks: Arc::default(),
            plans_rest: Arc::default(),
            ascii: is_ascii(),
        }
    }

    /// What a run is given here: its options, and this listener.
    pub(crate) fn context(&self) -> Context {
        let context = Context::new(self.global.run_options()).reporting_to(Arc::new(self.clone()));
        Context { heads: Arc::clone(&self.head_expectation), keepers: self.lock_tasks.clone(), ..context }
    }

    /// How far the plan is that is being carried out.
    pub(crate) fn standing(&self) -> MutexGuard<'_, ApplyStanding> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until locks are freed, but not for an unavailable store, nor after a second stop request: a lock that cannot be
    /// freed expires.
    pub(crate) async fn wait_for_locks(&self) {
        self.lock_tasks.close();
        tokio::select! {
            () = self.lock_tasks.wait() => {}
            () = self.signals.next() => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
        }
    }

    /// To standard output, at a terminal in lines that fit it. Messages of a run that continues go to standard error when standard
    /// output is closed.
    pub(crate) fn print(&self, text: &str) {
        self.print_within(text, if std::io::stdout().is_terminal() { self.width() } else { usize::MAX });
    }

    /// The same with lines of any width: a document that is shown at a terminal is to be copied from there.
    pub(crate) fn print_unwrapped(&self, text: &str) {
        self.print_within(text, usize::MAX);
    }

    fn print_within(&self, text: &str, columns: usize) {
        let shown = self.fit_for_output(text, columns);
        if let WriteOutcome::Elsewhere { first } = self.meter.suspend(|| self.output.write(&shown)) {
            if first {
                self.report_stdout_lost();
            }
            if !self.global.json {
                self.print_stderr(text);
            }
        }
    }

    /// A document for another program, to standard output: byte for byte the content of a file.
    pub(crate) fn print_as_is(&self, text: &str) {
        if let WriteOutcome::Elsewhere { first: true } = self.meter.suspend(|| self.output.write(text)) {
            self.report_stdout_lost();
        }
    }

    /// To standard error, at a terminal in lines that fit it; other programs get whole sentences. A failure cannot be reported, and
    /// does not end the run.
    pub(crate) fn print_stderr(&self, text: &str) {
        let columns = if std::io::stderr().is_terminal() { self.width() } else { usize::MAX };
        let shown = self.fit_for_output(text, columns);
        let text = neutralize_output(&shown);
        let _ = self.meter.suspend(|| write_whole(&mut anstream::stderr().lock(), text.as_bytes()));
    }

    /// A write may be sent from here on: the run is completed whatever happens to standard output. A run whose output is
    /// already lost for a reason other than a closed reader does not start.
    pub(crate) fn begin_writes(&self) -> Result<(), RunError> {
        if let Some(StdoutLoss::Failed(why)) = self.output.stdout_loss() {
            self.output.mark_reported();
            return Err(output_lost(&why, "nothing was written to a service"));
        }
        if self.output.begin_writes() {
            self.report_stdout_lost();
        }
        Ok(())
    }

    /// Whether standard output no longer accepts output.
    pub(crate) fn is_stdout_lost(&self) -> bool {
        self.output.stdout_loss().is_some()
    }

    fn report_stdout_lost(&self) {
        let why = match self.output.stdout_loss() {
            Some(StdoutLoss::Failed(why)) => format!("standard output cannot be written ({why})"),
            _ => "standard output is no longer being read".to_owned(),
        };
        let rest = if self.global.json { "" } else { "; its messages appear here" };
        self.print_stderr(&format!("note: {why}; this run continues to its end{rest}\n"));
    }

    /// How the process ends: as its command did, unless its output was lost. A run that may have sent a write keeps its exit
    /// code, which says what was done.
    pub(crate) fn final_exit(&self, exit: Exit) -> Exit {
        let (Some(lost), went_on) = (self.output.stdout_loss(), self.output.went_on()) else { return exit };
        if went_on && self.global.json && !self.global.quiet {
            self.print_stderr(&format!("the run ended: {} (exit code {})\n", exit.as_str(), exit as u8));
        }
        match lost {
            StdoutLoss::Failed(why) if !went_on => {
                if self.output.mark_reported() {
                    let failure = output_lost(&why, "the output is not complete");
                    self.print_failure(&failure);
                }
                Exit::Failed
            }
            StdoutLoss::Failed(_) | StdoutLoss::Closed => exit,
        }
    }

    /// Why a command ended before it could do its work, to standard error.
    pub(crate) fn print_failure(&self, failure: &RunError) {
        let text = failure.text(self.color_on_stderr(), self.width(), &self.repeated_options);
        // A warning may already have said why the command ends.
        let mut printed = self.printed_failure.lock().unwrap_or_else(PoisonError::into_inner);
        if *printed != text {
            self.print_stderr(&text);
            *printed = text;
        }
    }

    /// Why an answer cannot be used, also where it is given again.
    pub(crate) fn print_wrong_answer(&self, failure: &RunError) {
        self.print_stderr(&failure.text(self.color_on_stderr(), self.width(), &self.repeated_options));
    }

    /// A problem of the ledger or its journal that will end an apply, for a command that only reads.
    pub(crate) fn print_apply_refused(&self, error: &RunError) {
        let (code, message, help) = error.parts();
        let ends = ["; nothing was written", ". Nothing was written"];
        let message = ends.iter().find_map(|end| message.strip_suffix(end)).unwrap_or(&message);
        self.print_state_warning(code, &format!("{message}. An apply is refused until that is settled"), &help);
    }

    /// A problem of the ledger or its journal that does not end this command.
    pub(super) fn print_state_warning(&self, code: &str, message: &str, help: &str) {
        for line in wrap_text(&format!("warning[{code}]: {message}"), self.width()) {
            self.print_stderr(&format!("{line}\n"));
        }
        for (index, line) in wrap_text(help, self.width() - 8).into_iter().enumerate() {
            self.print_stderr(&format!("{}{line}\n", if index == 0 { "  help: " } else { "        " }));
        }
    }

    /// Adapted to the locale and to this many columns, with complete commands, and without anything that controls the terminal or CI
    /// runner. JSON is UTF-8 everywhere, and its texts are as they are.
    fn fit_for_output<'a>(&self, text: &'a str, columns: usize) -> Cow<'a, str> {
        if self.global.json {
            return Cow::Borrowed(text);
        }
        let mut text = self.repeated_options.text(text);
        if let Cow::Owned(looked_at) = neutralize_output(&text) {
            text = Cow::Owned(looked_at);
        }
        if self.ascii {
            text = Cow::Owned(without_signs(&text).into_owned());
        }
        if columns == usize::MAX { text } else { Cow::Owned(fit_lines(&text, columns)) }
    }

    /// The result of a command, as its only document.
    pub(crate) fn print_document(&self, document: &impl OutputDocument) {
        self.print(&json::to_json_line(&output::with_journal_header(document, journal_head::reached(self))));
    }

    /// An event, as one line of several.
    pub(crate) fn print_event(&self, event: &impl serde::Serialize) {
        self.print(&json::to_json_line(&output::event_with_header(event)));
    }

    /// What could not be read, so that nothing is known about it.
    pub(crate) fn report_not_checked(&self, missed: &[NotCompared]) {
        self.print(&self.not_checked_text(missed));
    }

    /// What could not be read, each with what to do; empty where everything was.
    pub(crate) fn not_checked_text(&self, missed: &[NotCompared]) -> String {
        if missed.is_empty() {
            return String::new();
        }
        let mut text = format!("\nNot checked ({})\n", missed.len());
        for missed in missed {
            let what = escape(&format!("{}: {}", missed.what, missed.why));
            let _ = writeln!(text, "  ! {}", self.plan_detail().wrap(&what, 4).join("\n    "));
            if !missed.help.is_empty() {
                let help = escape(&format!("help: {}", missed.help));
                let _ = writeln!(text, "    {}", self.plan_detail().wrap(&help, 10).join("\n          "));
            }
        }
        text
    }

    /// Whether standard error takes colours.
    pub(crate) fn color_on_stderr(&self) -> bool {
        anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
    }

    /// Columns from `COLUMNS` or the terminal; 80 where neither is known.
    pub(crate) fn width(&self) -> usize {
        let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let size = |terminal: console::Term| terminal.size_checked().map(|(_, columns)| usize::from(columns));
        let asked = || size(console::Term::stdout()).or_else(|| size(console::Term::stderr()));
        said.or_else(asked).filter(|columns| *columns >= 40).unwrap_or(80)
    }

    /// Columns for a table on standard output: other programs get whole lines, unless `COLUMNS` says how wide they are.
    pub(crate) fn table_width(&self) -> usize {
        let is_limited = std::io::stdout().is_terminal() || std::env::var_os("COLUMNS").is_some();
        if is_limited { self.width() } else { usize::MAX }
    }

    /// How a plan is to be drawn: wrapped only for a terminal, so that other programs get whole sentences.
    pub(crate) fn plan_detail(&self) -> TextDetail {
        let columns = if std::io::stdout().is_terminal() { self.width() } else { usize::MAX };
        TextDetail { verbose: self.global.verbose > 0, columns }
    }

    /// Whether a user can answer.
    pub(crate) fn is_interactive(&self) -> bool {
        let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false" && value != "0");
        !self.global.non_interactive && !ci && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}

/// Whether the locale does not support Unicode. Without a setting, Unicode is assumed.
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

/// Telform's own signs in ASCII. Text of users and services is unchanged.
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

/// To standard output, before the output options are known.
pub(crate) fn print_unstyled(text: &str) -> std::io::Result<()> {
    write_whole(&mut anstream::stdout().lock(), text.as_bytes())
}

/// Whether early output was lost, which is reported. A reader that closed the stream is not an error.
pub(crate) fn is_print_lost(printed: std::io::Result<()>) -> bool {
    let Err(error) = printed else { return false };
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return false;
    }
    let text = output_lost(&error.to_string(), "the output is not complete").text(false, 80, &RepeatedOptions::default());
    let _ = write_whole(&mut anstream::stderr().lock(), text.as_bytes());
    true
}

fn output_lost(why: &str, so: &str) -> RunError {
    RunError::other(
        "telform::cli::output",
        format!("standard output cannot be written: {why}; {so}"),
        "free space where it is written, or send it elsewhere, and run the command again",
    )
}
