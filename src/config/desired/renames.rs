//! Renames: objects that keep their identity under another address, accounts that keep theirs under another name, and objects
//! that leave their account.

use std::collections::BTreeMap;

use super::{ConfigLoader, FileEntry, FileRef, suggestions};
use crate::config::problem::{Problem, Span};
use crate::config::schema;
use crate::config::yaml::YamlNode;
use crate::model::resource::{AccountRename, Address, Rename};
use crate::services;

/// One rename as it is written, and the positions of both addresses. An account is written as an address of the kind `accounts`.
struct MovedLine<'a> {
    file: FileRef<'a>,
    from: (Address, Span),
    to: (Address, Span),
    /// The account that the object leaves.
    account: Option<String>,
}

impl MovedLine<'_> {
    /// Whether the address is unchanged and only the account differs.
    fn keeps_address(&self) -> bool {
        self.from.0 == self.to.0
    }
}

impl<'a> ConfigLoader<'a> {
    pub(super) fn collect_moved(&mut self, item: FileEntry<'a>) {
        self.moved.push(item);
    }

    /// Reads all renames. A chain of renames leads to its last address, so that a list may grow for years.
    pub(super) fn read_moved(&mut self) {
        let mut lines: BTreeMap<Address, MovedLine<'a>> = BTreeMap::new();
        let mut aims: BTreeMap<Address, (FileRef<'a>, Span)> = BTreeMap::new();
        let mut stays: BTreeMap<(Address, Option<String>), MovedLine<'a>> = BTreeMap::new();
        for item in std::mem::take(&mut self.moved) {
            let Some(list) = item.entry.value.as_list() else {
                self.report_wrong_type(item.file, item.entry, "a list of entries with `from` and `to`");
                continue;
            };
            for node in list {
                let Some(line) = self.read_rename(item.file, node) else { continue };
                if line.keeps_address() {
                    let (at, again) = (line.from.0.clone(), (line.file, line.from.1));
                    if let Some(first) = stays.insert((at.clone(), line.account.clone()), line) {
                        let what = format!("`{at}` is moved out of one account twice");
                        let first = (first.file, first.from.1);
                        self.report_duplicate("telform::yaml::duplicate", &what, first, again, "keep one of them");
                    }
                    continue;
                }
                let (from, to) = (line.from.clone(), line.to.clone());
                let first_aim = aims.insert(to.0.clone(), (line.file, to.1));
                let (file, twice) = (line.file, lines.insert(from.0.clone(), line));
                for (first, at, word) in
                    [(twice.map(|first| (first.file, first.from.1)), &from, "moved"), (first_aim, &to, "moved to")]
                {
                    let Some(first) = first else { continue };
                    let what = format!("`{}` is {word} twice", at.0);
                    self.report_duplicate(
                        "telform::yaml::duplicate",
                        &what,
                        first,
                        (file, at.1),
                        "an object has only one address; keep one of them",
                    );
                }
            }
        }
        for line in lines.values().chain(stays.values()) {
            self.check_rename(line, &lines);
        }
    }

    /// The address of an object, or an account behind the word `accounts`.
    fn moved_name(&mut self, item: FileEntry<'_>) -> Option<Address> {
        let text = item.entry.value.as_scalar().and_then(|scalar| Address::parse(&scalar.text));
        match text.filter(|it| it.kind == schema::ACCOUNTS && suggestions::is_name(&it.name)) {
            Some(account) => Some(account),
            None => self.read_address(item),
        }
    }

    fn read_rename(&mut self, file: FileRef<'a>, node: &'a YamlNode) -> Option<MovedLine<'a>> {
        let Some(entries) = node.as_map() else {
            self.report_problem(
                Problem::new("telform::yaml::wrong_type", "a rename must be a map", &file.source, node.used_at)
                    .label(format!("this is {}", node.type_name()))
                    .help("- from: providers.old-name\n  to: providers.new-name"),
            );
            return None;
        };
        for entry in entries.iter().filter(|entry| !schema::RENAME.contains(&&*entry.key)) {
            self.report_unknown_key(file, entry, &schema::RENAME, "in a rename");
        }
        let mut part = |name: &str| {
            let Some(entry) = node.get(name) else {
                self.report_problem(
                    Problem::new("telform::yaml::missing", format!("a rename needs `{name}`"), &file.source, node.used_at)
                        .label(format!("`{name}` is missing")),
                );
                return None;
            };
            Some((self.moved_name(FileEntry { file, entry })?, entry.value.used_at))
        };
        let (from, to) = (part("from"), part("to"));
        let (from, to) = (from?, to?);
        let named = node.get(schema::RENAME[2]);
        let account = named.and_then(|entry| Some(self.text(file, entry)?.to_string()));
        let problem = |what: String| Problem::new("telform::yaml::moved", what, &file.source, to.1).label("here");
        if from.0.kind != to.0.kind {
            let what = format!("`{}` cannot become `{}`: a rename stays within one kind", from.0, to.0);
            self.report_problem(problem(what));
            return None;
        }
        if let Some((_, words)) = services::link_entry(&from.0.kind) {
            let what =
                format!("`{}` cannot be moved: the address of a {} is the {} itself", from.0, words.singular, words.singular);
            let help = format!(
                "change `{}` in its entry, and it moves; to release it, list it under `removed` with `keep: true`",
                words.holder
            );
            self.report_problem(problem(what).help(help));
            return None;
        }
        if from.0 == to.0 && named.is_none() {
            let mut found = problem(format!("`{}` is moved to itself", to.0));
            if from.0.kind != schema::ACCOUNTS {
                found = found.help("to move it out of an account, add `account:` with the account that it leaves");
            }
            self.report_problem(found);
            return None;
        }
        if let Some(entry) = named.filter(|_| from.0.kind == schema::ACCOUNTS) {
            self.report_problem(
                Problem::new(
                    "telform::yaml::moved",
                    "`account` is for the rename of an object, and this one renames an account",
                    &file.source,
                    entry.key_span,
                )
                .label("not here"),
            );
            return None;
        }
        Some(MovedLine { file, from, to, account })
    }

    /// Follows a rename to its end, and refuses one that leads nowhere or away from something that is still declared.
    fn check_rename(&mut self, line: &MovedLine<'a>, lines: &BTreeMap<Address, MovedLine<'a>>) {
        let problem = |what: String, at: Span| Problem::new("telform::yaml::moved", what, &line.file.source, at);
        let is_account = line.from.0.kind == schema::ACCOUNTS;
        let declared = match is_account {
            true => self.accounts.get(&*line.from.0.name).map(|block| block.head),
            false => self.objects.get(&line.from.0).or(self.existing.get(&line.from.0)).map(|block| block.head),
        };
        if let Some(declared) = declared.filter(|_| !line.keeps_address()) {
            self.report_problem(
                problem(format!("`{}` is moved away and still declared", line.from.0), line.from.1)
                    .label("renamed here")
                    .also_at(&declared.file.source, declared.entry.key_span, "declared here")
                    .help("rename the entry too, or remove the rename"),
            );
            return;
        }
        let mut end = &line.to.0;
        // At most as many steps as renames: one more is a cycle.
        for _ in 0..=lines.len() {
            match lines.get(end) {
                Some(next) => end = &next.to.0,
                None => break,
            }
        }
        let known = match is_account {
            true => self.accounts.contains_key(&*end.name),
            false => self.objects.contains_key(end) || self.desired.removed.iter().any(|gone| gone.address == *end),
        };
        let place = line.file.source.location_of(line.from.1);
        if lines.contains_key(end) {
            self.report_problem(problem(format!("`{}` is moved in a circle", line.from.0), line.from.1).label("begins here"));
        } else if known && is_account {
            let (from, to) = (line.from.0.name.to_string(), end.name.to_string());
            self.desired.moved_accounts.push(AccountRename { from, to, location: place });
        } else if known {
            let (from, to) = (line.from.0.clone(), end.clone());
            self.desired.moved.push(Rename { from, to, account: line.account.clone(), location: place });
        } else if let Some(referred) = self.existing.get(end).map(|block| block.head) {
            self.report_problem(
                problem(format!("`{}` is moved to `{end}`, which is under `existing`", line.from.0), line.to.1)
                    .label("only referred to")
                    .also_at(&referred.file.source, referred.entry.key_span, "under `existing` here")
                    .help("to release the object, remove the rename: what `existing` names is no longer managed, and is left as it is"),
            );
        } else if self.all_files_read {
            self.report_problem(
                problem(format!("`{}` is moved to `{end}`, which is not declared", line.from.0), line.to.1)
                    .label("nothing has this address")
                    .help(if is_account {
                        "declare it under `accounts`"
                    } else {
                        "declare it; or, to delete or release the object, list it under `removed`"
                    }),
            );
        }
    }
}
