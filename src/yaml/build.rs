//! From the parser's events to the tree. No recursion, so no file can exhaust the stack; every limit is counted as it grows.

use std::collections::HashMap;
use std::sync::Arc;

use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};

use smol_str::SmolStr;

use super::{Data, Entry, Fault, MAX_ALIAS_TEXT, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Scalar, merge};
use crate::problem::Span;

/// Documents, and faults that do not keep the rest from being read.
#[derive(Default)]
pub(super) struct Built {
    pub(super) documents: Vec<Node>,
    pub(super) faults: Vec<Fault>,
}

/// An open list or map.
struct Frame {
    span: Span,
    /// Written with brackets, so that its end can be seen.
    flow: bool,
    anchor: usize,
    height: usize,
    nodes: usize,
    text: usize,
    /// Where its parts begin on the builder's stack of them.
    first: usize,
    open: Open,
}

enum Open {
    List,
    Map { key: Option<Key> },
}

struct Key {
    text: SmolStr,
    plain: bool,
    span: Span,
}

/// A finished node with what it costs to repeat it.
#[derive(Clone)]
struct Done {
    node: Node,
    height: usize,
    nodes: usize,
    text: usize,
}

#[derive(Default)]
struct Builder<'a> {
    /// The file.
    file: &'a str,
    built: Built,
    stack: Vec<Frame>,
    /// Items of all open lists, and entries of all open maps. Each list and map takes its own when it is closed, so that it
    /// has the room that it needs and never grows.
    items: Vec<Node>,
    entries: Vec<Entry>,
    anchors: HashMap<usize, Done>,
    nodes: usize,
    alias_text: usize,
}

/// Reads all documents, or says what is wrong.
pub(super) fn build(text: &str) -> Result<Built, Box<Fault>> {
    if text.len() > MAX_BYTES {
        let what = format!("the file has {} bytes; the limit is {MAX_BYTES}", text.len());
        return Err(
            Fault::new("telform::yaml::limit", what, Span::default()).help("split it into several files")
        );
    }
    let mut options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH * 2,
        block_nesting_limit: MAX_DEPTH * 2,
    };
    options.set_emit_comments(false);
    let mut builder = Builder { file: text, ..Builder::default() };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| syntax(text, &error))?;
        builder.event(event, &span)?;
    }
    Ok(builder.built)
}

fn place(span: &granit_parser::Span, length: usize) -> Span {
    let start = span.start.byte_offset().unwrap_or_default().min(length);
    let end = span.end.byte_offset().unwrap_or(start).clamp(start, length);
    Span::new(start, end, span.start.line(), span.start.col() + 1)
}

/// The parser's reasons contain no text of the file, but a name after `*` may be one that was meant as a secret, so the
/// file's own words are left to the excerpt, which is masked.
fn syntax(text: &str, error: &ScanError) -> Box<Fault> {
    let mark = error.marker();
    let start = mark.byte_offset().unwrap_or_default().min(text.len());
    let start = (0..=start).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    let end = text[start..].chars().next().map_or(start, |char| start + char.len_utf8());
    let span = Span::new(start, end, mark.line(), mark.col() + 1);
    let reason = error.info();
    if matches!(error.kind(), granit_parser::ErrorKind::UnknownAnchor) {
        return Fault::new("telform::yaml::syntax", "this alias has no anchor before it", span)
            .help("a value that begins with `*` is an alias; put it in quotes if it is a text");
    }
    if matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded) {
        return too_deep(span);
    }
    Fault::new("telform::yaml::syntax", format!("this is no valid YAML: {reason}"), span).label("here")
}

fn too_deep(span: Span) -> Box<Fault> {
    let what = format!("nested more than {MAX_DEPTH} levels deep");
    Fault::new("telform::yaml::limit", what, span).label("too deep")
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: &granit_parser::Span) -> Result<(), Box<Fault>> {
        let mut at = place(span, self.file.len());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = self.tag(tag.as_deref(), span, &["str"]);
                let plain = style == ScalarStyle::Plain && !is_text;
                // The parser writes `~` for a value that was left out.
                let text: SmolStr =
                    if plain && at.start() == at.end() { "".into() } else { text.as_ref().into() };
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    // Up to the last visible character, not into the next line.
                    let written =
                        self.file.get(at.start()..at.end()).map_or(0, |slice| slice.trim_end().len());
                    at = at.ending(at.start() + written);
                }
                let cost = text.len();
                let node = Node { data: Data::Scalar(Scalar { text, plain }), span: at, at };
                self.count(1, at)?;
                self.done(Done { node, height: 1, nodes: 1, text: cost }, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.tag(tag.as_deref(), span, &["seq"]);
                self.open(Open::List, style, anchor, at)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.tag(tag.as_deref(), span, &["map"]);
                self.open(Open::Map { key: None }, style, anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the node carries a tag that makes it a text. A tag that is not allowed is noted.
    fn tag(&mut self, tag: Option<&Tag>, span: &granit_parser::Span, allowed: &[&str]) -> bool {
        let Some(tag) = tag else { return false };
        if tag.core_suffix().is_some_and(|suffix| allowed.contains(&suffix)) {
            return tag.core_suffix() == Some("str");
        }
        let at = place(&span.tag_span().unwrap_or(*span), self.file.len());
        let fault = Fault::new("telform::yaml::tag", "tags are not supported", at)
            .label("this tag")
            .help("leave the tag out; a text that begins with `!` goes into quotes, and the source of a secret is a map:\n{ env: NAME }");
        self.built.faults.push(*fault);
        false
    }

    fn count(&mut self, nodes: usize, at: Span) -> Result<(), Box<Fault>> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            let what = format!("the file holds more than {MAX_NODES} values, aliases followed");
            return Err(Fault::new("telform::yaml::limit", what, at)
                .label("the limit is passed here")
                .help("split the file, or use fewer aliases"));
        }
        Ok(())
    }

    fn deep(&self, height: usize, at: Span) -> Result<(), Box<Fault>> {
        if self.stack.len() + height > MAX_DEPTH {
            return Err(too_deep(at));
        }
        Ok(())
    }

    fn open(
        &mut self,
        open: Open,
        style: StructureStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), Box<Fault>> {
        let flow = style == StructureStyle::Flow;
        self.count(1, span)?;
        self.deep(1, span)?;
        if let Some(Frame { open: Open::Map { key: None }, .. }) = self.stack.last() {
            return Err(complex_key(span));
        }
        let first = match open {
            Open::List => self.items.len(),
            Open::Map { .. } => self.entries.len(),
        };
        self.stack.push(Frame { span, flow, anchor, height: 0, nodes: 1, text: 0, first, open });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Box<Fault>> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let (data, last) = match frame.open {
            Open::List => {
                let items: Vec<Node> = self.items.drain(frame.first..).collect();
                let last = items.last().map(|item| item.at.end());
                (Data::List(Arc::new(items)), last)
            }
            Open::Map { .. } => {
                let entries: Vec<Entry> = self.entries.drain(frame.first..).collect();
                let last = entries.last().map(|entry| entry.value.at.end());
                (Data::Map(Arc::new(merge::apply(entries, &mut self.built.faults))), last)
            }
        };
        let span = frame.span.ending(last.filter(|_| !frame.flow).unwrap_or(end.end()));
        let node = Node { data, span, at: span };
        let done = Done { node, height: frame.height + 1, nodes: frame.nodes, text: frame.text };
        self.done(done, frame.anchor)
    }

    fn alias(&mut self, anchor: usize, at: Span) -> Result<(), Box<Fault>> {
        let Some(mut done) = self.anchors.get(&anchor).cloned() else {
            return Err(Fault::new(
                "telform::yaml::alias",
                "this alias stands inside the value it repeats",
                at,
            ));
        };
        self.count(done.nodes, at)?;
        self.deep(done.height, at)?;
        self.alias_text += done.text;
        if self.alias_text > MAX_ALIAS_TEXT {
            let what = format!("aliases repeat more than {MAX_ALIAS_TEXT} bytes of text");
            return Err(Fault::new("telform::yaml::limit", what, at).label("the limit is passed here"));
        }
        done.node.at = at;
        self.done(done, 0)
    }

    /// Hands a finished node to whatever is open.
    fn done(&mut self, done: Done, anchor: usize) -> Result<(), Box<Fault>> {
        if anchor != 0 {
            self.anchors.insert(anchor, done.clone());
        }
        let Done { node, height, nodes, text } = done;
        let Some(frame) = self.stack.last_mut() else {
            if !node.is_null() {
                self.built.documents.push(node);
            }
            return Ok(());
        };
        frame.height = frame.height.max(height);
        frame.nodes += nodes;
        frame.text += text;
        match &mut frame.open {
            Open::List => self.items.push(node),
            Open::Map { key } => match key.take() {
                None => {
                    let Data::Scalar(scalar) = node.data else { return Err(complex_key(node.at)) };
                    *key = Some(Key { text: scalar.text, plain: scalar.plain, span: node.at });
                }
                Some(key) => self.entries.push(Entry {
                    key: key.text,
                    key_plain: key.plain,
                    key_span: key.span,
                    value: node,
                }),
            },
        }
        Ok(())
    }
}

fn complex_key(span: Span) -> Box<Fault> {
    Fault::new("telform::yaml::key", "a key must be a plain text", span).label("a list or map as a key")
}
