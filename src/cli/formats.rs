//! Several formats from one run: at most one to standard output, the others into files, each whole or not at all.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::path::Path;

use super::args::{CheckFormat, FormatArgs, FormatTarget, OutArgs, PlanFormat};
use super::commands::validate;
use super::console::Console;
use super::refusals::quiet_summary;
use crate::analysis::plan_objects::PlanObjects;
use crate::config::problem::{Problems, render_problems};
use crate::model::resource::Desired;
use crate::output;
use crate::output::view::json;
pub(super) use crate::output::view::markdown::CommentContext;
use crate::output::view::text::{self, TextDetail};
use crate::output::view::{github, gitlab, html, markdown, terraform};
use crate::plan::Plan;
use crate::run::files::{self, FileReaders};
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
                files::write_file(file, &text, FileReaders::Anybody)?;
            }
        }
        Ok(())
    }
}

/// The JSON of a plan document, where it is requested.
pub(super) type LazyJsonText<F> = LazyCell<String, F>;

/// A plan for a file or another program: without colours or line wrapping.
fn render_plan(
    out: &Console,
    plan: &Plan,
    objects: Option<&PlanObjects>,
    document: &LazyJsonText<impl FnOnce() -> String>,
    format: PlanFormat,
    reader: &CommentContext,
) -> String {
    match format {
        PlanFormat::Text => {
            let detail = TextDetail { verbose: out.global.verbose > 0, columns: usize::MAX };
            anstream::adapter::strip_str(&text::plan_as_text(plan, detail)).to_string()
        }
        PlanFormat::Json => document.to_string(),
        PlanFormat::Markdown => markdown::plan_as_markdown_in(plan, reader),
        PlanFormat::Html => html::plan_as_html_made(plan, &reader.made),
        PlanFormat::TerraformJson => terraform::plan_as_terraform_json(plan, objects),
        PlanFormat::Github => github::plan_as_annotations(plan),
        PlanFormat::Gitlab => gitlab::plan_as_code_quality(plan),
    }
}

impl FormatSelection<PlanFormat> {
    /// Writes the files and prints the rest. Files come first: a reader of standard output may close it. `objects`: what was read, for
    /// formats that [show it](Self::shows_objects).
    pub(super) fn print_plan(
        &self,
        out: &Console,
        plan: &Plan,
        objects: Option<&PlanObjects>,
        document: &LazyJsonText<impl FnOnce() -> String>,
        reader: &CommentContext,
    ) -> Result<(), RunError> {
        self.write(|format| Some(render_plan(out, plan, objects, document, format, reader)))?;
        match self.printed {
            Some(PlanFormat::Text) if out.global.quiet => out.print(&format!("{}\n", quiet_summary(plan))),
            Some(PlanFormat::Text) => out.print(&text::plan_as_text(plan, out.plan_detail())),
            Some(format) => out.print_as_is(&render_plan(out, plan, objects, document, format, reader)),
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

    /// Why the plan could not be made, as annotations where they were requested; no other format can show it.
    pub(super) fn annotate_failure(&self, out: &Console, failure: &RunError) -> Result<(), RunError> {
        let draw = |format| match (format, failure) {
            (PlanFormat::Github, RunError::Problems(problems)) => Some(github::problems_as_annotations(problems)),
            (PlanFormat::Gitlab, RunError::Problems(problems)) => Some(gitlab::problems_as_code_quality(problems)),
            (PlanFormat::Github, other) => {
                let (code, message, _) = other.parts();
                Some(github::failure_as_annotation(code, &message))
            }
            _ => None,
        };
        self.write(draw)?;
        if let Some(text) = self.printed.and_then(draw) {
            out.print_as_is(&out.repeated_options.text(&text));
        }
        Ok(())
    }
}

impl FormatSelection<CheckFormat> {
    /// Writes and prints what is wrong with the YAML. Errors are also returned as a failure, so that people read them, too.
    pub(super) fn print_problems(&self, out: &Console, problems: &Problems, desired: Option<&Desired>) -> Result<(), RunError> {
        let draw = |format| match format {
            CheckFormat::Github => Some(github::problems_as_annotations(problems)),
            CheckFormat::Gitlab => Some(gitlab::problems_as_code_quality(problems)),
            CheckFormat::Text | CheckFormat::Json => None,
        };
        self.write(|format| match format {
            CheckFormat::Text => Some(render_problems(problems, false, out.width())),
            CheckFormat::Json => {
                Some(json::to_pretty_json(&output::with_header(&validate::validation_document(problems, desired))))
            }
            other => draw(other),
        })?;
        if let Some(text) = self.printed.and_then(draw) {
            out.print_as_is(&out.repeated_options.text(&text));
        }
        Ok(())
    }
}

/// Whether what is written to a file goes to standard output. A file called `-` is `./-`.
fn is_printed(file: &Path) -> bool {
    file == Path::new("-") || files::is_stdout(file)
}

/// Prints the only document of a command, or writes it to the file of `--out`.
pub(super) fn print_or_write(out: &Console, to: &OutArgs, text: &str) -> Result<(), RunError> {
    match to.out.as_deref().filter(|file| !is_printed(file)) {
        Some(file) => files::write_file(file, text, FileReaders::Anybody),
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
