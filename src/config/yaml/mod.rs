//! YAML as a tree that keeps the position and the spelling of everything, built from the parser's events.
//!
//! Nothing is guessed here: a scalar keeps its text and whether it was quoted, because `01234`, `+14155550101` and `no`
//! mean different things to different readers, and the loader has to see them as they were written.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::config::problem::{Problem, Problems, SourceFile, Span};

mod build;
mod mask;
mod merge;
mod plain_scalar;

pub(in crate::config) use build::{events, span_from_parser};
pub(crate) use mask::is_variable_name as is_variable;
pub use plain_scalar::{PlainScalar, double_quote};

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
pub struct YamlFile {
    /// For messages.
    pub source: Arc<SourceFile>,
    /// Roots.
    pub documents: Vec<YamlNode>,
}

/// One value and its position.
///
/// `Debug` shows only the type of value: it may hold a literal secret.
#[derive(Clone)]
pub struct YamlNode {
    /// The value.
    pub data: NodeData,
    /// Where it is written; for an alias, where the anchored value is.
    pub span: Span,
    /// Where it is used: the alias, or the same as `span`.
    pub used_at: Span,
}

/// Type of value.
#[derive(Clone)]
pub enum NodeData {
    /// A text that has no type yet.
    Scalar(Scalar),
    /// `[…]` or lines with `-`.
    List(Arc<Vec<YamlNode>>),
    /// `{…}` or lines with `key:`. Shared, so that an alias costs nothing until it is read.
    Map(Arc<Vec<MapEntry>>),
}

/// A text that has no type yet.
#[derive(Clone)]
pub struct Scalar {
    /// After quotes and escapes are resolved; empty for a value that was left out.
    pub text: SmolStr,
    /// How it was written.
    pub style: ScalarStyle,
}

/// How a text was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes (and without `!!str`), so that other readers may not read it as text.
    Plain,
    /// As a text.
    Quoted,
    /// As the cell of a table: a text, or a value of another type where one is needed.
    Cell,
    /// As a text with the mark that its `${` is no placeholder.
    Escaped,
}

/// One line of a map.
#[derive(Clone)]
pub struct MapEntry {
    /// Its key.
    pub key: SmolStr,
    /// How the key was written.
    pub key_style: ScalarStyle,
    /// The position of the key.
    pub key_span: Span,
    /// Its value.
    pub value: YamlNode,
}

impl YamlNode {
    /// What it is, for messages.
    pub fn type_name(&self) -> &'static str {
        match &self.data {
            NodeData::Scalar(scalar) => match scalar.classify_scalar() {
                PlainScalar::Null => "null",
                PlainScalar::Bool => "true or false",
                PlainScalar::Integer | PlainScalar::Number => "a number",
                PlainScalar::OddNumber => "a number in an odd spelling",
                _ => "a text",
            },
            NodeData::List(_) => "a list",
            NodeData::Map(_) => "a map",
        }
    }

    /// Whether it is null or was left out.
    pub fn is_null(&self) -> bool {
        matches!(&self.data, NodeData::Scalar(scalar) if scalar.style == ScalarStyle::Plain && plain_scalar::is_null(&scalar.text))
    }

    /// Entries, when it is a map.
    pub fn as_map(&self) -> Option<&[MapEntry]> {
        if let NodeData::Map(entries) = &self.data { Some(entries) } else { None }
    }

    /// Items, when it is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let NodeData::List(items) = &self.data { Some(items) } else { None }
    }

    /// Text, when it is a scalar.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        if let NodeData::Scalar(scalar) = &self.data { Some(scalar) } else { None }
    }

    /// Value of a key, when it is a map.
    pub fn get(&self, key: &str) -> Option<&MapEntry> {
        self.as_map()?.iter().find(|entry| &*entry.key == key)
    }
}

impl Scalar {
    /// How readers interpret it.
    pub fn classify_scalar(&self) -> PlainScalar {
        if self.style == ScalarStyle::Plain { plain_scalar::classify_plain(&self.text) } else { PlainScalar::Text }
    }

    /// The same where a value that is not a text is needed, for which a cell of a table has no other spelling.
    pub fn classify_value(&self) -> PlainScalar {
        let is_cell = self.style == ScalarStyle::Cell;
        match self.classify_scalar() {
            PlainScalar::Text if is_cell && self.is_true_or_false() => PlainScalar::Bool,
            PlainScalar::Text if is_cell => plain_scalar::classify_plain(&self.text),
            class => class,
        }
    }

    /// Spreadsheets write these words in capitals.
    fn is_true_or_false(&self) -> bool {
        ["true", "false"].iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }
}

impl fmt::Debug for YamlNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} at {}:{})", self.type_name(), self.used_at.line(), self.used_at.column())
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(scalar)")
    }
}

impl fmt::Debug for MapEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(entry at {}:{})", self.key_span.line(), self.key_span.column())
    }
}

/// Whether the value of a key is a secret, judging by the key's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySecrecy {
    /// It is not: the name is known.
    Known,
    /// It is not, and texts inside it may come from secret sources: a text there that looks like a credential is one.
    Sourced,
    /// The name does not decide, and nothing makes it suspicious.
    No,
    /// It may be, as with a misspelled name. A map below such a key may be an object of that name, so values under
    /// known names in it are shown.
    Likely,
    /// It is.
    Sure,
}

/// Reads one file. `secrecy` says whether the value of a key of this name may be shown in an excerpt; secret parts of
/// addresses are never shown.
///
/// With a syntax error the file has no documents: half of it would only produce spurious problems. A file that is not a map is
/// not a telform file: it was read by mistake or through a link, and nothing of it is quoted.
pub fn parse_file(name: &str, text: &str, secrecy: &dyn Fn(&str) -> KeySecrecy) -> (YamlFile, Problems) {
    let (built, is_ours) = build::parse_stream(text);
    // The same few keys appear in every object.
    let known = RefCell::new(HashMap::<String, KeySecrecy>::new());
    let secrecy: &dyn Fn(&str) -> KeySecrecy = &|key| {
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
    let source = SourceFile::new(name, text, &masks);
    let source = Arc::new(if is_ours { source } else { source.without_excerpts() });
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
            problem = problem.also_at(&source, span, text);
        }
        if let Some(help) = fault.help {
            problem = problem.help(help);
        }
        problems.push(problem);
    }
    (YamlFile { source, documents }, problems)
}

/// An error before a [`Source`] exists to show it in.
#[derive(Debug)]
struct YamlFault {
    code: &'static str,
    message: String,
    span: Span,
    label: String,
    other: Option<(Span, String)>,
    help: Option<String>,
}

impl YamlFault {
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
