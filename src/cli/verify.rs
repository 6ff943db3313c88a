//! `telform verify`: the independent checker over a file, a plan or a journal.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::args::VerifyArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use crate::output::{self, PlanVerdict};
use crate::verify::{self, JournalVerdict, MOST_BYTES, Verdict, Violation};
use crate::view::plural;
use crate::view::text::wrap;

/// Most violations that people are shown; programs get all.
const MOST_SHOWN: usize = 20;

/// Reads a plan and says whether every rule holds.
pub(super) fn run(out: &Out, args: &VerifyArgs) -> Result<Exit, Failure> {
    let name = args.file.display().to_string();
    let bytes = read(&args.file).map_err(|error| {
        Failure::other(
            "telform::verify::unreadable",
            format!("{name} cannot be read: {error}"),
            "`telform plan --format json` prints what can be verified",
        )
    })?;
    if verify::is_journal(&bytes) {
        return Ok(journal(out, &verify::journal(&bytes)));
    }
    let verdict = verify::plan(&bytes);
    if out.global.json {
        out.document(&PlanVerdict::from(&verdict));
    } else {
        out.print(&told(&verdict, out));
    }
    Ok(if verdict.verified { Exit::Done } else { Exit::Failed })
}

/// One byte more than is allowed tells that there is too much.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Says whether a journal follows its rules.
fn journal(out: &Out, verdict: &JournalVerdict) -> Exit {
    let exit = if verdict.verified { Exit::Done } else { Exit::Failed };
    if out.global.json {
        out.document(&output::JournalVerdict {
            verified: verdict.verified,
            lines: verdict.lines,
            runs: verdict.runs,
            requests: verdict.requests,
            head: &verdict.head,
            violations: output::Violation::all(&verdict.violations),
        });
        return exit;
    }
    let mut text = if out.global.quiet { String::new() } else { violations(&verdict.violations, out) };
    let of = |count: usize, word: &str| format!("{count} {}", plural(count, word));
    if !out.global.quiet {
        text.push_str(&format!(
            "Looked at: {}, {}, {}\nHead: {} {}\n",
            of(verdict.lines, "lines"),
            of(verdict.runs, "runs"),
            of(verdict.requests, "requests"),
            verdict.lines,
            verdict.head
        ));
    }
    text.push_str(&if verdict.verified {
        "Verified: every rule holds. Only the ledger tells whether lines are missing at the end.\n".to_owned()
    } else {
        format!("NOT verified: {}.\n", of(verdict.violations.len(), "violations"))
    });
    out.print(&text);
    exit
}

fn violations(all: &[Violation], out: &Out) -> String {
    let width = out.width().clamp(40, 100);
    let mut text = String::new();
    for violation in all.iter().take(MOST_SHOWN) {
        text.push_str(&format!("error[{}]: at {}\n", violation.code, violation.place));
        for line in wrap(&violation.text, width - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if all.len() > MOST_SHOWN {
        text.push_str(&format!("… and {} more; --json has all\n", all.len() - MOST_SHOWN));
    }
    text
}

fn told(verdict: &Verdict, out: &Out) -> String {
    let mut text = if out.global.quiet { String::new() } else { violations(&verdict.violations, out) };
    let count = verdict.violations.len();
    let of = |count: usize, word: &str| format!("{count} {}", plural(count, word));
    if let (Some(seen), false) = (&verdict.seen, out.global.quiet) {
        text.push_str(&format!(
            "Looked at: {}, {}, {}, {}, {}\n",
            of(seen.changes, "changes"),
            of(seen.steps, "requests"),
            of(seen.deletes, "deletes"),
            of(seen.numbers, "numbers"),
            of(seen.refusals, "refusals"),
        ));
        text.push_str(&format!("Digest: {}\n", seen.digest));
        text.push_str(if seen.checksum {
            "Checksum: of the whole file\n"
        } else {
            "Checksum: none, so only what the digest covers is sealed\n"
        });
        if !seen.complete {
            text.push_str("Not complete: what is refused was left out, so not all of it is checked\n");
        }
    }
    text.push_str(&match (verdict.verified, verdict.applicable) {
        (true, true) => "Verified: every rule holds.\n".to_owned(),
        (true, false) => "Verified, but not applicable: the plan refuses something.\n".to_owned(),
        (false, _) => format!("NOT verified: {}.\n", of(count, "violations")),
    });
    text
}

/// The planner and the checker disagree, so nobody knows what an apply would do.
pub(super) fn unverified(verdict: &Verdict) -> Failure {
    let found = &verdict.violations;
    let told: Vec<String> =
        found.iter().take(3).map(|it| format!("{} at {} ({})", it.text, it.place, it.code)).collect();
    let more = if found.len() > told.len() {
        format!("; and {} more", found.len() - told.len())
    } else {
        String::new()
    };
    let help = if found.iter().any(|it| it.code.ends_with("::json")) {
        "a value of the configuration or of a service is one that programs read differently; leave its object out of this run with `--exclude ADDRESS`"
    } else {
        "this is a bug of telform: please report it with this message; until it is mended, leave the object out of this run with `--exclude ADDRESS`"
    };
    Failure::other(
        "telform::verify::own_plan",
        format!(
            "the plan does not pass the independent checker, so it is not carried out: {}{more}",
            told.join("; ")
        ),
        help,
    )
}
