//! The end of a run whose every step is done: what a second plan shows.

use std::collections::BTreeMap;

use super::console::Console;
use crate::output::Said;
use crate::output::view::{describe_incomplete, text};
use crate::plan::{LedgerUpdate, Plan};
use crate::run::Proof;
use crate::text::{escape, list_first_few};

/// What an apply that sent nothing no longer manages: the plan of such a run says "no changes".
pub(super) fn print_released(out: &Console, plan: &Plan) {
    if out.global.json {
        return;
    }
    for update in &plan.ledger {
        if let LedgerUpdate::Release { address, account: Some(account), id: Some(id) } = update {
            let text = format!("Released {address}: {id} in account {account} stays as it is, and telform no longer manages it.");
            out.print_stderr(&format!("{}\n", out.plan_detail().wrap_sentence(&escape(&text))));
        }
    }
}

/// Says what the proof shows.
pub(super) fn finished(out: &Console, command: &str, plan: &Plan, writes: usize, proof: &Proof) {
    let (second, unmet) = (&proof.second_plan, &proof.unmet);
    if out.global.json {
        return out.print_event(&Said::Finished {
            writes,
            converged: second.is_settled(),
            digest: &plan.digest,
            second_plan: second.summary(),
            unmet,
        });
    }
    let word = if writes == 1 { "write" } else { "writes" };
    if proof.refused > 0 && unmet.is_empty() {
        out.print(&format!(
            "\nApplied in part: {writes} {word}. The rest of the plan was refused and is not carried out ({} refused)\n",
            proof.refused
        ));
    } else if proof.has_twins && second.is_settled() && unmet.is_empty() {
        out.print(&format!("\nApplied, {writes} {word}, and a fresh plan is empty; but there are twins, see above\n"));
    } else if !second.is_settled() || !unmet.is_empty() {
        not_converged(out, second, unmet);
    } else {
        // A plan proves only what it read.
        let part = describe_incomplete(second).map(|part| format!(" ({part})")).unwrap_or_default();
        let proof = match command {
            // A fresh plan of the YAML may want the undone run again.
            _ if command == "undo" || out.repeated_options.rehearses_undo() => {
                format!("{writes} {word}, and a second reading shows what was undone as it was before the run.")
            }
            // A plan of the YAML would create all of it again.
            _ if out.repeated_options.destroys() && command != "rehearse" => {
                format!("{writes} {word}, and a fresh plan to destroy is empty{part}.")
            }
            _ => format!("{writes} {word}, and a fresh plan is empty{part}."),
        };
        converged(out, command, second, &proof);
    }
}

fn not_converged(out: &Console, second: &Plan, unmet: &[String]) {
    if out.global.quiet {
        let fresh = second.summary();
        return out.print(&format!("Applied, but not converged: a fresh plan says {fresh}\n"));
    }
    out.print(if second.has_changes() || second.is_refused() {
        "\nApplied, but not converged: a fresh plan is not empty\n"
    } else if !second.not_taken.is_empty() {
        "\nApplied, but not converged: the service did not take all that was sent\n"
    } else {
        "\nApplied, but the service shows another value than the one sent; it will not be sent again\n"
    });
    for note in unmet {
        out.print(&format!("  {}\n", escape(note)));
    }
    if !second.is_settled() {
        out.print(&text::plan_as_text(second, out.plan_detail()));
    }
}

fn converged(out: &Console, command: &str, second: &Plan, proof: &str) {
    if out.global.quiet {
        let did = if command == "rehearse" { "Rehearsed" } else { "Done" };
        return out.print(&format!("{}\n", escape(&format!("{did}: {proof}"))));
    }
    let lines = out.plan_detail().wrap(&escape(&format!("Done: {proof}")), 6);
    out.print(&format!("\n{}\n", lines.join("\n      ")));
    // Alike ones are one sentence.
    let mut waiting: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for notice in second.notices.iter().filter(|notice| notice.code.needs_outside_action()) {
        let address = notice.address.as_ref().map(ToString::to_string).unwrap_or_default();
        let attribute = notice.attribute.as_deref().unwrap_or_default();
        let what = format!("{address} {attribute}");
        waiting.entry(notice.describe()).or_default().push(what.trim_end().to_owned());
    }
    for (sentence, all) in waiting {
        let text = escape(&format!("{}: {sentence}", list_first_few(&all)));
        let lines = out.plan_detail().wrap(&text, 9).join("\n         ");
        out.print(&format!("Waiting: {lines}\n"));
    }
}
