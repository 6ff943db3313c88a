//! `telform schema`: prints a JSON Schema.

use clap::Args;

use crate::cli::args::OutArgs;
use crate::cli::console::Console;
use crate::cli::formats::print_or_write;
use crate::config::schema as schemas;
use crate::output;
use crate::run::{Exit, RunError};
use crate::services;

/// `telform schema`.
#[derive(Debug, Args, Clone)]
pub struct SchemaArgs {
    /// Kind, `plan`, or the name of a --json document
    ///
    /// providers, bridges or partners; `plan` for saved plans; or a name such as telform-event [default: the whole YAML file].
    pub kind: Option<String>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
}

/// Prints a JSON Schema.
pub(crate) fn run(out: &Console, args: &SchemaArgs) -> Result<Exit, RunError> {
    if let Some(shape) = args.kind.as_deref().and_then(output::find_format) {
        print_or_write(out, &args.to, &format!("{}\n", serde_json::to_string_pretty(&shape.schema()).unwrap_or_default()))?;
        return Ok(Exit::Done);
    }
    if let Some(kind) = &args.kind
        && !services::address_kinds().contains(&kind.as_str())
    {
        return Err(RunError::other(
            "telform::cli::unknown_kind",
            format!("`{kind}` is not a kind"),
            format!(
                "the kinds are {}; or `plan` for saved plans, or what a document of --json calls itself",
                services::address_kinds().join(", ")
            ),
        ));
    }
    print_or_write(out, &args.to, &schemas::schema_text(args.kind.as_deref()))?;
    Ok(Exit::Done)
}
