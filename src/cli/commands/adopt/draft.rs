//! The files of an adoption: where they are, how they are written, what is reported about them.

use std::path::{Path, PathBuf};

use super::{AdoptArgs, Console, Looked, RunError};
use crate::analysis::adopt::{AdoptionFile, OmittedAttribute};
use crate::config::desired;
use crate::disk;
use crate::model::resource::Address;
use crate::output::view::plural_kind;
use crate::output::{Adopted, Adoption, NotWritten, Supply};
use crate::plan::Plan;
use crate::run::files::{FileReaders, write_file};
use crate::text::escape;
use crate::text::shell_quote;

/// A file that is to be written.
pub(super) struct Draft {
    pub(super) path: PathBuf,
    /// The content of the file before the page: only one object at a time is added to a file of the user.
    pub(super) before: String,
    pub(super) page: AdoptionFile,
}

impl Draft {
    /// What the file will hold.
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.before, self.page.text)
    }

    /// Writes the text at once; a file that already has this content is not touched. Returns whether the file
    /// already has exactly this content.
    pub(super) fn write_at_once(&self) -> bool {
        disk::read_text(&self.path).is_ok_and(|there| there == self.text())
    }

    pub(super) fn write(&self) -> Result<(), RunError> {
        write_file(&self.path, &self.text(), FileReaders::Anybody)
    }
}

/// Reports what was written, what was not, and which secrets are to be supplied.
pub(super) fn print_drafts(out: &Console, drafts: &[Draft], unchanged: &[bool], plan: &Plan, looked: &Looked) {
    let pages = || drafts.iter().map(|draft| &draft.page);
    if out.global.json {
        let objects = pages().flat_map(|page| &page.addresses);
        let secrets = pages().flat_map(|page| &page.placeholders);
        let left_out = pages().flat_map(|page| &page.omitted);
        return out.print_document(&Adoption {
            files: drafts.iter().map(|draft| draft.path.display().to_string()).collect(),
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
        let (files, which) = (drafts.len(), plural_kind(drafts.len(), "files"));
        return out.print(&format!("Adopted {objects} {} into {files} {which}.\n", plural_kind(objects, "objects")));
    }
    for (draft, unchanged) in drafts.iter().zip(unchanged) {
        let word = if *unchanged { "unchanged" } else { "wrote" };
        let count = draft.page.addresses.len();
        let kind = draft.page.addresses.first().map_or("", |address| address.kind.as_str());
        let numbers = match draft.page.numbers {
            0 => String::new(),
            count => format!(" with {count} {}", plural_kind(count, "numbers")),
        };
        out.print(&format!("{word} {}  {count} {}{numbers}\n", draft.path.display(), plural_kind(count, kind)));
    }
    let left_out: Vec<&OmittedAttribute> = pages().flat_map(|page| &page.omitted).collect();
    render_list(out, "Not written; a comment in the file says why", &left_out, |it| {
        format!("{} {}: {}", it.address, it.attribute, it.why)
    });
    let secrets: Vec<_> = pages().flat_map(|page| &page.placeholders).collect();
    render_list(out, "Secrets, each with its variable; not compared until it is set", &secrets, |it| {
        format!("{}  {} {}", it.variable, it.address, it.attribute)
    });
    out.print(&format!("\nProven: a plan over what was written is empty ({}).\n", plan.summary()));
    let first = if secrets.is_empty() { "" } else { "set these variables, then " };
    let next = out.repeated_options.complete_command(&format!("telform plan{}", next_command_sources(out, drafts)));
    out.print(&format!("Next: {first}{next}\n"));
    out.report_not_checked(&looked.missed);
}

/// The options with which the next command finds what was written: those of this one, and files that they do not reach.
fn next_command_sources(out: &Console, drafts: &[Draft]) -> String {
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

/// The file of one kind in one account.
pub(super) fn file_of(folder: &Path, account: &str, kind: &str) -> PathBuf {
    folder.join(format!("{account}-{kind}.yaml"))
}

/// Where the YAML of one object goes: a separate file in a folder, or the end of an existing file. Where overlays are
/// given, the object was found in their environment; written into the base files, it would be created in the other
/// environments.
pub(super) fn file_for(
    out: &Console,
    args: &AdoptArgs,
    address: &Address,
    overlays: &[String],
) -> Result<(PathBuf, String), RunError> {
    let own = |folder: &Path| (folder.join(format!("{}-{}.yaml", address.kind, address.name)), String::new());
    if let Some(folder) = &args.out {
        return Ok(own(folder));
    }
    let places = desired::source_paths(&out.global.files);
    let last = overlays.last().map(PathBuf::from);
    let Some(place) = last.as_ref().or(places.first()) else { return Ok(own(Path::new(""))) };
    if place.is_dir() {
        return Ok(own(place));
    }
    let text = disk::read_text(place)
        .map_err(|error| RunError::other("telform::adopt::read", format!("cannot read {}: {error}", place.display()), ""))?;
    let gap = if text.ends_with('\n') { "" } else { "\n" };
    Ok((place.clone(), format!("{text}{gap}---\n")))
}
