//! From the parser's events to the tree. No recursion, so no file can exhaust the stack; every limit is counted as it grows.

use std::collections::HashMap;
use std::sync::Arc;

use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle as ParserStyle, ScanError, StructureStyle, Tag};

use smol_str::SmolStr;

use super::{
    MAX_ALIAS_TEXT, MAX_BYTES, MAX_DEPTH, MAX_NODES, MapEntry, NodeData, Scalar, ScalarStyle, YamlFault, YamlNode, merge,
};
use crate::config::problem::Span;

/// Documents, and errors that do not prevent the rest from being read.
#[derive(Default)]
pub(super) struct YamlStream {
    pub(super) documents: Vec<YamlNode>,
    pub(super) faults: Vec<YamlFault>,
}

/// An open list or map.
struct OpenNode {
    span: Span,
    /// Written with brackets, so that its end can be seen.
    flow: bool,
    anchor: usize,
    height: usize,
    nodes: usize,
    text: usize,
    /// Where its parts begin on the builder's stack of them.
    first_part: usize,
    collection: OpenCollection,
}

enum OpenCollection {
    List,
    Map { key: Option<PendingKey> },
}

struct PendingKey {
    text: SmolStr,
    style: ScalarStyle,
    span: Span,
}

/// A finished node with the cost of repeating it.
#[derive(Clone)]
struct FinishedNode {
    node: YamlNode,
    height: usize,
    nodes: usize,
    text: usize,
}

#[derive(Default)]
struct NodeBuilder<'a> {
    /// The file.
    file: &'a str,
    built: YamlStream,
    stack: Vec<OpenNode>,
    /// Items of all open lists, and entries of all open maps. Each list and map takes its own when it is closed, so that it
    /// is allocated once, at its final size.
    items: Vec<YamlNode>,
    entries: Vec<MapEntry>,
    anchors: HashMap<usize, FinishedNode>,
    nodes: usize,
    alias_text: usize,
    /// Whether each document so far is a map; none where no value was read.
    only_maps: Option<bool>,
}

/// Reads all documents, or reports what is wrong. Also reports whether the file consisted of maps as far as it was read.
pub(super) fn parse_stream(text: &str) -> (Result<YamlStream, Box<YamlFault>>, bool) {
    let mut builder = NodeBuilder { file: text, ..NodeBuilder::default() };
    let built = build_from_events(text, &mut builder).map(|()| std::mem::take(&mut builder.built));
    (built, builder.only_maps == Some(true))
}

fn build_from_events(text: &str, builder: &mut NodeBuilder<'_>) -> Result<(), Box<YamlFault>> {
    if text.len() > MAX_BYTES {
        let what = format!("the file has {} bytes; the limit is {MAX_BYTES}", text.len());
        return Err(YamlFault::new("telform::yaml::limit", what, Span::default()).help("split it into several files"));
    }
    for event in events(text) {
        let (event, span) = event.map_err(|error| syntax_fault(text, &error))?;
        builder.handle_event(event, &span)?;
    }
    Ok(())
}

/// The events of a text, within the limits of every file.
pub(in crate::config) fn events(text: &str) -> impl Iterator<Item = Result<(Event<'_>, granit_parser::Span), ScanError>> {
    let mut options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH * 2,
        block_nesting_limit: MAX_DEPTH * 2,
    };
    options.set_emit_comments(false);
    Parser::new_from_str_with_options(text, options)
}

pub(in crate::config) fn span_from_parser(span: &granit_parser::Span, length: usize) -> Span {
    let start = span.start.byte_offset().unwrap_or_default().min(length);
    let end = span.end.byte_offset().unwrap_or(start).clamp(start, length);
    Span::new(start, end, span.start.line(), span.start.col() + 1)
}

/// The parser's reasons contain no text of the file, but a name after `*` may be one that was meant as a secret, so
/// only the excerpt, which is masked, shows text of the file.
fn syntax_fault(text: &str, error: &ScanError) -> Box<YamlFault> {
    let mark = error.marker();
    let start = mark.byte_offset().unwrap_or_default().min(text.len());
    let start = (0..=start).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    let end = text[start..].chars().next().map_or(start, |char| start + char.len_utf8());
    let span = Span::new(start, end, mark.line(), mark.col() + 1);
    let reason = error.info();
    if matches!(error.kind(), granit_parser::ErrorKind::UnknownAnchor) {
        return YamlFault::new("telform::yaml::syntax", "this alias has no anchor before it", span)
            .help("a value that begins with `*` is an alias; put it in quotes if it is a text");
    }
    if matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded) {
        return too_deep(span);
    }
    let fault = YamlFault::new("telform::yaml::syntax", format!("this is not valid YAML: {reason}"), span).label("here");
    match syntax_help(&reason) {
        Some(help) => fault.help(help),
        None => fault,
    }
}

/// What to do about a reason of the parser, where it is one of the usual ones.
fn syntax_help(reason: &str) -> Option<&'static str> {
    let helps = [
        ("tabs disallowed", "indent with spaces; YAML allows no tab there"),
        ("flow mapping", "a map in braces ends with `}`, with a comma between its entries"),
        ("flow sequence", "a list in brackets ends with `]`, with a comma between its elements"),
        ("mapping values are not allowed", "put a value that has a colon and a space in it in quotes"),
        ("quoted scalar", "a text in quotes ends with the same sign that it begins with"),
        ("block mapping", "begin each entry of a map in the same column as the one above"),
        ("block sequence", "begin each element of a list with `- ` in the same column as the one above"),
    ];
    helps.into_iter().find(|(part, _)| reason.contains(part)).map(|(_, help)| help)
}

fn too_deep(span: Span) -> Box<YamlFault> {
    let what = format!("nested more than {MAX_DEPTH} levels deep");
    YamlFault::new("telform::yaml::limit", what, span).label("too deep")
}

impl NodeBuilder<'_> {
    fn handle_event(&mut self, event: Event<'_>, span: &granit_parser::Span) -> Result<(), Box<YamlFault>> {
        let mut at = span_from_parser(span, self.file.len());
        let is_map = matches!(event, Event::MappingStart(..));
        if self.stack.is_empty() && (is_map || matches!(event, Event::Scalar(..) | Event::SequenceStart(..) | Event::Alias(_))) {
            self.only_maps = Some(is_map && self.only_maps != Some(false));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = self.check_tag(tag.as_deref(), span, &["str"]);
                let plain = style == ParserStyle::Plain && !is_text;
                // The parser writes `~` for a value that was left out.
                let text: SmolStr = if plain && at.start() == at.end() { "".into() } else { text.as_ref().into() };
                if matches!(style, ParserStyle::Literal | ParserStyle::Folded) {
                    // Up to the last visible character, not into the next line.
                    let written = self.file.get(at.start()..at.end()).map_or(0, |slice| slice.trim_end().len());
                    at = at.with_end(at.start() + written);
                }
                let cost = text.len();
                let node = YamlNode {
                    data: NodeData::Scalar(Scalar { text, style: if plain { ScalarStyle::Plain } else { ScalarStyle::Quoted } }),
                    span: at,
                    used_at: at,
                };
                self.count_nodes(1, at)?;
                self.attach_node(FinishedNode { node, height: 1, nodes: 1, text: cost }, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span, &["seq"]);
                self.open(OpenCollection::List, style, anchor, at)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span, &["map"]);
                self.open(OpenCollection::Map { key: None }, style, anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            Event::Alias(anchor) => self.expand_alias(anchor, at),
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the node has a tag that makes it a text. A tag that is not allowed is recorded.
    fn check_tag(&mut self, tag: Option<&Tag>, span: &granit_parser::Span, allowed: &[&str]) -> bool {
        let Some(tag) = tag else { return false };
        if tag.core_suffix().is_some_and(|suffix| allowed.contains(&suffix)) {
            return tag.core_suffix() == Some("str");
        }
        let at = span_from_parser(&span.tag_span().unwrap_or(*span), self.file.len());
        let fault = YamlFault::new("telform::yaml::tag", "tags are not supported", at)
            .label("this tag")
            .help("leave the tag out; a text that begins with `!` goes into quotes, and the source of a secret is a map:\n{ env: NAME }");
        self.built.faults.push(*fault);
        false
    }

    fn count_nodes(&mut self, nodes: usize, at: Span) -> Result<(), Box<YamlFault>> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            let what = format!("the file contains more than {MAX_NODES} values, aliases followed");
            return Err(YamlFault::new("telform::yaml::limit", what, at)
                .label("the limit is exceeded here")
                .help("split the file, or use fewer aliases"));
        }
        Ok(())
    }

    fn check_depth(&self, height: usize, at: Span) -> Result<(), Box<YamlFault>> {
        if self.stack.len() + height > MAX_DEPTH {
            return Err(too_deep(at));
        }
        Ok(())
    }

    fn open(&mut self, open: OpenCollection, style: StructureStyle, anchor: usize, span: Span) -> Result<(), Box<YamlFault>> {
        let flow = style == StructureStyle::Flow;
        self.count_nodes(1, span)?;
        self.check_depth(1, span)?;
        if let Some(OpenNode { collection: OpenCollection::Map { key: None }, .. }) = self.stack.last() {
            return Err(complex_key(span));
        }
        let first = match open {
            OpenCollection::List => self.items.len(),
            OpenCollection::Map { .. } => self.entries.len(),
        };
        self.stack.push(OpenNode { span, flow, anchor, height: 0, nodes: 1, text: 0, first_part: first, collection: open });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Box<YamlFault>> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let (data, last) = match frame.collection {
            OpenCollection::List => {
                let items: Vec<YamlNode> = self.items.drain(frame.first_part..).collect();
                let last = items.last().map(|item| item.used_at.end());
                (NodeData::List(Arc::new(items)), last)
            }
            OpenCollection::Map { .. } => {
                let entries: Vec<MapEntry> = self.entries.drain(frame.first_part..).collect();
                let last = entries.last().map(|entry| entry.value.used_at.end());
                (NodeData::Map(Arc::new(merge::resolve_merge_keys(entries, &mut self.built.faults))), last)
            }
        };
        let span = frame.span.with_end(last.filter(|_| !frame.flow).unwrap_or(end.end()));
        let node = YamlNode { data, span, used_at: span };
        let done = FinishedNode { node, height: frame.height + 1, nodes: frame.nodes, text: frame.text };
        self.attach_node(done, frame.anchor)
    }

    fn expand_alias(&mut self, anchor: usize, at: Span) -> Result<(), Box<YamlFault>> {
        let Some(mut done) = self.anchors.get(&anchor).cloned() else {
            return Err(YamlFault::new("telform::yaml::alias", "this alias is inside the value it repeats", at));
        };
        self.count_nodes(done.nodes, at)?;
        self.check_depth(done.height, at)?;
        self.alias_text += done.text;
        if self.alias_text > MAX_ALIAS_TEXT {
            let what = format!("aliases repeat more than {MAX_ALIAS_TEXT} bytes of text");
            return Err(YamlFault::new("telform::yaml::limit", what, at).label("the limit is exceeded here"));
        }
        done.node.used_at = at;
        self.attach_node(done, 0)
    }

    /// Adds a finished node to the open list, map or document.
    fn attach_node(&mut self, done: FinishedNode, anchor: usize) -> Result<(), Box<YamlFault>> {
        if anchor != 0 {
            self.anchors.insert(anchor, done.clone());
        }
        let FinishedNode { node, height, nodes, text } = done;
        let Some(frame) = self.stack.last_mut() else {
            if !node.is_null() {
                self.built.documents.push(node);
            }
            return Ok(());
        };
        frame.height = frame.height.max(height);
        frame.nodes += nodes;
        frame.text += text;
        match &mut frame.collection {
            OpenCollection::List => self.items.push(node),
            OpenCollection::Map { key } => match key.take() {
                None => {
                    let NodeData::Scalar(scalar) = node.data else { return Err(complex_key(node.used_at)) };
                    *key = Some(PendingKey { text: scalar.text, style: scalar.style, span: node.used_at });
                }
                Some(key) => self.entries.push(MapEntry { key: key.text, key_style: key.style, key_span: key.span, value: node }),
            },
        }
        Ok(())
    }
}

fn complex_key(span: Span) -> Box<YamlFault> {
    YamlFault::new("telform::yaml::key", "a key must be a plain text", span).label("a list or map as a key")
}
