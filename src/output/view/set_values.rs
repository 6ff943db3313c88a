//! Which run set which value, for people.

use std::fmt::Write;

use super::journal::{json_value_text, short_commit};
use super::table::render_table;
use crate::state::journal::{RecordedChange, RecordedValue};
use crate::text::escape;

/// A value for people.
pub fn display_shown(value: &RecordedValue) -> String {
    match value {
        RecordedValue::Absent => "-".to_owned(),
        RecordedValue::Secret => "(secret)".to_owned(),
        RecordedValue::Value(value) => json_value_text(value),
    }
}

/// What was there before, and since.
fn describe_set(written: &RecordedChange<'_>) -> String {
    let (before, since) = (side(written, &written.before, written.servers[0]), describe_since(written));
    if written.refused().is_some() { since } else { format!("{before} -> {since}") }
}

/// What is there since, or was sent.
fn describe_since(written: &RecordedChange<'_>) -> String {
    let after = side(written, &written.after, written.servers[1]);
    match (&written.sent, &written.after) {
        (None, _) => after,
        (Some(sent), RecordedValue::Value(shown)) if shown.is_null() => {
            format!("{} (sent; the answer showed no value)", json_value_text(sent))
        }
        (Some(sent), _) => format!("{after} (sent {}, not accepted)", json_value_text(sent)),
    }
}

/// A value; of a number the address of what serves it, where a run names it.
fn side(written: &RecordedChange<'_>, value: &RecordedValue, server: Option<&str>) -> String {
    match (value, server) {
        (_, Some(address)) => escape(address),
        (RecordedValue::Absent, None) if written.number().is_some() => "nothing".to_owned(),
        (value, None) => display_shown(value),
    }
}

/// Object and attribute; a number that has an entry to itself is named once.
fn title(written: &RecordedChange<'_>) -> String {
    match written.attribute.as_deref() {
        Some(name) if written.address.replace('"', "") != name => format!("{}.{name}", written.address),
        _ => written.address.to_owned(),
    }
}

/// Which run set a value.
pub fn render_blame(written: &[&RecordedChange<'_>]) -> String {
    let mut text = String::new();
    for written in written {
        let run = written.run;
        let _ = writeln!(text, "{}", escape(&title(written)));
        if written.attribute.is_some() {
            let _ = writeln!(text, "    {}", describe_set(written));
        } else {
            let _ = writeln!(text, "    deleted");
        }
        let who = format!(
            "{} by {}, run {} ({}, {})",
            written.ended_at, run.started.actor.user, run.id, run.started.command, written.step
        );
        let _ = writeln!(text, "    {}", escape(&who));
        let _ = writeln!(text, "    plan {}", escape(&run.started.digest));
        let _ = writeln!(text, "    commit {}", escape(&short_commit(run, 40)));
    }
    text
}

/// The values at a given time: the last ones and the runs that set them.
pub fn render_in_force<'a>(written: impl Iterator<Item = &'a &'a RecordedChange<'a>>, columns: usize) -> String {
    let mut rows = vec![["VALUE", "SET TO", "SINCE", "RUN"].map(str::to_owned)];
    rows.extend(written.map(|written| {
        // What it was disconnected from may no longer exist.
        let cut = written.number().filter(|_| written.after == RecordedValue::Absent);
        let name = cut.map_or_else(|| title(written), str::to_owned);
        [name, describe_since(written), written.ended_at.to_owned(), written.run.id.chars().take(13).collect()]
    }));
    render_table(&rows, columns)
}
