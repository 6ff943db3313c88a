//! Plans as files: what a plan is bound to, reading a reviewed one, showing one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::choice::PlanSelection;
use super::journal_key::{JournalKey, KeyAge, forgets_keys};
use super::progress::Warning;
use super::{Run, RunError, git, next_commands};
use crate::disk;
use crate::document::{self, Document, IsEmpty, LedgerIdentity, MAX_BYTES, Origin, PlanDifference, v1};
use crate::model::resource::{Address, AddressPattern, LiveState, OrganizationCheck};
use crate::output::view::json;
use crate::plan::{self, AccountLine, Plan};
use crate::read::in_question;
use crate::state::snapshot::{self, SnapshotError};
use crate::text::shell_quote;

/// A plan with its inputs.
pub(crate) fn document(session: &Run, plan: &Plan, live: &LiveState) -> Document {
    protect_document(session, plan, document::from_plan(plan, plan_origin(session, plan, live)))
}

/// The same as the text of a file.
pub(crate) fn document_text(session: &Run, plan: &Plan, live: &LiveState) -> String {
    let undo = document::saved_undo(plan);
    let document = document::unconverted(plan, &undo, plan.notices.iter(), plan_origin(session, plan, live));
    json::render_new_document(&protect_document(session, plan, document), plan.steps.len())
}

/// Adds the seals of the plan's secrets, and what binds the document to the key.
fn protect_document<P: Serialize, U: Serialize + IsEmpty>(
    session: &Run,
    plan: &Plan,
    document: Document<P, U>,
) -> Document<P, U> {
    let seals = session.chain.key.is_some().then(|| document::seal_secrets(plan, &session.desired, &session.key)).flatten();
    let document = Document { seals, ..document };
    // A key that this run made cannot have bound a reviewed plan.
    let kept = session.chain.key.is_some() && session.chain.key_age == KeyAge::Before;
    let binding = kept.then(|| document::bind_document(&document, &session.key));
    Document { binding, ..document }
}

/// Keeps the key of a plan that sends secrets, so that the file in which it is saved is bound to their values. Where that cannot be,
/// the user is told.
pub(crate) fn keep_key(session: &mut Run, plan: &Plan) -> Result<(), RunError> {
    let has_sealable = || document::seal_secrets(plan, &session.desired, &session.key).is_some();
    if session.chain.key.is_some() || session.sandbox.is_some() || !has_sealable() {
        return Ok(());
    }
    let is_chained = matches!(&session.journal, Some(Ok(journal)) if journal.is_chained());
    let why = if session.ledger.key_check.is_some() || is_chained {
        Some("the fingerprint key of the ledger is not here".to_owned())
    } else if session.store.is_shared() {
        Some(
            "there is no fingerprint key, and a new key of this machine would be unknown to others who use the ledger".to_owned(),
        )
    } else if forgets_keys() {
        Some("there is no fingerprint key, and a CI runner does not keep one".to_owned())
    } else {
        session.store.keep_new_key().err().map(|error| format!("no fingerprint key could be kept: {error}"))
    };
    match why {
        Some(why) => session.context.progress.on_warning(&Warning::PlanUnbound { why }),
        None => session.chain = JournalKey::from_key(&session.store, Some(session.key.clone()), KeyAge::Before)?,
    }
    Ok(())
}

fn plan_origin(session: &Run, plan: &Plan, live: &LiveState) -> Origin {
    let organization = |facts: &OrganizationCheck| match facts {
        OrganizationCheck::Confirmed => "confirmed".to_owned(),
        OrganizationCheck::Unconfirmed(why) => why.clone(),
    };
    Origin {
        configuration: session.taken_for.configuration.clone(),
        ledger: session.ledger_is_kept.then(|| LedgerIdentity {
            id: session.ledger.id.clone(),
            serial: session.ledger.serial,
            made: session.ledger.made.clone(),
            saved: session.ledger.saved.clone(),
        }),
        ledger_place: Some(session.options.ledger.clone()),
        commit: git::current_commit(),
        organizations: session
            .desired
            .accounts
            .values()
            .filter(|account| account.organization().is_some())
            .filter_map(|account| Some((account, live.accounts.get(&account.name)?)))
            .map(|(account, live)| (account.name.clone(), organization(&live.facts.organization)))
            .collect(),
        logins: plan.logins.clone(),
        options: options(&session.options),
    }
}

/// The options of a run, as a plan stores them.
pub(crate) fn options(options: &plan::PlanOptions) -> v1::Options {
    let words = |addresses: &BTreeSet<Address>| addresses.iter().map(ToString::to_string).collect();
    let named = |asked: &BTreeSet<(Address, Option<String>)>| {
        asked.iter().map(|(address, attribute)| (address.to_string(), attribute.clone())).collect()
    };
    // The addresses of an undo follow from its run, and so do the values that it sends again.
    let follows = options.undo.is_some();
    let (targets, excludes) =
        if follows { (&options.limits.targets, &options.limits.excludes) } else { (&options.targets, &options.excludes) };
    v1::Options {
        targets: words(targets),
        excludes: words(excludes),
        accounts: options.limits.accounts.clone(),
        unreadable: options.limits.unreadable.clone(),
        limit: options.limit,
        destroy: options.destroy,
        guards: options.guards,
        max_unreadable_bridges: options.max_unreadable_bridges,
        rewrite_secrets: named(&options.rewrite_secrets),
        resend: if follows { BTreeSet::new() } else { named(&options.resend) },
        sandbox: options.sandbox,
        allow_similar: words(&options.allow_similar),
        allow_unseen_products: options.allow_unseen_products,
        undo: options.undo.clone(),
    }
}

/// A saved plan that was reviewed.
#[derive(Debug)]
pub struct SavedPlan {
    pub(crate) document: Document,
    plan: Plan,
    file: FileText,
    /// The file as it was named.
    path: PathBuf,
}

/// The subject of the difference between two ledgers.
pub(crate) const LEDGER: &str = "the ledger";

impl SavedPlan {
    /// Reads one, and refuses a file that is not exactly as it was written.
    pub(crate) fn read(path: &Path) -> Result<Self, RunError> {
        Self::from_file(path, bounded(path, MAX_BYTES, UNREADABLE.0, UNREADABLE.1)?)
    }

    /// The same from standard input, where the name is `-`.
    pub(crate) fn read_named(path: &Path) -> Result<Self, RunError> {
        if path != Path::new("-") {
            return Self::read(path);
        }
        let file = FileText::read(std::io::stdin().lock(), MAX_BYTES);
        Self::from_file(path, file.map_err(|error| unreadable(path, &error, UNREADABLE))?)
    }

    fn from_file(path: &Path, file: FileText) -> Result<Self, RunError> {
        let unusable = |error: document::DocumentError| {
            let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
            let help = if is_yaml { "name a configuration with `-f`; " } else { "" };
            RunError::other(error.code(), format!("{}: {error}", path.display()), format!("{help}{}", error.help()))
        };
        let document = document::read_plan_document(&file.text).map_err(unusable)?;
        let plan = document.to_plan().map_err(unusable)?;
        Ok(Self { document, plan, file, path: path.to_owned() })
    }

    /// The bytes of the file: what is signed.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.file.compressed.as_deref().unwrap_or(self.file.text.as_bytes())
    }

    /// The document in the file: what is verified.
    pub(crate) fn text(&self) -> &str {
        &self.file.text
    }

    /// Whether it was made against the embedded simulator.
    pub(crate) fn is_of_sandbox(&self) -> bool {
        self.document.origin.options.sandbox
    }

    /// Digest of the plan.
    pub(crate) fn digest(&self) -> &str {
        &self.document.digest
    }

    /// The plan.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The run that it undoes; none where it is a plan of the configuration.
    pub(crate) fn undoes(&self) -> Option<&str> {
        self.document.origin.options.undo.as_deref()
    }

    /// The command that makes this plan again, with the options that it was made with.
    pub(crate) fn command(&self) -> String {
        let options = &self.document.origin.options;
        match self.undoes() {
            Some(run) => format!("{} --plan", next_commands::undo_again(run, options)),
            None => format!("telform plan{}", next_commands::run_options(options)),
        }
    }

    /// The same, saved in its file again.
    pub(crate) fn saving_command(&self) -> String {
        let file = Some(&self.path).filter(|path| *path != Path::new("-"));
        let out = file.map(|path| format!(" --out {}", shell_quote(&path.to_string_lossy())));
        format!("{}{}", self.command(), out.unwrap_or_default())
    }

    /// Identifies this file and no other.
    pub(crate) fn checksum(&self) -> &str {
        self.document.checksum.as_deref().unwrap_or_default()
    }

    /// The options of the run that made it; where it is applied comes from the command line.
    pub(crate) fn choice(&self, given: &PlanSelection) -> PlanSelection {
        let options = &self.document.origin.options;
        let addresses = |words: &BTreeSet<String>| words.iter().filter_map(|word| Address::parse(word)).collect::<Vec<_>>();
        let patterns = |words: &BTreeSet<String>| addresses(words).into_iter().map(AddressPattern::from).collect();
        let parsed = |named: &BTreeSet<(String, Option<String>)>| {
            let each = |(word, attribute): &(String, Option<String>)| Some((Address::parse(word)?, attribute.clone()));
            named.iter().filter_map(each).collect()
        };
        PlanSelection {
            targets: patterns(&options.targets),
            excludes: patterns(&options.excludes),
            accounts: options.accounts.iter().cloned().collect(),
            limit: options.limit,
            skip_unreadable: false,
            unreadable: options.unreadable.clone(),
            destroy: options.destroy,
            guards: options.guards,
            max_unreadable_bridges: options.max_unreadable_bridges,
            rewrite_secrets: parsed(&options.rewrite_secrets),
            resend: parsed(&options.resend),
            allow_similar: addresses(&options.allow_similar),
            allow_unseen_products: options.allow_unseen_products,
            sandbox: given.sandbox.clone(),
            saved: true,
        }
    }

    /// Owners of the tokens that it was made with, by account.
    pub(crate) fn owners(&self) -> BTreeMap<String, String> {
        let owner = |line: &AccountLine| Some((line.name.clone(), line.token_of.clone()?));
        self.plan.accounts.iter().filter_map(owner).collect()
    }

    /// Refuses tokens whose owners differ from those with which it was made.
    pub(crate) fn same_owners(&self, now: &Plan) -> Result<(), RunError> {
        let owners = self.owners();
        for line in &now.accounts {
            let (Some(was), Some(is)) = (owners.get(&line.name), &line.token_of) else { continue };
            if was != is {
                let name = &line.name;
                return Err(RunError::refused(
                    "telform::plan::other_token",
                    format!(
                        "the saved plan was made with a token of {was}, but account {name} now has a token of {is}; nothing was written"
                    ),
                    format!(
                        "set the source that `accounts.{name}.token` names to a token of {was}; or make a new plan with this token and have it reviewed: `telform plan --out FILE`"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// All differences between the current plan and the reviewed one.
    pub(crate) fn moved(&self, session: &Run, now: &Plan) -> Vec<PlanDifference> {
        let mut moved = Vec::new();
        let kept = session.chain.key.as_ref().filter(|_| session.chain.key_age == KeyAge::Before);
        if let Some(ledger) = &self.document.origin.ledger
            && ledger.id != session.ledger.id
        {
            let is = if session.ledger_is_kept { session.ledger.id.clone() } else { "no ledger there".to_owned() };
            moved.push(PlanDifference { subject: LEDGER.to_owned(), attribute: None, was: ledger.id.clone(), is });
        }
        if self.plan.digest != now.digest {
            moved.extend(document::plan_differences(&self.plan, now));
        } else if let Some(then) = &self.document.seals {
            moved.extend(document::changed_secrets(now, then, &session.desired, kept));
        }
        // A plan that sends no secret is valid with any key; only the owner of the key can then detect a change.
        if moved.is_empty()
            && let Some(then) = self.document.binding.as_ref().filter(|_| session.chain.key_age == KeyAge::Before)
            && then.key != session.key.check_plan()
        {
            moved.push(document::other_key_difference(&then.key, kept.is_some()));
        }
        moved
    }

    /// Refuses a file that the key of this run did not bind in this form: a seal may have been removed.
    pub(crate) fn bound(&self, session: &Run) -> Result<(), RunError> {
        let changed = |why: &str| {
            Err(RunError::other(
                "telform::plan::changed",
                format!("the saved plan was changed after telform wrote it: {why}; nothing was written"),
                "use the unchanged file, or plan again with `telform plan --out FILE`",
            ))
        };
        if !self.document.has_undo_of(&self.plan) {
            return changed("`undo` does not undo its plan, or another version of telform wrote it");
        }
        if session.chain.key_age != KeyAge::Before {
            return Ok(());
        }
        let bound = self.document.binding.as_ref();
        let own = document::bind_document(&self.document.unprotected(), &session.key);
        match bound {
            Some(bound) if bound.key != own.key || *bound == own => Ok(()),
            Some(_) => changed("it is not bound to this fingerprint key"),
            // A key that no ledger knows may be newer than the plan, and no secret is left to be compared.
            None if session.ledger.key_check.is_none() && document::unbound_secrets(&self.plan, None).is_empty() => Ok(()),
            None => Err(RunError::other(
                "telform::plan::unbound",
                "the saved plan is not bound to this fingerprint key: it was made without the key, or the seals of its secrets were removed; nothing was written",
                format!(
                    "plan again where the key is available; or apply the reviewed plan by its digest, with the current secrets: `telform apply --expect {}`",
                    self.plan.digest
                ),
            )),
        }
    }

    /// Whether some secret was sealed, which shows that a key existed: each unsealed one was then not supplied.
    pub(crate) fn is_sealed(&self) -> bool {
        self.document.seals.is_some()
    }

    /// Why some secrets cannot be shown to be those of the plan: the beginning of a sentence that ends with their names.
    pub(crate) fn unbound_reason(&self) -> &'static str {
        if self.is_sealed() { "this plan was made without" } else { "this plan is not bound to" }
    }

    /// Secrets that cannot be shown to be the ones that existed when the plan was made.
    pub(crate) fn unbound(&self) -> Vec<String> {
        document::unbound_secrets(&self.plan, self.document.seals.as_ref())
    }
}

/// The live state of a kept snapshot.
pub(crate) fn live(session: &mut Run, path: &Path) -> Result<LiveState, RunError> {
    let file = bounded(path, snapshot::LIMIT, "telform::snapshot::unreadable", "`telform plan --snapshot-out FILE` writes one")?;
    let refused = |error: SnapshotError| RunError::other(error.code(), format!("{}: {error}", path.display()), error.help());
    let live = snapshot::read_snapshot(&file.text, &session.taken_for, &session.key).map_err(refused)?;
    // An object that it does not hold was not read, and may exist.
    let needed = in_question(&session.desired, &session.asked).filter(|name| !live.accounts.contains_key(*name));
    let missing: BTreeMap<String, String> =
        needed.map(|name| (name.to_owned(), "the snapshot does not hold it".to_owned())).collect();
    if !missing.is_empty() && (!session.skip_unreadable || live.accounts.is_empty()) {
        return Err(refused(SnapshotError::Other("choice of `--account`, `--target` or `--exclude`")));
    }
    session.leave_out(missing);
    session.check_owners(&session.ledger, &live)?;
    Ok(live)
}

/// A file, and the text in it.
#[derive(Debug)]
struct FileText {
    text: String,
    /// The bytes of the file, where they are a compressed form of the text.
    compressed: Option<Vec<u8>>,
}

impl FileText {
    /// Reads a file of at most this many bytes, before and after it is uncompressed.
    fn read(from: impl Read, limit: usize) -> io::Result<Self> {
        let bytes = disk::read_bounded(from, limit as u64)?;
        let content = disk::gunzip(&bytes, limit as u64)?;
        let (text, compressed) = match content {
            Some(content) => (content, Some(bytes)),
            None => (bytes, None),
        };
        Ok(Self { text: disk::to_text(text)?, compressed })
    }
}

/// A file of at most this many bytes.
fn bounded(path: &Path, limit: usize, code: &'static str, help: &str) -> Result<FileText, RunError> {
    let file = disk::open_file(path).and_then(|file| FileText::read(file, limit));
    file.map_err(|error| unreadable(path, &error, (code, help)))
}

/// Code and help for a plan that cannot be read.
const UNREADABLE: (&str, &str) = ("telform::plan::unreadable", "`telform plan --out FILE` writes one");

fn unreadable(path: &Path, error: &io::Error, (code, help): (&'static str, &str)) -> RunError {
    RunError::other(code, format!("{}: {error}", path.display()), help)
}
