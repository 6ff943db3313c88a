//! Every address of a plan before anything else, riskiest first, with what differs; alike changes are one.

use indexmap::IndexMap;

use super::super::groups::{ChangeGroup, ChangeGroups};
use super::super::ranking::{ChangeRisk, RankedChange, ValueDifference};
use super::super::wording;
use super::escape::{sentence_span, uncut_code_span};
use super::{BoundedPage, code_span, html_code};
use crate::plan::{Change, ChangeAction};
use crate::text::truncate_middle;

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
    /// The values that each of many alike changes has of its own.
    own: bool,
    /// Characters of a value.
    most: usize,
    /// Whole addresses, or the names of each kind.
    whole: bool,
}

/// From most to least detail.
const LEVELS: [DetailLevel; 5] = [
    DetailLevel { all: true, own: true, most: 160, whole: true },
    DetailLevel { all: true, own: true, most: 64, whole: true },
    DetailLevel { all: true, own: true, most: 64, whole: false },
    DetailLevel { all: true, own: false, most: 64, whole: false },
    DetailLevel { all: false, own: false, most: 64, whole: false },
];

/// Most names that are beside their change; more are in a list below all changes, so that many do not hide the next change.
const BESIDE: usize = 12;

/// Writes as much as fits, and says what is missing.
pub(super) fn push_overview(page: &mut BoundedPage, ranked: &[RankedChange<'_>], groups: &ChangeGroups<'_>) -> UnshownCounts {
    if ranked.is_empty() {
        return UnshownCounts::default();
    }
    page.push_if_fits(&format!("\n### Every change, riskiest first ({})\n\n", ranked.len()));
    for level in LEVELS.into_iter().filter(|level| level.all) {
        if let Some((text, unseen)) = all_groups(&groups.all, level, page.remaining_bytes()) {
            page.push_if_fits(&text);
            return unseen;
        }
    }
    let mut unseen = UnshownCounts::default();
    let level = LEVELS[LEVELS.len() - 1];
    group_by_text(ranked, level).iter().for_each(|group| group.push_group(page, level, &mut unseen));
    unseen
}

/// Every change with its values; none when that exceeds the available space.
fn all_groups(groups: &[ChangeGroup<'_>], level: DetailLevel, room: usize) -> Option<(String, UnshownCounts)> {
    let (mut changes, mut lists, mut unseen) = (String::new(), String::new(), UnshownCounts::default());
    for group in groups {
        let (change, count) = (group.first(), group.members.len());
        let (mut parts, mut complete) = (Vec::new(), true);
        for leaf in group.shared_leaves() {
            let (text, whole) = value_text(leaf, change.action, level.most);
            parts.push(text);
            complete &= whole;
        }
        let body = parts.iter().map(|part| format!("; {part}")).collect::<String>();
        let what = match count {
            1 => code_span(&change.address.to_string()),
            many => format!("{many} {}", code_span(&change.address.kind)),
        };
        let listed = count > BESIDE || !group.differing.is_empty();
        let likeness = match (count, group.differing.is_empty()) {
            (1, _) => String::new(),
            (_, true) if listed => ", all alike, named below".to_owned(),
            (_, true) => ", all alike".to_owned(),
            (_, false) => {
                let names: Vec<String> = group.differing_names().map(code_span).collect();
                format!(", named below, alike but for {}", names.join(", "))
            }
        };
        changes.push_str(&format!(
            "- **{}** {what}{}{likeness}{body}\n",
            wording::action_word(change.action),
            about(change, count)
        ));
        let members = group.members.iter().map(|one| one.change);
        if listed {
            let title = format!("{} {count} {}", wording::action_word(change.action), html_code(&change.address.kind));
            lists.push_str(&format!("\n<details><summary>{title} in {}</summary>\n\n", html_code(&change.account)));
            if group.differing.is_empty() || !level.own {
                lists.push_str(&each_name(members, level.whole).collect::<Vec<_>>().join(", "));
                complete &= group.differing.is_empty();
            } else {
                for member in &group.members {
                    let (line, whole) = own_line(group, member, level);
                    complete &= whole;
                    lists.push_str(&line);
                    if lists.len() > room {
                        return None;
                    }
                }
            }
            lists.push_str("\n\n</details>\n");
        } else if count > 1 {
            changes.push_str(&format!("  {}\n", each_name(members, level.whole).collect::<Vec<_>>().join(", ")));
        }
        if changes.len() + lists.len() > room {
            return None;
        }
        unseen.values += if complete { 0 } else { count };
    }
    Some((changes + &lists, unseen))
}

/// The values that one of many alike changes has of its own, and whether that is all.
fn own_line(group: &ChangeGroup<'_>, member: &RankedChange<'_>, level: DetailLevel) -> (String, bool) {
    let mut complete = true;
    let values = group.own_values(member).into_iter().map(|(name, value)| {
        let cut = truncate_middle(&value, level.most);
        complete &= cut.unnamed_hosts == 0;
        format!("{}: {}", code_span(&name), uncut_code_span(&cut.text))
    });
    let values: Vec<String> = values.collect();
    let name: String = each_name([member.change].into_iter(), level.whole).collect();
    (format!("- {name}; {}\n", values.join("; ")), complete)
}

/// Changes that are drawn as one because what is drawn of them is the same.
struct SameText<'a> {
    all: Vec<&'a RankedChange<'a>>,
    /// What differs.
    body: String,
    /// Whether that is everything.
    complete: bool,
}

fn group_by_text<'a>(ranked: &'a [RankedChange<'a>], level: DetailLevel) -> Vec<SameText<'a>> {
    let mut groups: IndexMap<String, SameText<'a>> = IndexMap::new();
    for one in ranked {
        let change = one.change;
        let (body, complete) = difference_text(one, level);
        let about = (change.action, &change.account, &change.from_account, &change.reason);
        let key = serde_json::to_string(&(about, &body)).unwrap_or_default();
        groups.entry(key).or_insert_with(|| SameText { all: Vec::new(), body, complete }).all.push(one);
    }
    let mut groups: Vec<SameText<'a>> = groups.into_values().collect();
    groups.sort_by_key(|group| (group.all[0].risk, group.all[0].rarity, group.all.len()));
    groups
}

/// Account, identity where it is one, and reason.
fn about(change: &Change, count: usize) -> String {
    let from = change.from_account.as_ref().map(|from| format!("{} -> ", code_span(from))).unwrap_or_default();
    let id = change.id.as_ref().filter(|_| count == 1).map(|id| format!(" {}", code_span(id))).unwrap_or_default();
    let reason = change.reason.as_ref().map(|reason| format!(": {}", sentence_span(reason))).unwrap_or_default();
    format!(" in {from}{}{id}{reason}", code_span(&change.account))
}

/// Names of changes: whole addresses, or the names of each kind.
fn each_name<'a>(changes: impl Iterator<Item = &'a Change>, whole: bool) -> impl Iterator<Item = String> {
    let mut kind = "";
    changes.map(move |change| {
        let address = &change.address;
        if whole {
            return code_span(&address.to_string());
        }
        let head = if kind == address.kind { String::new() } else { format!("{} ", code_span(&address.kind)) };
        kind = &address.kind;
        format!("{head}{}", code_span(&address.name))
    })
}

impl SameText<'_> {
    /// What happens to them, without their names where there are several.
    fn action_text(&self) -> String {
        let change = self.all[0].change;
        let about = about(change, self.all.len());
        let what = match self.all.len() {
            1 => format!("{}{about}", code_span(&change.address.to_string())),
            many => format!("{many}{about}, all alike"),
        };
        let body = if self.body.is_empty() { String::new() } else { format!("; {}", self.body) };
        format!("- **{}** {what}{body}\n", wording::action_word(change.action))
    }

    fn each_name(&self, level: DetailLevel) -> impl Iterator<Item = String> {
        each_name(self.all.iter().map(|one| one.change), level.whole)
    }

    /// The names, where there are several.
    fn names_text(&self, level: DetailLevel) -> String {
        let names: Vec<String> = self.each_name(level).collect();
        if names.len() < 2 { String::new() } else { format!("  {}\n", names.join(", ")) }
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
