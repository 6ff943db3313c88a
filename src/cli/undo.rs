//! What is said of an undo beside its plan.

use super::console::Console;
use crate::analysis::undo::{NotUndone, SavedUndoDifference, THE_LEDGER};
use crate::output::{Said, Saved};
use crate::plan::Plan;
use crate::text::{escape, list_first_few};

/// What is not undone, before any question.
pub(super) fn print_not_undone(out: &Console, run: &str, left: &[NotUndone]) {
    if out.global.json {
        return out.print_event(&Said::Undo { run, left });
    }
    if out.global.quiet {
        return;
    }
    out.print(&format!("Undoing run {}\n", escape(run)));
    if !left.is_empty() {
        out.print(&format!("\nNot undone ({})\n", left.len()));
        for left in left {
            let text = escape(&format!("{}: {}", left.what, left.why));
            out.print(&format!("  {}\n", out.plan_detail().wrap(&text, 6).join("\n    ")));
        }
    }
    out.print("\n");
}

/// What is not undone, once more at the end, also with `-q`: the last lines must not read as if all were as before.
pub(super) fn repeat_not_undone(out: &Console, left: &[NotUndone]) {
    // That the ledger goes on to manage what it manages loses nothing.
    if out.global.json || left.iter().all(|left| left.what == THE_LEDGER) {
        return;
    }
    let names: Vec<&str> = left.iter().map(|left| left.what.as_str()).collect();
    let text = format!("Not undone ({}): {}.", names.len(), list_first_few(&names));
    out.print_stderr(&format!("{}\n", out.plan_detail().wrap_sentence(&escape(&text))));
}

/// Numbers that stay dark, also with `-q`.
pub(super) fn print_dark(out: &Console, numbers: &[String]) {
    if out.global.json {
        return;
    }
    let text = format!("DARK NOW ({}): {}: disconnected by telform, and nothing serves it", numbers.len(), numbers.join(", "));
    out.print_stderr(&format!("{}\n", out.plan_detail().wrap_sentence(&escape(&text))));
}

/// How this differs from what was saved with the run before its first request.
pub(super) fn moved_since(out: &Console, otherwise: &SavedUndoDifference) {
    let SavedUndoDifference { dropped, added, changed } = otherwise;
    if otherwise.is_empty() {
        return;
    }
    if out.global.json {
        fn saved_list(of: &[(String, String)]) -> Vec<Saved<'_>> {
            of.iter().map(|(what, request)| Saved { what, request, attributes: &[] }).collect()
        }
        let changed = changed.iter().map(|(what, request, attributes)| Saved { what, request, attributes }).collect();
        return out.print_event(&Said::UndoMoved { dropped: saved_list(dropped), added: saved_list(added), changed });
    }
    if out.global.quiet {
        return;
    }
    out.print("Different from what was saved with the run\n");
    for (word, list) in [("no longer", dropped), ("now also", added)] {
        for (what, request) in list {
            out.print(&format!("  {word}: {}\n      {}\n", escape(what), escape(request)));
        }
    }
    for (what, request, names) in changed {
        out.print(&format!("  other values: {}\n      {}\n", escape(&format!("{what} {}", names.join(", "))), escape(request)));
    }
    out.print("\n");
}

/// The YAML may still want what the run did.
pub(super) fn warn_yaml_differs(out: &Console, plan: &Plan) {
    let addresses: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
    let text = format!(
        "The YAML was not changed. Where it still states what that run did, the next apply does it again: change it first ({}).",
        escape(&addresses.join(", "))
    );
    out.print_stderr(&format!("{}\n", out.plan_detail().wrap_sentence(&text)));
}
