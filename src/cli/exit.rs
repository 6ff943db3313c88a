//! Errors that end a command, as people and programs read them.

use std::ffi::OsString;
use std::path::Path;

use super::next_commands::RepeatedOptions;
use crate::config::problem::{Problem, render_problems};
use crate::model::resource::SourceLocation;
use crate::output::{self, Failed};
use crate::run::RunError;
use crate::text::{escape, masked_for_display, shell_quote};

impl RunError {
    /// As people read it.
    pub(crate) fn text(&self, color: bool, width: usize, again: &RepeatedOptions) -> String {
        match self {
            Self::Problems(problems) => render_problems(problems, color, width),
            other => {
                let (code, message, help) = other.parts();
                let help = again.text(&help);
                let mut text = format!("error[{code}]: {}\n", escape(&message));
                if !help.is_empty() {
                    for (index, line) in
                        crate::output::view::text::wrap_text(&escape(&help), width.clamp(40, 100) - 8).into_iter().enumerate()
                    {
                        text.push_str(if index == 0 { "  help: " } else { "        " });
                        text.push_str(&line);
                        text.push('\n');
                    }
                }
                text
            }
        }
    }

    /// As programs read it.
    pub(crate) fn document(&self, again: &RepeatedOptions) -> Failed {
        let (code, message, help) = self.parts();
        let help = again.text(&help);
        let (place, problems) = match self {
            Self::Problems(problems) => {
                let place = |it: &Problem| {
                    let SourceLocation { file, line, column } = it.location.clone();
                    output::Place { file: file.to_string(), line: line as usize, column: column as usize }
                };
                (problems.iter().find(|it| !it.location.file.is_empty()).map(place), problems.to_reports())
            }
            Self::Ledger(_) | Self::Live(_) | Self::Other { .. } | Self::Refused { .. } => (None, Vec::new()),
        };
        Failed {
            code: code.to_owned(),
            message: escape(&message),
            help: Some(escape(&help)).filter(|help| !help.is_empty()),
            place,
            problems,
            may_have_written: None,
        }
    }
}

/// The same with each argument that it quotes on one line.
pub(crate) fn quote_arguments(mut error: clap::Error) -> clap::Error {
    use clap::error::{ContextKind, ContextValue};
    let quoted = |(kind, value): (ContextKind, &ContextValue)| match value {
        ContextValue::String(text) => Some((kind, ContextValue::String(escape(text)))),
        ContextValue::Strings(all) => Some((kind, ContextValue::Strings(all.iter().map(|text| escape(text)).collect()))),
        _ => None,
    };
    let quoted: Vec<_> = error.context().filter_map(quoted).collect();
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    error
}

/// The same with what the user probably means, where the parser cannot know it: a file needs `-f`, and an undo its run.
pub(crate) fn with_tip(mut error: clap::Error, line: &[OsString]) -> clap::Error {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    let wrong = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(all)) => all.join(" "),
        _ => return error,
    };
    let is_yaml = |text: &str| matches!(text.rsplit('.').next(), Some("yaml" | "yml"));
    let tip = match error.kind() {
        ErrorKind::MissingRequiredArgument if wrong == "<RUN>" => {
            "name the run: `telform undo last` is about the last one, and `telform journal list` shows all".to_owned()
        }
        ErrorKind::UnknownArgument if !wrong.starts_with('-') && (is_yaml(&wrong) || Path::new(&wrong).exists()) => {
            let word = |word: &OsString| {
                let text = word.to_string_lossy();
                if text == wrong { format!("-f {}", shell_quote(&text)) } else { shell_quote(&text) }
            };
            let words: Vec<String> = line.iter().skip(1).filter(|word| *word != "--json").map(word).collect();
            format!("a configuration is named with -f: `telform {}`", words.join(" "))
        }
        ErrorKind::ArgumentConflict if names_plan(&error) => {
            "a saved plan has its own digest, selection and limits: give these options to `telform plan --out FILE`".to_owned()
        }
        _ => return error,
    };
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![escape(&tip).into()]));
    error
}

/// Whether one of the arguments that exclude each other is a saved plan.
fn names_plan(error: &clap::Error) -> bool {
    use clap::error::{ContextKind, ContextValue};
    let is_plan = |text: &str| text.starts_with("[PLAN]");
    [ContextKind::InvalidArg, ContextKind::PriorArg].into_iter().any(|kind| match error.get(kind) {
        Some(ContextValue::String(text)) => is_plan(text),
        Some(ContextValue::Strings(all)) => all.iter().any(|text| is_plan(text)),
        _ => false,
    })
}

/// Invalid arguments, in the words of the parser.
pub(crate) fn usage_failure(error: &clap::Error) -> RunError {
    let text = error.render().to_string();
    let text = masked_for_display(&text);
    let (what, rest) = text.split_once("\n\n").unwrap_or((&*text, ""));
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let what = line(what);
    RunError::other("telform::cli::usage", what.strip_prefix("error: ").unwrap_or(&what), line(rest))
}
