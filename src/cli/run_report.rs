//! The report of what a command did, in files. What it is made of is noted while the command runs: so it exists even where the
//! journal cannot be read afterwards, or where nothing was written.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::args::{FormatTarget, ListsFindings, ReportFormat};
use super::console::Console;
use super::stale::{already_applied, stale_because, stale_help};
use crate::output::view::findings::{cases_of_runs, findings_of_runs};
use crate::output::view::rehearsal::Rehearsal;
use crate::output::view::report::NextCommand;
use crate::output::view::run_report::CommandEnd;
use crate::output::view::slack::Verdict;
use crate::output::view::{html, markdown};
use crate::plan::Plan;
use crate::run::files::{self, FileReaders};
use crate::run::journal::current_provenance;
use crate::run::output_file::write_output;
use crate::run::{Exit, RunError, RunEvent};
use crate::state::journal::{JournalLine, JournalRecord, collect_runs};

/// Most refusals that a report names.
const MOST_REFUSALS: usize = 20;

/// Reports that are written when a command is over.
pub(crate) struct RunReports {
    files: Vec<(ReportFormat, PathBuf)>,
    end: CommandEnd,
    noted: Arc<NotedRuns>,
}

/// What happens in the runs of a command.
#[derive(Debug, Default)]
pub(crate) struct NotedRuns(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    /// As the journal has them, without its chain.
    lines: Vec<JournalLine>,
    /// Summary and digest of the last plan.
    plan: Option<(String, String)>,
    /// Why that is refused, and what to do.
    refusals: Vec<(String, String)>,
    /// Of a rehearsal, what it showed.
    forecast: Vec<String>,
    /// How to continue after it.
    next: Vec<(String, String)>,
    /// Why the saved plan is not applied, and what to do.
    stale: Option<(String, String)>,
}

impl NotedRuns {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Console {
    /// A record of a run, for the report.
    pub(super) fn note_record(&self, run: &str, record: &JournalRecord) {
        if let Some(trace) = &self.trace {
            trace.note_run(run);
        }
        let Some(noted) = &self.noted else { return };
        let at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut notes = noted.notes();
        let seq = notes.lines.len() as u64 + 1;
        let (prev, hash, record) = (String::new(), String::new(), record.clone());
        notes.lines.push(JournalLine { seq, at, prev, run: run.to_owned(), ledger: None, record, mac: None, hash });
    }

    /// A plan of a run, and how to continue after it, for the report.
    pub(super) fn note_event(&self, event: &RunEvent<'_>) {
        if let (Some(trace), RunEvent::Planned { plan, .. }) = (&self.trace, event) {
            trace.note_plan(plan);
        }
        let Some(noted) = &self.noted else { return };
        match event {
            RunEvent::Planned { plan, .. } => noted.note_plan(plan),
            RunEvent::Incomplete { advice, .. } | RunEvent::Unproven { advice, .. } => {
                let whole = |it: &NextCommand| (it.what.to_owned(), self.repeated_options.complete_command(&it.command));
                noted.notes().next = advice.iter().map(whole).collect();
            }
            RunEvent::Stale { saved, used: Some(by), .. } | RunEvent::SavedPlanUsed { saved, by } => {
                let error = already_applied(by, &saved.command());
                let (_, message, help) = error.parts();
                noted.notes().stale = Some((format!("Stale: {message}"), help));
            }
            RunEvent::Stale { saved, moved, .. } => {
                let help = stale_help(moved, &saved.saving_command());
                noted.notes().stale = Some((format!("Stale: {}.", stale_because(moved)), help));
            }
            _ => {}
        }
    }
}

impl NotedRuns {
    /// What a rehearsal showed.
    pub(super) fn note_rehearsal(&self, rehearsal: &Rehearsal) {
        self.notes().forecast = rehearsal.forecast();
    }

    fn note_plan(&self, plan: &Plan) {
        let mut notes = self.notes();
        notes.next.clear();
        notes.plan = Some((plan.summary(), plan.digest.clone()));
        let refusals = plan.refusals.iter().take(MOST_REFUSALS);
        notes.refusals = refusals
            .map(|refusal| {
                let subject = refusal.subject().map(|subject| format!("{subject}: ")).unwrap_or_default();
                (format!("{}: {subject}{}", refusal.code.as_str(), refusal.detail), refusal.help())
            })
            .collect();
        if let Some(left_out) = plan.refusals.len().checked_sub(MOST_REFUSALS).filter(|count| *count > 0) {
            notes.refusals.push((format!("{left_out} further refusals"), "`telform plan` names all".to_owned()));
        }
    }
}

impl RunReports {
    /// Writes a first report, which says that the command has not ended: a file that cannot be written is an error before any
    /// request.
    pub(crate) fn begin(command: &str, asked: &[FormatTarget<ReportFormat>]) -> Result<Self, RunError> {
        let mut files = Vec::new();
        for target in asked {
            let Some(file) = target.file.clone().filter(|file| !files::is_stdout(file)) else {
                return Err(RunError::other(
                    "telform::cli::formats",
                    format!("`{command}` prints its progress to standard output, so a report needs a file"),
                    "name one: `--report html=report.html`",
                ));
            };
            files.push((target.format, file));
        }
        let made = if files.is_empty() { Default::default() } else { current_provenance() };
        let end = CommandEnd { command: command.to_owned(), made, ..CommandEnd::default() };
        let reports = Self { files, end, noted: Arc::default() };
        reports.write(&reports.end)?;
        Ok(reports)
    }

    /// The console that notes what the report needs.
    pub(crate) fn listening(&self, out: &Console) -> Console {
        let mut listening = out.clone();
        listening.noted = (!self.files.is_empty()).then(|| Arc::clone(&self.noted));
        listening
    }

    /// Writes the reports. The command ends as it did; a complete one whose report is missing is not.
    pub(crate) fn finish(&self, out: &Console, ended: Result<Exit, RunError>) -> Result<Exit, RunError> {
        if self.files.is_empty() {
            return ended;
        }
        let (exit, failure) = match &ended {
            Ok(exit) => (*exit, None),
            Err(error) => (error.exit(), Some(error.parts())),
        };
        let mut end = CommandEnd { result: Some(exit.as_str().to_owned()), ..self.end.clone() };
        {
            let notes = self.noted.notes();
            end.plan.clone_from(&notes.plan);
            end.next.clone_from(&notes.next);
            end.forecast.clone_from(&notes.forecast);
            if matches!(exit, Exit::Refused | Exit::Partial) {
                end.reasons.clone_from(&notes.refusals);
            }
        }
        if let Some((code, message, help)) = failure {
            end.reasons.push((format!("{code}: {message}"), out.repeated_options.text(&help).into_owned()));
        } else if exit == Exit::Stale {
            let other =
                || ("Stale: the plan is not the one that was reviewed.".to_owned(), "`telform plan` makes a new plan".to_owned());
            let (why, help) = self.noted.notes().stale.clone().unwrap_or_else(other);
            end.reasons.push((why, out.repeated_options.text(&help).into_owned()));
        }
        if let Err(error) = self.write(&end) {
            out.print_failure(&error);
            return ended.map(|exit| if exit == Exit::Done { Exit::NotConverged } else { exit });
        }
        ended
    }

    fn write(&self, end: &CommandEnd) -> Result<(), RunError> {
        let notes = self.noted.notes();
        let runs = collect_runs(&notes.lines);
        for (format, file) in &self.files {
            let text = match format {
                ReportFormat::Markdown => markdown::run_report_as_markdown(&runs, end),
                ReportFormat::Html => html::run_report_as_html(&runs, end),
                ReportFormat::Github | ReportFormat::Gitlab | ReportFormat::Sarif | ReportFormat::Junit | ReportFormat::Slack => {
                    let mut findings = findings_of_runs(&runs, end);
                    // A message begins with the result.
                    let result = findings.pop_if(|_| *format == ReportFormat::Slack);
                    let verdict = || Verdict {
                        heading: end.result.clone().unwrap_or_else(|| "not ended".to_owned()),
                        lines: result.clone().map(|result| result.details).unwrap_or_default(),
                    };
                    let cases = || cases_of_runs(&runs, end);
                    let listed = format.of_findings();
                    listed.map_or_else(String::new, |it| it.render(&end.command, verdict, &findings, cases))
                }
            };
            write_output(file, &text, FileReaders::Anybody)?;
        }
        Ok(())
    }
}
