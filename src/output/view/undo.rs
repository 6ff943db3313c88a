//! What the journal knows about undoing a run: saved with the run before its first request.

use std::fmt::Write;

use serde_json::json;

use super::text::wrap_text;
use crate::document::v1::{Body, CallV1, Inverse};
use crate::state::journal::RecordedRun;
use crate::text::escape;

/// What was known about undoing the run before its first request: how to undo each part of it, and what that does not restore.
pub(super) fn render_undo(undo: &[Inverse], columns: usize) -> String {
    let mut text = String::new();
    let (undone, kept): (Vec<&Inverse>, Vec<&Inverse>) = undo.iter().partition(|inverse| !inverse.calls.is_empty());
    if !undone.is_empty() {
        text.push_str("\nTo undo this, as known before the first request\n");
        text.push_str("({s1} stands for the object that s1 created, or that replaces what s1 deleted)\n");
    }
    let room = columns.saturating_sub(4).max(40);
    for inverse in undone {
        let _ = writeln!(text, "  {}", escape(&inverse.what));
        for call in &inverse.calls {
            let _ = writeln!(text, "    {}", escape(&describe_call(call)));
        }
        for line in difference_after_undo(inverse).iter().flat_map(|why| wrap_text(&escape(why), room)) {
            let _ = writeln!(text, "    {line}");
        }
    }
    if !kept.is_empty() {
        text.push_str("\nCannot be undone\n");
    }
    for inverse in kept {
        let why = inverse.lost.as_deref().unwrap_or_default();
        for (index, line) in wrap_text(&escape(&format!("{}: {why}", inverse.what)), room).into_iter().enumerate() {
            let _ = writeln!(text, "  {}{line}", if index == 0 { "" } else { "  " });
        }
    }
    text
}

/// What requests that undo something do not restore.
pub(super) fn difference_after_undo(inverse: &Inverse) -> Option<&str> {
    let why = inverse.lost.as_deref().filter(|_| !inverse.calls.is_empty())?;
    Some(why.strip_prefix("permanent: ").unwrap_or(why))
}

/// A request in one line, with the names of what it sends.
fn describe_call(call: &CallV1) -> String {
    let method = json!(call.method).as_str().unwrap_or_default().to_owned();
    let query: Vec<String> = call.query.iter().map(|(key, value)| format!("?{key}={value}")).collect();
    let sends: Vec<&str> = match &call.body {
        Some(Body::Object(entries) | Body::Overlay { set: entries, .. }) => entries.keys().map(String::as_str).collect(),
        None => Vec::new(),
    };
    let sends = if sends.is_empty() { String::new() } else { format!("  {}", sends.join(", ")) };
    format!("{method} {}{}{sends}", call.path, query.concat())
}

/// How to undo a step, in one cell. A number that takes several steps is beside the first of them.
pub(super) fn undo_of_step(run: &RecordedRun<'_>, step: &str) -> String {
    let of = |inverse: &&Inverse| inverse.of.first().is_some_and(|first| first == step);
    let words = run.started.undo.iter().filter(of).flat_map(|inverse| {
        let lost = inverse.lost.iter().map(|lost| format!("{} {lost}", inverse.what));
        inverse.calls.iter().map(describe_call).chain(lost).collect::<Vec<_>>()
    });
    words.collect::<Vec<_>>().join("; ")
}
