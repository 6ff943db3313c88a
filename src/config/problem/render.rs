//! Problems for people: the one-line form, an excerpt of each position, what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeStyles};

use super::{Excerpt, Label, Problem, Problems, Severity};

/// Most problems that are shown with excerpts; further ones get only one line each.
pub const LIMIT: usize = 50;

/// Notes of one code that are shown; any more of them are counted. Nothing has to be corrected for a note.
const NOTES: usize = 3;

/// Labels further apart than this many lines get separate excerpts.
const NEAR: usize = 3;

impl Problems {
    /// The same without any text of the files.
    #[must_use]
    pub fn without_excerpts(mut self) -> Self {
        self.0.iter_mut().for_each(|problem| problem.labels.clear());
        self
    }
}

/// All problems in full, for a terminal of `width` columns. Ends in a line that counts them; empty when there is none.
pub fn render_problems(problems: &Problems, color: bool, width: usize) -> String {
    let mut out = String::new();
    let mut theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    if color {
        theme.styles = ThemeStyles::ansi();
    }
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width.max(40))
        .with_context_lines(NEAR)
        .with_links(false)
        .without_cause_chain()
        .without_syntax_highlighting();
    let mut notes: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, problem) in problems.iter().enumerate() {
        if problem.severity == Severity::Note {
            let count = notes.entry(problem.code).or_default();
            *count += 1;
            if *count > NOTES {
                continue;
            }
        }
        out.push_str(&render_headline(problem, color));
        out.push('\n');
        if index < LIMIT {
            render_body(&handler, problem, &mut out);
            out.push('\n');
        }
    }
    for (code, count) in notes.into_iter().filter(|(_, count)| *count > NOTES) {
        out.push_str(&format!("note[{code}]: {} more like these; `telform validate --json` lists them\n\n", count - NOTES));
    }
    out.push_str(&count_line(problems));
    out
}

impl Problem {
    /// Where it is, before a headline: `telform.yaml:3:1: `; the name alone for a file as a whole, nothing where there is no file.
    fn headline_place(&self) -> String {
        match (&*self.location.file, self.is_about_whole) {
            ("", _) => String::new(),
            (file, true) => format!("{file}: "),
            _ => format!("{}: ", self.location),
        }
    }
}

/// `file:line:col: error[code]: message`, for people, editors and grep.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}[{}]: {}", self.headline_place(), self.severity.as_str(), self.code, self.message)
    }
}

fn render_headline(problem: &Problem, color: bool) -> String {
    if !color {
        return problem.to_string();
    }
    let (bold, style) = match problem.severity {
        Severity::Error => (anstyle::Style::new().bold(), anstyle::AnsiColor::Red.on_default().bold()),
        Severity::Warning => (anstyle::Style::new().bold(), anstyle::AnsiColor::Magenta.on_default().bold()),
        Severity::Note => (anstyle::Style::new().bold(), anstyle::Style::new().bold()),
    };
    let (word, place) = (problem.severity.as_str(), problem.headline_place());
    format!("{bold}{place}{bold:#}{style}{word}[{}]{style:#}: {bold}{}{bold:#}", problem.code, problem.message)
}

fn render_body(handler: &GraphicalReportHandler, problem: &Problem, out: &mut String) {
    let groups = group_labels(&problem.labels);
    let last = groups.len().saturating_sub(1);
    if groups.is_empty() {
        draw_excerpt(handler, &ProblemDrawing { excerpt: None, help: problem.help.as_deref(), severity: problem.severity }, out);
    }
    for (index, group) in groups.iter().enumerate() {
        let help = problem.help.as_deref().filter(|_| index == last);
        draw_excerpt(handler, &ProblemDrawing { excerpt: Excerpt::from_labels(group), help, severity: problem.severity }, out);
    }
}

/// Labels of one file that are close together share one excerpt. The first label stays first.
fn group_labels(labels: &[Label]) -> Vec<Vec<&Label>> {
    let mut groups: Vec<Vec<&Label>> = Vec::new();
    for label in labels {
        let near = |group: &&mut Vec<&Label>| {
            group
                .iter()
                .any(|other| Arc::ptr_eq(&other.source, &label.source) && other.span.line().abs_diff(label.span.line()) <= NEAR)
        };
        match groups.iter_mut().find(near) {
            Some(group) => group.push(label),
            None => groups.push(vec![label]),
        }
    }
    groups
}

/// The part of a problem that miette draws. Its headline is left empty, because the one-line form already contains it.
#[derive(Debug)]
struct ProblemDrawing<'a> {
    excerpt: Option<Excerpt>,
    help: Option<&'a str>,
    severity: Severity,
}

fn draw_excerpt(handler: &GraphicalReportHandler, drawing: &ProblemDrawing<'_>, out: &mut String) {
    let mut text = String::new();
    // Writing into a string cannot fail, and an excerpt always holds its own marks; the one-line form is there anyway.
    if handler.render_report(&mut text, drawing).is_err() {
        return;
    }
    let body = text.split_once('\n').map_or("", |(_, rest)| rest);
    for line in body.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

impl fmt::Display for ProblemDrawing<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for ProblemDrawing<'_> {}

impl Diagnostic for ProblemDrawing<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let marks = &self.excerpt.as_ref()?.marks;
        Some(Box::new(marks.iter().enumerate().map(|(index, (mark, text))| {
            let text = (!text.is_empty()).then(|| text.clone());
            let span = (mark.start, mark.len());
            if index == 0 { LabeledSpan::new_primary_with_span(text, span) } else { LabeledSpan::new_with_span(text, span) }
        })))
    }
}

fn count_line(problems: &Problems) -> String {
    let count = |severity, one: &str, many: &str| match problems.iter().filter(|it| it.severity == severity).count() {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<String> = [count(Severity::Error, "error", "errors"), count(Severity::Warning, "warning", "warnings")]
        .into_iter()
        .flatten()
        .collect();
    if parts.is_empty() { String::new() } else { format!("{}\n", parts.join(", ")) }
}
