//! `telform docs`: reference pages out of the tables.

use super::args::{DocsArgs, DocsFormat};
use super::exit::{Exit, Failure};
use super::out::Out;
use crate::backend;
use crate::codes;
use crate::docs::{errors, kinds};

/// What can be asked for.
enum Topic {
    /// All codes, or one.
    Errors(Option<&'static codes::Code>),
    /// A kind.
    Kind(&'static str),
}

/// Prints a page.
pub(super) fn run(out: &Out, args: &DocsArgs) -> Result<Exit, Failure> {
    let topic = topic(&args.topic)?;
    if out.global.json {
        match topic {
            Topic::Errors(only) => out.document(&errors::document(only)),
            Topic::Kind(kind) => out.document(&kinds::document(kind)),
        }
        return Ok(Exit::Done);
    }
    let page = match (topic, args.format) {
        (Topic::Errors(None), DocsFormat::Markdown) => errors::markdown(),
        (Topic::Kind(kind), DocsFormat::Markdown) => kinds::markdown(kind),
        (Topic::Errors(only), _) => errors::text(only, out.width()),
        (Topic::Kind(kind), DocsFormat::Text) => kinds::text(kind, out.width()),
    };
    out.print(&page);
    Ok(Exit::Done)
}

fn topic(asked: &str) -> Result<Topic, Failure> {
    if asked == "errors" {
        return Ok(Topic::Errors(None));
    }
    if let Some(kind) = backend::kind_names().into_iter().find(|kind| *kind == asked) {
        return Ok(Topic::Kind(kind));
    }
    if let Some(code) = codes::find(asked) {
        return Ok(Topic::Errors(Some(code)));
    }
    let known = backend::kind_names().into_iter().chain(["errors"]).chain(codes::all().map(|code| code.code));
    let near = known
        .map(|name| (strsim::normalized_damerau_levenshtein(name, asked), name))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let meant = near.map_or_else(String::new, |(_, name)| format!("did you mean {name}? "));
    Err(Failure::other(
        "telform::docs::topic",
        format!("there is no page about `{asked}`"),
        format!(
            "{meant}There is `errors`, every error code, and the kinds {}",
            backend::kind_names().join(", ")
        ),
    ))
}
