//! YAML as a tree that remembers where everything stands and how it was written, built from the parser's events.
//!
//! Nothing is guessed here: a scalar keeps its text and whether it was quoted, because `01234`, `+14155550101` and `no`
//! mean different things to different readers, and the loader has to see them as they were written.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::problem::{Problem, Problems, Source, Span};

mod build;
mod mask;
mod merge;
mod plain;

pub(crate) use mask::variable as is_variable;
pub use plain::{Plain, quoted};

/// Largest file.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Deepest nesting, aliases followed.
pub const MAX_DEPTH: usize = 64;
/// Most nodes of a file, aliases followed.
pub const MAX_NODES: usize = 4_000_000;
/// Most text that aliases of a file may add.
pub const MAX_ALIAS_TEXT: usize = 64 * 1024 * 1024;

/// One file: its text as far as it may be shown, and its documents. Empty documents are left out.
#[derive(Debug)]
pub struct File {
    /// For messages.
    pub source: Arc<Source>,
    /// Roots.
    pub documents: Vec<Node>,
}

/// One value and where it stands.
///
/// `Debug` shows the sort of value only: a literal secret may be in it.
#[derive(Clone)]
pub struct Node {
    /// The value.
    pub data: Data,
    /// Where it is written; for an alias, where the anchored value is.
    pub span: Span,
    /// Where it is used: the alias, or the same as `span`.
    pub at: Span,
}

/// Sort of value.
#[derive(Clone)]
pub enum Data {
    /// A text as yet without a type.
    Scalar(Scalar),
    /// `[…]` or lines with `-`.
    List(Arc<Vec<Node>>),
    /// `{…}` or lines with `key:`. Shared, so that an alias costs nothing until it is read.
    Map(Arc<Vec<Entry>>),
}

/// A text as yet without a type.
#[derive(Clone)]
pub struct Scalar {
    /// After quotes and escapes are resolved; empty for a value that was left out.
    pub text: SmolStr,
    /// Written without quotes (and without `!!str`), so that other readers may take it for something else than text.
    pub plain: bool,
}

/// One line of a map.
#[derive(Clone)]
pub struct Entry {
    /// Its key.
    pub key: SmolStr,
    /// Whether the key was written without quotes.
    pub key_plain: bool,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// What it is, for messages.
    pub fn sort(&self) -> &'static str {
        match &self.data {
            Data::Scalar(scalar) => match scalar.reading() {
                Plain::Null => "null",
                Plain::Bool => "true or false",
                Plain::Integer | Plain::Number => "a number",
                Plain::OddNumber => "a number in an odd spelling",
                _ => "a text",
            },
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }

    /// Whether it is null or was left out.
    pub fn is_null(&self) -> bool {
        matches!(&self.data, Data::Scalar(scalar) if scalar.plain && plain::is_null(&scalar.text))
    }

    /// Entries, when it is a map.
    pub fn map(&self) -> Option<&[Entry]> {
        if let Data::Map(entries) = &self.data { Some(entries) } else { None }
    }

    /// Items, when it is a list.
    pub fn list(&self) -> Option<&[Self]> {
        if let Data::List(items) = &self.data { Some(items) } else { None }
    }

    /// Text, when it is a scalar.
    pub fn scalar(&self) -> Option<&Scalar> {
        if let Data::Scalar(scalar) = &self.data { Some(scalar) } else { None }
    }

    /// Value of a key, when it is a map.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.map()?.iter().find(|entry| &*entry.key == key)
    }
}

impl Scalar {
    /// What readers make of it.
    pub fn reading(&self) -> Plain {
        if self.plain { plain::reading(&self.text) } else { Plain::Text }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} at {}:{})", self.sort(), self.at.line(), self.at.column())
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(scalar)")
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(entry at {}:{})", self.key_span.line(), self.key_span.column())
    }
}

/// Whether the value of a key is a secret, judging by the key's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// It is not: the name is one that is known.
    Known,
    /// It is not, and texts inside it may come from secret sources: what looks like a credential there is one.
    Sourced,
    /// Nothing tells, and nothing makes one suspect it.
    No,
    /// It may be, as with a misspelled name. A map below such a key may be an object of that name, so what stands under
    /// known names in it is shown.
    Likely,
    /// It is.
    Sure,
}

/// Reads one file. `secrecy` says whether the value of a key of this name may be shown in an excerpt; secret parts of
/// addresses are never shown.
///
/// With a syntax error the file has no documents: half of it would only bring problems that are none.
pub fn parse(name: &str, text: &str, secrecy: &dyn Fn(&str) -> Secrecy) -> (File, Problems) {
    let built = build::build(text);
    // The same few keys stand in every object.
    let known = RefCell::new(HashMap::<String, Secrecy>::new());
    let secrecy: &dyn Fn(&str) -> Secrecy = &|key| {
        if let Some(known) = known.borrow().get(key) {
            return *known;
        }
        let judged = secrecy(key);
        known.borrow_mut().insert(key.to_owned(), judged);
        judged
    };
    let masks = match &built {
        Ok(built) if built.faults.is_empty() => mask::of_tree(text, &built.documents, secrecy),
        _ => mask::of_broken(text, secrecy),
    };
    let source = Arc::new(Source::new(name, text, &masks));
    let mut problems = Problems::default();
    let mut documents = Vec::new();
    let faults = match built {
        Ok(built) => {
            documents = built.documents;
            built.faults
        }
        Err(fault) => vec![*fault],
    };
    if !faults.is_empty() {
        documents.clear();
    }
    for fault in faults {
        let mut problem = Problem::new(fault.code, fault.message, &source, fault.span).label(fault.label);
        if let Some((span, text)) = fault.other {
            problem = problem.also(&source, span, text);
        }
        if let Some(help) = fault.help {
            problem = problem.help(help);
        }
        problems.push(problem);
    }
    (File { source, documents }, problems)
}

/// A fault before there is a [`Source`] to show it in.
#[derive(Debug)]
struct Fault {
    code: &'static str,
    message: String,
    span: Span,
    label: String,
    other: Option<(Span, String)>,
    help: Option<String>,
}

impl Fault {
    fn new(code: &'static str, message: impl Into<String>, span: Span) -> Box<Self> {
        Box::new(Self { code, message: message.into(), span, label: String::new(), other: None, help: None })
    }

    fn label(mut self: Box<Self>, text: impl Into<String>) -> Box<Self> {
        self.label = text.into();
        self
    }

    fn also(mut self: Box<Self>, span: Span, text: impl Into<String>) -> Box<Self> {
        self.other = Some((span, text.into()));
        self
    }

    fn help(mut self: Box<Self>, text: impl Into<String>) -> Box<Self> {
        self.help = Some(text.into());
        self
    }
}
