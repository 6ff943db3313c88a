//! `telform journal verify`.

use clap::Args;

use super::JournalFile;
use crate::cli::args::SignersArgs;
use crate::cli::console::Console;
use crate::cli::signing;
use crate::output::view::plural_kind;
use crate::output::{BrokenAt, JournalChecked, Violation};
use crate::run::signing::JournalSignatures;
use crate::run::{Exit, RunError};
use crate::state::journal::{KeyVerification, RecordedRun};
use crate::text::escape;
use crate::verify;

/// `telform journal verify`.
#[derive(Debug, Args, Clone)]
pub struct VerifyJournalArgs {
    /// Whose signatures are valid.
    #[command(flatten)]
    pub signers: SignersArgs,
}

/// The journal's own reader checks the chain and the ledger's record, the independent checker the order of each run.
pub(super) fn verify_journal(
    out: &Console,
    args: &VerifyJournalArgs,
    trail: &JournalFile,
    runs: &[RecordedRun<'_>],
    fits: bool,
) -> Result<Exit, RunError> {
    let verdict = verify::verify_journal(&trail.bytes);
    let allowed = args.signers.allowed_signers.as_deref();
    let signatures = JournalSignatures::of(&trail.bytes, &trail.journal, allowed)?;
    let good = fits && trail.broken.is_none() && verdict.verified && signatures.hold();
    let exit = if good { Exit::Done } else { Exit::Failed };
    if out.global.json {
        out.print_document(&JournalChecked {
            verified: good,
            lines: trail.journal.lines.len(),
            runs: runs.len(),
            head: trail.journal.head(),
            torn: trail.journal.torn_line,
            behind: trail.runs_ahead_of_ledger.unwrap_or_default(),
            macs: describe_macs(trail).0,
            broken: trail.broken.as_ref().map(|broken| BrokenAt { line: broken.line, why: &broken.why }),
            violations: Violation::all(&verdict.violations),
            unsigned: signatures.missing.as_ref().map(|(_, what)| what.as_str()),
            signatures: signatures.seen,
        });
        return Ok(exit);
    }
    if !out.global.quiet {
        print_verification(out, trail, runs, &verdict);
        out.print(&signing::journal_lines(&signatures, out.width()));
    }
    out.print(&if good { format!("Verified: no line was altered; {}.\n", trail.ends) } else { "NOT verified.\n".to_owned() });
    Ok(exit)
}

/// What was checked, and what is wrong with it.
fn print_verification(out: &Console, trail: &JournalFile, runs: &[RecordedRun<'_>], verdict: &verify::JournalVerification) {
    let head = trail.journal.head();
    out.print(&format!(
        "{}: {} {}, {} {}\n",
        escape(&trail.place),
        trail.journal.lines.len(),
        plural_kind(trail.journal.lines.len(), "lines"),
        runs.len(),
        plural_kind(runs.len(), "runs")
    ));
    if let Some(line) = trail.journal.torn_line {
        out.print(&format!("line {line} was truncated by a power loss: the request that it announces was never sent\n"));
    }
    if let Some(broken) = &trail.broken {
        out.print(&format!("BROKEN: {}\n", escape(&broken.to_string())));
    } else {
        for violation in &verdict.violations {
            out.print(&format!("BROKEN: {}: {} ({})\n", violation.place, violation.text, violation.code));
        }
    }
    out.print(&format!("{}\nHead: {} {}\n", describe_macs(trail).1, head.seq, head.hash));
}

/// What is known about the MACs of its lines: a word for programs, a line for people.
fn describe_macs(trail: &JournalFile) -> (&'static str, String) {
    let last = trail.journal.lines.len();
    match (trail.journal.chained_from(), trail.key_verification) {
        (None, _) if last == 0 && trail.broken.is_some() => {
            ("unknown", "MACs: no line can be read, so none was checked".to_owned())
        }
        (None, _) => ("none", "MACs: none; anyone who can write the ledger and the journal can rewrite both".to_owned()),
        (Some(from), Some(KeyVerification::By(count))) => {
            let first = last + 1 - count;
            let others = match first as u64 {
                first if from < first => {
                    format!("; lines {from} to {} have MACs of another key, which are not checked", first - 1)
                }
                _ => String::new(),
            };
            ("verified", format!("MACs: made with the fingerprint key in lines {first} to {last}{others}"))
        }
        (Some(from), None) => {
            ("unknown", format!("MACs: not checked, because the key is missing here; lines {from} to {last} have them"))
        }
        (Some(_), Some(_)) => ("unknown", "MACs: the MAC of the last line was made with a different key".to_owned()),
    }
}
