//! The head of the journal that a run came to: said at its end, and kept for the next run.

use super::console::Console;
use super::next_commands::RepeatedOptions;
use crate::model::ledger::JournalHead;
use crate::output::Reached;
use crate::run::Exit;
use crate::text::escape;

/// The last line that this run wrote, with the command that requires it.
pub(super) fn reached(out: &Console) -> Option<Reached> {
    let head = out.head_expectation.reached()?;
    let demand = next_demand(out, &head);
    let kept_in = out.head_expectation.file().map(|file| escape(&file.display().to_string()));
    Some(Reached { head, demand, kept_in })
}

/// Prints and keeps the head of a run that wrote to the journal.
pub(super) fn report_conclusion(out: &Console, exit: Exit) -> Exit {
    let Some(reached) = reached(out) else { return exit };
    let kept = out.head_expectation.keep(&reached.head);
    if !out.global.json && !out.global.quiet {
        let JournalHead { seq, hash, .. } = &reached.head;
        let rest = match (&reached.kept_in, &kept) {
            (Some(file), Some(Ok(()))) => {
                format!("Line {seq}, kept in {file}; the next run requires it. Or:")
            }
            _ => {
                format!("Line {seq}. Keep it elsewhere; with it, a run refuses an older ledger and journal:")
            }
        };
        out.print(&format!("\nJournal head: {hash}\n{rest}\n  {}\n", reached.demand));
    }
    match kept {
        Some(Err(error)) => {
            out.print_failure(&error);
            if exit == Exit::Done { Exit::NotConverged } else { exit }
        }
        _ => exit,
    }
}

impl RepeatedOptions {
    /// A command with only those options that say where everything is: it does not repeat the permissions of another run.
    fn with_location_options(&self, text: &str) -> String {
        let places = ["file", "ledger", "sandbox"];
        let options = self.options.iter().filter(|(long, _)| places.contains(&long.as_str())).cloned();
        let (known_commands, directory) = (self.known_commands.clone(), self.directory.clone());
        Self { options: options.collect(), known_commands, directory, ..Self::default() }.complete_command(text)
    }
}

/// The command that requires the head that this run came to. What follows a deletion or an undo is looked at first: an apply
/// would make again what the run took away.
fn next_demand(out: &Console, head: &JournalHead) -> String {
    let options = &out.repeated_options;
    let next = if options.destroys() || options.undoes() { "telform plan" } else { "telform apply" };
    let files = out.next_files.get().map_or("", String::as_str);
    demand_command(out, &format!("{next}{files}"), head)
}

/// The command that applies the plan of this run and requires a head.
pub(super) fn plan_demand(out: &Console, head: &JournalHead) -> String {
    let options = &out.repeated_options;
    let undo = options.command.trim_end_matches(" --plan");
    let apply = if options.undoes() {
        undo
    } else if options.destroys() {
        "telform apply --destroy"
    } else {
        "telform apply"
    };
    demand_command(out, apply, head)
}

fn demand_command(out: &Console, command: &str, head: &JournalHead) -> String {
    format!("{} --journal-head {}", out.repeated_options.with_location_options(command), head.hash)
}
