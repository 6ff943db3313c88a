//! Layers: files that define, and overlays that override values of the same address. What several layers say about one
//! account or object is put together line by line here; each line keeps the file that has the last word on it.

use super::{In, Item, Loader, names};
use crate::problem::Problem;
use crate::schema;
use crate::yaml::{Entry, Node};

/// Maps of telform's own, of which an overlay overrides each key by itself: a `prevent_delete` must not be lost because an
/// overlay says something else under `lifecycle`. Nested values of a service are owned whole, so they are replaced whole.
const OWN_MAPS: [&str; 2] = ["lifecycle", "guards"];

/// An account or object, put together from the layers.
#[derive(Clone)]
pub(super) struct Block<'a> {
    /// Its first definition.
    pub(super) head: Item<'a>,
    /// Its lines, each with the file that has the last word on it. A map of telform's own may stand here several times: the
    /// later one wins, key by key.
    pub(super) lines: Vec<Item<'a>>,
    /// Lines that a later layer overrides. They are checked like the others: a literal secret in the base is one, whatever
    /// is laid over it.
    pub(super) overridden: Vec<Item<'a>>,
    /// Whether every layer's entry is a map.
    pub(super) sound: bool,
    /// Whether an overlay brought it in.
    pub(super) added: bool,
}

impl<'a> Block<'a> {
    /// The line of a key.
    pub(super) fn get(&self, key: &str) -> Option<Item<'a>> {
        self.lines.iter().rev().find(|line| line.key() == key).copied()
    }

    /// Lays another layer's entries over what is there.
    fn lay(&mut self, file: In<'a>, entries: Option<&'a [Entry]>) {
        self.sound &= entries.is_some();
        self.lines.reserve_exact(entries.map_or(0, <[Entry]>::len));
        for entry in entries.unwrap_or_default() {
            let line = Item { file, entry };
            let whole = !OWN_MAPS.contains(&line.key());
            match self.lines.iter_mut().find(|there| whole && there.key() == line.key()) {
                Some(there) => self.overridden.push(std::mem::replace(there, line)),
                None => self.lines.push(line),
            }
        }
    }
}

impl<'a> Loader<'a> {
    /// Whether a document is an overlay. A wrong word for it is reported, and the document read as if it were none.
    pub(super) fn is_overlay(&mut self, file: In<'a>, document: &'a Node) -> bool {
        let Some(entry) = document.get(schema::OVERLAY) else { return false };
        self.boolean(file, entry) == Some(true)
    }

    /// The first definition of an account or object.
    pub(super) fn block(&mut self, head: Item<'a>) -> Block<'a> {
        let added = self.overlay;
        let mut block = Block { head, lines: Vec::new(), overridden: Vec::new(), sound: true, added };
        block.lay(head.file, self.section(head));
        block
    }

    /// What an overlay says about an account or object that an earlier layer defines.
    pub(super) fn lay(&mut self, block: &mut Block<'a>, item: Item<'a>) {
        let entries = self.section(item);
        block.lay(item.file, entries);
    }

    /// Reports an entry of an overlay that overrides nothing and does not say all that is required: most often a slip in its
    /// name.
    pub(super) fn overrides_nothing(
        &mut self,
        item: Item<'a>,
        what: &str,
        near: Option<&str>,
        lacking: &str,
    ) {
        let mut problem = Problem::new(
            "telform::yaml::overlay",
            format!("no file defines {what}, so this overlay overrides nothing"),
            &item.file.source,
            item.entry.key_span,
        );
        let mut help = String::new();
        match near {
            Some(near) => problem = problem.label(format!("did you mean `{}`?", names::short(near))),
            // Files that define are read before all overlays, so their place on the command line is not what is wrong.
            None => help.push_str("give the file that defines it with -f too, before or after this one; "),
        }
        problem = problem.help(format!(
            "{help}an overlay may also add something new, with all that is required; {lacking}"
        ));
        self.report(problem);
    }
}
