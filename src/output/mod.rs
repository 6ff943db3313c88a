//! What programs read: every document and every event that `--json` prints, as structs of their own with their schemas, so that
//! a change inside telform cannot change the output by accident. A member may be added; any other change is a new version.
//!
//! `schemas/output/` and `docs/reference/machine-output.md` are made from here; a story validates the real output of every
//! command.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::document;
use crate::event::Event;
use crate::explain::Explanation;

mod documents;
mod events;
mod journal;
mod pages;

pub use documents::{
    Adopted, Adoption, CarriedOver, Doctor, DriftReport, Failed, Forgotten, LedgerEntry, LedgerList,
    LedgerLock, LedgerMoved, LedgerShown, NotKnown, NotWritten, Place, PlanVerdict, Rebuilt, Rekeyed,
    Subject, Supply, Validation, Violation, WatchedCreate,
};
pub use events::{Dark, Said, Saved, StepEnd, StepMore};
pub use journal::{
    Blame, BrokenAt, Export, InForce, JournalChecked, JournalRestarted, JournalVerdict, RunList, RunShown,
    run, written,
};
pub use pages::{
    Completions, ErrorCode, ErrorCodes, Initialized, KindPage, KindShape, KindTable, ManPage, ManPages,
    Served,
};

/// A document that a command prints.
pub trait Document: Serialize + JsonSchema {
    /// What it says it is.
    const FORMAT: &'static str;
    /// Its version.
    const VERSION: u32 = 1;
}

/// What an event says it is, and its version.
const EVENT: (&str, u32) = ("telform-event", 1);

/// A document or an event with its head.
#[derive(Debug, Serialize)]
pub struct Headed<'a, T> {
    format: &'static str,
    format_version: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// A document with its head.
pub fn document<T: Document>(body: &T) -> Headed<'_, T> {
    Headed { format: T::FORMAT, format_version: T::VERSION, body }
}

/// An event with its head, so that each line can be read alone.
pub fn event<T: Serialize>(body: &T) -> Headed<'_, T> {
    Headed { format: EVENT.0, format_version: EVENT.1, body }
}

/// A sort of document or event line.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What it says it is.
    pub format: &'static str,
    /// Its version.
    pub version: u32,
    /// Commands that print it; none for what any may print.
    pub commands: &'static [&'static str],
    schema: fn() -> Value,
}

impl Shape {
    /// Its JSON Schema (draft 2020-12).
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// Where the repository keeps the schema.
    pub fn file(&self) -> String {
        if self.format == document::FORMAT {
            return "schemas/plan.schema.json".to_owned();
        }
        let name = self.format.trim_start_matches("telform-");
        format!("schemas/output/{name}.schema.json")
    }
}

const fn shape<T: Document>(commands: &'static [&'static str]) -> Shape {
    Shape { format: T::FORMAT, version: T::VERSION, commands, schema: of::<T> }
}

/// Everything that is printed for programs, in the order of the page.
pub const SHAPES: &[Shape] = &[
    shape::<Failed>(&[]),
    Shape {
        format: document::FORMAT,
        version: document::FORMAT_VERSION,
        commands: &["plan", "show"],
        schema: document::schema,
    },
    Shape {
        format: EVENT.0,
        version: EVENT.1,
        commands: &["apply", "resume", "undo", "rehearse"],
        schema: events,
    },
    shape::<Validation>(&["validate"]),
    shape::<Explanation>(&["explain"]),
    shape::<DriftReport<'static>>(&["drift"]),
    shape::<Adoption>(&["adopt", "init"]),
    shape::<PlanVerdict<'static>>(&["verify"]),
    shape::<JournalVerdict<'static>>(&["verify"]),
    shape::<LedgerList<'static>>(&["ledger list"]),
    shape::<LedgerShown<'static>>(&["ledger show"]),
    shape::<LedgerMoved>(&["ledger move"]),
    shape::<Forgotten>(&["forget", "ledger forget"]),
    shape::<LedgerLock>(&["ledger unlock"]),
    shape::<Rebuilt>(&["ledger rebuild"]),
    shape::<Rekeyed>(&["ledger rekey"]),
    shape::<RunList<'static>>(&["journal list"]),
    shape::<RunShown<'static>>(&["journal show"]),
    shape::<InForce<'static>>(&["journal show"]),
    shape::<Blame<'static>>(&["journal blame"]),
    shape::<JournalChecked<'static>>(&["journal verify"]),
    shape::<Export<'static>>(&["journal export"]),
    shape::<JournalRestarted>(&["journal restart"]),
    shape::<Doctor<'static>>(&["doctor"]),
    shape::<ErrorCodes>(&["docs"]),
    shape::<KindPage>(&["docs"]),
    shape::<Initialized>(&["init"]),
    shape::<Served>(&["sandbox"]),
    shape::<Completions>(&["completions"]),
    shape::<ManPages>(&["man"]),
];

/// The shape with this name, with or without `telform-` before it.
pub fn find(name: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.format == name || shape.format.strip_prefix("telform-") == Some(name))
}

/// The events with what each means, in the order of their schema.
pub fn event_names() -> Vec<(String, String)> {
    let schema = events();
    let variants = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    variants.iter().map(|it| (text(&it["properties"]["event"]["const"]), text(&it["description"]))).collect()
}

fn of<T: Document>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    schema["title"] = json!(format!("{}, format version {}", T::FORMAT, T::VERSION));
    headed(&mut schema, T::FORMAT, T::VERSION);
    schema
}

/// One line of a stream: what an apply tells its listeners, and what a command says around it.
fn events() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let told = generator.root_schema_for::<Event>().to_value();
    let mut schema = generator.into_root_schema_for::<Said<'static>>().to_value();
    let variants = |schema: &Value| schema["oneOf"].as_array().cloned().unwrap_or_default();
    let mut all = variants(&schema);
    all.extend(variants(&told));
    for variant in &mut all {
        headed(variant, EVENT.0, EVENT.1);
    }
    schema["title"] = json!(format!("{}, format version {}", EVENT.0, EVENT.1));
    schema["description"] = json!("One line of apply, resume, undo or rehearse with --json.");
    schema["oneOf"] = Value::Array(all);
    schema
}

/// Puts the members of the head before the others.
fn headed(object: &mut Value, format: &str, version: u32) {
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
