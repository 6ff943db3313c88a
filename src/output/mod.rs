//! What programs read: every document and every event that `--json` prints, as separate structs with their schemas, so that a
//! change inside telform cannot accidentally change the output. A member may be added; any other change is a new version.
//!
//! `schemas/output/` and `docs/reference/machine-output.md` are generated from here; a test validates the real output of
//! every command.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::analysis::explain::Explanation;
use crate::analysis::plan_comparison::PlanComparison;
use crate::apply::event::ApplyEvent;
use crate::document;
use crate::document::schema_settings;

mod documents;
mod events;
mod graph;
mod inventory;
mod journal;
mod pages;
pub mod reference;
mod signed;
pub mod view;

pub use documents::{
    Adopted, Adoption, CarriedOver, Doctor, DriftReport, Failed, Forgotten, Formatting, LedgerEntry, LedgerList, LedgerLock,
    LedgerMoved, LedgerShown, NotKnown, NotWritten, Place, Rebuilt, Rekeyed, Subject, Supply, Validation, Violation,
    WatchedCreate,
};
pub use events::{Dark, Reached, Said, Saved, StepEnd, StepMore};
pub use graph::{GraphDocument, GraphEdge, GraphNode};
pub use inventory::{End, InventoryDocument, InventoryNumber, InventoryObject, NumberService};
pub use journal::{
    Blame, BrokenAt, Export, InForce, JournalChecked, JournalRestarted, JournalVerdict, RunList, RunShown, run, written,
};
pub use pages::{
    Completions, DocsIndex, DocsPage, ErrorCode, ErrorCodes, Initialized, KindPage, KindShape, KindTable, ManPage, ManPages,
    Served, ServedService,
};
pub use signed::{Approved, PlanVerdict, Vouched};

/// A document that a command prints.
pub trait OutputDocument: Serialize + JsonSchema {
    /// Its format name.
    const FORMAT: &'static str;
    /// Its version.
    const VERSION: u32 = 1;
}

/// Documents of commands that may write to the journal; they then contain its head.
const JOURNALED: [&str; 7] = [
    "telform-error",
    "telform-adopt",
    "telform-ledger-move",
    "telform-forget",
    "telform-ledger-rebuild",
    "telform-ledger-rekey",
    "telform-journal-restart",
];

/// The name and version of an event.
const EVENT: (&str, u32) = ("telform-event", 1);

/// A document or an event with its head.
#[derive(Debug, Serialize)]
pub struct WithHeader<'a, T> {
    format: &'static str,
    format_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<Reached>,
    #[serde(flatten)]
    body: &'a T,
}

/// A document with its head.
pub fn with_header<T: OutputDocument>(body: &T) -> WithHeader<'_, T> {
    with_journal_header(body, None)
}

/// The same of a command that wrote to the journal.
pub fn with_journal_header<T: OutputDocument>(body: &T, journal: Option<Reached>) -> WithHeader<'_, T> {
    WithHeader { format: T::FORMAT, format_version: T::VERSION, journal, body }
}

/// An event with its head, so that each line can be read alone.
pub fn event_with_header<T: Serialize>(body: &T) -> WithHeader<'_, T> {
    WithHeader { format: EVENT.0, format_version: EVENT.1, journal: None, body }
}

/// A type of document or event line.
#[derive(Debug, Clone, Copy)]
pub struct OutputFormat {
    /// Its format name.
    pub format: &'static str,
    /// Its version.
    pub version: u32,
    /// Commands that print it; none for a document that any command may print.
    pub commands: &'static [&'static str],
    schema: fn() -> Value,
}

impl OutputFormat {
    /// Its JSON Schema (draft 2020-12).
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// Where the repository keeps the schema.
    pub fn schema_file(&self) -> String {
        if self.format == document::FORMAT {
            return "schemas/plan.schema.json".to_owned();
        }
        let name = self.format.trim_start_matches("telform-");
        format!("schemas/output/{name}.schema.json")
    }
}

const fn output_format<T: OutputDocument>(commands: &'static [&'static str]) -> OutputFormat {
    OutputFormat { format: T::FORMAT, version: T::VERSION, commands, schema: schema_of::<T> }
}

/// Everything that is printed for programs, in the order of the reference page.
pub const OUTPUT_FORMATS: &[OutputFormat] = &[
    output_format::<Failed>(&[]),
    OutputFormat {
        format: document::FORMAT,
        version: document::FORMAT_VERSION,
        commands: &["plan", "show", "undo", "destroy"],
        schema: document::plan_schema,
    },
    OutputFormat {
        format: EVENT.0,
        version: EVENT.1,
        commands: &["apply", "resume", "undo", "destroy", "rehearse"],
        schema: event_schema,
    },
    output_format::<Validation>(&["validate"]),
    output_format::<Formatting>(&["fmt"]),
    output_format::<Explanation>(&["explain"]),
    output_format::<PlanComparison>(&["diff"]),
    output_format::<GraphDocument>(&["graph"]),
    output_format::<DriftReport<'static>>(&["drift"]),
    output_format::<InventoryDocument<'static>>(&["get"]),
    output_format::<Adoption>(&["adopt", "init"]),
    output_format::<Approved<'static>>(&["approve"]),
    output_format::<PlanVerdict<'static>>(&["verify"]),
    output_format::<JournalVerdict<'static>>(&["verify"]),
    output_format::<LedgerList<'static>>(&["ledger list"]),
    output_format::<LedgerShown<'static>>(&["ledger show"]),
    output_format::<LedgerMoved>(&["ledger move"]),
    output_format::<Forgotten>(&["forget", "ledger forget"]),
    output_format::<LedgerLock>(&["ledger unlock"]),
    output_format::<Rebuilt>(&["ledger rebuild"]),
    output_format::<Rekeyed>(&["ledger rekey"]),
    output_format::<RunList<'static>>(&["journal list"]),
    output_format::<RunShown<'static>>(&["journal show"]),
    output_format::<InForce<'static>>(&["journal show"]),
    output_format::<Blame<'static>>(&["journal blame"]),
    output_format::<JournalChecked<'static>>(&["journal verify"]),
    output_format::<Export<'static>>(&["journal export"]),
    output_format::<JournalRestarted>(&["journal restart"]),
    output_format::<Doctor<'static>>(&["doctor"]),
    output_format::<ErrorCodes>(&["docs", "explain"]),
    output_format::<KindPage>(&["docs"]),
    output_format::<DocsIndex>(&["docs"]),
    output_format::<Initialized>(&["init"]),
    output_format::<Served>(&["sandbox"]),
    output_format::<Completions>(&["completions"]),
    output_format::<ManPages>(&["man"]),
];

/// The shape with this name, with or without `telform-` before it.
pub fn find_format(name: &str) -> Option<&'static OutputFormat> {
    OUTPUT_FORMATS.iter().find(|shape| shape.format == name || shape.format.strip_prefix("telform-") == Some(name))
}

/// The events with what each means, in the order of their schema.
pub fn event_names() -> Vec<(String, String)> {
    let schema = event_schema();
    let variants = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    variants.iter().map(|it| (text(&it["properties"]["event"]["const"]), text(&it["description"]))).collect()
}

fn schema_of<T: OutputDocument>() -> Value {
    let settings = schema_settings().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    schema["title"] = json!(format!("{}, format version {}", T::FORMAT, T::VERSION));
    add_header(&mut schema, T::FORMAT, T::VERSION);
    if JOURNALED.contains(&T::FORMAT) {
        let mut settings = schema_settings().for_serialize();
        settings.inline_subschemas = true;
        let mut reached = settings.into_generator().into_root_schema_for::<Reached>().to_value();
        for word in ["$schema", "title"] {
            reached.as_object_mut().map(|it| it.remove(word));
        }
        schema["properties"]["journal"] = reached;
    }
    schema
}

/// One line of a stream: an event of an apply, or what a command reports around it.
fn event_schema() -> Value {
    let mut generator = schema_settings().for_serialize().into_generator();
    let told = generator.root_schema_for::<ApplyEvent>().to_value();
    let mut schema = generator.into_root_schema_for::<Said<'static>>().to_value();
    let variants = |schema: &Value| schema["oneOf"].as_array().cloned().unwrap_or_default();
    let mut all = variants(&schema);
    all.extend(variants(&told));
    for variant in &mut all {
        add_header(variant, EVENT.0, EVENT.1);
    }
    schema["title"] = json!(format!("{}, format version {}", EVENT.0, EVENT.1));
    schema["description"] = json!("One line of apply, resume, undo, destroy or rehearse with --json.");
    schema["oneOf"] = Value::Array(all);
    schema
}

/// Puts the members of the head before the others.
fn add_header(object: &mut Value, format: &str, version: u32) {
    let mut properties = Map::new();
    properties.insert("format".to_owned(), json!({ "const": format }));
    properties.insert("format_version".to_owned(), json!({ "const": version }));
    if let Some(own) = object["properties"].as_object() {
        properties.extend(own.clone());
    }
    let mut required = vec![json!("format"), json!("format_version")];
    required.extend(object["required"].as_array().cloned().unwrap_or_default());
    object["properties"] = Value::Object(properties);
    object["required"] = Value::Array(required);
}
