//! `telform docs`: reference pages from the tables.

use clap::{Args, ValueEnum};

use crate::cli::args::{FormatArgs, OutArgs};
use crate::cli::console::Console;
use crate::cli::formats::FormatSelection;
use crate::config::desired::closest_name;
use crate::model::codes;
use crate::output::reference::{errors, kinds, topics};
use crate::output::view::json;
use crate::output::with_header;
use crate::run::{Exit, RunError};
use crate::services;

/// `telform docs`.
#[derive(Debug, Args, Clone)]
pub struct DocsArgs {
    /// Kind, `errors`, or an error code in any spelling
    ///
    /// Such as providers. A code may be written in any letter case, with `-`, `_` or blanks between its words, and
    /// without its first words [default: an index of the pages].
    #[arg(value_name = "TOPIC")]
    pub topic: Vec<String>,
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<DocsFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
}

/// Forms of a reference page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DocsFormat {
    /// For a terminal.
    Text,
    /// As `docs/` keeps it.
    Markdown,
    /// For programs.
    Json,
}

/// What can be requested.
#[derive(Debug, Clone, Copy)]
enum DocsTopic {
    /// Which pages there are.
    Index,
    /// All codes, or one.
    Errors(Option<&'static codes::CodeEntry>),
    /// A kind.
    Kind(&'static str),
}

/// Prints a page.
pub(crate) fn run(out: &Console, args: &DocsArgs) -> Result<Exit, RunError> {
    let wanted = FormatSelection::new(out, &args.formats, args.to.out.as_deref(), DocsFormat::Text, DocsFormat::Json)?;
    let topic = parse_topic(&args.topic.join(" "))?;
    let draw = |format, width| match (format, topic) {
        (DocsFormat::Text, DocsTopic::Index) => topics::topics_as_text(width),
        (DocsFormat::Text, DocsTopic::Errors(only)) => errors::errors_as_text(only, width),
        (DocsFormat::Text, DocsTopic::Kind(kind)) => kinds::kind_as_text(kind, width),
        (DocsFormat::Markdown, DocsTopic::Index) => topics::topics_as_markdown(),
        (DocsFormat::Markdown, DocsTopic::Errors(None)) => errors::errors_as_markdown(),
        (DocsFormat::Markdown, DocsTopic::Errors(Some(code))) => errors::code_as_markdown(code),
        (DocsFormat::Markdown, DocsTopic::Kind(kind)) => kinds::kind_as_markdown(kind),
        (DocsFormat::Json, DocsTopic::Index) => json::to_pretty_json(&with_header(&topics::topics_document())),
        (DocsFormat::Json, DocsTopic::Errors(only)) => json::to_pretty_json(&with_header(&errors::errors_document(only))),
        (DocsFormat::Json, DocsTopic::Kind(kind)) => json::to_pretty_json(&with_header(&kinds::kind_document(kind))),
    };
    wanted.write(|format| Some(draw(format, 100)))?;
    match (wanted.printed(), topic) {
        (None, _) => {}
        (Some(DocsFormat::Json), DocsTopic::Index) => out.print_document(&topics::topics_document()),
        (Some(DocsFormat::Json), DocsTopic::Errors(only)) => out.print_document(&errors::errors_document(only)),
        (Some(DocsFormat::Json), DocsTopic::Kind(kind)) => out.print_document(&kinds::kind_document(kind)),
        (Some(format), _) => out.print_unwrapped(&draw(format, out.width())),
    }
    Ok(Exit::Done)
}

/// The code that a text names, where it names one and not an address.
pub(super) fn code_named(text: &str) -> Option<&'static codes::CodeEntry> {
    match codes::find_codes(text).as_slice() {
        [code] => Some(code),
        _ => None,
    }
}

/// Prints the page of a code, as `telform docs CODE` does.
pub(super) fn print_code(out: &Console, code: &'static codes::CodeEntry) {
    if out.global.json {
        out.print_document(&errors::errors_document(Some(code)));
    } else {
        out.print(&errors::errors_as_text(Some(code), out.width()));
    }
}

fn parse_topic(asked: &str) -> Result<DocsTopic, RunError> {
    if asked.is_empty() {
        return Ok(DocsTopic::Index);
    }
    let word = asked.trim().to_lowercase();
    if matches!(word.as_str(), "errors" | "error" | "codes" | "error codes") {
        return Ok(DocsTopic::Errors(None));
    }
    if let Some(kind) =
        services::kind_names().into_iter().find(|kind| *kind == word || kind.strip_suffix('s') == Some(word.as_str()))
    {
        return Ok(DocsTopic::Kind(kind));
    }
    if let Some((roles, _)) = services::link_entry(&word) {
        return Ok(DocsTopic::Kind(roles.holder));
    }
    match codes::find_codes(asked).as_slice() {
        [code] => return Ok(DocsTopic::Errors(Some(code))),
        [] => {}
        several => {
            let names: Vec<String> = several.iter().map(|code| format!("`telform docs {}`", code.code)).collect();
            return Err(RunError::other(
                "telform::docs::topic",
                format!("`{asked}` is the end of {} codes", several.len()),
                format!("name one of them: {}", names.join(", ")),
            ));
        }
    }
    let near: Vec<&str> = closest_name(&word, services::address_kinds().into_iter().chain(["errors"]))
        .into_iter()
        .chain(codes::near_codes(asked, 3))
        .collect();
    let meant = if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(", or ")) };
    Err(RunError::other(
        "telform::docs::topic",
        format!("telform has no page about `{asked}`"),
        format!("{meant}`telform docs` lists all pages"),
    ))
}
