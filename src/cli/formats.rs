//! Several formats from one run: at most one to standard output, the others into files, each whole or not at all.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::args::{CheckFormat, PlanFormat, Target};
use super::exit::{Exit, Failure};
use super::files::{self, Readers};
use super::out::Out;
use super::small;
use crate::output;
use crate::plan::Plan;
use crate::problem::{Problems, render};
use crate::resource::Desired;
use crate::view::json;
use crate::view::text::{self, Detail};
use crate::view::{github, gitlab, html, markdown, terraform};

/// What was asked for, checked before anything is read: files, and the one for standard output.
pub(super) struct Wanted<F> {
    files: Vec<Target<F>>,
    printed: F,
}

impl<F: Copy + PartialEq> Wanted<F> {
    /// `--json` is the same as `--format json`, whatever else would be printed.
    pub(super) fn new(out: &Out, asked: &[Target<F>], text: F, json: F) -> Result<Self, Failure> {
        let (files, printed): (Vec<_>, Vec<_>) = asked
            .iter()
            .cloned()
            .partition(|target| matches!(&target.file, Some(file) if !files::is_stdout(file)));
        if printed.len() > 1 {
            return Err(Failure::other(
                "telform::cli::formats",
                "two formats cannot both go to standard output",
                "give all but one of them a file: `--format html=plan.html`",
            ));
        }
        let mut seen = BTreeSet::new();
        for target in &files {
            if !seen.insert(&target.file) {
                let file = target.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
                return Err(Failure::other(
                    "telform::cli::formats",
                    format!("two formats would be written to {file}"),
                    "give each a file of its own",
                ));
            }
        }
        let printed =
            if out.global.json { json } else { printed.first().map_or(text, |target| target.format) };
        Ok(Self { files, printed })
    }

    /// Writes the files, each with what `draw` makes of its format.
    fn write(&self, draw: impl Fn(F) -> Option<String>) -> Result<(), Failure> {
        for target in &self.files {
            if let (Some(file), Some(text)) = (&target.file, draw(target.format)) {
                files::write(file, &text, Readers::Anybody)?;
            }
        }
        Ok(())
    }
}

/// The JSON of a plan document, for those who ask for it.
pub(super) type Text<F> = LazyCell<String, F>;

/// A plan as a file or another program gets it: without colours, sentences unbroken.
fn drawn(
    out: &Out,
    plan: &Plan,
    document: &Text<impl FnOnce() -> String>,
    (format, max_unshown): (PlanFormat, u64),
) -> String {
    match format {
        PlanFormat::Text => {
            let detail = Detail { verbose: out.global.verbose > 0, columns: usize::MAX };
            anstream::adapter::strip_str(&text::plan(plan, detail)).to_string()
        }
        PlanFormat::Json => document.to_string(),
        PlanFormat::Markdown => markdown::accepting(plan, max_unshown),
        PlanFormat::Html => html::plan(plan),
        PlanFormat::TerraformJson => terraform::plan(plan),
        PlanFormat::Github => github::plan(plan),
        PlanFormat::Gitlab => gitlab::plan(plan),
    }
}

impl Wanted<PlanFormat> {
    /// Writes the files and prints the rest. Files come first: a reader of standard output may go away.
    pub(super) fn plan(
        &self,
        out: &Out,
        plan: &Plan,
        document: &Text<impl FnOnce() -> String>,
        max_unshown: u64,
    ) -> Result<(), Failure> {
        self.write(|format| Some(drawn(out, plan, document, (format, max_unshown))))?;
        match self.printed {
            PlanFormat::Text if out.global.quiet => out.print(&format!("{}\n", plan.summary())),
            PlanFormat::Text => out.print(&text::plan(plan, out.reading())),
            format => out.print_as_is(&drawn(out, plan, document, (format, max_unshown))),
        }
        Ok(())
    }

    /// Whether people read standard output.
    pub(super) fn for_people(&self, out: &Out) -> bool {
        self.printed == PlanFormat::Text && !out.global.quiet
    }

    /// What kept the plan from being made, as annotations where they were asked for; nothing else can be drawn of it.
    pub(super) fn failed(&self, out: &Out, failure: &Failure) -> Result<(), Failure> {
        let draw = |format| match (format, failure) {
            (PlanFormat::Github, Failure::Problems(problems)) => Some(github::problems(problems)),
            (PlanFormat::Gitlab, Failure::Problems(problems)) => Some(gitlab::problems(problems)),
            (PlanFormat::Github, other) => {
                let (code, message, _) = other.parts();
                Some(github::failure(code, &message))
            }
            _ => None,
        };
        self.write(draw)?;
        if let Some(text) = draw(self.printed) {
            out.print(&text);
        }
        Ok(())
    }
}

impl Wanted<CheckFormat> {
    /// Writes and prints what is wrong with the YAML. Errors go on as the failure that they are, so that people read them too.
    pub(super) fn problems(
        &self,
        out: &Out,
        problems: &Problems,
        desired: Option<&Desired>,
    ) -> Result<(), Failure> {
        let draw = |format| match format {
            CheckFormat::Github => Some(github::problems(problems)),
            CheckFormat::Gitlab => Some(gitlab::problems(problems)),
            CheckFormat::Text | CheckFormat::Json => None,
        };
        self.write(|format| match format {
            CheckFormat::Text => Some(render(problems, false, out.width())),
            CheckFormat::Json => Some(json::pretty(&output::document(&small::validation(problems, desired)))),
            other => draw(other),
        })?;
        if let Some(text) = draw(self.printed) {
            out.print(&text);
        }
        Ok(())
    }

    /// What is printed.
    pub(super) fn printed(&self) -> CheckFormat {
        self.printed
    }
}

/// What the exit code says about a plan that was shown.
pub(super) fn exit(plan: &Plan, detailed: bool) -> Exit {
    match (plan.is_refused(), !plan.is_settled() && detailed) {
        (true, _) => Exit::Refused,
        (false, true) => Exit::Pending,
        (false, false) => Exit::Done,
    }
}
