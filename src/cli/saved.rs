//! Plans as files: what a plan is bound to, reading a reviewed one, showing one.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::args::{Choice, PlanFormat, ShowPlanArgs};
use super::exit::{Exit, Failure};
use super::formats::Wanted;
use super::git;
use super::out::Out;
use super::session::Session;
use crate::document::{self, Document, LIMIT, LedgerIdentity, Moved, Origin, v1};
use crate::live::in_question;
use crate::output::Said;
use crate::plan::{self, Plan};
use crate::resource::{Address, Live, Organization};
use crate::snapshot::{self, SnapshotError};
use crate::text::clean;
use crate::view::json;

/// A plan with what it was made from.
pub(super) fn document(session: &Session, plan: &Plan, live: &Live) -> Document {
    let seals = session.key_is_kept.then(|| document::seals(plan, &session.desired, &session.key)).flatten();
    Document { seals, ..document::of(plan, origin(session, live)) }
}

fn origin(session: &Session, live: &Live) -> Origin {
    let organization = |facts: &Organization| match facts {
        Organization::Confirmed => "confirmed".to_owned(),
        Organization::Unconfirmed(why) => why.clone(),
    };
    Origin {
        configuration: session.taken_for.configuration.clone(),
        ledger: session
            .ledger_is_kept
            .then(|| LedgerIdentity { id: session.ledger.id.clone(), serial: session.ledger.serial }),
        commit: git::commit(),
        organizations: session
            .desired
            .accounts
            .values()
            .filter(|account| account.org_handle.is_some())
            .filter_map(|account| Some((account, live.accounts.get(&account.name)?)))
            .map(|(account, live)| (account.name.clone(), organization(&live.facts.organization)))
            .collect(),
        options: options(&session.options),
    }
}

/// What a run asks for, as a plan keeps it.
pub(super) fn options(options: &plan::Options) -> v1::Options {
    let words = |addresses: &BTreeSet<Address>| addresses.iter().map(ToString::to_string).collect();
    let named = |asked: &BTreeSet<(Address, Option<String>)>| {
        asked.iter().map(|(address, attribute)| (address.to_string(), attribute.clone())).collect()
    };
    v1::Options {
        targets: words(&options.targets),
        excludes: words(&options.excludes),
        accounts: options.accounts.clone(),
        destroy: options.destroy,
        max_deletes: options.guards.max_deletes,
        max_delete_percent: options.guards.max_delete_percent,
        max_numbers_dark: options.guards.max_numbers_dark,
        max_unreadable_bridges: options.max_unreadable_bridges,
        rewrite_secrets: named(&options.rewrite_secrets),
        resend: named(&options.resend),
        sandbox: options.sandbox,
        allow_similar: words(&options.allow_similar),
        allow_unseen_products: options.allow_unseen_products,
    }
}

/// A saved plan that somebody reviewed.
pub(super) struct Reviewed {
    document: Document,
    plan: Plan,
}

impl Reviewed {
    /// Reads one, and refuses what is not exactly as it was written.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = bounded(path, LIMIT, "telform::plan::unreadable", "`telform plan --out FILE` writes one")?;
        let unusable = |error: document::DocumentError| {
            Failure::other(error.code(), format!("{}: {error}", path.display()), error.help())
        };
        let document = document::read(&text).map_err(unusable)?;
        let plan = document.plan().map_err(unusable)?;
        Ok(Self { document, plan })
    }

    /// Stands for the file and nothing else.
    pub(super) fn checksum(&self) -> &str {
        self.document.checksum.as_deref().unwrap_or_default()
    }

    /// What the run that made it asked for; where it is applied comes from the command line.
    pub(super) fn choice(&self, given: &Choice) -> Choice {
        let options = &self.document.origin.options;
        let addresses =
            |words: &BTreeSet<String>| words.iter().filter_map(|word| Address::parse(word)).collect();
        let parsed = |named: &BTreeSet<(String, Option<String>)>| {
            let each = |(word, attribute): &(String, Option<String>)| {
                Some((Address::parse(word)?, attribute.clone()))
            };
            named.iter().filter_map(each).collect()
        };
        Choice {
            targets: addresses(&options.targets),
            excludes: addresses(&options.excludes),
            accounts: options.accounts.iter().cloned().collect(),
            destroy: options.destroy,
            max_deletes: options.max_deletes,
            max_delete_percent: options.max_delete_percent,
            max_numbers_dark: options.max_numbers_dark,
            max_unreadable_bridges: options.max_unreadable_bridges,
            rewrite_secrets: parsed(&options.rewrite_secrets),
            resend: parsed(&options.resend),
            allow_similar: addresses(&options.allow_similar),
            allow_unseen_products: options.allow_unseen_products,
            sandbox: given.sandbox.clone(),
            saved: true,
        }
    }

    /// Everything that keeps the plan of now from being the reviewed one.
    pub(super) fn moved(&self, session: &Session, now: &Plan) -> Vec<Moved> {
        let mut moved = Vec::new();
        if let Some(ledger) = &self.document.origin.ledger
            && ledger.id != session.ledger.id
        {
            let is =
                if session.ledger_is_kept { session.ledger.id.clone() } else { "no ledger there".to_owned() };
            moved.push(Moved {
                subject: "the ledger".to_owned(),
                attribute: None,
                was: ledger.id.clone(),
                is,
            });
        }
        if self.plan.digest != now.digest {
            moved.extend(document::moved(&self.plan, now));
        } else if let Some(then) = &self.document.seals {
            moved.extend(document::resealed(now, then, &session.desired, &session.key));
        }
        moved
    }

    /// Whether some secret was sealed, so that there was a key: then each that is not was not supplied.
    pub(super) fn is_sealed(&self) -> bool {
        self.document.seals.is_some()
    }

    /// Secrets of which nobody can say that they are those that were there when it was planned.
    pub(super) fn unbound(&self) -> Vec<String> {
        document::unbound(&self.plan, self.document.seals.as_ref())
    }
}

/// Says which secrets are sent as they are now, whatever they were when somebody reviewed the plan.
pub(super) fn note_unbound(out: &Out, why: &str, secrets: &[String]) {
    if secrets.is_empty() {
        return;
    }
    if out.global.json {
        out.event(&Said::Unbound { secrets });
    } else {
        // Also with -q: it says what the verdict does not cover.
        let text = format!("note: {why} the value of {}; what is there now is sent", few(secrets));
        for line in crate::view::text::wrap(&clean(&text), out.width()) {
            out.note(&format!("{line}\n"));
        }
    }
}

/// The first of many names.
fn few(names: &[String]) -> String {
    const MOST: usize = 5;
    let more = names.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names[..names.len() - more].join(", "))
}

/// `telform show PLAN`: nothing but the file is looked at.
pub(super) fn show(out: &Out, args: &ShowPlanArgs) -> Result<Exit, Failure> {
    let wanted = Wanted::new(out, &args.formats, PlanFormat::Text, PlanFormat::Json)?;
    let reviewed = Reviewed::read(&args.plan)?;
    let document = LazyCell::new(|| json::document(&reviewed.document));
    wanted.plan(out, &reviewed.plan, &document, args.max_unshown)?;
    if wanted.for_people(out) {
        out.print(&made_from(&reviewed, out.width()));
    }
    Ok(Exit::Done)
}

/// What the plan is bound to, in a few lines.
fn made_from(reviewed: &Reviewed, width: usize) -> String {
    let document = &reviewed.document;
    let origin = &document.origin;
    let mut text = format!("Made by telform {}", document.telform_version);
    if let Some(commit) = &origin.commit {
        text.push_str(&format!(" at commit {commit}"));
    }
    text.push_str(&format!("\nfrom configuration {}\n", origin.configuration));
    match &origin.ledger {
        Some(ledger) => text.push_str(&format!("with ledger {}, serial {}\n", ledger.id, ledger.serial)),
        None => text.push_str("without a ledger\n"),
    }
    let sealed: usize = document.seals.iter().flat_map(|seals| seals.steps.values()).map(BTreeMap::len).sum();
    if sealed > 0 {
        let secrets = if sealed == 1 { "secret" } else { "secrets" };
        text.push_str(&format!("bound to the value of {sealed} {secrets}\n"));
    }
    let open = reviewed.unbound();
    if !open.is_empty() {
        let open = format!("not bound to the value of {}", few(&open));
        text.push_str(&crate::view::text::wrap(&open, width).join("\n"));
        text.push('\n');
    }
    clean(&text)
}

/// The live state of a kept snapshot.
pub(super) fn live(session: &Session, path: &Path) -> Result<Live, Failure> {
    let text = bounded(
        path,
        snapshot::LIMIT,
        "telform::snapshot::unreadable",
        "`telform plan --snapshot-out FILE` writes one",
    )?;
    let refused = |error: SnapshotError| {
        Failure::other(error.code(), format!("{}: {error}", path.display()), error.help())
    };
    let live = snapshot::read(&text, &session.taken_for, &session.key).map_err(refused)?;
    // What it does not hold was not looked at, and is not gone.
    let mut needed = in_question(&session.desired, &session.asked);
    match needed.find(|name| !live.accounts.contains_key(*name)) {
        Some(_) => Err(refused(SnapshotError::Other("choice of `--account`, `--target` or `--exclude`"))),
        None => Ok(live),
    }
}

/// A file of at most so many bytes.
fn bounded(path: &Path, limit: usize, code: &'static str, help: &str) -> Result<String, Failure> {
    let refused = |what: String| Failure::other(code, format!("{}: {what}", path.display()), help);
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(limit as u64 + 1).read_to_string(&mut text));
    read.map_err(|error| refused(error.to_string()))?;
    if text.len() > limit {
        return Err(refused(format!("it is larger than {} MiB", limit >> 20)));
    }
    Ok(text)
}
