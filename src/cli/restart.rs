//! `telform journal restart`: the way on where the journal is lost or is not what was written. Nothing of it is thrown away.

use super::args::RestartArgs;
use super::book::{Book, Intent};
use super::exit::{Exit, Failure};
use super::journal::{change_ledger, failure};
use super::lock;
use super::out::Out;
use super::session::now;
use crate::journal;
use crate::output::JournalRestarted;
use crate::text::escape;
use crate::view::plural;

/// Keeps the old one aside and begins another one.
pub(super) async fn run(out: &Out, args: &RestartArgs) -> Result<Exit, Failure> {
    let book = Book::find(out, Intent::Change)?;
    book.read().await?;
    let _lock = lock::take(out, &book.store, args.lock.wait()).await?;
    let mut ledger = book.read().await?;
    let (bytes, place) = journal::bytes(book.store.place()).await.map_err(failure)?;
    let (whole, broken) = journal::check_up_to(&bytes);
    let fits = ledger.journal.as_ref().is_none_or(|head| whole.holds(head).is_ok());
    if broken.is_none() && fits {
        return Err(Failure::other(
            "telform::journal::whole",
            format!("the journal {place} is what was written; nothing was changed"),
            "the next run goes on with it",
        ));
    }
    let stamp = format!("replaced-{}", now().replace(':', ""));
    let kept = journal::set_aside(book.store.place(), &stamp).await.map_err(failure)?;
    ledger.journal = None;
    change_ledger(&book.store, &mut ledger, "journal restart", Vec::new(), |_| {}).await?;
    let lines = whole.lines.len();
    if out.global.json {
        out.document(&JournalRestarted { kept, lines });
        return Ok(Exit::Done);
    }
    out.print(&match &kept {
        Some(kept) => format!(
            "Began a new journal. The old one is kept as {}; {lines} {} of it can be read.\n",
            escape(kept),
            plural(lines, "lines")
        ),
        None => "Began a new journal; of the old one there was nothing.\n".to_owned(),
    });
    if !out.global.quiet {
        out.print("Runs before it can neither be resumed nor taken back.\n");
    }
    Ok(Exit::Done)
}
