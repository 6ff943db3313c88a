//! Layers: files that define, and overlays that override values of the same address. What several layers say about one
//! account or object is put together line by line here; each line keeps the file that decides it.

use super::{ConfigLoader, FileEntry, FileRef, suggestions};
use crate::config::problem::Problem;
use crate::config::schema;
use crate::config::yaml::{MapEntry, YamlNode};

/// Maps of telform's own, in which an overlay overrides single keys: a `prevent_delete` must not be lost because an
/// overlay sets another key under `lifecycle`. Nested values of a service are owned whole, so they are replaced whole.
const OWN_MAPS: [&str; 3] = ["lifecycle", "guards", schema::DEFAULTS];

/// An account or object, merged from the layers.
#[derive(Clone)]
pub(super) struct LayeredBlock<'a> {
    /// Its first definition.
    pub(super) head: FileEntry<'a>,
    /// Its lines, each with the file that decides it. A map of telform's own may appear here several times: the later one
    /// wins, key by key.
    pub(super) entries: Vec<FileEntry<'a>>,
    /// Lines that a later layer overrides. They are checked like the others: a literal secret in the base remains an
    /// error, whatever overrides it.
    pub(super) overridden: Vec<FileEntry<'a>>,
    /// Whether every layer's entry is a map.
    pub(super) is_well_formed: bool,
    /// Whether an overlay added it.
    pub(super) from_overlay: bool,
}

impl<'a> LayeredBlock<'a> {
    /// The line of a key.
    pub(super) fn get(&self, key: &str) -> Option<FileEntry<'a>> {
        self.entries.iter().rev().find(|line| line.key() == key).copied()
    }

    /// Merges another layer's entries over the present ones.
    fn apply_layer(&mut self, file: FileRef<'a>, entries: Option<&'a [MapEntry]>) {
        self.is_well_formed &= entries.is_some();
        self.entries.reserve_exact(entries.map_or(0, <[MapEntry]>::len));
        for entry in entries.unwrap_or_default() {
            let line = FileEntry { file, entry };
            let whole = !OWN_MAPS.contains(&line.key());
            match self.entries.iter_mut().find(|there| whole && there.key() == line.key()) {
                Some(there) => self.overridden.push(std::mem::replace(there, line)),
                None => self.entries.push(line),
            }
        }
    }
}

impl<'a> ConfigLoader<'a> {
    /// Whether a document is an overlay. An invalid value for the key is reported, and the document is read as if
    /// it were not an overlay.
    pub(super) fn is_overlay(&mut self, file: FileRef<'a>, document: &'a YamlNode) -> bool {
        let Some(entry) = document.get(schema::OVERLAY) else { return false };
        self.read_boolean(file, entry) == Some(true)
    }

    /// The first definition of an account or object.
    pub(super) fn define_block(&mut self, head: FileEntry<'a>) -> LayeredBlock<'a> {
        let added = self.overlay;
        let mut block =
            LayeredBlock { head, entries: Vec::new(), overridden: Vec::new(), is_well_formed: true, from_overlay: added };
        block.apply_layer(head.file, self.read_section(head));
        block
    }

    /// What an overlay says about an account or object that an earlier layer defines.
    pub(super) fn apply_overlay(&mut self, block: &mut LayeredBlock<'a>, item: FileEntry<'a>) {
        let entries = self.read_section(item);
        block.apply_layer(item.file, entries);
    }

    /// Reports an entry of an overlay that overrides nothing and lacks required keys: most often its name is misspelled.
    pub(super) fn overrides_nothing(&mut self, item: FileEntry<'a>, what: &str, near: Option<&str>, lacking: &str) {
        let mut problem = Problem::new(
            "telform::yaml::overlay",
            format!("no file defines {what}, so this overlay overrides nothing"),
            &item.file.source,
            item.entry.key_span,
        );
        let mut help = String::new();
        match near {
            Some(near) => problem = problem.label(format!("did you mean `{}`?", suggestions::shorten_name(near))),
            // Files that define are read before all overlays, so their position on the command line is not the cause.
            None => help.push_str("give the file that defines it with -f too, before or after this one; "),
        }
        problem = problem.help(format!("{help}an overlay may also add something new, with all that is required; {lacking}"));
        self.report_problem(problem);
    }
}
