//! Several formats from one run: at most one to standard output, the others into files, each whole or not at all.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::path::Path;

use super::args::{CheckFormat, DriftFormat, FormatArgs, FormatTarget, ListsFindings, OutArgs, PlanFormat};
use super::commands::validate;
use super::console::Console;
use super::refusals::quiet_summary;
use crate::analysis::plan_objects::PlanObjects;
use crate::config::problem::{Problems, Severity, render_problems};
use crate::model::resource::Desired;
use crate::output;
use crate::output::view::commands::CommandOptions;
use crate::output::view::findings::{
    Finding, FindingFormat, FindingRisk, PlaceOf, finding_of_failure, findings_of_drift, findings_of_plan, findings_of_problems,
};
use crate::output::view::json;
use crate::output::view::junit::{TestCase, findings_as_cases};
pub(super) use crate::output::view::markdown::CommentContext;
use crate::output::view::slack::Verdict;
use crate::output::view::text::{self, TextDetail};
use crate::output::view::{count_of_kind, github, gitlab, html, junit, markdown, sarif, slack, terraform};
use crate::plan::Plan;
use crate::run::drift::DriftOutcome;
use crate::run::files::{self, FileReaders};
use crate::run::journal::current_provenance;
use crate::run::output_file::{check_outputs, write_output};
use crate::run::{Exit, RunError};

/// What was asked for, checked before anything is read: files, and the one for standard output.
pub(super) struct FormatSelection<F> {
    files: Vec<FormatTarget<F>>,
    /// None where everything goes to files.
    printed: Option<F>,
}

impl<F: Copy + PartialEq> FormatSelection<F> {
    /// `--json` is the same as `--format json`, regardless of other formats. What would be printed goes to the file `to`, where
    /// there is one.
    pub(super) fn new(out: &Console, asked: &FormatArgs<F>, to: Option<&Path>, text: F, json: F) -> Result<Self, RunError> {
        let (mut files, printed): (Vec<_>, Vec<_>) =
            asked.0.iter().cloned().partition(|target| matches!(&target.file, Some(file) if !files::is_stdout(file)));
        if printed.len() > 1 {
            return Err(RunError::other(
                "telform::cli::formats",
                "two formats cannot both go to standard output",
                "give one of them a file: `--format html=plan.html`",
            ));
        }
        let format = if out.global.json { json } else { printed.first().map_or(text, |target| target.format) };
        let to = to.filter(|file| !is_printed(file));
        files.extend(to.map(|file| FormatTarget { format, file: Some(file.to_owned()) }));
        check_outputs(files.iter().filter_map(|target| target.file.as_deref()))?;
        let mut seen = BTreeSet::new();
        for target in &files {
            if !seen.insert(&target.file) {
                let file = target.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
                return Err(RunError::other(
                    "telform::cli::formats",
                    format!("two formats would be written to {file}"),
                    "give each format its own file",
                ));
            }
        }
        Ok(Self { files, printed: to.is_none().then_some(format) })
    }

    /// Whether a format goes anywhere.
    pub(super) fn has(&self, format: F) -> bool {
        self.printed == Some(format) || self.files.iter().any(|target| target.format == format)
    }

    /// What is printed; none where everything goes to files.
    pub(super) fn printed(&self) -> Option<F> {
        self.printed
    }

    /// Writes the files, each with the result of `draw` for its format.
    pub(super) fn write(&self, draw: impl Fn(F) -> Option<String>) -> Result<(), RunError> {
        for target in &self.files {
            if let (Some(file), Some(text)) = (&target.file, draw(target.format)) {
                write_output(file, &text, FileReaders::Anybody)?;
            }
        }
        Ok(())
    }
}

/// The JSON of a plan document, where it is requested.
pub(super) type LazyJsonText<F> = LazyCell<String, F>;

/// A plan, and what its formats need beside it.
pub(super) struct PlanToShow<'p, F> {
    pub(super) plan: &'p Plan,
    /// What was read, for formats that [show it](FormatSelection::shows_objects).
    pub(super) objects: Option<&'p PlanObjects>,
    pub(super) document: &'p LazyJsonText<F>,
    pub(super) reader: &'p CommentContext,
    pub(super) place_of: &'p PlaceOf<'p>,
}

/// A plan for a file or another program: without colours or line wrapping.
fn render_plan<F: FnOnce() -> String>(out: &Console, shown: &PlanToShow<'_, F>, format: PlanFormat) -> String {
    let PlanToShow { plan, objects, document, reader, place_of } = *shown;
    let findings = || complete_findings(findings_of_plan(plan, place_of), &reader.commands);
    match format {
        PlanFormat::Text => {
            let detail = TextDetail { verbose: out.global.verbose > 0, columns: usize::MAX };
            let text = anstream::adapter::strip_str(&text::plan_as_text(plan, detail)).to_string();
            reader.commands.complete(&text).into_owned()
        }
        PlanFormat::Json => document.to_string(),
        PlanFormat::Markdown => markdown::plan_as_markdown_in(plan, reader),
        PlanFormat::Html => html::plan_as_html_in(plan, reader),
        PlanFormat::TerraformJson => terraform::plan_as_terraform_json(plan, objects),
        PlanFormat::Github => github::plan_as_annotations(plan, &findings()),
        PlanFormat::Gitlab => gitlab::findings_as_code_quality(&findings()),
        PlanFormat::Sarif => sarif::findings_as_sarif("plan", &findings()),
        PlanFormat::Junit => {
            let cases = findings_as_cases(&findings(), FindingRisk::Blocker, &plan.summary());
            junit::cases_as_junit("plan", &cases)
        }
        PlanFormat::Slack => {
            let text = slack::findings_as_slack("plan", &slack::verdict_of_plan(plan), &findings());
            reader.commands.complete(&text).into_owned()
        }
    }
}

/// Findings whose commands repeat the options of this run.
fn complete_findings(mut findings: Vec<Finding>, commands: &CommandOptions) -> Vec<Finding> {
    for finding in &mut findings {
        for text in [&mut finding.message].into_iter().chain(&mut finding.details) {
            *text = commands.complete(text).into_owned();
        }
    }
    findings
}

impl FormatSelection<PlanFormat> {
    /// Writes the files and prints the rest. Files come first: a reader of standard output may close it.
    pub(super) fn print_plan<F: FnOnce() -> String>(&self, out: &Console, shown: &PlanToShow<'_, F>) -> Result<(), RunError> {
        self.write(|format| Some(render_plan(out, shown, format)))?;
        match self.printed {
            Some(PlanFormat::Text) if out.global.quiet => out.print(&format!("{}\n", quiet_summary(shown.plan))),
            Some(PlanFormat::Text) => out.print(&text::plan_as_text(shown.plan, out.plan_detail())),
            Some(format) => out.print_as_is(&render_plan(out, shown, format)),
            None => {}
        }
        Ok(())
    }

    /// Whether a format shows whole objects, and not only what changes.
    pub(super) fn shows_objects(&self) -> bool {
        self.has(PlanFormat::TerraformJson)
    }

    /// Whether a format shows who made the plan.
    pub(super) fn shows_provenance(&self) -> bool {
        self.has(PlanFormat::Html) || self.has(PlanFormat::Markdown)
    }

    /// Whether standard output is for people.
    pub(super) fn for_people(&self, out: &Console) -> bool {
        self.printed == Some(PlanFormat::Text) && !out.global.quiet
    }
}

impl<F: Copy + PartialEq + ListsFindings> FormatSelection<F> {
    /// Writes and prints findings in the formats that list them. `cases`: what JUnit shows.
    fn print_findings(
        &self,
        out: &Console,
        command: &str,
        verdict: &Verdict,
        findings: &[Finding],
        cases: impl Fn() -> Vec<TestCase>,
    ) -> Result<(), RunError> {
        let draw = |format: F| {
            let of = format.of_findings()?;
            let text = of.render(command, || verdict.clone(), findings, &cases);
            // The findings are complete already; in JSON and XML a command with quotes would not be what it was.
            Some(if of == FindingFormat::Slack { out.repeated_options.text(&text).into_owned() } else { text })
        };
        self.write(draw)?;
        if let Some(text) = self.printed.and_then(draw) {
            out.print_as_is(&text);
        }
        Ok(())
    }

    /// Why there is no result, where the format lists findings; no other format can show it.
    pub(super) fn print_failure(&self, out: &Console, command: &str, failure: &RunError) -> Result<(), RunError> {
        let findings = match failure {
            RunError::Problems(problems) => findings_of_problems(problems),
            other => {
                let (code, message, help) = other.parts();
                vec![finding_of_failure(code, &message, &help)]
            }
        };
        let findings = complete_findings(findings, &out.repeated_options.for_views());
        let verdict = Verdict { heading: "failed".to_owned(), lines: Vec::new() };
        self.print_findings(out, command, &verdict, &findings, || findings_as_cases(&findings, FindingRisk::Blocker, ""))
    }
}

impl FormatSelection<CheckFormat> {
    /// Writes and prints what is wrong with the YAML. Errors are also returned as a failure, so that people read them, too.
    pub(super) fn print_problems(&self, out: &Console, problems: &Problems, desired: Option<&Desired>) -> Result<(), RunError> {
        self.write(|format| match format {
            CheckFormat::Text => Some(out.repeated_options.text(&render_problems(problems, false, out.width())).into_owned()),
            CheckFormat::Json => {
                Some(json::to_pretty_json(&output::with_header(&validate::validation_document(problems, desired))))
            }
            _ => None,
        })?;
        let findings = complete_findings(findings_of_problems(problems), &out.repeated_options.for_views());
        let heading =
            if problems.iter().any(|problem| problem.severity == Severity::Error) { "not valid" } else { "the YAML is valid" };
        let verdict = Verdict { heading: heading.to_owned(), lines: Vec::new() };
        self.print_findings(out, "validate", &verdict, &findings, || {
            findings_as_cases(&findings, FindingRisk::Blocker, "the YAML is valid")
        })
    }
}

/// What the formats of drift need that no list of findings has.
pub(super) struct DriftTexts<'t> {
    /// What people read.
    pub(super) whole: &'t str,
    /// The same in a line or two.
    pub(super) verdict: &'t str,
    /// The JSON document.
    pub(super) document: &'t dyn Fn() -> String,
}

impl FormatSelection<DriftFormat> {
    /// Writes the files, and prints Markdown or a format that lists findings.
    pub(super) fn print_drift(&self, out: &Console, outcome: &DriftOutcome, texts: &DriftTexts<'_>) -> Result<(), RunError> {
        let (found, compared) = (&outcome.found, &outcome.compared);
        let findings = complete_findings(findings_of_drift(found, compared), &out.repeated_options.for_views());
        let page = |format| match format {
            DriftFormat::Markdown => Some(markdown::drift_as_markdown(texts.verdict, &findings)),
            DriftFormat::Html => Some(html::drift_as_html(texts.verdict, &findings, &current_provenance())),
            _ => None,
        };
        self.write(|format| match format {
            DriftFormat::Text => Some(out.repeated_options.text(texts.whole).into_owned()),
            DriftFormat::Json => Some((texts.document)()),
            format => page(format),
        })?;
        if let Some(page) = self.printed.and_then(page) {
            out.print_as_is(&page);
        }
        let compared = || {
            let kinds = compared.compared.iter().flat_map(|(account, kinds)| kinds.iter().map(move |it| (account, it)));
            let looked = kinds.map(|(account, (kind, count))| {
                TestCase::passed(&format!("drift.{account}"), format!("{} compared", count_of_kind(*count, kind)))
            });
            let found = findings_as_cases(&findings, FindingRisk::Critical, "");
            looked.chain(found.into_iter().filter(|_| !findings.is_empty())).collect()
        };
        let heading = if outcome.has_drifted() { "something drifted" } else { "no drift" };
        let verdict = Verdict { heading: heading.to_owned(), lines: texts.verdict.lines().map(str::to_owned).collect() };
        self.print_findings(out, "drift", &verdict, &findings, compared)
    }
}

/// Whether what is written to a file goes to standard output. A file called `-` is `./-`.
fn is_printed(file: &Path) -> bool {
    file == Path::new("-") || files::is_stdout(file)
}

/// Prints the only document of a command, or writes it to the file of `--out`.
pub(super) fn print_or_write(out: &Console, to: &OutArgs, text: &str) -> Result<(), RunError> {
    match to.out.as_deref().filter(|file| !is_printed(file)) {
        Some(file) => write_output(file, text, FileReaders::Anybody),
        None => {
            out.print_unwrapped(text);
            Ok(())
        }
    }
}

/// The exit code of a plan that was shown.
pub(super) fn exit_for_plan(plan: &Plan, detailed: bool) -> Exit {
    match (plan.is_refused(), !plan.is_settled() && detailed) {
        (true, _) => Exit::Refused,
        // A plan that lacks an account says neither that nothing is pending nor what is.
        (false, _) if !plan.limits.unreadable.is_empty() => Exit::Partial,
        (false, true) => Exit::Pending,
        (false, false) => Exit::Done,
    }
}
