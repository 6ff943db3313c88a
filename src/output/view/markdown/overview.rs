//! Every address of a plan before anything else, riskiest first, with what differs; equal changes are grouped.

use indexmap::IndexMap;

use super::super::ranking::{ChangeRisk, RankedChange, ValueDifference, rank_changes};
use super::super::wording;
use super::escape::uncut_code_span;
use super::{BoundedPage, code_span};
use crate::plan::{ChangeAction, Plan};

/// What a reader of the comment does not see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct UnshownCounts {
    /// Number of addresses that are not named.
    pub(super) addresses: usize,
    /// Number of addresses that are named without all their values.
    pub(super) values: usize,
    /// Numbers that are disconnected or moved.
    pub(super) numbers: usize,
}

impl UnshownCounts {
    pub(super) fn count(self) -> usize {
        self.addresses + self.values + self.numbers
    }
}

/// How much of each change is drawn.
#[derive(Clone, Copy)]
struct DetailLevel {
    /// All values, or the values of risky changes and only the names of the others.
    all: bool,
    /// Characters of a value.
    most: usize,
    /// Whole addresses, or the names of each kind.
    whole: bool,
}

/// From most to least detail.
const LEVELS: [DetailLevel; 4] = [
    DetailLevel { all: true, most: 160, whole: true },
    DetailLevel { all: true, most: 64, whole: true },
    DetailLevel { all: true, most: 64, whole: false },
    DetailLevel { all: false, most: 64, whole: false },
];

/// Changes that are drawn as one.
struct ChangeGroup<'a> {
    all: Vec<&'a RankedChange<'a>>,
    /// What differs.
    body: String,
    /// Whether that is everything.
    complete: bool,
}

/// Writes as much as fits, and says what is missing.
pub(super) fn push_overview(page: &mut BoundedPage, plan: &Plan) -> UnshownCounts {
    if plan.changes.is_empty() {
        return UnshownCounts::default();
    }
    page.push_if_fits(&format!("\n### Every change, riskiest first ({})\n\n", plan.changes.len()));
    let ranked = rank_changes(plan);
    for level in LEVELS {
        let groups = group_changes(&ranked, level, page.remaining_bytes());
        let last = !level.all;
        let fits = groups.as_ref().is_some_and(|groups| {
            groups.iter().map(|group| group.action_text().len() + group.names_text(level).len()).sum::<usize>()
                <= page.remaining_bytes()
        });
        if let Some(groups) = groups.filter(|_| fits || last) {
            let mut unseen = UnshownCounts::default();
            groups.iter().for_each(|group| group.push_group(page, level, &mut unseen));
            return unseen;
        }
    }
    UnshownCounts { addresses: plan.changes.len(), ..UnshownCounts::default() }
}

/// None when they exceed the available space, unless this form has to be used.
fn group_changes<'a>(ranked: &'a [RankedChange<'a>], level: DetailLevel, room: usize) -> Option<Vec<ChangeGroup<'a>>> {
    let mut groups: IndexMap<String, ChangeGroup<'a>> = IndexMap::new();
    let mut length = 0;
    for one in ranked {
        let change = one.change;
        let about = (change.action, &change.account, &change.from_account, &change.reason);
        let mut drawn = None;
        let key = if level.all {
            serde_json::to_string(&(about, &change.attributes)).unwrap_or_default()
        } else {
            let (text, complete) = difference_text(one, level);
            let key = serde_json::to_string(&(about, &text)).unwrap_or_default();
            drawn = Some((text, complete));
            key
        };
        let group = groups.entry(key).or_insert_with(|| {
            let (body, complete) = drawn.unwrap_or_else(|| difference_text(one, level));
            length += body.len() + 30;
            ChangeGroup { all: Vec::new(), body, complete }
        });
        group.all.push(one);
        length += change.address.name.len() + 4;
        if level.all && length > room {
            return None;
        }
    }
    let mut groups: Vec<ChangeGroup<'a>> = groups.into_values().collect();
    groups.sort_by_key(|group| (group.all[0].risk, group.all[0].rarity, group.all.len()));
    Some(groups)
}

impl ChangeGroup<'_> {
    /// What happens to them, without their names where there are several.
    fn action_text(&self) -> String {
        let change = self.all[0].change;
        let from = change.from_account.as_ref().map(|from| format!("{} -> ", code_span(from))).unwrap_or_default();
        let account = format!("in {from}{}", code_span(&change.account));
        let reason = change.reason.as_ref().map(|reason| format!(": {}", code_span(reason))).unwrap_or_default();
        let what = match self.all.len() {
            1 => {
                let id = change.id.as_ref().map(|id| format!(" {}", code_span(id))).unwrap_or_default();
                format!("{} {account}{id}", code_span(&change.address.to_string()))
            }
            many => format!("{many} {account}, all the same"),
        };
        let body = if self.body.is_empty() { String::new() } else { format!("; {}", self.body) };
        format!("- **{}** {what}{reason}{body}\n", wording::action_word(change.action))
    }

    /// The names, where there are several.
    fn names_text(&self, level: DetailLevel) -> String {
        let names: Vec<String> = self.each_name(level).collect();
        if names.len() < 2 { String::new() } else { format!("  {}\n", names.join(", ")) }
    }

    fn each_name(&self, level: DetailLevel) -> impl Iterator<Item = String> {
        let mut kind = "";
        self.all.iter().map(move |one| {
            let address = &one.change.address;
            if level.whole {
                return code_span(&address.to_string());
            }
            let head = if kind == address.kind { String::new() } else { format!("{} ", code_span(&address.kind)) };
            kind = &address.kind;
            format!("{head}{}", code_span(&address.name))
        })
    }

    /// Adds it, as far as it fits.
    fn push_group(&self, page: &mut BoundedPage, level: DetailLevel, unseen: &mut UnshownCounts) {
        let (lead, mut names) = (self.action_text(), self.names_text(level));
        let mut named = self.all.len();
        if lead.len() + names.len() > page.remaining_bytes() {
            let mut room = page.remaining_bytes().saturating_sub(lead.len() + 60);
            let fitting = self.each_name(level).take_while(|name| {
                let fits = name.len() + 2 <= room;
                room = room.saturating_sub(name.len() + 2);
                fits
            });
            let fitting: Vec<String> = fitting.collect();
            named = if self.all.len() == 1 { 0 } else { fitting.len() };
            names = format!("  {} and **{} more**\n", fitting.join(", "), self.all.len() - named);
        }
        if named == 0 || !page.push_if_fits(&format!("{lead}{names}")) {
            named = 0;
        }
        unseen.addresses += self.all.len() - named;
        if !self.complete {
            unseen.values += named;
        }
    }
}

/// What differs in a change, on one line, and whether that is all.
fn difference_text(one: &RankedChange<'_>, level: DetailLevel) -> (String, bool) {
    let (mut parts, mut complete, mut names) = (Vec::new(), true, Vec::new());
    // For a deleted object, its name is enough.
    let gone = !level.all && one.change.action == ChangeAction::Delete;
    for leaf in one.leaves.iter().filter(|_| !gone) {
        if level.all || leaf.risk < ChangeRisk::Other {
            let (text, whole) = value_text(leaf, one.change.action, level.most);
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
        let names: Vec<String> = names.into_iter().map(code_span).collect();
        parts.push(format!("{} (values not shown)", names.join(", ")));
        complete = false;
    }
    (parts.join("; "), complete)
}

fn value_text(leaf: &ValueDifference, action: ChangeAction, most: usize) -> (String, bool) {
    let sides = leaf.shown_sides(most);
    let not_set = |said: bool, text: &'static str| if said { text } else { "" };
    let text = match (&sides.before, &sides.after) {
        (Some(before), Some(after)) => format!("{} -> {}", uncut_code_span(before), uncut_code_span(after)),
        (None, Some(after)) => {
            let updates = action == ChangeAction::Update && leaf.risk != ChangeRisk::Secret;
            format!("{}{}", not_set(updates, "(not set) -> "), uncut_code_span(after))
        }
        (Some(before), None) => {
            format!("{}{}", uncut_code_span(before), not_set(action != ChangeAction::Delete, " -> (not set)"))
        }
        (None, None) => wording::NOT_SET.to_owned(),
    };
    (format!("{}: {text}", code_span(&leaf.path)), sides.unnamed == 0)
}
