//! `telform journal`: the trail that runs leave. But for `restart` nothing here writes, and no service is asked.

use super::args::{BlameArgs, ExportArgs, ExportFormat, JournalCommand, ShowRunArgs};
use super::book::{Book, Intent};
use super::exit::{Exit, Failure};
use super::journal::failure;
use super::out::Out;
use crate::journal::{self, Broken, Journal, Run, Written};
use crate::output::{self, Blame, BrokenAt, Export, InForce, JournalChecked, RunList, RunShown, Violation};
use crate::text::escape;
use crate::verify;
use crate::view::text::wrap;
use crate::view::{html, journal as view, plural};

/// A journal as far as it is what was written.
struct Trail {
    journal: Journal,
    broken: Option<Broken>,
    bytes: Vec<u8>,
    place: String,
    ends: &'static str,
    /// Runs that ended after the ledger was saved last.
    behind: usize,
}

pub(super) async fn run(out: &Out, command: &JournalCommand) -> Result<Exit, Failure> {
    if let JournalCommand::Restart(args) = command {
        return super::restart::run(out, args).await;
    }
    let trail = Trail::read(out).await?;
    let runs = journal::runs(&trail.journal.lines);
    let exit = match command {
        JournalCommand::List => list(out, &runs),
        JournalCommand::Show(args) => show(out, args, &runs)?,
        JournalCommand::Blame(args) => blame(out, args, &runs)?,
        JournalCommand::Verify => return Ok(verified(out, &trail, &runs)),
        JournalCommand::Export(args) => export(out, args, &trail, &runs),
        JournalCommand::Restart(_) => Exit::Done,
    };
    if let Some(broken) = &trail.broken {
        out.note(&format!(
            "the journal {} is not what was written: {}; what stands before that is shown\n",
            escape(&trail.place),
            escape(&broken.to_string())
        ));
        return Ok(Exit::Failed);
    }
    Ok(exit)
}

impl Trail {
    /// Reads the journal, and what the ledger remembers of its end.
    async fn read(out: &Out) -> Result<Self, Failure> {
        let book = Book::find(out, Intent::Look)?;
        let (bytes, place) = journal::bytes(book.store.place()).await.map_err(failure)?;
        if bytes.is_empty() && book.store.load().await?.is_none_or(|ledger| ledger.journal.is_none()) {
            return Err(Failure::other(
                "telform::journal::none",
                format!("there is no journal at {place}"),
                "an apply writes it beside the ledger; name another ledger with --ledger",
            ));
        }
        let (journal, mut broken) = journal::check_up_to(&bytes);
        let mut ends = "the ledger remembers no end of it";
        let head = book.store.load().await?.and_then(|ledger| ledger.journal);
        let behind = journal.ended_after(head.as_ref());
        if let Some(head) = head.filter(|_| broken.is_none()) {
            broken = journal.holds(&head).err();
            ends = "it goes on from the end that the ledger remembers";
        }
        Ok(Self { journal, broken, bytes, place, ends, behind })
    }
}

fn list(out: &Out, runs: &[Run<'_>]) -> Exit {
    if out.global.json {
        out.document(&RunList { runs: runs.iter().map(|run| output::run(run, false)).collect() });
    } else {
        let count = runs.len();
        let (word, last) = (plural(count, "runs"), runs.last());
        let last = last.map(|run| format!(", the last one {} at {}", escape(run.result()), escape(run.at)));
        out.print(&if out.global.quiet {
            format!("{count} {word}{}\n", last.unwrap_or_default())
        } else {
            view::list(runs, out.width())
        });
    }
    Exit::Done
}

fn show(out: &Out, args: &ShowRunArgs, runs: &[Run<'_>]) -> Result<Exit, Failure> {
    if let Some(at) = &args.at {
        return Ok(show_at(out, at, runs));
    }
    let asked = args.run.as_deref().unwrap_or_default();
    let fits: Vec<&Run<'_>> = match &args.run {
        Some(asked) => runs.iter().filter(|run| run.id.starts_with(asked.as_str())).collect(),
        None => runs.last().into_iter().collect(),
    };
    let [run] = fits.as_slice() else {
        let what = if fits.is_empty() { "no run" } else { "more than one run" };
        return Err(Failure::other(
            "telform::journal::run",
            format!("{what} has an id that begins with `{asked}`"),
            "`telform journal list` shows all of them",
        ));
    };
    if out.global.json {
        out.document(&RunShown { run: output::run(run, true) });
    } else if out.global.quiet {
        let writes = view::writes(run);
        out.print(&format!("{}: {}, writes: {writes}\n", escape(run.id), escape(run.result())));
    } else {
        out.print(&view::run(run, out.width()));
    }
    Ok(Exit::Done)
}

fn show_at(out: &Out, at: &str, runs: &[Run<'_>]) -> Exit {
    let history = journal::history(runs);
    let now = journal::in_force(&history, at);
    let last = runs.iter().rfind(|run| run.at <= at);
    if out.global.json {
        let values = now.values().map(|written| output::written(written)).collect();
        out.document(&InForce { at, run: last.map(|run| run.id), values });
        return Exit::Done;
    }
    match last {
        None => out.print(&format!("No run had begun at {at}.\n")),
        Some(run) => {
            let text = format!(
                "At {at} the last run was {} of {} ({}).",
                escape(run.id),
                escape(&run.started.actor.user),
                escape(run.result())
            );
            let columns = if out.global.quiet { usize::MAX } else { out.width() };
            out.print(&(wrap(&text, columns).join("\n") + "\n"));
            if !now.is_empty() && !out.global.quiet {
                out.print("\n");
                out.print(&view::in_force(now.values(), out.width()));
            }
        }
    }
    Exit::Done
}

/// The last run that set each value; for one attribute every run that did.
fn blame(out: &Out, args: &BlameArgs, runs: &[Run<'_>]) -> Result<Exit, Failure> {
    let history = journal::history(runs);
    // A name may have dots in it, so the whole text is tried as an address first.
    let mut fits: Vec<&Written<'_>> = history.iter().filter(|it| it.address == args.value).collect();
    if fits.is_empty() {
        let one = |it: &&Written<'_>| {
            let rest = args.value.strip_prefix(it.address).and_then(|rest| rest.strip_prefix('.'));
            // `numbers` means each number: `numbers.+14155550101`.
            let part = |name: &str| {
                name.strip_prefix(rest.unwrap_or_default()).is_some_and(|more| more.starts_with('.'))
            };
            rest.is_some_and(|rest| it.attribute.as_deref().is_none_or(|name| name == rest || part(name)))
        };
        fits = history.iter().filter(one).collect();
        fits.reverse();
    } else {
        let mut last = std::collections::BTreeMap::new();
        for written in fits {
            last.insert(written.attribute.as_deref(), written);
        }
        fits = last.into_values().collect();
    }
    if fits.is_empty() {
        return Err(Failure::other(
            "telform::journal::blame",
            format!("no run has set {}", args.value),
            "what was there before telform, and what was adopted, stands in no journal",
        ));
    }
    if out.global.json {
        out.document(&Blame { values: fits.iter().map(|written| output::written(written)).collect() });
    } else if out.global.quiet {
        let last = fits.iter().max_by_key(|written| written.at);
        let last = last.map(|it| format!(", the last time by run {} at {}", it.run.id, it.at));
        out.print(&format!(
            "set {} {}{}\n",
            fits.len(),
            plural(fits.len(), "times"),
            escape(&last.unwrap_or_default())
        ));
    } else {
        out.print(&view::blame(&fits));
    }
    Ok(Exit::Done)
}

/// The chain and the ledger's memory by the journal's own reader, the order of each run by the independent checker.
fn verified(out: &Out, trail: &Trail, runs: &[Run<'_>]) -> Exit {
    let verdict = verify::journal(&trail.bytes);
    let good = trail.broken.is_none() && verdict.verified;
    super::journal::note_behind(out, trail.behind);
    if out.global.json {
        out.document(&JournalChecked {
            verified: good,
            lines: trail.journal.lines.len(),
            runs: runs.len(),
            head: trail.journal.head(),
            torn: trail.journal.torn,
            behind: trail.behind,
            broken: trail.broken.as_ref().map(|broken| BrokenAt { line: broken.line, why: &broken.why }),
            violations: Violation::all(&verdict.violations),
        });
        return if good { Exit::Done } else { Exit::Failed };
    }
    if !out.global.quiet {
        say_what_was_checked(out, trail, runs, &verdict);
    }
    out.print(&if good {
        format!("Verified: every line is what was written; {}.\n", trail.ends)
    } else {
        "NOT verified.\n".to_owned()
    });
    if good { Exit::Done } else { Exit::Failed }
}

/// What was looked at, and what is wrong with it.
fn say_what_was_checked(out: &Out, trail: &Trail, runs: &[Run<'_>], verdict: &verify::JournalVerdict) {
    let head = trail.journal.head();
    out.print(&format!(
        "{}: {} {}, {} {}\n",
        escape(&trail.place),
        trail.journal.lines.len(),
        plural(trail.journal.lines.len(), "lines"),
        runs.len(),
        plural(runs.len(), "runs")
    ));
    if let Some(line) = trail.journal.torn {
        out.print(&format!("line {line} was cut off by a power loss: what it announced never began\n"));
    }
    if let Some(broken) = &trail.broken {
        out.print(&format!("BROKEN: {}\n", escape(&broken.to_string())));
    } else {
        for violation in &verdict.violations {
            out.print(&format!("BROKEN: {}: {} ({})\n", violation.place, violation.text, violation.code));
        }
    }
    out.print(&format!("Head: {} {}\n", head.seq, head.hash));
}

fn export(out: &Out, args: &ExportArgs, trail: &Trail, runs: &[Run<'_>]) -> Exit {
    let head = trail.journal.head();
    let broken = trail.broken.as_ref().map(ToString::to_string);
    // `--json` is the same as `--format json`, whatever else would be printed.
    match if out.global.json { ExportFormat::Json } else { args.format } {
        ExportFormat::Csv => out.print(&view::csv(runs)),
        ExportFormat::Html => {
            out.print(&html::journal(runs, &format!("{} {}", head.seq, head.hash), broken.as_deref()));
        }
        ExportFormat::Json => out.document(&Export {
            head,
            broken,
            runs: runs.iter().map(|run| output::run(run, true)).collect(),
        }),
    }
    Exit::Done
}
