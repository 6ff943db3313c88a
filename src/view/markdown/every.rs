//! Every address of a plan before anything else, riskiest first, with what differs; changes that are the same stand together.

use indexmap::IndexMap;

use super::super::ranked::{Leaf, Ranked, Risk, ranked};
use super::super::words;
use super::escape::uncut;
use super::{Page, code};
use crate::plan::{Action, Plan};

/// What a reader of the comment does not see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Unseen {
    /// Addresses that are not named.
    pub(super) addresses: usize,
    /// Addresses that are named, but not all their values.
    pub(super) values: usize,
    /// Numbers that are cut off or moved.
    pub(super) numbers: usize,
}

impl Unseen {
    pub(super) fn count(self) -> usize {
        self.addresses + self.values + self.numbers
    }
}

/// How much of each change is drawn.
#[derive(Clone, Copy)]
struct Level {
    /// All values, or those of what is risky, and of the rest the names.
    all: bool,
    /// Characters of a value.
    most: usize,
    /// Whole addresses, or the names of each kind.
    whole: bool,
}

/// From everything to the least.
const LEVELS: [Level; 4] = [
    Level { all: true, most: 160, whole: true },
    Level { all: true, most: 64, whole: true },
    Level { all: true, most: 64, whole: false },
    Level { all: false, most: 64, whole: false },
];

/// Changes that are drawn as one.
struct Group<'a> {
    all: Vec<&'a Ranked<'a>>,
    /// What differs.
    body: String,
    /// Whether that is everything.
    complete: bool,
}

/// Writes as much as there is room for, and says what is missing.
pub(super) fn every(page: &mut Page, plan: &Plan) -> Unseen {
    if plan.changes.is_empty() {
        return Unseen::default();
    }
    page.add(&format!("\n### Every change, riskiest first ({})\n\n", plan.changes.len()));
    let ranked = ranked(plan);
    for level in LEVELS {
        let groups = groups(&ranked, level, page.room());
        let last = !level.all;
        let fits = groups.as_ref().is_some_and(|groups| {
            groups.iter().map(|group| group.lead().len() + group.names(level).len()).sum::<usize>()
                <= page.room()
        });
        if let Some(groups) = groups.filter(|_| fits || last) {
            let mut unseen = Unseen::default();
            groups.iter().for_each(|group| group.draw(page, level, &mut unseen));
            return unseen;
        }
    }
    Unseen { addresses: plan.changes.len(), ..Unseen::default() }
}

/// None when they are longer than the room, where that does not have to do.
fn groups<'a>(ranked: &'a [Ranked<'a>], level: Level, room: usize) -> Option<Vec<Group<'a>>> {
    let mut groups: IndexMap<String, Group<'a>> = IndexMap::new();
    let mut length = 0;
    for one in ranked {
        let change = one.change;
        let about = (change.action, &change.account, &change.from_account, &change.reason);
        let mut drawn = None;
        let key = if level.all {
            serde_json::to_string(&(about, &change.attributes)).unwrap_or_default()
        } else {
            let (text, complete) = body(one, level);
            let key = serde_json::to_string(&(about, &text)).unwrap_or_default();
            drawn = Some((text, complete));
            key
        };
        let group = groups.entry(key).or_insert_with(|| {
            let (body, complete) = drawn.unwrap_or_else(|| body(one, level));
            length += body.len() + 30;
            Group { all: Vec::new(), body, complete }
        });
        group.all.push(one);
        length += change.address.name.len() + 4;
        if level.all && length > room {
            return None;
        }
    }
    let mut groups: Vec<Group<'a>> = groups.into_values().collect();
    groups.sort_by_key(|group| (group.all[0].risk, group.all[0].rarity, group.all.len()));
    Some(groups)
}

impl Group<'_> {
    /// What happens to them, without their names where there are several.
    fn lead(&self) -> String {
        let change = self.all[0].change;
        let from = change.from_account.as_ref().map(|from| format!("{} -> ", code(from))).unwrap_or_default();
        let account = format!("in {from}{}", code(&change.account));
        let reason = change.reason.as_ref().map(|reason| format!(": {}", code(reason))).unwrap_or_default();
        let what = match self.all.len() {
            1 => {
                let id = change.id.as_ref().map(|id| format!(" {}", code(id))).unwrap_or_default();
                format!("{} {account}{id}", code(&change.address.to_string()))
            }
            many => format!("{many} {account}, all the same"),
        };
        let body = if self.body.is_empty() { String::new() } else { format!("; {}", self.body) };
        format!("- **{}** {what}{reason}{body}\n", words::action(change.action))
    }

    /// The names, where there are several.
    fn names(&self, level: Level) -> String {
        let names: Vec<String> = self.each_name(level).collect();
        if names.len() < 2 { String::new() } else { format!("  {}\n", names.join(", ")) }
    }

    fn each_name(&self, level: Level) -> impl Iterator<Item = String> {
        let mut kind = "";
        self.all.iter().map(move |one| {
            let address = &one.change.address;
            if level.whole {
                return code(&address.to_string());
            }
            let head = if kind == address.kind { String::new() } else { format!("{} ", code(&address.kind)) };
            kind = &address.kind;
            format!("{head}{}", code(&address.name))
        })
    }

    /// Adds it, as far as it fits.
    fn draw(&self, page: &mut Page, level: Level, unseen: &mut Unseen) {
        let (lead, mut names) = (self.lead(), self.names(level));
        let mut named = self.all.len();
        if lead.len() + names.len() > page.room() {
            let mut room = page.room().saturating_sub(lead.len() + 60);
            let fitting = self.each_name(level).take_while(|name| {
                let fits = name.len() + 2 <= room;
                room = room.saturating_sub(name.len() + 2);
                fits
            });
            let fitting: Vec<String> = fitting.collect();
            named = if self.all.len() == 1 { 0 } else { fitting.len() };
            names = format!("  {} and **{} more**\n", fitting.join(", "), self.all.len() - named);
        }
        if named == 0 || !page.add(&format!("{lead}{names}")) {
            named = 0;
        }
        unseen.addresses += self.all.len() - named;
        if !self.complete {
            unseen.values += named;
        }
    }
}

/// What differs in a change, on one line, and whether that is all.
fn body(one: &Ranked<'_>, level: Level) -> (String, bool) {
    let (mut parts, mut complete, mut names) = (Vec::new(), true, Vec::new());
    // Of what goes, its name is enough.
    let gone = !level.all && one.change.action == Action::Delete;
    for leaf in one.leaves.iter().filter(|_| !gone) {
        if level.all || leaf.risk < Risk::Other {
            let (text, whole) = value(leaf, one.change.action, level.most);
            parts.push(text);
            complete &= whole;
        } else {
            let name = leaf.path.split('.').next().unwrap_or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if !names.is_empty() {
        let names: Vec<String> = names.into_iter().map(code).collect();
        parts.push(format!("{} (values not shown)", names.join(", ")));
        complete = false;
    }
    (parts.join("; "), complete)
}

fn value(leaf: &Leaf, action: Action, most: usize) -> (String, bool) {
    let sides = leaf.sides(most);
    let not_set = |said: bool, text: &'static str| if said { text } else { "" };
    let text = match (&sides.before, &sides.after) {
        (Some(before), Some(after)) => format!("{} -> {}", uncut(before), uncut(after)),
        (None, Some(after)) => {
            let updates = action == Action::Update && leaf.risk != Risk::Secret;
            format!("{}{}", not_set(updates, "(not set) -> "), uncut(after))
        }
        (Some(before), None) => {
            format!("{}{}", uncut(before), not_set(action != Action::Delete, " -> (not set)"))
        }
        (None, None) => words::NOT_SET.to_owned(),
    };
    (format!("{}: {text}", code(&leaf.path)), sides.unnamed == 0)
}
