//! Renames: objects that keep their identity under another address, accounts that keep theirs under another name, and objects
//! that leave their account.

use std::collections::BTreeMap;

use super::{In, Item, Loader, names};
use crate::problem::{Problem, Span};
use crate::resource::{AccountRename, Address, Rename};
use crate::schema;
use crate::yaml::Node;

/// One rename as it is written, and where both of its addresses stand. An account stands as an address of the kind `accounts`.
struct Line<'a> {
    file: In<'a>,
    from: (Address, Span),
    to: (Address, Span),
    /// The account that the object leaves.
    account: Option<String>,
}

impl Line<'_> {
    /// Whether the address stays, and only the account is another one.
    fn stays(&self) -> bool {
        self.from.0 == self.to.0
    }
}

impl<'a> Loader<'a> {
    pub(super) fn collect_moved(&mut self, item: Item<'a>) {
        self.moved.push(item);
    }

    /// Reads all renames. A chain of them ends at its last address, so that a list may grow for years.
    pub(super) fn read_moved(&mut self) {
        let mut lines: BTreeMap<Address, Line<'a>> = BTreeMap::new();
        let mut aims: BTreeMap<Address, (In<'a>, Span)> = BTreeMap::new();
        let mut stays: BTreeMap<(Address, Option<String>), Line<'a>> = BTreeMap::new();
        for item in std::mem::take(&mut self.moved) {
            let Some(list) = item.entry.value.list() else {
                self.wrong(item.file, item.entry, "a list of entries with `from` and `to`");
                continue;
            };
            for node in list {
                let Some(line) = self.rename(item.file, node) else { continue };
                if line.stays() {
                    let (at, again) = (line.from.0.clone(), (line.file, line.from.1));
                    if let Some(first) = stays.insert((at.clone(), line.account.clone()), line) {
                        let what = format!("`{at}` is moved out of one account twice");
                        let first = (first.file, first.from.1);
                        self.twice("telform::yaml::duplicate", &what, first, again, "keep one of them");
                    }
                    continue;
                }
                let (from, to) = (line.from.clone(), line.to.clone());
                let first_aim = aims.insert(to.0.clone(), (line.file, to.1));
                let (file, twice) = (line.file, lines.insert(from.0.clone(), line));
                for (first, at, word) in [
                    (twice.map(|first| (first.file, first.from.1)), &from, "moved"),
                    (first_aim, &to, "moved to"),
                ] {
                    let Some(first) = first else { continue };
                    let what = format!("`{}` is {word} twice", at.0);
                    self.twice(
                        "telform::yaml::duplicate",
                        &what,
                        first,
                        (file, at.1),
                        "an object has one address; keep one of them",
                    );
                }
            }
        }
        for line in lines.values().chain(stays.values()) {
            self.check_rename(line, &lines);
        }
    }

    /// The address of an object, or an account behind the word `accounts`.
    fn moved_name(&mut self, item: Item<'_>) -> Option<Address> {
        let text = item.entry.value.scalar().and_then(|scalar| Address::parse(&scalar.text));
        match text.filter(|it| it.kind == schema::ACCOUNTS && names::is_name(&it.name)) {
            Some(account) => Some(account),
            None => self.address(item),
        }
    }

    fn rename(&mut self, file: In<'a>, node: &'a Node) -> Option<Line<'a>> {
        let Some(entries) = node.map() else {
            self.report(
                Problem::new("telform::yaml::wrong_type", "a rename must be a map", &file.source, node.at)
                    .label(format!("this is {}", node.sort()))
                    .help("- from: providers.old-name\n  to: providers.new-name"),
            );
            return None;
        };
        for entry in entries.iter().filter(|entry| !schema::RENAME.contains(&&*entry.key)) {
            self.unknown(file, entry, &schema::RENAME, "in a rename");
        }
        let mut part = |name: &str| {
            let Some(entry) = node.get(name) else {
                self.report(
                    Problem::new(
                        "telform::yaml::missing",
                        format!("a rename needs `{name}`"),
                        &file.source,
                        node.at,
                    )
                    .label(format!("`{name}` is missing")),
                );
                return None;
            };
            Some((self.moved_name(Item { file, entry })?, entry.value.at))
        };
        let (from, to) = (part("from"), part("to"));
        let (from, to) = (from?, to?);
        let named = node.get(schema::RENAME[2]);
        let account = named.and_then(|entry| Some(self.text(file, entry)?.to_string()));
        let problem =
            |what: String| Problem::new("telform::yaml::moved", what, &file.source, to.1).label("here");
        if from.0.kind != to.0.kind {
            let what = format!("`{}` cannot become `{}`: a rename stays within one kind", from.0, to.0);
            self.report(problem(what));
            return None;
        }
        if from.0 == to.0 && named.is_none() {
            let mut found = problem(format!("`{}` is moved to itself", to.0));
            if from.0.kind != schema::ACCOUNTS {
                found =
                    found.help("to move it out of an account, add `account:` with the one that it leaves");
            }
            self.report(found);
            return None;
        }
        if let Some(entry) = named.filter(|_| from.0.kind == schema::ACCOUNTS) {
            self.report(
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
        Some(Line { file, from, to, account })
    }

    /// Follows a rename to its end, and refuses one that leads nowhere or away from something that is still declared.
    fn check_rename(&mut self, line: &Line<'a>, lines: &BTreeMap<Address, Line<'a>>) {
        let problem =
            |what: String, at: Span| Problem::new("telform::yaml::moved", what, &line.file.source, at);
        let is_account = line.from.0.kind == schema::ACCOUNTS;
        let declared = match is_account {
            true => self.accounts.get(&*line.from.0.name).map(|block| block.head),
            false => self.objects.get(&line.from.0).map(|block| block.head),
        };
        if let Some(declared) = declared.filter(|_| !line.stays()) {
            self.report(
                problem(format!("`{}` is moved away and still declared", line.from.0), line.from.1)
                    .label("moved away here")
                    .also(&declared.file.source, declared.entry.key_span, "declared here")
                    .help("rename the entry too, or drop the rename"),
            );
            return;
        }
        let mut end = &line.to.0;
        // As many steps as there are renames: one more is a circle.
        for _ in 0..=lines.len() {
            match lines.get(end) {
                Some(next) => end = &next.to.0,
                None => break,
            }
        }
        let known = match is_account {
            true => self.accounts.contains_key(&*end.name),
            false => {
                self.objects.contains_key(end) || self.desired.removed.iter().any(|gone| gone.address == *end)
            }
        };
        let place = line.file.source.place(line.from.1);
        if lines.contains_key(end) {
            self.report(
                problem(format!("`{}` is moved in a circle", line.from.0), line.from.1).label("begins here"),
            );
        } else if known && is_account {
            let (from, to) = (line.from.0.name.to_string(), end.name.to_string());
            self.desired.moved_accounts.push(AccountRename { from, to, place });
        } else if known {
            let (from, to) = (line.from.0.clone(), end.clone());
            self.desired.moved.push(Rename { from, to, account: line.account.clone(), place });
        } else if self.complete {
            self.report(
                problem(format!("`{}` is moved to `{end}`, which is not declared", line.from.0), line.to.1)
                    .label("nothing has this address")
                    .help(if is_account {
                        "declare it under `accounts`"
                    } else {
                        "declare it; or, when the object shall go or be released, list it under `removed`"
                    }),
            );
        }
    }
}
