//! `telform adopt`: existing objects are taken under management.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::analysis::adopt::{AdoptionCoverage, Factoring, OmittedAttribute, ShownSecret};
use crate::cli::args::{LockArgs, parse_address};
use crate::cli::console::Console;
use crate::model::resource::Address;
use crate::output::view::text;
use crate::output::view::{kind_in_words, plural_kind};
use crate::output::{Adopted, Adoption, NotWritten, Supply};
use crate::plan::Plan;
use crate::run::adopt::{AdoptRequest, AdoptedFile, AdoptionOutcome, AdoptionTarget, adopt};
use crate::run::{Exit, PlanSelection, RunError};
use crate::services;
use crate::text::{escape, shell_quote};

/// `telform adopt`.
#[derive(Debug, Args, Clone)]
pub struct AdoptArgs {
    /// Its address
    ///
    /// If the YAML already declares it, only the ledger is written.
    #[arg(value_parser = parse_address, requires = "id", required_unless_present = "all", conflicts_with = "all")]
    pub address: Option<Address>,
    /// Its id at the service
    ///
    /// A number, a partner_sid, the slug of a bridge.
    pub id: Option<String>,
    /// Every object that is not managed
    #[arg(long, requires = "out")]
    pub all: bool,
    /// Only this account, repeatable
    ///
    /// `*` matches anything. Other accounts are not read and need no token.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Only this kind, such as providers or partners
    #[arg(long, value_name = "KIND", value_parser = kind, requires = "all")]
    pub kind: Option<String>,
    /// Folder for the files
    ///
    /// An existing file with other content is never overwritten.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write alike objects as a table, from two on
    ///
    /// A table and one `for_each` entry. Without this, where there are more than 20.
    #[arg(long, requires = "all", conflicts_with = "no_factor")]
    pub factor: bool,
    /// Write an entry for every object, however many are alike
    #[arg(long, requires = "all")]
    pub no_factor: bool,
    /// Write into tables also what only a create needs
    ///
    /// Without this, tables leave it out.
    #[arg(long, requires = "all", conflicts_with = "no_factor")]
    pub with_create_attributes: bool,
    /// Use the embedded simulator, started from this file
    ///
    /// The services of the accounts are not called.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

fn kind(text: &str) -> Result<String, String> {
    let kinds = crate::services::kind_names();
    if kinds.contains(&text) { Ok(text.to_owned()) } else { Err(format!("the kinds are {}", kinds.join(", "))) }
}

impl AdoptArgs {
    fn factoring(&self) -> Factoring {
        match (self.factor, self.no_factor) {
            (true, _) => Factoring::Always,
            (_, true) => Factoring::Never,
            _ => Factoring::Many,
        }
    }
}

/// Takes objects under management.
pub(crate) async fn run(out: &Console, args: &AdoptArgs) -> Result<Exit, RunError> {
    if let Some((_, words)) = args.address.as_ref().and_then(|address| services::link_entry(&address.kind)) {
        let (kind, holder) = (words.kind, words.holder);
        return Err(RunError::other(
            "telform::adopt::kind",
            format!("a {} is not adopted", words.singular),
            format!(
                "declare it under `{kind}`, or in the map of its {holder}: the next apply connects what is not connected as declared"
            ),
        ));
    }
    let target = match (&args.address, &args.id) {
        (Some(address), Some(id)) => AdoptionTarget::One { address: address.clone(), id: id.clone() },
        _ => AdoptionTarget::All { kind: args.kind.clone() },
    };
    let request = AdoptRequest {
        target,
        choice: PlanSelection { sandbox: args.sandbox.clone(), accounts: args.accounts.clone(), ..PlanSelection::default() },
        out: args.out.clone(),
        factoring: args.factoring(),
        with_create_attributes: args.with_create_attributes,
        lock_wait: args.lock.timeout(),
    };
    adopt_and_show(out, &request).await.map(|outcome| outcome.exit())
}

/// Takes objects under management, and prints what came of it.
pub(crate) async fn adopt_and_show(out: &Console, request: &AdoptRequest) -> Result<AdoptionOutcome, RunError> {
    let outcome = adopt(&out.context(), request).await?;
    match (&outcome, &request.target) {
        (AdoptionOutcome::Written { files, plan, coverage }, _) => print_written(out, files, plan, coverage),
        (AdoptionOutcome::Entered { plan, again }, AdoptionTarget::One { address, id }) => {
            print_entered(out, address, id, plan, *again);
        }
        (AdoptionOutcome::NotEntered { plan }, _) => {
            out.print(&text::plan_as_text(plan, out.plan_detail()));
            out.print_stderr("Nothing was adopted.\n");
        }
        (AdoptionOutcome::Entered { .. }, AdoptionTarget::All { .. }) => {}
    }
    Ok(outcome)
}

/// The YAML declared it before.
fn print_entered(out: &Console, address: &Address, id: &str, plan: &Plan, again: bool) {
    let differs = plan.has_changes() || plan.is_refused();
    if out.global.json {
        return out.print_document(&Adoption {
            files: Vec::new(),
            objects: vec![Adopted { address: address.to_string(), id: Some(id.to_owned()) }],
            secrets: Vec::new(),
            left_out: Vec::new(),
            pending: differs,
            missed: Vec::new(),
        });
    }
    let id = escape(id);
    out.print(&match again {
        true => format!("{address} is managed already, as {id}.\n"),
        false => format!("Adopted {address} as {id}.\n"),
    });
    if differs && !out.global.quiet {
        out.print(&format!("The YAML differs from it: {}. `telform plan` shows how.\n", plan.summary()));
    }
}

/// Reports what was written, what was not, and which secrets are to be supplied.
fn print_written(out: &Console, drafts: &[AdoptedFile], plan: &Plan, looked: &AdoptionCoverage) {
    let sources = out.next_files.get_or_init(|| next_command_sources(out, drafts));
    let pages = || drafts.iter().map(|draft| &draft.page);
    if out.global.json {
        let objects = pages().flat_map(|page| &page.addresses);
        let secrets = pages().flat_map(|page| &page.placeholders);
        let left_out = pages().flat_map(|page| &page.omitted);
        return out.print_document(&Adoption {
            files: drafts.iter().flat_map(AdoptedFile::paths).map(|path| path.display().to_string()).collect(),
            objects: objects.map(|it| Adopted { address: it.to_string(), id: None }).collect(),
            secrets: secrets
                .map(|it| Supply {
                    address: it.address.to_string(),
                    attribute: it.attribute.to_owned(),
                    env: it.variable.clone(),
                })
                .collect(),
            left_out: left_out
                .map(|it| NotWritten { address: it.address.to_string(), attribute: it.attribute.to_owned(), why: it.why.clone() })
                .collect(),
            pending: false,
            missed: looked.missed.clone(),
        });
    }
    if drafts.is_empty() {
        let listed = match looked.listed.as_slice() {
            [] => "nothing was listed".to_owned(),
            listed => format!("each object that can be adopted is managed already ({})", listed.join("; ")),
        };
        out.print(&format!("{}\n", out.plan_detail().wrap(&escape(&format!("Nothing to adopt: {listed}.")), 2).join("\n  ")));
        return out.report_not_checked(&looked.missed);
    }
    if out.global.quiet {
        let objects: usize = pages().map(|page| page.addresses.len()).sum();
        let files = drafts.iter().flat_map(AdoptedFile::paths).count();
        let which = plural_kind(files, "files");
        return out.print(&format!("Adopted {objects} {} into {files} {which}.\n", plural_kind(objects, "objects")));
    }
    for draft in drafts {
        let word = |path: &Path| if draft.unchanged.contains(path) { "unchanged" } else { "wrote" };
        let count = draft.page.addresses.len();
        let kind = draft.page.addresses.first().map_or("", |address| address.kind.as_str());
        let numbers = match draft.page.numbers {
            0 => String::new(),
            count if is_numbers(kind) => format!(", {count} of them connected"),
            count => format!(" with {count} {}", plural_kind(count, "numbers")),
        };
        let path = &draft.path;
        out.print(&format!("{} {}  {count} {}{numbers}\n", word(path), path.display(), kind_in_words(count, kind)));
        for table in &draft.page.tables {
            let (path, count) = (draft.table_path(table), table.addresses.len());
            out.print(&format!("{} {}  {count} {}\n", word(&path), path.display(), plural_kind(count, "rows")));
        }
    }
    print_create_attributes(out, drafts);
    let removed: Vec<&Address> = looked.removed.iter().collect();
    render_list(out, "Not adopted, because `removed` lists it", &removed, |address| address.to_string());
    let left_out: Vec<&OmittedAttribute> = pages().flat_map(|page| &page.omitted).collect();
    render_list(out, "Not written; see the comments in the file", &left_out, |it| {
        format!("{} {}: {}", it.address, it.attribute, it.why)
    });
    let shows_any = pages().flat_map(|page| &page.placeholders).any(|it| it.shown == ShownSecret::Whole);
    for (shown, title) in [
        (ShownSecret::Whole, "Secrets that the service shows: compared when their variables are set"),
        (ShownSecret::InPart, "Secrets that the service shows in part or as stars: not compared; only a new object needs them"),
        (ShownSecret::Never, "Secrets that the service never shows; only a new object needs them"),
    ] {
        let secrets: Vec<_> = pages().flat_map(|page| &page.placeholders).filter(|it| it.shown == shown).collect();
        render_list(out, title, &secrets, |it| format!("{}  {} {}", it.variable, it.address, it.attribute));
    }
    out.print(&format!("\nVerified: a plan for what was adopted is empty ({}).\n", plan.summary()));
    let first = if shows_any { "set the variables of the secrets that are shown, then " } else { "" };
    let next = out.repeated_options.complete_command(&format!("telform plan{sources}"));
    out.print(&format!("Next: {first}{next}\n"));
    out.report_not_checked(&looked.missed);
}

/// Whether the objects of this kind are the numbers.
fn is_numbers(kind: &str) -> bool {
    let roles = services::of_kind(kind).and_then(|service| service.link_roles());
    roles.is_some_and(|roles| roles.entry.is_none() && roles.holder == kind)
}

/// What tables leave out.
fn print_create_attributes(out: &Console, drafts: &[AdoptedFile]) {
    for draft in drafts.iter().filter(|draft| !draft.page.for_creates_only.is_empty()) {
        let names: Vec<&str> = draft.page.for_creates_only.iter().copied().collect();
        let what = format!(
            "Left out of {}, because only a create needs it: {}; --with-create-attributes writes it.",
            draft.path.display(),
            names.join(", ")
        );
        out.print(&format!("\n{}\n", out.plan_detail().wrap(&what, 2).join("\n  ")));
    }
}

/// The options with which the next command finds what was written: those of this one, and files that they do not reach.
fn next_command_sources(out: &Console, drafts: &[AdoptedFile]) -> String {
    let usual = Path::new("telform.yaml");
    let mut files = out.global.files.clone();
    if files.is_empty() {
        files.push(if usual.exists() { usual.to_owned() } else { PathBuf::from("telform") });
    }
    let named = files.len();
    for draft in drafts {
        let path = draft.path.strip_prefix("./").unwrap_or(&draft.path);
        let reached = |file: &PathBuf| path.starts_with(file.strip_prefix("./").unwrap_or(file));
        if !files.iter().any(reached) {
            // A folder of files that were just written is named as a whole.
            let folder = path.parent().filter(|folder| draft.before.is_empty() && *folder != Path::new(""));
            files.push(folder.unwrap_or(path).to_owned());
        }
    }
    if out.global.files.is_empty() && files.len() == named {
        return String::new();
    }
    files.iter().map(|file| format!(" -f {}", shell_quote(&file.to_string_lossy()))).collect()
}

/// A list that does not fill the screen: the rest is in the files.
fn render_list<T>(out: &Console, title: &str, items: &[T], line: impl Fn(&T) -> String) {
    const MOST: usize = 20;
    if items.is_empty() {
        return;
    }
    out.print(&format!("\n{title} ({}):\n", items.len()));
    for item in items.iter().take(MOST) {
        out.print(&format!("  {}\n", escape(&line(item))));
    }
    if items.len() > MOST {
        out.print(&format!("  … and {} more; --json lists all\n", items.len() - MOST));
    }
}
