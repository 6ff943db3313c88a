//! Problems as people read them: the one-line form, an excerpt of each place, what to do.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeStyles};

use super::{Excerpt, Label, Problem, Problems, Severity};

/// Most problems that are drawn with their excerpts; further ones get their one line only.
pub const LIMIT: usize = 50;

/// Labels further apart than this many lines are drawn as excerpts of their own.
const NEAR: usize = 3;

/// All problems in full, for a terminal of `width` columns. Ends in a line that counts them; empty when there is none.
pub fn render(problems: &Problems, color: bool, width: usize) -> String {
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
    for (index, problem) in problems.iter().enumerate() {
        out.push_str(&head(problem, color));
        out.push('\n');
        if index < LIMIT {
            body(&handler, problem, &mut out);
            out.push('\n');
        }
    }
    out.push_str(&tally(problems));
    out
}

fn head(problem: &Problem, color: bool) -> String {
    if !color {
        return problem.to_string();
    }
    let (bold, style) = match problem.severity {
        Severity::Error => (anstyle::Style::new().bold(), anstyle::AnsiColor::Red.on_default().bold()),
        Severity::Warning => (anstyle::Style::new().bold(), anstyle::AnsiColor::Yellow.on_default().bold()),
        Severity::Note => (anstyle::Style::new().bold(), anstyle::AnsiColor::Cyan.on_default().bold()),
    };
    let word = problem.severity.word();
    format!(
        "{bold}{}{bold:#}: {style}{word}[{}]{style:#}: {bold}{}{bold:#}",
        problem.place, problem.code, problem.message
    )
}

fn body(handler: &GraphicalReportHandler, problem: &Problem, out: &mut String) {
    let groups = groups(&problem.labels);
    let last = groups.len().saturating_sub(1);
    if groups.is_empty() {
        draw(
            handler,
            &Drawing { excerpt: None, help: problem.help.as_deref(), severity: problem.severity },
            out,
        );
    }
    for (index, group) in groups.iter().enumerate() {
        let help = problem.help.as_deref().filter(|_| index == last);
        draw(handler, &Drawing { excerpt: Excerpt::of(group), help, severity: problem.severity }, out);
    }
}

/// Labels of one file that stand close together are drawn in one excerpt. The first stays first.
fn groups(labels: &[Label]) -> Vec<Vec<&Label>> {
    let mut groups: Vec<Vec<&Label>> = Vec::new();
    for label in labels {
        let near = |group: &&mut Vec<&Label>| {
            group.iter().any(|other| {
                Arc::ptr_eq(&other.source, &label.source)
                    && other.span.line().abs_diff(label.span.line()) <= NEAR
            })
        };
        match groups.iter_mut().find(near) {
            Some(group) => group.push(label),
            None => groups.push(vec![label]),
        }
    }
    groups
}

/// The part of a problem that miette draws. Its headline is left empty, because the one-line form has said it.
#[derive(Debug)]
struct Drawing<'a> {
    excerpt: Option<Excerpt>,
    help: Option<&'a str>,
    severity: Severity,
}

fn draw(handler: &GraphicalReportHandler, drawing: &Drawing<'_>, out: &mut String) {
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

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
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
            if index == 0 {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

fn tally(problems: &Problems) -> String {
    let count = |severity, one: &str, many: &str| match problems
        .iter()
        .filter(|it| it.severity == severity)
        .count()
    {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<String> =
        [count(Severity::Error, "error", "errors"), count(Severity::Warning, "warning", "warnings")]
            .into_iter()
            .flatten()
            .collect();
    if parts.is_empty() { String::new() } else { format!("{}\n", parts.join(", ")) }
}
