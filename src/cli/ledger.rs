//! `telform ledger`: looks after the ledger. Nothing here writes to a service.

use litemap::LiteMap;
use unicode_width::UnicodeWidthStr;

use super::args::{LedgerCommand, MoveArgs, ShowArgs, UnlockArgs};
use super::book::{Book, Intent};
use super::exit::{Exit, Failure};
use super::journal::{self, change_ledger};
use super::lock;
use super::out::Out;
use crate::ledger::{Entry, Holder, Ledger, Watched};
use crate::output::{LedgerEntry, LedgerList, LedgerLock, LedgerMoved, LedgerShown, WatchedCreate};
use crate::plan::LedgerEffect;
use crate::resource::Address;
use crate::text::escape;
use crate::view::table::{lines, table};

pub(super) async fn run(out: &Out, command: &LedgerCommand) -> Result<Exit, Failure> {
    match command {
        LedgerCommand::List => list(out).await,
        LedgerCommand::Show(args) => show(out, args).await,
        LedgerCommand::Move(args) => rename(out, args).await,
        LedgerCommand::Unlock(args) => unlock(out, args).await,
        LedgerCommand::Forget(args) => super::forget::run(out, args).await,
        LedgerCommand::Rebuild(args) => super::rebuild::run(out, args).await,
        LedgerCommand::Rekey(args) => super::rekey::run(out, args).await,
    }
}

async fn list(out: &Out) -> Result<Exit, Failure> {
    let book = Book::find(out, Intent::Look)?;
    let ledger = book.read().await?;
    if out.global.json {
        out.document(&LedgerList {
            id: &ledger.id,
            serial: ledger.serial,
            accounts: &ledger.accounts,
            objects: ledger.objects.iter().map(|(address, entry)| document(address, entry)).collect(),
            attempts: ledger.attempts.keys().map(ToString::to_string).collect(),
            moves: &ledger.moves,
            watched: ledger.watched.iter().map(watched).collect(),
        });
        return Ok(Exit::Done);
    }
    if !out.global.quiet {
        out.print(&listed(&ledger, out.width()));
    }
    let kept = crate::journal::read(book.store.place()).await;
    journal::note_behind(out, kept.map_or(0, |kept| kept.ended_after(ledger.journal.as_ref())));
    let count = ledger.objects.len();
    let gap = if out.global.quiet { "" } else { "\n" };
    out.print(&format!(
        "{gap}{count} {} in {} (serial {}).\n",
        if count == 1 { "object" } else { "objects" },
        escape(&book.place),
        ledger.serial
    ));
    Ok(Exit::Done)
}

/// Every entry on a line.
fn listed(ledger: &Ledger, columns: usize) -> String {
    let mut rows = vec![["ADDRESS", "ACCOUNT", "ID", "SINCE", ""].map(str::to_owned)];
    for (address, entry) in &ledger.objects {
        let how = if entry.origin == crate::ledger::Origin::Created { "created" } else { "adopted" };
        let since = entry.since.get(..10).unwrap_or(&entry.since);
        rows.push([
            address.to_string(),
            entry.account.clone(),
            entry.id.clone(),
            format!("{how} {since}"),
            marks(entry).join(", "),
        ]);
    }
    for (address, attempt) in &ledger.attempts {
        let since = attempt.since.get(..10).unwrap_or(&attempt.since);
        rows.push([
            address.to_string(),
            attempt.account.clone(),
            "unknown".to_owned(),
            format!("begun {since}"),
            "its create was cut off".to_owned(),
        ]);
    }
    let mut text = table(&rows, usize::MAX);
    if text.lines().any(|line| line.width() > columns) {
        text = narrow(&rows, columns);
    }
    for open in &ledger.moves {
        text.push_str(&format!(
            "{} was cut off to be moved to {} and is dark\n",
            escape(&open.number),
            escape(&open.bridge)
        ));
    }
    for create in &ledger.watched {
        text.push_str(&format!(
            "the create of {} at {} got no answer: its natural key is watched\n",
            create.address,
            escape(&create.sent())
        ));
    }
    text
}

/// A create whose natural key is watched, for programs.
fn watched(create: &Watched) -> WatchedCreate<'_> {
    let Watched { address, account, key, since, run, .. } = create;
    WatchedCreate { address: address.to_string(), account, key, since, run }
}

/// The same for a narrow terminal: what is special stands below its entry, and `ledger show` says since when.
fn narrow(rows: &[[String; 5]], columns: usize) -> String {
    let short = |[address, account, id, ..]: &[String; 5]| [address.clone(), account.clone(), id.clone()];
    let short: Vec<[String; 3]> = rows.iter().map(short).collect();
    let mut text = String::new();
    for (line, [.., marks]) in lines(&short, columns).iter().zip(rows) {
        text.push_str(line);
        if !marks.is_empty() {
            text.push_str(&format!("    {marks}\n"));
        }
    }
    text + "\nSince when: `telform ledger show ADDRESS`, or a wider terminal.\n"
}

/// What is special about an entry, in words.
fn marks(entry: &Entry) -> Vec<&'static str> {
    let mut marks = Vec::new();
    if entry.prevent_delete {
        marks.push("protected");
    }
    if entry.hidden_since.is_some() {
        marks.push("waits to be verified");
    }
    if !entry.submitted.is_empty() {
        marks.push("values wait to be verified");
    }
    if !entry.former.is_empty() {
        marks.push("its replacement is not finished");
    }
    marks
}

/// An entry for programs.
fn document<'a>(address: &Address, entry: &'a Entry) -> LedgerEntry<'a> {
    fn names<V>(map: &LiteMap<String, V>) -> Vec<&str> {
        map.keys().map(String::as_str).collect()
    }
    LedgerEntry {
        address: address.to_string(),
        account: &entry.account,
        id: &entry.id,
        origin: entry.origin,
        since: &entry.since,
        key: &entry.key,
        secrets: names(&entry.secrets),
        prevent_delete: entry.prevent_delete,
        hidden_since: entry.hidden_since.as_deref(),
        submitted: names(&entry.submitted),
        reshaped: names(&entry.reshaped),
        not_taken: names(&entry.not_taken),
        former: &entry.former,
        replaced: &entry.replaced,
    }
}

async fn show(out: &Out, args: &ShowArgs) -> Result<Exit, Failure> {
    let book = Book::find(out, Intent::Look)?;
    let ledger = book.read().await?;
    let Some(entry) = ledger.objects.get(&args.address) else {
        if let Some(attempt) = ledger.attempts.get(&args.address) {
            if out.global.json {
                out.document(&LedgerShown {
                    address: args.address.to_string(),
                    entry: None,
                    attempt: Some(attempt),
                    connections: Vec::new(),
                });
                return Ok(Exit::Done);
            }
            out.print(&format!(
                "{}  its create of {} in account {} was cut off; nobody knows whether it made the object\n",
                args.address,
                escape(&attempt.since),
                escape(&attempt.account)
            ));
            return Ok(Exit::Done);
        }
        return Err(unknown(&ledger, &args.address));
    };
    let served: Vec<_> = ledger
        .connections
        .iter()
        .filter(|made| {
            made.account == entry.account && (made.provider == entry.id || made.bridge == entry.id)
        })
        .collect();
    if out.global.json {
        out.document(&LedgerShown {
            address: args.address.to_string(),
            entry: Some(document(&args.address, entry)),
            attempt: ledger.attempts.get(&args.address),
            connections: served,
        });
        return Ok(Exit::Done);
    }
    if out.global.quiet {
        out.print(&format!(
            "{}: {} in account {}\n",
            args.address,
            escape(&entry.id),
            escape(&entry.account)
        ));
        return Ok(Exit::Done);
    }
    let how = if entry.origin == crate::ledger::Origin::Created { "created" } else { "adopted" };
    let mut rows = vec![
        ["address".to_owned(), args.address.to_string()],
        ["account".to_owned(), entry.account.clone()],
        ["id".to_owned(), entry.id.clone()],
        [how.to_owned(), entry.since.clone()],
    ];
    rows.extend(
        entry
            .key
            .iter()
            .map(|(name, value)| [name.to_string(), value.text().unwrap_or_default().into_owned()]),
    );
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
        rows.push([
            "protected".to_owned(),
            "prevent_delete, also when the entry is gone from the YAML".to_owned(),
        ]);
    }
    if let Some(since) = &entry.hidden_since {
        rows.push(["invisible since".to_owned(), since.clone()]);
    }
    rows.extend(served.iter().map(|made| {
        ["connection".to_owned(), format!("{} on {} by {}", made.number, made.bridge, made.provider)]
    }));
    // What is copied from here stays in one piece.
    out.print(&table(&rows, usize::MAX));
    Ok(Exit::Done)
}

pub(super) fn unknown(ledger: &Ledger, address: &Address) -> Failure {
    let near = ledger.objects.keys().map(ToString::to_string).max_by(|a, b| {
        strsim::jaro_winkler(a, &address.to_string())
            .total_cmp(&strsim::jaro_winkler(b, &address.to_string()))
    });
    Failure::other(
        "telform::ledger::unknown_address",
        format!("the ledger knows no {address}"),
        near.map_or_else(
            || "it is empty".to_owned(),
            |near| format!("did you mean {near}? `telform ledger list` shows all"),
        ),
    )
}

async fn rename(out: &Out, args: &MoveArgs) -> Result<Exit, Failure> {
    let book = Book::find(out, Intent::Change)?;
    book.read().await?;
    let _lock = lock::take(out, &book.store, args.lock.wait()).await?;
    // Read again under the lock: another run may just have ended.
    let mut ledger = book.read().await?;
    if args.from.kind != args.to.kind {
        return Err(Failure::other(
            "telform::ledger::move",
            format!("{} cannot become {}", args.from, args.to),
            "an object stays of its kind",
        ));
    }
    if !ledger.objects.contains_key(&args.from) && !ledger.attempts.contains_key(&args.from) {
        return Err(unknown(&ledger, &args.from));
    }
    if ledger.objects.contains_key(&args.to) || ledger.attempts.contains_key(&args.to) {
        return Err(Failure::other(
            "telform::ledger::move",
            format!("the ledger knows {} already", args.to),
            format!("to let go of it, run `telform forget {}` first", args.to),
        ));
    }
    let effects = vec![LedgerEffect::Rename { from: args.from.clone(), to: args.to.clone() }];
    let rename = |ledger: &mut Ledger| ledger.rename(&args.from, &args.to);
    change_ledger(&book.store, &mut ledger, "ledger move", effects, rename).await?;
    if out.global.json {
        out.document(&LedgerMoved { from: args.from.to_string(), to: args.to.to_string() });
        return Ok(Exit::Done);
    }
    out.print(&format!(
        "{} is {} in the ledger now. Rename its entry in the YAML too.\n",
        args.from, args.to
    ));
    Ok(Exit::Done)
}

/// Shows who has the lock; frees it only when it is called by its id.
async fn unlock(out: &Out, args: &UnlockArgs) -> Result<Exit, Failure> {
    let store = Book::find(out, Intent::Look)?.store;
    let place = store.shown();
    let free = LedgerLock {
        ledger: place.clone(),
        held: false,
        id: None,
        holder: None,
        expired: false,
        freed: false,
    };
    if let Some(id) = &args.lock_id {
        let whose = store.unlock(id).await?;
        if out.global.json {
            let (id, holder) = (Some(id.clone()), Some(whose));
            out.document(&LedgerLock { id, holder, freed: true, ..free });
            return Ok(Exit::Done);
        }
        out.print(&format!("Freed the lock of {}: {}\n", escape(&place), escape(&whose)));
        return Ok(Exit::Done);
    }
    match store.holder().await? {
        Holder::Nobody if out.global.json => {
            out.document(&free);
            Ok(Exit::Done)
        }
        Holder::Run { id, words, expired } if out.global.json => {
            out.document(&LedgerLock { held: true, id: Some(id), holder: Some(words), expired, ..free });
            Ok(Exit::Refused)
        }
        Holder::Nobody => {
            out.print(&format!("Nobody has the lock of {}.\n", escape(&place)));
            Ok(Exit::Done)
        }
        Holder::Run { id, words, expired } => {
            out.print(&format!("The lock of {} is taken: {}\n", escape(&place), escape(&words)));
            if out.global.quiet {
                return Ok(Exit::Refused);
            }
            out.print(&match (store.is_shared(), expired) {
                (false, _) => "It goes with its process.\n".to_owned(),
                (true, true) => "The next run takes it over; nothing has to be done.\n".to_owned(),
                (true, false) => format!(
                    "If you are sure that this run is gone: {}\n",
                    out.again.command(&format!("telform ledger unlock --lock-id {}", escape(&id)))
                ),
            });
            Ok(Exit::Refused)
        }
    }
}
