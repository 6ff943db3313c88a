//! `telform ledger`: looks after the ledger. Nothing here writes to a service.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::args::{Choice, ForgetArgs, LedgerCommand, MoveArgs, RebuildArgs, ShowArgs, UnlockArgs};
use super::book::{Book, Intent};
use super::exit::{Exit, Failure};
use super::lock;
use super::out::Out;
use super::session::{Purpose, Session, account_entries, now};
use crate::apply::settle_ledger;
use crate::ledger::{Entry, Holder, Ledger, LedgerError};
use crate::plan::{NoticeCode, Plan};
use crate::resource::{Address, Live, Target};
use crate::text::escape;

pub(super) async fn run(out: &Out, command: &LedgerCommand) -> Result<Exit, Failure> {
    match command {
        LedgerCommand::List => list(out).await,
        LedgerCommand::Show(args) => show(out, args).await,
        LedgerCommand::Move(args) => rename(out, args).await,
        LedgerCommand::Unlock(args) => unlock(out, args).await,
        LedgerCommand::Forget(args) => forget(out, args).await,
        LedgerCommand::Rebuild(args) => rebuild(out, args).await,
        LedgerCommand::Rekey(args) => super::rekey::run(out, args).await,
    }
}

async fn list(out: &Out) -> Result<Exit, Failure> {
    let book = Book::find(out, Intent::Look)?;
    let ledger = book.read().await?;
    if out.global.json {
        let objects: Vec<_> =
            ledger.objects.iter().map(|(address, entry)| document(address, entry)).collect();
        out.json_line(&serde_json::json!({
            "format": "telform-ledger-list", "format_version": 1, "id": ledger.id, "serial": ledger.serial,
            "accounts": ledger.accounts, "objects": objects, "attempts": ledger.attempts.keys().collect::<Vec<_>>(),
            "moves": ledger.moves,
        }));
        return Ok(Exit::Done);
    }
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
    out.print(&table(&rows));
    for open in &ledger.moves {
        out.print(&format!(
            "{} was cut off to be moved to {} and is dark\n",
            escape(&open.number),
            escape(&open.bridge)
        ));
    }
    let count = ledger.objects.len();
    out.print(&format!(
        "\n{count} {} in {} (serial {}).\n",
        if count == 1 { "object" } else { "objects" },
        escape(&book.place),
        ledger.serial
    ));
    Ok(Exit::Done)
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

/// An entry for programs. Of a secret only the name: its seal says nothing without the key, and nothing has to know it.
fn document(address: &Address, entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "address": address, "account": entry.account, "id": entry.id, "origin": entry.origin, "since": entry.since,
        "key": entry.key, "secrets": entry.secrets.keys().collect::<Vec<_>>(), "prevent_delete": entry.prevent_delete,
        "hidden_since": entry.hidden_since, "submitted": entry.submitted.keys().collect::<Vec<_>>(),
        "reshaped": entry.reshaped.keys().collect::<Vec<_>>(), "former": entry.former, "replaced": entry.replaced,
    })
}

/// Columns of equal width, two blanks between them.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    let clean: Vec<[String; N]> = rows.iter().map(|row| row.clone().map(|cell| escape(&cell))).collect();
    for row in &clean {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    for row in &clean {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

async fn show(out: &Out, args: &ShowArgs) -> Result<Exit, Failure> {
    let book = Book::find(out, Intent::Look)?;
    let ledger = book.read().await?;
    let Some(entry) = ledger.objects.get(&args.address) else {
        if let Some(attempt) = ledger.attempts.get(&args.address) {
            if out.global.json {
                out.json_line(&serde_json::json!({
                    "format": "telform-ledger-entry", "format_version": 1, "address": args.address, "attempt": attempt,
                }));
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
        let mut document = document(&args.address, entry);
        document["format"] = "telform-ledger-entry".into();
        document["format_version"] = 1.into();
        document["connections"] = serde_json::json!(served);
        out.json_line(&document);
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
        entry.key.iter().map(|(name, value)| [name.clone(), crate::kind::text_of(value).unwrap_or_default()]),
    );
    let names = |title: &str, names: Vec<&String>| {
        let list: Vec<&str> = names.into_iter().map(String::as_str).collect();
        (!list.is_empty()).then(|| [title.to_owned(), list.join(", ")])
    };
    rows.extend(names("secrets written", entry.secrets.keys().collect()));
    rows.extend(names("wait to be verified", entry.submitted.keys().collect()));
    rows.extend(names("kept in another form", entry.reshaped.keys().collect()));
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
    out.print(&table(&rows));
    Ok(Exit::Done)
}

fn unknown(ledger: &Ledger, address: &Address) -> Failure {
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
    ledger.rename(&args.from, &args.to);
    book.store.save(&mut ledger).await?;
    out.print(&format!(
        "{} is {} in the ledger now. Rename its entry in the YAML too.\n",
        args.from, args.to
    ));
    Ok(Exit::Done)
}

/// Takes an address out of the ledger; its object stays as it is.
pub(super) async fn forget(out: &Out, args: &ForgetArgs) -> Result<Exit, Failure> {
    let address = &args.address;
    let book = Book::find(out, Intent::Change)?;
    book.read().await?;
    let _lock = lock::take(out, &book.store, args.lock.wait()).await?;
    let mut ledger = book.read().await?;
    if ledger.attempts.remove(address).is_some() && !ledger.objects.contains_key(address) {
        book.store.save(&mut ledger).await?;
        out.print(&format!(
            "Noted: the create of {address} that was cut off made nothing. The next apply creates it.\n"
        ));
        return Ok(Exit::Done);
    }
    let Some(entry) = ledger.objects.remove(address) else { return Err(unknown(&ledger, address)) };
    book.store.save(&mut ledger).await?;
    let text = format!(
        "Released {address}: {} in account {} stays as it is, and telform no longer manages it.",
        escape(&entry.id),
        escape(&entry.account)
    );
    out.print(&format!("{}\n", out.reading().wrap(&text, 0).join("\n")));
    Ok(Exit::Done)
}

/// Shows who has the lock; frees it only when it is called by its id.
async fn unlock(out: &Out, args: &UnlockArgs) -> Result<Exit, Failure> {
    let store = Book::find(out, Intent::Look)?.store;
    let place = store.shown();
    if let Some(id) = &args.lock_id {
        let whose = store.unlock(id).await?;
        out.print(&format!("Freed the lock of {}: {}\n", escape(&place), escape(&whose)));
        return Ok(Exit::Done);
    }
    match store.holder().await? {
        Holder::Nobody => {
            out.print(&format!("Nobody has the lock of {}.\n", escape(&place)));
            Ok(Exit::Done)
        }
        Holder::Run { id, words, expired } => {
            out.print(&format!("The lock of {} is taken: {}\n", escape(&place), escape(&words)));
            out.print(&match (store.is_shared(), expired) {
                (false, _) => "It goes with its process.\n".to_owned(),
                (true, true) => "The next run takes it over; nothing has to be done.\n".to_owned(),
                (true, false) => format!(
                    "If you are sure that this run is gone: telform ledger unlock --lock-id {}\n",
                    escape(&id)
                ),
            });
            Ok(Exit::Refused)
        }
    }
}

/// A ledger from YAML and live alone.
async fn rebuild(out: &Out, args: &RebuildArgs) -> Result<Exit, Failure> {
    let choice = Choice { sandbox: args.sandbox.clone(), ..Choice::default() };
    let mut session = Session::open(out, &choice, Purpose::Rebuild(args.lock.wait())).await?;
    let place = session.store.shown();
    let there = match session.store.load().await {
        Ok(None) => None,
        Ok(Some(there)) => {
            // Kept aside it would be out of its owner's way: --replace is for a ledger of one's own.
            session
                .store
                .check_accounts(&there, account_entries(&session.desired, session.options.sandbox))?;
            Some("and can be read".to_owned())
        }
        Err(error @ (LedgerError::Io { .. } | LedgerError::Remote { .. })) => return Err(error.into()),
        Err(error) => Some(format!("({error})")),
    };
    if let Some(state) = there.filter(|_| !args.replace) {
        return Err(Failure::other(
            "telform::ledger::exists",
            format!("there is a ledger at {place} {state}; nothing was changed"),
            "--replace keeps it beside the new one; what only it knows (secrets written, objects waiting to be verified) is then forgotten",
        ));
    }
    let live = session.read().await?;
    let plan = session.plan(&live)?;
    settle_ledger(&mut session.ledger, &plan, &session.desired, &live, &session.key, &now);
    if let Some(aside) = session.store.set_aside(&format!("replaced-{}", now().replace(':', ""))).await? {
        out.note(&format!("the old ledger is kept as {}\n", escape(&aside)));
    }
    session.store.save(&mut session.ledger).await?;
    session.close()?;
    let lost = lost(&plan, &live);
    if out.global.json {
        out.json_line(&serde_json::json!({
            "format": "telform-ledger-rebuild", "format_version": 1, "objects": session.ledger.objects.len(),
            "unknown": lost.iter().map(|(what, about)| serde_json::json!({ "what": what, "about": about })).collect::<Vec<_>>(),
        }));
        return Ok(Exit::Done);
    }
    let found = session.ledger.objects.len();
    let objects = crate::view::plural(found, "objects");
    out.print(&format!("Rebuilt {}: {found} {objects} found.\n", escape(&place)));
    if !lost.is_empty() {
        out.print("\nWhat could not be known:\n");
    }
    for (what, about) in &lost {
        out.print(&format!("  {}  {what}\n", escape(about)));
    }
    if plan.has_changes() || plan.is_refused() {
        out.print(&format!("\nA plan is not empty: {}. Review it before the next apply.\n", plan.summary()));
    }
    Ok(Exit::Done)
}

/// What YAML and live do not tell: the words, and what each is about.
fn lost(plan: &Plan, live: &Live) -> BTreeSet<(&'static str, String)> {
    let mut lost = BTreeSet::new();
    for notice in &plan.notices {
        let what = match notice.code {
            NoticeCode::SecretUnknown | NoticeCode::SecretNotSupplied => {
                "whether the secret there is the configured one"
            }
            NoticeCode::MayBeHidden => {
                "whether it was made before and waits, invisible, to be verified: look before the next apply"
            }
            _ => continue,
        };
        let address = notice.address.as_ref().map(ToString::to_string).unwrap_or_default();
        lost.insert((
            what,
            format!("{address} {}", notice.attribute.as_deref().unwrap_or_default()).trim_end().to_owned(),
        ));
    }
    for (account, read) in &live.accounts {
        for connection in read.connections.iter().flatten() {
            if let Target::Ambiguous(_) = connection.target {
                lost.insert((
                    "which configuration serves this number",
                    format!("{account} {} {}", connection.bridge, connection.number),
                ));
            }
        }
    }
    lost
}
