//! `telform ledger show`.

use clap::Args;

use super::document;
use crate::cli::args::parse_address;
use crate::cli::console::Console;
use crate::model::resource::Address;
use crate::output::LedgerShown;
use crate::output::view::table::render_table;
use crate::run::opened_ledger::{OpenedLedger, unknown_address};
use crate::run::{Exit, RunError};
use crate::text::escape;

/// `telform ledger show`.
#[derive(Debug, Args, Clone)]
pub struct ShowObjectArgs {
    /// Which object
    #[arg(value_parser = parse_address)]
    pub address: Address,
}

pub(super) async fn run(out: &Console, args: &ShowObjectArgs) -> Result<Exit, RunError> {
    let book = OpenedLedger::find(&out.context())?;
    let (ledger, exit) = book.look(&out.context()).await?;
    let Some(entry) = ledger.objects.get(&args.address) else {
        if let Some(attempt) = ledger.attempts.get(&args.address) {
            if out.global.json {
                out.print_document(&LedgerShown {
                    address: args.address.to_string(),
                    entry: None,
                    attempt: Some(attempt),
                    connections: Vec::new(),
                });
                return Ok(exit);
            }
            out.print(&format!(
                "{}  its create of {} in account {} was interrupted; it is not known whether it created the object\n",
                args.address,
                escape(&attempt.since),
                escape(&attempt.account)
            ));
            return Ok(exit);
        }
        return Err(unknown_address(&ledger, &args.address));
    };
    let served: Vec<_> = ledger
        .connections
        .iter()
        .filter(|made| made.account == entry.account && (made.provider == entry.id || made.bridge == entry.id))
        .collect();
    if out.global.json {
        out.print_document(&LedgerShown {
            address: args.address.to_string(),
            entry: Some(document(&args.address, entry)),
            attempt: ledger.attempts.get(&args.address),
            connections: served,
        });
        return Ok(exit);
    }
    if out.global.quiet {
        out.print(&format!("{}: {} in account {}\n", args.address, escape(&entry.id), escape(&entry.account)));
        return Ok(exit);
    }
    let how = super::origin_word(&args.address, entry);
    let mut rows = vec![
        ["address".to_owned(), args.address.to_string()],
        ["account".to_owned(), entry.account.clone()],
        ["id".to_owned(), entry.id.clone()],
        [how.to_owned(), entry.since.clone()],
    ];
    rows.extend(entry.key.iter().map(|(name, value)| [name.to_string(), value.text().unwrap_or_default().into_owned()]));
    let names = |title: &str, names: Vec<&String>| {
        let list: Vec<&str> = names.into_iter().map(String::as_str).collect();
        (!list.is_empty()).then(|| [title.to_owned(), list.join(", ")])
    };
    rows.extend(names("secrets written", entry.secrets.keys().collect()));
    rows.extend(names("written, not known which", entry.unreadable.iter().collect()));
    rows.extend(names("wait to be verified", entry.submitted.keys().collect()));
    rows.extend(names("kept in another form", entry.reshaped.keys().collect()));
    rows.extend(names("sent, not taken", entry.not_taken.keys().collect()));
    rows.extend(names("replaced", entry.replaced.iter().collect()));
    rows.extend(names("still to be deleted", entry.former.iter().collect()));
    if entry.prevent_delete {
        rows.push(["protected".to_owned(), "prevent_delete, even when the entry is removed from the YAML".to_owned()]);
    }
    if let Some(since) = &entry.hidden_since {
        rows.push(["invisible since".to_owned(), since.clone()]);
    }
    rows.extend(
        served.iter().map(|made| ["connection".to_owned(), format!("{} on {} by {}", made.number, made.bridge, made.provider)]),
    );
    // Text to be copied is not wrapped.
    out.print(&render_table(&rows, usize::MAX));
    Ok(exit)
}
