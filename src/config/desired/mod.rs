//! From YAML to [`Desired`]: checks every rule that needs neither environment nor network, and reports all problems at once.
//!
//! The keys of an object come from the kind tables; the only names written here are those that belong to telform itself
//! (accounts, guards, lifecycle, tombstones).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::config::problem::{Problem, Problems, Severity, Span};
use crate::config::schema;
use crate::config::yaml::{MapEntry, PlainScalar};
use crate::model::resource::{Address, Desired, SourceLocation, SourcedValue};
use crate::services;
use crate::text::to_hex;

mod account_assignment;
mod accounts;
mod conflicts;
mod country;
mod defaults;
mod existing;
mod file_text;
mod files;
mod groups;
mod guards;
mod layers;
mod ledger;
mod number_entries;
mod numbers;
mod objects;
mod phone;
mod policy;
mod references;
mod renames;
mod secret;
mod shapes;
mod side_by_side;
mod suggestions;
mod texts;
mod tombstones;
mod urls;
mod values;

pub(crate) use crate::config::tables::is_table;
pub(crate) use accounts::variable_name;
pub(in crate::config) use defaults::may_have_default;
pub(in crate::config) use file_text::file_text;
use files::ConfigFile;
pub use files::{FileEdits, source_paths};
pub(in crate::config) use files::{FoundFile, find_files, parse_yaml};
pub(crate) use files::{STDIN, has_default_config, is_stdin};
use layers::LayeredBlock;
pub(in crate::config) use secret::key_secrecy;
pub(crate) use suggestions::closest_name;
pub(in crate::config) use suggestions::{join_names, shorten_name, suggest_names};

/// Version of the file format.
const VERSION: &str = "1";

/// Keys at the top that are telform's own; the kinds come from the tables.
const TOP: [&str; 10] = [
    "version",
    schema::OVERLAY,
    "accounts",
    schema::DEFAULTS,
    schema::EXISTING,
    "guards",
    "ledger",
    "moved",
    "policy",
    "removed",
];

/// Whether a key at the top of a file is one that telform knows.
fn is_top(key: &str) -> bool {
    TOP.contains(&key) || services::address_kinds().contains(&key)
}

/// What to do about an account or object that is defined twice.
const TWICE: &str = "keep one of them, or rename one; a file that overrides others begins with `overlay: true`";

/// The content of the files, and warnings about them.
#[derive(Debug, Default)]
pub struct LoadedConfig {
    /// What is wanted.
    pub desired: Desired,
    /// None of these prevents a plan.
    pub warnings: Problems,
    /// What a check that asks no service can only report as a note.
    pub notes: Problems,
    /// What is wrong unless a service shows the opposite: a run leaves it to the plan.
    pub conditional_problems: Problems,
    /// `sha256:` over the bytes of all files, in the order in which they were read.
    pub digest: String,
    /// The files that override others, in the order in which they do.
    pub overlays: Vec<String>,
}

/// Reads the given files and folders, or the default ones below the current folder.
pub fn load_config(sources: &[PathBuf]) -> Result<LoadedConfig, Problems> {
    load_in(Path::new(""), sources)
}

/// Reads the files as they would be after an edit that is not on disk yet.
pub fn load_edited(sources: &[PathBuf], edits: &FileEdits) -> Result<LoadedConfig, Problems> {
    let (inputs, problems) = files::read_files(Path::new(""), sources, edits);
    check_inputs(&inputs, problems)
}

/// The same, with relative paths (and the default ones) starting from `here`.
pub fn load_in(here: &Path, sources: &[PathBuf]) -> Result<LoadedConfig, Problems> {
    let (inputs, problems) = files::read_files(here, sources, &FileEdits::default());
    check_inputs(&inputs, problems)
}

/// Reads one text as if it were a file of that name in that folder.
pub fn load_text(name: &str, folder: &Path, text: &str) -> Result<LoadedConfig, Problems> {
    let (input, problems) = files::parse_text(name, folder.to_path_buf(), text, &FileEdits::default());
    check_inputs(&[input], problems)
}

/// A file.
type FileRef<'a> = &'a ConfigFile;

/// An entry and its file.
#[derive(Clone, Copy)]
struct FileEntry<'a> {
    file: FileRef<'a>,
    entry: &'a MapEntry,
}

impl<'a> FileEntry<'a> {
    fn key(&self) -> &'a str {
        &self.entry.key
    }

    /// Where its value is to be changed: the cell of a table that it came from, or its line.
    fn value_location(&self) -> SourceLocation {
        let value = self.entry.value.used_at;
        let is_cell = self.file.source.is_in_table(value);
        self.file.source.location_of(if is_cell { value } else { self.entry.key_span })
    }
}

/// The work in progress: what was found at the top of all documents, and the results so far.
struct ConfigLoader<'a> {
    problems: Problems,
    /// Values from secret sources in the current attribute.
    sourced: Vec<SourcedValue>,
    conditional_problems: Problems,
    /// Whether every file could be read. If not, missing entries are not reported: they may be in the unread file.
    all_files_read: bool,
    /// Whether the current document is an overlay.
    overlay: bool,
    overlays: Vec<String>,
    accounts: IndexMap<&'a str, LayeredBlock<'a>>,
    account_summaries: IndexMap<&'a str, accounts::AccountSummary>,
    defaults: defaults::Defaults<'a>,
    objects: objects::Blocks<'a>,
    parsed: BTreeMap<Address, objects::ParsedObject<'a>>,
    existing: objects::Blocks<'a>,
    parsed_existing: BTreeMap<Address, objects::ParsedObject<'a>>,
    number_blocks: objects::Blocks<'a>,
    parsed_numbers: BTreeMap<Address, number_entries::ParsedNumber<'a>>,
    removed: Vec<FileEntry<'a>>,
    moved: Vec<FileEntry<'a>>,
    guards: BTreeMap<&'a str, FileEntry<'a>>,
    ledger: Option<FileEntry<'a>>,
    policy: Option<FileEntry<'a>>,
    version: Option<FileEntry<'a>>,
    desired: Desired,
}

/// Errors of a table after which each of its entries is still there.
const TABLE_KEEPS: [&str; 2] = ["telform::table::doubled_key", "telform::table::unused_column"];

fn check_inputs(inputs: &[ConfigFile], problems: Problems) -> Result<LoadedConfig, Problems> {
    let leaves_entries = |problem: &Problem| problem.severity == Severity::Warning || TABLE_KEEPS.contains(&problem.code);
    let complete = problems.iter().all(leaves_entries);
    let mut loader = ConfigLoader {
        problems,
        sourced: Vec::new(),
        conditional_problems: Problems::default(),
        all_files_read: complete,
        overlay: false,
        overlays: Vec::new(),
        accounts: IndexMap::new(),
        account_summaries: IndexMap::new(),
        defaults: BTreeMap::new(),
        objects: BTreeMap::new(),
        parsed: BTreeMap::new(),
        existing: BTreeMap::new(),
        parsed_existing: BTreeMap::new(),
        number_blocks: BTreeMap::new(),
        parsed_numbers: BTreeMap::new(),
        removed: Vec::new(),
        moved: Vec::new(),
        guards: BTreeMap::new(),
        ledger: None,
        policy: None,
        version: None,
        desired: Desired::default(),
    };
    loader.read_documents(inputs);
    loader.require_version(inputs);
    loader.read_accounts();
    loader.read_defaults();
    loader.read_top_guards();
    loader.read_ledger();
    loader.read_policy();
    loader.read_objects();
    loader.read_existing();
    loader.read_number_entries();
    loader.read_removed();
    loader.read_moved();
    loader.check_claims();
    loader.finish().map(|loaded| LoadedConfig { digest: digest_inputs(inputs), ..loaded })
}

/// Each text with its length before it, so that no two sets of files look alike. Names are not included: the same
/// files in another folder are the same configuration.
fn digest_inputs(inputs: &[ConfigFile]) -> String {
    let mut hash = Sha256::new();
    let tables = |input: &'_ ConfigFile| input.tables.iter().map(|(_, table)| Arc::clone(table)).collect::<Vec<_>>();
    for source in inputs.iter().flat_map(|input| std::iter::once(Arc::clone(&input.source)).chain(tables(input))) {
        let text = source.text();
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    format!("sha256:{}", to_hex(&hash.finalize()))
}

impl<'a> ConfigLoader<'a> {
    fn report_problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn finish(mut self) -> Result<LoadedConfig, Problems> {
        let objects = |all: BTreeMap<Address, objects::ParsedObject<'a>>| {
            all.into_iter().map(|(address, parsed)| (address, parsed.object)).collect()
        };
        self.desired.objects = objects(std::mem::take(&mut self.parsed));
        let numbers = std::mem::take(&mut self.parsed_numbers);
        self.desired.number_entries = numbers.into_iter().map(|(address, parsed)| (address, parsed.entry)).collect();
        self.desired.existing = objects(std::mem::take(&mut self.parsed_existing));
        let (mut problems, notes) = self.problems.sorted().without_notes();
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            problems.extend(self.conditional_problems);
            return Err(problems.sorted());
        }
        Ok(LoadedConfig {
            desired: self.desired,
            warnings: problems,
            notes,
            conditional_problems: self.conditional_problems.sorted(),
            overlays: self.overlays,
            digest: String::new(),
        })
    }

    /// Reads defining files first, in whatever order they were given, then overlays in their order.
    fn read_documents(&mut self, inputs: &'a [ConfigFile]) {
        let mut overlays = Vec::new();
        for file in inputs {
            for document in &file.documents {
                if self.is_overlay(file, document) {
                    overlays.push((file, document));
                } else {
                    self.read_document(file, document);
                }
            }
        }
        self.overlay = true;
        for (file, document) in overlays {
            self.read_document(file, document);
            self.overlays.push(file.source.name().to_owned());
        }
        self.overlay = false;
    }

    /// Sorts the keys at the top of a document.
    fn read_document(&mut self, file: FileRef<'a>, document: &'a crate::config::yaml::YamlNode) {
        let Some(entries) = document.as_map() else {
            self.all_files_read = false;
            self.report_problem(
                Problem::new("telform::yaml::wrong_type", "a document must be a map", &file.source, document.used_at)
                    .label(format!("this is {}", document.type_name()))
                    .help("begin with `version: 1`"),
            );
            return;
        };
        let kinds = services::address_kinds();
        let known: Vec<&str> = TOP.iter().copied().chain(kinds.iter().copied()).collect();
        let near = |entry: &MapEntry| suggestions::closest_name(&entry.key, known.iter().copied()).is_some();
        if !file.source.is_quoted() && !entries.iter().any(near) {
            let what = "this file has none of the keys that telform knows at the top of a file";
            let problem = Problem::new("telform::yaml::unknown_key", what, &file.source, document.used_at);
            self.report_problem(
                problem.help(format!("is this the right file? The known keys are {}", suggestions::join_names(&known))),
            );
            return;
        }
        for entry in entries {
            let item = FileEntry { file, entry };
            match item.key() {
                "version" => self.read_version(item),
                schema::OVERLAY => {}
                "accounts" => self.collect_accounts(item),
                schema::DEFAULTS => self.collect_defaults(None, item, &kinds),
                schema::EXISTING => self.collect_existing(item),
                "guards" => self.collect_guards(item),
                "ledger" => self.collect_ledger(item),
                "moved" => self.collect_moved(item),
                "policy" => self.collect_policy(item),
                "removed" => self.collect_removed(item),
                kind if kinds.contains(&kind) => self.collect_objects(item),
                _ if file.source.is_quoted() || near(entry) => {
                    self.report_unknown_key(file, entry, &known, "at the top of a file");
                }
                _ => {}
            }
        }
    }

    /// Refuses a key that is not known at this position.
    fn report_unknown_key(&mut self, file: FileRef<'_>, entry: &MapEntry, known: &[&str], place: &str) {
        let key = suggestions::shorten_name(&entry.key);
        let mut problem =
            Problem::new("telform::yaml::unknown_key", format!("unknown key `{key}` {place}"), &file.source, entry.key_span)
                .help(format!("known here: {}", suggestions::join_names(known)));
        if let Some(meant) = suggestions::closest_name(&entry.key, known.iter().copied()) {
            problem = problem.label(format!("did you mean `{meant}`?"));
        }
        self.report_problem(problem);
    }

    /// Reports a duplicate, and shows both positions.
    fn report_duplicate(
        &mut self,
        code: &'static str,
        what: &str,
        first: (FileRef<'_>, Span),
        again: (FileRef<'_>, Span),
        help: &str,
    ) {
        let swapped = Arc::ptr_eq(&first.0.source, &again.0.source) && first.1.start() > again.1.start();
        let (first, again) = if swapped { (again, first) } else { (first, again) };
        self.report_problem(
            Problem::new(code, what, &again.0.source, again.1)
                .label("again")
                .also_at(&first.0.source, first.1, "first")
                .help(help),
        );
    }

    /// Entries of a section that must be a map. A missing map is more often a mistake than intended.
    fn read_section(&mut self, item: FileEntry<'a>) -> Option<&'a [MapEntry]> {
        let entries = item.entry.value.as_map();
        if entries.is_none() {
            let key = suggestions::shorten_name(item.key());
            let empty = item.entry.value.is_null();
            let found = if empty { "nothing" } else { item.entry.value.type_name() };
            let what = format!("`{key}` must be a map");
            let mut problem = Problem::new("telform::yaml::wrong_type", what, &item.file.source, values::value_span(item.entry))
                .label(format!("this is {found}"));
            if empty {
                problem =
                    problem.help(format!("indent its entries below it, or write `{key}: {{}}` when it is meant to be empty"));
            }
            self.report_problem(problem);
        }
        entries
    }

    fn read_version(&mut self, item: FileEntry<'a>) {
        let good = item
            .entry
            .value
            .as_scalar()
            .is_some_and(|scalar| scalar.classify_scalar() == PlainScalar::Integer && &*scalar.text == VERSION);
        if !good {
            self.report_problem(
                Problem::new(
                    "telform::yaml::version",
                    "this version of the file format is not known",
                    &item.file.source,
                    values::value_span(item.entry),
                )
                .label("here")
                .help(format!("write `version: {VERSION}`")),
            );
        }
        self.version.get_or_insert(item);
    }

    fn require_version(&mut self, inputs: &[ConfigFile]) {
        let Some(first) = inputs.first().filter(|_| self.version.is_none() && self.all_files_read) else {
            return;
        };
        self.report_problem(
            Problem::of_file("telform::yaml::version", "no file states the version of the format", first.source.name())
                .help(format!("begin with `version: {VERSION}`")),
        );
    }
}
