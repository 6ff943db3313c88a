//! What the journal knows about undoing a run: saved with the run before its first request.

use std::fmt::Write;

use serde_json::json;

use super::text::wrap_text;
use crate::document::v1::{Body, CallV1, Inverse};
use crate::state::journal::RecordedRun;
use crate::text::escape;

/// What was known about undoing the run before its first request.
pub(super) fn render_undo(undo: &[Inverse], columns: usize) -> String {
    let mut text = String::new();
    if undo.iter().any(|inverse| !inverse.calls.is_empty()) {
        text.push_str("\nTo undo this, as known before the first request\n");
        text.push_str("({s1} stands for the object that s1 created, or that replaces what s1 deleted)\n");
    }
    for inverse in undo.iter().filter(|inverse| !inverse.calls.is_empty()) {
        let _ = writeln!(text, "  {}", escape(&inverse.what));
        for call in &inverse.calls {
            let _ = writeln!(text, "    {}", escape(&describe_call(call)));
        }
    }
    let lost = || undo.iter().filter_map(|inverse| Some((&inverse.what, inverse.lost.as_ref()?)));
    if lost().next().is_some() {
        text.push_str("\nCannot be undone\n");
    }
    for (what, why) in lost() {
        for (index, line) in
            wrap_text(&escape(&format!("{what}: {why}")), columns.saturating_sub(4).max(40)).into_iter().enumerate()
        {
            let _ = writeln!(text, "  {}{line}", if index == 0 { "" } else { "  " });
        }
    }
    text
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
