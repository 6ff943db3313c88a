//! The files of an adoption: where they stand, how they are written, what is said about them.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::again::quoted;
use super::super::files::{Readers, write};
use super::{AdoptArgs, Failure, Looked, Out};
use crate::adopt::{LeftOut, Page};
use crate::desired;
use crate::output::{Adopted, Adoption, NotWritten, Supply};
use crate::plan::Plan;
use crate::resource::Address;
use crate::text::{clean, escape};
use crate::view::plural;

/// A file that is to be written.
pub(super) struct Draft {
    pub(super) path: PathBuf,
    /// What stands in the file before the page: only one object at a time is added to a file of the user's.
    pub(super) before: String,
    pub(super) page: Page,
}

impl Draft {
    /// What the file will hold.
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.before, self.page.text)
    }

    /// Puts the text in place at once; a file that says the same already is not touched.
    /// Whether the file says just this already.
    pub(super) fn is_there(&self) -> bool {
        std::fs::read_to_string(&self.path).is_ok_and(|there| there == self.text())
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        write(&self.path, &self.text(), Readers::Anybody)
    }
}

/// Says what was written, what was not, and which secrets are to be supplied.
pub(super) fn say(out: &Out, drafts: &[Draft], unchanged: &[bool], plan: &Plan, looked: &Looked) {
    let pages = || drafts.iter().map(|draft| &draft.page);
    if out.global.json {
        let objects = pages().flat_map(|page| &page.addresses);
        let secrets = pages().flat_map(|page| &page.placeholders);
        let left_out = pages().flat_map(|page| &page.left_out);
        return out.document(&Adoption {
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
                .map(|it| NotWritten {
                    address: it.address.to_string(),
                    attribute: it.attribute.to_owned(),
                    why: it.why.clone(),
                })
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
        out.print(&format!(
            "{}\n",
            out.reading().wrap(&clean(&format!("Nothing to adopt: {listed}.")), 2).join("\n  ")
        ));
        return out.not_looked_at(&looked.missed);
    }
    if out.global.quiet {
        let objects: usize = pages().map(|page| page.addresses.len()).sum();
        let (files, which) = (drafts.len(), plural(drafts.len(), "files"));
        return out
            .print(&format!("Adopted {objects} {} into {files} {which}.\n", plural(objects, "objects")));
    }
    for (draft, unchanged) in drafts.iter().zip(unchanged) {
        let word = if *unchanged { "unchanged" } else { "wrote" };
        let count = draft.page.addresses.len();
        let kind = draft.page.addresses.first().map_or("", |address| address.kind.as_str());
        let numbers = match draft.page.numbers {
            0 => String::new(),
            count => format!(" with {count} {}", plural(count, "numbers")),
        };
        out.print(&format!("{word} {}  {count} {}{numbers}\n", draft.path.display(), plural(count, kind)));
    }
    let left_out: Vec<&LeftOut> = pages().flat_map(|page| &page.left_out).collect();
    list(out, "Not written; a comment in the file says why", &left_out, |it| {
        format!("{} {}: {}", it.address, it.attribute, it.why)
    });
    let secrets: Vec<_> = pages().flat_map(|page| &page.placeholders).collect();
    list(
        out,
        "Secrets, by the variable that stands for each; not compared until it is set",
        &secrets,
        |it| format!("{}  {} {}", it.variable, it.address, it.attribute),
    );
    out.print(&format!("\nProven: a plan over what was written is empty ({}).\n", plan.summary()));
    let first = if secrets.is_empty() { "" } else { "set these variables, then " };
    let next = out.again.command(&format!("telform plan{}", sources(out, drafts)));
    out.print(&format!("Next: {first}{next}\n"));
    out.not_looked_at(&looked.missed);
}

/// The options with which the next command finds what was written: those of this one, and files that they do not reach.
fn sources(out: &Out, drafts: &[Draft]) -> String {
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
            // A folder of files that were written just now is named as a whole.
            let folder = path.parent().filter(|folder| draft.before.is_empty() && *folder != Path::new(""));
            files.push(folder.unwrap_or(path).to_owned());
        }
    }
    if out.global.files.is_empty() && files.len() == named {
        return String::new();
    }
    files.iter().map(|file| format!(" -f {}", quoted(&file.to_string_lossy()))).collect()
}

/// A list that does not fill the screen: what is left out stands in the files.
fn list<T>(out: &Out, title: &str, items: &[T], line: impl Fn(&T) -> String) {
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

/// Where the YAML of one object goes: a file of its own in a folder, or the end of a file that there is. Where overlays are
/// given, the object was found in their environment; written into the files below them, it would be made in the others.
pub(super) fn file_for(
    out: &Out,
    args: &AdoptArgs,
    address: &Address,
    overlays: &[String],
) -> Result<(PathBuf, String), Failure> {
    let own = |folder: &Path| (folder.join(format!("{}-{}.yaml", address.kind, address.name)), String::new());
    if let Some(folder) = &args.out {
        return Ok(own(folder));
    }
    let places = desired::places(&out.global.files);
    let last = overlays.last().map(PathBuf::from);
    let Some(place) = last.as_ref().or(places.first()) else { return Ok(own(Path::new(""))) };
    if place.is_dir() {
        return Ok(own(place));
    }
    let text = fs::read_to_string(place).map_err(|error| {
        Failure::other("telform::adopt::read", format!("cannot read {}: {error}", place.display()), "")
    })?;
    let gap = if text.ends_with('\n') { "" } else { "\n" };
    Ok((place.clone(), format!("{text}{gap}---\n")))
}
