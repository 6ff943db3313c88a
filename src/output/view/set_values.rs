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
    let is_number = written.attribute.as_deref().is_some_and(|name| name.starts_with("numbers."));
    let show = |value: &RecordedValue, server: Option<&str>| match (value, server) {
        (_, Some(address)) => escape(address),
        (RecordedValue::Absent, None) if is_number => "nothing".to_owned(),
        (value, None) => display_shown(value),
    };
    let [before, after] =
        [(&written.before, written.servers[0]), (&written.after, written.servers[1])].map(|(value, by)| show(value, by));
    match &written.refused {
        Some(sent) => format!("{before} (sent {}, not accepted)", json_value_text(sent)),
        None => format!("{before} -> {after}"),
    }
}

/// Which run set a value.
pub fn render_blame(written: &[&RecordedChange<'_>]) -> String {
    let mut text = String::new();
    for written in written {
        let run = written.run;
        let name = written.attribute.as_deref().map(|name| format!(".{name}")).unwrap_or_default();
        let _ = writeln!(text, "{}", escape(&format!("{}{name}", written.address)));
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
        let name = written.attribute.as_deref().unwrap_or_default();
        [
            format!("{}.{name}", written.address),
            display_shown(&written.after),
            written.ended_at.to_owned(),
            written.run.id.chars().take(13).collect(),
        ]
    }));
    render_table(&rows, columns)
}
