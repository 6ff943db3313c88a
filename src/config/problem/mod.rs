//! What is wrong with the user's files, as data: a code, a sentence, the positions, and what to do about it. All problems of
//! all files are gathered before any is shown.
//!
//! Every text passes through [`escape`], so nothing in a file can control the terminal.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use crate::model::resource::SourceLocation;
use crate::text::escape;

mod render;
mod source;

pub use render::{LIMIT, render_problems};
pub use source::{AttachedTable, Excerpt, Grid, GridRow, SourceFile, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing runs until it is fixed.
    Error,
    /// Worth knowing; the run continues.
    Warning,
    /// Reported by a check only; a run reports it only where it matters.
    Note,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A labelled span of a file.
#[derive(Debug, Clone)]
pub struct Label {
    /// The file.
    pub source: Arc<SourceFile>,
    /// The span.
    pub span: Span,
    /// The text of the label; may be empty.
    pub text: String,
}

impl Label {
    /// Where it begins.
    pub fn location(&self) -> SourceLocation {
        self.source.location_of(self.span)
    }
}

/// One thing that the user did wrong, or should know.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Stable name of the check, `telform::yaml::unknown_key`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub message: String,
    /// The length of what it says before the row and column of a table.
    message_without_cell: usize,
    /// Where it is.
    pub location: SourceLocation,
    /// It is about a file as a whole, or about no file: a line would say where to look in vain.
    is_about_whole: bool,
    /// The span that is wrong, then further spans, possibly in other files. Empty when there is nothing to show.
    pub labels: Vec<Label>,
    /// What to do; may have several lines.
    pub help: Option<String>,
}

/// A problem for programs.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct ProblemReport {
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    /// Which.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Path as it was given.
    pub file: String,
    /// Line from 1; 0 for a file as a whole.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
    /// The span that is wrong, then further spans.
    pub labels: Vec<LabelReport>,
    /// What to do.
    pub help: Option<String>,
}

/// A labelled span of a file, for programs.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct LabelReport {
    /// Path as it was given.
    pub file: String,
    /// Line from 1.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
    /// Bytes before it.
    pub offset: usize,
    /// Its bytes.
    pub length: usize,
    /// What is reported about it.
    pub text: String,
}

impl Problem {
    /// An error about a span of a file.
    pub fn new(code: &'static str, message: impl AsRef<str>, source: &Arc<SourceFile>, span: Span) -> Self {
        let (file, at, cell) = source.resolve(span);
        let fault = one_line(message.as_ref());
        let message_without_cell = fault.len();
        let message = match &cell {
            Some((cell, _)) => format!("{fault} {}", one_line(&format!("({cell})"))),
            None => fault,
        };
        let label = Label { source: file, span: at, text: String::new() };
        let location = label.location();
        let labels = if label.source.is_quoted() { vec![label] } else { Vec::new() };
        let (severity, is_about_whole, help) = (Severity::Error, false, None);
        let problem = Self { code, severity, message, message_without_cell, location, is_about_whole, labels, help };
        match cell {
            Some((_, entry)) => problem.also_at(source, entry, "for this entry"),
            None => problem,
        }
    }

    /// An error about a file as a whole, or about a position whose text is not available.
    pub fn at_location(code: &'static str, message: impl AsRef<str>, place: SourceLocation) -> Self {
        let place = SourceLocation { file: one_line(&place.file).into(), line: place.line.max(1), column: place.column.max(1) };
        let message = one_line(message.as_ref());
        Self {
            code,
            severity: Severity::Error,
            message_without_cell: message.len(),
            message,
            location: place,
            is_about_whole: false,
            labels: Vec::new(),
            help: None,
        }
    }

    /// What it says without the row and column of a table, which several cells may have in common.
    pub fn fault(&self) -> &str {
        self.message.get(..self.message_without_cell).unwrap_or(&self.message)
    }

    /// An error about a file as a whole.
    pub fn of_file(code: &'static str, message: impl AsRef<str>, file: &str) -> Self {
        Self {
            is_about_whole: true,
            ..Self::at_location(code, message, SourceLocation { file: file.into(), line: 1, column: 1 })
        }
    }

    /// The label under the span that is wrong.
    #[must_use]
    pub fn label(mut self, text: impl AsRef<str>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.text = one_line(text.as_ref());
        }
        self
    }

    /// A further span that belongs to the problem.
    #[must_use]
    pub fn also_at(mut self, source: &Arc<SourceFile>, span: Span, text: impl AsRef<str>) -> Self {
        let (source, span, _) = source.resolve(span);
        if source.is_quoted() {
            self.labels.push(Label { source, span, text: one_line(text.as_ref()) });
        }
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, text: impl AsRef<str>) -> Self {
        let lines: Vec<String> = text.as_ref().lines().map(escape).collect();
        self.help = Some(lines.join("\n"));
        self
    }

    /// Worth knowing; the run continues.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Worth knowing when nothing is run.
    #[must_use]
    pub fn note(mut self) -> Self {
        self.severity = Severity::Note;
        self
    }

    /// For programs.
    pub fn to_report(&self) -> ProblemReport {
        let labels = self.labels.iter().map(|label| {
            let place = label.location();
            LabelReport {
                file: place.file.to_string(),
                line: place.line as usize,
                column: place.column as usize,
                offset: label.span.start(),
                length: label.span.end().saturating_sub(label.span.start()),
                text: label.text.clone(),
            }
        });
        ProblemReport {
            severity: self.severity.as_str(),
            code: self.code,
            message: self.message.clone(),
            file: self.location.file.to_string(),
            line: self.location.line as usize,
            column: self.location.column as usize,
            labels: labels.collect(),
            help: self.help.clone(),
        }
    }
}

fn one_line(text: &str) -> String {
    escape(text).replace('\t', "\\t")
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.labels.first().map(|label| &*label.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let first = self.labels.first()?;
        Some(Box::new(self.labels.iter().filter(|label| Arc::ptr_eq(&label.source, &first.source)).map(|label| {
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            LabeledSpan::new(text, label.span.start(), label.span.end().saturating_sub(label.span.start()))
        })))
    }
}

/// All problems of all files.
#[derive(Debug, Clone, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Sorted by file and position, an error before a warning at the same position, and without duplicates.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| (&a.location, a.severity, a.code, &a.message).cmp(&(&b.location, b.severity, b.code, &b.message)));
        self.0.dedup_by(|a, b| (&a.location, a.code, &a.message) == (&b.location, b.code, &b.message));
        self
    }

    /// The errors, and the warnings.
    pub fn split_errors(self) -> (Self, Self) {
        let (errors, warnings) = self.0.into_iter().partition(|it| it.severity == Severity::Error);
        (Self(errors), Self(warnings))
    }

    /// What a run reports, and the notes of a check.
    pub fn without_notes(self) -> (Self, Self) {
        let (notes, others) = self.0.into_iter().partition(|it| it.severity == Severity::Note);
        (Self(others), Self(notes))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// For programs.
    pub fn to_reports(&self) -> Vec<ProblemReport> {
        self.0.iter().map(Problem::to_report).collect()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

/// One line per problem.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::is_hostile_char;

    fn source(text: &str) -> Arc<SourceFile> {
        Arc::new(SourceFile::new("a.yaml", text, &[]))
    }

    #[test]
    fn escapes_what_would_steer_a_terminal() {
        assert_eq!(escape("a\u{1b}[31mb\u{202e}c\u{9b}d\re"), "a\\u{1b}[31mb\\u{202e}c\\u{9b}d\\u{d}e");
        assert_eq!(escape("Zoë 日本"), "Zoë 日本");
    }

    #[test]
    fn one_line_form_is_in_every_rendering() {
        let source = source("a: 1\nb: 2\n");
        let span = Span::new(5, 6, 2, 1);
        let problem = Problem::new("telform::test::x", "bad\nnews", &source, span).label("here").help("fix it");
        assert_eq!(problem.to_string(), "a.yaml:2:1: error[telform::test::x]: bad\\u{a}news");
        let problems = Problems::from(problem);
        for color in [false, true] {
            let text = render_problems(&problems, color, 80);
            assert!(text.contains("b: 2"), "{text}");
            assert!(text.contains("fix it"), "{text}");
            assert!(text.contains('\u{1b}') == color);
        }
        let plain = render_problems(&problems, false, 80);
        assert!(plain.starts_with("a.yaml:2:1: error[telform::test::x]: bad"), "{plain}");
    }

    #[test]
    fn hostile_file_names_and_sources_are_harmless() {
        let source = Arc::new(SourceFile::new("a\u{1b}[2J.yaml", "k: \u{1b}[31m\u{202e}x\r\n", &[]));
        let span = Span::new(0, 1, 1, 1);
        let problems = Problems::from(Problem::new("telform::test::x", "m", &source, span));
        let text = render_problems(&problems, false, 80);
        assert!(!text.chars().any(|char| char != '\n' && is_hostile_char(char)), "{text:?}");
    }

    #[test]
    fn a_very_long_line_is_clipped_around_the_label() {
        let text = format!("{{\"a\": \"{}\", \"b\": 1, \"c\": \"{}\"}}", "x".repeat(5000), "y".repeat(5000));
        let start = text.find("\"b\"").unwrap();
        let span = Span::new(start, start + 3, 1, start + 1);
        let out = render_problems(&Problem::new("telform::test::x", "m", &source(&text), span).label("here").into(), false, 80);
        assert!(out.lines().all(|line| line.chars().count() <= 120), "{out}");
        assert!(out.contains("\"b\": 1") && out.contains(&format!("a.yaml:1:{}", start + 1)), "{out}");
    }

    #[test]
    fn sorted_by_file_and_place_and_each_once() {
        let (a, b) = (source("x: 1\ny: 2\n"), Arc::new(SourceFile::new("b.yaml", "z: 1\n", &[])));
        let first = Span::new(0, 1, 1, 1);
        let second = Span::new(5, 6, 2, 1);
        let mut problems = Problems::default();
        problems.push(Problem::new("c", "3", &b, first));
        problems.push(Problem::new("c", "2", &a, second));
        problems.push(Problem::new("c", "1", &a, first));
        problems.push(Problem::new("c", "1", &a, first));
        let order: Vec<_> = problems.sorted().iter().map(|it| it.message.clone()).collect();
        assert_eq!(order, ["1", "2", "3"]);
    }
}
