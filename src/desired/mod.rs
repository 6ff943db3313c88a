//! From YAML to [`Desired`]: every rule that can be checked without environment and network, and all problems at once.
//!
//! What an object may say comes from the kind tables; the only names written down here are those that belong to telform
//! itself (accounts, guards, lifecycle, tombstones).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::backend;
use crate::problem::{Problem, Problems, Severity, Span};
use crate::resource::{Address, Desired, SourcedValue};
use crate::schema;
use crate::text::hex;
use crate::yaml::{Entry, Plain};

mod accounts;
mod claims;
mod country;
mod files;
mod guards;
mod layers;
mod moved;
mod names;
mod numbers;
mod objects;
mod owners;
mod phone;
mod policy;
mod removed;
mod secret;
mod shapes;
mod texts;
mod urls;
mod values;

pub(crate) use accounts::variable;
use files::Input;
pub use files::{Edits, places};
use layers::Block;
pub(crate) use names::meant;

/// Version of the file format.
const VERSION: &str = "1";

/// Keys at the top that are telform's own; the kinds come from the tables.
const TOP: [&str; 8] =
    ["version", schema::OVERLAY, "accounts", "guards", "ledger", "moved", "policy", "removed"];

/// What to do about an account or object that is defined twice.
const TWICE: &str =
    "keep one of them, or rename one; a file that overrides others begins with `overlay: true`";

/// What the files say, and what is worth knowing about them.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What is wanted.
    pub desired: Desired,
    /// Nothing here keeps a plan from being made.
    pub warnings: Problems,
    /// What a check that asks no service can only note.
    pub notes: Problems,
    /// What is wrong unless a service shows otherwise: a run leaves it to the plan.
    pub unsure: Problems,
    /// `sha256:` over the bytes of all files, in the order in which they were read.
    pub digest: String,
    /// The files that override others, in the order in which they do.
    pub overlays: Vec<String>,
}

/// Reads the given files and folders, or the default ones below the current folder.
pub fn load(sources: &[PathBuf]) -> Result<Loaded, Problems> {
    load_in(Path::new(""), sources)
}

/// Reads the files as they would be after an edit that is not on disk yet.
pub fn load_edited(sources: &[PathBuf], edits: &Edits) -> Result<Loaded, Problems> {
    let (inputs, problems) = files::read(Path::new(""), sources, edits);
    check(&inputs, problems)
}

/// The same, with relative paths (and the default ones) starting from `here`.
pub fn load_in(here: &Path, sources: &[PathBuf]) -> Result<Loaded, Problems> {
    let (inputs, problems) = files::read(here, sources, &Edits::default());
    check(&inputs, problems)
}

/// Reads one text as if it were a file of that name in that folder.
pub fn load_text(name: &str, folder: &Path, text: &str) -> Result<Loaded, Problems> {
    let (input, problems) = files::parse(name, folder.to_path_buf(), text);
    check(&[input], problems)
}

/// A file.
type In<'a> = &'a Input;

/// An entry and the file it stands in.
#[derive(Clone, Copy)]
struct Item<'a> {
    file: In<'a>,
    entry: &'a Entry,
}

impl<'a> Item<'a> {
    fn key(&self) -> &'a str {
        &self.entry.key
    }
}

/// The work in progress: what was found at the top of all documents, and what has been made of it.
struct Loader<'a> {
    problems: Problems,
    /// Values from secret sources in the attribute at hand.
    sourced: Vec<SourcedValue>,
    unsure: Problems,
    /// Whether every file could be read. If not, nothing is said about what is missing: it may stand in the other file.
    complete: bool,
    /// Whether the document at hand is an overlay.
    overlay: bool,
    overlays: Vec<String>,
    accounts: IndexMap<&'a str, Block<'a>>,
    logins: IndexMap<&'a str, accounts::Login>,
    objects: BTreeMap<Address, Rc<Block<'a>>>,
    parsed: BTreeMap<Address, objects::Parsed<'a>>,
    removed: Vec<Item<'a>>,
    moved: Vec<Item<'a>>,
    guards: BTreeMap<&'a str, Item<'a>>,
    ledger: Option<Item<'a>>,
    policy: Option<Item<'a>>,
    version: Option<Item<'a>>,
    desired: Desired,
}

fn check(inputs: &[Input], problems: Problems) -> Result<Loaded, Problems> {
    let complete = problems.iter().all(|problem| problem.severity == Severity::Warning);
    let mut loader = Loader {
        problems,
        sourced: Vec::new(),
        unsure: Problems::default(),
        complete,
        overlay: false,
        overlays: Vec::new(),
        accounts: IndexMap::new(),
        logins: IndexMap::new(),
        objects: BTreeMap::new(),
        parsed: BTreeMap::new(),
        removed: Vec::new(),
        moved: Vec::new(),
        guards: BTreeMap::new(),
        ledger: None,
        policy: None,
        version: None,
        desired: Desired::default(),
    };
    loader.documents(inputs);
    loader.require_version(inputs);
    loader.read_accounts();
    loader.read_top_guards();
    loader.read_ledger();
    loader.read_policy();
    loader.read_objects();
    loader.read_removed();
    loader.read_moved();
    loader.check_claims();
    loader.finish().map(|loaded| Loaded { digest: digest(inputs), ..loaded })
}

/// Each text with its length before it, so that no two sets of files look alike. Names do not count: the same files in
/// another folder are the same configuration.
fn digest(inputs: &[Input]) -> String {
    let mut hash = Sha256::new();
    for input in inputs {
        let text = input.source.text();
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    format!("sha256:{}", hex(&hash.finalize()))
}

impl<'a> Loader<'a> {
    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn finish(mut self) -> Result<Loaded, Problems> {
        let parsed = std::mem::take(&mut self.parsed);
        self.desired.objects = parsed.into_iter().map(|(address, parsed)| (address, parsed.object)).collect();
        let (mut problems, notes) = self.problems.sorted().without_notes();
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            problems.extend(self.unsure);
            return Err(problems.sorted());
        }
        Ok(Loaded {
            desired: self.desired,
            warnings: problems,
            notes,
            unsure: self.unsure.sorted(),
            overlays: self.overlays,
            digest: String::new(),
        })
    }

    /// Reads what defines first, in whatever order the files were given, then overlays in their order.
    fn documents(&mut self, inputs: &'a [Input]) {
        let mut overlays = Vec::new();
        for file in inputs {
            for document in &file.documents {
                if self.is_overlay(file, document) {
                    overlays.push((file, document));
                } else {
                    self.document(file, document);
                }
            }
        }
        self.overlay = true;
        for (file, document) in overlays {
            self.document(file, document);
            self.overlays.push(file.source.name().to_owned());
        }
        self.overlay = false;
    }

    /// Sorts what stands at the top of a document.
    fn document(&mut self, file: In<'a>, document: &'a crate::yaml::Node) {
        let Some(entries) = document.map() else {
            self.complete = false;
            self.report(
                Problem::new(
                    "telform::yaml::wrong_type",
                    "a document must be a map",
                    &file.source,
                    document.at,
                )
                .label(format!("this is {}", document.sort()))
                .help("begin with `version: 1`"),
            );
            return;
        };
        let kinds = backend::kind_names();
        for entry in entries {
            let item = Item { file, entry };
            match item.key() {
                "version" => self.read_version(item),
                schema::OVERLAY => {}
                "accounts" => self.collect_accounts(item),
                "guards" => self.collect_guards(item),
                "ledger" => self.collect_ledger(item),
                "moved" => self.collect_moved(item),
                "policy" => self.collect_policy(item),
                "removed" => self.collect_removed(item),
                kind if kinds.contains(&kind) => self.collect_objects(item),
                _ => {
                    let known: Vec<&str> = TOP.iter().copied().chain(kinds.iter().copied()).collect();
                    self.unknown(file, entry, &known, "at the top of a file");
                }
            }
        }
    }

    /// Refuses a key that is not known at this place.
    fn unknown(&mut self, file: In<'_>, entry: &Entry, known: &[&str], place: &str) {
        let key = names::short(&entry.key);
        let mut problem = Problem::new(
            "telform::yaml::unknown_key",
            format!("unknown key `{key}` {place}"),
            &file.source,
            entry.key_span,
        )
        .help(format!("known here: {}", names::listed(known)));
        if let Some(meant) = names::meant(&entry.key, known.iter().copied()) {
            problem = problem.label(format!("did you mean `{meant}`?"));
        }
        self.report(problem);
    }

    /// Says that something stands twice, and shows both places.
    fn twice(
        &mut self,
        code: &'static str,
        what: &str,
        first: (In<'_>, Span),
        again: (In<'_>, Span),
        help: &str,
    ) {
        self.report(
            Problem::new(code, what, &again.0.source, again.1)
                .label("again")
                .also(&first.0.source, first.1, "first")
                .help(help),
        );
    }

    /// Entries of a section that must be a map. Nothing where a map should be is more often a slip than a wish.
    fn section(&mut self, item: Item<'a>) -> Option<&'a [Entry]> {
        let entries = item.entry.value.map();
        if entries.is_none() {
            let key = names::short(item.key());
            let empty = item.entry.value.is_null();
            let found = if empty { "nothing" } else { item.entry.value.sort() };
            let what = format!("`{key}` must be a map");
            let mut problem =
                Problem::new("telform::yaml::wrong_type", what, &item.file.source, values::spot(item.entry))
                    .label(format!("this is {found}"));
            if empty {
                problem = problem.help(format!("write `{key}: {{}}` when it is meant to be empty"));
            }
            self.report(problem);
        }
        entries
    }

    fn read_version(&mut self, item: Item<'a>) {
        let good = item
            .entry
            .value
            .scalar()
            .is_some_and(|scalar| scalar.reading() == Plain::Integer && &*scalar.text == VERSION);
        if !good {
            self.report(
                Problem::new(
                    "telform::yaml::version",
                    "this version of the file format is not known",
                    &item.file.source,
                    values::spot(item.entry),
                )
                .label("here")
                .help(format!("write `version: {VERSION}`")),
            );
        }
        self.version.get_or_insert(item);
    }

    fn require_version(&mut self, inputs: &[Input]) {
        let Some(first) = inputs.first().filter(|_| self.version.is_none() && self.complete) else { return };
        self.report(
            Problem::of_file(
                "telform::yaml::version",
                "no file says which version of the format it is in",
                first.source.name(),
            )
            .help(format!("begin with `version: {VERSION}`")),
        );
    }

    fn collect_ledger(&mut self, item: Item<'a>) {
        if let Some(first) = self.ledger.filter(|_| !self.overlay) {
            let what = "`ledger` is said twice";
            let (first, again) = ((first.file, first.entry.key_span), (item.file, item.entry.key_span));
            self.twice(
                "telform::yaml::duplicate",
                what,
                first,
                again,
                "there is one ledger; keep one of them",
            );
        }
        if self.overlay || self.ledger.is_none() {
            self.ledger = Some(item);
        }
    }

    fn read_ledger(&mut self) {
        let Some(item) = self.ledger else { return };
        let Some(text) = self.text(item.file, item.entry) else { return };
        let wrong = match text.split_once("://") {
            _ if text.trim().is_empty() => Some("`ledger` must not be empty"),
            Some((_, rest)) => rest.contains('@').then_some("the ledger's address must hold no login"),
            None => (!urls::stays_below(&text))
                .then_some("`ledger` takes an address, or a path below its own folder that ends in .json"),
        };
        if let Some(what) = wrong {
            self.report(
                Problem::new("telform::yaml::ledger", what, &item.file.source, values::spot(item.entry))
                    .label("here")
                    .help(
                        "write a path below this file's folder that ends in .json, such as .telform/west.json, or an \
                         address such as s3://bucket/telform.json; any other file is named with --ledger or TELFORM_LEDGER",
                    ),
            );
            return;
        }
        let place = if text.contains("://") {
            text.to_string()
        } else {
            item.file.folder.join(text.as_str()).display().to_string()
        };
        self.desired.ledger = Some((place, item.file.source.place(item.entry.key_span)));
    }
}
