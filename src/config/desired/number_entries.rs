//! Numbers that are entries of their own: each owns the connection of one number, on a bridge that is declared elsewhere or only
//! referred to.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::numbers::AS_SHOWN;
use super::objects::ParsedObject;
use super::values::value_span;
use super::{ConfigLoader, FileEntry, LayeredBlock, suggestions};
use crate::config::problem::Problem;
use crate::model::kind::{LinkEntry, LinkRoles};
use crate::model::resource::{Address, DesiredNumber, NumberEntry};
use crate::{services, text};

/// A number with the lines it was read from.
pub(super) struct ParsedNumber<'a> {
    pub(super) entry: NumberEntry,
    pub(super) block: Rc<LayeredBlock<'a>>,
}

impl<'a> ConfigLoader<'a> {
    /// Reads them when all objects are known.
    pub(super) fn read_number_entries(&mut self) {
        let mut parsed = BTreeMap::new();
        for (address, block) in self.number_blocks.clone() {
            let Some((roles, words)) = services::link_entry(&address.kind) else { continue };
            let block = self.with_defaults(&address, block);
            if let Some(entry) = self.read_number_entry(&address, &block, roles, words) {
                parsed.insert(address, ParsedNumber { entry, block });
            }
        }
        self.parsed_numbers = parsed;
    }

    fn read_number_entry(
        &mut self,
        address: &Address,
        block: &LayeredBlock<'a>,
        roles: &LinkRoles,
        words: &LinkEntry,
    ) -> Option<NumberEntry> {
        let head = block.head;
        let marked = block.get(AS_SHOWN).is_some_and(|mark| self.read_boolean(mark.file, mark.entry) == Some(true));
        let example = format!("{{ {}: NAME, {}: NAME, {AS_SHOWN}: true }}", words.holder, words.target);
        let as_shown = self.check_number(head, marked, &example);
        let known = [words.holder, words.target, AS_SHOWN];
        for line in block.entries.iter().chain(&block.overridden).filter(|line| !known.contains(&line.key())) {
            self.report_unknown_key(line.file, line.entry, &known, &format!("in a {}", words.singular));
        }
        if !block.is_well_formed {
            return None;
        }
        // A row of a table that says who serves the number in no cell: the number is not to be connected. `get` writes such rows.
        if block.get(words.target).is_none() && head.file.source.is_in_table(head.entry.key_span) {
            return None;
        }
        let bridge = self.entry_reference(block, words.holder, &[roles.holder], words);
        let provider = self.entry_reference(block, words.target, roles.targets, words);
        let account = bridge.as_ref().and_then(|(line, bridge)| self.account_of_holder(*line, bridge));
        let unknown = provider.as_ref().filter(|_| account.is_none());
        if let Some(problem) = unknown.and_then(|(line, target)| self.unknown_reference((*line).into(), target)) {
            self.report_problem(problem);
        }
        let ((_, bridge), account) = (bridge?, account?);
        if let Some(holder) = self.parsed.get(&bridge).filter(|holder| holder.object.numbers.is_some()) {
            let problem = owned_whole(address, head, holder, roles);
            self.report_problem(problem);
            return None;
        }
        let (target_line, provider) = provider?;
        if let Some(problem) = self.check_reference(&account, address, target_line.into(), &provider) {
            self.report_problem(problem);
        }
        let location = head.file.source.location_of(head.entry.key_span);
        let wanted = DesiredNumber { provider, as_shown: as_shown?, location };
        Some(NumberEntry {
            address: address.clone(),
            account,
            number: text::normalize_phone_number(&address.name),
            bridge,
            wanted,
        })
    }

    /// The address that a key of an entry names, and its line.
    fn entry_reference(
        &mut self,
        block: &LayeredBlock<'a>,
        key: &str,
        kinds: &[&str],
        words: &LinkEntry,
    ) -> Option<(FileEntry<'a>, Address)> {
        let Some(line) = block.get(key) else {
            let head = block.head;
            let what = format!("this {} does not say its `{key}`", words.singular);
            let from = kinds.join("` or `");
            let help = format!("write {{ {}: NAME, {}: NAME }}; `{key}` is a name from `{from}`", words.holder, words.target);
            self.report_problem(
                Problem::new("telform::yaml::missing", what, &head.file.source, head.entry.key_span)
                    .label(format!("`{key}` is missing"))
                    .help(help),
            );
            return None;
        };
        if line.entry.value.is_null() {
            let help = format!("name {}, or remove this entry to cut the number off", text::with_article(key));
            let (what, at) = (format!("`{key}` must be a text"), value_span(line.entry));
            let problem = Problem::new("telform::yaml::wrong_type", what, &line.file.source, at).label("no name");
            self.report_problem(problem.help(help));
            return None;
        }
        let named = self.text(line.file, line.entry)?;
        Some((line, self.target_named(line, &named, kinds)?))
    }

    /// The account of the bridge that an entry names: declared, or only referred to.
    fn account_of_holder(&mut self, line: FileEntry<'a>, bridge: &Address) -> Option<String> {
        if let Some(holder) = self.parsed.get(bridge).or(self.parsed_existing.get(bridge)) {
            return Some(holder.object.account.clone());
        }
        if let Some(problem) = self.unknown_reference(line.into(), bridge) {
            self.report_problem(problem);
        }
        None
    }

    /// A bridge that owns its numbers whole would cut what an entry connects.
    pub(super) fn conflicting_tombstones(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for removal in self.desired.removed.iter().filter(|gone| services::link_entry(&gone.address.kind).is_some()) {
            let number = text::normalize_phone_number(&removal.address.name);
            let has = |parsed: &&ParsedObject<'a>| {
                let account = removal.account.as_ref().is_none_or(|account| *account == parsed.object.account);
                account && parsed.object.numbers.as_ref().is_some_and(|numbers| numbers.contains_key(&number))
            };
            let Some(holder) = self.parsed.values().find(has) else { continue };
            let what = format!("`{}` is removed, and `{}` has the number", removal.address, holder.object.address);
            let line = holder.number_entries().find(|line| text::normalize_phone_number(line.key()) == number);
            let line = line.unwrap_or(holder.block.head);
            problems.push(
                Problem::new("telform::yaml::removed_and_declared", what, &line.file.source, line.entry.key_span)
                    .label("declared here")
                    .help(format!("its entry under `removed` is at {}; keep one of them", removal.location)),
            );
        }
        problems
    }
}

fn owned_whole(address: &Address, head: FileEntry<'_>, holder: &ParsedObject<'_>, roles: &LinkRoles) -> Problem {
    let what = format!("`{address}` is on `{}`, which owns its `{}` whole", holder.object.address, roles.members);
    let problem = Problem::new("telform::yaml::number_twice", what, &head.file.source, head.entry.key_span).label("this entry");
    let line = holder.key_entry(roles.members).or(holder.served_by_entry()).unwrap_or(holder.block.head);
    problem.also_at(&line.file.source, line.entry.key_span, "owned whole here").help(format!(
        "put the number into the map, or remove `{}` from `{}`: every number on it is then a separate entry, and telform leaves all others alone",
        roles.members, holder.object.address
    ))
}

/// Names of the objects of a kind that may be referred to, each once.
pub(super) fn names_of_kind<'n>(kind: &str, addresses: impl Iterator<Item = &'n Address>) -> Vec<&'n str> {
    let mut names: Vec<&str> = addresses.filter(|address| address.kind == kind).map(|address| address.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What is known of a kind, for a reference that leads nowhere.
pub(super) fn describe_known(kind: &str, name: &str, known: &[&str]) -> String {
    match known {
        [] => format!("no file defines any {kind}"),
        known => suggestions::suggest_names(name, known, kind),
    }
}
