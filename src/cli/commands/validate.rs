//! `telform validate`: checks the YAML offline.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::{CheckFormat, FormatArgs, OutArgs};
use crate::cli::console::Console;
use crate::cli::formats::FormatSelection;
use crate::config::desired;
use crate::config::problem::{Problem, Problems};
use crate::config::schema::{SCHEMA_COPY, schema_text};
use crate::config::secrets;
use crate::disk;
use crate::model::resource::Desired;
use crate::output::Validation;
use crate::run::{Exit, RunError};
use crate::services;
use crate::text::shell_quote;

/// `telform validate`.
#[derive(Debug, Args, Clone)]
pub struct ValidateArgs {
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<CheckFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
}

/// Checks the YAML offline.
pub(crate) fn run(out: &Console, args: &ValidateArgs) -> Result<Exit, RunError> {
    let wanted = FormatSelection::new(out, &args.formats, args.to.out.as_deref(), CheckFormat::Text, CheckFormat::Json)?;
    let loaded = desired::load_config(&out.global.files).and_then(|mut loaded| {
        let env = |name: &str| std::env::var(name).ok();
        loaded.conditional_problems.extend(secrets::forbidden_sources(
            &loaded.desired,
            &out.global.run_options().allowed(None),
            &env,
        ));
        if loaded.conditional_problems.is_empty() {
            return Ok(loaded);
        }
        loaded.conditional_problems.extend(loaded.warnings);
        Err(loaded.conditional_problems.sorted())
    });
    let loaded = match loaded {
        Ok(mut loaded) => {
            loaded.warnings.extend(stale_schemas(&out.global.files));
            // Only a run knows whether a note matters.
            loaded.warnings.extend(loaded.notes);
            loaded.warnings = loaded.warnings.sorted();
            desired::LoadedConfig { notes: Problems::default(), ..loaded }
        }
        Err(problems) => {
            wanted.print_problems(out, &problems, None)?;
            if wanted.printed() == Some(CheckFormat::Json) {
                out.print_document(&validation_document(&problems, None));
                // The problems are the result of this command, not the reason for not having one.
                return Ok(Exit::Failed);
            }
            return Err(problems.into());
        }
    };
    wanted.print_problems(out, &loaded.warnings, Some(&loaded.desired))?;
    if wanted.printed() == Some(CheckFormat::Json) {
        out.print_document(&validation_document(&loaded.warnings, Some(&loaded.desired)));
        return Ok(Exit::Done);
    }
    if !loaded.warnings.is_empty() && !out.global.quiet {
        out.print_stderr(&crate::config::problem::render_problems(&loaded.warnings, out.color_on_stderr(), out.width()));
    }
    if wanted.printed() != Some(CheckFormat::Text) {
        return Ok(Exit::Done);
    }
    let desired = &loaded.desired;
    let declared = || desired.objects.keys().chain(desired.number_entries.keys());
    let mut parts: Vec<String> = services::address_kinds()
        .into_iter()
        .map(|kind| (kind, declared().filter(|address| address.kind == kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| crate::output::view::count_of_kind(count, kind))
        .collect();
    if !desired.existing.is_empty() {
        parts.push(format!("{} under `existing`", desired.existing.len()));
    }
    if !desired.removed.is_empty() {
        parts.push(format!("{} under `removed`", desired.removed.len()));
    }
    if parts.is_empty() {
        parts.push("nothing declared".to_owned());
    }
    let accounts = desired.accounts.len();
    out.print(&format!("Valid: {} in {accounts} account{}.\n", parts.join(", "), if accounts == 1 { "" } else { "s" }));
    Ok(Exit::Done)
}

/// The copies of the schema, which `telform init` writes for the editor, that are not of this telform.
fn stale_schemas(sources: &[PathBuf]) -> Problems {
    let mut stale = Problems::default();
    let of_source = |path: PathBuf| {
        let folder = if path.is_dir() { path.clone() } else { path.parent().unwrap_or(Path::new("")).to_owned() };
        [folder.join(SCHEMA_COPY), PathBuf::from(SCHEMA_COPY)]
    };
    let copies: BTreeSet<PathBuf> = desired::source_paths(sources).into_iter().flat_map(of_source).collect();
    let copies: Vec<(PathBuf, String)> =
        copies.into_iter().filter_map(|path| disk::read_text(&path).ok().map(|text| (path, text))).collect();
    if copies.is_empty() {
        return stale;
    }
    let current = schema_text(None);
    for (path, _) in copies.iter().filter(|(_, text)| *text != current) {
        let file = path.display().to_string();
        let message = "this copy of the schema is of another version of telform, and the editor checks with it";
        let help = format!("write it again: telform schema --out {}", shell_quote(&file));
        stale.push(Problem::of_file("telform::yaml::stale_schema", message, &file).help(help).warning());
    }
    stale
}

/// What is known about the YAML: its problems, and what it declares when it has no errors.
pub(crate) fn validation_document(problems: &Problems, desired: Option<&Desired>) -> Validation {
    let mut objects = BTreeMap::new();
    let declared = |desired| {
        let desired: &Desired = desired;
        desired.objects.keys().chain(desired.number_entries.keys())
    };
    for address in desired.into_iter().flat_map(declared) {
        *objects.entry(address.kind.to_string()).or_insert(0) += 1;
    }
    Validation {
        valid: desired.is_some(),
        problems: problems.to_reports(),
        accounts: desired.map_or(0, |desired| desired.accounts.len()),
        objects,
        existing: desired.map_or(0, |desired| desired.existing.len()),
        removed: desired.map_or(0, |desired| desired.removed.len()),
    }
}
