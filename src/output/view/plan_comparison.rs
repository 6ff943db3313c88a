//! Two plans compared, for people: at a terminal and in the comment of a pull request.

use super::markdown::{self, code_span};
use super::text::{TextDetail, fit_lines};
use super::value::cut_middle;
use super::{BAD, CARE, FAINT, GOOD, STRONG, fold, kind_in_words, paint, plural_kind};
use crate::analysis::plan_comparison::{ChangeDifference, OneDifference, PlanComparison, PlannedChange};
use crate::text::escape;

/// Names of alike changes that are listed before the rest is counted.
const NAMED: usize = 6;

/// Requests of a change that are listed before the rest is counted.
const MOST_REQUESTS: usize = 8;

const ABSENT: &str = "(not there)";

/// A heading and what is below it.
struct Section {
    title: String,
    items: Vec<Item>,
    /// It does not count as a difference.
    is_beside: bool,
}

/// One change, or one difference.
#[derive(Default)]
struct Item {
    sign: &'static str,
    head: String,
    /// Further lines.
    lines: Vec<String>,
    /// What differs, and both sides of it.
    pairs: Vec<(String, String, String)>,
}

/// The result in one sentence.
pub fn result_as_text(comparison: &PlanComparison) -> String {
    format!("{}\n", result_sentence(comparison))
}

fn result_sentence(comparison: &PlanComparison) -> String {
    let count = |count: usize, word: &str| format!("{count} {}", plural_kind(count, word));
    if comparison.same {
        return match comparison.first.requests {
            0 => "Both plans do the same: neither sends a request.".to_owned(),
            requests => format!("Both plans do the same: {} in the same order.", count(requests, "requests")),
        };
    }
    let found = [
        (comparison.only_in_first.len(), "only in the first plan", "changes"),
        (comparison.only_in_second.len(), "only in the second plan", "changes"),
        (comparison.different.len(), "not the same in both", "changes"),
        (comparison.numbers.len(), "treated differently", "phone numbers"),
        (comparison.refusals.len(), "in only one of them", "refusals"),
        (comparison.other.len(), "elsewhere", "differences"),
    ];
    let found = found.into_iter().filter(|(many, ..)| *many > 0);
    let found: Vec<String> = found.map(|(many, place, word)| format!("{} {place}", count(many, word))).collect();
    let requests = if comparison.same_requests { " Both send the same requests in the same order." } else { "" };
    format!("The plans differ: {}.{requests}", found.join(", "))
}

/// For a terminal, with colours that the stream strips where they are not wanted.
pub fn comparison_as_text(comparison: &PlanComparison, detail: TextDetail) -> String {
    let style = if comparison.same { GOOD } else { STRONG };
    let mut out = String::new();
    for (name, plan) in [("First: ", &comparison.first), ("Second:", &comparison.second)] {
        out.push_str(&format!("{} {}\n", paint(STRONG, name), escape(&plan.file)));
        out.push_str(&format!(
            "        {}\n        {}\n",
            escape(&plan.summary),
            paint(FAINT, format!("digest {}", escape(&plan.digest)))
        ));
    }
    for section in sections(comparison, detail.verbose) {
        let style = if section.is_beside { FAINT } else { STRONG };
        out.push_str(&format!("\n{}\n", paint(style, &section.title)));
        for item in &section.items {
            out.push_str(&item_as_text(item));
        }
    }
    out.push_str(&format!("\n{}\n", paint(style, result_sentence(comparison))));
    fit_lines(&out, detail.columns)
}

fn item_as_text(item: &Item) -> String {
    let sign = match item.sign {
        "" => String::new(),
        "-" => format!("{} ", paint(BAD, "-")),
        "+" => format!("{} ", paint(GOOD, "+")),
        other => format!("{} ", paint(CARE, other)),
    };
    let mut out = format!("  {sign}{}\n", escape(&item.head));
    out.extend(item.lines.iter().map(|line| format!("      {}\n", escape(line))));
    for (what, first, second) in &item.pairs {
        let indent = if what.is_empty() { 4 } else { 8 };
        if !what.is_empty() {
            out.push_str(&format!("      {}\n", escape(what)));
        }
        for (name, side) in [("first: ", first), ("second:", second)] {
            out.push_str(&format!("{:indent$}{name} {}\n", "", escape(side)));
        }
    }
    out
}

/// For the comment of a pull request: within the limit of the forges, and it says so where it leaves something out.
pub fn comparison_as_markdown(comparison: &PlanComparison) -> String {
    let mut lines = vec![format!("**{}**", result_sentence(comparison)), String::new()];
    for (name, plan) in [("First", &comparison.first), ("Second", &comparison.second)] {
        lines.push(format!(
            "- {name}: {}, {}, digest {}",
            code_span(&plan.file),
            code_span(&plan.summary),
            code_span(&plan.digest)
        ));
    }
    for section in sections(comparison, false) {
        lines.extend([String::new(), format!("#### {}", section.title), String::new()]);
        section.items.iter().for_each(|item| push_markdown_item(&mut lines, item));
    }
    let mut page = String::new();
    for (at, line) in lines.iter().enumerate() {
        if page.len() + line.len() + 200 > markdown::LONGEST {
            let left = lines.len() - at;
            page.push_str(&format!("\n{left} more lines are left out. `telform diff --format json` has everything.\n"));
            break;
        }
        page.push_str(line);
        page.push('\n');
    }
    page
}

fn push_markdown_item(lines: &mut Vec<String>, item: &Item) {
    let sign = if item.sign.is_empty() { String::new() } else { format!("`{}` ", item.sign) };
    lines.push(format!("- {sign}{}", code_span(&item.head)));
    lines.extend(item.lines.iter().map(|line| format!("  - {}", code_span(line))));
    for (what, first, second) in &item.pairs {
        let what = if what.is_empty() { String::new() } else { format!("{}: ", code_span(what)) };
        lines.push(format!("  - {what}first {}, second {}", code_span(first), code_span(second)));
    }
}

fn sections(comparison: &PlanComparison, unfold: bool) -> Vec<Section> {
    let section =
        |title: &str, items: Vec<Item>, count: usize| Section { title: format!("{title} ({count})"), items, is_beside: false };
    let one_sided = |changes: &[PlannedChange], sign| planned_items(changes, sign, unfold);
    let pairs = |found: &[OneDifference]| found.iter().map(difference_item).collect::<Vec<_>>();
    let all = [
        section("Only in the first plan", one_sided(&comparison.only_in_first, "-"), comparison.only_in_first.len()),
        section("Only in the second plan", one_sided(&comparison.only_in_second, "+"), comparison.only_in_second.len()),
        section("Not the same in both", different_items(&comparison.different, unfold), comparison.different.len()),
        section("Phone numbers", pairs(&comparison.numbers), comparison.numbers.len()),
        section("Refusals", pairs(&comparison.refusals), comparison.refusals.len()),
        section("Other differences", pairs(&comparison.other), comparison.other.len()),
        Section {
            title: "Circumstances, which do not count as differences".to_owned(),
            items: pairs(&comparison.circumstances),
            is_beside: true,
        },
    ];
    all.into_iter().filter(|section| !section.items.is_empty()).collect()
}

fn kind_of(address: &str) -> &str {
    address.split_once('.').map_or(address, |(kind, _)| kind)
}

/// The names of the first of several, and the number of the others.
fn names<'a>(addresses: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = addresses.len().saturating_sub(NAMED);
    let named = addresses.take(NAMED).collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named}, … and {more} more; `-v` lists them") }
}

fn planned_items(changes: &[PlannedChange], sign: &'static str, unfold: bool) -> Vec<Item> {
    let alike = |change: &&PlannedChange| {
        (
            change.action,
            change.account.clone(),
            kind_of(&change.address).to_owned(),
            change.attributes.clone(),
            change.requests.len(),
        )
    };
    let (apart, folded) = fold(changes, unfold, alike);
    let one = apart.into_iter().map(|change| {
        let id = change.id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
        let mut lines: Vec<String> = change.requests.iter().take(MOST_REQUESTS).cloned().collect();
        if change.requests.len() > MOST_REQUESTS {
            lines.push(format!("… and {} more requests", change.requests.len() - MOST_REQUESTS));
        }
        lines.splice(0..0, change.values.iter().map(|value| cut_middle(value.clone())));
        Item { sign, head: format!("{} {} in {}{id}", change.action, change.address, change.account), lines, pairs: Vec::new() }
    });
    let many = folded.into_iter().map(|group| {
        let first = group[0];
        let kind = kind_in_words(group.len(), kind_of(&first.address));
        let mut lines = vec![names(group.iter().map(|change| change.address.as_str()))];
        if !first.attributes.is_empty() {
            lines.push(format!("attributes: {}", first.attributes.join(", ")));
        }
        let head = format!("{} {} {kind} in {}, alike but for names and values", first.action, group.len(), first.account);
        Item { sign, head, lines, pairs: Vec::new() }
    });
    one.chain(many).collect()
}

fn different_items(changes: &[ChangeDifference], unfold: bool) -> Vec<Item> {
    // A request is named by its address, which is not the same in alike changes.
    let anonymous = |change: &ChangeDifference| -> Vec<(String, Option<String>, Option<String>)> {
        let without = |text: &String| text.replace(change.address.as_str(), "…");
        let one = |it: &OneDifference| (without(&it.what), it.first.as_ref().map(without), it.second.as_ref().map(without));
        change.differences.iter().map(one).collect()
    };
    let alike = |change: &&ChangeDifference| {
        (change.action, change.account.clone(), kind_of(&change.address).to_owned(), anonymous(change))
    };
    let (apart, folded) = fold(changes, unfold, alike);
    let one = apart.into_iter().map(|change| Item {
        sign: "~",
        head: format!("{} {} in {}", change.action, change.address, change.account),
        lines: Vec::new(),
        pairs: change.differences.iter().map(sides).collect(),
    });
    let many = folded.into_iter().map(|group| {
        let first = group[0];
        let kind = kind_in_words(group.len(), kind_of(&first.address));
        Item {
            sign: "~",
            head: format!("{} {} {kind} in {}, all alike", first.action, group.len(), first.account),
            lines: vec![names(group.iter().map(|change| change.address.as_str()))],
            pairs: anonymous(first).into_iter().map(|(what, a, b)| (what, shown(a.as_ref()), shown(b.as_ref()))).collect(),
        }
    });
    one.chain(many).collect()
}

fn shown(side: Option<&String>) -> String {
    side.map_or_else(|| ABSENT.to_owned(), String::clone)
}

/// What differs, and both sides; of two digests as much as distinguishes them.
fn sides(difference: &OneDifference) -> (String, String, String) {
    let (first, second) = (shown(difference.first.as_ref()), shown(difference.second.as_ref()));
    let (short, other) = (short_digest(&first), short_digest(&second));
    let (first, second) = if short == other { (first, second) } else { (short, other) };
    (difference.what.clone(), first, second)
}

/// The beginning of a digest; any other text as it is.
fn short_digest(text: &str) -> String {
    const DIGEST: &str = "sha256:";
    const SHOWN: usize = 12;
    let hex = text.strip_prefix(DIGEST).filter(|hex| hex.len() == 64 && hex.bytes().all(|it| it.is_ascii_hexdigit()));
    hex.map_or_else(|| text.to_owned(), |hex| format!("{DIGEST}{}…", &hex[..SHOWN]))
}

fn difference_item(difference: &OneDifference) -> Item {
    let (head, first, second) = sides(difference);
    Item { head, pairs: vec![(String::new(), first, second)], ..Item::default() }
}
