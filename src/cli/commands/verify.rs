//! `telform verify`: the independent checker over a file, a plan or a journal.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::SignersArgs;
use crate::cli::console::Console;
use crate::cli::signing;
use crate::disk;
use crate::output::view::plural_kind;
use crate::output::view::text::wrap_text;
use crate::output::{self, PlanVerdict};
use crate::run::signing::{JournalSignatures, PlanFileWithPapers, read_allowed_signers};
use crate::run::{Exit, RunError};
use crate::state::journal;
use crate::verify::{self, CheckerViolation, MOST_BYTES, PlanVerification};

/// `telform verify`.
#[derive(Debug, Args, Clone)]
pub struct VerifyArgs {
    /// A plan as JSON, or a journal
    ///
    /// A plan as `telform plan --format json` prints it; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Whose signatures are valid.
    #[command(flatten)]
    pub signers: SignersArgs,
}

/// Most violations that are shown to people; programs get all.
const MOST_SHOWN: usize = 20;

/// Reads a plan and reports whether every rule holds.
pub(crate) fn run(out: &Console, args: &VerifyArgs) -> Result<Exit, RunError> {
    let name = args.file.display().to_string();
    let unreadable = |error: io::Error| {
        RunError::other(
            "telform::verify::unreadable",
            format!("{name} cannot be read: {error}"),
            "`telform plan --format json` prints what can be verified",
        )
    };
    let bytes = read_input(&args.file).map_err(unreadable)?;
    if verify::is_journal(&bytes) {
        return verify_journal(out, args, &bytes);
    }
    let content = disk::gunzip(&bytes, MOST_BYTES as u64).map_err(unreadable)?;
    let verdict = verify::verify_plan(content.as_deref().unwrap_or(&bytes));
    let signatures = verify_signatures(args, &bytes, &verdict)?;
    let good = verdict.verified && signatures.hold();
    if out.global.json {
        let told = PlanVerdict::from(&verdict);
        out.print_document(&PlanVerdict { verified: good, signatures: signatures.seen, ..told });
    } else {
        if !out.global.quiet {
            out.print(&signing::journal_lines(&signatures, out.width()));
        }
        out.print(&render_verdict(&verdict, good, out));
    }
    Ok(if good { Exit::Done } else { Exit::Failed })
}

/// Who signed and approved the plan. Where allowed signers were given, at least one of them must have signed or approved it.
fn verify_signatures(args: &VerifyArgs, bytes: &[u8], verdict: &PlanVerification) -> Result<JournalSignatures, RunError> {
    let allowed = args.signers.allowed_signers.as_deref().map(read_allowed_signers).transpose()?;
    let digest = verdict.seen.as_ref().map_or("", |seen| &seen.digest);
    let seen = PlanFileWithPapers::read(&args.file, bytes, digest)?.to_reports(allowed.as_ref());
    let nobody = !seen.iter().any(|it| it.verdict == "counts");
    let missing = (allowed.is_some() && nobody)
        .then(|| ("telform::signature::missing", "none of the allowed signers signed or approved the plan".to_owned()));
    Ok(JournalSignatures { seen, missing })
}

fn read_input(path: &Path) -> io::Result<Vec<u8>> {
    let most = MOST_BYTES as u64;
    match path.to_str() {
        Some("-") => disk::read_bounded(io::stdin().lock(), most),
        _ => disk::read_bounded(disk::open_file(path)?, most),
    }
}

/// Reports whether a journal follows its rules.
fn verify_journal(out: &Console, args: &VerifyArgs, bytes: &[u8]) -> Result<Exit, RunError> {
    let verdict = &verify::verify_journal(bytes);
    let (read, _) = journal::check_up_to(bytes);
    let signatures = JournalSignatures::of(bytes, &read, args.signers.allowed_signers.as_deref())?;
    // Of an altered journal only a part can be read, and it is not verified anyway.
    if verdict.verified {
        out.head_expectation.check_journal_at(&args.file.display().to_string(), &read)?;
    }
    let good = verdict.verified && signatures.hold();
    let exit = if good { Exit::Done } else { Exit::Failed };
    if out.global.json {
        out.print_document(&output::JournalVerdict {
            verified: good,
            lines: verdict.lines,
            runs: verdict.runs,
            requests: verdict.requests,
            head: &verdict.head,
            violations: output::Violation::all(&verdict.violations),
            unsigned: signatures.missing.as_ref().map(|(_, what)| what.as_str()),
            signatures: signatures.seen,
        });
        return Ok(exit);
    }
    let mut text = if out.global.quiet { String::new() } else { render_violations(&verdict.violations, out) };
    let of = |count: usize, word: &str| format!("{count} {}", plural_kind(count, word));
    if !out.global.quiet {
        text.push_str(&format!(
            "Checked: {}, {}, {}\nHead: {} {}\n",
            of(verdict.lines, "lines"),
            of(verdict.runs, "runs"),
            of(verdict.requests, "requests"),
            verdict.lines,
            verdict.head
        ));
        text.push_str(&signing::journal_lines(&signatures, out.width()));
    }
    text.push_str(&if good {
        let required = if out.head_expectation.demands()? { ", and the journal has the required line" } else { "" };
        format!("Verified: every rule holds{required}. Only the ledger shows whether lines are missing at the end.\n")
    } else {
        not_verified(verdict.violations.len())
    });
    out.print(&text);
    Ok(exit)
}

/// The last line when a rule is violated.
fn not_verified(violations: usize) -> String {
    match violations {
        0 => "NOT verified: the signatures are not valid.\n".to_owned(),
        count => format!("NOT verified: {count} {}.\n", plural_kind(count, "violations")),
    }
}

fn render_violations(all: &[CheckerViolation], out: &Console) -> String {
    let width = out.width().clamp(40, 100);
    let mut text = String::new();
    for violation in all.iter().take(MOST_SHOWN) {
        text.push_str(&format!("error[{}]: at {}\n", violation.code, violation.place));
        for line in wrap_text(&violation.text, width - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if all.len() > MOST_SHOWN {
        text.push_str(&format!("… and {} more; --json has all\n", all.len() - MOST_SHOWN));
    }
    text
}

fn render_verdict(verdict: &PlanVerification, good: bool, out: &Console) -> String {
    let mut text = if out.global.quiet { String::new() } else { render_violations(&verdict.violations, out) };
    let count = verdict.violations.len();
    let of = |count: usize, word: &str| format!("{count} {}", plural_kind(count, word));
    if let (Some(seen), false) = (&verdict.seen, out.global.quiet) {
        text.push_str(&format!(
            "Checked: {}, {}, {}, {}, {}\n",
            of(seen.changes, "changes"),
            of(seen.steps, "requests"),
            of(seen.deletes, "deletes"),
            of(seen.numbers, "numbers"),
            of(seen.refusals, "refusals"),
        ));
        text.push_str(&format!("Digest: {}\n", seen.digest));
        text.push_str(if seen.checksum {
            "Checksum: covers the whole file\n"
        } else {
            "Checksum: none, so only the content under the digest is protected\n"
        });
        if !seen.complete {
            text.push_str("Not complete: the plan may leave out what depends on its refusals, so some rules were not checked\n");
        }
    }
    text.push_str(&match (good, verdict.applicable) {
        (true, true) => "Verified: every rule holds.\n".to_owned(),
        (true, false) => "Verified, but not applicable: the plan has refusals.\n".to_owned(),
        (false, _) => not_verified(count),
    });
    text
}
