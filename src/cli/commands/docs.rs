//! `telform docs`: reference pages from the tables.

use clap::Args;

use crate::cli::console::Console;
use crate::model::codes;
use crate::output::reference::{errors, kinds};
use crate::run::{Exit, RunError};
use crate::services;

/// `telform docs`.
#[derive(Debug, Args, Clone)]
pub struct DocsArgs {
    /// Kind (providers, bridges or partners), `errors`, or one error code
    pub topic: String,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocsFormat,
}

/// Forms of a reference page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DocsFormat {
    /// For a terminal.
    Text,
    /// As `docs/` keeps it.
    Markdown,
}

/// What can be requested.
enum DocsTopic {
    /// All codes, or one.
    Errors(Option<&'static codes::CodeEntry>),
    /// A kind.
    Kind(&'static str),
}

/// Prints a page.
pub(crate) fn run(out: &Console, args: &DocsArgs) -> Result<Exit, RunError> {
    let topic = parse_topic(&args.topic)?;
    if out.global.json {
        match topic {
            DocsTopic::Errors(only) => out.print_document(&errors::errors_document(only)),
            DocsTopic::Kind(kind) => out.print_document(&kinds::kind_document(kind)),
        }
        return Ok(Exit::Done);
    }
    let page = match (topic, args.format) {
        (DocsTopic::Errors(None), DocsFormat::Markdown) => errors::errors_as_markdown(),
        (DocsTopic::Kind(kind), DocsFormat::Markdown) => kinds::kind_as_markdown(kind),
        (DocsTopic::Errors(only), _) => errors::errors_as_text(only, out.width()),
        (DocsTopic::Kind(kind), DocsFormat::Text) => kinds::kind_as_text(kind, out.width()),
    };
    out.print(&page);
    Ok(Exit::Done)
}

fn parse_topic(asked: &str) -> Result<DocsTopic, RunError> {
    if asked == "errors" {
        return Ok(DocsTopic::Errors(None));
    }
    if let Some(kind) = services::kind_names().into_iter().find(|kind| *kind == asked) {
        return Ok(DocsTopic::Kind(kind));
    }
    if let Some((roles, _)) = services::link_entry(asked) {
        return Ok(DocsTopic::Kind(roles.holder));
    }
    if let Some(code) = codes::find_code(asked) {
        return Ok(DocsTopic::Errors(Some(code)));
    }
    let known = services::address_kinds().into_iter().chain(["errors"]).chain(codes::all_codes().map(|code| code.code));
    let near = known
        .map(|name| (strsim::normalized_damerau_levenshtein(name, asked), name))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let meant = near.map_or_else(String::new, |(_, name)| format!("did you mean {name}? "));
    Err(RunError::other(
        "telform::docs::topic",
        format!("telform has no page about `{asked}`"),
        format!("{meant}Pages: `errors`, every error code, and the kinds {}", services::address_kinds().join(", ")),
    ))
}
