//! The order as a picture: a column for each phase, a box for each step or, where there are many, for each sort of step, and
//! a line for what waits for what. The list of steps below it says the same in words.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthChar;

use super::super::words::{self, Steps};
use super::writer::Html;
use crate::plan::{Phase, Plan, Step};
use crate::text::clean;

/// Steps up to which each has a box of its own; also the width of the sets below.
const SINGLE: usize = 40;

/// Boxes up to which steps are told apart by account and kind and not by what they do alone.
const MOST_BOXES: usize = 30;

const WIDTH: usize = 184;
const HEIGHT: usize = 40;
const ACROSS: usize = 52;
const DOWN: usize = 10;
const TOP: usize = 34;

/// Columns of text that fit a box.
const COLUMNS: usize = 27;

/// One box.
struct Block {
    phase: Phase,
    title: String,
    about: String,
    x: usize,
    y: usize,
}

/// Boxes in the order of the plan, and lines between them with how many waits each stands for.
struct Picture {
    blocks: Vec<Block>,
    lines: BTreeMap<(usize, usize), usize>,
}

/// Draws the picture.
pub(super) fn draw(page: &mut Html, plan: &Plan, steps: &Steps<'_>) {
    let picture = if plan.steps.len() <= SINGLE { single(plan, steps) } else { grouped(plan, steps) };
    let (width, height) = size(&picture);
    page.raw(
        "<figure>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Order as a picture\">",
    );
    page.raw("\n<svg role=\"img\" aria-labelledby=\"picture-title picture-about\" viewBox=\"0 0 ");
    page.number(width).raw(" ").number(height).raw("\" width=\"").number(width).raw("\" height=\"");
    page.number(height).raw("\">\n<title id=\"picture-title\">Phases, and what waits for what</title>\n");
    page.raw("<desc id=\"picture-about\">").text(&words::phases(plan).join(", then "));
    page.raw(". The list below names every step and what it waits for.</desc>\n<defs><marker id=\"tip\" ");
    page.raw(
        "viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">",
    );
    page.raw("<path d=\"M0 0.5 8 4 0 7.5z\"/></marker></defs>\n");
    for ((from, to), waits) in &picture.lines {
        line(page, &picture.blocks[*from], &picture.blocks[*to], *waits);
    }
    let mut last = None;
    for block in &picture.blocks {
        if last != Some(block.phase) {
            last = Some(block.phase);
            page.raw("<text class=\"phase\" x=\"").number(block.x).raw("\" y=\"18\">");
            page.raw(block.phase.word()).raw("</text>\n");
        }
        page.raw("<g class=\"box ").raw(colour(block.phase)).raw("\"><title>").text(&block.title).raw(": ");
        page.text(&block.about).raw("</title><rect x=\"").number(block.x).raw("\" y=\"").number(block.y);
        page.raw("\" width=\"").number(WIDTH).raw("\" height=\"").number(HEIGHT).raw("\" rx=\"6\"/>");
        page.raw("<text x=\"").number(block.x + 10).raw("\" y=\"").number(block.y + 17).raw("\">");
        page.text(&fit(&block.title)).raw("</text><text class=\"soft\" x=\"").number(block.x + 10);
        page.raw("\" y=\"").number(block.y + 32).raw("\">").text(&fit(&block.about)).raw("</text></g>\n");
    }
    page.raw("</svg>\n</div>\n<figcaption>");
    page.raw(if plan.steps.len() <= SINGLE {
        "A line leads from a step to the one that waits for it; a wait that follows from others is not drawn."
    } else {
        "Each box stands for all steps of one sort; a line leads to those that wait, and says how often."
    });
    page.raw("</figcaption>\n</figure>\n");
}

fn line(page: &mut Html, from: &Block, to: &Block, waits: usize) {
    let (x1, y1) = (from.x + WIDTH, from.y + HEIGHT / 2);
    page.raw("<path class=\"wait\" marker-end=\"url(#tip)\" d=\"M").number(x1).raw(" ").number(y1).raw(" C");
    // Inside a column the line bulges out to the right; between columns it swings across.
    let (c1, c2, x2) =
        if from.phase == to.phase { (x1 + 26, x1 + 26, x1) } else { (x1 + 26, to.x - 26, to.x) };
    let y2 = to.y + HEIGHT / 2;
    for (point, end) in [(c1, y1), (c2, y2), (x2, y2)] {
        page.number(point).raw(" ").number(end).raw(" ");
    }
    page.raw("\"><title>").number(waits).raw(" ").raw(words::plural(waits, "waits")).raw("</title></path>\n");
    if waits > 1 {
        let x = if from.phase == to.phase { x1 + 24 } else { usize::midpoint(x1, x2) };
        page.raw("<text class=\"soft\" text-anchor=\"middle\" x=\"").number(x).raw("\" y=\"");
        page.number(usize::midpoint(y1, y2) - 4).raw("\">").number(waits).raw("</text>\n");
    }
}

fn colour(phase: Phase) -> &'static str {
    match phase {
        Phase::Create => "create",
        Phase::Update => "update",
        Phase::Rewire => "replace",
        Phase::ReadBack => "read",
        Phase::Delete => "delete",
        Phase::TakeOver => "replace",
    }
}

/// Every step a box; a line is left out where a longer way says the same.
fn single(plan: &Plan, steps: &Steps<'_>) -> Picture {
    let block = |step: &Step| {
        let number = words::number(step).map_or_else(|| about(step), str::to_owned);
        (step.phase, format!("{} {}", step.id, step.operation.word()), number)
    };
    let waits: Vec<Vec<usize>> = plan.steps.iter().map(|step| places(step, steps)).collect();
    // Everything that comes before a step, as a set of bits. A plan lists steps after what they wait for.
    let mut before: Vec<u64> = Vec::with_capacity(waits.len());
    for (place, direct) in waits.iter().enumerate() {
        let earlier = direct.iter().filter(|other| **other < place);
        before.push(earlier.fold(0, |set, other| set | before[*other] | 1 << other));
    }
    let mut lines = BTreeMap::new();
    for (place, direct) in waits.iter().enumerate() {
        for from in direct {
            let other_way = |other: &usize| *other < place && before[*other] & (1 << from) != 0;
            if !direct.iter().any(other_way) {
                lines.insert((*from, place), 1);
            }
        }
    }
    placed(plan.steps.iter().map(block).collect(), lines)
}

/// Places of the steps that one waits for.
fn places(step: &Step, steps: &Steps<'_>) -> Vec<usize> {
    step.waits_for.iter().filter_map(|id| steps.place(id)).collect()
}

/// What a step is about: what is left of its few words without the verb.
fn about(step: &Step) -> String {
    let subject = words::subject(step);
    subject.strip_prefix(step.operation.word()).unwrap_or(&subject).trim_start().to_owned()
}

/// What steps must have in common to share a box: phase, operation, account, kind.
type Sort<'a> = (Phase, &'static str, &'a str, &'a str);

fn sort(step: &Step, fine: bool) -> Sort<'_> {
    let kind = step.address.as_ref().map_or("", |address| address.kind.as_str());
    let (account, kind) = if fine { (step.call.account.as_str(), kind) } else { ("", "") };
    (step.phase, step.operation.word(), account, kind)
}

/// Steps of one sort share a box. Where even the sorts are many, accounts and kinds are not told apart.
fn grouped(plan: &Plan, steps: &Steps<'_>) -> Picture {
    let sorted = |fine| -> BTreeMap<Sort<'_>, Vec<&Step>> {
        let mut sorts: BTreeMap<Sort<'_>, Vec<&Step>> = BTreeMap::new();
        for step in &plan.steps {
            sorts.entry(sort(step, fine)).or_default().push(step);
        }
        sorts
    };
    let mut sorts = sorted(true);
    let fine = sorts.len() <= MOST_BOXES;
    if !fine {
        sorts = sorted(false);
    }
    let numbers: BTreeMap<Sort<'_>, usize> = sorts.keys().copied().zip(0..).collect();
    let mut lines: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for step in &plan.steps {
        let to = numbers[&sort(step, fine)];
        for place in places(step, steps) {
            let from = numbers[&sort(&plan.steps[place], fine)];
            if from != to {
                *lines.entry((from, to)).or_default() += 1;
            }
        }
    }
    let blocks = sorts.into_iter().map(|((phase, operation, account, kind), steps)| {
        let range = match steps.as_slice() {
            [first, .., last] => format!("{}–{}", first.id, last.id),
            _ => steps.iter().map(|step| step.id.clone()).collect(),
        };
        let about =
            [range.as_str(), account, kind].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        (phase, format!("{} × {operation}", steps.len()), about.join(" "))
    });
    placed(blocks.collect(), lines)
}

/// Gives each box its place: phases from left to right, their steps from top to bottom.
fn placed(blocks: Vec<(Phase, String, String)>, lines: BTreeMap<(usize, usize), usize>) -> Picture {
    let (mut column, mut row, mut last) = (0, 0, None);
    let blocks = blocks.into_iter().map(|(phase, title, about)| {
        if last.is_some_and(|last| last != phase) {
            (column, row) = (column + 1, 0);
        }
        last = Some(phase);
        row += 1;
        let (x, y) = (1 + column * (WIDTH + ACROSS), TOP + (row - 1) * (HEIGHT + DOWN));
        Block { phase, title, about, x, y }
    });
    Picture { blocks: blocks.collect(), lines }
}

fn size(picture: &Picture) -> (usize, usize) {
    let right = picture.blocks.iter().map(|block| block.x + WIDTH).max().unwrap_or(0);
    let bottom = picture.blocks.iter().map(|block| block.y + HEIGHT).max().unwrap_or(0);
    (right + 30, bottom + 8)
}

/// As much of a text as a box holds.
fn fit(text: &str) -> String {
    let text = clean(text).replace('\n', " ");
    let mut columns = 0;
    for (at, character) in text.char_indices() {
        columns += character.width().unwrap_or(0);
        if columns > COLUMNS {
            return format!("{}…", text[..at].trim_end());
        }
    }
    text
}
