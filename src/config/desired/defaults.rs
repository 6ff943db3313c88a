//! Defaults: lines that the entries of a kind share, at the top of a file or inside an account. What an entry says goes over
//! those of its account, and these go over the ones at the top. Each line keeps its own place.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::layers::LayeredBlock;
use super::objects::blank_object;
use super::shapes::has_writable;
use super::{ConfigLoader, FileEntry, TWICE, suggestions};
use crate::config::problem::{Problem, Severity};
use crate::config::schema;
use crate::model::kind::{AttributeType, Kind};
use crate::model::resource::Address;
use crate::services;

/// Defaults by account and kind; those at the top belong to no account.
pub(super) type Defaults<'a> = BTreeMap<Scope<'a>, LayeredBlock<'a>>;

/// An account, if any, and a kind.
type Scope<'a> = (Option<&'a str>, &'a str);

/// Whether an attribute may have a default: not one that says which object is meant, nor the members of a holder, each of
/// which is in one place.
pub(in crate::config) fn may_have_default(kinds: &[&'static Kind], name: &str) -> bool {
    let identifies = |kind: &&'static Kind| {
        kind.id == name
            || kind.natural_key.contains(&name)
            || kind.field(name).is_some_and(|field| field.ty == AttributeType::Numbers)
    };
    name != "id" && !kinds.iter().any(identifies)
}

impl<'a> ConfigLoader<'a> {
    /// Reads a map of kinds with their defaults, of an account or at the top.
    pub(super) fn collect_defaults(&mut self, account: Option<&'a str>, item: FileEntry<'a>, kinds: &[&'static str]) {
        for entry in self.read_section(item).unwrap_or_default() {
            let here = FileEntry { file: item.file, entry };
            if !kinds.contains(&here.key()) {
                self.report_unknown_key(item.file, entry, kinds, "under `defaults`");
                continue;
            }
            let scope = (account, here.key());
            if let Some(mut block) = self.overlay.then(|| self.defaults.get(&scope).cloned()).flatten() {
                self.apply_overlay(&mut block, here);
                self.defaults.insert(scope, block);
            } else if let Some(first) = self.defaults.get(&scope).map(|block| block.head) {
                let what = format!("the defaults of {} are given twice", here.key());
                let (first, again) = ((first.file, first.entry.key_span), (here.file, entry.key_span));
                self.report_duplicate("telform::yaml::duplicate", &what, first, again, TWICE);
            } else {
                let block = self.define_block(here);
                self.defaults.insert(scope, block);
            }
        }
    }

    /// Reads the defaults of accounts, and checks every line once, whether or not an entry takes it.
    pub(super) fn read_defaults(&mut self) {
        let blocks: Vec<LayeredBlock<'a>> = self.accounts.values().cloned().collect();
        for block in blocks {
            let service = self.account_summaries.get(block.head.key()).and_then(|login| login.service);
            let mut kinds = service.map_or_else(services::address_kinds, |it| {
                it.kinds.iter().map(|kind| kind.name).chain(it.link_entry().map(|entry| entry.kind)).collect()
            });
            kinds.dedup();
            // The first line defines, and the lines of overlays come after it.
            for (at, line) in block.entries.iter().filter(|line| line.key() == schema::DEFAULTS).enumerate() {
                self.overlay = at > 0;
                self.collect_defaults(Some(block.head.key()), *line, &kinds);
            }
            self.overlay = false;
        }
        for (scope, mut block) in std::mem::take(&mut self.defaults) {
            let kinds = services::shapes_of_kind(scope.1);
            // A line that is reported here is left out, so that no entry reports it again.
            let mut entries = std::mem::take(&mut block.entries);
            for line in &block.overridden {
                self.check_default(scope, *line, &kinds, &block);
            }
            entries.retain(|line| self.check_default(scope, *line, &kinds, &block));
            self.defaults.insert(scope, LayeredBlock { entries, ..block });
        }
    }

    /// Whether entries may take a line.
    fn check_default(
        &mut self,
        scope: Scope<'a>,
        line: FileEntry<'a>,
        kinds: &[&'static Kind],
        block: &LayeredBlock<'a>,
    ) -> bool {
        if let Some((_, words)) = services::link_entry(scope.1) {
            let known = [words.holder, words.target];
            if known.contains(&line.key()) {
                return self.text(line.file, line.entry).is_some();
            }
            self.report_unknown_key(line.file, line.entry, &known, &format!("in the defaults of {}", scope.1));
            return false;
        }
        if !self.is_default(scope.0, line, kinds) {
            return false;
        }
        let errors = |loader: &Self| loader.problems.iter().filter(|it| it.severity == Severity::Error).count();
        let before = errors(self);
        let address = Address { kind: scope.1.into(), name: schema::DEFAULTS.into() };
        self.read_object_entry(line, kinds, &mut blank_object(address, "", kinds.to_vec(), block));
        before == errors(self)
    }

    fn is_default(&mut self, account: Option<&str>, line: FileEntry<'a>, kinds: &[&'static Kind]) -> bool {
        let key = line.key();
        let problem = |what: String| Problem::new("telform::yaml::default", what, &line.file.source, line.entry.key_span);
        if key == "account" {
            let named = self.text(line.file, line.entry);
            let own = account.is_none_or(|account| named.as_deref() == Some(account));
            if named.is_some() && !own {
                let what = "an account can only claim entries for itself".to_owned();
                let own = suggestions::shorten_name(account.unwrap_or_default());
                self.report_problem(
                    problem(what).label("another account").help(format!("write `account: {own}`, or leave it out")),
                );
            }
            return named.is_some() && own;
        }
        if schema::object_keys(kinds).contains(&key) && key != "id" {
            return true;
        }
        if !may_have_default(kinds, key) {
            let what = format!("`{key}` belongs to one object, so it cannot be shared");
            self.report_problem(problem(what).label("not a default").help("write it in each entry"));
            return false;
        }
        if !kinds.iter().any(|kind| has_writable(kind, key)) {
            self.no_attribute(line, kinds);
            return false;
        }
        true
    }

    /// An entry with the defaults that it takes, below its own lines.
    pub(super) fn with_defaults(&self, address: &Address, block: Rc<LayeredBlock<'a>>) -> Rc<LayeredBlock<'a>> {
        if self.defaults.is_empty() || !block.is_well_formed {
            return block;
        }
        let of = |account: Option<&str>| {
            let mut all = self.defaults.iter();
            all.find(|((by, kind), _)| *by == account && *kind == &*address.kind).map(|(_, lines)| lines)
        };
        let top = of(None);
        let claims = self.defaults.iter().filter(|((by, kind), _)| by.is_some() && *kind == &*address.kind);
        let claims: Vec<FileEntry<'a>> = claims.filter_map(|(_, lines)| lines.get("account")).collect();
        let only = if let [one] = claims.as_slice() { Some(*one) } else { None };
        let account = block.get("account").or_else(|| top?.get("account")).or(only);
        let name = account.and_then(|line| line.entry.value.as_scalar()).map(|scalar| &*scalar.text);
        let name = name.or_else(|| self.only_account(&address.kind));
        let generation = name.and_then(|name| self.account_summaries.get(name)).and_then(|login| login.generation);

        // What an entry's own lines exclude, such as an attribute of another generation, it does not take.
        let kinds = services::shapes_of_kind(&address.kind);
        let is_attribute = |line: &FileEntry<'a>| kinds.iter().any(|kind| kind.field(line.key()).is_some());
        let own = || block.entries.iter().filter(|line| is_attribute(line));
        let mut fitting = kinds.clone();
        fitting.retain(|kind| generation.is_none() || kind.generation.is_none() || kind.generation == generation);
        fitting.retain(|kind| own().all(|line| has_writable(kind, line.key())));
        let mut whole = (*block).clone();
        whole.entries.extend(account.filter(|_| block.get("account").is_none()));
        let layers = name.and_then(|name| of(Some(name))).into_iter().chain(top);
        for line in layers.flat_map(|layer| &layer.entries) {
            if line.key() == "lifecycle" {
                // Of a map of telform's own, the later line wins key by key.
                whole.entries.insert(0, *line);
            } else if whole.get(line.key()).is_none() {
                let having: Vec<_> = fitting.iter().copied().filter(|kind| has_writable(kind, line.key())).collect();
                if !is_attribute(line) || !having.is_empty() {
                    whole.entries.push(*line);
                }
                if !having.is_empty() {
                    fitting = having;
                }
            }
        }
        Rc::new(whole)
    }
}
